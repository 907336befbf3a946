//===- Hazard.cpp - Accesses that nothing orders ------------------------------===//
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
constexpr size_t kHistory = 48; // accesses of an engine to a memory that are remembered

} // namespace

int64_t sim::commonByte(const Operation &a, const Region &regionA, int64_t baseA, const Operation &b,
                        const Region &regionB, int64_t baseB) {
  struct Side {
    const Operation *op;
    const Region *region;
    int64_t base;
    // A gather's region is only a box around its runs.
    bool isBox() const { return !region->exact && region->read && op->family == Family::Gather; }
  };
  Side runs{&a, &regionA, baseA}, box{&b, &regionB, baseB};
  // The runs of the one that has fewer, or whose region is not exact, against the other's region.
  if (!runs.isBox() && (box.isBox() || box.region->runs() < runs.region->runs()))
    std::swap(runs, box);
  int64_t low = std::max(runs.base + runs.region->low, box.base + box.region->low);
  int64_t high = std::min(runs.base + runs.region->high, box.base + box.region->high);
  if (low >= high)
    return -1;
  int64_t found = -1;
  auto look = [&](int64_t address, int64_t bytes) {
    int64_t from = std::max(address, low), to = std::min(address + bytes, high);
    if (from < to)
      found = findByte(*box.region, 0, box.base + box.region->offset, from, to);
    return found < 0;
  };
  if (runs.isBox())
    forEachTileRun(runs.op->gather,
                   [&](int64_t, int64_t from, int64_t bytes) { return from < 0 || look(runs.base + from, bytes); });
  else if (runs.region->runs() > kManyRuns)
    return low;
  else
    forEachRun(*runs.region, runs.base, [&](int64_t address) { return look(address, runs.region->run); });
  return found;
}

HazardDetector::HazardDetector(const Decoded &decoded, MemoryImage &memory, Diagnostics &diagnostics)
    : decoded(decoded), memory(memory), diagnostics(diagnostics) {
  for (const DataPath &path : decoded.machine->paths)
    if ((path.engine == Engine::LD || path.engine == Engine::ST) && path.maxInflight > 1)
      overlaps[static_cast<size_t>(path.engine)] = true;
}

Clock HazardDetector::begin(const Issue &issue, const Clock *token, uint64_t cycle) {
  const size_t engine = static_cast<size_t>(issue.op->engine);
  Clock &clock = clocks[engine];
  if (token)
    join(clock, *token);
  const uint32_t before = started[engine]++;
  if (!overlaps[engine])
    clock[engine] = before;
  if (issue.enabled && issue.op->family != Family::Token) {
    const Region *region = decoded.regionsOf(*issue.op);
    for (unsigned i = 0; i < issue.op->regionCount; ++i, ++region)
      add(issue, *region, clock, cycle);
    // The indexed side reaches wherever the indices say, as they are now.
    const Opcode opcode = issue.op->opcode;
    if ((opcode == Opcode::GATHER || opcode == Opcode::SCATTER) && memory.tracksValues) {
      Region reach;
      if (indexedReach(issue, memory, decoded, reach))
        add(issue, reach, clock, cycle);
    }
  }
  Clock signal = clock;
  signal[engine] = started[engine]; // queues complete in order
  return signal;
}

void HazardDetector::add(const Issue &issue, const Region &region, const Clock &clock, uint64_t cycle) {
  const Place place = issue.op->operands[region.operand].place;
  const size_t engine = static_cast<size_t>(issue.op->engine);
  Access access;
  access.op = issue.op, access.region = region, access.base = issue.addresses[region.operand];
  access.low = access.base + region.low, access.high = access.base + region.high;
  access.number = issue.number, access.sequence = started[engine];
  for (size_t other = 1; other < kEngines; ++other) {
    const History &history = histories[place][other];
    if (other == engine && !overlaps[engine])
      continue;
    for (size_t back = 1; back <= history.size; ++back) {
      const Access &before = history.ring[(history.next + kHistory - back) % kHistory];
      // Complete before this one, and before it in the program: so is all that is older.
      if (before.number == access.number)
        continue; // another region of the same instruction
      if (before.sequence <= clock[other] && before.number < access.number)
        break;
      if ((before.region.write || region.write) && before.low < access.high && access.low < before.high)
        conflict(before, static_cast<Engine>(other), access, place, cycle);
    }
  }
  History &own = histories[place][engine];
  if (own.ring.empty())
    own.ring.resize(kHistory);
  own.ring[own.next] = access;
  own.next = (own.next + 1) % kHistory;
  own.size = std::min(own.size + 1, kHistory);
}

void HazardDetector::conflict(const Access &before, Engine engine, const Access &now, Place place, uint64_t cycle) {
  int64_t byte = commonByte(*before.op, before.region, before.base, *now.op, now.region, now.base);
  if (byte < 0)
    return;
  // By the order of the program, whoever started first.
  const bool inOrder = before.number < now.number;
  const bool met = !inOrder || before.sequence > completed[static_cast<size_t>(engine)];
  const Access &first = inOrder ? before : now, &second = inOrder ? now : before;
  Diagnostic::Kind kind = !first.region.write   ? Diagnostic::Kind::War
                          : second.region.write ? Diagnostic::Kind::Waw
                                                : Diagnostic::Kind::Raw;
  const uint32_t a = first.op->pc, b = second.op->pc;
  std::string message = diagnostics.describe(b) + (kind == Diagnostic::Kind::Raw ? " reads what " : " writes what ") +
                        diagnostics.describe(a);
  const bool reads = kind == Diagnostic::Kind::War;
  message += met ? reads ? " is still to read" : " is still to write"
                 : std::string(reads ? " has read" : " has written") + " before only by luck";
  if (kind == Diagnostic::Kind::Raw && place == placeOf(Space::C0) && first.op->engine == Engine::MX)
    message += " (accumulators taken before MX is done)";
  const bool turned =
      !inOrder && before.sequence <= clocks[static_cast<size_t>(now.op->engine)][static_cast<size_t>(engine)];
  message += ": byte " + std::to_string(byte) + " of " + nameOfPlace(place) +
             (turned ? ", semaphores order them against the program, at cycle " : ", nothing orders them at cycle ") +
             std::to_string(cycle);
  diagnostics.report(kind, b, a, cycle, message);
}
