//===- Box.cpp - Overlap of strided boxes --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two boxes share a byte iff starts of runs a' of A and b' of B exist with -run(A) < a' - b' < run(B). The difference
// is a sum of bounded multiples of the strides; dimensions of equal stride in both boxes fall together into one term.
// The search goes from the largest stride down and keeps only multiples from which the rest can still reach the target
// interval, by its bounds and by its greatest common divisor: two or three candidates for each term when the boxes are
// tiles of one tensor.
//
//===----------------------------------------------------------------------===//

#include "aic/NPU/Verify/Access.h"

#include <algorithm>
#include <numeric>

namespace aic::npu {

namespace {

int64_t floorDiv(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a ^ b) < 0); }
int64_t ceilDiv(int64_t a, int64_t b) { return -floorDiv(-a, b); }
int64_t floorMod(int64_t a, int64_t b) { return a - floorDiv(a, b) * b; }

struct Term {
  int64_t stride, low, high;                  // factors
  int dimOfA;                                 // -1: only B has this stride
  int64_t restLow = 0, restHigh = 0, gcd = 0; // of the terms after this one; gcd with this one
};

class Search {
public:
  Search(const ByteBox &a, const ByteBox &b) : a(a), b(b), low(1 - a.run), high(b.run - 1) {
    std::array<bool, ByteBox::kMaxRank> taken{};
    for (int i = 0; i < a.rank; ++i) {
      Term term{a.dims[i].stride, 0, a.dims[i].count - 1, i};
      for (int j = 0; j < b.rank; ++j) {
        if (taken[j] || b.dims[j].stride != term.stride)
          continue;
        taken[j] = true;
        term.low = 1 - b.dims[j].count;
        break;
      }
      terms[count++] = term;
    }
    for (int j = 0; j < b.rank; ++j)
      if (!taken[j])
        terms[count++] = {b.dims[j].stride, 1 - b.dims[j].count, 0, -1};
    std::sort(terms.begin(), terms.begin() + count, [](const Term &x, const Term &y) {
      return x.stride != y.stride ? x.stride > y.stride : x.dimOfA < y.dimOfA;
    });
    int64_t restLow = 0, restHigh = 0, gcd = 0;
    for (int i = count - 1; i >= 0; --i) {
      Term &term = terms[i];
      term.restLow = restLow, term.restHigh = restHigh;
      restLow += term.low * term.stride, restHigh += term.high * term.stride;
      term.gcd = gcd = std::gcd(gcd, term.stride);
    }
  }

  int64_t find() {
    if (!from(0, a.base - b.base))
      return -1;
    if (steps > kMaxSteps)
      return std::max(a.begin(), b.begin());
    int64_t startA = a.base, difference = a.base - b.base;
    for (int i = 0; i < count; ++i) {
      // A shared dimension leaves the smaller of the two indices at 0.
      if (terms[i].dimOfA >= 0)
        startA += std::max<int64_t>(0, factors[i]) * terms[i].stride;
      difference += factors[i] * terms[i].stride;
    }
    return std::max(startA, startA - difference);
  }

private:
  static constexpr unsigned kMaxSteps = 100000;

  /// Whether some factors of the terms from `at` on bring `value` into [low, high]. Yes when out of steps.
  bool from(int at, int64_t value) {
    if (at == count)
      return low <= value && value <= high;
    if (++steps > kMaxSteps)
      return true;
    const Term &term = terms[at];
    if (low + floorMod(value - low, term.gcd) > high)
      return false;
    int64_t first = std::max(term.low, ceilDiv(low - value - term.restHigh, term.stride));
    int64_t last = std::min(term.high, floorDiv(high - value - term.restLow, term.stride));
    for (int64_t factor = first; factor <= last; ++factor) {
      factors[at] = factor;
      if (from(at + 1, value + factor * term.stride))
        return true;
    }
    return false;
  }

  const ByteBox &a, &b;
  int64_t low, high;
  std::array<Term, 2 * ByteBox::kMaxRank> terms;
  std::array<int64_t, 2 * ByteBox::kMaxRank> factors{};
  int count = 0;
  unsigned steps = 0;
};

} // namespace

ByteBox::ByteBox(int64_t base, int64_t run, std::initializer_list<Dim> list) : base(base), run(run) {
  for (Dim dim : list) {
    if (dim.count < 1) {
      this->run = 0;
      rank = 0;
      return;
    }
    if (dim.stride < 0) {
      this->base += (dim.count - 1) * dim.stride;
      dim.stride = -dim.stride;
    }
    if (dim.count > 1 && dim.stride > 0 && rank < kMaxRank)
      dims[rank++] = dim;
  }
  std::sort(dims.begin(), dims.begin() + rank, [](Dim x, Dim y) { return x.stride > y.stride; });
  for (; rank && dims[rank - 1].stride <= this->run; --rank)
    this->run += (dims[rank - 1].count - 1) * dims[rank - 1].stride;
  for (int i = rank - 2; i >= 0; --i)
    if (dims[i].stride == dims[i + 1].stride * dims[i + 1].count) {
      dims[i] = {dims[i].count * dims[i + 1].count, dims[i + 1].stride};
      std::move(dims.begin() + i + 2, dims.begin() + rank, dims.begin() + i + 1);
      --rank;
    }
}

int64_t ByteBox::end() const {
  int64_t last = base + run;
  for (int i = 0; i < rank; ++i)
    last += (dims[i].count - 1) * dims[i].stride;
  return last;
}

bool ByteBox::covers(const ByteBox &other) const {
  if (other.empty())
    return true;
  if (rank == 0)
    return begin() <= other.begin() && other.end() <= end();
  bool same = rank == other.rank;
  for (int i = 0; same && i < rank; ++i)
    same = dims[i].count == other.dims[i].count && dims[i].stride == other.dims[i].stride;
  return same && base <= other.base && other.base + other.run <= base + run;
}

std::string ByteBox::str() const {
  std::string text = "[" + std::to_string(base) + ", " + std::to_string(base + run) + ")";
  for (int i = rank - 1; i >= 0; --i)
    text += " + " + std::to_string(dims[i].count) + " * " + std::to_string(dims[i].stride);
  return text;
}

int64_t commonByte(const ByteBox &a, const ByteBox &b) {
  if (a.empty() || b.empty() || a.end() <= b.begin() || b.end() <= a.begin())
    return -1;
  return Search(a, b).find();
}

} // namespace aic::npu
