// Where the time goes between an ECG file, a page of paper or an echo clip, and its answer: the same measurement for the browser and the command line.
import { ExaminationError, StageTimings, examine, examineClips, kEcgStages, kNoPictureSentence, unwrap } from './examination.mjs';

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

// Runs that come before this long has passed do not count: meanwhile the browser still compiles the WebAssembly in the background, on
// the same cores.
const kWarmUpMs = 5000;

// Calls work(counts) until it was called `runs` times with counts = true, and before that with false for as long as it warms up.
async function repeat(runs, warmUpMs, now, work) {
  const end = now() + warmUpMs;
  do await work(false); while (now() < end);
  for (let run = 0; run < runs; ++run) await work(true);
}

// Median milliseconds per stage over `runs` examinations of `files`, warm; first_ms is the first one of all.
// Returns {runs, median_ms: {read, ..., view, total}, slowest_ms, first_ms}.
export async function benchmark(engine, networks, files, runs, { warmUpMs = kWarmUpMs, now = () => performance.now() } = {}) {
  const stages = new Map(kEcgStages.map(({ stage }) => [stage, []]));
  const totals = [];
  let first;
  await repeat(runs, warmUpMs, now, async (counts) => {
    const start = now();
    const { timings } = await examine(engine, networks, { files }, { now });
    const viewTimings = new StageTimings(now);
    await viewTimings.time('view', () => engine.view());
    const total = now() - start;
    first ??= total;
    if (!counts) return;
    totals.push(total);
    for (const [stage, values] of stages) values.push(stage === 'view' ? viewTimings.get('view') : timings.get(stage));
  });
  engine.begin();
  const medians = Object.fromEntries([...stages].map(([stage, values]) => [stage, round(median(values))]));
  return { runs, median_ms: { ...medians, total: round(median(totals)) }, slowest_ms: round(Math.max(...totals)), first_ms: round(first) };
}

const round = (milliseconds) => Math.round(milliseconds * 100) / 100;

// An uncompressed 8-bit AVI of 640 x 480: a fan with an oval cavity that beats, by formula. The time that a clip takes does not depend on
// what it shows.
export function phantomAvi({ frames = 90, fps = 30, width = 640, height = 480 } = {}) {
  const size = width * height;
  const length = frames * (size + 8);
  const header = new Uint8Array(4 + 1200 + 56 + 8 * 6 + 40);
  const text = new TextEncoder();
  const out = new DataView(header.buffer);
  let end = 0;
  const tag = (name) => { header.set(text.encode(name), end); end += 4; };
  const u32 = (...values) => values.forEach((value) => { out.setUint32(end, value, true); end += 4; });
  const format = 40 + 1024;
  tag('RIFF'); u32(4 + 8 + 4 + 64 + 12 + 64 + 8 + format + 12 + length); tag('AVI ');
  tag('LIST'); u32(4 + 64 + 12 + 64 + 8 + format); tag('hdrl');
  tag('avih'); u32(56, Math.round(1e6 / fps), 0, 0, 0, frames, 0, 1, size, width, height, 0, 0, 0, 0);
  tag('LIST'); u32(4 + 64 + 8 + format); tag('strl');
  tag('strh'); u32(56); tag('vids'); tag('DIB '); u32(0, 0, 0, 10000, Math.round(10000 * fps), 0, frames, size, 0, 0, 0, 0);
  tag('strf'); u32(format, 40, width, height, 1 | 8 << 16, 0, size, 0, 0, 256, 0);
  for (let value = 0; value < 256; ++value) u32(value | value << 8 | value << 16);
  tag('LIST'); u32(4 + length); tag('movi');
  const file = new Uint8Array(end + length);
  file.set(header.subarray(0, end));
  const body = file.subarray(end);   // written in place: a second copy would count as the clip's memory
  const view = new DataView(file.buffer, end);
  for (let frame = 0; frame < frames; ++frame) {
    const at = frame * (size + 8);
    body.set([0x30, 0x30, 0x64, 0x62], at);  // "00db"
    view.setUint32(at + 4, size, true);
    const phase = 2 * Math.PI * frame / fps;
    const wide = 0.085 + 0.02 * Math.cos(phase);
    for (let row = 0; row < height; ++row) {
      const y = (height - 1 - row) / height;  // the bottom row comes first
      for (let column = 0; column < width; ++column) {
        const x = (column - width / 2) / height;
        if (Math.abs(x) > 0.62 * y || Math.hypot(x, y) > 0.97) continue;
        const oval = Math.hypot(x / wide, (y - 0.42) / 0.28);
        const grey = oval < 1 ? 22 : oval < 1.4 ? 150 : 75;
        body[at + 8 + row * width + column] = grey + ((column * 7919 + row * 104729) % 23);
      }
    }
  }
  return { name: 'phantom.avi', bytes: file };
}

// Median milliseconds of phantomAvi(), a three-second clip at 30 frames per second, from file to measurement: {frames, median_ms: {decode, echo,
// trace, total}, per_frame_ms}. clip: the same as examineClips takes it, where it is not in memory.
export async function benchmarkClip(engine, networks, runs, { clip = { files: [phantomAvi()] }, warmUpMs = kWarmUpMs, now = () => performance.now() } = {}) {
  const stages = { decode: [], echo: [], trace: [] };
  const totals = [];
  const frames = 90;
  await repeat(runs, warmUpMs, now, async (counts) => {
    engine.begin();
    const timings = new StageTimings(now);
    const start = now();
    await examineClips(engine, networks, [clip], { timings });
    if (!counts) return;
    totals.push(now() - start);
    for (const stage of Object.keys(stages)) stages[stage].push(timings.get(stage));
  });
  engine.begin();
  const medians = Object.fromEntries(Object.entries(stages).map(([stage, values]) => [stage, round(median(values))]));
  return { frames, median_ms: { ...medians, total: round(median(totals)) }, per_frame_ms: round(medians.echo / frames) };
}

// Steps of reading a page, in their order (Engine.page_times).
export const kPageStages = ['decode', 'ink', 'grid', 'flatten', 'rows', 'plan', 'refine', 'algebra'];

// Median milliseconds of a picture of a page {name, bytes}, from file to leads: {width, height, kilobytes, layout, leads, readings, median_ms:
// {decode, ..., total}, wasm_memory_mb}. `readings` is how many ways up were tried, the memory what the engine has taken so far. What the
// digitiser refuses is thrown.
export async function benchmarkPage(module, engine, { name, bytes }, runs, { warmUpMs = kWarmUpMs, now = () => performance.now() } = {}) {
  const stages = Object.fromEntries([...kPageStages, 'total'].map((stage) => [stage, []]));
  let times;
  await repeat(runs, warmUpMs, now, (counts) => {
    engine.begin();
    const start = now();
    engine.add_file(name, bytes);
    if (!engine.holds_picture()) throw new ExaminationError('not_recognised', kNoPictureSentence);
    unwrap(engine.digitise_page(''));
    const total = now() - start;
    times = { ...JSON.parse(engine.page_times()), total };
    if (counts) for (const [stage, values] of Object.entries(stages)) values.push(times[stage]);
  });
  const about = JSON.parse(engine.page_json(name));
  engine.begin();
  const { width, height, readings } = times;
  return { width, height, kilobytes: Math.round(bytes.byteLength / 1024), layout: about.layout.name,
           leads: new Set(about.leads.map(({ lead }) => lead)).size, readings,
           median_ms: Object.fromEntries(Object.entries(stages).map(([stage, values]) => [stage, round(median(values))])),
           wasm_memory_mb: Math.round(module.memory_bytes() / 1048576) };
}
