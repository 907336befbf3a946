// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mma.sync of every type against a plain product. The fragments are packed here from their description in the PTX
// manual, row by row: group = lane / 4, member = lane % 4, a0 a1 ... as it lists them.
#include "aic/PTX/Executor.h"
#include <cmath>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <random>

using namespace aic::ptx;

namespace {

struct Kind {
  const char *spelling;
  unsigned m, k;
  unsigned bits; // of an element of A and B
  bool integer;
  std::function<uint32_t(int)> encode; // small integers only: exact in every type
  unsigned resultBits;
};

uint32_t half(int v) {
  if (!v)
    return 0;
  int e, sign = v < 0;
  double f = std::frexp(std::abs(v), &e);
  return uint32_t(sign << 15 | (e - 1 + 15) << 10 | (int(f * 2048) & 1023));
}
uint32_t single(int v) {
  float f = float(v);
  uint32_t u;
  memcpy(&u, &f, 4);
  return u;
}
uint32_t e4m3(int v) {
  if (!v)
    return 0;
  int e, sign = v < 0;
  double f = std::frexp(std::abs(v), &e);
  return uint32_t(sign << 7 | (e - 1 + 7) << 3 | (int(f * 16) & 7));
}

/// Row and column of element e (counted within the fragment of a lane) of A, as the manual's tables give them.
void placeA(const Kind &kind, unsigned lane, unsigned e, unsigned &row, unsigned &col) {
  unsigned group = lane / 4, member = lane % 4, per = 32 / kind.bits, reg = e / per, in = e % per;
  bool lower = kind.m == 16 && (reg == 1 || reg == 3);
  bool right = kind.m == 16 ? reg >= 2 : reg >= 1;
  row = group + (lower ? 8 : 0);
  col = member * per + in + (right ? 4 * per : 0);
}
void placeB(const Kind &kind, unsigned lane, unsigned e, unsigned &row, unsigned &col) {
  unsigned per = 32 / kind.bits;
  col = lane / 4;
  row = (lane % 4) * per + e % per + (e / per ? 4 * per : 0);
}
void placeC(unsigned lane, unsigned e, unsigned &row, unsigned &col) {
  row = lane / 4 + (e >= 2 ? 8 : 0);
  col = lane % 4 * 2 + e % 2;
}

class Mma : public testing::TestWithParam<Kind> {};

TEST_P(Mma, MatchesAPlainProduct) {
  const Kind &kind = GetParam();
  std::mt19937 rng(kind.k * 7 + kind.bits);
  std::vector<int> a(kind.m * kind.k), b(kind.k * 8), c(kind.m * 8);
  bool isUnsigned = std::string(kind.spelling).find(".u8.u8") != std::string::npos;
  for (auto *list : {&a, &b})
    for (int &v : *list)
      v = isUnsigned ? int(rng() % 8) : int(rng() % 15) - 7;
  for (int &v : c)
    v = int(rng() % 31) - 15;
  unsigned na = kind.m * kind.k * kind.bits / 1024, nb = kind.k * 8 * kind.bits / 1024, nc = kind.m / 4;
  unsigned ncr = kind.resultBits == 16 ? nc / 2 : nc, total = na + nb + ncr;
  std::vector<uint32_t> in(32 * 16, 0);
  for (unsigned lane = 0; lane < 32; ++lane) {
    uint32_t *regs = &in[lane * 16];
    unsigned per = 32 / kind.bits, row, col;
    for (unsigned e = 0; e < na * per; ++e) {
      placeA(kind, lane, e, row, col);
      regs[e / per] |= kind.encode(a[row * kind.k + col]) << (e % per * kind.bits);
    }
    for (unsigned e = 0; e < nb * per; ++e) {
      placeB(kind, lane, e, row, col);
      regs[na + e / per] |= kind.encode(b[row * 8 + col]) << (e % per * kind.bits);
    }
    for (unsigned e = 0; e < nc; ++e) {
      placeC(lane, e, row, col);
      int v = c[row * 8 + col];
      if (kind.resultBits == 16)
        regs[na + nb + e / 2] |= half(v) << (e % 2 * 16);
      else
        regs[na + nb + e] = kind.integer ? uint32_t(v) : single(v);
    }
  }
  std::string text = ".version 8.4\n.target sm_90\n.address_size 64\n.entry k(.param .u64 x, .param .u64 y) {\n"
                     ".reg .b32 %r<16>, %d<4>, %t; .reg .b64 %x, %y; mov.u32 %t, %tid.x; ld.param.u64 %x, [x];\n"
                     "ld.param.u64 %y, [y]; mad.wide.u32 %x, %t, 64, %x; mad.wide.u32 %y, %t, 16, %y;\n";
  for (unsigned r = 0; r < total; ++r)
    text += "ld.global.b32 %r" + std::to_string(r) + ", [%x+" + std::to_string(4 * r) + "];\n";
  auto list = [](const char *name, unsigned first, unsigned count) {
    std::string s = "{";
    for (unsigned r = 0; r < count; ++r)
      s += std::string(r ? ", " : "") + name + std::to_string(first + r);
    return s + "}";
  };
  text += std::string(kind.spelling) + " " + list("%d", 0, ncr) + ", " + list("%r", 0, na) + ", " + list("%r", na, nb) +
          ", " + list("%r", na + nb, ncr) + ";\n";
  for (unsigned r = 0; r < ncr; ++r)
    text += "st.global.b32 [%y+" + std::to_string(4 * r) + "], %d" + std::to_string(r) + ";\n";
  Memory memory;
  std::vector<Diagnostic> messages;
  auto program = Program::load(text + "}\n", "mma.ptx", memory, messages);
  ASSERT_TRUE(program) << formatDiagnostic("mma.ptx", messages.front());
  uint64_t params[2] = {memory.allocate(in.size() * 4, "x"), memory.allocate(512, "y")};
  memory.write(params[0], in.data(), in.size() * 4);
  LaunchResult result = launch(*program, program->kernels()[0], {{1, 1, 1}, {32, 1, 1}}, params, 16, memory, Options());
  ASSERT_TRUE(result.ok()) << formatError(*program, result.errors.front());
  uint32_t out[32][4];
  memory.read(params[1], out, 512);
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned e = 0; e < nc; ++e) {
      unsigned row, col;
      placeC(lane, e, row, col);
      int sum = c[row * 8 + col];
      for (unsigned x = 0; x < kind.k; ++x)
        sum += a[row * kind.k + x] * b[x * 8 + col];
      uint32_t got = kind.resultBits == 16 ? out[lane][e / 2] >> (e % 2 * 16) & 0xffff : out[lane][e];
      uint32_t want = kind.resultBits == 16 ? half(sum) : kind.integer ? uint32_t(sum) : single(sum);
      ASSERT_EQ(got, want) << "row " << row << " column " << col;
    }
}

uint32_t bfloat(int v) { return single(v) >> 16; }
uint32_t byte(int v) { return uint8_t(v); }

INSTANTIATE_TEST_SUITE_P(
    Kinds, Mma,
    testing::Values(Kind{"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", 16, 16, 16, false, half, 32},
                    Kind{"mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32", 16, 8, 16, false, half, 32},
                    Kind{"mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16", 16, 16, 16, false, half, 16},
                    Kind{"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", 16, 16, 16, false, bfloat, 32},
                    Kind{"mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32", 16, 8, 16, false, bfloat, 32},
                    Kind{"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", 16, 8, 32, false, single, 32},
                    Kind{"mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32", 16, 4, 32, false, single, 32},
                    Kind{"mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32", 16, 32, 8, false, e4m3, 32},
                    Kind{"mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32", 16, 32, 8, true, byte, 32},
                    Kind{"mma.sync.aligned.m16n8k16.row.col.s32.u8.u8.s32", 16, 16, 8, true, byte, 32},
                    Kind{"mma.sync.aligned.m8n8k16.row.col.satfinite.s32.s8.s8.s32", 8, 16, 8, true, byte, 32}));

} // namespace
