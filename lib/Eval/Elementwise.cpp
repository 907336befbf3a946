// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Eval/Elementwise.h"
#include "aic/Eval/DTypeVisit.h"
#include "aic/Eval/Movement.h"
#include "aic/Eval/Walk.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

namespace aic::eval {
namespace {

template <typename T>
using Compute = std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float, T>;
template <typename T> constexpr bool isFloating = std::is_floating_point_v<Compute<T>>;
template <typename T> constexpr bool isBool = std::is_same_v<T, bool>;
template <typename T> constexpr bool isInt = !isFloating<T> && !isBool<T>;

/// The unsigned type in which T's arithmetic wraps without promotion to a signed type.
template <typename T> using Wrapping = std::common_type_t<unsigned, std::make_unsigned_t<T>>;

/// Loops over common types are vectorised; the others stay small, for the sake of the time to compile this file.
template <typename T>
constexpr bool isCommon =
    std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, int32_t> || std::is_same_v<T, int64_t>;

/// result[i] = fn(input[i]); `result` is dense and has the input's shape.
template <typename Out, typename In, typename Fn> void map(const View &input, const Tensor &result, Fn fn) {
  walk<2>(input.shape, {&result.view().strides, &input.strides},
          [&](int64_t n, const Offsets<2> &at, const Offsets<2> &step) {
            Out *out = result.as<Out>() + at[0];
            const In *in = input.as<In>() + at[1];
            if constexpr (isCommon<In> && isCommon<Out>)
              if (step[1] == 1) {
                for (int64_t i = 0; i < n; ++i)
                  out[i] = Out(fn(in[i]));
                return;
              }
#pragma clang loop vectorize(disable) unroll(disable)
            for (int64_t i = 0; i < n; ++i)
              out[i] = Out(fn(Compute<In>(in[i * step[1]])));
          });
}

/// result[i] = fn(lhs[i], rhs[i]) for views that have been broadcast to the result's shape.
template <typename Out, typename In, typename Fn>
void map(const View &lhs, const View &rhs, const Tensor &result, Fn fn) {
  walk<3>(result.shape(), {&result.view().strides, &lhs.strides, &rhs.strides},
          [&](int64_t n, const Offsets<3> &at, const Offsets<3> &step) {
            Out *out = result.as<Out>() + at[0];
            const In *a = lhs.as<In>() + at[1], *b = rhs.as<In>() + at[2];
            if constexpr (isCommon<In>) {
              if (step[1] == 1 && step[2] == 1) {
                for (int64_t i = 0; i < n; ++i)
                  out[i] = Out(fn(a[i], b[i]));
                return;
              }
              if (step[1] == 1 && step[2] == 0) {
                for (int64_t i = 0; i < n; ++i)
                  out[i] = Out(fn(a[i], *b));
                return;
              }
            }
#pragma clang loop vectorize(disable) unroll(disable)
            for (int64_t i = 0; i < n; ++i)
              out[i] = Out(fn(Compute<In>(a[i * step[1]]), Compute<In>(b[i * step[2]])));
          });
}

std::string wrongType(const char *wanted, DType got) {
  return std::string("expected ") + wanted + ", got elements of type " + name(got);
}

template <typename T> std::string unaryFloat(Unary kind, const View &input, const Tensor &result) {
  using C = Compute<T>;
  auto apply = [&](auto fn) {
    map<T, T>(input, result, fn);
    return std::string();
  };
  switch (kind) {
  case Unary::Abs:
    return apply([](C x) { return std::fabs(x); });
  case Unary::Neg:
    return apply([](C x) { return -x; });
  case Unary::Sign:
    return apply([](C x) { return std::isnan(x) ? x : C((x > 0) - (x < 0)); });
  case Unary::Relu:
    return apply([](C x) { return x < 0 ? C(0) : x; });
  case Unary::Exp:
    return apply([](C x) { return std::exp(x); });
  case Unary::Log:
    return apply([](C x) { return std::log(x); });
  case Unary::Sqrt:
    return apply([](C x) { return std::sqrt(x); });
  case Unary::Rsqrt:
    return apply([](C x) { return C(1) / std::sqrt(x); });
  case Unary::Erf:
    return apply([](C x) { return std::erf(x); });
  case Unary::Sigmoid:
    return apply([](C x) { return C(1) / (C(1) + std::exp(-x)); });
  case Unary::Tanh:
    return apply([](C x) { return std::tanh(x); });
  case Unary::Sin:
    return apply([](C x) { return std::sin(x); });
  case Unary::Cos:
    return apply([](C x) { return std::cos(x); });
  case Unary::Tan:
    return apply([](C x) { return std::tan(x); });
  case Unary::Asin:
    return apply([](C x) { return std::asin(x); });
  case Unary::Acos:
    return apply([](C x) { return std::acos(x); });
  case Unary::Atan:
    return apply([](C x) { return std::atan(x); });
  case Unary::Sinh:
    return apply([](C x) { return std::sinh(x); });
  case Unary::Cosh:
    return apply([](C x) { return std::cosh(x); });
  case Unary::Asinh:
    return apply([](C x) { return std::asinh(x); });
  case Unary::Acosh:
    return apply([](C x) { return std::acosh(x); });
  case Unary::Atanh:
    return apply([](C x) { return std::atanh(x); });
  case Unary::Floor:
    return apply([](C x) { return std::floor(x); });
  case Unary::Ceil:
    return apply([](C x) { return std::ceil(x); });
  case Unary::Round:
    return apply([](C x) { return std::nearbyint(x); });
  default:
    return wrongType("integers or truth values", input.type);
  }
}

template <typename T> std::string unaryInt(Unary kind, const View &input, const Tensor &result) {
  using W = Wrapping<T>;
  auto apply = [&](auto fn) {
    map<T, T>(input, result, fn);
    return std::string();
  };
  switch (kind) {
  case Unary::Abs:
    return apply([](T x) { return x < 0 ? W(0) - W(x) : W(x); });
  case Unary::Neg:
    return apply([](T x) { return W(0) - W(x); });
  case Unary::Sign:
    return apply([](T x) { return (x > 0) - (x < 0); });
  case Unary::Relu:
    return apply([](T x) { return x < 0 ? T(0) : x; });
  case Unary::BitwiseNot:
    return apply([](T x) { return ~W(x); });
  default:
    return wrongType("floating-point numbers", input.type);
  }
}

template <typename T> T power(T base, T exponent) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::pow(base, exponent);
  } else {
    if (exponent < 0) // the reciprocal, truncated
      return base == 1 ? 1 : base == T(-1) ? ((exponent & 1) ? base : 1) : 0;
    using W = Wrapping<T>;
    W result = 1, factor = W(base);
    for (auto e = std::make_unsigned_t<T>(exponent); e; e >>= 1, factor *= factor)
      if (e & 1)
        result *= factor;
    return T(result);
  }
}

template <typename T> T remainder(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::fmod(a, b);
  } else if constexpr (std::is_signed_v<T>) {
    return b == 0 || b == -1 ? 0 : a % b;
  } else {
    return b == 0 ? 0 : a % b;
  }
}

template <typename T> T modulo(T a, T b) {
  T r = remainder(a, b);
  if constexpr (std::is_floating_point_v<T>)
    return r == 0 ? std::copysign(T(0), b) : (r < 0) != (b < 0) ? r + b : r;
  else
    return r != 0 && (r < 0) != (b < 0) ? T(r + b) : r;
}

template <typename T> T divide(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a / b;
  } else {
    if (b == 0)
      return 0;
    if constexpr (std::is_signed_v<T>)
      if (b == -1)
        return T(Wrapping<T>(0) - Wrapping<T>(a));
    return a / b;
  }
}

template <typename T> T larger(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a > b || std::isnan(a) ? a : b;
  else
    return a > b ? a : b;
}
template <typename T> T smaller(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a < b || std::isnan(a) ? a : b;
  else
    return a < b ? a : b;
}

template <typename T> T shift(T a, T b, bool left) {
  using U = std::make_unsigned_t<T>;
  constexpr U width = 8 * sizeof(T);
  if (U(b) >= width)
    return !left && a < 0 ? T(-1) : T(0);
  return left ? T(Wrapping<T>(a) << b) : T(a >> b);
}

/// add, sub, mul in the type or, for integers, in its wrapping type.
template <typename T>
using Ring = std::conditional_t<
    std::is_floating_point_v<T>, T,
    typename std::conditional_t<std::is_integral_v<T> && !isBool<T>, std::make_unsigned<T>, std::decay<T>>::type>;
template <typename T>
using RingOf = std::conditional_t<std::is_floating_point_v<T>, T, std::common_type_t<unsigned, Ring<T>>>;

template <typename T> std::string binaryNumber(Binary kind, const View &lhs, const View &rhs, const Tensor &result) {
  using C = Compute<T>;
  using R = RingOf<C>;
  auto apply = [&](auto fn) {
    map<T, T>(lhs, rhs, result, fn);
    return std::string();
  };
  switch (kind) {
  case Binary::Add:
    return apply([](C a, C b) { return R(a) + R(b); });
  case Binary::Sub:
    return apply([](C a, C b) { return R(a) - R(b); });
  case Binary::Mul:
    return apply([](C a, C b) { return R(a) * R(b); });
  case Binary::Div:
    return apply(divide<C>);
  case Binary::Rem:
    return apply(remainder<C>);
  case Binary::Mod:
    return apply(modulo<C>);
  case Binary::Pow:
    return apply(power<C>);
  case Binary::Maximum:
    return apply([](C a, C b) { return larger(a, b); });
  case Binary::Minimum:
    return apply([](C a, C b) { return smaller(a, b); });
  default:
    break;
  }
  if constexpr (isInt<T>) {
    if (kind == Binary::ShiftLeft)
      return apply([](T a, T b) { return shift(a, b, true); });
    if (kind == Binary::ShiftRight)
      return apply([](T a, T b) { return shift(a, b, false); });
  }
  return wrongType("integers or truth values", lhs.type);
}

template <typename T> std::string binaryBits(Binary kind, const View &lhs, const View &rhs, const Tensor &result) {
  auto apply = [&](auto fn) {
    map<T, T>(lhs, rhs, result, fn);
    return std::string();
  };
  switch (kind) {
  case Binary::And:
    return apply([](T a, T b) { return a & b; });
  case Binary::Or:
    return apply([](T a, T b) { return a | b; });
  case Binary::Xor:
    return apply([](T a, T b) { return a ^ b; });
  default:
    return wrongType("numbers", lhs.type);
  }
}

/// Broadcasts both views in place to their common shape and allocates the result.
std::string prepare(View &lhs, View &rhs, DType type, Tensor &result) {
  if (lhs.type != rhs.type)
    return std::string("expected operands of one element type, got ") + name(lhs.type) + " and " + name(rhs.type);
  Shape shape;
  std::string error = broadcastExtents(lhs.shape, rhs.shape, shape);
  if (error.empty())
    error = broadcastView(View(lhs), shape, lhs);
  if (error.empty())
    error = broadcastView(View(rhs), shape, rhs);
  return error.empty() ? allocate(type, shape, result) : error;
}

template <typename To, typename From> To convert(From x) {
  if constexpr (isBool<To>) {
    return x != From(0);
  } else if constexpr (isInt<To> && std::is_floating_point_v<From>) {
    // Out of range is unspecified for callers, but never undefined here.
    constexpr From two63 = From(9223372036854775808.0);
    if (std::isnan(x))
      return 0;
    if (std::is_same_v<To, uint64_t> && x >= two63)
      return x >= 2 * two63 ? To(-1) : To(static_cast<uint64_t>(x));
    return To(x >= two63   ? std::numeric_limits<int64_t>::max()
              : x < -two63 ? std::numeric_limits<int64_t>::min()
                           : static_cast<int64_t>(x));
  } else if constexpr (std::is_same_v<To, Half> || std::is_same_v<To, BFloat16>) {
    return To(static_cast<float>(x));
  } else {
    return static_cast<To>(x);
  }
}

} // namespace

std::string unary(Unary kind, const View &input, Tensor &result) {
  if (std::string error = allocate(input.type, input.shape, result); !error.empty())
    return error;
  return visit(input.type, [&](auto tag) -> std::string {
    using T = typename decltype(tag)::type;
    if constexpr (isBool<T>) {
      if (kind != Unary::Not)
        return wrongType("numbers", input.type);
      map<T, T>(input, result, [](T x) { return !x; });
      return "";
    } else if constexpr (isFloating<T>) {
      return unaryFloat<T>(kind, input, result);
    } else {
      return unaryInt<T>(kind, input, result);
    }
  });
}

/// A test of floating-point numbers.
template <typename Fn> static std::string test(const View &input, Tensor &result, Fn fn) {
  if (std::string error = allocate(DType::I1, input.shape, result); !error.empty())
    return error;
  return visit(input.type, [&](auto tag) -> std::string {
    using T = typename decltype(tag)::type;
    if constexpr (isFloating<T>) {
      map<bool, T>(input, result, fn);
      return "";
    } else {
      return wrongType("floating-point numbers", input.type);
    }
  });
}

std::string isNaN(const View &input, Tensor &result) {
  return test(input, result, [](auto x) { return std::isnan(x); });
}

std::string isInf(const View &input, bool positive, bool negative, Tensor &result) {
  return test(input, result, [=](auto x) { return std::isinf(x) && (x > 0 ? positive : negative); });
}

Tensor cast(const View &input, DType type) {
  Tensor result(type, input.shape);
  visit(input.type, [&](auto from) {
    visit(type, [&](auto to) {
      using From = typename decltype(from)::type;
      using To = typename decltype(to)::type;
      map<To, From>(input, result, [](Compute<From> x) {
        if constexpr (std::is_same_v<Compute<From>, float> && std::is_same_v<To, float>)
          return x;
        else
          return convert<To>(x);
      });
    });
  });
  return result;
}

std::string bitcast(const View &input, DType type, Tensor &result) {
  if (byteSize(input.type) != byteSize(type) || (input.type == DType::I1) != (type == DType::I1))
    return std::string("expected types of one size, got ") + name(input.type) + " and " + name(type);
  View source = input;
  source.type = type;
  return dense(source, result);
}

std::string binary(Binary kind, const View &a, const View &b, Tensor &result) {
  View lhs = a, rhs = b;
  if (std::string error = prepare(lhs, rhs, lhs.type, result); !error.empty())
    return error;
  bool bits = kind == Binary::And || kind == Binary::Or || kind == Binary::Xor;
  return visit(lhs.type, [&](auto tag) -> std::string {
    using T = typename decltype(tag)::type;
    if constexpr (!isFloating<T>)
      if (bits)
        return binaryBits<T>(kind, lhs, rhs, result);
    if constexpr (!isBool<T>)
      return binaryNumber<T>(kind, lhs, rhs, result);
    return wrongType("numbers", lhs.type);
  });
}

std::string compare(Predicate predicate, const View &a, const View &b, Tensor &result) {
  View lhs = a, rhs = b;
  if (std::string error = prepare(lhs, rhs, DType::I1, result); !error.empty())
    return error;
  if (predicate == Predicate::Gt || predicate == Predicate::Ge) {
    std::swap(lhs, rhs);
    predicate = predicate == Predicate::Gt ? Predicate::Lt : Predicate::Le;
  }
  visit(lhs.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    switch (predicate) {
    case Predicate::Eq:
      return map<bool, T>(lhs, rhs, result, [](C x, C y) { return x == y; });
    case Predicate::Ne:
      return map<bool, T>(lhs, rhs, result, [](C x, C y) { return x != y; });
    case Predicate::Lt:
      return map<bool, T>(lhs, rhs, result, [](C x, C y) { return x < y; });
    default:
      return map<bool, T>(lhs, rhs, result, [](C x, C y) { return x <= y; });
    }
  });
  return "";
}

std::string select(const View &c, const View &a, const View &b, Tensor &result) {
  View lhs = a, rhs = b, condition = c;
  Shape shape, all;
  std::string error = broadcastExtents(lhs.shape, rhs.shape, shape);
  if (error.empty())
    error = broadcastExtents(shape, condition.shape, all);
  if (!error.empty())
    return error;
  for (View *view : {&lhs, &rhs, &condition})
    if (error = broadcastView(View(*view), all, *view); !error.empty())
      return error;
  if (error = allocate(lhs.type, all, result); !error.empty())
    return error;
  auto choose = [&](auto bits) {
    using T = decltype(bits);
    walk<4>(all, {&result.view().strides, &condition.strides, &lhs.strides, &rhs.strides},
            [&](int64_t n, const Offsets<4> &at, const Offsets<4> &step) {
              for (int64_t i = 0; i < n; ++i)
                result.as<T>()[at[0] + i] = condition.as<uint8_t>()[at[1] + i * step[1]]
                                                ? lhs.as<T>()[at[2] + i * step[2]]
                                                : rhs.as<T>()[at[3] + i * step[3]];
            });
  };
  switch (byteSize(lhs.type)) {
  case 1:
    choose(uint8_t());
    break;
  case 2:
    choose(uint16_t());
    break;
  case 4:
    choose(uint32_t());
    break;
  default:
    choose(uint64_t());
    break;
  }
  return "";
}

//===-- Quantisation --------------------------------------------------------===//

/// The strides of a parameter for the dims of the input; one index of `axis` counts `blockSize` (all, if 0) indices
/// of the input, which the caller takes care of.
static std::string parameterStrides(const View &input, const View &parameter, int64_t axis, int64_t blockSize,
                                    Shape &strides) {
  strides.assign(input.shape.size(), 0);
  if (parameter.size() == 1 && blockSize == 0)
    return "";
  if (axis < 0 || axis >= input.rank())
    return "expected axis in [0, " + std::to_string(input.rank()) + "), got " + std::to_string(axis);
  if (blockSize == 0) {
    if (parameter.rank() != 1 || parameter.shape[0] != input.shape[axis])
      return "expected " + std::to_string(input.shape[axis]) + " scales and zero points, got " +
             std::to_string(parameter.size());
    strides[axis] = parameter.strides[0];
    return "";
  }
  if (parameter.rank() != input.rank())
    return "expected a parameter of rank " + std::to_string(input.rank()) + ", got " + std::to_string(parameter.rank());
  for (int64_t d = 0; d < input.rank(); ++d) {
    int64_t wanted = d == axis ? (input.shape[d] + blockSize - 1) / blockSize : input.shape[d];
    if (parameter.shape[d] != wanted)
      return "expected extent " + std::to_string(wanted) + " in dimension " + std::to_string(d) +
             " of the parameter, got " + std::to_string(parameter.shape[d]);
  }
  strides = parameter.strides;
  return "";
}

/// Calls fn(input element offset, result offset, scale offset, zero point offset) for every element.
template <typename Fn>
static std::string forEachQuantized(const View &input, const View &scale, const View &zeroPoint, int64_t axis,
                                    int64_t blockSize, const View &result, Fn fn) {
  Shape scaleStrides, zeroStrides;
  std::string error = parameterStrides(input, scale, axis, blockSize, scaleStrides);
  if (error.empty())
    error = parameterStrides(input, zeroPoint, axis, blockSize, zeroStrides);
  if (!error.empty())
    return error;
  auto visitPart = [&](const Shape &shape, const Offsets<4> &base, const Shape &s, const Shape &z) {
    walk<4>(shape, {&input.strides, &result.strides, &s, &z},
            [&](int64_t n, const Offsets<4> &at, const Offsets<4> &step) {
              for (int64_t i = 0; i < n; ++i)
                fn(base[0] + at[0] + i * step[0], base[1] + at[1] + i * step[1], base[2] + at[2] + i * step[2],
                   base[3] + at[3] + i * step[3]);
            });
  };
  if (blockSize == 0) {
    visitPart(input.shape, {}, scaleStrides, zeroStrides);
    return "";
  }
  Shape s = scaleStrides, z = zeroStrides;
  s[axis] = z[axis] = 0;
  for (int64_t start = 0, block = 0; start < input.shape[axis]; start += blockSize, ++block) {
    Shape part = input.shape;
    part[axis] = std::min(blockSize, input.shape[axis] - start);
    visitPart(part,
              {start * input.strides[axis], start * result.strides[axis], block * scaleStrides[axis],
               block * zeroStrides[axis]},
              s, z);
  }
  return "";
}

std::string quantize(const View &input, const View &scale, const View &zeroPoint, int64_t axis, int64_t blockSize,
                     Tensor &result) {
  if (std::string error = allocate(zeroPoint.type, input.shape, result); !error.empty())
    return error;
  bool wide = input.type == DType::F64 || scale.type == DType::F64;
  Tensor numbers = cast(input, wide ? DType::F64 : DType::F32), scales = cast(scale, numbers.type());
  View x = numbers.view(), s = scales.view();
  return visit(zeroPoint.type, [&](auto to) -> std::string {
    using To = typename decltype(to)::type;
    if constexpr (!isInt<To>) {
      return wrongType("integers", zeroPoint.type);
    } else {
      return forEachQuantized(
          x, s, zeroPoint, axis, blockSize, result, [&](int64_t i, int64_t o, int64_t sAt, int64_t zAt) {
            double q = wide ? x.as<double>()[i] / s.as<double>()[sAt] : double(x.as<float>()[i] / s.as<float>()[sAt]);
            q = std::nearbyint(q) + double(zeroPoint.as<To>()[zAt]);
            constexpr To low = std::numeric_limits<To>::min(), high = std::numeric_limits<To>::max();
            result.as<To>()[o] = q >= double(high) ? high : q > double(low) ? static_cast<To>(q) : low;
          });
    }
  });
}

std::string dequantize(const View &input, const View &scale, const View &zeroPoint, int64_t axis, int64_t blockSize,
                       DType type, Tensor &result) {
  if (input.type != zeroPoint.type)
    return std::string("expected a zero point of type ") + name(input.type) + ", got " + name(zeroPoint.type);
  Tensor wide;
  bool isWide = type == DType::F64 || scale.type == DType::F64;
  if (std::string error = allocate(isWide ? DType::F64 : DType::F32, input.shape, wide); !error.empty())
    return error;
  Tensor scales = cast(scale, wide.type());
  View s = scales.view();
  std::string error = visit(input.type, [&](auto from) -> std::string {
    using From = typename decltype(from)::type;
    if constexpr (!isInt<From>) {
      return wrongType("integers", input.type);
    } else {
      return forEachQuantized(
          input, s, zeroPoint, axis, blockSize, wide, [&](int64_t i, int64_t o, int64_t sAt, int64_t zAt) {
            int64_t x = static_cast<int64_t>(input.as<From>()[i]) - static_cast<int64_t>(zeroPoint.as<From>()[zAt]);
            if (isWide)
              wide.as<double>()[o] = static_cast<double>(x) * s.as<double>()[sAt];
            else
              wide.as<float>()[o] = static_cast<float>(x) * s.as<float>()[sAt];
          });
    }
  });
  if (error.empty())
    result = wide.type() == type ? wide : cast(wide, type);
  return error;
}

} // namespace aic::eval
