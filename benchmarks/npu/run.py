#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How well the NPU is used: cycles of whole models on the simulator, where the rest goes, and Vela's count beside it.

    benchmarks/npu/run.py                     both models on edge-256 and the ablations, into benchmarks/npu/results.json
    benchmarks/npu/run.py --models bert_gemm --no-vela --no-ablation --out FOLDER

Models are put into 8 bits by AIC's quantiser with samples from a normal distribution. Three counts: A is the sum over
operations of the greater of compute and memory time on our schedule (Vela's definition), B what the simulator takes event
by event, C a bound from the shapes, layer by layer. B beside Vela's count is the comparison.
"""
from __future__ import annotations

import argparse
import copy
import csv
import datetime
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from typing import Any

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent)]
import models as M  # noqa: E402
import tflite  # noqa: E402

MACHINES = ROOT / "lib" / "NPU" / "Machine" / "machines"
MACHINE = "edge-256"
MODELS = {"resnet50": ({"N": 1, "H": 224, "W": 224}, (1, 3, 224, 224), (2, 3, 224, 224)),
          "bert_gemm": ({"S": 128}, (128, 768), (256, 768))}
FLOORS = {"resnet50": 0.45, "bert_gemm": 0.60}
VELA = ["--accelerator-config", "ethos-u65-256", "--config", "Arm/vela.ini", "--system-config", "Ethos_U65_Client_Server",
        "--memory-mode", "Dedicated_Sram", "--arena-cache-size", "524288"]
STALLS = ("LD", "ST", "MV", "FX", "VX", "sync", "dispatch", "other")
UNEQUAL = [
    "edge-256 has A0, B0, C0 and VB (144 KiB) beside the 512 KiB of L1; Ethos-U65 has 512 KiB and its internal SHRAM",
    "edge-256's paths out of L1 carry 64 and 32 B/cycle; Ethos-U65's SRAM port 16 B/cycle (see the ablation)",
    "Vela's count has no fill, drain or synchronisation; ours (B) has all three",
    "weights: ours are those of the synthetic ONNX models, uncompressed; Vela's are random of the same shapes, and it compresses them",
    "ours starts from f32 and quantises the image on the NPU; Vela's starts from int8",
    "residual adds: ours follow the graph of the quantiser (one rounding for each quantised value), Vela's are TFLite's ADD",
    "not modelled in ours: refresh and row conflicts of the DRAM, power, the host's launch and the host's nodes",
]


def bound(path: pathlib.Path, dims: dict[str, int], machine: dict[str, Any]) -> int:
    """Count C: for each product the greater of what its shape takes of the matrix unit and what must cross the DRAM: weights
    once, inputs and results only where they do not fit into L1 together."""
    import onnx

    model = onnx.load(path)
    for value in [*model.graph.input, *model.graph.output]:
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_value = dims.get(dim.dim_param, 1)
    del model.graph.value_info[:]
    model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    shapes = {i.name: list(i.dims) for i in model.graph.initializer}
    for value in [*model.graph.value_info, *model.graph.input, *model.graph.output]:
        shapes[value.name] = [d.dim_value for d in value.type.tensor_type.shape.dim]
    mx, cycles = machine["mx"], 0
    for node in model.graph.node:
        if node.op_type not in ("Conv", "MatMul", "Gemm"):
            continue
        x, weights, y = (shapes[name] for name in (*node.input[:2], node.output[0]))
        assert all(x) and all(y), f"no shape of {node.name}"
        if node.op_type == "Conv":
            assert weights[1] == x[1], f"{node.name} has groups"
            m, n, k = y[0] * math.prod(y[2:]), y[1], math.prod(weights[1:])
        else:
            m, n, k = math.prod(y[:-1]), y[-1], x[-1]
        compute = math.ceil(m / mx["M"]) * math.ceil(n / mx["N"]) * math.ceil(k / mx["K"]["i8"])
        moved = math.prod(weights)
        if math.prod(x) + math.prod(y) > machine["spaces"]["L1"]["bytes"]:
            moved += math.prod(x) + math.prod(y)
        cycles += max(compute, math.ceil(moved / machine["dram"]["B_per_cycle"]))
    return cycles


def simulate(module: Any, x: np.ndarray, machine: str | os.PathLike, jitter: int = 0) -> tuple[dict[str, Any], np.ndarray]:
    import aic

    start = time.perf_counter()
    model = aic.compile(module, target="npu", machine=machine)
    compiled = time.perf_counter()
    run = model.simulate(x, jitter=jitter)
    done = time.perf_counter()
    totals = [p.data["total"] for p in run.programs]
    stalls = {name: sum(t["mx_stalls"].get(name, 0) for t in totals) for name in STALLS}
    return {"B": run.cycles, "utilisation": run.utilisation, "A": sum(p.data["analytic_cycles"] for p in run.programs),
            "useful_macs": sum(t["useful_macs"] for t in totals), "mx_busy": sum(t["busy"]["MX"] for t in totals), "stalls": stalls,
            "dram_bytes": sum(t["dram"]["read"] + t["dram"]["written"] for t in totals), "programs": len(totals),
            "compile_seconds": round(compiled - start, 2), "simulate_seconds": round(done - compiled, 2),
            "ops": [{k: op[k] for k in ("name", "type", "cycles", "useful_macs", "utilisation", "mx_stalls")}
                    for p in run.programs for op in p.ops]}, run.outputs


def variants(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """The machine with one thing changed."""
    base = json.loads((MACHINES / f"{MACHINE}.json").read_text())
    half, narrow, short = (copy.deepcopy(base) for _ in range(3))
    half["dram"]["B_per_cycle"] /= 2
    for path in narrow["paths"]:
        path["B_per_cycle"] = min(16, path["B_per_cycle"])
    short["queues"] = dict.fromkeys(short["queues"], 1)
    changed = {"half the DRAM bandwidth": half, "16 B/cycle on every path of L1": narrow, "queues of one instruction": short}
    paths = {}
    for i, (name, machine) in enumerate(changed.items()):
        machine["name"] = f"{MACHINE}-ablation-{i}"
        paths[name] = folder / f"ablation{i}.json"
        paths[name].write_text(json.dumps(machine))
    return paths


def vela(name: str, folder: pathlib.Path) -> dict[str, Any]:
    """Vela's summary of the same network; its count of cycles is A."""
    path = folder / f"{name}.tflite"
    tflite.NETWORKS[name](path)
    command = [sys.executable, "-m", "ethosu.vela", str(path), *VELA, "--output-dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: vela: {(done.stderr or done.stdout).strip()[-500:]}")
    summary, = folder.glob(f"{name}_summary*.csv")
    row = next(csv.DictReader(summary.open()))
    cycles, macs = float(row["cycles_total"]), float(row["nn_macs"])
    return {"version": metadata.version("ethos-u-vela"), "arguments": VELA, "A": round(cycles), "macs": round(macs),
            "utilisation_by_its_macs": macs / (cycles * 256), "npu_cycles": round(float(row["cycles_npu"]))}


def benchmark(name: str, arguments: argparse.Namespace, folder: pathlib.Path) -> dict[str, Any]:
    import aic

    dims, shape, samples = MODELS[name]
    path = M.MODELS / f"{name}.onnx"
    print(f"{name}: quantise, compile, simulate ...", flush=True)
    module, report = aic.quantize(path, {"x": M.normal(*samples, seed=7)}, dims=dims)
    x = M.normal(*shape, seed=8)
    row, outputs = simulate(module, x, MACHINE)
    if not row["B"]:
        sys.exit(f"error: {name}: expected programs for the NPU, got none: aic-check --target=npu says why")
    row["C"] = bound(path, dims, json.loads((MACHINES / f"{MACHINE}.json").read_text()))
    row["equal_to_x86"] = bool(np.array_equal(aic.compile(module)(x), outputs))
    row["snr_db"] = report["outputs"]
    row["floor"] = FLOORS[name]
    if not arguments.no_vela:
        row["vela"] = vela(name, folder)
    if not arguments.no_ablation:
        row["ablations"] = {"every duration perturbed (jitter 1)": simulate(module, x, MACHINE, jitter=1)[0]}
        for what, machine in variants(folder).items():
            print(f"{name}: {what} ...", flush=True)
            try:
                row["ablations"][what] = simulate(module, x, machine)[0]
            except aic.Error as error:
                row["ablations"][what] = {"error": str(error).split("\n")[0]}
        row["ablations"] = {k: {f: v[f] for f in ("B", "utilisation", "stalls", "error") if f in v} for k, v in row["ablations"].items()}
    return row


def report(results: dict[str, Any]) -> str:
    lines = ["| model | B, cycles | utilisation | floor | A | C | Vela's A | B / Vela's | equal to x86 |", "|" + " --- |" * 9]
    for name, row in results["models"].items():
        peer = row.get("vela")
        lines.append(f"| {name} | {row['B']:,} | **{row['utilisation']:.1%}** | {row['floor']:.0%} | {row['A']:,} | {row['C']:,} | "
                     + (f"{peer['A']:,} | {row['B'] / peer['A']:.2f}" if peer else "- | -") + f" | {'yes' if row['equal_to_x86'] else '**no**'} |")
    lines += ["", "Where the matrix unit's cycles go, in percent of B:", "",
              "| model | busy | waits for " + " | ".join(STALLS) + " |", "|" + " --- |" * (len(STALLS) + 2)]
    for name, row in results["models"].items():
        lines.append(f"| {name} | {row['mx_busy'] / row['B']:.1%} | " + " | ".join(f"{row['stalls'][s] / row['B']:.1%}" for s in STALLS) + " |")
    if any("ablations" in row for row in results["models"].values()):
        lines += ["", "| model | ablation | B | utilisation |", "|" + " --- |" * 4]
        for name, row in results["models"].items():
            lines += [f"| {name} | {what} | {v['B']:,} | {v['utilisation']:.1%} |" if "B" in v else f"| {name} | {what} | {v['error']} | |"
                      for what, v in row.get("ablations", {}).items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(MODELS), help="comma-separated")
    parser.add_argument("--no-vela", action="store_true", help="without the peer (pip install ethos-u-vela)")
    parser.add_argument("--no-ablation", action="store_true")
    parser.add_argument("--out", default=str(HERE), help="folder of results.json")
    arguments = parser.parse_args()
    os.environ.setdefault("AIC_LIBNPU", str(ROOT / "build" / "lib" / "libaicnpu.so"))
    results: dict[str, Any] = {"date": datetime.date.today().isoformat(), "command": "benchmarks/npu/run.py " + " ".join(sys.argv[1:]),
                               "machine": MACHINE, "not_equal": UNEQUAL, "models": {}}
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.models.split(","):
            if name not in MODELS:
                sys.exit(f"error: expected a model of {list(MODELS)}, got '{name}'")
            results["models"][name] = benchmark(name, arguments, pathlib.Path(folder))
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    print(report(results))
    low = [name for name, row in results["models"].items() if row["utilisation"] < row["floor"] or not row["equal_to_x86"]]
    if low:
        sys.exit(f"error: below the floor or not equal to x86: {', '.join(low)}")


if __name__ == "__main__":
    main()
