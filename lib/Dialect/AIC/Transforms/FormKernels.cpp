// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/Transforms/KernelAnalysis.h"
#include "aic/Dialect/AIC/Transforms/KernelGroups.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Iterators.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::aic {
#define GEN_PASS_DEF_FORMKERNELSPASS
#include "aic/Dialect/AIC/Transforms/Passes.h.inc"

namespace {

/// The blocks that a host function runs: its own and those of its control flow.
SmallVector<Block *> hostBlocks(func::FuncOp func) {
  SmallVector<Block *> blocks;
  func.walk<WalkOrder::PreOrder>([&](Operation *op) {
    // Bodies of computations are not run by the host.
    if (op != func && classifyLoop(op) != LoopKind::Host)
      return WalkResult::skip();
    for (Region &region : op->getRegions())
      for (Block &block : region)
        blocks.push_back(&block);
    return WalkResult::advance();
  });
  return blocks;
}

struct FormKernelsPass : impl::FormKernelsPassBase<FormKernelsPass> {
  using FormKernelsPassBase::FormKernelsPassBase;
  FormKernelsPass(const FusionPolicy &policy) : canFuse(policy.canFuse) {
    maxOperations = policy.maxOperations;
    maxResults = policy.maxResults;
    maxReductions = policy.maxReductions;
    recomputeCost = policy.recomputeCost;
    rowRecomputeCost = policy.rowRecomputeCost;
    outerRows = policy.outerRows;
    readPads = policy.readPads;
  }

  void runOnOperation() override {
    FusionPolicy policy;
    policy.maxOperations = maxOperations;
    policy.maxResults = maxResults;
    policy.maxReductions = std::min(unsigned(maxReductions), 60u);
    policy.recomputeCost = recomputeCost;
    policy.rowRecomputeCost = rowRecomputeCost;
    policy.outerRows = outerRows;
    policy.readPads = readPads;
    policy.canFuse = canFuse;
    KernelOutliner outliner(getOperation());
    for (func::FuncOp func : llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      if (func.isExternal() || func->hasAttr("aic.kernel"))
        continue;
      for (Block *block : hostBlocks(func))
        for (const KernelGroup &group : groupOperations(*block, policy))
          if (failed(outliner.outline(group)))
            return signalPassFailure();
      func.walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
        if (isa<tensor::EmptyOp, tensor::DimOp, arith::ConstantOp>(op) && op->use_empty())
          op->erase();
      });
    }
  }

  std::function<bool(Operation *, Operation *)> canFuse;
};

} // namespace

std::unique_ptr<Pass> createFormKernelsPass(const FusionPolicy &policy) {
  return std::make_unique<FormKernelsPass>(policy);
}

} // namespace mlir::aic
