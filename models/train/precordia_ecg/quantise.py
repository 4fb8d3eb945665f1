"""Two 8-bit forms of the float graph.

`static_int8`: QuantizeLinear/DequantizeLinear pairs, activations uint8 (asymmetric), weights int8 symmetric with one
scale per output channel ("U8S8"): what ONNX Runtime's WebAssembly provider runs fastest. In float stay the first
convolution (eight bits over the input's range would be steps of 40 uV), the first block (alone it made almost half of
the mean logit error: 0.044 with it in int8, 0.024 without, at 5 % of the weights), the attention stage (a softmax over
eight-bit scores is coarse, and it is 7 % of the arithmetic) and the head (the class-activation map needs logits = bias +
weight . mean(features) exactly). What stays in float keeps its weights as int8 too, behind a DequantizeLinear: the file
is what a tablet downloads.

`weight_only_int8`: the same int8 weights behind one DequantizeLinear each (per output channel, axis 0), float
arithmetic; for WebGPU, where a fully quantised graph falls apart into CPU pieces.
"""
from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from .network import EcgNet

FLOAT_PREFIXES = ("stem", "flags", "block0.", "attend.", "attended", "beats.", "features", "attention", "present", "seen")  # of node names


class _Batches(CalibrationDataReader):
    def __init__(self, x: np.ndarray, missing: np.ndarray):
        self.rows = iter(zip(x, missing))

    def get_next(self):
        row = next(self.rows, None)
        return None if row is None else {"ecg": row[0][None], "missing": row[1][None]}


def static_int8(model: onnx.ModelProto, calibration: tuple[np.ndarray, np.ndarray],
                method: CalibrationMethod = CalibrationMethod.Percentile, percentile: float = 99.999,
                float_prefixes: tuple[str, ...] = FLOAT_PREFIXES) -> onnx.ModelProto:
    """`calibration`: ecg and missing, float32 [n, 12, 1000] each, from training folds."""
    kinds = ["Conv", "Relu", "Mul", "Add", "GlobalAveragePool", "Sigmoid"]
    outside = {"offset.GlobalAveragePool", "missing.share.GlobalAveragePool", "pooled.GlobalAveragePool"}
    outside |= {n.name for n in model.graph.node if n.name.startswith(float_prefixes)}
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
                              numpy_helper.from_array(scale, f"{name}.scale"),
                              numpy_helper.from_array(np.zeros(len(scale), np.int8), f"{name}.zero")]
            nodes.append(helper.make_node("DequantizeLinear", [t.name for t in replaced[name]], [f"{name}.float"],
                                          name=f"{name}.DequantizeLinear", axis=0))
            n.input[1] = f"{name}.float"
        nodes.append(n)
    weights = [t for t in graph.initializer if t.name not in replaced]
    for parts in replaced.values():
        weights.extend(parts)
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(weights)
    onnx.checker.check_model(out, full_check=True)
    return out
