// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Calibrate.h - From a float model and samples to an 8-bit model -----===//
//
// Runs the float model on samples, takes the ranges of its values, quantises it (aic-quantize) and measures what that
// did to every layer. Errors are diagnostics.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_CALIBRATION_CALIBRATE_H
#define AIC_CALIBRATION_CALIBRATE_H

#include "aic/Eval/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlir {
class OpPassManager;
}

namespace mlir::aic {

/// One file of samples: for each input of the model its name and an array. An array has the input's rank, with the
/// samples one after the other along its first dim, or one dim more.
using CalibrationSet = std::vector<std::pair<std::string, ::aic::eval::Tensor>>;

struct CalibrationOptions {
  /// This share of a value's elements lies inside its range; 100: all of them.
  double percentile = 100;
  /// Nodes whose layers are computed in f16.
  std::vector<std::string> keep;
  /// Layers that alone give less than this, in dB, are computed in f16.
  std::optional<double> minSnr;
  /// Told what is done: "ranges", 3, 20.
  std::function<void(StringRef, size_t, size_t)> progress;
  /// Samples that the layers are measured on.
  size_t measured = 8;
};

struct LayerReport {
  std::string name, kind;
  bool half = false;
  double macs = 0; ///< for one sample
  float scale = 0; ///< of the result; not in f16
  int zero = 0;
  std::optional<double> alone; ///< dB, the layer on the float model's values; absent: no error at all
  std::optional<double> model; ///< dB, in the quantised model
};

struct CalibrationReport {
  size_t samples = 0;
  double percentile = 100;
  std::vector<LayerReport> layers;
  std::vector<std::pair<std::string, std::optional<double>>> outputs; ///< dB
  std::vector<std::pair<std::string, std::pair<double, double>>> ranges;

  double macs() const;
  /// The share of multiply-adds that stay in f16.
  double halfShare() const;
  std::string json() const;
  std::string text() const;
};

/// Quantises @main of a module of the graph level in place. `prepare` brings it into the form that is quantised:
/// aic-graph-pipeline for a target.
LogicalResult calibrate(ModuleOp module, ArrayRef<CalibrationSet> sets, const CalibrationOptions &options,
                        function_ref<void(OpPassManager &)> prepare, CalibrationReport &report);

} // namespace mlir::aic

#endif // AIC_CALIBRATION_CALIBRATE_H
