//===- Gemm.h - A double-buffered matrix product, whole or with a fault --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_UNITTESTS_NPU_SIM_GEMM_H
#define AIC_UNITTESTS_NPU_SIM_GEMM_H

#include "Build.h"

namespace simtest {

/// out[m][n] (i32) = a[m][k] * b[n][k], i8; two slots for everything. Tiles of tm rows and tk columns of a; b's rows
/// are not tiled.
struct Gemm : Bench {
  enum Sem { FreeL1, FullL1, FreeTiles, FullTiles, FreeC, FullC, FreeOut, FullOut };
  int64_t m, n, k, tm, tk;
  unsigned a, b, out;

  Gemm(Machine chip, int64_t m, int64_t n, int64_t k, int64_t tm, int64_t tk) : m(m), n(n), k(k), tm(tm), tk(tk) {
    machine = std::move(chip);
    a = segment(SegmentKind::Input, static_cast<size_t>(m * k));
    b = segment(SegmentKind::Const, static_cast<size_t>(n * k));
    out = segment(SegmentKind::Output, static_cast<size_t>(m * n * 4));
    randomize(a, 11), randomize(b, 12);
    semaphore(FreeL1, Engine::MV, Engine::LD, 2, "free");
    semaphore(FullL1, Engine::LD, Engine::MV, 0, "full");
    semaphore(FreeTiles, Engine::MX, Engine::MV, 2);
    semaphore(FullTiles, Engine::MV, Engine::MX);
    semaphore(FreeC, Engine::FX, Engine::MX, 2);
    semaphore(FullC, Engine::MX, Engine::FX);
    semaphore(FreeOut, Engine::ST, Engine::FX, 2);
    semaphore(FullOut, Engine::FX, Engine::ST);
    program.debugOps.push_back({"gemm", "MatMul", "", static_cast<uint64_t>(m * n * k), 0, 0});
    build();
  }

  static int64_t align(int64_t bytes, int64_t unit) { return (bytes + unit - 1) / unit * unit; }

  void build() {
    enum { RowAR = 1, SlotAR = 2, KAR = 3, TileAR = 4, BAR_ = 5, OutAR = 6 };
    int64_t slotA = align(tm * align(tk, 32), 512), slotB = align(n * align(tk, 32), 512);
    int64_t slot = std::max({slotA, slotB, align(tm * align(n * 4, 32), 512)});
    int64_t l1A = 0, l1B = 2 * slot, l1Out = 4 * slot;
    add(Opcode::MARK, {{Field::id, 0}});
    add(Opcode::SETA, {{Field::ar, OutAR}, {Field::value, 0}});
    add(Opcode::LOOP, {{Field::trip, m / tm},
                       {Field::ar0, RowAR},
                       {Field::inc0, tm * k},
                       {Field::ar1, SlotAR},
                       {Field::inc1, slot},
                       {Field::wrap1, 2}});
    addOn(Engine::MX, Opcode::SWAIT, {}, FreeC);
    add(Opcode::ADDA, {{Field::ar, KAR}, {Field::from, RowAR}, {Field::value, 0}});
    add(Opcode::SETA, {{Field::ar, BAR_}, {Field::value, 0}});
    add(Opcode::LOOP, {{Field::trip, k / tk},
                       {Field::ar0, KAR},
                       {Field::inc0, tk},
                       {Field::ar1, TileAR},
                       {Field::inc1, slot},
                       {Field::wrap1, 2}});
    Fields loadA = {{Field::src, global(a, 0, KAR)},
                    {Field::dst, local(Space::L1, l1A, TileAR)},
                    {Field::n0, tk},
                    {Field::n1, tm},
                    {Field::n2, 1},
                    {Field::n3, 1},
                    {Field::ss1, k},
                    {Field::ds1, tk}};
    Fields loadB = {{Field::src, global(b, 0, BAR_)},
                    {Field::dst, local(Space::L1, l1B, TileAR)},
                    {Field::n0, tk},
                    {Field::n1, n},
                    {Field::n2, 1},
                    {Field::n3, 1},
                    {Field::ss1, k},
                    {Field::ds1, tk}};
    add(Opcode::LD, loadA, FreeL1);
    add(Opcode::LD, loadB, -1, FullL1);
    addOn(Engine::MV, Opcode::SWAIT, {}, FreeTiles);
    add(Opcode::LDA, tile(local(Space::A0, 0, TileAR), local(Space::L1, l1A, TileAR), tm, tk, 1), FullL1);
    add(Opcode::LDB, tile(local(Space::B0, 0, TileAR), local(Space::L1, l1B, TileAR), n, tk, 1), -1, FreeL1);
    addOn(Engine::MV, Opcode::SSIG, {}, -1, FullTiles);
    add(Opcode::SETP, {{Field::p, 0}, {Field::cmp, static_cast<int64_t>(Compare::eq)}});
    add(Opcode::SETP, {{Field::p, 1}, {Field::cmp, static_cast<int64_t>(Compare::ne)}});
    Fields mma = {{Field::a, local(Space::A0, 0, TileAR)},
                  {Field::b, local(Space::B0, 0, TileAR)},
                  {Field::c, local(Space::C0, 0, SlotAR)},
                  {Field::m, tm},
                  {Field::n, n},
                  {Field::k, tk}};
    add(Opcode::MMA, mma, FullTiles).predicate = 0;
    mma.push_back({Field::init, static_cast<int64_t>(Init::acc)});
    add(Opcode::MMA, mma, -1, FreeTiles).predicate = 1;
    add(Opcode::ADDA, {{Field::ar, BAR_}, {Field::from, BAR_}, {Field::value, tk}});
    add(Opcode::ENDLOOP);
    addOn(Engine::MX, Opcode::SSIG, {}, -1, FullC);
    addOn(Engine::FX, Opcode::SWAIT, {}, FreeOut);
    add(Opcode::FXOUT,
        {{Field::c, local(Space::C0, 0, SlotAR)},
         {Field::dst, local(Space::L1, l1Out, SlotAR)},
         {Field::m, tm},
         {Field::n, n},
         {Field::dst_stride, n * 4},
         {Field::acc, code(DType::i32)},
         {Field::out, code(DType::i32)}},
        FullC, FreeC);
    addOn(Engine::FX, Opcode::SSIG, {}, -1, FullOut);
    add(Opcode::ST, dma(local(Space::L1, l1Out, SlotAR), global(out, 0, OutAR), tm * n * 4), FullOut, FreeOut);
    add(Opcode::ADDA, {{Field::ar, OutAR}, {Field::from, OutAR}, {Field::value, tm * n * 4}});
    add(Opcode::ENDLOOP);
    add(Opcode::HALT);
  }

  void expectProduct() const {
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        int32_t sum = 0;
        for (int64_t q = 0; q < k; ++q)
          sum += int32_t(at<int8_t>(a, static_cast<size_t>(i * k + q))) * at<int8_t>(b, static_cast<size_t>(j * k + q));
        ASSERT_EQ(at<int32_t>(out, static_cast<size_t>(i * n + j)), sum) << i << ' ' << j;
      }
  }

  /// The index of the i-th instruction that waits for or signals a semaphore.
  size_t find(int Sem_, bool wait) const {
    for (size_t pc = 0; pc < program.code.size(); ++pc)
      if ((wait ? program.code[pc].wait : program.code[pc].signal) == Sem_)
        return pc;
    return ~size_t(0);
  }
};

} // namespace simtest

#endif // AIC_UNITTESTS_NPU_SIM_GEMM_H
