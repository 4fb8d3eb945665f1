// Unpacks WOFF 1.0 fonts to the TrueType files they hold, which is what Dear ImGui's rasteriser reads.
//   node cmake/woff_to_ttf.mjs FONT.woff... OUT_FOLDER
// Format: W3C Recommendation "WOFF File Format 1.0" (2012), sections 3 to 5: a header, a table directory, and each table
// of the original font, zlib-compressed where that made it smaller.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inflateSync } from 'node:zlib';

function unpack(woff) {
  if (woff.toString('latin1', 0, 4) !== 'wOFF') throw new Error('is not a WOFF 1.0 font');
  const flavour = woff.readUInt32BE(4);
  const tableCount = woff.readUInt16BE(12);
  const entries = Array.from({ length: tableCount }, (_, i) => {
    const at = 44 + 20 * i;
    return {
      tag: woff.readUInt32BE(at), offset: woff.readUInt32BE(at + 4), packedBytes: woff.readUInt32BE(at + 8),
      bytes: woff.readUInt32BE(at + 12), checksum: woff.readUInt32BE(at + 16),
    };
  });

  const head = Buffer.alloc(12 + 16 * tableCount);
  const largestPower = 2 ** Math.floor(Math.log2(tableCount));
  head.writeUInt32BE(flavour, 0);
  head.writeUInt16BE(tableCount, 4);
  head.writeUInt16BE(largestPower * 16, 6);
  head.writeUInt16BE(Math.log2(largestPower), 8);
  head.writeUInt16BE((tableCount - largestPower) * 16, 10);

  const parts = [head];
  let position = head.length;
  entries.forEach((entry, i) => {
    const packed = woff.subarray(entry.offset, entry.offset + entry.packedBytes);
    const table = entry.packedBytes < entry.bytes ? inflateSync(packed) : packed;
    if (table.length !== entry.bytes) throw new Error('has a table of the wrong length');
    head.writeUInt32BE(entry.tag, 12 + 16 * i);
    head.writeUInt32BE(entry.checksum, 16 + 16 * i);
    head.writeUInt32BE(position, 20 + 16 * i);
    head.writeUInt32BE(entry.bytes, 24 + 16 * i);
    const padding = Buffer.alloc((4 - (table.length % 4)) % 4);
    parts.push(table, padding);
    position += table.length + padding.length;
  });
  return Buffer.concat(parts);
}

const files = process.argv.slice(2, -1);
const folder = process.argv.at(-1);
mkdirSync(folder, { recursive: true });
for (const file of files) {
  writeFileSync(join(folder, basename(file).replace(/\.woff$/, '.ttf')), unpack(readFileSync(file)));
}
