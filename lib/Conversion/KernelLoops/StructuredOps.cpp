// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- StructuredOps.cpp - Operations with loops of their own -------------===//
//
// Running sums, selections and scatters write elements in an order that a
// linalg.generic cannot express. Their loops are scalar; workers share what is
// independent: the lines of a scan or a selection, the dims of a scatter that its
// indices do not choose. An index out of range is skipped: it must not write
// outside of the result.
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
  StructuredEmitter(ValueEmitter &values, Operation *op, ArrayRef<Buffer> buffers, const KernelFrame &frame, StructuredPart part)
      : values(values), b(values.b), loc(op->getLoc()), frame(frame), part(part) {
    for (auto [buffer, operand] : llvm::zip_equal(buffers, op->getOperands()))
      operands[&buffer] = operand;
    values.lanes = Lanes();
  }

  LogicalResult emit(ScanOp op, const Buffer &in, const Buffer &out);
  LogicalResult emit(TopKOp op, ArrayRef<Buffer> operands, ArrayRef<Buffer> results);
  LogicalResult emit(ScatterElementsOp op, ArrayRef<Buffer> operands, const Buffer &out);
  LogicalResult emit(ScatterNDOp op, ArrayRef<Buffer> operands, const Buffer &out);
  void emitNonZero(const Buffer &in, const Buffer &out);
  /// What cannot be shared.
  void ifFirst(llvm::function_ref<void()> body);

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
  struct Range {
    Value low, high; // null: a dim that the body takes care of
  };
  using Body = llvm::function_ref<void(SmallVector<Value>)>;

  /// All extents of `buffer` but that of `skip`.
  SmallVector<Range> rangesOf(const Buffer &buffer, int64_t skip = -1);
  void nest(ArrayRef<Range> ranges, Body body, SmallVector<Value> at = {});
  /// The dim of which workers take a part each, out of `dims`; -1 if there are none.
  int64_t chooseShared(const Buffer &buffer, ArrayRef<int64_t> dims) const;
  /// This worker's part of an extent.
  Range partOf(Value extent);
  /// This worker's part of the points of `dims`, which are independent.
  void share(const Buffer &buffer, ArrayRef<int64_t> dims, Body body);
  void shareInterleaved(const Buffer &buffer, ArrayRef<int64_t> dims, Body body);
  /// Copies, then updates; both of `to` and `updates` run over the same points of some dims, which workers share. Their
  /// numbers in both are `dims` and `updateDims`.
  void scatter(const Buffer &from, const Buffer &to, ArrayRef<int64_t> dims, const Buffer &updates, ArrayRef<int64_t> updateDims,
               Body update);
  static SmallVector<int64_t> dimsOf(const Buffer &buffer, int64_t skip = -1) {
    SmallVector<int64_t> dims;
    for (int64_t d = 0; d < int64_t(buffer.sizes.size()); ++d)
      if (d != skip)
        dims.push_back(d);
    return dims;
  }
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
  const KernelFrame &frame;
  StructuredPart part;
  llvm::DenseMap<const Buffer *, Value> operands; // those that are not in memory are computed element by element

public:
  bool failed = false;
};

SmallVector<StructuredEmitter::Range> StructuredEmitter::rangesOf(const Buffer &buffer, int64_t skip) {
  SmallVector<Range> ranges;
  for (int64_t d = 0; d < int64_t(buffer.sizes.size()); ++d)
    ranges.push_back(d == skip ? Range() : Range{constant(0), extent(buffer, d)});
  return ranges;
}

void StructuredEmitter::nest(ArrayRef<Range> ranges, Body body, SmallVector<Value> at) {
  if (at.size() == ranges.size())
    return body(at);
  const Range &range = ranges[at.size()];
  if (!range.low) {
    at.push_back(Value());
    return nest(ranges, body, at);
  }
  auto loop = scf::ForOp::create(b, loc, range.low, range.high, constant(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  at.push_back(loop.getInductionVar());
  nest(ranges, body, at);
}

/// The longest one; an unknown extent counts as long.
int64_t StructuredEmitter::chooseShared(const Buffer &buffer, ArrayRef<int64_t> dims) const {
  int64_t best = -1, most = 0;
  for (int64_t d : dims) {
    int64_t length = buffer.sizes[d].asConstant().value_or(std::numeric_limits<int64_t>::max());
    if (length > most)
      best = d, most = length;
  }
  return best;
}

StructuredEmitter::Range StructuredEmitter::partOf(Value extent) {
  auto begin = [&](Value worker) -> Value {
    return arith::DivUIOp::create(b, loc, arith::MulIOp::create(b, loc, extent, worker), frame.workers);
  };
  return {begin(frame.worker), begin(add(frame.worker, constant(1)))};
}

void StructuredEmitter::ifFirst(llvm::function_ref<void()> body) {
  if (!frame.worker)
    return body();
  Value isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, frame.worker, constant(0));
  auto test = scf::IfOp::create(b, loc, isFirst, false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(test.thenBlock());
  body();
}

/// Neighbouring workers take neighbouring points, so that their accesses fall together.
void StructuredEmitter::shareInterleaved(const Buffer &buffer, ArrayRef<int64_t> dims, Body body) {
  Value total = constant(1);
  for (int64_t d : dims)
    total = arith::MulIOp::create(b, loc, total, extent(buffer, d));
  auto loop = scf::ForOp::create(b, loc, frame.worker, total, frame.workers);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> at(buffer.sizes.size());
  Value rest = loop.getInductionVar();
  for (int64_t d : llvm::reverse(dims)) {
    bool isFirst = d == dims.front();
    at[d] = isFirst ? rest : arith::RemUIOp::create(b, loc, rest, extent(buffer, d)).getResult();
    rest = isFirst ? rest : arith::DivUIOp::create(b, loc, rest, extent(buffer, d)).getResult();
  }
  body(at);
}

void StructuredEmitter::share(const Buffer &buffer, ArrayRef<int64_t> dims, Body body) {
  if (frame.worker && frame.interleaved)
    return shareInterleaved(buffer, dims, body);
  SmallVector<Range> ranges(buffer.sizes.size());
  for (int64_t d : dims)
    ranges[d] = {constant(0), extent(buffer, d)};
  if (!frame.worker)
    return nest(ranges, body);
  int64_t shared = chooseShared(buffer, dims);
  if (shared < 0)
    return ifFirst([&] { nest(ranges, body); });
  ranges[shared] = partOf(extent(buffer, shared));
  nest(ranges, body);
}

void StructuredEmitter::scatter(const Buffer &from, const Buffer &to, ArrayRef<int64_t> dims, const Buffer &updates,
                                ArrayRef<int64_t> updateDims, Body update) {
  auto copy = [&](SmallVector<Value> at) { store(to, at, load(from, at)); };
  // Only the points of the shared dims are independent: along the others, updates come one after another.
  auto updateAt = [&](SmallVector<Value> at) {
    SmallVector<Range> ranges = rangesOf(updates);
    for (int64_t d : updateDims)
      ranges[d] = Range();
    nest(ranges, [&](SmallVector<Value> serial) {
      for (int64_t d : updateDims)
        serial[d] = at[d];
      update(serial);
    });
  };
  if (frame.worker && frame.interleaved) {
    assert(part != StructuredPart::all && "updates need the copies of all workers");
    if (part == StructuredPart::begin)
      shareInterleaved(to, dimsOf(to), copy);
    else
      shareInterleaved(updates, updateDims, updateAt);
    return;
  }
  SmallVector<Range> copied = rangesOf(to), updated = rangesOf(updates);
  int64_t shared = frame.worker ? chooseShared(to, dims) : -1;
  if (shared < 0)
    return ifFirst([&] {
      nest(copied, copy);
      nest(updated, update);
    });
  Range mine = partOf(extent(to, shared));
  copied[shared] = mine;
  int64_t there = updateDims[llvm::find(dims, shared) - dims.begin()];
  updated[there] = {mine.low, arith::MinUIOp::create(b, loc, mine.high, updated[there].high)};
  nest(copied, copy);
  nest(updated, update);
}

LogicalResult StructuredEmitter::emit(ScanOp op, const Buffer &in, const Buffer &out) {
  int64_t axis = op.getAxis();
  Type element = in.element;
  bool isProduct = op.getKind() == ReduceKind::prod;
  TypedAttr neutral = isa<FloatType>(element) ? TypedAttr(b.getFloatAttr(element, isProduct ? 1 : 0))
                                              : TypedAttr(b.getIntegerAttr(element, isProduct ? 1 : 0));
  share(in, dimsOf(in, axis), [&](SmallVector<Value> at) {
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
  share(in, dimsOf(in, axis), [&](SmallVector<Value> at) {
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
  SmallVector<int64_t> others = dimsOf(indices, axis);
  scatter(operands[0], out, others, indices, others, [&](SmallVector<Value> at) {
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
  SmallVector<int64_t> dims, updateDims; // of the slices
  for (int64_t d = *depth; d < int64_t(out.sizes.size()); ++d)
    dims.push_back(d), updateDims.push_back(tuple + d - *depth);
  scatter(operands[0], out, dims, updates, updateDims, [&](SmallVector<Value> at) {
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
void StructuredEmitter::emitNonZero(const Buffer &in, const Buffer &out) {
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
}
} // namespace

bool hasTwoParts(Operation *op) { return isa<ScatterElementsOp, ScatterNDOp>(op); }

Operation *findStructuredOp(func::FuncOp source) {
  for (Operation &op : source.front())
    if (isa<ScanOp, TopKOp, ScatterElementsOp, ScatterNDOp, NonZeroOp>(op))
      return &op;
  return nullptr;
}

LogicalResult emitStructuredOp(Operation *op, func::FuncOp source, const KernelFrame &frame, ValueEmitter &values,
                               StructuredPart part) {
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
  StructuredEmitter emitter(values, op, operands, frame, part);
  LogicalResult result = failure();
  if (auto scan = dyn_cast<ScanOp>(op))
    result = emitter.emit(scan, operands[0], results[0]);
  else if (auto topK = dyn_cast<TopKOp>(op))
    result = emitter.emit(topK, operands, results);
  else if (auto scatter = dyn_cast<ScatterElementsOp>(op))
    result = emitter.emit(scatter, operands, results[0]);
  else if (auto scatter = dyn_cast<ScatterNDOp>(op))
    result = emitter.emit(scatter, operands, results[0]);
  else if (isa<NonZeroOp>(op)) {
    emitter.ifFirst([&] { emitter.emitNonZero(operands[0], results[0]); });
    result = success();
  }
  return failure(failed(result) || emitter.failed);
}

} // namespace mlir::aic
