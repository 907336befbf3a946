// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything is compared with the definition, written as plain loops.
//
//===----------------------------------------------------------------------===//
#include "aic/Eval/Contraction.h"
#include "TensorOf.h"
#include "aic/Eval/Elementwise.h"
#include "aic/Eval/Movement.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace aic::eval;
using Ints = std::vector<int64_t>;

/// Small integers: sums of their products are exact in f32.
static Tensor numbers(Shape shape, int64_t seed = 1) {
  Tensor t(DType::F32, std::move(shape));
  uint64_t state = seed * 7919 + 12345;
  for (int64_t i = 0; i < t.size(); ++i) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    t.as<float>()[i] = float(int64_t(state >> 60)) - 8;
  }
  return t;
}

static float at(const View &v, const Ints &index) {
  int64_t offset = 0;
  for (size_t d = 0; d < index.size(); ++d)
    offset += index[d] * v.strides[d];
  return v.as<float>()[offset];
}

TEST(Matmul, AllSizes) {
  for (int64_t m : {1, 5, 6, 7, 100})
    for (int64_t n : {1, 15, 16, 17, 530})
      for (int64_t k : {0, 1, 3, 255, 257}) {
        Tensor a = numbers({m, k}), b = numbers({k, n}, 2), r, storage;
        ASSERT_EQ(matmul(a, columnMajor<float>(b, storage), r), "");
        ASSERT_EQ(r.shape(), (Shape{m, n}));
        for (int64_t i = 0; i < m; i += 3)
          for (int64_t j = 0; j < n; j += 7) {
            float sum = 0;
            for (int64_t p = 0; p < k; ++p)
              sum += at(a, {i, p}) * at(b, {p, j});
            ASSERT_EQ(at(r, {i, j}), sum) << m << " " << n << " " << k;
          }
      }
}

TEST(Matmul, VectorsAndBatches) {
  Tensor r;
  ASSERT_EQ(matmul(tensorOf<float>({2}, {1, 2}), tensorOf<float>({2}, {3, 4}), r), "");
  EXPECT_EQ(r.shape(), Shape());
  EXPECT_EQ(*r.as<float>(), 11);
  ASSERT_EQ(matmul(numbers({5, 2, 3}), numbers({3}), r), "");
  EXPECT_EQ(r.shape(), (Shape{5, 2}));
  Tensor a = numbers({4, 1, 2, 3}), b = numbers({5, 3, 6}, 3);
  ASSERT_EQ(matmul(a, b, r), "");
  ASSERT_EQ(r.shape(), (Shape{4, 5, 2, 6}));
  for (int64_t i = 0; i < 4; ++i)
    for (int64_t j = 0; j < 5; ++j)
      EXPECT_EQ(at(r, {i, j, 1, 4}), at(a, {i, 0, 1, 0}) * at(b, {j, 0, 4}) + at(a, {i, 0, 1, 1}) * at(b, {j, 1, 4}) +
                                         at(a, {i, 0, 1, 2}) * at(b, {j, 2, 4}));
  ASSERT_EQ(matmul(numbers({4, 2, 2, 3}), numbers({3, 6}), r), "");
  EXPECT_EQ(r.shape(), (Shape{4, 2, 2, 6}));
  EXPECT_NE(matmul(numbers({2, 3}), numbers({2, 3}), r), "");
  EXPECT_NE(matmul(numbers({2, 2, 3}), numbers({3, 3, 3}), r), "");
}

TEST(Matmul, OtherTypes) {
  Tensor r;
  ASSERT_EQ(matmul(tensorOf<int8_t>({1, 2}, {100, -1}), tensorOf<int8_t>({2, 1}, {3, 1}), r), "");
  EXPECT_EQ(*r.as<int8_t>(), int8_t(299));
  ASSERT_EQ(matmul(tensorOf<int64_t>({1, 1}, {int64_t(1) << 40}), tensorOf<int64_t>({1, 1}, {-3}), r), "");
  EXPECT_EQ(*r.as<int64_t>(), -3 * (int64_t(1) << 40));
  // 2049 is not an f16, but the sum is rounded once.
  Tensor ones = cast(tensorOf<float>({1, 3}, {2048, 1, 1}), DType::F16);
  ASSERT_EQ(matmul(ones, cast(tensorOf<float>({3, 1}, {1, 1, 1}), DType::F16), r), "");
  EXPECT_EQ(*cast(r, DType::F32).as<float>(), 2050);
}

namespace {
struct Case {
  Ints input, kernel; // spatial extents
  int64_t channels, features;
  Window window;
};
} // namespace

/// Exchanges [N, C, D..] and [N, D.., C], or [F, C, K..] and [K.., C, F].
static View channelsLast(const View &v, bool isFilter) {
  Ints order;
  for (int64_t d = 2; d < v.rank(); ++d)
    order.push_back(d);
  if (isFilter)
    order.insert(order.end(), {1, 0});
  else {
    order.insert(order.begin(), 0);
    order.push_back(1);
  }
  return transposeView(v, order);
}

/// Every window position and tap as three numbers; calls fn(output position, input position) inside the input.
template <typename Fn> static void forEachTap(const Case &c, const Ints &out, const Ints &tap, Fn fn) {
  Ints in(out.size());
  for (size_t d = 0; d < out.size(); ++d) {
    in[d] = out[d] * c.window.strides[d] + tap[d] * c.window.dilations[d] - c.window.pads[d];
    if (in[d] < 0 || in[d] >= c.input[d])
      return;
  }
  fn(in);
}

static bool next(Ints &index, const Ints &extents) {
  for (size_t d = index.size(); d-- > 0;) {
    if (++index[d] < extents[d])
      return true;
    index[d] = 0;
  }
  return false;
}

static Ints join(Ints a, const Ints &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

static std::vector<Case> cases() {
  return {
      {{9, 8}, {3, 3}, 4, 6, {{1, 1}, {1, 1}, {1, 1, 1, 1}, {0, 0}, 1}},
      {{9, 20}, {3, 2}, 4, 6, {{2, 1}, {1, 2}, {0, 2, 1, 0}, {1, 0}, 2}},
      {{7, 7}, {5, 5}, 3, 3, {{1, 2}, {1, 1}, {2, 2, 2, 2}, {0, 1}, 3}},
      {{30}, {4}, 70, 20, {{3}, {1}, {1, 2}, {2}, 1}},
      {{5, 6, 7}, {2, 3, 1}, 2, 4, {{1, 2, 1}, {2, 1, 1}, {0, 1, 0, 1, 0, 0}, {0, 0, 0}, 2}},
      {{40, 33}, {1, 1}, 64, 64, {{1, 1}, {1, 1}, {0, 0, 0, 0}, {0, 0}, 1}},
  };
}

TEST(Conv, FollowsTheDefinition) {
  for (const Case &c : cases()) {
    int64_t groups = c.window.groups, perGroup = c.channels / groups;
    Tensor x = numbers(join({2, c.channels}, c.input)), w = numbers(join({c.features, perGroup}, c.kernel), 2);
    Tensor b = numbers({c.features}, 3), r, last;
    View bias = b;
    ASSERT_EQ(conv(x, w, &bias, c.window, r), "");
    Ints out(r.shape().begin() + 2, r.shape().end()), o(out.size(), 0);
    do {
      for (int64_t f = 0; f < c.features; ++f) {
        float sum = b.as<float>()[f];
        Ints tap(out.size(), 0);
        do {
          forEachTap(c, o, tap, [&](const Ints &in) {
            for (int64_t ch = 0; ch < perGroup; ++ch)
              sum += at(x, join({1, f / (c.features / groups) * perGroup + ch}, in)) * at(w, join({f, ch}, tap));
          });
        } while (next(tap, c.kernel));
        ASSERT_EQ(at(r, join({1, f}, o)), sum);
      }
    } while (next(o, out));

    Window window = c.window;
    window.channelsLast = true;
    ASSERT_EQ(conv(channelsLast(x, false), channelsLast(w, true), &bias, window, last), "");
    Tensor wanted;
    ASSERT_EQ(dense(channelsLast(r, false), wanted), "");
    EXPECT_EQ(last.shape(), wanted.shape());
    EXPECT_EQ(elements<float>(last), elements<float>(wanted));
  }
}

TEST(Conv, TransposedIsTheGradient) {
  for (const Case &c : cases()) {
    // The input of the transposed convolution has the place of the convolution's result.
    int64_t groups = c.window.groups, features = c.features / groups;
    Tensor x = numbers(join({1, c.channels}, c.input)), w = numbers(join({c.channels, features}, c.kernel), 2), r, last;
    ASSERT_EQ(convTranspose(x, w, nullptr, c.window, r), "");
    Tensor wanted(DType::F32, r.shape());
    std::fill_n(wanted.as<float>(), wanted.size(), 0.0f);
    Ints out(r.shape().begin() + 2, r.shape().end()), i(out.size(), 0);
    for (size_t d = 0; d < out.size(); ++d)
      ASSERT_EQ(out[d], c.window.strides[d] * (c.input[d] - 1) + c.window.outputPadding[d] +
                            c.window.dilations[d] * (c.kernel[d] - 1) + 1 - c.window.pads[d] -
                            c.window.pads[out.size() + d]);
    do {
      Ints tap(out.size(), 0);
      do {
        int64_t place = 0;
        bool valid = true;
        for (size_t d = 0; d < out.size(); ++d) {
          int64_t o = i[d] * c.window.strides[d] + tap[d] * c.window.dilations[d] - c.window.pads[d];
          valid = valid && o >= 0 && o < out[d];
          place = place * out[d] + o;
        }
        for (int64_t ch = 0; ch < c.channels && valid; ++ch)
          for (int64_t f = 0; f < features; ++f) {
            int64_t feature = ch / (c.channels / groups) * features + f;
            wanted.as<float>()[feature * wanted.view().strides[1] + place] +=
                at(x, join({0, ch}, i)) * at(w, join({ch, f}, tap));
          }
      } while (next(tap, c.kernel));
    } while (next(i, c.input));
    EXPECT_EQ(elements<float>(r), elements<float>(wanted));

    Window window = c.window;
    window.channelsLast = true;
    ASSERT_EQ(convTranspose(channelsLast(x, false), channelsLast(w, true), nullptr, window, last), "");
    ASSERT_EQ(dense(channelsLast(r, false), wanted), "");
    EXPECT_EQ(elements<float>(last), elements<float>(wanted));
  }
}

TEST(Conv, RefusesWhatDoesNotFit) {
  Tensor r, x = numbers({1, 4, 5, 5});
  Window window{{1, 1}, {1, 1}, {0, 0, 0, 0}, {}, 1};
  EXPECT_NE(conv(x, numbers({2, 3, 3, 3}), nullptr, window, r), "");
  EXPECT_NE(conv(x, numbers({2, 4, 6, 3}), nullptr, window, r), "");
  EXPECT_NE(conv(x, numbers({2, 4, 3}), nullptr, window, r), "");
  View bias = x;
  EXPECT_NE(conv(x, numbers({2, 4, 3, 3}), &bias, window, r), "");
  window.strides = {0, 1};
  EXPECT_NE(conv(x, numbers({2, 4, 3, 3}), nullptr, window, r), "");
}

TEST(Einsum, Forms) {
  Tensor a = iota<float>({2, 3}), b = iota<float>({3, 4}), square = iota<float>({3, 3}), r, wanted;
  ASSERT_EQ(einsum({a, b}, "ij,jk->ki", r), "");
  ASSERT_EQ(matmul(a, b, wanted), "");
  EXPECT_EQ(r.shape(), (Shape{4, 2}));
  EXPECT_EQ(at(r, {3, 1}), at(wanted, {1, 3}));
  ASSERT_EQ(einsum({square}, "ii->", r), "");
  EXPECT_EQ(*r.as<float>(), 12);
  ASSERT_EQ(einsum({square}, "ii->i", r), "");
  EXPECT_EQ(elements<float>(r), (std::vector<float>{0, 4, 8}));
  ASSERT_EQ(einsum({a}, "ij->j", r), "");
  EXPECT_EQ(elements<float>(r), (std::vector<float>{3, 5, 7}));
  ASSERT_EQ(einsum({a, a}, "ij,kl->", r), "");
  EXPECT_EQ(*r.as<float>(), 225);
  ASSERT_EQ(einsum({a, a}, "bi,bi->b", r), "");
  EXPECT_EQ(elements<float>(r), (std::vector<float>{5, 50}));
  ASSERT_EQ(einsum({a, b, iota<float>({4})}, "ij,jk,k->i", r), "");
  EXPECT_EQ(r.shape(), (Shape{2}));
  float sum = 0;
  for (int64_t j = 0; j < 3; ++j)
    for (int64_t k = 0; k < 4; ++k)
      sum += at(a, {1, j}) * at(b, {j, k}) * float(k);
  EXPECT_EQ(r.as<float>()[1], sum);
  ASSERT_EQ(einsum({cast(a, DType::F16)}, "ij->ji", r), "");
  EXPECT_EQ(r.type(), DType::F16);
  ASSERT_EQ(einsum({a, iota<float>({1, 3})}, "ij,ij->i", r), ""); // an extent of 1 is broadcast
  EXPECT_EQ(elements<float>(r), (std::vector<float>{5, 14}));
  EXPECT_NE(einsum({iota<float>({1, 3})}, "ii->i", r), "");
  EXPECT_NE(einsum({a, b}, "ij,ik->jk", r), "");
  EXPECT_NE(einsum({a}, "ijk->i", r), "");
  EXPECT_NE(einsum({a}, "ij->z", r), "");
  EXPECT_NE(einsum({a}, "ij", r), "");
}
