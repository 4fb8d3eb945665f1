// bench.html measures in Chromium under the app's own security policy, and shows what it measured.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { kPageStages } from '../../web/benchmark.mjs';
import { kBenchPages } from '../../web/drawn_page.mjs';
import { kEcgStages } from '../../web/examination.mjs';
import { launchChromium, serveApp } from './support.mjs';

const browser = await launchChromium();
after(() => browser?.close());

test('bench.html prints medians per stage on WASM with two threads', { skip: browser ? false : 'no Chromium on this machine', timeout: 180000 }, async (t) => {
  const app = await serveApp();
  try {
    const page = await browser.newPage();
    const complaints = [];
    page.on('console', (message) => { if (/Content Security Policy|Refused/.test(message.text())) complaints.push(message.text()); });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => { if (!request.url().startsWith(app.url)) complaints.push(request.url()); });
    await page.goto(`${app.url}bench.html?runs=3&provider=wasm`);
    await page.waitForFunction(() => window.benchResult, null, { timeout: 150000 });
    const { runs, cross_origin_isolated: isolated, configurations: [wasm], pages } = await page.evaluate(() => window.benchResult);
    assert.equal(runs, 3);
    assert.equal(isolated, true);
    assert.equal(wasm.threads, 2);
    t.diagnostic(`median ${wasm.median_ms.total} ms in the worker, ${wasm.round_trip_ms} ms seen from the page: ${JSON.stringify(wasm.median_ms)}`);
    assert.ok(wasm.median_ms.total > 0 && wasm.round_trip_ms > 0);
    const shown = await page.locator('#body tr').allInnerTexts();
    assert.equal(shown.length, kEcgStages.length + 3);
    assert.match(shown.at(-3), /^From file to result\s+\d+\.\d\d$/);
    assert.deepEqual(pages.map(({ input }) => input), kBenchPages.map(({ name }) => name));
    for (const { input, width, height, leads, median_ms: medians, wasm_memory_mb: memory } of pages) {
      t.diagnostic(`${input}: ${width} x ${height}, ${leads} leads, ${memory} MB, ${JSON.stringify(medians)}`);
      assert.equal(leads, 12, input);
      for (const stage of kPageStages) assert.ok(medians[stage] > 0, `${input}: ${stage}`);
    }
    assert.equal((await page.locator('#page-body tr').allInnerTexts()).length, kPageStages.length + 2);
    assert.deepEqual(complaints, []);
    await page.close();
  } finally {
    await app.close();
  }
});
