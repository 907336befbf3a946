// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_IR_AICBASE_TD
#define AIC_DIALECT_AIC_IR_AICBASE_TD

include "aic/Dialect/AIC/IR/AICDialect.td"
include "aic/Dialect/AIC/IR/AICInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===-- Types ---------------------------------------------------------------===//

def AIC_Int : AnyTypeOf<[I8, I16, I32, I64, UI8, UI16, UI32, UI64], "signed (signless) or unsigned integer">;
def AIC_Float : AnyTypeOf<[F16, BF16, F32, F64], "floating-point number">;
def AIC_Element : AnyTypeOf<[I1, I8, I16, I32, I64, UI8, UI16, UI32, UI64, F16, BF16, F32, F64], "element type of a graph tensor">;

def AIC_Tensor : RankedTensorOf<[AIC_Element]>;
def AIC_NumberTensor : RankedTensorOf<[AIC_Int, AIC_Float]>;
def AIC_FloatTensor : RankedTensorOf<[AIC_Float]>;
def AIC_IntTensor : RankedTensorOf<[AIC_Int]>;
def AIC_BoolTensor : RankedTensorOf<[I1]>;
def AIC_ShapeTensor : 1DTensorOf<[I64]>;
def AIC_IndexTensor : RankedTensorOf<[I32, I64]>;

//===-- Operations ----------------------------------------------------------===//

class AIC_Op<string mnemonic, list<Trait> traits = [], list<string> interfaceMethods = []>
    : Op<AIC_Dialect, mnemonic, !listconcat(
        [Pure, DeclareOpInterfaceMethods<AIC_GraphOpInterface, interfaceMethods>], traits)> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

/// An operation that takes part in shape arithmetic.
class AIC_ShapeOp<string mnemonic, list<Trait> traits = []> : AIC_Op<mnemonic, traits, ["inferElements"]>;

#endif // AIC_DIALECT_AIC_IR_AICBASE_TD
