// The worker that owns the engine and ONNX Runtime. The page only ever talks to it by messages, so the page never blocks.
//
//   page -> worker                                                   worker -> page
//   {type:'init', provider, threads?, max_touch_points?}             {type:'ready', status} or {type:'error', code, message}
//   {type:'examine', id, files:[{name, buffer}], profile?, filter?}  {type:'progress', id, stage, stage_id, fraction} ...,
//     with review: true and a picture of a page                         {type:'page', id, page:{json, blob, picture:{width, height, rgba}}, skippable, prepared}
//   {type:'retrace', id, options}                                    {type:'page', ...} of the corrected page, without its picture
//   {type:'accept', id, reviewed, profile?, filter?}                 {type:'progress', ...}, {type:'result', ...}
//   {type:'examine', id, simulated:'normal', profile?, filter?}        {type:'result', id, view, echo, answer, timings, provider, provider_note}
//     with clips: [[{name, buffer}], ...] beside it, or files that are one  `view` is null without an ECG; `echo` {json, blob, pixels} without clips
//     a large file is {name, blob} instead
//     a clip, here and below, may also be {stream: {name, format, port}}: frames from the page (web/frame_source.js)
//   {type:'clip', id, files}: another clip of the same person          {type:'result', ...}; when it cannot be used, {type:'error', kept: true}:
//                                                                      the examination goes on without it
//   {type:'drop_clip', id, clip}: a clip less                          {type:'result', ...}
//   {type:'contour', id, clip, frame, points}                         {type:'result', ...} whose echo comes without pixels
//   {type:'echo_json', id}                                           {type:'echo_json', id, text}
//   {type:'profile', id, profile}                                    {type:'result', ...}
//   {type:'filter', id, filter}                                      {type:'result', ...}
//   {type:'fusion', id, fusion}: 'late', 'early' or 'hybrid'          {type:'result', ...}
//   {type:'report', id, date, identity}                              {type:'report', id, html}
//   {type:'json', id}, {type:'csv', id}, {type:'fhir', id, date, identity}  {type:'json', id, text} and so on
//   {type:'language', id, table, language}                           {type:'result', ...}, or {type:'language', id} with nothing open
//   {type:'compare', id, keep}                                       {type:'result', ...}
//   {type:'bench', id, runs}                                         {type:'bench', id, result}
//   {type:'bench_page', id, name, runs}                              {type:'bench_page', id, result}: a page of kBenchPages
//   {type:'close'}                                                   nothing: the examination is forgotten
//   {type:'cancel', id}                                              {type:'error', id, code:'cancelled', message}
//                                                                    {type:'status', status} whenever it changes by itself
//
// Messages are worked off one after another; only 'cancel' overtakes, and takes effect between two stages. A stage that
// hangs is ended by the page: it terminates this worker and starts a new one, since nothing here needs an orderly end.
// One person's data lives until 'close', the next 'examine' or the worker's end; files are dropped as soon as they are read.
import createEngineModule from './engine.mjs';
import { ExaminationError, StageTimings, digitisePage, examine, examineClips, finishPage, isPicture, kClipHeadBytes, kLargestClipFileBytes, openEngine, reconsider, setDisplayFilter, stageLabel, tooLarge, unwrap } from './examination.mjs';
import { decodePicture } from './browser_pictures.js';
import { decodeVideo, videoKind } from './clip_video.js';
import { BrowserNetworks } from './ort_runtime.js';
import { benchmark, benchmarkPage, simulatedWfdbFiles } from './benchmark.mjs';
import { drawnPage, kBenchPages } from './drawn_page.mjs';

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
           form_fields: JSON.parse(opened.module.form_fields()), notes: opened.skipped, timings: current?.timings.list() ?? [] };
}

const postStatus = () => networks && postMessage({ type: 'status', status: status() });

// Lets messages that are waiting, a 'cancel' above all, be delivered before the next stage.
const breath = new MessageChannel();
const breathe = () => new Promise((resolve) => {
  breath.port1.onmessage = resolve;
  breath.port2.postMessage(null);
});

async function init({ provider = 'auto', threads = kDefaultThreads, max_touch_points: maxTouchPoints = 0 }) {
  settings = { provider, threads, maxTouchPoints, language: settings?.language };
  const previous = networks;
  networks = null;
  opened ??= await openEngine(createEngineModule, readModelFile);
  if (settings.language) opened.engine.set_language(settings.language.table, settings.language.language);
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

const bytesOf = (blob) => new Uint8Array(new FileReaderSync().readAsArrayBuffer(blob));

// A file comes as {name, buffer}, or as {name, blob} where it is large; of that no more is read than is needed.
function asFiles(files) {
  return files.map(({ name, buffer, blob }) => {
    if (!blob) return { name, bytes: new Uint8Array(buffer) };
    try {
      const head = bytesOf(blob.slice(0, kClipHeadBytes));
      if (opened.engine.reads_in_pieces(head))
        return { name, bytes: head, pieces: { name, size: blob.size, read: (at, count) => bytesOf(blob.slice(at, at + count)) } };
      if (videoKind(head)) return { name, bytes: head, blob };
      if (blob.size > kLargestClipFileBytes) throw tooLarge(name, blob.size, kLargestClipFileBytes);
      return { name, bytes: bytesOf(blob) };
    } catch (error) {
      if (error instanceof ExaminationError) throw error;
      throw new ExaminationError('cannot_read', `The file ${name} could not be read; it may have been moved or its drive removed.`, String(error));
    }
  });
}

// What these files are to examineClips where they are one clip, otherwise null: a file that the engine knows by its content, several
// pictures, which are its frames, or a video that only the browser decodes. `added` to somebody's examination a single picture is a clip too.
function clipOf(files, id, { added = false } = {}) {
  if (files.length > 1) return added || files.every(({ bytes }) => isPicture(bytes)) ? { files } : null;
  const [{ name, bytes, blob, pieces }] = files;
  if (pieces) return { pieces };
  if (opened.module.looks_like_clip(bytes)) return { files };
  const kind = videoKind(bytes);
  if (!kind) return added ? { files } : null;
  const decode = async (begin, push) => {
    begin(kind, 0);
    await decodeVideo(blob ?? new Blob([bytes]), { onFrame: (...frame) => { push(...frame); return !cancelled.has(id); } });
    if (cancelled.has(id)) throw new ExaminationError('cancelled', 'The examination was cancelled.');
  };
  return { name, decode };
}

// A clip whose frames the page sends.
function streamOf({ name, format, port }, id) {
  const decode = (begin, push) => new Promise((resolve, reject) => {
    begin(format, 0);
    const end = (settle, value) => { port.close(); settle(value); };
    port.onmessage = ({ data }) => {
      if (data.end) return end(resolve);
      if (data.error) return end(reject, new ExaminationError(data.error.code, data.error.message));
      try {
        if (cancelled.has(id)) throw new ExaminationError('cancelled', 'The examination was cancelled.');
        push(new Uint8Array(data.rgba.buffer, data.rgba.byteOffset, data.rgba.byteLength), data.width, data.height, data.ms);
      } catch (error) {
        port.postMessage('stop');
        return end(reject, error);
      }
      return undefined;
    };
  });
  return { name, decode };
}

const givenClip = (given, id) => (given.stream ? streamOf(given.stream, id) : clipOf(asFiles(given), id, { added: true }));
const clipCount = () => unwrap(opened.engine.echo_request()).request?.clips.length ?? 0;

// Clips alone, or before the ECG of the same person, whose answer is weighed with what they show.
async function runClips({ id, simulated, given, profile, fusion, contours }) {
  const { engine, library } = opened;
  engine.begin();
  if (profile) unwrap(engine.set_profile(JSON.stringify(profile)));
  if (fusion) unwrap(engine.set_fusion(fusion));
  if (simulated !== undefined) unwrap(engine.load_simulated_clips(simulated));
  const { timings } = await examineClips(engine, networks, given, { hooks: hooksOf(id), library });
  for (const { clip, frame, points } of contours) unwrap(engine.echo_set_contour(clip, frame, Float32Array.from(points)));
  await timings.time('fuse', () => unwrap(engine.fuse()));
  return timings;
}

async function runExamination({ id, files, stream, simulated, profile, filter, fusion, review, page: pageOptions, clips = [], contours = [] }) {
  current = null;
  networks.adopt();
  const simulatedClip = simulated?.startsWith('echo_');
  const first = files ? asFiles(files) : null;
  const others = clips.map((added) => givenClip(added, id));
  const firstClip = stream ? streamOf(stream, id) : first && clipOf(first, id);
  if (simulatedClip || others.length > 0 || firstClip) {
    const alone = simulatedClip || firstClip !== null;
    const given = firstClip ? [firstClip, ...others] : others;
    const timings = await runClips({ id, simulated: simulatedClip ? simulated : undefined, given, profile, fusion, contours });
    current = { id, inputName: simulatedClip ? `simulated: ${simulated}` : stream?.name ?? first?.[0].name ?? `simulated: ${simulated}`, timings, onlyClips: alone };
    if (!alone) {
      const rest = await examine(opened.engine, networks, first ? { files: first, profile, filter, fusion } : { simulated, profile, filter, fusion },
        { hooks: hooksOf(id), decodePicture, keepClips: true });
      for (const [stage, milliseconds] of rest.timings.milliseconds) timings.milliseconds.set(stage, milliseconds);
      current.networkFailure = rest.networkFailure;
    }
    await postResult({ withPixels: true });
    return;
  }
  const input = simulated !== undefined ? { simulated, profile, filter, fusion }
    : { files: first, profile, filter, fusion, review, page: pageOptions };
  const { timings, networkFailure, page } = await examine(opened.engine, networks, input, { hooks: hooksOf(id), decodePicture });
  current = { id, inputName: simulated !== undefined ? `simulated: ${simulated}` : files[0].name, timings, networkFailure };
  if (page) postPage(page, { withPicture: true });
  else await postResult({ withPixels: true });
}

function hooksOf(id) {
  return {
    onStage: (stage, fraction) => postMessage({ type: 'progress', id, stage: stageLabel(stage), stage_id: stage, fraction }),
    isCancelled: () => cancelled.has(id),
    breathe,
  };
}

// The page as the review screen shows it; the picture goes along only once.
function postPage({ skippable, prepared = false }, { withPicture = false } = {}) {
  const page = opened.engine.page_view();
  page.picture = withPicture ? opened.engine.page_picture() : null;
  const transfer = [page.blob.buffer, ...(page.picture ? [page.picture.rgba.buffer] : [])];
  postMessage({ type: 'page', id: current.id, page, skippable, prepared, timings: current.timings.list() }, transfer);
}

async function postResult({ withPixels = false } = {}) {
  const { id, timings, networkFailure } = current;
  let view;
  let echo;
  timings.milliseconds.delete('view');
  await timings.time('view', () => {
    view = opened.engine.view();
    echo = opened.engine.echo_view();
    if (echo) echo.pixels = withPixels ? opened.engine.echo_pixels() : null;
  });
  if (!view.json) view = null;
  const { provider, provider_note: providerNote } = networks.status;
  postMessage({
    type: 'result', id, view, echo, answer: opened.engine.answer_text(), timings: timings.list(), provider,
    provider_note: networkFailure || providerNote,
  }, [view?.blob.buffer, echo?.blob.buffer, echo?.pixels?.buffer].filter(Boolean));
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
  async accept({ id, reviewed, profile, filter, fusion }) {
    requireCurrent(id);
    const { timings, inputName } = current;
    current = null;
    const { networkFailure } = await finishPage(opened.engine, networks, { reviewed, profile, filter, fusion, timings, hooks: hooksOf(id) });
    current = { id, inputName, timings, networkFailure };
    await postResult();
  },
  // A clip that cannot be used leaves the examination as it was.
  async clip({ id, files, stream }) {
    requireCurrent(id);
    const { engine, library } = opened;
    const before = clipCount();
    let timings;
    try {
      ({ timings } = await examineClips(engine, networks, [givenClip(stream ? { stream } : files, id)], { hooks: hooksOf(id), library }));
    } catch (error) {
      if (!(error instanceof ExaminationError)) throw error;
      while (clipCount() > before) engine.echo_drop(clipCount() - 1);
      if (before > 0) unwrap(engine.echo_measure());
      throw Object.assign(error, { kept: true });
    }
    for (const [stage, milliseconds] of timings.milliseconds) current.timings.milliseconds.set(stage, milliseconds);
    unwrap(opened.engine.fuse());
    await postResult({ withPixels: true });
  },
  async drop_clip({ id, clip }) {
    requireCurrent(id);
    opened.engine.echo_drop(clip);
    if (clipCount() > 0) unwrap(opened.engine.echo_measure());
    unwrap(opened.engine.fuse());
    await postResult({ withPixels: true });
  },
  async contour({ id, clip, frame, points }) {
    requireCurrent(id);
    unwrap(opened.engine.echo_set_contour(clip, frame, Float32Array.from(points)));
    unwrap(opened.engine.fuse());
    await postResult();
  },
  echo_json({ id }) {
    requireCurrent(id);
    postMessage({ type: 'echo_json', id, text: opened.engine.echo_json(current.inputName) });
  },
  async profile({ id, profile }) {
    requireCurrent(id);
    const again = await reconsider(opened.engine, profile, { onlyClips: current.onlyClips });
    for (const [stage, milliseconds] of again.milliseconds) current.timings.milliseconds.set(stage, milliseconds);
    await postResult();
  },
  async fusion({ id, fusion }) {
    requireCurrent(id);
    unwrap(opened.engine.set_fusion(fusion));
    await current.timings.time('fuse', () => unwrap(opened.engine.fuse()));
    await postResult();
  },
  async filter({ id, filter }) {
    requireCurrent(id);
    setDisplayFilter(opened.engine, filter);
    await postResult();
  },
  close() {
    current = null;
    opened.engine.forget_comparison();
    opened.engine.begin();
  },
  report({ id, date, identity = {} }) {
    requireCurrent(id);
    postMessage({ type: 'report', id, html: opened.engine.report_html(date, opened.module.engine_version(), JSON.stringify(identity)) });
  },
  csv({ id }) {
    requireCurrent(id);
    postMessage({ type: 'csv', id, text: opened.engine.report_csv() });
  },
  fhir({ id, date, identity = {} }) {
    requireCurrent(id);
    postMessage({ type: 'fhir', id, text: unwrap(opened.engine.report_fhir(date, JSON.stringify(identity))).text });
  },
  // The answer in another language: everything is kept, only the words change. With nothing open the table is kept for later.
  async language({ id, table, language }) {
    opened.engine.set_language(table, language);
    settings.language = { table, language };
    if (current?.id === id) await postResult();
    else postMessage({ type: 'language', id });
  },
  async compare({ id, keep }) {
    requireCurrent(id);
    if (keep) opened.engine.keep_for_comparison();
    else opened.engine.forget_comparison();
    await postResult();
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
  async bench_page({ id, name, runs }) {
    current = null;
    const { module, engine } = opened;
    const picture = drawnPage(engine, kBenchPages.find((page) => page.name === name));
    const result = await benchmarkPage(module, engine, picture, Math.min(Math.max(1, runs | 0), kMostBenchRuns));
    postMessage({ type: 'bench_page', id, result: { input: name, ...result } });
  },
};

// An error that is not one of ours is a trap inside WebAssembly or a bug: its memory cannot be trusted any more, so the
// engine is started anew and the page is told in one sentence.
async function fail(message, error) {
  if (error.kept) {
    postMessage({ type: 'error', id: message.id, code: error.code, message: error.message, kept: true });
    return;
  }
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
