// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- WindowTiling.h - How a window operation is cut for VB --------------===//
//
// Units "window": one window slides over every channel for itself. A block is what lies in VB at a time: `rows` rows
// of `pixels` results in `channels` channels, the input they read, and those channels' weights. No MLIR.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_LIB_CONVERSION_AICTONPU_WINDOWTILING_H
#define AIC_LIB_CONVERSION_AICTONPU_WINDOWTILING_H

#include "aic/NPU/Machine.h"
#include <optional>
#include <string>

namespace aic::npu {

/// A window over channels-last tensors [batch, h, w, c] and [batch, oh, ow, c].
struct WindowGeometry {
  int64_t batch = 1, h = 1, w = 1, c = 1, oh = 1, ow = 1;
  int64_t kh = 1, kw = 1, sh = 1, sw = 1, dh = 1, dw = 1, pt = 0, pl = 0;
  int64_t inBytes = 1, outBytes = 1; // of an element
  int64_t weightBytes = 0;           // of an element, 0 for pools
  bool hasTable = false;             // 8 bytes per channel
  int64_t align = 32;                // of addresses in VB

  int64_t taps() const { return kh * kw; }
  /// Bytes of the weights of some channels, up to where their records {scale, bias} stand; and with those.
  int64_t weightsOf(int64_t channels) const;
  int64_t weightsAndTableOf(int64_t channels) const;
  /// Input places that results [first, last) read along a dimension, clamped to the input; at least one.
  static void source(int64_t first, int64_t last, int64_t window, int64_t stride, int64_t dilation, int64_t pad,
                     int64_t extent, int64_t &begin, int64_t &end);
  void inputRows(int64_t first, int64_t last, int64_t &begin, int64_t &end) const;
  void inputPixels(int64_t first, int64_t last, int64_t &begin, int64_t &end) const;
};

struct WindowTiling {
  int64_t rows = 1, pixels = 1, channels = 1;
  unsigned slots = 2;
  int64_t inputBytes = 0, outputBytes = 0, weightBytes = 0; // of a slot
  int64_t cycles = 0;                                       // estimate
};

/// The tiling of the fewest estimated cycles; nothing, with the reason, if none fits.
std::optional<WindowTiling> chooseWindowTiling(const WindowGeometry &shape, const Machine &machine,
                                               std::string &reason);

} // namespace aic::npu

#endif // AIC_LIB_CONVERSION_AICTONPU_WINDOWTILING_H
