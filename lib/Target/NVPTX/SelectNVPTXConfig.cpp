// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SelectNVPTXConfig.cpp - Tiles of contractions from a machine model -===//
//
// Large tiles read each element of the operands fewer times; small ones fill the multiprocessors. All tiles that fit
// the registers are compared by an estimate of the time of one multiprocessor: the instructions that its blocks issue,
// or the latency of memory where they are too few to hide it. The constants are estimates that no GPU has confirmed.
//
//===----------------------------------------------------------------------===//
#include "SelectNVPTXConfig.h"
#include "aic/Dialect/AIC/Transforms/KernelAnalysis.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

namespace mlir::aic {
namespace {

/// What an extent that only a run knows may come to, and every further one of its kind; a tile should do for each.
constexpr double kOpenExtents[] = {16, 128, 1024}, kOpenFactor = 2;
constexpr double kBytesPerClock = 32;   // from the second cache to a multiprocessor
constexpr int64_t kLanesPerClock = 128; // of a multiprocessor
constexpr int64_t kSector = 32;         // bytes that memory gives at least
constexpr double kMostRegisters = 176;  // by this estimate, which leaves much out
constexpr double kStepLatency = 600;    // clocks from a load from memory to a product
constexpr double kLaunchedBlock = 1000; // clocks of a block besides its steps
constexpr double kSharedRead = 2;       // clocks of a vector from shared memory, in multiply-adds
constexpr double kElementMove = 4;      // instructions that bring an element to shared memory

struct Shape {
  double batch = 1, rows = 1, columns = 1, depth = 1;
};

struct Tile {
  int64_t rows = 64, columns = 64, depth = 16, threadRows = 4, threadColumns = 4;
  int64_t threads() const { return (rows / threadRows) * (columns / threadColumns); }
};

/// The loops of a contraction by the operands that they move.
Shape shapeOf(linalg::GenericOp root, double open) {
  Shape shape;
  SmallVector<AffineMap> operands;
  SmallVector<unsigned> reductions;
  root.getReductionDims(reductions);
  for (OpOperand *input : root.getDpsInputOperands()) {
    AffineMap map = root.getMatchingIndexingMap(input);
    if (llvm::any_of(reductions, [&](unsigned d) { return map.isFunctionOfDim(d); }))
      operands.push_back(map);
  }
  bool isOpen[4] = {};
  int last = -1; // the operand of the innermost dim of the result, which gives the columns
  for (auto [loop, extent] : llvm::enumerate(root.getStaticLoopRanges())) {
    double n = extent;
    auto times = [&](double &product, bool &isOpen) {
      if (ShapedType::isDynamic(extent))
        n = std::exchange(isOpen, true) ? kOpenFactor : open;
      product *= n;
    };
    if (llvm::is_contained(reductions, loop)) {
      times(shape.depth, isOpen[0]);
      continue;
    }
    bool first = !operands.empty() && operands[0].isFunctionOfDim(loop);
    bool second = operands.size() > 1 && operands[1].isFunctionOfDim(loop);
    if (first == second) {
      times(shape.batch, isOpen[1]);
      continue;
    }
    times(first ? shape.rows : shape.columns, isOpen[first ? 2 : 3]);
    if (extent != 1)
      last = first ? 0 : 1;
  }
  if (last == 0)
    std::swap(shape.rows, shape.columns);
  return shape;
}

double registersOf(const Tile &tile) {
  double moved = double(tile.rows + tile.columns) * tile.depth / tile.threads(); // on their way to shared memory
  return tile.threadRows * tile.threadColumns + 2 * (tile.threadRows + tile.threadColumns) + 2 * moved + 48;
}

/// Estimated clocks of the kernel.
double timeOf(const Shape &shape, const Tile &tile, const NVPTXMachineModel &machine) {
  double threads = tile.threads();
  double blocks = shape.batch * std::ceil(shape.rows / tile.rows) * std::ceil(shape.columns / tile.columns);
  double moved = double(tile.rows + tile.columns) / threads; // elements of a thread and step of the depth
  double registers = registersOf(tile);
  double resident = std::floor(
      std::min({machine.registersPerMultiprocessor / (std::min(registers, 255.0) * threads),
                double(machine.threadsPerMultiprocessor) / threads, double(machine.blocksPerMultiprocessor)}));
  resident = std::max(resident, 1.0);
  double products = tile.threadRows * tile.threadColumns;
  double reads = llvm::divideCeil(tile.threadRows, 4) + llvm::divideCeil(tile.threadColumns, 4);
  double depth = std::ceil(shape.depth / tile.depth) * tile.depth;
  double issue = depth * (products + kSharedRead * reads + kElementMove * moved) * threads / kLanesPerClock;
  double latency = depth / tile.depth * kStepLatency + kLaunchedBlock;
  double perMultiprocessor = std::ceil(blocks / machine.multiprocessors);
  double traffic = depth * double(tile.rows + tile.columns) * 4 / kBytesPerClock;
  double together = std::min(resident, perMultiprocessor);
  return std::ceil(perMultiprocessor / together) * std::max(together * std::max(issue, traffic), latency);
}

/// Tiles that may be worth it. `bytes`: of an element in shared memory; `narrowest`: of one in memory.
SmallVector<Tile, 0> tilesFor(const Shape &shape, int64_t bytes, int64_t narrowest, const NVPTXMachineModel &machine) {
  SmallVector<Tile, 0> tiles;
  // A tile larger than the result is waste; a smaller one may be, too, but fills more multiprocessors.
  auto limit = [](double n) { return int64_t(llvm::PowerOf2Ceil(uint64_t(std::clamp(n, 1.0, 128.0)))); };
  for (int64_t rows = 1; rows <= limit(shape.rows); rows *= 2)
    for (int64_t columns = 1; columns <= limit(shape.columns); columns *= 2)
      for (int64_t threadRows = 1; threadRows <= std::min<int64_t>(8, rows); threadRows *= 2)
        for (int64_t threadColumns = 1; threadColumns <= std::min<int64_t>(8, columns); threadColumns *= 2)
          for (int64_t depth : {8, 16, 32}) {
            Tile tile{rows, columns, depth, threadRows, threadColumns};
            // Lines of shared memory are at least as long as all banks.
            int64_t shared = 2 * depth * (std::max<int64_t>(rows, 32) + std::max<int64_t>(columns, 32)) * bytes;
            if (tile.threads() >= 32 && tile.threads() <= 256 && shared <= machine.sharedPerBlock / 2 &&
                depth * narrowest >= kSector && registersOf(tile) <= kMostRegisters &&
                (depth * narrowest == kSector || 2 * depth <= shape.depth))
              tiles.push_back(tile);
          }
  return tiles;
}

/// The tile that is best on the whole, each of the shapes compared with its own best one.
Tile chooseTile(ArrayRef<Shape> shapes, int64_t bytes, int64_t narrowest, const NVPTXMachineModel &machine) {
  SmallVector<Tile, 0> tiles = tilesFor(shapes.back(), bytes, narrowest, machine);
  std::vector<double> scores(tiles.size());
  for (const Shape &shape : shapes) {
    auto times = llvm::map_to_vector(tiles, [&](const Tile &tile) { return timeOf(shape, tile, machine); });
    for (auto [score, time] : llvm::zip_equal(scores, times))
      score += time / std::max(1.0, *llvm::min_element(times));
  }
  return tiles.empty() ? Tile() : tiles[std::min_element(scores.begin(), scores.end()) - scores.begin()];
}

} // namespace

LoweringConfigAttr selectNVPTXConfig(func::FuncOp kernel, const NVPTXMachineModel &machine) {
  Operation *root = getKernelRoot(kernel);
  if (!root)
    return {};
  Builder b(kernel.getContext());
  KernelClass kind = getKernelClass(kernel);
  SmallVector<NamedAttribute> entries;
  auto generic = dyn_cast<linalg::GenericOp>(root);
  if (generic && (kind == KernelClass::contraction || kind == KernelClass::convolution)) {
    Type element = getElementTypeOrSelf(root->getResult(0).getType());
    int64_t bytes = element.isIntOrFloat() ? std::max<int64_t>(4, element.getIntOrFloatBitWidth() / 8) : 8;
    int64_t narrowest = 4;
    for (Value input : generic.getDpsInputs())
      if (Type type = getElementTypeOrSelf(input.getType()); type.isIntOrFloat())
        narrowest = std::min<int64_t>(narrowest, llvm::divideCeil(type.getIntOrFloatBitWidth(), 8));
    auto shapes = llvm::map_to_vector(kOpenExtents, [&](double open) { return shapeOf(generic, open); });
    Tile tile = chooseTile(shapes, bytes, narrowest, machine);
    auto add = [&](StringRef name, int64_t value) {
      entries.push_back(b.getNamedAttr(name, b.getI64IntegerAttr(value)));
    };
    add("tile_m", tile.rows);
    add("tile_n", tile.columns);
    add("tile_k", tile.depth);
    add("thread_m", tile.threadRows);
    add("thread_n", tile.threadColumns);
  }
  return LoweringConfigAttr::get(kernel.getContext(), kind, b.getDictionaryAttr(entries));
}

} // namespace mlir::aic
