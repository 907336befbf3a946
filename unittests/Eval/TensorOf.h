// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- TensorOf.h - Small tensors for tests -------------------------------===//
#ifndef AIC_UNITTESTS_EVAL_TENSOROF_H
#define AIC_UNITTESTS_EVAL_TENSOROF_H

#include "aic/Eval/Tensor.h"

#include <algorithm>
#include <numeric>

namespace aic::eval {

template <typename T> constexpr DType dtypeOf();
template <> constexpr DType dtypeOf<bool>() { return DType::I1; }
template <> constexpr DType dtypeOf<int8_t>() { return DType::I8; }
template <> constexpr DType dtypeOf<uint8_t>() { return DType::U8; }
template <> constexpr DType dtypeOf<int16_t>() { return DType::I16; }
template <> constexpr DType dtypeOf<int32_t>() { return DType::I32; }
template <> constexpr DType dtypeOf<int64_t>() { return DType::I64; }
template <> constexpr DType dtypeOf<float>() { return DType::F32; }
template <> constexpr DType dtypeOf<double>() { return DType::F64; }

template <typename T> Tensor tensorOf(Shape shape, const std::vector<T> &values) {
  Tensor result(dtypeOf<T>(), std::move(shape));
  std::copy(values.begin(), values.end(), result.as<T>());
  return result;
}

/// 0, 1, 2, ...
template <typename T> Tensor iota(Shape shape) {
  Tensor result(dtypeOf<T>(), std::move(shape));
  std::iota(result.as<T>(), result.as<T>() + result.size(), T(0));
  return result;
}

/// The elements in row-major order.
template <typename T> std::vector<T> elements(const Tensor &tensor) {
  return std::vector<T>(tensor.as<T>(), tensor.as<T>() + tensor.size());
}

/// The same elements with the strides of a column-major tensor; `storage` owns them.
template <typename T> View columnMajor(const Tensor &tensor, Tensor &storage) {
  storage = Tensor(tensor.type(), tensor.shape());
  View view = storage;
  int64_t stride = 1;
  for (size_t d = 0; d < view.shape.size(); stride *= view.shape[d++])
    view.strides[d] = stride;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    int64_t rest = i, offset = 0;
    for (size_t d = view.shape.size(); d-- > 0; rest /= view.shape[d])
      offset += rest % view.shape[d] * view.strides[d];
    view.as<T>()[offset] = tensor.as<T>()[i];
  }
  return view;
}

} // namespace aic::eval

#endif // AIC_UNITTESTS_EVAL_TENSOROF_H
