#!/usr/bin/env bash
# Trains, exports, measures the echo networks: from ../shared/data/echo to models/echo-unet-1, echo-stills-1 and echo-stills-2, their entries in
# models/manifest.json and their cards.
# Resumable: run it again after an interruption. PRECORDIA_ECHO_DATA names the data folder, PRECORDIA_TRAIN_VENV a virtual environment to use
# or create (default: models/train/runs/venv). One core with bf16, about six hours by what its stages took one by one.
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
  "$here/../../build/native/echo_cine" "$runs/loops" 160 --side 224 --seed 5000
fi
# Versions 1.1.0 and 1.2.0, from this repository's history, are two of the four teachers; the training begins at the latter.
earlier() { if [ ! -e "$runs/$2.onnx" ]; then git -C "$here" show "$1:models/echo-unet-1/fp32.onnx" > "$runs/$2.onnx"; fi; }
earlier ca88275 v110
earlier 2d92a38 v120
common=(--data "$data" --out "$runs" --simulated "$runs/loops")
train() { "$venv/bin/python" -m precordia_echo.train "$@" "${common[@]}" --ef-weight 2 --two-chamber 0.5; }
lessons() { if [ ! -e "$runs/$1.done" ]; then "$venv/bin/python" -m precordia_echo.lessons "$@" "${common[@]}" && touch "$runs/$1.done"; fi; }
train tl0 --preset lite0 --epochs 20 --seed 41 --rate 1.5e-3 --strength 0.7
train tl2 --preset lite2 --epochs 20 --seed 42 --rate 1.5e-3 --strength 0.7
lessons la --soft "$runs/v110.onnx" "$runs/v120.onnx" "$runs/tl0.pt" --draws 7 --seed 51
lessons lb --soft "$runs/v110.onnx" "$runs/v120.onnx" "$runs/tl2.pt" --draws 6 --seed 52
train quarter3 --preset quarter --epochs 140 --seed 62 --rate 2e-3 --strength 0.6 --start "$runs/v120.onnx" --lessons la lb --soft-share 0.85
# A network of the same kind, trained on half of the patients, draws the EF of the others 0.7 (4-chamber) and 2.2 points (2-chamber) too low.
train quarter4 --preset quarter --epochs 60 --seed 63 --rate 1e-3 --strength 0.6 --start "$runs/quarter3.pt" --lessons la lb --soft-share 0.85 --ef-more 0.7 3
train quarter5 --preset quarter --epochs 40 --seed 64 --rate 7e-4 --strength 0.6 --start "$runs/quarter4.pt" --lessons la lb --soft-share 0.85 --ef-more 0.7 3
# From here on mildly augmented: the networks so far, strongly augmented, did not even fit the patients that they were trained on. `between`: frames
# between end-diastole and end-systole, whose mitral valves are open, which only simulated loops have.
plainly() { "$venv/bin/python" -m precordia_echo.train "$@" --data "$data" --out "$runs" --ef-weight 1; }
between=(--simulated "$runs/loops" --between 4)
plainly mild --preset quarter --epochs 18 --seed 91 --rate 1.5e-3 --strength 0.15 --start "$runs/quarter5.pt"
train half1 --preset student --epochs 60 --seed 71 --rate 1.5e-3 --strength 0.6 --start "$runs/v110.onnx" --lessons la lb --soft-share 0.85 --ef-more 0.7 3
plainly half2 --preset student --epochs 40 --seed 103 --rate 2e-3 --strength 0.2 --start "$runs/half1.pt" "${between[@]}"
plainly large1 --preset large --epochs 60 --until 20 --seed 81 --rate 2e-3 --strength 0.5 --simulated "$runs/loops"
plainly large2 --preset large --epochs 45 --seed 82 --rate 2e-3 --strength 0.22 --start "$runs/large1.pt" --simulated "$runs/loops"
taught=(--ef-more 0.4 2.5 --strength 0.4 --mildness 2 --soft "$runs/half2.pt" "$runs/large2.pt" "$runs/mild.pt" --soft-share 0.7 "${between[@]}")
plainly quarter6 --preset quarter --epochs 36 --seed 131 --rate 2e-3 --start "$runs/mild.pt" "${taught[@]}"
plainly half3 --preset student --epochs 22 --seed 132 --rate 1.5e-3 --start "$runs/half2.pt" "${taught[@]}"
plainly lite2b --preset lite2 --epochs 6 --seed 121 --rate 1e-3 --strength 0.2 --start "$runs/tl2.pt" "${between[@]}"
plainly lite2c --preset lite2-short --epochs 8 --seed 141 --rate 1e-3 --strength 0.2 --start "$runs/lite2b.pt" "${between[@]}"
"$venv/bin/python" -m precordia_echo.package "$runs/quarter6.pt" --data "$data" --models "$here/.."
"$venv/bin/python" -m precordia_echo.package "$runs/half3.pt" --data "$data" --models "$here/.." --stills
"$venv/bin/python" -m precordia_echo.package "$runs/lite2c.pt" --data "$data" --models "$here/.." --stills
