// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_TRANSFORMS_DIMRESOLVER_H
#define AIC_DIALECT_AIC_TRANSFORMS_DIMRESOLVER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

namespace mlir::aic {

/// The extent of dimension `dim` of `tensor` without reading a value that the loops level computes: a number, an
/// operand of the destination, or arithmetic made at the insertion point of `b`, which `tensor` must dominate. What is
/// not known (arguments, results of control flow) is a `tensor.dim`.
OpFoldResult resolveDim(OpBuilder &b, Location loc, Value tensor, int64_t dim);

/// `tensor.empty` of the type of `tensor`, with resolved dims.
Value createEmptyLike(OpBuilder &b, Location loc, Value tensor);

/// Links an `aic.non_zero` operation with the host's count of its columns: both carry the same number. (It is no
/// operand, so that a kernel can hold the operation and what it reads.)
inline constexpr StringLiteral kNonZeros = "aic.non_zeros";
/// The number of columns of the `aic.non_zero` operation `op` that `aic-prepare-loops` made the host compute, or null.
Value getNonZeroCount(Operation *op);

/// A key that two dims share only if their extents are equal: {null, number} or {value, position}.
using DimKey = std::pair<void *, int64_t>;
DimKey getDimKey(Value tensor, int64_t dim);

} // namespace mlir::aic

#endif // AIC_DIALECT_AIC_TRANSFORMS_DIMRESOLVER_H
