// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Eval/Normalization.h"
#include "aic/Eval/DTypeVisit.h"
#include "aic/Eval/Elementwise.h"
#include "aic/Eval/Movement.h"
#include "aic/Eval/Walk.h"

#include <cmath>
#include <limits>
#include <type_traits>

namespace aic::eval {
namespace {

template <typename Fn> std::string visitFloat(DType type, Fn fn) {
  switch (type) {
  case DType::F16:
    return fn(TypeTag<Half>());
  case DType::BF16:
    return fn(TypeTag<BFloat16>());
  case DType::F32:
    return fn(TypeTag<float>());
  case DType::F64:
    return fn(TypeTag<double>());
  default:
    return std::string("expected floating-point numbers, got elements of type ") + name(type);
  }
}

template <typename T> T round(double x) {
  if constexpr (std::is_same_v<T, double>)
    return x;
  else
    return T(static_cast<float>(x));
}

std::string checkAxis(int64_t axis, int64_t end) {
  if (axis >= 0 && axis < end)
    return "";
  return "expected axis in [0, " + std::to_string(end) + "), got " + std::to_string(axis);
}

/// A parameter in f64, broadcast to the input's shape.
struct Parameter {
  Tensor storage;
  View view;

  std::string set(const View &from, const Shape &shape) {
    storage = cast(from, DType::F64);
    return broadcastView(storage.view(), shape, view);
  }
  /// One number for all.
  std::string set(double value, const Shape &shape) {
    Tensor one(DType::F64, {});
    *one.as<double>() = value;
    return set(one.view(), shape);
  }
};

/// (x - center) * factor * scale + bias, where the dimensions from `axis` on share a center (their mean, or 0 unless
/// `centered`) and a factor (one over the root of the mean square of what remains).
std::string normalize(const View &input, const View *scale, const View *bias, int64_t axis, double epsilon,
                      bool centered, Tensor &result) {
  std::string error = checkAxis(axis, input.rank() + 1);
  Parameter s, b;
  if (error.empty())
    error = scale ? s.set(*scale, input.shape) : s.set(1, input.shape);
  if (error.empty())
    error = bias ? b.set(*bias, input.shape) : b.set(0, input.shape);
  if (error.empty())
    error = allocate(input.type, input.shape, result);
  if (!error.empty())
    return error;
  Shape outer(input.shape.begin(), input.shape.begin() + axis), strides = rowMajor(outer);
  strides.resize(input.rank(), 0);
  int64_t rows = numElements(outer), n = rows ? input.size() / rows : 0;
  return visitFloat(input.type, [&](auto tag) -> std::string {
    using T = typename decltype(tag)::type;
    auto sum = [&](const std::vector<double> &center, bool squares) {
      std::vector<double> sums(rows, 0.0);
      walk<2>(input.shape, {&input.strides, &strides}, [&](int64_t n, const Offsets<2> &at, const Offsets<2> &step) {
        for (int64_t i = 0; i < n; ++i) {
          double x = double(input.as<T>()[at[0] + i * step[0]]) - center[at[1] + i * step[1]];
          sums[at[1] + i * step[1]] += squares ? x * x : x;
        }
      });
      return sums;
    };
    std::vector<double> center(rows, 0.0);
    if (centered) {
      center = sum(center, false);
      for (double &x : center)
        x /= double(n);
    }
    std::vector<double> factor = sum(center, true);
    for (double &x : factor)
      x = 1.0 / std::sqrt(x / double(n) + epsilon);
    walk<5>(input.shape, {&result.view().strides, &input.strides, &strides, &s.view.strides, &b.view.strides},
            [&](int64_t n, const Offsets<5> &at, const Offsets<5> &step) {
              for (int64_t i = 0; i < n; ++i) {
                int64_t row = at[2] + i * step[2];
                double x = (double(input.as<T>()[at[1] + i * step[1]]) - center[row]) * factor[row];
                x = x * s.view.as<double>()[at[3] + i * step[3]] + b.view.as<double>()[at[4] + i * step[4]];
                result.as<T>()[at[0] + i * step[0]] = round<T>(x);
              }
            });
    return "";
  });
}

} // namespace

std::string softmax(const View &input, int64_t axis, bool logarithm, Tensor &result) {
  std::string error = checkAxis(axis, input.rank());
  if (error.empty())
    error = allocate(input.type, input.shape, result);
  if (!error.empty() || result.size() == 0)
    return error;
  Shape outer = input.shape;
  outer[axis] = 1;
  int64_t extent = input.shape[axis], inStep = input.strides[axis], outStep = result.view().strides[axis];
  return visitFloat(input.type, [&](auto tag) -> std::string {
    using T = typename decltype(tag)::type;
    using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
    std::vector<C> line(extent);
    auto compute = [&](const T *in, T *out) {
      C highest = -std::numeric_limits<C>::infinity();
      for (int64_t i = 0; i < extent; ++i) {
        line[i] = C(in[i * inStep]);
        if (line[i] > highest || std::isnan(line[i]))
          highest = line[i];
      }
      double sum = 0;
      for (int64_t i = 0; i < extent; ++i) {
        C power = std::exp(line[i] - highest);
        sum += double(power);
        line[i] = logarithm ? line[i] - highest : power;
      }
      double last = logarithm ? std::log(sum) : 1.0 / sum;
      for (int64_t i = 0; i < extent; ++i)
        out[i * outStep] = round<T>(logarithm ? double(line[i]) - last : double(line[i]) * last);
    };
    walk<2>(outer, {&input.strides, &result.view().strides},
            [&](int64_t n, const Offsets<2> &at, const Offsets<2> &step) {
              for (int64_t i = 0; i < n; ++i)
                compute(input.as<T>() + at[0] + i * step[0], result.as<T>() + at[1] + i * step[1]);
            });
    return "";
  });
}

std::string layerNorm(const View &input, const View *scale, const View *bias, int64_t axis, double epsilon,
                      Tensor &result) {
  return normalize(input, scale, bias, axis, epsilon, /*centered=*/true, result);
}

std::string rmsNorm(const View &input, const View &scale, int64_t axis, double epsilon, Tensor &result) {
  return normalize(input, &scale, nullptr, axis, epsilon, /*centered=*/false, result);
}

std::string batchNorm(const View &input, const View &scale, const View &bias, const View &mean, const View &variance,
                      int64_t axis, double epsilon, Tensor &result) {
  std::string error = checkAxis(axis, input.rank());
  if (error.empty())
    error = allocate(input.type, input.shape, result);
  if (!error.empty())
    return error;
  int64_t channels = input.shape[axis];
  for (const View *view : {&scale, &bias, &mean, &variance})
    if (view->rank() != 1 || view->shape[0] != channels)
      return "expected parameters of " + std::to_string(channels) + " elements, got " + std::to_string(view->size());
  Tensor s = cast(scale, DType::F64), b = cast(bias, DType::F64), m = cast(mean, DType::F64),
         v = cast(variance, DType::F64);
  std::vector<double> factor(channels);
  for (int64_t c = 0; c < channels; ++c)
    factor[c] = s.as<double>()[c] / std::sqrt(v.as<double>()[c] + epsilon);
  Shape channel(input.rank(), 0);
  channel[axis] = 1;
  return visitFloat(input.type, [&](auto tag) -> std::string {
    using T = typename decltype(tag)::type;
    walk<3>(input.shape, {&result.view().strides, &input.strides, &channel},
            [&](int64_t n, const Offsets<3> &at, const Offsets<3> &step) {
              for (int64_t i = 0; i < n; ++i) {
                int64_t c = at[2] + i * step[2];
                double x = double(input.as<T>()[at[1] + i * step[1]]) - m.as<double>()[c];
                result.as<T>()[at[0] + i * step[0]] = round<T>(x * factor[c] + b.as<double>()[c]);
              }
            });
    return "";
  });
}

} // namespace aic::eval
