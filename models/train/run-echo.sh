#!/usr/bin/env bash
# Trains, exports, measures the echo network: from ../shared/data/echo to models/echo-unet-1, its entry in models/manifest.json and CARD.md.
# Resumable: run it again after an interruption. PRECORDIA_ECHO_DATA names the data folder, PRECORDIA_TRAIN_VENV a virtual environment to use
# or create (default: models/train/runs/venv). One core, an hour.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=${PRECORDIA_TRAIN_VENV:-$here/runs/venv}
data=${PRECORDIA_ECHO_DATA:-$here/../../../shared/data/echo}
runs=$here/runs/echo
if [ ! -x "$venv/bin/python" ]; then
  echo "creating $venv and installing models/train/requirements.txt (several GB with PyTorch)"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet -r "$here/requirements.txt"
fi
export PYTHONUNBUFFERED=1 PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}"
if [ ! -e "$runs/loops/299.json" ]; then   # simulated loops, by the engine's own simulator
  cmake --preset native -S "$here/../.." > /dev/null
  cmake --build "$here/../../build/native" --target echo_cine
  mkdir -p "$runs/loops"
  "$here/../../build/native/echo_cine" "$runs/loops" 300 --side 128 --seed 5000
fi
"$venv/bin/python" -m precordia_echo.train student --data "$data" --out "$runs" --epochs 90 --simulated "$runs/loops"
"$venv/bin/python" -m precordia_echo.package "$runs/student.pt" --data "$data" --models "$here/.."
