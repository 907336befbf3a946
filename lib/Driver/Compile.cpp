// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Compile.cpp - A module of the graph level to a library -------------===//
#include "Internal.h"
#include "aic/CodeGen/CodeGen.h"
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Pipelines/Pipelines.h"
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
    if (options.target != "x86")
      return error() << "expected a target that writes libraries (x86), got '" << options.target << "'";
    if (std::error_code code = library.create(output))
      return fileError(output, code);
    return success(succeeded(lower()) && succeeded(generate()) && succeeded(reserveWeights()) && succeeded(link()));
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
  /// Fills a file that disappears unless it is kept.
  LogicalResult write(OutputFile &file, StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> print);
  LogicalResult dump(StringRef name, llvm::function_ref<void(llvm::raw_ostream &)> print);
  LogicalResult generate();
  LogicalResult reserveWeights();
  LogicalResult link();

  ModuleOp module;
  const CompileOptions &options;
  std::string output;
  Clock::time_point last;
  OutputFile library;
  std::vector<SmallVector<char, 0>> objects;
  struct ScratchFile {
    ~ScratchFile() {
      if (fd >= 0)
        close(fd);
    }
    int fd = -1;
  } weights;
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
    PassManager pm(module.getContext());
    pm.enableVerifier(options.verify);
    build(pm, pipeline);
    if (failed(pm.run(module)))
      return failure();
    if (!options.dumpDirectory.empty() && failed(dump(name + std::string(".mlir"), [&](llvm::raw_ostream &os) {
          module.print(os, OpPrintingFlags().elideLargeElementsAttrs(32).elideLargeResourceString(64));
        })))
      return failure();
    done(name);
  }
  addManifest(module, options);
  return success();
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

LogicalResult Compilation::reserveWeights() {
  weights.fd = openScratchFile(output);
  if (weights.fd < 0)
    return fileError(output, std::error_code(errno, std::generic_category()));
  llvm::raw_fd_ostream os(weights.fd, /*shouldClose=*/false);
  writeWeightObject(module, os);
  os.flush();
  std::error_code code = os.error();
  os.clear_error();
  return code ? fileError(output, code) : success();
}

LogicalResult Compilation::link() {
  std::string prefix = options.name;
  if (prefix.empty())
    if (auto name = module->getAttrOfType<StringAttr>(kModelNameAttr))
      prefix = name.getValue().str();
  LinkOptions how;
  how.output = library.temporaryPath().str();
  how.prefix = prefix;
  how.sanitize = options.sanitize;
  std::string errors;
  if (failed(linkLibrary(objects, weights.fd, how, errors)))
    return error() << "cannot write '" << output << "': " << StringRef(errors).trim();
  done("link");
  std::error_code code;
  if (failed(mlir::aic::writeWeights(module, library.temporaryPath(), code)))
    return code ? fileError(output, code) : failure();
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
  static constexpr StringRef names[] = {"graph.mlir", "loops.mlir", "kernels.mlir", "tiles.mlir",
                                        "code.mlir",  "code.ll",    "code.s"};
  return names;
}

LogicalResult compileToLibrary(ModuleOp module, const CompileOptions &options, StringRef outputPath) {
  return Compilation(module, options, outputPath).run();
}

} // namespace mlir::aic
