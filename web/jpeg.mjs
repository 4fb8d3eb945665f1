// A baseline JPEG of three colours, 4:2:0 as cameras write it (ITU-T T.81), for pictures that the measurements and tests draw themselves.
// The Huffman tables are the plainest that the standard allows: every symbol has a code of the same length. Files become larger than they
// need be; what it takes to decode them does not change much.

const kZigzag = Uint8Array.from({ length: 64 }, (_, at) => at).sort((a, b) => {
  const [ya, xa, yb, xb] = [a >> 3, a & 7, b >> 3, b & 7];
  const diagonal = xa + ya - xb - yb;
  return diagonal !== 0 ? diagonal : (xa + ya) % 2 ? ya - yb : xa - xb;
});
const kCosine = Float32Array.from({ length: 64 }, (_, at) => {
  const [u, x] = [at >> 3, at & 7];
  return Math.cos((2 * x + 1) * u * Math.PI / 16) * (u === 0 ? Math.SQRT1_2 : 1) / 2;
});

// AC symbols: zeros before (0..15) and size (1..10), end of block, sixteen zeros. Codes in this order, all of eight bits.
const kAcSymbols = [0x00, 0xf0, ...Array.from({ length: 160 }, (_, i) => (Math.floor(i / 10) << 4) | (i % 10 + 1))];
const kAcCode = Uint8Array.from({ length: 256 }, (_, symbol) => Math.max(0, kAcSymbols.indexOf(symbol)));
const kDcBits = 4;   // sizes 0..11 are their own codes

// Steps that grow with frequency, in the natural order of coefficients.
function quantisation(quality, chroma) {
  const scale = (quality < 50 ? 50 / quality : 2 - quality / 50) * (chroma ? 1.5 : 1);
  return Uint8Array.from({ length: 64 }, (_, at) => Math.min(255, Math.max(1, Math.round(scale * (12 + 6 * ((at >> 3) + (at & 7)))))));
}

class BitWriter {
  constructor(size) {
    this.bytes = new Uint8Array(size);
    this.length = 0;
    this.word = 0;
    this.count = 0;
  }
  byte(value) {
    if (this.length === this.bytes.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes[this.length++] = value;
  }
  put(value, count) {
    this.word = (this.word << count) | (value & ((1 << count) - 1));
    this.count += count;
    while (this.count >= 8) {
      const byte = (this.word >> (this.count - 8)) & 255;
      this.byte(byte);
      if (byte === 255) this.byte(0);
      this.count -= 8;
    }
    this.word &= (1 << this.count) - 1;
  }
  end() {
    if (this.count > 0) this.put(0x7f, 8 - this.count);
    return this.bytes.subarray(0, this.length);
  }
}

function segment(marker, ...content) {
  const bytes = content.flat();
  return [0xff, marker, (bytes.length + 2) >> 8, (bytes.length + 2) & 255, ...bytes];
}

/** `rgb`: width x height x 3 bytes. Returns the file as Uint8Array. */
export function jpegOf(width, height, rgb, quality = 90) {
  const tables = [quantisation(quality, false), quantisation(quality, true)];
  const zigzagged = (table) => Array.from(kZigzag, (at) => table[at]);
  const lengths = (bits, count) => Array.from({ length: 16 }, (_, i) => (i === bits - 1 ? count : 0));
  const head = [0xff, 0xd8, ...segment(0xdb, 0, zigzagged(tables[0]), 1, zigzagged(tables[1])),
    ...segment(0xc0, 8, height >> 8, height & 255, width >> 8, width & 255, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1),
    ...segment(0xc4, 0x00, lengths(kDcBits, 12), Array.from({ length: 12 }, (_, i) => i), 0x10, lengths(8, kAcSymbols.length), kAcSymbols),
    ...segment(0xda, 3, 1, 0x00, 2, 0x00, 3, 0x00, 0, 63, 0)];
  const out = new BitWriter(width * height);
  head.forEach((byte) => out.byte(byte));

  const block = new Float32Array(64), half = new Float32Array(64), previous = [0, 0, 0];
  const sizeOf = (value) => 32 - Math.clz32(Math.abs(value));
  const write = (component) => {
    const table = tables[component > 0 ? 1 : 0];
    for (let y = 0; y < 8; ++y) {
      for (let u = 0; u < 8; ++u) {
        let sum = 0;
        for (let x = 0; x < 8; ++x) sum += kCosine[u * 8 + x] * block[y * 8 + x];
        half[y * 8 + u] = sum;
      }
    }
    let zeros = 0;
    for (let i = 0; i < 64; ++i) {
      const at = kZigzag[i], v = at >> 3, u = at & 7;
      let sum = 0;
      for (let y = 0; y < 8; ++y) sum += kCosine[v * 8 + y] * half[y * 8 + u];
      let value = Math.round(sum / table[at]);
      if (i === 0) {
        const change = value - previous[component];
        previous[component] = value;
        value = change;
        out.put(sizeOf(value), kDcBits);
      } else if (value === 0) {
        ++zeros;
        continue;
      } else {
        for (; zeros > 15; zeros -= 16) out.put(kAcCode[0xf0], 8);
        out.put(kAcCode[(zeros << 4) | sizeOf(value)], 8);
        zeros = 0;
      }
      if (value !== 0) out.put(value > 0 ? value : value - 1, sizeOf(value));
    }
    if (zeros > 0) out.put(kAcCode[0], 8);
  };
  const chroma = [new Float32Array(64), new Float32Array(64)];
  for (let top = 0; top < height; top += 16) {
    for (let left = 0; left < width; left += 16) {
      chroma[0].fill(0);
      chroma[1].fill(0);
      for (let part = 0; part < 4; ++part) {
        const x0 = left + 8 * (part & 1), y0 = top + 8 * (part >> 1);
        for (let i = 0; i < 64; ++i) {
          const x = Math.min(x0 + (i & 7), width - 1), y = Math.min(y0 + (i >> 3), height - 1), at = 3 * (y * width + x);
          const r = rgb[at], g = rgb[at + 1], b = rgb[at + 2];
          block[i] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
          const small = (((part >> 1) * 8 + (i >> 3)) >> 1) * 8 + (((part & 1) * 8 + (i & 7)) >> 1);
          chroma[0][small] += (-0.168736 * r - 0.331264 * g + 0.5 * b) / 4;
          chroma[1][small] += (0.5 * r - 0.418688 * g - 0.081312 * b) / 4;
        }
        write(0);
      }
      for (const component of [1, 2]) {
        block.set(chroma[component - 1]);
        write(component);
      }
    }
  }
  out.end();
  out.byte(0xff);
  out.byte(0xd9);
  return out.bytes.subarray(0, out.length);
}
