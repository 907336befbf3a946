# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Interrupts compilations of a long chain at several moments."""
import os
import signal
import subprocess
import sys
import time

compiler, folder = sys.argv[1:]
signal.signal(signal.SIGINT, signal.SIG_DFL)  # lit's workers ignore it, and programs that they start would do so too
with open(os.path.join(folder, "..", "interrupt-chain.mlir"), "w") as f:
    f.write('func.func @main(%v0: tensor<?x7xf32>) -> tensor<?x7xf32> {\n')
    n = 1500
    for i in range(n):
        op = ["aic.softmax", "aic.relu"][i % 2]
        attr = " {axis = 1 : i64}" if op == "aic.softmax" else ""
        f.write(f"  %v{i + 1} = {op} %v{i}{attr} : (tensor<?x7xf32>) -> tensor<?x7xf32>\n")
    f.write(f"  return %v{n} : tensor<?x7xf32>\n}}\n")
    path = f.name
for delay in (0.05, 0.2, 0.5, 1.0):
    process = subprocess.Popen([compiler, path, "-o", os.path.join(folder, "m.so")], stderr=subprocess.DEVNULL)
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    begin = time.time()
    status = process.wait(timeout=20)
    assert time.time() - begin < 2, "the compiler went on"
    if status == 0:  # it was faster than the signal
        for name in os.listdir(folder):
            os.remove(os.path.join(folder, name))
