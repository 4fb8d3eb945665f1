"""CAMUS (Leclerc et al., IEEE TMI 38:2198, 2019; CC BY-NC-SA 4.0, research only) as tensors.

450 patients x apical 2- and 4-chamber x end-diastole and end-systole, 224 x 224, stretched to the square; `hw` = true height over
width of the picture. The official test patients are not among them.
"""
import csv
import io
import lzma
import json
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


def load_simulated(folder: Path, between: int = 0, seed: int = 1) -> Camus:
    """Loops of build/native/echo_cine as if they were CAMUS: end-diastole and end-systole of each loop's first two beats, then `between` more
    pairs of each beat in which one of the two is any frame until the next beat. CAMUS has no such frames: its mitral valves are all shut."""
    rng = np.random.default_rng(seed)
    image, mask, view, systole, patient = [], [], [], [], []
    for path in sorted(folder.glob("*.json"), key=lambda p: int(p.stem)):
        truth = json.loads(path.read_text())
        side = truth["side"]
        size = (truth["frames"], side, side)
        frames = np.fromfile(path.with_suffix(".frames"), np.uint8).reshape(size)
        masks = np.fromfile(path.with_suffix(".masks"), np.uint8).reshape(size)
        for ed, es, _ in truth["beats"][:2]:
            pairs = [(ed, es)]
            for k in range(between):
                other = int(rng.integers(ed, min(truth["frames"], ed + 3 * (es - ed))))
                pairs.append((ed, other) if k % 2 == 0 else (other, es))
            for at in (frame for pair in pairs for frame in pair):
                image.append(frames[at])
                mask.append(np.where(frames[at] > 0, masks[at], 0))
                view.append(0 if truth["view"].startswith("apical 4") else 1)
                systole.append(len(systole) % 2 == 1)
                patient.append(f"simulated{path.stem}")
    n = len(image)
    image, mask = np.stack(image), np.stack(mask).astype(np.uint8)
    if image.shape[1] != 224:
        at = (np.arange(224) * image.shape[1] // 224)
        image, mask = image[:, at][:, :, at], mask[:, at][:, :, at]
    return Camus(image=image, mask=mask, patient=np.array(patient), view=np.array(view), systole=np.array(systole),
                 hw=np.ones(n, np.float32), quality=np.full(n, -1), held_out=np.zeros(n, bool))


def join(a: Camus, b: Camus) -> Camus:
    return Camus(*[np.concatenate([getattr(a, name), getattr(b, name)]) for name in a.__dataclass_fields__])
