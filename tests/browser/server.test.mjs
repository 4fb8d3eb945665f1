// The development server: what it sends with every file, and what it refuses. No browser.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { brotliCompressSync } from 'node:zlib';
import { startServer } from '../../web/server.mjs';
import { repository } from './support.mjs';

let root;
let server;

before(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'precordia-server-'));
  mkdirSync(path.join(root, 'site/models'), { recursive: true });
  const put = (name, content) => writeFileSync(path.join(root, 'site', name), content);
  put('index.html', '<!doctype html>');
  put('report.html', '<!doctype html>');
  put('engine.wasm', Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  put('app.js', 'export {};\n'.repeat(100));
  put('app.js.br', brotliCompressSync('export {};\n'.repeat(100)));
  put('.hidden', 'no');
  writeFileSync(path.join(root, 'secret.txt'), 'no');
  server = await startServer({ root: path.join(root, 'site') });
});

after(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});

/** The raw answer to a request whose path is sent exactly as given. */
function ask(target, { method = 'GET', headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: server.port, path: target, method, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }));
    }).on('error', reject).end();
  });
}

test('every answer carries the isolation and policy headers', async () => {
  for (const target of ['/', '/engine.wasm', '/nothing-here']) {
    const { headers } = await ask(target);
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
    assert.equal(headers['cross-origin-embedder-policy'], 'require-corp');
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.match(headers['permissions-policy'], /geolocation=\(\)/);
    assert.match(headers['content-security-policy'], /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
    assert.doesNotMatch(headers['content-security-policy'], /unsafe-inline|'unsafe-eval'|https?:|\*/);
  }
});

test('only the report page may be framed, and only by the app', async () => {
  assert.match((await ask('/')).headers['content-security-policy'], /frame-ancestors 'none'$/);
  assert.match((await ask('/report.html')).headers['content-security-policy'], /frame-ancestors 'self'$/);
});

test('WebAssembly and modules have the types that browsers insist on', async () => {
  assert.equal((await ask('/engine.wasm')).headers['content-type'], 'application/wasm');
  assert.match((await ask('/app.js')).headers['content-type'], /^text\/javascript/);
});

test('a compressed twin is sent to those who accept it, and only while it is current', async () => {
  const plain = await ask('/app.js');
  assert.equal(plain.headers['content-encoding'], undefined);
  const packed = await ask('/app.js', { headers: { 'accept-encoding': 'gzip, br' } });
  assert.equal(packed.headers['content-encoding'], 'br');
  assert.equal(packed.headers.vary, 'Accept-Encoding');
  assert.ok(packed.body.length < plain.body.length);
  assert.notEqual(packed.headers.etag, plain.headers.etag);
  assert.equal((await ask('/app.js', { headers: { 'accept-encoding': 'br;q=0' } })).headers['content-encoding'], undefined);

  utimesSync(path.join(root, 'site/app.js.br'), new Date(0), new Date(0));
  assert.equal((await ask('/app.js', { headers: { 'accept-encoding': 'br' } })).headers['content-encoding'], undefined);
});

test('an unchanged file is not sent again', async () => {
  const { headers } = await ask('/engine.wasm');
  const again = await ask('/engine.wasm', { headers: { 'if-none-match': headers.etag } });
  assert.equal(again.status, 304);
  assert.equal(again.body.length, 0);
  const head = await ask('/engine.wasm', { method: 'HEAD' });
  assert.equal(head.headers['content-length'], '8');
  assert.equal(head.body.length, 0);
});

test('nothing outside the root, nothing hidden, and nothing but reading', async () => {
  for (const target of ['/../secret.txt', '/%2e%2e/secret.txt', '/models/..%2f..%2fsecret.txt', '/..%5csecret.txt', '/.hidden', '/models',
    '/index.html%00', '/%ff', '//secret.txt']) {
    assert.equal((await ask(target)).status, 404, target);
  }
  assert.equal((await ask('/', { method: 'POST' })).status, 405);
});

test('a taken port and a missing build are each one clear sentence', async () => {
  await assert.rejects(startServer({ root: path.join(root, 'site'), port: server.port }), /^Error: Port \d+ is already in use; .*\.$/);
  await assert.rejects(startServer({ root }), /^Error: There is no built app in .*\.$/);
  const program = path.join(repository, 'web/server.mjs');
  await assert.rejects(promisify(execFile)(process.execPath, [program, '--root', path.join(root, 'site'), '--port', String(server.port)]),
    ({ code, stderr }) => code === 1 && /^Port \d+ is already in use; [^\n]*\.\n$/.test(stderr));
  await assert.rejects(promisify(execFile)(process.execPath, [program, '--nonsense']), ({ code, stderr }) => code === 2 && /^usage:/.test(stderr));
});
