// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Compile.cpp - A module of the graph level to a library -------------===//
#include "Internal.h"
#include "aic/CodeGen/CodeGen.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
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
    backend = readTarget(*module.getContext(), options, pipeline, [&] { return error(); });
    if (!backend)
      return failure();
    for (StringRef name : getTargetNames())
      if (StringRef ending = llvm::sys::path::extension(output);
          name != backend->getName() && !lookupTarget(name)->getFileStage(ending).empty())
        return error() << "expected target " << name << " for a file that ends in " << ending << ", got "
                       << backend->getName();
    if (std::error_code code = library.create(output))
      return fileError(output, code);
    if (StringRef stage = backend->getFileStage(llvm::sys::path::extension(output)); !stage.empty())
      return success(succeeded(lower(stage)) && succeeded(writeProgram()));
    if (failed(lower("code")))
      return failure();
    addManifest(module, options);
    return success(succeeded(generate()) && succeeded(link()));
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

  /// All stages up to this one.
  LogicalResult lower(StringRef last);
  LogicalResult runStage(const PipelineStage &stage);
  /// What the target makes instead of a library.
  LogicalResult writeProgram();
  /// Fills a file that disappears unless it is kept.
  LogicalResult write(OutputFile &file, StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> print);
  LogicalResult dump(StringRef name, llvm::function_ref<void(llvm::raw_ostream &)> print);
  LogicalResult generate();
  LogicalResult link();

  ModuleOp module;
  const CompileOptions &options;
  const TargetBackend *backend = nullptr;
  TargetPipelineOptions pipeline;
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

LogicalResult Compilation::runStage(const PipelineStage &stage) {
  PassManager pm(module.getContext());
  pm.enableVerifier(options.verify);
  stage.build(pm, *backend, pipeline);
  if (failed(pm.run(module)))
    return failure();
  bool dumps = !options.dumpDirectory.empty();
  if (dumps && failed(dump((stage.name + ".mlir").str(), [&](llvm::raw_ostream &os) {
        module.print(os, OpPrintingFlags().elideLargeElementsAttrs(32).elideLargeResourceString(64));
      })))
    return failure();
  done(stage.name);
  auto dumpFile = [&](StringRef name, StringRef contents) {
    return dump(name, [&](llvm::raw_ostream &os) { os << contents; });
  };
  return backend->finishStage(stage.name, module, dumps ? TargetBackend::WriteFile(dumpFile) : nullptr);
}

LogicalResult Compilation::lower(StringRef last) {
  // The passes of the graph level take a graph in any state.
  ArrayRef<PipelineStage> stages = getStages(*backend, options.from == "graph" ? "" : options.from, last);
  if (stages.empty())
    return error() << "expected a level before '" << last << "' of target " << backend->getName() << ", got '"
                   << options.from << "'";
  for (const PipelineStage &stage : stages)
    if (failed(runStage(stage)))
      return failure();
  return success();
}

LogicalResult Compilation::writeProgram() {
  std::error_code code;
  llvm::raw_fd_ostream os(library.temporaryPath(), code);
  if (!code) {
    LogicalResult written = backend->writeFile(module, os);
    os.flush();
    code = os.error();
    os.clear_error();
    if (!code && failed(written))
      return failure();
  }
  if (!code)
    code = library.keep();
  return code ? fileError(output, code) : success();
}

LogicalResult Compilation::generate() {
  CodeGenOptions code = hostCodeOptions(module);
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

std::vector<std::string> getDumpNames(const TargetBackend &backend) {
  std::vector<std::string> names{"code.ll", "code.s"};
  for (const PipelineStage &stage : getStages(backend))
    names.push_back((stage.name + ".mlir").str());
  return names;
}

LogicalResult compileToLibrary(ModuleOp module, const CompileOptions &options, StringRef outputPath) {
  return Compilation(module, options, outputPath).run();
}

} // namespace mlir::aic
