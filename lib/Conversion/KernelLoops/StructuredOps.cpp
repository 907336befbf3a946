// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- StructuredOps.cpp - Operations with loops of their own -------------===//
//
// Running sums, selections and scatters write elements in an order that a
// linalg.generic cannot express. Their loops are scalar and run on one worker.
// An index out of range is skipped: it must not write outside of the result.
//
//===----------------------------------------------------------------------===//
#include "aic/Conversion/KernelLoops/KernelFrame.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::aic {
namespace {

class StructuredEmitter {
public:
  StructuredEmitter(ValueEmitter &values, Operation *op, ArrayRef<Buffer> buffers) : values(values), b(values.b), loc(op->getLoc()) {
    for (auto [buffer, operand] : llvm::zip_equal(buffers, op->getOperands()))
      operands[&buffer] = operand;
    values.lanes = Lanes();
  }

  LogicalResult emit(ScanOp op, const Buffer &in, const Buffer &out);
  LogicalResult emit(TopKOp op, ArrayRef<Buffer> operands, ArrayRef<Buffer> results);
  LogicalResult emit(ScatterElementsOp op, ArrayRef<Buffer> operands, const Buffer &out);
  LogicalResult emit(ScatterNDOp op, ArrayRef<Buffer> operands, const Buffer &out);
  LogicalResult emit(NonZeroOp op, const Buffer &in, const Buffer &out);

private:
  Value constant(int64_t x) { return values.index.constant(x); }
  Value extent(const Buffer &buffer, int64_t d) { return values.index.value(buffer.sizes[d]); }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  SmallVector<LaneValue> indices(ArrayRef<Value> at) {
    return llvm::map_to_vector(at, [&](Value i) { return LaneValue(values.index.atom(i)); });
  }
  /// An element of an operand, or of what was stored to a result.
  Value load(const Buffer &buffer, ArrayRef<Value> at) {
    values.memo.clear(); // a result changes between reads, and regions end
    if (buffer.memory)
      return values.scalar(values.load(buffer, indices(at), /*paddedTail=*/false));
    LaneValue element = values.read(operands.lookup(&buffer), indices(at));
    failed |= !element;
    return element ? values.scalar(element) : arith::ConstantOp::create(b, loc, b.getZeroAttr(buffer.element)).getResult();
  }
  void store(const Buffer &buffer, ArrayRef<Value> at, Value v) {
    failed |= mlir::failed(values.store(buffer, indices(at), LaneValue::scalar(v)));
  }
  /// Loops over all extents but `skip`.
  void nest(const Buffer &buffer, int64_t skip, llvm::function_ref<void(SmallVector<Value>)> body, SmallVector<Value> at = {});
  void copy(const Buffer &from, const Buffer &to);
  Value combine(ScatterKind kind, Value old, Value update);
  /// The index that is stored at `at`, counted from the end if negative.
  Value position(const Buffer &indices, ArrayRef<Value> at, Value size);
  Value isInside(Value index, Value size) {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, index, size);
  }
  void updateIf(Value inside, const Buffer &out, ArrayRef<Value> at, const Buffer &updates, ArrayRef<Value> from, ScatterKind kind);

  ValueEmitter &values;
  OpBuilder &b;
  Location loc;
  llvm::DenseMap<const Buffer *, Value> operands; // those that are not in memory are computed element by element

public:
  bool failed = false;
};

void StructuredEmitter::nest(const Buffer &buffer, int64_t skip, llvm::function_ref<void(SmallVector<Value>)> body,
                             SmallVector<Value> at) {
  int64_t d = at.size();
  if (d == int64_t(buffer.sizes.size()))
    return body(at);
  if (d == skip) {
    at.push_back(Value());
    return nest(buffer, skip, body, at);
  }
  auto loop = scf::ForOp::create(b, loc, constant(0), extent(buffer, d), constant(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  at.push_back(loop.getInductionVar());
  nest(buffer, skip, body, at);
}

void StructuredEmitter::copy(const Buffer &from, const Buffer &to) {
  nest(to, -1, [&](SmallVector<Value> at) { store(to, at, load(from, at)); });
}

LogicalResult StructuredEmitter::emit(ScanOp op, const Buffer &in, const Buffer &out) {
  int64_t axis = op.getAxis();
  Type element = in.element;
  bool isProduct = op.getKind() == ReduceKind::prod;
  TypedAttr neutral = isa<FloatType>(element) ? TypedAttr(b.getFloatAttr(element, isProduct ? 1 : 0))
                                              : TypedAttr(b.getIntegerAttr(element, isProduct ? 1 : 0));
  nest(in, axis, [&](SmallVector<Value> at) {
    Value n = extent(in, axis), start = arith::ConstantOp::create(b, loc, neutral);
    auto loop = scf::ForOp::create(b, loc, constant(0), n, constant(1), ValueRange{start});
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value i = loop.getInductionVar(), acc = loop.getRegionIterArg(0);
    if (op.getReverse())
      i = arith::SubIOp::create(b, loc, arith::SubIOp::create(b, loc, n, constant(1)), i);
    at[axis] = i;
    Value x = load(in, at), next;
    if (isa<FloatType>(element))
      next = isProduct ? arith::MulFOp::create(b, loc, acc, x).getResult() : arith::AddFOp::create(b, loc, acc, x).getResult();
    else
      next = isProduct ? arith::MulIOp::create(b, loc, acc, x).getResult() : arith::AddIOp::create(b, loc, acc, x).getResult();
    store(out, at, op.getExclusive() ? acc : next);
    scf::YieldOp::create(b, loc, next);
  });
  return success();
}

/// Insertion into the result, which is kept sorted: element i moves up past every worse one.
LogicalResult StructuredEmitter::emit(TopKOp op, ArrayRef<Buffer> operands, ArrayRef<Buffer> results) {
  const Buffer &in = operands[0], &best = results[0], &where = results[1];
  if (!best.memory || !where.memory)
    return op.emitError("expected a destination for both results");
  int64_t axis = op.getAxis();
  auto better = [&](Value x, Value y) -> Value {
    if (isa<FloatType>(in.element))
      return arith::CmpFOp::create(b, loc, op.getLargest() ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT, x, y);
    using P = arith::CmpIPredicate;
    return arith::CmpIOp::create(b, loc, op.getLargest() ? P::sgt : P::slt, x, y); // unsigned order: the conversion flips signs
  };
  nest(in, axis, [&](SmallVector<Value> at) {
    Value k = extent(best, axis);
    auto loop = scf::ForOp::create(b, loc, constant(0), extent(in, axis), constant(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value i = loop.getInductionVar();
    SmallVector<Value> from(at), to(at), next(at);
    from[axis] = i;
    Value x = load(in, from);
    // while (j > 0 && better(x, best[j - 1])) { best[j] = best[j - 1] if j < k; --j }
    Value filled = arith::MinUIOp::create(b, loc, i, k);
    auto loopDown = scf::WhileOp::create(
        b, loc, TypeRange{b.getIndexType()}, ValueRange{filled},
        [&](OpBuilder &, Location, ValueRange args) {
          Value j = args[0], some = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt, j, constant(0));
          auto test = scf::IfOp::create(b, loc, TypeRange{b.getI1Type()}, some, true);
          OpBuilder::InsertionGuard inner(b);
          b.setInsertionPointToStart(&test.getThenRegion().front());
          to[axis] = arith::SubIOp::create(b, loc, j, constant(1));
          scf::YieldOp::create(b, loc, better(x, load(best, to)));
          b.setInsertionPointToStart(&test.getElseRegion().front());
          scf::YieldOp::create(b, loc, arith::ConstantIntOp::create(b, loc, 0, 1).getResult());
          b.setInsertionPointAfter(test);
          scf::ConditionOp::create(b, loc, test.getResult(0), args);
        },
        [&](OpBuilder &, Location, ValueRange args) {
          Value j = args[0];
          to[axis] = arith::SubIOp::create(b, loc, j, constant(1));
          next[axis] = j;
          auto room = scf::IfOp::create(b, loc, arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, j, k), false);
          {
            OpBuilder::InsertionGuard inner(b);
            b.setInsertionPointToStart(room.thenBlock());
            store(best, next, load(best, to));
            store(where, next, load(where, to));
          }
          scf::YieldOp::create(b, loc, to[axis]);
        });
    Value j = loopDown.getResult(0);
    auto room = scf::IfOp::create(b, loc, arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, j, k), false);
    b.setInsertionPointToStart(room.thenBlock());
    next[axis] = j;
    store(best, next, x);
    store(where, next, arith::IndexCastOp::create(b, loc, where.element, i));
  });
  return success();
}

Value StructuredEmitter::position(const Buffer &indices, ArrayRef<Value> at, Value size) {
  Value i = arith::IndexCastOp::create(b, loc, b.getIndexType(), load(indices, at));
  Value negative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, i, constant(0));
  return arith::SelectOp::create(b, loc, negative, add(i, size), i);
}

Value StructuredEmitter::combine(ScatterKind kind, Value old, Value update) {
  bool isFloat = isa<FloatType>(old.getType());
  switch (kind) {
  case ScatterKind::replace:
    return update;
  case ScatterKind::add:
    return isFloat ? arith::AddFOp::create(b, loc, old, update).getResult() : arith::AddIOp::create(b, loc, old, update).getResult();
  case ScatterKind::mul:
    return isFloat ? arith::MulFOp::create(b, loc, old, update).getResult() : arith::MulIOp::create(b, loc, old, update).getResult();
  case ScatterKind::max:
    if (isFloat)
      return arith::MaximumFOp::create(b, loc, old, update);
    return arith::MaxSIOp::create(b, loc, old, update);
  case ScatterKind::min:
    if (isFloat)
      return arith::MinimumFOp::create(b, loc, old, update);
    return arith::MinSIOp::create(b, loc, old, update);
  }
  return update;
}

void StructuredEmitter::updateIf(Value inside, const Buffer &out, ArrayRef<Value> at, const Buffer &updates, ArrayRef<Value> from,
                                 ScatterKind kind) {
  auto test = scf::IfOp::create(b, loc, inside, false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(test.thenBlock());
  store(out, at, combine(kind, load(out, at), load(updates, from)));
}

LogicalResult StructuredEmitter::emit(ScatterElementsOp op, ArrayRef<Buffer> operands, const Buffer &out) {
  const Buffer &indices = operands[1], &updates = operands[2];
  int64_t axis = op.getAxis();
  copy(operands[0], out);
  nest(indices, -1, [&](SmallVector<Value> at) {
    SmallVector<Value> to(at);
    Value size = extent(out, axis);
    to[axis] = position(indices, at, size);
    updateIf(isInside(to[axis], size), out, to, updates, at, op.getKind());
  });
  return success();
}

LogicalResult StructuredEmitter::emit(ScatterNDOp op, ArrayRef<Buffer> operands, const Buffer &out) {
  const Buffer &indices = operands[1], &updates = operands[2];
  auto depth = indices.sizes.back().asConstant();
  if (!depth)
    return op.emitError("expected index tuples of a static length");
  int64_t tuple = indices.sizes.size() - 1;
  copy(operands[0], out);
  nest(updates, -1, [&](SmallVector<Value> at) {
    SmallVector<Value> to, where(at.begin(), at.begin() + tuple);
    Value inside;
    for (int64_t d = 0; d < *depth; ++d) {
      where.push_back(constant(d));
      Value size = extent(out, d);
      to.push_back(position(indices, where, size));
      where.pop_back();
      Value here = isInside(to.back(), size);
      inside = inside ? arith::AndIOp::create(b, loc, inside, here).getResult() : here;
    }
    to.append(at.begin() + tuple, at.end());
    if (!inside)
      inside = arith::ConstantIntOp::create(b, loc, 1, 1);
    updateIf(inside, out, to, updates, at, op.getKind());
  });
  return success();
}

/// One loop over all elements, which carries the number of those found.
LogicalResult StructuredEmitter::emit(NonZeroOp op, const Buffer &in, const Buffer &out) {
  Value total = constant(1);
  for (size_t d = 0; d < in.sizes.size(); ++d)
    total = arith::MulIOp::create(b, loc, total, extent(in, d));
  auto loop = scf::ForOp::create(b, loc, constant(0), total, constant(1), ValueRange{constant(0)});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value linear = loop.getInductionVar(), count = loop.getRegionIterArg(0);
  SmallVector<Value> at(in.sizes.size());
  Value rest = linear;
  for (int64_t d = in.sizes.size(); d-- > 0;) {
    at[d] = d ? arith::RemUIOp::create(b, loc, rest, extent(in, d)).getResult() : rest;
    rest = d ? arith::DivUIOp::create(b, loc, rest, extent(in, d)).getResult() : rest;
  }
  Value x = load(in, at);
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(x.getType()));
  Value isSet = isa<FloatType>(x.getType()) ? arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, x, zero).getResult()
                                            : arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, x, zero).getResult();
  Value room = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, count, extent(out, 1));
  auto test = scf::IfOp::create(b, loc, TypeRange{b.getIndexType()}, arith::AndIOp::create(b, loc, isSet, room), true);
  {
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToStart(&test.getThenRegion().front());
    for (auto [d, i] : llvm::enumerate(at))
      store(out, {constant(d), count}, arith::IndexCastOp::create(b, loc, out.element, i));
    scf::YieldOp::create(b, loc, add(count, constant(1)));
    b.setInsertionPointToStart(&test.getElseRegion().front());
    scf::YieldOp::create(b, loc, count);
  }
  scf::YieldOp::create(b, loc, test.getResult(0));
  return success();
}
} // namespace

Operation *findStructuredOp(func::FuncOp source) {
  for (Operation &op : source.front())
    if (isa<ScanOp, TopKOp, ScatterElementsOp, ScatterNDOp, NonZeroOp>(op))
      return &op;
  return nullptr;
}

LogicalResult emitStructuredOp(Operation *op, func::FuncOp source, const KernelFrame &frame, ValueEmitter &values) {
  SmallVector<Buffer> operands, results(op->getNumResults()); // a result that nobody wants has no destination
  for (Value operand : op->getOperands()) {
    Buffer buffer = values.buffers.lookup(operand);
    if (!buffer.memory) { // computed element by element
      auto type = cast<RankedTensorType>(operand.getType());
      buffer.element = type.getElementType();
      for (int64_t d = 0; d < type.getRank(); ++d)
        buffer.sizes.push_back(values.extent(operand, d));
    }
    operands.push_back(buffer);
  }
  for (auto [i, value] : llvm::enumerate(source.front().getTerminator()->getOperands()))
    if (value.getDefiningOp() == op)
      results[cast<OpResult>(value).getResultNumber()] = frame.destination(source, i);
  StructuredEmitter emitter(values, op, operands);
  LogicalResult result = failure();
  if (auto scan = dyn_cast<ScanOp>(op))
    result = emitter.emit(scan, operands[0], results[0]);
  else if (auto topK = dyn_cast<TopKOp>(op))
    result = emitter.emit(topK, operands, results);
  else if (auto scatter = dyn_cast<ScatterElementsOp>(op))
    result = emitter.emit(scatter, operands, results[0]);
  else if (auto scatter = dyn_cast<ScatterNDOp>(op))
    result = emitter.emit(scatter, operands, results[0]);
  else if (auto nonZero = dyn_cast<NonZeroOp>(op))
    result = emitter.emit(nonZero, operands[0], results[0]);
  return failure(failed(result) || emitter.failed);
}

} // namespace mlir::aic
