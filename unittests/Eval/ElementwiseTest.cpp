// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Eval/Elementwise.h"
#include "TensorOf.h"
#include "aic/Eval/DTypeVisit.h"
#include "aic/Eval/Movement.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace aic::eval;

static const float kNaN = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();

template <typename T> static std::vector<T> apply(Binary kind, std::vector<T> a, std::vector<T> b) {
  Tensor r;
  Shape shape = {static_cast<int64_t>(a.size())};
  EXPECT_EQ(binary(kind, tensorOf<T>(shape, a), tensorOf<T>({static_cast<int64_t>(b.size())}, b), r), "");
  return elements<T>(r);
}

template <typename T> static std::vector<T> apply(Unary kind, std::vector<T> a) {
  Tensor r;
  EXPECT_EQ(unary(kind, tensorOf<T>({static_cast<int64_t>(a.size())}, a), r), "");
  return elements<T>(r);
}

TEST(Elementwise, IntegersWrap) {
  EXPECT_EQ(apply<int8_t>(Binary::Add, {127, -128}, {1, -1}), (std::vector<int8_t>{-128, 127}));
  EXPECT_EQ(apply<int8_t>(Binary::Mul, {100}, {3}), (std::vector<int8_t>{44}));
  EXPECT_EQ(apply<uint8_t>(Binary::Sub, {0}, {1}), (std::vector<uint8_t>{255}));
  EXPECT_EQ(apply<int64_t>(Binary::Mul, {INT64_MAX}, {2}), (std::vector<int64_t>{-2}));
  EXPECT_EQ(apply<int32_t>(Unary::Abs, {INT32_MIN, -3}), (std::vector<int32_t>{INT32_MIN, 3}));
  EXPECT_EQ(apply<int16_t>(Unary::Neg, {INT16_MIN, 7}), (std::vector<int16_t>{INT16_MIN, -7}));
}

TEST(Elementwise, BitcastKeepsBits) {
  Tensor r;
  EXPECT_EQ(bitcast(tensorOf<float>({3}, {1, -0.0f, kInf}), DType::U32, r), "");
  EXPECT_EQ(elements<uint32_t>(r), (std::vector<uint32_t>{0x3f800000, 0x80000000, 0x7f800000}));
  EXPECT_EQ(bitcast(tensorOf<int8_t>({}, {-1}), DType::U8, r), "");
  EXPECT_EQ(elements<uint8_t>(r), (std::vector<uint8_t>{255}));
  EXPECT_NE(bitcast(tensorOf<float>({0}, {}), DType::I64, r), "");
}

TEST(Elementwise, DivisionIsTotal) {
  EXPECT_EQ(apply<int32_t>(Binary::Div, {7, -7, 5, INT32_MIN}, {2, 2, 0, -1}),
            (std::vector<int32_t>{3, -3, 0, INT32_MIN}));
  EXPECT_EQ(apply<int32_t>(Binary::Rem, {7, -7, 5, INT32_MIN}, {3, 3, 0, -1}), (std::vector<int32_t>{1, -1, 0, 0}));
  EXPECT_EQ(apply<int32_t>(Binary::Mod, {7, -7, 7, -7, 5}, {3, 3, -3, -3, 0}), (std::vector<int32_t>{1, 2, -2, -1, 0}));
  EXPECT_EQ(apply<float>(Binary::Mod, {-4.5f, 4.5f, 5.5f}, {2, -2, 2}), (std::vector<float>{1.5f, -1.5f, 1.5f}));
  EXPECT_EQ(apply<float>(Binary::Rem, {-4.5f}, {2}), (std::vector<float>{-0.5f}));
  EXPECT_EQ(apply<float>(Binary::Div, {1, -1}, {0, 0}), (std::vector<float>{kInf, -kInf}));
}

TEST(Elementwise, PowersAndShifts) {
  EXPECT_EQ(apply<int32_t>(Binary::Pow, {3, -2, 2, -1, 1, 0}, {4, 3, -1, -3, -5, 0}),
            (std::vector<int32_t>{81, -8, 0, -1, 1, 1}));
  EXPECT_EQ(apply<int8_t>(Binary::ShiftLeft, {1, 1, 1}, {3, 8, -1}), (std::vector<int8_t>{8, 0, 0}));
  EXPECT_EQ(apply<int8_t>(Binary::ShiftRight, {-8, -8, 8}, {1, 100, 100}), (std::vector<int8_t>{-4, -1, 0}));
  EXPECT_EQ(apply<uint8_t>(Binary::ShiftRight, {128}, {7}), (std::vector<uint8_t>{1}));
  EXPECT_EQ(apply<bool>(Binary::Xor, {true, true}, {true, false})[0], false);
  EXPECT_EQ(apply<int32_t>(Binary::And, {12}, {10}), (std::vector<int32_t>{8}));
}

TEST(Elementwise, NaNIsKept) {
  for (Binary kind : {Binary::Maximum, Binary::Minimum})
    for (float x : apply<float>(kind, {kNaN, 1, kNaN, 1, 1}, {1, kNaN, kNaN, kNaN, kNaN}))
      EXPECT_TRUE(std::isnan(x));
  EXPECT_EQ(apply<float>(Binary::Maximum, {1, -kInf}, {2, 3}), (std::vector<float>{2, 3}));
  EXPECT_TRUE(std::isnan(apply<float>(Unary::Relu, {kNaN})[0]));
  EXPECT_TRUE(std::isnan(apply<float>(Unary::Sign, {kNaN})[0]));
  EXPECT_TRUE(std::isnan(apply<float>(Unary::Sqrt, {-1})[0]));
  EXPECT_EQ(apply<float>(Unary::Sign, {-3, 0, 5}), (std::vector<float>{-1, 0, 1}));
  EXPECT_EQ(apply<float>(Unary::Round, {0.5f, 1.5f, -2.5f}), (std::vector<float>{0, 2, -2}));

  Tensor x = tensorOf<float>({3}, {kNaN, kInf, -kInf}), r;
  ASSERT_EQ(isNaN(x, r), "");
  EXPECT_EQ(elements<bool>(r), (std::vector<bool>{true, false, false}));
  ASSERT_EQ(isInf(x, true, false, r), "");
  EXPECT_EQ(elements<bool>(r), (std::vector<bool>{false, true, false}));
  ASSERT_EQ(compare(Predicate::Ne, x, x, r), "");
  EXPECT_EQ(elements<bool>(r), (std::vector<bool>{true, false, false}));
  ASSERT_EQ(compare(Predicate::Ge, x, x, r), "");
  EXPECT_EQ(elements<bool>(r), (std::vector<bool>{false, true, true}));
}

TEST(Elementwise, BroadcastsViewsOfAnyStrides) {
  Tensor a = iota<float>({2, 3}), b = iota<float>({4, 1, 3}), storage, r;
  ASSERT_EQ(binary(Binary::Sub, columnMajor<float>(a, storage), b, r), "");
  ASSERT_EQ(r.shape(), (Shape{4, 2, 3}));
  for (int64_t i = 0; i < 4; ++i)
    for (int64_t j = 0; j < 2; ++j)
      for (int64_t k = 0; k < 3; ++k)
        EXPECT_EQ(r.as<float>()[i * 6 + j * 3 + k], float(j * 3 + k) - float(i * 3 + k));
  EXPECT_NE(binary(Binary::Add, a, iota<float>({4}), r), "");
  EXPECT_NE(binary(Binary::Add, a, iota<double>({3}), r), "");
  EXPECT_NE(unary(Unary::Exp, iota<int32_t>({3}), r), "");

  Tensor c = tensorOf<bool>({2, 1}, {true, false});
  ASSERT_EQ(select(c, a, tensorOf<float>({}, {-1}), r), "");
  EXPECT_EQ(elements<float>(r), (std::vector<float>{0, 1, 2, -1, -1, -1}));
  Tensor empty(DType::F32, {0, 3});
  ASSERT_EQ(binary(Binary::Add, empty, iota<float>({3}), r), "");
  EXPECT_EQ(r.shape(), (Shape{0, 3}));
}

TEST(Elementwise, CastsBetweenAllTypes) {
  Tensor x = tensorOf<float>({5}, {-1.9f, 2.9f, 300, 0, kNaN});
  EXPECT_EQ(elements<int32_t>(cast(x, DType::I32)), (std::vector<int32_t>{-1, 2, 300, 0, 0}));
  EXPECT_EQ(elements<bool>(cast(x, DType::I1)), (std::vector<bool>{true, true, true, false, true}));
  EXPECT_EQ(elements<int8_t>(cast(iota<int64_t>({300}), DType::I8))[299], 43);
  EXPECT_EQ(elements<float>(cast(tensorOf<bool>({2}, {true, false}), DType::F32)), (std::vector<float>{1, 0}));
  // To nearest even: 1 + 2^-11 lies between two numbers of f16, 1 + 2^-8 between two of bf16.
  Tensor half = cast(tensorOf<float>({3}, {1.00048828125f, 65520, 1e-8f}), DType::F16);
  EXPECT_EQ(half.as<uint16_t>()[0], 0x3c00);
  EXPECT_EQ(half.as<uint16_t>()[1], 0x7c00);
  EXPECT_EQ(half.as<uint16_t>()[2], 0);
  EXPECT_EQ(cast(tensorOf<float>({1}, {1.00390625f}), DType::BF16).as<uint16_t>()[0], 0x3f80);
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    Tensor h(DType::F16, {1});
    *h.as<uint16_t>() = bits;
    if ((bits & 0x7fff) <= 0x7c00)
      ASSERT_EQ(*cast(cast(h, DType::F32), DType::F16).as<uint16_t>(), bits);
  }
}

TEST(Elementwise, Quantises) {
  Tensor x = tensorOf<float>({2, 2}, {1.5f, -300, 2.5f, 300}), r;
  ASSERT_EQ(quantize(x, tensorOf<float>({}, {1}), tensorOf<int8_t>({}, {1}), 0, 0, r), "");
  EXPECT_EQ(elements<int8_t>(r), (std::vector<int8_t>{3, -128, 3, 127}));
  Tensor scale = tensorOf<float>({2}, {1, 2}), zero = tensorOf<uint8_t>({2}, {0, 10});
  ASSERT_EQ(quantize(x, scale, zero, 1, 0, r), "");
  EXPECT_EQ(elements<uint8_t>(r), (std::vector<uint8_t>{2, 0, 2, 160}));
  Tensor back;
  ASSERT_EQ(dequantize(r, scale, zero, 1, 0, DType::F32, back), "");
  EXPECT_EQ(elements<float>(back), (std::vector<float>{2, -20, 2, 300}));
  // Blocks of 2 along the last dimension, the last one short.
  Tensor q = tensorOf<int8_t>({1, 3}, {1, 2, 3});
  ASSERT_EQ(dequantize(q, tensorOf<float>({1, 2}, {10, 100}), tensorOf<int8_t>({1, 2}, {0, 1}), 1, 2, DType::F32, back),
            "");
  EXPECT_EQ(elements<float>(back), (std::vector<float>{10, 20, 200}));
  EXPECT_NE(quantize(x, tensorOf<float>({3}, {1, 2, 3}), tensorOf<int8_t>({}, {0}), 1, 0, r), "");
}
