//===- Diagnose.cpp - Collects what went wrong --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Diagnose.h"

using namespace aic::npu;
using namespace aic::npu::sim;

const char *aic::npu::nameOf(Diagnostic::Kind kind) {
  switch (kind) {
  case Diagnostic::Kind::Invalid:
    return "invalid";
  case Diagnostic::Kind::Trap:
    return "trap";
  case Diagnostic::Kind::Uninitialised:
    return "uninitialised";
  case Diagnostic::Kind::Raw:
    return "raw";
  case Diagnostic::Kind::War:
    return "war";
  case Diagnostic::Kind::Waw:
    return "waw";
  case Diagnostic::Kind::Overflow:
    return "overflow";
  case Diagnostic::Kind::Deadlock:
    return "deadlock";
  case Diagnostic::Kind::Difference:
    return "difference";
  }
  return "";
}

std::string Diagnostics::describe(uint32_t pc) const {
  std::string text = "pc " + std::to_string(pc);
  if (pc >= program.code.size())
    return text;
  text += std::string(" ") + infoOf(program.code[pc].opcode).mnemonic;
  uint32_t op = ~0u;
  if (pc < program.debugLines.size())
    op = program.debugLines[pc].op;
  else // the last MARK before it
    for (uint32_t i = pc + 1; i-- > 0 && op == ~0u;)
      if (program.code[i].opcode == Opcode::MARK)
        op = static_cast<uint32_t>(program.code[i].get(Field::id));
  if (op < program.debugOps.size())
    text += " (" + program.debugOps[op].opType + " '" + program.debugOps[op].node + "')";
  return text;
}

void Diagnostics::report(Diagnostic::Kind kind, uint32_t pc, uint32_t otherPc, uint64_t cycle,
                         const std::string &message) {
  result.ok = false;
  if (!seen.emplace(kind, pc, otherPc).second)
    return;
  if (result.diagnostics.size() >= options.maxDiagnostics) {
    ++result.suppressed;
    return;
  }
  result.diagnostics.push_back({kind, pc, otherPc, cycle, message});
}

void Diagnostics::unset(const Issue &issue, uint64_t cycle, const UnsetByte &byte) {
  std::string message = describe(issue.op->pc) + ": reads uninitialised byte " + std::to_string(byte.address) + " of " +
                        nameOfPlace(byte.place) + " as '" + aic::npu::nameOf(byte.field) + "'";
  if (byte.lastWriter != Shadow::kNobody)
    message += ", last writer of the granule: " + describe(byte.lastWriter);
  report(Diagnostic::Kind::Uninitialised, issue.op->pc, byte.lastWriter, cycle, message);
}
