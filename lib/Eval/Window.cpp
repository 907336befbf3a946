// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Window.cpp - Pooling -----------------------------------------------===//
//
// The input is seen as [outer, spatial..., inner]: outer is N * C and inner 1 with
// channels first, outer is N and inner C with channels last. One walk over outputs
// and the places of their windows serves every pooling.
//
//===----------------------------------------------------------------------===//
#include "aic/Eval/Window.h"
#include "aic/Eval/DTypeVisit.h"
#include "aic/Eval/Indexing.h"
#include "aic/Eval/Movement.h"

#include <algorithm>
#include <limits>

namespace aic::eval {

int64_t Window::extent(size_t d, int64_t input) const {
  int64_t span = input + pads[d] + pads[rank() + d] - dilations[d] * (kernel[d] - 1) - 1;
  if (!ceilMode)
    return span < 0 ? 0 : span / strides[d] + 1;
  if (span <= -strides[d]) // (a window that is larger by less than a stride is one)
    return 0;
  int64_t extent = (span + strides[d] - 1) / strides[d] + 1;
  return (extent - 1) * strides[d] >= input + pads[d] ? extent - 1 : extent;
}

namespace {
/// The places of one window along a dimension: input positions begin, begin + dilation, ..., `count` of them, all
/// inside the input.
struct Span {
  int64_t begin, count;
  int64_t padded; ///< Places inside the padded input.
};

struct Layout {
  int64_t outer = 1, inner = 1;
  std::vector<int64_t> input, output;   ///< Spatial extents.
  std::vector<int64_t> strides;         ///< Of the input's spatial dims, in elements.
  std::vector<std::vector<Span>> spans; ///< Per dimension and output coordinate.
  Shape shape;                          ///< Of the result.
};
} // namespace

static std::string makeLayout(const View &input, const Window &window, Layout &layout) {
  size_t rank = window.rank();
  if (input.shape.size() != rank + 2)
    return "expected an input of rank " + std::to_string(rank + 2) + ", got " + std::to_string(input.rank());
  layout.shape = input.shape;
  size_t first = window.channelsLast ? 1 : 2;
  layout.outer = window.channelsLast ? input.shape[0] : input.shape[0] * input.shape[1];
  layout.inner = window.channelsLast ? input.shape.back() : 1;
  layout.spans.resize(rank);
  layout.strides.resize(rank);
  int64_t stride = layout.inner;
  for (size_t d = rank; d-- > 0; stride *= input.shape[first + d])
    layout.strides[d] = stride;
  for (size_t d = 0; d < rank; ++d) {
    int64_t extent = input.shape[first + d], outputs = window.extent(d, extent);
    if (outputs <= 0)
      return "expected dimension " + std::to_string(first + d) + " of at least " +
             std::to_string(window.dilations[d] * (window.kernel[d] - 1) + 1) + " elements with its padding, got " +
             std::to_string(extent + window.pads[d] + window.pads[rank + d]);
    layout.input.push_back(extent);
    layout.output.push_back(outputs);
    layout.shape[first + d] = outputs;
    int64_t dilation = window.dilations[d];
    for (int64_t o = 0; o < outputs; ++o) {
      int64_t start = o * window.strides[d] - window.pads[d];
      int64_t low = start < 0 ? (-start + dilation - 1) / dilation : 0;
      // Places k with start + dilation * k < limit, at most all of the kernel.
      auto below = [&](int64_t limit) {
        return std::clamp<int64_t>(limit <= start ? 0 : (limit - start + dilation - 1) / dilation, 0, window.kernel[d]);
      };
      Span span{start + low * dilation, std::max<int64_t>(below(extent) - low, 0),
                below(extent + window.pads[rank + d])};
      layout.spans[d].push_back(span);
    }
  }
  return "";
}

/// For each window in row-major order of outer and output positions: `begin(padded places, places)`, then
/// `place(offset)` with the offset in elements of each place in the input, then `end()`.
template <typename Begin, typename Place, typename End>
static void forWindows(const Layout &layout, const Window &window, Begin begin, Place place, End end) {
  size_t rank = window.rank();
  int64_t size = layout.inner, windows = 1;
  for (size_t d = 0; d < rank; ++d) {
    size *= layout.input[d];
    windows *= layout.output[d];
  }
  std::vector<int64_t> at(rank), k(rank);
  std::vector<Span> spans(rank);
  for (int64_t o = 0; o < layout.outer; ++o) {
    std::fill(at.begin(), at.end(), 0);
    for (int64_t w = 0; w < windows; ++w) {
      int64_t places = 1, padded = 1, base = o * size;
      for (size_t d = 0; d < rank; ++d) {
        spans[d] = layout.spans[d][at[d]];
        places *= spans[d].count;
        padded *= spans[d].padded;
        base += spans[d].begin * layout.strides[d];
      }
      begin(padded, places);
      if (places) {
        // The last dimension is the inner loop, an odometer runs the others.
        int64_t step = window.dilations[rank - 1] * layout.strides[rank - 1];
        std::fill(k.begin(), k.end(), 0);
        for (bool more = true; more;) {
          int64_t offset = base;
          for (size_t d = 0; d + 1 < rank; ++d)
            offset += k[d] * window.dilations[d] * layout.strides[d];
          for (int64_t i = 0; i < spans[rank - 1].count; ++i, offset += step)
            place(offset);
          more = false;
          for (size_t d = rank - 1; d-- > 0;) {
            if (++k[d] < spans[d].count) {
              more = true;
              break;
            }
            k[d] = 0;
          }
        }
      }
      end();
      for (size_t d = rank; d-- > 0;) {
        if (++at[d] < layout.output[d])
          break;
        at[d] = 0;
      }
    }
  }
}

/// Calls `body` with the dense input (typed), its layout, and the memory of the result, whose element type is `type`.
template <typename Body>
static std::string overInput(const View &input, const Window &window, DType type, Tensor &result, Body body) {
  Tensor storage;
  View source;
  Layout layout;
  std::string error = makeLayout(input, window, layout);
  if (error.empty())
    error = denseView(input, storage, source);
  if (error.empty())
    error = allocate(type, layout.shape, result);
  if (error.empty())
    visit(input.type, [&](auto tag) { body(source.as<typename decltype(tag)::type>(), layout); });
  return error;
}

template <typename T> static constexpr T lowest() {
  if constexpr (std::numeric_limits<T>::has_infinity)
    return -std::numeric_limits<T>::infinity();
  else
    return std::numeric_limits<T>::lowest();
}

/// What a type computes in.
template <typename T>
using Compute = std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float, T>;

std::string maxPool(const View &input, const Window &window, Tensor &result) {
  return overInput(input, window, input.type, result, [&](auto *from, const Layout &layout) {
    using T = std::remove_pointer_t<decltype(from)>;
    using C = Compute<T>;
    T *to = result.as<T>();
    int64_t inner = layout.inner;
    std::vector<C> best(static_cast<size_t>(inner));
    forWindows(
        layout, window, [&](int64_t, int64_t) { std::fill(best.begin(), best.end(), lowest<C>()); },
        [&](int64_t offset) {
          for (int64_t c = 0; c < inner; ++c) {
            C value = from[offset + c];
            if (value > best[c] || value != value) // NaN wins
              best[c] = value;
          }
        },
        [&] {
          for (int64_t c = 0; c < inner; ++c)
            *to++ = T(best[c]);
        });
  });
}

std::string maxPoolIndices(const View &input, const Window &window, bool columnMajor, Tensor &result) {
  return overInput(input, window, DType::I64, result, [&](auto *from, const Layout &layout) {
    using C = Compute<std::remove_pointer_t<decltype(from)>>;
    // Exchanging the last two spatial dims renumbers the places of an image.
    size_t rank = window.rank();
    int64_t width = layout.input[rank - 1], height = rank > 1 ? layout.input[rank - 2] : 1, image = width * height;
    int64_t *to = result.as<int64_t>(), index = -1;
    C best{};
    forWindows(
        layout, window, [&](int64_t, int64_t) { index = -1; },
        [&](int64_t offset) {
          C value = from[offset];
          if (index < 0 || value > best || (value != value && best == best)) {
            best = value;
            index = offset;
          }
        },
        [&] {
          if (columnMajor && index >= 0) {
            int64_t place = index % image;
            index += place % width * height + place / width - place;
          }
          *to++ = index;
        });
  });
}

std::string avgPool(const View &input, const Window &window, bool countIncludePad, Tensor &result) {
  return overInput(input, window, input.type, result, [&](auto *from, const Layout &layout) {
    using T = std::remove_pointer_t<decltype(from)>;
    if constexpr (!std::is_integral_v<T>) {
      T *to = result.as<T>();
      int64_t inner = layout.inner, divisor = 1;
      std::vector<double> sum(static_cast<size_t>(inner));
      forWindows(
          layout, window,
          [&](int64_t padded, int64_t places) {
            std::fill(sum.begin(), sum.end(), 0);
            divisor = countIncludePad ? padded : places;
          },
          [&](int64_t offset) {
            for (int64_t c = 0; c < inner; ++c)
              sum[c] += double(from[offset + c]);
          },
          [&] {
            for (int64_t c = 0; c < inner; ++c)
              *to++ = T(sum[c] / double(divisor));
          });
    }
  });
}

} // namespace aic::eval
