// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- EmitKernels.cpp - Every kernel of a module to loops of vectors -----===//
//
// Replaces each kernel function (docs/Levels.md, Kernels) by the function that
// computes it from memory (Tiles), under the same name. A kernel whose body has
// no vector form is emitted with one lane and a remark.
//
//===----------------------------------------------------------------------===//
#include "aic/Conversion/KernelToVector/KernelEmitter.h"
#include "aic/Conversion/KernelToVector/Passes.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Diagnostics.h"

namespace mlir::aic {
#define GEN_PASS_DEF_X86EMITKERNELSPASS
#include "aic/Conversion/KernelToVector/Passes.h.inc"

namespace {
struct X86EmitKernels final : impl::X86EmitKernelsPassBase<X86EmitKernels> {
  using Base::Base;

  TileSizes sizesFor(func::FuncOp kernel) {
    TileSizes sizes;
    if (auto target = getOperation()->getAttrOfType<TargetAttr>(TargetAttr::attributeName)) {
      sizes.lanes = target.getNumber("lanes", sizes.lanes);
      sizes.registers = target.getNumber("registers", sizes.registers);
      sizes.columns = sizes.registers >= 32 ? 4 : 2;
    }
    if (auto config = kernel->getAttrOfType<LoweringConfigAttr>(LoweringConfigAttr::attributeName)) {
      sizes.lanes = std::max<int64_t>(1, config.getNumber("lanes", sizes.lanes));
      sizes.rows = std::max<int64_t>(1, config.getNumber("rows", sizes.rows));
      sizes.columns = std::max<int64_t>(1, config.getNumber("columns", sizes.columns));
      sizes.unroll = std::max<int64_t>(1, config.getNumber("unroll", sizes.unroll));
    }
    return sizes;
  }

  /// Tries vectors first; what they cannot express is not an error of the program.
  LogicalResult emit(func::FuncOp kernel) {
    TileSizes sizes = sizesFor(kernel);
    std::string reason;
    if (sizes.lanes > 1) {
      ScopedDiagnosticHandler quiet(&getContext(), [&](Diagnostic &d) {
        if (d.getSeverity() == DiagnosticSeverity::Error && reason.empty())
          reason = d.str();
        return success();
      });
      if (emitKernel(kernel, sizes)) {
        kernel.erase();
        return success();
      }
    }
    sizes.lanes = sizes.rows = sizes.columns = sizes.unroll = 1;
    func::FuncOp scalar = emitKernel(kernel, sizes);
    if (!scalar)
      return failure();
    scalar->setAttr("aic.scalar_fallback", StringAttr::get(&getContext(), reason));
    emitRemark(kernel.getLoc(), "kernel '") << kernel.getName() << "' falls back to scalar loops: " << reason;
    kernel.erase();
    return success();
  }

  void runOnOperation() override {
    SmallVector<func::FuncOp> kernels;
    getOperation().walk([&](func::FuncOp f) {
      if (f->hasAttr("aic.kernel") && !f.isExternal() && llvm::any_of(f.getArgumentTypes(), llvm::IsaPred<TensorType>))
        kernels.push_back(f);
    });
    for (func::FuncOp kernel : kernels)
      if (failed(emit(kernel)))
        return signalPassFailure();
  }
};
} // namespace
} // namespace mlir::aic
