// What a browser may lack, or offer beyond a page: the answer is there all the same, or one sentence says why not.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { canvasAtRest, errorShown, launchBrowser, madeUpRecord, nextResult, perform, ready, serve } from './support.mjs';

let browser;
let server;
before(async () => {
  browser = await launchBrowser();
  server = await serve();
});

async function pageWithout(change, query = '?provider=wasm') {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, serviceWorkers: 'block' });
  const page = await context.newPage();
  await page.addInitScript(change);
  await page.goto(server.url + query);
  await ready(page);
  return page;
}

describe('a browser without WebGL 2', () => {
  test('shows the whole answer as a readable page', async () => {
    const page = await pageWithout(() => {
      const original = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function getContext(type, ...rest) {
        return type === 'webgl2' ? null : original.call(this, type, ...rest);
      };
    });
    assert.match(await page.innerText('#display-note'), /WebGL 2 is missing/);
    await nextResult(page, () => page.getByRole('button', { name: /Demonstration patient/ }).click());
    const { view } = await page.evaluate(() => window.precordia.lastResult);
    await page.getByRole('heading', { name: view.answer.headline }).waitFor();
    assert.ok(await page.getByRole('table').first().isVisible());
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is cut off on a phone');
    await page.getByRole('button', { name: 'Close this examination' }).click();
    await page.waitForFunction(() => window.precordia.lastResult === null);
    await page.context().close();
  });
});

describe('a browser without WebAssembly SIMD', () => {
  test('says so in one sentence', async () => {
    const page = await pageWithout(() => { WebAssembly.validate = () => false; });
    assert.match(await errorShown(page), /WebAssembly SIMD/);
    assert.match(await page.innerText('#text-view'), /WebAssembly SIMD/);
    await page.context().close();
  });
});

describe('a browser without service workers', () => {
  test('works while there is a network, and says that it is not stored', async () => {
    const page = await pageWithout(() => { Object.defineProperty(Navigator.prototype, 'serviceWorker', { get: () => undefined }); });
    await nextResult(page, () => perform(page, { command: 'demo', condition: 'normal' }));
    assert.match(await page.innerText('#backend-text'), /not yet stored/);
    await page.context().close();
  });
});

describe('a worker that hangs', () => {
  test('shows progress, then a cancel, and is replaced; the result before stays', async () => {
    // A worker that takes 'examine' of a file named hang.* and never answers again.
    const page = await pageWithout(() => {
      const original = Worker.prototype.postMessage;
      Worker.prototype.postMessage = function postMessage(message, ...rest) {
        if (this.hangs || message?.files?.some(({ name }) => name.startsWith('hang'))) {
          this.hangs = true;
          return;
        }
        original.call(this, message, ...rest);
      };
    });
    const before = await nextResult(page, () => perform(page, { command: 'demo', condition: 'normal' }));
    await page.setInputFiles('#file-input', { name: 'hang.dat', mimeType: 'application/octet-stream', buffer: Buffer.from('x') });
    await page.waitForFunction(() => window.precordia.progress);
    assert.equal(await page.evaluate(() => window.precordia.progress.cancellable), false);
    await page.waitForFunction(() => window.precordia.progress.cancellable, null, { timeout: 5000 });
    await perform(page, { command: 'cancel' });
    await page.waitForFunction(() => window.precordia.progress === null);
    assert.equal(await errorShown(page), null, 'the user knows that it was cancelled');
    const { view } = await page.evaluate(() => window.precordia.lastResult);
    assert.deepEqual(view.answer, before.view.answer);
    const again = await nextResult(page, () => perform(page, { command: 'set_filter', high_pass_hz: 0.5, low_pass_hz: 40, notch_hz: 0 }));
    assert.deepEqual(again.view.answer, before.view.answer);
    await canvasAtRest(page);
    await page.context().close();
  });
});

describe('the installed app', () => {
  test('opens the files that the operating system hands over', async () => {
    const page = await pageWithout(() => {
      Object.defineProperty(window, 'launchQueue', { value: { setConsumer(consumer) { window.launch = consumer; } } });
    });
    const found = await nextResult(page, () => page.evaluate(async (files) => {
      const handles = files.map(({ name, base64 }) => ({
        getFile: async () => new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], name),
      }));
      await window.launch({ files: handles });
    }, madeUpRecord({ name: 'launched' }).map(({ name, buffer }) => ({ name, base64: buffer.toString('base64') }))));
    assert.match(found.view.input.name, /launched/);
    await page.context().close();
  });

  test('can be installed: the manifest names icons, a start page and the file types', async () => {
    const manifest = await (await fetch(`${server.url}manifest.webmanifest`)).json();
    assert.equal(manifest.display, 'standalone');
    assert.equal(manifest.start_url, './');
    assert.deepEqual(Object.values(manifest.file_handlers[0].accept).flat().sort(), ['.atc', '.bdf', '.csv', '.dat', '.dcm', '.ecg', '.edf', '.gz', '.hea', '.heic',
      '.jpeg', '.jpg', '.json', '.mat', '.pdf', '.png', '.rdt', '.scp', '.txt', '.webp', '.xml', '.zip']);
    for (const icon of manifest.icons) assert.equal((await fetch(server.url + icon.src)).status, 200, icon.src);
    assert.ok(manifest.icons.some(({ purpose }) => purpose === 'maskable'));
  });
});
