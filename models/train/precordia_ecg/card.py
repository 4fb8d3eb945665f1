"""The model card, under the headings of TRIPOD+AI (Collins et al., BMJ 385:e078378, 2024), from measured numbers only."""
from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path

from .evaluate import CLEAR
from .package import MODEL_ID, PRECISIONS
from .train import Plan

HEADS = {"superclass": 5, "subclass": 23, "form": 19, "rhythm": 12}


def write(models: Path, manifest: dict, report: dict, generations: tuple[Plan, ...], training_records: int,
          runs: Path) -> None:
    entry = manifest["models"][0]
    text = "\n".join([
        *title(entry, report), *use(), *data(report, training_records), *outcome(entry), *model(entry, report),
        *training(generations, runs), *performance(entry, report), *operating(entry), *per_label(entry),
        *fairness(report), *robustness(report), *explanation(report), *quantisation(report), *limits(), *open_science()])
    (models / MODEL_ID / "CARD.md").write_text(text.rstrip() + "\n")


def table(head: list[str], rows: list[list]) -> list[str]:
    return ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head),
            *("| " + " | ".join(str(c) for c in row) + " |" for row in rows), ""]


def f(value: float | None, digits: int = 3) -> str:
    return "" if value is None or value != value else f"{value:.{digits}f}"


def percent(value: float | None, digits: int = 1) -> str:
    return "" if value is None or value != value else f"{100 * value:.{digits}f} %"


def title(e: dict, r: dict) -> list[str]:
    macro, (low, high) = r["macro"]["fp32"]["superclass"], r["macro_interval"]["superclass"]
    return [
        f"# {e['title']} ({e['id']} {e['version']})", "",
        "A residual convolutional network that reads a 10-second 12-lead ECG and gives the probability of 59 statements "
        "of the PTB-XL vocabulary. **Research only, not a medical device.**", "",
        f"In one line: macro-AUC {f(macro, 4)} (95 % interval {f(low)} to {f(high)}) over the five diagnostic superclasses on "
        f"PTB-XL fold 9, {f(r['macro']['int8']['superclass'], 4)} as the int8 file of "
        f"{r['sizes']['files']['int8'] / 1e6:.2f} MB. Fold 9 was used for choosing the epoch, for calibration and for "
        "thresholds, so these figures are tuning figures; the official test fold 10 was not seen.", ""]


def use() -> list[str]:
    return [
        "## Background, intended use and users", "",
        "Precordia combines these statements with measurements and history into evidence about heart failure. The "
        "network has seen ECG labels only: no echocardiogram, no ejection fraction, no natriuretic peptide. It does not "
        "diagnose heart failure.", "",
        "- Intended: research and teaching by people who can read an ECG, on resting 12-lead ECGs of adults.",
        "- Not intended: diagnosis, triage or treatment; children; exercise or Holter recordings; monitors with fewer "
        "leads; acute chest pain.", ""]


def data(r: dict, training_records: int) -> list[str]:
    return [
        "## Data", "",
        "- Source: PTB-XL 1.0.3, Wagner et al., Sci Data 7:154 (2020), doi 10.1038/s41597-020-0495-6, CC BY 4.0. Schiller "
        "devices, Germany, 1989-1996; 100 Hz version.",
        f"- Training: folds 1-8, {training_records} records. Tuning (epoch, calibration, thresholds, every figure below): "
        f"fold 9, {r['records']} records of {r['patients']} patients. The folds do not share patients. Test fold 10: not "
        "read.",
        "- Signals in mV as published, leads I, II, V1-V6 rounded to 5 uV and the other limb leads computed from I and II.",
        "- No record was excluded, for quality or anything else. Missing age or sex is no obstacle: neither is an input.", ""]


def outcome(e: dict) -> list[str]:
    return [
        "## Outcome (labels)", "",
        f"{len(e['labels'])} statements in four heads ({', '.join(f'{n} {h}' for h, n in HEADS.items())}), multi-label. A "
        "statement counts as present whatever likelihood the annotator gave it. The labels come from the reports that PTB-XL "
        "publishes, without a second reading here. Several statements are vague or rare (see the table), which bounds what "
        "any network can reach on them.", ""]


def model(e: dict, r: dict) -> list[str]:
    files = r["sizes"]["files"]
    channels, steps = e["outputs"][1]["shape"][1:]
    return [
        "## Model", "",
        f"- Input: [1, 12, 1000], mV at 100 Hz, no filter. The graph itself takes away each lead's mean and clips at 5 mV.",
        f"- Stem convolution, five residual blocks with squeeze-and-excitation, dense convolutions, ReLU; feature map "
        f"{channels} x {steps} (160 ms per step); global average pooling and one linear layer, so that the class-activation "
        "map is exact.",
        f"- {r['parameters']['deployed']:,} parameters deployed, {r['sizes']['multiply_adds'] / 1e6:.1f} million "
        "multiply-adds per record.",
        "- Files: " + ", ".join(f"{p} {files[p]:,} bytes" for p in PRECISIONS) + ".",
        "- Probabilities: sigmoid(a x logit + b) per statement (Platt), a and b fitted on fold 9.", ""]


def training(generations: tuple[Plan, ...], runs: Path) -> list[str]:
    rows = []
    for number, plan in enumerate(generations, 1):
        log = list(csv.DictReader((runs / f"generation{number}" / "log.csv").open()))
        best = max(log, key=lambda row: float(row["superclass"]))
        rows.append([number, plan.seed, plan.epochs, best["epoch"], percent(plan.teacher_share, 0),
                     *(f(float(best[h]), 4) for h in HEADS),
                     round(sum(float(row["seconds"]) for row in log) / 60)])
    last = generations[-1]
    s = asdict(last.strength)
    return [
        "## Training", "",
        f"AdamW, peak rate {last.rate:g}, cosine, batch {last.batch}, weight decay {last.weight_decay:g}, averaged "
        f"weights (decay {last.average:g}), bf16, one CPU thread, mixup (alpha {s['mixup_alpha']:g}). Each generation is the "
        "same network trained anew; part of its targets are the probabilities that the mean logit of all generations before "
        "it gives. The last one ships. Age and sex are auxiliary targets in training and are not deployed. The epoch with the best superclass macro-AUC on fold 9 "
        "is kept.", "",
        "Macro-AUC on fold 9 in bf16:", "",
        *table(["generation", "seed", "epochs", "kept epoch", "taught share", *HEADS, "minutes"], rows),
        f"Augmentation: shift up to {s['shift_samples'] * 10} ms with a fractional part, gain error {percent(s['gain_sd'], 0)} "
        f"(common) and {percent(s['lead_gain_sd'], 0)} (per lead), wander to {s['wander_mv']} mV, mains to {s['mains_mv']} mV, "
        f"muscle noise to {s['muscle_mv']} mV rms (each in {percent(s['noise_probability'], 0)} of records), one to four leads "
        f"off in {percent(s['drop_leads_probability'], 0)}, all chest leads off in {percent(s['limb_only_probability'], 0)}.", ""]


def performance(e: dict, r: dict) -> list[str]:
    clear = {h: sum(k["id"].startswith(h + "/") and k["positives"] >= CLEAR for k in e["labels"]) for h in HEADS}
    rows = [[h, f"{clear[h]} of {n}", *(f(r["macro"][p][h], 4) for p in PRECISIONS), "{:.3f} to {:.3f}".format(*r["macro_interval"][h])]
            for h, n in HEADS.items()]
    calibration = [[h, c["statements"], f(c["mean"], 4), f"{c['worst_label']} {f(c['worst'], 4)}"]
                   for h, c in r["calibration_error"].items()]
    return [
        "## Performance on fold 9", "",
        f"Macro-AUC through ONNX Runtime, mean over statements with at least {CLEAR} positives; intervals (for fp32): 1000 "
        "bootstrap resamples of patients, 2.5th to 97.5th percentile.", "",
        *table(["head", "statements averaged", *PRECISIONS, "95 % interval"], rows),
        "Calibration: expected calibration error over 15 equal-width bins, cross-fitted (five parts by patient: no record "
        "calibrates itself), statements with at least 20 positives.", "",
        *table(["head", "statements", "mean error", "worst"], calibration)]


def operating(e: dict) -> list[str]:
    rows = [[f"`{c['id']}`", " or ".join(c["members"]), c["positives"],
             f"{f(c['auc'])} ({f(c['auc_low'])} to {f(c['auc_high'])})", f(c["threshold"], 4), c["operating_point"],
             "{} ({} to {})".format(f(c["sensitivity"]), *map(f, c["sensitivity_interval"])),
             "{} ({} to {})".format(f(c["specificity"]), *map(f, c["specificity_interval"]))] for c in e["composites"]]
    return [
        "## Composite findings for the heart-failure evidence", "",
        "Reference: any member statement present. Probability: 1 - product of (1 - member probability), then Platt on its "
        "logit. Chosen and measured on fold 9, at PTB-XL's prevalences, not a clinic's. These are sensitivities for the ECG "
        "statement, not for heart failure.", "",
        *table(["id", "members", "positives", "AUC", "threshold", "aim", "sensitivity", "specificity"], rows)]


def per_label(e: dict) -> list[str]:
    rows = []
    for k in e["labels"]:
        t = k["threshold"]
        rows.append([k["id"], k["positives"],
                     "" if k["auc"] is None else f"{f(k['auc'])} ({f(k['auc_low'])} to {f(k['auc_high'])})",
                     f(t["screening"], 4), f(k["specificity_at_screening"]), f(t["confirming"], 4),
                     f(k["sensitivity_at_confirming"]), f(k["specificity_at_confirming"])])
    return [
        "## Every statement", "",
        "Screening threshold: 95 % sensitivity; confirming: 95 % specificity, and never below screening (both on the "
        "calibrated probability; none below 20 positives). An AUC with few positives means little: look at its interval.", "",
        *table(["statement", "positives", "AUC (95 %)", "screening", "its specificity", "confirming",
                "its sensitivity", "its specificity"], rows)]


def fairness(r: dict) -> list[str]:
    return ["## By sex and age", "", "Superclass macro-AUC, fp32 (superclasses with at least 10 positives in the group).", "",
            *table(["group", "records", "macro-AUC"], [[n, c, f(a)] for n, c, a in r["groups"]]),
            "PTB-XL gives no ethnicity; voltage criteria are known to behave differently between populations, and nothing "
            "here tests that.", ""]


def robustness(r: dict) -> list[str]:
    base = r["macro"]["fp32"]["superclass"]
    rows = [["as recorded", f(base, 4), ""], *([n, f(a, 4), f"{a - base:+.4f}"] for n, a in r["disturbed"])]
    s = r["resampled"]
    return [
        "## Fewer leads, noise, gain and resampling", "", "Superclass macro-AUC on fold 9, fp32, whole fold each.", "",
        *table(["input", "macro-AUC", "change"], rows),
        f"500 Hz files (WFDB, {s['records']} records of folds 1-9, training records among them) resampled to 100 Hz by a "
        f"polyphase FIR against the official 100 Hz signals: mean logit difference {f(s.get('mean'))}, largest "
        f"{f(s.get('max'))}, correlation of superclass logits {f(s.get('correlation'), 4)}, mean difference of calibrated "
        f"probabilities {f(s.get('probability_gap'), 4)}, decisions changed at the confirming thresholds "
        f"{percent(s.get('flips'), 2)}.", ""]


def explanation(r: dict) -> list[str]:
    shares = list(r["deletion"][0]["lost"])
    rows = [[d["id"], d["records"], *("{:.2f} / {:.2f}".format(*d["lost"][s]) for s in shares)] for d in r["deletion"]]
    weak = [f"{d['id']} at {share}" for d in r["deletion"] for share, (by_map, by_chance) in d["lost"].items()
            if by_map <= by_chance]
    return [
        "## Does the map mark what matters?", "",
        "Logit lost when the time steps that the class-activation map marks most are blanked / when as many random ones "
        "are (true positives above the confirming threshold; blanked = the lead's median; mean).", "",
        *table(["finding", "records", *(f"{s} blanked" for s in shares)], rows),
        *([f"Not better than chance: {'; '.join(weak)}.", ""] if weak else []),
        "The map says when, not in which lead. Its receptive field is wider than its 160 ms step.", ""]


def quantisation(r: dict) -> list[str]:
    rows = []
    for p, a in r["agreement"].items():
        for point, v in a["flips"].items():
            rows.append([p, f(a["mean"], 4), f(a["p99"]), f(a["max"]), point, percent(v["mean"], 2),
                         f"{v['worst_label']} {percent(v['worst'], 2)}"])
    return [
        "## Lower precisions against fp32", "",
        "Static int8: uint8 activations, int8 weights with one scale per channel, ranges from 384 training records; the first "
        "convolution, the first block and the head stay in float. Weight-only int8: float arithmetic. Over all 59 outputs of fold 9:", "",
        *table(["precision", "mean logit gap", "99th percentile", "largest", "operating point", "decisions changed",
                "most on"], rows)]


def limits() -> list[str]:
    return [
        "## Limitations, and what was never tested", "",
        "- Nothing outside PTB-XL fold 9 was measured: no other hospital, device, country, decade or ethnicity; no "
        "prospective use; no clinical benefit.",
        "- Figures on fold 9 are slightly optimistic, because the epoch, the calibration and the thresholds were chosen there.",
        "- Never tested: children, pregnancy, paced rhythm apart from the few labelled, congenital disease, dextrocardia, "
        "swapped electrodes, ECGs photographed or digitised from paper, 2.5 s segments of a 3x4 layout, recordings shorter "
        "than 10 s, telemetry, ECGs with a diagnostic filter already applied.",
        "- Leads set to zero are worse than a full ECG (table above): the manifest therefore allows no missing lead.",
        "- Premature beats, sinus arrhythmia and other statements about single beats are found badly: the network averages "
        "over the ten seconds. Use the beat detector's rhythm findings for those.",
        "- There is no out-of-distribution score: the network also answers on what is not an ECG. Signal quality must be "
        "checked before.",
        "- Thresholds are for PTB-XL's prevalences; elsewhere predictive values will differ.", ""]


def open_science() -> list[str]:
    return [
        "## Licence and reproducibility", "",
        "Weights: CC BY 4.0, derived from PTB-XL (CC BY 4.0); cite Wagner et al. 2020 and Goldberger et al., Circulation "
        "101:e215 (2000). Code: Apache-2.0. `models/train/run.sh` makes every file here, this card included, from the raw "
        "folder; seeds are fixed, versions pinned. Known-answer inputs are invented sums of Gaussians, not patient data. "
        "No protocol was registered and no patients were involved in the design.", ""]
