// The answer in a real browser: every main screen at three sizes in five languages without a text cut off, evidence that leads to where it
// comes from, the three ways of fusion, learning mode, two examinations side by side, and writing that runs right to left.
// Pictures are kept in build/test-artefacts/languages for a person to look at. What the canvas draws is checked line by line in
// tests/unit/dashboard_text_fit_test.cc; here it is the DOM, and that the pictures are there.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { canvasAtRest, launchBrowser, nextResult, openApp, perform, result, saveArtefact, serve } from './support.mjs';

const kSizes = [{ width: 1024, height: 768 }, { width: 800, height: 1280 }, { width: 390, height: 844 }];
const kLanguages = ['en', 'fr', 'es', 'pt', 'sw'];
const kProfile = { age_years: 71, sex: 'F', symptoms: 'suspected_hf', nt_probnp_ng_l: 700, diastolic_mmhg: 60, oedema: true };

let browser;
let server;
before(async () => {
  browser = await launchBrowser();
  server = await serve();
});

const newPage = async (viewport) => {
  const context = await browser.newContext({ viewport, acceptDownloads: true, hasTouch: viewport.width < 1000, serviceWorkers: 'block' });
  return openApp(context, server.url, { query: '?provider=wasm' });
};
const choose = (page, language, act) => (act ? nextResult(page, () => perform(page, { command: 'set_language', language }), 60_000)
  : perform(page, { command: 'set_language', language }).then(() => page.waitForFunction((code) => document.documentElement.lang === code, language)));
const enter = (page, profile) => nextResult(page, () => page.evaluate((p) => window.precordia.enter(p, {}), profile));

/** Texts of visible elements that are wider than the box that clips them, or stand outside the window. */
const cutTexts = (page, root) => page.evaluate((selector) => {
  const cut = [];
  for (const one of document.querySelectorAll(`${selector} *`)) {
    if (![...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.nodeValue.trim() !== '')) continue;
    const style = getComputedStyle(one);
    const box = one.getBoundingClientRect();
    if (box.width === 0 || box.height === 0 || style.visibility === 'hidden') continue;
    const clips = ['hidden', 'clip'].includes(style.overflowX) || one.tagName === 'BUTTON';
    if (clips && one.scrollWidth > one.clientWidth + 1) cut.push(`cut: ${one.textContent.trim().slice(0, 60)}`);
    if (!one.closest('.table') && (box.right > innerWidth + 1 || box.left < -1)) cut.push(`outside: ${one.textContent.trim().slice(0, 60)}`);
  }
  return cut;
}, root);

for (const size of kSizes) {
  const name = `${size.width}x${size.height}`;
  describe(`at ${name} in five languages`, () => {
    let page;
    before(async () => { page = await newPage(size); });

    test('no text is cut, and every screen differs from language to language', async () => {
      const pictures = new Map();
      const take = async (screen, language) => {
        await canvasAtRest(page, 150);
        const picture = await page.screenshot();
        saveArtefact(`languages/${screen}-${language}-${name}.png`, picture);
        for (const [other, before] of pictures) if (other.startsWith(`${screen} `)) assert.ok(!before.equals(picture), `${screen} in ${language} is ${other}`);
        pictures.set(`${screen} ${language}`, picture);
      };
      for (const language of kLanguages) {
        await choose(page, language, false);
        await take('start', language);
      }
      await choose(page, 'en', false);
      await nextResult(page, () => perform(page, { command: 'demo', condition: 'lbbb' }));
      await enter(page, kProfile);
      for (const language of kLanguages) {
        await choose(page, language, true);
        await take('result', language);
        await perform(page, { command: 'edit_profile' });
        await page.locator('#profile-more summary').click();
        await page.locator('#profile-identity summary').click();
        assert.deepEqual(await cutTexts(page, '#profile-dialog'), [], `${language}: patient details`);
        saveArtefact(`languages/profile-${language}-${name}.png`, await page.screenshot());
        await page.locator('#profile-form [value=cancel]').click();
        await page.locator('#plain-link').focus();
        await page.keyboard.press('Enter');
        assert.deepEqual(await cutTexts(page, '#text-view'), [], `${language}: text view`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${language}: the text view is no wider than the window`);
        saveArtefact(`languages/text-${language}-${name}.png`, await page.screenshot());
        await page.locator('#dashboard-button').click();
      }
      assert.deepEqual(page.seen.problems, []);
    });
  });
}

describe('the answer', () => {
  let page;
  before(async () => {
    page = await newPage({ width: 1280, height: 800 });
    await nextResult(page, () => perform(page, { command: 'demo', condition: 'lbbb' }));
    await enter(page, kProfile);
  });

  test('names for each line of evidence where it comes from, and the text leads there', async () => {
    const { view } = await result(page);
    const places = Object.fromEntries(view.evidence.map(({ id, place }) => [id, place]));
    assert.equal(places.ecg_major_abnormality.target_row, 'network');
    assert.ok(view.network.maps.some(({ output_id: id }) => id === places.ecg_major_abnormality.map), 'a map of the network shows it');
    assert.ok(places.lbbb.leads.includes('V6'));
    assert.deepEqual(places.nt_probnp.leads, []);
    await page.locator('#plain-link').focus();
    await page.keyboard.press('Enter');
    const links = page.locator('#details-text a.place');
    assert.ok(await links.count() >= 3);
    for (const link of await links.all()) {
      const row = await link.getAttribute('href');
      await link.click();
      assert.equal(await page.evaluate(() => `#${document.activeElement.id}`), row, 'the row has the focus');
      assert.equal(new URL(page.url()).hash, '', 'the address stays');
    }
    await page.locator('#dashboard-button').click();
  });

  test('lights the leads on the paper when a line of evidence is opened', async () => {
    await canvasAtRest(page);
    // Down the evidence card until a line is hit that lights something on the other side.
    let lit = false;
    for (let turn = 0; turn < 14 && !lit; ++turn) {
      await page.mouse.move(200, 500);
      await page.mouse.wheel(0, 260);
      await canvasAtRest(page, 120);
      const unlit = await page.screenshot({ clip: { x: 480, y: 60, width: 790, height: 500 } });
      for (const y of [250, 420, 600]) {
        await page.mouse.click(120, y);
        await page.mouse.move(120, 780);
        await canvasAtRest(page, 120);
        if (!(await page.screenshot({ clip: { x: 480, y: 60, width: 790, height: 500 } })).equals(unlit)) { lit = true; break; }
      }
    }
    saveArtefact('languages/evidence-lit.png', await page.screenshot());
    assert.ok(lit, 'the trace shows where the evidence comes from');
  });

  test('is put together in three ways, each with what it says', async () => {
    const late = (await result(page)).view.fusion;
    assert.equal(late.method, 'late');
    assert.deepEqual(late.ways.map(({ way, probability }) => [way, typeof probability]), [['late', 'number'], ['early', 'number'], ['hybrid', 'number']]);
    for (const way of ['early', 'hybrid', 'late']) {
      const { view } = await nextResult(page, () => perform(page, { command: 'set_fusion', way }));
      assert.equal(view.fusion.method, way);
      assert.equal(view.answer.probability, late.ways.find((one) => one.way === way).probability);
      assert.equal(view.answer.prior, (await result(page)).view.answer.prior);
    }
    await page.locator('#plain-link').focus();
    await page.keyboard.press('Enter');
    const { view } = await nextResult(page, () => page.locator('[data-action=fusion-hybrid]').click());
    assert.equal(view.fusion.method, 'hybrid');
    assert.equal(await page.locator('[data-action=fusion-hybrid]').getAttribute('aria-pressed'), 'true');
    await page.locator('#dashboard-button').click();
  });

  test('keeps the chosen way for the next file, and forgets it when the examination is closed', async () => {
    const next = await nextResult(page, () => perform(page, { command: 'demo', condition: 'af' }));
    assert.equal(next.view.fusion.method, 'hybrid');
    await perform(page, { command: 'close' });
    await page.waitForFunction(() => window.precordia.lastResult === null);
    const after = await nextResult(page, () => perform(page, { command: 'demo', condition: 'af' }));
    assert.equal(after.view.fusion.method, 'late');
  });

  test('of a second examination stands beside the first only when that was asked for', async () => {
    const first = await nextResult(page, () => perform(page, { command: 'demo', condition: 'lbbb' }));
    assert.deepEqual(first.view.comparison, []);
    await nextResult(page, () => perform(page, { command: 'compare' }));
    const { view } = await nextResult(page, () => perform(page, { command: 'demo', condition: 'normal' }));
    const rate = view.comparison.find(({ label }) => label === 'Heart rate');
    assert.ok(rate && rate.before !== '–' && rate.now !== '–' && rate.change !== '–', JSON.stringify(rate));
    assert.ok(view.comparison.some(({ beyond_chance: beyond }) => beyond), 'a change beyond chance is marked');
    assert.match(await page.innerText('#details-text').catch(() => page.evaluate(() => document.getElementById('details-text').textContent)), /Compare two examinations/);
    const ended = await nextResult(page, () => perform(page, { command: 'end_compare' }));
    assert.deepEqual(ended.view.comparison, []);
  });

  test('teaches with five simulated patients, the echocardiogram on request', async () => {
    const seen = [];
    await nextResult(page, () => perform(page, { command: 'learn' }));
    for (let at = 0; at < 5; ++at) {
      const story = await page.locator('#learning [data-part=story]').innerText();
      assert.equal((await result(page)).view.echo, null, 'the echo is hidden at first');
      const { view } = await nextResult(page, () => page.locator('#learning [data-part=reveal]').click());
      assert.notEqual(view.echo, null);
      assert.ok((await page.locator('#learning [data-part=lesson]').innerText()).length > 20);
      assert.equal(view.input.simulated, true);
      seen.push([story, view.answer.phenotype]);
      if (at === 2) saveArtefact('languages/learning.png', await page.screenshot());
      if (at < 4) await nextResult(page, () => page.locator('#learning [data-part=next]').click());
    }
    assert.deepEqual(seen.map(([, phenotype]) => phenotype), ['no_evidence', 'hfref', 'hfpef', 'stage_b', 'ef_between_classes']);
    await page.locator('#learning [data-part=close]').click();
    await perform(page, { command: 'close' });
    assert.deepEqual(page.seen.problems, []);
  });
});

describe('writing that the dashboard cannot draw', () => {
  test('runs right to left in the DOM parts, with numbers and units left to right', async () => {
    const page = await newPage({ width: 800, height: 1000 });
    await nextResult(page, () => perform(page, { command: 'demo', condition: 'lbbb' }));
    await page.locator('#plain-link').focus();
    await page.keyboard.press('Enter');
    // Arabic and Hindi sentences, as a translation would put them.
    const shape = await page.evaluate(() => {
      document.documentElement.dir = 'rtl';
      document.documentElement.lang = 'ar';
      const answer = document.getElementById('answer-text');
      const arabic = document.createElement('p');
      arabic.textContent = 'خلل وظيفة البطين الأيسر: ‎9.0 %‎ (من 2.9 إلى 12 %). قِس NT-proBNP.';
      const hindi = document.createElement('p');
      hindi.lang = 'hi';
      hindi.dir = 'ltr';
      hindi.textContent = 'हृदय की पंपिंग शक्ति मापने के लिए इकोकार्डियोग्राम कराएँ।';
      answer.prepend(arabic, hindi);
      const words = (element) => {
        const range = document.createRange();
        range.selectNodeContents(element);
        return range.getBoundingClientRect();
      };
      const first = words(arabic);
      const row = document.querySelector('#details-text table tbody tr');
      return {
        fits: document.documentElement.scrollWidth <= innerWidth, arabicRight: first.right, box: arabic.getBoundingClientRect().right,
        hindi: words(hindi).width > 50, headingLeft: row.cells[0].getBoundingClientRect().left, valueLeft: row.cells[1].getBoundingClientRect().left,
      };
    });
    saveArtefact('languages/right-to-left.png', await page.screenshot());
    assert.ok(shape.fits, 'nothing is wider than the window');
    assert.ok(Math.abs(shape.arabicRight - shape.box) < 2, 'the sentence begins at the right');
    assert.ok(shape.headingLeft > shape.valueLeft, 'tables run from right to left');
    assert.ok(shape.hindi);
  });

  test('numbers follow the language: a decimal comma in French, a point in English', async () => {
    const page = await newPage({ width: 1024, height: 768 });
    await nextResult(page, () => perform(page, { command: 'demo', condition: 'normal' }));
    const english = await page.evaluate(() => document.getElementById('answer-text').textContent);
    assert.match(english, /\d\.\d %/);
    await choose(page, 'fr', true);
    const french = await page.evaluate(() => document.getElementById('answer-text').textContent);
    assert.match(french, /\d,\d %/);
    assert.doesNotMatch(french, /\d\.\d %/);
    const { view } = await result(page);
    assert.equal(typeof view.answer.probability, 'number', 'data stay numbers');
    const [download] = await Promise.all([page.waitForEvent('download'), perform(page, { command: 'export_csv' })]);
    const chunks = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk);
    assert.match(Buffer.concat(chunks).toString(), /,0\.\d{4},/, 'files keep the decimal point');
    await perform(page, { command: 'print' });
    assert.match(await page.frameLocator('#report-frame').locator('header').innerText(), /\d{4}-\d{2}-\d{2}/, 'the date is one that no country reads otherwise');
  });
});
