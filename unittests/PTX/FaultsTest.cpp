// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Misuse of barriers, mbarriers, atomics and local memory, a line of code each, and what is reported for it. Beside
// each fault stands the right way, where nothing is.
#include "aic/PTX/Executor.h"
#include <gtest/gtest.h>

using namespace aic::ptx;

namespace {

struct Case {
  const char *name, *code;
  const char *kind; // of the first error; none if null
  unsigned block = 64, grid = 1;
  const char *text = ""; // part of its message
};

/// %r1 is the thread of the block, %r2 the block, %r4 the lane, %p1 true in thread 0, %rd1 a buffer of zeros, %u a
/// register without a value; `s` and the mbarrier `m` lie in shared memory.
class Faults : public testing::TestWithParam<Case> {};

TEST_P(Faults, AreReported) {
  const Case &test = GetParam();
  std::string text =
      ".version 8.4\n.target sm_90\n.address_size 64\n.shared .align 128 .b8 s[1024]; .shared .align 8 .b64 m;\n"
      ".func (.param .b64 d) twice(.param .b64 a) { .reg .b64 %x; ld.param.b64 %x, [a]; add.u64 %x, %x, %x;\n"
      "st.param.b64 [d], %x; ret; }\n"
      ".entry k(.param .u64 y) { .reg .pred %p<8>; .reg .b16 %h<8>; .reg .b32 %u, %r<16>; .reg .b64 %rd<16>;\n"
      "ld.param.u64 %rd1, [y]; mov.u32 %r1, %tid.x; mov.u32 %r2, %ctaid.x; setp.eq.u32 %p1, %r1, 0;\n"
      "and.b32 %r4, %r1, 31; cvt.u64.u32 %rd3, %r1; add.u64 %rd2, %rd1, %rd3; mov.b32 %r10, s;\n" +
      std::string(test.code) + "\n}\n";
  Memory memory;
  std::vector<Diagnostic> messages;
  auto program = Program::load(text, "k.ptx", memory, messages);
  ASSERT_TRUE(program) << formatDiagnostic("k.ptx", messages.front());
  uint64_t param = memory.allocate(4096, "y");
  memory.fill(param, 0, 4096);
  Options options;
  options.globalRaces = true;
  options.maxSteps = 1000000;
  LaunchResult result =
      launch(*program, program->kernels()[0], {{test.grid, 1, 1}, {test.block, 1, 1}}, &param, 8, memory, options);
  if (!test.kind) {
    for (const Error &error : result.errors)
      ADD_FAILURE() << formatError(*program, error);
    return;
  }
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.errors.front().kind, test.kind);
  EXPECT_NE(result.errors.front().message.find(test.text), std::string::npos) << result.errors.front().message;
}

const char *const none = nullptr;
std::string nameOf(const testing::TestParamInfo<Case> &info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Barriers, Faults,
    testing::Values(Case{"Number", "bar.sync %r4;", "divergence", 32, 1, "number differs"},
                    Case{"Count", "shl.b32 %r5, %r4, 5; add.u32 %r5, %r5, 32; bar.sync 1, %r5;", "divergence", 32, 1,
                         "thread count differs"},
                    Case{"Cluster",
                         "barrier.cluster.arrive; barrier.cluster.wait; barrier.cluster.arrive;"
                         "barrier.cluster.wait;",
                         none},
                    Case{"ClusterTwice", "barrier.cluster.arrive; barrier.cluster.arrive; barrier.cluster.wait;",
                         "barrier", 64, 1, "arrive again"},
                    Case{"ClusterWait", "barrier.cluster.wait;", "barrier", 64, 1, "without a barrier.cluster.arrive"},
                    Case{"OneOfEachWarp", "shr.u32 %r5, %r1, 5; bar.sync %r5, 32;", none}),
    nameOf);

#define INIT(n) "@%p1 mbarrier.init.shared.b64 [m], " n "; bar.sync 0; "
#define WAIT "$L: mbarrier.try_wait.parity.shared.b64 %p2, [m], 0; @!%p2 bra $L; "
#define STORE "shl.b32 %r6, %r1, 2; add.u32 %r6, %r6, %r10; st.shared.b32 [%r6], %r1; "
#define LOAD "xor.b32 %r7, %r6, 128; ld.shared.b32 %r8, [%r7];"
INSTANTIATE_TEST_SUITE_P(
    Mbarriers, Faults,
    testing::Values(
        Case{"Release", INIT("64") STORE "mbarrier.arrive.shared.b64 _, [m]; " WAIT LOAD, none},
        Case{"Relaxed", INIT("64") STORE "mbarrier.arrive.relaxed.cta.shared.b64 _, [m]; " WAIT LOAD, "race"},
        Case{"RelaxedWait",
             INIT("64") STORE "mbarrier.arrive.shared.b64 _, [m];"
                              "$L: mbarrier.try_wait.parity.relaxed.cta.shared.b64 %p2, [m], 0; @!%p2 bra $L; " LOAD,
             "race"},
        Case{"Bytes", INIT("1") "mov.u32 %r5, 1048576; @%p1 mbarrier.arrive.expect_tx.shared.b64 _, [m], %r5;",
             "mbarrier", 64, 1, "at most 1048575 bytes missing, got 1048576"},
        Case{"NoComplete", INIT("2") "@%p1 mbarrier.arrive.noComplete.shared.b64 %rd5, [m], 2;", "mbarrier", 64, 1,
             ".noComplete completes the phase"},
        Case{"NoCompleteBefore", INIT("2") "@%p1 mbarrier.arrive.noComplete.shared.b64 %rd5, [m], 1;", none},
        Case{"State",
             INIT("1") "@%p1 mbarrier.arrive.shared.b64 %rd5, [m]; @!%p1 exit;"
                       "mbarrier.test_wait.shared.b64 %p2, [m], %rd5; @!%p2 trap;",
             none},
        Case{"StateOfNoPhase", INIT("1") "mov.b64 %rd5, 12345; @%p1 mbarrier.test_wait.shared.b64 %p2, [m], %rd5;",
             "mbarrier", 64, 1, "the state is neither of phase 0 nor of the one before"},
        Case{"UndefinedCount", "@%p1 mbarrier.init.shared.b64 [m], %u;", "uninitialised"}),
    nameOf);

#define FLAG(store, load)                                                                                              \
  "setp.ne.u32 %p2, %r2, 0; @%p2 bra $W; mov.u32 %r7, 1; st.global.b32 [%rd1+64], %r7;" store                          \
  " [%rd1], %r7; ret; $W: " load " %r5, [%rd1]; setp.eq.u32 %p3, %r5, 0; @%p3 bra $W; ld.global.b32 %r6, [%rd1+64];"
INSTANTIATE_TEST_SUITE_P(
    Scopes, Faults,
    testing::Values(Case{"Gpu", FLAG("st.release.gpu.global.b32", "ld.acquire.gpu.global.b32"), none, 1, 2},
                    Case{"Cta", FLAG("st.release.cta.global.b32", "ld.acquire.cta.global.b32"), "race", 1, 2},
                    Case{"CtaRelease", FLAG("st.release.cta.global.b32", "ld.acquire.gpu.global.b32"), "race", 1, 2},
                    Case{"Atomics", "red.relaxed.gpu.global.add.u32 [%rd1], 1;", none, 64, 2},
                    Case{"CtaAtomics", "red.relaxed.cta.global.add.u32 [%rd1], 1;", "race", 64, 2},
                    Case{"CtaAtomicsOfOneBlock", "red.relaxed.cta.global.add.u32 [%rd1], 1;", none, 64, 1}),
    nameOf);

#define LOCK(cas, exch)                                                                                                \
  "mov.u32 %r9, 0; @%p1 st.shared.v2.b32 [s], {%r9, %r9}; bar.sync 0; cvt.u64.u32 %rd5, %r10;"                         \
  "cvta.shared.u64 %rd5, %rd5; $L: " cas " %r5, [%rd5], 0, 1; setp.ne.u32 %p2, %r5, 0; @%p2 bra $L;"                   \
  "ld.shared.b32 %r6, [s+4]; add.u32 %r6, %r6, 1; st.shared.b32 [s+4], %r6; " exch " %r7, [%rd5], 0;"
INSTANTIATE_TEST_SUITE_P(
    Atomics, Faults,
    testing::Values(
        Case{"LockInSharedByGenericAddress", LOCK("atom.acquire.cta.cas.b32", "atom.release.cta.exch.b32"), none},
        Case{"Compare", "atom.global.cas.b32 %r5, [%rd1], %u, 1;", "uninitialised", 32, 1, "'%u'"},
        Case{"Value", "atom.global.cas.b32 %r5, [%rd1], 1, %u;", "uninitialised", 32, 1, "'%u'"},
        Case{"Uninitialised", "atom.shared.add.u32 %r5, [s], 1;", "uninitialised", 32, 1, "reads shared"},
        Case{"Exchange", "atom.shared.exch.b32 %r5, [s], 1;", none},
        Case{"BehindPlainStore", "@%p1 st.shared.b32 [s], %r1; bar.sync 0; red.shared.add.u32 [s], 1;", none},
        Case{"WithPlainStore", "@%p1 st.shared.b32 [s], %r1; @!%p1 red.shared.add.u32 [s], 1;", "race", 32},
        Case{"WithRelaxedStore", "@%p1 st.relaxed.cta.shared.b32 [s], %r1; red.shared.add.u32 [s], 1;", none, 32},
        Case{"OrderOfModifiers", "atom.add.acquire.cta.u32 %r5, [%rd1], 1;", none}),
    nameOf);

INSTANTIATE_TEST_SUITE_P(
    PartsOfWords, Faults,
    testing::Values(Case{"Bytes", "st.global.b8 [%rd2], %r1;", none},
                    Case{"SameByte", "st.global.b8 [%rd1+1], %r1;", "race", 32},
                    Case{"SameByteOfBlocks", "st.global.b8 [%rd1+3], %r1;", "race", 1, 2},
                    Case{"ByteOfWord", "@%p1 st.global.b32 [%rd1], %r1; @!%p1 st.global.b8 [%rd1+2], %r1;", "race", 2},
                    Case{"WordOverByte", "@!%p1 st.global.b8 [%rd1+2], %r1; @%p1 ld.global.b32 %r5, [%rd1];", "race",
                         2},
                    Case{"OtherHalf",
                         "shl.b64 %rd3, %rd3, 1; add.u64 %rd2, %rd1, %rd3; st.global.b16 [%rd2], %r1;"
                         "bar.sync 0; ld.global.b32 %r5, [%rd1];",
                         none},
                    Case{"NeighbourHalf",
                         "shl.b64 %rd3, %rd3, 1; add.u64 %rd2, %rd1, %rd3; st.global.b16 [%rd2], %r1;"
                         "ld.global.b32 %r5, [%rd1];",
                         "race"}),
    nameOf);

#define COPY "cp.async.ca.shared.global [s], [%rd1], 4; "
INSTANTIATE_TEST_SUITE_P(
    Copies, Faults,
    testing::Values(Case{"SourceWritten", COPY "st.global.b32 [%rd1], %r1; cp.async.wait_all;", "in-flight", 1, 1,
                         "which the cp.async of line"},
                    Case{"SourceWrittenInPart", COPY "st.global.b8 [%rd1+3], %r1; cp.async.wait_all;", "in-flight", 1},
                    Case{"NextToSource", COPY "st.global.b32 [%rd1+4], %r1; cp.async.wait_all;", none, 1},
                    Case{"BehindTheWait", COPY "cp.async.wait_all; st.global.b32 [%rd1], %r1;", none, 1},
                    Case{"NoSource", "cp.async.ca.shared.global [s], [%rd1], 4, 0; st.global.b32 [%rd1], %r1;", none,
                         1}),
    nameOf);

#define LOCAL ".local .b32 a[4]; "
INSTANTIATE_TEST_SUITE_P(
    Local, Faults,
    testing::Values(
        Case{"Read", LOCAL "ld.local.b32 %r5, [a+4]; st.global.b32 [%rd1], %r5;", "uninitialised", 1},
        Case{"ReadUnused", LOCAL "ld.local.b32 %r5, [a+4]; add.u32 %r5, %r5, 1;", none, 1},
        Case{"Written", LOCAL "st.local.b32 [a+4], %r1; ld.local.b32 %r5, [a+4]; st.global.b32 [%rd1], %r5;", none, 1},
        Case{"OtherLanes",
             LOCAL "@%p1 st.local.b32 [a], %r1; ld.local.b32 %r5, [a]; shl.b64 %rd3, %rd3, 2;"
                   "add.u64 %rd2, %rd1, %rd3; st.global.b32 [%rd2], %r5;",
             "uninitialised", 2},
        Case{"OtherHalf", LOCAL "st.local.b16 [a], %r1; ld.local.b32 %r5, [a]; st.global.b32 [%rd1], %r5;",
             "uninitialised", 1, 1, "undefined bytes"},
        Case{"Half", LOCAL "st.local.b16 [a], %r1; ld.local.b32 %r5, [a]; st.global.b16 [%rd1], %r5;", none, 1},
        Case{"Extended", LOCAL "st.local.b8 [a], %r1; ld.local.s8 %r5, [a]; st.global.b32 [%rd1], %r5;", none, 1},
        Case{"Vector", LOCAL "st.local.b32 [a], %r1; ld.local.v2.b32 {%r5, %r6}, [a]; st.global.b32 [%rd1], %r5;", none,
             1},
        Case{"VectorOther", LOCAL "st.local.b32 [a], %r1; ld.local.v2.b32 {%r5, %r6}, [a]; st.global.b32 [%rd1], %r6;",
             "uninitialised", 1},
        Case{"UndefinedValue", LOCAL "st.local.b32 [a], %u; ld.local.b32 %r5, [a]; st.global.b32 [%rd1], %r5;",
             "uninitialised", 1},
        Case{"GenericAddress",
             LOCAL "mov.b64 %rd5, a; cvta.local.u64 %rd5, %rd5; st.b32 [%rd5], %u; st.b32 [%rd5+4], %r1;"
                   "ld.b32 %r5, [%rd5+4]; st.global.b32 [%rd1], %r5;",
             none, 1},
        Case{"GenericUndefined",
             LOCAL "mov.b64 %rd5, a; cvta.local.u64 %rd5, %rd5; ld.b32 %r5, [%rd5+4];"
                   "st.global.b32 [%rd1], %r5;",
             "uninitialised", 1},
        Case{"Argument",
             "{ .param .b64 a; .param .b64 d; st.param.b64 [a], %rd3; call.uni (d), twice, (a);"
             "ld.param.b64 %rd5, [d]; } st.global.b64 [%rd1], %rd5;",
             none, 1},
        Case{"UndefinedArgument",
             "{ .param .b64 a; .param .b64 d; st.param.b64 [a], %rd9; call.uni (d), twice, (a);"
             "ld.param.b64 %rd5, [d]; } st.global.b64 [%rd1], %rd5;",
             "uninitialised", 1}),
    nameOf);

} // namespace
