// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_CONVERSION_AICTOLINALG_REDUCTION_H
#define AIC_LIB_CONVERSION_AICTOLINALG_REDUCTION_H

#include "Lowering.h"

namespace mlir::aic::lowering {

/// The dims of a tensor, apart into those that are reduced and those that stay.
struct AxisSplit {
  AxisSplit(Lowering &l, Location loc, Value value, ArrayRef<int64_t> axes);

  int64_t rank;
  llvm::BitVector reduced;
  SmallVector<utils::IteratorType> iterators;
  AffineMap full, outer; // of the tensor, of what is left
  Extents kept;
  OpFoldResult count; // of elements that become one
};

/// A reduction over the split's dims; the body gets the inputs' elements, then the accumulator.
Value reduceInto(Lowering &l, Location loc, const AxisSplit &split, ValueRange ins, ArrayRef<AffineMap> inMaps,
                 TypedAttr init, ScalarBody body);
/// A number of elements as a scalar in a body.
Value countScalar(OpBuilder &b, Location loc, OpFoldResult count, Type type);

} // namespace mlir::aic::lowering

#endif // AIC_LIB_CONVERSION_AICTOLINALG_REDUCTION_H
