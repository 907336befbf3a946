// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_CALIBRATION_INTERNAL_H
#define AIC_LIB_CALIBRATION_INTERNAL_H

#include "aic/Calibration/Calibrate.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::aic {

/// How often numbers were seen, in bins of one width from -limit to limit. The limit is a power of two that doubles
/// when a number is beyond it: two bins become one, so the order of tensors hardly matters.
class Histogram {
public:
  /// Fails on NaN and infinity.
  bool add(const ::aic::eval::Tensor &tensor, bool countBins);
  bool empty() const { return elements == 0; }
  /// What `percentile` percent of all numbers lie between; as many are below as above.
  std::pair<double, double> range(double percentile) const;

private:
  static constexpr int64_t kBins = 8192;
  void grow(double magnitude);

  double limit = 0, low = 0, high = 0;
  uint64_t elements = 0;
  std::vector<uint64_t> bins;
};

/// The inputs of one call each.
using Samples = std::vector<std::vector<::aic::eval::View>>;
/// Cuts arrays into samples for the arguments of @main; the sets own the memory.
LogicalResult cutSamples(func::FuncOp main, ArrayRef<CalibrationSet> sets, Samples &samples);

} // namespace mlir::aic

#endif // AIC_LIB_CALIBRATION_INTERNAL_H
