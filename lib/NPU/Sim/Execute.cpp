//===- Execute.cpp - Dispatch by family, and the shadow -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Execute.h"

#include <cstring>

using namespace aic::npu;
using namespace aic::npu::sim;

bool sim::execute(const Issue &issue, ExecutionContext &context) {
  switch (issue.op->family) {
  case Family::Scalar:
  case Family::Token:
    return true;
  case Family::Dma:
    return executeDma(issue, context), true;
  case Family::Fill:
    return executeFill(issue, context), true;
  case Family::Gather:
    return executeGather(issue, context), true;
  case Family::Matrix:
    return executeMatrix(issue, context), true;
  case Family::Fixpipe:
    return executeFixpipe(issue, context), true;
  case Family::Vector:
    return executeVector(issue, context);
  case Family::Window:
    return executeWindow(issue, context), true;
  }
  return true;
}

namespace {

/// The coordinates of a window's input that some tap touches.
std::vector<bool> touched(int32_t out, int32_t step, int32_t taps, int32_t dilation, int32_t padding, int32_t extent) {
  std::vector<bool> result(static_cast<size_t>(extent));
  for (int64_t o = 0; o < out; ++o)
    for (int64_t k = 0; k < taps; ++k)
      if (int64_t x = o * step - padding + k * dilation; x >= 0 && x < extent)
        result[static_cast<size_t>(x)] = true;
  return result;
}

template <typename F> bool forEachTouchedPixel(const WindowShape &s, F f) {
  std::vector<bool> rows = touched(s.oh, s.sh, s.kh, s.dh, s.pt, s.h);
  std::vector<bool> columns = touched(s.ow, s.sw, s.kw, s.dw, s.pl, s.w);
  for (int64_t y = 0; y < s.h; ++y)
    for (int64_t x = 0; rows[static_cast<size_t>(y)] && x < s.w; ++x)
      if (columns[static_cast<size_t>(x)] && !f(y * s.row + x * s.pixel))
        return false;
  return true;
}

/// Calls f(address, bytes) for every element that GATHER reads or SCATTER writes; leaves out what is not in the space.
template <typename F> bool forEachIndexed(const Issue &issue, MemoryImage &memory, const Decoded &decoded, F f) {
  const Operation &op = *issue.op;
  const VectorShape &s = op.vector;
  const unsigned side = op.opcode == Opcode::GATHER ? slot::VecS0 : slot::VecDst;
  const int64_t element = bytesOf(op.opcode == Opcode::GATHER ? s.s0dt : s.ddt);
  const int64_t limit = decoded.placeBytes[op.operands[side].place];
  const uint8_t *indices = memory.at(op, slot::VecS1, issue.addresses);
  for (int64_t r = 0; r < s.rep; ++r)
    for (int64_t i = 0; i < s.len; ++i) {
      int32_t index;
      std::memcpy(&index, indices + r * s.stride[slot::VecS1] + (s.broadcast[slot::VecS1] ? 0 : i * 4), 4);
      int64_t address = issue.addresses[side] + r * s.stride[side] + index * element;
      if (address >= 0 && address + element <= limit && !f(address, element))
        return false;
    }
  return true;
}

} // namespace

UnsetByte sim::findUnset(const Issue &issue, const ExecutionContext &context) {
  UnsetByte result;
  const Operation &op = *issue.op;
  const Shadow &shadow = context.memory.shadow;
  const Region *region = context.decoded.regionsOf(op);
  for (unsigned i = 0; i < op.regionCount && result.address < 0; ++i, ++region) {
    const Operand &operand = op.operands[region->operand];
    if (!region->read || !shadow.covers(operand.place))
      continue;
    int64_t base = issue.addresses[region->operand];
    auto look = [&](int64_t address, int64_t bytes) {
      int64_t unset = shadow.firstUnset(operand.place, address, bytes);
      if (unset < 0)
        return true;
      result = {operand.field, operand.place, unset, shadow.lastWriter(operand.place, unset)};
      return false;
    };
    if (region->exact)
      forEachRun(*region, base, [&](int64_t address) { return look(address, region->run); });
    else if (op.family == Family::Gather)
      forEachTileRun(op.gather,
                     [&](int64_t, int64_t from, int64_t bytes) { return from < 0 || look(base + from, bytes); });
    else if (op.family == Family::Window)
      forEachTouchedPixel(op.window, [&](int64_t offset) {
        return look(base + offset, int64_t(op.window.c) * bytesOf(op.window.sdt));
      });
  }
  if (op.opcode == Opcode::GATHER && context.memory.tracksValues && result.address < 0)
    forEachIndexed(issue, context.memory, context.decoded, [&](int64_t address, int64_t bytes) {
      Place place = op.operands[slot::VecS0].place;
      int64_t unset = shadow.firstUnset(place, address, bytes);
      if (unset >= 0)
        result = {Field::s0, place, unset, shadow.lastWriter(place, unset)};
      return unset < 0;
    });
  return result;
}

void sim::noteWrites(const Issue &issue, ExecutionContext &context) {
  const Operation &op = *issue.op;
  Shadow &shadow = context.memory.shadow;
  const Region *region = context.decoded.regionsOf(op);
  for (unsigned i = 0; i < op.regionCount; ++i, ++region) {
    if (!region->write)
      continue;
    Place place = op.operands[region->operand].place;
    int64_t base = issue.addresses[region->operand];
    if (op.family == Family::Gather) {
      const GatherShape &s = op.gather;
      int64_t used = int64_t(s.kLen) * s.element;
      shadow.write(place, base, region->run, op.pc);
      if (used != s.pitch)
        for (int64_t m = 0; m < s.mLen; ++m)
          shadow.clear(place, base + m * s.pitch + used, s.pitch - used);
      continue;
    }
    forEachRun(*region, base, [&](int64_t address) {
      shadow.write(place, address, region->run, op.pc);
      return true;
    });
  }
  if (op.opcode == Opcode::SCATTER && context.memory.tracksValues)
    forEachIndexed(issue, context.memory, context.decoded, [&](int64_t address, int64_t bytes) {
      shadow.write(op.operands[slot::VecDst].place, address, bytes, op.pc);
      return true;
    });
}

bool sim::indexedReach(const Issue &issue, MemoryImage &memory, const Decoded &decoded, Region &region) {
  const bool gathers = issue.op->opcode == Opcode::GATHER;
  region.operand = gathers ? slot::VecS0 : slot::VecDst;
  region.read = gathers, region.write = !gathers;
  const int64_t base = issue.addresses[region.operand];
  int64_t low = INT64_MAX, high = INT64_MIN;
  forEachIndexed(issue, memory, decoded, [&](int64_t address, int64_t bytes) {
    low = std::min(low, address - base), high = std::max(high, address - base + bytes);
    return true;
  });
  region.offset = region.low = low, region.high = high, region.run = high - low;
  return low < high;
}
