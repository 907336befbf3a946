//===- Timing.cpp - How long an instruction takes -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Timing.h"

#include <cctype>
#include <cmath>

using namespace aic::npu;
using namespace aic::npu::sim;

namespace {

uint64_t ceilDiv(uint64_t a, uint64_t b) { return (a + b - 1) / b; }
uint64_t cyclesFor(uint64_t bytes, double perCycle) {
  return static_cast<uint64_t>(std::ceil(static_cast<double>(bytes) / perCycle));
}

/// Units of `unit` bytes (a power of two) that the runs of a region touch.
uint64_t unitsTouched(const Region &region, int64_t base, int64_t unit) {
  bool regular = true;
  for (unsigned d = 0; d < kRegionDims; ++d)
    regular &= region.count[d] == 1 || region.stride[d] % unit == 0;
  auto touched = [&](int64_t address) {
    return static_cast<uint64_t>((address + region.run - 1) / unit - address / unit + 1);
  };
  if (regular)
    return touched(base + region.offset) * static_cast<uint64_t>(region.runs());
  uint64_t total = 0;
  forEachRun(region, base, [&](int64_t address) { return total += touched(address), true; });
  return total;
}

} // namespace

uint64_t sim::banksOf(const MemorySpace &space, int64_t low, int64_t high) {
  int64_t bank = std::max<int64_t>(static_cast<int64_t>(space.bytes / std::max(space.banks, 1u)), 1);
  int64_t first = low / bank, last = (high - 1) / bank;
  if (last - first >= 63)
    return ~uint64_t(0);
  uint64_t bits = (uint64_t(2) << (last - first)) - 1;
  unsigned shift = static_cast<unsigned>(first & 63);
  return bits << shift | (shift ? bits >> (64 - shift) : 0);
}

CostModel::CostModel(const Decoded &decoded)
    : decoded(decoded), machine(*decoded.machine), cache(decoded.operations.size()) {
  for (unsigned opcode = 0; opcode < vectorCost.size(); ++opcode) {
    const OpcodeInfo *info = infoOf(static_cast<uint8_t>(opcode));
    if (!info)
      continue;
    std::string name = info->mnemonic;
    for (char &c : name)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    auto found = machine.vx.cost.find(name);
    vectorCost[opcode] = found == machine.vx.cost.end() ? 1 : found->second;
  }
  inflight.fill(1);
  for (const DataPath &path : machine.paths)
    if (path.engine == Engine::LD || path.engine == Engine::ST)
      inflight[static_cast<size_t>(path.engine)] =
          std::max(inflight[static_cast<size_t>(path.engine)], path.maxInflight);
}

const Cost &CostModel::of(const Issue &issue) {
  Entry &entry = cache[issue.op->pc];
  // What the answer depends on: the places of the addresses within granules and bursts.
  uint64_t key = issue.enabled;
  for (unsigned i = 0; i < kOperands; ++i) {
    Place place = issue.op->operands[i].place;
    if (place == kNoPlace)
      continue;
    uint64_t unit = isSegment(place) ? std::max(machine.dram.burst, 32u) : 32;
    key = key * 131 + static_cast<uint64_t>(issue.addresses[i]) % unit;
  }
  if (entry.key != key) {
    entry.cost = compute(issue);
    entry.key = key;
  }
  return entry.cost;
}

uint64_t CostModel::accesses(const Issue &issue, const Region &region) const {
  int64_t base = issue.addresses[region.operand];
  const Operation &op = *issue.op;
  if (region.exact || !region.read || op.family != Family::Gather)
    return unitsTouched(region, base, kGranuleBytes);
  uint64_t total = 0;
  forEachTileRun(op.gather, [&](int64_t, int64_t from, int64_t bytes) {
    if (from >= 0)
      total += static_cast<uint64_t>(((base + from + bytes - 1) >> 5) - ((base + from) >> 5) + 1);
    return true;
  });
  return total;
}

uint64_t CostModel::vectorCycles(const Operation &op) const {
  const VectorUnit &vx = machine.vx;
  if (op.family == Family::Fill)
    return vx.headCycles + ceilDiv(static_cast<uint64_t>(op.fill.run) * static_cast<uint64_t>(op.fill.count[0]) *
                                       static_cast<uint64_t>(op.fill.count[1]),
                                   vx.bytesPerCycle);
  if (op.family == Family::Window) {
    const WindowShape &s = op.window;
    uint64_t taps = static_cast<uint64_t>(s.kh) * static_cast<uint64_t>(s.kw);
    uint64_t results = static_cast<uint64_t>(s.oh) * static_cast<uint64_t>(s.ow) * static_cast<uint64_t>(s.c);
    return vx.headCycles + ceilDiv(taps * results, std::max(vx.dwMacsPerCycle, 1u));
  }
  const VectorShape &s = op.vector;
  unsigned widest = bytesOf(s.ddt);
  if (op.operands[slot::VecS0].place != kNoPlace)
    widest = std::max(widest, bytesOf(s.s0dt));
  if ((op.operands[slot::VecS1].place != kNoPlace && op.opcode != Opcode::LUT) ||
      op.operands[slot::VecS2].place != kNoPlace)
    widest = std::max(widest, bytesOf(s.s1dt));
  return vx.headCycles + static_cast<uint64_t>(s.rep) *
                             ceilDiv(static_cast<uint64_t>(s.len) * widest, vx.bytesPerCycle) *
                             vectorCost[static_cast<size_t>(op.opcode)];
}

Cost CostModel::compute(const Issue &issue) const {
  const Operation &op = *issue.op;
  Cost cost;
  if (!issue.enabled || op.family == Family::Token)
    return cost;
  // Accesses of the local memories, and the slowest of their ports.
  const Region *region = decoded.regionsOf(op);
  uint64_t port = 0;
  uint64_t sideBytes = 0;
  double sideRate = 0;
  for (unsigned i = 0; i < op.regionCount; ++i, ++region) {
    Place place = op.operands[region->operand].place;
    if (isSegment(place)) {
      cost.traffic = unitsTouched(*region, issue.addresses[region->operand], machine.dram.burst) * machine.dram.burst;
      cost.bytes = static_cast<uint64_t>(region->run * region->runs());
      continue;
    }
    uint64_t count = accesses(issue, *region);
    cost.accesses[place] += static_cast<uint32_t>(count);
    if (unsigned bytes = machine.spaces[place].portBytes)
      port = std::max(port, ceilDiv(count * kGranuleBytes, bytes));
    if (op.family == Family::Fixpipe && region->operand >= slot::FxTable) {
      sideBytes += static_cast<uint64_t>(region->run * region->runs());
      const DataPath *path =
          machine.path(op.engine, static_cast<Space>(place), static_cast<Space>(op.operands[slot::FxDst].place));
      sideRate = path ? path->bytesPerCycle : pathOf(machine, op)->bytesPerCycle;
    }
  }
  switch (op.family) {
  case Family::Matrix: {
    const MatrixShape &s = op.matrix;
    cost.cycles = machine.mx.headCycles + ceilDiv(static_cast<uint64_t>(s.m), machine.mx.m) *
                                              ceilDiv(static_cast<uint64_t>(s.n), machine.mx.n) *
                                              ceilDiv(static_cast<uint64_t>(s.k), machine.mx.k(s.a));
    return cost;
  }
  case Family::Vector:
  case Family::Window:
    cost.cycles = vectorCycles(op);
    return cost;
  default:
    break;
  }
  if (op.engine == Engine::VX) {
    cost.cycles = vectorCycles(op);
    return cost;
  }
  const DataPath *path = pathOf(machine, op);
  uint64_t bytes = cost.bytes;
  if (op.family == Family::Gather)
    bytes = static_cast<uint64_t>(op.gather.pitch) * static_cast<uint64_t>(op.gather.mLen);
  else if (op.family == Family::Fixpipe)
    bytes =
        static_cast<uint64_t>(op.fixpipe.m) * static_cast<uint64_t>(op.fixpipe.n) * bytesOf(op.fixpipe.epilogue.out);
  else if (op.family == Family::Fill)
    bytes = static_cast<uint64_t>(op.fill.run) * static_cast<uint64_t>(op.fill.count[0]) *
            static_cast<uint64_t>(op.fill.count[1]);
  else if (op.opcode == Opcode::CP)
    bytes = static_cast<uint64_t>(op.dma.run) * static_cast<uint64_t>(op.dma.count[0]) *
            static_cast<uint64_t>(op.dma.count[1]) * static_cast<uint64_t>(op.dma.count[2]);
  cost.issue = path->issue;
  cost.cycles = std::max(cyclesFor(bytes, path->bytesPerCycle), port);
  if (sideBytes)
    cost.cycles += cyclesFor(sideBytes, sideRate);
  cost.cycles = std::max<uint64_t>(cost.cycles, 1);
  return cost;
}
