// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Target/NVPTX/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::aic {
#define GEN_PASS_DEF_GPULOWERMATHPASS
#include "aic/Target/NVPTX/Passes.h.inc"

namespace {
struct GPULowerMath final : impl::GPULowerMathPassBase<GPULowerMath> {
  void runOnOperation() override {}
};
} // namespace
} // namespace mlir::aic
