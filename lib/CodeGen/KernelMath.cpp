// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- KernelMath.cpp - Math functions of kernels as arithmetic -----------===//
//
// Vectors must not be taken apart into calls, so every function on a vector of f32 is written out. On scalars only the
// common ones are: the others are libm's.
//
//===----------------------------------------------------------------------===//
#include "VectorMath.h"
#include "aic/CodeGen/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::aic {
#define GEN_PASS_DEF_LOWERKERNELMATHPASS
#include "aic/CodeGen/Passes.h.inc"

namespace {
/// Functions that are not one instruction but worth writing out on scalars too.
bool isCommon(Operation *op) {
  return isa<math::ExpOp, math::Exp2Op, math::ExpM1Op, math::LogOp, math::Log1pOp, math::Log2Op, math::TanhOp,
             math::ErfOp, math::RsqrtOp>(op);
}

SmallVector<Operation *> expandableOps(ModuleOp module) {
  SmallVector<Operation *> ops;
  module.walk([&](Operation *op) {
    if (!isa_and_nonnull<math::MathDialect>(op->getDialect()) || op->getNumResults() != 1)
      return;
    Type type = op->getResult(0).getType();
    if ((isa<VectorType>(type) && !isVectorFunction(op)) || (isCommon(op) && type.isF32()))
      ops.push_back(op);
  });
  return ops;
}

SmallVector<Operation *> vectorFunctions(ModuleOp module) {
  SmallVector<Operation *> ops;
  module.walk([&](Operation *op) {
    if (isVectorFunction(op))
      ops.push_back(op);
  });
  return ops;
}

LogicalResult rewrite(ModuleOp module, function_ref<void(RewritePatternSet &)> populate) {
  RewritePatternSet patterns(module.getContext());
  populate(patterns);
  GreedyRewriteConfig config;
  config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
  return applyOpPatternsGreedily(expandableOps(module), std::move(patterns), config);
}

/// bf16 has no instructions on most machines: extf and truncf become integer arithmetic.
LogicalResult expandBFloat(ModuleOp module) {
  SmallVector<Operation *> ops;
  module.walk([&](Operation *op) {
    if (isa<arith::ExtFOp, arith::TruncFOp>(op))
      ops.push_back(op);
  });
  RewritePatternSet patterns(module.getContext());
  arith::populateExpandBFloat16Patterns(patterns);
  return applyOpPatternsGreedily(ops, std::move(patterns));
}

void allowContraction(ModuleOp module) {
  module.walk([](arith::ArithFastMathInterface op) {
    if (isa<arith::ExtFOp, arith::TruncFOp>(op))
      return; // contracting the two would skip a rounding to 16 bits
    auto flags = op.getFastMathFlagsAttr();
    auto with = (flags ? flags.getValue() : arith::FastMathFlags::none) | arith::FastMathFlags::contract;
    op->setAttr(op.getFastMathAttrName(), arith::FastMathFlagsAttr::get(op.getContext(), with));
  });
}

struct LowerKernelMath final : impl::LowerKernelMathPassBase<LowerKernelMath> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto expand = [](RewritePatternSet &patterns) {
      math::populateExpansionPatterns(patterns, {"exp2", "fpowi", "round"}); // the second becomes powf
    };
    auto approximate = [](RewritePatternSet &patterns) { populateMathPolynomialApproximationPatterns(patterns); };
    if (failed(rewrite(module, expand)))
      return signalPassFailure();
    for (Operation *op : vectorFunctions(module))
      widenVectorFunction(op);
    if (failed(rewrite(module, approximate)) || failed(expandBFloat(module)))
      return signalPassFailure();
    allowContraction(module);
    // Contraction would undo the care that these take.
    for (Operation *op : vectorFunctions(module))
      lowerVectorFunction(op);
  }
};
} // namespace
} // namespace mlir::aic
