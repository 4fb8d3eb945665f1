// Films an ultrasound machine's screen with the camera: the last resort where the machine gives no file. A live picture with a frame to fit
// the moving picture into; four seconds of it, cut to that frame, become a clip. Nothing is stored, and the camera is off as soon as
// the dialog closes.
import { startCamera, stopCamera } from './camera_stream.js';
import { filmedSource } from './frame_source.js';

const kSeconds = 4;             // four beats at rest
const kFrameMs = 38;            // at most 26 frames a second: 100 frames of the size below are 48 MB
const kWidth = 400, kHeight = 300;
const kGuide = 0.9;             // of the picture
const kFewestFrames = 20;

/** onClip(source), onError(sentence). The dialog's buttons have the values cancel and record. */
export function createFilm({ dialog, onClip, onError }) {
  const video = dialog.querySelector('video');
  const guide = dialog.querySelector('canvas');
  const hint = dialog.querySelector('[role=status]');
  const button = (value) => dialog.querySelector(`button[value=${value}]`);
  const small = document.createElement('canvas');
  Object.assign(small, { width: kWidth, height: kHeight });
  const painter = small.getContext('2d', { willReadFrequently: true, alpha: false });
  let stream = null;
  let recording = null;   // {frames, startedAt, last} while it films

  const say = (sentence) => { if (hint.textContent !== sentence) hint.textContent = sentence; };

  // The part of the camera's picture inside the guide, 4 : 3.
  function inside() {
    const { videoWidth: width, videoHeight: height } = video;
    const high = Math.min(height * kGuide, (width * kGuide * kHeight) / kWidth);
    const wide = (high * kWidth) / kHeight;
    return { left: (width - wide) / 2, top: (height - high) / 2, wide, high };
  }

  function drawGuide() {
    if (video.videoWidth === 0) return;
    Object.assign(guide, { width: video.videoWidth, height: video.videoHeight });
    const { left, top, wide, high } = inside();
    const context = guide.getContext('2d');
    context.fillStyle = 'rgba(22, 34, 44, 0.45)';
    context.fillRect(0, 0, guide.width, guide.height);
    context.clearRect(left, top, wide, high);
    context.lineWidth = Math.max(4, guide.width / 240);
    context.strokeStyle = recording ? '#7fe0b0' : '#ffd27a';
    context.setLineDash(recording ? [] : [context.lineWidth * 3, context.lineWidth * 2]);   // told by pattern as well as by colour
    context.strokeRect(left, top, wide, high);
  }

  // A camera tells when it took a frame; where it does not, the time of its arrival has to do.
  function onFrame(now, { captureTime }) {
    if (!stream) return;
    if (recording) {
      const time = captureTime ?? now;
      recording.startedAt ??= time;
      const ms = time - recording.startedAt;
      if (ms - recording.last >= kFrameMs || recording.frames.length === 0) {
        const { left, top, wide, high } = inside();
        painter.drawImage(video, left, top, wide, high, 0, 0, kWidth, kHeight);
        recording.frames.push({ rgba: painter.getImageData(0, 0, kWidth, kHeight).data, width: kWidth, height: kHeight, ms });
        recording.last = ms;
      }
      say(`Filming. Hold still: ${Math.max(0, Math.ceil(kSeconds - ms / 1000))} s`);
      if (ms >= kSeconds * 1000) {
        finish();
        return;
      }
    }
    drawGuide();
    video.requestVideoFrameCallback(onFrame);
  }

  function finish() {
    const { frames } = recording;
    close();
    if (frames.length < kFewestFrames) onError('The camera gave too few pictures to measure a heart beat; try again with more light, or use the machine\'s own file.');
    else onClip(filmedSource('Filmed clip', frames));
  }

  async function open() {
    if (dialog.open) return;
    if (!('requestVideoFrameCallback' in HTMLVideoElement.prototype)) {
      onError('This browser cannot film a clip; film the screen with the camera app and open the video here.');
      return;
    }
    recording = null;
    say('Starting the camera');
    button('record').disabled = true;
    dialog.showModal();
    try {
      const runs = await startCamera({
        dialog, video, onStream: (opened) => { stream = opened; }, constraints: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
        instead: 'film with the camera app and open the video here',
      });
      if (!runs) return;
    } catch (failure) {
      close();
      onError(failure.message);
      return;
    }
    say('Fit the moving ultrasound picture into the frame, straight and without reflections, then press Film.');
    button('record').disabled = false;
    video.requestVideoFrameCallback(onFrame);
  }

  function close() {
    stopCamera(stream, video);
    stream = null;
    recording = null;
    if (dialog.open) dialog.close();
  }

  button('cancel').addEventListener('click', close);
  button('record').addEventListener('click', () => {
    if (!stream || recording) return;
    recording = { frames: [], startedAt: null, last: 0 };
    button('record').disabled = true;
  });
  dialog.addEventListener('close', () => dialog.open || close());  // the event of a former closing may come late

  return { open, close };
}
