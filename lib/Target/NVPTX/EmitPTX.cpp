// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- EmitPTX.cpp - Kernels in the NVVM dialect to PTX text --------------===//
//
// Every module is optimised and generated for itself, several at a time, and the texts are joined: their names differ,
// so that what is written does not depend on the number of threads. Code generation of NVPTX ends the process on what
// it cannot select. The gate lets no such thing through; should it err, the fatal error is caught and becomes a
// diagnostic with the kernel's name.
//
//===----------------------------------------------------------------------===//
#include "aic/Target/NVPTX/EmitPTX.h"
#include "aic/Target/NVPTX/NVPTXMachineModel.h"
#include "aic/Target/NVPTX/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Target/LLVMIR/ModuleTranslation.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

#include <atomic>
#include <mutex>
#include <thread>

namespace mlir::aic {
#define GEN_PASS_DEF_GPUEMITPTXPASS
#include "aic/Target/NVPTX/Passes.h.inc"

namespace {

//===-- Fatal errors ------------------------------------------------------===//

thread_local std::string *fatalMessage = nullptr;

void onFatalError(void *, const char *reason, bool) {
  if (fatalMessage)
    *fatalMessage = reason;
  if (llvm::CrashRecoveryContext *current = llvm::CrashRecoveryContext::GetCurrent())
    current->HandleExit(1);
}

/// While one lives, fatal errors of LLVM and signals end the innermost `runGuarded` instead of the process.
class FatalErrorGuard {
public:
  FatalErrorGuard() {
    std::lock_guard<std::mutex> lock(mutex);
    if (users++)
      return;
    llvm::CrashRecoveryContext::Enable();
    llvm::remove_fatal_error_handler();
    llvm::install_fatal_error_handler(onFatalError);
  }
  ~FatalErrorGuard() {
    std::lock_guard<std::mutex> lock(mutex);
    if (--users)
      return;
    llvm::remove_fatal_error_handler();
    llvm::CrashRecoveryContext::Disable();
  }

  /// Whether `work` came to its end; else `message` says why not. What it had allocated is lost.
  static bool run(llvm::function_ref<void()> work, std::string &message) {
    llvm::CrashRecoveryContext context;
    fatalMessage = &message;
    bool finished = context.RunSafely(work);
    fatalMessage = nullptr;
    if (!finished && message.empty())
      message = "signal during code generation";
    return finished;
  }

private:
  static inline std::mutex mutex;
  static inline unsigned users = 0;
};

//===-- One module --------------------------------------------------------===//

std::string chipName(int64_t sm, bool archSpecific) { return "sm_" + std::to_string(sm) + (archSpecific ? "a" : ""); }

/// The name of the first entry, for messages and as a prefix.
std::string nameOf(ModuleOp module) {
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (function->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName()))
      return function.getName().str();
  return "";
}

/// Writes the text of one module, without what stands in front of it.
class Emission {
public:
  Emission(ModuleOp source, const std::string &name, int64_t sm, const PTXNeeds &needs)
      : source(source), name(name), sm(sm), needs(needs) {}

  /// On failure `errors` says why; emits no diagnostics, as it may be torn out of its work.
  bool run();

  std::string text, errors;

private:
  bool createMachine();
  void renameInternals(llvm::Module &module);
  void optimize(llvm::Module &module);
  bool checkCalls(llvm::Module &module);

  ModuleOp source;
  const std::string &name;
  int64_t sm;
  PTXNeeds needs;
  std::unique_ptr<llvm::TargetMachine> machine;
};

bool Emission::createMachine() {
  llvm::Triple triple("nvptx64-nvidia-cuda");
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, errors);
  if (target)
    machine.reset(target->createTargetMachine(triple, chipName(sm, needs.archSpecific),
                                              "+ptx" + std::to_string(needs.ptx), {}, llvm::Reloc::PIC_, std::nullopt,
                                              llvm::CodeGenOptLevel::Aggressive));
  return machine != nullptr;
}

/// Texts are joined, and PTX has one name space.
void Emission::renameInternals(llvm::Module &module) {
  for (llvm::GlobalValue &value : module.global_values())
    if (value.hasLocalLinkage())
      value.setName(name + "_" + value.getName());
}

void Emission::optimize(llvm::Module &module) {
  // Would take vectors that emitters load apart if their elements are used one by one.
  llvm::PassInstrumentationCallbacks callbacks;
  callbacks.registerShouldRunOptionalPassCallback(
      [](StringRef pass, llvm::Any) { return pass != "VectorCombinePass"; });
  llvm::PassBuilder builder(machine.get(), {}, std::nullopt, &callbacks);
  llvm::LoopAnalysisManager lam;
  llvm::FunctionAnalysisManager fam;
  llvm::CGSCCAnalysisManager cgam;
  llvm::ModuleAnalysisManager mam;
  // There is no library whose functions LLVM could call.
  llvm::TargetLibraryInfoImpl library(module.getTargetTriple());
  library.disableAllFunctions();
  fam.registerPass([&] { return llvm::TargetLibraryAnalysis(library); });
  builder.registerModuleAnalyses(mam);
  builder.registerCGSCCAnalyses(cgam);
  builder.registerFunctionAnalyses(fam);
  builder.registerLoopAnalyses(lam);
  builder.crossRegisterProxies(lam, fam, cgam, mam);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(module, mam);
}

bool Emission::checkCalls(llvm::Module &module) {
  for (llvm::Function &function : module)
    if (function.isDeclaration() && !function.isIntrinsic() && !function.use_empty()) {
      errors = "expected no call of '" + function.getName().str() + "', which optimisation put in";
      return false;
    }
  return true;
}

void onDiagnostic(const llvm::DiagnosticInfo *info, void *errors) {
  if (info->getSeverity() != llvm::DS_Error)
    return;
  llvm::raw_string_ostream os(*static_cast<std::string *>(errors));
  llvm::DiagnosticPrinterRawOStream printer(os);
  info->print(printer);
}

bool Emission::run() {
  if (!createMachine())
    return false;
  llvm::LLVMContext context;
  context.setDiagnosticHandlerCallBack(onDiagnostic, &errors);
  std::unique_ptr<llvm::Module> module = translateModuleToLLVMIR(source, context, name);
  if (!module) {
    errors = "no translation to LLVM IR";
    return false;
  }
  module->setDataLayout(machine->createDataLayout());
  module->setTargetTriple(machine->getTargetTriple());
  renameInternals(*module);
  optimize(*module);
  // Code generation in LLVM 22 makes vectors of loads and fills their gaps, also behind the end of a buffer, but not in
  // functions with this attribute. Emitters write the vectors they want. (An option of the command line turns it off,
  // too; tools take LLVM's options away, and the linker in this process resets them.)
  for (llvm::Function &function : *module)
    if (!function.isDeclaration())
      function.addFnAttr(llvm::Attribute::NoImplicitFloat);
  if (!checkCalls(*module))
    return false;
  SmallVector<char, 0> buffer;
  llvm::raw_svector_ostream os(buffer);
  llvm::legacy::PassManager pm;
  if (machine->addPassesToEmitFile(pm, os, nullptr, llvm::CodeGenFileType::AssemblyFile)) {
    errors = "no assembly printer";
    return false;
  }
  pm.run(*module);
  text.assign(buffer.begin(), buffer.end());
  return errors.empty();
}

/// What follows the lines `.version`, `.target` and `.address_size`; nothing if one is missing.
StringRef bodyOf(StringRef text) {
  StringRef directive = ".address_size 64";
  size_t at = text.find(directive);
  return at == StringRef::npos ? StringRef() : text.drop_front(at + directive.size()).trim("\n");
}

void initializeTarget() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
}

//===-- The pass ----------------------------------------------------------===//

struct GPUEmitPTX final : impl::GPUEmitPTXPassBase<GPUEmitPTX> {
  using GPUEmitPTXPassBase::GPUEmitPTXPassBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    GPUEmitPTXPassBase::getDependentDialects(registry);
    registerNVPTXTranslations(registry);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto target = module->getAttrOfType<TargetAttr>(TargetAttr::attributeName);
    if (!target) {
      module.emitError("expected an attribute 'aic.target'; aic-attach-target sets it");
      return signalPassFailure();
    }
    SmallVector<ModuleOp> kernels(module.getOps<ModuleOp>());
    bool nested = llvm::none_of(module.getOps<LLVM::LLVMFuncOp>(), [](LLVM::LLVMFuncOp f) { return !f.isExternal(); });
    if (!nested) // the module of one kernel
      kernels = {module};
    PTXOptions options;
    MLIRContext *context = module.getContext();
    options.jobs = jobs ? jobs : context->isMultithreadingEnabled() ? context->getNumThreads() : 1;
    FailureOr<std::string> text = emitPTX(kernels, target, options);
    if (failed(text))
      return signalPassFailure();
    if (file.empty()) {
      module->setAttr("nvidia.ptx", StringAttr::get(module.getContext(), *text));
      if (nested)
        for (ModuleOp kernel : kernels)
          kernel.erase();
      return;
    }
    std::error_code code;
    llvm::raw_fd_ostream os(file, code);
    os << (code ? "" : *text);
    os.flush();
    if (code || (code = os.error())) {
      os.clear_error();
      module.emitError("cannot write '") << file << "': " << code.message();
      signalPassFailure();
    }
  }
};
} // namespace

void registerNVPTXTranslations(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
}

FailureOr<std::string> emitPTX(ArrayRef<ModuleOp> modules, TargetAttr target, const PTXOptions &options) {
  initializeTarget();
  int64_t sm = target.getNumber("sm");
  PTXNeeds needs;
  std::vector<Emission> emissions;
  std::vector<std::string> names;
  for (ModuleOp module : modules)
    names.push_back(nameOf(module));
  // Versions and targets only grow upwards compatible, so that all modules can have what the most demanding one needs.
  for (ModuleOp module : modules) {
    FailureOr<PTXNeeds> own = verifyNVVM(module, target);
    if (failed(own))
      return failure();
    needs.ptx = std::max(needs.ptx, own->ptx);
    needs.archSpecific |= own->archSpecific;
  }
  needs.ptx = std::max(needs.ptx, target.getNumber("ptx"));
  for (auto [module, name] : llvm::zip_equal(modules, names))
    emissions.emplace_back(module, name, sm, needs);

  std::vector<std::string> failures(modules.size());
  {
    FatalErrorGuard guard;
    std::atomic<size_t> next{0};
    auto work = [&] {
      for (size_t i; (i = next++) < modules.size();) {
        bool done = false;
        std::string fatal;
        if (!FatalErrorGuard::run([&] { done = emissions[i].run(); }, fatal))
          failures[i] = "code generation died: " + fatal;
        else if (!done)
          failures[i] = emissions[i].errors.empty() ? "code generation failed" : emissions[i].errors;
      }
    };
    std::vector<std::thread> threads;
    for (unsigned t = 1; t < std::min<size_t>(options.jobs, modules.size()); ++t)
      threads.emplace_back(work);
    work();
    for (std::thread &thread : threads)
      thread.join();
  }
  bool anyFailed = false;
  std::string text = ".version " + std::to_string(needs.ptx / 10) + "." + std::to_string(needs.ptx % 10) +
                     "\n.target " + chipName(sm, needs.archSpecific) + "\n.address_size 64\n";
  for (auto [module, name, emission, message] : llvm::zip_equal(modules, names, emissions, failures)) {
    StringRef body = bodyOf(emission.text);
    if (message.empty() && body.empty())
      message = "code generation wrote nothing";
    if (!message.empty()) {
      ModuleOp(module).emitError("kernel '") << name << "': " << message;
      anyFailed = true;
    }
    text += "\n" + body.str() + "\n";
  }
  if (anyFailed)
    return failure();
  return text;
}

} // namespace mlir::aic
