// The main thread's side of the worker that holds the engine (web/worker.js).
//
// One request is in the worker at a time; further ones wait their turn. Every request names its examination by an id that this
// client gave out, since the worker holds one examination at a time. A request resolves with the worker's message or rejects with
// an EngineError: the engine's own code and sentence, 'cancelled' (the user did), or 'stopped' (the worker died). The worker is
// ended and started afresh when it does not heed a cancel: its WebAssembly cannot be interrupted otherwise.

export class EngineError extends Error {
  /** `kept`: the worker still holds the examination as it was before. */
  constructor(code, message, kept = false) {
    super(message);
    this.code = code;
    this.kept = kept;
  }
}

const kSoftCancelMs = 400;
const kStoppedSentence = 'The analysis stopped unexpectedly, perhaps for lack of memory; open the file again.';
const kMostIdleDeaths = 3;  // in a row, without an answer between them
const kNotLoadedSentence = 'The analysis engine could not be loaded; check the connection and reload the page.';

/**
 * options: {provider, threads, onStatus(status), onProgress({stage, fraction}), onRestart()}. onRestart runs when the engine has
 * forgotten everything because its worker was ended.
 */
export function createEngineClient({ provider, threads, onStatus, onProgress, onRestart }) {
  const queue = [];
  let current = null;    // the request in the worker: {id, type, payload, transfer, resolve, reject}
  let worker = null;
  let wasReady = false;  // this worker was, at least once
  let idleDeaths = 0;
  let nextId = 1;
  let ready = null;      // promise of the worker's first status; `becomeReady`/`failReady` settle it
  let becomeReady;
  let failReady;
  let cancelTimer = 0;

  function initialise() {
    ready = new Promise((resolve, reject) => { [becomeReady, failReady] = [resolve, reject]; });
    ready.catch(() => {});  // whoever awaits it is told; nobody awaiting it is no error
    // A worker cannot see touch points itself, and they are how an iPad differs from a Mac.
    worker.postMessage({ type: 'init', provider, threads, max_touch_points: navigator.maxTouchPoints });
  }

  function start() {
    wasReady = false;
    worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module', name: 'precordia-engine' });
    worker.onmessage = ({ data }) => receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      stopped(new EngineError('stopped', current || wasReady ? kStoppedSentence : kNotLoadedSentence));
    };
    worker.onmessageerror = worker.onerror;
    initialise();
  }

  function receive(message) {
    if (message.type === 'ready' || message.type === 'status') {
      onStatus(message.status);
      if (message.type === 'ready') {
        wasReady = true;
        becomeReady(message.status);
        pump();
      }
      return;
    }
    if (message.type === 'error' && message.id === undefined) {
      failReady(new EngineError(message.code, message.message));
      return;
    }
    if (!current || message.id !== current.id) return;  // an answer to what was cancelled
    if (message.type === 'progress') {
      onProgress({ stage: message.stage, fraction: message.fraction ?? null });
      return;
    }
    const { resolve, reject } = current;
    finish();
    if (message.type === 'error') reject(new EngineError(message.code, message.message, message.kept === true));
    else resolve(message);
    idleDeaths = 0;
    pump();
  }

  function finish() {
    clearTimeout(cancelTimer);
    cancelTimer = 0;
    current = null;
  }

  // Whatever the worker held is lost; what waited in the queue goes on with the new one.
  function stopped(error) {
    worker.terminate();
    const failed = current;
    finish();
    failReady(error);
    onRestart();
    failed?.reject(error);
    if (!failed) idleDeaths += 1;
    // A worker that dies before it was ever ready, or again and again, would die once more; the app offers a reload instead.
    if (failed || (wasReady && idleDeaths <= kMostIdleDeaths)) {
      start();
    } else {
      ready = Promise.reject(error);
      ready.catch(() => {});
      pump();
    }
  }

  function pump() {
    if (current || queue.length === 0) return;
    ready.then(() => {
      if (current || queue.length === 0) return;
      const next = queue.shift();
      current = next;
      worker.postMessage({ ...next.payload, type: next.type, id: next.id }, next.transfer);
    }, (error) => {
      for (const waiting of queue.splice(0)) waiting.reject(error);
    });
  }

  start();

  return {
    get ready() { return ready; },
    get busy() { return current !== null || queue.length > 0; },

    /** A new examination: {files: [{name, buffer}]} or {simulated}, with optional profile and filter. The answer's `id` names it. */
    examine(payload, transfer = []) {
      return this.request('examine', nextId++, payload, transfer);
    },

    /** 'profile', 'filter', 'report', 'json' for the examination `id`, as in web/worker.js. */
    request(type, id, payload = {}, transfer = []) {
      return new Promise((resolve, reject) => {
        queue.push({ id, type, payload, transfer, resolve, reject });
        pump();
      });
    },

    /** Stops what runs and drops what waits. */
    cancel() {
      for (const waiting of queue.splice(0)) waiting.reject(new EngineError('cancelled', 'The examination was cancelled.'));
      if (!current || cancelTimer) return;
      worker.postMessage({ type: 'cancel', id: current.id });
      cancelTimer = setTimeout(() => stopped(new EngineError('cancelled', 'The examination was cancelled.')), kSoftCancelMs);
    },

    /** The examination is closed: the worker drops what it holds of the person. */
    forget() {
      worker.postMessage({ type: 'close' });
    },

    /** Chooses another provider ('auto', 'wasm', 'webgpu') from the next examination on. Resolves when it is tested. */
    chooseProvider(newProvider) {
      provider = newProvider;
      initialise();
      return ready;
    },
  };
}
