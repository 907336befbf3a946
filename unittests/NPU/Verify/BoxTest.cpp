// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/NPU/Verify/Access.h"

#include <gtest/gtest.h>
#include <random>
#include <set>

using namespace aic::npu;

namespace {

std::set<int64_t> bytesOfBox(const ByteBox &box) {
  std::set<int64_t> bytes;
  auto extent = [&](int d) { return d < box.rank ? box.dims[d].count : 1; };
  for (int64_t i = 0; i < extent(0); ++i)
    for (int64_t j = 0; j < extent(1); ++j)
      for (int64_t k = 0; k < extent(2); ++k)
        for (int64_t r = 0; r < box.run; ++r)
          bytes.insert(box.base + i * box.dims[0].stride + j * box.dims[1].stride + k * box.dims[2].stride + r);
  return bytes;
}

TEST(ByteBox, CanonicalFormKeepsTheBytes) {
  ByteBox rows(128, 32, {{4, 32}, {3, 256}});
  EXPECT_EQ(rows.str(), "[128, 256) + 3 * 256");
  EXPECT_EQ(ByteBox(0, 8, {{4, 16}, {2, 64}}).str(), "[0, 8) + 8 * 16");
  EXPECT_EQ(ByteBox(96, 8, {{4, -32}}).str(), "[0, 8) + 4 * 32");
  EXPECT_EQ(ByteBox(0, 8, {{4, 0}, {1, 77}}).str(), "[0, 8)");
  EXPECT_EQ(ByteBox(0, 8, {{4, 6}}).str(), "[0, 26)");
  EXPECT_TRUE(ByteBox(0, 8, {{0, 16}}).empty());
}

TEST(ByteBox, OverlapAgreesWithCountingBytes) {
  std::mt19937 random(7);
  auto pick = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  unsigned meets = 0, covered = 0;
  for (int round = 0; round < 20000; ++round) {
    auto box = [&](int granule) {
      auto dim = [&] { return ByteBox::Dim{pick(1, 4), pick(-12, 12) * granule}; };
      return ByteBox(pick(1000, 1100), pick(1, 9), {dim(), dim(), dim()});
    };
    int granule = pick(1, 8);
    ByteBox a = box(granule), b = box(pick(0, 2) ? granule : pick(1, 8));
    std::set<int64_t> inA = bytesOfBox(a), inB = bytesOfBox(b), common;
    std::set_intersection(inA.begin(), inA.end(), inB.begin(), inB.end(), std::inserter(common, common.begin()));
    int64_t found = commonByte(a, b);
    ASSERT_EQ(found >= 0, !common.empty()) << a.str() << " and " << b.str();
    if (found >= 0)
      ASSERT_TRUE(common.count(found)) << a.str() << " and " << b.str() << ": " << found;
    if (a.covers(b))
      ASSERT_EQ(common, inB) << a.str() << " covers " << b.str();
    ASSERT_EQ(*inA.begin(), a.begin());
    ASSERT_EQ(*inA.rbegin() + 1, a.end());
    meets += found >= 0, covered += a.covers(b);
  }
  EXPECT_GT(meets, 4000u);
  EXPECT_LT(meets, 16000u);
  EXPECT_GT(covered, 50u);
}

TEST(ByteBox, InterleavedTilesOfOneTensorAreApart) {
  // Channels 0 to 31 and 32 to 63 of [56, 56, 64], and rows above and below.
  ByteBox left(0, 32, {{56, 56 * 64}, {56, 64}}), right(32, 32, {{56, 56 * 64}, {56, 64}});
  EXPECT_EQ(commonByte(left, right), -1);
  EXPECT_EQ(commonByte(left, ByteBox(31, 2, {{1000, 64}})), 31);
  // Pixels of one parity against the other; strides that share no factor meet.
  EXPECT_EQ(commonByte(ByteBox(0, 4, {{100, 8}}), ByteBox(4, 4, {{100, 8}})), -1);
  EXPECT_EQ(commonByte(ByteBox(0, 4, {{100, 8}}), ByteBox(4, 4, {{100, 24}})), -1);
  EXPECT_EQ(commonByte(ByteBox(0, 1, {{100, 7}}), ByteBox(5, 1, {{100, 11}})) % 77, 49);
  EXPECT_EQ(commonByte(ByteBox(0, 1, {{7, 7}}), ByteBox(5, 1, {{100, 11}})), -1);
}

} // namespace
