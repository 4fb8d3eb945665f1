# Third-party C++ as interface or static targets. The sources lie in the user's cache (cmake/setup.sh, third_party.lock),
# the same ones for native and WebAssembly builds; their headers are SYSTEM headers, so that our warnings are ours.
execute_process(
  COMMAND "${CMAKE_CURRENT_LIST_DIR}/setup.sh" --where sources
  OUTPUT_VARIABLE PRECORDIA_THIRD_PARTY OUTPUT_STRIP_TRAILING_WHITESPACE
  RESULT_VARIABLE setup_result)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  "${CMAKE_CURRENT_LIST_DIR}/setup.sh" "${CMAKE_CURRENT_LIST_DIR}/third_party.lock")
if(NOT setup_result EQUAL 0)
  message(FATAL_ERROR "The third-party sources are not available; the line above says why.")
endif()

# The dashboard's faces as TrueType: IBMPlexSans-Regular, IBMPlexSans-SemiBold, IBMPlexMono-Regular.
set(PRECORDIA_FONT_DIR "${PRECORDIA_THIRD_PARTY}/fonts")

# Eigen, stb, doctest and nlohmann-json: <Eigen/Core>, <stb/stb_image.h>, <doctest/doctest.h>, <nlohmann/json.hpp>.
add_library(third_party_headers INTERFACE)
target_include_directories(third_party_headers SYSTEM INTERFACE
  "${PRECORDIA_THIRD_PARTY}/include" "${PRECORDIA_THIRD_PARTY}/eigen3")
target_compile_definitions(third_party_headers INTERFACE EIGEN_MPL2_ONLY EIGEN_DONT_PARALLELIZE JSON_NOEXCEPTION=1)

# Dear ImGui: the core everywhere (its layout logic is tested without a window), the OpenGL ES 3 backend on WebGL2 only.
set(imgui_folder "${PRECORDIA_THIRD_PARTY}/imgui")
set(imgui_sources imgui.cpp imgui_draw.cpp imgui_tables.cpp imgui_widgets.cpp)
if(EMSCRIPTEN)
  list(APPEND imgui_sources backends/imgui_impl_opengl3.cpp)
endif()
list(TRANSFORM imgui_sources PREPEND "${imgui_folder}/")
add_library(imgui STATIC EXCLUDE_FROM_ALL ${imgui_sources})
target_include_directories(imgui SYSTEM PUBLIC "${imgui_folder}" "${imgui_folder}/backends")
# 32-bit indices: twelve traces pass 65 536 vertices, and WebGL2 has no base-vertex drawing to split them with.
target_compile_definitions(imgui PUBLIC
  "ImDrawIdx=unsigned int" IMGUI_IMPL_OPENGL_ES3 IMGUI_DISABLE_OBSOLETE_FUNCTIONS IMGUI_DISABLE_DEMO_WINDOWS
  IMGUI_DISABLE_DEBUG_TOOLS IMGUI_DISABLE_FILE_FUNCTIONS IMGUI_DISABLE_DEFAULT_SHELL_FUNCTIONS)

# pugixml without exceptions, XPath and streams: <pugixml.hpp>. zlib's inflate, CRC-32 and Adler-32 only: <zlib.h>. They
# lie in their own folders so that no header of theirs can be mistaken for the system's.
add_library(pugixml STATIC EXCLUDE_FROM_ALL "${PRECORDIA_THIRD_PARTY}/pugixml/src/pugixml.cpp")
target_include_directories(pugixml SYSTEM PUBLIC "${PRECORDIA_THIRD_PARTY}/pugixml/src")
target_compile_definitions(pugixml PUBLIC PUGIXML_NO_EXCEPTIONS PUGIXML_NO_XPATH PUGIXML_NO_STL)
target_compile_options(pugixml PRIVATE -fno-exceptions -fno-rtti)
set(zlib_sources adler32.c crc32.c inffast.c inflate.c inftrees.c zutil.c)
list(TRANSFORM zlib_sources PREPEND "${PRECORDIA_THIRD_PARTY}/zlib/")
add_library(zlib_inflate STATIC EXCLUDE_FROM_ALL ${zlib_sources})
target_include_directories(zlib_inflate SYSTEM PUBLIC "${PRECORDIA_THIRD_PARTY}/zlib")
