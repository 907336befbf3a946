//===- Pipelines.h - Hand-built programs for tests ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_UNITTESTS_NPU_VERIFY_PIPELINES_H
#define AIC_UNITTESTS_NPU_VERIFY_PIPELINES_H

#include "aic/NPU/Machine.h"
#include "aic/NPU/Program.h"

#include <cstdlib>
#include <initializer_list>
#include <random>
#include <utility>

namespace aic::npu::test {

inline Machine edge() {
  Machine machine;
  std::string error;
  if (!loadMachine("edge-256", machine, error))
    std::abort();
  return machine;
}

inline uint64_t at(Space space, int64_t byte, uint8_t ar = 0) {
  return pack(LocalAddress{space, static_cast<uint32_t>(byte / kGranuleBytes), ar});
}
inline uint64_t in(uint8_t segment, uint64_t offset, uint8_t ar = 0) {
  return pack(GlobalAddress{segment, offset, ar});
}

using Fields = std::initializer_list<std::pair<Field, int64_t>>;

/// Appends instructions; wait and signal are given by semaphore name, "" for none.
class Builder {
public:
  Program program;

  int semaphore(const std::string &name) const {
    for (const Semaphore &s : program.semaphores)
      if (s.name == name)
        return static_cast<int>(s.id);
    return -1;
  }
  Builder &sem(const std::string &name, Engine producer, Engine consumer, unsigned initial = 0) {
    program.semaphores.push_back({static_cast<unsigned>(program.semaphores.size()), name, producer, consumer, initial});
    return *this;
  }
  Builder &segment(SegmentKind kind, uint64_t bytes) {
    program.segments.push_back({kind, "s" + std::to_string(program.segments.size()), bytes, 64, {}});
    return *this;
  }
  Builder &add(Instruction inst, const std::string &wait = "", const std::string &signal = "") {
    inst.wait = static_cast<int8_t>(semaphore(wait));
    inst.signal = static_cast<int8_t>(semaphore(signal));
    program.code.push_back(inst);
    return *this;
  }
  Builder &add(Opcode opcode, Fields fields, const std::string &wait = "", const std::string &signal = "") {
    Instruction inst = make(opcode);
    for (auto [field, value] : fields)
      inst.set(field, value);
    return add(inst, wait, signal);
  }
  Builder &on(Opcode opcode, Engine engine, const std::string &wait = "", const std::string &signal = "") {
    return add(make(opcode, engine), wait, signal);
  }

  Builder &ld(uint64_t src, uint64_t dst, int64_t bytes, const std::string &wait = "", const std::string &signal = "",
              Fields more = {}) {
    add(Opcode::LD,
        {{Field::src, src}, {Field::dst, dst}, {Field::n0, bytes}, {Field::n1, 1}, {Field::n2, 1}, {Field::n3, 1}},
        wait, signal);
    return change(more);
  }
  Builder &st(uint64_t src, uint64_t dst, int64_t bytes, const std::string &wait = "", const std::string &signal = "",
              Fields more = {}) {
    add(Opcode::ST,
        {{Field::src, src}, {Field::dst, dst}, {Field::n0, bytes}, {Field::n1, 1}, {Field::n2, 1}, {Field::n3, 1}},
        wait, signal);
    return change(more);
  }
  /// A matrix tile of `rows` x `k` bytes, row-major in L1.
  Builder &gather(Opcode opcode, uint64_t src, uint64_t dst, int64_t rows, int64_t k, const std::string &wait = "",
                  const std::string &signal = "", Fields more = {}) {
    add(opcode,
        {{Field::dst, dst},
         {Field::src, src},
         {Field::h, 1},
         {Field::w, rows},
         {Field::c, k},
         {Field::pix_stride, k},
         {Field::row_stride, rows * k},
         {Field::kh, 1},
         {Field::kw, 1},
         {Field::sh, 1},
         {Field::sw, 1},
         {Field::dh, 1},
         {Field::dw, 1},
         {Field::ow, rows},
         {Field::m_len, rows},
         {Field::k_len, k}},
        wait, signal);
    return change(more);
  }
  Builder &mma(uint64_t a, uint64_t b, uint64_t c, int64_t m, int64_t n, int64_t k, bool accumulate,
               const std::string &wait = "", const std::string &signal = "") {
    return add(Opcode::MMA,
               {{Field::a, a},
                {Field::b, b},
                {Field::c, c},
                {Field::m, m},
                {Field::n, n},
                {Field::k, k},
                {Field::init, accumulate}},
               wait, signal);
  }
  Builder &fxout(uint64_t c, uint64_t dst, int64_t m, int64_t n, int64_t stride, const std::string &wait = "",
                 const std::string &signal = "") {
    return add(Opcode::FXOUT,
               {{Field::c, c},
                {Field::dst, dst},
                {Field::m, m},
                {Field::n, n},
                {Field::dst_stride, stride},
                {Field::acc, static_cast<int>(DType::i32)},
                {Field::out, static_cast<int>(DType::i8)}},
               wait, signal);
  }
  Builder &loop(int64_t trip, unsigned ar0 = 0, int64_t inc0 = 0, int64_t wrap0 = 0, unsigned ar1 = 0, int64_t inc1 = 0,
                int64_t wrap1 = 0) {
    return add(Opcode::LOOP, {{Field::trip, trip},
                              {Field::ar0, ar0},
                              {Field::inc0, inc0},
                              {Field::wrap0, wrap0},
                              {Field::ar1, ar1},
                              {Field::inc1, inc1},
                              {Field::wrap1, wrap1}});
  }
  Builder &endloop() { return add(Opcode::ENDLOOP, {}); }
  Program halt() {
    add(Opcode::HALT, {});
    return program;
  }

  Builder &change(Fields fields) {
    for (auto [field, value] : fields)
      program.code.back().set(field, value);
    return *this;
  }
};

/// The classic: L1 slots in rotation between LD and MV. Without `free`, a load may overwrite what is being read.
Program doubleBuffer(bool withFree, int64_t trips = 6, int64_t slots = 2);

/// C = A * B of [m, k] x [k, n] int8 in tiles, double-buffered in L1, A0/B0, C0 and VB. Unrolled, or in loops.
Program gemm(int64_t mTiles, int64_t nTiles, int64_t kTiles);

/// Row tiles of a padded 3x3 convolution: rolling rows in L1, weights loaded once, results interleaved by channel tiles
/// in L1, read again by a 1x1 convolution.
Program convChain(int64_t rows, int64_t channelTiles);

/// Depthwise: LD to VB, DWMAC, ST, three slots.
Program depthwise(int64_t tiles);

/// Loads, copies in L1 and stores of 32 or 64 bytes with random tokens: mostly wrong, sometimes right.
Program randomProgram(std::mt19937 &random, int longest);

} // namespace aic::npu::test

#endif // AIC_UNITTESTS_NPU_VERIFY_PIPELINES_H
