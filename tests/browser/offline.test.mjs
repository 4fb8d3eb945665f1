// The service worker: the app without a network, whole or not at all, and renewed only when the user says so.
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import {
  changeRelease, copyOfSite, errorShown, launchBrowser, nextResult, openApp, perform, ready, serve, siteRoot, storedOffline,
} from './support.mjs';

// Of the WebGPU provider; nothing here uses it.
const kLazyFile = 'ort/ort.webgpu.min.mjs';
const kOtherLazyFile = 'ort/ort-wasm-simd-threaded.asyncify.mjs';

let browser;
before(async () => { browser = await launchBrowser(); });

const demo = (page) => nextResult(page, () => perform(page, { command: 'demo', condition: 'normal' }));

/** The app in a context of its own, stored for offline use. */
async function storedApp(root) {
  const server = await serve(root);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await openApp(context, server.url, { query: '?provider=wasm' });
  await storedOffline(page);
  return { server, context, page };
}

/** Pulls the cable: no network in the browser, and no server either. */
async function goOffline({ server, context }) {
  await context.setOffline(true);
  await server.close();
}

/** Ends the service worker, as the browser does when it is idle; the next request starts it anew. */
async function stopServiceWorker(context, page) {
  const session = await context.newCDPSession(page);
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.stopAllWorkers');
  await session.detach();
}

/** Alters a stored file, as a failing disk would. */
const damage = (page, file) => page.evaluate(async (path) => {
  for (const name of (await caches.keys()).filter((candidate) => candidate.startsWith('precordia-release-'))) {
    const cache = await caches.open(name);
    const address = new URL(path, location.href).href;
    const response = await cache.match(address);
    const bytes = new Uint8Array(await response.arrayBuffer());
    bytes[bytes.length >> 1] ^= 1;
    await cache.put(address, new Response(bytes, { headers: response.headers }));
  }
}, file);

describe('without a network', () => {
  let app;
  before(async () => {
    app = await storedApp(siteRoot);
    await app.page.evaluate(async (file) => (await fetch(file)).arrayBuffer(), kLazyFile);
  });

  test('the stored app starts, isolated and with threads, and examines', async () => {
    await goOffline(app);
    await app.page.reload();
    await ready(app.page);
    assert.equal(await app.page.evaluate(() => crossOriginIsolated), true);
    assert.equal(await app.page.evaluate(() => window.precordia.status.threads), 2);
    const { view } = await demo(app.page);
    assert.equal(view.network.not_run_because, '');
    await storedOffline(app.page);
    await perform(app.page, { command: 'print' });
    await app.page.frameLocator('#report-frame').locator('h1').first().waitFor();
    await app.page.locator('#report-dialog [value=close]').click();
  });

  test('a new window starts too, whatever its parameters', async () => {
    const page = await app.context.newPage();
    await page.goto(`${app.server.url}?threads=1`);
    await ready(page);
    assert.equal(await errorShown(page), null);
    await page.close();
  });

  test('a file stored on first use is named when it is damaged, and one that was never stored is only absent', async () => {
    const fetched = (file) => app.page.evaluate((path) => fetch(path).then((response) => response.ok, () => false), file);
    assert.equal(await fetched(kLazyFile), true);
    assert.equal(await fetched(kOtherLazyFile), false);
    assert.equal(await errorShown(app.page), null);
    await damage(app.page, kLazyFile);
    await stopServiceWorker(app.context, app.page);
    assert.equal(await fetched(kLazyFile), false);
    await app.page.waitForFunction(() => window.precordia.error);
    assert.match(await errorShown(app.page), /damaged \(ort\//);
  });

  test('a damaged large file is noticed and named, never used', async () => {
    await damage(app.page, 'engine.wasm');
    await stopServiceWorker(app.context, app.page);
    await app.page.reload();
    await ready(app.page);
    await app.page.waitForFunction(() => window.precordia.error);
    const text = await app.page.innerText('#text-view');
    assert.match(text, /damaged \(engine\.wasm\)/);
  });

  test('a damaged part of the page shows a page that says so', async () => {
    await damage(app.page, 'app.js');
    await stopServiceWorker(app.context, app.page);
    await app.page.reload();
    assert.match(await app.page.innerText('body'), /damaged[\s\S]*Connect to the network and reload/);
  });
});

describe('with a network', () => {
  test('a damaged stored file is fetched again', async () => {
    const { context, page } = await storedApp(siteRoot);
    for (const file of ['engine.wasm', 'app.js']) await damage(page, file);
    await stopServiceWorker(context, page);
    await page.reload();
    await ready(page);
    assert.equal(await errorShown(page), null);
    assert.ok((await demo(page)).view.answer.headline);
    const intact = await page.evaluate(async () => {
      const list = await (await fetch('precache-manifest.json')).json();
      const [name] = (await caches.keys()).filter((candidate) => candidate.startsWith('precordia-release-'));
      const bytes = await (await (await caches.open(name)).match(new URL('engine.wasm', location.href))).arrayBuffer();
      const digest = [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      return digest === list.files.find(({ path }) => path === 'engine.wasm').sha256;
    });
    assert.ok(intact);
    await context.close();
  });

  test('where only a newer release can replace it, not under another window', async () => {
    const folder = copyOfSite();
    const { server, context, page } = await storedApp(folder);
    const other = await context.newPage();
    await other.goto(server.url);
    await ready(other);
    await storedOffline(other);
    const releaseInUse = () => other.evaluate(async () => (await (await caches.open('precordia-state')).match(new URL('release-in-use', location.href))).text());
    const before = await releaseInUse();
    changeRelease(folder, 'app.css', '\n/* newer release */\n');
    await damage(page, 'app.css');
    await stopServiceWorker(context, page);
    await page.reload();
    assert.match(await page.innerText('body'), /altered[\s\S]*Close every window/);
    assert.equal(await releaseInUse(), before);
    await other.close();
    await page.reload();
    await ready(page);
    assert.equal(await errorShown(page), null);
    assert.match(await page.evaluate(async () => (await fetch('app.css')).text()), /newer release/);
    await context.close();
  });
});

describe('a new release', () => {
  let app;
  let folder;
  const styleInUse = () => app.page.evaluate(async () => (await (await fetch('app.css')).text()).includes('newer release'));
  const releasesStored = () => app.page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('precordia-release-')).length);

  before(async () => {
    folder = copyOfSite();
    app = await storedApp(folder);
  });

  test('is fetched beside the old one and offered, while the old one stays in use', async () => {
    changeRelease(folder, 'app.css', '\n/* newer release */\n');
    await app.page.reload();
    await ready(app.page);
    await app.page.waitForFunction(() => window.precordia.status.update_available);
    assert.equal(await styleInUse(), false);
    assert.equal(await releasesStored(), 2);
    await app.page.reload();
    await ready(app.page);
    assert.equal(await styleInUse(), false, 'reloading alone does not switch');
  });

  test('is not switched to during an examination', async () => {
    await app.page.waitForFunction(() => window.precordia.status.update_available);
    await demo(app.page);
    await perform(app.page, { command: 'update' });
    await app.page.waitForFunction(() => window.precordia.error);
    assert.match(await errorShown(app.page), /Close this examination first/);
    assert.equal(await styleInUse(), false);
  });

  test('is not switched to under another open window', async () => {
    await perform(app.page, { command: 'close' });
    await app.page.waitForFunction(() => window.precordia.lastResult === null);
    const other = await app.context.newPage();
    await other.goto(app.server.url);
    await ready(other);
    await perform(app.page, { command: 'dismiss_error' });
    await perform(app.page, { command: 'update' });
    await app.page.waitForFunction(() => window.precordia.error);
    assert.match(await errorShown(app.page), /another window/);
    await other.close();
  });

  test('is used after the user agreed, and the old one is let go', async () => {
    const reloaded = app.page.waitForEvent('load');
    await perform(app.page, { command: 'update' });
    await reloaded;
    await ready(app.page);
    assert.equal(await styleInUse(), true);
    await app.page.waitForFunction(() => window.precordia.status.offline_ready && !window.precordia.status.update_available);
    assert.equal(await releasesStored(), 1);
  });

  test('that is broken on the server is never committed', async () => {
    changeRelease(folder, 'app.js', '\n// the next release\n');
    appendFileSync(`${folder}/app.js`, '// altered on the way\n');
    await app.page.reload();
    await ready(app.page);
    await storedOffline(app.page);
    assert.equal(await app.page.evaluate(() => window.precordia.status.update_available), false);
    assert.ok((await demo(app.page)).view.answer.headline);
  });
});
