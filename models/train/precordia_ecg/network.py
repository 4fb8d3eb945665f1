"""The network reads beats: each one, their mean, how they differ, and the intervals between them; one linear head.

Input: the ECG [n, 12, T] in mV at 100 Hz with zeros where nothing was recorded, and flags [n, 12, T] that are 1 there.
Amplitude is kept (no z-score): voltage is what hypertrophy is read from. Only each lead's own mean over what was recorded
is taken away and what lies beyond 5 mV is clipped, inside the network, so that an electrode's offset or a railed lead
does no harm. What is missing is flagged sample by sample, so that it is not a flat line.

    beats found ─▶ mean beat, spread, what is absent [36, 96] ─▶ residual CNN ─▶ one token, with the rhythm's numbers
               └─▶ up to six single beats [24, 96] each       ─▶ residual CNN ─▶ a token each, with its intervals
    tokens ─▶ self-attention (Vaswani et al. 2017) ─▶ features of every beat, features of all together ─▶ linear head

A beat's features stand at its place in the feature map, with those of all together, zeros between, so global average pooling is the
mean over beats and the class-activation map
    map[k][t] = sum_c weight[k][c] * features[c][t]
is exact: its mean over t plus the bias is the logit (Zhou et al., CVPR 2016). The attention map says how much each beat is read by all.

Training uses 2-D convolutions of height 1 in channels-last order, the fastest of PyTorch's kernels on the CPU; graph.py
writes them as 1-D convolutions. The convolutions are normalised by BatchNorm, because it folds into the convolution before it.
"""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from . import beats
from .beats import conv_bn

CLIP_MV = 5.0
STEP_SAMPLES = 16  # of the feature map
HIDDEN = 1e4       # taken from the score of a token that is not there
LEAST = 1e-6


@dataclass(frozen=True)
class Shape:
    mean_stem: int = 48
    mean_stages: tuple[tuple[int, int, int], ...] = ((64, 5, 1), (112, 5, 2), (160, 3, 2))  # channels, kernel, stride
    beat_stem: int = 48
    beat_stages: tuple[tuple[int, int, int], ...] = ((64, 5, 1), (96, 5, 2), (128, 3, 2))
    squeeze: int = 8  # channels per hidden unit of the squeeze-and-excitation
    token: int = 128
    layers: int = 1
    heads: int = 4
    hidden: int = 128  # of a layer's two-layer perceptron
    own: int = 64     # features of each beat
    joint: int = 112  # and of all together
    dropout: float = 0.2  # on the pooled features


class Block(nn.Module):
    """conv-BN-ReLU, conv-BN, channel gate (Hu et al., CVPR 2018), plus shortcut, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, squeeze: int):
        super().__init__()
        self.first = conv_bn(inputs, outputs, kernel, stride)
        self.second = conv_bn(outputs, outputs, kernel, 1)
        self.shrink = nn.Conv2d(outputs, max(8, outputs // squeeze), 1)
        self.expand = nn.Conv2d(max(8, outputs // squeeze), outputs, 1)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else conv_bn(inputs, outputs, 1, stride)
        nn.init.zeros_(self.second[1].weight)  # each block starts as its shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.second(F.relu(self.first(x)))
        gate = torch.sigmoid(self.expand(F.relu(self.shrink(y.mean((2, 3), keepdim=True)))))
        return F.relu(y * gate + self.shortcut(x))


class Encoder(nn.Module):
    """Pictures of beats [n, C, WIDTH] in mV to mean and maximum over time of their last features, [n, 2 width]."""

    def __init__(self, inputs: int, stem: int, stages: tuple[tuple[int, int, int], ...], squeeze: int):
        super().__init__()
        self.stem = conv_bn(inputs, stem, 9, 2)
        blocks, width = [], stem
        for channels, kernel, stride in stages:
            blocks.append(Block(width, channels, kernel, stride, squeeze))
            width = channels
        self.blocks, self.width = nn.Sequential(*blocks), width

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.clamp(-CLIP_MV, CLIP_MV)[:, :, None].contiguous(memory_format=torch.channels_last)
        y = self.blocks(F.relu(self.stem(x)))
        return torch.cat([y.mean((2, 3)), y.amax((2, 3))], 1)


class Layer(nn.Module):
    """Self-attention and a perceptron, each added to its normalised input. The normalisation's scale lies in the layers after it."""

    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.first, self.second = nn.Linear(width, hidden), nn.Linear(hidden, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: torch.Tensor, hidden: torch.Tensor, drop: float) -> tuple[torch.Tensor, torch.Tensor]:
        """x [n, tokens, width], hidden [n, tokens]: 1 where there is no token. Returns tokens and who reads whom [n, heads, tokens, tokens]."""
        n, tokens, width = x.shape
        y = F.layer_norm(x, (width,))
        q, k, v = (part(y).reshape(n, tokens, self.heads, -1).transpose(1, 2) for part in (self.query, self.key, self.value))
        score = q @ k.transpose(2, 3) * (width // self.heads) ** -0.5 - HIDDEN * hidden[:, None, None]
        share = torch.softmax(score, -1)
        x = x + F.dropout(self.out((share @ v).transpose(1, 2).reshape(n, tokens, width)), drop, self.training)
        y = self.second(F.relu(self.first(F.layer_norm(x, (width,)))))
        return x + F.dropout(y, drop, self.training), share


class EcgNet(nn.Module):
    """`outputs` statements, then `auxiliary` more outputs: age and sex (units in train.auxiliary_targets), then what only training uses."""

    def __init__(self, outputs: int, auxiliary: int = 2, shape: Shape = Shape()):
        super().__init__()
        self.shape = shape
        self.outputs = outputs
        self.mean = Encoder(36, shape.mean_stem, shape.mean_stages, shape.squeeze)
        self.beat = Encoder(24, shape.beat_stem, shape.beat_stages, shape.squeeze)
        self.rhythm, self.rhythm_again = nn.Linear(beats.RHYTHM, 32), nn.Linear(32, 32)
        self.intervals = nn.Linear(beats.INTERVALS, 32)
        self.mean_token = nn.Linear(2 * self.mean.width + 32, shape.token)
        self.beat_token = nn.Linear(2 * self.beat.width + 32, shape.token)
        self.layers = nn.ModuleList(Layer(shape.token, shape.heads, shape.hidden) for _ in range(shape.layers))
        self.of_beat, self.of_mean = nn.Linear(shape.token, shape.own), nn.Linear(shape.token, shape.own, bias=False)
        self.joint = nn.Sequential(nn.Linear(2 * shape.token + 2 * self.mean.width + 32, shape.joint, bias=False), nn.BatchNorm1d(shape.joint))
        self.dropout = nn.Dropout(shape.dropout)
        self.head = nn.Linear(shape.own + shape.joint, outputs + auxiliary)

    @staticmethod
    def centred(x: torch.Tensor, missing: torch.Tensor) -> torch.Tensor:
        """Each lead less its mean over what is there, clipped, 0 where missing."""
        there = 1 - missing
        mean = (x * there).sum(2, keepdim=True) / there.sum(2, keepdim=True).clamp_min(1)
        return (x - mean).clamp(-CLIP_MV, CLIP_MV) * there

    def of_beats(self, mean: torch.Tensor, rhythm: torch.Tensor, single: torch.Tensor, intervals: torch.Tensor,
                 there: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean beat [n, 36, WIDTH], rhythm [n, RHYTHM], single beats [n, b, 24, WIDTH], their intervals [n, b, INTERVALS], which of
        them there are [n, b]: each beat's features [n, b, C] and how much it is read [n, b] (sums to 1 over beats)."""
        n, count = there.shape
        r = F.relu(self.rhythm_again(F.relu(self.rhythm(rhythm))))
        whole = torch.cat([self.mean(mean), r], 1)
        first = self.mean_token(whole)[:, None]
        read = self.beat(single.reshape(n * count, *single.shape[2:])).reshape(n, count, -1)
        x = torch.cat([first, self.beat_token(torch.cat([read, F.relu(self.intervals(intervals))], 2))], 1)
        hidden = torch.cat([torch.zeros(n, 1), 1 - there], 1)
        for layer in self.layers:
            x, share = layer(x, hidden, 0.5 * self.dropout.p)
        read = share.mean((1, 2))[:, 1:]
        own, w = x[:, 1:], there[..., None]
        joint = F.relu(self.joint(torch.cat([(own * w).sum(1) / w.sum(1).clamp_min(1), (own - HIDDEN * (1 - w)).amax(1), whole], 1)))
        features = torch.cat([F.relu(self.of_beat(own) + self.of_mean(x[:, :1])), joint[:, None].expand(-1, count, -1)], 2) * w
        return features, read / read.sum(1, keepdim=True).clamp_min(LEAST)

    def features(self, x: torch.Tensor, missing: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x [n, 12, T] in mV (0 where missing), missing [n, 12, T] (1 there): features [n, C, 1, T/16], map [n, T/16]."""
        x = self.centred(x, missing)
        at = beats.positions(x, 1 - missing)
        which = beats.spread_out(at)
        some = at.gather(1, which)
        there = (some < beats.NONE).float()
        own, read = self.of_beats(beats.mean_beat(x, 1 - missing, at), beats.rhythm(at), beats.single(x, 1 - missing, some),
                                  beats.intervals(at).gather(1, which[:, :, None].expand(-1, -1, beats.INTERVALS)), there)
        steps = -(-x.shape[2] // STEP_SAMPLES)
        at_step = (torch.floor(some / STEP_SAMPLES)[:, :, None] == torch.arange(steps)).float() * steps
        f = torch.einsum("nbc,nbt->nct", own, at_step / there.sum(1).clamp_min(1)[:, None, None])
        return f[:, :, None], torch.einsum("nb,nbt->nt", read, at_step)

    def forward(self, x: torch.Tensor, missing: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(x, missing)[0].mean((2, 3)))

    def answer(self, mean: torch.Tensor, rhythm: torch.Tensor, single: torch.Tensor, intervals: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """Outputs [n, outputs + auxiliary] from beats that training drew."""
        own, _ = self.of_beats(mean, rhythm, single, intervals, there)
        return self.head(self.dropout(own.sum(1) / there.sum(1, keepdim=True).clamp_min(1)))
