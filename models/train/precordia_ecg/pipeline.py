"""From the raw PTB-XL folder to checked artefacts, in one command. Every step that is done is skipped.

    python -m precordia_ecg.pipeline [--data ../shared/data] [--runs models/train/runs] [--threads 1]
    python -m precordia_ecg.pipeline --stop-after manifest     # without the long measurements and the card

Steps: two generations of the same network, each but the first taught by the mean logits of those before it ("born
again", Furlanello et al., ICML 2018; Hinton et al. 2015), and the last one ships; ONNX artefacts, manifest,
measurements on fold 9, model card. Seeds are fixed; bf16 sums on other processors may round otherwise, so a rerun
elsewhere gives the same network in kind, not bit for bit.
"""
from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from onnx import numpy_helper

from . import card, data, evaluate, graph, measure, package
from .train import Plan, restore, run, teacher_logits

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "models"
VERSION = "1.0.0"
GENERATIONS = (Plan(epochs=16, seed=1),
               Plan(epochs=24, seed=2, teacher_share=0.5))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data",
                         help="folder that holds ptbxl/ (and beside which tools/ptbxl.py lies)")
    options.add_argument("--runs", type=Path, default=MODELS / "train" / "runs", help="checkpoints, logs, caches")
    options.add_argument("--models", type=Path, default=MODELS, help="where the artefacts and manifest.json go")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--stop-after", choices=("train", "manifest", "card"), default="card")
    args = options.parse_args()
    logging.getLogger().setLevel(logging.ERROR)
    torch.set_num_threads(args.threads)
    if not (args.data / "ptbxl" / "labels.npz").exists():
        raise SystemExit(f"no PTB-XL at {args.data / 'ptbxl'}: pass its parent folder with --data")

    records = data.load(args.data, args.runs / "cache")
    train = records.take(np.isin(records.fold, data.TRAIN_FOLDS))
    tune = records.take(records.fold == data.TUNE_FOLD)
    print(f"{len(train)} training records (folds 1-8), {len(tune)} tuning records (fold 9)")

    weights, taught = None, []
    for number, plan in enumerate(GENERATIONS, 1):
        folder = args.runs / f"generation{number}"
        weights = run(plan, train, tune, folder, np.mean(taught, axis=0) if taught else None)
        if number < len(GENERATIONS):
            taught.append(cached(folder / "logits.npy", lambda: teacher_logits(plan, weights, train)))
    if args.stop_after == "train":
        return

    net = restore(GENERATIONS[-1], train.labels.shape[1], weights)
    paths = package.write_artefacts(net, train, args.models / package.MODEL_ID)
    fp32 = evaluate.logits(paths["fp32"], data.model_input(tune))
    check_against_torch(net, fp32, tune)
    manifest = package.write_manifest(net, tune, fp32, VERSION, args.models)
    print("fold 9 macro-AUC through ONNX Runtime (mean over statements with at least 10 positives):")
    x = data.model_input(tune)
    for precision, path in paths.items():
        z = fp32 if precision == "fp32" else evaluate.logits(path, x)
        heads = "  ".join(f"{h} {evaluate.macro(z, tune.labels, tune.label_ids, h):.4f}" for h, _ in data.HEADS)
        print(f"  {precision:13s} {heads}  {path.stat().st_size} bytes", flush=True)
    if args.stop_after == "manifest":
        return

    report = measure.everything(tune, records, args.data, args.models, manifest)
    report["sizes"] = measure.sizes(args.models)
    report["parameters"] = deployed_parameters(net)
    (args.runs / "report.json").write_text(json.dumps(report, indent=1))
    card.write(args.models, manifest, report, GENERATIONS, len(train), args.runs)
    print(f"card and report written: {args.models / package.MODEL_ID / 'CARD.md'}, {args.runs / 'report.json'}")


def cached(path: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    if not path.exists():
        partial = path.with_suffix(".partial.npy")
        np.save(partial, make())
        partial.replace(path)
    return np.load(path)


def check_against_torch(net, fp32: np.ndarray, tune: data.Records) -> None:
    """The folded graph must give what the trained network gives in float32."""
    with torch.no_grad():
        z = net(torch.from_numpy(data.model_input(tune.take(np.arange(64))))).numpy()[:, :fp32.shape[1]]
    gap = float(np.abs(z - fp32[:64]).max())
    if gap > 1e-3:
        raise SystemExit(f"the exported graph differs from the trained network by {gap:.2g} in a logit")


def deployed_parameters(net) -> dict:
    """Numbers in the deployed graph (normalisation folded, auxiliary outputs left out) and in training."""
    model = graph.build(net)
    deployed = sum(numpy_helper.to_array(t).size for t in model.graph.initializer
                   if t.name.endswith((".weight", ".bias")))
    return {"deployed": int(deployed), "trained": sum(p.numel() for p in net.parameters())}


if __name__ == "__main__":
    main()
