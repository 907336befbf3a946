// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Sanitize.cpp - Sanitizers of generated code ------------------------===//
//
// LLVM's thread sanitizer instruments accesses of up to 16 bytes. Kernels use wider and masked vectors, so these are
// reported to the same run time as ranges.
//
//===----------------------------------------------------------------------===//
#include "Sanitize.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Instrumentation/AddressSanitizer.h"
#include "llvm/Transforms/Instrumentation/ThreadSanitizer.h"

namespace mlir::aic {
namespace {
constexpr uint64_t kLargestKnownAccess = 16;

struct Access {
  llvm::Value *pointer;
  llvm::Type *type;
  llvm::Value *mask; // null: all lanes
  bool isWrite;
};

std::optional<Access> wideAccess(llvm::Instruction &inst) {
  if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&inst))
    return Access{load->getPointerOperand(), load->getType(), nullptr, false};
  if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&inst))
    return Access{store->getPointerOperand(), store->getValueOperand()->getType(), nullptr, true};
  auto *call = llvm::dyn_cast<llvm::IntrinsicInst>(&inst);
  if (call && call->getIntrinsicID() == llvm::Intrinsic::masked_load)
    return Access{call->getArgOperand(0), call->getType(), call->getArgOperand(1), false};
  if (call && call->getIntrinsicID() == llvm::Intrinsic::masked_store)
    return Access{call->getArgOperand(1), call->getArgOperand(0)->getType(), call->getArgOperand(2), true};
  return std::nullopt;
}

/// Masks of kernels are prefixes: the number of set lanes is the length of the range.
llvm::Value *rangeBytes(llvm::IRBuilder<> &b, const Access &access, const llvm::DataLayout &layout) {
  if (!access.mask)
    return b.getInt64(layout.getTypeStoreSize(access.type));
  auto *vector = llvm::cast<llvm::FixedVectorType>(access.type);
  llvm::Type *lanes = b.getIntNTy(vector->getNumElements());
  llvm::Value *set = b.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, b.CreateBitCast(access.mask, lanes));
  return b.CreateMul(b.CreateZExtOrTrunc(set, b.getInt64Ty()),
                     b.getInt64(layout.getTypeStoreSize(vector->getElementType())));
}

struct ReportWideAccesses : llvm::PassInfoMixin<ReportWideAccesses> {
  llvm::PreservedAnalyses run(llvm::Module &module, llvm::ModuleAnalysisManager &) {
    const llvm::DataLayout &layout = module.getDataLayout();
    llvm::LLVMContext &context = module.getContext();
    auto *none = llvm::Type::getVoidTy(context);
    auto *pointer = llvm::PointerType::get(context, 0);
    auto *size = llvm::Type::getInt64Ty(context);
    llvm::FunctionCallee read = module.getOrInsertFunction("__tsan_read_range", none, pointer, size);
    llvm::FunctionCallee write = module.getOrInsertFunction("__tsan_write_range", none, pointer, size);
    for (llvm::Function &function : module)
      for (llvm::Instruction &inst : llvm::instructions(function)) {
        std::optional<Access> access = wideAccess(inst);
        if (!access || !llvm::isa<llvm::FixedVectorType>(access->type) ||
            (!access->mask && layout.getTypeStoreSize(access->type) <= kLargestKnownAccess))
          continue;
        llvm::IRBuilder<> b(&inst);
        b.CreateCall(access->isWrite ? write : read, {access->pointer, rangeBytes(b, *access, layout)});
      }
    return llvm::PreservedAnalyses::none();
  }
  static bool isRequired() { return true; }
};
} // namespace

void addSanitizerPasses(llvm::Module &module, Sanitizer sanitizer, llvm::ModulePassManager &pm) {
  if (sanitizer == Sanitizer::None)
    return;
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      function.addFnAttr(sanitizer == Sanitizer::Thread ? llvm::Attribute::SanitizeThread
                                                        : llvm::Attribute::SanitizeAddress);
  if (sanitizer == Sanitizer::Address) {
    pm.addPass(llvm::AddressSanitizerPass(llvm::AddressSanitizerOptions()));
    return;
  }
  pm.addPass(ReportWideAccesses());
  pm.addPass(llvm::ModuleThreadSanitizerPass());
  pm.addPass(llvm::createModuleToFunctionPassAdaptor(llvm::ThreadSanitizerPass()));
}

} // namespace mlir::aic
