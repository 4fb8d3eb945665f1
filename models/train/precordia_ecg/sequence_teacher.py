"""The teacher that sees single beats: up to eight of a record through one residual network, self-attention over them, and beside
that their mean and spread. With labels alone it is better than every network here that reads the signal as a strip
(models/train/README.md).

Learns the same further labels as beat_teacher.py, from the same beats. Averaged weights, no epoch is picked.
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import augment, beat_teacher, data
from .beat_teacher import AFTER, BEATS, BEFORE, RHYTHM, STRENGTH, beats_of, rhythm_of
from .beats import conv_bn
from .network import CLIP_MV, Block

DRAWN = 8  # beats of a record that one training step sees


WIDTH = 160


@dataclass(frozen=True)
class Plan(beat_teacher.Plan):
    epochs: int = 14
    rate: float = 2.5e-3
    warmup: float = 0.036
    auxiliary_weight: float = 0.1
    mixup: float | None = None
    seed: int = 1


class BeatSequence(nn.Module):
    """x [n, b, 8, BEFORE + AFTER] in mV, intervals [n, b, 4] in s, there [n, b], rhythm [n, RHYTHM] to outputs."""

    def __init__(self, outputs: int, width: int = WIDTH):
        super().__init__()
        self.stem = conv_bn(12, 48, 9, 2)
        self.blocks = nn.Sequential(Block(48, 64, 5, 1, 8), Block(64, 96, 5, 2, 8), Block(96, 128, 3, 2, 8))
        self.token = nn.Linear(256, width)
        self.intervals = nn.Sequential(nn.Linear(4, 32), nn.GELU(), nn.Linear(32, width))
        self.mean = nn.Sequential(conv_bn(20, 48, 9, 2), nn.ReLU(), Block(48, 64, 5, 1, 8), Block(64, 112, 5, 2, 8), Block(112, 112, 5, 1, 8),
                                  Block(112, 160, 3, 2, 8))
        self.layers = nn.ModuleList(nn.TransformerEncoderLayer(width, 4, 2 * width, 0.1, F.gelu, batch_first=True, norm_first=True) for _ in range(2))
        self.mixed = nn.Sequential(nn.Linear(2 * width + 320 + RHYTHM, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Dropout(0.3), nn.Linear(256, outputs))

    def forward(self, x: torch.Tensor, intervals: torch.Tensor, there: torch.Tensor, rhythm: torch.Tensor) -> torch.Tensor:
        n, b = there.shape

        def pooled(net: nn.Module, picture: torch.Tensor) -> torch.Tensor:
            y = net(picture.clamp(-CLIP_MV, CLIP_MV)[:, :, None].contiguous(memory_format=torch.channels_last))[:, :, 0]
            return torch.cat([y.mean(2), y.amax(2)], 1)

        single = pooled(nn.Sequential(self.stem, nn.ReLU(), self.blocks), augment.twelve(x.reshape(n * b, 8, -1)))
        y = self.token(single).reshape(n, b, -1) + self.intervals(intervals)
        for layer in self.layers:
            y = layer(y, src_key_padding_mask=there < 0.5)
        w = there[..., None]
        share = w / w.sum(1, keepdim=True).clamp_min(1)
        mean = (x * share[..., None]).sum(1)
        spread = (share[..., None] * (x - mean[:, None]).square()).sum(1).sqrt()
        own = pooled(self.mean, torch.cat([augment.twelve(mean), 3 * spread], 1))
        return self.mixed(torch.cat([(y * share).sum(1), (y - 1e4 * (1 - w)).amax(1), own, rhythm], 1).float())


class Beats:
    def __init__(self, records: data.Records):
        found, count, peaks = beats_of(records)
        self.beats, self.count, self.rhythm = torch.from_numpy(found), torch.from_numpy(count), torch.from_numpy(rhythm_of(peaks))
        early = ((peaks < BEFORE)).sum(1)  # peaks too near the beginning to be among the beats
        at = np.nan_to_num(peaks)
        before = np.diff(at, axis=1, prepend=at[:, :1]) / data.SAMPLE_RATE_HZ
        after = np.zeros_like(before)
        after[:, :-1] = before[:, 1:]
        index = np.clip(early[:, None] + np.arange(BEATS), 0, BEATS - 1)
        before, after = np.take_along_axis(before, index, 1), np.take_along_axis(after, index, 1)
        usual = np.median(before, axis=1, keepdims=True)
        self.intervals = torch.from_numpy(np.stack([before.clip(0, 3), after.clip(0, 3), 3 * (before - usual).clip(-1, 1), 3 * (after - usual).clip(-1, 1)], 2).astype(np.float32))

    def of(self, rows: torch.Tensor, at: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x = self.beats[rows].gather(1, at[:, :, None, None].expand(-1, -1, 8, BEFORE + AFTER)).float() * data.QUANTUM_MV
        return x, self.intervals[rows].gather(1, at[:, :, None].expand(-1, -1, 4)), (at < self.count[rows][:, None]).float(), self.rhythm[rows]

    def batch(self, rows: torch.Tensor, g: torch.Generator) -> tuple[torch.Tensor, ...]:
        n = len(rows)
        order = torch.rand((n, BEATS), generator=g) + 10 * (torch.arange(BEATS) >= self.count[rows][:, None])
        x, intervals, there, rhythm = self.of(rows, order.argsort(1)[:, :DRAWN].sort(1).values)
        gain = torch.exp(STRENGTH.gain_sd * torch.randn((n, 1, 1, 1), generator=g) + 2 * STRENGTH.lead_gain_sd * torch.randn((n, 1, 8, 1), generator=g))
        x = x * gain + 0.03 * torch.rand((n, 1, 1, 1), generator=g) * torch.randn(x.shape, generator=g)
        x = x * (torch.rand((n, 1, 8, 1), generator=g) > 0.02)
        return augment.shift(x.reshape(n, DRAWN * 8, -1), 3, 0.01, g).reshape(x.shape), intervals, there, rhythm

    def whole(self, rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.of(rows, torch.arange(BEATS).expand(len(rows), BEATS))


def train(plan: Plan, records: data.Records, tune: data.Records, further: np.ndarray, folder: Path) -> None:
    beat_teacher.fit(plan, BeatSequence, Beats, records, tune, further, folder)
