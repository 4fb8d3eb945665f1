// The camera: a live picture with a frame to fit the page into, and words for what would spoil the photo (blur, glare, dark, shake).
// The photo is handed on as a file, like any other; nothing is stored, and the camera is off as soon as the dialog closes.
import { startCamera, stopCamera } from './camera_stream.js';
import { judgeFrame, hintFor } from './photo_hints.js';

const kJudgeEveryMs = 250;
const kJudgedWidth = 480;     // px: enough to tell sharp from blurred, small enough for an old telephone
const kGuide = 0.92;          // of the picture
const kPaperShape = 297 / 210;

/** onPicture(File), onError(sentence). The dialog's buttons have the values cancel, light and take. */
export function createCamera({ dialog, onPicture, onError }) {
  const video = dialog.querySelector('video');
  const guide = dialog.querySelector('canvas');
  const hint = dialog.querySelector('[role=status]');
  const button = (value) => dialog.querySelector(`button[value=${value}]`);
  const small = document.createElement('canvas');
  let stream = null;
  let timer = 0;
  let before = null;    // the judged frame before, for shake
  let taking = false;

  const track = () => stream?.getVideoTracks()[0] ?? null;

  function drawGuide({ ready }) {
    const width = video.videoWidth, height = video.videoHeight;
    if (width === 0) return;
    guide.width = width;
    guide.height = height;
    const context = guide.getContext('2d');
    const shape = width >= height ? kPaperShape : 1 / kPaperShape;
    const high = Math.min(height * kGuide, (width * kGuide) / shape);
    const wide = high * shape;
    const left = (width - wide) / 2, top = (height - high) / 2, arm = Math.min(wide, high) * 0.14;
    context.fillStyle = 'rgba(22, 34, 44, 0.35)';
    context.fillRect(0, 0, width, height);
    context.clearRect(left, top, wide, high);
    context.lineWidth = Math.max(4, width / 240);
    context.lineCap = 'round';
    context.strokeStyle = ready ? '#7fe0b0' : '#ffd27a';
    context.setLineDash(ready ? [] : [context.lineWidth * 3, context.lineWidth * 2]);  // told by pattern as well as by colour
    for (const [x, y, dx, dy] of [[left, top, 1, 1], [left + wide, top, -1, 1], [left + wide, top + high, -1, -1], [left, top + high, 1, -1]]) {
      context.beginPath();
      context.moveTo(x + dx * arm, y);
      context.lineTo(x, y);
      context.lineTo(x, y + dy * arm);
      context.stroke();
    }
  }

  function judge() {
    if (taking || video.readyState < 2 || video.videoWidth === 0) return;
    small.width = kJudgedWidth;
    small.height = Math.round((kJudgedWidth * video.videoHeight) / video.videoWidth);
    const context = small.getContext('2d', { willReadFrequently: true });
    context.drawImage(video, 0, 0, small.width, small.height);
    const frame = judgeFrame(context.getImageData(0, 0, small.width, small.height), before);
    before = frame.grey;
    const { ready, sentence } = hintFor(frame);
    if (hint.textContent !== sentence) hint.textContent = sentence;
    dialog.dataset.ready = ready;
    drawGuide({ ready });
  }

  // A slow device judges less often, so that its buttons still answer.
  function watch() {
    const started = performance.now();
    judge();
    timer = setTimeout(watch, Math.max(kJudgeEveryMs, 4 * (performance.now() - started)));
  }

  async function open() {
    if (dialog.open) return;
    before = null;
    dialog.dataset.ready = false;
    hint.textContent = 'Starting the camera';
    dialog.showModal();
    try {
      const runs = await startCamera({
        dialog, video, onStream: (opened) => { stream = opened; }, constraints: { width: { ideal: 3840 }, height: { ideal: 2160 } }, instead: 'take the photo with the camera app and open it here',
      });
      if (!runs) return;
    } catch (failure) {
      close();
      onError(failure.message);
      return;
    }
    button('light').hidden = !track()?.getCapabilities?.().torch;
    watch();
  }

  function close() {
    clearTimeout(timer);
    stopCamera(stream, video);
    stream = null;
    taking = false;
    if (dialog.open) dialog.close();
  }

  // The camera's own still is larger than its video; where the browser has none, the frame on screen is taken.
  async function still() {
    if (window.ImageCapture && track()) {
      try {
        return await new ImageCapture(track()).takePhoto();
      } catch { /* some cameras refuse stills while they stream */ }
    }
    const full = document.createElement('canvas');
    full.width = video.videoWidth;
    full.height = video.videoHeight;
    full.getContext('2d').drawImage(video, 0, 0);
    return new Promise((resolve, reject) => full.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/jpeg', 0.95));
  }

  async function take() {
    if (taking || !stream) return;
    taking = true;
    hint.textContent = 'Hold still';
    try {
      const blob = await still();
      if (!dialog.open) return;
      close();
      onPicture(new File([blob], 'Photo of a printed ECG.jpg', { type: blob.type }));
    } catch {
      close();
      onError('The camera gave no picture; take the photo with the camera app and open it here.');
    }
  }

  button('cancel').addEventListener('click', close);
  button('take').addEventListener('click', take);
  button('light').addEventListener('click', () => {
    const on = !track()?.getSettings?.().torch;
    track()?.applyConstraints({ advanced: [{ torch: on }] }).catch(() => {});
  });
  dialog.addEventListener('close', () => dialog.open || close());  // the event of a former closing may come late

  return {
    open,
    close,
    /** Whether this device has a camera that a page may ask for. Nothing is asked of the user yet. */
    async available() {
      try {
        const devices = await navigator.mediaDevices.enumerateDevices();
        return devices.some(({ kind }) => kind === 'videoinput');
      } catch {
        return false;
      }
    },
  };
}
