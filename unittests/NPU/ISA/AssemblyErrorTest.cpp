// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the assembler says about text that is no program.
#include "aic/NPU/ISA/Assembly.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace aic::npu;
using testing::HasSubstr;

namespace {
std::string refusal(const std::string &text) {
  Program program;
  program.name = "untouched";
  std::string machine, error;
  EXPECT_FALSE(assemble(text, "t.s", program, machine, error)) << text;
  EXPECT_EQ(program.name, "untouched");
  return error;
}

struct BadText {
  const char *text, *error;
};

class Refusals : public testing::TestWithParam<BadText> {};

TEST_P(Refusals, NameTheLine) { EXPECT_EQ(refusal(GetParam().text), GetParam().error); }

const BadText kBadTexts[] = {
    {"NOP\n\nFOO a=1", "t.s:3: expected an instruction or a directive, got 'FOO'"},
    {"NOP 5", "t.s:1: expected 'wait', 'sig', got '5'"},
    {"SETA ax=1", "t.s:1: expected 'wait', 'sig' or a field of SETA (ar or value), got 'ax'"},
    {"SETA ar=AR16", "t.s:1: 'SETA.ar': expected a number or a constant, got 'AR16'"},
    {"SETA ar=1, ar=2", "t.s:1: expected 'ar' once, got it twice"},
    {"SETA ar=1 value=2", "t.s:1: expected ',', got 'value'"},
    {"SETA ar=1, value=1 << 47",
     "t.s:1: 'SETA.value': expected a number from -140737488355328 to 140737488355327, got 140737488355328"},
    {"SETA ar=1, value=9223372036854775807 + 1",
     "t.s:1: 'SETA.value': expected a value of 64 bits, got 9223372036854775807 + 1"},
    {"SETA ar=1, value=1 / 0", "t.s:1: 'SETA.value': expected a value of 64 bits, got 1 / 0"},
    {"SETA ar=1, value=99999999999999999999", "t.s:1: 'SETA.value': expected an integer, got '99999999999999999999'"},
    {"SETA ar=1, value=0x12g", "t.s:1: 'SETA.value': expected an integer, got '0x12g'"},
    {"LDA dst=A0[33]", "t.s:1: 'LDA.dst': expected an offset from 0 to 33554400 that is a multiple of 32, got 33"},
    {"LDA dst=A0[1 << 25]",
     "t.s:1: 'LDA.dst': expected an offset from 0 to 33554400 that is a multiple of 32, got 33554432"},
    {"LDA dst=VB[0]", "t.s:1: 'LDA.dst': expected an address in A0, got VB"},
    {"LDA dst=D0[0]",
     "t.s:1: 'LDA.dst': expected a local address (SPACE[OFFSET+ARn], with SPACE one of L1, A0, B0, C0, VB), got 'D0'"},
    {"LDA dst=A0[0+AR1", "t.s:1: 'LDA.dst': expected ']', got the end of the line"},
    {"LD src=x[0]", "t.s:1: 'LD.src': expected the name of a segment or seg0 to seg15, got 'x'"},
    {"LD src=seg16[0]", "t.s:1: 'LD.src': expected the name of a segment or seg0 to seg15, got 'seg16'"},
    {"LD src=seg1[1 << 40]", "t.s:1: 'LD.src': expected an offset from 0 to 1099511627775, got 1099511627776"},
    {"MMA init=one", "t.s:1: 'MMA.init': expected a value (zero or acc), got 'one'"},
    {"FXOUT scale=1e99", "t.s:1: 'FXOUT.scale': expected a number that an f32 can hold, got '1e99'"},
    {"FXOUT scale=x",
     "t.s:1: 'FXOUT.scale': expected a decimal number, inf, or the 32 bits of an f32 in hexadecimal, got 'x'"},
    {"FILL dst=L1[0]", "t.s:1: expected ENGINE.FILL: more than one engine executes it, got 'FILL'"},
    {"QQ.FILL dst=L1[0]", "t.s:1: expected an engine before '.FILL', got 'QQ'"},
    {"MX.FILL dst=L1[0]", "t.s:1: 'FILL': expected engine MV or VX, got MX"},
    {"VX.FILL dst=L1[0]", "t.s:1: 'FILL.dst': expected an address in VB, got L1"},
    {"@p4 NOP", "t.s:1: expected a predicate from p0 to p3, got 'p4'"},
    {"NOP wait s64", "t.s:1: expected a semaphore's name or s0 to s63, got 's64'"},
    {"NOP wait s1 wait s1", "t.s:1: expected 'wait' once, got it twice"},
    {"NOP $", "t.s:1: expected a word, a number or a sign, got \"$\""},
    {".foo", "t.s:1: expected a directive (.machine .program .args .equ .sem .segment .data .fill .file .weight .io "
             ".build .op .loc), got '.foo'"},
    {".machine", "t.s:1: expected a machine's name, path or JSON text, got the end of the line"},
    {".machine a\n.machine b", "t.s:2: expected one .machine, got a second one"},
    {".equ A, 1\n.equ A, 2", "t.s:2: expected a name that is not defined yet, got 'A'"},
    {".equ AR1, 1", "t.s:1: expected the name of a constant, got 'AR1'"},
    {".equ A, B", "t.s:1: expected a number or a constant, got 'B'"},
    {".sem a producer=LD", "t.s:1: expected consumer=ENGINE of the semaphore, got none"},
    {".sem a producer=LX", "t.s:1: expected an engine (S, LD, ST, MV, MX, FX or VX), got 'LX'"},
    {".sem a id=1 producer=LD consumer=MV\n.sem b id=1 producer=LD consumer=MV",
     "t.s:2: expected a semaphore id of its own, got 1 a second time"},
    {".sem a id=64", "t.s:1: expected a semaphore from 0 to 63, got 64"},
    {".segment a bytes=1",
     "t.s:1: expected kind=const, input, output, scratch, state or persist of the segment, got none"},
    {".segment a kind=input", "t.s:1: expected bytes=SIZE of the segment, got none"},
    {".segment a kind=input bytes=-1", "t.s:1: expected a size from 0 to 9223372036854775807, got -1"},
    {".segment a kind=input size=1", "t.s:1: expected an attribute of .segment (kind, bytes or align), got 'size'"},
    {".segment a kind=const bytes=2\n.data 00", "t.s:1: segment 'a': expected 2 bytes of data, got 1"},
    {".segment a kind=const bytes=2\n.data 001122", "t.s:2: expected at most 2 bytes of data, got more"},
    {".segment a kind=const\n.data 0", "t.s:2: expected bytes of two hexadecimal digits, got one digit"},
    {".segment a kind=const\n.data 0x", "t.s:2: expected bytes of two hexadecimal digits, got 'x'"},
    {".segment a kind=const\n.data i8 200000", "t.s:2: expected i8 from -128 to 127, got 200000"},
    {".segment a kind=const\n.fill 1 << 40",
     "t.s:2: expected a number of bytes from 0 to 1073741824, got 1099511627776"},
    {".segment a kind=input bytes=4\n.data 00", "t.s:2: expected data after a segment of kind const, got it elsewhere"},
    {".io x kind=input segment=y", "t.s:1: expected the name of a segment or seg0 to seg15, got 'y'"},
    {".io x segment=seg0", "t.s:1: expected kind=input or output of the tensor, got none"},
    {".op 1 node=a", "t.s:1: expected operations in order, the next is 0, got another number"},
    {".loc tile=1,2,3,4,5", "t.s:1: expected at most 4 tile coordinates, got 5"},
    {".program \"a", "t.s:1: expected a closing '\"', got the end of the line"},
    {".program \"\\q\"", "t.s:1: expected one of \\\\ \\\" \\n \\xHH in a string, got '\\q'"},
};
INSTANTIATE_TEST_SUITE_P(Assembler, Refusals, testing::ValuesIn(kBadTexts));

TEST(Assembler, RefusesDeepExpressions) {
  std::string deep = ".equ A, " + std::string(100000, '(') + "1";
  EXPECT_THAT(refusal(deep), HasSubstr("t.s:1: expected an expression of at most 100 levels"));
  EXPECT_THAT(refusal(".equ A, " + std::string(100000, '-') + "1"), HasSubstr("at most 100 levels"));
}

TEST(Assembler, RefusesTooManySemaphores) {
  std::string text;
  for (unsigned i = 0; i < 64; ++i)
    text += ".sem producer=LD consumer=MV\n";
  Program program;
  std::string machine, error;
  ASSERT_TRUE(assemble(text, "t.s", program, machine, error)) << error;
  EXPECT_EQ(program.semaphores.size(), 64u);
  EXPECT_EQ(program.semaphores.back().id, 63u);
  EXPECT_EQ(refusal(text + ".sem x producer=LD consumer=MV\n"), "t.s:65: expected at most 64 semaphores, got one more");
}

} // namespace
