# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Makes the input of gemm.s, computes what it computes, and looks into the reports.
import json
import subprocess
import sys
import xml.dom.minidom

import numpy as np

x = np.random.default_rng(1).integers(-128, 128, (64, 64), dtype=np.int8)
if sys.argv[1] == "make":
    np.save("x.npy", x)
    np.savez("x.npz", x=x)
elif sys.argv[1] == "check":
    sums = x.astype(np.int32) @ np.ones((64, 64), np.int32)
    expected = np.clip(np.rint(sums.astype(np.float32) * np.float32(0.015625)), -128, 127).astype(np.int8)
    assert (np.load("y.npz")["y"] == expected).all()
elif sys.argv[1] == "jitter":
    for seed in range(1, 11):
        command = ["aic-npu-sim", "gemm.npub", "--input=x=x.npy", "--check", f"--jitter={seed}", "--report=none"]
        subprocess.run(command + ["--save=jittered.npz"], check=True)
        assert open("y.npz", "rb").read() == open("jittered.npz", "rb").read()
else:
    report = json.load(open("report.json"))
    for op in report["ops"] + [report["total"]]:
        assert op["busy"]["MX"] + sum(op["mx_stalls"].values()) == op["cycles"] > 0
    assert report["total"]["dram"]["written"] == 4096
    rows = [line.split(",") for line in open("report.csv").read().split()]
    assert len(rows) == len(report["ops"]) + 2 and len({len(row) for row in rows}) == 1
    assert rows[-1][rows[0].index("cycles")] == str(report["total"]["cycles"])

    events = json.load(open("trace.json"))["traceEvents"]
    spans = [e for e in events if e["ph"] == "X"]
    assert {e["tid"] for e in spans} == {1, 2, 3, 4, 5}
    assert max(e["ts"] + e["dur"] for e in spans) == report["total"]["cycles"]
    starts, ends = ([e for e in events if e["ph"] == kind] for kind in "sf")
    assert len(starts) == len(ends) > 10 and all(a["ts"] <= b["ts"] for a, b in zip(starts, ends))
    assert {e["name"] for e in events if e["ph"] == "C"} >= {"DRAM GB/s", "L1 bytes in use", "C0 bytes in use"}
    boxes = xml.dom.minidom.parse("picture.svg").getElementsByTagName("rect")
    assert len(boxes) > 20
