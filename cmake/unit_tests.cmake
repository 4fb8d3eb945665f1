# unit_tests: every tests/unit/*_test.cc in one doctest program. Native, sanitized, and as unit_tests.js under Node.
file(GLOB unit_test_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/unit/*.cc")
add_executable(unit_tests ${unit_test_sources})
# Tests of XML readers build their own documents.
target_link_libraries(unit_tests PRIVATE house_rules engine_core pugixml)
target_include_directories(unit_tests PRIVATE "${CMAKE_SOURCE_DIR}/tests")
target_compile_definitions(unit_tests PRIVATE
  DOCTEST_CONFIG_NO_EXCEPTIONS_BUT_WITH_ALL_ASSERTS
  DOCTEST_CONFIG_SUPER_FAST_ASSERTS
  PRECORDIA_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
  PRECORDIA_SHARED_DATA_DIR="${CMAKE_SOURCE_DIR}/../shared/data"
  PRECORDIA_FONT_DIR="${PRECORDIA_FONT_DIR}")
# The tests themselves; what they test stays at -O3, or at -O1 under both sanitizers. Less than half the compile time of fusion_test.cc, and three fifths less there.
# Those that draw pages and hearts would run for longer than they save.
target_compile_options(unit_tests PRIVATE -O0)
set(drawing_tests ${unit_test_sources})
list(FILTER drawing_tests INCLUDE REGEX "/(paper|echo)_[^/]*$")
set_source_files_properties(${drawing_tests} PROPERTIES COMPILE_OPTIONS -O1 SKIP_PRECOMPILE_HEADERS ON)
if(PRECORDIA_SANITIZE)
  target_compile_options(unit_tests PRIVATE -fno-sanitize=undefined,fuzzer)
endif()
if(TARGET dashboard_core)
  target_link_libraries(unit_tests PRIVATE dashboard_core)
endif()
if(EMSCRIPTEN)
  # Node's file system, for tests that read files; link quickly, the program is not shipped.
  target_link_options(unit_tests PRIVATE -O1 -sNODERAWFS=1 -sENVIRONMENT=node -sALLOW_MEMORY_GROWTH=1 -sEXIT_RUNTIME=1
    -sSTACK_SIZE=4MB)
endif()

# tests/bench/NAME.cc: programs that measure, built on request (ninja NAME), natively and as NAME.js for Node.
file(GLOB bench_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/bench/*.cc")
foreach(source IN LISTS bench_sources)
  get_filename_component(name "${source}" NAME_WE)
  add_executable(${name} EXCLUDE_FROM_ALL "${source}")
  target_link_libraries(${name} PRIVATE house_rules engine_core)
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests")
  if(EMSCRIPTEN)
    target_link_options(${name} PRIVATE -sNODERAWFS=1 -sENVIRONMENT=node -sALLOW_MEMORY_GROWTH=1 -sEXIT_RUNTIME=1 -sSTACK_SIZE=4MB)
  endif()
endforeach()
