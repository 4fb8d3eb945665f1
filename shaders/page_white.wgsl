// The paper's own colour per block of the working picture, the twin of paper_white() in src/paper/ink.cc: the value above which an eighth of
// the block's pixels lie. One workgroup, one block.

struct Parameters {
  width: u32,
  height: u32,
  block: u32,      // pixels
  columns: u32,    // blocks
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> picture: array<u32>;            // [height][width] red | green << 8 | blue << 16
@group(0) @binding(2) var<storage, read_write> white: array<vec4<f32>>;  // [block row][block column] 8..255, w unused

var<workgroup> counts: array<atomic<u32>, 768>;
var<workgroup> total: atomic<u32>;
var<workgroup> found: array<f32, 3>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) block: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let step = max(1u, parameters.block / 16u);
  let begin = block.xy * parameters.block;
  let end = min(begin + parameters.block, vec2<u32>(parameters.width, parameters.height));
  let across = (end.x - begin.x + step - 1u) / step;
  let down = (end.y - begin.y + step - 1u) / step;
  for (var i = lane; i < across * down; i += 64u) {
    let pixel = picture[(begin.y + (i / across) * step) * parameters.width + begin.x + (i % across) * step];
    atomicAdd(&counts[pixel & 255u], 1u);
    atomicAdd(&counts[256u + ((pixel >> 8u) & 255u)], 1u);
    atomicAdd(&counts[512u + ((pixel >> 16u) & 255u)], 1u);
    atomicAdd(&total, 1u);
  }
  workgroupBarrier();
  if (lane < 3u) {
    var left = i32(atomicLoad(&total) / 8u);
    var value = 255u;
    while (value > 0u) {
      left -= i32(atomicLoad(&counts[256u * lane + value]));
      if (left <= 0) {
        break;
      }
      value--;
    }
    found[lane] = f32(max(value, 8u));
  }
  workgroupBarrier();
  if (lane == 0u) {
    white[block.y * parameters.columns + block.x] = vec4<f32>(found[0], found[1], found[2], 0.0);
  }
}
