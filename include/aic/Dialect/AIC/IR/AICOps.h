// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_IR_AICOPS_H
#define AIC_DIALECT_AIC_IR_AICOPS_H

#include "aic/Dialect/AIC/IR/AICDialect.h"
#include "aic/Dialect/AIC/IR/AICInterfaces.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "aic/Dialect/AIC/IR/AICEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "aic/Dialect/AIC/IR/AICAttributes.h.inc"

#define GET_OP_CLASSES
#include "aic/Dialect/AIC/IR/AICOps.h.inc"

namespace mlir::aic {
/// Gives `op` (one result, made with a placeholder type) the type that its operands imply; fails with op's error.
LogicalResult inferResultTypes(Operation *op, ShapeScope &scope);

/// Builds an operation with one result of the given element type whose dims are inferred from the operands. Returns
/// null after an error. The operands are checked first: it is what inferShapes relies on.
template <typename OpT, typename... Args>
OpT createInferred(OpBuilder &b, Location loc, Type element, ShapeScope &scope, Args &&...args) {
  auto op = OpT::create(b, loc, RankedTensorType::get({}, element), std::forward<Args>(args)...);
  if (succeeded(op.verifyInvariantsImpl()) && succeeded(inferResultTypes(op, scope)))
    return op;
  op->erase();
  return nullptr;
}
} // namespace mlir::aic

#endif // AIC_DIALECT_AIC_IR_AICOPS_H
