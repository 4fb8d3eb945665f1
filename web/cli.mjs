// ./precordia: the engine of the app without a browser. What others rely on is in docs/command-line.md; in short: results on stdout,
// sentences on stderr, exit 0 = every input was used, 1 = some could not be, 2 = wrong usage. With --json every input gives
// one line with one object, in order; one bad input does not stop the rest.
//
//   main ── options ── for each input: gather files ▸ examine (examination.mjs) ▸ print
//                └──── bench: the simulated patient, in one process per configuration
import { execFile } from 'node:child_process';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { benchmark, benchmarkClip, benchmarkPage, kPageStages, phantomAvi, simulatedWfdbFiles } from './benchmark.mjs';
import { drawnPage, kBenchPages } from './drawn_page.mjs';
import { digitisedText, echoText, measurementText, networkText, screeningText } from './cli_text.mjs';
import { ExaminationError, examine, examineClips, kClipHeadBytes, kLargestClipFileBytes, kLargestFileBytes, kMostFiles, kNoPictureSentence, openEngine, tooLarge, unwrap } from './examination.mjs';
import { NodeNetworks, modelReader, withPacks } from './node_networks.mjs';
import { greyPng } from './png.mjs';

// Each compiler thread takes tens of megabytes while it works on one of ONNX Runtime's large functions: one at a time.
setFlagsFromString('--wasm-num-compilation-tasks=1');

const engineUrl = new URL('../build/wasm/engine.mjs', import.meta.url);
const modelsUrl = new URL('../models/', import.meta.url);

const help = `Precordia reads 12-lead ECGs and echo clips and says what they show about heart failure. Decision support for research, not a
medical device.

  ./precordia screen   ECGFILE...  whole screening: answer, reasons, next step
  ./precordia measure  ECGFILE...  heart rate, intervals, axes, voltages, criteria, fiducial points
  ./precordia predict  ECGFILE...  probabilities of the network
  ./precordia convert  ECGFILE...  --out OUT (or a folder for several): .csv, .hea (WFDB), .edf, .dcm, .xml (HL7 aECG), .json (FHIR)
  ./precordia report   ECGFILE...  --out OUT (or a folder for several): the whole report as .html, .json (FHIR R4 Bundle) or .csv
  ./precordia digitise IMAGE...    --out R.csv (or a folder for several): the leads of a printed page, in mV
  ./precordia echo     CLIP...     ejection fraction beat by beat, volumes, strain: DICOM, GIF, AVI, or a folder of frames
  ./precordia segment  IMAGE...    --out OUT.png (or a folder for several): 0 background, 1 left ventricle, 2 myocardium, 3 left atrium
  ./precordia bench [IMAGE...]     median milliseconds per stage on this machine; with pictures of pages, those of reading them

  --json                one JSON object per input, one per line, in order
  --age YEARS           (screen, predict, report) age, 0 to 120         --sex F|M   (screen, predict, report) sex
  --profile FILE        (screen, report) JSON: {"age_years", "sex", "symptoms", "prior_infarction", "nt_probnp_ng_l", ...};
                        docs/command-line.md has every key
  --fusion WAY          (screen, report) late (unless told), early or hybrid: how the evidence is put together (docs/evidence.md)
  --language CODE       (report) en, fr, es, pt or sw, for the HTML
  --identity-file FILE  (report) JSON: {"name", "identifier", "birth_date"} for the report and the FHIR Bundle; left out unless given
  --echo CLIP           (screen, report) an echo clip of the same person; twice for an apical 4-chamber and a 2-chamber view
  --with CLIP           (echo) the other apical view of the same heart, for Simpson's biplane
  --masks FOLDER        (echo) also write every frame's mask as PNG
  --model ID            (screen, predict) network of models/manifest.json
  --pack FOLDER         (screen, predict) a model pack beside our networks; choose it with --model ID
  --precision int8|fp32 (screen, predict, bench) version of the network; int8 unless given
  --runs N              (bench) examinations that count, 20 unless given
  --threads N           (bench) this number of threads only; otherwise a table of configurations, and two pages that are drawn for it
  --speed MM_PER_S      (digitise) paper speed, --gain MM_PER_MV gain, --layout NAME 3x4, 3x4+1, ... where the page does not tell
  --out PATH            (convert, digitise) file, or folder for several inputs
  --format NAME         (convert) csv, wfdb, edf, dicom, aecg or fhir, where the ending of --out does not say it
  --identity            (convert) also write name, number, birth date and time of recording; left out unless given
  --help, --version

ECGFILE is any ECG file that docs/formats.md lists, or an archive of one. A WFDB record is named NAME, NAME.hea or NAME.dat; what
belongs to it is read from the same folder.
"-" as the only input reads paths from standard input, one per line.
Exit status: 0 success, 1 an input could not be used, 2 wrong usage.
`;

const textOption = { type: 'string' };
const jsonOption = { json: { type: 'boolean' } };
const networkOptions = { model: textOption, precision: textOption, pack: { type: 'string', multiple: true } };
const clipOptions = { echo: { type: 'string', multiple: true } };
const profileOptions = { age: textOption, sex: textOption, profile: textOption };
const fusionOption = { fusion: textOption };
const kFusionWays = ['late', 'early', 'hybrid'];

const commands = {
  screen: { options: { ...jsonOption, ...networkOptions, ...profileOptions, ...clipOptions, ...fusionOption }, runsNetwork: true,
            result: (engine, input) => engine.screen_json(input), text: screeningText },
  measure: { options: { ...jsonOption }, runsNetwork: false, until: 'measure',
             result: (engine, input) => engine.measure_json(input), text: measurementText },
  predict: { options: { ...jsonOption, ...networkOptions, ...profileOptions }, runsNetwork: true,
             result: (engine, input) => engine.predict_json(input), text: networkText },
  report: { options: { ...jsonOption, ...networkOptions, ...profileOptions, ...clipOptions, ...fusionOption, out: textOption, format: textOption, language: textOption, 'identity-file': textOption },
            runsNetwork: true },
  convert: { options: { ...jsonOption, out: textOption, format: textOption, identity: { type: 'boolean' } }, runsNetwork: false },
  digitise: { options: { ...jsonOption, out: textOption, speed: textOption, gain: textOption, layout: textOption }, runsNetwork: false },
  echo: { options: { ...jsonOption, with: textOption, masks: textOption, precision: textOption, threads: textOption } },
  segment: { options: { ...jsonOption, out: textOption, precision: textOption } },
  bench: { options: { ...jsonOption, runs: textOption, threads: textOption, precision: textOption, page: textOption, clip: textOption } },
};

const kSimulatedInput = 'simulated patient (10 s, 12 leads, WFDB)';

class UsageError extends Error {}
class InstallationError extends ExaminationError {}  // the engine could not be opened

const complain = (sentence) => process.stderr.write(`precordia: ${sentence}\n`);

// Waits when a pipe is full, so that nothing is lost and nothing piles up.
function print(text) {
  return new Promise((resolve, reject) => {
    process.stdout.write(`${text}\n`, (error) => (error ? reject(error) : resolve()));
  });
}

// ---- inputs ------------------------------------------------------------------------------------------------------------

async function* inputsOf(positionals) {
  if (positionals.length === 1 && positionals[0] === '-') {
    for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
      if (line.trim() !== '') yield line;
    }
  } else {
    yield* positionals;
  }
}

const kSystemSentences = {
  ENOENT: 'There is no such file.',
  EACCES: 'This file may not be read by this user.',
  EPERM: 'This file may not be read by this user.',
  EISDIR: 'This is a folder; give the files in it.',
  ENAMETOOLONG: 'This file name is too long.',
  ELOOP: 'This file is a link that leads nowhere.',
};

function cannotRead(error) {
  return new ExaminationError('cannot_read', kSystemSentences[error.code] ?? 'This file could not be read.', String(error));
}

// Reads one file, refusing what is no plain file or over the limit before any of it is in memory.
async function readInputFile(filePath, limit = kLargestFileBytes) {
  let handle;
  try {
    const about = await stat(filePath);
    if (about.isDirectory()) throw Object.assign(new Error('folder'), { code: 'EISDIR' });
    if (!about.isFile()) throw new ExaminationError('cannot_read', 'This is no ordinary file.');
    if (about.size > limit) throw tooLarge(path.basename(filePath), about.size, limit);
    handle = await open(filePath);
    const bytes = await handle.readFile();
    if (bytes.byteLength > limit) throw tooLarge(path.basename(filePath), bytes.byteLength, limit);  // it grew meanwhile
    return { name: path.basename(filePath), bytes };
  } catch (error) {
    throw error instanceof ExaminationError ? error : cannotRead(error);
  } finally {
    await handle?.close();
  }
}

const exists = (filePath) => stat(filePath).then((about) => about.isFile(), () => false);

// The file to start with for what the user named: X.hea for a bare WFDB record name X or one of its signal files.
async function startingFile(input) {
  const header = (record) => `${record}.hea`;
  if (!(await exists(input))) return (await exists(header(input))) ? header(input) : input;
  const { dir, name, ext } = path.parse(input);
  if (ext.toLowerCase() === '.dat' && (await exists(header(path.join(dir, name))))) return header(path.join(dir, name));
  return input;
}

// Serves the companions that a header names, from its own folder only (examination.mjs lets plain file names through).
// Names are tried as they are, then without regard to case: records often travel over file systems that ignore it.
function companionLoader(folder) {
  return async (names) => {
    const loaded = [];
    for (const name of names) {
      let found = name;
      if (!(await exists(path.join(folder, name)))) {
        const listing = await readdir(folder).catch(() => []);
        found = listing.find((entry) => entry.toLowerCase() === name.toLowerCase());
      }
      if (found) loaded.push({ name, bytes: (await readInputFile(path.join(folder, found))).bytes });
    }
    return loaded;
  };
}

// The file as examineClips reads it in pieces, or null where the engine wants it whole. Nothing stays open between two pieces.
function clipInPieces(engine, filePath) {
  const read = (at, count) => {
    const file = openSync(filePath);
    try {
      const bytes = new Uint8Array(count);
      return bytes.subarray(0, readSync(file, bytes, 0, count, at));
    } finally {
      closeSync(file);
    }
  };
  try {
    const about = statSync(filePath);
    if (!about.isFile() || !engine.reads_in_pieces(read(0, Math.min(kClipHeadBytes, about.size)))) return null;
    return { pieces: { name: path.basename(filePath), size: about.size, read } };
  } catch (error) {
    throw cannotRead(error);
  }
}

// A clip is a file, or a folder whose pictures are its frames.
async function readClip(engine, input) {
  const about = await stat(input).catch((error) => { throw cannotRead(error); });
  if (!about.isDirectory()) return clipInPieces(engine, input) ?? { files: [await readInputFile(input, kLargestClipFileBytes)] };
  const names = (await readdir(input)).filter((name) => /\.(png|jpe?g|bmp)$/i.test(name));
  if (names.length === 0) throw new ExaminationError('not_recognised', 'There is no PNG, JPEG or BMP picture in this folder.');
  if (names.length > 4 * kMostFiles) throw new ExaminationError('too_large', `There are ${names.length} pictures in this folder; at most ${4 * kMostFiles} are read as one clip.`);
  return { files: await Promise.all(names.map((name) => readInputFile(path.join(input, name), kLargestClipFileBytes))) };
}

// A picture may be a page or a frame: it is a page here, and a frame where `echo` or `segment` is asked for.
function looksLikeClip(engine, { name, bytes }) {
  engine.begin();
  engine.add_file(name, bytes);
  return engine.holds_clip();
}

async function readClips(engine, inputs) {
  const clips = [];
  for (const input of inputs) clips.push(await readClip(engine, input));
  return clips;
}

async function examineFile(engine, networks, input, { profile, fusion, until, clips = [] } = {}) {
  const start = await startingFile(input);
  const pieces = await exists(start) ? clipInPieces(engine, start) : null;
  const file = pieces ? null : await readInputFile(start);
  const alone = pieces ?? (looksLikeClip(engine, file) ? { files: [file] } : null);
  if (clips.length > 0 || alone) {
    // Clips first: the ECG's answer is weighed with what they showed.
    const all = await readClips(engine, clips);
    engine.begin();
    if (profile) unwrap(engine.set_profile(JSON.stringify(profile)));
    if (fusion) unwrap(engine.set_fusion(fusion));
    await examineClips(engine, networks, alone ? [alone, ...all] : all);
    if (alone) {
      unwrap(engine.fuse());
      return { networkFailure: '' };
    }
    return examine(engine, networks, { files: [file], profile, fusion }, { loadCompanions: companionLoader(path.dirname(start)), until, keepClips: true });
  }
  return examine(engine, networks, { files: [file], profile, fusion }, { loadCompanions: companionLoader(path.dirname(start)), until });
}

// ---- options -----------------------------------------------------------------------------------------------------------

function readOptions(command, args) {
  try {
    return parseArgs({ args, options: commands[command].options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error.message.split('. ')[0]);
  }
}

async function readProfile({ age, sex, profile: profilePath }) {
  let profile = {};
  if (profilePath !== undefined) {
    try {
      profile = JSON.parse(await readFile(profilePath, 'utf8'));
    } catch (error) {
      throw new UsageError(error instanceof SyntaxError ? `--profile ${profilePath} is not valid JSON.` : `--profile ${profilePath} could not be read.`);
    }
    if (profile === null || typeof profile !== 'object' || Array.isArray(profile)) throw new UsageError('--profile must hold one JSON object.');
  }
  if (age !== undefined) {
    profile.age_years = Number(age);
    if (age.trim() === '' || !Number.isFinite(profile.age_years)) throw new UsageError('--age must be a number of years.');
  }
  if (sex !== undefined) profile.sex = sex.toUpperCase();
  return profile;
}

function positiveInteger(text, name, most) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) throw new UsageError(`--${name} must be a whole number from 1 to ${most}.`);
  return value;
}

// Profile, network and precision are checked once, before any input: a typing error is wrong usage, not a bad input.
function checkChoices({ engine, library }, options, profile) {
  engine.begin();
  try {
    if (Object.keys(profile).length > 0) unwrap(engine.set_profile(JSON.stringify(profile)));
    if (options.model !== undefined) unwrap(engine.choose_model(options.model));
  } catch (error) {
    throw new UsageError(error.message);
  }
  if (options.fusion !== undefined && !kFusionWays.includes(options.fusion)) throw new UsageError('--fusion must be late, early or hybrid.');
  if (options.precision !== undefined && !['int8', 'fp32'].includes(options.precision)) throw new UsageError('--precision must be int8 or fp32.');
  const modelId = options.model ?? library.modelIds[0];
  const precision = options.precision ?? 'int8';
  if (modelId !== undefined && options.precision !== undefined && !library.precisions(modelId).includes(precision)) {
    throw new UsageError(`The network ${modelId} has no ${precision} version; there are: ${library.precisions(modelId).join(', ')}.`);
  }
}

// ---- commands ----------------------------------------------------------------------------------------------------------

async function openEngineHere(packs = []) {
  let readModelFile = modelReader(modelsUrl);
  try {
    if (packs.length > 0) readModelFile = await withPacks(readModelFile, packs);
  } catch (error) {
    throw new UsageError(error.message);
  }
  try {
    const { default: createEngineModule } = await import(engineUrl);
    const opened = await openEngine(createEngineModule, readModelFile);
    if (packs.length > 0) opened.skipped.forEach(complain);
    return opened;
  } catch (error) {
    if (error instanceof ExaminationError) throw new InstallationError(error.code, error.message, error.detail);
    throw new InstallationError('internal', 'The engine could not be started; build it again: cmake/build_app.sh engine', String(error));
  }
}

const errorObject = (input, version, { code, message }) => ({ input, engine_version: version, error: { code, message } });

// What engine_version says where no engine could be started.
async function packageVersion() {
  return JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')).version;
}

// Says of every input that it could not be used, for one and the same reason. Returns the exit status.
async function refuseAll(inputs, json, version, reason) {
  if (json) {
    for await (const input of inputs) await print(JSON.stringify(errorObject(input, version, reason)));
  }
  complain(reason.message);
  return 1;
}

// Runs `work(input)` for every input; it returns the text of one JSON object. `recover` runs after a failure that is not
// one of ours (a trap inside WebAssembly or a bug): that input is lost, the next ones are not. Returns the exit status.
async function forEachInput(positionals, { json, version, text, recover }, work) {
  let failures = 0;
  for await (const input of inputsOf(positionals)) {
    let line;
    let spoilt = false;
    try {
      line = await work(input);
    } catch (error) {
      const ours = error instanceof ExaminationError;
      const shown = ours ? error : { code: 'internal', message: 'The analysis of this file stopped unexpectedly; please report it.' };
      line = JSON.stringify(errorObject(input, version, shown));
      if (!ours) {
        complain(String(error.stack ?? error));
        spoilt = true;
      }
    }
    const result = JSON.parse(line);
    if (result.error) {
      failures += 1;
      complain(`${input}: ${result.error.message}`);
    }
    if (json) await print(line);
    else if (!result.error) await print(text(result));
    if (spoilt) await recover();
  }
  return failures > 0 ? 1 : 0;
}

async function runOnFiles(command, { values: options, positionals }) {
  const { runsNetwork, until, result, text } = commands[command];
  let opened = await openEngineHere(options.pack);
  const version = opened.module.engine_version();
  const profile = await readProfile(options);
  checkChoices(opened, options, profile);
  const networks = runsNetwork ? new NodeNetworks({ ...opened, precision: options.precision }) : null;
  const recover = async () => {
    opened = await openEngineHere(options.pack);
    checkChoices(opened, options, profile);
    if (networks) Object.assign(networks, { engine: opened.engine, library: opened.library });
  };
  return forEachInput(positionals, { json: options.json, version, text, recover }, async (input) => {
    const { networkFailure } = await examineFile(opened.engine, networks, input, { profile, fusion: options.fusion, until, clips: options.echo });
    // An answer without the network is no answer to whoever asked this command for one: a damaged installation must be seen.
    if (networkFailure) throw new ExaminationError('model', networkFailure);
    return result(opened.engine, input);
  });
}

// The writer that --format names, or the ending of --out.
function chosenWriter(writers, { format, out }, several) {
  const known = writers.map(({ key }) => key).join(', ');
  if (format !== undefined) {
    const named = writers.find(({ key }) => key === format.toLowerCase());
    if (!named) throw new UsageError(`There is no format "${format}"; there are: ${known}.`);
    return named;
  }
  if (several) return writers.find(({ key }) => key === 'csv');
  const ending = path.extname(out).toLowerCase();
  const named = writers.find(({ extension, key }) => extension === ending || (key === 'wfdb' && ending === '.dat'));
  if (!named) throw new UsageError(`The ending of ${path.basename(out)} names no format; end it in ${writers.map(({ extension }) => extension).join(', ')}, or add --format.`);
  return named;
}

async function convert({ values: options, positionals }) {
  if (options.out === undefined) throw new UsageError('convert needs --out OUT (or a folder for several inputs).');
  const several = positionals.length > 1 || positionals[0] === '-';
  let opened = await openEngineHere();
  const version = opened.module.engine_version();
  const writer = chosenWriter(JSON.parse(opened.module.export_formats()), options, several);
  const text = ({ input, output }) => `${input} → ${output}`;
  const recover = async () => { opened = await openEngineHere(); };
  const written = new Set();
  return forEachInput(positionals, { json: options.json, version, text, recover }, async (input) => {
    await examineFile(opened.engine, null, input, { until: 'read' });
    const { dir, name } = several ? { dir: options.out, name: path.parse(input).name } : path.parse(options.out);
    const { outcome, files } = opened.engine.export_record(writer.key, name, options.identity === true);
    unwrap(outcome);
    const outputs = files.map((file) => (several || files.length > 1 ? path.join(dir, file.name) : options.out));
    const taken = outputs.find((output) => written.has(output));
    if (taken) throw new ExaminationError('cannot_write', `${taken} was just written for another input of the same name; convert them one by one.`);
    try {
      if (several) await mkdir(options.out, { recursive: true });
      for (const [i, output] of outputs.entries()) {
        await writeFile(output, files[i].bytes);
        written.add(output);
      }
    } catch (error) {
      throw new ExaminationError('cannot_write', `${outputs[0]} could not be written.`, String(error));
    }
    return JSON.stringify({ input, engine_version: version, output: outputs[0], format: writer.key, files: outputs });
  });
}

const kReportEndings = { html: '.html', fhir: '.json', csv: '.csv' };
const kReportLanguages = ['en', 'fr', 'es', 'pt', 'sw'];

function reportFormat({ format, out }, several) {
  const wanted = format?.toLowerCase() ?? (several ? 'html' : Object.keys(kReportEndings).find((key) => kReportEndings[key] === path.extname(out).toLowerCase()));
  if (!Object.hasOwn(kReportEndings, wanted ?? '')) throw new UsageError('A report is html, fhir or csv: end --out in .html, .json or .csv, or add --format.');
  return wanted;
}

async function readTextFile(file, what) {
  try {
    return await readFile(file, 'utf8');
  } catch {
    throw new UsageError(`The ${what} ${file} could not be read.`);
  }
}

// The whole screening, written as a document. The day is the machine's.
async function report({ values: options, positionals }) {
  if (options.out === undefined) throw new UsageError('report needs --out OUT (or a folder for several inputs).');
  const several = positionals.length > 1 || positionals[0] === '-';
  const format = reportFormat(options, several);
  const language = options.language ?? 'en';
  if (!kReportLanguages.includes(language)) throw new UsageError(`There is no language "${language}"; there are: ${kReportLanguages.join(', ')}.`);
  const table = language === 'en' ? '' : await readFile(new URL('../assets/languages.tsv', import.meta.url), 'utf8');
  const identity = options['identity-file'] === undefined ? '{}' : await readTextFile(options['identity-file'], 'identity');
  const profile = await readProfile(options);
  const day = new Date().toLocaleDateString('sv-SE');
  let opened;
  let networks;
  const start = async () => {
    opened = await openEngineHere(options.pack);
    checkChoices(opened, options, profile);
    opened.engine.set_language(table, language);
    networks = new NodeNetworks({ ...opened, precision: options.precision });
  };
  await start();
  const version = opened.module.engine_version();
  const text = ({ input, output }) => `${input} → ${output}`;
  return forEachInput(positionals, { json: options.json, version, text, recover: start }, async (input) => {
    const { networkFailure } = await examineFile(opened.engine, networks, input, { profile, fusion: options.fusion, clips: options.echo });
    if (networkFailure) throw new ExaminationError('model', networkFailure);
    const document = format === 'html' ? opened.engine.report_html(day, version, identity)
      : format === 'csv' ? opened.engine.report_csv() : unwrap(opened.engine.report_fhir(day, identity)).text;
    if (document === '') throw new UsageError('The identity may hold name, identifier and birth_date, each a text.');
    const output = several ? path.join(options.out, path.parse(input).name + kReportEndings[format]) : options.out;
    try {
      if (several) await mkdir(options.out, { recursive: true });
      await writeFile(output, document);
    } catch (error) {
      throw new ExaminationError('cannot_write', `${output} could not be written.`, String(error));
    }
    return JSON.stringify({ input, engine_version: version, output, format, language });
  });
}

// The corrections that the options ask of the digitiser, as Engine.digitise_page takes them.
function pageCorrections({ speed, gain, layout }) {
  const asNumber = (text, name) => {
    const value = Number(text);
    if (!(value > 0)) throw new UsageError(`--${name} must be a number of millimetres.`);
    return value;
  };
  return JSON.stringify({ ...(speed !== undefined && { mm_per_s: asNumber(speed, 'speed') }),
    ...(gain !== undefined && { mm_per_mv: asNumber(gain, 'gain') }), ...(layout !== undefined && { layout }) });
}

async function digitise({ values: options, positionals }) {
  const several = positionals.length > 1 || positionals[0] === '-';
  const corrections = pageCorrections(options);
  let opened = await openEngineHere();
  const version = opened.module.engine_version();
  const recover = async () => { opened = await openEngineHere(); };
  const written = new Set();
  return forEachInput(positionals, { json: options.json, version, text: digitisedText, recover }, async (input) => {
    const { engine } = opened;
    const file = await readInputFile(input);
    engine.begin();
    engine.add_file(file.name, file.bytes);
    if (!engine.holds_picture()) throw new ExaminationError('not_recognised', kNoPictureSentence);
    unwrap(engine.digitise_page(corrections));
    const page = JSON.parse(engine.page_json(input));
    unwrap(engine.accept_page(false));
    if (options.out !== undefined) {
      page.output = several ? path.join(options.out, `${path.parse(input).name}.csv`) : options.out;
      if (written.has(page.output)) throw new ExaminationError('cannot_write', `${page.output} was just written for another input of the same name; digitise them one by one.`);
      try {
        if (several) await mkdir(options.out, { recursive: true });
        await writeFile(page.output, engine.record_csv());
      } catch (error) {
        throw new ExaminationError('cannot_write', `${page.output} could not be written.`, String(error));
      }
      written.add(page.output);
    }
    return JSON.stringify(page);
  });
}

// The engine and its networks for clips, opened again by `recover` after a trap.
async function openForClips(options) {
  const precision = options.precision ?? 'int8';
  if (!['int8', 'fp32'].includes(precision)) throw new UsageError('--precision must be int8 or fp32.');
  const threads = positiveInteger(options.threads ?? '1', 'threads', 8);
  const held = {};
  held.recover = async () => {
    Object.assign(held, await openEngineHere());
    held.networks = new NodeNetworks({ ...held, precision, threads });
  };
  await held.recover();
  return held;
}

async function writeOutput(output, bytes) {
  try {
    await mkdir(path.dirname(output), { recursive: true });
    await writeFile(output, bytes);
  } catch (error) {
    throw new ExaminationError('cannot_write', `${output} could not be written.`, String(error));
  }
}

async function echo({ values: options, positionals }) {
  const held = await openForClips(options);
  const version = held.module.engine_version();
  return forEachInput(positionals, { json: options.json, version, text: echoText, recover: held.recover }, async (input) => {
    const { engine, networks } = held;
    engine.begin();
    await examineClips(engine, networks, await readClips(engine, [input, ...(options.with === undefined ? [] : [options.with])]));
    const result = JSON.parse(engine.echo_json(input));
    if (options.masks !== undefined) {
      const stem = path.join(options.masks, path.parse(input).name);
      for (let frame = 0; frame < result.clip.frames; ++frame) {
        const { width, height, classes } = engine.echo_mask(0, frame);
        await writeOutput(`${stem}-${String(frame).padStart(4, '0')}.png`, greyPng(width, height, classes));
      }
      result.masks = `${stem}-*.png`;
    }
    return JSON.stringify(result);
  });
}

async function segment({ values: options, positionals }) {
  if (options.out === undefined) throw new UsageError('segment needs --out OUT.png (or a folder for several inputs).');
  const several = positionals.length > 1 || positionals[0] === '-';
  const held = await openForClips(options);
  const version = held.module.engine_version();
  const text = ({ input, output }) => `${input} → ${output}`;
  const written = new Set();
  return forEachInput(positionals, { json: options.json, version, text, recover: held.recover }, async (input) => {
    const { engine, networks } = held;
    engine.begin();
    await examineClips(engine, networks, [{ files: [await readInputFile(input, kLargestClipFileBytes)] }]);
    const { clip, view, view_probability: apical, quality } = JSON.parse(engine.echo_json(input));
    if (clip.frames > 1) throw new ExaminationError('not_recognised', `This is a clip of ${clip.frames} frames; segment takes single frames, and echo --masks writes a clip's.`);
    const { width, height, classes } = engine.echo_mask(0, 0);
    const output = several ? path.join(options.out, `${path.parse(input).name}.png`) : options.out;
    if (written.has(output)) throw new ExaminationError('cannot_write', `${output} was just written for another input of the same name; segment them one by one.`);
    await writeOutput(output, greyPng(width, height, classes));
    written.add(output);
    const pixels = [0, 0, 0, 0];
    for (const value of classes) pixels[value] += 1;
    return JSON.stringify({ input, engine_version: version, output, width, height, view, view_probability: apical, quality: quality.score,
      pixels: { background: pixels[0], left_ventricle: pixels[1], myocardium: pixels[2], left_atrium: pixels[3] } });
  });
}

// ONNX Runtime fixes its number of threads when it starts, so each configuration gets a process of its own.
const kBenchConfigurations = [
  { precision: 'int8', threads: 1 },
  { precision: 'int8', threads: 2 },
  { precision: 'fp32', threads: 1 },
];

const kPageRuns = 5;   // of a page, at most, unless its picture was given

// Pictures of pages, given as files or drawn here (`drawn`: the name of one of kBenchPages), each time from the file's bytes.
async function benchPages(positionals, { drawn, runs, json }) {
  let opened = await openEngineHere();
  const own = kBenchPages.find(({ name }) => name === drawn);
  if (drawn !== undefined && !own) throw new UsageError(`--page is ${kBenchPages.map(({ name }) => name).join(' or ')}.`);
  const recover = async () => { opened = await openEngineHere(); };
  const version = opened.module.engine_version();
  const text = (page) => pageLines([page]).join('\n');
  return forEachInput(own ? [own.name] : positionals, { json, version, text, recover }, async (input) => {
    const { module, engine } = opened;
    const picture = own ? drawnPage(engine, own) : await readInputFile(input);
    return JSON.stringify({ input, engine_version: version, runs, ...await benchmarkPage(module, engine, picture, runs) });
  });
}

async function bench({ values: options, positionals }) {
  const runs = positiveInteger(options.runs ?? '20', 'runs', 1000);
  if (options.page !== undefined || positionals.length > 0) return benchPages(positionals, { drawn: options.page, runs, json: options.json });
  if (options.threads === undefined && options.precision === undefined) return benchAll(runs, options.json);

  const opened = await openEngineHere();
  checkChoices(opened, options, {});
  const precision = options.precision ?? 'int8';
  const threads = positiveInteger(options.threads ?? '1', 'threads', 8);
  const networks = new NodeNetworks({ ...opened, precision, threads });
  let result;
  if (options.clip !== undefined) {
    result = { clip: await benchmarkClip(opened.engine, networks, Math.min(runs, 3), { clip: (await readClips(opened.engine, [options.clip]))[0] }),
               peak_memory_mb: Math.round(process.resourceUsage().maxRSS / 1024) };
  } else {
    result = await benchmark(opened.engine, networks, simulatedWfdbFiles(opened.engine), runs);
    if (opened.library.echoIds.length > 0) Object.assign(result, await clipInItsOwnProcess(runs, precision, threads));
  }
  await printBench(opened.module.engine_version(), runs, [{ provider: 'wasm', precision, threads, ...result }], [], options.json);
  return 0;
}

// Another run of this program: memory only ever grows.
async function measuredApart(...args) {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(import.meta.url), 'bench', '--json', ...args], { maxBuffer: 1 << 20 });
  return JSON.parse(stdout);
}

// Of phantomAvi() in a file, as whoever names one has it: {clip, peak_memory_mb}.
async function clipInItsOwnProcess(runs, precision, threads) {
  const folder = await mkdtemp(path.join(tmpdir(), 'precordia-bench-'));
  try {
    const { name, bytes } = phantomAvi();
    const file = path.join(folder, name);
    await writeFile(file, bytes);
    const { configurations: [{ clip, peak_memory_mb }] } = await measuredApart('--runs', String(runs), '--precision', precision, '--threads', String(threads), '--clip', file);
    return { clip, peak_memory_mb };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function benchAll(runs, json) {
  const results = [], pages = [];
  let version;
  for (const { precision, threads } of kBenchConfigurations) {
    const part = await measuredApart('--runs', String(runs), '--precision', precision, '--threads', String(threads));
    version = part.engine_version;
    results.push(...part.configurations);
  }
  for (const { name } of kBenchPages) pages.push(await measuredApart('--runs', String(Math.min(runs, kPageRuns)), '--page', name));
  await printBench(version, runs, results, pages, json);
  return 0;
}

function pageLines(pages) {
  const cell = (value) => String(value).padStart(9);
  return [['picture'.padEnd(24), ...[...kPageStages, 'total', 'memory', 'leads'].map(cell)].join(''),
    ...pages.map(({ input, median_ms: medians, wasm_memory_mb: memory, leads }) => [path.basename(input).padEnd(24),
      ...[...kPageStages, 'total'].map((stage) => cell(medians[stage].toFixed(0))), cell(memory), cell(leads)].join(''))];
}

async function printBench(version, runs, configurations, pages, json) {
  if (json) {
    await print(JSON.stringify({ input: kSimulatedInput, engine_version: version, runs, configurations, ...(pages.length > 0 && { pages }) }));
    return;
  }
  const stages = Object.keys(configurations[0].median_ms);
  const columns = configurations.map(({ precision, threads }) => `${precision}, ${threads} thread${threads > 1 ? 's' : ''}`);
  const lines = [`Median milliseconds over ${runs} examinations of the simulated patient (WebAssembly under Node ${process.versions.node})`, '',
    ['stage'.padEnd(12), ...columns.map((column) => column.padStart(16))].join('')];
  for (const stage of stages) {
    lines.push([stage.padEnd(12), ...configurations.map(({ median_ms: medians }) => medians[stage].toFixed(2).padStart(16))].join(''));
  }
  lines.push(['the first'.padEnd(12), ...configurations.map(({ first_ms: first }) => first.toFixed(2).padStart(16))].join(''));
  if (configurations.every(({ clip }) => clip)) {
    const row = (name, value) => lines.push([name.padEnd(12), ...configurations.map((one) => value(one).toFixed(2).padStart(16))].join(''));
    lines.push('', `A clip of ${configurations[0].clip.frames} frames, 640 x 480, uncompressed AVI; then the peak memory in MB of the process that reads it`, '');
    for (const stage of ['decode', 'echo', 'trace', 'total']) row(stage, ({ clip }) => clip.median_ms[stage]);
    row('per frame', ({ clip }) => clip.per_frame_ms);
    row('memory', ({ peak_memory_mb: mb }) => mb);
  }
  if (pages.length > 0) lines.push('', 'Pages of paper, from the picture file to the leads; then the memory that the engine has taken, in MB', '', ...pageLines(pages));
  await print(lines.join('\n'));
}

async function main([command, ...args]) {
  if (command === undefined) throw new UsageError('Say what to do.');
  if (['--help', '-h', 'help'].includes(command) || args.includes('--help') || args.includes('-h')) {
    await print(help.trimEnd());
    return 0;
  }
  if (command === '--version') {
    const { module } = await openEngineHere();
    await print(`precordia ${module.engine_version()}`);
    return 0;
  }
  if (!Object.hasOwn(commands, command)) throw new UsageError(`There is no command "${command}".`);
  const parsed = readOptions(command, args);
  const { values, positionals } = parsed;
  if (command !== 'bench') {
    if (positionals.length === 0) throw new UsageError(`${command} needs at least one file.`);
    if (positionals.length > 1 && positionals.includes('-')) throw new UsageError('"-" must be the only input.');
  }
  try {
    if (command === 'bench') return await bench(parsed);
    if (command === 'convert') return await convert(parsed);
    if (command === 'report') return await report(parsed);
    if (command === 'digitise') return await digitise(parsed);
    if (command === 'echo') return await echo(parsed);
    if (command === 'segment') return await segment(parsed);
    return await runOnFiles(command, parsed);
  } catch (error) {
    // An installation that cannot start: every input still gets its line.
    if (!(error instanceof InstallationError)) throw error;
    return refuseAll(command === 'bench' && positionals.length === 0 ? [kSimulatedInput] : inputsOf(positionals), values.json, await packageVersion(), error);
  }
}

// Whoever reads our output may stop early (| head); that is no failure worth a stack trace.
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1));

// While WebAssembly compiles nothing else keeps Node's event loop alive, and Node then waits in a way that deadlocks with V8's
// optimising compiler now and then (nodejs/node 54918, 36616). A timer keeps the loop turning.
setInterval(() => {}, 100);

let status;
try {
  status = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    complain(`${error.message}\nTry ./precordia --help.`);
    status = 2;
  } else {
    complain(error instanceof ExaminationError ? error.message : `stopped unexpectedly: ${error.stack ?? error}`);
    status = 1;
  }
}
process.exit(status);  // ONNX Runtime's threads would keep the process alive
