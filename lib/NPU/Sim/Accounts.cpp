//===- Accounts.cpp - Where the cycles went -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Accounts.h"

using namespace aic::npu;
using namespace aic::npu::sim;

Accounts::Accounts(const Decoded &decoded)
    : decoded(decoded), named(decoded.program->debugOps.size()), ops(named + 1), work(named + 1) {
  for (size_t i = 0; i < named; ++i) {
    const DebugOp &op = decoded.program->debugOps[i];
    ops[i].name = op.node, ops[i].type = op.opType, ops[i].predictedCycles = op.predictedCycles;
  }
  ops[named].name = "(none)";
}

void Accounts::started(const Issue &issue, const Cost &cost) {
  OpCounts &op = of(issue.debugOp);
  ++op.instructions;
  if (!issue.enabled)
    return;
  Work &done = work[slotOf(issue.debugOp)];
  if (issue.op->family == Family::Matrix) {
    const MatrixShape &s = issue.op->matrix;
    uint64_t macs = static_cast<uint64_t>(s.m) * static_cast<uint64_t>(s.n) * static_cast<uint64_t>(s.k);
    op.matrixMacs += macs;
    (bytesOf(s.a) == 1 ? done.bytes : done.halves) += macs;
  } else if (issue.op->opcode == Opcode::DWMAC) {
    const WindowShape &s = issue.op->window;
    done.depthwise += static_cast<uint64_t>(s.kh) * static_cast<uint64_t>(s.kw) * static_cast<uint64_t>(s.c) *
                      static_cast<uint64_t>(s.oh) * static_cast<uint64_t>(s.ow);
  }
  (issue.op->opcode == Opcode::LD ? op.dramRead : op.dramWritten) += cost.bytes;
  op.dramTraffic += cost.traffic;
}

void Accounts::matrixBusy(uint32_t debugOp, uint64_t cycles) {
  OpCounts &op = of(debugOp);
  op.cycles += cycles, op.busy[static_cast<size_t>(Engine::MX)] += cycles;
}

void Accounts::matrixStalled(uint32_t debugOp, StallCause cause, uint64_t cycles) {
  OpCounts &op = of(debugOp);
  op.cycles += cycles, op.stalls[static_cast<size_t>(cause)] += cycles;
}

Report Accounts::finish() {
  const Machine &machine = *decoded.machine;
  Report report;
  report.program = decoded.program->name, report.machine = machine.name;
  report.clockHz = machine.clockHz, report.dramBytesPerCycle = machine.dram.bytesPerCycle;
  const uint64_t block = uint64_t(machine.mx.m) * machine.mx.n;
  report.macsPerCycle = block * machine.mx.kInt8;
  report.total.name = "total";
  for (size_t i = 0; i <= named; ++i) {
    OpCounts &op = ops[i];
    const Work &done = work[i];
    uint64_t useful = i < named ? decoded.program->debugOps[i].macs : 0;
    op.usefulMacs = useful ? useful : done.bytes + done.halves + done.depthwise;
    // The peak is that of the type which did most of the work.
    unsigned k = done.halves > done.bytes + done.depthwise ? machine.mx.kF16 : machine.mx.kInt8;
    op.idealCycles = block * k ? static_cast<double>(op.usefulMacs) / static_cast<double>(block * k) : 0;
    if (op.cycles == 0 && op.instructions == 0)
      continue;
    uint64_t bound = static_cast<uint64_t>(static_cast<double>(op.dramTraffic) / machine.dram.bytesPerCycle);
    for (Engine engine : {Engine::MV, Engine::MX, Engine::FX, Engine::VX})
      bound = std::max(bound, op.busy[static_cast<size_t>(engine)]);
    report.analyticCycles += bound;
    OpCounts &total = report.total;
    total.instructions += op.instructions, total.usefulMacs += op.usefulMacs, total.matrixMacs += op.matrixMacs;
    total.idealCycles += op.idealCycles, total.cycles += op.cycles;
    total.dramRead += op.dramRead, total.dramWritten += op.dramWritten, total.dramTraffic += op.dramTraffic;
    total.predictedCycles += op.predictedCycles;
    for (unsigned e = 0; e < kEngines; ++e)
      total.busy[e] += op.busy[e];
    for (unsigned c = 0; c < kStallCauses; ++c)
      total.stalls[c] += op.stalls[c];
    report.ops.push_back(op);
  }
  return report;
}
