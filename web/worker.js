// The worker that owns the engine and ONNX Runtime. The page only ever talks to it by messages, so the page never blocks.
//
//   page -> worker                                                   worker -> page
//   {type:'init', provider, threads?, max_touch_points?}             {type:'ready', status} or {type:'error', code, message}
//   {type:'examine', id, files:[{name, buffer}], profile?, filter?}  {type:'progress', id, stage, stage_id, fraction} ...,
//     with review: true and a picture of a page                         {type:'page', id, page:{json, blob, picture:{width, height, rgba}}, skippable}
//   {type:'retrace', id, options}                                    {type:'page', ...} of the corrected page, without its picture
//   {type:'accept', id, reviewed, profile?, filter?}                 {type:'progress', ...}, {type:'result', ...}
//   {type:'examine', id, simulated:'normal', profile?, filter?}        {type:'result', id, view, answer, timings, provider, provider_note}
//   {type:'profile', id, profile}                                    {type:'result', ...}
//   {type:'filter', id, filter}                                      {type:'result', ...}
//   {type:'report', id, date}                                        {type:'report', id, html}
//   {type:'json', id}                                                {type:'json', id, text}
//   {type:'bench', id, runs}                                         {type:'bench', id, result}
//   {type:'close'}                                                   nothing: the examination is forgotten
//   {type:'cancel', id}                                              {type:'error', id, code:'cancelled', message}
//                                                                    {type:'status', status} whenever it changes by itself
//
// Messages are worked off one after another; only 'cancel' overtakes, and takes effect between two stages. A stage that
// hangs is ended by the page: it terminates this worker and starts a new one, since nothing here needs an orderly end.
// One person's data lives until 'close', the next 'examine' or the worker's end; files are dropped as soon as they are read.
import createEngineModule from './engine.mjs';
import { ExaminationError, StageTimings, digitisePage, examine, finishPage, openEngine, reconsider, setDisplayFilter, stageLabel } from './examination.mjs';
import { decodePicture } from './browser_pictures.js';
import { BrowserNetworks } from './ort_runtime.js';
import { benchmark, simulatedWfdbFiles } from './benchmark.mjs';

const kDefaultThreads = 2;
const kMostBenchRuns = 200;

let opened = null;      // {module, engine, library, models, skipped} of openEngine
let networks = null;    // BrowserNetworks
let settings = null;    // of the last 'init'
let wasReady = false;
let current = null;     // {id, inputName, timings, filter} of the examination that is open
const cancelled = new Set();

async function readModelFile(path) {
  const response = await fetch(new URL(`models/${path}`, import.meta.url));
  if (!response.ok) throw new Error(`${response.status} for models/${path}`);
  return new Uint8Array(await response.arrayBuffer());
}

function status() {
  // Paths in the manifest are relative to models/; the page's are relative to the app.
  const models = opened.models.map((model) => ({ ...model, card: `models/${model.card}`, precision: networks.precision(model.id) }));
  return { ...networks.status, engine_version: opened.module.engine_version(), models,
           notes: opened.skipped, timings: current?.timings.list() ?? [] };
}

const postStatus = () => networks && postMessage({ type: 'status', status: status() });

// Lets messages that are waiting, a 'cancel' above all, be delivered before the next stage.
const breath = new MessageChannel();
const breathe = () => new Promise((resolve) => {
  breath.port1.onmessage = resolve;
  breath.port2.postMessage(null);
});

async function init({ provider = 'auto', threads = kDefaultThreads, max_touch_points: maxTouchPoints = 0 }) {
  settings = { provider, threads, maxTouchPoints };
  const previous = networks;
  networks = null;
  opened ??= await openEngine(createEngineModule, readModelFile);
  networks = await BrowserNetworks.open(opened.engine, opened.library, settings, postStatus, previous);
  postMessage({ type: 'ready', status: status() });
  if (!wasReady) await warmUp();
  wasReady = true;
}

// The first run of WebAssembly is several times slower than the later ones: spend it on the simulated patient, not on a
// real one. It also shows that the engine and the networks work together before anybody relies on them.
async function warmUp() {
  await examine(opened.engine, networks, { simulated: 'normal' });
  opened.engine.view();
  opened.engine.begin();
}

async function runExamination({ id, files, simulated, profile, filter, review, page: pageOptions }) {
  current = null;
  networks.adopt();
  const input = simulated !== undefined ? { simulated, profile, filter }
    : { files: files.map(({ name, buffer }) => ({ name, bytes: new Uint8Array(buffer) })), profile, filter, review, page: pageOptions };
  const { timings, networkFailure, page } = await examine(opened.engine, networks, input, { hooks: hooksOf(id), decodePicture });
  current = { id, inputName: simulated !== undefined ? `simulated: ${simulated}` : files[0].name, timings, networkFailure };
  if (page) postPage(page, { withPicture: true });
  else await postResult();
}

function hooksOf(id) {
  return {
    onStage: (stage, fraction) => postMessage({ type: 'progress', id, stage: stageLabel(stage), stage_id: stage, fraction }),
    isCancelled: () => cancelled.has(id),
    breathe,
  };
}

// The page as the review screen shows it; the picture goes along only once.
function postPage({ skippable }, { withPicture = false } = {}) {
  const page = opened.engine.page_view();
  page.picture = withPicture ? opened.engine.page_picture() : null;
  const transfer = [page.blob.buffer, ...(page.picture ? [page.picture.rgba.buffer] : [])];
  postMessage({ type: 'page', id: current.id, page, skippable, timings: current.timings.list() }, transfer);
}

async function postResult() {
  const { id, timings, networkFailure } = current;
  let view;
  timings.milliseconds.delete('view');
  await timings.time('view', () => { view = opened.engine.view(); });
  const { provider, provider_note: providerNote } = networks.status;
  postMessage({
    type: 'result', id, view, answer: opened.engine.answer_text(), timings: timings.list(), provider,
    provider_note: networkFailure || providerNote,
  }, [view.blob.buffer]);
}

function requireCurrent(id) {
  if (current?.id !== id) throw new ExaminationError('wrong_usage', 'That examination is no longer open; open the file again.');
}

const actions = {
  init,
  examine: runExamination,
  async retrace({ id, options }) {
    requireCurrent(id);
    const { timings } = current;
    timings.milliseconds.delete('digitise');
    postPage(await timings.time('digitise', () => digitisePage(opened.engine, options)));
  },
  async accept({ id, reviewed, profile, filter }) {
    requireCurrent(id);
    const { timings, inputName } = current;
    current = null;
    const { networkFailure } = await finishPage(opened.engine, networks, { reviewed, profile, filter, timings, hooks: hooksOf(id) });
    current = { id, inputName, timings, networkFailure };
    await postResult();
  },
  async profile({ id, profile }) {
    requireCurrent(id);
    const again = await reconsider(opened.engine, profile);
    for (const [stage, milliseconds] of again.milliseconds) current.timings.milliseconds.set(stage, milliseconds);
    await postResult();
  },
  async filter({ id, filter }) {
    requireCurrent(id);
    setDisplayFilter(opened.engine, filter);
    await postResult();
  },
  close() {
    current = null;
    opened.engine.begin();
  },
  report({ id, date }) {
    requireCurrent(id);
    postMessage({ type: 'report', id, html: opened.engine.report_html(date, opened.module.engine_version()) });
  },
  json({ id }) {
    requireCurrent(id);
    postMessage({ type: 'json', id, text: opened.engine.screen_json(current.inputName) });
  },
  // The files come back too, so that the page can time the way through the worker as well.
  async bench({ id, runs }) {
    current = null;
    networks.adopt();
    const files = simulatedWfdbFiles(opened.engine);
    const result = await benchmark(opened.engine, networks, files, Math.min(Math.max(1, runs | 0), kMostBenchRuns));
    postMessage({ type: 'bench', id, result: { ...result, ...networks.status, files: files.map(({ name, bytes }) => ({ name, buffer: bytes.buffer })) } });
  },
};

// An error that is not one of ours is a trap inside WebAssembly or a bug: its memory cannot be trusted any more, so the
// engine is started anew and the page is told in one sentence.
async function fail(message, error) {
  current = null;
  if (error instanceof ExaminationError) {
    opened?.engine.begin();
    postMessage({ type: 'error', id: message.id, code: error.code, message: error.message });
    return;
  }
  console.error(error);
  opened = null;
  const closing = networks;
  networks = null;
  await closing?.closeAll().catch(console.error);
  postMessage({ type: 'error', id: message.id, code: 'internal', message: wasReady
    ? 'The analysis stopped unexpectedly and nothing of it was kept; open the file again.'
    : 'The app could not start on this browser; update the browser or use another one.' });
}

async function work(message) {
  const action = actions[message.type];
  if (!action) return;
  try {
    if (message.type !== 'init' && !networks) {
      if (!settings) throw new ExaminationError('wrong_usage', 'The worker has not been started.');
      await init(settings);
    }
    if (cancelled.has(message.id)) throw new ExaminationError('cancelled', 'The examination was cancelled.');
    await action(message);
  } catch (error) {
    await fail(message, error);
  } finally {
    cancelled.delete(message.id);
  }
}

let queue = Promise.resolve();
self.onmessage = ({ data }) => {
  if (data.type === 'cancel') {
    cancelled.add(data.id);
  } else {
    queue = queue.then(() => work(data));
  }
};
