// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registers of which only a part is defined: each piece of code joins defined and undefined values, uses a part of the
// result, and is reported exactly if that part depends on an undefined value.
#include "aic/PTX/Executor.h"
#include <gtest/gtest.h>

using namespace aic::ptx;

namespace {

struct Piece {
  const char *name, *code;
  bool reported;
};

/// %u, %v, %w are never defined (16, 32, 64 bits); %h is 7, %a is the thread's number, %f and %A are defined too. The
/// result is 16 bits of %o, and %q if the code defines it.
class Parts : public testing::TestWithParam<Piece> {};

TEST_P(Parts, AreReportedWhereTheyAreUsed) {
  Memory memory;
  std::vector<Diagnostic> messages;
  std::string text =
      ".version 8.3\n.target sm_90\n.address_size 64\n.entry k(.param .u64 y) {\n"
      ".reg .pred %p, %q; .reg .b8 %c; .reg .b16 %u, %h, %o, %g; .reg .b32 %v, %a, %b, %d, %e, %m<4>;\n"
      ".reg .b64 %w, %A, %B, %y; .reg .f32 %f, %x, %n<8>; .reg .b128 %W;\n"
      "ld.param.u64 %y, [y]; mov.u32 %a, %tid.x; mov.b16 %h, 7; cvt.u64.u32 %A, %a; cvt.rn.f32.u32 %f, %a;"
      "mad.wide.u32 %y, %a, 4, %y; mov.b16 %o, 1;\n" +
      std::string(GetParam().code) + "\nst.global.b16 [%y], %o;\n}\n";
  auto program = Program::load(text, "k.ptx", memory, messages);
  ASSERT_TRUE(program) << formatDiagnostic("k.ptx", messages.front());
  uint64_t param = memory.allocate(128, "y");
  LaunchResult result = launch(*program, program->kernels()[0], {{1, 1, 1}, {32, 1, 1}}, &param, 8, memory, Options());
  EXPECT_EQ(!result.ok(), GetParam().reported);
  for (const Error &error : result.errors) {
    EXPECT_EQ(error.kind, "uninitialised");
    if (!GetParam().reported)
      ADD_FAILURE() << formatError(*program, error);
  }
}

const bool fine = false, reported = true;

#define JOIN "mov.b32 %b, {%h, %u};" // the low half is defined

INSTANTIATE_TEST_SUITE_P(
    Moves, Parts,
    testing::Values(
        Piece{"SplitLow", JOIN "mov.b32 {%o, _}, %b;", fine}, Piece{"SplitHigh", JOIN "mov.b32 {_, %o}, %b;", reported},
        Piece{"Copy", JOIN "mov.b32 %d, %b; mov.b32 {%o, %g}, %d;", fine},
        Piece{"CopyHigh", JOIN "mov.b32 %d, %b; mov.b32 {%g, %o}, %d;", reported},
        Piece{"Whole", JOIN "st.global.b32 [%y], %b;", reported},
        Piece{"NarrowStore", JOIN "st.global.b16 [%y], %b;", fine},
        Piece{"NarrowStoreHigh", "mov.b32 %b, {%u, %h}; st.global.b16 [%y], %b;", reported},
        Piece{"Address", JOIN "cvt.u64.u32 %B, %b; and.b64 %B, %B, 0; add.u64 %y, %y, %B;", fine},
        Piece{"AddressUsed", JOIN "cvt.u64.u32 %B, %b; add.u64 %y, %y, %B;", reported},
        Piece{"Guard", JOIN "setp.eq.u32 %p, %b, 0; @%p mov.b16 %o, 2;", reported},
        Piece{"Quarter", "mov.b64 %B, {%u, %h, %u, %u}; mov.b64 {_, %o, _, _}, %B;", fine},
        Piece{"OtherQuarter", "mov.b64 %B, {%u, %h, %u, %u}; mov.b64 {_, _, %o, _}, %B;", reported},
        Piece{"Wide", "mov.b128 %W, {%A, %w}; mov.b128 {%B, _}, %W; cvt.u16.u64 %o, %B;", fine},
        Piece{"WideHigh", "mov.b128 %W, {%A, %w}; mov.b128 {_, %B}, %W; cvt.u16.u64 %o, %B;", reported},
        Piece{"Redefined", JOIN "mov.b32 %b, {%u, %h}; mov.b32 {%o, _}, %b;", reported},
        Piece{"DefinedAgain", JOIN "mov.b32 %b, {%h, %h}; mov.b32 {_, %o}, %b;", fine},
        Piece{"SomeLanes",
              "setp.lt.u32 %p, %a, 9; mov.b32 %b, {%h, %h}; @%p mov.b32 %b, {%h, %u}; mov.b32 {_, %o}, %b;", reported},
        Piece{"SomeLanesLow",
              "setp.lt.u32 %p, %a, 9; mov.b32 %b, {%u, %h}; @%p mov.b32 %b, {%h, %u}; @%p mov.b32 {%o, _}, %b;", fine},
        Piece{"Shuffle", JOIN "shfl.sync.bfly.b32 %d, %b, 1, 31, -1; mov.b32 {%o, _}, %d;", fine},
        Piece{"ShuffleHigh", JOIN "shfl.sync.bfly.b32 %d, %b, 1, 31, -1; mov.b32 {_, %o}, %d;", reported},
        Piece{"Transposed",
              JOIN "movmatrix.sync.aligned.m8n8.trans.b16 %d, %b; shr.u32 %e, %a, 2; and.b32 %e, %e, 1;"
                   "setp.eq.u32 %p, %e, 0; @%p mov.b32 {%o, _}, %d;", // even rows hold the low halves
              fine},
        Piece{"TransposedOdd", JOIN "movmatrix.sync.aligned.m8n8.trans.b16 %d, %b; mov.b32 {%o, _}, %d;", reported}),
    [](const auto &info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Logic, Parts,
    testing::Values(
        Piece{"Narrow", JOIN "cvt.u16.u32 %o, %b;", fine},
        Piece{"Shift", JOIN "shr.u32 %b, %b, 16; cvt.u16.u32 %o, %b;", reported},
        Piece{"ShiftBack", "mov.b32 %b, {%u, %h}; shr.u32 %b, %b, 16; cvt.u16.u32 %o, %b;", fine},
        Piece{"ShiftSign", "mov.b32 %b, {%u, %h}; shr.s32 %b, %b, 20; mov.b32 {_, %o}, %b;", fine},
        Piece{"ShiftSignUndefined", JOIN "shr.s32 %b, %b, 8; mov.b32 {_, %o}, %b;", reported},
        Piece{"ShiftUp", JOIN "shl.b32 %b, %b, 16; mov.b32 {_, %o}, %b;", fine},
        Piece{"ShiftUpLow", "mov.b32 %b, {%u, %h}; shl.b32 %b, %b, 16; mov.b32 {%o, _}, %b;", fine},
        Piece{"ShiftAmount", JOIN "shl.b32 %b, %a, %v; cvt.u16.u32 %o, %b;", reported},
        Piece{"Mask", JOIN "and.b32 %b, %b, 0xffff; mov.b32 {_, %o}, %b;", fine},
        Piece{"MaskThenWhole", JOIN "and.b32 %b, %b, 0xffff; st.global.b32 [%y], %b;", fine},
        Piece{"WrongMask", JOIN "and.b32 %b, %b, 0xffff0000; mov.b32 {_, %o}, %b;", reported},
        Piece{"Or", JOIN "or.b32 %b, %b, 0xffff0000; mov.b32 {_, %o}, %b;", fine},
        Piece{"OrUndefined", JOIN "or.b32 %b, %b, 1; mov.b32 {_, %o}, %b;", reported},
        Piece{"Xor", JOIN "xor.b32 %b, %b, %a; not.b32 %b, %b; mov.b32 {%o, _}, %b;", fine},
        Piece{"Insert",
              "mov.b32 %d, {%u, %h}; " JOIN "and.b32 %b, %b, 0xffff; and.b32 %d, %d, 0xffff0000;"
              "or.b32 %b, %b, %d; st.global.b32 [%y], %b;",
              fine},
        Piece{"Lop3", JOIN "lop3.b32 %d, %b, %a, 0xffff, 0x80; mov.b32 {_, %o}, %d;", fine},
        Piece{"Lop3Or", JOIN "lop3.b32 %d, %b, %a, 0, 0xfe; mov.b32 {_, %o}, %d;", reported},
        Piece{"Permute", "mov.b32 %b, {%u, %h}; prmt.b32 %d, %b, %a, 0x5432; cvt.u16.u32 %o, %d;", fine},
        Piece{"PermuteOther", "mov.b32 %b, {%u, %h}; prmt.b32 %d, %b, %a, 0x5412; cvt.u16.u32 %o, %d;", reported},
        Piece{"Field", JOIN "bfe.u32 %b, %b, 3, 9; mov.b32 {%o, _}, %b;", fine},
        Piece{"FieldAcross", JOIN "bfe.u32 %b, %b, 9, 8; mov.b32 {%o, _}, %b;", reported},
        Piece{"FieldSign", JOIN "bfe.s32 %b, %b, 8, 8; mov.b32 {_, %o}, %b;", fine},
        Piece{"InsertField", "bfi.b32 %b, %a, %v, 0, 16; cvt.u16.u32 %o, %b;", fine},
        Piece{"InsertNarrowField", "bfi.b32 %b, %a, %v, 0, 15; cvt.u16.u32 %o, %b;", reported},
        Piece{"Funnel", "mov.b32 %b, {%u, %h}; shf.r.wrap.b32 %d, %b, %a, 16; cvt.u16.u32 %o, %d;", fine},
        Piece{"FunnelOther", JOIN "shf.l.wrap.b32 %d, %b, %a, 8; cvt.u16.u32 %o, %d;", reported},
        Piece{"Extend", JOIN "cvt.u64.u32 %B, %b; shr.u64 %B, %B, 32; cvt.u16.u64 %o, %B;", fine},
        Piece{"ExtendSign", JOIN "cvt.s64.s32 %B, %b; shr.u64 %B, %B, 32; cvt.u16.u64 %o, %B;", reported},
        Piece{"ExtendByte", JOIN "cvt.s32.s8 %d, %b; mov.b32 {_, %o}, %d;", fine},
        Piece{"Select", JOIN "setp.gt.u32 %p, %a, 99; selp.b32 %d, %v, %b, %p; mov.b32 {%o, _}, %d;", fine},
        Piece{"SelectOther", JOIN "setp.lt.u32 %p, %a, 99; selp.b32 %d, %v, %b, %p; mov.b32 {%o, _}, %d;", reported},
        Piece{"SelectBySign", JOIN "slct.b32.s32 %d, %b, %v, 1; mov.b32 {%o, _}, %d;", fine}),
    [](const auto &info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Arithmetic, Parts,
    testing::Values(
        Piece{"Add", JOIN "add.s32 %b, %b, %a; cvt.u16.u32 %o, %b;", fine},
        Piece{"Carry", "mov.b32 %b, {%u, %h}; add.s32 %b, %b, %a; mov.b32 {_, %o}, %b;", reported},
        Piece{"Multiply", JOIN "mad.lo.s32 %b, %b, 3, %b; neg.s32 %b, %b; cvt.u16.u32 %o, %b;", fine},
        Piece{"MultiplyHigh", JOIN "mul.hi.u32 %b, %b, 3; cvt.u16.u32 %o, %b;", reported},
        Piece{"Divide", JOIN "div.u32 %b, %b, 3; cvt.u16.u32 %o, %b;", reported},
        Piece{"Pair", JOIN "mov.b32 %d, {%u, %u}; fma.rn.f16x2 %b, %b, %b, %b; mov.b32 {%o, _}, %b;", fine},
        Piece{"PairHigh", JOIN "fma.rn.f16x2 %b, %b, %b, %b; mov.b32 {_, %o}, %b;", reported},
        Piece{"PairCrossed", JOIN "mov.b32 %d, {%u, %h}; add.rn.f16x2 %b, %b, %d; mov.b32 {%o, _}, %b;", reported},
        Piece{"PairBfloat", JOIN "max.bf16x2 %b, %b, %a; abs.bf16x2 %b, %b; mov.b32 {%o, _}, %b;", fine},
        Piece{"PairInteger", JOIN "add.u16x2 %b, %b, %a; mov.b32 {%o, _}, %b;", fine},
        Piece{"PairIntegerHigh", JOIN "min.s16x2 %b, %b, %a; mov.b32 {_, %o}, %b;", reported},
        Piece{"PairApprox", JOIN "ex2.approx.f16x2 %b, %b; tanh.approx.f16x2 %b, %b; mov.b32 {%o, _}, %b;", fine},
        Piece{"Compare", JOIN "setp.lt.f16x2 %p|%q, %b, %a; @%p mov.b16 %o, 2;", fine},
        Piece{"CompareHigh", JOIN "setp.lt.f16x2 %p|%q, %b, %a; @%q mov.b16 %o, 2;", reported},
        Piece{"CompareSecond", "mov.b32 %b, {%u, %h}; setp.lt.f16x2 %p|%q, %b, %a; @%q mov.b16 %o, 2;", fine},
        Piece{"Convert", "cvt.rn.f16x2.f32 %b, %x, %f; mov.b32 {%o, _}, %b;", fine},
        Piece{"ConvertHigh", "cvt.rn.f16x2.f32 %b, %x, %f; mov.b32 {_, %o}, %b;", reported},
        Piece{"ConvertBfloat", "cvt.rn.bf16x2.f32 %b, %f, %x; mov.b32 {_, %o}, %b;", fine},
        Piece{"Pack", "cvt.pack.sat.s16.s32 %b, %v, %a; mov.b32 {%o, _}, %b;", fine},
        Piece{"PackHigh", "cvt.pack.sat.s16.s32 %b, %v, %a; mov.b32 {_, %o}, %b;", reported},
        Piece{"PackBytes", "cvt.pack.sat.u8.s32.b32 %b, %v, %a, %v; and.b32 %b, %b, 255; cvt.u16.u32 %o, %b;", fine},
        Piece{"PackBytesOn", "cvt.pack.sat.u8.s32.b32 %b, %a, %a, %v; mov.b32 {_, %o}, %b;", reported},
        Piece{"Fp8", "cvt.rn.satfinite.e4m3x2.f32 %g, %x, %f; and.b16 %o, %g, 255;", fine},
        Piece{"Fp8High", "cvt.rn.satfinite.e4m3x2.f32 %g, %x, %f; shr.u16 %o, %g, 8;", reported},
        Piece{"Fp8Halves",
              JOIN "cvt.rn.satfinite.e4m3x2.f16x2 %g, %b; cvt.rn.f16x2.e4m3x2 %d, %g; mov.b32 {%o, _}, %d;", fine},
        Piece{"Fp8HalvesHigh",
              JOIN "cvt.rn.satfinite.e4m3x2.f16x2 %g, %b; cvt.rn.f16x2.e4m3x2 %d, %g; mov.b32 {_, %o}, %d;", reported},
        Piece{"Widen", JOIN "cvt.rn.f32.u16 %x, %b; cvt.rzi.u16.f32 %o, %x;", fine},
        Piece{"WidenAll", JOIN "cvt.rn.f32.u32 %x, %b; cvt.rzi.u16.f32 %o, %x;", reported}),
    [](const auto &info) { return info.param.name; });

// Rows of A from 8 up are undefined, and with them those rows of D: %n2, %n3.
#define MMA "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%n0, %n1, %n2, %n3}, "
#define USE(r) "cvt.rzi.u16.f32 %o, " r ";"
INSTANTIATE_TEST_SUITE_P(
    Matrices, Parts,
    testing::Values(Piece{"Row", MMA "{%a, %v}, {%a}, {%f, %f, %f, %f}; " USE("%n1"), fine},
                    Piece{"RowBelow", MMA "{%a, %v}, {%a}, {%f, %f, %f, %f}; " USE("%n2"), reported},
                    Piece{"Column",
                          "setp.lt.u32 %p, %a, 16; @%p mov.b32 %d, 0;" MMA "{%a, %a}, {%d}, {%f, %f, %f, %f};"
                          "and.b32 %e, %a, 2; setp.eq.u32 %q, %e, 0; @%q " USE("%n0"), // columns 0, 2 of 4
                          fine},
                    Piece{"ColumnBeyond",
                          "setp.lt.u32 %p, %a, 16; @%p mov.b32 %d, 0;" MMA
                          "{%a, %a}, {%d}, {%f, %f, %f, %f};" USE("%n0"),
                          reported},
                    Piece{"Element", MMA "{%a, %a}, {%a}, {%f, %x, %f, %f}; " USE("%n0"), fine},
                    Piece{"ElementOther", MMA "{%a, %a}, {%a}, {%f, %x, %f, %f}; " USE("%n1"), reported},
                    Piece{"HalfElement",
                          JOIN "mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 {%m0, %m1}, {%a, %a}, {%a}, {%b, %v};"
                               "mov.b32 {%o, _}, %m0;",
                          fine},
                    Piece{"HalfElementOther",
                          JOIN "mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 {%m0, %m1}, {%a, %a}, {%a}, {%b, %v};"
                               "mov.b32 {_, %o}, %m0;",
                          reported},
                    Piece{"Fragment", JOIN MMA "{%b, %a}, {%a}, {%f, %f, %f, %f}; " USE("%n0"), reported}),
    [](const auto &info) { return info.param.name; });

} // namespace
