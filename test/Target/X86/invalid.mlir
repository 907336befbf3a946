// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(aic-attach-target)'

// expected-error@+1 {{expected 'registers' in the machine model of an x86 target}}
module attributes {aic.target = #aic.target<"x86", chip = "znver3", features = "", model = {lanes = 8}>} {}

// -----

// expected-error@+1 {{expected 16 or 32 vector registers, got 8}}
module attributes {aic.target = #aic.target<"x86", chip = "znver3", features = "", model = {lanes = 8, registers = 8, l1 = 1, l2 = 1, l3 = 1, threads = 1}>} {}

// -----

// expected-error@+1 {{expected a chip with avx512f for 16 lanes and 32 registers, got 'znver3'}}
module attributes {aic.target = #aic.target<"x86", chip = "znver3", features = "", model = {lanes = 16, registers = 32, l1 = 1, l2 = 1, l3 = 1, threads = 1}>} {}

// -----

// expected-error@+1 {{got 'l4'}}
module attributes {aic.target = #aic.target<"x86", chip = "znver3", features = "", model = {lanes = 8, registers = 16, l1 = 1, l2 = 1, l3 = 1, l4 = 1, threads = 1}>} {}

// -----

// expected-error-re@+1 {{expected a target backend out of [{{.*}}x86{{.*}}], got 'abacus'}}
module attributes {aic.target = #aic.target<"abacus", chip = "x", features = "", model = {}>} {}

// -----

// expected-error@+1 {{expected a positive i64 for 'lanes' in the machine model, got 0 : i64}}
module attributes {aic.target = #aic.target<"x86", chip = "znver3", features = "", model = {lanes = 0}>} {}

// -----

// expected-error@+1 {{expected a panel of lanes * columns = 16, got 24}}
func.func private @lowering_config_c2() attributes {aic.lowering_config = #aic.lowering_config<contraction, {lanes = 8, columns = 2, panel = 24}>}

// -----

func.func @pack_c4(%w: tensor<64x20xf32>) {
  // expected-error@+1 {{expected the packed type 'tensor<2x64x16xf32>', got 'tensor<3x64x16xf32>'}}
  %p = aic.pack %w : tensor<64x20xf32> -> tensor<3x64x16xf32>
  return
}
