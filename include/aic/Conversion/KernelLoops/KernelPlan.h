// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- KernelPlan.h - How the loops of a kernel are shared ----------------===//
//
// A kernel computes outputs, some of them through reductions ("roots"). The plan
// takes the dims of the largest output as its space and finds
//   - at which point of the space each root is read: the dims that occur there
//     are *shared*, all stages of the kernel run inside their loops;
//   - which neighbouring dims can be walked as one (groups);
//   - which dim becomes the vector, and whether it is one of the result or of the
//     reduction;
//   - which dim gives the rows of a register tile.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_CONVERSION_KERNELLOOPS_KERNELPLAN_H
#define AIC_CONVERSION_KERNELLOOPS_KERNELPLAN_H

#include "aic/Conversion/KernelLoops/AccessTrace.h"
#include "aic/Conversion/KernelLoops/ValueEmitter.h"

namespace mlir::aic {

/// A tensor that the kernel writes: `inner` goes to `destination`, moved by `low`. A part of a concatenation or the source
/// of a pad does not fill it.
struct Output {
  Value inner;
  Buffer destination;
  SmallVector<LinearIndex> low;
  SmallVector<AffineExpr> index; // over the space, of `inner`
  bool fills = true;
};

/// A reduction and the point of the space where its results are read.
struct Root {
  linalg::LinalgOp op;
  SmallVector<AffineExpr> index;  // of its results
  SmallVector<AffineExpr> loops;  // its own loops; reductions have dims after the space
};

/// Neighbouring dims walked as one; the last one carries the loop.
struct Group {
  SmallVector<unsigned> dims;
  LinearIndex extent;
  bool shared = false;
  unsigned carrier() const { return dims.back(); }
};

struct KernelPlan {
  unsigned rank = 0; // of the space
  SmallVector<Output, 1> outputs;
  SmallVector<Root, 1> roots;
  /// A parallel value used by several stages, kept in the memory of the first output.
  linalg::LinalgOp kept;
  SmallVector<Group, 1> groups;
  int vectorGroup = -1, rowGroup = -1;
  bool vectorInReduction = false; // the vector runs along a reduced dim
  bool contraction = false;       // operands are used again across the vector
  bool heavyTail = false;         // what follows the reduction is transcendental
  llvm::SmallBitVector batch;     // groups on which a vector operand of a contraction depends
};

/// Plans the first output of `pending` and those that fit its space, which are removed from the list.
FailureOr<KernelPlan> planKernel(Block &body, SmallVectorImpl<Output> &pending, ValueEmitter &values);

} // namespace mlir::aic

#endif // AIC_CONVERSION_KERNELLOOPS_KERNELPLAN_H
