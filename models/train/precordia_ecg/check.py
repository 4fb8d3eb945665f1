"""Checks models/manifest.json against the files it names, without any patient data. Exit status 1 when one fails.

    python -m precordia_ecg.check [--models models]

Per model: files present with the stated size and SHA-256; no operator outside the list that graph.py promises; static
shapes; known answers within tolerance; logits = bias + weight . mean(features); thresholds in order.
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnx

from . import evaluate as ev
from .package import sha256

OPERATORS = {"Slice", "MaxPool", "GlobalMaxPool", "Equal", "Greater", "Less", "Cast", "TopK", "Gather", "ReduceSum", "ReduceMin",
             "ReduceMax", "Sqrt", "Abs", "Floor", "Concat", "GlobalAveragePool", "Sub", "Clip", "Div", "Conv", "Relu", "Sigmoid", "Mul", "Add", "Reshape", "Transpose",
             "MatMul", "Softmax", "ReduceMean", "Gemm", "QuantizeLinear", "DequantizeLinear"}


def problems(models: Path) -> list[str]:
    """One sentence per failed check."""
    found: list[str] = []

    def expect(ok: bool, sentence: str) -> None:
        if not ok:
            found.append(sentence)

    for entry in json.loads((models / "manifest.json").read_text())["models"]:
        if entry["task"] != "ecg-classification":
            continue
        name = entry["id"]
        files = [*entry["artefacts"], entry["head"], *entry["known_answers"],
                 *(a["flags"] for a in entry["known_answers"] if "flags" in a)]
        for item in files:
            path = models / item["file"]
            expect(path.exists() and sha256(path) == item["sha256"], f"{item['file']}: missing or changed")
            expect("bytes" not in item or path.stat().st_size == item["bytes"], f"{item['file']}: wrong size")
        rows, columns = entry["head"]["rows"], entry["head"]["columns"]
        head = np.fromfile(models / entry["head"]["file"], "<f4")
        outlier = columns + 1 if "outliers" in entry else 0
        expect(rows == len(entry["labels"]) and len(head) == rows * (columns + 1) + outlier, f"{name}: head size")
        weight, bias = head[:rows * columns].reshape(rows, columns), head[rows * columns:rows * (columns + 1)]
        for label in entry["labels"]:
            low, high = label["threshold"]["screening"], label["threshold"]["confirming"]
            expect((low is None) == (high is None) and (low is None or 0 <= low <= high <= 1),
                   f"{label['id']}: thresholds {low}, {high}")
        for composite in entry["composites"]:
            known = {label["id"] for label in entry["labels"]}
            expect(set(composite["members"]) <= known, f"{composite['id']}: unknown member")
        for artefact in entry["artefacts"]:
            model = onnx.load(models / artefact["file"])
            used = {n.op_type for n in model.graph.node}
            expect(used <= OPERATORS, f"{artefact['file']}: operators {sorted(used - OPERATORS)}")
            session = ev.session(models / artefact["file"])
            for value in [*session.get_inputs(), *session.get_outputs()]:
                expect(all(isinstance(d, int) for d in value.shape), f"{artefact['file']}: shape of {value.name}")
            for answer in entry["known_answers"]:
                x = np.fromfile(models / answer["file"], "<f4").reshape(entry["input"]["shape"])
                feeds = {entry["input"]["name"]: x}
                if "flags" in entry:
                    feeds[entry["flags"]["name"]] = np.fromfile(models / answer["flags"]["file"], "<f4").reshape(x.shape) \
                        if "flags" in answer else np.zeros_like(x)
                z, features = session.run(["logits", "features"], feeds)
                gap = float(np.abs(z[0] - answer["logits"][artefact["precision"]]).max())
                expect(gap <= answer["tolerance"][artefact["precision"]],
                       f"{artefact['file']}: known answer {answer['file']} is off by {gap:.3g}")
                by_hand = weight.astype(np.float64) @ features[0].mean(1, dtype=np.float64) + bias
                gap = float(np.abs(by_hand - z[0]).max())
                expect(gap <= 1e-3, f"{artefact['file']}: head and features give a logit off by {gap:.3g}")
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--models", type=Path, default=Path(__file__).resolve().parents[2])
    found = problems(options.parse_args().models)
    print("\n".join(found) if found else "models/manifest.json: every check passed")
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main()
