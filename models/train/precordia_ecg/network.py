"""The network: a residual 1-D CNN with squeeze-and-excitation, one self-attention stage, a beat stage, one linear head.

Input: the ECG [n, 12, T] in mV at 100 Hz with zeros where nothing was recorded, and flags [n, 12, T] that are 1 there.
Amplitude is kept (no z-score): voltage is what hypertrophy is read from. Only each lead's own mean over what was recorded
is taken away and what lies beyond 5 mV is clipped, inside the network, so that an electrode's offset or a railed lead
does no harm. A flag adds its own learnt offset to the stem, so a missing sample is not a flat line.

Beside it a beat stage (beats.py) reads the mean beat, its spread and the intervals between beats; its features stand at the
beats' places in the feature map.

The attention stage lets every 160 ms step read all others (Vaswani et al. 2017). Its map, how much each step is read by
all, is an output. What follows is global average pooling and ONE linear layer, so the class-activation map
    map[k][t] = sum_c weight[k][c] * features[c][t]
is exact: its mean over t plus the bias is the logit (Zhou et al., CVPR 2016).

Training uses 2-D convolutions of height 1 in channels-last order, the fastest of PyTorch's kernels on the CPU; graph.py
writes them as 1-D convolutions. Normalisation is BatchNorm throughout, because it folds into the convolution before it.
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


@dataclass(frozen=True)
class Shape:
    stem_channels: int = 40
    stem_kernel: int = 15
    stages: tuple[tuple[int, int, int], ...] = ((48, 7, 1), (80, 7, 2), (160, 5, 1))  # channels, kernel, blocks
    squeeze: int = 8  # channels per hidden unit of the squeeze-and-excitation
    heads: int = 4
    key_channels: int = 64  # of all heads together
    dropout: float = 0.2  # on the pooled features
    beat_stem: int = 48
    beat_stages: tuple[tuple[int, int, int], ...] = ((64, 5, 1), (112, 5, 2), (160, 3, 2))  # channels, kernel, stride
    beat_features: int = 112


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


class Attention(nn.Module):
    """Multi-head self-attention over the steps, added to its input, ReLU. Starts as the identity."""

    def __init__(self, channels: int, keys: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query = conv_bn(channels, keys, 1, 1)
        self.key = conv_bn(channels, keys, 1, 1)
        self.value = conv_bn(channels, channels, 1, 1)
        self.out = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def split(self, x: torch.Tensor) -> torch.Tensor:
        n, c, _, t = x.shape
        return x[:, :, 0].reshape(n, self.heads, c // self.heads, t).transpose(2, 3)  # [n, heads, t, c]

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the features [n, C, 1, t] and the map [n, t], whose mean is 1."""
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        share = torch.softmax(q @ k.transpose(2, 3) * q.shape[-1] ** -0.5, dim=-1)  # [n, heads, t, t]
        y = (share @ v).transpose(2, 3).reshape(x.shape[0], -1, 1, x.shape[3])
        return F.relu(x + self.out(y)), share.mean((1, 2)) * x.shape[3]


class BeatReader(nn.Module):
    """Mean beat [n, 36, WIDTH] and rhythm [n, RHYTHM] to features [n, C]."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.stem = conv_bn(36, shape.beat_stem, 9, 2)
        blocks, width = [], shape.beat_stem
        for channels, kernel, stride in shape.beat_stages:
            blocks.append(Block(width, channels, kernel, stride, shape.squeeze))
            width = channels
        self.blocks = nn.Sequential(*blocks)
        self.rhythm = nn.Conv2d(beats.RHYTHM, 32, 1)
        self.rhythm_again = nn.Conv2d(32, 32, 1)
        self.mixed = conv_bn(2 * width + 32, shape.beat_features, 1, 1)

    def forward(self, beat: torch.Tensor, rhythm: torch.Tensor) -> torch.Tensor:
        x = beat.clamp(-CLIP_MV, CLIP_MV)[:, :, None].contiguous(memory_format=torch.channels_last)
        y = self.blocks(F.relu(self.stem(x)))
        r = F.relu(self.rhythm_again(F.relu(self.rhythm(rhythm[:, :, None, None]))))
        return F.relu(self.mixed(torch.cat([y.mean((2, 3), keepdim=True), y.amax((2, 3), keepdim=True), r], 1)))[:, :, 0, 0]


class EcgNet(nn.Module):
    """`outputs` statements, then `auxiliary` more outputs: age and sex (units in train.auxiliary_targets), then what only training uses."""

    def __init__(self, outputs: int, auxiliary: int = 2, shape: Shape = Shape()):
        super().__init__()
        self.shape = shape
        self.outputs = outputs
        self.stem = conv_bn(12, shape.stem_channels, shape.stem_kernel, 2)
        self.flags = nn.Conv2d(12, shape.stem_channels, 1, (1, 2), bias=False)
        nn.init.zeros_(self.flags.weight)
        blocks, width = [], shape.stem_channels
        for channels, kernel, count in shape.stages:
            for b in range(count):
                blocks.append(Block(width, channels, kernel, 2 if b == 0 else 1, shape.squeeze))
                width = channels
        self.blocks = nn.Sequential(*blocks)
        self.attention = Attention(width, shape.key_channels, shape.heads)
        self.beat = BeatReader(shape)
        self.width = width
        self.dropout = nn.Dropout(shape.dropout)
        self.head = nn.Linear(width + shape.beat_features, outputs + auxiliary)

    @staticmethod
    def centred(x: torch.Tensor, missing: torch.Tensor) -> torch.Tensor:
        """Each lead less its mean over what is there, clipped, 0 where missing."""
        there = 1 - missing
        mean = (x * there).sum(2, keepdim=True) / there.sum(2, keepdim=True).clamp_min(1)
        return (x - mean).clamp(-CLIP_MV, CLIP_MV) * there

    def trunk(self, x: torch.Tensor, missing: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Centred x and missing [n, 12, T]: features [n, width, 1, T/16], map [n, T/16]."""
        x = x[:, :, None].contiguous(memory_format=torch.channels_last)
        flags = missing[:, :, None].contiguous(memory_format=torch.channels_last)
        return self.attention(self.blocks(F.relu(self.stem(x) + self.flags(flags))))

    def features(self, x: torch.Tensor, missing: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x [n, 12, T] in mV (0 where missing), missing [n, 12, T] (1 there): features [n, C, 1, T/16], map [n, T/16]."""
        x = self.centred(x, missing)
        f, attention = self.trunk(x, missing)
        at = beats.positions(x, 1 - missing)
        b = self.beat(beats.mean_beat(x, 1 - missing, at), beats.rhythm(at))
        steps = f.shape[3]
        b = b[:, :, None, None] * beats.place(at, steps, STEP_SAMPLES)[:, None, None]
        return torch.cat([f, b], 1), attention

    def forward(self, x: torch.Tensor, missing: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(x, missing)[0].mean((2, 3)))

    def each(self, x: torch.Tensor, missing: torch.Tensor, beat: torch.Tensor, rhythm: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs of the trunk and of the beat stage alone, [n, outputs + auxiliary] each; their mean is the network's answer."""
        a = self.dropout(self.trunk(x, missing)[0].mean((2, 3)))
        b = self.dropout(self.beat(beat, rhythm))
        w, bias = self.head.weight, self.head.bias
        return 2 * F.linear(a, w[:, :self.width]) + bias, 2 * F.linear(b, w[:, self.width:]) + bias
