# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""More kinds of nodes for differential.py, for seeds that were not drawn before these existed: operators of smaller families, and the common ones
with operands that only run time knows."""
from __future__ import annotations

import numpy as np
from onnx import helper

FLOAT = np.dtype("f4")


def late(g, values) -> str:
    """Integers as an input of known extents: a pad, a size, a bound that only run time knows."""
    values = np.asarray(values, np.int64)
    name = g.input(values.shape, np.int64)
    g.values[name] = values
    g.known.add(name)
    return name


def either(g, values) -> str:
    return late(g, values) if g.r.random() < 0.6 else g.weight(np.asarray(values, np.int64))


def more_unary(g):
    op = g.r.choice("Acos Acosh Asin Atanh Cosh Tan Dropout Shrink BitwiseNot GlobalLpPool DynamicQuantizeLinear".split())
    if op == "BitwiseNot":
        g.node(op, [g.pick(kinds="iu")])
    elif op == "GlobalLpPool":
        g.node(op, [g.pick(3, 5)], p=g.r.choice([1, 2, 3]))
    elif op == "DynamicQuantizeLinear":
        g.node(op, [g.pick(1, 4, exact=True)], 3)
    elif op == "Shrink":
        g.node(op, [g.pick(exact=True)], bias=g.r.choice([0.0, 0.5]), lambd=g.r.choice([0.5, 1.0]))
    elif op in ("Acos", "Acosh", "Asin", "Atanh", "Tan"):  # inside their domain, away from its ends
        x = g.node("Sigmoid", [g.pick(exact=True)])
        y = x and g.node("Add", [x[0], g.weight(np.asarray(1.5, g.values[x[0]].dtype))]) if op == "Acosh" else x
        if y:
            g.node(op, y)
    else:
        g.node(op, [g.pick()])


def more_nary(g):
    op = g.r.choice("Sum Mean Max Min GreaterOrEqual BitwiseOr CastLike".split())
    x = g.pick(kinds="iu" if op == "BitwiseOr" else "f", exact=op in ("GreaterOrEqual", "CastLike"))
    a = g.values[x]
    if op == "CastLike":
        g.node(op, [x, g.weight(g.data([], g.r.choice([np.float64, np.float16, np.int32, bool])))])
        return
    shapes = [[1 if g.r.random() < 0.3 else d for d in a.shape][g.r.randint(0, a.ndim) if g.r.random() < 0.3 else 0:]
              for _ in range(g.r.randint(0, 3) if op in ("Sum", "Mean", "Max", "Min") else 1)]
    g.node(op, [x, *(g.input(s, a.dtype) if op == "GreaterOrEqual" else g.argument(s, a.dtype) for s in shapes)])


def recurrent(g):
    op, parts = g.r.choice([("LSTM", 4), ("GRU", 3), ("RNN", 1)])
    x = g.pick(3, 3)
    a = g.values[x]
    if a.dtype != FLOAT or 0 in a.shape:
        return
    direction = g.r.choice(["forward", "reverse", "bidirectional"])
    d, h = 1 + (direction == "bidirectional"), g.r.choice([1, 3, 4, 8])
    inputs = [x, g.weight(g.data([d, parts * h, a.shape[2]])), g.weight(g.data([d, parts * h, h]))]
    inputs.append(g.weight(g.data([d, 2 * parts * h])) if g.r.random() < 0.7 else "")
    inputs.append(g.weight(np.asarray([g.r.randint(0, a.shape[0]) for _ in range(a.shape[1])], np.int32)) if g.r.random() < 0.3 else "")
    if g.r.random() < 0.5:
        inputs += [g.argument([d, a.shape[1], h])] * (1 + (op == "LSTM"))
        if op == "LSTM" and g.r.random() < 0.4:
            inputs.append(g.weight(g.data([d, 3 * h])))
    while not inputs[-1]:
        inputs.pop()
    extra = {"linear_before_reset": g.r.randint(0, 1)} if op == "GRU" else {"input_forget": g.r.randint(0, 1)} if op == "LSTM" else {}
    g.node(op, inputs, 3 if op == "LSTM" else 2, hidden_size=h, direction=direction, **extra)


def grid_sample(g):
    x = g.pick(4, 4, exact=True)
    a = g.values[x]
    grid = g.input([a.shape[0], g.r.randint(1, 5), g.r.randint(1, 5), 2], a.dtype)
    modes = ["bilinear", "nearest", "bicubic"] if g.opset < 20 else ["linear", "nearest", "cubic"]
    g.node("GridSample", [x, grid], mode=g.r.choice(modes), padding_mode=g.r.choice(["zeros", "border", "reflection"]), align_corners=g.r.randint(0, 1))


def affine_grid(g):
    if g.opset >= 20:
        rank = g.r.choice([2, 3])
        size = [g.r.randint(1, 3), g.r.randint(1, 3), *(g.r.randint(1, 5) for _ in range(rank))]
        g.node("AffineGrid", [g.input([size[0], rank, rank + 1]), either(g, size)], align_corners=g.r.randint(0, 1))


def image(g):
    op = g.r.choice(["Col2Im", "CenterCropPad", "MaxUnpool", "Det"])
    if op == "Col2Im":
        size, block = [g.r.randint(3, 7), g.r.randint(3, 7)], [g.r.randint(1, 3), g.r.randint(1, 3)]
        strides, dilations, pads = [g.r.randint(1, 2) for _ in range(2)], [g.r.choice([1, 1, 2]) for _ in range(2)], [g.r.randint(0, 1) for _ in range(4)]
        places = [(size[i] + pads[i] + pads[i + 2] - dilations[i] * (block[i] - 1) - 1) // strides[i] + 1 for i in range(2)]
        if min(places) > 0:
            x = g.input([g.r.randint(1, 2), 3 * block[0] * block[1], places[0] * places[1]])
            g.known.add(x)
            g.node(op, [x, g.weight(np.asarray(size)), g.weight(np.asarray(block))], strides=strides, dilations=dilations, pads=pads)
    elif op == "CenterCropPad":
        x = g.pick(1, 4, "fi", exact=True)
        axes = g.r.sample(range(g.values[x].ndim), g.r.randint(1, g.values[x].ndim))
        g.node(op, [x, either(g, [g.r.randint(1, 9) for _ in axes])], axes=axes, exact=True)
    elif op == "MaxUnpool":
        x = g.pick(4, 4, exact=True)
        kernel = [g.r.randint(1, 2), g.r.randint(1, 3)]
        y = g.node("MaxPool", [x], 2, kernel_shape=kernel, strides=kernel)
        if y:
            g.node(op, y, kernel_shape=kernel, strides=kernel)
    else:
        n = g.r.randint(1, 5)
        g.node(op, [g.input([g.r.randint(1, 3)] * g.r.randint(0, 2) + [n, n])])


def signal(g):
    op = g.r.choice(["DFT", "DFT", "STFT", "HannWindow", "HammingWindow", "BlackmanWindow"])
    if op == "DFT":
        shape = [g.r.randint(1, 3), g.r.randint(1, 9), g.r.randint(1, 5), g.r.choice([1, 2])]
        x, axis = g.input(shape, g.r.choice([FLOAT, np.float64])), g.r.choice([1, 2])
        inverse, length = g.r.randint(0, 1), [g.weight(np.asarray(g.r.randint(1, 9)))] if g.r.random() < 0.4 else []
        one = 0 if inverse else g.r.randint(0, 1) * (shape[-1] == 1)
        if g.opset < 20:
            g.node(op, [x, *length], axis=axis, inverse=inverse, onesided=one)
        else:
            g.node(op, [x, *(length or [""]), g.weight(np.asarray(axis))], inverse=inverse, onesided=one)
    elif op == "STFT":
        length = g.r.randint(2, 8)
        window = g.r.choice(["", g.weight(g.data([length]))])
        g.node(op, [g.input([g.r.randint(1, 2), g.r.randint(10, 20), 1]), g.weight(np.asarray(g.r.randint(1, 5))), window, g.weight(np.asarray(length))],
               onesided=g.r.randint(0, 1))
    else:
        g.node(op, [g.weight(np.asarray(g.r.randint(2, 9)))], periodic=g.r.randint(0, 1))


def choose(g):
    op = g.r.choice(["NonMaxSuppression", "Unique", "NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"])
    if op == "NonMaxSuppression":
        b, n, c = g.r.randint(1, 2), g.r.randint(1, 9), g.r.randint(1, 3)
        g.node(op, [g.input([b, n, 4]), g.input([b, c, n]), g.weight(np.asarray([g.r.randint(0, 9)])), g.weight(np.asarray([0.3], FLOAT)),
                    g.weight(np.asarray([0.1], FLOAT))][: g.r.choice([3, 4, 5])], center_point_box=0)
    elif op == "Unique":
        x = g.pick(1, 3, "fi", exact=True)
        axis = {"axis": g.r.randrange(g.values[x].ndim)} if g.r.random() < 0.5 else {}
        g.node(op, [x], 4, sorted=g.r.randint(0, 1), **axis)
    else:
        x = g.pick(2, 4)
        shape = list(g.values[x].shape)
        if 0 not in shape:
            t = late(g, g.rng.integers(0, shape[1], [shape[0], *shape[2:]]))
            weight = [g.weight(np.abs(g.data([shape[1]], g.values[x].dtype)) + 1)] if g.r.random() < 0.5 else []
            ignore = {"ignore_index": g.r.randrange(shape[1])} if g.r.random() < 0.3 else {}
            g.node(op, [x, t, *weight], reduction=g.r.choice(["none", "mean", "sum"]), **ignore)


def integers(g):
    op = g.r.choice(["ConvInteger", "MatMulInteger", "QLinearMatMul", "QLinearConv"])
    left, right = g.r.choice([np.uint8, np.int8]), g.r.choice([np.uint8, np.int8])
    scale = lambda v: g.weight(np.asarray(v, FLOAT))  # noqa: E731
    zero = lambda t: g.weight(np.asarray(g.r.randint(0, 9), t))  # noqa: E731
    number = lambda shape, t: np.asarray(g.rng.integers(*((0, 256) if t == np.uint8 else (-128, 128)), shape), t)  # noqa: E731

    def operand(shape, t):
        name = g.input(shape, t)
        g.values[name] = number(shape, t)
        return name

    if op in ("MatMulInteger", "QLinearMatMul"):
        m, k, n = (g.r.choice([1, 3, 8, 17]) for _ in range(3))
        x, w = operand([2] * g.r.randint(0, 1) + [m, k], left), g.weight(number([k, n], right))
        if op == "MatMulInteger":
            g.node(op, [x, w, *([zero(left), zero(right)][: g.r.randint(0, 2)])])
        else:
            g.node(op, [x, scale(0.02), zero(left), w, scale(0.03), zero(right), scale(0.7), zero(left)])
        return
    group = g.r.choice([1, 2])
    x, w = operand([g.r.randint(1, 2), 4, 7, 6], left), g.weight(number([4, 4 // group, g.r.randint(1, 3), g.r.randint(1, 3)], right))
    kernel = g.values[w].shape[2:]
    attributes = {"pads": [g.r.randint(0, k - 1) for k in kernel * 2], "strides": [g.r.randint(1, 2), g.r.randint(1, 2)], "group": group}
    if op == "ConvInteger":
        g.node(op, [x, w, *([zero(left), zero(right)][: g.r.randint(0, 2)])], **attributes)
    else:
        bias = [g.weight(np.asarray(g.rng.integers(-999, 999, 4), np.int32))] if g.r.random() < 0.5 else []
        g.node(op, [x, scale(0.02), zero(left), w, scale(0.03), zero(right), scale(0.7), zero(left), *bias], **attributes)


def scan(g):
    x = g.pick(1, 3)
    a, tag = g.values[x], len(g.nodes)
    row = np.zeros(a.shape[1:], a.dtype)
    typed = lambda n: helper.make_tensor_value_info(f"{n}{tag}", helper.np_dtype_to_tensor_dtype(a.dtype), row.shape)  # noqa: E731
    body = helper.make_graph([helper.make_node("Add", [f"s{tag}", f"r{tag}"], [f"t{tag}"]), helper.make_node("Mul", [f"t{tag}", f"r{tag}"], [f"o{tag}"])],
                             "body", [typed("s"), typed("r")], [typed("t"), typed("o")])
    if a.shape[0]:
        g.known.add(x)
        g.node("Scan", [g.weight(g.data(row.shape, a.dtype)), x], 2, body=body, num_scan_inputs=1, scan_input_directions=[g.r.randint(0, 1)])


def trips(g):
    """A loop whose number of turns, or the turn that ends it, only run time knows."""
    x = g.pick(0, 3)
    a, tag = g.values[x], len(g.nodes)
    typed = lambda n, like: helper.make_tensor_value_info(f"{n}{tag}", helper.np_dtype_to_tensor_dtype(like.dtype), like.shape)  # noqa: E731
    i, c = np.asarray(0), np.asarray(True)
    stop = g.weight(np.asarray(g.r.randint(0, 3)))
    body = helper.make_graph([helper.make_node("Less", [f"i{tag}", stop], [f"d{tag}"]), helper.make_node("Sub", [x, f"s{tag}"], [f"t{tag}"]),
                              helper.make_node("Identity", [f"t{tag}"], [f"o{tag}"])],
                             "body", [typed("i", i), typed("c", c), typed("s", a)], [typed("d", c), typed("t", a), typed("o", a)])
    g.node("Loop", [late(g, g.r.randint(1, 5)), g.r.choice(["", g.weight(c)]), x], 2, body=body)


def run_time(g):
    """Operands that are weights elsewhere."""
    op = g.r.choice("Pad Slice Tile Expand Reshape TopK Resize ConvTranspose ConvTranspose Conv Split Unsqueeze OneHot Range ConstantOfShape Trilu Clip "
                    "ReduceSum CumSum GatherND ScatterND".split())
    x = g.pick({"Resize": 4, "ConvTranspose": 3, "Conv": 3, "Trilu": 2}.get(op, 1), {"ConvTranspose": 5, "Conv": 5}.get(op, 4), exact=op in ("TopK",))
    a = g.values[x]
    rank, shape = a.ndim, list(a.shape)
    axis = g.r.randrange(-rank, rank)
    if op == "Pad":
        mode = g.r.choice(["constant", "constant", "edge", "reflect", "wrap"])
        pads = [g.r.choice([0, 0, 1, 2, -1] if mode == "constant" else [0, 1, 2]) for _ in shape * 2]
        if g.r.random() < 0.3:
            g.node(op, [x, late(g, pads[:2]), "", either(g, [axis])], mode=mode)
        else:
            g.node(op, [x, late(g, pads)], mode=mode)
    elif op == "Slice":
        axes = g.r.sample(range(rank), g.r.randint(1, rank))
        steps = [g.r.choice([1, 1, 2, -1, -2]) for _ in axes]
        g.node(op, [x, either(g, [g.r.choice([0, 1, -1, -2, 100, -100]) for _ in axes]), late(g, [g.r.choice([0, 1, -1, 4, 2**62, -2**63]) for _ in axes]),
                    g.weight(np.asarray(axes)), either(g, steps)])
    elif op == "Tile":
        g.node(op, [x, late(g, [g.r.choice([1, 1, 2, 0]) for _ in shape])])
    elif op == "Expand":
        g.node(op, [x, late(g, [g.r.choice([1, 3])] * g.r.randint(0, 1) + [d if d != 1 else g.r.choice([1, 4]) for d in shape])])
    elif op == "Reshape":
        g.node(op, [x, late(g, g.r.choice([[-1], [0, -1], [1, -1], shape]))])
    elif op == "TopK":
        g.node(op, [x, late(g, [g.r.randint(0, shape[axis])])], 2, axis=axis, largest=g.r.randint(0, 1))
    elif op == "Resize":
        sizes = [*shape[:2], g.r.randint(1, 9), g.r.randint(1, 9)]
        g.node(op, [x, "", "", late(g, sizes)], mode=g.r.choice(["nearest", "linear", "cubic"]), coordinate_transformation_mode=g.r.choice(["half_pixel", "asymmetric"]))
    elif op in ("ConvTranspose", "Conv"):
        c, spatial = shape[1], rank - 2
        kernel, strides = [g.r.randint(1, 3) for _ in range(spatial)], [g.r.randint(1, 3) for _ in range(spatial)]
        group = g.r.choice([d for d in range(1, c + 1) if c % d == 0] or [1])
        w = [c, g.r.randint(1, 4), *kernel] if op == "ConvTranspose" else [group * g.r.randint(1, 3), c // group, *kernel]
        extra = {"output_padding": [g.r.randint(0, s - 1) for s in strides]} if op == "ConvTranspose" and g.r.random() < 0.4 else {}
        bias = [g.input([w[1] * group if op == "ConvTranspose" else w[0]], a.dtype)] if g.r.random() < 0.5 else []
        g.node(op, [x, g.input(w, a.dtype), *bias], group=group, strides=strides, dilations=[g.r.choice([1, 2]) for _ in kernel],
               pads=[g.r.randint(0, k - 1) for k in kernel * 2], **extra)
    elif op == "Split":
        cut = g.r.randint(0, shape[axis])
        g.node(op, [x, late(g, [cut, shape[axis] - cut])], 2, axis=axis)
    elif op == "Unsqueeze":
        g.node(op, [x, g.weight(np.asarray(g.r.sample(range(-rank - 1, rank + 1), 1)))])
    elif op == "OneHot":
        g.node(op, [late(g, [1, -2, 0, 7]), late(g, g.r.choice([[3], 5])), g.input([2])], axis=g.r.choice([-1, 0]))
    elif op == "Range":
        g.node(op, [either(g, g.r.randint(-3, 3)), late(g, g.r.randint(-3, 9)), either(g, g.r.choice([1, 2, -1]))])
    elif op == "ConstantOfShape":
        g.node(op, [late(g, g.dims(g.r.randint(0, 3)))])
    elif op == "Trilu":
        g.node(op, [x, late(g, g.r.randint(-3, 3))], upper=g.r.randint(0, 1))
    elif op == "Clip":
        g.node(op, [x, g.input([], a.dtype), g.input([], a.dtype)])
    elif op == "ReduceSum":
        g.node(op, [x, late(g, g.r.sample(range(rank), g.r.randint(0, rank)))], keepdims=1)
    elif op == "CumSum":
        g.node(op, [x, late(g, axis)], reverse=g.r.randint(0, 1))
    elif 0 not in shape:
        k = g.r.randint(1, rank)
        rows = list(dict.fromkeys(tuple(g.r.randrange(d) for d in shape[:k]) for _ in range(3)))
        index = late(g, np.asarray(rows, np.int64).reshape(-1, k))
        g.known.add(x)  # (chosen for this size)
        g.node(op, [x, index] + ([g.argument([len(rows), *shape[k:]], a.dtype)] if op == "ScatterND" else []))


def attention(g):
    """What opset 23 has for language models."""
    if g.opset < 23:
        return
    op = g.r.choice(["Attention", "Attention", "RMSNormalization", "RotaryEmbedding"])
    b, heads, s, d = g.r.randint(1, 2), g.r.choice([1, 2, 4]), g.r.randint(1, 6), g.r.choice([2, 4, 8])
    if op == "RMSNormalization":
        x = g.pick(1, 4)
        axis = g.r.randrange(g.values[x].ndim)
        g.node(op, [x, g.argument(g.values[x].shape[axis:], g.values[x].dtype)], axis=axis, epsilon=1e-2)
    elif op == "RotaryEmbedding":
        angles = g.rng.standard_normal([b, s, d // 2])
        g.node(op, [g.input([b, heads, s, d]), g.weight(np.cos(angles).astype("f4")), g.weight(np.sin(angles).astype("f4"))], interleaved=g.r.randint(0, 1))
    else:
        kv, t = g.r.choice([n for n in (1, 2, 4) if heads % n == 0]), g.r.randint(1, 7)
        inputs = [g.input([b, heads, s, d]), g.input([b, kv, t, d]), g.input([b, kv, t, d + g.r.randint(0, 1)])]
        if g.r.random() < 0.5:
            inputs.append(g.r.choice([g.input([s, t]), g.weight(g.rng.random([b, 1, s, t]) < 0.8)]))
        g.node(op, inputs, **({"is_causal": 1} if g.r.random() < 0.3 else {}), **({"softcap": 2.0} if g.r.random() < 0.2 else {}),
               **({"scale": 0.3} if g.r.random() < 0.3 else {}))


MORE = {f.__name__: f for f in (more_unary, more_nary, recurrent, grid_sample, affine_grid, image, signal, choose, integers, scan, trips, run_time, attention)}
WEIGHTS = {"run_time": 6, "more_nary": 2, "recurrent": 2}
