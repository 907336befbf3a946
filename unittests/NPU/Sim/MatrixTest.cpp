//===- MatrixTest.cpp - LDA, LDB and MMA against plain loops -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Build.h"

#include <cmath>
#include <ctime>

using namespace simtest;

namespace {

int32_t byteAs(uint8_t byte, DType type) { return type == DType::i8 ? static_cast<int8_t>(byte) : byte; }

struct IntCase {
  int64_t m, n, k;
  DType a, b;
  int azp, bzp;
  bool accumulate;
};

class IntegerMatrix : public testing::TestWithParam<IntCase> {};

TEST_P(IntegerMatrix, EqualsTripleLoop) {
  IntCase p = GetParam();
  Bench bench;
  unsigned a = bench.segment(SegmentKind::Input, static_cast<size_t>(p.m * p.k)),
           b = bench.segment(SegmentKind::Input, static_cast<size_t>(p.n * p.k)),
           out = bench.segment(SegmentKind::Output, static_cast<size_t>(p.m * p.n * 4));
  bench.randomize(a, 1), bench.randomize(b, 2);
  int64_t bAt = (p.m * p.k + 31) / 32 * 32, cAt = bAt + (p.n * p.k + 31) / 32 * 32;
  bench.load(a, 0, Space::L1, 0, p.m * p.k);
  bench.load(b, 0, Space::L1, bAt, p.n * p.k);
  bench.add(Opcode::LDA, Bench::tile(local(Space::A0, 0), local(Space::L1, 0), p.m, p.k, 1));
  bench.add(Opcode::LDB, Bench::tile(local(Space::B0, 0), local(Space::L1, bAt), p.n, p.k, 1));
  Fields mma = {{Field::a, local(Space::A0, 0)},
                {Field::b, local(Space::B0, 0)},
                {Field::c, local(Space::C0, 0)},
                {Field::m, p.m},
                {Field::n, p.n},
                {Field::k, p.k},
                {Field::adt, code(p.a)},
                {Field::bdt, code(p.b)},
                {Field::azp, p.azp},
                {Field::bzp, p.bzp}};
  bench.add(Opcode::MMA, mma);
  if (p.accumulate) {
    mma.push_back({Field::init, static_cast<int64_t>(Init::acc)});
    bench.add(Opcode::MMA, mma);
  }
  bench.add(Opcode::FXOUT, {{Field::c, local(Space::C0, 0)},
                            {Field::dst, local(Space::L1, cAt)},
                            {Field::m, p.m},
                            {Field::n, p.n},
                            {Field::dst_stride, p.n * 4},
                            {Field::acc, code(DType::i32)},
                            {Field::out, code(DType::i32)}});
  bench.store(Space::L1, cAt, out, 0, p.m * p.n * 4);
  bench.runWell();
  for (int64_t i = 0; i < p.m; ++i)
    for (int64_t j = 0; j < p.n; ++j) {
      int64_t sum = 0;
      for (int64_t k = 0; k < p.k; ++k)
        sum += int64_t(byteAs(bench.memory[a][static_cast<size_t>(i * p.k + k)], p.a) - p.azp) *
               (byteAs(bench.memory[b][static_cast<size_t>(j * p.k + k)], p.b) - p.bzp);
      if (p.accumulate)
        sum *= 2;
      ASSERT_EQ(bench.at<int32_t>(out, static_cast<size_t>(i * p.n + j)), static_cast<int32_t>(sum)) << i << ' ' << j;
    }
}

INSTANTIATE_TEST_SUITE_P(All, IntegerMatrix,
                         testing::Values(IntCase{1, 1, 1, DType::i8, DType::i8, 0, 0, false},
                                         IntCase{4, 8, 8, DType::i8, DType::i8, 0, 0, true},
                                         IntCase{7, 5, 33, DType::u8, DType::i8, 128, 0, false},
                                         IntCase{13, 17, 100, DType::u8, DType::u8, 255, 3, true},
                                         IntCase{64, 64, 200, DType::i8, DType::i8, -128, 127, false},
                                         IntCase{5, 3, 31, DType::i8, DType::u8, -256, 255, true}));

TEST(Matrix, CountsWraps) {
  Bench bench;
  unsigned a = bench.segment(SegmentKind::Input, 16000);
  std::fill(bench.memory[a].begin(), bench.memory[a].end(), 255);
  bench.load(a, 0, Space::L1, 0, 16000);
  bench.add(Opcode::LDA, Bench::tile(local(Space::A0, 0), local(Space::L1, 0), 1, 16000, 1));
  bench.add(Opcode::LDB, Bench::tile(local(Space::B0, 0), local(Space::L1, 0), 1, 16000, 1));
  Fields mma = {{Field::a, local(Space::A0, 0)},
                {Field::b, local(Space::B0, 0)},
                {Field::c, local(Space::C0, 0)},
                {Field::m, 1},
                {Field::n, 1},
                {Field::k, 16000},
                {Field::adt, code(DType::u8)},
                {Field::bdt, code(DType::u8)},
                {Field::azp, -256}};
  bench.add(Opcode::MMA, mma);
  EXPECT_EQ(bench.runWell().wraps, 0u); // 16000 * 511 * 255 < 2^31
  bench.program.code.pop_back();
  bench.add(Opcode::MMA, (mma.push_back({Field::init, 1}), mma));
  EXPECT_EQ(bench.runWell().wraps, 1u);
}

TEST(Matrix, IntegerSpeed) {
  Bench bench;
  unsigned a = bench.segment(SegmentKind::Input, 64 * 256);
  bench.randomize(a, 1);
  bench.load(a, 0, Space::L1, 0, 64 * 256);
  bench.add(Opcode::LDA, Bench::tile(local(Space::A0, 0), local(Space::L1, 0), 64, 256, 1));
  bench.add(Opcode::LDB, Bench::tile(local(Space::B0, 0), local(Space::L1, 0), 64, 256, 1));
  bench.add(Opcode::LOOP, {{Field::trip, 500}});
  bench.add(Opcode::MMA, {{Field::a, local(Space::A0, 0)},
                          {Field::b, local(Space::B0, 0)},
                          {Field::c, local(Space::C0, 0)},
                          {Field::m, 64},
                          {Field::n, 64},
                          {Field::k, 256}});
  bench.add(Opcode::ENDLOOP);
  std::clock_t start = std::clock();
  bench.runWell();
  double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
  double rate = 500.0 * 64 * 64 * 256 / seconds;
  RecordProperty("mac_per_second", std::to_string(rate));
  std::printf("i8 MMA: %.2f GMAC/s\n", rate * 1e-9);
}

} // namespace
