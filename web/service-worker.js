// Keeps the app usable without a network, and whole.
//
// A release is what precache-manifest.json lists: {version, files: [{path, bytes, sha256, install}]}, where install is true for files
// that every device needs and 'lazy' for files that are stored when they are first used. A release is stored in a cache of its own,
// named after the SHA-256 of that list, and the list itself is written into it last: a cache with a list is complete, every
// file in it having had the right digest, and the list can be checked against the cache's name. One more entry says which
// release is in use. So:
//
//   first visit     the release is fetched, checked, committed, and in use from then on
//   a new release   is fetched and checked beside the old one; it is used only after the user agreed (message 'update'), by changing
//                   that one entry, and only while no other window of the app is open; then the page reloads
//   a stored file   is checked again the first time it is served after this worker starts; one that was altered is fetched anew, and
//                   without a network the page is told, or a page in its place says so
//
// Nothing but the app's own files is ever stored, and requests to other origins are refused.
'use strict';

importScripts('security_headers.js');
const { headersFor } = self.precordiaSecurity;

const kReleasePrefix = 'precordia-release-';
const kStateCache = 'precordia-state';
const kListPath = 'precache-manifest.json';
// Files that a page needs before it can tell the user anything: checked, all of them, before a page is served.
const kShellPattern = /\.(?:html|css|m?js)$/;
const kLargestShellFileBytes = 200_000;

const addressOf = (path) => new URL(path, self.registration.scope).href;

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// ---- Releases ----------------------------------------------------------------------------------------------------------------

/**
 * A complete stored release by the name of its cache, or null: {name, cache, files: Map path -> {sha256, bytes, install}, intact}.
 * `intact` is the set of its paths that were found unaltered since it was opened; every release object has its own, so that what is
 * still being served from an older release says nothing of a newer one.
 */
async function openRelease(name) {
  if (!name || !await caches.has(name)) return null;
  const cache = await caches.open(name);
  const text = await (await cache.match(addressOf(kListPath)))?.text();
  if (text === undefined || kReleasePrefix + await sha256(new TextEncoder().encode(text)) !== name) return null;
  return { name, cache, files: new Map(JSON.parse(text).files.map((file) => [file.path, file])), intact: new Set() };
}

/** A file from the server with the digest that the list gives, as a response ready to store. Throws otherwise. */
async function fetchFile(file) {
  const response = await fetch(addressOf(file.path), { cache: 'no-cache', credentials: 'omit', redirect: 'error' });
  if (!response.ok) throw new Error(`${file.path}: ${response.status}`);
  const bytes = await response.arrayBuffer();
  if (await sha256(bytes) !== file.sha256) throw new Error(`${file.path}: wrong digest`);
  return responseFor(file.path, bytes, response.headers.get('Content-Type'));
}

function responseFor(path, bytes, contentType) {
  return new Response(bytes, {
    headers: { ...headersFor(path), 'Content-Type': contentType ?? 'application/octet-stream', 'Content-Length': String(bytes.byteLength) },
  });
}

/** The stored response of `file`, or null when it is absent or was altered. */
async function storedFile(cache, file) {
  const response = await cache.match(addressOf(file.path));
  if (!response) return null;
  const intact = await sha256(await response.clone().arrayBuffer()).catch(() => '') === file.sha256;
  return intact ? response : null;
}

/**
 * Fetches the server's present release beside what is stored, checks it and commits it. Files that an older release holds with the
 * same digest are copied, and what that release had stored on first use is renewed. Throws when anything is missing or wrong;
 * then nothing is committed.
 */
async function stageRelease(older) {
  const listResponse = await fetch(addressOf(kListPath), { cache: 'no-store', credentials: 'omit', redirect: 'error' });
  if (!listResponse.ok) throw new Error(`${kListPath}: ${listResponse.status}`);
  const text = await listResponse.text();
  const name = kReleasePrefix + await sha256(new TextEncoder().encode(text));
  const already = await openRelease(name);
  if (already) return already;

  await caches.delete(name);  // left over from an interrupted attempt
  const cache = await caches.open(name);
  for (const file of JSON.parse(text).files) {
    const before = older?.files.get(file.path);
    const wasUsed = before && await older.cache.match(addressOf(file.path));
    if (file.install !== true && !wasUsed) continue;
    const copy = before?.sha256 === file.sha256 ? await storedFile(older.cache, file) : null;
    await cache.put(addressOf(file.path), copy ?? await fetchFile(file));
  }
  await cache.put(addressOf(kListPath), responseFor(kListPath, new TextEncoder().encode(text), 'application/json'));
  return openRelease(name);
}

async function nameInUse() {
  const response = await (await caches.open(kStateCache)).match(addressOf('release-in-use'));
  return response ? response.text() : null;
}

let inUse = null;  // promise of the release in use, or of null

function releaseInUse() {
  inUse ??= nameInUse().then(openRelease).catch(() => null);
  return inUse;
}

async function use(release) {
  await (await caches.open(kStateCache)).put(addressOf('release-in-use'), new Response(release.name));
  inUse = Promise.resolve(release);
}

/** How many windows or tabs of the app there are; a frame inside one does not count. */
async function windowsOpen() {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  return windows.filter((window) => window.frameType !== 'nested').length;
}

/** The server's release when it is complete here and is not the one in use. One attempt at a time. */
let staging = null;
function stageLatest() {
  staging ??= releaseInUse().then(stageRelease).finally(() => { staging = null; });
  return staging;
}

async function deleteAllBut(names) {
  for (const name of await caches.keys()) {
    if (name.startsWith(kReleasePrefix) && !names.includes(name)) await caches.delete(name);
  }
}

// ---- Serving -----------------------------------------------------------------------------------------------------------------

/** `file` from the release, checked once since the release was opened, fetched anew when altered or absent. Throws when neither works. */
async function serve(release, file) {
  if (release.intact.has(file.path)) {
    const known = await release.cache.match(addressOf(file.path));
    if (known) return known;
  }
  const response = await storedFile(release.cache, file) ?? await fetchFile(file).then(async (fetched) => {
    await release.cache.put(addressOf(file.path), fetched.clone());
    return fetched;
  });
  release.intact.add(file.path);
  return response;
}

async function checkShell(release) {
  const shell = [...release.files.values()]
    .filter((file) => file.install === true && file.bytes <= kLargestShellFileBytes && kShellPattern.test(file.path));
  await Promise.all(shell.filter((file) => !release.intact.has(file.path)).map((file) => serve(release, file)));
}

function errorPage(title, sentence) {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Precordia: ${title}</title><h1>${title}</h1><p>${sentence}</p>`;
  return new Response(html, { status: 503, headers: { ...headersFor(''), 'Content-Type': 'text/html; charset=utf-8' } });
}

/**
 * A page of the app. The release in use is repaired where it can be; failing that, the server's release takes its place, but never
 * under another window, which would then run on parts of both.
 */
async function servePage(path, request) {
  const release = await releaseInUse();
  try {
    await checkShell(release);
    return await serve(release, release.files.get(path));
  } catch {
    // Below.
  }
  try {
    const latest = await stageLatest();
    // A window that is being reloaded is still counted. Browsers that do not tell a reload count it as another window.
    const itself = request.destination === 'document' && request.isReloadNavigation === true ? 1 : 0;
    if (latest.name !== release.name && await windowsOpen() > itself) {
      return errorPage('Stored files are damaged',
        'Some files of this app were altered on this device. Only a newer version can replace them, and it is not put in use while '
        + 'Precordia is open in another window. Close every window of Precordia, then open it again.');
    }
    await use(latest);
    return await serve(latest, latest.files.get(path));
  } catch {
    return errorPage('Stored files are damaged',
      'Some files of this app were altered on this device, so it was not started. Connect to the network and reload: they are fetched again.');
  }
}

async function tell(clientId, message) {
  const client = clientId && await self.clients.get(clientId);
  const targets = client ? [client] : await self.clients.matchAll({ type: 'window' });
  for (const target of targets) target.postMessage(message);
}

async function answer(event, path) {
  const release = await releaseInUse();
  const file = release?.files.get(path);
  if (!file) {
    // Not part of the app, or nothing is stored yet.
    return fetch(event.request).catch(() => (event.request.mode === 'navigate'
      ? errorPage('No network', 'This page is not stored on this device, and there is no network.') : Response.error()));
  }
  if (event.request.mode === 'navigate') return servePage(path, event.request);
  try {
    return await serve(release, file);
  } catch {
    // A lazy file that was never stored is only absent; anything else was stored once and is damaged now.
    const wasStored = file.install === true || await release.cache.match(addressOf(path));
    if (wasStored) await tell(null, { type: 'damaged', path });
    return Response.error();
  }
}

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== self.location.origin) {
    event.respondWith(Response.error());
    return;
  }
  if (event.request.method === 'POST' && url.href === addressOf(kSharePath)) {
    event.respondWith(takeShared(event.request));
    return;
  }
  if (event.request.method !== 'GET' || !url.href.startsWith(self.registration.scope)) return;
  const path = decodeURIComponent(url.pathname.slice(new URL(self.registration.scope).pathname.length));
  event.respondWith(answer(event, path === '' || path.endsWith('/') ? `${path}index.html` : path));
});

// ---- Files shared with the installed app -------------------------------------------------------------------------------------

// The share sheet posts files to a page that does not exist (manifest.webmanifest: share_target). They stay in this worker's memory
// until the page that is opened for them asks, or a minute has passed; they are never stored.
const kSharePath = 'share';
const kShareKeptMs = 60_000;
let shared = null;

async function takeShared(request) {
  const form = await request.formData().catch(() => null);
  const files = form ? form.getAll('ecg').filter((entry) => entry instanceof File) : [];
  shared = files;
  setTimeout(() => { if (shared === files) shared = null; }, kShareKeptMs);
  return Response.redirect(addressOf('./?shared=1'), 303);
}

// ---- Life of this worker -----------------------------------------------------------------------------------------------------

// A new worker script takes over at once, but it goes on serving the release that the user agreed to.
self.addEventListener('install', (event) => {
  event.waitUntil((async () => {
    if (!await releaseInUse()) await use(await stageLatest());
    await self.skipWaiting();
  })());
});

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

/** Looks for a new release and tells the page where things stand. The page calls this once it runs, so the release in use works:
    releases other than it and the newest one are let go. */
async function check(client) {
  let latest = null;
  try {
    latest = await stageLatest();
  } catch {
    // No network, or a release that is being uploaded right now: the stored one stays.
  }
  let release = await releaseInUse();
  if (!release && latest) {
    await use(latest);
    release = latest;
  }
  if (release && latest) await deleteAllBut([release.name, latest.name]);
  client.postMessage({
    type: 'state',
    offline_ready: release !== null,
    update_available: release !== null && latest !== null && latest.name !== release.name,
  });
}

async function update(client) {
  const refuse = (message) => client.postMessage({ type: 'update_refused', message });
  try {
    const latest = await stageLatest();
    // Counted only now: fetching may have taken long, and a window may have been opened meanwhile.
    if (await windowsOpen() > 1) {
      refuse('Precordia is open in another window; close it first, then update.');
      return;
    }
    await use(latest);
    client.postMessage({ type: 'updated' });
  } catch {
    refuse('The new version could not be fetched in full; the present one stays in use.');
  }
}

self.addEventListener('message', (event) => {
  if (event.data?.type === 'check') event.waitUntil(check(event.source));
  if (event.data?.type === 'shared') {
    event.source.postMessage({ type: 'shared', files: shared ?? [] });
    shared = null;
  }
  if (event.data?.type === 'update') event.waitUntil(update(event.source));
});
