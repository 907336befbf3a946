# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The row class of the NVIDIA target on the PTX executor: results, checks, counters and faults."""
from __future__ import annotations

import pathlib
import re
import shutil

import numpy as np
import pytest

from nvptx_graphs import Graph, compile_graphs, run_graph
from nvptx_kernels import Kernel, compile_kernels, run_kernel, run_tool

LENGTHS = [1, 31, 32, 33, 255, 256, 257, 1031]
RNG = np.random.default_rng(7)


def numbers(shape: tuple[int, ...], kind: type = np.float32) -> np.ndarray:
    if np.issubdtype(kind, np.floating):
        return RNG.normal(size=shape).astype(kind)
    return RNG.integers(-100, 100, size=shape).astype(kind) if kind is not np.bool_ else RNG.random(shape) < 0.9


def softmax_of(x: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(x.astype(np.float64) - x.max(axis, keepdims=True))
    return (e / e.sum(axis, keepdims=True)).astype(x.dtype)


def softmax(shape: tuple[int, ...], axis: int = -1, kind: type = np.float32, log: bool = False) -> Graph:
    x, axis = numbers(shape, kind), axis % len(shape)
    y = softmax_of(x, axis)
    name = "log_softmax" if log else "softmax"
    return Graph([x], np.log(y) if log else y, f"%y = aic.{name} %x0 {{{{axis = {axis} : i64}}}} : ({{x0}}) -> {{y}}",
                 tolerance="2e-3,2e-3" if kind is np.float16 else "2e-6,2e-6")


def layer_norm(shape: tuple[int, ...]) -> Graph:
    x, s, b = numbers(shape), numbers(shape[-1:]), numbers(shape[-1:])
    w = x.astype(np.float64)
    y = (w - w.mean(-1, keepdims=True)) / np.sqrt(w.var(-1, keepdims=True) + 1e-5) * s + b
    return Graph([x, s, b], y.astype(np.float32),
                 f"%y = aic.layer_norm %x0 scale(%x1) bias(%x2) {{{{axis = {len(shape) - 1} : i64, epsilon = 1.0e-5 : f64}}}} : "
                 "({x0}, {x1}, {x2}) -> {y}", tolerance="1e-5,1e-5")


def reduce(name: str, shape: tuple[int, ...], axes: tuple[int, ...], kind: type = np.float32) -> Graph:
    x = numbers(shape, kind)
    tolerance = "0"
    if name in ("sum", "mean"):
        y = getattr(np, name)(x.astype(np.float64) if x.dtype.kind == "f" else x, axes, dtype=None if x.dtype.kind == "f" else kind)
        size = np.prod([shape[a] for a in axes])
        tolerance = ("2e-3,2e-3" if kind is np.float16 else f"{1e-6 * max(1, size if name == 'sum' else 1)},1e-5") if x.dtype.kind == "f" else "0"
    else:
        y = getattr(np, name)(x, axes)
    attribute = f"axes = array<i64: {', '.join(map(str, axes))}>, keep_dims = false"
    return Graph([x], np.asarray(y).astype(kind), f"%y = aic.reduce {name} %x0 {{{{{attribute}}}}} : ({{x0}}) -> {{y}}", tolerance=tolerance)


def position(shape: tuple[int, ...], axis: int = -1, largest: bool = True, last: bool = False, kind: type = np.float32) -> Graph:
    """Few different values, so that there are ties."""
    x, axis = RNG.integers(-4, 4, size=shape).astype(kind), axis % len(shape)
    order = np.flip(x, axis) if last else x
    y = (np.argmax if largest else np.argmin)(order, axis)
    y = shape[axis] - 1 - y if last else y
    attribute = f"axis = {axis} : i64, largest = {str(largest).lower()}, last_index = {str(last).lower()}, keep_dims = false"
    return Graph([x], y.astype(np.int64), f"%y = aic.arg_reduce %x0 {{{{{attribute}}}}} : ({{x0}}) -> {{y}}")


def embedding_norm(rows: int, words: int, n: int) -> Graph:
    """Rows are looked up where they are reduced."""
    table, ids, s = numbers((words, n)), RNG.integers(0, words, size=(rows,)).astype(np.int64), numbers((n,))
    x = table[ids].astype(np.float64)
    y = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6) * s
    return Graph([table, ids, s], y.astype(np.float32),
                 f"%e = aic.gather %x0, %x1 {{{{axis = 0 : i64}}}} : ({{x0}}, {{x1}}) -> {{y}}\n"
                 "%y = aic.rms_norm %e, %x2 {{axis = 1 : i64, epsilon = 1.0e-6 : f64}} : ({y}, {x2}) -> {y}", tolerance="1e-5,1e-5")


def masked_softmax(batch: int, heads: int, n: int, m: int) -> Graph:
    x, mask = numbers((batch, heads, n, m)), numbers((batch, 1, 1, m))
    return Graph([x, mask], softmax_of(x + mask, 3), "%a = aic.add %x0, %x1 : ({x0}, {x1}) -> {y}\n"
                 "%y = aic.softmax %a {{axis = 3 : i64}} : ({y}) -> {y}", tolerance="2e-6,2e-6")


def dynamic(graph: Graph, *dims: tuple[int, int]) -> Graph:
    graph.dynamic = frozenset(dims)
    return graph


def families(n: int) -> dict[str, Graph]:
    known = {"softmax": softmax((5, n)), "sum": reduce("sum", (4, n), (1,)), "max": reduce("max", (3, 3, n), (2,)),
             "layer_norm": layer_norm((3, 2, n)), "dynamic rows": dynamic(softmax((7, n)), (0, 0), (-1, 0)),
             "sum across": reduce("sum", (2, n, 35), (1,)), "max of few across": reduce("max", (n, 9), (0,))} if n > 1 else {}  # one element is no reduction
    return {**known, "argmax": position((6, n)),
            "mean": reduce("mean", (2, 3, n, 3), (2, 3)), "argmin": position((3, n), largest=False, last=True, kind=np.int32),
            "dynamic softmax": dynamic(softmax((3, n)), (0, 0), (0, 1), (-1, 0), (-1, 1)),
            "dynamic length": dynamic(reduce("sum", (2, n), (1,)), (0, 1)),
            "dynamic argmax": dynamic(position((2, n)), (0, 1)),
            "dynamic norm": dynamic(layer_norm((2, 3, n)), (0, 0), (0, 1), (0, 2), (1, 0), (2, 0), (-1, 0), (-1, 1), (-1, 2)),
            "softmax over an outer dim": softmax((2, n, 35), axis=1), "softmax over few": softmax((3, n, 5), axis=1),
            "softmax over the first": softmax((n, 70), axis=0, log=True),
            "open softmax over an outer dim": dynamic(softmax((2, n, 6), axis=1), *((i, d) for i in (0, -1) for d in range(3))),
            "half": softmax((3, n), kind=np.float16), "half over an outer dim": softmax((2, n, 9), axis=1, kind=np.float16),
            # Neighbouring elements belong to neighbouring rows.
            "argmax across": position((n, 40), axis=0),
            "dynamic across": dynamic(reduce("mean", (2, n, 5), (1,)), (0, 0), (0, 1), (0, 2), (-1, 0), (-1, 1))}


def check_all(graphs: dict[str, Graph], folder: pathlib.Path) -> dict[str, dict]:
    counters = {}
    for name, compiled in zip(graphs, compile_graphs(list(graphs.values()), folder)):
        try:
            counters[name] = run_graph(compiled, folder)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None
        counters[name]["emitter"] = compiled.emitter
    return counters


@pytest.mark.parametrize("length", [33, 256, *(pytest.param(n, marks=pytest.mark.slow) for n in LENGTHS if n not in (33, 256))])
def test_lengths(tmp_path, length):
    for name, counters in check_all(families(length), tmp_path).items():
        assert counters["bankConflicts"] == 0, name
        assert counters["emitter"] == "rows" or (length == 1 or "sum across" in name), (name, counters["emitter"])


def test_planes(tmp_path):
    """Rows that lie between the steps of a reduction, fewer or more than a warp has threads."""
    extents = [2, 3, 4, 5, 17, 31, 33, 35, 49, 63]
    graphs = {f"softmax {e}": softmax((3, 70, e), axis=1) for e in extents} | {f"argmax {e}": position((3, 70, e), axis=1) for e in extents}
    graphs |= {f"f64 {e}": reduce("max", (2, 90, e), (1,), np.float64) for e in (5, 17, 21, 35)}
    graphs |= {f"all {e}": reduce("min", (2, 90, e), (1,), np.bool_) for e in (3, 35)}
    graphs |= {f"half {e}": softmax((2, 300, e), axis=1, kind=np.float16) for e in (3, 12, 49)}
    graphs |= {"many": softmax((65, 40, 100), axis=1), "both": reduce("sum", (70, 9, 5), (0, 1))}
    for name, counters in check_all(graphs, tmp_path).items():
        assert counters["emitter"] == "rows", name
        assert counters["bankConflicts"] == 0, name
        # Elements of one or two bytes: a request is a sector or two, and one more where it begins within one.
        most = 1.26 if graphs[name].inputs[0].itemsize >= 4 else 2.1
        assert name == "both" or counters["sectors"] <= counters["sectorsMinimum"] * most, name


def test_kinds(tmp_path):
    graphs = {}
    for kind in (np.float16, np.float64, np.int8, np.int32, np.int64):
        for shape in ((3, 70), (2, 1024)):
            name = f"{np.dtype(kind)} {shape}"
            graphs |= {f"sum {name}": reduce("sum", shape, (1,), kind), f"min {name}": reduce("min", shape, (1,), kind),
                       f"argmax {name}": position(shape, kind=kind), f"last {name}": position(shape, largest=False, last=True, kind=kind)}
    graphs |= {"all": reduce("min", (9, 37), (1,), np.bool_), "any": reduce("max", (2, 640), (1,), np.bool_),
               "prod": reduce("prod", (2, 300), (1,), np.int32),
               "log": softmax((4, 60), log=True)}
    for name, counters in check_all(graphs, tmp_path).items():
        assert counters["emitter"] == "rows", name


def test_shapes(tmp_path):
    """Rows for lanes, warps and blocks; one row and many; the last block is not full."""
    graphs = {str(shape): reduce("sum", shape, (len(shape) - 1,)) for shape in
              [(1000, 10), (3001, 4), (513, 64), (33, 100), (1, 70000), (2, 5, 8), (257, 2, 3), (5, 40000)]}
    graphs |= {f"argmax {shape}": position(shape) for shape in [(1000, 10), (65, 48), (1, 70000)]}
    graphs |= {f"across {shape}": reduce("max", shape, (0,)) for shape in [(64, 100), (300, 2), (1000, 33)]}
    graphs |= {"everything": reduce("sum", (3, 50, 7), (0, 1, 2)), "spatial": reduce("mean", (2, 5, 6, 8), (2, 3)),
               "outer and inner": reduce("sum", (9, 4, 16), (0, 2)), "norm": layer_norm((129, 96)),
               "embedding": embedding_norm(37, 20, 64), "long embedding": embedding_norm(3, 20, 1500), "masked": masked_softmax(2, 3, 5, 24),
               "masked odd": masked_softmax(2, 2, 3, 77),
               "empty": dynamic(reduce("sum", (3, 0), (1,)), (0, 1))}
    check_all(graphs, tmp_path)


def test_sectors(tmp_path):
    """On aligned rows every request touches as few sectors as its bytes need, every input is read once."""
    graphs = {"softmax": softmax((64, 1024)), "warp": softmax((40, 128)), "norm": layer_norm((16, 256)), "block": softmax((3, 4096)),
              "across": reduce("sum", (64, 256), (0,)), "sum": reduce("sum", (32, 512), (1,)), "half": reduce("mean", (8, 512), (1,), np.float16)}
    for name, counters in check_all(graphs, tmp_path).items():
        assert counters["sectors"] == counters["sectorsMinimum"], name
        assert counters["bankConflicts"] == 0, name
        graph = graphs[name]
        once = sum(x.nbytes for x in graph.inputs if x.ndim > 1) + graph.expected.nbytes
        assert counters["globalBytes"] <= once * (1.01 if name != "norm" else 1 + 2 * 16), name


def test_odd_sectors(tmp_path):
    """A row that begins within a sector touches one more a request, five instead of four; a plane only where it ends."""
    rows = {f"{name} {n}": graph for n in (33, 77, 257, 1031) for name, graph in
            {"softmax": softmax((9, n)), "norm": layer_norm((9, n)), "sum": reduce("sum", (9, n), (1,)), "mean": reduce("mean", (9, n, 3), (1, 2)),
             "open": dynamic(softmax((9, n)), (0, 0), (0, 1), (-1, 0), (-1, 1)), "argmax": position((9, n))}.items()}
    planes = {f"{e}": softmax((4, 64, e), axis=1) for e in (3, 5, 7, 31, 35, 49)} | {"sum": reduce("sum", (2, 1024, 35), (1,))}
    for name, counters in check_all(rows | planes, tmp_path).items():
        most = counters["sectorsMinimum"] * (1.25 if name in rows else 1.05)
        assert counters["sectors"] <= most, f"{name}: {counters['sectors']} of {counters['sectorsMinimum']}"


@pytest.mark.slow
def test_long_rows(tmp_path):
    graphs = {"sum": reduce("sum", (1, 1000003), (1,)), "dynamic": dynamic(position((1, 1000003)), (0, 1)),
              "softmax": dynamic(softmax((1, 300001)), (0, 1), (-1, 1))}
    check_all(graphs, tmp_path)


def broken(graphs: dict[str, Graph], folder: pathlib.Path) -> int:
    """Breaks each synchronisation of each kernel in turn: every one must be noticed. Returns how many there are."""
    total = 0
    for name, compiled in zip(graphs, compile_graphs(list(graphs.values()), folder)):
        text = run_graph(compiled, folder, "--mutate=all")["text"]
        counts = re.search(r"(\d+) of (\d+) mutants detected, 0 redundant, 0 missed", text)
        assert counts and counts[1] == counts[2], f"{name}: {text}"
        total += int(counts[1])
    return total


def test_faults(tmp_path):
    assert broken({"argmax": position((2, 1031)), "norm": layer_norm((2, 2048)), "dynamic": dynamic(reduce("max", (2, 700), (1,)), (0, 1)),
            "across": reduce("sum", (64, 40), (0,))}, tmp_path) == 5


@pytest.mark.slow
@pytest.mark.parametrize("length", [257, 1031, 5000])
def test_faults_everywhere(tmp_path, length):
    assert broken(families(length), tmp_path) > 10


@pytest.mark.skipif(not shutil.which("ptxas"), reason="no ptxas: registers are not counted")
@pytest.mark.parametrize("arch", ["sm_80", *(pytest.param(a, marks=pytest.mark.slow) for a in ("sm_86", "sm_89", "sm_90a", "sm_120"))])
def test_registers(tmp_path, arch):
    """Rows that are kept in registers fit into them."""
    graphs = [softmax((520, 1024)), softmax((520, 700)), softmax((3, 8192)), layer_norm((600, 768)), reduce("sum", (2, 300, 4096), (0, 2)),
              reduce("max", (600, 128), (1,), np.float64), position((600, 1000)), position((512, 600), axis=0),
              dynamic(layer_norm((2, 8, 8)), (0, 0), (0, 1), (0, 2), (1, 0), (2, 0), (-1, 0), (-1, 1), (-1, 2))]
    compiled = compile_graphs(graphs, tmp_path, arch)
    done = run_tool("ptxas", f"-arch={arch}", "-v", compiled[0].ptx, "-o", tmp_path / "cubin")
    assert done.returncode == 0, done.stderr
    spills = re.findall(r"(\d+) bytes spill stores, (\d+) bytes spill loads", done.stderr)
    assert len(spills) == len(graphs) and set(spills) == {("0", "0")}, done.stderr
    assert max(int(n) for n in re.findall(r"Used (\d+) registers", done.stderr)) <= 72, done.stderr


def softmax_across(name: str, shape: tuple[int, int, int], dynamic: bool) -> Kernel:
    """Along the middle dim, in one kernel: neighbouring threads stand on neighbouring rows."""
    x = numbers(shape)
    d = "x".join("?" if dynamic else str(n) for n in shape)
    r = "x".join("?" if dynamic else str(n) for n in (shape[0], shape[2]))
    extents = "".join(f"%c{i} = arith.constant {i} : index\n%n{i} = tensor.dim %x0, %c{i} : tensor<{d}xf32>\n" for i in range(3)) if dynamic else ""
    outer, all_dims = ("(%n0, %n2)", "(%n0, %n1, %n2)") if dynamic else ("()", "()")
    full, row = "affine_map<(a, b, c) -> (a, b, c)>", "affine_map<(a, b, c) -> (a, c)>"
    reduction = f'indexing_maps = [{full}, {row}], iterator_types = ["parallel", "reduction", "parallel"]'
    pointwise = f'indexing_maps = [{full}, {row}, {full}], iterator_types = ["parallel", "parallel", "parallel"]'
    body = f"""{extents}%lowest = arith.constant 0xFF800000 : f32
%zero = arith.constant 0.0 : f32
%e0 = tensor.empty{outer} : tensor<{r}xf32>
%e1 = tensor.empty{all_dims} : tensor<{d}xf32>
%f0 = linalg.fill ins(%lowest : f32) outs(%e0 : tensor<{r}xf32>) -> tensor<{r}xf32>
%m = linalg.generic {{{reduction}}} ins(%x0 : tensor<{d}xf32>) outs(%f0 : tensor<{r}xf32>) {{
^bb0(%v: f32, %c: f32):
  %0 = arith.maximumf %v, %c : f32
  linalg.yield %0 : f32 }} -> tensor<{r}xf32>
%e = linalg.generic {{{pointwise}}} ins(%x0, %m : tensor<{d}xf32>, tensor<{r}xf32>) outs(%e1 : tensor<{d}xf32>) {{
^bb0(%v: f32, %w: f32, %c: f32):
  %0 = arith.subf %v, %w : f32
  %1 = math.exp %0 : f32
  linalg.yield %1 : f32 }} -> tensor<{d}xf32>
%f1 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<{r}xf32>) -> tensor<{r}xf32>
%s = linalg.generic {{{reduction}}} ins(%e : tensor<{d}xf32>) outs(%f1 : tensor<{r}xf32>) {{
^bb0(%v: f32, %c: f32):
  %0 = arith.addf %v, %c : f32
  linalg.yield %0 : f32 }} -> tensor<{r}xf32>
%y = linalg.generic {{{pointwise}}} ins(%e, %s : tensor<{d}xf32>, tensor<{r}xf32>) outs(%x1 : tensor<{d}xf32>) {{
^bb0(%v: f32, %w: f32, %c: f32):
  %0 = arith.divf %v, %w : f32
  linalg.yield %0 : f32 }} -> tensor<{d}xf32>
return %y : tensor<{d}xf32>
"""
    return Kernel(name, [x], [softmax_of(x, 1)], body, kind="rows", dynamic=dynamic, tolerance=2e-6)


def test_rows_across(tmp_path):
    shapes = [(2, 33, 35), (1, 257, 4), (3, 1, 40), (2, 7, 1), (1, 100, 64)]
    kernels = [softmax_across(f"k{i}{'d' * dynamic}", shape, dynamic) for i, shape in enumerate(shapes) for dynamic in (False, True)]
    program = compile_kernels(kernels, tmp_path)
    for kernel in kernels:
        assert program.emitters[kernel.name] == "rows", kernel.name
        run_kernel(program, kernel, tmp_path)
    assert "0 missed" in run_kernel(program, kernels[0], tmp_path, "--mutate=all")["text"]
