// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element types of matrices by their bits, decoded here from their definition, and how far a sum of products may be
// from the exact one: the order of accumulation is not specified, that it is at least as good as f32 is.
#ifndef AIC_UNITTESTS_PTX_MATRIXTEST_H
#define AIC_UNITTESTS_PTX_MATRIXTEST_H

#include "aic/PTX/Executor.h"
#include <cmath>
#include <cstring>
#include <random>

namespace aic::ptx::test {

struct Element {
  const char *name;
  unsigned bits, exponent, mantissa; // exponent 0: an integer
  bool isSigned = false;
  unsigned ignored = 0; // low bits that do not count: tf32 is the upper 19 bits of an f32
};

const Element f16{"f16", 16, 5, 10}, bf16{"bf16", 16, 8, 7}, tf32{"tf32", 32, 8, 10, false, 13}, e4m3{"e4m3", 8, 4, 3},
    e5m2{"e5m2", 8, 5, 2}, s8{"s8", 8, 0, 0, true}, u8{"u8", 8, 0, 0}, f32{"f32", 32, 8, 23}, f64{"f64", 64, 11, 52},
    s32{"s32", 32, 0, 0, true};

inline long double decode(const Element &e, uint64_t bits) {
  if (!e.exponent)
    return e.isSigned ? (long double)(int64_t(bits << (64 - e.bits)) >> (64 - e.bits)) : (long double)bits;
  bits >>= e.ignored;
  uint64_t fraction = bits & ((uint64_t(1) << e.mantissa) - 1);
  int power = int(bits >> e.mantissa & ((1u << e.exponent) - 1)), bias = (1 << (e.exponent - 1)) - 1;
  long double value =
      power ? std::ldexp((long double)(fraction | uint64_t(1) << e.mantissa), power - bias - int(e.mantissa))
            : std::ldexp((long double)fraction, 1 - bias - int(e.mantissa));
  return bits >> (e.mantissa + e.exponent) & 1 ? -value : value;
}

/// A finite value of magnitude below 2^(range + 1) with a full mantissa, subnormals among them where range reaches
/// down to them; any integer.
inline uint64_t draw(const Element &e, std::mt19937_64 &rng, int range) {
  if (!e.exponent)
    return rng() & (e.bits == 64 ? ~uint64_t(0) : (uint64_t(1) << e.bits) - 1);
  int bias = (1 << (e.exponent - 1)) - 1, power = bias + int(rng() % (2 * range + 1)) - range;
  uint64_t sign = rng() & 1, fraction = rng() & ((uint64_t(1) << e.mantissa) - 1);
  power = power < 0 ? 0 : power;
  return ((sign << e.exponent | uint64_t(power)) << e.mantissa | fraction) << e.ignored |
         (rng() & ((uint64_t(1) << e.ignored) - 1));
}

/// The distance between neighbours at `value`.
inline long double ulp(const Element &e, long double value) {
  int least = 2 - (1 << (e.exponent - 1)), power;
  std::frexp(value, &power);
  return std::ldexp(1.0L, std::max(power - 1, least) - int(e.mantissa));
}

/// One element of D = A B + C: the exact sum and what its terms add up to without their signs.
struct Sum {
  long double exact = 0, magnitude = 0;
  unsigned terms = 0;
  void start(long double c) { exact = c, magnitude = std::fabs(c), terms = 0; }
  void add(long double a, long double b) { exact += a * b, magnitude += std::fabs(a * b), ++terms; }
  /// Each of the terms may round once, in `wide`, by half an ulp of at most the magnitude; then the result, to `d`.
  long double bound(const Element &wide, const Element &d) const {
    long double sum = terms * ulp(wide, magnitude * 1.000001L) / 2;
    return d.bits == wide.bits ? sum : sum + ulp(d, std::fabs(exact) + sum) / 2;
  }
};

} // namespace aic::ptx::test

#endif // AIC_UNITTESTS_PTX_MATRIXTEST_H
