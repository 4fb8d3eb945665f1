// The trace's ink on flat paper, the twin of read_flat() in src/paper/flat_page.cc: the working picture read through the grid's mapping,
// Catmull-Rom between its pixels. One invocation, one pixel of the page.

struct Parameters {
  width: u32,          // of the page
  height: u32,
  ink_width: u32,      // of the working picture
  ink_height: u32,
  columns: u32,        // nodes of the mapping
  rows: u32,
  cell_px: f32,        // pixels of the page from node to node
  unused: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> nodes: array<vec2<f32>>;     // [row][column] in pixels of the working picture
@group(0) @binding(2) var<storage, read> spans: array<vec2<i32>>;     // per line of the working picture: from, to of what is on the grid
@group(0) @binding(3) var<storage, read> ink: array<f32>;             // [height][width] of the working picture
@group(0) @binding(4) var<storage, read_write> flat_ink: array<f32>;  // [height][width] of the page, 0..1

fn ink_at(x: i32, y: i32) -> f32 {
  let span = spans[y];
  if (x < span.x || x >= span.y) {
    return 0.0;
  }
  return ink[u32(y) * parameters.ink_width + u32(x)];
}

fn weights(t: f32) -> vec4<f32> {
  return vec4<f32>(t * (-0.5 + t * (1.0 - 0.5 * t)), 1.0 + t * t * (-2.5 + 1.5 * t), t * (0.5 + t * (2.0 - 1.5 * t)), t * t * (-0.5 + 0.5 * t));
}

fn cubic_at(p: vec2<f32>) -> f32 {
  let size = vec2<f32>(f32(parameters.ink_width), f32(parameters.ink_height));
  if (p.x >= 1.0 && p.y >= 1.0 && p.x < size.x - 2.0 && p.y < size.y - 2.0) {
    let i = vec2<i32>(p);
    let wx = weights(p.x - f32(i.x));
    let wy = weights(p.y - f32(i.y));
    var sum = 0.0;
    for (var r = 0; r < 4; r++) {
      let y = i.y - 1 + r;
      sum += wy[r] * dot(wx, vec4<f32>(ink_at(i.x - 1, y), ink_at(i.x, y), ink_at(i.x + 1, y), ink_at(i.x + 2, y)));
    }
    return sum;
  }
  if (!(p.x > -0.5 && p.y > -0.5 && p.x < size.x - 0.5 && p.y < size.y - 0.5)) {
    return 0.0;
  }
  let i = vec2<i32>(clamp(floor(p), vec2<f32>(0.0), size - 2.0));
  let part = clamp(p - vec2<f32>(i), vec2<f32>(0.0), vec2<f32>(1.0));
  return mix(mix(ink_at(i.x, i.y), ink_at(i.x + 1, i.y), part.x), mix(ink_at(i.x, i.y + 1), ink_at(i.x + 1, i.y + 1), part.x), part.y);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= parameters.width || id.y >= parameters.height) {
    return;
  }
  let at = vec2<f32>(f32(id.x), f32(id.y)) / parameters.cell_px;
  let node = min(vec2<u32>(at), vec2<u32>(parameters.columns - 2u, parameters.rows - 2u));
  let part = at - vec2<f32>(node);
  let first = node.y * parameters.columns + node.x;
  let top = mix(nodes[first], nodes[first + 1u], part.x);
  let low = mix(nodes[first + parameters.columns], nodes[first + parameters.columns + 1u], part.x);
  flat_ink[id.y * parameters.width + id.x] = clamp(cubic_at(mix(top, low, part.y)), 0.0, 1.0);
}
