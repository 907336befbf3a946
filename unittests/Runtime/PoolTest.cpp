// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The parallel loop and the half conversions of the runtime, which are plain C.
extern "C" {
#include "../../lib/Runtime/aicrt.h"
}
#include "gtest/gtest.h"

#include <atomic>
#include <thread>
#include <vector>

static std::atomic<int64_t> shares, calls;

static void kernel(void *const *, const int64_t *dims, int64_t worker, int64_t workers) {
  calls += 1;
  shares += worker + 1;
  ASSERT_LE(workers, dims[0]);
}

TEST(Pool, EveryWorkerGetsItsShare) {
  int64_t dims[] = {4};
  aicrt_pool *pool = aicrt_pool_create(4);
  ASSERT_NE(pool, nullptr);
  for (int i = 0; i < 2000; ++i) {
    calls = shares = 0;
    aicrt_pool_run(pool, 4, kernel, nullptr, dims);
    ASSERT_EQ(calls, 4);
    ASSERT_EQ(shares, 1 + 2 + 3 + 4);
  }
  calls = 0;
  aicrt_pool_run(pool, 2, kernel, nullptr, dims); // fewer than there are
  EXPECT_EQ(calls, 2);
  aicrt_pool_destroy(pool);
}

TEST(Pool, BusyPoolRunsAlone) {
  int64_t dims[] = {3};
  aicrt_pool *pool = aicrt_pool_create(3);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i)
        aicrt_pool_run(pool, 3, kernel, nullptr, dims);
    });
  for (std::thread &t : threads)
    t.join();
  aicrt_pool_destroy(pool);
}

TEST(Cpu, FindsWhatIsMissing) {
  char name[8];
  EXPECT_EQ(aicrt_missing_feature("", name, sizeof(name)), nullptr);
  EXPECT_EQ(aicrt_missing_feature("sse3,no-such-feature", name, sizeof(name)), nullptr);
}
