//===- Directives.h - Names that assembler and disassembler share -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_LIB_NPU_ISA_DIRECTIVES_H
#define AIC_LIB_NPU_ISA_DIRECTIVES_H

namespace aic::npu {

/// By SegmentKind, null-terminated.
extern const char *const kSegmentKindNames[];

} // namespace aic::npu

#endif // AIC_LIB_NPU_ISA_DIRECTIVES_H
