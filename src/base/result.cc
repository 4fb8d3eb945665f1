#include "base/result.h"

namespace precordia {

const char* error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kEmptyInput: return "empty_input";
    case ErrorCode::kNotRecognised: return "not_recognised";
    case ErrorCode::kAmbiguous: return "ambiguous";
    case ErrorCode::kMissingCompanion: return "missing_companion";
    case ErrorCode::kDamaged: return "damaged";
    case ErrorCode::kTooLarge: return "too_large";
    case ErrorCode::kNotAnEcg: return "not_an_ecg";
    case ErrorCode::kUnusable: return "unusable";
    case ErrorCode::kModel: return "model";
    case ErrorCode::kWrongUsage: return "wrong_usage";
  }
  return "unknown";
}

}  // namespace precordia
