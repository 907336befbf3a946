// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"

using namespace mlir;
using namespace mlir::aic;

LogicalResult AbsOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult AcosOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult AcoshOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult AddOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> AddOp::inferElements(ShapeScope &scope) { return std::nullopt; }
OpFoldResult AddOp::fold(FoldAdaptor adaptor) { return {}; }
LogicalResult AndOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> AndOp::inferElements(ShapeScope &scope) { return std::nullopt; }
LogicalResult AsinOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult AsinhOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult AtanOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult AtanhOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult BitwiseNotOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult CastOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> CastOp::inferElements(ShapeScope &scope) { return std::nullopt; }
OpFoldResult CastOp::fold(FoldAdaptor adaptor) { return {}; }
LogicalResult CeilOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult CompareOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> CompareOp::inferElements(ShapeScope &scope) { return std::nullopt; }
LogicalResult CosOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult CoshOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult DequantizeOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult DivOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> DivOp::inferElements(ShapeScope &scope) { return std::nullopt; }
OpFoldResult DivOp::fold(FoldAdaptor adaptor) { return {}; }
LogicalResult ErfOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult ExpOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult FloorOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult IsInfOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult IsNanOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult LogOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult MaximumOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> MaximumOp::inferElements(ShapeScope &scope) { return std::nullopt; }
LogicalResult MinimumOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> MinimumOp::inferElements(ShapeScope &scope) { return std::nullopt; }
LogicalResult ModOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> ModOp::inferElements(ShapeScope &scope) { return std::nullopt; }
LogicalResult MulOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> MulOp::inferElements(ShapeScope &scope) { return std::nullopt; }
OpFoldResult MulOp::fold(FoldAdaptor adaptor) { return {}; }
LogicalResult NegOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult NotOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult OrOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> OrOp::inferElements(ShapeScope &scope) { return std::nullopt; }
LogicalResult PowOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> PowOp::inferElements(ShapeScope &scope) { return std::nullopt; }
void PowOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {}
LogicalResult QuantizeOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult ReluOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult RemOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> RemOp::inferElements(ShapeScope &scope) { return std::nullopt; }
LogicalResult RoundOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult RsqrtOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult SelectOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> SelectOp::inferElements(ShapeScope &scope) { return std::nullopt; }
LogicalResult ShiftLeftOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> ShiftLeftOp::inferElements(ShapeScope &scope) { return std::nullopt; }
LogicalResult ShiftRightOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> ShiftRightOp::inferElements(ShapeScope &scope) { return std::nullopt; }
LogicalResult SigmoidOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult SignOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult SinOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult SinhOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult SqrtOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult SubOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> SubOp::inferElements(ShapeScope &scope) { return std::nullopt; }
OpFoldResult SubOp::fold(FoldAdaptor adaptor) { return {}; }
LogicalResult TanOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult TanhOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
LogicalResult XorOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) { return emitOpError("has no shape inference yet"); }
std::optional<Dims> XorOp::inferElements(ShapeScope &scope) { return std::nullopt; }
