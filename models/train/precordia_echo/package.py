"""From one checkpoint to models/echo-unet-1: fp32, int8 and int8-weights artefacts, known answers, the manifest entry and the card. With --stills
to models/echo-stills-1, measured beside the artefacts of echo-unet-1 that are there.

  python -m precordia_echo.package CHECKPOINT.pt [CHECKPOINT.pt ...] --data FOLDER --models FOLDER [--stills]

A network with a pretrained encoder (preset lite*) becomes models/echo-stills-2, without fp32: that would be the largest file of the repository.

Of several checkpoints of one run of trainings the mean of the weights is taken (Wortsman et al., ICML 2022: "model soups").
"""
import argparse
import hashlib
import json
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from precordia_ecg.package import short_lists, with_entry
from precordia_ecg.quantise import weight_only_int8

from . import data, evaluate
from .train import build

CLIPS, STILLS, PRETRAINED = "echo-unet-1", "echo-stills-1", "echo-stills-2"
VERSION = {CLIPS: "1.5.0", STILLS: "1.0.0", PRETRAINED: "1.0.0"}
TITLE = {CLIPS: "Apical echo network", STILLS: "Apical echo network for single pictures",
         PRETRAINED: "Apical echo network for single pictures, encoder from ImageNet"}
PROBE = 8   # kEchoProbe of src/nets/manifest.h
TOLERANCE = {"int8": 1.0, "int8-weights": 0.05, "fp32": 0.02}
PROVIDERS = {"int8": ["wasm"], "int8-weights": ["webgpu", "wasm"], "fp32": ["wasm", "webgpu"]}
# In float: the first convolution sees every grey level, and the head's logits are compared with one another.
FLOAT_NODES = ("/stem/", "/head/")
LICENCE = "CC BY-NC-SA 4.0 (trained on CAMUS): research only"


def phantom(kind: int, side: int) -> np.ndarray:
    """A fan with an oval cavity and bright walls, made by formula: no patient's picture can be committed."""
    y, x = np.mgrid[0:side, 0:side] / side
    fan = (np.abs(x - 0.5) < 0.55 * y) & (np.hypot(x - 0.5, y) < 0.98)
    width, tilt = (0.16, 0.0) if kind == 0 else (0.11, 0.15)
    u, v = x - 0.5 - tilt * (0.45 - y), y - 0.42
    oval = np.sqrt((u / width) ** 2 + (v / 0.28) ** 2)
    grey = np.where(oval < 1, 0.08, np.where(oval < 1.35, 0.62, 0.3)) + 0.12 * np.sin(37 * x + 9 * kind) * np.sin(41 * y)
    return np.where(fan, np.clip(grey, 0.02, 1), 0).astype("<f4")


class Frames(CalibrationDataReader):
    def __init__(self, x):
        self.rows = iter(x)

    def get_next(self):
        row = next(self.rows, None)
        return None if row is None else {"frames": row[None]}


def static_int8(model, x):
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.onnx", Path(folder) / "b.onnx"
        onnx.save(model, source)
        outside = [n.name for n in model.graph.node if n.name.startswith(FLOAT_NODES) or n.op_type in ("Gemm", "ReduceMean", "DepthToSpace") or n.name == "/Resize"]
        quantize_static(source, target, Frames(x), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8,
                        weight_type=QuantType.QInt8, nodes_to_exclude=outside, calibrate_method=CalibrationMethod.Percentile,
                        extra_options={"ActivationSymmetric": False, "WeightSymmetric": True, "CalibPercentile": 99.99,
                                       "CalibTensorRangeSymmetric": False})
        return weight_only_int8(onnx.load(target))


def without_unused(model: onnx.ModelProto) -> onnx.ModelProto:
    """Without the constants that quantisation has left behind: ONNX Runtime warns of each when it loads the file."""
    used = {name for node in model.graph.node for name in node.input}
    for part, kept in ((model.graph.initializer, [t for t in model.graph.initializer if t.name in used]),
                       (model.graph.node, [n for n in model.graph.node if n.op_type != "Constant" or n.output[0] in used])):
        del part[:]
        part.extend(kept)
    return model


def export(net) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "net.onnx"
        torch.onnx.export(net, torch.zeros(1, 1, net.side, net.side), path, input_names=["frames"], output_names=["masks", "view", "quality"],
                          opset_version=17, dynamo=False)
        return onnx.load(path)


def session_of(path: Path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def probe(masks: np.ndarray) -> list[float]:
    step = masks.shape[-1] // PROBE
    return [round(float(v), 4) for v in masks[0, :, step // 2::step, step // 2::step].ravel()]


def write_card(folder: Path, measured: dict, net, beside: list[str], training: str):
    rows = []
    model, parameters, side = folder.name, sum(p.numel() for p in net.parameters()), net.side
    beside = f" by this network and those of {' and '.join(beside)}, whose mean counts" if beside else ""
    kind = "U-Net with the encoder of EfficientNet-Lite 2, without its last stages (precordia_echo/pretrained.py)" if model == PRETRAINED else "residual U-Net (precordia_echo/network.py)"
    for precision, m in measured.items():
        rows.append(f"| {precision} | {m['dice']['lv']:.4f} | {m['dice']['myocardium']:.4f} | {m['dice']['la']:.4f} | {m['dice_es_lv']:.4f} | "
                    f"{m['biplane']['mae']:.2f} / {m['biplane']['bias']:+.2f} / {m['biplane']['sd']:.2f} / {m['biplane']['r']:.3f} | "
                    f"{m['ef4']['mae']:.2f} / {m['ef4']['bias']:+.2f} / {m['ef4']['sd']:.2f} / {m['ef4']['r']:.3f} | "
                    f"{m['ef2']['mae']:.2f} / {m['ef2']['bias']:+.2f} / {m['ef2']['sd']:.2f} / {m['ef2']['r']:.3f} | {m['view_accuracy']:.3f} |")
    (folder / "CARD.md").write_text(f"""# {model}: left ventricle, myocardium and left atrium on apical echo frames

Decision support for research, not a medical device. Licence of the weights: {LICENCE}.

- **Input** one frame [1, 1, {side}, {side}], grey 0..1: the bounding box of the ultrasound sector stretched to the square, 0 outside the sector.
- **Outputs** masks [1, 4, {side}, {side}] logits (background, left ventricle, myocardium, left atrium); view [1, 3] logits (apical
  4-chamber, apical 2-chamber, neither); quality [1, 3] logits (good, medium, poor, as CAMUS rates them).
- **Network** {kind}, {parameters / 1e6:.2f} M parameters.
- **Training** {training}
- **Negatives** of the view head are made from apical pictures (upside down, on their side, far too near, shuffled, noise): no other real
  view is at hand, so what it says of parasternal or subcostal views is not tested.

## Measured on the 50 CAMUS validation patients (200 frames, never trained on)

Dice at 224 x 224, mean over frames, each read five times (src/echo/placement.h){beside}. EF by Simpson's discs from the network's masks against EF from the experts' masks of the same frames,
in points: mean absolute error / bias / SD of the error / correlation.

| artefact | LV | myocardium | LA | LV at end-systole | biplane EF | 4-chamber EF | 2-chamber EF | view right |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
{chr(10).join(rows)}

Not tested: other vendors with ground truth, children, contrast, congenital disease, real clips with a measured EF. The official CAMUS
test patients were not at hand.

    models/train/run-echo.sh        # from ../shared/data/echo to these files
""")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--stills", action="store_true", help="the network that reads single pictures beside the other")
    parser.add_argument("--training", default="400 CAMUS training patients (experts' contours), 160 simulated loops of our own, and, but for echo-stills-2, what larger and earlier networks say of them; stages and seeds in models/train/README.md.")
    o = parser.parse_args()
    torch.set_num_threads(1)
    saved = [torch.load(path, weights_only=False) for path in o.checkpoint]
    preset = saved[0]["preset"]
    net = build(preset)
    states = [each["average"] for each in saved]
    net.load_state_dict({name: sum(state[name] for state in states) / len(states) if value.dtype.is_floating_point else value
                         for name, value in states[0].items()})
    net.eval()
    camus = data.load(o.data)
    train = np.flatnonzero(~camus.held_out)
    rng = np.random.default_rng(1)
    x = evaluate.reduce(camus.image[rng.choice(train, 160, replace=False)], net.side)
    model_id = CLIPS if not o.stills else PRETRAINED if preset.startswith("lite") else STILLS
    # Every network that reads a still picture together with this one, as far as it was packed before.
    beside = {CLIPS: [], STILLS: [CLIPS], PRETRAINED: [CLIPS, STILLS]}[model_id]
    folder = o.models / model_id
    folder.mkdir(parents=True, exist_ok=True)
    plain = export(net)
    graphs = {"int8": static_int8(plain, x), "int8-weights": weight_only_int8(plain)}
    if model_id != PRETRAINED:
        graphs["fp32"] = plain
    rows = np.flatnonzero(camus.held_out)
    measured, probes = {}, {}
    for precision, graph in graphs.items():
        onnx.save(without_unused(graph), folder / f"{precision}.onnx")
        session = session_of(folder / f"{precision}.onnx")
        others = [session_of(o.models / other / f"{precision}.onnx") for other in beside]
        measured[precision] = evaluate.report(*evaluate.read([*others, session], camus.image[rows]), camus, rows, o.data)
        probes[precision] = [probe(session.run(["masks"], {"frames": phantom(k, net.side)[None, None]})[0]) for k in (0, 1)]
        print(precision, json.dumps(measured[precision]), flush=True)
    sha = lambda path: hashlib.sha256(path.read_bytes()).hexdigest()
    answers = []
    for k in (0, 1):
        path = folder / f"known_answer_{k + 1}.f32"
        path.write_bytes(phantom(k, net.side).tobytes())
        answers.append({"file": f"{model_id}/{path.name}", "sha256": sha(path), "description": "fan with an oval cavity, by formula",
                        "logits": {p: probes[p][k] for p in graphs}, "tolerance": {p: TOLERANCE[p] for p in graphs}})
    session = session_of(folder / "int8.onnx")
    once = evaluate.report(*evaluate.read([session], camus.image[rows], evaluate.PLACEMENTS[:1]), camus, rows, o.data)
    write_card(folder, {**measured, "int8, alone, read once": once}, net, beside, o.training)
    entry = {
        "id": model_id, "task": "echo-segmentation", "title": TITLE[model_id], "version": VERSION[model_id], **({"stills_only": True} if o.stills else {}),
        "artefacts": [{"precision": p, "file": f"{model_id}/{p}.onnx", "sha256": sha(folder / f"{p}.onnx"),
                       "bytes": (folder / f"{p}.onnx").stat().st_size, "providers": PROVIDERS[p]} for p in graphs],
        "input": {"name": "frames", "shape": [1, 1, net.side, net.side], "unit": "grey 0..1, the sector's box stretched to the square"},
        "outputs": [{"name": "masks", "shape": [1, 4, net.side, net.side], "role": "masks"}, {"name": "view", "shape": [1, 3], "role": "view"},
                    {"name": "quality", "shape": [1, 3], "role": "quality"}],
        "ef_sd_percent": {"single_plane": once["ef4"]["sd"], "biplane": once["biplane"]["sd"]},
        "known_answers": answers,
        "training": {"data": "CAMUS training patients (Leclerc 2019); measured on its validation patients"},
        "licence": LICENCE, "card": f"{model_id}/CARD.md",
        "measured": {p: {key: m[key] for key in ("dice", "biplane", "ef4", "ef2")} for p, m in {**measured, "int8 read once": once}.items()},
    }
    manifest = with_entry(o.models / "manifest.json", entry)
    (o.models / "manifest.json").write_text(short_lists(json.dumps(manifest, indent=1, ensure_ascii=False)) + "\n")


if __name__ == "__main__":
    main()
