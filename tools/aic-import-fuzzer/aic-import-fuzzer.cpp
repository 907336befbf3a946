// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- aic-import-fuzzer.cpp - libFuzzer target for the ONNX importer -----===//
//
// Whatever the bytes are, the import ends with a module or one diagnostic.
//
//===----------------------------------------------------------------------===//
#include "aic/Import/ONNX/Import.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include <cstdlib>

using namespace mlir;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // Types, attributes and weights of a context live as long as it does.
  static std::unique_ptr<MLIRContext> context;
  static unsigned runs = 0;
  if (runs++ % 1000 == 0)
    context = std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
  unsigned errors = 0;
  ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
    errors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
    return success();
  });
  bool isImported = bool(aic::importONNXBytes({reinterpret_cast<const char *>(data), size}, "", context.get()));
  if (errors != (isImported ? 0 : 1))
    std::abort();
  return 0;
}
