#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes 20 machine files of odd sizes, the same ones every time: tests run each NPU kernel on all of them.

usage: npu_odd_machines.py FOLDER      writes FOLDER/odd-*.json; docs/NPU/Machines.md says what a machine must have at
                                       least for the compiler
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
TILES = ("A0", "B0", "C0")
FEW_SEMAPHORES = 24


def mx(machine, m, k, k16, n):
    machine["mx"].update(M=m, N=n, K={"i8": k, "f16": k16, "bf16": k16})


def tiles(machine, a0, b0, c0, align=32):
    for name, size in zip(TILES, (a0, b0, c0)):
        machine["spaces"][name] = {"bytes": size, "align": align}


def banks(machine, l1, vb, port):
    machine["spaces"]["L1"].update(banks=l1, port_B=port)
    machine["spaces"]["VB"].update(banks=vb)


def queues(machine, depth):
    machine["queues"] = dict.fromkeys(machine["queues"], depth)


def paths(machine, **changes):
    for path in machine["paths"]:
        for key, value in changes.items():
            if key != "max_inflight" or path["eng"] in ("LD", "ST"):
                path[key] = value


def bandwidths(machine, values):
    for path, value in zip(machine["paths"], values):
        path["B_per_cycle"] = value


def accumulators_only_to_l1(machine):
    for path in machine["paths"]:
        if path["eng"] == "FX":
            path["dst"] = "L1"
            path["src"] = "C0" if path["src"] == "C0" else "L1"


def everything(machine):
    mx(machine, 5, 12, 6, 7)
    machine["spaces"]["L1"].update(bytes=393216)
    tiles(machine, 4096, 4096, 8192)
    machine["spaces"]["VB"].update(bytes=16384)
    banks(machine, 1, 1, 32)
    queues(machine, 1)
    paths(machine, max_inflight=1)
    machine["sems"] = FEW_SEMAPHORES
    machine["sem_max"] = 2


ODD = {
    "mx-5x12x7": lambda m: mx(m, 5, 12, 6, 7),
    "mx-1x1x1": lambda m: mx(m, 1, 1, 1, 1),
    "mx-33x20x17": lambda m: mx(m, 33, 20, 10, 17),
    "mx-1x3x64": lambda m: mx(m, 1, 3, 2, 64),
    "l1-393216": lambda m: m["spaces"]["L1"].update(bytes=393216, banks=12),
    "l1-65536": lambda m: m["spaces"]["L1"].update(bytes=65536, banks=4),
    "queue-1": lambda m: queues(m, 1),
    "queue-3": lambda m: queues(m, 3),
    "few-semaphores": lambda m: m.update(sems=FEW_SEMAPHORES),
    "semaphore-max-2": lambda m: m.update(sem_max=2),
    "single-bank": lambda m: banks(m, 1, 1, 32),
    "tiny-tiles": lambda m: tiles(m, 2048, 2048, 4096),
    "tiny-vector-buffer": lambda m: m["spaces"]["VB"].update(bytes=8192, banks=2),
    "coarse-alignment": lambda m: (tiles(m, 16384, 16384, 16384, 2048), m["spaces"]["L1"].update(align=64)),
    "slow-dram": lambda m: m["dram"].update(B_per_cycle=0.75, read_latency=5000, write_latency=3001, burst=512),
    "fast-dram": lambda m: m["dram"].update(B_per_cycle=1000, read_latency=0, write_latency=0, burst=1),
    "thin-paths": lambda m: bandwidths(m, (3.25, 1.5, 7, 5, 0.875, 2.125, 1)),
    "many-in-flight": lambda m: (queues(m, 64), paths(m, max_inflight=48, issue=201)),
    "no-way-to-vectors": accumulators_only_to_l1,
    "everything": everything,
}


def machines():
    """The machines by name."""
    base = (ROOT / "lib/NPU/Machine/machines/edge-256.json").read_text()
    for name, change in ODD.items():
        machine = json.loads(base)
        machine["name"] = "odd-" + name
        change(machine)
        yield machine


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for machine in machines():
        (folder / f"{machine['name']}.json").write_text(json.dumps(machine, indent=1) + "\n")


if __name__ == "__main__":
    main()
