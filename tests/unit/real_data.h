// Where the real ECGs lie that some tests use. They are licensed data beside the repository, never inside it, so every test
// that wants them says so and passes without them:
//
//   TEST_CASE("...") {
//     const auto folder = real_data("ptbxl/wfdb500");
//     if (!folder) return;   // real_data() has already said why
//
// The folder is $PRECORDIA_SHARED_DATA, or ../shared/data beside the repository (PRECORDIA_SOURCE_DIR comes from CMake).
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace precordia {

// The path of `part` ("ptbxl/wfdb500", "formats/truth.json") inside the shared data; when absent, says so once per part
// on standard output and returns nullopt.
inline std::optional<std::filesystem::path> real_data(const std::string& part) {
  std::filesystem::path root;
  if (const char* chosen = std::getenv("PRECORDIA_SHARED_DATA"); chosen && *chosen) root = chosen;
#ifdef PRECORDIA_SOURCE_DIR
  else root = std::filesystem::path(PRECORDIA_SOURCE_DIR) / ".." / "shared" / "data";
#endif
  std::error_code error;
  if (!root.empty() && std::filesystem::exists(root / part, error)) return root / part;
  static std::vector<std::string> said;
  if (std::find(said.begin(), said.end(), part) == said.end()) {
    said.push_back(part);
    std::printf("skipped: real data \"%s\" is not beside the repository (set PRECORDIA_SHARED_DATA)\n", part.c_str());
  }
  return std::nullopt;
}

// The whole file, or an empty vector when it cannot be read.
inline std::vector<uint8_t> file_bytes(const std::filesystem::path& path) {
  std::vector<uint8_t> bytes;
  std::FILE* file = std::fopen(path.string().c_str(), "rb");
  if (!file) return bytes;
  std::fseek(file, 0, SEEK_END);
  const long size = std::ftell(file);
  std::rewind(file);
  if (size > 0) {
    bytes.resize(static_cast<size_t>(size));
    bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  }
  std::fclose(file);
  return bytes;
}

inline std::string file_text(const std::filesystem::path& path) {
  const auto bytes = file_bytes(path);
  return std::string(bytes.begin(), bytes.end());
}

// Names of the files in `folder` that end in `ending` (".hea"), sorted.
inline std::vector<std::string> files_in(const std::filesystem::path& folder, const std::string& ending) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.size() >= ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0)
      names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace precordia
