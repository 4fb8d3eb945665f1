"""The network: a residual 1-D CNN with squeeze-and-excitation, dense convolutions, one linear head.

Input: [n, 12, 1000] in mV at 100 Hz. Amplitude is kept (no z-score): voltage is what hypertrophy is read from. Only
each lead's own mean is taken away and what lies beyond 5 mV is clipped, inside the network, so that an electrode's
offset or a railed lead does no harm.

The head is global average pooling and ONE linear layer, so the class-activation map
    map[k][t] = sum_c weight[k][c] * features[c][t]
is exact: its mean over t plus the bias is the logit (Zhou et al., CVPR 2016).

Training uses 2-D convolutions of height 1, because only they have a channels-last bf16 kernel on the CPU; graph.py
writes them as 1-D convolutions. ReLU throughout: it costs nothing to fuse and quantises to uint8 without waste.
"""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

CLIP_MV = 5.0


@dataclass(frozen=True)
class Shape:
    stem_channels: int = 40
    stem_kernel: int = 15
    stages: tuple[tuple[int, int, int], ...] = ((48, 7, 1), (80, 7, 2), (160, 5, 2))  # channels, kernel, blocks
    squeeze: int = 8  # channels per hidden unit of the squeeze-and-excitation
    dropout: float = 0.2  # on the pooled features


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, (1, kernel), (1, stride), (0, kernel // 2), bias=False),
                         nn.BatchNorm2d(outputs))


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


class EcgNet(nn.Module):
    """`outputs` statements, and `auxiliary` outputs (age, sex) that shape the features and are not deployed."""

    def __init__(self, outputs: int, auxiliary: int = 2, shape: Shape = Shape()):
        super().__init__()
        self.shape = shape
        self.outputs = outputs
        self.stem = conv_bn(12, shape.stem_channels, shape.stem_kernel, 2)
        blocks, width = [], shape.stem_channels
        for channels, kernel, count in shape.stages:
            for b in range(count):
                blocks.append(Block(width, channels, kernel, 2 if b == 0 else 1, shape.squeeze))
                width = channels
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(shape.dropout)
        self.head = nn.Linear(width, outputs + auxiliary)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """x: [n, 12, T] in mV; returns [n, C, 1, T/16]."""
        x = (x - x.mean(2, keepdim=True)).clamp(-CLIP_MV, CLIP_MV)
        x = x[:, :, None].contiguous(memory_format=torch.channels_last)
        return self.blocks(F.relu(self.stem(x)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.dropout(self.features(x).float().mean((2, 3))))
