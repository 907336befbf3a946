// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_IR_AICKERNELOPS_TD
#define AIC_DIALECT_AIC_IR_AICKERNELOPS_TD

include "aic/Dialect/AIC/IR/AICBase.td"

/// An operation of the kernel level: it has no place in a graph and no reference evaluation.
class AIC_KernelLevelOp<string mnemonic, list<Trait> traits = []> : Op<AIC_Dialect, mnemonic, !listconcat([Pure], traits)>;

def AIC_PackedTensor : StaticShapeTensorOf<[AnySignlessInteger, AnyFloat]>;

def AIC_PackOp : AIC_KernelLevelOp<"pack", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "A constant in the order in which a kernel reads it";
  let description = [{
    Cuts the last dimension of `input`, after its dimensions were permuted by `permutation` (empty: as they are), into
    panels: the result is `[ceil(N / panel)][depth...][panel]`, elements past N are zero. With `group` above 1, the
    innermost depth dimension is cut too: `[ceil(N / panel)][depth...][ceil(K / group)][panel][group]`. Done at compile
    time, when constants are written.

    C1: the input has at least two dimensions. C2: `permutation` is empty or a permutation of them. C3: `group` is
    positive. C4: the result has the extents above; its panel is the last one (the last but one with a group).

    Example:
    ```mlir
    %p = aic.pack %w : tensor<64x20xf32> -> tensor<2x64x16xf32>
    ```
  }];
  let arguments = (ins AIC_PackedTensor:$input, DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$permutation,
                       DefaultValuedAttr<I64Attr, "1">:$group);
  let results = (outs AIC_PackedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The extents of `logical` packed into panels.
    static ::llvm::SmallVector<int64_t> packedShape(::llvm::ArrayRef<int64_t> logical, int64_t panel, int64_t group = 1);
    int64_t getPanel();
    /// Writes the packed bytes of the constant whose row-major bytes are `input` (dense, one byte or more per element).
    /// `output` has room for every element of the result.
    void pack(::llvm::ArrayRef<char> input, ::llvm::MutableArrayRef<char> output);
  }];
}

def AIC_UnpackOp : AIC_KernelLevelOp<"unpack", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "The tensor that was packed, as a view";
  let description = [{
    Stands inside a kernel and names the logical form of a packed argument: no data moves. C1: `input` has the extents
    that `aic.pack` gives the result's extents for its panel and `group`.

    Example:
    ```mlir
    %w = aic.unpack %p : tensor<2x64x16xf32> -> tensor<64x20xf32>
    ```
  }];
  let arguments = (ins AIC_PackedTensor:$input, DefaultValuedAttr<I64Attr, "1">:$group);
  let results = (outs AIC_PackedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getPanel();
  }];
}

#endif // AIC_DIALECT_AIC_IR_AICKERNELOPS_TD
