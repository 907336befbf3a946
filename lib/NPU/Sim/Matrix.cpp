//===- Matrix.cpp - MMA -------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integers: both tiles are widened to 16 bits with their zero points taken off, rows filled with zeros to whole
// vectors; then blocks of 4 x 2 dot products run over k. Floats: the right tile is turned around, so that a row of
// accumulators is a vector and the tree over a block of machine-K products runs in all of its lanes at once.
//
//===----------------------------------------------------------------------===//

#include "Execute.h"
#include "Numerics.h"

#include <cstring>

using namespace aic::npu;
using namespace aic::npu::sim;

namespace {

constexpr int64_t kChunk = 32; // elements that the inner loop of dot products takes at a time

AIC_NPU_CLONES void widen(const uint8_t *src, int64_t pitch, int64_t rows, int64_t k, bool isSigned, int16_t zp,
                          int16_t *dst, int64_t dstPitch) {
  for (int64_t r = 0; r < rows; ++r) {
    const uint8_t *from = src + r * pitch;
    int16_t *to = dst + r * dstPitch;
    if (isSigned)
      for (int64_t i = 0; i < k; ++i)
        to[i] = static_cast<int16_t>(static_cast<int8_t>(from[i]) - zp);
    else
      for (int64_t i = 0; i < k; ++i)
        to[i] = static_cast<int16_t>(from[i] - zp);
    for (int64_t i = k; i < dstPitch; ++i)
      to[i] = 0;
  }
}

/// Rows x Columns dot products over k, modulo 2^32.
template <int Rows, int Columns>
AIC_NPU_INLINE void dots(const int16_t *a, const int16_t *b, int64_t pitch, uint32_t *sums, int64_t sumPitch) {
  uint32_t total[Rows][Columns] = {};
  for (int64_t k = 0; k < pitch; k += kChunk)
    for (int i = 0; i < Rows; ++i)
      for (int j = 0; j < Columns; ++j) {
        int32_t partial = 0; // at most 32 * 511 * 511
        for (int64_t q = 0; q < kChunk; ++q)
          partial += int32_t(a[i * pitch + k + q]) * int32_t(b[j * pitch + k + q]);
        total[i][j] += static_cast<uint32_t>(partial);
      }
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Columns; ++j)
      sums[i * sumPitch + j] = total[i][j];
}

AIC_NPU_CLONES void multiply(const int16_t *a, const int16_t *b, int64_t m, int64_t n, int64_t pitch, uint32_t *sums) {
  int64_t i = 0;
  for (; i + 4 <= m; i += 4) {
    int64_t j = 0;
    for (; j + 2 <= n; j += 2)
      dots<4, 2>(a + i * pitch, b + j * pitch, pitch, sums + i * n + j, n);
    for (; j < n; ++j)
      dots<4, 1>(a + i * pitch, b + j * pitch, pitch, sums + i * n + j, n);
  }
  for (; i < m; ++i)
    for (int64_t j = 0; j < n; ++j)
      dots<1, 1>(a + i * pitch, b + j * pitch, pitch, sums + i * n + j, n);
}

/// The exact sum of one accumulator.
int64_t exactDot(const int16_t *a, const int16_t *b, int64_t pitch) {
  int64_t sum = 0;
  for (int64_t k = 0; k < pitch; ++k)
    sum += int64_t(a[k]) * b[k];
  return sum;
}

void integers(const MatrixShape &s, const uint8_t *a, const uint8_t *b, uint8_t *c, ExecutionContext &context) {
  const int64_t pitch = roundUp(s.k, kChunk);
  context.left.resize(static_cast<size_t>(pitch * s.m));
  context.right.resize(static_cast<size_t>(pitch * s.n));
  context.ints[0].resize(static_cast<size_t>(int64_t(s.m) * s.n));
  int16_t *left = context.left.data(), *right = context.right.data();
  uint32_t *sums = reinterpret_cast<uint32_t *>(context.ints[0].data());
  widen(a, s.aPitch, s.m, s.k, s.a == DType::i8, static_cast<int16_t>(s.azp), left, pitch);
  widen(b, s.bPitch, s.n, s.k, s.b == DType::i8, static_cast<int16_t>(s.bzp), right, pitch);
  multiply(left, right, s.m, s.n, pitch, sums);
  auto most = [](DType t, int32_t zp) {
    int64_t low = (t == DType::i8 ? -128 : 0) - zp, high = (t == DType::i8 ? 127 : 255) - zp;
    return std::max(std::abs(low), std::abs(high));
  };
  // Whether a sum over k alone can leave 32 bits.
  const bool wide = most(s.a, s.azp) * most(s.b, s.bzp) * s.k > INT32_MAX;
  for (int64_t i = 0; i < s.m; ++i) {
    uint8_t *row = c + i * s.cPitch;
    uint32_t *sum = sums + i * s.n;
    uint32_t wraps = 0;
    if (wide) {
      for (int64_t j = 0; j < s.n; ++j) {
        int32_t before = 0;
        if (s.accumulate)
          std::memcpy(&before, row + j * 4, 4);
        int64_t exact = exactDot(left + i * pitch, right + j * pitch, pitch) + before;
        wraps += exact != static_cast<int32_t>(exact);
        sum[j] = static_cast<uint32_t>(exact);
      }
    } else if (s.accumulate) {
      for (int64_t j = 0; j < s.n; ++j) {
        uint32_t before;
        std::memcpy(&before, row + j * 4, 4);
        uint32_t after = before + sum[j];
        wraps += ((before ^ after) & (sum[j] ^ after)) >> 31;
        sum[j] = after;
      }
    }
    std::memcpy(row, sum, static_cast<size_t>(s.n) * 4);
    context.wraps += wraps;
  }
}

template <int K> AIC_NPU_INLINE void addBlock(const float *a, const float *b, int64_t columns, float *c) {
  constexpr int kLanes = 8;
  for (int64_t j = 0; j < columns; j += kLanes) {
    float t[K][kLanes];
    for (int q = 0; q < K; ++q)
      for (int l = 0; l < kLanes; ++l)
        t[q][l] = a[q] * b[q * columns + j + l];
    for (int width = K / 2; width > 0; width /= 2)
      for (int q = 0; q < width; ++q)
        for (int l = 0; l < kLanes; ++l)
          t[q][l] = t[2 * q][l] + t[2 * q + 1][l];
    for (int l = 0; l < kLanes; ++l)
      c[j + l] += t[0][l];
  }
}

template <int K>
AIC_NPU_INLINE void addBlocks(const float *a, const float *b, int64_t blocks, int64_t columns, float *c) {
  for (int64_t block = 0; block < blocks; ++block)
    addBlock<K>(a + block * K, b + block * K * columns, columns, c);
}

/// One row of accumulators: blocks of `width` products, ascending. False for a width that has no loop of its own.
AIC_NPU_CLONES bool addRow(int64_t width, const float *a, const float *b, int64_t blocks, int64_t columns, float *c) {
  switch (width) {
  case 1:
    return addBlocks<1>(a, b, blocks, columns, c), true;
  case 2:
    return addBlocks<2>(a, b, blocks, columns, c), true;
  case 4:
    return addBlocks<4>(a, b, blocks, columns, c), true;
  case 8:
    return addBlocks<8>(a, b, blocks, columns, c), true;
  case 16:
    return addBlocks<16>(a, b, blocks, columns, c), true;
  default:
    return false;
  }
}

void addRowAny(int64_t width, const float *a, const float *b, int64_t blocks, int64_t columns, float *c,
               std::vector<float> &products) {
  products.resize(static_cast<size_t>(width));
  for (int64_t block = 0; block < blocks; ++block)
    for (int64_t j = 0; j < columns; ++j) {
      for (int64_t q = 0; q < width; ++q)
        products[static_cast<size_t>(q)] = a[block * width + q] * b[(block * width + q) * columns + j];
      c[j] += treeSum(products.data(), static_cast<size_t>(width));
    }
}

void floats(const MatrixShape &s, const uint8_t *a, const uint8_t *b, uint8_t *c, ExecutionContext &context) {
  // A block of the machine's K products, in a tree over the next power of two.
  const int64_t machineK = context.decoded.machine->mx.k(s.a);
  int64_t width = 1;
  while (width < machineK)
    width *= 2;
  const int64_t blocks = (s.k + machineK - 1) / machineK, columns = roundUp(s.n, 8);
  auto toFloat = [&](const uint8_t *from) {
    uint16_t bits;
    std::memcpy(&bits, from, 2);
    return s.a == DType::bf16 ? bfloatToFloat(bits) : halfToFloat(bits);
  };
  auto place = [&](int64_t k) { return k / machineK * width + k % machineK; };
  context.leftF.assign(static_cast<size_t>(blocks * width), 0);
  context.rightF.assign(static_cast<size_t>(blocks * width * columns), 0);
  context.floats[0].assign(static_cast<size_t>(columns), 0);
  float *left = context.leftF.data(), *right = context.rightF.data(), *row = context.floats[0].data();
  for (int64_t j = 0; j < s.n; ++j)
    for (int64_t k = 0; k < s.k; ++k)
      right[place(k) * columns + j] = toFloat(b + j * s.bPitch + k * 2);
  for (int64_t i = 0; i < s.m; ++i) {
    for (int64_t k = 0; k < s.k; ++k)
      left[place(k)] = toFloat(a + i * s.aPitch + k * 2);
    if (s.accumulate)
      std::memcpy(row, c + i * s.cPitch, static_cast<size_t>(s.n) * 4);
    else
      std::fill(row, row + columns, 0.0f);
    if (!addRow(width, left, right, blocks, columns, row))
      addRowAny(width, left, right, blocks, columns, row, context.floats[1]);
    std::memcpy(c + i * s.cPitch, row, static_cast<size_t>(s.n) * 4);
  }
}

} // namespace

void sim::executeMatrix(const Issue &issue, ExecutionContext &context) {
  const MatrixShape &s = issue.op->matrix;
  const uint8_t *a = context.memory.at(*issue.op, slot::A, issue.addresses);
  const uint8_t *b = context.memory.at(*issue.op, slot::B, issue.addresses);
  uint8_t *c = context.memory.at(*issue.op, slot::C, issue.addresses);
  isFloat(s.a) ? floats(s, a, b, c, context) : integers(s, a, b, c, context);
}
