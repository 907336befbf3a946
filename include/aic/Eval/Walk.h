// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Walk.h - Strided traversal in long runs ----------------------------===//
#ifndef AIC_EVAL_WALK_H
#define AIC_EVAL_WALK_H

#include "aic/Eval/Tensor.h"

#include <array>
#include <type_traits>

namespace aic::eval {

template <size_t N> using Offsets = std::array<int64_t, N>;

namespace detail {
using Run = void (*)(void *context, int64_t count, const int64_t *offsets, const int64_t *steps);
void walk(const Shape &shape, const Shape *const *strides, size_t operands, Run run, void *context);
} // namespace detail

/// Visits all positions of `shape` in row-major order as runs along one dimension. `strides[i]` are the strides of
/// operand i for the dims of `shape`. Calls `run(count, offsets, steps)`: element j of the run is at
/// `offsets[i] + j * steps[i]` of operand i. Dimensions that all operands walk as one are merged first, so dense
/// operands are one run.
template <size_t N, typename Fn> void walk(const Shape &shape, const std::array<const Shape *, N> &strides, Fn &&run) {
  // One walk for all callers: only the run is compiled anew for each of them.
  detail::walk(
      shape, strides.data(), N,
      [](void *context, int64_t count, const int64_t *offsets, const int64_t *steps) {
        Offsets<N> at, step;
        for (size_t i = 0; i < N; ++i) {
          at[i] = offsets[i];
          step[i] = steps[i];
        }
        (*static_cast<std::remove_reference_t<Fn> *>(context))(count, at, step);
      },
      const_cast<void *>(static_cast<const void *>(&run)));
}

} // namespace aic::eval

#endif // AIC_EVAL_WALK_H
