// Shows and prints the report that the engine wrote, and hands out files.
//
// The engine's HTML is complete in itself (its style is inline), so that a saved report opens anywhere. The app's own policy
// forbids inline style, and a blob: or srcdoc document would inherit that policy. So the report goes into report.html, an empty
// page of ours in a sandboxed frame where no script runs: its elements are adopted from a parsed copy, its style as a
// constructed stylesheet. Printing prints that frame alone.

const kStyleElement = /<style\b[^>]*>([\s\S]*?)<\/style>/gi;

/** The frame's document; loaded once, since every later navigation of a frame would be a step of the back button. */
let loaded = null;
async function loadedDocument(frame) {
  loaded ??= new Promise((resolve) => {
    frame.addEventListener('load', resolve, { once: true });
    frame.src = 'report.html';
  });
  await loaded;
  if (!frame.contentDocument?.body) throw new Error('the report frame did not load');
  return frame.contentDocument;
}

/** Puts the report into the frame, unless `isWanted` says that it was closed while the frame was loading. */
async function fill(frame, html, isWanted) {
  const styles = [...html.matchAll(kStyleElement)].map(([, css]) => css);
  const parsed = new DOMParser().parseFromString(html.replace(kStyleElement, ''), 'text/html');
  const target = await loadedDocument(frame);
  if (!isWanted()) return;
  target.title = parsed.title;
  target.documentElement.lang = parsed.documentElement.lang || 'en';
  target.body.replaceChildren(...[...parsed.body.childNodes].map((node) => target.importNode(node, true)));
  target.body.className = parsed.body.className;
  const sheet = new frame.contentWindow.CSSStyleSheet();
  sheet.replaceSync(styles.join('\n'));
  const preview = new frame.contentWindow.CSSStyleSheet();
  target.adoptedStyleSheets = [sheet, preview];
  fitToWidth(frame);
}

// A sheet of A4 on its side, as the report draws it on screen, with a little air.
const kPreviewWidth = '300mm';

/** The report is laid out in millimetres of paper; on screen it is made smaller until its width fits. Paper is not affected. */
function fitToWidth(frame) {
  const target = frame.contentDocument;
  const preview = target?.adoptedStyleSheets[1];
  if (!preview) return;
  const width = `body { min-width: ${kPreviewWidth} }`;
  preview.replaceSync(`@media screen { ${width} }`);
  const factor = Math.min(1, target.documentElement.clientWidth / target.documentElement.scrollWidth);
  preview.replaceSync(`@media screen { ${width} html { zoom: ${factor.toFixed(4)} } }`);
}

/** Saves `text` under `name` through the browser's own download. */
export function saveText(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A file name from the name of the input: its stem without anything that a file system might refuse. */
export function fileNameFor(inputName, suffix) {
  const stem = (inputName ?? '').replace(/\.[^.]*$/, '').replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '');
  return `precordia-${stem || 'ecg'}${suffix}`;
}

export function createReportView({ dialog, frame }) {
  let shown = null;  // {html, name}
  const button = (value) => dialog.querySelector(`button[value="${value}"]`);

  button('print').addEventListener('click', () => {
    frame.contentWindow.focus();
    frame.contentWindow.print();
  });
  button('save').addEventListener('click', () => saveText(shown.name, 'text/html', shown.html));
  button('close').addEventListener('click', () => dialog.close());
  window.addEventListener('resize', () => shown && fitToWidth(frame));
  const clear = () => {
    shown = null;
    frame.contentDocument?.body?.replaceChildren();  // nothing of a person stays behind
  };
  // The event comes a moment after the dialog was closed; by then it may be open again.
  dialog.addEventListener('close', () => { if (!dialog.open) clear(); });

  return {
    async open(html, name) {
      const mine = { html, name };
      shown = mine;
      if (!dialog.open) dialog.showModal();
      await fill(frame, html, () => shown === mine);
      if (shown === mine) button('print').focus();
    },
    close() {
      dialog.close();
      clear();
    },
  };
}
