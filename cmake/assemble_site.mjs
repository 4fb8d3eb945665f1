// Assembles the app that is served and installed: build/site.
//
//   node cmake/assemble_site.mjs --third-party FOLDER [--wasm build/wasm] [--out build/site]
//
//   /                  web/ as it is, without what runs under Node, engine.* and dashboard.*, notices
//   /models            model manifest, artefacts and cards (not the training code)
//   /assets, /shaders  as they are; /assets/fonts from the third-party folder
//   /ort               the parts of ONNX Runtime Web that the app loads
//   /mp4box            the part of mp4box that takes MP4 files apart
//   /version.json      {version, built_from}
//   /precache-manifest.json  {version, files: [{path, bytes, transfer_bytes, sha256, install}]}; install is true for what the first
//                      visit stores for offline use, "lazy" for what a device fetches only when it can use it
//
// The version is a hash over every file, so the same content has the same version wherever it is built. Text, models and
// WebAssembly get compressed twins (.br, .gz), kept in build/compressed by content so that only what changed is compressed
// again. The two download budgets of DESIGN.md section 2 are checked, and the program fails above either.
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const kMegabyte = 1e6;
const kFirstInstallBudgetBytes = 6 * kMegabyte;
const kDashboardBudgetBytes = 0.4 * kMegabyte;

// Already compressed formats gain nothing from a twin.
const kIncompressible = new Set(['.png', '.ico', '.jpg', '.webp', '.woff2']);
// Read by the browser itself, never from the offline store.
const kNotPrecached = new Set(['service-worker.js', 'precache-manifest.json']);
// Of the development server and the command line; the browser has no use for them.
const kDevelopmentOnly = new Set(['server.mjs', 'cli.mjs', 'cli_text.mjs', 'node_networks.mjs']);

// What "import 'onnxruntime-web/wasm'" and "/webgpu" load, and nothing of the deprecated default bundle.
const kRuntimeFiles = {
  'ort.wasm.min.mjs': true,
  'ort-wasm-simd-threaded.mjs': true,
  'ort-wasm-simd-threaded.wasm': true,
  'ort.webgpu.min.mjs': 'lazy',
  'ort-wasm-simd-threaded.asyncify.mjs': 'lazy',
  'ort-wasm-simd-threaded.asyncify.wasm': 'lazy',
};

const repository = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values: options } = parseArgs({
  options: {
    'third-party': { type: 'string' },
    wasm: { type: 'string', default: join(repository, 'build/wasm') },
    out: { type: 'string', default: join(repository, 'build/site') },
  },
});

function fail(sentence) {
  console.error(`site: ${sentence}`);
  process.exit(1);
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.')) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/** The site's files: path below the root -> {bytes, install}. */
function collect() {
  const site = new Map();
  const put = (path, source, install = true) => site.set(path, { content: readFileSync(source), install });
  const putFolder = (folder, below, keep = () => true) => {
    for (const file of filesBelow(folder)) {
      const path = relative(folder, file).split(sep).join('/');
      if (keep(path)) put(below + path, file);
    }
  };

  putFolder(join(repository, 'web'), '', (path) => !kDevelopmentOnly.has(path));
  putFolder(join(repository, 'assets'), 'assets/');
  putFolder(join(repository, 'shaders'), 'shaders/', (path) => path.endsWith('.wgsl'));
  putFolder(join(options['third-party'], 'fonts'), 'assets/fonts/');
  const missing = [];
  putModels(put, missing);

  for (const name of ['engine.mjs', 'engine.wasm', 'dashboard.mjs', 'dashboard.wasm']) {
    if (existsSync(join(options.wasm, name))) put(name, join(options.wasm, name));
    else missing.push(name);
  }
  const runtime = join(repository, 'node_modules/onnxruntime-web');
  for (const [name, install] of Object.entries(kRuntimeFiles)) put(`ort/${name}`, join(runtime, 'dist', name), install);
  const demuxer = join(repository, 'node_modules/mp4box');
  for (const name of demuxerFiles(join(demuxer, 'dist'))) put(`mp4box/${name}`, join(demuxer, 'dist', name));
  site.set('third-party-notices.txt', { content: Buffer.from(notices(runtime)), install: true });
  site.set('licences.json', { content: Buffer.from(`${JSON.stringify(licences(runtime), null, 1)}\n`), install: true });
  return { site, missing };
}

/**
 * What models/manifest.json names, and nothing else. A device needs one artefact: the first that runs on WASM. The other
 * precisions are fetched when a provider that prefers them is chosen. Networks for clips come after the first install (web/offline.js).
 */
function putModels(put, missing) {
  const folder = join(repository, 'models');
  if (!existsSync(join(folder, 'manifest.json'))) return;
  put('models/manifest.json', join(folder, 'manifest.json'));
  for (const model of JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')).models) {
    const install = model.task === 'ecg-classification' ? true : 'lazy';
    const needed = model.artefacts.find((artefact) => artefact.providers.includes('wasm'));
    for (const artefact of model.artefacts) {
      put(`models/${artefact.file}`, join(folder, artefact.file), artefact === needed && install === true ? true : 'lazy');
    }
    const others = [model.head?.file, model.card, ...(model.known_answers ?? []).flatMap(({ file, flags }) => (flags ? [file, flags.file] : [file]))];
    for (const file of others) {
      if (!file) continue;
      if (existsSync(join(folder, file))) put(`models/${file}`, join(folder, file), file === model.card ? true : install);
      else missing.push(`models/${file}`);
    }
  }
}

/** mp4box.all.mjs and what it imports, whose names carry a hash. */
function demuxerFiles(folder) {
  const names = new Set(['mp4box.all.mjs']);
  for (const name of names) {
    for (const [, imported] of readFileSync(join(folder, name), 'utf8').matchAll(/from\s*"\.\/([\w.-]+\.mjs)"/g)) names.add(imported);
  }
  return names;
}

/** The licences of everything third-party that is inside the app. */
function notices(runtime) {
  const folder = join(options['third-party'], 'licences');
  const parts = readdirSync(folder).sort().filter((name) => name !== 'doctest-dev.txt')
    .map((name) => [name.replace(/\.txt$/, ''), readFileSync(join(folder, name), 'utf8').trim()]);
  const { name, version, license } = JSON.parse(readFileSync(join(runtime, 'package.json'), 'utf8'));
  parts.push([`${name} ${version}`, `Copyright (c) Microsoft Corporation. Licence: ${license}.`]);
  const demuxer = join(repository, 'node_modules/mp4box');
  parts.push([`mp4box ${JSON.parse(readFileSync(join(demuxer, 'package.json'), 'utf8')).version}`, readFileSync(join(demuxer, 'LICENSE'), 'utf8').trim()]);
  parts.push(['Emscripten and its system libraries',
    'Copyright (c) the Emscripten authors and the authors of musl and LLVM. Licence: MIT, and Apache-2.0 with LLVM exceptions.']);
  const rule = '-'.repeat(100);
  return 'Precordia contains the following third-party works, each under its own licence.\n\n' +
    parts.map(([title, text]) => `${rule}\n${title}\n${rule}\n${text}\n`).join('\n');
}

/** What the about screen lists: [{name, version, licence}], versions from the lock files. The full texts are in the notices. */
function licences(runtime) {
  const lock = readFileSync(join(repository, 'cmake/third_party.lock'), 'utf8').split('\n').map((line) => line.split(/\s+/));
  const lockedVersion = (name) => {
    const [kind, , second, third] = lock.find((words) => words[1] === name) ?? [];
    return kind === 'source' ? /_([^_]*?)(?:\+ds)?\.orig\.tar/.exec(third)[1] : (second ?? '').replace(/^\d+:|-[^-]*$/g, '').replace(/\+dfsg$/, '');
  };
  const { version, license } = JSON.parse(readFileSync(join(runtime, 'package.json'), 'utf8'));
  return [
    { name: 'ONNX Runtime Web', version, licence: license },
    { name: 'mp4box', version: JSON.parse(readFileSync(join(repository, 'node_modules/mp4box/package.json'), 'utf8')).version, licence: 'BSD-3-Clause' },
    { name: 'Dear ImGui', version: lockedVersion('imgui'), licence: 'MIT' },
    { name: 'Eigen', version: lockedVersion('libeigen3-dev'), licence: 'MPL-2.0' },
    { name: 'JSON for Modern C++', version: lockedVersion('nlohmann-json3-dev'), licence: 'MIT' },
    { name: 'stb', version: lockedVersion('libstb'), licence: 'MIT' },
    { name: 'IBM Plex Sans', version: lockedVersion('@ibm/plex-sans'), licence: 'OFL-1.1' },
    { name: 'IBM Plex Mono', version: lockedVersion('@ibm/plex-mono'), licence: 'OFL-1.1' },
    { name: 'Emscripten, musl, LLVM libc++', version: lockedVersion('emscripten'), licence: 'MIT, Apache-2.0 with LLVM exceptions' },
  ];
}

const compressors = {
  br: (content) => promisify(brotliCompress)(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  }),
  gz: (content) => promisify(gzip)(content, { level: 9 }),
};

/** The compressed twin of `content`, from build/compressed when it was made before; null where it would not be smaller. */
const kTwinFolder = join(repository, 'build/compressed');
const usedTwins = new Set();
async function twin(content, hash, coding) {
  const kept = join(kTwinFolder, `${hash}.${coding}`);
  usedTwins.add(kept);
  if (existsSync(kept)) {
    const bytes = readFileSync(kept);
    return bytes.length < content.length ? bytes : null;
  }
  const bytes = await compressors[coding](content);
  mkdirSync(kTwinFolder, { recursive: true });
  writeFileSync(`${kept}.${process.pid}`, bytes);
  renameSync(`${kept}.${process.pid}`, kept);
  return bytes.length < content.length ? bytes : null;
}

/** Writes only what differs, so that a running server and the next build see what really changed. */
function writeIfChanged(path, content) {
  const file = join(options.out, path);
  if (existsSync(file) && readFileSync(file).equals(content)) return false;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return true;
}

function builtFrom() {
  try {
    const git = (...words) => execFileSync('git', ['-C', repository, ...words], { stdio: ['ignore', 'pipe', 'ignore'] }).toString().trim();
    return git('describe', '--always', '--dirty');
  } catch {
    return 'unknown';
  }
}

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0).padStart(7)} kB`;

function printSizes(files) {
  const groups = new Map();
  for (const file of files) {
    const { path, install } = file;
    const group = install === 'lazy' ? 'after the first install, or only when used'
      : path.startsWith('ort/') ? 'ONNX Runtime Web'
      : path.startsWith('mp4box/') ? 'MP4 demuxer'
      : path.startsWith('engine.') ? 'engine module'
      : path.startsWith('dashboard.') ? 'dashboard module'
      : path.startsWith('models/') ? 'models and cards'
      : path.startsWith('assets/fonts/') ? 'fonts'
      : 'page, worker, assets, notices';
    const sum = groups.get(group) ?? { bytes: 0, transfer: 0, count: 0 };
    groups.set(group, { bytes: sum.bytes + file.bytes, transfer: sum.transfer + file.transfer_bytes, count: sum.count + 1 });
  }
  console.log(`${'part'.padEnd(52)} files        size  compressed`);
  for (const [name, { count, bytes, transfer }] of [...groups].sort(([a], [b]) => a.startsWith('fetched') - b.startsWith('fetched'))) {
    console.log(`${name.padEnd(52)} ${String(count).padStart(5)}  ${kilobytes(bytes)}  ${kilobytes(transfer)}`);
  }
}

if (!options['third-party']) fail('usage: node cmake/assemble_site.mjs --third-party FOLDER [--wasm FOLDER] [--out FOLDER]');
const { site, missing } = collect();
const paths = [...site.keys()].sort();
const hashes = new Map(paths.map((path) => [path, sha256(site.get(path).content)]));
const version = sha256(paths.map((path) => `${hashes.get(path)}  ${path}\n`).join('')).slice(0, 12);

const before = join(options.out, 'version.json');
const sameAsBefore = existsSync(before) && JSON.parse(readFileSync(before, 'utf8')).version === version;
// The commit is recorded when the content changes, so that rebuilding the same content rewrites nothing.
site.set('version.json', {
  content: sameAsBefore ? readFileSync(before) : Buffer.from(`${JSON.stringify({ version, built_from: builtFrom() }, null, 2)}\n`),
  install: true,
});
hashes.set('version.json', sha256(site.get('version.json').content));

const files = [];
const wanted = new Set();
const workers = [...site.keys()].sort((a, b) => site.get(b).content.length - site.get(a).content.length);
async function compressNext() {
  for (let path = workers.shift(); path !== undefined; path = workers.shift()) {
    const { content, install } = site.get(path);
    const hash = hashes.get(path);
    let changed = writeIfChanged(path, content);
    wanted.add(path);
    let transferBytes = content.length;
    if (!kIncompressible.has(extname(path))) {
      for (const coding of ['gz', 'br']) {
        const packed = await twin(content, hash, coding);
        if (!packed) continue;
        wanted.add(`${path}.${coding}`);
        // A twin older than its file is not served, so it is written anew with the file even where it is the same.
        if (changed) rmSync(join(options.out, `${path}.${coding}`), { force: true });
        writeIfChanged(`${path}.${coding}`, packed);
        transferBytes = packed.length;
      }
    }
    files.push({ path, bytes: content.length, transfer_bytes: transferBytes, sha256: hash, install });
  }
}
await Promise.all([compressNext(), compressNext()]);

files.sort((a, b) => (a.path < b.path ? -1 : 1));
const precached = files.filter((file) => !kNotPrecached.has(file.path));
writeIfChanged('precache-manifest.json', Buffer.from(`${JSON.stringify({ version, files: precached }, null, 1)}\n`));
wanted.add('precache-manifest.json');
for (const file of filesBelow(options.out)) {
  if (!wanted.has(relative(options.out, file).split(sep).join('/'))) rmSync(file);
}
for (const file of filesBelow(kTwinFolder)) {
  if (!usedTwins.has(file)) rmSync(file);
}

printSizes(files);
const total = (keep) => files.filter(keep).reduce((sum, file) => sum + file.transfer_bytes, 0);
const firstInstall = total((file) => file.install === true) + statSync(join(options.out, 'precache-manifest.json')).size;
const dashboard = total((file) => file.path.startsWith('dashboard.'));
const megabytes = (bytes) => (bytes / kMegabyte).toFixed(2);
console.log(`first install, compressed:    ${megabytes(firstInstall)} MB (budget ${megabytes(kFirstInstallBudgetBytes)} MB)`);
console.log(`dashboard module, compressed: ${megabytes(dashboard)} MB (budget ${megabytes(kDashboardBudgetBytes)} MB)`);
console.log(`version ${version} in ${relative(process.cwd(), options.out) || '.'}`);

if (missing.length > 0) fail(`${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing, so the app is not complete.`);
if (firstInstall > kFirstInstallBudgetBytes) fail('the first install is over its budget.');
if (dashboard > kDashboardBudgetBytes) fail('the dashboard module is over its budget.');
