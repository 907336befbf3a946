// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/Transforms/KernelAnalysis.h"
#include "aic/Target/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Remarks.h"

namespace mlir::aic {
#define GEN_PASS_DEF_X86PACKCONSTANTSPASS
#include "aic/Target/Passes.h.inc"

namespace {

/// The weight of a kernel and how it is packed.
struct Plan {
  OpOperand *use;
  SmallVector<int64_t> permutation; // empty if the lanes run along its last dim
  RankedTensorType logical, packed;
};

/// Finds the operand of the kernel's contraction that is worth packing; the reason why there is none is a remark.
std::optional<Plan> planPacking(func::FuncOp kernel, StringRef &reason) {
  auto config = kernel->getAttrOfType<LoweringConfigAttr>(LoweringConfigAttr::attributeName);
  int64_t panel = config ? config.getNumber("panel") : 0;
  auto root = dyn_cast_or_null<linalg::GenericOp>(getKernelRoot(kernel));
  if (panel < 1 || !root) {
    reason = "its config has no panel";
    return std::nullopt;
  }
  Plan plan;
  plan.use = getLaneOperand(root);
  auto argument = plan.use ? dyn_cast<BlockArgument>(plan.use->get()) : BlockArgument();
  if (!argument || !argument.hasOneUse()) {
    reason = "the operand of the lanes is no argument of its own";
    return std::nullopt;
  }
  auto type = cast<RankedTensorType>(argument.getType());
  AffineMap map = root.getMatchingIndexingMap(plan.use);
  auto lane = root.getMatchingIndexingMap(root.getDpsInitOperand(0)).getResults().back();
  auto found = llvm::find(map.getResults(), lane);
  if (!type.hasStaticShape() || type.getRank() < 2 || !map.isProjectedPermutation(/*allowZeroInResults=*/true) ||
      found == map.getResults().end()) {
    reason = "the operand of the lanes has no dimension of its own for them";
    return std::nullopt;
  }
  int64_t position = std::distance(map.getResults().begin(), found);
  SmallVector<int64_t> shape(type.getShape());
  if (position != type.getRank() - 1) {
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (dim != position)
        plan.permutation.push_back(dim);
    plan.permutation.push_back(position);
    shape = applyPermutation(type.getShape(), plan.permutation);
  }
  if (shape.back() < config.getNumber("lanes", 1)) {
    reason = "there are fewer columns than lanes";
    return std::nullopt;
  }
  plan.logical = type.clone(shape);
  plan.packed = type.clone(PackOp::packedShape(shape, panel));
  return plan;
}

void pack(func::FuncOp kernel, const Plan &plan, ArrayRef<func::CallOp> calls) {
  auto argument = cast<BlockArgument>(plan.use->get());
  auto root = cast<linalg::GenericOp>(plan.use->getOwner());
  OpBuilder b(kernel.getContext());
  argument.setType(plan.packed);
  b.setInsertionPointToStart(&kernel.front());
  plan.use->set(UnpackOp::create(b, root.getLoc(), plan.logical, argument, 1));
  if (!plan.permutation.empty()) {
    SmallVector<AffineMap> maps = root.getIndexingMapsArray();
    AffineMap &map = maps[plan.use->getOperandNumber()];
    map =
        AffineMap::get(map.getNumDims(), 0, applyPermutation(map.getResults(), plan.permutation), kernel.getContext());
    root.setIndexingMapsAttr(b.getAffineMapArrayAttr(maps));
  }
  kernel.setFunctionType(b.getFunctionType(kernel.front().getArgumentTypes(), kernel.getResultTypes()));
  for (func::CallOp call : calls) {
    OpOperand &operand = call->getOpOperand(argument.getArgNumber());
    b.setInsertionPointAfterValue(operand.get());
    operand.set(PackOp::create(b, operand.get().getLoc(), plan.packed, operand.get(), plan.permutation, 1));
  }
}

struct X86PackConstantsPass : impl::X86PackConstantsPassBase<X86PackConstantsPass> {
  void runOnOperation() override {
    llvm::DenseMap<StringRef, SmallVector<func::CallOp>> calls;
    getOperation().walk([&](func::CallOp call) { calls[call.getCallee()].push_back(call); });
    for (auto kernel : getOperation().getOps<func::FuncOp>()) {
      if (!kernel->hasAttr("aic.kernel") || kernel.isExternal() || !getKernelRoot(kernel) ||
          !isHeavy(classifyLoop(getKernelRoot(kernel))))
        continue;
      StringRef reason;
      std::optional<Plan> plan = planPacking(kernel, reason);
      ArrayRef<func::CallOp> uses = calls[kernel.getName()];
      if (plan && !llvm::all_of(uses, [&](func::CallOp call) {
            unsigned number = cast<BlockArgument>(plan->use->get()).getArgNumber();
            return call.getOperand(number).getDefiningOp<arith::ConstantOp>() != nullptr;
          })) {
        reason = "a call passes a weight that is no constant";
        plan = std::nullopt;
      }
      if (plan)
        pack(kernel, *plan, uses);
      else
        remark::missed(kernel.getLoc(), remark::RemarkOpts::name("kernel").category("aic-packing"))
            << "weights are not packed: " << reason;
    }
  }
};

} // namespace
} // namespace mlir::aic
