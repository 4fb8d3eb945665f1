// The response headers of the app, in one place. A plain script, so that three readers can share it: web/server.mjs
// (Node `import`), web/service-worker.js (`importScripts`) and the browser tests. It only sets one global.
//
//   default-src 'none'        whatever is not listed below is refused: no other origin, no inline script, no plug-in
//   'wasm-unsafe-eval'        lets WebAssembly compile; JavaScript eval() stays forbidden
//   media-src blob:           a video clip that the user opened is played from memory where WebCodecs cannot take it
//   frame-src 'self'          one frame: report.html, the empty page that the printable report is put into
//   COOP + COEP               make the page cross-origin isolated, which WebAssembly threads need
(() => {
  const policy = (frameAncestors) => [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    'media-src blob:',
    "style-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${frameAncestors}`,
  ].join('; ');

  // Every powerful feature the app has no use for, refused to itself as well. The camera photographs paper ECGs; no frame may have it.
  const permissions = ['accelerometer', 'autoplay', 'browsing-topics', 'display-capture',
    'encrypted-media', 'gamepad', 'geolocation', 'gyroscope', 'hid', 'idle-detection', 'local-fonts', 'magnetometer',
    'microphone', 'midi', 'payment', 'picture-in-picture', 'publickey-credentials-get', 'screen-wake-lock', 'serial',
    'usb', 'xr-spatial-tracking'].map((feature) => `${feature}=()`).concat('camera=(self)').join(', ');

  /** Headers of the answer for `path` (relative to the app's root, no leading slash). */
  const headersFor = (path) => ({
    'Content-Security-Policy': policy(path === 'report.html' ? "'self'" : "'none'"),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': permissions,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  });

  globalThis.precordiaSecurity = Object.freeze({ headersFor });
})();
