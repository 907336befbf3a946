// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- WindowUnit.h - The parameters of windows on the vector unit --------===//
//
// Unit "window": `op` says which. 0, a depthwise convolution: operands and params are those of "conv" (ConvUnit.h) with
// groups = c = f. 1, maximum, and 2, average: operand x [batch, h, w, c]; the same geometry, x_zero, y_type, y_zero and
// clip; an average has `scale` (if has_scale) and include_pad.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_LIB_CONVERSION_AICTONPU_WINDOWUNIT_H
#define AIC_LIB_CONVERSION_AICTONPU_WINDOWUNIT_H

#include "ProgramBuilder.h"
#include "WindowTiling.h"

namespace mlir::npu {

enum WindowKind { Depthwise, Maximum, Average };

inline hw::WindowGeometry windowGeometry(UnitOp unit, const hw::Machine &machine) {
  auto get = [&](StringRef name) { return param(unit, name, 1); };
  hw::WindowGeometry s;
  s.align = std::max<int64_t>(machine.space(hw::Space::VB).align, hw::kGranuleBytes);
  s.batch = get("batch"), s.h = get("h"), s.w = get("w"), s.c = get("c"), s.oh = get("oh"), s.ow = get("ow");
  s.kh = get("kh"), s.kw = get("kw"), s.sh = get("sh"), s.sw = get("sw"), s.dh = get("dh"), s.dw = get("dw");
  s.pt = param(unit, "pt"), s.pl = param(unit, "pl");
  s.inBytes = hw::bytesOf(hw::DType(param(unit, "x_type")));
  s.outBytes = hw::bytesOf(hw::DType(param(unit, "y_type")));
  if (param(unit, "op") == Depthwise) {
    s.weightBytes = hw::bytesOf(hw::DType(param(unit, "w_type")));
    s.hasTable = param(unit, "has_scale") || param(unit, "has_bias");
  }
  return s;
}

} // namespace mlir::npu

#endif // AIC_LIB_CONVERSION_AICTONPU_WINDOWUNIT_H
