// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Translate.cpp - aic-translate --------------------------------------===//
#include "Levels.h"
#include "Report.h"
#include "aic/CodeGen/CodeGen.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Driver/Driver.h"
#include "aic/Import/ONNX/Import.h"
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
  aic-translate --aic-to-asm --cpu=znver3 model.onnx           what the CPU will run
  aic-translate --aic-to-llvmir kernels.mlir                   from IR of any level
  aic-translate --report --dim N=1 model.onnx                  kernels, their arithmetic, remarks
  aic-translate --report --target=nvidia:sm_80 model.onnx      kernels of the GPU with their launches
  aic-translate --aic-to-ptx --arch=sm_90a model.onnx          what the GPU will run
  aic-translate --report --target=npu:edge-256 model.onnx      programs of the NPU, and what stays on the host
)";

enum class Action { ImportONNX, LLVMIR, Assembly, PTX, Report };

struct Options {
  cl::OptionCategory actionGroup{"Actions"}, inputGroup{"Input"}, outputGroup{"Output"};

  cl::opt<Action> action{
      cl::ZeroOrMore, cl::cat(actionGroup), cl::desc("What to do (one of these):"),
      cl::values(clEnumValN(Action::ImportONNX, "import-onnx", "An ONNX model to aic IR"),
                 clEnumValN(Action::LLVMIR, "aic-to-llvmir", "A model or IR of any level to LLVM IR"),
                 clEnumValN(Action::Assembly, "aic-to-asm", "A model or IR of any level to assembly"),
                 clEnumValN(Action::PTX, "aic-to-ptx", "A model or IR of any level to the PTX text of its kernels"),
                 clEnumValN(Action::Report, "report",
                            "A table of the kernels that a model becomes, with their arithmetic, "
                            "and every remark about what was not done"))};
  cl::opt<std::string> model{cl::Positional, cl::Required, cl::desc("MODEL"), cl::cat(inputGroup)};
  cl::list<std::string> dims{"dim", cl::cat(inputGroup), cl::value_desc("NAME=N,NAME=MIN..MAX:MULTIPLE"),
                             cl::desc("Fix or bound extents by name (\"N\") or place (\"x:0\")")};
  cl::opt<std::string> cpu{"cpu", cl::cat(inputGroup), cl::init("host"), cl::value_desc("name"),
                           cl::desc("CPU to compile for, as LLVM names it")};
  cl::opt<std::string> target{"target", cl::cat(inputGroup), cl::init("x86"), cl::value_desc("name[:chip]"),
                              cl::desc("What the model is compiled for (x86; with --aic-to-ptx nvidia)")};
  cl::opt<std::string> arch{"arch", cl::cat(inputGroup), cl::init("sm_80"), cl::value_desc("sm_NN"),
                            cl::desc("Target nvidia: the GPU's architecture (sm_80)")};
  cl::opt<std::string> features{"features", cl::cat(inputGroup), cl::value_desc("+a,-b"),
                                cl::desc("Changes of the CPU's features, like -avx512f")};
  cl::opt<std::string> output{"o", cl::cat(outputGroup), cl::init("-"), cl::value_desc("file"),
                              cl::desc("Where to write; a file that ends in .mlirbc gets bytecode")};
  cl::opt<bool> weights{"print-weights", cl::cat(outputGroup), cl::desc("Print the contents of large constants too")};
  cl::opt<bool> json{"json", cl::cat(outputGroup), cl::desc("--report as JSON")};
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

LogicalResult compileModel(MLIRContext &context, const Options &options) {
  CompileOptions compile;
  std::string text;
  for (const std::string &dims : options.dims)
    if (std::string error = parseDims(dims, compile.dims); !error.empty())
      return printError("--dim: " + error), failure();
  OwningOpRef<ModuleOp> module = loadModel(context, options.model, compile);
  if (!module)
    return failure();
  TargetPipelineOptions pipeline;
  // The one target that has the text.
  constexpr StringLiteral ending = ".ptx";
  auto hasText = [&](StringRef name) { return !lookupTarget(name)->getFileStage(ending).empty(); };
  compile.target = options.target;
  if (options.action == Action::PTX && !options.target.getNumOccurrences())
    compile.target = llvm::find_if(getTargetNames(), hasText)->str();
  compile.arch = options.arch;
  if (std::string error = options.arch.getNumOccurrences() ? checkChipOption("arch", compile.target) : "";
      !error.empty())
    return printError(error), failure();
  compile.cpu = options.cpu;
  compile.features = options.features;
  const TargetBackend *backend = readTarget(context, compile, pipeline, [&] { return emitError(module->getLoc()); });
  if (!backend)
    return failure();
  if (options.action == Action::Report)
    return success(succeeded(reportModule(*module, *backend, pipeline, options.json, text)) &&
                   succeeded(writeOutput(options.output, text)));
  if (options.action == Action::PTX) {
    if (!hasText(backend->getName())) {
      printError("--aic-to-ptx: expected a target with PTX, got '" + options.target + "'");
      return failure();
    }
    raw_string_ostream os(text);
    return success(succeeded(lowerTo(*module, backend->getFileStage(ending), *backend, pipeline)) &&
                   succeeded(backend->writeFile(*module, os)) && succeeded(writeOutput(options.output, text)));
  }
  if (failed(lowerTo(*module, "code", *backend, pipeline)))
    return failure();
  // Each kernel is a module of its own, the host code is what is left.
  SmallVector<OwningOpRef<ModuleOp>> kernels;
  for (auto kernel : llvm::make_early_inc_range(module->getOps<ModuleOp>())) {
    kernel->remove();
    kernels.emplace_back(kernel);
  }
  SmallVector<ModuleOp> modules{*module};
  llvm::append_range(modules, llvm::map_range(kernels, [](OwningOpRef<ModuleOp> &kernel) { return *kernel; }));
  std::vector<SmallVector<char, 0>> texts;
  CodeKind kind = options.action == Action::LLVMIR ? CodeKind::LLVMIR : CodeKind::Assembly;
  if (failed(generateCode(modules, hostCodeOptions(*module), kind, texts)))
    return failure();
  for (const SmallVector<char, 0> &part : texts)
    text.append(part.data(), part.size());
  return writeOutput(options.output, text);
}

} // namespace

int translateMain(int argc, char **argv) {
  removeLibraryOptions();
  Options options;
  if (failed(parseCommandLine(argc, argv, overview)))
    return exitError;
  if (options.action.getNumOccurrences() != 1) {
    printError("expected one of --import-onnx, --aic-to-llvmir, --aic-to-asm, --aic-to-ptx, --report, got " +
               std::string(options.action.getNumOccurrences() ? "several" : "none"));
    return exitError;
  }
  if (failed(expectOtherFile("-o", options.output, {options.model})))
    return exitError;
  DialectRegistry registry;
  registerCompilerDialects(registry);
  MLIRContext context(registry);
  PrintDiagnostics diagnostics(context, options.model);
  bool imports = options.action == Action::ImportONNX;
  return failed(imports ? importModel(context, options) : compileModel(context, options)) ? exitError : exitSuccess;
}

} // namespace mlir::aic::tools
