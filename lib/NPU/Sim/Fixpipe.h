//===- Fixpipe.h - From accumulators to results -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_LIB_NPU_SIM_FIXPIPE_H
#define AIC_LIB_NPU_SIM_FIXPIPE_H

#include "Execute.h"

namespace aic::npu::sim {

/// FXOUT's steps on rows of n columns.
class EpilogueRow {
public:
  /// `table`: n records of scale and bias, with qmode table. `lut`: 256 bytes, with act lut.
  EpilogueRow(const Epilogue &epilogue, int64_t n, const uint8_t *table, const uint8_t *lut, ExecutionContext &context);
  /// All steps. `accumulators` are n words of 32 bits; `residual` is null without one.
  void run(const uint8_t *accumulators, const uint8_t *residual, uint8_t *out);
  /// Steps 3 to 5 on values that are scaled already.
  void finish(const float *scaled, const uint8_t *residual, uint8_t *out);

private:
  const Epilogue &e;
  int64_t n;
  const uint8_t *lut;
  float *scales, *scaled;
  int32_t *biases, *words;
};

} // namespace aic::npu::sim

#endif // AIC_LIB_NPU_SIM_FIXPIPE_H
