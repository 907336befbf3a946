// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The innermost loops of matrix products. The f32 kernel is compiled for several
// instruction sets and chosen at run time.
//
//===----------------------------------------------------------------------===//
#include "Gemm.h"

namespace aic::eval::gemm {

/// A row of the block of C is one vector of 64 bytes, which the compiler splits as the instruction set demands.
template <typename C>
[[gnu::always_inline]] static inline void multiply(int64_t depth, const C *a, const C *b, C *c, int64_t rowStride) {
  typedef C Row __attribute__((vector_size(64), aligned(sizeof(C))));
  Row sum[kRows];
  for (int64_t m = 0; m < kRows; ++m)
    sum[m] = *reinterpret_cast<const Row *>(c + m * rowStride);
  for (int64_t k = 0; k < depth; ++k, a += kRows, b += kColumns<C>) {
    Row row = *reinterpret_cast<const Row *>(b);
    for (int64_t m = 0; m < kRows; ++m)
      sum[m] += row * a[m];
  }
  for (int64_t m = 0; m < kRows; ++m)
    *reinterpret_cast<Row *>(c + m * rowStride) = sum[m];
}

using FloatKernel = void (*)(int64_t, const float *, const float *, float *, int64_t);

static void multiplyFloat(int64_t depth, const float *a, const float *b, float *c, int64_t rowStride) {
  multiply(depth, a, b, c, rowStride);
}

#if defined(__x86_64__)
[[gnu::target("avx2,fma")]]
static void multiplyFloatAvx2(int64_t depth, const float *a, const float *b, float *c, int64_t rowStride) {
  multiply(depth, a, b, c, rowStride);
}
[[gnu::target("avx512f,avx512vl,fma")]]
static void multiplyFloatAvx512(int64_t depth, const float *a, const float *b, float *c, int64_t rowStride) {
  multiply(depth, a, b, c, rowStride);
}
#endif

static FloatKernel chooseKernel() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
    return multiplyFloatAvx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return multiplyFloatAvx2;
#endif
  return multiplyFloat;
}

void multiplyPanels(int64_t depth, const float *a, const float *b, float *c, int64_t rowStride) {
  static const FloatKernel kernel = chooseKernel();
  kernel(depth, a, b, c, rowStride);
}
void multiplyPanels(int64_t depth, const double *a, const double *b, double *c, int64_t rowStride) {
  multiply(depth, a, b, c, rowStride);
}
void multiplyPanels(int64_t depth, const uint32_t *a, const uint32_t *b, uint32_t *c, int64_t rowStride) {
  multiply(depth, a, b, c, rowStride);
}
void multiplyPanels(int64_t depth, const uint64_t *a, const uint64_t *b, uint64_t *c, int64_t rowStride) {
  multiply(depth, a, b, c, rowStride);
}

} // namespace aic::eval::gemm
