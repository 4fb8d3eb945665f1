// Runs shaders/page_*.wgsl: the heavy steps over a whole picture of a page on the graphics processor, between the steps that only the engine
// knows (src/paper/prepared_page.h). The trace's ink stays there from the picture to the flat page.

import { callEngine } from './examination.mjs';

const kSquare = 8;           // workgroups, as in the shaders
const kSide = 256;           // of a tile
const kBins = kSide / 2 + 1;
const kBlocks = 80;          // of paper colour across the picture, as in src/paper/ink.cc
export const kPageShaders = ['page_average', 'page_white', 'page_ink', 'page_spectrum', 'page_rectify'];

// Hann window, then cosine and sine of the transform's turns.
function spectrumTables() {
  const turn = (k) => (2 * Math.PI * k) / kSide;
  return Float32Array.from({ length: 2 * kSide }, (_, i) => {
    if (i < kSide) return 0.5 - 0.5 * Math.cos(turn(i + 0.5));
    return i < 1.5 * kSide ? Math.cos(turn(i - kSide)) : Math.sin(turn(i - 1.5 * kSide));
  });
}

// Smoothed over each block's neighbours, nearer ones for more.
function smoothed(white, columns, rows) {
  const out = new Float32Array(white.length);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      let weights = 0;
      const sum = [0, 0, 0];
      for (let r = Math.max(0, row - 1); r <= Math.min(rows - 1, row + 1); r += 1) {
        for (let c = Math.max(0, column - 1); c <= Math.min(columns - 1, column + 1); c += 1) {
          const weight = (2 - Math.abs(r - row)) * (2 - Math.abs(c - column));
          weights += weight;
          for (let k = 0; k < 3; k += 1) sum[k] += weight * white[4 * (r * columns + c) + k];
        }
      }
      sum.forEach((value, k) => { out[4 * (row * columns + column) + k] = value / weights; });
    }
  }
  return out;
}

// The kernels compiled for `device`. sources: {page_average: text, ...} of kPageShaders. Throws when one does not compile there.
export async function createGpuPage(device, sources) {
  const pipelines = {};
  async function compile(name, entryPoint = 'main') {
    const shaderModule = device.createShaderModule({ code: sources[name] });
    const { messages } = await shaderModule.getCompilationInfo();
    const failure = messages.find((message) => message.type === 'error');
    if (failure) throw new Error(`${name}.wgsl:${failure.lineNum}: ${failure.message}`);
    pipelines[entryPoint === 'main' ? name : `${name}.${entryPoint}`] = await device.createComputePipelineAsync({ layout: 'auto', compute: { module: shaderModule, entryPoint } });
  }
  await Promise.all([compile('page_average'), compile('page_white'), compile('page_ink'), compile('page_spectrum', 'columns'),
    compile('page_spectrum', 'lines'), compile('page_rectify')]);

  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const held = new Set();   // every buffer of the page at hand
  function buffer(size, usage, values = null) {
    const made = device.createBuffer({ size: Math.max(16, 4 * Math.ceil(size / 4)), usage, mappedAtCreation: values !== null });
    if (values) {
      new Uint8Array(made.getMappedRange()).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      made.unmap();
    }
    held.add(made);
    return made;
  }
  const upload = (values) => buffer(values.byteLength, STORAGE, values);
  function free(...buffers) {
    for (const each of buffers) {
      held.delete(each);
      each.destroy();   // what is queued keeps what it needs
    }
  }
  // words: 32-bit numbers in the struct's order; [value, 'float'] for a float.
  function uniform(words) {
    const view = new DataView(new ArrayBuffer(16 * Math.ceil(words.length / 4)));
    words.forEach((word, i) => (Array.isArray(word) ? view.setFloat32(4 * i, word[0], true) : view.setUint32(4 * i, word, true)));
    return buffer(view.byteLength, UNIFORM, new Uint8Array(view.buffer));
  }
  // bindings: {binding: buffer}
  function run(name, bindings, groups) {
    const pipeline = pipelines[name];
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: Object.entries(bindings).map(([binding, each]) => ({ binding: Number(binding), resource: { buffer: each } })),
    }));
    pass.dispatchWorkgroups(...groups);
    pass.end();
    device.queue.submit([encoder.finish()]);
  }
  async function read(source, bytes) {
    const copy = buffer(bytes, MAP_READ | COPY_DST);
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, copy, 0, bytes);
    device.queue.submit([encoder.finish()]);
    await copy.mapAsync(GPUMapMode.READ);
    const values = new Float32Array(copy.getMappedRange(0, bytes)).slice();
    free(copy);
    return values;
  }
  const squares = (width, height) => [Math.ceil(width / kSquare), Math.ceil(height / kSquare)];

  let plane = null;   // {trace, grid, width, height} of the picture at hand

  // picture: Engine.prepare_page(). Returns {grid, green}, what Engine.page_take_ink takes, or null where the picture is too large for this device.
  async function separate({ rgb, width, height, working_width: toWidth, working_height: toHeight }) {
    drop();
    const bytes = 4 * Math.ceil(rgb.byteLength / 4);
    if (Math.max(bytes, 4 * toWidth * toHeight) > Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize)) return null;
    const source = buffer(bytes, STORAGE | COPY_DST);
    const whole = rgb.byteLength - (rgb.byteLength % 4);
    device.queue.writeBuffer(source, 0, rgb, 0, whole);
    if (whole < rgb.byteLength) {
      const rest = new Uint8Array(4);
      rest.set(rgb.subarray(whole));
      device.queue.writeBuffer(source, whole, rest);
    }
    const picture = buffer(4 * toWidth * toHeight, STORAGE);
    const size = uniform([width, height, toWidth, toHeight]);
    run('page_average', { 0: size, 1: source, 2: picture }, squares(toWidth, toHeight));
    free(source, size);

    const block = Math.max(16, Math.floor(Math.max(toWidth, toHeight) / kBlocks));
    const [columns, rows] = [Math.ceil(toWidth / block), Math.ceil(toHeight / block)];
    const white = buffer(16 * columns * rows, STORAGE | COPY_SRC);
    const blocks = uniform([toWidth, toHeight, block, columns, rows, 0, 0, 0]);
    run('page_white', { 0: blocks, 1: picture, 2: white }, [columns, rows]);
    const paper = smoothed(await read(white, 16 * columns * rows), columns, rows);

    const colours = upload(paper);
    plane = { trace: buffer(4 * toWidth * toHeight, STORAGE | COPY_SRC), grid: buffer(4 * toWidth * toHeight, STORAGE | COPY_SRC), width: toWidth, height: toHeight };
    run('page_ink', { 0: blocks, 1: picture, 2: colours, 3: plane.trace, 4: plane.grid }, squares(toWidth, toHeight));
    free(picture, white, blocks, colours);
    const grid = await read(plane.grid, 4 * toWidth * toHeight);
    return { grid, green: Float32Array.from({ length: columns * rows }, (_, i) => paper[4 * i + 1]) };
  }

  // tiles: Engine.page_take_ink's. Returns what Engine.page_take_spectra takes, or null for tiles of another size (small pictures).
  async function spectra({ side, most, mean, corners }) {
    if (side !== kSide) return null;
    const count = corners.length / 2;   // x, y of one after the other
    const [tables, places] = [upload(spectrumTables()), upload(Uint32Array.from(corners))];
    const along = buffer(8 * count * kBins * kSide, STORAGE);
    const power = buffer(4 * count * kSide * kBins, STORAGE | COPY_SRC);
    const parameters = uniform([plane.width, [most, 'float'], [mean, 'float'], 0]);
    run('page_spectrum.columns', { 0: parameters, 1: tables, 2: places, 3: plane.grid, 4: along }, [kSide, count]);
    run('page_spectrum.lines', { 1: tables, 4: along, 5: power }, [kBins, count]);
    const values = await read(power, 4 * count * kSide * kBins);
    free(tables, places, along, power, parameters, plane.grid);
    return values;
  }

  // frame: Engine.page_take_spectra's. Returns what Engine.page_take_flat takes.
  async function rectify({ nodes, columns, rows, cell_px: cell, width, height, spans }) {
    const [lattice, lines] = [upload(nodes), upload(spans)];
    const flat = buffer(4 * width * height, STORAGE | COPY_SRC);
    const parameters = uniform([width, height, plane.width, plane.height, columns, rows, [cell, 'float'], 0]);
    run('page_rectify', { 0: parameters, 1: lattice, 2: lines, 3: plane.trace, 4: flat }, squares(width, height));
    const values = await read(flat, 4 * width * height);
    drop();
    return values;
  }

  function drop() {
    free(...held);
    plane = null;
  }

  return { separate, spectra, rectify, drop };
}

// The steps in turn. Returns whether the engine has taken them all; where it has not, it reads the page by itself.
export async function preparePage(engine, gpuPage) {
  try {
    const picture = callEngine(() => engine.prepare_page());
    const ink = picture && await gpuPage.separate(picture);
    const tiles = ink && callEngine(() => engine.page_take_ink(ink.grid, ink.green));
    const spectra = tiles && await gpuPage.spectra(tiles);
    const frame = spectra && callEngine(() => engine.page_take_spectra(spectra));
    if (!frame) return false;
    const flat = await gpuPage.rectify(frame);
    return callEngine(() => engine.page_take_flat(flat));
  } finally {
    gpuPage.drop();
  }
}
