// The echo network's four maps of logits to probabilities, four bytes of a word per pixel: a quarter of what would otherwise come back
// from the graphics processor. The twin of packed_shares() in src/echo/echo_mask.cc. One invocation, one pixel.

struct Parameters {
  pixels: u32,
  unused_0: u32,
  unused_1: u32,
  unused_2: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> logits: array<f32>;          // [class][pixel]: background, left ventricle, myocardium, left atrium
@group(0) @binding(2) var<storage, read_write> shares: array<u32>;    // [pixel] probabilities in 1/255, the background's lowest

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let at = id.x;
  if (at >= parameters.pixels) {
    return;
  }
  let n = parameters.pixels;
  let z = vec4<f32>(logits[at], logits[n + at], logits[2u * n + at], logits[3u * n + at]);
  let e = exp(z - vec4<f32>(max(max(z.x, z.y), max(z.z, z.w))));
  let p = vec4<u32>(255.0 * e / (e.x + e.y + e.z + e.w) + 0.5);
  shares[at] = p.x | (p.y << 8u) | (p.z << 16u) | (p.w << 24u);
}
