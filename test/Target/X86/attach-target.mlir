// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --pass-pipeline='builtin.module(aic-attach-target{cpu=znver3})' | FileCheck %s --check-prefix=ZEN
// RUN: aic-opt %s --pass-pipeline='builtin.module(aic-attach-target{cpu=sapphirerapids features=+amx-int8 threads=8})' | FileCheck %s --check-prefix=SPR
// RUN: aic-opt %s --pass-pipeline='builtin.module(aic-attach-target)' | FileCheck %s --check-prefix=HOST
// RUN: not aic-opt %s --pass-pipeline='builtin.module(aic-attach-target{cpu=z80})' 2>&1 | FileCheck %s --check-prefix=CHIP
// RUN: not aic-opt %s --pass-pipeline='builtin.module(aic-attach-target{backend=abacus})' 2>&1 | FileCheck %s --check-prefix=BACKEND
// RUN: not aic-opt %s --pass-pipeline='builtin.module(aic-attach-target{cpu=znver3 features=-avx})' 2>&1 | FileCheck %s --check-prefix=FEATURE

// ZEN: #aic.target<"x86", chip = "znver3", features = "", model = {l1 = 32768 : i64, l2 = 524288 : i64, l3 = 33554432 : i64, lanes = 8 : i64, registers = 16 : i64, threads = 1 : i64}>
// SPR: #aic.target<"x86", chip = "sapphirerapids", features = "+amx-int8", model = {{.*}}lanes = 16 : i64, registers = 32 : i64, threads = 8 : i64
// HOST: #aic.target<"x86", chip = "{{.+}}", features = "{{.*}}", model = {{.*}}threads = {{[1-9]}}
// CHIP: expected an x86 chip out of [host, x86-64-v3, haswell, znver3, x86-64-v4, skylake-avx512, sapphirerapids], got 'z80'
// BACKEND: expected a target backend out of [{{.*}}x86{{.*}}], got 'abacus'
// FEATURE: expected a chip with avx for 8 lanes, got 'znver3'
module {}
