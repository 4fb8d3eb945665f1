#include "dashboard/host_status.h"

#include <algorithm>

#include "dashboard/json_reader.h"

namespace precordia::dashboard {

HostStatus read_status(std::string_view json) {
  HostStatus status;
  const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return status;
  status.provider = text(root, "provider");
  status.threads = whole_number(root, "threads").value_or(0);
  status.provider_note = text(root, "provider_note");
  const std::string choice = text(root, "provider_choice");
  for (size_t i = 0; i < kProviderIds.size(); ++i) {
    if (choice == kProviderIds[i]) status.provider_choice = static_cast<int>(i);
  }
  status.camera = flag(root, "camera", false);
  status.offline_ready = flag(root, "offline_ready", false);
  status.update_available = flag(root, "update_available", false);
  status.app_version = text(root, "app_version");
  for (const Json& entry : member(root, "models")) {
    if (status.models.size() == kMaxListEntries) break;
    status.models.push_back({text(entry, "id"), text(entry, "title"), text(entry, "version"),
                             text(entry, "precision"), text(entry, "licence"), text(entry, "card"),
                             text(entry, "training")});
  }
  for (const Json& entry : member(root, "timings")) {
    if (status.timings.size() == kMaxListEntries) break;
    const std::optional<double> ms = number(entry, "ms");
    if (ms) status.timings.push_back({text(entry, "stage"), text(entry, "label"), *ms});
  }
  for (const Json& entry : member(root, "licences")) {
    if (status.licences.size() == kMaxListEntries) break;
    status.licences.push_back({text(entry, "name"), text(entry, "version"), text(entry, "licence")});
  }
  return status;
}

std::optional<Progress> read_progress(std::string_view json) {
  const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return std::nullopt;
  Progress progress;
  progress.stage = text(root, "stage");
  progress.fraction = number(root, "fraction");
  if (progress.fraction) progress.fraction = std::clamp(*progress.fraction, 0.0, 1.0);
  progress.cancellable = flag(root, "cancellable", false);
  return progress;
}

std::string provider_text(const HostStatus& status) {
  if (status.provider == "webgpu") return "WebGPU";
  if (status.provider == "wasm") {
    if (status.threads > 1) return "WebAssembly, " + std::to_string(status.threads) + " threads";
    return "WebAssembly, 1 thread";
  }
  return "starting";
}

}  // namespace precordia::dashboard
