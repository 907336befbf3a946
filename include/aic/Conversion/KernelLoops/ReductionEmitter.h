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

/// How partial results of a reduction become one: each by an associative operation, or the first by a comparison and the
/// second as its position (argmax and its kin).
class Combiner {
public:
  /// Nothing if the elements must be taken one after another.
  static std::optional<Combiner> of(linalg::LinalgOp op);

  /// What a partial result begins with, given what the reduction begins with.
  SmallVector<Value> start(OpBuilder &b, Location loc, ValueRange inits) const;
  /// The results for the elements of both, scalars or vectors. Positions tell which element came first.
  SmallVector<Value> combine(OpBuilder &b, Location loc, ValueRange x, ValueRange y) const;
  /// Whether partial results begin with a neutral element, so that the beginning is still to be combined.
  bool isNeutralStart() const { return !better; }

private:
  SmallVector<Operation *> operations; // per result
  Operation *better = nullptr;         // or the comparison, and its predicates as (new, old)
  bool isLast = false;                 // of equal elements, the last one counts
  int64_t strict = 0, equal = 0;
};

/// The associative operation by which result `result` takes in an element, or null.
Operation *findCombiner(linalg::LinalgOp op, unsigned result);
/// The extent of a loop.
LinearIndex loopExtent(linalg::LinalgOp op, unsigned loop, ValueEmitter &values);
/// Where the loops of `root` stand at a point of the space; reductions at 0.
FailureOr<SmallVector<LaneValue>> loopsAt(const Root &root, ArrayRef<LaneValue> point, ValueEmitter &values);
/// Lets `values` know the results of `root` at a point of the space.
LogicalResult rememberResults(const Root &root, ArrayRef<LaneValue> point, ArrayRef<LaneValue> results,
                              ValueEmitter &values);

/// Computes the results of `root` for every point (indices of the space; row-major over the tile) and lets `values`
/// remember them.
LogicalResult emitReduction(const Root &root, const KernelPlan &plan, const TileSizes &sizes,
                            ArrayRef<SmallVector<LaneValue>> points, const Tile &tile, ValueEmitter &values);

} // namespace mlir::aic

#endif // AIC_CONVERSION_KERNELLOOPS_REDUCTIONEMITTER_H
