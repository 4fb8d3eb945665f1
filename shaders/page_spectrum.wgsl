// How a page's tiles correlate with waves of every pitch and direction: the power spectra of tile_spectra() in src/paper/grid_lattice.cc,
// by the same radix-2 transform, first along the columns, then across. One workgroup transforms one line of 256.

const kSide = 256u;
const kBins = 129u;   // frequencies 0 to kSide / 2; the others mirror them

struct Parameters {
  width: u32,         // of the plane
  most: f32,          // nothing is darker
  mean: f32,          // about that of the levelled plane
  unused: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> tables: array<f32>;            // Hann window of 256, then cosine and sine of 2 pi k / 256, k < 128
@group(0) @binding(2) var<storage, read> corners: array<vec2<u32>>;     // [tile]
@group(0) @binding(3) var<storage, read> ink: array<f32>;               // [height][width]
@group(0) @binding(4) var<storage, read_write> along: array<vec2<f32>>; // [tile][frequency along][x] real, imaginary
@group(0) @binding(5) var<storage, read_write> power: array<f32>;       // [tile][frequency across][frequency along]

var<workgroup> line: array<vec2<f32>, kSide>;

// In place; 128 invocations, one butterfly each per stage.
fn transform(lane: u32) {
  for (var half = 1u; half < kSide; half <<= 1u) {
    workgroupBarrier();
    let k = lane & (half - 1u);
    let a = 2u * (lane - k) + k;
    let entry = k * (kSide / (2u * half));
    let c = tables[kSide + entry];
    let s = tables[kSide + kSide / 2u + entry];
    let b = line[a + half];
    let turned = vec2<f32>(b.x * c + b.y * s, b.y * c - b.x * s);
    line[a + half] = line[a] - turned;
    line[a] = line[a] + turned;
  }
  workgroupBarrier();
}

fn place(i: u32) -> u32 {   // bits of the index reversed
  return reverseBits(i) >> 24u;
}

@compute @workgroup_size(128)
fn columns(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let x = group.x;
  let corner = corners[group.y];
  for (var y = lane; y < kSide; y += 128u) {
    let value = min(ink[(corner.y + y) * parameters.width + corner.x + x], parameters.most) - parameters.mean;
    line[place(y)] = vec2<f32>(value * tables[x] * tables[y], 0.0);
  }
  transform(lane);
  for (var k = lane; k < kBins; k += 128u) {
    along[(group.y * kBins + k) * kSide + x] = line[k];
  }
}

@compute @workgroup_size(128)
fn lines(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let k = group.x;
  for (var x = lane; x < kSide; x += 128u) {
    line[place(x)] = along[(group.y * kBins + k) * kSide + x];
  }
  transform(lane);
  for (var across = lane; across < kSide; across += 128u) {
    let value = line[across];
    power[(group.y * kSide + across) * kBins + k] = dot(value, value);
  }
}
