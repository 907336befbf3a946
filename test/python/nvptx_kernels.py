# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels of the kernels level through NVIDIA's emitters, run on the PTX executor."""
from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import subprocess
from typing import Sequence

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARIES = pathlib.Path(os.environ.get("AIC_BINARY_DIR", ROOT / "build")) / "bin"

PIPELINE = ("builtin.module(aic-attach-target{{backend=nvidia cpu={arch}}},{emit},builtin.module(aic-kernel-to-nvvm),"
            "aic-gpu-emit-ptx{{file={ptx}}})")

NUMPY = {"f32": np.float32, "f64": np.float64, "f16": np.float16, "i8": np.int8, "i32": np.int32}


@dataclasses.dataclass
class Kernel:
    """One kernel function: `body` uses %x0, %x1, ... for `inputs` and the result, and ends with a return."""

    name: str
    inputs: list[np.ndarray]
    results: list[np.ndarray]  # what they should be
    body: str
    kind: str = "contraction"
    config: dict[str, int] = dataclasses.field(default_factory=dict)
    dynamic: bool = False  # all extents are
    tolerance: float = 0.0

    def type_of(self, x: np.ndarray) -> str:
        element = next(name for name, t in NUMPY.items() if x.dtype == t)
        return "tensor<" + "".join(("?" if self.dynamic else str(n)) + "x" for n in x.shape) + element + ">"

    def mlir(self) -> tuple[str, str]:
        """The declaration and the module with the definition."""
        types = [self.type_of(x) for x in self.inputs + self.results]
        results = ", ".join(types[len(self.inputs):])
        arguments = ", ".join(f"%x{i}: {t}" for i, t in enumerate(types))
        entries = ", ".join(f"{key} = {value} : i64" for key, value in self.config.items())
        config = f"aic.lowering_config = #aic.lowering_config<{self.kind}, {{{entries}}}>"
        declaration = f"func.func private @{self.name}({', '.join(types)}) -> ({results}) attributes {{aic.kernel}}\n"
        definition = (f"module {{\nfunc.func private @{self.name}({arguments}) -> ({results}) attributes {{aic.kernel, "
                      f"{config}}} {{\n{self.body}}}\n}}\n")
        return declaration, definition


@dataclasses.dataclass
class Launch:
    function: str
    grid: list[str]  # expressions of s0, s1, ...
    block: list[int]


@dataclasses.dataclass
class Program:
    ptx: pathlib.Path
    launches: dict[str, list[Launch]]  # by kernel
    emitters: dict[str, str]


def run_tool(*command: object, input: str | None = None) -> subprocess.CompletedProcess:
    return subprocess.run([str(c) for c in command], input=input, capture_output=True, text=True, timeout=1200)


def compile_kernels(kernels: Sequence[Kernel], folder: pathlib.Path, arch: str = "sm_80",
                    emit: str = "aic-gpu-emit-kernels") -> Program:
    parts = [k.mlir() for k in kernels]
    text = "module {\n" + "".join(p[0] for p in parts) + "".join(p[1] for p in parts) + "}\n"
    (folder / "kernels.mlir").write_text(text)
    ptx = folder / "kernels.ptx"
    pipeline = PIPELINE.format(arch=arch, emit=emit, ptx=ptx)
    done = run_tool(BINARIES / "aic-opt", "--mlir-print-local-scope", f"--pass-pipeline={pipeline}",
                    folder / "kernels.mlir")
    assert done.returncode == 0, done.stderr[-4000:]
    program = Program(ptx, {}, {})
    for line in done.stdout.splitlines():
        name = re.search(r"func\.func private @(\w+)\(.*nvidia\.launches", line)
        if not name:
            continue
        launches = []
        for block, function, grid in re.findall(
                r"\{block = array<i64: ([\d, ]+)>, function = \"(\w+)\", grid = affine_map<\(\).*?-> \((.*?)\)>\}", line):
            launches.append(Launch(function, split_results(grid), [int(n) for n in block.split(",")]))
        program.launches[name[1]] = launches
        program.emitters[name[1]] = re.search(r'nvidia\.emitter = "(\w+)"', line)[1]
    assert set(program.launches) == {k.name for k in kernels}
    return program


def split_results(text: str) -> list[str]:
    depth, parts = 0, [""]
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return [p.strip() for p in parts]


class Affine:
    """An integer with MLIR's division: `a ceildiv b` is written `a @ b`."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __add__(self, other: Affine) -> Affine:
        return Affine(self.value + other.value)

    def __sub__(self, other: Affine) -> Affine:
        return Affine(self.value - other.value)

    def __mul__(self, other: Affine) -> Affine:
        return Affine(self.value * other.value)

    def __floordiv__(self, other: Affine) -> Affine:
        return Affine(self.value // other.value)

    def __matmul__(self, other: Affine) -> Affine:
        return Affine(-(-self.value // other.value))

    def __mod__(self, other: Affine) -> Affine:
        return Affine(self.value % other.value)

    def __neg__(self) -> Affine:
        return Affine(-self.value)


def evaluate(expression: str, symbols: Sequence[int]) -> int:
    """An affine expression as MLIR prints it."""
    expression = expression.replace("ceildiv", "@").replace("floordiv", "//").replace("mod", "%")
    expression = re.sub(r"(?<![\ws])(\d+)", r"Affine(\1)", expression)
    names = {f"s{i}": Affine(n) for i, n in enumerate(symbols)}
    return eval(expression, {"__builtins__": {}, "Affine": Affine}, names).value


def run_kernel(program: Program, kernel: Kernel, folder: pathlib.Path, *options: str, seeds: int = 3) -> dict:
    """Runs all launches with every check, compares the results and returns the sum of the counters."""
    arguments, outputs = [], []
    dims = [n for x in kernel.inputs + kernel.results for n in x.shape] if kernel.dynamic else []
    launches = program.launches[kernel.name]
    assert len(launches) == 1, "tests of one launch"
    for i, x in enumerate(kernel.inputs):
        path = folder / f"{kernel.name}_{i}.npy"
        np.save(path, x if x.size else np.zeros(1, x.dtype))
        element = next(name for name, t in NUMPY.items() if x.dtype == t)
        shape = "x".join(map(str, x.shape)) if x.size and x.ndim else "1"
        arguments.append(f"--arg=x{i}:{element}[{shape}]:@{path}")
    for i, x in enumerate(kernel.results):
        element = next(name for name, t in NUMPY.items() if x.dtype == t)
        arguments.append(f"--arg=y{i}:{element}[{'x'.join(map(str, x.shape)) or '1'}]:out")
        path = folder / f"{kernel.name}_expected{i}.npy"
        np.save(path, x)
        outputs.append(f"--expect=y{i}:{path}")
    arguments += [f"--arg=n{i}:i64:{n}" for i, n in enumerate(dims)]
    grid = ",".join(str(evaluate(e, dims)) for e in launches[0].grid)
    block = ",".join(map(str, launches[0].block))
    counters = folder / f"{kernel.name}.json"
    done = run_tool(BINARIES / "aic-ptx-run", program.ptx, f"--kernel={launches[0].function}", f"--grid={grid}",
                    f"--block={block}", *arguments, *outputs, "--check=all", f"--tolerance={kernel.tolerance}",
                    *(options or (f"--seeds={seeds}", f"--counters={counters}")))
    assert done.returncode == 0, f"{kernel.name}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return json.loads(counters.read_text()) if not options else {"text": done.stdout + done.stderr}
