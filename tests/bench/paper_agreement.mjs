// Does screening a page of paper say what screening the signal printed on it says?
//
//   node tests/bench/paper_agreement.mjs FOLDER [--json]
//
// FOLDER holds pictures of pages and, beside each, the signal that was printed: NAME.csv with the gaps of the page (tests/bench/paper_print.cc),
// or NAME.hea (../shared/data/paper/renders), of which then only what the page shows is used: three rows of four leads, lead II below. Both are
// screened by the same engine and network (WebAssembly, int8). Prints per page the largest difference of the five superclass probabilities and that of the QRS duration, and at the end
// the share within 0.05 and within 10 ms. Build first: cmake/build_app.sh engine.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { examine, openEngine, unwrap } from '../../web/examination.mjs';
import { NodeNetworks, modelReader } from '../../web/node_networks.mjs';

const repository = new URL('../../', import.meta.url);
const kSuperclasses = ['NORM', 'MI', 'STTC', 'CD', 'HYP'];
const kProbabilityBar = 0.05, kQrsBarMs = 10;
const kLeads = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'];

setInterval(() => {}, 100).unref();   // see web/cli.mjs
const { values: options, positionals: [folder] } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } });
if (!folder) {
  console.error('usage: node tests/bench/paper_agreement.mjs FOLDER [--json]');
  process.exit(2);
}

// A WFDB record of format 16 as CSV, cut to what a 3x4 page with a rhythm strip of lead II shows.
function shownOnRenders(stem) {
  const [head, ...signals] = readFileSync(`${stem}.hea`, 'utf8').trim().split('\n').map((line) => line.split(/\s+/));
  const rate = Number(head[2]), count = Number(head[1]);
  const bytes = readFileSync(`${stem}.dat`);
  const values = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const order = kLeads.map((name) => signals.findIndex((signal) => signal.at(-1) === name));
  const gains = signals.map((signal) => parseFloat(signal[2]));
  const lines = [`time_s,${kLeads.join(',')}`];
  const samples = values.length / count;
  for (let k = 0; k < samples; ++k) {
    lines.push([k / rate, ...order.map((column, lead) => {
      const shown = lead === 1 || Math.floor(k / (samples / 4)) === Math.floor(lead / 3);
      return shown ? values[k * count + column] / gains[column] : '';
    })].join(','));
  }
  return lines.join('\n');
}

const { default: createEngineModule } = await import(new URL('build/wasm/engine.mjs', repository));
const opened = await openEngine(createEngineModule, modelReader(new URL('models/', repository)));
const networks = new NodeNetworks({ ...opened, precision: 'int8', threads: 1 });

async function screened(name, bytes) {
  await examine(opened.engine, networks, { files: [{ name, bytes }] });
  const predicted = unwrap(opened.engine.predict_json(name)), measured = unwrap(opened.engine.measure_json(name));
  return { probabilities: kSuperclasses.map((name_) => predicted.outputs[`superclass/${name_}`]), qrs: measured.qrs_ms, rate: measured.heart_rate_bpm, paper: measured.paper };
}

const pages = [];
for (const file of readdirSync(folder).filter((name) => /\.(png|jpe?g)$/i.test(name)).sort()) {
  const stem = path.join(folder, path.parse(file).name);
  const printed = existsSync(`${stem}.csv`) ? readFileSync(`${stem}.csv`, 'utf8') : shownOnRenders(stem);
  const page = { page: path.parse(file).name };
  try {
    const truth = await screened('printed.csv', new TextEncoder().encode(printed));
    const read = await screened(file, readFileSync(path.join(folder, file)));
    const differences = truth.probabilities.map((p, i) => Math.abs(p - read.probabilities[i]));
    const worst = differences.indexOf(Math.max(...differences));
    Object.assign(page, { difference: differences[worst], superclass: kSuperclasses[worst], printed: truth.probabilities[worst], read: read.probabilities[worst],
      qrs_printed_ms: truth.qrs, qrs_read_ms: read.qrs, layout: read.paper.layout, einthoven_residual: read.paper.einthoven_residual });
  } catch (error) {
    page.error = error.message;
  }
  page.qrs_ms = typeof page.qrs_printed_ms === 'number' && typeof page.qrs_read_ms === 'number' ? Math.abs(page.qrs_printed_ms - page.qrs_read_ms)
    : page.error || page.qrs_printed_ms !== page.qrs_read_ms ? Infinity : 0;   // null in both: no QRS that could be measured in either
  pages.push(page);
  if (options.json) console.log(JSON.stringify(page));
  else if (page.error) console.log(`${page.page}  ${page.error}`);
  else console.log(`${page.page}  ${page.difference.toFixed(3)} ${page.superclass} (${page.printed.toFixed(3)} printed, ${page.read.toFixed(3)} read)  QRS ${page.qrs_printed_ms} ${page.qrs_read_ms} ms`);
}
const share = (test) => (100 * pages.filter(test).length / pages.length).toFixed(1);
console.log(`${pages.length} pages: superclasses within ${kProbabilityBar} on ${share(({ difference }) => difference <= kProbabilityBar)} %, QRS within ${kQrsBarMs} ms on ${
  share(({ qrs_ms: ms }) => ms <= kQrsBarMs)} %`);
process.exit(0);
