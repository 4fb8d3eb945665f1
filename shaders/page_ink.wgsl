// Trace and grid told apart by how much of each colour they swallow, the twin of separate_ink() in src/paper/ink.cc from the paper's colour
// on: every density is relative to the paper's smoothed colour there. One invocation, one pixel.

struct Parameters {
  width: u32,
  height: u32,
  block: u32,      // pixels
  columns: u32,    // blocks
  rows: u32,
  unused_0: u32,
  unused_1: u32,
  unused_2: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> picture: array<u32>;          // [height][width] red | green << 8 | blue << 16
@group(0) @binding(2) var<storage, read> white: array<vec4<f32>>;      // [block row][block column], smoothed
@group(0) @binding(3) var<storage, read_write> trace: array<f32>;      // [height][width] 0..1, what all three colours lack
@group(0) @binding(4) var<storage, read_write> grid: array<f32>;       // [height][width] 0..1, what any colour lacks

// Between the blocks' centres straight, beyond the outermost ones the same.
fn paper(x: u32, y: u32) -> vec3<f32> {
  let last = vec2<f32>(f32(parameters.columns) - 1.0, f32(parameters.rows) - 1.0);
  let at = clamp((vec2<f32>(f32(x), f32(y)) + 0.5) / f32(parameters.block) - 0.5, vec2<f32>(0.0), last);
  let near = vec2<u32>(at);
  let far = min(near + 1u, vec2<u32>(parameters.columns - 1u, parameters.rows - 1u));
  let part = at - vec2<f32>(near);
  let top = mix(white[near.y * parameters.columns + near.x], white[near.y * parameters.columns + far.x], part.x);
  let low = mix(white[far.y * parameters.columns + near.x], white[far.y * parameters.columns + far.x], part.x);
  return mix(top, low, part.y).xyz;
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= parameters.width || id.y >= parameters.height) {
    return;
  }
  let at = id.y * parameters.width + id.x;
  let pixel = picture[at];
  let share = vec3<f32>(f32(pixel & 255u), f32((pixel >> 8u) & 255u), f32((pixel >> 16u) & 255u)) / paper(id.x, id.y);
  trace[at] = clamp(1.0 - max(max(share.x, share.y), share.z), 0.0, 1.0);
  grid[at] = clamp(1.0 - min(min(share.x, share.y), share.z), 0.0, 1.0);
}
