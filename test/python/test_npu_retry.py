# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tiles that the allocator finds no places for: smaller ones are tried, exact all the same, or the buffers are named."""
import copy
import json
import re
import subprocess

import numpy as np
import onnx
import pytest
from conftest import ROOT
from npu_models import BIN, LIBRARY, Graph, call, check
from test_npu_odd_machines import kernels

EDGE = json.loads((ROOT / "lib" / "NPU" / "Machine" / "machines" / "edge-256.json").read_text())
REMARK = re.compile(r"remark: .*\b(\w+): found places for the buffers of tiling (\d+), after expected buffers of at most (\d+) bytes in (\w+)")


def coarse(folder, pages: int) -> str:
    """An L1 of a few pages of 4096 bytes: buffers take whole pages, so what fits by its bytes may not."""
    machine = copy.deepcopy(EDGE)
    machine["name"] = f"pages-{pages}"
    machine["spaces"]["L1"].update(bytes=4096 * pages, align=4096, banks=1)
    (folder / "coarse.json").write_text(json.dumps(machine))
    return str(folder / "coarse.json")


def padded() -> Graph:
    g = Graph(3)
    x = g.dequantize(g.input([40, 333], "i8"), "i8")
    y = g.quantize(g.node("Sigmoid", [x]), "i8", np.float32(1 / 256), np.int8(-128))
    g.output(g.node("Pad", [y, g.constant(np.array([0, 9, 0, 9], np.int64))], mode="edge"))
    return g


def compiled(folder, machine: str, output: str) -> subprocess.CompletedProcess:
    command = [BIN / "aic-compile", "m.onnx", "--target=npu", f"--machine={machine}", "-o", output]
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, cwd=folder)


def test_machine(tmp_path):
    """A machine on which the first tiles overflow: the kernel runs with the next ones, and twice the same."""
    machine = coarse(tmp_path, 2)
    check(padded(), tmp_path, machine)
    done = compiled(tmp_path, machine, "1.npub")
    found = REMARK.search(done.stderr)
    assert done.returncode == 0 and found, done.stderr
    kind, tiling, capacity, space = found.groups()
    assert (kind, capacity, space) == ("copy", "8192", "L1") and int(tiling) > 1
    assert compiled(tmp_path, machine, "2.npub").stderr == done.stderr
    assert (tmp_path / "1.npub").read_bytes() == (tmp_path / "2.npub").read_bytes()


def test_no_tiles_left(tmp_path):
    """One page holds no two buffers, whatever their size."""
    onnx.save(padded().model(), tmp_path / "m.onnx")
    done = compiled(tmp_path, coarse(tmp_path, 1), "m.npub")
    assert done.returncode > 0 and done.stderr.count("error:") == 1 and not (tmp_path / "m.npub").exists()
    message = re.search(r"copy: expected buffers of at most 4096 bytes in L1 at a time, got (\d+) by the last of (\d+) tilings", done.stderr)
    assert message and int(message[2]) > 1, done.stderr
    buffers = re.findall(r"buffer '(\w+)' of (\d+) bytes, used from instruction (\d+) to (\d+)", done.stderr)
    assert sum(int(size) for _, size, _, _ in buffers) == int(message[1]) > 4096, done.stderr
    assert all(int(first) <= int(last) for *_, first, last in buffers)


def every_kind() -> Graph:
    """Of each kind of kernel one that fills a memory of edge-256, and the small ones of the odd machines."""
    g = kernels()
    x = g.dequantize(g.input([1, 32, 24, 24], "i8"), "i8")
    filters = g.dequantize(g.constant(g.rng.integers(-127, 128, (96, 32, 3, 3)).astype(np.int8)), "i8", np.float32(0.01), np.int8(0))
    y = g.quantize(g.node("Conv", [x, filters], pads=[1, 1, 1, 1]), "i8")
    g.output(y)
    g.output(g.node("MaxPool", [y], kernel_shape=[3, 3], strides=[2, 2]))
    g.output(g.node("Transpose", [y], perm=[0, 1, 3, 2]))
    x = g.dequantize(g.input([4, 80, 64], "i8"), "i8")
    y = g.dequantize(g.input([4, 64, 96], "i8"), "i8")
    g.output(g.quantize(g.node("MatMul", [x, y]), "i8"))
    g.output(g.node("Softmax", [g.input([60, 200], "f16")], axis=-1))
    return g


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    check(every_kind(), folder)
    call(BIN / "aic-opt", "--aic-to-npu-units=machine=edge-256", folder / "m.mlirbc", "-o", folder / "units.mlir")
    return folder


@pytest.mark.parametrize("percent", [70, 30, 9])
def test_every_kind(percent, whole, tmp_path):
    """An allocator with less memory than tiles are chosen for: each kind finds smaller ones, and the bits are the same."""
    command = [BIN / "aic-opt", f"--npu-lower-units=percent={percent}", whole / "units.mlir", "-o", tmp_path / "programs.mlir"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    kinds = {kind for kind, *_ in REMARK.findall(done.stderr)}
    assert kinds == {"conv", "matmul", "window", "elementwise", "copy"} if percent < 20 else len(kinds) >= 3, done.stderr
    passes = "builtin.module(npu.program(npu-allocate,npu-insert-sync,npu-verify-sync))"
    call(BIN / "aic-opt", f"--pass-pipeline={passes}", tmp_path / "programs.mlir", "-o", tmp_path / "npu.mlir")
    call(BIN / "aic-compile", "--from=npu", "--target=npu", tmp_path / "npu.mlir", "-o", tmp_path / "m.so")
    call(BIN / "aic-run", tmp_path / "m.so", "--input", whole / "in.npz", "--save", tmp_path / "got.npz", AIC_LIBNPU=str(LIBRARY))
    want, got = np.load(whole / "got.npz"), np.load(tmp_path / "got.npz")
    assert sorted(want) == sorted(got)
    for name in want:
        assert want[name].tobytes() == got[name].tobytes(), name
