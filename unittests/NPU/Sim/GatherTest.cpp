//===- GatherTest.cpp - LD, ST, CP, FILL, LDA and LDB against plain loops -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What LDA and LDB have gathered is seen through an MMA with the identity.
//
//===----------------------------------------------------------------------===//

#include "Reference.h"

using namespace simtest;

namespace {

struct Window {
  int64_t h, w, c, pixStride, rowStride, kh, kw, sh, sw, dh, dw, pt, pl, ow, mStart, mLen, kStart, kLen;
};

/// The tile that a gather of bytes makes, by LDA and the identity in B0, or by LDB and the identity in A0.
std::vector<int32_t> gathered(const Window &p, bool left, bool transpose, int padv, const std::vector<uint8_t> &image,
                              unsigned element) {
  Bench bench;
  int64_t k = p.kLen, bytes = static_cast<int64_t>(image.size());
  unsigned in = bench.segment(SegmentKind::Input, image.size()),
           unit = bench.segment(SegmentKind::Input, static_cast<size_t>(k * k * element)),
           out = bench.segment(SegmentKind::Output, static_cast<size_t>(p.mLen * k * 4));
  bench.memory[in] = image;
  for (int64_t i = 0; i < k; ++i)
    element == 1 ? bench.set<int8_t>(unit, static_cast<size_t>(i * k + i), 1)
                 : bench.set<uint16_t>(unit, static_cast<size_t>(i * k + i), 0x3c00);
  int64_t unitAt = (bytes + 31) / 32 * 32, outAt = unitAt + (k * k * element + 31) / 32 * 32;
  bench.load(in, 0, Space::L1, 0, bytes);
  bench.load(unit, 0, Space::L1, unitAt, k * k * element);
  Fields fields = {{Field::dst, local(left ? Space::A0 : Space::B0, 0)},
                   {Field::src, local(Space::L1, 0)},
                   {Field::log2elem, element - 1},
                   {Field::h, p.h},
                   {Field::w, p.w},
                   {Field::c, p.c},
                   {Field::pix_stride, p.pixStride},
                   {Field::row_stride, p.rowStride},
                   {Field::kh, p.kh},
                   {Field::kw, p.kw},
                   {Field::sh, p.sh},
                   {Field::sw, p.sw},
                   {Field::dh, p.dh},
                   {Field::dw, p.dw},
                   {Field::pt, p.pt},
                   {Field::pl, p.pl},
                   {Field::ow, p.ow},
                   {Field::m_start, p.mStart},
                   {Field::m_len, p.mLen},
                   {Field::k_start, p.kStart},
                   {Field::k_len, p.kLen},
                   {Field::padv, padv},
                   {Field::transpose, transpose}};
  bench.add(left ? Opcode::LDA : Opcode::LDB, fields);
  bench.add(left ? Opcode::LDB : Opcode::LDA,
            Bench::tile(local(left ? Space::B0 : Space::A0, 0), local(Space::L1, unitAt), k, k, element));
  int64_t m = left ? p.mLen : k, n = left ? k : p.mLen;
  DType type = element == 1 ? DType::i8 : DType::f16;
  bench.add(Opcode::MMA, {{Field::a, local(Space::A0, 0)},
                          {Field::b, local(Space::B0, 0)},
                          {Field::c, local(Space::C0, 0)},
                          {Field::m, m},
                          {Field::n, n},
                          {Field::k, k},
                          {Field::adt, code(type)},
                          {Field::bdt, code(type)}});
  DType acc = element == 1 ? DType::i32 : DType::f32;
  bench.add(Opcode::FXOUT, {{Field::c, local(Space::C0, 0)},
                            {Field::dst, local(Space::L1, outAt)},
                            {Field::m, m},
                            {Field::n, n},
                            {Field::dst_stride, n * 4},
                            {Field::acc, code(acc)},
                            {Field::out, code(acc)}});
  bench.store(Space::L1, outAt, out, 0, m * n * 4);
  bench.runWell();
  std::vector<int32_t> tile(static_cast<size_t>(p.mLen * k));
  for (int64_t i = 0; i < p.mLen; ++i)
    for (int64_t j = 0; j < k; ++j) {
      size_t at = static_cast<size_t>(left ? i * k + j : j * p.mLen + i);
      tile[static_cast<size_t>(i * k + j)] =
          element == 1 ? bench.at<int32_t>(out, at) : static_cast<int32_t>(bench.at<float>(out, at));
    }
  return tile;
}

TEST(Gather, ImageToColumns) {
  const Window windows[] = {
      {1, 20, 12, 12, 0, 1, 1, 1, 1, 1, 1, 0, 0, 20, 0, 20, 0, 12}, // a matrix
      {1, 20, 12, 12, 0, 1, 1, 1, 1, 1, 1, 0, 0, 20, 3, 7, 5, 6},   // a part of it
      {9, 9, 4, 4, 36, 3, 3, 1, 1, 1, 1, 1, 1, 9, 0, 81, 0, 36},    // 3 x 3 with padding
      {9, 9, 4, 4, 36, 3, 3, 1, 1, 1, 1, 1, 1, 9, 7, 30, 5, 20},    // cut anywhere
      {9, 11, 3, 5, 60, 3, 2, 2, 3, 2, 2, 2, 1, 4, 1, 13, 2, 14},   // strides, dilation, gaps between pixels
      {4, 4, 2, 2, 8, 5, 5, 1, 1, 1, 1, 4, 4, 8, 0, 64, 0, 50},     // mostly padding
      {6, 6, 2, 2, 12, 2, 2, 1, 1, 1, 1, -2, -1, 4, 0, 12, 0, 8},   // cropped
      {5, 7, 1, 1, 7, 2, 3, 1, 2, 1, 1, 0, 1, 4, 0, 16, 1, 4}};
  std::mt19937 random(5);
  for (const Window &p : windows)
    for (unsigned element : {1u, 2u})
      for (bool left : {true, false}) {
        size_t count = static_cast<size_t>(std::max(p.h * p.rowStride, p.w * p.pixStride) + 8);
        std::vector<uint8_t> image(count * element);
        std::vector<int> values(count);
        for (size_t i = 0; i < count; ++i) {
          values[i] = static_cast<int>(random() % 200) - 100;
          if (element == 1)
            image[i] = static_cast<uint8_t>(values[i]);
          else
            putElement(&image[2 * i], DType::f16, values[i]);
        }
        std::vector<int32_t> tile = gathered(p, left, false, element == 1 ? 0xf9 : 0xc700, image, element);
        for (int64_t m = 0; m < p.mLen; ++m)
          for (int64_t k = 0; k < p.kLen; ++k) {
            int64_t pixel = p.mStart + m, q = p.kStart + k;
            int64_t y = pixel / p.ow * p.sh - p.pt + q / p.c / p.kw * p.dh;
            int64_t x = pixel % p.ow * p.sw - p.pl + q / p.c % p.kw * p.dw;
            bool inside = y >= 0 && y < p.h && x >= 0 && x < p.w;
            int expected = inside ? values[static_cast<size_t>(y * p.rowStride + x * p.pixStride + q % p.c)] : -7;
            ASSERT_EQ(tile[static_cast<size_t>(m * p.kLen + k)], expected)
                << m << ' ' << k << " window " << &p - windows;
          }
      }
}

TEST(Gather, Transposed) {
  for (unsigned element : {1u, 2u}) {
    Window p = {1, 1, 1, 1, 40, 1, 1, 1, 1, 1, 1, 0, 0, 1, 3, 33, 2, 17};
    std::vector<uint8_t> image(40 * 20 * element);
    for (size_t i = 0; i < 800; ++i)
      element == 1 ? void(image[i] = static_cast<uint8_t>(i * 7)) : putElement(&image[2 * i], DType::f16, double(i));
    std::vector<int32_t> tile = gathered(p, true, true, 0, image, element);
    for (size_t m = 0; m < 33; ++m)
      for (size_t k = 0; k < 17; ++k) {
        size_t at = (k + 2) * 40 + m + 3;
        ASSERT_EQ(tile[m * 17 + k], element == 1 ? static_cast<int8_t>(at * 7) : static_cast<int32_t>(at));
      }
  }
}

TEST(Dma, FourDimensionsEachWay) {
  // DRAM to L1, L1 to VB, VB to L1 and to DRAM, with strides that differ everywhere.
  Bench bench;
  unsigned in = bench.segment(SegmentKind::Input, 40000), out = bench.segment(SegmentKind::Output, 40000);
  bench.randomize(in, 3);
  auto box = [](int64_t src, int64_t dst, int64_t s1, int64_t s2, int64_t s3, int64_t d1, int64_t d2, int64_t d3) {
    return Fields{{Field::src, src}, {Field::dst, dst}, {Field::log2elem, 1}, {Field::n0, 3},   {Field::n1, 4},
                  {Field::n2, 2},    {Field::n3, 5},    {Field::ss1, s1},     {Field::ss2, s2}, {Field::ss3, s3},
                  {Field::ds1, d1},  {Field::ds2, d2},  {Field::ds3, d3}};
  };
  bench.add(Opcode::LD, box(global(in, 5003), local(Space::L1, 8192), 10, -1001, 997, 8, 32, 64));
  bench.add(Opcode::CP, box(local(Space::L1, 8192), local(Space::VB, 0), 8, 32, 64, 6, 24, 48));
  bench.add(Opcode::CP, box(local(Space::VB, 0), local(Space::L1, 0), 6, 24, 48, 100, 400, 800));
  bench.add(Opcode::ST, box(local(Space::L1, 0), global(out, 20000), 100, 400, 800, -6, -24, -48));
  bench.runWell();
  size_t at = 20000;
  for (int64_t i = 0; i < 5; ++i)
    for (int64_t j = 0; j < 2; ++j)
      for (int64_t k = 0; k < 4; ++k, at -= 6)
        for (int64_t b = 0; b < 6; ++b)
          ASSERT_EQ(bench.memory[out][at + static_cast<size_t>(b)],
                    bench.memory[in][static_cast<size_t>(5003 + i * 997 - j * 1001 + k * 10 + b)]);
}

TEST(Dma, FillsEveryWidth) {
  for (unsigned log2 = 0; log2 <= 2; ++log2)
    for (Engine engine : {Engine::MV, Engine::VX}) {
      Bench bench;
      unsigned in = bench.segment(SegmentKind::Input, 4096), out = bench.segment(SegmentKind::Output, 4096);
      bench.randomize(in, 9);
      Space space = engine == Engine::MV ? Space::L1 : Space::VB;
      bench.load(in, 0, space, 0, 4096);
      bench.addOn(engine, Opcode::FILL,
                  {{Field::dst, local(space, 32)},
                   {Field::log2elem, log2},
                   {Field::n0, 5},
                   {Field::n1, 3},
                   {Field::n2, 2},
                   {Field::ds1, 40},
                   {Field::ds2, 1000},
                   {Field::value, 0x12345678}});
      bench.store(space, 0, out, 0, 4096);
      bench.runWell();
      std::vector<uint8_t> expected = bench.memory[in];
      const uint8_t value[] = {0x78, 0x56, 0x34, 0x12};
      for (size_t j = 0; j < 2; ++j)
        for (size_t i = 0; i < 3; ++i)
          for (size_t b = 0; b < (5u << log2); ++b)
            expected[32 + j * 1000 + i * 40 + b] = value[b % (1u << log2)];
      EXPECT_EQ(bench.memory[out], expected);
    }
}

TEST(Matrix, FloatsSumByTreeThenInOrder) {
  for (unsigned machineK : {1u, 4u, 7u, 16u, 32u})
    for (DType type : {DType::f16, DType::bf16}) {
      Bench bench;
      bench.machine.mx.kF16 = machineK;
      const size_t m = 5, n = 11, k = 45;
      unsigned a = bench.segment(SegmentKind::Input, m * k * 2), b = bench.segment(SegmentKind::Input, n * k * 2),
               out = bench.segment(SegmentKind::Output, m * n * 4);
      std::mt19937 random(machineK);
      fillRandom(bench.memory[a].data(), m * k, type, random), fillRandom(bench.memory[b].data(), n * k, type, random);
      bench.load(a, 0, Space::L1, 0, m * k * 2);
      bench.load(b, 0, Space::L1, 4096, n * k * 2);
      bench.add(Opcode::LDA, Bench::tile(local(Space::A0, 0), local(Space::L1, 0), m, k, 2));
      bench.add(Opcode::LDB, Bench::tile(local(Space::B0, 0), local(Space::L1, 4096), n, k, 2));
      Fields mma = {{Field::a, local(Space::A0, 0)},
                    {Field::b, local(Space::B0, 0)},
                    {Field::c, local(Space::C0, 0)},
                    {Field::m, m},
                    {Field::n, n},
                    {Field::k, k},
                    {Field::adt, code(type)},
                    {Field::bdt, code(type)}};
      bench.add(Opcode::MMA, mma);
      bench.add(Opcode::MMA, (mma.push_back({Field::init, 1}), mma));
      bench.add(Opcode::FXOUT, {{Field::c, local(Space::C0, 0)},
                                {Field::dst, local(Space::L1, 8192)},
                                {Field::m, m},
                                {Field::n, n},
                                {Field::dst_stride, n * 4},
                                {Field::acc, code(DType::f32)},
                                {Field::out, code(DType::f32)}});
      bench.store(Space::L1, 8192, out, 0, m * n * 4);
      bench.runWell();
      for (size_t i = 0; i < m; ++i)
        for (size_t j = 0; j < n; ++j) {
          float sum = 0;
          for (int pass = 0; pass < 2; ++pass)
            for (size_t k0 = 0; k0 < k; k0 += machineK) {
              std::vector<float> tree(1);
              while (tree.size() < machineK)
                tree.resize(tree.size() * 2);
              for (size_t q = k0; q < std::min<size_t>(k, k0 + machineK); ++q)
                tree[q - k0] = static_cast<float>(element(&bench.memory[a][(i * k + q) * 2], type)) *
                               static_cast<float>(element(&bench.memory[b][(j * k + q) * 2], type));
              while (tree.size() > 1) {
                std::vector<float> half;
                for (size_t q = 0; q < tree.size(); q += 2)
                  half.push_back(tree[q] + tree[q + 1]);
                tree = half;
              }
              sum += tree[0];
            }
          ASSERT_EQ(bench.at<float>(out, i * n + j), sum) << i << ' ' << j << " K " << machineK;
        }
    }
}

} // namespace
