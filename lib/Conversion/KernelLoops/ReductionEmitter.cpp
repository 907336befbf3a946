// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ReductionEmitter.cpp - Accumulators of a register tile -------------===//
//
// Two forms. Across: every lane is a point of the result, the accumulators of
// all points are carried through the reduction loops in registers. Along: the
// lanes run over the innermost reduced dim, several partial results hide the
// latency and are combined at the end.
//
//===----------------------------------------------------------------------===//
#include "aic/Conversion/KernelLoops/ReductionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

namespace mlir::aic {
namespace {

class ReductionEmitter {
public:
  ReductionEmitter(const Root &root, const KernelPlan &plan, const TileSizes &sizes, const Tile &tile, ValueEmitter &values)
      : root(root), op(root.op), plan(plan), sizes(sizes), tile(tile), values(values), b(values.b), loc(values.loc) {}

  LogicalResult across(ArrayRef<SmallVector<LaneValue>> points);
  LogicalResult along(const SmallVector<LaneValue> &point);

private:
  using Step = llvm::function_ref<FailureOr<SmallVector<Value>>(ArrayRef<Value>)>;
  LinearIndex extentOf(unsigned loop) { return loopExtent(op, loop, values); }
  FailureOr<SmallVector<Value>> carry(const LinearIndex &low, const LinearIndex &high, int64_t step, ArrayRef<Value> init,
                                      llvm::function_ref<FailureOr<SmallVector<Value>>(const LinearIndex &, ArrayRef<Value>)> body);
  FailureOr<SmallVector<Value>> nest(ArrayRef<unsigned> loops, ArrayRef<Value> acc);
  FailureOr<SmallVector<Value>> step(ArrayRef<Value> acc);
  FailureOr<SmallVector<Value>> vectorNest(ArrayRef<unsigned> loops, ArrayRef<Value> acc, Operation *combine);
  FailureOr<SmallVector<Value>> vectorSteps(unsigned loop, ArrayRef<Value> acc);

  const Root &root;
  linalg::LinalgOp op;
  const KernelPlan &plan;
  const TileSizes &sizes;
  const Tile &tile;
  ValueEmitter &values;
  OpBuilder &b;
  Location loc;
  SmallVector<SmallVector<LaneValue>> ivs; // of the root's loops, per point
  SmallVector<Type> elements;
};

/// scf.for with carried values; a single iteration needs no loop.
FailureOr<SmallVector<Value>>
ReductionEmitter::carry(const LinearIndex &low, const LinearIndex &high, int64_t step, ArrayRef<Value> init,
                        llvm::function_ref<FailureOr<SmallVector<Value>>(const LinearIndex &, ArrayRef<Value>)> body) {
  auto length = values.index.sub(high, low).asConstant();
  if (length && *length <= 0)
    return SmallVector<Value>(init);
  ValueEmitter::Memo saved = values.memo;
  if (length && *length <= step) {
    auto result = body(low, init);
    values.memo = std::move(saved);
    return result;
  }
  auto loop = scf::ForOp::create(b, loc, values.index.value(low), values.index.value(high), values.index.constant(step), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  auto result = body(values.index.atom(loop.getInductionVar()), SmallVector<Value>(loop.getRegionIterArgs()));
  values.memo = std::move(saved);
  if (failed(result))
    return failure();
  scf::YieldOp::create(b, loc, *result);
  return SmallVector<Value>(loop.getResults());
}

/// One step of the reduction for every point of the tile.
FailureOr<SmallVector<Value>> ReductionEmitter::step(ArrayRef<Value> acc) {
  SmallVector<Value> next;
  unsigned results = elements.size();
  for (auto [p, loops] : llvm::enumerate(ivs)) {
    tile.selectColumn(values, p % tile.columns);
    SmallVector<LaneValue> in;
    for (unsigned r = 0; r < results; ++r) {
      Value v = acc[p * results + r];
      in.push_back(isa<VectorType>(v.getType()) ? LaneValue::vector(v) : LaneValue::scalar(v));
    }
    FailureOr<SmallVector<LaneValue>> out = values.evaluate(op, loops, in);
    if (failed(out))
      return failure();
    for (auto [r, value] : llvm::enumerate(*out)) {
      bool wide = isa<VectorType>(acc[p * results + r].getType());
      next.push_back(wide ? values.broadcast(value, elements[r]) : values.scalar(value));
    }
  }
  return next;
}

/// The loops over `loops`, the innermost ones written out where they are short.
FailureOr<SmallVector<Value>> ReductionEmitter::nest(ArrayRef<unsigned> loops, ArrayRef<Value> acc) {
  if (loops.empty())
    return step(acc);
  unsigned loop = loops.front();
  LinearIndex extent = extentOf(loop);
  // How many steps lie inside one iteration of this loop, if that is known?
  int64_t inside = 1;
  for (unsigned inner : loops) {
    auto n = extentOf(inner).asConstant();
    inside = n && inside > 0 && *n < 4096 ? inside * *n : -1;
    if (inside > 4096)
      inside = -1;
  }
  auto at = [&](const LinearIndex &i) {
    for (auto &point : ivs)
      point[loop] = i;
  };
  int64_t limit = plan.contraction ? 12 : 32;
  if (inside > 0 && inside * int64_t(ivs.size()) <= limit * 12 && inside <= limit) {
    SmallVector<Value> current(acc);
    for (int64_t i = 0; i < *extent.asConstant(); ++i) {
      at(i);
      FailureOr<SmallVector<Value>> next = nest(loops.drop_front(), current);
      if (failed(next))
        return failure();
      current = *next;
    }
    return current;
  }
  int64_t unroll = 1;
  if (loops.size() == 1 && extent.asConstant() && *extent.asConstant() % sizes.unroll == 0)
    unroll = sizes.unroll;
  return carry(0, extent, unroll, acc, [&](const LinearIndex &i, ArrayRef<Value> in) -> FailureOr<SmallVector<Value>> {
    SmallVector<Value> current(in);
    for (int64_t u = 0; u < unroll; ++u) {
      at(values.index.add(i, u));
      FailureOr<SmallVector<Value>> next = nest(loops.drop_front(), current);
      if (failed(next))
        return failure();
      current = *next;
    }
    return current;
  });
}

LogicalResult ReductionEmitter::across(ArrayRef<SmallVector<LaneValue>> points) {
  SmallVector<Value> acc;
  for (Value result : op->getResults())
    elements.push_back(cast<RankedTensorType>(result.getType()).getElementType());
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  // A point without lanes of its own (all lanes equal) stays a scalar.
  bool wide = tile.vector && sizes.lanes > 1;
  for (auto [p, point] : llvm::enumerate(points)) {
    FailureOr<SmallVector<LaneValue>> loops = loopsAt(root, point, values);
    if (failed(loops))
      return failure();
    ivs.push_back(*loops);
    tile.selectColumn(values, p % tile.columns);
    for (auto [r, element] : llvm::enumerate(elements)) {
      OpOperand *init = op.getDpsInitOperand(r);
      FailureOr<SmallVector<LaneValue>> at = values.apply(op.getMatchingIndexingMap(init), *loops);
      if (failed(at))
        return failure();
      LaneValue first = values.read(init->get(), *at);
      if (!first)
        return failure();
      acc.push_back(wide ? values.broadcast(first, element) : values.scalar(first));
    }
  }
  FailureOr<SmallVector<Value>> result = nest(reductions, acc);
  if (failed(result))
    return failure();
  for (auto [p, point] : llvm::enumerate(points)) {
    SmallVector<LaneValue> done;
    for (unsigned r = 0; r < elements.size(); ++r) {
      Value v = (*result)[p * elements.size() + r];
      done.push_back(isa<VectorType>(v.getType()) ? LaneValue::vector(v) : LaneValue::scalar(v));
    }
    if (failed(rememberResults(root, point, done, values)))
      return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Along the reduced dim
//===----------------------------------------------------------------------===//

static Value applyCombiner(OpBuilder &b, Location loc, Operation *combine, Value x, Value y) {
  OperationState state(loc, combine->getName(), ValueRange{x, y}, {x.getType()}, llvm::to_vector(combine->getAttrs()));
  return b.create(state)->getResult(0);
}

static vector::CombiningKind kindOf(Operation *combine) {
  using K = vector::CombiningKind;
  if (isa<arith::AddFOp, arith::AddIOp>(combine))
    return K::ADD;
  if (isa<arith::MulFOp, arith::MulIOp>(combine))
    return K::MUL;
  if (isa<arith::MaximumFOp>(combine))
    return K::MAXIMUMF;
  if (isa<arith::MinimumFOp>(combine))
    return K::MINIMUMF;
  if (isa<arith::MaxNumFOp>(combine))
    return K::MAXNUMF;
  if (isa<arith::MinNumFOp>(combine))
    return K::MINNUMF;
  if (isa<arith::MaxSIOp>(combine))
    return K::MAXSI;
  if (isa<arith::MinSIOp>(combine))
    return K::MINSI;
  if (isa<arith::MaxUIOp>(combine))
    return K::MAXUI;
  if (isa<arith::MinUIOp>(combine))
    return K::MINUI;
  return isa<arith::AndIOp>(combine) ? K::AND : K::OR;
}

/// Full groups of vectors, full vectors, then one masked vector, each partial result on its own.
FailureOr<SmallVector<Value>> ReductionEmitter::vectorSteps(unsigned loop, ArrayRef<Value> acc) {
  int64_t lanes = sizes.lanes, width = lanes * acc.size();
  LinearIndex extent = extentOf(loop);
  auto at = [&](const LinearIndex &base) {
    LinearIndex i(base);
    i.lane = lanes > 1;
    ivs[0][loop] = i;
  };
  auto one = [&](Value in) -> FailureOr<Value> {
    LaneValue value = lanes > 1 ? LaneValue::vector(in) : LaneValue::scalar(in);
    FailureOr<SmallVector<LaneValue>> out = values.evaluate(op, ivs[0], {value});
    if (failed(out))
      return failure();
    return values.broadcast((*out)[0], elements[0]);
  };
  // From one place to another, a vector for each of the partial results at a time; the last one may be cut.
  auto steps = [&](const LinearIndex &from, const LinearIndex &to, ArrayRef<Value> partials, bool isTail) {
    auto step = [&](const LinearIndex &i, ArrayRef<Value> in) -> FailureOr<SmallVector<Value>> {
      SmallVector<Value> next;
      for (auto [j, v] : llvm::enumerate(in)) {
        LinearIndex base = values.index.add(i, j * lanes);
        at(base);
        if (isTail && lanes > 1) {
          values.lanes.valid = values.index.value(values.index.sub(extent, base));
          values.lanes.mask = vector::CreateMaskOp::create(b, loc, VectorType::get({lanes}, b.getI1Type()), values.lanes.valid);
        }
        FailureOr<Value> n = one(v);
        if (failed(n))
          return failure();
        next.push_back(values.lanes.mask ? arith::SelectOp::create(b, loc, values.lanes.mask, *n, v).getResult() : *n);
        values.lanes.mask = values.lanes.valid = Value();
      }
      return next;
    };
    return carry(from, to, lanes * int64_t(partials.size()), partials, step);
  };
  values.lanes.mask = values.lanes.valid = Value();
  LinearIndex full = values.index.scale(values.index.floorDiv(extent, width), width);
  LinearIndex whole = values.index.scale(values.index.floorDiv(extent, lanes), lanes);
  FailureOr<SmallVector<Value>> result = steps(0, full, acc, false);
  if (failed(result))
    return failure();
  FailureOr<SmallVector<Value>> rest = steps(full, whole, result->front(), false);
  if (succeeded(rest))
    rest = steps(whole, extent, rest->front(), true);
  if (failed(rest))
    return failure();
  result->front() = rest->front();
  return result;
}

FailureOr<SmallVector<Value>> ReductionEmitter::vectorNest(ArrayRef<unsigned> loops, ArrayRef<Value> acc, Operation *combine) {
  if (loops.size() == 1)
    return vectorSteps(loops[0], acc);
  return carry(0, extentOf(loops[0]), 1, acc, [&](const LinearIndex &i, ArrayRef<Value> in) {
    ivs[0][loops[0]] = i;
    return vectorNest(loops.drop_front(), in, combine);
  });
}

LogicalResult ReductionEmitter::along(const SmallVector<LaneValue> &point) {
  Operation *combineOp = findCombiner(op, 0);
  Type element = cast<RankedTensorType>(op->getResult(0).getType()).getElementType();
  elements.push_back(element);
  FailureOr<SmallVector<LaneValue>> loops = loopsAt(root, point, values);
  if (failed(loops))
    return failure();
  ivs.push_back(*loops);
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);

  std::optional<TypedAttr> neutral = arith::getNeutralElement(combineOp);
  if (!neutral)
    return op.emitError("expected a reduction with a neutral element");
  int64_t partials = 4;
  if (auto n = extentOf(reductions.back()).asConstant())
    partials = std::clamp<int64_t>(*n / sizes.lanes, 1, partials);
  Value zero = arith::ConstantOp::create(b, loc, *neutral);
  Value start = values.broadcast(LaneValue::scalar(zero), element);
  SmallVector<Value> acc(partials, start);
  FailureOr<SmallVector<Value>> result = vectorNest(reductions, acc, combineOp);
  if (failed(result))
    return failure();
  Value sum = result->front();
  for (Value partial : llvm::drop_begin(*result))
    sum = applyCombiner(b, loc, combineOp, sum, partial);
  if (isa<VectorType>(sum.getType())) {
    sum = vector::ReductionOp::create(b, loc, kindOf(combineOp), sum,
                                      isa<FloatType>(element) ? arith::FastMathFlags::reassoc : arith::FastMathFlags::none);
  }
  OpOperand *init = op.getDpsInitOperand(0);
  FailureOr<SmallVector<LaneValue>> at = values.apply(op.getMatchingIndexingMap(init), *loops);
  if (failed(at))
    return failure();
  LaneValue first = values.read(init->get(), *at);
  if (!first)
    return failure();
  sum = applyCombiner(b, loc, combineOp, values.scalar(first), sum);
  return rememberResults(root, point, {LaneValue::scalar(sum)}, values);
}
} // namespace

//===----------------------------------------------------------------------===//
// What emitters of reductions share
//===----------------------------------------------------------------------===//

LinearIndex loopExtent(linalg::LinalgOp op, unsigned loop, ValueEmitter &values) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<ShapedType>(operand.get().getType()))
      continue;
    for (auto [d, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr); dim && dim.getPosition() == loop)
        return values.extent(operand.get(), d);
  }
  op.emitError("expected an operand that gives the extent of loop ") << loop;
  return 0;
}

FailureOr<SmallVector<LaneValue>> loopsAt(const Root &root, ArrayRef<LaneValue> point, ValueEmitter &values) {
  SmallVector<LaneValue> result;
  for (AffineExpr expr : root.loops) {
    if (auto d = dyn_cast<AffineDimExpr>(expr); d && d.getPosition() >= point.size()) {
      result.push_back(LinearIndex(0)); // a reduction
      continue;
    }
    FailureOr<LaneValue> i = values.apply(expr, point);
    if (failed(i))
      return failure();
    result.push_back(*i);
  }
  return result;
}

LogicalResult rememberResults(const Root &root, ArrayRef<LaneValue> point, ArrayRef<LaneValue> results,
                              ValueEmitter &values) {
  SmallVector<LaneValue> index;
  for (AffineExpr expr : root.index) {
    FailureOr<LaneValue> i = values.apply(expr, point);
    if (failed(i))
      return failure();
    index.push_back(*i);
  }
  for (auto [result, value] : llvm::zip_equal(root.op->getResults(), results))
    values.remember(result, index, value);
  return success();
}

Operation *findCombiner(linalg::LinalgOp op, unsigned result) {
  Block *body = op.getBlock();
  BlockArgument acc = body->getArgument(op.getNumDpsInputs() + result);
  Operation *last = body->getTerminator()->getOperand(result).getDefiningOp();
  if (!last || last->getBlock() != body || !acc.hasOneUse() || *acc.user_begin() != last)
    return nullptr;
  bool associative = isa<arith::AddFOp, arith::MulFOp, arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp, arith::AddIOp,
                         arith::MulIOp, arith::MaxSIOp, arith::MinSIOp, arith::MaxUIOp, arith::MinUIOp, arith::AndIOp, arith::OrIOp>(last);
  return associative ? last : nullptr;
}

namespace {
/// A comparison of a new element with the best one, in this order: the predicate without equality, and that of equality.
template <typename Predicate>
struct Order {
  Predicate strict, equal;
  bool orEqual;
};

std::optional<Order<arith::CmpFPredicate>> orderOf(arith::CmpFPredicate predicate) {
  using P = arith::CmpFPredicate;
  switch (predicate) {
  case P::OGT:
  case P::OGE:
    return Order<P>{P::OGT, P::OEQ, predicate == P::OGE};
  case P::OLT:
  case P::OLE:
    return Order<P>{P::OLT, P::OEQ, predicate == P::OLE};
  default:
    return std::nullopt;
  }
}

std::optional<Order<arith::CmpIPredicate>> orderOf(arith::CmpIPredicate predicate) {
  using P = arith::CmpIPredicate;
  switch (predicate) {
  case P::sgt:
  case P::sge:
    return Order<P>{P::sgt, P::eq, predicate == P::sge};
  case P::slt:
  case P::sle:
    return Order<P>{P::slt, P::eq, predicate == P::sle};
  case P::ugt:
  case P::uge:
    return Order<P>{P::ugt, P::eq, predicate == P::uge};
  case P::ult:
  case P::ule:
    return Order<P>{P::ult, P::eq, predicate == P::ule};
  default:
    return std::nullopt;
  }
}

/// Whether `v` counts the only reduced loop.
bool isPosition(Value v, linalg::LinalgOp op) {
  auto cast = v.getDefiningOp<arith::IndexCastOp>();
  auto index = cast ? cast.getIn().getDefiningOp<linalg::IndexOp>() : nullptr;
  return index && op.getIteratorTypesArray()[index.getDim()] == utils::IteratorType::reduction;
}

bool isZero(Value tensor) {
  auto fill = tensor.getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.getInputs()[0], m_Zero());
}
} // namespace

std::optional<Combiner> Combiner::of(linalg::LinalgOp op) {
  Combiner result;
  for (unsigned r = 0; r < op->getNumResults(); ++r) {
    Operation *found = findCombiner(op, r);
    if (!found || !arith::getNeutralElement(found))
      break;
    result.operations.push_back(found);
  }
  if (result.operations.size() == op->getNumResults())
    return result;
  result.operations.clear();

  // yield select(new > best, new, best), select(new > best, here, where); it begins at position 0, before which no
  // element stands.
  Block *body = op.getBlock();
  if (op->getNumResults() != 2 || op.getNumReductionLoops() != 1 || !isZero(op.getDpsInitOperand(1)->get()))
    return std::nullopt;
  BlockArgument best = body->getArgument(op.getNumDpsInputs()), where = body->getArgument(op.getNumDpsInputs() + 1);
  auto value = body->getTerminator()->getOperand(0).getDefiningOp<arith::SelectOp>();
  auto position = body->getTerminator()->getOperand(1).getDefiningOp<arith::SelectOp>();
  if (!value || !position || value.getCondition() != position.getCondition() || value.getFalseValue() != best ||
      position.getFalseValue() != where || !isPosition(position.getTrueValue(), op) || !where.hasOneUse() ||
      llvm::range_size(best.getUses()) != 2)
    return std::nullopt;
  Operation *test = value.getCondition().getDefiningOp();
  if (!test || test->getNumOperands() != 2 || test->getOperand(0) != value.getTrueValue() || test->getOperand(1) != best)
    return std::nullopt;
  auto set = [&](const auto &order) {
    if (!order)
      return false;
    result.strict = int64_t(order->strict), result.equal = int64_t(order->equal), result.isLast = order->orEqual;
    result.better = test;
    return true;
  };
  bool known = false;
  if (auto compare = dyn_cast<arith::CmpFOp>(test))
    known = set(orderOf(compare.getPredicate()));
  else if (auto compare = dyn_cast<arith::CmpIOp>(test))
    known = set(orderOf(compare.getPredicate()));
  return known ? std::optional<Combiner>(result) : std::nullopt;
}

SmallVector<Value> Combiner::start(OpBuilder &b, Location loc, ValueRange inits) const {
  if (better)
    return SmallVector<Value>(inits);
  return llvm::map_to_vector(operations, [&](Operation *op) -> Value {
    return arith::ConstantOp::create(b, loc, *arith::getNeutralElement(op));
  });
}

SmallVector<Value> Combiner::combine(OpBuilder &b, Location loc, ValueRange x, ValueRange y) const {
  if (!better)
    return llvm::map_to_vector(llvm::enumerate(operations), [&](auto op) {
      return applyCombiner(b, loc, op.value(), x[op.index()], y[op.index()]);
    });
  auto compare = [&](int64_t predicate) -> Value {
    if (isa<arith::CmpFOp>(better))
      return arith::CmpFOp::create(b, loc, arith::CmpFPredicate(predicate), y[0], x[0]);
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate(predicate), y[0], x[0]);
  };
  auto order = isLast ? arith::CmpIPredicate::sgt : arith::CmpIPredicate::slt;
  Value preferred = arith::CmpIOp::create(b, loc, order, y[1], x[1]);
  Value take = arith::OrIOp::create(b, loc, compare(strict), arith::AndIOp::create(b, loc, compare(equal), preferred));
  return {arith::SelectOp::create(b, loc, take, y[0], x[0]), arith::SelectOp::create(b, loc, take, y[1], x[1])};
}

LogicalResult emitReduction(const Root &root, const KernelPlan &plan, const TileSizes &sizes,
                            ArrayRef<SmallVector<LaneValue>> points, const Tile &tile, ValueEmitter &values) {
  ReductionEmitter emitter(root, plan, sizes, tile, values);
  if (plan.vectorInReduction && root.op->getNumResults() == 1 && findCombiner(root.op, 0))
    return emitter.along(points.front());
  return emitter.across(points);
}

} // namespace mlir::aic
