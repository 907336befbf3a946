// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- LinearIndex.h - Index arithmetic that stays linear -----------------===//
//
// An index inside a kernel is kept as  constant + sum(coefficient * atom) +
// lane * stride, where an atom is an SSA value of index type (a loop's
// induction variable, a dynamic extent, a loaded index) and `lane` counts the
// lanes of a vector. Multiplying by a stride distributes, so an address becomes
// a sum of terms in loop order, whose outer part LICM hoists, and equal
// addresses are equal keys.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_CONVERSION_KERNELLOOPS_LINEARINDEX_H
#define AIC_CONVERSION_KERNELLOOPS_LINEARINDEX_H

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace mlir::aic {

struct LinearIndex {
  int64_t constant = 0;
  int64_t lane = 0;
  SmallVector<std::pair<Value, int64_t>, 4> terms; // distinct atoms, outermost first, no zero coefficient

  LinearIndex() = default;
  LinearIndex(int64_t constant) : constant(constant) {}

  bool isUniform() const { return lane == 0; }
  std::optional<int64_t> asConstant() const {
    return terms.empty() && lane == 0 ? std::optional<int64_t>(constant) : std::nullopt;
  }
  bool operator==(const LinearIndex &other) const {
    return constant == other.constant && lane == other.lane && terms == other.terms;
  }
};

/// Builds and materialises linear indices at the insertion point of a builder.
class IndexBuilder {
public:
  IndexBuilder(OpBuilder &b, Location loc) : b(b), loc(loc) {}

  /// An SSA value as an index; terms stand in the order in which their atoms were first seen, so inner loops come last.
  LinearIndex atom(Value value);
  LinearIndex add(const LinearIndex &x, const LinearIndex &y) const;
  LinearIndex sub(const LinearIndex &x, const LinearIndex &y) const { return add(x, scale(y, -1)); }
  LinearIndex scale(const LinearIndex &x, int64_t factor) const;
  /// The product; at most one factor may depend on the lane, and then the other must be a constant. Returns nullopt
  /// otherwise.
  std::optional<LinearIndex> mul(const LinearIndex &x, const LinearIndex &y);
  /// floor(x / divisor) and x mod divisor of a uniform index, exact where every atom is a known multiple.
  LinearIndex floorDiv(const LinearIndex &x, int64_t divisor);
  LinearIndex mod(const LinearIndex &x, int64_t divisor);
  /// Declares that `value` is `quotient * factor`.
  void setMultiple(Value value, Value quotient, int64_t factor) { multiples[value] = {quotient, factor}; }
  /// The value for lane 0.
  Value value(const LinearIndex &x);
  Value constant(int64_t x);

private:
  unsigned orderOf(Value v) const { return order.lookup(v); }
  LinearIndex product(Value x, Value y);

  OpBuilder &b;
  Location loc;
  llvm::DenseMap<Value, unsigned> order;
  llvm::DenseMap<Value, std::pair<Value, int64_t>> multiples;
  unsigned next = 1;
};

} // namespace mlir::aic

#endif // AIC_CONVERSION_KERNELLOOPS_LINEARINDEX_H
