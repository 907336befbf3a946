// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- TransposeEmitter.cpp - Reads along another dim than writes ---------===//
//
// Where neighbours of the result are no neighbours in an operand, threads that follow one of the two take each element
// of the other from a sector of its own. So a block takes a tile of both dims: threads along the operand's dim bring it
// to shared memory, threads along the result's dim compute and write what is made of it. Operands that need no tile are
// read where they are used.
//
//===----------------------------------------------------------------------===//
#include "DeviceFunction.h"
#include "aic/Target/NVPTX/NVPTXMachineModel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::aic {
namespace {

constexpr int64_t kWarp = NVPTXMachineModel::warp;
constexpr int64_t kTile = kWarp * kWarp, kThreads = 256;
constexpr int64_t kBankBytes = 128; // all banks of shared memory, a word each
constexpr size_t kMostStaged = 4;

int64_t bytesOf(Type element) { return element.isIndex() ? 8 : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8); }

class TransposeEmitter {
public:
  explicit TransposeEmitter(func::FuncOp kernel)
      : kernel(kernel), device(kernel, kernel.getName()), values(device.values), b(device.b), loc(device.loc) {}
  FailureOr<Launches> run();

private:
  /// One of the two dims of the tile.
  struct Side {
    unsigned group = 0;
    int64_t size = 1;  // of the tile
    LinearIndex first; // of this block
  };
  /// A read that goes through shared memory.
  struct Staged {
    Access access;
    Value memory;
    int64_t line = 0; // elements from one line to the next
    Value at;         // where the current element is
  };

  LogicalResult choosePlan();
  std::optional<unsigned> readDim(const Access &access) const;
  void chooseSizes();
  FailureOr<AffineExpr> placeBlock();
  FailureOr<SmallVector<LaneValue>> indicesOf(const Staged &staged);
  LogicalResult forPieces(Side &fast, Side &slow, llvm::function_ref<LogicalResult()> body);
  const LinearIndex &extent(const Side &side) const { return plan.groups[side.group].extent; }
  unsigned dim(const Side &side) const { return plan.groups[side.group].carrier(); }
  /// Lines of shared memory run along the result's dim if that is as long as a warp.
  bool linesAlongResult() const { return result.size >= kWarp; }

  func::FuncOp kernel;
  DeviceFunction device;
  ValueEmitter &values;
  OpBuilder &b;
  Location loc;
  KernelPlan plan;
  Side result, operand;
  SmallVector<Staged> staged;
  SmallVector<LinearIndex> where; // per dim of the space
};

/// The dim along which neighbours of the read are neighbours in memory, if each index is a dim of its own.
std::optional<unsigned> TransposeEmitter::readDim(const Access &access) const {
  if (access.throughView)
    return std::nullopt;
  auto shape = cast<RankedTensorType>(access.tensor.getType()).getShape();
  llvm::SmallBitVector seen(plan.rank);
  std::optional<unsigned> last;
  for (auto [size, expr] : llvm::zip_equal(shape, access.indices)) {
    if (size == 1 && isa_and_nonnull<AffineConstantExpr>(expr))
      continue;
    auto d = dyn_cast_or_null<AffineDimExpr>(expr);
    if (!d || seen.test(d.getPosition()))
      return std::nullopt;
    last = d.getPosition();
    seen.set(*last);
  }
  return seen.test(dim(result)) ? last : std::nullopt;
}

/// Fails quietly where every operand is read along the result.
LogicalResult TransposeEmitter::choosePlan() {
  SmallVector<Output, 1> pending;
  for (auto [i, value] : llvm::enumerate(kernel.front().getTerminator()->getOperands())) {
    const Buffer &destination = device.frame.destination(kernel, i);
    pending.push_back(
        {value, destination, SmallVector<LinearIndex>(destination.sizes.size(), LinearIndex(0)), {}, true});
  }
  FailureOr<KernelPlan> planned = planKernel(kernel.front(), pending, values);
  if (failed(planned) || !pending.empty() || !planned->roots.empty() || planned->groups.size() < 2)
    return failure();
  plan = std::move(*planned);
  result.group = plan.groups.size() - 1;
  llvm::DenseSet<Value> leaves(kernel.getArguments().begin(), kernel.getArguments().end());
  AccessTrace trace(leaves, plan.rank);
  for (const Output &output : plan.outputs)
    trace.visit(output.inner, output.index);
  std::optional<unsigned> along;
  for (const Access &access : trace.accesses) {
    std::optional<unsigned> d = readDim(access);
    if (!d || *d == dim(result) || (along && *along != *d) || staged.size() == kMostStaged)
      continue;
    auto group = llvm::find_if(plan.groups, [&](const Group &g) { return g.carrier() == *d; });
    if (group == plan.groups.end())
      continue;
    along = d;
    operand.group = group - plan.groups.begin();
    staged.push_back({access, {}, 0, {}});
  }
  return success(along.has_value());
}

void TransposeEmitter::chooseSizes() {
  auto limit = [&](const Side &side, int64_t most) {
    auto known = extent(side).asConstant();
    return known ? std::min<int64_t>(most, llvm::PowerOf2Ceil(*known)) : most;
  };
  result.size = limit(result, kWarp), operand.size = limit(operand, kWarp);
  if (result.size < kWarp)
    operand.size = limit(operand, kTile / result.size);
  else if (operand.size < kWarp)
    result.size = limit(result, kTile / operand.size);
}

/// Finds the block's tile; returns the number of blocks.
FailureOr<AffineExpr> TransposeEmitter::placeBlock() {
  where.assign(plan.rank, LinearIndex(0));
  AffineExpr blocks = b.getAffineConstantExpr(1);
  Value rest = device.blockId();
  // The result's dim innermost: neighbouring blocks write neighbouring elements.
  auto place = [&](unsigned group, int64_t size) -> FailureOr<LinearIndex> {
    LinearIndex n = plan.groups[group].extent;
    AffineExpr count = device.gridExpr(n);
    if (!count)
      return failure();
    blocks = blocks * (size == 1 ? count : count.ceilDiv(size));
    if (size > 1)
      n = values.index.floorDiv(values.index.add(n, size - 1), size);
    if (n.asConstant() == 1)
      return LinearIndex(0);
    Value by = values.index.value(n), next = arith::DivUIOp::create(b, loc, rest, by);
    Value at = arith::SubIOp::create(b, loc, rest, arith::MulIOp::create(b, loc, next, by));
    rest = next;
    return values.index.scale(values.index.atom(at), size);
  };
  for (Side *side : {&result, &operand}) {
    FailureOr<LinearIndex> first = place(side->group, side->size);
    if (failed(first))
      return failure();
    side->first = *first;
  }
  for (unsigned g = plan.groups.size(); g-- > 0;) {
    if (g == result.group || g == operand.group)
      continue;
    FailureOr<LinearIndex> at = place(g, 1);
    if (failed(at))
      return failure();
    where[plan.groups[g].carrier()] = *at;
  }
  return blocks;
}

FailureOr<SmallVector<LaneValue>> TransposeEmitter::indicesOf(const Staged &staged) {
  return values.apply(staged.access.indices, SmallVector<LaneValue>(where.begin(), where.end()));
}

/// Runs `body` for each of the thread's elements of the tile that exist; neighbouring threads along `fast`.
LogicalResult TransposeEmitter::forPieces(Side &fast, Side &slow, llvm::function_ref<LogicalResult()> body) {
  int64_t tile = fast.size * slow.size, threads = std::min(tile, kThreads);
  auto constant = [&](int64_t x) { return values.index.constant(x); };
  Value thread = device.threadId();
  for (int64_t done = 0; done < tile; done += threads) {
    Value e = done ? arith::AddIOp::create(b, loc, thread, constant(done)).getResult() : thread;
    Value near = arith::RemUIOp::create(b, loc, e, constant(fast.size));
    Value far = arith::DivUIOp::create(b, loc, e, constant(fast.size));
    OpBuilder::InsertionGuard guard(b);
    Value exists;
    for (auto [side, i] : {std::pair<Side *, Value>{&fast, near}, {&slow, far}}) {
      LinearIndex at = values.index.add(side->first, values.index.atom(i));
      where[dim(*side)] = at;
      if (extent(*side).asConstant().value_or(1) % side->size == 0)
        continue;
      Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, values.index.value(at),
                                           values.index.value(extent(*side)));
      exists = exists ? arith::AndIOp::create(b, loc, exists, inside).getResult() : inside;
    }
    if (exists)
      b.setInsertionPointToStart(scf::IfOp::create(b, loc, exists, /*withElseRegion=*/false).thenBlock());
    values.memo.clear();
    bool linesAreFast = linesAlongResult() == (&fast == &result);
    Value line = linesAreFast ? far : near, place = linesAreFast ? near : far;
    for (Staged &s : staged) {
      LinearIndex at = values.index.add(values.index.scale(values.index.atom(line), s.line), values.index.atom(place));
      s.at = values.index.value(at);
    }
    if (failed(body()))
      return failure();
  }
  values.memo.clear();
  return success();
}

FailureOr<Launches> TransposeEmitter::run() {
  if (failed(choosePlan()))
    return failure();
  chooseSizes();
  int64_t tile = result.size * operand.size;
  std::optional<int64_t> elements = 1;
  for (const Group &group : plan.groups)
    elements = elements && group.extent.asConstant() ? std::optional<int64_t>(*elements * *group.extent.asConstant())
                                                     : std::nullopt;
  // A small tile is one line of either side anyway, and few elements are not worth a barrier.
  if (tile < kTile / 4 || elements.value_or(kTile) < kTile)
    return failure();
  FailureOr<AffineExpr> blocks = placeBlock();
  if (failed(blocks))
    return failure();
  int64_t lines = linesAlongResult() ? operand.size : result.size, length = tile / lines;
  for (Staged &s : staged) {
    Type element = cast<RankedTensorType>(s.access.tensor.getType()).getElementType();
    if (element.isInteger(1))
      element = b.getI8Type();
    // Behind each line as many elements as let those of one warp in all lines lie in different banks.
    s.line = length + std::max<int64_t>(1, kBankBytes / bytesOf(element) / lines);
    s.memory = device.shared(lines * s.line, element);
  }
  LogicalResult read = forPieces(operand, result, [&]() -> LogicalResult {
    for (Staged &s : staged) {
      FailureOr<SmallVector<LaneValue>> indices = indicesOf(s);
      LaneValue element = failed(indices) ? LaneValue() : values.read(s.access.tensor, *indices);
      if (!element)
        return failure();
      Value v = values.scalar(element);
      if (v.getType().isInteger(1))
        v = arith::ExtUIOp::create(b, loc, b.getI8Type(), v);
      memref::StoreOp::create(b, loc, v, s.memory, s.at);
    }
    return success();
  });
  if (failed(read))
    return failure();
  device.barrier();
  LogicalResult written = forPieces(result, operand, [&]() -> LogicalResult {
    for (Staged &s : staged) {
      FailureOr<SmallVector<LaneValue>> indices = indicesOf(s);
      if (failed(indices))
        return failure();
      Value v = memref::LoadOp::create(b, loc, s.memory, s.at);
      if (cast<RankedTensorType>(s.access.tensor.getType()).getElementType().isInteger(1))
        v = arith::TruncIOp::create(b, loc, b.getI1Type(), v);
      values.remember(s.access.tensor, *indices, LaneValue::scalar(v));
    }
    for (const Output &output : plan.outputs)
      if (failed(storeOutput(output, SmallVector<LaneValue>(where.begin(), where.end()), values)))
        return failure();
    return success();
  });
  if (failed(written))
    return failure();
  return Launches{device.finish({std::min(tile, kThreads), 1, 1}, *blocks)};
}

} // namespace

FailureOr<Launches> emitTransposed(func::FuncOp kernel) {
  if (findStructuredOp(kernel))
    return failure();
  return TransposeEmitter(kernel).run();
}

} // namespace mlir::aic
