// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Run.cpp - aic-run --------------------------------------------------===//
//
// Load or compile or interpret, bind inputs, call, then report: what the user
// asked for, and a line for each output otherwise.
//
//===----------------------------------------------------------------------===//
#include "RunReport.h"
#include "aic/Driver/Driver.h"
#include "aic/Tools/CommandLine.h"
#include "aic/Tools/Compare.h"
#include "aic/Tools/TensorFile.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>

using namespace llvm;

namespace mlir::aic::tools {

using ::aic::eval::Tensor;
using ::aic::eval::View;
using ::aic::tools::NamedTensor;
using ::aic::tools::NamedTensors;

namespace {

constexpr const char *overview =
    R"(aic-run - run a model and look at what comes out

  aic-run [options] MODEL

MODEL is a library that aic-compile wrote (model.so), or a model (.onnx, .mlir, .mlirbc): it is then compiled first, for
this machine unless --target says otherwise, or evaluated operation by operation with --interpret. Without further
options a line is printed for each output: its element type and extents, its range and its first elements. Where a model
for a GPU finds no driver, its code runs checked in AIC's PTX executor; a line on stderr says which of the two it is.

EXAMPLES
  aic-run model.so --info                                what goes in and out, what it was compiled for
  aic-run model.so --input x=x.npy --save y.npz          call it, keep all outputs
  aic-run model.onnx --random --repeat 20 --profile      time it, kernel by kernel
  aic-run model.onnx --dim N=1,H=32 --random             an input with unknown extents
  aic-run model.onnx --target=nvidia --random            on a GPU, or on the PTX executor where there is none
  aic-run model.so --input in.npz --check expected.npz   compare with known outputs
  aic-run model.onnx --random --output /conv1/Conv_output_0
  aic-run --interpret model.mlir --random=7              the reference interpreter

EXIT STATUS
  0: all well. 1: an output differs from what --check expects. 2: an error.
)";

struct Flags {
  cl::OptionCategory modelGroup{"Model"}, inputGroup{"Inputs"}, outputGroup{"Outputs"}, timeGroup{"Time"};

  cl::opt<std::string> model{cl::Positional, cl::Required, cl::desc("MODEL"), cl::value_desc("model"),
                             cl::cat(modelGroup)};
  cl::opt<bool> interpret{"interpret", cl::cat(modelGroup),
                          cl::desc("Evaluate the graph operation by operation instead of compiling it")};
  cl::list<std::string> dims{"dim", cl::cat(modelGroup), cl::value_desc("NAME=N,NAME=MIN..MAX:MULTIPLE"),
                             cl::desc("Fix or bound extents by name (\"N\") or place (\"x:0\")")};
  cl::opt<std::string> target{"target", cl::cat(modelGroup), cl::init("x86"), cl::value_desc("name[:chip]"),
                              cl::desc("What to compile a model for (x86)")};
  cl::opt<std::string> machine{"machine", cl::cat(modelGroup), cl::init("edge-256"), cl::value_desc("name|file"),
                               cl::desc("Target npu: a shipped machine or a machine file (edge-256)")};
  cl::opt<std::string> arch{"arch", cl::cat(modelGroup), cl::init("sm_80"), cl::value_desc("sm_NN"),
                            cl::desc("Target nvidia: the GPU's architecture (sm_80)")};
  cl::opt<std::string> cpu{"cpu", cl::cat(modelGroup), cl::init("host"), cl::value_desc("name"),
                           cl::desc("CPU to compile for, as LLVM names it")};
  cl::opt<bool> info{"info", cl::cat(modelGroup), cl::desc("Describe the model, do not run it")};
  cl::opt<bool> json{"json", cl::cat(modelGroup), cl::desc("With --info: the manifest as it is in the library")};

  cl::list<std::string> inputs{"input", cl::cat(inputGroup), cl::value_desc("[NAME=]FILE"),
                               cl::desc("An input from a .npy, .npz or .pb file; without a name: every entry of an "
                                        ".npz, the name in a .pb, or the only input. May be repeated")};
  cl::opt<std::string> random{
      "random", cl::cat(inputGroup), cl::ValueOptional, cl::value_desc("SEED"),
      cl::desc("Make up the inputs that are not given: floats in [-1, 1), integers in [0, 10)")};

  cl::list<std::string> extra{"output", cl::cat(outputGroup), cl::value_desc("NAME"),
                              cl::desc("Also return this value of the model: any result, input or weight. May be "
                                       "repeated")};
  cl::opt<std::string> save{"save", cl::cat(outputGroup), cl::value_desc("FILE.npz"),
                            cl::desc("Write all outputs; bf16 as numpy's V2")};
  cl::list<std::string> check{"check", cl::cat(outputGroup), cl::value_desc("[NAME=]FILE"),
                              cl::desc("Compare with the outputs in a .npz, .npy or .pb file. May be repeated")};
  cl::opt<double> absolute{"atol", cl::cat(outputGroup), cl::init(1e-5),
                           cl::desc("--check: absolute tolerance (1e-5)")};
  cl::opt<double> relative{"rtol", cl::cat(outputGroup), cl::init(1e-3),
                           cl::desc("--check: relative tolerance (1e-3)")};

  cl::opt<unsigned> repeat{"repeat", cl::cat(timeGroup), cl::init(0), cl::value_desc("N"),
                           cl::desc("Call once more, then N times: prints minimum and median")};
  cl::opt<bool> profile{"profile", cl::cat(timeGroup), cl::desc("Print the time of each kernel with its ONNX nodes")};
  cl::opt<int> threads{"threads", cl::cat(timeGroup), cl::init(0), cl::value_desc("N"),
                       cl::desc("Threads of a call (default: what the model was compiled for)")};
};

/// The values of the flags. The linker in this process resets the flags themselves.
struct Options {
  explicit Options(const Flags &flags)
      : model(flags.model), target(flags.target), machine(flags.machine), arch(flags.arch), cpu(flags.cpu),
        random(flags.random), save(flags.save), dims(flags.dims.begin(), flags.dims.end()),
        inputs(flags.inputs.begin(), flags.inputs.end()), extra(flags.extra.begin(), flags.extra.end()),
        check(flags.check.begin(), flags.check.end()), interpret(flags.interpret), info(flags.info), json(flags.json),
        isRandom(flags.random.getNumOccurrences() > 0), isSaved(flags.save.getNumOccurrences() > 0),
        isThreaded(flags.threads.getNumOccurrences() > 0),
        isMachineGiven(flags.target.getNumOccurrences() + flags.cpu.getNumOccurrences() +
                           flags.machine.getNumOccurrences() + flags.arch.getNumOccurrences() >
                       0),
        isMachineNamed(flags.machine.getNumOccurrences() > 0), isArchNamed(flags.arch.getNumOccurrences() > 0),
        profile(flags.profile), absolute(flags.absolute), relative(flags.relative), repeat(flags.repeat),
        threads(flags.threads) {}

  std::string model, target, machine, arch, cpu, random, save;
  std::vector<std::string> dims, inputs, extra, check;
  bool interpret, info, json, isRandom, isSaved, isThreaded, isMachineGiven, isMachineNamed, isArchNamed, profile;
  double absolute, relative;
  unsigned repeat;
  int threads;
};

bool startsWith(const std::string &path, StringRef magic) {
  auto buffer = MemoryBuffer::getFileSlice(path, magic.size(), 0);
  return buffer && (*buffer)->getBuffer() == magic;
}

/// The tensors in a file by its ending. A tensor without a name has an empty one.
std::string readTensors(const std::string &path, NamedTensors &tensors) {
  std::string bytes;
  if (std::string error = ::aic::tools::readFile(path, bytes); !error.empty())
    return error;
  NamedTensor single;
  std::string error;
  StringRef ending = sys::path::extension(path);
  if (ending == ".npz")
    error = ::aic::tools::parseNpz(bytes, tensors);
  else if (ending == ".npy")
    error = ::aic::tools::parseNpy(bytes, single.second);
  else if (ending == ".pb")
    error = ::aic::tools::parseTensorProto(bytes, single);
  else
    error = "expected a file that ends in .npy, .npz or .pb";
  if (!error.empty())
    return "'" + path + "': " + error;
  if (ending != ".npz")
    tensors.push_back(std::move(single));
  return "";
}

/// The ports that a [NAME=]FILE option gives tensors for, in `slots` beside the ports.
std::string assignFile(StringRef option, ArrayRef<RunnerPort> ports, StringRef kind,
                       std::vector<std::optional<Tensor>> &slots) {
  // A name may hold '=', a path hardly does: the last one separates, if what is before it is a port.
  auto indexOf = [&](StringRef name) -> std::optional<size_t> {
    for (size_t i = 0; i < ports.size(); ++i)
      if (ports[i].name == name)
        return i;
    return std::nullopt;
  };
  auto names = [&] {
    std::string list;
    for (const RunnerPort &port : ports)
      list += (list.empty() ? "'" : ", '") + port.name + "'";
    return list;
  };
  auto [before, after] = option.rsplit('=');
  bool named = !after.empty() && (indexOf(before) || !sys::fs::exists(option));
  NamedTensors tensors;
  if (std::string error = readTensors(named ? after.str() : option.str(), tensors); !error.empty())
    return error;
  if (named && tensors.size() > 1)
    llvm::erase_if(tensors, [name = before](const NamedTensor &tensor) { return tensor.first != name; });
  if (named && tensors.size() != 1)
    return ("expected a tensor '" + before + "' in '" + after + "', got none").str();
  for (auto &[name, tensor] : tensors) {
    StringRef wanted = named ? before : StringRef(name);
    std::optional<size_t> index = indexOf(wanted);
    if (!index && !named && tensors.size() == 1 && ports.size() == 1)
      index = 0;
    if (!index)
      return ("expected the name of an " + kind + " (" + names() + "), got '" + wanted + "'").str();
    if (slots[*index])
      return (kind + " '" + ports[*index].name + "': expected one tensor, got another in '" + option + "'").str();
    slots[*index] = std::move(tensor);
  }
  return "";
}

/// Types and fixed extents of an input. What the symbols say is checked by the model.
std::string checkInput(const RunnerPort &port, const View &view) {
  bool fits = view.type == port.type && view.shape.size() == port.dims.size();
  for (size_t d = 0; fits && d < port.dims.size(); ++d)
    fits = port.dims[d] < 0 || port.dims[d] == view.shape[d];
  return fits ? "" : "input '" + port.name + "': expected " + port.describe() + ", got " + ::aic::tools::describe(view);
}

class RunTool {
public:
  explicit RunTool(const Options &options) : options(options), context(makeRegistry()) {}
  int run();

private:
  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registerCompilerDialects(registry);
    return registry;
  }
  int fail(const std::string &error) {
    if (error != kReported)
      printError(error);
    return exitError;
  }
  std::string readOptions();
  std::string checkSavePath();
  std::string checkLibraryDims();
  std::string checkBounds();
  std::unique_ptr<Runner> prepare(std::string &error);
  std::unique_ptr<Runner> compileModel(std::string &error);
  std::string bindInputs();
  std::string makeRandom(size_t index, uint64_t seed);
  std::string call();
  int finish();

  const Options options;
  MLIRContext context;
  CompileOptions compile;
  OwningOpRef<ModuleOp> module;
  std::unique_ptr<Runner> runner;
  std::vector<std::optional<Tensor>> inputs;
  std::vector<Tensor> outputs;
  std::vector<double> milliseconds;
  std::vector<KernelTime> profile;
};

std::string RunTool::readOptions() {
  for (const std::string &dims : options.dims)
    if (std::string error = parseDims(dims, compile.dims); !error.empty())
      return "--dim: " + error;
  compile.target = options.target;
  compile.machine = options.machine;
  compile.arch = options.arch;
  compile.cpu = options.cpu;
  compile.threads = std::max<int>(options.threads, 1);
  compile.extraOutputs = options.extra;
  compile.writeHeader = false;
  uint64_t ignored;
  if (!options.random.empty() && StringRef(options.random).getAsInteger(10, ignored))
    return "--random: expected a number, got '" + options.random + "'";
  if (options.isThreaded && (options.threads < 1 || options.threads > 4096))
    return "--threads: expected 1 to 4096, got " + std::to_string(options.threads);
  if (options.interpret && (options.profile || options.isThreaded))
    return std::string(options.profile ? "--profile" : "--threads") + ": expected a compiled model, got --interpret";
  if (options.json && !options.info)
    return "--json: expected --info, too";
  for (auto [option, isGiven] : {std::pair("machine", options.isMachineNamed), std::pair("arch", options.isArchNamed)})
    if (std::string error = isGiven ? checkChipOption(option, options.target) : ""; !error.empty())
      return error;
  if (!(options.absolute >= 0) || !(options.relative >= 0))
    return std::string(options.absolute >= 0 ? "--rtol" : "--atol") + ": expected a number of at least 0";
  return checkSavePath();
}

/// What --save writes may be nothing that is read.
std::string RunTool::checkSavePath() {
  std::vector<std::string> files{options.model};
  for (const std::vector<std::string> *list : {&options.inputs, &options.check})
    for (const std::string &option : *list) {
      files.push_back(option);
      files.push_back(StringRef(option).rsplit('=').second.str());
    }
  if (options.isSaved && options.save.empty())
    return "--save: expected the name of a file, got none";
  std::string error = ::aic::tools::expectOtherFile(options.save, files);
  return error.empty() ? "" : "--save: " + error;
}

/// A library's dims are fixed by the inputs: here --dim says how large those are that are made up, and what the others
/// must be (checkBounds).
std::string RunTool::checkLibraryDims() {
  for (const auto &[name, bounds] : compile.dims) {
    bool isKnown = false;
    for (const RunnerPort &port : runner->inputs())
      for (size_t d = 0; d < port.dims.size(); ++d) {
        if (name != port.name + ":" + std::to_string(d) && name != port.symbols[d])
          continue;
        isKnown = true;
        if (port.dims[d] >= 0 && !bounds.allows(port.dims[d]))
          return "input '" + port.name + "': expected extent " + std::to_string(port.dims[d]) + " of dimension " +
                 std::to_string(d) + " in --dim, got " + std::to_string(bounds.minimum);
      }
    if (!isKnown)
      return "expected a dimension of the model in --dim, got '" + name + "'";
  }
  return "";
}

/// The extents of the inputs that --dim names. A model's are bounded before it is compiled.
std::string RunTool::checkBounds() {
  for (auto [port, input] : llvm::zip(runner->inputs(), inputs)) {
    const View view = *input;
    for (size_t d = 0; d < port.dims.size(); ++d)
      for (const std::string &name : {port.symbols[d], port.name + ":" + std::to_string(d)}) {
        auto dim = compile.dims.find(name);
        if (name.empty() || dim == compile.dims.end() || dim->second.allows(view.shape[d]))
          continue;
        const DimBounds &bounds = dim->second;
        return "input '" + port.name + "': expected " +
               (bounds.isFixed() ? "extent " + std::to_string(bounds.minimum)
                                 : "an extent that --dim " + name + " allows") +
               " in dimension " + std::to_string(d) + ", got " + std::to_string(view.shape[d]);
      }
  }
  return "";
}

/// Makes a runner. Null after an error.
std::unique_ptr<Runner> RunTool::prepare(std::string &error) {
  bool isLibrary = startsWith(options.model, StringRef("\x7f"
                                                       "ELF"));
  if (isLibrary && options.interpret) {
    error = "--interpret: expected a model (.onnx, .mlir), got the library '" + options.model + "'";
    return nullptr;
  }
  if (isLibrary && options.isMachineGiven) {
    error = "--cpu, --target, --machine, --arch: expected a model to compile, got the library '" + options.model + "'";
    return nullptr;
  }
  if (isLibrary) {
    auto loaded =
        options.info ? describeLibrary(options.model, error) : loadLibrary(options.model, options.threads, error);
    for (const std::string &name : options.extra)
      if (loaded && llvm::none_of(loaded->outputs(), [&](const RunnerPort &port) { return port.name == name; })) {
        error =
            "--output: '" + name + "' is no output of '" + options.model + "': give the model instead of the library";
        return nullptr;
      }
    return loaded;
  }
  if (options.interpret && options.isMachineGiven) {
    error = "--cpu, --target, --machine, --arch: expected a model to compile, got --interpret";
    return nullptr;
  }
  if (options.json) {
    error = "--json: expected a library, which has a manifest, got the model '" + options.model + "'";
    return nullptr;
  }
  module = loadModel(context, options.model, compile);
  // What goes in and out of a model is known without compiling it.
  if (module)
    return options.interpret || options.info ? loadInterpreter(*module, error) : compileModel(error);
  error = kReported;
  return nullptr;
}

std::unique_ptr<Runner> RunTool::compileModel(std::string &error) {
  SmallString<128> path;
  if (std::error_code code = sys::fs::createTemporaryFile("aic-run", "so", path)) {
    error = "cannot make a temporary file: " + code.message();
    return nullptr;
  }
  sys::RemoveFileOnSignal(path);
  std::unique_ptr<Runner> loaded;
  if (succeeded(compileToLibrary(*module, compile, path)))
    loaded = loadLibrary(path.str().str(), options.threads, error);
  else
    error = kReported;
  // A loaded library needs its name no more.
  sys::fs::remove(path);
  sys::DontRemoveFileOnSignal(path);
  return loaded;
}

std::string RunTool::makeRandom(size_t index, uint64_t seed) {
  const RunnerPort &port = runner->inputs()[index];
  ::aic::eval::Shape shape = port.dims;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] >= 0)
      continue;
    std::string place = port.name + ":" + std::to_string(d);
    std::string symbol = d < port.symbols.size() ? port.symbols[d] : "";
    for (const std::string &name : {symbol, place})
      if (auto dim = compile.dims.find(name); !name.empty() && dim != compile.dims.end())
        shape[d] = dim->second.minimum;
    if (shape[d] < 0)
      return "--random: input '" + port.name + "' is " + port.describe() + ": give --dim " +
             (symbol.empty() ? place : symbol) + "=SIZE";
  }
  Tensor tensor(port.type, shape);
  ::aic::tools::fillRandom(tensor, seed);
  inputs[index] = tensor;
  return "";
}

std::string RunTool::bindInputs() {
  ArrayRef<RunnerPort> ports = runner->inputs();
  inputs.resize(ports.size());
  for (const std::string &option : options.inputs)
    if (std::string error = assignFile(option, ports, "input", inputs); !error.empty())
      return error;
  uint64_t seed = 0;
  (void)StringRef(options.random).getAsInteger(10, seed);
  for (size_t i = 0; i < ports.size(); ++i) {
    if (!inputs[i] && !options.isRandom)
      return "expected a value of input '" + ports[i].name + "' " + ports[i].describe() + ": give --input " +
             ports[i].name + "=FILE or --random";
    std::string error = inputs[i] ? "" : makeRandom(i, seed + i);
    if (error.empty())
      error = checkInput(ports[i], *inputs[i]);
    if (!error.empty())
      return error;
  }
  return "";
}

std::string RunTool::call() {
  std::vector<View> views;
  for (const std::optional<Tensor> &input : inputs)
    views.push_back(*input);
  bool wanted = options.profile;
  std::string error = runner->run(views, outputs, nullptr);
  // The first call is for the caches and the check; its time counts only where there is no other.
  for (unsigned i = 0, n = std::max(options.repeat + 0u, wanted ? 1u : 0u); error.empty() && i < n; ++i) {
    auto begin = std::chrono::steady_clock::now();
    error = runner->run(views, outputs, wanted ? &profile : nullptr);
    milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  return error;
}

int RunTool::finish() {
  ArrayRef<RunnerPort> ports = runner->outputs();
  if (options.repeat > 0)
    printTimes(milliseconds);
  if (options.profile)
    printProfile(runner->manifest(), profile, milliseconds);
  if (!options.save.empty()) {
    NamedTensors named;
    for (auto [port, tensor] : llvm::zip(ports, outputs))
      named.emplace_back(port.name, tensor);
    std::string bytes, error = ::aic::tools::formatNpz(named, bytes);
    if (!error.empty())
      return fail("'" + options.save + "': " + error);
    if (failed(writeOutput(options.save, bytes)))
      return exitError;
  }
  std::vector<std::optional<Tensor>> expected(ports.size());
  for (const std::string &option : options.check)
    if (std::string error = assignFile(option, ports, "output", expected); !error.empty())
      return fail(error);
  bool equal = true;
  for (auto [port, tensor, wanted] : llvm::zip(ports, outputs, expected))
    if (wanted)
      equal &= printComparison(port.name, tensor, *wanted, {options.absolute, options.relative});
  if (options.repeat == 0 && !options.profile && options.save.empty() && options.check.empty())
    for (auto [port, tensor] : llvm::zip(ports, outputs))
      printTensor(port.name, tensor);
  return equal ? exitSuccess : exitDifferent;
}

int RunTool::run() {
  PrintDiagnostics diagnostics(context, options.model);
  std::string error = readOptions();
  if (!error.empty())
    return fail(error);
  runner = prepare(error);
  if (!runner)
    return fail(error);
  if (!runner->device().empty())
    errs() << toolName() << ": on the " << runner->device() << ": " << runner->deviceName() << "\n";
  if (options.info) {
    printInfo(*runner, options.json);
    return exitSuccess;
  }
  if (!module)
    error = checkLibraryDims();
  if (error.empty())
    error = bindInputs();
  if (error.empty() && !module)
    error = checkBounds();
  if (error.empty())
    error = call();
  if (!error.empty())
    return fail(error);
  return finish();
}

} // namespace

int runMain(int argc, char **argv) {
  removeLibraryOptions();
  Flags flags;
  if (failed(parseCommandLine(argc, argv, overview)))
    return exitError;
  return flushOutput(RunTool(Options(flags)).run());
}

} // namespace mlir::aic::tools
