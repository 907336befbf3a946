// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --pass-pipeline='builtin.module(aic-attach-target{backend=nvidia cpu=sm_90a})' | FileCheck %s --check-prefix=SM90
// RUN: aic-opt %s --pass-pipeline='builtin.module(aic-attach-target{backend=nvidia})' | FileCheck %s --check-prefix=HOST
// RUN: not aic-opt %s --pass-pipeline='builtin.module(aic-attach-target{backend=nvidia cpu=sm_75})' 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// SM90: aic.target = #aic.target<"nvidia", chip = "sm_90a"
// SM90-SAME: ptx = 78
// SM90-SAME: shared_opt_in = 232448
// SM90-SAME: sm = 90

// Without a chip, the oldest: all later ones run its code.
// HOST: chip = "sm_80"
// HOST-SAME: shared_opt_in = 166912

// UNKNOWN: error: expected an NVIDIA chip out of [sm_80, sm_86, sm_89, sm_90a, sm_120], got 'sm_75'
module {}
