"""Everything the model card states, measured on fold 9 through ONNX Runtime, as one dictionary."""
from __future__ import annotations

from math import gcd
from pathlib import Path

import numpy as np
import onnx
import torch
from scipy.signal import find_peaks, resample_poly

from . import evaluate as ev
from . import graph
from .data import HEADS, SAMPLE_RATE_HZ, SAMPLES, TUNE_FOLD, Records, model_input
from .network import STEP_SAMPLES, EcgNet
from .package import MODEL_ID, PRECISIONS, mean_features, probabilities, read_head
from .train import Pages, run_arrays

AGE_BANDS = ((0, 45), (45, 65), (65, 80), (80, 400))  # years; 300 stands for "over 89"


def everything(net: EcgNet, tune: Records, records: Records, data: Path, models: Path, entry: dict, partial: list[dict]) -> dict:
    """`records`: all folds that are here; only those of fold 9 or lower are read from wfdb500."""
    folder = models / MODEL_ID
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
    report["incomplete"] = [(p["title"], p["macro_auc"], p["lost"]) for p in partial]
    report["disturbed"] = [(name, ev.macro(run_arrays(net, y)[0], tune.labels, tune.label_ids, "superclass"))
                           for name, y in ev.disturbed(x)]
    report["outliers"] = outliers(net, x, folder, entry)
    report["resampled"] = resampled(records, data, folder, entry["labels"])
    report["maps"] = maps(x, tune, folder, entry["labels"])
    report["beats"] = on_the_beat(x, tune, folder, entry["labels"])
    return report


def outliers(net: EcgNet, x: np.ndarray, folder: Path, entry: dict) -> list[tuple[str, float, float]]:
    """(input, share that the outlier score turns away, share that it or contradicting leads do); first, ordinary records."""
    weight = read_head(folder, len(entry["labels"]), entry["outputs"][1]["shape"][1])[2]

    def turned_away(y: np.ndarray) -> tuple[float, float]:
        by_score = mean_features(net, y) @ weight[:-1] + weight[-1] > entry["outliers"]["threshold"]
        return float(by_score.mean()), float((by_score | ev.contradiction(y)).mean())

    return [("ordinary records", *turned_away(x)), *((name, *turned_away(y)) for name, y in ev.not_an_ecg(x[::3]))]


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
    """Cross-fitted expected calibration error per head: over all its answers together, mean and worst of its statements, and
    the mean that a perfectly calibrated network would show by chance (labels drawn from its own probabilities)."""
    rng = np.random.default_rng(8)
    report = {}
    for head, _ in HEADS:
        errors, chance, all_p, all_positive = {}, [], [], []
        for k, name in enumerate(tune.label_ids):
            use = tune.labels[:, k] >= 0
            positive = tune.labels[use, k] == 1
            if name.startswith(head + "/") and positive.sum() >= ev.FEWEST_POSITIVES:
                p = ev.cross_fitted(z[use, k], positive, tune.patient[use])
                errors[name] = ev.calibration_error(p, positive)
                chance.append(np.mean([ev.calibration_error(p, rng.random(len(p)) < p) for _ in range(50)]))
                all_p.append(p)
                all_positive.append(positive)
        worst = max(errors, key=errors.get)
        report[head] = {"together": ev.calibration_error(np.concatenate(all_p), np.concatenate(all_positive)),
                        "mean": float(np.mean(list(errors.values()))), "worst": errors[worst], "worst_label": worst,
                        "chance": float(np.mean(chance)), "statements": len(errors)}
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


MAPPED = ("superclass/MI", "superclass/STTC", "superclass/CD", "superclass/HYP", "subclass/CLBBB", "rhythm/AFIB")
SHARES = (0.1, 0.2, 0.3, 0.5)


def maps(x: np.ndarray, tune: Records, folder: Path, labels: list[dict], most: int = 40) -> list[dict]:
    """Do the maps mark what matters? Deletion and insertion (Petsiuk et al., BMVC 2018) of the time steps of 160 ms.

    On up to `most` true positives per finding: mean logit when SHARES of the steps are deleted (replaced by each lead's
    median) or alone are kept, in the order of the class-activation map, of the attention map and of chance, as areas over
    the shares. The better the order, the lower the first and the higher the second.
    """
    session = ev.session(folder / "fp32.onnx")
    steps = session.get_outputs()[1].shape[2]
    weight, _, _ = read_head(folder, len(labels), session.get_outputs()[1].shape[1])
    rng = np.random.default_rng(4)
    flags = np.zeros((1, 12, SAMPLES), np.float32)
    edges = np.minimum(np.arange(steps + 1) * STEP_SAMPLES, SAMPLES)
    report = []
    for k, e in enumerate(labels):
        if e["id"] not in MAPPED:
            continue
        areas = {(kind, order): [] for kind in ("deleted", "kept") for order in ("map", "attention", "chance")}
        count = 0
        for i in np.flatnonzero(tune.labels[:, k] == 1):
            z, f, attention = session.run(["logits", "features", "attention"], {"ecg": x[i][None], "missing": flags})
            if probabilities(z.astype(np.float64), labels)[0, k] < (e["threshold"]["confirming"] or 0.5):
                continue
            count += 1
            flat = np.repeat(np.median(x[i], axis=1, keepdims=True), SAMPLES, 1).astype(np.float32)
            drawn = rng.permutation(steps)  # between beats the maps are 0: there, chance decides
            orders = {name: drawn[np.argsort(-values[drawn], kind="stable")] for name, values in (("map", weight[k] @ f[0]), ("attention", attention[0]))}
            orders["chance"] = rng.permutation(steps)
            for name, order in orders.items():
                for kind in ("deleted", "kept"):
                    values = []
                    for share in SHARES:
                        y = (x[i] if kind == "deleted" else flat).copy()
                        source = flat if kind == "deleted" else x[i]
                        for s in order[:round(share * steps)]:
                            y[:, edges[s]:edges[s + 1]] = source[:, edges[s]:edges[s + 1]]
                        values.append(session.run(["logits"], {"ecg": y[None], "missing": flags})[0][0, k])
                    areas[kind, name].append(float(np.mean(values)) - float(z[0, k]))
            if count == most:
                break
        report.append({"id": e["id"], "records": count, **{f"{kind}_{order}": float(np.mean(v)) for (kind, order), v in areas.items()}})
    return report


def r_peaks(x: np.ndarray) -> np.ndarray:
    """Samples of the R peaks of one record [12, 1000]: a plain slope detector, good enough to say where QRS complexes are."""
    slope = np.convolve((np.gradient(x, axis=1) ** 2).sum(0), np.ones(9) / 9, "same")
    peaks, _ = find_peaks(slope, height=0.25 * np.quantile(slope, 0.99), distance=30)
    return peaks


def on_the_beat(x: np.ndarray, tune: Records, folder: Path, labels: list[dict], most: int = 60) -> list[dict]:
    """QRS findings must light up the QRS: mean relevance of the steps that hold an R peak over that of all other steps."""
    session = ev.session(folder / "fp32.onnx")
    steps = session.get_outputs()[1].shape[2]
    weight, _, _ = read_head(folder, len(labels), session.get_outputs()[1].shape[1])
    flags = np.zeros((1, 12, SAMPLES), np.float32)
    report = []
    for k, e in enumerate(labels):
        if e["id"] not in ("superclass/CD", "superclass/HYP", "subclass/CLBBB", "subclass/CRBBB", "subclass/LVH", "form/PVC"):
            continue
        ratios = []
        for i in np.flatnonzero(tune.labels[:, k] == 1):
            z, f = session.run(["logits", "features"], {"ecg": x[i][None], "missing": flags})
            if probabilities(z.astype(np.float64), labels)[0, k] < (e["threshold"]["confirming"] or 0.5):
                continue
            relevance = np.maximum(weight[k] @ f[0], 0)
            beat = np.zeros(steps, bool)
            beat[r_peaks(x[i]) // STEP_SAMPLES] = True
            if beat.any() and not beat.all() and relevance.sum() > 0:
                ratios.append(float(relevance[beat].mean() / max(relevance[~beat].mean(), 1e-6)))
            if len(ratios) == most:
                break
        report.append({"id": e["id"], "records": len(ratios), "median_ratio": float(np.median(ratios)),
                       "share_above_one": float(np.mean(np.array(ratios) > 1))})
    return report


def printed(pages: Pages, records: Records, tune: Records, models: Path) -> list[dict]:
    """Records of fold 9 that were printed and read back, beside the same records as recorded and with the same samples missing: macro-AUC
    over superclasses, and how far apart the superclass logits lie."""
    place = {int(e): i for i, e in enumerate(tune.ecg_id)}
    rows = np.array([place[int(records.ecg_id[r])] for r in pages.row])
    x, off = (part.numpy() for part in pages.take(torch.arange(len(rows))))
    clean = model_input(tune.take(rows))
    model = models / MODEL_ID / "fp32.onnx"
    z = {"recorded": ev.logits(model, clean), "missing": ev.logits(model, clean * (1 - off), off), "printed": ev.logits(model, x, off)}
    heads = [k for k, name in enumerate(tune.label_ids) if name.startswith("superclass/")]

    def apart(a: str, b: str, use: np.ndarray) -> float:
        return float(np.sqrt(np.mean((z[a][use][:, heads] - z[b][use][:, heads]) ** 2)))

    kinds = (("all pages", pages.layout >= 0), ("flat", pages.layout < 100), ("photographed", pages.layout >= 100))
    return [{"kind": name, "pages": int(use.sum()), **{of: float(np.mean([ev.auc(z[of][use, k], tune.labels[rows[use], k] == 1) for k in heads])) for of in z},
             "error": apart("printed", "missing", use), "whole": apart("printed", "recorded", use)} for name, use in kinds]


def sizes(models: Path) -> dict:
    folder = models / MODEL_ID
    model = onnx.load(folder / "fp32.onnx")
    return {"multiply_adds": graph.multiply_adds(model),
            "files": {p: (folder / f"{p}.onnx").stat().st_size for p in PRECISIONS}}
