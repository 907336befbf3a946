# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the kernels of programs.cu through libaicfakecuda.so and compares with what Python says.

nvptx_programs.py LIBRARY DEVICE.ptx
"""

import ctypes
import sys

import numpy as np
from cuda import Device

M = 0xFFFFFFFF


def signed(v, bits=32):
    return (v & (2**bits - 1)) - ((v >> (bits - 1) & 1) << bits)


def structs(x):
    out = []
    for i, v in enumerate(x):
        a, b, c, d = signed(v, 8), float(v & 1023), [signed(v, 16), signed(v >> 8, 16), signed(i, 16)], v
        for k in range((v & 3) + 1):
            a, b, c, d = signed(a + 1, 8), b * 0.5, [signed(c[2] + i, 16), c[0], signed(c[1] * 2, 16)], d ^ k
        out.append(a + int(b * 16) * 3 + c[0] * 5 + c[1] * 7 + c[2] * 11 + d)
    return out


def locals_(x):
    out = []
    for v in x:
        data = sorted((v >> k * 4) * 37 & 255 for k in range(8))
        longs, shorts = [0] * 5, [0] * 4
        for k in range(5):
            longs[(k + v) % 2**32 % 5] = data[k] * 0x100000001 * (k + 1)
        for k in range(4):
            shorts[(k ^ v) & 3] = signed(data[7 - k] << 7, 16)
        total = 0
        for value in longs:
            total = total * 31 + value
        for value in shorts:
            total = total * 17 + value
        out.append((total ^ total >> 32) & M)
    return out


def variables(x):
    table, text = [3, 1, 4, 1, 5, 9, 2, 6], b"executor"
    return [table[v & 7] + text[v >> 3 & 7] * 256 + table[[2, 5][v >> 6 & 1] + (v >> 7 & 1)] * 65536 + 100 for v in x]


def machine(x):
    steps = [lambda v: v + 1, lambda v: v * 3, lambda v: v ^ 0x5555, lambda v: v >> 1, lambda v: ~v, lambda v: v << 3,
             lambda v: v // 7, lambda v: v % 1001, lambda v: v * v, lambda v: 0]
    out = []
    for v in x:
        k = 0
        while v > 4 and k < 40:
            v = steps[(v ^ k) % 10](v) & M
            if v == 77:
                break
            k += 1
            if v & 64:
                continue
            v = v + k & M
        out.append(v * 64 + k)
    return out


def warps(x):
    out = []
    for start in range(0, len(x), 32):
        w = x[start:start + 32]
        ballot = sum((v & 1) << i for i, v in enumerate(w))
        twos = sum((v >> 1 & 1) << i for i, v in enumerate(w[:20]))
        for i, v in enumerate(w):
            r = w[i + 3] if i + 3 < 32 else v
            r = r * 3 + (w[i - 5] if i >= 5 else v)
            r = r * 3 + w[i ^ 9]
            r = r * 3 + w[v & 31]
            r = r * 3 + w[(i & 24) | (i >> 2 & 7)]
            r = r * 3 + ballot
            r = r * 3 + (12345 in w) * 2 + all(u < 0xFFFF0000 for u in w)
            r = (r & M) ^ (twos if i < 20 else 0)
            out.append(r * 3 + sum(1 << k for k, u in enumerate(w) if u % 5 == v % 5))
    return out


def blocks(x):
    out = []
    for start in range(0, len(x), 128):
        b = x[start:start + 128]
        for t, v in enumerate(b):
            wide = (t & 3) + (sum(b[t & 3::4]) << 20)
            out.append(sum(b) + 3 * sum(u & 1 for u in b) + 5 * (3 in b) + 7 * (5 not in b) + (wide >> 16))
    return out


def atomics(x):
    s, n = [signed(v) for v in x], len(x)
    y = [sum(x), max(x), 0, max(*s, 0), min(*s, 0), 0, 0, 0, n % 1000, 0, 0, max(v % 12345 for v in x)]
    for v in x:
        y[6] |= v & 0xFF00
        y[7] ^= v
        y[9] = 999 if y[9] == 0 or y[9] > 999 else y[9] - 1
    y[10] = int(np.float32(sum(v & 255 for v in x)).view("u4"))
    total = sum(v << 8 for v in x)
    return [*y, total & M, total >> 32 & M, -sum(x)] + [0] * (n - 15)


def wide(x):
    out = []
    for start in range(0, len(x), 4):
        v = x[start:start + 4]
        a = sum(u << 32 * k for k, u in enumerate(v))
        b = a * (a | 1) + (a >> 37)
        out += [(b >> 32 * (3 - k) & M) + v[k] for k in range(4)]
    return out


def places(x):
    return [i % 96 * 64 + i % 96 % 32 + 1000000 for i in range(len(x))]


def main():
    device = Device(sys.argv[1])
    module = device.load(open(sys.argv[2], "rb").read())
    rng = np.random.default_rng(5)
    bad = 0
    launches = {"places": ((2, 3, 2), (4, 6, 4)), "wide": ((4, 1, 1), (32, 1, 1))}
    programs = [structs, locals_, variables, machine, warps, blocks, atomics, wide, places]
    for seed in (0, 1, 2):
        device.setting("AIC_FAKECUDA_SEED", str(seed))
        for program in programs:
            name = program.__name__.strip("_")
            grid, block = launches.get(name, ((8, 1, 1), (128, 1, 1)))
            n = 512 if name == "wide" else int(np.prod(grid) * np.prod(block))
            x = (rng.integers(0, 2**32, n, "u8") >> rng.integers(0, 32, n).astype("u8")).astype("u4")
            want = np.array([v & M for v in program([int(v) for v in x])], "u4")
            got = np.zeros(n, "u4")
            a, b = device.upload(x), device.upload(got)
            try:
                device.launch(module, name, grid, block, [a, b, ctypes.c_uint32(n)])
                device.download(got, b)
            except RuntimeError as problem:
                print(f"{name}: {problem}")
                bad += 1
                continue
            wrong = np.flatnonzero(got != want)
            if wrong.size:
                i, bad = wrong[0], bad + 1
                print(f"{name}: {wrong.size} of {n} differ: {i}: x={x[i]}: expected {want[i]:#x}, got {got[i]:#x}")
    print(f"{len(programs)} programs, {bad} wrong")
    return bad != 0


sys.exit(main())
