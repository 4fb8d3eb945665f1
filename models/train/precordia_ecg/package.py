"""Writes the artefacts, the head, the known answers and models/manifest.json, all from one set of weights."""
from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import onnx
import torch
from sklearn.linear_model import LogisticRegression

from . import augment
from . import evaluate as ev
from . import graph, known, quantise
from .data import LEADS, SAMPLE_RATE_HZ, SAMPLES, TITLES, Records, model_input
from .network import EcgNet
from .train import AGE_OFFSET, AGE_SCALE, auxiliary_targets, run_arrays

MODEL_ID = "ecg-beats-2"
TITLE = "12-lead ECG network"
PRECISIONS = {"int8": ["wasm"], "int8-weights": ["webgpu", "wasm"], "fp32": ["wasm", "webgpu"]}
TOLERANCE = {"int8": 0.10, "int8-weights": 0.02, "fp32": 0.01}
MOST_LOST = 0.05        # of superclass macro-AUC: incomplete input that costs more is not given to the network
FALSE_ALARMS = 0.005    # of ordinary ECGs that the outlier score may turn away

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


def with_flags(records: Records, seed: int = 17) -> tuple[np.ndarray, np.ndarray]:
    """Records as the clinic sends them, two in ten incomplete: ecg and missing, for the int8 ranges."""
    off = augment.missing(len(records), SAMPLES, augment.Strength(), torch.Generator().manual_seed(seed)).numpy().astype(np.float32)
    return model_input(records) * (1 - off), off


def mean_features(net: EcgNet, x: np.ndarray) -> np.ndarray:
    """[n, C] of complete records x [n, 12, 1000] in mV."""
    return run_arrays(net, x)[1]


def outlier_head(net: EcgNet, train: Records) -> np.ndarray:
    """Weights [C] and bias of the outlier score: a logistic regression of the mean features of what is not such an ECG
    against those of ordinary training records, its logit shifted so that nothing else need be known."""
    ordinary = model_input(train.take(np.arange(0, len(train), max(1, len(train) // 3000))))
    wrong = np.concatenate([y for _, y in ev.not_an_ecg(ordinary[::3], seed=99)])
    f = np.concatenate([mean_features(net, ordinary), mean_features(net, wrong)])
    centre, scale = f[:len(ordinary)].mean(0), f[:len(ordinary)].std(0) + 1e-6
    fit = LogisticRegression(C=0.3, max_iter=500).fit((f - centre) / scale, np.arange(len(f)) >= len(ordinary))
    weight = fit.coef_[0] / scale
    return np.append(weight, fit.intercept_[0] - weight @ centre)


def write_artefacts(net: EcgNet, train: Records, folder: Path) -> dict[str, Path]:
    """fp32.onnx, int8.onnx, int8-weights.onnx, head.f32 and known_answer_*.f32 in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    model = graph.build(net)
    paths = {p: folder / f"{p}.onnx" for p in PRECISIONS}
    graph.write(graph.halved(model), paths["fp32"])
    graph.write(quantise.weight_only_int8(model), paths["int8-weights"])
    graph.write(quantise.static_int8(model, with_flags(train.take(calibration_rows(train)))), paths["int8"])
    weight, bias = graph.head_of(net)
    (folder / "head.f32").write_bytes(b"".join(part.astype("<f4").tobytes() for part in (weight, bias, outlier_head(net, train))))
    for i, (_, x, missing) in enumerate(known.inputs(), 1):
        (folder / f"known_answer_{i}.f32").write_bytes(x.astype("<f4").tobytes())
        if missing is not None:
            (folder / f"known_answer_{i}_missing.f32").write_bytes(missing.astype("<f4").tobytes())
    return paths


def read_head(folder: Path, labels: int, channels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """weight [K, C], bias [K], outlier weights [C] and their bias."""
    values = np.fromfile(folder / "head.f32", "<f4").astype(np.float64)
    weight, bias, outliers = np.split(values, np.cumsum([labels * channels, labels]))
    return weight.reshape(labels, channels), bias, outliers


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


def partial_entries(net: EcgNet, x: np.ndarray, labels: list[dict], composites: list[dict], whole: float, tune: Records) -> list[dict]:
    """What incomplete input costs on fold 9, and the composites' operating points on such input."""
    entries = []
    for title, conditions, off in ev.incomplete(len(x)):
        z = run_arrays(net, x, off)[0][:, :len(labels)].astype(np.float64)
        auc = ev.macro(z, tune.labels, tune.label_ids, "superclass")
        points = []
        for spec in composites:
            at = [tune.label_ids.index(m) for m in spec["members"]]
            p = ev.Platt(spec["calibration"]["a"], spec["calibration"]["b"])(ev.composite_score(probabilities(z, labels)[:, at]))
            sensitivity, specificity = ev.at_threshold(p, (tune.labels[:, at] == 1).any(1), spec["threshold"])
            points.append({"id": spec["id"], "sensitivity": round(sensitivity, 4), "specificity": round(specificity, 4)})
        entries.append({"title": title, **conditions, "macro_auc": round(auc, 4), "lost": round(whole - auc, 4),
                        "measured_on": "PTB-XL fold 9", "composites": points})
    return entries


def person_entry(person: np.ndarray, tune: Records) -> dict:
    age, sex = auxiliary_targets(tune)
    known_age, known_sex = ~np.isnan(age), ~np.isnan(sex)
    years = AGE_OFFSET + AGE_SCALE * person[known_age, 0]
    truth = AGE_OFFSET + AGE_SCALE * age[known_age]
    return {"age_scale": AGE_SCALE, "age_offset": AGE_OFFSET, "age_error_years": round(float(np.abs(years - truth).mean()), 2),
            "age_bias_years": round(float((years - truth).mean()), 2), "age_correlation": round(float(np.corrcoef(years, truth)[0, 1]), 3),
            "age_records": int(known_age.sum()), "sex_auc": round(ev.auc(person[known_sex, 1], sex[known_sex] == 1), 4),
            "sex_records": int(known_sex.sum()), "measured_on": "PTB-XL fold 9"}


def write_manifest(net: EcgNet, tune: Records, version: str, models: Path) -> tuple[dict, list[dict]]:
    """The entry of the manifest, and every kind of incomplete input with its cost. Calibration and thresholds are fitted on the fp32 artefact's
    answers to fold 9."""
    folder = models / MODEL_ID
    x = model_input(tune)
    fp32_logits, features, person = ev.outputs(folder / "fp32.onnx", x, names=("logits", "features", "person"))
    draws = ev.patient_draws(tune.patient)
    labels = [label_entry(k, tune.label_ids, fp32_logits, tune, draws) for k in range(len(tune.label_ids))]
    composites = [composite_entry(c, labels, fp32_logits, tune, draws) for c in COMPOSITES]
    partial = partial_entries(net, x, labels, composites, ev.macro(fp32_logits, tune.labels, tune.label_ids, "superclass"), tune)
    weight, _ = graph.head_of(net)
    outlier = read_head(folder, *weight.shape)[2]
    score = features.mean(2) @ outlier[:-1] + outlier[-1]
    model = onnx.load(folder / "fp32.onnx")
    roles = ("logits", "features", "attention", "person")
    shapes = [[d.dim_value for d in o.type.tensor_type.shape.dim] for o in model.graph.output]
    answers = []
    for i, (description, ecg, missing) in enumerate(known.inputs(), 1):
        path = folder / f"known_answer_{i}.f32"
        flags = folder / f"known_answer_{i}_missing.f32"
        answers.append({
            "file": f"{MODEL_ID}/{path.name}", "sha256": sha256(path), "description": description,
            **({} if missing is None else {"flags": {"file": f"{MODEL_ID}/{flags.name}", "sha256": sha256(flags)}}),
            "logits": {p: [round(float(v), 5) for v in ev.logits(folder / f"{p}.onnx", ecg[None], None if missing is None else missing[None])[0]]
                       for p in PRECISIONS},
            "tolerance": TOLERANCE})
    entry = {
        "id": MODEL_ID, "task": "ecg-classification", "title": TITLE, "version": version,
        "artefacts": [{"precision": p, "file": f"{MODEL_ID}/{p}.onnx", "sha256": sha256(folder / f"{p}.onnx"),
                       "bytes": (folder / f"{p}.onnx").stat().st_size, "providers": providers}
                      for p, providers in PRECISIONS.items()],
        "input": {"name": "ecg", "shape": [1, 12, SAMPLES], "sample_rate_hz": SAMPLE_RATE_HZ, "leads": LEADS,
                  "unit": "mV", "baseline_high_pass_hz": 0, "minimum_seconds": 10, "missing_leads_allowed": []},
        "flags": {"name": "missing"},
        "partial_inputs": [p for p in partial if p["lost"] <= MOST_LOST],
        "outputs": [{"name": name, "role": name, "shape": shape} for name, shape in zip(roles, shapes)],
        "person": person_entry(person, tune),
        "outliers": {"threshold": digits(float(np.quantile(score, 1 - FALSE_ALARMS))),
                     "false_alarms": FALSE_ALARMS, "measured_on": "PTB-XL fold 9"},
        "head": {"file": f"{MODEL_ID}/head.f32", "sha256": sha256(folder / "head.f32"),
                 "rows": weight.shape[0], "columns": weight.shape[1]},
        "labels": labels,
        "composites": composites,
        "known_answers": answers,
        "training": {"data": "PTB-XL 1.0.3 folds 1-8, tuned on fold 9", "doi": "10.1038/s41597-020-0495-6",
                     "licence": "CC BY 4.0"},
        "licence": "CC BY 4.0 (weights)", "card": f"{MODEL_ID}/CARD.md"}
    manifest = with_entry(models / "manifest.json", entry)
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (models / "manifest.json").write_text(short_lists(text) + "\n")
    return entry, partial


def with_entry(path: Path, entry: dict) -> dict:
    """The manifest at `path` with this network in its place, or last: the first network of a manifest is the one that answers."""
    models = json.loads(path.read_text())["models"] if path.exists() else []
    at = next((i for i, m in enumerate(models) if m["id"] == entry["id"]), len(models))
    return {"manifest_version": 1, "models": [*models[:at], entry, *models[at + 1:]]}


def digits(value: float) -> float:
    return float(f"{value:.6g}")


def short_lists(text: str) -> str:
    """Puts lists of plain numbers and strings on one line."""
    return re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: "[" + re.sub(r",\s+", ", ", m.group(1)) + "]", text)
