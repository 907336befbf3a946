// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_DRIVER_INTERNAL_H
#define AIC_LIB_DRIVER_INTERNAL_H

#include "aic/Driver/Driver.h"
#include "llvm/Support/FileSystem.h"

namespace mlir::aic {

constexpr StringLiteral kModelHashAttr = "aic.model_hash"; ///< of the model's file, on the module
constexpr StringLiteral kModelNameAttr = "aic.model_name"; ///< a C identifier, on the module

/// Puts the manifest into the host module as data.
void addManifest(ModuleOp module, const CompileOptions &options);

/// The C header of a model, from the module's `aic.host`.
std::string modelHeader(ModuleOp module, StringRef prefix);

/// A file beside `output` that disappears with a signal, an error or the destructor unless it is kept.
class OutputFile {
public:
  OutputFile() = default;
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;
  /// Makes an empty file with another name in the same folder.
  std::error_code create(StringRef output);
  /// Gives it its real name.
  std::error_code keep();
  /// Makes a program or a library of it.
  std::error_code makeExecutable();
  StringRef temporaryPath() const { return temporary; }
  StringRef path() const { return output; }

private:
  std::string temporary, output;
};

} // namespace mlir::aic

#endif // AIC_LIB_DRIVER_INTERNAL_H
