//===- Assembly.h - Text form of NPU programs ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The assembly language, described in docs/NPU/ISA.md. Assembling what disassemble() wrote gives the same program
// again, field by field. Neither LLVM nor MLIR.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_NPU_ISA_ASSEMBLY_H
#define AIC_NPU_ISA_ASSEMBLY_H

#include "aic/NPU/Program.h"

#include <string_view>

namespace aic::npu {

/// Reads a program. `file` names the text in messages and is where `.file` paths start. `machine` receives what
/// `.machine` says: a name, a path or a machine's JSON text; it is left alone if there is none.
/// `lines` receives the line of each instruction. False, with `file:line: expected X, got Y`, for text that is no
/// program.
bool assemble(std::string_view text, const std::string &file, Program &program, std::string &machine,
              std::string &error, std::vector<unsigned> *lines = nullptr);

struct DisassembleOptions {
  std::string machine; // for `.machine`; none if empty
  bool data = true;    // false leaves the contents of constant segments out: for reading, not for assembling
};
std::string disassemble(const Program &program, const DisassembleOptions &options = {});

/// One instruction, for messages. With a program, semaphores and segments have their names.
std::string format(const Instruction &inst, const Program *program = nullptr);

} // namespace aic::npu

#endif // AIC_NPU_ISA_ASSEMBLY_H
