// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One kernel for each scalar operation that LLVM's NVPTX backend turns into instructions of their own. The file is
// compiled twice: for the device, where OP makes a kernel, and for the host, where it makes the loop that says what the
// kernel must give. nvptx_ops.py reads the list of operations from the text and runs them all.
//   OP(name, types of x, y, z, type of the result, expression)
typedef _Float16 f16;
typedef __bf16 bf16;
typedef float f32;
typedef double f64;
typedef signed char i8;
typedef short i16;
typedef int i32;
typedef long long i64;
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned u32;
typedef unsigned long long u64;

#ifdef __CUDA__
#define FN __attribute__((device))
#define OP(name, A, B, C, R, ...)                                                                                      \
  extern "C" __attribute__((global)) void name(const A *a, const B *b, const C *c, R *r, int n) {                      \
    int i = __nvvm_read_ptx_sreg_ctaid_x() * 128 + __nvvm_read_ptx_sreg_tid_x();                                       \
    if (i >= n)                                                                                                        \
      return;                                                                                                          \
    A x = a[i];                                                                                                        \
    B y = b[i];                                                                                                        \
    C z = c[i];                                                                                                        \
    (void)x, (void)y, (void)z;                                                                                         \
    r[i] = (R)(__VA_ARGS__);                                                                                           \
  }
#define DEVICE(device, host) (device)
#else
#define FN static
#define OP(name, A, B, C, R, ...)                                                                                      \
  extern "C" void name(const A *a, const B *b, const C *c, R *r, int n) {                                              \
    for (int i = 0; i < n; ++i) {                                                                                      \
      A x = a[i];                                                                                                      \
      B y = b[i];                                                                                                      \
      C z = c[i];                                                                                                      \
      (void)x, (void)y, (void)z;                                                                                       \
      r[i] = (R)(__VA_ARGS__);                                                                                         \
    }                                                                                                                  \
  }
#define DEVICE(device, host) (host)
// Older libraries of the compiler lack these two. The result is in the low half of a vector register, as a float's is.
extern "C" f32 truncateFloat(f32 x) __asm__("__truncsfbf2");
extern "C" f32 truncateFloat(f32 x) {
  u32 bits = __builtin_bit_cast(u32, x);
  return __builtin_bit_cast(f32, x != x ? 0x7fffu : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
extern "C" f32 truncateDouble(f64 x) __asm__("__truncdfbf2");
extern "C" f32 truncateDouble(f64 x) { // rounded to odd first: then the second rounding is right
  f32 y = f32(x);
  u32 bits = __builtin_bit_cast(u32, y);
  if (f64(y) != x && x == x && !__builtin_isinf(y) && !(bits & 1))
    bits += (f64(y) < x) == (x > 0) ? 1 : -1u;
  return truncateFloat(__builtin_bit_cast(f32, bits));
}
#endif

// What the language leaves undefined gets a value.
template <class T> FN T over(T x, T y) { return y == 0 || y == T(-1) ? T(7) : T(x / y); }
template <class T> FN T rest(T x, T y) { return y == 0 || y == T(-1) ? T(7) : T(x % y); }
template <class R, class T> FN R clip(T x, T low, T high) { return R(x >= low ? x <= high ? x : high : low); }
FN bool isNan(f64 x) { return x != x; }
template <class R> FN R saturate(f64 x, f64 low, f64 high, R most, R nan) { // as cvt.rzi does; `high` is beyond R
  return isNan(x) ? nan : x <= low ? R(low) : x >= high ? most : R(x);
}
FN f32 addDown(f32 x, f32 y) {
  f64 s = f64(x) + y, back = s - x, error = (x - (s - back)) + (y - back);
  f32 t = s;
  if (t == 0 && error == 0)
    return __builtin_signbit(x) || __builtin_signbit(y) ? -0.0f : 0.0f;
  return f64(t) > s || (f64(t) == s && error < 0) ? __builtin_nextafterf(t, -__builtin_inff()) : t;
}

// Integers
#define INTEGER(T, U, bits)                                                                                            \
  OP(add_##T, T, T, T, T, x + y)                                                                                       \
  OP(sub_##T, T, T, T, T, x - y)                                                                                       \
  OP(mul_##T, T, T, T, T, (U)x *(U)y)                                                                                  \
  OP(mad_##T, T, T, T, T, (U)x *(U)y + (U)z)                                                                           \
  OP(div_##T, T, T, T, T, over<T>(x, y))                                                                               \
  OP(rem_##T, T, T, T, T, rest<T>(x, y))                                                                               \
  OP(div7_##T, T, T, T, T, x / 7)                                                                                      \
  OP(rem10_##T, T, T, T, T, x % 10)                                                                                    \
  OP(and_##T, T, T, T, T, x &y)                                                                                        \
  OP(or_##T, T, T, T, T, x | ~y)                                                                                       \
  OP(xor_##T, T, T, T, T, x ^ y ^ z)                                                                                   \
  OP(shl_##T, T, T, T, T, (U)x << (y & (bits - 1)))                                                                    \
  OP(shr_##T, T, T, T, T, x >> (y & (bits - 1)))                                                                       \
  OP(min_##T, T, T, T, T, x < y ? x : y)                                                                               \
  OP(max_##T, T, T, T, T, x > y ? x : y)                                                                               \
  OP(neg_##T, T, T, T, T, U(0) - (U)x)                                                                                 \
  OP(select_##T, T, T, T, T, x > y ? z : T(3))                                                                         \
  OP(compare_##T, T, T, T, u8, (x < y) + 2 * (x <= y) + 4 * (x == y) + 8 * (x != y) + 16 * (x > y) + 32 * (x >= y))    \
  OP(both_##T, T, T, T, i32, (x < y && y < z) || (x == y && z != 0) ? 5 : -5)                                          \
  OP(addsat_##T, T, T, T, T, __builtin_elementwise_add_sat(x, y))                                                      \
  OP(subsat_##T, T, T, T, T, __builtin_elementwise_sub_sat(x, y))                                                      \
  OP(popcount_##T, T, T, T, T, __builtin_elementwise_popcount(x))                                                      \
  OP(reverse_##T, T, T, T, T, __builtin_elementwise_bitreverse(x))                                                     \
  OP(leading_##T, T, T, T, i32, __builtin_clzg((U)x, int(bits)))                                                       \
  OP(trailing_##T, T, T, T, i32, __builtin_ctzg((U)x, int(bits)))                                                      \
  OP(funnel_##T, T, T, T, T, __builtin_elementwise_fshl((U)x, (U)y, (U)z))                                             \
  OP(funnelr_##T, T, T, T, T, __builtin_elementwise_fshr((U)x, (U)y, (U)z))                                            \
  OP(field_##T, T, T, T, T, (x >> 3) & 15)                                                                             \
  OP(insert_##T, T, T, T, T, ((U)x & ~U(0x3c)) | (((U)y & 15) << 2))                                                   \
  OP(overflow_##T, T, T, T, u8, ({                                                                                     \
       T w;                                                                                                            \
       __builtin_mul_overflow(x, y, &w);                                                                               \
     }))                                                                                                               \
  OP(overflowadd_##T, T, T, T, u8, ({                                                                                  \
       T w;                                                                                                            \
       __builtin_add_overflow(x, y, &w);                                                                               \
     }))                                                                                                               \
  OP(i8_from_##T, T, T, T, i8, x)                                                                                      \
  OP(u8_from_##T, T, T, T, u8, x)                                                                                      \
  OP(i16_from_##T, T, T, T, i16, x)                                                                                    \
  OP(u16_from_##T, T, T, T, u16, x)                                                                                    \
  OP(i32_from_##T, T, T, T, i32, x)                                                                                    \
  OP(i64_from_##T, T, T, T, i64, x)                                                                                    \
  OP(u64_from_##T, T, T, T, u64, x)                                                                                    \
  OP(f32_from_##T, T, T, T, f32, x)                                                                                    \
  OP(f64_from_##T, T, T, T, f64, x)                                                                                    \
  OP(truth_##T, T, T, T, u8, (x != 0) ^ (y != 0))
INTEGER(i8, u8, 8)
INTEGER(u8, u8, 8)
INTEGER(i16, u16, 16)
INTEGER(u16, u16, 16)
INTEGER(i32, u32, 32)
INTEGER(u32, u32, 32)
INTEGER(i64, u64, 64)
INTEGER(u64, u64, 64)
OP(mul_i16w, i16, i16, i16, i16, (u32)x *(u32)y)
OP(wide_i16, i16, i16, i32, i32, i32(x) * i32(y) + (z >> 2))
OP(wide_u16, u16, u16, u32, u32, u32(x) * u32(y))
OP(wide_i32, i32, i32, i64, i64, i64(x) * i64(y) + (z >> 2))
OP(wide_u32, u32, u32, u64, u64, u64(x) * u64(y) + z)
OP(high_i32, i32, i32, i32, i32, (i64(x) * y) >> 32)
OP(high_u32, u32, u32, u32, u32, (u64(x) * y) >> 32)
OP(high_i64, i64, i64, i64, i64, (__int128(x) * y) >> 64)
OP(high_u64, u64, u64, u64, u64, ((unsigned __int128)x * y) >> 64)
OP(add128, u64, u64, u64, u64, (((unsigned __int128)x << 64 | y) + ((unsigned __int128)z << 64 | x)) >> 60)
OP(sub128, u64, u64, u64, u64, (((unsigned __int128)x << 64 | y) - ((unsigned __int128)z << 64 | x)) >> 60)
OP(shift128, u64, u64, u64, u64, ((unsigned __int128)x << 64 | y) >> (z & 127))
OP(abs_i32, i32, i32, i32, i32, __builtin_elementwise_abs(x))
OP(abs_i64, i64, i64, i64, i64, __builtin_elementwise_abs(x))
OP(abs_i16, i16, i16, i16, i16, __builtin_elementwise_abs(x))
OP(swap_u16, u16, u16, u16, u16, __builtin_bswap16(x))
OP(swap_u32, u32, u32, u32, u32, __builtin_bswap32(x))
OP(swap_u64, u64, u64, u64, u64, __builtin_bswap64(x))
OP(rotate, u32, u32, u32, u32, (x << (y & 31)) | (x >> (-y & 31)))
OP(rotate64, u64, u64, u64, u64, (x << (y & 63)) | (x >> (-y & 63)))
OP(average, u32, u32, u32, u32, (u64(x) + y + 1) >> 1)
OP(bytes, u32, u32, u32, u32, (x & 0xff) << 24 | (x & 0xff00) << 8 | (y >> 16 & 0xff00) | (y >> 24))
OP(logic3, u32, u32, u32, u32, (x & y) ^ (~z | x))

// Floating point; _near: within an ulp
#define FLOATING(T)                                                                                                    \
  OP(add_##T, T, T, T, T, x + y)                                                                                       \
  OP(sub_##T, T, T, T, T, x - y)                                                                                       \
  OP(mul_##T, T, T, T, T, x *y)                                                                                        \
  OP(div_##T, T, T, T, T, x / y)                                                                                       \
  OP(neg_##T, T, T, T, T, -x)                                                                                          \
  OP(abs_##T, T, T, T, T, __builtin_elementwise_abs(x))                                                                \
  OP(copysign_##T, T, T, T, T, __builtin_elementwise_copysign(x, y))                                                   \
  OP(maximum_##T, T, T, T, T, __builtin_elementwise_maximum(x, y))                                                     \
  OP(minimum_##T, T, T, T, T, __builtin_elementwise_minimum(x, y))                                                     \
  OP(relu_##T, T, T, T, T, __builtin_elementwise_maximum(x, T(0)))                                                     \
  OP(greater_##T, T, T, T, T, x > y ? x : y)                                                                           \
  OP(compare_##T, T, T, T, u8, (x < y) + 2 * (x <= y) + 4 * (x == y) + 8 * (x != y) + 16 * (x > y) + 32 * (x >= y))    \
  OP(unordered_##T, T, T, T, u8, !(x < y) + 2 * !(x <= y) + 4 * (x != x || y != y) + 8 * !(x > y) + 16 * !(x >= y))    \
  OP(select_##T, T, T, T, T, x > y ? z : T(2.5f))                                                                      \
  OP(both_##T, T, T, T, i32, (x < y && y < z) || !(x != z) ? 5 : -5)                                                   \
  OP(floor_##T, T, T, T, T, __builtin_elementwise_floor(x))                                                            \
  OP(ceil_##T, T, T, T, T, __builtin_elementwise_ceil(x))                                                              \
  OP(trunc_##T, T, T, T, T, __builtin_elementwise_trunc(x))                                                            \
  OP(rint_##T, T, T, T, T, __builtin_elementwise_rint(x))                                                              \
  OP(even_##T, T, T, T, T, __builtin_elementwise_roundeven(x))                                                         \
  OP(round_##T, T, T, T, T, __builtin_elementwise_round(x))                                                            \
  OP(f16_from_##T, T, T, T, f16, (f64)x)                                                                               \
  OP(f32_from_##T, T, T, T, f32, x)                                                                                    \
  OP(f64_from_##T, T, T, T, f64, x)                                                                                    \
  OP(i8_from_##T, T, T, T, i8, clip<i8>(f32(x), -128.f, 127.f))                                                        \
  OP(u8_from_##T, T, T, T, u8, clip<u8>(f32(x), 0.f, 255.f))                                                           \
  OP(i16_from_##T, T, T, T, i16, clip<i16>(f32(x), -32768.f, 32767.f))                                                 \
  OP(i32_from_##T, T, T, T, i32, clip<i32>(f64(x), -2147483648., 2147483647.))                                         \
  OP(u32_from_##T, T, T, T, u32, clip<u32>(f64(x), 0., 4294967295.))                                                   \
  OP(i64_from_##T, T, T, T, i64, clip<i64>(f64(x), -9e18, 9e18))                                                       \
  OP(u64_from_##T, T, T, T, u64, clip<u64>(f64(x), 0., 18e18))                                                         \
  OP(nan_##T, T, T, T, u8, __builtin_isnan(x) + 2 * __builtin_isinf(y))                                                \
  OP(finite_##T, T, T, T, u8, !!__builtin_isfinite(x) + 2 * !!__builtin_signbit(y))                                    \
  OP(from_i8_##T, i8, i8, i8, T, x)                                                                                    \
  OP(from_u8_##T, u8, u8, u8, T, x)                                                                                    \
  OP(from_i16_##T, i16, i16, i16, T, x)                                                                                \
  OP(from_truth_##T, i32, i32, i32, T, x > y)
FLOATING(f16)
FLOATING(bf16)
FLOATING(f32)
FLOATING(f64)
OP(from_i32_f16, i32, i32, i32, f16, f32(x))
OP(bf16_from_f32, f32, f32, f32, bf16, x)
OP(from_i64_f32, i64, i64, i64, f32, x)
OP(from_u64_f64, u64, u64, u64, f64, x)
OP(fma_f32, f32, f32, f32, f32, __builtin_fmaf(x, y, z))
OP(fma_f64, f64, f64, f64, f64, __builtin_fma(x, y, z))
OP(fma_f16_near, f16, f16, f16, f16, DEVICE(__builtin_elementwise_fma(x, y, z), __builtin_fma((f64)x, (f64)y, (f64)z)))
OP(fma_bf16_near, bf16, bf16, bf16, bf16,
   DEVICE(__builtin_elementwise_fma(x, y, z), (f32)__builtin_fma((f64)x, (f64)y, (f64)z)))
OP(sqrt_f32, f32, f32, f32, f32, __builtin_sqrtf(x))
OP(sqrt_f64, f64, f64, f64, f64, __builtin_sqrt(x))
OP(maxnum_f32, f32, f32, f32, f32,
   DEVICE(__nvvm_fmax_f(x, y), isNan(x)   ? y
                               : isNan(y) ? x
                                          : __builtin_elementwise_maximum(x, y)))
OP(minnum_f64, f64, f64, f64, f64,
   DEVICE(__nvvm_fmin_d(x, y), isNan(x)   ? y
                               : isNan(y) ? x
                                          : __builtin_elementwise_minimum(x, y)))
OP(clamp_f32, f32, f32, f32, f32, __builtin_elementwise_minimum(__builtin_elementwise_maximum(x, 0.f), 6.f))
OP(bits_f32, f32, f32, f32, u32, __builtin_bit_cast(u32, x) >> 23 & 255)
OP(bits_f64, f64, f64, f64, u64, __builtin_bit_cast(u64, x) >> 52 & 2047)
OP(of_bits, u32, u32, u32, f32, __builtin_bit_cast(f32, (x & 0x7fffff) | 0x3f800000))
OP(halves, u32, u32, u32, u32, ({
     typedef u16 v __attribute__((ext_vector_type(2)));
     v s = __builtin_bit_cast(v, x);
     __builtin_bit_cast(u32, s.yx);
   }))

// Pairs, three operands, operands of two types: instructions of sm_90 and sm_100
typedef f32 f32x2 __attribute__((ext_vector_type(2)));
typedef f16 f16x2 __attribute__((ext_vector_type(2)));
typedef i16 i16x2 __attribute__((ext_vector_type(2)));
typedef u16 u16x2 __attribute__((ext_vector_type(2)));
FN f32x2 floats(u64 x) { return {f32(i32(x) >> 8) / 3, f32(i32(x >> 32) >> 4)}; }
FN f16x2 halves(u32 x) { return {f16(f32(i8(x)) / 8), f16(f32(i8(x >> 16)) / 4)}; }
template <class T> FN T as(u32 x) { return __builtin_bit_cast(T, x); }
#define LONG(v) __builtin_bit_cast(u64, v)
#define WORD(v) __builtin_bit_cast(u32, v)
OP(pair_f32, u64, u64, u64, u64, LONG(floats(x) * floats(y) - floats(z)))
OP(pairsum_f32, u64, u64, u64, u64, LONG(floats(x) + floats(y)))
OP(pairfma_f32, u64, u64, u64, u64, ({
     f32x2 v = floats(x), w = floats(y), t = floats(z);
     f32x2 r = {__builtin_fmaf(v.x, w.x, t.x), __builtin_fmaf(v.y, w.y, t.y)};
     LONG(r);
   }))
OP(pair_f16, u32, u32, u32, u32, WORD(halves(x) * halves(y) - halves(z)))
OP(pairmax_f16, u32, u32, u32, u32, WORD(__builtin_elementwise_maximum(halves(x), -halves(y))))
OP(pair_i16, u32, u32, u32, u32, WORD(as<i16x2>(x) + as<i16x2>(y)))
OP(pairmin_i16, u32, u32, u32, u32,
   WORD(__builtin_elementwise_min(as<i16x2>(x), __builtin_elementwise_max(as<i16x2>(y), as<i16x2>(z)))))
OP(pairmin_u16, u32, u32, u32, u32,
   WORD(__builtin_elementwise_min(as<u16x2>(x), __builtin_elementwise_max(as<u16x2>(y), as<u16x2>(z)))))
OP(pairmul_u16, u32, u32, u32, u32, WORD(as<u16x2>(x) * as<u16x2>(y)))
OP(max3_f32, f32, f32, f32, f32, __builtin_elementwise_maximum(__builtin_elementwise_maximum(x, y), z))
OP(min3_f32, f32, f32, f32, f32, __builtin_elementwise_minimum(__builtin_elementwise_minimum(x, y), z))
OP(mixed_f16, f16, f16, f32, f32, f32(x) + z)
OP(mixed_bf16, bf16, bf16, f32, f32, z - f32(x))
OP(mixedfma_f16, f16, f16, f32, f32, __builtin_fmaf(f32(x), f32(y), z))
OP(mixedfma_bf16, bf16, bf16, f32, f32, __builtin_fmaf(f32(x), f32(y), z))

// Conversions that saturate, as the instruction does
OP(to_i32_f32, f32, f32, f32, i32, DEVICE(__nvvm_f2i_rz(x), saturate<i32>(x, -2147483648., 2147483648., 0x7fffffff, 0)))
OP(to_u32_f32, f32, f32, f32, u32, DEVICE(__nvvm_f2ui_rz(x), saturate<u32>(x, 0., 4294967296., ~0u, 0)))
OP(to_i64_f32, f32, f32, f32, i64,
   DEVICE(__nvvm_f2ll_rz(x),
          saturate<i64>(x, -9223372036854775808., 9223372036854775808., i64(~0ull >> 1), i64(1ull << 63))))
OP(to_u64_f64, f64, f64, f64, u64,
   DEVICE(__nvvm_d2ull_rz(x), saturate<u64>(x, 0., 18446744073709551616., ~0ull, 1ull << 63)))
OP(to_i32_f64, f64, f64, f64, i32,
   DEVICE(__nvvm_d2i_rz(x), saturate<i32>(x, -2147483648., 2147483648., 0x7fffffff, i32(0x80000000))))
OP(to_i32_down, f32, f32, f32, i32,
   DEVICE(__nvvm_f2i_rm(x), saturate<i32>(__builtin_floorf(x), -2147483648., 2147483648., 0x7fffffff, 0)))
OP(to_i32_up, f32, f32, f32, i32,
   DEVICE(__nvvm_f2i_rp(x), saturate<i32>(__builtin_ceilf(x), -2147483648., 2147483648., 0x7fffffff, 0)))
OP(to_i32_near, f32, f32, f32, i32,
   DEVICE(__nvvm_f2i_rn(x), saturate<i32>(__builtin_roundevenf(x), -2147483648., 2147483648., 0x7fffffff, 0)))

// Rounding modes and flushing
OP(add_down, f32, f32, f32, f32, DEVICE(__nvvm_add_rm_f(x, y), addDown(x, y)))
OP(div_f32_zero, f32, f32, f32, f32, DEVICE(__nvvm_div_rz_f(1.0f, __builtin_fabsf(y) + 1e-30f), ({
                                              f64 s = 1.0 / f64(__builtin_fabsf(y) + 1e-30f);
                                              f32 t = s;
                                              f64(t) > s && !__builtin_isinf(t) ? __builtin_nextafterf(t, 0) : t;
                                            })))
OP(mul_flush, f32, f32, f32, f32,
   DEVICE(__nvvm_mul_rn_ftz_f(x, y), ({
            f32 p = __builtin_isnormal(x) || x != x || __builtin_isinf(x) ? x : __builtin_copysignf(0, x),
                q = __builtin_isnormal(y) || y != y || __builtin_isinf(y) ? y : __builtin_copysignf(0, y);
            f32 t = p * q;
            __builtin_isnormal(t) || t != t || __builtin_isinf(t) ? t : __builtin_copysignf(0, t);
          })))
OP(saturate_f32, f32, f32, f32, f32, DEVICE(__nvvm_saturate_f(x), x != x ? 0.f : x <= 0 ? 0.f : x > 1 ? 1.f : x))

// Approximations: as exact as the manual says
OP(ex2_near, f32, f32, f32, f32, DEVICE(__nvvm_ex2_approx_f(x), __builtin_exp2f(x)))
OP(lg2_near, f32, f32, f32, f32,
   DEVICE(__nvvm_lg2_approx_f(__builtin_fabsf(x) + 2), __builtin_log2f(__builtin_fabsf(x) + 2)))
OP(rcp_near, f32, f32, f32, f32,
   DEVICE(__nvvm_rcp_approx_ftz_f(__builtin_fabsf(x) + 0.5f), 1 / (__builtin_fabsf(x) + 0.5f)))
OP(rsqrt_near, f32, f32, f32, f32, DEVICE(__nvvm_rsqrt_approx_f(x), (f32)(1 / __builtin_sqrt((f64)x))))
OP(sqrt_near, f32, f32, f32, f32, DEVICE(__nvvm_sqrt_approx_f(x), __builtin_sqrtf(x)))
OP(rsqrtd_near, f64, f64, f64, f64,
   DEVICE(__nvvm_rsqrt_approx_d(__builtin_fabs(x) + 1), 1 / __builtin_sqrt(__builtin_fabs(x) + 1)))
OP(div_near, f32, f32, f32, f32, DEVICE(__nvvm_div_approx_f(x, 3 + z * 0), x / (3 + z * 0)))

// Integer instructions by name
OP(prmt, u32, u32, u32, u32, DEVICE(__nvvm_prmt(x, y, z & 0xffff), ({
                                      u64 w = (u64)y << 32 | x;
                                      u32 r = 0;
                                      for (int k = 0; k < 4; ++k) {
                                        u32 s = z >> 4 * k & 15, v = w >> 8 * (s & 7) & 255;
                                        r |= (s & 8 ? (v & 128 ? 255u : 0u) : v) << 8 * k;
                                      }
                                      r;
                                    })))
OP(mul24, i32, i32, i32, i32,
   DEVICE(__nvvm_mul24_i(x, y), (u32)((i32)((u32)x << 8) >> 8) * (u32)((i32)((u32)y << 8) >> 8)))
OP(sad, i32, i32, i32, i32,
   DEVICE(__nvvm_sad_i(x >> 2, y >> 2, z >> 2),
          (u32)((x >> 2) > (y >> 2) ? (x >> 2) - (y >> 2) : (y >> 2) - (x >> 2)) + (u32)(z >> 2)))
