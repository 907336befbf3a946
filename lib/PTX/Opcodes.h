// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of Opcodes.def in a form to search: which row an instruction is, with which types, and whether its
// operands and the module's .version and .target fit.
#ifndef AIC_PTX_OPCODES_H
#define AIC_PTX_OPCODES_H

#include "aic/PTX/Module.h"

namespace aic::ptx {

namespace flag {
enum : unsigned { Aligned = 1, Mem = 2, Async = 4, Yields = 8, Sync = 16, Arch = 32, Flow = 64 };
}

struct Selection;
using Selector = void (*)(Selection &);

struct OperandKind {
  enum Kind : uint8_t { Typed, Pred, PredPair, RegPair, Address, Label, Constant, Vector, Braces, Any } kind = Any;
  bool written = false, optional = false;
  bool movable = false; // a0
  bool wider = false;   // c0
  int typeIndex = -1;   // index of the modifier type, or -1 where `type` says it
  bool twice = false;   // w0
  Type type = Type::None;
};

struct ModifierSlot {
  std::vector<std::string> words;
  bool optional = false;
};

struct OpcodeRow {
  std::string opcode;
  std::vector<ModifierSlot> slots;
  std::vector<OperandKind> operands;
  unsigned isa = 0, sm = 0, flags = 0;
  Selector select = nullptr;
};

const std::vector<OpcodeRow> &opcodeRows();

/// What the verifier found out about one instruction.
struct Resolved {
  const OpcodeRow *row = nullptr;
  Type types[4] = {Type::None, Type::None, Type::None, Type::None};
  unsigned typeCount = 0;
  /// For each of the row's operands the instruction's, or -1 where an optional one is absent.
  std::vector<int> operandOf;
  Type typeOf(const OperandKind &kind) const;
};

/// An empty text if the instruction is legal in this module, else why not.
std::string verifyInstruction(const Module &module, const Function &function, const Instruction &inst,
                              Resolved &resolved);

} // namespace aic::ptx

#endif // AIC_PTX_OPCODES_H
