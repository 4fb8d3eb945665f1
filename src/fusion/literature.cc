#include "fusion/literature.h"

namespace precordia {
namespace {

constexpr const char* kDavie =
    "Davie 1996, BMJ 312:222, doi 10.1136/bmj.312.7025.222 (534 GP referrals; 90/96 and 169/438; which "
    "abnormalities were called major was not verified in the text)";
constexpr const char* kMohamed =
    "Mohamed 2023, Dan Med J 70:A01230008, PMID 37622640 (403 GP referrals; EF < 50 % in 33, two with a "
    "normal ECG)";
constexpr const char* kNielsen = "Nielsen 2000, BMJ 320:220, doi 10.1136/bmj.320.7229.220 (126 GP patients)";
constexpr const char* kTaylor =
    "Taylor, Br J Gen Pract / doi 10.1002/ehf2.15383 (155,347 people tested in English general practice)";

constexpr std::array<FourfoldStudy, 3> kMajorEcg = {{
    {"davie_1996", "major ECG abnormality", "LV systolic dysfunction", 90, 96, 169, 438,
     Provenance::kVerified, kDavie},
    // 155 normal ECGs, 2 of them among the 33 with EF < 50 %: 31/33 and (370 - 153)/370 abnormal.
    {"mohamed_2023", "abnormal ECG", "EF < 50 %", 31, 33, 217, 370, Provenance::kDerived, kMohamed},
    {"nielsen_2000", "Q waves, LBBB, ST-T change or hypertrophy", "EF <= 45 %", 13, 15, 49, 111,
     Provenance::kVerified, kNielsen},
}};

// 43.8 % and 83.6 % of 226 fit 35/80 and 122/146 alone (13.8 % and 99.3 % of the same groups: 11/80 and
// 145/146).
constexpr FourfoldStudy kMurkofsky = {
    "murkofsky_1998",
    "QRS over 100 ms without bundle branch block",
    "reduced EF (radionuclide)",
    35,
    80,
    24,
    146,
    Provenance::kDerived,
    "Murkofsky 1998, J Am Coll Cardiol, doi 10.1016/s0735-1097(98)00242-3 (226 people)"};

// Sensitivity 47 % of 15 and specificity 78 % of 111.
constexpr FourfoldStudy kNielsenInfarction = {"nielsen_2000_infarction",
                                              "infarction in the history",
                                              "EF <= 45 %",
                                              7,
                                              15,
                                              24,
                                              111,
                                              Provenance::kDerived,
                                              kNielsen};

// Ratios 3.9 and .54 in the same 15 and 111: 8/15 and 15/111 alone give them (3.95, .54).
constexpr FourfoldStudy kNielsenRate = {"nielsen_2000_rate",
                                        "heart rate above diastolic pressure",
                                        "EF <= 45 %",
                                        8,
                                        15,
                                        15,
                                        111,
                                        Provenance::kDerived,
                                        kNielsen};

constexpr SignAccuracy kMantOedema = {0.53, 0.72, Provenance::kVerified, kMant2009};
constexpr PublishedRatios kWangLegOedema = {2.3, 0.64, Provenance::kVerified,
                                            "Wang 2005, JAMA, doi 10.1001/jama.294.15.1944 (emergency departments)"};

constexpr std::array<CutoffAccuracy, 3> kTaylorCutoffs = {{
    {125, 0.946, 0.500, Provenance::kVerified, kTaylor},
    {400, 0.817, 0.803, Provenance::kVerified, kTaylor},
    {2000, 0.389, 0.961, Provenance::kVerified, kTaylor},
}};

constexpr std::array<CutoffAccuracy, 3> kStudiesAt125 = {{
    {125, 0.946, 0.500, Provenance::kVerified, kTaylor},
    {125, 0.942, 0.490, Provenance::kVerified, "REFER 2017, Br J Gen Pract 67:e94 (304 people, 55 and over)"},
    {125, 0.75, 0.80, Provenance::kVerified,
     "ESC Heart Failure 2021, individual patient data (1073 people, 70 and over)"},
}};

constexpr Prior kScreening = {"screening",
                              "People of 45 and over, with or without symptoms",
                              "LV systolic dysfunction (EF < 50 %)",
                              0.053,
                              0.017,
                              0.060,
                              Provenance::kDerived,
                              "ECHOES, doi 10.1016/S0140-6736(01)05620-3 (EF < 40 %: 1.8 %, 40-50 %: 3.5 %); "
                              "range: MESA PMC3533250 1.7 %, "
                              "Olmsted doi 10.1001/jama.289.2.194 6.0 %"};

// 33/403; the low end is its Wilson 95 % limit, the high end Davie's 96/534.
constexpr Prior kGpEchoReferral = {
    "gp_echo_referral",
    "Suspected heart failure, referred by a GP for echo",
    "LV systolic dysfunction (EF < 50 %)",
    33.0 / 403.0,
    0.0589,
    96.0 / 534.0,
    Provenance::kVerified,
    "Mohamed 2023, PMID 37622640 (33 of 403); range up to Davie 1996, doi 10.1136/bmj.312.7025.222 (18 %)"};

constexpr Prior kKnownInfarction = {
    "known_infarction",
    "People with a past heart attack, in general practice",
    "LV systolic dysfunction (EF < 40 %)",
    54.0 / 244.0,
    0.171,
    0.279,
    Provenance::kVerified,
    "Davis 2002, BMJ 325:1156, doi 10.1136/bmj.325.7373.1156 (54 of 244, 17.1-27.9 %)"};

constexpr Prior kNtProbnpTested = {
    "nt_probnp_tested",
    "Suspected heart failure in general practice",
    "Heart failure of any kind",
    0.094,
    0.092,
    0.34,
    Provenance::kVerified,
    "Taylor, doi 10.1002/ehf2.15383 (9.2-9.4 %); range up to REFER 2017, Br J Gen Pract 67:e94 (34 %)"};

}  // namespace

const char* provenance_mark(Provenance provenance) {
  switch (provenance) {
    case Provenance::kVerified: return "V";
    case Provenance::kDerived: return "D";
    case Provenance::kEngineering: return "E";
  }
  return "E";
}

std::span<const FourfoldStudy> major_ecg_studies() { return kMajorEcg; }
const FourfoldStudy& davie_major_ecg() { return kMajorEcg[0]; }
const FourfoldStudy& mohamed_abnormal_ecg() { return kMajorEcg[1]; }
const FourfoldStudy& murkofsky_qrs_over_100ms() { return kMurkofsky; }
const FourfoldStudy& nielsen_prior_infarction() { return kNielsenInfarction; }
const FourfoldStudy& nielsen_rate_over_diastolic() { return kNielsenRate; }
const SignAccuracy& mant_oedema() { return kMantOedema; }
const PublishedRatios& wang_leg_oedema() { return kWangLegOedema; }
std::span<const CutoffAccuracy> taylor_nt_probnp() { return kTaylorCutoffs; }
std::span<const CutoffAccuracy> nt_probnp_studies_at_125() { return kStudiesAt125; }
const Prior& prior_screening() { return kScreening; }
const Prior& prior_gp_echo_referral() { return kGpEchoReferral; }
const Prior& prior_known_infarction() { return kKnownInfarction; }
const Prior& prior_nt_probnp_tested() { return kNtProbnpTested; }

}  // namespace precordia
