"""The network that teaches and does not ship: it sees the mean beat, its spread from beat to beat, and the intervals between
beats, and nothing else. A mean with it gains more than a mean with one more network that reads the signal (models/train/README.md).

It learns 24 more statements (`cinc24`, for example axis deviation) and the codes behind the subclasses, where those are known:
they say more than the statements that ship. Mixup (Zhang et al., ICLR 2018), averaged weights, no epoch is picked.
"""
from __future__ import annotations

import ast
import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.signal import find_peaks
from torch import nn
from torch.nn import functional as F

from . import augment, data
from .beats import conv_bn
from .network import CLIP_MV, Block
from .train import auxiliary_targets, label_weights, macro_auc, resume, save

BATCH = 64
AVERAGE = 0.998
RARE = 30            # codes behind a subclass with fewer training records are left out
STRENGTH = augment.Strength()

BEATS = 16           # of a record, at most
BEFORE, AFTER = 36, 60  # samples of a beat before and after its R peak
RHYTHM = 8


# --- what is known beyond the shipped statements ----------------------------------------------------------------------

def further_labels(records: data.Records, file: Path) -> np.ndarray:
    """int8 [n, m], 1 / 0 / -1 = unknown: `cinc24`, then every code of `scp_codes` with enough training records."""
    z = np.load(file)
    row = {int(e): i for i, e in enumerate(z["ecg_id"])}
    at = np.array([row[int(e)] for e in records.ecg_id])
    codes = [ast.literal_eval(str(t)) if t else None for t in z["scp_codes"][at]]
    training = np.isin(records.fold, data.TRAIN_FOLDS)
    counts: dict[str, int] = {}
    for known, use in zip(codes, training):
        for code in known if known and use else ():
            counts[code] = counts.get(code, 0) + 1
    kept = sorted(c for c, n in counts.items() if n >= RARE)
    fine = np.array([[-1] * len(kept) if known is None else [int(c in known) for c in kept] for known in codes], np.int8)
    return np.concatenate([z["cinc24"][at], fine], axis=1).astype(np.int8)


# --- the mean beat ----------------------------------------------------------------------------------------------------

def beats_of(records: data.Records) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Beats int16 [n, BEATS, 8, BEFORE + AFTER] in 5 uV around each R peak, how many [n], and R peaks in samples [n, BEATS] (nan)."""
    n = len(records)
    beats = np.zeros((n, BEATS, 8, BEFORE + AFTER), np.int16)
    count, peaks = np.zeros(n, np.int64), np.full((n, BEATS), np.nan, np.float32)
    box = np.ones(9) / 9
    for i, signal in enumerate(records.signal):
        x = signal.astype(np.float32)
        x -= np.median(x, axis=1, keepdims=True)
        slope = np.convolve((np.gradient(x, axis=1) ** 2).sum(0), box, "same")
        at, _ = find_peaks(slope, height=0.2 * np.quantile(slope, 0.99), distance=28)
        peaks[i, :min(BEATS, len(at))] = at[:BEATS]
        whole = at[(at >= BEFORE) & (at < data.SAMPLES - AFTER)][:BEATS]
        if not len(whole):
            whole = np.array([data.SAMPLES // 2])
        level = slope[whole[:, None] + np.arange(-4, 5)]  # each beat's reference: the centre of its steepest stretch
        whole = np.clip(whole + np.round((level * np.arange(-4, 5)).sum(1) / (level.sum(1) + 1e-6)).astype(int), BEFORE, data.SAMPLES - AFTER)
        cut = x[:, whole[:, None] + np.arange(-BEFORE, AFTER)]  # [8, b, width]
        cut = cut - np.median(cut, axis=2, keepdims=True)
        beats[i, :len(whole)] = np.clip(cut.transpose(1, 0, 2), -2000, 2000)
        count[i] = len(whole)
    return beats, count, peaks


def rhythm_of(peaks: np.ndarray) -> np.ndarray:
    """[n, RHYTHM]: number of beats, then mean, spread, shortest, longest and successive difference of the intervals (s)."""
    out = np.zeros((len(peaks), RHYTHM), np.float32)
    for i, p in enumerate(peaks):
        rr = np.diff(p[~np.isnan(p)]) / data.SAMPLE_RATE_HZ
        if len(rr) >= 2:
            d = np.abs(np.diff(rr))
            out[i] = (len(rr) / 10, rr.mean(), rr.std() * 5, rr.min(), rr.max(), d.mean() * 5, np.median(d) * 5, np.median(rr))
    return out


# --- networks ---------------------------------------------------------------------------------------------------------

class Convolutions(nn.Module):
    def __init__(self, inputs: int, stem: int, kernel: int, stages: tuple[tuple[int, int, int, int], ...]):
        """`stages`: channels, kernel, blocks, stride of the first."""
        super().__init__()
        self.stem = conv_bn(inputs, stem, kernel, 2)
        blocks, width = [], stem
        for channels, size, count, stride in stages:
            for b in range(count):
                blocks.append(Block(width, channels, size, stride if b == 0 else 1, 8))
                width = channels
        self.blocks, self.width = nn.Sequential(*blocks), width

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.blocks(F.relu(self.stem(x)))


class Beat(nn.Module):
    """Input [n, 17, BEFORE + AFTER]: mean and spread of eight leads in mV; in the last row, RHYTHM numbers and zeros."""

    def __init__(self, outputs: int):
        super().__init__()
        self.trunk = Convolutions(20, 48, 9, ((64, 5, 1, 1), (112, 5, 2, 2), (160, 3, 1, 2)))
        self.rhythm = nn.Sequential(nn.Linear(RHYTHM, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU())
        self.mixed = nn.Sequential(nn.Linear(2 * self.trunk.width + 64, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Dropout(0.3), nn.Linear(256, outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        beat = torch.cat([augment.twelve(x[:, :8]), 3 * x[:, 8:16]], 1).clamp(-CLIP_MV, CLIP_MV)
        y = self.trunk(beat[:, :, None].contiguous(memory_format=torch.channels_last))[:, :, 0]
        r = self.rhythm(x[:, 16, :RHYTHM])
        return self.mixed(torch.cat([y.mean(2), y.amax(2), r], 1))


# --- what it sees ----------------------------------------------------------------------------------------------------

class MeanBeats:
    """Mean and spread of three beats or more, drawn anew each time; answers from all beats."""

    def __init__(self, records: data.Records):
        beats, count, peaks = beats_of(records)
        self.beats, self.count = torch.from_numpy(beats), torch.from_numpy(count)
        self.rhythm = torch.from_numpy(rhythm_of(peaks))

    def of(self, rows: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        b = self.beats[rows].float() * data.QUANTUM_MV
        w = (weight / weight.sum(1, keepdim=True))[:, :, None, None]
        mean = (b * w).sum(1)
        spread = (w * (b - mean[:, None]).square()).sum(1).sqrt()
        last = F.pad(self.rhythm[rows][:, None], (0, BEFORE + AFTER - RHYTHM))
        return torch.cat([mean, spread, last], 1)

    def there(self, rows: torch.Tensor) -> torch.Tensor:
        return (torch.arange(BEATS) < self.count[rows][:, None]).float()

    def batch(self, rows: torch.Tensor, g: torch.Generator) -> tuple[torch.Tensor]:
        there = self.there(rows)
        drawn = there * torch.rand(there.shape, generator=g)
        most = drawn.sort(1, descending=True).values.gather(1, torch.minimum(torch.randint(2, BEATS, (len(rows), 1), generator=g), self.count[rows][:, None] - 1))
        x = self.of(rows, there * (drawn >= most))
        n = len(x)
        gain = torch.exp(STRENGTH.gain_sd * torch.randn((n, 1, 1), generator=g) + 2 * STRENGTH.lead_gain_sd * torch.randn((n, 8, 1), generator=g))
        mean = x[:, :8] * gain + 0.02 * torch.rand((n, 1, 1), generator=g) * torch.randn((n, 8, BEFORE + AFTER), generator=g)
        mean = mean * (torch.rand((n, 8, 1), generator=g) > 0.02)
        x = torch.cat([mean, x[:, 8:]], 1)
        x[:, :16] = augment.shift(x[:, :16], 3, 0.01, g)
        return (x,)

    def whole(self, rows: torch.Tensor) -> tuple[torch.Tensor]:
        return (self.of(rows, self.there(rows)),)


# --- training, of this teacher and of sequence_teacher.py ---------------------------------------------------------------

@dataclass(frozen=True)
class Plan:
    epochs: int = 12
    rate: float = 3e-3
    warmup: float = 0.1          # share of the steps
    weight_decay: float = 0.05
    further_weight: float = 0.5
    auxiliary_weight: float = 0.05
    mixup: float | None = 0.2    # both parameters of the beta distribution; None = no mixup
    half: bool = False           # bf16, as in train.py
    seed: int = 11


@torch.no_grad()
def predict(net: nn.Module, view, count: int, half: bool = False, batch: int = 128) -> np.ndarray:
    """float32 [count, outputs] from all beats. `view`: MeanBeats or its like."""
    net.eval()
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        return np.concatenate([net(*view.whole(rows)).float().numpy() for rows in torch.arange(count).split(batch)])


def fit(plan: Plan, make: Callable[[int], nn.Module], see: Callable[[data.Records], object], records: data.Records, tune: data.Records,
        further: np.ndarray, folder: Path) -> None:
    """One run, resumable after every epoch; leaves `train.npy` and `tune.npy`, logits [n, K], in `folder`.

    `make` gives the network for a number of outputs, `see` what it sees of records. `further`: int8 [n, m] of the training records."""
    if (folder / "train.npy").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    g = torch.Generator().manual_seed(plan.seed)
    k, m = records.labels.shape[1], further.shape[1]
    net, average = (make(k + 2 + m).to(memory_format=torch.channels_last) for _ in range(2))
    average.load_state_dict(net.state_dict())
    groups = [{"params": [p for p in net.parameters() if (p.ndim > 1) == wide], "weight_decay": plan.weight_decay if wide else 0.0} for wide in (True, False)]
    optimiser = torch.optim.AdamW(groups, plan.rate, fused=True)
    checkpoint = folder / "checkpoint.pt"
    start = resume(checkpoint, net, average, optimiser, g)
    print(f"{folder.name}: {sum(p.numel() for p in net.parameters())} parameters, {m} further labels", flush=True)
    view, watch = see(records), see(tune)
    hard = torch.from_numpy(np.concatenate([records.labels, further], axis=1))
    known, target = (hard >= 0).float(), hard.clamp_min(0).float()
    target[:, :k] = torch.from_numpy(records.likelihood)
    age, sex = (torch.from_numpy(v) for v in auxiliary_targets(records))
    weights = torch.cat([label_weights(records.label_ids, (1.0, 1.0, 0.5, 0.5)), torch.full((m,), plan.further_weight / m)])
    steps = len(records) // BATCH
    floats = [(a, b) for a, b in zip(average.state_dict().values(), net.state_dict().values()) if a.dtype == torch.float32]
    averaged, live = [a for a, _ in floats], [b for _, b in floats]
    beta = plan.mixup and torch.distributions.Beta(plan.mixup, plan.mixup)
    for epoch in range(start, plan.epochs):
        began, spent, total = time.time(), time.process_time(), 0.0
        net.train()
        order = torch.randperm(len(records), generator=g)
        for step in range(steps):
            rows = order[step * BATCH:(step + 1) * BATCH]
            x = view.batch(rows, g)
            t, w, a, s = target[rows], known[rows] * weights, age[rows], sex[rows]
            if beta:
                share = float(beta.sample())
                share = max(share, 1 - share)
                x = tuple(share * v + (1 - share) * v.flip(0) for v in x)
                t, w = share * t + (1 - share) * t.flip(0), torch.minimum(w, w.flip(0))
                a, s = share * a + (1 - share) * a.flip(0), share * s + (1 - share) * s.flip(0)
            at = (epoch + step / steps) / plan.epochs
            for group in optimiser.param_groups:
                group["lr"] = plan.rate * min(1.0, at / plan.warmup + 0.01) * 0.5 * (1 + math.cos(math.pi * max(0.0, at - plan.warmup) / (1 - plan.warmup)))
            with torch.autocast("cpu", torch.bfloat16, enabled=plan.half):
                out = net(*x).float()
            said = torch.cat([out[:, :k], out[:, k + 2:]], 1)
            loss = (F.binary_cross_entropy_with_logits(said, t, reduction="none") * w).sum(1).mean()
            side = F.smooth_l1_loss(out[:, k], a.nan_to_num(0), reduction="none") * ~a.isnan() \
                + F.binary_cross_entropy_with_logits(out[:, k + 1], s.nan_to_num(0), reduction="none") * ~s.isnan()
            (loss + plan.auxiliary_weight * side.mean()).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimiser.step()
            optimiser.zero_grad()
            taken = epoch * steps + step + 1
            torch._foreach_lerp_(averaged, live, 1 - min(AVERAGE, taken / (taken + 20)))
            total += loss.item()
        z = predict(average, watch, len(tune), plan.half)
        aucs = [macro_auc(tune.labels, z, tune.label_ids, head) for head, _ in data.HEADS]
        save({"net": net.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(),
              "generator": g.get_state(), "torch": torch.get_rng_state(), "epoch": epoch + 1}, checkpoint)
        row = [epoch + 1, round(time.time() - began), round(time.process_time() - spent), round(total / steps, 5), *(round(v, 5) for v in aucs)]
        with (folder / "log.csv").open("a", newline="") as f:
            csv.writer(f).writerow(row)
        print(folder.name, *row, flush=True)
    np.save(folder / "tune.npy", predict(average, watch, len(tune), plan.half)[:, :k])
    np.save(folder / "train.npy", predict(average, view, len(records), plan.half)[:, :k])


def train(plan: Plan, records: data.Records, tune: data.Records, further: np.ndarray, folder: Path) -> None:
    fit(plan, Beat, MeanBeats, records, tune, further, folder)
