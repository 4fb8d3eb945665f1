// The same examination with the network on WebGPU (SwiftShader, a software device, so that it runs everywhere).
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { chooseFiles, kWebGpuFlags, launchBrowser, madeUpRecord, nextResult, openApp, perform, serve } from './support.mjs';

// Probabilities of the two providers: different artefacts (weight-only int8 against full int8) and different arithmetic.
const kLargestDifference = 0.1;

let server;
let context;
let page;

before(async () => {
  const browser = await launchBrowser({ flags: kWebGpuFlags });
  server = await serve();
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  page = await openApp(context, server.url, { query: '?provider=webgpu' });
});

const probabilities = ({ view }) => new Map(view.network.outputs.map(({ id, probability }) => [id, probability]));

describe('an examination on WebGPU', () => {
  let onWebGpu;

  test('the demonstration patient end to end', async () => {
    const found = await nextResult(page, () => perform(page, { command: 'demo', condition: 'lbbb' }), 60_000);
    assert.equal(found.provider, 'webgpu', await page.evaluate(() => window.precordia.status.provider_note));
    assert.equal(found.view.network.not_run_because, '');
    onWebGpu = probabilities(found);
    assert.ok(onWebGpu.size >= 5);
  });

  test('a file end to end', async () => {
    const found = await nextResult(page, () => chooseFiles(page, madeUpRecord()), 60_000);
    assert.equal(found.provider, 'webgpu');
  });

  test('WebAssembly gives the same answer when the user chooses it', async () => {
    await nextResult(page, () => perform(page, { command: 'demo', condition: 'lbbb' }), 60_000);
    const found = await nextResult(page, () => perform(page, { command: 'set_provider', provider: 'wasm' }), 60_000);
    assert.equal(found.provider, 'wasm');
    for (const [id, probability] of probabilities(found)) {
      assert.ok(Math.abs(probability - onWebGpu.get(id)) < kLargestDifference, `${id}: ${probability} and ${onWebGpu.get(id)}`);
    }
  });

  test('no foreign request, no policy violation, no error', () => {
    assert.deepEqual(page.seen.requests.filter((url) => !url.startsWith(server.url)), []);
    assert.deepEqual(page.seen.problems, []);
  });
});
