// How fast files are read, in WebAssembly on one thread: half an hour of 12 leads at 500 Hz in every format that is written, and as
// MUSE XML. Best of several, since other work on the machine only ever makes it slower. Reading is everything from the bytes in
// JavaScript to the record: copying them in, recognising, decoding, millivolts, derived leads.
//   node tests/bench/format_speed.mjs [--json]
import { crc32 } from 'node:zlib';
import createEngineModule from '../../build/wasm/engine.mjs';

const kRuns = 5;
const kSeconds = 1800;
const kRate = 500;
const kFloors = { wfdb: 200, edf: 200, dicom: 200, aecg: 50, muse: 50 };   // MB/s, from the issue

const module = await createEngineModule();
const engine = new module.Engine();
const leads = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'];
const count = kSeconds * kRate;
const samples = new Int16Array(count * leads.length);
for (let i = 0; i < count; i++) {
  for (let k = 0; k < leads.length; k++) samples[i * leads.length + k] = (i % 400 < 20 ? 400 : 0) + ((i * (k + 3)) % 61) * 4 - 120;
}
const text = (string) => new TextEncoder().encode(string);
const bytesOf = (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const wfdb = [
  { name: 'long.hea', bytes: text(`long 12 ${kRate} ${count}\n${leads.map((lead) => `long.dat 16 400(0)/mV 16 0 0 0 0 ${lead}`).join('\n')}\n`) },
  { name: 'long.dat', bytes: bytesOf(samples) },
];

function read(files) {
  engine.begin();
  for (const { name, bytes } of files) engine.add_file(name, bytes);
  const outcome = JSON.parse(engine.read());
  if (outcome.error) throw new Error(`${files[0].name}: ${outcome.error.message}`);
}

const results = [];
function measure(format, files) {
  const bytes = files.reduce((sum, file) => sum + file.bytes.byteLength, 0);
  let best = Infinity;
  for (let run = 0; run < kRuns; run++) {
    const start = performance.now();
    read(files);
    best = Math.min(best, performance.now() - start);
  }
  results.push({ format, mb: bytes / 1e6, ms: best, mb_per_s: bytes / 1e3 / best, floor: kFloors[format] ?? null });
}

read(wfdb);
const files = { wfdb };
for (const format of ['edf', 'dicom']) files[format] = engine.export_record(format, 'long', false).files;
// A tenth of it as text, which is several times larger.
const short = samples.slice(0, samples.length / 10);
read([{ name: 'long.hea', bytes: text(new TextDecoder().decode(wfdb[0].bytes).replace(`${count}\n`, `${count / 10}\n`)) }, { name: 'long.dat', bytes: bytesOf(short) }]);
for (const format of ['aecg', 'fhir', 'csv']) files[format] = engine.export_record(format, 'long', false).files;
files.muse = [{ name: 'long.xml', bytes: text(`<?xml version="1.0"?><RestingECG><Waveform><WaveformType>Rhythm</WaveformType><SampleBase>${kRate}</SampleBase>${leads.map((lead, k) => {
  const one = Buffer.from(short.filter((_, i) => i % leads.length === k).buffer);
  return `<LeadData><LeadAmplitudeUnitsPerBit>2.5</LeadAmplitudeUnitsPerBit><LeadID>${lead}</LeadID>${crc32 ? `<LeadDataCRC32>${crc32(one)}</LeadDataCRC32>` : ''}<WaveFormData>${one.toString('base64')}</WaveFormData></LeadData>`;
}).join('')}</Waveform></RestingECG>`) }];
for (const [format, list] of Object.entries(files)) measure(format, list);

if (process.argv.includes('--json')) {
  console.log(JSON.stringify(results));
} else {
  console.log('format      MB      ms    MB/s   at least');
  for (const r of results) {
    console.log(`${r.format.padEnd(8)} ${r.mb.toFixed(1).padStart(5)} ${r.ms.toFixed(0).padStart(7)} ${r.mb_per_s.toFixed(0).padStart(7)}   ${r.floor ?? '-'}`);
  }
}
