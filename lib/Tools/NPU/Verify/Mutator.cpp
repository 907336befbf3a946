//===- Mutator.cpp - aic-npu-mutate ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Arguments.h"
#include "aic/NPU/Container/Container.h"
#include "aic/NPU/Sim/Simulator.h"
#include "aic/NPU/Verify/Mutation.h"
#include "aic/Tools/NPU/CommandLine.h"
#include "aic/Tools/NPU/Verify.h"

#include <cstdio>
#include <random>

using namespace aic::npu;
using namespace aic::npu::tools;

static const char kManual[] = R"(NAME
  aic-npu-mutate - measure who notices a broken synchronisation

SYNOPSIS
  aic-npu-mutate [OPTIONS] FILE.npub...

DESCRIPTION
  Breaks the synchronisation of each program in every single place: a wait or a signal deleted, a signal and the wait
  that takes its token deleted, an initial count changed by one, a wait moved one instruction later. Each mutant goes to
  the verifier, with and without its check of final counts, and to timed runs of the simulator with its detector. Prints
  how many were flagged. A mutant that nobody flags is listed with the reason: it is equivalent if every order of the
  program provably stays.

EXAMPLES
  aic-npu-mutate gemm.npub
  aic-npu-mutate --limit=200 --seeds=10 --json=rates.json --least=99 *.npub
)";

namespace {

/// Timed runs on random data: flagged is what the detector reports and a result that differs from the sequential run's.
class DynamicCheck {
public:
  DynamicCheck(const Machine &machine, unsigned seeds, const std::vector<int64_t> &arguments)
      : machine(machine), seeds(seeds), arguments(arguments) {}

  bool operator()(const Program &program) const {
    for (unsigned seed = 0; seed < seeds; ++seed) {
      std::mt19937 random(1);
      std::vector<std::vector<uint8_t>> memory;
      std::vector<SegmentBinding> bindings;
      for (const Segment &segment : program.segments) {
        bool own = segment.kind != SegmentKind::Const;
        memory.emplace_back(own ? segment.bytes : 0);
        if (segment.kind == SegmentKind::Input || segment.kind == SegmentKind::State ||
            segment.kind == SegmentKind::Persist)
          for (uint8_t &byte : memory.back())
            byte = static_cast<uint8_t>(random() % 61); // small as 16-bit floats too
        bindings.push_back({own ? memory.back().data() : nullptr, memory.back().size()});
      }
      RunOptions options;
      options.mode = RunMode::Timed;
      options.check = true;
      options.jitterSeed = seed;
      options.arguments = arguments;
      options.maxDiagnostics = 1;
      if (!run(program, machine, bindings, options).ok)
        return true;
    }
    return false;
  }

private:
  const Machine &machine;
  unsigned seeds;
  const std::vector<int64_t> &arguments;
};

std::string jsonOf(const std::vector<MutationReport> &reports) {
  std::string text = "{\"sum\": " + sumOf(reports).json() + ", \"programs\": [\n";
  for (size_t i = 0; i < reports.size(); ++i)
    text += (i ? "," : "") + reports[i].json();
  return text + "]}\n";
}

} // namespace

int aic::npu::tools::mutatorMain(int argc, char **argv) {
  CommandLine line("aic-npu-mutate", kManual);
  std::vector<std::string> inputs;
  std::string arguments, limit = "0", seeds = "3", json, least = "0", error;
  line.inputs(".npub files", inputs, 1, SIZE_MAX);
  line.value("--limit", "N", "try N mutants of each kind, spread over the program (default: all)", limit);
  line.value("--seeds", "N", "timed runs of each mutant, the first without jitter (default: 3; 0: verifier only)",
             seeds);
  line.value("--arguments", "N,N,...", "the launch arguments", arguments);
  line.value("--json", "FILE", "write the numbers and all undetected mutants", json);
  line.value("--least", "N", "fail if fewer than N percent of the mutants that are not equivalent are flagged", least);
  int status = 0;
  if (!line.parse(argc, argv, status))
    return status;
  MutationOptions options;
  std::vector<int64_t> numbers;
  if (!parseIntegers("--arguments", arguments, options.verify.arguments, error) ||
      !parseIntegers("--limit", limit, numbers, error) || !parseIntegers("--seeds", seeds, numbers, error) ||
      !parseIntegers("--least", least, numbers, error))
    return line.error(error);
  if (numbers.size() != 3 || numbers[0] < 0 || numbers[1] < 0)
    return line.error("'--limit', '--seeds', '--least': expected one number from 0 each");
  options.limit = static_cast<size_t>(numbers[0]);
  std::vector<MutationReport> reports;
  for (const std::string &input : inputs) {
    MappedFile file;
    Npub npub;
    ReadOptions reading;
    reading.copyConstants = numbers[1] > 0; // the verifier needs none
    if (!loadNpub(input, file, npub, error, reading))
      return line.error(error);
    if (numbers[1] > 0)
      options.dynamic = DynamicCheck(npub.machine, static_cast<unsigned>(numbers[1]), options.verify.arguments);
    MutationReport report;
    if (!runMutations(npub.program, npub.machine, options, report, error))
      return line.error(input + ": " + error);
    report.program = input;
    std::printf("%s\n%s\n", input.c_str(), report.table().c_str());
    reports.push_back(std::move(report));
  }
  if (reports.size() > 1)
    std::printf("all programs\n%s", sumOf(reports).table().c_str());
  if (!json.empty() && !writeOutput(json, jsonOf(reports), error))
    return line.error(error);
  double rate = sumOf(reports).total().rate();
  if (rate < numbers[2])
    return line.error("expected at least " + least + " percent flagged, got " + std::to_string(rate));
  return 0;
}
