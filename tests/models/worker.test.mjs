// web/worker.js in Chromium, as the page talks to it.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { simulatedWfdbFiles } from '../../web/benchmark.mjs';
import { launchChromium, openBuiltEngine, openEmptyPage, serveApp, startWorker } from './support.mjs';

const kStartMs = 60000;

const browser = await launchChromium();
const skip = browser ? false : 'no Chromium on this machine';
const { engine } = await openBuiltEngine();
const files = simulatedWfdbFiles(engine).map(({ name, bytes }) => ({ name, values: Array.from(bytes) }));
let app;
let page;
let worker;
before(async () => {
  if (!browser) return;
  app = await serveApp();
  page = await openEmptyPage(browser, app.url, kStartMs);
  worker = await startWorker(page);
  const { status, message } = await worker.send({ type: 'init', provider: 'wasm', threads: 2 }, 'ready');
  assert.equal(status?.provider, 'wasm', message);
  assert.deepEqual(status.notes, []);
});
after(async () => {
  await browser?.close();
  await app?.close();
});

// Hands files over as the page does: as transferred buffers.
const examine = (id, given, more = {}) => page.evaluate(([id, given, more]) => window.send(
  { type: 'examine', id, files: given.map(({ name, values }) => ({ name, buffer: new Uint8Array(values).buffer })), ...more }, 'result'), [id, given, more]);

test('a file becomes a result, with every stage timed', { skip }, async () => {
  const result = await examine(1, files);
  assert.equal(result.type, 'result', result.message);
  const view = JSON.parse(result.view.json);
  assert.equal(view.input.name, 'simulated.hea');
  assert.ok(Object.keys(result.view.blob).length > 12 * 5000);
  assert.ok(result.answer.length > 20);
  assert.deepEqual(result.timings.map(({ stage }) => stage), ['read', 'measure', 'prepare', 'network', 'interpret', 'fuse', 'view']);
  assert.equal(result.provider, 'wasm');
});

test('the open examination is asked again without its file', { skip }, async () => {
  await examine(2, files);
  const profile = await worker.send({ type: 'profile', id: 2, profile: { age_years: 70, sex: 'M' } }, 'result');
  assert.equal(JSON.parse(profile.view.json).profile.age_years, 70);
  const filter = await worker.send({ type: 'filter', id: 2, filter: { high_pass_hz: 0.5, low_pass_hz: 40, notch_hz: 50 } }, 'result');
  assert.deepEqual(JSON.parse(filter.view.json).ecg.filter, { high_pass_hz: 0.5, low_pass_hz: 40, notch_hz: 50 });
  assert.equal(JSON.parse(filter.view.json).profile.age_years, 70);
  const { html } = await worker.send({ type: 'report', id: 2, date: '2026-01-02' }, 'report');
  assert.match(html, /<html/);
  const { text } = await worker.send({ type: 'json', id: 2 }, 'json');
  assert.equal(JSON.parse(text).input, 'simulated.hea');
});

test('a bad file is one sentence, and the next file is examined', { skip }, async () => {
  const empty = await examine(3, [{ name: 'empty.csv', values: [] }]);
  assert.deepEqual([empty.type, empty.id, empty.code], ['error', 3, 'empty_input']);
  const alone = await examine(4, [files[0]]);
  assert.equal(alone.code, 'missing_companion');
  assert.match(alone.message, /simulated\.dat/);
  assert.equal((await examine(5, files)).type, 'result');
});

test('an examination that is over cannot be asked any more', { skip }, async () => {
  await examine(6, files);
  await examine(7, files);
  assert.equal((await worker.send({ type: 'json', id: 6 }, 'json')).code, 'wrong_usage');
});

test('cancel ends an examination between two stages and leaves nothing', { skip }, async () => {
  const answer = await page.evaluate((given) => {
    const answered = window.send({ type: 'examine', id: 8, files: given.map(({ name, values }) => ({ name, buffer: new Uint8Array(values).buffer })) }, 'result');
    window.post({ type: 'cancel', id: 8 });
    return answered;
  }, files);
  assert.deepEqual([answer.type, answer.id, answer.code], ['error', 8, 'cancelled']);
  assert.equal((await worker.send({ type: 'report', id: 8, date: '' }, 'report')).code, 'wrong_usage');
  assert.equal((await examine(9, files)).type, 'result');
});

test('a trap in ONNX Runtime costs that examination its network; the next one gets a fresh instance', { skip, timeout: 120000 }, async () => {
  await page.workers().find((candidate) => candidate.url().endsWith('/worker.js')).evaluate(async () => {
    const { OrtSessions } = await import('/ort_sessions.mjs');
    const { open } = OrtSessions.prototype;
    OrtSessions.prototype.open = async () => {
      OrtSessions.prototype.open = open;
      return { run: async () => { throw new WebAssembly.RuntimeError('memory access out of bounds'); }, release: async () => {} };
    };
  });
  const without = await examine(10, files);
  assert.equal(without.type, 'result', without.message);
  assert.match(without.provider_note, /could not be run/);
  const again = await examine(11, files);
  assert.doesNotMatch(again.provider_note, /could not be run/);
  assert.ok(JSON.parse(again.view.json).network.outputs.length > 0);
});

test('a network that was altered on the way is refused at the start', { skip }, async () => {
  const altered = await serveApp((file, bytes) => {
    if (file.endsWith('int8.onnx')) bytes[bytes.length >> 1] ^= 1;
    return bytes;
  });
  try {
    const other = await openEmptyPage(browser, altered.url, kStartMs);
    const { send } = await startWorker(other);
    const { type, code, message } = await send({ type: 'init', provider: 'wasm', threads: 1 }, 'ready');
    assert.deepEqual([type, code], ['error', 'model']);
    assert.match(message, /altered or damaged/);
    await other.close();
  } finally {
    await altered.close();
  }
});

test('where threads do not start, one is used and that is said', { skip, timeout: 120000 }, async () => {
  const threadless = await serveApp((file, bytes, request) => {
    if (file.startsWith('ort/') && request.headers['sec-fetch-dest'] === 'worker') throw new Error('no thread today');
    return bytes;
  });
  try {
    const page = await openEmptyPage(browser, threadless.url, kStartMs);
    const { send } = await startWorker(page);
    const { status, message } = await send({ type: 'init', provider: 'wasm', threads: 2 }, 'ready');
    assert.equal(status?.threads, 1, message);
    assert.match(status.provider_note, /one is used/);
    assert.equal((await send({ type: 'examine', id: 1, simulated: 'normal' }, 'result')).provider, 'wasm');
    await page.close();
  } finally {
    await threadless.close();
  }
});
