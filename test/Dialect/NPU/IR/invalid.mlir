// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expected edge-}}
func.func private @machine_c1(tensor<1xi8>) attributes {m = #npu.machine<"edge-257">}

// -----

// expected-error @+1 {{'isa': expected 1, got nothing}}
func.func private @machine_c1_text(tensor<1xi8>) attributes {m = #npu.machine<"{\"name\":\"x\"}">}

// -----

npu.program @segment_c1 on #npu.machine<"edge-256"> {
  // expected-error @+1 {{expected a positive size, got 0}}
  npu.segment @x input 0
}

// -----

npu.program @segment_c2_absent on #npu.machine<"edge-256"> {
  // expected-error @+1 {{expected data}}
  npu.segment @w const 4
}

// -----

npu.program @segment_c2_size on #npu.machine<"edge-256"> {
  // expected-error @+1 {{expected data of type tensor<8xi8>, got 'tensor<4xi8>'}}
  npu.segment @w const 8 = dense<1> : tensor<4xi8>
}

// -----

npu.program @buffer_c1 on #npu.machine<"edge-256"> {
  // expected-error @+1 {{expected a positive size, got 0}}
  %b = npu.buffer 0 : <L1>
}

// -----

npu.program @buffer_c2 on #npu.machine<"edge-256"> {
  // expected-error @+1 {{expected an address that is a multiple of 32, got 33}}
  %b = npu.buffer 64 at 33 : <L1>
}

// -----

npu.program @instruction_c1 on #npu.machine<"edge-256"> {
  // expected-error @+1 {{expected 'npu.store' for ST}}
  npu.load ST
}

// -----

npu.program @instruction_c2_width on #npu.machine<"edge-256"> {
  npu.segment @x input 64
  %b = npu.buffer 64 : <L1>
  // expected-error @+1 {{n0}}
  npu.load LD src = @x[0], dst = %b[0], n0 = 65536, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
}

// -----

npu.program @instruction_c2_space on #npu.machine<"edge-256"> {
  npu.segment @x input 64
  %b = npu.buffer 64 : <A0>
  // expected-error @+1 {{dst}}
  npu.load LD src = @x[0], dst = %b[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<A0>
}

// -----

npu.program @instruction_c3 on #npu.machine<"edge-256"> {
  %b = npu.buffer 64 : <L1>
  // expected-error @+1 {{expected a declared segment, got @x}}
  npu.load LD src = @x[0], dst = %b[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
}

// -----

npu.program @offset on #npu.machine<"edge-256"> {
  npu.segment @x input 64
  %b = npu.buffer 64 : <L1>
  // expected-error @+1 {{'dst': expected an offset that is a multiple of 32, got 8}}
  npu.load LD src = @x[0], dst = %b[8], n0 = 8, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
}

// -----

npu.program @field on #npu.machine<"edge-256"> {
  // expected-error @+1 {{expected a field of SETA, got 'trip'}}
  npu.control SETA ar = 1, trip = 3
}

// -----

npu.program @mnemonic on #npu.machine<"edge-256"> {
  // expected-error @+1 {{expected the mnemonic of an instruction, got 'MOV'}}
  npu.control MOV
}

// -----

npu.program @enumeration on #npu.machine<"edge-256"> {
  // expected-error @+1 {{'cmp': expected one of eq, ne, lt, le, gt, ge, got 'gr'}}
  npu.control SETP cmp = gr
}

// -----

func.func @unit_c1(%x: tensor<4xf16>) -> tensor<4xf16> {
  // expected-error @+1 {{expected a region with the types of the operands and results}}
  %0 = npu.unit "elementwise"(%x) {} : (tensor<4xf16>) -> tensor<4xf16> {
  ^bb0(%a: tensor<4xf32>):
    npu.yield %a : tensor<4xf32>
  }
  return %0 : tensor<4xf16>
}
