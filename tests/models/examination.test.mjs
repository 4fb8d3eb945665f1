// The driver that the worker and the command line share: what it does when something fails on the way.
import assert from 'node:assert/strict';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'node:test';
import { simulatedWfdbFiles } from '../../web/benchmark.mjs';
import { EngineFailure, examine, isPlainFileName, kLargestFileBytes, kMostFiles, kEcgStages, openEngine, reconsider } from '../../web/examination.mjs';
import { NodeNetworks, modelReader } from '../../web/node_networks.mjs';
import { openBuiltEngine, repository } from './support.mjs';

const { engine, library, module } = await openBuiltEngine();
const good = new NodeNetworks({ engine, library });
const wfdb = simulatedWfdbFiles(engine);

// `networks` whose first provider fails in runModel; `spare` stands in for it afterwards, if there is one.
function failing(error, spare) {
  let active = null;
  return {
    precision: () => 'int8',
    prepare: (...request) => good.prepare(...request),
    runModel: (...run) => {
      if (active) return active.runModel(...run);
      throw error;
    },
    fallBack: () => {
      const first = active === null && spare !== undefined;
      active ??= spare ?? null;
      return first;
    },
  };
}

test('all stages are timed, in order', async () => {
  const { timings, network, summary } = await examine(engine, good, { files: wfdb });
  assert.deepEqual(timings.list().map(({ stage }) => stage), kEcgStages.map(({ stage }) => stage).filter((stage) => stage !== 'view' && stage !== 'digitise'));
  assert.deepEqual(network, { model_id: library.modelIds[0], precision: 'int8' });
  assert.match(summary, /12 leads/);
});

test('a provider that fails gives way to the next one within the same examination', async () => {
  await examine(engine, good, { files: wfdb });
  const expected = JSON.parse(engine.predict_json('x')).outputs;
  const { networkFailure } = await examine(engine, failing(new Error('device lost'), good), { files: wfdb });
  assert.equal(networkFailure, '');
  assert.deepEqual(JSON.parse(engine.predict_json('x')).outputs, expected);
});

test('when no provider can run the network, the person is screened without it and the answer says so', async () => {
  const { networkFailure, network } = await examine(engine, failing(new Error('out of memory')), { files: wfdb });
  assert.equal(network, null);
  assert.match(networkFailure, /could not be run/);
  const answer = JSON.parse(engine.screen_json('x'));
  assert.equal(answer.ecg.network.not_run_because, networkFailure);
  assert.notEqual(answer.ecg.heart_rate_bpm, null);
});

test('impossible numbers never become an answer', async () => {
  const nan = { ...failing(), fallBack: () => false, runModel: async (...run) => {
    const outputs = await good.runModel(...run);
    for (const values of Object.values(outputs)) values.fill(NaN);
    return outputs;
  } };
  const { networkFailure } = await examine(engine, nan, { files: wfdb });
  assert.match(networkFailure, /impossible numbers/);
  assert.equal(JSON.parse(engine.predict_json('x')).error?.code, 'unusable');
});

// An engine whose function `name` traps, as a defect in WebAssembly does, and which counts what it is asked afterwards.
function trapping(name) {
  const asked = [];
  return { asked, engine: new Proxy(engine, { get: (target, key) => (...options) => {
    asked.push(key);
    if (key === name) throw new WebAssembly.RuntimeError('unreachable');
    return target[key](...options);
  } }) };
}

for (const name of ['network_request', 'network_tensor', 'network_answer', 'check_known_answer']) {
  test(`a trap in ${name} ends the examination: that engine is asked nothing more, and no other provider is tried`, async () => {
    const { asked, engine: broken } = trapping(name);
    const networks = new NodeNetworks({ engine: broken, library });
    networks.fallBack = () => assert.fail('no provider failed');
    await assert.rejects(examine(broken, networks, { files: wfdb }), (error) =>
      error instanceof EngineFailure && error.cause instanceof WebAssembly.RuntimeError);
    assert.equal(asked.at(-1), name);
  });
}

test('a trap in ONNX Runtime costs that examination its network; the next one gets a fresh instance', async () => {
  const networks = new NodeNetworks({ engine, library });
  await examine(engine, networks, { files: wfdb });
  const expected = JSON.parse(engine.predict_json('x')).outputs;
  const { InferenceSession } = await import('onnxruntime-web');
  const [{ prototype }] = [Object.getPrototypeOf(await InferenceSession.create(await library.artefact(library.modelIds[0], 'int8'))).constructor];
  const { run } = prototype;
  prototype.run = async () => { throw new WebAssembly.RuntimeError('memory access out of bounds'); };
  try {
    const { networkFailure } = await examine(engine, networks, { files: wfdb });
    assert.match(networkFailure, /could not be run/);
    // Its own class is still the trapping one, so this answer can only come from another instance.
    assert.equal((await examine(engine, networks, { files: wfdb })).networkFailure, '');
    assert.deepEqual(JSON.parse(engine.predict_json('x')).outputs, expected);
  } finally {
    prototype.run = run;
  }
});

test('an entry of the manifest for another task is left alone, and that is said', async () => {
  const read = modelReader(pathToFileURL(path.join(repository, 'models/')));
  const echo = { id: 'echo-unet-9', task: 'gait-analysis', head: { file: 'echo-unet-9/head.bin', sha256: '0' }, artefacts: [] };
  const asked = [];
  const { default: createEngineModule } = await import(pathToFileURL(path.join(repository, 'build/wasm/engine.mjs')));
  const opened = await openEngine(createEngineModule, async (file) => {
    asked.push(file);
    const bytes = await read(file);
    if (file !== 'manifest.json') return bytes;
    const manifest = JSON.parse(bytes);
    return new TextEncoder().encode(JSON.stringify({ ...manifest, models: [echo, ...manifest.models] }));
  });
  assert.deepEqual(opened.library.modelIds, library.modelIds);
  assert.equal(opened.skipped.length, 1);
  assert.match(opened.skipped[0], /gait-analysis/);
  assert.ok(asked.every((file) => !file.startsWith('echo-unet-9')));
  const { network } = await examine(opened.engine, new NodeNetworks(opened), { files: wfdb });
  assert.equal(network.model_id, library.modelIds[0]);
  await assert.rejects(opened.library.artefact('echo-unet-9', 'int8'), { code: 'model' });
});

test('a cancelled examination stops at the next stage, and nothing of it is left once the engine begins anew', async () => {
  const seen = [];
  const hooks = { onStage: (stage) => seen.push(stage), isCancelled: () => seen.includes('measure') };
  await assert.rejects(examine(engine, good, { files: wfdb }, { hooks }), { code: 'cancelled' });
  assert.deepEqual(seen, ['read', 'measure']);
  engine.begin();  // as every host does after an error
  for (const answer of [engine.screen_json('x'), engine.measure_json('x'), engine.predict_json('x')]) assert.ok(JSON.parse(answer).error, answer);
});

test('a changed profile is weighed again without reading or running the network again', async () => {
  await examine(engine, good, { files: wfdb });
  const before = JSON.parse(engine.screen_json('x'));
  const timings = await reconsider(engine, { symptoms: 'suspected_hf', nt_probnp_ng_l: 4000 });
  assert.deepEqual(timings.list().map(({ stage }) => stage), ['measure', 'fuse']);
  const after = JSON.parse(engine.screen_json('x'));
  assert.deepEqual(after.ecg.network.outputs, before.ecg.network.outputs);
  assert.notDeepEqual(after.answer, before.answer);
  await assert.rejects(reconsider(engine, { age_years: 400 }), { code: 'wrong_usage' });
});

test('nothing of one person reaches the next', async () => {
  await examine(engine, good, { files: wfdb, profile: { age_years: 90, sex: 'M', nt_probnp_ng_l: 30000 } });
  await examine(engine, good, { files: wfdb });
  const second = engine.screen_json('x');
  const fresh = await openBuiltEngine();
  await examine(fresh.engine, new NodeNetworks(fresh), { files: wfdb });
  assert.equal(second, fresh.engine.screen_json('x'));
});

test('companions are asked for by plain name and only while they help', async () => {
  const [header, signal] = wfdb;
  const asked = [];
  await examine(engine, null, { files: [header] }, { loadCompanions: async (names) => { asked.push(...names); return [signal]; } });
  assert.deepEqual(asked, ['simulated.dat']);
  await assert.rejects(examine(engine, null, { files: [header] }, { loadCompanions: async () => [] }), { code: 'missing_companion' });

  const outside = new TextEncoder().encode(new TextDecoder().decode(header.bytes).replaceAll('simulated.dat', '../simulated.dat'));
  asked.length = 0;
  await examine(engine, null, { files: [{ name: 'simulated.hea', bytes: outside }] }, { loadCompanions: async (names) => { asked.push(...names); return []; } })
    .catch(({ code }) => assert.ok(code));
  assert.ok(asked.every(isPlainFileName));
});

test('names of companions that could leave their folder are refused', () => {
  for (const name of ['', '.', '..', '../a.dat', '/etc/passwd', 'a/b.dat', 'a\\b.dat', 'C:a.dat', 'a\0.dat', 'x'.repeat(256)]) {
    assert.equal(isPlainFileName(name), false, JSON.stringify(name));
  }
  for (const name of ['00001_hr.dat', 'Ärzte 1.dat', '...dat']) assert.equal(isPlainFileName(name), true, name);
});

test('a record of more files than are read together is refused in so many words', async () => {
  const header = (name, segments) => ({ name: `${name}.hea`, bytes: new TextEncoder().encode(`${name}/${segments.length} 12 500 ${5000 * segments.length}\n` +
    segments.map((segment) => `${segment} 5000\n`).join('')) });
  const segments = Array.from({ length: kMostFiles }, (_, i) => `s${i}`);
  await assert.rejects(examine(engine, null, { files: [header('long', segments)] }, { loadCompanions: async () => [] }),
    { code: 'too_large', message: new RegExp(`at most ${kMostFiles} are read together`) });
});

test('host and engine agree on the largest file', () => {
  assert.equal(kLargestFileBytes, module.largest_file_bytes());
});
