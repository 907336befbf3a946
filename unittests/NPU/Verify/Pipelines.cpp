// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Pipelines.h"

#include <algorithm>

namespace aic::npu::test {

Program doubleBuffer(bool withFree, int64_t trips, int64_t slots) {
  Builder b;
  b.segment(SegmentKind::Input, trips * 1024);
  b.sem("full", Engine::LD, Engine::MV);
  if (withFree)
    b.sem("free", Engine::MV, Engine::LD, static_cast<unsigned>(slots));
  b.loop(trips, 1, 1024, slots, 2, 1024, 0);
  b.ld(in(0, 0, 2), at(Space::L1, 0, 1), 1024, withFree ? "free" : "", "full");
  b.gather(Opcode::LDA, at(Space::L1, 0, 1), at(Space::A0, 0), 16, 64, "full", withFree ? "free" : "");
  return b.endloop().halt();
}

Program gemm(int64_t mTiles, int64_t nTiles, int64_t kTiles) {
  // Tiles: 32 x 64 of A, 32 x 64 of B (its rows are the product's columns), 32 x 32 of C.
  constexpr int64_t kTile = 32 * 64, kAcc = 32 * 32 * 4, kOut = 32 * 32;
  Builder b;
  b.segment(SegmentKind::Input, mTiles * kTiles * kTile).segment(SegmentKind::Const, nTiles * kTiles * kTile);
  b.segment(SegmentKind::Output, mTiles * nTiles * kOut);
  b.sem("a_full", Engine::LD, Engine::MV).sem("a_free", Engine::MV, Engine::LD, 2);
  b.sem("b_full", Engine::LD, Engine::MV).sem("b_free", Engine::MV, Engine::LD, 2);
  b.sem("ab_full", Engine::MV, Engine::MX).sem("ab_free", Engine::MX, Engine::MV, 2);
  b.sem("c_full", Engine::MX, Engine::FX).sem("c_free", Engine::FX, Engine::MX, 2);
  b.sem("y_full", Engine::FX, Engine::ST).sem("y_free", Engine::ST, Engine::FX, 2);
  int64_t step = 0, tile = 0;
  for (int64_t m = 0; m < mTiles; ++m)
    for (int64_t n = 0; n < nTiles; ++n, ++tile) {
      int64_t c = tile % 2 * kAcc, y = tile % 2 * kOut;
      for (int64_t k = 0; k < kTiles; ++k, ++step) {
        int64_t slot = step % 2 * kTile;
        b.ld(in(0, (m * kTiles + k) * kTile), at(Space::L1, slot), kTile, "a_free", "a_full");
        b.ld(in(1, (n * kTiles + k) * kTile), at(Space::L1, 8192 + slot), kTile, "b_free", "b_full");
        b.on(Opcode::SWAIT, Engine::MV, "ab_free");
        b.gather(Opcode::LDA, at(Space::L1, slot), at(Space::A0, slot), 32, 64, "a_full", "a_free");
        b.gather(Opcode::LDB, at(Space::L1, 8192 + slot), at(Space::B0, slot), 32, 64, "b_full", "b_free");
        b.on(Opcode::SSIG, Engine::MV, "", "ab_full");
        if (k == 0)
          b.on(Opcode::SWAIT, Engine::MX, "c_free");
        b.mma(at(Space::A0, slot), at(Space::B0, slot), at(Space::C0, c), 32, 32, 64, k > 0, "ab_full", "ab_free");
      }
      b.on(Opcode::SSIG, Engine::MX, "", "c_full");
      b.on(Opcode::SWAIT, Engine::FX, "y_free");
      b.fxout(at(Space::C0, c), at(Space::VB, y), 32, 32, 32, "c_full", "c_free");
      b.on(Opcode::SSIG, Engine::FX, "", "y_full");
      // Row-major [m, n]: tiles of one row of tiles interleave.
      b.st(at(Space::VB, y), in(2, m * 32 * nTiles * 32 + n * 32), 32, "y_full", "y_free",
           {{Field::n1, 32}, {Field::ss1, 32}, {Field::ds1, nTiles * 32}});
    }
  return b.halt();
}

Program convChain(int64_t rows, int64_t channelTiles) {
  // 3x3 over `channels` to channelTiles * 32, then 1x1 to 8. A0 holds three taps' rows side by side: not a
  // convolution's numbers, but its traffic.
  constexpr int64_t width = 16, channels = 32, slots = 6, rowBytes = width * channels;
  constexpr int64_t weights = 65536, weightTile = 32 * 9 * channels, mid = 262144, cSlot = width * 32 * 4;
  int64_t outChannels = channelTiles * 32;
  Builder b;
  b.segment(SegmentKind::Input, rows * rowBytes).segment(SegmentKind::Const, weightTile * channelTiles);
  b.segment(SegmentKind::Output, rows * width * 8);
  b.sem("row_full", Engine::LD, Engine::MV).sem("row_free", Engine::MV, Engine::LD, slots);
  b.sem("w_full", Engine::LD, Engine::MV);
  b.sem("ab_full", Engine::MV, Engine::MX).sem("ab_free", Engine::MX, Engine::MV, 1);
  b.sem("c_full", Engine::MX, Engine::FX).sem("c_free", Engine::FX, Engine::MX, 2);
  b.sem("mid_full", Engine::FX, Engine::MV).sem("mid_free", Engine::MV, Engine::FX, 2);
  b.sem("y_full", Engine::FX, Engine::ST).sem("y_free", Engine::ST, Engine::FX, 1);
  b.ld(in(1, 0), at(Space::L1, weights), 32 * 9 * channels, "", "w_full",
       {{Field::n1, channelTiles}, {Field::ss1, weightTile}, {Field::ds1, weightTile}});
  int64_t loaded = 0, tile = 0;
  auto load = [&] {
    b.ld(in(0, loaded * rowBytes), at(Space::L1, loaded % slots * rowBytes), rowBytes, "row_free", "row_full");
    b.on(Opcode::SWAIT, Engine::MV, "row_full");
    ++loaded;
  };
  auto product = [&](int64_t n, int64_t k, uint64_t dst, int64_t stride, const std::string &signal) {
    int64_t c = tile++ % 2 * cSlot;
    b.on(Opcode::SWAIT, Engine::MX, "c_free");
    b.mma(at(Space::A0, 0), at(Space::B0, 0), at(Space::C0, c), width, n, k, false, "ab_full", "ab_free");
    b.on(Opcode::SSIG, Engine::MX, "", "c_full");
    b.fxout(at(Space::C0, c), dst, width, n, stride, "c_full", "c_free");
    if (!signal.empty())
      b.on(Opcode::SSIG, Engine::FX, "", signal);
  };
  b.on(Opcode::SWAIT, Engine::MV, "w_full");
  load();
  for (int64_t r = 0; r < rows; ++r) {
    if (loaded < rows)
      load();
    int64_t midRow = mid + r % 2 * width * outChannels;
    b.on(Opcode::SWAIT, Engine::FX, "mid_free");
    for (int64_t t = 0; t < channelTiles; ++t) {
      b.on(Opcode::SWAIT, Engine::MV, "ab_free");
      // Three rows, each a gather of its own because the slots wrap.
      for (int64_t dy = -1; dy <= 1; ++dy) {
        int64_t row = std::min(std::max<int64_t>(r + dy, 0), rows - 1);
        b.gather(Opcode::LDA, at(Space::L1, row % slots * rowBytes), at(Space::A0, (dy + 1) * 4096), width, 96, "", "",
                 {{Field::w, width},
                  {Field::c, channels},
                  {Field::pix_stride, channels},
                  {Field::row_stride, rowBytes},
                  {Field::kw, 3},
                  {Field::pl, 1},
                  {Field::ow, width}});
      }
      b.gather(Opcode::LDB, at(Space::L1, weights + t * weightTile), at(Space::B0, 0), 32, 288, "", "ab_full");
      // Channel tiles interleave within the rows of the result.
      product(32, 96, at(Space::L1, midRow + t * 32), outChannels, t + 1 == channelTiles ? "mid_full" : "");
    }
    if (r >= 1) // the row above is read no more
      b.on(Opcode::SSIG, Engine::MV, "", "row_free");
    b.on(Opcode::SWAIT, Engine::MV, "ab_free");
    b.gather(Opcode::LDA, at(Space::L1, midRow), at(Space::A0, 0), width, outChannels, "mid_full", "mid_free");
    b.gather(Opcode::LDB, at(Space::L1, weights), at(Space::B0, 0), 8, outChannels, "", "ab_full");
    b.on(Opcode::SWAIT, Engine::FX, "y_free");
    product(8, outChannels, at(Space::VB, 0), 8, "y_full");
    b.st(at(Space::VB, 0), in(2, r * width * 8), width * 8, "y_full", "y_free");
  }
  b.on(Opcode::SSIG, Engine::MV, "", "row_free"); // the last row
  return b.halt();
}

Program depthwise(int64_t tiles) {
  constexpr int64_t h = 6, w = 16, c = 32, inBytes = h * w * c, outBytes = 4 * w * c;
  Builder b;
  b.segment(SegmentKind::Input, tiles * inBytes)
      .segment(SegmentKind::Const, 9 * c)
      .segment(SegmentKind::Output, tiles * outBytes);
  b.sem("w_full", Engine::LD, Engine::VX);
  b.sem("x_full", Engine::LD, Engine::VX).sem("x_free", Engine::VX, Engine::LD, 3);
  b.sem("y_full", Engine::VX, Engine::ST).sem("y_free", Engine::ST, Engine::VX, 2);
  b.ld(in(1, 0), at(Space::VB, 32768), 9 * c, "", "w_full");
  b.on(Opcode::SWAIT, Engine::VX, "w_full");
  for (int64_t t = 0; t < tiles; ++t) {
    b.ld(in(0, t * inBytes), at(Space::VB, t % 3 * inBytes), inBytes, "x_free", "x_full");
    b.on(Opcode::SWAIT, Engine::VX, "y_free");
    b.add(Opcode::DWMAC,
          {{Field::dst, at(Space::VB, 40960 + t % 2 * outBytes)},
           {Field::src, at(Space::VB, t % 3 * inBytes)},
           {Field::wgt, at(Space::VB, 32768)},
           {Field::h, h},
           {Field::w, w},
           {Field::c, c},
           {Field::pix_stride, c},
           {Field::row_stride, w * c},
           {Field::kh, 3},
           {Field::kw, 3},
           {Field::sh, 1},
           {Field::sw, 1},
           {Field::dh, 1},
           {Field::dw, 1},
           {Field::pl, 1},
           {Field::oh, 4},
           {Field::ow, w},
           {Field::dst_pix_stride, c},
           {Field::dst_row_stride, w * c}},
          "x_full", "x_free");
    b.on(Opcode::SSIG, Engine::VX, "", "y_full");
    b.st(at(Space::VB, 40960 + t % 2 * outBytes), in(2, t * outBytes), outBytes, "y_full", "y_free");
  }
  return b.halt();
}

Program randomProgram(std::mt19937 &random, int longest) {
  auto pick = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  const Engine engines[] = {Engine::LD, Engine::MV, Engine::ST};
  Builder b;
  b.segment(SegmentKind::Scratch, 1024);
  int semaphores = pick(1, 4);
  for (int i = 0; i < semaphores; ++i) {
    int from = pick(0, 2);
    b.sem("t" + std::to_string(i), engines[from], engines[pick(0, 4) ? (from + pick(1, 2)) % 3 : from],
          pick(0, 3) ? 0 : pick(1, 2));
  }
  int length = pick(3, longest);
  for (int i = 0; i < length; ++i) {
    Engine engine = engines[pick(0, 2)];
    auto token = [&](bool wait) -> std::string {
      const Semaphore &s = b.program.semaphores[pick(0, semaphores - 1)];
      return (wait ? s.consumer : s.producer) == engine && pick(0, 5) ? s.name : "";
    };
    std::string wait = token(true), signal = token(false);
    int64_t slot = pick(0, 2) * 32;
    if (engine == Engine::LD)
      b.ld(in(0, pick(0, 3) * 64), at(Space::L1, slot), pick(1, 2) * 32, wait, signal);
    else if (engine == Engine::ST)
      b.st(at(Space::L1, slot), in(0, pick(0, 3) * 64), pick(1, 2) * 32, wait, signal);
    else
      b.add(Opcode::CP,
            {{Field::src, at(Space::L1, slot)},
             {Field::dst, at(Space::L1, pick(0, 4) * 32)},
             {Field::n0, 32},
             {Field::n1, 1},
             {Field::n2, 1},
             {Field::n3, 1}},
            wait, signal);
  }
  return b.halt();
}

} // namespace aic::npu::test
