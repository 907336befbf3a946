// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Driver.h - From a model file to a library --------------------------===//
//
// What aic-compile, aic-run, aic-check and the Python package share. Errors are diagnostics of the MLIRContext.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_DRIVER_DRIVER_H
#define AIC_DRIVER_DRIVER_H

#include "aic/CodeGen/CodeGen.h"
#include "aic/Import/ONNX/Import.h"
#include "aic/Pipelines/Pipelines.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/LLVM.h"
#include <string>
#include <vector>

namespace mlir::aic {

struct CompileOptions {
  std::string target = "x86";       ///< "backend" or "backend:chip"; the chip goes before cpu, machine or arch
  std::string cpu = "host";         ///< as LLVM names CPUs; "host": this machine
  std::string machine = "edge-256"; ///< of the NPU: name of a shipped machine or a machine file
  std::string arch = "sm_80";       ///< of a GPU
  std::string features;             ///< "+avx2,-avx512f": on top of the CPU's
  std::string name;                 ///< prefix of the functions in model.h; default: from the model's file
  int threads = 1;                  ///< default of a handle
  unsigned jobs = 0;                ///< threads that compile; 0: one per core
  DimMap dims;
  std::vector<std::string> extraOutputs; ///< values inside the model that become outputs
  Sanitizer sanitize = Sanitizer::None;
  std::string from = "graph"; ///< level that the module is at; the stages up to it are left out
  bool verify = false;        ///< verify the IR after every pass
  bool writeHeader = true;    ///< model.h beside model.so
  bool timing = false;        ///< print the time of each stage to stderr
  std::string dumpDirectory;  ///< "": none; else the IR of each level and the assembly are written there
};

/// The backend that `options.target` names, and what its stages are told. Null after an error.
const TargetBackend *readTarget(MLIRContext &context, const CompileOptions &options, TargetPipelineOptions &pipeline,
                                TargetBackend::EmitError emitError);

/// What is wrong with naming a chip by `option` ("arch", "machine") beside `target`; "" if nothing is. A chip is named once,
/// by the option of the target that has it.
std::string checkChipOption(StringRef option, StringRef target);

/// What LLVM is told of the processor that runs the host code of a module at the code level.
CodeGenOptions hostCodeOptions(ModuleOp module);

/// Registers and loads nothing by itself: call it on a context's registry before loading models.
void registerCompilerDialects(DialectRegistry &registry);

/// Reads .onnx, .mlir or .mlirbc (by contents) and applies dims and extraOutputs. The result is at graph level.
OwningOpRef<ModuleOp> loadModel(MLIRContext &context, StringRef path, const CompileOptions &options);
/// The same from memory; external data is looked for in `folder`. `bytes` must outlive the module.
OwningOpRef<ModuleOp> loadModelBytes(MLIRContext &context, StringRef bytes, StringRef name, StringRef folder,
                                     const CompileOptions &options);

/// Fixes or bounds the extents of @main's arguments that have these names or places ("x:0"). An error for a name that
/// the module does not have, or an extent that does not fit.
LogicalResult bindDims(ModuleOp module, const DimMap &dims);

/// The files that appear in CompileOptions::dumpDirectory, programs left out.
std::vector<std::string> getDumpNames(const TargetBackend &backend);

/// Compiles a module of the graph level and writes `outputPath` and, beside it, the header. The module is consumed.
/// Both files appear whole or not at all.
LogicalResult compileToLibrary(ModuleOp module, const CompileOptions &options, StringRef outputPath);

} // namespace mlir::aic

#endif // AIC_DRIVER_DRIVER_H
