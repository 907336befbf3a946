// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- KernelEmitter.h - One kernel from tensors to loops of vectors ------===//
#ifndef AIC_CONVERSION_KERNELTOVECTOR_KERNELEMITTER_H
#define AIC_CONVERSION_KERNELTOVECTOR_KERNELEMITTER_H

#include "aic/Conversion/KernelLoops/KernelFrame.h"
#include "aic/Conversion/KernelLoops/ReductionEmitter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::aic {

/// Emits the loops of `source` (see docs/Levels.md, Kernels) into a new function with the signature of the tiles level.
/// Returns null after an error.
func::FuncOp emitKernel(func::FuncOp source, const TileSizes &sizes);

} // namespace mlir::aic

#endif // AIC_CONVERSION_KERNELTOVECTOR_KERNELEMITTER_H
