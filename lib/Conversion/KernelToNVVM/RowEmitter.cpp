// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RowEmitter.cpp - Reductions by warps and blocks --------------------===//
//
// A row is a point of the shared groups of a KernelPlan. Its reductions and what
// follows them are shared out to the lanes of the row: each takes every n-th
// element (or vector of elements), partial results are combined by shuffles
// within a warp and through shared memory between warps. Every lane gets the
// result and goes on with the next stage; the element that it takes there is the
// same, so what a lane read or computed before is still in its registers where
// the steps are written out. Values that several stages share are computed again
// elsewhere: that is cheaper than writing and reading them.
//
//===----------------------------------------------------------------------===//
#include "DeviceFunction.h"
#include "RowShape.h"
#include "aic/Conversion/KernelLoops/ReductionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::aic {
namespace {

constexpr int64_t kWarp = 32;
constexpr int64_t kBankBytes = 128; // all banks of shared memory, a word each
/// Vectors of a lane whose steps are written out, so that they stay in registers between stages.
constexpr int64_t kWrittenOut = 16;
/// Steps of a loop, each with a partial result of its own.
constexpr int64_t kPartials = 4;

class RowEmitter {
public:
  RowEmitter(func::FuncOp kernel, StringRef name)
      : kernel(kernel), device(kernel, name), values(device.values), b(device.b), loc(device.loc) {}

  /// Emits plan number `part` of the kernel; nullopt if there are no more.
  FailureOr<std::optional<Launch>> run(unsigned part);

private:
  /// What is done with the elements at `place`, given partial results.
  using Step = llvm::function_ref<FailureOr<SmallVector<Value>>(const LinearIndex &place, ArrayRef<Value> partial)>;
  using Results = SmallVector<Value>;

  FailureOr<AffineExpr> placeRow();
  SmallVector<LinearIndex> takeApart(const LinearIndex &line, ArrayRef<LinearIndex> extents);
  LinearIndex placeOf(const LinearIndex &step);
  FailureOr<SmallVector<Results>> walk(const LinearIndex &extent, const Results &start, bool stores, Step step);
  FailureOr<SmallVector<Results>> walkStatic(int64_t extent, const Results &start, bool stores, Step step);
  LogicalResult cutStep(int64_t steps, int64_t whole, Results &partial, bool stores, Step step);
  LogicalResult loop(Value from, Value to, int64_t by, SmallVectorImpl<Results> &partials,
                     llvm::function_ref<LogicalResult(const LinearIndex &, SmallVectorImpl<Results> &)> body);

  LogicalResult emitRoot(const Root &root);
  Results combineLanes(const Combiner &combiner, Results partial);
  Results combineWarps(const Combiner &combiner, Results partial);
  LogicalResult emitOutputs();
  LogicalResult storeOutput(const Output &output);
  Value atLeast(Value x, const LinearIndex &limit);
  LogicalResult inside(Value condition, llvm::function_ref<LogicalResult()> body);

  func::FuncOp kernel;
  DeviceFunction device;
  ValueEmitter &values;
  OpBuilder &b;
  Location loc;
  KernelPlan plan;
  RowShape shape;
  Value thread, lane;             // of the block; of the row
  Value isRow;                    // false for a thread that has no row of its own, if there are such
  SmallVector<LinearIndex> where; // per dim of the space
  /// Per number of steps: where the last, cut step is taken, and by which lanes.
  std::map<int64_t, std::pair<LinearIndex, Value>> cuts;
};

//===----------------------------------------------------------------------===//
// Where a thread is
//===----------------------------------------------------------------------===//

/// The indices of place `line` in a space of these extents.
SmallVector<LinearIndex> RowEmitter::takeApart(const LinearIndex &line, ArrayRef<LinearIndex> extents) {
  SmallVector<LinearIndex> result(extents.size(), LinearIndex(0));
  if (extents.empty())
    return result;
  if (extents.size() == 1) {
    result[0] = line;
    return result;
  }
  LinearIndex base(line);
  base.lane = 0;
  Value rest = values.index.value(base);
  for (size_t i = extents.size(); i-- > 1;) {
    Value size = values.index.value(extents[i]);
    Value next = arith::DivUIOp::create(b, loc, rest, size);
    result[i] = values.index.atom(arith::SubIOp::create(b, loc, rest, arith::MulIOp::create(b, loc, next, size)));
    rest = next;
  }
  result[0] = values.index.atom(rest);
  result.back().lane = line.lane;
  return result;
}

/// Finds the thread's row and its lane there; returns the number of blocks.
FailureOr<AffineExpr> RowEmitter::placeRow() {
  where.assign(plan.rank, LinearIndex(0));
  LinearIndex total(1);
  AffineExpr blocks = b.getAffineConstantExpr(1);
  SmallVector<LinearIndex> extents;
  for (unsigned g : shape.rowGroups) {
    extents.push_back(plan.groups[g].extent);
    total = *values.index.mul(total, extents.back());
    AffineExpr extent = device.gridExpr(extents.back());
    blocks = blocks && extent ? blocks * extent : AffineExpr();
  }
  if (!blocks)
    return kernel.emitError("expected a number of rows that the host can compute");
  auto constant = [&](int64_t x) { return values.index.constant(x); };
  int64_t rows = shape.rows, lanes = shape.lanes;
  auto known = total.asConstant();
  thread = device.threadId();
  Value row, none = constant(0);
  if (shape.across) {
    row = rows == 1 ? none : arith::RemUIOp::create(b, loc, thread, constant(rows)).getResult();
    lane = lanes == 1 ? none : arith::DivUIOp::create(b, loc, thread, constant(rows)).getResult();
  } else {
    row = rows == 1 ? none : arith::DivUIOp::create(b, loc, thread, constant(lanes)).getResult();
    lane = rows == 1 ? thread : arith::RemUIOp::create(b, loc, thread, constant(lanes)).getResult();
  }
  if (!known || *known > rows) {
    LinearIndex first = values.index.scale(values.index.atom(device.blockId()), rows);
    row = values.index.value(values.index.add(first, values.index.atom(row)));
  }
  if (!known ? rows > 1 : *known % rows) {
    // All threads of a warp take part in shuffles, and all of a block in barriers: those without a row join the last.
    isRow = atLeast(values.index.value(total), values.index.add(values.index.atom(row), 1));
    row = arith::MinUIOp::create(b, loc, row, values.index.value(values.index.sub(total, 1)));
  }
  for (auto [g, index] : llvm::zip_equal(shape.rowGroups, takeApart(values.index.atom(row), extents)))
    where[plan.groups[g].carrier()] = index;
  return blocks.ceilDiv(rows);
}

//===----------------------------------------------------------------------===//
// Steps of a lane
//===----------------------------------------------------------------------===//

Value RowEmitter::atLeast(Value x, const LinearIndex &limit) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, x, values.index.value(limit));
}

LogicalResult RowEmitter::inside(Value condition, llvm::function_ref<LogicalResult()> body) {
  if (!condition)
    return body();
  auto test = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(test.thenBlock());
  ValueEmitter::Memo saved = values.memo;
  LogicalResult result = body();
  values.memo = std::move(saved);
  return result;
}

/// The first element of step `step`.
LinearIndex RowEmitter::placeOf(const LinearIndex &step) {
  LinearIndex place = values.index.scale(step, shape.width);
  place.lane = shape.width > 1;
  return place;
}

/// for i = from to `to` step `by`, with the partial results carried along.
LogicalResult
RowEmitter::loop(Value from, Value to, int64_t by, SmallVectorImpl<Results> &partials,
                 llvm::function_ref<LogicalResult(const LinearIndex &, SmallVectorImpl<Results> &)> body) {
  Results flat;
  for (const Results &partial : partials)
    llvm::append_range(flat, partial);
  auto loop = scf::ForOp::create(b, loc, from, to, values.index.constant(by), flat);
  auto split = [&](ValueRange from) {
    for (Results &partial : partials)
      for (Value &v : partial) {
        v = from.front();
        from = from.drop_front();
      }
  };
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  split(loop.getRegionIterArgs());
  ValueEmitter::Memo saved = values.memo;
  LogicalResult result = body(values.index.atom(loop.getInductionVar()), partials);
  values.memo = std::move(saved);
  if (failed(result))
    return failure();
  flat.clear();
  for (const Results &partial : partials)
    llvm::append_range(flat, partial);
  if (!flat.empty())
    scf::YieldOp::create(b, loc, flat);
  split(loop.getResults());
  return success();
}

/// The step of which only some lanes have one. A reduction lets the others look at the last element and forget it.
LogicalResult RowEmitter::cutStep(int64_t steps, int64_t whole, Results &partial, bool stores, Step step) {
  auto [cut, isNew] = cuts.try_emplace(steps);
  if (isNew) {
    LinearIndex mine = values.index.add(values.index.atom(lane), whole * shape.lanes);
    Value at = values.index.value(mine), last = values.index.constant(steps - 1);
    cut->second.first = values.index.atom(arith::MinUIOp::create(b, loc, at, last));
    cut->second.second = atLeast(last, mine);
  }
  const LinearIndex place = placeOf(cut->second.first);
  Value exists = cut->second.second;
  if (stores)
    return inside(exists, [&] { return LogicalResult(step(place, {})); });
  FailureOr<Results> next = step(place, partial);
  if (failed(next))
    return failure();
  for (auto [old, v] : llvm::zip_equal(partial, *next))
    old = arith::SelectOp::create(b, loc, exists, v, old);
  return success();
}

FailureOr<SmallVector<RowEmitter::Results>> RowEmitter::walkStatic(int64_t extent, const Results &start, bool stores,
                                                                   Step step) {
  int64_t steps = extent / shape.width, whole = steps / shape.lanes, rest = steps % shape.lanes, done = 0;
  SmallVector<Results> partials(std::clamp<int64_t>(whole, 1, kPartials), start);
  auto one = [&](Results &partial, const LinearIndex &base) -> LogicalResult {
    FailureOr<Results> next = step(placeOf(values.index.add(base, values.index.atom(lane))), partial);
    if (succeeded(next))
      partial = *next;
    return next;
  };
  if (whole > kWrittenOut) {
    done = whole / kPartials * kPartials;
    LogicalResult looped = loop(values.index.constant(0), values.index.constant(done * shape.lanes),
                                kPartials * shape.lanes, partials, [&](const LinearIndex &i, auto &current) {
                                  for (int64_t p = 0; p < kPartials; ++p)
                                    if (failed(one(current[p], values.index.add(i, p * shape.lanes))))
                                      return failure();
                                  return success();
                                });
    if (failed(looped))
      return failure();
  }
  for (; done < whole; ++done)
    if (failed(one(partials[done % partials.size()], LinearIndex(done * shape.lanes))))
      return failure();
  if (rest && failed(cutStep(steps, whole, partials.back(), stores, step)))
    return failure();
  return partials;
}

/// Lets every lane take its elements of a line; returns the lane's partial results.
FailureOr<SmallVector<RowEmitter::Results>> RowEmitter::walk(const LinearIndex &extent, const Results &start,
                                                             bool stores, Step step) {
  if (auto known = extent.asConstant())
    return walkStatic(*known, start, stores, step);
  // As many whole rounds as all lanes have, so that they stay together; then what is left of each.
  SmallVector<Results> partials(kPartials, start);
  int64_t round = kPartials * shape.lanes;
  Value end = values.index.value(extent);
  Value rest = arith::RemUIOp::create(b, loc, end, values.index.constant(round));
  Value whole = arith::SubIOp::create(b, loc, end, rest);
  LinearIndex mine = values.index.atom(lane);
  auto steps = [&](const LinearIndex &i, SmallVectorImpl<Results> &current) -> LogicalResult {
    for (auto [p, partial] : llvm::enumerate(current)) {
      FailureOr<Results> next = step(placeOf(values.index.add(i, p * shape.lanes)), partial);
      if (failed(next))
        return failure();
      partial = *next;
    }
    return success();
  };
  auto all = [&](const LinearIndex &i, SmallVectorImpl<Results> &current) {
    return steps(values.index.add(i, mine), current);
  };
  if (failed(loop(values.index.constant(0), whole, round, partials, all)))
    return failure();
  SmallVector<Results> first{partials.front()};
  Value from = values.index.value(values.index.add(values.index.atom(whole), mine));
  if (failed(loop(from, end, shape.lanes, first, steps)))
    return failure();
  partials.front() = first.front();
  return partials;
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// Combines the partial results of the lanes that one warp holds of a row; all of them get the result.
RowEmitter::Results RowEmitter::combineLanes(const Combiner &combiner, Results partial) {
  if (shape.isPlane())
    return partial;
  bool isTogether = !shape.across || shape.rows == 1; // lanes of a row are neighbours
  int64_t from = isTogether ? 1 : shape.rows, to = std::min(isTogether ? shape.lanes : shape.threads(), kWarp);
  for (int64_t offset = from; offset < to; offset *= 2) {
    Results others;
    for (Value v : partial)
      others.push_back(
          gpu::ShuffleOp::create(b, loc, v, int32_t(offset), int32_t(kWarp), gpu::ShuffleMode::XOR).getShuffleResult());
    partial = combiner.combine(b, loc, partial, others);
  }
  return partial;
}

/// Combines what the warps have (in a plane: the lanes): each writes its part to shared memory, all threads read all
/// parts of their row.
RowEmitter::Results RowEmitter::combineWarps(const Combiner &combiner, Results partial) {
  int64_t columns = shape.across ? shape.rows : 1, perPart = shape.isPlane() ? columns : std::max(columns, kWarp),
          parts = shape.threads() / perPart;
  if (parts < 2 || (!shape.across && shape.rows > 1))
    return partial;
  struct Column {
    Value memory, read;
    int64_t line, again; // elements of a line; those of its begin that stand behind its end once more
  };
  SmallVector<Column> memory;
  auto constant = [&](int64_t x) { return values.index.constant(x); };
  Value part = arith::DivUIOp::create(b, loc, thread, constant(perPart));
  Value inPart = arith::RemUIOp::create(b, loc, thread, constant(perPart));
  Value column = columns == 1      ? constant(0)
                 : columns < kWarp ? arith::RemUIOp::create(b, loc, thread, constant(columns)).getResult()
                                   : inPart;
  for (Value v : partial) {
    Type element = v.getType().isInteger(1) ? b.getI8Type() : v.getType();
    // Threads that read at the same time. Where they come to the end of a line of a plane, its begin may be in the same
    // banks: they read on behind the end.
    int64_t row = kBankBytes / byteSize(element), together = std::min(kWarp, row);
    int64_t again = shape.isPlane() && columns > together ? together : 0, line = columns;
    if (again) // the next line goes on in the next bank
      line = llvm::alignTo(columns, std::max<int64_t>(1, 4 / byteSize(element))) + row;
    Value read = column;
    if (again) {
      Value near = arith::RemUIOp::create(b, loc, thread, constant(again));
      Value first = arith::RemUIOp::create(b, loc, arith::SubIOp::create(b, loc, thread, near), constant(columns));
      read = arith::AddIOp::create(b, loc, first, near);
    }
    memory.push_back({device.shared(parts * line, element), read, line, again});
  }
  Value writes;
  if (columns < perPart)
    writes = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, inPart, constant(columns));
  (void)inside(writes, [&] {
    for (auto [v, m] : llvm::zip_equal(partial, memory)) {
      Value stored = v.getType().isInteger(1) ? arith::ExtUIOp::create(b, loc, b.getI8Type(), v).getResult() : v;
      LinearIndex at = values.index.add(values.index.scale(values.index.atom(part), m.line), values.index.atom(column));
      memref::StoreOp::create(b, loc, stored, m.memory, values.index.value(at));
      if (!m.again)
        continue;
      Value isBegin = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, column, constant(m.again));
      (void)inside(isBegin, [&, to = m.memory] {
        memref::StoreOp::create(b, loc, stored, to, values.index.value(values.index.add(at, columns)));
        return success();
      });
    }
    return success();
  });
  device.barrier();
  Results sum;
  for (int64_t p = 0; p < parts; ++p) {
    Results next;
    for (auto [v, m] : llvm::zip_equal(partial, memory)) {
      Value from = values.index.value(values.index.add(values.index.atom(m.read), p * m.line));
      Value x = memref::LoadOp::create(b, loc, m.memory, from);
      next.push_back(v.getType().isInteger(1) ? arith::TruncIOp::create(b, loc, v.getType(), x).getResult() : x);
    }
    sum = p ? combiner.combine(b, loc, sum, next) : next;
  }
  return sum;
}

LogicalResult RowEmitter::emitRoot(const Root &root) {
  linalg::LinalgOp op = root.op;
  std::optional<Combiner> combiner = Combiner::of(op);
  if (!combiner)
    return op.emitError("expected a reduction whose partial results can be combined");
  SmallVector<LaneValue> point(where.begin(), where.end());
  FailureOr<SmallVector<LaneValue>> ivs = loopsAt(root, point, values);
  if (failed(ivs))
    return failure();
  values.lanes.count = 1;
  Results inits;
  SmallVector<Type> elements;
  for (OpOperand &init : op.getDpsInitsMutable()) {
    FailureOr<SmallVector<LaneValue>> at = values.apply(op.getMatchingIndexingMap(&init), *ivs);
    LaneValue first = failed(at) ? LaneValue() : values.read(init.get(), *at);
    if (!first)
      return failure();
    inits.push_back(values.scalar(first));
    elements.push_back(inits.back().getType());
  }
  values.lanes.count = shape.width;
  Results start = combiner->start(b, loc, inits);
  for (auto [v, element] : llvm::zip_equal(start, elements))
    v = values.broadcast(LaneValue::scalar(v), element);

  const ReducedLine &line = shape.reduced.at(op);
  LinearIndex total(1);
  for (const LinearIndex &extent : line.extents)
    total = *values.index.mul(total, extent);
  FailureOr<SmallVector<Results>> partials = walk(
      total, start, /*stores=*/false, [&](const LinearIndex &place, ArrayRef<Value> partial) -> FailureOr<Results> {
        for (auto [loop, index] : llvm::zip_equal(line.carriers, takeApart(place, line.extents)))
          (*ivs)[loop] = index;
        SmallVector<LaneValue> in;
        for (Value v : partial)
          in.push_back(shape.width > 1 ? LaneValue::vector(v) : LaneValue::scalar(v));
        FailureOr<SmallVector<LaneValue>> out = values.evaluate(op, *ivs, in);
        if (failed(out))
          return failure();
        Results next;
        for (auto [v, element] : llvm::zip_equal(*out, elements))
          next.push_back(values.broadcast(v, element));
        return next;
      });
  if (failed(partials))
    return failure();
  Results sum = partials->front();
  for (const Results &partial : llvm::drop_begin(*partials))
    sum = combiner->combine(b, loc, sum, partial);
  for (int64_t width = shape.width; width > 1; width /= 2) {
    Results halves[2];
    for (int64_t h = 0; h < 2; ++h)
      for (Value v : sum) {
        if (width == 2) {
          halves[h].push_back(vector::ExtractOp::create(b, loc, v, ArrayRef<int64_t>{h}));
          continue;
        }
        SmallVector<int64_t> places = llvm::to_vector(llvm::seq(h * width / 2, (h + 1) * width / 2));
        halves[h].push_back(vector::ShuffleOp::create(b, loc, v, v, places));
      }
    sum = combiner->combine(b, loc, halves[0], halves[1]);
  }
  sum = combineWarps(*combiner, combineLanes(*combiner, sum));
  if (combiner->isNeutralStart())
    sum = combiner->combine(b, loc, inits, sum);
  SmallVector<LaneValue> results;
  for (Value v : sum)
    results.push_back(LaneValue::scalar(v));
  return rememberResults(root, point, results, values);
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

LogicalResult RowEmitter::storeOutput(const Output &output) {
  return aic::storeOutput(output, SmallVector<LaneValue>(where.begin(), where.end()), values);
}

LogicalResult RowEmitter::emitOutputs() {
  SmallVector<const Output *> reduced, full;
  SmallVector<LinearIndex> extents;
  LinearIndex total(1);
  for (unsigned g : shape.freeGroups) {
    extents.push_back(plan.groups[g].extent);
    total = *values.index.mul(total, extents.back());
  }
  for (const Output &output : plan.outputs) {
    bool isFree = llvm::any_of(output.index, [&](AffineExpr e) {
      return llvm::any_of(shape.freeGroups, [&](unsigned g) { return e.isFunctionOfDim(plan.groups[g].carrier()); });
    });
    (isFree ? full : reduced).push_back(&output);
  }
  if (!full.empty()) {
    values.lanes.count = shape.width;
    auto step = [&](const LinearIndex &place, ArrayRef<Value>) -> FailureOr<Results> {
      for (auto [g, index] : llvm::zip_equal(shape.freeGroups, takeApart(place, extents)))
        where[plan.groups[g].carrier()] = index;
      for (const Output *output : full)
        if (failed(storeOutput(*output)))
          return failure();
      return Results();
    };
    if (failed(walk(total, {}, /*stores=*/true, step)))
      return failure();
  }
  if (reduced.empty())
    return success();
  values.lanes.count = 1;
  for (unsigned g : shape.freeGroups)
    where[plan.groups[g].carrier()] = LinearIndex(0);
  Value first;
  if (shape.lanes > 1)
    first = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, lane, values.index.constant(0));
  return inside(first, [&] {
    for (const Output *output : reduced)
      if (failed(storeOutput(*output)))
        return failure();
    return success();
  });
}

FailureOr<std::optional<Launch>> RowEmitter::run(unsigned part) {
  auto planned = planPart(kernel, collectOutputs(kernel, device.frame, values), part, values);
  if (failed(planned))
    return failure();
  if (!*planned)
    return std::optional<Launch>();
  plan = std::move(**planned);
  FailureOr<RowShape> chosen = RowShape::choose(kernel, plan, values);
  if (failed(chosen))
    return failure();
  shape = std::move(*chosen);
  FailureOr<AffineExpr> blocks = placeRow();
  if (failed(blocks))
    return failure();
  for (const Root &root : plan.roots)
    if (failed(emitRoot(root)))
      return failure();
  if (failed(inside(isRow, [&] { return emitOutputs(); })))
    return failure();
  alignVectors(device.frame.function);
  return std::optional<Launch>(device.finish({shape.threads(), 1, 1}, *blocks));
}

} // namespace

FailureOr<Launches> emitRows(func::FuncOp kernel) {
  if (findStructuredOp(kernel))
    return kernel.emitError("expected an operation without loops of its own");
  return emitParts(kernel, [&](StringRef name, unsigned part) { return RowEmitter(kernel, name).run(part); });
}

} // namespace mlir::aic
