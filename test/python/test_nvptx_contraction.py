# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Contractions and convolutions on the PTX executor: every tail, with all checks, against numpy.

Elements are multiples of 1/8 in [-1, 1], so that sums are exact in f32 and results must be equal bit for bit.
"""
from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from nvptx_kernels import Kernel, compile_kernels, run_kernel

TILE = {"tile_m": 32, "tile_n": 32, "tile_k": 8, "thread_m": 2, "thread_n": 4}
SIZES = [1, 31, 32, 33, 47]
DEPTHS = [1, 7, 8, 9, 29]
BODIES = {
    "f32": "%p = arith.mulf %x, %y : f32\n%s = arith.addf %acc, %p : f32",
    "f64": "%p = arith.mulf %x, %y : f64\n%s = arith.addf %p, %acc : f64",
    "f16": "%u = arith.extf %x : f16 to f32\n%v = arith.extf %y : f16 to f32\n%p = arith.mulf %u, %v : f32\n"
           "%s = arith.addf %p, %acc : f32",
    "i8": "%z = arith.constant 3 : i32\n%u = arith.extsi %x : i8 to i32\n%v = arith.extsi %y : i8 to i32\n"
          "%w = arith.subi %u, %z : i32\n%p = arith.muli %w, %v : i32\n%s = arith.addi %p, %acc : i32",
}
SUM = {"f32": "f32", "f64": "f64", "f16": "f32", "i8": "i32"}
RESULT = {"f32": np.float32, "f64": np.float64, "f16": np.float32, "i8": np.int32}
rng = np.random.default_rng(5)


def numbers(*shape: int, kind: str = "f32") -> np.ndarray:
    if kind == "i8":
        return rng.integers(-128, 128, shape).astype(np.int8)
    return (rng.integers(-8, 9, shape) / 8).astype({"f32": np.float32, "f64": np.float64, "f16": np.float16}[kind])


def parallel(rank: int) -> str:
    return ", ".join(['"parallel"'] * rank)


def fill(result: str, source: str, constant: str) -> str:
    """A destination like `source` filled with a constant."""
    element = result[result.rindex("x") + 1:-1]
    dims = [i for i, n in enumerate(result[7:-1].split("x")[:-1]) if n == "?"]
    text = f"%zero = arith.constant {constant} : {element}\n"
    for i in dims:
        text += f"%c{i} = arith.constant {i} : index\n%d{i} = tensor.dim {source}, %c{i} : {result}\n"
    return (text + f"%empty = tensor.empty({', '.join(f'%d{i}' for i in dims)}) : {result}\n"
            f"%init = linalg.fill ins(%zero : {element}) outs(%empty : {result}) -> {result}\n")


def product(maps: list[str], loops: str, reduced: int, types: list[str], init: str, body: str, inputs=("%x0", "%x1")) -> str:
    rank = loops.count(",") + 1
    kinds = ", ".join(['"parallel"'] * (rank - reduced) + ['"reduction"'] * reduced)
    elements = [t[t.rindex("x") + 1:-1] for t in types]
    return (f"%r = linalg.generic {{indexing_maps = [{', '.join(f'affine_map<({loops}) -> ({m})>' for m in maps)}], "
            f"iterator_types = [{kinds}]}} ins({inputs[0]}, {inputs[1]} : {types[0]}, {types[1]}) outs({init} : {types[2]}) "
            f"{{\n^bb0(%x: {elements[0]}, %y: {elements[1]}, %acc: {elements[2]}):\n{body}\nlinalg.yield %s : {elements[2]}\n}} -> {types[2]}\n")


def matmul(name: str, m: int, n: int, k: int, *, kind: str = "f32", transposed: str = "", batch: int = 0,
           shared: bool = False, epilogue: str = "", config: dict[str, int] = TILE, dynamic: bool = False) -> Kernel:
    """`transposed`: operands whose matrix is; `batch`: extents before, of the second operand only unless `shared`."""
    a, b = numbers(*([batch] if batch else []), *((k, m) if "a" in transposed else (m, k)), kind=kind), None
    stack = batch and not shared
    b = numbers(*([batch] if stack else []), *((n, k) if "b" in transposed else (k, n)), kind=kind)
    left = (a - 3 * np.ones((), np.int32) if kind == "i8" else a).astype(RESULT[kind])
    right = b.astype(RESULT[kind])
    y = (left.swapaxes(-1, -2) if "a" in transposed else left) @ (right.swapaxes(-1, -2) if "b" in transposed else right)
    head = "b, " if batch else ""
    maps = [head + ("k, m" if "a" in transposed else "m, k"), (head if stack else "") + ("n, k" if "b" in transposed else "k, n"),
            head + "m, n"]
    kernel = Kernel(name, [a, b], [y], "", config=config, dynamic=dynamic)
    types = [kernel.type_of(x) for x in (a, b, y)]
    zero = "0" if kind == "i8" else "0.0"
    last = "%x2"
    if epilogue:
        bias, residual = numbers(n), numbers(*y.shape)
        y = np.maximum(y + bias, 0) + residual
        kernel.inputs += [bias, residual]
        kernel.results = [y, y * 2]
        last = "%x4"
    text = fill(types[2], last, zero) + product(maps, head + "m, n, k", 1, types, "%init", BODIES[kind])
    if epilogue:
        rank = 3 if batch else 2
        loops = ", ".join(f"d{i}" for i in range(rank))
        same = f"affine_map<({loops}) -> ({loops})>"
        t = types[2]
        text += (f"%z:2 = linalg.generic {{indexing_maps = [{same}, affine_map<({loops}) -> (d{rank - 1})>, {same}, {same}, {same}], "
                 f"iterator_types = [{parallel(rank)}]}} ins(%r, %x2, %x3 : {t}, {kernel.type_of(bias)}, {t}) "
                 f"outs(%x4, %x5 : {t}, {t}) {{\n^bb0(%v: f32, %w: f32, %res: f32, %o: f32, %p: f32):\n"
                 "%s = arith.addf %v, %w : f32\n%c = arith.constant 0.0 : f32\n%m = arith.maximumf %s, %c : f32\n"
                 "%t = arith.addf %m, %res : f32\n%u = arith.addf %t, %t : f32\n"
                 f"linalg.yield %t, %u : f32, f32\n}} -> ({t}, {t})\nreturn %z#0, %z#1 : {t}, {t}\n")
    else:
        text += f"return %r : {types[2]}\n"
    kernel.body = text
    return kernel


def conv(name: str, n: int, h: int, w: int, c: int, f: int, window: int, *, stride: int = 1, dilation: int = 1, pad: int = 0,
         groups: int = 0, config: dict[str, int] = TILE, dynamic: bool = False) -> Kernel:
    """NHWC with a filter [kh, kw, c, f]; `groups`: [.., g, c] and [g, kh, kw, c, f]. The pad is inside the kernel."""
    g = [groups] if groups else []
    x, filters, bias = numbers(n, h, w, *g, c), numbers(*g, window, window, c, f), numbers(f)
    padded = np.pad(x, [(0, 0), (pad, pad), (pad, pad)] + [(0, 0)] * (1 + len(g)))
    oh, ow = ((extent + 2 * pad - dilation * (window - 1) - 1) // stride + 1 for extent in (h, w))
    y = np.zeros((n, oh, ow, *g, f), np.float32)
    for i, j in itertools.product(range(window), range(window)):
        part = padded[:, i * dilation:i * dilation + (oh - 1) * stride + 1:stride,
                      j * dilation:j * dilation + (ow - 1) * stride + 1:stride]
        y += np.einsum("nhwgc,gcf->nhwgf", part, filters[:, i, j]) if groups else part @ filters[i, j]
    kernel = Kernel(name, [x, filters, bias], [y + bias], "", kind="convolution", config=config, dynamic=dynamic)
    tx, tf, tb, ty = (kernel.type_of(v) for v in (x, filters, bias, y))
    tp = kernel.type_of(padded)
    group = "g, " if groups else ""
    loops = f"n, oh, ow, {group}f, kh, kw, c"
    maps = [f"n, oh * {stride} + kh * {dilation}, ow * {stride} + kw * {dilation}, {group}c", f"{group}kh, kw, c, f", f"n, oh, ow, {group}f"]
    text, source = fill(ty, "%x3", "0.0"), "%x0"
    if pad:
        zeros, pads = ", ".join(["0"] * (1 + len(g))), f"{pad}, {pad}"
        dims = ", ".join(f"%i{d}: index" for d in range(4 + len(g)))
        text += (f"%padded = tensor.pad %x0 low[0, {pads}, {zeros}] high[0, {pads}, {zeros}] {{\n^bb0({dims}):\n"
                 f"tensor.yield %zero : f32\n}} : {tx} to {tp}\n")
        source = "%padded"
    text += product(maps, loops, 3, [tp, tf, ty], "%init", BODIES["f32"], (source, "%x1"))
    rank = 4 + len(g)
    dims = ", ".join(f"d{i}" for i in range(rank))
    same = f"affine_map<({dims}) -> ({dims})>"
    text += (f"%z = linalg.generic {{indexing_maps = [{same}, affine_map<({dims}) -> (d{rank - 1})>, {same}], "
             f"iterator_types = [{parallel(rank)}]}} ins(%r, %x2 : {ty}, {tb}) outs(%x3 : {ty}) {{\n"
             "^bb0(%v: f32, %w: f32, %o: f32):\n%s = arith.addf %v, %w : f32\nlinalg.yield %s : f32\n"
             f"}} -> {ty}\nreturn %z : {ty}\n")
    kernel.body = text
    return kernel


def check(kernels: list[Kernel], folder, seeds: int = 3) -> dict[str, dict]:
    program = compile_kernels(kernels, folder)
    # A dot product has no tile.
    assert all(program.emitters[k.name] == "contraction" for k in kernels if k.dynamic or k.results[0].size > 1)
    return {k.name: run_kernel(program, k, folder, seeds=seeds) for k in kernels}


def test_tails(tmp_path):
    shapes = [(1, 31, 9), (31, 1, 8), (32, 32, 8), (33, 47, 7), (47, 33, 29), (47, 64, 1)]
    kernels = [matmul(f"{'d' if dynamic else 's'}_{m}_{n}_{k}", m, n, k, dynamic=dynamic) for m, n, k in shapes
               for dynamic in (False, True)]
    for name, counters in check(kernels, tmp_path).items():
        assert counters["total"]["bankConflicts"] == 0, name


@pytest.mark.slow
@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("transposed", ["", "a", "b", "ab"])
def test_all_tails(tmp_path, dynamic, transposed):
    kernels = [matmul(f"k_{m}_{n}_{k}", m, n, k, transposed=transposed, dynamic=dynamic)
               for m, n, k in itertools.product(SIZES, SIZES, DEPTHS)]
    for name, counters in check(kernels, tmp_path).items():
        assert counters["total"]["bankConflicts"] == 0, name


def test_aligned(tmp_path):
    """Whole tiles: no bank conflict, no sector that is not needed, and every barrier is."""
    large = {"tile_m": 128, "tile_n": 128, "tile_k": 8, "thread_m": 8, "thread_n": 8}
    vector = {"tile_m": 1, "tile_n": 64, "tile_k": 16, "thread_m": 1, "thread_n": 1}
    kernels = [matmul(f"m{t or 'n'}", 64, 64, 32, transposed=t) for t in ("", "a", "b", "ab")]
    kernels += [matmul("tile64", 128, 64, 48, config={}), matmul("large", 128, 128, 24, config=large),
                matmul("vector", 1, 128, 64, config=vector), matmul("vector_t", 1, 128, 64, config=vector, transposed="b"),
                matmul("batch", 64, 32, 16, batch=2), matmul("shared", 64, 32, 16, batch=2, shared=True),
                matmul("epilogue", 64, 64, 16, epilogue="bias"), matmul("f64", 64, 64, 16, kind="f64"),
                matmul("f16", 64, 64, 32, kind="f16", config={**TILE, "tile_k": 16}),
                conv("window", 1, 8, 8, 8, 32, 3, pad=1), conv("point", 1, 8, 8, 16, 32, 1)]
    program = compile_kernels(kernels, tmp_path)
    for kernel in kernels:
        total = run_kernel(program, kernel, tmp_path)["total"]
        assert total["bankConflicts"] == 0, kernel.name
        assert total["sectors"] == total["sectorsMinimum"], kernel.name
        found = run_kernel(program, kernel, tmp_path, "--mutate=all")["text"]
        assert re.search(r"k?\w+: (\d+) of \1 mutants detected, 0 redundant", found), found


def test_dim_of_one_innermost(tmp_path):
    """Neighbours of an operand are neighbours in memory whatever dims of one element stand behind them (a convolution over a
    line that is laid out as a picture)."""
    x, w = numbers(64, 32, 1), numbers(32, 48)
    kernel = Kernel("unit", [x, w], [x[..., 0] @ w], "", config=TILE)
    types = [kernel.type_of(a) for a in (x, w, kernel.results[0])]
    kernel.body = (fill(types[2], "%x2", "0.0") + product(["m, k, 0", "k, n", "m, n"], "m, n, k", 1, types, "%init", BODIES["f32"]) +
                   f"return %r : {types[2]}\n")
    total = check([kernel], tmp_path)["unit"]["total"]
    assert total["sectors"] == total["sectorsMinimum"]


def test_element_types(tmp_path):
    check([matmul(f"{kind}{t}", 33, 47, 9, kind=kind, transposed=t) for kind in ("f16", "i8", "f64") for t in ("", "b")], tmp_path)


def test_operands_and_results(tmp_path):
    kernels = [matmul("batch", 33, 31, 9, batch=3), matmul("shared", 33, 31, 9, batch=3, shared=True),
               matmul("batch_open", 33, 31, 9, batch=3, dynamic=True), matmul("epilogue", 33, 31, 9, epilogue="bias"),
               matmul("epilogue_open", 33, 31, 9, epilogue="bias", dynamic=True),
               matmul("epilogue_batch", 33, 32, 9, epilogue="bias", batch=2)]
    check(kernels, tmp_path)


def test_nothing_to_sum(tmp_path):
    check([matmul("closed", 33, 9, 0), matmul("open", 33, 9, 0, dynamic=True)], tmp_path)


def test_convolutions(tmp_path):
    check([conv("same", 1, 8, 8, 8, 16, 3, pad=1), conv("stride", 2, 9, 7, 3, 16, 3, pad=1, stride=2),
           conv("dilation", 1, 9, 9, 4, 5, 3, dilation=2), conv("point_stride", 2, 6, 6, 16, 32, 1, stride=2),
           conv("groups", 1, 7, 7, 4, 8, 3, pad=1, groups=3), conv("wide", 1, 8, 8, 8, 16, 5, pad=2, config={})], tmp_path)


@pytest.mark.slow
def test_all_convolutions(tmp_path):
    kernels = []
    for window, stride, dilation, channels, filters in itertools.product((1, 3, 5), (1, 2), (1, 2), (1, 3, 8, 13), (1, 8, 17)):
        pad = int(rng.integers(0, window))
        extents = [int(n) for n in rng.integers(dilation * (window - 1) + 1 + stride, 16, 2)]
        kernels.append(conv(f"c{len(kernels)}", int(rng.integers(1, 3)), *extents, channels, filters, window, stride=stride,
                            dilation=dilation, pad=pad, groups=int(rng.choice([0, 0, 2]))))
    check(kernels, tmp_path)


@pytest.mark.slow
def test_tile_sizes(tmp_path):
    """Every rectangle of threads, f32 without a bank conflict."""
    kernels = []
    while len(kernels) < 120:
        rows, columns = (2 ** int(n) for n in rng.integers(0, 8, 2))
        part = [min(size, 2 ** int(n)) for size, n in zip((rows, columns), rng.integers(0, 4, 2))]
        config = {"tile_m": rows, "tile_n": columns, "tile_k": 2 ** int(rng.integers(2, 6)), "thread_m": part[0], "thread_n": part[1]}
        threads = (rows // part[0]) * (columns // part[1])
        if 32 <= threads <= 512 and part[0] * part[1] <= 64:
            m, n, k = (int(v) for v in rng.integers(1, 80, 3))
            if rng.integers(2):
                m, n, k = (-(-m // 8) * 8, -(-n // 8) * 8, -(-k // 8) * 8)
            kernels.append(matmul(f"t{len(kernels)}", m, n, k, config=config, transposed=str(rng.choice(["", "a", "b", "ab"]))))
    for name, counters in check(kernels, tmp_path, seeds=1).items():
        assert counters["total"]["bankConflicts"] == 0, name


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["f16", "i8", "f64"])
def test_all_element_types(tmp_path, kind):
    check([matmul(f"k{t}_{m}_{n}_{k}", m, n, k, kind=kind, transposed=t) for m, n, k in itertools.product(SIZES, (1, 32, 47), DEPTHS)
           for t in ("", "b")], tmp_path, seeds=1)
