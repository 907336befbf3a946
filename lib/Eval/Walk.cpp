// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Eval/Walk.h"

namespace aic::eval {

void detail::walk(const Shape &shape, const Shape *const *strides, size_t operands, Run run, void *context) {
  struct Dim {
    int64_t extent, position = 0;
    std::vector<int64_t> steps;
  };
  std::vector<Dim> dims;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 0)
      return;
    if (shape[d] == 1)
      continue;
    std::vector<int64_t> steps(operands);
    bool merges = !dims.empty();
    for (size_t i = 0; i < operands; ++i) {
      steps[i] = (*strides[i])[d];
      merges = merges && dims.back().steps[i] == steps[i] * shape[d];
    }
    if (merges)
      dims.back() = {dims.back().extent * shape[d], 0, std::move(steps)};
    else
      dims.push_back({shape[d], 0, std::move(steps)});
  }
  if (dims.empty())
    dims.push_back({1, 0, std::vector<int64_t>(operands, 1)});

  Dim inner = std::move(dims.back());
  dims.pop_back();
  std::vector<int64_t> offsets(operands, 0);
  while (true) {
    run(context, inner.extent, offsets.data(), inner.steps.data());
    size_t d = dims.size();
    while (true) {
      if (d-- == 0)
        return;
      Dim &dim = dims[d];
      bool carries = ++dim.position == dim.extent;
      for (size_t i = 0; i < operands; ++i)
        offsets[i] += carries ? -dim.steps[i] * (dim.extent - 1) : dim.steps[i];
      if (!carries)
        break;
      dim.position = 0;
    }
  }
}

} // namespace aic::eval
