// The main job in a real browser, on WebAssembly: a file or the simulated patient in, an answer on screen, and nothing else.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  canvasAtRest, chooseFiles, dropFiles, errorShown, launchBrowser, madeUpRecord, nextError, nextResult, noRecords, openApp, perform,
  recordFiles, result, serve, storedOffline,
} from './support.mjs';

// "Within a second" of the issue, from choosing the file to the picture; the best of a few, since other work on the machine only ever
// makes it slower. bench.test.mjs holds the median to the budget.
const kMostMs = 1000;
const kTries = 5;

async function assertWithinTheTime(act) {
  let best = await page.evaluate(() => window.precordia.fileToResultMs);
  for (let i = 1; i < kTries && best > kMostMs; ++i) {
    await nextResult(page, act);
    best = Math.min(best, await page.evaluate(() => window.precordia.fileToResultMs));
  }
  assert.ok(best <= kMostMs, `${best} ms`);
}

let server;
let browser;
let context;
let page;

before(async () => {
  browser = await launchBrowser();
  server = await serve();
  context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
  page = await openApp(context, server.url, { query: '?provider=wasm' });
});

describe('an examination on WebAssembly', () => {
  test('the page is isolated and the engine runs with two threads', async () => {
    assert.equal(await page.evaluate(() => crossOriginIsolated), true);
    const status = await page.evaluate(() => window.precordia.status);
    assert.equal(status.provider, 'wasm');
    assert.equal(status.threads, 2);
    assert.ok(status.models.length >= 1);
    assert.ok(status.app_version);
    assert.ok(status.licences.length > 0, 'the licences of what the app contains are listed');
  });

  test('the demonstration patient gives an answer, labelled as simulated', async () => {
    const { view } = await nextResult(page, () => perform(page, { command: 'demo', condition: 'lbbb' }));
    assert.equal(view.input.simulated, true);
    assert.ok(view.answer.headline && view.answer.sentence);
    assert.equal(view.network.not_run_because, '');
    assert.ok(view.network.outputs.length >= 5);
    assert.ok(view.ecg.leads.every((lead) => lead.trace.n === view.ecg.samples));
    assert.match(await page.innerText('#text-view'), /simulated/i);
    await assertWithinTheTime(() => perform(page, { command: 'demo', condition: 'lbbb' }));
  });

  test('the text says what the dashboard says: answer, next step, evidence, measurements', async () => {
    const { view } = await result(page);
    const live = page.locator('#answer-text');
    assert.equal(await live.getAttribute('aria-live'), 'polite');
    const answer = await live.innerText();
    for (const sentence of [view.answer.headline, view.answer.sentence, view.next_step.headline, ...view.next_step.steps]) {
      assert.ok(answer.includes(sentence), sentence);
    }
    const details = await page.locator('#details-text').innerText();
    for (const { label, explanation } of view.evidence) assert.ok(details.includes(label) && details.includes(explanation), label);
    const rows = page.locator('#details-text table').filter({ hasText: 'Measurements with normal ranges' }).locator('tbody tr');
    assert.equal(await rows.count(), view.measurements.length);
    for (const measurement of view.measurements) assert.ok(details.includes(measurement.label) && details.includes(measurement.text));
    assert.ok(details.includes(view.disclaimer));
    const headings = await page.locator('#text-view h1, #text-view h2').allInnerTexts();
    assert.ok(headings.includes('Measurements') && headings.includes('Evidence'));
  });

  test('an idle page draws no frame', async () => {
    await storedOffline(page);
    await page.waitForFunction(() => window.precordia.status.clips_ready, null, { timeout: 60_000 });  // the last thing that the page does by itself
    await canvasAtRest(page);
    const before = await page.evaluate(() => window.precordia.framesDrawn);
    assert.ok(before > 0);
    await page.waitForTimeout(1500);
    assert.equal(await page.evaluate(() => window.precordia.framesDrawn), before);
  });

  test('a made-up WFDB record by the file chooser', async () => {
    const { view } = await nextResult(page, () => chooseFiles(page, madeUpRecord()));
    assert.equal(view.input.simulated, false);
    assert.match(view.input.name, /madeup/);
    const rate = view.measurements.find(({ id }) => id === 'heart_rate_bpm');
    assert.ok(Math.abs(rate.value - 75) < 2, `75 beats a minute were made, ${rate.value} measured`);
  });

  test('the same record dropped on the page', async () => {
    const { view } = await nextResult(page, () => dropFiles(page, madeUpRecord({ name: 'dropped' })));
    assert.match(view.input.name, /dropped/);
    assert.equal(await page.locator('#drop-hint').isVisible(), false);
  });

  test('a real WFDB record by the file chooser', { skip: noRecords }, async () => {
    const { view } = await nextResult(page, () => chooseFiles(page, recordFiles('00001')));
    assert.equal(view.input.name, '00001.hea');
    assert.equal(view.network.not_run_because, '');
    assert.ok(view.measurements.filter(({ value }) => value !== null).length >= 5);
    assert.equal(await errorShown(page), null);
    await assertWithinTheTime(() => chooseFiles(page, recordFiles('00001')));
  });

  test('a header alone names the file that is missing', async () => {
    const sentence = await nextError(page, () => chooseFiles(page, madeUpRecord().slice(0, 1)));
    assert.match(sentence, /madeup\.dat/);
  });

  test('patient details change the answer and reach the text; unknown stays unknown', async () => {
    await nextResult(page, () => chooseFiles(page, madeUpRecord()));
    await perform(page, { command: 'edit_profile' });
    const form = page.locator('#profile-form');
    await form.locator('[name=age]').fill('12');
    assert.match(await page.innerText('#profile-age-note'), /cannot tell/);
    const child = await nextResult(page, () => form.locator('[value=apply]').click());
    assert.equal(child.view.answer.phenotype, 'cannot_tell');
    assert.equal(child.view.answer.probability, null);
    await perform(page, { command: 'edit_profile' });
    await form.locator('[name=age]').fill('130');
    assert.match(await page.innerText('#profile-age-note'), /0 to 120/);
    await form.locator('[value=apply]').click();
    assert.equal(await page.locator('#profile-dialog').isVisible(), true, 'an impossible age does not close the dialog');
    await form.locator('[name=age]').fill('71');
    await form.locator('[name=sex][value=M]').check();
    await form.locator('[name=ntprobnp]').fill('212,3');
    await form.locator('[name=ntprobnp_unit]').selectOption('pmol_l');
    assert.match(await page.innerText('#profile-ntprobnp-note'), /1795 ng\/L/);  // 212.3 pmol/L × 8.457
    const { view } = await nextResult(page, () => form.locator('[value=apply]').click());
    assert.equal(view.profile.age_years, 71);
    assert.equal(view.profile.sex, 'M');
    assert.ok(Math.abs(view.profile.nt_probnp_ng_l - 1795.4) < 1);
    assert.equal(view.profile.prior_infarction, null);
    assert.equal(view.profile.symptoms, 'unknown');
    assert.match(await page.innerText('#details-text'), /71/);
  });

  test('a report asked for at once carries what was entered, and so does the screen', async () => {
    await perform(page, { command: 'edit_profile' });
    const form = page.locator('#profile-form');
    await form.locator('[name=age]').fill('58');
    await nextResult(page, () => page.evaluate(() => {
      document.querySelector('#profile-form [value=apply]').click();
      window.precordia.perform({ command: 'print' });
    }));
    assert.equal((await result(page)).view.profile.age_years, 58);
    assert.match(await page.frameLocator('#report-frame').locator('header').first().innerText(), /58 y/);
    await page.locator('#report-dialog [value=close]').click();
  });

  test('the next person starts with nothing of the former one', async () => {
    const { view } = await nextResult(page, () => chooseFiles(page, madeUpRecord({ name: 'next' })));
    assert.equal(view.profile.age_years, null);
    assert.equal(view.profile.nt_probnp_ng_l, null);
    await perform(page, { command: 'edit_profile' });
    assert.equal(await page.inputValue('#profile-age'), '');
    await page.locator('#profile-form [value=cancel]').click();
  });

  test('a file dropped on the open patient details closes them: they are not the next person\'s', async () => {
    await perform(page, { command: 'edit_profile' });
    await page.locator('#profile-form [name=age]').fill('71');
    const { view } = await nextResult(page, () => dropFiles(page, madeUpRecord({ name: 'second' }), '#profile-dialog'));
    assert.match(view.input.name, /second/);
    assert.equal(view.profile.age_years, null);
    assert.equal(await page.locator('#profile-dialog').isVisible(), false);
    await perform(page, { command: 'edit_profile' });
    assert.equal(await page.inputValue('#profile-age'), '');
    await page.locator('#profile-form [value=cancel]').click();
  });

  test('patient details cannot be opened while the next person\'s file is being read', async () => {
    await nextResult(page, () => page.evaluate(() => {
      window.precordia.perform({ command: 'demo', condition: 'normal' });
      window.precordia.perform({ command: 'edit_profile' });
    }));
    assert.equal(await page.locator('#profile-dialog').isVisible(), false);
  });

  test('a file dropped on the open report closes it and leaves nothing of the former person in it', async () => {
    await nextResult(page, () => chooseFiles(page, madeUpRecord({ name: 'third' })));
    await perform(page, { command: 'print' });
    await page.frameLocator('#report-frame').locator('h1').first().waitFor();
    const { view } = await nextResult(page, () => dropFiles(page, madeUpRecord({ name: 'fourth' }), '#report-dialog'));
    assert.match(view.input.name, /fourth/);
    assert.equal(await page.locator('#report-dialog').isVisible(), false);
    assert.equal(await page.evaluate(() => document.getElementById('report-frame').contentDocument.body.childElementCount), 0);
  });

  test('a display filter changes the traces and nothing else', async () => {
    const before = await result(page);
    const { view } = await nextResult(page, () => perform(page, { command: 'set_filter', high_pass_hz: 0.5, low_pass_hz: 40, notch_hz: 50 }));
    assert.deepEqual(view.ecg.filter, { high_pass_hz: 0.5, low_pass_hz: 40, notch_hz: 50 });
    assert.deepEqual(view.measurements, before.view.measurements);
    assert.deepEqual(view.answer, before.view.answer);
  });

  test('the display filter stays for the next file, and ends when the examination is closed', async () => {
    const { view } = await nextResult(page, () => perform(page, { command: 'demo', condition: 'normal' }));
    assert.deepEqual(view.ecg.filter, { high_pass_hz: 0.5, low_pass_hz: 40, notch_hz: 50 });
    await perform(page, { command: 'close' });
    await page.waitForFunction(() => window.precordia.lastResult === null);
    const { view: fresh } = await nextResult(page, () => chooseFiles(page, madeUpRecord({ name: 'fresh' })));
    assert.deepEqual(fresh.ecg.filter, { high_pass_hz: 0.05, low_pass_hz: 150, notch_hz: 0 });
  });

  test('the report is printable, styled under the policy, and can be saved', async () => {
    const { view } = await result(page);
    await perform(page, { command: 'print' });
    await page.waitForSelector('#report-dialog[open]');
    const report = page.frameLocator('#report-frame');
    await report.locator('h1').first().waitFor();
    const text = await report.locator('body').innerText();
    assert.ok(text.includes(view.answer.headline));
    assert.match(text, /not a medical device/);
    const style = await page.evaluate(() => {
      const { contentDocument, contentWindow } = document.getElementById('report-frame');
      const rules = contentDocument.adoptedStyleSheets.flatMap((sheet) => [...sheet.cssRules].map((rule) => rule.cssText));
      return { rules, scripts: contentDocument.scripts.length, print: typeof contentWindow.print };
    });
    assert.ok(style.rules.length > 5);
    assert.ok(style.rules.some((rule) => /^@page|@media print/.test(rule)), 'it has rules for paper');
    assert.equal(style.scripts, 0);
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#report-dialog [value=save]').click()]);
    assert.match(download.suggestedFilename(), /^precordia-.*\.html$/);
    await page.locator('#report-dialog [value=close]').click();
  });

  test('printing the page itself prints the answer as text', async () => {
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('#dashboard').isVisible(), false);
    assert.equal(await page.locator('.toolbar').isVisible(), false);
    assert.ok((await page.locator('#answer-text').boundingBox()).height > 50);
    await page.emulateMedia({ media: null });
    assert.equal(await page.locator('#dashboard').isVisible(), true);
  });

  test('the screening is saved as JSON', async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), perform(page, { command: 'export_json' })]);
    assert.match(download.suggestedFilename(), /^precordia-.*\.json$/);
    const chunks = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk);
    const screening = JSON.parse(Buffer.concat(chunks).toString());
    assert.ok(screening.answer.phenotype);
    assert.ok(screening.engine_version);
  });

  test('the model card opens as a readable page, and nothing but documents of the app does', async () => {
    const [model] = await page.evaluate(() => window.precordia.status.models);
    await perform(page, { command: 'open_card', path: model.card });
    await page.waitForSelector('#document-dialog[open]');
    assert.ok((await page.innerText('#document-title')).length > 3);
    assert.ok((await page.locator('#document-body :is(p, li, td)').count()) > 5);
    await page.locator('#document-dialog [value=close]').click();
    for (const path of ['https://example.org/a.md', '//example.org/a.md', 'models/../index.html', 'app.js', 'models/absent.md']) {
      await nextError(page, () => perform(page, { command: 'open_card', path }));
      assert.equal(await page.locator('#document-dialog').isVisible(), false, path);
    }
    page.seen.problems = page.seen.problems.filter((problem) => !/404/.test(problem));  // of models/absent.md
  });

  test('the back button leads from the result to the start screen', async () => {
    assert.ok(await result(page));
    await page.evaluate(() => history.back());
    await page.waitForFunction(() => window.precordia.lastResult === null);
    assert.equal(await page.locator('#details-text').evaluate((element) => element.hidden), true);
    assert.equal(await page.locator('#answer-text').innerText(), '');
    assert.equal(await page.title(), 'Precordia');
  });

  test('the dashboard is worked by keyboard: D examines the simulated patient, O opens the file chooser, F6 leads to the text', async () => {
    await nextResult(page, () => page.keyboard.press('d'));
    await page.keyboard.press('F6');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'plain-link');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'dashboard');
    const chooser = page.waitForEvent('filechooser');
    await page.waitForTimeout(300);   // the browser has to be told first that the chooser is to be caught
    await page.keyboard.press('o');
    await chooser;
  });

  test('a lost WebGL context comes back and draws again', async () => {
    await nextResult(page, () => perform(page, { command: 'demo', condition: 'normal' }));
    await canvasAtRest(page);
    const before = await page.screenshot();
    const restored = await page.evaluate(async () => {
      const canvas = document.getElementById('dashboard');
      const extension = canvas.getContext('webgl2').getExtension('WEBGL_lose_context');
      const lost = new Promise((resolve) => { canvas.addEventListener('webglcontextlost', resolve, { once: true }); });
      extension.loseContext();
      await lost;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
      const back = new Promise((resolve) => { canvas.addEventListener('webglcontextrestored', resolve, { once: true }); });
      extension.restoreContext();
      await back;
      return true;
    });
    assert.ok(restored);
    await canvasAtRest(page);
    assert.ok(before.equals(await page.screenshot()), 'the rebuilt dashboard looks as before');
  });

  describe('files that cannot be examined', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'precordia-bad-'));
    after(() => rmSync(folder, { recursive: true }));
    const onDisk = (name, content) => {
      const file = path.join(folder, name);
      writeFileSync(file, content);
      return file;
    };
    const [header, signal] = madeUpRecord();
    const cases = {
      'empty': () => onDisk('empty.dat', ''),
      'not an ECG': () => onDisk('letter.txt', 'Dear colleague,\nthank you for referring this patient.\n'),
      'a picture named .csv': () => onDisk('picture.csv', Buffer.from('89504e470d0a1a0a0000000d4948445200000001', 'hex')),
      'a signal file that ends early': () => [header, { ...signal, buffer: signal.buffer.subarray(0, 5000) }],
      'nothing but NaN': () => {
        const rows = Array.from({ length: 5000 }, (_, i) => `${i / 500}${',NaN'.repeat(12)}`);
        return onDisk('nan.csv', ['time_s,I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6', ...rows, ''].join('\n'));
      },
      '100 MB': () => {
        const file = onDisk('large.dat', '');
        truncateSync(file, 100 * 1024 * 1024);
        return file;
      },
    };

    for (const [name, make] of Object.entries(cases)) {
      test(`${name}: one sentence, and the result on screen stays`, async () => {
        const before = await result(page);
        const sentence = await nextError(page, () => chooseFiles(page, make()));
        assert.match(sentence, /^[A-Z"“].{10,300}\.$/s);
        assert.doesNotMatch(sentence, /\n|undefined|null|\[object|Error:/);
        assert.deepEqual((await result(page)).view.answer, before.view.answer);
        assert.equal((await page.innerText('#error-text')).trim(), sentence);
      });
    }

    test('after all of them the examination on screen still answers to its controls', async () => {
      const before = await result(page);
      const { view } = await nextResult(page, () => perform(page, { command: 'set_filter', high_pass_hz: 0.05, low_pass_hz: 150, notch_hz: 0 }));
      assert.equal(view.input.name, before.view.input.name);
      assert.deepEqual(view.answer, before.view.answer);
    });

    test('many files at once are one sentence', async () => {
      const sentence = await nextError(page, () => chooseFiles(page, Array.from({ length: 65 }, (_, i) => (
        { name: `${i}.dat`, mimeType: 'application/octet-stream', buffer: Buffer.from('x') }))));
      assert.match(sentence, /65 files/);
    });
  });

  test('three leads: an answer about what they allow, or one sentence; never a crash', async () => {
    const before = await page.evaluate(() => window.precordia.resultsShown);
    await perform(page, { command: 'dismiss_error' });
    await chooseFiles(page, madeUpRecord({ name: 'three', leads: ['I', 'II', 'III'] }));
    await page.waitForFunction((count) => window.precordia.resultsShown > count || window.precordia.error, before);
    const { view } = await result(page);
    if (/three/.test(view.input.name)) assert.ok(view.network.not_run_because || view.network.partial_input, 'that the network had too few leads is said');
    else assert.match(await errorShown(page), /lead/);
  });

  test('nothing is left in the browser’s storage', async () => {
    const stored = await page.evaluate(async () => ({
      local: localStorage.length, session: sessionStorage.length, cookies: document.cookie,
      databases: (await indexedDB.databases()).length, caches: (await caches.keys()).filter((name) => !name.startsWith('precordia-')),
    }));
    assert.deepEqual(stored, { local: 0, session: 0, cookies: '', databases: 0, caches: [] });
    assert.deepEqual(await context.cookies(), []);
  });

  test('no request ever left for another origin, no policy was violated, no error was logged', () => {
    assert.ok(page.seen.requests.length > 10);
    const own = [server.url, `blob:${server.url}`];
    assert.deepEqual(page.seen.requests.filter((url) => !own.some((prefix) => url.startsWith(prefix))), []);
    assert.deepEqual(page.seen.problems, []);
  });
});
