// A printed ECG page, drawn by the browser under test: grid, calibration pulse, lead names, 3 x 4 leads and a rhythm strip of a made-up
// heart whose limb leads obey Einthoven. Nobody's data.
export const kPrintedName = 'DOE JOHN 1950-01-02';
export const kBeatsPerMinute = 75;

/** The page as bytes of `type`. options: {pxPerMm, ink: false leaves the traces out, type} */
export async function printedPage(page, { pxPerMm = 8, ink = true, type = 'image/png' } = {}) {
  const base64 = await page.evaluate(async ({ scale, withInk, mime, name, rate }) => {
    const wide = 280, high = 200;
    const canvas = new OffscreenCanvas(wide * scale, high * scale);
    const context = canvas.getContext('2d');
    context.scale(scale, scale);
    context.fillStyle = '#fffdfb';
    context.fillRect(0, 0, wide, high);
    if (withInk) {
      const left = 12, right = 268, top = 30, bottom = 190;
      for (const [step, width, colour] of [[1, 0.12, '#f3b9b4'], [5, 0.3, '#e88a82']]) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.beginPath();
        for (let x = left; x <= right + 0.01; x += step) { context.moveTo(x, top); context.lineTo(x, bottom); }
        for (let y = top; y <= bottom + 0.01; y += step) { context.moveTo(left, y); context.lineTo(right, y); }
        context.stroke();
      }
      context.fillStyle = '#111';
      context.font = '4px sans-serif';
      context.fillText(name, 14, 12);
      context.fillText('25 mm/s   10 mm/mV', 14, 20);
      const heights = { I: 0.7, II: 1.1, III: 0.4, aVR: -0.9, aVL: 0.15, aVF: 0.75, V1: -0.6, V2: -0.4, V3: 0.5, V4: 1.3, V5: 1.4, V6: 1.1 };
      const bump = (t, centre, width) => Math.exp(-0.5 * ((t - centre) / width) ** 2);
      const period = 60 / rate;
      const beat = (time) => {
        const t = time % period;
        return 0.12 * bump(t, 0.14, 0.022) - 0.08 * bump(t, 0.272, 0.008) + bump(t, 0.3, 0.011) - 0.15 * bump(t, 0.328, 0.009) + 0.25 * bump(t, 0.55, 0.045);
      };
      context.strokeStyle = '#1a1a1a';
      context.lineWidth = 0.35;
      context.lineJoin = 'round';
      const x0 = 18;
      const draw = (lead, from, to, base) => {
        context.beginPath();
        for (let t = from; t < to; t += 0.001) context.lineTo(x0 + t * 25, base - 10 * heights[lead] * beat(t));
        context.stroke();
        context.fillText(lead, x0 + from * 25 + 1.5, base - 11);
      };
      const rows = [['I', 'aVR', 'V1', 'V4'], ['II', 'aVL', 'V2', 'V5'], ['III', 'aVF', 'V3', 'V6']];
      rows.forEach((row, r) => row.forEach((lead, c) => draw(lead, c * 2.5, (c + 1) * 2.5, 55 + 35 * r)));
      draw('II', 0, 10, 160);
      for (const base of [55, 90, 125, 160]) {  // the calibration pulse of 1 mV, 0.2 s, before each row
        context.beginPath();
        for (const [x, y] of [[12, 0], [12.6, 0], [12.6, -10], [16.6, -10], [16.6, 0], [x0, 0]]) context.lineTo(x, base + y);
        context.stroke();
      }
    }
    const blob = await canvas.convertToBlob({ type: mime, quality: 0.95 });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let text = '';
    for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
    return btoa(text);
  }, { scale: pxPerMm, withInk: ink, mime: type, name: kPrintedName, rate: kBeatsPerMinute });
  return Buffer.from(base64, 'base64');
}
