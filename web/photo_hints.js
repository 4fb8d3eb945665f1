// What would spoil a photo of a page, told from one small frame of the live picture. No camera here: the tests hand in pictures.
//
// Limits by judgement, tried on synthetic frames at 480 px width; they only choose a hint, and the photo can always be taken.
const kDark = 70;             // mean grey, 0..255
const kBright = 250;          // a pixel with nothing left in it
const kGlareShare = 0.03;     // of the frame, in one piece of the paper
const kSharp = 9;             // 95th percentile of the Laplacian's size
const kShake = 14;            // mean difference to the frame before
const kPaperShare = 0.35;     // of the frame that is paper: less means too far away

/** {grey, mean, glare, sharpness, shake, paper} of an ImageData; `before` is the `grey` of the frame before, or null. */
export function judgeFrame({ data, width, height }, before = null) {
  const count = width * height;
  const grey = new Uint8Array(count);
  let sum = 0;
  for (let i = 0; i < count; ++i) {
    grey[i] = (data[4 * i] * 77 + data[4 * i + 1] * 150 + data[4 * i + 2] * 29) >> 8;
    sum += grey[i];
  }
  const mean = sum / count;
  // The middle, where the page is meant to be.
  const left = Math.floor(width * 0.12), right = width - left, top = Math.floor(height * 0.12), bottom = height - top;
  const histogram = new Uint32Array(1024);
  let bright = 0, inside = 0, paper = 0;
  for (let y = top; y < bottom; ++y) {
    for (let x = left; x < right; ++x) {
      const i = y * width + x;
      const edge = Math.abs(4 * grey[i] - grey[i - 1] - grey[i + 1] - grey[i - width] - grey[i + width]);
      histogram[Math.min(1023, edge)] += 1;
      inside += 1;
      if (grey[i] >= kBright && edge < 4) bright += 1;
      if (grey[i] > Math.max(60, mean * 0.9)) paper += 1;
    }
  }
  let sharpness = 0;
  for (let remaining = inside * 0.95; sharpness < 1023 && (remaining -= histogram[sharpness]) > 0;) sharpness += 1;
  let shake = 0;
  if (before?.length === count) {
    let difference = 0;
    for (let i = 0; i < count; i += 3) difference += Math.abs(grey[i] - before[i]);
    shake = difference / (count / 3);
  }
  // White paper under even light is bright all over; glare is bright in a part of it.
  const share = bright / inside;
  return { grey, mean, sharpness, shake, glare: share > 0.85 ? 0 : share, paper: paper / inside };
}

/** The one thing to do next, {ready, sentence}: the worst first. */
export function hintFor({ mean, glare, sharpness, shake, paper }) {
  if (mean < kDark) return { ready: false, sentence: 'More light, please' };
  if (shake > kShake) return { ready: false, sentence: 'Hold still' };
  if (glare > kGlareShare) return { ready: false, sentence: 'Glare: tilt the page or move the lamp' };
  if (sharpness < kSharp) return { ready: false, sentence: 'Not sharp yet: a little farther, then hold still' };
  if (paper < kPaperShare) return { ready: false, sentence: 'Closer: fill the frame with the page' };
  return { ready: true, sentence: 'Good: all of the grid in the frame? Take the photo' };
}
