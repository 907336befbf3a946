//===- Sequencer.h - The scalar part of a program -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks a program in its sequential order, runs loops, address registers and predicates, and hands out the other
// instructions with their addresses resolved and checked.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_LIB_NPU_SIM_SEQUENCER_H
#define AIC_LIB_NPU_SIM_SEQUENCER_H

#include "Operation.h"

namespace aic::npu::sim {

/// One execution of a queued instruction.
struct Issue {
  const Operation *op = nullptr;
  std::array<int64_t, kOperands> addresses{};
  uint64_t number = 0; // counts all instructions
  uint32_t debugOp = 0;
  bool enabled = true; // false: only its wait and signal
};

class Sequencer {
public:
  enum class Step { Scalar, Queued, Halt, Trap };
  static constexpr uint32_t kNoDebugOp = ~0u;

  Sequencer(const Decoded &decoded, const std::vector<int64_t> &arguments);

  /// Executes or hands out the next instruction. For a trap, `reason` and pc() tell what and where.
  Step step(Issue &issue, std::string &reason);
  /// The instruction that step() looks at next; after Trap, the one that trapped.
  uint32_t pc() const { return current; }
  uint64_t count() const { return issued; }
  /// The operation that the next instruction belongs to.
  uint32_t debugOp() const;

private:
  struct Frame {
    uint32_t pc;
    int64_t trip, index;
    int64_t entry[2];
  };
  Step scalar(const Operation &op, std::string &reason);
  bool resolve(const Operation &op, Issue &issue, std::string &reason);
  void rotate(const Frame &frame);
  bool setRegister(int64_t number, int64_t value, std::string &reason);

  const Decoded &decoded;
  const std::vector<int64_t> &arguments;
  std::array<int64_t, kAddressRegisters> registers{};
  std::array<bool, 4> predicates{};
  std::vector<Frame> frames;
  uint32_t current = 0, mark = kNoDebugOp;
  uint64_t issued = 0;
};

} // namespace aic::npu::sim

#endif // AIC_LIB_NPU_SIM_SEQUENCER_H
