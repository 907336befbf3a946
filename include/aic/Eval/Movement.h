// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Movement.h - Elements to other places, unchanged -------------------===//
//
// Works on bytes: one implementation for all element types. Every function takes
// views of any strides and returns an error text, or the empty string.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_EVAL_MOVEMENT_H
#define AIC_EVAL_MOVEMENT_H

#include "aic/Eval/Tensor.h"

namespace aic::eval {

/// A tensor of uninitialised elements; an error if an extent is negative or the memory cannot be had.
std::string allocate(DType type, Shape shape, Tensor &result);
/// Copies element by element between views of equal shape and element size that do not overlap.
void copy(const View &from, const View &to);
/// A dense copy.
std::string dense(const View &input, Tensor &result);
/// The elements of an integer tensor in row-major order.
std::vector<int64_t> integers(const View &input);
/// "4x?xf32" without the "?": for messages.
std::string describe(DType type, const Shape &shape);

/// The view under other dims: stride 0 where an extent of 1 is repeated.
std::string broadcastView(const View &input, const Shape &shape, View &result);
View transposeView(const View &input, const std::vector<int64_t> &permutation);
/// Python's slice; `starts`, `ends`, `steps` and `axes` have equally many entries.
std::string sliceView(const View &input, const std::vector<int64_t> &starts, const std::vector<int64_t> &ends,
                      const std::vector<int64_t> &steps, const std::vector<int64_t> &axes, View &result);

/// The extents that a reshape of `input` to `shape` (with -1, and 0 for a copy if `copyZeros`) has.
std::string reshapedExtents(const Shape &input, const std::vector<int64_t> &shape, bool copyZeros, Shape &result);
/// numpy's broadcast of two shapes.
std::string broadcastExtents(const Shape &a, const Shape &b, Shape &result);
/// Start, step and number of elements of Python's slice of a dimension; `step` is not 0.
void sliceRange(int64_t extent, int64_t &start, int64_t end, int64_t step, int64_t &count);

std::string reshape(const View &input, const std::vector<int64_t> &shape, bool copyZeros, Tensor &result);
std::string concat(const std::vector<View> &inputs, int64_t axis, Tensor &result);
std::string tile(const View &input, const std::vector<int64_t> &repeats, Tensor &result);

enum class PadMode { Constant, Edge, Reflect, Wrap };
std::string pad(const View &input, const std::vector<int64_t> &pads, const View &value, PadMode mode, Tensor &result);

/// `max(ceil((limit - start) / delta), 0)` numbers from `start` on. The only arithmetic here.
std::string range(const View &start, const View &limit, const View &delta, Tensor &result);

} // namespace aic::eval

#endif // AIC_EVAL_MOVEMENT_H
