# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Device functions of the tiles level, one thread for each element, compiled and run on the PTX executor."""
from __future__ import annotations

import dataclasses
import pathlib

import numpy as np

from nvptx_kernels import BINARIES, run_tool

CHIPS = ["sm_80", "sm_86", "sm_89", "sm_90a", "sm_120"]
PIPELINE = ("builtin.module(aic-attach-target{{backend=nvidia cpu={chip}}},builtin.module(aic-kernel-to-nvvm),"
            "aic-gpu-emit-ptx{{file={file}}})")
NUMPY = {"f16": np.float16, "bf16": np.uint16, "f32": np.float32, "f64": np.float64, "i8": np.int8, "i16": np.int16,
         "i32": np.int32, "i64": np.int64}


@dataclasses.dataclass
class Elementwise:
    """`body` computes %r0, %r1, ... of the types `results` from %v0, %v1, ... of the types `operands`."""

    name: str
    operands: list[str]
    results: list[str]
    body: str

    def mlir(self) -> str:
        pointers = [f"%x{i}: memref<?x{t}>" for i, t in enumerate(self.operands)]
        pointers += [f"%y{i}: memref<?x{t}>" for i, t in enumerate(self.results)]
        loads = "".join(f"%v{i} = memref.load %x{i}[%i] : memref<?x{t}>\n" for i, t in enumerate(self.operands))
        stores = "".join(f"memref.store %r{i}, %y{i}[%i] : memref<?x{t}>\n" for i, t in enumerate(self.results))
        return (f"module {{ func.func private @{self.name}({', '.join(pointers)}, %n: index) "
                "attributes {nvidia.block = array<i64: 128, 1, 1>} {\n"
                "%t = gpu.thread_id x\n%b = gpu.block_id x\n%d = gpu.block_dim x\n%o = arith.muli %b, %d : index\n"
                "%i = arith.addi %o, %t : index\n%in = arith.cmpi ult, %i, %n : index\n"
                f"scf.if %in {{\n{loads}{self.body}\n{stores}}}\nreturn }} }}\n")

    def run(self, ptx: pathlib.Path, arrays: list[np.ndarray], *options: str) -> list[np.ndarray]:
        """Buffers of bf16 travel as their bits."""
        count = arrays[0].size
        command = [BINARIES / "aic-ptx-run", ptx, f"--kernel={self.name}", f"--grid={-(-count // 128)}", "--block=128",
                   "--quiet", *options]
        executor = lambda t: "i16" if t == "bf16" else t
        for i, (t, array) in enumerate(zip(self.operands, arrays, strict=True)):
            file = ptx.parent / f"{self.name}.x{i}.npy"
            np.save(file, array.astype(NUMPY[t]).view(np.int16 if t == "bf16" else NUMPY[t]))
            command.append(f"--arg=x{i}:{executor(t)}[{count}]:@{file}")
        files = [ptx.parent / f"{self.name}.y{i}.npy" for i in range(len(self.results))]
        command += [f"--arg=y{i}:{executor(t)}[{count}]:out" for i, t in enumerate(self.results)]
        command += [f"--arg=n:i64:{count}"] + [f"--output=y{i}:{file}" for i, file in enumerate(files)]
        done = run_tool(*command)
        assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
        return [np.load(file).view(NUMPY[t]) for file, t in zip(files, self.results)]


def compile_text(modules: str, folder: pathlib.Path, chip: str = "sm_80", pipeline: str = PIPELINE) -> pathlib.Path:
    ptx = folder / f"{chip}.ptx"
    done = run_tool(BINARIES / "aic-opt", f"--pass-pipeline={pipeline.format(chip=chip, file=ptx)}", "-",
                    "-o", folder / "compiled.mlir", input="module {\n" + modules + "}\n")
    assert done.returncode == 0, done.stderr[-2000:]
    return ptx
