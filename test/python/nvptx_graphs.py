# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Graphs of one kernel through NVIDIA's emitters, run on the PTX executor."""
from __future__ import annotations

import dataclasses
import json
import pathlib
import re
from typing import Sequence

import numpy as np

from nvptx_kernels import BINARIES, PIPELINE, Launch, evaluate, run_tool, split_results

TO_KERNELS = ("builtin.module(aic-attach-target{backend=nvidia cpu=sm_80},func.func(aic-infer-shapes),convert-aic-to-linalg,"
              "canonicalize,cse,func.func(aic-prepare-loops),aic-form-kernels{outer-rows=true row-recompute-cost=256},canonicalize,aic-select-config)")
ELEMENTS = {"f16": np.float16, "f32": np.float32, "f64": np.float64, "i1": np.bool_, "i8": np.int8, "i16": np.int16,
            "i32": np.int32, "i64": np.int64}


def element_of(x: np.ndarray) -> str:
    return next(name for name, t in ELEMENTS.items() if x.dtype == t)


@dataclasses.dataclass
class Graph:
    """A function of one result whose body uses %x0, %x1, ...; `shapes` are the types' extents (None: dynamic)."""

    inputs: list[np.ndarray]
    expected: np.ndarray
    body: str                      # lines that define %y; {x0}, {y}, ... stand for types
    dynamic: frozenset[tuple[int, int]] = frozenset()  # (input, dim); the result is number -1
    tolerance: str = "0"

    def type_of(self, number: int) -> str:
        x = self.expected if number < 0 else self.inputs[number]
        extents = ["?" if (number, d) in self.dynamic else str(n) for d, n in enumerate(x.shape)]
        return f"tensor<{'x'.join(extents + [element_of(x)])}>"

    def function(self, name: str) -> str:
        types = {f"x{i}": self.type_of(i) for i in range(len(self.inputs))}
        arguments = ", ".join(f"%{key}: {t}" for key, t in types.items())
        y = self.type_of(-1)
        return f"func.func @{name}({arguments}) -> {y} {{\n{self.body.format(y=y, **types)}\nreturn %y : {y}\n}}\n"


@dataclasses.dataclass
class CompiledGraph:
    graph: Graph
    ptx: pathlib.Path
    emitter: str
    launches: list[Launch]
    arguments: list[int]  # numbers of inputs; negative: a destination, -1 - (number of the result)
    types: list[str]
    result: int           # which destination is the graph's result


def compile_graphs(graphs: Sequence[Graph], folder: pathlib.Path, arch: str = "sm_80", kind: str = "") -> list[CompiledGraph]:
    """All graphs in one PTX text."""
    (folder / "graphs.mlir").write_text("".join(g.function(f"g{i}") for i, g in enumerate(graphs)))
    done = run_tool(BINARIES / "aic-opt", "--mlir-print-local-scope", f"--pass-pipeline={TO_KERNELS}", folder / "graphs.mlir")
    assert done.returncode == 0, done.stderr[-4000:]
    kernels = re.sub(r"lowering_config<\w+", f"lowering_config<{kind}", done.stdout) if kind else done.stdout
    (folder / "kernels.mlir").write_text(kernels)
    ptx = folder / "kernels.ptx"
    pipeline = PIPELINE.format(arch=arch, emit="aic-isolate-kernels,aic-gpu-emit-kernels", ptx=ptx).replace("\n", "")
    done = run_tool(BINARIES / "aic-opt", "--mlir-print-local-scope", f"--pass-pipeline={pipeline}", folder / "kernels.mlir")
    assert done.returncode == 0, done.stderr[-4000:]
    declarations = {m[1]: m[0] for m in re.finditer(r"func\.func private @(\w+)\(.*nvidia\.launches.*", done.stdout)}
    compiled = []
    for i, graph in enumerate(graphs):
        body = re.search(rf"func\.func @g{i}\(.*?\n  }}", done.stdout, re.S)[0]
        calls = re.findall(r"%(\w+)(?::\d+)? = call @(\w+)\((.*?)\) :", body)
        assert len(calls) == 1, body
        value, kernel, operands = calls[0]
        arguments, results = [], 0
        for operand in operands.split(", "):
            argument = re.fullmatch(r"%arg(\d+)", operand)
            arguments.append(int(argument[1]) if argument else -1 - results)
            results += not argument
        returned = re.search(rf"return %{value}(?:#(\d+))? :", body)
        assert returned, body
        line = declarations[kernel]
        types = re.findall(r"tensor<[^>]*>", line.split(") ->")[0])
        launches = [Launch(function, split_results(grid), [int(n) for n in block.split(",")]) for block, function, grid in re.findall(
            r"\{block = array<i64: ([\d, ]+)>, function = \"(\w+)\", grid = affine_map<\(\).*?-> \((.*?)\)>\}", line)]
        assert launches, line
        compiled.append(CompiledGraph(graph, ptx, re.search(r'nvidia\.emitter = "(\w+)"', line)[1], launches, arguments, types,
                                      int(returned[1] or 0)))
    return compiled


def run_graph(compiled: CompiledGraph, folder: pathlib.Path, *options: str) -> dict:
    """Runs the kernel with every check and compares the result; returns the counters of its last launch (with `options`:
    the output)."""
    graph, tensors, dims, outputs, expected = compiled.graph, [], [], {}, []
    for number, (argument, kind) in enumerate(zip(compiled.arguments, compiled.types, strict=True)):
        extents = re.match(r"tensor<(.*?)>", kind)[1].split("x")
        element = extents.pop()
        # Further results (the extreme value of argmax) have the shape of the one that is returned.
        array = graph.inputs[argument] if argument >= 0 else graph.expected
        dims += [n for n, extent in zip(array.shape, extents, strict=True) if extent == "?"]
        path = folder / f"{compiled.launches[0].function}_{number}.npy"
        shape = "x".join(map(str, array.shape)) or "1"
        values = array.view(np.int8) if element == "i1" else array
        if not array.size:  # nothing of it is read
            shape, values = "1", np.zeros(1, values.dtype)
        name = f"a{number}:{'i8' if element == 'i1' else element}[{shape}]"
        if argument >= 0:
            np.save(path, values)
            tensors.append(f"--arg={name}:@{path}")
        else:
            outputs[number] = f"--output=a{number}:{path}.out.npy"
            tensors.append(f"--arg={name}:out")
        if argument == -1 - compiled.result:
            np.save(path, values)
            expected.append(f"--expect=a{number}:{path}")
    scalars = [f"--arg=n{i}:i64:{n}" for i, n in enumerate(dims)]
    counters = folder / "counters.json"
    for launch in compiled.launches:
        last = launch is compiled.launches[-1]
        grid = ",".join(str(evaluate(e, dims)) for e in launch.grid)
        done = run_tool(BINARIES / "aic-ptx-run", compiled.ptx, f"--kernel={launch.function}", f"--grid={grid}",
                        f"--block={','.join(map(str, launch.block))}", *tensors, *scalars, "--check=all", *(expected if last else outputs.values()),
                        f"--tolerance={graph.tolerance}", *(options or ("--seeds=3", f"--counters={counters}")))
        assert done.returncode == 0, f"{launch.function}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        for number, output in () if last else outputs.items():  # what a launch wrote is what the next one finds
            tensors[number] = f"{tensors[number].removesuffix(':out')}:@{output.split(':', 1)[1]}"
    return {"text": done.stdout + done.stderr} if options else json.loads(counters.read_text())["total"]
