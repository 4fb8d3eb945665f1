# Toolchain file of the "wasm" preset: the Emscripten on PATH if it is new enough, else the private one that
# cmake/setup.sh unpacks into the user's cache (it is fetched here if it is not there yet).
if(NOT DEFINED ENV{PRECORDIA_EMSCRIPTEN_ROOT})
  execute_process(
    COMMAND "${CMAKE_CURRENT_LIST_DIR}/setup.sh" --where emscripten
    OUTPUT_VARIABLE precordia_emscripten_root OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE precordia_emscripten_result)
  if(NOT precordia_emscripten_result EQUAL 0)
    message(FATAL_ERROR "Emscripten is not available; the line above says why.")
  endif()
  # Toolchain files are read again by every try-compile; this keeps the answer.
  set(ENV{PRECORDIA_EMSCRIPTEN_ROOT} "${precordia_emscripten_root}")
endif()
set(EMSCRIPTEN_ROOT_PATH "$ENV{PRECORDIA_EMSCRIPTEN_ROOT}")
include("${EMSCRIPTEN_ROOT_PATH}/cmake/Modules/Platform/Emscripten.cmake")
