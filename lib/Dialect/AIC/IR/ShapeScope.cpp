// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Dims are kept in a normal form (a polynomial with integer coefficients over
// symbols and indivisible quotients), because everything that asks whether two
// extents are equal compares pointers.
//
//===----------------------------------------------------------------------===//
#include "aic/Dialect/AIC/IR/ShapeScope.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "aic/Eval/Elementwise.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

#include <map>

namespace mlir::aic {

//===-- Normal form ---------------------------------------------------------===//

namespace {

/// A product of symbols and of divisions that could not be carried out, in the order of `before`.
using Monomial = SmallVector<AffineExpr, 2>;

/// A total order that does not depend on addresses.
int compare(AffineExpr a, AffineExpr b) {
  if (a == b)
    return 0;
  if (a.getKind() != b.getKind())
    return a.getKind() < b.getKind() ? -1 : 1;
  if (auto x = dyn_cast<AffineSymbolExpr>(a))
    return x.getPosition() < cast<AffineSymbolExpr>(b).getPosition() ? -1 : 1;
  if (auto x = dyn_cast<AffineDimExpr>(a))
    return x.getPosition() < cast<AffineDimExpr>(b).getPosition() ? -1 : 1;
  if (auto x = dyn_cast<AffineConstantExpr>(a))
    return x.getValue() < cast<AffineConstantExpr>(b).getValue() ? -1 : 1;
  auto x = cast<AffineBinaryOpExpr>(a), y = cast<AffineBinaryOpExpr>(b);
  if (int order = compare(x.getLHS(), y.getLHS()))
    return order;
  return compare(x.getRHS(), y.getRHS());
}

struct MonomialOrder {
  bool operator()(const Monomial &a, const Monomial &b) const {
    if (a.size() != b.size())
      return a.size() > b.size(); // the constant comes last
    for (auto [x, y] : llvm::zip_equal(a, b))
      if (int order = compare(x, y))
        return order < 0;
    return false;
  }
};

/// Coefficients by monomial. An overflow of 64 bits, or too many terms or factors, makes the whole polynomial invalid.
struct Polynomial {
  static constexpr size_t kMaxTerms = 1024, kMaxFactors = 256;
  std::map<Monomial, int64_t, MonomialOrder> terms;
  bool valid = true;

  void add(const Monomial &monomial, int64_t coefficient) {
    int64_t &sum = terms[monomial];
    valid &= !llvm::AddOverflow(sum, coefficient, sum);
    if (sum == 0)
      terms.erase(monomial);
  }
  void addProduct(const Polynomial &a, const Polynomial &b) {
    valid &= a.valid && b.valid && a.terms.size() * b.terms.size() <= kMaxTerms;
    if (!valid)
      return;
    for (const auto &[x, c] : a.terms)
      for (const auto &[y, d] : b.terms) {
        if (!(valid &= x.size() + y.size() <= kMaxFactors))
          return;
        Monomial product;
        std::merge(x.begin(), x.end(), y.begin(), y.end(), std::back_inserter(product),
                   [](AffineExpr p, AffineExpr q) { return compare(p, q) < 0; });
        int64_t coefficient;
        valid &= !llvm::MulOverflow(c, d, coefficient);
        add(product, coefficient);
      }
  }
  std::optional<int64_t> constant() const {
    if (terms.empty())
      return 0;
    if (terms.size() == 1 && terms.begin()->first.empty())
      return terms.begin()->second;
    return std::nullopt;
  }
};

AffineExpr toExpr(const Polynomial &polynomial, MLIRContext *context) {
  AffineExpr sum = getAffineConstantExpr(0, context);
  for (const auto &[monomial, coefficient] : polynomial.terms) {
    AffineExpr product = getAffineConstantExpr(1, context);
    for (AffineExpr factor : monomial)
      product = product * factor;
    sum = sum + product * coefficient;
  }
  return sum;
}

/// `a / b` if every term of `a` is a multiple of the only term of `b`, or `a` is a multiple of `b` by a number.
std::optional<Polynomial> quotient(const Polynomial &a, const Polynomial &b) {
  Polynomial result;
  if (!a.valid || !b.valid || b.terms.empty())
    return std::nullopt;
  if (a.terms.empty())
    return result;
  if (b.terms.size() == 1) {
    const auto &[divisor, d] = *b.terms.begin();
    for (const auto &[monomial, c] : a.terms) {
      if ((d == -1 && c == INT64_MIN) || c % d != 0)
        return std::nullopt;
      Monomial rest;
      auto less = [](AffineExpr p, AffineExpr q) { return compare(p, q) < 0; };
      if (!std::includes(monomial.begin(), monomial.end(), divisor.begin(), divisor.end(), less))
        return std::nullopt;
      std::set_difference(monomial.begin(), monomial.end(), divisor.begin(), divisor.end(), std::back_inserter(rest),
                          less);
      result.add(rest, c / d);
    }
    return result;
  }
  if (a.terms.size() != b.terms.size())
    return std::nullopt;
  int64_t c = a.terms.begin()->second, d = b.terms.begin()->second;
  if (d == -1 || c % d != 0)
    return std::nullopt;
  for (const auto &[x, y] : llvm::zip_equal(a.terms, b.terms)) {
    int64_t product;
    if (x.first != y.first || llvm::MulOverflow(y.second, c / d, product) || product != x.second)
      return std::nullopt;
  }
  result.add({}, c / d);
  return result;
}

Polynomial toPolynomial(AffineExpr expr);

Polynomial divide(AffineBinaryOpExpr expr) {
  Polynomial a = toPolynomial(expr.getLHS()), b = toPolynomial(expr.getRHS()), result;
  bool isMod = expr.getKind() == AffineExprKind::Mod;
  result.valid = a.valid && b.valid;
  if (std::optional<Polynomial> even = quotient(a, b))
    return isMod ? Polynomial() : *even;
  Polynomial rest = a;
  if (std::optional<int64_t> d = b.constant(); d && *d > 0) {
    // What is a multiple of the divisor can be taken out: (d * q + r) floordiv d = q + r floordiv d.
    rest = Polynomial();
    for (const auto &[monomial, c] : a.terms) {
      int64_t r = monomial.empty() ? llvm::mod(c, *d) : c % *d == 0 ? 0 : c;
      if (!isMod && (monomial.empty() || r == 0))
        result.add(monomial, llvm::divideFloorSigned(c, *d));
      rest.add(monomial, r);
    }
    if (std::optional<int64_t> r = rest.constant()) {
      result.add({}, isMod ? *r : expr.getKind() == AffineExprKind::CeilDiv ? llvm::divideCeilSigned(*r, *d) : 0);
      return result;
    }
  }
  AffineExpr lhs = toExpr(rest, expr.getContext()), rhs = toExpr(b, expr.getContext());
  result.add({getAffineBinaryOpExpr(expr.getKind(), lhs, rhs)}, 1);
  return result;
}

Polynomial toPolynomial(AffineExpr expr) {
  Polynomial result;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    result.add({}, constant.getValue());
    return result;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary) {
    result.add({expr}, 1);
    return result;
  }
  if (expr.getKind() == AffineExprKind::Mul) {
    result.addProduct(toPolynomial(binary.getLHS()), toPolynomial(binary.getRHS()));
    return result;
  }
  if (expr.getKind() != AffineExprKind::Add)
    return divide(binary);
  result = toPolynomial(binary.getLHS());
  Polynomial rhs = toPolynomial(binary.getRHS());
  result.valid &= rhs.valid;
  for (const auto &[monomial, coefficient] : rhs.terms)
    result.add(monomial, coefficient);
  return result;
}

/// Whether the expression, written out, has few enough operations (`left`, which it uses up) to go on computing with.
bool isSmall(AffineExpr expr, int &left) {
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  return !binary || (--left >= 0 && isSmall(binary.getLHS(), left) && isSmall(binary.getRHS(), left));
}
bool isSmall(AffineExpr expr) {
  int left = 1000;
  return isSmall(expr, left);
}

} // namespace

AffineExpr simplifyDim(AffineExpr number) {
  if (!isa<AffineBinaryOpExpr>(number))
    return number;
  Polynomial polynomial = toPolynomial(number);
  return polynomial.valid ? toExpr(polynomial, number.getContext()) : number;
}

AffineExpr exactQuotient(AffineExpr a, AffineExpr b) {
  if (std::optional<Polynomial> result = quotient(toPolynomial(a), toPolynomial(b)))
    return toExpr(*result, a.getContext());
  return nullptr;
}

std::optional<int64_t> constantDim(AffineExpr dim) {
  if (auto constant = dyn_cast<AffineConstantExpr>(dim))
    return constant.getValue();
  return std::nullopt;
}

SmallVector<int64_t> staticShape(ArrayRef<AffineExpr> dims) {
  return llvm::map_to_vector(dims, [](AffineExpr d) { return constantDim(d).value_or(ShapedType::kDynamic); });
}

//===-- ShapeScope ----------------------------------------------------------===//

AffineExpr ShapeScope::symbol(bool nonNegative) {
  extentSymbols.push_back(nonNegative);
  return getAffineSymbolExpr(symbols++, context);
}

AffineExpr ShapeScope::constant(int64_t value) const { return getAffineConstantExpr(value, context); }

ArrayRef<AffineExpr> ShapeScope::dims(Value tensor) {
  std::unique_ptr<Dims> &known = knownDims[tensor];
  if (!known) {
    known = std::make_unique<Dims>();
    for (int64_t extent : cast<RankedTensorType>(tensor.getType()).getShape())
      known->push_back(ShapedType::isDynamic(extent) ? unknownExtent() : constant(extent));
  }
  return *known;
}

/// The numbers of a constant; nullopt for any other value.
static std::optional<Dims> constantElements(Value tensor, const ShapeScope &scope) {
  Attribute attr;
  if (!matchPattern(tensor, m_Constant(&attr)))
    return std::nullopt;
  auto elements = dyn_cast<ElementsAttr>(attr);
  if (!elements)
    return std::nullopt;
  ::aic::eval::Tensor storage, wide;
  FailureOr<::aic::eval::View> view = toView(elements, storage);
  if (failed(view))
    return std::nullopt;
  wide = ::aic::eval::cast(*view, ::aic::eval::DType::I64);
  return llvm::map_to_vector(ArrayRef(wide.as<int64_t>(), wide.size()),
                             [&](int64_t value) { return scope.constant(value); });
}

std::optional<Dims> ShapeScope::elements(Value tensor) {
  if (auto it = knownElements.find(tensor); it != knownElements.end())
    return it->second;
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() > kMaxElements || !type.getElementType().isInteger())
    return std::nullopt;
  std::optional<Dims> result = constantElements(tensor, *this);
  if (auto op = tensor.getDefiningOp<GraphOpInterface>(); !result && op) {
    constexpr unsigned kMaxDepth = 200; // a longer chain is followed only by a walk in order
    if (depth >= kMaxDepth)
      return std::nullopt;
    ++depth;
    result = op.inferElements(*this);
    --depth;
    if (result)
      llvm::transform(*result, result->begin(), simplifyDim);
    if (result && !llvm::all_of(*result, [](AffineExpr element) { return isSmall(element); }))
      result = std::nullopt;
  }
  return knownElements[tensor] = result;
}

void ShapeScope::setDims(Value tensor, ArrayRef<AffineExpr> dims) {
  auto known = std::make_unique<Dims>(llvm::map_to_vector(dims, simplifyDim));
  for (AffineExpr &dim : *known)
    if (!isSmall(dim))
      dim = unknownExtent();
  for (AffineExpr dim : *known)
    if (auto symbol = dyn_cast<AffineSymbolExpr>(dim); symbol && symbol.getPosition() < symbols)
      extentSymbols.set(symbol.getPosition());
  knownDims[tensor] = std::move(known);
}

void ShapeScope::setElements(Value tensor, ArrayRef<AffineExpr> elements) {
  knownElements[tensor] = Dims(llvm::map_to_vector(elements, simplifyDim));
}

AffineExpr ShapeScope::broadcast(AffineExpr a, AffineExpr b) {
  if (a == b)
    return a;
  std::optional<int64_t> x = constantDim(a), y = constantDim(b);
  if (x == 1)
    return b;
  if (y == 1)
    return a;
  if (x && y)
    return nullptr;
  if (x)
    return a;
  if (y)
    return b;
  // Of what it was made of, an extent says nothing new.
  if (isBroadcastOf(a, b) || isBroadcastOf(b, a))
    return isBroadcastOf(a, b) ? a : b;
  if (compare(a, b) > 0)
    std::swap(a, b);
  AffineExpr &known = broadcasts[{a, b}];
  if (!known) {
    known = unknownExtent();
    broadcastParts[known] = {a, b};
  }
  return known;
}

/// Whether `extent` was made by broadcasting `part` with something, a few steps back at most.
bool ShapeScope::isBroadcastOf(AffineExpr extent, AffineExpr part, unsigned steps) const {
  auto parts = steps ? broadcastParts.find(extent) : broadcastParts.end();
  return parts != broadcastParts.end() && llvm::any_of(parts->second, [&](AffineExpr each) {
           return each == part || isBroadcastOf(each, part, steps - 1);
         });
}

std::optional<Dims> ShapeScope::broadcast(ArrayRef<AffineExpr> a, ArrayRef<AffineExpr> b, const Twine &text) {
  if (a.size() < b.size())
    std::swap(a, b);
  Dims result(a);
  for (size_t i = 0, lead = a.size() - b.size(); i < b.size(); ++i) {
    if (!(result[lead + i] = broadcast(a[lead + i], b[i])))
      return std::nullopt;
    requireBroadcast(a[lead + i], b[i], text + " in dimension " + Twine(lead + i));
  }
  return result;
}

AffineExpr ShapeScope::product(ArrayRef<AffineExpr> dims) const {
  AffineExpr result = constant(1);
  for (AffineExpr dim : dims)
    result = result * dim;
  return simplifyDim(result);
}

bool ShapeScope::isNonNegative(AffineExpr number) const {
  Polynomial polynomial = toPolynomial(number);
  auto factorIsNonNegative = [&](AffineExpr factor) {
    if (auto symbol = dyn_cast<AffineSymbolExpr>(factor))
      return symbol.getPosition() < symbols && extentSymbols[symbol.getPosition()];
    auto binary = dyn_cast<AffineBinaryOpExpr>(factor);
    std::optional<int64_t> divisor = binary ? constantDim(binary.getRHS()) : std::nullopt;
    return divisor && *divisor > 0 && (factor.getKind() == AffineExprKind::Mod || isNonNegative(binary.getLHS()));
  };
  return polynomial.valid && llvm::all_of(polynomial.terms, [&](const auto &term) {
           return term.second >= 0 && llvm::all_of(term.first, factorIsNonNegative);
         });
}

//===-- Requirements --------------------------------------------------------===//

/// The only symbol of an expression that does not fall while the symbol grows; null for any other expression.
static AffineSymbolExpr growsWith(AffineExpr expr) {
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbol;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return nullptr;
  AffineSymbolExpr x = growsWith(binary.getLHS()), y = growsWith(binary.getRHS());
  std::optional<int64_t> number = constantDim(binary.getRHS());
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return x && (number || x == y) ? x : nullptr;
  case AffineExprKind::Mul:
  case AffineExprKind::FloorDiv:
  case AffineExprKind::CeilDiv:
    return number && *number > 0 ? x : nullptr;
  default:
    return nullptr;
  }
}

/// The least number from 0 on for which an expression that grows with its symbol is not negative, if it is below 2^32.
static std::optional<int64_t> leastNonNegative(AffineExpr expr, AffineSymbolExpr symbol) {
  auto holds = [&](int64_t number) {
    AffineExpr at = simplifyDim(expr.replace(symbol, getAffineConstantExpr(number, expr.getContext())));
    return constantDim(at).value_or(-1) >= 0;
  };
  int64_t low = 0, high = int64_t(1) << 32;
  if (!holds(high))
    return std::nullopt;
  while (low < high) {
    int64_t middle = (low + high) / 2;
    if (holds(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

void ShapeScope::require(ArrayRef<Comparison> anyOf, const Twine &text) {
  if (!requirements)
    return;
  Requirement result;
  for (const Comparison &c : anyOf) {
    AffineExpr difference = simplifyDim(c.rhs - c.lhs);
    bool isEqual = c.kind == Comparison::Equal;
    if (isEqual ? constantDim(difference) == 0 : isNonNegative(difference))
      return;
    // One form for what many layers ask of an extent: 1 <= H, not 0 <= (H + 1) floordiv 2 - 1.
    AffineSymbolExpr symbol = isEqual ? nullptr : growsWith(difference);
    if (symbol && isNonNegative(symbol))
      if (std::optional<int64_t> least = leastNonNegative(difference, symbol)) {
        if (*least == 0)
          return;
        result.anyOf.push_back({c.kind, constant(*least), symbol});
        continue;
      }
    bool canHold = !isNonNegative(difference * -1 - 1) && !(isEqual && isNonNegative(difference - 1));
    if (canHold)
      result.anyOf.push_back({c.kind, simplifyDim(c.lhs), simplifyDim(c.rhs)});
    // One order for what is the same.
    if (Comparison *last = canHold && isEqual ? &result.anyOf.back() : nullptr;
        last && !constantDim(last->rhs) && (constantDim(last->lhs) || compare(last->lhs, last->rhs) > 0))
      std::swap(last->lhs, last->rhs);
  }
  result.text = text.str();
  requirements->push_back(std::move(result));
}

void ShapeScope::requireBroadcast(AffineExpr a, AffineExpr b, const Twine &text) {
  AffineExpr one = constant(1);
  if (isBroadcastOf(a, b) || isBroadcastOf(b, a)) // required where the larger one was made
    return;
  require({{Comparison::Equal, a, b}, {Comparison::Equal, a, one}, {Comparison::Equal, b, one}}, text);
}

void ShapeScope::requireSome(AffineExpr extent, AffineExpr results, const Twine &text) {
  AffineExpr zero = constant(0);
  // Often an extent of 0 makes no results: 2 * extent, extent floordiv 2.
  if (exactQuotient(results, extent))
    return;
  if (isa<AffineSymbolExpr>(extent) && constantDim(simplifyDim(results.replace(extent, zero))) == 0)
    return;
  require({{Comparison::AtMost, constant(1), extent}, {Comparison::Equal, results, zero}}, text);
}

AffineExpr ShapeScope::element(Value tensor, int64_t i) {
  if (std::optional<Dims> known = elements(tensor))
    return (*known)[i];
  AffineExpr &known = elementSymbols[{tensor, i}];
  if (!known) {
    known = unknown();
    readElements[known] = {tensor, i};
  }
  return known;
}

//===-- Types from dims -----------------------------------------------------===//

LogicalResult inferResultTypes(Operation *op, ShapeScope &scope) {
  SmallVector<Dims> dims;
  if (failed(cast<GraphOpInterface>(op).inferShapes(scope, dims)))
    return failure();
  for (auto [result, known] : llvm::zip_equal(op->getResults(), dims)) {
    auto type = cast<RankedTensorType>(result.getType());
    result.setType(RankedTensorType::get(staticShape(known), type.getElementType()));
    scope.setDims(result, known);
  }
  return success();
}

LogicalResult detail::verifyGraphOp(Operation *op) {
  ShapeScope scope(op->getContext());
  SmallVector<Dims> dims;
  if (failed(cast<GraphOpInterface>(op).inferShapes(scope, dims)))
    return failure();
  if (dims.size() != op->getNumResults())
    return op->emitOpError("expected ") << dims.size() << " results, got " << op->getNumResults();
  for (auto [result, known] : llvm::zip_equal(op->getResults(), dims)) {
    auto type = cast<RankedTensorType>(result.getType());
    if (failed(verifyCompatibleShape(staticShape(known), type.getShape())))
      return op->emitOpError("expected result ")
             << result.getResultNumber() << " to be "
             << RankedTensorType::get(staticShape(known), type.getElementType()) << ", got " << type;
  }
  return success();
}

} // namespace mlir::aic
