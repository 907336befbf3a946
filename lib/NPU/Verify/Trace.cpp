//===- Trace.cpp - Abstract execution of a program ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops are unrolled as they run: exact, and as long as the program's run. A program that dispatches more than
// VerifyOptions::maxInstructions is refused, never passed by a part of it.
//
//===----------------------------------------------------------------------===//

#include "Trace.h"

#include <algorithm>

namespace aic::npu {

/// Address registers have 48 bits.
static int64_t wrap48(int64_t value) { return static_cast<int64_t>(static_cast<uint64_t>(value) << 16) >> 16; }

Sequencer::Sequencer(const Program &program, const VerifyOptions &options) : program(program), options(options) {
  predicates.fill(-1);
  endOf.assign(program.code.size(), 0);
  std::vector<uint32_t> open;
  for (uint32_t pc = 0; pc < program.code.size(); ++pc) {
    if (program.code[pc].opcode == Opcode::LOOP)
      open.push_back(pc);
    if (program.code[pc].opcode == Opcode::ENDLOOP && !open.empty()) {
      endOf[open.back()] = pc;
      open.pop_back();
    }
  }
}

Sequencer::Stop Sequencer::fail(const std::string &text) {
  reason = text;
  return Stop::Malformed;
}

void Sequencer::rotate(const Loop &loop) {
  for (const Loop::Register &r : loop.registers)
    if (r.number)
      values[r.number] = wrap48(r.entry + r.increment * (r.wrap ? loop.index % r.wrap : loop.index));
  unsigned rotated = ((1u << loop.registers[0].number) | (1u << loop.registers[1].number)) & ~1u;
  unknownBits = (unknownBits & ~rotated) | (loop.unknownAtEntry & rotated);
}

Sequencer::Stop Sequencer::enter(const Instruction &inst) {
  if (!endOf[current])
    return fail("expected an ENDLOOP for the LOOP");
  if (loops.size() == kMaxLoopDepth)
    return fail("expected at most " + std::to_string(kMaxLoopDepth) + " nested loops");
  int64_t trip = inst.get(Field::trip);
  if (inst.get(Field::trip_ar)) {
    if (trip >= kAddressRegisters || (unknownBits >> trip) & 1)
      return fail("expected a trip count that is known, got that of address register " + std::to_string(trip) +
                  ": give the launch arguments");
    trip = values[trip];
  }
  if (trip < 0)
    return fail("expected at least 0 iterations, got " + std::to_string(trip));
  if (trip == 0) {
    at = endOf[current] + 1;
    return Stop::Queued;
  }
  auto reg = [&](Field ar, Field inc, Field wrap) {
    unsigned number = static_cast<unsigned>(inst.get(ar)) % kAddressRegisters;
    return Loop::Register{number, values[number], inst.get(inc), inst.get(wrap)};
  };
  loops.push_back({current,
                   0,
                   trip,
                   {reg(Field::ar0, Field::inc0, Field::wrap0), reg(Field::ar1, Field::inc1, Field::wrap1)},
                   unknownBits});
  rotate(loops.back());
  return Stop::Queued;
}

Sequencer::Stop Sequencer::setPredicate(const Instruction &inst) {
  size_t depth = static_cast<size_t>(inst.get(Field::depth));
  if (depth >= loops.size())
    return fail("expected a loop " + std::to_string(depth) + " levels out, got " + std::to_string(loops.size()) +
                " loops");
  int64_t index = loops[loops.size() - 1 - depth].index, value = inst.get(Field::value);
  bool holds[] = {index == value, index != value, index<value, index <= value, index> value, index >= value};
  unsigned compare = static_cast<unsigned>(inst.get(Field::cmp));
  predicates[inst.get(Field::p) & 3] = compare < 6 && holds[compare];
  return Stop::Queued;
}

/// Queued stands for "go on".
Sequencer::Stop Sequencer::execute(const Instruction &inst) {
  auto number = [&](Field field) { return static_cast<unsigned>(inst.get(field)) % kAddressRegisters; };
  switch (inst.opcode) {
  case Opcode::NOP:
  case Opcode::MARK:
  case Opcode::IRQ:
    return Stop::Queued;
  case Opcode::HALT:
    return loops.empty() ? Stop::End : fail("expected HALT outside of loops");
  case Opcode::LOOP:
    return enter(inst);
  case Opcode::ENDLOOP: {
    if (loops.empty())
      return fail("expected a LOOP before the ENDLOOP");
    Loop &loop = loops.back();
    if (++loop.index < loop.trip) {
      rotate(loop);
      at = loop.begin + 1;
      return Stop::Queued;
    }
    loop.index = 0; // both registers have their values at entry again
    rotate(loop);
    loops.pop_back();
    return Stop::Queued;
  }
  case Opcode::SETA:
  case Opcode::ADDA: {
    unsigned ar = number(Field::ar), from = inst.opcode == Opcode::ADDA ? number(Field::from) : 0;
    if (ar == 0)
      return fail("expected an address register from 1 to 15, got 0");
    values[ar] = wrap48(values[from] + inst.get(Field::value));
    unknownBits = (unknownBits & ~(1u << ar)) | (((unknownBits >> from) & 1) << ar);
    return Stop::Queued;
  }
  case Opcode::LDARG: {
    unsigned ar = number(Field::ar);
    size_t arg = static_cast<size_t>(inst.get(Field::arg));
    if (ar == 0)
      return fail("expected an address register from 1 to 15, got 0");
    bool known = arg < options.arguments.size();
    values[ar] = known ? wrap48(options.arguments[arg]) : 0;
    unknownBits = (unknownBits & ~(1u << ar)) | (known ? 0u : 1u << ar);
    return Stop::Queued;
  }
  case Opcode::SETP:
    return setPredicate(inst);
  case Opcode::TRAP:
    return fail("expected a run without TRAP");
  default:
    return fail(std::string("expected instructions of one core, got ") + infoOf(inst.opcode).mnemonic);
  }
}

Sequencer::Stop Sequencer::next() {
  for (;;) {
    if (at >= program.code.size()) {
      current = program.code.empty() ? 0 : static_cast<uint32_t>(program.code.size() - 1);
      return fail("expected HALT at the end of the program");
    }
    current = at;
    if (++executed > options.maxInstructions)
      return Stop::TooLong;
    const Instruction &inst = program.code[at++];
    // Loops and the end do not depend on predicates.
    bool structural = inst.opcode == Opcode::LOOP || inst.opcode == Opcode::ENDLOOP || inst.opcode == Opcode::HALT;
    if (inst.predicate >= 0 && predicates[inst.predicate & 3] < 0 && !structural)
      return fail("expected a SETP of predicate " + std::to_string(inst.predicate) + " before its use");
    isActive = inst.predicate < 0 || structural || predicates[inst.predicate & 3];
    if (inst.engine == Engine::S) {
      if (!isActive)
        continue;
      if (Stop stop = execute(inst); stop != Stop::Queued)
        return stop;
      continue;
    }
    return Stop::Queued;
  }
}

Sequencer::Stop Trace::build(const Program &source, const VerifyOptions &options, std::string &error, uint32_t &pc) {
  program = &source;
  unsigned count = 0;
  for (const Semaphore &semaphore : source.semaphores)
    count = std::max(count, semaphore.id + 1);
  semaphores.resize(count);
  for (const Semaphore &semaphore : source.semaphores)
    semaphores[semaphore.id].initial = semaphore.initial, semaphores[semaphore.id].declared = true;

  Sequencer sequencer(source, options);
  std::vector<uint32_t> executions(source.code.size());
  for (;;) {
    Sequencer::Stop stop = sequencer.next();
    pc = sequencer.pc();
    error = sequencer.error();
    if (stop != Sequencer::Stop::Queued) {
      if (stop != Sequencer::Stop::End)
        return stop;
      break;
    }
    const Instruction &inst = source.code[pc];
    auto &queue = queues[static_cast<size_t>(inst.engine)];
    uint32_t id = static_cast<uint32_t>(instrs.size());
    instrs.push_back({pc, static_cast<uint32_t>(queue.size()), executions[pc]++, kNone, 0});
    queue.push_back(id);
    if (inst.wait >= 0) {
      auto &waits = semaphores[inst.wait].waits;
      waits.push_back(id);
      instrs.back().ordinal = static_cast<uint32_t>(waits.size());
    }
    if (inst.signal >= 0)
      semaphores[inst.signal].signals.push_back(id);
  }
  for (const Uses &uses : semaphores)
    for (size_t k = uses.initial; k < uses.waits.size(); ++k) {
      size_t signal = k - uses.initial;
      instrs[uses.waits[k]].source =
          signal < uses.signals.size() ? static_cast<int32_t>(uses.signals[signal]) : kMissing;
    }
  return Sequencer::Stop::End;
}

} // namespace aic::npu
