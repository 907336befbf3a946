// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_CONVERSION_HOSTTOLLVM_HOSTTOLLVM_H
#define AIC_CONVERSION_HOSTTOLLVM_HOSTTOLLVM_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::aic {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "aic/Conversion/HostToLLVM/HostToLLVM.h.inc"

/// Module attributes that the pass leaves for code generation.
constexpr StringLiteral kHostInterfaceAttr = "aic.host";  ///< inputs, outputs, launches: see docs/Runtime.md
constexpr StringLiteral kHostWeightsAttr = "aic.weights"; ///< bytes of the weight section, in order
/// The text of all device functions, for models with `nvidia.launches` (a string).
constexpr StringLiteral kDeviceTextAttr = "nvidia.ptx";
/// Symbols of the host code that code generation defines.
constexpr StringLiteral kWeightsFunction = "aic_host_weights";

/// The instruction sets that code for the module's `aic.target` uses and that a model checks for when it is loaded, in
/// LLVM's names, sorted.
SmallVector<std::string> requiredFeatures(ModuleOp module);

/// Gives the host code of a model for a device its text (`aic_host_ptx`), in place of one that it has.
void defineDeviceText(ModuleOp module, StringRef text);
} // namespace mlir::aic

#endif // AIC_CONVERSION_HOSTTOLLVM_HOSTTOLLVM_H
