// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_IR_AICDIALECT_TD
#define AIC_DIALECT_AIC_IR_AICDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/AttrTypeBase.td"

def AIC_Dialect : Dialect {
  let name = "aic";
  let cppNamespace = "::mlir::aic";
  let summary = "Whole-tensor operations with value semantics";
  let description = [{
    The graph level of AIC: one operation per mathematical operation on ranked tensors. Every default is explicit,
    no name, version or default of the imported format is left.

    Element types are builtin types. Signless integers (`i8`, `i32`, ...) are signed two's complement numbers, `ui8`,
    `ui16`, ... are unsigned, `i1` is a truth value. A `?` extent is known at run time only; an extent may be 0.

    Binary operations broadcast as numpy does: shapes are aligned at their last dimension, and an extent of 1 stands
    for the other operand's extent.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

#endif // AIC_DIALECT_AIC_IR_AICDIALECT_TD
