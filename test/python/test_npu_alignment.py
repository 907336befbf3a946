# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Machines that align what lies in their memories more coarsely than a granule: every operand's address keeps to it."""
import copy
import json
import subprocess

import numpy as np
import pytest
from npu_models import BIN, Graph, check
from test_npu_retry import EDGE, every_kind


def aligned(folder, name: str, **spaces) -> str:
    machine = copy.deepcopy(EDGE)
    machine["name"] = name
    for space, sizes in spaces.items():
        machine["spaces"][space].update(sizes)
    (folder / f"{name}.json").write_text(json.dumps(machine))
    return str(folder / f"{name}.json")


def graph() -> Graph:
    """Of each kind of kernel one, and a residual whose tiles are several in both directions."""
    g = every_kind()
    x = g.dequantize(g.input([1, 48, 20, 20], "i8"), "i8")
    filters = g.dequantize(g.constant(g.rng.integers(-127, 128, (48, 48, 1, 1)).astype(np.int8)), "i8", np.float32(0.01), np.int8(0))
    y = g.dequantize(g.quantize(g.node("Conv", [x, filters]), "i8"), "i8")
    g.output(g.quantize(g.node("Add", [y, x]), "i8"))
    return g


@pytest.mark.parametrize("l1, vb", [(128, 64), (1024, 512), (4096, 1024)])
def test_exact(l1, vb, tmp_path):
    machine = aligned(tmp_path, "aligned", L1={"align": l1}, VB={"align": vb})
    units = check(graph(), tmp_path, machine)
    assert units.count('npu.unit "conv"') >= 4 and 'npu.unit "window"' in units and 'npu.unit "matmul"' in units


def test_chunk_that_does_not_fit(tmp_path):
    """More operands than a vector buffer has places for: the operation stays on the host, with the reason."""
    g = Graph(5)
    inputs = [g.dequantize(g.input([4, 40], "i8"), "i8") for _ in range(2)]
    g.output(g.quantize(g.node("Sub", inputs), "i8"))
    machine = aligned(tmp_path, "narrow", VB={"bytes": 8192, "align": 4096})
    assert 'npu.unit "elementwise"' not in check(g, tmp_path, machine)
    told = subprocess.run([BIN / "aic-check", tmp_path / "m.onnx", f"--target=npu:{machine}", "--json"], capture_output=True, text=True)
    assert "no chunk of it fits VB" in told.stdout, told.stdout + told.stderr
    done = subprocess.run([BIN / "aic-compile", tmp_path / "m.onnx", "--target=npu", f"--machine={machine}", "-o", tmp_path / "m.npub"],
                          capture_output=True, text=True)
    assert done.returncode > 0 and not (tmp_path / "m.npub").exists() and "stay on the host" in done.stderr, done.stderr


def test_no_room_to_transpose(tmp_path):
    """A vector buffer of three places: a transposition takes four, so it goes another way."""
    g = Graph(6)
    x = g.dequantize(g.input([1, 16, 12, 10], "i8"), "i8")
    g.output(g.quantize(g.node("Conv", [x, g.dequantize(g.constant(g.rng.integers(-127, 128, (8, 16, 3, 3)).astype(np.int8)), "i8", zero=np.int8(0))]), "i8"))
    machine = aligned(tmp_path, "three", VB={"bytes": 12288, "align": 4096})
    assert 'npu.unit "copy"' in check(g, tmp_path, machine)
