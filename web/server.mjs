// A small static server for the built app: Node only, no dependencies.
//
//   node web/server.mjs [--root build/site] [--port 8080] [--host 127.0.0.1]
//
// It exists because the app needs things that a plain file server does not give: the right MIME type for WebAssembly, the
// isolation and policy headers of security_headers.js, and the compressed twins (FILE.br, FILE.gz) that the build makes.
// It answers GET and HEAD for files below its root and nothing else, and listens on this machine only unless told otherwise.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import './security_headers.js';

const { headersFor } = globalThis.precordiaSecurity;

const MIME_TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.md': 'text/plain; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.wgsl': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};

// Best first. A twin is used only when it is not older than the file it was made from.
const ENCODINGS = [{ name: 'br', suffix: '.br' }, { name: 'gzip', suffix: '.gz' }];

/** Path below `root` for a request target, or null when it names nothing that may be served. */
function resolveTarget(root, target) {
  if (!target.startsWith('/')) return null;
  let pathname;
  try {
    pathname = decodeURIComponent(new URL(`http://localhost${target}`).pathname);
  } catch {
    return null;
  }
  if (pathname.includes('\0') || pathname.includes('\\')) return null;
  const segments = pathname.split('/').slice(1);
  if (segments.at(-1) === '') segments[segments.length - 1] = 'index.html';
  if (segments.some((segment) => segment === '' || segment.startsWith('.'))) return null;
  return { file: path.join(root, ...segments), path: segments.join('/') };
}

async function statFile(file) {
  const info = await stat(file).catch(() => null);
  return info?.isFile() ? info : null;
}

/** Codings that the request accepts; `;q=0` refuses one. */
function acceptedEncodings(header = '') {
  return new Set(header.split(',').map((part) => part.trim().toLowerCase().split(';'))
    .filter(([, quality]) => !/^\s*q=0(\.0*)?$/.test(quality ?? ''))
    .map(([name]) => name));
}

/** Content hash of a file, remembered for as long as its size and time do not change. */
function createEntityTags() {
  const known = new Map();
  return async (file, info) => {
    const key = `${info.size}-${info.mtimeMs}`;
    const before = known.get(file);
    if (before?.key === key) return before.tag;
    const tag = createHash('sha256').update(await readFile(file)).digest('base64url').slice(0, 22);
    known.set(file, { key, tag });
    return tag;
  };
}

function createHandler(root) {
  const entityTag = createEntityTags();

  return async (request, response) => {
    const refuse = (status, sentence, extra = {}) => {
      response.writeHead(status, { ...headersFor(''), 'Content-Type': 'text/plain; charset=utf-8', ...extra });
      response.end(request.method === 'HEAD' ? undefined : `${sentence}\n`);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return refuse(405, 'This server only hands out files.', { Allow: 'GET, HEAD' });
    }
    const target = resolveTarget(root, request.url);
    const original = target && await statFile(target.file);
    if (!original) return refuse(404, 'There is no such file.');

    let file = target.file;
    let info = original;
    let encoding = null;
    const accepted = acceptedEncodings(request.headers['accept-encoding']);
    for (const { name, suffix } of ENCODINGS) {
      const twin = accepted.has(name) ? await statFile(target.file + suffix) : null;
      if (!twin || twin.mtimeMs < original.mtimeMs) continue;
      [file, info, encoding] = [target.file + suffix, twin, name];
      break;
    }

    const etag = `"${await entityTag(file, info)}"`;
    const headers = {
      ...headersFor(target.path),
      'Cache-Control': 'no-cache',  // keep, but ask each time: the service worker is what makes the app work offline
      'Content-Type': MIME_TYPES[path.extname(target.file)] ?? 'application/octet-stream',
      ETag: etag,
      Vary: 'Accept-Encoding',
    };
    if (encoding) headers['Content-Encoding'] = encoding;
    const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    if (known.includes(etag)) {
      response.writeHead(304, headers);
      return response.end();
    }
    response.writeHead(200, { ...headers, 'Content-Length': info.size });
    if (request.method === 'HEAD') return response.end();
    await pipeline(createReadStream(file), response);
  };
}

/**
 * Starts serving `root`. Port 0 takes any free port. Resolves to {url, port, close()}; rejects with an Error whose message is one
 * sentence (also when the port is taken).
 */
export async function startServer({ root, port = 0, host = '127.0.0.1' }) {
  const absoluteRoot = path.resolve(root);
  if (!await statFile(path.join(absoluteRoot, 'index.html'))) {
    throw new Error(`There is no built app in ${root}; run ./serve.sh, which builds it first.`);
  }
  const handle = createHandler(absoluteRoot);
  const server = createServer((request, response) => {
    handle(request, response).catch(() => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500, headersFor('')).end();
    });
  });
  await new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new Error(
      error.code === 'EADDRINUSE' ? `Port ${port} is already in use; stop the other program or choose another with --port.`
        : error.code === 'EACCES' ? `Port ${port} may not be used by this account; choose one above 1023 with --port.`
          : `The server could not start on ${host}:${port} (${error.code}).`)));
    server.listen(port, host, resolve);
  });
  const bound = server.address().port;
  return {
    port: bound,
    url: `http://${host === '127.0.0.1' ? 'localhost' : host}:${bound}/`,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}

function parseArguments(list) {
  const options = { root: 'build/site', port: 8080, host: '127.0.0.1' };
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i].replace(/^--/, '');
    if (!(name in options) || list[i + 1] === undefined) return null;
    options[name] = list[i + 1];
  }
  options.port = Number(options.port);
  return Number.isInteger(options.port) && options.port >= 0 && options.port <= 65535 ? options : null;
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const options = parseArguments(process.argv.slice(2));
  if (!options) {
    console.error('usage: node web/server.mjs [--root FOLDER] [--port NUMBER] [--host ADDRESS]');
    process.exit(2);
  }
  try {
    const { url } = await startServer(options);
    console.log(`Precordia is at ${url} (Ctrl+C stops it).`);
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
