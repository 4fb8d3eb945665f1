// Clips on the command line: ./precordia echo, segment, and screen with a clip.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inflateSync } from 'node:zlib';
import { phantomAvi } from '../../web/benchmark.mjs';
import { greyPng } from '../../web/png.mjs';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'precordia-echo-'));
after(() => rmSync(folder, { recursive: true }));
const inFolder = (name) => path.join(folder, name);
const real = path.join(repository, '../shared/data/echo/sonosite_a4c_30frames.dcm');
const withoutReal = !existsSync(real) && 'the real clip is not on this machine';
const record = path.join(repository, '../shared/data/ptbxl/wfdb500/00001.hea');

function precordia(args) {
  return new Promise((resolve) => {
    const child = spawn(path.join(repository, 'precordia'), args);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => { stdout += data; });
    child.stderr.on('data', (data) => { stderr += data; });
    child.on('close', (status) => resolve({ status, stdout, stderr, objects: () => stdout.trim().split('\n').map((line) => JSON.parse(line)) }));
  });
}

writeFileSync(inFolder('phantom.avi'), phantomAvi({ frames: 45 }).bytes);

// A fan as one still: black corners, grey inside.
function fanPng(side, cavity = 0.13) {
  const grey = new Uint8Array(side * side);
  for (let row = 0; row < side; ++row) {
    for (let column = 0; column < side; ++column) {
      const x = (column + 0.5) / side - 0.5;
      const y = (row + 0.5) / side;
      if (Math.abs(x) > 0.5 * y || Math.hypot(x, y) > 1) continue;
      grey[row * side + column] = (Math.hypot(x / cavity, (y - 0.42) / 0.28) < 1 ? 25 : 120) + ((column * 31 + row * 17) % 40);
    }
  }
  return greyPng(side, side, grey);
}

test('echo gives the keys that others rely on, and never a number where it cannot tell', { timeout: 120000 }, async () => {
  const { status, objects } = await precordia(['echo', inFolder('phantom.avi'), '--json']);
  assert.equal(status, 0);
  const [result] = objects();
  for (const key of ['ef_percent', 'ef_low_percent', 'ef_high_percent', 'beats', 'gls_percent', 'lv_area_curve', 'view', 'quality']) assert.ok(key in result, key);
  assert.equal(result.lv_area_curve.length, 45);
  assert.equal(result.frame_times_ms.length, 45);
  assert.equal(result.ef_percent === null, result.cannot_tell_because.length > 0);
  assert.match(result.disclaimer, /not a medical device/);
});

test('what is no clip is refused with a sentence, and the next input is read', { timeout: 120000 }, async () => {
  writeFileSync(inFolder('letter.txt'), 'Dear colleague');
  const { status, stderr, objects } = await precordia(['echo', inFolder('letter.txt'), inFolder('absent.dcm'), inFolder('phantom.avi'), '--json']);
  assert.equal(status, 1);
  const [letter, absent, clip] = objects();
  assert.equal(letter.error.code, 'not_recognised');
  assert.equal(absent.error.code, 'cannot_read');
  assert.equal(clip.error, undefined);
  assert.match(stderr, /letter\.txt: [A-Z].*\./);
});

test('segment writes a mask of the size of the picture', { timeout: 120000 }, async () => {
  writeFileSync(inFolder('fan.png'), fanPng(224));
  const { status, objects } = await precordia(['segment', inFolder('fan.png'), '--out', inFolder('mask.png'), '--json']);
  assert.equal(status, 0);
  const [result] = objects();
  assert.deepEqual([result.width, result.height], [224, 224]);
  const png = readFileSync(inFolder('mask.png'));
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]], [224, 224, 8, 0]);
  const classes = inflateSync(png.subarray(41, 41 + png.readUInt32BE(33)));
  assert.equal(classes.length, 225 * 224);
  assert.ok(classes.every((value) => value <= 3));
  const sum = Object.values(result.pixels).reduce((a, b) => a + b);
  assert.equal(sum, 224 * 224);
});

test('a folder of pictures is one clip, and segment takes no clip', { timeout: 120000 }, async () => {
  mkdirSync(inFolder('frames'));
  for (let i = 0; i < 12; ++i) writeFileSync(inFolder(`frames/${i}.png`), fanPng(224, 0.13 + 0.02 * Math.cos(i)));
  const { objects } = await precordia(['echo', inFolder('frames'), '--json']);
  assert.equal(objects()[0].clip.frames, 12);
  assert.deepEqual(objects()[0].frame_times_ms, []);   // pictures do not say when they were taken
  const refused = await precordia(['segment', inFolder('phantom.avi'), '--out', inFolder('x.png'), '--json']);
  assert.equal(refused.status, 1);
  assert.match(refused.objects()[0].error.message, /clip of 45 frames/);
});

test('wrong usage is told apart from bad input', async () => {
  assert.equal((await precordia(['segment', inFolder('fan.png')])).status, 2);
  assert.equal((await precordia(['echo'])).status, 2);
  assert.equal((await precordia(['echo', 'x', '--precision', 'int4'])).status, 2);
});

test('the real handheld clip: an apical 4-chamber view, an EF, no jumps between frames', { skip: withoutReal, timeout: 120000 }, async () => {
  const { status, objects } = await precordia(['echo', real, '--json', '--masks', inFolder('masks')]);
  assert.equal(status, 0);
  const [result] = objects();
  assert.equal(result.view, 'apical 4-chamber');
  assert.equal(result.lv_area_curve.length, 30);
  assert.ok(result.ef_percent > 30 && result.ef_percent < 80, String(result.ef_percent));
  assert.ok(existsSync(inFolder('masks/sonosite_a4c_30frames-0029.png')));
  assert.equal(JSON.stringify(result).includes('PLA'), false);   // what the machine printed beside the fan
});

test('a clip and an ECG of one person give one answer, in which EF decides', { skip: withoutReal || (!existsSync(record) && 'no real record'), timeout: 120000 }, async () => {
  const [both] = (await precordia(['screen', record, '--echo', real, '--age', '56', '--sex', 'F', '--json'])).objects();
  assert.equal(both.error, undefined);
  assert.ok(both.echo.ef_percent > 0);
  assert.notEqual(both.ecg, null);
  const [alone] = (await precordia(['screen', real, '--json'])).objects();
  assert.equal(alone.ecg, null);
  assert.equal(alone.echo.ef_percent, both.echo.ef_percent);
});
