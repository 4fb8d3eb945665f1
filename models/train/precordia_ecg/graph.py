"""The deployed graph: batch normalisation folded into the convolutions, then ONNX written node by node.

Writing the graph by hand (instead of tracing it) fixes what the WebGPU and WebAssembly providers of ONNX Runtime Web
rely on: explicit pads, static shapes, batch 1, dense 1-D convolutions, no operator outside this list:
GlobalAveragePool, Sub, Clip, Div, Conv, Relu, Sigmoid, Mul, Add, Reshape, Transpose, MatMul, Softmax, ReduceMean, Gemm and, to find and
cut out beats (beats.py), Slice, MaxPool, GlobalMaxPool, Equal, Greater, Less, Cast, TopK, Gather, ReduceSum, ReduceMin, ReduceMax, Sqrt,
Abs, Floor, Concat.

    ecg       [1, 12, 1000]  mV, any number where missing
    missing   [1, 12, 1000]  1 where nothing was recorded, else 0
    logits    [1, K]         bias + weight . mean_t features
    features  [1, C, 63]     each beat's features, after ReLU, at the beat's place; zeros between
    attention [1, 63]        how much each beat is read by all, at its place; its mean is 1
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
from .network import CLIP_MV, HIDDEN, LEAST, STEP_SAMPLES, Block, EcgNet, Encoder, Layer

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


def fold_dense(pair: nn.Sequential) -> Folded:
    """As `fold`, of a linear layer without bias and BatchNorm1d."""
    layer, norm = pair
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    bias = norm.bias.double() - norm.running_mean.double() * scale
    return Folded((layer.weight.double() * scale[:, None])[:, :, None].detach().float().numpy(), bias.detach().float().numpy(), 1, 0)


def dense(layer: nn.Linear, scale: float = 1.0) -> Folded:
    """As a convolution of one sample: tokens are [tokens, channels, 1] here."""
    bias = None if layer.bias is None else layer.bias.detach().float().numpy() * np.float32(scale)
    return Folded(layer.weight.detach().float().numpy()[:, :, None] * np.float32(scale), bias, 1, 0)


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

    # --- beats: names begin with "beats." so that quantise.py leaves them in float ---

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

        beat, seen = around(x, "beat"), around(there, "seen")  # "beats.level" and "beats.seen" serve `single` too
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

    def spread_out(self, at: str) -> str:
        """[SINGLE] indices, as beats.spread_out."""
        number = self.at_least(self.sum(self.flag("Less", at, beats.NONE, "is.beat"), 2, "number"), beats.SINGLE, "number.clipped")
        share = self.calculate("Mul", "number.share", number, 1 / beats.SINGLE)
        ranks = self.constant("beats.ranks", np.arange(beats.SINGLE, dtype=np.float32)[None, None])
        index = self.calculate("Floor", "which.exact", self.calculate("Mul", "which.rough", ranks, share))
        return self.calculate("Cast", "which", self.calculate("Reshape", "which.row", index, self.integers(beats.SINGLE)), to=TensorProto.INT64)

    def single(self, which: str) -> str:
        """[SINGLE, 24, WIDTH], as beats.single; takes "beats.beat.level" and "beats.seen" of mean_beat."""

        def picture(rows: str, name: str) -> str:
            few = self.calculate("Gather", f"{name}.some", rows, which, axis=2)
            few = self.calculate("Reshape", f"{name}.flat", few, self.integers(beats.WIDTH, beats.SINGLE, 12))
            return self.calculate("Transpose", f"{name}.single", few, perm=[1, 2, 0])

        level, seen = picture("beats.beat.level", "level"), picture("beats.seen", "seen")
        return self.calculate("Concat", "single", self.calculate("Mul", "level.seen", level, seen), self.calculate("Sub", "unseen", 1, seen), axis=1)

    def intervals(self, which: str) -> str:
        """[SINGLE, INTERVALS, 1], as beats.intervals; takes what `rhythm` made."""
        off = self.calculate("Mul", "rr.off.known", self.calculate("Mul", "rr.off.thrice", "beats.rr.off", 3), "beats.rr.there")
        nothing = self.constant("beats.rr.nothing", np.zeros((1, 1, 1), np.float32))
        rows = []
        for name, x in (("rr", "beats.rr"), ("off", off)):
            rows += [self.calculate("Concat", f"{name}.before", nothing, x, axis=2), self.calculate("Concat", f"{name}.after", x, nothing, axis=2)]
        all_of = self.calculate("Mul", "intervals.s", self.calculate("Concat", "intervals.samples", *rows, axis=1), 1 / beats.RATE_HZ)
        some = self.calculate("Gather", "intervals.some", self.calculate("Clip", "intervals.clipped", all_of, -beats.LONGEST, beats.LONGEST), which, axis=2)
        return self.calculate("Transpose", "intervals", some, perm=[2, 1, 0])

    def encoder(self, x: str, e: Encoder, name: str) -> str:
        """[n, 2 width, 1], as Encoder."""
        x = self.node("Clip", [x, self.number(-CLIP_MV), self.number(CLIP_MV)], f"{name}.clipped")
        x = self.relu(self.conv(x, fold(e.stem), f"{name}.stem"))
        for i, block in enumerate(e.blocks):
            x = self.block(x, block, f"{name}.block{i}", f"{name}.block{i}.out")
        return self.node("Concat", [self.node("GlobalAveragePool", [x], f"{name}.mean"), self.node("GlobalMaxPool", [x], f"{name}.highest")], f"{name}.pooled", axis=1)

    def normalised(self, x: str, name: str) -> str:
        mean = self.node("ReduceMean", [x], f"{name}.mean", axes=[1], keepdims=1)
        off = self.node("Sub", [x, mean], f"{name}.off")
        square = self.node("ReduceMean", [self.node("Mul", [off, off], f"{name}.square")], f"{name}.variance", axes=[1], keepdims=1)
        deviation = self.node("Sqrt", [self.node("Add", [square, self.number(1e-5)], f"{name}.floored")], f"{name}.deviation")
        return self.node("Div", [off, deviation], f"{name}.normalised")

    def layer(self, x: str, layer: Layer, hidden: str, name: str) -> tuple[str, str]:
        """x [tokens, width, 1], hidden [1, 1, tokens] to add to the scores: the same shape again, and who reads whom [heads, tokens, tokens]."""
        width, tokens = layer.query.in_features, 1 + beats.SINGLE
        each = width // layer.heads
        y = self.normalised(x, f"{name}.attend")

        def heads(part: nn.Linear, of: str, perm: list[int], scale: float = 1.0) -> str:
            z = self.conv(y, dense(part, scale), f"{name}.{of}")
            return self.node("Transpose", [self.node("Reshape", [z, self.integers(tokens, layer.heads, each)], f"{name}.{of}.heads")], f"{name}.{of}.turned", perm=perm)

        q, k, v = heads(layer.query, "query", [1, 0, 2], each ** -0.5), heads(layer.key, "key", [1, 2, 0]), heads(layer.value, "value", [1, 0, 2])
        score = self.node("Add", [self.node("MatMul", [q, k], f"{name}.score"), hidden], f"{name}.score.there")
        share = self.node("Softmax", [score], f"{name}.share", axis=-1)
        read = self.node("Transpose", [self.node("MatMul", [share, v], f"{name}.read")], f"{name}.read.turned", perm=[1, 0, 2])
        read = self.node("Reshape", [read, self.integers(tokens, width, 1)], f"{name}.read.joined")
        x = self.node("Add", [x, self.conv(read, dense(layer.out), f"{name}.out")], f"{name}.attended")
        y = self.relu(self.conv(self.normalised(x, f"{name}.think"), dense(layer.first), f"{name}.first"))
        return self.node("Add", [x, self.conv(y, dense(layer.second), f"{name}.second")], f"{name}.done"), share


def head_of(net: EcgNet) -> tuple[np.ndarray, np.ndarray]:
    """Weight [K, C] and bias [K] of the statements."""
    k = net.outputs
    return net.head.weight.detach().float().numpy()[:k].copy(), net.head.bias.detach().float().numpy()[:k].copy()


def build(net: EcgNet) -> onnx.ModelProto:
    """The float32 graph of `net` (averaged weights, evaluation mode)."""
    steps, one_by_one = -(-SAMPLES // STEP_SAMPLES), beats.SINGLE
    w = Writer()
    x = w.centre("ecg", "missing")
    at = w.positions(x, "there")
    picture = w.mean_beat(x, "there", at)
    rhythm = w.relu(w.conv(w.rhythm(at), dense(net.rhythm), "beats.rhythm"))
    rhythm = w.relu(w.conv(rhythm, dense(net.rhythm_again), "beats.rhythm.again"))
    which = w.spread_out(at)
    some = w.calculate("Gather", "some", at, which, axis=2)
    there = w.flag("Less", some, beats.NONE, "some.there")

    first = w.node("Concat", [w.encoder(picture, net.mean, "beats.mean"), rhythm], "token.mean.all", axis=1)
    own = w.encoder(w.single(which), net.beat, "single")
    own = w.node("Concat", [own, w.relu(w.conv(w.intervals(which), dense(net.intervals), "beats.intervals.read"))], "token.beat.all", axis=1)
    x = w.node("Concat", [w.conv(first, dense(net.mean_token), "token.mean"), w.conv(own, dense(net.beat_token), "token.beat")], "token", axis=0)
    gone = w.calculate("Mul", "some.gone.score", w.calculate("Sub", "some.gone", there, 1), HIDDEN)
    hidden = w.calculate("Concat", "hidden", w.constant("beats.mean.shown", np.zeros((1, 1, 1), np.float32)), gone, axis=2)
    for i, layer in enumerate(net.layers):
        x, read_by = w.layer(x, layer, hidden, f"layer{i}")

    row = w.calculate("Reshape", "step.column", w.calculate("Floor", "step", w.calculate("Div", "step.exact", some, STEP_SAMPLES)), w.integers(one_by_one, 1))
    numbers = w.constant("beats.steps", np.arange(steps, dtype=np.float32)[None])
    places = w.calculate("Mul", "places", w.flag("Equal", row, numbers, "step.holds"), float(steps))
    tokens = w.part(x, 0, 1, 1 + one_by_one, "tokens")
    share = w.calculate("Div", "some.weight", there, w.at_least(w.sum(there, 2, "some.number"), 1, "some.number.clipped"))
    share = w.calculate("Reshape", "some.weight.column", share, w.integers(one_by_one, 1, 1))
    average = w.sum(w.calculate("Mul", "tokens.weighed", tokens, share), 0, "tokens.mean")
    far = w.calculate("Add", "tokens.there", tokens, w.calculate("Reshape", "some.gone.column", gone, w.integers(one_by_one, 1, 1)))
    all_of = w.calculate("Concat", "joint.all", average, w.calculate("ReduceMax", "tokens.highest", far, axes=[0], keepdims=1), first, axis=1)
    joint = w.relu(w.conv(all_of, fold_dense(net.joint), "joint"))
    of_beat = w.conv(tokens, dense(net.of_beat), "of.beat")
    of_mean = w.conv(w.part(x, 0, 0, 1, "token.first"), dense(net.of_mean), "of.mean")
    own = w.calculate("Mul", "own.weighed", w.relu(w.node("Add", [of_beat, of_mean], "of.both")), share)
    # [channels, beats] x [beats, steps]: each beat's own features, and those of all together, which stand at every beat
    own = w.calculate("Transpose", "own.turned", w.calculate("Reshape", "own.flat", own, w.integers(one_by_one, net.shape.own)), perm=[1, 0])
    joint = w.calculate("MatMul", "joint.beats", w.calculate("Reshape", "joint.column", joint, w.integers(net.shape.joint, 1)),
                        w.calculate("Reshape", "some.weight.row", share, w.integers(1, one_by_one)))
    placed = w.calculate("MatMul", "placed", w.calculate("Concat", "features.beats", own, joint, axis=0), places)
    channels = net.head.in_features
    x = w.node("Reshape", [placed, w.integers(1, channels, steps)], "features")
    read = w.part(w.node("ReduceMean", [read_by], "beats.read.all", axes=[0, 1], keepdims=1), 2, 1, 1 + one_by_one, "read")
    read = w.calculate("Div", "read.share", read, w.at_least(w.sum(read, 2, "read.sum"), LEAST, "read.sum.clipped"))
    w.node("MatMul", [w.calculate("Reshape", "read.row", read, w.integers(1, one_by_one)), places], "attention")
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
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in [*model.graph.value_info, *model.graph.output]}
    total = 0
    for n in model.graph.node:
        if n.op_type == "Conv":
            total += weights[n.input[1].removesuffix(".float")].size * shapes[n.output[0]][0] * shapes[n.output[0]][2]
        if n.op_type == "Gemm":
            total += weights[n.input[1]].size
    return total


def write(model: onnx.ModelProto, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
