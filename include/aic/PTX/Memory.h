// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Device memory: allocations at device addresses that are never host addresses, so that host code that follows one
// fails at once. Between two allocations lies a red zone that belongs to nobody.
#ifndef AIC_PTX_MEMORY_H
#define AIC_PTX_MEMORY_H

#include "aic/PTX/Types.h"
#include <cstddef>
#include <memory>

namespace aic::ptx {

struct Allocation {
  uint64_t address = 0;
  uint64_t size = 0;
  uint8_t *host = nullptr;
  std::string name;
  bool live = true;
  bool readOnly = false;
  /// One bit per byte, set once something was written; empty unless asked for.
  std::vector<uint64_t> written;
  std::unique_ptr<uint8_t[]> owned;
};

/// Sets or looks up bits of Allocation::written.
void setWritten(Allocation &entry, uint64_t offset, uint64_t size);
bool isWritten(const Allocation &entry, uint64_t offset, uint64_t size);

class Memory {
public:
  Memory();
  ~Memory();
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;

  /// `size` bytes, 512-byte aligned, filled with 0xFF; 0 if the host has no memory for it. `name` is used in reports.
  uint64_t allocate(uint64_t size, std::string name);
  /// Makes `size` bytes of the host visible at a device address without copying them.
  uint64_t map(void *host, uint64_t size, std::string name);
  /// False if `address` is not the start of a live allocation. What was freed stays known: its use is reported as such.
  bool free(uint64_t address);

  /// The host's view of a device range; null unless it lies within one live allocation.
  uint8_t *host(uint64_t address, uint64_t size);
  /// Reads of bytes that neither the host (`write`, `fill`) nor a kernel wrote are reported from now on.
  void trackInitialised(uint64_t address);
  /// For bytes that were moved through host(): marks them, or gives a copy the marks of its source.
  void markWritten(uint64_t address, uint64_t size);
  void copyWritten(uint64_t to, uint64_t from, uint64_t size);
  /// Offset of the first byte that nothing wrote; `size` if there is none, or if nobody asked to keep track.
  uint64_t firstUnwritten(uint64_t address, uint64_t size);
  bool write(uint64_t address, const void *source, uint64_t size);
  bool fill(uint64_t address, uint8_t value, uint64_t size);
  bool read(uint64_t address, void *target, uint64_t size);

  /// The allocation, live or freed, that holds `address`; null if none does.
  Allocation *find(uint64_t address);
  /// The allocation whose end or start is nearest: for "12 bytes past the end of 'A'".
  const Allocation *nearest(uint64_t address) const;
  uint64_t liveBytes() const { return live; }
  /// Whether `address` was ever handed out, or lies in a red zone.
  bool contains(uint64_t address) const;

private:
  Allocation &add(uint64_t size, std::string name);
  std::vector<std::unique_ptr<Allocation>> allocations; // by address
  uint64_t next;
  uint64_t live = 0;
  size_t freed = 0; // of `allocations`
  Allocation *last = nullptr;
};

} // namespace aic::ptx

#endif // AIC_PTX_MEMORY_H
