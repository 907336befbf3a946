# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes what the tests' kernels read and must give: reference.py FOLDER KIND..."""

import os
import sys

import numpy as np

rng = np.random.default_rng(1)


def eighths(*shape):
    """Products and sums of these are exact in f32."""
    return rng.integers(-8, 9, shape) / 8


def simt():
    a, b = eighths(512, 512).astype("f4"), eighths(512, 512).astype("f4")
    return {"A": a, "B": b, "C": a @ b}


def softmax():
    x = (rng.integers(-1000, 1000, (10, 1024)) / 100).astype("f4")
    e = np.exp(x.astype("f8") - x.max(1, keepdims=True))
    return {"X": x, "Y": (e / e.sum(1, keepdims=True)).astype("f4")}


def mma():
    a, b = eighths(1024, 1024).astype("f2"), eighths(1024, 1024).astype("f2")
    return {"A": a, "B": b, "C": (a.astype("f4") @ b.astype("f4")).astype("f2")}


def attention():
    q, k, v = [(rng.integers(-1000, 1001, (2, 256, 64)) / 500).astype("f2") for _ in range(3)]
    s = np.einsum("hik,hjk->hij", q.astype("f8"), k.astype("f8")) / 8
    p = np.exp(s - s.max(2, keepdims=True))
    o = np.einsum("hij,hjk->hik", p / p.sum(2, keepdims=True), v.astype("f8"))
    return {"Q": q, "K": k, "V": v, "O": o.astype("f2")}


def wgmma():
    a, b = eighths(256, 576).astype("f2"), eighths(512, 576).astype("f2")
    return {"A": a, "B": b, "C": (a.astype("f4") @ b.astype("f4").T).astype("f2")}


def layout():
    a, n, k, c = eighths(16, 16).astype("f2"), eighths(8, 16).astype("f2"), eighths(16, 8).astype("f2"), eighths(16, 8)
    p, q = eighths(128, 64).astype("f2"), eighths(64, 128).astype("f2")
    wide = lambda x: x.astype("f4")
    return {"A": a, "Bn": n, "Bk": k, "C": wide(c), "Rn": wide(c) + wide(a) @ wide(n).T, "Rk": wide(c) + wide(a) @ wide(k),
            "P": p, "Q": q, "D": wide(p) @ wide(q)}


def small():
    x = eighths(5000).astype("f4")
    sums = [sum(x[i] for i in range(5000) if i % 1024 // 256 == c) for c in range(4)]
    v = rng.integers(-(2**31), 2**31, 1000).astype("i4")
    v[::17] = 0
    quotient = lambda a, b: abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    wrap = lambda a, bits: (a + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)
    whole, real, cases = [], [], []
    for t in v.tolist():
        shifted = (t * 0x123456789ABCDEF & (2**64 - 1)) >> (t & 31)
        ones = (t & 0xFFFFFFFF).bit_count()
        zeros = 32 - ((t | 1) & 0xFFFFFFFF).bit_length()
        first = quotient(1000, t) if t else -1
        whole.append(wrap(first + shifted + ones + zeros + t - quotient(t, 7) * 7, 64))
        x0, r = np.float32(t & 15) * np.float32((1.5, 2.25, -0.5)[(t & 15) % 3]), np.float32(0)
        for i in range(5):
            r = np.float32(np.float64(r) * np.float64(x0) + i)
        real.append(float(r) + t / 3.0)
        cases.append(wrap([t * 3, t ^ 55, t - 9, ~t, t << 3, t >> 2, t * t, 7][t & 7], 32))
    total = wrap(sum(c for c in cases if c & 1), 32)
    bytes_ = rng.integers(0, 256, 3000).astype("u1")
    return {"x": x, "sums": np.array(sums, "f4"), "v": v, "whole": np.array(whole, "i8"), "real": np.array(real, "f8"),
            "cases": np.array(cases + [total], "i4"), "bytes": bytes_,
            "hist": np.bincount(bytes_ & 15, minlength=16).astype("i4")}


os.makedirs(sys.argv[1], exist_ok=True)
for kind in sys.argv[2:]:
    for name, array in globals()[kind]().items():
        np.save(os.path.join(sys.argv[1], f"{kind}-{name}.npy"), array)
