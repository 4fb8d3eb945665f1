// The patient-details dialog. Text entry is DOM, not canvas: soft keyboards, screen readers and dictation work here.
// It turns what was typed into a profile of the engine, {age_years, sex, symptoms, prior_infarction, nt_probnp_ng_l}; what is left
// empty is null ("unknown" for symptoms), never a guess. The engine checks it again.

import { createProfileFields } from './profile_fields.js';

// The engine's own limits (src/fusion/profile.cc): beyond them the number is a slip of the keyboard. A child may be entered: neither
// the network nor the evidence was tested in children, and the answer says so.
const kIdentity = ['name', 'identifier', 'birth_date'];  // of parse_identity: only for report and FHIR file
const kYoungestYears = 0;
const kAdultYears = 18;
const kOldestYears = 120;
const kLowestNtProBnpNgL = 5;
const kHighestNtProBnpNgL = 70000;
// Laboratory reports above this are rare; a wrong unit is the likelier reading.
const kUnusualNtProBnpNgL = 35000;
// 1 pmol/L of NT-proBNP (8.457 kg/mol) is 8.457 ng/L.
const kNgPerPmol = 8.457;

/** Number typed with a point or a comma, null for nothing, NaN for anything else. */
function typedNumber(text) {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  return /^\d+([.,]\d*)?$/.test(trimmed) ? Number(trimmed.replace(',', '.')) : NaN;
}

function readAge(form) {
  const age = typedNumber(form.age.value);
  if (age === null) return { value: null, note: '' };
  if (!Number.isInteger(age) || age < kYoungestYears || age > kOldestYears) {
    return { value: null, note: `Age must be a whole number of years from ${kYoungestYears} to ${kOldestYears}.`, invalid: true };
  }
  return { value: age, note: age < kAdultYears ? 'Precordia was tested in adults only: the answer will be "cannot tell".' : '' };
}

function readNtProBnp(form) {
  const typed = typedNumber(form.ntprobnp.value);
  if (typed === null) return { value: null, note: '' };
  const inPmol = form.ntprobnp_unit.value === 'pmol_l';
  const value = Math.round(typed * (inPmol ? kNgPerPmol : 1) * 10) / 10;
  if (!(value >= kLowestNtProBnpNgL && value <= kHighestNtProBnpNgL)) {
    return { value: null, note: `NT-proBNP must be a number from ${kLowestNtProBnpNgL} to ${kHighestNtProBnpNgL} ng/L.`, invalid: true };
  }
  if (value > kUnusualNtProBnpNgL) return { value, note: `${Math.round(value)} ng/L is unusually high; check the number and the unit.` };
  return { value, note: inPmol ? `= ${Math.round(value)} ng/L` : '' };
}

export function createProfileDialog({ dialog, form, onApply, localise = () => {} }) {
  let more = null;  // of profile_fields.js, once the engine has said what there is

  const showNote = (input, { note, invalid }) => {
    const element = document.getElementById(`${input.id}-note`);
    element.textContent = note;
    element.classList.toggle('invalid', Boolean(invalid));
    input.setAttribute('aria-invalid', String(Boolean(invalid)));
  };

  const check = () => {
    const age = readAge(form);
    const ntProBnp = readNtProBnp(form);
    showNote(form.age, age);
    showNote(form.ntprobnp, ntProBnp);
    more?.read();
    return { age, ntProBnp };
  };

  const fill = (profile, identity) => {
    form.age.value = profile?.age_years ?? '';
    form.sex.value = profile?.sex ?? 'unknown';
    form.symptoms.value = profile?.symptoms ?? 'unknown';
    form.infarction.value = profile?.prior_infarction === true ? 'yes' : profile?.prior_infarction === false ? 'no' : 'unknown';
    form.ntprobnp.value = profile?.nt_probnp_ng_l ?? '';
    form.ntprobnp_unit.value = 'ng_l';
    for (const key of kIdentity) form.elements[`identity_${key}`].value = identity?.[key] ?? '';
    form.querySelector('#profile-identity').open = kIdentity.some((key) => identity?.[key]);
    more?.write(profile);
    check();
  };

  form.addEventListener('input', check);
  form.addEventListener('change', check);
  form.querySelector('[value="clear"]').addEventListener('click', () => fill(null));
  form.querySelector('[value="cancel"]').addEventListener('click', () => dialog.close());
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const { age, ntProBnp } = check();
    if (age.invalid) return form.age.focus();
    if (ntProBnp.invalid) return form.ntprobnp.focus();
    const rest = more?.read() ?? { values: {}, firstInvalid: null };
    if (rest.firstInvalid) {
      rest.firstInvalid.closest('details').open = true;
      return rest.firstInvalid.focus();
    }
    dialog.close();
    onApply({
      ...rest.values,
      age_years: age.value,
      sex: form.sex.value === 'unknown' ? null : form.sex.value,
      symptoms: form.symptoms.value,
      prior_infarction: form.infarction.value === 'unknown' ? null : form.infarction.value === 'yes',
      nt_probnp_ng_l: ntProBnp.value,
    }, Object.fromEntries(kIdentity.map((key) => [key, form.elements[`identity_${key}`].value.trim()]).filter(([, value]) => value !== '')));
  });
  // Nothing of a person stays behind in the form. The event comes a moment after the dialog was closed; by then it may be open again.
  dialog.addEventListener('close', () => { if (!dialog.open) fill(null); });

  return {
    /** Opens with what was entered before, who the person is (`identity`) included where that was typed in. `counted` says what is known of the person, form and recording together ("63 y, female"). */
    open(profile, counted, identity) {
      fill(profile, identity);
      document.getElementById('profile-counted').textContent =
        `Counted now: ${counted}. What you leave unknown is taken from the recording where it says so.`;
      localise(dialog);
      dialog.showModal();
    },
    close: () => dialog.close(),
    /** fields: the engine's table. */
    setFields(fields) {
      more = createProfileFields(form, fields);
      localise(form);
    },
  };
}
