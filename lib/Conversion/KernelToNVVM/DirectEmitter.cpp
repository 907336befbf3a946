// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DirectEmitter.cpp - A thread for each element of the result --------===//
//
// The space of a KernelPlan is walked as one line, the last group innermost, so that neighbouring threads touch
// neighbouring elements. A thread takes one element, or a vector of them where that is worth it; what the element needs
// is recomputed, reductions are loops of the thread.
//
//===----------------------------------------------------------------------===//
#include "DeviceFunction.h"
#include "aic/Conversion/KernelLoops/ReductionEmitter.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::aic {
namespace {

constexpr int64_t kBlock = 256;
/// Blocks of a kernel whose number of elements only the device knows; their threads take several elements.
constexpr int64_t kLoopBlocks = 256;
/// Below this, threads are too few to give each of them more than one element.
constexpr int64_t kWorthVectors = 1 << 15;
constexpr int64_t kVectorBytes = 16;

class DirectEmitter {
public:
  DirectEmitter(func::FuncOp kernel, StringRef name, bool vectors)
      : kernel(kernel), vectors(vectors), device(kernel, name), values(device.values), b(device.b), loc(device.loc) {}

  /// Emits plan number `part` of the kernel; nullopt if there are no more.
  FailureOr<std::optional<Launch>> run(unsigned part);

private:
  int64_t chooseLanes() const;
  LogicalResult emitLine(Value line);
  LogicalResult emitTail(Value line, const LinearIndex &extent);
  LogicalResult emitPoint();

  func::FuncOp kernel;
  bool vectors; // whether a thread may take several elements
  DeviceFunction device;
  ValueEmitter &values;
  OpBuilder &b;
  Location loc;
  KernelPlan plan;
  TileSizes sizes;
  Tile tile;
  SmallVector<LinearIndex> where; // per dim of the space
  LinearIndex tailExtent;         // of the only group, if its last vector may be cut
  bool hasTail = false;
};

/// Elements of a thread: as many as 16 bytes of the narrowest result hold, if vectors are whole or the line has one
/// end.
int64_t DirectEmitter::chooseLanes() const {
  if (!vectors || plan.vectorGroup < 0 || plan.vectorInReduction || plan.vectorGroup + 1 != int(plan.groups.size()))
    return 1;
  int64_t elements = 1, lanes = kVectorBytes / 4;
  for (const Group &group : plan.groups)
    elements = group.extent.asConstant() ? elements * *group.extent.asConstant() : kWorthVectors;
  if (elements < kWorthVectors)
    return 1;
  for (const Output &output : plan.outputs) {
    Type element = output.destination.element;
    int64_t bytes = element.isIndex() ? 8 : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
    lanes = std::min(lanes, kVectorBytes / bytes);
    if (int64_t(output.index.size()) != plan.rank) // a result of a reduction, which every lane would write
      return 1;
  }
  auto inner = plan.groups.back().extent.asConstant();
  return (inner && *inner % lanes == 0) || plan.groups.size() == 1 ? lanes : 1;
}

/// The outputs at one point (or one vector of points) of the space.
LogicalResult DirectEmitter::emitPoint() {
  values.memo.clear();
  SmallVector<LaneValue> point(where.begin(), where.end());
  if (plan.vectorGroup >= 0)
    point[plan.groups[plan.vectorGroup].carrier()] = tile.columnBase;
  for (const Root &root : plan.roots)
    if (failed(emitReduction(root, plan, sizes, {point}, tile, values)))
      return failure();
  for (const Output &output : plan.outputs)
    if (failed(storeOutput(output, point, values)))
      return failure();
  return success();
}

/// The vector at `tile.columnBase`, or its elements one by one where it is cut.
LogicalResult DirectEmitter::emitTail(Value first, const LinearIndex &extent) {
  Value n = values.index.value(extent), lanes = values.index.constant(sizes.lanes);
  Value end = arith::AddIOp::create(b, loc, first, lanes);
  Value whole = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, end, n);
  auto test = scf::IfOp::create(b, loc, whole, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(test.thenBlock());
  if (failed(emitPoint()))
    return failure();
  b.setInsertionPointToStart(test.elseBlock());
  auto loop = scf::ForOp::create(b, loc, first, n, values.index.constant(1));
  b.setInsertionPointToStart(loop.getBody());
  tile.columnBase = values.index.atom(loop.getInductionVar());
  std::swap(sizes.lanes, values.lanes.count);
  sizes.lanes = values.lanes.count = 1;
  return emitPoint();
}

/// The point at place `line` of the space.
LogicalResult DirectEmitter::emitLine(Value line) {
  where.assign(plan.rank, LinearIndex(0));
  values.lanes = Lanes();
  values.lanes.count = sizes.lanes;
  tile = Tile();
  tile.rows = {LinearIndex(0)};
  tile.vector = plan.vectorGroup >= 0 && !plan.vectorInReduction;
  Value rest = line;
  for (int64_t g = plan.groups.size(); g-- > 0;) {
    const Group &group = plan.groups[g];
    bool isVector = g == plan.vectorGroup;
    Value at = rest;
    if (g) {
      LinearIndex extent = group.extent;
      if (isVector && sizes.lanes > 1)
        extent = values.index.floorDiv(extent, sizes.lanes);
      Value size = values.index.value(extent);
      Value next = arith::DivUIOp::create(b, loc, rest, size);
      at = arith::SubIOp::create(b, loc, rest, arith::MulIOp::create(b, loc, next, size));
      rest = next;
    }
    LinearIndex index = values.index.scale(values.index.atom(at), isVector ? sizes.lanes : 1);
    if (isVector) {
      tile.columnBase = index;
      tile.columnBase.lane = sizes.lanes > 1;
    }
    where[group.carrier()] = index;
  }
  if (!hasTail)
    return emitPoint();
  LinearIndex first = tile.columnBase;
  first.lane = 0;
  return emitTail(values.index.value(first), plan.groups.back().extent);
}

FailureOr<std::optional<Launch>> DirectEmitter::run(unsigned part) {
  SmallVector<Output, 1> pending;
  for (auto [i, value] : llvm::enumerate(kernel.front().getTerminator()->getOperands())) {
    const Buffer &destination = device.frame.destination(kernel, i);
    pending.push_back(
        {value, destination, SmallVector<LinearIndex>(destination.sizes.size(), LinearIndex(0)), {}, true});
  }
  auto planned = planPart(kernel, std::move(pending), part, values);
  if (failed(planned))
    return failure();
  if (!*planned)
    return std::optional<Launch>();
  plan = std::move(**planned);
  for (const Group &group : plan.groups)
    if (!group.shared)
      return kernel.emitError("expected no loop behind a reduction in a thread's element");
  sizes.rows = sizes.columns = sizes.unroll = 1;
  sizes.lanes = chooseLanes();
  hasTail = sizes.lanes > 1 && plan.groups.size() == 1 && plan.groups[0].extent.asConstant().value_or(1) % sizes.lanes;

  LinearIndex total(1);
  AffineExpr blocks = b.getAffineConstantExpr(1);
  for (auto [g, group] : llvm::enumerate(plan.groups)) {
    bool isVector = int(g) == plan.vectorGroup && sizes.lanes > 1;
    LinearIndex extent =
        isVector ? values.index.floorDiv(values.index.add(group.extent, sizes.lanes - 1), sizes.lanes) : group.extent;
    total = *values.index.mul(total, extent);
    AffineExpr expr = device.gridExpr(group.extent);
    if (blocks)
      blocks = expr ? blocks * (isVector ? expr.ceilDiv(sizes.lanes) : expr) : AffineExpr();
  }
  int64_t block = kBlock;
  if (auto n = total.asConstant())
    block = std::clamp<int64_t>(llvm::alignTo(*n, 32), 32, kBlock);
  Value line = device.threadId();
  if (total.asConstant().value_or(block + 1) > block)
    line = arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, device.blockId(), values.index.constant(block)),
                                 line);
  Value count = values.index.value(total);
  if (!blocks) {
    auto loop = scf::ForOp::create(b, loc, line, count, values.index.constant(block * kLoopBlocks));
    b.setInsertionPointToStart(loop.getBody());
    line = loop.getInductionVar();
    blocks = b.getAffineConstantExpr(kLoopBlocks);
  } else {
    blocks = blocks.ceilDiv(block);
    Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, line, count);
    b.setInsertionPointToStart(scf::IfOp::create(b, loc, inside, /*withElseRegion=*/false).thenBlock());
  }
  if (failed(emitLine(line)))
    return failure();
  return std::optional<Launch>(device.finish({block, 1, 1}, blocks));
}

} // namespace

FailureOr<Launches> emitDirect(func::FuncOp kernel) {
  if (findStructuredOp(kernel))
    return kernel.emitError("expected an operation without loops of its own");
  return emitParts(kernel, [&](StringRef name, unsigned part) {
    FailureOr<std::optional<Launch>> launch = DirectEmitter(kernel, name, /*vectors=*/true).run(part);
    return succeeded(launch) ? launch // otherwise lanes need different things
                             : DirectEmitter(kernel, name, /*vectors=*/false).run(part);
  });
}

} // namespace mlir::aic
