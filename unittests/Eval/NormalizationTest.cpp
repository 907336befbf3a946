// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Eval/Normalization.h"
#include "TensorOf.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace aic::eval;

TEST(Normalization, Softmax) {
  Tensor x = tensorOf<float>({2, 2}, {1000, 1000, 0, std::log(3.0f)}), storage, r;
  for (const View &view : {x.view(), columnMajor<float>(x, storage)}) {
    ASSERT_EQ(softmax(view, 1, false, r), "");
    EXPECT_FLOAT_EQ(r.as<float>()[0], 0.5f);
    EXPECT_FLOAT_EQ(r.as<float>()[2], 0.25f);
    EXPECT_FLOAT_EQ(r.as<float>()[3], 0.75f);
    ASSERT_EQ(softmax(view, 0, true, r), "");
    EXPECT_FLOAT_EQ(r.as<float>()[0], 0);
    EXPECT_FLOAT_EQ(r.as<float>()[2], -1000);
  }
  EXPECT_NE(softmax(x, 2, false, r), "");
  EXPECT_NE(softmax(iota<int32_t>({2}), 0, false, r), "");
}

TEST(Normalization, LayerNorm) {
  Tensor x = tensorOf<float>({2, 4}, {1, 2, 3, 4, 10, 20, 30, 40}), r;
  Tensor s = tensorOf<float>({4}, {1, 2, 1, 1}), b = tensorOf<float>({1}, {5});
  View scale = s, bias = b;
  ASSERT_EQ(layerNorm(x, &scale, &bias, 1, 0, r), "");
  for (int64_t row = 0; row < 2; ++row) {
    EXPECT_NEAR(r.as<float>()[row * 4], 5 - 1.5 / std::sqrt(1.25), 1e-5);
    EXPECT_NEAR(r.as<float>()[row * 4 + 1], 5 - 2 * 0.5 / std::sqrt(1.25), 1e-5);
  }
  ASSERT_EQ(layerNorm(x, nullptr, nullptr, 0, 1, r), "");
  EXPECT_LT(r.as<float>()[0], r.as<float>()[7]);
  ASSERT_EQ(rmsNorm(x, scale, 1, 0, r), "");
  EXPECT_NEAR(r.as<float>()[1], 4 / std::sqrt(7.5), 1e-5);
  EXPECT_NE(layerNorm(x, &scale, &bias, 3, 0, r), "");
  Tensor wrong = iota<float>({3});
  scale = wrong;
  EXPECT_NE(layerNorm(x, &scale, nullptr, 1, 0, r), "");
}

TEST(Normalization, BatchNorm) {
  Tensor x = iota<float>({2, 2, 2}), scale = tensorOf<float>({2}, {1, 2}), bias = tensorOf<float>({2}, {0, 1}),
         mean = tensorOf<float>({2}, {1, 2}), variance = tensorOf<float>({2}, {4, 3}), r;
  ASSERT_EQ(batchNorm(x, scale, bias, mean, variance, 1, 1, r), "");
  EXPECT_FLOAT_EQ(r.as<float>()[5], 4 / std::sqrt(5.0f));
  EXPECT_FLOAT_EQ(r.as<float>()[3], 2);
  ASSERT_EQ(batchNorm(x, scale, bias, mean, variance, 2, 1, r), "");
  EXPECT_FLOAT_EQ(r.as<float>()[5], 4);
  EXPECT_NE(batchNorm(x, iota<float>({3}), bias, mean, variance, 1, 1, r), "");
}
