// Resamples the network's leads on the GPU: the twin of resample() in src/signal/resample.cc, for gap-free signals.
//
// Output sample k of a lead lies at input position k * step. Its value is
//     sum_i x[i] * h(|i - k * step|) / sum_i h(|i - k * step|)     over the input samples i within half_width,
// where h is the Kaiser-windowed sinc that the engine hands over as a table and that is read by linear interpolation.
// Beyond its ends the signal goes on as its odd reflection, as in C++. One invocation computes one output sample of one
// lead; x is the output index, y the lead.
//
// The C++ loop keeps positions in double. Here k * step is split: `step_high` has at most 12 significant bits, so that
// k * step_high and its difference from an integer are exact in f32 for k < 4096; `step_low` is what is left of the step.

struct Parameters {
  input_samples: u32,       // per lead
  resampled_samples: u32,   // output samples that the signal covers; the rest of the tensor is 0
  output_samples: u32,      // per lead in the tensor
  lead_count: u32,
  table_entries: u32,
  step_high: f32,           // input samples per output sample = step_high + step_low
  step_low: f32,
  half_width: f32,          // in input samples
  table_per_sample: f32,    // table entries per input sample
  unused_0: u32,
  unused_1: u32,
  unused_2: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> signal: array<f32>;         // [lead][input sample], mV
@group(0) @binding(2) var<storage, read> kernel: array<f32>;         // h at 0, 1/table_per_sample, ...; ends with 0
@group(0) @binding(3) var<storage, read_write> tensor: array<f32>;   // [lead][output sample], mV

// Sample i of a lead lengthened by its odd reflection, and beyond that by the last reflected value.
fn reflected(lead_start: u32, i: i32) -> f32 {
  let last = i32(parameters.input_samples) - 1;
  if (i < 0) {
    return 2.0 * signal[lead_start] - signal[lead_start + u32(min(-i, last))];
  }
  if (i > last) {
    return 2.0 * signal[lead_start + u32(last)] - signal[lead_start + u32(max(2 * last - i, 0))];
  }
  return signal[lead_start + u32(i)];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let k = id.x;
  let lead = id.y;
  if (k >= parameters.output_samples || lead >= parameters.lead_count) {
    return;
  }
  let out = lead * parameters.output_samples + k;
  if (k >= parameters.resampled_samples) {
    tensor[out] = 0.0;
    return;
  }

  let high = f32(k) * parameters.step_high;
  let low = f32(k) * parameters.step_low;
  let first = i32(ceil(high + low - parameters.half_width)) - 1;
  let last = i32(floor(high + low + parameters.half_width)) + 1;
  let lead_start = lead * parameters.input_samples;
  var sum = 0.0;
  var weights = 0.0;
  for (var i = first; i <= last; i++) {
    let entry = abs((f32(i) - high) - low) * parameters.table_per_sample;
    let below = u32(entry);
    if (below + 1u >= parameters.table_entries) {
      continue;
    }
    let weight = mix(kernel[below], kernel[below + 1u], entry - f32(below));
    weights += weight;
    sum += weight * reflected(lead_start, i);
  }
  tensor[out] = sum / weights;
}
