// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RefineTypes.h - Values whose types become more static --------------===//
#ifndef AIC_LIB_DIALECT_AIC_TRANSFORMS_REFINETYPES_H
#define AIC_LIB_DIALECT_AIC_TRANSFORMS_REFINETYPES_H

#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::aic {

/// Gives the extents of the arguments that have a name (`aic.dims`) one symbol per name.
void nameArgumentDims(func::FuncOp func, ShapeScope &scope);

/// Derives the dims of op's results and records them in the scope; a number that the declared type has wins over a
/// symbol. Fails with op's error.
LogicalResult inferDims(GraphOpInterface op, ShapeScope &scope);

/// Lets the users of `old` that take any refined type (graph operations, func.return) use `value`, the others a
/// tensor.cast to the old type right behind `value`. Both may be the same value; `oldType` is then its type before.
void replaceRefined(Value old, Value value, Type oldType);

/// Makes the function's result types those of its return.
void updateResultTypes(func::FuncOp func);

} // namespace mlir::aic

#endif // AIC_LIB_DIALECT_AIC_TRANSFORMS_REFINETYPES_H
