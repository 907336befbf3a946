// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- MathFunctions.h - Functions of one and two numbers -----------------===//
#ifndef AIC_CONVERSION_MATHFUNCTIONS_MATHFUNCTIONS_H
#define AIC_CONVERSION_MATHFUNCTIONS_MATHFUNCTIONS_H

#include "aic/Conversion/MathFunctions/MathBuilder.h"

namespace mlir::aic::functions {

// Exponentials and logarithms
Num exp(Num x);
Num exp2(Num x);
Num expm1(Num x);
Num log(Num x);
Num log2(Num x);
Num log10(Num x);
Num log1p(Num x);
Num pow(Num x, Num y);
Num cbrt(Num x);
Num rsqrt(Num x);

// Hyperbolic functions
Num sinh(Num x);
Num cosh(Num x);
Num tanh(Num x);
Num asinh(Num x);
Num acosh(Num x);
Num atanh(Num x);

// The error function
Num erf(Num x);
Num erfc(Num x);

// Trigonometry, exact about arguments of any size.
std::pair<Num, Num> sinCos(Num x);
/// The same without the branch for large arguments: of numbers within sinCosBound.
std::pair<Num, Num> sinCosBounded(Num x);
double sinCosBound(MathBuilder &m);
Num tan(Num x);
Num asin(Num x);
Num acos(Num x);
Num atan(Num x);
Num atan2(Num y, Num x);

/// The remainder of the truncated quotient, exact.
Num fmod(Num x, Num y);

/// Powers by repeated squaring; `x` is an integer or a number, `n` a signed integer. A negative power of an integer
/// other than 1 and -1 is 0.
Value powerOfInteger(OpBuilder &b, Location loc, Value x, Value n);
Value powerOfNumber(OpBuilder &b, Location loc, Value x, Value n);

} // namespace mlir::aic::functions

#endif // AIC_CONVERSION_MATHFUNCTIONS_MATHFUNCTIONS_H
