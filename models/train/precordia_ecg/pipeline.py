"""From the raw PTB-XL folder to checked artefacts, in one command. Every step that is done is skipped.

    python -m precordia_ecg.pipeline [--data ../shared/data] [--runs models/train/runs] [--threads 1]
    python -m precordia_ecg.pipeline --stop-after manifest     # without the long measurements and the card

Steps: two teachers (beat_teacher.py, sequence_teacher.py) beside two networks of this repository's history; training records printed and
read back by the engine (build/native/paper_lessons, built here if need be); the student, taught by the teachers' mean logit (Hinton et
al. 2015); ONNX artefacts, manifest, measurements on fold 9, model card. Seeds are fixed; sums on other processors may round otherwise, so
a rerun elsewhere gives the same network in kind, not bit for bit.
"""
from __future__ import annotations

import argparse
import json
import logging
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from onnx import numpy_helper
from scipy.special import expit

from . import beat_teacher, card, data, evaluate, families, graph, measure, package, quantise, sequence_teacher
from .network import EcgNet
from .train import Pages, Plan, predict, restore, run, start_from, start_from_teacher

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "models"
VERSION = "2.0.0"
HALF = torch.cpu._is_avx512_bf16_supported()
STRESSED = ("subclass/CLBBB", "subclass/LVH", "subclass/AMI", "subclass/IMI", "subclass/LAO/LAE")
STAGES = {"first": Plan(half=HALF), "second": Plan(epochs=14, teacher_share=0.7, seed=5, half=HALF),
          "student": Plan(epochs=7, rate=1.2e-3, teacher_share=0.85, seed=6, stressed=STRESSED, half=HALF)}  # each goes on from the one before
EARLIER = {"ecg-resnet-1": "3ef64d8:models/ecg-resnet-1/fp32.onnx", "ecg-beats-1": "1e3c50f:models/ecg-beats-1/fp32.onnx"}  # 1.0.0 and 1.1.0
TEACHERS = {"mean beats": (beat_teacher, beat_teacher.Plan()), "single beats": (sequence_teacher, sequence_teacher.Plan(half=HALF))}
SHARES = {"ecg-resnet-1": 1.0, "ecg-beats-1": 1.0, "mean beats": 0.5, "single beats": 1.5}  # of the teachers' logits
PRINTED = {"train": (0, 469), "tune": (17429, 17620)}  # records, counted over folds 1-9, that are printed and read back


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

    k = train.labels.shape[1]
    further = beat_teacher.further_labels(records, args.data / "ptbxl" / "labels.npz")[np.isin(records.fold, data.TRAIN_FOLDS)]
    answers: dict[str, dict[str, np.ndarray]] = {"train": {}, "tune": {}}
    for name, where in EARLIER.items():
        file = earlier(args.runs / f"{name}.onnx", where)
        for part, of in (("train", train), ("tune", tune)):
            answers[part][name] = cached(args.runs / f"{name}-{part}.npy", lambda: evaluate.logits_of(file, of))
    for name, (teacher, plan) in TEACHERS.items():
        folder = args.runs / "teachers" / name.replace(" ", "-")
        teacher.train(plan, train, tune, further, folder)
        for part in answers:
            answers[part][name] = np.load(folder / f"{part}.npy")
    means = {part: sum(SHARES[name] * z for name, z in of.items()) / sum(SHARES.values()) for part, of in answers.items()}
    printed = {part: pages(records, args.runs, part, *PRINTED[part]) for part in PRINTED}
    target = expit(means["train"]).astype(np.float32)

    def from_teachers(net: EcgNet) -> None:
        start_from(net, args.runs / "ecg-beats-1.onnx", train)
        start_from_teacher(net, args.runs / "teachers" / "single-beats" / "checkpoint.pt")

    begin = from_teachers
    for name, plan in STAGES.items():
        weights = run(plan, train, tune, args.runs / name, target, further, begin, printed["train"])
        begin = partial(restored, weights)
    if args.stop_after == "train":
        return

    net = restore(plan, k, weights)
    quantise.snap_head(net)
    paths = package.write_artefacts(net, train, args.models / package.MODEL_ID)
    x = data.model_input(tune)
    fp32 = evaluate.logits(paths["fp32"], x)
    check_against_torch(net, fp32, tune)
    entry, incomplete = package.write_manifest(net, tune, VERSION, args.models)
    print("fold 9 macro-AUC through ONNX Runtime (mean over statements with at least 10 positives):")
    for precision, path in paths.items():
        z = fp32 if precision == "fp32" else evaluate.logits(path, x)
        heads = "  ".join(f"{h} {evaluate.macro(z, tune.labels, tune.label_ids, h):.4f}" for h, _ in data.HEADS)
        print(f"  {precision:13s} {heads}  {path.stat().st_size} bytes", flush=True)
    for kind in incomplete:
        print(f"  {kind['title']}: superclass {kind['macro_auc']:.4f} (-{kind['lost']:.4f})")
    if args.stop_after == "manifest":
        return

    report = measure.everything(net, tune, records, args.data, args.models, entry, incomplete)
    report["printed"] = measure.printed(printed["tune"], records, tune, args.models)
    report["printed_train"] = len(printed["train"].row)
    report["families"] = families.compare(train, tune, args.runs, args.compare) if args.compare else []
    everyone = answers["tune"] | {"their mean logit": means["tune"]}
    report["teachers"] = {name: [evaluate.macro(z, tune.labels, tune.label_ids, head) for head, _ in data.HEADS] for name, z in everyone.items()}
    report["sizes"] = measure.sizes(args.models)
    report["parameters"] = deployed_parameters(net)
    (args.runs / "report.json").write_text(json.dumps(report, indent=1))
    card.write(args.models, entry, report, STAGES, len(train), args.runs)
    print(f"card and report written: {args.models / package.MODEL_ID / 'CARD.md'}, {args.runs / 'report.json'}")


def cached(path: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    if not path.exists():
        partial = path.with_suffix(".partial.npy")
        np.save(partial, make())
        partial.replace(path)
    return np.load(path)


def restored(weights: Path, net: EcgNet) -> None:
    net.load_state_dict(torch.load(weights, weights_only=True)["weights"])


def pages(records: data.Records, runs: Path, part: str, first: int, last: int) -> Pages:
    """Records first..last-1 printed and read back; resumable."""
    program, signals, out = ROOT / "build" / "native" / "paper_lessons", runs / "cache" / "signals.i16", runs / f"pages-{part}.i16"
    if not (runs / f"pages-{part}.done").exists():
        if not program.exists():
            subprocess.run(["cmake", "-S", str(ROOT), "--preset", "native"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            subprocess.run(["ninja", "-C", str(program.parent), "paper_lessons"], check=True, stdout=subprocess.DEVNULL)
        records.signal.tofile(signals)
        subprocess.run([program, signals, out, MODELS / "manifest.json", str(first), str(last)], check=True)
        (runs / f"pages-{part}.done").touch()
    return Pages.load(out)


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
