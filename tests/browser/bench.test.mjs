// The bench page, and the budget of DESIGN.md section 2: an ECG file becomes a finished result in 100 ms (median, WebAssembly, two
// threads, headless Chromium on two cores, once the browser has compiled the engine to the end).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchBrowser, saveArtefact, serve } from './support.mjs';

const kBudgetMs = 100;
const kRuns = 15;
// Other work on the machine only ever makes a run slower, so a second or third attempt may show what this machine can do.
const kAttempts = 3;

test(`from an ECG file to a result within ${kBudgetMs} ms`, async (context) => {
  const browser = await launchBrowser();
  const server = await serve();
  let wasm;
  const within = () => wasm !== undefined && Math.max(wasm.median_ms.total, wasm.round_trip_ms) <= kBudgetMs;
  for (let attempt = 0; attempt < kAttempts && !within(); ++attempt) {
    const page = await browser.newPage();
    await page.goto(`${server.url}bench.html?runs=${kRuns}&pages=no`);
    await page.waitForFunction(() => window.benchResult || /\.$/.test(document.getElementById('progress').textContent), null, { timeout: 180_000 });
    const bench = await page.evaluate(() => window.benchResult);
    assert.ok(bench, await page.innerText('#progress'));
    assert.equal(bench.cross_origin_isolated, true);
    wasm = bench.configurations.find(({ provider, threads }) => provider === 'wasm' && threads === 2);
    assert.ok(wasm, 'WebAssembly with two threads was measured');
    saveArtefact('bench.json', `${JSON.stringify(bench, null, 2)}\n`);
    assert.ok(await page.isVisible('#table'));
    await page.close();
  }
  context.diagnostic(`median of ${kRuns} runs, ms: ${JSON.stringify(wasm.median_ms)}; seen from the page: ${wasm.round_trip_ms}`);
  assert.ok(wasm.median_ms.total <= kBudgetMs, `${wasm.median_ms.total} ms in the worker`);
  assert.ok(wasm.round_trip_ms <= kBudgetMs, `${wasm.round_trip_ms} ms seen from the page`);
});
