// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FirstFit.h - Addresses by lifetime -----------------------*- C++ -*-===//
#ifndef AIC_DIALECT_NPU_TRANSFORMS_FIRSTFIT_H
#define AIC_DIALECT_NPU_TRANSFORMS_FIRSTFIT_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

namespace mlir::npu {

/// Memory that is needed from `begin` to `end`, both included, and where it lies once that is decided.
struct LifeSpan {
  size_t begin = 0, end = 0;
  int64_t bytes = 0, address = -1;
};

/// The lowest address from `from` on where `life` meets none of `placed` (pointers to LifeSpan) that live at the same
/// time.
template <typename RangeT> int64_t firstFit(const LifeSpan &life, const RangeT &placed, int64_t from) {
  SmallVector<std::pair<int64_t, int64_t>> taken;
  for (const LifeSpan *other : placed)
    if (other->begin <= life.end && life.begin <= other->end)
      taken.push_back({other->address, other->address + other->bytes});
  llvm::sort(taken);
  int64_t address = from;
  for (auto [begin, end] : taken) {
    if (address + life.bytes <= begin)
      break;
    address = std::max(address, end);
  }
  return address;
}

} // namespace mlir::npu

#endif // AIC_DIALECT_NPU_TRANSFORMS_FIRSTFIT_H
