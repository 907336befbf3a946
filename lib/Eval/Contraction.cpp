// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything is a blocked matrix product (Gemm.h). A matrix is a base address and
// two tables of offsets, one for its rows and one for its columns, so views of
// any strides and products over several dimensions need no copy. A convolution
// packs its windows straight from the input.
//
//===----------------------------------------------------------------------===//
#include "aic/Eval/Contraction.h"
#include "Gemm.h"
#include "aic/Eval/DTypeVisit.h"
#include "aic/Eval/Elementwise.h"
#include "aic/Eval/Movement.h"
#include "aic/Eval/Walk.h"

#include <algorithm>
#include <map>

namespace aic::eval {
namespace {

using Table = std::vector<int64_t>;

/// The offsets of all positions of `shape` in row-major order.
Table offsets(const Shape &shape, const Shape &strides) {
  Table table;
  table.reserve(numElements(shape));
  walk<1>(shape, {&strides}, [&](int64_t n, const Offsets<1> &at, const Offsets<1> &step) {
    for (int64_t i = 0; i < n; ++i)
      table.push_back(at[0] + i * step[0]);
  });
  return table;
}

/// Element (m, n) of the result = sum over k of (m, k) of the left times (k, n) of the right, once for each entry of
/// the batch tables.
struct Product {
  Table leftBatch, leftRows, leftDepth;
  Table rightBatch, rightDepth, rightColumns;
  Table resultBatch, resultRows, resultColumns;
};

template <typename T> void multiply(const Product &p, const T *left, const T *right, T *result) {
  using C = Accumulator<T>;
  for (size_t batch = 0; batch < p.resultBatch.size(); ++batch) {
    const T *a = left + p.leftBatch[batch], *b = right + p.rightBatch[batch];
    T *to = result + p.resultBatch[batch];
    gemm::run<C>(
        p.resultRows.size(), p.resultColumns.size(), p.leftDepth.size(),
        [&](int64_t m0, int64_t rows, int64_t k0, int64_t depth, C *panels) {
          gemm::pack(a, &p.leftRows[m0], rows, &p.leftDepth[k0], depth, gemm::kRows, panels);
        },
        [&](int64_t n0, int64_t columns, int64_t k0, int64_t depth, C *panels) {
          gemm::pack(b, &p.rightColumns[n0], columns, &p.rightDepth[k0], depth, gemm::kColumns<C>, panels);
        },
        [&](int64_t n0, int64_t columns, const C *c, int64_t rowStride) {
          for (size_t m = 0; m < p.resultRows.size(); ++m)
            for (int64_t n = 0; n < columns; ++n)
              to[p.resultRows[m] + p.resultColumns[n0 + n]] = static_cast<T>(c[m * rowStride + n]);
        });
  }
}

/// Calls fn with the storage type of a number; an error for truth values.
template <typename Fn> std::string visitNumber(DType type, Fn fn) {
  return visit(type, [&](auto tag) -> std::string {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, bool>)
      return "expected numbers, got elements of type i1";
    else
      return fn(tag);
  });
}

std::string oneType(const View &a, const View &b) {
  if (a.type == b.type)
    return "";
  return std::string("expected operands of one element type, got ") + name(a.type) + " and " + name(b.type);
}

} // namespace

std::string matmul(const View &a, const View &b, Tensor &result) {
  if (std::string error = oneType(a, b); !error.empty())
    return error;
  if (a.rank() == 0 || b.rank() == 0)
    return "expected operands of rank 1 at least, got a scalar";
  View lhs = a, rhs = b;
  bool isRow = lhs.rank() == 1, isColumn = rhs.rank() == 1;
  if (isRow) {
    lhs.shape.insert(lhs.shape.begin(), 1);
    lhs.strides.insert(lhs.strides.begin(), 0);
  }
  if (isColumn) {
    rhs.shape.push_back(1);
    rhs.strides.push_back(0);
  }
  auto takeMatrix = [](View &view, Shape &shape, Shape &strides) {
    shape.assign(view.shape.end() - 2, view.shape.end());
    strides.assign(view.strides.end() - 2, view.strides.end());
    view.shape.resize(view.shape.size() - 2);
    view.strides.resize(view.strides.size() - 2);
  };
  Shape leftShape, leftStrides, rightShape, rightStrides, batch;
  takeMatrix(lhs, leftShape, leftStrides);
  takeMatrix(rhs, rightShape, rightStrides);
  int64_t m = leftShape[0], k = leftShape[1], n = rightShape[1];
  if (rightShape[0] != k)
    return "expected equal extents to sum over, got " + std::to_string(k) + " and " + std::to_string(rightShape[0]);
  std::string error = broadcastExtents(lhs.shape, rhs.shape, batch);
  if (error.empty())
    error = broadcastView(View(lhs), batch, lhs);
  if (error.empty())
    error = broadcastView(View(rhs), batch, rhs);
  if (!error.empty())
    return error;
  Shape shape = batch;
  if (!isRow)
    shape.push_back(m);
  if (!isColumn)
    shape.push_back(n);
  if (error = allocate(a.type, shape, result); !error.empty())
    return error;

  Product p;
  Shape batchStrides = rowMajor(batch);
  for (int64_t &stride : batchStrides)
    stride *= m * n;
  // One right matrix for many left ones is one product with more rows.
  bool shared = std::all_of(rhs.strides.begin(), rhs.strides.end(), [](int64_t s) { return s == 0; });
  Shape rows = {m}, leftRowStrides = {leftStrides[0]}, resultRowStrides = {n};
  if (shared) {
    rows.insert(rows.begin(), batch.begin(), batch.end());
    leftRowStrides.insert(leftRowStrides.begin(), lhs.strides.begin(), lhs.strides.end());
    resultRowStrides.insert(resultRowStrides.begin(), batchStrides.begin(), batchStrides.end());
    p.leftBatch = p.rightBatch = p.resultBatch = {0};
  } else {
    p.leftBatch = offsets(batch, lhs.strides);
    p.rightBatch = offsets(batch, rhs.strides);
    p.resultBatch = offsets(batch, batchStrides);
  }
  p.leftRows = offsets(rows, leftRowStrides);
  p.resultRows = offsets(rows, resultRowStrides);
  p.leftDepth = offsets({k}, {leftStrides[1]});
  p.rightDepth = offsets({k}, {rightStrides[0]});
  p.rightColumns = offsets({n}, {rightStrides[1]});
  p.resultColumns = offsets({n}, {1});
  return visitNumber(a.type, [&](auto tag) -> std::string {
    using T = typename decltype(tag)::type;
    multiply<T>(p, lhs.as<T>(), rhs.as<T>(), result.as<T>());
    return "";
  });
}

//===-- Convolution ---------------------------------------------------------===//

namespace {

/// A convolution with three spatial dimensions (of extent 1 where there are fewer), whatever the layout.
struct ConvShape {
  static constexpr int64_t kDims = 3;
  struct Side {
    int64_t batch = 0, channel = 0; // strides
    int64_t extent[kDims] = {1, 1, 1}, stride[kDims] = {0, 0, 0};
  };
  int64_t batches, inputs, features, groups; // inputs: all input channels, features: all output channels
  Side input, output;
  int64_t kernel[kDims] = {1, 1, 1}, kernelStride[kDims] = {0, 0, 0};
  int64_t filterInput = 0, filterFeature = 0; // strides of the filter's channel dimensions
  int64_t stride[kDims] = {1, 1, 1}, dilation[kDims] = {1, 1, 1}, before[kDims] = {0, 0, 0};
  bool channelsLast;

  int64_t positions(const Side &side) const { return side.extent[0] * side.extent[1] * side.extent[2]; }
  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
};

std::string checkWindow(const View &input, const View &filter, const View *bias, const Window &w) {
  int64_t r = input.rank() - 2;
  if (r < 1 || r > ConvShape::kDims || filter.rank() != input.rank())
    return "expected an input and a filter of equal rank 3, 4 or 5, got " + std::to_string(input.rank()) + " and " +
           std::to_string(filter.rank());
  size_t n = r;
  if (w.strides.size() != n || w.dilations.size() != n || w.pads.size() != 2 * n)
    return "expected strides, dilations and pads for " + std::to_string(r) + " spatial dimensions";
  for (size_t d = 0; d < n; ++d)
    if (w.strides[d] < 1 || w.dilations[d] < 1)
      return "expected positive strides and dilations";
  if (w.groups < 1)
    return "expected a positive number of groups, got " + std::to_string(w.groups);
  std::string error = oneType(input, filter);
  return error.empty() && bias ? oneType(input, *bias) : error;
}

/// Fills everything but the output. `transposed`: the filter's feature dimension is divided by groups, not the input's.
std::string describe(const View &input, const View &filter, const Window &w, bool transposed, ConvShape &s) {
  int64_t r = input.rank() - 2, lead = ConvShape::kDims - r;
  bool last = s.channelsLast = w.channelsLast;
  int64_t channelDim = last ? r + 1 : 1, spatialDim = last ? 1 : 2, kernelDim = last ? 0 : 2;
  // [F, C/g, K..] or [K.., C/g, F]; transposed with C and F exchanged
  int64_t outerDim = last ? r + 1 : 0, innerDim = last ? r : 1;
  s.batches = input.shape[0];
  s.inputs = input.shape[channelDim];
  s.groups = w.groups;
  s.input.batch = input.strides[0];
  s.input.channel = input.strides[channelDim];
  int64_t outer = filter.shape[outerDim], inner = filter.shape[innerDim];
  s.features = transposed ? inner * w.groups : outer;
  (transposed ? s.filterInput : s.filterFeature) = filter.strides[outerDim];
  (transposed ? s.filterFeature : s.filterInput) = filter.strides[innerDim];
  int64_t wanted = transposed ? outer : inner * w.groups;
  if (s.inputs != wanted || s.features % w.groups != 0 || s.inputs % w.groups != 0)
    return "expected " + std::to_string(wanted) + " input channels in " + std::to_string(w.groups) + " groups, got " +
           std::to_string(s.inputs);
  for (int64_t d = 0; d < r; ++d) {
    s.input.extent[lead + d] = input.shape[spatialDim + d];
    s.input.stride[lead + d] = input.strides[spatialDim + d];
    s.kernel[lead + d] = filter.shape[kernelDim + d];
    s.kernelStride[lead + d] = filter.strides[kernelDim + d];
    s.stride[lead + d] = w.strides[d];
    s.dilation[lead + d] = w.dilations[d];
    s.before[lead + d] = w.pads[d];
  }
  return "";
}

/// Allocates the result for the extents in `s.output`.
std::string allocateOutput(ConvShape &s, int64_t r, DType type, const View *bias, Tensor &result) {
  int64_t lead = ConvShape::kDims - r;
  Shape shape = {s.batches};
  if (!s.channelsLast)
    shape.push_back(s.features);
  for (int64_t d = 0; d < r; ++d) {
    if (s.output.extent[lead + d] < 0)
      return "expected a filter that fits the padded input in spatial dimension " + std::to_string(d);
    shape.push_back(s.output.extent[lead + d]);
  }
  if (s.channelsLast)
    shape.push_back(s.features);
  if (bias && (bias->rank() != 1 || bias->shape[0] != s.features))
    return "expected a bias of " + std::to_string(s.features) + " elements, got " + std::to_string(bias->size());
  if (std::string error = allocate(type, shape, result); !error.empty())
    return error;
  const Shape &strides = result.view().strides;
  s.output.batch = strides[0];
  s.output.channel = strides[s.channelsLast ? r + 1 : 1];
  for (int64_t d = 0; d < r; ++d)
    s.output.stride[lead + d] = strides[(s.channelsLast ? 1 : 2) + d];
  return "";
}

/// One entry per element of a window, channels outermost if they come first in memory.
struct Taps {
  Table inputOffset, filterOffset;
  std::vector<int64_t> shift; // kDims per entry: distance from the window's first place

  Taps(const ConvShape &s, int64_t channels) {
    auto add = [&](int64_t c) {
      for (int64_t i = 0; i < s.kernel[0]; ++i)
        for (int64_t j = 0; j < s.kernel[1]; ++j)
          for (int64_t k = 0; k < s.kernel[2]; ++k) {
            if (s.channelsLast)
              for (int64_t ch = 0; ch < channels; ++ch)
                append(s, ch, i, j, k);
            else
              append(s, c, i, j, k);
          }
    };
    for (int64_t c = 0; c < (s.channelsLast ? 1 : channels); ++c)
      add(c);
  }

private:
  void append(const ConvShape &s, int64_t c, int64_t i, int64_t j, int64_t k) {
    int64_t at[] = {i, j, k}, in = c * s.input.channel, filter = c * s.filterInput;
    for (int64_t d = 0; d < ConvShape::kDims; ++d) {
      shift.push_back(at[d] * s.dilation[d]);
      in += shift.back() * s.input.stride[d];
      filter += at[d] * s.kernelStride[d];
    }
    inputOffset.push_back(in);
    filterOffset.push_back(filter);
  }
};

/// Packs the windows of output positions n0.. as columns.
template <typename C, typename T>
void packWindows(const ConvShape &s, const Taps &taps, const T *input, int64_t n0, int64_t columns, int64_t k0,
                 int64_t depth, C *to) {
  constexpr int64_t width = gemm::kColumns<C>, dims = ConvShape::kDims;
  int64_t plane = s.output.extent[1] * s.output.extent[2];
  for (int64_t p0 = 0; p0 < columns; p0 += width, to += width * depth) {
    int64_t count = std::min(width, columns - p0);
    int64_t base[width], start[width][dims];
    bool inside = count == width, isRow = count == width;
    for (int64_t j = 0; j < count; ++j) {
      int64_t n = n0 + p0 + j;
      int64_t at[] = {n / plane, n / s.output.extent[2] % s.output.extent[1], n % s.output.extent[2]};
      base[j] = 0;
      for (int64_t d = 0; d < dims; ++d) {
        start[j][d] = at[d] * s.stride[d] - s.before[d];
        base[j] += start[j][d] * s.input.stride[d];
        inside = inside && start[j][d] >= 0 && start[j][d] + (s.kernel[d] - 1) * s.dilation[d] < s.input.extent[d];
      }
      isRow = isRow && base[j] == base[0] + j;
    }
    for (int64_t k = 0; k < depth; ++k) {
      C *row = to + k * width;
      const T *from = input + taps.inputOffset[k0 + k];
      if (inside && isRow) {
        for (int64_t j = 0; j < width; ++j)
          row[j] = static_cast<C>(from[base[0] + j]);
      } else if (inside) {
        for (int64_t j = 0; j < width; ++j)
          row[j] = static_cast<C>(from[base[j]]);
      } else {
        const int64_t *shift = &taps.shift[(k0 + k) * dims];
        for (int64_t j = 0; j < width; ++j) {
          bool valid = j < count;
          for (int64_t d = 0; d < dims && valid; ++d)
            valid = start[j][d] + shift[d] >= 0 && start[j][d] + shift[d] < s.input.extent[d];
          row[j] = valid ? static_cast<C>(from[base[j]]) : C(0);
        }
      }
    }
  }
}

Table spatialOffsets(const ConvShape::Side &side) {
  return offsets(Shape(side.extent, side.extent + ConvShape::kDims),
                 Shape(side.stride, side.stride + ConvShape::kDims));
}

template <typename T> void convolve(const ConvShape &s, const T *input, const T *filter, const View *bias, T *result) {
  using C = Accumulator<T>;
  int64_t features = s.features / s.groups, channels = s.inputs / s.groups;
  Taps taps(s, channels);
  Table rows = offsets({features}, {s.filterFeature});
  Table columns = spatialOffsets(s.output);
  for (int64_t image = 0; image < s.batches; ++image)
    for (int64_t g = 0; g < s.groups; ++g) {
      const T *in = input + image * s.input.batch + g * channels * s.input.channel;
      const T *weights = filter + g * features * s.filterFeature;
      T *out = result + image * s.output.batch + g * features * s.output.channel;
      gemm::run<C>(
          features, columns.size(), taps.inputOffset.size(),
          [&](int64_t m0, int64_t count, int64_t k0, int64_t depth, C *panels) {
            gemm::pack(weights, &rows[m0], count, &taps.filterOffset[k0], depth, gemm::kRows, panels);
          },
          [&](int64_t n0, int64_t count, int64_t k0, int64_t depth, C *panels) {
            packWindows(s, taps, in, n0, count, k0, depth, panels);
          },
          [&](int64_t n0, int64_t count, const C *c, int64_t rowStride) {
            for (int64_t m = 0; m < features; ++m) {
              C add = bias ? static_cast<C>(bias->as<T>()[(g * features + m) * bias->strides[0]]) : C(0);
              for (int64_t n = 0; n < count; ++n)
                out[m * s.output.channel + columns[n0 + n]] =
                    static_cast<T>(static_cast<C>(c[m * rowStride + n] + add));
            }
          });
    }
}

/// Every input position gives a window of the result: products first, then added where they overlap.
template <typename T>
void convolveTransposed(const ConvShape &s, const T *input, const T *filter, const View *bias, T *result) {
  using C = Accumulator<T>;
  constexpr int64_t dims = ConvShape::kDims;
  int64_t features = s.features / s.groups, channels = s.inputs / s.groups, taps = s.taps();
  Shape kernel(s.kernel, s.kernel + dims);
  Table columns = spatialOffsets(s.input), places = spatialOffsets(s.output);
  Table rows = offsets({features, kernel[0], kernel[1], kernel[2]},
                       {s.filterFeature, s.kernelStride[0], s.kernelStride[1], s.kernelStride[2]});
  Table leftDepth = offsets({channels}, {s.filterInput}), rightDepth = offsets({channels}, {s.input.channel});
  int64_t outputs = s.positions(s.output);
  std::vector<C> sum(features * outputs);
  auto scatter = [&](int64_t n0, int64_t count, const C *c, int64_t rowStride) {
    for (int64_t m = 0; m < features * taps; ++m) {
      C *to = sum.data() + m / taps * outputs;
      int64_t tap = m % taps;
      int64_t k[] = {tap / (kernel[1] * kernel[2]), tap / kernel[2] % kernel[1], tap % kernel[2]};
      for (int64_t n = n0; n < n0 + count; ++n) {
        int64_t at[] = {n / (s.input.extent[1] * s.input.extent[2]), n / s.input.extent[2] % s.input.extent[1],
                        n % s.input.extent[2]};
        int64_t place = 0;
        bool valid = true;
        for (int64_t d = 0; d < dims; ++d) {
          int64_t x = at[d] * s.stride[d] + k[d] * s.dilation[d] - s.before[d];
          valid = valid && x >= 0 && x < s.output.extent[d];
          place = place * s.output.extent[d] + x;
        }
        if (valid)
          to[place] += c[m * rowStride + n - n0];
      }
    }
  };
  for (int64_t image = 0; image < s.batches; ++image)
    for (int64_t g = 0; g < s.groups; ++g) {
      const T *in = input + image * s.input.batch + g * channels * s.input.channel;
      const T *weights = filter + g * channels * s.filterInput;
      std::fill(sum.begin(), sum.end(), C(0));
      gemm::run<C>(
          features * taps, columns.size(), channels,
          [&](int64_t m0, int64_t count, int64_t k0, int64_t depth, C *panels) {
            gemm::pack(weights, &rows[m0], count, &leftDepth[k0], depth, gemm::kRows, panels);
          },
          [&](int64_t n0, int64_t count, int64_t k0, int64_t depth, C *panels) {
            gemm::pack(in, &columns[n0], count, &rightDepth[k0], depth, gemm::kColumns<C>, panels);
          },
          scatter);
      T *out = result + image * s.output.batch + g * features * s.output.channel;
      for (int64_t m = 0; m < features; ++m) {
        C add = bias ? static_cast<C>(bias->as<T>()[(g * features + m) * bias->strides[0]]) : C(0);
        for (int64_t n = 0; n < outputs; ++n)
          out[m * s.output.channel + places[n]] = static_cast<T>(static_cast<C>(sum[m * outputs + n] + add));
      }
    }
}

} // namespace

std::string conv(const View &input, const View &filter, const View *bias, const Window &w, Tensor &result) {
  ConvShape s;
  std::string error = checkWindow(input, filter, bias, w);
  if (error.empty())
    error = describe(input, filter, w, /*transposed=*/false, s);
  if (!error.empty())
    return error;
  int64_t r = input.rank() - 2, lead = ConvShape::kDims - r;
  for (int64_t d = 0; d < r; ++d) {
    int64_t i = lead + d;
    int64_t span = s.input.extent[i] + w.pads[d] + w.pads[r + d] - s.dilation[i] * (s.kernel[i] - 1) - 1;
    s.output.extent[i] = span < 0 ? -1 : span / s.stride[i] + 1;
  }
  if (error = allocateOutput(s, r, input.type, bias, result); !error.empty())
    return error;
  return visitNumber(input.type, [&](auto tag) -> std::string {
    using T = typename decltype(tag)::type;
    convolve<T>(s, input.as<T>(), filter.as<T>(), bias, result.as<T>());
    return "";
  });
}

std::string convTranspose(const View &input, const View &filter, const View *bias, const Window &w, Tensor &result) {
  ConvShape s;
  std::string error = checkWindow(input, filter, bias, w);
  if (error.empty() && w.outputPadding.size() != w.strides.size())
    error = "expected output padding for " + std::to_string(w.strides.size()) + " spatial dimensions";
  if (error.empty())
    error = describe(input, filter, w, /*transposed=*/true, s);
  if (!error.empty())
    return error;
  int64_t r = input.rank() - 2, lead = ConvShape::kDims - r;
  for (int64_t d = 0; d < r; ++d) {
    int64_t i = lead + d;
    s.output.extent[i] = s.stride[i] * (s.input.extent[i] - 1) + w.outputPadding[d] +
                         s.dilation[i] * (s.kernel[i] - 1) + 1 - w.pads[d] - w.pads[r + d];
  }
  if (error = allocateOutput(s, r, input.type, bias, result); !error.empty())
    return error;
  return visitNumber(input.type, [&](auto tag) -> std::string {
    using T = typename decltype(tag)::type;
    convolveTransposed<T>(s, input.as<T>(), filter.as<T>(), bias, result.as<T>());
    return "";
  });
}

//===-- Einsum --------------------------------------------------------------===//

namespace {

/// A tensor whose dimensions have names.
struct Term {
  View view;
  Tensor storage;
  std::string letters; // distinct

  int64_t extent(char letter) const { return view.shape[letters.find(letter)]; }
  int64_t stride(char letter) const { return view.strides[letters.find(letter)]; }
  bool has(char letter) const { return letters.find(letter) != std::string::npos; }
  Table offsetsOf(const std::string &some) const {
    Shape shape, strides;
    for (char letter : some) {
      shape.push_back(extent(letter));
      strides.push_back(stride(letter));
    }
    return offsets(shape, strides);
  }
};

/// A letter that occurs twice names the diagonal.
std::string makeTerm(const View &input, const std::string &letters, Term &term) {
  term.view.type = input.type;
  term.view.data = input.data;
  for (int64_t d = 0; d < input.rank(); ++d) {
    size_t at = term.letters.find(letters[d]);
    if (at == std::string::npos) {
      term.letters += letters[d];
      term.view.shape.push_back(input.shape[d]);
      term.view.strides.push_back(input.strides[d]);
    } else if (term.view.shape[at] != input.shape[d]) {
      return std::string("expected equal extents for '") + letters[d] + "', got " +
             std::to_string(term.view.shape[at]) + " and " + std::to_string(input.shape[d]);
    } else {
      term.view.strides[at] += input.strides[d];
    }
  }
  return "";
}

std::string allocateTerm(DType type, const std::map<char, int64_t> &extents, const std::string &letters, Term &term) {
  Shape shape;
  for (char letter : letters)
    shape.push_back(extents.at(letter));
  term.letters = letters;
  std::string error = allocate(type, shape, term.storage);
  term.view = term.storage.view();
  return error;
}

/// Sums over all dimensions but `letters`, which are brought into this order.
std::string sumTo(const Term &from, const std::map<char, int64_t> &extents, const std::string &letters, Term &to) {
  std::string removed;
  for (char letter : from.letters)
    if (letters.find(letter) == std::string::npos)
      removed += letter;
  if (std::string error = allocateTerm(from.view.type, extents, letters, to); !error.empty())
    return error;
  Table places = from.offsetsOf(letters), steps = from.offsetsOf(removed);
  return visitNumber(from.view.type, [&](auto tag) -> std::string {
    using T = typename decltype(tag)::type;
    for (size_t i = 0; i < places.size(); ++i) {
      Accumulator<T> sum = 0;
      for (int64_t step : steps)
        sum += static_cast<Accumulator<T>>(from.view.as<T>()[places[i] + step]);
      to.view.as<T>()[i] = static_cast<T>(sum);
    }
    return "";
  });
}

/// The product of two terms, summed over common letters that nobody `needs`.
std::string contract(const Term &left, const Term &right, const std::map<char, int64_t> &extents,
                     const std::string &needed, Term &result) {
  auto isNeeded = [&](char letter) { return needed.find(letter) != std::string::npos; };
  std::string batch, rows, depth, columns;
  for (char letter : left.letters)
    (!right.has(letter) ? rows : isNeeded(letter) ? batch : depth) += letter;
  for (char letter : right.letters)
    if (!left.has(letter))
      columns += letter;
  if (std::string error = allocateTerm(left.view.type, extents, batch + rows + columns, result); !error.empty())
    return error;
  Product p;
  p.leftBatch = left.offsetsOf(batch);
  p.leftRows = left.offsetsOf(rows);
  p.leftDepth = left.offsetsOf(depth);
  p.rightBatch = right.offsetsOf(batch);
  p.rightDepth = right.offsetsOf(depth);
  p.rightColumns = right.offsetsOf(columns);
  p.resultBatch = result.offsetsOf(batch);
  p.resultRows = result.offsetsOf(rows);
  p.resultColumns = result.offsetsOf(columns);
  return visitNumber(left.view.type, [&](auto tag) -> std::string {
    using T = typename decltype(tag)::type;
    multiply<T>(p, left.view.as<T>(), right.view.as<T>(), result.view.as<T>());
    return "";
  });
}

} // namespace

std::string einsum(const std::vector<View> &inputs, const std::string &equation, Tensor &result) {
  size_t arrow = equation.find("->");
  if (arrow == std::string::npos || inputs.empty())
    return "expected an equation with '->' and an operand, got '" + equation + "'";
  std::string output = equation.substr(arrow + 2);
  std::vector<std::string> letters(1);
  for (char c : equation.substr(0, arrow)) {
    if (c == ',')
      letters.emplace_back();
    else
      letters.back() += c;
  }
  if (letters.size() != inputs.size())
    return "expected " + std::to_string(letters.size()) + " operands, got " + std::to_string(inputs.size());

  DType type = inputs[0].type;
  bool narrow = type == DType::F16 || type == DType::BF16;
  std::map<char, int64_t> extents;
  std::vector<Term> terms(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (std::string error = oneType(inputs[0], inputs[i]); !error.empty())
      return error;
    if (static_cast<size_t>(inputs[i].rank()) != letters[i].size())
      return "expected an operand of rank " + std::to_string(letters[i].size()) + " for '" + letters[i] + "', got " +
             std::to_string(inputs[i].rank());
    Tensor wide = narrow ? cast(inputs[i], DType::F32) : Tensor();
    if (std::string error = makeTerm(narrow ? wide.view() : inputs[i], letters[i], terms[i]); !error.empty())
      return error;
    terms[i].storage = wide;
    for (char letter : terms[i].letters) {
      int64_t extent = terms[i].extent(letter), &known = extents.emplace(letter, extent).first->second;
      if (known != extent && known != 1 && extent != 1)
        return std::string("expected equal extents for '") + letter + "', got " + std::to_string(known) + " and " +
               std::to_string(extent);
      if (known == 1)
        known = extent;
    }
  }
  // An extent of 1 is broadcast: the operand does not have the letter.
  for (Term &term : terms)
    for (size_t d = term.letters.size(); d-- > 0;)
      if (term.view.shape[d] == 1 && extents[term.letters[d]] != 1) {
        term.letters.erase(d, 1);
        term.view.shape.erase(term.view.shape.begin() + d);
        term.view.strides.erase(term.view.strides.begin() + d);
      }
  for (char letter : output)
    if (!extents.count(letter))
      return std::string("expected an operand with the result's letter '") + letter + "'";

  // From left to right; what only one operand has and nobody needs is summed at once.
  auto reduced = [&](const Term &term, const std::string &needed, Term &to) -> std::string {
    std::string kept;
    for (char letter : term.letters)
      if (needed.find(letter) != std::string::npos)
        kept += letter;
    if (kept == term.letters) {
      to = term;
      return "";
    }
    return sumTo(term, extents, kept, to);
  };
  Term sum = terms[0];
  for (size_t i = 1; i < terms.size(); ++i) {
    std::string later = output;
    for (size_t j = i + 1; j < terms.size(); ++j)
      later += terms[j].letters;
    Term left, right, product;
    std::string error = reduced(sum, later + terms[i].letters, left);
    if (error.empty())
      error = reduced(terms[i], later + sum.letters, right);
    if (error.empty())
      error = contract(left, right, extents, later, product);
    if (!error.empty())
      return error;
    sum = std::move(product);
  }
  Term final;
  if (std::string error = sumTo(sum, extents, output, final); !error.empty())
    return error;
  result = narrow ? cast(final.view, type) : final.storage;
  return "";
}

} // namespace aic::eval
