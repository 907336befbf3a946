# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# A program assembled for each machine of a folder gives the same bytes on all of them, in time and under jitter.
import pathlib
import subprocess
import sys

import numpy as np

random = np.random.default_rng(3)
x, w = random.integers(-128, 128, (40, 32), dtype=np.int8), random.integers(-128, 128, (16, 32), dtype=np.int8)
np.savez("in.npz", x=x, w=w)
sums = x.astype(np.int32) @ w.astype(np.int32).T
expected = np.clip(np.rint(sums.astype(np.float32) * np.float32(1 / 256)), -128, 127).astype(np.int8)
cycles = set()
machines = sorted(pathlib.Path(sys.argv[2]).glob("*.json"))
for machine in machines:
    subprocess.run(["aic-npu-as", sys.argv[1], f"--machine={machine}", "-o", "small.npub"], check=True)
    for seed in range(3):
        command = ["aic-npu-sim", "small.npub", f"--machine={machine}", "--input=in.npz", "--check", "--save=out.npz"]
        command += [f"--jitter={seed}", "--report=csv", "-o", "report.csv"]
        subprocess.run(command, check=True)
        assert (np.load("out.npz")["y"] == expected).all(), (machine, seed)
        cycles.add(open("report.csv").read().splitlines()[-1].split(",")[2])
print(len(machines), "machines,", "many" if len(cycles) > len(machines) else "few", "counts of cycles")
