// Every network that ships gives the manifest's known answers at every precision, and a wrong network is noticed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test, { after } from 'node:test';
import { ModelLibrary, checkKnownAnswers, sha256 } from '../../web/examination.mjs';
import { NodeNetworks } from '../../web/node_networks.mjs';
import { OrtSessions, choosePrecision } from '../../web/ort_sessions.mjs';
import { openBuiltEngine, repository } from './support.mjs';

const { engine, library } = await openBuiltEngine();
const ort = await import('onnxruntime-web');
ort.env.wasm.numThreads = 1;
const sessions = new OrtSessions(ort, library, 'wasm');
after(() => sessions.close());

for (const { id, artefacts, outputs } of library.manifest.models) {
  for (const { precision } of artefacts) {
    test(`${id} ${precision} gives its known answers`, async (t) => {
      const largest = await checkKnownAnswers({ engine, library, modelId: id, precision, runModel: (...run) => sessions.run(...run) });
      t.diagnostic(`largest difference in logits ${largest.toExponential(2)}`);
    });
  }

  test(`${id}: every file is the one that the manifest names`, async () => {
    const { head, known_answers: answers } = library.model(id);
    for (const { file, sha256: expected } of [...artefacts, ...(head ? [head] : []), ...answers, ...answers.flatMap(({ flags }) => flags ?? [])]) {
      assert.equal(await sha256(readFileSync(path.join(repository, 'models', file))), expected, file);
    }
  });

  test(`${id}: a provider that answers differently fails the start-up test`, async () => {
    const precision = artefacts[0].precision;
    const off = async (...run) => {
      const answers = await sessions.run(...run);
      answers[outputs[0].name].forEach((value, i, all) => { all[i] = value + 5; });
      return answers;
    };
    await assert.rejects(checkKnownAnswers({ engine, library, modelId: id, precision, runModel: off }), { code: 'model' });
    const nan = async (...run) => {
      const answers = await sessions.run(...run);
      answers[outputs[0].name].fill(NaN);
      return answers;
    };
    await assert.rejects(checkKnownAnswers({ engine, library, modelId: id, precision, runModel: nan }), { code: 'model' });
  });

  test(`${id}: an altered artefact is refused before it runs`, async () => {
    const altered = new ModelLibrary(library.manifest, async (file) => {
      const bytes = readFileSync(path.join(repository, 'models', file));
      bytes[bytes.length >> 1] ^= 1;
      return bytes;
    });
    const networks = new NodeNetworks({ engine, library: altered });
    await assert.rejects(networks.runModel(id, 'int8', {}), { code: 'model', message: /altered or damaged/ });
  });

  test(`${id}: each provider gets the artefact made for it`, () => {
    assert.equal(choosePrecision(library, id, 'wasm', ['int8', 'fp32']), 'int8');
    assert.equal(choosePrecision(library, id, 'webgpu', ['int8-weights', 'fp32']), 'int8-weights');
  });
}
