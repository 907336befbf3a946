# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Softmax and every norm of ONNX over every axis, f32 and f16, with fixed and open extents: each is one kernel, launched
once. Run on the PTX executor with all checks and several seeds, compared with NumPy in f64."""
from __future__ import annotations

from typing import Callable

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import aic

pytestmark = pytest.mark.usefixtures("on_executor")
SEEDS = (1, 2, 3)
KINDS = {np.float32: (TensorProto.FLOAT, 2e-5), np.float16: (TensorProto.FLOAT16, 4e-3)}
EPSILON = 1e-5


def numbers(*shape: int, kind: type = np.float32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(kind)


def normalised(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + EPSILON)


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def grouped(x: np.ndarray, groups: int) -> np.ndarray:
    return normalised(x.reshape(x.shape[0], groups, -1), (2,)).reshape(x.shape)


def along_channels(v: np.ndarray, rank: int) -> np.ndarray:
    return v.reshape(-1, *[1] * (rank - 2))


class Norm:
    """An operator, its attributes, the shapes of its further inputs (constants) and what it computes."""

    def __init__(self, op: str, want: Callable[..., np.ndarray], *shapes: tuple[int, ...], opset: int = 17, **attributes):
        self.op, self.want, self.shapes, self.opset, self.attributes = op, want, shapes, opset, attributes

    def check(self, shape: tuple[int, ...], kind: type, open_dims: tuple[int, ...] = ()) -> None:
        element, tolerance = KINDS[kind]
        constants = [numbers(*s, kind=kind, seed=i + 1) for i, s in enumerate(self.shapes)]
        names = ["x"] + [f"w{i}" for i in range(len(constants))]
        value = lambda name: helper.make_tensor_value_info(  # noqa: E731
            name, element, [f"d{i}" if i in open_dims else n for i, n in enumerate(shape)])
        graph = helper.make_graph([helper.make_node(self.op, names, ["y"], **self.attributes)], "norm", [value("x")], [value("y")],
                                  [numpy_helper.from_array(c, n) for c, n in zip(constants, names[1:])])
        model = aic.compile(helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=10)
                            .SerializeToString(), target="nvidia", arch="sm_80")
        launches = [f for launch in model.manifest["launches"] for f in launch["functions"]]
        assert len(launches) == 1, f"{self.op} {self.attributes} of {shape}: {launches}"
        x = numbers(*shape, kind=kind)
        want = self.want(x.astype(np.float64), *(c.astype(np.float64) for c in constants))
        for seed in SEEDS:
            with aic.executor(checks="all", seed=seed) as run:
                y = model(x)
            assert run.findings == 0 and run.launches == 1
            assert y.dtype == kind
            np.testing.assert_allclose(y.astype(np.float64), want, rtol=tolerance, atol=tolerance,
                                       err_msg=f"{self.op} {self.attributes} of {shape}")


def norms(shape: tuple[int, ...], axis: int) -> list[Norm]:
    tail, trailing = shape[axis:], tuple(range(axis, len(shape)))
    lp = lambda p: lambda x: x / np.linalg.norm(x, p, axis, keepdims=True)  # noqa: E731
    every = [Norm("Softmax", lambda x: softmax(x, axis), axis=axis), Norm("LogSoftmax", lambda x: np.log(softmax(x, axis)), axis=axis),
             Norm("LpNormalization", lp(1), axis=axis, p=1), Norm("LpNormalization", lp(2), axis=axis, p=2),
             Norm("LayerNormalization", lambda x, s, b: normalised(x, trailing) * s + b, tail, tail, axis=axis),
             Norm("RMSNormalization", lambda x, s: x / np.sqrt((x * x).mean(trailing, keepdims=True) + EPSILON) * s, tail, opset=23, axis=axis)]
    if axis:
        every.append(Norm("MeanVarianceNormalization", lambda x: normalised(x, (0, axis)), axes=[0, axis]))
    return every


def of_channels(shape: tuple[int, ...], groups: int) -> list[Norm]:
    c, rank = (shape[1],), len(shape)
    return [Norm("InstanceNormalization", lambda x, s, b: normalised(x, tuple(range(2, rank))) * along_channels(s, rank)
                 + along_channels(b, rank), c, c),
            Norm("GroupNormalization", lambda x, s, b: grouped(x, groups) * along_channels(s, rank) + along_channels(b, rank), c, c,
                 opset=21, num_groups=groups)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
@pytest.mark.parametrize("axis", range(4))
def test_axes(axis, kind):
    shape = (2, 12, 5, 7)
    for norm in norms(shape, axis):
        norm.check(shape, kind)


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_open_extents(kind):
    shape = (2, 12, 5, 7)
    for axis in range(4):
        for norm in norms(shape, axis):
            # Scale and bias say how long a row is.
            norm.check(shape, kind, tuple(range(axis if norm.shapes else 4)))
    for norm in of_channels(shape, 3):
        norm.check(shape, kind, (0, 2, 3))


def test_channels():
    for kind in KINDS:
        for shape, groups in (((2, 12, 5, 7), 3), ((3, 8, 33), 4), ((1, 6, 3, 2, 5), 6), ((2, 4, 8, 8), 2)):
            for norm in of_channels(shape, groups):
                norm.check(shape, kind)


@pytest.mark.parametrize("n", [2, 31, 33, 127, *(pytest.param(n, marks=pytest.mark.slow) for n in (32, 64, 128, 257, 1031))])
def test_outer_tails(n):
    """The row and what lies between its elements at the ends of warps and blocks."""
    for shape in ((1, n, 1, 33), (3, n, 5, 7), (2, n, 2), (1, 3, n), (2, 5, 31, n), (70, n, 3)):
        for norm in norms(shape, 1)[:3]:
            norm.check(shape, np.float32)
    norms((2, n, 5), 1)[0].check((2, n, 5), np.float32, (0, 1, 2))
