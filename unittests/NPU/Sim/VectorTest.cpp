//===- VectorTest.cpp - Vector instructions against plain loops ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Reference.h"

using namespace simtest;

namespace {

constexpr int64_t kDst = 0, kS0 = 16384, kS1 = 32768, kS2 = 49152;

/// One vector instruction on random operands; what VB holds before and after.
struct VectorRun {
  Bench bench;
  DType ddt, s0dt, s1dt;
  int64_t len, rep, dstStride, s0Stride, s1Stride;
  Fields extra;
  std::vector<uint8_t> before, after;
  std::mt19937 random;

  VectorRun(DType ddt, DType s0dt, DType s1dt, int64_t len, int64_t rep, uint32_t seed)
      : ddt(ddt), s0dt(s0dt), s1dt(s1dt), len(len), rep(rep), random(seed) {
    dstStride = (len + 3) * bytesOf(ddt), s0Stride = (len + 1) * bytesOf(s0dt), s1Stride = (len + 5) * bytesOf(s1dt);
    before.assign(65536, 0);
    fillRandom(&before[kS0], 16384 / bytesOf(s0dt), s0dt, random);
    fillRandom(&before[kS1], 16384 / bytesOf(s1dt), s1dt, random);
    fillRandom(&before[kS2], 16384 / bytesOf(s1dt), s1dt, random);
  }

  void run(Opcode opcode, bool second, bool third) {
    Fields fields = {{Field::dst, local(Space::VB, kDst)},
                     {Field::ddt, code(ddt)},
                     {Field::s0dt, code(s0dt)},
                     {Field::s1dt, code(s1dt)},
                     {Field::len, len},
                     {Field::rep, rep},
                     {Field::dst_stride, dstStride},
                     {Field::s0_stride, s0Stride},
                     {Field::s1_stride, s1Stride},
                     {Field::s2_stride, s1Stride}};
    if (opcode != Opcode::IOTA)
      fields.push_back({Field::s0, local(Space::VB, kS0)});
    if (second)
      fields.push_back({Field::s1, local(Space::VB, kS1)});
    if (third)
      fields.push_back({Field::s2, local(Space::VB, kS2)});
    fields.insert(fields.end(), extra.begin(), extra.end());
    unsigned in = bench.segment(SegmentKind::Input, 65536), out = bench.segment(SegmentKind::Output, 65536);
    bench.memory[in] = before;
    bench.load(in, 0, Space::VB, 0, 65536);
    bench.add(opcode, fields);
    bench.store(Space::VB, 0, out, 0, 65536);
    bench.runWell();
    after = bench.memory[out];
  }

  double s0(int64_t r, int64_t i) const {
    return element(&before[static_cast<size_t>(kS0 + r * s0Stride + i * bytesOf(s0dt))], s0dt);
  }
  double s1(int64_t r, int64_t i) const {
    return element(&before[static_cast<size_t>(kS1 + r * s1Stride + i * bytesOf(s1dt))], s1dt);
  }
  double s2(int64_t r, int64_t i) const {
    return element(&before[static_cast<size_t>(kS2 + r * s1Stride + i * bytesOf(s1dt))], s1dt);
  }

  /// Everything but the expected elements must be as before.
  std::vector<uint8_t> expected() const { return before; }
  uint8_t *dst(std::vector<uint8_t> &memory, int64_t r, int64_t i) const {
    return &memory[static_cast<size_t>(kDst + r * dstStride + i * bytesOf(ddt))];
  }
  void expectMemory(const std::vector<uint8_t> &memory) const {
    for (size_t i = 0; i < memory.size(); ++i)
      ASSERT_EQ(int(after[i]), int(memory[i])) << "byte " << i << " of VB";
  }
};

/// An integer computed in 32 bits with wrap, written: zp added, saturated but for i32.
void putInteger(uint8_t *to, DType type, int64_t value, int zp) {
  int32_t wrapped = static_cast<int32_t>(static_cast<uint32_t>(value));
  if (isFloatType(type))
    return putElement(to, type, static_cast<float>(wrapped));
  if (type == DType::i32) {
    uint32_t sum = static_cast<uint32_t>(wrapped) + static_cast<uint32_t>(zp);
    std::memcpy(to, &sum, 4);
    return;
  }
  putElement(to, type, double(wrapped), Round::rint, zp);
}

constexpr DType kTypes[] = {DType::i8, DType::u8, DType::i16, DType::i32, DType::f16, DType::bf16, DType::f32};

TEST(Vector, BinaryOfAllTypes) {
  const Opcode opcodes[] = {Opcode::ADD, Opcode::SUB, Opcode::MUL, Opcode::MAX, Opcode::MIN, Opcode::DIV, Opcode::MADD};
  uint32_t seed = 0;
  for (Opcode opcode : opcodes)
    for (DType ddt : kTypes)
      for (DType s0dt : kTypes)
        for (DType s1dt : {DType::i8, DType::i32, DType::f16, DType::f32}) {
          int zp = static_cast<int>(seed % 5) - 2;
          Round mode = static_cast<Round>(seed % 6);
          VectorRun run(ddt, s0dt, s1dt, 37, 3, ++seed);
          run.extra = {{Field::zp, zp}, {Field::round, static_cast<int64_t>(mode)}};
          run.run(opcode, true, opcode == Opcode::MADD);
          auto memory = run.expected();
          bool integer = opcode != Opcode::DIV && !isFloatType(ddt) && !isFloatType(s0dt) && !isFloatType(s1dt);
          for (int64_t r = 0; r < 3; ++r)
            for (int64_t i = 0; i < 37; ++i) {
              double x = run.s0(r, i), y = run.s1(r, i), z = run.s2(r, i);
              uint8_t *to = run.dst(memory, r, i);
              if (integer) {
                int64_t a = static_cast<int64_t>(x), b = static_cast<int64_t>(y), c = static_cast<int64_t>(z);
                // Products of 32 bits: by wrapping halves, 64 bits suffice for the low 32.
                uint64_t product = static_cast<uint64_t>(a) * static_cast<uint64_t>(b);
                int64_t value = opcode == Opcode::ADD   ? a + b
                                : opcode == Opcode::SUB ? a - b
                                : opcode == Opcode::MUL ? static_cast<int64_t>(product)
                                : opcode == Opcode::MAX ? std::max(a, b)
                                : opcode == Opcode::MIN ? std::min(a, b)
                                                        : static_cast<int64_t>(product + static_cast<uint64_t>(c));
                putInteger(to, ddt, value, zp);
                continue;
              }
              float a = static_cast<float>(x), b = static_cast<float>(y), c = static_cast<float>(z);
              volatile float product = a * b;
              float value = opcode == Opcode::ADD   ? a + b
                            : opcode == Opcode::SUB ? a - b
                            : opcode == Opcode::MUL ? product
                            : opcode == Opcode::DIV ? a / b
                            : opcode == Opcode::MAX ? std::max(a, b)
                            : opcode == Opcode::MIN ? std::min(a, b)
                                                    : product + c;
              putElement(to, ddt, value, mode, zp);
            }
          run.expectMemory(memory);
          if (testing::Test::HasFailure())
            FAIL() << infoOf(opcode).mnemonic << ' ' << nameOf(ddt) << ' ' << nameOf(s0dt) << ' ' << nameOf(s1dt);
        }
}

TEST(Vector, ImmediatesAndBroadcasts) {
  VectorRun scaled(DType::i8, DType::i32, DType::f32, 50, 2, 1);
  scaled.extra = {{Field::s1, f32Bits(1.5e-8f)}, {Field::s1_imm, 1}, {Field::zp, 3}};
  scaled.run(Opcode::MUL, false, false);
  auto memory = scaled.expected();
  for (int64_t r = 0; r < 2; ++r)
    for (int64_t i = 0; i < 50; ++i)
      putElement(scaled.dst(memory, r, i), DType::i8, static_cast<float>(scaled.s0(r, i)) * 1.5e-8f, Round::rint, 3);
  scaled.expectMemory(memory);

  VectorRun row(DType::f32, DType::f16, DType::f32, 20, 4, 2);
  row.extra = {{Field::s1_bcast, 1}};
  row.run(Opcode::SUB, true, false);
  memory = row.expected();
  for (int64_t r = 0; r < 4; ++r)
    for (int64_t i = 0; i < 20; ++i)
      putElement(row.dst(memory, r, i), DType::f32,
                 static_cast<float>(row.s0(r, i)) - static_cast<float>(row.s1(r, 0)));
  row.expectMemory(memory);

  VectorRun shifted(DType::i32, DType::i32, DType::i32, 9, 1, 3);
  shifted.extra = {{Field::s1, f32Bits(35)}, {Field::s1_imm, 1}};
  shifted.run(Opcode::SHR, false, false);
  memory = shifted.expected();
  for (int64_t i = 0; i < 9; ++i)
    putInteger(shifted.dst(memory, 0, i), DType::i32, static_cast<int64_t>(std::floor(shifted.s0(0, i) / 8)), 0);
  shifted.expectMemory(memory);
}

TEST(Vector, BitwiseAndCompare) {
  uint32_t seed = 100;
  for (Opcode opcode : {Opcode::AND, Opcode::OR, Opcode::XOR, Opcode::SHL, Opcode::SHR}) {
    VectorRun run(DType::i32, DType::i32, DType::i8, 40, 2, ++seed);
    run.run(opcode, true, false);
    auto memory = run.expected();
    for (int64_t r = 0; r < 2; ++r)
      for (int64_t i = 0; i < 40; ++i) {
        int32_t a = static_cast<int32_t>(run.s0(r, i)), b = static_cast<int32_t>(run.s1(r, i));
        int64_t places = ((b % 32) + 32) % 32;
        int64_t value = opcode == Opcode::AND   ? a & b
                        : opcode == Opcode::OR  ? a | b
                        : opcode == Opcode::XOR ? a ^ b
                        : opcode == Opcode::SHL ? int64_t(a) * (int64_t(1) << places)
                                                : int64_t(a) >> places;
        putInteger(run.dst(memory, r, i), DType::i32, value, 0);
      }
    run.expectMemory(memory);
  }
  for (unsigned cmp = 0; cmp < 6; ++cmp)
    for (DType type : {DType::i8, DType::f16}) {
      VectorRun run(DType::u8, type, type, 40, 2, ++seed);
      run.before[kS1] = run.before[kS0], run.before[kS1 + 1] = run.before[kS0 + 1]; // one equal pair
      run.extra = {{Field::cmp, cmp}};
      run.run(Opcode::CMP, true, false);
      auto memory = run.expected();
      for (int64_t r = 0; r < 2; ++r)
        for (int64_t i = 0; i < 40; ++i) {
          double a = run.s0(r, i), b = run.s1(r, i);
          bool holds[] = {a == b, a != b, a<b, a <= b, a> b, a >= b};
          *run.dst(memory, r, i) = holds[cmp];
        }
      run.expectMemory(memory);
    }
  VectorRun run(DType::f16, DType::i8, DType::f32, 64, 1, ++seed);
  for (int64_t i = 0; i < 64; i += 3)
    run.before[static_cast<size_t>(kS0 + i)] = 0;
  run.run(Opcode::SEL, true, true);
  auto memory = run.expected();
  for (int64_t i = 0; i < 64; ++i)
    putElement(run.dst(memory, 0, i), DType::f16, run.s0(0, i) != 0 ? run.s1(0, i) : run.s2(0, i));
  run.expectMemory(memory);
}

float treeOf(const std::vector<float> &values, size_t from, size_t width) {
  if (width == 1)
    return from < values.size() ? values[from] : 0.0f;
  return treeOf(values, from, width / 2) + treeOf(values, from + width / 2, width / 2);
}

TEST(Vector, Reductions) {
  uint32_t seed = 200;
  for (DType type : {DType::i8, DType::i32, DType::f16, DType::f32})
    for (int64_t len : {1, 2, 7, 64, 100})
      for (Opcode opcode : {Opcode::RSUM, Opcode::RMAX, Opcode::RMIN, Opcode::RARGMAX}) {
        DType ddt = opcode == Opcode::RARGMAX || type == DType::i8 ? DType::i32 : type;
        VectorRun run(ddt, type, type, len, 5, ++seed);
        run.run(opcode, false, false);
        auto memory = run.expected();
        for (int64_t r = 0; r < 5; ++r) {
          std::vector<float> values;
          int64_t sum = 0, best = 0;
          double low = run.s0(r, 0), high = run.s0(r, 0);
          for (int64_t i = 0; i < len; ++i) {
            double x = run.s0(r, i);
            values.push_back(static_cast<float>(x));
            if (!isFloatType(type))
              sum += static_cast<int64_t>(x);
            low = std::min(low, x);
            if (x > high)
              high = x, best = i;
          }
          uint8_t *to = run.dst(memory, r, 0);
          if (opcode == Opcode::RARGMAX)
            putInteger(to, ddt, best, 0);
          else if (opcode != Opcode::RSUM)
            isFloatType(type) ? putElement(to, ddt, opcode == Opcode::RMAX ? high : low)
                              : putInteger(to, ddt, static_cast<int64_t>(opcode == Opcode::RMAX ? high : low), 0);
          else if (isFloatType(type))
            putElement(to, ddt, treeOf(values, 0, 128)); // zeros beyond the next power of two change nothing
          else
            putInteger(to, ddt, sum, 0);
        }
        run.expectMemory(memory);
      }
}

TEST(Vector, NaNsWin) {
  Bench bench;
  unsigned in = bench.segment(SegmentKind::Input, 64), out = bench.segment(SegmentKind::Output, 64);
  float values[] = {1, NAN, 3, -NAN, 5, 2, 7, 8};
  for (size_t i = 0; i < 8; ++i)
    bench.set<float>(in, i, values[i]), bench.set<float>(in, 8 + i, values[7 - i]);
  bench.load(in, 0, Space::VB, 0, 64);
  Fields fields = {{Field::s0, local(Space::VB, 0)},
                   {Field::s1, local(Space::VB, 32)},
                   {Field::dst, local(Space::VB, 64)},
                   {Field::ddt, code(DType::f32)},
                   {Field::s0dt, code(DType::f32)},
                   {Field::s1dt, code(DType::f32)},
                   {Field::len, 8},
                   {Field::rep, 1}};
  bench.add(Opcode::MAX, fields);
  bench.add(Opcode::RMIN, {{Field::s0, local(Space::VB, 0)},
                           {Field::dst, local(Space::VB, 96)},
                           {Field::ddt, code(DType::f32)},
                           {Field::s0dt, code(DType::f32)},
                           {Field::len, 8},
                           {Field::rep, 1}});
  bench.add(Opcode::RARGMAX, {{Field::s0, local(Space::VB, 0)},
                              {Field::dst, local(Space::VB, 128)},
                              {Field::ddt, code(DType::i32)},
                              {Field::s0dt, code(DType::f32)},
                              {Field::len, 8},
                              {Field::rep, 1}});
  bench.add(Opcode::CAST, {{Field::s0, local(Space::VB, 0)},
                           {Field::dst, local(Space::VB, 160)},
                           {Field::zp, 7},
                           {Field::ddt, code(DType::i8)},
                           {Field::s0dt, code(DType::f32)},
                           {Field::len, 8},
                           {Field::rep, 1}});
  bench.store(Space::VB, 64, out, 0, 36);
  bench.store(Space::VB, 128, out, 36, 4);
  bench.store(Space::VB, 160, out, 40, 8);
  bench.runWell();
  for (size_t i = 0; i < 8; ++i) {
    float a = values[i], b = values[7 - i];
    if (a != a || b != b)
      EXPECT_EQ(bench.at<uint32_t>(out, i), 0x7fc00000u);
    else
      EXPECT_EQ(bench.at<float>(out, i), std::max(a, b));
  }
  EXPECT_EQ(bench.at<uint32_t>(out, 8), 0x7fc00000u);
  EXPECT_EQ(bench.at<int32_t>(out, 9), 1);
  EXPECT_EQ(bench.at<int8_t>(out, 41), 7) << "a NaN becomes the zero point";
}

TEST(Vector, Movement) {
  uint32_t seed = 300;
  for (DType type : kTypes) {
    size_t bytes = bytesOf(type);
    VectorRun turned(type, type, type, 11, 6, ++seed);
    turned.dstStride = 16 * static_cast<int64_t>(bytes);
    turned.run(Opcode::TRANS, false, false);
    auto memory = turned.expected();
    for (int64_t i = 0; i < 6; ++i)
      for (int64_t j = 0; j < 11; ++j)
        std::memcpy(turned.dst(memory, j, i),
                    &memory[static_cast<size_t>(kS0 + i * turned.s0Stride) + static_cast<size_t>(j) * bytes], bytes);
    turned.expectMemory(memory);

    VectorRun spread(type, type, type, 13, 3, ++seed);
    spread.run(Opcode::BCAST, false, false);
    memory = spread.expected();
    for (int64_t r = 0; r < 3; ++r)
      for (int64_t i = 0; i < 13; ++i)
        std::memcpy(spread.dst(memory, r, i), &memory[static_cast<size_t>(kS0 + r * spread.s0Stride)], bytes);
    spread.expectMemory(memory);

    VectorRun gathered(type, type, DType::i32, 30, 2, ++seed);
    for (int64_t r = 0; r < 2; ++r)
      for (int64_t i = 0; i < 30; ++i) {
        int32_t index = static_cast<int32_t>(gathered.random() % 100);
        std::memcpy(&gathered.before[static_cast<size_t>(kS1 + r * gathered.s1Stride + i * 4)], &index, 4);
      }
    VectorRun scattered = gathered;
    scattered.bench = Bench();
    scattered.dstStride = 200 * static_cast<int64_t>(bytes);
    gathered.run(Opcode::GATHER, true, false);
    scattered.run(Opcode::SCATTER, true, false);
    memory = gathered.expected();
    auto scatter = scattered.expected();
    for (int64_t r = 0; r < 2; ++r)
      for (int64_t i = 0; i < 30; ++i) {
        int64_t index = static_cast<int64_t>(gathered.s1(r, i));
        std::memcpy(
            gathered.dst(memory, r, i),
            &gathered.before[static_cast<size_t>(kS0 + r * gathered.s0Stride) + static_cast<size_t>(index) * bytes],
            bytes);
        std::memcpy(
            scattered.dst(scatter, r, index),
            &scattered.before[static_cast<size_t>(kS0 + r * scattered.s0Stride) + static_cast<size_t>(i) * bytes],
            bytes);
      }
    gathered.expectMemory(memory);
    scattered.expectMemory(scatter);

    VectorRun table(type, DType::i8, type, 40, 2, ++seed);
    table.run(Opcode::LUT, true, false);
    memory = table.expected();
    for (int64_t r = 0; r < 2; ++r)
      for (int64_t i = 0; i < 40; ++i) {
        size_t index = table.before[static_cast<size_t>(kS0 + r * table.s0Stride + i)];
        std::memcpy(table.dst(memory, r, i), &table.before[kS1 + index * bytes], bytes);
      }
    table.expectMemory(memory);

    VectorRun counted(type, type, type, 50, 1, ++seed);
    counted.run(Opcode::IOTA, false, false);
    memory = counted.expected();
    for (int64_t i = 0; i < 50; ++i)
      putElement(counted.dst(memory, 0, i), type, double(i));
    counted.expectMemory(memory);
  }
}

TEST(Vector, IndexOutsideTheSpaceTraps) {
  Bench bench;
  unsigned in = bench.segment(SegmentKind::Input, 32);
  bench.set<int32_t>(in, 3, 20000);
  bench.load(in, 0, Space::VB, 0, 32);
  bench.add(Opcode::GATHER, {{Field::s0, local(Space::VB, 0)},
                             {Field::s1, local(Space::VB, 0)},
                             {Field::dst, local(Space::VB, 64)},
                             {Field::ddt, code(DType::i32)},
                             {Field::s0dt, code(DType::i32)},
                             {Field::s1dt, code(DType::i32)},
                             {Field::len, 8},
                             {Field::rep, 1}});
  EXPECT_EQ(bench.runBadly(), "trap: pc 1 GATHER: index 20000 reaches byte 80000 of VB, which has 65536\n");
}

} // namespace
