# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every operator that the NPU promises, in 8 bits (QDQ, weights by channel) and in f16 (plain f32 models): all of it is
taken, 8 bits are the interpreter's bit for bit, f16 stays within a tolerance that grows with the depth of the sums."""
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
from npu_models import BIN, Graph, call

CASES = {}


def case(*names):
    """A table's line: the name, and arguments of the function that builds it."""
    def register(make, rows=names):
        for name, arguments in rows:
            CASES[name] = (make, arguments)
        return make
    return register


class Model(Graph):
    """Builds the same layers quantised or plain."""

    def __init__(self, seed: int, quantised: bool):
        super().__init__(seed)
        self.quantised, self.scales, self.shapes, self.depth = quantised, {}, {}, 1
        self.limits = {} # of results: the case's name and the depth of its sums

    def real(self, *shape):
        return self.rng.standard_normal(shape).astype(np.float32)

    def x(self, *shape, kind="i8") -> str:
        name = self.input(list(shape), kind if self.quantised else "f32")
        if not self.quantised:
            return name
        scale, zero = np.float32(4 / 127), np.int8(3) if kind == "i8" else np.uint8(120)
        result = self.dequantize(name, kind, scale, zero)
        self.scales[result] = scale
        return result

    def q(self, y: str, scale=0.05, kind="i8") -> str:
        """The end of a layer."""
        if not self.quantised:
            return y
        scale = np.float32(scale)
        result = self.dequantize(self.quantize(y, kind, scale, np.int8(-5) if kind == "i8" else np.uint8(0)), kind, scale, np.int8(-5) if kind == "i8" else np.uint8(0))
        self.scales[result] = scale
        return result

    def w(self, x: str, values, axis=0, bias=None) -> list[str]:
        """Operands of a product: x, weights, bias."""
        depth = values.size // values.shape[axis]
        self.depth = max(self.depth, depth)
        values = (values / np.sqrt(depth)).astype(np.float32)
        if not self.quantised:
            return [x, self.constant(values)] + ([self.constant(bias.astype(np.float32))] if bias is not None else [])
        others = tuple(d for d in range(values.ndim) if d != axis)
        scale = (np.abs(values).max(axis=others) / 127 + 1e-4).astype(np.float32)
        shape = [-1 if d == axis else 1 for d in range(values.ndim)]
        levels = np.clip(np.rint(values / scale.reshape(shape)), -127, 127).astype(np.int8)
        result = [x, self.node("DequantizeLinear", [self.constant(levels), self.constant(scale), self.constant(np.zeros(len(scale), np.int8))], axis=axis)]
        if bias is not None:
            steps = (self.scales[x] * scale).astype(np.float32)
            words = self.constant(np.rint(bias / steps).astype(np.int32))
            result.append(self.node("DequantizeLinear", [words, self.constant(steps), self.constant(np.zeros(len(scale), np.int32))], axis=0))
        return result

    def ints(self, *values) -> str:
        return self.constant(np.array(values, np.int64))

    def number(self, value) -> str:
        return self.constant(np.float32(value))

    def end(self, y: str, scale=0.05) -> None:
        if self.quantised:
            y = self.nodes[-1].input[0] if self.nodes[-1].op_type == "DequantizeLinear" and self.nodes[-1].output[0] == y else self.quantize(y, "i8", np.float32(scale), np.int8(-5))
        self.output(y)

    def add(self, name: str) -> None:
        make, arguments = CASES[name]
        first, self.depth = len(self.outputs), 1
        make(self, **arguments)
        self.limits |= {value.name: (name, self.depth) for value in self.outputs[first:]}


#===-- Products ------------------------------------------------------------===//

def conv(g, x, features, kernel, groups=1, bias=True, **attributes):
    channels = g.shapes[x][1]
    weights = g.real(features, channels // groups, *kernel)
    return g.node("Conv", g.w(x, weights, 0, g.real(features) if bias else None), group=groups, **attributes)


def _conv(g, shape, features, kernel, groups=1, bias=True, act=None, **attributes):
    x = g.x(*shape)
    g.shapes = {x: shape}
    y = conv(g, x, features, kernel, groups, bias, **attributes)
    g.end(g.node(act, [y]) if act else y)


CONVS = {
    "conv": ([1, 16, 12, 12], 24, [3, 3], dict(pads=[1, 1, 1, 1])),
    "conv-1x1": ([2, 19, 7, 9], 33, [1, 1], dict(act="Relu")),
    "conv-stem": ([1, 3, 21, 23], 16, [3, 3], dict(pads=[0, 0, 1, 1], strides=[2, 2])),
    "conv-7x7-stride": ([1, 3, 30, 31], 16, [7, 7], dict(pads=[3, 3, 3, 3], strides=[2, 2], act="Relu")),
    "conv-odd": ([1, 5, 17, 14], 7, [5, 2], dict(pads=[2, 0, 1, 1], strides=[3, 1])),
    "conv-dilated": ([1, 8, 17, 17], 9, [3, 3], dict(pads=[2, 3, 2, 3], dilations=[2, 3])),
    "conv-groups": ([1, 12, 9, 9], 20, [3, 3], dict(groups=4, pads=[1, 1, 1, 1])),
    "conv-auto-pad": ([1, 6, 11, 13], 8, [3, 4], dict(auto_pad="SAME_UPPER", strides=[2, 2])),
    "conv-no-bias": ([1, 16, 8, 8], 8, [3, 3], dict(bias=False)),
    "conv-1d": ([2, 10, 33], 12, [5], dict(pads=[2, 1], strides=[2])),
    "conv-1d-groups": ([1, 8, 20], 16, [3], dict(groups=2, dilations=[2])),
    "depthwise": ([1, 20, 13, 11], 20, [3, 3], dict(groups=20, pads=[1, 1, 1, 1], act="Relu")),
    "depthwise-stride": ([1, 33, 14, 14], 33, [5, 5], dict(groups=33, pads=[2, 2, 2, 2], strides=[2, 2])),
    "depthwise-1d": ([1, 12, 25], 12, [3], dict(groups=12, pads=[1, 1])),
    "depthwise-multiplier": ([1, 6, 10, 10], 12, [3, 3], dict(groups=6, pads=[1, 1, 1, 1])),
}
for name, (shape, features, kernel, how) in CONVS.items():
    CASES[name] = (_conv, dict(shape=shape, features=features, kernel=kernel, **how))


def _gemm(g, m, k, n, **attributes):
    x = g.x(*([k, m] if attributes.get("transA") else [m, k]))
    axis = 0 if attributes.get("transB") else 1
    w = g.real(*([n, k] if attributes.get("transB") else [k, n]))
    g.end(g.node("Gemm", g.w(x, w, axis, g.real(n)), **attributes))


@case(("gemm", dict(m=3, k=40, n=21)), ("gemm-transB", dict(m=1, k=70, n=10, transB=1)), ("gemm-transA", dict(m=9, k=18, n=12, transA=1)),
      ("gemm-transAB", dict(m=5, k=33, n=17, transA=1, transB=1)))
def gemm(g, **how):
    _gemm(g, **how)


@case(("matmul-constant", dict(left=[2, 7, 24], right=[24, 30])))
def matmul_constant(g, left, right):
    x = g.x(*left)
    y = g.node("MatMul", g.w(x, g.real(*right), 1))
    g.end(g.node("Add", [y, g.number(0.5)]) if not g.quantised else y)


@case(("matmul-batch", dict(left=[2, 3, 5, 16], right=[2, 3, 16, 9])), ("matmul-broadcast-right", dict(left=[4, 5, 16], right=[16, 9])),
      ("matmul-broadcast-batch", dict(left=[2, 1, 5, 16], right=[3, 16, 9])), ("matmul-transposed-right", dict(left=[2, 3, 6, 8], right=[2, 3, 10, 8], tb=True)),
      ("matmul-transposed-left", dict(left=[3, 8, 6], right=[3, 8, 10], ta=True)))
def matmul(g, left, right, ta=False, tb=False):
    def swapped(v, rank, do):
        return g.node("Transpose", [v], perm=[*range(rank - 2), rank - 1, rank - 2]) if do else v
    g.depth = left[-2 if ta else -1]
    a, b = swapped(g.x(*left), len(left), ta), swapped(g.x(*right, kind="u8"), len(right), tb)
    g.end(g.node("MatMul", [a, b]), 0.3)


@case(("matmul-itself", {}))
def matmul_itself(g):
    x = g.q(g.node("Relu", [g.x(2, 8, 8)]))
    g.depth = 8
    g.end(g.node("MatMul", [x, x]), 0.3)


@case(("matmul-own-transpose", {}))
def matmul_own_transpose(g):
    x = g.x(2, 8, 12)
    g.depth = 12
    g.end(g.node("MatMul", [x, g.node("Transpose", [x], perm=[0, 2, 1])]), 0.3)


#===-- Elementwise ----------------------------------------------------------===//

PAIRS = {"same": ([2, 6, 5, 7], [2, 6, 5, 7]), "scalar": ([2, 6, 5], []), "row": ([2, 6, 5], [5]), "channel": ([1, 6, 5, 7], [6, 1, 1]),
         "middle": ([2, 6, 5], [2, 1, 5]), "column": ([2, 6, 5], [2, 6, 1]), "left": ([1, 5], [4, 6, 5]), "both": ([4, 1, 5], [1, 6, 1])}


def _binary(g, op, left, right):
    g.end(g.node(op, [g.x(*left), g.x(*right, kind="u8")]), 0.1)


for op in ("Add", "Mul", "Sub"):
    for how, (left, right) in PAIRS.items():
        CASES[f"{op.lower()}-{how}"] = (_binary, dict(op=op, left=left, right=right))
CASES["div-same"] = (lambda g: g.end(g.node("Div", [g.x(3, 7), g.node("Add", [g.node("Sigmoid", [g.x(3, 7)]), g.number(1)])])), {})
CASES["div-constant-left"] = (lambda g: g.end(g.node("Div", [g.number(3), g.node("Add", [g.node("Sigmoid", [g.x(3, 7)]), g.number(1)])])), {})
CASES["sub-constant-left"] = (lambda g: g.end(g.node("Sub", [g.number(3), g.x(3, 7)])), {})
CASES["add-itself"] = (lambda g: (lambda x: g.end(g.node("Add", [x, x])))(g.x(3, 7)), {})
CASES["mul-constant-channel"] = (lambda g: g.end(g.node("Mul", [g.x(2, 5, 4, 4), g.constant(g.real(1, 5, 1, 1))])), {})
CASES["max"] = (lambda g: g.end(g.node("Max", [g.x(3, 7), g.x(3, 7)])), {})
for power in (2, 3, 0.5, -1):
    CASES[f"pow-{power}"] = (lambda g, p: g.end(g.node("Pow", [g.node("Add", [g.node("Sigmoid", [g.x(3, 37)]), g.number(1)]), g.number(p)])), dict(p=power))
CASES["where"] = (lambda g: g.end(g.node("Where", [g.node("Greater", [g.x(3, 37), g.number(0.1)]), g.x(3, 37), g.number(-1)])), {})


def _unary(g, op, **attributes):
    g.end(g.node(op, [g.x(2, 5, 33)], **attributes), 0.02)


for op in ("Relu", "HardSwish", "HardSigmoid", "Sigmoid", "Tanh", "Exp", "Abs", "Neg", "Erf", "LeakyRelu", "Elu", "Softplus", "Mish"):
    CASES[op.lower()] = (_unary, dict(op=op))
CASES["clip"] = (lambda g: g.end(g.node("Clip", [g.x(2, 5, 33), g.number(0), g.number(6)])), {})
CASES["prelu"] = (lambda g: g.end(g.node("PRelu", [g.x(1, 5, 4, 4), g.constant(np.abs(g.real(5, 1, 1)))])), {})
CASES["silu"] = (lambda g: (lambda x: g.end(g.node("Mul", [x, g.node("Sigmoid", [x])])))(g.x(2, 5, 33)), {})


@case(("gelu-erf", dict(form="erf")), ("gelu-tanh", dict(form="tanh")))
def gelu(g, form):
    x = g.x(2, 5, 33)
    if form == "erf":
        inner = g.node("Erf", [g.node("Div", [x, g.number(np.sqrt(2))])])
    else:
        cube = g.node("Mul", [g.node("Pow", [x, g.number(3)]), g.number(0.044715)])
        inner = g.node("Tanh", [g.node("Mul", [g.node("Add", [x, cube]), g.number(np.sqrt(2 / np.pi))])])
    g.end(g.node("Mul", [g.node("Mul", [x, g.node("Add", [inner, g.number(1)])]), g.number(0.5)]))


#===-- Windows and rows -------------------------------------------------------===//

POOLS = {
    "max-pool": ("MaxPool", [1, 9, 13, 12], dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])),
    "max-pool-ceil": ("MaxPool", [1, 9, 12, 12], dict(kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)),
    "max-pool-dilated": ("MaxPool", [1, 9, 12, 12], dict(kernel_shape=[2, 3], dilations=[2, 2])),
    "max-pool-1d": ("MaxPool", [1, 9, 12], dict(kernel_shape=[2], strides=[2])),
    "average-pool": ("AveragePool", [1, 9, 13, 12], dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])),
    "average-pool-ceil": ("AveragePool", [1, 9, 12, 12], dict(kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)),
    "average-pool-include": ("AveragePool", [1, 9, 12, 12], dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)),
    "average-pool-1d": ("AveragePool", [1, 9, 12], dict(kernel_shape=[3])),
    "global-average": ("GlobalAveragePool", [2, 9, 7, 6], {}),
    "global-max": ("GlobalMaxPool", [2, 9, 7, 6], {}),
}
for name, (op, shape, how) in POOLS.items():
    CASES[name] = (lambda g, op, shape, how: g.end(g.node(op, [g.x(*shape)], **how)), dict(op=op, shape=shape, how=how))
CASES["mean-spatial"] = (lambda g: g.end(g.node("ReduceMean", [g.x(2, 9, 7, 6), g.ints(2, 3)], keepdims=0)), {})
CASES["mean-last"] = (lambda g: g.end(g.node("ReduceMean", [g.x(2, 9, 7), g.ints(-1)])), {})
CASES["softmax"] = (lambda g: g.end(g.node("Softmax", [g.x(2, 5, 33)], axis=-1), 0.004), {})
CASES["softmax-middle"] = (lambda g: g.end(g.node("Softmax", [g.x(2, 7, 5, 6)], axis=1), 0.004), {})
CASES["layernorm"] = (lambda g: g.end(g.node("LayerNormalization", [g.x(2, 5, 48), g.constant(g.real(48)), g.constant(g.real(48))], axis=-1)), {})


@case(("layernorm-spelled", {}))
def layernorm_spelled(g):
    x = g.x(2, 5, 48)
    centred = g.node("Sub", [x, g.node("ReduceMean", [x, g.ints(-1)])])
    variance = g.node("ReduceMean", [g.node("Pow", [centred, g.number(2)]), g.ints(-1)])
    y = g.node("Div", [centred, g.node("Sqrt", [g.node("Add", [variance, g.number(1e-5)])])])
    g.end(g.node("Add", [g.node("Mul", [y, g.constant(g.real(48))]), g.constant(g.real(48))]))


#===-- Movements, beside a layer ---------------------------------------------------===//

def _moved(g, shape, move):
    y = move(g, g.q(g.node("Relu", [g.x(*shape)])))
    g.end(g.node("Relu", [g.q(y)]))


MOVES = {
    "concat": ([1, 6, 5, 4], lambda g, x: g.node("Concat", [x, g.q(g.node("Sigmoid", [g.x(1, 3, 5, 4)]), 0.01), x], axis=1)),
    "slice": ([2, 6, 9, 4], lambda g, x: g.node("Slice", [x, g.ints(1, 7), g.ints(5, 0), g.ints(1, 2), g.ints(1, -2)])),
    "split": ([2, 6, 5], lambda g, x: g.node("Add", [g.q(g.node("Slice", [x, g.ints(0), g.ints(3), g.ints(1)])), g.q(g.node("Slice", [x, g.ints(3), g.ints(6), g.ints(1)]))])),
    "reshape": ([2, 6, 5, 4], lambda g, x: g.node("Reshape", [x, g.ints(2, -1)])),
    "flatten": ([2, 6, 5, 4], lambda g, x: g.node("Flatten", [x])),
    "transpose": ([2, 6, 5, 4], lambda g, x: g.node("Transpose", [x], perm=[2, 0, 3, 1])),
    "pad": ([1, 4, 5, 6], lambda g, x: g.node("Pad", [x, g.ints(0, 0, 1, 2, 0, 0, 2, 1)])),
    "pad-reflect": ([1, 4, 5, 6], lambda g, x: g.node("Pad", [x, g.ints(0, 0, 1, 2, 0, 0, 2, 1)], mode="reflect")),
    "resize-nearest": ([1, 4, 5, 6], lambda g, x: g.node("Resize", [x, "", g.constant(np.array([1, 1, 2, 2], np.float32))], mode="nearest",
                                                        coordinate_transformation_mode="asymmetric", nearest_mode="floor")),
    "depth-to-space": ([1, 8, 3, 5], lambda g, x: g.node("DepthToSpace", [x], blocksize=2)),
}
for name, (shape, move) in MOVES.items():
    CASES[name] = (_moved, dict(shape=shape, move=move))


#===-- Blocks ----------------------------------------------------------------------===//

@case(("cnn-residual", {}))
def cnn_residual(g):
    x = g.x(1, 3, 24, 24)
    g.shapes = {x: [1, 3]}

    def layer(x, features, k, act=True, **how):
        y = conv(g, x, features, [k, k], pads=[k // 2] * 4, **how)
        y = g.q(g.node("Relu", [y]) if act else y)
        g.shapes[y] = [1, features]
        return y
    x = layer(x, 16, 3, strides=[2, 2])
    for features in (16, 24):
        stride = [1, 1] if features == 16 else [2, 2]
        y = layer(layer(x, features, 3, strides=stride), features, 3, act=False)
        skip = x if features == 16 else layer(x, features, 1, act=False, strides=stride)
        x = g.q(g.node("Relu", [g.node("Add", [y, skip])]))
        g.shapes[x] = [1, features]
    x = g.q(g.node("GlobalAveragePool", [g.q(g.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2]))]))
    x = g.q(g.node("Flatten", [x]))
    g.end(g.node("Gemm", g.w(x, g.real(10, 24), 0, g.real(10)), transB=1))


@case(("mobilenet-v2", {}))
def mobilenet(g):
    x = g.q(g.node("Clip", [g.x(1, 16, 14, 14), g.number(0), g.number(6)]))
    g.shapes = {x: [1, 16]}

    def layer(x, features, k, groups=1, act=True, **how):
        y = conv(g, x, features, [k, k], groups, pads=[k // 2] * 4, **how)
        y = g.q(g.node("Clip", [y, g.number(0), g.number(6)]) if act else y)
        g.shapes[y] = [1, features]
        return y
    for stride in (1, 2):
        wide = layer(x, 72, 1)
        y = layer(layer(wide, 72, 3, 72, strides=[stride, stride]), 16, 1, act=False)
        x = g.q(g.node("Add", [x, y])) if stride == 1 else y
        g.shapes[x] = [1, 16]
    g.end(x)


@case(("squeeze-excite", {}))
def squeeze(g):
    x = g.q(g.node("HardSwish", [g.x(1, 16, 9, 9)]))
    g.shapes = {x: [1, 16]}
    y = g.q(g.node("GlobalAveragePool", [x]))
    g.shapes[y] = [1, 16]
    y = g.q(g.node("Relu", [conv(g, y, 8, [1, 1])]))
    g.shapes[y] = [1, 8]
    y = g.q(g.node("HardSigmoid", [conv(g, y, 16, [1, 1])], alpha=0.2), 0.01)
    g.end(g.node("Mul", [x, y]))


@case(("bert-layer", {}))
def bert(g):
    tokens, width, heads = 6, 32, 4
    def dense(x, k, n):
        operands = g.w(x, g.real(k, n), 1, g.real(n))
        return g.q(g.node("Add", [g.node("MatMul", operands[:2]), operands[2]]))
    def norm(x):
        return g.q(g.node("LayerNormalization", [x, g.constant(g.real(width)), g.constant(g.real(width))], axis=-1))
    def split(x, perm):
        return g.node("Transpose", [g.node("Reshape", [x, g.ints(1, tokens, heads, width // heads)])], perm=perm)
    x = norm(g.x(1, tokens, width))
    q, k, v = (dense(x, width, width) for _ in range(3))
    scores = g.q(g.node("MatMul", [split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1])]), 0.3)
    weights = g.q(g.node("Softmax", [g.node("Div", [scores, g.number(np.sqrt(width // heads))])], axis=-1), 1 / 255, "u8")
    context = g.q(g.node("MatMul", [weights, split(v, [0, 2, 1, 3])]))
    context = g.node("Reshape", [g.node("Transpose", [context], perm=[0, 2, 1, 3])  , g.ints(1, tokens, width)])
    x = norm(g.q(g.node("Add", [x, dense(g.q(context), width, width)])))
    y = dense(x, width, 64)
    erf = g.node("Add", [g.node("Erf", [g.node("Div", [y, g.number(np.sqrt(2))])]), g.number(1)])
    y = g.q(g.node("Mul", [g.node("Mul", [y, erf]), g.number(0.5)]))
    g.end(norm(g.q(g.node("Add", [x, dense(y, 64, width)]))))


@case(("many-results", {}))
def many_results(g):
    """More inputs and results than a program has segments."""
    for i in range(20):
        g.end(g.node("Relu", [g.x(3, 5 + i)]))


@case(("concat-many", {}))
def concat_many(g):
    g.end(g.node("Relu", [g.q(g.node("Concat", [g.q(g.node("Sigmoid", [g.x(1, 3, 4)]), 0.01) for _ in range(13)], axis=1))]))


#===-- What stays on the host, and why --------------------------------------------===//

REFUSED = {
    "conv-transpose": (lambda g: g.end(g.node("ConvTranspose", g.w(g.x(1, 4, 5, 5), g.real(4, 6, 3, 3), 1))), "a transposed convolution"),
    "conv-3d": (lambda g: g.end(g.node("Conv", g.w(g.x(1, 4, 5, 5, 5), g.real(6, 4, 3, 3, 3)))), "a convolution over three spatial dimensions"),
    "matmul-vector": (lambda g: g.end(g.node("MatMul", [g.x(4, 16), g.x(16)])), "a product with a vector"),
    "average-pool-ceil-include": (lambda g: g.end(g.node("AveragePool", [g.x(1, 9, 12, 12)], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, count_include_pad=1)),
                                  "an average that counts its padding but not what lies beyond"),
    "pow-itself": (lambda g: g.end(g.node("Pow", [g.node("Sigmoid", [g.x(3, 7)]), g.node("Sigmoid", [g.x(3, 7)])])), "a power whose exponent is not one constant"),
    "concat-20": (lambda g: g.end(g.node("Relu", [g.q(g.node("Concat", [g.q(g.node("Sigmoid", [g.x(1, 3, 4)]), 0.01) for _ in range(20)], axis=1))])),
                  "an operation of 21 tensors, of which a program has at most 14"),
}


#===-- Checks -------------------------------------------------------------------------===//

def examine(g: Model, folder, machine="edge-256") -> list[str]:
    """What stays on the host, and what is wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    path, mlir, samples = folder / "m.onnx", folder / "m.mlirbc", folder / "in.npz"
    onnx.save(g.model(), path)
    np.savez(samples, **g.feeds)
    call(BIN / "aic-translate", "--import-onnx", path, "-o", mlir)

    def reference():
        call(BIN / "aic-opt", "--aic-graph-pipeline", mlir, "-o", folder / "g.mlir")
        call(BIN / "aic-run", "--interpret", folder / "g.mlir", "--input", samples, "--save", folder / "want.npz")

    def compiled():
        call(BIN / "aic-compile", path, "--target=npu", f"--machine={machine}", "-o", folder / "m.so")
        call(BIN / "aic-run", folder / "m.so", "--input", samples, "--save", folder / "got.npz")
    with ThreadPoolExecutor() as pool:
        units = pool.submit(call, BIN / "aic-opt", f"--aic-to-npu-units=machine={machine}", mlir)
        for work in (pool.submit(reference), pool.submit(compiled)):
            work.result()
    host = set(re.findall(r'(aic\.\w+)[^\n]*npu\.reason = "([^"]*)"', units.result()))
    found = [f"host: {op}, {reason}" for op, reason in sorted(host)]
    want, got = np.load(folder / "want.npz"), np.load(folder / "got.npz")
    for value in want:
        name, depth = g.limits.get(value, (value, g.depth))
        w, y = want[value].astype(np.float64), got[value].astype(np.float64)
        if w.shape != y.shape:
            found.append(f"{name}: {y.shape}, expected {w.shape}")
        elif g.quantised and (w != y).any():
            found.append(f"{name}: {np.count_nonzero(w != y)} of {w.size} differ, by up to {np.abs(w - y).max()}")
        elif not g.quantised:
            # Operands and results are rounded to 11 bits; errors of a sum grow with the root of its depth.
            limit = 2.0**-11 * (2 + np.sqrt(depth)) * max(np.abs(w).max(), 1) + 2.0**-10 * np.abs(w)
            if not (np.abs(w - y) <= limit).all():
                found.append(f"{name}: off by {np.abs(w - y).max()}, expected at most {limit.max()}")
    return found


PARTS = 3


@pytest.mark.parametrize("quantised", [True, False], ids=["int8", "f16"])
@pytest.mark.parametrize("part", range(PARTS))
def test_taken(part, quantised, tmp_path):
    """All of every case is taken and right. Compiling is what costs, so many are one model; it is more than a program."""
    g = Model(part, quantised)
    for name in sorted(CASES)[part::PARTS]:
        g.add(name)
    assert not examine(g, tmp_path)
    done = subprocess.run([BIN / "aic-check", tmp_path / "m.onnx", "--target=npu"], capture_output=True, text=True)
    assert done.returncode == 0 and "npu takes all of it" in done.stdout, done.stdout


@pytest.mark.parametrize("quantised", [True, False], ids=["int8", "f16"])
def test_refused(quantised, tmp_path):
    """The reason is told, and the whole still computes: the host does the rest."""
    g = Model(1, quantised)
    for make, _ in REFUSED.values():
        make(g)
    found = examine(g, tmp_path)
    assert all(line.startswith("host: ") for line in found), found
    for name, (_, reason) in REFUSED.items():
        assert any(reason in line for line in found), f"{name}: {found}"
    done = subprocess.run([BIN / "aic-check", tmp_path / "m.onnx", "--target=npu"], capture_output=True, text=True)
    assert done.returncode == 1 and all(reason in done.stdout for _, reason in REFUSED.values()), done.stdout
