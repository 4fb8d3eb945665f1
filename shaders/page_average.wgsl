// A picture averaged down to its working size, the twin of area_average() in src/paper/area_average.cc: each target pixel is the mean of
// the source pixels under it, weighted by how much of each it covers. One invocation computes one target pixel.

struct Parameters {
  source_width: u32,
  source_height: u32,
  target_width: u32,
  target_height: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;           // [height][width][3] bytes, four to a word, the first lowest
@group(0) @binding(2) var<storage, read_write> target_rgb: array<u32>; // [height][width] red | green << 8 | blue << 16

fn byte_at(at: u32) -> f32 {
  return f32((source[at >> 2u] >> (8u * (at & 3u))) & 255u);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= parameters.target_width || id.y >= parameters.target_height) {
    return;
  }
  let step = vec2<f32>(f32(parameters.source_width) / f32(parameters.target_width), f32(parameters.source_height) / f32(parameters.target_height));
  let left = f32(id.x) * step.x;
  let top = f32(id.y) * step.y;
  let right = min(left + step.x, f32(parameters.source_width));
  let bottom = min(top + step.y, f32(parameters.source_height));
  var sum = vec3<f32>(0.0);
  for (var y = u32(top); y < parameters.source_height && f32(y) < bottom; y++) {
    let high = min(bottom, f32(y) + 1.0) - max(top, f32(y));
    var row = vec3<f32>(0.0);
    for (var x = u32(left); x < parameters.source_width && f32(x) < right; x++) {
      let at = 3u * (y * parameters.source_width + x);
      row += (min(right, f32(x) + 1.0) - max(left, f32(x))) * vec3<f32>(byte_at(at), byte_at(at + 1u), byte_at(at + 2u));
    }
    sum += high * row;
  }
  let rgb = vec3<u32>(clamp(sum / ((right - left) * (bottom - top)) + 0.5, vec3<f32>(0.0), vec3<f32>(255.0)));
  target_rgb[id.y * parameters.target_width + id.x] = rgb.x | (rgb.y << 8u) | (rgb.z << 16u);
}
