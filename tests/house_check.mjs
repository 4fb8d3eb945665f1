// Rules about the repository itself: who may include whom (DESIGN.md section 1), and what may not be committed.
//   node --test tests/house_check.mjs
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..');
const sharedData = join(repository, '../shared/data');

// "May use", without what a room gets through the rooms it uses.
const kMayUse = {
  base: [],
  signal: ['base'],
  formats: ['signal'],
  paper: ['signal'],
  ecg: ['signal'],
  echo: ['base'],
  nets: ['signal', 'echo'],
  fusion: ['ecg', 'echo', 'nets'],
  report: ['fusion'],
  engine: ['formats', 'paper', 'ecg', 'echo', 'nets', 'fusion', 'report'],
  dashboard: ['base'],
};
const kTopLevel = new Set(['CMakeLists.txt', 'CMakePresets.json', 'LICENSE', 'README.md', 'package.json', 'package-lock.json', 'precordia',
  'serve.sh', 'DESIGN.md', 'CONTRIBUTING.md', '.gitignore', '.gitattributes', '.clang-format', '.ci', '.github',
  'assets', 'cmake', 'docs', 'models', 'shaders', 'src', 'tests', 'web']);
const kLargestFileBytes = 3e6;
// Formats of patient recordings. What the project makes itself lies in assets/ (the simulated patient) or is made by the test.
const kRecordingExtensions = new Set(['.dat', '.hea', '.edf', '.dcm', '.npy', '.npz', '.nii', '.mhd', '.raw', '.avi', '.mp4', '.zip', '.tar', '.tgz']);

/** Everything that is committed or would be: tracked files, and new ones that are not ignored. */
const files = execFileSync('git', ['-c', 'safe.directory=*', '-C', repository, 'ls-files', '--cached', '--others', '--exclude-standard', '-z'], { maxBuffer: 1e8 })
  .toString().split('\0').filter((path) => path !== '' && existsSync(join(repository, path)));
const read = (path) => readFileSync(join(repository, path));
const isText = (bytes) => !bytes.subarray(0, 8000).includes(0);
const textFiles = files.map((path) => ({ path, bytes: read(path) })).filter(({ bytes }) => isText(bytes))
  .map(({ path, bytes }) => ({ path, lines: bytes.toString().split('\n') }));

function reach(room, seen = new Set()) {
  for (const next of kMayUse[room]) {
    if (seen.has(next)) continue;
    seen.add(next);
    reach(next, seen);
  }
  return seen;
}

/** "path:line: text" for every line of the chosen files in which `pattern` occurs. */
function linesWith(pattern, choose = () => true) {
  return textFiles.filter(({ path }) => choose(path) && path !== 'tests/house_check.mjs')
    .flatMap(({ path, lines }) => lines.flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])));
}

function* includes() {
  for (const { path, lines } of textFiles) {
    const [top, room] = path.split('/');
    if (top !== 'src') continue;
    for (const [i, line] of lines.entries()) {
      const match = /^\s*#\s*include\s+(["<])([^">]+)[">]/.exec(line);
      if (match) yield { room, path, where: `${path}:${i + 1}`, quoted: match[1] === '"', target: match[2] };
    }
  }
}

test('every folder of src is a room of the house', () => {
  const strangers = files.filter((path) => path.startsWith('src/') && !(path.split('/')[1] in kMayUse));
  assert.deepEqual(strangers, []);
});

test('a room includes only itself and the rooms it may use', () => {
  const wrong = [];
  for (const { room, where, quoted, target } of includes()) {
    if (!quoted) continue;
    const owner = target.split('/')[0];
    if (owner in kMayUse && target.includes('/')) {
      if (owner !== room && !reach(room).has(owner)) wrong.push(`${where}: ${room} may not use ${target}`);
    } else if (!(room === 'dashboard' && /^(imgui|imconfig)/.test(basename(target)))) {
      wrong.push(`${where}: "${target}" does not name its room`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('third-party headers stay in the rooms that need them', () => {
  const wrong = [];
  for (const { room, path, where, target } of includes()) {
    const browserSide = /(bindings|_wasm)\.(cc|h)$/.test(path);
    if (/^(Eigen|unsupported)\//.test(target) && ['base', 'dashboard'].includes(room)) wrong.push(`${where}: Eigen in ${room}`);
    if (/^imgui/.test(target) && room !== 'dashboard') wrong.push(`${where}: Dear ImGui in ${room}`);
    if (/^(emscripten|GLES[23])/.test(target) && !browserSide) wrong.push(`${where}: a browser header in a file that is also built natively`);
  }
  assert.deepEqual(wrong, []);
});

test('every header has an include guard of one form', () => {
  const headers = textFiles.filter(({ path }) => path.startsWith('src/') && path.endsWith('.h'));
  assert.deepEqual(headers.filter(({ lines }) => !lines.includes('#pragma once')).map(({ path }) => path), []);
});

test('no exception is thrown or caught in the core', () => {
  assert.deepEqual(linesWith(/^[^/"]*\b(throw\b|try\s*\{|catch\s*\()/, (path) => /^src\/.*\.(cc|h)$/.test(path)), []);
});

test('no note of unfinished work is left behind', () => {
  assert.deepEqual(linesWith(/\b(TODO|FIXME|XXX|HACK)\b/, (path) => !/\.(md|json)$/.test(path)), []);
});

test('no path of one particular machine is committed', () => {
  assert.deepEqual(linesWith(/(^|[\s"'`=(:])\/((work|root)(\/|$)|(home|tmp|mnt)\/\w)/), []);
});

test('packages are fetched by name, from wherever the machine is set up to fetch them', () => {
  const hosts = /(deb|security|snapshot)\.debian\.org|registry\.npmjs\.org|registry\.yarnpkg|files\.pythonhosted\.org|pypi\.org\/simple/;
  assert.deepEqual(linesWith(hosts), []);
});

test('no file is larger than 3 MB', () => {
  const large = files.filter((path) => statSync(join(repository, path)).size > kLargestFileBytes);
  assert.deepEqual(large, []);
});

test('the top level holds only what the house plan names', () => {
  const strangers = [...new Set(files.map((path) => path.split('/')[0]))].filter((name) => !kTopLevel.has(name));
  assert.deepEqual(strangers, []);
});

test('no recording of a patient is committed', () => {
  const suspects = files.filter((path) => kRecordingExtensions.has(extname(path)) && !path.startsWith('assets/'));
  assert.deepEqual(suspects, []);
});

test('nothing of the shared test data is committed', { skip: existsSync(sharedData) ? false : 'no ../shared/data here' }, () => {
  const hash = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');
  const ownBySize = new Map();
  for (const path of files) {
    const size = statSync(join(repository, path)).size;
    if (size > 0) ownBySize.set(size, [...(ownBySize.get(size) ?? []), path]);
  }
  const copies = [];
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) {
        for (const own of ownBySize.get(statSync(path).size) ?? []) {
          if (hash(join(repository, own)) === hash(path)) copies.push(own);
        }
      }
    }
  };
  visit(sharedData);
  assert.deepEqual(copies, []);
});

test('the weights that the engine compiles in are those of their card', () => {
  const weights = createHash('sha256').update(read('models/ecg-delineation-1/weights.bin')).digest('hex');
  assert.match(read('models/ecg-delineation-1/CARD.md').toString(), new RegExp(weights));
});

test('the commands that people type are executable', () => {
  for (const path of ['serve.sh', 'tests/run.sh', '.ci/run', 'precordia']) {
    assert.doesNotThrow(() => accessSync(join(repository, path), constants.X_OK), `${path} is missing or not executable`);
  }
});
