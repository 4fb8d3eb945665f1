"""What the early and hybrid ways of fusion see of PTB-XL, folds 1-9: network outputs and embeddings, engine measurements, age, sex.

The measurements come from the C++ program `ecg_validation`, so that a feature here is the number that the engine has. The
target is a cardiologist's reading (the members of the network's composite `major_abnormal`): no open data link ECGs to
ejection fractions.
"""
from __future__ import annotations

import json
import math
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime

HEADS = (("superclass", "superclass5"), ("subclass", "subclass23"), ("form", "form19"), ("rhythm", "rhythm12"))
RATE_HZ = 100


def read_ptbxl(shared: Path) -> dict:
    sys.path.insert(0, str(shared / "tools"))
    from ptbxl import load
    return load()


def target(data: dict, members: list[str]) -> np.ndarray:
    """1 where any member statement is present, as the composite's reference in the model card."""
    columns = {f"{head}/{name}": data[key][:, i] for head, key in HEADS for i, name in enumerate(data[f"{key}_names"].tolist())}
    return np.any([columns[member] == 1 for member in members], axis=0).astype(np.int8)


def run_network(folder: Path, entry: dict, x: np.ndarray, precision: str) -> tuple[np.ndarray, np.ndarray]:
    """Logits [n, labels] and mean features [n, channels]."""
    file = next(a["file"] for a in entry["artefacts"] if a["precision"] == precision)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / file), options, providers=["CPUExecutionProvider"])
    complete = {entry["flags"]["name"]: np.zeros(entry["input"]["shape"], np.float32)} if "flags" in entry else {}
    logits, means = [], []
    for record in x:
        answer = session.run(["logits", "features"], {entry["input"]["name"]: np.ascontiguousarray(record.T[None], np.float32), **complete})
        logits.append(answer[0][0])
        means.append(answer[1][0].mean(1))
    return np.array(logits, np.float32), np.array(means, np.float32)


def measure(program: Path, x: np.ndarray, age: np.ndarray, sex: np.ndarray) -> list[dict]:
    """The engine's measurements and criteria, record by record."""
    process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out = []
    for record, years, who in zip(x, age, sex):
        process.stdin.write(struct.pack("<fifi", RATE_HZ, len(record), years, int(who)) + np.ascontiguousarray(record.T, "<f4").tobytes())
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        out.append({key: answer[key] for key in ("rhythm", "measurements", "criteria")})
    process.stdin.close()
    process.wait()
    return out


def gather(shared: Path, models: Path, program: Path, work: Path) -> dict:
    """Everything above for the manifest's first network, kept in `work` between runs."""
    entry = json.loads((models / "manifest.json").read_text())["models"][0]
    data = read_ptbxl(shared)
    age = np.minimum(data["age"].astype(np.float32), 90)   # 300 says "over 89"
    sex = np.array([{"Male": 0, "Female": 1}.get(who, -1) for who in data["sex"].tolist()])
    work.mkdir(parents=True, exist_ok=True)
    measured_at, network_at = work / "measured.json", work / f"{entry['id']}-{entry['head']['sha256'][:12]}.npz"
    if not network_at.exists():
        logits, means = run_network(models, entry, data["x"], "int8")
        np.savez(network_at, logits=logits, means=means)
    if not measured_at.exists():
        measured_at.write_text(json.dumps(measure(program, data["x"], age, sex)))
    network = np.load(network_at)
    composite = next(c for c in entry["composites"] if c["id"] == "major_abnormal")
    return {"entry": entry, "composite": composite, "logits": network["logits"].astype(np.float64),
            "means": network["means"].astype(np.float64), "measured": json.loads(measured_at.read_text()), "age": age,
            "sex": sex, "fold": data["fold"], "patient": data["patient_id"], "y": target(data, composite["members"])}


def known(value) -> float:
    return math.nan if value is None else float(value)


def source_values(source: str, of: dict) -> np.ndarray:
    """One column, nan = unknown. The sources are those of src/nets/manifest.h (kFusionSources)."""
    kind, name = source.split(":", 1)
    if kind == "network":     # logit of the calibrated probability
        at = next(i for i, label in enumerate(of["entry"]["labels"]) if label["id"] == name)
        calibration = of["entry"]["labels"][at]["calibration"]
        return calibration["a"] * of["logits"][:, at] + calibration["b"]
    if kind == "composite":   # logit of its calibrated probability
        composite = next(c for c in of["entry"]["composites"] if c["id"] == name)
        members = [1 / (1 + np.exp(-source_values(f"network:{member}", of))) for member in composite["members"]]
        any_of = np.clip(1 - np.prod([1 - p for p in members], 0), 1e-9, 1 - 1e-9)
        return composite["calibration"]["a"] * np.log(any_of / (1 - any_of)) + composite["calibration"]["b"]
    if kind == "measurement":
        return np.array([known(one["measurements"].get(name)) for one in of["measured"]])
    if kind == "criterion":
        return np.array([known(one["criteria"].get(name, [None, None])[1]) for one in of["measured"]])
    if kind == "criterion_value":
        return np.array([known(one["criteria"].get(name, [None, None])[0]) for one in of["measured"]])
    if source == "rhythm:irregular_without_p":
        return np.array([math.nan if one["rhythm"] == "unknown" else float(one["rhythm"] == "irregular_without_p") for one in of["measured"]])
    if source == "profile:age_years":
        return of["age"].astype(np.float64)
    if source == "profile:sex_male":
        return np.where(of["sex"] < 0, np.nan, (of["sex"] == 0).astype(np.float64))
    raise ValueError(source)
