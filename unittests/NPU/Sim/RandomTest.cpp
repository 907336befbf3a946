//===- RandomTest.cpp - Random programs, synchronised and broken ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random instructions on small windows of every memory. Semaphores come from the verifier's dependence analysis, which
// knows nothing of the simulator. Then: sequential, timed and jittered runs agree; and when tokens are taken out, the
// detector says what the verifier says.
//
//===----------------------------------------------------------------------===//

#include "Build.h"
#include "aic/NPU/Verify/Access.h"
#include "aic/NPU/Verify/SyncVerifier.h"

#include <map>

using namespace simtest;

namespace {

class Generator {
public:
  Generator(Bench &bench, uint32_t seed) : bench(bench), random(seed) {
    input = bench.segment(SegmentKind::Input, 16384);
    scratch = bench.segment(SegmentKind::Scratch, 4096);
    output = bench.segment(SegmentKind::Output, 4096);
    bench.randomize(input, seed + 1);
  }

  void generate(unsigned count) {
    // Every memory holds values first.
    put(Opcode::LD, box(global(input, 0), local(Space::L1, 0), 8192, 1, 0, 0));
    put(Opcode::LD, box(global(input, 4096), local(Space::VB, 0), 4096, 1, 0, 0));
    for (int64_t slot = 0; slot < 4; ++slot) {
      put(Opcode::LDA, Bench::tile(local(Space::A0, slot * 512), local(Space::L1, slot * 512), 16, 32, 1));
      put(Opcode::LDB, Bench::tile(local(Space::B0, slot * 512), local(Space::L1, slot * 512), 16, 32, 1));
      product(slot, slot, slot, 16, 32, false);
    }
    put(Opcode::ST, box(local(Space::L1, 0), global(scratch, 0), 4096, 1, 0, 0));
    put(Opcode::ST, box(local(Space::VB, 0), global(output, 0), 4096, 1, 0, 0));
    for (unsigned i = 0; i < count; ++i)
      one();
    synchronise();
  }

private:
  int64_t below(int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); }

  static Fields box(int64_t src, int64_t dst, int64_t n0, int64_t n1, int64_t ss, int64_t ds) {
    return {{Field::src, src}, {Field::dst, dst}, {Field::n0, n0},  {Field::n1, n1},
            {Field::n2, 1},    {Field::n3, 1},    {Field::ss1, ss}, {Field::ds1, ds}};
  }
  void put(Opcode opcode, const Fields &fields) { bench.add(opcode, fields); }
  void product(int64_t a, int64_t b, int64_t c, int64_t m, int64_t k, bool accumulate) {
    put(Opcode::MMA, {{Field::a, local(Space::A0, a * 512)},
                      {Field::b, local(Space::B0, b * 512)},
                      {Field::c, local(Space::C0, c * 512)},
                      {Field::m, m},
                      {Field::n, 8},
                      {Field::k, k},
                      {Field::init, accumulate}});
  }
  /// An address of a small box: 32-aligned, at most 512 bytes behind it.
  int64_t inL1() { return local(Space::L1, below(240) * 32); }
  int64_t inVB() { return local(Space::VB, below(112) * 32); }

  void one() {
    int64_t n0 = 1 + below(40), n1 = 1 + below(6), s1 = n0 + below(30), s2 = n0 + below(30);
    switch (below(9)) {
    case 0:
      return put(Opcode::LD,
                 box(global(below(2) ? input : scratch, below(3500)), below(2) ? inL1() : inVB(), n0, n1, s1, s2));
    case 1:
      return put(Opcode::ST,
                 box(below(2) ? inL1() : inVB(), global(below(2) ? output : scratch, below(3500)), n0, n1, s1, s2));
    case 2:
      return put(Opcode::CP, below(2) ? box(inL1(), inVB(), n0, n1, s1, s2) : box(inVB(), inL1(), n0, n1, s1, s2));
    case 3: {
      bool vector = below(2);
      bench.addOn(vector ? Engine::VX : Engine::MV, Opcode::FILL,
                  {{Field::dst, vector ? inVB() : inL1()},
                   {Field::n0, n0},
                   {Field::n1, n1},
                   {Field::n2, 1},
                   {Field::ds1, s1},
                   {Field::value, below(256)}});
      return;
    }
    case 4: {
      bool left = below(2);
      // A window of 3 x 3 over 8 channels, or a matrix.
      Fields fields = {{Field::dst, local(left ? Space::A0 : Space::B0, below(4) * 512)},
                       {Field::src, inL1()},
                       {Field::h, 4},
                       {Field::w, 4},
                       {Field::c, 8},
                       {Field::pix_stride, 8},
                       {Field::row_stride, 32 + below(3) * 8},
                       {Field::kh, 3},
                       {Field::kw, 3},
                       {Field::sh, 1},
                       {Field::sw, 1},
                       {Field::dh, 1},
                       {Field::dw, 1},
                       {Field::pt, 1},
                       {Field::pl, 1},
                       {Field::ow, 4},
                       {Field::m_start, below(4) * 4},
                       {Field::m_len, 4},
                       {Field::k_start, below(2) * 24},
                       {Field::k_len, 24}};
      if (below(2))
        fields = Bench::tile(local(left ? Space::A0 : Space::B0, below(4) * 512), inL1(), 16, 32, 1, 0, 1 + below(16));
      return put(left ? Opcode::LDA : Opcode::LDB, fields);
    }
    case 5:
    case 6:
      return product(below(4), below(4), below(4), 1 + below(16), below(2) ? 24 : 20, below(2));
    case 7:
      return put(Opcode::FXOUT, {{Field::c, local(Space::C0, below(4) * 512)},
                                 {Field::dst, below(2) ? inL1() : inVB()},
                                 {Field::m, 1 + below(16)},
                                 {Field::n, 8},
                                 {Field::dst_stride, 8 + below(24)},
                                 {Field::acc, code(DType::i32)},
                                 {Field::out, code(DType::i8)},
                                 {Field::qmode, static_cast<int64_t>(QMode::scalar)},
                                 {Field::scale, f32Bits(0.003f)}});
    default:
      return put(Opcode::ADD, {{Field::dst, inVB()},
                               {Field::s0, inVB()},
                               {Field::s1, inVB()},
                               {Field::len, n0},
                               {Field::rep, n1},
                               {Field::dst_stride, s1},
                               {Field::s0_stride, s2},
                               {Field::s1_stride, s1}});
    }
  }

  /// Several LDs or STs may be in execution at a time.
  static bool mayOverlap(Engine engine) { return engine == Engine::LD || engine == Engine::ST; }

  /// A token from the latest conflicting instruction of every other engine, unless an earlier token has told of it. LD
  /// and ST need one for themselves too.
  void synchronise() {
    const std::vector<Instruction> code = bench.program.code;
    std::vector<std::vector<Access>> touched(code.size());
    for (size_t i = 0; i < code.size(); ++i)
      accesses(code[i], {}, bench.machine, touched[i]);
    std::vector<std::vector<int>> waits(code.size()), signals(code.size());
    std::map<std::pair<Engine, Engine>, std::pair<int, size_t>> pairs; // semaphore, last producer + 1
    for (size_t j = 0; j < code.size(); ++j) {
      std::map<Engine, size_t> latest;
      for (size_t i = 0; i < j; ++i)
        for (const Access &a : touched[i])
          for (const Access &b : touched[j])
            if ((code[i].engine != code[j].engine || mayOverlap(code[i].engine)) && conflict(a, b))
              latest[code[i].engine] = i + 1;
      for (auto [producer, i] : latest) {
        auto [entry, fresh] = pairs.try_emplace({producer, code[j].engine}, int(pairs.size()), 0);
        if (fresh)
          bench.semaphore(static_cast<unsigned>(entry->second.first), producer, code[j].engine);
        if (i <= entry->second.second)
          continue;
        entry->second.second = i;
        signals[i - 1].push_back(entry->second.first), waits[j].push_back(entry->second.first);
      }
    }
    bench.program.code.clear();
    for (size_t i = 0; i < code.size(); ++i) {
      Instruction inst = code[i];
      // The first of each rides on the instruction, the others have their own.
      for (size_t w = 1; w < waits[i].size(); ++w)
        bench.addOn(inst.engine, Opcode::SWAIT, {}, waits[i][w]);
      if (!waits[i].empty())
        inst.wait = static_cast<int8_t>(waits[i][0]);
      if (!signals[i].empty())
        inst.signal = static_cast<int8_t>(signals[i][0]);
      bench.program.code.push_back(inst);
      for (size_t s = 1; s < signals[i].size(); ++s)
        bench.addOn(inst.engine, Opcode::SSIG, {}, -1, signals[i][s]);
    }
    bench.machine.semaphoreMax = 1000; // tokens may pile up here
    bench.add(Opcode::HALT);
  }

  Bench &bench;
  std::mt19937 random;
  unsigned input, scratch, output;
};

TEST(Random, SequentialTimedAndJitteredRunsAgree) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    std::vector<std::vector<uint8_t>> golden;
    for (int variant = 0; variant < 5; ++variant) {
      Bench bench;
      if (variant == 3)
        bench.machine.queueDepth.fill(1);
      Generator(bench, seed).generate(40);
      if (variant == 0)
        ASSERT_TRUE(verify(bench.program, bench.machine, VerifyOptions()).ok())
            << verify(bench.program, bench.machine, VerifyOptions()).str();
      bench.options.mode = variant == 0 ? RunMode::Sequential : RunMode::Timed;
      bench.options.jitterSeed = variant > 1 ? seed * 16 + static_cast<uint32_t>(variant) : 0;
      bench.options.check = true;
      bench.runWell();
      if (variant == 0)
        golden = bench.memory;
      ASSERT_EQ(bench.memory, golden) << "seed " << seed << " variant " << variant;
      if (testing::Test::HasFailure())
        return;
    }
  }
}

TEST(Random, DetectorAndVerifierAgreeOnBrokenPrograms) {
  unsigned broken = 0, sound = 0;
  for (uint32_t seed = 1000; seed < 1200; ++seed) {
    Bench bench;
    Generator(bench, seed).generate(30);
    std::mt19937 random(seed);
    // One semaphore loses a token: a signal and the wait that takes it.
    int id = static_cast<int>(random() % bench.program.semaphores.size());
    std::vector<Instruction *> waits, signals;
    for (Instruction &inst : bench.program.code) {
      if (inst.wait == id)
        waits.push_back(&inst);
      if (inst.signal == id)
        signals.push_back(&inst);
    }
    ASSERT_EQ(waits.size(), signals.size());
    size_t token = random() % waits.size();
    for (auto [inst, wait] : {std::pair(waits[token], true), {signals[token], false}}) {
      (wait ? inst->wait : inst->signal) = -1;
      if (inst->opcode == Opcode::SWAIT || inst->opcode == Opcode::SSIG)
        *inst = make(Opcode::NOP);
    }
    VerifyResult verdict = verify(bench.program, bench.machine, VerifyOptions());
    bench.options.mode = RunMode::Timed, bench.options.jitterSeed = seed;
    RunResult result = bench.run();
    EXPECT_EQ(result.ok, verdict.ok()) << "seed " << seed << "\n"
                                       << verdict.str() << "\n"
                                       << (result.diagnostics.empty() ? "" : result.diagnostics[0].message);
    ++(verdict.ok() ? sound : broken);
  }
  EXPECT_GT(broken, 60u);
  EXPECT_GT(sound, 20u);
  std::printf("tokens taken out: %u broke the program, %u were implied by others\n", broken, sound);
}

} // namespace
