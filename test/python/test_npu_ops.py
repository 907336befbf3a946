# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Windows and movements on the NPU: random shapes, bit for bit what the interpreter computes, on machines of odd sizes too."""
import re

import numpy as np
import pytest
from npu_models import Graph, check, odd_machines

ODD = ["tiny-vector-buffer", "everything", "l1-65536"]


def kinds(units: str) -> list[str]:
    return re.findall(r'npu\.unit "(\w+)"', units)


def window(g: Graph, spatial, strides=(1, 2, 3), dilations=(1, 1, 2)) -> dict:
    """Attributes of a window that fits and has an element everywhere."""
    while True:
        kernel = [int(g.rng.integers(1, 5)) for _ in spatial]
        dilation = [int(g.rng.choice(dilations)) for _ in spatial]
        pads = [int(g.rng.integers(0, k)) for k in kernel + kernel]
        # Each window keeps an element: the padding is less than the window's first or last step inside.
        fits = all(d + pads[i] + pads[i + len(spatial)] >= e * (k - 1) + 1 and (e == 1 or not pads[i] and not pads[i + len(spatial)]) and d >= k
                   for i, (d, k, e) in enumerate(zip(spatial, kernel, dilation)))
        if fits:
            return {"kernel_shape": kernel, "strides": [int(g.rng.choice(strides)) for _ in spatial], "dilations": dilation, "pads": pads}


def depthwise(g: Graph, floats: bool = False):
    c, h, w, n = (int(v) for v in (g.rng.integers(2, 75), g.rng.integers(4, 30), g.rng.integers(4, 30), g.rng.integers(1, 3)))
    how = window(g, [h, w])
    shape = [c, 1, *how["kernel_shape"]]
    if floats:
        weights = (g.rng.standard_normal(shape) / 4).astype(np.float16)
        y = g.node("Conv", [g.input([n, c, h, w], "f16"), g.constant(weights), g.constant(g.rng.standard_normal(c).astype(np.float16))], group=c, **how)
        return g.output(g.node("Relu", [y]) if g.rng.integers(2) else y)
    kind, result = (str(g.rng.choice(["i8", "u8"])) for _ in range(2))
    scales = g.rng.uniform(0.01, 0.02, c).astype(np.float32)
    filters = g.node("DequantizeLinear", [g.constant(g.rng.integers(-127, 128, shape).astype(np.int8)), g.constant(scales), g.constant(np.zeros(c, np.int8))], axis=0)
    xs = g.scale()
    x = g.dequantize(g.input([n, c, h, w], kind), kind, xs)
    operands = [x, filters]
    if g.rng.integers(2):
        bias = g.constant(g.rng.integers(-9000, 9000, c).astype(np.int32))
        operands.append(g.node("DequantizeLinear", [bias, g.constant(xs * scales), g.constant(np.zeros(c, np.int32))], axis=0))
    y = g.node("Conv", operands, group=c, **how)
    if g.rng.integers(2):
        y = g.node("Relu", [y])
    g.output(g.quantize(y, result, g.scale(0.05, 0.3)))


def maximum(g: Graph):
    kind = str(g.rng.choice(["i8", "u8", "f16", "f32"]))
    c, h, w = (int(v) for v in (g.rng.integers(1, 70), g.rng.integers(4, 30), g.rng.integers(4, 30)))
    how = window(g, [h, w])
    x = g.input([int(g.rng.integers(1, 3)), c, h, w], kind)
    g.output(g.node("MaxPool", [x], ceil_mode=int(g.rng.integers(2)), **how))


def average(g: Graph, floats: bool = False):
    c, h, w = (int(v) for v in (g.rng.integers(1, 70), g.rng.integers(4, 30), g.rng.integers(4, 30)))
    how, kind, result = window(g, [h, w], dilations=[1]), str(g.rng.choice(["i8", "u8"])), str(g.rng.choice(["i8", "u8"]))
    del how["dilations"]
    x = g.input([int(g.rng.integers(1, 3)), c, h, w], "f16" if floats else kind)
    x = x if floats else g.dequantize(x, kind)
    if g.rng.integers(2):
        y = g.node("AveragePool", [x], count_include_pad=int(g.rng.integers(2)), **how)
    else: # channels last
        y = g.node("ReduceMean", [x, g.constant(np.array([1, 2]))], keepdims=int(g.rng.integers(2)))
    g.output(y if floats else g.quantize(y, result, g.scale(0.005, 0.1)))


@pytest.mark.parametrize("make", [depthwise, maximum, average])
@pytest.mark.parametrize("seed", range(3))
def test_windows(make, seed, tmp_path):
    g = Graph(seed)
    for _ in range(4):
        make(g)
    assert kinds(check(g, tmp_path)).count("window") == 4


@pytest.mark.parametrize("make", [depthwise, average])
def test_windows_of_halves(make, tmp_path):
    g = Graph(7)
    for _ in range(3):
        make(g, floats=True)
    assert kinds(check(g, tmp_path, exact=False)).count("window") == 3


@pytest.mark.parametrize("machine", ODD)
def test_windows_on_odd_machines(machine, tmp_path):
    g = Graph(11)
    for make in (depthwise, depthwise, maximum, average):
        make(g)
    assert kinds(check(g, tmp_path, *odd_machines(tmp_path, machine))).count("window") == 4


def relu(g: Graph, x: str) -> str:
    return g.node("Relu", [x])


def shape_of(g: Graph, low=1, high=24, rank=None) -> list[int]:
    return [int(v) for v in g.rng.integers(low, high, rank or g.rng.integers(2, 5))]


def transpose(g, x, shape):
    return g.node("Transpose", [x], perm=[int(p) for p in g.rng.permutation(len(shape))])


def reslice(g, x, shape):
    axes = [int(a) for a in g.rng.permutation(len(shape))[:g.rng.integers(1, len(shape) + 1)]]
    steps = [int(g.rng.choice([-2, -1, 1, 1, 2, 3])) for _ in axes]
    starts = [int(g.rng.integers(0, shape[a])) for a in axes]
    ends = [1000 if step > 0 else -1000 for step in steps]
    return g.node("Slice", [x, *(g.constant(np.array(v, np.int64)) for v in (starts, ends, axes, steps))])


def concat(g, x, shape):
    axis = int(g.rng.integers(len(shape)))
    other = relu(g, g.input([*shape[:axis], int(g.rng.integers(1, 9)), *shape[axis + 1:]], g.kind))
    fixed = g.constant(g.rng.integers(0, 9, [*shape[:axis], 3, *shape[axis + 1:]]).astype(x_type(g)))
    return g.node("Concat", [x, other, x, fixed], axis=axis)


def x_type(g):
    return {"i8": np.int8, "f16": np.float16, "f32": np.float32, "i32": np.int32}[g.kind]


def pad(g, x, shape):
    mode = str(g.rng.choice(["constant", "constant", "edge", "reflect", "wrap"]))
    low = -1 if mode == "constant" else 0
    pads = [int(g.rng.integers(low, min(d, 4))) if d > 2 else 0 for d in shape + shape]
    operands = [x, g.constant(np.array(pads, np.int64))]
    return g.node("Pad", operands + ([g.constant(np.array(5, x_type(g)))] if mode == "constant" else []), mode=mode)


def tile(g, x, shape):
    return g.node("Tile", [x, g.constant(g.rng.integers(1, 4, len(shape)).astype(np.int64))])


def expand(g, x, shape):
    narrow = [d if g.rng.integers(2) else 1 for d in shape]
    source = relu(g, g.input(narrow, g.kind))
    return g.node("Expand", [source, g.constant(np.array(shape, np.int64))])


def reshape(g, x, shape):
    return g.node("Reshape", [x, g.constant(np.array([-1, shape[0]], np.int64))])


def resize(g, x, shape):
    sizes = [max(1, int(d * g.rng.choice([1, 2, 3, 1.5, 0.5]))) for d in shape]
    sizes = g.constant(np.array(shape[:-2] + sizes[-2:], np.int64))
    mode = {"nearest_mode": str(g.rng.choice(["floor", "round_prefer_floor"])), "coordinate_transformation_mode": str(g.rng.choice(["asymmetric", "half_pixel"]))}
    return g.node("Resize", [x, "", "", sizes], mode="nearest", **mode)


def pick(g, x, shape):
    axis = int(g.rng.integers(len(shape)))
    return g.node("Gather", [x, g.constant(g.rng.integers(-shape[axis], shape[axis], g.rng.integers(1, 6)))], axis=axis)


def shuffle(g, x, shape):
    n, c, h, w = (shape + [1] * 4)[:4]
    block = int(g.rng.integers(2, 4))
    x = relu(g, g.input([n, c * block * block, h, w], g.kind))
    return g.node("DepthToSpace", [x], blocksize=block, mode=str(g.rng.choice(["DCR", "CRD"])))


MOVEMENTS = [shuffle, transpose, reslice, concat, pad, tile, expand, reshape, resize, pick]


def movement(g: Graph, make, kinds=("i8", "f16", "f32", "i32")) -> None:
    g.kind = str(g.rng.choice([k for k in kinds if make is not resize or k != "f16"]))
    shape = shape_of(g, high=24)
    g.output(relu(g, make(g, relu(g, g.input(shape, g.kind)), shape)))


@pytest.mark.parametrize("make", MOVEMENTS)
def test_movements(make, tmp_path):
    g = Graph(len(make.__name__))
    for _ in range(5 if make is not concat else 3): # a program has 16 segments
        movement(g, make)
    units = check(g, tmp_path)
    assert "aic.npu_none" not in units and len(re.findall("call @npu", units)) == 1, "the program is split"
    assert set(kinds(units)) <= {"copy", "alias", "elementwise"}


@pytest.mark.parametrize("machine", ODD)
def test_movements_on_odd_machines(machine, tmp_path):
    for seed, some in enumerate([MOVEMENTS[:5], MOVEMENTS[5:]]):  # a program has 16 segments
        g = Graph(seed)
        for make in some:
            movement(g, make)
        check(g, tmp_path, *odd_machines(tmp_path, machine))
    g = Graph(3)
    g.output(relu(g, g.node("Transpose", [relu(g, g.input([2, 131, 3, 177], "i8"))], perm=[0, 2, 3, 1])))
    g.output(relu(g, g.node("Transpose", [relu(g, g.input([1, 57, 63, 35], "f32"))], perm=[0, 3, 1, 2])))
    check(g, tmp_path, *odd_machines(tmp_path, machine))
