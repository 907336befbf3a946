// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "WindowTiling.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace aic::npu {

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t alignUp(int64_t a, int64_t b) { return ceilDiv(a, b) * b; }

int64_t WindowGeometry::weightsOf(int64_t channels) const {
  return alignUp(taps() * channels * weightBytes, align);
}

int64_t WindowGeometry::weightsAndTableOf(int64_t channels) const {
  return weightsOf(channels) + (hasTable ? alignUp(channels * 8, kGranuleBytes) : 0);
}

void WindowGeometry::source(int64_t first, int64_t last, int64_t window, int64_t stride, int64_t dilation, int64_t pad,
                            int64_t extent, int64_t &begin, int64_t &end) {
  begin = std::clamp<int64_t>(first * stride - pad, 0, extent - 1);
  end = std::clamp<int64_t>((last - 1) * stride - pad + (window - 1) * dilation + 1, begin + 1, extent);
}

void WindowGeometry::inputRows(int64_t first, int64_t last, int64_t &begin, int64_t &end) const {
  source(first, last, kh, sh, dh, pt, h, begin, end);
}

void WindowGeometry::inputPixels(int64_t first, int64_t last, int64_t &begin, int64_t &end) const {
  source(first, last, kw, sw, dw, pl, w, begin, end);
}

/// The most input places that a block of `count` results of `all` reads.
static int64_t widest(int64_t count, int64_t window, int64_t stride, int64_t dilation, int64_t extent) {
  return std::min(extent, (count - 1) * stride + (window - 1) * dilation + 1);
}

/// Even cuts of an extent: ceil(extent / n) for growing n, each once.
static std::vector<int64_t> cuts(int64_t extent) {
  std::vector<int64_t> result;
  for (int64_t n = 1; n <= extent; n += std::max<int64_t>(1, n / 4))
    if (int64_t size = ceilDiv(extent, n); result.empty() || result.back() != size)
      result.push_back(size);
  if (result.back() != 1)
    result.push_back(1);
  return result;
}

namespace {
class Search {
public:
  Search(const WindowGeometry &shape, const Machine &machine)
      : s(shape), machine(machine), capacity(int64_t(machine.space(Space::VB).bytes)),
        align(std::max<int64_t>(machine.space(Space::VB).align, kGranuleBytes)) {}

  std::optional<WindowTiling> run() {
    std::optional<WindowTiling> best;
    for (unsigned slots : {2u, 1u}) {
      for (int64_t channels : channelCuts())
        for (int64_t pixels : cuts(s.ow))
          for (int64_t rows : cuts(s.oh)) {
            WindowTiling t;
            t.rows = rows, t.pixels = pixels, t.channels = channels, t.slots = slots;
            if (fits(t) && (!best || (estimate(t), t.cycles < best->cycles))) {
              estimate(t);
              best = t;
            }
          }
      if (best)
        return best;
    }
    return best;
  }

private:
  /// All channels, then multiples of a granule, then what is left when nothing else fits.
  std::vector<int64_t> channelCuts() const {
    std::vector<int64_t> result;
    int64_t step = std::max<int64_t>(1, int64_t(kGranuleBytes) / s.inBytes);
    for (int64_t size : cuts(s.c)) {
      int64_t rounded = std::min(s.c, size >= step ? alignUp(size, step) : size);
      if (result.empty() || result.back() != rounded)
        result.push_back(rounded);
    }
    return result;
  }

  bool fits(WindowTiling &t) const {
    int64_t rows = widest(t.rows, s.kh, s.sh, s.dh, s.h), pixels = widest(t.pixels, s.kw, s.sw, s.dw, s.w);
    if (t.channels > 16383 || rows > 4095 || pixels > 4095 || t.rows > 4095 || t.pixels > 4095 ||
        pixels * t.channels >= 1 << 20 || t.pixels * t.channels >= 1 << 20)
      return false;
    t.inputBytes = alignUp(rows * pixels * t.channels * s.inBytes, align);
    t.outputBytes = alignUp(t.rows * t.pixels * t.channels * s.outBytes, align);
    t.weightBytes = alignUp(s.weightsAndTableOf(t.channels), align);
    int64_t weightSlots = t.channels == s.c ? 1 : t.slots;
    return t.slots * (t.inputBytes + t.outputBytes) + weightSlots * t.weightBytes <= capacity;
  }

  /// Bytes that DRAM moves for rows x pixels x channels of a tensor of `width` pixels.
  double traffic(double rows, double pixels, int64_t channels, int64_t width, int64_t bytes) const {
    double run = double(channels * bytes), runs = rows * pixels;
    int64_t unit = std::gcd(channels * bytes, s.c * bytes);
    if (channels == s.c) {
      run *= pixels, runs = rows;
      unit = std::gcd(int64_t(pixels) * s.c * bytes, width * s.c * bytes);
      if (int64_t(pixels) == width)
        run *= rows, runs = 1;
    }
    double burst = std::max(machine.dram.burst, 1u), start = double(std::gcd(unit, int64_t(burst)));
    return runs * (run + burst - start);
  }

  void estimate(WindowTiling &t) const {
    int64_t chunks = ceilDiv(s.c, t.channels), down = ceilDiv(s.oh, t.rows), across = ceilDiv(s.ow, t.pixels);
    double blocks = double(s.batch * chunks * down * across);
    double rows = double(widest(t.rows, s.kh, s.sh, s.dh, s.h)),
           pixels = double(widest(t.pixels, s.kw, s.sw, s.dw, s.w));
    double moved = traffic(rows, pixels, t.channels, s.w, s.inBytes) +
                   traffic(double(t.rows), double(t.pixels), t.channels, s.ow, s.outBytes);
    double rate = machine.dram.bytesPerCycle;
    const DataPath *path = machine.path(Engine::LD, std::nullopt, Space::VB);
    if (path)
      rate = std::min(rate, path->bytesPerCycle);
    double transfer = moved / rate + (path ? path->issue : 0);
    double work = machine.vx.headCycles +
                  double(t.rows * t.pixels * t.channels * s.taps()) / std::max(machine.vx.dwMacsPerCycle, 1u);
    double whole =
        double(s.oh * s.ow) / double(t.rows * t.pixels * down * across) * double(s.c) / double(chunks * t.channels);
    double weights = double(s.weightsAndTableOf(t.channels) * chunks) / rate;
    // The first transfer and the last work stand alone; with one slot all of them do.
    double steady = t.slots > 1 ? std::max(transfer, work) : transfer + work;
    t.cycles = int64_t(blocks * whole * steady + weights + transfer + work);
  }

  const WindowGeometry &s;
  const Machine &machine;
  int64_t capacity, align;
};
} // namespace

std::optional<WindowTiling> chooseWindowTiling(const WindowGeometry &s, const Machine &machine, std::string &reason) {
  auto within = [&](int64_t value, int64_t limit, const char *what) {
    if (value <= limit)
      return true;
    reason =
        std::string("expected ") + what + " of at most " + std::to_string(limit) + ", got " + std::to_string(value);
    return false;
  };
  if (!within(std::max(s.kh, s.kw), 127, "a window") || !within(std::max(s.sh, s.sw), 31, "window strides") ||
      !within(std::max(s.dh, s.dw), 31, "window dilations") ||
      !within(std::max(s.pt, s.pl), 4095, "a window's padding"))
    return std::nullopt;
  std::optional<WindowTiling> best = Search(s, machine).run();
  if (!best)
    reason = "the window of one result does not fit VB";
  return best;
}

} // namespace aic::npu
