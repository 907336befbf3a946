#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""AIC beside ONNX Runtime: speed, accuracy, and what compiling costs.

    benchmarks/run.py                       all of it, tables on stdout, everything in build/benchmarks/results.json
    benchmarks/run.py --models resnet50,magika --repeat 20 --threads 1 --only speed

Speed: dims fixed to the shapes of the table, both engines in one process, taking turns; best and median of the rounds.
The last rows are the text models with dynamic dims, against their own fixed time.
"""
from __future__ import annotations

import argparse
import json
import math
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from typing import Any, Callable

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import models as M  # noqa: E402


def reference(path: pathlib.Path, threads: int) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def alternate(calls: list[Callable[[], Any]], repeat: int, slice_seconds: float = 0.02) -> list[list[float]]:
    """Milliseconds of each call in each of `repeat` rounds; a round of a fast call is the mean of several."""
    inner = []
    for call in calls:
        for _ in range(2):
            call()
        start = time.perf_counter()
        call()
        inner.append(max(1, min(200, math.ceil(slice_seconds / max(time.perf_counter() - start, 1e-6)))))
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(repeat):
        for k, call in enumerate(calls):
            start = time.perf_counter()
            for _ in range(inner[k]):
                call()
            times[k].append((time.perf_counter() - start) * 1e3 / inner[k])
    return times


def speed(cases: list[M.Case], repeat: int, threads: int) -> list[dict[str, Any]]:
    import aic

    rows: list[dict[str, Any]] = []
    for case in cases:
        print(f"  {case.name} ...", end="", flush=True)
        row: dict[str, Any] = {"model": case.name}
        try:
            model = aic.compile(case.path, dims=M.fixed_dims(case), threads=threads)
            session, feed = reference(case.path, threads), case.make(1)
            arrays = [feed[i.name] for i in model.inputs]
            calls = [lambda: model.run(arrays), lambda: session.run(None, feed)]
            if case.dynamic:
                fixed = aic.compile(case.path, dims=M.fixed_dims(replace(case, dynamic=False)), threads=threads)
                calls.append(lambda: fixed.run(arrays))
            ours, theirs, *static = alternate(calls, repeat)
            row |= {"aic_best": min(ours), "aic_median": statistics.median(ours), "ort_best": min(theirs),
                    "ort_median": statistics.median(theirs), "aic_all": ours, "ort_all": theirs}
            if static:
                row["of_fixed"] = row["aic_best"] / min(static[0])
            row |= {"ratio_best": row["aic_best"] / row["ort_best"], "ratio_median": row["aic_median"] / row["ort_median"]}
            print(f" {row['ratio_best']:.2f}x", flush=True)
        except aic.Error as e:
            row["error"] = str(e).split("\n")[0]
            print(f" {row['error']}", flush=True)
        rows.append(row)
    return rows


def accuracy(cases: list[M.Case]) -> list[dict[str, Any]]:
    import aic

    rows, done = [], set()
    for case in cases:
        if case.dynamic or case.file in done:
            continue
        done.add(case.file)
        print(f"  {case.name} ...", flush=True)
        try:
            model = aic.compile(case.path)
            session = reference(case.path, 1)

            def ours(feed: M.Feed) -> list[Any]:
                return model.run([feed[i.name] for i in model.inputs])

            def theirs(feed: M.Feed) -> list[Any]:
                return session.run(None, feed)

            found = M.llama_errors(ours, theirs) if case.file == "llama" else M.errors_of(case, ours, theirs)
            for shape, error in found:
                rows.append({"model": case.file, "shape": shape, "error": error.absolute, "of_magnitude": error.of_magnitude,
                             "of_movement": error.of_movement, "ok": error.ok})
        except aic.Error as e:
            rows.append({"model": case.file, "shape": "", "failed": str(e).split("\n")[0], "ok": False})
    return rows


def cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def compile_cost(cases: list[M.Case], compiler: pathlib.Path) -> list[dict[str, Any]]:
    """Wall time and the peak of anonymous memory (RssAnon, sampled) of aic-compile."""
    rows = []
    for case in cases:
        print(f"  {case.name} ...", flush=True)
        with tempfile.TemporaryDirectory(prefix="aic-bench-") as folder:
            command = [str(compiler), str(case.path), "-o", f"{folder}/model.so"]
            if dims := M.fixed_dims(case):
                command.append(f"--dim={dims}")
            start, peak, used = time.perf_counter(), 0, cpu_of_children()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            stop = threading.Event()

            def sample() -> None:
                nonlocal peak
                while not stop.wait(0.005):
                    try:
                        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
                    except OSError:
                        return
                    for line in status.splitlines():
                        if line.startswith("RssAnon:"):
                            peak = max(peak, int(line.split()[1]))

            watcher = threading.Thread(target=sample)
            watcher.start()
            errors = process.communicate()[1]
            seconds = time.perf_counter() - start
            stop.set()
            watcher.join()
            row = {"model": case.name, "seconds": seconds, "cpu_seconds": cpu_of_children() - used, "rss_anon_mb": peak / 1024,
                   "weights_mb": case.path.stat().st_size / 1e6}
            if process.returncode:
                row["error"] = errors.strip().split("\n")[0]
            else:
                row["library_mb"] = pathlib.Path(f"{folder}/model.so").stat().st_size / 1e6
            rows.append(row)
    return rows


def geometric(values: list[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, values))) if values else float("nan")


def table(title: str, head: list[str], rows: list[list[str]]) -> str:
    lines = [f"\n### {title}\n", "| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(r) + " |" for r in rows])


def report(results: dict[str, Any]) -> str:
    text = []
    if rows := results.get("speed"):
        body = []
        for r in rows:
            if "error" in r:
                body.append([r["model"], "-", "-", "-", "-", "-", r["error"].replace("|", "/")[:80]])
                continue
            note = f"{r['of_fixed']:.2f}x of fixed dims" if "of_fixed" in r else ""
            body.append([r["model"], f"{r['aic_best']:.2f}", f"{r['ort_best']:.2f}", f"**{r['ratio_best']:.2f}**",
                         f"{r['aic_median']:.2f}", f"{r['ratio_median']:.2f}", note])
        ratios = [r["ratio_best"] for r in rows if "ratio_best" in r and not r["model"].endswith("_dynamic")]
        medians = [r["ratio_median"] for r in rows if "ratio_median" in r and not r["model"].endswith("_dynamic")]
        body.append(["geometric mean", "", "", f"**{geometric(ratios):.2f}**", "", f"{geometric(medians):.2f}", ""])
        text.append(table(f"Speed, {results['threads']} thread(s), ms (below 1: AIC is faster)",
                          ["model", "AIC best", "ONNX Runtime best", "ratio", "AIC median", "ratio of medians", ""], body))
    if rows := results.get("accuracy"):
        text.append(table("Accuracy against ONNX Runtime (at most 1e-4 of the magnitude and 1e-3 of the movement)",
                          ["model", "shape", "max error", "of magnitude", "of movement", ""],
                          [[r["model"], r["shape"], "-", "-", "-", r["failed"].replace("|", "/")[:80]] if "failed" in r else
                           [r["model"], r["shape"], f"{r['error']:.1e}", f"{r['of_magnitude']:.1e}",
                            f"{r['of_movement']:.1e}", "ok" if r["ok"] else "**too far**"] for r in rows]))
    if rows := results.get("compile"):
        text.append(table("Compiling (RssAnon: peak of anonymous memory)",
                          ["model", "s", "CPU s", "RssAnon MB", "model MB", "library MB"],
                          [[r["model"], f"{r['seconds']:.1f}", f"{r['cpu_seconds']:.1f}", f"{r['rss_anon_mb']:.0f}", f"{r['weights_mb']:.0f}",
                            f"{r['library_mb']:.0f}" if "library_mb" in r else r.get("error", "")[:80]] for r in rows]))
    return "\n".join(text)


def main() -> None:
    if os.environ.pop("OPENBLAS_CORETYPE", None) is not None:  # it would slow numpy down
        os.environ.pop("OPENBLAS_L2_SIZE", None)
        os.execv(sys.executable, [sys.executable, *sys.argv])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", help="comma-separated; all by default")
    parser.add_argument("--repeat", type=int, default=15, help="rounds of the timing (default 15)")
    parser.add_argument("--threads", type=int, default=1, help="for both engines (default 1)")
    parser.add_argument("--only", choices=["speed", "accuracy", "compile"], help="one of the three tables")
    parser.add_argument("--out", default=str(M.ROOT / "build" / "benchmarks"), help="folder of results.json and results.md")
    arguments = parser.parse_args()
    cases = M.select(arguments.models, M.CASES + M.DYNAMIC)
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    results: dict[str, Any] = {"cpu": cpu, "machine": platform.machine(), "threads": arguments.threads,
                               "repeat": arguments.repeat}
    for name, make in (("speed", lambda: speed(cases, arguments.repeat, arguments.threads)),
                       ("accuracy", lambda: accuracy(cases)),
                       ("compile", lambda: compile_cost(cases, M.ROOT / "build" / "bin" / "aic-compile"))):
        if arguments.only in (None, name):
            print(f"{name}:", flush=True)
            results[name] = make()
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(results, indent=1))
    (out / "results.md").write_text(report(results) + "\n")
    print(report(results))
    print(f"\nwritten to {out / 'results.json'}")


if __name__ == "__main__":
    main()
