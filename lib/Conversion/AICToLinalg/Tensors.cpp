// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Tensors.cpp - Generics, broadcasts and views -----------------------===//
//
// Indexing maps of elementwise generics are projected permutations: an operand
// that is broadcast along a dim of extent 1 is viewed without that dim. Where
// it is known at run time only whether an extent is 1, the operand is read with
// tensor.extract.
//
//===----------------------------------------------------------------------===//
#include "Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

namespace mlir::aic::lowering {

AffineMap Lowering::map(int64_t rank, ArrayRef<int64_t> which) {
  return map(rank, llvm::map_to_vector(which, [&](int64_t i) { return d(i); }));
}

//===-- Tensors -----------------------------------------------------------===//

Value Lowering::empty(Location loc, ArrayRef<OpFoldResult> extents, Type element) {
  return tensor::EmptyOp::create(b, loc, extents, element);
}

Value Lowering::filled(Location loc, ArrayRef<OpFoldResult> extents, Value scalar) {
  Value out = empty(loc, extents, scalar.getType());
  return linalg::FillOp::create(b, loc, scalar, out).getResult(0);
}

Value Lowering::filled(Location loc, ArrayRef<OpFoldResult> extents, TypedAttr scalar) {
  return filled(loc, extents, arith::ConstantOp::create(b, loc, scalar));
}

SmallVector<Value> Lowering::generic(Location loc, ValueRange ins, ValueRange outs, ArrayRef<AffineMap> maps,
                                     ArrayRef<utils::IteratorType> iterators, Body body) {
  auto op = linalg::GenericOp::create(b, loc, outs.getTypes(), ins, outs, maps, iterators,
                                      [&](OpBuilder &nested, Location loc, ValueRange args) {
                                        linalg::YieldOp::create(nested, loc, body(nested, loc, args));
                                      });
  return SmallVector<Value>(op->getResults());
}

Value Lowering::generic(Location loc, ValueRange ins, Value out, ArrayRef<AffineMap> maps,
                        ArrayRef<utils::IteratorType> iterators, ScalarBody body) {
  return generic(loc, ins, ValueRange(out), maps, iterators, [&](OpBuilder &nested, Location loc, ValueRange args) {
    return SmallVector<Value>{body(nested, loc, args)};
  })[0];
}

Value Lowering::pointwise(Location loc, ValueRange ins, ArrayRef<AffineMap> inMaps, ArrayRef<OpFoldResult> extents,
                          Type element, ScalarBody body) {
  SmallVector<AffineMap> maps(inMaps);
  maps.push_back(identity(extents.size()));
  SmallVector<utils::IteratorType> iterators(extents.size(), kParallel);
  return generic(loc, ins, empty(loc, extents, element), maps, iterators, body);
}

//===-- Broadcast ---------------------------------------------------------===//

/// The index of an operand whose extent is the result's, or 1: then index 0. (No comparison: nothing but numbers of
/// type index may be shared with the code around a body.)
static Value guardedIndex(OpBuilder &b, Location loc, Value extent, Value index) {
  Value last = arith::SubIOp::create(b, loc, extent, arith::ConstantIndexOp::create(b, loc, 1));
  return arith::MinUIOp::create(b, loc, index, last);
}

namespace {
/// How an operand is read: through a map, as a scalar, or by tensor.extract.
struct Access {
  Value value;
  AffineMap map;
  TypedAttr scalar;
  SmallVector<Value> extents;    // guarded dims: the extent, else null
  SmallVector<int64_t> position; // of each dim of the operand in the iteration, -1: index 0
  bool guarded = false;
};
} // namespace

static TypedAttr splatOf(Value value) {
  DenseElementsAttr attr;
  if (matchPattern(value, m_Constant(&attr)) && attr.isSplat())
    return attr.getSplatValue<TypedAttr>();
  return nullptr;
}

Value Lowering::elementwise(Location loc, ValueRange oldOperands, Value oldResult, ScalarBody body, Type element) {
  Dims out = dims(oldResult);
  int64_t rank = out.size();
  if (!element)
    element = type(oldResult).getElementType();
  Extents outExtents = resultExtents(loc, oldResult, [&](int64_t i) {
    // numpy: the extent that is not 1.
    OpFoldResult extent = num(1);
    for (Value operand : oldOperands) {
      int64_t d = i - (rank - static_cast<int64_t>(dims(operand).size()));
      if (d < 0 || constantDim(dims(operand)[d]) == 1)
        continue;
      extent = broadcastExtent(loc, extent, this->extent(loc, operand, d));
    }
    return extent;
  });

  // Dims of extent 1 that a view has put into an operand need no loop.
  llvm::BitVector drop(rank);
  for (Value operand : oldOperands)
    if (auto view = get(operand).getDefiningOp<tensor::ExpandShapeOp>())
      for (ReassociationIndices &group : view.getReassociationIndices()) {
        int64_t lead = rank - view.getResultType().getRank();
        auto isUnit = [&](int64_t i) { return view.getResultType().getDimSize(i) == 1; };
        int64_t units = llvm::count_if(group, isUnit);
        if (units + 1 < static_cast<int64_t>(group.size()) || group.size() == 1)
          continue;
        bool keptOne = units < static_cast<int64_t>(group.size());
        for (int64_t i : group)
          if (isUnit(i)) {
            if (keptOne && constantDim(out[lead + i]) == 1)
              drop.set(lead + i);
            keptOne = true; // the source's own dim, where all are 1, stays
          }
      }

  SmallVector<int64_t> loopOf(rank, -1);
  Extents loops;
  for (int64_t i = 0; i < rank; ++i)
    if (!drop[i]) {
      loopOf[i] = loops.size();
      loops.push_back(outExtents[i]);
    }

  SmallVector<Access> accesses;
  SmallVector<Value> ins;
  SmallVector<AffineMap> maps;
  for (Value operand : oldOperands) {
    Access access{get(operand)};
    Dims own = dims(operand);
    int64_t lead = rank - static_cast<int64_t>(own.size());
    if ((access.scalar = splatOf(access.value))) {
      accesses.push_back(access);
      continue;
    }
    llvm::BitVector units(own.size());
    SmallVector<AffineExpr> exprs;
    for (auto [i, extent] : llvm::enumerate(own)) {
      int64_t r = lead + i;
      access.extents.push_back(nullptr);
      bool isUnit = constantDim(extent) == 1;
      access.position.push_back(isUnit && out[r] != extent ? -1 : loopOf[r]);
      if (drop[r] || (isUnit && out[r] != extent)) {
        units.set(i);
        continue;
      }
      if (extent != out[r]) {
        access.guarded = true;
        access.extents.back() = index(loc, this->extent(loc, operand, i));
      }
      exprs.push_back(d(loopOf[r]));
    }
    if (!access.guarded) {
      access.value = dropUnits(loc, access.value, units);
      access.map = map(loops.size(), exprs);
      ins.push_back(access.value);
      maps.push_back(access.map);
    }
    accesses.push_back(std::move(access));
  }

  Value result = pointwise(loc, ins, maps, loops, element, [&](OpBuilder &nested, Location loc, ValueRange args) {
    SmallVector<Value> scalars;
    size_t next = 0;
    for (Access &access : accesses) {
      if (access.scalar) {
        scalars.push_back(arith::ConstantOp::create(nested, loc, access.scalar));
      } else if (access.guarded) {
        SmallVector<Value> position;
        for (auto [loop, extent] : llvm::zip_equal(access.position, access.extents)) {
          if (loop < 0) {
            position.push_back(arith::ConstantIndexOp::create(nested, loc, 0));
            continue;
          }
          Value i = linalg::IndexOp::create(nested, loc, loop);
          position.push_back(extent ? guardedIndex(nested, loc, extent, i) : i);
        }
        scalars.push_back(tensor::ExtractOp::create(nested, loc, access.value, position));
      } else {
        scalars.push_back(args[next++]);
      }
    }
    return body(nested, loc, scalars);
  });
  return addUnits(loc, result, drop);
}

Value Lowering::broadcastTo(Location loc, Value value, ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to,
                            ArrayRef<OpFoldResult> extents) {
  int64_t lead = static_cast<int64_t>(to.size()) - static_cast<int64_t>(from.size());
  if (lead == 0 && llvm::equal(from, to))
    return value;
  llvm::BitVector units(from.size());
  SmallVector<AffineExpr> exprs;
  SmallVector<Value> own;
  bool guarded = false;
  for (auto [i, extent] : llvm::enumerate(from)) {
    bool unit = constantDim(extent) == 1 && to[lead + i] != extent;
    guarded |= !unit && extent != to[lead + i];
    if (unit)
      units.set(i);
    else
      exprs.push_back(d(lead + i));
  }
  Type element = getElementTypeOrSelf(value.getType());
  if (!guarded) {
    Value in = dropUnits(loc, value, units);
    return pointwise(loc, in, map(to.size(), exprs), extents, element,
                     [](OpBuilder &, Location, ValueRange args) { return args[0]; });
  }
  Extents ownExtents = shape(loc, value);
  for (OpFoldResult extent : ownExtents)
    own.push_back(index(loc, extent));
  return pointwise(loc, {}, {}, extents, element, [&](OpBuilder &nested, Location loc, ValueRange) -> Value {
    SmallVector<Value> position;
    for (auto [i, extent] : llvm::enumerate(own))
      position.push_back(guardedIndex(nested, loc, extent, linalg::IndexOp::create(nested, loc, lead + i)));
    return tensor::ExtractOp::create(nested, loc, value, position);
  });
}

//===-- Views -------------------------------------------------------------===//

Value Lowering::collapse(Location loc, Value value, ArrayRef<ReassociationIndices> groups) {
  if (groups.size() == static_cast<size_t>(mlir::cast<RankedTensorType>(value.getType()).getRank()))
    return value;
  return tensor::CollapseShapeOp::create(b, loc, value, groups);
}

Value Lowering::expand(Location loc, Value value, ArrayRef<ReassociationIndices> groups,
                       ArrayRef<OpFoldResult> extents) {
  auto source = mlir::cast<RankedTensorType>(value.getType());
  if (extents.size() == static_cast<size_t>(source.getRank()))
    return value;
  SmallVector<int64_t> shape = llvm::map_to_vector(
      extents, [](OpFoldResult e) { return getConstantIntValue(e).value_or(ShapedType::kDynamic); });
  return tensor::ExpandShapeOp::create(b, loc, RankedTensorType::get(shape, source.getElementType()), value, groups,
                                       extents);
}

/// Each dim that stays, with the ones after it that do not (the first: also those before it).
static SmallVector<ReassociationIndices> groupsAround(const llvm::BitVector &units) {
  SmallVector<ReassociationIndices> groups;
  if (units.all())
    return groups;
  ReassociationIndices lead;
  for (unsigned i = 0; i < units.size(); ++i) {
    if (!units[i]) {
      groups.emplace_back(groups.empty() ? lead : ReassociationIndices());
      groups.back().push_back(i);
    } else {
      (groups.empty() ? lead : groups.back()).push_back(i);
    }
  }
  return groups;
}

/// A constant under another type with the same number of elements.
static Value reshapedConstant(OpBuilder &b, Value value, RankedTensorType type) {
  auto op = value.getDefiningOp<arith::ConstantOp>();
  if (!op)
    return nullptr;
  TypedAttr attr;
  if (auto dense = dyn_cast<DenseElementsAttr>(op.getValue()))
    attr = dense.reshape(type);
  else if (auto resource = dyn_cast<DenseResourceElementsAttr>(op.getValue()))
    attr = DenseResourceElementsAttr::get(type, resource.getRawHandle());
  return attr ? arith::ConstantOp::create(b, op.getLoc(), attr).getResult() : nullptr;
}

Value Lowering::dropUnits(Location loc, Value value, const llvm::BitVector &units) {
  if (units.none())
    return value;
  auto type = mlir::cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape;
  for (unsigned i = 0; i < units.size(); ++i)
    if (!units[i])
      shape.push_back(type.getDimSize(i));
  auto target = RankedTensorType::get(shape, type.getElementType());
  if (auto view = value.getDefiningOp<tensor::ExpandShapeOp>())
    if (view.getSrcType() == target && llvm::all_of(view.getReassociationIndices(), [&](ReassociationIndices &group) {
          return llvm::count_if(group, [&](int64_t i) { return !units[i]; }) == 1;
        }))
      return view.getSrc();
  if (Value constant = reshapedConstant(b, value, target))
    return constant;
  return collapse(loc, value, groupsAround(units));
}

Value Lowering::addUnits(Location loc, Value value, const llvm::BitVector &units) {
  if (units.none())
    return value;
  Extents own = shape(loc, value), extents;
  for (unsigned i = 0, next = 0; i < units.size(); ++i)
    extents.push_back(units[i] ? num(1) : own[next++]);
  return expand(loc, value, groupsAround(units), extents);
}

/// Splits both shapes into groups of equal products; false if that cannot be shown.
static bool matchGroups(const ShapeScope &scope, ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to,
                        SmallVectorImpl<ReassociationIndices> &fromGroups,
                        SmallVectorImpl<ReassociationIndices> &toGroups) {
  size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    ReassociationIndices &p = fromGroups.emplace_back(), &q = toGroups.emplace_back();
    AffineExpr x = from[i], y = to[j];
    p.push_back(i++);
    q.push_back(j++);
    while (x != y) {
      bool extendTo = (constantDim(y) != 0 && exactQuotient(x, y) && j < to.size()) || i == from.size();
      if (extendTo && j == to.size())
        return false;
      if (extendTo) {
        q.push_back(j);
        y = scope.product({y, to[j++]});
      } else {
        p.push_back(i);
        x = scope.product({x, from[i++]});
      }
    }
    if (constantDim(x) == 0)
      return false;
  }
  if (fromGroups.empty())
    return llvm::all_of(from, [](AffineExpr e) { return constantDim(e) == 1; }) &&
           llvm::all_of(to, [](AffineExpr e) { return constantDim(e) == 1; });
  for (; i < from.size(); ++i) {
    if (constantDim(from[i]) != 1)
      return false;
    fromGroups.back().push_back(i);
  }
  for (; j < to.size(); ++j) {
    if (constantDim(to[j]) != 1)
      return false;
    toGroups.back().push_back(j);
  }
  return true;
}

Value Lowering::reshape(Location loc, Value value, ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to,
                        ArrayRef<OpFoldResult> extents) {
  if (llvm::equal(from, to))
    return value;
  auto isStatic = [](ArrayRef<AffineExpr> dims) {
    return llvm::all_of(dims, [](AffineExpr e) { return constantDim(e).has_value(); });
  };
  Type element = getElementTypeOrSelf(value.getType());
  auto target = RankedTensorType::get(
      llvm::map_to_vector(extents,
                          [](OpFoldResult e) { return getConstantIntValue(e).value_or(ShapedType::kDynamic); }),
      element);
  if (isStatic(to) && isStatic(from))
    if (Value constant = reshapedConstant(b, value, target))
      return constant;
  SmallVector<ReassociationIndices> fromGroups, toGroups;
  if (matchGroups(scope, from, to, fromGroups, toGroups)) {
    bool fits = true;
    for (auto [p, q] : llvm::zip_equal(fromGroups, toGroups)) {
      bool sourceStatic = llvm::all_of(p, [&](int64_t i) { return constantDim(from[i]).has_value(); });
      bool resultStatic = llvm::all_of(q, [&](int64_t i) { return !ShapedType::isDynamic(target.getDimSize(i)); });
      fits &= sourceStatic == resultStatic;
    }
    if (fits)
      return expand(loc, collapse(loc, value, fromGroups), toGroups, extents);
  }
  SmallVector<Value> numbers = llvm::map_to_vector(extents, [&](OpFoldResult e) { return index(loc, e); });
  if (numbers.empty()) {
    Value flat = value;
    int64_t rank = mlir::cast<RankedTensorType>(value.getType()).getRank();
    flat = cast(loc, flat, RankedTensorType::get(SmallVector<int64_t>(rank, 1), element));
    return collapse(loc, flat, {});
  }
  Value shapeTensor = tensor::FromElementsOp::create(b, loc, numbers);
  return tensor::ReshapeOp::create(b, loc, target, value, shapeTensor);
}

Value Lowering::transpose(Location loc, Value value, ArrayRef<int64_t> permutation) {
  auto type = mlir::cast<RankedTensorType>(value.getType());
  int64_t rank = type.getRank();
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, rank)))
    return value;
  Extents own = shape(loc, value), extents;
  SmallVector<int64_t> inverse(rank), kept;
  llvm::BitVector unitsIn(rank), unitsOut(rank);
  for (int64_t i = 0; i < rank; ++i) {
    extents.push_back(own[permutation[i]]);
    inverse[permutation[i]] = i;
    if (type.getDimSize(permutation[i]) == 1) {
      unitsOut.set(i);
      unitsIn.set(permutation[i]);
    } else {
      kept.push_back(permutation[i]);
    }
  }
  if (llvm::is_sorted(kept)) // only dims of extent 1 move: no data does
    return addUnits(loc, dropUnits(loc, value, unitsIn), unitsOut);
  return pointwise(loc, value, map(rank, inverse), extents, type.getElementType(),
                   [](OpBuilder &, Location, ValueRange args) { return args[0]; });
}

SmallVector<int64_t> toChannelsLast(int64_t rank) {
  SmallVector<int64_t> result{0};
  for (int64_t i = 2; i < rank; ++i)
    result.push_back(i);
  result.push_back(1);
  return result;
}

SmallVector<int64_t> toChannelsFirst(int64_t rank) {
  SmallVector<int64_t> result{0, rank - 1};
  for (int64_t i = 1; i < rank - 1; ++i)
    result.push_back(i);
  return result;
}

} // namespace mlir::aic::lowering
