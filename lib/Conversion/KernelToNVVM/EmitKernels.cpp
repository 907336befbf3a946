// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- EmitKernels.cpp - Every kernel of a module to device functions -----===//
#include "DeviceFunction.h"
#include "aic/Conversion/KernelToNVVM/Passes.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Diagnostics.h"

namespace mlir::aic {
#define GEN_PASS_DEF_GPUEMITKERNELSPASS
#include "aic/Conversion/KernelToNVVM/Passes.h.inc"

namespace {
using Emit = FailureOr<Launches> (*)(func::FuncOp);

/// The emitters to try, the best one first.
SmallVector<std::pair<StringRef, Emit>> emittersFor(func::FuncOp kernel) {
  SmallVector<std::pair<StringRef, Emit>> list;
  auto config = kernel->getAttrOfType<LoweringConfigAttr>(LoweringConfigAttr::attributeName);
  KernelClass kind = config ? config.getKernelClass() : KernelClass::elementwise;
  if (kind == KernelClass::contraction || kind == KernelClass::convolution)
    list.push_back({"contraction", emitContraction});
  if (kind == KernelClass::rows || kind == KernelClass::reduction)
    list.push_back({"rows", emitRows});
  if (kind == KernelClass::elementwise || kind == KernelClass::movement)
    list.push_back({"transposed", emitTransposed});
  if (kind != KernelClass::other)
    list.push_back({"direct", emitDirect});
  return list;
}

ArrayAttr describe(Builder &b, ArrayRef<Launch> launches) {
  return b.getArrayAttr(llvm::map_to_vector(launches, [&](const Launch &launch) -> Attribute {
    return b.getDictionaryAttr({b.getNamedAttr("function", b.getStringAttr(launch.function)),
                                b.getNamedAttr("grid", AffineMapAttr::get(launch.grid)),
                                b.getNamedAttr("block", b.getDenseI64ArrayAttr(launch.block))});
  }));
}

struct GPUEmitKernels final : impl::GPUEmitKernelsPassBase<GPUEmitKernels> {
  /// Tries the emitters of the kernel's class; what they cannot express is not an error of the program.
  FailureOr<Launches> emitClass(func::FuncOp kernel, std::string &emitter, std::string &reason) {
    ScopedDiagnosticHandler quiet(&getContext(), [&](Diagnostic &d) {
      if (d.getSeverity() == DiagnosticSeverity::Error && reason.empty())
        reason = d.str();
      return success();
    });
    for (auto [name, emit] : emittersFor(kernel)) {
      FailureOr<Launches> launches = emit(kernel);
      if (succeeded(launches)) {
        emitter = name.str();
        return launches;
      }
    }
    return failure();
  }

  LogicalResult emit(func::FuncOp kernel, func::FuncOp declaration) {
    std::string emitter, reason;
    FailureOr<Launches> launches = emitClass(kernel, emitter, reason);
    if (failed(launches)) {
      if (reason.empty())
        reason = "its operation has loops of its own";
      launches = emitFallback(kernel);
      if (failed(launches))
        return failure();
      emitter = "fallback";
      declaration->setAttr("aic.scalar_fallback", StringAttr::get(&getContext(), reason));
      emitRemark(kernel.getLoc(), "kernel '") << kernel.getName() << "' falls back to scalar loops: " << reason;
    }
    Builder b(&getContext());
    declaration->setAttr("nvidia.launches", describe(b, *launches));
    declaration->setAttr("nvidia.emitter", b.getStringAttr(emitter));
    kernel.erase();
    return success();
  }

  void runOnOperation() override {
    SymbolTable host(getOperation());
    SmallVector<func::FuncOp> kernels;
    for (auto module : getOperation().getOps<ModuleOp>())
      for (auto f : module.getOps<func::FuncOp>())
        if (f->hasAttr("aic.kernel") && !f.isExternal() &&
            llvm::any_of(f.getArgumentTypes(), llvm::IsaPred<TensorType>))
          kernels.push_back(f);
    for (func::FuncOp kernel : kernels) {
      auto declaration = host.lookup<func::FuncOp>(kernel.getName());
      if (!declaration) {
        kernel.emitError("expected a declaration of the kernel in the host module");
        return signalPassFailure();
      }
      if (failed(emit(kernel, declaration)))
        return signalPassFailure();
    }
  }
};
} // namespace
} // namespace mlir::aic
