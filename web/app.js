// The page: starts the engine's worker and the dashboard and carries messages between them. No clinical logic, no storage.
//
//   a picture of paper ─▶ worker ─▶ page, looked at and corrected ─▶ worker ─▶ result
//   files, demonstration patient ─▶ worker ─▶ result ─▶ dashboard (canvas) and text view (DOM), always both
//   commands of the dashboard or of the text's buttons ─▶ perform()
//
// URL parameters: provider=auto|wasm|webgpu, threads=N, demo=CONDITION (opens the simulated patient at once).
import { createCamera } from './camera.js';
import { dashboardObstacle, engineObstacle } from './capabilities.js';
import { createDocumentView } from './document_view.js';
import { createFilm } from './film.js';
import { isSource, openSource, playedSource } from './frame_source.js';
import { createEngineClient, EngineError } from './engine_client.js';
import { watchForFiles } from './file_intake.js';
import { createOffline } from './offline.js';
import { createLanguage } from './language.js';
import { createLearning } from './learning.js';
import { createProfileDialog } from './profile_dialog.js';
import { createReportView, fileNameFor, saveText } from './report_view.js';
import { takeSharedFiles } from './shared_files.js';
import { createTextView } from './text_view.js';

const kProgressAfterMs = 200;
const kCancelAfterMs = 2000;

const by = (id) => document.getElementById(id);
const parameters = new URLSearchParams(location.search);

// What is on screen: {input, profile, filter, fusion, view, echo, message}; `view` is null without an ECG, `echo` without clips. `input` is
// {files: File[]}, {source} (a clip whose frames the page makes, web/frame_source.js) or {simulated}, with `clips`, lists of files or sources of further clips, and `contours` as corrected; the files are handles, read
// again when needed; of a picture `input.page` has the corrections and `input.reviewed` that its trace was seen. Dropped when the
// examination is closed.
let shown = null;
let shownClips = null;  // the input whose clips' pixels the dashboard holds
// The page of paper under review, {input, profile, filter, fusion, id, view}, instead of a result.
let reviewing = null;
let skipReview = false;  // the user's choice for this session: pages that pass every check are screened at once
// The examination that the worker holds right now; differs from `shown` after a file that failed or a restarted worker.
let held = null;
// What the user last asked for, {input, profile, filter, fusion}; ahead of `shown` while it is being computed.
let wanted = null;
let status = {
  provider: '', threads: 0, provider_note: '', offline_ready: false, clips_ready: false, update_available: false, app_version: '',
  models: [], timings: [], licences: [],
};
let error = null;
let dashboard = null;
// Who the person on screen is, as far as it was typed in for report and FHIR file: {name, identifier, birth_date}. Nowhere else.
let identity = {};

// ---- What the user sees -----------------------------------------------------------------------------------------------------

const text = createTextView({
  open: () => perform({ command: 'open' }),
  camera: () => perform({ command: 'camera' }),
  film: () => perform({ command: 'film' }),
  accept: () => perform({ command: 'accept_page' }),
  demo: () => perform({ command: 'demo', condition: 'lbbb' }),
  profile: () => perform({ command: 'edit_profile' }),
  print: () => perform({ command: 'print' }),
  export: () => perform({ command: 'export_json' }),
  export_csv: () => perform({ command: 'export_csv' }),
  export_fhir: () => perform({ command: 'export_fhir' }),
  learn: () => perform({ command: 'learn' }),
  fusion: (way) => perform({ command: 'set_fusion', way }),
  close: () => perform({ command: 'close' }),
  update: () => perform({ command: 'update' }),
  cancel: () => perform({ command: 'cancel' }),
});

function showError(sentence) {
  error = sentence;
  dashboard?.setError(sentence);
  text.setError(sentence);
}

function showStatus(changes) {
  status = { ...status, ...changes };
  if (changes.form_fields) profileDialog.setFields(changes.form_fields);
  dashboard?.setStatus(status);
  text.setStatus(status);
}

/** What is open over the screen belongs to the examination that is on it, and must not stay over another person's. */
function closeDialogs() {
  profileDialog.close();
  reportView.close();
  documentView.close();
  camera.close();
  film.close();
}

function showResult(examination) {
  shown = examination;
  diagnostics.resultsShown += 1;
  const { view, echo } = examination.message;
  // Corrected contours come without the pixels, which the dashboard has.
  const corrected = echo !== null && shownClips === examination.input;
  dashboard?.setEcho(echo && { ...echo, pixels: corrected ? null : examination.input.pixels }, { corrected });
  shownClips = echo && examination.input;
  dashboard?.setView(view?.json ?? null, view?.blob ?? null);
  text.setView(examination.view, examination.message.answer, examination.echo);
  language.apply(by('text-view'));
  const { timings, provider, provider_note } = examination.message;
  showStatus({ timings, provider, provider_note });
}

function showPage(page) {
  const corrected = reviewing?.input === page.input;
  reviewing = page;
  shown = null;
  diagnostics.pagesShown += 1;
  dashboard?.setPage(page.message.page, { corrected });
  text.setPage(page.view);
}

function hidePage() {
  if (!reviewing) return;
  reviewing = null;
  dashboard?.setPage(null);
  text.setPage(null);
}

function showStart() {
  newestWork += 1;  // what is still being computed is not shown
  shown = null;
  identity = {};
  held = null;
  wanted = null;
  activity.end();
  engine.forget();
  learning.close();
  closeDialogs();
  hidePage();
  dashboard?.setEcho(null);
  shownClips = null;
  dashboard?.setView(null, null);
  text.setView(null, null);
}

/** Progress that appears only when there is something to wait for, and a cancel only when the wait is long. */
const activity = (() => {
  let timers = [];
  let progress = null;
  let visible = false;
  const show = () => {
    dashboard?.setProgress(visible ? progress : null);
    text.setProgress(visible ? progress : null);
  };
  const end = () => {
    timers.forEach(clearTimeout);
    timers = [];
    progress = null;
    if (visible) {
      visible = false;
      show();
    }
  };
  return {
    begin(stage) {
      end();
      progress = { stage, fraction: null, cancellable: false };
      timers = [
        setTimeout(() => { visible = true; show(); }, kProgressAfterMs),
        setTimeout(() => { progress = { ...progress, cancellable: true }; show(); }, kCancelAfterMs),
      ];
    },
    report({ stage, fraction }) {
      if (!progress) return;
      progress = { ...progress, stage, fraction };
      if (visible) show();
    },
    end,
    get current() { return visible ? progress : null; },
  };
})();

// ---- Examinations -----------------------------------------------------------------------------------------------------------

// A file over this goes to the worker as a handle, which reads a clip frame by frame.
const kLargeFileBytes = 4 * 1024 * 1024;

async function filesForWorker(files) {
  return Promise.all(files.map(async (file) => {
    if (files.length === 1 && file.size > kLargeFileBytes) return { name: file.name, blob: file };
    try {
      return { name: file.name, buffer: await file.arrayBuffer() };
    } catch {
      throw new EngineError('cannot_read', `The file ${file.name} could not be read; it may have been moved or its drive removed.`);
    }
  }));
}

const buffersOf = (files) => files.flatMap(({ buffer }) => buffer ?? []);

const isSingle = (files) => Array.isArray(files) && files.length === 1 && files[0] instanceof Blob;

/** What the worker is given for a clip, and what of it is transferred. */
async function clipForWorker(clip) {
  if (isSource(clip)) {
    const given = openSource(clip);
    return { given, transfer: [given.stream.port] };
  }
  const given = await filesForWorker(clip);
  return { given, transfer: buffersOf(given) };
}

/** The same input with its videos played by the page, after the worker has said that it needs that; null where there are none. */
function playedByPage(input) {
  const played = (clip) => (isSingle(clip) ? playedSource(clip[0]) : clip);
  if (input.clips?.length) return { ...input, clips: input.clips.map(played) };
  return isSingle(input.files) ? { ...input, files: undefined, source: played(input.files) } : null;
}

/** Has the worker read `input` afresh, with what the user said of the person and of the display. Resolves to what to show. */
async function runExamination({ input, profile, filter, fusion }) {
  held = null;
  const payload = { profile: profile ?? undefined, filter: filter ?? undefined, fusion: fusion ?? undefined };
  let transfer = [];
  if (input.source) {
    const { given, transfer: port } = await clipForWorker(input.source);
    Object.assign(payload, given);
    transfer = port;
  } else if (input.files) {
    payload.files = await filesForWorker(input.files);
    // Closed, or another file was opened, while this one was being read: the worker is not given it.
    if (wanted?.input !== input) throw new EngineError('cancelled', 'The examination was cancelled.');
    transfer = buffersOf(payload.files);
  } else {
    payload.simulated = input.simulated;
  }
  if (input.clips) {
    const clips = await Promise.all(input.clips.map(clipForWorker));
    payload.clips = clips.map(({ given }) => given);
    transfer.push(...clips.flatMap((clip) => clip.transfer));
  }
  payload.contours = input.contours;
  payload.review = input.files !== undefined;
  payload.page = input.page;
  let message;
  try {
    message = await engine.examine(payload, transfer);
  } catch (failure) {
    const again = failure.code === 'needs_page' ? playedByPage(input) : null;
    if (!again) throw failure;
    if (wanted?.input === input) wanted.input = again;
    return runExamination({ input: again, profile, filter, fusion });
  }
  if (message.type !== 'page') return hold({ input, profile, filter, fusion }, message);
  const { skippable } = message;
  if (input.reviewed || (skipReview && skippable)) return acceptPage({ input, profile, filter, fusion }, message.id);
  return { input, profile, filter, fusion, message, page: true, view: JSON.parse(message.page.json) };
}

const parsed = (view) => (view ? JSON.parse(view.json) : null);

function hold(examination, message) {
  held = { ...examination, message, view: parsed(message.view), echo: parsed(message.echo) };
  if (message.echo?.pixels) examination.input.pixels = message.echo.pixels;
  return held;
}

/** The page that the worker holds becomes the examination. */
async function acceptPage({ input, profile, filter, fusion }, id) {
  const message = await engine.request('accept', id, {
    reviewed: input.reviewed === true, profile: profile ?? undefined, filter: filter ?? undefined, fusion: fusion ?? undefined,
  });
  return hold({ input, profile, filter, fusion }, message);
}

/**
 * Runs `work` with progress, then `onDone`. What changes the screen supersedes whatever was under way: an older result is not shown,
 * nor an older error. Work that only reads what is on screen (`supersedes` false) lets the other finish.
 */
let newestWork = 0;
async function busy(stage, work, onDone, { supersedes = true } = {}) {
  if (supersedes) newestWork += 1;
  const mine = newestWork;
  activity.begin(stage);
  try {
    const result = await work();
    if (mine === newestWork) onDone(result);
  } catch (failure) {
    if (!failure.kept) held = null;
    if (mine === newestWork) hidePage();
    if (mine === newestWork) wanted = shown;
    if (mine === newestWork && failure.code !== 'cancelled') {
      showError(failure instanceof EngineError ? failure.message : 'Something went wrong in the app; reload the page and try again.');
      if (!(failure instanceof EngineError)) console.error(failure);
    }
  } finally {
    if (mine === newestWork) activity.end();
  }
}

/** Another person: nothing said of the former one carries over. The display filter is the user's, and stays until the examination
    is closed. */
async function examine(input, profile = null) {
  const startedAt = performance.now();
  closeDialogs();  // a file can be dropped on a dialog, or come from the operating system while one is open
  showError(null);
  if (engine.busy) engine.cancel();
  wanted = { input, profile, filter: wanted?.filter ?? null, fusion: wanted?.fusion ?? null };
  identity = {};
  const asked = wanted;
  await busy('Reading the file', () => runExamination(asked), (examination) => {
    if (examination.page) {
      dashboard?.setEcho(null);  // another person's result must not stay behind the page
      shownClips = null;
      dashboard?.setView(null, null);
      text.setView(null, null);
      showPage(examination);
    } else {
      hidePage();
      showResult(examination);
    }
    diagnostics.fileToResultMs = performance.now() - startedAt;
    if (history.state?.screen !== 'result') history.pushState({ screen: 'result' }, '');
  });
}

/** The page is read again with all that the user has said about it. */
async function retrace(options) {
  if (!reviewing) return;
  const asked = reviewing;
  asked.input.page = options;
  await busy('Reading the page again', () => engine.request('retrace', asked.message.id, { options }), (message) => {
    if (reviewing !== asked) return;
    showPage({ ...asked, message, view: JSON.parse(message.page.json) });
  });
}

async function screenPage() {
  if (!reviewing) return;
  const asked = reviewing;
  asked.input.reviewed = true;
  await busy('Measuring the ECG', () => acceptPage(asked, asked.message.id), (examination) => {
    hidePage();
    showResult(examination);
  });
}

/** Whether the examination on screen is the one last asked for; not so while another person's file is being read. */
const shownIsWanted = () => shown !== null && wanted?.input === shown.input;

/** A change to the examination on screen: only what depends on it is computed again, if the worker still holds it. */
async function amend(type, change) {
  if (!shown) return;
  wanted = { ...wanted, ...change };
  const asked = wanted;
  await busy('Updating the answer', async () => {
    if (held?.input !== asked.input) return runExamination(asked);
    return hold(asked, await engine.request(type, held.message.id, change));
  }, (examination) => {
    if (shown) showResult(examination);
  });
}

/** What was entered of the person on screen; `typed`: who it is, for report and FHIR file. */
function enter(profile, typed) {
  identity = typed;
  return amend('profile', { profile });
}

/** What the engine holds stays, and is shown anew: another language, or beside an earlier examination. */
async function showAgain(type, payload) {
  const asked = wanted;
  await busy('Updating the answer', async () => {
    if (held?.input !== asked.input) return runExamination(asked);
    return hold(asked, await engine.request(type, held.message.id, payload));
  }, (examination) => {
    if (shown) showResult(examination);
  });
}

/** Another clip of the same person. */
async function addClip(files) {
  if (!shownIsWanted() || (!isSource(files) && files.length === 0)) return;
  showError(null);
  const before = wanted.input;
  const withClip = (clip) => ({ ...wanted, input: { ...before, clips: [...before.clips ?? [], clip] } });
  const request = async (clip) => {
    const { given, transfer } = await clipForWorker(clip);
    return engine.request('clip', held.message.id, given.stream ? given : { files: given }, transfer);
  };
  wanted = withClip(files);
  let asked = wanted;
  await busy('Reading the clip', async () => {
    if (held?.input !== shown.input) return runExamination(asked);
    try {
      return hold(asked, await request(files));
    } catch (failure) {
      if (failure.code !== 'needs_page' || !isSingle(files)) throw failure;
      const played = playedSource(files[0]);
      if (wanted === asked) asked = wanted = withClip(played);
      return hold(asked, await request(played));
    }
  }, (examination) => {
    if (shown) showResult(examination);
  });
}

/** One clip less; without an ECG and without another clip nothing is left. */
async function dropClip({ clip }) {
  if (!shownIsWanted() || !shown.echo || wanted.input.simulated?.startsWith('echo_')) return;
  const { input } = wanted;
  const first = shown.view ? [] : [input.source ?? input.files];   // without an ECG the input itself is the first clip
  const left = [...first, ...input.clips ?? []].filter((_, index) => index !== clip);
  if (!shown.view && left.length === 0) {
    perform({ command: 'close' });
    return;
  }
  const contours = (input.contours ?? []).filter((one) => one.clip !== clip).map((one) => ({ ...one, clip: one.clip > clip ? one.clip - 1 : one.clip }));
  const next = { ...input, contours, pixels: undefined };
  if (!shown.view) {
    const only = left.shift();
    Object.assign(next, isSource(only) ? { source: only, files: undefined } : { files: only, source: undefined });
  }
  next.clips = left;
  const before = held?.input === input;
  wanted = { ...wanted, input: next };
  const asked = wanted;
  await busy('Updating the answer', async () => (before
    ? hold(asked, await engine.request('drop_clip', held.message.id, { clip })) : runExamination(asked)), (examination) => {
    if (shown) showResult(examination);
  });
}

/** A contour drawn by hand, in pixels of the clip's frames; without points it is the network's again. */
async function setContour({ clip, frame, points }) {
  if (!shownIsWanted() || !shown.echo) return;
  const { input } = wanted;
  input.contours = (input.contours ?? []).filter((one) => one.clip !== clip || one.frame !== frame);
  if (points.length > 0) input.contours.push({ clip, frame, points });
  await showAgain('contour', { clip, frame, points });
}

/** A text that the engine writes about the examination on screen ('report' or 'json'), handed to `onDone` with a file name's stem. */
async function write(type, payload, onDone) {
  if (!shownIsWanted()) return;
  const asked = wanted;
  await busy(type === 'report' ? 'Writing the report' : 'Writing the file', async () => {
    if (held?.input !== asked.input) await runExamination(asked);
    return engine.request(type, held.message.id, payload);
  }, (message) => {
    if (shown) onDone(message, shown.view?.input.name ?? shown.echo.clips[0].name);
  }, { supersedes: false });
}

const today = () => new Date().toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'short' });  // 2026-01-31 14:05

// ---- Commands ---------------------------------------------------------------------------------------------------------------

const commands = {
  open: () => by('file-input').click(),
  camera: () => camera.open(),
  retrace: ({ options }) => retrace(options),
  accept_page: screenPage,
  skip_review: ({ on }) => { skipReview = on === true; },
  demo: ({ condition }) => examine({ simulated: condition }),
  add_clip: () => by('clip-input').click(),
  drop_clip: dropClip,
  film: () => film.open(),
  echo_contour: setContour,
  export_echo: () => write('echo_json', {}, (message, name) => saveText(fileNameFor(name, '.echo.json'), 'application/json', message.text)),
  edit_profile: () => shownIsWanted() && profileDialog.open(shown.view?.profile ?? shown.profile, shown.view?.input.patient ?? 'age and sex not known', identity),
  set_fusion: ({ way }) => amend('fusion', { fusion: way }),
  set_filter: ({ high_pass_hz, low_pass_hz, notch_hz }) => amend('filter', { filter: { high_pass_hz, low_pass_hz, notch_hz } }),
  print: () => write('report', { date: today(), identity }, ({ html }, name) => reportView.open(html, fileNameFor(name, '.html'))),
  export_json: () => write('json', {}, (message, name) => saveText(fileNameFor(name, '.json'), 'application/json', message.text)),
  export_csv: () => write('csv', {}, (message, name) => saveText(fileNameFor(name, '.csv'), 'text/csv', message.text)),
  export_fhir: () => write('fhir', { date: today().slice(0, 10), identity }, (message, name) => saveText(fileNameFor(name, '.fhir.json'), 'application/fhir+json', message.text)),
  set_language: (command) => language.choose(command.language),
  compare: () => shownIsWanted() && showAgain('compare', { keep: true }),
  end_compare: () => shownIsWanted() && showAgain('compare', { keep: false }),
  learn: () => learning.start(),
  cancel: () => {
    newestWork += 1;  // whatever still comes of it is not shown
    wanted = shown;
    held = null;
    engine.cancel();
    activity.end();
    if (reviewing) examine({ files: reviewing.input.files });  // the worker let go of the page: as it was at first
  },
  close: () => {
    if (history.state?.screen === 'result') history.back();
    else showStart();
  },
  open_card: ({ path }) => documentView.open(path),
  dismiss_error: () => showError(null),
  set_provider: ({ provider }) => {
    showStatus({ provider: '', provider_choice: provider, provider_note: 'The networks are being checked on this device.' });
    engine.chooseProvider(provider).then(() => {
      held = null;  // the examination on screen is run again, by the new provider
      return amend('profile', {});
    }, showFailedStart);
  },
  update: async () => {
    if (shown || reviewing || engine.busy) {
      showError('Close this examination first; the update waits until then.');
      return;
    }
    showError(await offline.update());
  },
};

function perform(command) {
  const run = Object.hasOwn(commands, command.command) ? commands[command.command] : null;
  run?.(command);
}

// ---- Parts ------------------------------------------------------------------------------------------------------------------

const language = createLanguage({
  onChange(table, chosen) {
    by('language-choice').value = chosen;
    dashboard?.setLanguage(table, chosen);
    if (shown && shownIsWanted()) showAgain('language', { table, language: chosen });
    else engine.request('language', 0, { table, language: chosen }).catch(() => {});
  },
});
by('language-choice').addEventListener('change', ({ target }) => perform({ command: 'set_language', language: target.value }));
const learning = createLearning({
  dialog: by('learning'),
  onExamine: (condition, profile) => examine({ simulated: condition }, profile),
  onReveal: (profile) => amend('profile', { profile }),
  localise: (root) => language.apply(root),
});
const profileDialog = createProfileDialog({
  localise: (root) => language.apply(root),
  dialog: by('profile-dialog'),
  form: by('profile-form'),
  onApply: enter,
});
const reportView = createReportView({ dialog: by('report-dialog'), frame: by('report-frame') });
const camera = createCamera({
  dialog: by('camera-dialog'),
  onPicture: (file) => examine({ files: [file] }),
  onError: showError,
});
const film = createFilm({
  dialog: by('film-dialog'),
  onClip: (source) => (shownIsWanted() ? addClip(source) : examine({ source })),
  onError: showError,
});
const documentView = createDocumentView({
  dialog: by('document-dialog'), title: by('document-title'), body: by('document-body'), onError: showError,
});

const providerChoice = ['wasm', 'webgpu'].includes(parameters.get('provider')) ? parameters.get('provider') : 'auto';
status = { ...status, provider_choice: providerChoice };
const obstacle = engineObstacle();
const engine = obstacle ? brokenEngine(obstacle) : createEngineClient({
  provider: providerChoice,
  threads: Number.parseInt(parameters.get('threads') ?? '', 10) || undefined,
  onStatus: showStatus,
  onProgress: activity.report,
  onRestart: () => { held = null; },
});

/** Stands in where the engine cannot run at all: every request is answered with the reason. */
function brokenEngine(sentence) {
  const failure = new EngineError('unsupported', sentence);
  const rejected = Promise.reject(failure);
  rejected.catch(() => {});
  const refuse = () => rejected;
  return { ready: rejected, busy: false, request: refuse, examine: refuse, chooseProvider: refuse, cancel() {}, forget() {} };
}

function showFailedStart(failure) {
  // A damaged file, which the service worker has named already, is the better explanation.
  const sentence = error ?? (failure instanceof EngineError ? failure.message : 'The analysis engine could not start; reload the page.');
  showError(sentence);
  text.setStartState(sentence);
}

async function startDashboard() {
  const reason = dashboardObstacle();
  if (reason) {
    text.becomeThePage(reason);
    return;
  }
  try {
    const { createDashboard } = await import('./dashboard_host.js');
    dashboard = await createDashboard(by('dashboard'), { onCommand: perform, fontBase: 'assets/fonts/' });
    dashboard.setStatus(status);
    dashboard.setError(error);
    if (language.current !== 'en') dashboard.setLanguage(language.table, language.current);
    shownClips = null;
  } catch (failure) {
    console.error(failure);
    text.becomeThePage('The dashboard could not be drawn in this browser; the full answer is shown as text instead.');
  }
  if (reviewing) showPage(reviewing);
  else if (shown) showResult(shown);
}

by('clip-input').addEventListener('change', ({ target }) => {
  const files = [...target.files];
  target.value = '';  // choosing the same file again is a change again
  addClip(files);
});
watchForFiles({
  input: by('file-input'),
  dropHint: by('drop-hint'),
  onFiles: (files) => examine({ files }),
  onError: showError,
});

// The back button leads from a result to the start screen. A reload starts at the start screen: nothing was stored.
history.replaceState({ screen: 'start' }, '');
window.addEventListener('popstate', ({ state }) => {
  if (state?.screen !== 'result') {
    if (engine.busy) engine.cancel();
    showStart();
  } else if (!shown && !reviewing) {
    history.back();  // forward to an examination that was closed: there is nothing to go to
  }
});

// The dashboard takes the Tab key for its own controls. So that the keyboard alone reaches the text too, the first Tab of a fresh
// page goes to its link, and F6 (the key that moves between the parts of a window) does so from anywhere.
window.addEventListener('keydown', (event) => {
  if (document.body.classList.contains('plain') || document.querySelector('dialog[open]')) return;
  if (event.key === 'F6' || (event.key === 'Tab' && !event.shiftKey && document.activeElement === document.body)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    by('plain-link').focus({ focusVisible: true });
  }
}, { capture: true });

const offline = createOffline({
  onState: showStatus,
  onDamaged: (sentence) => {
    showError(sentence);
    text.setStartState(sentence);
  },
});

async function start() {
  const dashboardStarted = startDashboard();
  const load = (path) => fetch(path).then((response) => response.json()).catch(() => null);
  const loading = { release: load('version.json'), licences: load('licences.json') };
  try {
    await engine.ready;
    text.setStartState('Ready. Open an ECG file or a picture of a printed ECG, or drop one anywhere on this page.');
  } catch (failure) {
    await dashboardStarted;
    showFailedStart(failure);
  }
  await dashboardStarted;
  camera.available().then((available) => showStatus({ camera: available }));
  const release = (await loading.release)?.version ?? '';
  showStatus({
    app_version: [status.engine_version, release && `(${release})`].filter(Boolean).join(' '),
    licences: await loading.licences ?? [],
  });
  document.body.classList.remove('starting');
  // After the app runs, so that storing it does not slow its first start.
  offline.store();
  if (parameters.has('shared')) {
    const files = await takeSharedFiles();
    history.replaceState(history.state, '', './');  // a reload must not ask again
    if (files.length > 0) await examine({ files });
    else showError('No file came with what was shared; share the ECG file again or open it here.');
  }
  const condition = parameters.get('demo');
  if (condition && !obstacle) await examine({ simulated: condition });
}

// Diagnostics for tests and for a support call: what is on screen already, and counters. `perform` is what the buttons do, `enter` what the form does.
const diagnostics = {
  ready: null,
  fileToResultMs: null,
  resultsShown: 0,
  pagesShown: 0,
  perform,
  enter,
  get status() { return status; },
  get error() { return error; },
  get progress() { return activity.current; },
  get framesDrawn() { return dashboard?.framesDrawn ?? 0; },
  get page() { return reviewing?.view ?? null; },
  get lastResult() {
    return shown && { view: shown.view, echo: shown.echo, answer: shown.message.answer, timings: status.timings, provider: status.provider };
  },
};
window.precordia = diagnostics;
diagnostics.ready = start();
