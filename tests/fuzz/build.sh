#!/usr/bin/env bash
# Builds the fuzz targets with clang's libFuzzer, address and undefined-behaviour sanitizers.
#
#   tests/fuzz/build.sh [TARGET...]     build/fuzz/TARGET for each (default: all)
#
# clang 19, its runtime and make come from the system, or are installed with apt-get when run as root; the C++ library is the system's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

targets=("$@")
if [ ${#targets[@]} = 0 ]; then
  mapfile -t targets < <(sed -nE 's/^    \{"([a-z_0-9]+)", "an? .*/\1/p' src/formats/all_formats.cc)
  targets=(read_ecg bundle read_clip read_page "${targets[@]}")
fi

runtime() { compgen -G "$("$1" -print-resource-dir)/lib/linux/libclang_rt.fuzzer-*.a" > /dev/null; }
clang=$(command -v clang++-19 || true)
if [ -z "$clang" ] || ! runtime "$clang" || ! command -v make > /dev/null; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    echo "precordia: clang 19 with its runtime, or make, is missing, so nothing can be fuzzed; install them with: sudo apt-get install clang-19 libclang-rt-19-dev make" >&2
    exit 1
  fi
  echo "fuzz: installing clang 19 and make with apt-get" >&2
  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends clang-19 libclang-rt-19-dev make; } >&2
  clang=$(command -v clang++-19)
fi

third_party=$(cmake/setup.sh --where sources)
out=build/fuzz
mkdir -p "$out/objects"
# An object whose source has moved since: make would look for it where it was.
for record in "$out"/objects/*.d; do
  [ -e "$record" ] || continue
  source=$(sed -nE '1s/^[^:]*: *([^ \\]+).*/\1/p' "$record")
  [ -e "$source" ] || rm -f "$record" "${record%.d}.o"
done
flags=(-O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -fsanitize=fuzzer-no-link)
cxx=(-std=c++23 -fno-exceptions -Wno-everything -Isrc -isystem "$third_party/include" -isystem "$third_party/eigen3"
  -isystem "$third_party/pugixml/src" -isystem "$third_party/zlib" -DEIGEN_MPL2_ONLY -DEIGEN_DONT_PARALLELIZE -DJSON_NOEXCEPTION=1
  -DPUGIXML_NO_EXCEPTIONS -DPUGIXML_NO_XPATH -DPUGIXML_NO_STL '-DPRECORDIA_VERSION="fuzz"')
# What the readers are made of, the parsing libraries included: sanitized like our own code. zlib computes with overflow on purpose.
{
  objects=
  for source in src/base/*.cc src/signal/*.cc src/formats/*.cc src/echo/clip_*.cc src/echo/sector.cc src/paper/*.cc "$third_party/pugixml/src/pugixml.cpp"; do
    objects+=" $out/objects/$(basename "${source%.*}").o"
    # Reading a page takes a thousand times longer than reading a file.
    case $source in src/paper/*) level=-O2 ;; *) level= ;; esac
    printf '%s/objects/%s.o: %s\n\t@%s %s %s %s -MMD -MP -c -o $@ $<\n' "$out" "$(basename "${source%.*}")" "$source" "$clang" "${flags[*]}" "$level" "${cxx[*]//\"/\\\"}"
  done
  for name in adler32 crc32 inffast inflate inftrees zutil; do
    objects+=" $out/objects/z_$name.o"
    printf '%s/objects/z_%s.o: %s/zlib/%s.c\n\t@%s -O1 -g1 -fsanitize=address -fsanitize=fuzzer-no-link -c -o $@ $<\n' "$out" "$name" "$third_party" "$name" "${clang/++/}"
  done
  printf '%s/objects.a:%s\n\t@rm -f $@; ar rcs $@ $^\n' "$out" "$objects"
  for target in "${targets[@]}"; do
    program=fuzz_read_ecg
    case $target in read_clip | read_page) program=fuzz_$target ;; esac
    printf '%s/%s: tests/fuzz/%s.cc %s/objects.a\n\t@%s %s -fsanitize=fuzzer %s -DPRECORDIA_FUZZ_TARGET=\\"%s\\" -o $@ $^\n' \
      "$out" "$target" "$program" "$out" "$clang" "${flags[*]}" "${cxx[*]//\"/\\\"}" "$target"
  done
  printf -- '-include %s/objects/*.d\n' "$out"
} > "$out/Makefile"
make -s -j "${PRECORDIA_JOBS:-$(nproc)}" -f "$out/Makefile" "${targets[@]/#/$out/}"
