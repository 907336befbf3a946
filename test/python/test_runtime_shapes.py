# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operands of unknown extents that fit each other give what ONNX Runtime gives; those that do not are refused by the call, in words that name
the node. Each case in a process of its own."""
from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import isolated
from onnx import helper, parser

import aic

RNG = np.random.default_rng(0)


def f32(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def i64(*values) -> np.ndarray:
    return np.array(values, np.int64)


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.int64)


def u8(*shape: int) -> np.ndarray:
    return RNG.integers(0, 9, shape).astype(np.uint8)


@dataclass
class Case:
    """One node `op` over operands whose extents are all unknown. `fits` run like in ONNX Runtime; each of `bad` is operands and what the error
    says, or None where ONNX Runtime is no help: only AIC's own refusal is asked for."""
    op: str
    fits: list[list[np.ndarray]]
    bad: list[tuple[list[np.ndarray], str]]
    outputs: int = 1
    fixed: tuple[int, ...] = ()  # operands of known extents
    tuples: bool = False  # operand 1 has a known last extent
    known: dict[int, np.ndarray] = field(default_factory=dict)  # operands that are weights
    attributes: dict = field(default_factory=dict)
    opset: int = 18


BROADCAST = "to broadcast, got unlike extents in dimension"
CASES = {
    "add": Case("Add", [[f32(3), f32(3)], [f32(3), f32(1)], [f32(1), f32(5)], [f32(0), f32(1)], [f32(0), f32(0)]],
                [([f32(3), f32(5)], f"expected lhs and rhs {BROADCAST} 0"), ([f32(0), f32(5)], BROADCAST)]),
    "add-ranks": Case("Add", [[f32(2, 3), f32(3)], [f32(2, 1), f32(4)]], [([f32(2, 3), f32(2)], f"{BROADCAST} 1")]),
    "add-known": Case("Mul", [[f32(2, 3)], [f32(2, 1)]], [([f32(2, 4)], f"{BROADCAST} 1")], known={1: f32(3)}),
    "sum": Case("Sum", [[f32(3), f32(1), f32(3)], [f32(1), f32(1), f32(2)]], [([f32(1), f32(3), f32(5)], BROADCAST), ([f32(3), f32(5), f32(1)], BROADCAST)]),
    "where": Case("Where", [[f32(3, 1) > 0, f32(4), f32(3, 4)], [f32(1, 1) > 0, f32(4), f32(2, 1)]],
                  [([f32(2, 1) > 0, f32(4), f32(3, 4)], f"expected condition and rhs {BROADCAST} 0"),
                   ([f32(1, 1) > 0, f32(4), f32(3, 5)], f"expected lhs and rhs {BROADCAST} 1")]),
    "matmul": Case("MatMul", [[f32(3, 5), f32(5, 2)], [f32(1, 1), f32(1, 7)], [f32(2, 0), f32(0, 3)]],
                   [([f32(3, 5), f32(7, 2)], "expected equal extents to sum over"), ([f32(3, 1), f32(7, 2)], "expected equal extents to sum over")]),
    "matmul-batch": Case("MatMul", [[f32(4, 3, 5), f32(4, 5, 2)], [f32(4, 3, 5), f32(1, 5, 2)], [f32(1, 3, 5), f32(4, 5, 2)]],
                         [([f32(4, 3, 5), f32(3, 5, 2)], "expected batch dimensions that broadcast")]),
    "gemm": Case("Gemm", [[f32(5, 3), f32(2, 5), f32(3, 2)], [f32(5, 3), f32(2, 5), f32(1, 2)]],
                 [([f32(5, 3), f32(2, 4), f32(3, 2)], "expected equal extents to sum over"), ([f32(5, 3), f32(2, 5), f32(2, 2)], BROADCAST)],
                 attributes={"transA": 1, "transB": 1}),
    "conv": Case("Conv", [[f32(2, 3, 8, 8), f32(4, 3, 3, 3), f32(4)], [f32(1, 1, 3, 3), f32(1, 1, 3, 3), f32(1)]],
                 [([f32(2, 3, 8, 8), f32(4, 2, 3, 3), f32(4)], "expected a filter with the input's channels, got another number"),
                  ([f32(2, 3, 8, 8), f32(4, 3, 3, 3), f32(3)], "expected as many elements in bias as there are features"),
                  ([f32(2, 3, 8, 2), f32(4, 3, 3, 3), f32(4)], "expected a dilated filter not larger than the padded input")]),
    "conv-groups": Case("Conv", [[f32(2, 4, 8), f32(6, 2, 3)], [f32(1, 2, 3), f32(2, 1, 3)]],
                        [([f32(2, 4, 8), f32(6, 4, 3)], "expected a filter with the input's channels divided by 2"),
                         ([f32(2, 4, 8), f32(5, 2, 3)], "expected features that are a multiple of 2")], attributes={"group": 2}),
    "conv-size": Case("Conv", [[f32(1, 3, 7, 7)], [f32(2, 3, 1, 9)]], [([f32(2, 2, 7, 7)], "expected a filter with the input's channels")],
                      known={1: f32(4, 3, 3, 3)}, attributes={"pads": [1, 1, 1, 1], "strides": [2, 2]}),
    "conv-transpose": Case("ConvTranspose", [[f32(2, 4, 3), f32(3)], [f32(1, 4, 1), f32(3)]],
                           [([f32(2, 3, 3), f32(3)], "expected a filter with the input's channels"), ([f32(2, 4, 3), f32(2)], "elements in bias"),
                            ([f32(2, 4, 0), f32(3)], "node 'n'")],
                           known={1: f32(4, 3, 3)}, attributes={"pads": [1, 1], "strides": [2]}),
    "max-pool": Case("MaxPool", [[f32(1, 2, 5, 6)], [f32(1, 2, 3, 3)]], [([f32(1, 2, 1, 6)], "expected a window no larger than the padded input")],
                     attributes={"kernel_shape": [3, 3]}),
    "average-pool": Case("AveragePool", [[f32(1, 2, 5)], [f32(1, 2, 4)]], [([f32(1, 2, 0)], "expected a window no larger than the padded input")],
                         attributes={"kernel_shape": [4]}),
    "concat": Case("Concat", [[f32(3, 5), f32(3, 2)], [f32(3, 5), f32(3, 0)], [f32(0, 5), f32(0, 2)], [f32(3, 5), f32(4, 0)]],
                   [([f32(3, 5), f32(7, 2)], "expected input 1 to agree with the others but along dimension 1"), ([f32(3, 5), f32(1, 2)], "expected input 1")],
                   attributes={"axis": 1}),
    "gather": Case("Gather", [[f32(4, 3), i64(0, 3, -1)], [f32(0, 3), i64()]], [([f32(0, 3), i64(0)], "expected elements that the indices choose from")]),
    "gather-known": Case("Gather", [[f32(4, 3)], [f32(9, 1)]], [([f32(3, 3)], "expected indices of elements that the input has, got 3"),
                                                                ([f32(0, 3)], "expected indices")], known={1: i64(0, 3, -2)}),
    "gather-elements": Case("GatherElements", [[f32(3, 5), zeros(3, 9)], [f32(3, 5), zeros(2, 1)], [f32(0, 0), zeros(0, 0)]],
                            [([f32(3, 5), zeros(4, 2)], "expected indices no larger than input but along dimension 1"),
                             ([f32(3, 0), zeros(3, 2)], "expected elements that the indices choose from")], attributes={"axis": 1}),
    "gather-nd": Case("GatherND", [[f32(3, 4, 5), zeros(3, 2, 1)], [f32(1, 4, 5), zeros(1, 0, 1)]],
                      [([f32(3, 4, 5), zeros(2, 2, 1)], "expected input and indices to agree in the first 1 dimensions")],
                      tuples=True, attributes={"batch_dims": 1}),
    "scatter-elements": Case("ScatterElements", [[f32(3, 5), zeros(3, 2), f32(3, 2)], [f32(3, 5), zeros(1, 9), f32(1, 9)]],
                             [([f32(3, 5), zeros(4, 2), f32(4, 2)], "expected indices no larger than input but along dimension 1"),
                              ([f32(3, 5), zeros(3, 2), f32(3, 3)], "expected updates of the indices' shape"),
                              ([f32(3, 5), zeros(3, 2), f32(2, 2)], "expected updates of the indices' shape")], attributes={"axis": 1, "reduction": "add"}),
    "scatter-known": Case("ScatterElements", [[f32(2, 3)], [f32(5, 3)]], [([f32(1, 3)], "expected indices no larger than input")],
                          known={1: zeros(2, 3), 2: f32(2, 3)}, attributes={"axis": 1, "reduction": "max"}),
    "scatter-nd": Case("ScatterND", [[f32(3, 5), i64([0], [2]), f32(2, 5)], [f32(3, 5), zeros(0, 1), f32(0, 5)]],
                       [([f32(3, 5), zeros(2, 1), f32(3, 5)], "expected updates with the extents of the slices"),
                        ([f32(3, 5), zeros(2, 1), f32(2, 4)], "expected updates with the extents of the slices")],
                       tuples=True),
    "reshape": Case("Reshape", [[f32(2, 6), i64(3, -1)], [f32(2, 6), i64(4, 3)], [f32(2, 6), i64(0, 6)]],
                    [([f32(2, 6), i64(5, -1)], "expected a shape with as many elements"), ([f32(2, 6), i64(5, 2)], "expected a shape with as many elements")],
                    fixed=(1,)),
    "reshape-known": Case("Reshape", [[f32(2, 6)], [f32(4, 3)], [f32(0, 2)]], [([f32(3, 3)], "expected a shape with as many elements")], known={1: i64(4, -1)}),
    "expand": Case("Expand", [[f32(2, 1), i64(2, 4)], [f32(1, 3), i64(5, 1)], [f32(2, 3), i64(1, 1)]],
                   [([f32(2, 3), i64(2, 4)], "expected input and shape to broadcast"), ([f32(1, 1), i64(2, -4)], "expected extents of at least 0 in shape")],
                   fixed=(1,)),
    "expand-known": Case("Expand", [[f32(1, 3)], [f32(4, 1)], [f32(4, 3)]], [([f32(2, 3)], "expected input and shape to broadcast"), ([f32(4, 2)], "expected input and shape")],
                         known={1: i64(4, 3)}),
    "slice": Case("Slice", [[f32(5, 4), i64(1), i64(3), i64(1)], [f32(5, 4), i64(-9), i64(9), i64(1)], [f32(0, 4), i64(0), i64(9), i64(0)]],
                  [], fixed=(1, 2, 3)),
    "slice-steps": Case("Slice", [[f32(5, 4), i64(1, 0), i64(5, 9), i64(2, 1)], [f32(5, 4), i64(-1, 3), i64(-9, 0), i64(-2, -1)],
                                  [f32(5, 4), i64(9, -1), i64(-(2**63), 2**62), i64(-9, 2)], [f32(0, 4), i64(9, 0), i64(-9, 2), i64(-1, 1)]],
                        [([f32(5, 4), i64(1, 0), i64(5, 9), i64(0, 1)], "expected steps other than 0, got 0 for dimension 0")],
                        fixed=(1, 2, 4), known={3: i64(0, 1)}),
    "pad": Case("Pad", [[f32(3), i64(1, 2)], [f32(3), i64(-2, 1)], [f32(0), i64(1, 0)], [f32(3), i64(-5, 4)], [f32(3), i64(4, -5)], [f32(3), i64(-4, 1)]],
                [([f32(3), i64(-5, 1)], "expected pads that leave dimension 0"), ([f32(3), i64(-2, -2)], "expected pads that leave dimension 0")], fixed=(1,)),
    "pad-reflect": Case("Pad", [[f32(3)], [f32(9)]], [([f32(0)], "expected elements to repeat in a dimension that is padded")],
                        known={1: i64(2, 1)}, attributes={"mode": "edge"}),
    "tile": Case("Tile", [[f32(2, 3), i64(2, 1)], [f32(2, 0), i64(2, 2)], [f32(2, 3), i64(0, 1)]],
                 [([f32(2, 3), i64(2, -1)], "expected repeats of at least 0")], fixed=(1,)),
    "range": Case("Range", [[np.array(1), np.array(9), np.array(3)], [np.array(9), np.array(1), np.array(-2)], [np.array(1), np.array(0), np.array(1)]],
                  [([np.array(0), np.array(9), np.array(0)], "expected a delta other than 0"),
                   ([np.array(0), np.array(1 << 61), np.array(1)], "expected a range of less than 2^40 elements")]),
    "top-k": Case("TopK", [[f32(3, 5), i64(2)], [f32(3, 5), i64(5)], [f32(3, 0), i64(0)]],
                  [([f32(3, 5), i64(6)], "expected k of at most the extent of axis 1"), ([f32(3, 5), i64(-1)], "expected k of at least 0")],
                  outputs=2, fixed=(1,)),
    "top-k-known": Case("TopK", [[f32(3, 5)], [f32(1, 3)]], [([f32(3, 2)], "expected k of at most the extent of axis 1")], outputs=2, known={1: i64(3)}),
    "batch-norm": Case("BatchNormalization", [[f32(2, 3, 4), f32(3), f32(3), f32(3), f32(3) ** 2], [f32(2, 1, 4), f32(1), f32(1), f32(1), f32(1) ** 2]],
                       [([f32(2, 3, 4), f32(3), f32(3), f32(3), f32(4) ** 2], "expected as many elements in variance as there are channels"),
                        ([f32(2, 3, 4), f32(1), f32(3), f32(3), f32(3) ** 2], "expected as many elements in scale as there are channels")]),
    "layer-norm": Case("LayerNormalization", [[f32(2, 3, 4), f32(4), f32(4)], [f32(2, 3, 4), f32(1), f32(4)]],
                       [([f32(2, 3, 4), f32(3), f32(4)], "expected the input's extent or 1 in dimension 0 of scale"),
                        ([f32(2, 3, 4), f32(4), f32(8)], "expected the input's extent or 1 in dimension 0 of bias")], outputs=1),
    "instance-norm": Case("InstanceNormalization", [[f32(2, 3, 4), f32(3), f32(3)]], [([f32(2, 3, 4), f32(2), f32(3)], "node 'n'"), ([f32(2, 3, 4), f32(3), f32(5)], "node 'n'")]),
    "einsum": Case("Einsum", [[f32(2, 5), f32(5, 3)], [f32(2, 1), f32(5, 3)], [f32(2, 5), f32(1, 3)]],
                   [([f32(2, 4), f32(5, 3)], "expected equal extents for 'b'")], attributes={"equation": "ab,bc->ca"}),
    "einsum-kept": Case("Einsum", [[f32(2, 3), f32(2, 3)], [f32(2, 1), f32(1, 3)], [f32(1, 3), f32(4, 1)]],
                        [([f32(2, 3), f32(2, 4)], "expected equal extents for 'b'")], attributes={"equation": "ab,ab->ba"}),
    "einsum-unit": Case("Einsum", [[f32(2, 3)], [f32(1, 1)]], [], known={1: f32(1, 4)}, attributes={"equation": "ab,bc->abc"}),
    "einsum-diagonal": Case("Einsum", [[f32(3, 3), f32(3)], [f32(3, 3), f32(1)], [f32(1, 1), f32(4)]],
                            [([f32(1, 3), f32(3)], "expected equal extents for 'a'"), ([f32(3, 1), f32(3)], "expected equal extents for 'a'")],
                            attributes={"equation": "aa,a->a"}),
    "resize": Case("Resize", [[f32(2, 3), f32(0), f32(0), i64(4, 5)], [f32(2, 3), f32(0), f32(0), i64(2, 2)]],
                   [([f32(2, 0), f32(0), f32(0), i64(4, 5)], "expected elements to resample in dimension 1"),
                    ([f32(2, 3), f32(0), f32(0), i64(-4, 5)], "expected sizes of at least 0, got a negative one for dimension 0")], fixed=(1, 2, 3), attributes={"mode": "linear"}),
    "quantize": Case("QuantizeLinear", [[f32(2, 3), f32(3) ** 2 + 1, u8(3)], [f32(2, 3), f32(1) ** 2 + 1, u8(1)]],
                     [([f32(2, 3), f32(2) ** 2 + 1, u8(2)], "expected scale to have the extents"), ([f32(2, 3), f32(3) ** 2 + 1, u8(2)], "expected zero_point")]),
    "dequantize": Case("DequantizeLinear", [[u8(2, 3), f32(3)], [u8(2, 3), f32(1)]], [([u8(2, 3), f32(4)], "expected scale to have the extents")]),
}


def make(case: Case) -> onnx.ModelProto:
    names, graph_inputs, weights, types = [], [], [], iter(case.fits[0])
    for i in range(len(case.fits[0]) + len(case.known)):
        names.append(f"x{i}")
        if i in case.known:
            weights.append(onnx.numpy_helper.from_array(case.known[i], names[i]))
            continue
        a = next(types)
        dims = list(a.shape) if i in case.fixed else [f"{names[i]}_{d}" for d in range(a.ndim)]
        if case.tuples and i == 1:
            dims[-1] = a.shape[-1]
        graph_inputs.append(helper.make_tensor_value_info(names[i], helper.np_dtype_to_tensor_dtype(a.dtype), dims))
    results = [f"y{i}" for i in range(case.outputs)]
    node = helper.make_node(case.op, ["" if case.op == "Resize" and i in (1, 2) else n for i, n in enumerate(names)], results, name="n", **case.attributes)
    graph = helper.make_graph([node], "g", graph_inputs, [helper.make_empty_tensor_value_info(r) for r in results], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", case.opset)], ir_version=9)


def session(model: onnx.ModelProto):
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def results(compiled, feed: dict) -> list[np.ndarray]:
    got = compiled(**feed)
    return list(got) if isinstance(got, (list, tuple)) else [got]


def compare(model: onnx.ModelProto, fits: list[dict], bad: list[tuple[dict, str]]) -> str:
    """An empty text, or what is wrong. Feeds that fit run before and after those that do not."""
    reference, compiled = session(model), aic.compile(model.SerializeToString(), threads=1)
    for feed, text in [(f, None) for f in fits] + bad + [(f, None) for f in fits]:
        shapes = {n: list(a.shape) for n, a in feed.items()}
        try:
            got = results(compiled, feed)
        except aic.Error as e:
            if text is None or text not in str(e) or "node '" not in str(e):
                return f"{shapes}: {e}"
            continue
        if text is not None:
            return f"{shapes}: expected an error with '{text}', got results {[list(a.shape) for a in got]}"
        for a, b in zip(got, reference.run(None, feed), strict=True):
            if a.shape != b.shape or not np.allclose(a, b, rtol=1e-4, atol=1e-4):
                return f"{shapes}: got {a.shape}, expected {b.shape}, or other elements"
    return ""


@pytest.mark.parametrize("name", CASES)
def test_operator(name):
    case = CASES[name]
    names = [f"x{i}" for i in range(len(case.fits[0]) + len(case.known)) if i not in case.known]

    def feed(operands):
        return {n: a for i, (n, a) in enumerate(zip(names, operands, strict=True)) if not (case.op == "Resize" and i in (1, 2))}

    model = make(case)
    for v in list(model.graph.input):
        if case.op == "Resize" and v.name in ("x1", "x2"):
            model.graph.input.remove(v)
    text = isolated(lambda: compare(model, [feed(o) for o in case.fits], [(feed(o), t) for o, t in case.bad]) or "ok", 60)
    assert text == "ok", text


CONTROL = {
    # Each text is a model; the feeds that fit, then those that do not and what is said.
    "if": ("""g (bool c, float[a] x, float[b] y) => (float[] z) {
        z = If (c) <then_branch = t () => (float[] u) { [n_add] u = Add (x, y) }, else_branch = e () => (float[] v) { [n_relu] v = Relu (x) }>
      }""", [dict(c=np.array(True), x=f32(3), y=f32(1)), dict(c=np.array(False), x=f32(3), y=f32(5))],
           [(dict(c=np.array(True), x=f32(3), y=f32(5)), "expected lhs and rhs to broadcast")]),
    "if-twice": ("""g (bool c, float[a] x, float[b] y) => (float[] z, float[] w) {
        z = If (c) <then_branch = t () => (float[] u) { [n_add] u = Add (x, y) }, else_branch = e () => (float[] v) { [n_relu] v = Relu (x) }>
        [n_mul] w = Mul (x, y)
      }""", [dict(c=np.array(True), x=f32(3), y=f32(1)), dict(c=np.array(False), x=f32(1), y=f32(4))],
                 [(dict(c=np.array(False), x=f32(3), y=f32(5)), "node 'n_mul': expected lhs and rhs to broadcast")]),
    "loop": ("""g (int64 m, float[a,b] x, float[c,d] y) => (float[] z) {
        t = Constant <value: tensor = bool {1}> ()
        z = Loop (m, t, x) <body = body (int64 i, bool on, float[p,q] s) => (bool go, float[r,k] o) {
          go = Identity (on)
          [n_step] o = Concat <axis = 0> (s, y) }>
      }""", [dict(m=np.array(3), x=f32(2, 3), y=f32(1, 3)), dict(m=np.array(0), x=f32(2, 3), y=f32(1, 4))],
             [(dict(m=np.array(1), x=f32(2, 3), y=f32(1, 4)), "n_step': expected input 1 to agree")]),
    "scan": ("""g (float[b] s, float[a,b] x, float[d,c] y) => (float[] t, float[] z) {
        [n] t, z = Scan <num_scan_inputs = 2, scan_input_axes = [0, 1], scan_input_directions = [1, 0], scan_output_axes = [1], scan_output_directions = [1],
                         body = body (float[p] u, float[q] v, float[r] w) => (float[k] o, float[l] e) {
          d = Sub (u, v)
          [n_step] o = Add (d, w)
          e = Mul (o, v) }> (s, x, y)
      }""", [dict(s=f32(3), x=f32(4, 3), y=f32(3, 4)), dict(s=f32(1), x=f32(1, 1), y=f32(1, 1)), dict(s=f32(5), x=f32(9, 5), y=f32(5, 9))],
             [(dict(s=f32(3), x=f32(4, 3), y=f32(2, 4)), "n_step': expected"),
              (dict(s=f32(3), x=f32(4, 3), y=f32(3, 5)), "node 'n': expected a shape with as many elements")]),
    "chain": ("""g (float[a,b] x, float[c,d] w, float[e,f] v) => (float[] z) {
        [n_first] p = MatMul (x, w)
        [n_relu] r = Relu (p)
        [n_second] q = MatMul (r, v)
        [n_sum] z = Add (q, x)
      }""", [dict(x=f32(2, 3), w=f32(3, 4), v=f32(4, 3)), dict(x=f32(2, 1), w=f32(1, 4), v=f32(4, 3))],
              [(dict(x=f32(2, 3), w=f32(2, 4), v=f32(4, 3)), "node 'n_first'"), (dict(x=f32(2, 3), w=f32(3, 4), v=f32(5, 3)), "node 'n_second'"),
               (dict(x=f32(2, 3), w=f32(3, 4), v=f32(4, 5)), "node 'n_sum'")]),
    "mask": ("""g (float[a,b] x) => (float[] z) {
        [n_nonzero] i = NonZero (x)
        j = Transpose (i)
        [n_gather] u = GatherND (x, j)
        [n_sum] z = Add (u, x)
      }""", [dict(x=np.array([[1, 2, 3]], np.float32)), dict(x=np.array([[0, 0, 2]], np.float32))],
             [(dict(x=np.array([[1, 0, 2]], np.float32)), "node 'n_sum': expected lhs and rhs to broadcast")]),
    "lstm": ("""g (float[4,b,i] x, float[1,12,5] w, float[1,12,3] r, float[l,p,h] h) => (float[] y, float[] hs) {
        [n] y, hs = LSTM <hidden_size = 3> (x, w, r, , , h)
      }""", [dict(x=f32(4, 2, 5), w=f32(1, 12, 5), r=f32(1, 12, 3), h=f32(1, 2, 3)), dict(x=f32(4, 1, 5), w=f32(1, 12, 5), r=f32(1, 12, 3), h=f32(1, 1, 3))],
             [(dict(x=f32(4, 2, 4), w=f32(1, 12, 5), r=f32(1, 12, 3), h=f32(1, 2, 3)), "node 'n': expected equal extents to sum over"),
              (dict(x=f32(4, 2, 5), w=f32(1, 12, 5), r=f32(1, 12, 3), h=f32(1, 3, 3)), "node 'n'")]),
}


@pytest.mark.parametrize("name", CONTROL)
def test_graph(name):
    text, fits, bad = CONTROL[name]
    model = parser.parse_model('<ir_version: 9, opset_import: ["": 18]>\n' + text)
    got = isolated(lambda: compare(model, fits, bad) or "ok", 60)
    assert got == "ok", got
