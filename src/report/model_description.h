// What a report must say about a network that took part, whoever made it.
#pragma once

#include <string>

namespace precordia {

struct ModelDescription {
  std::string id;         // "ecg-beats-2"
  std::string title;      // "12-lead ECG network"
  std::string version;    // "1.0.0"
  std::string precision;  // artefact that ran: "int8", "int8-weights" or "fp32"; empty = none ran
  std::string licence;    // of the weights
  std::string card;       // path of the model card, "models/ecg-beats-2/CARD.md"
  std::string training;   // "PTB-XL 1.0.3 folds 1-8, tuned on fold 9"
};

}  // namespace precordia
