// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ConvUnit.h - The parameters of units on the matrix unit ------------===//
//
// Unit "conv":   operands x [n, h, w, c], filter [kh, kw, c / groups, f], then scale [f] f32 if has_scale, bias [f] if
//                has_bias (i32 or f32 as the accumulator). Constants but for x.
// Unit "matmul": operands lhs, rhs, then as above; one product of [rows, depth] by [depth, columns] per entry of
//                lhs_offsets / rhs_offsets (in elements), results one after another.
//
// Integer params: batch h w c oh ow f kh kw sh sw dh dw pt pl groups; x_type w_type y_type (DType of the ISA),
// x_zero w_zero y_zero; residual: the last operand is added after the rounding to y_type, as FXOUT says, with the
// params res_type res_zero out_zero and, in f32, scale_main scale_res; clip, lo, hi (as the fields of FXOUT);
// has_scale, has_bias.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_LIB_CONVERSION_AICTONPU_CONVUNIT_H
#define AIC_LIB_CONVERSION_AICTONPU_CONVUNIT_H

#include "ConvTiling.h"
#include "ProgramBuilder.h"

namespace mlir::npu {

/// What is not geometry.
struct ConvNumbers {
  hw::DType inputType, weightType, outputType;
  int64_t inputZero = 0, weightZero = 0, outputZero = 0, padValue = 0;
  bool clip = false;
  int64_t lo = 0, hi = 0;
  bool residual = false;
  hw::DType residualType = hw::DType::i8;
  int64_t residualZero = 0, sumZero = 0;
  float scaleMain = 1, scaleResidual = 1;
};

inline hw::ConvShape convShape(UnitOp unit) {
  auto get = [&](StringRef name) { return param(unit, name, 1); };
  hw::ConvShape s;
  s.batch = get("batch"), s.h = get("h"), s.w = get("w"), s.groups = get("groups");
  s.c = get("c") / s.groups, s.f = get("f") / s.groups;
  s.oh = get("oh"), s.ow = get("ow"), s.kh = get("kh"), s.kw = get("kw"), s.sh = get("sh"), s.sw = get("sw"),
  s.dh = get("dh"), s.dw = get("dw");
  s.pt = param(unit, "pt"), s.pl = param(unit, "pl");
  s.inBytes = hw::bytesOf(hw::DType(param(unit, "x_type")));
  s.outBytes = hw::bytesOf(hw::DType(param(unit, "y_type")));
  s.residual = param(unit, "residual");
  return s;
}

inline ConvNumbers convNumbers(UnitOp unit) {
  ConvNumbers q;
  q.inputType = hw::DType(param(unit, "x_type")), q.weightType = hw::DType(param(unit, "w_type")),
  q.outputType = hw::DType(param(unit, "y_type"));
  q.inputZero = param(unit, "x_zero"), q.weightZero = param(unit, "w_zero"), q.outputZero = param(unit, "y_zero");
  q.padValue = q.inputType >= hw::DType::f16 ? 0 : q.inputZero;
  q.residual = param(unit, "residual"), q.residualType = hw::DType(param(unit, "res_type")),
  q.residualZero = param(unit, "res_zero");
  q.sumZero = param(unit, "out_zero"), q.scaleMain = paramF32(unit, "scale_main"),
  q.scaleResidual = paramF32(unit, "scale_res");
  q.clip = param(unit, "clip"), q.lo = param(unit, "lo"), q.hi = param(unit, "hi");
  return q;
}

} // namespace mlir::npu

#endif // AIC_LIB_CONVERSION_AICTONPU_CONVUNIT_H
