"""The echo network: one frame of the ultrasound sector in, four class maps, the view and the picture's quality out.

A U-Net of residual blocks (Ronneberger 2015, doi 10.1007/978-3-319-24574-4_28; He 2016) that works at half resolution, or at a quarter: the
first convolution halves once or twice, and the head gives 2 x 2 pixels per position (sub-pixel convolution, Shi 2016, arXiv 1609.05158), at a
quarter doubled between them. Borders are smooth at this scale.

input  (frames, 1, SIDE, SIDE) float32 in 0..1, the sector's bounding box stretched to the square, 0 outside the sector
output masks (frames, 4, SIDE, SIDE) logits: background, left ventricle, myocardium, left atrium
       view (frames, 3) logits: apical 4-chamber, apical 2-chamber, neither;  quality (frames, 3) logits: good, medium, poor
"""
import torch
from torch import nn
import torch.nn.functional as F

SIDE = 128
CLASSES = 4


def conv_bn(inputs, outputs, size=3, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs))


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first, self.second = conv_bn(width, width), conv_bn(width, width)

    def forward(self, x):
        return F.relu(x + self.second(F.relu(self.first(x))))


class Up(nn.Module):
    """Doubles `below`, joins it with `beside` by a 1 x 1 convolution, then `blocks` residual blocks."""

    def __init__(self, below, beside, outputs, blocks=1):
        super().__init__()
        self.reduce = conv_bn(below, outputs, 1)       # before doubling: a quarter of the work
        self.join = conv_bn(beside, outputs, 1)
        self.blocks = nn.Sequential(*[Residual(outputs) for _ in range(blocks)])

    def forward(self, below, beside):
        up = F.interpolate(self.reduce(below), scale_factor=2, mode="nearest")
        return self.blocks(F.relu(up + self.join(beside)))


class EchoUNet(nn.Module):
    def __init__(self, widths=(24, 48, 96, 128), blocks=(1, 1, 1, 2), up_blocks=(1, 1, 1), dropout=0.2, stride=2):
        super().__init__()
        self.stride = stride   # of the stem: 2, or 4 (the head's maps of half size are then doubled between pixels)
        self.stem = conv_bn(1, widths[0], stride + 3, stride)
        self.down = nn.ModuleList()
        for level, width in enumerate(widths):
            stage = [] if level == 0 else [conv_bn(widths[level - 1], width, 3, 2), nn.ReLU()]
            self.down.append(nn.Sequential(*stage, *[Residual(width) for _ in range(blocks[level])]))
        self.up = nn.ModuleList(Up(widths[level + 1], widths[level], widths[level], up_blocks[level]) for level in range(len(widths) - 1))
        self.head = nn.Conv2d(widths[0], CLASSES * 4, 3, padding=1)
        self.dropout = nn.Dropout2d(dropout)
        self.view = nn.Linear(widths[-1], 3)
        self.quality = nn.Linear(widths[-1], 3)

    def forward(self, x):
        x = F.relu(self.stem(x))
        skips = []
        for stage in self.down:
            x = stage(x)
            skips.append(x)
        pooled = x.mean((2, 3))
        x = self.dropout(x)
        for level in reversed(range(len(self.up))):
            x = self.up[level](x, skips[level])
        masks = F.pixel_shuffle(self.head(x), 2)
        if self.stride == 4:
            masks = F.interpolate(masks, scale_factor=2, mode="bilinear", align_corners=False)
        return masks, self.view(pooled), self.quality(pooled)
