// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ConvTiling.h"
#include <algorithm>
#include <cmath>

namespace aic::npu {

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t roundUp(int64_t a, int64_t b) { return ceilDiv(a, b) * b; }
int64_t roundToGranule(int64_t bytes) { return roundUp(bytes, kGranuleBytes); }

void ConvShape::inputRows(int64_t first, int64_t last, int64_t &begin, int64_t &end) const {
  begin = std::max<int64_t>(0, first * sh - pt);
  end = std::min(h, (last - 1) * sh - pt + (kh - 1) * dh + 1);
  if (begin >= end) { // only padding: any row will do, it is not read
    begin = std::min(begin, h - 1);
    end = begin + 1;
  }
}

int64_t inputBlockBytes(const ConvShape &s, const ConvTiling &t) {
  if (s.isMatrix()) // a matrix: only the pixels of the block
    return roundToGranule(t.pixels * t.depth * s.inBytes);
  int64_t rows = std::min(s.h, (t.rows - 1) * s.sh + (s.kh - 1) * s.dh + 1);
  return roundToGranule(rows * s.w * t.depth * s.inBytes);
}
int64_t tableOffset(const ConvShape &s, const ConvTiling &t) {
  return roundUp(t.columns * s.kh * s.kw * t.depth * s.inBytes, t.align);
}
int64_t weightBlockBytes(const ConvShape &s, const ConvTiling &t) {
  return tableOffset(s, t) + roundToGranule(t.columns * 8);
}
int64_t outputBlockBytes(const ConvShape &s, const ConvTiling &t) {
  return t.rows * t.pixels * roundToGranule(t.columns * s.outBytes);
}
int64_t residualBlockBytes(const ConvShape &s, const ConvTiling &t) {
  return s.residual ? t.rows * t.pixels * roundToGranule(t.columns) : 0;
}

namespace {
class Search {
public:
  Search(const ConvShape &s, const Machine &machine) : s(s), machine(machine) {
    blockK = machine.mx.k(s.inBytes == 1 ? DType::i8 : DType::f16);
  }
  void run();
  std::optional<ConvTiling> best; // by estimated cycles

private:
  void tryBlock(ConvTiling t);
  bool tile(ConvTiling &t, double &mx, double &mv, double &fx) const;
  double rate(Engine engine, std::optional<Space> from, std::optional<Space> to) const {
    const DataPath *path = machine.path(engine, from, to);
    return path && path->bytesPerCycle > 0 ? path->bytesPerCycle : 1;
  }
  const ConvShape &s;
  const Machine &machine;
  int64_t blockK;
};

/// Candidate extents: all of `extent`, its even cuts, and powers of two; multiples of `unit` except the whole.
std::vector<int64_t> cuts(int64_t extent, int64_t unit) {
  std::vector<int64_t> result{extent};
  for (int64_t parts = 2; parts <= 64; ++parts) {
    int64_t size = roundUp(ceilDiv(extent, parts), unit);
    if (size < extent && size != result.back())
      result.push_back(size);
  }
  for (int64_t size = unit; size < extent && size <= 4096; size *= 2)
    result.push_back(size);
  std::sort(result.begin(), result.end(), std::greater<>());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

/// Picks the tile for a block: the one with the fewest cycles on the busiest of MX, MV and FX.
bool Search::tile(ConvTiling &t, double &mx, double &mv, double &fx) const {
  const MatrixUnit &unit = machine.mx;
  int64_t m = t.rows * t.pixels, n = t.columns, k = s.kh * s.kw * t.depth;
  int64_t aBytes = int64_t(machine.space(Space::A0).bytes), bBytes = int64_t(machine.space(Space::B0).bytes),
          cBytes = int64_t(machine.space(Space::C0).bytes);
  // Where a tile's results, residuals and records start in L1 is aligned: its rows, of whole granules each, and its
  // columns are multiples of what lies between two such places, unless there is one tile only.
  int64_t columnUnit = std::max<int64_t>({t.align / s.outBytes, s.residual ? t.align : 1, t.align / 8}),
          rowUnit = t.align / kGranuleBytes;
  double bestCost = INFINITY;
  ConvTiling chosen = t;
  for (int64_t tn : {256, 192, 128, 96, 64, 32, 16, 8, 4}) {
    tn = std::min(roundUp(tn, columnUnit), n);
    for (int64_t tm : {512, 256, 192, 128, 96, 64, 48, 32, 16, 8, 4, 2, 1}) {
      tm = std::min<int64_t>(roundUp(roundUp(tm, unit.m), rowUnit), m);
      int64_t cTile = roundUp(tm * roundToGranule(tn * 4), machine.space(Space::C0).align);
      if (cTile > cBytes || tm > 4095 || tn > 4095)
        continue;
      for (int64_t tk : {2048, 1024, 512, 256, 128, 64, 32}) {
        tk = std::min(roundUp(tk, blockK), k);
        int64_t aTile = roundUp(tm * roundToGranule(tk * s.inBytes), machine.space(Space::A0).align),
                bTile = roundUp(tn * roundToGranule(tk * s.inBytes), machine.space(Space::B0).align);
        if (aTile > aBytes || bTile > bBytes || tk > 65535)
          continue;
        int64_t steps = ceilDiv(k, tk), mTiles = ceilDiv(m, tm), nTiles = ceilDiv(n, tn);
        unsigned cSlots = unsigned(std::min<int64_t>(cBytes / cTile, 4)),
                 aSlots = unsigned(std::min<int64_t>(aBytes / aTile, 4)),
                 bSlots = unsigned(std::min<int64_t>(bBytes / bTile, 8));
        auto blocks = [](int64_t whole, int64_t part, int64_t unit) {
          return (whole / part) * ceilDiv(part, unit) + ceilDiv(whole % part, unit);
        };
        double compute = double(mTiles * nTiles * steps) * unit.headCycles +
                         double(blocks(m, tm, unit.m)) * double(blocks(n, tn, unit.n)) * double(blocks(k, tk, blockK));
        // With one step the left tile stays for all column tiles.
        double aLoads = double(m) * double(k * s.inBytes) * double(steps == 1 && aSlots > 1 ? 1 : nTiles);
        double bLoads = double(n) * double(k * s.inBytes) * double(int64_t(bSlots) >= nTiles * steps ? 1 : mTiles);
        double move = aLoads / rate(Engine::MV, Space::L1, Space::A0) +
                      bLoads / rate(Engine::MV, Space::L1, Space::B0) + 8.0 * double(mTiles * nTiles * steps);
        double out = double(m * n * (s.outBytes + (s.residual ? 1 : 0))) / rate(Engine::FX, Space::C0, Space::L1) +
                     8.0 * double(mTiles * nTiles);
        double cost = std::max({compute, move, out});
        if (aSlots < 2 || bSlots < 2) // the matrix unit waits for its operands
          cost += move;
        if (cSlots < 2)
          cost += out;
        if (cost < bestCost) {
          bestCost = cost;
          chosen.m = tm, chosen.n = tn, chosen.k = tk;
          chosen.aSlots = aSlots, chosen.bSlots = bSlots, chosen.cSlots = cSlots;
          mx = compute, mv = move, fx = out;
        }
      }
    }
  }
  t = chosen;
  return std::isfinite(bestCost);
}

void Search::tryBlock(ConvTiling t) {
  if (t.depth < s.c && (t.rows * t.pixels > 4095 || t.columns > 4095))
    return;
  int64_t l1 = int64_t(machine.space(Space::L1).bytes);
  int64_t align = machine.space(Space::L1).align;
  int64_t input = roundUp(inputBlockBytes(s, t), align), weights = roundUp(weightBlockBytes(s, t), align),
          output = roundUp(outputBlockBytes(s, t), align) + roundUp(residualBlockBytes(s, t), align);
  int64_t rowBlocks = s.batch * ceilDiv(s.oh, t.rows) * ceilDiv(s.ow, t.pixels), columnBlocks = ceilDiv(s.f, t.columns),
          depthBlocks = ceilDiv(s.c, t.depth);
  if (input + weights + output > l1)
    return;
  t.inputSlots = t.weightSlots = t.outputSlots = 1;
  int64_t left = l1 - input - weights - output;
  // A second slot where there is a second block, the most useful first.
  bool streamWeights = columnBlocks * depthBlocks > 1, streamInput = rowBlocks * depthBlocks > 1;
  for (int pass = 0; pass < 3; ++pass) {
    unsigned &slots = pass == 0 ? t.inputSlots : pass == 1 ? t.outputSlots : t.weightSlots;
    int64_t bytes = pass == 0 ? input : pass == 1 ? output : weights;
    bool wanted = pass == 0 ? streamInput : pass == 1 ? rowBlocks * columnBlocks > 1 : streamWeights;
    if (wanted && bytes <= left) {
      slots = 2;
      left -= bytes;
    }
  }
  double mx = 0, mv = 0, fx = 0;
  if (!tile(t, mx, mv, fx))
    return;
  if (t.depth < s.c && (t.m < t.rows * t.pixels || t.n < t.columns))
    return; // partial sums of a block stay in C0 between depths, so the block is one tile
  double count = double(rowBlocks * columnBlocks * depthBlocks);
  double dram = std::max(machine.dram.bytesPerCycle, 1e-9);
  double inputAll = double(rowBlocks * depthBlocks) * double(input),
         weightAll = double(columnBlocks * depthBlocks) * double(weights);
  double orderA = weightAll * (depthBlocks > 1 ? double(rowBlocks) : 1.0) + inputAll * double(columnBlocks);
  double orderB =
      inputAll * (depthBlocks > 1 ? double(columnBlocks) : 1.0) + weightAll * double(rowBlocks > 1 ? rowBlocks : 1);
  t.weightsOuter = orderA <= orderB;
  double traffic =
      (std::min(orderA, orderB) + double(s.batch * s.oh * s.ow * s.f * (s.outBytes + (s.residual ? 1 : 0)))) / dram;
  double slowest = std::max({mx * count, mv * count, fx * count, traffic});
  // Filling and draining: the first block's loads and the last one's store are not hidden; without a second slot none
  // are.
  double exposed = double(input + weights + output) / dram + 2.0 * machine.dram.readLatency;
  if ((streamInput && t.inputSlots < 2) || (streamWeights && t.weightSlots < 2))
    exposed += traffic * 0.7;
  if (t.outputSlots < 2 && rowBlocks * columnBlocks > 1)
    exposed += traffic * 0.3;
  t.cycles = int64_t((slowest + exposed) * double(s.groups) + 60.0 * count);
  if (!best || t.cycles < best->cycles)
    best = t;
}

void Search::run() {
  int64_t columnUnit = std::max<int64_t>(kGranuleBytes / s.outBytes, 1);
  std::vector<int64_t> rows = s.isMatrix() ? std::vector<int64_t>{1} : cuts(s.oh, 1);
  std::vector<int64_t> columns = cuts(s.f, columnUnit);
  for (int64_t r : rows) {
    for (int64_t p : s.isMatrix() ? cuts(s.ow, 1) : std::vector<int64_t>{s.ow}) {
      if (r * p > 1 << 19 || p > 4095)
        continue;
      for (int64_t n : columns) {
        if (n > 65535)
          continue;
        ConvTiling t;
        t.align = std::max<int64_t>(machine.space(Space::L1).align, kGranuleBytes);
        t.rows = r, t.pixels = p, t.columns = n, t.depth = s.c;
        tryBlock(t);
        if (s.kh * s.kw != 1)
          continue;
        if (inputBlockBytes(s, t) + weightBlockBytes(s, t) + outputBlockBytes(s, t) <=
            int64_t(machine.space(Space::L1).bytes))
          continue;
        for (int64_t depth : cuts(s.c, blockK)) {
          t.depth = depth;
          if (depth < s.c)
            tryBlock(t);
        }
      }
    }
  }
}
} // namespace

std::optional<ConvTiling> chooseConvTiling(const ConvShape &shape, const Machine &machine, std::string &reason) {
  // Limits of the instruction's fields.
  if (shape.kh > 31 || shape.kw > 31 || shape.sh > 15 || shape.sw > 15 || shape.dh > 31 || shape.dw > 31 ||
      shape.c > 65535 || shape.pt > 4095 || shape.pl > 4095) {
    reason = "the window, stride, dilation or padding does not fit the fields of LDA";
    return std::nullopt;
  }
  if ((shape.w > 4095 || shape.ow > 4095) && !shape.isMatrix()) {
    reason = "a row of more than 4095 pixels does not fit the fields of LDA";
    return std::nullopt;
  }
  if (shape.depth() >= 1 << 18) {
    reason = "a sum of " + std::to_string(shape.depth()) + " products does not fit the fields of LDA";
    return std::nullopt;
  }
  Search search(shape, machine);
  search.run();
  if (!search.best)
    reason = "no tile of it fits the machine's " + std::to_string(machine.space(Space::L1).bytes) + " bytes of L1";
  return search.best;
}

} // namespace aic::npu
