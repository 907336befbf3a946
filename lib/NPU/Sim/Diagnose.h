//===- Diagnose.h - Collects what went wrong ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_LIB_NPU_SIM_DIAGNOSE_H
#define AIC_LIB_NPU_SIM_DIAGNOSE_H

#include "Execute.h"
#include "aic/NPU/Sim/Simulator.h"

#include <set>
#include <tuple>

namespace aic::npu::sim {

class Diagnostics {
public:
  Diagnostics(const Program &program, const RunOptions &options, RunResult &result)
      : program(program), options(options), result(result) {}

  /// One report for each kind and pair of instructions, however often they meet.
  void report(Diagnostic::Kind kind, uint32_t pc, uint32_t otherPc, uint64_t cycle, const std::string &message);
  void trap(uint32_t pc, uint64_t cycle, const std::string &reason) {
    report(Diagnostic::Kind::Trap, pc, ~0u, cycle, describe(pc) + ": " + reason);
  }
  void unset(const Issue &issue, uint64_t cycle, const UnsetByte &byte);

  /// "pc 12 LDA (Conv 'conv1')".
  std::string describe(uint32_t pc) const;

private:
  const Program &program;
  const RunOptions &options;
  RunResult &result;
  std::set<std::tuple<Diagnostic::Kind, uint32_t, uint32_t>> seen;
};

} // namespace aic::npu::sim

#endif // AIC_LIB_NPU_SIM_DIAGNOSE_H
