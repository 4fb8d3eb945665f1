#!/usr/bin/env bash
# Trains the delineation network: from ../shared/data/ludb to models/ecg-delineation-1/weights.bin and, in build/delineation, the
# weights of its cross-validation. Then measures every record with weights that never saw it. Options are passed on (--members 3 ...).
# PRECORDIA_TRAIN_VENV names a virtual environment to use or create, as in run.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=${PRECORDIA_TRAIN_VENV:-$here/runs/venv}
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet -r "$here/requirements.txt"
fi
cd "$here/../.."
cmake --preset native > /dev/null
ninja -C build/native delineation_features
PYTHONPATH="$here" PYTHONUNBUFFERED=1 "$venv/bin/python" -m precordia_delineation.train "$@"
ninja -C build/native ecg_validation
"$venv/bin/python" tests/bench/ecg_validation.py ludb --half all --cross build/delineation
