// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FinishEntries.cpp - What the driver is promised of an entry --------===//
#include "aic/Target/NVPTX/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace mlir::aic {
#define GEN_PASS_DEF_GPUFINISHENTRIESPASS
#include "aic/Target/NVPTX/Passes.h.inc"

namespace {
constexpr StringLiteral kBlockAttr = "nvidia.block";
constexpr StringLiteral kMinBlocksAttr = "nvidia.min_blocks";
constexpr int64_t kPointerAlignment = 16; // of what callers pass; slots of the arena have more

void finishEntry(LLVM::LLVMFuncOp entry, ArrayRef<int64_t> block) {
  Builder b(entry.getContext());
  entry.setLinkage(LLVM::Linkage::External);
  entry.setSymVisibility(std::nullopt);
  entry.setNoUnwind(true);
  entry->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), b.getUnitAttr());
  if (Attribute blocks = entry->removeAttr(kMinBlocksAttr))
    entry->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), blocks);
  entry->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                 b.getDenseI32ArrayAttr(llvm::map_to_vector(block, [](int64_t n) { return int32_t(n); })));
  for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
    entry.setArgAttr(i, LLVM::LLVMDialect::getNoUndefAttrName(), b.getUnitAttr());
    if (!isa<LLVM::LLVMPointerType>(entry.getArgument(i).getType()))
      continue;
    entry.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), b.getUnitAttr());
    entry.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(), b.getI64IntegerAttr(kPointerAlignment));
  }
}

struct GPUFinishEntries final : impl::GPUFinishEntriesPassBase<GPUFinishEntries> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>()) {
      if (auto block = function->getAttrOfType<DenseI64ArrayAttr>(kBlockAttr))
        finishEntry(function, block.asArrayRef());
      else if (!function.isExternal() && !function->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName()))
        function.setLinkage(LLVM::Linkage::Internal);
    }
    for (auto global : getOperation().getOps<LLVM::GlobalOp>())
      if (global.getLinkage() == LLVM::Linkage::Private)
        global.setLinkage(LLVM::Linkage::Internal);
  }
};
} // namespace
} // namespace mlir::aic
