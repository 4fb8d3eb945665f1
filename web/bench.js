// bench.html: median times per stage in this browser, on WebAssembly and, where there is one, on WebGPU. With ?runs=N it
// starts by itself, &provider=wasm or webgpu measures only that one, and &pages=no leaves the pages out; the numbers are also in
// window.benchResult:
//   {runs, cross_origin_isolated, configurations: [{provider, threads, median_ms: {read, ..., total}, slowest_ms, first_ms, round_trip_ms}],
//    pages: [{input, width, height, median_ms: {decode, ..., total}, wasm_memory_mb, ...}]} of benchmarkPage (benchmark.mjs)
// round_trip_ms is what a user waits for: from handing the file to the worker until the result is back on the page.
import { kPageStages } from './benchmark.mjs';
import { kBenchPages } from './drawn_page.mjs';
import { kEcgStages } from './examination.mjs';

const kDefaultRuns = 20;
const kWarmUpRuns = 3;
const kPageRuns = 5;   // at most: a page takes longer, and its time varies less

const parameters = new URLSearchParams(location.search);
const runs = Math.min(200, Math.max(1, Number(parameters.get('runs')) || kDefaultRuns));
const by = (id) => document.getElementById(id);
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const kPageStageLabels = {
  decode: 'Decoding the picture', ink: 'Parting ink and paper', grid: 'Following the grid', flatten: 'Flattening the page', rows: 'Finding the rows',
  plan: 'Telling the leads', refine: 'Refining the strokes', algebra: 'Checking the leads against each other',
};

// A worker of its own: {request(message, answerType), close()}.
function startWorker() {
  const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
  const request = (message, answerType, transfer = []) => new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message || 'The worker could not start.'));
    worker.onmessage = ({ data }) => {
      if (data.type === answerType) resolve(data);
      else if (data.type === 'error') reject(new Error(data.message));
    };
    worker.postMessage(message, transfer);
  });
  return { request, close: () => worker.terminate() };
}

// Median wait on the page's side over `runs` examinations of the files.
async function timeRoundTrip(worker, files) {
  const times = [];
  for (let run = -kWarmUpRuns; run < runs; ++run) {
    const copies = files.map(({ name, buffer }) => ({ name, buffer: buffer.slice(0) }));
    const start = performance.now();
    await worker.request({ type: 'examine', id: run, files: copies }, 'result', copies.map(({ buffer }) => buffer));
    if (run >= 0) times.push(performance.now() - start);
  }
  return median(times);
}

// One configuration in a fresh worker, or null when this browser falls back from it; the reason goes to the page.
async function measure(provider, threads) {
  const worker = startWorker();
  try {
    const { status } = await worker.request({ type: 'init', provider, threads, max_touch_points: navigator.maxTouchPoints }, 'ready');
    if (status.provider !== provider) {
      by('note').textContent = status.provider_note;
      return null;
    }
    const { result } = await worker.request({ type: 'bench', id: 'bench', runs }, 'bench');
    return { provider, threads: result.threads, median_ms: result.median_ms, slowest_ms: result.slowest_ms, first_ms: result.first_ms,
             round_trip_ms: Math.round(100 * await timeRoundTrip(worker, result.files)) / 100 };
  } finally {
    worker.close();
  }
}

// The drawn pages, each in a fresh worker, so that the memory is its own.
async function measurePages() {
  const pages = [];
  for (const { name } of kBenchPages) {
    by('progress').textContent = `Measuring ${name} …`;
    const worker = startWorker();
    try {
      await worker.request({ type: 'init', provider: 'wasm', threads: 1, max_touch_points: navigator.maxTouchPoints }, 'ready');
      pages.push((await worker.request({ type: 'bench_page', id: name, name, runs: Math.min(runs, kPageRuns) }, 'bench_page')).result);
    } finally {
      worker.close();
    }
  }
  return pages;
}

function cell(kind, text, scope) {
  const element = document.createElement(kind);
  element.textContent = text;
  if (scope) element.scope = scope;
  return element;
}

function showPages(pages) {
  by('page-head').replaceChildren(cell('th', 'Step', 'col'), ...pages.map(({ width, height }) => cell('th', `${width} × ${height}`, 'col')));
  const row = (label, valueOf, sum) => {
    const element = document.createElement('tr');
    if (sum) element.className = 'sum';
    element.append(cell('th', label, 'row'), ...pages.map((page) => cell('td', valueOf(page))));
    return element;
  };
  by('page-body').replaceChildren(
    ...kPageStages.map((stage) => row(kPageStageLabels[stage], ({ median_ms: medians }) => medians[stage].toFixed(0))),
    row('From picture to leads', ({ median_ms: medians }) => medians.total.toFixed(0), true),
    row('Memory of the engine, MB', ({ wasm_memory_mb: memory }) => String(memory)));
  by('pages').hidden = false;
}

function show({ configurations }) {
  const title = ({ provider, threads }) => (provider === 'webgpu' ? 'WebGPU' : `WebAssembly, ${threads} thread${threads === 1 ? '' : 's'}`);
  by('head').replaceChildren(cell('th', 'Stage', 'col'), ...configurations.map((configuration) => cell('th', title(configuration), 'col')));
  const row = (label, valueOf, sum) => {
    const element = document.createElement('tr');
    if (sum) element.className = 'sum';
    element.append(cell('th', label, 'row'), ...configurations.map((configuration) => cell('td', valueOf(configuration).toFixed(2))));
    return element;
  };
  by('body').replaceChildren(
    ...kEcgStages.map(({ stage, label }) => row(label, ({ median_ms: medians }) => medians[stage])),
    row('From file to result', ({ median_ms: medians }) => medians.total, true),
    row('The same, seen from the page', ({ round_trip_ms: wait }) => wait),
    row('The first one after the start', ({ first_ms: first }) => first));
  by('runs').textContent = String(runs);
  by('table').hidden = false;
}

async function start() {
  by('start').disabled = true;
  by('note').textContent = '';
  const configurations = [];
  try {
    for (const [provider, threads, words] of [['wasm', 2, 'WebAssembly'], ['webgpu', 1, 'WebGPU']]) {
      if (provider === 'webgpu' && !navigator.gpu) continue;
      if (parameters.has('provider') && parameters.get('provider') !== provider) continue;
      by('progress').textContent = `Measuring ${words} …`;
      const configuration = await measure(provider, threads);
      if (configuration) configurations.push(configuration);
    }
    const result = { runs, cross_origin_isolated: crossOriginIsolated, configurations, pages: parameters.get('pages') === 'no' ? [] : await measurePages() };
    show(result);
    if (result.pages.length > 0) showPages(result.pages);
    window.benchResult = result;
    by('progress').textContent = 'Done.';
  } catch (error) {
    by('progress').textContent = error.message;
  } finally {
    by('start').disabled = false;
  }
}

by('start').addEventListener('click', start);
if (parameters.has('runs')) start();
