// Measures a stream of records and writes what was found, for tests/bench/ecg_validation.py to compare with
// the truth.
//
// Standard input as in record_stream.h. Standard output: one line per record as JSON. `--repeat N` measures each record N
// times and adds the fastest time, for speed alone; `--weights FILE` measures with another delineation network.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "bench/record_stream.h"
#include "ecg/delineation_network.h"
#include "ecg/ecg_findings.h"

using namespace precordia;

namespace {

void put(std::string& out, const std::optional<int>& v) { out += v ? std::to_string(*v) : "null"; }

void put(std::string& out, const std::optional<double>& v) { out += v ? format_text("%.6g", *v) : "null"; }

void put(std::string& out, const BeatFiducials& f) {
  const std::optional<int>* all[] = {&f.p_on,    &f.p_peak, &f.p_off,  &f.qrs_on, &f.r_peak,
                                     &f.qrs_off, &f.t_on,   &f.t_peak, &f.t_off};
  out += '[';
  for (int i = 0; i < 9; ++i) {
    if (i) out += ',';
    put(out, *all[i]);
  }
  out += ']';
}

std::string to_json(const EcgFindings& findings, double milliseconds) {
  std::string out = format_text("{\"ms\":%.3f,\"rhythm\":\"%s\",\"measurements\":{", milliseconds,
                                rhythm_name(findings.rhythm));
  for (const Measurement& m : findings.measurements) {
    out += '"' + m.id + "\":";
    put(out, m.value);
    out += ',';
  }
  out += "\"_\":null},\"criteria\":{";
  for (const Criterion& c : findings.criteria) {
    out += '"' + c.id + "\":[";
    put(out, c.value);
    out += c.met ? (*c.met ? ",true]," : ",false],") : ",null],";
  }
  out += "\"_\":null},\"blocked\":" + std::to_string(findings.blocks_screening.size()) + ",\"beats\":[";
  for (size_t b = 0; b < findings.beats.size(); ++b) {
    if (b) out += ',';
    out += format_text("{\"class\":%d,\"global\":", static_cast<int>(findings.beats[b].beat_class));
    put(out, findings.beats[b].global);
    out += ",\"leads\":[";
    for (int lead = 0; lead < kLeadCount; ++lead) {
      if (lead) out += ',';
      put(out, findings.beats[b].per_lead[lead]);
    }
    out += "]}";
  }
  return out + "]}";
}

}  // namespace

int main(int argc, char** argv) {
  int repeat = 1;
  std::optional<DelineationNetwork> other_network;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--repeat") == 0) repeat = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--weights") == 0) {
      std::ifstream file(argv[i + 1], std::ios::binary);
      const std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      auto network = DelineationNetwork::parse(bytes);
      if (!network) return 1;
      other_network = std::move(*network);
    }
  }
  const DelineationNetwork& network = other_network ? *other_network : built_in_delineation_network();
  while (const auto record = next_record()) {
    const PersonForRanges person{record->patient.age_years, record->patient.sex};
    EcgFindings findings;
    double fastest = 1e9;
    for (int i = 0; i < repeat; ++i) {
      const auto start = std::chrono::steady_clock::now();
      findings = measure_ecg(*record, person, network);
      fastest = std::min(
          fastest,
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    std::puts(to_json(findings, fastest).c_str());
    std::fflush(stdout);
  }
  return 0;
}
