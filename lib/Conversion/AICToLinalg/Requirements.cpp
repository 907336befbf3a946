// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Requirements.cpp - Checks of what only run time knows --------------===//
//
// An operation's inferShapes says what has to hold of the extents of its
// operands. What compile time cannot show becomes a cf.assert before the
// operation's own code, or, where an extent of the result is in it, as soon as
// that extent is computed.
//
//===----------------------------------------------------------------------===//
#include "Lowering.h"
#include "aic/Dialect/AIC/IR/NodeNames.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"

namespace mlir::aic::lowering {

void Lowering::check(Location loc, Value holds, const Twine &text) {
  SmallVector<StringRef> nodes = getNodeNames(loc);
  std::string node = nodes.empty() ? "" : ("node '" + nodes.front() + "': ").str();
  cf::AssertOp::create(b, loc, holds, (node + text).str());
}

/// False if a number is not known yet.
bool Lowering::assertRequirement(Location loc, const Requirement &requirement) {
  Assertion key;
  for (const Comparison &c : requirement.anyOf)
    key.emplace_back(c.kind, c.lhs.getAsOpaquePointer(), c.rhs.getAsOpaquePointer());
  llvm::sort(key);
  for (const std::set<Assertion> &around : asserted)
    if (around.count(key))
      return true;

  // Elements that are read for this only have no root: the read may stand in a region.
  SmallVector<unsigned> temporary;
  bool isKnown = true;
  auto visit = [&](AffineExpr e) {
    auto symbol = dyn_cast<AffineSymbolExpr>(e);
    if (!symbol || known(e))
      return;
    auto [tensor, position] = scope.elementOf(symbol);
    if (!tensor || !isMapped(tensor)) {
      isKnown = false;
      return;
    }
    root(symbol, index(loc, element(loc, tensor, position)));
    temporary.push_back(symbol.getPosition());
  };
  for (const Comparison &c : requirement.anyOf) {
    c.lhs.walk(visit);
    c.rhs.walk(visit);
  }
  if (isKnown) {
    Value holds;
    for (const Comparison &c : requirement.anyOf) {
      Value lhs = index(loc, *number(loc, c.lhs)), rhs = index(loc, *number(loc, c.rhs));
      auto predicate = c.kind == Comparison::Equal ? arith::CmpIPredicate::eq : arith::CmpIPredicate::sle;
      Value each = arith::CmpIOp::create(b, loc, predicate, lhs, rhs);
      holds = holds ? arith::OrIOp::create(b, loc, holds, each).getResult() : each;
    }
    if (!holds)
      holds = arith::ConstantIntOp::create(b, loc, 0, 1);
    check(loc, holds, requirement.text);
    asserted.back().insert(std::move(key));
  }
  for (unsigned symbol : temporary)
    roots.erase(symbol);
  return isKnown;
}

void Lowering::enterRegion() {
  asserted.emplace_back();
  outerRoots.push_back(roots);
}

void Lowering::leaveRegion() {
  asserted.pop_back();
  roots = outerRoots.pop_back_val();
}

void Lowering::assertRequirements(Location loc) {
  SmallVector<Requirement> pending = std::exchange(open, {});
  for (Requirement &requirement : pending)
    if (!assertRequirement(loc, requirement))
      open.push_back(std::move(requirement));
}

} // namespace mlir::aic::lowering
