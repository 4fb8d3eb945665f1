"""CAMUS (Leclerc et al., IEEE TMI 38:2198, 2019; CC BY-NC-SA 4.0, research only) as tensors.

450 patients x apical 2- and 4-chamber x end-diastole and end-systole, 224 x 224, stretched to the square; `hw` = true height over
width of the picture. The official test patients are not among them.
"""
import csv
import io
import lzma
from dataclasses import dataclass
from pathlib import Path

import numpy as np

QUALITIES = ("Good", "Medium", "Poor")


@dataclass
class Camus:
    image: np.ndarray     # uint8 (n, 224, 224)
    mask: np.ndarray      # uint8 (n, 224, 224), EchoClass
    patient: np.ndarray   # str (n)
    view: np.ndarray      # int64 (n): 0 apical 4-chamber, 1 apical 2-chamber
    systole: np.ndarray   # bool (n): end-systole
    hw: np.ndarray        # float32 (n)
    quality: np.ndarray   # int64 (n): index into QUALITIES, -1 unknown
    held_out: np.ndarray  # bool (n): the official validation patients, never trained on


def load(folder: Path) -> Camus:
    d = np.load(io.BytesIO(lzma.open(folder / "camus_train_val_224.npz.xz").read()))
    with open(folder / "camus_official_ef_matched.csv") as file:
        rated = {row["patient"]: row for row in csv.DictReader(file)}
    names = [str(name).split("_") for name in d["name"]]
    quality = [rated[p].get("q4CH" if view == "4CH" else "q2CH") if p in rated else None for p, view, _ in names]
    return Camus(image=d["image"], mask=d["mask"], patient=np.array([p for p, _, _ in names]),
                 view=np.array([0 if view == "4CH" else 1 for _, view, _ in names]),
                 systole=np.array([phase == "ES" for _, _, phase in names]), hw=d["hw"].astype(np.float32),
                 quality=np.array([QUALITIES.index(q) if q in QUALITIES else -1 for q in quality]),
                 held_out=d["split"] == "val")
