// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"

using namespace mlir;
using namespace mlir::aic;

LogicalResult ConvOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult ConvTransposeOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult EinsumOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult MatmulOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
