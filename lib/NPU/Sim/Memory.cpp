//===- Memory.cpp - What a program reads and writes ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Memory.h"

#include <algorithm>

using namespace aic::npu;
using namespace aic::npu::sim;

namespace {

/// Calls f(granule, mask of its bytes) for every granule of a run.
template <typename F> void forEachGranule(int64_t address, int64_t bytes, F f) {
  if (bytes <= 0)
    return;
  int64_t first = address >> 5, last = (address + bytes - 1) >> 5;
  uint32_t head = ~0u << (address & 31), tail = ~0u >> (31 - ((address + bytes - 1) & 31));
  if (first == last)
    return f(first, head & tail);
  f(first, head);
  for (int64_t g = first + 1; g < last; ++g)
    f(g, ~0u);
  f(last, tail);
}

} // namespace

void Shadow::enable(Place place, uint64_t bytes) {
  values[place].assign((bytes + 31) / 32 + 1, 0);
  writers[place].assign(values[place].size(), kNobody);
}

void Shadow::write(Place place, int64_t address, int64_t bytes, uint32_t pc) {
  if (!covers(place))
    return;
  uint32_t *value = values[place].data(), *writer = writers[place].data();
  forEachGranule(address, bytes, [=](int64_t g, uint32_t mask) { value[g] |= mask, writer[g] = pc; });
}

void Shadow::clear(Place place, int64_t address, int64_t bytes) {
  if (!covers(place))
    return;
  uint32_t *value = values[place].data();
  forEachGranule(address, bytes, [=](int64_t g, uint32_t mask) { value[g] &= ~mask; });
}

int64_t Shadow::firstUnset(Place place, int64_t address, int64_t bytes) const {
  if (!covers(place))
    return -1;
  const uint32_t *value = values[place].data();
  int64_t unset = -1;
  forEachGranule(address, bytes, [&](int64_t g, uint32_t mask) {
    if (unset < 0 && (value[g] & mask) != mask)
      unset = g * 32 + __builtin_ctz(~value[g] & mask);
  });
  return unset;
}

uint32_t Shadow::lastWriter(Place place, int64_t address) const {
  return covers(place) ? writers[place][static_cast<size_t>(address >> 5)] : kNobody;
}

MemoryImage::MemoryImage(const Decoded &decoded, bool withData, bool withShadow) : tracksValues(withData) {
  for (unsigned i = 0; withShadow && i < kSpaces; ++i)
    shadow.enable(static_cast<Place>(i), static_cast<uint64_t>(decoded.placeBytes[i]));
  if (!withData)
    return;
  for (unsigned i = 0; i < kSpaces; ++i) {
    // Room behind the end for reads of whole vectors.
    owned.push_back(std::make_unique<uint8_t[]>(static_cast<size_t>(decoded.placeBytes[i]) + 64));
    places[i] = owned.back().get();
  }
}

void MemoryImage::bind(unsigned segment, uint8_t *data, uint64_t bytes) {
  if (!data) {
    owned.push_back(std::make_unique<uint8_t[]>(bytes));
    data = owned.back().get();
  }
  places[placeOfSegment(segment)] = data;
}
