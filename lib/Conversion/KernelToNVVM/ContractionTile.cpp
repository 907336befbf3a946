// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ContractionTile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::aic {

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

ThreadBits::ThreadBits(DeviceFunction &device, int64_t threads)
    : thread(device.threadId()), device(device), log(llvm::Log2_64(threads)), last(thread.getDefiningOp()) {}

LinearIndex ThreadBits::field(unsigned low, unsigned width, int64_t piece) {
  uint64_t mask = (uint64_t(1) << width) - 1;
  LinearIndex result(((uint64_t(piece) << log) >> low) & mask);
  if (low >= log || !width)
    return result;
  Value &value = known[{low, width}];
  if (!value) {
    OpBuilder &b = device.b;
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfter(last);
    auto constant = [&](int64_t x) { return device.values.index.constant(x); };
    value = thread;
    if (low)
      value = arith::ShRUIOp::create(b, device.loc, value, constant(low));
    if (low + width < log)
      value = arith::AndIOp::create(b, device.loc, value, constant(mask));
    if (value.getDefiningOp() != thread.getDefiningOp())
      last = value.getDefiningOp();
  }
  return device.values.index.add(result, device.values.index.atom(value));
}

/// A quotient and a remainder of numbers that are not negative, in 32 bits where they fit: wider division is slow.
static std::pair<Value, Value> divide(Value x, const LinearIndex &by, std::optional<int64_t> bound,
                                      ValueEmitter &values) {
  OpBuilder &b = values.b;
  Location loc = values.loc;
  Type i32 = b.getI32Type();
  bool isNarrow = bound && *bound < (int64_t(1) << 31) && by.asConstant();
  Value divisor = values.index.value(by);
  if (isNarrow) {
    x = arith::IndexCastUIOp::create(b, loc, i32, x);
    divisor = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(*by.asConstant()));
  }
  Value quotient = arith::DivUIOp::create(b, loc, x, divisor);
  Value rest = arith::SubIOp::create(b, loc, x, arith::MulIOp::create(b, loc, quotient, divisor));
  auto asIndex = [&](Value v) -> Value {
    return isNarrow ? arith::IndexCastUIOp::create(b, loc, b.getIndexType(), v).getResult() : v;
  };
  return {asIndex(quotient), asIndex(rest)};
}

SmallVector<LinearIndex> decompose(const LinearIndex &flat, const LoopSet &set, ValueEmitter &values) {
  SmallVector<LinearIndex> result(set.dims.size());
  LinearIndex rest = flat;
  std::optional<int64_t> bound = set.total.asConstant();
  for (size_t i = set.dims.size(); i-- > 0;) {
    if (i == 0 || rest.asConstant() == 0) {
      result[i] = rest;
      rest = i ? LinearIndex(0) : rest;
      continue;
    }
    if (set.extents[i].asConstant() == 1)
      continue;
    auto [quotient, remainder] = divide(values.index.value(rest), set.extents[i], bound, values);
    result[i] = values.index.atom(remainder);
    rest = values.index.atom(quotient);
  }
  return result;
}

LinearIndex clampTo(const LinearIndex &x, const LinearIndex &extent, int64_t width, bool inside, ValueEmitter &values) {
  if (inside)
    return x;
  Value last = values.index.value(values.index.add(extent, -width));
  return values.index.atom(arith::MinUIOp::create(values.b, values.loc, values.index.value(x), last));
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// Elements of one byte row of all banks.
static int64_t slotsOf(int64_t bytes) { return 128 / bytes; }

static int64_t lineLengthOf(const ContractionSide &side, int64_t extent, int64_t bytes) {
  return side.alongDepth ? std::max(extent, slotsOf(bytes)) : extent;
}

int64_t OperandTile::sharedBytes(const ContractionSide &side, int64_t extent, int64_t depth) {
  return 2 * depth * lineLengthOf(side, extent, bytes(side)) * bytes(side);
}

OperandTile::OperandTile(const Contraction &c, const ContractionSide &side, int64_t extent, int64_t depth,
                         ThreadBits &bits, DeviceFunction &device)
    : c(c), side(side), extent(extent), width(std::min(side.width, side.alongDepth ? depth : extent)),
      lineLength(lineLengthOf(side, extent, bytes(side))), values(device.values), b(device.b), loc(device.loc) {
  memory = device.shared(2 * depth * lineLength, side.elementType());
  unsigned total = llvm::Log2_64(extent * depth / width);
  numPieces = total > bits.total() ? int64_t(1) << (total - bits.total()) : 1;
  if (total < bits.total())
    writes = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, bits.thread,
                                   values.index.constant(int64_t(1) << total));
  // Pieces from the lowest bits: some neighbours along the depth, all positions, the rest of the depth; or along the
  // positions, then the depth.
  unsigned logExtent = llvm::Log2_64(extent), logWidth = llvm::Log2_64(width);
  if (side.alongDepth) {
    // A warp covers as many positions as there are banks for, but no more lanes than there are steps.
    int64_t slots = slotsOf(bytes());
    lanesAlong = std::min({std::clamp<int64_t>(32 / extent, 8, slots), depth / width, slots});
    shift = slots / lanesAlong;
  }
  unsigned logAlong = llvm::Log2_64(lanesAlong), logDepth = llvm::Log2_64(depth);
  for (int64_t i = 0; i < numPieces; ++i) {
    Piece piece;
    if (side.alongDepth) {
      LinearIndex near = bits.field(0, logAlong, i);
      LinearIndex far = bits.field(logAlong + logExtent, logDepth - logWidth - logAlong, i);
      piece.k = values.index.scale(values.index.add(near, values.index.scale(far, lanesAlong)), width);
      piece.position = bits.field(logAlong, logExtent, i);
    } else {
      piece.position = values.index.scale(bits.field(0, logExtent - logWidth, i), width);
      piece.k = bits.field(logExtent - logWidth, logDepth, i);
    }
    pieces.push_back(piece);
  }
}

void OperandTile::place(const LinearIndex &first, ArrayRef<LaneValue> point) {
  auto total = side.loops.total.asConstant();
  for (Piece &piece : pieces) {
    piece.point.assign(point.begin(), point.end());
    int64_t wide = side.alongDepth ? 1 : width;
    LinearIndex at =
        clampTo(values.index.add(first, piece.position), side.loops.total, wide, total && *total % extent == 0, values);
    SmallVector<LinearIndex> indices = decompose(at, side.loops, values);
    if (wide > 1)
      indices.back().lane = 1;
    for (auto [dim, i] : llvm::zip_equal(side.loops.dims, indices))
      piece.point[dim] = i;
  }
}

FailureOr<SmallVector<Value>> OperandTile::load(const LinearIndex &step, bool inside) {
  SmallVector<Value> result;
  ValueEmitter::Memo saved = values.memo;
  int64_t wide = side.alongDepth ? width : 1;
  values.lanes.count = width;
  for (const Piece &piece : pieces) {
    SmallVector<LaneValue> point = piece.point;
    LinearIndex at = clampTo(values.index.add(step, piece.k), c.depth.total, wide, inside, values);
    SmallVector<LinearIndex> indices = decompose(at, c.depth, values);
    if (wide > 1)
      indices.back().lane = 1;
    for (auto [dim, i] : llvm::zip_equal(c.depth.dims, indices))
      point[dim] = i;
    SmallVector<LaneValue> index;
    for (AffineExpr e : side.index) {
      FailureOr<LaneValue> i = values.apply(e, point);
      if (failed(i))
        return failure();
      index.push_back(*i);
    }
    Value tensor = side.operand->get();
    LaneValue element = values.read(tensor, index);
    if (!element)
      return failure();
    BlockArgument arg = c.body->getArgument(side.operand->getOperandNumber());
    llvm::DenseMap<Value, Value> known{{arg, values.broadcast(element, arg.getType())}};
    Value staged = c.evaluate(side.staged, known, width, values);
    if (!staged)
      return failure();
    result.push_back(staged);
  }
  values.lanes.count = 1;
  values.memo = std::move(saved);
  return result;
}

/// Where element (k, position) of a half of the tile stands.
LinearIndex OperandTile::address(const LinearIndex &line, const LinearIndex &k, const LinearIndex &position) {
  IndexBuilder &index = values.index;
  LinearIndex start = index.scale(index.add(line, k), lineLength), place = position;
  if (shift) {
    Value swizzle;
    if (auto known = k.asConstant()) {
      if (int64_t s = *known / width % lanesAlong * shift)
        swizzle = index.constant(s);
    } else {
      Value group = arith::DivUIOp::create(b, loc, index.value(k), index.constant(width));
      group = arith::AndIOp::create(b, loc, group, index.constant(lanesAlong - 1));
      swizzle = arith::MulIOp::create(b, loc, group, index.constant(shift));
    }
    // The swizzle moves within the banks: whole rows of banks may be added behind it.
    int64_t behind = place.constant / slotsOf(bytes()) * slotsOf(bytes());
    place.constant -= behind;
    if (swizzle)
      place = index.atom(arith::XOrIOp::create(b, loc, index.value(place), swizzle));
    place = index.add(place, behind);
  }
  return index.add(start, place);
}

void OperandTile::store(ArrayRef<Value> loaded, const LinearIndex &line) {
  OpBuilder::InsertionGuard guard(b);
  if (writes)
    b.setInsertionPointToStart(scf::IfOp::create(b, loc, writes, /*withElseRegion=*/false).thenBlock());
  for (auto [piece, value] : llvm::zip_equal(pieces, loaded)) {
    if (!side.alongDepth && width > 1) {
      Value at = values.index.value(address(line, piece.k, piece.position));
      vector::StoreOp::create(b, loc, value, memory, at, /*nontemporal=*/false, llvm::MaybeAlign(width * bytes()));
      continue;
    }
    LinearIndex first = address(line, piece.k, piece.position); // the swizzle is the same for all `width` steps
    for (int64_t j = 0; j < width; ++j) {
      Value x = width > 1 ? vector::ExtractOp::create(b, loc, value, ArrayRef<int64_t>{j}).getResult() : value;
      Value at = values.index.value(values.index.add(first, j * lineLength));
      memref::StoreOp::create(b, loc, x, memory, at);
    }
  }
}

SmallVector<Value> OperandTile::read(const LinearIndex &line, const LinearIndex &k, const LinearIndex &position,
                                     int64_t count, int64_t stride) {
  SmallVector<Value> result;
  int64_t run = this->run(count);
  for (int64_t r = 0; r < count / run; ++r) {
    Value at = values.index.value(address(line, k, values.index.add(position, r * stride)));
    if (run == 1) {
      result.push_back(memref::LoadOp::create(b, loc, memory, at));
      continue;
    }
    auto type = VectorType::get({run}, side.elementType());
    Value v = vector::LoadOp::create(b, loc, type, memory, at, /*nontemporal=*/false, llvm::MaybeAlign(run * bytes()));
    for (int64_t j = 0; j < run; ++j)
      result.push_back(vector::ExtractOp::create(b, loc, v, ArrayRef<int64_t>{j}));
  }
  return result;
}

} // namespace mlir::aic
