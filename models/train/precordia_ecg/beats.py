"""Finds the beats, cuts them out, averages them, measures their intervals. The same arithmetic as graph.py writes into ONNX.

A mean beat has a third of the noise of one beat, and intervals say what a network that averages over time cannot see.
What is missing is left out of the mean, so that 2.5 s of a lead still give its beat.

    energy     squared slope of each lead over its own mean square, averaged over the leads there, smoothed over 170 ms
    beat       largest energy within 280 ms either way, and more than 15 % of the fourth largest
    mean beat  360 ms before to 600 ms after, each beat less its own mean; a beat counts by the square of the part that was recorded
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

BEATS = 24                 # of a record, at most
BEFORE, AFTER = 36, 60     # samples of a beat
WIDTH = BEFORE + AFTER
RHYTHM = 8
SINGLE = 6                 # beats of a record that are read one by one, at most
INTERVALS = 4              # numbers of a beat's own intervals
LONGEST = 3.0              # s, of such an interval
SLOPE_FLOOR = 2.5e-5       # mV^2 per sample^2: a flat lead is no beat
SMOOTH = tuple(float(v) for v in torch.exp(-0.5 * (torch.arange(-8, 9) / 3.0) ** 2))
APART = 28                 # samples between beats, at least
WEAKEST = 0.15             # of the fourth largest energy
NONE = 2000.0              # position of a beat that is not there
LEAST = 1e-3
TINY = 1e-10
SPREAD_GAIN = 3.0
RATE_HZ = 100.0
RHYTHM_UNITS = (0.1, 1 / RATE_HZ, 5 / RATE_HZ, 1 / RATE_HZ, 1 / RATE_HZ, 5 / RATE_HZ, 1.0, RATE_HZ)  # from samples to what `rhythm` gives


def positions(x: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    """x [n, 12, T] in mV, centred, 0 where not there: beats' places in samples, ascending, float [n, BEATS], NONE where fewer."""
    pair = there[..., 1:] * there[..., :-1]
    d2 = ((x[..., 1:] - x[..., :-1]) * pair).square()
    level = d2.sum(2, keepdim=True) / pair.sum(2, keepdim=True).clamp_min(1) + SLOPE_FLOOR
    energy = (d2 / level).sum(1, keepdim=True) / pair.sum(1, keepdim=True).clamp_min(1)
    energy = F.conv1d(energy, torch.tensor(SMOOTH)[None, None], padding=8)
    peak = (energy == F.max_pool1d(energy, 2 * APART + 1, 1, APART)).float() * energy
    value, at = peak[:, 0].topk(BEATS, dim=1)
    found = (value > WEAKEST * value[:, 3:4]).float()
    return (at * found + NONE * (1 - found)).sort(dim=1).values


def cut_out(x: torch.Tensor, there: torch.Tensor, at: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Beats `at` [n, b], each less its own mean over what was recorded, and what was: [n, 12, b, WIDTH] each."""
    n, leads, samples = x.shape
    index = at[:, :, None] + torch.arange(-BEFORE, AFTER)
    inside = ((index >= 0) & (index < samples)).float()
    flat = index.clamp(0, samples - 1).long().reshape(n, 1, -1).expand(n, leads, -1)
    shape = (n, leads, at.shape[1], WIDTH)
    seen = torch.gather(there, 2, flat).reshape(shape) * inside[:, None]
    beat = torch.gather(x, 2, flat).reshape(shape)
    return beat - (beat * seen).sum(3, keepdim=True) / seen.sum(3, keepdim=True).clamp_min(1), seen


def mean_beat(x: torch.Tensor, there: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """[n, 36, WIDTH]: mean, spread (times SPREAD_GAIN) and absence of every lead over the beats `at` [n, b]."""
    beat, seen = cut_out(x, there, at)
    count = seen.sum(3, keepdim=True)
    weight = seen * (count / WIDTH).square()
    total = weight.sum(2)
    mean = (beat * weight).sum(2) / total.clamp_min(LEAST)
    spread = ((((beat - mean[:, :, None]).square() * weight).sum(2)) / total.clamp_min(LEAST) + TINY).sqrt()
    return torch.cat([mean, SPREAD_GAIN * spread, (total < LEAST).float()], 1)


def rhythm(at: torch.Tensor) -> torch.Tensor:
    """[n, RHYTHM] of the intervals between beats (s): number / 10, mean, 5 x spread, shortest, longest, 5 x mean successive difference,
    share of those over 10 % of the mean, beats per second; zeros with fewer than two intervals."""
    there = (at[:, 1:] < NONE).float()
    rr = (at[:, 1:] - at[:, :-1]) * there  # in samples: whole numbers, so that ties fall alike everywhere
    number = there.sum(1, keepdim=True)
    mean = rr.sum(1, keepdim=True) / number.clamp_min(1)
    spread = (((rr - mean).square() * there).sum(1, keepdim=True) / number.clamp_min(1) + TINY * RATE_HZ ** 2).sqrt()
    shortest = (rr - 9 * RATE_HZ * there).amin(1, keepdim=True) + 9 * RATE_HZ
    step = (rr[:, 1:] - rr[:, :-1]).abs() * there[:, 1:]
    steps = there[:, 1:].sum(1, keepdim=True).clamp_min(1)
    uneven = (step > 0.1 * mean).float().sum(1, keepdim=True) / steps
    out = torch.cat([number, mean, spread, shortest, rr.amax(1, keepdim=True), step.sum(1, keepdim=True) / steps, uneven,
                     1 / mean.clamp_min(0.2 * RATE_HZ)], 1)
    return out * torch.tensor(RHYTHM_UNITS) * (number > 1.5).float()


def spread_out(at: torch.Tensor) -> torch.Tensor:
    """Which of the beats `at` [n, b] are read one by one: int64 [n, SINGLE], all if there are no more, else evenly from all."""
    number = (at < NONE).float().sum(1, keepdim=True).clamp_min(SINGLE)
    return torch.floor(torch.arange(SINGLE) * (number / SINGLE)).long()


def single(x: torch.Tensor, there: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """[n, b, 24, WIDTH]: twelve leads of the beats `at` [n, b], each less its own mean, and 1 where nothing was recorded."""
    beat, seen = cut_out(x, there, at)
    return torch.cat([beat * seen, 1 - seen], 1).transpose(1, 2)


def intervals(at: torch.Tensor) -> torch.Tensor:
    """[n, b, INTERVALS] in s: from the beat before, to the beat after, and three times how much each differs from the mean interval."""
    there = (at[:, 1:] < NONE).float()
    rr = (at[:, 1:] - at[:, :-1]) * there
    mean = rr.sum(1, keepdim=True) / there.sum(1, keepdim=True).clamp_min(1)
    off = 3 * (rr - mean) * there
    both = torch.stack([F.pad(rr, (1, 0)), F.pad(rr, (0, 1)), F.pad(off, (1, 0)), F.pad(off, (0, 1))], 2) / RATE_HZ
    return both.clamp(-LONGEST, LONGEST)


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, (1, kernel), (1, stride), (0, kernel // 2), bias=False),
                         nn.BatchNorm2d(outputs))
