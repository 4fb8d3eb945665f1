// Where the time goes between an ECG file and its answer: the same measurement for the browser and the command line.
import { StageTimings, examine, kStages, unwrap } from './examination.mjs';

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const kGainPerMv = 1000;
const kLeadNames = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'];

// A WFDB record (header and 16-bit signal file) of twelve leads; values: Int16Array [sample][lead] at kGainPerMv.
export function wfdbRecord(rate, values) {
  const samples = values.length / kLeadNames.length;
  const header = [`simulated ${kLeadNames.length} ${rate} ${samples}`];
  kLeadNames.forEach((name, lead) => {
    let checksum = 0;
    for (let sample = 0; sample < samples; ++sample) checksum += values[sample * kLeadNames.length + lead];
    header.push(`simulated.dat 16 ${kGainPerMv}(0)/mV 16 0 ${values[lead]} ${(checksum << 16) >> 16} 0 ${name}`);
  });
  return [
    { name: 'simulated.hea', bytes: new TextEncoder().encode(`${header.join('\n')}\n`) },
    { name: 'simulated.dat', bytes: new Uint8Array(values.buffer) },
  ];
}

// The simulated patient as a WFDB record, so that reading is measured too.
export function simulatedWfdbFiles(engine, condition = 'normal') {
  engine.begin();
  unwrap(engine.load_simulated(condition));
  unwrap(engine.measure());
  unwrap(engine.network_request());
  const { from_hz: rate, input_samples: samples, signal } = engine.network_window();
  engine.begin();
  const values = new Int16Array(samples * kLeadNames.length);
  for (let sample = 0; sample < samples; ++sample) {
    for (let lead = 0; lead < kLeadNames.length; ++lead) {
      values[sample * kLeadNames.length + lead] = Math.round(signal[lead * samples + sample] * kGainPerMv);
    }
  }
  return wfdbRecord(rate, values);
}

// Median milliseconds per stage over `runs` examinations of `files`, after `warmUp` that do not count.
// Returns {runs, median_ms: {read, ..., view, total}, slowest_ms}.
export async function benchmark(engine, networks, files, runs, { warmUp = 3, now = () => performance.now() } = {}) {
  const stages = new Map(kStages.map(({ stage }) => [stage, []]));
  const totals = [];
  for (let run = -warmUp; run < runs; ++run) {
    const start = now();
    const { timings } = await examine(engine, networks, { files }, { now });
    const viewTimings = new StageTimings(now);
    await viewTimings.time('view', () => engine.view());
    const total = now() - start;
    if (run < 0) continue;
    totals.push(total);
    for (const [stage, values] of stages) values.push(stage === 'view' ? viewTimings.get('view') : timings.get(stage));
  }
  engine.begin();
  const medians = Object.fromEntries([...stages].map(([stage, values]) => [stage, round(median(values))]));
  return { runs, median_ms: { ...medians, total: round(median(totals)) }, slowest_ms: round(Math.max(...totals)) };
}

const round = (milliseconds) => Math.round(milliseconds * 100) / 100;
