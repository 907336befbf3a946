// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ConvTiling.h - How a convolution is cut for the matrix unit --------===//
//
// Two levels. A block is what lies in L1: `rows` rows of results, `columns` channels of results, `depth` channels of
// the input (all of them, unless the window is 1 x 1 and they do not fit). A tile is what lies in A0, B0 and C0.
// No MLIR.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_LIB_CONVERSION_AICTONPU_CONVTILING_H
#define AIC_LIB_CONVERSION_AICTONPU_CONVTILING_H

#include "aic/NPU/Machine.h"
#include <optional>
#include <string>

namespace aic::npu {

/// One group of a convolution on channels-last tensors, or a matrix product (h = 1, w = rows, a window of 1 x 1).
struct ConvShape {
  int64_t batch = 1, h = 1, w = 1, c = 1; // input; c is of one group
  int64_t oh = 1, ow = 1, f = 1;          // result; f is of one group
  int64_t kh = 1, kw = 1, sh = 1, sw = 1, dh = 1, dw = 1, pt = 0, pl = 0;
  int64_t inBytes = 1, outBytes = 1; // of an element
  int64_t groups = 1;
  bool residual = false; // a tensor of the result's shape, of bytes, is added
  /// Rows of a matrix: a block needs only the pixels of its own results.
  bool isMatrix() const { return h == 1 && kh == 1 && kw == 1 && sw == 1 && pl == 0; }
  int64_t depth() const { return kh * kw * c; }
  /// Input rows that results [first, last) read, clamped to the input; at least one.
  void inputRows(int64_t first, int64_t last, int64_t &begin, int64_t &end) const;
};

struct ConvTiling {
  int64_t rows = 1, pixels = 1, columns = 1,
          depth = 1;           // block: rows of results x all their pixels (or, with rows 1, `pixels`)
  int64_t m = 1, n = 1, k = 1; // tile
  unsigned inputSlots = 1, weightSlots = 1, outputSlots = 1, aSlots = 1, bSlots = 1, cSlots = 1;
  bool weightsOuter = true; // weight blocks in the outer loop
  int64_t cycles = 0;       // estimate of the slowest engine
  int64_t align = 32;       // of addresses in L1
};

/// Bytes in L1, rounded up to a granule.
int64_t roundToGranule(int64_t bytes);
/// Where the table of factors and biases stands in a block of weights.
int64_t tableOffset(const ConvShape &s, const ConvTiling &t);
int64_t inputBlockBytes(const ConvShape &shape, const ConvTiling &tiling);
int64_t weightBlockBytes(const ConvShape &shape, const ConvTiling &tiling);
int64_t outputBlockBytes(const ConvShape &shape, const ConvTiling &tiling);
/// 0 without a residual.
int64_t residualBlockBytes(const ConvShape &shape, const ConvTiling &tiling);

/// The tiling of the fewest estimated cycles; nothing, with the reason, if none fits.
std::optional<ConvTiling> chooseConvTiling(const ConvShape &shape, const Machine &machine, std::string &reason);

} // namespace aic::npu

#endif // AIC_LIB_CONVERSION_AICTONPU_CONVTILING_H
