#!/usr/bin/env bash
# Builds what the browser and the command line run; gets what is missing first (cmake/setup.sh).
#
#   cmake/build_app.sh engine   build/wasm/engine.mjs + .wasm, which ./precordia runs under Node
#   cmake/build_app.sh site     the whole app in build/site, with its download sizes printed
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repo"

say() { printf 'build: %s\n' "$*" >&2; }
die() { printf 'precordia: %s\n' "$*" >&2; exit 1; }

# Ninja does not expect a second one in its folder, hence the lock: a test run and a server may start at the same time.
compile() {  # TARGET...
  local log=build/compile.log
  mkdir -p build
  say "compiling ${*} to WebAssembly"
  { cmake --preset wasm && flock build/wasm.lock cmake --build --preset wasm -j "$(nproc)" --target "$@"; } > "$log" 2>&1 || {
    tail -n 40 "$log" >&2
    die "The WebAssembly build failed; the compiler's messages are above and in $log."
  }
}

case ${1:-} in
  engine)
    cmake/setup.sh host sources emscripten
    compile engine
    ;;
  site)
    cmake/setup.sh host sources emscripten npm
    compile engine dashboard
    say "assembling the app (compressing ONNX Runtime takes about a minute the first time)"
    node cmake/assemble_site.mjs --third-party "$(cmake/setup.sh --where sources)"
    ;;
  *) die "usage: cmake/build_app.sh engine|site" ;;
esac
