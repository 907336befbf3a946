// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Eval/Window.h"
#include "TensorOf.h"
#include "aic/Eval/Movement.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace aic::eval;
using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;

TEST(Window, CeilModeDropsWindowsThatStartInThePadding) {
  Window floor{{1}, {3}, {1}, {0, 1}, false, false}, ceil{{1}, {3}, {1}, {0, 1}, true, false};
  EXPECT_EQ(floor.extent(0, 5), 2);
  EXPECT_EQ(ceil.extent(0, 5), 2);
  EXPECT_EQ(ceil.extent(0, 7), 3);
  Window tooLarge{{3}, {1}, {2}, {0, 0}, false, false};
  EXPECT_EQ(tooLarge.extent(0, 4), 0);
}

TEST(Window, MaxPool) {
  Tensor x = tensorOf<float>({1, 1, 5}, {1, -2, 7, 0, 3}), y;
  Window window{{2}, {2}, {1}, {1, 0}, true, false};
  ASSERT_EQ(maxPool(x, window, y), "");
  EXPECT_EQ(elements<float>(y), (Floats{1, 7, 3}));
  ASSERT_EQ(maxPoolIndices(x, window, false, y), "");
  EXPECT_EQ(elements<int64_t>(y), (Ints{0, 2, 4}));
}

TEST(Window, NanWinsInMaxPool) {
  Tensor x = tensorOf<float>({1, 1, 4}, {1, NAN, 7, 0}), y;
  ASSERT_EQ(maxPool(x, {{2}, {2}, {1}, {0, 0}, false, false}, y), "");
  EXPECT_TRUE(std::isnan(y.as<float>()[0]));
  EXPECT_EQ(y.as<float>()[1], 7);
}

TEST(Window, ChannelsLastIsATranspose) {
  Tensor x = iota<float>({1, 2, 4, 4}), first, last;
  Window window{{2, 3}, {1, 2}, {2, 1}, {1, 1, 0, 1}, false, false};
  ASSERT_EQ(avgPool(x, window, false, first), "");
  window.channelsLast = true;
  ASSERT_EQ(avgPool(transposeView(x, {0, 2, 3, 1}), window, false, last), "");
  Tensor back;
  ASSERT_EQ(dense(transposeView(last, {0, 3, 1, 2}), back), "");
  EXPECT_EQ(back.shape(), first.shape());
  EXPECT_EQ(elements<float>(back), elements<float>(first));
}

TEST(Window, AvgPoolDivisors) {
  Tensor x = tensorOf<float>({1, 1, 3}, {3, 6, 9}), y;
  Window window{{2}, {2}, {1}, {1, 0}, true, false}; // windows (pad, 3), (6, 9)
  ASSERT_EQ(avgPool(x, window, false, y), "");
  EXPECT_EQ(elements<float>(y), (Floats{3, 7.5}));
  ASSERT_EQ(avgPool(x, window, true, y), "");
  EXPECT_EQ(elements<float>(y), (Floats{1.5, 7.5}));
  // The places past the padding, which only ceil_mode reaches, never count.
  ASSERT_EQ(avgPool(x, {{2}, {2}, {1}, {0, 0}, true, false}, true, y), "");
  EXPECT_EQ(elements<float>(y), (Floats{4.5, 9}));
}

TEST(Window, ColumnMajorIndices) {
  Tensor x = iota<int8_t>({1, 2, 2, 3}), y;
  ASSERT_EQ(maxPoolIndices(x, {{2, 2}, {1, 1}, {1, 1}, {0, 0, 0, 0}, false, false}, true, y), "");
  // The maxima are at row 1, columns 1 and 2.
  EXPECT_EQ(elements<int64_t>(y), (Ints{3, 5, 9, 11}));
}
