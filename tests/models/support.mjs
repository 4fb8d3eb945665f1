// What the tests under Node share: the built engine, the real records, and a server that shows the app as it is in the
// working tree (sources of web/, the built engine, ONNX Runtime from node_modules).
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEngine, unwrap } from '../../web/examination.mjs';
import { modelReader } from '../../web/node_networks.mjs';
import '../../web/security_headers.js';

export const repository = fileURLToPath(new URL('../../', import.meta.url));
export const realRecordsFolder = path.join(repository, '../shared/data/ptbxl/wfdb500');

export async function openBuiltEngine() {
  const { default: createEngineModule } = await import(new URL('../../build/wasm/engine.mjs', import.meta.url));
  return openEngine(createEngineModule, modelReader(new URL('../../models/', import.meta.url)));
}

// Headers of the real records, or an empty list; a test that uses them says so and skips without them.
export function realHeaders() {
  if (!existsSync(realRecordsFolder)) return [];
  return readdirSync(realRecordsFolder).filter((name) => name.endsWith('.hea')).sort().map((name) => path.join(realRecordsFolder, name));
}
export const withoutRealRecords = realHeaders().length === 0 ? `no real records at ${path.relative(repository, realRecordsFolder)}` : false;

export const kConditions = ['normal', 'lbbb', 'lvh_strain', 'old_anterior_mi', 'af'];

// A header and the signal files beside it, as examine() takes them.
export function wfdbFiles(header) {
  const folder = path.dirname(header);
  const text = readFileSync(header, 'utf8');
  const signals = new Set(text.split('\n').slice(1).filter((line) => line && !line.startsWith('#')).map((line) => line.split(/\s+/)[0]));
  return [header, ...[...signals].map((name) => path.join(folder, name))].map((file) => ({ name: path.basename(file), bytes: readFileSync(file) }));
}

// The simulated patient as rows of CSV text, for tests that damage it: {header: [names], rows: [[cells]]}.
export function simulatedCsv(engine, condition = 'normal') {
  engine.begin();
  unwrap(engine.load_simulated(condition));
  const [header, ...rows] = engine.record_csv().trim().split('\n').map((line) => line.split(','));
  engine.begin();
  return { header, rows };
}
export const csvText = ({ header, rows }) => `${[header, ...rows].map((row) => row.join(',')).join('\n')}\n`;

const kTypes = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm',
                 '.json': 'application/json', '.wgsl': 'text/plain',
                 '.svg': 'image/svg+xml' };
const kFolders = [['engine.', 'build/wasm'], ['models/', ''], ['assets/', ''], ['shaders/', ''], ['ort/', 'node_modules/onnxruntime-web/dist'], ['', 'web']];

// Serves the app on a free port. `change(path, bytes, request)` may replace an answer, or throw for none. Returns {url, close()}.
export async function serveApp(change = (_, bytes) => bytes) {
  const server = createServer(async (request, response) => {
    const wanted = new URL(request.url, 'http://localhost').pathname.slice(1);
    const [prefix, folder] = kFolders.find(([start]) => wanted.startsWith(start));
    const file = path.join(repository, folder, prefix === 'ort/' ? wanted.slice(4) : wanted);
    try {
      const bytes = change(wanted, await readFile(file), request);
      response.writeHead(200, { ...globalThis.precordiaSecurity.headersFor(wanted), 'Content-Type': kTypes[path.extname(file)] ?? 'application/octet-stream' });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://localhost:${server.address().port}/`, close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections?.(); }) };
}

// Debian's Chromium with WebGPU on a software adapter, or null where there is no Chromium.
export async function launchChromium() {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
  if (!executablePath) return null;
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'] });
}

// An empty page of the app, under its own headers.
export async function openEmptyPage(browser, url, timeoutMs) {
  const page = await browser.newPage();
  page.setDefaultTimeout(timeoutMs);
  await page.goto(`${url}report.html`);
  return page;
}

// Starts worker.js in the page. send(message, ...types) resolves with the worker's first answer of one of these types, or with
// its error; violations collects what the content security policy refused.
export async function startWorker(page) {
  const violations = [];
  page.on('console', (message) => { if (/Content Security Policy/.test(message.text())) violations.push(message.text()); });
  await page.evaluate(() => {
    const worker = new Worker('/worker.js', { type: 'module' });
    window.post = (message) => worker.postMessage(message);
    window.send = (message, ...types) => new Promise((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message));
      worker.onmessage = ({ data }) => { if (types.includes(data.type) || data.type === 'error') resolve(data); };
      worker.postMessage(message);
    });
  });
  return { violations, send: (message, ...types) => page.evaluate(([m, t]) => window.send(m, ...t), [message, types]) };
}
