// Learning mode: five simulated patients with a story. First the ECG and the story alone, then, on request, the echocardiogram of
// the same person, and the answer is computed again with it. All of it is invented; the engine answers as for anybody.
export const kCases = [
  { condition: 'normal', story: 'A 58-year-old woman, tired at work, no swelling, walks well. She wants to know whether her heart is fine.',
    first: { age_years: 58, sex: 'F', symptoms: 'none', systolic_mmhg: 128, diastolic_mmhg: 78 },
    later: { ef_percent: 63 },
    lesson: 'A quiet ECG makes a weak left ventricle unlikely. It says little about heart failure with preserved EF; without symptoms none is looked for.' },
  { condition: 'lbbb', story: 'A 66-year-old man, breathless on the stairs for two months, swollen ankles, never had a heart attack.',
    first: { age_years: 66, sex: 'M', breathless: true, nyha_class: 2, oedema: true, prior_infarction: false, nt_probnp_ng_l: 2600 },
    later: { ef_percent: 27 },
    lesson: 'Left bundle branch block raises the chance of LV systolic dysfunction, but only the echo makes it HFrEF.' },
  { condition: 'lvh_strain', story: 'A 73-year-old woman with long-standing high blood pressure and two drugs for it, breathless on effort, overweight.',
    first: { age_years: 73, sex: 'F', breathless: true, nyha_class: 2, height_cm: 158, weight_kg: 86, systolic_mmhg: 162, diastolic_mmhg: 88, blood_pressure_drugs: 2, atrial_fibrillation: false, nt_probnp_ng_l: 480 },
    later: { ef_percent: 63, e_over_e: 15, septal_e_cm_s: 5.5, lavi_ml_m2: 41, pasp_mmhg: 42, lvmi_g_m2: 118, relative_wall_thickness: 0.5, tr_velocity_m_s: 3.0 },
    lesson: 'The ventricle pumps well and fills badly. H2FPEF and HFA-PEFF weigh what an EF alone cannot say.' },
  { condition: 'old_anterior_mi', story: 'A 61-year-old man, heart attack six years ago, no complaints now.',
    first: { age_years: 61, sex: 'M', symptoms: 'none', prior_infarction: true },
    later: { ef_percent: 34 },
    lesson: 'After an infarction the starting point is high. A low EF without symptoms is Stage B: it must be found and seen by a doctor.' },
  { condition: 'af', story: 'A 70-year-old woman, palpitations and breathlessness for a week.',
    first: { age_years: 70, sex: 'F', breathless: true, nyha_class: 3, atrial_fibrillation: true, nt_probnp_ng_l: 900 },
    later: { ef_percent: 48 },
    lesson: 'Atrial fibrillation raises NT-proBNP and widens every reading of EF: between 40 and 50 no class is named, and the echo is read again.' },
];

/** onExamine(condition, profile) opens the patient, onReveal(profile) adds the echo to what is open. */
export function createLearning({ dialog, onExamine, onReveal, localise }) {
  let at = 0;
  let revealed = false;
  const part = (name) => dialog.querySelector(`[data-part="${name}"]`);

  function show() {
    const one = kCases[at];
    part('count').textContent = `${at + 1} / ${kCases.length}`;
    part('story').textContent = one.story;
    part('lesson').textContent = revealed ? one.lesson : '';
    part('reveal').disabled = revealed;
    localise(dialog);
  }
  function open(index) {
    at = (index + kCases.length) % kCases.length;
    revealed = false;
    const { condition, first } = kCases[at];
    show();
    return onExamine(condition, first);
  }
  part('reveal').addEventListener('click', () => {
    revealed = true;
    show();
    onReveal({ ...kCases[at].first, ...kCases[at].later });
  });
  part('next').addEventListener('click', () => open(at + 1));
  part('close').addEventListener('click', () => { dialog.hidden = true; });

  return {
    start() {
      dialog.hidden = false;
      return open(0);
    },
    close() { dialog.hidden = true; },
  };
}
