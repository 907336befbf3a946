# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs every operation of ops.cu on the executor through libaicfakecuda.so and on the host, and compares.

nvptx_ops.py LIBRARY OPS.cu DEVICE.ptx HOST.so [NAME...]
"""

import ctypes
import re
import sys

import numpy as np
from cuda import Device

TYPES = {"f16": np.float16, "bf16": np.uint16, "f32": np.float32, "f64": np.float64}
TYPES.update({f"{k[0]}{b}": np.dtype(f"{k}{b}") for k in ("int", "uint") for b in (8, 16, 32, 64)})
OP = r"OP\((\w+),\s*(\w+),\s*(\w+),\s*(\w+),\s*(\w+),"
SPECIAL = [0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3.49999, 1e-3, 126.99, 127.5, -128.6, 255.5, 32767.5, 65504, 1e5,
           2147483500, -2147483900, 4294967040, 9.3e18, -9.3e18, 1.9e19, 3e38, 1e-40, -1e-45, 6e-8, 1e-310, np.inf, -np.inf,
           np.nan]


def operations(path):
    """Name and types of each OP, macros that make several of them expanded."""
    text = open(path).read().replace("\\\n", " ")
    found = []
    for macro, *parts in re.findall(r"#define (INTEGER|FLOATING)\((\w+)[^)]*\)(.*)", text):
        for args in re.findall(rf"^{macro}\((\w+)", text, re.M):
            body = re.sub(r"##" + parts[0] + r"\b", args, parts[1])
            body = re.sub(rf"\b{parts[0]}\b", args, body)
            found += re.findall(OP, body)
    return found + re.findall("^" + OP, text, re.M)


def values(kind, count, seed):
    rng = np.random.default_rng(seed)
    if kind in ("f16", "bf16", "f32", "f64"):
        with np.errstate(all="ignore"):
            spread = rng.standard_normal(count) * 10.0 ** rng.integers(-3, 6, count)
            data = np.where(rng.random(count) < 0.4, rng.choice(SPECIAL, count), spread)
            if kind == "bf16":
                return (data.astype("f4").view("u4") >> 16).astype("u2")
            return data.astype(TYPES[kind])
    dtype = np.dtype(TYPES[kind])
    info = np.iinfo(dtype)
    data = rng.integers(info.min, info.max, count, dtype, endpoint=True)
    data >>= rng.integers(0, dtype.itemsize * 8, count).astype(dtype)
    edges = np.array([0, 1, 2, 7, 31, info.max, info.min, info.max - 1, info.max // 2 + 1], dtype)
    return np.where(rng.random(count) < 0.25, rng.choice(edges, count), data)


def as_float(kind, array):
    return (array.astype("u4") << 16).view("f4") if kind == "bf16" else array


def differing(kind, got, want, near):
    if kind not in ("f16", "bf16", "f32", "f64"):
        return got != want
    a, b = as_float(kind, got).astype("f8"), as_float(kind, want).astype("f8")
    with np.errstate(all="ignore"):
        same = ((a == b) & (np.signbit(a) == np.signbit(b))) | (np.isnan(a) & np.isnan(b))
        if near:
            step = {"f16": 2.0**-10, "bf16": 2.0**-7, "f32": 2.0**-21, "f64": 2.0**-50}[kind]
            same |= np.abs(a - b) <= step * np.maximum(np.abs(b), 1e-30)
    return ~same


def main():
    library, source, ptx, host = sys.argv[1:5]
    device, reference = Device(library), ctypes.CDLL(host)
    module = device.load(open(ptx, "rb").read())
    list_ = [op for op in operations(source) if not sys.argv[5:] or op[0] in sys.argv[5:]]
    bad, count = 0, 1500
    for number, (name, *kinds, result) in enumerate(list_):
        inputs = [values(kind, count, 10 * number + i) for i, kind in enumerate(kinds)]
        want = np.zeros(count, TYPES[result])
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in [*inputs, want]]
        getattr(reference, name)(*pointers, count)
        addresses = [device.upload(array) for array in [*inputs, np.zeros_like(want)]]
        got = np.zeros_like(want)
        try:
            device.launch(module, name, ((count + 127) // 128, 1, 1), (128, 1, 1), [*addresses, ctypes.c_int(count)])
            device.download(got, addresses[3])
        except RuntimeError as problem:
            print(f"{name}: {problem}")
            bad += 1
            continue
        wrong = np.flatnonzero(differing(result, got, want, "near" in name))
        if wrong.size:
            i, bad = wrong[0], bad + 1
            show = [as_float(kind, array)[i] for kind, array in zip([*kinds, result, result], [*inputs, want, got])]
            print(f"{name}: {wrong.size} of {count} differ: x={show[0]!r} y={show[1]!r} z={show[2]!r}: "
                  f"expected {show[3]!r}, got {show[4]!r}")
        for address in addresses:
            device.free(address)
    print(f"{len(list_)} operations, {bad} wrong")
    return bad != 0 or len(list_) < (1 if sys.argv[5:] else 300)


sys.exit(main())
