"""The model card, under the headings of TRIPOD+AI (Collins et al., BMJ 385:e078378, 2024), from measured numbers only."""
from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path

from . import beats
from .evaluate import CLEAR
from .package import MODEL_ID, PRECISIONS
from .train import Plan

HEADS = {"superclass": 5, "subclass": 23, "form": 19, "rhythm": 12}


def write(models: Path, entry: dict, report: dict, stages: dict[str, Plan], training_records: int, runs: Path) -> None:
    plan = list(stages.values())[-1]
    text = "\n".join([
        *title(entry, report), *use(), *data(report, training_records), *outcome(entry), *model(entry, report, plan),
        *training(stages, report, runs), *families(report), *performance(entry, report), *operating(entry), *per_label(entry),
        *person(entry), *fairness(report), *robustness(report), *incomplete(entry, report), *outliers(entry, report),
        *explanation(report), *quantisation(report), *limits(entry), *open_science()])
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
        "A network that finds the beats and reads them: their mean through one residual CNN, up to six of them one by one through another, "
        "the intervals between them, and self-attention over all of that. It takes a 10-second ECG of twelve leads, or of fewer with the missing ones flagged, and gives the "
        "probability of 59 statements of the PTB-XL vocabulary. **Research only, not a medical device.**", "",
        f"In one line: macro-AUC {f(macro, 4)} (95 % interval {f(low)} to {f(high)}) over the five diagnostic superclasses on "
        f"PTB-XL fold 9 in one pass, {f(r['macro']['int8']['superclass'], 4)} as the int8 file of "
        f"{r['sizes']['files']['int8'] / 1e6:.2f} MB. Fold 9 was used for choosing between designs, for calibration and for "
        "thresholds, so these figures are tuning figures; the official test fold 10 was not seen.", ""]


def use() -> list[str]:
    return [
        "## Background, intended use and users", "",
        "Precordia combines these statements with measurements and history into evidence about heart failure. The "
        "network has seen ECG labels only: no echocardiogram, no ejection fraction, no natriuretic peptide. It does not "
        "diagnose heart failure.", "",
        "- Intended: research and teaching by people who can read an ECG, on resting 12-lead ECGs of adults.",
        "- Not intended: diagnosis, triage or treatment; children; exercise or Holter recordings; monitors with fewer "
        "leads than listed below; acute chest pain.", ""]


def data(r: dict, training_records: int) -> list[str]:
    return [
        "## Data", "",
        "- Source: PTB-XL 1.0.3, Wagner et al., Sci Data 7:154 (2020), doi 10.1038/s41597-020-0495-6, CC BY 4.0. Schiller "
        "devices, Germany, 1989-1996; 100 Hz version.",
        f"- Training: folds 1-8, {training_records} records. Tuning (design, calibration, thresholds, every figure below): "
        f"fold 9, {r['records']} records of {r['patients']} patients. The folds do not share patients. Test fold 10: not "
        "read.",
        "- Signals in mV as published, leads I, II, V1-V6 rounded to 5 uV and the other limb leads computed from I and II.",
        "- No record was excluded, for quality or anything else. Missing age or sex is no obstacle: neither is an input.", ""]


def outcome(e: dict) -> list[str]:
    return [
        "## Outcome (labels)", "",
        f"{len(e['labels'])} statements in four heads ({', '.join(f'{n} {h}' for h, n in HEADS.items())}), multi-label. A "
        "statement counts as present whatever likelihood the annotator gave it; in training, where `scp_codes` gives a "
        "likelihood under 100 % (about 1,800 records), the target is 0.5 + likelihood / 200. The labels come from the reports that PTB-XL "
        "publishes, without a second reading here. Several statements are vague or rare (see the table), which bounds what "
        "any network can reach on them.", ""]


def model(e: dict, r: dict, plan: Plan) -> list[str]:
    files = r["sizes"]["files"]
    channels, steps = e["outputs"][1]["shape"][1:]
    return [
        "## Model", "",
        f"- Input: [1, 12, 1000], mV at 100 Hz, no filter, and flags of the same shape that are 1 where nothing was recorded. "
        "The graph itself takes away each lead's mean over what was recorded and clips at 5 mV.",
        f"- Beats: the largest steepness of all recorded leads within 280 ms either way, at most {beats.BEATS}, cut out "
        f"{beats.BEFORE * 10} ms before to {beats.AFTER * 10} ms after. Missing samples are flagged to the network one by one, in every beat and in the mean.",
        f"- Two residual CNNs with squeeze-and-excitation (dense convolutions, ReLU): one reads the mean of all beats, its spread from beat to beat and what is "
        f"missing of it, the other {beats.SINGLE} single beats, spread evenly over the record. {beats.RHYTHM} numbers of the rhythm go with the mean, "
        f"{beats.INTERVALS} of its own intervals with each beat. Self-attention of {plan.shape.heads} heads over these "
        f"{1 + beats.SINGLE} tokens; one linear layer on the mean of the beats' {channels} features.",
        f"- Each beat's features stand at its place in a feature map of {channels} x {steps} steps of 160 ms, so that the class-activation map is exact: it says "
        "which beats speak for a finding, not what within a beat. The attention map (how much each beat is read by all) is an output of its own.",
        f"- {r['parameters']['deployed']:,} parameters deployed, {r['sizes']['multiply_adds'] / 1e6:.1f} million "
        "multiply-adds per record.",
        "- Files: " + ", ".join(f"{p} {files[p]:,} bytes" for p in PRECISIONS) + ".",
        "- Probabilities: sigmoid(a x logit + b) per statement (Platt), a and b fitted on fold 9.", ""]


def training(stages: dict[str, Plan], r: dict, runs: Path) -> list[str]:
    plan = list(stages.values())[-1]
    s = asdict(plan.strength)
    log = [{"stage": k, **row} for k, name in enumerate(stages, 1) if (runs / name / "log.csv").exists()
           for row in csv.DictReader((runs / name / "log.csv").open())]
    rows = [[row["stage"], row["epoch"], *(f(float(row[h]), 4) for h in HEADS), f(float(row["limb"]), 4), f(float(row["page"]), 4),
             row["cpu_seconds"]] for row in log]
    return [
        "## Training", "",
        f"The encoder of the mean beat starts with that of `ecg-beats-1` 1.1.0, that of single beats with the teacher's, all else from random weights. {len(stages)} stages, each going on from the averaged weights of the one before: "
        + "; ".join(f"{p.epochs} epochs, peak rate {p.rate:g}, {percent(p.teacher_share, 0)} of the targets the probabilities of the teachers' mean logit"
                    + (f", three times the weight on {', '.join(p.stressed)}" if p.stressed else "") for p in stages.values()) +
        f" (teachers below, their weights in `pipeline.py`). In the first stage of the files that ship the head was another (two attention layers, features of "
        f"single beats only); `run.sh` trains all stages with the present one. AdamW, cosine, batch {plan.batch}, weight decay {plan.weight_decay:g}, averaged weights (decay {plan.average:g}), "
        f"{'bf16' if plan.half else 'float32'}, one CPU thread. Which beats are averaged and which are read one by one is drawn anew for "
        f"every batch. {percent(plan.page_share, 0)} of every batch are records that were printed and read back by the engine, half of them through a simulated "
        f"camera ({r['printed_train']} training records), with the targets of the recording. The averaged weights of the last epoch ship: no epoch is picked, but the last stage was added after a look at fold 9 (LVH 0.949, IMI 0.934 before it). "
        "Age, sex, the 24 statements of CinC 2021 and the SCP codes behind the subclasses are learnt beside.", "",
        "Macro-AUC on fold 9 of the teachers:", "",
        *table(["teacher", *HEADS], [[name, *(f(v, 4) for v in values)] for name, values in r["teachers"].items()]),
        "Macro-AUC of the averaged weights on fold 9 after each epoch; the last two: superclasses from six limb leads, and from a "
        "3x4 page with lead II in full:", "",
        *table(["stage", "epoch", *HEADS, "limb leads", "page", "CPU s"], rows),
        f"Augmentation: shift up to {s['shift_samples'] * 10} ms with a fractional part, clock error {percent(s['clock_sd'], 1)}, a gentle "
        f"low pass in {percent(s['soften_probability'], 0)}, gain error {percent(s['gain_sd'], 0)} (common) and "
        f"{percent(s['lead_gain_sd'], 0)} (per lead), wander to {s['wander_mv']} mV, mains to {s['mains_mv']} mV, muscle noise to "
        f"{s['muscle_mv']} mV rms (each in {percent(s['noise_probability'], 0)} of records). Missing and flagged: one to four leads in "
        f"{percent(s['drop_leads_probability'], 0)}, all chest leads in {percent(s['limb_only_probability'], 0)}, all limb leads in "
        f"{percent(s['chest_only_probability'], 0)}, all but one lead in {percent(s['single_lead_probability'], 0)}, all that a 3x4 page "
        f"lacks in {percent(s['paper_probability'], 0)}, up to 1 s of everything in {percent(s['gap_probability'], 0)}.", ""]


def families(r: dict) -> list[str]:
    if not r.get("families"):
        return []
    rows = [[x["family"], f"{x['parameters']:,}", x["epochs"], f(x["cpu_minutes"], 1), *(f(x[h], 4) for h in HEADS)] for x in r["families"]]
    return [
        "### Three families under one short, equal budget", "",
        f"Same stem, blocks, crops of 2.5 s, optimiser and {r['families'][0]['epochs']} epochs of one nine-epoch schedule; what reads the "
        "sequence differs. From random weights, labels only, one run each: a first look, not a verdict. Macro-AUC on fold 9, mean "
        "logit of four quarters.", "",
        *table(["family", "parameters", "epochs", "CPU minutes", *HEADS], rows)]


def person(e: dict) -> list[str]:
    p = e["person"]
    return [
        "## Age and sex", "",
        f"Read off the ECG, shown as such and never used as the person's own or as evidence: age with a mean absolute error of "
        f"{f(p['age_error_years'], 1)} years (bias {f(p['age_bias_years'], 1)}, correlation {f(p['age_correlation'], 2)}, {p['age_records']} "
        f"records; over 89 counts as 90), sex with an AUC of {f(p['sex_auc'])} ({p['sex_records']} records). That an ECG which looks older than "
        "its owner marks risk is published for other networks; nothing here tests it for this one.", ""]


def performance(e: dict, r: dict) -> list[str]:
    clear = {h: sum(k["id"].startswith(h + "/") and k["positives"] >= CLEAR for k in e["labels"]) for h in HEADS}
    rows = [[h, f"{clear[h]} of {n}", *(f(r["macro"][p][h], 4) for p in PRECISIONS), "{:.3f} to {:.3f}".format(*r["macro_interval"][h])]
            for h, n in HEADS.items()]
    calibration = [[h, c["statements"], f(c["together"], 4), f(c["mean"], 4), f(c["chance"], 4), f"{c['worst_label']} {f(c['worst'], 4)}"]
                   for h, c in r["calibration_error"].items()]
    return [
        "## Performance on fold 9", "",
        f"Macro-AUC through ONNX Runtime, mean over statements with at least {CLEAR} positives; intervals (for fp32): 1000 "
        "bootstrap resamples of patients, 2.5th to 97.5th percentile.", "",
        *table(["head", "statements averaged", *PRECISIONS, "95 % interval"], rows),
        "Calibration: expected calibration error over 15 equal-width bins, cross-fitted (five parts by patient: no record "
        "calibrates itself), statements with at least 20 positives.", "",
        *table(["head", "statements", "whole head", "mean of statements", "of these by chance", "worst"], calibration),
        "By chance: what a perfectly calibrated network would show with as many records.", ""]


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
        "## Noise, gain and resampling", "", "Superclass macro-AUC on fold 9, fp32, whole fold each.", "",
        *table(["input", "macro-AUC", "change"], rows),
        f"500 Hz files (WFDB, {s['records']} records of folds 1-9, training records among them) resampled to 100 Hz by a "
        f"polyphase FIR against the official 100 Hz signals: mean logit difference {f(s.get('mean'))}, largest "
        f"{f(s.get('max'))}, correlation of superclass logits {f(s.get('correlation'), 4)}, mean difference of calibrated "
        f"probabilities {f(s.get('probability_gap'), 4)}, decisions changed at the confirming thresholds "
        f"{percent(s.get('flips'), 2)}.", ""]


def incomplete(e: dict, r: dict) -> list[str]:
    accepted = {p["title"] for p in e["partial_inputs"]}
    rows = [[title, f(auc, 4), f"{-lost:+.4f}", "yes" if title in accepted else "no"] for title, auc, lost in r["incomplete"]]
    return [
        "## Fewer leads and paper-shaped input", "",
        "Superclass macro-AUC on fold 9, fp32, what is missing flagged. The engine runs the network on input of a kind marked yes, says "
        "so beside the result, and uses the composites' sensitivity and specificity as measured on that kind of input; other "
        "incomplete recordings are not given to the network.", "",
        *table(["input", "macro-AUC", "change", "accepted"], rows),
        "Printed and read back: records of fold 9 as pages of several layouts, half photographed by a simulated camera, digitised by the engine. "
        "Superclass macro-AUC of these records as recorded, with what the page lacks flagged, and as read; then the root mean square "
        "difference of the superclass logits, of reading alone and of the page as a whole.", "",
        *table(["pages", "number", "as recorded", "with gaps", "as read", "reading, logits", "page, logits"],
               [[p["kind"], p["pages"], f(p["recorded"], 4), f(p["missing"], 4), f(p["printed"], 4), f(p["error"], 2), f(p["whole"], 2)] for p in r["printed"]])]


def outliers(e: dict, r: dict) -> list[str]:
    o = e["outliers"]
    return [
        "## What is not such an ECG", "",
        "Two checks; where either fails, the network's answer is shown as not trusted and is no evidence. Leads that no single heart "
        "gives (Einthoven's and Goldberger's relations, one trace in several chest leads). And an outlier score: a logistic "
        "regression over the mean features, trained on training records against the kinds of wrong input below made from them; its "
        f"threshold turns away {percent(o['false_alarms'])} of fold 9.", "",
        *table(["input", "by the score", "by either"], [[name, percent(a), percent(b)] for name, a, b in r["outliers"]]),
        "What is turned away too seldom must be caught elsewhere: lead order and electrode swaps by the measurement room, flat lines "
        "and noise by its signal quality.", ""]


def explanation(r: dict) -> list[str]:
    rows = [[d["id"], d["records"], *("{:.2f} / {:.2f} / {:.2f}".format(*(d[f"{kind}_{o}"] for o in ("map", "attention", "chance")))
                                      for kind in ("deleted", "kept"))] for d in r["maps"]]
    worse = [f"{d['id']} ({name})" for d in r["maps"] for name, order in (("class-activation map", "map"), ("attention map", "attention"))
             if d[f"deleted_{order}"] >= d["deleted_chance"]]
    beats = [[b["id"], b["records"], f(b["median_ratio"], 2) if b["median_ratio"] < 100 else "over 100", percent(b["share_above_one"], 0)] for b in r["beats"]]
    return [
        "## Do the maps mark what matters?", "",
        "Deletion and insertion (Petsiuk et al., BMVC 2018) on true positives above the confirming threshold: change of the logit, mean over "
        "10, 20, 30 and 50 % of the 160 ms steps, when the steps are deleted (each lead's median instead) or alone kept, in the order of "
        "the class-activation map / the attention map / chance. Deleting what matters costs more; keeping it costs less.", "",
        *table(["finding", "records", "deleted", "kept"], rows),
        *([f"Deleting by the map costs no more than by chance: {'; '.join(worse)}.", ""] if worse else []),
        "Relevance of the steps that hold an R peak over that of the others, for findings that are read off the QRS:", "",
        *table(["finding", "records", "median ratio", "records above 1"], beats),
        "The maps say which beat, not which part of it and not which lead; that they light up the QRS lies in how they are made.", ""]


def quantisation(r: dict) -> list[str]:
    rows = []
    for p, a in r["agreement"].items():
        for point, v in a["flips"].items():
            rows.append([p, f(a["mean"], 4), f(a["p99"]), f(a["max"]), point, percent(v["mean"], 2),
                         f"{v['worst_label']} {percent(v['worst'], 2)}"])
    return [
        "## Lower precisions against fp32", "",
        "Static int8: uint8 activations, int8 weights with one scale per channel, ranges from 384 training records, two in ten of them incomplete, for the wide "
        "convolutions of both encoders; all else computes in float, from int8 weights. Weight-only int8: "
        "float arithmetic. The head's weights are the same eight bits in every precision; the fp32 file stores the convolutions' weights as float16. Over all 59 outputs of fold 9:", "",
        *table(["precision", "mean logit gap", "99th percentile", "largest", "operating point", "decisions changed",
                "most on"], rows)]


def limits(e: dict) -> list[str]:
    return [
        "## Limitations, and what was never tested", "",
        "- Nothing outside PTB-XL fold 9 was measured: no other hospital, device, country, decade or ethnicity; no "
        "prospective use; no clinical benefit.",
        "- Figures on fold 9 are slightly optimistic, because the design, the calibration and the thresholds were chosen there.",
        "- Never tested: children, pregnancy, paced rhythm apart from the few labelled, congenital disease, dextrocardia, "
        "swapped electrodes beyond the table above, labelled ECGs on real paper (only printed and photographed by simulation), recordings shorter than 10 s, telemetry, ECGs with a diagnostic filter already applied.",
        "- Thresholds were set on complete recordings and are kept on incomplete ones.",
        f"- With more than {beats.SINGLE} beats in ten seconds not all are read one by one: a single odd beat can be missed by that half of the network. Nothing "
        "between beats (long pauses, flutter waves far from a QRS) is read but through intervals.",
        "- The outlier score knows what it was tried on (table above) and nothing else.",
        "- Thresholds are for PTB-XL's prevalences; elsewhere predictive values will differ.", ""]


def open_science() -> list[str]:
    return [
        "## Licence and reproducibility", "",
        "Weights: CC BY 4.0, derived from PTB-XL (CC BY 4.0); cite Wagner et al. 2020 and Goldberger et al., Circulation "
        "101:e215 (2000). Code: Apache-2.0. `models/train/run.sh` makes every file here, this card included, from the raw "
        "folder; seeds are fixed, versions pinned. Known-answer inputs are invented sums of Gaussians, not patient data. "
        "No protocol was registered and no patients were involved in the design.", ""]
