//===- Lives.cpp - How long bytes of a local space are in use -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Lives.h"

#include <algorithm>

using namespace aic::npu;
using namespace aic::npu::sim;

void LifeTracker::completed(const Issue &issue, const Decoded &decoded, uint64_t begin, uint64_t end) {
  const Region *region = decoded.regionsOf(*issue.op);
  for (unsigned i = 0; i < issue.op->regionCount; ++i, ++region) {
    Place place = issue.op->operands[region->operand].place;
    if (isSegment(place))
      continue;
    auto &map = parts[place];
    int64_t low = issue.addresses[region->operand] + region->low;
    int64_t high = issue.addresses[region->operand] + region->high;
    auto at = map.upper_bound(low);
    if (at != map.begin() && std::prev(at)->second.high > low)
      --at;
    if (region->read)
      for (auto part = at; part != map.end() && part->first < high; ++part)
        trace.lives[part->second.life].end = std::max(trace.lives[part->second.life].end, end);
    if (!region->write)
      continue;
    while (at != map.end() && at->first < high) {
      auto [partLow, part] = *at;
      at = map.erase(at);
      if (partLow < low)
        map.emplace(partLow, Part{low, part.life});
      if (part.high > high)
        at = std::next(map.emplace(high, Part{part.high, part.life}).first);
    }
    map.emplace(low, Part{high, trace.lives.size()});
    trace.lives.push_back({static_cast<Space>(place), low, high, begin, end, issue.op->pc, issue.debugOp});
  }
}
