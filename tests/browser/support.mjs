// What the browser tests share: the built app on a free port, one headless Chromium per file, and a page whose every request,
// policy violation and error is recorded.
//
//   PRECORDIA_SITE      folder of the built app            (default build/site)
//   PRECORDIA_CHROMIUM  the browser                        (default /usr/bin/chromium)
//   PRECORDIA_ARTEFACTS folder for screenshots and the like (default build/test-artefacts)
import { chromium } from 'playwright-core';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startServer } from '../../web/server.mjs';

export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const siteRoot = process.env.PRECORDIA_SITE ?? path.join(repository, 'build/site');
export const artefacts = process.env.PRECORDIA_ARTEFACTS ?? path.join(repository, 'build/test-artefacts');
const chromiumPath = process.env.PRECORDIA_CHROMIUM ?? '/usr/bin/chromium';

/** The real WFDB records, or null with a reason for `skip` where they are not beside the checkout. */
const recordFolder = path.resolve(repository, '../shared/data/ptbxl/wfdb500');
export const records = existsSync(recordFolder) ? recordFolder : null;
export const noRecords = records ? false : `the real records (${path.relative(repository, recordFolder)}) are not on this machine`;

// A software renderer for WebGL and WebGPU, and nothing that looks for the network by itself.
const kBrowserFlags = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--disable-dev-shm-usage', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'];
export const kWebGpuFlags = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

// Undone in reverse when the calling test file is done. Registered here, at the top, since a hook inside a hook ends with it.
const undo = [];
after(async () => {
  for (const step of undo.reverse()) await step();
});

/** Starts Chromium for the calling test file; it is closed when the file is done. */
export async function launchBrowser({ flags = [] } = {}) {
  const browser = await chromium.launch({ executablePath: chromiumPath, args: [...kBrowserFlags, ...flags] });
  undo.push(() => browser.close());
  return browser;
}

/** Serves `root` for the calling test file on a free port. */
export async function serve(root = siteRoot) {
  const server = await startServer({ root });
  undo.push(() => server.close());
  return server;
}

/** A copy of the built app that a test may change; removed when the file is done. */
export function copyOfSite() {
  const folder = mkdtempSync(path.join(tmpdir(), 'precordia-site-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(siteRoot, folder, { recursive: true, preserveTimestamps: true });
  return folder;
}

/** Makes `folder` a newer release: `file` gets `addition` at its end, and the lists name the new content. */
export function changeRelease(folder, file, addition) {
  const target = path.join(folder, file);
  const content = Buffer.concat([readFileSync(target), Buffer.from(addition)]);
  writeFileSync(target, content);
  for (const suffix of ['.br', '.gz']) rmSync(target + suffix, { force: true });
  const listFile = path.join(folder, 'precache-manifest.json');
  const list = JSON.parse(readFileSync(listFile, 'utf8'));
  const entry = list.files.find((candidate) => candidate.path === file);
  Object.assign(entry, { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') });
  list.version = entry.sha256.slice(0, 12);
  writeFileSync(listFile, JSON.stringify(list));
  for (const suffix of ['.br', '.gz']) rmSync(listFile + suffix, { force: true });
}

/**
 * Opens the app in a page of `context` and waits until it runs. The returned page carries `page.seen`:
 *   requests   URL of every request of the page, its workers and its service worker
 *   problems   what no test expects: policy violations, uncaught errors, console errors; tests that provoke one take it out
 */
export async function openApp(context, url, { query = '' } = {}) {
  const page = await context.newPage();
  const seen = { requests: [], problems: [] };
  page.seen = seen;
  context.on('request', (request) => seen.requests.push(request.url()));
  const note = (text) => seen.problems.push(text);
  page.on('pageerror', (error) => note(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy|Refused to/.test(message.text())) note(`console: ${message.text()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      console.error(`policy violation: ${violatedDirective} ${blockedURI}`);
    });
  });
  await page.goto(url + query, { waitUntil: 'load' });
  await ready(page);
  return page;
}

// Long, because a software WebGPU compiles its kernels on the processor that other tests use too.
export const ready = (page) => page.waitForFunction(() => window.precordia?.ready.then(() => true), null, { timeout: 180_000 });

/** Waits until the service worker holds a whole release. */
export const storedOffline = (page) => page.waitForFunction(() => window.precordia?.status.offline_ready, null, { timeout: 60_000 });

export const perform = (page, command) => page.evaluate((sent) => window.precordia.perform(sent), command);
export const result = (page) => page.evaluate(() => window.precordia.lastResult);
export const errorShown = (page) => page.evaluate(() => window.precordia.error);

/** Does `act`, then waits for a result that is not the one on screen before. */
export async function nextResult(page, act, timeout = 30_000) {
  await page.evaluate(() => { window.resultBefore = window.precordia.resultsShown; });
  await act();
  await page.waitForFunction(() => window.precordia.resultsShown > window.resultBefore, null, { timeout }).catch(async (failure) => {
    throw new Error(`no result came; the app says: ${await errorShown(page)}`, { cause: failure });
  });
  return result(page);
}

/** Does `act`, then waits for an error sentence and returns it. */
export async function nextError(page, act, timeout = 15_000) {
  await perform(page, { command: 'dismiss_error' });
  await act();
  await page.waitForFunction(() => window.precordia.error, null, { timeout });
  return errorShown(page);
}

export const chooseFiles = (page, files) => page.setInputFiles('#file-input', files);

/** Both files of a real record, as the file chooser takes them. */
export const recordFiles = (name) => [`${name}.hea`, `${name}.dat`].map((file) => path.join(records, file));

export function saveArtefact(name, content) {
  const file = path.join(artefacts, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** The canvas stands still: no frame was drawn for `quietMs`. */
export async function canvasAtRest(page, quietMs = 250) {
  await page.waitForFunction((quiet) => {
    const drawn = window.precordia.framesDrawn;
    const now = performance.now();
    if (window.restingAt?.drawn !== drawn) window.restingAt = { drawn, since: now };
    return now - window.restingAt.since >= quiet;
  }, quietMs, { timeout: 20_000, polling: 50 });
}

/**
 * A made-up 12-lead ECG as WFDB files for the file chooser, so that no real person's data is needed: 10 s at 500 Hz, a beat every
 * 0.8 s with Gaussian P, QRS and T waves (widths and heights of a healthy adult), a different height in every lead, and 10 µV of noise.
 */
export function madeUpRecord({ name = 'madeup', leads = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'] } = {}) {
  const rate = 500;
  const samples = 5000;
  const gain = 1000;
  const heights = { I: 0.7, II: 1.1, III: 0.4, aVR: -0.9, aVL: 0.15, aVF: 0.75, V1: -0.6, V2: -0.4, V3: 0.5, V4: 1.3, V5: 1.4, V6: 1.1 };
  const bump = (t, centre, width) => Math.exp(-0.5 * ((t - centre) / width) ** 2);
  let seed = 1;
  const noise = () => ((seed = (seed * 16807) % 2147483647) / 2147483647 - 0.5) * 0.02;
  const values = new Int16Array(samples * leads.length);
  for (let i = 0; i < samples; ++i) {
    const t = (i / rate) % 0.8;
    const beat = 0.12 * bump(t, 0.14, 0.022) - 0.08 * bump(t, 0.272, 0.008) + bump(t, 0.3, 0.011) - 0.15 * bump(t, 0.328, 0.009) + 0.25 * bump(t, 0.55, 0.045);
    leads.forEach((lead, k) => { values[i * leads.length + k] = Math.round((beat * (heights[lead] ?? 0.5) + noise()) * gain); });
  }
  const header = [`${name} ${leads.length} ${rate} ${samples}`, ...leads.map((lead) => `${name}.dat 16 ${gain}(0)/mV 16 0 0 0 0 ${lead}`)];
  return [
    { name: `${name}.hea`, mimeType: 'application/octet-stream', buffer: Buffer.from(`${header.join('\n')}\n`) },
    { name: `${name}.dat`, mimeType: 'application/octet-stream', buffer: Buffer.from(values.buffer) },
  ];
}

/** Drops files ({name, buffer}) on the page as a user would; on `target`, such as an open dialog. */
export async function dropFiles(page, files, target = '#dashboard') {
  const transfer = await page.evaluateHandle((list) => {
    const data = new DataTransfer();
    for (const { name, base64 } of list) {
      data.items.add(new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], name));
    }
    return data;
  }, files.map(({ name, buffer }) => ({ name, base64: buffer.toString('base64') })));
  for (const type of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent(target, type, { dataTransfer: transfer });
}
