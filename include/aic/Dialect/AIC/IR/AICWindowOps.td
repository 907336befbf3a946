// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_IR_AICWINDOWOPS_TD
#define AIC_DIALECT_AIC_IR_AICWINDOWOPS_TD

include "aic/Dialect/AIC/IR/AICBase.td"

class AIC_PoolOp<string mnemonic, list<Trait> traits = []> : AIC_Op<mnemonic, traits> {
  code layout = [{
    The input is [N, C, D1..Dr], or [N, D1..Dr, C] if `channels_last`. `kernel`, `strides` and `dilations` have r
    entries, `pads` 2r: the places before each spatial dimension, then those after. With
    `span = Di + before + after - dilation * (kernel - 1) - 1` the extent of the result is `span floordiv stride + 1`, or
    with `ceil_mode` `span ceildiv stride + 1`, less one where the last window would start in the padding after the input.
  }];
}

def AIC_MaxPoolOp : AIC_PoolOp<"max_pool", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Maximum over a sliding window";
  let description = "Padding never wins. " # layout;
  let arguments = (ins AIC_NumberTensor:$input, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, BoolAttr:$ceil_mode, BoolAttr:$channels_last);
  let results = (outs AIC_NumberTensor:$result);
}

def AIC_MaxPoolIndicesOp : AIC_PoolOp<"max_pool_indices"> {
  let summary = "Position of the maximum of a sliding window";
  let description = [{
    The index of each window's (first) maximum in the flattened input, row-major, or with the last two spatial dimensions
    exchanged if `column_major`. Channels come first always. }] # layout;
  let arguments = (ins AIC_NumberTensor:$input, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, BoolAttr:$ceil_mode, BoolAttr:$column_major);
  let results = (outs RankedTensorOf<[I64]>:$result);
}

def AIC_AvgPoolOp : AIC_PoolOp<"avg_pool", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Mean over a sliding window";
  let description = [{
    The sum over the window divided by the number of its places inside the input, or, if `count_include_pad`, inside the
    padded input. }] # layout;
  let arguments = (ins AIC_FloatTensor:$input, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, BoolAttr:$ceil_mode, BoolAttr:$count_include_pad,
                       BoolAttr:$channels_last);
  let results = (outs AIC_FloatTensor:$result);
}

def AIC_ResizeMode : I32EnumAttr<"ResizeMode", "interpolation", [
    I32EnumAttrCase<"nearest", 0>, I32EnumAttrCase<"linear", 1>, I32EnumAttrCase<"cubic", 2>]> {
  let cppNamespace = "::mlir::aic";
  let genSpecializedAttr = 0;
}
def AIC_ResizeModeAttr : EnumAttr<AIC_Dialect, AIC_ResizeMode, "resize_mode">;
def AIC_CoordinateMode : I32EnumAttr<"CoordinateMode", "from a result's coordinate to the input's", [
    I32EnumAttrCase<"half_pixel", 0>, I32EnumAttrCase<"pytorch_half_pixel", 1>, I32EnumAttrCase<"align_corners", 2>,
    I32EnumAttrCase<"asymmetric", 3>, I32EnumAttrCase<"half_pixel_symmetric", 4>]> {
  let cppNamespace = "::mlir::aic";
  let genSpecializedAttr = 0;
}
def AIC_CoordinateModeAttr : EnumAttr<AIC_Dialect, AIC_CoordinateMode, "coordinate_mode">;
def AIC_NearestMode : I32EnumAttr<"NearestMode", "which neighbour is the nearest", [
    I32EnumAttrCase<"round_prefer_floor", 0>, I32EnumAttrCase<"round_prefer_ceil", 1>, I32EnumAttrCase<"floor", 2>,
    I32EnumAttrCase<"ceil", 3>]> {
  let cppNamespace = "::mlir::aic";
  let genSpecializedAttr = 0;
}
def AIC_NearestModeAttr : EnumAttr<AIC_Dialect, AIC_NearestMode, "nearest_mode">;

def AIC_ResizeOp : AIC_Op<"resize", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Resample to another size";
  let description = [{
    The result has the extents `sizes` (one per dimension). With `s` = `scales[d]`, `D` the input's and `O` the result's
    extent, the result's coordinate x reads the input at
    half_pixel `(x + 0.5) / s - 0.5`; pytorch_half_pixel the same, 0 if O is 1; align_corners `x * (D - 1) / (O - 1)`;
    asymmetric `x / s`; half_pixel_symmetric `D/2 * (1 - O / (D * s)) + (x + 0.5) / s - 0.5`. `linear` and `cubic` are
    separable; `cubic_a` is the cubic's coefficient; places outside the input repeat its border, or count for nothing
    (and the weights are normalised) if `exclude_outside`. `antialias` widens the filter when shrinking. Dimensions
    whose scale is 1 are copied.
  }];
  let arguments = (ins AIC_Tensor:$input, 1DTensorOf<[F32]>:$scales, AIC_ShapeTensor:$sizes, AIC_ResizeModeAttr:$mode,
                       AIC_CoordinateModeAttr:$coordinates, AIC_NearestModeAttr:$nearest, F64Attr:$cubic_a,
                       BoolAttr:$exclude_outside, BoolAttr:$antialias);
  let results = (outs AIC_Tensor:$result);
}

#endif // AIC_DIALECT_AIC_IR_AICWINDOWOPS_TD
