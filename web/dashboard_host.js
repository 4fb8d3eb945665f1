// The browser's half of the dashboard: owns the canvas, forwards what the user does into dashboard.wasm, draws only when
// something asks for it, and hands the dashboard's commands to the page. It knows nothing about ECGs.
//
//   const dashboard = await createDashboard(canvas, { onCommand(command) {...}, fontBase: 'assets/fonts/' });
//   dashboard.setView(jsonText, float32Array)   setView(null, null) goes back to the start
//   dashboard.setPage({json, blob, picture} | null, {corrected})  a page of paper to review; `picture` only with a new one
//   dashboard.setEcho({json, blob, pixels} | null, {corrected})  clips of an echocardiogram; no `pixels` when corrected
//   dashboard.setStatus(object)  setProgress(object | null)  setError(sentence | null)
//   dashboard.framesDrawn        how many frames so far: still while nothing happens
import createModule from './dashboard.mjs';

const POINTER_KINDS = { mouse: 0, touch: 1, pen: 2 };
const DOWN = 0, MOVE = 1, UP = 2, CANCEL = 3, LEAVE = 4;
const LINE_PX = 40;   // one line of a wheel that counts in lines

async function fetchBytes(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

export async function createDashboard(canvas, { onCommand, fontBase = 'assets/fonts/' }) {
  canvas.id ||= 'dashboard';
  if (!canvas.hasAttribute('tabindex')) canvas.tabIndex = 0;
  canvas.style.touchAction = 'none';
  canvas.style.outline = 'none';

  const [module, regular, semibold] = await Promise.all([
    createModule({ locateFile: (file) => new URL(file, import.meta.url).href }),
    fetchBytes(fontBase + 'IBMPlexSans-Regular.ttf'),
    fetchBytes(fontBase + 'IBMPlexSans-SemiBold.ttf'),
  ]);
  const inner = new module.Dashboard('#' + CSS.escape(canvas.id));
  if (!inner.ready()) {
    inner.delete();
    throw new Error('This browser offers no WebGL2, which the dashboard is drawn with.');
  }
  inner.set_fonts(regular, semibold);

  const dashboard = {
    framesDrawn: 0,
    pump() { requestFrame(); },
    setView(json, blob) {
      if (json) inner.set_view(json, blob ?? new Float32Array(0));
      else inner.clear_view();
      requestFrame();
    },
    setPage(page, { corrected = false } = {}) {
      if (page?.picture) inner.set_page_picture(page.picture.width, page.picture.height, page.picture.rgba);
      inner.set_page(page?.json ?? '', page?.blob ?? new Float32Array(0), corrected);
      if (!page) inner.set_page_picture(0, 0, null);
      requestFrame();
    },
    setEcho(echo, { corrected = false } = {}) {
      inner.set_echo(echo?.json ?? '', echo?.blob ?? new Float32Array(0), echo?.pixels ?? new Uint8Array(0), corrected);
      requestFrame();
    },
    setProgress(progress) { inner.set_progress(JSON.stringify(progress ?? null)); requestFrame(); },
    setStatus(status) { inner.set_status(JSON.stringify(status ?? null)); requestFrame(); },
    setLanguage(table, language) { inner.set_language(table, language); requestFrame(); },
    setError(sentence) { inner.set_error(sentence ?? ''); requestFrame(); },
  };

  // ---- frames: one at a time, and none while nothing changes ----

  let frameRequested = false;
  let lost = false;
  let cursor = '';

  function requestFrame() {
    if (frameRequested || lost || document.visibilityState === 'hidden') return;
    frameRequested = true;
    requestAnimationFrame(drawFrame);
  }

  function drawFrame(now) {
    frameRequested = false;
    if (lost) return;
    const ratio = window.devicePixelRatio || 1;
    const width = window.innerWidth, height = window.innerHeight;
    const pixelsWide = Math.max(1, Math.round(width * ratio)), pixelsHigh = Math.max(1, Math.round(height * ratio));
    if (canvas.width !== pixelsWide || canvas.height !== pixelsHigh) {
      canvas.width = pixelsWide;
      canvas.height = pixelsHigh;
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const more = inner.frame(width, height, ratio, now);
    dashboard.framesDrawn += 1;
    const wanted = inner.cursor();
    if (wanted !== cursor) canvas.style.cursor = cursor = wanted;
    if (more) requestFrame();
    for (const command of JSON.parse(inner.take_commands())) onCommand(command);
  }

  // ---- window ----

  addEventListener('resize', requestFrame);
  document.addEventListener('visibilitychange', requestFrame);
  // A change of pixel density alone (another screen, browser zoom) need not resize the window.
  (function watchDensity() {
    matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`).addEventListener('change', () => {
      requestFrame();
      watchDensity();
    }, { once: true });
  })();
  const calm = matchMedia('(prefers-reduced-motion: reduce)');
  const followMotion = () => inner.set_reduced_motion(calm.matches);
  calm.addEventListener('change', followMotion);
  followMotion();

  canvas.addEventListener('webglcontextlost', (event) => {
    event.preventDefault();   // or it would never come back
    lost = true;
    inner.context_lost();
  });
  canvas.addEventListener('webglcontextrestored', () => {
    lost = false;
    inner.context_restored();
    requestFrame();
  });

  // ---- pointers ----

  function forward(event, phase) {
    const box = canvas.getBoundingClientRect();
    inner.pointer(POINTER_KINDS[event.pointerType] ?? 0, phase, event.pointerId, event.clientX - box.left, event.clientY - box.top,
      event.timeStamp);
    requestFrame();
  }
  canvas.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'mouse' && event.button !== 0) return;
    canvas.focus({ preventScroll: true });
    try { canvas.setPointerCapture(event.pointerId); } catch { /* a pointer that is already gone */ }
    forward(event, DOWN);
    event.preventDefault();
  });
  canvas.addEventListener('pointermove', (event) => {
    const steps = event.pointerType === 'mouse' ? [] : event.getCoalescedEvents?.() ?? [];
    if (steps.length > 1) for (const step of steps) forward(step, MOVE);
    else forward(event, MOVE);
  });
  canvas.addEventListener('pointerup', (event) => {
    if (event.pointerType === 'mouse' && event.button !== 0) return;
    forward(event, UP);
  });
  canvas.addEventListener('pointercancel', (event) => forward(event, CANCEL));
  canvas.addEventListener('pointerleave', (event) => { if (event.pointerType !== 'touch') forward(event, LEAVE); });
  canvas.addEventListener('contextmenu', (event) => event.preventDefault());

  canvas.addEventListener('wheel', (event) => {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX
      : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? window.innerHeight : 1;
    let dx = event.deltaX * unit, dy = event.deltaY * unit;
    if (event.shiftKey && dx === 0) [dx, dy] = [dy, 0];
    const box = canvas.getBoundingClientRect();
    inner.wheel(event.clientX - box.left, event.clientY - box.top, dx, dy, event.ctrlKey);
    requestFrame();
  }, { passive: false });

  // ---- keyboard: on the document, so that shortcuts work before the first click; not while a DOM dialog has the focus ----

  function onKey(event, down) {
    if (document.querySelector('dialog[open]')) return;
    const target = event.target;
    if (target instanceof HTMLElement && target !== canvas && target.closest('input, select, textarea, button, a[href], summary, [contenteditable]')) return;
    const used = inner.key(event.key, down, event.shiftKey, event.ctrlKey || event.metaKey, event.altKey);
    if (used && down) event.preventDefault();
    requestFrame();
  }
  document.addEventListener('keydown', (event) => onKey(event, true));
  document.addEventListener('keyup', (event) => onKey(event, false));

  requestFrame();
  return dashboard;
}
