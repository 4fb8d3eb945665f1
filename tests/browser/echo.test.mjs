// Echo clips in a real browser: the simulated heart through the real network, its screen, corrections, and a clip beside an ECG.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import {
  canvasAtRest, chooseFiles, errorShown, launchBrowser, madeUpRecord, nextResult, openApp, perform, repository, saveArtefact, serve,
} from './support.mjs';

const sonosite = path.resolve(repository, '../shared/data/echo/sonosite_a4c_30frames.dcm');
const noClip = existsSync(sonosite) ? false : 'the real clip (../shared/data/echo) is not on this machine';

let server;
let browser;
let context;
let page;
const open = async (viewport) => {
  context = await browser.newContext({ viewport, acceptDownloads: true, hasTouch: viewport.width < 600 });
  page = await openApp(context, server.url, { query: '?provider=wasm' });
};
const framesDrawn = () => page.evaluate(() => window.precordia.framesDrawn);
/** It plays: many more frames than what settles after an input. Slow machines draw in software, so there is no fixed time for it. */
const drawnMore = (than) => page.waitForFunction((count) => window.precordia.framesDrawn > count + 12, than, { timeout: 20_000 });
const textOf = async (download) => {
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

// A handle of the contour under correction, on the ventricle's left: where most of the contour's yellow lies close together.
const leftHandle = (picture) => page.evaluate(async (base64) => {
  const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))]));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const { data, width } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const yellow = [];
  for (let i = 0; i < data.length; i += 4) {
    const x = (i / 4) % width, y = Math.floor(i / 4 / width);
    if (y > 200 && data[i] === 0xf0 && data[i + 1] === 0xe4 && data[i + 2] === 0x42) yellow.push({ x, y });
  }
  const middle = (key) => (Math.min(...yellow.map((p) => p[key])) + Math.max(...yellow.map((p) => p[key]))) / 2;
  const [x0, y0] = [middle('x'), middle('y')];
  const near = (p) => yellow.filter((q) => Math.hypot(p.x - q.x, p.y - q.y) < 6).length;
  return yellow.filter(({ x, y }) => x < x0 - 12 && Math.abs(y - y0) < 45).map((p) => ({ ...p, count: near(p) })).sort((a, b) => b.count - a.count)[0];
}, picture.toString('base64'));

before(async () => {
  browser = await launchBrowser();
  server = await serve();
  await open({ width: 1280, height: 800 });
});

describe('the simulated clips', () => {
  let shown;

  test('become an ejection fraction by Simpson\'s biplane, in pictures and in words', async () => {
    shown = await nextResult(page, () => perform(page, { command: 'demo', condition: 'echo_reduced' }), 120_000);
    assert.equal(await errorShown(page), null);
    const { echo } = shown;
    assert.equal(shown.view, null, 'there is no ECG');
    assert.equal(echo.simulated, true);
    assert.deepEqual(echo.clips.map(({ view }) => view), ['apical 4-chamber', 'apical 2-chamber']);
    assert.equal(echo.method, "Simpson's biplane");
    assert.ok(Math.abs(echo.ef.value - 34) < 10, `${echo.ef.value} % instead of 34`);
    assert.ok(echo.ef.low < echo.ef.value && echo.ef.value < echo.ef.high);
    assert.ok(Math.abs(echo.bands.reduce((sum, { probability }) => sum + probability, 0) - 1) < 0.001);
    const rate = echo.clips[0].measures.find(({ label }) => label === 'Heart rate').text;
    assert.ok(Math.abs(Number.parseFloat(rate) - 84) <= 4, rate);
    const words = await page.innerText('#text-view');
    assert.match(words, /Ejection fraction \d+ %/);
    assert.match(words, /Decision support for research, not a medical device/);
    assert.match(words, /basal inferoseptal/);
  });

  test('stand still until they are played, and again once they are paused', async () => {
    await canvasAtRest(page);
    const still = await framesDrawn();
    await page.waitForTimeout(600);
    assert.equal(await framesDrawn(), still);
    await page.keyboard.press('k');
    await drawnMore(still);
    await page.keyboard.press('k');
    await canvasAtRest(page);
    saveArtefact('echo-1280x800.png', await page.screenshot());
  });

  test('are measured again when a contour is corrected, and as before when that is taken back', async () => {
    const { echo: { clips: [clip] } } = shown;
    const { ed, ef } = clip.beats[0];
    // A ventricle that is far too large: a half-ellipse as wide as a third of the picture.
    const points = [];
    for (let i = 0; i < 33; ++i) {
      const angle = Math.PI * (1 - i / 32);
      points.push(clip.side * (0.5 + 0.2 * Math.cos(angle)), clip.side * (0.68 - 0.5 * Math.sin(angle)));
    }
    const larger = await nextResult(page, () => perform(page, { command: 'echo_contour', clip: 0, frame: ed, points }));
    assert.deepEqual(larger.echo.clips[0].by_hand, [ed]);
    assert.ok(larger.echo.clips[0].beats[0].ef > ef + 5, `${larger.echo.clips[0].beats[0].ef} after ${ef}`);
    assert.match(await page.innerText('#details-text'), /corrected by hand/);
    const back = await nextResult(page, () => perform(page, { command: 'echo_contour', clip: 0, frame: ed, points: [] }));
    assert.deepEqual(back.echo.clips[0].by_hand, []);
    assert.equal(back.echo.clips[0].beats[0].ef, ef);
  });

  test('are corrected by dragging with the mouse', async () => {
    await page.keyboard.press('e');
    await canvasAtRest(page);
    const picture = await page.screenshot();
    saveArtefact('echo-correct-1280x800.png', picture);
    const handle = await leftHandle(picture);
    const dragged = await nextResult(page, async () => {
      await page.mouse.move(handle.x, handle.y);
      await page.mouse.down();
      await page.mouse.move(handle.x - 30, handle.y, { steps: 4 });
      await page.mouse.up();
    });
    const { ed, ef } = shown.echo.clips[0].beats[0];
    assert.deepEqual(dragged.echo.clips[0].by_hand, [ed]);
    assert.ok(dragged.echo.clips[0].beats[0].ef > ef + 2, `${dragged.echo.clips[0].beats[0].ef} after ${ef}`);
    const undone = await nextResult(page, () => page.keyboard.press('z'));
    assert.deepEqual(undone.echo.clips[0].by_hand, []);
    await page.keyboard.press('Escape');
    await canvasAtRest(page);
  });

  test('are saved as JSON, the same as the command line writes', async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), perform(page, { command: 'export_echo' })]);
    const saved = JSON.parse(await textOf(download));
    assert.equal(saved.ef_percent, shown.echo.ef.value);
    assert.equal(saved.clips.length, 2);
  });

  test('are gone once the examination is closed', async () => {
    await perform(page, { command: 'close' });
    await page.waitForFunction(() => window.precordia.lastResult === null);
    assert.equal(await page.isVisible('#details-text'), false);
    assert.doesNotMatch(await page.textContent('#text-view'), /Ejection fraction \d+ %/);
  });
});

test('on a phone the clip has its controls, its curve and its answer', async () => {
  await open({ width: 390, height: 844 });
  await nextResult(page, () => perform(page, { command: 'demo', condition: 'echo_preserved' }), 120_000);
  await canvasAtRest(page);
  saveArtefact('echo-390x844.png', await page.screenshot());
  const before = await framesDrawn();
  await page.touchscreen.tap(38, 436);   // play, below the picture
  await drawnMore(before);
  assert.deepEqual(page.seen.problems, []);
});

describe('a real clip', { skip: noClip }, () => {
  test('opens by itself and says what it shows or why it cannot be told', async () => {
    await open({ width: 1280, height: 800 });
    const { echo } = await nextResult(page, () => chooseFiles(page, [sonosite]), 120_000);
    assert.equal(echo.clips.length, 1);
    assert.equal(echo.simulated, false);
    assert.ok(echo.ef !== null || echo.cannot_tell.length > 0);
    await canvasAtRest(page);
  });

  test('is added beside an ECG, whose answer then has its ejection fraction', async () => {
    const alone = await nextResult(page, () => chooseFiles(page, madeUpRecord()));
    assert.equal(alone.echo, null);
    const both = await nextResult(page, () => page.setInputFiles('#clip-input', [sonosite]), 120_000);
    assert.equal(await errorShown(page), null);
    assert.equal(both.view.input.name, alone.view.input.name);
    assert.equal(both.echo.clips.length, 1);
    assert.deepEqual(page.seen.problems, []);
  });
});
