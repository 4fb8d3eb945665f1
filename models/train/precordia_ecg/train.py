"""One training run: seeded, resumable after every epoch, averaged weights, fold 9 watched but never trained on.

A run lives in one folder: `checkpoint.pt` (everything needed to go on), `average.pt` (the averaged weights of the last
epoch: what ships; no epoch is picked by its score) and `log.csv`.

Which beats are averaged and which are read one by one is drawn anew for every batch. That, what the clinic does to an ECG
(augment.py) and the teachers' probabilities are the regularisation.
"""
from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.nn import functional as F

from . import augment, beats
from .data import HEADS, QUANTUM_MV, SAMPLES, Records, model_input
from .network import EcgNet, Shape

AGE_OFFSET, AGE_SCALE = 60.0, 20.0  # years


@dataclass(frozen=True)
class Plan:
    epochs: int = 18
    batch: int = 64
    rate: float = 2e-3           # peak learning rate; linear warm-up, cosine to zero
    warmup_epochs: float = 0.5
    weight_decay: float = 0.05   # on convolution and linear weights only
    average: float = 0.998       # decay of the averaged weights, per step
    seed: int = 3
    auxiliary_weight: float = 0.1
    further_weight: float = 0.5
    teacher_share: float = 0.8   # of the target that comes from the teachers' probabilities (Hinton et al. 2015)
    head_weights: tuple[float, ...] = (1.0, 1.0, 0.5, 0.5)  # superclass, subclass, form, rhythm
    stressed: tuple[str, ...] = ()  # statements that weigh three times as much as their head's others
    half: bool = False           # bf16 convolutions: three times as fast where the processor has them, ten times as slow elsewhere
    page_share: float = 0.03     # of a batch: records as the engine read them off a printed page
    strength: augment.Strength = augment.Strength(drop_leads_probability=0.05, limb_only_probability=0.04, chest_only_probability=0.01,
                                                  single_lead_probability=0.015, paper_probability=0.075, gap_probability=0.015)
    shape: Shape = field(default_factory=Shape)


def auxiliary_targets(records: Records) -> tuple[np.ndarray, np.ndarray]:
    """Age in units of AGE_SCALE around AGE_OFFSET (over 89 counts as 90) and sex (1 = male); nan where unknown."""
    age = np.where(records.age > 120, 90.0, records.age)
    sex = np.where(np.isin(records.sex, ("M", "male", "Male", "0")), 1.0,
                   np.where(np.isin(records.sex, ("F", "female", "Female", "1")), 0.0, np.nan))
    return ((age - AGE_OFFSET) / AGE_SCALE).astype(np.float32), sex.astype(np.float32)


def label_weights(ids: list[str], head_weights: tuple[float, ...]) -> torch.Tensor:
    """Each head counts as the mean over its statements times its weight."""
    heads = [i.split("/")[0] for i in ids]
    weight = {head: w for (head, _), w in zip(HEADS, head_weights)}
    return torch.tensor([weight[h] / heads.count(h) for h in heads])


@torch.no_grad()
def predict(net: EcgNet, records: Records, off: np.ndarray | None = None, batch: int = 128) -> np.ndarray:
    """Outputs float32 [n, K + auxiliary]. `off`: bool [12, 1000], missing in every record; None = complete records."""
    net.eval()
    missing = torch.zeros(1, 12, SAMPLES) if off is None else torch.from_numpy(off).float()[None]
    out = []
    for at in range(0, len(records), batch):
        x = torch.from_numpy(model_input(records.take(np.arange(at, min(at + batch, len(records))))))
        out.append(net(x * (1 - missing), missing.expand_as(x)).numpy())
    return np.concatenate(out)


@torch.no_grad()
def run_arrays(net: EcgNet, x: np.ndarray, off: np.ndarray | None = None, batch: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """Outputs [n, K + auxiliary] and mean features [n, C] of x [n, 12, 1000] in mV; off [n or 1, 12, 1000], 1 = missing."""
    net.eval()
    out, features = [], []
    for at in range(0, len(x), batch):
        rows = torch.from_numpy(np.ascontiguousarray(x[at:at + batch]))
        flags = torch.zeros(1, 12, SAMPLES) if off is None else torch.from_numpy(off if len(off) == 1 else off[at:at + batch]).float()
        flags = flags.expand_as(rows)
        f = net.features(rows * (1 - flags), flags)[0].mean((2, 3))
        features.append(f.numpy())
        out.append(net.head(f).numpy())
    return np.concatenate(out), np.concatenate(features)


def macro_auc(labels: np.ndarray, scores: np.ndarray, ids: list[str], head: str) -> float:
    """Mean AUC over a head's statements that have at least ten positives among the known."""
    values = []
    for k, name in enumerate(ids):
        known = labels[:, k] >= 0
        if name.startswith(head + "/") and (labels[known, k] == 1).sum() >= 10:
            values.append(roc_auc_score(labels[known, k], scores[known, k]))
    return float(np.mean(values))


def make(plan: Plan, outputs: int, further: int = 0) -> EcgNet:
    """`further`: outputs that only training uses, beside age and sex."""
    return EcgNet(outputs, 2 + further, plan.shape).to(memory_format=torch.channels_last)


def weights_of(model: onnx.ModelProto) -> dict[str, torch.Tensor]:
    """Every weight of an exported network by name; what is stored as int8 per channel is decoded."""
    stored = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    values = {name: torch.from_numpy(np.array(v)) for name, v in stored.items()}
    for name, codes in stored.items():
        if name.endswith(".int8"):
            scale = stored[name.removesuffix(".int8") + ".scale"]
            values[name.removesuffix(".int8")] = torch.from_numpy(codes.astype(np.float32) * scale.reshape(-1, *[1] * (codes.ndim - 1)))
    return values


@torch.no_grad()
def start_from(net: EcgNet, earlier: Path, records: Records) -> None:
    """Takes over the encoder of the mean beat from an exported network (ecg-beats-1); it computes what it did.

    Its normalisation is folded into the convolutions. Each BatchNorm here gets the mean and variance that its convolution
    gives on `records`, and scale and offset that undo both.
    """
    values = weights_of(onnx.load(earlier))
    net.eval()
    pairs, single = {"stem": net.mean.stem}, {}
    for i, block in enumerate(net.mean.blocks):
        pairs |= {f"block{i}.first": block.first, f"block{i}.second": block.second}
        single |= {f"block{i}.shrink": block.shrink, f"block{i}.expand": block.expand}
        if isinstance(block.shortcut, nn.Sequential):
            pairs[f"block{i}.shortcut"] = block.shortcut
    for name, conv in (single | {name: pair[0] for name, pair in pairs.items()}).items():
        conv.weight.copy_(values[f"beats.{name}.weight"][:, :, None])
        if conv.bias is not None:
            conv.bias.copy_(values[f"beats.{name}.bias"])
    for linear, name in ((net.rhythm, "rhythm"), (net.rhythm_again, "rhythm.again")):
        linear.weight.copy_(values[f"beats.{name}.weight"][:, :, 0])
        linear.bias.copy_(values[f"beats.{name}.bias"])
    for name, (_, norm) in pairs.items():
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)
        norm.weight.fill_(1)
        norm.bias.copy_(values[f"beats.{name}.bias"])

    seen: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    hooks = [pair[0].register_forward_hook(lambda _, __, y, name=name: seen.update({name: (y.mean((0, 2, 3)), y.var((0, 2, 3)))}))
             for name, pair in pairs.items()]
    x = torch.from_numpy(model_input(records.take(np.arange(0, len(records), max(1, len(records) // 512)))))
    net(x, torch.zeros_like(x))
    for hook in hooks:
        hook.remove()
    for name, (_, norm) in pairs.items():
        mean, variance = seen[name]
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean)


@torch.no_grad()
def start_from_teacher(net: EcgNet, checkpoint: Path) -> None:
    """Takes over the encoder of single beats of the averaged sequence teacher; what is absent counts for nothing at first."""
    values = torch.load(checkpoint, weights_only=True)["average"]
    net.beat.blocks.load_state_dict({k.removeprefix("blocks."): v for k, v in values.items() if k.startswith("blocks.")})
    net.beat.stem[1].load_state_dict({k.removeprefix("stem.1."): v for k, v in values.items() if k.startswith("stem.1.")})
    net.beat.stem[0].weight.zero_()
    net.beat.stem[0].weight[:, :12].copy_(values["stem.0.weight"])


@dataclass
class Pages:
    """Records that were printed and read back by the engine (tests/bench/paper_lessons.cc)."""

    row: torch.Tensor     # int64 [m]: which record
    layout: np.ndarray    # int32 [m]: as in src/paper/digitise.h, + 100 if photographed
    codes: torch.Tensor   # int16 [m, 12, 1000] in units of 5 uV, -32768 where nothing was read

    @staticmethod
    def load(file: Path) -> "Pages":
        raw = np.fromfile(file, np.dtype([("row", "<i4"), ("layout", "<i4"), ("codes", "<i2", (12, SAMPLES))]))
        return Pages(torch.from_numpy(raw["row"].astype(np.int64)), raw["layout"], torch.from_numpy(raw["codes"].copy()))

    def take(self, which: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """ECG in mV, 0 where missing, and flags: float32 [n, 12, 1000] each."""
        off = self.codes[which] == -32768
        return (self.codes[which].float() * QUANTUM_MV).masked_fill(off, 0.0), off.float()

    def batch(self, which: torch.Tensor, s: augment.Strength, g: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        x, off = self.take(which)
        return x * torch.exp(s.gain_sd * torch.randn((len(x), 1, 1), generator=g)), off


def batch_of(signal: torch.Tensor, s: augment.Strength, g: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """int16 [n, 8, 1000] to a disturbed ECG, 0 where missing, and its flags, float32 [n, 12, 1000] each."""
    x = augment.twelve(augment.disturb(signal.float() * QUANTUM_MV, s, g))
    off = augment.missing(len(x), SAMPLES, s, g)
    return x.masked_fill(off, 0.0), off.float()


DRAWN = 10  # beats of a record that one training step averages, at most
ONE_BY_ONE, FEWEST = 8, 4  # that it reads one by one: more than beats.SINGLE, since six then say as much as eight


def drawn_beats(at: torch.Tensor, most: int, fewest: int, g: torch.Generator) -> torch.Tensor:
    """Which of the beats `at` [n, b]: between `fewest` and `most` of those that are there, [n, most] in order, b where fewer."""
    n, b = at.shape
    order = torch.where(at < beats.NONE, torch.rand(at.shape, generator=g), 2.0).argsort(dim=1)[:, :most]
    keep = torch.arange(most) < torch.randint(fewest, most + 1, (n, 1), generator=g)
    return torch.where(keep & (at.gather(1, order) < beats.NONE), order, b).sort(dim=1).values


@torch.no_grad()
def beats_of(x: torch.Tensor, off: torch.Tensor, g: torch.Generator) -> tuple[torch.Tensor, ...]:
    """What EcgNet.answer takes: drawn beats of each record, all moved by up to 20 ms, and the rhythm of all of them."""
    x, there = EcgNet.centred(x, off), 1 - off
    at = beats.positions(x, there)
    moved = torch.where(at < beats.NONE, at + torch.randint(-2, 3, (len(at), 1), generator=g), at)
    moved = F.pad(moved, (0, 1), value=beats.NONE)
    mean = beats.mean_beat(x, there, moved.gather(1, drawn_beats(at, DRAWN, 2, g)))
    which = drawn_beats(at, ONE_BY_ONE, FEWEST, g)
    some = moved.gather(1, which)
    between = F.pad(beats.intervals(at), (0, 0, 0, 1)).gather(1, which[:, :, None].expand(-1, -1, beats.INTERVALS))
    return mean, beats.rhythm(at), beats.single(x, there, some), between, (some < beats.NONE).float()


def run(plan: Plan, train: Records, tune: Records, folder: Path, teacher: np.ndarray, further: np.ndarray, begin: Callable[[EcgNet], None],
        pages: Pages | None = None) -> Path:
    """Trains (or goes on training) and returns the path of the averaged weights.

    `teacher`: probabilities [n, K] of other networks on the training records. `further`: int8 [n, m], labels that only
    training uses, -1 = unknown. `begin` gives the network the weights that it begins with. `pages`: training records that were printed
    and read back; their targets are those of the record as it was recorded.
    """
    result, done = folder / "average.pt", folder / "done"
    if done.exists():
        return result
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    g = torch.Generator().manual_seed(plan.seed)
    k, m = train.labels.shape[1], further.shape[1]
    net, average = make(plan, k, m), make(plan, k, m)
    begin(net)
    average.load_state_dict(net.state_dict())
    groups = [{"params": [p for p in net.parameters() if (p.ndim > 1) == wide], "weight_decay": plan.weight_decay if wide else 0.0}
              for wide in (True, False)]
    optimiser = torch.optim.AdamW(groups, lr=plan.rate, fused=True)
    checkpoint = folder / "checkpoint.pt"
    first = resume(checkpoint, net, average, optimiser, g)
    print(f"{folder.name}: {sum(p.numel() for p in net.parameters())} parameters, from epoch {first}", flush=True)

    signal = torch.from_numpy(train.signal)
    hard = torch.from_numpy(np.concatenate([train.labels, further], axis=1))
    known, target = (hard >= 0).float(), hard.clamp_min(0).float()
    if train.likelihood is not None:
        target[:, :k] = torch.from_numpy(train.likelihood)
    target[:, :k] = (1 - plan.teacher_share) * target[:, :k] + plan.teacher_share * torch.from_numpy(teacher)
    age, sex = (torch.from_numpy(v) for v in auxiliary_targets(train))
    stress = torch.tensor([3.0 if name in plan.stressed else 1.0 for name in train.label_ids])
    weights = torch.cat([label_weights(train.label_ids, plan.head_weights) * stress, torch.full((m,), plan.further_weight / max(m, 1))])
    limbs = np.zeros((12, SAMPLES), bool)
    limbs[6:] = True
    page = augment.paper(SAMPLES, True).numpy()
    printed = round(plan.page_share * plan.batch) if pages else 0
    steps = len(signal) // plan.batch
    floats = [(a, b) for a, b in zip(average.state_dict().values(), net.state_dict().values())
              if a.dtype == torch.float32]
    averaged, live = [a for a, _ in floats], [b for _, b in floats]

    for epoch in range(first, plan.epochs):
        began, spent, total = time.time(), time.process_time(), 0.0
        net.train()
        order = torch.randperm(len(signal), generator=g)
        for step in range(steps):
            rows = order[step * plan.batch:(step + 1) * plan.batch]
            drawn = torch.randint(0, len(pages.row), (printed,), generator=g) if printed else None
            if drawn is not None:
                rows = torch.cat([pages.row[drawn], rows[printed:]])
            x, off = batch_of(signal[rows], plan.strength, g)
            if drawn is not None:
                x[:printed], off[:printed] = pages.batch(drawn, plan.strength, g)
            at = epoch + step / steps
            rise = min(1.0, (at + 0.02) / plan.warmup_epochs)
            fall = 0.5 * (1 + math.cos(math.pi * max(0.0, at - plan.warmup_epochs) / (plan.epochs - plan.warmup_epochs)))
            for group in optimiser.param_groups:
                group["lr"] = plan.rate * rise * fall
            drawn_of = beats_of(x, off, g)
            with torch.autocast("cpu", torch.bfloat16, enabled=plan.half):
                out = net.answer(*drawn_of).float()
            said, a, s = torch.cat([out[:, :k], out[:, k + 2:]], 1), age[rows], sex[rows]
            each = F.binary_cross_entropy_with_logits(said, target[rows], reduction="none")
            side = F.smooth_l1_loss(out[:, k], a.nan_to_num(0), reduction="none") * ~a.isnan() \
                + F.binary_cross_entropy_with_logits(out[:, k + 1], s.nan_to_num(0), reduction="none") * ~s.isnan()
            loss = (each * known[rows] * weights).sum(1).mean() + plan.auxiliary_weight * side.mean()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimiser.step()
            optimiser.zero_grad()
            taken = epoch * steps + step + 1
            torch._foreach_lerp_(averaged, live, 1 - min(plan.average, taken / (taken + 20)))
            total += loss.item()
        z = predict(average, tune)
        aucs = [macro_auc(tune.labels, z, tune.label_ids, head) for head, _ in HEADS]
        fewer = [macro_auc(tune.labels, predict(average, tune, off), tune.label_ids, "superclass") for off in (limbs, page)] \
            if epoch % 3 == 2 or epoch == plan.epochs - 1 else [float("nan")] * 2
        save({"weights": average.state_dict(), "epoch": epoch + 1, "auc": aucs[0]}, result)
        save({"net": net.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(),
              "generator": g.get_state(), "torch": torch.get_rng_state(), "epoch": epoch + 1}, checkpoint)
        _log(folder / "log.csv", [epoch + 1, round(time.time() - began), round(time.process_time() - spent), round(total / steps, 5),
                                  *(round(a, 5) for a in aucs + fewer)])
        print(f"{folder.name} epoch {epoch + 1:2d}  {time.time() - began:5.0f} s  loss {total / steps:.4f}  fold 9 macro-AUC superclass "
              f"{aucs[0]:.4f} subclass {aucs[1]:.4f} form {aucs[2]:.4f} rhythm {aucs[3]:.4f} limb leads {fewer[0]:.4f} "
              f"page {fewer[1]:.4f}", flush=True)
    done.touch()
    return result


def restore(plan: Plan, outputs: int, weights: Path) -> EcgNet:
    values = torch.load(weights, weights_only=True)["weights"]
    net = make(plan, outputs, len(values["head.bias"]) - outputs - 2)
    net.load_state_dict(values)
    return net.eval()


def resume(checkpoint: Path, net: nn.Module, average: nn.Module, optimiser: torch.optim.Optimizer, g: torch.Generator) -> int:
    """Takes up a run where its checkpoint left it; returns the epochs that are done, 0 without one."""
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    for part, key in ((net, "net"), (average, "average"), (optimiser, "optimiser")):
        part.load_state_dict(state[key])
    g.set_state(state["generator"])
    torch.set_rng_state(state["torch"])
    return state["epoch"]


def save(value: dict, path: Path) -> None:
    partial = path.with_suffix(".partial")
    torch.save(value, partial)
    partial.replace(path)


def _log(path: Path, row: list) -> None:
    new = not path.exists()
    with path.open("a", newline="") as f:
        writer = csv.writer(f)
        if new:
            writer.writerow(["epoch", "seconds", "cpu_seconds", "loss", "superclass", "subclass", "form", "rhythm", "limb", "page"])
        writer.writerow(row)
