"""What the clinic does to an ECG, applied to a training batch.

Everything before `twelve` acts on the eight independent leads, so that the four derived limb leads stay consistent
with I and II as they are in every real recorder. Amplitudes are in mV, frequencies in Hz, at 100 samples per second.
"""
from __future__ import annotations

import math
from dataclasses import dataclass

import torch

SAMPLE_RATE_HZ = 100.0


@dataclass(frozen=True)
class Strength:
    shift_samples: int = 64          # window start, either way; the uncovered end repeats the last sample
    gain_sd: float = 0.05            # calibration error common to all leads (log scale)
    lead_gain_sd: float = 0.02       # and of each lead
    wander_mv: float = 0.20          # respiration and electrode drift, 0.05-0.5 Hz, peak per component
    mains_mv: float = 0.05           # 50 Hz, and 60 Hz folded to 40 Hz by a recorder without an anti-alias filter
    muscle_mv: float = 0.05          # white Gaussian noise, standard deviation
    noise_probability: float = 0.25  # of each of the three
    drop_leads_probability: float = 0.10   # one to four leads read nothing (electrode off)
    limb_only_probability: float = 0.05    # no chest leads at all
    mixup_alpha: float = 0.2


def shift(x: torch.Tensor, most: int, g: torch.Generator) -> torch.Tensor:
    """Moves each record by a random real number of samples, up to `most` either way (cubic Lagrange).

    The fractional part matters: the official 100 Hz signals lie about 2 ms from a plain decimation of the 500 Hz ones.
    """
    n, leads, samples = x.shape
    whole = torch.randint(-most, most + 1, (n,), generator=g)
    f = torch.rand((n, 1, 1), generator=g)
    index = (torch.arange(-1, samples + 2)[None] + whole[:, None]).clamp_(0, samples - 1)
    y = torch.gather(x, 2, index[:, None].expand(n, leads, samples + 3))
    taps = (-f * (f - 1) * (f - 2) / 6, (f + 1) * (f - 1) * (f - 2) / 2, -(f + 1) * f * (f - 2) / 2,
            (f + 1) * f * (f - 1) / 6)
    return sum(w * y[..., k:k + samples] for k, w in enumerate(taps))


def _some(n: int, probability: float, g: torch.Generator) -> torch.Tensor:
    return (torch.rand((n, 1, 1), generator=g) < probability).float()


def _sines(n: int, leads: int, samples: int, low_hz: float, high_hz: float, g: torch.Generator) -> torch.Tensor:
    """One sine per record at a common frequency and phase, with a different amplitude (-1..1) in every lead."""
    t = torch.arange(samples) / SAMPLE_RATE_HZ
    f = low_hz + (high_hz - low_hz) * torch.rand((n, 1), generator=g)
    phase = 2 * math.pi * torch.rand((n, 1), generator=g)
    wave = torch.sin(2 * math.pi * f * t + phase)[:, None]
    return wave * (2 * torch.rand((n, leads, 1), generator=g) - 1)


def disturb(x: torch.Tensor, s: Strength, g: torch.Generator) -> torch.Tensor:
    """x: float32 [n, 8, T] in mV. Shift, gain error, wander, mains and muscle noise."""
    n, leads, samples = x.shape
    x = shift(x, s.shift_samples, g)
    gain = torch.exp(s.gain_sd * torch.randn((n, 1, 1), generator=g)
                     + s.lead_gain_sd * torch.randn((n, leads, 1), generator=g))
    x = x * gain
    p = s.noise_probability
    for _ in range(2):
        level = s.wander_mv * torch.rand((n, 1, 1), generator=g) * _some(n, p, g)
        x = x + level * _sines(n, leads, samples, 0.05, 0.5, g)
    level = s.mains_mv * torch.rand((n, 1, 1), generator=g) * _some(n, p, g)
    x = x + level * _sines(n, leads, samples, 38.0, 50.0, g)
    level = s.muscle_mv * torch.rand((n, 1, 1), generator=g) * _some(n, p, g)
    return x + level * torch.randn((n, leads, samples), generator=g)


def twelve(x: torch.Tensor) -> torch.Tensor:
    """[n, 8, T] to [n, 12, T]: Einthoven's and Goldberger's relations."""
    i, ii = x[:, 0:1], x[:, 1:2]
    return torch.cat([i, ii, ii - i, -(i + ii) / 2, i - ii / 2, ii - i / 2, x[:, 2:]], dim=1)


def drop_leads(x: torch.Tensor, s: Strength, g: torch.Generator) -> torch.Tensor:
    """x: [n, 12, T]. Zeroes one to four leads of some records, and all chest leads of a few."""
    n = x.shape[0]
    order = torch.rand((n, 12), generator=g).argsort(1)
    count = torch.randint(1, 5, (n, 1), generator=g)
    off = (order < count) & (torch.rand((n, 1), generator=g) < s.drop_leads_probability)
    limb_only = torch.rand((n, 1), generator=g) < s.limb_only_probability
    off[:, 6:] |= limb_only
    return x.masked_fill(off[..., None], 0.0)


def mixup(x: torch.Tensor, targets: list[torch.Tensor], alpha: float, g: torch.Generator):
    """Blends every record with another by a Beta(alpha, alpha) share (Zhang et al., ICLR 2018)."""
    n = x.shape[0]
    u = torch._sample_dirichlet(torch.full((n, 2), alpha), generator=g)[:, :1]
    share = torch.maximum(u, 1 - u)
    other = torch.randperm(n, generator=g)
    s = share[..., None]
    return x * s + x[other] * (1 - s), [t * share + t[other] * (1 - share) for t in targets]
