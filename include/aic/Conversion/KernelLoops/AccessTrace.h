// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- AccessTrace.h - What a kernel reads, as functions of its loops -----===//
#ifndef AIC_CONVERSION_KERNELLOOPS_ACCESSTRACE_H
#define AIC_CONVERSION_KERNELLOOPS_ACCESSTRACE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallBitVector.h"
#include <set>

namespace mlir::aic {

/// One place where a tensor is read: an index expression per dimension over the dims of the traced space, or null where
/// the index is not affine.
struct Access {
  Value tensor;
  SmallVector<AffineExpr> indices;
  bool throughView = false; // a slice, a pad or a computed index lies between: extents may differ

  /// The index along which neighbours are neighbours in memory: the last one but for dims of one element. 0 of a scalar.
  size_t innermost() const;
};

/// Walks from a value up through everything that is recomputed and collects the reads at `leaves`.
class AccessTrace {
public:
  AccessTrace(const llvm::DenseSet<Value> &leaves, unsigned numDims) : leaves(leaves), opaque(numDims) {}

  void visit(Value tensor, ArrayRef<AffineExpr> indices, bool throughView = false);
  /// The reads of one operation at its own loops.
  void visitOperands(linalg::LinalgOp op, ArrayRef<AffineExpr> loops, bool throughView);

  SmallVector<Access> accesses;
  /// Dims whose number is looked at by something that is not an affine access.
  const llvm::DenseSet<Value> &leaves;
  llvm::SmallBitVector opaque;
  bool transcendental = false;

private:
  void markOpaque(AffineExpr expr);
  AffineExpr indexExpr(Value index, linalg::LinalgOp op, ArrayRef<AffineExpr> loops);
  std::set<std::vector<const void *>> seen;
};

/// The only linear coefficient of `dim` in `expr`: 0 if absent, nullopt if not a constant multiple.
std::optional<int64_t> coefficientOf(AffineExpr expr, unsigned dim);
/// Whether the body computes exp, erf or the like.
bool isTranscendental(linalg::LinalgOp op);

} // namespace mlir::aic

#endif // AIC_CONVERSION_KERNELLOOPS_ACCESSTRACE_H
