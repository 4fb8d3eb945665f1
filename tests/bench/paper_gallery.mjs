// Every picture of a folder as the digitiser sees it: the page made flat with its traces drawn over it, and what was read, as one HTML file.
//
//   node tests/bench/paper_gallery.mjs [FOLDER] [OUT]     unless told ../shared/data/paper/photos and build/paper-gallery (never committed)
//
// Build first: cmake/build_app.sh engine.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEngine } from '../../web/examination.mjs';
import { modelReader } from '../../web/node_networks.mjs';
import { greyPng } from '../../web/png.mjs';

const repository = new URL('../../', import.meta.url);
const folder = process.argv[2] ?? fileURLToPath(new URL('../shared/data/paper/photos', repository));
const out = process.argv[3] ?? fileURLToPath(new URL('build/paper-gallery', repository));
const kPxPerMm = 5;

setInterval(() => {}, 100).unref();   // see web/cli.mjs
const { default: createEngineModule } = await import(new URL('build/wasm/engine.mjs', repository));
const { engine, module } = await openEngine(createEngineModule, modelReader(new URL('models/', repository)));
mkdirSync(out, { recursive: true });

const slice = (blob, { at, n }) => blob.subarray(at, at + n);
const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

// The picture read through the mesh, in grey: {width, height, grey}.
function flattened({ mesh, image }, blob, picture) {
  const nodes = slice(blob, mesh.nodes), scale = picture.width / image.width;
  const width = Math.round((mesh.columns - 1) * mesh.step_mm * kPxPerMm), height = Math.round((mesh.rows - 1) * mesh.step_mm * kPxPerMm);
  const grey = new Uint8Array(width * height).fill(255);
  for (let y = 0; y < height; ++y) {
    const v = y / kPxPerMm / mesh.step_mm, j = Math.min(Math.floor(v), mesh.rows - 2), b = v - j;
    for (let x = 0; x < width; ++x) {
      const u = x / kPxPerMm / mesh.step_mm, i = Math.min(Math.floor(u), mesh.columns - 2), a = u - i;
      const at = (axis) => {
        const node = (row, column) => nodes[2 * (row * mesh.columns + column) + axis];
        return scale * ((1 - b) * ((1 - a) * node(j, i) + a * node(j, i + 1)) + b * ((1 - a) * node(j + 1, i) + a * node(j + 1, i + 1)));
      };
      const px = Math.round(at(0)), py = Math.round(at(1));
      if (px < 0 || py < 0 || px >= picture.width || py >= picture.height) continue;
      const p = 4 * (py * picture.width + px);
      grey[y * width + x] = 0.299 * picture.rgba[p] + 0.587 * picture.rgba[p + 1] + 0.114 * picture.rgba[p + 2];
    }
  }
  return { width, height, grey };
}

const kColours = { good: '#0a8f3c', watch: '#d07a00', bad: '#d0021b' };
function overlay(view, blob, { width, height }) {
  const lines = view.traces.map(({ lead, rhythm, state, points }) => {
    const values = slice(blob, points);
    const pieces = [[]];
    for (let k = 0; k < values.length; k += 2) {
      if (Number.isNaN(values[k])) pieces.push([]);
      else pieces.at(-1).push(`${((values[k] - view.mesh.origin_x_mm) * kPxPerMm).toFixed(1)},${((values[k + 1] - view.mesh.origin_y_mm) * kPxPerMm).toFixed(1)}`);
    }
    const colour = kColours[state] ?? '#1565c0', first = pieces.find((piece) => piece.length > 0)?.[0] ?? '0,0';
    return `${pieces.filter((piece) => piece.length > 1).map((piece) => `<polyline fill="none" stroke="${colour}" stroke-width="1.2" points="${piece.join(' ')}"/>`).join('')}
<text x="${first.split(',')[0]}" y="${Number(first.split(',')[1]) - 30}" fill="${colour}" font-size="16">${escaped(lead)}${rhythm ? ' (rhythm)' : ''}</text>`;
  });
  return `<svg viewBox="0 0 ${width} ${height}">${lines.join('')}</svg>`;
}

const rows = [], figures = [];
for (const name of readdirSync(folder).filter((file) => /\.(png|jpe?g|bmp|gif|pdf)$/i.test(file)).sort()) {
  engine.begin();
  engine.add_file(name, readFileSync(path.join(folder, name)));
  const start = performance.now();
  const outcome = JSON.parse(engine.digitise_page(''));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (outcome.error) {
    rows.push(`<tr><td>${escaped(name)}</td><td colspan="10">${escaped(outcome.error.message)}</td><td>${seconds}</td></tr>`);
    console.log(`${name}: ${outcome.error.message}`);
    continue;
  }
  const page = JSON.parse(engine.page_json(name)), { json, blob } = engine.page_view(), view = JSON.parse(json);
  const flat = flattened(view, blob, engine.page_picture());
  writeFileSync(path.join(out, `${name}.png`), greyPng(flat.width, flat.height, flat.grey));
  const q = page.quality, leads = new Set(page.leads.map(({ lead }) => lead)).size;
  const { readings } = JSON.parse(engine.page_times());
  const cells = [`<a href="#${escaped(name)}">${escaped(name)}</a>`, leads, page.layout.name, `${page.mm_per_s.value} (${page.mm_per_s.known_from})`, `${page.mm_per_mv.value} (${page.mm_per_mv.known_from})`,
    q.pulse_mm ?? '–', q.einthoven_residual ?? '–', q.goldberger_residual ?? '–', q.rhythm_residual ?? '–', q.coverage, readings, seconds];
  rows.push(`<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`);
  figures.push(`<figure id="${escaped(name)}"><figcaption>${escaped(name)} ${escaped(page.notes.join(' '))}</figcaption><div><img src="${escaped(encodeURIComponent(`${name}.png`))}" alt="">${overlay(view, blob, flat)}</div></figure>`);
  console.log([name, leads, page.layout.name, `${page.mm_per_s.value} mm/s`, `${page.mm_per_mv.value} mm/mV`, `pulse ${q.pulse_mm}`, `residuals ${q.einthoven_residual} ${q.goldberger_residual} ${q.rhythm_residual}`, `${seconds} s`].join('  '));
}
writeFileSync(path.join(out, 'index.html'), `<!doctype html><meta charset="utf-8"><title>Pages as read</title>
<style>body{font:14px sans-serif}td,th{padding:2px 8px;text-align:left}figure div{position:relative}figure img,figure svg{width:100%;display:block}figure svg{position:absolute;inset:0}</style>
<table><tr>${['picture', 'leads', 'layout', 'mm/s', 'mm/mV', 'pulse mm', 'I + III - II', 'aVR + aVL + aVF', 'rhythm', 'coverage', 'ways up', 'seconds'].map((head) => `<th>${head}</th>`).join('')}</tr>
${rows.join('\n')}</table>${figures.join('\n')}`);
console.log(`${path.join(out, 'index.html')}  (engine memory ${Math.round(module.memory_bytes() / 1048576)} MB)`);
process.exit(0);
