// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RunReport.h - What aic-run prints ----------------------------------===//
#ifndef AIC_LIB_TOOLS_RUNREPORT_H
#define AIC_LIB_TOOLS_RUNREPORT_H

#include "aic/Tools/Compare.h"
#include "aic/Tools/Runner.h"

namespace mlir::aic::tools {

/// Inputs, outputs and, of a compiled model, what its manifest says.
void printInfo(const Runner &runner, bool json);
/// One line: extents, range, first elements.
void printTensor(StringRef name, const ::aic::eval::View &view);
/// One line; returns whether the output is as expected.
bool printComparison(StringRef name, const ::aic::eval::View &got, const ::aic::eval::View &expected,
                     ::aic::tools::Tolerance tolerance);
/// Minimum and median of several calls.
void printTimes(std::vector<double> milliseconds);
/// A table of kernels, the most expensive first, averaged over the calls, with what they reach of GFLOP/s and GB/s.
void printProfile(StringRef manifest, ArrayRef<KernelTime> profile, ArrayRef<double> milliseconds);

} // namespace mlir::aic::tools

#endif // AIC_LIB_TOOLS_RUNREPORT_H
