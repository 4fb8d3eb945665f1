"""Two 8-bit forms of the float graph.

`static_int8`: QuantizeLinear/DequantizeLinear pairs, activations uint8 (asymmetric), weights int8 symmetric with one
scale per output channel ("U8S8"): what ONNX Runtime's WebAssembly provider runs fastest, twice as fast as float. In int8
are the wide convolutions of both encoders (quantised too, the encoders' stems, shortcuts and the mean beat's first block would save
0.4 of 5.8 ms, measured with eight beats, and bring the mean logit error from 0.028 to 0.098); in float stay all else and the head (the class-activation map needs
logits = bias + weight . mean(features) exactly). What stays in float keeps its weights as int8 too, behind a Cast and a
Mul: the file is what a tablet downloads, and ONNX Runtime folds both when it loads the file, which it does not do with a
DequantizeLinear.

`weight_only_int8`: the same int8 weights behind a Cast and a Mul each (per output channel), float arithmetic; for WebGPU,
where a fully quantised graph falls apart into CPU pieces.
"""
from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from .network import EcgNet

FLOAT_PREFIXES = ("beats.", "single", "token", "layer", "of.", "joint", "features", "attention", "present", "seen")  # of node names
EIGHT_BIT_PREFIXES = tuple(f"{encoder}.block{i}.{part}.Conv" for encoder, blocks in (("beats.mean", (1, 2)), ("single", (0, 1, 2)))
                           for i in blocks for part in ("first", "second"))  # in int8 all the same


class _Batches(CalibrationDataReader):
    def __init__(self, x: np.ndarray, missing: np.ndarray):
        self.rows = iter(zip(x, missing))

    def get_next(self):
        row = next(self.rows, None)
        return None if row is None else {"ecg": row[0][None], "missing": row[1][None]}


def static_int8(model: onnx.ModelProto, calibration: tuple[np.ndarray, np.ndarray],
                method: CalibrationMethod = CalibrationMethod.Percentile, percentile: float = 99.999,
                float_prefixes: tuple[str, ...] = FLOAT_PREFIXES,
                eight_bit_prefixes: tuple[str, ...] = EIGHT_BIT_PREFIXES) -> onnx.ModelProto:
    """`calibration`: ecg and missing, float32 [n, 12, 1000] each, from training folds."""
    kinds = ["Conv", "Relu", "Mul", "Add", "GlobalAveragePool", "Sigmoid"]
    outside = {"offset.GlobalAveragePool", "missing.share.GlobalAveragePool", "pooled.GlobalAveragePool"}
    outside |= {n.name for n in model.graph.node if n.name.startswith(float_prefixes) and not n.name.startswith(eight_bit_prefixes)}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, source)
        options = {"ActivationSymmetric": False, "WeightSymmetric": True}
        if method == CalibrationMethod.Percentile:
            options |= {"CalibPercentile": percentile, "CalibTensorRangeSymmetric": False}
        quantize_static(source, target, _Batches(*calibration), quant_format=QuantFormat.QDQ, op_types_to_quantize=kinds,
                        per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                        nodes_to_exclude=sorted(outside), calibrate_method=method, extra_options=options)
        quantised = onnx.load(target)
    return weight_only_int8(quantised)


def per_channel(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric int8 along axis 0: (int8 weight, float32 scale [out])."""
    scale = np.maximum(np.abs(weight).reshape(len(weight), -1).max(1), 1e-8) / 127.0
    codes = np.clip(np.round(weight / scale.reshape(-1, *[1] * (weight.ndim - 1))), -127, 127)
    return codes.astype(np.int8), scale.astype(np.float32)


@torch.no_grad()
def snap_head(net: EcgNet) -> None:
    """Rounds the weights of the head to what int8 holds, in every precision alike: the class-activation map needs one head."""
    codes, scale = per_channel(net.head.weight.numpy())
    net.head.weight.copy_(torch.from_numpy(codes * scale[:, None]))


def weight_only_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    out = onnx.ModelProto()
    out.CopyFrom(model)
    graph = out.graph
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    nodes, replaced = [], {}
    for n in graph.node:
        if n.op_type in ("Conv", "Gemm") and n.input[1] in values and values[n.input[1]].dtype == np.float32:
            name = n.input[1]
            codes, scale = per_channel(values[name])
            replaced[name] = [numpy_helper.from_array(codes, f"{name}.int8"),
                              numpy_helper.from_array(scale.reshape(-1, *[1] * (codes.ndim - 1)), f"{name}.scale")]
            nodes.append(helper.make_node("Cast", [f"{name}.int8"], [f"{name}.codes"], name=f"{name}.Cast", to=TensorProto.FLOAT))
            nodes.append(helper.make_node("Mul", [f"{name}.codes", f"{name}.scale"], [f"{name}.float"], name=f"{name}.Mul"))
            n.input[1] = f"{name}.float"
        nodes.append(n)
    weights = [t for t in graph.initializer if t.name not in replaced]
    for parts in replaced.values():
        weights.extend(parts)
    del graph.node[:], graph.initializer[:], graph.value_info[:]  # shapes are inferred when the file is loaded
    graph.node.extend(nodes)
    graph.initializer.extend(weights)
    onnx.checker.check_model(out, full_check=True)
    return out
