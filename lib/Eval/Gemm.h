// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Gemm.h - Blocked matrix product with packing by the caller ---------===//
//
// C = A * B. The caller packs blocks of A and B into panels, from whatever place
// they come (a strided matrix, a convolution's windows), and takes C block by
// block. A panel of A is kRows rows: [k][row]; one of B kColumns columns: [k][column].
//
//===----------------------------------------------------------------------===//
#ifndef AIC_LIB_EVAL_GEMM_H
#define AIC_LIB_EVAL_GEMM_H

#include "aic/Eval/DTypeVisit.h"

#include <algorithm>
#include <type_traits>
#include <vector>

namespace aic::eval {

/// The type in which products of T are summed: f32, f64, or an unsigned integer, in which arithmetic wraps.
template <typename T> struct AccumulatorOf {
  using type = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
};
template <> struct AccumulatorOf<Half> {
  using type = float;
};
template <> struct AccumulatorOf<BFloat16> {
  using type = float;
};
template <> struct AccumulatorOf<float> {
  using type = float;
};
template <> struct AccumulatorOf<double> {
  using type = double;
};
template <typename T> using Accumulator = typename AccumulatorOf<T>::type;

namespace gemm {

constexpr int64_t kRows = 6, kDepthBlock = 256, kRowBlock = 96, kColumnBlock = 512;
template <typename C> constexpr int64_t kColumns = 64 / sizeof(C);

/// c[kRows][kColumns] += a[depth][kRows] * b[depth][kColumns]
void multiplyPanels(int64_t depth, const float *a, const float *b, float *c, int64_t rowStride);
void multiplyPanels(int64_t depth, const double *a, const double *b, double *c, int64_t rowStride);
void multiplyPanels(int64_t depth, const uint32_t *a, const uint32_t *b, uint32_t *c, int64_t rowStride);
void multiplyPanels(int64_t depth, const uint64_t *a, const uint64_t *b, uint64_t *c, int64_t rowStride);

inline int64_t roundUp(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

/// packA(m0, rows, k0, depth, panels) and packB(n0, columns, k0, depth, panels) fill whole panels (zeros beyond the
/// matrix); store(n0, columns, c, rowStride) gets all rows of some columns of the product.
template <typename C, typename PackA, typename PackB, typename Store>
void run(int64_t rows, int64_t columns, int64_t depth, PackA packA, PackB packB, Store store) {
  constexpr int64_t width = kColumns<C>;
  // The block of C stays in the cache: fewer columns if there are many rows.
  int64_t paddedRows = roundUp(rows, kRows);
  int64_t block = std::clamp(roundUp(int64_t(1 << 20) / std::max<int64_t>(paddedRows, 1), width), width, kColumnBlock);
  block = std::min(block, roundUp(columns, width));
  std::vector<C> a(kRowBlock * kDepthBlock), b(kDepthBlock * block), c(paddedRows * block);
  for (int64_t n0 = 0; n0 < columns; n0 += block) {
    int64_t nc = std::min(block, columns - n0);
    std::fill(c.begin(), c.end(), C(0));
    for (int64_t k0 = 0; k0 < depth; k0 += kDepthBlock) {
      int64_t kc = std::min(kDepthBlock, depth - k0);
      packB(n0, nc, k0, kc, b.data());
      for (int64_t m0 = 0; m0 < rows; m0 += kRowBlock) {
        int64_t mc = std::min(kRowBlock, rows - m0);
        packA(m0, mc, k0, kc, a.data());
        for (int64_t n = 0; n < nc; n += width)
          for (int64_t m = 0; m < mc; m += kRows)
            multiplyPanels(kc, a.data() + m * kc, b.data() + n * kc, c.data() + (m0 + m) * block + n, block);
      }
    }
    store(n0, nc, c.data(), block);
  }
}

/// Packs the matrix whose element (i, k) is at data[outer[i] + inner[k]] into panels of `width` values of i.
template <typename C, typename T>
void pack(const T *data, const int64_t *outer, int64_t count, const int64_t *inner, int64_t depth, int64_t width,
          C *to) {
  for (int64_t i0 = 0; i0 < count; i0 += width, to += width * depth) {
    int64_t n = std::min(width, count - i0);
    if (n < width)
      std::fill(to, to + width * depth, C(0));
    bool isRow = n == width;
    for (int64_t i = 1; i < n && isRow; ++i)
      isRow = outer[i0 + i] == outer[i0] + i;
    if (isRow) {
      for (int64_t k = 0; k < depth; ++k) {
        const T *from = data + outer[i0] + inner[k];
        for (int64_t i = 0; i < width; ++i)
          to[k * width + i] = static_cast<C>(from[i]);
      }
      continue;
    }
    for (int64_t i = 0; i < n; ++i) {
      const T *from = data + outer[i0 + i];
      for (int64_t k = 0; k < depth; ++k)
        to[k * width + i] = static_cast<C>(from[inner[k]]);
    }
  }
}

} // namespace gemm
} // namespace aic::eval

#endif // AIC_LIB_EVAL_GEMM_H
