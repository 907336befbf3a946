// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- KernelEmitter.h - One kernel from tensors to loops of vectors ------===//
#ifndef AIC_LIB_CONVERSION_KERNELTOVECTOR_KERNELEMITTER_H
#define AIC_LIB_CONVERSION_KERNELTOVECTOR_KERNELEMITTER_H

#include "ValueEmitter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::aic {

/// The numbers that decide how a kernel is tiled (see #aic.lowering_config).
struct TileSizes {
  int64_t lanes = 8;     // elements of a vector
  int64_t rows = 6;      // rows of the register tile of a contraction
  int64_t columns = 2;   // vectors in a row
  int64_t unroll = 2;    // steps of the innermost reduction
  int64_t registers = 16;
};

/// A function whose body will be emitted: arguments in memory, extents, the share of the work.
struct KernelFrame {
  func::FuncOp function;
  SmallVector<Buffer> tensors; // per tensor argument of the source
  Value worker, workers;
};

/// Emits the loops of `source` (see docs/Levels.md, Kernels) into a new function with the signature of the tiles level.
/// Returns null after an error.
func::FuncOp emitKernel(func::FuncOp source, const TileSizes &sizes);

/// Emits a kernel that holds one `aic` operation that has loops of its own (scan, top_k, scatter, ...). The buffers are
/// those of the operation's operands and of its results.
LogicalResult emitStructuredOp(Operation *op, ValueEmitter &values, ArrayRef<Buffer> operands, ArrayRef<Buffer> results);

} // namespace mlir::aic

#endif // AIC_LIB_CONVERSION_KERNELTOVECTOR_KERNELEMITTER_H
