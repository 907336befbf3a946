// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"

using namespace mlir;
using namespace mlir::aic;

LogicalResult ArgReduceOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult ReduceOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> ReduceOp::inferElements(ShapeScope &scope) { return std::nullopt; }
LogicalResult ScanOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult TopKOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
