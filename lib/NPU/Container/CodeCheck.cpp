//===- CodeCheck.cpp - What a program's instructions may refer to -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One pass over the instructions. Address registers are followed as intervals: a register that a loop rotates runs
// from its first to its last value, and both are reached, so an address is out of bounds only if the program really
// goes there. What is not known before the launch (arguments, trip counts in registers, what a loop's body assigns and
// uses in the next iteration) is left to the simulator.
//
//===----------------------------------------------------------------------===//

#include "aic/NPU/Container/Layout.h"
#include "aic/NPU/Verify/Access.h"

#include <algorithm>

namespace aic::npu {
namespace {

using Place = std::optional<Space>;
// Beyond any address; keeps sums of intervals far from the ends of their type.
constexpr int64_t kMostOffset = int64_t(1) << 56;

struct Interval {
  int64_t low = 0, high = 0;
  bool isKnown = false;
};

struct OpenLoop {
  size_t at = 0;
  uint16_t assigned = 0; // registers that the body assigns
  unsigned rotated[2] = {0, 0};
  Interval entry[2];
};

class Checker {
public:
  Checker(const Program &program, const Machine &machine, Diagnosis &diagnosis)
      : program(program), machine(machine), diagnosis(diagnosis) {
    for (const Semaphore &semaphore : program.semaphores)
      if (semaphore.id < declared.size())
        declared[semaphore.id] = &semaphore;
  }

  bool check() {
    if (!findAssigned())
      return false;
    registers[0] = {0, 0, true};
    for (at = 0; at < program.code.size(); ++at)
      if (!checkInstruction(program.code[at]))
        return false;
    return true;
  }

private:
  bool fail(Defect defect, const std::string &expected, const std::string &got) {
    std::string where = "instruction " + std::to_string(at);
    if (at < program.code.size())
      where += std::string(" (") + infoOf(program.code[at].opcode).mnemonic + ")";
    if (at < program.debugLines.size() && program.debugLines[at].op < program.debugOps.size())
      if (const std::string &node = program.debugOps[program.debugLines[at].op].node; !node.empty())
        where += " of '" + node + "'";
    diagnosis = {defect, where + ": expected " + expected + ", got " + got + " [" + nameOf(defect) + "]"};
    return false;
  }

  /// Nesting, and what each loop's body assigns.
  bool findAssigned() {
    std::vector<size_t> open;
    assigned.resize(program.code.size());
    for (at = 0; at < program.code.size(); ++at) {
      const Instruction &inst = program.code[at];
      bool isLast = at + 1 == program.code.size();
      if ((inst.opcode == Opcode::HALT) != isLast)
        return fail(Defect::CodeHalt, "HALT as the last instruction and nowhere else",
                    isLast ? infoOf(inst.opcode).mnemonic : "HALT before it");
      if (inst.opcode == Opcode::LOOP) {
        open.push_back(at);
        if (open.size() > kMaxLoopDepth)
          return fail(Defect::CodeLoopDepth, "at most " + std::to_string(kMaxLoopDepth) + " nested loops",
                      std::to_string(open.size()));
      } else if (inst.opcode == Opcode::ENDLOOP) {
        if (open.empty())
          return fail(Defect::CodeLoop, "an open loop", "none");
        open.pop_back();
      } else if (inst.opcode == Opcode::SETA || inst.opcode == Opcode::ADDA || inst.opcode == Opcode::LDARG) {
        for (size_t loop : open)
          assigned[loop] |= 1u << (inst.get(Field::ar) & 15);
      }
    }
    if (program.code.empty())
      return fail(Defect::CodeHalt, "HALT as the last instruction", "no instruction");
    at = open.empty() ? 0 : open.back();
    return open.empty() || fail(Defect::CodeLoop, "an ENDLOOP", "none");
  }

  bool checkInstruction(const Instruction &inst) {
    if (!checkSemaphore(inst.wait, inst, "wait") || !checkSemaphore(inst.signal, inst, "signal"))
      return false;
    switch (inst.opcode) {
    case Opcode::SWAIT:
      return inst.wait >= 0 || fail(Defect::CodeSemaphoreMissing, "a semaphore to wait for", "none");
    case Opcode::SSIG:
      return inst.signal >= 0 || fail(Defect::CodeSemaphoreMissing, "a semaphore to signal", "none");
    case Opcode::LOOP:
      return enterLoop(inst), true;
    case Opcode::ENDLOOP:
      return leaveLoop(), true;
    case Opcode::SETA:
    case Opcode::ADDA:
      return assign(inst), true;
    case Opcode::LDARG:
      registers[inst.get(Field::ar)].isKnown = false;
      return inst.get(Field::arg) < int64_t(program.argumentCount) ||
             fail(Defect::CodeArgument, "an argument below " + std::to_string(program.argumentCount),
                  std::to_string(inst.get(Field::arg)));
    case Opcode::SETP:
      return inst.get(Field::depth) < int64_t(loops.size()) ||
             fail(Defect::CodeLoopIndex, "a loop below depth " + std::to_string(loops.size()),
                  std::to_string(inst.get(Field::depth)));
    default:
      return checkWays(inst) && checkAddresses(inst);
    }
  }

  bool checkSemaphore(int number, const Instruction &inst, const char *use) {
    if (number < 0)
      return true;
    const Semaphore *semaphore = size_t(number) < declared.size() ? declared[number] : nullptr;
    std::string what = std::string(use) + " on semaphore " + std::to_string(number);
    if (!semaphore)
      return fail(Defect::CodeSemaphoreUndeclared, "a declared semaphore", what);
    Engine engine = use[0] == 'w' ? semaphore->consumer : semaphore->producer;
    return engine == inst.engine || fail(Defect::CodeSemaphoreEngine, std::string(use) + "s by " + nameOf(engine),
                                         what + " by " + nameOf(inst.engine));
  }

  void enterLoop(const Instruction &inst) {
    OpenLoop loop;
    loop.at = at;
    loop.assigned = assigned[at];
    const Field fields[2][3] = {{Field::ar0, Field::inc0, Field::wrap0}, {Field::ar1, Field::inc1, Field::wrap1}};
    for (unsigned i = 0; i < 2; ++i) {
      loop.rotated[i] = inst.get(fields[i][0]);
      loop.entry[i] = registers[loop.rotated[i]];
    }
    bool isStatic = !inst.get(Field::trip_ar) && inst.get(Field::trip) > 0 && inst.predicate < 0 &&
                    loop.rotated[0] != loop.rotated[1];
    for (unsigned i = 0; i < 2; ++i) {
      if (!loop.rotated[i])
        continue;
      Interval &value = registers[loop.rotated[i]];
      int64_t wrap = inst.get(fields[i][2]), steps = inst.get(Field::trip);
      int64_t last = inst.get(fields[i][1]) * ((wrap ? std::min(wrap, steps) : steps) - 1);
      value.isKnown &= isStatic;
      (last < 0 ? value.low : value.high) += value.isKnown ? last : 0;
      value.isKnown &= std::abs(value.low) < kMostOffset && std::abs(value.high) < kMostOffset;
    }
    forget(loop.assigned);
    loops.push_back(loop);
  }

  void leaveLoop() {
    OpenLoop loop = loops.back();
    loops.pop_back();
    for (unsigned i = 0; i < 2; ++i)
      if (loop.rotated[i])
        registers[loop.rotated[i]] = loop.entry[i];
    forget(loop.assigned);
  }

  void forget(uint16_t mask) {
    for (unsigned i = 1; i < kAddressRegisters; ++i)
      registers[i].isKnown &= !(mask >> i & 1);
  }

  void assign(const Instruction &inst) {
    Interval value{0, 0, true};
    if (inst.opcode == Opcode::ADDA)
      value = registers[inst.get(Field::from)];
    value.low += value.isKnown ? inst.get(Field::value) : 0;
    value.high += value.isKnown ? inst.get(Field::value) : 0;
    value.isKnown &= inst.predicate < 0 && std::abs(value.low) < kMostOffset && std::abs(value.high) < kMostOffset;
    if (unsigned ar = inst.get(Field::ar))
      registers[ar] = value;
  }

  bool checkWay(Engine engine, Place from, Place to) {
    if (machine.path(engine, from, to))
      return true;
    auto text = [](Place place) { return std::string(place ? nameOf(*place) : "DRAM"); };
    return fail(Defect::CodePath, "a way that " + std::string(nameOf(engine)) + " has on '" + machine.name + "'",
                text(from) + " to " + text(to));
  }

  /// FILL takes any way of MV into the destination.
  bool checkFill(Space to) {
    for (const DataPath &path : machine.paths)
      if (path.engine == Engine::MV &&
          std::find(path.destinations.begin(), path.destinations.end(), Place(to)) != path.destinations.end())
        return true;
    return fail(Defect::CodePath, "a way that MV has on '" + machine.name + "'", std::string("one to ") + nameOf(to));
  }

  bool checkWays(const Instruction &inst) {
    auto space = [&](Field field) { return inst.local(field).space; };
    switch (inst.opcode) {
    case Opcode::LD:
      return checkWay(Engine::LD, std::nullopt, space(Field::dst));
    case Opcode::ST:
      return checkWay(Engine::ST, space(Field::src), std::nullopt);
    case Opcode::CP:
    case Opcode::LDA:
    case Opcode::LDB:
      return checkWay(Engine::MV, space(Field::src), space(Field::dst));
    case Opcode::FILL:
      return inst.engine != Engine::MV || checkFill(space(Field::dst));
    case Opcode::FXOUT: {
      const OpcodeInfo &info = infoOf(inst.opcode);
      for (unsigned i = 0; i < info.operandCount; ++i)
        if (info.operands[i].reads && inst.uses(info.operands[i]) &&
            !checkWay(Engine::FX, space(info.operands[i].field), space(Field::dst)))
          return false;
      return true;
    }
    default:
      return true;
    }
  }

  bool checkAddresses(const Instruction &inst) {
    if (inst.opcode == Opcode::LD || inst.opcode == Opcode::ST) {
      unsigned segment = inst.global(inst.opcode == Opcode::LD ? Field::src : Field::dst).segment;
      if (segment >= program.segments.size())
        return fail(Defect::CodeSegment, "a segment below " + std::to_string(program.segments.size()),
                    std::to_string(segment));
      SegmentKind kind = program.segments[segment].kind;
      if (inst.opcode == Opcode::ST && (kind == SegmentKind::Const || kind == SegmentKind::Input))
        return fail(Defect::CodeSegmentWrite, "a segment that may be written",
                    "segment " + std::to_string(segment) + " of kind " +
                        (kind == SegmentKind::Const ? "CONST" : "INPUT"));
    }
    AddressRegisters low{}, high{};
    for (unsigned i = 1; i < kAddressRegisters; ++i)
      if (registers[i].isKnown)
        low[i] = registers[i].low, high[i] = registers[i].high;
    first.clear(), last.clear();
    accesses(inst, low, machine, first);
    accesses(inst, high, machine, last);
    for (const Access &access : first)
      if (!checkBound(inst, access, access.box.begin() < 0, access.box.begin()))
        return false;
    for (const Access &access : last)
      if (!checkBound(inst, access, uint64_t(access.box.end()) > size(access.memory) && access.box.end() > 0,
                      access.box.end()))
        return false;
    return true;
  }

  uint64_t size(Memory memory) const {
    return memory.isSegment() ? program.segments[memory.segment()].bytes : machine.space(memory.space()).bytes;
  }

  bool checkBound(const Instruction &inst, const Access &access, bool isOutside, int64_t address) {
    unsigned ar = access.memory.isSegment() ? inst.global(access.field).ar : inst.local(access.field).ar;
    const Interval &value = registers[ar];
    // A false predicate may keep the instruction from the ends of the interval.
    if (!isOutside || !value.isKnown || (inst.predicate >= 0 && value.low != value.high))
      return true;
    return fail(access.memory.isSegment() ? Defect::CodeSegmentBounds : Defect::CodeSpaceBounds,
                std::string("'") + nameOf(access.field) + "' in " + access.memory.str() + " of " +
                    std::to_string(size(access.memory)) + " bytes",
                (address < 0 ? "a first byte at " : "an end at ") + std::to_string(address));
  }

  const Program &program;
  const Machine &machine;
  Diagnosis &diagnosis;
  std::array<const Semaphore *, 64> declared{};
  std::vector<uint16_t> assigned; // by LOOP
  std::vector<OpenLoop> loops;
  std::array<Interval, kAddressRegisters> registers{};
  std::vector<Access> first, last;
  size_t at = 0;
};

} // namespace

bool checkCode(const Program &program, const Machine &machine, Diagnosis &diagnosis) {
  return Checker(program, machine, diagnosis).check();
}

} // namespace aic::npu
