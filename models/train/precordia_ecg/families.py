"""Three families of network under one short, equal budget: residual CNN, CNN-LSTM, convolution-transformer hybrid.

They answer which family to ship. All three see
random crops of 2.5 seconds and answer with the mean logit of the four quarters of a record (Strodthoff et al., IEEE JBHI
25:1519, 2021, crop likewise). They share stem and first blocks, and differ in what reads the sequence of 160 ms steps:

    residual      one more residual block, mean over time
    lstm          a bidirectional LSTM (Hochreiter and Schmidhuber 1997), mean over time
    transformer   two pre-norm self-attention layers (Vaswani et al. 2017), mean over time
"""
from __future__ import annotations

import csv
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import augment, data
from .beats import conv_bn
from .network import CLIP_MV, Block
from .train import auxiliary_targets, label_weights, macro_auc, resume, save

CROP = 250
EPOCHS = 9
BATCH = 64
RATE = 3e-3
AVERAGE = 0.998
WIDTHS = (40, 48, 96)


class Encoder(nn.Module):
    """[n, C, T] through two self-attention layers at a learnt width; positions from a short convolution."""

    def __init__(self, inputs: int, width: int = 128, layers: int = 2, heads: int = 4):
        super().__init__()
        self.down = conv_bn(inputs, width, 3, 2)
        self.place = nn.Conv1d(width, width, 15, padding=7, groups=width)
        self.layers = nn.ModuleList(nn.TransformerEncoderLayer(width, heads, 2 * width, 0.1, F.gelu, batch_first=True,
                                                               norm_first=True) for _ in range(layers))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.down(x))[:, :, 0]
        y = (y + self.place(y)).transpose(1, 2)
        for layer in self.layers:
            y = layer(y)
        return y.mean(1)


class Recurrent(nn.Module):
    def __init__(self, inputs: int, width: int = 96):
        super().__init__()
        self.lstm = nn.LSTM(inputs, width, batch_first=True, bidirectional=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, _ = self.lstm(F.max_pool2d(x, (1, 2))[:, :, 0].transpose(1, 2))
        return y.mean(1)


class Residual(nn.Module):
    def __init__(self, inputs: int, width: int = 160):
        super().__init__()
        self.block = Block(inputs, width, 5, 2, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.block(x).mean((2, 3))


READERS = {"residual": (Residual, 160), "lstm": (Recurrent, 192), "transformer": (Encoder, 128)}


class Family(nn.Module):
    def __init__(self, name: str, outputs: int):
        super().__init__()
        a, b, c = WIDTHS
        self.stem = conv_bn(12, a, 9, 2)
        self.blocks = nn.Sequential(Block(a, b, 5, 2, 8), Block(b, c, 5, 2, 8))
        reader, width = READERS[name]
        self.reader = reader(c)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(width, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = (x - x.mean(2, keepdim=True)).clamp(-CLIP_MV, CLIP_MV)
        x = x[:, :, None].contiguous(memory_format=torch.channels_last)
        return self.head(self.dropout(self.reader(self.blocks(F.relu(self.stem(x))))))


@torch.no_grad()
def predict(net: nn.Module, records: data.Records, batch: int = 128) -> np.ndarray:
    """Mean logit of the quarters of every record: float32 [n, outputs]."""
    net.eval()
    out = []
    for at in range(0, len(records), batch):
        x = torch.from_numpy(data.model_input(records.take(np.arange(at, min(at + batch, len(records))))))
        out.append(net(torch.cat(x.split(CROP, dim=2))).reshape(data.SAMPLES // CROP, len(x), -1).mean(0).numpy())
    return np.concatenate(out)


def train(name: str, records: data.Records, tune: data.Records, folder: Path, until: int = EPOCHS, seed: int = 7) -> nn.Module:
    """One run; resumable after every epoch, stopping after `until` of EPOCHS. Returns the averaged network: no epoch is picked."""
    torch.manual_seed(seed)
    g = torch.Generator().manual_seed(seed)
    outputs = records.labels.shape[1] + 2
    net, average = (Family(name, outputs).to(memory_format=torch.channels_last) for _ in range(2))
    average.load_state_dict(net.state_dict())
    decayed = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}], RATE)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "checkpoint.pt"
    start = resume(checkpoint, net, average, optimiser, g)
    print(f"{name}: {sum(p.numel() for p in net.parameters())} parameters", flush=True)
    signal = torch.from_numpy(records.signal)
    hard = torch.from_numpy(records.labels)
    known, target = (hard >= 0).float(), hard.clamp_min(0).float()
    age, sex = (torch.from_numpy(v) for v in auxiliary_targets(records))
    weights = label_weights(records.label_ids, (1.0, 1.0, 0.5, 0.5))
    k, steps, strength = target.shape[1], len(signal) // BATCH, augment.Strength()
    for epoch in range(start, until):
        began, spent, total = time.time(), time.process_time(), 0.0
        net.train()
        order = torch.randperm(len(signal), generator=g)
        for step in range(steps):
            rows = order[step * BATCH:(step + 1) * BATCH]
            x = augment.crop(signal[rows], CROP, g).float() * data.QUANTUM_MV
            x = augment.twelve(augment.disturb(x, strength, g)).masked_fill(augment.missing(len(x), CROP, strength, g), 0.0)
            at = (epoch + step / steps) / EPOCHS
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1.0, at / 0.15) * 0.5 * (1 + math.cos(math.pi * max(0.0, at - 0.15) / 0.85))
            out = net(x)
            loss = (F.binary_cross_entropy_with_logits(out[:, :k], target[rows], reduction="none") * known[rows] * weights).sum(1).mean()
            a, s = age[rows], sex[rows]
            side = F.smooth_l1_loss(out[:, k], a.nan_to_num(0), reduction="none") * ~a.isnan() \
                + F.binary_cross_entropy_with_logits(out[:, k + 1], s.nan_to_num(0), reduction="none") * ~s.isnan()
            (loss + 0.05 * side.mean()).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimiser.step()
            optimiser.zero_grad()
            taken = epoch * steps + step + 1
            decay = min(AVERAGE, taken / (taken + 20))
            for a, b in zip(average.state_dict().values(), net.state_dict().values()):
                if a.dtype == torch.float32:
                    a.lerp_(b, 1 - decay)
            total += loss.item()
        z = predict(average, tune)
        aucs = [macro_auc(tune.labels, z, tune.label_ids, head) for head, _ in data.HEADS]
        save({"net": net.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(),
              "generator": g.get_state(), "torch": torch.get_rng_state(), "epoch": epoch + 1}, checkpoint)
        row = [epoch + 1, round(time.time() - began), round(time.process_time() - spent), round(total / steps, 5),
               *(round(a, 5) for a in aucs)]
        with (folder / "log.csv").open("a", newline="") as f:
            csv.writer(f).writerow(row)
        print(name, *row, flush=True)
    return average


def compare(train_records: data.Records, tune: data.Records, runs: Path, until: int) -> list[dict]:
    """All families after `until` epochs of the same schedule: parameters, CPU minutes, macro-AUC per head on fold 9."""
    rows = []
    for name in READERS:
        folder = runs / "families" / name
        train(name, train_records, tune, folder, until)
        with (folder / "log.csv").open() as f:
            log = list(csv.reader(f))[:until]
        aucs = dict(zip((head for head, _ in data.HEADS), map(float, log[-1][4:])))
        rows.append({"family": name, "parameters": sum(p.numel() for p in Family(name, tune.labels.shape[1] + 2).parameters()),
                     "epochs": len(log), "cpu_minutes": sum(int(row[2]) for row in log) / 60, **aucs})
    return rows
