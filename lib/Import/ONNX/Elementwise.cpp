// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Elementwise.cpp - Operators that work element by element -----------===//
#include "Node.h"
#include <cmath>
#include <limits>

namespace mlir::aic::onnx_import {
namespace {

template <typename OpT> void unary(Node &n) { n.out(n.unary<OpT>(n.in())); }
template <typename OpT> void binary(Node &n) { n.out(n.binary<OpT>(n.in(0), n.in(1))); }
template <Predicate predicate> void compare(Node &n) { n.out(n.compare(predicate, n.in(0), n.in(1))); }

/// Max, Min and Sum of any number of tensors.
template <typename OpT> void variadic(Node &n) {
  Value result = n.in(0);
  for (unsigned i = 1; i < n.numInputs(); ++i)
    result = n.binary<OpT>(result, n.in(i));
  n.out(result);
}

void mean(Node &n) {
  variadic<AddOp>(n);
  n.out(n.div(n.results[0], double(n.numInputs())));
}

//===-- Activations ---------------------------------------------------------===//

Value negative(Node &n, Value x) { return n.compare(Predicate::lt, x, n.scalarLike(x, 0)); }

void leakyRelu(Node &n) {
  Value x = n.in();
  n.out(n.select(negative(n, x), n.mul(x, n.getFloat("alpha", 0.01f)), x));
}

void prelu(Node &n) {
  Value x = n.in(0);
  n.out(n.select(negative(n, x), n.mul(x, n.in(1)), x));
}

void thresholdedRelu(Node &n) {
  Value x = n.in();
  Value above = n.compare(Predicate::gt, x, n.scalarLike(x, n.getFloat("alpha", 1)));
  n.out(n.select(above, x, n.scalarLike(x, 0)));
}

void elu(Node &n) {
  Value x = n.in();
  n.out(n.select(negative(n, x), n.mul(n.sub(n.exp(x), 1), n.getFloat("alpha", 1)), x));
}

void selu(Node &n) {
  Value x = n.in();
  double alpha = n.getFloat("alpha", 1.67326319217681884765625), gamma = n.getFloat("gamma", 1.05070102214813232421875);
  n.out(n.mul(n.select(negative(n, x), n.mul(n.sub(n.exp(x), 1), alpha), x), gamma));
}

void celu(Node &n) {
  Value x = n.in();
  double alpha = n.getFloat("alpha", 1);
  n.out(n.select(negative(n, x), n.mul(n.sub(n.exp(n.div(x, alpha)), 1), alpha), x));
}

/// max(min(alpha * x + beta, 1), 0)
Value hardSigmoid(Node &n, Value x, double alpha, double beta) {
  Value line = n.add(n.mul(x, alpha), beta);
  return n.maximum(n.minimum(line, n.scalarLike(x, 1)), n.scalarLike(x, 0));
}

void hardSigmoid(Node &n) { n.out(hardSigmoid(n, n.in(), n.getFloat("alpha", 0.2f), n.getFloat("beta", 0.5))); }
void hardSwish(Node &n) { n.out(n.mul(n.in(), hardSigmoid(n, n.in(), 1.0 / 6, 0.5))); }

/// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), which does not overflow.
Value softplus(Node &n, Value x) {
  Value small = n.exp(n.unary<NegOp>(n.unary<AbsOp>(x)));
  return n.add(n.unary<ReluOp>(x), n.unary<LogOp>(n.add(small, 1)));
}

void softplus(Node &n) { n.out(softplus(n, n.in())); }
void mish(Node &n) { n.out(n.mul(n.in(), n.unary<TanhOp>(softplus(n, n.in())))); }
void softsign(Node &n) { n.out(n.div(n.in(), n.add(n.unary<AbsOp>(n.in()), 1))); }
Value swish(Node &n, Value x, double alpha) { return n.mul(x, n.unary<SigmoidOp>(n.mul(x, alpha))); }
void swish(Node &n) { n.out(swish(n, n.in(), n.getFloat("alpha", 1))); }
void swiglu(Node &n) { n.out(n.mul(swish(n, n.in(0), n.getFloat("alpha", 1)), n.in(1))); }

void gelu(Node &n) {
  Value x = n.in(), inner;
  std::string kind = n.getString("approximate", "none");
  if (kind == "tanh") {
    Value cube = n.mul(n.mul(n.mul(x, x), x), 0.044715);
    inner = n.unary<TanhOp>(n.mul(n.add(x, cube), std::sqrt(2 / M_PI)));
  } else if (kind == "none") {
    inner = n.unary<ErfOp>(n.div(x, std::sqrt(2.0)));
  } else {
    return n.error("attribute 'approximate': expected 'none' or 'tanh', got '" + kind + "'");
  }
  n.out(n.mul(n.mul(x, 0.5), n.add(inner, 1)));
}

void shrink(Node &n) {
  Value x = n.in(), zero = n.scalarLike(x, 0);
  double bias = n.getFloat("bias", 0), lambda = n.getFloat("lambd", 0.5);
  Value below = n.compare(Predicate::lt, n.cast(x, n.isFloat(x) ? n.elem(x) : n.b.getF32Type()),
                          n.scalar(n.isFloat(x) ? n.elem(x) : n.b.getF32Type(), -lambda));
  Value above = n.compare(Predicate::gt, n.cast(x, n.isFloat(x) ? n.elem(x) : n.b.getF32Type()),
                          n.scalar(n.isFloat(x) ? n.elem(x) : n.b.getF32Type(), lambda));
  n.out(n.select(below, n.add(x, bias), n.select(above, n.sub(x, bias), zero)));
}

void clip(Node &n) {
  Value x = n.in(0), lower, upper;
  if (n.opset < 11) {
    if (n.hasAttribute("min"))
      lower = n.scalarLike(x, n.getFloat("min", 0));
    if (n.hasAttribute("max"))
      upper = n.scalarLike(x, n.getFloat("max", 0));
  } else {
    // A bound of one element that has dims is taken as a number.
    auto bound = [&](unsigned i) {
      Value v = n.optional(i);
      return v && n.rank(v) > 0 ? n.reshape(v, ArrayRef<int64_t>()) : v;
    };
    lower = bound(1);
    upper = bound(2);
  }
  if (lower)
    x = n.maximum(x, lower);
  if (upper)
    x = n.minimum(x, upper);
  n.out(x);
}

//===-- Arithmetic ----------------------------------------------------------===//

void reciprocal(Node &n) { n.out(n.div(n.scalarLike(n.in(), 1), n.in())); }

void pow(Node &n) {
  Value x = n.in(0), y = n.in(1);
  if (n.elem(x) == n.elem(y) || n.isFloat(x) || !n.isFloat(y))
    return n.out(n.binary<PowOp>(x, n.cast(y, n.elem(x))));
  // An integer to a real power is computed with real numbers.
  Type real = n.b.getF64Type();
  n.out(n.cast(n.binary<PowOp>(n.cast(x, real), n.cast(y, real)), n.elem(x)));
}

void mod(Node &n) {
  if (n.getBool("fmod", false))
    return binary<RemOp>(n);
  if (n.isFloat(n.in(0)) && n.opset < 28)
    return n.error("expected fmod = 1 for floating-point numbers");
  binary<ModOp>(n);
}

void bitShift(Node &n) {
  std::string direction = n.getString("direction", "");
  if (direction == "LEFT")
    binary<ShiftLeftOp>(n);
  else if (direction == "RIGHT")
    binary<ShiftRightOp>(n);
  else
    n.error("attribute 'direction': expected 'LEFT' or 'RIGHT', got '" + direction + "'");
}

void isInf(Node &n) {
  bool negative = n.getBool("detect_negative", true), positive = n.getBool("detect_positive", true);
  n.out(n.make<IsInfOp>(n.b.getI1Type(), n.in(), positive, negative));
}

//===-- Types and copies ----------------------------------------------------===//

void cast(Node &n) {
  n.ignore("saturate");
  n.ignore("round_mode");
  n.out(n.cast(n.in(), n.elementType(n.requireInt("to"))));
}

void castLike(Node &n) {
  n.ignore("saturate");
  n.ignore("round_mode");
  n.out(n.cast(n.in(0), n.elem(n.in(1))));
}

void bitCast(Node &n) {
  Type to = n.elementType(n.requireInt("to")), byte = n.b.getIntegerType(8, false);
  Value x = n.in();
  if (n.failed())
    return;
  // A truth value is a byte of 0 or 1.
  if (n.elem(x).isInteger(1))
    x = n.cast(x, byte);
  Type bits = to.isInteger(1) ? byte : to;
  n.out(n.cast(n.elem(x) == bits ? x : n.make<BitcastOp>(bits, x), to));
}

void identity(Node &n) { n.out(n.in()); }

void dropout(Node &n) {
  n.ignore("seed");
  n.ignore("ratio");
  if (Value training = n.optional(2)) {
    std::optional<Ints> mode = n.ints(training);
    std::optional<double> ratio = n.has(1) ? n.scalarOf(n.in(1)) : std::optional<double>(0.5);
    if ((!mode || mode->size() != 1 || (*mode)[0] != 0) && !(ratio && *ratio == 0))
      return n.unsupported("training mode with a ratio that is not known to be 0: ONNX fixes no random numbers");
  }
  n.out(0, n.in());
  if (n.wants(1)) {
    Type element = n.opset < 10 ? n.elem(n.in()) : Type(n.b.getI1Type());
    n.out(1, n.broadcast(n.scalar(element, 1), n.shapeOf(n.in())));
  }
}

void where(Node &n) { n.out(n.select(n.in(0), n.in(1), n.in(2))); }
void isNaN(Node &n) { n.out(n.make<IsNanOp>(n.b.getI1Type(), n.in())); }

} // namespace

void addElementwise(HandlerTable &table) {
  constexpr unsigned kVariadic = HandlerTable::kVariadic;
  table.add("Abs", 1, 1, unary<AbsOp>);
  table.add("Acos", 1, 1, unary<AcosOp>);
  table.add("Acosh", 1, 1, unary<AcoshOp>, 9);
  table.add("Asin", 1, 1, unary<AsinOp>);
  table.add("Asinh", 1, 1, unary<AsinhOp>, 9);
  table.add("Atan", 1, 1, unary<AtanOp>);
  table.add("Atanh", 1, 1, unary<AtanhOp>, 9);
  table.add("BitwiseNot", 1, 1, unary<BitwiseNotOp>, 18);
  table.add("Ceil", 1, 1, unary<CeilOp>);
  table.add("Cos", 1, 1, unary<CosOp>);
  table.add("Cosh", 1, 1, unary<CoshOp>, 9);
  table.add("Erf", 1, 1, unary<ErfOp>, 9);
  table.add("Exp", 1, 1, unary<ExpOp>);
  table.add("Floor", 1, 1, unary<FloorOp>);
  table.add("IsNaN", 1, 1, isNaN, 9);
  table.add("Log", 1, 1, unary<LogOp>);
  table.add("Neg", 1, 1, unary<NegOp>);
  table.add("Not", 1, 1, unary<NotOp>);
  table.add("Reciprocal", 1, 1, reciprocal);
  table.add("Relu", 1, 1, unary<ReluOp>);
  table.add("Round", 1, 1, unary<RoundOp>, 11);
  table.add("Sigmoid", 1, 1, unary<SigmoidOp>);
  table.add("Sign", 1, 1, unary<SignOp>, 9);
  table.add("Sin", 1, 1, unary<SinOp>);
  table.add("Sinh", 1, 1, unary<SinhOp>, 9);
  table.add("Sqrt", 1, 1, unary<SqrtOp>);
  table.add("Tan", 1, 1, unary<TanOp>);
  table.add("Tanh", 1, 1, unary<TanhOp>);

  table.add("Add", 2, 2, binary<AddOp>);
  table.add("And", 2, 2, binary<AndOp>);
  table.add("BitShift", 2, 2, bitShift, 11);
  table.add("BitwiseAnd", 2, 2, binary<AndOp>, 18);
  table.add("BitwiseOr", 2, 2, binary<OrOp>, 18);
  table.add("BitwiseXor", 2, 2, binary<XorOp>, 18);
  table.add("Div", 2, 2, binary<DivOp>);
  table.add("Equal", 2, 2, compare<Predicate::eq>);
  table.add("Greater", 2, 2, compare<Predicate::gt>);
  table.add("GreaterOrEqual", 2, 2, compare<Predicate::ge>, 12);
  table.add("Less", 2, 2, compare<Predicate::lt>);
  table.add("LessOrEqual", 2, 2, compare<Predicate::le>, 12);
  table.add("Mod", 2, 2, mod, 10);
  table.add("Mul", 2, 2, binary<MulOp>);
  table.add("Or", 2, 2, binary<OrOp>);
  table.add("Pow", 2, 2, pow);
  table.add("Sub", 2, 2, binary<SubOp>);
  table.add("Xor", 2, 2, binary<XorOp>);
  table.add("Where", 3, 3, where, 9);

  table.add("Max", 1, kVariadic, variadic<MaximumOp>);
  table.add("Mean", 1, kVariadic, mean);
  table.add("Min", 1, kVariadic, variadic<MinimumOp>);
  table.add("Sum", 1, kVariadic, variadic<AddOp>);

  table.add("Celu", 1, 1, celu, 12);
  table.add("Clip", 1, 3, clip);
  table.add("Elu", 1, 1, elu);
  table.add("Gelu", 1, 1, gelu, 20);
  table.add("HardSigmoid", 1, 1, hardSigmoid);
  table.add("HardSwish", 1, 1, hardSwish, 14);
  table.add("LeakyRelu", 1, 1, leakyRelu);
  table.add("Mish", 1, 1, mish, 18);
  table.add("PRelu", 2, 2, prelu);
  table.add("Selu", 1, 1, selu);
  table.add("Shrink", 1, 1, shrink, 9);
  table.add("Softplus", 1, 1, softplus);
  table.add("Softsign", 1, 1, softsign);
  table.add("SwiGLU", 2, 2, swiglu, 28);
  table.add("Swish", 1, 1, swish, 24);
  table.add("ThresholdedRelu", 1, 1, thresholdedRelu, 10);

  table.add("BitCast", 1, 1, bitCast, 26);
  table.add("Cast", 1, 1, cast);
  table.add("CastLike", 2, 2, castLike, 15);
  table.add("Dropout", 1, 3, dropout);
  table.add("Identity", 1, 1, identity);
  table.add("IsInf", 1, 1, isInf, 10);
}

} // namespace mlir::aic::onnx_import
