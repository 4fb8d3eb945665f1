#!/usr/bin/env bash
# Fits the early and the hybrid way of fusion to the manifest's first network, compares them on fold 9, and writes them into that
# network's entry: from ../shared/data/ptbxl, with the engine's own measurements. Run it again whenever that network changes.
# PRECORDIA_TRAIN_VENV names a virtual environment with numpy and onnxruntime (default: models/train/runs/venv).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=${PRECORDIA_TRAIN_VENV:-$here/runs/venv}
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet numpy onnxruntime
fi
program=$here/../../build/native/ecg_validation
if [ ! -x "$program" ]; then
  cmake -S "$here/../.." --preset native
  ninja -C "$here/../../build/native" ecg_validation
fi
export OMP_NUM_THREADS=1 PYTHONUNBUFFERED=1 PYTHONPATH="$here"
exec "$venv/bin/python" -m precordia_fusion.fit "$@"
