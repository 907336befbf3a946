// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- KernelFrame.h - The function that a kernel's loops go into ---------===//
#ifndef AIC_CONVERSION_KERNELLOOPS_KERNELFRAME_H
#define AIC_CONVERSION_KERNELLOOPS_KERNELFRAME_H

#include "aic/Conversion/KernelLoops/KernelPlan.h"
#include "aic/Conversion/KernelLoops/ValueEmitter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::aic {

/// A function of the tiles level whose body will be emitted: arguments in memory, extents, the share of the work.
struct KernelFrame {
  func::FuncOp function;
  SmallVector<Buffer> tensors; ///< per tensor argument of the source
  SmallVector<Value> extents;  ///< dynamic extents and index arguments, in argument order
  Value worker, workers;       ///< null unless asked for
  bool interleaved = false;    ///< neighbouring workers take neighbouring elements; otherwise each one a piece

  /// Makes the function before `source`, leaves `values.b` in its empty entry block and tells `values` where the
  /// source's arguments are.
  static KernelFrame create(func::FuncOp source, StringRef name, bool withWorkers, ValueEmitter &values);
  /// The memory of result `i` of the source.
  const Buffer &destination(func::FuncOp source, unsigned i) const {
    return tensors[tensors.size() - source.getNumResults() + i];
  }
};

/// What each returned value means in memory: a concatenation is its parts, everything else is itself.
SmallVector<Output, 1> collectOutputs(func::FuncOp source, const KernelFrame &frame, ValueEmitter &values);

/// Computes an output at a point of the plan's space and writes it.
LogicalResult storeOutput(const Output &output, ArrayRef<LaneValue> point, ValueEmitter &values);

/// The operation with loops of its own (scan, top_k, scatter, ...) that the kernel holds, or null.
Operation *findStructuredOp(func::FuncOp source);
/// Whether interleaved workers need a barrier inside: then it is emitted in two parts, to be run one after the other.
bool hasTwoParts(Operation *op);
enum class StructuredPart { all, begin, end };
/// Emits this worker's share of it at the insertion point of `values`; its loops are scalar. An operand that is not in
/// memory is computed element by element.
LogicalResult emitStructuredOp(Operation *op, func::FuncOp source, const KernelFrame &frame, ValueEmitter &values,
                               StructuredPart part = StructuredPart::all);

} // namespace mlir::aic

#endif // AIC_CONVERSION_KERNELLOOPS_KERNELFRAME_H
