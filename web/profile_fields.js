// The part of the form that is made from the engine's table (form_fields of src/engine/bindings.cc): one control per field, with its
// unit and limits. Laboratory values may be typed in either unit; the engine always gets its own.
const kBuiltElsewhere = new Set(['age_years', 'prior_infarction', 'nt_probnp_ng_l']);
const kOtherUnits = {  // engine's unit = factor x other unit
  total_cholesterol_mg_dl: { unit: 'mmol/L', factor: 38.67 },
  hdl_cholesterol_mg_dl: { unit: 'mmol/L', factor: 38.67 },
  glucose_mg_dl: { unit: 'mmol/L', factor: 18.016 },
};

function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function choices(name, options) {
  return make('div', { className: 'choices' }, ...options.map(([value, label]) =>
    make('label', {}, make('input', { type: 'radio', name, value, checked: value === 'unknown' }), make('span', { textContent: label }))));
}

function yesNo({ key, label }) {
  return make('fieldset', { className: 'field' }, make('legend', { textContent: label }),
    choices(`more_${key}`, [['yes', 'Yes'], ['no', 'No'], ['unknown', 'Unknown']]));
}

function numberField({ key, label, unit }) {
  const id = `profile-${key}`;
  const input = make('input', { id, name: `more_${key}`, type: 'text', inputMode: 'decimal', autocomplete: 'off' });
  const other = kOtherUnits[key];
  const units = other
    ? make('select', { name: `unit_${key}` }, make('option', { value: 'own', textContent: unit }), make('option', { value: 'other', textContent: other.unit }))
    : make('span', { textContent: unit });
  return make('div', { className: 'field' }, make('label', { htmlFor: id }, make('span', { textContent: label })),
    make('div', { className: 'with-unit' }, input, ...(unit ? [units] : [])), make('p', { className: 'note', id: `${id}-note` }));
}

/** Fills both folders of the form; returns read() -> {values, firstInvalid} and write(profile). */
export function createProfileFields(form, fields) {
  const mine = fields.filter(({ key }) => !kBuiltElsewhere.has(key));
  const more = form.querySelector('#profile-more .fields');
  const echo = form.querySelector('#profile-echo .fields');
  more.replaceChildren();
  echo.replaceChildren();
  for (const field of mine) (field.echo ? echo : more).append(field.kind === 'yes_no' ? yesNo(field) : numberField(field));
  more.append(make('fieldset', { className: 'field' }, make('legend', { textContent: 'Ancestry (PCP-HF only)' }),
    choices('more_ancestry', [['black', 'Black'], ['white', 'White'], ['other', 'Other'], ['unknown', 'Unknown']])));

  function readNumber({ key, low, high, unit }) {
    const input = form.elements[`more_${key}`];
    const note = document.getElementById(`profile-${key}-note`);
    const text = input.value.trim().replace(',', '.');
    const inOther = form.elements[`unit_${key}`]?.value === 'other';
    const value = text === '' ? null : Math.round(Number(text) * (inOther ? kOtherUnits[key].factor : 1) * 100) / 100;
    const invalid = value !== null && !(value >= low && value <= high);
    note.textContent = invalid ? `${low} – ${high} ${unit}` : '';
    note.classList.toggle('invalid', invalid);
    input.setAttribute('aria-invalid', String(invalid));
    return { value: invalid ? null : value, invalid: invalid ? input : null };
  }

  return {
    read() {
      const values = {};
      let firstInvalid = null;
      for (const field of mine) {
        if (field.kind === 'yes_no') {
          const chosen = form.elements[`more_${field.key}`].value;
          values[field.key] = chosen === 'yes' ? true : chosen === 'no' ? false : null;
        } else {
          const { value, invalid } = readNumber(field);
          values[field.key] = value;
          firstInvalid ??= invalid;
        }
      }
      values.ancestry = form.elements.more_ancestry.value || 'unknown';
      return { values, firstInvalid };
    },
    write(profile) {
      for (const field of mine) {
        const value = profile?.[field.key] ?? null;
        if (field.kind === 'yes_no') form.elements[`more_${field.key}`].value = value === true ? 'yes' : value === false ? 'no' : 'unknown';
        else form.elements[`more_${field.key}`].value = value ?? '';
        if (form.elements[`unit_${field.key}`]) form.elements[`unit_${field.key}`].value = 'own';
      }
      form.elements.more_ancestry.value = profile?.ancestry ?? 'unknown';
      const any = (isEcho) => mine.some(({ key, echo: ofEcho }) => ofEcho === isEcho && (profile?.[key] ?? null) !== null);
      form.querySelector('#profile-more').open = any(false);
      form.querySelector('#profile-echo').open = any(true);
    },
  };
}
