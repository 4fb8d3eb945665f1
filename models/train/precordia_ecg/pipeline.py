"""From the raw PTB-XL folder to checked artefacts, in one command. Every step that is done is skipped.

    python -m precordia_ecg.pipeline [--data ../shared/data] [--runs models/train/runs] [--threads 1]
    python -m precordia_ecg.pipeline --stop-after manifest     # without the long measurements and the card

Steps: a second teacher (beat_teacher.py); the student, whose trunk begins from ecg-resnet-1 and whose beat stage begins from
that teacher, and which is taught by the mean logit of both (Hinton et al. 2015); ONNX artefacts, manifest, measurements on fold 9, model card. Seeds are fixed; sums on other processors may round otherwise, so a rerun
elsewhere gives the same network in kind, not bit for bit.
"""
from __future__ import annotations

import argparse
import json
import logging
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from onnx import numpy_helper
from scipy.special import expit

from . import beat_teacher, card, data, evaluate, families, graph, measure, package, quantise
from .train import Plan, lean_on_beats, predict, restore, run

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "models"
VERSION = "1.1.0"
TAUGHT_BY = "3ef64d8:models/ecg-resnet-1/fp32.onnx"  # a teacher, with beat_teacher.py; where the trunk begins
PLAN = Plan()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data",
                         help="folder that holds ptbxl/ (and beside which tools/ptbxl.py lies)")
    options.add_argument("--runs", type=Path, default=MODELS / "train" / "runs", help="checkpoints, logs, caches")
    options.add_argument("--models", type=Path, default=MODELS, help="where the artefacts and manifest.json go")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--compare", type=int, default=0, help="epochs of the short schedule that the three families run; 0 = no comparison")
    options.add_argument("--stop-after", choices=("train", "manifest", "card"), default="card")
    args = options.parse_args()
    logging.getLogger().setLevel(logging.ERROR)
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    if not (args.data / "ptbxl" / "labels.npz").exists():
        raise SystemExit(f"no PTB-XL at {args.data / 'ptbxl'}: pass its parent folder with --data")

    records = data.load(args.data, args.runs / "cache")
    train = records.take(np.isin(records.fold, data.TRAIN_FOLDS))
    tune = records.take(records.fold == data.TUNE_FOLD)
    print(f"{len(train)} training records (folds 1-8), {len(tune)} tuning records (fold 9)")

    teacher_net = earlier(args.runs / "teacher.onnx", TAUGHT_BY)
    k = train.labels.shape[1]
    further = beat_teacher.further_labels(records, args.data / "ptbxl" / "labels.npz")[np.isin(records.fold, data.TRAIN_FOLDS)]
    answers = {part: [cached(args.runs / f"teacher-{part}.npy", lambda: evaluate.logits_of_earlier(teacher_net, of))]
               for part, of in (("train", train), ("tune", tune))}
    folder = args.runs / "teachers" / "beat"
    beat_teacher.train(beat_teacher.Plan(), train, tune, further, folder)
    for part, all_of in answers.items():
        all_of.append(np.load(folder / f"{part}.npy"))
    means = {part: np.mean(all_of, axis=0) for part, all_of in answers.items()}
    weights = run(PLAN, train, tune, args.runs / "student", expit(means["train"]).astype(np.float32), further,
                  teacher_net, folder / "checkpoint.pt")
    if args.stop_after == "train":
        return

    net = restore(PLAN, k, weights)
    lean_on_beats(net, tune.label_ids, PLAN.rhythm_share)
    quantise.snap_head(net)
    paths = package.write_artefacts(net, train, args.models / package.MODEL_ID)
    x = data.model_input(tune)
    fp32 = evaluate.logits(paths["fp32"], x)
    check_against_torch(net, fp32, tune)
    entry, partial = package.write_manifest(net, tune, VERSION, args.models)
    print("fold 9 macro-AUC through ONNX Runtime (mean over statements with at least 10 positives):")
    for precision, path in paths.items():
        z = fp32 if precision == "fp32" else evaluate.logits(path, x)
        heads = "  ".join(f"{h} {evaluate.macro(z, tune.labels, tune.label_ids, h):.4f}" for h, _ in data.HEADS)
        print(f"  {precision:13s} {heads}  {path.stat().st_size} bytes", flush=True)
    for kind in partial:
        print(f"  {kind['title']}: superclass {kind['macro_auc']:.4f} (-{kind['lost']:.4f})")
    if args.stop_after == "manifest":
        return

    report = measure.everything(net, tune, records, args.data, args.models, entry, partial)
    report["families"] = families.compare(train, tune, args.runs, args.compare) if args.compare else []
    report["teachers"] = {name: [evaluate.macro(z, tune.labels, tune.label_ids, head) for head, _ in data.HEADS]
                          for name, z in zip((TAUGHT_BY.split("/")[1], "beat teacher", "their mean logit"), (*answers["tune"], means["tune"]))}
    report["sizes"] = measure.sizes(args.models)
    report["parameters"] = deployed_parameters(net)
    (args.runs / "report.json").write_text(json.dumps(report, indent=1))
    card.write(args.models, entry, report, PLAN, len(train), args.runs)
    print(f"card and report written: {args.models / package.MODEL_ID / 'CARD.md'}, {args.runs / 'report.json'}")


def cached(path: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    if not path.exists():
        partial = path.with_suffix(".partial.npy")
        np.save(partial, make())
        partial.replace(path)
    return np.load(path)


def earlier(path: Path, where: str) -> Path:
    """A network of an earlier version, from this repository's history."""
    if not path.exists():
        path.write_bytes(subprocess.run(["git", "show", where], cwd=ROOT, check=True, capture_output=True).stdout)
    return path


def check_against_torch(net, fp32: np.ndarray, tune: data.Records) -> None:
    """The folded graph must give what the trained network gives in float32."""
    with torch.no_grad():
        z = predict(net, tune.take(np.arange(64)))[:, :fp32.shape[1]]
    gap = float(np.abs(z - fp32[:64]).max())
    if gap > 5e-3:  # the file holds its weights in half precision
        raise SystemExit(f"the exported graph differs from the trained network by {gap:.2g} in a logit")


def deployed_parameters(net) -> dict:
    """Numbers in the deployed graph (normalisation folded, auxiliary outputs left out) and in training."""
    model = graph.build(net)
    deployed = sum(numpy_helper.to_array(t).size for t in model.graph.initializer
                   if t.name.endswith((".weight", ".bias")))
    return {"deployed": int(deployed), "trained": sum(p.numel() for p in net.parameters())}


if __name__ == "__main__":
    main()
