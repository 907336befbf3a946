// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_IR_AICMOVEMENTOPS_TD
#define AIC_DIALECT_AIC_IR_AICMOVEMENTOPS_TD

include "aic/Dialect/AIC/IR/AICBase.td"

def AIC_ShapeOfOp : AIC_ShapeOp<"shape_of"> {
  let summary = "The extents of a tensor";
  let description = "A vector with one i64 per dimension of `input`.";
  let arguments = (ins AIC_Tensor:$input);
  let results = (outs AIC_ShapeTensor:$result);
  let hasFolder = 1;
}

def AIC_ReshapeOp : AIC_ShapeOp<"reshape", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "The same elements in row-major order under other extents";
  let description = [{
    `shape` holds the extents of the result; one may be -1 and is then computed from the others. If `copy_zeros`, an
    extent of 0 stands for the input's extent at that position. C1: the number of elements does not change.

    Example:
    ```mlir
    %1 = aic.reshape %0, %shape {copy_zeros = false} : (tensor<?x64xf32>, tensor<3xi64>) -> tensor<?x8x8xf32>
    ```
  }];
  let arguments = (ins AIC_Tensor:$input, AIC_ShapeTensor:$shape, BoolAttr:$copy_zeros);
  let results = (outs AIC_Tensor:$result);
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def AIC_BroadcastOp : AIC_ShapeOp<"broadcast", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Repeat a tensor along dimensions of extent 1";
  let description = "The input broadcast (numpy, in both directions) with the extents `shape`.";
  let arguments = (ins AIC_Tensor:$input, AIC_ShapeTensor:$shape);
  let results = (outs AIC_Tensor:$result);
  let hasFolder = 1;
}

def AIC_TransposeOp : AIC_Op<"transpose", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Permute the dimensions";
  let description = "Dimension i of the result is dimension `permutation[i]` of the input.";
  let arguments = (ins AIC_Tensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs AIC_Tensor:$result);
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def AIC_ConcatOp : AIC_ShapeOp<"concat", [SameOperandsAndResultElementType]> {
  let summary = "Join tensors along a dimension";
  let description = "All inputs have the same rank and the same extents but along `axis`. C1: at least one input.";
  let arguments = (ins Variadic<AIC_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs AIC_Tensor:$result);
  let hasFolder = 1;
}

def AIC_SliceOp : AIC_ShapeOp<"slice", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Every n-th element of a range along some dimensions";
  let description = [{
    For the i-th of `axes`: elements `starts[i]`, `starts[i] + steps[i]`, ... before `ends[i]`, as a Python slice: negative
    positions count from the end, positions outside are clamped. C1: no step is 0; steps are constants or positive.
  }];
  let arguments = (ins AIC_Tensor:$input, AIC_ShapeTensor:$starts, AIC_ShapeTensor:$ends, AIC_ShapeTensor:$steps, DenseI64ArrayAttr:$axes);
  let results = (outs AIC_Tensor:$result);
  let hasFolder = 1;
}

def AIC_PadMode : I32EnumAttr<"PadMode", "what is put around a tensor", [
    I32EnumAttrCase<"constant", 0>, I32EnumAttrCase<"edge", 1>, I32EnumAttrCase<"reflect", 2>, I32EnumAttrCase<"wrap", 3>]> {
  let cppNamespace = "::mlir::aic";
  let genSpecializedAttr = 0;
}
def AIC_PadModeAttr : EnumAttr<AIC_Dialect, AIC_PadMode, "pad_mode">;

def AIC_PadOp : AIC_Op<"pad", [AllElementTypesMatch<["input", "value", "result"]>]> {
  let summary = "Put elements around a tensor";
  let description = [{
    `pads` holds, for all dimensions, the number of elements before, then those after; negative numbers remove elements.
    The new elements are `value` (one element), the border repeated (`edge`), the input mirrored at its border
    (`reflect`) or continued from its other side (`wrap`).
  }];
  let arguments = (ins AIC_Tensor:$input, AIC_ShapeTensor:$pads, AIC_Tensor:$value, AIC_PadModeAttr:$mode);
  let results = (outs AIC_Tensor:$result);
}

def AIC_TileOp : AIC_Op<"tile", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Repeat a tensor";
  let description = "The input `repeats[d]` times, one after the other, along each dimension d.";
  let arguments = (ins AIC_Tensor:$input, AIC_ShapeTensor:$repeats);
  let results = (outs AIC_Tensor:$result);
}

def AIC_RangeOp : AIC_ShapeOp<"range", [AllElementTypesMatch<["start", "limit", "delta", "result"]>]> {
  let summary = "An arithmetic progression";
  let description = "`start`, `start + delta`, ... before `limit`: `max(ceil((limit - start) / delta), 0)` elements. The operands have rank 0.";
  let arguments = (ins AIC_NumberTensor:$start, AIC_NumberTensor:$limit, AIC_NumberTensor:$delta);
  let results = (outs 1DTensorOf<[AIC_Int, AIC_Float]>:$result);
}

//===-- Indexed -------------------------------------------------------------===//

def AIC_GatherOp : AIC_ShapeOp<"gather", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Slices of a tensor, chosen by index";
  let description = [{
    The dimension `axis` of `input` is replaced by the dimensions of `indices`:
    `result[i.., j.., k..] = input[i.., indices[j..], k..]`. A negative index counts from the end; one out of range is an error at run time.
  }];
  let arguments = (ins AIC_Tensor:$input, AIC_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs AIC_Tensor:$result);
}

def AIC_GatherElementsOp : AIC_Op<"gather_elements", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Elements of a tensor, chosen by index along a dimension";
  let description = "`result[i, j, k] = input[i, indices[i, j, k], k]` for `axis` 1; the result has the shape of `indices`. Indices as in `aic.gather`.";
  let arguments = (ins AIC_Tensor:$input, AIC_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs AIC_Tensor:$result);
}

def AIC_GatherNDOp : AIC_Op<"gather_nd", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Slices of a tensor, chosen by index tuples";
  let description = [{
    The last dimension of `indices` holds positions in the dimensions of `input` after the first `batch_dims`, which both
    have in common; the remaining dimensions of the input follow. Indices as in `aic.gather`.
  }];
  let arguments = (ins AIC_Tensor:$input, AIC_IndexTensor:$indices, I64Attr:$batch_dims);
  let results = (outs AIC_Tensor:$result);
}

def AIC_ScatterKind : I32EnumAttr<"ScatterKind", "how an update meets what is there", [
    I32EnumAttrCase<"replace", 0>, I32EnumAttrCase<"add", 1>, I32EnumAttrCase<"mul", 2>, I32EnumAttrCase<"max", 3>, I32EnumAttrCase<"min", 4>]> {
  let cppNamespace = "::mlir::aic";
  let genSpecializedAttr = 0;
}
def AIC_ScatterKindAttr : EnumAttr<AIC_Dialect, AIC_ScatterKind, "scatter_kind">;

def AIC_ScatterElementsOp : AIC_Op<"scatter_elements", [AllElementTypesMatch<["input", "updates", "result"]>]> {
  let summary = "A tensor with some elements updated, chosen by index along a dimension";
  let description = "A copy of `input` in which `updates[i, j, k]` is combined into `[i, indices[i, j, k], k]` for `axis` 1, in row-major order of the updates.";
  let arguments = (ins AIC_ScatterKindAttr:$kind, AIC_Tensor:$input, AIC_IndexTensor:$indices, AIC_Tensor:$updates, I64Attr:$axis);
  let results = (outs AIC_Tensor:$result);
  let assemblyFormat = "$kind operands attr-dict `:` functional-type(operands, results)";
}

def AIC_ScatterNDOp : AIC_Op<"scatter_nd", [AllElementTypesMatch<["input", "updates", "result"]>]> {
  let summary = "A tensor with some slices updated, chosen by index tuples";
  let description = "A copy of `input` in which each slice of `updates` is combined at the position that the last dimension of `indices` gives, in row-major order.";
  let arguments = (ins AIC_ScatterKindAttr:$kind, AIC_Tensor:$input, AIC_IndexTensor:$indices, AIC_Tensor:$updates);
  let results = (outs AIC_Tensor:$result);
  let assemblyFormat = "$kind operands attr-dict `:` functional-type(operands, results)";
}

def AIC_NonZeroOp : AIC_Op<"non_zero"> {
  let summary = "The indices of all elements that are not zero";
  let description = "A matrix with one row per dimension of `input` and one column per element that is not zero, in row-major order. The number of columns is known at run time only; the number of elements bounds it.";
  let arguments = (ins AIC_Tensor:$input);
  let results = (outs RankedTensorOf<[I64]>:$result);
}

#endif // AIC_DIALECT_AIC_IR_AICMOVEMENTOPS_TD
