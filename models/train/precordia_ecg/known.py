"""Known-answer inputs: invented ECGs, sums of Gaussians. Never patient data.

Each wave of a beat is a Gaussian along time times a lead-dependent amplitude (mV); beats repeat at given times. They
exist to hold one provider's arithmetic against another's, not to be medically faithful.
"""
from __future__ import annotations

import numpy as np

from .augment import paper
from .data import SAMPLE_RATE_HZ, SAMPLES, twelve_leads

# wave: centre relative to the R peak (s), width (s), amplitude (mV) in I, II, V1, V2, V3, V4, V5, V6
Wave = tuple[float, float, tuple[float, float, float, float, float, float, float, float]]

SINUS: tuple[Wave, ...] = (
    (-0.16, 0.022, (0.08, 0.14, 0.06, 0.07, 0.07, 0.07, 0.07, 0.06)),
    (-0.025, 0.009, (-0.06, -0.08, 0.00, 0.00, -0.02, -0.06, -0.10, -0.10)),
    (0.000, 0.012, (0.70, 1.10, 0.25, 0.45, 0.75, 1.40, 1.30, 1.00)),
    (0.030, 0.012, (-0.12, -0.15, -0.90, -1.20, -0.70, -0.35, -0.15, -0.08)),
    (0.260, 0.045, (0.20, 0.30, -0.05, 0.40, 0.45, 0.45, 0.35, 0.25)),
)
WIDE: tuple[Wave, ...] = (
    (-0.030, 0.028, (0.60, 0.20, -0.40, -0.60, -0.50, 0.10, 0.80, 0.90)),
    (0.035, 0.032, (0.80, 0.25, -1.60, -2.20, -1.70, -0.40, 1.00, 1.10)),
    (0.300, 0.060, (-0.25, -0.05, 0.40, 0.60, 0.50, 0.10, -0.35, -0.40)),
)


def _beats(waves: tuple[Wave, ...], peaks_s: np.ndarray, noise_mv: float, seed: int) -> np.ndarray:
    t = np.arange(SAMPLES) / SAMPLE_RATE_HZ
    eight = np.random.default_rng(seed).normal(0.0, noise_mv, (8, SAMPLES))
    for peak in peaks_s:
        for centre, width, amplitude in waves:
            eight += np.array(amplitude)[:, None] * np.exp(-0.5 * ((t - peak - centre) / width) ** 2)
    return twelve_leads(eight).astype("<f4")


def inputs() -> list[tuple[str, np.ndarray, np.ndarray | None]]:
    """(description, float32 [12, 1000] in mV, flags of missing samples or None) of every known-answer input."""
    page = paper(SAMPLES, rhythm=True).numpy().astype("<f4")
    irregular = np.cumsum(0.45 + 0.35 * np.random.default_rng(7).random(24))
    t = np.arange(SAMPLES) / SAMPLE_RATE_HZ
    drift = np.tile(0.3 * np.sin(2 * np.pi * 0.2 * t) + 0.8, (8, 1)) \
        + np.random.default_rng(9).normal(0.0, 0.05, (8, SAMPLES))
    return [
        ("synthetic sum of Gaussians: regular narrow beats at 72/min, not patient data",
         _beats(SINUS, 0.4 + np.arange(13) * 60 / 72, 0.005, 1), None),
        ("synthetic sum of Gaussians: irregular wide beats without P waves, not patient data",
         _beats(WIDE, irregular[irregular < 11], 0.01, 2), None),
        ("synthetic noise on a drifting offset: no beats at all, not patient data", twelve_leads(drift).astype("<f4"), None),
        ("synthetic sum of Gaussians: regular narrow beats, 2.5 s of every lead and ten of lead II, not patient data",
         _beats(SINUS, 0.3 + np.arange(13) * 60 / 75, 0.005, 3) * (1 - page), page),
    ]
