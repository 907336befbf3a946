# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operations with loops of their own on the PTX executor: threads share what is independent."""
from __future__ import annotations

import numpy as np
import pytest

from nvptx_graphs import Graph, compile_graphs, run_graph

RNG = np.random.default_rng(3)


def whole(shape: tuple[int, ...]) -> np.ndarray:
    return RNG.integers(-9, 9, size=shape).astype(np.float32)


def scan(shape: tuple[int, ...], axis: int, exclusive: bool = False, reverse: bool = False) -> Graph:
    x = whole(shape)
    y = np.flip(x, axis) if reverse else x
    y = np.cumsum(y, axis) - (y if exclusive else 0)
    y = np.flip(y, axis) if reverse else y
    attributes = f"axis = {axis} : i64, exclusive = {str(exclusive).lower()}, reverse = {str(reverse).lower()}"
    return Graph([x], np.ascontiguousarray(y.astype(np.float32)), f"%y = aic.scan sum %x0 {{{{{attributes}}}}} : ({{x0}}) -> {{y}}")


def top_k(shape: tuple[int, ...], axis: int, k: int, values: bool) -> Graph:
    x = RNG.permutation(np.prod(shape)).reshape(shape).astype(np.float32)
    order = np.take(np.argsort(-x, axis, kind="stable"), range(k), axis)
    y = np.take_along_axis(x, order, axis) if values else order.astype(np.int64)
    extents = "x".join(map(str, y.shape))
    names = ("%y", "%other") if values else ("%other", "%y")
    return Graph([x], np.ascontiguousarray(y), f"%k = arith.constant dense<{k}> : tensor<1xi64>\n"
                 f"{names[0]}, {names[1]} = aic.top_k %x0, %k {{{{axis = {axis} : i64, largest = true}}}} : ({{x0}}, tensor<1xi64>) -> "
                 f"(tensor<{extents}xf32>, tensor<{extents}xi64>)")


def scatter_elements(shape: tuple[int, ...], updates: tuple[int, ...], axis: int, kind: str) -> Graph:
    """Indices repeat, some are negative; the last update of an element counts."""
    x, u, i = whole(shape), whole(updates), RNG.integers(-shape[axis], shape[axis], size=updates).astype(np.int64)
    y = x.copy()
    for at in np.ndindex(updates):
        to = (*at[:axis], i[at], *at[axis + 1:])
        y[to] = u[at] if kind == "replace" else y[to] + u[at]
    return Graph([x, i, u], y, f"%y = aic.scatter_elements {kind} %x0, %x1, %x2 {{{{axis = {axis} : i64}}}} : ({{x0}}, {{x1}}, {{x2}}) -> {{y}}")


def scatter_nd(shape: tuple[int, ...], batch: tuple[int, ...], depth: int, kind: str) -> Graph:
    x, u = whole(shape), whole(batch + shape[depth:])
    i = np.stack([RNG.integers(0, shape[d], size=batch) for d in range(depth)], -1).astype(np.int64)
    y = x.copy()
    for at in np.ndindex(batch):
        to = tuple(i[at])
        y[to] = u[at] if kind == "replace" else y[to] + u[at]
    return Graph([x, i, u], y, f"%y = aic.scatter_nd {kind} %x0, %x1, %x2 : ({{x0}}, {{x1}}, {{x2}}) -> {{y}}")


def every() -> dict[str, Graph]:
    scans = {f"scan {args}": scan(*args) for args in [((5, 33), 1), ((4, 7, 6), 1, True), ((9, 70), 0, False, True), ((40,), 0)]}
    selections = {f"top_k {args}": top_k(*args) for args in
                  [((6, 20), 1, 5, True), ((6, 20), 1, 5, False), ((8, 3, 5), 0, 2, False), ((30,), 0, 30, True)]}
    scatters = {f"scatter_elements {args}": scatter_elements(*args) for args in
                [((7, 9), (5, 9), 0, "replace"), ((7, 9), (3, 9), 0, "add"), ((4, 6, 5), (4, 11, 3), 1, "add"), ((20,), (33,), 0, "replace")]}
    scatters |= {f"scatter_nd {args}": scatter_nd(*args) for args in
                 [((10, 70), (6,), 1, "add"), ((4, 5, 6), (3, 2), 2, "replace"), ((8, 8), (13,), 2, "replace"), ((3, 4), (5, 1), 1, "replace")]}
    return scans | selections | scatters


@pytest.mark.parametrize("part", range(3))
def test_results(tmp_path, part):
    graphs = dict(list(every().items())[part::3])
    for name, compiled in zip(graphs, compile_graphs(list(graphs.values()), tmp_path)):
        assert compiled.emitter == "fallback"
        assert len(compiled.launches) == (2 if "scatter" in name else 1)  # all copies come before the updates
        try:
            run_graph(compiled, tmp_path)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None
