//===- SyncVerifier.h - Proof that a program's synchronisation is right -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program is accepted only if every queue-legal run of it gives the result of its sequential run: it has no race, no
// deadlock, no semaphore beyond its maximum, and leaves its semaphores as it found them. It works on decoded
// instructions, so it takes the compiler's programs and hand-written ones alike.
//
// How: loops are structured and no branch depends on data, so the program is executed abstractly: every instruction
// that would be dispatched, with its resolved addresses. Vector clocks (Order.h states the rules) then tell what is
// complete before what starts.
//
//  * Race: every two instructions of which one writes a byte that the other touches are ordered, in program order, by
//    queues and semaphores alone. Capacities of queues and of memory do not count, so that a proven program stays right
//    when they grow.
//  * Deadlock: if every wait's signal precedes it in program order or comes from the initial count, the sequential run
//  is
//    always possible and no queue depth can deadlock. Else the queues are filled greedily at the machine's depths; an
//    instruction holds its slot from dispatch to start. Waits and signals are not chosen among, so one run that ends
//    shows that all do, and one that stops shows that none ends.
//  * Overflow: the signal that could be one too many is ordered after the start of the wait that makes room for it.
//  * Balance: the counts at the end are the initial ones, or those that the caller expects.
//
// Time and memory grow with the dynamic length times the number of instructions that are unordered at a time.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_NPU_VERIFY_SYNCVERIFIER_H
#define AIC_NPU_VERIFY_SYNCVERIFIER_H

#include "aic/NPU/Machine.h"
#include "aic/NPU/Program.h"

namespace aic::npu {

struct VerifyOptions {
  bool checkBalance = true;
  /// Counts at the end by semaphore id, where they are not to be the initial ones.
  std::map<unsigned, unsigned> finalCounts;
  /// Launch arguments. An address from one that is not given may be any address of its memory; a trip count from one is
  /// not provable.
  std::vector<int64_t> arguments;
  /// Dispatched instructions, those of the sequencer included, above which the program is refused as too long to prove.
  uint64_t maxInstructions = 4000000;
  /// Pairs of accesses that are unordered at the time and so looked at; only a program without order has that many.
  uint64_t maxPairs = 2000000000;
  /// Findings of one kind between the same two instructions are given once, and no more than this in all.
  unsigned maxFindings = 8;
};

enum class FindingKind : uint8_t { Race, Deadlock, Overflow, Imbalance, Misuse, OutOfBounds, Malformed, TooLong };
const char *nameOf(FindingKind kind);

/// One execution of an instruction: the `execution`-th time (from 0) that `pc` is dispatched.
struct Occurrence {
  Engine engine = Engine::S;
  uint32_t pc = 0, execution = 0;
};

/// An instruction starts (its wait has passed) or completes (and gives its signal).
struct ScheduleStep {
  Occurrence instruction;
  bool completes = false;
};

struct Finding {
  FindingKind kind = FindingKind::Malformed;
  /// One line that says what is wrong and names the instructions.
  std::string message;
  /// The two instructions in program order (race), the signal and the wait (overflow), the waits of the cycle
  /// (deadlock), or the one at fault.
  std::vector<Occurrence> instructions;
  /// Race and overflow: a queue-legal run, from the first instruction on, that shows it. Deadlock: a run that stops.
  std::vector<ScheduleStep> schedule;
  /// Lines that explain: the two instructions and their operations, then the schedule; or the cycle.
  std::vector<std::string> details;
};

struct VerifyResult {
  std::vector<Finding> findings;
  bool truncated = false; // the search ended at maxFindings: there may be more
  /// Every wait's signal precedes it in program order.
  bool sequential = true;
  uint64_t dispatched = 0;    // instructions of queues
  uint64_t comparedPairs = 0; // pairs of accesses whose order was looked at
  bool ok() const { return findings.empty(); }
  /// The findings for a terminal.
  std::string str() const;
};

VerifyResult verify(const Program &program, const Machine &machine, const VerifyOptions &options = {});

/// Replays a schedule by the rules of Order.h, as an independent check: every step starts or completes the next
/// instruction of its queue, and waits find their count. False with the first step that is not legal.
bool isLegalSchedule(const Program &program, const Machine &machine, const std::vector<ScheduleStep> &schedule,
                     std::string &error, const VerifyOptions &options = {});

} // namespace aic::npu

#endif // AIC_NPU_VERIFY_SYNCVERIFIER_H
