// The version that every JSON object, report and screen states; CMakeLists.txt sets it once.
#pragma once

namespace precordia {

inline constexpr const char* kEngineVersion = PRECORDIA_VERSION;

}  // namespace precordia
