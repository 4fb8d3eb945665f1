"""What the artefacts do on fold 9, through ONNX Runtime: discrimination, calibration, operating points, robustness.

Intervals are percentile bootstrap over patients (a patient's records are drawn together). Everything fitted here
(calibration, thresholds) is fitted on fold 9; fold 10 is never read.
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from scipy.special import expit, logit

from .augment import paper
from .data import INDEPENDENT, LEADS, SAMPLE_RATE_HZ, SAMPLES, Records, model_input, twelve_leads

RESAMPLES = 1000
FEWEST_POSITIVES = 20  # below this no operating point is given
CLEAR = 10             # below this a statement does not enter a macro average
CALIBRATED_FROM = 5    # below this the calibration is the identity


# --- running -------------------------------------------------------------------------------------------------------

def session(model: Path | bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return ort.InferenceSession(model if isinstance(model, bytes) else str(model), options,
                                providers=["CPUExecutionProvider"])


def outputs(model: Path | bytes, x: np.ndarray, missing: np.ndarray | None = None,
            names: tuple[str, ...] = ("logits",)) -> list[np.ndarray]:
    """x: float32 [n, 12, 1000] in mV; missing: [n or 1, 12, 1000], None = complete. Every named output as [n, ...]."""
    s = session(model)
    flags = np.zeros((1, *x.shape[1:]), np.float32) if missing is None else missing.astype(np.float32)
    rows = [s.run(list(names), {"ecg": row[None], "missing": flags[i % len(flags)][None]}) for i, row in enumerate(x)]
    return [np.concatenate(part) for part in zip(*rows)]


def logits(model: Path | bytes, x: np.ndarray, missing: np.ndarray | None = None) -> np.ndarray:
    """[n, K]."""
    return outputs(model, x, missing)[0]


def logits_of(model: Path, records: Records) -> np.ndarray:
    """On complete records: float32 [n, K]. Earlier networks take no flags."""
    s = session(model)
    flags = {i.name: np.zeros((1, 12, SAMPLES), np.float32) for i in s.get_inputs() if i.name == "missing"}
    return np.concatenate([s.run(["logits"], {"ecg": row[None]} | flags)[0]
                           for at in range(0, len(records), 1024)
                           for row in model_input(records.take(np.arange(at, min(at + 1024, len(records)))))])


# --- discrimination ------------------------------------------------------------------------------------------------

def weighted_auc(score: np.ndarray, positive: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """AUC (ties count half) of every row of `weight` [b, n]; nan where a row holds only one class."""
    order = np.argsort(score, kind="stable")
    score, positive, weight = score[order], positive[order], weight[:, order]
    first = np.flatnonzero(np.r_[True, score[1:] != score[:-1]])
    up = np.add.reduceat(weight * positive, first, axis=1)
    down = np.add.reduceat(weight * ~positive, first, axis=1)
    below = np.cumsum(down, axis=1) - down / 2
    pairs = up.sum(1) * down.sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pairs > 0, (up * below).sum(1) / pairs, np.nan)


def auc(score: np.ndarray, positive: np.ndarray) -> float:
    return float(weighted_auc(score, positive, np.ones((1, len(score)), np.float32))[0])


def patient_draws(patient: np.ndarray, seed: int = 2026) -> np.ndarray:
    """How often each record occurs in each bootstrap resample of patients: float32 [RESAMPLES, n]."""
    names, index = np.unique(patient, return_inverse=True)
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES)
    return counts[:, index].astype(np.float32)


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % percentile interval."""
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def macro(score: np.ndarray, labels: np.ndarray, ids: list[str], head: str,
          rows: np.ndarray | None = None, fewest: int = CLEAR) -> float:
    rows = np.ones(len(score), bool) if rows is None else rows
    values = []
    for k, name in enumerate(ids):
        use = rows & (labels[:, k] >= 0)
        positive = labels[use, k] == 1
        if name.startswith(head + "/") and fewest <= positive.sum() <= len(positive) - fewest:
            values.append(auc(score[use, k], positive))
    return float(np.mean(values)) if values else float("nan")


# --- calibration ---------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Platt:
    """p = sigmoid(a * z + b); Platt 1999, with his smoothed targets against overconfidence."""

    a: float = 1.0
    b: float = 0.0

    def __call__(self, z: np.ndarray) -> np.ndarray:
        return expit(self.a * z + self.b)


def fit_platt(z: np.ndarray, positive: np.ndarray, steps: int = 50) -> Platt:
    """Newton's method on the two parameters, with a weak pull (variance 1) of a towards 1."""
    n1 = int(positive.sum())
    n0 = len(positive) - n1
    if n1 < CALIBRATED_FROM:
        return Platt()
    t = np.where(positive, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
    z = z.astype(np.float64)
    a, b = 1.0, 0.0

    def cost(a: float, b: float) -> float:
        u = a * z + b
        return float(np.sum(np.logaddexp(0, u) - t * u) + (a - 1) ** 2 / 2)

    for _ in range(steps):
        p = expit(a * z + b)
        r, w = p - t, p * (1 - p)
        gradient = np.array([r @ z + (a - 1), r.sum()])
        hessian = np.array([[w @ (z * z) + 1, w @ z], [w @ z, w.sum() + 1e-9]])
        step = np.linalg.solve(hessian, gradient)
        scale, now = 1.0, cost(a, b)
        while cost(a - scale * step[0], b - scale * step[1]) > now and scale > 1e-6:
            scale /= 2
        a, b = a - scale * step[0], b - scale * step[1]
        if np.abs(step).max() < 1e-8:
            break
    return Platt(float(a), float(b)) if a > 0 else Platt()


def cross_fitted(z: np.ndarray, positive: np.ndarray, patient: np.ndarray, parts: int = 5) -> np.ndarray:
    """Calibrated probabilities, each record's by parameters fitted on other patients."""
    names, index = np.unique(patient, return_inverse=True)
    part = np.random.default_rng(5).permutation(len(names))[index] % parts
    p = np.empty(len(z))
    for i in range(parts):
        p[part == i] = fit_platt(z[part != i], positive[part != i])(z[part == i])
    return p


def calibration_error(p: np.ndarray, positive: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error over equal-width bins of p (Guo et al., ICML 2017, per label)."""
    index = np.minimum((p * bins).astype(int), bins - 1)
    gap = np.bincount(index, weights=p - positive, minlength=bins)
    return float(np.abs(gap).sum() / len(p))


# --- operating points ----------------------------------------------------------------------------------------------

def at_threshold(p: np.ndarray, positive: np.ndarray, threshold: float) -> tuple[float, float]:
    """(sensitivity, specificity) of p >= threshold."""
    call = p >= threshold
    return float(call[positive].mean()), float((~call[~positive]).mean())


def for_sensitivity(p: np.ndarray, positive: np.ndarray, sensitivity: float) -> float:
    """The highest threshold that still finds `sensitivity` of the positives, rounded down to 4 digits."""
    ranked = np.sort(p[positive])[::-1]
    return float(np.floor(ranked[int(np.ceil(sensitivity * len(ranked))) - 1] * 1e4) / 1e4)


def for_specificity(p: np.ndarray, positive: np.ndarray, specificity: float) -> float:
    """The lowest threshold that clears `specificity` of the negatives, rounded up to 4 digits."""
    ranked = np.sort(p[~positive])
    below = ranked[min(int(np.ceil(specificity * len(ranked))) - 1, len(ranked) - 1)]
    return float(np.floor(below * 1e4 + 1) / 1e4)


# --- composites ----------------------------------------------------------------------------------------------------

def any_of(p: np.ndarray) -> np.ndarray:
    """1 - prod(1 - p) over the last axis, kept off 0 and 1 so that its logit exists."""
    return np.clip(1 - np.prod(1 - p, axis=-1), 1e-6, 1 - 1e-6)


def composite_score(p: np.ndarray) -> np.ndarray:
    return logit(any_of(p))


# --- disturbed and incomplete input --------------------------------------------------------------------------------

def without(leads: list[int]) -> np.ndarray:
    """Flags [1, 12, 1000] of records that lack these leads."""
    off = np.zeros((1, 12, SAMPLES), np.float32)
    off[:, leads] = 1
    return off


def incomplete(n: int) -> list[tuple[str, dict, np.ndarray]]:
    """(title, how the engine recognises it, flags [n or 1, 12, 1000]), in the engine's words."""
    rng = np.random.default_rng(12)

    def some(count: int) -> np.ndarray:
        off = np.zeros((n, 12, SAMPLES), np.float32)
        for row in off:
            row[rng.choice(12, count, replace=False)] = 1
        return off

    return [
        ("a recording with one lead missing", {"any_missing_leads": 1}, some(1)),
        ("a recording with up to three leads missing", {"any_missing_leads": 3}, some(3)),
        ("2.5 s of every lead with lead II in full (3x4 page)", {"share_of_each_lead": 0.23, "leads_at_once": 3, "leads": ["II"]},
         paper(SAMPLES, True).numpy()[None].astype(np.float32)),
        ("2.5 s of every lead (3x4 page)", {"share_of_each_lead": 0.23, "leads_at_once": 3},
         paper(SAMPLES, False).numpy()[None].astype(np.float32)),
        ("the six limb leads", {"leads": LEADS[:6]}, without(list(range(6, 12)))),
        ("the six chest leads", {"leads": LEADS[6:]}, without(list(range(6)))),
        ("leads I, II, V2 and V5", {"leads": ["I", "II", "V2", "V5"]}, without([2, 3, 4, 5, 6, 8, 9, 11])),
        ("lead I alone", {"leads": ["I"]}, without(list(range(1, 12)))),
        ("lead II alone", {"leads": ["II"]}, without([0, *range(2, 12)])),
    ]


def disturbed(x: np.ndarray, rate_hz: float = 100.0) -> list[tuple[str, np.ndarray]]:
    """Named variants of x [n, 12, T] in mV; leads order I II III aVR aVL aVF V1-V6."""
    rng = np.random.default_rng(11)
    n, _, samples = x.shape
    t = np.arange(samples) / rate_hz
    eight = x[:, INDEPENDENT]

    def add(noise: np.ndarray) -> np.ndarray:
        return twelve_leads(eight + noise).astype(np.float32)

    phase = rng.random((n, 1, 1)) * 2 * np.pi
    level = rng.uniform(-1, 1, (n, 8, 1))
    white = rng.normal(0, 1, eight.shape)
    return [
        ("baseline wander 0.3 mV peak at 0.3 Hz", add(0.3 * level * np.sin(2 * np.pi * 0.3 * t + phase))),
        ("mains 0.1 mV peak at 49 Hz", add(0.1 * level * np.sin(2 * np.pi * 49 * t + phase))),
        ("muscle noise 0.05 mV rms", add(0.05 * white)),
        ("muscle noise 0.10 mV rms", add(0.10 * white)),
        ("gain 10 % too high", x * np.float32(1.1)),
        ("gain 10 % too low", x * np.float32(0.9)),
        ("constant offset 1 mV in every lead", x + np.float32(1.0)),
        ("window 0.25 s later", np.concatenate([x[:, :, 25:], np.repeat(x[:, :, -1:], 25, 2)], 2)),
    ]


def not_an_ecg(x: np.ndarray, seed: int = 13) -> list[tuple[str, np.ndarray]]:
    """What no network should answer on, made from fold 9 or from nothing: each [n, 12, 1000] in mV."""
    rng = np.random.default_rng(seed)
    n = len(x)
    t = np.arange(SAMPLES) / SAMPLE_RATE_HZ
    amplitude = rng.uniform(0.2, 1.5, (n, 1, 1))
    sine = amplitude * np.sin(2 * np.pi * rng.uniform(0.8, 8, (n, 1, 1)) * t + rng.uniform(0, 6, (n, 1, 1)))
    order = np.stack([rng.permutation(12) for _ in range(n)])
    return [
        ("white noise, 0.1 to 1 mV rms", (rng.uniform(0.1, 1, (n, 1, 1)) * rng.normal(0, 1, x.shape)).astype(np.float32)),
        ("a sine of 0.8 to 8 Hz in every lead", np.broadcast_to(sine, x.shape).astype(np.float32)),
        ("a flat line with 5 uV of noise", rng.normal(0, 0.005, x.shape).astype(np.float32)),
        ("one channel repeated in all leads", np.repeat(x[np.arange(n), rng.integers(0, 12, n)][:, None], 12, 1)),
        ("the leads in a random order", np.take_along_axis(x, order[:, :, None], 1)),
        ("limb electrodes of both arms swapped", x[:, [0, 2, 1, 4, 3, 5, *range(6, 12)]] * np.array([-1] + [1] * 11, np.float32)[:, None]),
        ("turned upside down", -x),
        ("ten times too large", 10 * x),
        ("played backwards", x[:, :, ::-1].copy()),
    ]


def contradiction(x: np.ndarray) -> np.ndarray:
    """bool [n]: leads that no single heart gives, as src/nets/lead_consistency.cc judges complete records."""
    def left_over(total: np.ndarray, *leads: int) -> np.ndarray:
        largest = x[:, list(leads)].std(2).max(1)
        return np.where(largest < 0.03, 0, total.std(1) / np.maximum(largest, 1e-9))

    i, ii, iii, avr, avf = (x[:, k] for k in (0, 1, 2, 3, 5))
    limbs = np.stack([left_over(i - ii + iii, 0, 1, 2), left_over(avr + (i + ii) / 2, 0, 1, 3), left_over(avf - ii + i / 2, 0, 1, 5)])
    copies = sum(((x[:, k - 1] - x[:, k]).std(1) < 0.02 * x[:, k - 1:k + 1].std(2).max(1)) & (x[:, k - 1:k + 1].std(2).max(1) >= 0.03)
                 for k in range(7, 12))
    return (limbs > 0.5).any(0) | (copies >= 3)
