//===- ISA.cpp - Codec of the NPU's instructions ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Driven by the tables generated from npu_isa.td. An encoding is canonical: every bit that carries nothing is zero, so
// that decode and encode are inverse to each other.
//
//===----------------------------------------------------------------------===//

#include "aic/NPU/ISA/ISA.h"

#include <cstring>

using namespace aic::npu;

namespace {
#include "aic/NPU/ISA/ISATables.inc"

// The header, bits of word 0.
constexpr unsigned kWordsBit = 8, kEngineBit = 10, kWaitBit = 13, kSignalBit = 20, kPredicateBit = 27, kSpareBit = 30;
constexpr unsigned kSemaphoreBits = 6, kPredicateBits = 2, kHeaderBits = 32;
constexpr unsigned kWordBits = kWordBytes * 8;

struct OpcodeIndex {
  const OpcodeInfo *byOpcode[256] = {};
  OpcodeIndex() {
    for (const auto &entry : kOpcodes)
      byOpcode[entry.opcode] = &entry.info;
  }
};

/// The words of one instruction as 64-bit pieces.
struct Bits {
  uint64_t words[kMaxWords * 2] = {};

  uint64_t get(unsigned low, unsigned width) const {
    uint64_t value = words[low / 64] >> (low % 64);
    if (low % 64 + width > 64)
      value |= words[low / 64 + 1] << (64 - low % 64);
    return width == 64 ? value : value & ((uint64_t(1) << width) - 1);
  }
  void set(unsigned low, unsigned width, uint64_t value) {
    value &= width == 64 ? ~uint64_t(0) : (uint64_t(1) << width) - 1;
    words[low / 64] |= value << (low % 64);
    if (low % 64 + width > 64)
      words[low / 64 + 1] |= value >> (64 - low % 64);
  }
  /// The first set bit from `low` up to `end`, or `end`.
  unsigned firstSet(unsigned low, unsigned end) const {
    while (low < end && !get(low, 1))
      ++low;
    return low;
  }
};

unsigned countValues(const FieldInfo &field) {
  unsigned n = 0;
  while (field.values[n])
    ++n;
  return n;
}

std::string nameOfField(const OpcodeInfo &info, const FieldInfo &field) {
  return std::string("'") + info.mnemonic + "." + field.name + "'";
}

/// Whether the number fits the field's width and, for an enumeration, its values.
bool checkRange(const OpcodeInfo &info, const FieldInfo &field, int64_t value, std::string &error) {
  int64_t low = 0, high = (int64_t(1) << field.width) - 1;
  if (field.kind == FieldKind::SInt) {
    low = -(int64_t(1) << (field.width - 1));
    high = -low - 1;
  } else if (field.kind == FieldKind::Enumeration) {
    high = countValues(field) - 1;
  }
  if (value >= low && value <= high)
    return true;
  error = nameOfField(info, field) + ": expected " + (field.kind == FieldKind::Enumeration ? "a code" : "a number") +
          " from " + std::to_string(low) + " to " + std::to_string(high) + ", got " + std::to_string(value);
  return false;
}

std::string spaceNames(uint8_t spaces) {
  std::string names;
  for (unsigned i = 0; i < kSpaces; ++i)
    if (spaces >> i & 1)
      names += (names.empty() ? "" : " or ") + std::string(kSpaceNames[i]);
  return names;
}

/// What the tables say about operands: legal spaces, and zero where an address is not in use.
bool checkOperands(const OpcodeInfo &info, const Instruction &inst, std::string &error) {
  uint64_t inUse = 0;
  bool mayBeImmediate = false;
  for (unsigned i = 0; i < info.operandCount; ++i) {
    const OperandInfo &operand = info.operands[i];
    unsigned index = info.indexOf[static_cast<size_t>(operand.field)];
    mayBeImmediate |= operand.field == Field::s1 && operand.conditional;
    if (!inst.uses(operand)) {
      // s1 with s1_imm holds a number.
      if (operand.field == Field::s1)
        inUse |= uint64_t(1) << index;
      continue;
    }
    inUse |= uint64_t(1) << index;
    uint64_t bits = static_cast<uint64_t>(inst.fields[index]);
    uint8_t legal = operand.spacesOn[static_cast<size_t>(inst.engine)];
    unsigned space = bits >> 24;
    if (space < kSpaces && (legal >> space & 1))
      continue;
    error = nameOfField(info, info.fields[index]) + ": expected an address in " + spaceNames(legal) + ", got " +
            (space < kSpaces ? kSpaceNames[space] : "space " + std::to_string(space));
    return false;
  }
  if (!mayBeImmediate && inst.get(Field::s1_imm)) {
    error = std::string("'") + info.mnemonic + ".s1_imm': expected 0, got 1: s1 is no immediate of this instruction";
    return false;
  }
  for (unsigned i = 0; i < info.fieldCount; ++i) {
    const FieldInfo &field = info.fields[i];
    bool address = field.kind == FieldKind::Local || field.field == Field::s1;
    if (!address || inUse >> i & 1 || inst.fields[i] == 0)
      continue;
    error = nameOfField(info, field) + ": expected 0 for an address that is not in use, got " +
            std::to_string(inst.fields[i]);
    return false;
  }
  return true;
}

bool checkEngine(const OpcodeInfo &info, unsigned engine, std::string &error) {
  if (engine < kEngines && (info.engines >> engine & 1))
    return true;
  std::string legal;
  for (unsigned i = 0; i < kEngines; ++i)
    if (info.engines >> i & 1)
      legal += (legal.empty() ? "" : " or ") + std::string(kEngineNames[i]);
  error = std::string("'") + info.mnemonic + "': expected engine " + legal + ", got " +
          (engine < kEngines ? kEngineNames[engine] : std::to_string(engine));
  return false;
}

/// Reads `enable` at `low` and its number above it: -1 if it is off. False for a number without its enable bit.
bool getOptional(const Bits &bits, unsigned low, unsigned width, int8_t &value) {
  uint64_t number = bits.get(low + 1, width);
  value = bits.get(low, 1) ? static_cast<int8_t>(number) : -1;
  return value >= 0 || number == 0;
}

void setOptional(Bits &bits, unsigned low, unsigned width, int8_t value) {
  if (value < 0)
    return;
  bits.set(low, 1, 1);
  bits.set(low + 1, width, static_cast<uint64_t>(value));
}
} // namespace

uint64_t aic::npu::pack(LocalAddress address) {
  return uint64_t(address.granule & 0xfffff) | uint64_t(address.ar & 15) << 20 | uint64_t(address.space) << 24;
}
uint64_t aic::npu::pack(GlobalAddress address) {
  return (address.offset & 0xffffffffff) | uint64_t(address.ar & 15) << 40 | uint64_t(address.segment & 15) << 44;
}
LocalAddress aic::npu::unpackLocal(uint64_t bits) {
  return {static_cast<Space>(bits >> 24 & 7), static_cast<uint32_t>(bits & 0xfffff),
          static_cast<uint8_t>(bits >> 20 & 15)};
}
GlobalAddress aic::npu::unpackGlobal(uint64_t bits) {
  return {static_cast<uint8_t>(bits >> 44 & 15), bits & 0xffffffffff, static_cast<uint8_t>(bits >> 40 & 15)};
}

const OpcodeInfo *aic::npu::infoOf(uint8_t opcode) {
  static const OpcodeIndex index;
  return index.byOpcode[opcode];
}

static const char *nameIn(const char *const *names, unsigned count, unsigned i) { return i < count ? names[i] : "?"; }
const char *aic::npu::nameOf(Engine engine) { return nameIn(kEngineNames, kEngines, static_cast<unsigned>(engine)); }
const char *aic::npu::nameOf(Space space) { return nameIn(kSpaceNames, kSpaces, static_cast<unsigned>(space)); }
const char *aic::npu::nameOf(DType type) {
  return nameIn(kDTypeNames, sizeof(kDTypeNames) / sizeof(*kDTypeNames) - 1, static_cast<unsigned>(type));
}
const char *aic::npu::nameOf(Field field) { return nameIn(kFieldNames, kFields, static_cast<unsigned>(field)); }

unsigned aic::npu::bytesOf(DType type) {
  switch (type) {
  case DType::i8:
  case DType::u8:
    return 1;
  case DType::i16:
  case DType::f16:
  case DType::bf16:
    return 2;
  case DType::i32:
  case DType::f32:
    return 4;
  }
  return 0;
}

static int indexOf(Opcode opcode, Field field) {
  const OpcodeInfo *info = infoOf(static_cast<uint8_t>(opcode));
  return info ? info->indexOf[static_cast<size_t>(field)] : -1;
}

int64_t Instruction::get(Field field) const {
  int index = indexOf(opcode, field);
  return index < 0 ? 0 : fields[index];
}
void Instruction::set(Field field, int64_t value) {
  int index = indexOf(opcode, field);
  if (index >= 0)
    fields[index] = value;
}
bool Instruction::has(Field field) const { return indexOf(opcode, field) >= 0; }
float Instruction::f32(Field field) const {
  uint32_t bits = static_cast<uint32_t>(get(field));
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}
bool Instruction::uses(const OperandInfo &operand) const {
  if (!operand.conditional)
    return true;
  int64_t value = get(operand.condition);
  return operand.conditionValue < 0 ? value != 0 : value == operand.conditionValue;
}
bool Instruction::operator==(const Instruction &other) const {
  return opcode == other.opcode && engine == other.engine && wait == other.wait && signal == other.signal &&
         predicate == other.predicate && fields == other.fields;
}

Instruction aic::npu::make(Opcode opcode) {
  unsigned engine = 0;
  while (engine + 1 < kEngines && !(infoOf(opcode).engines >> engine & 1))
    ++engine;
  return make(opcode, static_cast<Engine>(engine));
}
Instruction aic::npu::make(Opcode opcode, Engine engine) {
  Instruction inst;
  inst.opcode = opcode;
  inst.engine = engine;
  return inst;
}

bool aic::npu::encode(const Instruction &inst, std::string &bytes, std::string &error) {
  const OpcodeInfo *info = infoOf(static_cast<uint8_t>(inst.opcode));
  if (!info) {
    error = "expected an opcode, got " + std::to_string(static_cast<unsigned>(inst.opcode));
    return false;
  }
  const struct {
    const char *what;
    int value, count;
  } header[] = {{"wait semaphore", inst.wait, 1 << kSemaphoreBits},
                {"signal semaphore", inst.signal, 1 << kSemaphoreBits},
                {"predicate", inst.predicate, 1 << kPredicateBits}};
  for (const auto &part : header) {
    if (part.value >= -1 && part.value < part.count)
      continue;
    error = std::string("'") + info->mnemonic + "': expected a " + part.what + " from 0 to " +
            std::to_string(part.count - 1) + " or -1 for none, got " + std::to_string(part.value);
    return false;
  }
  if (!checkEngine(*info, static_cast<unsigned>(inst.engine), error))
    return false;
  if (info->structure && inst.predicate >= 0) {
    error = std::string("'") + info->mnemonic + "': expected no predicate, got p" + std::to_string(inst.predicate);
    return false;
  }
  Bits bits;
  bits.set(0, 8, static_cast<uint8_t>(inst.opcode));
  bits.set(kWordsBit, 2, info->words - 1);
  bits.set(kEngineBit, 3, static_cast<uint64_t>(inst.engine));
  setOptional(bits, kWaitBit, kSemaphoreBits, inst.wait);
  setOptional(bits, kSignalBit, kSemaphoreBits, inst.signal);
  setOptional(bits, kPredicateBit, kPredicateBits, inst.predicate);
  for (unsigned i = 0; i < info->fieldCount; ++i) {
    if (!checkRange(*info, info->fields[i], inst.fields[i], error))
      return false;
    bits.set(info->fields[i].lowBit, info->fields[i].width, static_cast<uint64_t>(inst.fields[i]));
  }
  if (!checkOperands(*info, inst, error))
    return false;
  for (unsigned i = 0; i < info->words * kWordBytes; ++i)
    bytes += static_cast<char>(bits.words[i / 8] >> (i % 8 * 8) & 0xff);
  return true;
}

size_t aic::npu::decode(const uint8_t *bytes, size_t size, Instruction &inst, std::string &error) {
  if (size < kWordBytes) {
    error = "expected an instruction word of " + std::to_string(kWordBytes) + " bytes, got " + std::to_string(size);
    return 0;
  }
  const OpcodeInfo *info = infoOf(bytes[0]);
  if (!info) {
    error = "expected an opcode, got " + std::to_string(bytes[0]);
    return 0;
  }
  auto failed = [&](const std::string &message) {
    error = std::string("'") + info->mnemonic + "': " + message;
    return size_t(0);
  };
  unsigned words = (bytes[1] & 3) + 1;
  if (words != info->words)
    return failed("expected " + std::to_string(info->words) + " words, got " + std::to_string(words));
  if (size < words * kWordBytes)
    return failed("expected " + std::to_string(words * kWordBytes) + " bytes, got " + std::to_string(size));
  Bits bits;
  for (unsigned i = 0; i < words * kWordBytes; ++i)
    bits.words[i / 8] |= uint64_t(bytes[i]) << (i % 8 * 8);
  inst = Instruction();
  inst.opcode = static_cast<Opcode>(bytes[0]);
  if (!checkEngine(*info, static_cast<unsigned>(bits.get(kEngineBit, 3)), error))
    return 0;
  inst.engine = static_cast<Engine>(bits.get(kEngineBit, 3));
  if (!getOptional(bits, kWaitBit, kSemaphoreBits, inst.wait))
    return failed("expected wait semaphore 0 without wait_en, got " +
                  std::to_string(bits.get(kWaitBit + 1, kSemaphoreBits)));
  if (!getOptional(bits, kSignalBit, kSemaphoreBits, inst.signal))
    return failed("expected signal semaphore 0 without sig_en, got " +
                  std::to_string(bits.get(kSignalBit + 1, kSemaphoreBits)));
  if (!getOptional(bits, kPredicateBit, kPredicateBits, inst.predicate))
    return failed("expected predicate 0 without pred_en, got " +
                  std::to_string(bits.get(kPredicateBit + 1, kPredicateBits)));
  if (info->structure && inst.predicate >= 0)
    return failed("expected no predicate, got p" + std::to_string(inst.predicate));
  unsigned end = words * kWordBits, spare = bits.firstSet(kSpareBit, kHeaderBits);
  if (spare == kHeaderBits)
    spare = bits.firstSet(info->reservedFrom, end);
  if (spare != end)
    return failed("expected reserved bit " + std::to_string(spare) + " to be 0, got 1");
  for (unsigned i = 0; i < info->fieldCount; ++i) {
    const FieldInfo &field = info->fields[i];
    uint64_t value = bits.get(field.lowBit, field.width);
    if (field.kind == FieldKind::SInt && value >> (field.width - 1))
      value |= ~uint64_t(0) << field.width;
    inst.fields[i] = static_cast<int64_t>(value);
    if (!checkRange(*info, field, inst.fields[i], error))
      return 0;
  }
  if (!checkOperands(*info, inst, error))
    return 0;
  return words * kWordBytes;
}
