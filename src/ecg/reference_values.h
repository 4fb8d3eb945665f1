// Every published number that a measurement or a criterion is held against, with its source: one place to
// check and to change. Marks as in the project's evidence sheet: a source that was read only through a
// secondary page says so ("quoted by").
#pragma once

#include <optional>

#include "signal/ecg_record.h"

namespace precordia {

// ---- Normal ranges
// ---------------------------------------------------------------------------------------------------------

struct NormalRange {
  std::optional<double> low, high;
  const char* citation;
};

inline constexpr NormalRange kHeartRateRange{
    60, 100,
    "Adult resting rate 60-100/min: Hurst, The Heart, 7th ed. 1990 (quoted by atlasofheartrhythms.com)"};
inline constexpr NormalRange kPrRange{120, 200,
                                      "PR 120-200 ms: adult convention; 2nd-98th percentile 118-212 ms in "
                                      "36,299 women, Rautaharju 2013 PMC3825808"};
inline constexpr NormalRange kPRange{
    std::nullopt, 120, "P <= 120 ms: left atrial enlargement over it, Lee 2007 (quoted by scribd 468952563)"};
inline constexpr NormalRange kQrsRange{
    70, 110,
    "QRS <= 110 ms from 16 years on: AHA/ACCF/HRS 2009 part III, doi 10.1161/CIRCULATIONAHA.108.191095; "
    "lower bound Rautaharju 2013 PMC3825808"};
inline constexpr NormalRange kQrsAxisRange{
    -30, 90, "QRS axis -30 to +90 deg: AHA/ACCF/HRS 2009 part III, doi 10.1161/CIRCULATIONAHA.108.191095"};
inline constexpr NormalRange kQrsTAngleRange{
    0, 90, "Frontal QRS-T angle <= 90 deg: MESA, doi 10.1016/j.amjcard.2013.08.017"};
// The source also calls 390 ms and less short; by Fridericia that is nearly half of the healthy, so no lower bound is shown.
inline constexpr double kQtcHighMaleMs = 450, kQtcHighFemaleMs = 460;
inline constexpr const char* kQtcCitation =
    "QTc long from 450 ms (men) and 460 ms (women) on: AHA/ACCF/HRS 2009 part IV, "
    "doi 10.1016/j.jacc.2008.12.014";

// ---- Criteria
// --------------------------------------------------------------------------------------------------------------

// A rule of the literature as it is shown. `cutoff_male` and `cutoff_female` differ where the rule has a
// cut-off per sex.
struct CriterionSpec {
  const char* id;
  const char* label;
  const char* unit;
  int digits;
  std::optional<double> cutoff_male, cutoff_female;
  const char* formula;
  const char* citation;
};

inline constexpr CriterionSpec kSokolowLyon{
    "sokolow_lyon",
    "Sokolow-Lyon voltage",
    "mV",
    2,
    3.5,
    3.5,
    "S V1 + max(R V5, R V6) >= 3.5 mV",
    "Sokolow and Lyon 1949; formula PMC4750022 table 1; sensitivity .24, specificity .94: PMC7846009"};
inline constexpr CriterionSpec kCornellVoltage{
    "cornell_voltage",
    "Cornell voltage",
    "mV",
    2,
    2.8,
    2.0,
    "R aVL + S V3 > 2.8 mV (men), > 2.0 mV (women)",
    "Casale 1987; sensitivity .26, specificity .95: Noubiap 2020, doi 10.1111/jch.13923"};
inline constexpr CriterionSpec kCornellProduct{"cornell_product",
                                               "Cornell product",
                                               "mV ms",
                                               0,
                                               244,
                                               244,
                                               "(R aVL + S V3, women + 0.8 mV) x QRS duration >= 244 mV ms",
                                               "Okin 1995; formula PMC4750022 table 1 (the LIFE study added "
                                               "0.6 mV for women, from memory, unverified and not used)"};
inline constexpr CriterionSpec kPegueroLoPresti{
    "peguero_lo_presti",
    "Peguero-Lo Presti voltage",
    "mV",
    2,
    2.8,
    2.3,
    "deepest S in any lead + S V4 >= 2.8 mV (men), >= 2.3 mV (women)",
    "Peguero 2017, cut-offs quoted by Macfarlane "
    "(staging.scite.ai/reports/racial-differences-in-the-ecg-33GG5d); sensitivity .43, specificity .91: doi "
    "10.1111/jch.13923"};
inline constexpr CriterionSpec kRomhiltEstes{
    "romhilt_estes",
    "Romhilt-Estes points",
    "points",
    0,
    5,
    5,
    "limb R or S >= 2.0 mV or S V1-V2 >= 3.0 or R V5-V6 >= 3.0: 3; strain: 3; P terminal force V1: 3; axis "
    "<= -30: 2; QRS >= 90 ms: 1; R peak V5-V6 >= 50 ms: 1; 4 probable, 5 definite",
    "Romhilt and Estes 1968; points PMC4750022 and ecgpedia; strain counts 3 on the assumption of no "
    "digitalis"};
inline constexpr CriterionSpec kStrain{"lv_strain",
                                       "LV strain pattern",
                                       "mV",
                                       2,
                                       std::nullopt,
                                       std::nullopt,
                                       "V5 or V6: ST down-sloping and depressed >= 0.05 mV, T inverted and "
                                       "asymmetric, against an upright QRS; value = deepest T",
                                       "LIFE definition; incident heart failure HR 2.62 (1.73-3.97): MESA, "
                                       "doi 10.1161/JAHA.117.006624; the 0.05 mV is ours"};
inline constexpr CriterionSpec kWideQrs{
    "wide_qrs",
    "QRS 120 ms or more",
    "ms",
    0,
    120,
    120,
    "QRS duration >= 120 ms",
    "Murkofsky 1998, doi 10.1016/s0735-1097(98)00242-3: specificity .99 for LV systolic dysfunction without "
    "bundle branch block; Dhingra 2006, doi 10.1161/01.HYP.0000217141.20163.23"};
inline constexpr CriterionSpec kLbbb{
    "lbbb",
    "Left bundle branch block (AHA/ACCF/HRS)",
    "ms",
    0,
    120,
    120,
    "QRS >= 120 ms; V1 QS or rS; broad R in I or aVL and in V5 or V6 (notched, or peak > 60 ms); no q in I, "
    "V5, V6; value = QRS duration less 20 ms per missing feature, 40 ms for V1",
    "AHA/ACCF/HRS 2009 part III, doi 10.1161/CIRCULATIONAHA.108.191095"};
inline constexpr CriterionSpec kLbbbStrauss{
    "lbbb_strauss",
    "Left bundle branch block (Strauss)",
    "ms",
    0,
    140,
    130,
    "QRS >= 140 ms (men), >= 130 ms (women); QS or rS in V1 and V2; mid-QRS notch or slur in two of V1, V2, "
    "V5, V6, I, aVL; value = QRS duration less 20 ms per missing feature",
    "Strauss 2011; quoted by PMC8630173"};
inline constexpr CriterionSpec kRbbb{
    "rbbb",
    "Right bundle branch block",
    "ms",
    0,
    120,
    120,
    "QRS >= 120 ms; R' in V1 or V2, or R alone with late peak; S longer than R or > 40 ms in I and V6; value "
    "= QRS duration less 20 ms per missing feature",
    "AHA/ACCF/HRS 2009 part III, doi 10.1161/CIRCULATIONAHA.108.191095"};
inline constexpr CriterionSpec kLafb{
    "lafb",
    "Left anterior fascicular block",
    "deg",
    0,
    -45,
    -45,
    "axis -45 to -90 deg; rS in III and aVF; QRS < 120 ms, or wider with right bundle branch block; value = QRS axis",
    "AHA/ACCF/HRS 2009 part III, doi 10.1161/CIRCULATIONAHA.108.191095 (axis, QRS); rS in the inferior leads: Elizari "
    "2007, doi 10.1161/CIRCULATIONAHA.106.637389 (from memory, unverified). The qR and late peak in aVL that part III "
    "adds are not asked for: with them 25 % of PTB-XL's fascicular blocks were found"};
inline constexpr CriterionSpec kLpfb{
    "lpfb",
    "Left posterior fascicular block",
    "deg",
    0,
    100,
    100,
    "axis 100 to 180 deg; S > R in I and aVL; R > S in III and aVF; QRS < 120 ms, or wider with right bundle branch block; "
    "value = QRS axis; right ventricular load and a vertical heart look the same",
    "After AHA/ACCF/HRS 2009 part III, doi 10.1161/CIRCULATIONAHA.108.191095, which says 90 deg and asks for qR in III and "
    "aVF: 100 deg without the q found more of PTB-XL's and called fewer others"};
inline constexpr CriterionSpec kIvcd{
    "ivcd",
    "Unspecific intraventricular conduction delay",
    "ms",
    0,
    110,
    110,
    "QRS > 110 ms without the pattern of left or right bundle branch block; not judged in pacing",
    "AHA/ACCF/HRS 2009 part III, doi 10.1161/CIRCULATIONAHA.108.191095"};
inline constexpr double kDelayedRPeakMs = 50;
inline constexpr CriterionSpec kDelayedRPeak{
    "delayed_r_peak",
    "Delayed intrinsicoid deflection",
    "ms",
    0,
    kDelayedRPeakMs,
    kDelayedRPeakMs,
    "from QRS onset to the R peak in V5 or V6 >= 50 ms",
    "PMC4807724; a point of Romhilt and Estes 1968"};
inline constexpr CriterionSpec kLeftAxis{
    "left_axis_deviation",
    "Left axis deviation",
    "deg",
    0,
    -30,
    -30,
    "QRS axis between -30 and -90 deg",
    "AHA/ACCF/HRS 2009 part III, doi 10.1161/CIRCULATIONAHA.108.191095; major abnormality of Davie 1996, doi "
    "10.1136/bmj.312.7025.222 (list from memory, unverified)"};
inline constexpr CriterionSpec kPTerminalForce{
    "p_terminal_force_v1",
    "P terminal force in V1",
    "mV ms",
    1,
    -4,
    -4,
    "negative end of P in V1: amplitude x duration <= -4 mV ms",
    "Morris 1964; for left atrial enlargement AUC <= .64: Lee 2007 (quoted by scribd 468952563): weak"};
inline constexpr CriterionSpec kLongP{
    "p_duration",
    "Long P wave (left atrial enlargement)",
    "ms",
    0,
    120,
    120,
    "P duration > 120 ms",
    "Lee 2007: sensitivity .69, specificity .49 for LAVI >= 32 (quoted by scribd 468952563): weak"};
inline constexpr CriterionSpec kRightAtrial{
    "right_atrial_enlargement",
    "Tall P wave (right atrial enlargement)",
    "mV",
    2,
    0.25,
    0.25,
    "P in II, III or aVF > 0.25 mV",
    "AHA/ACCF/HRS 2009 part V, doi 10.1161/CIRCULATIONAHA.108.191097"};
inline constexpr CriterionSpec kLowLimb{
    "low_voltage_limb",
    "Low voltage, limb leads",
    "mV",
    2,
    0.5,
    0.5,
    "largest QRS peak-to-peak in the limb leads <= 0.5 mV",
    "Cyrille 2014, doi 10.1016/j.amjcard.2014.07.026 (34 % in cardiac amyloidosis)"};
inline constexpr CriterionSpec kLowPrecordial{
    "low_voltage_precordial",
    "Low voltage, chest leads",
    "mV",
    2,
    1.0,
    1.0,
    "largest QRS peak-to-peak in the chest leads <= 1.0 mV",
    "Cyrille 2014, doi 10.1016/j.amjcard.2014.07.026 (13 % in cardiac amyloidosis)"};
inline constexpr CriterionSpec kPathologicalQ{
    "pathological_q",
    "Pathological Q waves",
    "leads",
    0,
    2,
    2,
    "V2-V3: Q >= 20 ms or QS; two neighbours of I, aVL / V1-V6 / II, III, aVF: Q >= 30 ms and >= 0.1 mV or "
    "QS; V1-V2: R >= 40 ms, R/S >= 1, upright T; value = number of such leads",
    "Fourth universal definition of myocardial infarction 2018 (text quoted by droracle.ai, ecgbuddy.com); "
    "not judged in LBBB or pacing"};
inline constexpr double kLowestRateForFragments = 250;  // below it the recorder's filter smooths fragments away
inline constexpr CriterionSpec kFragmentedQrs{
    "fragmented_qrs",
    "Fragmented QRS",
    "leads",
    0,
    2,
    2,
    "QRS < 120 ms with an extra R' (not in V1-V2) or a turn back of >= 0.04 mV inside R or S, in two neighbours of V1-V5 / I, "
    "aVL, V6 / II, III, aVF; value = number of such leads; not judged under 250 samples per second or in noise",
    "Das 2006 (Circulation 113:2495): sensitivity .86, specificity .89 for scar by SPECT, but .67 and .40 against magnetic "
    "resonance: context only; the 0.04 mV is ours"};
inline constexpr CriterionSpec kPoorR{"poor_r_progression",
                                      "Poor R-wave progression",
                                      "mV",
                                      2,
                                      0.3,
                                      0.3,
                                      "R V3 <= 0.3 mV with R V2 <= R V3",
                                      "Criterion as in Am Heart J 2004 (no better than chance for anterior "
                                      "infarction in 122 patients): context only"};
inline constexpr CriterionSpec kReversedR{
    "reversed_r_progression",
    "Reversed R-wave progression",
    "",
    0,
    std::nullopt,
    std::nullopt,
    "R V2 < R V1, or R V3 < R V2, or R V4 < R V3",
    "More specific than poor R progression: Am Heart J 2004 abstract: context only"};
inline constexpr double kSecondHumpMs = 30;  // by this much the tangent's end lies beyond the leads' own: worth a word
inline constexpr double kUsualQrsMs = 100;
inline constexpr CriterionSpec kQtcProlonged{
    "qtc_prolonged",
    "Prolonged QTc (Fridericia)",
    "ms",
    0,
    450,
    460,
    "longer of QT and QT by tangent, / cube root of RR >= 450 ms (men), >= 460 ms (women); at QRS >= 120 ms JT + 100 ms",
    "AHA/ACCF/HRS 2009 part IV, doi 10.1016/j.jacc.2008.12.014 (cut-offs; JT for a wide QRS, the + 100 ms is ours); "
    "Fridericia preferred: Vandenberk 2016 (JAHA)"};
inline constexpr double kStLevelMv = 0.05;  // an ST segment that rises by less over 60 ms is level
inline constexpr CriterionSpec kStDepression{
    "st_depression",
    "ST depression",
    "mV",
    2,
    -0.05,
    -0.05,
    "level or falling ST <= -0.05 mV 60 ms after the J point in two neighbours of I, aVL / V1-V6 / II, III, aVF; value = "
    "deepest level that two neighbours share; not judged in bundle branch block, a wide QRS or pacing",
    "Fourth universal definition of myocardial infarction 2018 (quoted by ecgstampede.com); 60 ms after J is ours: at the J "
    "point itself it agreed less with PTB-XL's readers"};
inline constexpr CriterionSpec kTInversion{
    "t_inversion",
    "T inversion",
    "mV",
    2,
    -0.1,
    -0.1,
    "T <= -0.1 mV under an upright QRS (R > S, R > Q) in two neighbours of I, aVL / V1-V6 / II, III, aVF; value = deepest "
    "T that two neighbours share; not judged in bundle branch block, a wide QRS or pacing",
    "Fourth universal definition of myocardial infarction 2018 (quoted by ecgstampede.com)"};
inline constexpr CriterionSpec kQrsTAngle{"qrs_t_angle",
                                          "Wide frontal QRS-T angle",
                                          "deg",
                                          0,
                                          90,
                                          90,
                                          "|QRS axis - T axis| > 90 deg",
                                          "MESA, doi 10.1016/j.amjcard.2013.08.017: HR 2.2, none left beside "
                                          "T-wave abnormality: count once with ST-T"};
inline constexpr CriterionSpec kStElevation{
    "st_elevation",
    "ST elevation",
    "leads",
    0,
    2,
    2,
    "J point in two neighbouring leads >= 0.1 mV (V2-V3: men from 40 years 0.2, younger men 0.25, women 0.15 "
    "mV); not judged in bundle branch block, hypertrophy or pacing",
    "Fourth universal definition of myocardial infarction 2018 (quoted by ecgstampede.com)"};
inline constexpr double kRiskRateBpm = 75, kRiskQrsMs = 110, kRiskTpeMs = 89;
inline constexpr CriterionSpec kElectricalRisk{
    "electrical_risk",
    "Electrical risk markers",
    "markers",
    0,
    4,
    4,
    "heart rate > 75; QRS > 110 ms; Sokolow-Lyon; R < S up to V3; QRS-T angle > 90 deg; QTc (Bazett) > 450 ms (men), > 460 "
    "ms (women); Tp-e > 89 ms; R peak V5-V6 >= 50 ms; >= 4 markers",
    "Cut-offs doi 10.2147/CIA.S170226; four or more: Reinier 2018, doi 10.1111/anec.12591 (its nine markers are from "
    "memory, unverified): context only"};
// Logistic rule for an irregular rhythm without P, fitted on PTB-XL folds 1-3 (docs/validation-ecg.md). Each feature is
// defined in ecg/rhythm.h.
struct FibrillationRule {
  double intercept, log_irregularity, p_coherence, similar_rr, log_rate, log_p_mv;
  double irregularity_cap;  // beyond it more irregularity says nothing more
  double call_from;         // score from which the rhythm is named
};
// The fitted intercept is -0.898; 2.166 is added, so that 0.5 is the score of 97.5 % specificity there.
inline constexpr FibrillationRule kFibrillationRule{-0.898 + 2.166, 0.874, -4.317, -4.926, 2.098, -1.643, 0.1, 0.5};
inline constexpr CriterionSpec kAtrialFibrillation{
    "af_pattern",
    "Irregular rhythm without P waves",
    "",
    2,
    kFibrillationRule.call_from,
    kFibrillationRule.call_from,
    "logistic rule of RR irregularity, RR intervals alike within 5 %, heart rate, repeating share and height of what lies "
    "before the QRS; value = its score, called from 0.5",
    "Rule of this project, fitted and held out on PTB-XL: docs/validation-ecg.md"};
inline constexpr CriterionSpec kAlternans{
    "t_wave_alternans",
    "T-wave alternans",
    "",
    0,
    std::nullopt,
    std::nullopt,
    "not measured",
    "Needs exercise or pacing; in a 10 s resting strip it is dominated by noise: PMC3288719"};

// ---- What a record must be, for a screening to be worth giving
// -----------------------------------------------------------------

inline constexpr double kFastestRateForScreening = 120;  // evidence sheet, section 6, recipe step 1
inline constexpr double kSmallestQrsMv = 0.06;
inline constexpr double kReversalFlatMv = 0.1;  // one limb lead under it: right-leg swap, PMC10902517 table 5

// By this share must exchanging two chest leads shorten the way from V1 to V6: 99 % of PTB-XL fold 1 stay under it.
inline constexpr double kChestExchangeGain = 0.23;

inline std::optional<double> cutoff_for(const CriterionSpec& spec, std::optional<Sex> sex) {
  if (!spec.cutoff_male || !spec.cutoff_female) return std::nullopt;
  if (*spec.cutoff_male == *spec.cutoff_female) return spec.cutoff_male;
  if (!sex) return std::nullopt;
  return *sex == Sex::kMale ? spec.cutoff_male : spec.cutoff_female;
}

}  // namespace precordia
