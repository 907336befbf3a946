// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Eval/Indexing.h"
#include "TensorOf.h"
#include "gtest/gtest.h"

using namespace aic::eval;
using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;

TEST(Indexing, GatherAlongAnAxis) {
  Tensor x = iota<float>({2, 3}), storage, y;
  Tensor i = tensorOf<int32_t>({2}, {-1, 0});
  ASSERT_EQ(gather(columnMajor<float>(x, storage), i, 1, y), "");
  EXPECT_EQ(y.shape(), (Shape{2, 2}));
  EXPECT_EQ(elements<float>(y), (Floats{2, 0, 5, 3}));
  Tensor scalar = tensorOf<int64_t>({}, {1});
  ASSERT_EQ(gather(x, scalar, 0, y), "");
  EXPECT_EQ(y.shape(), (Shape{3}));
}

TEST(Indexing, OutOfRangeIsAnError) {
  Tensor x = iota<float>({2, 3}), y;
  EXPECT_EQ(gather(x, tensorOf<int64_t>({1}, {3}), 1, y), "expected an index in [-3, 3) for dimension 1, got 3");
  EXPECT_EQ(gather(x, tensorOf<int64_t>({1}, {-4}), 1, y), "expected an index in [-3, 3) for dimension 1, got -4");
  EXPECT_NE(gatherElements(x, tensorOf<int64_t>({1, 1}, {2}), 0, y), "");
  EXPECT_NE(gatherND(x, tensorOf<int64_t>({1, 2}, {0, 3}), 0, y), "");
  EXPECT_NE(scatterND(ScatterKind::Replace, x, tensorOf<int64_t>({1, 2}, {2, 0}), tensorOf<float>({1}, {1}), y), "");
  Tensor empty(DType::F32, {0});
  EXPECT_NE(gather(empty, tensorOf<int64_t>({1}, {0}), 0, y), "");
}

TEST(Indexing, GatherElementsAndND) {
  Tensor x = iota<float>({2, 3}), y;
  ASSERT_EQ(gatherElements(x, tensorOf<int64_t>({2, 2}, {0, -1, 1, 1}), 1, y), "");
  EXPECT_EQ(elements<float>(y), (Floats{0, 2, 4, 4}));
  ASSERT_EQ(gatherND(x, tensorOf<int64_t>({2, 1}, {1, 0}), 0, y), "");
  EXPECT_EQ(elements<float>(y), (Floats{3, 4, 5, 0, 1, 2}));
  ASSERT_EQ(gatherND(x, tensorOf<int64_t>({2, 1}, {-1, 0}), 1, y), "");
  EXPECT_EQ(elements<float>(y), (Floats{2, 3}));
}

TEST(Indexing, ScatterCombinesInOrder) {
  Tensor x = iota<float>({4}), i = tensorOf<int64_t>({3}, {1, -3, 1}), u = tensorOf<float>({3}, {10, 20, 30}), y;
  auto scattered = [&](ScatterKind kind) {
    EXPECT_EQ(scatterElements(kind, x, i, u, 0, y), "");
    return elements<float>(y);
  };
  EXPECT_EQ(scattered(ScatterKind::Replace), (Floats{0, 30, 2, 3}));
  EXPECT_EQ(scattered(ScatterKind::Add), (Floats{0, 61, 2, 3}));
  EXPECT_EQ(scattered(ScatterKind::Mul), (Floats{0, 6000, 2, 3}));
  EXPECT_EQ(scattered(ScatterKind::Max), (Floats{0, 30, 2, 3}));
  EXPECT_EQ(scattered(ScatterKind::Min), (Floats{0, 1, 2, 3}));
  ASSERT_EQ(scatterND(ScatterKind::Add, iota<float>({2, 2}), tensorOf<int64_t>({2, 1}, {1, 1}), iota<float>({2, 2}), y),
            "");
  EXPECT_EQ(elements<float>(y), (Floats{0, 1, 4, 7}));
}

TEST(Indexing, NonZero) {
  Tensor x = tensorOf<bool>({2, 2}, {false, true, true, true}), y;
  ASSERT_EQ(nonZero(x, y), "");
  EXPECT_EQ(y.shape(), (Shape{2, 3}));
  EXPECT_EQ(elements<int64_t>(y), (Ints{0, 1, 1, 1, 0, 1}));
  ASSERT_EQ(nonZero(tensorOf<float>({}, {-0.0f}), y), "");
  EXPECT_EQ(y.shape(), (Shape{0, 0}));
}
