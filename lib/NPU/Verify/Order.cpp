//===- Order.cpp - Which instruction is complete before which starts ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "aic/NPU/Verify/Order.h"

#include <algorithm>

namespace aic::npu {

void Clock::merge(const Clock &other) {
  for (unsigned i = 0; i < kEngines; ++i) {
    started[i] = std::max(started[i], other.started[i]);
    completed[i] = std::max(completed[i], other.completed[i]);
  }
}

bool overlapsItself(const Machine &machine, Engine engine) {
  if (engine != Engine::LD && engine != Engine::ST)
    return false;
  return std::any_of(machine.paths.begin(), machine.paths.end(),
                     [&](const DataPath &path) { return path.engine == engine && path.maxInflight > 1; });
}

OrderTracker::OrderTracker(const Machine &machine) {
  for (unsigned i = 0; i < kEngines; ++i)
    overlaps[i] = overlapsItself(machine, static_cast<Engine>(i));
}

QueuePosition OrderTracker::append(Engine engine) {
  size_t e = static_cast<size_t>(engine);
  auto &queue = starts[e];
  Clock clock;
  uint32_t index = static_cast<uint32_t>(queue.size());
  if (index) {
    clock = queue.back();
    clock.started[e] = index;
    if (!overlaps[e])
      clock.completed[e] = index;
  }
  queue.push_back(clock);
  return {engine, index};
}

void OrderTracker::order(QueuePosition earlier, QueuePosition later) {
  starts[index(later)][later.index].merge(completion(earlier));
}

Clock OrderTracker::completion(QueuePosition position) const {
  // The starts of a queue know more and more, so that what an earlier instruction's completion implies is in it.
  Clock clock = start(position);
  size_t e = index(position);
  clock.started[e] = std::max(clock.started[e], position.index + 1);
  clock.completed[e] = std::max(clock.completed[e], position.index + 1);
  return clock;
}

namespace {

/// Bits of the smallest power of two that holds the length.
unsigned classOf(const ByteBox &box) {
  uint64_t length = static_cast<uint64_t>(box.end() - box.begin());
  unsigned bits = 0;
  while (bits < 62 && (uint64_t(1) << bits) < length)
    ++bits;
  return bits;
}

} // namespace

/// Calls visit(bucket) for the buckets that may hold an interval that meets [begin, end).
template <typename FnT> void AccessHistory::visitBuckets(Index &index, int64_t begin, int64_t end, FnT visit) {
  for (auto &[bits, buckets] : index.classes) {
    int64_t last = (end - 1) >> bits;
    for (auto it = buckets.lower_bound((begin >> bits) - 1); it != buckets.end() && it->first <= last;) {
      auto &entries = it->second;
      entries.erase(std::remove_if(entries.begin(), entries.end(), [&](const Entry &e) { return isForgotten(e); }),
                    entries.end());
      visit(entries);
      it = entries.empty() ? buckets.erase(it) : std::next(it);
    }
  }
}

void AccessHistory::candidates(const Access &access, const std::function<void(const Entry &)> &visit) {
  int64_t begin = access.box.begin(), end = access.box.end();
  auto all = [&](std::vector<Entry> &entries) {
    for (const Entry &entry : entries)
      if (entry.access.box.begin() < end && begin < entry.access.box.end())
        visit(entry);
  };
  visitBuckets(writes[access.memory.index()], begin, end, all);
  if (access.write)
    visitBuckets(reads[access.memory.index()], begin, end, all);
}

void AccessHistory::record(const Access &access, QueuePosition position, uint32_t id) {
  if (access.box.empty())
    return;
  Index &index = (access.write ? writes : reads)[access.memory.index()];
  unsigned bits = classOf(access.box);
  index.classes[bits][access.box.begin() >> bits].push_back({position, id, access});
}

void AccessHistory::supersede(const Access &access, QueuePosition position, uint32_t id) {
  auto drop = [&](std::vector<Entry> &entries) {
    entries.erase(std::remove_if(entries.begin(), entries.end(),
                                 [&](const Entry &entry) { return access.box.covers(entry.access.box); }),
                  entries.end());
  };
  for (auto *side : {&writes, &reads})
    visitBuckets((*side)[access.memory.index()], access.box.begin(), access.box.end(), drop);
  record(access, position, id);
}

} // namespace aic::npu
