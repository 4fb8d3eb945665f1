"""The deployed graph: batch normalisation folded into the convolutions, then ONNX written node by node.

Writing the graph by hand (instead of tracing it) fixes what the WebGPU and WebAssembly providers of ONNX Runtime Web
rely on: explicit pads, static shapes, batch 1, dense 1-D convolutions, no operator outside this list:
GlobalAveragePool, Sub, Clip, Conv, Relu, Sigmoid, Mul, Add, Reshape, Gemm.

    ecg      [1, 12, 1000]  mV
    features [1, C, 63]     last feature map, after ReLU
    logits   [1, K]         bias + weight . mean_t features
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from .data import SAMPLES
from .network import CLIP_MV, Block, EcgNet

OPSET = 17
IR_VERSION = 8


@dataclass
class Folded:
    """One convolution: weight float32 [out, in, kernel], bias [out]."""

    weight: np.ndarray
    bias: np.ndarray
    stride: int
    pad: int


def fold(pair: nn.Sequential) -> Folded:
    """Convolution and batch normalisation in inference form are one convolution; computed in float64."""
    conv, norm = pair
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    weight = conv.weight.double()[:, :, 0] * scale[:, None, None]
    bias = norm.bias.double() - norm.running_mean.double() * scale
    return Folded(weight.detach().float().numpy(), bias.detach().float().numpy(), conv.stride[1], conv.padding[1])


def plain(conv: nn.Conv2d) -> Folded:
    return Folded(conv.weight.detach().float().numpy()[:, :, 0], conv.bias.detach().float().numpy(), 1, 0)


class Writer:
    """Collects nodes and weights; every method returns the name of the tensor it makes."""

    def __init__(self):
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"{output}.{kind}", **attributes))
        return output

    def conv(self, x: str, c: Folded, output: str) -> str:
        w = self.constant(f"{output}.weight", c.weight)
        b = self.constant(f"{output}.bias", c.bias)
        return self.node("Conv", [x, w, b], output, kernel_shape=[c.weight.shape[2]], strides=[c.stride],
                         pads=[c.pad, c.pad], dilations=[1], group=1)

    def relu(self, x: str) -> str:
        return self.node("Relu", [x], f"{x}.relu")

    def block(self, x: str, block: Block, name: str, output: str) -> str:
        y = self.relu(self.conv(x, fold(block.first), f"{name}.first"))
        y = self.conv(y, fold(block.second), f"{name}.second")
        gate = self.node("GlobalAveragePool", [y], f"{name}.squeeze")
        gate = self.relu(self.conv(gate, plain(block.shrink), f"{name}.shrink"))
        gate = self.node("Sigmoid", [self.conv(gate, plain(block.expand), f"{name}.expand")], f"{name}.gate")
        y = self.node("Mul", [y, gate], f"{name}.gated")
        if isinstance(block.shortcut, nn.Sequential):
            x = self.conv(x, fold(block.shortcut), f"{name}.shortcut")
        return self.node("Relu", [self.node("Add", [y, x], f"{name}.sum")], output)


def head_of(net: EcgNet) -> tuple[np.ndarray, np.ndarray]:
    """Weight [K, C] and bias [K] of the deployed outputs."""
    k = net.outputs
    return net.head.weight.detach().float().numpy()[:k].copy(), net.head.bias.detach().float().numpy()[:k].copy()


def build(net: EcgNet) -> onnx.ModelProto:
    """The float32 graph of `net` (averaged weights, evaluation mode)."""
    w = Writer()
    x = w.node("Sub", ["ecg", w.node("GlobalAveragePool", ["ecg"], "offset")], "centred")
    x = w.node("Clip", [x, w.constant("clip.low", np.float32(-CLIP_MV)), w.constant("clip.high", np.float32(CLIP_MV))],
               "clipped")
    x = w.relu(w.conv(x, fold(net.stem), "stem"))
    last = len(net.blocks) - 1
    for i, block in enumerate(net.blocks):
        x = w.block(x, block, f"block{i}", "features" if i == last else f"block{i}.out")
    weight, bias = head_of(net)
    outputs, channels = weight.shape
    pooled = w.node("GlobalAveragePool", [x], "pooled")
    flat = w.node("Reshape", [pooled, w.constant("flat.shape", np.array([1, channels], np.int64))], "flat")
    w.node("Gemm", [flat, w.constant("head.weight", weight), w.constant("head.bias", bias)], "logits", transB=1)

    steps = SAMPLES
    for layer in [net.stem, *(b.first for b in net.blocks)]:
        conv = layer[0]
        steps = (steps + 2 * conv.padding[1] - conv.kernel_size[1]) // conv.stride[1] + 1
    graph = helper.make_graph(
        w.nodes, "precordia_ecg",
        [helper.make_tensor_value_info("ecg", TensorProto.FLOAT, [1, 12, SAMPLES])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, outputs]),
         helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, channels, steps])],
        w.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="precordia",
                              ir_version=IR_VERSION)
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    return model


def multiply_adds(model: onnx.ModelProto) -> int:
    """Multiplications of all convolutions and of the head, per record."""
    weights = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    length = {v.name: v.type.tensor_type.shape.dim[2].dim_value
              for v in [*model.graph.value_info, *model.graph.output] if len(v.type.tensor_type.shape.dim) == 3}
    total = 0
    for n in model.graph.node:
        if n.op_type == "Conv":
            total += weights[n.input[1]].size * length[n.output[0]]
        if n.op_type == "Gemm":
            total += weights[n.input[1]].size
    return total


def write(model: onnx.ModelProto, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
