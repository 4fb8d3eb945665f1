// The `networks` object of examination.mjs for Node: ONNX Runtime Web's WebAssembly, the very build that runs in browsers,
// with its Node front (module `onnxruntime-web` resolves to it).
import { readFile } from 'node:fs/promises';
import { webcrypto } from 'node:crypto';
import path from 'node:path';
import { cpuFeeds, checkKnownAnswers, ExaminationError, isPlainFileName } from './examination.mjs';
import { OrtSessions, choosePrecision } from './ort_sessions.mjs';

globalThis.crypto ??= webcrypto;  // Node 18 hides it

// The folder of models/manifest.json, as openEngine wants it.
export const modelReader = (folder) => (path) => readFile(new URL(path, folder));

// Model packs: folders with a manifest.json of the same format, whose files lie in the folder itself (docs/model-manifest.md).
// Returns a reader of one merged library: the manifest's `models` are ours first, then each pack's, their paths made to lead
// into the pack. Throws 'model' for a folder that is no pack; what is wrong inside an entry the engine says (`skipped`).
export async function withPacks(readOurs, packFolders) {
  const ours = JSON.parse(new TextDecoder().decode(await readOurs('manifest.json')));
  const ids = new Set(ours.models.map(({ id }) => id));
  for (const [index, folder] of packFolders.entries()) {
    const refuse = (why) => { throw new ExaminationError('model', `The model pack ${folder} cannot be used: ${why}`); };
    let pack;
    try {
      pack = JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8'));
    } catch {
      refuse('it has no readable manifest.json.');
    }
    if (!Array.isArray(pack?.models) || pack.models.length === 0) refuse('its manifest.json names no networks.');
    for (const model of pack.models) {
      if (ids.has(model?.id)) refuse(`there is already a network called "${model.id}".`);
      ids.add(model?.id);
      for (const file of filesOf(model)) {
        if (!isInsideFolder(file.file)) refuse(`the file name "${file.file}" leads out of its folder.`);
        file.file = `pack${index}/${file.file}`;
      }
      ours.models.push(model);
    }
  }
  return async (name) => {
    if (name === 'manifest.json') return new TextEncoder().encode(JSON.stringify(ours));
    const [, index, inside] = /^pack(\d+)\/(.*)$/.exec(name) ?? [];
    return index === undefined ? readOurs(name) : readFile(path.join(packFolders[index], inside));
  };
}

// Every {file, sha256} of a manifest entry, as far as it is shaped like one.
function filesOf(model) {
  const answers = Array.isArray(model?.known_answers) ? model.known_answers : [];
  const artefacts = Array.isArray(model?.artefacts) ? model.artefacts : [];
  return [...artefacts, model?.head, ...answers, ...answers.map((answer) => answer?.flags)].filter((file) => file && typeof file === 'object');
}

const isInsideFolder = (file) => typeof file === 'string' && file.length > 0 && file.length < 256 &&
  file.split('/').every((part) => part !== '' && isPlainFileName(part));

// Networks at one precision ('int8' or 'fp32', where a network has it; unless told, int8), opened and held against their known answers when first used: a command
// that runs no network pays for none. One thread unless told otherwise: many inputs are better served by many processes.
export class NodeNetworks {
  #sessions = null;
  #trusted = new Set();
  #traps = 0;  // of ONNX Runtime's WebAssembly; each time a fresh instance takes its place

  constructor({ engine, library, precision, threads = 1 }) {
    Object.assign(this, { engine, library, threads });
    this.chosenPrecision = precision;
  }

  precision(modelId) {
    const preferred = this.chosenPrecision === undefined ? ['int8', 'fp32'] : [this.chosenPrecision, 'int8', 'fp32'];
    return choosePrecision(this.library, modelId, 'wasm', preferred);
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
