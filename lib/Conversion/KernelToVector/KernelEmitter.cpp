// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- KernelEmitter.cpp - One kernel from tensors to loops of vectors ----===//
//
// The loops over the shared groups of a KernelPlan are emitted first; inside the
// innermost one stands a register tile of rows x columns vectors. A tile computes
// every root (accumulators in registers, see ReductionEmitter.cpp), then the
// outputs, whose reads find the roots' results in registers.
//
//===----------------------------------------------------------------------===//
#include "aic/Conversion/KernelToVector/KernelEmitter.h"
#include "aic/Conversion/KernelLoops/KernelPlan.h"
#include "aic/Conversion/KernelLoops/ReductionEmitter.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::aic {
namespace {

class KernelEmitter {
public:
  KernelEmitter(func::FuncOp source, const TileSizes &sizes)
      : source(source), sizes(sizes), b(source.getContext()), loc(source.getLoc()), values(b, loc) {}
  func::FuncOp run();

private:
  using Body = llvm::function_ref<LogicalResult(const LinearIndex &)>;

  LogicalResult splitPads(SmallVectorImpl<Output> &outputs);
  LogicalResult fillBorder(tensor::PadOp pad, const Buffer &destination);
  LogicalResult emitPlan();
  LogicalResult emitGroups(ArrayRef<unsigned> order);
  LogicalResult emitTile();
  LogicalResult emitOutputs(SmallVector<unsigned> freeGroups);
  LogicalResult storePoints();
  LogicalResult storeHeavy();
  LogicalResult keepValue(SmallVector<unsigned> freeGroups);
  LogicalResult vectorLoop(const LinearIndex &extent, int64_t columns, llvm::function_ref<LogicalResult()> body);
  LogicalResult rowLoop(const LinearIndex &extent, llvm::function_ref<LogicalResult()> body);
  LogicalResult loop(const LinearIndex &low, const LinearIndex &high, int64_t step, bool share, Body body);
  SmallVector<LaneValue> pointAt(unsigned row, unsigned column);
  int64_t columnsFor(const LinearIndex &extent) const;
  int64_t rowsFor(int64_t extent, int64_t columns) const;
  void choosePartition(ArrayRef<unsigned> order);

  func::FuncOp source;
  const TileSizes &sizes;
  OpBuilder b;
  Location loc;
  ValueEmitter values;
  KernelFrame frame;
  KernelPlan plan;
  Tile tile;
  SmallVector<LinearIndex> where; // per dim of the space, of the tile's first point
  unsigned shareAt = ~0u;         // the group whose loop is shared out to workers
};

//===----------------------------------------------------------------------===//
// Pads
//===----------------------------------------------------------------------===//

/// A pad that is returned is a border and its source inside.
LogicalResult KernelEmitter::splitPads(SmallVectorImpl<Output> &outputs) {
  for (Output &output : outputs) {
    auto pad = output.inner.getDefiningOp<tensor::PadOp>();
    if (!pad || !output.fills || !pad.getConstantPaddingValue())
      continue;
    SmallVector<LinearIndex> low;
    bool negative = false;
    for (OpFoldResult size : pad.getMixedLowPad()) {
      auto c = getConstantIntValue(size);
      FailureOr<LinearIndex> v = c ? LinearIndex(*c) : values.hostIndex(cast<Value>(size));
      if (failed(v))
        return failure();
      negative |= c.value_or(0) < 0;
      low.push_back(*v);
    }
    for (OpFoldResult size : pad.getMixedHighPad())
      negative |= getConstantIntValue(size).value_or(0) < 0;
    if (negative)
      continue;
    if (failed(fillBorder(pad, output.destination)))
      return failure();
    output = {pad.getSource(), output.destination, low, {}, /*fills=*/false};
  }
  return success();
}

/// Stores the padding value everywhere but in the middle: per padded dim the two slabs around it.
LogicalResult KernelEmitter::fillBorder(tensor::PadOp pad, const Buffer &destination) {
  int64_t rank = destination.sizes.size();
  Value outside = pad.getConstantPaddingValue();
  LaneValue border = values.hostScalar(outside);
  if (!border)
    return failure();
  SmallVector<LinearIndex> low, inner;
  for (int64_t d = 0; d < rank; ++d) {
    OpFoldResult size = pad.getMixedLowPad()[d];
    FailureOr<LinearIndex> v = getConstantIntValue(size) ? LinearIndex(*getConstantIntValue(size)) : values.hostIndex(cast<Value>(size));
    if (failed(v))
      return failure();
    low.push_back(*v);
    inner.push_back(values.extent(pad.getSource(), d));
  }
  for (int64_t d = 0; d < rank; ++d) {
    LinearIndex end = values.index.add(low[d], inner[d]);
    if (low[d].asConstant() == 0 && isConstantIntValue(pad.getMixedHighPad()[d], 0))
      continue;
    for (const auto &slab : {std::make_pair(LinearIndex(0), low[d]), std::make_pair(end, destination.sizes[d])}) {
      const LinearIndex &from = slab.first, &to = slab.second;
      // Dims before d run over the middle only, dims after d over everything and lie densely.
      SmallVector<LinearIndex> at(rank, LinearIndex(0));
      std::function<LogicalResult(int64_t)> nest = [&](int64_t k) -> LogicalResult {
        if (k < d)
          return loop(low[k], values.index.add(low[k], inner[k]), 1, k == 0, [&](const LinearIndex &i) {
            at[k] = i;
            return nest(k + 1);
          });
        LinearIndex length = values.index.sub(to, from);
        for (int64_t e = d + 1; e < rank; ++e)
          length = *values.index.mul(length, destination.sizes[e]);
        at[d] = from;
        auto store = [&]() -> LogicalResult {
          for (unsigned c = 0; c < tile.columns; ++c) {
            tile.selectColumn(values, c);
            SmallVector<LaneValue> indices(at.begin(), at.end());
            LinearIndex offset(0);
            for (int64_t e = 0; e <= d; ++e)
              offset = values.index.add(offset, *values.index.mul(at[e], destination.strides[e]));
            LinearIndex column = values.index.add(tile.columnBase, c * sizes.lanes);
            column.lane = sizes.lanes > 1;
            Buffer flat{destination.memory, destination.element, {LinearIndex(0)}, {LinearIndex(1)}};
            if (failed(values.store(flat, {LaneValue(values.index.add(offset, column))}, border)))
              return failure();
          }
          return success();
        };
        if (d == 0) // no outer loop to share: the first worker does it
          return loop(0, 1, 1, true, [&](const LinearIndex &) { return vectorLoop(length, 1, store); });
        return vectorLoop(length, 1, store);
      };
      if (from == to)
        continue;
      if (failed(nest(0)))
        return failure();
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// for i = low to high step `step`; `share`: this worker's part of it. One iteration needs no loop.
LogicalResult KernelEmitter::loop(const LinearIndex &low, const LinearIndex &high, int64_t step, bool share, Body body) {
  auto length = values.index.sub(high, low).asConstant();
  if (length && *length <= 0)
    return success();
  ValueEmitter::Memo saved = values.memo;
  OpBuilder::InsertionGuard guard(b);
  if (length && *length <= step) {
    if (!share)
      return body(low);
    Value first = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, frame.worker, values.index.constant(0));
    auto once = scf::IfOp::create(b, loc, first, /*withElseRegion=*/false);
    b.setInsertionPointToStart(once.thenBlock());
    LogicalResult result = body(low);
    values.memo = std::move(saved);
    return result;
  }
  Value from = values.index.value(low), to = values.index.value(high), by = values.index.constant(step);
  if (share) {
    // trips = ceil((to - from) / step); worker w takes [trips * w / workers, trips * (w + 1) / workers)
    Value trips = arith::CeilDivSIOp::create(b, loc, arith::SubIOp::create(b, loc, to, from), by);
    Value next = arith::AddIOp::create(b, loc, frame.worker, values.index.constant(1));
    auto part = [&](Value w) -> Value {
      Value i = arith::DivUIOp::create(b, loc, arith::MulIOp::create(b, loc, trips, w), frame.workers);
      return arith::AddIOp::create(b, loc, from, arith::MulIOp::create(b, loc, i, by));
    };
    Value begin = part(frame.worker), end = part(next);
    to = arith::MinSIOp::create(b, loc, to, end);
    from = begin;
  }
  auto forOp = scf::ForOp::create(b, loc, from, to, by);
  b.setInsertionPointToStart(forOp.getBody());
  LogicalResult result = body(values.index.atom(forOp.getInductionVar()));
  values.memo = std::move(saved);
  return result;
}

/// Full tiles of `columns` vectors, then single vectors with a mask (static extents: one ragged tile).
LogicalResult KernelEmitter::vectorLoop(const LinearIndex &extent, int64_t columns, llvm::function_ref<LogicalResult()> body) {
  int64_t lanes = sizes.lanes, width = columns * lanes;
  values.lanes.count = lanes;
  auto run = [&](const LinearIndex &base, unsigned count, const LinearIndex &valid) -> LogicalResult {
    Tile saved = tile;
    tile.columnBase = base, tile.columns = count, tile.tailMask = Value(), tile.tailValid = Value();
    if (valid.asConstant() != lanes) {
      tile.tailValid = values.index.value(valid);
      if (lanes > 1)
        tile.tailMask = vector::CreateMaskOp::create(b, loc, VectorType::get({lanes}, b.getI1Type()), tile.tailValid);
    }
    LogicalResult result = body();
    tile = saved;
    values.lanes.mask = values.lanes.valid = Value();
    return result;
  };
  bool share = std::exchange(tile.share, false);
  if (auto n = extent.asConstant()) {
    int64_t full = *n / width * width, rest = *n - full;
    if (failed(loop(0, full, width, share, [&](const LinearIndex &i) { return run(i, columns, lanes); })))
      return failure();
    if (rest)
      return loop(full, full + 1, 1, share, [&](const LinearIndex &i) {
        return run(i, llvm::divideCeil(rest, lanes), rest % lanes ? rest % lanes : lanes);
      });
    return success();
  }
  Value n = values.index.value(extent);
  Value rest = arith::RemUIOp::create(b, loc, n, values.index.constant(width));
  LinearIndex full = values.index.atom(arith::SubIOp::create(b, loc, n, rest));
  if (failed(loop(0, full, width, share, [&](const LinearIndex &i) { return run(i, columns, lanes); })))
    return failure();
  return loop(full, extent, lanes, share, [&](const LinearIndex &i) {
    Value left = arith::SubIOp::create(b, loc, n, values.index.value(i));
    Value valid = arith::MinUIOp::create(b, loc, left, values.index.constant(lanes));
    return run(i, 1, lanes > 1 ? values.index.atom(valid) : LinearIndex(1));
  });
}

/// Full tiles of rows, then the remainder: its own body where static; where dynamic, one tile whose surplus rows repeat
/// the last row.
LogicalResult KernelEmitter::rowLoop(const LinearIndex &extent, llvm::function_ref<LogicalResult()> body) {
  bool share = std::exchange(tile.share, false);
  auto run = [&](SmallVector<LinearIndex> rows) {
    std::swap(tile.rows, rows);
    LogicalResult result = body();
    std::swap(tile.rows, rows);
    return result;
  };
  auto consecutive = [&](const LinearIndex &base, int64_t count) {
    SmallVector<LinearIndex> rows;
    for (int64_t i = 0; i < count; ++i)
      rows.push_back(values.index.add(base, i));
    return rows;
  };
  if (auto n = extent.asConstant()) {
    int64_t step = rowsFor(*n, tile.columns), full = *n / step * step;
    if (failed(loop(0, full, step, share, [&](const LinearIndex &i) { return run(consecutive(i, step)); })))
      return failure();
    return loop(full, *n, *n - full ? *n - full : 1, share, [&](const LinearIndex &i) { return run(consecutive(i, *n - full)); });
  }
  int64_t step = rowsFor(ShapedType::kDynamic, tile.columns);
  Value n = values.index.value(extent);
  LinearIndex full = values.index.atom(
      arith::SubIOp::create(b, loc, n, arith::RemUIOp::create(b, loc, n, values.index.constant(step))));
  if (failed(loop(0, full, step, share, [&](const LinearIndex &i) { return run(consecutive(i, step)); })))
    return failure();
  int64_t tailStep = plan.contraction && step > 2 ? (step + 1) / 2 : 1;
  Value last = arith::SubIOp::create(b, loc, n, values.index.constant(1));
  return loop(full, extent, tailStep, share, [&](const LinearIndex &i) {
    SmallVector<LinearIndex> rows{i};
    for (int64_t r = 1; r < tailStep; ++r)
      rows.push_back(values.index.atom(arith::MinUIOp::create(b, loc, values.index.value(values.index.add(i, r)), last)));
    return run(rows);
  });
}

int64_t KernelEmitter::columnsFor(const LinearIndex &extent) const {
  int64_t columns = plan.contraction ? sizes.columns : plan.roots.empty() ? 2 : 1;
  if (auto n = extent.asConstant())
    columns = std::clamp<int64_t>(llvm::divideCeil(*n, sizes.lanes), 1, columns);
  return columns;
}

/// As many rows as registers allow and, where the extent is known, without a small remainder: 14 = 5 + 5 + 4.
int64_t KernelEmitter::rowsFor(int64_t extent, int64_t columns) const {
  int64_t rows;
  if (plan.contraction)
    rows = columns == sizes.columns ? sizes.rows : std::min<int64_t>((sizes.registers - 1 - columns) / columns, sizes.registers == 32 ? 12 : 10);
  else
    rows = 4;
  if (extent == ShapedType::kDynamic)
    return rows;
  if (extent <= rows)
    return std::max<int64_t>(extent, 1);
  int64_t tiles = llvm::divideCeil(extent, rows);
  return llvm::divideCeil(extent, tiles);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

SmallVector<LaneValue> KernelEmitter::pointAt(unsigned row, unsigned column) {
  SmallVector<LaneValue> ivs(where.begin(), where.end());
  if (plan.rowGroup >= 0)
    ivs[plan.groups[plan.rowGroup].carrier()] = tile.rows[row];
  if (plan.vectorGroup >= 0 && tile.vector) {
    LinearIndex i = values.index.add(tile.columnBase, column * sizes.lanes);
    i.lane = sizes.lanes > 1;
    ivs[plan.groups[plan.vectorGroup].carrier()] = i;
  }
  return ivs;
}

/// Stores every output at every point of the tile.
LogicalResult KernelEmitter::storePoints() {
  for (unsigned r = 0; r < tile.rows.size(); ++r)
    for (unsigned c = 0; c < tile.columns; ++c) {
      tile.selectColumn(values, c);
      SmallVector<LaneValue> ivs = pointAt(r, c);
      for (const Output &output : plan.outputs)
        if (failed(storeOutput(output, ivs, values)))
          return failure();
    }
  return success();
}

/// A transcendental tail is too large for every point of a register tile: the accumulators are stored, and a loop over
/// the rows computes the tail from memory.
LogicalResult KernelEmitter::storeHeavy() {
  const Output &output = plan.outputs.front();
  Value result = plan.roots.front().op->getResult(0);
  if (plan.outputs.size() != 1 || result.getType() != output.inner.getType() || result == output.inner || tile.rows.size() < 2 ||
      plan.roots.front().index != output.index || !llvm::all_of(output.low, [](const LinearIndex &l) { return l.asConstant() == 0; }))
    return storePoints();
  for (unsigned r = 0; r < tile.rows.size(); ++r)
    for (unsigned c = 0; c < tile.columns; ++c) {
      tile.selectColumn(values, c);
      FailureOr<SmallVector<LaneValue>> index = values.apply(output.index, pointAt(r, c));
      if (failed(index) || failed(values.store(output.destination, *index, values.read(result, *index))))
        return failure();
    }
  // The first and the last row bound the tile (surplus rows repeat the last one).
  SmallVector<LinearIndex> rows = tile.rows;
  values.memo.clear();
  values.buffers[result] = output.destination;
  LogicalResult stored = loop(rows.front(), values.index.add(rows.back(), 1), 1, false, [&](const LinearIndex &row) {
    tile.rows = {row};
    return storePoints();
  });
  values.buffers.erase(result);
  tile.rows = rows;
  return stored;
}

/// The value that several stages share goes into the memory of the output, which overwrites it at last.
LogicalResult KernelEmitter::keepValue(SmallVector<unsigned> freeGroups) {
  Value kept = plan.kept->getResult(0);
  const Output output = plan.outputs.front();
  SmallVector<Output, 1> outputs;
  std::swap(plan.outputs, outputs);
  values.buffers.erase(kept);
  Output own = output;
  own.inner = kept;
  plan.outputs.push_back(own);
  ValueEmitter::Memo saved = values.memo;
  LogicalResult result = emitOutputs(freeGroups);
  values.memo = std::move(saved);
  std::swap(plan.outputs, outputs);
  values.buffers[kept] = output.destination;
  return result;
}

LogicalResult KernelEmitter::emitOutputs(SmallVector<unsigned> freeGroups) {
  if (freeGroups.empty())
    return plan.heavyTail ? storeHeavy() : storePoints();
  unsigned g = freeGroups.front();
  const Group &group = plan.groups[g];
  freeGroups.erase(freeGroups.begin());
  if (int(g) == plan.vectorGroup && !tile.vector) {
    tile.vector = true;
    LogicalResult result = vectorLoop(group.extent, columnsFor(group.extent), [&] { return emitOutputs(freeGroups); });
    tile.vector = false;
    values.lanes.count = sizes.lanes;
    return result;
  }
  return loop(0, group.extent, 1, false, [&](const LinearIndex &i) {
    where[group.carrier()] = i;
    return emitOutputs(freeGroups);
  });
}

LogicalResult KernelEmitter::emitTile() {
  SmallVector<unsigned> freeGroups;
  for (auto [g, group] : llvm::enumerate(plan.groups))
    if (!group.shared)
      freeGroups.push_back(g);
  ValueEmitter::Memo saved = values.memo;
  // Stages in the order of the source: roots, and the kept value before the first that reads it.
  SmallVector<Output, 1> reduced, full;
  bool kept = !plan.kept;
  for (const Root &root : plan.roots) {
    if (!kept && plan.kept->isBeforeInBlock(root.op)) {
      kept = true;
      if (failed(keepValue(freeGroups)))
        return failure();
    }
    SmallVector<SmallVector<LaneValue>> points;
    for (unsigned r = 0; r < tile.rows.size(); ++r)
      for (unsigned c = 0; c < tile.columns; ++c)
        points.push_back(pointAt(r, c));
    if (failed(emitReduction(root, plan, sizes, points, tile, values)))
      return failure();
  }
  // Outputs without a free dim are stored once per tile.
  for (const Output &output : plan.outputs) {
    bool needsFree = llvm::any_of(output.index, [&](AffineExpr e) {
      return llvm::any_of(freeGroups, [&](unsigned g) { return e.isFunctionOfDim(plan.groups[g].carrier()); });
    });
    (needsFree ? full : reduced).push_back(output);
  }
  LogicalResult result = success();
  SmallVector<Output, 1> all = plan.outputs;
  if (!full.empty() && !freeGroups.empty()) {
    plan.outputs = full;
    result = emitOutputs(freeGroups);
    plan.outputs = reduced;
    if (succeeded(result) && !reduced.empty())
      result = emitOutputs({});
  } else {
    result = emitOutputs({});
  }
  plan.outputs = all;
  values.memo = std::move(saved);
  return result;
}

LogicalResult KernelEmitter::emitGroups(ArrayRef<unsigned> order) {
  if (order.empty())
    return emitTile();
  unsigned g = order.front();
  const Group &group = plan.groups[g];
  tile.share = g == shareAt;
  auto inner = [&] { return emitGroups(order.drop_front()); };
  if (int(g) == plan.vectorGroup) {
    tile.vector = true;
    return vectorLoop(group.extent, columnsFor(group.extent), inner);
  }
  if (int(g) == plan.rowGroup)
    return rowLoop(group.extent, inner);
  bool share = std::exchange(tile.share, false);
  return loop(0, group.extent, 1, share, [&](const LinearIndex &i) {
    where[group.carrier()] = i;
    return inner();
  });
}

/// The first loop with enough iterations for several workers, otherwise the longest.
void KernelEmitter::choosePartition(ArrayRef<unsigned> order) {
  constexpr int64_t enough = 8;
  int64_t best = 0;
  for (unsigned g : order) {
    const Group &group = plan.groups[g];
    int64_t step = int(g) == plan.vectorGroup ? columnsFor(group.extent) * sizes.lanes : 1;
    int64_t trips = group.extent.asConstant() ? llvm::divideCeil(*group.extent.asConstant(), step) : enough;
    if (int(g) == plan.rowGroup)
      trips = std::max<int64_t>(1, trips / 4);
    if (trips > best)
      best = trips, shareAt = g;
    if (trips >= enough)
      return;
  }
}

LogicalResult KernelEmitter::emitPlan() {
  tile = Tile();
  tile.rows = {LinearIndex(0)};
  where.assign(plan.rank, LinearIndex(0));
  values.lanes = Lanes();
  values.lanes.count = sizes.lanes;
  shareAt = ~0u;
  SmallVector<unsigned> order, inner;
  for (auto [g, group] : llvm::enumerate(plan.groups))
    if (group.shared && int(g) != plan.vectorGroup)
      (plan.contraction && !plan.batch[g] ? inner : order).push_back(g);
  if (plan.vectorGroup >= 0 && plan.groups[plan.vectorGroup].shared)
    order.push_back(plan.vectorGroup); // contraction: panels, then rows; otherwise innermost
  order.append(inner);
  choosePartition(order);
  if (shareAt != ~0u)
    return emitGroups(order);
  return loop(0, 1, 1, /*share=*/true, [&](const LinearIndex &) { return emitGroups(order); });
}

func::FuncOp KernelEmitter::run() {
  frame = KernelFrame::create(source, source.getName(), /*withWorkers=*/true, values);
  Block &body = source.front();
  LogicalResult result = success();
  if (Operation *structured = findStructuredOp(source)) {
    result = emitStructuredOp(structured, source, frame, values);
  } else {
    SmallVector<Output, 1> pending = collectOutputs(source, frame, values);
    tile.rows = {LinearIndex(0)};
    values.lanes.count = sizes.lanes;
    result = splitPads(pending);
    while (succeeded(result) && !pending.empty()) {
      FailureOr<KernelPlan> planned = planKernel(body, pending, values);
      if (failed(planned)) {
        result = failure();
        break;
      }
      plan = std::move(*planned);
      values.memo.clear();
      result = emitPlan();
    }
  }
  if (failed(result)) {
    frame.function.erase();
    return nullptr;
  }
  b.setInsertionPointToEnd(&frame.function.front());
  func::ReturnOp::create(b, loc);
  return frame.function;
}
} // namespace

func::FuncOp emitKernel(func::FuncOp source, const TileSizes &sizes) { return KernelEmitter(source, sizes).run(); }

} // namespace mlir::aic
