// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../../lib/Conversion/HostToLLVM/SlotPlan.h"
#include "gtest/gtest.h"

using namespace aic;
using Slots = std::vector<unsigned>;

TEST(SlotPlan, ChainNeedsTwoSlots) {
  std::vector<Tenant> chain;
  for (int64_t i = 0; i < 10; ++i)
    chain.push_back({i, i + 1, 100});
  EXPECT_EQ(assignSlots(chain), (Slots{0, 1, 0, 1, 0, 1, 0, 1, 0, 1}));
}

TEST(SlotPlan, OverlapIsNeverShared) {
  // The last use of one is the birth of another: both are alive in that call.
  EXPECT_EQ(assignSlots({{0, 3, 8}, {1, 2, 8}, {3, 4, 8}, {4, 5, 8}}), (Slots{0, 1, 1, 0}));
}

TEST(SlotPlan, SmallestSlotThatFits) {
  // Slots of 100, 50 and 10 are free at 3.
  EXPECT_EQ(assignSlots({{0, 2, 100}, {1, 2, 50}, {2, 2, 10}, {3, 4, 40}, {4, 5, 200}}), (Slots{0, 1, 2, 1, 0}));
}

TEST(SlotPlan, UnusedResultsHaveASlotOfTheirOwnMoment) {
  EXPECT_EQ(assignSlots({{0, 0, 8}, {0, 0, 8}, {1, 0, 8}}), (Slots{0, 1, 0}));
}

TEST(SlotPlan, ManyTenants) {
  std::vector<Tenant> tenants;
  for (int64_t i = 0; i < 200000; ++i)
    tenants.push_back({i, i + 1 + i % 7, 64 * (1 + i % 97)});
  Slots slots = assignSlots(tenants);
  std::vector<int64_t> end(1000, -1);
  for (size_t i = 0; i < slots.size(); ++i) {
    ASSERT_LT(slots[i], 20u);
    ASSERT_LT(end[slots[i]], tenants[i].begin);
    end[slots[i]] = tenants[i].end;
  }
}
