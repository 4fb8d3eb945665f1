"""One training run: seeded, resumable after every epoch, averaged weights, fold 9 watched but never trained on.

A run lives in one folder: `checkpoint.pt` (everything needed to go on), `average.pt` (the averaged weights of the last
epoch: what ships; no epoch is picked by its score) and `log.csv`.

Every batch holds crops of 2.5 s or whole records of 10 s. The crops are the regularisation: global pooling makes one pass
over ten seconds the mean over all crops.
"""
from __future__ import annotations

import csv
import itertools
import math
import time
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
from .data import HEADS, INDEPENDENT, QUANTUM_MV, SAMPLES, Records, model_input
from .network import EcgNet, Shape

CROP = 250
AGE_OFFSET, AGE_SCALE = 60.0, 20.0  # years


@dataclass(frozen=True)
class Plan:
    epochs: int = 18
    batch: int = 64
    crop_share: float = 0.92     # of the batches: the trunk sees 2.5 s crops; three quarters of them in the last epoch
    rate: float = 2.5e-3         # peak learning rate; linear warm-up, cosine to zero
    start_rate: float = 0.3      # of it for the trunk, which comes from an earlier network
    beat_rate: float = 0.5       # of it for the beat stage's convolutions, which come from the beat teacher
    warmup_epochs: float = 0.5
    weight_decay: float = 0.05   # on convolution and linear weights only
    average: float = 0.999       # decay of the averaged weights, per step
    seed: int = 3
    mixup: float = 0.2           # both parameters of the beta distribution (Zhang et al., ICLR 2018)
    alone: float = 0.5           # weight of the losses of the trunk alone and of the beat stage alone
    rhythm_share: float = 2 / 3  # of the beat stage in what the network says of rhythm, after training; half in all else
    auxiliary_weight: float = 0.1
    further_weight: float = 0.5
    teacher_share: float = 0.7   # of the target that comes from the teachers' probabilities (Hinton et al. 2015)
    head_weights: tuple[float, ...] = (1.0, 1.0, 0.5, 0.5)  # superclass, subclass, form, rhythm
    strength: augment.Strength = field(default_factory=augment.Strength)
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
    """Takes over stem, blocks and head of an exported network without beat and attention stage (ecg-resnet-1). Its last block is
    left out where this network has one fewer; all else computes what it did.

    Its normalisation is folded into the convolutions. Each BatchNorm here gets the mean and variance that its convolution
    gives on `records`, and scale and offset that undo both.
    """
    values = weights_of(onnx.load(earlier))
    net.eval()

    def fill(pair: nn.Sequential, name: str) -> None:
        conv, norm = pair
        conv.weight.copy_(values[f"{name}.weight"][:, :, None])
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)
        norm.weight.fill_(1)
        norm.bias.copy_(values[f"{name}.bias"])

    pairs = {"stem": net.stem}
    for i, block in enumerate(net.blocks):
        pairs |= {f"block{i}.first": block.first, f"block{i}.second": block.second}
        if isinstance(block.shortcut, nn.Sequential):
            pairs[f"block{i}.shortcut"] = block.shortcut
        for name in ("shrink", "expand"):
            conv = getattr(block, name)
            conv.weight.copy_(values[f"block{i}.{name}.weight"][:, :, None])
            conv.bias.copy_(values[f"block{i}.{name}.bias"])
    for name, pair in pairs.items():
        fill(pair, name)
    net.head.weight[:net.outputs, :net.width].copy_(values["head.weight"] / 2)
    net.head.bias[:net.outputs].copy_(values["head.bias"])

    seen: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    hooks = [pair[0].register_forward_hook(lambda _, __, y, name=name: seen.update({name: (y.mean((0, 2, 3)), y.var((0, 2, 3)))}))
             for name, pair in pairs.items()]
    x = torch.from_numpy(model_input(records.take(np.arange(0, len(records), max(1, len(records) // 512)))))
    net.trunk(net.centred(x, torch.zeros_like(x)), torch.zeros_like(x))
    for hook in hooks:
        hook.remove()
    for name, (_, norm) in pairs.items():
        mean, variance = seen[name]
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean)


@torch.no_grad()
def start_beats_from(net: EcgNet, teacher: Path) -> None:
    """Takes over stem and blocks of the beat teacher's averaged weights; of blocks of equal width its first."""
    values = torch.load(teacher, weights_only=True)["average"]
    mean, spread = values["trunk.stem.0.weight"].split([12, len(INDEPENDENT)], dim=1)
    stem = net.beat.stem[0].weight.zero_()  # sees mean, spread and absence of twelve leads; the teacher the spread of eight
    stem[:, :12].copy_(mean)
    stem[:, [12 + lead for lead in INDEPENDENT]] = spread
    net.beat.stem[1].load_state_dict({k.removeprefix("trunk.stem.1."): v for k, v in values.items() if k.startswith("trunk.stem.1.")})
    for block in net.beat.blocks:
        shape = block.first[0].weight.shape
        at = next(i for i in itertools.count() if values[f"trunk.blocks.{i}.first.0.weight"].shape == shape)
        block.load_state_dict({k.removeprefix(f"trunk.blocks.{at}."): v for k, v in values.items() if k.startswith(f"trunk.blocks.{at}.")})


def batch_of(signal: torch.Tensor, s: augment.Strength, g: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """int16 [n, 8, 1000] to a disturbed ECG, 0 where missing, and its flags, float32 [n, 12, 1000] each."""
    x = augment.twelve(augment.disturb(signal.float() * QUANTUM_MV, s, g))
    off = augment.missing(len(x), SAMPLES, s, g)
    return x.masked_fill(off, 0.0), off.float()


DRAWN = 10  # beats of a record that one training step averages, at most


@torch.no_grad()
def beats_of(x: torch.Tensor, off: torch.Tensor, g: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean beat of two to DRAWN beats of each record, somewhere within 20 ms of its place, and the rhythm of all of them."""
    x, there = EcgNet.centred(x, off), 1 - off
    at = beats.positions(x, there)
    order = torch.where(at < beats.NONE, torch.rand(at.shape, generator=g), 2.0).argsort(dim=1)[:, :DRAWN]
    drawn = at.gather(1, order)
    moved = torch.where(drawn < beats.NONE, drawn + torch.randint(-2, 3, (len(at), 1), generator=g), drawn)
    keep = (torch.arange(DRAWN) < torch.randint(2, DRAWN + 1, (len(at), 1), generator=g)).float()
    return beats.mean_beat(x, there, moved, keep), beats.rhythm(at)


def crop_both(x: torch.Tensor, off: torch.Tensor, g: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """The same random 2.5 s of a record and of its flags; what then is missing altogether stays so."""
    both = augment.crop(torch.cat([x, off], 1), CROP, g)
    return both[:, :12], both[:, 12:]


def run(plan: Plan, train: Records, tune: Records, folder: Path, teacher: np.ndarray, further: np.ndarray, start: Path | None,
        beats_start: Path | None = None) -> Path:
    """Trains (or goes on training) and returns the path of the averaged weights.

    `teacher`: probabilities [n, K] of other networks on the training records. `further`: int8 [n, m], labels that only
    training uses, -1 = unknown. `start`, `beats_start`: exported network and checkpoint of the beat teacher to begin from.
    """
    result, done = folder / "average.pt", folder / "done"
    if done.exists():
        return result
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    g = torch.Generator().manual_seed(plan.seed)
    k, m = train.labels.shape[1], further.shape[1]
    net, average = make(plan, k, m), make(plan, k, m)
    if start is not None:
        start_from(net, start, train)
    if beats_start is not None:
        start_beats_from(net, beats_start)
    average.load_state_dict(net.state_dict())
    shares = (("stem.", start and plan.start_rate), ("flags.", start and plan.start_rate), ("blocks.", start and plan.start_rate),
              ("beat.stem.", beats_start and plan.beat_rate), ("beat.blocks.", beats_start and plan.beat_rate))
    groups: dict[tuple[float, bool], dict] = {}
    for name, p in net.named_parameters():
        share = next((s for prefix, s in shares if name.startswith(prefix)), None) or 1.0
        group = groups.setdefault((share, p.ndim > 1), {"params": [], "weight_decay": plan.weight_decay if p.ndim > 1 else 0.0, "share": share})
        group["params"].append(p)
    optimiser = torch.optim.AdamW(list(groups.values()), lr=plan.rate, fused=True)
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
    weights = torch.cat([label_weights(train.label_ids, plan.head_weights), torch.full((m,), plan.further_weight / max(m, 1))])
    limbs = np.zeros((12, SAMPLES), bool)
    limbs[6:] = True
    page = augment.paper(SAMPLES, True).numpy()
    steps = len(signal) // plan.batch
    floats = [(a, b) for a, b in zip(average.state_dict().values(), net.state_dict().values())
              if a.dtype == torch.float32]
    averaged, live = [a for a, _ in floats], [b for _, b in floats]
    mixup = torch.distributions.Beta(plan.mixup, plan.mixup)

    for epoch in range(first, plan.epochs):
        began, spent, total = time.time(), time.process_time(), 0.0
        net.train()
        order = torch.randperm(len(signal), generator=g)
        for step in range(steps):
            rows = order[step * plan.batch:(step + 1) * plan.batch]
            crops = plan.crop_share if epoch < plan.epochs - 1 else min(plan.crop_share, 0.75)
            whole = float(torch.rand((), generator=g)) >= crops
            x, off = batch_of(signal[rows], plan.strength, g)
            beat, rhythm = beats_of(x, off, g)
            if not whole:
                x, off = crop_both(x, off, g)
            x = net.centred(x, off)
            share = float(mixup.sample())
            share = max(share, 1 - share)

            def mixed(v: torch.Tensor) -> torch.Tensor:
                return share * v + (1 - share) * v.flip(0)

            at = epoch + step / steps
            rise = min(1.0, (at + 0.02) / plan.warmup_epochs)
            fall = 0.5 * (1 + math.cos(math.pi * max(0.0, at - plan.warmup_epochs)
                                       / (plan.epochs - plan.warmup_epochs)))
            for group in optimiser.param_groups:
                group["lr"] = plan.rate * group["share"] * rise * fall
            parts = net.each(mixed(x), mixed(off), mixed(beat), mixed(rhythm))
            t, w = mixed(target[rows]), torch.minimum(known[rows], known[rows].flip(0)) * weights
            a, s = mixed(age[rows]), mixed(sex[rows])
            loss = torch.zeros(())
            for out, weight in ((sum(parts) / 2, 1.0), (parts[0], plan.alone), (parts[1], plan.alone)):
                said = torch.cat([out[:, :k], out[:, k + 2:]], 1)
                each = F.binary_cross_entropy_with_logits(said, t, reduction="none")
                side = F.smooth_l1_loss(out[:, k], a.nan_to_num(0), reduction="none") * ~a.isnan() \
                    + F.binary_cross_entropy_with_logits(out[:, k + 1], s.nan_to_num(0), reduction="none") * ~s.isnan()
                loss = loss + weight * ((each * w).sum(1).mean() + plan.auxiliary_weight * side.mean())
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


@torch.no_grad()
def lean_on_beats(net: EcgNet, ids: list[str], share: float) -> None:
    """Gives the beat stage `share` of the logits of rhythm statements instead of half: intervals say more of rhythm than the trunk does."""
    rows = [k for k, name in enumerate(ids) if name.startswith("rhythm/")]
    net.head.weight[rows, :net.width] *= 2 * (1 - share)
    net.head.weight[rows, net.width:] *= 2 * share


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
