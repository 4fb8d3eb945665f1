// What one ECG says for or against LV systolic dysfunction, read from the network or, without it, from
// measured criteria.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fusion/combine.h"
#include "fusion/fused_reading.h"
#include "fusion/screening.h"

namespace precordia {

enum class EcgBasis {
  kNone,         // nothing that can be counted: `why_none`
  kLvsdNetwork,  // a model pack whose composite "lvsd" was tested against measured ejection fractions
  kNetwork,      // composite "major_abnormal", a stand-in for Davie's readers with its own sensitivity and
                 // specificity
  kFused,        // the network together with measurements, age and sex (early or hybrid way), graded
  kCriteria,     // measured rules found something; not validated, so the most cautious study is used. Rules that find
                 // nothing never reassure: they look at less than the network, and a poor recording hides more
};

struct EcgEvidence {
  EcgBasis basis = EcgBasis::kNone;
  bool major_abnormality = false;          // by the basis, or by measured rules where the two disagree
  bool disagreement = false;               // the network sees none, a measured rule does: counted neither way
  std::vector<std::string> abnormalities;  // plain names: "left bundle branch block"
  std::string why_none;
  std::string without_network;  // why the network did not take part; empty when it did
  // Likelihood ratios of the clusters that count, each with the index of its line in `items`.
  struct Counted {
    LogRatio ratio;
    size_t item;
  };
  std::vector<Counted> counted;
  std::vector<EvidenceItem> items;  // without decibans: those exist only after combination
};

// `findings` must be there (screening stops before this without them); `net` may be null or not have run. `fused` is the early
// or hybrid reading, null for the late way; a network that was tested against ejection fractions comes before either.
EcgEvidence read_ecg_evidence(const EcgFindings& findings, const EcgNetFindings* net, const FusedReading* fused = nullptr);

}  // namespace precordia
