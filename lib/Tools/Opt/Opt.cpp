// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Opt.cpp - aic-opt ---------------------------------------------------===//
//
// MLIR's own main but for the files: it dies of a full disk and leaves half of
// the output there. Here a file is written at the end, whole or not at all.
//
//===----------------------------------------------------------------------===//
#include "aic/Tools/CommandLine.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/PrettyStackTrace.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

#include <csignal>

using namespace llvm;

namespace mlir::aic::tools {

static LogicalResult runPasses(StringRef input, StringRef output, DialectRegistry &registry,
                               const MlirOptMainConfig &config) {
  std::string error;
  std::unique_ptr<MemoryBuffer> file = openInputFile(input, &error);
  if (!file)
    return printError(error), failure();
  // Bytecode is read in place, and asks for sections aligned to 64 bytes.
  if (!isAddrAligned(Align(64), file->getBufferStart())) {
    auto copy = WritableMemoryBuffer::getNewUninitMemBuffer(file->getBufferSize(), file->getBufferIdentifier(), Align(64));
    if (!copy)
      return printError("expected memory for '" + input.str() + "'"), failure();
    llvm::copy(file->getBuffer(), copy->getBufferStart());
    file = std::move(copy);
  }
  // What was printed before a mistake is worth seeing.
  if (output == "-")
    return MlirOptMain(outs(), std::move(file), registry, config);
  std::string text;
  raw_string_ostream os(text);
  return success(succeeded(MlirOptMain(os, std::move(file), registry, config)) && succeeded(writeOutput(output, text)));
}

int optMain(int argc, char **argv, StringRef overview, DialectRegistry &registry) {
  setBugReportMsg("aic-opt crashed; the module and this command line reproduce it:\n");
  InitLLVM init(argc, argv);
  std::signal(SIGXFSZ, SIG_IGN); // a file that may not grow is an error of the write, not a crash
  setToolName(argv[0]);
  hideLibraryOptions();
  auto [input, output] = registerAndParseCLIOptions(argc, argv, overview, registry);
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects()) {
    for (StringRef name : registry.getDialectNames())
      outs() << name << "\n";
    return flushOutput(exitSuccess);
  }
  if (config.shouldListPasses()) {
    printRegisteredPasses();
    return flushOutput(exitSuccess);
  }
  if (failed(expectOtherFile("-o", output, {input})))
    return exitError;
  if (input == "-" && sys::Process::StandardInIsUserInput())
    errs() << "(reads a module from the terminal, up to ctrl-d)\n";
  LogicalResult result = runPasses(input, output, registry, config);
  return flushOutput(succeeded(result) ? exitSuccess : exitDifferent);
}

} // namespace mlir::aic::tools
