// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"

using namespace mlir;
using namespace mlir::aic;

LogicalResult AvgPoolOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult MaxPoolIndicesOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult MaxPoolOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult ResizeOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
