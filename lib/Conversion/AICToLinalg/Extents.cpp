// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Extents.cpp - Values, and numbers for symbolic dims ----------------===//
//
// Every extent is asked of the ShapeScope first. An expression whose symbols
// have roots (the extent of an argument, an element of a tensor read on the
// host) becomes an affine.apply over them; any other is read from the tensor
// that has it.
//
//===----------------------------------------------------------------------===//
#include "Lowering.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::aic::lowering {

//===-- Values ------------------------------------------------------------===//

void Lowering::set(Value old, Value value) {
  if (!isa<RankedTensorType>(old.getType())) {
    values[old] = value;
    return;
  }
  value = cast(value.getLoc(), value, type(old));
  values[old] = value;
  for (auto [i, expr] : llvm::enumerate(dims(old)))
    if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
      roots.try_emplace(symbol.getPosition(), value, i);
}

void Lowering::root(AffineExpr expr, Value index) {
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    roots.try_emplace(symbol.getPosition(), index, -1);
}

Dims Lowering::dims(Value old, ArrayRef<int64_t> which) {
  Dims all = dims(old);
  return llvm::map_to_vector(which, [&](int64_t i) { return all[i]; });
}

RankedTensorType Lowering::type(Value old) {
  return RankedTensorType::get(staticShape(dims(old)), signless(getElementTypeOrSelf(old.getType())));
}

DenseElementsAttr Lowering::constant(Value old) const {
  DenseElementsAttr attr;
  matchPattern(old, m_Constant(&attr));
  return attr;
}

Value Lowering::cast(Location loc, Value value, Type type) {
  return value.getType() == type ? value : tensor::CastOp::create(b, loc, type, value).getResult();
}

//===-- Expressions -------------------------------------------------------===//

bool Lowering::known(AffineExpr expr) const {
  bool all = true;
  expr.walk([&](AffineExpr e) {
    if (auto symbol = dyn_cast<AffineSymbolExpr>(e))
      all &= roots.contains(symbol.getPosition());
  });
  return all;
}

Value Lowering::materialise(Location loc, AffineExpr expr) {
  if (auto number = dyn_cast<AffineConstantExpr>(expr))
    return index(loc, number.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    auto [value, dim] = roots.lookup(symbol.getPosition());
    return dim < 0 ? value : tensor::DimOp::create(b, loc, value, dim).getResult();
  }
  if (expr.isPureAffine()) {
    SmallVector<Value> operands;
    DenseMap<AffineExpr, AffineExpr> renamed;
    expr.walk([&](AffineExpr e) {
      if (isa<AffineSymbolExpr>(e) && !renamed.contains(e)) {
        renamed[e] = getAffineSymbolExpr(operands.size(), b.getContext());
        operands.push_back(materialise(loc, e));
      }
    });
    AffineMap map = AffineMap::get(0, operands.size(), expr.replace(renamed));
    return affine::AffineApplyOp::create(b, loc, map, operands);
  }
  auto binary = mlir::cast<AffineBinaryOpExpr>(expr);
  Value x = materialise(loc, binary.getLHS()), y = materialise(loc, binary.getRHS());
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return arith::AddIOp::create(b, loc, x, y);
  case AffineExprKind::Mul:
    return arith::MulIOp::create(b, loc, x, y);
  case AffineExprKind::FloorDiv:
    return arith::FloorDivSIOp::create(b, loc, x, y);
  case AffineExprKind::CeilDiv:
    return arith::CeilDivSIOp::create(b, loc, x, y);
  default:
    return arith::RemSIOp::create(b, loc, x, y);
  }
}

std::optional<OpFoldResult> Lowering::number(Location loc, AffineExpr expr) {
  if (std::optional<int64_t> value = constantDim(expr))
    return num(*value);
  if (!known(expr))
    return std::nullopt;
  return OpFoldResult(materialise(loc, expr));
}

//===-- Extents -----------------------------------------------------------===//

OpFoldResult Lowering::dim(Location loc, Value tensor, int64_t dim) {
  int64_t extent = mlir::cast<RankedTensorType>(tensor.getType()).getDimSize(dim);
  if (!ShapedType::isDynamic(extent))
    return num(extent);
  // What was just written says its extents.
  Operation *op = tensor.getDefiningOp();
  if (auto generic = dyn_cast_or_null<linalg::LinalgOp>(op))
    return this->dim(loc, generic.getDpsInits()[mlir::cast<OpResult>(tensor).getResultNumber()], dim);
  if (auto empty = dyn_cast_or_null<tensor::EmptyOp>(op))
    return empty.getMixedSizes()[dim];
  if (auto view = dyn_cast_or_null<tensor::ExpandShapeOp>(op))
    return view.getMixedOutputShape()[dim];
  if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(op); slice && slice.getDroppedDims().none())
    return slice.getMixedSizes()[dim];
  if (auto pad = dyn_cast_or_null<tensor::PadOp>(op))
    return add(loc, add(loc, this->dim(loc, pad.getSource(), dim), pad.getMixedLowPad()[dim]),
               pad.getMixedHighPad()[dim]);
  if (auto concat = dyn_cast_or_null<tensor::ConcatOp>(op); concat && concat.getDim() != static_cast<uint64_t>(dim))
    return this->dim(loc, concat.getInputs().front(), dim);
  if (auto view = dyn_cast_or_null<tensor::CollapseShapeOp>(op)) {
    OpFoldResult product = num(1);
    ReassociationIndices group = view.getReassociationIndices()[dim];
    for (int64_t i : group)
      product = mul(loc, product, this->dim(loc, view.getSrc(), i));
    return product;
  }
  return OpFoldResult(tensor::DimOp::create(b, loc, tensor, dim).getResult());
}

Extents Lowering::shape(Location loc, Value tensor) {
  return llvm::map_to_vector(llvm::seq<int64_t>(0, mlir::cast<RankedTensorType>(tensor.getType()).getRank()),
                             [&](int64_t i) { return dim(loc, tensor, i); });
}

OpFoldResult Lowering::extent(Location loc, Value old, int64_t d) {
  if (std::optional<OpFoldResult> result = number(loc, dims(old)[d]))
    return *result;
  return dim(loc, get(old), d);
}

Extents Lowering::extents(Location loc, Value old) {
  return llvm::map_to_vector(llvm::seq<int64_t>(0, dims(old).size()), [&](int64_t i) { return extent(loc, old, i); });
}

Extents Lowering::resultExtents(Location loc, Value old, llvm::function_ref<OpFoldResult(int64_t)> fallback) {
  Extents result;
  for (auto [i, expr] : llvm::enumerate(dims(old))) {
    std::optional<OpFoldResult> value = number(loc, expr);
    if (!value && fallback) {
      value = fallback(i);
      // A number that only run time tells: the symbol's root from here on.
      if (auto computed = dyn_cast<Value>(*value))
        root(expr, computed);
    }
    result.push_back(value.value_or(OpFoldResult()));
  }
  assertRequirements(loc); // of the numbers that are new
  return result;
}

OpFoldResult Lowering::element(Location loc, Value old, int64_t i) {
  std::optional<Dims> elements = scope.elements(old);
  if (elements)
    if (std::optional<OpFoldResult> value = number(loc, (*elements)[i]))
      return *value;
  SmallVector<Value> position;
  int64_t rest = i;
  for (int64_t extent : llvm::reverse(type(old).getShape().drop_front(dims(old).empty() ? 0 : 1))) {
    position.insert(position.begin(), index(loc, rest % extent));
    rest /= extent;
  }
  if (!dims(old).empty())
    position.insert(position.begin(), index(loc, rest));
  Value scalar = tensor::ExtractOp::create(b, loc, get(old), position);
  bool isPlain = isUnsigned(old) || scalar.getType().isInteger(1); // (a truth value is no -1)
  Value result = isPlain ? arith::IndexCastUIOp::create(b, loc, b.getIndexType(), scalar).getResult()
                         : arith::IndexCastOp::create(b, loc, b.getIndexType(), scalar).getResult();
  if (elements)
    root((*elements)[i], result);
  return result;
}

Value Lowering::index(Location loc, OpFoldResult number) { return getValueOrCreateConstantIndexOp(b, loc, number); }

/// Both numbers, if they are.
static std::optional<std::pair<int64_t, int64_t>> both(OpFoldResult x, OpFoldResult y) {
  std::optional<int64_t> p = getConstantIntValue(x), q = getConstantIntValue(y);
  if (p && q)
    return std::make_pair(*p, *q);
  return std::nullopt;
}

OpFoldResult Lowering::add(Location loc, OpFoldResult x, OpFoldResult y) {
  if (auto n = both(x, y))
    return num(n->first + n->second);
  if (isZeroInteger(x))
    return y;
  if (isZeroInteger(y))
    return x;
  return arith::AddIOp::create(b, loc, index(loc, x), index(loc, y)).getResult();
}

OpFoldResult Lowering::sub(Location loc, OpFoldResult x, OpFoldResult y) {
  if (auto n = both(x, y))
    return num(n->first - n->second);
  if (isZeroInteger(y))
    return x;
  return arith::SubIOp::create(b, loc, index(loc, x), index(loc, y)).getResult();
}

OpFoldResult Lowering::mul(Location loc, OpFoldResult x, OpFoldResult y) {
  if (auto n = both(x, y))
    return num(n->first * n->second);
  if (isOneInteger(x))
    return y;
  if (isOneInteger(y))
    return x;
  return arith::MulIOp::create(b, loc, index(loc, x), index(loc, y)).getResult();
}

OpFoldResult Lowering::floorDiv(Location loc, OpFoldResult x, OpFoldResult y) {
  if (auto n = both(x, y); n && n->second != 0)
    return num(llvm::divideFloorSigned(n->first, n->second));
  if (isOneInteger(y))
    return x;
  return arith::FloorDivSIOp::create(b, loc, index(loc, x), index(loc, y)).getResult();
}

OpFoldResult Lowering::ceilDiv(Location loc, OpFoldResult x, OpFoldResult y) {
  if (auto n = both(x, y); n && n->second != 0)
    return num(llvm::divideCeilSigned(n->first, n->second));
  if (isOneInteger(y))
    return x;
  return arith::CeilDivSIOp::create(b, loc, index(loc, x), index(loc, y)).getResult();
}

OpFoldResult Lowering::min(Location loc, OpFoldResult x, OpFoldResult y) {
  if (auto n = both(x, y))
    return num(std::min(n->first, n->second));
  return arith::MinSIOp::create(b, loc, index(loc, x), index(loc, y)).getResult();
}

OpFoldResult Lowering::max(Location loc, OpFoldResult x, OpFoldResult y) {
  if (auto n = both(x, y))
    return num(std::max(n->first, n->second));
  return arith::MaxSIOp::create(b, loc, index(loc, x), index(loc, y)).getResult();
}

OpFoldResult Lowering::broadcastExtent(Location loc, OpFoldResult x, OpFoldResult y) {
  if (isOneInteger(x) || x == y)
    return y;
  Value isOne = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, index(loc, x), index(loc, 1));
  return arith::SelectOp::create(b, loc, isOne, index(loc, y), index(loc, x)).getResult();
}

} // namespace mlir::aic::lowering
