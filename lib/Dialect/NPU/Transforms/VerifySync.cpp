// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/NPU/Transforms/Export.h"
#include "aic/Dialect/NPU/Transforms/Passes.h"
#include "aic/NPU/Verify/SyncVerifier.h"

namespace mlir::npu {
#define GEN_PASS_DEF_NPUVERIFYSYNCPASS
#include "aic/Dialect/NPU/Transforms/Passes.h.inc"

namespace {
struct VerifySync final : impl::NPUVerifySyncPassBase<VerifySync> {
  void runOnOperation() override {
    FailureOr<::aic::npu::Program> program = exportProgram(getOperation(), /*withData=*/false);
    if (failed(program))
      return signalPassFailure();
    ::aic::npu::VerifyResult result = ::aic::npu::verify(*program, getOperation().getMachine().load());
    if (result.ok())
      return;
    getOperation().emitError() << "expected a program that is right in every order of its engines, got\n"
                               << result.str();
    signalPassFailure();
  }
};
} // namespace
} // namespace mlir::npu
