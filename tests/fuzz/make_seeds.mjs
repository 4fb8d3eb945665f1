// Small files of every format, made here, for the fuzzers to start from; with ../shared/data also shrunken copies of its samples, which
// stay in the build folder.
//   node tests/fuzz/make_seeds.mjs [build/fuzz/seeds]
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { jpegOf } from '../../web/jpeg.mjs';
import { greyPng } from '../../web/png.mjs';

// CRC-32 as zlib computes it; Node has it since 20.15 only.
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

const repository = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const out = process.argv[2] ?? path.join(repository, 'build/fuzz/seeds');
// Few and short: a fuzzer changes small files thousands of times while it changes a large one once.
const leads = ['I', 'II', 'aVR', 'V1'];
const count = 24;

// Small integers that obey Einthoven's law.
const one = Array.from({ length: count }, (_, i) => (i % 20 === 7 ? 90 : i % 5) * 2);
const two = one.map((v, i) => v + (i % 3) * 2);
const samples = {
  I: one, II: two, III: one.map((v, i) => two[i] - v), aVR: one.map((v, i) => -(v + two[i]) / 2), aVL: one.map((v, i) => v - two[i] / 2),
  aVF: one.map((v, i) => two[i] - v / 2), ...Object.fromEntries(['V1', 'V2', 'V3', 'V4', 'V5', 'V6'].map((name, k) => [name, one.map((v) => v - 3 * k)])),
};
const int16 = (values) => Buffer.from(Int16Array.from(values).buffer);
const base64 = (values) => int16(values).toString('base64');

function write(target, name, bytes) {
  mkdirSync(path.join(out, target), { recursive: true });
  writeFileSync(path.join(out, target, name), bytes);
  if (!['read_ecg', 'bundle', 'read_clip', 'read_page'].includes(target)) write('read_ecg', `${target}_${name}`, bytes);
}

const header = `seed ${leads.length} 500 ${count}\n${leads.map((lead) => `seed.dat 16 400/mV 16 0 ${samples[lead][0]} 0 0 ${lead}`).join('\n')}\n# age: 63\n# sex: F\n`;
const interleaved = int16(one.flatMap((_, i) => leads.map((lead) => samples[lead][i])));
const mark = Buffer.from([0xf5, ...Buffer.from('NEXTFILE')]);
write('wfdb', 'header', header);
write('bundle', 'wfdb16', Buffer.concat([Buffer.from(header.replaceAll('seed.dat', 'a.dat')), mark, interleaved]));
for (const format of [8, 24, 32, 61, 80, 160, 212, 310, 311, 508, 516, 524]) {
  write('bundle', `wfdb${format}`, Buffer.concat([Buffer.from(`a 2 250 20\na.dat ${format} 200 12 0 1 0 0 I\na.dat ${format} 200 12 0 1 0 0 II\n`), mark,
    Buffer.from('fLaC'), interleaved]));
}
write('bundle', 'segments', Buffer.concat([Buffer.from('a/2 1 250 40\na_1 20\na_2 20\n'), mark, interleaved, mark, interleaved, mark,
  Buffer.from('a_1 1 250 20\na.dat 16 200 16 0 0 0 0 I\n'), mark, Buffer.from('a_2 1 250 20\nb.dat 16 200 16 0 0 0 0 I\n')]));

write('aecg', 'small', `<?xml version="1.0"?><AnnotatedECG xmlns="urn:hl7-org:v3"><effectiveTime><low value="20200102030405"/></effectiveTime>
<trialSubject><id extension="1"/><subjectDemographicPerson><name>N</name><administrativeGenderCode code="F"/><birthTime value="19500101"/></subjectDemographicPerson></trialSubject>
<component><series><code code="RHYTHM"/><effectiveTime><low value="20200102030405.000"/></effectiveTime><component><sequenceSet>
<component><sequence><code code="TIME_ABSOLUTE"/><value><head value="20200102030405.000"/><increment value="0.002" unit="s"/></value></sequence></component>
${leads.map((lead) => `<component><sequence><code code="MDC_ECG_LEAD_${lead.toUpperCase()}"/><value><origin value="0" unit="uV"/><scale value="2.5" unit="uV"/><digits>${samples[lead].join(' ')}</digits></value></sequence></component>`).join('\n')}
</sequenceSet></component><subjectOf><annotationSet><component><annotation><code code="MDC_ECG_HEART_RATE"/><value value="60" unit="/min"/></annotation></component></annotationSet></subjectOf></series></component></AnnotatedECG>`);
const museLead = (lead) => `<LeadData><LeadSampleCountTotal>${count}</LeadSampleCountTotal><LeadAmplitudeUnitsPerBit>4.88</LeadAmplitudeUnitsPerBit><LeadAmplitudeUnits>MICROVOLTS</LeadAmplitudeUnits><LeadID>${lead}</LeadID><LeadSampleSize>2</LeadSampleSize><LeadDataCRC32>${crc32(int16(samples[lead]))}</LeadDataCRC32><WaveFormData>${base64(samples[lead])}</WaveFormData></LeadData>`;
write('muse', 'small', `<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE RestingECG SYSTEM "restecg.dtd"><RestingECG><PatientDemographics><PatientID>1</PatientID><PatientAge>58</PatientAge><AgeUnits>YEARS</AgeUnits><Gender>MALE</Gender><DateofBirth>01-02-1950</DateofBirth></PatientDemographics><TestDemographics><AcquisitionTime>11:18:00</AcquisitionTime><AcquisitionDate>03-25-1996</AcquisitionDate></TestDemographics><RestingECGMeasurements><VentricularRate>69</VentricularRate><QTCorrected>416</QTCorrected></RestingECGMeasurements><Diagnosis><DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>Sinus rhythm</StmtText></DiagnosisStatement></Diagnosis><Waveform><WaveformType>Rhythm</WaveformType><SampleBase>500</SampleBase><SampleExponent>0</SampleExponent><HighPassFilter>5</HighPassFilter>${leads.map(museLead).join('')}</Waveform></RestingECG>`);

// XLI: no dictionary codes, every byte as itself in ten bits.
function xliLead(values) {
  const bytes = [...values.map((v) => (v >> 8) & 255), ...values.map((v) => v & 255)];
  const bits = bytes.flatMap((byte) => Array.from({ length: 10 }, (_, i) => (byte >> (9 - i)) & 1)).concat(Array(10).fill(1));
  const packed = Buffer.alloc(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => { packed[i >> 3] |= bit << (7 - (i & 7)); });
  const head = Buffer.alloc(8);
  head.writeInt32LE(packed.length, 0);
  return Buffer.concat([head, packed]);
}
write('sierra', 'small', `<?xml version="1.0"?><restingecgdata><documentinfo><documenttype>PhilipsECG</documenttype><documentversion>1.04</documentversion></documentinfo><dataacquisition date="2020-05-18" time="15:48:11"><machine>M</machine><signalcharacteristics><samplingrate>500</samplingrate><resolution>5</resolution><numberchannelsvalid>12</numberchannelsvalid></signalcharacteristics></dataacquisition><interpretations><interpretation><globalmeasurements><heartrate>64</heartrate></globalmeasurements><statement><leftstatement>SR</leftstatement><rightstatement>x</rightstatement></statement></interpretation></interpretations><waveforms><parsedwaveforms dataencoding="Base64" compression="XLI" leadlabels="${leads.join(' ')}" samplespersecond="500" resolution="5">${Buffer.concat(leads.map((lead) => xliLead(samples[lead]))).toString('base64')}</parsedwaveforms></waveforms></restingecgdata>`);
write('schiller', 'small', `<com.xiriuz.sema.xml.schillerEDI.SchillerEDI><patdata><id>1</id><gender>MALE</gender></patdata><examdescript><startdatetime><date>20060502</date><time>140610000</time></startdatetime></examdescript><eventdata><event><wavedata><type>ECG_RHYTHMS</type><resolution><samplerate><value>500</value></samplerate><yres><unitperbit>1.0</unitperbit><units>UV</units></yres></resolution>${leads.map((lead) => `<channel><name>${lead.toUpperCase()}</name><data>${samples[lead].join(',')}</data><datastype>COMMASEPARATE</datastype><samplecount>${count}</samplecount></channel>`).join('')}</wavedata><annotation_global><name>HR</name><value>59</value></annotation_global></event></eventdata></com.xiriuz.sema.xml.schillerEDI.SchillerEDI>`);
write('mortara', 'small', `<ECG ACQUISITION_TIME="20021122091000" AGE="49" AGE_UNITS="Y" VENT_RATE="67"><SUBJECT GENDER="Male" ID="1" DOB="19530508"/><SOURCE MANUFACTURER="M" MODEL="E"/><STATEMENT TEXT="SR" REASON=""/>${leads.map((lead) => `<CHANNEL OFFSET="0" BITS="16" FORMAT="SIGNED" UNITS_PER_MV="400" DURATION="${count}" SAMPLE_FREQ="500" NAME="${lead}" ENCODING="BASE64" DATA="${base64(samples[lead])}"/>`).join('')}</ECG>`);
write('cardiosoft', 'small', `<CardiologyXML><ObservationDateTime><Hour>9</Hour><Minute>10</Minute><Second>0</Second><Day>22</Day><Month>11</Month><Year>2002</Year></ObservationDateTime><PatientInfo><PID>1</PID><Gender>MALE</Gender><Age units="Years">49</Age></PatientInfo><StripData><SampleRate units="Hz">500</SampleRate><ChannelSampleCountTotal>${count}</ChannelSampleCountTotal><Resolution units="uVperLsb">2.5</Resolution>${leads.map((lead) => `<WaveformData lead="${lead}">${samples[lead].join(',')}</WaveformData>`).join('')}</StripData></CardiologyXML>`);
const component = (lead, i) => ({ code: { coding: [{ code: String(131073 + i), display: `MDC_ECG_LEAD_${lead}` }] }, valueSampledData: { origin: { value: 0, unit: 'uV' }, period: 2, factor: 2.5, dimensions: 1, data: samples[lead].join(' ') } });
write('fhir', 'json', JSON.stringify({ resourceType: 'Bundle', entry: [{ resource: { resourceType: 'Observation', effectiveDateTime: '2020-01-02', component: ['I', 'II'].map(component) } }, { resource: { resourceType: 'Patient', gender: 'female', birthDate: '1950-01-01' } }] }));
write('fhir', 'xml', `<Observation xmlns="http://hl7.org/fhir"><effectiveDateTime value="2015-02-19"/><component><code><coding><code value="131329"/><display value="MDC_ECG_ELEC_POTL_I"/></coding></code><valueSampledData><origin><value value="2048"/></origin><period value="10"/><factor value="1.612"/><dimensions/><data value="${one.map((v) => v + 2040).join(' ')}"/></valueSampledData></component></Observation>`);
write('csv', 'table', `time_s,${leads.join(',')}\n${one.map((_, i) => [(i / 500).toFixed(3), ...leads.map((lead) => (samples[lead][i] / 400).toFixed(4))].join(',')).join('\n')}\n`);
write('csv', 'decimal_comma', `\ufeffI;II\n${one.map((v, i) => `${v},5;${two[i]},0`).join('\n')}\n`);
write('csv', 'rows', ['I', 'II'].map((lead) => [lead, ...samples[lead], ...samples[lead], ...samples[lead]].join('\t')).join('\n'));
write('csv', 'watch', `Recorded Date,2026-08-26 18:15:35 +0100\nDevice,"Watch7,11"\nSample Rate,511,422 hertz\n\nLead,Lead I\nUnit,µV\n\n${one.map((v) => `${v},000`).join('\n')}\n`);

const trace = (y, label, x = 50) => `BT /F1 12 Tf ${x} ${y + 40} Td (${label}) Tj ET\n0 0 1 RG ${one.concat(one, one).map((v, i) => `${x + i} ${y + v / 5} ${i ? 'l' : 'm'}`).join(' ')} S\n`;
const grid = Array.from({ length: 40 }, (_, i) => `${50 + i * 14.173} 50 m ${50 + i * 14.173} 500 l S 50 ${50 + i * 14.173} m 600 ${50 + i * 14.173} l S`).join('\n');
const content = deflateSync(`${grid}\n${trace(400, 'I')}${trace(300, 'II')}${trace(200, 'V1')}BT 1 0 0 1 50 20 Tm (25 mm/s 10 mm/mV) Tj ET`);
write('pdf', 'page', Buffer.concat([Buffer.from(`%PDF-1.4\n1 0 obj << /Type /Page /Contents 2 0 R /Resources << /Font << /F1 3 0 R >> >> >> endobj\n2 0 obj << /Filter /FlateDecode /Length ${content.length} >> stream\n`), content, Buffer.from('\nendstream endobj\n3 0 obj << /Type /Font >> endobj\ntrailer << >>\n%%EOF')]));
write('gzip', 'csv', gzipSync(readFileSync(path.join(out, 'csv/table'))));

function zip(name, bytes) {
  const packed = deflateRawSync(bytes);
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(8, 4);
  fields.writeUInt32LE(crc32(bytes), 10);
  fields.writeUInt32LE(packed.length, 14);
  fields.writeUInt32LE(bytes.length, 18);
  fields.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), packed]);
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, Buffer.alloc(14), Buffer.from(name)]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}
write('zip', 'csv', zip('a.csv', readFileSync(path.join(out, 'csv/table'))));

// ---- clips: three frames of a small fan, in every container that needs no compressor -----------------------------------------------

const wide = 40, high = 36;
const fan = (t) => Buffer.from(Array.from({ length: wide * high }, (_, i) => {
  const x = (i % wide) - wide / 2 + 0.5, y = Math.floor(i / wide) - 1;
  return Math.hypot(x, y) < 33 && Math.abs(x) < 0.55 * y ? 40 + ((i * 7919 + t * 104729) % 97) : 0;
}));
const element = (group, number, vr, value) => {
  const padded = value.length % 2 ? Buffer.concat([value, Buffer.from([vr === 'UI' ? 0 : 32])]) : value;
  const head = Buffer.alloc(vr === 'OB' ? 12 : 8);
  head.writeUInt16LE(group, 0), head.writeUInt16LE(number, 2), head.write(vr, 4);
  if (vr === 'OB') head.writeUInt32LE(padded.length, 8);
  else head.writeUInt16LE(padded.length, 6);
  return Buffer.concat([head, padded]);
};
const short = (value) => Buffer.from(Uint16Array.of(value).buffer);
const dicomClip = (syntax, pixels) => Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), element(2, 0x10, 'UI', Buffer.from(syntax)),
  element(8, 0x60, 'CS', Buffer.from('US')), element(0x18, 0x1063, 'DS', Buffer.from('40')), element(0x28, 2, 'US', short(1)),
  element(0x28, 4, 'CS', Buffer.from('MONOCHROME2')), element(0x28, 8, 'IS', Buffer.from('2')), element(0x28, 0x10, 'US', short(high)),
  element(0x28, 0x11, 'US', short(wide)), element(0x28, 0x100, 'US', short(8)), element(0x28, 0x101, 'US', short(8)), pixels]);
write('read_clip', 'native.dcm', dicomClip('1.2.840.10008.1.2.1', element(0x7fe0, 0x10, 'OB', Buffer.concat([fan(0), fan(1)]))));
const item = (content) => Buffer.concat([Buffer.from([0xfe, 0xff, 0, 0xe0]), Buffer.from(Uint32Array.of(content.length).buffer), content]);
const runs = (pixels) => {   // PackBits, literals only
  const head = Buffer.from(Uint32Array.of(1, 64, ...Array(14).fill(0)).buffer), parts = [head];
  for (let at = 0; at < pixels.length; at += 128) parts.push(Buffer.from([Math.min(128, pixels.length - at) - 1]), pixels.subarray(at, at + 128));
  return Buffer.concat(parts);
};
write('read_clip', 'rle.dcm', dicomClip('1.2.840.10008.1.2.5', Buffer.concat([Buffer.from('e07f10004f420000ffffffff', 'hex'), item(Buffer.alloc(0)),
  item(runs(fan(0))), item(runs(fan(1))), Buffer.from('feffdde000000000', 'hex')])));
const riff = (id, ...content) => {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from(id), Buffer.from(Uint32Array.of(body.length).buffer), body]);
};
const stream = Buffer.alloc(56), bitmap = Buffer.alloc(40);
stream.write('vids'), stream.writeUInt32LE(1, 20), stream.writeUInt32LE(25, 24), stream.writeUInt32LE(2, 32);
bitmap.writeUInt32LE(40, 0), bitmap.writeInt32LE(wide, 4), bitmap.writeInt32LE(-high, 8), bitmap.writeUInt16LE(1, 12), bitmap.writeUInt16LE(8, 14);
bitmap.write('Y800', 16);
write('read_clip', 'grey.avi', riff('RIFF', Buffer.from('AVI '), riff('LIST', Buffer.from('hdrl'), riff('LIST', Buffer.from('strl'), riff('strh', stream), riff('strf', bitmap))),
  riff('LIST', Buffer.from('movi'), riff('00db', fan(0)), riff('00db', fan(1)))));
const lzw = (pixels) => {   // codes of nine bits, cleared before they would grow
  const codes = [];
  pixels.forEach((value, i) => codes.push(...(i % 200 === 0 ? [256, value] : [value])));
  const bits = [...codes, 257].map((code) => code.toString(2).padStart(9, '0').split('').reverse().join('')).join('');
  const packed = Buffer.from((bits.match(/.{1,8}/g) ?? []).map((byte) => parseInt(byte.split('').reverse().join(''), 2)));
  const blocks = [];
  for (let at = 0; at < packed.length; at += 255) blocks.push(Buffer.from([Math.min(255, packed.length - at)]), packed.subarray(at, at + 255));
  return Buffer.concat([Buffer.from([8]), ...blocks, Buffer.from([0])]);
};
const grey = Buffer.from(Array.from({ length: 768 }, (_, i) => Math.floor(i / 3)));
const image = (t) => Buffer.concat([Buffer.from([0x21, 0xf9, 4, 0, 4, 0, 0, 0, 0x2c, 0, 0, 0, 0, wide, 0, high, 0, 0]), lzw(fan(t))]);
write('read_clip', 'still.gif', Buffer.concat([Buffer.from('GIF89a'), Buffer.from([wide, 0, high, 0, 0xf7, 0, 0]), grey, image(0), Buffer.from([0x3b])]));
write('read_clip', 'animated.gif', Buffer.concat([Buffer.from('GIF89a'), Buffer.from([wide, 0, high, 0, 0xf7, 0, 0]), grey, image(0), image(1), Buffer.from([0x3b])]));

// ---- pages of paper -------------------------------------------------------------------------------------------------------------

// 50 x 30 mm at four pixels to the millimetre: grid, pulse and rows of traces. As small as what the digitiser takes.
const pageWide = 200, pageHigh = 120;
function pagePixels(rows) {
  const pixels = Buffer.alloc(pageWide * pageHigh, 250);
  const dark = (x, y, value) => { if (x >= 0 && y >= 0 && x < pageWide && y < pageHigh) pixels[y * pageWide + x] = Math.min(pixels[y * pageWide + x], value); };
  for (let y = 0; y < pageHigh; ++y) for (let x = 0; x < pageWide; ++x) if (x % 20 === 0 || y % 20 === 0) dark(x, y, 190); else if (x % 4 === 0 || y % 4 === 0) dark(x, y, 225);
  for (let row = 0; row < rows; ++row) {
    let before = null;
    for (let x = 6; x < pageWide - 6; ++x) {
      const beat = (x - 30) % 60;
      const mm = x < 10 ? 0 : x < 26 ? 10 : x < 30 ? 0 : beat === 20 ? 8 : beat === 21 ? 4 : beat === 19 || beat === 22 ? -1 : beat > 40 && beat < 55 ? 1.5 : 0;
      const at = Math.round(pageHigh * (row + 0.6) / rows - 4 * mm);
      for (let y = Math.min(at, before ?? at); y <= Math.max(at, before ?? at) + 1; ++y) dark(x, y, 20);
      before = at;
    }
  }
  return pixels;
}
const pageRgb = (rows) => Buffer.from(Array.from(pagePixels(rows), (grey) => [grey, grey > 100 ? grey - 20 : grey, grey > 100 ? grey - 20 : grey]).flat());
for (const rows of [1, 3]) write('read_page', `rows_${rows}.png`, greyPng(pageWide, pageHigh, pagePixels(rows)));
write('read_page', 'blank.png', greyPng(pageWide, pageHigh, Buffer.alloc(pageWide * pageHigh, 240)));
write('read_page', 'page.jpg', Buffer.from(jpegOf(pageWide, pageHigh, pageRgb(1), 3)));
const pageObject = (dictionary, stream) => Buffer.concat([Buffer.from(`%PDF-1.4\n1 0 obj\n<< /Type /Page /Rotate 90 /Contents 2 0 R /Resources << /XObject << /Im0 4 0 R >> >> >>\nendobj\n`
  + `2 0 obj\n<< /Length 32 >>\nstream\nq 612 0 0 459 0 0 cm /Im0 Do Q   \nendstream\nendobj\n4 0 obj\n<< /Subtype /Image /Width 600 /Height 400 ${dictionary} /Length ${stream.length} >>\nstream\n`),
  stream, Buffer.from('\nendstream\nendobj\n')]);
const bits = Buffer.alloc(75 * 400, 0xef);
write('read_page', 'one_bit.pdf', pageObject('/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /FlateDecode /Decode [1 0]', deflateSync(bits)));
write('read_page', 'predicted.pdf', pageObject('/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors 1 /BitsPerComponent 1 /Columns 600 >>',
  deflateSync(Buffer.concat(Array.from({ length: 400 }, (_, y) => Buffer.concat([Buffer.from([y % 5]), bits.subarray(0, 75)]))))));
write('read_page', 'palette.pdf', pageObject('/ColorSpace [/Indexed /DeviceRGB 3 <FFFFFF FF8080 202020 A0A0A0>] /BitsPerComponent 2 /Filter /FlateDecode', deflateSync(Buffer.alloc(150 * 400, 0x1b))));
write('read_page', 'jpeg.pdf', pageObject('/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode', Buffer.from(jpegOf(64, 48, pageRgb(1).subarray(0, 64 * 48 * 3), 20))));
write('read_page', 'fax.pdf', pageObject('/BitsPerComponent 1 /Filter /CCITTFaxDecode', Buffer.from('00112233', 'hex')));

// ---- shrunken copies of the shared samples ----------------------------------------------------------------------------------

const shared = path.join(repository, '../shared/data/formats');
if (existsSync(shared)) {
  const targets = { aecg: 'aecg', muse: 'muse', sierra: 'sierra', schiller: 'schiller', fhir: 'fhir', csv_txt: 'csv', scp: 'scp', dicom: 'dicom', edf: 'edf', norav: 'norav' };
  for (const [folder, target] of Object.entries(targets)) {
    if (!existsSync(path.join(shared, folder))) continue;
    for (const name of readdirSync(path.join(shared, folder))) {
      const file = path.join(shared, folder, name);
      if (name === 'README' || !statSync(file).isFile()) continue;
      let bytes = readFileSync(file);
      if (/\.xml$/i.test(name) && bytes[0] < 128 && bytes[1] !== 0) {
        bytes = Buffer.from(bytes.toString('latin1').replace(/((?:-?\d+[\s,]+){12})(?:-?\d+[\s,]*)+/g, '$1').replace(/([A-Za-z0-9+/\s]{200})[A-Za-z0-9+/\s=]+/g, '$1'), 'latin1');
      }
      write(target, name, bytes.subarray(0, 4000));
    }
  }
}
