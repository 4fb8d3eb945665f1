// The engine's simulated heart as a file, so that a test can hand a clip over as a person would: one apical view, uncompressed AVI.
import { examineClips, openEngine, unwrap } from '../../web/examination.mjs';
import { modelReader, NodeNetworks } from '../../web/node_networks.mjs';

const kFps = 25;

/** 8-bit frames, rows from the top, as an AVI of `width` x `height`. */
function greyAvi(frames, width, height) {
  const stride = (width + 3) & ~3;
  const size = stride * height;
  const chunks = frames.map((grey) => {
    const chunk = Buffer.alloc(8 + size);
    chunk.write('00db', 0, 'latin1');
    chunk.writeUInt32LE(size, 4);
    for (let row = 0; row < height; ++row) chunk.set(grey.subarray((height - 1 - row) * width, (height - row) * width), 8 + row * stride);
    return chunk;
  });
  const words = (...values) => {
    const out = Buffer.alloc(4 * values.length);
    values.forEach((value, i) => out.writeUInt32LE(value >>> 0, 4 * i));
    return out;
  };
  const tagged = (tag, ...parts) => {
    const body = Buffer.concat(parts);
    return Buffer.concat([Buffer.from(tag, 'latin1'), words(body.length), body]);
  };
  const list = (kind, ...parts) => tagged('LIST', Buffer.from(kind, 'latin1'), ...parts);
  const palette = words(...Array.from({ length: 256 }, (_, v) => v | v << 8 | v << 16));
  const header = tagged('avih', words(Math.round(1e6 / kFps), 0, 0, 0, frames.length, 0, 1, size, width, height, 0, 0, 0, 0));
  const stream = list('strl', tagged('strh', Buffer.from('vidsDIB ', 'latin1'), words(0, 0, 0, 1, kFps, 0, frames.length, size, 0, 0, 0, 0)),
    tagged('strf', words(40, width, height, 1 | 8 << 16, 0, size, 0, 0, 256, 0), palette));
  return tagged('RIFF', Buffer.from('AVI ', 'latin1'), list('hdrl', header, stream), list('movi', ...chunks));
}

/** The apical 4-chamber view of the heart `id` ("echo_reduced": ejection fraction 34 %), as bytes of an AVI file. */
export async function simulatedAvi(id = 'echo_reduced') {
  const { default: createEngineModule } = await import(new URL('../../build/wasm/engine.mjs', import.meta.url));
  const opened = await openEngine(createEngineModule, modelReader(new URL('../../models/', import.meta.url)));
  const { engine } = opened;
  engine.begin();
  unwrap(engine.load_simulated_clips(id));
  await examineClips(engine, new NodeNetworks(opened), []);
  const [clip] = JSON.parse(engine.echo_view().json).clips;
  const pixels = engine.echo_pixels();
  const { side, frames, aspect, frames_at: at } = clip;
  const height = Math.round(side / aspect);
  const pictures = Array.from({ length: frames }, (_, f) => {
    const frame = pixels.subarray(at + f * side * side, at + (f + 1) * side * side);
    const out = new Uint8Array(side * height);
    for (let row = 0; row < height; ++row) {
      const from = Math.min(side - 1, Math.floor((row + 0.5) * side / height));
      out.set(frame.subarray(from * side, (from + 1) * side), row * side);
    }
    return out;
  });
  return greyAvi(pictures, side, height);
}
