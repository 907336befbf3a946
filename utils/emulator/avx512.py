#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs code for AVX-512 on a machine without it: in a Debian that Bochs emulates with such a CPU.

The node tests that pass on this machine (test/python/backend/passing.txt) and models of the benchmarks are compiled for
another CPU, called there through their C interface, and their outputs compared here with those expected.
utils/avx512.sh installs what it needs.
"""
from __future__ import annotations

import argparse
import multiprocessing
import pathlib
import shutil
import sys
import time
from typing import Any

import numpy as np

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / d) for d in ("test/python/backend", "benchmarks")]
import machine
import models as M
import runner

#: CPUs to compile for, and what Bochs calls one that has their instructions.
CPUS = {"skylake-avx512": "corei7_skylake_x", "icelake-client": "corei7_icelake_u", "tigerlake": "tigerlake",
        "haswell": "corei7_haswell_4770"}
DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32",
          "float64")
#: Small enough for some 40 million instructions a second.
MODELS = "ppocr_cls,ppocr4_rec,magika,minilm,resnet18,mobilenetv2,dlrm,bert_gemm,llama_prefill"


def write_job(folder: pathlib.Path, model: bytes | str, cpu: str, inputs: list[np.ndarray], outputs: list[Any]) -> str:
    """A folder for guest.c; what is wrong, or ""."""
    import aic

    folder.mkdir()
    try:
        aic.compile_to(model, folder / "model.so", cpu=cpu)
    except aic.Error as error:
        return str(error)
    lines = []
    for i, array in enumerate(inputs):
        array.tofile(folder / f"in{i}.bin")
        lines.append(f"i {DTYPES.index(array.dtype.name)} {array.ndim} {' '.join(map(str, array.shape))}")
    lines += [f"o {DTYPES.index(o.dtype.name)} {o.ndim}" for o in outputs]
    (folder / "call").write_text("\n".join(lines) + "\n")
    return ""


def read_outputs(folder: pathlib.Path, expected: list[np.ndarray]) -> list[np.ndarray]:
    results = []
    for i, want in enumerate(expected):
        data = (folder / f"out{i}.bin").read_bytes()
        dims = np.frombuffer(data, np.int64, want.ndim)
        results.append(np.frombuffer(data, want.dtype, offset=8 * want.ndim).reshape(dims))
    return results


def node_job(task: tuple[Any, pathlib.Path, str]) -> str:
    test, folder, cpu = task
    from aic.model import to_contiguous

    inputs, outputs = test.data_sets[0]
    arrays = [runner.array_of(v) for v in inputs]
    return write_job(folder, test.model.SerializeToString(), cpu, [to_contiguous(a, np.asarray(a).dtype) for a in arrays],
                     [runner.array_of(o) for o in outputs])


def model_job(case: M.Case, folder: pathlib.Path, cpu: str) -> tuple[str, list[list[np.ndarray]]]:
    """Also the outputs of ONNX Runtime for the job's input and for another one."""
    import onnxruntime

    from aic import _aic

    session = onnxruntime.InferenceSession(str(case.path), providers=["CPUExecutionProvider"])
    want = [session.run(None, case.make(seed)) for seed in (1, 2)]
    feed, names = case.make(1), [name for name, _, _ in _aic.onnx_metadata(str(case.path))["inputs"]]
    return write_job(folder, str(case.path), cpu, [np.ascontiguousarray(feed[n]) for n in names], want[0]), want


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu", choices=list(CPUS), default="skylake-avx512")
    parser.add_argument("--match", default="", help="a regular expression on names of node tests; '^$' for none")
    parser.add_argument("--models", default=MODELS, help="names of benchmarks/models.py, '' for none (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=7200, help="seconds for the emulated machine (default: %(default)s)")
    arguments = parser.parse_args()
    data, out = machine.BUILD / "data", machine.BUILD / "out"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    known, start = runner.listed(), time.monotonic()
    tests = {t.name: t for t in runner.node_tests(arguments.match) if t.name in known}
    # Only tensors cross the border.
    tests = {n: t for n, t in tests.items() if all(isinstance(runner.array_of(v), np.ndarray | np.generic)
             and np.asarray(runner.array_of(v)).dtype.name in DTYPES for v in sum(map(list, t.data_sets[0]), []))}
    failures: dict[str, str] = {}
    print(f"compiling {len(tests)} node tests for {arguments.cpu}", flush=True)
    with multiprocessing.Pool(2) as pool:
        problems = pool.map(node_job, [(t, data / n, arguments.cpu) for n, t in tests.items()], chunksize=8)
    failures |= {name: problem for name, problem in zip(tests, problems) if problem}
    cases: dict[str, tuple[M.Case, list[list[np.ndarray]]]] = {}
    for case in M.select(arguments.models, M.CASES) if arguments.models else []:
        print(f"compiling {case.name}", flush=True)
        problem, want = model_job(case, data / case.name, arguments.cpu)
        cases[case.name] = (case, want)
        if problem:
            failures[case.name] = problem
    jobs = [n for n in [*tests, *cases] if n not in failures]
    (data / "jobs").write_text("".join(f"{n}\n" for n in jobs))
    print(f"[{time.monotonic() - start:5.0f} s] booting {CPUS[arguments.cpu]}; a minute and a half until the first job", flush=True)
    arrays = [runner.array_of(o) for t in tests.values() for o in t.data_sets[0][1]] + [o for _, w in cases.values() for o in w[0]]
    results = machine.emulate(data, out, CPUS[arguments.cpu], sum(np.asarray(a).nbytes + 2048 for a in arrays), arguments.timeout)
    for name in jobs:
        if results.get(name) != "ok":
            failures[name] = results.get(name, "did not run")
        elif name in tests:
            want = [runner.array_of(o) for o in tests[name].data_sets[0][1]]
            try:
                for got, expected in zip(read_outputs(out / name, want), want):
                    runner.compare(got, expected, tests[name].rtol, tests[name].atol)
            except AssertionError as error:
                failures[name] = " ".join(str(error).split())[:300]
        else:
            (want, other), total = cases[name][1], M.Error()
            for got, expected, moved in zip(read_outputs(out / name, want), want, other):
                total.add(got, expected, moved)
            print(f"{name:16} error {total.of_magnitude:.1e} of the magnitude, {total.of_movement:.1e} of the movement")
            if not total.ok:
                failures[name] = "the error is too large"
    for name, problem in failures.items():
        print(f"FAILED {name}: {problem}")
    print(f"{arguments.cpu} on {CPUS[arguments.cpu]}: {len(tests) + len(cases) - len(failures)} passed, {len(failures)} failed, "
          f"{time.monotonic() - start:.0f} s")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
