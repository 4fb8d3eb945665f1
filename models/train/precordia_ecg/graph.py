"""The deployed graph: batch normalisation folded into the convolutions, then ONNX written node by node.

Writing the graph by hand (instead of tracing it) fixes what the WebGPU and WebAssembly providers of ONNX Runtime Web
rely on: explicit pads, static shapes, batch 1, dense 1-D convolutions, no operator outside this list:
GlobalAveragePool, Sub, Clip, Div, Conv, Relu, Sigmoid, Mul, Add, Reshape, Transpose, MatMul, Softmax, ReduceMean, Gemm.

    ecg       [1, 12, 1000]  mV, any number where missing
    missing   [1, 12, 1000]  1 where nothing was recorded, else 0
    logits    [1, K]         bias + weight . mean_t features
    features  [1, C, 63]     last feature map, after ReLU
    attention [1, 63]        how much each step is read by all; its mean is 1
    person    [1, 2]         age (in 20 years from 60) and the logit of male sex
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from .data import SAMPLES
from .network import CLIP_MV, Attention, Block, EcgNet

OPSET = 17
IR_VERSION = 8


@dataclass
class Folded:
    """One convolution: weight float32 [out, in, kernel], bias [out]."""

    weight: np.ndarray
    bias: np.ndarray | None
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
    bias = None if conv.bias is None else conv.bias.detach().float().numpy()
    return Folded(conv.weight.detach().float().numpy()[:, :, 0], bias, conv.stride[1], conv.padding[1])


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
        inputs = [x, self.constant(f"{output}.weight", c.weight)]
        if c.bias is not None:
            inputs.append(self.constant(f"{output}.bias", c.bias))
        return self.node("Conv", inputs, output, kernel_shape=[c.weight.shape[2]], strides=[c.stride],
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


    def centre(self, ecg: str, missing: str) -> str:
        """Each lead minus its mean over what was recorded, clipped, 0 where missing."""
        one = self.constant("one", np.float32(1))
        share = self.node("Sub", [one, self.node("GlobalAveragePool", [missing], "missing.share")], "there.share")
        share = self.node("Clip", [share, self.constant("share.least", np.float32(1 / SAMPLES)), one], "there.clipped")
        there = self.node("Sub", [one, missing], "there")
        seen = self.node("GlobalAveragePool", [self.node("Mul", [ecg, there], "seen")], "offset")
        mean = self.node("Div", [seen, share], "mean")
        x = self.node("Clip", [self.node("Sub", [ecg, mean], "centred"), self.constant("clip.low", np.float32(-CLIP_MV)),
                               self.constant("clip.high", np.float32(CLIP_MV))], "clipped")
        return self.node("Mul", [x, there], "present")

    def attention(self, x: str, a: Attention, steps: int, output: str) -> str:
        """Writes the features as `output` and the map as "attention". One record, so the heads take the batch's axis."""
        channels, keys = a.out.in_channels, a.key[0].out_channels

        def split(pair: nn.Sequential, name: str, width: int, scale: float = 1.0) -> str:
            c = fold(pair)
            c = Folded(c.weight * np.float32(scale), c.bias * np.float32(scale), c.stride, c.pad)
            shape = self.constant(f"{name}.shape", np.array([a.heads, width // a.heads, steps], np.int64))
            return self.node("Reshape", [self.conv(x, c, name), shape], f"{name}.heads")

        q = split(a.query, "attend.query", keys, (keys // a.heads) ** -0.5)
        k, v = split(a.key, "attend.key", keys), split(a.value, "attend.value", channels)
        q = self.node("Transpose", [q], "attend.query.steps", perm=[0, 2, 1])
        share = self.node("Softmax", [self.node("MatMul", [q, k], "attend.score")], "attend.share", axis=-1)
        v = self.node("Transpose", [v], "attend.value.steps", perm=[0, 2, 1])
        y = self.node("Transpose", [self.node("MatMul", [share, v], "attend.read")], "attend.read.channels", perm=[0, 2, 1])
        y = self.node("Reshape", [y, self.constant("attend.joined.shape", np.array([1, channels, steps], np.int64))], "attend.joined")
        mean = self.node("ReduceMean", [share], "attend.mean", axes=[0, 1], keepdims=0)
        mean = self.node("Reshape", [mean, self.constant("attend.mean.shape", np.array([1, steps], np.int64))], "attend.row")
        self.node("Mul", [mean, self.constant("attend.steps", np.float32(steps))], "attention")
        return self.node("Relu", [self.node("Add", [x, self.conv(y, plain(a.out), "attend.out")], "attend.sum")], output)


def head_of(net: EcgNet) -> tuple[np.ndarray, np.ndarray]:
    """Weight [K, C] and bias [K] of the statements."""
    k = net.outputs
    return net.head.weight.detach().float().numpy()[:k].copy(), net.head.bias.detach().float().numpy()[:k].copy()


def build(net: EcgNet) -> onnx.ModelProto:
    """The float32 graph of `net` (averaged weights, evaluation mode)."""
    steps = SAMPLES
    for layer in [net.stem, *(b.first for b in net.blocks)]:
        conv = layer[0]
        steps = (steps + 2 * conv.padding[1] - conv.kernel_size[1]) // conv.stride[1] + 1
    w = Writer()
    x = w.conv(w.centre("ecg", "missing"), fold(net.stem), "stem")
    x = w.relu(w.node("Add", [x, w.conv("missing", plain(net.flags), "flags")], "stem.sum"))
    for i, block in enumerate(net.blocks):
        x = w.block(x, block, f"block{i}", f"block{i}.out")
    x = w.attention(x, net.attention, steps, "features")
    weight, bias = head_of(net)
    outputs, channels = weight.shape
    pooled = w.node("GlobalAveragePool", [x], "pooled")
    flat = w.node("Reshape", [pooled, w.constant("flat.shape", np.array([1, channels], np.int64))], "flat")
    w.node("Gemm", [flat, w.constant("head.weight", weight), w.constant("head.bias", bias)], "logits", transB=1)
    w.node("Gemm", [flat, w.constant("person.weight", net.head.weight.detach().float().numpy()[outputs:]),
                    w.constant("person.bias", net.head.bias.detach().float().numpy()[outputs:])], "person", transB=1)

    def info(name: str, *shape: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))

    graph = helper.make_graph(
        w.nodes, "precordia_ecg", [info("ecg", 1, 12, SAMPLES), info("missing", 1, 12, SAMPLES)],
        [info("logits", 1, outputs), info("features", 1, channels, steps), info("attention", 1, steps), info("person", 1, 2)],
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
