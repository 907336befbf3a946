// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_IR_AICNORMALIZATIONOPS_TD
#define AIC_DIALECT_AIC_IR_AICNORMALIZATIONOPS_TD

include "aic/Dialect/AIC/IR/AICBase.td"

class AIC_SoftmaxLikeOp<string mnemonic, string meaning> : AIC_Op<mnemonic, [AllElementTypesMatch<["input", "result"]>]> {
  let summary = meaning;
  let description = "Along `axis`: " # meaning # ", with `m` the maximum along `axis`.";
  let arguments = (ins AIC_FloatTensor:$input, I64Attr:$axis);
  let results = (outs AIC_FloatTensor:$result);
}
def AIC_SoftmaxOp : AIC_SoftmaxLikeOp<"softmax", "`exp(x - m) / sum(exp(x - m))`">;
def AIC_LogSoftmaxOp : AIC_SoftmaxLikeOp<"log_softmax", "`x - m - log(sum(exp(x - m)))`">;

def AIC_LayerNormOp : AIC_Op<"layer_norm", [AttrSizedOperandSegments, AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Normalise the trailing dimensions to mean 0 and variance 1";
  let description = [{
    `(x - mean) / sqrt(variance + epsilon) * scale + bias` with mean and (biased) variance over the dimensions from
    `axis` to the last. `scale` and `bias` broadcast to the input. Computed in f32 at least.
  }];
  let arguments = (ins AIC_FloatTensor:$input, Optional<AIC_FloatTensor>:$scale, Optional<AIC_FloatTensor>:$bias, I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs AIC_FloatTensor:$result);
  let assemblyFormat = [{
    $input (`scale` `(` $scale^ `)`)? (`bias` `(` $bias^ `)`)? attr-dict `:` functional-type(operands, results)
  }];
}

def AIC_RMSNormOp : AIC_Op<"rms_norm", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Normalise the trailing dimensions to a mean square of 1";
  let description = "`x / sqrt(mean(x^2) + epsilon) * scale` over the dimensions from `axis` to the last. Computed in f32 at least.";
  let arguments = (ins AIC_FloatTensor:$input, AIC_FloatTensor:$scale, I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs AIC_FloatTensor:$result);
}

def AIC_BatchNormOp : AIC_Op<"batch_norm", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Normalise each channel by given statistics";
  let description = [{
    `(x - mean) / sqrt(variance + epsilon) * scale + bias`; the four vectors have the extent of dimension `axis`.
  }];
  let arguments = (ins AIC_FloatTensor:$input, AIC_FloatTensor:$scale, AIC_FloatTensor:$bias, AIC_FloatTensor:$mean,
                       AIC_FloatTensor:$variance, I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs AIC_FloatTensor:$result);
}

#endif // AIC_DIALECT_AIC_IR_AICNORMALIZATIONOPS_TD
