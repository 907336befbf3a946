//===- Memory.h - What a program reads and writes -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bytes of the local spaces and of the segments, and their shadow: which bytes have been written, and by which
// instruction. Addresses have been checked before they come here.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_LIB_NPU_SIM_MEMORY_H
#define AIC_LIB_NPU_SIM_MEMORY_H

#include "Operation.h"
#include "aic/NPU/Sim/Simulator.h"

#include <memory>

namespace aic::npu::sim {

/// For each granule of 32 bytes: a bit per byte that holds a value, and who wrote it last. A place without shadow is
/// whole from the start.
class Shadow {
public:
  static constexpr uint32_t kNobody = ~0u;
  void enable(Place place, uint64_t bytes);
  bool covers(Place place) const { return !values[place].empty(); }
  void write(Place place, int64_t address, int64_t bytes, uint32_t pc);
  /// The bytes hold nothing: padding of a tile's row.
  void clear(Place place, int64_t address, int64_t bytes);
  /// The first byte that holds no value, or -1.
  int64_t firstUnset(Place place, int64_t address, int64_t bytes) const;
  uint32_t lastWriter(Place place, int64_t address) const;

private:
  std::array<std::vector<uint32_t>, kPlaces> values, writers;
};

class MemoryImage {
public:
  /// Local spaces only; segments are bound one by one.
  MemoryImage(const Decoded &decoded, bool withData, bool withShadow);
  /// The caller's bytes, or own ones (zero) with data == null.
  void bind(unsigned segment, uint8_t *data, uint64_t bytes);

  uint8_t *at(Place place, int64_t address) { return places[place] + address; }
  uint8_t *at(const Operation &op, unsigned slot, const std::array<int64_t, kOperands> &addresses) {
    return places[op.operands[slot].place] + addresses[slot];
  }

  Shadow shadow;
  const bool tracksValues; // whether there are bytes

private:
  std::array<uint8_t *, kPlaces> places{};
  std::vector<std::unique_ptr<uint8_t[]>> owned;
};

} // namespace aic::npu::sim

#endif // AIC_LIB_NPU_SIM_MEMORY_H
