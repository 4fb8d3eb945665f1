// The one shape in which an ECG travels through the house, whatever file, photo or generator it came from.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace precordia {

// The twelve standard leads, in the order of every array, table and network input of the project.
enum class Lead : uint8_t { kI, kII, kIII, kAVR, kAVL, kAVF, kV1, kV2, kV3, kV4, kV5, kV6 };
inline constexpr int kLeadCount = 12;
inline constexpr std::array<const char*, kLeadCount> kLeadNames = {"I",  "II", "III", "aVR", "aVL", "aVF",
                                                                   "V1", "V2", "V3",  "V4",  "V5",  "V6"};
inline constexpr int index_of(Lead lead) { return static_cast<int>(lead); }

// "ii", "AVR", "ECG II", "Lead V1", "MDC_ECG_LEAD_V1" -> the lead; V3R, V7, "MLII" and anything else -> nullopt.
std::optional<Lead> lead_from_name(std::string_view name);

enum class LeadOrigin : uint8_t { kAbsent, kRecorded, kDerived };
enum class Sex : uint8_t { kFemale, kMale };

// What the file says about the person. Only what the analysis uses: never a name or an identifier.
struct RecordedPatient {
  std::optional<double> age_years;  // 90 when the source says "over 89"
  std::optional<Sex> sex;
};

struct RecordSource {
  std::string format;         // "WFDB format 16", "CSV", "simulated", ...
  std::string device;         // as stated by the file, empty = unknown
  std::string recorded_at;    // ISO 8601 local time, empty = unknown
  bool simulated = false;     // true only for the built-in generator; shown wherever the record shows
};

struct EcgRecord {
  double sample_rate_hz = 0;
  // Samples in mV per lead, all present leads of one length; NaN = missing sample; an absent lead is an empty vector.
  std::array<std::vector<float>, kLeadCount> mv;
  std::array<LeadOrigin, kLeadCount> origin{};
  std::vector<std::string> other_channels;  // names of channels that are not one of the twelve leads
  RecordedPatient patient;
  RecordSource source;
  std::vector<std::string> notes;  // sentences about repairs and assumptions made while reading ("V3 is missing", ...)

  const std::vector<float>& lead(Lead l) const { return mv[index_of(l)]; }
  bool has(Lead l) const { return !mv[index_of(l)].empty(); }
  size_t sample_count() const;  // length of the present leads, 0 when there is none
  double duration_s() const { return sample_rate_hz > 0 ? sample_count() / sample_rate_hz : 0; }
  int lead_count() const;       // present leads, derived ones included
};

// Fills absent limb leads from two recorded ones (Einthoven, Goldberger): III = II - I, aVR = -(I + II)/2,
// aVL = I - II/2, aVF = II - I/2, and their inversions when I or II is the absent one. Recorded leads are never changed.
void derive_limb_leads(EcgRecord& record);

}  // namespace precordia
