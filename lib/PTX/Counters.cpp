// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a kernel costs, as far as that shows without a clock: bank conflicts, sectors, instruction mix.
#include "Access.h"
#include <algorithm>

namespace aic::ptx {

void LineCounters::operator+=(const LineCounters &other) {
  instructions += other.instructions;
  lanes += other.lanes;
  sharedRequests += other.sharedRequests;
  sharedBytes += other.sharedBytes;
  bankConflicts += other.bankConflicts;
  globalRequests += other.globalRequests;
  globalBytes += other.globalBytes;
  sectors += other.sectors;
  sectorsMinimum += other.sectorsMinimum;
  localBytes += other.localBytes;
  mma += other.mma;
  flops += other.flops;
}

/// 32 banks of four bytes. A request is served in passes over 128 bytes' worth of lanes (all 32 for up to four bytes,
/// half a warp for eight, a quarter for sixteen); a pass takes as many cycles as the fullest bank has different words.
void countShared(Warp &w, uint32_t mask, const uint64_t *addresses, unsigned bytes) {
  LineCounters &counter = w.engine->counters[w.at];
  ++counter.sharedRequests;
  counter.sharedBytes += uint64_t(bytes) * unsigned(__builtin_popcount(mask));
  unsigned group = bytes <= 4 ? 32 : bytes <= 8 ? 16 : 8;
  for (unsigned first = 0; first < 32; first += group) {
    uint64_t banks[32][32];
    unsigned counts[32] = {}, most = 0;
    for (unsigned l = first; l < first + group; ++l) {
      if (!(mask >> l & 1))
        continue;
      for (uint64_t word = addresses[l] / 4; word <= (addresses[l] + bytes - 1) / 4; ++word) {
        unsigned bank = word % 32;
        uint64_t *seen = banks[bank];
        if (std::find(seen, seen + counts[bank], word) != seen + counts[bank])
          continue;
        if (counts[bank] < 32)
          seen[counts[bank]++] = word;
        most = std::max(most, counts[bank]);
      }
    }
    if (most > 1)
      counter.bankConflicts += most - 1;
  }
}

void countGlobal(Warp &w, uint32_t mask, const uint64_t *addresses, unsigned bytes) {
  LineCounters &counter = w.engine->counters[w.at];
  ++counter.globalRequests;
  uint64_t sectors[64];
  unsigned count = 0;
  uint64_t touched[32];
  unsigned distinct = 0;
  for (uint32_t m = mask; m; m &= m - 1) {
    uint64_t address = addresses[__builtin_ctz(m)];
    if (std::find(touched, touched + distinct, address) == touched + distinct)
      touched[distinct++] = address;
    for (uint64_t sector = address / 32; sector <= (address + bytes - 1) / 32; ++sector)
      if (std::find(sectors, sectors + count, sector) == sectors + count && count < 64)
        sectors[count++] = sector;
  }
  uint64_t total = uint64_t(distinct) * bytes;
  counter.globalBytes += uint64_t(bytes) * unsigned(__builtin_popcount(mask));
  counter.sectors += count;
  counter.sectorsMinimum += (total + 31) / 32;
}

static std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    if ((unsigned char)c < 0x20)
      c = ' ';
    result += c;
  }
  return result + "\"";
}

static std::string fields(const LineCounters &c) {
  auto field = [](const char *name, uint64_t value) {
    return std::string("\"") + name + "\": " + std::to_string(value);
  };
  return field("bankConflicts", c.bankConflicts) + ", " + field("flops", c.flops) + ", " +
         field("globalBytes", c.globalBytes) + ", " + field("globalRequests", c.globalRequests) + ", " +
         field("instructions", c.instructions) + ", " + field("lanes", c.lanes) + ", " +
         field("localBytes", c.localBytes) + ", " + field("mma", c.mma) + ", " + field("sectors", c.sectors) + ", " +
         field("sectorsMinimum", c.sectorsMinimum) + ", " + field("sharedBytes", c.sharedBytes) + ", " +
         field("sharedRequests", c.sharedRequests);
}

std::string Counters::json(const Program &program, const Kernel &kernel) const {
  std::string text = "{\n  \"barriers\": " + std::to_string(barriers) + ",\n  \"blocks\": " + std::to_string(blocks) +
                     ",\n  \"file\": " + quoted(program.name()) + ",\n  \"kernel\": " + quoted(kernel.name) +
                     ",\n  \"lines\": [";
  bool first = true;
  for (const auto &entry : lines) {
    std::string_view source = program.sourceLine(entry.first);
    size_t start = source.find_first_not_of(" \t");
    source.remove_prefix(start == std::string_view::npos ? source.size() : start);
    text += std::string(first ? "" : ",") + "\n    {\"line\": " + std::to_string(entry.first) + ", " +
            fields(entry.second) + ", \"text\": " + quoted(source.substr(0, 120)) + "}";
    first = false;
  }
  text += "\n  ],\n  \"mix\": {";
  first = true;
  for (const auto &entry : mix) {
    text += std::string(first ? "" : ",") + "\n    " + quoted(entry.first) + ": " + std::to_string(entry.second);
    first = false;
  }
  return text + "\n  },\n  \"total\": {" + fields(total) + "}\n}\n";
}

} // namespace aic::ptx
