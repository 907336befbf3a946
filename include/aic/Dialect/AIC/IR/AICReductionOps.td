// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_IR_AICREDUCTIONOPS_TD
#define AIC_DIALECT_AIC_IR_AICREDUCTIONOPS_TD

include "aic/Dialect/AIC/IR/AICBase.td"

def AIC_ReduceKind : I32EnumAttr<"ReduceKind", "combiner of a reduction", [
    I32EnumAttrCase<"sum", 0>, I32EnumAttrCase<"mean", 1>, I32EnumAttrCase<"prod", 2>,
    I32EnumAttrCase<"max", 3>, I32EnumAttrCase<"min", 4>]> {
  let cppNamespace = "::mlir::aic";
  let genSpecializedAttr = 0;
}
def AIC_ReduceKindAttr : EnumAttr<AIC_Dialect, AIC_ReduceKind, "reduce_kind">;

def AIC_ReduceOp : AIC_ShapeOp<"reduce", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Combine all elements along some dimensions";
  let description = [{
    Reduces the dimensions `axes` (sorted, distinct, in [0, rank)); they stay with extent 1 if `keep_dims`. Over no
    element `sum` and `mean` give 0 (mean of floats: NaN), `prod` 1, `max` the lowest and `min` the highest value of
    the type (floats: an infinity). `i1` is allowed for `max` (any) and `min` (all). NaN wins in `max` and `min`.

    Example:
    ```mlir
    %1 = aic.reduce sum %0 {axes = array<i64: 1>, keep_dims = false} : (tensor<4x?xf32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins AIC_ReduceKindAttr:$kind, AIC_Tensor:$input, DenseI64ArrayAttr:$axes, BoolAttr:$keep_dims);
  let results = (outs AIC_Tensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` functional-type(operands, results)";
}

def AIC_ArgReduceOp : AIC_Op<"arg_reduce"> {
  let summary = "Position of the largest or smallest element";
  let description = [{
    The index along `axis` of the largest (smallest, unless `largest`) element; of equal ones the first, or the last if
    `last_index`. The dimension stays with extent 1 if `keep_dims`.
  }];
  let arguments = (ins AIC_NumberTensor:$input, I64Attr:$axis, BoolAttr:$largest, BoolAttr:$last_index, BoolAttr:$keep_dims);
  let results = (outs RankedTensorOf<[I64]>:$result);
}

def AIC_ScanOp : AIC_Op<"scan", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Running sum or product along a dimension";
  let description = [{
    Element i of the result combines (`sum` or `prod`) the elements 0..i along `axis`, without element i if
    `exclusive`, from the end if `reverse`.
  }];
  let arguments = (ins AIC_ReduceKindAttr:$kind, AIC_NumberTensor:$input, I64Attr:$axis, BoolAttr:$exclusive, BoolAttr:$reverse);
  let results = (outs AIC_NumberTensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` functional-type(operands, results)";
}

def AIC_TopKOp : AIC_Op<"top_k", [AllElementTypesMatch<["input", "values"]>]> {
  let summary = "The k largest or smallest elements along a dimension";
  let description = [{
    The `k` (one i64) largest (smallest, unless `largest`) elements along `axis` in order, and their indices. Of equal
    elements the one with the lower index comes first. C1: 0 <= k <= the extent of `axis`.
  }];
  let arguments = (ins AIC_NumberTensor:$input, RankedTensorOf<[I64]>:$k, I64Attr:$axis, BoolAttr:$largest);
  let results = (outs AIC_NumberTensor:$values, RankedTensorOf<[I64]>:$indices);
}

#endif // AIC_DIALECT_AIC_IR_AICREDUCTIONOPS_TD
