// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CodeGen.cpp - LLVM dialect to objects in memory --------------------===//
//
// Emitted kernels are already in their final form: loads and stores in the order the emitter chose, tails written out.
// Three cheap passes give the speed of O2 for a small part of its time.
//
//===----------------------------------------------------------------------===//
#include "aic/CodeGen/CodeGen.h"
#include "Sanitize.h"
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

#include <atomic>
#include <mutex>
#include <thread>

namespace mlir::aic {
namespace {
constexpr StringLiteral kKernelPasses = "function(early-cse<memssa>,loop-mssa(licm),simplifycfg)";

/// What one thread needs; contexts are never shared.
class Worker {
public:
  Worker(const CodeGenOptions &options, CodeKind kind) : options(options), kind(kind) {}

  LogicalResult compile(ModuleOp source, SmallVectorImpl<char> &result) {
    bool isHost = source->hasAttr(kHostInterfaceAttr);
    if (failed(createMachine(source, isHost ? llvm::CodeGenOptLevel::None : llvm::CodeGenOptLevel::Default)))
      return failure();
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> module =
        translateModuleToLLVMIR(source, context, "model", /*disableVerification=*/true);
    if (!module)
      return failure();
    module->setDataLayout(machine->createDataLayout());
    module->setTargetTriple(machine->getTargetTriple());
    if (isHost)
      defineWeights(*module);
    bool fallback = false;
    for (auto function : source.getOps<LLVM::LLVMFuncOp>())
      fallback |= function->hasAttr(kScalarFallbackAttr);
    for (llvm::Function &function : *module)
      if (!function.isDeclaration()) {
        if (!function.hasLocalLinkage()) // the exported ones are the runtime's
          function.setVisibility(llvm::GlobalValue::HiddenVisibility);
        function.addFnAttr("tune-cpu", options.tune);
        function.addFnAttr("prefer-vector-width", std::to_string(options.vectorBits));
        function.addFnAttr(llvm::Attribute::NoUnwind);
      }
    if (!isHost && failed(optimize(source, *module, fallback)))
      return failure();
    return emit(source, *module, result);
  }

private:
  LogicalResult createMachine(ModuleOp source, llvm::CodeGenOptLevel level) {
    std::unique_ptr<llvm::TargetMachine> &kept = machines[level == llvm::CodeGenOptLevel::None];
    if (!kept) {
      llvm::Triple triple("x86_64-unknown-linux-gnu");
      std::string error;
      const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
      if (!target)
        return source.emitError() << error;
      kept.reset(
          target->createTargetMachine(triple, "x86-64", options.features, {}, llvm::Reloc::PIC_, std::nullopt, level));
    }
    machine = kept.get();
    return success();
  }

  /// The address of the constants, which may be further away than 2 GB.
  static void defineWeights(llvm::Module &module) {
    llvm::Function *function = module.getFunction(kWeightsFunction);
    if (!function || !function->isDeclaration())
      return;
    llvm::IRBuilder<> b(llvm::BasicBlock::Create(module.getContext(), "", function));
    auto *weights = new llvm::GlobalVariable(module, b.getInt8Ty(), /*isConstant=*/true,
                                             llvm::GlobalValue::ExternalLinkage, nullptr, "aic_weights");
    weights->setVisibility(llvm::GlobalValue::HiddenVisibility);
    weights->setCodeModel(llvm::CodeModel::Large);
    b.CreateRet(weights);
  }

  LogicalResult optimize(ModuleOp source, llvm::Module &module, bool fallback) {
    llvm::PassBuilder builder(machine);
    llvm::LoopAnalysisManager lam;
    llvm::FunctionAnalysisManager fam;
    llvm::CGSCCAnalysisManager cgam;
    llvm::ModuleAnalysisManager mam;
    builder.registerModuleAnalyses(mam);
    builder.registerCGSCCAnalyses(cgam);
    builder.registerFunctionAnalyses(fam);
    builder.registerLoopAnalyses(lam);
    builder.crossRegisterProxies(lam, fam, cgam, mam);
    llvm::ModulePassManager pm;
    if (fallback)
      pm = builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2);
    else if (llvm::Error error = builder.parsePassPipeline(pm, kKernelPasses))
      return source.emitError() << llvm::toString(std::move(error));
    addSanitizerPasses(module, options.sanitize, pm);
    pm.run(module, mam);
    return success();
  }

  LogicalResult emit(ModuleOp source, llvm::Module &module, SmallVectorImpl<char> &result) {
    llvm::raw_svector_ostream os(result);
    if (kind == CodeKind::LLVMIR) {
      module.print(os, nullptr);
      return success();
    }
    llvm::legacy::PassManager pm;
    auto fileType =
        kind == CodeKind::Assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
    if (machine->addPassesToEmitFile(pm, os, nullptr, fileType, /*DisableVerify=*/true))
      return source.emitError("expected a target that writes objects");
    pm.run(module);
    return success();
  }

  const CodeGenOptions &options;
  CodeKind kind;
  std::unique_ptr<llvm::TargetMachine> machines[2];
  llvm::TargetMachine *machine = nullptr;
};

void initializeTarget() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
}
} // namespace

LogicalResult generateCode(ArrayRef<ModuleOp> modules, const CodeGenOptions &options, CodeKind kind,
                           std::vector<SmallVector<char, 0>> &results) {
  initializeTarget();
  results.clear();
  results.resize(modules.size());
  std::atomic<size_t> next{0};
  std::atomic<bool> failedOnce{false};
  auto work = [&] {
    Worker worker(options, kind);
    for (size_t i; (i = next++) < modules.size();)
      if (failed(worker.compile(modules[i], results[i])))
        failedOnce = true;
  };
  std::vector<std::thread> threads;
  for (unsigned t = 1; t < std::min<size_t>(options.jobs, modules.size()); ++t)
    threads.emplace_back(work);
  work();
  for (std::thread &thread : threads)
    thread.join();
  return failure(failedOnce);
}

} // namespace mlir::aic
