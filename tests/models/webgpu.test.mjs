// The WebGPU path in Chromium on a software adapter: the WGSL kernels against their C++ twins, the networks against WASM, and
// what happens when the graphics processor fails.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { simulatedWfdbFiles, wfdbRecord } from '../../web/benchmark.mjs';
import { examine } from '../../web/examination.mjs';
import { launchChromium, openBuiltEngine, openEmptyPage, serveApp, startWorker } from './support.mjs';

const kLargestTensorDifferenceMv = 1e-4;
const kStartMs = 120000;  // a software adapter compiles every kernel on the processor

const browser = await launchChromium();
const skip = browser ? false : 'no Chromium on this machine';
let app;
before(async () => { app = await serveApp(); });
after(async () => {
  await browser?.close();
  await app?.close();
});

const openPage = (url = app.url) => openEmptyPage(browser, url, kStartMs);

// The simulated patient stretched to other sample rates by straight lines: what matters is that both twins get the same.
function recordAt(engine, rate) {
  const [, signal] = simulatedWfdbFiles(engine, 'lbbb');
  const source = new Int16Array(signal.bytes.buffer);
  const count = Math.ceil(10 * rate) + 1;
  const values = new Int16Array(count * 12);
  for (let i = 0; i < count; ++i) {
    const at = Math.min(4999, (i * 500) / rate);
    const before = Math.floor(at);
    for (let lead = 0; lead < 12; ++lead) {
      const [a, b] = [source[before * 12 + lead], source[Math.min(4999, before + 1) * 12 + lead]];
      values[i * 12 + lead] = Math.round(a + (at - before) * (b - a));
    }
  }
  return wfdbRecord(rate, values);
}

test('resample.wgsl gives the tensor of the C++ resampler', { skip }, async (t) => {
  const { engine } = await openBuiltEngine();
  const page = await openPage();
  for (const rate of [100, 128, 250, 257, 500, 599.88, 1000, 2000]) {
    await examine(engine, null, { files: recordAt(engine, rate) }, { until: 'measure' });
    assert.ok(JSON.parse(engine.network_request()).request, `${rate} Hz`);
    const raw = engine.network_window();
    const expected = engine.network_tensor();
    const plain = { ...raw, signal: Array.from(raw.signal), table: Array.from(raw.table) };
    const actual = await page.evaluate(async (window) => {
      const { createGpuResampler } = await import('/webgpu_resample.js');
      const shader = await (await fetch('/shaders/resample.wgsl')).text();
      const device = await (await navigator.gpu.requestAdapter()).requestDevice();
      const { resample } = await createGpuResampler(device, shader);
      const tensor = resample({ ...window, signal: new Float32Array(window.signal), table: new Float32Array(window.table) });
      const copy = device.createBuffer({ size: tensor.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(tensor, 0, copy, 0, tensor.size);
      device.queue.submit([encoder.finish()]);
      await copy.mapAsync(GPUMapMode.READ);
      const values = Array.from(new Float32Array(copy.getMappedRange()));
      device.destroy();
      return values;
    }, plain);
    assert.equal(actual.length, expected.length);
    const largest = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i])), 0);
    t.diagnostic(`${rate} Hz: largest difference ${largest.toExponential(2)} mV`);
    assert.ok(largest < kLargestTensorDifferenceMv, `${rate} Hz: ${largest} mV`);
  }
  await page.close();
});

test('echo_frame.wgsl and echo_masks.wgsl give what their C++ twins give', { skip }, async (t) => {
  const { engine, module } = await openBuiltEngine();
  engine.begin();
  engine.load_simulated_clips('echo_reduced');
  const { request } = JSON.parse(engine.echo_request());
  const target = request.networks[0].shape[3];
  const { pixels, side } = engine.echo_frame(0);
  const expectedTensor = engine.echo_tensor(0);
  const logits = Float32Array.from({ length: 4 * target * target }, (_, i) => 9 * Math.sin(0.37 * i) * Math.cos(0.0011 * i));
  const expectedShares = module.packed_shares(logits);
  const page = await openPage();
  const actual = await page.evaluate(async ({ bytes, from, to, values }) => {
    const { createGpuEcho } = await import('/webgpu_echo.js');
    const text = async (name) => (await fetch(`/shaders/${name}.wgsl`)).text();
    const device = await (await navigator.gpu.requestAdapter()).requestDevice();
    const echo = await createGpuEcho(device, await text('echo_frame'), await text('echo_masks'));
    const tensor = echo.frame(new Uint8Array(bytes), from, to);
    const copy = device.createBuffer({ size: tensor.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(tensor, 0, copy, 0, tensor.size);
    device.queue.submit([encoder.finish()]);
    await copy.mapAsync(GPUMapMode.READ);
    const frame = Array.from(new Float32Array(copy.getMappedRange()));
    const masks = device.createBuffer({ size: 4 * values.length, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(masks, 0, new Float32Array(values));
    const shares = [await echo.reduce(masks, to * to), await echo.reduce(masks, to * to)].map((words) => Array.from(words));
    device.destroy();
    return { frame, shares };
  }, { bytes: Array.from(pixels), from: side, to: target, values: Array.from(logits) });
  const gap = expectedTensor.reduce((most, value, i) => Math.max(most, Math.abs(value - actual.frame[i])), 0);
  t.diagnostic(`frame of ${side} to ${target} pixels: largest difference ${gap.toExponential(2)} of 1`);
  assert.equal(actual.frame.length, expectedTensor.length);
  assert.ok(gap < 1e-5, String(gap));
  assert.deepEqual(actual.shares[0], actual.shares[1]);
  const bytesOf = (word) => [0, 8, 16, 24].map((shift) => (word >>> shift) & 255);
  const steps = expectedShares.reduce((most, word, i) => Math.max(most, ...bytesOf(word).map((byte, c) => Math.abs(byte - bytesOf(actual.shares[0][i])[c]))), 0);
  t.diagnostic(`probabilities: largest difference ${steps} of 255`);
  assert.ok(steps <= 1);
  await page.close();
});

test('page_*.wgsl give what their C++ twins give, and a page its leads', { skip, timeout: 400000 }, async (t) => {
  const page = await openPage();
  const found = await page.evaluate(async () => {
    const { default: createEngineModule } = await import('/engine.mjs');
    const { drawnPage } = await import('/drawn_page.mjs');
    const { createGpuPage, kPageShaders } = await import('/webgpu_page.js');
    const sources = Object.fromEntries(await Promise.all(kPageShaders.map(async (name) => [name, await (await fetch(`/shaders/${name}.wgsl`)).text()])));
    const adapter = await navigator.gpu.requestAdapter();
    const device = await adapter.requestDevice();
    const kernels = await createGpuPage(device, sources);
    const engine = new (await createEngineModule()).Engine();
    const furthest = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), a.length === b.length ? 0 : Infinity);
    const differing = (a, b, by) => a.reduce((count, value, i) => count + (Math.abs(value - b[i]) > by), 0) / a.length;
    const leads = () => {
      const read = JSON.parse(engine.digitise_page(''));
      const { prepared } = JSON.parse(engine.page_times());
      engine.accept_page(true);
      return { read, prepared, values: engine.record_csv().trim().split('\n').slice(1).map((line) => line.split(',').slice(1)) };
    };
    const pages = [];
    // A photograph that is averaged down to be worked at (an odd number of bytes), and a scan that is not.
    for (const about of [{ name: 'photo.jpg', width: 2601, height: 1951, camera: true }, { name: 'scan.jpg', width: 1403, height: 1001 }]) {
      const picture = drawnPage(engine, about);
      engine.begin();
      engine.add_file(picture.name, picture.bytes);
      const ink = await kernels.separate(engine.prepare_page());
      const inkTwin = engine.page_twin('ink');
      const tiles = engine.page_take_ink(ink.grid, ink.green);
      const spectra = await kernels.spectra(tiles);
      const spectraTwin = engine.page_twin('spectra');
      const frame = engine.page_take_spectra(spectra);
      const flat = await kernels.rectify(frame);
      const flatTwin = engine.page_twin('flat');
      const done = engine.page_take_flat(flat);
      const together = leads();
      engine.begin();
      engine.add_file(picture.name, picture.bytes);
      const alone = leads();
      const apart = alone.values.flatMap((line, i) => line.map((text, k) => {
        const other = together.values[i]?.[k];
        return (text === '') !== (other === '') ? Infinity : Math.abs(Number(text) - Number(other));
      }));
      pages.push({ name: about.name, done, grid: differing(ink.grid, inkTwin, 0.006), gridMost: furthest(ink.grid, inkTwin),
                   spectra: furthest(spectra.map(Math.sqrt), spectraTwin.map(Math.sqrt)), strongest: Math.sqrt(spectraTwin.reduce((a, b) => Math.max(a, b), 0)),
                   flat: differing(flat, flatTwin, 0.006), flatMost: furthest(flat, flatTwin), alone: alone.prepared, together: together.prepared,
                   samples: apart.length, leads: apart.filter((mv) => mv > 0.02).length / apart.length });
    }
    engine.begin();
    device.destroy();
    return pages;
  });
  for (const { name, done, grid, gridMost, spectra, strongest, flat, flatMost, alone, together, samples, leads: far } of found) {
    t.diagnostic(`${name}: grid ink differs at ${(100 * grid).toFixed(3)} % of the pixels, at most by ${gridMost.toExponential(1)}; waves by ${(spectra / strongest).toExponential(1)} of the strongest; ` +
                 `flat page at ${(100 * flat).toFixed(3)} %, at most by ${flatMost.toExponential(1)}; leads by over 0.02 mV in ${(100 * far).toFixed(3)} % of the samples`);
    assert.equal(done, true, name);
    assert.equal(alone, false);
    assert.equal(together, true);
    assert.ok(samples > 40000);
    assert.ok(grid < 0.001 && gridMost < 0.05, name);   // the bytes of an averaged pixel may round the other way, the more so on a dark table
    assert.ok(spectra < 0.02 * strongest, name);
    assert.ok(flat < 0.001 && flatMost < 0.03, name);
    assert.ok(far < 0.002, name);                        // the tip of a spike that is found or not found
  }
  await page.close();
});

test('a page whose heavy steps ran on WebGPU is the page that WASM reads', { skip, timeout: 400000 }, async () => {
  const page = await openPage();
  const { violations } = await startWorker(page);
  const readBy = (provider, id) => page.evaluate(async ([wanted, examination]) => {
    const { default: createEngineModule } = await import('/engine.mjs');
    const { drawnPage, kBenchPages } = await import('/drawn_page.mjs');
    const { status } = await window.send({ type: 'init', provider: wanted, threads: 1 }, 'ready');
    const { name, bytes } = drawnPage(new (await createEngineModule()).Engine(), kBenchPages[1]);
    const found = await window.send({ type: 'examine', id: examination, files: [{ name, buffer: bytes.buffer }], review: true }, 'page');
    return { provider: status.provider, prepared: found.prepared, message: found.message, json: found.page?.json };
  }, [provider, id]);
  const [wasm, webgpu] = [await readBy('wasm', 1), await readBy('webgpu', 2)];
  assert.equal(wasm.prepared, false, wasm.message);
  assert.equal(webgpu.provider, 'webgpu');
  assert.equal(webgpu.prepared, true, webgpu.message);
  const numbers = (json) => json.match(/-?\d+\.\d+/g).map(Number);
  const [a, b] = [numbers(wasm.json), numbers(webgpu.json)];
  assert.equal(a.length, b.length);
  a.forEach((value, i) => assert.ok(Math.abs(value - b[i]) <= 0.02 * Math.max(1, Math.abs(value)), `${value} ${b[i]}`));
  assert.deepEqual(violations, []);
  await page.close();
});

test('a clip on WebGPU, its tensors staying there, has the masks that it has on WASM', { skip, timeout: 400000 }, async (t) => {
  const page = await openPage();
  const { violations } = await startWorker(page);
  const masksBy = (provider, id) => page.evaluate(async ([wanted, examination]) => {
    const { phantomAvi } = await import('/benchmark.mjs');
    const { status } = await window.send({ type: 'init', provider: wanted, threads: 1 }, 'ready');
    const { bytes } = phantomAvi({ frames: 5 });
    const found = await window.send({ type: 'examine', id: examination, files: [{ name: 'phantom.avi', buffer: bytes.buffer }] }, 'result');
    if (!found.echo) return { provider: found.message };
    const [{ classes_at: at, mask_side: side, frames }] = JSON.parse(found.echo.json).clips;
    return { provider: found.provider, note: status.provider_note, classes: Array.from(found.echo.pixels.slice(at, at + frames * side * side)) };
  }, [provider, id]);
  const [wasm, webgpu] = [await masksBy('wasm', 1), await masksBy('webgpu', 2)];
  assert.equal(wasm.provider, 'wasm');
  assert.equal(webgpu.provider, 'webgpu', webgpu.note);
  assert.equal(webgpu.classes.length, 5 * 128 * 128);
  const same = wasm.classes.filter((value, i) => value === webgpu.classes[i]).length / wasm.classes.length;
  t.diagnostic(`${(100 * same).toFixed(2)} % of the pixels have the same class`);
  assert.ok(same > 0.99);
  assert.ok(new Set(wasm.classes).size > 1, 'something is found');
  assert.deepEqual(violations, []);
  await page.close();
});

const probabilities = (result) => Object.fromEntries(JSON.parse(result.view.json).network.outputs.map(({ id, probability }) => [id, probability]));

test('a whole examination on WebGPU agrees with WASM, and a lost device is survived', { skip, timeout: 400000 }, async (t) => {
  const page = await openPage();
  const { send, violations } = await startWorker(page);

  const wasm = await send({ type: 'init', provider: 'wasm', threads: 2 }, 'ready');
  assert.equal(wasm.status.provider, 'wasm', wasm.message);
  assert.equal(wasm.status.threads, 2, wasm.status.provider_note);
  const onWasm = await send({ type: 'examine', id: 1, simulated: 'lbbb' }, 'result');

  // The devices that the worker asks for from now on can be broken from here.
  const worker = page.workers().find((candidate) => candidate.url().endsWith('/worker.js'));
  await worker.evaluate(() => {
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (...options) {
      self.lastDevice = await requestDevice.apply(this, options);
      return self.lastDevice;
    };
  });
  const webgpu = await send({ type: 'init', provider: 'webgpu', threads: 2 }, 'ready');
  assert.equal(webgpu.status.provider, 'webgpu', webgpu.status?.provider_note ?? webgpu.message);
  assert.equal(webgpu.status.models[0].precision, 'int8-weights');
  const onGpu = await send({ type: 'examine', id: 2, simulated: 'lbbb' }, 'result');
  assert.equal(onGpu.provider, 'webgpu');
  const [a, b] = [probabilities(onWasm), probabilities(onGpu)];
  const worst = Object.keys(a).reduce((most, id) => (Math.abs(a[id] - b[id]) > Math.abs(a[most] - b[most]) ? id : most));
  t.diagnostic(`int8 on WASM and weight-only int8 on WebGPU: largest difference ${Math.abs(a[worst] - b[worst]).toFixed(4)} (${worst})`);
  assert.ok(Math.abs(a[worst] - b[worst]) < 0.05, worst);

  await worker.evaluate(() => { self.lastDevice.destroy(); });
  const afterLoss = await send({ type: 'examine', id: 3, simulated: 'lbbb' }, 'result');
  assert.equal(afterLoss.provider, 'wasm');
  assert.match(afterLoss.provider_note, /graphics processor was reset/);
  assert.deepEqual(probabilities(afterLoss), a);

  // The device is opened again in the background and taken into use by a later examination.
  let recovered;
  for (let id = 4; id < 200; ++id) {
    recovered = await send({ type: 'examine', id, simulated: 'lbbb' }, 'result');
    if (recovered.provider === 'webgpu') break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  assert.equal(recovered.provider, 'webgpu', recovered.provider_note);
  assert.deepEqual(violations, []);
  await page.close();
});

test('a WebGPU that computes something else is not used, and that is said', { skip, timeout: 300000 }, async () => {
  const wrong = await serveApp((file, bytes) => {
    if (file !== 'models/manifest.json') return bytes;
    const manifest = JSON.parse(bytes);
    for (const model of manifest.models) {
      for (const answer of model.known_answers) answer.logits['int8-weights'] = answer.logits['int8-weights'].map((logit) => logit + 1);
    }
    return JSON.stringify(manifest);
  });
  try {
    const page = await openPage(wrong.url);
    const { send } = await startWorker(page);
    const { status } = await send({ type: 'init', provider: 'webgpu', threads: 1 }, 'ready');
    assert.equal(status.provider, 'wasm');
    assert.match(status.provider_note, /WebGPU failed its start-up test/);
    const result = await send({ type: 'examine', id: 1, simulated: 'normal' }, 'result');
    assert.equal(result.provider, 'wasm');
    await page.close();
  } finally {
    await wrong.close();
  }
});

test('without being asked, a WebGPU that is emulated or slow is left alone, and no examination waits for it', { skip, timeout: 300000 }, async () => {
  const page = await openPage();
  const { send } = await startWorker(page);
  const emulated = await send({ type: 'init', provider: 'auto', threads: 2 }, 'status');
  assert.equal(emulated.status.provider, 'wasm');
  assert.match(emulated.status.provider_note, /only emulated/);

  // From here on the software adapter passes for hardware.
  const worker = page.workers().find((candidate) => candidate.url().endsWith('/worker.js'));
  await worker.evaluate(() => Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false }));
  await send({ type: 'init', provider: 'auto', threads: 2 }, 'ready');
  const meanwhile = await send({ type: 'examine', id: 1, simulated: 'normal' }, 'result');
  assert.equal(meanwhile.provider, 'wasm');
  let note = '';
  for (let id = 2; id < 200 && note === ''; ++id) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    note = (await send({ type: 'examine', id, simulated: 'normal' }, 'result')).provider_note;
  }
  assert.match(note, /slower/);
  await page.close();
});
