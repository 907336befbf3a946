//===- ISA.h - Instructions of the NPU ----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The decoded form of an instruction and its codec. Everything here is driven by tables generated from npu_isa.td.
// Neither LLVM nor MLIR.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_NPU_ISA_ISA_H
#define AIC_NPU_ISA_ISA_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aic::npu {

constexpr unsigned kIsaMajor = 1, kIsaMinor = 0;
constexpr unsigned kWordBytes = 16, kMaxWords = 4, kGranuleBytes = 32, kMaxLoopDepth = 8, kAddressRegisters = 16,
                   kMaxSegments = 16;

// Opcode (LD is Opcode::LD), Engine, Space, the value enums (DType, QMode, ...), Field (one for each field name of any
// instruction: Field::m_start), and the counts kEngines, kSpaces, kFields, kMaxFields.
#include "aic/NPU/ISA/ISAEnums.inc"

/// An address in a local space: byte address = granule * 32 + AR[ar].
struct LocalAddress {
  Space space = Space::L1;
  uint32_t granule = 0;
  uint8_t ar = 0;
};
/// An address in DRAM: base of segment + offset + AR[ar].
struct GlobalAddress {
  uint8_t segment = 0;
  uint64_t offset = 0;
  uint8_t ar = 0;
};
uint64_t pack(LocalAddress address);
uint64_t pack(GlobalAddress address);
LocalAddress unpackLocal(uint64_t bits);
GlobalAddress unpackGlobal(uint64_t bits);

enum class FieldKind : uint8_t { UInt, SInt, Bits, Register, F32, Enumeration, Local, Global };

/// One field of an instruction's layout.
struct FieldInfo {
  Field field;
  const char *name;
  FieldKind kind;
  uint16_t lowBit; // from bit 0 of word 0
  uint8_t width;
  const char *const *values; // names of an enumeration, null-terminated
  const char *summary;
};

/// One local operand: the field, the spaces it may be in (bit per Space; on[] by Engine) and which way its bytes go.
struct OperandInfo {
  Field field;
  uint8_t spaces;
  uint8_t spacesOn[kEngines];
  bool reads, writes;
  // An operand is in use if `condition` holds `conditionValue`, or any value but 0 with conditionValue -1.
  bool conditional;
  Field condition;
  int8_t conditionValue;
};

struct OpcodeInfo {
  const char *mnemonic;
  uint8_t words;
  uint8_t engines; // bit per Engine that may carry it
  bool later;      // encodes, but is not executed by this version
  bool structure;  // carries no predicate
  const FieldInfo *fields;
  uint8_t fieldCount;
  const OperandInfo *operands;
  uint8_t operandCount;
  uint32_t reservedFrom; // first bit after the last field
  const int8_t *indexOf; // by Field: its place in `fields`, -1 for none
};

/// Null for a byte that is no opcode.
const OpcodeInfo *infoOf(uint8_t opcode);
inline const OpcodeInfo &infoOf(Opcode opcode) { return *infoOf(static_cast<uint8_t>(opcode)); }
const char *nameOf(Engine engine);
const char *nameOf(Space space);
const char *nameOf(DType type);
const char *nameOf(Field field);
unsigned bytesOf(DType type);

/// A decoded instruction. Fields hold their numbers (sign extended), enumeration codes, or packed addresses / f32 bits.
struct Instruction {
  Opcode opcode = Opcode::NOP;
  Engine engine = Engine::S;
  int8_t wait = -1, signal = -1; // semaphores
  int8_t predicate = -1;
  std::array<int64_t, kMaxFields> fields{}; // in the order of the opcode's layout

  /// The value of a field; 0 if the instruction has no such field.
  int64_t get(Field field) const;
  void set(Field field, int64_t value);
  bool has(Field field) const;
  LocalAddress local(Field field) const { return unpackLocal(get(field)); }
  GlobalAddress global(Field field) const { return unpackGlobal(get(field)); }
  float f32(Field field) const;
  /// Whether this instruction's fields put an operand of its opcode to use.
  bool uses(const OperandInfo &operand) const;
  template <typename EnumT> EnumT as(Field field) const { return static_cast<EnumT>(get(field)); }
  bool operator==(const Instruction &other) const;
};

/// Makes an instruction on its only (or the given) engine.
Instruction make(Opcode opcode);
Instruction make(Opcode opcode, Engine engine);

/// Appends the instruction's words. False, with the reason, if a field does not fit its width or an operand's space or
/// engine is not legal.
bool encode(const Instruction &inst, std::string &bytes, std::string &error);

/// Decodes one instruction at `bytes`. Returns the bytes used; 0, with the reason, for an unknown opcode, a wrong
/// length or engine, a reserved bit that is set, an enumeration or space out of range, or a cut instruction.
size_t decode(const uint8_t *bytes, size_t size, Instruction &inst, std::string &error);

} // namespace aic::npu

#endif // AIC_NPU_ISA_ISA_H
