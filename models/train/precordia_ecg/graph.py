"""The deployed graph: batch normalisation folded into the convolutions, then ONNX written node by node.

Writing the graph by hand (instead of tracing it) fixes what the WebGPU and WebAssembly providers of ONNX Runtime Web
rely on: explicit pads, static shapes, batch 1, dense 1-D convolutions, no operator outside this list:
GlobalAveragePool, Sub, Clip, Div, Conv, Relu, Sigmoid, Mul, Add, Reshape, Transpose, MatMul, Softmax, ReduceMean, Gemm and, for the
beat stage (beats.py says what it computes), Slice, MaxPool, GlobalMaxPool, Equal, Greater, Less, Cast, TopK, Gather, ReduceSum,
ReduceMin, ReduceMax, Sqrt, Abs, Floor, Concat.

    ecg       [1, 12, 1000]  mV, any number where missing
    missing   [1, 12, 1000]  1 where nothing was recorded, else 0
    logits    [1, K]         bias + weight . mean_t features
    features  [1, C, 63]     last feature map, after ReLU; its last channels are the beat stage's, which stand where the beats are
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

from . import beats
from .data import SAMPLES
from .network import CLIP_MV, STEP_SAMPLES, Attention, BeatReader, Block, EcgNet

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

    # --- the beat stage: names begin with "beats." so that quantise.py leaves it in float ---

    def number(self, value: float) -> str:
        name = f"beats.number.{value:.9g}"
        return name if any(t.name == name for t in self.weights) else self.constant(name, np.float32(value))

    def integers(self, *values: int) -> str:
        name = "beats.integers." + ".".join(map(str, values))
        return name if any(t.name == name for t in self.weights) else self.constant(name, np.array(values, np.int64))

    def calculate(self, kind: str, output: str, *inputs: str | float, **attributes) -> str:
        return self.node(kind, [i if isinstance(i, str) else self.number(i) for i in inputs], f"beats.{output}", **attributes)

    def part(self, x: str, axis: int, first: int, last: int, output: str) -> str:
        return self.calculate("Slice", output, x, self.integers(first), self.integers(last), self.integers(axis))

    def sum(self, x: str, axis: int, output: str, keep: int = 1) -> str:
        return self.calculate("ReduceSum", output, x, self.integers(axis), keepdims=keep)

    def flag(self, kind: str, a: str, b: str | float, output: str) -> str:
        """1.0 where the comparison holds, else 0.0."""
        return self.calculate("Cast", output, self.calculate(kind, f"{output}.holds", a, b), to=TensorProto.FLOAT)

    def at_least(self, x: str, least: float, output: str) -> str:
        return self.calculate("Clip", output, x, least)

    def positions(self, x: str, there: str) -> str:
        """[1, 1, BEATS], as beats.positions."""
        pair = self.calculate("Mul", "pair", self.part(there, 2, 1, SAMPLES, "there.next"), self.part(there, 2, 0, SAMPLES - 1, "there.last"))
        slope = self.calculate("Sub", "slope", self.part(x, 2, 1, SAMPLES, "next"), self.part(x, 2, 0, SAMPLES - 1, "last"))
        slope = self.calculate("Mul", "slope.there", slope, pair)
        square = self.calculate("Mul", "slope.square", slope, slope)
        level = self.calculate("Div", "level.mean", self.sum(square, 2, "level.sum"), self.at_least(self.sum(pair, 2, "pairs"), 1, "pairs.clipped"))
        level = self.calculate("Add", "level", level, beats.SLOPE_FLOOR)
        weight = self.calculate("Reshape", "level.row", self.calculate("Div", "level.inverse", 1, level), self.integers(1, 1, 12))
        energy = self.calculate("MatMul", "relative.sum", weight, square)
        energy = self.calculate("Div", "energy.rough", energy, self.at_least(self.sum(pair, 1, "leads"), 1, "leads.clipped"))
        kernel = self.constant("beats.smooth", np.array(beats.SMOOTH, np.float32)[None, None])
        energy = self.calculate("Conv", "energy", energy, kernel, kernel_shape=[17], strides=[1], pads=[8, 8], dilations=[1], group=1)
        highest = self.calculate("MaxPool", "highest", energy, kernel_shape=[2 * beats.APART + 1], strides=[1], pads=[beats.APART, beats.APART])
        peak = self.calculate("Mul", "peak", self.flag("Equal", energy, highest, "is.peak"), energy)
        self.nodes.append(helper.make_node("TopK", [peak, self.integers(beats.BEATS)], ["beats.value", "beats.index"], name="beats.TopK", axis=2))
        least = self.calculate("Mul", "least", self.part("beats.value", 2, 3, 4, "fourth"), beats.WEAKEST)
        found = self.flag("Greater", "beats.value", least, "found")
        early = self.calculate("Sub", "index.early", self.calculate("Cast", "index.float", "beats.index", to=TensorProto.FLOAT), beats.NONE)
        keys = self.calculate("Add", "keys", self.calculate("Mul", "found.early", early, found), beats.NONE)
        self.nodes.append(helper.make_node("TopK", [keys, self.integers(beats.BEATS)], ["beats.at", "beats.order"], name="beats.sort.TopK", axis=2, largest=0))
        return "beats.at"

    def mean_beat(self, x: str, there: str, at: str) -> str:
        """[1, 36, WIDTH], as beats.mean_beat with all beats."""
        # Samples are gathered as columns of all leads, [1, WIDTH, BEATS, 12], with a column of zeros for what lies outside the record:
        # ten times as fast as a gather along the last axis, and only the finished picture need be transposed.
        row = self.calculate("Reshape", "at.row", at, self.integers(1, beats.BEATS))
        window = self.constant("beats.window", np.arange(1 - beats.BEFORE, 1 + beats.AFTER, dtype=np.float32)[:, None])
        index = self.calculate("Clip", "window.clipped", self.calculate("Add", "window.at", row, window), 0, SAMPLES + 1)
        index = self.calculate("Cast", "window.index", index, to=TensorProto.INT64)
        nothing = self.constant("beats.nothing", np.zeros((1, 1, 12), np.float32))

        def around(rows: str, name: str) -> str:
            columns = self.calculate("Transpose", f"{name}.columns", rows, perm=[0, 2, 1])
            columns = self.calculate("Concat", f"{name}.padded", nothing, columns, nothing, axis=1)
            return self.calculate("Gather", name, columns, index, axis=1)

        beat, seen = around(x, "beat"), around(there, "seen")
        count = self.sum(seen, 1, "count")
        own = self.calculate("Div", "own.mean", self.sum(beat, 1, "own.sum"), self.at_least(count, 1, "count.clipped"))
        beat = self.calculate("Sub", "beat.level", beat, own)
        share = self.calculate("Mul", "share", count, 1 / beats.WIDTH)
        weight = self.calculate("Mul", "weight", seen, self.calculate("Mul", "share.square", share, share))
        total = self.sum(weight, 2, "total")
        most = self.at_least(total, beats.LEAST, "total.clipped")
        mean = self.calculate("Div", "mean", self.sum(self.calculate("Mul", "beat.weighed", beat, weight), 2, "mean.sum"), most)
        off = self.calculate("Sub", "off", beat, mean)
        off = self.calculate("Mul", "off.weighed", self.calculate("Mul", "off.square", off, off), weight)
        variance = self.calculate("Add", "variance", self.calculate("Div", "variance.rough", self.sum(off, 2, "off.sum"), most), beats.TINY)
        spread = self.calculate("Mul", "spread", self.calculate("Sqrt", "deviation", variance), beats.SPREAD_GAIN)
        picture = self.calculate("Concat", "picture.columns", mean, spread, self.flag("Less", total, beats.LEAST, "absent"), axis=3)
        picture = self.calculate("Reshape", "picture.flat", picture, self.integers(1, beats.WIDTH, 36))
        return self.calculate("Transpose", "picture", picture, perm=[0, 2, 1])

    def rhythm(self, at: str) -> str:
        """[1, RHYTHM, 1], as beats.rhythm."""
        after = self.part(at, 2, 1, beats.BEATS, "at.next")
        there = self.flag("Less", after, beats.NONE, "rr.there")
        rr = self.calculate("Mul", "rr", self.calculate("Sub", "rr.rough", after, self.part(at, 2, 0, beats.BEATS - 1, "at.last")), there)
        number = self.sum(there, 2, "rr.number")
        most = self.at_least(number, 1, "rr.number.clipped")
        mean = self.calculate("Div", "rr.mean", self.sum(rr, 2, "rr.sum"), most)
        off = self.calculate("Sub", "rr.off", rr, mean)
        off = self.calculate("Mul", "rr.off.there", self.calculate("Mul", "rr.off.square", off, off), there)
        variance = self.calculate("Div", "rr.variance.rough", self.sum(off, 2, "rr.off.sum"), most)
        spread = self.calculate("Sqrt", "rr.spread", self.calculate("Add", "rr.variance", variance, beats.TINY * beats.RATE_HZ ** 2))
        long = self.calculate("Sub", "rr.or.less", rr, self.calculate("Mul", "rr.nine", there, 9 * beats.RATE_HZ))
        shortest = self.calculate("Add", "rr.shortest", self.calculate("ReduceMin", "rr.least", long, axes=[2], keepdims=1), 9 * beats.RATE_HZ)
        longest = self.calculate("ReduceMax", "rr.longest", rr, axes=[2], keepdims=1)
        last = beats.BEATS - 1
        later = self.part(there, 2, 1, last, "rr.later")
        step = self.calculate("Abs", "rr.step.size", self.calculate("Sub", "rr.step.rough", self.part(rr, 2, 1, last, "rr.next"), self.part(rr, 2, 0, last - 1, "rr.last")))
        step = self.calculate("Mul", "rr.step", step, later)
        steps = self.at_least(self.sum(later, 2, "rr.steps"), 1, "rr.steps.clipped")
        tenth = self.calculate("Mul", "rr.tenth", mean, 0.1)
        uneven = self.calculate("Div", "rr.uneven", self.sum(self.flag("Greater", step, tenth, "rr.is.uneven"), 2, "rr.uneven.sum"), steps)
        step = self.calculate("Div", "rr.step.mean", self.sum(step, 2, "rr.step.sum"), steps)
        rate = self.calculate("Div", "rr.rate", 1, self.at_least(mean, 0.2 * beats.RATE_HZ, "rr.mean.clipped"))
        out = self.calculate("Concat", "rr.numbers", number, mean, spread, shortest, longest, step, uneven, rate, axis=1)
        units = np.array(beats.RHYTHM_UNITS, np.float32)
        units = self.calculate("Mul", "rr.units.there", self.constant("beats.rr.units", units[None, :, None]), self.flag("Greater", number, 1.5, "rr.several"))
        return self.calculate("Mul", "rr.enough", out, units)

    def place(self, at: str, steps: int) -> str:
        """[1, 1, steps], as beats.place."""
        step = self.calculate("Floor", "step", self.calculate("Div", "step.exact", at, STEP_SAMPLES))
        column = self.calculate("Reshape", "step.column", step, self.integers(1, beats.BEATS, 1))
        numbers = self.constant("beats.steps", np.arange(steps, dtype=np.float32)[None, None])
        held = self.sum(self.flag("Equal", column, numbers, "step.holds"), 1, "held")
        total = self.sum(held, 2, "held.sum")
        share = self.calculate("Div", "held.share", self.calculate("Mul", "held.many", held, float(steps)), self.at_least(total, 1, "held.clipped"))
        return self.calculate("Add", "place", share, self.flag("Less", total, 0.5, "held.none"))

    def beat(self, reader: BeatReader, steps: int) -> str:
        """Features [1, C, steps] of the beat stage; takes "present" and "there"."""
        at = self.positions("present", "there")
        x = self.calculate("Clip", "picture.clipped", self.mean_beat("present", "there", at), -CLIP_MV, CLIP_MV)
        x = self.relu(self.conv(x, fold(reader.stem), "beats.stem"))
        for i, block in enumerate(reader.blocks):
            x = self.block(x, block, f"beats.block{i}", f"beats.block{i}.out")
        r = self.relu(self.conv(self.rhythm(at), plain(reader.rhythm), "beats.rhythm"))
        r = self.relu(self.conv(r, plain(reader.rhythm_again), "beats.rhythm.again"))
        x = self.calculate("Concat", "all", self.calculate("GlobalAveragePool", "pooled", x), self.calculate("GlobalMaxPool", "highest.pooled", x), r, axis=1)
        x = self.relu(self.conv(x, fold(reader.mixed), "beats.mixed"))
        return self.calculate("Mul", "features", x, self.place(at, steps))


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
    x = w.attention(x, net.attention, steps, "attended")
    x = w.node("Concat", [x, w.beat(net.beat, steps)], "features", axis=1)
    weight, bias = head_of(net)
    outputs, channels = weight.shape
    pooled = w.node("GlobalAveragePool", [x], "pooled")
    flat = w.node("Reshape", [pooled, w.constant("flat.shape", np.array([1, channels], np.int64))], "flat")
    w.node("Gemm", [flat, w.constant("head.weight", weight), w.constant("head.bias", bias)], "logits", transB=1)
    w.node("Gemm", [flat, w.constant("person.weight", net.head.weight.detach().float().numpy()[outputs:outputs + 2].copy()),
                    w.constant("person.bias", net.head.bias.detach().float().numpy()[outputs:outputs + 2].copy())], "person", transB=1)

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


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with the convolutions' weights stored as float16 behind a Cast: float32 arithmetic in half the file, because
    the repository takes none over 3 MB."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    stored = {t.name: t for t in out.graph.initializer}
    casts = []
    for n in out.graph.node:
        if n.op_type == "Conv" and n.input[1].endswith(".weight"):
            tensor = stored[n.input[1]]
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name))
            casts.append(helper.make_node("Cast", [tensor.name], [f"{tensor.name}.float"], name=f"{tensor.name}.Cast", to=TensorProto.FLOAT))
            n.input[1] = casts[-1].output[0]
    nodes = [*casts, *out.graph.node]
    del out.graph.node[:]
    out.graph.node.extend(nodes)
    onnx.checker.check_model(out, full_check=True)
    return out


def multiply_adds(model: onnx.ModelProto) -> int:
    """Multiplications of all convolutions and of the head, per record."""
    weights = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    length = {v.name: v.type.tensor_type.shape.dim[2].dim_value
              for v in [*model.graph.value_info, *model.graph.output] if len(v.type.tensor_type.shape.dim) == 3}
    total = 0
    for n in model.graph.node:
        if n.op_type == "Conv":
            total += weights[n.input[1].removesuffix(".float")].size * length[n.output[0]]
        if n.op_type == "Gemm":
            total += weights[n.input[1]].size
    return total


def write(model: onnx.ModelProto, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
