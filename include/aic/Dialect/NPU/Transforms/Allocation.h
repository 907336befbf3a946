// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Allocation.h - Addresses for the buffers of a program ----*- C++ -*-===//
#ifndef AIC_DIALECT_NPU_TRANSFORMS_ALLOCATION_H
#define AIC_DIALECT_NPU_TRANSFORMS_ALLOCATION_H

#include "aic/Dialect/NPU/IR/NPUOps.h"
#include <optional>

namespace mlir::npu {

/// Buffers that no placement was found for: those alive where the most bytes are.
struct Overflow {
  struct Buffer {
    Location loc;
    std::string name;
    int64_t bytes;      // as allocated, a multiple of the memory's alignment
    size_t first, last; // instructions that use it, counted from the first of those that were looked at
  };
  Space space = Space::L1;
  int64_t capacity = 0, bytes = 0;
  SmallVector<Buffer> buffers;

  /// "expected buffers of at most ... bytes in L1 at a time, got ..."
  std::string message() const;
  /// A note for each buffer.
  void attachNotes(Diagnostic &diagnostic) const;
};

/// Sets the addresses of the buffers among `ops`, in the memories of `machine`.
std::optional<Overflow> allocateBuffers(iterator_range<Block::iterator> ops, const ::aic::npu::Machine &machine);

/// What hinders an allocation of `ops` as a part of any program, if anything. `ops` must contain all uses of their
/// buffers, and use no others. Sets no addresses.
std::optional<Overflow> findOverflow(iterator_range<Block::iterator> ops, const ::aic::npu::Machine &machine);

} // namespace mlir::npu

#endif // AIC_DIALECT_NPU_TRANSFORMS_ALLOCATION_H
