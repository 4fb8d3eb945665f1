"""Writes the artefacts, the head, the known answers and models/manifest.json, all from one set of weights."""
from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import onnx

from . import evaluate as ev
from . import graph, known, quantise
from .data import HEADS, LEADS, SAMPLE_RATE_HZ, SAMPLES, TITLES, Records, model_input
from .network import EcgNet

MODEL_ID = "ecg-resnet-1"
PRECISIONS = {"int8": ["wasm"], "int8-weights": ["webgpu", "wasm"], "fp32": ["wasm", "webgpu"]}
TOLERANCE = {"int8": 0.10, "int8-weights": 0.02, "fp32": 0.01}

# Findings that the heart-failure evidence speaks of, made of PTB-XL statements. A composite is positive in the
# reference when any member is; its probability is 1 - prod(1 - p_member), and its Platt parameters act on the logit
# of that probability. `aim`: which operating point is fitted on fold 9.
COMPOSITES = [
    dict(id="major_abnormal", title="Major ECG abnormality",
         members=["rhythm/AFIB", "rhythm/AFLT", "superclass/MI", "subclass/LVH", "subclass/CLBBB", "subclass/CRBBB",
                  "subclass/LAFB/LPFB"],
         aim=("sensitivity", 0.90),
         source="Davie 1996, BMJ 312:222 (AF, old MI, LVH, bundle branch block, left axis deviation); fascicular block "
                "stands for left axis deviation"),
    dict(id="normal", title="Normal ECG", members=["superclass/NORM"], aim=("specificity", 0.95),
         source="Davie 1996, BMJ 312:222 (a normal ECG makes systolic dysfunction unlikely); PTB-XL statement NORM"),
    dict(id="atrial_fibrillation_flutter", title="Atrial fibrillation or flutter",
         members=["rhythm/AFIB", "rhythm/AFLT"], aim=("specificity", 0.95),
         source="PTB-XL statements AFIB, AFLT"),
    dict(id="bundle_branch_block", title="Complete bundle branch block", members=["subclass/CLBBB", "subclass/CRBBB"],
         aim=("specificity", 0.95), source="PTB-XL statements CLBBB, CRBBB"),
    dict(id="left_ventricular_hypertrophy", title="Left ventricular hypertrophy or its voltage criteria",
         members=["subclass/LVH", "form/VCLVH"], aim=("specificity", 0.95), source="PTB-XL statements LVH, VCLVH"),
    dict(id="prior_infarction", title="Myocardial infarction, any site", members=["superclass/MI"],
         aim=("specificity", 0.95), source="PTB-XL superclass MI"),
    dict(id="st_t_abnormality", title="ST-T abnormality", members=["superclass/STTC"], aim=("specificity", 0.95),
         source="PTB-XL superclass STTC"),
]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def calibration_rows(train: Records, count: int = 384, seed: int = 3) -> np.ndarray:
    """Training records for the int8 ranges: a seeded draw, with every label that has any represented."""
    rng = np.random.default_rng(seed)
    picked = set(rng.choice(len(train), count - train.labels.shape[1], replace=False).tolist())
    for k in range(train.labels.shape[1]):
        positive = np.flatnonzero(train.labels[:, k] == 1)
        if len(positive):
            picked.add(int(rng.choice(positive)))
    return np.array(sorted(picked))


def write_artefacts(net: EcgNet, train: Records, folder: Path) -> dict[str, Path]:
    """fp32.onnx, int8.onnx, int8-weights.onnx, head.f32 and known_answer_*.f32 in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    model = graph.build(net)
    paths = {p: folder / f"{p}.onnx" for p in PRECISIONS}
    graph.write(model, paths["fp32"])
    graph.write(quantise.weight_only_int8(model), paths["int8-weights"])
    graph.write(quantise.static_int8(model, model_input(train.take(calibration_rows(train)))), paths["int8"])
    weight, bias = graph.head_of(net)
    (folder / "head.f32").write_bytes(weight.astype("<f4").tobytes() + bias.astype("<f4").tobytes())
    for i, (_, x) in enumerate(known.inputs(), 1):
        (folder / f"known_answer_{i}.f32").write_bytes(x.tobytes())
    return paths


# Statements that say "nothing wrong here": shown like any other, but never the first thing that a reader is led to.
REASSURING = {"superclass/NORM", "subclass/NORM", "rhythm/SR"}


def label_entry(k: int, ids: list[str], z: np.ndarray, tune: Records, draws: np.ndarray) -> dict:
    use = tune.labels[:, k] >= 0
    positive = tune.labels[use, k] == 1
    score = z[use, k].astype(np.float64)
    count = int(positive.sum())
    platt = ev.fit_platt(score, positive)
    entry = {"id": ids[k], "title": TITLES[ids[k].split("/", 1)[1]], "reassuring": ids[k] in REASSURING,
             "calibration": {"kind": "platt", "a": digits(platt.a), "b": digits(platt.b)},
             "threshold": {"screening": None, "confirming": None},
             "sensitivity_at_screening": None, "specificity_at_screening": None,
             "sensitivity_at_confirming": None, "specificity_at_confirming": None,
             "auc": None, "auc_low": None, "auc_high": None, "positives": count}
    if 0 < count < len(positive):
        entry["auc"] = round(ev.auc(score, positive), 4)
        low, high = ev.interval(ev.weighted_auc(score, positive, draws[:, use]))
        entry["auc_low"], entry["auc_high"] = round(low, 4), round(high, 4)
    if count >= ev.FEWEST_POSITIVES:
        p = ev.Platt(entry["calibration"]["a"], entry["calibration"]["b"])(score)
        screening = ev.for_sensitivity(p, positive, 0.95)
        # Where one threshold reaches both aims, the two meet there: "confirming" is never below "screening".
        confirming = max(screening, ev.for_specificity(p, positive, 0.95))
        for name, threshold in (("screening", screening), ("confirming", confirming)):
            entry["threshold"][name] = threshold
            sensitivity, specificity = ev.at_threshold(p, positive, threshold)
            entry[f"sensitivity_at_{name}"] = round(sensitivity, 4)
            entry[f"specificity_at_{name}"] = round(specificity, 4)
    return entry


def probabilities(z: np.ndarray, labels: list[dict]) -> np.ndarray:
    a = np.array([e["calibration"]["a"] for e in labels])
    b = np.array([e["calibration"]["b"] for e in labels])
    return ev.Platt(a, b)(z)


def composite_entry(spec: dict, labels: list[dict], z: np.ndarray, tune: Records, draws: np.ndarray) -> dict:
    at = [tune.label_ids.index(m) for m in spec["members"]]
    score = ev.composite_score(probabilities(z.astype(np.float64), labels)[:, at])
    positive = (tune.labels[:, at] == 1).any(1)
    platt = ev.fit_platt(score, positive)
    platt = ev.Platt(digits(platt.a), digits(platt.b))
    p = platt(score)
    kind, level = spec["aim"]
    threshold = (ev.for_sensitivity if kind == "sensitivity" else ev.for_specificity)(p, positive, level)
    sensitivity, specificity = ev.at_threshold(p, positive, threshold)
    call = p >= threshold

    def boot(hit: np.ndarray, of: np.ndarray) -> list[float]:
        return [round(v, 4) for v in ev.interval((draws * (hit & of)).sum(1) / (draws * of).sum(1))]

    low, high = ev.interval(ev.weighted_auc(score, positive, draws))
    return {"id": spec["id"], "title": spec["title"], "members": spec["members"],
            "calibration": {"kind": "platt", "input": "logit of 1 - prod(1 - p_member)", "a": platt.a, "b": platt.b},
            "threshold": threshold, "operating_point": f"{level:.0%} {kind} on fold 9",
            "sensitivity": round(sensitivity, 4), "sensitivity_interval": boot(call, positive),
            "specificity": round(specificity, 4), "specificity_interval": boot(~call, ~positive),
            "prevalence": round(float(positive.mean()), 4), "positives": int(positive.sum()),
            "auc": round(ev.auc(score, positive), 4), "auc_low": round(low, 4), "auc_high": round(high, 4),
            "tuned_on": "PTB-XL fold 9; fold 10 not seen", "source": spec["source"]}


def write_manifest(net: EcgNet, tune: Records, fp32_logits: np.ndarray, version: str, models: Path) -> dict:
    """`fp32_logits`: [n, K] of the fp32 artefact on fold 9, which calibration and thresholds are fitted on."""
    folder = models / MODEL_ID
    draws = ev.patient_draws(tune.patient)
    labels = [label_entry(k, tune.label_ids, fp32_logits, tune, draws) for k in range(len(tune.label_ids))]
    weight, _ = graph.head_of(net)
    model = onnx.load(folder / "fp32.onnx")
    shape = [d.dim_value for d in model.graph.output[1].type.tensor_type.shape.dim]
    answers = []
    for i, (description, x) in enumerate(known.inputs(), 1):
        path = folder / f"known_answer_{i}.f32"
        answers.append({
            "file": f"{MODEL_ID}/{path.name}", "sha256": sha256(path), "description": description,
            "logits": {p: [round(float(v), 5) for v in ev.logits(folder / f"{p}.onnx", x[None])[0]]
                       for p in PRECISIONS},
            "tolerance": TOLERANCE})
    manifest = {"manifest_version": 1, "models": [{
        "id": MODEL_ID, "task": "ecg-classification", "title": "12-lead ECG network", "version": version,
        "artefacts": [{"precision": p, "file": f"{MODEL_ID}/{p}.onnx", "sha256": sha256(folder / f"{p}.onnx"),
                       "bytes": (folder / f"{p}.onnx").stat().st_size, "providers": providers}
                      for p, providers in PRECISIONS.items()],
        "input": {"name": "ecg", "shape": [1, 12, SAMPLES], "sample_rate_hz": SAMPLE_RATE_HZ, "leads": LEADS,
                  "unit": "mV", "baseline_high_pass_hz": 0, "minimum_seconds": 10, "missing_leads_allowed": []},
        "outputs": [{"name": "logits", "shape": [1, len(labels)]}, {"name": "features", "shape": shape}],
        "head": {"file": f"{MODEL_ID}/head.f32", "sha256": sha256(folder / "head.f32"),
                 "rows": weight.shape[0], "columns": weight.shape[1]},
        "labels": labels,
        "composites": [composite_entry(c, labels, fp32_logits, tune, draws) for c in COMPOSITES],
        "known_answers": answers,
        "training": {"data": "PTB-XL 1.0.3 folds 1-8, tuned on fold 9", "doi": "10.1038/s41597-020-0495-6",
                     "licence": "CC BY 4.0"},
        "licence": "CC BY 4.0 (weights)", "card": f"{MODEL_ID}/CARD.md"}]}
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (models / "manifest.json").write_text(_short_lists(text) + "\n")
    return manifest


def digits(value: float) -> float:
    return float(f"{value:.6g}")


def _short_lists(text: str) -> str:
    """Puts lists of plain numbers and strings on one line."""
    return re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: "[" + re.sub(r",\s+", ", ", m.group(1)) + "]", text)
