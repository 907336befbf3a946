//===- Simulate.cpp - aic-npu-sim -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "aic/Tools/NPU/Simulate.h"
#include "Launch.h"
#include "aic/NPU/Container/Container.h"
#include "aic/Tools/NPU/CommandLine.h"

#include <charconv>
#include <cstdio>

using namespace aic::npu;
using namespace aic::npu::tools;

static const char kManual[] = R"(NAME
  aic-npu-sim - run a program on the simulated NPU

SYNOPSIS
  aic-npu-sim [OPTIONS] FILE.npub

DESCRIPTION
  Runs the program with its timing: engines with bounded queues, semaphores, DRAM. Data moves when an instruction
  completes, so that a missing wait shows, and a detector reports what it lets race: reads of bytes that nobody wrote,
  accesses that overlap in time and place, semaphores beyond their maximum, deadlocks with the circle of waits. Then
  prints where the cycles went: per operation, per engine, and why the matrix unit stood still.

EXAMPLES
  aic-npu-sim net.npub --input=x=image.npy --save=out.npz
  aic-npu-sim net.npub --random=1 --check --jitter=7
  aic-npu-sim net.npub --timing-only --report=json
  aic-npu-sim net.npub --random=1 --trace=net.json --picture=net.svg
)";

namespace {

struct Arguments {
  std::vector<std::string> files, inputs, values;
  std::string save, jitter, report, output = "-", trace, picture, machine, instead, random, limit;
  bool check = false, timingOnly = false, sequential = false, trusting = false;
};

bool parseNumber(const std::string &option, const std::string &text, int64_t &value, std::string &error) {
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code == std::errc() && end == text.data() + text.size())
    return true;
  error = "'" + option + "': expected an integer, got '" + text + "'";
  return false;
}

bool makeOptions(const Arguments &arguments, RunOptions &options, std::string &error) {
  int64_t number = 0;
  if (!arguments.jitter.empty()) {
    if (!parseNumber("--jitter", arguments.jitter, number, error))
      return false;
    options.jitterSeed = static_cast<uint64_t>(number);
  }
  if (!arguments.limit.empty()) {
    if (!parseNumber("--max-instructions", arguments.limit, number, error))
      return false;
    options.maxInstructions = static_cast<uint64_t>(std::max<int64_t>(number, 0));
  }
  for (const std::string &value : arguments.values) {
    if (!parseNumber("--arg", value, number, error))
      return false;
    options.arguments.push_back(number);
  }
  options.mode = arguments.sequential ? RunMode::Sequential : RunMode::Timed;
  options.moveData = !arguments.timingOnly;
  options.detect = !arguments.trusting;
  options.check = arguments.check;
  options.trace = !arguments.trace.empty() || !arguments.picture.empty();
  const std::string &report = arguments.report;
  if (!report.empty() && report != "text" && report != "csv" && report != "json" && report != "none")
    error = "'--report': expected text, csv, json or none, got '" + report + "'";
  else if (arguments.timingOnly && (arguments.check || arguments.sequential || !arguments.save.empty()))
    error = "'--timing-only': expected none of --check, --sequential and --save, which need data";
  else if (arguments.sequential && (arguments.check || options.jitterSeed || options.trace || !report.empty()))
    error = "'--sequential': expected none of --check, --jitter, --trace, --picture and --report, which need time";
  return error.empty();
}

int runProgram(const CommandLine &line, const Arguments &arguments, const RunOptions &options) {
  std::string error;
  Machine machine, instead;
  ReadOptions reading;
  reading.copyConstants = false;
  if (!arguments.machine.empty()) {
    if (!loadMachine(arguments.machine, machine, error))
      return line.error(error);
    reading.machine = &machine;
  }
  if (!arguments.instead.empty() && !loadMachine(arguments.instead, instead, error))
    return line.error(error);
  MappedFile file;
  Npub npub;
  if (!loadNpub(arguments.files[0], file, npub, error, reading))
    return line.error(error);
  const std::string &name = arguments.files[0];
  for (const std::string &output : {arguments.save, arguments.output, arguments.trace, arguments.picture})
    if (!output.empty() && output != "-")
      if (error = ::aic::tools::expectOtherFile(output, arguments.files); !error.empty())
        return line.error(error);
  // Timing alone touches no byte of the segments.
  std::vector<SegmentBinding> bindings;
  std::unique_ptr<Launch> launch;
  if (options.moveData) {
    if (error = checkMemory(npub.program, {}, options); !error.empty())
      return line.error(name + ": " + error);
    launch = std::make_unique<Launch>(npub.program, npub.constants);
    for (const std::string &input : arguments.inputs)
      if (error = launch->readInput(input); !error.empty())
        return line.error(error);
    if (int64_t seed = 0; !arguments.random.empty()) {
      if (!parseNumber("--random", arguments.random, seed, error))
        return line.error(error);
      launch->randomize(static_cast<unsigned>(seed));
    }
    if (error = launch->expectInputs(); !error.empty())
      return line.error(name + ": " + error);
    bindings = launch->bindings();
  }
  RunResult result = run(npub.program, arguments.instead.empty() ? npub.machine : instead, bindings, options);
  for (const Diagnostic &diagnostic : result.diagnostics)
    line.error(name + ": " + diagnostic.message + " [" + nameOf(diagnostic.kind) + "]");
  if (result.suppressed)
    line.error(name + ": " + std::to_string(result.suppressed) + " more");
  if (result.wraps)
    std::fprintf(stderr, "aic-npu-sim: warning: %s: %llu accumulators left 32 bits\n", name.c_str(),
                 static_cast<unsigned long long>(result.wraps));
  // Pictures of a run that failed help to find out why; its outputs help nobody.
  if (result.trace && !arguments.trace.empty() &&
      !writeOutput(arguments.trace, formatPerfetto(*result.trace, npub.program, npub.machine), error))
    return line.error(error);
  if (result.trace && !arguments.picture.empty() &&
      !writeOutput(arguments.picture, formatPicture(*result.trace, npub.program, npub.machine), error))
    return line.error(error);
  if (!result.ok)
    return 1;
  if (std::string bytes; !arguments.save.empty()) {
    if (error = launch->formatOutputs(bytes); !error.empty() || !writeOutput(arguments.save, bytes, error))
      return line.error(error);
  }
  if (options.mode == RunMode::Sequential || arguments.report == "none")
    return 0;
  std::string report = arguments.report == "csv"    ? formatCsv(result.report)
                       : arguments.report == "json" ? formatJson(result.report)
                                                    : formatText(result.report);
  return writeOutput(arguments.output, report, error) ? 0 : line.error(error);
}

} // namespace

int aic::npu::tools::simulatorMain(int argc, char **argv) {
  CommandLine line("aic-npu-sim", kManual);
  Arguments arguments;
  line.inputs("one .npub file", arguments.files);
  line.values("--input", "NAME=FILE.npy", "an input; or FILE.npz with several by their names (again and again)",
              arguments.inputs);
  line.value("--random", "SEED", "random numbers for the inputs that --input does not give", arguments.random);
  line.values("--arg", "N", "the next launch argument", arguments.values);
  line.value("--save", "FILE.npz", "write the outputs", arguments.save);
  line.flag("--check", "compare with the sequential run, bit for bit", arguments.check);
  line.value("--jitter", "SEED", "perturb every duration", arguments.jitter);
  line.flag("--timing-only", "move no data", arguments.timingOnly);
  line.flag("--sequential", "run in program order, without time", arguments.sequential);
  line.flag("--no-detect", "do not look for hazards and uninitialised reads", arguments.trusting);
  line.value("--report", "FORMAT", "text (default), csv, json or none", arguments.report);
  line.value("-o", "FILE", "where the report goes (default: standard output)", arguments.output);
  line.value("--trace", "FILE.json", "write a Perfetto trace", arguments.trace);
  line.value("--picture", "FILE.svg", "draw address against time for every space", arguments.picture);
  line.value("--machine", "NAME", "refuse a program that was not made for this machine", arguments.machine);
  line.value("--on", "NAME", "time the program as if this were the machine, whatever it was made for",
             arguments.instead);
  line.value("--max-instructions", "N", "stop with an error after so many", arguments.limit);
  int status = 0;
  if (!line.parse(argc, argv, status))
    return status;
  RunOptions options;
  std::string error;
  if (!makeOptions(arguments, options, error))
    return line.error(error);
  return runProgram(line, arguments, options);
}
