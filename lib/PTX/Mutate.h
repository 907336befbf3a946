// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_PTX_MUTATE_H
#define AIC_PTX_MUTATE_H

#include "Bytecode.h"

namespace aic::ptx {

/// Breaks the index-th entry of synchronisations() in a copy of the kernel's instructions.
void applyMutation(const Code &code, std::vector<Inst> &insts, unsigned index);

} // namespace aic::ptx

#endif // AIC_PTX_MUTATE_H
