# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where ONNX Runtime (or AIC) does not do what ONNX says, or ONNX does not say what happens: each by the node and its operands' shapes in one run."""
from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

POOLS = ("MaxPool", "AveragePool", "LpPool")


def attributes(node: onnx.NodeProto) -> dict:
    return {a.name: helper.get_attribute_value(a) for a in node.attribute if a.type != onnx.AttributeProto.GRAPH}


def windows(node: onnx.NodeProto, operands: list):
    """(extent, span of the window, stride, padding) of every spatial dimension."""
    a, x = attributes(node), operands[0].shape[2:]
    kernel = a.get("kernel_shape") or operands[1].shape[2:]
    rank = len(x)
    pads, kind = a.get("pads") or [0] * 2 * rank, a.get("auto_pad", b"NOTSET").decode()
    for i, (extent, k, s, d) in enumerate(zip(x, kernel, a.get("strides") or [1] * rank, a.get("dilations") or [1] * rank, strict=True)):
        span = d * (k - 1) + 1
        same = (-(-extent // s) - 1) * s + span - extent
        yield extent, span, s, same if kind.startswith("SAME") else 0 if kind == "VALID" else pads[i] + pads[rank + i]


def longer_condition(node, operands) -> bool:
    """ONNX speaks of a condition shorter than the axis only; numpy and the reference evaluator refuse one that chooses what is not there, as
    AIC does; ONNX Runtime drops it."""
    if node.op_type != "Compress":
        return False
    axis, (x, condition) = attributes(node).get("axis"), operands[:2]
    extent = x.size if axis is None else x.shape[axis]
    return bool(condition[extent:].any())


def larger_window(node, operands) -> bool:
    """floor((extent + padding - span) / stride + 1) places are 0 where the window is larger than the padded input; ONNX Runtime divides towards
    zero, and so has one place, which reads less than a window."""
    return node.op_type in POOLS and any(extent + pad < span for extent, span, _, pad in windows(node, operands))


def cropping_same(node, operands) -> bool:
    """SAME with a stride larger than the window: ONNX's formula asks for negative padding. ONNX Runtime refuses that for MaxPool and AveragePool,
    removes elements for LpPool and sometimes for Conv; AIC pads by nothing."""
    same = attributes(node).get("auto_pad", b"").startswith(b"SAME")
    return same and node.op_type in (*POOLS, "Conv") and any(pad < 0 for _, _, _, pad in windows(node, operands))


def empty_reduction(node, operands) -> bool:
    """A sum over no elements is 0, one for each place of the result; ONNX Runtime's results for empty operands have other extents."""
    return node.op_type.startswith("Reduce") and operands[0].size == 0


def cubic_border(node, operands) -> bool:
    """ONNX moves a coordinate outside to the border, ONNX Runtime only the places that it reads around it."""
    a = attributes(node)
    return node.op_type == "GridSample" and a.get("mode") in (b"bicubic", b"cubic") and a.get("padding_mode") == b"border"


def saturating_products(node, operands) -> bool:
    """On CPUs with AVX2 but not VNNI, ONNX Runtime adds two products with signed bytes in 16 bits, and saturates; ONNX's integer products are exact."""
    at = {"MatMulInteger": 1, "ConvInteger": 1, "QLinearMatMul": 3, "QLinearConv": 3}.get(node.op_type)
    return at is not None and np.int8 in (operands[0].dtype, operands[at].dtype)


def no_steps(node, operands) -> bool:
    """A sequence of length 0: ONNX does not say what its last state is. ONNX Runtime gives zeros, AIC the initial state."""
    return node.op_type in ("LSTM", "GRU", "RNN") and len(operands) > 4 and operands[4] is not None and bool((operands[4] == 0).any())


def corner_of_one(node, operands) -> bool:
    """Corners aligned in a dimension of one place: the place is at -1 in ONNX's reference evaluator and AIC, at 1 in ONNX Runtime."""
    return node.op_type == "AffineGrid" and bool(attributes(node).get("align_corners")) and bool((operands[1][2:] == 1).any())


def computed_zero(node, operands) -> bool:
    """AIC's own: a 0 in the shape of a Reshape copies the input's extent, but AIC takes one that is computed from extents as the extent itself."""
    return node.op_type == "Reshape" and bool((operands[1] == 0).any())


def empty_axes(node, operands) -> bool:
    """An empty list of axes: numpy, the reference evaluator and AIC squeeze none, ONNX Runtime all of extent 1."""
    return node.op_type == "Squeeze" and len(operands) > 1 and operands[1] is not None and operands[1].size == 0 and 1 in operands[0].shape


def no_variance(node, operands) -> bool:
    """Elements that are all equal have the variance 0; ONNX Runtime's difference of two means may be below 0, which has no root."""
    if node.op_type != "MeanVarianceNormalization" or operands[0].size == 0:
        return False
    axes = tuple(attributes(node).get("axes") or [0, 2, 3])
    return bool((np.ptp(operands[0], axis=axes) == 0).any())


DEVIATIONS = [longer_condition, larger_window, cropping_same, empty_reduction, cubic_border, saturating_products, no_steps,
              corner_of_one, computed_zero, empty_axes, no_variance]


def deviating(model: onnx.ModelProto, feed: dict[str, np.ndarray], run) -> dict[str, str]:
    """The nodes and values that a deviation has an effect on, with its name. `run(model, feed)`: ONNX Runtime."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    declared = {o.name for o in model.graph.output}
    names = [o for node in model.graph.node for o in node.output if o and o not in declared]
    whole.graph.output.extend(helper.make_empty_tensor_value_info(n) for n in names)
    values = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer} | feed
    try:
        values |= zip((o.name for o in whole.graph.output), run(whole, feed), strict=True)
    except Exception:  # noqa: BLE001 - nothing is known then
        return {}
    touched: dict[str, str] = {}
    for node in model.graph.node:
        inner = [i for a in node.attribute for n in a.g.node for i in n.input]
        reasons = [touched[i] for i in [*node.input, *inner] if i in touched]
        if all(i in values for i in node.input if i):
            reasons += [f.__name__ for f in DEVIATIONS if f(node, [values[i] if i else None for i in node.input])]
        if reasons:
            touched |= dict.fromkeys([node.name, *node.output], reasons[0])
    return touched
