// Runs shaders/resample.wgsl: the network's input tensor is computed on the GPU, in a buffer that ONNX Runtime reads in
// place, so that it never comes back to the CPU.

const kWorkgroupSize = 64;      // as in the shader
const kMostOutputSamples = 4096;  // see "split" in the shader

const kParameterBytes = 48;

// Splits the step so that its high part has 12 significant bits (see the shader).
function splitStep(step) {
  const exponent = Math.floor(Math.log2(step));
  const unit = 2 ** (exponent - 11);
  const high = Math.floor(step / unit) * unit;
  return { high, low: step - high };
}

// The kernel compiled for `device`. Throws when the shader does not compile there.
export async function createGpuResampler(device, shaderSource) {
  const shaderModule = device.createShaderModule({ code: shaderSource });
  const { messages } = await shaderModule.getCompilationInfo();
  const failure = messages.find((message) => message.type === 'error');
  if (failure) throw new Error(`resample.wgsl:${failure.lineNum}: ${failure.message}`);
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module: shaderModule, entryPoint: 'main' } });

  function upload(values, usage) {
    const buffer = device.createBuffer({ size: Math.max(16, values.byteLength), usage, mappedAtCreation: true });
    new Uint8Array(buffer.getMappedRange()).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    buffer.unmap();
    return buffer;
  }

  // raw: what Engine.network_window() gives: {from_hz, to_hz, input_samples, output_samples, leads, signal, table, step,
  // table_per_sample, half_width}. Returns a GPU buffer with [leads][output_samples] float32 in mV; the caller destroys it.
  function resample(raw) {
    if (raw.output_samples > kMostOutputSamples) throw new Error('the network input is too long for resample.wgsl');
    const size = raw.leads * raw.output_samples * 4;
    const tensor = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
    if (raw.from_hz === raw.to_hz) {
      const covered = Math.min(raw.input_samples, raw.output_samples);
      for (let lead = 0; lead < raw.leads; ++lead) {
        device.queue.writeBuffer(tensor, lead * raw.output_samples * 4, raw.signal, lead * raw.input_samples, covered);
      }
      return tensor;
    }

    const { high, low } = splitStep(raw.step);
    const parameters = new ArrayBuffer(kParameterBytes);
    new Uint32Array(parameters, 0, 5).set([raw.input_samples, Math.min(raw.output_samples, Math.round(raw.input_samples * raw.to_hz / raw.from_hz)),
      raw.output_samples, raw.leads, raw.table.length]);
    new Float32Array(parameters, 20, 4).set([high, low, raw.half_width, raw.table_per_sample]);

    const uniform = upload(new Uint8Array(parameters), GPUBufferUsage.UNIFORM);
    const signal = upload(raw.signal, GPUBufferUsage.STORAGE);
    const table = upload(raw.table, GPUBufferUsage.STORAGE);
    const bindings = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [uniform, signal, table, tensor].map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindings);
    pass.dispatchWorkgroups(Math.ceil(raw.output_samples / kWorkgroupSize), raw.leads);
    pass.end();
    device.queue.submit([encoder.finish()]);
    // Destroying after submit is allowed: the work that is queued keeps what it needs (WebGPU, GPUBuffer.destroy()).
    for (const buffer of [uniform, signal, table]) buffer.destroy();
    return tensor;
  }

  return { resample };
}
