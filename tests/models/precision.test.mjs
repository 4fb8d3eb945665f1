// int8 says what fp32 says: on simulated patients, and on the real records where they are.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { examine } from '../../web/examination.mjs';
import { NodeNetworks } from '../../web/node_networks.mjs';
import { kConditions, openBuiltEngine, realHeaders, wfdbFiles, withoutRealRecords } from './support.mjs';

// Calibrated probabilities. A single output may move where its sigmoid is steep; the average may not.
const kLargestDifference = 0.05;
const kLargestMeanDifference = 0.002;

const { engine, library } = await openBuiltEngine();
const networks = { int8: new NodeNetworks({ engine, library, precision: 'int8' }), fp32: new NodeNetworks({ engine, library, precision: 'fp32' }) };

async function predict(input, precision) {
  const { networkFailure } = await examine(engine, networks[precision], input);
  assert.equal(networkFailure, '');
  const { outputs, precision: stated } = JSON.parse(engine.predict_json('test'));
  assert.equal(stated, precision);
  return outputs;
}

async function compare(input) {
  const [int8, fp32] = [await predict(input, 'int8'), await predict(input, 'fp32')];
  assert.deepEqual(Object.keys(int8), Object.keys(fp32));
  const differences = Object.keys(int8).map((id) => ({ id, difference: Math.abs(int8[id] - fp32[id]) }));
  const worst = differences.reduce((a, b) => (a.difference > b.difference ? a : b));
  const mean = differences.reduce((sum, { difference }) => sum + difference, 0) / differences.length;
  return { worst, mean };
}

for (const condition of kConditions) {
  test(`simulated patient ${condition}: int8 agrees with fp32`, async (t) => {
    const { worst, mean } = await compare({ simulated: condition });
    t.diagnostic(`largest ${worst.difference.toFixed(3)} (${worst.id}), mean ${mean.toFixed(4)}`);
    assert.ok(worst.difference <= kLargestDifference, worst.id);
    assert.ok(mean <= kLargestMeanDifference);
  });
}

test('real records: int8 agrees with fp32', { skip: withoutRealRecords }, async (t) => {
  let largest = 0;
  let sum = 0;
  const headers = realHeaders();
  for (const header of headers) {
    const { worst, mean } = await compare({ files: wfdbFiles(header) });
    assert.ok(worst.difference <= kLargestDifference, `${path.basename(header)}: ${worst.id} differs by ${worst.difference}`);
    largest = Math.max(largest, worst.difference);
    sum += mean;
  }
  t.diagnostic(`${headers.length} records: largest ${largest.toFixed(3)}, mean ${(sum / headers.length).toFixed(5)}`);
  assert.ok(sum / headers.length <= kLargestMeanDifference);
});

test('the same record gives the same answer twice, and nothing of the one before', async () => {
  const first = await predict({ simulated: 'normal' }, 'int8');
  await predict({ simulated: 'lbbb' }, 'int8');
  assert.deepEqual(await predict({ simulated: 'normal' }, 'int8'), first);
});
