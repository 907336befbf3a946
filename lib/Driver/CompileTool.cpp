// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CompileTool.cpp - aic-compile --------------------------------------===//
#include "aic/Driver/CompileTool.h"
#include "QuantizeFlags.h"
#include "aic/Driver/Driver.h"
#include "aic/Tools/CommandLine.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace mlir::aic::tools {
namespace {

constexpr const char *overview =
    R"(aic-compile - compile a model into a library

  aic-compile [options] MODEL -o model.so

Reads an ONNX model (.onnx) or AIC's own IR (.mlir, .mlirbc) and writes a shared library that needs nothing but libc and
libm, and beside it a C header (model.h) with the functions to call it. Both files appear whole or not at all. The same
model, options and machine description give the same bytes.

EXAMPLES
  aic-compile resnet.onnx -o resnet.so                    for this machine
  aic-compile resnet.onnx --cpu=haswell -o resnet.so      for another one
  aic-compile det.onnx --dim N=1,H=32..960:32 -o det.so   fix one extent, bound another
  aic-compile net.onnx --target=nvidia --arch=sm_90a -o net.so    for a GPU; -o net.ptx writes what runs on it
  aic-compile net.onnx --quantize=samples.npz -o net.so   in 8 bits
  aic-compile model.onnx --sanitize=thread -o model.so    find races in programs that call it
  cc program.c model.so -Wl,-rpath,. -o program           use it

EXIT STATUS
  0: the library was written. 2: an error, which is printed; no file is left.
)";

StringRef targetHelp() {
  static const std::string text =
      "What to compile for: " + llvm::join(getTargetNames(), ", ") + " (x86). npu: it takes what it can, x86 the rest";
  return text;
}

struct Options {
  cl::OptionCategory modelGroup{"Model"}, machineGroup{"Machine"}, outputGroup{"Output"}, workGroup{"Compilation"};

  cl::opt<std::string> model{cl::Positional, cl::Required, cl::desc("MODEL"), cl::value_desc("model"),
                             cl::cat(modelGroup)};
  cl::list<std::string> dims{"dim", cl::cat(modelGroup), cl::value_desc("NAME=N,NAME=MIN..MAX:MULTIPLE"),
                             cl::desc("Fix or bound extents by name (\"N\") or place (\"x:0\")")};
  cl::list<std::string> extra{"output", cl::cat(modelGroup), cl::value_desc("NAME"),
                              cl::desc("Also return this value of the model: any result, input or weight. May be "
                                       "repeated")};

  cl::opt<std::string> target{"target", cl::cat(machineGroup), cl::init("x86"), cl::value_desc("name[:chip]"),
                              cl::desc(targetHelp())};
  cl::opt<std::string> machine{"machine", cl::cat(machineGroup), cl::init("edge-256"), cl::value_desc("name|file"),
                               cl::desc("Target npu: a shipped machine or a machine file (edge-256)")};
  cl::opt<std::string> arch{"arch", cl::cat(machineGroup), cl::init("sm_80"), cl::value_desc("sm_NN"),
                            cl::desc("Target nvidia: the GPU's architecture (sm_80)")};
  cl::opt<std::string> cpu{"cpu", cl::cat(machineGroup), cl::init("host"), cl::value_desc("name"),
                           cl::desc("CPU as LLVM names it (host: this one)")};
  cl::opt<std::string> features{"features", cl::cat(machineGroup), cl::value_desc("+A,-B"),
                                cl::desc("Instruction sets to add to or take from the CPU's")};
  cl::opt<int> threads{"threads", cl::cat(machineGroup), cl::init(1), cl::value_desc("N"),
                       cl::desc("Threads that a call uses unless its handle says otherwise (1)")};

  cl::opt<std::string> output{
      "o", cl::cat(outputGroup), cl::init("model.so"), cl::value_desc("file"),
      cl::desc("The library; the header has the same name with .h (model.so). With --target=npu, a "
               "name that ends with .npub: the program alone")};
  cl::opt<std::string> name{"name", cl::cat(outputGroup), cl::value_desc("identifier"),
                            cl::desc("Prefix of the functions in the header (from the model's file)")};
  cl::opt<bool> noHeader{"no-header", cl::cat(outputGroup), cl::desc("Write the library only")};
  cl::opt<Sanitizer> sanitize{
      "sanitize", cl::cat(outputGroup), cl::init(Sanitizer::None),
      cl::desc("Instrument the generated code; the program must be built with the same -fsanitize:"),
      cl::values(clEnumValN(Sanitizer::Address, "address", "accesses outside the memory of inputs and outputs"),
                 clEnumValN(Sanitizer::Thread, "thread", "unsynchronised accesses of several threads"))};

  QuantizeFlags quantize;

  cl::opt<unsigned> jobs{"j", cl::cat(workGroup), cl::init(0), cl::value_desc("N"),
                         cl::desc("Threads that compile (0: one per core)")};
  cl::opt<bool> verify{"verify", cl::cat(workGroup), cl::desc("Verify the IR after every pass")};
  cl::opt<bool> timing{"timing", cl::cat(workGroup), cl::desc("Print the time of each stage to stderr")};
  cl::opt<std::string> from{"from", cl::cat(workGroup), cl::init("graph"), cl::value_desc("level"),
                            cl::desc("Level of an .mlir file: graph (default), loops, kernels, tiles, or another level "
                                     "of the target (docs/Levels.md)")};
  cl::opt<std::string> dump{"dump", cl::cat(workGroup), cl::value_desc("folder"),
                            cl::desc("Write the IR of each level, the LLVM IR and the assembly into this folder")};
};

bool isIdentifier(StringRef name) {
  return !name.empty() && !isDigit(name[0]) && llvm::all_of(name, [](char c) { return isAlnum(c) || c == '_'; });
}

LogicalResult readOptions(const Options &options, CompileOptions &compile, std::string &error) {
  for (const std::string &dims : options.dims)
    if (error = parseDims(dims, compile.dims); !error.empty()) {
      error = "--dim: " + error;
      return failure();
    }
  if (error = options.quantize.check(); !error.empty())
    return failure();
  if (!options.name.empty() && !isIdentifier(options.name)) {
    error = "--name: expected an identifier of C, got '" + options.name + "'";
    return failure();
  }
  if (options.threads < 1 || options.threads > 4096) {
    error = "--threads: expected 1 to 4096, got " + std::to_string(options.threads);
    return failure();
  }
  compile.target = options.target;
  compile.machine = options.machine;
  compile.arch = options.arch;
  compile.cpu = options.cpu;
  compile.features = options.features;
  compile.threads = options.threads;
  compile.extraOutputs.assign(options.extra.begin(), options.extra.end());
  compile.name = options.name;
  compile.writeHeader = !options.noHeader;
  compile.sanitize = options.sanitize;
  compile.jobs = options.jobs;
  compile.from = options.from;
  compile.verify = options.verify;
  compile.timing = options.timing;
  compile.dumpDirectory = options.dump;
  return success();
}

LogicalResult checkChip(const Options &options) {
  for (const cl::opt<std::string> *option : {&options.machine, &options.arch}) {
    std::string error = option->getNumOccurrences() ? checkChipOption(option->ArgStr, options.target) : "";
    if (!error.empty())
      return printError(error), failure();
  }
  return success();
}

/// Nothing that is written may be the model.
LogicalResult checkOutputs(const Options &options, const TargetBackend &backend) {
  SmallString<128> header(options.output.getValue());
  sys::path::replace_extension(header, ".h");
  if (!options.noHeader && StringRef(header) == options.output) {
    printError("-o: expected another name than the header's, got '" + options.output + "'");
    return failure();
  }
  if (options.output == "-" || options.output.empty()) {
    printError("-o: expected the name of a file, got '" + options.output + "'");
    return failure();
  }
  if (failed(expectOtherFile("-o", options.output, {options.model})) ||
      (!options.noHeader && failed(expectOtherFile("-o", header, {options.model}))))
    return failure();
  if (!options.dump.empty())
    for (const std::string &name : getDumpNames(backend))
      if (failed(expectOtherFile("--dump", options.dump + "/" + name, {options.model})))
        return failure();
  return success();
}
} // namespace

int compileMain(int argc, char **argv) {
  removeLibraryOptions();
  Options options;
  if (failed(parseCommandLine(argc, argv, overview)))
    return exitError;
  CompileOptions compile;
  std::string error;
  if (failed(readOptions(options, compile, error))) {
    printError(error);
    return exitError;
  }
  DialectRegistry registry;
  registerCompilerDialects(registry);
  MLIRContext context(registry, options.jobs == 1 ? MLIRContext::Threading::DISABLED : MLIRContext::Threading::ENABLED);
  PrintDiagnostics print(context, options.model);
  TargetPipelineOptions pipeline;
  const TargetBackend *backend =
      readTarget(context, compile, pipeline, [&] { return emitError(UnknownLoc::get(&context)); });
  if (!backend || failed(checkChip(options)) || failed(checkOutputs(options, *backend)))
    return exitError;
  OwningOpRef<ModuleOp> module = loadModel(context, options.model, compile);
  if (module && options.quantize.isUsed() && failed(options.quantize.run(*module, compile)))
    return exitError;
  if (!module || failed(compileToLibrary(*module, compile, options.output)))
    return exitError;
  // The process ends here; what it holds need not be taken apart.
  (void)module.release();
  return flushOutput(exitSuccess);
}

} // namespace mlir::aic::tools
