#!/usr/bin/env bash
# Trains, exports, measures the echo network: from ../shared/data/echo to models/echo-unet-1, its entry in models/manifest.json and CARD.md.
# Resumable: run it again after an interruption. PRECORDIA_ECHO_DATA names the data folder, PRECORDIA_TRAIN_VENV a virtual environment to use
# or create (default: models/train/runs/venv). One core, an hour and a half.
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
if [ ! -e "$runs/loops/99.json" ]; then   # simulated loops, by the engine's own simulator
  cmake --preset native -S "$here/../.." > /dev/null
  cmake --build "$here/../../build/native" --target echo_cine
  mkdir -p "$runs/loops"
  "$here/../../build/native/echo_cine" "$runs/loops" 100 --side 128 --seed 5000
fi
# Version 1.1.0, from this repository's history, is the teacher, and its coarser levels are where the first run begins.
if [ ! -e "$runs/teacher.onnx" ]; then git -C "$here" show 2e1f35d:models/echo-unet-1/fp32.onnx > "$runs/teacher.onnx"; fi
train() {
  "$venv/bin/python" -m precordia_echo.train "$@" --data "$data" --out "$runs" --simulated "$runs/loops" --preset quarter --ef-weight 2 --two-chamber 0.5 \
    --soft-share 0.6 --soft "$runs/teacher.onnx"
}
train quarter1 --epochs 22 --seed 31 --rate 2e-3 --strength 0.7 --start "$runs/teacher.onnx"
train quarter2 --epochs 90 --seed 32 --rate 1.6e-3 --strength 0.6 --start "$runs/quarter1.pt"
"$venv/bin/python" -m precordia_echo.package "$runs/quarter2.pt" --data "$data" --models "$here/.."
