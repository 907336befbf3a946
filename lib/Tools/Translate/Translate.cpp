// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Translate.cpp - aic-translate --------------------------------------===//
#include "aic/Import/ONNX/Import.h"
#include "aic/InitAll.h"
#include "aic/Tools/CommandLine.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace mlir::aic::tools {

namespace {

constexpr const char *overview =
    R"(aic-translate - between the forms of a model

  aic-translate ACTION [options] MODEL

Reads MODEL and writes another form of it to standard output or a file. Text of a module leaves the contents of large
constants out; they are in bytecode (-o x.mlirbc), which every tool reads.

EXAMPLES
  aic-translate --import-onnx model.onnx                       the graph, weights left out
  aic-translate --import-onnx model.onnx -o model.mlirbc       the graph with its weights
  aic-translate --import-onnx --dim N=1,H=32..960:32 model.onnx
)";

enum class Action { ImportONNX };

struct Options {
  cl::OptionCategory actionGroup{"Actions"}, inputGroup{"Input"}, outputGroup{"Output"};

  cl::opt<Action> action{cl::Required, cl::cat(actionGroup), cl::desc("What to do (one of these):"),
                         cl::values(clEnumValN(Action::ImportONNX, "import-onnx", "An ONNX model to aic IR"))};
  cl::opt<std::string> model{cl::Positional, cl::Required, cl::desc("MODEL"), cl::cat(inputGroup)};
  cl::list<std::string> dims{"dim", cl::cat(inputGroup), cl::value_desc("NAME=N,NAME=MIN..MAX:MULTIPLE"),
                             cl::desc("Fix or bound extents by name (\"N\") or place (\"x:0\")")};
  cl::opt<std::string> output{"o", cl::cat(outputGroup), cl::init("-"), cl::value_desc("file"),
                              cl::desc("Where to write; a file that ends in .mlirbc gets bytecode")};
  cl::opt<bool> weights{"print-weights", cl::cat(outputGroup), cl::desc("Print the contents of large constants too")};
  cl::opt<bool> locations{"print-locations", cl::cat(outputGroup),
                          cl::desc("Print the location of each operation: the names of the model's nodes")};
};

/// The text or the bytecode of a module.
std::string format(ModuleOp module, const Options &options) {
  std::string text;
  raw_string_ostream os(text);
  if (StringRef(options.output).ends_with(".mlirbc")) {
    (void)writeBytecodeToFile(module, os);
    return text;
  }
  OpPrintingFlags flags;
  constexpr int64_t shown = 16;
  if (!options.weights)
    flags.elideLargeElementsAttrs(shown).elideLargeResourceString(shown);
  if (options.locations)
    flags.enableDebugInfo(/*enable=*/true, /*prettyForm=*/false);
  module->print(os, flags);
  os << "\n";
  return text;
}

LogicalResult importModel(MLIRContext &context, const Options &options) {
  ONNXImportOptions import;
  for (const std::string &dims : options.dims)
    if (std::string error = parseDims(dims, import.dims); !error.empty())
      return printError("--dim: " + error), failure();
  OwningOpRef<ModuleOp> module = importONNXFile(options.model, &context, import);
  return module ? writeOutput(options.output, format(*module, options)) : failure();
}

} // namespace

int translateMain(int argc, char **argv) {
  removeLibraryOptions();
  Options options;
  if (failed(parseCommandLine(argc, argv, overview)))
    return exitError;
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry);
  PrintDiagnostics diagnostics(context, options.model);
  LogicalResult result = failure();
  switch (options.action) {
  case Action::ImportONNX:
    result = importModel(context, options);
    break;
  }
  return failed(result) ? exitError : exitSuccess;
}

} // namespace mlir::aic::tools
