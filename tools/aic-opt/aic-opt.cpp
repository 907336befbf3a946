// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/InitAll.h"
#include "aic/Tools/CommandLine.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"

#ifndef NDEBUG
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Debug.h"
// The distribution's libLLVM is built with NDEBUG and registers no -debug-only.
static llvm::cl::opt<std::string> debugOnly("debug-only", llvm::cl::desc("Print LLVM_DEBUG output of one DEBUG_TYPE"),
                                            llvm::cl::callback([](const std::string &type) {
                                              llvm::DebugFlag = true;
                                              llvm::setCurrentDebugType(type.c_str());
                                            }));
#endif

static constexpr const char *overview =
    "aic-opt - run passes and pipelines of AIC on MLIR\n\n"
    "Reads a module (text or bytecode) from a file or standard input, runs the passes in the order of the command "
    "line\n"
    "and prints the result. Every pass of AIC and of upstream MLIR is an option; a pipeline is one too.\n\n"
    "Examples:\n"
    "  aic-opt --aic-infer-shapes x.mlir                         one pass\n"
    "  aic-opt --convert-aic-to-linalg --aic-form-kernels x.mlir two passes\n"
    "  aic-opt --aic-to-x86=\"cpu=znver3 threads=2\" x.mlir        a whole pipeline with options\n"
    "  aic-opt --pass-pipeline='builtin.module(func.func(canonicalize))' x.mlir\n"
    "  aic-opt -mlir-print-ir-after-all -mlir-timing --canonicalize x.mlir\n\n"
    "See docs/Levels.md for what the IR between two stages looks like.\n";

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  mlir::aic::registerAllDialects(registry);
  mlir::aic::registerAllPasses();
  return mlir::aic::tools::optMain(argc, argv, overview, registry);
}
