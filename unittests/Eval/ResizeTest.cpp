// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Eval/Resize.h"
#include "TensorOf.h"
#include "gtest/gtest.h"

using namespace aic::eval;
using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;

static Floats resized(const Floats &values, float scale, int64_t size, const ResizeOptions &options) {
  Tensor x = tensorOf<float>({int64_t(values.size())}, values), y;
  EXPECT_EQ(resize(x, {scale}, {size}, options, y), "");
  return elements<float>(y);
}

TEST(Resize, NearestModes) {
  ResizeOptions options;
  options.coordinates = CoordinateMode::HalfPixel;
  // The result's places read 0.5 and 2.5.
  auto at = [&](NearestMode mode) {
    options.nearest = mode;
    return resized({0, 1, 2, 3}, 0.5f, 2, options);
  };
  EXPECT_EQ(at(NearestMode::RoundPreferFloor), (Floats{0, 2}));
  EXPECT_EQ(at(NearestMode::RoundPreferCeil), (Floats{1, 3}));
  EXPECT_EQ(at(NearestMode::Floor), (Floats{0, 2}));
  EXPECT_EQ(at(NearestMode::Ceil), (Floats{1, 3}));
}

TEST(Resize, CoordinateModes) {
  ResizeOptions options;
  options.mode = ResizeMode::Linear;
  auto at = [&](CoordinateMode mode, int64_t size, float scale) {
    options.coordinates = mode;
    return resized({0, 4}, scale, size, options);
  };
  EXPECT_EQ(at(CoordinateMode::HalfPixel, 4, 2), (Floats{0, 1, 3, 4}));
  EXPECT_EQ(at(CoordinateMode::Asymmetric, 4, 2), (Floats{0, 2, 4, 4}));
  EXPECT_EQ(at(CoordinateMode::AlignCorners, 5, 2.5), (Floats{0, 1, 2, 3, 4}));
  EXPECT_EQ(at(CoordinateMode::AlignCorners, 3, 1.75), (Floats{0, 1.6f, 3.2f})); // of an unrounded size of 3.5
  EXPECT_EQ(at(CoordinateMode::PytorchHalfPixel, 1, 0.5), (Floats{0}));
  EXPECT_EQ(at(CoordinateMode::HalfPixel, 1, 0.5), (Floats{2}));
}

// f32(1/3) is a little more than a third: floor(2 / f32(1/3)) would be 5.
TEST(Resize, RoundedScaleMeansTheQuotient) {
  ResizeOptions options;
  options.coordinates = CoordinateMode::Asymmetric;
  options.nearest = NearestMode::Floor;
  EXPECT_EQ(resized({0, 1, 2, 3, 4, 5, 6, 7, 8}, 1.0f / 3, 3, options), (Floats{0, 3, 6}));
}

TEST(Resize, CubicAndExcludeOutside) {
  ResizeOptions options;
  options.mode = ResizeMode::Cubic;
  Floats linear = resized({0, 1, 2, 3, 4, 5, 6, 7}, 2, 16, options);
  EXPECT_NEAR(linear[8], 3.703125, 1e-6); // the cubic with a = -0.75 is not quite exact on lines
  options.excludeOutside = true;
  for (float value : resized({5, 5, 5, 5}, 1.5f, 6, options))
    EXPECT_FLOAT_EQ(value, 5);
}

TEST(Resize, AntialiasAverages) {
  ResizeOptions options;
  options.mode = ResizeMode::Linear;
  options.antialias = true;
  ResizeTable table = resizeTable(8, 2, 0.25f, options);
  EXPECT_EQ(table.taps, 8);
  double sum = 0;
  for (int64_t t = 0; t < table.taps; ++t)
    sum += table.weights[t];
  EXPECT_NEAR(sum, 1, 1e-12);
}

TEST(Resize, IntegersRoundAndClamp) {
  Tensor x = tensorOf<uint8_t>({2}, {0, 255}), y;
  ResizeOptions options;
  options.mode = ResizeMode::Cubic;
  ASSERT_EQ(resize(x, {4}, {8}, options, y), "");
  EXPECT_EQ(y.as<uint8_t>()[0], 0);
  EXPECT_EQ(y.as<uint8_t>()[7], 255);
}

TEST(Resize, RefusesNonsense) {
  Tensor x = iota<float>({2, 2}), y;
  EXPECT_NE(resize(x, {1}, {2, 2}, {}, y), "");
  EXPECT_NE(resize(x, {1, 0}, {2, 2}, {}, y), "");
  EXPECT_NE(resize(x, {1, 1}, {2, -2}, {}, y), "");
}
