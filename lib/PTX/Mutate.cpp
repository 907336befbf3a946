// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fault injection: what can be broken in a kernel is every instruction with the flag Sync, in one way or two.
#include "Mutate.h"
#include "Engine.h"
#include "Exec.h"
#include <algorithm>

namespace aic::ptx {

namespace {

enum class Break : uint8_t { Remove, WaitLess, Succeed, NoBytes, OneMore };

struct Mutation {
  uint32_t pc;
  Break how;
};

bool startsWith(const std::string &text, const char *prefix) { return text.rfind(prefix, 0) == 0; }

std::vector<Mutation> mutationsOf(const Code &code) {
  std::vector<Mutation> list;
  for (uint32_t pc = 0; pc < code.insts.size(); ++pc) {
    const Inst &inst = code.insts[pc];
    if (!(inst.flags & flag::Sync))
      continue;
    const std::string &name = code.spellings[inst.opcode];
    if (name.find("wait_group") != std::string::npos) {
      list.push_back({pc, Break::WaitLess});
    } else if (name.find("_wait") != std::string::npos && startsWith(name, "mbarrier")) {
      list.push_back({pc, Break::Succeed});
    } else if (startsWith(name, "mbarrier.init")) {
      list.push_back({pc, Break::OneMore});
    } else if (name.find("arrive.expect_tx") != std::string::npos) {
      list.push_back({pc, Break::Remove});
      list.push_back({pc, Break::NoBytes});
    } else {
      list.push_back({pc, Break::Remove});
    }
  }
  return list;
}

void runRemoved(Warp &, const Inst &) {}
void runRemovedResult(Warp &w, const Inst &i) { define(w, i.op[0], w.mask, w.mask); }
void runSucceed(Warp &w, const Inst &i) {
  setPredicate(w, i.op[0], ~0u);
  define(w, i.op[0], w.mask, w.mask);
}
/// mbarrier.init with one arrival more than it says: imm2 is the handler, imm3 counts.
void runOneMore(Warp &w, const Inst &i) {
  uint32_t *count = lanesOf<uint32_t>(w, i.op[1]);
  uint32_t saved[32];
  memcpy(saved, count, sizeof saved);
  for (uint32_t &c : saved)
    ++c;
  std::swap_ranges(saved, saved + 32, count);
  reinterpret_cast<Handler>(i.imm2)(w, i);
  std::swap_ranges(saved, saved + 32, count);
}

} // namespace

void applyMutation(const Code &code, std::vector<Inst> &insts, unsigned index) {
  std::vector<Mutation> list = mutationsOf(code);
  if (index >= list.size())
    return;
  Inst &inst = insts[list[index].pc];
  switch (list[index].how) {
  case Break::Remove:
    inst.run = inst.flagB || startsWith(code.spellings[inst.opcode], "mbarrier.arrive") ? runRemovedResult : runRemoved;
    break;
  case Break::WaitLess:
    ++inst.imm3;
    break;
  case Break::Succeed:
    inst.run = runSucceed;
    break;
  case Break::NoBytes:
    inst.flagB = false;
    inst.imm3 = 0;
    break;
  case Break::OneMore:
    inst.imm2 = reinterpret_cast<int64_t>(inst.run);
    inst.run = runOneMore;
    break;
  }
}

std::vector<Synchronisation> synchronisations(const Program &program, const Kernel &kernel) {
  const Code &code = program.bytecode().codes[kernel.index];
  std::vector<Synchronisation> result;
  for (const Mutation &mutation : mutationsOf(code)) {
    Synchronisation entry;
    entry.line = code.insts[mutation.pc].line;
    entry.opcode = code.spellings[code.insts[mutation.pc].opcode];
    switch (mutation.how) {
    case Break::Remove:
      entry.effect = "removed";
      break;
    case Break::WaitLess:
      entry.effect = "leaves one more group in flight";
      break;
    case Break::Succeed:
      entry.effect = "does not wait";
      break;
    case Break::NoBytes:
      entry.effect = "expects no bytes";
      break;
    case Break::OneMore:
      entry.effect = "expects one arrival more";
      break;
    }
    result.push_back(std::move(entry));
  }
  return result;
}

} // namespace aic::ptx
