// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ShapeScope.h - Symbolic dims of graph values -----------------------===//
#ifndef AIC_DIALECT_AIC_IR_SHAPESCOPE_H
#define AIC_DIALECT_AIC_IR_SHAPESCOPE_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include <array>
#include <memory>
#include <optional>
#include <string>

namespace mlir::aic {

/// The dims of one tensor, or the elements of one integer tensor. A constant expression is a known number, everything
/// else an expression over the symbols of one ShapeScope; affine expressions are uniqued, so equal pointers are equal
/// extents.
using Dims = SmallVector<AffineExpr>;

/// A comparison of two numbers.
struct Comparison {
  enum Kind { Equal, AtMost } kind;
  AffineExpr lhs, rhs;
};

/// What must hold of a call's extents (and of the integers that shapes are made of) but is not known before: one of the
/// comparisons. `text` is the error otherwise.
struct Requirement {
  SmallVector<Comparison, 3> anyOf;
  std::string text;
};

/// What is known about the shapes of a region's values. Symbols are made on demand: an unknown extent of a value gets
/// one symbol, the same at every query.
class ShapeScope {
public:
  explicit ShapeScope(MLIRContext *context) : context(context) {}
  virtual ~ShapeScope() = default;

  MLIRContext *getContext() const { return context; }
  /// A symbol for a number of which nothing is known.
  AffineExpr unknown() { return symbol(/*nonNegative=*/false); }
  /// A symbol for an unknown extent: at least 0.
  AffineExpr unknownExtent() { return symbol(/*nonNegative=*/true); }
  AffineExpr constant(int64_t value) const;
  /// The dims of a ranked tensor. The list stays valid until setDims of the same value.
  ArrayRef<AffineExpr> dims(Value tensor);
  /// The elements of an integer tensor (row-major) if they are numbers or expressions of dims; at most
  /// kMaxElements of them.
  std::optional<Dims> elements(Value tensor);
  /// Overwrites what is known of a value.
  void setDims(Value tensor, ArrayRef<AffineExpr> dims);
  void setElements(Value tensor, ArrayRef<AffineExpr> elements);
  unsigned numSymbols() const { return symbols; }

  /// The extent of two dims that are broadcast against each other, or null if they cannot be. An extent that is
  /// provably not 1 decides; two different unknowns give a new unknown, the same each time.
  AffineExpr broadcast(AffineExpr a, AffineExpr b);
  /// numpy's broadcast of whole shapes; nullopt if they do not fit. Where they may, that they do is required: `text`,
  /// followed by the dimension of the result.
  std::optional<Dims> broadcast(ArrayRef<AffineExpr> a, ArrayRef<AffineExpr> b, const Twine &text);
  /// Product of all dims (1 if none).
  AffineExpr product(ArrayRef<AffineExpr> dims) const;
  /// Whether the number is provably at least 0.
  bool isNonNegative(AffineExpr number) const;

  //===-- Requirements ----------------------------------------------------===//
  // Where operands may fit each other, the operation says what has to hold; what is sure to hold is dropped. Nobody
  // hears it unless a list was given.

  /// Appends what is required from now on to `list` (null: to none).
  void collectRequirements(SmallVectorImpl<Requirement> *list) { requirements = list; }
  bool collectsRequirements() const { return requirements; }
  void require(ArrayRef<Comparison> anyOf, const Twine &text);
  void requireEqual(AffineExpr a, AffineExpr b, const Twine &text) { require({{Comparison::Equal, a, b}}, text); }
  void requireAtMost(AffineExpr a, AffineExpr b, const Twine &text) { require({{Comparison::AtMost, a, b}}, text); }
  void requireAtLeast(AffineExpr a, int64_t least, const Twine &text) { requireAtMost(constant(least), a, text); }
  /// The extents are equal, or one of them is 1.
  void requireBroadcast(AffineExpr a, AffineExpr b, const Twine &text);
  /// There are elements to read along an extent, unless `results` of them are none.
  void requireSome(AffineExpr extent, AffineExpr results, const Twine &text);
  /// Element i of an integer tensor: its expression, or a symbol for what run time finds there.
  AffineExpr element(Value tensor, int64_t i);
  /// The element that such a symbol stands for; a null value for any other expression.
  std::pair<Value, int64_t> elementOf(AffineExpr symbol) const { return readElements.lookup(symbol); }

  static constexpr int64_t kMaxElements = 64;

private:
  AffineExpr symbol(bool nonNegative);
  bool isBroadcastOf(AffineExpr extent, AffineExpr part, unsigned steps = 4) const;

  MLIRContext *context;
  unsigned symbols = 0;
  unsigned depth = 0;            // of elements() in itself
  llvm::BitVector extentSymbols; // symbols that are at least 0
  llvm::DenseMap<Value, std::unique_ptr<Dims>> knownDims; // stays in place while the map grows
  llvm::DenseMap<Value, std::optional<Dims>> knownElements;
  llvm::DenseMap<std::pair<Value, int64_t>, AffineExpr> elementSymbols;
  llvm::DenseMap<AffineExpr, std::pair<Value, int64_t>> readElements;
  llvm::DenseMap<std::pair<AffineExpr, AffineExpr>, AffineExpr> broadcasts;
  llvm::DenseMap<AffineExpr, std::array<AffineExpr, 2>> broadcastParts;
  SmallVectorImpl<Requirement> *requirements = nullptr;
};

/// The normal form of a number: a sum of products in a fixed order, so that equal polynomials are equal pointers;
/// divisions that come out even are carried out.
AffineExpr simplifyDim(AffineExpr number);
/// `a / b` if `b` divides `a` as a polynomial (`b` is assumed not to be 0), else null.
AffineExpr exactQuotient(AffineExpr a, AffineExpr b);
/// The number, if the expression is one.
std::optional<int64_t> constantDim(AffineExpr dim);
/// The extents for a tensor type: numbers, and ShapedType::kDynamic for everything else.
SmallVector<int64_t> staticShape(ArrayRef<AffineExpr> dims);

} // namespace mlir::aic

#endif // AIC_DIALECT_AIC_IR_SHAPESCOPE_H
