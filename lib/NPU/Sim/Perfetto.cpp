//===- Perfetto.cpp - A run as a Chrome trace ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "aic/NPU/Sim/Timeline.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

using namespace aic::npu;

namespace {

std::string quoted(const std::string &text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
std::string number(uint64_t value) { return std::to_string(value); }

class Writer {
public:
  void event(const std::string &fields) {
    text += first ? "\n{" : ",\n{";
    text += fields + "}";
    first = false;
  }
  std::string finish() { return text + "\n]}\n"; }

private:
  std::string text = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
  bool first = true;
};

/// A counter that changes by steps: samples wherever it does.
void counter(Writer &out, const std::string &name, const std::map<uint64_t, double> &steps) {
  double value = 0;
  for (auto [cycle, step] : steps) {
    value += step;
    char digits[32];
    std::snprintf(digits, sizeof(digits), "%.3f", std::max(value, 0.0));
    out.event("\"ph\":\"C\",\"pid\":0,\"name\":" + quoted(name) + ",\"ts\":" + number(cycle) +
              ",\"args\":{\"value\":" + digits + "}");
  }
}

} // namespace

std::string aic::npu::formatPerfetto(const Timeline &trace, const Program &program, const Machine &machine) {
  Writer out;
  out.event("\"ph\":\"M\",\"pid\":0,\"name\":\"process_name\",\"args\":{\"name\":" +
            quoted(machine.name + " core 0: " + program.name) + "}");
  for (unsigned e = 1; e < kEngines; ++e)
    out.event("\"ph\":\"M\",\"pid\":0,\"tid\":" + number(e) +
              ",\"name\":\"thread_name\",\"args\":{\"name\":" + quoted(nameOf(static_cast<Engine>(e))) + "}");
  for (const Timeline::Span &span : trace.spans) {
    std::string args = "\"pc\":" + number(span.pc);
    if (span.op < program.debugOps.size())
      args += ",\"op\":" + quoted(program.debugOps[span.op].node);
    if (span.pc < program.debugLines.size()) {
      const auto &tile = program.debugLines[span.pc].tile;
      args += ",\"tile\":[" + std::to_string(tile[0]) + "," + std::to_string(tile[1]) + "," + std::to_string(tile[2]) +
              "," + std::to_string(tile[3]) + "]";
    }
    out.event("\"ph\":\"X\",\"pid\":0,\"tid\":" + number(static_cast<unsigned>(span.engine)) +
              ",\"name\":" + quoted(infoOf(program.code[span.pc].opcode).mnemonic) + ",\"ts\":" + number(span.begin) +
              ",\"dur\":" + number(span.end - span.begin) + ",\"args\":{" + args + "}");
  }
  uint64_t id = 0;
  for (const Timeline::Flow &flow : trace.flows) {
    // An arrow starts inside the span that ends with the signal.
    std::string common = ",\"pid\":0,\"cat\":\"semaphore\",\"name\":" + quoted("sem " + number(flow.semaphore)) +
                         ",\"id\":" + number(++id);
    out.event("\"ph\":\"s\"" + common + ",\"tid\":" + number(static_cast<unsigned>(flow.producer)) +
              ",\"ts\":" + number(flow.from ? flow.from - 1 : 0));
    out.event("\"ph\":\"f\",\"bp\":\"e\"" + common + ",\"tid\":" + number(static_cast<unsigned>(flow.consumer)) +
              ",\"ts\":" + number(flow.to));
  }
  std::map<uint64_t, double> dram;
  for (const Timeline::Span &span : trace.spans)
    if (span.dramBytes && span.end > span.begin) {
      double rate =
          static_cast<double>(span.dramBytes) / static_cast<double>(span.end - span.begin) * machine.clockHz * 1e-9;
      dram[span.begin] += rate, dram[span.end] -= rate;
    }
  counter(out, "DRAM GB/s", dram);
  for (unsigned s = 0; s < kSpaces; ++s) {
    std::map<uint64_t, double> bytes;
    for (const Timeline::Life &life : trace.lives)
      if (static_cast<unsigned>(life.space) == s)
        bytes[life.begin] += double(life.high - life.low), bytes[life.end] -= double(life.high - life.low);
    counter(out, std::string(nameOf(static_cast<Space>(s))) + " bytes in use", bytes);
  }
  return out.finish();
}
