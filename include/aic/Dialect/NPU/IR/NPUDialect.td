// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_NPU_IR_NPUDIALECT_TD
#define AIC_DIALECT_NPU_IR_NPUDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/AttrTypeBase.td"

def NPU_Dialect : Dialect {
  let name = "npu";
  let cppNamespace = "::mlir::npu";
  let summary = "Programs of AIC's NPU";
  let description = [{
    One operation per instruction of docs/NPU/ISA.md, in the order of the stream, on named buffers instead of addresses
    and on data segments instead of bases. A program goes through three forms: as it is emitted, buffers have no address
    and nothing is synchronised; `npu-allocate` gives every buffer its address; `npu-insert-sync` adds semaphores,
    waits and signals, after which no instruction may change. What the instructions do is said in one place,
    `include/aic/NPU/ISA/npu_isa.td`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

def NPU_Space : I32EnumAttr<"Space", "local memory", [
    I32EnumAttrCase<"L1", 0>, I32EnumAttrCase<"A0", 1>, I32EnumAttrCase<"B0", 2>, I32EnumAttrCase<"C0", 3>, I32EnumAttrCase<"VB", 4>]> {
  let cppNamespace = "::mlir::npu";
}
def NPU_Engine : I32EnumAttr<"Engine", "engine", [
    I32EnumAttrCase<"S", 0>, I32EnumAttrCase<"LD", 1>, I32EnumAttrCase<"ST", 2>, I32EnumAttrCase<"MV", 3>, I32EnumAttrCase<"MX", 4>,
    I32EnumAttrCase<"FX", 5>, I32EnumAttrCase<"VX", 6>]> {
  let cppNamespace = "::mlir::npu";
}
def NPU_SegmentKind : I32EnumAttr<"SegmentKind", "what a segment holds", [
    I32EnumAttrCase<"constants", 0, "const">, I32EnumAttrCase<"input", 1>, I32EnumAttrCase<"output", 2>, I32EnumAttrCase<"scratch", 3>]> {
  let cppNamespace = "::mlir::npu";
}

def NPU_BufferType : TypeDef<NPU_Dialect, "Buffer"> {
  let mnemonic = "buffer";
  let summary = "A region of a local memory";
  let parameters = (ins EnumParameter<NPU_Space>:$space);
  let assemblyFormat = "`<` $space `>`";
}

def NPU_MachineAttr : AttrDef<NPU_Dialect, "Machine"> {
  let mnemonic = "machine";
  let summary = "The machine that a program is for";
  let description = [{
    The name of a shipped machine, or the text of a machine file (docs/NPU/Machines.md).

    C1: the text names a shipped machine or is a valid machine.

    Example:
    ```mlir
    #npu.machine<"edge-256">
    ```
  }];
  let parameters = (ins StringRefParameter<>:$text);
  let assemblyFormat = "`<` $text `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The checked description. The text was verified, so it is there.
    ::aic::npu::Machine load() const;
  }];
}

#endif // AIC_DIALECT_NPU_IR_NPUDIALECT_TD
