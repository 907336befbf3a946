// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"

using namespace mlir;
using namespace mlir::aic;

/// Whether two extents are known and differ.
static bool differ(AffineExpr a, AffineExpr b) {
  std::optional<int64_t> x = constantDim(a), y = constantDim(b);
  return x && y && *x != *y;
}

//===-- matmul --------------------------------------------------------------===//

LogicalResult MatmulOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  ArrayRef<AffineExpr> lhs = scope.dims(getLhs()), rhs = scope.dims(getRhs());
  if (lhs.empty() || rhs.empty())
    return emitOpError("expected ") << (lhs.empty() ? "lhs" : "rhs") << " of rank 1 at least, got 0";
  bool isRow = lhs.size() == 1, isColumn = rhs.size() == 1;
  AffineExpr depth = lhs.back(), otherDepth = isColumn ? rhs.front() : rhs[rhs.size() - 2];
  if (differ(depth, otherDepth)) // matmul_c1
    return emitOpError("expected equal extents to sum over, got ")
           << *constantDim(depth) << " in lhs and " << *constantDim(otherDepth) << " in rhs";
  scope.requireEqual(depth, otherDepth, "expected equal extents to sum over, got unlike ones in lhs and rhs");
  std::optional<Dims> dims = scope.broadcast(lhs.drop_back(isRow ? 1 : 2), rhs.drop_back(isColumn ? 1 : 2),
                                             "expected batch dimensions that broadcast, got unlike extents");
  if (!dims)
    return emitOpError("expected batch dimensions that broadcast, got ")
           << getLhs().getType() << " and " << getRhs().getType();
  if (!isRow)
    dims->push_back(lhs[lhs.size() - 2]);
  if (!isColumn)
    dims->push_back(rhs.back());
  results.push_back(std::move(*dims));
  return success();
}

//===-- Convolutions --------------------------------------------------------===//

namespace {

/// Where a convolution's dims are. `outer` and `inner` are the filter's channel dimensions: [outer, inner, K..], or
/// [K.., inner, outer] if the channels come last.
struct ConvDims {
  ArrayRef<AffineExpr> input, filter;
  int64_t spatialRank;
  bool channelsLast;

  AffineExpr channels() const { return channelsLast ? input.back() : input[1]; }
  AffineExpr spatial(int64_t d) const { return input[(channelsLast ? 1 : 2) + d]; }
  AffineExpr kernel(int64_t d) const { return filter[(channelsLast ? 0 : 2) + d]; }
  AffineExpr outer() const { return channelsLast ? filter.back() : filter[0]; }
  AffineExpr inner() const { return channelsLast ? filter[filter.size() - 2] : filter[1]; }

  Dims result(AffineExpr features, ArrayRef<AffineExpr> spatial) const {
    Dims dims = {input[0]};
    if (!channelsLast)
      dims.push_back(features);
    dims.append(spatial.begin(), spatial.end());
    if (channelsLast)
      dims.push_back(features);
    return dims;
  }
};

/// The checks that both convolutions have in common.
template <typename OpT> FailureOr<ConvDims> checkConv(OpT op, ShapeScope &scope) {
  ConvDims dims{scope.dims(op.getInput()), scope.dims(op.getFilter()), 0, op.getChannelsLast()};
  int64_t r = dims.spatialRank = static_cast<int64_t>(dims.input.size()) - 2;
  if (r < 1 || r > 3)
    return op.emitOpError("expected an input of rank 3, 4 or 5, got ") << r + 2;
  if (dims.filter.size() != dims.input.size())
    return op.emitOpError("expected a filter of rank ") << r + 2 << ", got " << dims.filter.size();
  auto checkSize = [&](StringRef name, ArrayRef<int64_t> values, int64_t wanted) -> LogicalResult {
    if (static_cast<int64_t>(values.size()) == wanted)
      return success();
    return op.emitOpError("expected ") << wanted << " " << name << ", got " << values.size();
  };
  if (failed(checkSize("strides", op.getStrides(), r)) || failed(checkSize("dilations", op.getDilations(), r)) ||
      failed(checkSize("pads", op.getPads(), 2 * r)))
    return failure();
  constexpr int64_t kLimit = int64_t(1) << 31; // no sum of products below overflows
  auto checkRange = [&](StringRef name, ArrayRef<int64_t> values) -> LogicalResult {
    for (int64_t value : values)
      if (value < 1)
        return op.emitOpError("expected positive ") << name << ", got " << value;
      else if (value >= kLimit)
        return op.emitOpError("expected ") << name << " below 2^31, got " << value;
    return success();
  };
  if (failed(checkRange("groups", {static_cast<int64_t>(op.getGroups())})) ||
      failed(checkRange("strides", op.getStrides())) || failed(checkRange("dilations", op.getDilations()))) // conv_c3
    return failure();
  for (int64_t value : op.getPads()) // conv_c4
    if (value < 0 || value >= kLimit)
      return op.emitOpError("expected pads that are not negative")
             << (value < 0 ? "" : " and below 2^31") << ", got " << value;
  return dims;
}

template <typename OpT> LogicalResult checkBias(OpT op, AffineExpr features, ShapeScope &scope) {
  if (!op.getBias())
    return success();
  RankedTensorType type = cast<RankedTensorType>(op.getBias().getType());
  if (type.getElementType() != op.getType().getElementType())
    return op.emitOpError("expected bias with elements of type ")
           << op.getType().getElementType() << ", got " << type.getElementType();
  if (type.getRank() != 1)
    return op.emitOpError("expected bias of rank 1, got ") << type.getRank();
  AffineExpr extent = scope.dims(op.getBias())[0];
  if (differ(extent, features))
    return op.emitOpError("expected ") << *constantDim(features) << " elements in bias, got " << *constantDim(extent);
  scope.requireEqual(extent, features, "expected as many elements in bias as there are features, got another number");
  return success();
}

} // namespace

LogicalResult ConvOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  FailureOr<ConvDims> dims = checkConv(*this, scope);
  if (failed(dims))
    return failure();
  int64_t groups = getGroups(), r = dims->spatialRank;
  AffineExpr channels = dims->channels(), features = dims->outer();
  std::optional<int64_t> c = constantDim(channels), f = constantDim(features), perGroup = constantDim(dims->inner());
  if ((c && *c % groups) || (f && *f % groups)) // conv_c1
    return emitOpError("expected channels and features that are multiples of ")
           << groups << " groups, got " << (c && *c % groups ? *c : *f);
  if (c && perGroup && *perGroup != *c / groups) // conv_c2
    return emitOpError("expected a filter with ") << *c / groups << " channels, got " << *perGroup;
  scope.requireEqual(dims->inner() * groups, channels,
                     "expected a filter with the input's channels" +
                         (groups == 1 ? Twine() : " divided by " + Twine(groups)) + ", got another number");
  scope.requireEqual(features % groups, scope.constant(0),
                     "expected features that are a multiple of " + Twine(groups) + " groups, got another number");
  if (failed(checkBias(*this, features, scope)))
    return failure();
  Dims spatial;
  for (int64_t d = 0; d < r; ++d) {
    AffineExpr span = simplifyDim(dims->spatial(d) + (getPads()[d] + getPads()[r + d]) -
                                  (dims->kernel(d) - 1) * getDilations()[d] - 1);
    if (std::optional<int64_t> number = constantDim(span); number && *number < 0) // conv_c5
      return emitOpError("expected a dilated filter not larger than the padded input, got it larger by ")
             << -*number << " in spatial dimension " << d;
    scope.requireAtLeast(span, 0,
                         "expected a dilated filter not larger than the padded input, got a larger one in spatial "
                         "dimension " +
                             Twine(d));
    spatial.push_back(simplifyDim(span.floorDiv(getStrides()[d]) + 1));
  }
  results.push_back(dims->result(features, spatial));
  return success();
}

LogicalResult ConvTransposeOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  FailureOr<ConvDims> dims = checkConv(*this, scope);
  if (failed(dims))
    return failure();
  int64_t groups = getGroups(), r = dims->spatialRank;
  if (static_cast<int64_t>(getOutputPadding().size()) != r)
    return emitOpError("expected ") << r << " output_padding, got " << getOutputPadding().size();
  AffineExpr features = simplifyDim(dims->inner() * groups);
  if (differ(dims->channels(), dims->outer()))
    return emitOpError("expected a filter with ")
           << *constantDim(dims->channels()) << " channels, got " << *constantDim(dims->outer());
  if (std::optional<int64_t> c = constantDim(dims->channels()); c && *c % groups)
    return emitOpError("expected channels that are a multiple of ") << groups << " groups, got " << *c;
  scope.requireEqual(dims->channels(), dims->outer(),
                     "expected a filter with the input's channels, got another number");
  scope.requireEqual(dims->channels() % groups, scope.constant(0),
                     "expected channels that are a multiple of " + Twine(groups) + " groups, got another number");
  if (failed(checkBias(*this, features, scope)))
    return failure();
  Dims spatial;
  for (int64_t d = 0; d < r; ++d) {
    int64_t stride = getStrides()[d], outside = getPads()[d] + getPads()[r + d];
    AffineExpr extent = simplifyDim((dims->spatial(d) - 1) * stride + getOutputPadding()[d] +
                                    (dims->kernel(d) - 1) * getDilations()[d] + 1 - outside);
    if (std::optional<int64_t> number = constantDim(extent); number && *number < 0)
      return emitOpError("expected an extent of the result that is not negative, got ")
             << *number << " in spatial dimension " << d;
    scope.requireAtLeast(extent, 0,
                         "expected an extent of the result that is not negative, got a negative one in spatial "
                         "dimension " +
                             Twine(d));
    spatial.push_back(extent);
  }
  results.push_back(dims->result(features, spatial));
  return success();
}

//===-- einsum --------------------------------------------------------------===//

LogicalResult EinsumOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  auto [left, output] = getEquation().split("->");
  if (!getEquation().contains("->"))
    return emitOpError("expected '->' in the equation, got '") << getEquation() << "'";
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (getInputs().empty() || terms.size() != getInputs().size())
    return emitOpError("expected ") << terms.size() << " operands, got " << getInputs().size();
  Type element = getType().getElementType();
  llvm::SmallDenseMap<char, AffineExpr> extents;
  for (auto [i, term, input] : llvm::enumerate(terms, getInputs())) {
    auto type = cast<RankedTensorType>(input.getType());
    if (type.getElementType() != element)
      return emitOpError("expected elements of type ") << element << ", got " << type.getElementType();
    ArrayRef<AffineExpr> dims = scope.dims(input);
    if (term.size() != dims.size())
      return emitOpError("expected operand ")
             << i << " of rank " << term.size() << " for '" << term << "', got " << dims.size();
    for (auto [d, letter, dim] : llvm::enumerate(term, dims)) {
      if (!llvm::isAlpha(letter))
        return emitOpError("expected letters in the equation, got '") << getEquation() << "'";
      AffineExpr &known = extents[letter];
      // One of a diagonal's extents does not broadcast.
      size_t first = term.find(letter);
      AffineExpr both = first < d ? known : known ? scope.broadcast(known, dim) : dim;
      if (first < d && differ(dims[first], dim))
        both = nullptr;
      else if (first < d && !constantDim(known) && constantDim(dim) && constantDim(dim) != 1)
        both = dim;
      if (!both)
        return emitOpError("expected equal extents for '")
               << StringRef(&letter, 1) << "', got " << *constantDim(first < d ? dims[first] : known) << " and "
               << *constantDim(dim);
      known = both;
      std::string text = ("expected equal extents for '" + Twine(letter) + "', got unlike ones").str();
      if (first < d)
        scope.requireEqual(dims[first], dim, text);
      for (auto [otherTerm, other] : llvm::zip(ArrayRef(terms).take_front(i), getInputs()))
        if (size_t at = otherTerm.find(letter); at != StringRef::npos)
          scope.requireBroadcast(scope.dims(other)[at], dim, text);
    }
  }
  Dims dims;
  for (auto [i, letter] : llvm::enumerate(output)) {
    auto it = llvm::isAlpha(letter) ? extents.find(letter) : extents.end();
    if (it == extents.end() || output.take_front(i).contains(letter))
      return emitOpError("expected every letter of the result once in it and in an operand, got '")
             << getEquation() << "'";
    dims.push_back(it->second);
  }
  results.push_back(std::move(dims));
  return success();
}
