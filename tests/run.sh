#!/usr/bin/env bash
# Gets what is missing, builds everything, runs every test, and ends with one line that adds them all up:
#   N passed, N failed
# The exit status is 0 only when nothing failed. What each part printed is kept in build/test-logs.
#
#   tests/run.sh                     everything but `unit`, whose tests all run in `asan` or `wasm`
#   tests/run.sh --only PART[,PART]  some of: house unit asan wasm site models cli browser
#   tests/run.sh --fresh             the same, with no result kept from the run before
#
# The parts that start ONNX Runtime or a browser (models, cli, browser) keep a green result for as long as no file of the
# project, Node, Chromium or the presence of the real data changes, and say so. CI never keeps one.
#
#   house    rules about the repository itself           models   ONNX artefacts under ONNX Runtime
#   unit     doctest, native g++                         cli      ./precordia under Node
#   asan     the same, clang's sanitizers                browser  the app in headless Chromium
#   wasm     the same, compiled to WebAssembly, in Node  site     the app assembled, within its download budgets
#   fuzz     every file reader under libFuzzer: the seeds replayed, then 60 s of new inputs
#
# A part that cannot be built or that ran no test counts as one failure. Tests on ../shared/data run where it exists and say so
# where it does not.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

all_parts='house unit asan wasm fuzz site models cli browser'
parts=${all_parts/unit /}
if [ "${1:-}" = --only ] && [ $# = 2 ]; then
  parts=${2//,/ }
  for part in $parts; do
    case " $all_parts " in *" $part "*) ;; *) echo "tests/run.sh: there is no part '$part'; the parts are: $all_parts" >&2; exit 2 ;; esac
  done
elif [ "${1:-}" = --fresh ] && [ $# = 1 ]; then
  CI=true
elif [ $# -gt 0 ]; then
  echo "usage: tests/run.sh [--only PART[,PART...] | --fresh]" >&2
  exit 2
fi

logs=build/test-logs
mkdir -p "$logs" build/test-artefacts
total_passed=0
total_failed=0
total_skipped=0

wants() { case " $parts " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }
count_in() { sed -nE "$1" "$2" | awk '{sum += $1} END {print sum + 0}'; }  # SED-SCRIPT-THAT-PRINTS-NUMBERS LOG

finish() {  # prints the closing line and leaves
  [ "$total_skipped" = 0 ] || echo "skipped: $total_skipped (the logs say why)"
  echo "$total_passed passed, $total_failed failed"
  [ "$total_failed" = 0 ] && [ "$total_passed" -gt 0 ]
  exit
}

# record PART PASSED FAILED SKIPPED SECONDS LOG: adds a part to the totals and shows what went wrong.
record() {
  total_passed=$((total_passed + $2))
  total_failed=$((total_failed + $3))
  total_skipped=$((total_skipped + $4))
  printf '%-8s %5d passed, %d failed%s  (%d s)\n' "$1" "$2" "$3" "$([ "$4" = 0 ] || echo ", $4 skipped")" "$5"
  if [ "$3" != 0 ]; then
    # Node's TAP: each failed test with its diagnostics. Everything else: the lines that name an error.
    awk '/^ *not ok / {shown = 1; rows = 0} shown && rows++ < 25 {print} /^ *\.\.\.$/ {shown = 0}' "$6" | head -n 120 | sed 's/^/    /'
    grep -nE 'ERROR: |FATAL ERROR|error: [^|]|ERROR:? |Sanitizer|runtime error|^precordia: |^site: ' "$6" | head -n 40 | sed 's/^/    /'
    echo "    (all of it: $6)"
  fi
}

# doctest_part PART PRESET PROGRAM...: builds the unit tests of a preset and runs them.
doctest_part() {
  local part=$1 preset=$2 log=$logs/$1.log started=$SECONDS status=0 passed failed
  shift 2
  echo "== $part: compiling and running the unit tests"
  if ! { cmake --preset "$preset" && flock "build/$preset.lock" cmake --build --preset "$preset" -j "$(nproc)" --target unit_tests -- -k 0; } > "$log" 2>&1; then
    record "$part" 0 1 0 $((SECONDS - started)) "$log"
    return
  fi
  # In slices, as many at a time as there are cores: some tests take a hundred times as long as others.
  local cases slices=16 slice
  cases=$("$@" --count --no-colors=true | sed -nE 's/.*current filters: ([0-9]+)$/\1/p')
  cases=${cases:-0}
  rm -f "$log".slice.*
  for ((slice = 0; slice < slices; ++slice)); do
    printf '%s\n' "$slice $((cases * slice / slices + 1)) $((cases * (slice + 1) / slices))"
  done | xargs -P "$(nproc)" -L 1 bash -c '
    timeout 900 "${@:2:$#-4}" --no-colors=true --first="${*: -2:1}" --last="${*: -1}" > "$1.slice.${*: -3:1}" 2>&1' slice "$log" "$@" || status=$?
  cat "$log".slice.* >> "$log"
  rm "$log".slice.*
  failed=$(count_in 's/^\[doctest\] test cases: .*\| +([0-9]+) failed.*/\1/p' "$log")
  passed=$((cases - failed))
  # A crash or a sanitizer report ends the program before its totals, or after them with a non-zero status.
  if [ "$status" != 0 ] && [ "$failed" = 0 ] || [ $((passed + failed)) = 0 ]; then
    echo "the unit tests ended with status $status" >> "$log"
    failed=$((failed + 1))
  fi
  grep '^skipped: ' "$log" | sort -u | sed 's/^/    /'
  record "$part" "$passed" "$failed" 0 $((SECONDS - started)) "$log"
}

# Changes whenever anything does that a kept result rests on; empty = keep nothing.
tree_key() {
  [ -z "${CI:-}" ] && git rev-parse --is-inside-work-tree > /dev/null 2>&1 || return 0
  { git ls-files -z --cached --others --exclude-standard | xargs -0 sha256sum 2> /dev/null
    node --version; "${PRECORDIA_CHROMIUM:-true}" --version 2> /dev/null; ls ../shared/data 2> /dev/null; } | sha256sum | cut -c 1-64
}

# kept_part PART FILE...: node_part, or its green result of a former run over the same files.
kept_part() {
  local kept=$logs/$1.green key before_failed=$total_failed before_passed=$total_passed before_skipped=$total_skipped
  key=$(tree_key)
  if [ -n "$key" ] && [ -f "$kept" ] && [ "$(sed -n 1p "$kept")" = "$key" ]; then
    echo "== $1: nothing has changed since it passed, result kept (tests/run.sh --fresh runs it again)"
    record "$1" "$(sed -n 2p "$kept")" 0 "$(sed -n 3p "$kept")" 0 "$logs/$1.log"
    return
  fi
  rm -f "$kept"
  node_part "$@"
  if [ -n "$key" ] && [ "$total_failed" = "$before_failed" ]; then
    printf '%s\n' "$key" $((total_passed - before_passed)) $((total_skipped - before_skipped)) > "$kept"
  fi
}

# node_part PART FILE...: runs files of Node's own test runner one after the other and adds up their totals.
node_part() {
  local part=$1 log=$logs/$1.log started=$SECONDS status=0 passed failed skipped file
  shift
  echo "== $part: $* " | cut -c 1-110
  : > "$log"
  for file in "$@"; do
    if [ -e "$file" ]; then
      timeout 1200 node --test --test-reporter=tap "$file" >> "$log" 2>&1 || status=$?
    fi
  done
  passed=$(count_in 's/^# pass ([0-9]+)$/\1/p' "$log")
  failed=$(count_in 's/^# (fail|cancelled) ([0-9]+)$/\2/p' "$log")
  skipped=$(count_in 's/^# (skipped|todo) ([0-9]+)$/\2/p' "$log")
  if [ "$status" != 0 ] && [ "$failed" = 0 ] || [ $((passed + failed + skipped)) = 0 ]; then
    echo "not ok - $part ran no test, or its runner ended with status $status" >> "$log"
    failed=$((failed + 1))
  fi
  record "$part" "$passed" "$failed" "$skipped" $((SECONDS - started)) "$log"
}

# fuzz_part SECONDS: builds the fuzz targets, replays their seeds and goes on for SECONDS in all, always from the same random seed: what
# passed once passes again, and new inputs are for longer campaigns (PRECORDIA_FUZZ_SEED=N). One test per target; a crash, a
# hang of over ten seconds (a minute for pages) or an allocation of over 256 MB fails it, and its input lies in build/fuzz.
fuzz_part() {
  local log=$logs/fuzz.log started=$SECONDS passed=0 failed=0 skipped=0 target targets program timeout each
  echo "== fuzz: the file readers under libFuzzer with address and undefined-behaviour sanitizers"
  if ! { tests/fuzz/build.sh > "$logs/fuzz-targets" && node tests/fuzz/make_seeds.mjs; } > "$log" 2>&1; then
    record fuzz 0 1 0 $((SECONDS - started)) "$log"
    return
  fi
  mapfile -t targets < "$logs/fuzz-targets"
  each=$(($1 / ${#targets[@]} + 1))
  for target in "${targets[@]}"; do
    mkdir -p "build/fuzz/found/$target" "build/fuzz/seeds/$target"
    echo "fuzz: $target" >> "$log"
    program=fuzz_read_ecg timeout=10
    case $target in
      read_clip) program=fuzz_read_clip ;;
      read_page) program=fuzz_read_page timeout=60 ;;   # a whole page is read
    esac
    if PRECORDIA_FUZZ_TARGET=$target ASAN_OPTIONS=detect_leaks=0 "build/fuzz/$program" "build/fuzz/found/$target" "build/fuzz/seeds/$target" -max_len=4000 "-timeout=$timeout" "-seed=${PRECORDIA_FUZZ_SEED:-1}" \
        -malloc_limit_mb=256 -rss_limit_mb=2048 -max_total_time="$each" -print_final_stats=1 -verbosity=0 -artifact_prefix="build/fuzz/$target-" >> "$log" 2>&1
    then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not ok - fuzz: $target (build/fuzz/$target-*)" >> "$log"; fi
  done
  echo "    $(awk '/number_of_executed_units/ {sum += $2} END {print sum + 0}' "$log") executions"
  record fuzz "$passed" "$failed" "$skipped" $((SECONDS - started)) "$log"
}

# A function, so that the whole script is read before it starts: it may be edited while it runs.
main() {
  if ! cmake/setup.sh host sources emscripten npm; then
    total_failed=1
    finish
  fi

  if wants house; then node_part house tests/house_check.mjs; fi
  if wants asan; then cmake/setup.sh clang; fi
  if wants unit || wants asan; then tests/formats/get_tools.sh; fi   # other people's programs that our ECG files must satisfy
  if wants unit; then doctest_part unit native build/native/unit_tests; fi
  if wants asan; then
    export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
    # Without the simulator of hearts, long clips and the texts in every language and size: minutes, and memory is used the same way in the
    # others.
    doctest_part asan asan build/asan/unit_tests '--test-case-exclude=simulated echo:*,languages: *,text fits: *,a long clip keeps*,measurement of true masks*'
  fi
  if wants wasm; then doctest_part wasm wasm node build/wasm/unit_tests.js; fi

  if wants fuzz; then fuzz_part 60; fi

  if wants site || wants models || wants cli || wants browser; then
    echo '== site: building the app and checking its download budgets'
    started=$SECONDS
    if cmake/build_app.sh site > "$logs/site.log" 2>&1; then
      grep -E 'compressed' "$logs/site.log" | sed 's/^/    /'
      if wants site; then record site 1 0 0 $((SECONDS - started)) "$logs/site.log"; fi
    else
      record site 0 1 0 $((SECONDS - started)) "$logs/site.log"
    fi
  fi

  # The model tests hold WASM against WebGPU, which needs the browser too.
  chromium_found=
  if wants models || wants browser; then
    if PRECORDIA_CHROMIUM=$(cmake/setup.sh --where browser 2> "$logs/browser.log"); then
      export PRECORDIA_CHROMIUM
      chromium_found=yes
    elif ! wants browser; then
      cat "$logs/browser.log"
    fi
  fi
  if wants models; then kept_part models tests/models/*.test.mjs; fi
  if wants cli; then kept_part cli tests/cli/*.test.mjs; fi
  if wants browser; then
    if [ -n "$chromium_found" ]; then kept_part browser tests/browser/*.test.mjs; else record browser 0 1 0 0 "$logs/browser.log"; fi
  fi

  finish
}

main
