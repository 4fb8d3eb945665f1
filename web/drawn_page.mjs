// A page of ECG paper drawn pixel by pixel, so that the digitiser can be measured on any device without anybody's data: 280 x 200 mm, grid,
// calibration pulses, three rows of four leads and a rhythm strip of the simulated patient, flat as a scanner sees it or tilted, shaded and
// noisy as a camera does.
import { jpegOf } from './jpeg.mjs';
import { unwrap } from './examination.mjs';

const kWideMm = 280, kHighMm = 200, kMmPerS = 25, kMmPerMv = 10, kPenMm = 0.3;
const kFirstMm = 12, kTraceMm = 18;             // where pulses and leads begin
const kRows = [['I', 'aVR', 'V1', 'V4'], ['II', 'aVL', 'V2', 'V5'], ['III', 'aVF', 'V3', 'V6'], ['II']];
const kZeroMm = [52, 87, 122, 157];
const kStepsPerMm = 50;
const kInk = [28, 28, 34], kGrid = [236, 120, 118], kPaper = [252, 251, 248], kTable = [84, 74, 66];

// {rate, leads: {I: Float32Array, ...}} of the simulated patient, who is forgotten again.
function simulatedLeads(engine) {
  engine.begin();
  unwrap(engine.load_simulated('normal'));
  const [head, ...lines] = engine.record_csv().trim().split('\n').map((line) => line.split(','));
  engine.begin();
  const leads = Object.fromEntries(head.slice(1).map((name, lead) => [name, Float32Array.from(lines, (line) => Number(line[lead + 1]))]));
  return { rate: Math.round(1 / (Number(lines[1][0]) - Number(lines[0][0]))), leads };
}

// The upper and the lower edge of a row's ink, in millimetres above its zero line, per step across the page; NaN where there is none.
function inkOf(row, { rate, leads }) {
  const steps = kWideMm * kStepsPerMm;
  const height = new Float32Array(steps).fill(NaN);
  for (let i = kFirstMm * kStepsPerMm; i < steps; ++i) {
    const x = i / kStepsPerMm - kFirstMm, seconds = (i / kStepsPerMm - kTraceMm) / kMmPerS;
    if (seconds < 0) {
      height[i] = x > 0.6 && x < 5 ? kMmPerMv : 0;
    } else if (seconds < 10) {
      const signal = leads[row[Math.min(row.length - 1, Math.floor(seconds * row.length / 10))]];
      const at = seconds * rate, k = Math.min(Math.floor(at), signal.length - 2);
      height[i] = kMmPerMv * (signal[k] + (at - k) * (signal[k + 1] - signal[k]));
    }
  }
  const reach = Math.round(kPenMm / 2 * kStepsPerMm);
  const top = new Float32Array(steps).fill(NaN), bottom = new Float32Array(steps).fill(NaN);
  for (let i = reach; i < steps - reach; ++i) {
    let most = -Infinity, least = Infinity;
    for (let k = i - reach; k <= i + reach; ++k) {
      if (height[k] > most) most = height[k];
      if (height[k] < least) least = height[k];
    }
    if (most >= least) top[i] = most + kPenMm / 2, bottom[i] = least - kPenMm / 2;
  }
  return { top, bottom };
}

/**
 * The page as a JPEG file. `width` x `height` pixels. With `camera` the page is seen from a little aside, under uneven light, on a table;
 * without it the page fills the picture.
 */
export function drawnPage(engine, { name, width, height, camera = false, quality = 92 }) {
  const patient = simulatedLeads(engine);
  const ink = kRows.map((row) => inkOf(row, patient));
  const rgb = new Uint8Array(width * height * 3);
  let seed = 12345;
  const random = () => {   // a linear congruential generator: the same picture every time
    seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
    return (seed >>> 8) / 16777216;
  };
  // Millimetres per pixel in the middle of the picture; a camera leaves room around the page.
  const fit = Math.max(kWideMm / width, kHighMm / height) * (camera ? 1.08 : 1);
  const angle = camera ? 0.03 : 0, cosine = Math.cos(angle), sine = Math.sin(angle);
  for (let y = 0; y < height; ++y) {
    for (let x = 0; x < width; ++x) {
      const a = (x + 0.5 - width / 2) * fit, b = (y + 0.5 - height / 2) * fit;
      const depth = camera ? 1 + 0.1 * a / kWideMm + 0.06 * b / kHighMm : 1;
      const u = kWideMm / 2 + (cosine * a + sine * b) * depth, v = kHighMm / 2 + (cosine * b - sine * a) * depth;
      const at = 3 * (y * width + x), pixels = 1 / (fit * depth);
      let colour = kPaper, trace = 0, grid = 0;
      if (u < 0 || v < 0 || u >= kWideMm || v >= kHighMm) {
        colour = kTable;
      } else {
        for (const position of [u, v]) {
          const minor = Math.abs(position - Math.round(position)), major = Math.abs(position - 5 * Math.round(position / 5));
          grid = Math.max(grid, 0.45 * Math.min(Math.max(0.5 + (0.06 - minor) * pixels, 0), 0.12 * pixels, 1),
            Math.min(Math.max(0.5 + (0.13 - major) * pixels, 0), 0.26 * pixels, 1));
        }
        const step = Math.floor(u * kStepsPerMm);
        for (let row = 0; row < ink.length; ++row) {
          const above = kZeroMm[row] - v;
          const inside = Math.min(0.5 + (ink[row].top[step] - above) * pixels, 0.5 + (above - ink[row].bottom[step]) * pixels);
          if (inside > trace) trace = Math.min(1, inside);
        }
      }
      const light = camera ? 1 - 0.35 / (1 + Math.exp(-8 * (x / width - 0.6 + 0.3 * (y / height - 0.5)))) : 1;
      const noise = camera ? 9 * (random() + random() - 1) : 0;
      for (let k = 0; k < 3; ++k) {
        const paper = colour[k] + grid * (kGrid[k] - colour[k]);
        rgb[at + k] = Math.max(0, Math.min(255, light * (paper + trace * (kInk[k] - paper)) + noise + 0.5));
      }
    }
  }
  return { name, bytes: jpegOf(width, height, rgb, quality) };
}

/** The two that the budgets name: a photograph of 12 megapixels and a scan that is 800 pixels high. */
export const kBenchPages = [
  { name: 'photo-12mp.jpg', width: 4000, height: 3000, camera: true },
  { name: 'scan-800px.jpg', width: 1120, height: 800 },
];
