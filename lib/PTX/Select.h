// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a handler's selector gets: one verified instruction with its types, and the bytecode instruction whose
// operands are already laid out. It picks the handler and fills in the rest.
#ifndef AIC_PTX_SELECT_H
#define AIC_PTX_SELECT_H

#include "Bytecode.h"

namespace aic::ptx {

struct Selection {
  const Module &module;
  const Function &function;
  const Instruction &inst;
  const Resolved &resolved;
  Inst &out;
  Code &code;
  std::string error; // set by a selector that cannot do this form

  bool has(std::string_view modifier) const {
    for (const std::string &m : inst.modifiers)
      if (m == modifier)
        return true;
    return false;
  }
  Type type(unsigned i = 0) const { return resolved.types[i]; }
  /// The i-th operand of the row, or null if it is optional and absent.
  const Operand *operand(unsigned i) const {
    return i < resolved.operandOf.size() && resolved.operandOf[i] >= 0 ? &inst.operands[unsigned(resolved.operandOf[i])]
                                                                       : nullptr;
  }
};

/// How undefined bytes move through the instruction.
void pickPartRule(Selection &s);

#define PTX_OP(opcode, modifiers, operands, isa, sm, flags, handler) void select##handler(Selection &);
#include "Opcodes.def"
#undef PTX_OP

} // namespace aic::ptx

#endif // AIC_PTX_SELECT_H
