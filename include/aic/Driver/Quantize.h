// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Quantize.h - The step before a compilation to 8 bits ---------------===//
#ifndef AIC_DRIVER_QUANTIZE_H
#define AIC_DRIVER_QUANTIZE_H

#include "aic/Calibration/Calibrate.h"
#include "aic/Driver/Driver.h"

namespace mlir::aic {

/// Quantises a module that loadModel made, in the form of the target in `compile`; compileToLibrary takes the result.
LogicalResult quantizeModel(ModuleOp module, ArrayRef<CalibrationSet> sets, const CalibrationOptions &options,
                            const CompileOptions &compile, CalibrationReport &report);

} // namespace mlir::aic

#endif // AIC_DRIVER_QUANTIZE_H
