// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CodeGen.h - LLVM dialect to objects and libraries ------------------===//
#ifndef AIC_CODEGEN_CODEGEN_H
#define AIC_CODEGEN_CODEGEN_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/SmallVector.h"
#include <string>
#include <system_error>
#include <vector>

namespace llvm {
class raw_fd_ostream;
} // namespace llvm

namespace mlir::aic {

enum class Sanitizer { None, Address, Thread };

/// What LLVM is told of the machine and how much it should do.
struct CodeGenOptions {
  std::string features;        ///< beyond those of x86-64: "+avx2,+fma"
  std::string tune = "x86-64"; ///< the CPU whose costs instruction selection goes by
  unsigned vectorBits = 256;   ///< widest vectors that LLVM may use on its own
  unsigned jobs = 1;
  Sanitizer sanitize = Sanitizer::None;
};

enum class CodeKind { Object, Assembly, LLVMIR };

/// The name of a function attribute of kernels that LLVM has to vectorise and unroll by itself.
constexpr StringLiteral kScalarFallbackAttr = "aic.scalar_fallback";

/// Translates modules in the LLVM dialect, each for itself and `jobs` at a time. Kernels go through three passes,
/// those that carry `aic.scalar_fallback` through O2; the host module through none.
LogicalResult generateCode(ArrayRef<ModuleOp> modules, const CodeGenOptions &options, CodeKind kind,
                           std::vector<SmallVector<char, 0>> &results);

struct LinkOptions {
  std::string prefix; ///< PREFIX_run, ...: second names of the exported functions; "": none
  Sanitizer sanitize = Sanitizer::None;
};

/// Links objects and the embedded runtime into a shared library, in memory. If the module has constants, it ends with a
/// section for them that is still empty. Errors go to `errors`.
LogicalResult linkLibrary(ModuleOp module, ArrayRef<SmallVector<char, 0>> objects, const LinkOptions &options,
                          std::string &image, std::string &errors);
/// Writes the linked library with the constants that the module lists in `aic.weights` in their section. After a failure
/// the stream has an error, or a diagnostic was emitted.
LogicalResult writeLibrary(ModuleOp module, StringRef image, raw_ostream &os);

/// The text of aic_model.h.
StringRef modelHeaderText();

} // namespace mlir::aic

#endif // AIC_CODEGEN_CODEGEN_H
