"""Everything the model card states, measured on fold 9 through ONNX Runtime, as one dictionary."""
from __future__ import annotations

from math import gcd
from pathlib import Path

import numpy as np
import onnx
from scipy.signal import resample_poly

from . import evaluate as ev
from . import graph
from .data import HEADS, SAMPLE_RATE_HZ, SAMPLES, TUNE_FOLD, Records, model_input
from .package import MODEL_ID, PRECISIONS, probabilities

AGE_BANDS = ((0, 45), (45, 65), (65, 80), (80, 400))  # years; 300 stands for "over 89"


def everything(tune: Records, records: Records, data: Path, models: Path, manifest: dict) -> dict:
    """`records`: all folds that are here; only those of fold 9 or lower are read from wfdb500."""
    folder = models / MODEL_ID
    entry = manifest["models"][0]
    x = model_input(tune)
    z = {p: ev.logits(folder / f"{p}.onnx", x).astype(np.float64) for p in PRECISIONS}
    draws = ev.patient_draws(tune.patient)
    base = z["fp32"]
    report = {"records": len(tune), "patients": len(np.unique(tune.patient))}
    report["macro"] = {p: {h: ev.macro(z[p], tune.labels, tune.label_ids, h) for h, _ in HEADS} for p in PRECISIONS}
    report["macro_interval"] = {h: macro_interval(base, tune, h, draws) for h, _ in HEADS}
    report["agreement"] = {p: agreement(z[p], base, entry["labels"]) for p in PRECISIONS if p != "fp32"}
    report["calibration_error"] = calibration(base, tune)
    report["groups"] = groups(base, tune)
    report["disturbed"] = [(name, ev.macro(ev.logits(folder / "fp32.onnx", y), tune.labels, tune.label_ids,
                                           "superclass")) for name, y in ev.disturbed(x)]
    report["resampled"] = resampled(records, data, folder, entry["labels"])
    report["deletion"] = deletion(x, tune, folder, entry["labels"])
    return report


def macro_interval(z: np.ndarray, tune: Records, head: str, draws: np.ndarray) -> tuple[float, float]:
    """Bootstrap interval of the macro-AUC over a head's statements with enough positives."""
    columns = []
    for k, name in enumerate(tune.label_ids):
        use = tune.labels[:, k] >= 0
        positive = tune.labels[use, k] == 1
        if name.startswith(head + "/") and positive.sum() >= ev.CLEAR:
            columns.append(ev.weighted_auc(z[use, k], positive, draws[:, use]))
    return ev.interval(np.nanmean(columns, axis=0))


def agreement(z: np.ndarray, base: np.ndarray, labels: list[dict]) -> dict:
    """How far a precision is from fp32: logits, and decisions at the operating points."""
    p, q = probabilities(z, labels), probabilities(base, labels)
    flips = {}
    for name in ("screening", "confirming"):
        at = [(k, e["threshold"][name]) for k, e in enumerate(labels) if e["threshold"][name] is not None]
        changed = np.stack([(p[:, k] >= t) != (q[:, k] >= t) for k, t in at])
        flips[name] = {"mean": float(changed.mean()), "worst": float(changed.mean(1).max()),
                       "worst_label": labels[at[int(changed.mean(1).argmax())][0]]["id"]}
    gap = np.abs(z - base)
    return {"mean": float(gap.mean()), "p99": float(np.quantile(gap, 0.99)), "max": float(gap.max()), "flips": flips}


def calibration(z: np.ndarray, tune: Records) -> dict:
    """Cross-fitted expected calibration error: per head, mean and worst statement with an operating point."""
    report = {}
    for head, _ in HEADS:
        errors = {}
        for k, name in enumerate(tune.label_ids):
            use = tune.labels[:, k] >= 0
            positive = tune.labels[use, k] == 1
            if name.startswith(head + "/") and positive.sum() >= ev.FEWEST_POSITIVES:
                p = ev.cross_fitted(z[use, k], positive, tune.patient[use])
                errors[name] = ev.calibration_error(p, positive)
        worst = max(errors, key=errors.get)
        report[head] = {"mean": float(np.mean(list(errors.values()))), "worst": errors[worst], "worst_label": worst,
                        "statements": len(errors)}
    return report


def groups(z: np.ndarray, tune: Records) -> list[tuple[str, int, float]]:
    """(group, records, superclass macro-AUC) by sex and age band."""
    rows = [("women", tune.sex == "Female"), ("men", tune.sex == "Male")]
    for low, high in AGE_BANDS:
        name = f"age {low}-{high - 1}" if high < 400 else f"age {low} and over"
        name = f"age under {high}" if low == 0 else name
        rows.append((name, (tune.age >= low) & (tune.age < high)))
    rows.append(("age or sex unknown", np.isnan(tune.age) | ~np.isin(tune.sex, ("Female", "Male"))))
    return [(name, int(r.sum()), ev.macro(z, tune.labels, tune.label_ids, "superclass", r)) for name, r in rows]


def resampled(records: Records, data: Path, folder: Path, labels: list[dict]) -> dict:
    """The network on 500 Hz files brought to 100 Hz by a polyphase FIR against the official 100 Hz signals."""
    at = {int(e): i for i, e in enumerate(records.ecg_id)}
    rows, signals = [], []
    for header in sorted((data / "ptbxl" / "wfdb500").glob("*.hea")):
        if int(header.stem) not in at:
            continue  # of the fold that is kept back
        rows.append(at[int(header.stem)])
        signals.append(read_wfdb16(header))
    if not rows:
        return {"records": 0}
    official = records.take(np.array(rows))
    assert official.fold.max() <= TUNE_FOLD
    a = ev.logits(folder / "fp32.onnx", model_input(official)).astype(np.float64)
    b = ev.logits(folder / "fp32.onnx", np.stack(signals)).astype(np.float64)
    at_point = [(k, e["threshold"]["confirming"]) for k, e in enumerate(labels)
                if e["threshold"]["confirming"] is not None]
    p, q = probabilities(a, labels), probabilities(b, labels)
    return {"records": len(rows), "mean": float(np.abs(a - b).mean()), "max": float(np.abs(a - b).max()),
            "correlation": float(np.corrcoef(a[:, :5].ravel(), b[:, :5].ravel())[0, 1]),
            "probability_gap": float(np.abs(p - q).mean()),
            "flips": float(np.mean([(p[:, k] >= t) != (q[:, k] >= t) for k, t in at_point]))}


def read_wfdb16(header: Path) -> np.ndarray:
    """A 12-lead WFDB record in format 16, as float32 [12, 1000] in mV at 100 Hz."""
    first, *lines = [line for line in header.read_text().splitlines() if line and not line.startswith("#")]
    leads, rate, samples = int(first.split()[1]), int(float(first.split()[2])), int(first.split()[3])
    raw = np.fromfile(header.with_suffix(".dat"), "<i2").reshape(samples, leads).T.astype(np.float64)
    for i, line in enumerate(lines[:leads]):
        gain, _, rest = line.split()[2].partition("(")
        if not rest:
            gain, baseline = gain.split("/")[0], float(line.split()[4])
        else:
            baseline = float(rest.split(")")[0])
        raw[i] = (raw[i] - baseline) / float(gain)
    common = gcd(SAMPLE_RATE_HZ, rate)
    y = resample_poly(raw, SAMPLE_RATE_HZ // common, rate // common, axis=1)
    return y[:, :SAMPLES].astype(np.float32)


def deletion(x: np.ndarray, tune: Records, folder: Path, labels: list[dict], most: int = 80) -> list[dict]:
    """Does the map matter? Blanks the time steps that the class-activation map marks most, or random ones.

    Per superclass finding, on up to `most` true positives: mean logit lost when 10, 20, 30 and 50 % of the time steps
    (160 ms each) are replaced by each lead's median, in the order of the map and in random order.
    """
    session = ev.session(folder / "fp32.onnx")
    weight = np.fromfile(folder / "head.f32", "<f4")
    rng = np.random.default_rng(4)
    steps = session.get_outputs()[1].shape[2]
    weight = weight[:len(labels) * session.get_outputs()[1].shape[1]].reshape(len(labels), -1)
    step = SAMPLES / steps
    report = []
    for k, e in enumerate(labels):
        if not e["id"].startswith("superclass/") or e["id"].endswith("/NORM"):
            continue
        rows = []
        lost = {share: [[], []] for share in (0.1, 0.2, 0.3, 0.5)}
        for i in np.flatnonzero(tune.labels[:, k] == 1):
            z, f = session.run(None, {"ecg": x[i][None]})
            if probabilities(z[0].astype(np.float64), labels)[k] >= e["threshold"]["confirming"]:
                rows.append(i)
                order = np.argsort(-(weight[k] @ f[0]))
                random = rng.permutation(steps)
                for share, (by_map, by_chance) in lost.items():
                    for chosen, out in ((order, by_map), (random, by_chance)):
                        y = x[i].copy()
                        for s in chosen[:round(share * steps)]:
                            y[:, round(s * step):round((s + 1) * step)] = np.median(x[i], axis=1, keepdims=True)
                        out.append(float(z[0, k] - session.run(["logits"], {"ecg": y[None]})[0][0, k]))
            if len(rows) == most:
                break
        report.append({"id": e["id"], "records": len(rows),
                       "lost": {f"{share:.0%}": [float(np.mean(a)), float(np.mean(b))]
                                for share, (a, b) in lost.items()}})
    return report


def sizes(models: Path) -> dict:
    folder = models / MODEL_ID
    model = onnx.load(folder / "fp32.onnx")
    return {"multiply_adds": graph.multiply_adds(model),
            "files": {p: (folder / f"{p}.onnx").stat().st_size for p in PRECISIONS}}
