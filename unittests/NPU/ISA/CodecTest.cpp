// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RandomInstruction.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace aic::npu;
using namespace aic::npu::test;
using testing::HasSubstr;

namespace {
constexpr unsigned kRounds = 300;

std::string encoded(const Instruction &inst) {
  std::string bytes, error;
  EXPECT_TRUE(encode(inst, bytes, error)) << error;
  return bytes;
}

/// The reason why `bytes` is no instruction; empty if it is one.
std::string refusal(const std::string &bytes, size_t size) {
  Instruction inst;
  std::string error;
  size_t used = decode(reinterpret_cast<const uint8_t *>(bytes.data()), size, inst, error);
  EXPECT_EQ(used == 0, !error.empty());
  return error;
}
std::string refusal(const std::string &bytes) { return refusal(bytes, bytes.size()); }

std::string encodeRefusal(const Instruction &inst) {
  std::string bytes, error;
  EXPECT_FALSE(encode(inst, bytes, error));
  EXPECT_TRUE(bytes.empty());
  return error;
}

void flip(std::string &bytes, unsigned bit) { bytes[bit / 8] ^= static_cast<char>(1 << bit % 8); }

TEST(Tables, MatchThePlan) {
  EXPECT_GE(allOpcodes().size(), 60u);
  for (Opcode opcode : allOpcodes()) {
    const OpcodeInfo &info = infoOf(opcode);
    EXPECT_LE(info.reservedFrom, info.words * kWordBytes * 8) << info.mnemonic;
    unsigned next = 32;
    for (unsigned i = 0; i < info.fieldCount; ++i) {
      EXPECT_EQ(info.fields[i].lowBit, next) << info.mnemonic << "." << info.fields[i].name;
      next += info.fields[i].width;
    }
    EXPECT_EQ(info.reservedFrom, next);
  }
}

TEST(Codec, RoundTripsRandomInstructions) {
  Random random(1);
  for (Opcode opcode : allOpcodes())
    for (unsigned i = 0; i < kRounds; ++i) {
      Instruction inst = random.instruction(opcode), back;
      std::string bytes = encoded(inst), error;
      ASSERT_EQ(bytes.size(), infoOf(opcode).words * kWordBytes);
      ASSERT_EQ(decode(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size(), back, error), bytes.size())
          << error;
      ASSERT_TRUE(back == inst) << infoOf(opcode).mnemonic;
    }
}

// Any 16 to 64 bytes: what decodes, encodes to the same bytes again, so no bit is without meaning.
TEST(Codec, IsCanonical) {
  Random random(2);
  unsigned accepted = 0;
  std::vector<Opcode> opcodes = allOpcodes();
  for (unsigned i = 0; i < 200000; ++i) {
    std::string bytes = encoded(random.instruction(opcodes[random.below(opcodes.size())]));
    for (uint64_t n = random.below(4); n; --n)
      flip(bytes, static_cast<unsigned>(random.below(bytes.size() * 8)));
    Instruction inst;
    std::string error;
    size_t used = decode(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size(), inst, error);
    if (!used)
      continue;
    ++accepted;
    ASSERT_EQ(encoded(inst), bytes.substr(0, used));
  }
  EXPECT_GT(accepted, 50000u);
}

TEST(Codec, RejectsEveryReservedBit) {
  Random random(3);
  for (Opcode opcode : allOpcodes()) {
    const OpcodeInfo &info = infoOf(opcode);
    std::string bytes = encoded(random.instruction(opcode));
    std::vector<unsigned> reserved = {30, 31};
    for (unsigned bit = info.reservedFrom; bit < info.words * kWordBytes * 8; ++bit)
      reserved.push_back(bit);
    for (unsigned bit : reserved) {
      flip(bytes, bit);
      ASSERT_EQ(refusal(bytes), std::string("'") + info.mnemonic + "': expected reserved bit " + std::to_string(bit) +
                                    " to be 0, got 1");
      flip(bytes, bit);
    }
  }
}

TEST(Codec, RejectsNumbersWithoutTheirEnableBit) {
  std::string plain = encoded(make(Opcode::NOP));
  for (unsigned bit : {14u, 19u}) {
    std::string bytes = plain;
    flip(bytes, bit);
    EXPECT_THAT(refusal(bytes), HasSubstr("'NOP': expected wait semaphore 0 without wait_en, got "));
  }
  std::string bytes = plain;
  flip(bytes, 26);
  EXPECT_EQ(refusal(bytes), "'NOP': expected signal semaphore 0 without sig_en, got 32");
  bytes = plain;
  flip(bytes, 28);
  EXPECT_EQ(refusal(bytes), "'NOP': expected predicate 0 without pred_en, got 1");
}

TEST(Codec, RejectsWrongEnginesAndLengths) {
  for (Opcode opcode : allOpcodes()) {
    const OpcodeInfo &info = infoOf(opcode);
    Random random(4);
    std::string bytes = encoded(random.instruction(opcode));
    for (unsigned engine = 0; engine < 8; ++engine) {
      std::string other = bytes;
      other[1] = static_cast<char>((other[1] & ~0x1c) | engine << 2);
      if (!(info.engines >> engine & 1))
        EXPECT_THAT(refusal(other), HasSubstr(std::string("'") + info.mnemonic + "': expected engine "));
    }
    for (unsigned words = 0; words < 4; ++words) {
      std::string other = bytes + std::string(64, '\0');
      other[1] = static_cast<char>((other[1] & ~3) | words);
      if (words + 1 != info.words)
        EXPECT_THAT(refusal(other), HasSubstr("expected " + std::to_string(info.words) + " words, got "));
    }
    for (size_t size = 0; size < bytes.size(); ++size)
      EXPECT_NE(refusal(bytes, size), "");
    Instruction inst = make(opcode, info.engines == 1 ? Engine::MX : Engine::S);
    EXPECT_THAT(encodeRefusal(inst), HasSubstr("expected engine "));
  }
}

TEST(Codec, RejectsUnknownOpcodes) {
  unsigned unknown = 0;
  for (unsigned opcode = 0; opcode < 256; ++opcode) {
    if (infoOf(static_cast<uint8_t>(opcode)))
      continue;
    ++unknown;
    std::string bytes(64, '\0');
    bytes[0] = static_cast<char>(opcode);
    EXPECT_EQ(refusal(bytes), "expected an opcode, got " + std::to_string(opcode));
  }
  EXPECT_GT(unknown, 150u);
}

TEST(Codec, RejectsNumbersThatDoNotFit) {
  for (Opcode opcode : allOpcodes()) {
    const OpcodeInfo &info = infoOf(opcode);
    for (unsigned i = 0; i < info.fieldCount; ++i) {
      const FieldInfo &field = info.fields[i];
      Random random(5);
      Instruction inst = random.instruction(opcode);
      int64_t over = int64_t(1) << field.width, under = -1;
      if (field.kind == FieldKind::SInt)
        over /= 2, under = -over - 1;
      for (int64_t value : {over, under}) {
        inst.fields[i] = value;
        EXPECT_THAT(encodeRefusal(inst),
                    HasSubstr(std::string("'") + info.mnemonic + "." + field.name + "': expected a"))
            << value;
      }
      // An enumeration with room for more codes than it has values.
      if (field.kind != FieldKind::Enumeration)
        continue;
      unsigned count = 0;
      while (field.values[count])
        ++count;
      inst = random.instruction(opcode);
      for (unsigned code = count; code < 1u << field.width; ++code) {
        std::string bytes = encoded(inst);
        for (unsigned bit = 0; bit < field.width; ++bit) {
          unsigned at = field.lowBit + bit;
          bytes[at / 8] = static_cast<char>((bytes[at / 8] & ~(1 << at % 8)) | (code >> bit & 1) << at % 8);
        }
        EXPECT_THAT(refusal(bytes),
                    HasSubstr(std::string(field.name) + "': expected a code from 0 to " + std::to_string(count - 1)));
      }
    }
  }
}

TEST(Codec, RejectsSpacesThatAnOperandMayNotBeIn) {
  unsigned checked = 0;
  for (Opcode opcode : allOpcodes()) {
    const OpcodeInfo &info = infoOf(opcode);
    for (unsigned i = 0; i < info.operandCount; ++i) {
      const OperandInfo &operand = info.operands[i];
      Random random(6 + i);
      Instruction inst = random.instruction(opcode);
      if (!inst.uses(operand))
        continue;
      for (unsigned space = 0; space < 8; ++space) {
        LocalAddress address{static_cast<Space>(space), 1, 0};
        inst.set(operand.field, static_cast<int64_t>(pack(address)));
        bool legal = operand.spacesOn[static_cast<size_t>(inst.engine)] >> space & 1;
        std::string bytes, error;
        EXPECT_EQ(encode(inst, bytes, error), legal) << info.mnemonic;
        if (!legal)
          EXPECT_THAT(error, HasSubstr("': expected an address in "));
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 500u);
}

// FILL writes L1 from the MV queue and VB from the VX queue.
TEST(Codec, SpacesDependOnTheEngine) {
  Instruction inst = make(Opcode::FILL, Engine::VX);
  inst.set(Field::dst, static_cast<int64_t>(pack(LocalAddress{Space::L1, 0, 0})));
  EXPECT_EQ(encodeRefusal(inst), "'FILL.dst': expected an address in VB, got L1");
  inst.engine = Engine::MV;
  EXPECT_EQ(encoded(inst).size(), 32u);
}

TEST(Codec, RejectsAddressesThatAreNotInUse) {
  Instruction inst = make(Opcode::FXOUT);
  inst.set(Field::c, static_cast<int64_t>(pack(LocalAddress{Space::C0, 0, 0})));
  inst.set(Field::lut, static_cast<int64_t>(pack(LocalAddress{Space::VB, 7, 0})));
  EXPECT_EQ(encodeRefusal(inst), "'FXOUT.lut': expected 0 for an address that is not in use, got 67108871");
  inst.set(Field::act, static_cast<int64_t>(Act::lut));
  EXPECT_EQ(encoded(inst).size(), 64u);
  inst = make(Opcode::EXP);
  for (Field field : {Field::dst, Field::s0})
    inst.set(field, static_cast<int64_t>(pack(LocalAddress{Space::VB, 0, 0})));
  inst.set(Field::s1_imm, 1);
  EXPECT_EQ(encodeRefusal(inst), "'EXP.s1_imm': expected 0, got 1: s1 is no immediate of this instruction");
}

TEST(Codec, RejectsPredicatesOnStructure) {
  for (Opcode opcode : {Opcode::LOOP, Opcode::ENDLOOP, Opcode::HALT}) {
    Instruction inst = make(opcode);
    std::string bytes = encoded(inst);
    bytes[3] |= 0x18; // pred_en, p1
    EXPECT_THAT(refusal(bytes), HasSubstr("': expected no predicate, got p1"));
    inst.predicate = 1;
    EXPECT_THAT(encodeRefusal(inst), HasSubstr("': expected no predicate, got p1"));
  }
}

TEST(Address, PacksAndUnpacks) {
  Random random(7);
  for (unsigned i = 0; i < 1000; ++i) {
    LocalAddress local = random.address(0x1f), l = unpackLocal(pack(local));
    EXPECT_TRUE(l.space == local.space && l.granule == local.granule && l.ar == local.ar);
    GlobalAddress global{static_cast<uint8_t>(random.below(16)), random.below(uint64_t(1) << 40),
                         static_cast<uint8_t>(random.below(16))};
    GlobalAddress g = unpackGlobal(pack(global));
    EXPECT_TRUE(g.segment == global.segment && g.offset == global.offset && g.ar == global.ar);
  }
}

TEST(Instruction, FieldsByName) {
  Instruction inst = make(Opcode::FXOUT);
  EXPECT_EQ(inst.engine, Engine::FX);
  EXPECT_TRUE(inst.has(Field::scale));
  EXPECT_FALSE(inst.has(Field::trip));
  inst.set(Field::trip, 5);
  EXPECT_EQ(inst.get(Field::trip), 0);
  inst.set(Field::scale, 0x3f000000);
  EXPECT_EQ(inst.f32(Field::scale), 0.5f);
  inst.set(Field::act, static_cast<int64_t>(Act::lut));
  EXPECT_EQ(inst.as<Act>(Field::act), Act::lut);
  EXPECT_STREQ(nameOf(Field::scale_main), "scale_main");
  EXPECT_EQ(bytesOf(DType::bf16), 2u);
}

// The dispatch list holds what this version executes: every opcode that is not marked for later.
TEST(Dispatch, ListsWhatIsExecuted) {
  unsigned listed = 0, expected = 0;
#define AIC_NPU_OPCODE(mnemonic) listed += !infoOf(Opcode::mnemonic).later;
#include "aic/NPU/ISA/ISADispatch.inc"
#undef AIC_NPU_OPCODE
  for (Opcode opcode : allOpcodes())
    expected += !infoOf(opcode).later;
  EXPECT_EQ(listed, expected);
  EXPECT_TRUE(infoOf(Opcode::MMAS).later);
}
} // namespace
