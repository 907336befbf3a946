# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operators at the corners that ONNX's node tests leave out: unknown dims, run-time operands, no elements at all. Compared with ONNX Runtime,
several feeds through one compiled model; each case in a process of its own."""
from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import isolated
from onnx import helper, numpy_helper

import aic

RNG = np.random.default_rng(0)


def f32(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def i64(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@dataclass
class Case:
    """One node over operands of unknown extents; `known` ones are weights, `fixed` ones inputs of known shape."""
    op: str
    feeds: list[dict[str, np.ndarray]]
    operands: list[str]
    outputs: int = 1
    known: dict[str, np.ndarray] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    opset: int = 18
    attributes: dict = field(default_factory=dict)


CASES: dict[str, Case] = {}


def case(name: str, op: str, *feeds: dict[str, np.ndarray], operands: list[str] | None = None, outputs: int = 1, opset: int = 18,
         known: dict[str, np.ndarray] | None = None, fixed: tuple[str, ...] = (), **attributes) -> None:
    assert name not in CASES
    known = known or {}
    CASES[name] = Case(op, list(feeds), operands or [*feeds[0], *known], outputs, known, fixed, opset, attributes)


def model(c: Case) -> onnx.ModelProto:
    names = [f"y{i}" for i in range(c.outputs)]
    inputs = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape if n in c.fixed else [None] * a.ndim)
              for n, a in c.feeds[0].items()]
    weights = [numpy_helper.from_array(a, n) for n, a in c.known.items()]
    graph = helper.make_graph([helper.make_node(c.op, c.operands, names, name="node", **c.attributes)], "g", inputs,
                              [helper.make_empty_tensor_value_info(n) for n in names], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", c.opset)], ir_version=9)


# Parameters whose shape only run time tells: full, or to be broadcast.
case("layer_norm", "LayerNormalization", {"x": f32(2, 3, 4), "s": f32(4), "b": f32(4)}, {"x": f32(1, 3, 7), "s": f32(1), "b": f32(7)})
case("layer_norm_2", "LayerNormalization", {"x": f32(2, 3, 4), "s": f32(3, 4), "b": f32(3, 4)}, {"x": f32(5, 2, 1), "s": f32(2, 1), "b": f32(2, 1)}, axis=1)
case("layer_norm_known_x", "LayerNormalization", {"x": f32(2, 3, 4), "s": f32(4)}, fixed=("x",))
case("group_norm", "GroupNormalization", {"x": f32(2, 4, 3, 3), "s": f32(2), "b": f32(2)}, {"x": f32(1, 6, 2, 2), "s": f32(2), "b": f32(2)}, num_groups=2)
case("group_norm_21", "GroupNormalization", {"x": f32(2, 4, 3, 3), "s": f32(4), "b": f32(4)}, num_groups=2, opset=21)
case("layer_norm_f64_statistics", "LayerNormalization", {"x": RNG.standard_normal((2, 3)), "s": np.ones(3)}, outputs=3)

# No elements.
for mode in ("nearest", "linear", "cubic"):
    case(f"resize_empty_batch_{mode}", "Resize", {"x": f32(0, 2, 3, 4)}, operands=["x", "", "", "z"], known={"z": i64(0, 2, 6, 8)}, fixed=("x",), mode=mode)
    case(f"resize_empty_scaled_{mode}", "Resize", {"x": f32(1, 2, 0, 4)}, {"x": f32(1, 2, 3, 4)}, operands=["x", "", "s"],
         known={"s": np.array([1, 1, 2, 2], np.float32)}, mode=mode)
    case(f"resize_empty_run_time_{mode}", "Resize", {"x": f32(0, 2, 3, 4), "z": i64(0, 2, 6, 8)}, {"x": f32(1, 2, 3, 4), "z": i64(1, 2, 2, 8)},
         operands=["x", "", "", "z"], fixed=("z",), mode=mode)
case("matmul_empty_rows", "MatMul", {"x": f32(0, 5), "y": f32(5, 7)}, {"x": f32(3, 5), "y": f32(5, 0)}, {"x": f32(9, 5), "y": f32(5, 33)})
case("matmul_no_depth", "MatMul", {"x": f32(3, 0), "y": f32(0, 5)}, {"x": f32(17, 0), "y": f32(0, 33)})
case("matmul_no_depth_known", "MatMul", {"x": f32(3, 0), "y": f32(0, 5)}, fixed=("x", "y"))
case("softmax_empty", "Softmax", {"x": f32(0, 5)}, {"x": f32(3, 0)}, {"x": f32(2, 9)}, axis=-1)
case("conv_empty_batch", "Conv", {"x": f32(0, 3, 8, 8)}, {"x": f32(2, 3, 9, 8)}, known={"w": f32(5, 3, 3, 3)})
case("add_empty", "Add", {"x": f32(0, 5), "y": f32(1, 5)}, {"x": f32(4, 1), "y": f32(1, 0)})

# Padding and windows that depend on unknown extents.
IMAGES = [{"x": f32(1, 2, 7, 8)}, {"x": f32(2, 1, 8, 10)}, {"x": f32(2, 1, 5, 5)}]
for auto_pad in ("SAME_UPPER", "SAME_LOWER"):
    window = {"kernel_shape": [3, 3], "strides": [2, 3], "auto_pad": auto_pad}
    case(f"max_pool_{auto_pad}", "MaxPool", *IMAGES, outputs=2, **window)
    case(f"max_pool_columns_{auto_pad}", "MaxPool", *IMAGES, outputs=2, storage_order=1, **window)
    case(f"average_pool_{auto_pad}", "AveragePool", *IMAGES, **window)
    case(f"average_pool_all_{auto_pad}", "AveragePool", *IMAGES, count_include_pad=1, **window)
    case(f"lp_pool_{auto_pad}", "LpPool", *IMAGES, **window)
    case(f"conv_{auto_pad}", "Conv", *[{**x, "w": f32(4, x["x"].shape[1], 3, 2)} for x in IMAGES], auto_pad=auto_pad, strides=[2, 3])
case("lp_pool_ceil", "LpPool", *IMAGES, kernel_shape=[3, 2], strides=[2, 3], ceil_mode=1)
case("lp_pool_ceil_pads", "LpPool", *IMAGES, kernel_shape=[3, 2], strides=[2, 3], pads=[1, 0, 1, 1], ceil_mode=1)
case("lp_pool_no_window", "LpPool", {"x": f32(1, 2, 2, 1)}, {"x": f32(1, 2, 2, 9)}, kernel_shape=[1, 3], strides=[1, 2], dilations=[2, 2], pads=[0, 1, 0, 1],
     ceil_mode=1)
case("max_pool_ceil_larger_window", "MaxPool", {"x": f32(1, 2, 2, 5)}, {"x": f32(1, 2, 4, 4)}, kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1)
case("max_pool_ceil_larger_window_known", "MaxPool", {"x": f32(1, 2, 2, 5)}, fixed=("x",), kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1)

# A filter that is no weight.
case("conv_filter", "Conv", {"x": f32(1, 4, 9, 8), "w": f32(6, 4, 3, 2), "b": f32(6)}, {"x": f32(2, 3, 5, 9), "w": f32(1, 3, 1, 1), "b": f32(1)})
case("conv_filter_groups", "Conv", {"x": f32(1, 4, 9, 8), "w": f32(6, 2, 3, 2)}, {"x": f32(1, 2, 9, 8), "w": f32(2, 1, 1, 3)}, group=2, pads=[1, 0, 1, 1],
     dilations=[1, 2])
case("conv_filter_known", "Conv", {"x": f32(1, 4, 9, 8), "w": f32(6, 4, 3, 2)}, fixed=("w",))
TRANSPOSED = [{"x": f32(2, 4, 3, 5), "w": f32(4, 3, 3, 2), "b": f32(6)}, {"x": f32(1, 2, 4, 4), "w": f32(2, 1, 2, 4), "b": f32(2)}]
case("conv_transpose_filter", "ConvTranspose", *TRANSPOSED, group=2, strides=[2, 3], pads=[1, 0, 0, 1], output_padding=[1, 0], dilations=[2, 1])
case("conv_transpose_filter_input_known", "ConvTranspose", TRANSPOSED[0], fixed=("x", "b"), group=2, strides=[3, 1])
case("conv_transpose_filter_extents_known", "ConvTranspose", *({"x": f32(n, 4, d, 5), "w": TRANSPOSED[0]["w"]} for n, d in ((1, 1), (2, 7))), fixed=("w",),
     strides=[2, 2], dilations=[1, 3])
case("conv_transpose_filter_1d", "ConvTranspose", {"x": f32(2, 4, 3), "w": f32(4, 3, 3)}, {"x": f32(1, 1, 1), "w": f32(1, 1, 1)}, strides=[2])
case("conv_transpose_filter_3d", "ConvTranspose", {"x": f32(1, 2, 3, 2, 1), "w": f32(2, 3, 1, 2, 3)}, strides=[1, 2, 3])
for auto_pad in ("SAME_UPPER", "SAME_LOWER"):
    case(f"conv_transpose_output_shape_{auto_pad}", "ConvTranspose", *({**f, "b": f32(2 * f["w"].shape[1])} for f in TRANSPOSED), group=2, strides=[2, 3],
         output_shape=[6, 12], auto_pad=auto_pad)
case("conv_transpose_larger_output_shape", "ConvTranspose", {"x": f32(1, 2, 3), "w": f32(2, 1, 3), "b": f32(1)}, strides=[2], output_shape=[8])

case("depth_to_space", "DepthToSpace", {"x": f32(1, 8, 2, 3)}, {"x": f32(2, 4, 3, 1)}, blocksize=2, mode="CRD")
# Numbers below 0 that remove more than there is take away padding of the other side.
case("pad_removes_padding", "Pad", {"x": f32(3, 4)}, {"x": f32(2, 9)}, known={"p": i64(-5, 4, 4, -5)})
case("pad_removes_padding_known", "Pad", {"x": f32(3, 4)}, fixed=("x",), known={"p": i64(5, -6, -4, 3)})
# Nothing of the source is read where it has nothing.
case("pad_empty", "Pad", {"x": f32(3, 4)}, {"x": f32(0, 4)}, known={"p": i64(1, 2, 2, 0)})
case("pad_wrap", "Pad", {"x": f32(3, 4)}, {"x": f32(2, 1)}, known={"p": i64(1, 1, 0, 2)}, mode="wrap")

# A filter as wide as the run-time scale asks for.
for mode in ("linear", "cubic"):
    for name, attributes in (("", {}), ("_inside", {"exclude_outside": 1}), ("_corners", {"coordinate_transformation_mode": "align_corners"})):
        if name == "_inside" and mode == "linear":
            continue  # ONNX Runtime takes it for cubic only
        case(f"antialias_{mode}{name}", "Resize", {"x": f32(1, 2, 9, 8), "z": i64(1, 2, 4, 5)}, {"x": f32(1, 2, 9, 8), "z": i64(1, 2, 13, 2)},
             operands=["x", "", "", "z"], fixed=("z",), mode=mode, antialias=1, **attributes)
for mode in ("linear", "nearest"):
    case(f"region_{mode}", "Resize", {"x": f32(1, 1, 5, 6), "r": np.array([0, 0, 0.2, -0.31, 1, 1, 0.7, 1.25], np.float32), "z": i64(1, 1, 3, 7)},
         operands=["x", "r", "", "z"], fixed=("r", "z"), mode=mode, coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=9.0)

# Sampling at coordinates.
for mode in ("bilinear", "nearest", "bicubic"):
    for padding in ("zeros", "border", "reflection"):
        if (mode, padding) == ("bicubic", "border"):
            continue  # ONNX moves a coordinate outside to the border, ONNX Runtime only the places that it reads
        for corners in (0, 1):
            case(f"grid_{mode}_{padding}_{corners}", "GridSample", {"x": f32(2, 3, 5, 4), "g": f32(2, 3, 7, 2)}, {"x": f32(1, 1, 2, 3), "g": 3 * f32(1, 4, 1, 2)},
                 mode=mode, padding_mode=padding, align_corners=corners)
case("grid_volume", "GridSample", {"x": f32(1, 2, 3, 4, 5), "g": f32(1, 2, 3, 2, 3)}, mode="linear", opset=20)


def boxes(*shape: int) -> np.ndarray:
    corner, size = RNG.random((*shape, 2)), RNG.random((*shape, 2)) * 0.4 + 0.05
    return np.concatenate([corner, corner + size], -1).astype(np.float32)


LIMITS = {"n": np.array([4], np.int64), "iou": np.array([0.3], np.float32), "score": np.array([0.2], np.float32)}
case("nms", "NonMaxSuppression", {"b": boxes(2, 30), "s": RNG.random((2, 3, 30)).astype(np.float32), **LIMITS},
     {"b": boxes(1, 1), "s": np.ones((1, 1, 1), np.float32), **LIMITS}, {"b": boxes(1, 50), "s": RNG.random((1, 2, 50)).astype(np.float32), **LIMITS})
case("nms_centres", "NonMaxSuppression", {"b": boxes(1, 40), "s": RNG.random((1, 2, 40)).astype(np.float32)}, known={"n": i64(40), "iou": LIMITS["iou"]},
     center_point_box=1)
case("nms_no_limit", "NonMaxSuppression", {"b": boxes(1, 4), "s": RNG.random((1, 2, 4)).astype(np.float32)})

for is_sorted in (0, 1):
    case(f"unique_{is_sorted}", "Unique", {"x": RNG.integers(0, 6, (4, 5)).astype(np.float32)}, {"x": f32(3, 2)}, {"x": f32(0, 3)}, outputs=4, sorted=is_sorted)
    case(f"unique_integers_{is_sorted}", "Unique", {"x": RNG.integers(-3, 3, 20)}, {"x": i64(5)}, outputs=4, sorted=is_sorted)
    for axis in (0, 1):
        case(f"unique_rows_{is_sorted}_{axis}", "Unique", {"x": RNG.integers(0, 2, (7, 6)).astype(np.float32)}, {"x": np.ones((3, 1), np.float32)}, outputs=4,
             axis=axis, sorted=is_sorted)

case("col2im", "Col2Im", {"x": f32(2, 18, 6)}, {"x": f32(1, 36, 6)}, known={"image": i64(5, 7), "block": i64(3, 3)}, strides=[2, 2], pads=[0, 1, 1, 0],
     dilations=[1, 1])
case("col2im_run_time", "Col2Im", {"x": f32(1, 5, 3), "image": i64(5, 5), "block": i64(1, 5)}, {"x": f32(1, 4, 6), "image": i64(4, 4), "block": i64(2, 2)},
     fixed=("image", "block"), strides=[2, 1], pads=[0, 0, 0, 0])

case("det", "Det", {"x": f32(2, 3, 5, 5)}, {"x": f32(1, 1, 1, 1)}, {"x": np.zeros((1, 1, 3, 3), np.float32)})
case("det_exchanges_rows", "Det", {"x": np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float32)}, {"x": np.array([[0, 2], [3, 4]], np.float32)})

# Sequences whose length only run time knows, and long ones.
for op, gates, outputs in (("LSTM", 4, 3), ("GRU", 3, 2), ("RNN", 1, 2)):
    for direction, count in (("forward", 1), ("reverse", 1), ("bidirectional", 2)):
        cell = {"w": f32(count, 4 * gates, 3), "r": f32(count, 4 * gates, 4) / 2, "b": f32(count, 8 * gates)}
        case(f"{op}_{direction}_unknown_length", op, {"x": f32(5, 2, 3)}, {"x": f32(1, 4, 3)}, known=cell, outputs=outputs, hidden_size=4, direction=direction)
        case(f"{op}_{direction}_lengths", op, {"x": f32(5, 3, 3), "l": np.array([5, 1, 2], np.int32), "h": f32(count, 3, 4)},
             {"x": f32(2, 1, 3), "l": np.array([1], np.int32), "h": f32(count, 1, 4)}, known=cell, operands=["x", "w", "r", "b", "l", "h"], outputs=outputs,
             hidden_size=4, direction=direction)
case("GRU_long", "GRU", {"x": f32(700, 1, 3)}, fixed=("x",), known={"w": f32(1, 12, 3), "r": f32(1, 12, 4) / 2}, outputs=2, hidden_size=4)
case("det_unknown", "Det", {"x": f32(2, 3, 3)}, {"x": f32(1, 1, 1)})

for axes in (2, 3):
    case(f"affine_grid_{axes}", "AffineGrid", {"t": f32(2, axes, axes + 1), "s": i64(2, 1, *range(3, axes + 3))}, fixed=("s",), opset=20)
    case(f"affine_grid_corners_{axes}", "AffineGrid", {"t": f32(2, axes, axes + 1)}, known={"s": i64(2, 1, *range(3, axes + 3))}, align_corners=1, opset=20)

case("dft", "DFT", {"x": f32(2, 7, 1)}, fixed=("x",), axis=1, opset=17)
case("dft_one_sided", "DFT", {"x": f32(2, 7, 1)}, fixed=("x",), axis=1, onesided=1, opset=17)
case("dft_length", "DFT", {"x": f32(2, 7, 1), "n": np.array(10, np.int64)}, {"x": f32(2, 7, 1), "n": np.array(4, np.int64)}, fixed=("x",), axis=1, opset=17)
case("dft_inverse", "DFT", {"x": f32(2, 9, 2)}, fixed=("x",), axis=1, inverse=1, opset=17)
case("stft", "STFT", {"x": f32(2, 40, 1), "w": np.hanning(8).astype(np.float32)}, operands=["x", "step", "w"], known={"step": np.array(3, np.int64)},
     fixed=("x",), opset=17)


def run(c: Case) -> str:
    """An empty text, or what is wrong."""
    warnings.simplefilter("ignore")
    data = model(c).SerializeToString()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    reference = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    compiled = aic.compile(data)
    for feed in c.feeds:
        want, got = reference.run(None, feed), compiled(**feed)
        for a, b in zip(got if isinstance(got, list | tuple) else [got], want, strict=True):
            a = np.asarray(a)
            assert (a.shape, a.dtype) == (b.shape, b.dtype), f"expected {b.dtype}{list(b.shape)}, got {a.dtype}{list(a.shape)}"
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4, equal_nan=True)
    return ""


@pytest.mark.parametrize("name", CASES)
def test_like_onnx_runtime(name):
    text = isolated(lambda: run(CASES[name]), timeout=60)
    assert text in ("", "\0"), text


def test_nothing_to_repeat():
    """Padding by repetition of a dimension that turns out to be empty ends in a diagnostic, not in a division by 0."""
    compiled = aic.compile(model(CASES["pad_wrap"]).SerializeToString())
    with pytest.raises(aic.RunError, match="expected elements to repeat in a dimension that is padded, got extent 0"):
        compiled(x=np.zeros((0, 4), np.float32))


def test_corner_of_one_place():
    """AffineGrid with aligned corners: the one place of a dimension is the first corner, as in ONNX's reference evaluator (ONNX Runtime: the last)."""
    c = Case("AffineGrid", [{"t": np.array([[[1, 2, 4], [8, 16, 32]]], np.float32)}], ["t", "s"], known={"s": i64(1, 1, 1, 2)}, opset=20,
             attributes={"align_corners": 1})
    got = aic.compile(model(c).SerializeToString())(**c.feeds[0])
    np.testing.assert_array_equal(got, [[[[1, 8], [3, 24]]]])  # x = -1, 1 and y = -1


def test_real_or_complex_unknown():
    c = Case("DFT", [{"x": f32(2, 7, 1)}], ["x"], opset=17, attributes={"axis": 1})
    with pytest.raises(aic.CompileError, match=r"a last extent that is not known to be 1 \(real\) or 2 \(complex\)"):
        aic.compile(model(c).SerializeToString())
