// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_NPU_IR_NPUOPS_TD
#define AIC_DIALECT_NPU_IR_NPUOPS_TD

include "aic/Dialect/NPU/IR/NPUDialect.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class NPU_Op<string mnemonic, list<Trait> traits = []> : Op<NPU_Dialect, mnemonic, traits>;
class NPU_InProgram<string mnemonic, list<Trait> traits = []> : NPU_Op<mnemonic, !listconcat([HasParent<"ProgramOp">], traits)>;

//===-- Units: what one program is made of, on tensors ------------------------------===//

def NPU_UnitOp : NPU_Op<"unit", [IsolatedFromAbove, SingleBlock]> {
  let summary = "Work that the machine does as a whole, on tensors";
  let description = [{
    Made by `npu-form-units` from operations of the graph level. `kind` names the emitter that writes its instructions
    and `params` is everything that emitter needs, geometry included; operands are tensors in row-major order and the
    constants it packs. The region computes the same results with `aic` operations, bit for bit for integers: it is the
    unit's meaning, what the interpreter runs and what tests compare with. C1: the region's arguments and what it yields
    have the types of the operands and results.

    Example:
    ```mlir
    %y = npu.unit "elementwise"(%x) {inner = 64, ...} : (tensor<64xi8>) -> tensor<64xi8> {
    ^bb0(%arg: tensor<64xi8>):
      ...
      npu.yield %r : tensor<64xi8>
    }
    ```
  }];
  let arguments = (ins StrAttr:$kind, Variadic<AnyRankedTensor>:$inputs, DictionaryAttr:$params);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$kind `(` $inputs `)` $params attr-dict `:` functional-type($inputs, $outputs) $body";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Puts the region's operations in the place of the unit, which is gone then.
    void inlineBody();
  }];
}

def NPU_YieldOp : NPU_Op<"yield", [Pure, Terminator, HasParent<"UnitOp">]> {
  let summary = "The results of a unit's region";
  let arguments = (ins Variadic<AnyRankedTensor>:$operands);
  let assemblyFormat = "$operands attr-dict `:` type($operands)";
}

//===-- What a program declares ------------------------------------------------===//

def NPU_ProgramOp : NPU_Op<"program", [IsolatedFromAbove, SymbolTable, Symbol, SingleBlock, NoTerminator, NoRegionArguments]> {
  let summary = "The program of one core";
  let description = [{
    Segments, semaphores, buffers and instructions; the instructions run in their order. C1: `npu.halt` is the last
    operation and the only one of its kind (checked when the program is encoded).

    Example:
    ```mlir
    npu.program @copy on #npu.machine<"edge-256"> {
      npu.segment @x input 64
      npu.segment @y output 64
      %b = npu.buffer L1 64
      npu.load LD src=@x[0], dst=%b[0], n0=64, n1=1, n2=1, n3=1
      npu.store ST src=%b[0], dst=@y[0], n0=64, n1=1, n2=1, n3=1
      npu.control HALT
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, NPU_MachineAttr:$machine);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `on` $machine attr-dict-with-keyword $body";
}

def NPU_SegmentOp : NPU_InProgram<"segment", [Symbol]> {
  let summary = "A region of DRAM";
  let description = [{
    Bound to an address at launch. `const` segments carry their bytes. `io` describes the tensor of an input or output:
    {dtype, dims, scale, zero_point, layout}.

    C1: the size is positive. C2: a `const` segment has data of its size, any other kind has none.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, NPU_SegmentKind:$kind, I64Attr:$bytes, OptionalAttr<ElementsAttr>:$data, OptionalAttr<DictionaryAttr>:$io);
  let assemblyFormat = "$sym_name $kind $bytes (`=` $data^)? (`io` $io^)? attr-dict";
  let hasVerifier = 1;
}

def NPU_SemaphoreOp : NPU_InProgram<"semaphore"> {
  let summary = "A counting semaphore between two engines";
  let arguments = (ins I32Attr:$id, NPU_Engine:$producer, NPU_Engine:$consumer, I32Attr:$initial);
  let assemblyFormat = "$id $producer `to` $consumer `init` $initial attr-dict";
}

def NPU_BufferOp : NPU_InProgram<"buffer", [Pure]> {
  let summary = "A region of a local memory";
  let description = [{
    `address` is the first byte, once the buffer is allocated. C1: the size is positive. C2: the address is a multiple
    of 32 and the buffer lies within its memory.

    Example:
    ```mlir
    %0 = npu.buffer L1 4096 at 1024 : !npu.buffer<L1>
    ```
  }];
  let arguments = (ins I64Attr:$bytes, OptionalAttr<I64Attr>:$address, OptionalAttr<StrAttr>:$name);
  let results = (outs NPU_BufferType:$result);
  let assemblyFormat = "$bytes (`at` $address^)? ($name^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def NPU_MarkOp : NPU_InProgram<"mark"> {
  let summary = "The instructions that follow belong to this operation of the model";
  let description = "Encoded as MARK and an entry of DEBUG_OPS; the location names the model's node.";
  let arguments = (ins StrAttr:$op_type, I64Attr:$macs, I64Attr:$traffic);
  let assemblyFormat = "$op_type `macs` $macs `bytes` $traffic attr-dict";
}

//===-- Instructions -------------------------------------------------------------===//

/// An instruction. `fields` has an entry for each field of the opcode, in the order of its layout: numbers, enumeration
/// codes, the bits of an f32, and for addresses the offset in the buffer or segment. `places` says which field each of
/// `buffers` belongs to.
class NPU_InstructionOp<string mnemonic, string text> : NPU_InProgram<mnemonic, [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = text;
  let description = [{
    Printed as the mnemonic and the fields that are not zero, then `wait` and `signal` with semaphores and `tile` with
    the coordinates for the debug information. Meaning and constraints: docs/NPU/ISA.md. C1: the opcode belongs to the
    operation. C2: the fields encode. C3: the segment is declared.
  }];
  let arguments = (ins Variadic<NPU_BufferType>:$buffers, I32Attr:$opcode, I32Attr:$engine, DenseI64ArrayAttr:$fields, DenseI32ArrayAttr:$places,
                       OptionalAttr<FlatSymbolRefAttr>:$segment, OptionalAttr<I32Attr>:$wait, OptionalAttr<I32Attr>:$signal, OptionalAttr<DenseI32ArrayAttr>:$tile);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}
def NPU_ControlOp : NPU_InstructionOp<"control", "An instruction of the sequencer">;
def NPU_SyncOp : NPU_InstructionOp<"sync", "A wait or a signal of an engine's queue"> { let hasCanonicalizeMethod = 1; }
def NPU_LoadOp : NPU_InstructionOp<"load", "DRAM to a local memory">;
def NPU_StoreOp : NPU_InstructionOp<"store", "A local memory to DRAM">;
def NPU_CopyOp : NPU_InstructionOp<"copy", "Between local memories">;
def NPU_FillOp : NPU_InstructionOp<"fill", "One value into a region">;
def NPU_GatherOp : NPU_InstructionOp<"gather", "An operand tile of the matrix unit">;
def NPU_MatrixOp : NPU_InstructionOp<"matrix", "Multiply tiles">;
def NPU_FixOp : NPU_InstructionOp<"fix", "Accumulators to results">;
def NPU_VectorOp : NPU_InstructionOp<"vector", "Elementwise work, reductions and movement in the vector buffer">;
def NPU_WindowOp : NPU_InstructionOp<"window", "Depthwise convolution and pooling in the vector buffer">;

#endif // AIC_DIALECT_NPU_IR_NPUOPS_TD
