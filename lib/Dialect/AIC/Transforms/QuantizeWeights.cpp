// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- QuantizeWeights.cpp - Constants of products in integers ------------===//
//
// Weights: w = s[f] * q, q in [-127, 127], s[f] = max|w[f]| / 127. The bias is in
// units of the product, x's scale times s[f], so that it adds to the 32-bit sum.
// Where a feature's weights are so small against its bias that the bias would
// leave 23 bits, they get a coarser scale: they hardly count.
//
//===----------------------------------------------------------------------===//
#include "QuantizeWeights.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"

#include <cmath>

namespace mlir::aic {

namespace eval = ::aic::eval;

/// The dim of the weights whose entries each make one feature, and where the features are in a bias.
static int64_t featureAxis(Operation *op, unsigned operand, int64_t rank) {
  if (auto conv = dyn_cast<ConvOp>(op))
    return conv.getChannelsLast() ? rank - 1 : 0;
  if (auto conv = dyn_cast<ConvTransposeOp>(op))
    return conv.getChannelsLast() ? rank - 2 : 1;
  return operand == 1 ? rank - 1 : rank - 2;
}

/// Calls fn(element, feature).
template <typename Fn> static void forEachFeature(const eval::Shape &shape, int64_t axis, Fn fn) {
  int64_t outer = 1, inner = 1, features = shape[axis];
  for (int64_t d = 0; d < int64_t(shape.size()); ++d)
    (d < axis ? outer : inner) *= d == axis ? 1 : shape[d];
  for (int64_t o = 0, i = 0; o < outer; ++o)
    for (int64_t f = 0; f < features; ++f)
      for (int64_t k = 0; k < inner; ++k, ++i)
        fn(i, f);
}

FailureOr<QuantizedWeights> quantizeWeights(Operation *op, unsigned operand, float inputScale, ElementsAttr bias) {
  ElementsAttr attr;
  if (auto constant = op->getOperand(operand).getDefiningOp())
    attr = constant->getAttrOfType<ElementsAttr>("value");
  FailureOr<eval::Tensor> real = attr ? toTensor(attr) : FailureOr<eval::Tensor>(failure());
  if (failed(real) || real->shape().size() < 2)
    return failure();
  QuantizedWeights result;
  int64_t rank = real->shape().size();
  result.axis = featureAxis(op, operand, rank);
  int64_t features = real->shape()[result.axis];
  const float *w = real->as<float>();
  std::vector<double> largest(features, 0), offset(features, 0);
  bool finite = true;
  forEachFeature(real->shape(), result.axis, [&](int64_t i, int64_t f) {
    largest[f] = std::max(largest[f], std::abs(double(w[i])));
    finite &= std::isfinite(w[i]);
  });

  // A bias of a convolution has groups * features numbers, one of a matmul may have a single one.
  eval::Tensor reals;
  int64_t count = 0;
  if (bias) {
    FailureOr<eval::Tensor> tensor = toTensor(bias);
    if (failed(tensor))
      return failure();
    reals = *tensor;
    count = std::max(features, reals.size());
    for (int64_t i = 0; i < count; ++i) {
      double value = reals.as<float>()[reals.size() == 1 ? 0 : i];
      finite &= std::isfinite(value);
      offset[i % features] = std::max(offset[i % features], std::abs(value));
    }
  }
  if (!finite)
    return failure();

  constexpr double kBiasLimit = 1 << 22;
  result.scale = eval::Tensor(eval::DType::F32, {features});
  for (int64_t f = 0; f < features; ++f) {
    double scale = std::max(largest[f] / 127, offset[f] / (double(inputScale) * kBiasLimit));
    result.scale.as<float>()[f] = scale > 1e-30 ? float(scale) : 1.0f;
  }
  result.levels = eval::Tensor(eval::DType::I8, real->shape());
  forEachFeature(real->shape(), result.axis, [&](int64_t i, int64_t f) {
    float level = std::nearbyint(w[i] / result.scale.as<float>()[f]);
    result.levels.as<int8_t>()[i] = int8_t(std::clamp(level, -127.0f, 127.0f));
  });
  if (!bias)
    return result;

  // One number along the features' dim, whatever the rank.
  eval::Shape shape = reals.shape();
  bool rows = isa<MatmulOp>(op) && operand == 0;
  if (reals.size() == 1 || shape.empty())
    shape = rows ? eval::Shape{count, 1} : eval::Shape{count};
  result.biasAxis = int64_t(shape.size()) - (rows ? 2 : 1);
  result.bias = eval::Tensor(eval::DType::I32, shape);
  result.biasScale = eval::Tensor(eval::DType::F32, {count});
  for (int64_t i = 0; i < count; ++i) {
    float scale = inputScale * result.scale.as<float>()[i % features];
    result.biasScale.as<float>()[i] = scale;
    double level = std::nearbyint(double(reals.as<float>()[reals.size() == 1 ? 0 : i]) / double(scale));
    result.bias.as<int32_t>()[i] = int32_t(std::clamp(level, -double(1 << 30), double(1 << 30)));
  }
  return result;
}

} // namespace mlir::aic
