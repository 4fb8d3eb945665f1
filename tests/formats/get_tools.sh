#!/usr/bin/env bash
# Other people's programs that the format tests hold our output against, into the cache, without root:
#
#   dciodvfy (Debian's dicom3tools)   whether our DICOM is DICOM
#   pyedflib (PyPI, pinned)           whether our EDF+ opens elsewhere
#
# They are for tests only and nothing of them is shipped. What cannot be had is said in one sentence; the tests then skip it.
set -uo pipefail
cache=${PRECORDIA_CACHE:-${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/precordia}
say() { printf 'formats: %s\n' "$*" >&2; }

get_dicom3tools() {
  command -v dciodvfy > /dev/null && return 0
  [ ! -x "$cache/dicom3tools/usr/bin/dciodvfy" ] || return 0
  local folder
  folder=$(mktemp -d) || return 1
  (cd "$folder" && apt-get download dicom3tools && dpkg -x dicom3tools_*.deb unpacked) > "$folder/log" 2>&1 &&
    rm -rf "$cache/dicom3tools" && mkdir -p "$cache" && mv "$folder/unpacked" "$cache/dicom3tools"
  local status=$?
  rm -rf "$folder"
  return $status
}

get_pyedflib() {
  [ ! -e "$cache/pyedflib/.complete" ] || return 0
  rm -rf "$cache/pyedflib"
  python3 -m venv "$cache/pyedflib" > /dev/null 2>&1 &&
    "$cache/pyedflib/bin/pip" -q --disable-pip-version-check install numpy==2.4.6 pyedflib==0.1.42 > /dev/null 2>&1 &&
    touch "$cache/pyedflib/.complete" || { rm -rf "$cache/pyedflib"; return 1; }
}

get_dicom3tools || say "dicom3tools cannot be had now; the test that runs dciodvfy is skipped."
get_pyedflib || say "pyedflib cannot be had now; the test that opens our EDF+ with it is skipped."
