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
  std::vector<uint64_t>().swap(entry.written);
  live -= entry.size;
  // Of what was freed the last few thousand stay known: a program may allocate for ever.
  const size_t most = 4096;
  if (++freed > 2 * most) {
    size_t drop = freed - most;
    last = nullptr;
    allocations.erase(std::remove_if(allocations.begin(), allocations.end(),
                                     [&](const std::unique_ptr<Allocation> &e) {
                                       bool gone = drop && !e->live;
                                       drop -= gone;
                                       return gone;
                                     }),
                      allocations.end());
    freed = most;
  }
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
      entry->written.assign((entry->size + 63) / 64, 0);
}

/// Calls `f` with each word of bits that the range touches and the mask of its bits there, until it returns false.
template <class F> static void overWords(uint64_t offset, uint64_t size, F &&f) {
  for (uint64_t end = offset + size; offset < end;) {
    uint64_t bit = offset % 64, count = std::min<uint64_t>(64 - bit, end - offset);
    uint64_t mask = (count == 64 ? ~uint64_t(0) : (uint64_t(1) << count) - 1) << bit;
    if (!f(offset / 64, mask))
      return;
    offset += count;
  }
}

void setWritten(Allocation &entry, uint64_t offset, uint64_t size) {
  overWords(offset, size, [&](uint64_t word, uint64_t mask) {
    entry.written[word] |= mask;
    return true;
  });
}

bool isWritten(const Allocation &entry, uint64_t offset, uint64_t size) {
  bool all = true;
  overWords(offset, size, [&](uint64_t word, uint64_t mask) { return all = (entry.written[word] & mask) == mask; });
  return all;
}

void Memory::markWritten(uint64_t address, uint64_t size) {
  Allocation *entry = find(address);
  if (!entry || entry->written.empty())
    return;
  if (size == entry->size)
    entry->written.clear();
  else
    setWritten(*entry, address - entry->address, size);
}

void Memory::copyWritten(uint64_t to, uint64_t from, uint64_t size) {
  Allocation *target = find(to), *source = find(from);
  if (!target || !source || target->written.empty())
    return;
  uint64_t first = to - target->address, second = from - source->address;
  if (source->written.empty())
    return setWritten(*target, first, size);
  // Byte by byte only where a word is neither full nor empty, or where the two do not lie alike.
  bool alike = first % 64 == second % 64;
  std::vector<bool> bits;
  bool overlap = source == target && first > second && first - second < size;
  if (!alike || overlap) {
    bits.resize(size);
    for (uint64_t i = 0; i < size; ++i)
      bits[i] = source->written[(second + i) / 64] >> (second + i) % 64 & 1;
    for (uint64_t i = 0; i < size; ++i) {
      uint64_t bit = uint64_t(1) << (first + i) % 64, &word = target->written[(first + i) / 64];
      word = bits[i] ? word | bit : word & ~bit;
    }
    return;
  }
  uint64_t shift = second / 64 - first / 64;
  overWords(first, size, [&](uint64_t word, uint64_t mask) {
    target->written[word] = (target->written[word] & ~mask) | (source->written[word + shift] & mask);
    return true;
  });
}

uint64_t Memory::firstUnwritten(uint64_t address, uint64_t size) {
  Allocation *entry = find(address);
  if (!entry || entry->written.empty())
    return size;
  uint64_t start = address - entry->address, result = size;
  overWords(start, size, [&](uint64_t word, uint64_t mask) {
    uint64_t missing = ~entry->written[word] & mask;
    if (missing)
      result = word * 64 + uint64_t(__builtin_ctzll(missing)) - start;
    return !missing;
  });
  return result;
}

bool Memory::contains(uint64_t address) const { return address >= firstAddress && address < next; }

bool Memory::write(uint64_t address, const void *source, uint64_t size) {
  if (!size)
    return true;
  uint8_t *target = host(address, size);
  if (!target)
    return false;
  memcpy(target, source, size);
  markWritten(address, size);
  return true;
}

bool Memory::fill(uint64_t address, uint8_t value, uint64_t size) {
  if (!size)
    return true;
  uint8_t *target = host(address, size);
  if (!target)
    return false;
  memset(target, value, size);
  markWritten(address, size);
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
