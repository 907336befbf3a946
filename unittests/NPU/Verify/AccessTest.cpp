// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Regions of random instructions against the bytes that the descriptions in npu_isa.td name, element by element.
//
#include "aic/NPU/Verify/Access.h"
#include "Pipelines.h"

#include <functional>
#include <gtest/gtest.h>
#include <random>
#include <set>

using namespace aic::npu;
using namespace aic::npu::test;

namespace {

using Bytes = std::set<int64_t>;

class AccessTest : public ::testing::Test {
protected:
  Machine machine = edge();
  std::mt19937 random{3};
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); }

  static void addBox(const ByteBox &box, Bytes &bytes) {
    std::array<int64_t, 3> count{1, 1, 1};
    for (int d = 0; d < box.rank; ++d)
      count[d] = box.dims[d].count;
    for (int64_t i = 0; i < count[0]; ++i)
      for (int64_t j = 0; j < count[1]; ++j)
        for (int64_t k = 0; k < count[2]; ++k)
          for (int64_t r = 0; r < box.run; ++r)
            bytes.insert(box.base + i * box.dims[0].stride + j * box.dims[1].stride + k * box.dims[2].stride + r);
  }
  Bytes region(const Instruction &inst, Field field, bool write, const AddressRegisters &registers = {}) {
    std::vector<Access> list;
    accesses(inst, registers, machine, list);
    Bytes bytes;
    for (const Access &access : list)
      if (access.field == field && access.write == write)
        addBox(access.box, bytes);
    return bytes;
  }
  static void add(Bytes &bytes, int64_t address, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      bytes.insert(address + i);
  }
  static void expectHolds(const Bytes &got, const Bytes &wanted) {
    for (int64_t byte : wanted)
      ASSERT_TRUE(got.count(byte)) << "byte " << byte << " is missing";
  }
};

TEST_F(AccessTest, Dma) {
  for (int round = 0; round < 500; ++round) {
    Builder b;
    auto stride = [&] { return pick(-40, 40); };
    int64_t elem = pick(0, 2), n[4] = {pick(1, 5), pick(1, 4), pick(1, 4), pick(1, 3)},
            ss[4] = {1 << elem, stride(), stride(), stride()}, ds[4] = {1 << elem, stride(), stride(), stride()};
    b.ld(in(1, 1000), at(Space::VB, 1024, 7), n[0], "", "",
         {{Field::log2elem, elem},
          {Field::n1, n[1]},
          {Field::n2, n[2]},
          {Field::n3, n[3]},
          {Field::ss1, ss[1]},
          {Field::ss2, ss[2]},
          {Field::ss3, ss[3]},
          {Field::ds1, ds[1]},
          {Field::ds2, ds[2]},
          {Field::ds3, ds[3]}});
    Bytes source, target;
    for (int64_t i = 0; i < n[0] * n[1] * n[2] * n[3]; ++i) {
      int64_t index[4] = {i % n[0], i / n[0] % n[1], i / n[0] / n[1] % n[2], i / n[0] / n[1] / n[2]}, s = 1000,
              d = 1024 + 96;
      for (int k = 0; k < 4; ++k)
        s += index[k] * ss[k], d += index[k] * ds[k];
      add(source, s, 1 << elem), add(target, d, 1 << elem);
    }
    AddressRegisters registers{};
    registers[7] = 96;
    ASSERT_EQ(region(b.program.code[0], Field::src, false, registers), source);
    ASSERT_EQ(region(b.program.code[0], Field::dst, true, registers), target);
    ASSERT_TRUE(region(b.program.code[0], Field::src, true, registers).empty());
  }
}

TEST_F(AccessTest, Gather) {
  double excess = 0;
  for (int round = 0; round < 3000; ++round) {
    int64_t elem = pick(0, 1), h = pick(1, 7), w = pick(1, 9), c = pick(1, 6), pix = c + pick(0, 3),
            row = w * pix + pick(0, 8);
    int64_t kh = pick(1, 3), kw = pick(1, 3), sh = pick(1, 3), sw = pick(1, 3), dh = pick(1, 2), dw = pick(1, 2);
    int64_t pt = pick(-1, 2), pl = pick(-1, 2), ow = pick(1, 6), oh = pick(1, 5);
    int64_t m0 = pick(0, static_cast<int>(oh * ow - 1)), m1 = pick(static_cast<int>(m0), static_cast<int>(oh * ow - 1));
    int64_t k0 = pick(0, static_cast<int>(kh * kw * c - 1)),
            k1 = pick(static_cast<int>(k0), static_cast<int>(kh * kw * c - 1));
    bool whole = pick(0, 1);
    if (whole)
      k0 = 0, k1 = kh * kw * c - 1;
    Builder b;
    b.add(Opcode::LDA, {{Field::dst, at(Space::A0, 0)},
                        {Field::src, at(Space::L1, 3200)},
                        {Field::log2elem, elem},
                        {Field::h, h},
                        {Field::w, w},
                        {Field::c, c},
                        {Field::pix_stride, pix},
                        {Field::row_stride, row},
                        {Field::kh, kh},
                        {Field::kw, kw},
                        {Field::sh, sh},
                        {Field::sw, sw},
                        {Field::dh, dh},
                        {Field::dw, dw},
                        {Field::pt, pt},
                        {Field::pl, pl},
                        {Field::ow, ow},
                        {Field::m_start, m0},
                        {Field::m_len, m1 - m0 + 1},
                        {Field::k_start, k0},
                        {Field::k_len, k1 - k0 + 1}});
    Bytes wanted;
    for (int64_t m = m0; m <= m1; ++m)
      for (int64_t q = k0; q <= k1; ++q) {
        int64_t y = m / ow * sh - pt + q / c / kw * dh, x = m % ow * sw - pl + q / c % kw * dw;
        if (y >= 0 && y < h && x >= 0 && x < w)
          add(wanted, 3200 + ((y * row + x * pix + q % c) << elem), 1 << elem);
      }
    Bytes got = region(b.program.code[0], Field::src, false);
    expectHolds(got, wanted);
    // Exact for whole windows whose pixels and rows are met without gaps.
    if (whole && sh <= dh && sw <= dw && dh == 1 && dw == 1)
      ASSERT_EQ(got, wanted);
    if (!wanted.empty())
      excess += double(got.size()) / wanted.size() - 1;
  }
  EXPECT_LT(excess / 3000, 0.5);
}

TEST_F(AccessTest, TilesAreDense) {
  Builder b;
  b.gather(Opcode::LDA, at(Space::L1, 0), at(Space::A0, 512), 5, 40);
  Bytes tile;
  add(tile, 512, 5 * 64);
  EXPECT_EQ(region(b.program.code[0], Field::dst, true), tile);
  b.mma(at(Space::A0, 512), at(Space::B0, 0), at(Space::C0, 1024), 5, 9, 40, false);
  EXPECT_EQ(region(b.program.code[1], Field::a, false), tile);
  Bytes right, sums;
  add(right, 0, 9 * 64), add(sums, 1024, 5 * 64);
  EXPECT_EQ(region(b.program.code[1], Field::b, false), right);
  EXPECT_EQ(region(b.program.code[1], Field::c, true), sums);
  EXPECT_TRUE(region(b.program.code[1], Field::c, false).empty()) << "starts at zero";
  b.change({{Field::init, static_cast<int>(Init::acc)}});
  EXPECT_EQ(region(b.program.code[1], Field::c, false), sums);
  // A transposed source has rows of the other dimension.
  b.gather(
      Opcode::LDB, at(Space::L1, 64), at(Space::B0, 0), 6, 4, "", "",
      {{Field::transpose, 1}, {Field::row_stride, 20}, {Field::m_start, 3}, {Field::k_start, 2}, {Field::log2elem, 1}});
  Bytes source;
  for (int64_t k = 2; k < 6; ++k)
    add(source, 64 + (k * 20 + 3) * 2, 12);
  EXPECT_EQ(region(b.program.code[2], Field::src, false), source);
}

TEST_F(AccessTest, Fxout) {
  Builder b;
  b.fxout(at(Space::C0, 0), at(Space::L1, 96), 4, 8, 64);
  Instruction inst = b.program.code[0];
  Bytes result, sums, table, lut, residual;
  for (int m = 0; m < 4; ++m)
    add(result, 96 + m * 64, 8), add(residual, 320 + m * 48, 16);
  add(sums, 0, 4 * 32), add(table, 0, 64), add(lut, 0, 256);
  EXPECT_EQ(region(inst, Field::dst, true), result);
  EXPECT_EQ(region(inst, Field::c, false), sums);
  EXPECT_TRUE(region(inst, Field::table, false).empty());
  EXPECT_TRUE(region(inst, Field::lut, false).empty());
  EXPECT_TRUE(region(inst, Field::res_src, false).empty());
  inst.set(Field::qmode, static_cast<int>(QMode::table));
  inst.set(Field::act, static_cast<int>(Act::lut));
  inst.set(Field::res, static_cast<int>(Residual::f16));
  inst.set(Field::res_src, static_cast<int64_t>(at(Space::VB, 320)));
  inst.set(Field::res_stride, 48);
  EXPECT_EQ(region(inst, Field::table, false), table);
  EXPECT_EQ(region(inst, Field::lut, false), lut);
  EXPECT_EQ(region(inst, Field::res_src, false), residual);
}

TEST_F(AccessTest, Vectors) {
  for (int round = 0; round < 500; ++round) {
    int64_t len = pick(1, 9), rep = pick(1, 5), stride[4];
    for (int64_t &s : stride)
      s = pick(-48, 48);
    bool broadcast = pick(0, 1);
    auto make = [&](Opcode opcode) {
      Builder b;
      b.add(opcode, {{Field::dst, at(Space::VB, 1024)},
                     {Field::s0, at(Space::VB, 4096)},
                     {Field::s1, at(Space::VB, 8192)},
                     {Field::s2, at(Space::VB, 16384)},
                     {Field::ddt, static_cast<int>(DType::i8)},
                     {Field::s0dt, static_cast<int>(DType::f16)},
                     {Field::s1dt, static_cast<int>(DType::f32)},
                     {Field::len, len},
                     {Field::rep, rep},
                     {Field::dst_stride, stride[0]},
                     {Field::s0_stride, stride[1]},
                     {Field::s1_stride, stride[2]},
                     {Field::s2_stride, stride[3]},
                     {Field::s1_bcast, broadcast}});
      return b.program.code[0];
    };
    auto rows = [&](int64_t base, int64_t bytes, int64_t step, int64_t count) {
      Bytes all;
      for (int64_t r = 0; r < count; ++r)
        add(all, base + r * step, bytes);
      return all;
    };
    Instruction madd = make(Opcode::MADD);
    ASSERT_EQ(region(madd, Field::dst, true), rows(1024, len, stride[0], rep));
    ASSERT_EQ(region(madd, Field::s0, false), rows(4096, 2 * len, stride[1], rep));
    ASSERT_EQ(region(madd, Field::s1, false), rows(8192, broadcast ? 4 : 4 * len, stride[2], rep));
    ASSERT_EQ(region(madd, Field::s2, false), rows(16384, 4 * len, stride[3], rep));
    madd.set(Field::s1_imm, 1);
    ASSERT_TRUE(region(madd, Field::s1, false).empty());
    ASSERT_TRUE(region(make(Opcode::EXP), Field::s1, false).empty());
    ASSERT_EQ(region(make(Opcode::RSUM), Field::dst, true), rows(1024, 1, stride[0], rep));
    ASSERT_EQ(region(make(Opcode::BCAST), Field::s0, false), rows(4096, 2, stride[1], rep));
    ASSERT_EQ(region(make(Opcode::TRANS), Field::dst, true), rows(1024, rep, stride[0], len));
    ASSERT_EQ(region(make(Opcode::LUT), Field::s1, false), rows(8192, 256, 0, 1));
    ASSERT_EQ(region(make(Opcode::GATHER), Field::s1, false), rows(8192, broadcast ? 4 : 4 * len, stride[2], rep));
    if (round == 0) {
      ASSERT_EQ(region(make(Opcode::GATHER), Field::s0, false).size(), machine.space(Space::VB).bytes);
      ASSERT_EQ(region(make(Opcode::SCATTER), Field::dst, true).size(), machine.space(Space::VB).bytes);
    }
    ASSERT_TRUE(region(make(Opcode::IOTA), Field::s0, false).empty());
  }
}

TEST_F(AccessTest, Windows) {
  for (int round = 0; round < 500; ++round) {
    int64_t h = pick(1, 6), w = pick(1, 6), c = pick(1, 5), kh = pick(1, 3), kw = pick(1, 3), sh = pick(1, 3),
            sw = pick(1, 3);
    int64_t dh = pick(1, 2), dw = pick(1, 2), pt = pick(0, 2), pl = pick(0, 2), oh = pick(1, 4), ow = pick(1, 4);
    int64_t pix = c + pick(0, 2), row = w * pix + pick(0, 3), dpix = c + pick(0, 2), drow = ow * dpix + pick(0, 3);
    Builder b;
    b.add(Opcode::DWMAC, {{Field::dst, at(Space::VB, 1024)},
                          {Field::src, at(Space::VB, 4096)},
                          {Field::wgt, at(Space::VB, 8192)},
                          {Field::table, at(Space::VB, 9600)},
                          {Field::sdt, static_cast<int>(DType::f16)},
                          {Field::wdt, static_cast<int>(DType::i8)},
                          {Field::ddt, static_cast<int>(DType::f32)},
                          {Field::qmode, static_cast<int>(QMode::table)},
                          {Field::h, h},
                          {Field::w, w},
                          {Field::c, c},
                          {Field::pix_stride, pix},
                          {Field::row_stride, row},
                          {Field::kh, kh},
                          {Field::kw, kw},
                          {Field::sh, sh},
                          {Field::sw, sw},
                          {Field::dh, dh},
                          {Field::dw, dw},
                          {Field::pt, pt},
                          {Field::pl, pl},
                          {Field::oh, oh},
                          {Field::ow, ow},
                          {Field::dst_pix_stride, dpix},
                          {Field::dst_row_stride, drow}});
    Bytes source, result, weights, table;
    for (int64_t y = 0; y < oh; ++y)
      for (int64_t x = 0; x < ow; ++x) {
        add(result, 1024 + 4 * (y * drow + x * dpix), 4 * c);
        for (int64_t i = 0; i < kh; ++i)
          for (int64_t j = 0; j < kw; ++j) {
            int64_t sy = y * sh - pt + i * dh, sx = x * sw - pl + j * dw;
            if (sy >= 0 && sy < h && sx >= 0 && sx < w)
              add(source, 4096 + 2 * (sy * row + sx * pix), 2 * c);
          }
      }
    add(weights, 8192, kh * kw * c), add(table, 9600, 8 * c);
    const Instruction &inst = b.program.code[0];
    expectHolds(region(inst, Field::src, false), source);
    if (sh == 1 && sw == 1 && dh == 1 && dw == 1)
      ASSERT_EQ(region(inst, Field::src, false), source);
    ASSERT_EQ(region(inst, Field::dst, true), result);
    ASSERT_EQ(region(inst, Field::wgt, false), weights);
    ASSERT_EQ(region(inst, Field::table, false), table);
  }
}

TEST_F(AccessTest, AnyFieldsAreTaken) {
  // Whatever decodes: zero extents, windows outside of their tensor, negative strides.
  std::vector<Access> all;
  size_t instructions = 0;
  for (unsigned opcode = 0; opcode < 256; ++opcode) {
    const OpcodeInfo *info = infoOf(static_cast<uint8_t>(opcode));
    if (!info)
      continue;
    for (int round = 0; round < 200; ++round) {
      std::string bytes(info->words * kWordBytes, 0);
      bytes[0] = static_cast<char>(opcode);
      bytes[1] = static_cast<char>(info->words - 1);
      for (unsigned e = 0; e < kEngines; ++e)
        if (info->engines >> e & 1)
          bytes[1] = static_cast<char>((info->words - 1) | e << 2);
      for (unsigned f = 0; f < info->fieldCount; ++f) {
        // Small numbers, and any.
        unsigned width = info->fields[f].width, bits = pick(0, 1) ? width : std::min(width, 3u);
        if (info->fields[f].kind == FieldKind::Enumeration)
          bits = std::min(bits, 2u);
        for (unsigned i = 0; i < bits; ++i)
          if (pick(0, 1))
            bytes[(info->fields[f].lowBit + i) / 8] |= static_cast<char>(1 << (info->fields[f].lowBit + i) % 8);
      }
      Instruction inst;
      std::string error;
      if (!decode(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size(), inst, error))
        continue;
      ++instructions;
      size_t from = all.size();
      accesses(inst, {}, machine, all);
      for (; from < all.size(); ++from) {
        ASSERT_FALSE(all[from].box.empty());
        ASSERT_LT(all[from].box.begin(), all[from].box.end());
      }
    }
  }
  EXPECT_GT(instructions, 1000u);
  for (size_t i = 1; i < all.size(); ++i)
    if (all[i - 1].box.begin() >= 0 && all[i].box.begin() >= 0)
      ASSERT_EQ(conflict(all[i - 1], all[i]), conflict(all[i], all[i - 1]));
}

TEST_F(AccessTest, UnknownRegistersTakeAllOfTheirMemory) {
  Builder b;
  b.ld(in(1, 64, 5), at(Space::VB, 0, 6), 32);
  std::vector<Access> list;
  accesses(b.program.code[0], {}, machine, list, 1u << 6);
  ASSERT_EQ(list.size(), 2u);
  for (const Access &access : list)
    EXPECT_EQ(access.box.run, access.memory.isSegment() ? 32 : int64_t(machine.space(Space::VB).bytes));
}

} // namespace
