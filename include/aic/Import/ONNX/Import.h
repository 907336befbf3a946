// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Import.h - ONNX models to graph-level IR ---------------------------===//
#ifndef AIC_IMPORT_ONNX_IMPORT_H
#define AIC_IMPORT_ONNX_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/LLVM.h"
#include <map>
#include <string>
#include <vector>

namespace mlir::aic {

/// What the user promises about a dimension: a number between `minimum` and `maximum` that is a multiple of `multiple`.
struct DimBounds {
  int64_t minimum = 0;
  int64_t maximum = -1; ///< -1: no bound
  int64_t multiple = 1;
  bool allows(int64_t extent) const {
    return extent >= minimum && (maximum < 0 || extent <= maximum) && extent % multiple == 0;
  }
  bool isFixed() const { return minimum == maximum; }
};

/// By the dimension's name in the model ("N"), or the argument's and the axis ("x:0").
using DimMap = std::map<std::string, DimBounds>;

/// Adds what a --dim option says, e.g. "N=1,H=32..960:32,W=32..,x:3=224". Returns an error text or the empty string.
std::string parseDims(StringRef text, DimMap &dims);

/// Something in a model that cannot be imported.
struct UnsupportedOp {
  std::string domain; ///< "" for ONNX itself
  std::string type;
  std::string reason; ///< "unknown operator", or the attribute or element type that is not supported
  std::vector<std::string> nodes;
};

struct ONNXImportOptions {
  DimMap dims;
  /// Values inside the model (any of its names: results, inputs, initializers) that become outputs too. A name that it
  /// does not have is passed over.
  std::vector<std::string> extraOutputs;
  /// What messages call the model; the path if empty.
  std::string name;
  /// Where unsupported operators are listed. Without it they are an error; with it the import succeeds, and where the
  /// list is not empty the module lacks them and all that depends on them: results that cannot be computed are left
  /// out.
  std::vector<UnsupportedOp> *unsupported = nullptr;
};

/// Reads a model into one module with the public function @main. After an error (one diagnostic, which names the file
/// and the node) the result is null. Files of external data are mapped, weights in the file are moved, not copied.
/// Loads the dialects that it needs.
OwningOpRef<ModuleOp> importONNXFile(StringRef path, MLIRContext *context, const ONNXImportOptions &options = {});

/// The same from memory. External data is looked for in `baseDir`; if that is empty there must be none.
OwningOpRef<ModuleOp> importONNXBytes(StringRef bytes, StringRef baseDir, MLIRContext *context,
                                      const ONNXImportOptions &options = {});

} // namespace mlir::aic

#endif // AIC_IMPORT_ONNX_IMPORT_H
