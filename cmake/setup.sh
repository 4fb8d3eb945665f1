#!/usr/bin/env bash
# Makes everything that Precordia builds with available, once, in a private cache: no root, no change to the system.
#
#   cmake/setup.sh [PART...]     get what is missing; silent and immediate when nothing is
#   cmake/setup.sh --where PART  the same, then print where PART lies (for CMake)
#
#   host        g++, cmake, ninja, node, npm, python3 (checked; installed with apt-get only when run as root)
#   sources     header-only libraries, Dear ImGui, pugixml, zlib and fonts, at the versions and hashes of cmake/third_party.lock
#   emscripten  Emscripten >= 3.1.69 from PATH, else a private one unpacked from Debian 13
#   npm         node_modules at package-lock.json (ONNX Runtime Web, Playwright)
#   clang       clang 19 with its sanitizers and libFuzzer, for the sanitized tests (checked; installed with apt-get only as root)
#   browser     Chromium for the browser tests
#
# The cache is $PRECORDIA_CACHE, or precordia/ under $XDG_CACHE_HOME or ~/.cache. A part is built in a temporary folder
# and renamed into place when complete, so an interrupted run leaves nothing half-made and the next one goes on; packages
# that were downloaded already are not downloaded again. Several runs at a time wait for each other.
set -euo pipefail
export LC_ALL=C

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
lock_file=$repo/cmake/third_party.lock
cache=${PRECORDIA_CACHE:-${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/precordia}

minimum_emscripten=3.1.69
# Raise when the recipe below changes what it puts into the cache, so that older caches are rebuilt.
sources_recipe=3
emscripten_recipe=2

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'precordia: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" > /dev/null 2>&1; }
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# Lines of the lock file whose first word is in $1 (a|b), without comments.
locked() { grep -E "^($1) " "$lock_file"; }
# A short key over what a cache folder is made from, so that a changed lock never reuses an older folder.
key_of() { sha256sum | cut -c 1-10; }

sources_dir=$cache/sources-$({ echo "$sources_recipe"; locked 'header|source|font'; } | key_of)
emscripten_dir=$cache/emscripten-$(locked tool | awk '$2 == "emscripten" {sub(/\+.*/, "", $3); print $3}')-$({ echo "$emscripten_recipe"; locked tool; } | key_of)

# ---- the cache and its lock ------------------------------------------------------------------------------------------

enter_cache() {
  mkdir -p "$cache" 2> /dev/null && [ -w "$cache" ] ||
    die "The cache folder $cache cannot be written; set PRECORDIA_CACHE to a folder that can."
  have flock || die "The program 'flock' is missing; install the Debian package util-linux."
  exec 9> "$cache/.lock"
  if ! flock -n 9; then
    say "waiting for another set-up that is using $cache"
    flock 9
  fi
}

# ---- a private apt state for Debian 13 -------------------------------------------------------------------------------

apt_ready=

# Prints a keyring that can verify trixie: the system's own, or the one of the current debian-archive-keyring package
# (fetched and verified by the system's apt) where the system's predates trixie.
trixie_keyring() {
  local system=/usr/share/keyrings/debian-archive-keyring.gpg
  if compgen -G '/usr/share/keyrings/debian-archive-trixie-*' > /dev/null; then echo "$system"; return; fi
  local updated=$cache/apt/keyring
  if ! [ -e "$updated$system" ]; then
    mkdir -p "$updated"
    (cd "$updated" && apt-get -qq download debian-archive-keyring && dpkg-deb -x debian-archive-keyring_*.deb .) >&2 &&
      compgen -G "$updated/usr/share/keyrings/debian-archive-trixie-*" > /dev/null ||
      die "The system's Debian keyring is older than Debian 13; run 'apt-get install debian-archive-keyring' as root and try again."
  fi
  echo "$updated$system"
}

# Prints the Debian mirror that this system already uses.
debian_mirror() {
  local codename
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2> /dev/null |
    awk -v codename="$codename" '$2 == codename || $2 == "stable" || $2 == "oldstable" {print $1; exit}'
}

# Sets APT_CONFIG to a state of our own: only trixie, nothing counted as installed, none of the system's hooks. Network
# settings (proxies, time-outs) are taken over from the system.
open_private_apt() {
  [ -z "$apt_ready" ] || return 0
  have apt-get && have dpkg-deb || die "Emscripten and the libraries come from Debian packages; this needs a Debian 12 or 13 system (apt-get was not found)."
  local mirror keyring network_settings state=$cache/apt
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || die "No Debian mirror is set up in this system's apt sources, so the pinned libraries cannot be fetched."
  keyring=$(trixie_keyring)
  network_settings=$(apt-config dump | grep -E '^Acquire::' | grep -vE '^Acquire::(IndexTargets|Languages)' || true)
  mkdir -p "$state"/{sources.d,lists/partial,cache/archives/partial,packages}
  : > "$state/status"
  printf 'Types: deb deb-src\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: %s\n' "$mirror" "$keyring" \
    > "$state/sources.d/trixie.sources"
  cat > "$state/apt.conf" <<CONF
$network_settings
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$state/sources.d";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "/dev/null";
Dir::State "$state";
Dir::State::status "$state/status";
Dir::State::lists "$state/lists";
Dir::Cache "$state/cache";
Dir::Log "$state";
APT::Sandbox::User "$(id -un)";
APT::Architecture "$(dpkg --print-architecture)";
APT::Architectures { "$(dpkg --print-architecture)"; };
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
  export APT_CONFIG=$state/apt.conf
  say "reading the package index of Debian 13"
  apt-get -qq update > "$state/update.log" 2>&1 || {
    sed 's/^/setup:   /' "$state/update.log" >&2
    die "The Debian package index could not be read, and Precordia needs it once; connect this machine to the internet (or its Debian mirror) and run the command again."
  }
  apt_ready=yes
}

# Downloads into $cache/apt/packages; $1 says what for, the rest are package[=version].
fetch_packages() {
  local what=$1 log=$cache/apt/download.log
  shift
  (cd "$cache/apt/packages" && apt-get -qq download "$@") > "$log" 2>&1 || {
    sed 's/^/setup:   /' "$log" >&2
    if grep -q 'was not found' "$log"; then
      die "Debian 13 no longer offers the pinned version of a package for $what; cmake/third_party.lock has to be brought up to date."
    fi
    die "The packages for $what could not be downloaded; check the internet connection and run the command again (what was fetched is kept)."
  }
}

# The downloaded file of a package: package_file NAME
package_file() {
  local found
  found=$(ls -t "$cache/apt/packages/$1"_*.deb 2> /dev/null | head -n 1)
  [ -n "$found" ] || die "The package $1 was downloaded but is not in $cache/apt/packages; remove $cache/apt and run the command again."
  echo "$found"
}

check_hash() {  # FILE SHA256 NAME
  [ "$(sha256sum "$1" | cut -d ' ' -f 1)" = "$2" ] || {
    rm -f "$1"
    die "$3 does not have the pinned SHA-256 of cmake/third_party.lock, so it was discarded and nothing was built."
  }
}

# ---- host programs ---------------------------------------------------------------------------------------------------

host_problem() {  # prints the Debian packages that are missing or too old
  local version
  have g++ && at_least "$(g++ -dumpfullversion)" 12 || echo g++
  have cmake && version=$(cmake --version | sed -n 's/^cmake version //p') && at_least "$version" 3.25 || echo cmake
  have ninja || echo ninja-build
  have python3 && python3 -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2> /dev/null || echo python3
  have node && at_least "$(node -p process.versions.node)" 18 || echo nodejs
  have npm || echo npm
  have git || echo git
  have xz || echo xz-utils
}

get_host() {
  local missing
  missing=$(host_problem | sort -u | tr '\n' ' ')
  [ -n "${missing// /}" ] || return 0
  if [ "$(id -u)" = 0 ] && have apt-get; then
    say "installing $missing with apt-get"
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends ca-certificates $missing; } >&2 ||
      die "apt-get could not install: $missing"
    missing=$(host_problem | sort -u | tr '\n' ' ')
    [ -z "${missing// /}" ] || die "These programs are still missing or too old after installing them: $missing(needed: g++ 12, cmake 3.25, node 18)."
  else
    die "Some programs are missing or too old; install them with: sudo apt-get install ${missing% }"
  fi
}

# ---- header-only libraries, Dear ImGui, pugixml, zlib, fonts ------------------------------------------------------------------------------

get_sources() {
  [ ! -e "$sources_dir/.complete" ] || return 0
  enter_cache
  [ ! -e "$sources_dir/.complete" ] || { flock -u 9; return 0; }
  open_private_apt
  local building=$sources_dir.part kind name a b c
  rm -rf "$building" && mkdir -p "$building"/{include,licences}

  local wanted=()
  while read -r kind name a b; do wanted+=("$name=$a"); done < <(locked header)
  say "downloading libraries: ${wanted[*]}"
  fetch_packages "the C++ libraries" "${wanted[@]}"
  while read -r kind name a b; do
    local deb; deb=$(package_file "$name")
    check_hash "$deb" "$b" "$name $a"
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$building" --strip-components=2 ./usr/include
    dpkg-deb --fsys-tarfile "$deb" | tar -x -O "./usr/share/doc/$name/copyright" > "$building/licences/$name.txt"
  done < <(locked header)
  mv "$building/include/eigen3" "$building/eigen3"

  while read -r kind name a b c; do
    say "downloading the source of $name ($b)"
    (cd "$cache/apt/packages" && apt-get -qq source --download-only --tar-only "$name") > "$cache/apt/download.log" 2>&1 || {
      sed 's/^/setup:   /' "$cache/apt/download.log" >&2
      die "The source of $name could not be downloaded; check the internet connection and run the command again."
    }
    [ -e "$cache/apt/packages/$b" ] || die "Debian 13 no longer offers $b; cmake/third_party.lock has to be brought up to date."
    check_hash "$cache/apt/packages/$b" "$c" "$name"
    mkdir -p "$building/$a"
    tar -x -f "$cache/apt/packages/$b" -C "$building/$a" --strip-components=1
    cp "$building/$a"/LICENSE* "$building/licences/$name.txt"
  done < <(locked source)
  # stb is included as <stb/stb_image.h>, as Debian's own package lays it out.
  mkdir -p "$building/include/stb" && mv "$building"/stb/*.h "$building/include/stb/" && rm -rf "$building/stb"
  rm -rf "$building"/imgui/{docs,examples,.github} "$building"/pugixml/{docs,tests,scripts,.github}
  rm -rf "$building"/zlib/{contrib,doc,examples,test,old,win32,msdos,os400,qnx,watcom,amiga,nintendods}

  get_fonts "$building"

  touch "$building/.complete"
  rm -rf "$sources_dir" && mv "$building" "$sources_dir"
  flock -u 9
}

# "npm pack" fetches one package's tarball and nothing that it depends on; none of its scripts run.
get_fonts() {  # FOLDER, which gets fonts/ and licences/
  local kind name version tarball hash faces face unpacked=$cache/apt/fonts
  while read -r kind name version tarball hash faces; do
    say "downloading the font $name@$version"
    rm -rf "$unpacked" && mkdir -p "$unpacked"
    (cd "$unpacked" && npm pack --silent "$name@$version") > "$cache/apt/download.log" 2>&1 || {
      sed 's/^/setup:   /' "$cache/apt/download.log" >&2
      die "The font $name could not be fetched with npm; check the internet connection and run the command again."
    }
    check_hash "$unpacked/$tarball" "$hash" "$name@$version"
    tar -x -z -f "$unpacked/$tarball" -C "$unpacked"
    for face in $faces; do
      node "$repo/cmake/woff_to_ttf.mjs" "$unpacked/package/fonts/complete/woff/$face.woff" "$1/fonts"
    done
    cp "$unpacked/package/LICENSE.txt" "$1/licences/${name##*/}.txt"
  done < <(locked font)
}

# ---- Emscripten --------------------------------------------------------------------------------------------------------

# Prints the root of an Emscripten on PATH that is new enough, or fails.
emscripten_on_path() {
  have emcc && have em-config || return 1
  local version root
  version=$(emcc -dumpversion 2> /dev/null) && at_least "${version%%-*}" "$minimum_emscripten" || return 1
  root=$(em-config EMSCRIPTEN_ROOT 2> /dev/null) && [ -e "$root/cmake/Modules/Platform/Emscripten.cmake" ] || return 1
  echo "$root"
}

# Unpacks one package without what a build never reads: documentation, Emscripten's own tests, and the variants of its
# system libraries for threads, workers, sanitizers, dynamic linking (emcc rebuilds one on demand from its sources).
unpack_tool() {  # PACKAGE FOLDER
  local lib='./usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten'
  dpkg-deb --fsys-tarfile "$(package_file "$1")" | tar -x -C "$2" \
    --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' --exclude='./usr/share/lintian' \
    --exclude='./usr/share/emscripten/test' --exclude='./usr/share/emscripten/docs' --exclude='./usr/share/emscripten/media' \
    --exclude="$lib/pic" --exclude="$lib/lto-pic" --exclude="$lib*-mt[-.]*" --exclude="$lib*-ww[-.]*" --exclude="$lib*asan*" \
    --exclude="$lib*lsan*" --exclude="$lib*ubsan*" --exclude="$lib*sanitizer*" --exclude="$lib*memvalidate*" --exclude="$lib*tracing*" \
    --exclude='./usr/lib/*/gconv' --exclude='./usr/lib/llvm-19/build'
}

get_emscripten() {
  [ ! -e "$emscripten_dir/.complete" ] || return 0
  ! emscripten_on_path > /dev/null || return 0
  enter_cache
  [ ! -e "$emscripten_dir/.complete" ] || { flock -u 9; return 0; }
  open_private_apt
  local building=$emscripten_dir.part kind name version wanted=() names=()
  while read -r kind name version; do
    names+=("$name")
    if [ "$version" = '*' ]; then wanted+=("$name"); else wanted+=("$name=$version"); fi
  done < <(locked tool)
  say "downloading Emscripten and its compiler (about 320 MB, once)"
  fetch_packages Emscripten "${wanted[@]}"

  say "unpacking into $emscripten_dir"
  rm -rf "$building" && mkdir -p "$building"
  for name in "${names[@]}"; do unpack_tool "$name" "$building"; done

  # The programs are linked against Debian 13's C library, which lies beside them: name it in each program, so that they
  # run on Debian 12 and the system's own library is left alone. patchelf itself is started through the unpacked loader.
  local triplet loader libraries bin=$building/usr/lib/llvm-19/bin program
  triplet=$(cd "$building/usr/lib" && ls -d ./*-linux-gnu* | head -n 1) && triplet=${triplet#./}
  loader=$(cd "$building/usr/lib/$triplet" && ls ld-linux-*.so.* | head -n 1)
  libraries=$building/usr/lib/$triplet
  patch() { "$libraries/$loader" --library-path "$libraries" "$building/usr/bin/patchelf" "$@"; }
  local keep=' clang clang++ clang-19 lld wasm-ld llvm-ar llvm-nm llvm-objcopy llvm-ranlib llvm-strip llvm-dwarfdump '
  for program in "$bin"/*; do
    case $keep in *" ${program##*/} "*) ;; *) rm -f "$program" ;; esac
  done
  for program in "$bin"/* "$building"/usr/bin/wasm*; do
    if [ -f "$program" ] && [ ! -L "$program" ] && [ "$(head -c 4 "$program" | tail -c 3)" = ELF ]; then
      patch --set-interpreter "$emscripten_dir/usr/lib/$triplet/$loader" \
            --force-rpath --set-rpath "$emscripten_dir/usr/lib/$triplet" "$program"
    fi
  done

  # A library's own search path would replace the one of the program that loads it, for what it needs in turn.
  for program in "$libraries"/*.so*; do
    if [ -f "$program" ] && [ ! -L "$program" ] && [ -n "$(patch --print-rpath "$program" 2> /dev/null)" ]; then
      patch --remove-rpath "$program"
    fi
  done

  local root=$building/usr/share/emscripten
  # Emscripten's optimiser imports acorn, which Debian keeps outside Emscripten's own folder.
  ln -sfn ../nodejs "$root/node_modules"
  cat > "$root/.emscripten" <<CONF
import shutil
LLVM_ROOT = '$emscripten_dir/usr/lib/llvm-19/bin'
BINARYEN_ROOT = '$emscripten_dir/usr'
NODE_JS = shutil.which('node') or '/usr/bin/node'
CACHE = '$emscripten_dir/usr/share/emscripten/cache'
CONF
  rm -rf "$emscripten_dir" && mv "$building" "$emscripten_dir"
  check_emscripten "$emscripten_dir/usr/lib/$triplet/$loader"
  touch "$emscripten_dir/.complete"
  rm -rf "$cache/apt"
  apt_ready=
  flock -u 9
  say "Emscripten is ready ($(du -sh "$emscripten_dir" | cut -f 1))"
}

# Compiles and runs one small program, and sees that no library of the system is used, so that a cache that is marked
# complete is one that works, here and after an upgrade of the system.
check_emscripten() {  # LOADER
  local try foreign
  foreign=$(for program in "$emscripten_dir"/usr/lib/llvm-19/bin/{clang,lld,llvm-ar} "$emscripten_dir/usr/bin/wasm-opt"; do
    "$1" --list "$program" | awk -v own="$emscripten_dir/" '/=>/ && index($3, own) != 1 {print $1}'
  done | sort -u | tr '\n' ' ')
  [ -z "$foreign" ] || die "The private Emscripten is not complete: it lacks ${foreign% }; cmake/third_party.lock has to name the packages that hold them."
  try=$(mktemp -d)
  printf '#include <cstdio>\n#include <expected>\nint main() { std::expected<int, int> v = 7; std::printf("works %%d\\n", *v); }\n' > "$try/a.cc"
  if ! "$emscripten_dir/usr/share/emscripten/em++" -std=c++23 -O2 "$try/a.cc" -o "$try/a.js" > "$try/log" 2>&1 ||
     [ "$(node "$try/a.js" 2>> "$try/log")" != 'works 7' ]; then
    sed 's/^/setup:   /' "$try/log" >&2
    rm -rf "$try"
    die "The private Emscripten was unpacked but cannot compile a small program; remove $cache and run the command again."
  fi
  rm -rf "$try"
}

# ---- clang, for the sanitized build and the fuzz targets ----------------------------------------------------------------------------------

have_clang() {
  have clang-19 && have clang++-19 && compgen -G "$(clang++-19 -print-resource-dir)/lib/linux/libclang_rt.fuzzer-*.a" > /dev/null
}

get_clang() {
  ! have_clang || return 0
  if [ "$(id -u)" = 0 ] && have apt-get; then
    say "installing clang 19 with apt-get, for the sanitized tests"
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends clang-19 libclang-rt-19-dev; } >&2 && have_clang ||
      die "apt-get could not install clang 19 and its runtime, so nothing can be sanitized or fuzzed."
  else
    die "clang 19 or its runtime is missing, so nothing can be sanitized or fuzzed; install them with: sudo apt-get install clang-19 libclang-rt-19-dev"
  fi
}

# ---- JavaScript -----------------------------------------------------------------------------------------------------------

get_npm() {
  local stamp=$repo/node_modules/.precordia-lock wanted
  wanted=$(sha256sum < "$repo/package-lock.json" | cut -d ' ' -f 1)
  if [ "$(cat "$stamp" 2> /dev/null)" != "$wanted" ]; then
    enter_cache
    if [ "$(cat "$stamp" 2> /dev/null)" != "$wanted" ]; then
      say "fetching JavaScript packages with npm ci"
      (cd "$repo" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2 ||
        die "npm could not fetch the packages of package-lock.json; connect this machine to the internet and run the command again."
      echo "$wanted" > "$stamp"
    fi
    flock -u 9
  fi
}

# ---- Chromium --------------------------------------------------------------------------------------------------------------

browser_program() {
  local program
  for program in "${PRECORDIA_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$program" ] && have "$program"; then command -v "$program"; return; fi
  done
  return 1
}

get_browser() {
  ! browser_program > /dev/null || return 0
  if [ "$(id -u)" = 0 ] && have apt-get; then
    say "installing Chromium with apt-get, for the browser tests"
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium; } >&2 ||
      die "apt-get could not install Chromium, so the browser tests cannot run."
  else
    die "Chromium is missing, so the browser tests cannot run; install it with: sudo apt-get install chromium"
  fi
}

# ---- what was asked for ------------------------------------------------------------------------------------------------------

if [ "${1:-}" = --where ]; then
  case ${2:-} in
    sources) get_sources; echo "$sources_dir" ;;
    emscripten) get_emscripten; if [ -e "$emscripten_dir/.complete" ]; then echo "$emscripten_dir/usr/share/emscripten"; else emscripten_on_path; fi ;;
    browser) get_browser; browser_program ;;
    *) die "cmake/setup.sh --where takes one of: sources emscripten browser" ;;
  esac
  exit
fi

[ $# -gt 0 ] || set -- host sources emscripten npm
for part in "$@"; do
  case $part in
    host | sources | emscripten | clang | npm | browser) "get_$part" ;;
    *) die "cmake/setup.sh does not know the part '$part' (host, sources, emscripten, clang, npm, browser)." ;;
  esac
done
