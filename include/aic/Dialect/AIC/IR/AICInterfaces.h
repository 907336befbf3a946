// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_IR_AICINTERFACES_H
#define AIC_DIALECT_AIC_IR_AICINTERFACES_H

#include "aic/Dialect/AIC/IR/ShapeScope.h"
#include "aic/Eval/Tensor.h"
#include "mlir/IR/OpDefinition.h"

namespace mlir::aic::detail {
/// The declared result types agree with what inferShapes derives from the operands.
LogicalResult verifyGraphOp(Operation *op);
/// The result has the dims of all operands, broadcast.
LogicalResult inferElementwise(Operation *op, ShapeScope &scope, SmallVectorImpl<Dims> &results);
} // namespace mlir::aic::detail

#include "aic/Dialect/AIC/IR/AICInterfaces.h.inc"

#endif // AIC_DIALECT_AIC_IR_AICINTERFACES_H
