// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Compiler.cpp - Modules, passes and compiling from Python -----------===//
//
// Diagnostics are collected and travel with the exception. The interpreter
// lock is not held while the compiler works.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "aic/Driver/Driver.h"
#include "aic/Driver/Quantize.h"
#include "aic/InitAll.h"
#include "aic/Interpreter/Interpreter.h"
#include "aic/Tools/TensorFile.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include <pybind11/stl.h>
#include <unistd.h>

namespace py = pybind11;

namespace aic::python {
namespace {

struct Message {
  std::string severity, text, location;
};

const char *severityOf(mlir::DiagnosticSeverity severity) {
  switch (severity) {
  case mlir::DiagnosticSeverity::Error:
    return "error";
  case mlir::DiagnosticSeverity::Warning:
    return "warning";
  case mlir::DiagnosticSeverity::Remark:
    return "remark";
  case mlir::DiagnosticSeverity::Note:
    return "note";
  }
  return "error";
}

/// `file:line:column` or the name of the node.
std::string describe(mlir::Location location) {
  if (llvm::isa<mlir::UnknownLoc>(location))
    return "";
  if (auto name = llvm::dyn_cast<mlir::NameLoc>(location)) {
    bool inFile = llvm::isa<mlir::FileLineColLoc>(name.getChildLoc());
    return (inFile ? describe(name.getChildLoc()) + ": " : "") + name.getName().str();
  }
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (auto file = llvm::dyn_cast<mlir::FileLineColLoc>(location))
    stream << file.getFilename().getValue() << ":" << file.getLine() << ":" << file.getColumn();
  else
    location.print(stream);
  return text;
}

/// Collects what the compiler says while it lives.
class Collector {
public:
  explicit Collector(mlir::MLIRContext &context)
      : handler(&context, [this](mlir::Diagnostic &diagnostic) {
          add(diagnostic);
          return mlir::success();
        }) {}

  [[noreturn]] void raise(const std::string &summary) const {
    py::list list;
    for (const Message &m : messages)
      list.append(py::make_tuple(m.severity, m.text, m.location));
    python::raise("CompileError", summary, list);
  }

private:
  void add(mlir::Diagnostic &diagnostic) {
    messages.push_back({severityOf(diagnostic.getSeverity()), diagnostic.str(), describe(diagnostic.getLocation())});
    for (mlir::Diagnostic &note : diagnostic.getNotes())
      add(note);
  }
  std::vector<Message> messages;
  mlir::ScopedDiagnosticHandler handler;
};

std::unique_ptr<mlir::MLIRContext> makeContext() {
  mlir::DialectRegistry registry;
  mlir::aic::registerAllDialects(registry);
  mlir::aic::registerCompilerDialects(registry);
  return std::make_unique<mlir::MLIRContext>(registry);
}

mlir::aic::CompileOptions makeOptions(const std::string &dims) {
  mlir::aic::CompileOptions options;
  if (std::string error = mlir::aic::parseDims(dims, options.dims); !error.empty())
    throw py::value_error(error);
  return options;
}

/// A path or bytes, and the bytes' keeper.
struct Source {
  explicit Source(py::object given) : object(std::move(given)) {
    isBytes = py::isinstance<py::bytes>(object);
    text = isBytes ? std::string_view(py::reinterpret_borrow<py::bytes>(object)) : std::string_view();
    if (!isBytes)
      path = py::cast<std::string>(object);
  }
  mlir::OwningOpRef<mlir::ModuleOp> load(mlir::MLIRContext &context, const mlir::aic::CompileOptions &options) const {
    if (isBytes)
      return mlir::aic::loadModelBytes(context, llvm::StringRef(text.data(), text.size()), "model", "", options);
    return mlir::aic::loadModel(context, path, options);
  }
  py::object object;
  bool isBytes;
  std::string_view text;
  std::string path;
};

/// Adds passes as aic-opt does with its flags: those on functions find theirs in the module. A text of passes keeps to
/// the nesting that it spells out, so each pass that has none is looked up by itself.
static bool addPasses(llvm::StringRef text, mlir::OpPassManager &manager, llvm::raw_ostream &errors) {
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    char c = i < text.size() ? text[i] : ',';
    depth += llvm::StringRef("({").contains(c) - llvm::StringRef(")}").contains(c);
    if (i < text.size() && (depth > 0 || c != ','))
      continue;
    llvm::StringRef element = text.slice(begin, i).trim();
    begin = i + 1;
    auto [name, options] = element.split('{');
    const mlir::PassRegistryEntry *entry = mlir::PassPipelineInfo::lookup(name);
    if (!entry)
      entry = mlir::PassInfo::lookup(name);
    auto fail = [&](const llvm::Twine &message) {
      errors << message;
      return mlir::failure();
    };
    bool isPlain = entry && (options.empty() || options.consume_back("}"));
    if (failed(isPlain ? entry->addToPipeline(manager, options, fail)
                       : mlir::parsePassPipeline(element, manager, errors)))
      return false;
  }
  return true;
}

class Module {
public:
  explicit Module(py::object given = py::none()) : keeper(std::move(given)), context(makeContext()) {}

  static std::unique_ptr<Module> import(const py::object &given, const std::string &dims) {
    Source source(given);
    mlir::aic::CompileOptions options = makeOptions(dims);
    auto result = std::make_unique<Module>(given);
    Collector collector(*result->context);
    {
      py::gil_scoped_release release;
      result->op = source.load(*result->context, options);
    }
    if (!result->op)
      collector.raise("the model cannot be imported");
    return result;
  }

  static std::unique_ptr<Module> parse(const std::string &text) {
    auto result = std::make_unique<Module>();
    Collector collector(*result->context);
    {
      py::gil_scoped_release release;
      result->op = mlir::parseSourceString<mlir::ModuleOp>(text, result->context.get());
    }
    if (!result->op)
      collector.raise("the text cannot be parsed");
    return result;
  }

  std::string text(bool weights, bool locations) const {
    py::gil_scoped_release release;
    mlir::OpPrintingFlags flags;
    if (!weights)
      flags.elideLargeElementsAttrs(32).elideLargeResourceString(64);
    flags.enableDebugInfo(locations);
    std::string result;
    llvm::raw_string_ostream stream(result);
    op.get()->print(stream, flags);
    return result;
  }

  void run(const std::string &pipeline) {
    Collector collector(*context);
    std::string error;
    bool ok = false;
    {
      py::gil_scoped_release release;
      llvm::raw_string_ostream stream(error);
      llvm::StringRef text = pipeline;
      if (text.consume_front("builtin.module(") && text.consume_back(")")) {
        mlir::FailureOr<mlir::OpPassManager> parsed = mlir::parsePassPipeline(pipeline, stream);
        mlir::PassManager manager(context.get());
        if (succeeded(parsed))
          static_cast<mlir::OpPassManager &>(manager) = *parsed;
        ok = succeeded(parsed) && succeeded(manager.run(*op));
      } else {
        mlir::PassManager manager(context.get(), "builtin.module", mlir::PassManager::Nesting::Implicit);
        ok = addPasses(pipeline, manager, stream) && succeeded(manager.run(*op));
      }
    }
    if (!ok)
      collector.raise(error.empty() ? "the pipeline failed" : error);
  }

  /// What every tool and compile() read.
  py::bytes bytecode() const {
    std::string result;
    {
      py::gil_scoped_release release;
      llvm::raw_string_ostream stream(result);
      (void)mlir::writeBytecodeToFile(*op, stream);
    }
    return py::bytes(result);
  }

  /// Quantises the module; the report as JSON and as text. `sets` are lists of (name, array).
  std::pair<std::string, std::string> quantize(const py::list &sets, double percentile, std::vector<std::string> keep,
                                               std::optional<double> minSnr, const py::object &progress,
                                               const std::string &cpu, const std::string &features) {
    std::vector<mlir::aic::CalibrationSet> samples;
    for (py::handle set : sets) {
      mlir::aic::CalibrationSet &sample = samples.emplace_back();
      for (py::handle entry : set) {
        auto [name, array] = py::cast<std::pair<std::string, py::array>>(entry);
        eval::View view = viewOf(array, typeOf(array));
        sample.push_back({name, eval::Tensor(view.type, view.shape, view.data, nullptr)}); // `sets` keeps the memory
      }
    }
    mlir::aic::CalibrationOptions options;
    options.percentile = percentile;
    options.keep = std::move(keep);
    options.minSnr = minSnr;
    if (!progress.is_none())
      options.progress = [&](llvm::StringRef what, size_t done, size_t all) {
        py::gil_scoped_acquire acquire;
        progress(what.str(), done, all);
      };
    mlir::aic::CompileOptions compile;
    compile.cpu = cpu;
    compile.features = features;
    Collector collector(*context);
    mlir::aic::CalibrationReport report;
    bool ok = false;
    {
      py::gil_scoped_release release;
      ok = succeeded(mlir::aic::quantizeModel(*op, samples, options, compile, report));
    }
    if (!ok)
      collector.raise("the model cannot be quantised");
    return {report.json(), report.text()};
  }

  py::list interpret(const py::list &arrays) const {
    Collector collector(*context);
    auto main = op.get().lookupSymbol<mlir::func::FuncOp>("main");
    if (!main)
      raise("RunError", "expected a function @main");
    std::vector<eval::View> inputs;
    for (py::handle item : arrays) {
      auto array = py::cast<py::array>(item);
      inputs.push_back(viewOf(array, typeOf(array)));
    }
    mlir::FailureOr<std::vector<eval::Tensor>> outputs = mlir::failure();
    {
      py::gil_scoped_release release;
      outputs = mlir::aic::interpret(main, inputs);
    }
    if (failed(outputs))
      collector.raise("the interpreter failed");
    py::list result;
    for (eval::Tensor &output : *outputs) {
      py::dtype dtype = dtypeOf(output.type());
      result.append(arrayOf(std::move(output), dtype));
    }
    return result;
  }

private:
  py::object keeper; ///< bytes that weights may lie in
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> op;
};

void compile(const py::object &given, const std::string &output, const std::string &target, const std::string &dims,
             const std::string &name, const std::string &cpu, const std::string &features, bool header,
             const std::string &machine, const std::string &arch) {
  Source source(given);
  if (std::string error = tools::expectOtherFile(output, {source.path}); !error.empty())
    throw py::value_error("output: " + error);
  mlir::aic::CompileOptions options = makeOptions(dims);
  options.target = target;
  options.machine = machine;
  options.arch = arch;
  options.name = name;
  options.cpu = cpu;
  options.features = features;
  options.writeHeader = header;
  std::unique_ptr<mlir::MLIRContext> context = makeContext();
  Collector collector(*context);
  bool ok = false;
  {
    py::gil_scoped_release release;
    if (mlir::OwningOpRef<mlir::ModuleOp> module = source.load(*context, options))
      ok = succeeded(mlir::aic::compileToLibrary(*module, options, output));
  }
  if (!ok)
    collector.raise("the model cannot be compiled");
}

/// The CPU that "host" means: its name and features in a fixed order.
std::string hostCpu() {
  std::vector<std::string> features;
  for (const auto &feature : llvm::sys::getHostCPUFeatures())
    if (feature.second)
      features.push_back(feature.first().str());
  llvm::sort(features);
  return llvm::sys::getHostCPUName().str() + ":" + llvm::join(features, ",");
}

/// What MLIR prints of its registry: it has no other way to be asked.
std::string describePasses() {
  llvm::outs().flush();
  FILE *file = std::tmpfile();
  int saved = ::dup(STDOUT_FILENO);
  if (!file || saved < 0)
    throw std::runtime_error("cannot make a temporary file");
  ::dup2(::fileno(file), STDOUT_FILENO);
  mlir::printRegisteredPasses();
  llvm::outs().flush();
  ::dup2(saved, STDOUT_FILENO);
  ::close(saved);
  std::string text;
  std::rewind(file);
  char block[4096];
  while (size_t n = std::fread(block, 1, sizeof block, file))
    text.append(block, n);
  std::fclose(file);
  return text;
}

} // namespace

void bindCompiler(py::module_ &m) {
  mlir::aic::registerAllPasses();
  mlir::registerTransformsPasses();
  py::class_<Module>(m, "Module", "A module of IR with its context")
      .def("text", &Module::text, py::arg("weights"), py::arg("locations"))
      .def("run", &Module::run, py::arg("pipeline"))
      .def("bytecode", &Module::bytecode)
      .def("quantize", &Module::quantize, py::arg("sets"), py::arg("percentile"), py::arg("keep"), py::arg("min_snr"),
           py::arg("progress"), py::arg("cpu"), py::arg("features"))
      .def("interpret", &Module::interpret, py::arg("arrays"));
  m.def("import_onnx", &Module::import, py::arg("source"), py::arg("dims"));
  m.def("parse_module", &Module::parse, py::arg("text"));
  m.def("host_cpu", &hostCpu);
  m.def("describe_passes", &describePasses);
  m.def("compile", &compile, py::arg("source"), py::arg("output"), py::arg("target"), py::arg("dims"), py::arg("name"),
        py::arg("cpu"), py::arg("features"), py::arg("header"), py::arg("machine"), py::arg("arch"));
}

} // namespace aic::python
