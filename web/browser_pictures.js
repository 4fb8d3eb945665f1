// Pictures that only the browser can decode: WebP, HEIC and AVIF, where it can. JPEG, PNG, BMP and GIF are the engine's own business
// (src/paper/decode_image.cc), so that every host sees the same pixels.
import { ExaminationError } from './examination.mjs';

const kMostPixels = 16e6;  // the working size of the engine's decoder

const text = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to));

/** 'WebP', 'HEIC', 'AVIF' or null, by the first bytes. */
export function foreignPicture(bytes) {
  if (bytes.byteLength < 16) return null;
  if (text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 12) === 'WEBP') return 'WebP';
  if (text(bytes, 4, 8) !== 'ftyp') return null;
  const brand = text(bytes, 8, 12);
  if (['heic', 'heix', 'heim', 'heis', 'hevc', 'mif1', 'msf1'].includes(brand)) return 'HEIC';
  return ['avif', 'avis'].includes(brand) ? 'AVIF' : null;
}

/** {width, height, rgba} of such a picture, upright; null for any other file. */
export async function decodePicture({ bytes }) {
  const kind = foreignPicture(bytes);
  if (!kind) return null;
  let picture;
  try {
    picture = await createImageBitmap(new Blob([bytes]), { imageOrientation: 'from-image' });
  } catch {
    throw new ExaminationError('not_recognised', `This is a ${kind} picture, which this browser cannot open; save it as JPEG and open it again.`);
  }
  const scale = Math.min(1, Math.sqrt(kMostPixels / (picture.width * picture.height)));
  const width = Math.max(1, Math.floor(picture.width * scale));
  const height = Math.max(1, Math.floor(picture.height * scale));
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  context.fillStyle = '#fff';  // what is transparent is paper
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, width, height);
  picture.close();
  return { width, height, rgba: context.getImageData(0, 0, width, height).data };
}
