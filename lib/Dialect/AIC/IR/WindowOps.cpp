// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- WindowOps.cpp - Shapes of pooling and resampling -------------------===//
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "aic/Eval/Window.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;

//===-- Pooling -------------------------------------------------------------===//

/// The windows that fit along a spatial dimension of unknown extent, or null if no expression says how many.
static AffineExpr windows(const eval::Window &window, size_t d, AffineExpr extent) {
  int64_t before = window.pads[d], after = window.pads[window.rank() + d], stride = window.strides[d];
  int64_t lost = window.dilations[d] * (window.kernel[d] - 1) + 1 - after; // of the places after the window's start
  AffineExpr span = extent + (before - lost);
  if (!window.ceilMode)
    return simplifyDim(span.floorDiv(stride) + 1);
  // The smaller of ceildiv(span, stride) and floordiv(extent + before - 1, stride), plus 1.
  if (lost >= stride)
    return simplifyDim(span.ceilDiv(stride) + 1);
  if (lost <= 1)
    return simplifyDim((extent + (before - 1)).floorDiv(stride) + 1);
  return nullptr;
}

template <typename PoolOp>
static LogicalResult inferPool(PoolOp op, bool channelsLast, ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  Dims result(scope.dims(op.getInput()));
  size_t rank = op.getKernel().size();
  if (rank < 1 || result.size() != rank + 2)
    return op.emitOpError("expected input of rank ")
           << rank + 2 << " for a kernel of " << rank << " dimensions (at least 1), got " << op.getInput().getType();
  if (op.getStrides().size() != rank || op.getDilations().size() != rank || op.getPads().size() != 2 * rank)
    return op.emitOpError("expected ") << rank << " strides and dilations and " << 2 * rank << " pads, got "
                                       << op.getStrides().size() << ", " << op.getDilations().size() << " and "
                                       << op.getPads().size();
  // Bounded, so that nothing below overflows.
  auto isSize = [](int64_t n) { return n > 0 && n <= std::numeric_limits<int32_t>::max(); };
  auto isPad = [](int64_t n) { return n >= 0 && n <= std::numeric_limits<int32_t>::max(); };
  if (!llvm::all_of(op.getKernel(), isSize) || !llvm::all_of(op.getStrides(), isSize) ||
      !llvm::all_of(op.getDilations(), isSize))
    return op.emitOpError("expected kernel, strides and dilations in [1, 2^31), got [")
           << op.getKernel() << "], [" << op.getStrides() << "] and [" << op.getDilations() << "]";
  if (!llvm::all_of(op.getPads(), isPad))
    return op.emitOpError("expected pads in [0, 2^31), got [") << op.getPads() << "]";

  eval::Window window{op.getKernel().vec(), op.getStrides().vec(), op.getDilations().vec(),
                      op.getPads().vec(),   op.getCeilMode(),      channelsLast};
  for (size_t d = 0; d < rank; ++d) {
    AffineExpr &extent = result[d + (channelsLast ? 1 : 2)];
    std::optional<int64_t> number = constantDim(extent);
    if (!number) {
      AffineExpr count = windows(window, d, extent);
      extent = count ? count : scope.unknownExtent();
      scope.requireAtLeast(extent, 0,
                           "expected a window no larger than the padded input, got a larger one in spatial dimension " +
                               Twine(d));
      continue;
    }
    int64_t count = window.extent(d, *number);
    if (count <= 0)
      return op.emitOpError("expected a window no larger than the padded input, got ")
             << window.dilations[d] * (window.kernel[d] - 1) + 1 << " and "
             << *number + window.pads[d] + window.pads[rank + d] << " in spatial dimension " << d;
    extent = scope.constant(count);
  }
  results.push_back(result);
  return success();
}

LogicalResult MaxPoolOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  return inferPool(*this, getChannelsLast(), scope, results);
}

LogicalResult MaxPoolIndicesOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  return inferPool(*this, /*channelsLast=*/false, scope, results);
}

LogicalResult AvgPoolOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  return inferPool(*this, getChannelsLast(), scope, results);
}

//===-- resize --------------------------------------------------------------===//

/// `extent * scale` rounded down, or null unless the scale is a whole number or the inverse of one.
static AffineExpr scaled(AffineExpr extent, float scale) {
  if (!(scale > 0) || scale > 1e6f || scale < 1e-6f)
    return nullptr;
  if (scale == std::floor(scale))
    return simplifyDim(extent * int64_t(scale));
  float inverse = std::round(1 / scale);
  return 1 / inverse == scale ? simplifyDim(extent.floorDiv(int64_t(inverse))) : AffineExpr();
}

LogicalResult ResizeOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  Dims result(scope.dims(getInput()));
  int64_t rank = result.size();
  for (auto [vector, name] : {std::pair<Value, StringRef>(getScales(), "scales"), {getSizes(), "sizes"}})
    if (std::optional<int64_t> length = constantDim(scope.dims(vector)[0]); length && *length != rank)
      return emitOpError("expected ") << name << " to have " << rank << " elements, got " << *length;
    else
      scope.requireEqual(scope.dims(vector)[0], scope.constant(rank),
                         "expected " + name + " to have " + Twine(rank) + " elements, got another number");
  if (getAntialias() && getMode() == ResizeMode::nearest)
    return emitOpError("expected mode linear or cubic with antialias, got nearest");

  DenseFPElementsAttr scales;
  if (!matchPattern(getScales(), m_Constant(&scales)) || scales.getNumElements() != rank)
    scales = nullptr;
  std::optional<Dims> sizes = scope.elements(getSizes());
  for (int64_t d = 0; d < rank; ++d) {
    AffineExpr size = sizes ? (*sizes)[d] : AffineExpr();
    if (size && constantDim(size) && *constantDim(size) < 0)
      return emitOpError("expected sizes of at least 0, got ") << *constantDim(size) << " for dimension " << d;
    float scale = scales ? scales.getValues<APFloat>()[d].convertToFloat() : 1;
    if (!(scale > 0))
      return emitOpError("expected scales above 0, got ") << scale << " for dimension " << d;
    // Sizes that are known at run time only follow from the scales.
    if (!size && scales)
      size = scaled(result[d], scale);
    AffineExpr extent = size ? size : scope.unknownExtent();
    if (scope.collectsRequirements())
      scope.requireAtLeast(size ? size : scope.element(getSizes(), d), 0,
                           "expected sizes of at least 0, got a negative one for dimension " + Twine(d));
    scope.requireSome(result[d], extent, "expected elements to resample in dimension " + Twine(d) + ", got extent 0");
    result[d] = extent;
  }
  results.push_back(result);
  return success();
}
