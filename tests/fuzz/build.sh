#!/usr/bin/env bash
# Builds the fuzz programs with clang's libFuzzer, address and undefined-behaviour sanitizers, over the libraries of the sanitized unit tests:
#
#   build/fuzz/fuzz_read_clip, build/fuzz/fuzz_read_page
#   build/fuzz/fuzz_read_ecg     PRECORDIA_FUZZ_TARGET=read_ecg|bundle|a format's key says what it reads
#
# The targets' names are printed, one per line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cmake/setup.sh host sources clang >&2
{ cmake --preset asan && flock build/asan.lock cmake --build --preset asan -j "$(nproc)" --target fuzz_targets; } >&2
printf '%s\n' bundle read_clip read_ecg read_page
sed -nE 's/^    \{"([a-z_0-9]+)", "an? .*/\1/p' src/formats/all_formats.cc
