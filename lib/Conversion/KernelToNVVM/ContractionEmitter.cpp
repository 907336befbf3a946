// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ContractionEmitter.cpp - Tiles through shared memory ---------------===//
//
// A block computes a tile of the result, a thread a part of that tile in registers. Operands come through shared memory
// in steps of the reduction: while the threads multiply one half of the tiles, the elements of the next step are on
// their way into registers; they are then written to the other half, and one barrier separates the steps. Rows, columns
// and steps that do not exist read the last one that does and are never stored, so there is no branch in the loop; only
// the last step may be shorter.
//
//===----------------------------------------------------------------------===//
#include "ContractionTile.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Target/NVPTX/NVPTXMachineModel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::aic {
namespace {

constexpr int64_t kWarp = NVPTXMachineModel::warp;

class ContractionEmitter {
public:
  explicit ContractionEmitter(func::FuncOp kernel)
      : kernel(kernel), device(kernel, kernel.getName()), values(device.values), b(device.b), loc(device.loc) {}
  FailureOr<Launches> run();

private:
  /// What a thread has read of both tiles.
  struct Parts {
    SmallVector<Value> rows, columns;
  };

  LogicalResult readSizes();
  void chooseLanes();
  LinearIndex tilesOf(const LoopSet &set, int64_t size);
  AffineExpr gridOf();
  void placeBlock();
  void placeThread();
  SmallVector<LaneValue> pointAt(const LinearIndex &row, const LinearIndex &column);
  FailureOr<SmallVector<Value>> readAtPoints(Value tensor, ArrayRef<AffineExpr> index);
  LogicalResult readFixed();
  FailureOr<SmallVector<Value>> reduce(ArrayRef<Value> acc);
  FailureOr<SmallVector<Value>> step(ArrayRef<Value> acc, const LinearIndex &line, const LinearIndex &k);
  FailureOr<SmallVector<Value>> rest(ArrayRef<Value> acc, const LinearIndex &line, const LinearIndex &count);
  FailureOr<Parts> fetch(const LinearIndex &at, bool fills, Value exists);
  LogicalResult storeOutputs(ArrayRef<Value> acc);
  LogicalResult storePoint(const LinearIndex &row, const LinearIndex &column, ArrayRef<Value> acc);
  LinearIndex row(int64_t i) { return values.index.add(firstRow, i / rowRun * rowStride + i % rowRun); }
  LinearIndex column(int64_t j) { return values.index.add(firstColumn, j / columnRun * columnStride + j % columnRun); }
  bool rowsFill() const { return c.rows.loops.total.asConstant().value_or(1) % sizes.rows == 0; }
  bool columnsFill() const { return c.columns.loops.total.asConstant().value_or(1) % sizes.columns == 0; }

  func::FuncOp kernel;
  DeviceFunction device;
  ValueEmitter &values;
  OpBuilder &b;
  Location loc;
  KernelPlan plan;
  Contraction c;
  ContractionSizes sizes;
  std::unique_ptr<ThreadBits> bits;
  std::unique_ptr<OperandTile> rowTile, columnTile;
  SmallVector<LaneValue> block;                            // the point of the plan at which this block's tile begins
  LinearIndex blockRow, blockColumn;                       // the first row and column of the tile
  LinearIndex threadRow, threadColumn;                     // of this thread in the tile
  LinearIndex firstRow, firstColumn;                       // of this thread in the result
  int64_t rowRun = 1, columnRun = 1;                       // neighbours that a thread computes
  int64_t rowStride = 0, columnStride = 0;                 // from one run to the next
  int64_t lanes = 1;                                       // neighbouring columns that are stored at once
  SmallVector<std::pair<Value, SmallVector<Value>>> fixed; // an argument of the body, its value at each point
};

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

LogicalResult ContractionEmitter::readSizes() {
  if (auto config = kernel->getAttrOfType<LoweringConfigAttr>(LoweringConfigAttr::attributeName)) {
    sizes.rows = config.getNumber("tile_m", sizes.rows);
    sizes.columns = config.getNumber("tile_n", sizes.columns);
    sizes.depth = config.getNumber("tile_k", sizes.depth);
    sizes.threadRows = config.getNumber("thread_m", std::min(sizes.threadRows, sizes.rows));
    sizes.threadColumns = config.getNumber("thread_n", std::min(sizes.threadColumns, sizes.columns));
  }
  for (int64_t size : {sizes.rows, sizes.columns, sizes.depth, sizes.threadRows, sizes.threadColumns})
    if (!llvm::isPowerOf2_64(size))
      return kernel.emitError("expected powers of two as sizes of a contraction's tile, got ") << size;
  if (sizes.threadRows > sizes.rows || sizes.threadColumns > sizes.columns)
    return kernel.emitError("expected the part of a thread within the tile of its block");
  const NVPTXMachineModel machine = NVPTXMachineModel::around(kernel);
  if (sizes.threads() < kWarp || sizes.threads() > machine.threadsPerBlock)
    return kernel.emitError("expected ") << kWarp << " to " << machine.threadsPerBlock << " threads, got "
                                         << sizes.threads();
  auto bytes = [&] {
    return OperandTile::sharedBytes(c.rows, sizes.rows, sizes.depth) +
           OperandTile::sharedBytes(c.columns, sizes.columns, sizes.depth);
  };
  while (sizes.depth > 1 && bytes() > machine.sharedPerBlock)
    sizes.depth /= 2;
  if (bytes() > machine.sharedPerBlock)
    return kernel.emitError("expected tiles of at most ") << machine.sharedPerBlock << " bytes, got " << bytes();
  return success();
}

/// Columns that are stored as a vector: as far as every vector is whole and moves along each result.
void ContractionEmitter::chooseLanes() {
  const LoopSet &set = c.columns.loops;
  auto extent = set.extents.back().asConstant();
  if (!extent)
    return;
  int64_t most = columnRun;
  for (const Output &output : plan.outputs) {
    Type element = output.destination.element;
    int64_t bytes = element.isIndex() ? 8 : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
    most = std::min(most, 16 / bytes);
    if (llvm::none_of(output.index, [&](AffineExpr e) { return e.isFunctionOfDim(set.dims.back()); }))
      return;
  }
  for (lanes = llvm::bit_floor(uint64_t(most)); *extent % lanes; lanes /= 2)
    ;
}

LinearIndex ContractionEmitter::tilesOf(const LoopSet &set, int64_t size) {
  if (auto total = set.total.asConstant())
    return llvm::divideCeil(*total, size);
  Value n = values.index.value(values.index.add(set.total, size - 1));
  return values.index.atom(arith::DivUIOp::create(b, loc, n, values.index.constant(size)));
}

/// The number of blocks; null if the host cannot compute it.
AffineExpr ContractionEmitter::gridOf() {
  AffineExpr blocks = b.getAffineConstantExpr(1);
  auto times = [&](const LoopSet &set, int64_t size) {
    AffineExpr total = b.getAffineConstantExpr(1);
    for (const LinearIndex &extent : set.extents) {
      AffineExpr e = device.gridExpr(extent);
      total = total && e ? total * e : AffineExpr();
    }
    blocks = blocks && total ? blocks * total.ceilDiv(size) : AffineExpr();
  };
  times(c.batch, 1);
  times(c.rows.loops, sizes.rows);
  times(c.columns.loops, sizes.columns);
  return blocks;
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

/// Blocks stand in one line (other dimensions of a grid end at 65535): columns innermost, then rows, then the batch.
void ContractionEmitter::placeBlock() {
  LoopSet grid = c.batch;
  grid.add(0, tilesOf(c.rows.loops, sizes.rows), values.index);
  grid.add(0, tilesOf(c.columns.loops, sizes.columns), values.index);
  LinearIndex id = grid.total.asConstant() == 1 ? LinearIndex(0) : values.index.atom(device.blockId());
  SmallVector<LinearIndex> place = decompose(id, grid, values);
  blockColumn = values.index.scale(place.pop_back_val(), sizes.columns);
  blockRow = values.index.scale(place.pop_back_val(), sizes.rows);
  block.assign(c.numDims, LaneValue(LinearIndex(0)));
  for (auto [dim, i] : llvm::zip_equal(c.batch.dims, place))
    block[dim] = i;
}

/// The threads of a warp form a rectangle, so that it reads few different elements of both tiles.
void ContractionEmitter::placeThread() {
  int64_t across = sizes.columns / sizes.threadColumns, down = sizes.rows / sizes.threadRows;
  int64_t warpRows = std::min<int64_t>(down, 4), warpColumns = std::min(across, kWarp / warpRows);
  warpRows = std::min(down, kWarp / warpColumns);
  auto log = [](int64_t x) { return llvm::Log2_64(x); };
  unsigned nearColumns = log(warpColumns), nearRows = log(warpRows);
  unsigned farColumns = log(across / warpColumns), farRows = log(down / warpRows);
  auto join = [&](unsigned low, unsigned near, unsigned lowFar, unsigned far) {
    return values.index.add(bits->field(low, near), values.index.scale(bits->field(lowFar, far), int64_t(1) << near));
  };
  unsigned warp = nearColumns + nearRows;
  rowRun = rowTile->run(sizes.threadRows), columnRun = columnTile->run(sizes.threadColumns);
  rowStride = down * rowRun, columnStride = across * columnRun;
  threadColumn = values.index.scale(join(0, nearColumns, warp, farColumns), columnRun);
  threadRow = values.index.scale(join(nearColumns, nearRows, warp + farColumns, farRows), rowRun);
  firstRow = values.index.add(blockRow, threadRow);
  firstColumn = values.index.add(blockColumn, threadColumn);
}

/// The point of the plan at a row and a vector of columns.
SmallVector<LaneValue> ContractionEmitter::pointAt(const LinearIndex &row, const LinearIndex &column) {
  SmallVector<LaneValue> point = block;
  for (auto [dim, i] : llvm::zip_equal(c.rows.loops.dims, decompose(row, c.rows.loops, values)))
    point[dim] = i;
  SmallVector<LinearIndex> columns = decompose(column, c.columns.loops, values);
  columns.back().lane = lanes > 1;
  for (auto [dim, i] : llvm::zip_equal(c.columns.loops.dims, columns))
    point[dim] = i;
  return point;
}

//===----------------------------------------------------------------------===//
// The reduction
//===----------------------------------------------------------------------===//

/// An element for each accumulator, row by row. Where there is no accumulator it is that of another one.
FailureOr<SmallVector<Value>> ContractionEmitter::readAtPoints(Value tensor, ArrayRef<AffineExpr> index) {
  SmallVector<Value> result;
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  values.memo.clear();
  values.lanes.count = lanes;
  // Equal rows and columns must be equal values for the memo.
  SmallVector<LinearIndex> columns;
  for (int64_t j = 0; j < sizes.threadColumns; j += lanes)
    columns.push_back(clampTo(column(j), c.columns.loops.total, lanes, columnsFill(), values));
  for (int64_t i = 0; i < sizes.threadRows; ++i) {
    LinearIndex at = clampTo(row(i), c.rows.loops.total, 1, rowsFill(), values);
    for (const LinearIndex &column : columns) {
      FailureOr<SmallVector<LaneValue>> indices = values.apply(index, pointAt(at, column));
      if (failed(indices))
        return failure();
      LaneValue v = values.read(tensor, *indices);
      if (!v)
        return failure();
      if (v.isUniform()) {
        result.append(lanes, values.scalar(v));
        continue;
      }
      Value wide = values.broadcast(v, element);
      for (int64_t l = 0; l < lanes; ++l)
        result.push_back(vector::ExtractOp::create(b, loc, wide, ArrayRef<int64_t>{l}));
    }
  }
  values.lanes.count = 1;
  values.memo.clear();
  return result;
}

LogicalResult ContractionEmitter::readFixed() {
  for (OpOperand *operand : c.fixed) {
    FailureOr<SmallVector<Value>> elements = readAtPoints(operand->get(), c.indexOf(operand));
    if (failed(elements))
      return failure();
    fixed.push_back({c.body->getArgument(operand->getOperandNumber()), *elements});
  }
  return success();
}

/// One step of the reduction for each of the thread's accumulators.
FailureOr<SmallVector<Value>> ContractionEmitter::step(ArrayRef<Value> acc, const LinearIndex &line,
                                                       const LinearIndex &k) {
  SmallVector<Value> x = rowTile->read(line, k, threadRow, sizes.threadRows, rowStride);
  SmallVector<Value> y = columnTile->read(line, k, threadColumn, sizes.threadColumns, columnStride);
  SmallVector<Value> next;
  for (int64_t i = 0; i < sizes.threadRows; ++i)
    for (int64_t j = 0; j < sizes.threadColumns; ++j) {
      size_t p = next.size();
      llvm::DenseMap<Value, Value> known{{c.rows.staged, x[i]}, {c.columns.staged, y[j]}};
      known[c.body->getArgument(c.op.getNumDpsInputs())] = acc[p];
      for (const auto &[argument, elements] : fixed)
        known[argument] = elements[p];
      Value result = c.evaluate(c.body->getTerminator()->getOperand(0), known, 1, values);
      if (!result)
        return failure();
      next.push_back(result);
    }
  return next;
}

/// The steps that no whole tile holds, one after the other.
FailureOr<SmallVector<Value>> ContractionEmitter::rest(ArrayRef<Value> acc, const LinearIndex &line,
                                                       const LinearIndex &count) {
  if (count.asConstant() == 0)
    return SmallVector<Value>(acc);
  IndexBuilder &index = values.index;
  auto loop = scf::ForOp::create(b, loc, index.constant(0), index.value(count), index.constant(1), ValueRange(acc));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  FailureOr<SmallVector<Value>> next =
      step(SmallVector<Value>(loop.getRegionIterArgs()), line, index.atom(loop.getInductionVar()));
  if (failed(next))
    return failure();
  scf::YieldOp::create(b, loc, *next);
  return SmallVector<Value>(loop.getResults());
}

/// Reads the parts of the tiles at `at` where `exists` (null: always) holds.
FailureOr<ContractionEmitter::Parts> ContractionEmitter::fetch(const LinearIndex &at, bool fills, Value exists) {
  auto loadBoth = [&]() -> FailureOr<Parts> {
    FailureOr<SmallVector<Value>> x = rowTile->load(at, fills), y = columnTile->load(at, fills);
    if (failed(x) || failed(y))
      return failure();
    return Parts{*x, *y};
  };
  if (!exists)
    return loadBoth();
  // The types are known when the loads are.
  OpBuilder::InsertionGuard guard(b);
  auto probe = scf::IfOp::create(b, loc, exists, /*withElseRegion=*/false);
  b.setInsertionPointToStart(probe.thenBlock());
  FailureOr<Parts> parts = loadBoth();
  if (failed(parts))
    return failure();
  SmallVector<Value> all(parts->rows);
  llvm::append_range(all, parts->columns);
  b.setInsertionPoint(probe);
  auto types = llvm::map_to_vector(all, [](Value v) { return v.getType(); });
  auto test = scf::IfOp::create(b, loc, types, exists, /*withElseRegion=*/true);
  test.thenBlock()->getOperations().splice(test.thenBlock()->end(), probe.thenBlock()->getOperations(),
                                           probe.thenBlock()->begin(), std::prev(probe.thenBlock()->end()));
  probe.erase();
  b.setInsertionPointToEnd(test.thenBlock());
  scf::YieldOp::create(b, loc, all);
  b.setInsertionPointToEnd(test.elseBlock());
  auto zeros = llvm::map_to_vector(
      types, [&](Type type) -> Value { return arith::ConstantOp::create(b, loc, b.getZeroAttr(type)); });
  scf::YieldOp::create(b, loc, zeros);
  ValueRange results = test.getResults();
  return Parts{SmallVector<Value>(results.take_front(parts->rows.size())),
               SmallVector<Value>(results.drop_front(parts->rows.size()))};
}

/// All steps; there is at least one. What ends the sum is always a loop: LLVM would move what stands after it to where
/// a result is stored, and keep the operands of all steps in registers until then.
FailureOr<SmallVector<Value>> ContractionEmitter::reduce(ArrayRef<Value> init) {
  IndexBuilder &index = values.index;
  const int64_t size = sizes.depth;
  const LinearIndex &total = c.depth.total;
  auto known = total.asConstant();
  bool fills = known && *known % size == 0;
  LinearIndex whole; // steps in whole tiles that something follows or that are several
  if (known) {
    whole = *known == size ? 0 : *known / size * size;
  } else {
    Value n = index.value(total);
    Value cut = arith::RemUIOp::create(b, loc, n, index.constant(size));
    whole = index.atom(arith::SubIOp::create(b, loc, n, cut));
  }
  auto put = [&](const Parts &parts, const LinearIndex &line) {
    rowTile->store(parts.rows, line);
    columnTile->store(parts.columns, line);
    device.barrier();
  };
  FailureOr<Parts> first = fetch(0, fills, {});
  if (failed(first))
    return failure();
  put(*first, 0);
  SmallVector<Value> acc(init);
  if (whole.asConstant() != 0) {
    auto loop =
        scf::ForOp::create(b, loc, index.constant(0), index.value(whole), index.constant(size), ValueRange(acc));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    // Halves of the tiles alternate: the line begins at 0 or `size`.
    Value at = loop.getInductionVar(), half = arith::AndIOp::create(b, loc, at, index.constant(size));
    LinearIndex next = index.add(index.atom(at), size);
    Value exists; // the next tile
    if (!known || fills)
      exists = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, index.value(next), index.value(total));
    FailureOr<Parts> parts = fetch(next, fills, exists);
    if (failed(parts))
      return failure();
    FailureOr<SmallVector<Value>> sums = SmallVector<Value>(loop.getRegionIterArgs());
    for (int64_t k = 0; k < size && succeeded(sums); ++k)
      sums = step(*sums, index.atom(half), k);
    if (failed(sums))
      return failure();
    {
      OpBuilder::InsertionGuard inside(b);
      if (exists)
        b.setInsertionPointToStart(scf::IfOp::create(b, loc, exists, /*withElseRegion=*/false).thenBlock());
      put(*parts, index.atom(arith::SubIOp::create(b, loc, index.constant(size), half)));
    }
    scf::YieldOp::create(b, loc, *sums);
    acc.assign(loop.getResults().begin(), loop.getResults().end());
  }
  LinearIndex line = known ? LinearIndex(whole.constant & size)
                           : index.atom(arith::AndIOp::create(b, loc, index.value(whole), index.constant(size)));
  return rest(acc, line, index.sub(total, whole));
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// The outputs at a row and `lanes` columns that exist.
LogicalResult ContractionEmitter::storePoint(const LinearIndex &row, const LinearIndex &column, ArrayRef<Value> acc) {
  values.memo.clear();
  values.lanes.count = lanes;
  SmallVector<LaneValue> point = pointAt(row, column);
  FailureOr<SmallVector<LaneValue>> where = values.apply(c.root.index, point);
  if (failed(where))
    return failure();
  LaneValue sum = LaneValue::scalar(acc.front());
  if (lanes > 1)
    sum =
        LaneValue::vector(vector::FromElementsOp::create(b, loc, VectorType::get({lanes}, acc.front().getType()), acc));
  values.remember(c.op->getResult(0), *where, sum);
  for (const Output &output : plan.outputs)
    if (failed(storeOutput(output, point, values)))
      return failure();
  values.memo.clear();
  values.lanes.count = 1;
  return success();
}

LogicalResult ContractionEmitter::storeOutputs(ArrayRef<Value> acc) {
  auto guarded = [&](const LinearIndex &x, const LinearIndex &extent, bool fills,
                     llvm::function_ref<LogicalResult()> body) {
    OpBuilder::InsertionGuard guard(b);
    if (!fills) {
      Value inside =
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, values.index.value(x), values.index.value(extent));
      b.setInsertionPointToStart(scf::IfOp::create(b, loc, inside, /*withElseRegion=*/false).thenBlock());
    }
    return body();
  };
  for (int64_t i = 0; i < sizes.threadRows; ++i)
    if (failed(guarded(row(i), c.rows.loops.total, rowsFill(), [&] {
          for (int64_t j = 0; j < sizes.threadColumns; j += lanes)
            if (failed(guarded(column(j), c.columns.loops.total, columnsFill(), [&] {
                  return storePoint(row(i), column(j), acc.slice(i * sizes.threadColumns + j, lanes));
                })))
              return failure();
          return success();
        })))
      return failure();
  return success();
}

FailureOr<Launches> ContractionEmitter::run() {
  SmallVector<Output, 1> pending = collectOutputs(kernel, device.frame, values);
  FailureOr<KernelPlan> planned = planKernel(kernel.front(), pending, values);
  if (failed(planned))
    return failure();
  if (!pending.empty())
    return kernel.emitError("expected all results of a contraction's kernel in one space");
  plan = std::move(*planned);
  FailureOr<Contraction> matched = Contraction::match(plan, values);
  if (failed(matched))
    return failure();
  c = std::move(*matched);
  if (failed(readSizes()))
    return failure();
  AffineExpr blocks = gridOf();
  if (!blocks)
    return kernel.emitError("expected extents that the host can compute");

  placeBlock();
  bits = std::make_unique<ThreadBits>(device, sizes.threads());
  rowTile = std::make_unique<OperandTile>(c, c.rows, sizes.rows, sizes.depth, *bits, device);
  columnTile = std::make_unique<OperandTile>(c, c.columns, sizes.columns, sizes.depth, *bits, device);
  placeThread();
  chooseLanes();
  OpOperand *initial = c.op.getDpsInitOperand(0);
  FailureOr<SmallVector<Value>> acc = readAtPoints(initial->get(), c.indexOf(initial));
  if (failed(acc) || failed(readFixed()))
    return failure();
  rowTile->place(blockRow, block);
  columnTile->place(blockColumn, block);
  auto depth = c.depth.total.asConstant();
  if (!depth) {
    Value some = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, values.index.value(c.depth.total),
                                       values.index.constant(0));
    auto types = llvm::map_to_vector(*acc, [](Value v) { return v.getType(); });
    auto test = scf::IfOp::create(b, loc, types, some, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(test.elseBlock());
    scf::YieldOp::create(b, loc, *acc);
    b.setInsertionPointToStart(test.thenBlock());
    acc = reduce(*acc);
    if (failed(acc))
      return failure();
    scf::YieldOp::create(b, loc, *acc);
    acc = SmallVector<Value>(test.getResults());
  } else if (*depth) {
    acc = reduce(*acc);
  }
  if (failed(acc) || failed(storeOutputs(*acc)))
    return failure();
  // One block in flight will do: ptxas may then give a thread all its registers instead of spilling for a second one.
  device.frame.function->setAttr("nvidia.min_blocks", b.getI32IntegerAttr(1));
  Launch launch = device.finish({sizes.threads(), 1, 1}, blocks);
  return Launches{launch};
}

} // namespace

FailureOr<Launches> emitContraction(func::FuncOp kernel) {
  if (findStructuredOp(kernel))
    return kernel.emitError("expected an operation without loops of its own");
  return ContractionEmitter(kernel).run();
}

} // namespace mlir::aic
