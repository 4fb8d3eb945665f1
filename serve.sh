#!/usr/bin/env bash
# Gets what is missing, builds the app, and serves it on http://localhost:8080.
#
#   ./serve.sh [--port N] [--build-only]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

port=8080
build_only=
usage() { echo "usage: ./serve.sh [--port N] [--build-only]" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --port) [[ ${2:-} =~ ^[0-9]+$ ]] || usage; port=$2; shift 2 ;;
    --build-only) build_only=yes; shift ;;
    *) usage ;;
  esac
done

cmake/build_app.sh site
[ -z "$build_only" ] || exit 0
exec node web/server.mjs --root build/site --port "$port"
