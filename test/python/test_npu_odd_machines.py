# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small kernels on the 20 machines of odd sizes: exact, or refused with a message that says why."""
import json
import subprocess
import sys

import numpy as np
import onnx
import pytest
from conftest import ROOT
from npu_models import BIN, Graph, check

sys.path.insert(0, str(ROOT / "utils"))

NAMES = ["coarse-alignment", "everything", "fast-dram", "few-semaphores", "l1-393216", "l1-65536", "many-in-flight", "mx-1x1x1",
         "mx-1x3x64", "mx-33x20x17", "mx-5x12x7", "no-way-to-vectors", "queue-1", "queue-3", "semaphore-max-2", "single-bank",
         "slow-dram", "thin-paths", "tiny-tiles", "tiny-vector-buffer"]


def weights(g: Graph, *shape: int) -> str:
    values = g.constant(g.rng.integers(-127, 128, shape).astype(np.int8))
    scales = g.constant(g.rng.uniform(0.001, 0.01, shape[0]).astype(np.float32))
    return g.node("DequantizeLinear", [values, scales, g.constant(np.zeros(shape[0], np.int8))], axis=0)


def kernels() -> Graph:
    """Each branch is one kernel: an int8 tensor in, an int8 tensor out."""
    g = Graph(11)

    def conv(channels: int, *shape: int, **attributes) -> None:
        x = g.dequantize(g.input([1, channels, 13, 11], "i8"), "i8")
        g.output(g.quantize(g.node("Conv", [x, weights(g, *shape)], **attributes), "i8"))

    conv(19, 21, 19, 3, 3, strides=[2, 2], pads=[1, 1, 1, 1])
    conv(37, 24, 37, 1, 1)
    conv(21, 21, 1, 3, 3, group=21, pads=[1, 1, 1, 1])
    x = g.dequantize(g.input([17, 45], "i8"), "i8")
    product = g.dequantize(g.constant(g.rng.integers(-127, 128, (45, 29)).astype(np.int8)), "i8", np.float32(0.01), np.int8(0))
    g.output(g.quantize(g.node("MatMul", [x, product]), "i8"))
    x, y = (g.dequantize(g.input([7, 133], "i8"), "i8") for _ in range(2))
    g.output(g.quantize(g.node("Add", [x, y]), "i8"))
    x = g.dequantize(g.input([5, 301], "i8"), "i8")
    g.output(g.quantize(g.node("Sigmoid", [x]), "i8", np.float32(1 / 256), np.int8(-128)))
    return g


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    folder = tmp_path_factory.mktemp("machines")
    subprocess.run([sys.executable, ROOT / "utils" / "npu_odd_machines.py", folder], check=True)
    assert sorted(p.stem.removeprefix("odd-") for p in folder.glob("*.json")) == NAMES
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_exact(name, machines, tmp_path):
    path = machines / f"odd-{name}.json"
    assert json.loads(path.read_text())["mx"]
    units = check(kernels(), tmp_path, str(path))
    onnx.save(kernels().model(), tmp_path / "m.onnx")
    done = subprocess.run([BIN / "aic-check", tmp_path / "m.onnx", f"--target=npu:{path}", "--json"], capture_output=True, text=True)
    print(name, units.count("npu.unit \""), done.stdout[:2000])
    assert units.count("npu.unit \"") >= 6, f"machine {name} takes only {units.count('npu.unit')}: {done.stdout[:1500]}"
