// A printed ECG in a real browser: a picture in, its trace looked at and corrected, then an answer; the camera; and what is kept of a page.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { hintFor, judgeFrame } from '../../web/photo_hints.js';
import { foreignPicture } from '../../web/browser_pictures.js';
import { kBeatsPerMinute, kPrintedName, printedPage } from './paper_page.mjs';
import {
  canvasAtRest, chooseFiles, dropFiles, errorShown, launchBrowser, madeUpRecord, nextResult, openApp, perform, result, saveArtefact, serve,
} from './support.mjs';

const kCameraFlags = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

let server;
let browser;
let context;
let page;
let picture;   // the printed page as PNG

const pageShown = () => page.evaluate(() => window.precordia.page);
const nextPage = async (act, timeout = 60_000) => {
  await page.evaluate(() => { window.pagesBefore = window.precordia.pagesShown; });
  await act();
  await page.waitForFunction(() => window.precordia.pagesShown > window.pagesBefore || window.precordia.error, null, { timeout });
  assert.equal(await errorShown(page), null);
  return pageShown();
};
const choose = (name, buffer, mimeType = 'image/png') => chooseFiles(page, { name, mimeType, buffer });

before(async () => {
  browser = await launchBrowser({ flags: kCameraFlags });
  server = await serve();
  context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true, permissions: ['camera'] });
  page = await openApp(context, server.url, { query: '?provider=wasm' });
  picture = await printedPage(page);
});

describe('a picture of a printed ECG', () => {
  test('is shown with its trace before anything is screened', async () => {
    const view = await nextPage(() => choose('page.png', picture));
    assert.equal(view.error, '');
    assert.equal(await result(page), null, 'no answer yet');
    assert.equal(view.layout.id, '3x4+1');
    assert.equal(view.speed.value, 25);
    assert.equal(view.gain.value, 10);
    assert.equal(view.traces.filter(({ rhythm }) => !rhythm).length, 12);
    const words = await page.innerText('#page-text');
    assert.match(words, /25 mm\/s/);
    assert.match(words, /Lead V6/);
  });

  test('is read again as the user corrects it', async () => {
    const faster = await nextPage(() => perform(page, { command: 'retrace', options: { mm_per_s: 50 } }));
    assert.equal(faster.speed.value, 50);
    assert.equal(faster.speed.known, 'set by you');
    const back = await nextPage(() => perform(page, { command: 'retrace', options: {} }));
    assert.equal(back.speed.value, 25);
  });

  test('is screened when the trace is called right, and the answer says where it comes from', async () => {
    const { view } = await nextResult(page, () => perform(page, { command: 'accept_page' }));
    assert.equal(await pageShown(), null);
    assert.ok(view.input.notes.some((note) => /checked by eye/.test(note)), view.input.notes.join(' | '));
    const rate = view.measurements.find(({ id }) => id === 'heart_rate_bpm');
    assert.ok(Math.abs(rate.value - kBeatsPerMinute) < 2, `${rate.value} beats a minute`);
    assert.notEqual(view.measurements.find(({ id }) => id === 'qrs_ms').value, null);
    const [download] = await Promise.all([page.waitForEvent('download'), perform(page, { command: 'export_json' })]);
    const chunks = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const screening = JSON.parse(text);
    assert.equal(screening.ecg.paper.reviewed, true);
    assert.equal(screening.ecg.paper.layout, '3x4+1');
    for (const word of kPrintedName.split(' ')) assert.ok(!text.includes(word), 'nothing printed on the page is exported');
  });

  test('keeps its corrections when the answer has to be computed anew', async () => {
    await perform(page, { command: 'print' });
    const report = page.frameLocator('#report-frame');
    await report.locator('h1').first().waitFor();
    const text = await report.locator('body').innerText();
    for (const word of kPrintedName.split(' ')) assert.ok(!text.includes(word), 'nothing printed on the page is in the report');
    await page.locator('#report-dialog [value=close]').click();
    const { view } = await nextResult(page, () => perform(page, { command: 'set_provider', provider: 'wasm' }), 120_000);
    assert.ok(view.input.notes.some((note) => /checked by eye/.test(note)));
  });

  test('leaves with the back button, and a file after it is screened as ever', async () => {
    await nextPage(() => dropFiles(page, [{ name: 'dropped.png', buffer: picture }]));
    await page.goBack();
    await page.waitForFunction(() => window.precordia.page === null);
    assert.equal(await result(page), null);
    const { view } = await nextResult(page, () => chooseFiles(page, madeUpRecord()));
    assert.ok(!view.input.notes.some((note) => /picture of paper/.test(note)));
  });

  test('as WebP goes through the browser\'s decoder to the same reading', async () => {
    const webp = await printedPage(page, { type: 'image/webp' });
    assert.equal(foreignPicture(webp), 'WebP');
    const view = await nextPage(() => choose('page.webp', webp, 'image/webp'));
    assert.equal(view.layout.id, '3x4+1');
    assert.equal(view.error, '');
  });

  test('that is none is refused with a reason, and shown all the same so that its corners can be set', async () => {
    const view = await nextPage(() => printedPage(page, { ink: false }).then((blank) => choose('blank.png', blank)));
    assert.ok(view.error.length > 20, view.error);
    assert.equal(view.skippable, false);
    assert.equal(await page.locator('#accept-button').isVisible(), false);
  });

  test('that is damaged is an error in words', async () => {
    await perform(page, { command: 'dismiss_error' });
    await choose('cut.png', picture.subarray(0, picture.length / 2));
    await page.waitForFunction(() => window.precordia.error);
    assert.match(await errorShown(page), /damaged|not copied/);
    await perform(page, { command: 'dismiss_error' });
  });

  test('is screened without a look only where every check passes and the user chose so, which the notes say', async () => {
    await perform(page, { command: 'skip_review', on: true });
    await page.evaluate(() => { window.before = [window.precordia.pagesShown, window.precordia.resultsShown]; });
    await choose('skipped.png', picture);
    await page.waitForFunction(() => window.precordia.pagesShown > window.before[0] || window.precordia.resultsShown > window.before[1], null, { timeout: 60_000 });
    const shown = await pageShown();
    if (shown) {
      assert.equal(shown.skippable, false, 'a page that passes is not held up');
    } else {
      assert.ok((await result(page)).view.input.notes.some((note) => /nobody has checked/.test(note)));
    }
    await perform(page, { command: 'skip_review', on: false });
  });

  test('leaves nothing behind: no storage, no request to another place', async () => {
    const kept = await page.evaluate(async () => {
      const cached = [];
      for (const name of await caches.keys()) for (const { url } of await (await caches.open(name)).keys()) cached.push(url);
      return { local: localStorage.length, session: sessionStorage.length, databases: (await indexedDB.databases()).length, cached };
    });
    assert.deepEqual({ local: kept.local, session: kept.session, databases: kept.databases }, { local: 0, session: 0, databases: 0 });
    assert.ok(kept.cached.every((url) => !/\/(page|photo|dropped)[^/]*\.(png|jpe?g|gif|bmp|webp|heic)$/i.test(new URL(url).pathname)), kept.cached.join(' '));
    const own = new URL(server.url).origin;
    assert.deepEqual(page.seen.requests.filter((url) => !url.startsWith(own) && !/^(blob|data):/.test(url)), []);
    assert.deepEqual(page.seen.problems, []);
  });
});

describe('the camera', () => {
  test('shows a live picture and a hint, and is off when the dialog closes', async () => {
    await page.waitForFunction(() => window.precordia.status.camera === true);
    await perform(page, { command: 'camera' });
    await page.waitForFunction(() => document.querySelector('#camera-video').videoWidth > 0);
    await page.waitForFunction(() => !/Starting/.test(document.querySelector('#camera-hint').textContent));
    await page.evaluate(() => document.querySelector('#camera-dialog [value=cancel]').click());
    assert.equal(await page.evaluate(() => document.querySelector('#camera-video').srcObject), null);
  });

  test('hands its photo on like a file', async () => {
    await perform(page, { command: 'dismiss_error' });
    await page.evaluate(() => { window.pagesBefore = window.precordia.pagesShown; });
    await perform(page, { command: 'camera' });
    await page.waitForFunction(() => document.querySelector('#camera-video').videoWidth > 0);
    await page.evaluate(() => document.querySelector('#camera-dialog [value=take]').click());
    // The fake camera shows a coloured pattern, which is no ECG: refused, with words.
    await page.waitForFunction(() => window.precordia.pagesShown > window.pagesBefore || window.precordia.error, null, { timeout: 60_000 });
    assert.ok((await pageShown())?.error || (await errorShown(page)));
    assert.equal(await page.locator('#camera-dialog').isVisible(), false);
    await perform(page, { command: 'dismiss_error' });
  });

  test('tells dark, moving, blurred and good pictures apart', () => {
    const frame = (paint) => {
      const data = new Uint8ClampedArray(480 * 300 * 4).fill(255);
      for (let y = 0; y < 300; ++y) for (let x = 0; x < 480; ++x) data.fill(paint(x, y), 4 * (y * 480 + x), 4 * (y * 480 + x) + 3);
      return { data, width: 480, height: 300 };
    };
    const grid = (x, y) => (x % 8 === 0 || y % 8 === 0 ? 150 : 225);
    const blurred = (x, y) => 200 + 15 * Math.sin(x / 12) + 10 * Math.sin(y / 15);
    assert.equal(hintFor(judgeFrame(frame(grid))).ready, true);
    assert.match(hintFor(judgeFrame(frame(() => 20))).sentence, /light/);
    assert.match(hintFor(judgeFrame(frame(blurred))).sentence, /sharp/);
    const first = judgeFrame(frame(grid));
    assert.match(hintFor(judgeFrame(frame((x, y) => grid(x + 4, y + 3)), first.grey)).sentence, /still/);
    assert.match(hintFor(judgeFrame(frame((x, y) => (Math.hypot(x - 240, y - 150) < 50 ? 255 : grid(x, y))))).sentence, /Glare/);
  });
});

for (const size of [{ width: 1280, height: 800 }, { width: 800, height: 1280 }, { width: 390, height: 844 }]) {
  test(`the review at ${size.width}x${size.height}`, async () => {
    await page.setViewportSize(size);
    await nextPage(() => choose('page.png', picture));
    await canvasAtRest(page);
    const shot = await page.screenshot();
    saveArtefact(`screenshots/review-${size.width}x${size.height}.png`, shot);
    assert.ok(shot.length > 30_000);
  });
}
