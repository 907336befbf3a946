// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/Transforms/DimResolver.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::aic {

Value getNonZeroCount(Operation *op) {
  Attribute number = op->getAttr(kNonZeros);
  if (!number)
    return {};
  for (Operation &other : *op->getBlock())
    if (isa<arith::IndexCastOp>(other) && other.getAttr(kNonZeros) == number)
      return other.getResult(0);
  return {};
}

/// One step towards where the extent comes from: another (tensor, dim) with the same extent, or the extent itself.
static OpFoldResult step(Value &tensor, int64_t &dim) {
  Operation *def = tensor.getDefiningOp();
  auto type = cast<RankedTensorType>(tensor.getType());
  Value source = tensor;
  if (!type.isDynamicDim(dim))
    return Builder(tensor.getContext()).getIndexAttr(type.getDimSize(dim));
  if (auto empty = dyn_cast_or_null<tensor::EmptyOp>(def))
    return empty.getDynamicSize(dim);
  if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(def)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    for (auto [position, size] : llvm::enumerate(slice.getMixedSizes()))
      if (!dropped.test(position) && dim-- == 0)
        return size;
  }
  if (auto nonZero = dyn_cast_or_null<NonZeroOp>(def))
    if (Value count = getNonZeroCount(nonZero))
      return count;
  if (auto expand = dyn_cast_or_null<tensor::ExpandShapeOp>(def))
    return expand.getMixedOutputShape()[dim];
  if (auto dps = dyn_cast_or_null<DestinationStyleOpInterface>(def))
    source = dps.getTiedOpOperand(cast<OpResult>(tensor))->get();
  else if (auto cast = dyn_cast_or_null<tensor::CastOp>(def))
    source = cast.getSource();
  else if (isa_and_nonnull<ScanOp, ScatterElementsOp, ScatterNDOp>(def))
    source = def->getOperand(0);
  else if (auto top = dyn_cast_or_null<TopKOp>(def); top && dim != int64_t(top.getAxis()))
    source = top.getInput();
  else if (auto concat = dyn_cast_or_null<tensor::ConcatOp>(def); concat && dim != int64_t(concat.getDim()))
    source = concat.getInputs()[0];
  else if (auto pad = dyn_cast_or_null<tensor::PadOp>(def);
           pad && isConstantIntValue(pad.getMixedLowPad()[dim], 0) && isConstantIntValue(pad.getMixedHighPad()[dim], 0))
    source = pad.getSource();
  else if (auto collapse = dyn_cast_or_null<tensor::CollapseShapeOp>(def)) {
    const ReassociationIndices group = collapse.getReassociationIndices()[dim];
    if (group.size() == 1) {
      source = collapse.getSrc();
      dim = group[0];
    }
  }
  if (source == tensor || !isa<RankedTensorType>(source.getType()))
    return {};
  tensor = source;
  return {};
}

/// Follows steps while there are any.
static OpFoldResult follow(Value &tensor, int64_t &dim) {
  while (true) {
    Value before = tensor;
    if (OpFoldResult size = step(tensor, dim))
      return size;
    if (tensor == before)
      return {};
  }
}

static OpFoldResult apply(OpBuilder &b, Location loc, AffineExpr expr, ArrayRef<OpFoldResult> operands) {
  return affine::makeComposedFoldedAffineApply(b, loc, expr, operands);
}

OpFoldResult resolveDim(OpBuilder &b, Location loc, Value tensor, int64_t dim) {
  // Sums and products of dims; a pad of a pad of a pad is a sum, so the work list is the recursion.
  SmallVector<OpFoldResult> terms;
  SmallVector<std::pair<Value, int64_t>> work = {{tensor, dim}};
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
  while (!work.empty()) {
    auto [source, position] = work.pop_back_val();
    if (OpFoldResult size = follow(source, position)) {
      terms.push_back(size);
      continue;
    }
    Operation *def = source.getDefiningOp();
    if (auto concat = dyn_cast_or_null<tensor::ConcatOp>(def)) {
      for (Value input : concat.getInputs())
        work.push_back({input, position});
    } else if (auto pad = dyn_cast_or_null<tensor::PadOp>(def)) {
      terms.push_back(pad.getMixedLowPad()[position]);
      terms.push_back(pad.getMixedHighPad()[position]);
      work.push_back({pad.getSource(), position});
    } else if (auto collapse = dyn_cast_or_null<tensor::CollapseShapeOp>(def)) {
      OpFoldResult product = b.getIndexAttr(1);
      const ReassociationIndices group = collapse.getReassociationIndices()[position];
      for (int64_t from : group) {
        Value value = collapse.getSrc();
        int64_t at = from;
        OpFoldResult size = follow(value, at);
        if (!size)
          size = tensor::DimOp::create(b, loc, value, at).getResult();
        product = apply(b, loc, s0 * s1, {product, size});
      }
      terms.push_back(product);
    } else if (auto top = dyn_cast_or_null<TopKOp>(def)) {
      auto type = cast<RankedTensorType>(top.getK().getType());
      SmallVector<Value> zeros(type.getRank(), arith::ConstantIndexOp::create(b, loc, 0));
      Value k = tensor::ExtractOp::create(b, loc, top.getK(), zeros);
      terms.push_back(arith::IndexCastOp::create(b, loc, b.getIndexType(), k).getResult());
    } else {
      terms.push_back(tensor::DimOp::create(b, loc, source, position).getResult());
    }
  }
  OpFoldResult sum = terms.front();
  for (OpFoldResult term : llvm::drop_begin(terms))
    sum = apply(b, loc, s0 + s1, {sum, term});
  return sum;
}

Value createEmptyLike(OpBuilder &b, Location loc, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      sizes.push_back(getValueOrCreateConstantIndexOp(b, loc, resolveDim(b, loc, tensor, dim)));
  return tensor::EmptyOp::create(b, loc, type, sizes);
}

DimKey getDimKey(Value tensor, int64_t dim) {
  while (true) {
    OpFoldResult size = follow(tensor, dim);
    if (!size)
      return {tensor.getAsOpaquePointer(), dim};
    if (auto number = getConstantIntValue(size))
      return {nullptr, *number};
    auto inner = cast<Value>(size).getDefiningOp<tensor::DimOp>();
    if (!inner || !inner.getConstantIndex())
      return {cast<Value>(size).getAsOpaquePointer(), -1};
    tensor = inner.getSource();
    dim = *inner.getConstantIndex();
  }
}

} // namespace mlir::aic
