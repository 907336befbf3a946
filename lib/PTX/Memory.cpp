// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/PTX/Memory.h"
#include <algorithm>
#include <cstring>
#include <new>

namespace aic::ptx {

// Device addresses start above what fits 32 bits (a truncated pointer is then no pointer) and stay below the generic
// windows of shared and local memory.
static const uint64_t firstAddress = 0x7'0000'0000ull;
static const uint64_t alignment = 512;
static const uint64_t redZone = 4096;

Memory::Memory() : next(firstAddress) {}
Memory::~Memory() = default;

Allocation &Memory::add(uint64_t size, std::string name) {
  auto entry = std::make_unique<Allocation>();
  entry->address = next;
  entry->size = size;
  entry->name = std::move(name);
  next += (size + alignment - 1) / alignment * alignment + redZone;
  live += size;
  allocations.push_back(std::move(entry));
  return *allocations.back();
}

uint64_t Memory::allocate(uint64_t size, std::string name) {
  if (size > (uint64_t(1) << 40))
    return 0;
  std::unique_ptr<uint8_t[]> owned(new (std::nothrow) uint8_t[size ? size : 1]);
  if (!owned)
    return 0;
  memset(owned.get(), 0xff, size);
  Allocation &entry = add(size, std::move(name));
  entry.host = owned.get();
  entry.owned = std::move(owned);
  return entry.address;
}

uint64_t Memory::map(void *host, uint64_t size, std::string name) {
  Allocation &entry = add(size, std::move(name));
  entry.host = static_cast<uint8_t *>(host);
  return entry.address;
}

Allocation *Memory::find(uint64_t address) {
  if (last && address - last->address < last->size)
    return last;
  auto above = std::upper_bound(allocations.begin(), allocations.end(), address,
                                [](uint64_t a, const std::unique_ptr<Allocation> &e) { return a < e->address; });
  if (above == allocations.begin())
    return nullptr;
  Allocation *entry = std::prev(above)->get();
  if (address - entry->address >= entry->size)
    return nullptr;
  return last = entry;
}

const Allocation *Memory::nearest(uint64_t address) const {
  const Allocation *best = nullptr;
  uint64_t distance = UINT64_MAX;
  for (const auto &entry : allocations) {
    uint64_t end = entry->address + entry->size;
    uint64_t d = address < entry->address ? entry->address - address : address >= end ? address - end : 0;
    if (d < distance)
      distance = d, best = entry.get();
  }
  return best;
}

bool Memory::free(uint64_t address) {
  auto at = std::lower_bound(allocations.begin(), allocations.end(), address,
                             [](const std::unique_ptr<Allocation> &e, uint64_t a) { return e->address < a; });
  if (at == allocations.end() || (*at)->address != address || !(*at)->live)
    return false;
  Allocation &entry = **at;
  entry.live = false;
  entry.owned.reset();
  entry.host = nullptr;
  entry.written.clear();
  live -= entry.size;
  return true;
}

uint8_t *Memory::host(uint64_t address, uint64_t size) {
  Allocation *entry = find(address);
  if (!entry || !entry->live || size > entry->size - (address - entry->address))
    return nullptr;
  return entry->host + (address - entry->address);
}

void Memory::trackInitialised(uint64_t address) {
  if (Allocation *entry = find(address))
    if (entry->live)
      entry->written.assign(entry->size, false);
}

bool Memory::write(uint64_t address, const void *source, uint64_t size) {
  if (!size)
    return true;
  uint8_t *target = host(address, size);
  if (!target)
    return false;
  memcpy(target, source, size);
  if (!last->written.empty())
    std::fill_n(last->written.begin() + long(address - last->address), size, true);
  return true;
}

bool Memory::fill(uint64_t address, uint8_t value, uint64_t size) {
  if (!size)
    return true;
  uint8_t *target = host(address, size);
  if (!target)
    return false;
  memset(target, value, size);
  if (!last->written.empty())
    std::fill_n(last->written.begin() + long(address - last->address), size, true);
  return true;
}

bool Memory::read(uint64_t address, void *target, uint64_t size) {
  if (!size)
    return true;
  const uint8_t *source = host(address, size);
  if (!source)
    return false;
  memcpy(target, source, size);
  return true;
}

} // namespace aic::ptx
