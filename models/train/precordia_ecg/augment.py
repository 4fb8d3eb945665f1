"""What the clinic does to an ECG, applied to a training batch.

Everything before `twelve` acts on the eight independent leads, so that the four derived limb leads stay consistent
with I and II as they are in every real recorder. Amplitudes are in mV, frequencies in Hz, at 100 samples per second.
"""
from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional as F

SAMPLE_RATE_HZ = 100.0
SAMPLES = 1000


@dataclass(frozen=True)
class Strength:
    shift_samples: int = 64          # window start, either way; the uncovered end repeats the last sample
    gain_sd: float = 0.05            # calibration error common to all leads (log scale)
    lead_gain_sd: float = 0.02       # and of each lead
    wander_mv: float = 0.20          # respiration and electrode drift, 0.05-0.5 Hz, peak per component
    mains_mv: float = 0.05           # 50 Hz, and 60 Hz folded to 40 Hz by a recorder without an anti-alias filter
    muscle_mv: float = 0.05          # white Gaussian noise, standard deviation
    noise_probability: float = 0.25  # of each of the three
    drop_leads_probability: float = 0.10   # one to four leads read nothing (electrode off), of `missing`
    limb_only_probability: float = 0.08    # no chest leads at all
    chest_only_probability: float = 0.02
    single_lead_probability: float = 0.03
    paper_probability: float = 0.15        # 2.5 s of every lead as on a 3x4 page, nine in ten with lead II below
    gap_probability: float = 0.03          # up to one second lost in all leads
    clock_sd: float = 0.003          # sampling clock or paper drive, relative
    soften_probability: float = 0.2


def shift(x: torch.Tensor, most: int, clock_sd: float, g: torch.Generator) -> torch.Tensor:
    """Reads each record at t (1 + e) + s: a clock error e and a real shift s of up to `most` samples (cubic Lagrange).

    The fractional part matters: the official 100 Hz signals lie about 2 ms from a plain decimation of the 500 Hz ones.
    """
    n, leads, samples = x.shape
    clock = 1 + clock_sd * torch.randn((n, 1), generator=g)
    start = (2 * torch.rand((n, 1), generator=g) - 1) * most
    at = torch.arange(samples) * clock + start
    whole = at.floor()
    f = (at - whole)[:, None]
    taps = (-f * (f - 1) * (f - 2) / 6, (f + 1) * (f - 1) * (f - 2) / 2, -(f + 1) * f * (f - 2) / 2,
            (f + 1) * f * (f - 1) / 6)
    whole = whole.long()
    return sum(w * torch.gather(x, 2, (whole + k - 1).clamp_(0, samples - 1)[:, None].expand(n, leads, samples))
               for k, w in enumerate(taps))


def soften(x: torch.Tensor, s: Strength, g: torch.Generator) -> torch.Tensor:
    """Some records through a gentle low pass (1/4 a, 1 - a/2, 1/4 a), as another resampler or recorder has."""
    a = torch.rand((x.shape[0], 1, 1), generator=g) * _some(x.shape[0], s.soften_probability, g)
    ends = F.pad(x, (1, 1), mode="replicate")
    return x + a / 4 * (ends[..., 2:] - 2 * x + ends[..., :-2])


def crop(x: torch.Tensor, samples: int, g: torch.Generator) -> torch.Tensor:
    """[n, leads, T] to [n, leads, samples]: each record from its own random start."""
    n, leads, total = x.shape
    start = torch.randint(0, total - samples + 1, (n, 1), generator=g)
    index = start + torch.arange(samples)
    return torch.gather(x, 2, index[:, None].expand(n, leads, samples))


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
    x = soften(shift(x, s.shift_samples, s.clock_sd, g), s, g)
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


PAPER_COLUMNS = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11))
RHYTHM_LEAD = 1


def paper(samples: int, rhythm: bool) -> torch.Tensor:
    """What a 3x4 page lacks: bool [12, samples], True = not on the page."""
    off = torch.ones(12, samples, dtype=torch.bool)
    for column, leads in enumerate(PAPER_COLUMNS):
        off[list(leads), column * samples // 4:(column + 1) * samples // 4] = False
    if rhythm:
        off[RHYTHM_LEAD] = False
    return off


def missing(n: int, samples: int, s: Strength, g: torch.Generator) -> torch.Tensor:
    """bool [n, 12, samples]: True where a record of the clinic has nothing. At most one kind per record."""
    off = torch.zeros(n, 12, samples, dtype=torch.bool)
    kinds = ("drop_leads", "limb_only", "chest_only", "single_lead", "paper", "gap")
    edges = torch.tensor([getattr(s, f"{k}_probability") for k in kinds]).cumsum(0)
    which = torch.bucketize(torch.rand(n, generator=g), edges).tolist()
    for i, at in enumerate(which):
        kind = kinds[at] if at < len(kinds) else ""
        if kind == "drop_leads":
            off[i, torch.randperm(12, generator=g)[:int(torch.randint(1, 5, (), generator=g))]] = True
        elif kind == "limb_only":
            off[i, 6:] = True
        elif kind == "chest_only":
            off[i, :6] = True
        elif kind == "single_lead":
            off[i] = True
            off[i, int(torch.randint(0, 12, (), generator=g))] = False
        elif kind == "paper":
            rhythm = bool(torch.rand((), generator=g) < 0.9)
            if samples > SAMPLES // 4:
                off[i] = paper(samples, rhythm)
            else:  # a crop lies within one column
                off[i] = True
                off[i, list(PAPER_COLUMNS[int(torch.randint(0, 4, (), generator=g))])] = False
                off[i, RHYTHM_LEAD] &= not rhythm
        elif kind == "gap":
            length = int(torch.randint(5, 101, (), generator=g))
            start = int(torch.randint(0, samples - length + 1, (), generator=g))
            off[i, :, start:start + length] = True
    return off
