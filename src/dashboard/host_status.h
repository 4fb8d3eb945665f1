// What the host (web/) tells the dashboard beside results: how it runs, how far it is, what went wrong.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dashboard/view_model.h"

namespace precordia::dashboard {

struct TimingView {
  std::string stage, label;
  double ms = 0;
};

struct LicenceView {
  std::string name, version, licence;
};

inline constexpr std::array<const char*, 3> kProviderIds = {"auto", "wasm", "webgpu"};

struct HostStatus {
  std::string provider;  // "wasm", "webgpu", "" until known
  int threads = 0;
  std::string provider_note;  // why this one, in plain words
  std::optional<int> provider_choice;  // what was asked for, index into kProviderIds; unknown: not told
  bool camera = false;  // this device has one that the page may use
  bool offline_ready = false;
  bool update_available = false;
  std::string app_version;
  std::vector<ModelView> models;
  std::vector<TimingView> timings;
  std::vector<LicenceView> licences;
};

struct Progress {
  std::string stage;
  std::optional<double> fraction;  // 0..1; unknown: moving bar
  bool cancellable = false;
};

// Text that is no JSON object leaves everything at its default.
HostStatus read_status(std::string_view json);

// nullopt for anything but an object: nothing is going on.
std::optional<Progress> read_progress(std::string_view json);

// "WebAssembly, 2 threads", "WebGPU", "starting".
std::string provider_text(const HostStatus& status);

}  // namespace precordia::dashboard
