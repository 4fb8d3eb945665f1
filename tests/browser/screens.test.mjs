// Pictures of every screen at the three sizes that the design names, kept in build/test-artefacts/screenshots for a person to look at.
// What is asserted is little: every screen draws something of its own, and comes to rest.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { canvasAtRest, launchBrowser, nextResult, openApp, perform, saveArtefact, serve } from './support.mjs';

const kSizes = [{ width: 1280, height: 800 }, { width: 800, height: 1280 }, { width: 390, height: 844 }];
// A blank picture of these sizes is a few kB.
const kLeastBytes = 15_000;

let browser;
let server;
before(async () => {
  browser = await launchBrowser();
  server = await serve();
});

for (const size of kSizes) {
  const name = `${size.width}x${size.height}`;
  describe(`at ${name}`, () => {
    let page;
    const pictures = new Map();
    const take = async (screen) => {
      await canvasAtRest(page);
      const picture = await page.screenshot();
      saveArtefact(`screenshots/${screen}-${name}.png`, picture);
      assert.ok(picture.length > kLeastBytes, `${screen}: ${picture.length} bytes`);
      for (const [other, before] of pictures) assert.ok(!before.equals(picture), `${screen} differs from ${other}`);
      pictures.set(screen, picture);
    };

    before(async () => {
      const context = await browser.newContext({ viewport: size, hasTouch: size.width < 1000, serviceWorkers: 'block' });
      page = await openApp(context, server.url, { query: '?provider=wasm' });
    });

    test('the start screen', () => take('start'));

    test('the result screen, and further down', async () => {
      await nextResult(page, () => perform(page, { command: 'demo', condition: 'lbbb' }));
      await take('result');
      await page.mouse.move(size.width / 2, size.height / 2);
      for (let i = 1; i <= 3; ++i) {
        await page.mouse.wheel(0, size.height * 0.7);
        await canvasAtRest(page);
        saveArtefact(`screenshots/result-scrolled-${i}-${name}.png`, await page.screenshot());
      }
    });

    test('an error leaves the result in place', async () => {
      await page.setInputFiles('#file-input', { name: 'letter.txt', mimeType: 'text/plain', buffer: Buffer.from('Dear colleague,\n') });
      await page.waitForFunction(() => window.precordia.error);
      await take('error');
      await perform(page, { command: 'dismiss_error' });
    });

    test('the patient details', async () => {
      await perform(page, { command: 'edit_profile' });
      await take('profile');
      const box = await page.locator('#profile-dialog').boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= size.width && box.height <= size.height, 'the dialog fits the screen');
      for (const button of await page.locator('#profile-form button, #profile-form .choices label').all()) {
        assert.ok((await button.boundingBox()).height >= 44, 'large enough for a finger');
      }
      await page.locator('#profile-form [value=cancel]').click();
    });

    test('the report', async () => {
      await perform(page, { command: 'print' });
      await page.frameLocator('#report-frame').locator('h1').first().waitFor();
      await take('report');
      await page.locator('#report-dialog [value=close]').click();
    });

    test('the text view', async () => {
      await page.locator('#plain-link').focus();
      await page.keyboard.press('Enter');
      await page.locator('#text-view h1').waitFor();
      saveArtefact(`screenshots/text-${name}.png`, await page.screenshot({ fullPage: true }));
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is cut off');
      await page.getByRole('button', { name: 'Back to the dashboard' }).click();
    });

    test('the about screen', async () => {
      // The information button, at the right end of the header (src/dashboard/chrome.cc).
      await page.mouse.click(size.width - 36, 28);
      await take('about');
    });

    test('without an error in the console', () => assert.deepEqual(page.seen.problems, []));
  });
}
