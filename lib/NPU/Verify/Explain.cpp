//===- Explain.cpp - Texts of findings and the runs that show them ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The run that shows a race does only what must have happened before the later instruction starts; what the earlier one
// needs comes afterwards. Every such set of steps is closed under the rules, so the run is legal.
//
//===----------------------------------------------------------------------===//

#include "Trace.h"
#include "aic/NPU/ISA/Assembly.h"

#include <algorithm>

namespace aic::npu {

const char *nameOf(FindingKind kind) {
  static const char *const names[] = {"race",   "deadlock",      "overflow",  "imbalance",
                                      "misuse", "out of bounds", "malformed", "too long"};
  return names[static_cast<size_t>(kind)];
}

std::string ordinal(uint64_t number) {
  static const char *const suffixes[] = {"th", "st", "nd", "rd"};
  unsigned last = number % 10;
  return std::to_string(number) + suffixes[last <= 3 && number / 10 % 10 != 1 ? last : 0];
}

std::string semaphoreName(const Program &program, unsigned id) {
  for (const Semaphore &semaphore : program.semaphores)
    if (semaphore.id == id && !semaphore.name.empty())
      return "'" + semaphore.name + "'";
  return "semaphore " + std::to_string(id);
}

std::string describe(const Program &program, uint32_t pc) {
  std::string text = "pc " + std::to_string(pc) + ": " + format(program.code[pc], &program);
  if (pc < program.debugLines.size() && program.debugLines[pc].op < program.debugOps.size()) {
    const DebugLine &line = program.debugLines[pc];
    const DebugOp &op = program.debugOps[line.op];
    text += "  (of '" + op.node + "', " + op.opType + ", tile";
    for (int32_t tile : line.tile)
      text += " " + std::to_string(tile);
    text += ")";
  }
  return text;
}

static bool runsOnce(const Trace &trace, uint32_t id) {
  const auto &queue = trace.queues[static_cast<size_t>(trace.engine(id))];
  for (uint32_t i = trace.instrs[id].index + 1; i < queue.size(); ++i)
    if (trace.instrs[queue[i]].pc == trace.instrs[id].pc)
      return false;
  return trace.instrs[id].execution == 0;
}

static std::string execution(const Trace &trace, uint32_t id) {
  return runsOnce(trace, id) ? "" : ", " + ordinal(trace.instrs[id].execution + 1) + " time";
}

std::string describe(const Trace &trace, uint32_t id) {
  return describe(*trace.program, trace.instrs[id].pc) + execution(trace, id);
}

std::string brief(const Trace &trace, uint32_t id) {
  return "pc " + std::to_string(trace.instrs[id].pc) + " (" + infoOf(trace.code(id).opcode).mnemonic +
         execution(trace, id) + ")";
}

std::string VerifyResult::str() const {
  std::string text;
  for (const Finding &finding : findings) {
    text += std::string(nameOf(finding.kind)) + ": " + finding.message + "\n";
    for (const std::string &line : finding.details)
      text += "  " + line + "\n";
  }
  if (truncated)
    text += "the search ended here, there may be more\n";
  return text;
}

/// Appends the steps that bring every queue to `goal`, in program order as far as the rules allow.
void Explainer::reach(const Clock &goal, Clock &now, std::vector<ScheduleStep> &steps) const {
  for (;;) {
    uint32_t best = UINT32_MAX;
    bool completes = false;
    for (unsigned e = 0; e < kEngines; ++e) {
      const auto &queue = trace.queues[e];
      if (now.completed[e] < std::min(goal.completed[e], now.started[e]) && queue[now.completed[e]] < best)
        best = queue[now.completed[e]], completes = true;
      if (now.started[e] >= goal.started[e] || queue[now.started[e]] >= best)
        continue;
      uint32_t id = queue[now.started[e]];
      int32_t source = trace.instrs[id].source;
      bool ready = source == Trace::kNone;
      if (source >= 0) {
        QueuePosition p = trace.position(static_cast<uint32_t>(source));
        ready = p.index < now.completed[static_cast<size_t>(p.engine)];
      }
      if (!ready || (!overlapsItself(machine, static_cast<Engine>(e)) && now.completed[e] < now.started[e]))
        continue;
      best = id, completes = false;
    }
    if (best == UINT32_MAX)
      return;
    size_t e = static_cast<size_t>(trace.engine(best));
    ++(completes ? now.completed : now.started)[e];
    steps.push_back({trace.occurrence(best), completes});
  }
}

/// The steps as lines, a note behind the first line of its instruction; of a long run, where the queues are `atLeast`
/// steps or more before its end, and the rest.
std::vector<std::string> Explainer::scheduleText(const std::vector<ScheduleStep> &steps, size_t atLeast,
                                                 const std::vector<Note> &notes) const {
  constexpr size_t kLongest = 40;
  size_t first =
      steps.size() <= kLongest ? 0 : steps.size() - std::min(steps.size(), std::max(atLeast + 8, kLongest / 2));
  std::vector<std::string> lines;
  auto instruction = [&](const Occurrence &o) {
    return "pc " + std::to_string(o.pc) + " " + infoOf(trace.program->code[o.pc].opcode).mnemonic +
           (o.execution ? ", " + ordinal(o.execution + 1) + " time" : "");
  };
  auto engineName = [](Engine engine) { return std::string(nameOf(engine)) + ": "; };
  std::array<size_t, kEngines> completed{}, last{};
  for (size_t i = 0; i < first; ++i)
    if (steps[i].completes)
      ++completed[static_cast<size_t>(steps[i].instruction.engine)],
          last[static_cast<size_t>(steps[i].instruction.engine)] = i;
  for (unsigned e = 0; e < kEngines; ++e)
    if (completed[e])
      lines.push_back(engineName(static_cast<Engine>(e)) + "the first " + std::to_string(completed[e]) +
                      " instructions run, up to " + instruction(steps[last[e]].instruction));
  for (size_t i = first; i < steps.size(); ++i) {
    const ScheduleStep &step = steps[i];
    bool whole = !step.completes && i + 1 < steps.size() && steps[i + 1].completes &&
                 steps[i + 1].instruction.pc == step.instruction.pc &&
                 steps[i + 1].instruction.execution == step.instruction.execution;
    const char *verb = whole ? " runs" : step.completes ? " completes" : " starts";
    lines.push_back(engineName(step.instruction.engine) + instruction(step.instruction) + verb);
    for (const Note &note : notes)
      if (!step.completes && note.instruction.pc == step.instruction.pc &&
          note.instruction.execution == step.instruction.execution)
        lines.back() += "   <- " + note.text;
    i += whole;
  }
  return lines;
}

void Explainer::race(uint32_t earlier, uint32_t later, const Access &first, const Access &second,
                     Finding &finding) const {
  int64_t byte = commonByte(first.box, second.box);
  const char *verb = second.write ? "writes" : "reads";
  const char *rest =
      first.write ? second.write ? " may still be writing" : " may not have written yet" : " may not have read yet";
  finding.kind = FindingKind::Race;
  finding.message = brief(trace, later) + " " + verb + " " + first.memory.str() + " at byte " + std::to_string(byte) +
                    ", which " + brief(trace, earlier) + rest;
  finding.instructions = {trace.occurrence(earlier), trace.occurrence(later)};
  auto touches = [](const Access &access) {
    return std::string(access.write ? "writes " : "reads ") + nameOf(access.field) + " " + access.memory.str() + " " +
           access.box.str();
  };
  finding.details = {describe(trace, earlier), "  " + touches(first), describe(trace, later), "  " + touches(second),
                     "a legal run that breaks it:"};

  QueuePosition p = trace.position(earlier), c = trace.position(later);
  Clock now;
  auto &steps = finding.schedule;
  reach(order.start(c), now, steps);
  size_t before = steps.size();
  Clock goal = order.start(c);
  goal.started[static_cast<size_t>(c.engine)] = c.index + 1;
  reach(goal, now, steps);
  if (p.engine != c.engine) {
    reach(order.completion(c), now, steps);
    reach(order.completion(p), now, steps);
  }
  std::vector<Note> notes = {{trace.occurrence(later), std::string(verb) + " byte " + std::to_string(byte)}};
  if (p.engine != c.engine)
    notes.push_back(
        {trace.occurrence(earlier), std::string("comes too late to ") + (first.write ? "write" : "read") + " it"});
  for (const std::string &line : scheduleText(steps, steps.size() - before, notes))
    finding.details.push_back("  " + line);
  if (p.engine == c.engine)
    finding.details.push_back("  both are in flight");
}

void Explainer::overflow(uint32_t signal, int64_t wait, Finding &finding) const {
  unsigned id = static_cast<unsigned>(trace.code(signal).signal);
  finding.kind = FindingKind::Overflow;
  finding.message =
      brief(trace, signal) + " may signal " + semaphoreName(*trace.program, id) + " beyond its maximum of " +
      std::to_string(machine.semaphoreMax) +
      (wait < 0 ? ""
                : ": nothing makes it wait until " + brief(trace, static_cast<uint32_t>(wait)) + " has taken a token");
  finding.instructions = {trace.occurrence(signal)};
  finding.details = {describe(trace, signal)};
  if (wait >= 0) {
    finding.instructions.push_back(trace.occurrence(static_cast<uint32_t>(wait)));
    finding.details.push_back(describe(trace, static_cast<uint32_t>(wait)));
  }
  Clock now;
  reach(order.completion(trace.position(signal)), now, finding.schedule);
  finding.details.push_back("a legal run that breaks it:");
  for (const std::string &line : scheduleText(finding.schedule, 8))
    finding.details.push_back("  " + line);
}

} // namespace aic::npu
