// One frame of a clip as the echo network takes it: averaged down (or held up) to the network's size and scaled to 0..1. The twin of
// network_frame() in src/echo/echo_mask.cc: each target pixel is the mean of the source pixels under it, weighted by how much of each it
// covers. One invocation computes one target pixel.

struct Parameters {
  source_side: u32,   // pixels
  target_side: u32,
  unused_0: u32,
  unused_1: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;         // [source_side][source_side] bytes, four to a word, the first lowest
@group(0) @binding(2) var<storage, read_write> tensor: array<f32>;   // [target_side][target_side]

fn grey(x: u32, y: u32) -> f32 {
  let at = y * parameters.source_side + x;
  return f32((source[at >> 2u] >> (8u * (at & 3u))) & 255u);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= parameters.target_side || id.y >= parameters.target_side) {
    return;
  }
  let step = f32(parameters.source_side) / f32(parameters.target_side);
  let left = f32(id.x) * step;
  let top = f32(id.y) * step;
  let right = left + step;
  let bottom = top + step;
  var sum = 0.0;
  for (var y = u32(top); y < parameters.source_side && f32(y) < bottom; y++) {
    let high = min(bottom, f32(y) + 1.0) - max(top, f32(y));
    var row = 0.0;
    for (var x = u32(left); x < parameters.source_side && f32(x) < right; x++) {
      row += grey(x, y) * (min(right, f32(x) + 1.0) - max(left, f32(x)));
    }
    sum += row * high;
  }
  tensor[id.y * parameters.target_side + id.x] = sum / (step * step * 255.0);
}
