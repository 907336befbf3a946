// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DemoteToHalf.cpp - f32 work in f16 ---------------------------------===//
//
// Walks in order, so an operand that was demoted is there in f16 already and neighbours need no conversion between
// them: cast(f32) of cast(f16) is never made.
//
//===----------------------------------------------------------------------===//
#include "aic/Conversion/AICToNPU/Passes.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/NPU/IR/NPUOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::npu {
#define GEN_PASS_DEF_NPUDEMOTEPASS
#include "aic/Conversion/AICToNPU/Passes.h.inc"

namespace {
bool isF32(Value value) { return getElementTypeOrSelf(value).isF32(); }

/// Operations that the NPU has in f16.
bool canDemote(Operation *op) {
  if (auto resize = dyn_cast<aic::ResizeOp>(op))
    return resize.getMode() == aic::ResizeMode::nearest;
  if (auto power = dyn_cast<aic::PowOp>(op)) {
    DenseElementsAttr exponent;
    if (!matchPattern(power.getRhs(), m_Constant(&exponent)) || !exponent.isSplat())
      return false;
    return llvm::is_contained({-1.0, -0.5, 0.5, 2.0, 3.0}, exponent.getSplatValue<APFloat>().convertToDouble());
  }
  return isa<aic::SelectOp, aic::ConvOp, aic::MatmulOp, aic::AddOp, aic::SubOp, aic::MulOp, aic::DivOp, aic::MaximumOp,
             aic::MinimumOp, aic::ReluOp, aic::NegOp, aic::AbsOp, aic::ExpOp, aic::LogOp, aic::SqrtOp, aic::RsqrtOp,
             aic::ErfOp, aic::SigmoidOp, aic::TanhOp, aic::SoftmaxOp, aic::LogSoftmaxOp, aic::LayerNormOp,
             aic::RMSNormOp, aic::MaxPoolOp, aic::AvgPoolOp, aic::ReduceOp, aic::TransposeOp, aic::ReshapeOp,
             aic::SliceOp, aic::ConcatOp, aic::PadOp, aic::TileOp, aic::BroadcastOp>(op);
}

struct Demote final : impl::NPUDemotePassBase<Demote> {
  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    // Values that take part in 8-bit layers stay: their f32 numbers are integers, or integers times a scale.
    DenseSet<Value> quantised;
    for (Operation &op : getOperation().getBody().front()) {
      auto cast = dyn_cast<aic::CastOp>(op);
      bool taints = isa<aic::DequantizeOp>(op) || (cast && getElementTypeOrSelf(cast.getInput()).isInteger());
      for (Value operand : op.getOperands())
        taints |= quantised.contains(operand);
      for (Operation *user : op.getUsers())
        taints |= isa<aic::QuantizeOp>(user);
      if (taints)
        for (Value result : op.getResults())
          if (isF32(result))
            quantised.insert(result);
    }
    SmallVector<Operation *> ops;
    for (Operation &op : getOperation().getBody().front())
      ops.push_back(&op);
    for (Operation *op : ops)
      if (canDemote(op) && isF32(op->getResult(0)) && !quantised.contains(op->getResult(0)))
        demote(op);
    for (Operation *op : llvm::reverse(ops))
      if (isOpTriviallyDead(op))
        op->erase();
  }

private:
  void demote(Operation *op) {
    OpBuilder b(op);
    Operation *half = b.clone(*op);
    b.setInsertionPoint(half);
    for (OpOperand &operand : half->getOpOperands()) {
      // The scales of a resize are numbers about shapes.
      if (!isF32(operand.get()) || (isa<aic::ResizeOp>(op) && operand.getOperandNumber() == 1))
        continue;
      auto type = cast<RankedTensorType>(operand.get().getType()).clone(b.getF16Type());
      auto cast = operand.get().getDefiningOp<aic::CastOp>();
      operand.set(cast && cast.getInput().getType() == type
                      ? cast.getInput()
                      : aic::CastOp::create(b, op->getLoc(), type, operand.get()).getResult());
    }
    Value result = half->getResult(0);
    result.setType(cast<RankedTensorType>(result.getType()).clone(b.getF16Type()));
    b.setInsertionPointAfter(half);
    Value wide = aic::CastOp::create(b, op->getLoc(), op->getResult(0).getType(), result);
    op->getResult(0).replaceAllUsesWith(wide);
  }
};
} // namespace
} // namespace mlir::npu
