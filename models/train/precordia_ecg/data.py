"""PTB-XL as the training needs it: integer signals of the eight independent leads, labels, age and sex.

Data: Wagner et al., "PTB-XL, a large publicly available electrocardiography dataset", Sci Data 7:154 (2020),
doi 10.1038/s41597-020-0495-6, version 1.0.3, CC BY 4.0. Folds 1-8 train, fold 9 tunes, fold 10 is never read.
"""
from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LEADS = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
INDEPENDENT = [0, 1, 6, 7, 8, 9, 10, 11]  # I, II, V1-V6: the other four limb leads follow from I and II
QUANTUM_MV = 0.005  # the stored resolution, 5 uV
SAMPLE_RATE_HZ = 100
SAMPLES = 1000
TRAIN_FOLDS = tuple(range(1, 9))
TUNE_FOLD = 9
HEADS = (("superclass", "superclass5"), ("subclass", "subclass23"), ("form", "form19"), ("rhythm", "rhythm12"))

TITLES = {
    "NORM": "Normal ECG", "MI": "Myocardial infarction", "STTC": "ST-T change", "CD": "Conduction disturbance",
    "HYP": "Hypertrophy",
    "AMI": "Anterior myocardial infarction", "AVB": "Atrioventricular block",
    "CLBBB": "Complete left bundle branch block", "CRBBB": "Complete right bundle branch block",
    "ILBBB": "Incomplete left bundle branch block", "IMI": "Inferior myocardial infarction",
    "IRBBB": "Incomplete right bundle branch block", "ISC": "Ischaemic ST-T changes, unspecific",
    "ISCA": "Ischaemia in anterior leads", "ISCI": "Ischaemia in inferior leads",
    "IVCD": "Non-specific intraventricular conduction delay", "LAFB/LPFB": "Left anterior or posterior fascicular block",
    "LAO/LAE": "Left atrial overload or enlargement", "LMI": "Lateral myocardial infarction",
    "LVH": "Left ventricular hypertrophy", "NST": "Non-specific ST changes", "PMI": "Posterior myocardial infarction",
    "RAO/RAE": "Right atrial overload or enlargement", "RVH": "Right ventricular hypertrophy",
    "SEHYP": "Septal hypertrophy", "WPW": "Wolff-Parkinson-White pattern",
    "ABQRS": "Abnormal QRS", "DIG": "Digitalis effect", "HVOLT": "High QRS voltage", "INVT": "Inverted T waves",
    "LNGQT": "Long QT interval", "LOWT": "Low-amplitude T waves", "LPR": "Prolonged PR interval",
    "LVOLT": "Low QRS voltages", "NDT": "Non-diagnostic T abnormalities", "NT": "Non-specific T-wave changes",
    "PAC": "Atrial premature complex", "PRC(S)": "Premature complexes", "PVC": "Ventricular premature complex",
    "QWAVE": "Q waves present", "STD": "Non-specific ST depression", "STE": "Non-specific ST elevation",
    "TAB": "T-wave abnormality", "VCLVH": "Voltage criteria for left ventricular hypertrophy",
    "AFIB": "Atrial fibrillation", "AFLT": "Atrial flutter", "BIGU": "Bigeminy", "PACE": "Pacemaker rhythm",
    "PSVT": "Paroxysmal supraventricular tachycardia", "SARRH": "Sinus arrhythmia", "SBRAD": "Sinus bradycardia",
    "SR": "Sinus rhythm", "STACH": "Sinus tachycardia", "SVARR": "Supraventricular arrhythmia",
    "SVTAC": "Supraventricular tachycardia", "TRIGU": "Trigeminy",
}

# SCP code to diagnostic subclass and superclass (scp_statements.csv of PTB-XL).
_SUBCLASSES = {
    ("NORM", "NORM"): "NORM", ("MI", "AMI"): "AMI ASMI ALMI INJAS INJAL INJLA", ("MI", "IMI"): "IMI ILMI IPMI IPLMI INJIN INJIL",
    ("MI", "LMI"): "LMI", ("MI", "PMI"): "PMI", ("STTC", "STTC"): "NDT DIG LNGQT ANEUR EL", ("STTC", "NST"): "NST_",
    ("STTC", "ISC"): "ISC_", ("STTC", "ISCA"): "ISCAL ISCAS ISCLA ISCAN", ("STTC", "ISCI"): "ISCIL ISCIN",
    ("CD", "LAFB/LPFB"): "LAFB LPFB", ("CD", "IRBBB"): "IRBBB", ("CD", "ILBBB"): "ILBBB", ("CD", "CLBBB"): "CLBBB",
    ("CD", "CRBBB"): "CRBBB", ("CD", "AVB"): "1AVB 2AVB 3AVB", ("CD", "IVCD"): "IVCD", ("CD", "WPW"): "WPW",
    ("HYP", "LVH"): "LVH", ("HYP", "RVH"): "RVH", ("HYP", "LAO/LAE"): "LAO/LAE", ("HYP", "RAO/RAE"): "RAO/RAE",
    ("HYP", "SEHYP"): "SEHYP",
}
STATEMENTS_OF = {code: (f"superclass/{superclass}", f"subclass/{subclass}")
                 for (superclass, subclass), codes in _SUBCLASSES.items() for code in codes.split()}


@dataclass
class Records:
    """n records in fold order. `signal` is int16 [n, 8, 1000] in units of 5 uV, leads I, II, V1-V6."""

    signal: np.ndarray
    labels: np.ndarray  # int8 [n, K], 1 / 0 / -1 = unknown
    label_ids: list[str]  # K names, "superclass/NORM" ...
    fold: np.ndarray
    age: np.ndarray  # years, nan = unknown, 300 = over 89
    sex: np.ndarray
    ecg_id: np.ndarray
    patient: np.ndarray
    likelihood: np.ndarray | None = None  # float32 [n, K]: targets softened where the annotator was unsure

    def take(self, rows: np.ndarray) -> "Records":
        return Records(self.signal[rows], self.labels[rows], self.label_ids, self.fold[rows], self.age[rows],
                       self.sex[rows], self.ecg_id[rows], self.patient[rows],
                       None if self.likelihood is None else self.likelihood[rows])

    def __len__(self) -> int:
        return len(self.signal)


def load(data: Path, cache: Path) -> Records:
    """Folds 1-9. The decoded signals are cached as one file in `cache`, because decoding takes 20 s."""
    cached = cache / "ptbxl.npz"
    if not cached.exists():
        reader = _reader(data)
        raw = reader.load(folds=[*TRAIN_FOLDS, TUNE_FOLD], folder=str(data / "ptbxl"))
        assert list(raw["leads"]) == LEADS
        signal = np.round(raw["x"][..., INDEPENDENT].transpose(0, 2, 1) / QUANTUM_MV).astype(np.int16)
        ids = [f"{head}/{name}" for head, key in HEADS for name in raw[f"{key}_names"].tolist()]
        labels = np.concatenate([raw[key] for _, key in HEADS], axis=1).astype(np.int8)
        cache.mkdir(parents=True, exist_ok=True)
        partial = cached.with_suffix(".partial.npz")
        np.savez(partial, signal=signal, labels=labels, ids=np.array(ids), fold=raw["fold"], age=raw["age"],
                 sex=raw["sex"].astype(str), ecg_id=raw["ecg_id"], patient=raw["patient_id"])
        partial.rename(cached)
    z = np.load(cached)
    ids = z["ids"].tolist()
    likelihood = soft_targets(z["labels"], ids, z["ecg_id"], data / "ptbxl" / "labels.npz")
    return Records(z["signal"], z["labels"], ids, z["fold"], z["age"], z["sex"], z["ecg_id"], z["patient"], likelihood)


def soft_targets(labels: np.ndarray, ids: list[str], ecg_id: np.ndarray, file: Path) -> np.ndarray:
    """0 or 1, but 0.5 + likelihood / 200 where every code behind a statement has a likelihood under 100 %.

    A likelihood of 0 means "not given" and counts as 100 %. Only `scp_codes` has likelihoods, for about 5,500 records.
    """
    target = np.maximum(labels, 0).astype(np.float32)
    column = {name: k for k, name in enumerate(ids)}
    rows = {int(e): i for i, e in enumerate(ecg_id)}
    z = np.load(file)
    for e, text in zip(z["ecg_id"], z["scp_codes"]):
        if not text or int(e) not in rows:
            continue
        surest: dict[int, float] = {}
        for code, likelihood in ast.literal_eval(str(text)).items():
            for name in STATEMENTS_OF.get(code, ()):
                surest[column[name]] = max(surest.get(column[name], 0), likelihood or 100.0)
        for k, likelihood in surest.items():
            if likelihood < 100 and target[rows[int(e)], k] == 1:
                target[rows[int(e)], k] = 0.5 + likelihood / 200
    return target


def twelve_leads(eight: np.ndarray) -> np.ndarray:
    """[..., 8, T] (I, II, V1-V6) to [..., 12, T] by Einthoven's and Goldberger's relations; any linear unit."""
    i, ii = eight[..., 0, :], eight[..., 1, :]
    limb = np.stack([i, ii, ii - i, -(i + ii) / 2, i - ii / 2, ii - i / 2], axis=-2)
    return np.concatenate([limb, eight[..., 2:, :]], axis=-2)


def model_input(records: Records) -> np.ndarray:
    """float32 [n, 12, 1000] in mV, as the deployed network takes it."""
    return twelve_leads(records.signal.astype(np.float32) * QUANTUM_MV).astype(np.float32)


def _reader(data: Path):
    """The project's own PTB-XL reader, which lies in the tools folder beside the data."""
    path = data.parent / "tools" / "ptbxl.py"
    if not path.exists():
        raise SystemExit(f"cannot find the PTB-XL reader at {path}: pass the data folder with --data")
    spec = importlib.util.spec_from_file_location("ptbxl", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
