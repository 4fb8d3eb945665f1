// The device's camera for a dialog: asked for when the dialog opens, off when it closes.

/**
 * Starts the camera into `video`; onStream(stream) is called before its first picture. Resolves to whether it runs: not so when the dialog was
 * closed meanwhile. Rejects with a sentence that ends in what to do `instead`, as an Error.
 */
export async function startCamera({ dialog, video, constraints, instead, onStream }) {
  let stream = null;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: { ideal: 'environment' }, ...constraints } });
    if (dialog.open) {
      onStream(stream);
      video.srcObject = stream;
      await video.play();
    }
    if (dialog.open) return true;
  } catch (failure) {
    stopCamera(stream, video);
    if (!dialog.open) return false;   // closing takes the picture away, which ends the playing
    throw new Error(failure.name === 'NotAllowedError' ? `The camera may not be used by this page; allow it in the browser, or ${instead}.`
      : `The camera could not be started; ${instead}.`);
  }
  stopCamera(stream, video);
  return false;
}

export function stopCamera(stream, video) {
  stream?.getTracks().forEach((each) => each.stop());
  video.srcObject = null;
}
