// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"

using namespace mlir;
using namespace mlir::aic;

LogicalResult BatchNormOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult LayerNormOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult LogSoftmaxOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult RMSNormOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult SoftmaxOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
