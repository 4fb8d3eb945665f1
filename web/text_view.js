// The page as ordinary text: the same view model that the dashboard draws (written by src/report/view_json.cc), as headings, lists
// and tables. Screen readers read it, Ctrl+P prints it, and it is the whole page where the dashboard cannot be drawn.
// Like the dashboard it computes nothing clinical: every sentence and number arrives finished.

function make(name, text, attributes = {}) {
  const element = document.createElement(name);
  if (text !== undefined && text !== null) element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

const percent = (fraction) => {
  if (fraction === null || fraction === undefined) return null;
  const value = fraction * 100;
  if (value > 0 && value < 1) return 'under 1 %';
  if (value > 99 && value < 100) return 'over 99 %';
  return `${Math.round(value)} %`;
};

function list(name, items) {
  const element = make(name);
  for (const item of items) element.append(typeof item === 'string' ? make('li', item) : item);
  return element;
}

/** rows: cells are text, or {text, note, id} where the note stands below in smaller words and the id of a first cell names the row. */
function table(caption, columns, rows) {
  const element = make('table');
  element.append(make('caption', caption));
  const head = element.createTHead().insertRow();
  for (const { title, number } of columns) head.append(make('th', title, { scope: 'col', class: number ? 'number' : '' }));
  const body = element.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    // A row that evidence comes from can be led to.
    if (row[0]?.id) {
      line.id = `row-${row[0].id}`;
      line.tabIndex = -1;
    }
    row.forEach((cell, index) => {
      const { text, note } = typeof cell === 'object' && cell !== null ? cell : { text: cell };
      const made = index === 0 ? make('th', text ?? '–', { scope: 'row' })
        : make('td', text ?? '–', { class: columns[index].number ? 'number' : '' });
      if (note) made.append(make('div', note, { class: 'soft' }));
      line.append(made);
    });
  }
  const frame = make('div', null, { class: 'table' });  // scrolls sideways on a narrow screen
  frame.append(element);
  return frame;
}

/** The section's heading can be led to by evidence. */
function headed(id, [heading, ...content]) {
  heading.id = `row-${id}`;
  heading.tabIndex = -1;
  return [heading, ...content];
}

const section = (title, ...content) => (content.length > 0 ? [make('h2', title), ...content] : []);

/** The engine's own words: the first line is the heading, lines that begin with a dash are a list. */
function answerElements(text) {
  const [headline, ...lines] = text.trim().split('\n');
  const out = [make('h2', headline.replace(/\.$/, ''))];
  for (const line of lines) {
    if (!line.startsWith('- ')) {
      out.push(make('p', line));
    } else {
      if (out.at(-1).tagName !== 'UL') out.push(make('ul'));
      out.at(-1).append(make('li', line.slice(2)));
    }
  }
  return out;
}

/** What the answer rests on: where its probabilities start, why it may be open, and who recommends the next step. */
function basisElements({ answer, next_step: next }) {
  const facts = [answer.cannot_tell_because, answer.prior_context, answer.hf_prior_context, next.citation].filter(Boolean);
  return facts.length > 0 ? section('What the answer rests on', list('ul', facts)) : [];
}

const kDirections = { for: 'speaks for it', against: 'speaks against it', neutral: 'speaks neither way' };

function evidenceElements(evidence) {
  if (evidence.length === 0) return [];
  return section('Evidence', list('ul', evidence.map((entry) => {
    const item = make('li');
    const ratio = entry.likelihood_ratio ? `, likelihood ratio ${entry.likelihood_ratio.toPrecision(2)}` : '';
    const counted = entry.counted === false ? ', not counted' : '';
    item.append(make('strong', entry.value ? `${entry.label}: ${entry.value}` : entry.label),
      `: ${kDirections[entry.direction] ?? entry.direction}${ratio}${counted}. ${entry.explanation ?? ''}`);
    if (entry.citation) item.append(make('div', entry.citation, { class: 'soft' }));
    const row = entry.place?.target_row;
    if (row) item.append(make('a', 'Where this comes from', { href: `#row-${row}`, class: 'place' }));
    return item;
  })));
}

const range = (low, high) => (low === null || high === null ? null : `${percent(low)} – ${percent(high)}`);

/** What it may be, scores, ways of fusion, what would change the answer, and the comparison: the cards under the evidence. */
function wholeAnswerElements({ phenotypes, scores, fusion, would_change: tests, comparison }) {
  const applying = scores.filter(({ applies }) => applies);
  const points = ({ points_low: low, points_high: high, most_points: most, probability }) => (low === null ? percent(probability)
    : `${low === high ? low : `${low}–${high}`} / ${most}`);
  const ways = { late: 'Late', early: 'Early', hybrid: 'Hybrid' };
  const numbers = [{ title: 'Answer' }, { title: 'Probability', number: true }, { title: 'Range', number: true }];
  return [
    ...(phenotypes.length > 0 ? section('What it may be', table('What it may be', numbers,
      phenotypes.map((share) => [{ text: share.label, note: share.note }, percent(share.probability), range(share.low, share.high)]))) : []),
    ...(tests.length > 0 ? section('What would change the answer most', list('ul',
      tests.map(({ label, if_against: against, if_for: inFavour }) => `${label}: ${percent(against)} – ${percent(inFavour)}`))) : []),
    ...(applying.length > 0 ? section('Published scores', table('Published scores', [{ title: 'Score' }, { title: 'Result', number: true }, { title: 'Not known yet' }],
      applying.map((score) => [{ text: score.title, note: score.reading || score.meaning }, points(score), score.missing.join(', ')]))) : []),
    ...(fusion.ways.length > 0 ? section('How the evidence is put together', ...(fusion.note ? [make('p', fusion.note)] : []),
      table('Ways of fusion', [{ title: 'Way' }, ...numbers.slice(1)], fusion.ways.map((one) =>
        [{ text: ways[one.way], note: one.why_not || (one.way === fusion.method ? 'answers now' : '') }, percent(one.probability), range(one.low, one.high)])),
      choiceOfWays(fusion, ways)) : []),
    ...(comparison.length > 0 ? section('Compare two examinations', table('Compare two examinations',
      [{ title: 'What' }, { title: 'before', number: true }, { title: 'now', number: true }, { title: 'change', number: true }],
      comparison.map((line) => [line.unit ? `${line.label} (${line.unit})` : line.label, line.before, line.now, `${line.beyond_chance ? '! ' : ''}${line.change}`]))) : []),
  ];
}

function choiceOfWays({ method, ways: offered }, names) {
  const row = make('p', null, { role: 'group', 'aria-label': 'How the evidence is put together' });
  for (const { way } of offered) {
    const button = make('button', names[way], { type: 'button', 'data-action': `fusion-${way}`, 'aria-pressed': String(way === method) });
    row.append(button, ' ');
  }
  return row;
}

const kFlags = { none: '', screening: 'above the screening threshold', confirming: 'above the confirming threshold' };

function networkElements(network) {
  if (network.not_run_because) return [make('p', `Not run: ${network.not_run_because}`)];
  const findings = (caption, outputs) => table(caption, [{ title: 'Finding' }, { title: 'Probability', number: true }, { title: 'Threshold' }],
    outputs.map((output) => [output.title, percent(output.probability), kFlags[output.flag]]));
  const flagged = network.outputs.filter(({ flag }) => flag !== 'none');
  const all = make('details');
  all.append(make('summary', `All ${network.outputs.length} findings that it looked for`), findings('Every output', network.outputs));
  return [
    make('p', `${network.title} (${network.precision})`),
    flagged.length > 0 ? findings('What the network found', flagged) : make('p', 'The network found nothing above its thresholds.'),
    all,
  ];
}

function detailElements(view) {
  const { measurements, criteria, network, quality, warnings, input, device } = view;
  const unusable = quality.filter((lead) => !lead.usable || lead.issue);
  const recorded = input.recorded_at && `Recorded ${input.recorded_at}`;
  const facts = [input.summary, input.patient, recorded, ...device.lines, input.format, ...input.notes].filter(Boolean);
  return [
    ...section(input.simulated ? 'Recording (simulated patient, not a person)' : 'Recording', make('p', input.name), list('ul', facts)),
    ...(warnings.length > 0 ? section('Warnings', list('ul', warnings)) : []),
    ...basisElements(view),
    ...evidenceElements(view.evidence),
    ...wholeAnswerElements(view),
    ...section('Measurements',
      make('p', view.rhythm),
      table('Measurements with normal ranges',
        [{ title: 'Measurement' }, { title: 'Value', number: true }, { title: 'Unit' }, { title: 'Normal', number: true },
          { title: 'Reading' }],
        measurements.map((m) => [{ text: m.label, id: `measurement-${m.id}`, note: [m.device, m.why_unknown].filter(Boolean).join(' ') }, m.text, m.unit, m.normal,
          m.status === 'unknown' ? '' : m.status]))),
    ...(device.statements.length + device.others.length > 0
      ? section('Stated by the recorder, not by Precordia', list('ul', [...device.statements, ...device.others])) : []),
    ...(criteria.length > 0 ? section('Criteria', table('Classic ECG criteria',
      [{ title: 'Criterion' }, { title: 'Met' }, { title: 'Value', number: true }, { title: 'Cut-off', number: true }],
      criteria.map((c) => [{ text: c.label, id: `criterion-${c.id}`, note: c.met === null ? c.why_unknown : c.citation },
        c.met === null ? 'unknown' : c.met ? 'yes' : 'no', c.text, c.cutoff]))) : []),
    ...headed('network', section('Neural network', ...networkElements(network))),
    ...section('Signal quality', unusable.length === 0 ? make('p', 'All leads are usable.')
      : list('ul', unusable.map(({ lead, usable, issue }) => `Lead ${lead}: ${usable ? 'usable' : 'not usable'}${issue && `, ${issue}`}`))),
    make('p', view.disclaimer, { class: 'disclaimer' }),
  ];
}

/** Clips of an echocardiogram in words: what the screen draws as pictures and curves. */
function echoElements(echo) {
  const out = [make('h2', `Echocardiogram: ${echo.headline}`, { id: 'row-echo', tabindex: '-1' }), make('p', [echo.sentence, echo.method].filter(Boolean).join(' '))];
  if (echo.cannot_tell.length > 0) out.push(list('ul', echo.cannot_tell));
  if (echo.bands.length > 0) {
    out.push(table('Probability of each range of the ejection fraction', [{ title: 'Range' }, { title: 'Probability', number: true }],
      echo.bands.map(({ label, short, probability }) => [{ text: label, note: short }, percent(probability)])));
  }
  const shown = (value, unit, digits = 0) => (value === null ? null : `${value.toFixed(digits)} ${unit}`);
  for (const clip of echo.clips) {
    out.push(make('h3', `${clip.name} (${clip.view})`));
    if (clip.cannot_tell.length > 0) out.push(list('ul', clip.cannot_tell));
    if (clip.beats.length > 0) {
      out.push(table('Beat by beat',
        [{ title: 'Beat' }, { title: 'EF', number: true }, { title: 'Strain', number: true }, { title: 'End-diastolic volume', number: true }, { title: 'End-systolic volume', number: true }],
        clip.beats.map((beat, index) => [{ text: `${index + 1}`, note: `frames ${beat.ed + 1} and ${beat.es + 1}${clip.by_hand.some((frame) => frame === beat.ed || frame === beat.es) ? ', corrected by hand' : ''}` },
          shown(beat.ef, '%'), shown(beat.gls, '%', 1), shown(beat.ed_ml, 'ml'), shown(beat.es_ml, 'ml')])));
    }
    out.push(table('Measured on this clip', [{ title: 'Measurement' }, { title: 'Value', number: true }], clip.measures.map(({ label, text }) => [label, text])));
    if (clip.segments.length > 0) {
      out.push(table('Wall motion', [{ title: 'Part of the wall' }, { title: 'Inward motion', number: true }, { title: 'Innermost after', number: true }],
        clip.segments.map(({ name, motion, delay_ms }) => [name, shown(motion, '%'), shown(delay_ms, 'ms')])));
    }
    if (clip.notes.length > 0) out.push(list('ul', clip.notes));
  }
  return out;
}

const echoOnlyElements = (echo) => [...echoElements(echo), make('p', echo.disclaimer, { class: 'disclaimer' })];

function providerText({ provider, threads }) {
  if (provider === 'wasm') return `networks on WebAssembly${threads ? `, ${threads} thread${threads === 1 ? '' : 's'}` : ''}`;
  return provider === 'webgpu' ? 'networks on WebGPU' : '';
}

const kStates = { good: 'good', watch: 'look at it', bad: 'does not fit', unknown: 'could not be checked' };

/** A page of paper under review, in words: what was found and what speaks against it. */
function pageElements(page) {
  const out = [make('h2', page.verdict.headline), make('p', page.verdict.sentence)];
  if (page.error) return out;
  out.push(table('How the page is read', [{ title: 'What' }, { title: 'Value' }, { title: 'Known' }], [
    ['Speed', `${page.speed.value} mm/s`, page.speed.known], ['Gain', `${page.gain.value} mm/mV`, page.gain.known],
    ['Layout', page.layout.text, page.layout.known]]));
  out.push(table('Checks', [{ title: 'Check' }, { title: 'Found' }, { title: 'Reading' }],
    page.checks.map(({ label, text, state }) => [label, text, kStates[state]])));
  out.push(list('ul', page.traces.map(({ lead, rhythm, text }) => `Lead ${lead}${rhythm ? ' (rhythm strip)' : ''}: ${text}`)));
  if (page.notes.length > 0) out.push(list('ul', page.notes));
  return out;
}

/** actions: {open, camera, film, accept, demo, profile, print, export, close, update, cancel}: called when the buttons of the text are pressed. */
export function createTextView(actions) {
  const by = (id) => document.getElementById(id);
  const root = by('text-view');
  const needsResult = [...root.querySelectorAll('[data-needs-result]')];

  const setPlain = (plain) => {
    document.body.classList.toggle('plain', plain);
    if (plain) {
      window.scrollTo(0, 0);
      root.focus({ preventScroll: true });
    }
  };

  root.addEventListener('click', (event) => {
    const action = event.target.closest('button')?.dataset.action;
    if (action === 'dashboard') {
      setPlain(false);
      by('dashboard').focus();
    } else if (action?.startsWith('fusion-')) {
      actions.fusion(action.slice('fusion-'.length));
    } else if (action) {
      actions[action]();
    }
    // Where a line of evidence comes from: the row takes the focus, so that a screen reader goes on there; the address stays as it is.
    const place = event.target.closest('a.place');
    if (place) {
      event.preventDefault();
      const row = document.getElementById(place.getAttribute('href').slice(1));
      row?.scrollIntoView({ block: 'center' });
      row?.focus({ preventScroll: true });
    }
  });
  by('plain-link').addEventListener('click', (event) => {
    event.preventDefault();
    setPlain(true);
    by('dashboard-button').hidden = false;
  });
  for (const button of needsResult) button.disabled = true;

  const setText = (element, text) => {
    if (element.textContent !== text) element.textContent = text;  // unchanged text must not be announced again
  };

  return {
    /** The text becomes the visible page for good, with the reason above it. */
    becomeThePage(reason) {
      by('display-note').textContent = reason;
      by('display-note').hidden = false;
      by('dashboard-button').hidden = true;
      setPlain(true);
    },

    /** view: the parsed view model of an ECG, or null; answer: the engine's plain-text answer; echo: that of clips, or null. Without
        either the start is shown. */
    setView(view, answer, echo = null) {
      const shown = view !== null || echo !== null;
      by('details-text').hidden = !shown;
      by('start-text').hidden = shown;
      // Of a clip alone everything can be had but the JSON of an ECG, which is the clip's own there.
      for (const button of needsResult) button.disabled = !shown;
      by('answer-text').dataset.tone = view?.answer.tone ?? echo?.tone ?? '';
      by('answer-text').replaceChildren(...(shown ? answerElements(answer) : []));
      by('details-text').replaceChildren(...(view && echo ? echoElements(echo) : []), ...(view ? detailElements(view) : echo ? echoOnlyElements(echo) : []));
      document.title = shown ? `${view?.answer.headline ?? echo.headline} · Precordia` : 'Precordia';
    },

    /** A page of paper under review, or null. */
    setPage(page) {
      by('page-text').hidden = page === null;
      by('page-text').replaceChildren(...(page ? pageElements(page) : []));
      by('accept-button').hidden = !page || Boolean(page.error);
      by('start-text').hidden = page !== null || !by('details-text').hidden;
      if (page) document.title = 'Review of the page · Precordia';
    },

    setStartState: (text) => setText(by('start-state'), text),

    setProgress(progress) {
      setText(by('progress-text'), progress ? `${progress.stage} …` : '');
      by('cancel-button').hidden = !progress?.cancellable;
    },

    setError: (sentence) => setText(by('error-text'), sentence ?? ''),

    setStatus(status) {
      const parts = [
        status.app_version && `Precordia ${status.app_version}`,
        providerText(status),
        status.offline_ready ? 'stored for use without a network' : 'not yet stored for use without a network',
      ].filter(Boolean);
      setText(by('backend-text'), `${parts.join(' · ')}.${status.provider_note ? ` ${status.provider_note}` : ''}`);
      by('update-button').hidden = !status.update_available;
      by('camera-button').hidden = !status.camera;
      by('film-button').hidden = !status.camera;
    },
  };
}
