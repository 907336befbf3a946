# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares if.so and while.so with numpy."""
import os
import subprocess
import sys

import numpy as np

tool, folder = sys.argv[1:]


def run(model, **feed):
    given, got = os.path.join(folder, "in.npz"), os.path.join(folder, "out.npz")
    np.savez(given, **feed)
    subprocess.run([tool, os.path.join(folder, model), "--input", given, "--save", got], check=True)
    return np.load(got)


x = np.linspace(-2, 2, 24, dtype=np.float32).reshape(3, 8)
for c in (True, False):
    want = np.exp(np.tanh(x) if c else np.maximum(-x, 0))
    np.testing.assert_allclose(run("if.so", c=np.array(c), x=x)["y"], want, rtol=1e-5)
x = np.arange(4, dtype=np.float32)
for n in (0, 1, 5):
    out = run("while.so", n=np.array(n, dtype=np.int64), x=x)
    np.testing.assert_array_equal(out["y"], x * (n + 1))
    assert out["i"] == n
