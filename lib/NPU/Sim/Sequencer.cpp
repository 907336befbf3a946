//===- Sequencer.cpp - The scalar part of a program ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Sequencer.h"

namespace aic::npu::sim {

namespace {
/// Address registers have 48 bits.
int64_t wrap48(int64_t value) { return static_cast<int64_t>(static_cast<uint64_t>(value) << 16) >> 16; }
int64_t add(int64_t a, int64_t b) { return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)); }
} // namespace

Sequencer::Sequencer(const Decoded &decoded, const std::vector<int64_t> &arguments)
    : decoded(decoded), arguments(arguments) {
  frames.reserve(kMaxLoopDepth);
}

uint32_t Sequencer::debugOp() const {
  const auto &lines = decoded.program->debugLines;
  return current < lines.size() ? lines[current].op : mark;
}

Sequencer::Step Sequencer::step(Issue &issue, std::string &reason) {
  const Operation &op = decoded.operations[current];
  if (op.fault >= 0)
    return reason = decoded.faults[static_cast<size_t>(op.fault)], Step::Trap;
  issue.number = issued++;
  issue.op = &op;
  if (op.family == Family::Scalar)
    return scalar(op, reason);
  issue.debugOp = debugOp();
  issue.enabled = op.predicate < 0 || predicates[static_cast<size_t>(op.predicate)];
  if (issue.enabled && !resolve(op, issue, reason))
    return Step::Trap;
  ++current;
  return Step::Queued;
}

bool Sequencer::resolve(const Operation &op, Issue &issue, std::string &reason) {
  const Machine &machine = *decoded.machine;
  for (unsigned i = 0; i < kOperands; ++i) {
    const Operand &operand = op.operands[i];
    if (operand.place == kNoPlace)
      continue;
    int64_t address = operand.base + registers[operand.ar];
    issue.addresses[i] = address;
    if (isSegment(operand.place))
      continue;
    unsigned align = requiredAlignment(machine, operand.place);
    if (static_cast<uint64_t>(address) % align) {
      reason = std::string("misaligned '") + nameOf(operand.field) + "': expected a multiple of " +
               std::to_string(align) + " in " + nameOfPlace(operand.place) + ", got " + std::to_string(address);
      return false;
    }
    if (address < 0 || address >= decoded.placeBytes[operand.place]) {
      reason = std::string("'") + nameOf(operand.field) + "' at " + std::to_string(address) + " lies outside " +
               nameOfPlace(operand.place) + " of " + std::to_string(decoded.placeBytes[operand.place]) + " bytes";
      return false;
    }
  }
  const Region *region = decoded.regionsOf(op);
  for (unsigned i = 0; i < op.regionCount; ++i, ++region) {
    const Operand &operand = op.operands[region->operand];
    int64_t low = issue.addresses[region->operand] + region->low,
            high = issue.addresses[region->operand] + region->high;
    if (low >= 0 && high <= decoded.placeBytes[operand.place])
      continue;
    reason = std::string("'") + nameOf(operand.field) + "' takes bytes " + std::to_string(low) + " to " +
             std::to_string(high - 1) + " of " + nameOfPlace(operand.place) + ", which has " +
             std::to_string(decoded.placeBytes[operand.place]);
    return false;
  }
  return true;
}

bool Sequencer::setRegister(int64_t number, int64_t value, std::string &reason) {
  if (number == 0)
    return reason = "writes address register 0, which is always 0", false;
  registers[static_cast<size_t>(number)] = wrap48(value);
  return true;
}

/// Gives the loop's registers their values of this iteration.
void Sequencer::rotate(const Frame &frame) {
  const Instruction &loop = decoded.program->code[frame.pc];
  auto set = [&](Field ar, Field inc, Field wrap, int64_t entry) {
    int64_t number = loop.get(ar), turn = loop.get(wrap);
    if (number != 0)
      registers[static_cast<size_t>(number)] =
          wrap48(entry + loop.get(inc) * (turn == 0 ? frame.index : frame.index % turn));
  };
  set(Field::ar0, Field::inc0, Field::wrap0, frame.entry[0]);
  set(Field::ar1, Field::inc1, Field::wrap1, frame.entry[1]);
}

Sequencer::Step Sequencer::scalar(const Operation &op, std::string &reason) {
  const Instruction &inst = decoded.program->code[current];
  if (op.wait >= 0 || op.signal >= 0)
    return reason = "the sequencer neither waits nor signals", Step::Trap;
  bool enabled = op.predicate < 0 || predicates[static_cast<size_t>(op.predicate)];
  bool structural = op.opcode == Opcode::LOOP || op.opcode == Opcode::ENDLOOP || op.opcode == Opcode::HALT;
  if (!enabled && !structural)
    return ++current, Step::Scalar;
  switch (op.opcode) {
  case Opcode::HALT:
    return Step::Halt;
  case Opcode::LOOP: {
    int64_t trip = inst.get(Field::trip);
    if (inst.get(Field::trip_ar)) {
      if (trip >= kAddressRegisters)
        return reason = "'trip': no such address register", Step::Trap;
      trip = registers[static_cast<size_t>(trip)];
      if (trip < 0)
        return reason = "'trip': expected at least 0 iterations, got " + std::to_string(trip), Step::Trap;
    }
    if (trip == 0)
      return current = op.partner + 1, Step::Scalar;
    Frame frame{
        current,
        trip,
        0,
        {registers[static_cast<size_t>(inst.get(Field::ar0))], registers[static_cast<size_t>(inst.get(Field::ar1))]}};
    frames.push_back(frame);
    rotate(frame);
    break;
  }
  case Opcode::ENDLOOP: {
    Frame &frame = frames.back();
    const Instruction &loop = decoded.program->code[frame.pc];
    if (++frame.index < frame.trip) {
      rotate(frame);
      current = frame.pc + 1;
      return Step::Scalar;
    }
    for (unsigned i = 0; i < 2; ++i)
      if (int64_t number = loop.get(i == 0 ? Field::ar0 : Field::ar1))
        registers[static_cast<size_t>(number)] = frame.entry[i];
    frames.pop_back();
    break;
  }
  case Opcode::SETA:
    if (!setRegister(inst.get(Field::ar), inst.get(Field::value), reason))
      return Step::Trap;
    break;
  case Opcode::ADDA:
    if (!setRegister(inst.get(Field::ar),
                     add(registers[static_cast<size_t>(inst.get(Field::from))], inst.get(Field::value)), reason))
      return Step::Trap;
    break;
  case Opcode::LDARG: {
    size_t argument = static_cast<size_t>(inst.get(Field::arg));
    if (argument >= arguments.size())
      return reason = "launch argument " + std::to_string(argument) + " of " + std::to_string(arguments.size()),
             Step::Trap;
    if (!setRegister(inst.get(Field::ar), arguments[argument], reason))
      return Step::Trap;
    break;
  }
  case Opcode::SETP: {
    size_t depth = static_cast<size_t>(inst.get(Field::depth));
    if (depth >= frames.size())
      return reason = "'depth': " + std::to_string(depth) + " loops out of " + std::to_string(frames.size()),
             Step::Trap;
    int64_t index = frames[frames.size() - 1 - depth].index, value = inst.get(Field::value);
    bool holds = false;
    switch (inst.as<Compare>(Field::cmp)) {
    case Compare::eq:
      holds = index == value;
      break;
    case Compare::ne:
      holds = index != value;
      break;
    case Compare::lt:
      holds = index < value;
      break;
    case Compare::le:
      holds = index <= value;
      break;
    case Compare::gt:
      holds = index > value;
      break;
    case Compare::ge:
      holds = index >= value;
      break;
    }
    predicates[static_cast<size_t>(inst.get(Field::p))] = holds;
    break;
  }
  case Opcode::MARK:
    mark = static_cast<uint32_t>(inst.get(Field::id));
    break;
  case Opcode::TRAP:
    return reason = "trap " + std::to_string(inst.get(Field::code)), Step::Trap;
  default: // NOP, IRQ
    break;
  }
  ++current;
  return Step::Scalar;
}

} // namespace aic::npu::sim
