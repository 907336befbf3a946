/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Conversions that LLVM calls on CPUs without F16C or AVX512-BF16. */
#include <stdint.h>
#include <string.h>

static uint32_t bits(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  return u;
}

static float from_bits(uint32_t u) {
  float f;
  memcpy(&f, &u, 4);
  return f;
}

static _Float16 half_from_bits(uint16_t u) {
  _Float16 h;
  memcpy(&h, &u, 2);
  return h;
}

float __extendhfsf2(_Float16 value) {
  uint16_t h;
  memcpy(&h, &value, 2);
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, magnitude = (uint32_t)(h & 0x7fff);
  if (magnitude >= 0x7c00) /* infinity, NaN */
    return from_bits(sign | 0x7f800000u | (magnitude & 0x3ff) << 13);
  if (magnitude >= 0x400)
    return from_bits(sign | ((magnitude << 13) + 0x38000000u));
  float f = (float)magnitude * 0x1p-24f; /* subnormal */
  return sign ? -f : f;
}

_Float16 __truncsfhf2(float f) {
  uint32_t u = bits(f), magnitude = u & 0x7fffffff;
  uint16_t sign = (uint16_t)(u >> 16 & 0x8000);
  if (magnitude > 0x7f800000u)
    return half_from_bits(sign | 0x7e00 | (uint16_t)(magnitude >> 13 & 0x1ff));
  if (magnitude >= 0x477ff000u)
    return half_from_bits(sign | 0x7c00);
  if (magnitude < 0x38800000u) { /* the result is subnormal: let the float unit round */
    float scaled = from_bits(magnitude) + 0.5f;
    return half_from_bits(sign | (uint16_t)(bits(scaled) - bits(0.5f)));
  }
  uint32_t odd = magnitude >> 13 & 1;
  return half_from_bits(sign | (uint16_t)((magnitude - 0x38000000u + 0xfff + odd) >> 13));
}

_Float16 __truncdfhf2(double d) {
  float f = (float)d; /* round to odd, so that the second rounding is right */
  double back = f;
  if (back != d && d == d) {
    uint32_t u = bits(f);
    if ((u & 1) == 0) {
      int away = (d > back) == (d > 0);
      u = away ? u + 1 : u - 1;
    }
    f = from_bits(u);
  }
  return __truncsfhf2(f);
}

__bf16 __truncsfbf2(float f) {
  uint32_t u = bits(f);
  uint16_t b = (uint16_t)(u >> 16);
  if ((u & 0x7fffffff) > 0x7f800000u)
    b |= 0x40;
  else
    b = (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
  __bf16 result;
  memcpy(&result, &b, 2);
  return result;
}

__bf16 __truncdfbf2(double d) { return __truncsfbf2((float)d); }
