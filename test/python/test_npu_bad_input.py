# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bad input of the NPU's tools: one clear message, a non-zero exit, nothing left behind."""
import copy
import json
import subprocess

import numpy as np
import onnx
import pytest
from conftest import ROOT
from npu_models import BIN, Graph

MACHINE = json.loads((ROOT / "lib" / "NPU" / "Machine" / "machines" / "edge-256.json").read_text())


def small(folder, channels: int = 8, names=("m.onnx",)) -> None:
    g = Graph(3)
    x = g.dequantize(g.input([1, channels, 6, 6], "i8"), "i8")
    weights = g.dequantize(g.constant(g.rng.integers(-127, 128, (8, channels, 3, 3)).astype(np.int8)), "i8", zero=np.int8(0))
    g.output(g.quantize(g.node("Conv", [x, weights]), "i8"))
    for name in names:
        onnx.save(g.model(), folder / name)


def refused(folder, *command) -> str:
    """The only message of a command that fails and leaves the folder as it was."""
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, cwd=folder)
    assert done.returncode > 0, f"exit {done.returncode}: {done.stdout[-500:]}{done.stderr[-1000:]}"
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before
    assert done.stderr.count("error:") == 1, done.stderr[-2000:]
    return done.stderr


def without(machine, *path):
    machine = copy.deepcopy(machine)
    inner = machine
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return machine


def changed(machine, value, *path):
    machine = copy.deepcopy(machine)
    inner = machine
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return machine


BROKEN = {
    "no-mx": (without(MACHINE, "mx"), "mx"),
    "no-l1": (without(MACHINE, "spaces", "L1"), "L1"),
    "no-queue": (without(MACHINE, "queues", "MX"), "MX"),
    "negative-l1": (changed(MACHINE, -524288, "spaces", "L1", "bytes"), "L1"),
    "negative-queue": (changed(MACHINE, -1, "queues", "LD"), "LD"),
    "zero-n": (changed(MACHINE, 0, "mx", "N"), "N"),
    "absurd-n": (changed(MACHINE, 10**15, "mx", "N"), "N"),
    "absurd-l1": (changed(MACHINE, 10**30, "spaces", "L1", "bytes"), "L1"),
    "text-for-number": (changed(MACHINE, "many", "sems"), "sems"),
    "unknown-field": (changed(MACHINE, 1, "colour"), "colour"),
    "no-semaphores": (changed(MACHINE, 0, "sems"), "sems"),
    "infinite-dram": (changed(MACHINE, 1e300, "dram", "B_per_cycle"), "B_per_cycle"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_machine(name, tmp_path):
    machine, field = BROKEN[name]
    small(tmp_path)
    (tmp_path / "broken.json").write_text(json.dumps(machine))
    message = refused(tmp_path, BIN / "aic-compile", "m.onnx", "--target=npu", "--machine=broken.json", "-o", "m.so")
    assert "broken.json" in message and field in message, message


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": 1}', "\0\0", "[" * 100000])
def test_machine_text(text, tmp_path):
    small(tmp_path)
    (tmp_path / "broken.json").write_text(text)
    assert "broken.json" in refused(tmp_path, BIN / "aic-compile", "m.onnx", "--target=npu", "--machine=broken.json", "-o", "m.so")


def test_no_machine(tmp_path):
    small(tmp_path)
    assert "edge-9" in refused(tmp_path, BIN / "aic-compile", "m.onnx", "--target=npu", "--machine=edge-9", "-o", "m.so")


def test_model_that_cannot_fit(tmp_path):
    """A machine whose memories hold no tile of the layer: a program alone is refused with the list of what stays."""
    small(tmp_path, channels=64)
    machine = copy.deepcopy(MACHINE)
    for space in machine["spaces"].values():
        space["bytes"] = max(space["align"], 512)
    machine["name"] = "nothing-fits"
    (tmp_path / "tiny.json").write_text(json.dumps(machine))
    message = refused(tmp_path, BIN / "aic-compile", "m.onnx", "--target=npu", "--machine=tiny.json", "-o", "m.npub")
    assert len(message) > 40, message


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    small(folder)
    done = subprocess.run([BIN / "aic-compile", "m.onnx", "--target=npu", "-o", "m.npub"], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return (folder / "m.npub").read_bytes()


def test_other_machine(program, tmp_path):
    (tmp_path / "m.npub").write_bytes(program)
    message = refused(tmp_path, BIN / "aic-npu-sim", "m.npub", "--machine=edge-512")
    assert "edge-256" in message and "edge-512" in message, message


@pytest.mark.parametrize("tool", ["aic-npu-sim", "aic-npu-info", "aic-npu-dis", "aic-npu-verify"])
def test_truncated(tool, program, tmp_path):
    for size in (0, 1, 7, 63, 64, 200, len(program) // 2, len(program) - 1):
        (tmp_path / "m.npub").write_bytes(program[:size])
        assert "m.npub" in refused(tmp_path, BIN / tool, "m.npub"), size


def test_flipped(program, tmp_path):
    """A bit anywhere: the checksums notice, whatever the bit means."""
    rng = np.random.default_rng(5)
    for place in [*range(0, 64, 7), *rng.integers(64, len(program), 40)]:
        broken = bytearray(program)
        broken[place] ^= 1 << int(rng.integers(8))
        (tmp_path / "m.npub").write_bytes(broken)
        assert "m.npub" in refused(tmp_path, BIN / "aic-npu-sim", "m.npub"), f"byte {place}"
