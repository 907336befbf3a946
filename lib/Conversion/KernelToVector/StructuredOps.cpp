// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- StructuredOps.cpp - Operations with loops of their own -------------===//
#include "KernelEmitter.h"

namespace mlir::aic {

LogicalResult emitStructuredOp(Operation *op, OpBuilder &b, ArrayRef<Buffer> operands, ArrayRef<Buffer> results) {
  return op->emitError("expected an operation that the x86 target can emit");
}

} // namespace mlir::aic
