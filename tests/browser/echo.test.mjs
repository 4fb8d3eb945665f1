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
const textOf = async (download) => {
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

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
    await page.waitForTimeout(800);
    const moving = await framesDrawn();
    assert.ok(moving > still + 8, `${moving - still} frames while playing`);
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
    saveArtefact('echo-correct-1280x800.png', await page.screenshot());
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
  await page.waitForTimeout(800);
  assert.ok(await framesDrawn() > before + 8, 'it plays when tapped');
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
