# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Errors of the functions that aic-gpu-lower-math writes, and every conversion, on the PTX executor."""
from __future__ import annotations

import math
import pathlib
import re
from fractions import Fraction

import numpy as np
import pytest

from nvptx_device import Elementwise, compile_text

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RNG = np.random.default_rng(3)
TYPES = {"f32": np.float32, "f64": np.float64}
ROWS = re.findall(r"^\| (\w+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", (ROOT / "docs/NVIDIA/Math.md").read_text(), re.M)
BOUNDS = {name: {"f32": float(a), "worst": float(b), "f64": float(c)} for name, a, b, c in ROWS}
SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1, -1, 0.5, -0.5, 2, -2, 1e-45, 3e38, -3e38])


def each(function):
    return np.vectorize(function, otypes=[np.float64])


REFERENCE = {
    "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "log": np.log, "log2": np.log2, "log10": np.log10,
    "log1p": np.log1p, "powf": np.power, "sqrt": np.sqrt, "rsqrt": lambda x: 1 / np.sqrt(x), "cbrt": np.cbrt,
    "tanh": np.tanh, "sinh": np.sinh, "cosh": np.cosh, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "erf": each(math.erf), "erfc": each(math.erfc), "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin,
    "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2,
}
BINARY = {"powf", "atan2"}


def spread(low: float, high: float, count: int = 700) -> np.ndarray:
    """Both signs, evenly on a logarithmic scale."""
    x = np.exp(np.linspace(np.log(low), np.log(high), count))
    return np.concatenate([x, -x])


def arguments(name: str, kind: str) -> list[np.ndarray]:
    wide = kind == "f64"
    tiny, huge = (1e-320, 1.7e308) if wide else (1e-44, 3.3e38)
    near = np.linspace(-4, 4, 1500)
    if name in BINARY:
        if name == "atan2":
            return [RNG.normal(size=2000) * np.exp(RNG.uniform(-40, 40, 2000)) for _ in range(2)]
        base = np.concatenate([np.exp(RNG.uniform(-40, 40, 1200)), RNG.uniform(0.5, 2, 1200), RNG.uniform(-5, -1, 200),
                               1 + RNG.uniform(-1e-3, 1e-3, 400)])
        exponent = np.concatenate([RNG.uniform(-2, 2, 1200), RNG.uniform(-80, 80, 1200), RNG.integers(-9, 9, 200),
                                   RNG.uniform(-2e4, 2e4, 400)])
        return [base, exponent]
    ends = {"exp": (-750, 710) if wide else (-105, 89), "exp2": (-1080, 1025) if wide else (-150, 129),
            "expm1": (-60, 710) if wide else (-30, 89), "sinh": (-711, 711) if wide else (-90, 90),
            "cosh": (-711, 711) if wide else (-90, 90)}
    parts = [near, spread(tiny, huge)]
    if name in ends:
        parts = [near, np.linspace(*ends[name], 2000), spread(tiny, 1)]
    elif name in ("sin", "cos", "tan"):
        parts += [np.linspace(-300, 300, 2000), np.arange(1, 2000) * np.pi / 2]
    elif name in ("asin", "acos", "atanh"):
        parts = [np.linspace(-1, 1, 2500), spread(tiny, 1)]
    elif name.startswith("log"):
        parts += [np.linspace(0.5, 2, 1500), np.linspace(-1, 0, 300)]
    elif name == "acosh":
        parts += [1 + np.abs(spread(1e-12, 10))]
    return [np.concatenate(parts)]


def errors(got: np.ndarray, want: np.ndarray, kind: str) -> np.ndarray:
    """In units in the last place; 0 where the reference is no finite number of the type."""
    info = np.finfo(TYPES[kind])
    size = np.maximum(np.abs(want), np.longdouble(info.tiny))
    unit = np.exp2(np.floor(np.log2(size)).astype(np.longdouble)) * np.longdouble(info.eps)
    with np.errstate(invalid="ignore"):
        ulps = np.abs(got.astype(np.longdouble) - want) / unit
    finite = np.isfinite(want) & (np.abs(want) <= np.longdouble(info.max))
    return np.where(finite, np.where(np.isfinite(got), ulps, np.inf), 0).astype(np.float64)


def same_special(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """NaN, infinities and zeros with their sign as they should be; other numbers nearly so."""
    with np.errstate(invalid="ignore", over="ignore"):
        close = np.abs(got - want) <= 1e-3 * np.abs(want)
    exact = (got == want) & (np.signbit(got) == np.signbit(want))
    return (np.isnan(got) & np.isnan(want)) | exact | (np.isfinite(want) & (want != 0) & close)


@pytest.fixture(scope="module")
def functions(tmp_path_factory) -> tuple[pathlib.Path, dict[str, Elementwise]]:
    kernels = {}
    for name in BOUNDS:
        operands = "%v0, %v1" if name in BINARY else "%v0"
        for kind in TYPES:
            kernels[f"{name}_{kind}"] = Elementwise(f"{name}_{kind}", [kind] * (2 if name in BINARY else 1), [kind],
                                                    f"%r0 = math.{name} {operands} : {kind}")
    for kind in TYPES:
        kernels[f"remf_{kind}"] = Elementwise(f"remf_{kind}", [kind] * 2, [kind], f"%r0 = arith.remf %v0, %v1 : {kind}")
        kernels[f"fpowi_{kind}"] = Elementwise(f"fpowi_{kind}", [kind, "i32"], [kind],
                                               f"%r0 = math.fpowi %v0, %v1 : {kind}, i32")
    kernels["ipowi"] = Elementwise("ipowi", ["i64", "i64"], ["i64"], "%r0 = math.ipowi %v0, %v1 : i64")
    for kind in ("f16", "bf16"):
        body = f"%r0 = math.tanh %v0 : {kind}\n%r1 = math.exp %v0 : {kind}\n%r2 = math.round %v0 : {kind}"
        kernels[kind] = Elementwise(kind, [kind], [kind] * 3, body)
    folder = tmp_path_factory.mktemp("functions")
    return compile_text("".join(k.mlir() for k in kernels.values()), folder), kernels


def test_every_function_has_a_bound():
    assert set(BOUNDS) == set(REFERENCE)


@pytest.mark.parametrize("kind", ["f32", "worst", "f64"])
@pytest.mark.parametrize("name", BOUNDS)
@np.errstate(all="ignore")
def test_error(functions, name, kind):
    ptx, kernels = functions
    element = "f64" if kind == "f64" else "f32"
    kernel = kernels[f"{name}_{element}"]
    numbers = [x.astype(TYPES[element]) for x in arguments(name, element)]
    special = SPECIAL.astype(TYPES[element])
    pairs = np.meshgrid(special, special) if name in BINARY else [special]
    inputs = [np.concatenate([x, p.ravel()]) for x, p in zip(numbers, pairs)]
    [result] = kernel.run(ptx, inputs, *(["--approx=worst"] if kind == "worst" else []))
    count = numbers[0].size
    wide = np.float64 if name.startswith("erf") or element == "f32" else np.longdouble
    ulps = errors(result[:count], REFERENCE[name](*[x.astype(wide) for x in numbers]), element)
    worst = int(np.argmax(ulps))
    assert ulps[worst] <= BOUNDS[name][kind], [x[worst] for x in numbers]
    want = REFERENCE[name](*[p.ravel().astype(np.float64) for p in pairs]).astype(TYPES[element])
    good = same_special(result[count:], want)
    assert good.all(), [(*[p.ravel()[i] for p in pairs], result[count + i], want[i]) for i in np.flatnonzero(~good)]


@pytest.mark.parametrize("kind", TYPES)
@np.errstate(all="ignore")
def test_remainder_is_exact(functions, kind):
    ptx, kernels = functions
    special = np.meshgrid(SPECIAL, SPECIAL)
    x = np.concatenate([RNG.normal(size=2000) * 1e3, spread(1e-30, 1e30, 300), special[0].ravel()]).astype(TYPES[kind])
    y = np.concatenate([RNG.normal(size=2000), RNG.permutation(spread(1e-30, 1e30, 300)), special[1].ravel()])
    y = y.astype(TYPES[kind])
    [result] = kernels[f"remf_{kind}"].run(ptx, [x, y])
    want = np.fmod(x, y)
    good = (np.isnan(result) & np.isnan(want)) | ((result == want) & (np.signbit(result) == np.signbit(want)))
    assert good.all(), (x[~good], y[~good], result[~good], want[~good])


@np.errstate(all="ignore")
def test_powers_of_integers(functions):
    ptx, kernels = functions
    base, exponent = (a.ravel() for a in np.meshgrid(np.arange(-9, 10), np.arange(-4, 24)))
    [result] = kernels["ipowi"].run(ptx, [base, exponent])
    integer = lambda b, e: (b**e + 2**63) % 2**64 - 2**63 if e >= 0 else {1: 1, -1: (-1)**(e % 2)}.get(b, 0)
    assert result.tolist() == [integer(int(b), int(e)) for b, e in zip(base, exponent)]
    for kind in TYPES:
        [result] = kernels[f"fpowi_{kind}"].run(ptx, [base, exponent])
        want = np.power(base.astype(np.float64), exponent).astype(TYPES[kind])
        assert np.allclose(result, want, rtol=1e-6 if kind == "f32" else 1e-14, equal_nan=True)


def to_bf16(x: np.ndarray) -> np.ndarray:
    """Bits, rounded to nearest even; x is a float32."""
    bits = x.view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(x), np.uint16(0x7fff), rounded)


def from_bf16(bits: np.ndarray) -> np.ndarray:
    return (bits.astype(np.uint32) << 16).view(np.float32)


@pytest.mark.parametrize("kind", ["f16", "bf16"])
@np.errstate(all="ignore")
def test_narrow_types_are_rounded_once(functions, kind):
    ptx, kernels = functions
    narrow = (lambda x: to_bf16(x.astype(np.float32))) if kind == "bf16" else (lambda x: x.astype(np.float16))
    widen = from_bf16 if kind == "bf16" else (lambda x: x.astype(np.float32))
    x = narrow(np.concatenate([np.linspace(-10, 10, 1501), spread(1e-6, 100, 300)]))
    results = kernels[kind].run(ptx, [x])
    half_away = lambda v: np.copysign(np.floor(np.abs(v) + 0.5), v)
    for result, function in zip(results, [np.tanh, np.exp, half_away]):
        want = function(widen(x).astype(np.float64))
        # Correctly rounded but for ties that the error in f32 turns over.
        step = 2.0**-7 if kind == "bf16" else 2.0**-10
        close = np.abs(widen(result) - want) <= 0.51 * step * np.maximum(np.abs(want), 6.1e-5)
        assert (close | (widen(result) == widen(narrow(want)))).all()


FLOATS, INTEGERS = ["f16", "bf16", "f32", "f64"], ["i8", "i16", "i32", "i64"]


def width(kind: str) -> int:
    return int(kind.lstrip("bfi"))


def conversion(source: str, to: str, unsigned: bool, i: int) -> str:
    """%r{i} of type `to` from %v0 of type `source`."""
    if source == to:
        return f"%c{i} = arith.constant true\n%r{i} = arith.select %c{i}, %v0, %v0 : {to}\n"
    if source in FLOATS and to in FLOATS:
        if width(source) == width(to):
            return f"%w{i} = arith.extf %v0 : {source} to f32\n%r{i} = arith.truncf %w{i} : f32 to {to}\n"
        op = "extf" if width(source) < width(to) else "truncf"
    elif source in FLOATS:
        op = "fptoui" if unsigned else "fptosi"
    elif to in FLOATS:
        op = "uitofp" if unsigned else "sitofp"
    elif width(source) < width(to):
        op = "extui" if unsigned else "extsi"
    else:
        op = "trunci"
    return f"%r{i} = arith.{op} %v0 : {source} to {to}\n"


def round_to(value: int | float, kind: str) -> float:
    """A Python number rounded once to the type."""
    bits, lowest = {"f16": (11, -24), "bf16": (8, -133), "f32": (24, -149), "f64": (53, -1074)}[kind]
    if value == 0 or math.isinf(value):
        return float(value)
    exponent = max((abs(value).bit_length() if isinstance(value, int) else math.frexp(value)[1]) - bits, lowest)
    units = round(Fraction(value) / Fraction(2)**exponent)  # ties to even
    rounded = units * Fraction(2)**exponent
    largest = {"f16": 65504, "bf16": 3.3895313892515355e38, "f32": 3.4028234663852886e38, "f64": 1.7976931348623157e308}[kind]
    return math.copysign(math.inf, value) if abs(rounded) > largest else float(rounded)


@pytest.fixture(scope="module")
def conversions(tmp_path_factory) -> tuple[pathlib.Path, dict[tuple[str, bool], Elementwise]]:
    kernels = {}
    for unsigned in (False, True):
        for source in FLOATS + INTEGERS:
            body = "".join(conversion(source, to, unsigned, i) for i, to in enumerate(FLOATS + INTEGERS))
            kernels[source, unsigned] = Elementwise(f"from_{source}_{int(unsigned)}", [source], FLOATS + INTEGERS, body)
    return compile_text("".join(k.mlir() for k in kernels.values()), tmp_path_factory.mktemp("conversions")), kernels


@pytest.mark.parametrize("unsigned", [False, True])
@pytest.mark.parametrize("source", FLOATS + INTEGERS)
@np.errstate(all="ignore")
def test_conversions(conversions, source, unsigned):
    """Every pair of types, on values that both can hold (integers wrap, floating-point numbers round)."""
    ptx, kernels = conversions
    if source in FLOATS:
        values = np.concatenate([RNG.normal(size=300) * 40, RNG.uniform(0, 120, 100), np.arange(-64, 64) / 4])
        values = np.abs(values) if unsigned else values
        raw = {"bf16": lambda x: to_bf16(x.astype(np.float32)), "f16": lambda x: x.astype(np.float16),
               "f32": lambda x: x.astype(np.float32), "f64": lambda x: x}[source](values)
        exact = (from_bf16(raw) if source == "bf16" else raw).astype(np.float64).tolist()
    else:
        info = np.iinfo(np.dtype(f"i{width(source) // 8}"))
        raw = np.concatenate([RNG.integers(info.min, info.max, 300, endpoint=True, dtype=info.dtype),
                              np.array([info.min, info.max, 0, 1, -1], info.dtype)])
        exact = [int(x) % 2**width(source) if unsigned else int(x) for x in raw]
    for to, result in zip(FLOATS + INTEGERS, kernels[source, unsigned].run(ptx, [raw])):
        if to in FLOATS:
            got = (from_bf16(result) if to == "bf16" else result).astype(np.float64)
            want = np.array([round_to(x, to) for x in exact])
            assert np.array_equal(got, want), (to, [(e, g, w) for e, g, w in zip(exact, got, want) if g != w][:5])
        else:
            bits = 2**width(to)
            want = [int(x) % bits for x in exact]
            assert [int(x) % bits for x in result] == want, to
