// Errors as values. Every fallible function of the core returns Result<T>; nothing throws, nothing aborts.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace precordia {

// What went wrong, in terms a host can act on. The names (see `error_code_name`) are part of the JSON interface.
enum class ErrorCode {
  kEmptyInput,        // zero bytes
  kNotRecognised,     // the content is no format that we read
  kAmbiguous,         // several readings are possible; the sentence asks the user which
  kMissingCompanion,  // a WFDB header names a signal file that was not given; `detail` lists the names, one per line
  kDamaged,           // truncated, wrong length, bad checksum, impossible header
  kTooLarge,          // over a documented limit
  kNotAnEcg,          // readable, but holds no ECG lead
  kUnusable,          // an ECG, but nothing can be measured on it (flat, all missing, under one second)
  kModel,             // a network or its manifest is missing, altered or gave impossible numbers
  kWrongUsage,        // a call out of order or an option that does not exist
};

struct Error {
  ErrorCode code;
  std::string message;  // one sentence for a clinician: what is wrong and what to do about it
  std::string detail;   // for the log; may be empty; never patient data
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string detail = {}) {
  return std::unexpected<Error>(Error{code, std::move(message), std::move(detail)});
}

// "empty_input", "not_recognised", ...: stable names for JSON.
const char* error_code_name(ErrorCode code);

}  // namespace precordia

// Propagates the error of `expression`, or assigns its value: PRECORDIA_TRY(auto header, parse_header(bytes));
#define PRECORDIA_TRY_CONCAT_(a, b) a##b
#define PRECORDIA_TRY_NAME_(line) PRECORDIA_TRY_CONCAT_(precordia_try_, line)
#define PRECORDIA_TRY(declaration, expression)                                                         \
  auto PRECORDIA_TRY_NAME_(__LINE__) = (expression);                                                   \
  if (!PRECORDIA_TRY_NAME_(__LINE__)) return std::unexpected(std::move(PRECORDIA_TRY_NAME_(__LINE__).error())); \
  declaration = std::move(*PRECORDIA_TRY_NAME_(__LINE__))
