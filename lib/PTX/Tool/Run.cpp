// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// aic-ptx-run: loads, launches, compares, sweeps mutants.
#include "Tool.h"
#include "aic/PTX/Tool.h"
#include "aic/Tools/TensorFile.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

namespace aic::ptx {

namespace {

int usage(const std::string &message) {
  fprintf(stderr, "aic-ptx-run: %s\n", message.c_str());
  return 2;
}

class Session {
public:
  Session(CommandLine &command) : command(command) {}
  int run();

private:
  std::string pack();
  std::string findBuffer(const std::string &name, const Argument *&argument) const;
  std::string compare() const;
  std::string writeOutputs() const;
  void reset();
  LaunchResult launchOnce(const Options &options);
  int plain();
  int sweep();
  int listMutations() const;

  CommandLine &command;
  Memory memory;
  std::unique_ptr<Program> program;
  const Kernel *kernel = nullptr;
  std::vector<uint8_t> params;
  std::vector<std::pair<Expectation, eval::Tensor>> expected;
};

std::string Session::pack() {
  if (command.arguments.size() != kernel->params.size())
    return "kernel '" + kernel->name + "' takes " + std::to_string(kernel->params.size()) + " arguments, got " +
           std::to_string(command.arguments.size());
  params.assign(kernel->paramBytes, 0);
  for (size_t i = 0; i < command.arguments.size(); ++i) {
    Argument &argument = command.arguments[i];
    const Param &param = kernel->params[i];
    if (std::string problem = prepareArgument(argument, command.dataSeed); !problem.empty())
      return "--arg " + argument.name + ": " + problem;
    const void *data = &argument.bits;
    size_t size = eval::byteSize(argument.type);
    if (argument.isRaw) {
      data = argument.raw.data();
      size = argument.raw.size();
    } else if (argument.isBuffer) {
      argument.address = memory.allocate(argument.initial.bytes(), argument.name);
      if (!argument.address)
        return "--arg " + argument.name + ": no memory for " + std::to_string(argument.initial.bytes()) + " bytes";
      data = &argument.address;
      size = 8;
      if (argument.map) {
        argument.map->base = argument.address;
        if (const char *problem = checkTensorMap(*argument.map))
          return "--arg " + argument.name + ": " + problem;
        data = &*argument.map;
        size = sizeof(TensorMap);
        if (param.size == 8) { // by address: the map lies in device memory
          argument.mapAddress = memory.allocate(size, argument.name + " (tensor map)");
          memory.write(argument.mapAddress, data, size);
          data = &argument.mapAddress;
          size = 8;
        }
      }
    }
    if (size != param.size)
      return "--arg " + argument.name + ": parameter '" + param.name + "' has " + std::to_string(param.size) +
             " bytes, got " + std::to_string(size);
    memcpy(params.data() + param.offset, data, size);
  }
  return "";
}

void Session::reset() {
  for (const Argument &argument : command.arguments)
    if (argument.isBuffer) {
      memory.write(argument.address, argument.initial.data(), argument.initial.bytes());
      if (argument.isOutput && command.trackGlobal)
        memory.trackInitialised(argument.address);
    }
}

std::string Session::findBuffer(const std::string &name, const Argument *&result) const {
  result = nullptr;
  for (const Argument &argument : command.arguments) {
    if (!argument.isBuffer || (name.empty() ? !argument.isOutput : argument.name != name))
      continue;
    if (result)
      return "several `out` buffers: say which with NAME:FILE";
    result = &argument;
  }
  return result ? "" : name.empty() ? "there is no `out` buffer" : "there is no buffer '" + name + "'";
}

std::string Session::compare() const {
  for (const auto &entry : expected) {
    const Argument *argument;
    findBuffer(entry.first.name, argument);
    const uint8_t *host = const_cast<Memory &>(memory).host(argument->address, argument->initial.bytes());
    eval::View got(argument->type, argument->shape, const_cast<uint8_t *>(host));
    std::string problem = compareTensors(got, entry.second, command.absolute, command.relative);
    if (!problem.empty())
      return "result '" + argument->name + "': " + problem;
  }
  return "";
}

std::string Session::writeOutputs() const {
  for (const Expectation &entry : command.outputs) {
    const Argument *argument;
    findBuffer(entry.name, argument);
    uint8_t *host = const_cast<Memory &>(memory).host(argument->address, argument->initial.bytes());
    std::string bytes;
    std::string problem = tools::formatNpy(eval::View(argument->type, argument->shape, host), bytes);
    if (problem.empty())
      problem = tools::writeFile(entry.file, bytes);
    if (!problem.empty())
      return problem;
  }
  return "";
}

LaunchResult Session::launchOnce(const Options &options) {
  reset();
  return launch(*program, *kernel, command.launch, params.data(), params.size(), memory, options);
}

int Session::listMutations() const {
  unsigned number = 0;
  for (const Synchronisation &s : synchronisations(*program, *kernel))
    printf("%u: line %u: %s: %s\n", number++, s.line, s.opcode.c_str(), s.effect.c_str());
  return 0;
}

int Session::plain() {
  int status = 0;
  uint64_t steps = 0;
  auto start = std::chrono::steady_clock::now();
  for (unsigned round = 0; round < command.seeds; ++round) {
    Options options = command.options;
    if (command.seeds > 1)
      options.seed = round;
    LaunchResult result = launchOnce(options);
    steps += result.steps;
    std::string prefix = command.seeds > 1 && !result.ok() ? "seed " + std::to_string(options.seed) + ": " : "";
    bool refused = false;
    for (const Error &error : result.errors) {
      fprintf(stderr, "%s%s\n", prefix.c_str(), formatError(*program, error).c_str());
      refused |= error.kind == "launch";
    }
    if (refused)
      return 2;
    status |= !result.ok();
    std::string problem = compare();
    if (!problem.empty()) {
      fprintf(stderr, "%s: %s\n", command.file.c_str(), problem.c_str());
      status = 1;
    }
    if (!command.counters.empty() && !round) {
      std::string json = result.counters.json(*program, *kernel);
      if (command.counters == "-") {
        fputs(json.c_str(), stdout);
      } else if (std::string error = tools::writeFile(command.counters, json); !error.empty()) {
        return usage(error);
      }
    }
    if (status)
      break;
  }
  if (std::string problem = writeOutputs(); !problem.empty())
    return usage(problem);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!command.quiet && command.counters != "-")
    printf("%s: %s: %s (%llu warp instructions, %.2f s)\n", command.file.c_str(), kernel->name.c_str(),
           status ? "FAILED" : "ok", (unsigned long long)steps, seconds);
  return status;
}

int Session::sweep() {
  LaunchResult clean = launchOnce(command.options);
  if (!clean.ok() || !compare().empty()) {
    fprintf(stderr, "%s: the kernel fails without a mutation\n", command.file.c_str());
    for (const Error &error : clean.errors)
      fprintf(stderr, "%s\n", formatError(*program, error).c_str());
    return 1;
  }
  std::vector<Synchronisation> list = synchronisations(*program, *kernel);
  // A mutant may hang: it gets ten times what the kernel needs.
  Options options = command.options;
  options.maxSteps = clean.steps * 10 + 100000;
  options.counters = false;
  unsigned missed = 0, detected = 0, allowed = 0;
  for (unsigned number = 0; number < list.size(); ++number) {
    options.mutation = int(number);
    std::string how;
    for (AsyncMode mode : {command.options.asyncMode, AsyncMode::Early}) {
      options.asyncMode = mode;
      LaunchResult result = launchOnce(options);
      if (!result.ok())
        how = result.errors.front().kind + " at line " + std::to_string(result.errors.front().line);
      else if (std::string problem = compare(); !problem.empty())
        how = "wrong result";
      if (!how.empty())
        break;
    }
    const Synchronisation &s = list[number];
    bool redundant = std::find(command.redundant.begin(), command.redundant.end(), s.line) != command.redundant.end();
    detected += !how.empty();
    allowed += how.empty() && redundant;
    missed += how.empty() && !redundant;
    if (!command.quiet || (how.empty() && !redundant))
      printf("%u: line %u: %s: %s: %s\n", number, s.line, s.opcode.c_str(), s.effect.c_str(),
             !how.empty() ? how.c_str()
             : redundant  ? "not detected (listed as redundant)"
                          : "NOT DETECTED");
  }
  printf("%s: %s: %u of %zu mutants detected, %u redundant, %u missed\n", command.file.c_str(), kernel->name.c_str(),
         detected, list.size(), allowed, missed);
  return missed != 0;
}

int Session::run() {
  std::string text;
  if (std::string problem = tools::readFile(command.file, text); !problem.empty())
    return usage(problem);
  std::vector<Diagnostic> messages;
  program = Program::load(text, command.file, memory, messages);
  for (const Diagnostic &message : messages)
    fprintf(stderr, "%s\n", formatDiagnostic(command.file, message).c_str());
  if (!program)
    return 2;
  if (command.listKernels) {
    for (const Kernel &k : program->kernels()) {
      printf("%s: %zu parameters, %u bytes, static shared %u bytes\n", k.name.c_str(), k.params.size(), k.paramBytes,
             k.staticShared);
      for (const Param &p : k.params)
        printf("  %s: offset %u, %u bytes, .%s%s\n", p.name.c_str(), p.offset, p.size,
               std::string(typeName(p.type)).c_str(), p.isPointer ? " pointer" : "");
    }
    return 0;
  }
  if (command.kernel.empty() && program->kernels().size() == 1)
    kernel = &program->kernels().front();
  else
    kernel = program->kernel(command.kernel);
  if (!kernel) {
    std::string names;
    for (const Kernel &k : program->kernels())
      names += (names.empty() ? "" : ", ") + k.name;
    return usage(command.file + ": " +
                 (command.kernel.empty() ? "expected --kernel" : "no kernel '" + command.kernel + "'") + "; it has " +
                 (names.empty() ? "none" : names));
  }
  if (command.mutate == "list")
    return listMutations();
  if (!command.gridGiven || !command.blockGiven)
    return usage("expected --grid and --block");
  for (uint32_t block : command.options.onlyBlocks)
    if (block >= command.launch.grid.count())
      return usage("--blocks: expected numbers below the grid's " + std::to_string(command.launch.grid.count()) +
                   ", got " + std::to_string(block));
  if (std::string problem = pack(); !problem.empty())
    return usage(problem);
  for (const Expectation &entry : command.outputs) {
    const Argument *argument;
    if (std::string problem = findBuffer(entry.name, argument); !problem.empty())
      return usage("--output: " + problem);
  }
  for (const Expectation &entry : command.expect) {
    const Argument *argument;
    if (std::string problem = findBuffer(entry.name, argument); !problem.empty())
      return usage("--expect: " + problem);
    eval::Tensor tensor;
    if (std::string problem = readTensor(entry.file, tensor); !problem.empty())
      return usage(problem);
    expected.push_back({entry, std::move(tensor)});
  }
  if (command.mutate == "all")
    return sweep();
  if (!command.mutate.empty()) {
    size_t count = synchronisations(*program, *kernel).size();
    if (strtoull(command.mutate.c_str(), nullptr, 0) >= count)
      return usage("--mutate: there are " + std::to_string(count) + " synchronisations, got " + command.mutate);
    command.options.mutation = int(strtoull(command.mutate.c_str(), nullptr, 0));
  }
  return plain();
}

} // namespace

int runTool(int argc, char **argv) {
  CommandLine command;
  bool done;
  if (std::string problem = parseCommandLine(argc, argv, command, done); !problem.empty())
    return usage(problem);
  return done ? 0 : Session(command).run();
}

} // namespace aic::ptx
