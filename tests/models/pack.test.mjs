// A model pack made here from nothing, as a research group would bring one: 12 leads at 250 Hz for ten seconds, samples before
// leads, in microvolts, and seven tabular values; one probability out. No code of ours knows it; its manifest says it all.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { examine, openEngine, unwrap } from '../../web/examination.mjs';
import { NodeNetworks, modelReader, withPacks } from '../../web/node_networks.mjs';

// ---- just enough protocol buffers to write an ONNX file (onnx.proto3) ---------------------------------------------------

const varint = (value) => {
  const bytes = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
};
const field = (number, content) => (typeof content === 'number' ? Buffer.concat([varint(number << 3), varint(content)])
  : Buffer.concat([varint((number << 3) | 2), varint(Buffer.byteLength(content)), Buffer.from(content)]));
const message = (...fields) => Buffer.concat(fields);

const kFloat = 1;
const tensorType = (shape) => field(2, field(1, message(field(1, kFloat), field(2, message(...shape.map((n) => field(1, field(1, n))))))));
const value = (name, shape) => message(field(1, name), tensorType(shape));
const weights = (name, shape, values) => message(...shape.map((n) => field(1, n)), field(2, kFloat), field(8, name),
  field(9, Buffer.from(Float32Array.from(values).buffer)));
const kInts = 7;
const kInt = 2;
const ints = (name, list) => field(5, message(field(1, name), ...list.map((n) => field(8, n)), field(20, kInts)));
const int = (name, n) => field(5, message(field(1, name), field(3, n), field(20, kInt)));
const node = (op, inputs, output, ...attributes) => message(...inputs.map((name) => field(1, name)), field(2, output), field(4, op), ...attributes);

const kSamples = 2500;
const kSources = ['age_years', 'sex_male', 'heart_rate_bpm', 'pr_ms', 'qrs_ms', 'qt_ms', 'qrs_axis_deg'];

// probability = sigmoid(w . [mean square of every lead in mV2, the seven values] - 1)
function exampleNetwork() {
  const w = [...Array.from({ length: 12 }, (_, i) => (i + 1) / 10), 0.5, -0.25, 0.1, 0.2, 1, -0.3, 0.05];
  const graph = message(
    field(1, node('Mul', ['ecg', 'milli'], 'mv')), field(1, node('Mul', ['mv', 'mv'], 'square')),
    field(1, node('ReduceMean', ['square'], 'power', ints('axes', [1]), int('keepdims', 0))),
    field(1, node('Concat', ['power', 'facts'], 'all', int('axis', 1))),
    field(1, node('MatMul', ['all', 'w'], 'score')), field(1, node('Add', ['score', 'b'], 'shifted')),
    field(1, node('Sigmoid', ['shifted'], 'risk')), field(2, 'example'),
    field(5, weights('milli', [1], [0.001])), field(5, weights('w', [19, 1], w)), field(5, weights('b', [1], [-1])),
    field(11, value('ecg', [1, kSamples, 12])), field(11, value('facts', [1, 7])), field(12, value('risk', [1, 1])));
  const answer = (power, facts) => 1 / (1 + Math.exp(1 - [...power, ...facts].reduce((sum, v, i) => sum + v * w[i], 0)));
  return { bytes: message(field(7, graph), field(1, 8), field(8, field(2, 13))), answer };
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

// Writes the pack; `change` may damage its manifest. Returns {folder, network}.
function writePack(t, change = () => {}) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'precordia-pack-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const network = exampleNetwork();
  const known = Float32Array.from({ length: 12 * kSamples }, (_, i) => 500 * Math.sin(i / 7));
  const power = Array.from({ length: 12 }, (_, lead) => {
    let sum = 0;
    for (let s = 0; s < kSamples; ++s) sum += (known[s * 12 + lead] / 1000) ** 2;
    return sum / kSamples;
  });
  const facts = [0.5, 1, -0.2, 0, 0.3, 0, 1];
  const files = { 'net.onnx': network.bytes, 'known.f32': Buffer.from(known.buffer) };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(path.join(folder, name), bytes);
  const value7 = (source, mean, scale, missing = 0) => ({ source, mean, scale, missing });
  const manifest = { manifest_version: 1, models: [{
    id: 'example-low-ef', task: 'ecg-classification', title: 'Example pack', version: '0', licence: 'none', card: 'CARD.md',
    training: { data: 'none: made up by a test' },
    artefacts: [{ precision: 'fp32', file: 'net.onnx', sha256: sha256(files['net.onnx']), providers: ['wasm'] }],
    input: { name: 'ecg', shape: [1, kSamples, 12], layout: 'samples_leads', sample_rate_hz: 250, unit: 'uV', minimum_seconds: 10,
             leads: ['I', 'II', 'III', 'aVR', 'aVL', 'aVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'], missing_leads_allowed: [] },
    tabular: { name: 'facts', values: [value7('age_years', 60, 20), { source: 'sex_male', missing: 0.5 }, value7('heart_rate_bpm', 70, 20),
                                       value7('pr_ms', 160, 30), value7('qrs_ms', 95, 15), value7('qt_ms', 400, 40), value7('qrs_axis_deg', 30, 40)] },
    outputs: [{ name: 'risk', role: 'probabilities', shape: [1, 1] }],
    labels: [{ id: 'example/LOWEF', title: 'Low ejection fraction (example)', calibration: { kind: 'platt', a: 1, b: 0 },
               threshold: { screening: 0.2, confirming: 0.6 } }],
    known_answers: [{ file: 'known.f32', sha256: sha256(files['known.f32']), description: 'sines', tabular: facts,
                      logits: { fp32: [network.answer(power, facts)] }, tolerance: { fp32: 1e-4 } }],
  }] };
  change(manifest.models[0]);
  writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify(manifest));
  return { folder, network };
}

async function openWith(folder) {
  const { default: createEngineModule } = await import(new URL('../../build/wasm/engine.mjs', import.meta.url));
  return openEngine(createEngineModule, await withPacks(modelReader(new URL('../../models/', import.meta.url)), [folder]));
}

test('a pack with 2,500 samples of 12 leads and seven tabular values answers with no code of ours', async (t) => {
  const { folder, network } = writePack(t);
  const { engine, library, skipped } = await openWith(folder);
  assert.deepEqual(skipped, []);
  unwrap(engine.choose_model('example-low-ef'));
  const networks = new NodeNetworks({ engine, library });
  const { networkFailure } = await examine(engine, networks, { simulated: 'lbbb', profile: { age_years: 80, sex: 'M' } });
  assert.equal(networkFailure, '');
  const { outputs, calls, model } = JSON.parse(engine.predict_json('x'));
  assert.equal(model, 'example-low-ef');

  const ecg = JSON.parse(engine.measure_json('x'));
  const facts = [1, 1, (ecg.heart_rate_bpm - 70) / 20, ecg.pr_ms === null ? 0 : (ecg.pr_ms - 160) / 30, (ecg.qrs_ms - 95) / 15,
                 (ecg.qt_ms - 400) / 40, (ecg.qrs_axis_deg - 30) / 40];
  assert.equal(facts.length, kSources.length);
  const rows = engine.record_csv().trim().split('\n').slice(1).map((line) => line.split(',').slice(1).map(Number));
  const power = Array.from({ length: 12 }, (_, lead) => rows.reduce((sum, row) => sum + row[lead] ** 2, 0) / rows.length);
  // the JSON rounds measurements, and the record is at 500 Hz: the same number to two digits
  assert.ok(Math.abs(outputs['example/LOWEF'] - network.answer(power, facts)) < 0.01,
    `${outputs['example/LOWEF']} against ${network.answer(power, facts)}`);
  assert.ok(['absent', 'abstain', 'present'].includes(calls['example/LOWEF']));
});

test('a required value that is not known keeps the pack from answering, and the sentence names it', async (t) => {
  const { folder } = writePack(t, (model) => { Object.assign(model.tabular.values[3], { required: true }); });
  const { engine, library } = await openWith(folder);
  unwrap(engine.choose_model('example-low-ef'));
  await examine(engine, new NodeNetworks({ engine, library }), { simulated: 'af' });  // no P waves, no PR interval
  assert.match(JSON.parse(engine.predict_json('x')).error.message, /pr_ms/);
});

test('a damaged pack is refused on load, and our networks go on', async (t) => {
  const missing = writePack(t, (model) => { delete model.input.sample_rate_hz; });
  const { skipped, library } = await openWith(missing.folder);
  assert.match(skipped.join(), /sample_rate_hz/);
  assert.ok(library.modelIds.length >= 1 && !library.modelIds.includes('example-low-ef'));

  const escaping = writePack(t, (model) => { model.artefacts[0].file = '../net.onnx'; });
  await assert.rejects(openWith(escaping.folder), /leads out of its folder/);
  await assert.rejects(openWith(os.tmpdir()), /no readable manifest/);

  const altered = writePack(t);
  writeFileSync(path.join(altered.folder, 'net.onnx'), 'not the file that the manifest vouches for');
  const opened = await openWith(altered.folder);
  unwrap(opened.engine.choose_model('example-low-ef'));
  const { networkFailure } = await examine(opened.engine, new NodeNetworks(opened), { simulated: 'normal' });
  assert.match(networkFailure, /altered or damaged/);
});

test('a pack that fails its own known answers is not used', async (t) => {
  const { folder } = writePack(t, (model) => { model.known_answers[0].logits.fp32[0] += 0.5; });
  const { engine, library } = await openWith(folder);
  unwrap(engine.choose_model('example-low-ef'));
  const { networkFailure } = await examine(engine, new NodeNetworks({ engine, library }), { simulated: 'normal' });
  assert.match(networkFailure, /start-up test/);
});
