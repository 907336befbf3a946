// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mma.sync in every shape and type against the exact product: integers are equal, floating point is within K half ulps
// of the sum of magnitudes. The fragments are packed here from their description in the PTX manual, row by row: group =
// lane / 4, member = lane % 4, a0 a1 ... as it lists them.
#include "MatrixTest.h"
#include <gtest/gtest.h>

using namespace aic::ptx;
using namespace aic::ptx::test;

namespace {

struct Kind {
  unsigned m, k;
  Element d, a, b;
  bool satfinite = false;
  std::string spelling() const {
    return "mma.sync.aligned.m" + std::to_string(m) + "n8k" + std::to_string(k) + ".row.col" +
           (satfinite ? ".satfinite." : ".") + d.name + "." + a.name + "." + b.name + "." + d.name;
  }
};

/// Row and column of element e (counted within the fragment of a lane) of A, as the manual's tables give them.
void placeA(const Kind &kind, unsigned lane, unsigned e, unsigned &row, unsigned &col) {
  unsigned group = lane / 4, member = lane % 4, per = std::max(1u, 32 / kind.a.bits), reg = e / per, in = e % per;
  bool lower = kind.m == 16 && (reg == 1 || reg == 3);
  bool right = kind.m == 16 ? reg >= 2 : reg >= 1;
  row = group + (lower ? 8 : 0);
  col = member * per + in + (right ? 4 * per : 0);
}
void placeB(const Kind &kind, unsigned lane, unsigned e, unsigned &row, unsigned &col) {
  unsigned per = std::max(1u, 32 / kind.b.bits);
  col = lane / 4;
  row = (lane % 4) * per + e % per + (e / per ? 4 * per : 0);
}
void placeC(unsigned lane, unsigned e, unsigned &row, unsigned &col) {
  row = lane / 4 + (e >= 2 ? 8 : 0);
  col = lane % 4 * 2 + e % 2;
}

class Mma : public testing::TestWithParam<Kind> {};

const size_t laneBytes = 64;

/// A kernel that takes the fragments of a lane from 64 bytes of x and leaves its result in 64 bytes of y.
std::string textOf(const Kind &kind, unsigned na, unsigned nb, unsigned nc) {
  bool wide = kind.d.bits == 64;
  std::string type = wide ? "f64" : "b32", size = wide ? "8" : "4";
  std::string text = ".version 8.4\n.target sm_90\n.address_size 64\n.entry k(.param .u64 x, .param .u64 y) {\n"
                     ".reg .b32 %t; .reg ." +
                     type + " %r<16>, %d<4>; .reg .b64 %x, %y; mov.u32 %t, %tid.x; ld.param.u64 %x, [x];\n" +
                     "ld.param.u64 %y, [y]; mad.wide.u32 %x, %t, 64, %x; mad.wide.u32 %y, %t, 64, %y;\n";
  auto at = [&](unsigned r) { return "+" + std::to_string(r * (wide ? 8 : 4)) + "]"; };
  for (unsigned r = 0; r < na + nb + nc; ++r)
    text += "ld.global." + type + " %r" + std::to_string(r) + ", [%x" + at(r) + ";\n";
  auto list = [](const char *name, unsigned first, unsigned count) {
    std::string s = "{";
    for (unsigned r = 0; r < count; ++r)
      s += std::string(r ? ", " : "") + name + std::to_string(first + r);
    return s + "}";
  };
  text += kind.spelling() + " " + list("%d", 0, nc) + ", " + list("%r", 0, na) + ", " + list("%r", na, nb) + ", " +
          list("%r", na + nb, nc) + ";\n";
  for (unsigned r = 0; r < nc; ++r)
    text += "st.global." + type + " [%y" + at(r) + ", %d" + std::to_string(r) + ";\n";
  return text + "}\n";
}

TEST_P(Mma, IsWithinItsBound) {
  const Kind &kind = GetParam();
  const Element &wide = kind.d.exponent && kind.d.bits < 32 ? f32 : kind.d;
  unsigned registerBits = kind.d.bits == 64 ? 64 : 32;
  unsigned elementsA = kind.m * kind.k / 32, elementsB = kind.k * 8 / 32, elementsC = kind.m * 8 / 32;
  unsigned na = elementsA * kind.a.bits / registerBits, nb = elementsB * kind.b.bits / registerBits,
           nc = elementsC * kind.d.bits / registerBits;
  Memory memory;
  std::vector<Diagnostic> messages;
  auto program = Program::load(textOf(kind, na, nb, nc), "mma.ptx", memory, messages);
  ASSERT_TRUE(program) << formatDiagnostic("mma.ptx", messages.front());
  uint64_t params[2] = {memory.allocate(32 * laneBytes, "x"), memory.allocate(32 * laneBytes, "y")};
  std::mt19937_64 rng(kind.k * 7 + kind.a.bits + kind.b.mantissa);
  unsigned inexact = 0;
  for (unsigned round = 0; round < 20; ++round) {
    int range = int(round % 5); // from all alike to far apart
    std::vector<uint64_t> a(kind.m * kind.k), b(kind.k * 8), c(kind.m * 8);
    for (uint64_t &v : a)
      v = draw(kind.a, rng, range);
    for (uint64_t &v : b)
      v = draw(kind.b, rng, range);
    for (uint64_t &v : c)
      v = draw(kind.d, rng, range);
    if (!kind.d.exponent && round % 2)
      for (uint64_t &v : c) // near the ends, where sums wrap or saturate
        v = (v & 1 ? 0x7fffffff : 0x80000000) ^ (v & 0xffff);
    std::vector<uint8_t> in(32 * laneBytes, 0), out(32 * laneBytes);
    unsigned row, col;
    auto put = [&](unsigned lane, unsigned firstRegister, unsigned e, const Element &type, uint64_t bits) {
      memcpy(&in[lane * laneBytes + firstRegister * registerBits / 8 + e * type.bits / 8], &bits, type.bits / 8);
    };
    for (unsigned lane = 0; lane < 32; ++lane) {
      for (unsigned e = 0; e < elementsA; ++e)
        placeA(kind, lane, e, row, col), put(lane, 0, e, kind.a, a[row * kind.k + col]);
      for (unsigned e = 0; e < elementsB; ++e)
        placeB(kind, lane, e, row, col), put(lane, na, e, kind.b, b[row * 8 + col]);
      for (unsigned e = 0; e < elementsC; ++e)
        placeC(lane, e, row, col), put(lane, na + nb, e, kind.d, c[row * 8 + col]);
    }
    memory.write(params[0], in.data(), in.size());
    LaunchResult result =
        launch(*program, program->kernels()[0], {{1, 1, 1}, {32, 1, 1}}, params, 16, memory, Options());
    ASSERT_TRUE(result.ok()) << formatError(*program, result.errors.front());
    memory.read(params[1], out.data(), out.size());
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned e = 0; e < elementsC; ++e) {
        placeC(lane, e, row, col);
        uint64_t bits = 0;
        memcpy(&bits, &out[lane * laneBytes + e * kind.d.bits / 8], kind.d.bits / 8);
        long double got = decode(kind.d, bits);
        Sum sum;
        sum.start(decode(kind.d, c[row * 8 + col]));
        for (unsigned x = 0; x < kind.k; ++x)
          sum.add(decode(kind.a, a[row * kind.k + x]), decode(kind.b, b[x * 8 + col]));
        if (!kind.d.exponent) {
          int64_t want = int64_t(sum.exact);
          want = kind.satfinite ? std::min<int64_t>(std::max<int64_t>(want, INT32_MIN), INT32_MAX) : int32_t(want);
          ASSERT_EQ(int64_t(got), want) << "row " << row << " column " << col;
          continue;
        }
        ASSERT_LE(std::fabs(got - sum.exact), sum.bound(wide, kind.d)) << "row " << row << " column " << col;
        inexact += got != sum.exact;
      }
  }
  if (kind.d.exponent)
    EXPECT_GT(inexact, 20u) << "the values round nowhere";
}

std::string nameOf(const testing::TestParamInfo<Kind> &info) {
  std::string name = info.param.spelling();
  for (char &c : name)
    c = isalnum((unsigned char)c) ? c : '_';
  return name;
}

std::vector<Kind> kinds() {
  std::vector<Kind> list = {{8, 4, f64, f64, f64}};
  for (unsigned k : {8, 16}) {
    list.push_back({16, k, f16, f16, f16});
    list.push_back({16, k, f32, f16, f16});
    list.push_back({16, k, f32, bf16, bf16});
  }
  for (unsigned k : {4, 8})
    list.push_back({16, k, f32, tf32, tf32});
  for (const Element &a : {e4m3, e5m2})
    for (const Element &b : {e4m3, e5m2})
      list.push_back({16, 32, f32, a, b});
  for (const Element &a : {s8, u8})
    for (const Element &b : {s8, u8})
      for (bool satfinite : {false, true})
        for (auto [m, k] : {std::pair(8u, 16u), {16u, 16u}, {16u, 32u}})
          list.push_back({m, k, s32, a, b, satfinite});
  return list;
}
INSTANTIATE_TEST_SUITE_P(Kinds, Mma, testing::ValuesIn(kinds()), nameOf);

} // namespace
