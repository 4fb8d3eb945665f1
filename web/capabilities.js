// What this browser can do. Probed, never guessed from its name.

// The smallest module that uses SIMD: one function that returns i8x16.popcnt(i8x16.splat(0)).
const kSimdModule = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0,
  253, 15, 253, 98, 11]);

/** A sentence saying why the analysis cannot run in this browser, or null when it can. */
export function engineObstacle() {
  const advice = 'use a current Chrome, Edge, Firefox or Safari';
  if (typeof WebAssembly !== 'object') return `This browser has no WebAssembly, so the analysis cannot run; ${advice}.`;
  if (!WebAssembly.validate(kSimdModule)) {
    return `This browser or processor has no WebAssembly SIMD, which the analysis needs; ${advice}, or another device.`;
  }
  return null;
}

/** A sentence saying why the dashboard cannot be drawn, or null when it can. */
export function dashboardObstacle() {
  const gl = document.createElement('canvas').getContext('webgl2');
  if (!gl) return 'This browser cannot draw the dashboard (WebGL 2 is missing or switched off); the full answer is shown as text instead.';
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return null;
}
