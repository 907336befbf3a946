// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICDialect.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::aic;

#include "aic/Dialect/AIC/IR/AICDialect.cpp.inc"
#include "aic/Dialect/AIC/IR/AICEnums.cpp.inc"
#include "aic/Dialect/AIC/IR/AICInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "aic/Dialect/AIC/IR/AICAttributes.cpp.inc"

void AICDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "aic/Dialect/AIC/IR/AICAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "aic/Dialect/AIC/IR/AICOps.cpp.inc"
      >();
}

Operation *AICDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}
