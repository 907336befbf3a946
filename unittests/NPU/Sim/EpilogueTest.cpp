//===- EpilogueTest.cpp - FXOUT and the windows against plain loops ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Reference.h"

using namespace simtest;

namespace {

bool isByte(DType type) { return type == DType::i8 || type == DType::u8; }

/// Steps 3 to 5 of FXOUT's description on one element.
struct Steps {
  DType out;
  int zp = 0, outZp = 0, resZp = 0;
  Act act = Act::none;
  uint16_t lo = 0, hi = 0;
  Residual res = Residual::none;
  float main = 1, side = 1;

  void put(uint8_t *to, float s, double residual, const uint8_t *lut) const {
    if (isByte(out)) {
      auto round = [](float x) { return std::isnan(x) ? 0.0 : roundBy(x, Round::rint); };
      double t = saturate(round(s) + zp, out);
      if (res != Residual::none) {
        volatile float left = static_cast<float>(t - zp) * main, right = static_cast<float>(residual - resZp) * side;
        volatile float u = left + right;
        t = saturate(round(u) + outZp, out);
      }
      if (act == Act::clip)
        t = std::min(std::max(t, double(int16_t(lo))), double(int16_t(hi)));
      uint8_t byte = static_cast<uint8_t>(static_cast<int>(t));
      *to = act == Act::lut ? lut[byte] : byte;
      return;
    }
    if (res != Residual::none)
      s = s + static_cast<float>(residual);
    if (act == Act::clip) {
      float low = static_cast<float>(decodeSmall(lo, out == DType::bf16)),
            high = static_cast<float>(decodeSmall(hi, out == DType::bf16));
      s = std::isnan(s) ? s : std::min(std::max(s, low), high);
    }
    putElement(to, out, s);
  }
  Fields fields() const {
    return {{Field::zp, zp}, {Field::act, static_cast<int64_t>(act)}, {Field::lo, lo}, {Field::hi, hi}};
  }
};

/// Accumulators come from an MMA with k = 1 or, for large values, from the product of two tables.
TEST(Fixpipe, EveryCombination) {
  const int64_t m = 6, n = 21, k = 3;
  std::mt19937 random(17);
  int cases = 0;
  for (DType acc : {DType::i32, DType::f32})
    for (DType out : {DType::i8, DType::u8, DType::f16, DType::bf16, DType::f32})
      for (QMode qmode : {QMode::none, QMode::scalar, QMode::table})
        for (Act act : {Act::none, Act::clip, Act::lut})
          for (Residual res : {Residual::none, Residual::i8, Residual::u8, Residual::f16, Residual::bf16}) {
            bool byteResidual = res == Residual::i8 || res == Residual::u8;
            if ((act == Act::lut && !isByte(out)) || (res != Residual::none && byteResidual != isByte(out)))
              continue;
            ++cases;
            DType in = acc == DType::i32 ? DType::i8 : DType::f16, resType = res == Residual::i8    ? DType::i8
                                                                             : res == Residual::u8  ? DType::u8
                                                                             : res == Residual::f16 ? DType::f16
                                                                                                    : DType::bf16;
            int64_t inBytes = bytesOf(in), outBytes = bytesOf(out), resBytes = bytesOf(resType);
            Bench bench;
            unsigned data = bench.segment(SegmentKind::Input, 16384), result = bench.segment(SegmentKind::Output, 4096);
            const int64_t aAt = 0, bAt = 1024, tableAt = 2048, lutAt = 4096, resAt = 8192, outAt = 16384;
            auto *bytes = bench.memory[data].data();
            bench.randomize(data, static_cast<uint32_t>(random()));
            fillRandom(bytes + aAt, static_cast<size_t>(m * k), in, random);
            fillRandom(bytes + bAt, static_cast<size_t>(n * k), in, random);
            for (int64_t j = 0; j < n; ++j) {
              float scale = std::ldexp(1.0f + static_cast<float>(random() % 1000) / 1000, acc == DType::i32 ? -8 : -11);
              int32_t bias = static_cast<int32_t>(random() % 2000) - 1000;
              float biasF = static_cast<float>(bias);
              std::memcpy(bytes + tableAt + 8 * j, &scale, 4);
              std::memcpy(bytes + tableAt + 8 * j + 4, acc == DType::i32 ? static_cast<void *>(&bias) : &biasF, 4);
            }
            int64_t resStride = n * resBytes + 6, dstStride = (n + 4) * outBytes;
            fillRandom(bytes + resAt, static_cast<size_t>(m * resStride / resBytes), resType, random);
            Steps steps;
            steps.out = out, steps.act = act, steps.res = res;
            steps.zp = isByte(out) ? static_cast<int>(random() % 40) - 20 : 0;
            steps.resZp = 5, steps.outZp = -3, steps.main = 0.7f, steps.side = 0.45f;
            steps.lo = isByte(out) ? static_cast<uint16_t>(-40) : encodeSmall(-1.5, out == DType::bf16);
            steps.hi = isByte(out) ? 60 : encodeSmall(40, out == DType::bf16);
            const float scalar = acc == DType::i32 ? 0.0041f : 0.0007f;
            bench.load(data, 0, Space::L1, 0, 16384);
            bench.add(Opcode::LDA,
                      Bench::tile(local(Space::A0, 0), local(Space::L1, aAt), m, k, static_cast<unsigned>(inBytes)));
            bench.add(Opcode::LDB,
                      Bench::tile(local(Space::B0, 0), local(Space::L1, bAt), n, k, static_cast<unsigned>(inBytes)));
            bench.add(Opcode::MMA, {{Field::a, local(Space::A0, 0)},
                                    {Field::b, local(Space::B0, 0)},
                                    {Field::c, local(Space::C0, 0)},
                                    {Field::m, m},
                                    {Field::n, n},
                                    {Field::k, k},
                                    {Field::adt, code(in)},
                                    {Field::bdt, code(in)}});
            Fields fields = {{Field::c, local(Space::C0, 0)},
                             {Field::dst, local(Space::VB, 0)},
                             {Field::m, m},
                             {Field::n, n},
                             {Field::dst_stride, dstStride},
                             {Field::acc, code(acc)},
                             {Field::out, code(out)},
                             {Field::qmode, static_cast<int64_t>(qmode)},
                             {Field::scale, f32Bits(scalar)},
                             {Field::res, static_cast<int64_t>(res)},
                             {Field::res_stride, resStride},
                             {Field::res_zp, 5},
                             {Field::scale_main, f32Bits(0.7f)},
                             {Field::scale_res, f32Bits(0.45f)},
                             {Field::out_zp, -3}};
            for (auto field : steps.fields())
              fields.push_back(field);
            if (qmode == QMode::table)
              fields.push_back({Field::table, local(Space::L1, tableAt)});
            if (act == Act::lut)
              fields.push_back({Field::lut, local(Space::L1, lutAt)});
            if (res != Residual::none)
              fields.push_back({Field::res_src, local(Space::L1, resAt)});
            bench.add(Opcode::FXOUT, fields);
            bench.add(Opcode::ST, {{Field::src, local(Space::VB, 0)},
                                   {Field::dst, global(result, 0)},
                                   {Field::n0, n * outBytes},
                                   {Field::n1, m},
                                   {Field::n2, 1},
                                   {Field::n3, 1},
                                   {Field::ss1, dstStride},
                                   {Field::ds1, n * outBytes}});
            (void)outAt;
            bench.runWell();
            for (int64_t i = 0; i < m; ++i)
              for (int64_t j = 0; j < n; ++j) {
                float s, scale;
                std::memcpy(&scale, bytes + tableAt + 8 * j, 4);
                scale = qmode == QMode::table ? scale : qmode == QMode::scalar ? scalar : 1.0f;
                if (acc == DType::i32) {
                  int64_t sum = 0;
                  for (int64_t q = 0; q < k; ++q)
                    sum += static_cast<int8_t>(bytes[aAt + i * k + q]) * static_cast<int8_t>(bytes[bAt + j * k + q]);
                  int32_t bias;
                  std::memcpy(&bias, bytes + tableAt + 8 * j + 4, 4);
                  s = static_cast<float>(static_cast<int32_t>(sum + (qmode == QMode::table ? bias : 0))) * scale;
                } else {
                  float p[4] = {};
                  for (int64_t q = 0; q < k; ++q)
                    p[q] = static_cast<float>(element(bytes + aAt + (i * k + q) * 2, in)) *
                           static_cast<float>(element(bytes + bAt + (j * k + q) * 2, in));
                  volatile float sum = (p[0] + p[1]) + (p[2] + p[3]);
                  float bias;
                  std::memcpy(&bias, bytes + tableAt + 8 * j + 4, 4);
                  volatile float v = qmode == QMode::table ? sum + bias : sum;
                  s = v * scale;
                }
                uint8_t expected[4] = {};
                steps.put(expected, s, element(bytes + resAt + i * resStride + j * resBytes, resType), bytes + lutAt);
                ASSERT_EQ(std::memcmp(&bench.memory[result][static_cast<size_t>((i * n + j) * outBytes)], expected,
                                      static_cast<size_t>(outBytes)),
                          0)
                    << nameOf(acc) << " to " << nameOf(out) << " qmode " << int(qmode) << " act " << int(act) << " res "
                    << int(res) << " at " << i << ' ' << j;
              }
          }
  EXPECT_EQ(cases, 216);
}

TEST(Fixpipe, RoundsHalfToEvenAndSaturates) {
  // Accumulators -3..3 with scale 1/2, and far outside.
  Bench bench;
  unsigned in = bench.segment(SegmentKind::Input, 64), out = bench.segment(SegmentKind::Output, 32);
  for (int i = 0; i < 8; ++i)
    bench.set<int8_t>(in, static_cast<size_t>(i), static_cast<int8_t>(i == 7 ? 127 : i - 3));
  bench.set<int8_t>(in, 32, 1);
  bench.load(in, 0, Space::L1, 0, 64);
  bench.add(Opcode::LDA, Bench::tile(local(Space::A0, 0), local(Space::L1, 32), 1, 1, 1));
  bench.add(Opcode::LDB, Bench::tile(local(Space::B0, 0), local(Space::L1, 0), 8, 1, 1));
  bench.add(Opcode::MMA, {{Field::a, local(Space::A0, 0)},
                          {Field::b, local(Space::B0, 0)},
                          {Field::c, local(Space::C0, 0)},
                          {Field::m, 1},
                          {Field::n, 8},
                          {Field::k, 1}});
  bench.add(Opcode::FXOUT, {{Field::c, local(Space::C0, 0)},
                            {Field::dst, local(Space::VB, 0)},
                            {Field::m, 1},
                            {Field::n, 8},
                            {Field::dst_stride, 8},
                            {Field::acc, code(DType::i32)},
                            {Field::out, code(DType::i8)},
                            {Field::qmode, static_cast<int64_t>(QMode::scalar)},
                            {Field::scale, f32Bits(0.5f)},
                            {Field::zp, 100}});
  bench.store(Space::VB, 0, out, 0, 8);
  bench.runWell();
  const int expected[] = {98, 99, 100, 100, 100, 101, 102, 127};
  for (size_t i = 0; i < 8; ++i)
    EXPECT_EQ(int(bench.at<int8_t>(out, i)), expected[i]) << i;
}

struct WindowCase {
  int64_t h, w, c, kh, kw, sh, sw, dh, dw, pt, pl, oh, ow;
};
const WindowCase kWindows[] = {{7, 9, 5, 3, 3, 1, 1, 1, 1, 1, 1, 7, 9},
                               {8, 8, 16, 2, 2, 2, 2, 1, 1, 0, 0, 4, 4},
                               {10, 9, 3, 3, 2, 2, 1, 2, 3, 2, 1, 5, 7},
                               {3, 3, 4, 5, 5, 1, 1, 1, 1, 4, 4, 6, 6}};

void runWindow(Opcode opcode, const WindowCase &p, DType sdt, DType wdt, DType ddt, QMode qmode, Act act,
               bool includePad, uint32_t seed) {
  Bench bench;
  unsigned in = bench.segment(SegmentKind::Input, 32768), out = bench.segment(SegmentKind::Output, 32768);
  std::mt19937 random(seed);
  auto *bytes = bench.memory[in].data();
  const int64_t wgtAt = 12288, tableAt = 20480, outAt = 32768;
  const bool floats = isFloatType(sdt), depthwise = opcode == Opcode::DWMAC;
  const int64_t sBytes = bytesOf(sdt), wBytes = bytesOf(wdt), oBytes = bytesOf(ddt);
  fillRandom(bytes, static_cast<size_t>(12288 / sBytes), sdt, random);
  fillRandom(bytes + wgtAt, static_cast<size_t>(8192 / wBytes), wdt, random);
  for (int64_t j = 0; j < p.c; ++j) {
    float scale = std::ldexp(1.0f + static_cast<float>(random() % 1000) / 1000, floats ? -9 : -11);
    int32_t bias = static_cast<int32_t>(random() % 2000) - 1000;
    float biasF = static_cast<float>(bias);
    std::memcpy(bytes + tableAt + 8 * j, &scale, 4);
    std::memcpy(bytes + tableAt + 8 * j + 4, floats ? static_cast<void *>(&biasF) : &bias, 4);
  }
  const int azp = floats ? 0 : 3, wzp = floats ? 0 : -2;
  const int64_t pix = p.c + 1, row = p.w * pix + 3, dstPix = p.c + 2, dstRow = p.ow * dstPix + 1;
  Steps steps;
  steps.out = ddt, steps.act = act, steps.zp = isByte(ddt) ? 4 : 0;
  steps.lo = isByte(ddt) ? static_cast<uint16_t>(-20) : encodeSmall(-2, ddt == DType::bf16);
  steps.hi = isByte(ddt) ? 90 : encodeSmall(50, ddt == DType::bf16);
  const float scalar = 0.013f;
  Fields fields = {{Field::dst, local(Space::VB, outAt)},
                   {Field::src, local(Space::VB, 0)},
                   {Field::sdt, code(sdt)},
                   {Field::wdt, code(wdt)},
                   {Field::ddt, code(ddt)},
                   {Field::h, p.h},
                   {Field::w, p.w},
                   {Field::c, p.c},
                   {Field::pix_stride, pix},
                   {Field::row_stride, row},
                   {Field::kh, p.kh},
                   {Field::kw, p.kw},
                   {Field::sh, p.sh},
                   {Field::sw, p.sw},
                   {Field::dh, p.dh},
                   {Field::dw, p.dw},
                   {Field::pt, p.pt},
                   {Field::pl, p.pl},
                   {Field::oh, p.oh},
                   {Field::ow, p.ow},
                   {Field::dst_pix_stride, dstPix},
                   {Field::dst_row_stride, dstRow},
                   {Field::qmode, static_cast<int64_t>(qmode)},
                   {Field::scale, f32Bits(scalar)},
                   {Field::azp, azp},
                   {Field::wzp, wzp},
                   {Field::include_pad, includePad}};
  for (auto field : steps.fields())
    fields.push_back(field);
  if (depthwise)
    fields.push_back({Field::wgt, local(Space::VB, wgtAt)});
  if (qmode == QMode::table)
    fields.push_back({Field::table, local(Space::VB, tableAt)});
  bench.load(in, 0, Space::VB, 0, 32768);
  bench.addOn(Engine::VX, Opcode::FILL,
              {{Field::dst, local(Space::VB, outAt)},
               {Field::n0, 32768},
               {Field::n1, 1},
               {Field::n2, 1},
               {Field::value, 0xee}});
  bench.add(opcode, fields);
  bench.store(Space::VB, outAt, out, 0, 32768);
  bench.runWell();
  std::vector<uint8_t> expected(32768, 0xee);
  for (int64_t y = 0; y < p.oh; ++y)
    for (int64_t x = 0; x < p.ow; ++x)
      for (int64_t ch = 0; ch < p.c; ++ch) {
        int64_t sum = 0, count = 0;
        float sumF = 0;
        double best = floats ? -INFINITY : sdt == DType::i8 ? -128 : 0;
        for (int64_t kh = 0; kh < p.kh; ++kh)
          for (int64_t kw = 0; kw < p.kw; ++kw) {
            int64_t iy = y * p.sh - p.pt + kh * p.dh, ix = x * p.sw - p.pl + kw * p.dw;
            if (iy < 0 || iy >= p.h || ix < 0 || ix >= p.w)
              continue;
            double value = element(bytes + (iy * row + ix * pix + ch) * sBytes, sdt);
            double weight = depthwise ? element(bytes + wgtAt + ((kh * p.kw + kw) * p.c + ch) * wBytes, wdt) : 1;
            ++count, best = std::max(best, value);
            if (floats) {
              volatile float product = static_cast<float>(value) * static_cast<float>(weight);
              sumF = sumF + product;
            } else {
              sum += static_cast<int64_t>(value - azp) * static_cast<int64_t>(depthwise ? weight - wzp : 1);
            }
          }
        uint8_t *to = &expected[static_cast<size_t>((y * dstRow + x * dstPix + ch) * oBytes)];
        if (opcode == Opcode::POOLMAX) {
          steps.zp = 0;
          steps.put(to, static_cast<float>(best), 0, nullptr);
          continue;
        }
        float s;
        if (depthwise) {
          float scale;
          int32_t bias;
          float biasF;
          std::memcpy(&scale, bytes + tableAt + 8 * ch, 4);
          std::memcpy(&bias, bytes + tableAt + 8 * ch + 4, 4), std::memcpy(&biasF, &bias, 4);
          bool table = qmode == QMode::table;
          scale = table ? scale : qmode == QMode::scalar ? scalar : 1.0f;
          volatile float v = floats ? (table ? sumF + biasF : sumF)
                                    : static_cast<float>(static_cast<int32_t>(sum + (table ? bias : 0)));
          s = v * scale;
        } else {
          int64_t divisor = includePad ? p.kh * p.kw : count;
          volatile float v =
              divisor == 0 ? 0.0f : (floats ? sumF : static_cast<float>(sum)) / static_cast<float>(divisor);
          s = qmode == QMode::scalar ? v * scalar : v;
        }
        steps.put(to, s, 0, nullptr);
      }
  for (size_t i = 0; i < expected.size(); ++i)
    ASSERT_EQ(int(bench.memory[out][i]), int(expected[i]))
        << infoOf(opcode).mnemonic << ' ' << nameOf(sdt) << " to " << nameOf(ddt) << " byte " << i;
}

TEST(Windows, DepthwisePoolMaxPoolAverage) {
  uint32_t seed = 0;
  for (const WindowCase &window : kWindows)
    for (Act act : {Act::none, Act::clip}) {
      for (auto [s, w, d] : {std::tuple(DType::i8, DType::i8, DType::i8),
                             {DType::u8, DType::i8, DType::u8},
                             {DType::i8, DType::i8, DType::f16},
                             {DType::f16, DType::f16, DType::f16},
                             {DType::bf16, DType::f32, DType::f32},
                             {DType::f32, DType::f32, DType::i8}})
        for (QMode qmode : {QMode::none, QMode::scalar, QMode::table})
          runWindow(Opcode::DWMAC, window, s, w, d, qmode, act, false, ++seed);
      for (DType type : {DType::i8, DType::u8, DType::f16, DType::bf16, DType::f32})
        runWindow(Opcode::POOLMAX, window, type, type, type, QMode::none, act, false, ++seed);
      for (auto [s, d] :
           {std::pair(DType::i8, DType::i8), {DType::u8, DType::u8}, {DType::f16, DType::f16}, {DType::i8, DType::f32}})
        for (bool includePad : {false, true})
          runWindow(Opcode::POOLAVG, window, s, s, d, includePad ? QMode::scalar : QMode::none, act, includePad,
                    ++seed);
      if (testing::Test::HasFailure())
        return;
    }
}

} // namespace
