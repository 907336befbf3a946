// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_IR_AICELEMENTWISEOPS_TD
#define AIC_DIALECT_AIC_IR_AICELEMENTWISEOPS_TD

include "aic/Dialect/AIC/IR/AICBase.td"

/// The definitions of an operation whose meaning is an enumerator of lib/Eval that has its name.
class AIC_EvalDefinition<string function, string opName, string arguments> {
  code text = [{
    ::llvm::LogicalResult $cppClass::inferShapes(ShapeScope &scope, ::llvm::SmallVectorImpl<Dims> &results) {
      return detail::inferElementwise(*this, scope, results);
    }
    std::string $cppClass::evaluate(::llvm::ArrayRef<::aic::eval::View> operands,
                                    std::vector<::aic::eval::Tensor> &results) {
      return ::aic::eval::}] # function # "(" # !subst("AIC_", "", !subst("Op", "", opName)) # ", " # arguments # [{,
                                results.emplace_back());
    }
  }];
}

//===-- One operand ---------------------------------------------------------===//

class AIC_UnaryOp<string mnemonic, Type type, string meaning> : AIC_Op<mnemonic, [AllElementTypesMatch<["input", "result"]>]> {
  let summary = meaning;
  let description = "Element by element: " # meaning # [{.

    Example:
    ```mlir
    %1 = aic.}] # mnemonic # [{ %0 : (tensor<4x?xf32>) -> tensor<4x?xf32>
    ```
  }];
  let arguments = (ins type:$input);
  let results = (outs type:$result);
  let hasFolder = 0;
  let extraClassDefinition = AIC_EvalDefinition<"unary", "::aic::eval::Unary::" # NAME, "operands[0]">.text;
}

def AIC_AbsOp : AIC_UnaryOp<"abs", AIC_NumberTensor, "`|x|`; the lowest integer wraps to itself">;
def AIC_NegOp : AIC_UnaryOp<"neg", AIC_NumberTensor, "`-x`, integers wrap">;
def AIC_SignOp : AIC_UnaryOp<"sign", AIC_NumberTensor, "-1, 0 or 1 by the sign of `x`; NaN stays NaN">;
def AIC_ReluOp : AIC_UnaryOp<"relu", AIC_NumberTensor, "`max(x, 0)`; NaN stays NaN">;
def AIC_ExpOp : AIC_UnaryOp<"exp", AIC_FloatTensor, "`e^x`">;
def AIC_LogOp : AIC_UnaryOp<"log", AIC_FloatTensor, "the natural logarithm; NaN below 0">;
def AIC_SqrtOp : AIC_UnaryOp<"sqrt", AIC_FloatTensor, "the square root; NaN below 0">;
def AIC_RsqrtOp : AIC_UnaryOp<"rsqrt", AIC_FloatTensor, "`1 / sqrt(x)`">;
def AIC_ErfOp : AIC_UnaryOp<"erf", AIC_FloatTensor, "the error function">;
def AIC_SigmoidOp : AIC_UnaryOp<"sigmoid", AIC_FloatTensor, "`1 / (1 + e^-x)`">;
def AIC_TanhOp : AIC_UnaryOp<"tanh", AIC_FloatTensor, "the hyperbolic tangent">;
def AIC_SinOp : AIC_UnaryOp<"sin", AIC_FloatTensor, "the sine of an angle in radians">;
def AIC_CosOp : AIC_UnaryOp<"cos", AIC_FloatTensor, "the cosine of an angle in radians">;
def AIC_TanOp : AIC_UnaryOp<"tan", AIC_FloatTensor, "the tangent of an angle in radians">;
def AIC_AsinOp : AIC_UnaryOp<"asin", AIC_FloatTensor, "the arc sine in radians">;
def AIC_AcosOp : AIC_UnaryOp<"acos", AIC_FloatTensor, "the arc cosine in radians">;
def AIC_AtanOp : AIC_UnaryOp<"atan", AIC_FloatTensor, "the arc tangent in radians">;
def AIC_SinhOp : AIC_UnaryOp<"sinh", AIC_FloatTensor, "the hyperbolic sine">;
def AIC_CoshOp : AIC_UnaryOp<"cosh", AIC_FloatTensor, "the hyperbolic cosine">;
def AIC_AsinhOp : AIC_UnaryOp<"asinh", AIC_FloatTensor, "the inverse hyperbolic sine">;
def AIC_AcoshOp : AIC_UnaryOp<"acosh", AIC_FloatTensor, "the inverse hyperbolic cosine">;
def AIC_AtanhOp : AIC_UnaryOp<"atanh", AIC_FloatTensor, "the inverse hyperbolic tangent">;
def AIC_FloorOp : AIC_UnaryOp<"floor", AIC_FloatTensor, "the largest integral value not above `x`">;
def AIC_CeilOp : AIC_UnaryOp<"ceil", AIC_FloatTensor, "the smallest integral value not below `x`">;
def AIC_RoundOp : AIC_UnaryOp<"round", AIC_FloatTensor, "the nearest integral value, ties to even">;
def AIC_NotOp : AIC_UnaryOp<"not", AIC_BoolTensor, "logical negation">;
def AIC_BitwiseNotOp : AIC_UnaryOp<"bitwise_not", AIC_IntTensor, "every bit inverted">;

class AIC_FloatTestOp<string mnemonic, string meaning> : AIC_Op<mnemonic> {
  let summary = meaning;
  let description = "Element by element: " # meaning # ".";
  let results = (outs AIC_BoolTensor:$result);
}
def AIC_IsNanOp : AIC_FloatTestOp<"is_nan", "whether `x` is not a number"> {
  let arguments = (ins AIC_FloatTensor:$input);
}
def AIC_IsInfOp : AIC_FloatTestOp<"is_inf", "whether `x` is an infinity of a sign that is asked for"> {
  let arguments = (ins AIC_FloatTensor:$input, BoolAttr:$positive, BoolAttr:$negative);
}

def AIC_CastOp : AIC_ShapeOp<"cast"> {
  let summary = "Convert to another element type";
  let description = [{
    Float to integer truncates towards zero (a value out of range is unspecified), integer to integer wraps, anything to
    `i1` tests against zero, `i1` becomes 0 or 1, float to float rounds to nearest even.

    Example:
    ```mlir
    %1 = aic.cast %0 : (tensor<4xf32>) -> tensor<4xi64>
    ```
  }];
  let arguments = (ins AIC_Tensor:$input);
  let results = (outs AIC_Tensor:$result);
  let hasFolder = 1;
}

def AIC_BitcastOp : AIC_Op<"bitcast"> {
  let summary = "The bits of every element as another element type";
  let description = [{
    The elements' bits stay, their type changes. C1: both types have elements of the same size; `i1` is none of them.

    Example:
    ```mlir
    %1 = aic.bitcast %0 : (tensor<4xf32>) -> tensor<4xi32>
    ```
  }];
  let arguments = (ins AIC_NumberTensor:$input);
  let results = (outs AIC_NumberTensor:$result);
  let hasFolder = 1;
}

//===-- Two operands, broadcast ---------------------------------------------===//

class AIC_BinaryOp<string mnemonic, Type type, string meaning, list<Trait> traits = []>
    : AIC_ShapeOp<mnemonic, !listconcat([AllElementTypesMatch<["lhs", "rhs", "result"]>], traits)> {
  let summary = meaning;
  let description = "Element by element with numpy broadcasting: " # meaning # [{.

    Example:
    ```mlir
    %2 = aic.}] # mnemonic # [{ %0, %1 : (tensor<4x?xf32>, tensor<4x1xf32>) -> tensor<4x?xf32>
    ```
  }];
  let arguments = (ins type:$lhs, type:$rhs);
  let results = (outs type:$result);
  let extraClassDefinition = AIC_EvalDefinition<"binary", "::aic::eval::Binary::" # NAME, "operands[0], operands[1]">.text;
}

def AIC_AddOp : AIC_BinaryOp<"add", AIC_NumberTensor, "`lhs + rhs`, integers wrap", [Commutative]> { let hasFolder = 1; }
def AIC_SubOp : AIC_BinaryOp<"sub", AIC_NumberTensor, "`lhs - rhs`, integers wrap"> { let hasFolder = 1; }
def AIC_MulOp : AIC_BinaryOp<"mul", AIC_NumberTensor, "`lhs * rhs`, integers wrap", [Commutative]> { let hasFolder = 1; }
def AIC_DivOp : AIC_BinaryOp<"div", AIC_NumberTensor,
    "`lhs / rhs`; integers truncate towards zero, an integer divided by zero gives 0"> { let hasFolder = 1; }
def AIC_RemOp : AIC_BinaryOp<"rem", AIC_NumberTensor,
    "the remainder of the truncated division, with the sign of `lhs`; an integer remainder by zero is 0">;
def AIC_ModOp : AIC_BinaryOp<"mod", AIC_NumberTensor,
    "the remainder of the floored division, with the sign of `rhs`; an integer remainder by zero is 0">;
def AIC_PowOp : AIC_BinaryOp<"pow", AIC_NumberTensor, "`lhs` to the power of `rhs`"> { let hasCanonicalizer = 1; }
def AIC_MaximumOp : AIC_BinaryOp<"maximum", AIC_NumberTensor, "the larger of both; NaN if either is NaN", [Commutative]>;
def AIC_MinimumOp : AIC_BinaryOp<"minimum", AIC_NumberTensor, "the smaller of both; NaN if either is NaN", [Commutative]>;

def AIC_BitTensor : RankedTensorOf<[I1, AIC_Int]>;
def AIC_AndOp : AIC_BinaryOp<"and", AIC_BitTensor, "conjunction, bit by bit for integers", [Commutative]>;
def AIC_OrOp : AIC_BinaryOp<"or", AIC_BitTensor, "disjunction, bit by bit for integers", [Commutative]>;
def AIC_XorOp : AIC_BinaryOp<"xor", AIC_BitTensor, "exclusive or, bit by bit for integers", [Commutative]>;
def AIC_ShiftLeftOp : AIC_BinaryOp<"shift_left", AIC_IntTensor, "`lhs` times two to the power of `rhs`; 0 from the type's width on">;
def AIC_ShiftRightOp : AIC_BinaryOp<"shift_right", AIC_IntTensor,
    "`lhs` shifted right by `rhs` bits, arithmetically if signed; 0 (or the sign) from the type's width on">;

def AIC_Predicate : I32EnumAttr<"Predicate", "comparison", [
    I32EnumAttrCase<"eq", 0>, I32EnumAttrCase<"ne", 1>, I32EnumAttrCase<"lt", 2>,
    I32EnumAttrCase<"le", 3>, I32EnumAttrCase<"gt", 4>, I32EnumAttrCase<"ge", 5>]> {
  let cppNamespace = "::mlir::aic";
  let genSpecializedAttr = 0;
}
def AIC_PredicateAttr : EnumAttr<AIC_Dialect, AIC_Predicate, "predicate">;

def AIC_CompareOp : AIC_ShapeOp<"compare", [AllElementTypesMatch<["lhs", "rhs"]>]> {
  let summary = "Compare two tensors element by element";
  let description = [{
    `lhs predicate rhs` with numpy broadcasting. Every comparison with NaN is false but `ne`.

    Example:
    ```mlir
    %2 = aic.compare lt %0, %1 : (tensor<4xf32>, tensor<1xf32>) -> tensor<4xi1>
    ```
  }];
  let arguments = (ins AIC_PredicateAttr:$predicate, AIC_Tensor:$lhs, AIC_Tensor:$rhs);
  let results = (outs AIC_BoolTensor:$result);
  let assemblyFormat = "$predicate $lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def AIC_SelectOp : AIC_ShapeOp<"select", [AllElementTypesMatch<["lhs", "rhs", "result"]>]> {
  let summary = "Choose between two tensors element by element";
  let description = "`condition ? lhs : rhs` with numpy broadcasting of all three.";
  let arguments = (ins AIC_BoolTensor:$condition, AIC_Tensor:$lhs, AIC_Tensor:$rhs);
  let results = (outs AIC_Tensor:$result);
}

//===-- Quantisation --------------------------------------------------------===//

def AIC_QuantizeOp : AIC_Op<"quantize"> {
  let summary = "Real numbers to integers by scale and zero point";
  let description = [{
    `clamp(round_even(x / scale) + zero_point)` to the range of the result's element type. `scale` and `zero_point`
    have rank 0 (one for the whole tensor), rank 1 (one per index of `axis`), or the rank of the input with its
    extent of `axis` divided by `block_size` (blocked; `block_size` is 0 otherwise). `zero_point` has the result's
    element type.
  }];
  let arguments = (ins AIC_NumberTensor:$input, AIC_FloatTensor:$scale, AIC_IntTensor:$zero_point, I64Attr:$axis, I64Attr:$block_size);
  let results = (outs AIC_IntTensor:$result);
}

def AIC_DequantizeOp : AIC_Op<"dequantize"> {
  let summary = "Integers to real numbers by scale and zero point";
  let description = "`(x - zero_point) * scale`, with `scale` and `zero_point` as in `aic.quantize`.";
  let arguments = (ins AIC_IntTensor:$input, AIC_FloatTensor:$scale, AIC_IntTensor:$zero_point, I64Attr:$axis, I64Attr:$block_size);
  let results = (outs AIC_FloatTensor:$result);
}

#endif // AIC_DIALECT_AIC_IR_AICELEMENTWISEOPS_TD
