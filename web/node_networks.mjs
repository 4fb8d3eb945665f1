// The `networks` object of examination.mjs for Node: ONNX Runtime Web's WebAssembly, the very build that runs in browsers,
// with its Node front (module `onnxruntime-web` resolves to it).
import { readFile } from 'node:fs/promises';
import { webcrypto } from 'node:crypto';
import { cpuFeeds, checkKnownAnswers, ExaminationError } from './examination.mjs';
import { OrtSessions } from './ort_sessions.mjs';

globalThis.crypto ??= webcrypto;  // Node 18 hides it

// The folder of models/manifest.json, as openEngine wants it.
export const modelReader = (folder) => (path) => readFile(new URL(path, folder));

// Networks at one precision ('int8' or 'fp32'), opened and held against their known answers when first used: a command
// that runs no network pays for none. One thread unless told otherwise: many inputs are better served by many processes.
export class NodeNetworks {
  #sessions = null;
  #trusted = new Set();
  #traps = 0;  // of ONNX Runtime's WebAssembly; each time a fresh instance takes its place

  constructor({ engine, library, precision = 'int8', threads = 1 }) {
    Object.assign(this, { engine, library, threads });
    this.chosenPrecision = precision;
  }

  precision() {
    return this.chosenPrecision;
  }

  prepare(request, engine) {
    return cpuFeeds(request, engine);
  }

  async runModel(modelId, precision, feeds) {
    if (this.#sessions?.broken) {
      this.#sessions = null;
      this.#trusted.clear();
      this.#traps += 1;
    }
    this.#sessions ??= new OrtSessions(await this.#loadOrt(), this.library, 'wasm');
    if (!this.#trusted.has(modelId)) {
      await checkKnownAnswers({ engine: this.engine, library: this.library, modelId, precision,
                                runModel: (...run) => this.#sessions.run(...run) });
      this.#trusted.add(modelId);
    }
    return this.#sessions.run(modelId, precision, feeds);
  }

  fallBack() {
    return false;  // there is nothing after WASM
  }

  // The Node front cannot be loaded twice; the browser's is self-contained, and a fragment names another instance of it. Its
  // WebAssembly is the same file.
  async #loadAnother() {
    const dist = new URL('.', import.meta.resolve('onnxruntime-web'));
    const ort = await import(new URL(`ort.wasm.min.mjs#after-trap-${this.#traps}`, dist));
    ort.env.wasm.wasmPaths = dist.href;
    ort.env.wasm.wasmBinary = await readFile(new URL('ort-wasm-simd-threaded.wasm', dist));
    return ort;
  }

  async #loadOrt() {
    let ort;
    try {
      ort = await (this.#traps === 0 ? import('onnxruntime-web') : this.#loadAnother());
    } catch (error) {
      throw new ExaminationError('model', 'ONNX Runtime Web is not installed; run ./serve.sh once, which fetches it.', String(error));
    }
    ort.env.wasm.numThreads = this.threads;
    return ort;
  }
}
