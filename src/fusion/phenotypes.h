// How the answer is spread over the kinds of heart failure. Without a measured ejection fraction no kind is named by one.
#pragma once

#include "fusion/screening.h"

namespace precordia {

// What speaks for the syndrome beside complaints (universal definition: a raised peptide or congestion).
enum class Confirmation { kUnknown, kConfirmed, kUnlikely };
Confirmation confirmation_of(const ClinicalProfile& profile);

// The rows of the answer; `screening` has its probabilities, scores and, where there is one, its usable echo.
std::vector<PhenotypeShare> phenotype_shares(const ClinicalProfile& profile, const Screening& screening);

// With a usable EF: it decides. `ecg_abnormal` = a major abnormality on an ECG that could be judged.
Phenotype phenotype_by_ef(const ClinicalProfile& profile, const Screening& screening, bool ecg_abnormal);
void word_answer_by_ef(Screening& screening, const ClinicalProfile& profile);

// What is missing, the most useful first.
std::vector<UsefulTest> useful_tests(const ClinicalProfile& profile, const Screening& screening);

}  // namespace precordia
