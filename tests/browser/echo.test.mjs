// Echo clips in a real browser: the simulated heart through the real network, its screen, corrections, and a clip beside an ECG.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { phantomAvi } from '../../web/benchmark.mjs';
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
  await context?.close();   // what plays on a page that is done with would take the next one's time
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
    // That the networks for clips are stored is news that the dashboard draws once.
    await page.waitForFunction(() => window.precordia.status.clips_ready, null, { timeout: 60_000 });
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

test('an uncompressed clip of many megabytes is read frame by frame, alone and beside an ECG', async () => {
  await open({ width: 1280, height: 800 });
  const { name, bytes } = phantomAvi({ frames: 45 });
  assert.ok(bytes.byteLength > 8e6);
  const clip = { name, mimeType: 'video/x-msvideo', buffer: Buffer.from(bytes.buffer) };
  const { echo } = await nextResult(page, () => chooseFiles(page, [clip]), 120_000);
  assert.equal(echo.clips[0].frames, 45);
  await nextResult(page, () => chooseFiles(page, madeUpRecord()));
  const both = await nextResult(page, () => page.setInputFiles('#clip-input', [clip]), 120_000);
  assert.equal(both.echo.clips[0].frames, 45);
  assert.ok(both.view);
  // What begins like a clip and is none is refused in one sentence, and harms nothing.
  await page.setInputFiles('#clip-input', [{ ...clip, name: 'cut.avi', buffer: Buffer.concat([clip.buffer.subarray(0, 60), Buffer.alloc(5e6)]) }]);
  await page.waitForFunction(() => window.precordia.error);
  assert.match(await errorShown(page), /^[A-Z][^\n]*\.$/);
  assert.equal((await page.evaluate(() => window.precordia.lastResult)).echo.clips.length, 1);
  assert.deepEqual(page.seen.problems, []);
});

// A fan with a beating dark cavity, drawn in the page: not much of a heart, but a clip. Gives the file's bytes as base64.
const drawnVideo = (at, kind) => at.evaluate(async (wanted) => {
  const [width, height, frames, stepMs] = [480, 360, 60, 40];
  const speckle = Float32Array.from({ length: width * height }, (_, i) => 0.6 + 0.4 * Math.sin(12.9898 * i + 78.233 * Math.sin(i)));
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  window.drawHeart = (ms) => {
    const squeeze = 0.5 - 0.5 * Math.cos((2 * Math.PI * ms) / 900);
    const picture = context.createImageData(width, height);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const [dx, dy] = [x - width / 2, y - 12];
        const r = Math.hypot(dx, dy);
        const fan = dy > 0 && Math.abs(Math.atan2(dx, dy)) < 0.65 && r > 6 && r < 325;
        const oval = Math.hypot(dx / (52 - 16 * squeeze), (y - 150) / (92 - 14 * squeeze));
        const level = fan ? speckle[y * width + x] * (oval < 1 ? 18 : oval < 1.35 ? 170 : 80) : 0;
        picture.data.set([level, level, level, 255], 4 * (y * width + x));
      }
    }
    context.putImageData(picture, 0, 0);
    return canvas;
  };
  let blob;
  if (wanted === 'mp4') {
    const { createFile } = await import('/mp4box/mp4box.all.mjs');
    const file = createFile();
    let track = null;
    const encoder = new VideoEncoder({
      error: () => {},
      output: (chunk, { decoderConfig }) => {
        track ??= file.addTrack({ type: 'avc1', width, height, timescale: 1e6, avcDecoderConfigRecord: decoderConfig.description });
        const data = new ArrayBuffer(chunk.byteLength);
        chunk.copyTo(data);
        file.addSample(track, new Uint8Array(data), { duration: stepMs * 1000, dts: chunk.timestamp, cts: chunk.timestamp, is_sync: chunk.type === 'key' });
      },
    });
    encoder.configure({ codec: 'avc1.42002a', width, height, bitrate: 4e6, framerate: 25, avc: { format: 'avc' } });
    for (let i = 0; i < frames; i += 1) {
      const frame = new VideoFrame(window.drawHeart(i * stepMs), { timestamp: i * stepMs * 1000 });
      encoder.encode(frame, { keyFrame: i % 20 === 0 });
      frame.close();
    }
    await encoder.flush();
    blob = new Blob([file.getBuffer().buffer ?? file.getBuffer()]);
  } else {
    const recorder = new MediaRecorder(canvas.captureStream(), { mimeType: 'video/webm;codecs=vp8' });
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.start();
    for (let i = 0; i < frames; i += 1) {
      window.drawHeart(i * stepMs);
      await new Promise((resolve) => { setTimeout(resolve, stepMs); });
    }
    recorder.stop();
    await new Promise((resolve) => { recorder.onstop = resolve; });
    blob = new Blob(parts);
  }
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}, kind);

describe('a video', () => {
  const asFile = async (kind) => ({ name: `heart.${kind}`, mimeType: `video/${kind}`, buffer: Buffer.from(await drawnVideo(page, kind), 'base64') });
  before(() => open({ width: 1024, height: 768 }));

  test('H.264 in an MP4 goes through the worker\'s own decoder', async () => {
    const { echo } = await nextResult(page, async () => chooseFiles(page, [await asFile('mp4')]), 120_000);
    assert.equal(echo.clips.length, 1);
    assert.ok(echo.clips[0].frames >= 50, `${echo.clips[0].frames} frames`);
    assert.ok(echo.ef !== null || echo.cannot_tell.length > 0);
  });

  test('WebM is played by the page, whose frames the worker takes', async () => {
    const { echo } = await nextResult(page, async () => chooseFiles(page, [await asFile('webm')]), 120_000);
    assert.equal(echo.clips.length, 1);
    assert.ok(echo.clips[0].frames >= 20, `${echo.clips[0].frames} frames`);
    // It stays there for what depends on it: the answer in another language.
    const again = await nextResult(page, () => perform(page, { command: 'set_language', language: 'fr' }), 60_000);
    assert.equal(again.echo.clips[0].frames, echo.clips[0].frames);
    await perform(page, { command: 'set_language', language: 'en' });
  });

  test('beside an ECG is added, refused without harm, and removed', async () => {
    await nextResult(page, () => chooseFiles(page, madeUpRecord()));
    const webm = await asFile('webm');
    const both = await nextResult(page, () => page.setInputFiles('#clip-input', [webm]), 120_000);
    assert.equal(both.echo.clips.length, 1);
    await page.setInputFiles('#clip-input', [{ name: 'notes.avi', mimeType: 'video/avi', buffer: Buffer.from('RIFF\x10\0\0\0AVI LIST and no more') }]);
    await page.waitForFunction(() => window.precordia.error);
    assert.match(await errorShown(page), /^[A-Z][^\n]*\.$/);
    assert.equal((await page.evaluate(() => window.precordia.lastResult)).echo.clips.length, 1);
    const after = await nextResult(page, () => perform(page, { command: 'drop_clip', clip: 0 }), 60_000);
    assert.equal(after.echo, null);
    assert.ok(after.view);
    assert.deepEqual(page.seen.problems, []);
  });

  test('that is the only clip leads back to the start when it is removed', async () => {
    await nextResult(page, async () => chooseFiles(page, [await asFile('mp4')]), 120_000);
    await perform(page, { command: 'drop_clip', clip: 0 });
    await page.waitForFunction(() => window.precordia.lastResult === null);
  });
});

test('a screen filmed with the camera becomes a clip, and the camera is off afterwards', async () => {
  await open({ width: 1024, height: 768 });
  await drawnVideo(page, 'mp4');   // for its drawing
  await page.evaluate(async () => {
    const beat = [];   // drawn beforehand: a busy machine cannot draw 20 a second
    for (let ms = 0; ms < 900; ms += 36) beat.push(await createImageBitmap(window.drawHeart(ms)));
    const canvas = window.drawHeart(0);
    const screen = canvas.getContext('2d');
    const started = performance.now();
    setInterval(() => screen.drawImage(beat[Math.floor((performance.now() - started) / 36) % beat.length], 0, 0), 40);
    navigator.mediaDevices.getUserMedia = async () => { window.filmed = canvas.captureStream(30); return window.filmed; };
  });
  await perform(page, { command: 'film' });
  await page.waitForSelector('#film-dialog button[value=record]:enabled');
  saveArtefact('film-1024x768.png', await page.screenshot());
  const { echo } = await nextResult(page, () => page.click('#film-dialog button[value=record]'), 120_000);
  assert.equal(echo.clips[0].name, 'Filmed clip');
  assert.ok(echo.clips[0].frames >= 20, `${echo.clips[0].frames} frames`);
  assert.equal(await page.evaluate(() => window.filmed.getTracks().every(({ readyState }) => readyState === 'ended')), true);
  assert.equal(await page.isVisible('#film-dialog'), false);
  assert.deepEqual(page.seen.problems, []);
});
