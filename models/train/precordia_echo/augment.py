"""What other machines and hands do to a picture, as batched tensor operations: geometry first (picture and mask together), then light.

Geometry stays within what clips of real machines show once the sector's box is stretched to the square: rotation to 15 degrees, scale
0.75 to 1.3, the two axes apart by 15 %, shifts of 8 %, mirrored one time in four (some laboratories show the LV on the left). `k` scales all of
it: towards the end of training the pictures come nearer to what they are.
"""
import math

import torch
import torch.nn.functional as F


def rand(n, low, high, generator):
    return low + (high - low) * torch.rand(n, generator=generator)


def affine(n, g, k):
    angle = torch.randn(n, generator=g).clamp(-2, 2) * math.radians(7.5) * k
    scale = torch.exp(rand(n, math.log(0.75), math.log(1.3), g) * k)
    aspect = torch.exp(rand(n, -0.14, 0.14, g) * k)
    shift = rand((n, 2), -0.16, 0.16, g) * k   # of the half side
    flip = torch.where(torch.rand(n, generator=g) < 0.25 * k, -1.0, 1.0)
    cos, sin = torch.cos(angle), torch.sin(angle)
    shear = rand(n, -0.1, 0.1, g) * k
    rotation = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    stretch = torch.zeros(n, 2, 2)
    stretch[:, 0, 0], stretch[:, 1, 1], stretch[:, 0, 1] = flip / (scale * aspect.sqrt()), aspect.sqrt() / scale, shear
    return torch.cat([rotation @ stretch, shift[:, :, None]], 2)


def smooth_noise(n, size, cells, g):
    return F.interpolate(torch.randn(n, 1, cells, cells, generator=g), size=(size, size), mode="bicubic", align_corners=False)


def light(x, g, k=1.0):
    """x: (n, 1, s, s) in 0..1, 0 outside the sector."""
    n, _, s, _ = x.shape
    inside = (x > 0.004).float()
    gamma = torch.exp(k * rand(n, -0.7, 0.7, g)).view(n, 1, 1, 1)
    x = x.clamp(0, 1) ** gamma
    x = x * torch.exp(k * rand(n, -0.5, 0.5, g)).view(n, 1, 1, 1) + k * rand(n, -0.06, 0.06, g).view(n, 1, 1, 1)
    # Time-gain compensation and shadows: a smooth field, and a dark wedge from the probe one time in four.
    x = x * torch.exp(0.35 * k * smooth_noise(n, s, 4, g))
    across = torch.linspace(-1, 1, s).view(1, 1, 1, s)
    down = torch.linspace(0, 1, s).view(1, 1, s, 1).clamp_min(0.02)
    centre, width = rand(n, -0.9, 0.9, g).view(n, 1, 1, 1), rand(n, 0.05, 0.2, g).view(n, 1, 1, 1)
    wedge = torch.sigmoid(((across / down - centre).abs() - width) * 20)
    depth = (torch.rand(n, generator=g) < 0.25 * k).float().view(n, 1, 1, 1) * rand(n, 0.3, 0.95, g).view(n, 1, 1, 1)
    x = x * (1 - depth * (1 - wedge))
    # Haze over the near field, speckle, and a softer or coarser picture.
    haze = rand(n, 0, 0.25, g).view(n, 1, 1, 1) * (torch.rand(n, generator=g) < 0.3 * k).float().view(n, 1, 1, 1)
    x = x + haze * torch.exp(-down * rand(n, 1, 6, g).view(n, 1, 1, 1))
    grain = F.interpolate(torch.randn(n, 1, s // 2, s // 2, generator=g), size=(s, s), mode="bilinear", align_corners=False)
    x = x * (1 + k * rand(n, 0, 0.35, g).view(n, 1, 1, 1) * grain) + k * rand(n, 0, 0.04, g).view(n, 1, 1, 1) * torch.randn(n, 1, s, s, generator=g)
    soft = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    mix = k * rand(n, -0.5, 1.0, g).view(n, 1, 1, 1)
    return ((x + mix * (soft - x)) * inside).clamp(0, 1)


def narrowed(x, g, k=1.0):
    """A narrower fan, or one cut off at the side or below, in every fifth picture: the ventricle is then not whole, but what is seen counts."""
    n, _, s, _ = x.shape
    across = torch.linspace(-1, 1, s).view(1, 1, 1, s)
    down = torch.linspace(0, 1, s).view(1, 1, s, 1)
    chosen = (torch.rand(n, generator=g) < 0.2 * k).view(n, 1, 1, 1)
    left, right = rand(n, -1, -0.55, g).view(n, 1, 1, 1), rand(n, 0.55, 1, g).view(n, 1, 1, 1)
    low = rand(n, 0.8, 1, g).view(n, 1, 1, 1)
    keep = (across > left * (down + 0.08) * 1.05) & (across < right * (down + 0.08) * 1.05) & (down < low)
    return torch.where(chosen & ~keep, torch.zeros_like(x), x)


def squeeze(grid, mask, g, k):
    """Makes the ventricle of every other picture smaller or larger by up to a quarter, by moving the picture around it: ejection fractions
    that the patients do not have."""
    n, s = len(grid), mask.shape[-1]
    lv = (mask == 1).float()
    across = torch.linspace(-1 + 1 / s, 1 - 1 / s, s)
    area = lv.sum((1, 2)).clamp_min(1)
    x, y = (lv.sum(1) * across).sum(1) / area, (lv.sum(2) * across).sum(1) / area
    spread_x = ((lv.sum(1) * (across - x[:, None]) ** 2).sum(1) / area).sqrt().clamp_min(0.05)
    spread_y = ((lv.sum(2) * (across - y[:, None]) ** 2).sum(1) / area).sqrt().clamp_min(0.05)
    strength = k * rand(n, -0.25, 0.25, g) * (torch.rand(n, generator=g) < 0.5)
    from_centre = grid - torch.stack([x, y], 1)[:, None, None]
    far = (from_centre / torch.stack([1.8 * spread_x, 1.8 * spread_y], 1)[:, None, None]) ** 2
    return grid + strength.view(n, 1, 1, 1) * from_centre * torch.exp(-0.5 * far.sum(3, keepdim=True))


def geometry(x, mask, size, g, together=1, k=1.0):
    """x: (n, 1, S, S) 0..1; mask: (n, S, S) classes. Returns both at `size`; the mask is the class at each centre. `together` pictures in a row
    are of one clip and move alike."""
    n = len(x)
    grid = F.affine_grid(affine(n // together, g, k).repeat_interleave(together, 0), (n, 1, size, size), align_corners=False)
    grid = squeeze(grid, mask, g, k)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    mask = F.grid_sample(mask[:, None].float(), grid, mode="nearest", padding_mode="zeros", align_corners=False)[:, 0].long()
    return x, mask


def not_apical(x, g):
    """Pictures that are no apical view, made from ones that are: upside down, on their side, far too near, shuffled, or only noise."""
    n, _, s, _ = x.shape
    kind = torch.randint(0, 6, (n,), generator=g)
    out = []
    for picture, k in zip(x, kind.tolist()):
        inside = (picture > 0.004).float()
        if k == 0:
            out.append(picture.flip(1))
        elif k == 1:
            out.append(picture.transpose(1, 2).flip(int(torch.randint(1, 3, (1,), generator=g))))
        elif k == 2:
            size = int(torch.randint(s // 5, s // 3, (1,), generator=g))
            y, z = torch.randint(0, s - size, (2,), generator=g).tolist()
            out.append(F.interpolate(picture[None, :, y:y + size, z:z + size], size=(s, s), mode="bilinear", align_corners=False)[0])
        elif k == 3:
            tiles = picture.reshape(1, 4, s // 4, 4, s // 4).permute(1, 3, 0, 2, 4).reshape(16, 1, s // 4, s // 4)
            tiles = tiles[torch.randperm(16, generator=g)]
            mixed = tiles.reshape(4, 4, 1, s // 4, s // 4).permute(2, 0, 3, 1, 4).reshape(1, s, s)
            out.append(mixed * inside)
        elif k == 4:
            field = smooth_noise(1, s, int(torch.randint(3, 24, (1,), generator=g)), g)[0]
            out.append((0.3 + 0.25 * field).clamp(0, 1) * inside * torch.rand(1, s, s, generator=g))
        else:
            out.append(torch.rand(1, 1, 1, generator=g) * (0.3 + 0.7 * torch.rand(1, s, s, generator=g)) * inside)
    return torch.stack(out)
