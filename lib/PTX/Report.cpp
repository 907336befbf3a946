// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the engine says: the names of threads and addresses, one error for each kind and pair of lines, who waits for
// what when no thread can go on.
#include "Defined.h"
#include "Engine.h"
#include <algorithm>

namespace aic::ptx {

std::string Engine::threadName(const Block &block, unsigned who) const {
  if (who >= block.warps.size() * 32)
    return "an asynchronous copy";
  uint32_t x = who % config.block.x, y = who / config.block.x % config.block.y,
           z = who / (config.block.x * config.block.y);
  return "thread (" + std::to_string(x) + "," + std::to_string(y) + "," + std::to_string(z) + ")";
}

std::string hex(uint64_t value) {
  char text[32];
  snprintf(text, sizeof text, "0x%llx", (unsigned long long)value);
  return text;
}

std::string Engine::sharedName(uint64_t address) const { return "shared memory at " + hex(address); }

/// Of the pointers among the parameters the one closest below `address`, in the same allocation.
std::string Engine::pointerName(uint64_t address, const Allocation &entry) const {
  const Param *best = nullptr;
  uint64_t distance = ~uint64_t(0);
  for (const Param &param : kernel.params) {
    uint64_t value;
    if (param.size != 8 || param.offset + 8 > params.size())
      continue;
    memcpy(&value, params.data() + param.offset, 8);
    if (value >= entry.address && value <= address && value - entry.address < entry.size && address - value < distance)
      best = &param, distance = address - value;
  }
  return best ? ", " + std::to_string(distance) + " bytes behind parameter '" + best->name + "'" : "";
}

std::string Engine::globalName(uint64_t address, uint64_t bytes) {
  std::string text = globalPlace(address, bytes);
  const Allocation *near = options.namePointers ? memory.find(address) : nullptr;
  if (!near && options.namePointers)
    near = memory.nearest(address);
  return near ? text + pointerName(address, *near) : text;
}

std::string Engine::globalPlace(uint64_t address, uint64_t bytes) {
  const Allocation *near = memory.find(address);
  if (!near)
    near = memory.nearest(address);
  if (!near)
    return "address " + hex(address);
  std::string name = "'" + near->name + "' (" + std::to_string(near->size) + " bytes)";
  uint64_t end = near->address + near->size;
  if (address < near->address)
    return near->address - address > (1 << 20) ? "address " + hex(address)
                                               : std::to_string(near->address - address) + " bytes before " + name;
  if (address >= end)
    return address - end > (1 << 20) ? "address " + hex(address)
                                     : std::to_string(address - end) + " bytes past the end of " + name;
  if (bytes > end - address)
    return "across the end of " + name;
  return "byte " + std::to_string(address - near->address) + " of " + name;
}

void Engine::reportAt(Block &block, const char *kind, uint32_t pc, unsigned thread, std::string message,
                      uint32_t otherPc) {
  unsigned line = lineOf(pc), other = otherPc == ~0u ? 0 : lineOf(otherPc);
  uint64_t key = 0;
  for (const char *p = kind; *p; ++p)
    key = key * 31 + (unsigned char)*p;
  auto found = known.find({key, line, other});
  if (found != known.end()) {
    ++result.errors[found->second].count;
    return;
  }
  if (result.errors.size() >= std::max(1u, options.maxErrors)) {
    stopping = true;
    return;
  }
  known[{key, line, other}] = result.errors.size();
  Error error;
  error.kind = kind;
  error.line = line;
  error.otherLine = other;
  error.block = block.index;
  error.thread = {thread % config.block.x, thread / config.block.x % config.block.y,
                  thread / (config.block.x * config.block.y)};
  error.message = std::move(message);
  result.errors.push_back(std::move(error));
  if (result.errors.size() >= std::max(1u, options.maxErrors))
    stopping = true;
}

void Engine::report(Warp &warp, const char *kind, uint32_t lanes, std::string message, uint32_t otherPc) {
  unsigned lane = lanes ? unsigned(__builtin_ctz(lanes)) : 0;
  reportAt(*warp.block, kind, warp.at, warp.index * 32 + lane, std::move(message), otherPc);
}

void Engine::reportFinding(Warp &warp, const Finding &finding, uint32_t lanes, bool write, const char *what) {
  if (finding.lanes)
    lanes = finding.lanes;
  std::string place = sharedName(finding.address);
  std::string verb = what ? what : write ? "writes" : "reads";
  std::string other = "line " + std::to_string(lineOf(finding.otherPc));
  switch (finding.kind) {
  case Finding::None:
    return;
  case Finding::ReadAfterWrite:
    return report(warp, "race", lanes,
                  verb + " " + place + ", written by " + threadName(*warp.block, finding.otherThread) + " at " + other +
                      " without synchronisation between",
                  finding.otherPc);
  case Finding::WriteAfterRead:
    return report(warp, "race", lanes,
                  verb + " " + place + ", read by " + threadName(*warp.block, finding.otherThread) + " at " + other +
                      " without synchronisation between",
                  finding.otherPc);
  case Finding::WriteAfterWrite:
    return report(warp, "race", lanes,
                  verb + " " + place + ", also written by " + threadName(*warp.block, finding.otherThread) + " at " +
                      other + " without synchronisation between",
                  finding.otherPc);
  case Finding::InFlight:
    return report(warp, "in-flight", lanes,
                  verb + " " + place + " while the copy issued at " + other + " may still be in flight",
                  finding.otherPc);
  case Finding::ReadByAgent:
    return report(warp, "in-flight", lanes,
                  verb + " " + place + " while the operation issued at " + other + " may still read it",
                  finding.otherPc);
  case Finding::Uninitialised:
    return report(warp, "uninitialised", lanes, verb + " " + place + ", which nothing has written");
  case Finding::NoProxyFence:
    return report(warp, "fence", lanes,
                  verb + " " + place + " by the asynchronous proxy, written at " + other +
                      " without a fence.proxy.async behind it",
                  finding.otherPc);
  case Finding::BarrierObject:
    return report(warp, "mbarrier", lanes, verb + " " + place + ", which holds an mbarrier");
  }
}

void Engine::undefined(Warp &warp, Slot slot, uint32_t lanes, const char *use) {
  if (!options.uninitialised)
    return;
  const std::string &name = slot.index < code.registerNames.size() ? code.registerNames[slot.index] : "";
  bool partly = lanes && definedBytes(warp, slot, unsigned(__builtin_ctz(lanes)));
  report(warp, "uninitialised", lanes,
         (name.empty() ? std::string("an undefined value")
                       : "register '" + name + "' has " + (partly ? "undefined bytes" : "no defined value")) +
             ", used as " + use);
}

void Engine::deadlock(Block &block) {
  std::string text = "no thread can go on:";
  const char *kind = "deadlock";
  uint32_t pc = 0;
  unsigned thread = 0;
  bool first = true;
  unsigned listed = 0, skipped = 0;
  for (Warp &warp : block.warps)
    for (Group &group : warp.groups) {
      uint32_t at = group.wait == Wait::Warp ? group.pc : group.pc ? group.pc - 1 : 0;
      if (group.wait == Wait::Warp)
        kind = "divergence";
      if (first || group.wait == Wait::Warp) {
        pc = at;
        thread = warp.index * 32 + unsigned(__builtin_ctz(group.mask));
      }
      first = false;
      if (++listed > 12) {
        ++skipped;
        continue;
      }
      char lanes[64];
      snprintf(lanes, sizeof lanes, " warp %u lanes 0x%x", warp.index, group.mask);
      text += std::string(listed > 1 ? ";" : "") + lanes + " at line " + std::to_string(lineOf(at));
      const Inst &inst = insts[at];
      if (group.wait == Wait::Warp) {
        char missing[32];
        snprintf(missing, sizeof missing, "0x%x", group.what & ~group.mask);
        text += std::string(" waits for lanes ") + missing;
      } else if (group.wait == Wait::Barrier) {
        NamedBarrier &barrier = block.barriers[group.what];
        text += " waits at barrier " + std::to_string(group.what) + " (" + std::to_string(barrier.arrived) + " of " +
                std::to_string(barrier.sized ? barrier.expected : block.threads - block.exited) + " arrived)";
      } else if (group.what) {
        text += " waits for mbarrier " + hex(group.what - 1);
        auto found = block.mbarriers.find(group.what - 1);
        if (found != block.mbarriers.end())
          text += " (phase " + std::to_string(found->second.phase) + ", " + std::to_string(found->second.pending) +
                  " arrivals and " + std::to_string(found->second.tx) + " bytes missing)";
      } else {
        text += " polls ('" + code.spellings[inst.opcode] + "')";
      }
    }
  if (skipped)
    text += "; and " + std::to_string(skipped) + " more";
  if (block.exited)
    text += "; " + std::to_string(block.exited) + " threads have exited";
  reportAt(block, kind, pc, thread, text);
  stopping = true;
}

} // namespace aic::ptx
