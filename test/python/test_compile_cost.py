# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What compiling costs: time and anonymous memory for every model, and time near linear in the nodes of a long chain."""
import resource
import subprocess
import time

import models as M
import numpy as np
import onnx
import pytest
import run as benchmark
from conftest import ROOT, environment
from onnx import TensorProto, helper

COMPILER = ROOT / "build" / "bin" / "aic-compile"


@pytest.mark.parametrize("case", M.CASES + M.DYNAMIC, ids=lambda c: c.name)
def test_models(case):
    if not case.path.exists():
        pytest.skip(f"{case.path.name} is not there: utils/prepare_models.py")
    (row,) = benchmark.compile_cost([case], COMPILER)
    assert "error" not in row, row["error"]
    # Where other programs take the cores, the time of the processor tells what an idle machine would need at most.
    assert min(row["seconds"], row["cpu_seconds"]) < 10
    assert row["rss_anon_mb"] < 300 + row["weights_mb"]


def chain(nodes: int) -> onnx.ModelProto:
    """A chain of two operations in turn that no rule makes shorter."""
    kinds = ("Sigmoid", "Sin")
    ops = [helper.make_node(kinds[i % 2], [f"v{i}"], [f"v{i + 1}"], name=f"node{i}") for i in range(nodes)]
    value = [helper.make_tensor_value_info(f"v{i}", TensorProto.FLOAT, ["N", 8]) for i in (0, nodes)]
    return helper.make_model(helper.make_graph(ops, "chain", value[:1], value[1:]),
                             opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def compile_seconds(nodes: int, folder) -> float:
    path = folder / f"chain{nodes}.onnx"
    onnx.save(chain(nodes), path)
    start = time.perf_counter()
    done = subprocess.run([COMPILER, path, "-o", folder / f"chain{nodes}.so"], capture_output=True, text=True, timeout=300,
                          env=environment(),
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_STACK, (8 << 20, 8 << 20)))
    assert done.returncode == 0, done.stderr[:2000]
    return time.perf_counter() - start


def test_long_chain(tmp_path):
    short, long = compile_seconds(2500, tmp_path), compile_seconds(10000, tmp_path)
    assert long < 8 * short, f"4 times the nodes take {long:.1f} s after {short:.1f} s"
    import aic

    x = np.linspace(-1, 1, 16, dtype=np.float32).reshape(2, 8)
    want = x
    for i in range(10000):
        want = 1 / (1 + np.exp(-want)) if i % 2 == 0 else np.sin(want)
    np.testing.assert_allclose(aic.load(tmp_path / "chain10000.so")(x), want, rtol=1e-4)
