// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Compile.cpp - A module of the graph level to a library -------------===//
#include "Internal.h"
#include "aic/CodeGen/CodeGen.h"
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Pipelines/Pipelines.h"
#include "aic/Target/NPU/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <thread>
#include <unistd.h>

namespace mlir::aic {
namespace {

class Compilation {
public:
  Compilation(ModuleOp module, const CompileOptions &options, StringRef output)
      : module(module), options(options), output(output.str()), last(Clock::now()) {}

  LogicalResult run() {
    if (options.target != "x86" && options.target != "npu")
      return error() << "expected a target out of [x86, npu], got '" << options.target << "'";
    if (std::error_code code = library.create(output))
      return fileError(output, code);
    if (options.target == "npu" && StringRef(output).ends_with(".npub"))
      return writeProgram();
    return success(succeeded(lower()) && succeeded(generate()) && succeeded(link()));
  }

private:
  using Clock = std::chrono::steady_clock;

  InFlightDiagnostic error() { return emitError(module.getLoc()); }
  LogicalResult fileError(StringRef path, std::error_code code) {
    return error() << "cannot write '" << path << "': " << code.message();
  }
  unsigned jobs() {
    unsigned wanted = options.jobs ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
    return module.getContext()->isMultithreadingEnabled() ? wanted : 1;
  }
  void done(StringRef stage);

  LogicalResult lower();
  LogicalResult runStage(StringRef name, llvm::function_ref<void(OpPassManager &)> build);
  /// Units and programs of the NPU, encoded unless they are the whole output.
  LogicalResult lowerPrograms();
  /// A .npub file instead of a library.
  LogicalResult writeProgram();
  /// Fills a file that disappears unless it is kept.
  LogicalResult write(OutputFile &file, StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> print);
  LogicalResult dump(StringRef name, llvm::function_ref<void(llvm::raw_ostream &)> print);
  LogicalResult generate();
  LogicalResult link();

  ModuleOp module;
  const CompileOptions &options;
  std::string output;
  Clock::time_point last;
  OutputFile library;
  std::vector<SmallVector<char, 0>> objects;
};

void Compilation::done(StringRef stage) {
  Clock::time_point now = Clock::now();
  if (options.timing)
    llvm::errs() << llvm::format("%8.3f s  ", std::chrono::duration<double>(now - last).count()) << stage << "\n";
  last = now;
}

LogicalResult Compilation::write(OutputFile &file, StringRef path,
                                 llvm::function_ref<void(llvm::raw_ostream &)> print) {
  if (std::error_code code = file.create(path))
    return fileError(path, code);
  std::error_code code;
  llvm::raw_fd_ostream os(file.temporaryPath(), code);
  if (code)
    return fileError(path, code);
  print(os);
  os.flush();
  code = os.error();
  os.clear_error();
  return code ? fileError(path, code) : success();
}

LogicalResult Compilation::dump(StringRef name, llvm::function_ref<void(llvm::raw_ostream &)> print) {
  if (std::error_code code = llvm::sys::fs::create_directories(options.dumpDirectory))
    return fileError(options.dumpDirectory, code);
  std::string path = options.dumpDirectory + "/" + name.str();
  OutputFile file;
  if (failed(write(file, path, print)))
    return failure();
  std::error_code code = file.keep();
  return code ? fileError(path, code) : success();
}

LogicalResult Compilation::runStage(StringRef name, llvm::function_ref<void(OpPassManager &)> build) {
  PassManager pm(module.getContext());
  pm.enableVerifier(options.verify);
  build(pm);
  if (failed(pm.run(module)))
    return failure();
  if (!options.dumpDirectory.empty() && failed(dump((name + ".mlir").str(), [&](llvm::raw_ostream &os) {
        module.print(os, OpPrintingFlags().elideLargeElementsAttrs(32).elideLargeResourceString(64));
      })))
    return failure();
  done(name);
  return success();
}

LogicalResult Compilation::lower() {
  X86PipelineOptions pipeline;
  pipeline.cpu = options.cpu;
  pipeline.features = options.features;
  pipeline.threads = options.threads;
  using Build = void (*)(OpPassManager &, const X86PipelineOptions &);
  // What each level needs to become the next one.
  static constexpr std::pair<const char *, Build> stages[] = {{"graph", buildGraphPipeline},
                                                              {"loops", buildLoopsPipeline},
                                                              {"kernels", buildKernelsPipeline},
                                                              {"tiles", buildTilesPipeline},
                                                              {"code", buildCodePipeline}};
  for (auto [name, build] : llvm::drop_begin(stages, options.from == Level::Graph ? 0 : unsigned(options.from) + 1)) {
    if (failed(runStage(name, [&, build = build](OpPassManager &pm) { build(pm, pipeline); })))
      return failure();
    if (options.target != "npu" || name != StringRef("graph"))
      continue;
    if (failed(lowerPrograms()) ||
        failed(runStage("npub", [](OpPassManager &pm) { pm.addPass(npu::createNPUEncodePass()); })))
      return failure();
  }
  addManifest(module, options);
  return success();
}

LogicalResult Compilation::lowerPrograms() {
  NPUPipelineOptions machine;
  machine.machine = options.machine;
  if (failed(runStage("units", [&](OpPassManager &pm) { buildNPUUnitsPipeline(pm, machine); })) ||
      failed(runStage("npu", [&](OpPassManager &pm) { buildNPUProgramsPipeline(pm, machine); })))
    return failure();
  // The usual reason for a program that is much smaller than expected.
  unsigned open = 0;
  module.walk([&](Operation *op) {
    auto reason = op->getAttrOfType<StringAttr>("npu.reason");
    open += reason && reason.getValue() == "its shapes are not fixed";
  });
  if (open)
    emitWarning(module.getLoc()) << open << " operations stay on the host because their shapes are not fixed (--dim)";
  if (options.dumpDirectory.empty())
    return success();
  for (auto program : module.getOps<npu::ProgramOp>()) {
    FailureOr<std::string> bytes = npu::encodeProgram(program);
    if (failed(bytes) ||
        failed(dump((program.getSymName() + ".npub").str(), [&](llvm::raw_ostream &os) { os << *bytes; })))
      return failure();
  }
  return success();
}

LogicalResult Compilation::writeProgram() {
  X86PipelineOptions pipeline;
  pipeline.cpu = options.cpu;
  if (failed(runStage("graph", [&](OpPassManager &pm) { buildGraphPipeline(pm, pipeline); })) ||
      failed(lowerPrograms()))
    return failure();
  SmallVector<Operation *> left;
  if (!npu::isWholeProgram(module, left)) {
    InFlightDiagnostic diagnostic = error() << "expected a model that the NPU does as a whole, got " << left.size()
                                            << " operations that stay on the host; write a .so instead";
    for (Operation *op : ArrayRef<Operation *>(left).take_front(16)) {
      auto reason = op->getAttrOfType<StringAttr>("npu.reason");
      diagnostic.attachNote(op->getLoc())
          << op->getName() << ": " << (reason ? reason.getValue() : StringRef("host code"));
    }
    return diagnostic;
  }
  FailureOr<std::string> bytes = npu::encodeProgram(*module.getOps<npu::ProgramOp>().begin());
  if (failed(bytes))
    return failure();
  std::error_code code;
  llvm::raw_fd_ostream os(library.temporaryPath(), code);
  if (!code) {
    os << *bytes;
    os.flush();
    code = os.error();
    os.clear_error();
  }
  if (!code)
    code = library.keep();
  return code ? fileError(output, code) : success();
}

LogicalResult Compilation::generate() {
  CodeGenOptions code;
  if (auto target = module->getAttrOfType<TargetAttr>(TargetAttr::attributeName)) {
    code.tune = target.getChip().str();
    for (const std::string &feature : requiredFeatures(module))
      code.features += (code.features.empty() ? "+" : ",+") + feature;
    code.vectorBits = unsigned(target.getNumber("lanes", 8)) * 32;
  }
  code.jobs = jobs();
  code.sanitize = options.sanitize;
  std::vector<OwningOpRef<ModuleOp>> kernels;
  for (auto kernel : llvm::make_early_inc_range(module.getOps<ModuleOp>())) {
    kernel->remove();
    kernels.emplace_back(kernel);
  }
  SmallVector<ModuleOp> modules{module};
  for (OwningOpRef<ModuleOp> &kernel : kernels)
    modules.push_back(*kernel);
  if (!options.dumpDirectory.empty()) {
    for (auto [kind, name] : {std::pair(CodeKind::LLVMIR, "code.ll"), std::pair(CodeKind::Assembly, "code.s")}) {
      std::vector<SmallVector<char, 0>> texts;
      if (failed(generateCode(modules, code, kind, texts)))
        return failure();
      auto print = [&](llvm::raw_ostream &os) {
        for (const SmallVector<char, 0> &text : texts)
          os << StringRef(text.data(), text.size());
      };
      if (failed(dump(name, print)))
        return failure();
    }
  }
  LogicalResult result = generateCode(modules, code, CodeKind::Object, objects);
  done("objects");
  return result;
}

LogicalResult Compilation::link() {
  std::string prefix = options.name;
  if (prefix.empty())
    if (auto name = module->getAttrOfType<StringAttr>(kModelNameAttr))
      prefix = name.getValue().str();
  LinkOptions how;
  how.prefix = prefix;
  how.sanitize = options.sanitize;
  std::string errors, image;
  if (failed(linkLibrary(module, objects, how, image, errors)))
    return error() << "cannot link '" << output << "': " << StringRef(errors).trim();
  done("link");
  std::error_code code;
  {
    llvm::raw_fd_ostream os(library.temporaryPath(), code);
    if (code)
      return fileError(output, code);
    os.SetBufferSize(1 << 20);
    LogicalResult written = writeLibrary(module, image, os);
    os.flush();
    code = os.error();
    os.clear_error();
    if (code || failed(written))
      return code ? fileError(output, code) : failure();
  }
  if ((code = library.makeExecutable()))
    return fileError(output, code);
  done("weights");
  OutputFile header;
  if (options.writeHeader) {
    SmallString<128> path(output);
    llvm::sys::path::replace_extension(path, ".h");
    if (failed(write(header, path, [&](llvm::raw_ostream &os) { os << modelHeader(module, prefix); })))
      return failure();
  }
  if (std::error_code code = library.keep())
    return fileError(output, code);
  if (options.writeHeader)
    if (std::error_code code = header.keep()) {
      llvm::sys::fs::remove(output);
      return fileError(header.path(), code);
    }
  return success();
}
} // namespace

ArrayRef<StringRef> getDumpNames() {
  static constexpr StringRef names[] = {"graph.mlir",   "units.mlir", "npu.mlir",  "npub.mlir", "loops.mlir",
                                        "kernels.mlir", "tiles.mlir", "code.mlir", "code.ll",   "code.s"};
  return names;
}

LogicalResult compileToLibrary(ModuleOp module, const CompileOptions &options, StringRef outputPath) {
  return Compilation(module, options, outputPath).run();
}

} // namespace mlir::aic
