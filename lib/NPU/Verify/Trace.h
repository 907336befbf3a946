//===- Trace.h - What a program dispatches -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_LIB_NPU_VERIFY_TRACE_H
#define AIC_LIB_NPU_VERIFY_TRACE_H

#include "aic/NPU/Program.h"
#include "aic/NPU/Verify/Order.h"
#include "aic/NPU/Verify/SyncVerifier.h"

namespace aic::npu {

/// Executes what the sequencer executes: loops, address registers, predicates. Stops at every instruction of a queue.
class Sequencer {
public:
  enum class Stop { Queued, End, TooLong, Malformed };

  Sequencer(const Program &program, const VerifyOptions &options);
  Stop next();

  // About the instruction that next() stopped at.
  uint32_t pc() const { return current; }
  const AddressRegisters &registers() const { return values; }
  unsigned unknown() const { return unknownBits; }
  bool active() const { return isActive; } // its predicate holds
  const std::string &error() const { return reason; }

private:
  struct Loop {
    uint32_t begin;
    int64_t index, trip;
    struct Register {
      unsigned number;
      int64_t entry, increment, wrap;
    } registers[2];
    unsigned unknownAtEntry;
  };
  void rotate(const Loop &loop);
  Stop fail(const std::string &text);
  Stop execute(const Instruction &inst);
  Stop enter(const Instruction &inst);
  Stop setPredicate(const Instruction &inst);

  const Program &program;
  const VerifyOptions &options;
  std::vector<uint32_t> endOf; // of a LOOP, the place of its ENDLOOP
  std::vector<Loop> loops;
  AddressRegisters values{};
  unsigned unknownBits = 0;
  std::array<int8_t, 4> predicates; // -1: not set
  uint32_t at = 0, current = 0;
  uint64_t executed = 0;
  bool isActive = true;
  std::string reason;
};

/// All dispatched instructions of queues in program order, and how their waits and signals pair.
struct Trace {
  static constexpr int32_t kNone = -1, kMissing = -2;
  struct Instr {
    uint32_t pc, index; // place in its queue
    uint32_t execution; // of this pc, from 0
    int32_t source;     // the instruction whose signal its wait takes; kNone: no wait, or an initial count
    uint32_t ordinal;   // of its wait on that semaphore, from 1
  };
  struct Uses {
    std::vector<uint32_t> signals, waits;
    unsigned initial = 0;
    bool declared = false;
  };

  const Program *program = nullptr;
  std::vector<Instr> instrs;
  std::array<std::vector<uint32_t>, kEngines> queues;
  std::vector<Uses> semaphores; // by id

  const Instruction &code(uint32_t id) const { return program->code[instrs[id].pc]; }
  Engine engine(uint32_t id) const { return code(id).engine; }
  QueuePosition position(uint32_t id) const { return {engine(id), instrs[id].index}; }
  uint32_t at(QueuePosition p) const { return queues[static_cast<size_t>(p.engine)][p.index]; }
  Occurrence occurrence(uint32_t id) const { return {engine(id), instrs[id].pc, instrs[id].execution}; }

  /// Fills instrs, queues and semaphores. Anything but End: with the reason.
  Sequencer::Stop build(const Program &program, const VerifyOptions &options, std::string &error, uint32_t &pc);
};

/// Runs the queues. Without `depths` every instruction is dispatched at once.
class QueueRun {
public:
  QueueRun(const Trace &trace, const Machine *depths);
  /// Starts and completes what can be; calls onStart in a legal order. False if some instruction never starts.
  bool run(const std::function<void(uint32_t id)> &onStart);
  /// Lines of a cycle of waits after run() said false, and the instructions that wait.
  std::vector<std::string> explain(std::vector<uint32_t> &waiting) const;

private:
  const Trace &trace;
  const Machine *depths;
  std::array<uint32_t, kEngines> started{}, dispatchedOf{};
  uint32_t dispatched = 0;
  bool canStart(uint32_t id) const;
  bool dispatch();
};

/// Texts and runs that explain findings.
class Explainer {
public:
  Explainer(const Trace &trace, const Machine &machine, const OrderTracker &order)
      : trace(trace), machine(machine), order(order) {}

  void race(uint32_t earlier, uint32_t later, const Access &first, const Access &second, Finding &finding) const;
  void overflow(uint32_t signal, int64_t wait, Finding &finding) const;

private:
  void reach(const Clock &goal, Clock &now, std::vector<ScheduleStep> &steps) const;
  struct Note {
    Occurrence instruction;
    std::string text;
  };
  std::vector<std::string> scheduleText(const std::vector<ScheduleStep> &steps, size_t atLeast,
                                        const std::vector<Note> &notes = {}) const;
  const Trace &trace;
  const Machine &machine;
  const OrderTracker &order;
};

/// "pc 12 LD dst=..., sig full", its execution if it has several, its operation on the next words.
std::string describe(const Program &program, uint32_t pc);
std::string describe(const Trace &trace, uint32_t id);
/// "pc 12 (LD)", with the number of the execution where it has several.
std::string brief(const Trace &trace, uint32_t id);
std::string semaphoreName(const Program &program, unsigned id);
std::string ordinal(uint64_t number);

} // namespace aic::npu

#endif // AIC_LIB_NPU_VERIFY_TRACE_H
