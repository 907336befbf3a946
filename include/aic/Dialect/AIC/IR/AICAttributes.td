// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_IR_AICATTRIBUTES_TD
#define AIC_DIALECT_AIC_IR_AICATTRIBUTES_TD

include "aic/Dialect/AIC/IR/AICDialect.td"

class AIC_Attr<string name, string attrMnemonic> : AttrDef<AIC_Dialect, name> {
  let mnemonic = attrMnemonic;
  let genVerifyDecl = 1;
}

def AIC_TargetAttr : AIC_Attr<"Target", "target"> {
  let summary = "The machine that a module is compiled for";
  let description = [{
    Stands on the module as `aic.target`. `backend` names a target backend, `chip` and `features` are LLVM's names for
    the processor and what it can do beyond it. `model` holds the numbers that decisions are made from; which ones are
    needed is the backend's affair (see `X86MachineModel`). C1: backend and chip are not empty. C2: every entry of the
    model is a positive integer.

    Example:
    ```mlir
    #aic.target<"x86", chip = "znver3", features = "+avx2,+fma",
                model = {lanes = 8, registers = 16, l1 = 32768, l2 = 524288, l3 = 33554432, threads = 1}>
    ```
  }];
  let parameters = (ins StringRefParameter<>:$backend, StringRefParameter<>:$chip,
                        StringRefParameter<>:$features, "::mlir::DictionaryAttr":$model);
  let assemblyFormat = "`<` $backend `,` struct($chip, $features, $model) `>`";
  let extraClassDeclaration = [{
    /// The name under which it stands on a module.
    static constexpr ::llvm::StringLiteral attributeName = "aic.target";
    /// The entry `name` of the model, or `otherwise`.
    int64_t getNumber(::llvm::StringRef name, int64_t otherwise = 0) const;
  }];
}

def AIC_KernelClass : I32EnumAttr<"KernelClass", "what decides how a kernel is emitted", [
    I32EnumAttrCase<"contraction", 0>, I32EnumAttrCase<"convolution", 1>, I32EnumAttrCase<"depthwise", 2>,
    I32EnumAttrCase<"pooling", 3>, I32EnumAttrCase<"reduction", 4>, I32EnumAttrCase<"rows", 5>,
    I32EnumAttrCase<"elementwise", 6>, I32EnumAttrCase<"movement", 7>, I32EnumAttrCase<"other", 8>]> {
  let cppNamespace = "::mlir::aic";
  let genSpecializedAttr = 0;
}

def AIC_LoweringConfigAttr : AIC_Attr<"LoweringConfig", "lowering_config"> {
  let summary = "How a kernel is tiled";
  let description = [{
    Stands on a kernel function as `aic.lowering_config`. Entries that backends and emitters agree on; all are optional,
    and sizes are in elements:

    | entry | meaning |
    |---|---|
    | `lanes` | elements in a vector of the kernel's element type |
    | `rows` | rows of the register tile |
    | `columns` | vectors in a row of the register tile |
    | `unroll` | steps of the innermost loop written out |
    | `panel` | width of a packed panel, `lanes * columns` |
    | `depth` | steps of the reduction between writing and reading partial results, 0: all |
    | `block` | rows that stay in the cache while panels pass |
    | `prefetch` | 1: fetch the next panel ahead |
    | `parallel` | the loops that are shared out to workers, outermost first |
    | `grain` | elements of the result that are worth a worker |

    C1: every entry is an integer that is not negative or a list of them. C2: `panel`, if present with `lanes` and
    `columns`, is their product.

    Example:
    ```mlir
    #aic.lowering_config<contraction, {lanes = 8, rows = 6, columns = 2, panel = 16, parallel = array<i64: 0, 1>}>
    ```
  }];
  let parameters = (ins EnumParameter<AIC_KernelClass>:$kernelClass, "::mlir::DictionaryAttr":$parameters);
  let assemblyFormat = "`<` $kernelClass `,` $parameters `>`";
  let extraClassDeclaration = [{
    /// The name under which it stands on a kernel function.
    static constexpr ::llvm::StringLiteral attributeName = "aic.lowering_config";
    /// The integer entry `name`, or `otherwise`.
    int64_t getNumber(::llvm::StringRef name, int64_t otherwise = 0) const;
    /// The list entry `name`, or an empty list.
    ::llvm::ArrayRef<int64_t> getList(::llvm::StringRef name) const;
  }];
}

#endif // AIC_DIALECT_AIC_IR_AICATTRIBUTES_TD
