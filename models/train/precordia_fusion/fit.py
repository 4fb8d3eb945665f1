"""Fits the early and the hybrid way, compares all three on fold 9, writes both into the manifest's entry.

    models/train/run-fusion.sh            everything, in one command
    models/train/run-fusion.sh --no-write the table only

The network has seen folds 1-8 and is surer of itself there than on new people. So the early way, which stacks measurements and profile on
the network's answer, is fitted on fold 9, and its figures are those of five parts by patient, each fitted on the other four. The hybrid
way has a weight for each of the network's features; it is fitted on folds 1-8, and only its last step (slope and intercept) on fold 9,
as with the network's own composite. Calibration figures in the table are cross-fitted by patient throughout.

Signs are bound: an input that speaks for disease cannot have a weight below nought, so one more finding never lowers the answer.
"""
from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import numpy as np

from .inputs import gather, source_values

TEST_FOLD = 9
# Source, and whether a larger value may only speak for disease (+1), only against it (-1), or either way (0).
NETWORK = [("composite:major_abnormal", 1)]
MEASURED = [("measurement:qrs_ms", 1), ("criterion_value:sokolow_lyon", 1), ("criterion_value:cornell_product", 1),
            ("criterion:pathological_q", 1), ("criterion:lbbb", 1), ("criterion:rbbb", 1), ("rhythm:irregular_without_p", 1),
            ("criterion:lv_strain", 1), ("measurement:qrs_t_angle_deg", 1)]
PROFILE = [("profile:age_years", 1), ("profile:sex_male", 0)]
# Davie 1996, BMJ 312:222: major abnormality in 90 of 96 with and 169 of 438 without LV systolic dysfunction; the prior is the
# one that screen() takes for suspected heart failure (Mohamed 2023).
Q1, Q0, PRIOR = 90 / 96, 169 / 438, 33 / 403


def logistic(x):
    return 1 / (1 + np.exp(-np.clip(x, -40, 40)))


def logit(p):
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


def fit_bounded(x, y, sign, penalty, steps=200):
    """Ridge logistic regression by Newton steps; weights that leave their side are held at nought. Returns weights and intercept."""
    free = np.ones(x.shape[1], bool)
    for _ in range(x.shape[1] + 1):
        at = np.flatnonzero(free)
        z = np.hstack([x[:, at], np.ones((len(x), 1))])
        w, ridge = np.zeros(len(at) + 1), penalty * np.append(np.ones(len(at)), 0)
        for _ in range(steps):
            p = logistic(z @ w)
            step = np.linalg.solve((z * (p * (1 - p))[:, None]).T @ z + np.diag(ridge + 1e-9), z.T @ (p - y) + ridge * w)
            w -= step
            if np.abs(step).max() < 1e-8:
                break
        wrong = at[(w[:-1] * sign[at] < 0)]
        if len(wrong) == 0:
            break
        free[wrong] = False
    full = np.zeros(x.shape[1])
    full[at] = w[:-1]
    return full, w[-1]


def auc(p, y, weight=None):
    weight = np.ones(len(y)) if weight is None else weight
    order = np.argsort(p, kind="stable")
    p, y, weight = p[order], y[order], weight[order]
    _, group = np.unique(p, return_inverse=True)
    pos, neg = np.bincount(group, weight * y), np.bincount(group, weight * (1 - y))
    return float((pos * (np.cumsum(neg) - neg / 2)).sum() / (pos.sum() * neg.sum()))


def recalibration(p, y, weight=None):
    """Intercept and slope of logit(y) on logit(p)."""
    weight = np.ones(len(y)) if weight is None else weight / weight.mean()
    z, w = np.column_stack([logit(p), np.ones(len(p))]), np.array([1.0, 0.0])
    for _ in range(100):
        q = logistic(z @ w)
        step = np.linalg.solve((z * (weight * q * (1 - q))[:, None]).T @ z, z.T @ (weight * (q - y)))
        w -= step
        if np.abs(step).max() < 1e-9:
            break
    return w[0], w[1]


def cross_fitted(p, y, patient, parts=5, seed=5):
    out = np.empty(len(p))
    for held in parts_of(patient, parts, seed):
        slope, intercept = recalibration(p[~held], y[~held])
        out[held] = logistic(slope * logit(p[held]) + intercept)
    return out


def bootstrap_difference(a, b, y, patient, draws=1000, seed=7):
    rng, who = np.random.default_rng(seed), np.unique(patient)
    rows = {one: np.flatnonzero(patient == one) for one in who}
    gaps = []
    for _ in range(draws):
        pick = np.concatenate([rows[one] for one in rng.choice(who, len(who))])
        gaps.append(auc(a[pick], y[pick]) - auc(b[pick], y[pick]))
    return np.percentile(gaps, [2.5, 97.5])


def threshold_for(p, y, sensitivity):
    return float(np.sort(p[y == 1])[int(np.floor((1 - sensitivity) * (y == 1).sum()))])


def net_benefit(p, y, at, weight=None):
    weight = np.ones(len(y)) / len(y) if weight is None else weight / weight.sum()
    called = p >= at
    return float((weight * called * y).sum() - (weight * called * (1 - y)).sum() * at / (1 - at))


def calibration_error(p, y, bins=15):
    which = np.minimum((p * bins).astype(int), bins - 1)
    return float(sum(abs(p[which == b].sum() - y[which == b].sum()) for b in range(bins)) / len(p))


def columns(of, wanted):
    return np.column_stack([source_values(source, of) for source, _ in wanted])


def standardise(x, rows):
    mean, scale = np.nanmean(x[rows], 0), np.nanstd(x[rows], 0)
    scale[scale == 0] = 1
    return np.nan_to_num((x - mean) / scale), mean, scale   # unknown = the mean


def parts_of(patient, parts=5, seed=5):
    who = np.unique(patient)
    np.random.default_rng(seed).shuffle(who)
    return [np.isin(patient, who[part::parts]) for part in range(parts)]


def log_loss(p, y):
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def held_out(x, y, patient, sign, penalty):
    """What each record is given by a fit on other patients."""
    p = np.empty(len(y))
    for held in parts_of(patient):
        w, b = fit_bounded(x[~held], y[~held], sign, penalty)
        p[held] = logistic(x[held] @ w + b)
    return p


def lvsd(ln_evidence):
    """Probability of LV systolic dysfunction as src/fusion counts graded evidence, other evidence left out."""
    e = np.exp(ln_evidence)
    return logistic(logit(PRIOR) + np.log((e * Q1 + 1 - Q1) / (e * Q0 + 1 - Q0)))


def main() -> None:
    here = Path(__file__).resolve().parents[3]
    options = argparse.ArgumentParser()
    options.add_argument("--shared", type=Path, default=here.parent / "shared")
    options.add_argument("--program", type=Path, default=here / "build" / "native" / "ecg_validation")
    options.add_argument("--work", type=Path, default=here / "models" / "train" / "runs" / "fusion")
    options.add_argument("--no-write", action="store_true")
    chosen = options.parse_args()
    of = gather(chosen.shared, here / "models", chosen.program, chosen.work)
    y, fold, patient, composite = of["y"].astype(float), of["fold"], of["patient"], of["composite"]
    fit, test = fold < TEST_FOLD, fold == TEST_FOLD

    late = logistic(source_values("composite:major_abnormal", of))
    results, models = {"late (network's composite)": late}, {}
    for way, wanted, embedded, rows in (("measurements and profile only", MEASURED + PROFILE, False, test),
                                        ("early", NETWORK + MEASURED + PROFILE, False, test), ("hybrid", MEASURED + PROFILE, True, fit)):
        x, mean, scale = standardise(columns(of, wanted), rows)
        sign = np.array([s for _, s in wanted], float)
        if embedded:
            e, e_mean, e_scale = standardise(of["means"], rows)
            x, sign = np.hstack([x, e]), np.append(sign, np.zeros(e.shape[1]))
        # The penalty by patients held out of the rows that are fitted; the hybrid's on a quarter of them, for time.
        some = np.flatnonzero(rows)[::4] if embedded else np.flatnonzero(rows)
        penalty = min([1, 10, 100] if embedded else [0.1, 1, 10], key=lambda c: log_loss(held_out(x[some], y[some], patient[some], sign, c), y[some]))
        w, b = fit_bounded(x[rows], y[rows], sign, penalty)
        raw = logistic(x @ w + b)
        slope, intercept = recalibration(raw[test], y[test]) if embedded else (1.0, 0.0)
        p = logistic(slope * logit(raw) + intercept)
        results[way] = raw.copy()
        if not embedded:
            results[way][test] = held_out(x[test], y[test], patient[test], sign, penalty)
        n = len(wanted)
        bias = slope * b + intercept - (slope * (w[n:] * e_mean / e_scale).sum() if embedded else 0)
        threshold = threshold_for(p[test], y[test], 0.90)
        model = {"way": way, "composite": "major_abnormal",
                 "inputs": [{"source": s, "mean": float(f"{m:.5g}"), "scale": float(f"{c:.5g}"), "weight": round(slope * v, 4)}
                            for (s, _), m, c, v in zip(wanted, mean, scale, w) if abs(slope * v) >= 5e-5]}
        if embedded:
            model["embedding"] = [float(f"{v:.4g}") for v in slope * w[n:] / e_scale]
        model |= {"intercept": round(float(bias), 5), "prevalence": round(float(y[test].mean()), 4), "threshold": round(threshold, 4),
                  "auc": round(auc(results[way][test], y[test]), 4), "tested_on": "PTB-XL fold 9"}
        models[way] = model
        print(f"{way}: penalty {penalty}, threshold for 90 % sensitivity {threshold:.3f} "
              f"(specificity {np.mean(p[test & (y == 0)] < threshold):.3f}), {len(model['inputs'])} of {n} inputs kept: "
              + ", ".join(f"{i['source']} {i['weight']:+.2f}" for i in model["inputs"]))

    yt, who = y[test], patient[test]
    print("\nA major abnormality as cardiologists read it, fold 9 "
          f"({int(test.sum())} records, {int(yt.sum())} with; slope and the rest cross-fitted by patient)\n")
    print("| way | AUC | gap to late (95 %) | Brier | slope before | calibration error | net benefit at 20 / 40 / 60 % |\n|---|---|---|---|---|---|---|")
    for name, p in results.items():
        p = p[test]
        c = cross_fitted(p, yt, who)
        low, high = bootstrap_difference(p, late[test], yt, who)
        gap = "–" if name.startswith("late") else f"{low:+.3f} to {high:+.3f}"
        print(f"| {name} | {auc(p, yt):.3f} | {gap} | {np.mean((c - yt) ** 2):.4f} | {recalibration(p, yt)[0]:.2f} | {calibration_error(c, yt):.3f} | "
              + " / ".join(f"{net_benefit(c, yt, t):.3f}" for t in (0.2, 0.4, 0.6)) + " |")

    # Nobody's EF is known: each record stands for a person with and for one without LV systolic dysfunction, in Davie's shares given
    # what the cardiologists read. That the ECG says no more than this reading is assumed, as it is by the product.
    f, n = yt == 1, yt == 0
    ill = np.where(f, PRIOR * Q1 / f.sum(), PRIOR * (1 - Q1) / n.sum())
    well = np.where(f, (1 - PRIOR) * Q0 / f.sum(), (1 - PRIOR) * (1 - Q0) / n.sum())
    truth, weight = np.concatenate([np.ones(len(yt)), np.zeros(len(yt))]), np.concatenate([ill, well])
    s, c = composite["sensitivity"], composite["specificity"]
    called = late[test] >= composite["threshold"]
    ways = {"late: found or not (the default)": np.where(called, np.log(s / (1 - c)), np.log((1 - s) / c)),
            "a cardiologist's own reading": np.where(f, 12.0, -12.0)}
    for name in ("late (network's composite)", "early", "hybrid"):
        ways[name.split(" ")[0] + ", graded"] = logit(cross_fitted(results[name][test], yt, who)) - logit(yt.mean())
    print("\nLV systolic dysfunction (EF < 50 %) in a semi-simulated cohort: fold 9's ECGs, EF by Davie's table, prior 8.2 %\n")
    print("| way | AUC | Brier | slope | intercept | mean shown | net benefit at 5 / 10 / 20 % |\n|---|---|---|---|---|---|---|")
    for name, evidence in ways.items():
        p = np.tile(lvsd(evidence), 2)
        slope, intercept = recalibration(p, truth, weight)
        print(f"| {name} | {auc(p, truth, weight):.3f} | {np.sum(weight * (p - truth) ** 2):.4f} | {slope:.2f} | {intercept:+.2f} | "
              f"{100 * np.sum(weight * p):.1f} % | " + " / ".join(f"{net_benefit(p, truth, t, weight):.4f}" for t in (0.05, 0.1, 0.2)) + " |")

    if not chosen.no_write:
        path = here / "models" / "manifest.json"
        manifest = json.loads(path.read_text())
        manifest["models"][0]["fusion"] = [models["early"], models["hybrid"]]
        path.write_text(short_lists(json.dumps(manifest, indent=1, ensure_ascii=False)) + "\n")
        print(f"\nwritten into {path.relative_to(here)}: {of['entry']['id']} {of['entry']['version']}")


def short_lists(text: str) -> str:
    """Lists of plain numbers and strings on one line, as the other writers of the manifest leave them."""
    return re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: "[" + re.sub(r",\s+", ", ", m.group(1)) + "]", text)


if __name__ == "__main__":
    main()
