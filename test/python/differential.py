# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random small models, compiled by AIC and run beside ONNX Runtime.

    python differential.py [--seeds 0:1000] [--nodes 4] [--dynamic 0|1] [--only Conv,Pool] [--keep FOLDER]

Every seed makes one model, node by node: a node that ONNX Runtime refuses is dropped. AIC compiles and runs it in a forked process, so that a
crash or a hang is a finding like a wrong answer. A dynamic model also runs with other sizes (0, 1, primes) that ONNX Runtime takes.
"""
from __future__ import annotations

import argparse
import collections
import os
import pathlib
import random
import resource
import sys
import warnings

import numpy as np
import onnx
from onnx import helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from conftest import isolated  # noqa: E402
import differential_more  # noqa: E402
from deviations import deviating  # noqa: E402

OPSET = 18
MORE_FROM = 100000  # seeds from here on also draw the kinds of differential_more, and from more opsets
FLOAT, DOUBLE, HALF = np.dtype("f4"), np.dtype("f8"), np.dtype("f2")
TOLERANCE = {FLOAT: 1e-4, DOUBLE: 1e-6, HALF: 1e-2}
# ONNX Runtime's results for empty operands of these, and for windows larger than the input, are not to be relied on; its
# convolution without channels never ends.
EMPTY = ("Reduce", "Arg", "InstanceNorm", "LpNorm", "Gemm", "Conv")
MEMORY = 4 << 30
SIZES = [0, 1, 1, 2, 3, 5, 7, 8, 13, 16, 17, 31]


def session(model: onnx.ModelProto):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def info(name: str, array: np.ndarray, dims=None):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape if dims is None else dims)


def make_model(nodes, inputs, outputs, weights, opset=OPSET) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "random", inputs, outputs, [numpy_helper.from_array(a, n) for n, a in weights.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9 if opset < 21 else 10)


class Graph:
    """A model in the making: every value it has, evaluated."""

    def __init__(self, seed: int):
        self.r, self.rng = random.Random(seed), np.random.default_rng(seed)
        self.opset = OPSET if seed < MORE_FROM else [OPSET, 21, 23][seed % 3]
        self.values: dict[str, np.ndarray] = {}
        self.exact: set[str] = set()  # moved from inputs only: steps may be applied without magnifying rounding
        self.inputs: list[str] = []
        self.known: set[str] = set()
        self.weights: dict[str, np.ndarray] = {}
        self.nodes: list[onnx.NodeProto] = []

    def data(self, shape, dtype=FLOAT) -> np.ndarray:
        dtype = np.dtype(dtype)
        if dtype == bool:
            return self.rng.random(shape) < 0.5
        if dtype.kind in "iu":
            return np.asarray(self.rng.integers(0 if dtype.kind == "u" else -9, 10, shape), dtype)
        return np.asarray(self.rng.standard_normal(shape), dtype)

    def input(self, shape, dtype=FLOAT) -> str:
        name = f"x{len(self.inputs)}"
        self.values[name] = self.data(shape, dtype)
        self.inputs.append(name)
        self.exact.add(name)
        return name

    def weight(self, array) -> str:
        name = f"w{len(self.weights)}"
        self.weights[name] = self.values[name] = np.asarray(array)
        self.exact.add(name)
        return name

    def argument(self, shape, dtype=FLOAT, known=False) -> str:
        """A weight, an input, or a value the graph has of that shape; `known`: its extents stay known."""
        if known and self.r.random() < 0.7:
            return self.weight(self.data(shape, dtype))
        if known:
            self.known.add(name := self.input(shape, dtype))
            return name
        fits = [n for n, a in self.values.items() if a.shape == tuple(shape) and a.dtype == dtype]
        kind = self.r.random()
        if fits and kind < 0.4:
            return self.r.choice(fits)
        return self.weight(self.data(shape, dtype)) if kind < 0.75 else self.input(shape, dtype)

    def dims(self, rank: int) -> list[int]:
        sizes = [1, 2, 3, 4, 5, 7, 8, 11, 16, 17] if rank < 4 else [1, 2, 3, 4, 5, 7]
        return [0 if self.r.random() < 0.02 else self.r.choice(sizes) for _ in range(rank)]

    def pick(self, low=0, high=5, kinds="f", exact=False) -> str:
        """A value of such rank and type; a new input where there is none."""
        fits = [n for n, a in self.values.items()
                if low <= a.ndim <= high and a.dtype.kind in kinds and (not exact or n in self.exact) and n not in self.weights]
        if fits and self.r.random() < 0.8:
            return self.r.choice(fits[-4:])
        dtype = {"f": [FLOAT] * 8 + [DOUBLE, HALF], "i": [np.int64, np.int32, np.int8, np.int16], "u": [np.uint8], "b": [bool]}[
            self.r.choice(kinds)]
        return self.input(self.dims(self.r.randint(low, high)), self.r.choice(dtype))

    def node(self, op: str, inputs: list[str], outputs: int = 1, exact=False, **attributes) -> list[str] | None:
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        node = helper.make_node(op, inputs, names, name=f"n{len(self.nodes)}_{op}", **attributes)
        used = dict.fromkeys(n for n in inputs if n)
        for subgraph in (a.g for a in node.attribute if a.HasField("g")):
            used |= dict.fromkeys(n for inner in subgraph.node for n in inner.input if n in self.values)
        if op.startswith(EMPTY) and any(self.values[n].size == 0 for n in used if self.values[n].dtype != np.int64):
            return None
        constants = {n: self.values[n] for n in used if n in self.weights}
        model = make_model([node], [info(n, self.values[n]) for n in used if n not in constants],
                           [helper.make_empty_tensor_value_info(n) for n in names], constants, self.opset)
        try:
            results = session(model).run(None, {n: self.values[n] for n in used if n not in constants})
        except Exception:  # noqa: BLE001 - ONNX Runtime does not take the node
            return None
        for a in results:
            if not isinstance(a, np.ndarray) or a.size > 1 << 18 or a.dtype.kind == "f" and not (np.abs(a) < 1e4).all():
                return None
        self.nodes.append(node)
        for name, a in zip(names, results, strict=True):
            self.values[name] = a
            if exact and all(n in self.exact for n in used):
                self.exact.add(name)
        return names


def ints(g: Graph, values) -> str:
    return g.weight(np.asarray(values, np.int64))


def broadcastable(g: Graph, shape) -> list[int]:
    shape = [1 if g.r.random() < 0.3 else d for d in shape]
    return shape[g.r.randint(0, len(shape)):] if g.r.random() < 0.4 else shape


def unary(g: Graph):
    op = g.r.choice("Relu Sigmoid Tanh Neg Abs Exp Sqrt Softplus Elu LeakyRelu Selu HardSigmoid HardSwish Erf Sin Cos Softsign Mish Reciprocal "
                    "Floor Ceil Round Sign Not IsNaN IsInf Identity ThresholdedRelu Celu Atan Sinh Asinh Log Gelu".split())
    steps = op in "Floor Ceil Round Sign IsNaN IsInf ThresholdedRelu Log Sqrt Reciprocal".split()
    g.node(op, [g.pick(kinds="b" if op == "Not" else "f", exact=steps)], exact=op == "Identity")


def binary(g: Graph):
    op = g.r.choice("Add Sub Mul Div Pow Min Max PRelu Mod Equal Less Greater LessOrEqual And Or Xor BitShift BitwiseAnd BitwiseXor".split())
    steps = op in "Equal Less Greater LessOrEqual Mod Div Pow".split()
    kinds = "b" if op in ("And", "Or", "Xor") else "u" if op == "BitShift" else "iu" if op.startswith("Bitwise") else "fi" if steps else "ffffi"
    x = g.pick(kinds=kinds, exact=steps)
    a = g.values[x]
    y = g.argument(broadcastable(g, a.shape), a.dtype)
    if op in ("Div", "Mod", "Pow", "BitShift"):
        y = g.weight(np.abs(g.data(broadcastable(g, a.shape), a.dtype)) % 3 + 1)
    attributes = {"direction": g.r.choice(["LEFT", "RIGHT"])} if op == "BitShift" else {"fmod": 1} if op == "Mod" and a.dtype.kind == "f" else {}
    if steps and y not in g.exact:
        return
    g.node(op, [y, x] if g.r.random() < 0.3 and op in ("Add", "Sub", "Mul", "Less", "Max") else [x, y], **attributes)


def cast(g: Graph):
    to = g.r.choice([FLOAT, DOUBLE, HALF, np.int64, np.int32, np.int8, np.uint8, np.int16, bool])
    x = g.pick(kinds="fiub", exact=True)
    if not (g.values[x].dtype.kind == "f" and np.dtype(to).kind == "u"):  # of a negative number: whatever the CPU does
        g.node("Cast", [x], exact=True, to=helper.np_dtype_to_tensor_dtype(np.dtype(to)))


def where(g: Graph):
    x = g.pick(kinds="fi")
    shape = g.values[x].shape
    g.node("Where", [g.argument(broadcastable(g, shape), np.dtype(bool)), x, g.argument(broadcastable(g, shape), g.values[x].dtype)], exact=True)


def clip(g: Graph):
    x = g.pick(kinds="fi")
    low = g.weight(np.asarray(-1, g.values[x].dtype)) if g.r.random() < 0.7 else ""
    g.node("Clip", [x, low, g.weight(np.asarray(g.r.choice([1, -2]), g.values[x].dtype))])


def reduce(g: Graph):
    op = g.r.choice("ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSumExp ReduceSumSquare ReduceLogSum".split())
    # (ONNX Runtime sums the exponentials of integers as integers)
    x = g.pick(0, 5, "f" if op == "ReduceLogSumExp" else "ffffi")
    rank = g.values[x].ndim
    axes = g.r.sample(range(rank), g.r.randint(0, rank))
    inputs = [x] if g.r.random() < 0.2 else [x, ints(g, [a - rank * g.r.randint(0, 1) for a in axes])]
    g.node(op, inputs, keepdims=g.r.randint(0, 1), noop_with_empty_axes=g.r.randint(0, 1))


def arg(g: Graph):
    x = g.pick(1, 4, "fi", exact=True)
    rank = g.values[x].ndim
    g.node(g.r.choice(["ArgMax", "ArgMin"]), [x], axis=g.r.randrange(-rank, rank), keepdims=g.r.randint(0, 1), select_last_index=g.r.randint(0, 1))


def topk(g: Graph):
    x = g.pick(1, 4, "fi", exact=True)
    a = g.values[x]
    axis = g.r.randrange(-a.ndim, a.ndim)
    g.node("TopK", [x, ints(g, [g.r.randint(0, a.shape[axis])])], 2, axis=axis, largest=g.r.randint(0, 1), sorted=1)


def cumsum(g: Graph):
    x = g.pick(1, 4, "fi")
    rank = g.values[x].ndim
    g.node("CumSum", [x, g.weight(np.asarray(g.r.randrange(-rank, rank)))], exclusive=g.r.randint(0, 1), reverse=g.r.randint(0, 1))


def softmax(g: Graph):
    x = g.pick(1, 4)
    rank = g.values[x].ndim
    g.node(g.r.choice(["Softmax", "Softmax", "LogSoftmax", "Hardmax"]) if x in g.exact else "Softmax", [x], axis=g.r.randrange(-rank, rank))


def matmul(g: Graph):
    x = g.pick(1, 5)
    a = g.values[x]
    lead = broadcastable(g, a.shape[:-2]) if g.r.random() < 0.5 else []
    shape = [*lead, a.shape[-1], g.r.choice([1, 2, 5, 16, 33])] if g.r.random() < 0.9 else [a.shape[-1]]
    g.node("MatMul", [x, g.argument(shape, a.dtype)])


def gemm(g: Graph):
    x = g.pick(2, 2)
    a = g.values[x]
    ta, tb, n = g.r.randint(0, 1), g.r.randint(0, 1), g.r.choice([1, 3, 16, 20])
    k, m = a.shape if ta else a.shape[::-1]
    c = [g.argument(broadcastable(g, [m, n]), a.dtype)] if g.r.random() < 0.7 else []
    g.node("Gemm", [x, g.argument([n, k] if tb else [k, n], a.dtype), *c], transA=ta, transB=tb, alpha=g.r.choice([1.0, 0.5]),
           beta=g.r.choice([1.0, 0.0, 2.0]))


def einsum(g: Graph):
    x = g.pick(2, 3)
    a = g.values[x]
    left = "abc"[: a.ndim]
    right = "".join(g.r.sample(left, g.r.randint(1, a.ndim))) + "d" * g.r.randint(0, 1)
    out = [c for c in dict.fromkeys(left + right) if g.r.random() < 0.7]
    g.r.shuffle(out)
    sizes = dict(zip(left, a.shape, strict=True)) | {"d": 6}
    g.node("Einsum", [x, g.argument([sizes[c] for c in right], a.dtype)], equation=f"{left},{right}->{''.join(out)}")


def window(g: Graph, rank: int, same=True) -> dict:
    kernel = [g.r.randint(1, 3) for _ in range(rank)]
    strides, dilations = [g.r.randint(1, 3) for _ in range(rank)], [g.r.choice([1, 1, 2]) for _ in range(rank)]
    attributes = {"kernel_shape": kernel, "strides": strides, "dilations": dilations}
    auto = g.r.choice(["NOTSET"] * 3 + ["SAME_UPPER", "SAME_LOWER", "VALID"])
    if auto != "NOTSET" and same:
        attributes["dilations"] = [1] * rank  # ONNX Runtime pads pools as if they had no dilations
        return attributes | {"auto_pad": auto}
    return attributes | {"pads": [g.r.randint(0, k - 1) for k in kernel * 2]}


def conv(g: Graph):
    rank = g.r.choice([1, 2, 2, 2, 3])
    x = g.pick(rank + 2, rank + 2)
    a = g.values[x]
    c = a.shape[1]
    group = g.r.choice([d for d in range(1, c + 1) if c % d == 0] or [1])
    transposed = g.r.random() < 0.3  # (ONNX Runtime gives one with auto_pad SAME other extents than ONNX says)
    attributes = window(g, rank, not transposed)
    if transposed:
        w = [c, g.r.randint(1, 4), *attributes["kernel_shape"]]
        extra = {"output_padding": [g.r.randint(0, s - 1) for s in attributes["strides"]]} if g.r.random() < 0.3 else {}
        bias = [g.argument([w[1] * group], a.dtype)] if g.r.random() < 0.5 else []
        g.node("ConvTranspose", [x, g.argument(w, a.dtype, known=True), *bias], group=group, **attributes, **extra)
        return
    w = [group * g.r.randint(1, 5), c // group, *attributes["kernel_shape"]]
    g.node("Conv", [x, g.argument(w, a.dtype, known=True), *([g.argument(w[:1], a.dtype)] if g.r.random() < 0.5 else [])], group=group, **attributes)


def pool(g: Graph):
    rank = g.r.choice([1, 2, 2, 2, 3])
    x = g.pick(rank + 2, rank + 2)
    op = g.r.choice(["MaxPool", "MaxPool", "AveragePool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LpPool"])
    if op.startswith("Global"):
        g.node(op, [x])
        return
    attributes = window(g, rank) | {"ceil_mode": g.r.randint(0, 1)}
    if op == "AveragePool":
        del attributes["dilations"]
        attributes["count_include_pad"] = g.r.randint(0, 1)
    g.node(op, [x], 1 + (op == "MaxPool" and x in g.exact and g.r.random() < 0.3), **attributes)


def norm(g: Graph):
    op = g.r.choice(["LayerNormalization", "LayerNormalization", "BatchNormalization", "InstanceNormalization", "GroupNormalization", "LpNormalization",
                     "LRN", "MeanVarianceNormalization"])
    x = g.pick({"LRN": 4, "GroupNormalization": 3}.get(op, 2), 4)
    a = g.values[x]
    if op == "LayerNormalization":
        axis = g.r.randrange(0, a.ndim)
        bias = [g.argument(a.shape[axis:], a.dtype)] if g.r.random() < 0.6 else []
        g.node(op, [x, g.argument(a.shape[axis:], a.dtype), *bias], g.r.choice([1, 1, 3]), axis=axis - a.ndim * g.r.randint(0, 1), epsilon=1e-2)
    elif op == "BatchNormalization":
        c = [a.shape[1]]
        g.node(op, [x, *(g.argument(c, a.dtype) for _ in range(3)), g.weight(np.abs(g.data(c, a.dtype)) + 1)], epsilon=1e-3)
    elif op == "InstanceNormalization":
        g.node(op, [x, g.argument(a.shape[1:2], a.dtype), g.argument(a.shape[1:2], a.dtype)], epsilon=1e-1)
    elif op == "GroupNormalization":
        groups = g.r.choice([d for d in range(1, a.shape[1] + 1) if a.shape[1] % d == 0] or [1])
        each = [groups if g.opset < 21 else a.shape[1]]
        g.node(op, [x, g.argument(each, a.dtype), g.argument(each, a.dtype)], num_groups=groups, epsilon=1e-1)
    elif op == "LpNormalization":
        g.node(op, [x], axis=g.r.randrange(-a.ndim, a.ndim), p=g.r.choice([1, 2]))
    elif op == "LRN":
        g.node(op, [x], size=g.r.choice([1, 3, 5]))
    else:
        axes = g.r.sample(range(a.ndim), g.r.randint(1, a.ndim))
        if np.prod([a.shape[i] for i in axes]) > 1:  # (of one element, ONNX Runtime may take the root of a variance below 0)
            g.node(op, [x], axes=axes)


def movement(g: Graph):
    op = g.r.choice("Reshape Transpose Squeeze Unsqueeze Flatten Expand Tile Slice Pad Concat Split Gather GatherElements GatherND ScatterND "
                    "ScatterElements DepthToSpace SpaceToDepth Trilu OneHot Shape Size NonZero Range ConstantOfShape EyeLike Compress ReverseSequence".split())
    x = g.pick(4, 4, "fi") if op in ("DepthToSpace", "SpaceToDepth") else g.pick(0 if op in ("Reshape", "Unsqueeze", "Expand", "Shape", "Size") else 1, 4, "ffib")
    a = g.values[x]
    rank, shape = a.ndim, list(a.shape)
    axis = g.r.randrange(-rank, rank) if rank else 0
    move = lambda inputs, outputs=1, **k: g.node(op, inputs, outputs, exact=True, **k)  # noqa: E731
    if op == "Reshape":
        merged = shape[:]
        if rank > 1 and g.r.random() < 0.7:
            i = g.r.randrange(rank - 1)
            merged[i:i + 2] = [merged[i] * merged[i + 1]]
        elif rank and shape[axis] % 2 == 0:
            axis %= rank
            merged[axis:axis + 1] = [2, shape[axis] // 2]
        if merged and g.r.random() < 0.6 and 0 not in merged:
            merged[g.r.randrange(len(merged))] = -1
        move([x, ints(g, merged or [1])])
    elif op == "Transpose":
        move([x], perm=g.r.sample(range(rank), rank))
    elif op == "Squeeze":
        move([x] if g.r.random() < 0.4 else [x, ints(g, [i for i, d in enumerate(shape) if d == 1])])
    elif op == "Unsqueeze":
        move([x, ints(g, g.r.sample(range(rank + 2), 2))])
    elif op == "Flatten":
        move([x], axis=g.r.randint(-rank, rank))
    elif op == "Expand":
        move([x, ints(g, [g.r.choice([1, 3])] * g.r.randint(0, 1) + [d if d != 1 else g.r.choice([1, 4]) for d in shape])])
    elif op == "Tile":
        move([x, ints(g, [g.r.choice([1, 1, 2, 3, 0]) if rank < 4 else g.r.choice([1, 2]) for _ in shape])])
    elif op == "Slice":
        axes = g.r.sample(range(rank), g.r.randint(1, rank))
        move([x, ints(g, [g.r.choice([0, 1, -1, -2, 100, -100, 3]) for _ in axes]), ints(g, [g.r.choice([0, 1, -1, 4, 2**62, -2**63, 7]) for _ in axes]),
              ints(g, [i - rank * g.r.randint(0, 1) for i in axes]), ints(g, [g.r.choice([1, 1, 2, -1, -2, 3]) for _ in axes])])
    elif op == "Pad":
        mode = g.r.choice(["constant", "constant", "edge", "reflect", "wrap"])
        value = [g.weight(np.asarray(1, a.dtype))] if mode == "constant" and g.r.random() < 0.5 else []
        move([x, ints(g, [g.r.choice([0, 0, 1, 2, -1] if mode == "constant" else [0, 1, 2]) for _ in shape * 2]), *value], mode=mode)
    elif op == "Concat":
        others = [g.argument([d if i != axis % rank else g.r.randint(0, 4) for i, d in enumerate(shape)], a.dtype) for _ in range(g.r.randint(0, 3))]
        parts = [x, *others]
        g.r.shuffle(parts)
        if all(g.values[n].size for n in parts):  # (ONNX Runtime joins empty tensors whatever their other extents are)
            move(parts, axis=axis)
    elif op == "Split":
        cut = g.r.randint(0, shape[axis])
        if g.r.random() < 0.5:
            move([x, ints(g, [cut, shape[axis] - cut])], 2, axis=axis)
        else:
            move([x], 2, axis=axis, num_outputs=2)
    elif op == "Gather":
        top = max(shape[axis], 1)
        index = g.rng.integers(-top, top, g.r.choice([(), (3,), (2, 2), (0,)]))
        name = g.weight(index)
        if g.r.random() < 0.5:
            name = g.input(index.shape, np.int64)
            g.values[name] = index
        move([x, name], axis=axis)
    elif op in ("GatherElements", "ScatterElements"):
        top = max(shape[axis], 1)
        part = [g.r.randint(0, d) for d in shape]
        index = np.zeros(part, np.int64)
        index[...] = np.arange(part[axis]).reshape([-1 if i == axis % rank else 1 for i in range(rank)]) % top
        if op == "GatherElements":
            move([x, g.weight(index)], axis=axis)
        else:
            reduction = g.r.choice(["none", "add", "max", "mul"])
            move([x, g.weight(index), g.argument(part, a.dtype)], axis=axis, **({} if reduction == "none" else {"reduction": reduction}))
    elif op in ("GatherND", "ScatterND"):
        k = g.r.randint(1, rank)
        rows = [] if 0 in shape else [[g.r.randrange(-d, d) for d in shape[:k]] for _ in range(3)]
        rows = [list(t) for t in dict.fromkeys(tuple(i % d for i, d in zip(row, shape)) for row in rows)]
        index = np.asarray(rows, np.int64).reshape(-1, k)
        move([x, g.weight(index)] + ([g.argument([len(index), *shape[k:]], a.dtype)] if op == "ScatterND" else []))
    elif op in ("DepthToSpace", "SpaceToDepth"):
        move([x], blocksize=2, **({"mode": g.r.choice(["DCR", "CRD"])} if op == "DepthToSpace" else {}))
    elif op == "Trilu":
        move([x, ints(g, g.r.randint(-3, 3))], upper=g.r.randint(0, 1))
    elif op == "OneHot":
        move([g.pick(0, 3, "i", exact=True), ints(g, 5), g.weight(np.asarray([0, 2], FLOAT))], axis=g.r.choice([-1, 0]))
    elif op in ("Shape", "Size", "NonZero", "EyeLike"):
        if op != "NonZero" or x in g.exact:
            move([x])
    elif op == "Range":
        move([g.weight(np.asarray(g.r.randint(-3, 3))), g.weight(np.asarray(g.r.randint(-3, 9))), g.weight(np.asarray(g.r.choice([1, 2, -1])))])
    elif op == "ConstantOfShape":
        move([ints(g, g.dims(g.r.randint(0, 3)))], value=numpy_helper.from_array(np.asarray([2], FLOAT)))
    elif op == "Compress":
        move([x, g.weight(g.data([shape[axis]], bool))], axis=axis)
    elif op == "ReverseSequence" and rank >= 2:
        move([x, ints(g, [g.r.randint(1, max(shape[0], 1)) for _ in range(shape[1])])])


def resize(g: Graph):
    x = g.pick(3, 4)
    a = g.values[x]
    mode = g.r.choice(["nearest", "linear", "cubic"])
    attributes = {"mode": mode, "coordinate_transformation_mode": g.r.choice(["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])}
    if mode == "nearest":
        attributes["nearest_mode"] = g.r.choice(["round_prefer_floor", "floor", "ceil", "round_prefer_ceil"])
    lead = a.ndim - g.r.choice([1, 2])
    if g.r.random() < 0.5:
        # (where the extent times the scale is no integer, ONNX Runtime aligns corners by the extent, ONNX by the scale)
        scales = [2, 3] if attributes["coordinate_transformation_mode"] == "align_corners" else [0.5, 2, 3, 1.5]
        g.node("Resize", [x, "", g.weight(np.asarray([1] * lead + [g.r.choice(scales) for _ in a.shape[lead:]], FLOAT))], **attributes)
    else:
        g.node("Resize", [x, "", "", ints(g, [*a.shape[:lead], *(g.r.randint(1, 9) for _ in a.shape[lead:])])], **attributes)


def shape_chain(g: Graph):
    """What exporters write for x.reshape(x.shape[0], -1) and for masks of the size of x."""
    x = g.pick(2, 4, "f", exact=True)
    n = g.node("Shape", [x], exact=True)
    first = n and g.node("Gather", [n[0], ints(g, g.r.choice([[0], [-1]]))], axis=0, exact=True)
    target = first and g.node("Concat", [first[0], ints(g, [-1])], axis=0, exact=True)
    if not target:
        return
    if g.r.random() < 0.6:
        g.node("Reshape", [x, target[0]], exact=True)
    else:
        zero, one = g.weight(np.asarray(0)), g.weight(np.asarray(1))
        end = g.node("Squeeze", [first[0]], exact=True)
        r = end and g.node("Range", [zero, end[0], one], exact=True)
        if r:
            g.node("Cast", r, to=1, exact=True)


def branch(g: Graph):
    x = g.pick(0, 3)
    a = g.values[x]
    condition = g.argument([], np.dtype(bool))
    bodies = {}
    for part, op in (("then_branch", "Neg"), ("else_branch", "Abs")):
        out = helper.make_empty_tensor_value_info(f"{part}{len(g.nodes)}")
        bodies[part] = helper.make_graph([helper.make_node(op, [x], [out.name])], part, [], [info(out.name, a)])
    g.node("If", [condition], **bodies)


def loop(g: Graph):
    x = g.pick(0, 3)
    a, tag = g.values[x], len(g.nodes)
    body = helper.make_graph([helper.make_node("Identity", [f"c{tag}"], [f"d{tag}"]), helper.make_node("Add", [f"s{tag}", x], [f"t{tag}"]),
                              helper.make_node("Neg", [f"t{tag}"], [f"scan{tag}"])], "body",
                             [info(f"i{tag}", np.asarray(0)), info(f"c{tag}", np.asarray(True)), info(f"s{tag}", a)],
                             [info(f"d{tag}", np.asarray(True)), info(f"t{tag}", a), info(f"scan{tag}", a)])
    # (of rows that there are none of, ONNX Runtime does not know the rank)
    g.node("Loop", [g.weight(np.asarray(g.r.choice([1, 3]))), "", x], 2, body=body)


def quantise(g: Graph):
    x = g.pick(1, 4, exact=True)
    if g.values[x].dtype != FLOAT:
        return
    scale, zero = g.weight(np.asarray(0.1, FLOAT)), g.weight(np.asarray(3, g.r.choice([np.uint8, np.int8])))
    q = g.node("QuantizeLinear", [x, scale, zero])
    if q:
        g.node("DequantizeLinear", [q[0], scale, zero])


KINDS = {f.__name__: f for f in (unary, binary, cast, where, clip, reduce, arg, topk, cumsum, softmax, matmul, gemm, einsum, conv, pool, norm, movement, resize,
                                 shape_chain, branch, loop, quantise)}
WEIGHTS = {"unary": 4, "binary": 4, "movement": 6, "conv": 3, "pool": 2, "norm": 2, "reduce": 2, "matmul": 2}


def generate(seed: int, nodes: int, dynamic: bool, only=None):
    """A model, its feed, and how to draw other feeds: (model, feed, dims by input)."""
    g = Graph(seed)
    table, weights = (KINDS, WEIGHTS) if seed < MORE_FROM else (KINDS | differential_more.MORE, WEIGHTS | differential_more.WEIGHTS)
    kinds = list(only or table)
    g.input(g.dims(g.r.choice([0, 1, 2, 3, 3, 4, 4, 4, 5])), g.r.choice([FLOAT] * 8 + [DOUBLE, HALF]))
    for _ in range(nodes * 5):
        if len(g.nodes) < nodes:
            table[g.r.choices(kinds, [weights.get(k, 1) for k in kinds])[0]](g)
    read = {n for node in g.nodes for n in node.input} | {n for node in g.nodes for a in node.attribute for i in a.g.node for n in i.input}
    ends = [o for node in g.nodes for o in node.output if o not in read or g.r.random() < 0.15]
    odd = g.r.random()
    if odd < 0.05:
        ends.append(g.inputs[0])
    elif odd < 0.1 and g.weights:
        ends.append(g.r.choice(list(g.weights)))
    dims = {}
    for n in g.inputs:
        shape = g.values[n].shape
        dims[n] = [g.r.choice([d, f"{n}_{i}", f"{n}_{i}", f"s{d}", None]) if dynamic and n not in g.known else d for i, d in enumerate(shape)]
    inputs = [info(n, g.values[n], dims[n]) for n in g.inputs]
    ranks = [info(n, g.values[n], [None] * g.values[n].ndim if dynamic else None) for n in ends]
    for node in g.nodes if dynamic else []:  # a body cannot promise extents that the graph leaves open
        for a in node.attribute:
            for v in [*a.g.input, *a.g.output]:
                for d in v.type.tensor_type.shape.dim:
                    d.Clear()
    return make_model(g.nodes, inputs, ranks, g.weights, g.opset), {n: g.values[n] for n in g.inputs}, dims, g


def resized(g: Graph, feed, dims):
    """The feed with other sizes of some of the named dims."""
    names = [n.op_type for n in g.nodes]
    first = 8 if any(part in n for n in names for part in ("Pool", "Conv", "MeanVariance")) else int(any(n.startswith(EMPTY) for n in names))
    if "Einsum" in names:
        first = max(first, 1)
    if {"Shape", "Reshape"} <= set(names):
        first = max(first, 1)  # a computed extent of 0 means "copy" to ONNX; AIC takes it as the extent
    rate, sizes, new = g.r.choice([0.4, 1]), {}, {}
    for n, a in feed.items():
        for d, s in zip(dims[n], a.shape, strict=True):
            if isinstance(d, str) and d not in sizes:
                sizes[d] = g.r.choice(SIZES[first:]) if g.r.random() < rate else s
        shape = [sizes.get(d, s) for d, s in zip(dims[n], a.shape, strict=True)]
        new[n] = a if tuple(shape) == a.shape else g.data(shape, a.dtype)
    return new


def difference(got: np.ndarray, want: np.ndarray) -> str:
    if got.dtype != want.dtype or got.shape != want.shape:
        return f"expected {want.dtype}{list(want.shape)}, got {got.dtype}{list(got.shape)}"
    if want.dtype.kind != "f":
        return "" if np.array_equal(got, want) else f"{(got != want).sum()} of {want.size} elements differ"
    if not np.array_equal(np.isfinite(got), np.isfinite(want)):
        return f"finite elements: expected {np.isfinite(want).sum()}, got {np.isfinite(got).sum()}"
    ok = np.isfinite(want)
    if not ok.any():
        return "" if np.array_equal(got, want, equal_nan=True) else "non-finite values differ"
    error, scale = np.abs(got[ok].astype("f8") - want[ok]).max(), max(np.abs(want[ok].astype("f8")).max(), 1e-3)
    return "" if error <= TOLERANCE[want.dtype] * scale else f"error {error:.3g} at magnitude {scale:.3g}"


def check(seed: int, nodes: int = 4, dynamic: bool | None = None, only=None, keep: str | None = None,
          reference_only=False) -> str:
    """'ok', 'skip', 'refused: ...', 'unlike: ...' (a deviation of ONNX Runtime) or what is wrong with the model of that seed."""
    import aic
    warnings.simplefilter("ignore")
    dynamic = bool(seed & 1) if dynamic is None else dynamic
    with np.errstate(all="ignore"):
        model, feed, dims, g = generate(seed, nodes, dynamic, only)
    try:
        reference = session(model)
    except Exception:  # noqa: BLE001
        return "skip"
    if keep:
        onnx.save(model, os.path.join(keep, f"{seed}.onnx"))
        np.savez(os.path.join(keep, f"{seed}.npz"), **feed)
    threads = g.r.choice([1, 1, 2])
    try:
        if reference_only:
            return str(reference.run(None, feed))[:1]
        compiled = aic.compile(model.SerializeToString(), threads=threads)
    except aic.CompileError as e:
        return "refused: " + " | ".join(str(e).splitlines()[:3])[:300]
    excused = set()
    for turn in range(4 if dynamic else 2):
        new = feed if turn == 0 else {n: g.data(a.shape, a.dtype) if n not in ("",) and a.dtype.kind == "f" else a for n, a in feed.items()} \
            if turn == 1 else resized(g, feed, dims)
        try:
            want = reference.run(None, new)
        except Exception:  # noqa: BLE001
            want = None
        shapes = {n: list(a.shape) for n, a in new.items()}
        try:
            got = compiled(**new)
        except aic.Error as e:
            reasons = {} if want is None else deviating(model, new, lambda m, f: session(m).run(None, f))
            if excuse := next((reason for name, reason in reasons.items() if f"'{name}'" in str(e)), want is None):
                excused |= {excuse} - {True}
                continue
            return f"run {turn} {shapes}: {str(e).splitlines()[0][:200]}"
        if want is None:
            continue
        got = list(got) if isinstance(got, (list, tuple)) else [got]
        for i, (a, b) in enumerate(zip(got, want, strict=True)):
            text = difference(np.asarray(a), b)
            if text and (excuse := deviating(model, new, lambda m, f: session(m).run(None, f)).get(model.graph.output[i].name)):
                excused.add(excuse)
            elif text:
                ops = " ".join(n.op_type for n in model.graph.node)
                return f"run {turn} {shapes} output {i} ({model.graph.output[i].name}): {text} [{ops}]"
    return "unlike: " + " ".join(sorted(excused)) if excused else "ok"


def run(seed: int, timeout: float = 60, **options) -> str:
    """The check in a process of its own, with limits on time and memory."""
    def limited(**more) -> str:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        return check(seed, **options, **more)

    text = isolated(limited, timeout)
    if text.startswith(("the process died", "no end")) and isolated(lambda: limited(reference_only=True), timeout) == text:
        return "skip"  # ONNX Runtime's own crash or hang
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0:200", help="FIRST:END, or one seed")
    parser.add_argument("--nodes", type=int, default=4, help="nodes of a model")
    parser.add_argument("--dynamic", type=int, choices=[0, 1], help="1: every model has unknown dims; by default every other one has")
    parser.add_argument("--only", help="kinds of nodes: " + ", ".join(KINDS))
    parser.add_argument("--keep", help="a folder that gets every model and feed")
    a = parser.parse_args()
    first, _, end = a.seeds.partition(":")
    counts = collections.Counter()
    for seed in range(int(first), int(end or int(first) + 1)):
        text = run(seed, nodes=a.nodes, dynamic=None if a.dynamic is None else bool(a.dynamic), only=a.only and a.only.split(","), keep=a.keep)
        kind = text.partition(":")[0]
        kind = kind if kind in ("ok", "skip", "refused", "unlike") else "wrong"
        counts[kind] += 1
        if kind not in ("ok", "skip"):
            print(seed, text, flush=True)
    print(dict(counts))
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
