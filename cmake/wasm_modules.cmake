# The two WebAssembly modules: build/wasm/engine.mjs + .wasm and build/wasm/dashboard.mjs + .wasm.

# Both: an ES module with a factory function, no eval (the page's policy forbids it), no file system, no threads of our
# own (ONNX Runtime brings its own), memory that grows. The stack holds Eigen's fixed-size temporaries. -fno-rtti also at
# the link: it selects the Embind library whose type identities match ours.
set(module_link_options
  -lembind -fno-rtti -sMODULARIZE=1 -sEXPORT_ES6=1 -sDYNAMIC_EXECUTION=0 -sALLOW_MEMORY_GROWTH=1 -sFILESYSTEM=0 -sSTACK_SIZE=1MB
  -sINITIAL_MEMORY=16MB -sINCOMING_MODULE_JS_API=locateFile,wasmBinary,instantiateWasm,print,printErr,canvas)

function(precordia_module name)
  set_target_properties(${name} PROPERTIES SUFFIX .mjs RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
  target_link_options(${name} PRIVATE ${module_link_options} ${ARGN})
endfunction()

# The engine runs in a Web Worker, and the same module under Node for the command line and the model tests.
file(GLOB engine_binding_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/engine/*bindings.cc" "${CMAKE_SOURCE_DIR}/src/engine/*_wasm.cc")
if(engine_binding_sources)
  add_executable(engine ${engine_binding_sources})
  target_link_libraries(engine PRIVATE engine_core)
  precordia_module(engine -O3 -sENVIRONMENT=web,worker,node)
endif()

# The dashboard draws on the main thread, and its download counts: smallest code, optimised across translation units.
set(smallest -Oz -flto)
if(dashboard_browser_sources)
  target_compile_options(imgui PRIVATE ${smallest} -fno-rtti)
  if(dashboard_sources)
    target_compile_options(dashboard_core PRIVATE ${smallest})
  endif()
  add_executable(dashboard ${dashboard_browser_sources})
  target_compile_options(dashboard PRIVATE ${smallest})
  target_link_libraries(dashboard PRIVATE house_rules base imgui $<TARGET_NAME_IF_EXISTS:dashboard_core>)
  precordia_module(dashboard ${smallest} -sENVIRONMENT=web -sMIN_WEBGL_VERSION=2 -sMAX_WEBGL_VERSION=2
    -sMALLOC=emmalloc)
endif()
