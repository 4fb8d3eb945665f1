#!/usr/bin/env bash
# Trains, exports, measures: from ../shared/data/ptbxl to models/ecg-beats-1, models/manifest.json and CARD.md.
# Resumable: run it again after an interruption. Options are passed on (see precordia_ecg/pipeline.py), e.g. --data.
# PRECORDIA_TRAIN_VENV names a virtual environment to use or create (default: models/train/runs/venv).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=${PRECORDIA_TRAIN_VENV:-$here/runs/venv}
if [ ! -x "$venv/bin/python" ]; then
  echo "creating $venv and installing models/train/requirements.txt (several GB with PyTorch)"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet -r "$here/requirements.txt"
fi
threads=1
previous=
for word in "$@"; do
  if [ "$previous" = --threads ]; then threads=$word; fi
  previous=$word
done
export OMP_NUM_THREADS=$threads PYTHONUNBUFFERED=1
export PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}"
exec "$venv/bin/python" -m precordia_ecg.pipeline "$@"
