// Networks as ONNX Runtime sessions: one class for every host and provider. It opens artefacts that the manifest vouches
// for, runs them, and refuses numbers that cannot be an answer.
import { ExaminationError } from './examination.mjs';

// A plain loop: the maps of an echo frame are 65,536 numbers, and `every` takes half a millisecond for them.
function allFinite(values) {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

export class OrtSessions {
  // ort: a loaded onnxruntime-web module; library: ModelLibrary; executionProvider: 'wasm' or {name: 'webgpu', device}.
  constructor(ort, library, executionProvider) {
    this.ort = ort;
    this.library = library;
    this.executionProvider = executionProvider;
    this.sessions = new Map();
    this.broken = false;  // ONNX Runtime's WebAssembly has trapped: another instance of it is needed
  }

  // The session of one artefact; created on first use. Static shapes and full graph optimisation; the sequential executor,
  // because the networks are chains.
  async open(modelId, precision) {
    const key = `${modelId}/${precision}`;
    if (!this.sessions.has(key)) {
      const bytes = await this.library.artefact(modelId, precision);
      this.sessions.set(key, await this.ort.InferenceSession.create(bytes, {
        executionProviders: [this.executionProvider],
        graphOptimizationLevel: 'all',
        executionMode: 'sequential',
        ...this.#outputLocations(modelId),
        logSeverityLevel: 3,  // errors; the warnings about nodes that stay on the CPU are known and measured
      }));
    }
    return this.sessions.get(key);
  }

  // The maps of the echo network stay on the graphics processor until somebody wants them.
  #outputLocations(modelId) {
    const { task, outputs } = this.library.model(modelId);
    if (this.executionProvider.name !== 'webgpu' || task !== 'echo-segmentation') return {};
    return { preferredOutputLocation: Object.fromEntries(outputs.map(({ name, role }) => [name, role === 'masks' ? 'gpu-buffer' : 'cpu'])) };
  }

  // feeds: {inputName: {shape, values: Float32Array} or {shape, gpuBuffer}}. Returns {outputName: Float32Array}, owned by
  // the caller. Throws 'model' when an output holds NaN or infinity. Where an output stays on the graphics processor, `takeOnGpu` may have
  // its buffer: takeOnGpu(name, GPUBuffer) -> Promise of what stands in for it; the buffer is valid until that settles.
  async run(modelId, precision, feeds, takeOnGpu = null) {
    try {
      return await this.#run(modelId, precision, feeds, takeOnGpu);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) this.broken = true;
      throw error;
    }
  }

  async #run(modelId, precision, feeds, takeOnGpu) {
    const session = await this.open(modelId, precision);
    const tensors = {};
    for (const [name, { shape, values, gpuBuffer }] of Object.entries(feeds)) {
      tensors[name] = gpuBuffer ? this.ort.Tensor.fromGpuBuffer(gpuBuffer, { dataType: 'float32', dims: shape })
                                : new this.ort.Tensor('float32', values, shape);
    }
    const results = await session.run(tensors);
    const outputs = {};
    for (const [name, tensor] of Object.entries(results)) {
      if (tensor.location === 'gpu-buffer' && takeOnGpu) {
        outputs[name] = await takeOnGpu(name, tensor.gpuBuffer);
        tensor.dispose();
        continue;
      }
      outputs[name] = tensor.location === 'gpu-buffer' ? await tensor.getData(true) : tensor.data;
      if (!allFinite(outputs[name])) {
        throw new ExaminationError('model', 'The network gave impossible numbers, so its answer is not used.', `${modelId}/${precision}: ${name}`);
      }
    }
    return outputs;
  }

  async close() {
    const sessions = [...this.sessions.values()];
    this.sessions.clear();
    await Promise.allSettled(sessions.map((session) => session.release()));
  }
}

// The artefact that a provider runs: the first of `preferred` that the manifest offers for it.
export function choosePrecision(library, modelId, provider, preferred) {
  const offered = library.model(modelId).artefacts.filter((artefact) => artefact.providers.includes(provider))
    .map((artefact) => artefact.precision);
  const chosen = preferred.find((precision) => offered.includes(precision)) ?? offered[0];
  if (!chosen) throw new ExaminationError('model', `The network "${modelId}" has no version for ${provider}.`);
  return chosen;
}
