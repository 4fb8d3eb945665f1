// The results of ./precordia as text for a terminal: what --json says, in aligned columns. Nothing is computed here; what
// is unknown shows as an en dash.

const kDash = '–';
const kWidth = 100;

const number = (value, digits = 0) => (typeof value === 'number' ? value.toFixed(digits) : kDash);
const percent = (value) => (typeof value === 'number' ? `${(100 * value).toFixed(value < 0.0995 ? 1 : 0)} %` : kDash);

// Breaks `text` at spaces so that lines stay within kWidth; continuation lines are indented by `indent`.
function wrap(text, indent) {
  const lines = [];
  let line = '';
  for (const word of String(text).split(/\s+/)) {
    if (line && line.length + 1 + word.length > kWidth - indent) {
      lines.push(line);
      line = word;
    } else {
      line = line ? `${line} ${word}` : word;
    }
  }
  lines.push(line);
  return lines.join(`\n${' '.repeat(indent)}`);
}

// Rows of two or more columns, each as wide as its longest entry; the last column wraps.
function table(rows, indent = 2) {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns - 1 }, (_, column) => Math.max(...rows.map((row) => [...String(row[column] ?? '')].length)));
  return rows.map((row) => {
    const left = widths.map((width, column) => String(row[column] ?? '') + ' '.repeat(width - [...String(row[column] ?? '')].length)).join('  ');
    return `${' '.repeat(indent)}${left}  ${wrap(row.at(-1), indent + left.length + 2)}`.trimEnd();
  }).join('\n');
}

const section = (title, body) => (body ? `\n\n${title}\n${body}` : '');

const kMeasurements = [
  ['Heart rate', 'heart_rate_bpm', '/min'], ['PR interval', 'pr_ms', 'ms'], ['QRS duration', 'qrs_ms', 'ms'], ['QT interval', 'qt_ms', 'ms'],
  ['QTc (Bazett)', 'qtc_bazett_ms', 'ms'], ['QTc (Fridericia)', 'qtc_fridericia_ms', 'ms'],
  ['P axis', 'p_axis_deg', '°'], ['QRS axis', 'qrs_axis_deg', '°'], ['T axis', 't_axis_deg', '°'],
];

function measurementRows(ecg) {
  return kMeasurements.filter(([, key]) => key in ecg).map(([label, key, unit]) => [label, number(ecg[key]).padStart(5), unit]);
}

const criterionWords = (met) => (met === true ? 'met' : met === false ? 'not met' : kDash);

function criteriaRows(criteria) {
  return Object.values(criteria ?? {}).map(({ met, label, value, cutoff, unit, why_unknown: why }) => [criterionWords(met), label,
    typeof value === 'number' ? `${value} ${unit}${typeof cutoff === 'number' ? ` (cut-off ${cutoff} ${unit})` : ''}` : why ?? '']);
}

const rows = (list) => (list.length > 0 ? table(list) : '');
const paragraphs = (list) => (list ?? []).map((text) => `  ${wrap(text, 2)}`).join('\n');

export function measurementText(result) {
  return result.input +
    section('Measurements', rows([...measurementRows(result), ['Rhythm', '', result.rhythm_text ?? kDash]])) +
    section('Criteria', rows(criteriaRows(result.criteria))) +
    section('Please note', paragraphs([...(result.warnings ?? []), ...(result.notes ?? [])])) + '\n';
}

const kFlagWords = { confirming: 'likely', screening: 'possible' };

// What limits the network's answer on this recording, in sentences.
const networkNotes = (network) => ['not_run_because', 'distrusted_because', 'partial_input'].map((key) => network?.[key]).filter(Boolean);

export function networkText({ input, model, precision, outputs, flags, ecg_age: age, ...rest }) {
  const sorted = Object.entries(outputs ?? {}).sort(([, a], [, b]) => b - a);
  return input + section(`Network ${model} (${precision})`,
    rows(sorted.map(([id, probability]) => [number(probability, 3), kFlagWords[flags?.[id]] ?? '', id]))) +
    section('Read off the ECG', age ? rows([['Age', `${number(age.years)} years (mean error ${number(age.error_years)})`],
      ['Sex', age.male_probability >= 0.5 ? `male ${percent(age.male_probability)}` : `female ${percent(1 - age.male_probability)}`]]) : '') +
    section('Please note', paragraphs(networkNotes(rest))) + '\n';
}

function answerLines(answer) {
  const lines = [];
  if (answer.headline) lines.push(`  ${wrap(answer.headline, 2)}`);
  if (answer.sentence) lines.push(`  ${wrap(answer.sentence, 2)}`);
  if (answer.cannot_tell_because) lines.push(`  ${wrap(`Cannot tell: ${answer.cannot_tell_because}`, 2)}`);
  if (typeof answer.probability === 'number') {
    lines.push(`  ${wrap(`Probability ${percent(answer.probability)} (${percent(answer.low)} to ${percent(answer.high)}); ${(answer.before ?? 'Before this ECG').replace(/^B/, 'b')} ${percent(answer.prior)}` +
      `${answer.target ? `; of ${answer.target}` : ''}`, 2)}`);
  }
  return lines.join('\n');
}

const kDirections = { for: '+', against: '−', neutral: '·' };

function evidenceRows(evidence) {
  return (evidence ?? []).map((item) => [kDirections[item.direction] ?? '·', item.label, item.value ?? '',
    typeof item.likelihood_ratio === 'number' ? `LR ${number(item.likelihood_ratio, 2)}` : '']);
}

const kWayNames = { late: 'Late', early: 'Early', hybrid: 'Hybrid' };

function fusionRows({ method, ways }) {
  return ways.map(({ way, probability, low, high, why_not: why }) => [`${kWayNames[way]}${way === method ? ' (answers)' : ''}`,
    typeof probability === 'number' ? `${percent(probability)} (${percent(low)} to ${percent(high)})` : why]);
}

export function screeningText(result) {
  const { answer, next_step: next, ecg, evidence, fusion } = result;
  const steps = (next?.steps ?? []).map((step) => `  – ${wrap(step, 4)}`).join('\n');
  return result.input +
    section('Answer', answerLines(answer)) +
    section('Next step', [next?.headline && `  ${wrap(next.headline, 2)}`, steps].filter(Boolean).join('\n')) +
    section('Evidence', rows(evidenceRows(evidence))) +
    section('Ways of putting it together', fusion?.ways.length ? rows(fusionRows(fusion)) : '') +
    section('Measurements', ecg ? rows([...measurementRows(ecg), ['Rhythm', '', ecg.rhythm_text ?? kDash]]) : '') +
    section('Please note', paragraphs([...(fusion?.note ? [fusion.note] : []), ...networkNotes(ecg?.network), ...(ecg?.warnings ?? []), ...(ecg?.notes ?? [])])) +
    `\n\n${result.disclaimer}\n`;
}

// A digitised page: what was found and how it is known, then what the user should look at.
export function digitisedText(page) {
  const { layout, mm_per_s: speed, mm_per_mv: gain, quality, leads } = page;
  const known = (from) => from.replace('_', ' ');
  const residual = (value) => (value === null ? 'not to be had' : value.toFixed(2));
  return [page.input,
    `  ${layout.name}, ${layout.order} order (${known(layout.known_from)}); ${speed.value} mm/s (${known(speed.known_from)}); ${gain.value} mm/mV (${known(gain.known_from)})`,
    `  leads: ${leads.map(({ lead, rhythm_row: rhythm }) => (rhythm ? `${lead} (rhythm)` : lead)).join(', ')}`,
    `  I + III - II: ${residual(quality.einthoven_residual)}, aVR + aVL + aVF: ${residual(quality.goldberger_residual)} of their size; ${Math.round(100 * quality.coverage)} % read`,
    ...page.notes.map((note) => `  ${note}`),
    ...(page.review_recommended ? ['  Look at the trace over the picture before relying on it.'] : []),
    ...(page.output ? [`  → ${page.output}`] : [])].join('\n');
}

export function echoText(result) {
  const { ef_percent: ef, ef_low_percent: low, ef_high_percent: high } = result;
  const answer = ef === null ? ['Cannot tell.', ...result.cannot_tell_because]
    : [`Ejection fraction ${number(ef)} % (${number(low)} to ${number(high)}), ${result.method}`,
      `Up to 40 %: ${percent(result.bands.ef_to_40)}; 41 to 49 %: ${percent(result.bands.ef_41_to_49)}; from 50 %: ${percent(result.bands.ef_from_50)}`];
  const facts = [['View', result.view], ['Heart rate', `${number(result.heart_rate_bpm)} /min`], ['Global longitudinal strain', `${number(result.gls_percent, 1)} %`],
    ['End-diastolic volume', `${number(result.ed_volume_ml)} ml`], ['End-systolic volume', `${number(result.es_volume_ml)} ml`],
    ['Left atrial volume', `${number(result.la_volume_ml)} ml`]];
  const beats = result.beats.map((beat, i) => [`Beat ${i + 1}`, `frames ${beat.ed_frame} to ${beat.es_frame}`, `EF ${number(beat.ef_percent, 1)} %`]);
  return result.input + section('Echo', paragraphs(answer)) + section('Measurements', table(facts)) + section('Beats', rows(beats)) +
    section('Notes', paragraphs(result.notes)) + `\n\n${result.disclaimer}`;
}
