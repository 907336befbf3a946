// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/InitAll.h"
#include "aic/Tools/CommandLine.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

// An editor starts this and speaks the Language Server Protocol with it: errors while typing, hover, go to definition
// in .mlir files with AIC's dialects. VS Code: the MLIR extension's setting "mlir.server_path".
int main(int argc, char **argv) {
  mlir::aic::tools::hideLibraryOptions();
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::aic::registerAllDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry)) ? 1 : 0;
}
