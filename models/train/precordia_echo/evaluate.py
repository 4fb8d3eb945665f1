"""Dice and ejection fraction of ONNX artefacts on CAMUS patients, by the rules of the engine (discs.py, a still picture read five times by each,
probabilities enlarged before the class is taken):  python -m precordia_echo.evaluate MODEL.onnx [STILLS.onnx] --data FOLDER
"""
import argparse
import csv
import json
import math
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F

from . import augment, data, discs
from .network import SIDE


def averaged(x: torch.Tensor, side: int) -> torch.Tensor:
    """(n, c, S, S) -> (n, c, side, side), averaged down as src/echo/echo_mask.cc does."""
    size = x.shape[-1]
    if size == side:
        return x
    weight = torch.zeros(side, size)
    step = size / side
    for i in range(side):
        for s in range(int(i * step), min(size, int(np.ceil((i + 1) * step)))):
            weight[i, s] = max(0.0, min((i + 1) * step, s + 1) - max(i * step, s)) / step
    return weight @ x @ weight.T


def reduce(image: np.ndarray, side: int = SIDE) -> np.ndarray:
    """uint8 (n, S, S) -> float32 (n, 1, side, side) in 0..1."""
    return averaged(torch.from_numpy(image)[:, None].float() / 255, side).numpy()


def run(session, x):
    outputs = [session.run(["masks", "view", "quality"], {"frames": x[i:i + 1]}) for i in range(len(x))]
    return [np.concatenate(part) for part in zip(*outputs)]


PLACEMENTS = ((0, 1), (5, 1), (-5, 1), (0, 1.08), (0, 0.93))   # kPlacements of src/echo/placement.h: degrees, scale


def moved(x: torch.Tensor, degrees: float, scale: float, padding: str) -> torch.Tensor:
    """(n, c, s, s) turned counter-clockwise by `degrees` and made smaller by `scale`."""
    cos, sin = (scale * f(math.radians(degrees)) for f in (math.cos, math.sin))
    grid = F.affine_grid(torch.tensor([[cos, -sin, 0], [sin, cos, 0]]).expand(len(x), -1, -1), x.shape, align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode=padding, align_corners=False)


def read(sessions, image: np.ndarray, placements=PLACEMENTS):
    """uint8 (n, S, S) -> mean of what each network says of it in each placement: logarithms of the shares (n, 4, SIDE, SIDE), view and quality
    (n, 3)."""
    total = views = qualities = 0
    for degrees, scale in placements:
        placed = moved(torch.from_numpy(image)[:, None].float(), degrees, scale, "zeros").round().byte()[:, 0].numpy()
        for session in sessions:
            masks, view, quality = run(session, reduce(placed, session.get_inputs()[0].shape[3]))
            total = total + averaged(moved(torch.from_numpy(shares(masks)), -degrees, 1 / scale, "border"), SIDE).numpy()
            views, qualities = views + shares(view), qualities + shares(quality)
    return tuple(np.log(each / (len(placements) * len(sessions)) + 1e-9) for each in (total, views, qualities))


def shares(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def enlarge(p: np.ndarray, size: int) -> np.ndarray:
    return F.interpolate(torch.from_numpy(p), size=(size, size), mode="bilinear", align_corners=False).argmax(1).numpy().astype(np.uint8)


def dice(a, b, c):
    a, b = a == c, b == c
    return 2 * (a & b).sum() / max(1, a.sum() + b.sum())


def largest(lv: np.ndarray) -> np.ndarray:
    from scipy import ndimage
    labels, count = ndimage.label(lv)
    return lv if count < 2 else labels == 1 + np.argmax(ndimage.sum(lv, labels, range(1, count + 1)))


def shape(classes, p, hw):
    """discs of one frame at the network's size, partial pixels as src/echo/ventricle.cc takes them."""
    lv = largest(classes == 1)
    found = discs.axis_of(lv, largest(classes == 3), hw)
    if found is None:
        return None
    rim = lv.copy()
    for k in (1, 2):
        for axis in (0, 1):
            rim |= np.roll(lv, k, axis) | np.roll(lv, -k, axis)
    return discs.disc_widths(np.where(rim, p, 0), *found, hw)


def ef(ed, es):
    return 100 * (1 - es / ed)


def measure(masks, camus, rows):
    """Per patient: single-plane EF of both views and biplane EF, from the network's probabilities."""
    found = {}
    for k, row in enumerate(rows):
        p = shares(masks[k:k + 1])[0]
        found[camus.patient[row], int(camus.view[row]), bool(camus.systole[row])] = shape(p.argmax(0), p[1], float(camus.hw[row]))
    out = {}
    for patient in sorted({p for p, _, _ in found}):
        f = {(view, systole): found[patient, view, systole] for view in (0, 1) for systole in (False, True)}
        out[patient] = {
            "ef4": ef(discs.single_plane(*f[0, False]), discs.single_plane(*f[0, True])),
            "ef2": ef(discs.single_plane(*f[1, False]), discs.single_plane(*f[1, True])),
            "biplane": ef(discs.biplane(*f[0, False], *f[1, False]), discs.biplane(*f[0, True], *f[1, True])),
        }
    return out


def references(folder: Path):
    with open(folder / "camus_ef_from_gt_masks.csv") as file:
        by_masks = {row["patient"]: row for row in csv.DictReader(file)}
    with open(folder / "camus_official_ef_matched.csv") as file:
        official = {row["patient"]: float(row["LVef_official"]) for row in csv.DictReader(file) if row["LVef_official"]}
    return by_masks, official


def agreement(got, wanted):
    got, wanted = np.array(got), np.array(wanted)
    error = got - wanted
    return {"mae": round(float(np.abs(error).mean()), 2), "bias": round(float(error.mean()), 2), "sd": round(float(error.std(ddof=1)), 2),
            "r": round(float(np.corrcoef(got, wanted)[0, 1]), 3), "n": len(got)}


def report(masks, view, quality, camus, rows, folder):
    size = camus.mask.shape[-1]
    classes = enlarge(shares(masks), size)
    scores = np.array([[dice(classes[k], camus.mask[row], c) for c in (1, 2, 3)] for k, row in enumerate(rows)])
    efs = measure(masks, camus, rows)
    by_masks, official = references(folder)
    patients = list(efs)
    out = {"dice": dict(zip(("lv", "myocardium", "la"), scores.mean(0).round(4).tolist())),
           "dice_es_lv": round(float(scores[camus.systole[rows], 0].mean()), 4),
           "ef4": agreement([efs[p]["ef4"] for p in patients], [float(by_masks[p]["EF_4CH_singleplane"]) for p in patients]),
           "ef2": agreement([efs[p]["ef2"] for p in patients], [float(by_masks[p]["EF_2CH_singleplane"]) for p in patients]),
           "biplane": agreement([efs[p]["biplane"] for p in patients], [float(by_masks[p]["EF_biplane_maskderived"]) for p in patients])}
    rated = [p for p in patients if p in official]
    if rated:
        out["biplane_official"] = agreement([efs[p]["biplane"] for p in rated], [official[p] for p in rated])
        out["ef4_official"] = agreement([efs[p]["ef4"] for p in rated], [official[p] for p in rated])
    right = (view[:, :2].argmax(1) == camus.view[rows]).mean()
    out["view_accuracy"] = round(float(right), 4)
    return out


def view_auc(session, x, seed=1):
    """Apical frames against what augment.not_apical makes of each of them, by the share of "neither": the area under the ROC curve over all
    kinds and for each kind, with the number of negatives."""
    from sklearn.metrics import roc_auc_score
    g = torch.Generator().manual_seed(seed)
    pictures = torch.from_numpy(x).repeat(3, 1, 1, 1)
    kinds = torch.randint(0, 6, (len(pictures),), generator=torch.Generator().manual_seed(seed)).numpy()   # as not_apical draws them
    neither = lambda frames: shares(run(session, frames)[1])[:, 2]
    apical, other = neither(x), neither(augment.not_apical(pictures, g).numpy())
    auc = lambda negatives: round(float(roc_auc_score(np.r_[np.zeros(len(apical)), np.ones(len(negatives))], np.r_[apical, negatives])), 4)
    names = ("upside down", "on its side", "far too near", "shuffled", "smooth noise", "noise")
    return {"all": [auc(other), len(other)], **{name: [auc(other[kinds == k]), int((kinds == k).sum())] for k, name in enumerate(names)}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    o = parser.parse_args()
    camus = data.load(o.data)
    rows = np.flatnonzero(camus.held_out)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    sessions = [onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]) for path in o.model]
    x = reduce(camus.image[rows])
    once = report(*run(sessions[0], x), camus, rows, o.data)
    print(json.dumps({**report(*read(sessions, camus.image[rows]), camus, rows, o.data), "first_read_once": once, "view_auc": view_auc(sessions[0], x)}, indent=1))


if __name__ == "__main__":
    main()
