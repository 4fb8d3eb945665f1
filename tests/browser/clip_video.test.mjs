// Video clips in a real browser: made here with the browser's own encoders, decoded by WebCodecs and by the media element.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { videoKind } from '../../web/clip_video.js';
import { launchBrowser, repository, serve } from './support.mjs';

let page;

before(async () => {
  const browser = await launchBrowser();
  const server = await serve();
  page = await browser.newPage();
  await page.goto(new URL('report.html', server.url).href);   // a page of the app, with its policy, on which nothing runs
  await page.evaluate(() => {
    // Frame `i` is grey level 8 + 3 i, with a white square in its upper left corner.
    window.drawn = (i, width, height) => {
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext('2d');
      context.fillStyle = `rgb(${Array(3).fill(8 + 3 * i).join(',')})`;
      context.fillRect(0, 0, width, height);
      context.fillStyle = '#fff';
      context.fillRect(0, 0, width / 8, height / 8);
      return canvas;
    };
    window.mp4Clip = async ({ frames, width, height, stepMs }) => {
      const { createFile } = await import('/mp4box/mp4box.all.mjs');
      const file = createFile();
      let track = null;
      let failure = null;
      const encoder = new VideoEncoder({
        error: (error) => { failure = error; },
        output: (chunk, { decoderConfig }) => {
          track ??= file.addTrack({ type: 'avc1', width, height, timescale: 1e6, avcDecoderConfigRecord: decoderConfig.description });
          const data = new ArrayBuffer(chunk.byteLength);
          chunk.copyTo(data);
          file.addSample(track, new Uint8Array(data), { duration: stepMs * 1000, dts: chunk.timestamp, cts: chunk.timestamp, is_sync: chunk.type === 'key' });
        },
      });
      encoder.configure({ codec: 'avc1.42002a', width, height, bitrate: 4e6, framerate: Math.max(1, 1000 / stepMs), avc: { format: 'avc' } });
      for (let i = 0; i < frames; i += 1) {
        const frame = new VideoFrame(window.drawn(i, width, height), { timestamp: i * stepMs * 1000 });
        encoder.encode(frame, { keyFrame: i % 20 === 0 });
        frame.close();
      }
      await encoder.flush();
      if (failure) throw failure;
      return new Blob([file.getBuffer().buffer ?? file.getBuffer()]);
    };
    window.webmClip = async ({ frames, width, height, stepMs }) => {
      const canvas = document.createElement('canvas');
      Object.assign(canvas, { width, height });
      const context = canvas.getContext('2d');
      const recorder = new MediaRecorder(canvas.captureStream(), { mimeType: 'video/webm;codecs=vp8' });
      const parts = [];
      recorder.ondataavailable = ({ data }) => parts.push(data);
      recorder.start();
      for (let i = 0; i < frames; i += 1) {
        context.drawImage(window.drawn(i, width, height), 0, 0);
        await new Promise((resolve) => { setTimeout(resolve, stepMs); });
      }
      recorder.stop();
      await new Promise((resolve) => { recorder.onstop = resolve; });
      return new Blob(parts);
    };
    window.decoded = async (blob, options = {}) => {
      const { decodeVideo } = await import('/clip_video.js');
      const times = [];
      const levels = [];
      let corner = 0;
      const abort = new AbortController();
      const onFrame = (rgba, width, height, timeMs) => {
        times.push(timeMs);
        levels.push(rgba[4 * (Math.floor(height / 2) * width + Math.floor(width / 2))]);
        corner = rgba[4 * (2 * width + 2)];
        if (times.length === options.abortAt) abort.abort();
        return times.length !== options.stopAt;
      };
      try {
        return { ...await decodeVideo(blob, { onFrame, signal: abort.signal, prefer: options.prefer ?? 'WebCodecs' }), times, levels, corner };
      } catch (error) {
        return { code: error.code, sentence: error.message, times };
      }
    };
  });
});

/** Each level within the codec's error of the one that was drawn. */
function assertLevels(levels, first = 0) {
  levels.forEach((level, i) => assert.ok(Math.abs(level - (8 + 3 * (first + i))) <= 4, `frame ${i}: ${level}`));
}

describe('an MP4 clip', () => {
  test('gives every frame in order with its own time through WebCodecs', async () => {
    const result = await page.evaluate(async () => window.decoded(await window.mp4Clip({ frames: 45, width: 320, height: 240, stepMs: 40 })));
    assert.equal(result.sentence, undefined);
    assert.equal(result.by, 'WebCodecs');
    assert.equal(result.frames, 45);
    assert.equal(result.complete, true);
    assert.deepEqual(result.times, Array.from({ length: 45 }, (_, i) => 40 * i));
    assertLevels(result.levels);
    assert.ok(result.corner > 230);
  });

  test('wider than 640 pixels is drawn smaller', async () => {
    const result = await page.evaluate(async () => window.decoded(await window.mp4Clip({ frames: 3, width: 1280, height: 720, stepMs: 40 })));
    assert.deepEqual([result.width, result.height, result.frames], [640, 360, 3]);
  });

  test('of more than a minute ends at the minute, and where the callback says', async () => {
    const long = await page.evaluate(async () => window.decoded(await window.mp4Clip({ frames: 70, width: 64, height: 64, stepMs: 1000 })));
    assert.equal(long.frames, 61);
    assert.equal(long.complete, false);
    const stopped = await page.evaluate(async () => window.decoded(await window.mp4Clip({ frames: 30, width: 64, height: 64, stepMs: 40 }), { stopAt: 7 }));
    assert.equal(stopped.times.length, 7);
    assert.equal(stopped.complete, false);
  });

  test('is played through the media element where WebCodecs is not to be had', async () => {
    const result = await page.evaluate(async () => window.decoded(await window.mp4Clip({ frames: 30, width: 320, height: 240, stepMs: 40 }), { prefer: 'media element' }));
    assert.equal(result.sentence, undefined);
    assert.equal(result.by, 'media element');
    assert.ok(result.frames >= 15 && result.frames <= 30, `${result.frames} of 30 frames`);
    assert.ok(result.times.every((time, i) => i === 0 || time > result.times[i - 1]));
    for (const time of result.times) assert.ok(Math.abs(time / 40 - Math.round(time / 40)) < 0.05, `${time} is the time of a frame`);
  });

  test('can be cancelled', async () => {
    for (const prefer of ['WebCodecs', 'media element']) {
      const result = await page.evaluate(async (wanted) =>
        window.decoded(await window.mp4Clip({ frames: 60, width: 320, height: 240, stepMs: 40 }), { prefer: wanted, abortAt: 2 }), prefer);
      assert.equal(result.code, 'cancelled', prefer);
      assert.ok(result.times.length < 60);
    }
  });

  test('that is cut short, altered or none at all gives one sentence or the frames that are there', async () => {
    const results = await page.evaluate(async () => {
      const whole = new Uint8Array(await (await window.mp4Clip({ frames: 30, width: 320, height: 240, stepMs: 40 })).arrayBuffer());
      const altered = whole.slice();
      for (let at = 3000; at < altered.length; at += 97) altered[at] ^= 0x5a;
      return [
        await window.decoded(new Blob([whole.slice(0, whole.length * 0.6)])),
        await window.decoded(new Blob([whole.slice(0, 200)])),
        await window.decoded(new Blob([altered])),
        await window.decoded(new Blob([new Uint8Array(4000).fill(7)])),
        await window.decoded(new Blob([])),
      ];
    });
    for (const result of results) {
      if (result.sentence === undefined) assert.ok(result.frames <= 30);
      else assert.match(result.sentence, /^[A-Z][^\n]*\.$/);
    }
    assert.equal(results[3].code, 'not_recognised');
    assert.equal(results[4].code, 'empty_input');
  });
});

test('a WebM clip is played through the media element', async () => {
  const result = await page.evaluate(async () => window.decoded(await window.webmClip({ frames: 30, width: 320, height: 240, stepMs: 50 })));
  assert.equal(result.sentence, undefined);
  assert.equal(result.by, 'media element');
  assert.ok(result.frames >= 15, `${result.frames} frames`);
  assert.ok(result.times.every((time, i) => i === 0 || time > result.times[i - 1]));
  assert.ok(result.levels.at(-1) > result.levels[0] + 40);
});

test('a file is known as video by its first bytes alone', () => {
  const bytes = (words) => new Uint8Array(Buffer.from(words, 'latin1'));
  assert.equal(videoKind(bytes('\0\0\0\x1cftypisom\0\0\x02\0')), 'MP4');
  assert.equal(videoKind(bytes('\0\0\0\x14ftypqt  \0\0\0\0')), 'MP4');
  assert.equal(videoKind(bytes('\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81')), 'WebM');
  assert.equal(videoKind(bytes('\0\0\0\x1cftypheic\0\0\0\0')), null);
  assert.equal(videoKind(bytes('GIF89a and more than that')), null);
});

const folder = path.resolve(repository, '../shared/data/echo');
test('the real MP4 clips hold MPEG-4 Part 2: a browser without a decoder for it says what to do',
  { skip: existsSync(folder) ? false : 'the real clips (../shared/data/echo) are not on this machine' }, async () => {
    for (const name of ['echotracker_input.mp4', 'echotracker_input1.mp4']) {
      const content = readFileSync(path.join(folder, name)).toString('base64');
      const result = await page.evaluate(async (base64) => window.decoded(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))])), content);
      assert.equal(result.code, 'not_recognised');
      assert.match(result.sentence, /H\.264/);
    }
  });
