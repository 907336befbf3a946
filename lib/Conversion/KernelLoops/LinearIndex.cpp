// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Conversion/KernelLoops/LinearIndex.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::aic {

Value IndexBuilder::constant(int64_t x) { return arith::ConstantIndexOp::create(b, loc, x); }

LinearIndex IndexBuilder::atom(Value value) {
  APInt known;
  if (matchPattern(value, m_ConstantInt(&known)))
    return known.getSExtValue();
  if (!order.count(value))
    order[value] = next++;
  LinearIndex result;
  result.terms.push_back({value, 1});
  return result;
}

LinearIndex IndexBuilder::add(const LinearIndex &x, const LinearIndex &y) const {
  LinearIndex result(x.constant + y.constant);
  result.lane = x.lane + y.lane;
  auto i = x.terms.begin(), j = y.terms.begin();
  while (i != x.terms.end() || j != y.terms.end()) {
    if (j == y.terms.end() || (i != x.terms.end() && orderOf(i->first) < orderOf(j->first)))
      result.terms.push_back(*i++);
    else if (i == x.terms.end() || orderOf(j->first) < orderOf(i->first))
      result.terms.push_back(*j++);
    else {
      if (int64_t sum = i->second + j->second)
        result.terms.push_back({i->first, sum});
      ++i, ++j;
    }
  }
  return result;
}

LinearIndex IndexBuilder::scale(const LinearIndex &x, int64_t factor) const {
  if (factor == 0)
    return 0;
  LinearIndex result(x);
  result.constant *= factor;
  result.lane *= factor;
  for (auto &term : result.terms)
    term.second *= factor;
  return result;
}

LinearIndex IndexBuilder::product(Value x, Value y) {
  if (orderOf(y) < orderOf(x))
    std::swap(x, y);
  return atom(arith::MulIOp::create(b, loc, x, y));
}

std::optional<LinearIndex> IndexBuilder::mul(const LinearIndex &x, const LinearIndex &y) {
  if (auto c = x.asConstant())
    return scale(y, *c);
  if (auto c = y.asConstant())
    return scale(x, *c);
  if (x.lane || y.lane)
    return std::nullopt;
  LinearIndex result(x.constant * y.constant);
  for (auto [a, f] : x.terms)
    for (auto [c, g] : y.terms)
      result = add(result, scale(product(a, c), f * g));
  LinearIndex xs(x), ys(y);
  xs.constant = ys.constant = 0;
  result = add(result, scale(xs, y.constant));
  return add(result, scale(ys, x.constant));
}

LinearIndex IndexBuilder::floorDiv(const LinearIndex &x, int64_t divisor) {
  // Terms that are multiples leave exactly; if the rest is a constant nothing has to be computed.
  LinearIndex exact(0), rest(x.constant);
  for (auto [atomValue, f] : x.terms) {
    auto known = multiples.find(atomValue);
    LinearIndex single;
    single.terms.push_back({atomValue, f});
    if (f % divisor == 0)
      exact = add(exact, scale(atom(atomValue), f / divisor));
    else if (known != multiples.end() && known->second.second * f % divisor == 0)
      exact = add(exact, scale(atom(known->second.first), known->second.second * f / divisor));
    else
      rest = add(rest, single);
  }
  if (auto c = rest.asConstant())
    return add(exact, llvm::divideFloorSigned(*c, divisor));
  return add(exact, atom(arith::FloorDivSIOp::create(b, loc, value(rest), constant(divisor))));
}

LinearIndex IndexBuilder::mod(const LinearIndex &x, int64_t divisor) {
  return sub(x, scale(floorDiv(x, divisor), divisor));
}

Value IndexBuilder::value(const LinearIndex &x) {
  Value sum;
  for (auto [v, f] : x.terms) {
    Value term = f == 1 ? v : arith::MulIOp::create(b, loc, v, constant(f)).getResult();
    sum = sum ? arith::AddIOp::create(b, loc, sum, term).getResult() : term;
  }
  if (!sum)
    return constant(x.constant);
  return x.constant ? arith::AddIOp::create(b, loc, sum, constant(x.constant)).getResult() : sum;
}

} // namespace mlir::aic
