// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Eval/Reduction.h"
#include "TensorOf.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace aic::eval;
using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;

static const float kNaN = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();

TEST(Reduction, AlongAnyDims) {
  Tensor x = iota<float>({2, 3, 4}), storage, r;
  for (const View &view : {x.view(), columnMajor<float>(x, storage)}) {
    ASSERT_EQ(reduce(Reduce::Sum, view, {1}, false, r), "");
    EXPECT_EQ(r.shape(), (Shape{2, 4}));
    EXPECT_EQ(elements<float>(r), (Floats{12, 15, 18, 21, 48, 51, 54, 57}));
    ASSERT_EQ(reduce(Reduce::Mean, view, {0, 2}, true, r), "");
    EXPECT_EQ(r.shape(), (Shape{1, 3, 1}));
    EXPECT_EQ(elements<float>(r), (Floats{7.5f, 11.5f, 15.5f}));
    ASSERT_EQ(reduce(Reduce::Max, view, {0, 1, 2}, false, r), "");
    EXPECT_EQ(elements<float>(r), Floats{23});
    ASSERT_EQ(reduce(Reduce::Min, view, {}, false, r), "");
    EXPECT_EQ(elements<float>(r), elements<float>(x));
  }
  EXPECT_NE(reduce(Reduce::Sum, x, {3}, false, r), "");
}

TEST(Reduction, OverNothing) {
  Tensor x(DType::F32, {2, 0}), r;
  ASSERT_EQ(reduce(Reduce::Sum, x, {1}, false, r), "");
  EXPECT_EQ(elements<float>(r), (Floats{0, 0}));
  ASSERT_EQ(reduce(Reduce::Prod, x, {1}, false, r), "");
  EXPECT_EQ(elements<float>(r), (Floats{1, 1}));
  ASSERT_EQ(reduce(Reduce::Max, x, {1}, false, r), "");
  EXPECT_EQ(elements<float>(r), (Floats{-kInf, -kInf}));
  ASSERT_EQ(reduce(Reduce::Mean, x, {1}, false, r), "");
  EXPECT_TRUE(std::isnan(*r.as<float>()));
  Tensor n(DType::I32, {0});
  ASSERT_EQ(reduce(Reduce::Mean, n, {0}, false, r), "");
  EXPECT_EQ(*r.as<int32_t>(), 0);
  ASSERT_EQ(reduce(Reduce::Min, n, {0}, false, r), "");
  EXPECT_EQ(*r.as<int32_t>(), INT32_MAX);
}

TEST(Reduction, TypesAndNaN) {
  Tensor r;
  ASSERT_EQ(reduce(Reduce::Sum, tensorOf<int8_t>({2}, {100, 100}), {0}, false, r), "");
  EXPECT_EQ(*r.as<int8_t>(), -56);
  ASSERT_EQ(reduce(Reduce::Mean, tensorOf<int32_t>({2}, {-3, -4}), {0}, false, r), "");
  EXPECT_EQ(*r.as<int32_t>(), -3);
  ASSERT_EQ(reduce(Reduce::Max, tensorOf<bool>({2, 2}, {false, true, false, false}), {1}, false, r), "");
  EXPECT_EQ(elements<bool>(r), (std::vector<bool>{true, false}));
  EXPECT_NE(reduce(Reduce::Sum, tensorOf<bool>({1}, {true}), {0}, false, r), "");
  for (Reduce kind : {Reduce::Max, Reduce::Min}) {
    ASSERT_EQ(reduce(kind, tensorOf<float>({3}, {1, kNaN, 2}), {0}, false, r), "");
    EXPECT_TRUE(std::isnan(*r.as<float>()));
  }
}

TEST(Reduction, PositionOfTheBest) {
  Tensor x = tensorOf<float>({2, 3}, {1, 3, 3, 5, 5, 2}), r;
  auto find = [&](int64_t axis, bool largest, bool last) {
    EXPECT_EQ(argReduce(x, axis, largest, last, false, r), "");
    return elements<int64_t>(r);
  };
  EXPECT_EQ(find(1, true, false), (Ints{1, 0}));
  EXPECT_EQ(find(1, true, true), (Ints{2, 1}));
  EXPECT_EQ(find(1, false, false), (Ints{0, 2}));
  EXPECT_EQ(find(0, false, false), (Ints{0, 0, 1}));
  EXPECT_NE(argReduce(Tensor(DType::F32, {2, 0}), 1, true, false, false, r), "");
  EXPECT_EQ(argReduce(Tensor(DType::F32, {0, 2}), 1, true, false, true, r), "");
  EXPECT_EQ(r.shape(), (Shape{0, 1}));
}

TEST(Reduction, Scans) {
  Tensor x = tensorOf<int32_t>({2, 3}, {1, 2, 3, 4, 5, 6}), r;
  auto run = [&](Reduce kind, int64_t axis, bool exclusive, bool reverse) {
    EXPECT_EQ(scan(kind, x, axis, exclusive, reverse, r), "");
    return elements<int32_t>(r);
  };
  EXPECT_EQ(run(Reduce::Sum, 1, false, false), (std::vector<int32_t>{1, 3, 6, 4, 9, 15}));
  EXPECT_EQ(run(Reduce::Sum, 1, true, false), (std::vector<int32_t>{0, 1, 3, 0, 4, 9}));
  EXPECT_EQ(run(Reduce::Sum, 1, true, true), (std::vector<int32_t>{5, 3, 0, 11, 6, 0}));
  EXPECT_EQ(run(Reduce::Prod, 0, false, false), (std::vector<int32_t>{1, 2, 3, 4, 10, 18}));
  EXPECT_NE(scan(Reduce::Max, x, 0, false, false, r), "");
}

TEST(Reduction, TopK) {
  Tensor x = tensorOf<float>({2, 4}, {1, 4, 4, 2, 0, -1, 7, 3}), values, indices;
  ASSERT_EQ(topK(x, 3, 1, true, values, indices), "");
  EXPECT_EQ(elements<float>(values), (Floats{4, 4, 2, 7, 3, 0}));
  EXPECT_EQ(elements<int64_t>(indices), (Ints{1, 2, 3, 2, 3, 0}));
  ASSERT_EQ(topK(x, 1, 0, false, values, indices), "");
  EXPECT_EQ(elements<float>(values), (Floats{0, -1, 4, 2}));
  EXPECT_EQ(elements<int64_t>(indices), (Ints{1, 1, 0, 0}));
  ASSERT_EQ(topK(x, 0, 1, true, values, indices), "");
  EXPECT_EQ(values.shape(), (Shape{2, 0}));
  EXPECT_EQ(topK(x, 5, 1, true, values, indices), "expected k in [0, 4], got 5");
}
