// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"

using namespace mlir;
using namespace mlir::aic;

LogicalResult BroadcastOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> BroadcastOp::inferElements(ShapeScope &scope) { return std::nullopt; }
OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) { return {}; }
LogicalResult ConcatOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> ConcatOp::inferElements(ShapeScope &scope) { return std::nullopt; }
OpFoldResult ConcatOp::fold(FoldAdaptor adaptor) { return {}; }
LogicalResult GatherElementsOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult GatherNDOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult GatherOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> GatherOp::inferElements(ShapeScope &scope) { return std::nullopt; }
LogicalResult NonZeroOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult PadOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult RangeOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> RangeOp::inferElements(ShapeScope &scope) { return std::nullopt; }
LogicalResult ReshapeOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> ReshapeOp::inferElements(ShapeScope &scope) { return std::nullopt; }
OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) { return {}; }
void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {}
LogicalResult ScatterElementsOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult ScatterNDOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult ShapeOfOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> ShapeOfOp::inferElements(ShapeScope &scope) { return std::nullopt; }
OpFoldResult ShapeOfOp::fold(FoldAdaptor adaptor) { return {}; }
LogicalResult SliceOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> SliceOp::inferElements(ShapeScope &scope) { return std::nullopt; }
OpFoldResult SliceOp::fold(FoldAdaptor adaptor) { return {}; }
LogicalResult TileOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult TransposeOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) { return {}; }
void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {}
