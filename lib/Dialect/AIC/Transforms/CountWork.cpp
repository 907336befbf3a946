// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CountWork.cpp - Arithmetic and traffic of a kernel -----------------===//
//
// Bytes are those that must move at least: every result is written once, every
// argument read once, or as far as slices and single elements of it are read.
//
//===----------------------------------------------------------------------===//
#include "aic/Dialect/AIC/Transforms/Flops.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::aic {
#define GEN_PASS_DEF_COUNTWORKPASS
#include "aic/Dialect/AIC/Transforms/Passes.h.inc"

namespace {

int64_t bytesOf(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  Type element = getElementTypeOrSelf(type);
  int64_t width = element.isIndex() ? 64 : element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 0;
  return (tensor ? tensor.getNumElements() : 0) * static_cast<int64_t>(llvm::divideCeil(width, 8));
}

/// How often an operation inside loops is executed.
int64_t timesExecuted(Operation *op) {
  int64_t times = 1;
  for (auto loops = op->getParentOfType<linalg::GenericOp>(); loops;
       loops = loops->getParentOfType<linalg::GenericOp>())
    for (int64_t extent : loops.getStaticLoopRanges())
      times *= extent;
  return times;
}

int64_t bytesRead(BlockArgument argument) {
  int64_t whole = bytesOf(argument.getType()), parts = 0;
  for (Operation *user : argument.getUsers()) {
    if (isa<tensor::DimOp>(user))
      continue;
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(user))
      parts += bytesOf(slice.getType());
    else if (isa<tensor::ExtractOp>(user))
      parts +=
          timesExecuted(user) * (whole / std::max<int64_t>(1, cast<ShapedType>(argument.getType()).getNumElements()));
    else
      return whole;
  }
  return std::min(whole, parts);
}

/// Whether every extent inside is a number.
bool isStatic(func::FuncOp kernel) {
  auto hasDynamic = [](Type type) {
    auto shaped = dyn_cast<ShapedType>(type);
    return shaped && !shaped.hasStaticShape();
  };
  return !kernel
              .walk([&](Operation *op) {
                bool found =
                    llvm::any_of(op->getResultTypes(), hasDynamic) || llvm::any_of(op->getOperandTypes(), hasDynamic);
                return found ? WalkResult::interrupt() : WalkResult::advance();
              })
              .wasInterrupted() &&
         llvm::none_of(kernel.getArgumentTypes(), hasDynamic);
}

struct CountWork final : impl::CountWorkPassBase<CountWork> {
  void runOnOperation() override {
    for (auto kernel : getOperation().getOps<func::FuncOp>()) {
      if (!kernel->hasAttr("aic.kernel") || kernel.isDeclaration() || !isStatic(kernel))
        continue;
      int64_t bytes = 0;
      unsigned inputs = kernel.getNumArguments() - kernel.getNumResults();
      for (BlockArgument argument : kernel.getArguments())
        bytes += argument.getArgNumber() < inputs ? bytesRead(argument) : bytesOf(argument.getType());
      Builder b(kernel.getContext());
      kernel->setAttr("aic.flops", b.getI64IntegerAttr(static_cast<int64_t>(countFlopsWithin(kernel))));
      kernel->setAttr("aic.bytes", b.getI64IntegerAttr(bytes));
    }
  }
};
} // namespace
} // namespace mlir::aic
