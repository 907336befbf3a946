//===- Hazard.cpp - Instructions that run at the same time --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Hazard.h"

using namespace aic::npu;
using namespace aic::npu::sim;

namespace {

int64_t floorDiv(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

/// The first byte of [low, high) found in a region's dimensions from `dim` on, whose first run begins at `base`; -1.
int64_t findByte(const Region &region, unsigned dim, int64_t base, int64_t low, int64_t high) {
  if (dim == kRegionDims) {
    int64_t byte = std::max(base, low);
    return byte < std::min(base + region.run, high) ? byte : -1;
  }
  // What the inner dimensions span around a base.
  int64_t before = 0, after = region.run;
  for (unsigned d = dim + 1; d < kRegionDims; ++d) {
    int64_t span = (region.count[d] - 1) * region.stride[d];
    (span < 0 ? before : after) += span;
  }
  int64_t stride = region.stride[dim], first = 0, last = region.count[dim] - 1;
  if (stride == 0) {
    last = 0;
  } else {
    // low - after < base + i * stride < high - before
    int64_t from = low - after + 1 - base, to = high - before - 1 - base;
    if (stride < 0)
      std::swap(from, to), from = -from, to = -to;
    int64_t step = std::abs(stride);
    first = std::max(first, -floorDiv(-from, step));
    last = std::min(last, floorDiv(to, step));
  }
  for (int64_t i = first; i <= last; ++i)
    if (int64_t byte = findByte(region, dim + 1, base + i * stride, low, high); byte >= 0)
      return byte;
  return -1;
}

constexpr int64_t kManyRuns = 1 << 17;

} // namespace

int64_t sim::commonByte(const Issue &a, const Region &regionA, const Issue &b, const Region &regionB) {
  const Issue *first = &a, *second = &b;
  const Region *runs = &regionA, *box = &regionB;
  auto unclear = [](const Issue &issue, const Region &region) {
    return !region.exact && region.read && issue.op->family == Family::Gather;
  };
  // Runs of the one with fewer of them, or of a gather, whose region is only a box around it.
  if (!unclear(a, regionA) && (unclear(b, regionB) || regionB.runs() < regionA.runs()))
    std::swap(first, second), std::swap(runs, box);
  const int64_t base = first->addresses[runs->operand], other = second->addresses[box->operand];
  int64_t low = std::max(base + runs->low, other + box->low), high = std::min(base + runs->high, other + box->high);
  if (low >= high)
    return -1;
  int64_t found = -1;
  auto look = [&](int64_t address, int64_t bytes) {
    int64_t from = std::max(address, low), to = std::min(address + bytes, high);
    if (from < to)
      found = findByte(*box, 0, other + box->offset, from, to);
    return found < 0;
  };
  if (unclear(*first, *runs))
    forEachTileRun(first->op->gather,
                   [&](int64_t, int64_t from, int64_t bytes) { return from < 0 || look(base + from, bytes); });
  else if (runs->runs() > kManyRuns)
    return low;
  else
    forEachRun(*runs, base, [&](int64_t address) { return look(address, runs->run); });
  return found;
}

void HazardDetector::begin(const Issue &issue, uint64_t cycle) {
  if (!issue.enabled)
    return;
  const Region *region = decoded.regionsOf(*issue.op);
  for (unsigned i = 0; i < issue.op->regionCount; ++i, ++region)
    add(issue, *region, cycle);
  // The indexed side reaches wherever the indices say, as they are now.
  const Opcode opcode = issue.op->opcode;
  if ((opcode == Opcode::GATHER || opcode == Opcode::SCATTER) && memory.tracksValues) {
    Region reach;
    if (indexedReach(issue, memory, decoded, reach))
      add(issue, reach, cycle);
  }
}

void HazardDetector::add(const Issue &issue, const Region &region, uint64_t cycle) {
  Place place = issue.op->operands[region.operand].place;
  int64_t base = issue.addresses[region.operand];
  Access access{&issue, region, base, base + region.low, base + region.high, issue.op->engine};
  for (const Access &other : inFlight[place])
    if (other.engine != access.engine && (other.region.write || region.write) && other.low < access.high &&
        access.low < other.high)
      conflict(other, access, place, cycle);
  inFlight[place].push_back(access);
}

void HazardDetector::end(const Issue &issue) {
  if (!issue.enabled)
    return;
  for (const Operand &operand : issue.op->operands) {
    if (operand.place == kNoPlace)
      continue;
    auto &list = inFlight[operand.place];
    for (size_t i = 0; i < list.size();) {
      if (list[i].issue != &issue) {
        ++i;
        continue;
      }
      list[i] = list.back();
      list.pop_back();
    }
  }
}

void HazardDetector::conflict(const Access &before, const Access &now, Place place, uint64_t cycle) {
  int64_t byte = commonByte(*before.issue, before.region, *now.issue, now.region);
  if (byte < 0)
    return;
  // By the order of the program, whoever started first.
  const bool inOrder = before.issue->number < now.issue->number;
  const Access &first = inOrder ? before : now, &second = inOrder ? now : before;
  Diagnostic::Kind kind = !first.region.write   ? Diagnostic::Kind::War
                          : second.region.write ? Diagnostic::Kind::Waw
                                                : Diagnostic::Kind::Raw;
  const uint32_t a = first.issue->op->pc, b = second.issue->op->pc;
  std::string message;
  if (kind == Diagnostic::Kind::Raw)
    message = diagnostics.describe(b) + " reads what " + diagnostics.describe(a) + " is still to write";
  else
    message = diagnostics.describe(b) + " writes what " + diagnostics.describe(a) +
              (kind == Diagnostic::Kind::War ? " is still to read" : " is still to write");
  if (kind == Diagnostic::Kind::Raw && place == placeOf(Space::C0) && first.engine == Engine::MX)
    message += " (accumulators taken before MX is done)";
  message += ": byte " + std::to_string(byte) + " of " + nameOfPlace(place) + ", nothing orders them at cycle " +
             std::to_string(cycle);
  diagnostics.report(kind, b, a, cycle, message);
}
