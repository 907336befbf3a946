// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wgmma in every type and width against the exact product, as MatrixTest.cpp does for mma.sync. Operands lie in shared
// memory without a swizzle, in core matrices of 8 rows by 16 bytes: the bytes of A first, then those of B.
#include "MatrixTest.h"
#include <gtest/gtest.h>

using namespace aic::ptx;
using namespace aic::ptx::test;

namespace {

struct Kind {
  unsigned n;
  Element d, a, b;
  bool fromRegisters = false; // A
  bool negate = false;        // A
  bool transposed = false;    // B, and A unless it is in registers: along m and n in memory
  bool satfinite = false;
  unsigned k() const { return 256 / a.bits; }
  bool canTranspose() const { return a.bits == 16; }
  std::string spelling() const {
    return "wgmma.mma_async.sync.aligned.m64n" + std::to_string(n) + "k" + std::to_string(k()) +
           (satfinite ? ".satfinite." : ".") + d.name + "." + a.name + "." + b.name;
  }
  unsigned registersD() const { return n / 2 * d.bits / 32; }
};

class Wgmma : public testing::TestWithParam<Kind> {};

/// Byte of element (row, x) of an operand: core matrices next to each other along k first, then along the rows;
/// MN-major ones hold 8 values of k by 16 bytes along the rows.
unsigned placeInMemory(const Element &e, bool transposed, unsigned k, unsigned row, unsigned x) {
  unsigned size = e.bits / 8, per = 16 / size;
  if (transposed) // leading offset: the next 8 of k; stride offset: the next rows
    return ((row / per) * (k / 8) + x / 8) * 128 + x % 8 * 16 + row % per * size;
  return ((row / 8) * (k / per) + x / per) * 128 + row % 8 * 16 + x % per * size;
}
uint64_t descriptor(const Element &e, bool transposed, unsigned k, unsigned address) {
  unsigned columns = transposed ? k / 8 : k / (16 / (e.bits / 8));
  uint64_t leading = 128, stride = 128 * columns;
  return uint64_t(address >> 4) | leading >> 4 << 16 | stride >> 4 << 32;
}

std::string textOf(const Kind &kind, unsigned bytesA, unsigned bytes) {
  unsigned nd = kind.registersD();
  bool inMemory = !kind.fromRegisters;
  std::string text = ".version 8.4\n.target sm_90a\n.address_size 64\n.shared .align 128 .b8 s[" +
                     std::to_string(bytes) +
                     "];\n.entry k(.param .u64 x, .param .u64 f, .param .u64 y) {\n"
                     ".reg .pred %p; .reg .b32 %t, %i, %s, %v, %d<128>, %a<4>; .reg .b64 %x, %f, %y, %A, %B, %o;\n"
                     "mov.u32 %t, %tid.x; ld.param.u64 %x, [x]; ld.param.u64 %f, [f]; ld.param.u64 %y, [y];\n"
                     "mad.wide.u32 %y, %t, 512, %y; mad.wide.u32 %f, %t, 16, %f; mov.b32 %s, s; shl.b32 %i, %t, 2;\n"
                     "$L: setp.ge.u32 %p, %i, " +
                     std::to_string(bytes) +
                     "; @%p bra $E; cvt.u64.u32 %o, %i; add.u64 %o, %x, %o; ld.global.b32 %v, [%o];\n"
                     "{ .reg .b32 %q; add.u32 %q, %s, %i; st.shared.b32 [%q], %v; }\n"
                     "add.u32 %i, %i, 512; bra $L;\n$E: fence.proxy.async; bar.sync 0;\n";
  for (unsigned r = 0; r < 4; ++r)
    text += "ld.global.b32 %a" + std::to_string(r) + ", [%f+" + std::to_string(4 * r) + "];\n";
  std::string list;
  for (unsigned r = 0; r < nd; ++r) {
    text += "ld.global.b32 %d" + std::to_string(r) + ", [%y+" + std::to_string(4 * r) + "];\n";
    list += (r ? ", %d" : "%d") + std::to_string(r);
  }
  text += "mov.b64 %A, " + std::to_string(descriptor(kind.a, kind.transposed, kind.k(), 0)) + "; mov.b64 %B, " +
          std::to_string(descriptor(kind.b, kind.transposed, kind.k(), bytesA)) +
          "; cvt.u64.u32 %o, %s; shr.u64 %o, %o, 4; add.u64 %A, %A, %o; add.u64 %B, %B, %o;\n"
          "wgmma.fence.sync.aligned;\n" +
          kind.spelling() + " {" + list + "}, " + (inMemory ? "%A" : "{%a0, %a1, %a2, %a3}") + ", %B, 1";
  if (kind.d.exponent)
    text += std::string(kind.negate ? ", -1" : ", 1") + ", 1";
  if (kind.canTranspose())
    text += std::string(inMemory ? (kind.transposed ? ", 1" : ", 0") : "") + (kind.transposed ? ", 1" : ", 0");
  text += ";\nwgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;\n";
  for (unsigned r = 0; r < nd; ++r)
    text += "st.global.b32 [%y+" + std::to_string(4 * r) + "], %d" + std::to_string(r) + ";\n";
  return text + "}\n";
}

TEST_P(Wgmma, IsWithinItsBound) {
  const Kind &kind = GetParam();
  unsigned k = kind.k(), n = kind.n, bytesA = 64 * 32, bytesB = n * 32, sizeA = kind.a.bits / 8;
  Memory memory;
  std::vector<Diagnostic> messages;
  auto program = Program::load(textOf(kind, bytesA, bytesA + bytesB), "wgmma.ptx", memory, messages);
  ASSERT_TRUE(program) << formatDiagnostic("wgmma.ptx", messages.front());
  uint64_t params[3] = {memory.allocate(bytesA + bytesB, "x"), memory.allocate(128 * 16, "f"),
                        memory.allocate(128 * 512, "y")};
  std::mt19937_64 rng(n * 7 + kind.a.mantissa + kind.b.bits);
  std::vector<uint64_t> a(64 * k), b(size_t(n) * k), c(64 * size_t(n));
  for (uint64_t &v : a)
    v = draw(kind.a, rng, 3);
  for (uint64_t &v : b)
    v = draw(kind.b, rng, 3);
  for (uint64_t &v : c)
    v = draw(kind.d, rng, 3);
  std::vector<uint8_t> image(bytesA + bytesB), fragments(128 * 16), accumulators(128 * 512);
  for (unsigned r = 0; r < 64; ++r)
    for (unsigned x = 0; x < k; ++x) {
      memcpy(&image[placeInMemory(kind.a, kind.transposed, k, r, x)], &a[r * k + x], sizeA);
      // In registers: as A of mma.sync, 16 rows a warp.
      unsigned per = 4 / sizeA, lane = r % 8 * 4 + x / per % 4, reg = r / 8 % 2 + x / (4 * per) * 2;
      memcpy(&fragments[((r / 16 * 32 + lane) * 4 + reg) * 4 + x % per * sizeA], &a[r * k + x], sizeA);
    }
  for (unsigned r = 0; r < n; ++r)
    for (unsigned x = 0; x < k; ++x)
      memcpy(&image[bytesA + placeInMemory(kind.b, kind.transposed, k, r, x)], &b[r * k + x], kind.b.bits / 8);
  // Byte of an element of D in its thread's 512: pairs of columns, rows 8 apart, then the next 8 columns.
  auto place = [&](unsigned row, unsigned col) {
    unsigned thread = row / 16 * 32 + row % 8 * 4 + col / 2 % 4, element = col / 8 * 4 + row / 8 % 2 * 2 + col % 2;
    return thread * 512 + element * kind.d.bits / 8;
  };
  for (unsigned r = 0; r < 64; ++r)
    for (unsigned col = 0; col < n; ++col)
      memcpy(&accumulators[place(r, col)], &c[r * n + col], kind.d.bits / 8);
  memory.write(params[0], image.data(), image.size());
  memory.write(params[1], fragments.data(), fragments.size());
  memory.write(params[2], accumulators.data(), accumulators.size());
  LaunchResult result =
      launch(*program, program->kernels()[0], {{1, 1, 1}, {128, 1, 1}}, params, 24, memory, Options());
  ASSERT_TRUE(result.ok()) << formatError(*program, result.errors.front());
  memory.read(params[2], accumulators.data(), accumulators.size());
  unsigned inexact = 0;
  for (unsigned r = 0; r < 64; ++r)
    for (unsigned col = 0; col < n; ++col) {
      uint64_t bits = 0;
      memcpy(&bits, &accumulators[place(r, col)], kind.d.bits / 8);
      long double got = decode(kind.d, bits);
      Sum sum;
      sum.start(decode(kind.d, c[r * n + col]));
      for (unsigned x = 0; x < k; ++x)
        sum.add(decode(kind.a, a[r * k + x]) * (kind.negate ? -1 : 1), decode(kind.b, b[col * k + x]));
      if (!kind.d.exponent) {
        int64_t want = int64_t(sum.exact);
        want = kind.satfinite ? std::min<int64_t>(std::max<int64_t>(want, INT32_MIN), INT32_MAX) : int32_t(want);
        ASSERT_EQ(int64_t(got), want) << "row " << r << " column " << col;
        continue;
      }
      ASSERT_LE(std::fabs(got - sum.exact), sum.bound(f32, kind.d)) << "row " << r << " column " << col;
      inexact += got != sum.exact;
    }
  if (kind.d.exponent)
    EXPECT_GT(inexact, 20u) << "the values round nowhere";
}

std::string nameOf(const testing::TestParamInfo<Kind> &info) {
  const Kind &kind = info.param;
  std::string name = kind.spelling() + (kind.fromRegisters ? "_registers" : "") + (kind.negate ? "_negated" : "") +
                     (kind.transposed ? "_transposed" : "");
  for (char &c : name)
    c = isalnum((unsigned char)c) ? c : '_';
  return name;
}

std::vector<Kind> kinds() {
  std::vector<Kind> list;
  for (unsigned n = 8; n <= 256; n += 8)
    list.push_back({n, f32, f16, f16});
  for (bool registers : {false, true})
    for (unsigned n : {8u, 40u, 256u})
      for (bool transposed : {false, true}) {
        if (registers || transposed)
          list.push_back({n, f32, f16, f16, registers, false, transposed});
        list.push_back({n, f16, f16, f16, registers, true, transposed});
        list.push_back({n, f32, bf16, bf16, registers, true, transposed});
      }
  for (bool registers : {false, true})
    for (unsigned n : {8u, 96u}) {
      list.push_back({n, f32, tf32, tf32, registers, registers});
      for (const Element &a : {e4m3, e5m2})
        for (const Element &b : {e4m3, e5m2}) {
          list.push_back({n, f32, a, b, registers});
          list.push_back({n, f16, a, b, registers});
        }
      for (const Element &a : {s8, u8})
        for (const Element &b : {s8, u8})
          for (bool satfinite : {false, true})
            list.push_back({n, s32, a, b, registers, false, false, satfinite});
    }
  return list;
}
INSTANTIATE_TEST_SUITE_P(Kinds, Wgmma, testing::ValuesIn(kinds()), nameOf);

// Who issues what, and who waits for it

struct Fault {
  const char *name, *code, *kind, *text;
  unsigned block = 128;
};
class WgmmaFaults : public testing::TestWithParam<Fault> {};

TEST_P(WgmmaFaults, AreReported) {
  const Fault &fault = GetParam();
  std::string text = ".version 8.4\n.target sm_90a\n.address_size 64\n.shared .align 128 .b8 s[2048];\n.entry k() {\n"
                     ".reg .pred %p; .reg .b32 %t, %w, %i, %z; .reg .b64 %D; .reg .f32 %d<4>;\n"
                     "mov.u32 %t, %tid.x; shr.u32 %w, %t, 5; mov.u32 %z, s; mad.lo.u32 %i, %t, 16, %z; mov.u32 %z, 0; "
                     "setp.ge.u32 %p, %t, 128;\n"
                     "@!%p st.shared.v4.b32 [%i], {%z, %z, %z, %z}; fence.proxy.async; bar.sync 0;\n"
                     "mov.b64 %D, " +
                     std::to_string(descriptor(f16, false, 16, 0)) +
                     "; mov.f32 %d0, 0f00000000; mov.f32 %d1, %d0; mov.f32 %d2, %d0; mov.f32 %d3, %d0;\n" + fault.code +
                     "\n}\n";
  Memory memory;
  std::vector<Diagnostic> messages;
  auto program = Program::load(text, "wgmma.ptx", memory, messages);
  ASSERT_TRUE(program) << formatDiagnostic("wgmma.ptx", messages.front());
  LaunchResult result =
      launch(*program, program->kernels()[0], {{1, 1, 1}, {fault.block, 1, 1}}, nullptr, 0, memory, Options());
  if (!fault.kind) {
    EXPECT_TRUE(result.ok()) << formatError(*program, result.errors.front());
    return;
  }
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.errors.front().kind, fault.kind);
  EXPECT_NE(result.errors.front().message.find(fault.text), std::string::npos) << result.errors.front().message;
}

#define FENCE "wgmma.fence.sync.aligned; "
#define ISSUE                                                                                                          \
  "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%d0, %d1, %d2, %d3}, %D, %D, 1, 1, 1, 0, 0;"                     \
  "wgmma.commit_group.sync.aligned; "
#define WAIT "wgmma.wait_group.sync.aligned 0; "
INSTANTIATE_TEST_SUITE_P(
    Kinds, WgmmaFaults,
    testing::Values(Fault{"None", FENCE ISSUE WAIT, nullptr, ""}, Fault{"Fence", ISSUE WAIT, "async", "wgmma.fence"},
                    Fault{"Wait", FENCE ISSUE, "async", "no wgmma.wait_group covers it"},
                    Fault{"HalfAWarpgroup", FENCE ISSUE WAIT, "divergence", "this one has 2", 64},
                    Fault{"SecondWarpgroup", FENCE ISSUE WAIT, "divergence", "this one has 1", 160},
                    Fault{"SomeWarps", "setp.eq.u32 %p, %w, 2; @%p bra $E; " FENCE ISSUE WAIT "$E: ret;", "divergence",
                          "warp 0 1, warp 2 0"},
                    Fault{"FirstWarpMissing", "setp.eq.u32 %p, %w, 0; @%p bra $E; " FENCE ISSUE WAIT "$E: ret;",
                          "divergence", "warp 0 0, warp 1 1"}),
    [](const auto &info) { return info.param.name; });

} // namespace
