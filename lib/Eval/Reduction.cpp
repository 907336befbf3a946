// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Eval/Reduction.h"
#include "aic/Eval/DTypeVisit.h"
#include "aic/Eval/Movement.h"
#include "aic/Eval/Walk.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

namespace aic::eval {
namespace {

template <typename T> constexpr bool isNarrow = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
template <typename T> using Compute = std::conditional_t<isNarrow<T>, float, T>;
template <typename T> constexpr bool isFloating = std::is_floating_point_v<Compute<T>>;

/// The type in which numbers are summed: f64, or an unsigned integer, in which arithmetic wraps.
template <typename T>
using Sum = std::conditional_t<isFloating<T>, double, std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>>;

template <typename T> T fromSum(Sum<T> sum) {
  if constexpr (isNarrow<T>)
    return T(static_cast<float>(sum));
  else
    return static_cast<T>(sum);
}

template <typename T> bool isNaN(T x) {
  if constexpr (std::is_floating_point_v<T>)
    return std::isnan(x);
  else
    return false;
}

/// result[p] = the elements of the input that lie over p, combined. `strides` are the result's for the input's dims.
template <typename T, typename Acc, typename Combine>
std::vector<Acc> accumulate(const View &input, const Shape &strides, int64_t results, Acc start, Combine combine) {
  std::vector<Acc> result(results, start);
  walk<2>(input.shape, {&input.strides, &strides}, [&](int64_t n, const Offsets<2> &at, const Offsets<2> &step) {
    const T *in = input.as<T>() + at[0];
    Acc *out = result.data() + at[1];
    if (step[1] == 0) {
      Acc sum = *out;
      for (int64_t i = 0; i < n; ++i)
        sum = combine(sum, Acc(Compute<T>(in[i * step[0]])));
      *out = sum;
      return;
    }
    for (int64_t i = 0; i < n; ++i)
      out[i * step[1]] = combine(out[i * step[1]], Acc(Compute<T>(in[i * step[0]])));
  });
  return result;
}

template <typename T> T limit(bool highest) {
  if constexpr (std::is_floating_point_v<T>)
    return highest ? std::numeric_limits<T>::infinity() : -std::numeric_limits<T>::infinity();
  else
    return highest ? std::numeric_limits<T>::max() : std::numeric_limits<T>::min();
}

template <typename T>
std::string reduceAs(Reduce kind, const View &input, const Shape &strides, int64_t count, Tensor &result) {
  using C = Compute<T>;
  int64_t n = result.size();
  T *out = result.as<T>();
  if (kind == Reduce::Max || kind == Reduce::Min) {
    // Truth values are combined as bytes: a vector of bool has no memory of its own.
    using Acc = std::conditional_t<std::is_same_v<T, bool>, uint8_t, C>;
    std::vector<Acc> best;
    if (kind == Reduce::Max)
      best = accumulate<T>(input, strides, n, Acc(limit<C>(false)),
                           [](Acc a, Acc b) { return a > b || isNaN(a) ? a : b; });
    else
      best =
          accumulate<T>(input, strides, n, Acc(limit<C>(true)), [](Acc a, Acc b) { return a < b || isNaN(a) ? a : b; });
    for (int64_t i = 0; i < n; ++i)
      out[i] = T(best[i]);
    return "";
  }
  if constexpr (std::is_same_v<T, bool>) {
    return "expected max or min of truth values";
  } else {
    using S = Sum<T>;
    std::vector<S> sums;
    if (kind == Reduce::Prod)
      sums = accumulate<T>(input, strides, n, S(1), [](S a, S b) { return a * b; });
    else
      sums = accumulate<T>(input, strides, n, S(0), [](S a, S b) { return a + b; });
    for (int64_t i = 0; i < n; ++i) {
      if (kind != Reduce::Mean)
        out[i] = fromSum<T>(sums[i]);
      else if constexpr (isFloating<T>)
        out[i] = fromSum<T>(sums[i] / static_cast<double>(count));
      else if constexpr (std::is_signed_v<T>)
        out[i] = count ? static_cast<T>(static_cast<std::make_signed_t<S>>(sums[i]) / count) : T(0);
      else
        out[i] = count ? static_cast<T>(sums[i] / static_cast<uint64_t>(count)) : T(0);
    }
    return "";
  }
}

/// Shape and strides without a dimension, and what lies along it.
struct Lines {
  Shape outer;
  int64_t extent;

  Lines(const View &view, int64_t axis) : outer(view.shape), extent(view.shape[axis]) { outer[axis] = 1; }

  /// Calls fn with the offsets of the first elements of each line in the given views.
  template <size_t N, typename Fn> void forEach(const std::array<const Shape *, N> &strides, Fn fn) const {
    walk<N>(outer, strides, [&](int64_t n, const Offsets<N> &at, const Offsets<N> &step) {
      for (int64_t i = 0; i < n; ++i) {
        Offsets<N> first = at;
        for (size_t j = 0; j < N; ++j)
          first[j] += i * step[j];
        fn(first);
      }
    });
  }
};

std::string checkAxis(const View &input, int64_t axis) {
  if (axis >= 0 && axis < input.rank())
    return "";
  return "expected axis in [0, " + std::to_string(input.rank()) + "), got " + std::to_string(axis);
}

/// Whether a goes before b when the largest (smallest) comes first; NaN before every number.
template <typename T> bool precedes(T a, T b, bool largest) {
  if (isNaN(a) || isNaN(b))
    return isNaN(a) && !isNaN(b);
  return largest ? a > b : a < b;
}

} // namespace

std::string reduce(Reduce kind, const View &input, const std::vector<int64_t> &axes, bool keepDims, Tensor &result) {
  std::vector<bool> isReduced(input.rank(), false);
  for (int64_t axis : axes) {
    if (std::string error = checkAxis(input, axis); !error.empty())
      return error;
    isReduced[axis] = true;
  }
  Shape shape;
  int64_t count = 1;
  for (int64_t d = 0; d < input.rank(); ++d) {
    if (isReduced[d])
      count *= input.shape[d];
    if (!isReduced[d] || keepDims)
      shape.push_back(isReduced[d] ? 1 : input.shape[d]);
  }
  if (std::string error = allocate(input.type, shape, result); !error.empty())
    return error;
  Shape strides(input.rank(), 0);
  for (int64_t d = 0, i = 0; d < input.rank(); ++d) {
    if (!isReduced[d])
      strides[d] = result.view().strides[i];
    i += !isReduced[d] || keepDims;
  }
  return visit(input.type,
               [&](auto tag) { return reduceAs<typename decltype(tag)::type>(kind, input, strides, count, result); });
}

std::string argReduce(const View &input, int64_t axis, bool largest, bool lastIndex, bool keepDims, Tensor &result) {
  if (std::string error = checkAxis(input, axis); !error.empty())
    return error;
  Lines lines(input, axis);
  Shape shape = lines.outer;
  if (!keepDims)
    shape.erase(shape.begin() + axis);
  if (std::string error = allocate(DType::I64, shape, result); !error.empty())
    return error;
  if (result.size() == 0)
    return "";
  if (lines.extent == 0)
    return "expected at least one element along dimension " + std::to_string(axis) + ", got 0";
  Shape strides = rowMajor(lines.outer);
  visit(input.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    lines.forEach<2>({&input.strides, &strides}, [&](const Offsets<2> &at) {
      const T *in = input.as<T>() + at[0];
      int64_t best = 0, step = input.strides[axis];
      for (int64_t i = 1; i < lines.extent; ++i) {
        Compute<T> x = in[i * step], y = in[best * step];
        if (precedes(x, y, largest) || (lastIndex && !precedes(y, x, largest)))
          best = i;
      }
      result.as<int64_t>()[at[1]] = best;
    });
  });
  return "";
}

std::string scan(Reduce kind, const View &input, int64_t axis, bool exclusive, bool reverse, Tensor &result) {
  std::string error = checkAxis(input, axis);
  if (error.empty() && kind != Reduce::Sum && kind != Reduce::Prod)
    error = "expected a running sum or product";
  if (error.empty())
    error = allocate(input.type, input.shape, result);
  if (!error.empty())
    return error;
  Lines lines(input, axis);
  const Shape &strides = result.view().strides;
  return visit(input.type, [&](auto tag) -> std::string {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, bool>) {
      return "expected numbers, got elements of type i1";
    } else {
      using S = Sum<T>;
      lines.forEach<2>({&input.strides, &strides}, [&](const Offsets<2> &at) {
        S sum = kind == Reduce::Prod;
        for (int64_t j = 0; j < lines.extent; ++j) {
          int64_t i = reverse ? lines.extent - 1 - j : j;
          T *out = result.as<T>() + at[1] + i * strides[axis];
          if (exclusive)
            *out = fromSum<T>(sum);
          S x = static_cast<S>(Compute<T>(input.as<T>()[at[0] + i * input.strides[axis]]));
          sum = kind == Reduce::Sum ? sum + x : sum * x;
          if (!exclusive)
            *out = fromSum<T>(sum);
        }
      });
      return "";
    }
  });
}

std::string topK(const View &input, int64_t k, int64_t axis, bool largest, Tensor &values, Tensor &indices) {
  if (std::string error = checkAxis(input, axis); !error.empty())
    return error;
  Lines lines(input, axis);
  if (k < 0 || k > lines.extent)
    return "expected k in [0, " + std::to_string(lines.extent) + "], got " + std::to_string(k);
  Shape shape = input.shape;
  shape[axis] = k;
  std::string error = allocate(input.type, shape, values);
  if (error.empty())
    error = allocate(DType::I64, shape, indices);
  if (!error.empty() || k == 0)
    return error;
  const Shape &strides = values.view().strides;
  visit(input.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<int64_t> order(lines.extent);
    lines.forEach<2>({&input.strides, &strides}, [&](const Offsets<2> &at) {
      const T *in = input.as<T>() + at[0];
      int64_t step = input.strides[axis];
      for (int64_t i = 0; i < lines.extent; ++i)
        order[i] = i;
      std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](int64_t a, int64_t b) {
        Compute<T> x = in[a * step], y = in[b * step];
        return precedes(x, y, largest) || (!precedes(y, x, largest) && a < b);
      });
      for (int64_t i = 0; i < k; ++i) {
        values.as<T>()[at[1] + i * strides[axis]] = in[order[i] * step];
        indices.as<int64_t>()[at[1] + i * strides[axis]] = order[i];
      }
    });
  });
  return "";
}

} // namespace aic::eval
