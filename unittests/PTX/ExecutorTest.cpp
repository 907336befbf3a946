// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The interface that a driver uses: memory, loading, parameter layouts, launches, results.
#include "aic/PTX/Executor.h"
#include "aic/PTX/TensorMap.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace aic::ptx;

namespace {

const char *const header = ".version 8.1\n.target sm_90\n.address_size 64\n";

std::unique_ptr<Program> load(const std::string &text, Memory &memory, std::string *problem = nullptr) {
  std::vector<Diagnostic> messages;
  auto program = Program::load(text, "t.ptx", memory, messages);
  EXPECT_EQ(program == nullptr, !messages.empty());
  if (problem)
    *problem = messages.empty() ? "" : formatDiagnostic("t.ptx", messages.front());
  else if (!messages.empty())
    ADD_FAILURE() << formatDiagnostic("t.ptx", messages.front());
  return program;
}

/// Runs `body` for 32 threads; it gets its operand in %a (u32) and %A (u64) and leaves results in %d and %D.
struct Values {
  uint32_t low[32];
  uint64_t high[32];
};
Values compute(const std::string &body, const std::vector<uint64_t> &inputs) {
  Memory memory;
  std::string text =
      std::string(header) +
      ".entry k(.param .u64 x, .param .u64 y) {\n"
      ".reg .pred %p, %q; .reg .b16 %h<8>; .reg .b32 %a, %b, %c, %d, %t; .reg .b64 %A, %B, %D, %rx, %ry;\n"
      "ld.param.u64 %rx, [x]; ld.param.u64 %ry, [y]; mov.u32 %t, %tid.x;\n"
      "mad.wide.u32 %rx, %t, 8, %rx; mad.wide.u32 %ry, %t, 16, %ry;\n"
      "ld.global.u64 %A, [%rx]; cvt.u32.u64 %a, %A; mov.b32 %d, 0; mov.b64 %D, 0;\n" +
      body + "\nst.global.v2.u64 [%ry], {%D, %D}; st.global.u32 [%ry], %d;\n}\n";
  Values values{};
  auto program = load(text, memory);
  if (!program)
    return values;
  uint64_t in[32] = {}, out[64];
  for (size_t i = 0; i < 32; ++i)
    in[i] = inputs[i % inputs.size()];
  uint64_t params[2] = {memory.allocate(sizeof in, "x"), memory.allocate(sizeof out, "y")};
  memory.write(params[0], in, sizeof in);
  LaunchResult result =
      launch(*program, program->kernels()[0], {{1, 1, 1}, {32, 1, 1}}, params, sizeof params, memory, Options());
  for (const Error &error : result.errors)
    ADD_FAILURE() << formatError(*program, error);
  memory.read(params[1], out, sizeof out);
  for (unsigned i = 0; i < 32; ++i) {
    values.low[i] = uint32_t(out[2 * i]);
    values.high[i] = out[2 * i + 1];
  }
  return values;
}
uint32_t one(const std::string &body, uint64_t input) { return compute(body, {input}).low[5]; }
uint64_t wide(const std::string &body, uint64_t input) { return compute(body, {input}).high[7]; }
uint32_t bits(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  return u;
}

TEST(Memory, AllocationsHaveRedZonesAndStayKnownWhenFreed) {
  Memory memory;
  uint64_t a = memory.allocate(100, "a"), b = memory.allocate(0, "b");
  EXPECT_EQ(a % 512, 0u);
  EXPECT_GE(b, a + 100 + 256);
  EXPECT_EQ(memory.host(a, 101), nullptr);
  EXPECT_NE(memory.host(a + 99, 1), nullptr);
  EXPECT_EQ(memory.host(a + 100, 1), nullptr);
  EXPECT_FALSE(memory.free(a + 8));
  EXPECT_TRUE(memory.free(a));
  EXPECT_FALSE(memory.free(a));
  EXPECT_EQ(memory.host(a, 1), nullptr);
  EXPECT_EQ(memory.find(a)->name, "a");
  EXPECT_EQ(memory.liveBytes(), 0u);
  int value = 7, copy = 0;
  uint64_t mapped = memory.map(&value, 4, "host");
  EXPECT_TRUE(memory.read(mapped, &copy, 4));
  EXPECT_EQ(copy, 7);
  EXPECT_FALSE(memory.write(mapped + 1, &copy, 4));
}

TEST(Memory, ForgetsWhatWasFreedLongAgo) {
  Memory memory;
  uint64_t kept = memory.allocate(8, "kept"), first = memory.allocate(8, "first"), last = 0;
  EXPECT_TRUE(memory.free(first));
  for (unsigned i = 0; i < 20000; ++i) {
    last = memory.allocate(8, "other");
    EXPECT_TRUE(memory.free(last));
  }
  EXPECT_EQ(memory.find(first), nullptr);
  EXPECT_FALSE(memory.free(first));
  ASSERT_NE(memory.find(last), nullptr);
  EXPECT_FALSE(memory.find(last)->live);
  EXPECT_NE(memory.host(kept, 8), nullptr);
  EXPECT_EQ(memory.liveBytes(), 8u);
}

TEST(Program, ParameterLayout) {
  Memory memory;
  auto program =
      load(std::string(header) + ".entry k(.param .u8 a, .param .u64 .ptr .global .align 16 b, .param .align 64 .b8 "
                                 "map[128], .param .f32 c) .maxntid 32, 4 .minnctapersm 2 { ret; }\n"
                                 ".global .b32 g[3] = {1, 2}; .visible .entry other() .reqntid 64 { ret; }",
           memory);
  ASSERT_TRUE(program);
  ASSERT_EQ(program->kernels().size(), 2u);
  const Kernel &k = *program->kernel("k");
  ASSERT_EQ(k.params.size(), 4u);
  EXPECT_EQ(k.params[1].offset, 8u);
  EXPECT_TRUE(k.params[1].isPointer);
  EXPECT_EQ(k.params[1].pointeeAlign, 16u);
  EXPECT_EQ(k.params[2].offset, 64u);
  EXPECT_EQ(k.params[2].size, 128u);
  EXPECT_EQ(k.params[3].offset, 192u);
  EXPECT_EQ(k.paramBytes, 196u);
  EXPECT_EQ(k.maxThreads.count(), 128u);
  EXPECT_EQ(program->kernel("other")->requiredThreads.x, 64u);
  EXPECT_EQ(program->kernel("none"), nullptr);
  auto [address, size] = program->global("g");
  int32_t values[3];
  ASSERT_EQ(size, 12u);
  ASSERT_TRUE(memory.read(address, values, 12));
  EXPECT_EQ(values[1], 2);
  EXPECT_EQ(values[2], 0);
}

TEST(Program, LaunchRefusesWhatDoesNotFit) {
  Memory memory;
  auto program = load(std::string(header) + ".entry k(.param .u32 a) .reqntid 64 { ret; }", memory);
  ASSERT_TRUE(program);
  uint32_t param = 0;
  auto errors = [&](LaunchConfig config, size_t bytes) {
    return launch(*program, program->kernels()[0], config, &param, bytes, memory, Options()).errors;
  };
  EXPECT_TRUE(errors({{1, 1, 1}, {64, 1, 1}}, 4).empty());
  ASSERT_EQ(errors({{1, 1, 1}, {32, 1, 1}}, 4).size(), 1u);
  EXPECT_EQ(errors({{1, 1, 1}, {32, 1, 1}}, 4)[0].kind, "launch");
  EXPECT_EQ(errors({{1, 1, 1}, {64, 1, 1}}, 8).size(), 1u);
  EXPECT_EQ(errors({{0, 1, 1}, {64, 1, 1}}, 4).size(), 1u);
}

TEST(Instructions, Integer) {
  EXPECT_EQ(one("mul.hi.s32 %d, %a, -3;", 0x80000000), uint32_t((int64_t(INT32_MIN) * -3) >> 32));
  EXPECT_EQ(one("div.s32 %d, %a, -1;", 0x80000000), 0x80000000u);
  EXPECT_EQ(one("shl.b32 %d, %a, 32;", 5), 0u);
  EXPECT_EQ(one("shr.s32 %d, %a, 40;", 0x80000000), ~0u);
  EXPECT_EQ(one("shf.l.wrap.b32 %d, %a, 3, 33;", 0x80000000), 7u);
  EXPECT_EQ(one("bfe.s32 %d, %a, 4, 4;", 0x8f0), ~0u);
  EXPECT_EQ(one("bfe.u32 %d, %a, 28, 8;", 0xf0000000), 15u);
  EXPECT_EQ(one("bfi.b32 %d, %a, 0xffff0000, 8, 8;", 0x12), 0xffff1200u);
  EXPECT_EQ(one("prmt.b32 %d, %a, 0x88776655, 0x7610;", 0x44332211), 0x88772211u);
  EXPECT_EQ(one("prmt.b32 %d, %a, 0, 0x8888;", 0x80), ~0u);
  EXPECT_EQ(one("lop3.b32 %d, %a, 0x0f0f0f0f, 0x33333333, 0xe8;", 0x55555555),
            (0x55555555u & 0x0f0f0f0f) | (0x0f0f0f0fu & 0x33333333) | (0x55555555u & 0x33333333));
  EXPECT_EQ(one("bfind.s32 %d, %a;", uint32_t(-9)), 3u);
  EXPECT_EQ(one("bfind.shiftamt.u32 %d, %a;", 8), 28u);
  EXPECT_EQ(one("clz.b64 %d, %A;", 1), 63u);
  EXPECT_EQ(one("dp4a.s32.s32 %d, %a, 0x01010101, 10;", 0xff02fe01), 10u);
  EXPECT_EQ(one("add.sat.s32 %d, %a, 1;", 0x7fffffff), 0x7fffffffu);
  EXPECT_EQ(one("cvt.u16.u32 %h0, %a; mul.wide.s16 %d, %h0, -2;", 0x8000), 0x10000u);
  EXPECT_EQ(wide("mul.hi.u64 %D, %A, %A;", 1ull << 63), 1ull << 62);
  EXPECT_EQ(wide("add.cc.u32 %b, %a, 1; addc.u32 %c, %a, 0; mov.b64 %D, {%b, %c};", 0xffffffff), 0ull);
  EXPECT_EQ(wide("sub.cc.u32 %b, %a, 1; subc.u32 %c, %a, 0; mov.b64 %D, {%b, %c};", 0), ~0ull);
  EXPECT_EQ(wide("cvt.s64.s32 %D, %a;", 0x80000000), 0xffffffff80000000ull);
}

TEST(Instructions, Float) {
  EXPECT_EQ(one("fma.rn.f32 %d, %a, 0f3F800001, 0fBF800000;", bits(1.0f)), bits(1.1920929e-7f));
  EXPECT_EQ(one("add.rz.f32 %d, %a, 0f33000000;", bits(-1.0f)), bits(-0.99999994f));
  EXPECT_EQ(one("add.rp.f32 %d, %a, 0f00000001;", bits(1.0f)), bits(1.0000001f));
  EXPECT_EQ(one("add.ftz.f32 %d, %a, 0f00000001;", 0), 0u);
  EXPECT_EQ(one("add.sat.f32 %d, %a, %a;", 0x7fc00000), 0u);
  EXPECT_EQ(one("min.f32 %d, %a, 0f40000000;", 0x7fc00000), bits(2.0f));
  EXPECT_EQ(one("max.NaN.f32 %d, %a, 0f40000000;", 0x7fc00000), 0x7fffffffu);
  EXPECT_EQ(one("max.f32 %d, %a, 0f00000000;", 0x80000000), 0u);
  EXPECT_EQ(one("cvt.rzi.s32.f32 %d, %a;", bits(-2.9f)), uint32_t(-2));
  EXPECT_EQ(one("cvt.rni.s32.f32 %d, %a;", bits(2.5f)), 2u);
  EXPECT_EQ(one("cvt.rzi.u8.f32 %d, %a;", bits(300.0f)), 255u);
  EXPECT_EQ(one("cvt.rzi.s32.f32 %d, %a;", 0x7fc00000), 0u);
  EXPECT_EQ(one("cvt.rn.f16.f32 %h0, %a; mov.b32 %d, {%h0, 0};", bits(65520.0f)), 0x7c00u);
  EXPECT_EQ(one("cvt.rn.f16.f32 %h0, %a; mov.b32 %d, {%h0, 0};", bits(2.9802322e-8f)), 0u);
  EXPECT_EQ(one("cvt.rn.bf16.f32 %h0, %a; mov.b32 %d, {%h0, 0};", 0x3f808000), 0x3f80u);
  EXPECT_EQ(one("cvt.rn.f16x2.f32 %d, %a, 0f3F800000;", bits(-2.0f)), 0xc0003c00u);
  EXPECT_EQ(one("fma.rn.f16x2 %d, %a, %a, %a;", 0x3c004000), 0x40004600u);
  EXPECT_EQ(one("cvt.rn.satfinite.e4m3x2.f32 %h0, %a, 0f3F800000; mov.b32 %d, {%h0, 0};", bits(1000.0f)), 0x7e38u);
  EXPECT_EQ(one("mov.b32 {%h0, %h1}, %a; cvt.rn.f16x2.e4m3x2 %d, %h0;", 0x7e38), 0x5f003c00u);
  EXPECT_EQ(one("cvt.rna.tf32.f32 %d, %a;", 0x3f801000), 0x3f802000u);
  EXPECT_EQ(wide("div.rn.f64 %D, %A, 0d4008000000000000;", 0x3ff0000000000000), 0x3fd5555555555555ull);
  EXPECT_EQ(wide("fma.rn.f64 %D, %A, %A, 0dBFF0000000000000;", 0x3ff0000000000001), 0x3cc0000000000000ull);
}

TEST(Instructions, PredicatesAndSelection) {
  EXPECT_EQ(one("setp.lt.and.u32 %p|%q, %a, 5, 1; selp.b32 %d, 1, 2, %p; @%q mov.b32 %d, 9;", 4), 1u);
  EXPECT_EQ(one("setp.neu.f32 %p, %a, %a; selp.b32 %d, 1, 2, %p;", 0x7fc00000), 1u);
  EXPECT_EQ(one("setp.ne.f32 %p, %a, %a; selp.b32 %d, 1, 2, %p;", 0x7fc00000), 2u);
  EXPECT_EQ(one("set.gt.u32.s32 %d, %a, -1;", 0), ~0u);
  EXPECT_EQ(one("slct.b32.s32 %d, 3, 4, %a;", 0x80000000), 4u);
}

TEST(Instructions, WithinAWarp) {
  std::vector<uint64_t> lanes;
  for (unsigned i = 0; i < 32; ++i)
    lanes.push_back(i * i);
  Values up = compute("shfl.sync.up.b32 %d|%p, %a, 3, 0, -1;", lanes);
  EXPECT_EQ(up.low[2], 4u);
  EXPECT_EQ(up.low[9], 36u);
  EXPECT_EQ(compute("shfl.sync.bfly.b32 %d, %a, 1, 0x1c1f, -1;", lanes).low[6], 49u);
  EXPECT_EQ(compute("shfl.sync.idx.b32 %d, %a, 0, 0x181f, -1;", lanes).low[13], 64u);
  EXPECT_EQ(compute("redux.sync.max.u32 %d, %a, -1;", lanes).low[0], 961u);
  EXPECT_EQ(compute("setp.gt.u32 %p, %a, 8; vote.sync.ballot.b32 %d, %p, -1;", lanes).low[0], 0xfffffff8u);
  EXPECT_EQ(compute("and.b32 %a, %t, 3; match.any.sync.b32 %d, %a, -1;", lanes).low[5], 0x22222222u);
  // Lanes go separate ways and meet again: the shuffle sees all of them.
  EXPECT_EQ(compute("setp.lt.u32 %p, %t, 7; @%p bra $S; add.u32 %a, %a, 1000; bra $J; $S: add.u32 %a, %a, 1; $J:\n"
                    "shfl.sync.idx.b32 %d, %a, 20, 31, -1;",
                    lanes)
                .low[3],
            1400u);
}

TEST(Instructions, CallsAndTables) {
  EXPECT_EQ(one("{ .reg .b32 %i; and.b32 %i, %a, 3; $T: .branchtargets $A, $B, $C, $C; brx.idx %i, $T;\n"
                "$A: mov.b32 %d, 10; bra $E; $B: mov.b32 %d, 11; bra $E; $C: mov.b32 %d, 12; $E: }",
                5),
            11u);
  Memory memory;
  auto program = load(
      std::string(header) +
          ".func (.param .b32 r) twice(.param .b32 v) { .reg .b32 %x; ld.param.b32 %x, [v]; add.u32 %x, %x, %x;\n"
          "st.param.b32 [r], %x; ret; }\n"
          ".entry k(.param .u64 y) { .reg .pred %p; .reg .b32 %t, %d; .reg .b64 %ry; mov.u32 %t, %tid.x;\n"
          "ld.param.u64 %ry, [y]; mad.wide.u32 %ry, %t, 4, %ry; setp.lt.u32 %p, %t, 5; mov.b32 %d, %t; @%p bra $F;\n"
          "{ .param .b32 a; .param .b32 b; st.param.b32 [a], %t; call (b), twice, (a); ld.param.b32 %d, [b]; }\n"
          "$F: { .param .b32 a; .param .b32 b; st.param.b32 [a], %d; call (b), twice, (a); ld.param.b32 %d, [b]; }\n"
          "st.global.b32 [%ry], %d; }",
      memory);
  ASSERT_TRUE(program);
  uint64_t y = memory.allocate(128, "y");
  LaunchResult result = launch(*program, program->kernels()[0], {{1, 1, 1}, {32, 1, 1}}, &y, 8, memory, Options());
  ASSERT_TRUE(result.ok()) << formatError(*program, result.errors[0]);
  uint32_t out[32];
  memory.read(y, out, sizeof out);
  EXPECT_EQ(out[4], 8u);
  EXPECT_EQ(out[5], 20u);
}

TEST(Executor, SeedsChangeTheScheduleAndNotTheResult) {
  // The first block to come writes its number; all of them are counted.
  std::vector<uint32_t> firsts;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    Memory memory;
    auto program =
        load(std::string(header) +
                 ".entry k(.param .u64 y) { .reg .pred %p; .reg .b32 %r; .reg .b64 %ry; ld.param.u64 %ry, [y];\n"
                 "atom.global.add.u32 %r, [%ry], 1; setp.ne.u32 %p, %r, 0; @%p exit; mov.u32 %r, %ctaid.x;\n"
                 "st.global.u32 [%ry+4], %r; }",
             memory);
    ASSERT_TRUE(program);
    uint64_t y = memory.allocate(8, "y");
    memory.fill(y, 0, 8);
    Options options;
    options.seed = seed;
    ASSERT_TRUE(launch(*program, program->kernels()[0], {{50, 1, 1}, {64, 1, 1}}, &y, 8, memory, options).ok());
    uint32_t out[2];
    memory.read(y, out, 8);
    EXPECT_EQ(out[0], 3200u);
    firsts.push_back(out[1]);
  }
  EXPECT_EQ(firsts[0], 0u);
  EXPECT_NE(std::vector<uint32_t>(6, firsts[0]), firsts);
}

TEST(TensorMap, Checks) {
  TensorMap map;
  map.rank = 2;
  map.elementSize = 2;
  map.dims[0] = 64, map.dims[1] = 10, map.box[0] = 64, map.box[1] = 8;
  map.strides[0] = 128;
  EXPECT_EQ(checkTensorMap(map), nullptr);
  map.swizzle = 2;
  EXPECT_STREQ(checkTensorMap(map), "expected an inner box of at most the swizzle's span");
  map.swizzle = 0, map.strides[0] = 120;
  EXPECT_NE(checkTensorMap(map), nullptr);
  map.magic = 0;
  EXPECT_STREQ(checkTensorMap(map), "the 128 bytes are no encoded tensor map");
}

/// Two warps read a word (or a byte of it), then `writer` writes it without a barrier between.
std::string raceOf(const std::string &type, unsigned writer, const std::string &extra = "") {
  Memory memory;
  auto program = load(std::string(header) +
                          ".entry k() {\n.shared .align 4 .b8 s[64]; .reg .b32 %t, %v; .reg .pred %p;\n"
                          "mov.u32 %t, %tid.x; setp.lt.u32 %p, %t, 16;\n@%p st.shared.b32 [s], %t;\n" +
                          extra + "bar.sync 0;\nld.shared." + type + " %v, [s];\nsetp.eq.u32 %p, %t, " +
                          std::to_string(writer) + ";\n@%p st.shared." + type + " [s], %v;\n}\n",
                      memory);
  LaunchResult result = launch(*program, program->kernels()[0], {{1, 1, 1}, {64, 1, 1}}, nullptr, 0, memory, Options());
  std::string all;
  for (const Error &error : result.errors)
    if (error.otherLine != error.line)
      all += std::to_string(error.line) + "-" + std::to_string(error.otherLine) + ": " + error.message + "\n";
  return all;
}

TEST(Races, ReadersOfSeveralWarps) {
  // Line 10 reads, line 12 writes. A kernel with nothing but whole barriers, and one with others too.
  for (const char *extra : {"\n", "bar.warp.sync -1;\n"})
    for (const char *type : {"u32", "u8"})
      for (unsigned writer : {0u, 5u, 40u}) {
        std::string found = raceOf(type, writer, extra);
        EXPECT_NE(found.find("12-10: writes shared memory at 0x0, read by thread ("), std::string::npos)
            << type << writer << extra << found;
        EXPECT_EQ(found.find("read by thread (" + std::to_string(writer) + ",0,0)"), std::string::npos) << found;
      }
}

} // namespace
