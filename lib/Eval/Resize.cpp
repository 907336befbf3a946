// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Resize.cpp - Resampling --------------------------------------------===//
//
// Separable: one table of positions and weights per dimension, then one pass per
// dimension over doubles. Nearest moves bytes.
//
//===----------------------------------------------------------------------===//
#include "aic/Eval/Resize.h"
#include "aic/Eval/DTypeVisit.h"
#include "aic/Eval/Movement.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace aic::eval {

bool isResizeCopy(int64_t input, int64_t output, float scale) {
  return input == output && std::abs(scale - 1.0f) <= 1e-6f;
}

/// The position in the input that the result's coordinate `x` reads.
static double sourceCoordinate(int64_t x, int64_t input, int64_t output, double scale, CoordinateMode mode) {
  switch (mode) {
  case CoordinateMode::PytorchHalfPixel:
    if (output == 1)
      return 0;
    break;
  case CoordinateMode::AlignCorners: {
    // The unrounded size counts where a scale was given.
    double size = double(input) * scale;
    if (std::abs(size - double(output)) < 1e-6)
      size = double(output);
    return size == 1 ? 0 : double(x) * double(input - 1) / (size - 1);
  }
  case CoordinateMode::Asymmetric:
    return double(x) / scale;
  case CoordinateMode::HalfPixelSymmetric:
    return double(input) / 2 * (1 - double(output) / (double(input) * scale)) + (double(x) + 0.5) / scale - 0.5;
  case CoordinateMode::HalfPixel:
    break;
  }
  return (double(x) + 0.5) / scale - 0.5;
}

static double nearest(double position, NearestMode mode) {
  double below = std::floor(position);
  switch (mode) {
  case NearestMode::RoundPreferFloor:
    return position - below <= 0.5 ? below : below + 1;
  case NearestMode::RoundPreferCeil:
    return position - below < 0.5 ? below : below + 1;
  case NearestMode::Floor:
    return below;
  case NearestMode::Ceil:
    break;
  }
  return std::ceil(position);
}

/// The weight of a place at distance `x`.
static double filter(double x, const ResizeOptions &options) {
  x = std::abs(x);
  if (options.mode == ResizeMode::Linear)
    return std::max(0.0, 1 - x);
  double a = options.cubicA;
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

ResizeTable resizeTable(int64_t input, int64_t output, float scale, const ResizeOptions &options) {
  // A scale that is the rounded quotient of the extents means the quotient.
  double exact = double(output) / double(input);
  double s = static_cast<float>(exact) == scale ? exact : double(scale);
  bool isNearest = options.mode == ResizeMode::Nearest;
  double shrink = options.antialias ? std::min(s, 1.0) : 1.0;
  int64_t reach = options.mode == ResizeMode::Cubic ? 2 : 1;
  if (!isNearest)
    reach = -static_cast<int64_t>(std::floor(-double(reach) / shrink));

  ResizeTable table;
  table.taps = isNearest ? 1 : 2 * reach;
  table.indices.reserve(static_cast<size_t>(output * table.taps));
  table.weights.reserve(static_cast<size_t>(output * table.taps));
  auto clamp = [&](double i) {
    return static_cast<int64_t>(std::clamp(i, 0.0, double(std::max<int64_t>(input - 1, 0))));
  };
  for (int64_t x = 0; x < output; ++x) {
    double position = sourceCoordinate(x, input, output, s, options.coordinates);
    if (isNearest) {
      table.indices.push_back(clamp(nearest(position, options.nearest)));
      table.weights.push_back(1);
      continue;
    }
    // The window's centre lies between `base` and `base + 1`; the position is in (base, base + 1].
    double base = std::ceil(position) - 1, ratio = position - base, sum = 0;
    for (int64_t t = 1 - reach; t <= reach; ++t) {
      bool outside = base + double(t) < 0 || base + double(t) >= double(input);
      double weight = outside && options.excludeOutside ? 0 : filter((double(t) - ratio) * shrink, options);
      table.indices.push_back(clamp(base + double(t)));
      table.weights.push_back(weight);
      sum += weight;
    }
    if ((options.excludeOutside || options.antialias) && sum != 0)
      for (int64_t t = 0; t < table.taps; ++t)
        table.weights[x * table.taps + t] /= sum;
  }
  return table;
}

/// From a double to a storage type: integers are rounded, ties to even, and clamped.
template <typename T> static T saturate(double value) {
  if constexpr (std::is_same_v<T, bool>) {
    return std::nearbyint(value) != 0;
  } else if constexpr (std::is_integral_v<T>) {
    double rounded = std::nearbyint(value);
    if (!(rounded > double(std::numeric_limits<T>::lowest())))
      return std::numeric_limits<T>::lowest();
    if (rounded >= double(std::numeric_limits<T>::max()))
      return std::numeric_limits<T>::max();
    return static_cast<T>(rounded);
  } else {
    return static_cast<T>(value);
  }
}

static std::string resizeNearest(const View &input, const std::vector<float> &scales, const Shape &sizes,
                                 const ResizeOptions &options, Tensor &result) {
  View current = input;
  Tensor stage;
  int64_t bytes = static_cast<int64_t>(byteSize(input.type));
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (isResizeCopy(input.shape[d], sizes[d], scales[d]))
      continue;
    ResizeTable table = resizeTable(input.shape[d], sizes[d], scales[d], options);
    Shape shape = current.shape;
    shape[d] = sizes[d];
    Tensor next;
    if (std::string error = allocate(input.type, shape, next); !error.empty())
      return error;
    View from = current, to = next.view();
    from.shape[d] = to.shape[d] = 1;
    for (int64_t x = 0; x < sizes[d]; ++x) {
      from.data = static_cast<char *>(current.data) + table.indices[x] * current.strides[d] * bytes;
      to.data = next.as<char>() + x * next.view().strides[d] * bytes;
      copy(from, to);
    }
    stage = next;
    current = stage;
  }
  return dense(current, result);
}

std::string resize(const View &input, const std::vector<float> &scales, const std::vector<int64_t> &sizes,
                   const ResizeOptions &options, Tensor &result) {
  size_t rank = input.shape.size();
  if (scales.size() != rank || sizes.size() != rank)
    return "expected " + std::to_string(rank) + " scales and sizes, got " + std::to_string(scales.size()) + " and " +
           std::to_string(sizes.size());
  for (size_t d = 0; d < rank; ++d)
    if (sizes[d] < 0 || (sizes[d] > 0 && input.shape[d] == 0) || !(scales[d] > 0) || !std::isfinite(scales[d]))
      return "expected a size of at least 0 and a scale above 0 for dimension " + std::to_string(d) + " of extent " +
             std::to_string(input.shape[d]) + ", got size " + std::to_string(sizes[d]) + " and scale " +
             std::to_string(scales[d]);
  if (options.mode == ResizeMode::Nearest)
    return resizeNearest(input, scales, sizes, options, result);

  if (std::string error = allocate(input.type, sizes, result); !error.empty())
    return error;
  Tensor packed, current;
  if (std::string error = dense(input, packed); !error.empty())
    return error;
  if (std::string error = allocate(DType::F64, input.shape, current); !error.empty())
    return error;
  visit(input.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0, e = packed.size(); i < e; ++i)
      current.as<double>()[i] = double(packed.as<T>()[i]);
  });
  for (size_t d = 0; d < rank; ++d) {
    if (isResizeCopy(input.shape[d], sizes[d], scales[d]))
      continue;
    ResizeTable table = resizeTable(input.shape[d], sizes[d], scales[d], options);
    Shape shape = current.shape();
    shape[d] = sizes[d];
    Tensor next;
    if (std::string error = allocate(DType::F64, shape, next); !error.empty())
      return error;
    int64_t outer = 1, inner = 1, extent = input.shape[d];
    for (size_t e = 0; e < rank; ++e)
      (e < d ? outer : inner) *= e == d ? 1 : shape[e];
    const double *from = current.as<double>();
    double *to = next.as<double>();
    for (int64_t o = 0; o < outer; ++o, from += extent * inner)
      for (int64_t x = 0; x < sizes[d]; ++x, to += inner) {
        std::fill_n(to, inner, 0.0);
        for (int64_t t = x * table.taps; t < (x + 1) * table.taps; ++t) {
          double weight = table.weights[t];
          const double *row = from + table.indices[t] * inner;
          if (weight != 0)
            for (int64_t i = 0; i < inner; ++i)
              to[i] += weight * row[i];
        }
      }
    current = next;
  }
  visit(input.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0, e = result.size(); i < e; ++i)
      result.as<T>()[i] = saturate<T>(current.as<double>()[i]);
  });
  return "";
}

} // namespace aic::eval
