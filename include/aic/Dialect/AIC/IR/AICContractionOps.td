// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_IR_AICCONTRACTIONOPS_TD
#define AIC_DIALECT_AIC_IR_AICCONTRACTIONOPS_TD

include "aic/Dialect/AIC/IR/AICBase.td"

def AIC_MatmulOp : AIC_Op<"matmul", [AllElementTypesMatch<["lhs", "rhs", "result"]>]> {
  let summary = "Matrix product with batch dimensions";
  let description = [{
    `numpy.matmul`: the last two dimensions are multiplied, the ones before are broadcast. A vector as `lhs` is a row, a
    vector as `rhs` a column; that dimension is then not in the result.

    C1: the last extent of `lhs` equals the last but one of `rhs` (the only one, if `rhs` is a vector).

    Example:
    ```mlir
    %2 = aic.matmul %0, %1 : (tensor<8x?x64xf32>, tensor<64x32xf32>) -> tensor<8x?x32xf32>
    ```
  }];
  let arguments = (ins AIC_NumberTensor:$lhs, AIC_NumberTensor:$rhs);
  let results = (outs AIC_NumberTensor:$result);
}

/// Arguments shared by windows that slide over the spatial dimensions.
def AIC_ConvOp : AIC_Op<"conv", [AllElementTypesMatch<["input", "filter", "result"]>]> {
  let summary = "Convolution over one to three spatial dimensions";
  let description = [{
    Cross-correlation of `input` with `filter`, plus `bias` of shape [F] if given. With r spatial dimensions:

    | `channels_last` | input | filter | result |
    |---|---|---|---|
    | false | [N, C, D1..Dr] | [F, C/groups, K1..Kr] | [N, F, O1..Or] |
    | true | [N, D1..Dr, C] | [K1..Kr, C/groups, F] | [N, O1..Or, F] |

    `strides` and `dilations` have r entries, `pads` 2r: the zeros before each spatial dimension, then those after.
    `Oi = (Di + before + after - dilation * (Ki - 1) - 1) floordiv stride + 1`.

    C1: C and F are multiples of `groups`. C2: the filter's channels are C/groups. C3: strides and dilations are positive.
    C4: pads are not negative. C5: the dilated filter is not larger than the padded input.
  }];
  let arguments = (ins AIC_NumberTensor:$input, AIC_NumberTensor:$filter, Optional<AIC_NumberTensor>:$bias,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads,
                       I64Attr:$groups, BoolAttr:$channels_last);
  let results = (outs AIC_NumberTensor:$result);
}

def AIC_ConvTransposeOp : AIC_Op<"conv_transpose", [AllElementTypesMatch<["input", "filter", "result"]>]> {
  let summary = "Transposed convolution over one to three spatial dimensions";
  let description = [{
    The gradient of `aic.conv` with respect to its input, plus `bias` of shape [F] if given.

    | `channels_last` | input | filter | result |
    |---|---|---|---|
    | false | [N, C, D1..Dr] | [C, F/groups, K1..Kr] | [N, F, O1..Or] |
    | true | [N, D1..Dr, C] | [K1..Kr, F/groups, C] | [N, O1..Or, F] |

    `Oi = stride * (Di - 1) + output_padding + dilation * (Ki - 1) + 1 - before - after`.
  }];
  let arguments = (ins AIC_FloatTensor:$input, AIC_FloatTensor:$filter, Optional<AIC_FloatTensor>:$bias,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads,
                       DenseI64ArrayAttr:$output_padding, I64Attr:$groups, BoolAttr:$channels_last);
  let results = (outs AIC_FloatTensor:$result);
}

def AIC_EinsumOp : AIC_Op<"einsum"> {
  let summary = "Einstein summation";
  let description = [{
    `numpy.einsum` with an explicit output: one letter per dimension, comma between operands, `->` before the result, e.g.
    `"bij,bjk->bik"`. No ellipsis, no blanks (the importer removes both). A letter may repeat inside an operand (diagonal).
  }];
  let arguments = (ins Variadic<AIC_NumberTensor>:$inputs, StrAttr:$equation);
  let results = (outs AIC_NumberTensor:$result);
}

#endif // AIC_DIALECT_AIC_IR_AICCONTRACTIONOPS_TD
