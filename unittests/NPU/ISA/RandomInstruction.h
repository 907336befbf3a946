// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random legal instructions, drawn from the tables.

#ifndef AIC_UNITTESTS_NPU_ISA_RANDOMINSTRUCTION_H
#define AIC_UNITTESTS_NPU_ISA_RANDOMINSTRUCTION_H

#include "aic/NPU/ISA/ISA.h"

#include <random>
#include <vector>

namespace aic::npu::test {

inline std::vector<Opcode> allOpcodes() {
  std::vector<Opcode> opcodes;
  for (unsigned i = 0; i < 256; ++i)
    if (infoOf(static_cast<uint8_t>(i)))
      opcodes.push_back(static_cast<Opcode>(i));
  return opcodes;
}

class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}

  uint64_t below(uint64_t count) { return engine() % count; }

  /// Any value, with 0 and the ends of the range drawn often.
  int64_t value(const FieldInfo &field) {
    if (field.kind == FieldKind::Enumeration) {
      unsigned count = 0;
      while (field.values[count])
        ++count;
      return below(count);
    }
    uint64_t all = (uint64_t(1) << field.width) - 1, bits;
    switch (below(6)) {
    case 0:
      bits = 0;
      break;
    case 1:
      bits = all;
      break;
    case 2:
      bits = uint64_t(1) << (field.width - 1);
      break;
    default:
      bits = engine() & all;
      break;
    }
    if (field.kind == FieldKind::SInt && bits >> (field.width - 1))
      return static_cast<int64_t>(bits | ~all);
    return static_cast<int64_t>(bits);
  }

  Instruction instruction(Opcode opcode) {
    const OpcodeInfo &info = infoOf(opcode);
    Engine carrier;
    do
      carrier = static_cast<Engine>(below(kEngines));
    while (!(info.engines >> static_cast<unsigned>(carrier) & 1));
    Instruction inst = make(opcode, carrier);
    inst.wait = static_cast<int8_t>(below(2) ? below(64) : -1);
    inst.signal = static_cast<int8_t>(below(2) ? below(64) : -1);
    inst.predicate = static_cast<int8_t>(!info.structure && below(2) ? below(4) : -1);
    for (unsigned i = 0; i < info.fieldCount; ++i) {
      const FieldInfo &field = info.fields[i];
      bool address = field.kind == FieldKind::Local || field.field == Field::s1;
      inst.fields[i] = address ? 0 : value(field);
    }
    bool mayBeImmediate = false;
    for (unsigned i = 0; i < info.operandCount; ++i) {
      const OperandInfo &operand = info.operands[i];
      bool isS1 = operand.field == Field::s1;
      mayBeImmediate |= isS1 && operand.conditional;
      if (!isS1 || !operand.conditional)
        inst.set(Field::s1_imm, isS1 ? 0 : inst.get(Field::s1_imm));
    }
    if (!mayBeImmediate)
      inst.set(Field::s1_imm, 0);
    for (unsigned i = 0; i < info.operandCount; ++i) {
      const OperandInfo &operand = info.operands[i];
      if (inst.uses(operand))
        inst.set(operand.field, static_cast<int64_t>(pack(address(operand.spacesOn[static_cast<size_t>(carrier)]))));
      else if (operand.field == Field::s1)
        inst.set(Field::s1, static_cast<uint32_t>(engine()));
    }
    return inst;
  }

  LocalAddress address(uint8_t spaces) {
    LocalAddress address;
    do
      address.space = static_cast<Space>(below(kSpaces));
    while (!(spaces >> static_cast<unsigned>(address.space) & 1));
    address.granule = static_cast<uint32_t>(below(3) ? below(1 << 20) : 0);
    address.ar = static_cast<uint8_t>(below(2) ? below(kAddressRegisters) : 0);
    return address;
  }

private:
  std::mt19937_64 engine;
};

} // namespace aic::npu::test

#endif // AIC_UNITTESTS_NPU_ISA_RANDOMINSTRUCTION_H
