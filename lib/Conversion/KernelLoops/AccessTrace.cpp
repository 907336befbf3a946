// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Conversion/KernelLoops/AccessTrace.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

namespace mlir::aic {

size_t Access::innermost() const {
  auto type = cast<RankedTensorType>(tensor.getType());
  size_t last = indices.empty() ? 0 : indices.size() - 1;
  while (last && type.getDimSize(last) == 1 && isa_and_nonnull<AffineConstantExpr>(indices[last]))
    --last;
  return last;
}

std::optional<int64_t> coefficientOf(AffineExpr expr, unsigned dim) {
  if (!expr)
    return std::nullopt;
  if (!expr.isFunctionOfDim(dim))
    return 0;
  if (isa<AffineDimExpr>(expr))
    return 1;
  auto binary = cast<AffineBinaryOpExpr>(expr);
  auto x = coefficientOf(binary.getLHS(), dim), y = coefficientOf(binary.getRHS(), dim);
  if (!x || !y)
    return std::nullopt;
  if (expr.getKind() == AffineExprKind::Add)
    return *x + *y;
  if (expr.getKind() == AffineExprKind::Mul)
    if (auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS()))
      return *x * factor.getValue();
  return std::nullopt;
}

bool isTranscendental(linalg::LinalgOp op) {
  for (Operation &inner : *op.getBlock())
    if (isa<math::ExpOp, math::Exp2Op, math::ExpM1Op, math::ErfOp, math::TanhOp, math::LogOp, math::Log2Op, math::Log1pOp,
            math::PowFOp, math::SinOp, math::CosOp, math::AtanOp, math::Atan2Op, math::SinhOp, math::CoshOp>(inner))
      return true;
  return false;
}

void AccessTrace::markOpaque(AffineExpr expr) {
  for (unsigned d = 0; d < opaque.size(); ++d)
    if (expr && expr.isFunctionOfDim(d))
      opaque.set(d);
}

/// The value of an index inside a body as an expression of the traced space, or null.
AffineExpr AccessTrace::indexExpr(Value index, linalg::LinalgOp op, ArrayRef<AffineExpr> loops) {
  MLIRContext *context = op.getContext();
  APInt known;
  if (matchPattern(index, m_ConstantInt(&known)))
    return getAffineConstantExpr(known.getSExtValue(), context);
  Operation *def = index.getDefiningOp();
  if (auto loop = dyn_cast_or_null<linalg::IndexOp>(def))
    return loops[loop.getDim()];
  if (isa_and_nonnull<arith::AddIOp, arith::SubIOp, arith::MulIOp>(def)) {
    AffineExpr x = indexExpr(def->getOperand(0), op, loops), y = indexExpr(def->getOperand(1), op, loops);
    if (!x || !y)
      return nullptr;
    if (isa<arith::AddIOp>(def))
      return x + y;
    if (isa<arith::SubIOp>(def))
      return x - y;
    if (isa<AffineConstantExpr>(x) || isa<AffineConstantExpr>(y))
      return x * y;
  }
  return nullptr;
}

void AccessTrace::visitOperands(linalg::LinalgOp op, ArrayRef<AffineExpr> loops, bool throughView) {
  auto substitute = [&](AffineMap map) {
    return llvm::map_to_vector(map.getResults(), [&](AffineExpr e) -> AffineExpr {
      for (unsigned d = 0; d < map.getNumDims(); ++d)
        if (e.isFunctionOfDim(d) && !loops[d])
          return nullptr;
      SmallVector<AffineExpr> safe(loops);
      for (AffineExpr &l : safe)
        if (!l)
          l = getAffineConstantExpr(0, op.getContext());
      return simplifyAffineExpr(e.replaceDims(safe), opaque.size(), 0);
    });
  };
  transcendental |= isTranscendental(op);
  Block *body = op.getBlock();
  for (OpOperand *operand : op.getDpsInputOperands())
    if (isa<ShapedType>(operand->get().getType()) && !body->getArgument(operand->getOperandNumber()).use_empty())
      visit(operand->get(), substitute(op.getMatchingIndexingMap(operand)), throughView);
  for (Operation &inner : *body) {
    if (auto extract = dyn_cast<tensor::ExtractOp>(inner)) {
      auto at = llvm::map_to_vector(extract.getIndices(), [&](Value i) { return indexExpr(i, op, loops); });
      visit(extract.getTensor(), at, /*throughView=*/true);
    }
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      for (Operation *user : index->getUsers())
        if (!isa<tensor::ExtractOp>(user))
          markOpaque(loops[index.getDim()]);
  }
}

void AccessTrace::visit(Value tensor, ArrayRef<AffineExpr> indices, bool throughView) {
  std::vector<const void *> key{tensor.getAsOpaquePointer()};
  for (AffineExpr e : indices)
    key.push_back(e ? e.getAsOpaquePointer() : nullptr);
  if (!seen.insert(key).second)
    return;
  if (leaves.contains(tensor)) {
    accesses.push_back({tensor, SmallVector<AffineExpr>(indices), throughView});
    return;
  }
  Operation *def = tensor.getDefiningOp();
  if (auto op = dyn_cast_or_null<linalg::LinalgOp>(def)) {
    if (isa<linalg::FillOp>(def))
      return;
    SmallVector<AffineExpr> loops(op.getNumLoops());
    AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(cast<OpResult>(tensor).getResultNumber()));
    for (auto [expr, index] : llvm::zip_equal(map.getResults(), indices))
      if (auto d = dyn_cast<AffineDimExpr>(expr))
        loops[d.getPosition()] = index;
    return visitOperands(op, loops, throughView);
  }
  MLIRContext *context = tensor.getContext();
  if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(def)) {
    SmallVector<AffineExpr> at;
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    for (int64_t d = 0, kept = 0; d < slice.getSourceType().getRank(); ++d) {
      AffineExpr i = dropped[d] ? getAffineConstantExpr(0, context) : indices[kept++];
      auto stride = getConstantIntValue(slice.getMixedStrides()[d]);
      auto offset = getConstantIntValue(slice.getMixedOffsets()[d]);
      // An offset that is not a constant shifts the whole access: it does not change how the access moves.
      at.push_back(i && stride ? i * *stride + (offset ? *offset : 0) : nullptr);
      if (!stride)
        markOpaque(i);
    }
    return visit(slice.getSource(), at, true);
  }
  if (auto pad = dyn_cast_or_null<tensor::PadOp>(def)) {
    for (auto [d, i] : llvm::enumerate(indices))
      if (!isConstantIntValue(pad.getMixedLowPad()[d], 0) || !isConstantIntValue(pad.getMixedHighPad()[d], 0))
        markOpaque(i);
    return visit(pad.getSource(), indices, true);
  }
  if (auto concat = dyn_cast_or_null<tensor::ConcatOp>(def)) {
    SmallVector<AffineExpr> at(indices); // which part it is depends on the index
    markOpaque(at[concat.getDim()]);
    at[concat.getDim()] = nullptr;
    for (Value part : concat.getInputs())
      visit(part, at, true);
    return;
  }
  if (auto cast = dyn_cast_or_null<tensor::CastOp>(def))
    return visit(cast.getSource(), indices, throughView);
  if (auto unpack = dyn_cast_or_null<UnpackOp>(def))
    return visit(unpack.getInput(), indices, true); // as the logical tensor
  if (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(def)) {
    for (AffineExpr i : indices)
      markOpaque(i);
    auto type = cast<RankedTensorType>(def->getOperand(0).getType());
    SmallVector<AffineExpr> at(type.getRank());
    if (!at.empty() && !indices.empty())
      at.back() = indices.back(); // contiguous there, contiguous here, as far as anybody can tell
    return visit(def->getOperand(0), at, true);
  }
}

} // namespace mlir::aic
