// The printed report: one sheet of A4 or Letter whatever is on it, in five languages, true to scale; and the whole way from a photo, a clip
// and a profile to that sheet, without a network, in under 20 s.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { printedPage } from './paper_page.mjs';
import { simulatedAvi } from './simulated_clip.mjs';
import { launchBrowser, nextResult, openApp, perform, saveArtefact, serve, storedOffline } from './support.mjs';

const kLanguages = ['en', 'fr', 'es', 'pt', 'sw'];
const kPapers = { A4: { width: 297, height: 210 }, Letter: { width: 279.4, height: 215.9 } };
const kPointsPerMm = 72 / 25.4;

// Every field that lengthens the page, with findings of disease in it.
const kFullProfile = {
  age_years: 72, sex: 'M', breathless: true, oedema: true, crackles: true, nyha_class: 3, prior_infarction: false, nt_probnp_ng_l: 2600,
  bnp_ng_l: 400, height_cm: 170, weight_kg: 98, systolic_mmhg: 142, diastolic_mmhg: 60, blood_pressure_drugs: 3, diabetes: true, glucose_treated: true,
  coronary_disease: true, atrial_fibrillation: true, smoker: true, total_cholesterol_mg_dl: 210, hdl_cholesterol_mg_dl: 38, glucose_mg_dl: 160, egfr: 48,
  e_over_e: 15, septal_e_cm_s: 5, lateral_e_cm_s: 7, lavi_ml_m2: 44, lvmi_g_m2: 130, relative_wall_thickness: 0.5, tr_velocity_m_s: 3.1, pasp_mmhg: 46,
  ancestry: 'black',
};
const kIdentity = { name: 'Example Person', identifier: 'TEST-0001', birth_date: '1954-02-03' };

/** Sheets of a PDF and their size in mm. */
function sheetsOf(pdf) {
  const text = pdf.toString('latin1');
  const boxes = [...text.matchAll(/\/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]/g)].map(([, w, h]) => ({ width: w / kPointsPerMm, height: h / kPointsPerMm }));
  return { count: (text.match(/\/Type\s*\/Page\b(?!s)/g) ?? []).length, boxes };
}

/** The report's HTML as it would be saved, printed by a page of its own. */
async function printed(context, html, format) {
  const sheet = await context.newPage();
  try {
    await sheet.setContent(html);
    const pdf = await sheet.pdf({ format, landscape: true, preferCSSPageSize: false });
    // Of the sheet on paper: does anything stand outside it, and what does the ruler measure?
    await sheet.emulateMedia({ media: 'print' });
    const shape = await sheet.evaluate(() => {
      const page = document.querySelector('.sheet').getBoundingClientRect();
      const mm = 96 / 25.4;
      const outside = [...document.querySelectorAll('.sheet *')].filter((one) => {
        const box = one.getBoundingClientRect();
        return box.width > 0 && (box.right > page.right + 1 || box.left < page.left - 1);
      }).map((one) => one.textContent.slice(0, 40));
      const ruler = document.querySelector('.ruler').getBoundingClientRect();
      const type = parseFloat(getComputedStyle(document.querySelector('.facts')).fontSize) * 0.75;
      return { height: page.height / mm, width: page.width / mm, outside, ruler: ruler.width / mm, type };
    });
    return { pdf, ...shape };
  } finally {
    await sheet.close();
  }
}

let browser;
let server;
before(async () => {
  browser = await launchBrowser();
  server = await serve();
});

/** The report's HTML, by the way that the app takes: printed, then saved. */
async function savedReport(page) {
  await perform(page, { command: 'print' });
  await page.frameLocator('#report-frame').locator('h1').first().waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#report-dialog [value=save]').click()]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('the report', () => {
  let context;
  let page;
  // {name: HTML in the language that the page has}; what the engine writes, by the way that the app takes.
  const written = async () => {
    const html = await savedReport(page);
    await page.locator('#report-dialog [value=close]').click();
    return html;
  };

  before(async () => {
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true, serviceWorkers: 'block' });
    page = await openApp(context, server.url, { query: '?provider=wasm' });
  });

  const check = async (name, language) => {
    if (language !== 'en' || await page.evaluate(() => document.documentElement.lang) !== 'en') {
      await nextResult(page, () => perform(page, { command: 'set_language', language }), 60_000);
    }
    const html = await written();
    assert.ok(html.includes(`<html lang="${language}">`), `${name} is in ${language}`);
    for (const [format, paper] of Object.entries(kPapers)) {
      const { pdf, height, width, outside, ruler, type } = await printed(context, html, format);
      const { count, boxes } = sheetsOf(pdf);
      saveArtefact(`reports/${name}-${language}-${format}.pdf`, pdf);
      if (format === 'A4') saveArtefact(`reports/${name}-${language}.html`, html);
      assert.equal(count, 1, `${name}, ${language}, ${format}: ${count} sheets; the content is ${height.toFixed(0)} mm high at ${type.toFixed(1)} pt`);
      assert.ok(Math.abs(boxes[0].width - paper.width) < 1 && Math.abs(boxes[0].height - paper.height) < 1, 'the sheet lies on its side');
      assert.ok(width <= 263.1, `${width} mm wide`);
      assert.deepEqual(outside, [], `${name}, ${language}, ${format}`);
      assert.ok(Math.abs(ruler - 100.4) < 0.1, `the ruler is ${ruler} mm`);
      assert.ok(type >= 5.3, `set in ${type} pt`);
    }
  };

  test('of an ECG alone prints on one sheet in every language', async () => {
    await nextResult(page, () => perform(page, { command: 'demo', condition: 'lbbb' }));
    for (const language of kLanguages) await check('lbbb', language);
  });

  for (const condition of ['normal', 'lvh_strain', 'old_anterior_mi', 'af']) {
    test(`of an ECG alone (${condition}) prints on one sheet`, async () => {
      await nextResult(page, () => perform(page, { command: 'demo', condition }));
      await check(condition, 'en');
    });
  }

  test('of two clips alone prints on one sheet', async () => {
    await nextResult(page, () => perform(page, { command: 'demo', condition: 'echo_reduced' }), 120_000);
    await check('clips-alone', 'en');
  });

  test('of an ECG with a clip, a name and a full profile prints on one sheet in every language', async () => {
    await nextResult(page, () => perform(page, { command: 'demo', condition: 'lbbb' }));
    const clip = await simulatedAvi();
    await nextResult(page, () => page.setInputFiles('#clip-input', { name: 'a4c.avi', mimeType: 'video/x-msvideo', buffer: clip }), 120_000);
    await nextResult(page, () => page.evaluate(([profile, identity]) => window.precordia.enter(profile, identity), [kFullProfile, kIdentity]));
    for (const language of kLanguages) await check('everything', language);
  });

  test('without an error in the console', () => assert.deepEqual(page.seen.problems, []));
});

describe('from a photo, a clip and a profile to the printed sheet, without a network', () => {
  test('takes under 20 s', async (t) => {
    const context = await browser.newContext({ viewport: { width: 1024, height: 768 }, acceptDownloads: true });
    const page = await openApp(context, server.url, { query: '?provider=wasm' });
    await storedOffline(page);
    await page.waitForFunction(() => window.precordia.status.clips_ready, null, { timeout: 60_000 });
    const photo = await printedPage(page);
    const clip = await simulatedAvi();
    await context.setOffline(true);
    await page.reload();
    await page.waitForFunction(() => window.precordia?.ready.then(() => true), null, { timeout: 60_000 });
    const requestsBefore = page.seen.requests.length;
    const start = performance.now();
    const marks = [];
    const mark = (what) => marks.push(`${what} ${((performance.now() - start) / 1000).toFixed(1)} s`);

    await page.evaluate(() => { window.pagesBefore = window.precordia.pagesShown; });
    await page.setInputFiles('#file-input', { name: 'photo.png', mimeType: 'image/png', buffer: photo });
    await page.waitForFunction(() => window.precordia.pagesShown > window.pagesBefore, null, { timeout: 20_000 });
    mark('page read');
    await nextResult(page, () => perform(page, { command: 'accept_page' }));
    mark('ECG answered');
    await nextResult(page, () => page.setInputFiles('#clip-input', { name: 'clip.avi', mimeType: 'video/x-msvideo', buffer: clip }), 60_000);
    mark('clip measured');
    await perform(page, { command: 'edit_profile' });
    const form = page.locator('#profile-form');
    await form.locator('#profile-age').fill('72');
    await form.locator('input[name=sex][value=M]').check({ force: true });
    await form.locator('input[name=symptoms][value=suspected_hf]').check({ force: true });
    await form.locator('#profile-ntprobnp').fill('2600');
    await form.locator('#profile-identity summary').click();
    await form.locator('#identity-name').fill(kIdentity.name);
    await form.locator('#identity-number').fill(kIdentity.identifier);
    await form.locator('#identity-birth').fill(kIdentity.birth_date);
    const { view } = await nextResult(page, () => form.locator('[value=apply]').click());
    mark('profile weighed');
    assert.equal(view.profile.nt_probnp_ng_l, 2600);
    const html = await savedReport(page);
    const { pdf } = await printed(context, html, 'A4');
    mark('printed');
    const seconds = (performance.now() - start) / 1000;
    t.diagnostic(`photo, clip and profile to the printed sheet in ${seconds.toFixed(1)} s (${marks.join(', ')})`);
    saveArtefact('reports/whole-flow.pdf', pdf);
    saveArtefact('reports/whole-flow.html', html);

    assert.equal(sheetsOf(pdf).count, 1);
    for (const word of Object.values(kIdentity)) assert.ok(html.includes(word), `${word} was typed in and is on the sheet`);
    assert.match(html, /Ejection fraction/);
    assert.equal((html.match(/class="ed"/g) ?? []).length, 1, 'the ventricle at end-diastole is drawn');
    await page.locator('#report-dialog [value=close]').click();

    const [bundleFile] = await Promise.all([page.waitForEvent('download'), perform(page, { command: 'export_fhir' })]);
    const parts = [];
    for await (const part of await bundleFile.createReadStream()) parts.push(part);
    const patient = JSON.parse(Buffer.concat(parts)).entry.map(({ resource }) => resource).find(({ resourceType }) => resourceType === 'Patient');
    assert.deepEqual([patient.name[0].text, patient.identifier[0].value, patient.birthDate], Object.values(kIdentity));
    await perform(page, { command: 'close' });
    await nextResult(page, () => perform(page, { command: 'demo', condition: 'normal' }));
    const [next] = await Promise.all([page.waitForEvent('download'), perform(page, { command: 'export_fhir' })]);
    const rest = [];
    for await (const part of await next.createReadStream()) rest.push(part);
    for (const word of Object.values(kIdentity)) assert.ok(!Buffer.concat(rest).toString().includes(word), 'nobody else gets this name');
    const outside = page.seen.requests.slice(requestsBefore).filter((url) => !url.startsWith(server.url) && !url.startsWith('blob:') && !url.startsWith('data:') && !url.startsWith('about:'));
    assert.deepEqual(outside, []);
    assert.ok(seconds < 20, `${seconds.toFixed(1)} s`);
  });
});
