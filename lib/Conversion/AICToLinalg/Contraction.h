// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_CONVERSION_AICTOLINALG_CONTRACTION_H
#define AIC_LIB_CONVERSION_AICTOLINALG_CONTRACTION_H

#include "Lowering.h"

namespace mlir::aic::lowering {

/// The sum of products of `ins` into a tensor of zeros; `maps` end with the result's. The element type of the result is
/// that of the accumulator.
Value contract(Lowering &l, Location loc, ValueRange ins, ArrayRef<AffineMap> maps,
               ArrayRef<utils::IteratorType> iterators, ArrayRef<OpFoldResult> outExtents, Type element);
/// The accumulator in the element type of the graph.
Value narrow(Lowering &l, Location loc, Value value, Type element);

/// tensor.pad of the spatial dims of a channels-last tensor.
Value padSpatial(Lowering &l, Location loc, Value value, ArrayRef<OpFoldResult> before, ArrayRef<OpFoldResult> after,
                 TypedAttr fill);

} // namespace mlir::aic::lowering

#endif // AIC_LIB_CONVERSION_AICTOLINALG_CONTRACTION_H
