// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "QuantizeFlags.h"
#include "aic/Driver/Quantize.h"
#include "aic/Tools/CommandLine.h"
#include "aic/Tools/TensorFile.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::aic::tools {

std::string QuantizeFlags::check() const {
  if (!isUsed()) {
    bool others =
        percentile.getNumOccurrences() || !keep.empty() || minSnr.getNumOccurrences() || !report.empty() || !ir.empty();
    return others ? "expected --quantize=FILE.npz with the other options of quantisation" : "";
  }
  if (!(percentile > 50 && percentile <= 100))
    return "--quantize-percentile: expected a number above 50 and up to 100, got " + std::to_string(percentile);
  return "";
}

static std::string readSet(const std::string &path, CalibrationSet &set) {
  std::string bytes, error = ::aic::tools::readFile(path, bytes);
  if (error.empty())
    error = ::aic::tools::parseNpz(bytes, set);
  return error.empty() ? "" : "'" + path + "': " + error;
}

static LogicalResult writeGraph(ModuleOp module, StringRef path) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (path.ends_with(".mlirbc")) {
    if (failed(writeBytecodeToFile(module, stream)))
      return failure();
  } else {
    module.print(stream, OpPrintingFlags().elideLargeElementsAttrs(32).elideLargeResourceString(64));
    stream << "\n";
  }
  return writeOutput(path, text);
}

LogicalResult QuantizeFlags::run(ModuleOp module, const CompileOptions &compile) const {
  std::vector<CalibrationSet> sets;
  for (const std::string &path : samples)
    if (std::string error = readSet(path, sets.emplace_back()); !error.empty()) {
      printError(error);
      return failure();
    }
  CalibrationOptions options;
  options.percentile = percentile;
  options.keep.assign(keep.begin(), keep.end());
  if (minSnr.getNumOccurrences())
    options.minSnr = minSnr;
  bool isTerminal = llvm::errs().is_displayed();
  size_t last = 0;
  options.progress = [&](StringRef what, size_t done, size_t all) {
    // A terminal sees every step on one line, a file ten lines of each kind.
    if (!isTerminal && done != 0 && done != all && done * 10 / all == last)
      return;
    last = done * 10 / all;
    llvm::errs() << (isTerminal ? "\r" : "") << toolName() << ": quantise: " << what << " " << done << "/" << all
                 << (isTerminal && done < all ? "" : "\n");
  };
  CalibrationReport result;
  if (failed(quantizeModel(module, sets, options, compile, result)))
    return failure();
  for (const std::string &path : report)
    if (failed(writeOutput(path, StringRef(path).ends_with(".json") ? result.json() : result.text())))
      return failure();
  return ir.empty() ? success() : writeGraph(module, ir);
}

} // namespace mlir::aic::tools
