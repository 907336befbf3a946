#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints lib/Conversion/MathFunctions/Coefficients.h: minimax polynomials of the functions that kernels are made of.

Remez' algorithm in 300 bits, with mpmath (pip install mpmath), which nothing else here needs.
"""
import mpmath as m
from mpmath import cos, erf, erfc, exp, expm1, log, lu_solve, matrix, mp, mpf, pi, polyval, sqrt

mp.prec = 300


def fit(name, what, function, low, high, degree, digits, weight=lambda x: mpf(1)):
    """The polynomial whose weighted error on [low, high] oscillates between equal extremes, lowest degree first."""
    low, high, count = mpf(low), mpf(high), degree + 2
    chebyshev = lambda i, n: (low + high) / 2 - (high - low) / 2 * cos(pi * mpf(i) / n)
    points = [chebyshev(i, degree + 1) for i in range(count)]
    for _ in range(12):
        system, values = matrix(count, count), matrix(count, 1)
        for i, x in enumerate(points):
            for j in range(degree + 1):
                system[i, j] = x**j
            system[i, degree + 1], values[i] = (-1)**i / weight(x), function(x)
        coefficients = list(lu_solve(system, values))[:degree + 1]
        grid = [chebyshev(i, 24 * count) for i in range(24 * count + 1)]
        errors = [(polyval(coefficients[::-1], x) - function(x)) * weight(x) for x in grid]
        runs = [[0]]
        for i in range(1, len(grid)):
            if (errors[i] > 0) == (errors[runs[-1][-1]] > 0):
                runs[-1].append(i)
            else:
                runs.append([i])
        extremes = [max(run, key=lambda i: abs(errors[i])) for run in runs]
        worst = max(map(abs, errors))
        if len(extremes) < count:
            break
        while len(extremes) > count:
            extremes.pop(0 if abs(errors[extremes[0]]) < abs(errors[extremes[-1]]) else -1)
        points = [grid[i] for i in extremes]
        if worst < mpf("1.02") * min(abs(errors[i]) for i in extremes):
            break
    print(f"/// {what} on [{m.nstr(low, 4)}, {m.nstr(high, 4)}], error {m.nstr(worst, 2)}.")
    print(f"constexpr double {name}[] = {{{', '.join(m.nstr(c, digits) for c in coefficients)}}};")


def away_from_zero(function, epsilon=mpf(10)**-20):
    return lambda x: function(x if abs(x) >= epsilon else epsilon)


def odd_rest(function):
    """(f(x) - x) / x^3 as a function of x^2."""
    return away_from_zero(lambda z: (function(sqrt(z)) - sqrt(z)) / sqrt(z)**3, mpf(10)**-16)


print("""// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Coefficients.h - Polynomials of functions --------------------------===//
//
// Written by utils/fit_device_math.py. Minimax polynomials, lowest degree first. The error is relative to the function
// that the polynomial is a part of, before rounding. F: for f32, D: for f64.
//
//===----------------------------------------------------------------------===//
// clang-format off
#ifndef AIC_LIB_CONVERSION_MATHFUNCTIONS_COEFFICIENTS_H
#define AIC_LIB_CONVERSION_MATHFUNCTIONS_COEFFICIENTS_H

namespace mlir::aic::coefficients {""")
half = log(2) / 2 * mpf("1.01")
quarter = (pi / 4 * mpf("1.01"))**2
F, D = 10, 20
fit("logF", "(ln(1 + f) - f) / f^2", away_from_zero(lambda f: (log(1 + f) - f) / f**2), sqrt(mpf(0.5)) - 1 - mpf("0.002"),
    sqrt(mpf(2)) - 1 + mpf("0.002"), 8, F, lambda f: max(abs(f), mpf("1e-3")))
ratio = ((sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1))**2 * mpf("1.02")
artanh = away_from_zero(lambda z: (log((1 + sqrt(z)) / (1 - sqrt(z))) - 2 * sqrt(z)) / sqrt(z)**3, mpf(10)**-16)
fit("artanhF", "(ln((1 + s) / (1 - s)) - 2 s) / s^3 in s^2", artanh, 0, ratio, 3, F)
fit("artanhD", "(ln((1 + s) / (1 - s)) - 2 s) / s^3 in s^2", artanh, 0, ratio, 7, D)
rest = away_from_zero(lambda r: (expm1(r) - r) / r**2)
fit("expF", "(e^r - 1 - r) / r^2", rest, -half, half, 5, F)
fit("expD", "(e^r - 1 - r) / r^2", rest, -half, half, 10, D)
power = away_from_zero(lambda r: expm1(r * log(2)) / r)
fit("exp2F", "(2^r - 1) / r", power, mpf("-0.505"), mpf("0.505"), 6, F)
fit("exp2D", "(2^r - 1) / r", power, mpf("-0.505"), mpf("0.505"), 12, D)
cosine = away_from_zero(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, mpf(10)**-16)
fit("sinF", "(sin r - r) / r^3 in r^2", odd_rest(m.sin), 0, quarter, 3, F)
fit("sinD", "(sin r - r) / r^3 in r^2", odd_rest(m.sin), 0, quarter, 7, D)
fit("cosF", "(cos r - 1 + r^2 / 2) / r^4 in r^2", cosine, 0, quarter, 2, F)
fit("cosD", "(cos r - 1 + r^2 / 2) / r^4 in r^2", cosine, 0, quarter, 6, D)
fit("atanF", "(atan x - x) / x^3 in x^2", odd_rest(m.atan), 0, 1, 8, F)
fit("atanD", "(atan x - x) / x^3 in x^2", odd_rest(m.atan), 0, 1, 19, D)
fit("asinF", "(asin x - x) / x^3 in x^2", odd_rest(m.asin), 0, mpf("0.2501"), 5, F)
fit("asinD", "(asin x - x) / x^3 in x^2", odd_rest(m.asin), 0, mpf("0.2501"), 12, D)
fit("tanhF", "(tanh x - x) / x^3 in x^2", odd_rest(m.tanh), 0, mpf("0.36"), 5, F)
error = away_from_zero(lambda z: erf(sqrt(z)) / sqrt(z), mpf(10)**-16)
fit("erfF", "erf x / x in x^2", error, 0, 1, 6, F)
fit("erfD", "erf x / x in x^2", error, 0, 1, 12, D)
fit("erfTailF", "-ln(erfc x)", lambda x: -log(erfc(x)), mpf("0.99"), 4, 8, F, lambda x: erfc(x) / erf(x))


def scaled_erfc(t):
    x = 3 * (1 + t) / (1 - t)
    return exp(x * x) * erfc(x) * (1 + 2 * x)


fit("erfcF", "(1 + 2 x) e^(x^2) erfc x in (x - 3) / (x + 3)", scaled_erfc, mpf(-0.5), mpf("7.5") / mpf("13.5"), 9, F)
fit("erfcD", "(1 + 2 x) e^(x^2) erfc x in (x - 3) / (x + 3)", scaled_erfc, mpf(-0.5), mpf(25) / 31, 19, D)
print("""
} // namespace mlir::aic::coefficients

#endif // AIC_LIB_CONVERSION_MATHFUNCTIONS_COEFFICIENTS_H""")
