//===- Simulator.h - Runs NPU programs ----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The chip of this project. Two ways to run a program on the same instruction semantics:
//   sequential  one instruction after the other in program order: what the program means, the golden model
//   timed       engines with bounded queues, semaphores and durations; data moves when an instruction completes, so
//               that a missing wait corrupts results, and a detector names the two instructions that it lets race
// Neither LLVM nor MLIR, no output, no exceptions, no global state: runs in different threads are independent.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_NPU_SIM_SIMULATOR_H
#define AIC_NPU_SIM_SIMULATOR_H

#include "aic/NPU/Machine.h"
#include "aic/NPU/Program.h"
#include "aic/NPU/Sim/Report.h"
#include "aic/NPU/Sim/Timeline.h"

#include <memory>
#include <string>
#include <vector>

namespace aic::npu {

/// Memory of a segment. Null data: a Const segment takes the program's own bytes, any other one zeros of the
/// simulator's own that are gone afterwards. Otherwise `bytes` is at least the segment's size.
struct SegmentBinding {
  uint8_t *data = nullptr;
  uint64_t bytes = 0;
};

enum class RunMode : uint8_t { Sequential, Timed };

struct RunOptions {
  RunMode mode = RunMode::Sequential;
  /// False: addresses, waits and durations only. GATHER and SCATTER then have no indices to check.
  bool moveData = true;
  /// Reads of bytes that nobody wrote; in a timed run also accesses that overlap in time and in place.
  bool detect = true;
  /// Timed, with data: run the program sequentially too, on a copy, and compare the writable segments bit for bit.
  bool check = false;
  /// Not 0: every duration, latency and dispatch of a timed run is perturbed, differently for every seed.
  uint64_t jitterSeed = 0;
  /// Record every instruction's time for --trace and --picture.
  bool trace = false;
  std::vector<int64_t> arguments;
  uint64_t maxInstructions = 10'000'000'000;
  unsigned maxDiagnostics = 20;
  /// The most memory in bytes, as checkMemory counts it; 0: the host's physical memory.
  uint64_t maxBytes = 0;
};

struct Diagnostic {
  enum class Kind : uint8_t { Invalid, Trap, Uninitialised, Raw, War, Waw, Overflow, Deadlock, Difference };
  Kind kind = Kind::Trap;
  uint32_t pc = 0, otherPc = ~0u; // ~0: none
  uint64_t cycle = 0;
  std::string message; // names instructions, pcs and source operations
};
/// "trap", "raw", ...
const char *nameOf(Diagnostic::Kind kind);

struct RunResult {
  bool ok = false; // no diagnostic
  std::vector<Diagnostic> diagnostics;
  uint64_t suppressed = 0; // diagnostics beyond maxDiagnostics
  uint64_t instructions = 0;
  uint64_t wraps = 0; // accumulators that left 32 bits
  Report report;      // timed runs
  std::shared_ptr<Timeline> trace;
};

/// Why the segments that are not bound, and what the detector keeps of all, do not fit in memory; empty if they do.
/// A program may declare up to 2^40 bytes for each segment.
std::string checkMemory(const Program &program, const std::vector<SegmentBinding> &bindings,
                        const RunOptions &options);

/// Runs a program. `bindings` may be shorter than the segments; what is missing counts as null.
RunResult run(const Program &program, const Machine &machine, const std::vector<SegmentBinding> &bindings,
              const RunOptions &options = {});

} // namespace aic::npu

#endif // AIC_NPU_SIM_SIMULATOR_H
