// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A PTX file as the parser reads it: declarations with types, instructions with resolved names and their lines. What
// an opcode means, and whether it may stand there, is the verifier's business.
#ifndef AIC_PTX_MODULE_H
#define AIC_PTX_MODULE_H

#include "aic/PTX/Types.h"
#include <optional>

namespace aic::ptx {

struct Register {
  std::string name;
  Type type = Type::None;
};

/// Read-only registers (%tid.x, ...); a kernel reads them like any other.
enum class Special : uint8_t {
  TidX,
  TidY,
  TidZ,
  NtidX,
  NtidY,
  NtidZ,
  CtaidX,
  CtaidY,
  CtaidZ,
  NctaidX,
  NctaidY,
  NctaidZ,
  LaneId,
  WarpId,
  NWarpId,
  SmId,
  NSmId,
  GridId,
  LaneMaskEq,
  LaneMaskLe,
  LaneMaskLt,
  LaneMaskGe,
  LaneMaskGt,
  ClusterIdX,
  ClusterIdY,
  ClusterIdZ,
  NclusterIdX,
  NclusterIdY,
  NclusterIdZ,
  ClusterCtaidX,
  ClusterCtaidY,
  ClusterCtaidZ,
  ClusterNctaidX,
  ClusterNctaidY,
  ClusterNctaidZ,
  ClusterCtarank,
  ClusterNctarank,
  TotalSharedSize,
  DynamicSharedSize,
  Clock,
  ClockHi,
  Clock64,
  GlobalTimer,
  GlobalTimerLo,
  GlobalTimerHi,
  Count
};
std::optional<Special> parseSpecial(std::string_view name);
std::string_view specialName(Special special);
Type specialType(Special special);

struct Operand {
  enum Kind : uint8_t { None, Reg, SpecialReg, Integer, Float, Symbol, Address, Vector, Label, Sink, Bool } kind = None;
  bool negated = false;  // !p
  bool isDouble = false; // Float: 0d or a decimal
  Special special = Special::Count;
  int reg = -1;                  // Reg; Address: base register or -1
  int second = -1;               // p|q: the register after the bar; -2 is the sink _
  int symbol = -1;               // Symbol; Address with a symbol as its base; Label: index of the label
  int64_t value = 0;             // Integer, Bool, Float (bits of a double); Address, Symbol: offset
  std::vector<Operand> elements; // Vector; Address of a tensor map: coordinates and offsets
};

struct Instruction {
  std::string opcode;                 // "ld"
  std::vector<std::string> modifiers; // "global", "v4", "b32"
  std::vector<Operand> operands;
  int guard = -1; // register
  bool guardNegated = false;
  unsigned line = 0;
  std::string spelling() const; // "ld.global.v4.b32"
};

struct Initializer {
  uint64_t offset = 0;
  uint64_t value = 0;
  unsigned size = 0;
  int symbol = -1; // the value is this symbol's address plus `value`
  bool generic = false;
};

/// A variable in memory, module-scope or of a function.
struct Variable {
  std::string name;
  Space space = Space::Global;
  Type type = Type::B8;
  uint32_t align = 1;
  uint64_t size = 0; // bytes; 0 for extern arrays without a size
  bool isExtern = false;
  bool isPointer = false; // params with .ptr
  uint32_t pointeeAlign = 0;
  int function = -1; // owner, or -1 at module scope
  bool isReturn = false, isFormal = false;
  unsigned line = 0;
  std::vector<Initializer> initializers;
};

struct Function {
  std::string name;
  bool isEntry = false, isExtern = false, hasBody = false;
  std::vector<int> params, returns; // indices of Module::variables
  std::vector<Register> registers;
  std::vector<std::string> labels;
  std::vector<int> labelTarget; // index of the instruction that a label stands before; -1 if undefined
  std::vector<unsigned> labelLine;
  std::vector<std::vector<int>> branchTargets; // .branchtargets lists: labels
  std::vector<Instruction> body;
  Dim3 maxThreads{0, 0, 0}, requiredThreads{0, 0, 0}, requiredCluster{0, 0, 0};
  uint32_t maxRegisters = 0, minBlocks = 0;
  unsigned line = 0;
};

struct Module {
  std::string name;
  unsigned isaMajor = 0, isaMinor = 0;
  std::string target; // "sm_90a"
  unsigned sm = 0;
  char suffix = 0; // 'a' or 'f'
  unsigned addressSize = 64;
  std::vector<Variable> variables;
  std::vector<Function> functions;
};

/// Appends to `messages` what is wrong; the module is to be used only if nothing was appended.
Module parseModule(std::string_view text, std::string name, std::vector<Diagnostic> &messages);

} // namespace aic::ptx

#endif // AIC_PTX_MODULE_H
