// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Eval/Movement.h"
#include "TensorOf.h"
#include "gtest/gtest.h"

#include <limits>

using namespace aic::eval;
using Ints = std::vector<int64_t>;

static constexpr int64_t kMax = std::numeric_limits<int64_t>::max(), kMin = std::numeric_limits<int64_t>::min();

TEST(Movement, AllocateRefusesWhatCannotBe) {
  Tensor t;
  EXPECT_EQ(allocate(DType::F32, {2, -1}, t), "expected extents of at least 0, got 2x-1xf32");
  EXPECT_NE(allocate(DType::F32, {int64_t(1) << 40, int64_t(1) << 40}, t), "");
  EXPECT_EQ(allocate(DType::F32, {int64_t(1) << 40, int64_t(1) << 40, 0}, t), "");
}

TEST(Movement, CopyTakesAnyStrides) {
  Tensor x = iota<int16_t>({2, 3}), storage, y(DType::I16, {2, 3});
  copy(columnMajor<int16_t>(x, storage), y);
  EXPECT_EQ(elements<int16_t>(y), elements<int16_t>(x));
  ASSERT_EQ(dense(transposeView(x, {1, 0}), y), "");
  EXPECT_EQ(y.shape(), (Shape{3, 2}));
  EXPECT_EQ(elements<int16_t>(y), (std::vector<int16_t>{0, 3, 1, 4, 2, 5}));
}

TEST(Movement, ReshapeReadsMinusOneAndZero) {
  Tensor x = iota<int8_t>({2, 6}), y;
  ASSERT_EQ(reshape(x, {0, -1, 3}, /*copyZeros=*/true, y), "");
  EXPECT_EQ(y.shape(), (Shape{2, 2, 3}));
  ASSERT_EQ(reshape(transposeView(x, {1, 0}), {12}, false, y), "");
  EXPECT_EQ(elements<int8_t>(y)[1], 6);
  EXPECT_NE(reshape(x, {5, -1}, false, y), "");
  EXPECT_NE(reshape(x, {-1, -1}, false, y), "");
  EXPECT_NE(reshape(x, {12, -2}, false, y), "");
  Tensor empty(DType::F32, {0, 3});
  ASSERT_EQ(reshape(empty, {3, 0}, false, y), "");
  EXPECT_EQ(y.shape(), (Shape{3, 0}));
}

TEST(Movement, SliceClamps) {
  Tensor x = iota<int64_t>({10}), y;
  auto slice = [&](int64_t start, int64_t end, int64_t step) {
    View view;
    EXPECT_EQ(sliceView(x, {start}, {end}, {step}, {0}, view), "");
    EXPECT_EQ(dense(view, y), "");
    return elements<int64_t>(y);
  };
  EXPECT_EQ(slice(1, kMax, 4), (Ints{1, 5, 9}));
  EXPECT_EQ(slice(-3, kMax, 1), (Ints{7, 8, 9}));
  EXPECT_EQ(slice(-100, -8, 1), (Ints{0, 1}));
  EXPECT_EQ(slice(5, 5, 1), Ints());
  EXPECT_EQ(slice(100, 200, 1), Ints());
  EXPECT_EQ(slice(-1, kMin, -4), (Ints{9, 5, 1}));
  EXPECT_EQ(slice(kMax, 6, -1), (Ints{9, 8, 7}));
  EXPECT_EQ(slice(0, kMax, kMax), Ints{0});
  EXPECT_EQ(slice(-1, kMin, kMin), Ints{9});
  View view;
  EXPECT_EQ(sliceView(x, {0}, {1}, {0}, {0}, view), "expected steps other than 0, got 0");
}

TEST(Movement, Broadcast) {
  Shape shape;
  EXPECT_EQ(broadcastExtents({3, 1}, {2, 1, 4}, shape), "");
  EXPECT_EQ(shape, (Shape{2, 3, 4}));
  EXPECT_NE(broadcastExtents({3}, {4}, shape), "");
  Tensor x = iota<float>({3, 1}), y;
  View view;
  ASSERT_EQ(broadcastView(x, {2, 3, 2}, view), "");
  ASSERT_EQ(dense(view, y), "");
  EXPECT_EQ(elements<float>(y), (std::vector<float>{0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2}));
}

TEST(Movement, ConcatAndTile) {
  Tensor a = iota<int32_t>({2, 1}), b = iota<int32_t>({2, 2}), y;
  ASSERT_EQ(concat({a, transposeView(b, {1, 0})}, 1, y), "");
  EXPECT_EQ(elements<int32_t>(y), (std::vector<int32_t>{0, 0, 2, 1, 1, 3}));
  EXPECT_NE(concat({a, b}, 0, y), "");
  ASSERT_EQ(tile(b, {2, 2}, y), "");
  EXPECT_EQ(elements<int32_t>(y), (std::vector<int32_t>{0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3}));
  EXPECT_NE(tile(b, {-1, 2}, y), "");
}

TEST(Movement, PadModes) {
  Tensor x = iota<int64_t>({4}), value = tensorOf<int64_t>({}, {9}), y;
  auto padded = [&](Ints pads, PadMode mode) {
    EXPECT_EQ(pad(x, pads, value, mode, y), "");
    return elements<int64_t>(y);
  };
  EXPECT_EQ(padded({2, 1}, PadMode::Constant), (Ints{9, 9, 0, 1, 2, 3, 9}));
  EXPECT_EQ(padded({-1, 2}, PadMode::Constant), (Ints{1, 2, 3, 9, 9}));
  EXPECT_EQ(padded({-3, -1}, PadMode::Constant), Ints());
  EXPECT_EQ(padded({6, -5}, PadMode::Constant), (Ints{9, 9, 9, 9, 9}));
  EXPECT_EQ(padded({2, 1}, PadMode::Edge), (Ints{0, 0, 0, 1, 2, 3, 3}));
  EXPECT_EQ(padded({2, 5}, PadMode::Reflect), (Ints{2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2}));
  EXPECT_EQ(padded({2, 5}, PadMode::Wrap), (Ints{2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0}));
  EXPECT_NE(pad(x, {-3, -2}, value, PadMode::Constant, y), "");
}

TEST(Movement, Range) {
  auto scalar = [](auto v) { return tensorOf<decltype(v)>({}, {v}); };
  Tensor y;
  ASSERT_EQ(range(scalar(int64_t(10)), scalar(int64_t(0)), scalar(int64_t(-3)), y), "");
  EXPECT_EQ(elements<int64_t>(y), (Ints{10, 7, 4, 1}));
  ASSERT_EQ(range(scalar(0.0f), scalar(1.0f), scalar(0.3f), y), "");
  EXPECT_EQ(y.size(), 4);
  ASSERT_EQ(range(scalar(uint8_t(3)), scalar(uint8_t(1)), scalar(uint8_t(1)), y), "");
  EXPECT_EQ(y.size(), 0);
  EXPECT_NE(range(scalar(int32_t(0)), scalar(int32_t(1)), scalar(int32_t(0)), y), "");
  EXPECT_NE(range(scalar(kMin), scalar(kMax), scalar(int64_t(1)), y), "");
}
