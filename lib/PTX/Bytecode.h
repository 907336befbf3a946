// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The flat form that the engine runs. A kernel and the functions it calls are one array of instructions over one
// register file; constants and special registers are slots of that file, filled when a warp starts, so that every
// operand of every instruction is read in the same way.
#ifndef AIC_PTX_BYTECODE_H
#define AIC_PTX_BYTECODE_H

#include "Opcodes.h"
#include "aic/PTX/Executor.h"

namespace aic::ptx {

struct Warp;
struct Inst;
using Handler = void (*)(Warp &, const Inst &);
/// The undefined bits of a result in one lane, from those of the sources; see Defined.cpp.
using PartRule = uint64_t (*)(Warp &, const Inst &, unsigned lane);

/// A register: where its 32 lanes start in the warp's file, and the index of its word of defined bits. A predicate is
/// one word, a bit a lane.
struct Slot {
  uint32_t offset = 0;
  uint32_t index = 0;
};

/// An operand of an instruction with any number of them (vectors, fragments).
struct ListSlot {
  Slot slot;
  uint8_t size = 4; // of the register
  bool sink = false;
};

struct Inst {
  Handler run = nullptr;
  uint32_t guard = 0; // offset of the predicate
  uint32_t guardIndex = 0;
  bool guarded = false, guardNegated = false;
  uint8_t size = 0;  // bytes of an element in memory
  uint8_t count = 1; // elements
  Space space = Space::Generic;
  bool base64 = true; // the address register has 64 bits
  bool flagA = false, flagB = false, flagC = false;
  bool signExtend = false;
  bool modifies = false;   // an atomic that reads what it overwrites
  bool blockScope = false; // .cta or .cluster: no other block takes part
  Slot op[6];
  uint8_t opSize[6] = {}; // bytes of the register
  int64_t imm = 0, imm2 = 0,
          imm3 = 0;                 // displacement of the address (imm2, imm3: of a second and a third one); constants
  uint32_t list = 0, listCount = 0; // operands beyond op[], in Code::lists
  uint32_t target = 0;
  uint32_t line = 0;
  uint16_t opcode = 0;  // index into Code::spellings
  uint16_t flags = 0;   // of the opcode's row
  uint8_t flops = 0;    // a lane: of scalar arithmetic
  uint8_t partSize = 0; // for partRule: bytes of the type, and whether it has a sign
  bool partSigned = false;
  PartRule partRule = nullptr; // null: undefined as a whole
};

struct Constant {
  Slot slot;
  uint8_t size;
  uint64_t value;
};

struct SpecialSlot {
  Slot slot;
  Special special;
};

/// One kernel.
struct Code {
  std::vector<Inst> insts;
  std::vector<ListSlot> lists;
  std::vector<std::vector<uint32_t>> branchTables;
  std::vector<Constant> constants;
  std::vector<SpecialSlot> specials;
  std::vector<std::string> spellings;
  std::vector<std::string> registerNames; // by Slot::index, for messages; empty for constants
  uint32_t fileBytes = 0;                 // of a warp's register file
  uint32_t slots = 0;                     // words of defined bits
  uint32_t sharedBytes = 0;               // static
  uint32_t dynamicShared = 0;             // offset of dynamic shared memory
  uint32_t sharedAlign = 16;              // of dynamic shared memory
  uint32_t localBytes = 0;                // a thread
  bool onlyFullBarriers = true;           // nothing else orders the threads of a block
  bool usesAsyncProxy = false;            // wgmma, TMA, bulk copies: generic writes need a proxy fence
  bool usesGlobalSync = false;
};

struct GlobalVariable {
  std::string name;
  uint64_t address = 0, size = 0;
};

struct Bytecode {
  Module module;
  std::string text;
  std::vector<size_t> lineStarts;
  std::vector<Kernel> kernels;
  std::vector<Code> codes; // by Kernel::index
  std::vector<GlobalVariable> globals;
  Memory *memory = nullptr;
};

// Windows of the generic address space; global memory is everything below the first.
const uint64_t sharedWindow = uint64_t(1) << 48;
const uint64_t localWindow = uint64_t(2) << 48;
const uint64_t paramWindow = uint64_t(3) << 48;
const uint64_t windowMask = (uint64_t(1) << 48) - 1;

/// Decodes one kernel of a verified module; appends what it cannot do.
void decodeKernel(Bytecode &bytecode, unsigned function, Kernel &kernel, Code &code,
                  const std::vector<uint64_t> &variableAddress, std::vector<Diagnostic> &messages);

} // namespace aic::ptx

#endif // AIC_PTX_BYTECODE_H
