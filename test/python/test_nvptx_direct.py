# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Elementwise kernels and data movement of the NVIDIA target (a thread for each element, tiles where one side is read along
another dim) on the PTX executor: results with all checks, at the ends of blocks, tiles and vectors, and how they touch memory."""
from __future__ import annotations

import numpy as np
import pytest

from nvptx_graphs import Graph, compile_graphs, run_graph

RNG = np.random.default_rng(11)
# One thread, the ends of warps and blocks, a prime; from 1 << 15 elements a thread takes a vector of 4.
LENGTHS = [1, 31, 32, 33, 255, 256, 257, 1031, 32767, 32768, 32769, 33791, 65537]


def numbers(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def dynamic(graph: Graph, *places: tuple[int, int]) -> Graph:
    graph.dynamic = frozenset(places)
    return graph


def chain(*shape: int) -> Graph:
    x, y, b = numbers(*shape), numbers(*shape), numbers(shape[-1])
    want = np.maximum(x * b + y, 0) / (1 + np.exp(-(x.astype(np.float64))))
    return Graph([x, y, b], want.astype(np.float32), """%0 = aic.mul %x0, %x2 : ({x0}, {x2}) -> {y}
%1 = aic.add %0, %x1 : ({y}, {x1}) -> {y}
%2 = aic.relu %1 : ({y}) -> {y}
%3 = aic.sigmoid %x0 : ({x0}) -> {y}
%y = aic.mul %2, %3 : ({y}, {y}) -> {y}""", tolerance="1e-6,1e-5")


def relu(x: np.ndarray) -> Graph:
    return Graph([x], np.maximum(x, 0), "%y = aic.relu %x0 : ({x0}) -> {y}")


def transpose(permutation: tuple[int, ...], *shape: int) -> Graph:
    x = numbers(*shape)
    return Graph([x], np.ascontiguousarray(x.transpose(permutation)),
                 f"%y = aic.transpose %x0 {{{{permutation = array<i64: {', '.join(map(str, permutation))}>}}}} : ({{x0}}) -> {{y}}")


def concat(axis: int, *shapes: tuple[int, ...]) -> Graph:
    inputs = [numbers(*s) for s in shapes]
    types = ", ".join(f"{{x{i}}}" for i in range(len(inputs)))
    operands = ", ".join(f"%x{i}" for i in range(len(inputs)))
    return Graph(inputs, np.concatenate(inputs, axis), f"%y = aic.concat {operands} {{{{axis = {axis} : i64}}}} : ({types}) -> {{y}}")


def gather(rows: int, *shape: int) -> Graph:
    x, i = numbers(*shape), RNG.integers(-shape[0], shape[0], rows).astype(np.int64)
    return Graph([x, i], x[i], "%y = aic.gather %x0, %x1 {{axis = 0 : i64}} : ({x0}, {x1}) -> {y}")


def pad(low: int, high: int, *shape: int) -> Graph:
    x = numbers(*shape)
    pads = ", ".join(map(str, [0] * (len(shape) - 1) + [low] + [0] * (len(shape) - 1) + [high]))
    want = np.pad(x[..., max(0, -low):], [(0, 0)] * (len(shape) - 1) + [(max(0, low), high)], constant_values=1.5)
    return Graph([x], want, f"""%p = arith.constant dense<[{pads}]> : tensor<{2 * len(shape)}xi64>
%v = arith.constant dense<1.5> : tensor<f32>
%y = aic.pad %x0, %p, %v {{{{mode = #aic<pad_mode constant>}}}} : ({{x0}}, tensor<{2 * len(shape)}xi64>, tensor<f32>) -> {{y}}""")


def cut(first: int, last: int, step: int, *shape: int) -> Graph:
    x = numbers(*shape)
    one = "tensor<1xi64>"
    return Graph([x], np.ascontiguousarray(x[..., first:last:step]), f"""%a = arith.constant dense<{first}> : {one}
%b = arith.constant dense<{last}> : {one}
%c = arith.constant dense<{step}> : {one}
%y = aic.slice %x0, %a, %b, %c {{{{axes = array<i64: {len(shape) - 1}>}}}} : ({{x0}}, {one}, {one}, {one}) -> {{y}}""")


def check_all(graphs: dict[str, Graph], folder) -> dict[str, dict]:
    counters = {}
    for name, compiled in zip(graphs, compile_graphs(list(graphs.values()), folder)):
        assert compiled.emitter in ("direct", "transposed"), name
        assert len(compiled.launches) == 1, name
        try:
            counters[name] = run_graph(compiled, folder) | {"emitter": compiled.emitter}
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None
    return counters


def lengths(values) -> dict[str, Graph]:
    graphs = {f"chain {n}": chain(n) for n in values}
    graphs |= {f"rows of {n}": chain(3, n) for n in values}
    graphs |= {f"dynamic {n}": dynamic(relu(numbers(n)), (0, 0), (-1, 0)) for n in values}
    return graphs


def test_lengths(tmp_path):
    check_all(lengths([1, 33, 256, 257, 32769]), tmp_path)


@pytest.mark.slow
def test_all_lengths(tmp_path):
    check_all(lengths(LENGTHS), tmp_path)


def movement(n: int) -> dict[str, Graph]:
    """A transpose that moves a dim of 1 is no kernel."""
    transposes = {f"transpose {n}": transpose((1, 0), n, 40), f"middle {n}": transpose((0, 2, 1), 2, n, 33)} if n > 1 else {}
    return transposes | {f"concat inside {n}": concat(1, (3, n), (3, 5), (3, n + 1)), f"concat outside {n}": concat(0, (2, n), (1, n)),
            f"gather {n}": gather(n, 7, 12), f"gathered rows {n}": gather(5, 9, n), f"pad {n}": pad(1, 3, 4, n),
            f"crop {n}": pad(-1, 2, 4, n + 1), f"cut {n}": cut(0, n, 2, 3, n), f"reverse {n}": cut(-1, -n - 1, -1, 3, n),
            f"dynamic transpose {n}": dynamic(transpose((1, 0), n, 9), (0, 0), (0, 1), (-1, 0), (-1, 1)),
            f"dynamic concat {n}": dynamic(concat(1, (3, n), (3, 4)), (0, 1), (-1, 1))}


@pytest.mark.parametrize("n", [33, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 31, 32, 255, 256, 257, 1031))])
def test_movement(tmp_path, n):
    check_all(movement(n), tmp_path)


def test_kinds(tmp_path):
    graphs = {}
    for kind in (np.float16, np.float64, np.int8, np.int32, np.int64):
        for n in (100, 40000):
            x = (RNG.normal(size=n) * 20).astype(kind)
            graphs[f"{np.dtype(kind)} {n}"] = Graph([x], np.maximum(x, -x), "%0 = aic.neg %x0 : ({x0}) -> {y}\n"
                                                   "%y = aic.maximum %x0, %0 : ({x0}, {y}) -> {y}")
    check_all(graphs, tmp_path)


def test_sectors(tmp_path):
    """Aligned lines: every request touches as few sectors as its bytes need, and vectors of 16 bytes are one request."""
    graphs = {"line": relu(numbers(65536)), "rows": chain(64, 1024), "short": relu(numbers(4096)), "half": relu(numbers(65536).astype(np.float16)),
              "outer concat": concat(0, (32, 1024), (32, 1024)), "rows gathered": gather(64, 16, 1024),
              "channels": transpose((1, 0, 2), 16, 32, 256)}
    for name, counters in check_all(graphs, tmp_path).items():
        assert counters["sectors"] == counters["sectorsMinimum"], name
        assert counters["bankConflicts"] == 0, name
    # Odd extents: a line that all dims make is as good; a row that begins within a sector touches one more.
    odd = {"line": relu(numbers(65537)), "rows": relu(numbers(37, 1031)), "open": dynamic(relu(numbers(33, 129)), (0, 0), (0, 1), (-1, 0), (-1, 1)),
           "half": relu(numbers(65537).astype(np.float16))}
    for name, counters in check_all(odd, tmp_path).items():
        assert counters["sectors"] == counters["sectorsMinimum"], name
    line = check_all({"line": relu(numbers(65536))}, tmp_path)["line"]
    assert line["globalRequests"] == 2 * 65536 // (32 * 4), line


# The ends of a tile of 32 x 32 and of the oblong ones, primes.
SIDES = [2, 3, 31, 32, 33, 127, 1031]


def transposed_sum(*shape: int) -> Graph:
    """Two operands along the other dim, one along the result's."""
    x, y, z = numbers(*shape), numbers(*shape), numbers(*shape[::-1])
    t = "aic.transpose {} {{{{permutation = array<i64: 1, 0>}}}} : ({{x0}}) -> {{y}}\n"
    return Graph([x, y, z], np.maximum(x.T + y.T, 0) * z, "%0 = " + t.format("%x0") + "%1 = " + t.format("%x1") +
                 "%2 = aic.add %0, %1 : ({y}, {y}) -> {y}\n%3 = aic.relu %2 : ({y}) -> {y}\n%y = aic.mul %3, %x2 : ({y}, {x2}) -> {y}")


def transposes(sides) -> dict[str, Graph]:
    graphs = {f"{n} x {m}": transpose((1, 0), n, m) for n in sides for m in sides}
    graphs |= {f"batch {n}": transpose((0, 2, 1), 3, n, 65) for n in sides} | {f"reversed {n}": transpose((2, 1, 0), n, 3, 40) for n in sides}
    graphs |= {f"channels first {n}": transpose((0, 3, 1, 2), 2, 5, n, 3) for n in sides}
    graphs |= {f"channels last {n}": transpose((0, 2, 3, 1), 2, 3, n, 5) for n in sides}
    graphs |= {f"open {n}": dynamic(transpose((0, 2, 1), 2, n, 33), *((i, d) for i in (0, -1) for d in range(3))) for n in sides}
    return graphs | {f"sum {n}": transposed_sum(n, 41) for n in sides}


def test_transposes(tmp_path):
    for name, counters in check_all(transposes([3, 33, 127]), tmp_path).items():
        assert counters["bankConflicts"] == 0, name


@pytest.mark.slow
def test_all_transposes(tmp_path):
    for name, counters in check_all(transposes(SIDES), tmp_path).items():
        assert counters["bankConflicts"] == 0, name


def test_transposed_kinds(tmp_path):
    graphs = {}
    for kind in (np.float16, np.float64, np.int8, np.int64, np.bool_):
        for shape in ((64, 96), (33, 70), (5, 500), (900, 3)):
            x = (RNG.normal(size=shape) * 20).astype(kind)
            graphs[f"{np.dtype(kind)} {shape}"] = Graph([x], np.ascontiguousarray(x.T),
                                                        "%y = aic.transpose %x0 {{permutation = array<i64: 1, 0>}} : ({x0}) -> {y}")
    for name, counters in check_all(graphs, tmp_path).items():
        assert counters["emitter"] == "transposed", name
        assert counters["bankConflicts"] == 0, name


def test_transposed_sectors(tmp_path):
    """Both sides of a tile are touched as they lie in memory, by a barrier that is needed."""
    even = {"square": transpose((1, 0), 64, 96), "batch": transpose((0, 2, 1), 3, 32, 64), "sum": transposed_sum(64, 32),
            "channels last": transpose((0, 2, 3, 1), 1, 4, 16, 16), "channels first": transpose((0, 3, 1, 2), 1, 16, 16, 4)}
    odd = {f"odd {n}": transpose((1, 0), n, 129) for n in (33, 127, 1031)} | {"three": transpose((0, 2, 3, 1), 1, 3, 64, 64)}
    for name, counters in check_all(even | odd, tmp_path).items():
        assert counters["emitter"] == "transposed", name
        # A request may touch a sector more than its bytes fill where a row begins within one.
        most = counters["sectorsMinimum"] * (1 if name in even else 1.3)
        assert counters["sectors"] <= most, f"{name}: {counters['sectors']} of {counters['sectorsMinimum']}"
    for compiled in compile_graphs(list(even.values()), tmp_path):
        text = run_graph(compiled, tmp_path, "--mutate=all")["text"]
        assert "1 of 1 mutants detected, 0 redundant, 0 missed" in text, text
