// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RowShape.h - How threads stand on the rows of a kernel -------------===//
#ifndef AIC_LIB_CONVERSION_KERNELTONVVM_ROWSHAPE_H
#define AIC_LIB_CONVERSION_KERNELTONVVM_ROWSHAPE_H

#include "aic/Conversion/KernelLoops/KernelPlan.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::aic {

/// The reduced loops of an operation as one line: those that are walked, and their extents. Loops that lie densely
/// behind each other count as one, its last; the others stay at 0.
struct ReducedLine {
  SmallVector<unsigned> carriers;
  SmallVector<LinearIndex> extents;
};

/// A block holds `rows` rows (points of the shared groups) and `lanes` threads for each; both are powers of two, but
/// for a plane: there the rows are all that lie between two steps of the reduction.
struct RowShape {
  int64_t rows = 1, lanes = 1;
  int64_t width = 1;                           ///< elements that a lane takes at a time
  bool across = false;                         ///< neighbouring threads belong to different rows; otherwise to one row
  SmallVector<unsigned> rowGroups, freeGroups; ///< of the plan, the innermost one last
  llvm::DenseMap<Operation *, ReducedLine> reduced;

  int64_t threads() const { return rows * lanes; }
  bool isPlane() const { return !llvm::isPowerOf2_64(rows); }

  /// Fails where a thread for each element of the result is the better way.
  static FailureOr<RowShape> choose(func::FuncOp kernel, const KernelPlan &plan, ValueEmitter &values);
};

/// Bytes of an element in memory.
int64_t byteSize(Type element);

/// Notes on the vector loads and stores of a device function how far their addresses are known to be aligned.
void alignVectors(func::FuncOp function);

} // namespace mlir::aic

#endif // AIC_LIB_CONVERSION_KERNELTONVVM_ROWSHAPE_H
