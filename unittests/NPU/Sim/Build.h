//===- Build.h - Programs written in C++ for the tests ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_UNITTESTS_NPU_SIM_BUILD_H
#define AIC_UNITTESTS_NPU_SIM_BUILD_H

#include "aic/NPU/Sim/Simulator.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <utility>

namespace simtest {
using namespace aic::npu;

using Fields = std::vector<std::pair<Field, int64_t>>;

inline Machine machineNamed(const std::string &name) {
  Machine machine;
  std::string error;
  EXPECT_TRUE(loadMachine(name, machine, error)) << error;
  return machine;
}

inline int64_t f32Bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}
inline int64_t local(Space space, int64_t byte, unsigned ar = 0) {
  return static_cast<int64_t>(pack(LocalAddress{space, static_cast<uint32_t>(byte / 32), static_cast<uint8_t>(ar)}));
}
inline int64_t global(unsigned segment, int64_t byte, unsigned ar = 0) {
  return static_cast<int64_t>(
      pack(GlobalAddress{static_cast<uint8_t>(segment), static_cast<uint64_t>(byte), static_cast<uint8_t>(ar)}));
}
inline int64_t code(DType type) { return static_cast<int64_t>(type); }

inline bool contains(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }
#define EXPECT_SAYS(text, part)                                                                                        \
  do {                                                                                                                 \
    const std::string said = (text);                                                                                   \
    EXPECT_TRUE(contains(said, part)) << said;                                                                         \
  } while (false)

/// A program under construction and the memory of its segments.
struct Bench {
  Program program;
  Machine machine = machineNamed("edge-256");
  std::vector<std::vector<uint8_t>> memory;
  RunOptions options;

  unsigned segment(SegmentKind kind, size_t bytes) {
    Segment segment;
    segment.kind = kind, segment.bytes = bytes, segment.name = "s" + std::to_string(memory.size());
    program.segments.push_back(segment);
    memory.emplace_back(bytes);
    return static_cast<unsigned>(memory.size() - 1);
  }
  void semaphore(unsigned id, Engine producer, Engine consumer, unsigned initial = 0, std::string name = "") {
    program.semaphores.push_back({id, std::move(name), producer, consumer, initial});
  }
  Instruction &add(Opcode opcode, const Fields &fields = {}, int wait = -1, int signal = -1) {
    return put(make(opcode), fields, wait, signal);
  }
  Instruction &addOn(Engine engine, Opcode opcode, const Fields &fields = {}, int wait = -1, int signal = -1) {
    return put(make(opcode, engine), fields, wait, signal);
  }
  /// A copy of n bytes.
  Instruction &load(unsigned from, int64_t offset, Space space, int64_t to, int64_t n, int wait = -1, int signal = -1) {
    return add(Opcode::LD, dma(global(from, offset), local(space, to), n), wait, signal);
  }
  Instruction &store(Space space, int64_t from, unsigned to, int64_t offset, int64_t n, int wait = -1,
                     int signal = -1) {
    return add(Opcode::ST, dma(local(space, from), global(to, offset), n), wait, signal);
  }
  static Fields dma(int64_t src, int64_t dst, int64_t n) {
    int64_t log2 = n % 8 == 0 ? 3 : 0;
    return {{Field::src, src}, {Field::dst, dst}, {Field::log2elem, log2}, {Field::n0, n >> log2},
            {Field::n1, 1},    {Field::n2, 1},    {Field::n3, 1}};
  }
  /// A matrix [rows, columns] in L1, a tile of it.
  static Fields tile(int64_t dst, int64_t src, int64_t rows, int64_t columns, unsigned bytes, int64_t rowStart = 0,
                     int64_t rowCount = -1, int64_t columnStart = 0, int64_t columnCount = -1) {
    return {{Field::dst, dst},
            {Field::src, src},
            {Field::log2elem, bytes == 2 ? 1 : 0},
            {Field::h, 1},
            {Field::w, rows},
            {Field::c, columns},
            {Field::pix_stride, columns},
            {Field::row_stride, 0},
            {Field::kh, 1},
            {Field::kw, 1},
            {Field::sh, 1},
            {Field::sw, 1},
            {Field::dh, 1},
            {Field::dw, 1},
            {Field::ow, rows},
            {Field::m_start, rowStart},
            {Field::m_len, rowCount < 0 ? rows : rowCount},
            {Field::k_start, columnStart},
            {Field::k_len, columnCount < 0 ? columns : columnCount}};
  }

  RunResult run() {
    if (program.code.empty() || program.code.back().opcode != Opcode::HALT)
      add(Opcode::HALT);
    std::vector<SegmentBinding> bindings;
    for (auto &bytes : memory)
      bindings.push_back({bytes.data(), bytes.size()});
    return aic::npu::run(program, machine, bindings, options);
  }
  /// Runs and expects nothing to complain about.
  RunResult runWell() {
    RunResult result = run();
    EXPECT_TRUE(result.ok);
    for (const Diagnostic &diagnostic : result.diagnostics)
      ADD_FAILURE() << nameOf(diagnostic.kind) << ": " << diagnostic.message;
    return result;
  }
  std::string runBadly() {
    RunResult result = run();
    EXPECT_FALSE(result.ok);
    std::string text;
    for (const Diagnostic &diagnostic : result.diagnostics)
      text += std::string(nameOf(diagnostic.kind)) + ": " + diagnostic.message + "\n";
    return text;
  }

  template <typename T> T at(unsigned segment, size_t index) const {
    T value;
    std::memcpy(&value, memory[segment].data() + index * sizeof(T), sizeof(T));
    return value;
  }
  template <typename T> void set(unsigned segment, size_t index, T value) {
    std::memcpy(memory[segment].data() + index * sizeof(T), &value, sizeof(T));
  }
  void randomize(unsigned segment, uint32_t seed) {
    std::mt19937 random(seed);
    for (uint8_t &byte : memory[segment])
      byte = static_cast<uint8_t>(random());
  }

private:
  Instruction &put(Instruction inst, const Fields &fields, int wait, int signal) {
    for (auto [field, value] : fields) {
      EXPECT_TRUE(inst.has(field)) << nameOf(field);
      inst.set(field, value);
    }
    inst.wait = static_cast<int8_t>(wait), inst.signal = static_cast<int8_t>(signal);
    std::string bytes, error;
    EXPECT_TRUE(encode(inst, bytes, error)) << error;
    program.code.push_back(inst);
    return program.code.back();
  }
};

} // namespace simtest

#endif // AIC_UNITTESTS_NPU_SIM_BUILD_H
