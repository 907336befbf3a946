// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Contraction.h - A sum of products of two operands ------------------===//
#ifndef AIC_LIB_CONVERSION_KERNELTONVVM_CONTRACTION_H
#define AIC_LIB_CONVERSION_KERNELTONVVM_CONTRACTION_H

#include "aic/Conversion/KernelLoops/KernelPlan.h"

namespace mlir::aic {

/// Loops that are walked as one, the last one innermost: dims of the plan with their extents.
struct LoopSet {
  SmallVector<unsigned> dims;
  SmallVector<LinearIndex> extents;
  LinearIndex total = 1;

  void add(unsigned dim, const LinearIndex &extent, IndexBuilder &index) {
    dims.push_back(dim);
    extents.push_back(extent);
    total = *index.mul(total, extent);
  }
};

/// One of the two operands.
struct ContractionSide {
  OpOperand *operand = nullptr;
  SmallVector<AffineExpr> index; ///< of the operand, over the dims of the plan
  LoopSet loops;                 ///< of the result, on which only this operand depends
  Value staged;                  ///< what the body makes of one element alone; this is kept in shared memory
  bool alongDepth = false;       ///< neighbours in memory are neighbours in the reduction
  int64_t width = 1;             ///< neighbours that are read at once

  Type elementType() const { return staged.getType(); }
};

/// The root of a plan as  result[batch, row, column] += product(rows[batch, row, depth], columns[batch, column,
/// depth]). A convolution is one: its window is part of the depth, and the indices of its input do the rest.
struct Contraction {
  linalg::LinalgOp op;
  Block *body = nullptr; ///< of `op`
  Root root;
  ContractionSide rows, columns; ///< the innermost dim of the result is a column
  LoopSet batch, depth;
  SmallVector<OpOperand *> fixed; ///< inputs that do not change along the depth
  unsigned numDims = 0;           ///< of the plan, with those of the reduction

  static FailureOr<Contraction> match(const KernelPlan &plan, ValueEmitter &values);

  /// The indices of an operand over the dims of the plan.
  SmallVector<AffineExpr> indexOf(OpOperand *operand);
  /// The value that `v` of the body has where `known` values are given; of `lanes` elements if that is more than one.
  /// Null after an error.
  Value evaluate(Value v, llvm::DenseMap<Value, Value> &known, int64_t lanes, ValueEmitter &values) const;

private:
  LogicalResult matchOperands(const KernelPlan &plan);
  LogicalResult matchLoops(const KernelPlan &plan, ValueEmitter &values);
  LogicalResult matchBody() const;
  void chooseStaged(ContractionSide &side) const;
  void chooseDirection(ContractionSide &side) const;
};

} // namespace mlir::aic

#endif // AIC_LIB_CONVERSION_KERNELTONVVM_CONTRACTION_H
