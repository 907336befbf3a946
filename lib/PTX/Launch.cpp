// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The public interface: loading a program, launching a kernel, wording an error.
#include "Engine.h"
#include "GlobalShadow.h"
#include <algorithm>

namespace aic::ptx {

Limits limitsOf(unsigned sm) {
  Limits limits;
  switch (sm) {
  case 70:
  case 72:
    limits.sharedOptIn = 96 * 1024;
    break;
  case 75:
    limits.sharedOptIn = 64 * 1024;
    break;
  case 80:
  case 87:
    limits.sharedOptIn = 163 * 1024;
    break;
  case 86:
  case 88:
  case 89:
  case 120:
  case 121:
    limits.sharedOptIn = 99 * 1024;
    break;
  case 90:
  case 100:
  case 101:
  case 103:
  case 110:
    limits.sharedOptIn = 227 * 1024;
    break;
  default:
    limits.sharedOptIn = 48 * 1024;
    break;
  }
  return limits;
}

Program::Program() : code(std::make_unique<Bytecode>()) {}
Program::~Program() = default;

/// Parameters are packed as the kernel declares them, each at its own alignment.
static void layoutParams(const Module &module, const Function &function, Kernel &kernel) {
  uint32_t offset = 0;
  for (int index : function.params) {
    const Variable &var = module.variables[unsigned(index)];
    Param param;
    param.name = var.name;
    param.size = uint32_t(std::min<uint64_t>(var.size, 1u << 20));
    param.align = std::max(1u, var.align);
    param.type = var.type;
    param.isPointer = var.isPointer;
    param.pointeeAlign = var.pointeeAlign;
    offset = (offset + param.align - 1) / param.align * param.align;
    param.offset = offset;
    offset += param.size;
    kernel.params.push_back(std::move(param));
  }
  kernel.paramBytes = offset;
}

static bool placeGlobals(Bytecode &code, Memory &memory, std::vector<uint64_t> &addresses,
                         std::vector<Diagnostic> &messages) {
  const Module &module = code.module;
  addresses.assign(module.variables.size(), 0);
  uint64_t total = 0;
  for (size_t i = 0; i < module.variables.size(); ++i) {
    const Variable &var = module.variables[i];
    if ((var.space != Space::Global && var.space != Space::Const) || var.isExtern)
      continue;
    total += var.size;
    if (total > (uint64_t(8) << 30)) {
      messages.push_back({var.line, "expected at most 8 GiB of variables"});
      return false;
    }
    uint64_t address = memory.allocate(std::max<uint64_t>(var.size, 1), var.name);
    if (!address) {
      messages.push_back({var.line, "no memory for '" + var.name + "' (" + std::to_string(var.size) + " bytes)"});
      return false;
    }
    addresses[i] = address;
    memory.fill(address, 0, std::max<uint64_t>(var.size, 1)); // variables without an initialiser are zero
    code.globals.push_back({var.name, address, var.size});
  }
  for (size_t i = 0; i < module.variables.size(); ++i) {
    const Variable &var = module.variables[i];
    if (!addresses[i])
      continue;
    for (const Initializer &init : var.initializers) {
      uint64_t value = init.value;
      if (init.symbol >= 0) {
        const Variable &target = module.variables[unsigned(init.symbol)];
        if (!addresses[unsigned(init.symbol)]) {
          messages.push_back({var.line, "the address of '" + target.name + "' is not known here"});
          return false;
        }
        value += addresses[unsigned(init.symbol)];
      }
      memory.write(addresses[i] + init.offset, &value, std::min(init.size, 8u));
    }
    if (var.space == Space::Const)
      memory.find(addresses[i])->readOnly = true;
  }
  return true;
}

std::unique_ptr<Program> Program::load(std::string_view text, std::string name, Memory &memory,
                                       std::vector<Diagnostic> &messages) {
  size_t before = messages.size();
  if (text.size() > (size_t(256) << 20)) {
    messages.push_back({0, "expected at most 256 MiB of PTX"});
    return nullptr;
  }
  std::unique_ptr<Program> program(new Program());
  Bytecode &code = *program->code;
  code.text = std::string(text);
  code.lineStarts.push_back(0);
  for (size_t i = 0; i < code.text.size(); ++i)
    if (code.text[i] == '\n')
      code.lineStarts.push_back(i + 1);
  code.module = parseModule(code.text, std::move(name), messages);
  if (messages.size() != before)
    return nullptr;
  for (const Function &function : code.module.functions)
    for (const Instruction &inst : function.body) {
      Resolved resolved;
      std::string problem = verifyInstruction(code.module, function, inst, resolved);
      if (!problem.empty() && messages.size() < before + 20)
        messages.push_back({inst.line, std::move(problem)});
    }
  if (messages.size() != before)
    return nullptr;
  std::vector<uint64_t> addresses;
  auto undo = [&] {
    for (const GlobalVariable &var : code.globals)
      memory.free(var.address);
    return nullptr;
  };
  if (!placeGlobals(code, memory, addresses, messages))
    return undo();
  for (size_t i = 0; i < code.module.functions.size(); ++i) {
    const Function &function = code.module.functions[i];
    if (!function.isEntry || !function.hasBody)
      continue;
    Kernel kernel;
    kernel.name = function.name;
    kernel.line = function.line;
    kernel.maxThreads = function.maxThreads;
    kernel.requiredThreads = function.requiredThreads;
    kernel.maxRegisters = function.maxRegisters;
    kernel.index = unsigned(code.kernels.size());
    if (function.requiredCluster.count() > 1)
      messages.push_back({function.line, "clusters of more than one block are not supported"});
    layoutParams(code.module, function, kernel);
    Code decoded;
    std::vector<Diagnostic> problems;
    decodeKernel(code, unsigned(i), kernel, decoded, addresses, problems);
    for (Diagnostic &problem : problems)
      if (messages.size() < before + 20)
        messages.push_back(std::move(problem));
    code.kernels.push_back(std::move(kernel));
    code.codes.push_back(std::move(decoded));
  }
  if (messages.size() != before)
    return undo();
  return program;
}

const std::string &Program::name() const { return code->module.name; }
unsigned Program::sm() const { return code->module.sm; }
const std::string &Program::target() const { return code->module.target; }
std::pair<unsigned, unsigned> Program::isa() const { return {code->module.isaMajor, code->module.isaMinor}; }
const std::vector<Kernel> &Program::kernels() const { return code->kernels; }

const Kernel *Program::kernel(std::string_view name) const {
  for (const Kernel &kernel : code->kernels)
    if (kernel.name == name)
      return &kernel;
  return nullptr;
}

std::pair<uint64_t, uint64_t> Program::global(std::string_view name) const {
  for (const GlobalVariable &var : code->globals)
    if (var.name == name)
      return {var.address, var.size};
  return {0, 0};
}

std::string_view Program::sourceLine(unsigned line) const {
  if (!line || line > code->lineStarts.size())
    return {};
  size_t start = code->lineStarts[line - 1];
  size_t end = line < code->lineStarts.size() ? code->lineStarts[line] - 1 : code->text.size();
  return std::string_view(code->text).substr(start, end - start);
}

Options Options::unchecked() {
  Options options;
  options.races = options.globalRaces = options.uninitialised = options.async = options.divergence = false;
  return options;
}

std::string formatError(const Program &program, const Error &error) {
  auto dims = [](const Dim3 &d) {
    return "(" + std::to_string(d.x) + "," + std::to_string(d.y) + "," + std::to_string(d.z) + ")";
  };
  std::string text = program.name();
  if (error.line)
    text += ":" + std::to_string(error.line);
  text += ": " + error.kind + ": ";
  if (error.kind != "launch" && error.kind != "limit")
    text += "block " + dims(error.block) + " thread " + dims(error.thread) + " ";
  text += error.message;
  if (error.count > 1)
    text += " (" + std::to_string(error.count) + " times)";
  auto quote = [&](unsigned line) {
    std::string_view source = program.sourceLine(line);
    size_t start = source.find_first_not_of(" \t");
    if (start == std::string_view::npos)
      return;
    std::string shown(source.substr(start, 110));
    std::replace_if(shown.begin(), shown.end(), [](char c) { return (unsigned char)c < 0x20; }, ' ');
    text += "\n  " + std::to_string(line) + " | " + shown;
  };
  if (error.line && error.kind != "launch")
    quote(error.line);
  if (error.otherLine && error.otherLine != error.line)
    quote(error.otherLine);
  return text;
}

static std::string dimsText(const Dim3 &d) {
  return std::to_string(d.x) + "x" + std::to_string(d.y) + "x" + std::to_string(d.z);
}

std::string launchProblem(const Program &program, const Kernel &kernel, const LaunchConfig &config) {
  const Code &code = program.bytecode().codes[kernel.index];
  unsigned sm = config.sm ? config.sm : program.sm();
  Limits limits = limitsOf(sm);
  const Dim3 &b = config.block, &g = config.grid;
  if (!b.count() || !g.count())
    return "expected at least one block of at least one thread, got grid " + dimsText(g) + ", block " + dimsText(b);
  if (b.x > limits.maxBlock.x || b.y > limits.maxBlock.y || b.z > limits.maxBlock.z || b.count() > limits.maxThreads)
    return "expected at most " + std::to_string(limits.maxThreads) + " threads in a block of at most " +
           dimsText(limits.maxBlock) + ", got " + dimsText(b);
  if (g.x > limits.maxGrid.x || g.y > limits.maxGrid.y || g.z > limits.maxGrid.z)
    return "expected a grid of at most " + dimsText(limits.maxGrid) + ", got " + dimsText(g);
  if (g.count() > (uint64_t(1) << 31))
    return "expected at most 2^31 blocks, got " + std::to_string(g.count());
  if (kernel.requiredThreads.x && !(kernel.requiredThreads == b))
    return "expected a block of " + dimsText(kernel.requiredThreads) + " as .reqntid says, got " + dimsText(b);
  if (kernel.maxThreads.x && b.count() > kernel.maxThreads.count())
    return "expected at most " + std::to_string(kernel.maxThreads.count()) +
           " threads in a block as .maxntid says, got " + std::to_string(b.count());
  uint32_t cap = config.sharedLimit ? std::min(config.sharedLimit, limits.sharedOptIn) : limits.sharedOptIn;
  if (code.sharedBytes > limits.sharedDefault)
    return "expected at most " + std::to_string(limits.sharedDefault) + " bytes of static shared memory, got " +
           std::to_string(code.sharedBytes);
  if (uint64_t(code.dynamicShared) + config.dynamicShared > cap && config.dynamicShared)
    return "expected at most " + std::to_string(cap) + " bytes of shared memory on sm_" + std::to_string(sm) +
           ", got " + std::to_string(code.sharedBytes) + " static and " + std::to_string(config.dynamicShared) +
           " dynamic";
  return "";
}

void Program::unload(Memory &memory) {
  for (const GlobalVariable &var : code->globals)
    memory.free(var.address);
  code->globals.clear();
}

LaunchResult launch(const Program &program, const Kernel &kernel, const LaunchConfig &config, const void *params,
                    size_t paramBytes, Memory &memory, const Options &options) {
  static const uint8_t none = 0;
  if (!params)
    params = &none, paramBytes = 0;
  Engine engine(program, kernel, config, params, paramBytes, memory, options);
  return engine.run();
}

} // namespace aic::ptx
