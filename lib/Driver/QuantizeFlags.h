// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- QuantizeFlags.h - The flags of aic-compile about 8 bits ------------===//
#ifndef AIC_LIB_DRIVER_QUANTIZEFLAGS_H
#define AIC_LIB_DRIVER_QUANTIZEFLAGS_H

#include "aic/Driver/Driver.h"
#include "llvm/Support/CommandLine.h"

namespace mlir::aic::tools {

struct QuantizeFlags {
  llvm::cl::OptionCategory group{"Quantisation"};

  llvm::cl::list<std::string> samples{
      "quantize", llvm::cl::cat(group), llvm::cl::value_desc("FILE.npz"), llvm::cl::CommaSeparated,
      llvm::cl::desc("Compute in 8 bits, with ranges from these samples: arrays by the inputs' names, samples along "
                     "the first dim. May be repeated")};
  llvm::cl::opt<double> percentile{
      "quantize-percentile", llvm::cl::cat(group), llvm::cl::init(100), llvm::cl::value_desc("P"),
      llvm::cl::desc("Percent of a value's elements that its range holds; the others saturate (100)")};
  llvm::cl::list<std::string> keep{"quantize-keep", llvm::cl::cat(group), llvm::cl::value_desc("NAME,..."),
                                   llvm::cl::CommaSeparated,
                                   llvm::cl::desc("Compute the layers of these nodes in fp16")};
  llvm::cl::opt<double> minSnr{
      "quantize-min-snr", llvm::cl::cat(group), llvm::cl::init(0), llvm::cl::value_desc("DB"),
      llvm::cl::desc("Compute layers in fp16 that in 8 bits alone have a smaller ratio of signal to noise")};
  llvm::cl::list<std::string> report{
      "quantize-report", llvm::cl::cat(group), llvm::cl::value_desc("FILE"),
      llvm::cl::desc("Write scales and the ratio of signal to noise of each layer: JSON into .json, else a table "
                     "(-: standard output). May be repeated")};
  llvm::cl::opt<std::string> ir{
      "quantize-ir", llvm::cl::cat(group), llvm::cl::value_desc("FILE"),
      llvm::cl::desc("Write the quantised graph: .mlirbc with its weights, else text without large ones")};

  bool isUsed() const { return !samples.empty(); }
  /// An error text for flags that make no sense together.
  std::string check() const;
  /// Quantises the module and writes what was asked for. Errors are printed.
  LogicalResult run(ModuleOp module, const CompileOptions &compile) const;
};

} // namespace mlir::aic::tools

#endif // AIC_LIB_DRIVER_QUANTIZEFLAGS_H
