// Video clips (MP4, MOV, WebM) to frames, one after the other and never more than a few in memory. MP4 and MOV go through WebCodecs,
// which gives every frame with its own time; mp4box takes the container apart. Everything else that the browser can play, and MP4 where
// there is no WebCodecs, is played through a media element, which may leave frames out.
//
// Works in a worker too, where there is no media element.
import { ExaminationError } from './examination.mjs';

export const kLongestVideoSeconds = 60;   // kLongestClipSeconds of src/echo/echo_clip.h
export const kWidestVideoFrame = 640;     // wider frames are drawn smaller: the engine reduces the sector to 224 pixels
export const kLargestVideoBytes = 512 * 1024 * 1024;

const kPieceBytes = 1 << 20;              // the file goes to the demuxer in pieces of this size
const kMostQueued = 12;                   // frames that may wait inside the decoder
const kStalledMs = 10_000;                // a decoder or a player that gives nothing for so long has stopped
const kMostSourcePixels = 16e6;           // kLargestFramePixels of src/echo/clip_builder.h

const text = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to));

/** 'MP4', 'WebM' or null, by the first bytes of a file. */
export function videoKind(bytes) {
  if (bytes.byteLength < 16) return null;
  if (bytes[0] === 0x1a && bytes[1] === 0x45 && bytes[2] === 0xdf && bytes[3] === 0xa3) return 'WebM';
  const box = text(bytes, 4, 8);
  if (box === 'ftyp') return /^(hei[cxms]|hevc|mif1|msf1|avif|avis)$/.test(text(bytes, 8, 12)) ? null : 'MP4';
  return ['moov', 'mdat', 'wide'].includes(box) ? 'MP4' : null;
}

const damaged = () => new ExaminationError('damaged', 'This video is damaged or incomplete; copy it again, or export the clip again.');
const notPlayable = (detail = '') => new ExaminationError('not_recognised',
  'This browser cannot decode this video; export the clip as MP4 (H.264) or as DICOM.', detail);
// In a worker: the page has a media element, which may know more.
const needsPage = (detail) => new ExaminationError('needs_page', 'This video has to be played by the page.', detail);
const cancelled = () => new ExaminationError('cancelled', 'Reading the clip was cancelled.');

/**
 * Decodes `blob` and calls onFrame(rgba, width, height, timeMs) for each frame in the order in which they are shown; `rgba` is a
 * Uint8ClampedArray that is the callback's to keep, timeMs counts from the first frame. A callback that returns false ends the decoding.
 * Returns {frames, width, height, by: 'WebCodecs' | 'media element', complete}; complete is false past kLongestVideoSeconds and where
 * the callback ended it. Throws an ExaminationError: cancelled (by `signal`), damaged, too_large, not_recognised.
 */
export async function decodeVideo(blob, { onFrame, signal = null, prefer = 'WebCodecs' }) {
  if (blob.size === 0) throw new ExaminationError('empty_input', 'The file of this video is empty; copy it again.');
  if (blob.size > kLargestVideoBytes) throw new ExaminationError('too_large', 'This video is larger than this program reads; export a shorter clip.');
  const kind = videoKind(new Uint8Array(await blob.slice(0, 64).arrayBuffer()));
  if (!kind) throw new ExaminationError('not_recognised', 'This file holds no video that this program reads.');
  const paint = new FramePainter(onFrame);
  if (kind === 'MP4' && prefer === 'WebCodecs' && 'VideoDecoder' in globalThis) {
    try {
      return await decodeByCodec(blob, paint, signal);
    } catch (error) {
      // Another decoder of the browser may know what WebCodecs does not; once frames were handed over there is no second try.
      if (error.code !== 'not_recognised' || paint.frames > 0) throw error;
      if (!('document' in globalThis)) throw needsPage(error.detail);
    }
  }
  if (!('document' in globalThis)) throw needsPage(kind);
  return decodeByElement(blob, paint, signal);
}

/** Draws frames small, keeps time and the limits, hands the pixels on. */
class FramePainter {
  constructor(onFrame) {
    Object.assign(this, { onFrame, frames: 0, width: 0, height: 0, first: null, last: null, complete: true });
  }

  /** `source` is anything that drawImage takes. Returns whether more frames are wanted. */
  add(source, sourceWidth, sourceHeight, timeMs, turns = 0) {
    if (sourceWidth * sourceHeight > kMostSourcePixels) {
      throw new ExaminationError('too_large', 'The frames of this video are larger than this program reads; export it smaller.');
    }
    this.first ??= timeMs;
    const time = timeMs - this.first;
    if (this.last !== null && time <= this.last) return true;
    if (time > kLongestVideoSeconds * 1000) return this.#end();
    this.last = time;
    const upright = turns % 2 === 0;
    const [shownWidth, shownHeight] = upright ? [sourceWidth, sourceHeight] : [sourceHeight, sourceWidth];
    if (!this.context) {
      const scale = Math.min(1, kWidestVideoFrame / shownWidth);
      this.width = Math.max(1, Math.round(shownWidth * scale));
      this.height = Math.max(1, Math.round(shownHeight * scale));
      this.context = new OffscreenCanvas(this.width, this.height).getContext('2d', { willReadFrequently: true, alpha: false });
      this.context.imageSmoothingQuality = 'high';
    }
    const { context, width, height } = this;
    context.setTransform(1, 0, 0, 1, width / 2, height / 2);
    context.rotate((turns * Math.PI) / 2);
    const [drawnWidth, drawnHeight] = upright ? [width, height] : [height, width];
    context.drawImage(source, -drawnWidth / 2, -drawnHeight / 2, drawnWidth, drawnHeight);
    this.frames += 1;
    return this.onFrame(context.getImageData(0, 0, width, height).data, width, height, time) === false ? this.#end() : true;
  }

  #end() {
    this.complete = false;
    return false;
  }

  result(by) {
    if (this.frames === 0) throw damaged();
    return { frames: this.frames, width: this.width, height: this.height, by, complete: this.complete };
  }
}

// ---- WebCodecs ------------------------------------------------------------------------------------------------------------------

/** The decoder's own header (avcC, hvcC, vpcC, av1C) out of a track's sample description, without its box header. */
function codecDescription(file, trackId, mp4box) {
  for (const entry of file.getTrackById(trackId).mdia.minf.stbl.stsd.entries) {
    const box = entry.avcC ?? entry.hvcC ?? entry.vpcC ?? entry.av1C;
    if (!box) continue;
    const stream = new mp4box.DataStream(undefined, 0, mp4box.Endianness.BIG_ENDIAN);
    box.write(stream);
    return new Uint8Array(stream.buffer, 8);
  }
  return undefined;
}

/** Quarter turns to the right that a track's matrix asks for: phones store what they film lying down. */
function quarterTurns(matrix) {
  if (!matrix) return 0;
  const [a, b] = matrix;
  return a > 0 ? 0 : a < 0 ? 2 : b > 0 ? 1 : b < 0 ? 3 : 0;
}

async function decodeByCodec(blob, paint, signal) {
  const mp4box = await import('./mp4box/mp4box.all.mjs');
  const file = mp4box.createFile();
  let failure = null;
  let wantsMore = true;
  let turns = 0;
  let decoder = null;
  const waiting = [];   // samples that are taken apart and not yet with the decoder
  file.onError = () => { failure ??= damaged(); };
  file.onSamples = (id, user, samples) => waiting.push(...samples);

  const open = async (info) => {
    const track = info.videoTracks[0];
    if (!track) throw new ExaminationError('not_recognised', 'This file holds no video; open the ultrasound clip itself.');
    turns = quarterTurns(track.matrix);
    const config = {
      codec: track.codec.startsWith('vp08') ? 'vp8' : track.codec,
      codedWidth: track.video.width,
      codedHeight: track.video.height,
      description: codecDescription(file, track.id, mp4box),
    };
    const answer = await VideoDecoder.isConfigSupported(config).catch(() => null);
    if (!answer?.supported) throw notPlayable(track.codec);
    decoder = new VideoDecoder({
      output: (frame) => {
        try {
          if (wantsMore && !failure) wantsMore = paint.add(frame, frame.displayWidth, frame.displayHeight, frame.timestamp / 1000, turns);
        } catch (error) {
          failure ??= error;
        } finally {
          frame.close();
        }
      },
      error: () => { failure ??= damaged(); },
    });
    decoder.configure(config);
  };

  const drain = async () => {
    for (const sample of waiting.splice(0)) {
      while (decoder.decodeQueueSize > kMostQueued && !failure && wantsMore) await queueMoved(decoder);
      if (signal?.aborted) throw cancelled();
      if (failure || !wantsMore) return;
      if (!sample.data?.byteLength) continue;
      decoder.decode(new EncodedVideoChunk({
        type: sample.is_sync ? 'key' : 'delta',
        timestamp: Math.round((1e6 * sample.cts) / sample.timescale),
        duration: Math.round((1e6 * sample.duration) / sample.timescale),
        data: sample.data,
      }));
      file.releaseUsedSamples(sample.track_id, sample.number + 1);
    }
  };

  try {
    let info = null;
    file.onReady = (known) => {   // at once: what is not asked for now is not kept
      info = known;
      if (!info.videoTracks[0]) return;
      file.setExtractionOptions(info.videoTracks[0].id, null, { nbSamples: 50 });
      file.start();
    };
    for (let at = 0; at < blob.size && !failure && wantsMore; at += kPieceBytes) {
      if (signal?.aborted) throw cancelled();
      const piece = await blob.slice(at, at + kPieceBytes).arrayBuffer();
      piece.fileStart = at;
      file.appendBuffer(piece, at + kPieceBytes >= blob.size);
      if (info && !decoder) await open(info);
      if (decoder) await drain();
    }
    if (!failure && wantsMore) {
      file.flush();
      if (!decoder) throw damaged();
      await drain();
      if (!failure && wantsMore) await Promise.race([decoder.flush(), stalled()]);
    }
    if (signal?.aborted) throw cancelled();
    if (failure && paint.frames === 0) throw failure;
    if (failure instanceof ExaminationError && failure.code !== 'damaged') throw failure;
    if (failure) paint.complete = false;
    return paint.result('WebCodecs');
  } catch (error) {
    if (error instanceof ExaminationError) throw error;
    throw damaged();   // what the demuxer and the decoder throw at bytes that make no sense
  } finally {
    if (decoder && decoder.state !== 'closed') decoder.close();
    file.stop();
  }
}

const stalled = () => new Promise((resolve, reject) => { setTimeout(() => reject(damaged()), kStalledMs); });

function queueMoved(decoder) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 50);   // not every browser tells
    decoder.addEventListener('dequeue', () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

// ---- the media element --------------------------------------------------------------------------------------------------------

async function decodeByElement(blob, paint, signal) {
  const video = document.createElement('video');
  const address = URL.createObjectURL(blob);
  Object.assign(video, { muted: true, playsInline: true, preload: 'auto', src: address });
  try {
    await happens(video, 'loadeddata', signal);
    if (!(video.videoWidth > 0)) throw notPlayable();
    if (video.requestVideoFrameCallback) await playThrough(video, paint, signal);
    else await stepThrough(video, paint, signal);
    return paint.result('media element');
  } finally {
    video.pause();
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(address);
  }
}

function happens(video, event, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(damaged()), kStalledMs);
    const end = (settle) => () => { clearTimeout(timer); settle(); };
    video.addEventListener(event, end(resolve), { once: true });
    video.addEventListener('error', end(() => reject(notPlayable(video.error?.message))), { once: true });
    signal?.addEventListener('abort', end(() => reject(cancelled())), { once: true });
    if (signal?.aborted) end(() => reject(cancelled()))();
  });
}

/** Every frame that is shown, with the time it carries in the file. At half its speed, so that hardly one is left out. */
function playThrough(video, paint, signal) {
  return new Promise((resolve, reject) => {
    let timer = 0;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => (paint.frames > 0 ? resolve() : reject(damaged())), kStalledMs);
    };
    const end = (settle, value) => { clearTimeout(timer); settle(value); };
    const shown = (now, { mediaTime }) => {
      if (signal?.aborted) return end(reject, cancelled());
      try {
        if (!paint.add(video, video.videoWidth, video.videoHeight, mediaTime * 1000)) return end(resolve);
      } catch (error) {
        return end(reject, error);
      }
      watch();
      if (video.ended) return end(resolve);
      return video.requestVideoFrameCallback(shown);
    };
    watch();
    video.requestVideoFrameCallback(shown);
    video.addEventListener('ended', () => setTimeout(() => end(resolve), 100), { once: true });
    video.addEventListener('error', () => end(reject, damaged()), { once: true });
    signal?.addEventListener('abort', () => end(reject, cancelled()), { once: true });
    video.currentTime = 0;
    video.playbackRate = 0.5;
    video.play().catch(() => end(reject, notPlayable('play')));
  });
}

/** Without word of when a frame is shown: a look every 25th of a second. */
async function stepThrough(video, paint, signal) {
  const kStepSeconds = 0.04;
  const end = Math.min(Number.isFinite(video.duration) ? video.duration : 0, kLongestVideoSeconds + 1);
  for (let at = kStepSeconds / 2; at < end; at += kStepSeconds) {
    const arrived = happens(video, 'seeked', signal);
    video.currentTime = at;
    await arrived;
    if (!paint.add(video, video.videoWidth, video.videoHeight, at * 1000)) return;
  }
}
