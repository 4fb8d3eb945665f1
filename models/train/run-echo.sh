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
if [ ! -e "$runs/loops/159.json" ]; then   # simulated loops, by the engine's own simulator
  cmake --preset native -S "$here/../.." > /dev/null
  cmake --build "$here/../../build/native" --target echo_cine
  mkdir -p "$runs/loops"
  "$here/../../build/native/echo_cine" "$runs/loops" 160 --side 128 --seed 5000
fi
# Version 1.0.0, from this repository's history, is where the two runs of 1.1.0 begin; what ships is the mean of both runs' weights.
if [ ! -e "$runs/start.onnx" ]; then git -C "$here" show 0c49a0e:models/echo-unet-1/fp32.onnx > "$runs/start.onnx"; fi
train() { "$venv/bin/python" -m precordia_echo.train "$@" --data "$data" --out "$runs" --simulated "$runs/loops"; }
train first --epochs 64 --seed 21 --rate 1.6e-3 --start "$runs/start.onnx"
train second --epochs 44 --seed 22 --rate 1.3e-3 --strength 0.55 --ef-weight 3 --start "$runs/first.pt"
"$venv/bin/python" -m precordia_echo.package "$runs/first.pt" "$runs/second.pt" --data "$data" --models "$here/.."
