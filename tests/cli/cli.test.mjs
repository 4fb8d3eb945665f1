// ./precordia as others call it: commands, exit statuses, one JSON object per input in order, and every kind of bad input.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync, existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { simulatedWfdbFiles } from '../../web/benchmark.mjs';
import { drawnPage, kBenchPages } from '../../web/drawn_page.mjs';
import { csvText, openBuiltEngine, realHeaders, realRecordsFolder, repository, simulatedCsv, withoutRealRecords } from '../models/support.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'precordia-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const inFolder = (name) => path.join(folder, name);
const put = (name, content) => {
  writeFileSync(inFolder(name), content);
  return inFolder(name);
};

// Runs ./precordia. Returns {status, stdout, stderr, lines: parsed JSON lines of stdout}.
function precordia(args, { input = '', cwd = folder } = {}) {
  return new Promise((resolve) => {
    const child = spawn(path.join(repository, 'precordia'), args, { cwd });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => { stdout += data; });
    child.stderr.on('data', (data) => { stderr += data; });
    child.on('close', (status) => resolve({ status, stdout, stderr, lines: () => stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line)) }));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

// The first call may build the engine, and says so on stderr: not in the middle of a test.
await precordia(['--version']);
const { engine, module } = await openBuiltEngine();
const version = module.engine_version();
const [header, signal] = simulatedWfdbFiles(engine);
put(header.name, header.bytes);
put(signal.name, signal.bytes);
const csv = simulatedCsv(engine);
const goodCsv = put('good.csv', csvText(csv));

test('screen gives the promised keys', async () => {
  const { status, lines, stderr } = await precordia(['screen', goodCsv, '--age', '63', '--sex', 'F', '--json']);
  assert.equal(stderr, '');
  assert.equal(status, 0);
  const [result] = lines();
  assert.equal(result.input, goodCsv);
  assert.equal(result.engine_version, version);
  for (const key of ['phenotype', 'probability', 'low', 'high', 'prior', 'cannot_tell_because']) assert.ok(key in result.answer, key);
  for (const key of ['evidence', 'next_step', 'ecg', 'echo', 'quality', 'models']) assert.ok(key in result, key);
});

test('measure gives the promised keys', async () => {
  const { status, lines } = await precordia(['measure', goodCsv, '--json']);
  assert.equal(status, 0);
  const [result] = lines();
  for (const key of ['heart_rate_bpm', 'pr_ms', 'qrs_ms', 'qt_ms', 'qtc_bazett_ms', 'qtc_fridericia_ms', 'p_axis_deg', 'qrs_axis_deg', 't_axis_deg']) {
    assert.equal(typeof result[key], 'number', key);
  }
  assert.ok(result.criteria);
  for (const lead of ['global', 'I', 'aVR', 'V6']) {
    assert.ok(result.fiducials[lead].length >= 8, lead);
    for (const key of ['p_on', 'p_peak', 'p_off', 'qrs_on', 'r_peak', 'qrs_off', 't_peak', 't_off']) assert.ok(key in result.fiducials[lead][0], key);
  }
});

test('predict gives probabilities under their heads, at both precisions', async () => {
  const results = [];
  for (const precision of ['int8', 'fp32']) {
    const { status, lines } = await precordia(['predict', goodCsv, '--json', '--precision', precision]);
    assert.equal(status, 0);
    const [{ outputs, precision: stated }] = lines();
    assert.equal(stated, precision);
    for (const id of ['NORM', 'MI', 'STTC', 'CD', 'HYP']) assert.ok(outputs[`superclass/${id}`] >= 0 && outputs[`superclass/${id}`] <= 1, id);
    results.push(outputs);
  }
  assert.notDeepEqual(results[0], results[1]);
});

test('without --json a person can read it', async () => {
  const screen = await precordia(['screen', goodCsv]);
  assert.match(screen.stdout, /Answer\n.*\n[^]*Next step\n[^]*Measurements\n[^]*not a medical device/);
  const measure = await precordia(['measure', goodCsv]);
  assert.match(measure.stdout, /Heart rate +\d+ +\/min/);
  const predict = await precordia(['predict', goodCsv]);
  assert.match(predict.stdout, /0\.\d{3} .*superclass\/NORM/);
  for (const { stdout, status } of [screen, measure, predict]) {
    assert.equal(status, 0);
    assert.ok(Math.max(...stdout.split('\n').filter((line) => !line.includes(folder)).map((line) => [...line].length)) <= 100);
  }
});

test('a WFDB record may be named by its header, its signal file or its bare name', async () => {
  const names = [header.name, signal.name, 'simulated'];
  const { status, lines } = await precordia(['measure', ...names, '--json']);
  assert.equal(status, 0);
  const results = lines();
  assert.deepEqual(results.map(({ input }) => input), names);
  for (const { heart_rate_bpm: rate } of results) assert.equal(rate, results[0].heart_rate_bpm);
});

test('convert writes the samples as CSV that is read again', async () => {
  const out = inFolder('converted.csv');
  assert.equal((await precordia(['convert', 'simulated', '--out', out])).status, 0);
  const text = readFileSync(out, 'utf8');
  assert.match(text, /^time_s,I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6\n0\.0/);
  const { lines } = await precordia(['measure', 'simulated', out, '--json']);
  const [original, converted] = lines();
  assert.equal(converted.heart_rate_bpm, original.heart_rate_bpm);
  const several = await precordia(['convert', 'simulated', goodCsv, '--out', inFolder('many'), '--json']);
  assert.equal(several.status, 0);
  assert.deepEqual(several.lines().map(({ output }) => path.basename(output)), ['simulated.csv', 'good.csv']);
  assert.ok(existsSync(inFolder('many/good.csv')));
  const twice = await precordia(['convert', 'simulated', 'simulated.hea', '--out', inFolder('twice'), '--json']);
  assert.equal(twice.status, 1);
  assert.equal(twice.lines()[1].error.code, 'cannot_write');
  assert.equal((await precordia(['convert', 'simulated'])).status, 2);
});

// ---- bad input -----------------------------------------------------------------------------------------------------------

const column = (name) => csv.header.indexOf(name);
const withCells = (change) => csvText({ header: csv.header, rows: csv.rows.map((row, index) => row.map((cell, at) => change(cell, at, index))) });
const onlyColumns = (names) => csvText({ header: names, rows: csv.rows.map((row) => names.map((name) => row[column(name)])) });
const large = put('large.dat', '');
truncateSync(large, 100 * 1024 * 1024);
mkdirSync(inFolder('folder'));
put('short.hea', new TextDecoder().decode(header.bytes).replaceAll('simulated', 'short'));
put('short.dat', signal.bytes.slice(0, 1000));
put('alone.hea', new TextDecoder().decode(header.bytes).replaceAll('simulated', 'alone'));
put('folder/outside.hea', new TextDecoder().decode(header.bytes).replaceAll('simulated.dat', '../simulated.dat'));

const bad = [
  ['an empty file', put('empty.csv', ''), 'empty_input'],
  ['a truncated signal file', inFolder('short.hea'), 'damaged'],
  ['a header without its signal file', inFolder('alone.hea'), 'missing_companion'],
  ['a header that points outside its folder', inFolder('folder/outside.hea'), 'missing_companion'],
  ['rows of unequal length', put('ragged.csv', `${csv.header.join(',')}\n0,1,2\n0.002,1\n`), null],
  ['every lead flat', put('flat.csv', withCells((cell, at) => (at === 0 ? cell : '0'))), 'unusable'],
  ['nothing but NaN', put('nan.csv', withCells((cell, at) => (at === 0 ? cell : 'NaN'))), null],
  ['half a second', put('brief.csv', csvText({ header: csv.header, rows: csv.rows.slice(0, 250) })), 'unusable'],
  ['100 MB', large, 'too_large'],
  ['random bytes', put('noise.bin', Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 2654435761) >>> 24))), 'not_recognised'],
  ['a picture that is cut off', put('picture.csv', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')), 'damaged'],
  ['prose', put('letter.txt', 'Dear colleague,\n\nthank you for referring this patient.\n'), null],
  ['a folder', inFolder('folder'), 'cannot_read'],
  ['a file that is not there', inFolder('nothing.hea'), 'cannot_read'],
];

// One process for all of them, each followed by a good file: none may harm the next.
const afterBad = precordia(['screen', ...bad.flatMap(([, file]) => [file, goodCsv]), '--json']);

test('bad inputs: exit 1, one object per input in order, and every good file between them is used', async () => {
  const { status, stdout, lines } = await afterBad;
  assert.equal(status, 1);
  assert.deepEqual(lines().map(({ input }) => input), bad.flatMap(([, file]) => [file, goodCsv]));
  const good = lines().filter((_, index) => index % 2 === 1);
  for (const result of good) assert.deepEqual(result, good[0]);
  assert.ok(good[0].answer);
  assert.ok(stdout.endsWith('\n'));
});

for (const [index, [what, file, code]] of bad.entries()) {
  test(`${what}: one clear sentence`, async () => {
    const { stderr, lines } = await afterBad;
    const result = lines()[2 * index];
    assert.deepEqual(Object.keys(result), ['input', 'engine_version', 'error']);
    if (code) assert.equal(result.error.code, code, result.error.message);
    assert.match(result.error.message, /^[A-Z“"][^\n]*[.!?]$/);
    assert.equal(stderr.trimEnd().split('\n')[index], `precordia: ${file}: ${result.error.message}`);
  });
}

test('some NaN samples are bridged or left out, and the rest is measured', async () => {
  const file = put('gaps.csv', withCells((cell, at, index) => (at === column('V2') && index > 1000 && index < 1010 ? 'NaN' : cell)));
  const { status, lines } = await precordia(['screen', file, '--json']);
  assert.equal(status, 0);
  assert.equal(typeof lines()[0].ecg.heart_rate_bpm, 'number');
});

test('one flat lead: measured on the others, the network runs with it flagged as missing, and that is said', async () => {
  const file = put('flat_v3.csv', withCells((cell, at) => (at === column('V3') ? '0' : cell)));
  const { status, lines } = await precordia(['screen', file, '--json']);
  assert.equal(status, 0);
  const [{ ecg, quality }] = lines();
  assert.equal(typeof ecg.heart_rate_bpm, 'number');
  assert.equal(quality.find(({ lead }) => lead === 'V3').usable, false);
  assert.equal(ecg.network.not_run_because, null);
  assert.match(ecg.network.partial_input, /V3 missing.*macro-AUC/);
  const predict = await precordia(['predict', file, '--json']);
  assert.equal(predict.status, 0);
  assert.match(predict.lines()[0].partial_input, /V3 missing/);
});

test('two chest leads are measured; the network, which was never measured on so little, is not run', async () => {
  const { status, lines } = await precordia(['screen', put('two.csv', onlyColumns(['time_s', 'V1', 'V2'])), '--json']);
  assert.equal(status, 0);
  const [{ ecg }] = lines();
  assert.equal(typeof ecg.heart_rate_bpm, 'number');
  assert.ok(ecg.network.not_run_because);
});

test('of thirty columns the twelve leads are used', async () => {
  const extra = Array.from({ length: 18 }, (_, i) => `AUX${i + 1}`);
  const file = put('thirty.csv', csvText({ header: [...csv.header, ...extra], rows: csv.rows.map((row) => [...row, ...extra.map((_, i) => String(i))]) }));
  const { status, lines } = await precordia(['measure', file, goodCsv, '--json']);
  assert.equal(status, 0);
  const [thirty, twelve] = lines();
  assert.equal(thirty.heart_rate_bpm, twelve.heart_rate_bpm);
});

test('content decides, not the extension', async () => {
  const { status, lines } = await precordia(['measure', put('misnamed.pdf', csvText(csv)), '--json']);
  assert.equal(status, 0);
  assert.equal(typeof lines()[0].heart_rate_bpm, 'number');
});

test('a short record is measured and the network is not run', async () => {
  const file = put('four_seconds.csv', csvText({ header: csv.header, rows: csv.rows.slice(0, 2000) }));
  const { status, lines } = await precordia(['screen', file, '--json']);
  assert.equal(status, 0);
  assert.match(lines()[0].ecg.network.not_run_because, /4\.0 s/);
});

test('a file that may not be read', { skip: process.getuid?.() === 0 ? 'root may read everything' : false }, async () => {
  const file = put('secret.csv', csvText(csv));
  chmodSync(file, 0);
  assert.equal((await precordia(['screen', file, '--json'])).lines()[0].error.code, 'cannot_read');
});

// ---- usage ---------------------------------------------------------------------------------------------------------------

test('paths from standard input, in order, blank lines and CRLF allowed', async () => {
  const { status, lines } = await precordia(['measure', '-', '--json'], { input: `simulated\r\n\n${goodCsv}\nmissing.csv\nsimulated.hea\n` });
  assert.equal(status, 1);
  assert.deepEqual(lines().map(({ input, error }) => [input, error?.code ?? 'ok']),
    [['simulated', 'ok'], [goodCsv, 'ok'], ['missing.csv', 'cannot_read'], ['simulated.hea', 'ok']]);
});

test('results come as they are made, not at the end', async () => {
  const child = spawn(path.join(repository, 'precordia'), ['measure', '-', '--json'], { cwd: folder });
  child.stdin.write('simulated\n');
  const first = await new Promise((resolve) => child.stdout.once('data', resolve));
  assert.equal(JSON.parse(first).input, 'simulated');
  child.stdin.end();
  assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0);
});

test('wrong usage: exit 2, nothing on stdout, a hint', async () => {
  const profile = put('profile.json', '{"age_years": 63, "shoe_size": 44}');
  const broken = put('broken.json', '{"age_years": ');
  for (const args of [[], ['frobnicate'], ['screen'], ['screen', goodCsv, '--jsno'], ['screen', goodCsv, '--age', 'old'], ['screen', goodCsv, '--age', '400'],
    ['screen', goodCsv, '--sex', 'X'], ['screen', goodCsv, '--profile', profile], ['screen', goodCsv, '--profile', broken], ['screen', goodCsv, '--profile', 'none.json'],
    ['predict', goodCsv, '--precision', 'fp16'], ['predict', goodCsv, '--model', 'none'], ['measure', '-', goodCsv], ['measure', goodCsv, '--age', '63'],
    ['bench', '--page', 'none.jpg'], ['bench', '--runs', '0']]) {
    const { status, stdout, stderr } = await precordia(args);
    assert.equal(status, 2, args.join(' '));
    assert.equal(stdout, '', args.join(' '));
    assert.match(stderr, /^precordia: .+\nTry \.\/precordia --help\.\n$/s, args.join(' '));
  }
});

test('a profile file and options reach the answer', async () => {
  const profile = put('person.json', JSON.stringify({ age_years: 70, sex: 'M', symptoms: 'suspected_hf', nt_probnp_ng_l: 5000 }));
  const { status, lines } = await precordia(['screen', goodCsv, '--profile', profile, '--json']);
  assert.equal(status, 0);
  const [withProfile] = lines();
  const [without] = (await precordia(['screen', goodCsv, '--json'])).lines();
  assert.notDeepEqual(withProfile.answer, without.answer);
});

test('help and version', async () => {
  const help = await precordia(['--help']);
  assert.equal(help.status, 0);
  assert.match(help.stdout, /screen +ECGFILE/);
  assert.equal((await precordia(['--version'])).stdout, `precordia ${version}\n`);
});

test('bench prints medians per stage', { timeout: 300000 }, async () => {
  const { status, lines } = await precordia(['bench', '--runs', '1', '--json']);
  assert.equal(status, 0);
  const [{ runs, configurations, pages }] = lines();
  assert.equal(runs, 1);
  assert.deepEqual(configurations.map(({ precision, threads }) => `${precision} ${threads}`), ['int8 1', 'int8 2', 'fp32 1']);
  for (const { median_ms: medians, clip, peak_memory_mb: memory } of configurations) {
    assert.equal(clip.frames, 90);
    assert.ok(clip.per_frame_ms > 0 && memory > 0);
    for (const stage of ['read', 'measure', 'prepare', 'network', 'interpret', 'fuse', 'view', 'total']) assert.ok(medians[stage] >= 0, stage);
  }
  assert.deepEqual(pages.map(({ input, width, height, leads }) => [input, width, height, leads]), [['photo-12mp.jpg', 4000, 3000, 12], ['scan-800px.jpg', 1120, 800, 12]]);
  for (const { median_ms: medians, wasm_memory_mb: memory } of pages) {
    assert.ok(memory > 0);
    for (const stage of ['decode', 'ink', 'grid', 'flatten', 'rows', 'plan', 'refine', 'algebra', 'total']) assert.ok(medians[stage] >= 0, stage);
  }
});

test('bench of a file that is no picture says so', async () => {
  const { status, lines } = await precordia(['bench', goodCsv, '--json']);
  assert.equal(status, 1);
  assert.equal(lines()[0].error.code, 'not_recognised');
});

// One page that is a picture, as scanners write it.
function scannedPdf({ width, height, filter, stream }) {
  const content = 'q 612 0 0 437 0 0 cm /Im0 Do Q';
  return Buffer.concat([Buffer.from(`%PDF-1.4\n1 0 obj\n<< /Type /Page /Contents 2 0 R /Resources << /XObject << /Im0 4 0 R >> >> >>\nendobj\n2 0 obj\n<< /Length ${content.length} >>\nstream\n${content}\nendstream\nendobj\n`
    + `4 0 obj\n<< /Subtype /Image /Width ${width} /Height ${height} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /${filter} /Length ${stream.length} >>\nstream\n`),
    Buffer.from(stream), Buffer.from('\nendstream\nendobj\ntrailer\n<< /Root 3 0 R >>\n')]);
}

test('a scanned page in a PDF is digitised and screened; a packing that is not read is named', { timeout: 120000 }, async () => {
  const page = kBenchPages.find(({ camera }) => !camera);
  const pdf = put('scan.pdf', scannedPdf({ ...page, filter: 'DCTDecode', stream: drawnPage(engine, page).bytes }));
  const read = await precordia(['digitise', pdf, '--json']);
  assert.equal(read.status, 0, read.stderr);
  assert.equal(new Set(read.lines()[0].leads.map(({ lead }) => lead)).size, 12);
  const screened = await precordia(['measure', pdf, '--json']);
  assert.equal(screened.lines()[0].paper.reviewed, false);
  const fax = await precordia(['digitise', put('fax.pdf', scannedPdf({ ...page, filter: 'CCITTFaxDecode', stream: 'abc' })), '--json']);
  assert.equal(fax.status, 1);
  assert.match(fax.lines()[0].error.message, /packed as a fax \(CCITT\), which is not read/);
});

// ---- real records ----------------------------------------------------------------------------------------------------------

test('screen, predict and measure work on every real record', { skip: withoutRealRecords, timeout: 300000 }, async (t) => {
  const headers = realHeaders();
  for (const command of ['screen', 'predict', 'measure']) {
    const start = performance.now();
    const { status, lines, stderr } = await precordia([command, '-', '--json'], { input: headers.join('\n'), cwd: realRecordsFolder });
    assert.equal(status, 0, stderr);
    assert.deepEqual(lines().map(({ input }) => input), headers);
    for (const result of lines()) {
      assert.equal(result.error, undefined);
      if (command === 'screen') assert.ok(result.answer.phenotype);
      if (command === 'predict') assert.ok(Object.values(result.outputs).every((p) => p >= 0 && p <= 1));
    }
    t.diagnostic(`${command}: ${headers.length} records in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
});
