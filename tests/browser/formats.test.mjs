// Files of the kinds that a clinic has, dropped on the page as a user would: one file, a folder, several files, a zip, what the
// share sheet hands over, and what is refused.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { dropFiles, launchBrowser, madeUpRecord, nextError, nextResult, openApp, serve, storedOffline } from './support.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'precordia-drop-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const leads = ['I', 'II', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'];
const record = madeUpRecord({ leads });
const samples = new Int16Array(record[1].buffer.buffer, record[1].buffer.byteOffset, record[1].buffer.byteLength / 2);
const lead = (k) => samples.filter((_, i) => i % leads.length === k);

// A MUSE file with the recorder's own measurements and statement, and a name that must not show.
const muse = Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?><RestingECG>
<PatientDemographics><PatientID>4711</PatientID><PatientLastName>Mustermann</PatientLastName><PatientAge>58</PatientAge><AgeUnits>YEARS</AgeUnits><Gender>MALE</Gender></PatientDemographics>
<TestDemographics><AcquisitionDevice>MAC55</AcquisitionDevice><AcquisitionTime>11:18:00</AcquisitionTime><AcquisitionDate>03-25-2024</AcquisitionDate></TestDemographics>
<RestingECGMeasurements><VentricularRate>75</VentricularRate><PRInterval>161</PRInterval><QRSDuration>88</QRSDuration><QTInterval>390</QTInterval><QTCorrected>436</QTCorrected><RAxis>52</RAxis></RestingECGMeasurements>
<Diagnosis><DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>Normal sinus rhythm</StmtText></DiagnosisStatement></Diagnosis>
<Waveform><WaveformType>Rhythm</WaveformType><SampleBase>500</SampleBase><HighPassFilter>5</HighPassFilter><LowPassFilter>150</LowPassFilter>
${leads.map((name, k) => `<LeadData><LeadAmplitudeUnitsPerBit>1</LeadAmplitudeUnitsPerBit><LeadID>${name}</LeadID><WaveFormData>${Buffer.from(lead(k).buffer).toString('base64')}</WaveFormData></LeadData>`).join('')}
</Waveform></RestingECG>`);

const aecg = Buffer.from(`<AnnotatedECG xmlns="urn:hl7-org:v3"><component><series><code code="RHYTHM"/><component><sequenceSet>
<component><sequence><code code="TIME_RELATIVE"/><value><head value="0" unit="s"/><increment value="0.002" unit="s"/></value></sequence></component>
${leads.map((name, k) => `<component><sequence><code code="MDC_ECG_LEAD_${name}"/><value><origin value="0" unit="uV"/><scale value="1" unit="uV"/><digits>${[...lead(k)].join(' ')}</digits></value></sequence></component>`).join('')}
</sequenceSet></component></series></component></AnnotatedECG>`);

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function zip(files) {
  const locals = [];
  const central = [];
  let at = 0;
  for (const { name, buffer } of files) {
    const packed = deflateRawSync(buffer);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc32(buffer), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(buffer.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, tail, Buffer.from(name)]));
    locals.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, directory, end]);
}

/** Drops paths of this machine, files or folders, through the browser's own drag and drop. */
async function dropPaths(page, paths) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop']) await session.send('Input.dispatchDragEvent', { type, x: 400, y: 300, data });
  await session.detach();
}

let page;
let server;

before(async () => {
  const browser = await launchBrowser();
  server = await serve();
  page = await openApp(await browser.newContext({ viewport: { width: 1280, height: 800 } }), server.url, { query: '?provider=wasm' });
});

const rateOf = (view) => view.measurements.find(({ id }) => id === 'heart_rate_bpm').value;

describe('files of a clinic', () => {
  test('a MUSE file: our measurements with the recorder\'s beside them, and no name', async () => {
    const { view } = await nextResult(page, () => dropFiles(page, [{ name: 'muse.xml', buffer: muse }]));
    assert.match(view.input.format, /MUSE/);
    assert.ok(Math.abs(rateOf(view) - 75) < 2);
    assert.equal(view.measurements.find(({ id }) => id === 'pr_ms').device, 'recorder: 161 ms');
    assert.deepEqual(view.device.statements, ['Normal sinus rhythm']);
    assert.ok(view.device.lines.some((line) => line.includes('0.05 Hz') && line.includes('150 Hz')));
    assert.equal(view.input.recorded_at, '2024-03-25T11:18:00');
    const text = await page.locator('#text-view').innerText();
    assert.match(text, /Stated by the recorder, not by Precordia/);
    assert.match(text, /Normal sinus rhythm/);
    assert.match(text, /recorder: 161 ms/);
    assert.doesNotMatch(JSON.stringify(view) + text, /Mustermann|4711/);
  });

  test('an HL7 aECG file', async () => {
    const { view } = await nextResult(page, () => dropFiles(page, [{ name: 'ecg.xml', buffer: aecg }]));
    assert.match(view.input.format, /aECG/);
    assert.ok(Math.abs(rateOf(view) - 75) < 2);
  });

  test('several files dropped together: the samples first, their header last', async () => {
    const { view } = await nextResult(page, () => dropFiles(page, [...madeUpRecord({ name: 'together' })].reverse()));
    assert.match(view.input.name, /together/);
    assert.ok(Math.abs(rateOf(view) - 75) < 2);
  });

  test('a folder, dropped through the browser\'s own drag and drop', async () => {
    mkdirSync(path.join(folder, 'visit', 'inner'), { recursive: true });
    for (const { name, buffer } of madeUpRecord({ name: 'infolder' })) writeFileSync(path.join(folder, 'visit', 'inner', name), buffer);
    writeFileSync(path.join(folder, 'visit', '.DS_Store'), 'x');
    const { view } = await nextResult(page, () => dropPaths(page, [path.join(folder, 'visit')]));
    assert.match(view.input.name, /infolder/);
  });

  test('a zip of a WFDB record and a zip of one XML file', async () => {
    const { view } = await nextResult(page, () => dropFiles(page, [{ name: 'record.zip', buffer: zip(madeUpRecord({ name: 'zipped' })) }]));
    assert.ok(Math.abs(rateOf(view) - 75) < 2);
    const second = await nextResult(page, () => dropFiles(page, [{ name: 'muse.zip', buffer: zip([{ name: 'a/muse.xml', buffer: muse }]) }]));
    assert.match(second.view.input.format, /MUSE/);
  });

  test('two people\'s files dropped together are not read as one', async () => {
    const sentence = await nextError(page, () => dropFiles(page, [{ name: 'a.xml', buffer: muse }, { name: 'b.xml', buffer: aecg }]));
    assert.match(sentence, /2 recordings/);
  });

  for (const [name, buffer, words] of [
    ['letter.doc', Buffer.from('d0cf11e0a1b11ae1'.padEnd(1200, '0'), 'hex'), /Office document/],
    ['letter.docx', zip([{ name: '[Content_Types].xml', buffer: Buffer.from('<Types/>') }, { name: 'word/document.xml', buffer: Buffer.from('<w/>') }]), /Word|Office/],
    ['photo.heic', Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic'), Buffer.alloc(400)]), /HEIC/],
    ['r12.ecg', Buffer.concat([Buffer.from([1, 2, 0, 3]), Buffer.from('MINDRAY R12'), Buffer.alloc(500, 7)]), /Mindray/],
    ['mac.bin', Buffer.concat([Buffer.from([1, 2, 0, 3]), Buffer.from('MAC2000'), Buffer.alloc(500, 7)]), /MAC 2000/],
    ['nk.bin', Buffer.concat([Buffer.from([1, 2, 0, 3]), Buffer.from('NIHON KOHDEN'), Buffer.alloc(500, 7)]), /Nihon Kohden/],
    ['scan.pdf', Buffer.from('%PDF-1.4\n1 0 obj << /Type /Page /Contents 2 0 R /Resources << /XObject << /I 3 0 R >> >> >> endobj 2 0 obj << /Length 9 >> stream\nq /I Do Q\nendstream endobj 3 0 obj << /Subtype /Image /Length 1 >> stream\nx\nendstream endobj'), /picture of an ECG/],
  ]) {
    test(`${name} is refused by what it is`, async () => {
      assert.match(await nextError(page, () => dropFiles(page, [{ name, buffer }])), words);
    });
  }

  test('a file shared with the installed app is handed over once and not stored', async () => {
    await storedOffline(page);
    await page.reload();
    await page.waitForFunction(() => window.precordia?.ready !== null && navigator.serviceWorker.controller);
    // What the share sheet does: a POST of a form to the share target, answered with a redirect to the page.
    await page.evaluate(async (text) => {
      const form = new FormData();
      form.append('ecg', new File([text], 'shared.xml', { type: 'text/xml' }));
      await fetch('share', { method: 'POST', body: form, redirect: 'manual' });
    }, muse.toString('latin1'));
    await page.goto(`${server.url}?shared=1&provider=wasm`);
    await page.waitForFunction(() => window.precordia?.resultsShown > 0, null, { timeout: 30_000 });
    assert.equal(new URL(page.url()).search, '');
    assert.match(await page.locator('#text-view').innerText(), /Normal sinus rhythm/);
    const stored = await page.evaluate(async () => {
      const found = [];
      for (const name of await caches.keys()) for (const { url } of await (await caches.open(name)).keys()) if (/share/.test(url)) found.push(url);
      return found.filter((url) => !url.endsWith('shared_files.js'));
    });
    assert.deepEqual(stored, []);
  });

  test('the manifest offers the app for these files and for sharing', async () => {
    const manifest = await page.evaluate(() => fetch('manifest.webmanifest').then((response) => response.json()));
    const endings = Object.values(manifest.file_handlers[0].accept).flat();
    for (const ending of ['.hea', '.edf', '.dcm', '.scp', '.xml', '.json', '.pdf', '.zip', '.csv', '.txt']) assert.ok(endings.includes(ending), ending);
    assert.equal(manifest.share_target.method, 'POST');
    assert.equal(manifest.share_target.params.files[0].name, 'ecg');
  });
});
