// Clips whose frames come from the page, because only the page can make them: a video that only the media element plays, and a screen filmed
// with the camera. Frames go to the worker one by one over a message port, so that no more than a few are in memory twice.
import { decodeVideo } from './clip_video.js';

/** A video file played through the media element. */
export function playedSource(file) {
  return {
    name: file.name,
    format: 'video',
    async send(port) {
      const stop = new AbortController();
      port.onmessage = () => stop.abort();
      try {
        await decodeVideo(file, {
          prefer: 'media element',
          signal: stop.signal,
          onFrame: (rgba, width, height, ms) => port.postMessage({ rgba, width, height, ms }, [rgba.buffer]),
        });
        port.postMessage({ end: true });
      } catch (error) {
        port.postMessage({ error: { code: error.code ?? 'internal', message: error.message } });
      }
    },
  };
}

/** Frames that are there already: [{rgba, width, height, ms}]. They stay, for another look. */
export function filmedSource(name, frames) {
  return {
    name,
    format: 'camera',
    async send(port) {
      for (const frame of frames) port.postMessage(frame);
      port.postMessage({ end: true });
    },
  };
}

/** Opens `source` for the worker: {stream: {name, format, port}}, whose port is to be transferred. */
export function openSource(source) {
  const { port1, port2 } = new MessageChannel();
  source.send(port1);
  return { stream: { name: source.name, format: source.format, port: port2 } };
}

export const isSource = (clip) => typeof clip?.send === 'function';
