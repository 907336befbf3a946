// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Eval/Indexing.h"
#include "aic/Eval/DTypeVisit.h"
#include "aic/Eval/Movement.h"

#include <algorithm>

namespace aic::eval {

static std::string number(int64_t value) { return std::to_string(value); }

std::string denseView(const View &input, Tensor &storage, View &result) {
  result = input;
  if (input.isDense())
    return "";
  std::string error = dense(input, storage);
  result = storage;
  return error;
}

/// Makes an index count from the start; false if it is out of range.
static bool normalize(int64_t &index, int64_t extent) {
  if (index < 0)
    index += extent;
  return index >= 0 && index < extent;
}

static std::string outOfRange(int64_t index, int64_t extent, int64_t dim) {
  return "expected an index in [" + number(-extent) + ", " + number(extent) + ") for dimension " + number(dim) +
         ", got " + number(index);
}

static int64_t product(const Shape &shape, size_t begin, size_t end) {
  int64_t result = 1;
  for (size_t d = begin; d < end; ++d)
    result *= shape[d];
  return result;
}

std::string gather(const View &input, const View &indices, int64_t axis, Tensor &result) {
  Tensor storage;
  View source;
  if (std::string error = denseView(input, storage, source); !error.empty())
    return error;
  Shape shape(input.shape.begin(), input.shape.begin() + axis);
  shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
  shape.insert(shape.end(), input.shape.begin() + axis + 1, input.shape.end());
  if (std::string error = allocate(input.type, shape, result); !error.empty())
    return error;

  int64_t extent = input.shape[axis];
  std::vector<int64_t> positions = integers(indices);
  for (int64_t &position : positions)
    if (int64_t given = position; !normalize(position, extent))
      return outOfRange(given, extent, axis);
  if (result.size() == 0)
    return "";
  size_t inner = static_cast<size_t>(product(input.shape, axis + 1, input.shape.size())) * byteSize(input.type);
  const char *from = source.as<char>();
  char *to = result.as<char>();
  for (int64_t outer = product(input.shape, 0, axis); outer-- > 0; from += extent * inner)
    for (int64_t position : positions) {
      std::memcpy(to, from + position * inner, inner);
      to += inner;
    }
  return "";
}

namespace {
/// Walks all positions of a shape in row-major order.
struct Odometer {
  explicit Odometer(const Shape &shape) : shape(shape), at(shape.size(), 0) {}
  void next() {
    for (size_t d = shape.size(); d-- > 0;) {
      if (++at[d] < shape[d])
        return;
      at[d] = 0;
    }
  }
  int64_t offset(const Shape &strides) const {
    int64_t result = 0;
    for (size_t d = 0; d < at.size(); ++d)
      result += at[d] * strides[d];
    return result;
  }
  const Shape &shape;
  Shape at;
};
} // namespace

/// Calls `body(offset of the update, offset in the indexed tensor)`, offsets in elements, for each element of
/// `indices`; what is indexed has the given shape and strides.
template <typename Body>
static std::string forElements(const View &indices, const View &indexed, const Shape &updateStrides, int64_t axis,
                               Body body) {
  if (indices.rank() != indexed.rank())
    return "expected indices of rank " + number(indexed.rank()) + ", got " + number(indices.rank());
  for (int64_t d = 0; d < indices.rank(); ++d)
    if (d != axis && indices.shape[d] > indexed.shape[d])
      return "expected at most " + number(indexed.shape[d]) + " indices in dimension " + number(d) + ", got " +
             number(indices.shape[d]);
  std::vector<int64_t> positions = integers(indices);
  Odometer odometer(indices.shape);
  int64_t extent = indexed.shape[axis];
  for (int64_t position : positions) {
    int64_t given = position;
    if (!normalize(position, extent))
      return outOfRange(given, extent, axis);
    body(odometer.offset(updateStrides),
         odometer.offset(indexed.strides) + (position - odometer.at[axis]) * indexed.strides[axis]);
    odometer.next();
  }
  return "";
}

/// Calls `body(T())` with an unsigned type of the element's size.
template <typename Body> static auto bySize(DType type, Body body) {
  switch (byteSize(type)) {
  case 1:
    return body(uint8_t());
  case 2:
    return body(uint16_t());
  case 4:
    return body(uint32_t());
  default:
    return body(uint64_t());
  }
}

std::string gatherElements(const View &input, const View &indices, int64_t axis, Tensor &result) {
  if (std::string error = allocate(input.type, indices.shape, result); !error.empty())
    return error;
  return bySize(input.type, [&](auto tag) {
    using T = decltype(tag);
    return forElements(indices, input, result.view().strides, axis,
                       [&](int64_t to, int64_t from) { result.as<T>()[to] = input.as<T>()[from]; });
  });
}

/// The offsets in elements of the slices that the tuples in `indices` pick from `indexed`.
static std::string tupleOffsets(const View &indices, const View &indexed, int64_t batchDims,
                                std::vector<int64_t> &offsets) {
  if (indices.rank() < 1 || batchDims >= indices.rank() || batchDims + indices.shape.back() > indexed.rank())
    return "expected index tuples of at most " + number(indexed.rank() - batchDims) + " positions, got indices " +
           describe(indices.type, indices.shape);
  for (int64_t d = 0; d < batchDims; ++d)
    if (indices.shape[d] != indexed.shape[d])
      return "expected equal batch extents, got " + number(indexed.shape[d]) + " and " + number(indices.shape[d]);
  std::vector<int64_t> positions = integers(indices);
  int64_t length = indices.shape.back();
  Shape tuples(indices.shape.begin(), indices.shape.end() - 1);
  int64_t count = numElements(tuples);
  offsets.assign(static_cast<size_t>(count), 0);
  Odometer odometer(tuples);
  for (int64_t i = 0; i < count; ++i, odometer.next()) {
    for (int64_t d = 0; d < batchDims; ++d)
      offsets[i] += odometer.at[d] * indexed.strides[d];
    for (int64_t k = 0; k < length; ++k) {
      int64_t position = positions[i * length + k], extent = indexed.shape[batchDims + k];
      if (!normalize(position, extent))
        return outOfRange(positions[i * length + k], extent, batchDims + k);
      offsets[i] += position * indexed.strides[batchDims + k];
    }
  }
  return "";
}

std::string gatherND(const View &input, const View &indices, int64_t batchDims, Tensor &result) {
  Tensor storage;
  View source;
  if (std::string error = denseView(input, storage, source); !error.empty())
    return error;
  std::vector<int64_t> offsets;
  if (std::string error = tupleOffsets(indices, source, batchDims, offsets); !error.empty())
    return error;
  Shape shape(indices.shape.begin(), indices.shape.end() - 1);
  size_t indexed = static_cast<size_t>(batchDims + indices.shape.back());
  shape.insert(shape.end(), input.shape.begin() + indexed, input.shape.end());
  if (std::string error = allocate(input.type, shape, result); !error.empty())
    return error;
  size_t bytes = byteSize(input.type);
  size_t inner = static_cast<size_t>(product(input.shape, indexed, input.shape.size())) * bytes;
  char *to = result.as<char>();
  for (int64_t offset : offsets) {
    std::memcpy(to, source.as<char>() + offset * bytes, inner);
    to += inner;
  }
  return "";
}

//===-- Scatter -----------------------------------------------------------===//

template <typename T> static T combine(ScatterKind kind, T old, T update) {
  if constexpr (std::is_same_v<T, bool>) {
    bool isOr = kind == ScatterKind::Add || kind == ScatterKind::Max;
    return isOr ? old || update : old && update;
  } else if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    switch (kind) {
    case ScatterKind::Replace:
      return update;
    case ScatterKind::Add: // integers wrap
      return static_cast<T>(static_cast<U>(uint64_t(old) + uint64_t(update)));
    case ScatterKind::Mul:
      return static_cast<T>(static_cast<U>(uint64_t(old) * uint64_t(update)));
    case ScatterKind::Max:
      return std::max(old, update);
    case ScatterKind::Min:
      return std::min(old, update);
    }
  } else {
    using F = std::conditional_t<std::is_same_v<T, double>, double, float>;
    F a = old, b = update;
    if ((kind == ScatterKind::Max || kind == ScatterKind::Min) && (a != a || b != b))
      return a != a ? old : update; // NaN wins
    switch (kind) {
    case ScatterKind::Replace:
      return update;
    case ScatterKind::Add:
      return T(a + b);
    case ScatterKind::Mul:
      return T(a * b);
    case ScatterKind::Max:
      return T(std::max(a, b));
    case ScatterKind::Min:
      return T(std::min(a, b));
    }
  }
  return update;
}

std::string scatterElements(ScatterKind kind, const View &input, const View &indices, const View &updates, int64_t axis,
                            Tensor &result) {
  if (updates.shape != indices.shape)
    return "expected updates of the indices' extents, got " + describe(updates.type, updates.shape) + " and " +
           describe(indices.type, indices.shape);
  if (std::string error = dense(input, result); !error.empty())
    return error;
  if (kind == ScatterKind::Replace)
    return bySize(input.type, [&](auto tag) {
      using T = decltype(tag);
      return forElements(indices, result, updates.strides, axis,
                         [&](int64_t from, int64_t to) { result.as<T>()[to] = updates.as<T>()[from]; });
    });
  return visit(input.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return forElements(indices, result, updates.strides, axis, [&](int64_t from, int64_t to) {
      T &place = result.as<T>()[to];
      place = combine<T>(kind, place, updates.as<T>()[from]);
    });
  });
}

std::string scatterND(ScatterKind kind, const View &input, const View &indices, const View &updates, Tensor &result) {
  if (std::string error = dense(input, result); !error.empty())
    return error;
  std::vector<int64_t> offsets;
  if (std::string error = tupleOffsets(indices, result, 0, offsets); !error.empty())
    return error;
  Shape shape(indices.shape.begin(), indices.shape.end() - 1);
  shape.insert(shape.end(), input.shape.begin() + indices.shape.back(), input.shape.end());
  if (updates.shape != shape)
    return "expected updates " + describe(input.type, shape) + ", got " + describe(updates.type, updates.shape);
  Tensor storage;
  View source;
  if (std::string error = denseView(updates, storage, source); !error.empty())
    return error;
  int64_t inner = product(input.shape, static_cast<size_t>(indices.shape.back()), input.shape.size());
  visit(input.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *from = source.as<T>();
    for (int64_t offset : offsets) {
      T *to = result.as<T>() + offset;
      if (kind == ScatterKind::Replace)
        std::memcpy(static_cast<void *>(to), from, static_cast<size_t>(inner) * sizeof(T));
      else
        for (int64_t i = 0; i < inner; ++i)
          to[i] = combine<T>(kind, to[i], from[i]);
      from += inner;
    }
  });
  return "";
}

std::string nonZero(const View &input, Tensor &result) {
  std::vector<Shape> found;
  visit(input.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    Odometer odometer(input.shape);
    for (int64_t i = 0, e = input.size(); i < e; ++i, odometer.next())
      if (input.as<T>()[odometer.offset(input.strides)] != T(0))
        found.push_back(odometer.at);
  });
  int64_t count = static_cast<int64_t>(found.size());
  if (std::string error = allocate(DType::I64, {input.rank(), count}, result); !error.empty())
    return error;
  for (int64_t d = 0; d < input.rank(); ++d)
    for (int64_t i = 0; i < count; ++i)
      result.as<int64_t>()[d * count + i] = found[i][d];
  return "";
}

} // namespace aic::eval
