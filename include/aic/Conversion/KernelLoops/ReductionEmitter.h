// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_CONVERSION_KERNELLOOPS_REDUCTIONEMITTER_H
#define AIC_CONVERSION_KERNELLOOPS_REDUCTIONEMITTER_H

#include "aic/Conversion/KernelLoops/KernelPlan.h"

namespace mlir::aic {

/// The numbers that decide how a kernel is tiled (see #aic.lowering_config).
struct TileSizes {
  int64_t lanes = 8;     // elements of a vector
  int64_t rows = 6;      // rows of the register tile of a contraction
  int64_t columns = 2;   // vectors in a row
  int64_t unroll = 2;    // steps of the innermost reduction
  int64_t registers = 16;
};

/// The points that are computed together: rows x columns vectors.
struct Tile {
  SmallVector<LinearIndex> rows;
  LinearIndex columnBase;
  unsigned columns = 1;
  Value tailMask, tailValid; // of the last column
  bool vector = false;       // the vector group is being walked
  bool share = false;        // the next loop is shared out to workers

  /// Makes `values` emit for column `c`.
  void selectColumn(ValueEmitter &values, unsigned c) const {
    bool last = c + 1 == columns;
    values.lanes.mask = last ? tailMask : Value();
    values.lanes.valid = last ? tailValid : Value();
  }
};

/// Computes the results of `root` for every point (indices of the space; row-major over the tile) and lets `values`
/// remember them.
LogicalResult emitReduction(const Root &root, const KernelPlan &plan, const TileSizes &sizes,
                            ArrayRef<SmallVector<LaneValue>> points, const Tile &tile, ValueEmitter &values);

} // namespace mlir::aic

#endif // AIC_CONVERSION_KERNELLOOPS_REDUCTIONEMITTER_H
