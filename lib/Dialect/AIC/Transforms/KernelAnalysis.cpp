// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/Transforms/KernelAnalysis.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::aic {

static bool isTensorInput(OpOperand *operand) {
  auto type = dyn_cast<RankedTensorType>(operand->get().getType());
  return type && type.getRank() > 0;
}

/// Whether the body adds (or xors, ors) a product of two inputs to the result.
static bool isSumOfProducts(linalg::GenericOp op) {
  if (op.getNumResults() != 1)
    return false;
  Operation *combiner = op.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  if (!combiner)
    return false;
  if (isa<math::FmaOp>(combiner))
    return true;
  if (!isa<arith::AddFOp, arith::AddIOp, arith::OrIOp>(combiner))
    return false;
  return llvm::any_of(combiner->getOperands(), [](Value v) {
    Operation *def = v.getDefiningOp();
    while (def && isa<arith::ExtFOp, arith::TruncFOp, arith::ExtSIOp, arith::ExtUIOp>(def))
      def = def->getOperand(0).getDefiningOp();
    return isa_and_nonnull<arith::MulFOp, arith::MulIOp, arith::AndIOp>(def);
  });
}

OpOperand *getLaneOperand(linalg::GenericOp op) {
  AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  auto lane = result.getNumResults() ? dyn_cast<AffineDimExpr>(result.getResults().back()) : AffineDimExpr(nullptr);
  OpOperand *found = nullptr;
  for (OpOperand *input : op.getDpsInputOperands()) {
    if (!lane || !isTensorInput(input) || !op.getMatchingIndexingMap(input).isFunctionOfDim(lane.getPosition()))
      continue;
    if (found)
      return nullptr;
    found = input;
  }
  return found;
}

static LoopKind classifyGeneric(linalg::GenericOp op) {
  for (OpOperand &init : op.getDpsInitsMutable())
    if (!op.getMatchingIndexingMap(&init).isProjectedPermutation() || !isa<RankedTensorType>(init.get().getType()))
      return LoopKind::Structured;
  if (op.getNumReductionLoops() == 0) {
    for (OpOperand &init : op.getDpsInitsMutable())
      if (!op.getMatchingIndexingMap(&init).isPermutation() || op.payloadUsesValueFromOperand(&init))
        return LoopKind::Structured;
    return LoopKind::Elementwise;
  }
  SmallVector<OpOperand *> inputs = llvm::filter_to_vector(op.getDpsInputOperands(), isTensorInput);
  bool window = llvm::any_of(inputs, [&](OpOperand *input) {
    return llvm::any_of(op.getMatchingIndexingMap(input).getResults(),
                        [](AffineExpr e) { return isa<AffineBinaryOpExpr>(e); });
  });
  if (window && !isSumOfProducts(op))
    return LoopKind::Pooling;
  if (window)
    return getLaneOperand(op) ? LoopKind::Convolution : LoopKind::Depthwise;
  if (inputs.size() < 2 || !isSumOfProducts(op))
    return LoopKind::Reduction;
  // A contraction reads an element of some input for more than one element of the result.
  AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (AffineExpr e : result.getResults())
    for (OpOperand *input : inputs)
      if (!op.getMatchingIndexingMap(input).isFunctionOfDim(cast<AffineDimExpr>(e).getPosition()))
        return LoopKind::Contraction;
  return LoopKind::Reduction;
}

LoopKind classifyLoop(Operation *op) {
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return classifyGeneric(generic);
  if (isa<linalg::FillOp>(op))
    return LoopKind::Fill;
  if (isa<tensor::ExtractSliceOp>(op))
    return LoopKind::Slice;
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return pad.getConstantPaddingValue() ? LoopKind::Pad : LoopKind::Structured;
  if (isa<tensor::ConcatOp>(op))
    return LoopKind::Concat;
  if (isa<tensor::ReshapeOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::CastOp, tensor::BitcastOp>(op))
    return LoopKind::View;
  if (isa<linalg::LinalgOp, tensor::InsertSliceOp, tensor::GatherOp, tensor::ScatterOp, tensor::GenerateOp>(op))
    return LoopKind::Structured;
  if (isa_and_nonnull<AICDialect>(op->getDialect()) && !isa<PackOp, UnpackOp>(op))
    return LoopKind::Structured;
  return LoopKind::Host;
}

bool isHeavy(LoopKind kind) {
  return kind == LoopKind::Contraction || kind == LoopKind::Convolution || kind == LoopKind::Depthwise ||
         kind == LoopKind::Pooling;
}

int64_t bodyCost(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic)
    return 0;
  int64_t cost = 0;
  for (Operation &inner : generic.getBody()->without_terminator()) {
    if (isa<arith::ConstantOp, linalg::IndexOp>(inner))
      continue;
    if (isa<arith::DivFOp, arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp, tensor::ExtractOp>(inner))
      cost += 4;
    else if (isa<math::MathDialect>(inner.getDialect()) &&
             !isa<math::AbsFOp, math::AbsIOp, math::FmaOp, math::FloorOp, math::CeilOp, math::RoundOp,
                  math::RoundEvenOp, math::TruncOp, math::CopySignOp, math::IsNaNOp, math::IsInfOp, math::ClampFOp>(
                 inner))
      cost += 16;
    else if (isa<arith::RemFOp>(inner) || inner.getNumRegions() > 0)
      cost += 16;
    else
      cost += 1;
  }
  return cost;
}

bool isMovement(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || generic.getNumDpsInputs() != 1 || generic.getNumResults() != 1 || generic.getNumReductionLoops())
    return false;
  return generic.getBody()->getTerminator()->getOperand(0) == generic.getBody()->getArgument(0);
}

bool reducesInnermost(linalg::GenericOp op) {
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    if (!isTensorInput(input) || map.getNumResults() < op.getNumLoops())
      continue;
    auto type = cast<RankedTensorType>(input->get().getType());
    bool reduced = false;
    for (auto [dim, e] : llvm::enumerate(map.getResults())) {
      auto loop = dyn_cast<AffineDimExpr>(e);
      if (type.getDimSize(dim) == 1)
        continue;
      bool isReduction = loop && op.getIteratorTypesArray()[loop.getPosition()] == utils::IteratorType::reduction;
      if (reduced && !isReduction)
        return false;
      reduced |= isReduction;
    }
    return reduced;
  }
  return false;
}

Operation *getKernelRoot(func::FuncOp kernel) {
  Operation *reduction = nullptr, *last = nullptr;
  for (Operation &op : kernel.getOps()) {
    LoopKind kind = classifyLoop(&op);
    if (isHeavy(kind))
      return &op;
    if (kind == LoopKind::Reduction && !reduction)
      reduction = &op;
    if (kind != LoopKind::Host && kind != LoopKind::View && kind != LoopKind::Fill)
      last = &op;
    else if (kind == LoopKind::Fill && !last)
      last = &op;
  }
  return reduction ? reduction : last;
}

KernelClass getKernelClass(func::FuncOp kernel) {
  Operation *root = getKernelRoot(kernel);
  switch (root ? classifyLoop(root) : LoopKind::Host) {
  case LoopKind::Contraction:
    return KernelClass::contraction;
  case LoopKind::Convolution:
    return KernelClass::convolution;
  case LoopKind::Depthwise:
    return KernelClass::depthwise;
  case LoopKind::Pooling:
    return KernelClass::pooling;
  case LoopKind::Reduction: {
    // Rows: something is computed for each element after a reduction.
    for (auto generic : kernel.getOps<linalg::GenericOp>())
      if (!generic.getNumReductionLoops())
        for (OpOperand *input : generic.getDpsInputOperands())
          if (classifyLoop(generic) == LoopKind::Elementwise && input->get().getDefiningOp() &&
              generic.getMatchingIndexingMap(input).getNumResults() < generic.getNumLoops())
            return KernelClass::rows;
    return KernelClass::reduction;
  }
  case LoopKind::Elementwise:
    return KernelClass::elementwise;
  case LoopKind::Structured:
    return KernelClass::other;
  default:
    return KernelClass::movement;
  }
}

} // namespace mlir::aic
