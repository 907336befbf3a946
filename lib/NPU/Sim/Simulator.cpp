//===- Simulator.cpp - Runs NPU programs --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "aic/NPU/Sim/Simulator.h"
#include "Numerics.h"
#include "Runner.h"

#include <cstring>
#include <unistd.h>

using namespace aic::npu;
using namespace aic::npu::sim;

void sim::runSequential(const Job &job) {
  Sequencer sequencer(job.decoded, job.options.arguments);
  ExecutionContext context(job.decoded, job.memory);
  Issue issue;
  std::string reason;
  while (true) {
    if (sequencer.count() >= job.options.maxInstructions) {
      job.diagnostics.trap(sequencer.pc(), 0,
                           "more than " + std::to_string(job.options.maxInstructions) + " instructions");
      break;
    }
    Sequencer::Step step = sequencer.step(issue, reason);
    if (step == Sequencer::Step::Scalar)
      continue;
    if (step == Sequencer::Step::Halt)
      break;
    if (step == Sequencer::Step::Trap) {
      job.diagnostics.trap(sequencer.pc(), 0, reason);
      break;
    }
    if (!issue.enabled)
      continue;
    if (job.options.detect)
      if (UnsetByte byte = findUnset(issue, context); byte.address >= 0)
        job.diagnostics.unset(issue, 0, byte);
    if (job.options.moveData && !execute(issue, context)) {
      job.diagnostics.trap(issue.op->pc, 0, context.trap);
      break;
    }
    if (job.options.detect)
      noteWrites(issue, context);
  }
  job.result.instructions = sequencer.count();
  job.result.wraps = context.wraps;
}

namespace {

bool holdsValuesAtStart(SegmentKind kind) { return kind != SegmentKind::Scratch && kind != SegmentKind::Output; }

/// Binds every segment and switches the shadow on. False, with the reason, for a binding that does not fit.
bool bindSegments(const Program &program, const std::vector<SegmentBinding> &bindings, const RunOptions &options,
                  MemoryImage &memory, std::string &error) {
  if (error = checkMemory(program, bindings, options); !error.empty())
    return false;
  for (unsigned i = 0; i < program.segments.size(); ++i) {
    const Segment &segment = program.segments[i];
    SegmentBinding binding = i < bindings.size() ? bindings[i] : SegmentBinding();
    std::string name = "segment " + std::to_string(i) + " '" + segment.name + "'";
    if (segment.kind == SegmentKind::Const && !segment.data.empty() && segment.data.size() != segment.bytes)
      return error = name + ": expected " + std::to_string(segment.bytes) + " bytes of data, got " +
                     std::to_string(segment.data.size()),
             false;
    if (binding.data && binding.bytes < segment.bytes)
      return error = name + ": expected " + std::to_string(segment.bytes) + " bytes of memory, got " +
                     std::to_string(binding.bytes),
             false;
    if (options.moveData) {
      // Nothing writes a Const segment: such an ST has a fault.
      if (!binding.data && segment.kind == SegmentKind::Const && !segment.data.empty())
        binding.data = const_cast<uint8_t *>(segment.data.data());
      memory.bind(i, binding.data, segment.bytes);
    }
    if (options.detect && !holdsValuesAtStart(segment.kind))
      memory.shadow.enable(placeOfSegment(i), segment.bytes);
  }
  return true;
}

/// The writable segments of two images.
void compareImages(const Job &timed, MemoryImage &sequential) {
  const Program &program = *timed.decoded.program;
  for (unsigned i = 0; i < program.segments.size(); ++i) {
    const Segment &segment = program.segments[i];
    const uint8_t *expected = sequential.at(placeOfSegment(i), 0), *got = timed.memory.at(placeOfSegment(i), 0);
    if (segment.kind == SegmentKind::Const || segment.bytes == 0 ||
        std::memcmp(expected, got, static_cast<size_t>(segment.bytes)) == 0)
      continue;
    uint64_t first = 0, count = 0;
    for (uint64_t j = segment.bytes; j-- > 0;)
      if (expected[j] != got[j])
        first = j, ++count;
    uint32_t writer = timed.memory.shadow.lastWriter(placeOfSegment(i), static_cast<int64_t>(first));
    timed.diagnostics.report(
        Diagnostic::Kind::Difference, writer, i, 0,
        "segment " + std::to_string(i) + " '" + segment.name + "' differs from the sequential run in " +
            std::to_string(count) + " bytes, the first at " + std::to_string(first) +
            (writer == Shadow::kNobody ? std::string() : ", written by " + timed.diagnostics.describe(writer)));
  }
}

RunResult runChecked(const Program &program, const Machine &machine, const std::vector<SegmentBinding> &bindings,
                     const RunOptions &options) {
  FloatEnvironment environment;
  RunResult result;
  result.ok = true;
  Diagnostics diagnostics(program, options, result);
  auto invalid = [&](const std::string &reason) {
    diagnostics.report(Diagnostic::Kind::Invalid, 0, ~0u, 0, reason);
    return result;
  };
  Decoded decoded;
  std::string error;
  if (!decodeProgram(program, machine, decoded, error))
    return invalid(error);
  MemoryImage memory(decoded, options.moveData, options.detect);
  if (!bindSegments(program, bindings, options, memory, error))
    return invalid(error);
  Job job{decoded, options, memory, diagnostics, result};
  if (options.mode == RunMode::Sequential) {
    runSequential(job);
    return result;
  }
  // The golden run first: it needs the inputs as they are.
  const bool check = options.check && options.moveData;
  std::vector<std::vector<uint8_t>> copies(program.segments.size());
  RunResult golden;
  golden.ok = true;
  Diagnostics goldenDiagnostics(program, options, golden);
  MemoryImage goldenMemory(decoded, check, check && options.detect);
  if (check) {
    std::vector<SegmentBinding> copied(program.segments.size());
    for (unsigned i = 0; i < program.segments.size(); ++i) {
      const uint8_t *from = memory.at(placeOfSegment(i), 0);
      copies[i].assign(from, from + program.segments[i].bytes);
      copied[i] = {copies[i].data(), copies[i].size()};
    }
    if (!bindSegments(program, copied, options, goldenMemory, error))
      return invalid(error);
    runSequential({decoded, options, goldenMemory, goldenDiagnostics, golden});
    for (const Diagnostic &diagnostic : golden.diagnostics)
      diagnostics.report(diagnostic.kind, diagnostic.pc, diagnostic.otherPc, 0,
                         "in the sequential run: " + diagnostic.message);
  }
  runTimed(job);
  if (check)
    compareImages(job, goldenMemory);
  return result;
}

} // namespace

std::string aic::npu::checkMemory(const Program &program, const std::vector<SegmentBinding> &bindings,
                                  const RunOptions &options) {
  uint64_t limit = options.maxBytes, needed = 0; // at most 16 segments of at most 2^40 bytes
  if (limit == 0)
    limit = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  for (size_t i = 0; i < program.segments.size(); ++i) {
    const Segment &segment = program.segments[i];
    if (options.moveData && (i >= bindings.size() || !bindings[i].data))
      needed += segment.bytes;
    if (options.detect && !holdsValuesAtStart(segment.kind))
      needed += segment.bytes / 4; // the shadow: 8 bytes for 32
  }
  if (needed <= limit)
    return "";
  return "expected segments that fit in " + std::to_string(limit) + " bytes of memory, got " + std::to_string(needed);
}

RunResult aic::npu::run(const Program &program, const Machine &machine, const std::vector<SegmentBinding> &bindings,
                        const RunOptions &options) {
  try {
    return runChecked(program, machine, bindings, options);
  } catch (const std::exception &e) { // out of memory
    RunResult result;
    result.diagnostics.push_back({Diagnostic::Kind::Invalid, 0, ~0u, 0, e.what()});
    return result;
  }
}
