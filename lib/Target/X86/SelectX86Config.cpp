// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SelectX86Config.cpp - Register tiles from a machine model ----------===//
//
// The tile of a contraction holds rows x columns accumulators, one row of the
// right-hand side and one broadcast: rows * columns + columns + 1 registers. Wide
// rows are best where N fills them: then the loads of the right-hand side are
// shared by few rows and the panel is read in long runs. Measured shapes, see
// docs/Dialects for the config's entries: 6 x 2 vectors of 8 lanes, 6 x 4 or
// 14 x 2 vectors of 16.
//
//===----------------------------------------------------------------------===//
#include "SelectX86Config.h"
#include "aic/Dialect/AIC/Transforms/KernelAnalysis.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::aic {
namespace {

struct Tile {
  int64_t rows = 1, columns = 1, unroll = 1;
};

/// Extents of the root as an emitter walks them; dynamic ones are ShapedType::kDynamic.
struct Shape {
  int64_t rows = ShapedType::kDynamic, columns = ShapedType::kDynamic, depth = 1;
};

int64_t times(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) ? ShapedType::kDynamic : a * b;
}

Shape shapeOf(linalg::GenericOp root, LoopKind kind) {
  Shape shape;
  SmallVector<int64_t> extents = root.getStaticLoopRanges();
  SmallVector<AffineExpr> results(root.getMatchingIndexingMap(root.getDpsInitOperand(0)).getResults());
  auto extent = [&](AffineExpr e) { return extents[cast<AffineDimExpr>(e).getPosition()]; };
  for (auto [loop, type] : llvm::enumerate(root.getIteratorTypesArray()))
    if (type == utils::IteratorType::reduction)
      shape.depth = times(shape.depth, extents[loop]);
  if (results.empty())
    return shape;
  shape.columns = extent(results.pop_back_val());
  shape.rows = 1;
  // Rows are what the lane operand does not depend on; a window stops at the end of an image row.
  OpOperand *lanes = getLaneOperand(root);
  bool window = kind != LoopKind::Contraction && !(lanes && shape.depth == extents[root.getNumLoops() - 1]);
  for (AffineExpr e : llvm::reverse(results)) {
    if (lanes && root.getMatchingIndexingMap(lanes).isFunctionOfDim(cast<AffineDimExpr>(e).getPosition()))
      continue;
    shape.rows = times(shape.rows, extent(e));
    if (window)
      break;
  }
  return shape;
}

/// As many rows as fit, but few enough that the remainder is none or at least 4: short tiles wait for their own adds.
int64_t chooseRows(int64_t rows, int64_t most) {
  if (ShapedType::isDynamic(rows))
    return most;
  if (rows <= most)
    return std::max<int64_t>(rows, 1);
  for (int64_t r = most; r >= 4; --r)
    if (rows % r == 0 || rows % r >= 4)
      return r;
  return most;
}

Tile contractionTile(Shape shape, int64_t lanes, const X86MachineModel &machine) {
  Tile tile;
  bool dynamic = ShapedType::isDynamic(shape.columns);
  int64_t vectors = dynamic ? 4 : llvm::divideCeil(shape.columns, lanes);
  if (machine.registers == 32) {
    // 6 x 4 where N fills it, else 14 x 2.
    bool narrow = vectors < 4 || (!dynamic && shape.columns % (4 * lanes) != 0) || shape.rows == 14;
    tile.columns = std::min<int64_t>(vectors, narrow ? 2 : 4);
    tile.unroll = 2;
  } else {
    // Few rows: several streams of the right-hand side hide the latency of the adds.
    tile.columns = std::min<int64_t>(vectors, shape.rows == 1 ? 4 : 2);
    if (shape.rows == 7 && vectors > 1)
      tile.columns = 1; // a whole image row in one tile
  }
  int64_t most = (machine.registers - 1 - tile.columns) / tile.columns;
  most = std::min<int64_t>(most, machine.registers == 32 ? (tile.columns == 4 ? 6 : 14) : (tile.columns == 1 ? 10 : 6));
  tile.rows = chooseRows(shape.rows, most);
  return tile;
}
} // namespace

LoweringConfigAttr selectX86Config(func::FuncOp kernel, const X86MachineModel &machine) {
  Operation *root = getKernelRoot(kernel);
  if (!root)
    return {};
  LoopKind kind = classifyLoop(root);
  auto generic = dyn_cast<linalg::GenericOp>(root);
  // Waking a worker takes about 5 microseconds: its share should be longer than that. An unknown depth counts 128.
  int64_t lanes = machine.lanes, grain = 1 << 14;
  auto perElement = [](int64_t work, int64_t depth) {
    return std::max<int64_t>(1, work / std::max<int64_t>(ShapedType::isDynamic(depth) ? 128 : depth, 1));
  };
  for (Type type : kernel.getResultTypes())
    if (auto element = getElementTypeOrSelf(type); element.isIntOrFloat() && element.getIntOrFloatBitWidth() == 64)
      lanes = std::max<int64_t>(machine.lanes / 2, 1);

  Tile tile;
  bool packed = false;
  if (kind == LoopKind::Contraction || kind == LoopKind::Convolution) {
    Shape shape = shapeOf(generic, kind);
    tile = contractionTile(shape, lanes, machine);
    packed = true;
    grain = perElement(1 << 17, shape.depth);
  } else if (kind == LoopKind::Depthwise || kind == LoopKind::Pooling) {
    Shape shape = shapeOf(generic, kind);
    tile = {chooseRows(shape.rows, 4), 1, 1};
    if (!ShapedType::isDynamic(shape.columns))
      tile.columns = std::clamp<int64_t>(llvm::divideCeil(shape.columns, lanes), 1, 2);
    grain = 1 << 12;
  } else if (kind == LoopKind::Reduction) {
    tile = {1, 1, 4}; // four accumulators
    // The result of what is only reduced is small; rows have as many elements as their input.
    grain = getKernelClass(kernel) == KernelClass::rows
                ? 1 << 13
                : perElement(1 << 15, generic ? shapeOf(generic, kind).depth : 1);
  } else if (kind == LoopKind::Elementwise) {
    tile = {1, 4, 1}; // independent instructions to fill the units
  }

  Builder b(kernel.getContext());
  SmallVector<NamedAttribute> entries;
  auto add = [&](StringRef name, int64_t value) {
    entries.push_back(b.getNamedAttr(name, b.getI64IntegerAttr(value)));
  };
  add("lanes", lanes);
  add("rows", tile.rows);
  add("columns", tile.columns);
  add("unroll", tile.unroll);
  if (packed)
    add("panel", lanes * tile.columns);
  add("grain", grain);
  return LoweringConfigAttr::get(kernel.getContext(), getKernelClass(kernel), b.getDictionaryAttr(entries));
}

} // namespace mlir::aic
