"""One training run: seeded, resumable after every epoch, averaged weights, fold 9 watched but never trained on.

A run lives in one folder: `checkpoint.pt` (everything needed to go on), `best.pt` (averaged weights with the highest
macro-AUC over the five superclasses on fold 9 so far) and `log.csv`.
"""
from __future__ import annotations

import csv
import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch.nn import functional as F

from . import augment
from .data import HEADS, QUANTUM_MV, Records, model_input
from .network import EcgNet, Shape


@dataclass(frozen=True)
class Plan:
    epochs: int = 36
    batch: int = 64
    rate: float = 2e-3           # peak learning rate; linear warm-up, cosine to zero
    warmup_epochs: float = 1.5
    weight_decay: float = 0.05   # on convolution and linear weights only
    average: float = 0.999       # decay of the averaged weights, per step
    seed: int = 1
    auxiliary_weight: float = 0.05
    teacher_share: float = 0.0   # of the target that comes from a teacher's probabilities (Hinton et al. 2015)
    head_weights: tuple[float, ...] = (1.0, 1.0, 0.5, 0.5)  # superclass, subclass, form, rhythm
    strength: augment.Strength = field(default_factory=augment.Strength)
    shape: Shape = field(default_factory=Shape)


def auxiliary_targets(records: Records) -> tuple[np.ndarray, np.ndarray]:
    """Age in units of 20 years around 60 (over 89 counts as 90) and sex (1 = male); nan where unknown."""
    age = np.where(records.age > 120, 90.0, records.age)
    sex = np.where(np.isin(records.sex, ("M", "male", "Male", "0")), 1.0,
                   np.where(np.isin(records.sex, ("F", "female", "Female", "1")), 0.0, np.nan))
    return ((age - 60.0) / 20.0).astype(np.float32), sex.astype(np.float32)


def label_weights(ids: list[str], head_weights: tuple[float, ...]) -> torch.Tensor:
    """Each head counts as the mean over its statements times its weight."""
    heads = [i.split("/")[0] for i in ids]
    weight = {head: w for (head, _), w in zip(HEADS, head_weights)}
    return torch.tensor([weight[h] / heads.count(h) for h in heads])


@torch.no_grad()
def predict(net: EcgNet, x: np.ndarray, batch: int = 128) -> np.ndarray:
    """Logits float32 [n, K + auxiliary] of x [n, 12, 1000] in mV, in bf16."""
    net.eval()
    out = []
    for at in range(0, len(x), batch):
        with torch.autocast("cpu", torch.bfloat16):
            out.append(net(torch.from_numpy(x[at:at + batch])).float().numpy())
    return np.concatenate(out)


def macro_auc(labels: np.ndarray, scores: np.ndarray, ids: list[str], head: str) -> float:
    """Mean AUC over a head's statements that have at least ten positives among the known."""
    values = []
    for k, name in enumerate(ids):
        known = labels[:, k] >= 0
        if name.startswith(head + "/") and (labels[known, k] == 1).sum() >= 10:
            values.append(roc_auc_score(labels[known, k], scores[known, k]))
    return float(np.mean(values))


def make(plan: Plan, outputs: int) -> EcgNet:
    return EcgNet(outputs, 2, plan.shape).to(memory_format=torch.channels_last)


def run(plan: Plan, train: Records, tune: Records, folder: Path, teacher: np.ndarray | None = None) -> Path:
    """Trains (or goes on training) and returns the path of the best averaged weights.

    `teacher`: logits [n, K] of earlier networks on the training records, or None.
    """
    best_path, done = folder / "best.pt", folder / "done"
    if done.exists():
        return best_path
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    g = torch.Generator().manual_seed(plan.seed)
    net = make(plan, train.labels.shape[1])
    average = make(plan, train.labels.shape[1])
    average.load_state_dict(net.state_dict())
    decayed = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": plan.weight_decay},
                                   {"params": plain, "weight_decay": 0.0}], lr=plan.rate, fused=True)
    start, best = 0, 0.0
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        g.set_state(state["generator"])
        torch.set_rng_state(state["torch"])
        start, best = state["epoch"], state["best"]
    print(f"{folder.name}: {sum(p.numel() for p in net.parameters())} parameters, from epoch {start}", flush=True)

    signal = torch.from_numpy(train.signal)
    hard = torch.from_numpy(train.labels)
    known = (hard >= 0).float()
    target = hard.clamp_min(0).float()
    if teacher is not None and plan.teacher_share > 0:
        soft = torch.sigmoid(torch.from_numpy(teacher[:, :target.shape[1]].astype(np.float32)))
        target = (1 - plan.teacher_share) * target + plan.teacher_share * soft
    age, sex = (torch.from_numpy(v) for v in auxiliary_targets(train))
    extra_known = torch.stack([~age.isnan(), ~sex.isnan()], 1).float()
    extra = torch.stack([age.nan_to_num(0), sex.nan_to_num(0)], 1)
    weights = label_weights(train.label_ids, plan.head_weights)
    tune_x = model_input(tune)
    k = target.shape[1]
    steps = len(signal) // plan.batch
    floats = [(a, b) for a, b in zip(average.state_dict().values(), net.state_dict().values())
              if a.dtype == torch.float32]
    averaged, live = [a for a, _ in floats], [b for _, b in floats]

    for epoch in range(start, plan.epochs):
        began, net_loss = time.time(), 0.0
        net.train()
        order = torch.randperm(len(signal), generator=g)
        for step in range(steps):
            rows = order[step * plan.batch:(step + 1) * plan.batch]
            x = augment.disturb(signal[rows].float() * QUANTUM_MV, plan.strength, g)
            x = augment.drop_leads(augment.twelve(x), plan.strength, g)
            x, (t, tk, e, ek) = augment.mixup(x, [target[rows], known[rows], extra[rows], extra_known[rows]],
                                              plan.strength.mixup_alpha, g)
            at = epoch + step / steps
            rise = min(1.0, at / plan.warmup_epochs)
            fall = 0.5 * (1 + math.cos(math.pi * max(0.0, at - plan.warmup_epochs)
                                       / (plan.epochs - plan.warmup_epochs)))
            for group in optimiser.param_groups:
                group["lr"] = plan.rate * rise * fall
            with torch.autocast("cpu", torch.bfloat16):
                out = net(x)
            out = out.float()
            each = F.binary_cross_entropy_with_logits(out[:, :k], t, reduction="none")
            loss = (each * (tk > 0.999) * weights).sum(1).mean()
            side = F.smooth_l1_loss(out[:, k], e[:, 0], reduction="none") * (ek[:, 0] > 0.999) \
                + F.binary_cross_entropy_with_logits(out[:, k + 1], e[:, 1], reduction="none") * (ek[:, 1] > 0.999)
            (loss + plan.auxiliary_weight * side.mean()).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimiser.step()
            optimiser.zero_grad()
            taken = epoch * steps + step + 1
            torch._foreach_lerp_(averaged, live, 1 - min(plan.average, taken / (taken + 20)))
            net_loss += loss.item()
        scores = predict(average, tune_x)
        aucs = [macro_auc(tune.labels, scores, tune.label_ids, head) for head, _ in HEADS]
        if aucs[0] > best:
            best = aucs[0]
            _save({"weights": average.state_dict(), "epoch": epoch + 1, "auc": aucs[0]}, best_path)
        _save({"net": net.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(),
               "generator": g.get_state(), "torch": torch.get_rng_state(), "epoch": epoch + 1, "best": best},
              checkpoint)
        row = [epoch + 1, round(time.time() - began, 1), round(net_loss / steps, 5), *(round(a, 5) for a in aucs)]
        _log(folder / "log.csv", row)
        print(f"{folder.name} epoch {row[0]:2d}  {row[1]:6.1f} s  loss {row[2]:.4f}  fold 9 macro-AUC superclass "
              f"{aucs[0]:.4f} subclass {aucs[1]:.4f} form {aucs[2]:.4f} rhythm {aucs[3]:.4f}", flush=True)
    done.touch()
    return best_path


def restore(plan: Plan, outputs: int, weights: Path) -> EcgNet:
    net = make(plan, outputs)
    net.load_state_dict(torch.load(weights, weights_only=True)["weights"])
    return net.eval()


def teacher_logits(plan: Plan, weights: Path, records: Records) -> np.ndarray:
    """A trained network's logits on `records`, averaged over three window starts."""
    net = restore(plan, records.labels.shape[1], weights)
    total = 0.0
    for start in (-40, 0, 40):
        index = np.clip(np.arange(records.signal.shape[2]) + start, 0, records.signal.shape[2] - 1)
        parts = [predict(net, model_input(replace(records, signal=records.signal[at:at + 2048][:, :, index])))
                 for at in range(0, len(records), 2048)]
        total = total + np.concatenate(parts)
    return (total / 3)[:, :records.labels.shape[1]].astype(np.float32)


def _save(value: dict, path: Path) -> None:
    partial = path.with_suffix(".partial")
    torch.save(value, partial)
    partial.replace(path)


def _log(path: Path, row: list) -> None:
    new = not path.exists()
    with path.open("a", newline="") as f:
        writer = csv.writer(f)
        if new:
            writer.writerow(["epoch", "seconds", "loss", "superclass", "subclass", "form", "rhythm"])
        writer.writerow(row)
