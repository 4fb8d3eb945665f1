// One examination from bytes to an answer, independent of the host: the browser's worker, the command line and the tests
// all drive the engine through this file, so that they cannot differ.
//
// The engine never waits and never touches the network or a disk. It says which network it wants run on which tensor; a
// `networks` object, which the host brings, runs it:
//
//   networks.precision(modelId)            -> 'int8' | 'int8-weights' | 'fp32': the artefact that run() uses
//   networks.prepare(request, engine)      -> feeds for run(): the input tensor, on the CPU or on the GPU
//   networks.runModel(modelId, precision, feeds) -> {outputName: Float32Array}
//   networks.fallBack(error)               -> true when it has switched to another provider and the network is worth another try
//
// Errors: everything that is refused throws an ExaminationError carrying the engine's own code and sentence. An EngineFailure
// is a trap inside the engine's WebAssembly or a defect of ours: that engine's memory cannot be trusted any more, and the host
// opens another one. What fails inside a provider does neither: the person is screened without the network, and told so.

// The largest single file that is looked at, in bytes. The same limit as kLargestFileBytes in src/formats/read_ecg.h: the
// host applies it before it reads a file into memory. tests/models/examination.test.mjs holds the two together.
export const kLargestFileBytes = 64 * 1024 * 1024;

// The same for one file of a clip (kLargestClipFileBytes in src/echo/clip_reader.h).
export const kLargestClipFileBytes = 512 * 1024 * 1024;

// Clips of which one frame at a time is in memory (read_clip_in_pieces in src/echo/clip_reader.h): the first bytes tell which they are.
export const kClipHeadBytes = 1024 * 1024;
export const kLargestClipInPiecesBytes = 2047 * 1024 * 1024;

// The most files (a WFDB header, its segments and their signal files) that are loaded for one input.
export const kMostFiles = 512;

// Stage names as they show in timings and progress, in the order in which they run.
export const kStages = [
  { stage: 'read', label: 'Reading the file' },
  { stage: 'digitise', label: 'Reading the page' },
  { stage: 'measure', label: 'Measuring the ECG' },
  { stage: 'prepare', label: 'Preparing its input' },
  { stage: 'network', label: 'Running the network' },
  { stage: 'interpret', label: 'Interpreting the network' },
  { stage: 'decode', clip: true, label: 'Reading the clip' },
  { stage: 'echo', clip: true, label: 'Drawing the ventricle' },
  { stage: 'trace', clip: true, label: 'Measuring the beats' },
  { stage: 'fuse', label: 'Weighing the evidence' },
  { stage: 'view', label: 'Preparing the display' },
];
// Those of an ECG alone.
export const kEcgStages = kStages.filter(({ clip }) => !clip);
const stageLabels = new Map(kStages.map(({ stage, label }) => [stage, label]));
export const stageLabel = (stage) => stageLabels.get(stage) ?? stage;

// `code` is one of the engine's names (src/base/result.cc), or one of the host's: 'cannot_read' (the operating system
// refused the file), 'cancelled' (the user did), 'not_available' (a command that this version does not have).
export class ExaminationError extends Error {
  constructor(code, message, detail = '') {
    super(message);
    this.name = 'ExaminationError';
    this.code = code;
    this.detail = detail;
  }
}

// The engine itself failed while it worked for a network; `cause` is what it threw.
export class EngineFailure extends Error {
  constructor(cause) {
    super(`the engine failed: ${cause}`, { cause });
    this.name = 'EngineFailure';
    this.stack = cause?.stack ?? this.stack;
  }
}

// Calls the engine where a provider works too, so that the two failures are told apart. Its refusals pass as they are.
export function callEngine(work) {
  try {
    return work();
  } catch (error) {
    throw error instanceof ExaminationError ? error : new EngineFailure(error);
  }
}

// Reads an answer of the engine: its object, or the error thrown.
export function unwrap(text) {
  const answer = JSON.parse(text);
  if (answer.error) throw new ExaminationError(answer.error.code, answer.error.message, answer.error.detail ?? '');
  return answer;
}

// Hexadecimal SHA-256 of `bytes`, or null in an insecure context, where browsers hide crypto.subtle.
export async function sha256(bytes) {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return null;
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// What models/manifest.json says, as the hosts need it. The engine reads the same text for everything clinical.
export class ModelLibrary {
  // readFile(path relative to models/) -> Promise<Uint8Array>. modelIds: the networks that the engine runs; entries for
  // other tasks or later versions are none of them, and their files are not touched.
  constructor(manifest, readFile, modelIds = manifest.models.map((model) => model.id), echoIds = []) {
    this.manifest = manifest;
    this.readFile = readFile;
    this.modelIds = modelIds;
    this.echoIds = echoIds;  // opened when the first clip comes, not before
  }

  model(id) {
    const model = (this.modelIds.includes(id) || this.echoIds.includes(id)) && this.manifest.models.find((candidate) => candidate?.id === id);
    if (!model) throw new ExaminationError('model', `There is no network named "${id}" in models/manifest.json.`);
    return model;
  }

  precisions(id) {
    return this.model(id).artefacts.map((artefact) => artefact.precision);
  }

  // The artefact's bytes, checked against the manifest. Throws 'model' when the file is absent or altered.
  async artefact(id, precision) {
    const artefact = this.model(id).artefacts.find((candidate) => candidate.precision === precision);
    if (!artefact) {
      throw new ExaminationError('model',
        `The network "${id}" has no ${precision} version; there are: ${this.precisions(id).join(', ')}.`);
    }
    return this.checkedFile(artefact.file, artefact.sha256);
  }

  async checkedFile(path, expectedSha256) {
    let bytes;
    try {
      bytes = await this.readFile(path);
    } catch (error) {
      throw new ExaminationError('model', `The network file ${path} could not be read; install the app again.`, String(error));
    }
    const actual = await sha256(bytes);
    if (actual !== null && actual !== expectedSha256) {
      throw new ExaminationError('model', `The network file ${path} was altered or damaged; install the app again.`,
        `sha256 ${actual}, expected ${expectedSha256}`);
    }
    return bytes;
  }
}

// Starts an engine and gives it the manifest and the head of every network that the engine takes from it.
// createEngineModule: the default export of engine.mjs. Returns {module, engine, library, models, skipped}; `skipped` holds a
// sentence for each entry of the manifest that the engine does not use.
export async function openEngine(createEngineModule, readModelFile, moduleOptions = {}) {
  const module = await createEngineModule(moduleOptions);
  const engine = new module.Engine();
  let manifestText;
  try {
    manifestText = new TextDecoder().decode(await readModelFile('manifest.json'));
  } catch (error) {
    throw new ExaminationError('model', 'The list of networks (models/manifest.json) could not be read; install the app again.', String(error));
  }
  const { models, echo_models: echoModels, skipped = [] } = unwrap(engine.load_manifest(manifestText));
  const ids = (of) => of.map(({ id }) => id);
  const library = new ModelLibrary(JSON.parse(manifestText), readModelFile, ids(models), ids(echoModels));
  for (const id of library.modelIds) {
    const { head } = library.model(id);
    if (head) unwrap(engine.add_head(id, await library.checkedFile(head.file, head.sha256)));
  }
  return { module, engine, library, models, skipped };
}

// Runs the manifest's known answers of one network at one precision through `runModel` (as in `networks`, above) and has
// the engine compare. This is the only proof that a provider computes the network and not something else; it also warms
// the provider up. Returns the largest difference in logits; throws 'model' on a mismatch or when there is none to check.
export async function checkKnownAnswers({ engine, library, modelId, precision, runModel }) {
  const model = library.model(modelId);
  const { input, flags, tabular, outputs, known_answers: cases = [] } = model;
  const answerName = (outputs.find(({ role }) => role === 'logits' || role === 'probabilities') ?? outputs[0]).name;
  if (cases.length === 0) {
    throw new ExaminationError('model', `The network "${modelId}" comes without known answers, so it cannot be trusted on this device.`);
  }
  let largest = 0;
  for (const [index, knownCase] of cases.entries()) {
    const read = async ({ file, sha256: digest }) => new Float32Array(new Uint8Array(await library.checkedFile(file, digest)).buffer);
    const feeds = zeroFeeds(model);
    feeds[input.name].values = await read(knownCase);
    if (flags && knownCase.flags) feeds[flags.name].values = await read(knownCase.flags);
    if (tabular && knownCase.tabular) feeds[tabular.name].values = Float32Array.from(knownCase.tabular);
    const answers = await runModel(modelId, precision, feeds);
    const { max_difference: difference } = callEngine(() => unwrap(engine.check_known_answer(modelId, precision, index, answers[answerName])));
    largest = Math.max(largest, difference);
  }
  return largest;
}

// Stop-watch over the stages of one examination; a stage that runs twice adds up. Milliseconds.
export class StageTimings {
  constructor(now = () => performance.now()) {
    this.now = now;
    this.milliseconds = new Map();
  }

  async time(stage, work) {
    const start = this.now();
    try {
      return await work();
    } finally {
      this.milliseconds.set(stage, (this.milliseconds.get(stage) ?? 0) + this.now() - start);
    }
  }

  get(stage) {
    return this.milliseconds.get(stage) ?? 0;
  }

  get total() {
    let sum = 0;
    for (const value of this.milliseconds.values()) sum += value;
    return sum;
  }

  // [{stage, label, ms}] in the order of kStages; only the stages that ran.
  list() {
    return kStages.filter(({ stage }) => this.milliseconds.has(stage))
      .map(({ stage, label }) => ({ stage, label, ms: this.milliseconds.get(stage) }));
  }
}

// What a host may follow and stop. onStage(stage, fraction 0..1) runs before each stage. isCancelled() is asked there too;
// `breathe` lets the host's pending messages in first, so that a "cancel" that is already waiting is seen.
const silentHooks = { onStage() {}, isCancelled: () => false, breathe: async () => {} };

async function enter(stage, hooks) {
  await hooks.breathe();
  if (hooks.isCancelled()) throw new ExaminationError('cancelled', 'The examination was cancelled.');
  hooks.onStage(stage, kStages.findIndex((entry) => entry.stage === stage) / kStages.length);
}

// Hands the input to the engine and reads it. input: {files: [{name, bytes: Uint8Array}]} or {simulated: condition}.
// loadCompanions(names) -> Promise<[{name, bytes}]> serves files that the first one names, as far as the host has them.
async function readInput(engine, input, loadCompanions) {
  if (input.simulated !== undefined) return unwrap(engine.load_simulated(input.simulated));
  const given = new Set();
  const add = ({ name, bytes }) => {
    if (bytes.byteLength > kLargestFileBytes) throw tooLarge(name, bytes.byteLength);
    engine.add_file(name, bytes);
    given.add(name);
  };
  if (!engine.holds_picture()) input.files.forEach(add);
  for (;;) {
    try {
      return unwrap(engine.read());
    } catch (error) {
      if (error.code !== 'missing_companion' || !loadCompanions) throw error;
      const wanted = error.detail.split('\n').filter((name) => isPlainFileName(name) && !given.has(name));
      if (wanted.length === 0) throw error;
      if (given.size + wanted.length > kMostFiles) throw tooManyFiles(given.size + wanted.length);
      const loaded = await loadCompanions(wanted);
      if (loaded.length === 0) throw error;
      loaded.forEach(add);
    }
  }
}

export const kNoPictureSentence = 'This is no picture of a page: JPEG, PNG, BMP, GIF and scanned PDF are read.';

// By the first bytes: exactly what looks_like_image of src/paper/decode_image.h says.
export function isPicture(bytes) {
  const begins = (...values) => values.every((value, i) => bytes[i] === value);
  const isGif = begins(0x47, 0x49, 0x46, 0x38) && [0x37, 0x39].includes(bytes[4]) && bytes[5] === 0x61;
  const isBmp = begins(0x42, 0x4d) && bytes.byteLength >= 26 && [12, 40, 52, 56, 108, 124].includes(bytes[14]) && !bytes[15] && !bytes[16] && !bytes[17];
  return begins(0xff, 0xd8, 0xff) || begins(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a) || isGif || isBmp;
}

// A PDF, whose page may be a picture (Engine.is_page knows) or lines.
const isPdf = (bytes) => new TextDecoder('latin1').decode(bytes.subarray(0, 1024)).includes('%PDF-');

// A header may name only files that lie beside it: whatever it says, nothing outside its folder is opened.
export function isPlainFileName(name) {
  return name.length > 0 && name.length <= 255 && name !== '.' && name !== '..' && !/[/\\\0:]/.test(name);
}

export function tooLarge(name, bytes, limit = kLargestFileBytes) {
  const usual = limit === kLargestFileBytes ? 'a 12-lead ECG file is far smaller, and the limit' : 'the limit for a clip';
  return new ExaminationError('too_large', `This file is ${Math.round(bytes / 1048576)} MB; ${usual} is ${limit / 1048576} MB.`, name);
}

function tooManyFiles(count) {
  return new ExaminationError('too_large', `This record consists of at least ${count} files; at most ${kMostFiles} are read together.`);
}

// A picture of a page, kept in the engine to be looked at before it is screened. Returns the outcome of the digitiser; its refusal is
// no failure of the examination, since corners set by hand may mend it.
export function digitisePage(engine, options) {
  try {
    return unwrap(engine.digitise_page(options ? JSON.stringify(options) : ''));
  } catch (error) {
    if (!(error instanceof ExaminationError) || !engine.page_view()) throw error;
    return { refused: error.message, skippable: false };
  }
}

// Runs the network that the engine asks for and hands its outputs back. The engine asks for none when the record does not
// fit, and knows why. A provider that fails gives way to the next one (networks.fallBack) and the same request is run again.
// Returns {model_id, precision} of what ran, or null.
async function runNetwork(engine, networks, timings, hooks) {
  const { request } = callEngine(() => unwrap(engine.network_request()));
  if (!request) return null;
  for (;;) {
    const precision = networks.precision(request.model_id);
    try {
      await enter('prepare', hooks);
      const feeds = await timings.time('prepare', () => networks.prepare(request, engine));
      await enter('network', hooks);
      const outputs = await timings.time('network', () => networks.runModel(request.model_id, precision, feeds));
      await enter('interpret', hooks);
      await timings.time('interpret', () => callEngine(() => unwrap(engine.network_answer(outputs, precision))));
      return { model_id: request.model_id, precision };
    } catch (error) {
      if (error.code === 'cancelled' || error instanceof EngineFailure || !networks.fallBack(error)) throw error;
    }
  }
}

// One whole examination. The previous person is forgotten first, whatever happens next.
//   input     {files} or {simulated}, with optional `profile` (object), `filter` {high_pass_hz, low_pass_hz, notch_hz} and `fusion`
//             ('late' unless told, 'early', 'hybrid')
//   networks  see the top; null skips the networks (the answer then says that none was run)
//   options   {hooks, loadCompanions, now, until, decodePicture}; until 'read' or 'measure' stops there. decodePicture({name, bytes}) ->
//             {width, height, rgba} or null serves pictures that only the host can decode (WebP, HEIC). With keepClips the person is not
//             forgotten: clips of theirs are measured already (examineClips)
// With input.review a picture of a page is read and no more: the outcome then has `page` {refused?, skippable}, and finishPage goes on
// once somebody has seen the trace. Without it the page is taken as it is read, and the record says so.
// A network that cannot be run does not end the examination: the engine is told and the answer says so. An engine that fails
// does: nothing that it says afterwards would be worth anything.
// Returns {timings: StageTimings, summary, network: {model_id, precision} or null, networkFailure}. The engine is left ready
// for view(), screen_json() and the rest.
export async function examine(engine, networks, input, options = {}) {
  const hooks = { ...silentHooks, ...options.hooks };
  const timings = new StageTimings(options.now);
  if (!options.keepClips) engine.begin();
  if (input.profile) unwrap(engine.set_profile(JSON.stringify(input.profile)));
  if (input.fusion) unwrap(engine.set_fusion(input.fusion));
  if (input.filter) setDisplayFilter(engine, input.filter);

  await enter('read', hooks);
  if (input.files?.length === 1 && options.decodePicture) {
    const picture = await timings.time('read', () => options.decodePicture(input.files[0]));
    if (picture) {
      unwrap(engine.add_pixels(input.files[0].name, picture.width, picture.height, picture.rgba));
      input = { ...input, files: [] };
    }
  }
  if (input.review && holdsPicture(engine, input)) {
    await enter('digitise', hooks);
    const page = await timings.time('digitise', async () => {
      await networks?.preparePage?.(engine);
      return digitisePage(engine, input.page);
    });
    return { timings, page };
  }
  const { summary } = await timings.time('read', () => readInput(engine, input, options.loadCompanions));
  return finish(engine, networks, { timings, summary }, hooks, options.until);
}

// Whether the one file that was given is a picture; it is then in the engine.
function holdsPicture(engine, input) {
  if (engine.holds_picture()) return true;
  if (input.files?.length !== 1) return false;
  const { name, bytes } = input.files[0];
  if (!isPicture(bytes) && !(isPdf(bytes) && bytes.byteLength <= kLargestFileBytes && engine.is_page(bytes))) return false;
  if (bytes.byteLength > kLargestFileBytes) throw tooLarge(name, bytes.byteLength);
  engine.add_file(name, bytes);
  return engine.holds_picture();
}

// The page is screened as it stands; `reviewed`: somebody has seen its trace over the picture. Returns what examine() does.
export async function finishPage(engine, networks, { reviewed = true, profile, filter, fusion, timings = new StageTimings(), hooks: given }) {
  const hooks = { ...silentHooks, ...given };
  if (profile) unwrap(engine.set_profile(JSON.stringify(profile)));
  if (fusion) unwrap(engine.set_fusion(fusion));
  if (filter) setDisplayFilter(engine, filter);
  const { summary } = unwrap(engine.accept_page(reviewed));
  return finish(engine, networks, { timings, summary }, hooks);
}

// From a record that has been read to the answer.
async function finish(engine, networks, { timings, summary }, hooks, until) {
  let network = null;
  let networkFailure = '';
  if (until === 'read') return { timings, summary, network, networkFailure };
  await enter('measure', hooks);
  await timings.time('measure', () => unwrap(engine.measure()));
  if (until === 'measure') return { timings, summary, network, networkFailure };
  if (networks) {
    try {
      network = await runNetwork(engine, networks, timings, hooks);
    } catch (error) {
      if (error.code === 'cancelled' || error instanceof EngineFailure) throw error;
      networkFailure = error instanceof ExaminationError ? error.message : 'The network could not be run on this device.';
      engine.network_failed(networkFailure);
    }
  }
  await enter('fuse', hooks);
  await timings.time('fuse', () => unwrap(engine.fuse()));
  return { timings, summary, network, networkFailure };
}

export function setDisplayFilter(engine, { high_pass_hz, low_pass_hz, notch_hz }) {
  engine.set_display_filter(high_pass_hz, low_pass_hz, notch_hz);
}

// A changed profile over the record that is already read: what was measured and what the network said stay. Of a person whose clips
// are all there is (`onlyClips`) there is no ECG to measure anew.
export async function reconsider(engine, profile, { now, onlyClips = false } = {}) {
  const timings = new StageTimings(now);
  unwrap(engine.set_profile(JSON.stringify(profile)));
  if (!onlyClips) await timings.time('measure', () => unwrap(engine.measure()));
  await timings.time('fuse', () => unwrap(engine.fuse()));
  return timings;
}

// One clip into the engine, which keeps it beside what it holds. clip: {files: [{name, bytes}]}, read by the engine; {pieces: {name, size,
// read}}, which the engine reads one frame at a time (`reads_in_pieces` says so of a file's first kClipHeadBytes); or {name, decode},
// where decode(push, begin) is the host's decoder: begin(format, expectedFrames), then push(rgba, width, height, timeMs) per frame.
// Returns {clip, frames}.
async function takeClip(engine, clip) {
  if (clip.decode) {
    await clip.decode((format, expectedFrames) => engine.begin_clip(clip.name, format, expectedFrames),
      (...frame) => callEngine(() => unwrap(engine.push_clip(...frame))));
    return callEngine(() => unwrap(engine.finish_clip()));
  }
  if (clip.pieces) return takePieces(engine, clip.pieces);
  for (const { name, bytes } of clip.files) {
    if (bytes.byteLength > kLargestClipFileBytes) throw tooLarge(name, bytes.byteLength, kLargestClipFileBytes);
    engine.add_file(name, bytes);
  }
  return callEngine(() => unwrap(engine.read_clip()));
}

// A clip that is read in pieces: read(at, count) gives that part of the file, at once.
function takePieces(engine, { name, size, read }) {
  if (size > kLargestClipInPiecesBytes) throw tooLarge(name, size, kLargestClipInPiecesBytes);
  let failure = null;
  const part = (at, count) => {
    try {
      return read(at, count);
    } catch (error) {   // an exception must not pass through WebAssembly
      failure ??= error;
      return new Uint8Array(0);
    }
  };
  const outcome = callEngine(() => engine.read_clip_in_pieces(name, size, part));
  if (failure) throw new ExaminationError('cannot_read', `The file ${name} could not be read to its end.`, String(failure));
  return unwrap(outcome);
}

// Which echo network has been held against its known answers, by `networks` object and provider's precision.
const trustedEcho = new WeakMap();

// Clips of the person in hand, reading by reading through the echo networks, then measured together with the clips that are there already.
// A provider that fails gives way to the next one, and goes on at the reading that it failed on. Returns {timings, network}.
export async function examineClips(engine, networks, clips, { hooks: given, timings = new StageTimings(), library } = {}) {
  const hooks = { ...silentHooks, ...given };
  for (const clip of clips) {
    await enter('decode', hooks);
    await timings.time('decode', () => takeClip(engine, clip));
  }
  const { request } = unwrap(engine.echo_request());
  if (!request) throw new ExaminationError('model', 'No echo network is installed, so a clip cannot be measured.');
  // The clip's next reading by one network, once that has been held against its known answers.
  const read = async (clip, network) => {
    const { model_id: modelId, input_name: inputName, shape } = network;
    const precision = networks.precision(modelId);
    const run = (feeds) => networks.runModel(modelId, precision, feeds);
    const key = `${modelId}/${precision}/${networks.provider ?? ''}`;
    const trusted = trustedEcho.get(networks) ?? new Set();
    trustedEcho.set(networks, trusted);
    if (!trusted.has(key)) {
      await checkKnownAnswers({ engine, library: library ?? networks.library, modelId, precision, runModel: (_, __, feeds) => run(feeds) });
      trusted.add(key);
    }
    const outputs = networks.takesFrames ? await networks.runFrame(network, precision, callEngine(() => engine.echo_frame(clip)))
      : await run({ [inputName]: { shape, values: callEngine(() => engine.echo_tensor(clip)) } });
    return { outputs, precision };
  };
  await enter('echo', hooks);
  await timings.time('echo', async () => {
    let done = 0;
    const total = request.clips.reduce((sum, { readings }) => sum + readings, 0);
    for (const [index, { readings, answered, placements, networks: asked }] of request.clips.entries()) {
      done += answered;
      for (let reading = answered; reading < readings;) {
        if (reading % 8 === 0) {
          await hooks.breathe();
          if (hooks.isCancelled()) throw new ExaminationError('cancelled', 'The examination was cancelled.');
          hooks.onStage('echo', done / total);
        }
        let answer;
        try {
          answer = await read(index, request.networks[Math.floor(reading / placements) % asked]);
        } catch (error) {
          if (error instanceof EngineFailure || !networks.fallBack(error)) throw error;
          continue;
        }
        callEngine(() => unwrap(engine.echo_answer(index, answer.outputs, answer.precision)));
        reading += 1;
        done += 1;
      }
    }
  });
  await enter('trace', hooks);
  await timings.time('trace', () => callEngine(() => unwrap(engine.echo_measure())));
  const [{ model_id: modelId }] = request.networks;
  return { timings, network: { model_id: modelId, precision: networks.precision(modelId) } };
}

// The network input on the CPU: the engine's own tensors (C++ resampler), as feeds for runModel.
export function cpuFeeds(request, engine) {
  return { [request.input_name]: { shape: request.shape, values: callEngine(() => engine.network_tensor()) }, ...sideFeeds(request, engine) };
}

// What stands beside the signal: flags of missing samples, and the tabular values. Always from the CPU: they are small.
export function sideFeeds({ shape, flags_name: flags, tabular_name: tabular }, engine) {
  const feeds = {};
  if (flags) feeds[flags] = { shape, values: callEngine(() => engine.network_flags()) };
  if (tabular) {
    const values = callEngine(() => engine.network_tabular());
    feeds[tabular] = { shape: [1, values.length], values };
  }
  return feeds;
}

// Every input of a network at zero: a complete flat recording of an average person. To time a provider and to fill what a
// known answer does not name.
export function zeroFeeds({ input, flags, tabular }) {
  const zeros = (shape) => ({ shape, values: new Float32Array(shape.reduce((a, b) => a * b)) });
  const feeds = { [input.name]: zeros(input.shape) };
  if (flags) feeds[flags.name] = zeros(input.shape);
  if (tabular) feeds[tabular.name] = zeros([1, tabular.values.length]);
  return feeds;
}
