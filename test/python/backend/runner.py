#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the node tests of the package onnx on code that AIC compiled.

Every test is a process of its own, forked after the packages are loaded: it compiles the model into a library, loads that
and calls it on the test's inputs. What it ends in is one of
  pass        the outputs are those expected
  diagnostic  a message of the compiler or of the run time
  close       outputs that miss the tolerance by rounding only: halves by one more unit in the last place, others by less
              than 1e-7 of the largest magnitude (what should be 0 is compared with another machine's noise); does not count
  wrong       other outputs
  error       an exception that is no diagnostic
  crash       a signal
  timeout     no end within the limit

usage: runner.py [--target NAME] [--jobs N] [--match TEXT] [--json FILE] [--update] [--verbose]
  --target nvidia compiles to PTX, which runs on the executor with all checks, once for each of three seeds.
  --update writes passing.txt, the list of those that pass on x86, which the pytest target compares with.
"""
from __future__ import annotations

import argparse
import itertools
import json
import os
import pathlib
import re
import resource
import select
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Callable, Iterator

import numpy as np

PASSING = pathlib.Path(__file__).with_name("passing.txt")
# How a target compiles, and the seeds of the executor that a test runs with.
OPTIONS: dict[str, dict[str, Any]] = {"x86": {}, "nvidia": {"target": "nvidia", "arch": "sm_80"}}
SEEDS = {"x86": [0], "nvidia": [1, 2, 3]}
TIMEOUT = 60.0
MEMORY = 6 << 30


@dataclass
class Outcome:
    name: str
    result: str
    message: str = ""
    seconds: float = 0.0


def node_tests(match: str = "") -> list[Any]:
    """The tests but for those whose operator is written out as its function."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        tests = collect_testcases(None)
    return [t for t in tests if "_expanded" not in t.name and re.search(match, t.name)]


def listed() -> set[str]:
    return set(PASSING.read_text().split()) if PASSING.exists() else set()


def array_of(value: Any) -> Any:
    """The tests give some tensors as messages."""
    import onnx

    return onnx.numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def compare(got: Any, want: Any, rtol: float, atol: float) -> None:
    """As the package's own runner compares."""
    if not isinstance(want, np.ndarray | np.generic):
        raise AssertionError(f"expected {type(want).__name__}, got {type(got).__name__}")
    np.testing.assert_array_equal(got.shape, want.shape, err_msg="shape")
    assert got.dtype == want.dtype, f"expected {want.dtype}, got {got.dtype}"
    if got.dtype.name == "bfloat16":
        rtol, got, want = max(rtol, 2**-6), got.astype(np.float32), want.astype(np.float32)
    np.testing.assert_allclose(got, want, rtol=rtol, atol=atol)


def nearly(got: np.ndarray, want: Any) -> bool:
    """Halves that differ by two units in the last place at most, others by the rounding of the largest element."""
    if not isinstance(want, np.ndarray) or got.dtype != want.dtype or got.shape != want.shape or want.dtype.kind != "f":
        return isinstance(want, np.ndarray) and np.array_equal(got, want)
    if want.dtype == np.float16:
        return np.allclose(got, want, rtol=2**-9, atol=2**-24, equal_nan=True)
    largest = np.abs(want[np.isfinite(want)]).max(initial=0)
    return np.allclose(got, want, rtol=1e-3, atol=1e-7 * float(largest), equal_nan=True)


def attempt(test: Any, target: str = "x86") -> tuple[str, str]:
    """Runs one test in this process."""
    import aic
    from aic.model import to_contiguous

    with tempfile.TemporaryDirectory(prefix="aic-node-") as folder:
        library = os.path.join(folder, "model.so")
        try:
            aic.compile_to(test.model.SerializeToString(), library, **OPTIONS[target])
            model = aic.load(library)
            for seed, (inputs, outputs) in itertools.product(SEEDS[target], test.data_sets):
                os.environ["AIC_FAKECUDA_SEED"] = str(seed)
                arrays = [to_contiguous(v, i.numpy_dtype) for v, i in zip(map(array_of, inputs), model.inputs, strict=True)]
                results = model.run(arrays)
                try:
                    assert len(results) == len(outputs), f"expected {len(outputs)} outputs, got {len(results)}"
                    for got, want in zip(results, map(array_of, outputs)):
                        compare(got, want, test.rtol, test.atol)
                except AssertionError as e:
                    close = all(nearly(got, want) for got, want in zip(results, map(array_of, outputs)))
                    return "close" if close else "wrong", " ".join(str(e).split())[:400]
        except aic.Error as e:
            return "diagnostic", str(e)[:400]
    return "pass", ""


def child(test: Any, target: str, pipe: int) -> None:
    """The body of a forked process: it never returns."""
    code = 0
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        result, message = attempt(test, target)
    except BaseException as e:  # noqa: BLE001 - whatever it is, the parent hears of it
        result, message = "error", f"{type(e).__name__}: {e}"[:400]
    try:
        os.write(pipe, json.dumps([result, message]).encode())
    except BaseException:  # noqa: BLE001
        code = 1
    os._exit(code)


def run(tests: list[Any], jobs: int = 2, timeout: float = TIMEOUT,
        progress: Callable[[Outcome], None] = lambda _: None, target: str = "x86") -> list[Outcome]:
    """Runs tests in forked processes, `jobs` at a time."""
    import aic  # noqa: F401 - loaded once, before the forks

    outcomes: list[Outcome] = []
    running: dict[int, tuple[Any, int, float]] = {}  # pipe -> test, pid, start
    queue: Iterator[Any] = iter(tests)

    def finish(pipe: int, killed: bool) -> None:
        test, pid, start = running.pop(pipe)
        if killed:
            os.kill(pid, signal.SIGKILL)
        data = b""
        while block := os.read(pipe, 65536):
            data += block
        os.close(pipe)
        _, status = os.waitpid(pid, 0)
        seconds = round(time.monotonic() - start, 3)
        if killed:
            outcome = Outcome(test.name, "timeout", f"no end within {timeout:.0f} s", seconds)
        elif data:
            outcome = Outcome(test.name, *json.loads(data), seconds)
        else:
            what = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"exit {status >> 8}"
            outcome = Outcome(test.name, "crash", what, seconds)
        outcomes.append(outcome)
        progress(outcome)

    more = True
    while more or running:
        while more and len(running) < jobs:
            test = next(queue, None)
            if test is None:
                more = False
                break
            reader, writer = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(reader)
                child(test, target, writer)
            os.close(writer)
            running[reader] = (test, pid, time.monotonic())
        ready, _, _ = select.select(list(running), [], [], 1.0)
        for pipe in ready:
            finish(pipe, killed=False)
        for pipe in [p for p, (_, _, start) in running.items() if time.monotonic() - start > timeout]:
            finish(pipe, killed=True)
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=list(OPTIONS), default="x86")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--match", default="", help="a regular expression on names")
    parser.add_argument("--json", help="write all outcomes")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="print every outcome, not only the bad ones")
    arguments = parser.parse_args()
    tests = node_tests(arguments.match)
    known = listed()

    def progress(o: Outcome) -> None:
        if arguments.verbose or o.result not in ("pass", "diagnostic", "close") or (o.result != "pass" and o.name in known):
            print(f"{o.result:10} {o.name}: {o.message}", flush=True)

    start = time.monotonic()
    outcomes = run(tests, arguments.jobs, progress=progress, target=arguments.target)
    counts = Counter(o.result for o in outcomes)
    print(f"{len(outcomes)} tests in {time.monotonic() - start:.0f} s: " +
          ", ".join(f"{n} {what}" for what, n in counts.most_common()))
    reasons = Counter(o.message.split("error: ")[-1].split("\n")[0][:100] for o in outcomes if o.result == "diagnostic")
    for reason, n in reasons.most_common(15):
        print(f"{n:6} {reason}")
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps([asdict(o) for o in outcomes], indent=1))
    if arguments.update:
        if arguments.match or arguments.target != "x86":
            sys.exit("error: --update needs all the tests on x86, drop --match and --target")
        PASSING.write_text("".join(f"{o.name}\n" for o in sorted(outcomes, key=lambda o: o.name) if o.result == "pass"))


if __name__ == "__main__":
    main()
