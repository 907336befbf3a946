//===- TimedTest.cpp - Timed runs: same results, cycles that add up ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Gemm.h"

#include <ctime>

using namespace simtest;

namespace {

void expectCyclesAddUp(const Report &report) {
  auto check = [](const OpCounts &op) {
    uint64_t sum = op.busy[static_cast<size_t>(Engine::MX)];
    for (uint64_t stall : op.stalls)
      sum += stall;
    EXPECT_EQ(sum, op.cycles) << op.name;
  };
  uint64_t cycles = 0;
  for (const OpCounts &op : report.ops)
    check(op), cycles += op.cycles;
  check(report.total);
  EXPECT_EQ(cycles, report.total.cycles);
}

/// Machines that no kernel was written for.
std::vector<Machine> oddMachines() {
  std::vector<Machine> machines;
  Machine machine = machineNamed("edge-256");
  machines.push_back(machine);
  machine.queueDepth.fill(1);
  machines.push_back(machine);
  machine = machineNamed("edge-256");
  machine.mx.m = 5, machine.mx.n = 7, machine.mx.kInt8 = 12, machine.mx.kF16 = 6;
  machine.spaces[0].bytes = 393216, machine.spaces[0].banks = 3;
  machines.push_back(machine);
  machine.dram.bytesPerCycle = 3.75, machine.dram.burst = 64, machine.dram.readLatency = 0;
  for (DataPath &path : machine.paths)
    path.maxInflight = 1, path.issue = 0;
  machines.push_back(machine);
  machine = machineNamed("edge-512");
  machine.queueDepth = {0, 1, 2, 3, 1, 2, 5};
  for (DataPath &path : machine.paths)
    path.bytesPerCycle *= 0.37, path.maxInflight = 3;
  machines.push_back(machine);
  return machines;
}

TEST(Timed, GemmIsExactOnOddMachinesAndUnderJitter) {
  for (const Machine &machine : oddMachines())
    for (uint64_t seed = 0; seed <= 5; ++seed) {
      Gemm gemm(machine, 32, 24, 128, 8, 32);
      gemm.options.mode = RunMode::Timed, gemm.options.check = true, gemm.options.jitterSeed = seed;
      RunResult result = gemm.runWell();
      gemm.expectProduct();
      expectCyclesAddUp(result.report);
      EXPECT_EQ(result.report.total.usefulMacs, 32u * 24 * 128);
      EXPECT_EQ(result.report.total.matrixMacs, 32u * 24 * 128);
      EXPECT_EQ(result.report.total.dramRead, 4u * 4 * (8 + 24) * 32);
      EXPECT_EQ(result.report.total.dramWritten, 32u * 24 * 4);
    }
}

TEST(Timed, JitterChangesTheTimeAndNothingElse) {
  std::set<uint64_t> cycles;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    Gemm gemm(machineNamed("edge-256"), 32, 24, 128, 8, 32);
    gemm.options.mode = RunMode::Timed, gemm.options.jitterSeed = seed;
    cycles.insert(gemm.runWell().report.total.cycles);
    gemm.expectProduct();
  }
  EXPECT_GT(cycles.size(), 5u);
}

TEST(Timed, SameSeedSameRun) {
  std::string reports[2];
  for (std::string &report : reports) {
    Gemm gemm(machineNamed("edge-256"), 32, 24, 128, 8, 32);
    gemm.options.mode = RunMode::Timed, gemm.options.jitterSeed = 7;
    report = formatJson(gemm.runWell().report);
  }
  EXPECT_EQ(reports[0], reports[1]);
}

TEST(Timed, SpeedOfAConvolution) {
  // A 3 x 3 convolution over 64 channels, 56 x 56 pixels: gather, product, result, with data and detector.
  Bench bench;
  unsigned in = bench.segment(SegmentKind::Input, 58 * 56 * 64), out = bench.segment(SegmentKind::Output, 56 * 56 * 32);
  bench.randomize(in, 1);
  bench.semaphore(0, Engine::LD, Engine::MV), bench.semaphore(1, Engine::MV, Engine::MX);
  bench.semaphore(2, Engine::MX, Engine::FX), bench.semaphore(3, Engine::FX, Engine::ST);
  bench.semaphore(4, Engine::ST, Engine::MV, 1);
  bench.add(Opcode::LD,
            {{Field::src, global(in, 0)},
             {Field::dst, local(Space::L1, 0)},
             {Field::n0, 3584},
             {Field::n1, 58},
             {Field::n2, 1},
             {Field::n3, 1},
             {Field::ss1, 3584},
             {Field::ds1, 3584}},
            -1, 0);
  bench.addOn(Engine::MV, Opcode::SWAIT, {}, 0);
  bench.add(Opcode::LDB, Bench::tile(local(Space::B0, 0), local(Space::L1, 0), 32, 576, 1));
  for (int64_t row = 0; row < 112; ++row) {
    bench.add(Opcode::LDA,
              {{Field::dst, local(Space::A0, 0)},
               {Field::src, local(Space::L1, 0)},
               {Field::h, 56},
               {Field::w, 56},
               {Field::c, 64},
               {Field::pix_stride, 64},
               {Field::row_stride, 3584},
               {Field::kh, 3},
               {Field::kw, 3},
               {Field::sh, 1},
               {Field::sw, 1},
               {Field::dh, 1},
               {Field::dw, 1},
               {Field::pt, 1},
               {Field::pl, 1},
               {Field::ow, 56},
               {Field::m_start, row * 28},
               {Field::m_len, 28},
               {Field::k_len, 576}},
              4, 1);
    bench.add(Opcode::MMA,
              {{Field::a, local(Space::A0, 0)},
               {Field::b, local(Space::B0, 0)},
               {Field::c, local(Space::C0, 0)},
               {Field::m, 28},
               {Field::n, 32},
               {Field::k, 576}},
              1, 2);
    bench.add(Opcode::FXOUT,
              {{Field::c, local(Space::C0, 0)},
               {Field::dst, local(Space::VB, 0)},
               {Field::m, 28},
               {Field::n, 32},
               {Field::dst_stride, 32},
               {Field::acc, code(DType::i32)},
               {Field::out, code(DType::i8)},
               {Field::qmode, static_cast<int64_t>(QMode::scalar)},
               {Field::scale, f32Bits(0.0001f)}},
              2, 3);
    bench.store(Space::VB, 0, out, row * 28 * 32, 28 * 32, 3, 4);
  }
  bench.options.mode = RunMode::Timed;
  std::clock_t start = std::clock();
  RunResult result = bench.runWell();
  double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
  EXPECT_EQ(result.report.total.matrixMacs, 112u * 28 * 32 * 576);
  std::printf("convolution with data and detector: %.2f GMAC/s\n",
              double(result.report.total.matrixMacs) / seconds * 1e-9);
}

TEST(Timed, Speed) {
  Gemm gemm(machineNamed("edge-256"), 8 * 4000, 24, 32 * 8, 8, 32);
  gemm.options.mode = RunMode::Timed, gemm.options.moveData = false;
  for (bool detect : {false, true}) {
    gemm.options.detect = detect;
    std::clock_t start = std::clock();
    RunResult result = gemm.runWell();
    double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
    std::printf("timing only, detector %s: %.2f M instructions/s (%llu instructions)\n", detect ? "on" : "off",
                double(result.instructions) / seconds * 1e-6, static_cast<unsigned long long>(result.instructions));
  }
}

} // namespace
