// Runs shaders/echo_frame.wgsl and shaders/echo_masks.wgsl: a frame of a clip goes to the graphics processor as bytes, and what comes back is
// four bytes per pixel; the tensors between stay there.

const kFrameGroup = 8;     // as in the shaders
const kMasksGroup = 64;

async function pipelineOf(device, name, source) {
  const shaderModule = device.createShaderModule({ code: source });
  const { messages } = await shaderModule.getCompilationInfo();
  const failure = messages.find((message) => message.type === 'error');
  if (failure) throw new Error(`${name}:${failure.lineNum}: ${failure.message}`);
  return device.createComputePipelineAsync({ layout: 'auto', compute: { module: shaderModule, entryPoint: 'main' } });
}

// The kernels compiled for `device`. Throws when a shader does not compile there.
export async function createGpuEcho(device, frameSource, masksSource) {
  const frames = await pipelineOf(device, 'echo_frame.wgsl', frameSource);
  const masks = await pipelineOf(device, 'echo_masks.wgsl', masksSource);
  let reading = null;   // a buffer to read the masks from, kept from frame to frame

  function buffer(size, usage, words = null) {
    const made = device.createBuffer({ size: Math.max(16, 4 * Math.ceil(size / 4)), usage, mappedAtCreation: words !== null });
    if (words) {
      new Uint8Array(made.getMappedRange()).set(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
      made.unmap();
    }
    return made;
  }

  function run(pipeline, buffers, groups, after = () => {}) {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.map((each, binding) => ({ binding, resource: { buffer: each } })),
    }));
    pass.dispatchWorkgroups(...groups);
    pass.end();
    after(encoder);
    device.queue.submit([encoder.finish()]);
  }

  // pixels: Uint8Array, side x side. Returns a GPU buffer with [target][target] float32 in 0..1; the caller destroys it.
  function frame(pixels, side, target) {
    const tensor = buffer(4 * target * target, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST);
    const uniform = buffer(16, GPUBufferUsage.UNIFORM, new Uint32Array([side, target, 0, 0]));
    const source = buffer(pixels.byteLength, GPUBufferUsage.STORAGE, pixels);
    const groups = Math.ceil(target / kFrameGroup);
    run(frames, [uniform, source, tensor], [groups, groups]);
    uniform.destroy();   // what is queued keeps what it needs
    source.destroy();
    return tensor;
  }

  // logits: GPU buffer with [4][pixels] float32. Returns a Uint32Array of `pixels` words.
  async function reduce(logits, pixels) {
    const bytes = 4 * pixels;
    if (reading?.size !== bytes) {
      reading?.destroy();
      reading = device.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    }
    const shares = buffer(bytes, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC);
    const uniform = buffer(16, GPUBufferUsage.UNIFORM, new Uint32Array([pixels, 0, 0, 0]));
    run(masks, [uniform, logits, shares], [Math.ceil(pixels / kMasksGroup)], (encoder) => encoder.copyBufferToBuffer(shares, 0, reading, 0, bytes));
    uniform.destroy();
    shares.destroy();
    await reading.mapAsync(GPUMapMode.READ);
    const words = new Uint32Array(reading.getMappedRange()).slice();
    reading.unmap();
    return words;
  }

  return { frame, reduce };
}
