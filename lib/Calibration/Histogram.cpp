// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Internal.h"

#include <algorithm>
#include <cmath>

namespace mlir::aic {

void Histogram::grow(double magnitude) {
  if (bins.empty()) {
    bins.assign(kBins, 0);
    limit = std::exp2(std::ceil(std::log2(std::max(magnitude, 1e-30))));
  }
  while (limit < magnitude) {
    // Bins i and i + 1 of one half become one next to the middle.
    std::vector<uint64_t> wider(kBins, 0);
    for (int64_t i = 0; i < kBins; ++i)
      wider[kBins / 4 + i / 2] += bins[i];
    bins = std::move(wider);
    limit *= 2;
  }
}

bool Histogram::add(const ::aic::eval::Tensor &tensor, bool countBins) {
  const float *x = tensor.as<float>();
  int64_t count = tensor.size();
  if (count == 0)
    return true;
  float least = x[0], most = x[0], check = 0;
  for (int64_t i = 0; i < count; ++i) {
    least = std::min(least, x[i]);
    most = std::max(most, x[i]);
    check += x[i] * 0.0f; // NaN from NaN and infinity
  }
  if (std::isnan(check))
    return false;
  low = elements ? std::min(low, double(least)) : least;
  high = elements ? std::max(high, double(most)) : most;
  elements += count;
  if (!countBins)
    return true;
  grow(std::max(std::abs(double(least)), std::abs(double(most))));
  double factor = double(kBins) / (2 * limit);
  for (int64_t i = 0; i < count; ++i)
    ++bins[std::clamp<int64_t>(int64_t((double(x[i]) + limit) * factor), 0, kBins - 1)];
  return true;
}

std::pair<double, double> Histogram::range(double percentile) const {
  if (percentile >= 100 || bins.empty())
    return {low, high};
  double outside = double(elements) * (100 - percentile) / 200, width = 2 * limit / double(kBins);
  auto edge = [&](bool fromBelow) {
    double seen = 0;
    for (int64_t i = 0; i < kBins; ++i) {
      int64_t bin = fromBelow ? i : kBins - 1 - i;
      seen += double(bins[bin]);
      if (seen > outside)
        return -limit + width * double(fromBelow ? bin : bin + 1);
    }
    return 0.0;
  };
  return {std::max(low, edge(true)), std::min(high, edge(false))};
}

} // namespace mlir::aic
