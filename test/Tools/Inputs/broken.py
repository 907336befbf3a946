# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Breaks good files in many ways and gives them to the tools: broken.py FILE..., broken.py --tensors model.so.

A tool refuses a file with one line that holds "error:" and the file's name, a status of 1 or 2, and writes nothing.
"""
import io
import os
import pathlib
import random
import subprocess
import sys
import zipfile

import numpy as np
from onnx import TensorProto, numpy_helper

COMMANDS = {
    "aic-check": [], "aic-translate": ["--import-onnx", "-o", "out"], "aic-compile": ["-o", "out"],
    "aic-run": ["--random", "--save", "out.npz"], "aic-opt": ["-o", "out"],
}
failures, runs = [], 0


def refused(command: list[str], name: str) -> None:
    global runs
    runs += 1
    before = set(os.listdir())
    try:
        result = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60)
    except subprocess.TimeoutExpired:
        failures.append(f"{command}: no end")
        return
    lines = [line for line in result.stderr.splitlines() if "error:" in line]
    if result.returncode not in (1, 2) or len(lines) != 1 or name not in lines[0] or set(os.listdir()) != before:
        failures.append(f"{command}: status {result.returncode}, {set(os.listdir()) - before or ''} {result.stderr[:500]}")


def damage(good: bytes) -> dict[str, bytes]:
    """What happens to files on their way."""
    noise = random.Random(7).randbytes(3000)
    cuts = {f"cut{i}": good[:len(good) * i // 8] for i in range(8)}
    return {**cuts, "short": good[:-1 if good[:4] != b"modu" else -20], "noise": noise, "zeros": bytes(3000),
            "text": b"something else\n", "head": good[:16] + noise, "tail": good + b"junk junk" if good[:4] != b"\x7fELF" else b"\x7fELF"}


def files(paths: list[str]) -> None:
    os.symlink("loop", "loop")
    os.symlink("nowhere", "dangling")
    for path in map(pathlib.Path, paths):
        broken = damage(path.read_bytes())
        names = {}
        for kind, data in broken.items():
            names[kind] = f"{kind}{path.suffix}"
            pathlib.Path(names[kind]).write_bytes(data)
        if path.suffix == ".so":
            good = path.read_bytes()
            start = good.index(b'{"abi"')
            end = good.index(b"\0", start)
            for kind, text in {"manifest-cut": good[start:start + 60], "manifest-empty": b"", "manifest-list": b"[]",
                               "manifest-noise": bytes(range(1, 200)), "manifest-deep": b"[" * (end - start)}.items():
                names[kind] = f"{kind}.so"
                pathlib.Path(names[kind]).write_bytes(good[:start] + text[:end - start].ljust(end - start) + good[end:])
        for command, options in COMMANDS.items():
            if path.suffix == ".so" and command != "aic-run":
                continue
            if command == "aic-translate" and path.suffix != ".onnx":
                options = ["--aic-to-asm", "-o", "out"]
            for kind, name in names.items():
                # To aic-opt a module without operations is one too.
                if command == "aic-opt" and kind in ("cut0", "zeros"):
                    continue
                refused([command, *options, name], "" if command == "aic-opt" else name)
                if command == "aic-run" and path.suffix == ".so":
                    refused([command, "--info", name], name)
    for command, options in COMMANDS.items():
        for name in ("loop", "dangling", "none.onnx", "."):
            refused([command, *options, name], name)


def npy(header: str, data: bytes = bytes(32), version: int = 1) -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(2, "little") + text + data


def tensors(model: str) -> None:
    x = np.ones((2, 4), np.float32)
    good = {"npz": io.BytesIO(), "npy": io.BytesIO()}
    np.savez(good["npz"], x=x)
    np.save(good["npy"], x)
    cases = {f"{kind}.{suffix}": data for suffix, file in good.items() for kind, data in damage(file.getvalue()).items()
             if kind != "tail"}
    cases |= {f"{kind}.pb": data for kind, data in damage(numpy_helper.from_array(x, "x").SerializeToString()).items()}
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }"
    cases |= {
        "negative.npy": npy(head % ("<f4", "(-2, 4)")), "huge.npy": npy(head % ("<f4", "(1000000000, 1000000000)")),
        "overflow.npy": npy(head % ("<f4", "(99999999999999999999, 4)")), "objects.npy": npy(head % ("|O", "(2, 4)")),
        "complex.npy": npy(head % ("<c8", "(2, 4)"), bytes(64)), "record.npy": npy(head % ("', [('a', '<f4')]", "(2, 4)")),
        "header.npy": npy("hello"), "version.npy": npy(head % ("<f4", "(2, 4)"), version=9),
    }
    for name, (method, entry, data) in {"bzip2.npz": (zipfile.ZIP_BZIP2, "x.npy", good["npy"].getvalue()),
                                        "other.npz": (zipfile.ZIP_STORED, "x.txt", b"hello")}.items():
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr(entry, data)
        cases[name] = file.getvalue()
    for name, fields in {"sizes.pb": dict(dims=[2**40, 2**40], data_type=1, raw_data=b"1234"),
                         "minus.pb": dict(dims=[-2, -4], data_type=1, raw_data=bytes(32)),
                         "strings.pb": dict(dims=[2, 4], data_type=8), "type.pb": dict(dims=[2, 4], data_type=99),
                         "elsewhere.pb": dict(dims=[2, 4], data_type=1, data_location=1)}.items():
        cases[name] = TensorProto(name="x", **fields).SerializeToString()
    for name, data in cases.items():
        pathlib.Path(name).write_bytes(data)
        refused(["aic-run", model, "--save", "out.npz", "--input", f"x={name}"], "")


if sys.argv[1] == "--tensors":
    tensors(sys.argv[2])
else:
    files(sys.argv[1:])
print(*(f"FAIL {failure}" for failure in failures), sep="\n")
print(f"{runs} runs, {len(failures) or 'all'} {'not refused as they should be' if failures else 'refused'}")
