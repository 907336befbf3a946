//===- QueueRun.cpp - Runs the queues without time ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each semaphore has one producing and one consuming queue, so no step ever takes away the possibility of another one:
// whatever can start still can start later. Hence the order of steps does not decide whether a run ends.
//
//===----------------------------------------------------------------------===//

#include "Trace.h"

#include <algorithm>

namespace aic::npu {

QueueRun::QueueRun(const Trace &trace, const Machine *depths) : trace(trace), depths(depths) {}

bool QueueRun::canStart(uint32_t id) const {
  int32_t source = trace.instrs[id].source;
  if (source == Trace::kNone)
    return true;
  if (source == Trace::kMissing)
    return false;
  // What has started completes, and completes in the order of its queue.
  QueuePosition position = trace.position(static_cast<uint32_t>(source));
  return position.index < started[static_cast<size_t>(position.engine)];
}

/// Dispatches the next instruction if its queue has room.
bool QueueRun::dispatch() {
  if (dispatched == trace.instrs.size())
    return false;
  size_t e = static_cast<size_t>(trace.engine(dispatched));
  if (depths && dispatchedOf[e] - started[e] >= std::max(1u, depths->queueDepth[e]))
    return false;
  ++dispatchedOf[e], ++dispatched;
  return true;
}

bool QueueRun::run(const std::function<void(uint32_t id)> &onStart) {
  size_t left = trace.instrs.size();
  for (bool progress = true; progress && left;) {
    progress = false;
    while (dispatch())
      progress = true;
    for (unsigned e = 0; e < kEngines; ++e)
      while (started[e] < dispatchedOf[e] && canStart(trace.queues[e][started[e]])) {
        onStart(trace.queues[e][started[e]]);
        ++started[e], --left;
        progress = true;
      }
  }
  return left == 0;
}

std::vector<std::string> QueueRun::explain(std::vector<uint32_t> &waiting) const {
  const Program &program = *trace.program;
  auto head = [&](size_t e) { return trace.queues[e][started[e]]; };
  size_t e = 0;
  while (started[e] == trace.queues[e].size())
    ++e;
  // A queue that only waits for the dispatcher leads on to the full queue that holds the dispatcher up.
  std::vector<std::string> lines;
  std::vector<size_t> seen;
  for (;;) {
    auto again = std::find(seen.begin(), seen.end(), e);
    if (again != seen.end()) {
      size_t skip = static_cast<size_t>(again - seen.begin());
      lines.erase(lines.begin(), lines.begin() + skip);
      waiting.erase(waiting.begin(), waiting.begin() + skip);
      return lines;
    }
    seen.push_back(e);
    uint32_t id = head(e);
    waiting.push_back(id);
    std::string line = std::string(nameOf(trace.engine(id))) + " stands before " + brief(trace, id);
    if (id >= dispatched) {
      e = static_cast<size_t>(trace.engine(dispatched));
      lines.push_back(line + ", not dispatched: the sequencer stands at " + brief(trace, dispatched) + ", the " +
                      nameOf(static_cast<Engine>(e)) + " queue (depth " + std::to_string(depths->queueDepth[e]) +
                      ") is full");
      continue;
    }
    const Trace::Instr &instr = trace.instrs[id];
    line += ", which waits for " + semaphoreName(program, trace.code(id).wait) + ": ";
    if (instr.source == Trace::kMissing) {
      const Trace::Uses &uses = trace.semaphores[trace.code(id).wait];
      lines.push_back(line + "it is the " + ordinal(instr.ordinal) + " wait, with " + std::to_string(uses.initial) +
                      " initial and " + std::to_string(uses.signals.size()) + " signalled tokens in the whole program");
      return lines;
    }
    uint32_t source = static_cast<uint32_t>(instr.source);
    e = static_cast<size_t>(trace.engine(source));
    line += "its token comes from " + brief(trace, source);
    if (source == id)
      line += ", itself";
    else if (source != head(e))
      line += ", behind " + brief(trace, head(e)) + " in the " + nameOf(static_cast<Engine>(e)) + " queue";
    lines.push_back(line);
  }
}

} // namespace aic::npu
