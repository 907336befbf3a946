// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Movement.cpp - Elements to other places, unchanged -----------------===//
//
// Most operations are a view with other strides and one strided copy.
//
//===----------------------------------------------------------------------===//
#include "aic/Eval/Movement.h"
#include "aic/Eval/DTypeVisit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <optional>

namespace aic::eval {

static std::string number(int64_t value) { return std::to_string(value); }

std::string describe(DType type, const Shape &shape) {
  std::string text;
  for (int64_t extent : shape)
    text += number(extent) + "x";
  return text + name(type);
}

std::string allocate(DType type, Shape shape, Tensor &result) {
  int64_t bytes = static_cast<int64_t>(byteSize(type));
  bool empty = false, overflow = false;
  for (int64_t extent : shape) {
    if (extent < 0)
      return "expected extents of at least 0, got " + describe(type, shape);
    empty |= extent == 0;
    overflow |= extent && __builtin_mul_overflow(bytes, extent, &bytes);
  }
  if (!empty && (overflow || bytes > int64_t(1) << 40))
    return "expected a result of less than 2^40 bytes, got " + describe(type, shape);
  try {
    result = Tensor(type, std::move(shape));
  } catch (const std::bad_alloc &) {
    return "out of memory: " + number(bytes) + " bytes";
  }
  return "";
}

//===-- Strided copy ------------------------------------------------------===//

namespace {
struct CopyDim {
  int64_t extent, from, to;
};
} // namespace

template <typename T> static void copyLoop(const T *from, T *to, const CopyDim *dims, size_t rank) {
  if (rank == 0) {
    *to = *from;
    return;
  }
  CopyDim d = dims[0];
  if (rank == 1) {
    if (d.from == 1 && d.to == 1)
      std::memcpy(to, from, static_cast<size_t>(d.extent) * sizeof(T));
    else if (d.from == 0 && d.to == 1)
      std::fill_n(to, d.extent, *from);
    else
      for (int64_t i = 0; i < d.extent; ++i)
        to[i * d.to] = from[i * d.from];
    return;
  }
  for (int64_t i = 0; i < d.extent; ++i)
    copyLoop(from + i * d.from, to + i * d.to, dims + 1, rank - 1);
}

void copy(const View &from, const View &to) {
  std::vector<CopyDim> dims;
  for (size_t d = 0; d < from.shape.size(); ++d) {
    CopyDim dim{from.shape[d], from.strides[d], to.strides[d]};
    if (dim.extent == 0)
      return;
    if (dim.extent == 1)
      continue;
    // A dim that continues the one before merges into it.
    if (!dims.empty() && dims.back().from == dim.from * dim.extent && dims.back().to == dim.to * dim.extent) {
      dims.back() = {dims.back().extent * dim.extent, dim.from, dim.to};
      continue;
    }
    dims.push_back(dim);
  }
  auto run = [&](auto tag) {
    using T = decltype(tag);
    copyLoop(static_cast<const T *>(from.data), static_cast<T *>(to.data), dims.data(), dims.size());
  };
  switch (byteSize(from.type)) {
  case 1:
    return run(uint8_t());
  case 2:
    return run(uint16_t());
  case 4:
    return run(uint32_t());
  default:
    return run(uint64_t());
  }
}

std::string dense(const View &input, Tensor &result) {
  if (std::string error = allocate(input.type, input.shape, result); !error.empty())
    return error;
  copy(input, result);
  return "";
}

std::vector<int64_t> integers(const View &input) {
  std::vector<int64_t> result(static_cast<size_t>(input.size()));
  // Gather row-major first; the element type is converted then.
  std::vector<char> bytes(input.bytes());
  copy(input, View(input.type, input.shape, bytes.data()));
  visit(input.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (size_t i = 0; i < result.size(); ++i) {
      T value;
      std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
      result[i] = static_cast<int64_t>(value);
    }
  });
  return result;
}

//===-- Views -------------------------------------------------------------===//

std::string broadcastExtents(const Shape &a, const Shape &b, Shape &result) {
  const Shape &longer = a.size() < b.size() ? b : a, &shorter = a.size() < b.size() ? a : b;
  result = longer;
  size_t lead = longer.size() - shorter.size();
  for (size_t d = 0; d < shorter.size(); ++d) {
    int64_t &extent = result[lead + d];
    if (extent == 1)
      extent = shorter[d];
    else if (shorter[d] != 1 && shorter[d] != extent)
      return "expected extents that broadcast, got " + number(extent) + " and " + number(shorter[d]);
  }
  return "";
}

std::string broadcastView(const View &input, const Shape &shape, View &result) {
  if (input.shape.size() > shape.size())
    return "expected a result of rank " + number(input.rank()) + " at least, got " + number(int64_t(shape.size()));
  result = View(input.type, shape, input.data);
  size_t lead = shape.size() - input.shape.size();
  result.strides.assign(shape.size(), 0);
  for (size_t d = 0; d < input.shape.size(); ++d) {
    if (input.shape[d] != 1 && input.shape[d] != shape[lead + d])
      return "expected extent 1 or " + number(shape[lead + d]) + ", got " + number(input.shape[d]);
    if (input.shape[d] != 1)
      result.strides[lead + d] = input.strides[d];
  }
  return "";
}

View transposeView(const View &input, const std::vector<int64_t> &permutation) {
  View result = input;
  for (size_t d = 0; d < permutation.size(); ++d) {
    result.shape[d] = input.shape[permutation[d]];
    result.strides[d] = input.strides[permutation[d]];
  }
  return result;
}

void sliceRange(int64_t extent, int64_t &start, int64_t end, int64_t step, int64_t &count) {
  if (start < 0)
    start += extent;
  if (end < 0)
    end += extent;
  if (step > 0) {
    start = std::clamp<int64_t>(start, 0, extent);
    end = std::clamp<int64_t>(end, 0, extent);
    count = end > start ? (end - start - 1) / step + 1 : 0;
    return;
  }
  step = std::max(step, -std::numeric_limits<int64_t>::max());
  start = std::min(std::max<int64_t>(start, 0), extent - 1);
  end = std::min(std::max<int64_t>(end, -1), extent - 1);
  count = start > end ? (start - end - 1) / -step + 1 : 0;
}

std::string sliceView(const View &input, const std::vector<int64_t> &starts, const std::vector<int64_t> &ends,
                      const std::vector<int64_t> &steps, const std::vector<int64_t> &axes, View &result) {
  if (starts.size() != axes.size() || ends.size() != axes.size() || steps.size() != axes.size())
    return "expected " + number(int64_t(axes.size())) + " starts, ends and steps, got " +
           number(int64_t(starts.size())) + ", " + number(int64_t(ends.size())) + " and " +
           number(int64_t(steps.size()));
  result = input;
  char *data = static_cast<char *>(input.data);
  for (size_t i = 0; i < axes.size(); ++i) {
    if (steps[i] == 0)
      return "expected steps other than 0, got 0";
    int64_t start = starts[i], count = 0, axis = axes[i];
    sliceRange(input.shape[axis], start, ends[i], steps[i], count);
    if (count > 0)
      data += start * input.strides[axis] * static_cast<int64_t>(byteSize(input.type));
    result.shape[axis] = count;
    result.strides[axis] = count > 1 ? input.strides[axis] * steps[i] : input.strides[axis];
  }
  result.data = data;
  return "";
}

//===-- Operations --------------------------------------------------------===//

std::string reshapedExtents(const Shape &input, const std::vector<int64_t> &shape, bool copyZeros, Shape &result) {
  result = shape;
  int64_t known = 1;
  std::optional<size_t> open;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 0 && copyZeros) {
      if (d >= input.size())
        return "expected no 0 in the shape past dimension " + number(int64_t(input.size())) + ", got one at " +
               number(int64_t(d));
      result[d] = input[d];
    }
    if (shape[d] < -1 || (shape[d] == -1 && open))
      return "expected extents of at least 0 and at most one -1 in the shape, got " + number(shape[d]) +
             " at dimension " + number(int64_t(d));
    if (shape[d] == -1)
      open = d;
    else if (__builtin_mul_overflow(known, result[d], &known))
      return "expected a shape of less than 2^63 elements";
  }
  int64_t total = numElements(input);
  if (open)
    result[*open] = known ? total / known : 0;
  if (numElements(result) != total) // reshape_c1
    return "expected a shape of " + number(total) + " elements, got " + describe(DType::I64, shape);
  return "";
}

std::string reshape(const View &input, const std::vector<int64_t> &shape, bool copyZeros, Tensor &result) {
  Shape extents;
  if (std::string error = reshapedExtents(input.shape, shape, copyZeros, extents); !error.empty())
    return error;
  if (std::string error = allocate(input.type, extents, result); !error.empty())
    return error;
  copy(input, View(input.type, input.shape, result.data()));
  return "";
}

std::string concat(const std::vector<View> &inputs, int64_t axis, Tensor &result) {
  if (inputs.empty())
    return "expected at least one input, got none";
  Shape shape = inputs[0].shape;
  shape[axis] = 0;
  for (const View &input : inputs) {
    for (int64_t d = 0; d < inputs[0].rank(); ++d)
      if (d != axis && (input.rank() != inputs[0].rank() || input.shape[d] != shape[d]))
        return "expected inputs that agree but in dimension " + number(axis) + ", got " +
               describe(inputs[0].type, inputs[0].shape) + " and " + describe(input.type, input.shape);
    shape[axis] += input.shape[axis];
  }
  if (std::string error = allocate(inputs[0].type, shape, result); !error.empty())
    return error;
  View window = result.view();
  char *data = result.as<char>();
  for (const View &input : inputs) {
    window.shape[axis] = input.shape[axis];
    window.data = data;
    copy(input, window);
    data += input.shape[axis] * window.strides[axis] * static_cast<int64_t>(byteSize(input.type));
  }
  return "";
}

std::string tile(const View &input, const std::vector<int64_t> &repeats, Tensor &result) {
  if (repeats.size() != input.shape.size())
    return "expected " + number(input.rank()) + " repeats, got " + number(int64_t(repeats.size()));
  Shape shape = input.shape;
  View from = input;
  from.shape.clear();
  from.strides.clear();
  // Each dim becomes two: the repetitions (stride 0) and the dim.
  for (size_t d = 0; d < repeats.size(); ++d) {
    if (repeats[d] < 0 || __builtin_mul_overflow(shape[d], repeats[d], &shape[d]))
      return "expected repeats of at least 0, got " + number(repeats[d]);
    from.shape.insert(from.shape.end(), {repeats[d], input.shape[d]});
    from.strides.insert(from.strides.end(), {0, input.strides[d]});
  }
  if (std::string error = allocate(input.type, shape, result); !error.empty())
    return error;
  copy(from, View(input.type, from.shape, result.data()));
  return "";
}

/// Where the padded position `i` reads in a dim of `extent`, without any limit on `i`.
static int64_t paddedSource(int64_t i, int64_t extent, PadMode mode) {
  if (mode == PadMode::Edge)
    return std::clamp<int64_t>(i, 0, extent - 1);
  int64_t period = mode == PadMode::Wrap ? extent : std::max<int64_t>(2 * (extent - 1), 1);
  i = ((i % period) + period) % period;
  return i < extent ? i : period - i;
}

std::string pad(const View &input, const std::vector<int64_t> &pads, const View &value, PadMode mode, Tensor &result) {
  size_t rank = input.shape.size();
  if (pads.size() != 2 * rank)
    return "expected " + number(int64_t(2 * rank)) + " pads, got " + number(int64_t(pads.size()));
  if (mode == PadMode::Constant && value.size() != 1)
    return "expected one element as value, got " + number(value.size());
  Shape shape = input.shape;
  for (size_t d = 0; d < rank; ++d) {
    if (__builtin_add_overflow(shape[d], pads[d], &shape[d]) ||
        __builtin_add_overflow(shape[d], pads[rank + d], &shape[d]) || shape[d] < 0)
      return "expected dimension " + number(int64_t(d)) + " of extent " + number(input.shape[d]) +
             " not to lose more than it has, got pads " + number(pads[d]) + " and " + number(pads[rank + d]);
    if (mode != PadMode::Constant && input.shape[d] == 0 && shape[d] != 0)
      return "expected elements to repeat in dimension " + number(int64_t(d)) + ", got extent 0";
  }
  if (std::string error = allocate(input.type, shape, result); !error.empty())
    return error;
  if (result.size() == 0)
    return "";

  size_t bytes = byteSize(input.type);
  if (mode == PadMode::Constant) {
    View fill(input.type, shape, value.data);
    fill.strides.assign(rank, 0);
    copy(fill, result);
    View from = input, to = result.view();
    char *source = static_cast<char *>(from.data), *target = static_cast<char *>(to.data);
    for (size_t d = 0; d < rank; ++d) {
      int64_t first = std::max<int64_t>(0, -pads[d]); // of the input's elements that stay
      int64_t last = std::min(input.shape[d], shape[d] - pads[d]);
      if (last <= first)
        return "";
      source += first * from.strides[d] * int64_t(bytes);
      target += (first + pads[d]) * to.strides[d] * int64_t(bytes);
      from.shape[d] = to.shape[d] = last - first;
    }
    from.data = source;
    to.data = target;
    copy(from, to);
    return "";
  }

  // One dim after the other: the table says which slice of the dim goes where.
  View current = input;
  Tensor stage;
  for (size_t d = 0; d < rank; ++d) {
    if (shape[d] == current.shape[d] && pads[d] == 0)
      continue;
    Shape staged = current.shape;
    staged[d] = shape[d];
    Tensor next;
    if (std::string error = allocate(input.type, staged, next); !error.empty())
      return error;
    for (int64_t i = 0; i < shape[d]; ++i) {
      View from = current, to = next.view();
      from.shape[d] = to.shape[d] = 1;
      int64_t source = paddedSource(i - pads[d], input.shape[d], mode);
      from.data = static_cast<char *>(from.data) + source * from.strides[d] * int64_t(bytes);
      to.data = static_cast<char *>(to.data) + i * to.strides[d] * int64_t(bytes);
      copy(from, to);
    }
    stage = next;
    current = stage;
  }
  copy(current, result);
  return "";
}

std::string range(const View &start, const View &limit, const View &delta, Tensor &result) {
  return visit(start.type, [&](auto tag) -> std::string {
    using T = typename decltype(tag)::type;
    T first = *start.as<T>(), end = *limit.as<T>(), step = *delta.as<T>();
    if (step == T(0))
      return "expected a delta other than 0, got 0";
    double count = 0;
    if constexpr (std::is_integral_v<T>) {
      bool up = step > T(0);
      if (up ? end > first : end < first) {
        uint64_t span = up ? uint64_t(end) - uint64_t(first) : uint64_t(first) - uint64_t(end);
        uint64_t stride = up ? uint64_t(step) : uint64_t(0) - uint64_t(int64_t(step));
        count = double((span - 1) / stride + 1);
      }
    } else {
      count = std::max(std::ceil((double(end) - double(first)) / double(step)), 0.0);
    }
    if (!(count < 0x1p40))
      return "expected a range of less than 2^40 elements";
    if (std::string error = allocate(start.type, {int64_t(count)}, result); !error.empty())
      return error;
    T *out = result.as<T>();
    for (int64_t i = 0; i < result.size(); ++i) {
      if constexpr (std::is_integral_v<T>)
        out[i] = static_cast<T>(uint64_t(first) + uint64_t(i) * uint64_t(step)); // wraps
      else
        out[i] = static_cast<T>(double(first) + double(i) * double(step));
    }
    return "";
  });
}

} // namespace aic::eval
