// ONNX Runtime in the browser: which provider runs the networks, and what happens when it fails.
//
// Policy
//   WASM is the reference path and always opens first: /ort/ort.wasm.min.mjs (14 MB of WebAssembly against 27 MB with
//   WebGPU in it), int8, two threads where the page is cross-origin isolated, one otherwise or when threads do not start.
//   WebGPU is opened only where there is an adapter, from its own lazily loaded bundle and with the weight-only int8
//   artefact. It must give the manifest's known answers before it may answer for a patient.
//     'auto'    also leaves WebGPU alone on a software adapter, on iOS and iPadOS (there WebGPU leaks until the tab is
//               killed), and when it is slower than WASM on this device; the examination never waits for that decision
//     'webgpu'  the user's or a test's wish: used whenever it passes its known answers
//     'wasm'    WebGPU is not touched
//   NaN, an exception, a time-out or a lost device send the same examination through WASM and say so in provider_note. A
//   lost device is opened again, with the same tests, before a later examination; a time-out is final until a restart,
//   because ONNX Runtime cannot take back a run.
//
// Nothing here uses a blob: URL or eval, so the page's content security policy stays strict: without ONNX Runtime's proxy,
// its threads are module workers started from /ort/ort-wasm-simd-threaded.mjs itself.
import { EngineFailure, ExaminationError, callEngine, checkKnownAnswers, cpuFeeds, sideFeeds, zeroFeeds } from './examination.mjs';
import { OrtSessions, choosePrecision } from './ort_sessions.mjs';
import { createGpuEcho } from './webgpu_echo.js';
import { createGpuPage, kPageShaders, preparePage } from './webgpu_page.js';
import { createGpuResampler } from './webgpu_resample.js';

const ortFolder = new URL('ort/', import.meta.url).href;

const kThreadStartMs = 20000;      // compiling 14 MB of WebAssembly on a slow tablet, and starting one more worker
const kGpuStartMs = 60000;         // first shader compilation of every kernel
const kGpuRunMs = 10000;           // one run takes milliseconds (on a busy software adapter a second); later the driver hangs
const kMostGpuStarts = 3;          // the first, and two after a lost device
const kTimedRuns = 5;

const kWasmPrecisions = ['int8', 'fp32'];
const kGpuPrecisions = ['int8-weights', 'fp32'];

function withTimeout(promise, milliseconds, what) {
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error(`${what} took longer than ${milliseconds / 1000} s`), { timedOut: true })), milliseconds);
  });
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

// ---- WASM ------------------------------------------------------------------------------------------------------------

// ONNX Runtime can start once per module instance. A fragment names a second instance of the same file, so the fall-back
// to one thread costs no second download.
async function loadOrtWasm(threads, instance) {
  const ort = await import(`./ort/ort.wasm.min.mjs${instance}`);
  ort.env.wasm.wasmPaths = ortFolder;
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.proxy = false;
  ort.env.wasm.initTimeout = threads > 1 ? kThreadStartMs : 0;
  return ort;
}

// Runs `start` and fails as soon as a thread that it starts cannot be loaded. ONNX Runtime would wait for that thread: it
// does not look at its workers' errors until their code is there.
async function failingOnThreadError(start) {
  const { Worker: PlainWorker } = globalThis;
  let onError;
  const threadError = new Promise((_, reject) => {
    onError = (event) => {
      event.preventDefault();
      reject(new Error(event.message || 'a thread could not be loaded'));
    };
  });
  threadError.catch(() => {});  // it may come after `start` has failed for another reason
  globalThis.Worker = class extends PlainWorker {
    constructor(...options) {
      super(...options);
      this.addEventListener('error', onError);
    }
  };
  globalThis.addEventListener('error', onError);
  try {
    return await Promise.race([start(), threadError]);
  } finally {
    globalThis.Worker = PlainWorker;
    globalThis.removeEventListener('error', onError);
  }
}

// How often ONNX Runtime's WebAssembly has trapped in this worker; each time a fresh instance takes its place.
let wasmTraps = 0;

// Opens every network on WASM and checks its known answers. Returns {sessions, threads, note}.
async function openWasm(engine, library, wantedThreads) {
  const attempts = [{ threads: 1, instance: '#one-thread', note: 'Threads did not start here, so one is used.' }];
  if (wantedThreads > 1 && globalThis.crossOriginIsolated) attempts.unshift({ threads: wantedThreads, instance: '', note: '' });
  else attempts[0].note = wantedThreads > 1 ? 'The page is not isolated, so one thread is used.' : '';
  let failure;
  for (const { threads, instance, note } of attempts) {
    let sessions;
    try {
      const fresh = wasmTraps > 0 ? `${instance || '#'}-after-trap-${wasmTraps}` : instance;
      sessions = new OrtSessions(await loadOrtWasm(threads, fresh), library, 'wasm');
      await failingOnThreadError(async () => {
        for (const modelId of library.modelIds) {
          const precision = choosePrecision(library, modelId, 'wasm', kWasmPrecisions);
          await checkKnownAnswers({ engine, library, modelId, precision, runModel: (...run) => sessions.run(...run) });
        }
      });
      return { sessions, threads, note };
    } catch (error) {
      failure = error;
      if (sessions?.broken) wasmTraps += 1;
      if (error instanceof ExaminationError) break;  // a damaged or wrong network: one thread would not mend it
    }
  }
  throw failure;
}

// ---- WebGPU ----------------------------------------------------------------------------------------------------------

// iOS and iPadOS cannot be told by what they offer: they have the same WebGPU as macOS, and fail later. So this is the one
// place that asks for the platform. iPadOS calls itself "MacIntel"; a Mac has no touch screen.
function isAppleTablet(maxTouchPoints) {
  const platform = navigator.platform ?? '';
  return /^(iPhone|iPad|iPod)/.test(platform) || (platform === 'MacIntel' && maxTouchPoints > 1);
}

// Limits that ONNX Runtime's kernels make use of, as far as the adapter has them.
const kWantedLimits = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize', 'maxComputeInvocationsPerWorkgroup', 'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY', 'maxComputeWorkgroupSizeZ', 'maxComputeWorkgroupsPerDimension'];

let webGpuModule = null;

async function loadOrtWebGpu() {
  if (!webGpuModule) {
    const ort = await import('./ort/ort.webgpu.min.mjs');
    ort.env.wasm.wasmPaths = ortFolder;
    ort.env.wasm.numThreads = 1;  // the processor only keeps the books here
    ort.env.wasm.proxy = false;
    webGpuModule = ort;
  }
  return webGpuModule;
}

async function shaderText(name) {
  const response = await fetch(new URL(`shaders/${name}.wgsl`, import.meta.url));
  if (!response.ok) throw new Error(`shaders/${name}.wgsl is missing`);
  return response.text();
}

// One device of our own that ONNX Runtime and the shaders share, with the networks opened and tested on it.
class WebGpuProvider {
  constructor(device, sessions, resampler, echo) {
    this.device = device;
    this.sessions = sessions;
    this.resampler = resampler;
    this.echo = echo;
    this.page = null;      // its kernels are compiled for the first page
    this.problem = null;   // why it may no longer be used
    device.lost.then(({ message }) => { this.problem ??= Object.assign(new Error(message || 'the device was lost'), { deviceLost: true }); });
    device.addEventListener('uncapturederror', ({ error }) => { this.problem ??= error; });
  }

  static async open({ engine, library, adapter }) {
    const ort = await loadOrtWebGpu();
    const requiredLimits = Object.fromEntries(kWantedLimits.filter((name) => name in adapter.limits).map((name) => [name, adapter.limits[name]]));
    const device = await adapter.requestDevice({ requiredLimits });
    try {
      const [resample, frame, masks] = await Promise.all(['resample', 'echo_frame', 'echo_masks'].map(shaderText));
      const provider = new WebGpuProvider(device, new OrtSessions(ort, library, { name: 'webgpu', device }),
                                          await createGpuResampler(device, resample), await createGpuEcho(device, frame, masks));
      for (const modelId of library.modelIds) {
        await checkKnownAnswers({ engine, library, modelId, precision: provider.precision(modelId),
                                  runModel: (...run) => provider.run(kGpuStartMs, ...run) });
      }
      return provider;
    } catch (error) {
      device.destroy();  // and with it everything that was made on it
      throw error;
    }
  }

  precision(modelId) {
    return choosePrecision(this.sessions.library, modelId, 'webgpu', kGpuPrecisions);
  }

  // The signal, computed on the GPU and left there; an incomplete recording, or another layout than rows of mV, comes from the CPU.
  prepare(request, engine) {
    this.throwIfUnusable();
    if (!request.gpu_can_prepare) return cpuFeeds(request, engine);
    return {
      [request.input_name]: { shape: request.shape, gpuBuffer: this.resampler.resample(callEngine(() => engine.network_window())) },
      ...sideFeeds(request, engine),
    };
  }

  async run(timeLimitMs, modelId, precision, feeds, takeOnGpu = null) {
    this.throwIfUnusable();
    try {
      const outputs = await withTimeout(this.sessions.run(modelId, precision, feeds, takeOnGpu), timeLimitMs, 'the graphics processor');
      this.throwIfUnusable();
      return outputs;
    } finally {
      for (const { gpuBuffer } of Object.values(feeds)) gpuBuffer?.destroy();
    }
  }

  // A frame of a clip from bytes to packed probabilities, its tensors never leaving the graphics processor. The probabilities come under
  // 'packed', the heads under their own names.
  async runFrame({ model_id: modelId, input_name: inputName, shape }, precision, { pixels, side }) {
    this.throwIfUnusable();
    const target = shape[3];
    const gpuBuffer = this.echo.frame(pixels, side, target);
    const outputs = await this.run(kGpuRunMs, modelId, precision, { [inputName]: { shape, gpuBuffer } },
      async (_, buffer) => this.echo.reduce(buffer, target * target));
    const packed = Object.values(outputs).find((values) => values instanceof Uint32Array);
    return { ...Object.fromEntries(Object.entries(outputs).filter(([, values]) => values !== packed)), packed };
  }

  async #pageKernels() {
    return createGpuPage(this.device, Object.fromEntries(await Promise.all(kPageShaders.map(async (name) => [name, await shaderText(name)]))));
  }

  /** Whether the engine has the page's heavy steps from here (src/paper/prepared_page.h). */
  async preparePage(engine) {
    this.throwIfUnusable();
    this.page ??= await withTimeout(this.#pageKernels(), kGpuStartMs, 'the graphics processor');
    const done = await withTimeout(preparePage(engine, this.page), kGpuRunMs, 'the graphics processor');
    this.throwIfUnusable();
    return done;
  }

  throwIfUnusable() {
    if (this.problem) throw this.problem;
  }

  close() {
    this.problem ??= new Error('closed');
    this.device.destroy();  // frees everything on it; sessions of a lost or hung device cannot be released in order
  }
}

// ---- the choice ------------------------------------------------------------------------------------------------------

// The `networks` object of examination.mjs for the browser.
export class BrowserNetworks {
  #engine;
  #library;
  #wasm;                 // {sessions, threads, note}
  #gpu = null;           // WebGpuProvider in use
  #arriving = null;      // WebGpuProvider that is tested and waits for the next examination
  #wish;                 // 'auto' | 'wasm' | 'webgpu'
  #maxTouchPoints;
  #gpuStarts = 0;
  #note = '';
  #onStatus;

  // settings: {provider, threads, maxTouchPoints}; onStatus() is called whenever `status` has changed by itself.
  constructor(engine, library, settings, onStatus) {
    this.#engine = engine;
    this.#library = library;
    this.#wish = settings.provider;
    this.#maxTouchPoints = settings.maxTouchPoints;
    this.#onStatus = onStatus;
  }

  // Opens WASM, and WebGPU too when it was asked for by name. `reuse` takes over the WASM sessions of an earlier instance.
  static async open(engine, library, settings, onStatus, reuse = null) {
    const networks = new BrowserNetworks(engine, library, settings, onStatus);
    const sameThreads = reuse?.#wasm.wanted === settings.threads;
    reuse?.close();
    if (reuse && !sameThreads) await reuse.#wasm.sessions.close();
    networks.#wasm = sameThreads ? reuse.#wasm : { ...(await openWasm(engine, library, settings.threads)), wanted: settings.threads };
    if (settings.provider === 'webgpu') {
      await networks.#startGpu();
      networks.adopt();
    } else if (settings.provider === 'auto') {
      networks.#startGpu();  // in the background: it never rejects
    } else {
      networks.#note = 'WebGPU is switched off.';
    }
    return networks;
  }

  get status() {
    const provider = this.#gpu ? 'webgpu' : 'wasm';
    return {
      provider,
      threads: this.#gpu ? 1 : this.#wasm.threads,
      provider_note: [this.#gpu ? '' : this.#wasm.note, this.#note].filter(Boolean).join(' '),
    };
  }

  // Takes a WebGPU provider into use that has become ready, and gives up a lost one. Called between examinations.
  adopt() {
    if (this.#gpu?.problem) this.fallBack(this.#gpu.problem);
    if (!this.#arriving) return;
    this.#gpu = this.#arriving;
    this.#arriving = null;
    this.#note = '';
    this.#onStatus();
  }

  precision(modelId) {
    return this.#gpu ? this.#gpu.precision(modelId) : choosePrecision(this.#library, modelId, 'wasm', kWasmPrecisions);
  }

  prepare(request, engine) {
    return this.#gpu ? this.#gpu.prepare(request, engine) : cpuFeeds(request, engine);
  }

  runModel(modelId, precision, feeds) {
    return this.#gpu ? this.#gpu.run(kGpuRunMs, modelId, precision, feeds) : this.#runOnWasm(modelId, precision, feeds);
  }

  /** Whether frames of a clip are taken as bytes (runFrame) rather than as tensors (runModel). */
  get takesFrames() {
    return this.#gpu !== null;
  }

  runFrame(request, precision, frame) {
    return this.#gpu.runFrame(request, precision, frame);
  }

  // Before a page is digitised. A graphics processor that fails is given up, and the engine reads the page by itself.
  async preparePage(engine) {
    if (!this.#gpu) return;
    try {
      if (await this.#gpu.preparePage(engine)) return;
    } catch (error) {
      if (error instanceof EngineFailure) throw error;   // no fault of the graphics processor's
      this.fallBack(error);
    }
    engine.drop_prepared_page();
  }

  // A trap ends the network of that examination only: the next one gets a fresh instance of ONNX Runtime, tested like the first.
  async #runOnWasm(modelId, precision, feeds) {
    if (this.#wasm.sessions.broken) {
      wasmTraps += 1;
      const { wanted } = this.#wasm;
      this.#wasm = { ...(await openWasm(this.#engine, this.#library, wanted)), wanted };
      this.#onStatus();
    }
    return this.#wasm.sessions.run(modelId, precision, feeds);
  }

  fallBack(error) {
    if (!this.#gpu) return false;
    const lost = error.deviceLost || this.#gpu.problem?.deviceLost;
    this.#gpu.close();
    this.#gpu = null;
    this.#note = `${reasonInWords(error, lost)}, so the network runs on the main processor.`;
    if (lost) this.#startGpu();
    this.#onStatus();
    return true;
  }

  close() {
    this.#gpu?.close();
    this.#arriving?.close();
    this.#gpu = this.#arriving = null;
    this.#wish = 'wasm';
  }

  // The end: the WASM sessions, which `open` could have taken over, are released too.
  async closeAll() {
    this.close();
    await this.#wasm.sessions.close();
  }

  async #startGpu() {
    if (++this.#gpuStarts > kMostGpuStarts) return;
    const wish = this.#wish;
    const refuse = (sentence) => {
      if (this.#gpuStarts === 1) this.#note = sentence;
    };
    try {
      if (isAppleTablet(this.#maxTouchPoints)) return refuse('WebGPU is not used on iPhone and iPad, where it is not reliable yet.');
      const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
      if (!adapter) return refuse('This browser offers no WebGPU.');
      if (wish === 'auto' && (adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter)) {
        return refuse('WebGPU is only emulated on this device, so it is not used.');
      }
      const provider = await WebGpuProvider.open({ engine: this.#engine, library: this.#library, adapter });
      if (wish === 'auto' && !(await this.#isFaster(provider))) {
        provider.close();
        return refuse('WebGPU works here but is slower, so it is not used.');
      }
      if (this.#wish !== wish) return provider.close();  // closed, or another wish, in the meantime
      this.#arriving = provider;
    } catch (error) {
      refuse(`WebGPU failed its start-up test (${reasonInWords(error, false).toLowerCase()}), so the network runs on the main processor.`);
    } finally {
      this.#onStatus();
    }
  }

  // Median time from a tensor on the CPU to logits on the CPU, summed over the networks.
  async #isFaster(provider) {
    const time = async (run, precisionOf) => {
      let sum = 0;
      for (const modelId of this.#library.modelIds) {
        const feeds = zeroFeeds(this.#library.model(modelId));
        const times = [];
        for (let i = 0; i < kTimedRuns; ++i) {
          const start = performance.now();
          await run(modelId, precisionOf(modelId), feeds);
          times.push(performance.now() - start);
        }
        sum += median(times);
      }
      return sum;
    };
    const gpu = await time((...run) => provider.run(kGpuRunMs, ...run), (id) => provider.precision(id));
    const wasm = await time((...run) => this.#wasm.sessions.run(...run), (id) => choosePrecision(this.#library, id, 'wasm', kWasmPrecisions));
    return gpu <= wasm;
  }
}

function reasonInWords(error, lost) {
  if (lost) return 'The graphics processor was reset';
  if (error.timedOut) return 'The graphics processor did not answer in time';
  if (error instanceof ExaminationError) return error.message.replace(/[.,]?( so its answer is not used)?\.?$/, '');
  return 'The graphics processor reported an error';
}
