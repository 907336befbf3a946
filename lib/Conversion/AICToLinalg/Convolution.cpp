// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Convolution.cpp - Convolutions and their transposes ----------------===//
//
// Channels last: (n, o..., f, k..., c) over the padded input and
// filter[k..., c, f]. Channels first is transposed around it. Depthwise
// convolutions have no c, others with groups have g before f. A transposed
// convolution is a convolution of the input spread by the stride with the
// flipped filter; where kernel and stride agree it is a product per tap.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"
#include "Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

namespace mlir::aic::lowering {

Value padSpatial(Lowering &l, Location loc, Value value, ArrayRef<OpFoldResult> before, ArrayRef<OpFoldResult> after,
                 TypedAttr fill) {
  auto isZero = [](OpFoldResult e) { return isZeroInteger(e); };
  if (llvm::all_of(before, isZero) && llvm::all_of(after, isZero))
    return value;
  Extents low{l.num(0)}, high{l.num(0)};
  low.append(before.begin(), before.end());
  high.append(after.begin(), after.end());
  low.push_back(l.num(0));
  high.push_back(l.num(0));
  Value scalar = arith::ConstantOp::create(l.b, loc, fill);
  return tensor::PadOp::create(l.b, loc, Type(), value, low, high, scalar);
}

namespace {
/// A convolution, channels last, in new values.
struct Conv {
  Value input, filter;
  int64_t groups;
  SmallVector<int64_t> strides, dilations;
  Extents outSpatial;
  Type element;
};
} // namespace

static Extents numbers(Lowering &l, ArrayRef<int64_t> values) {
  return llvm::map_to_vector(values, [&](int64_t v) { return l.num(v); });
}

/// The accumulator [N, O..., F].
static Value emitConv(Lowering &l, Location loc, const Conv &conv) {
  int64_t r = conv.strides.size();
  Value input = conv.input, filter = conv.filter;
  Extents in = l.shape(loc, input), taps = l.shape(loc, filter);
  OpFoldResult channels = taps[r], features = taps[r + 1];
  bool depthwise = conv.groups > 1 && getConstantIntValue(channels) == 1;
  bool grouped = conv.groups > 1 && !depthwise;
  OpFoldResult perGroup = l.floorDiv(loc, features, l.num(conv.groups));
  bool multiplied = depthwise && getConstantIntValue(perGroup) != 1;
  bool pointwiseTaps = llvm::all_of(ArrayRef(taps).take_front(r), [](OpFoldResult e) { return isOneInteger(e); });

  // Views: groups apart, taps of extent 1 gone.
  SmallVector<ReassociationIndices> groups;
  Extents inExtents(in), filterExtents(ArrayRef(taps).take_front(r));
  if (grouped) {
    for (int64_t i = 0; i <= r; ++i)
      groups.push_back({i});
    groups.push_back({r + 1, r + 2});
    inExtents.pop_back();
    inExtents.push_back(l.num(conv.groups));
    inExtents.push_back(channels);
    input = l.expand(loc, input, groups, inExtents);
    filterExtents.push_back(channels);
  }
  SmallVector<ReassociationIndices> filterGroups;
  if (grouped || multiplied) {
    // [k..., c, F] -> [k..., c, g, f], or [k..., 1, F] -> [k..., g, m].
    if (depthwise)
      filter = l.dropUnits(loc, filter, [&] {
        llvm::BitVector units(r + 2);
        units.set(r);
        return units;
      }());
    int64_t lead = depthwise ? r : r + 1;
    for (int64_t i = 0; i < lead; ++i)
      filterGroups.push_back({i});
    filterGroups.push_back({lead, lead + 1});
    filterExtents.push_back(l.num(conv.groups));
    filterExtents.push_back(perGroup);
    filter = l.expand(loc, filter, filterGroups, filterExtents);
  } else if (depthwise) {
    llvm::BitVector units(r + 2);
    units.set(r);
    filter = l.dropUnits(loc, filter, units);
  }
  if (pointwiseTaps) {
    llvm::BitVector units(cast<RankedTensorType>(filter.getType()).getRank());
    units.set(0, r);
    filter = l.dropUnits(loc, filter, units);
  }

  // Loops: n, o..., [g], [f], k..., [c].
  int64_t loops = 1 + r, g = -1, f = -1, c = -1;
  if (conv.groups > 1)
    g = loops++;
  if (!depthwise || multiplied)
    f = loops++;
  int64_t parallel = loops, firstTap = loops;
  if (!pointwiseTaps)
    loops += r;
  if (!depthwise)
    c = loops++;
  SmallVector<AffineExpr> inExprs{l.d(0)}, filterExprs, outExprs;
  for (int64_t i = 0; i < r; ++i) {
    AffineExpr at = l.d(1 + i) * conv.strides[i];
    inExprs.push_back(pointwiseTaps ? at : at + l.d(firstTap + i) * conv.dilations[i]);
    if (!pointwiseTaps)
      filterExprs.push_back(l.d(firstTap + i));
  }
  if (g >= 0)
    inExprs.push_back(l.d(g));
  if (c >= 0) {
    inExprs.push_back(l.d(c));
    filterExprs.push_back(l.d(c));
  }
  if (g >= 0)
    filterExprs.push_back(l.d(g));
  if (f >= 0)
    filterExprs.push_back(l.d(f));
  for (int64_t i = 0; i < parallel; ++i)
    outExprs.push_back(l.d(i));

  Extents outExtents{in[0]};
  outExtents.append(conv.outSpatial);
  if (g >= 0)
    outExtents.push_back(l.num(conv.groups));
  if (f >= 0)
    outExtents.push_back(conv.groups > 1 ? perGroup : features);
  SmallVector<utils::IteratorType> iterators(parallel, kParallel);
  iterators.append(loops - parallel, kReduction);
  Value result;
  AffineMap maps[] = {l.map(loops, inExprs), l.map(loops, filterExprs), l.map(loops, outExprs)};
  result = contract(l, loc, {input, filter}, maps, iterators, outExtents, conv.element);
  if (g >= 0 && f >= 0) {
    groups.clear();
    for (int64_t i = 0; i <= r; ++i)
      groups.push_back({i});
    groups.push_back({r + 1, r + 2});
    result = l.collapse(loc, result, groups);
  }
  return result;
}

/// Adds the bias and takes the accumulator to the element type.
static Value finish(Lowering &l, Location loc, Value result, Value bias, Type element) {
  if (!bias)
    return narrow(l, loc, result, element);
  int64_t rank = cast<RankedTensorType>(result.getType()).getRank();
  return l.pointwise(loc, {result, bias}, {l.identity(rank), l.map(rank, ArrayRef<int64_t>{rank - 1})},
                     l.shape(loc, result), element, [&](OpBuilder &b, Location loc, ValueRange args) {
                       Value sum = addScalar(b, loc, args[0], toFloat(b, loc, args[1], args[0].getType()));
                       return toFloat(b, loc, sum, element);
                     });
}

/// Moves the last two dims of a filter [A, B, K...] to the end, in the order given.
static SmallVector<int64_t> filterToLast(int64_t rank, int64_t first, int64_t second) {
  SmallVector<int64_t> result;
  for (int64_t i = 2; i < rank; ++i)
    result.push_back(i);
  result.append({first, second});
  return result;
}

static LogicalResult convertConv(Lowering &l, ConvOp op) {
  Location loc = op.getLoc();
  int64_t r = op.getStrides().size(), rank = r + 2;
  bool last = op.getChannelsLast();
  Extents outExtents = l.resultExtents(loc, op.getResult(), [&](int64_t i) -> OpFoldResult {
    int64_t s = last ? i - 1 : i - 2;
    if (s < 0 || s >= r)
      return i == 0 ? l.extent(loc, op.getInput(), 0) : l.extent(loc, op.getFilter(), last ? rank - 1 : 0);
    OpFoldResult in = l.extent(loc, op.getInput(), last ? s + 1 : s + 2);
    OpFoldResult tap = l.extent(loc, op.getFilter(), last ? s : s + 2);
    int64_t pads = op.getPads()[s] + op.getPads()[r + s], d = op.getDilations()[s];
    OpFoldResult span = l.sub(loc, l.add(loc, in, l.num(pads + d - 1)), l.mul(loc, tap, l.num(d)));
    return l.add(loc, l.floorDiv(loc, span, l.num(op.getStrides()[s])), l.num(1));
  });
  Conv conv;
  conv.element = l.type(op.getResult()).getElementType();
  conv.input = l.get(op.getInput());
  conv.filter = l.get(op.getFilter());
  if (!last) {
    conv.input = l.transpose(loc, conv.input, toChannelsLast(rank));
    conv.filter = l.transpose(loc, conv.filter, filterToLast(rank, 1, 0));
  }
  conv.input = padSpatial(l, loc, conv.input, numbers(l, op.getPads().take_front(r)),
                          numbers(l, op.getPads().drop_front(r)), zeroAttr(l.b, conv.element));
  conv.groups = op.getGroups();
  conv.strides.assign(op.getStrides().begin(), op.getStrides().end());
  conv.dilations.assign(op.getDilations().begin(), op.getDilations().end());
  for (int64_t i = 0; i < r; ++i)
    conv.outSpatial.push_back(outExtents[last ? i + 1 : i + 2]);
  Value result = emitConv(l, loc, conv);
  result = finish(l, loc, result, op.getBias() ? l.get(op.getBias()) : Value(), conv.element);
  if (!last)
    result = l.transpose(loc, result, toChannelsFirst(rank));
  l.set(op.getResult(), result);
  return success();
}

//===-- Transposed convolution --------------------------------------------===//

/// Taps that meet no other tap: out[n, d * s + k, f] = sum_c in[n, d, c] * filter[k, f, c], a product per tap written
/// to [n, d1, k1, d2, k2..., f], which is the result row by row.
static Value emitUpsampling(Lowering &l, Location loc, Value input, Value filter, Type element) {
  int64_t r = cast<RankedTensorType>(input.getType()).getRank() - 2;
  Extents in = l.shape(loc, input), taps = l.shape(loc, filter), outExtents{in[0]};
  SmallVector<AffineExpr> inExprs{l.d(0)}, filterExprs;
  SmallVector<ReassociationIndices> groups{{0}};
  for (int64_t i = 0; i < r; ++i) {
    inExprs.push_back(l.d(1 + 2 * i));
    filterExprs.push_back(l.d(2 + 2 * i));
    outExtents.append({in[1 + i], taps[i]});
    groups.push_back({1 + 2 * i, 2 + 2 * i});
  }
  int64_t f = 1 + 2 * r, c = f + 1;
  inExprs.push_back(l.d(c));
  filterExprs.append({l.d(f), l.d(c)});
  outExtents.push_back(taps[r]);
  groups.push_back({f});
  SmallVector<utils::IteratorType> iterators(c + 1, kParallel);
  iterators[c] = kReduction;
  AffineMap maps[] = {l.map(c + 1, inExprs), l.map(c + 1, filterExprs), l.identity(c + 1).dropResult(c)};
  Value result = contract(l, loc, {input, filter}, maps, iterators, outExtents, element);
  return l.collapse(loc, result, groups);
}

/// The filter [k..., F/g, C] of a transposed convolution as that of a convolution: [k..., C/g, F], taps reversed.
static Value flipFilter(Lowering &l, Location loc, Value filter, int64_t r, int64_t groups) {
  Extents taps = l.shape(loc, filter), extents(ArrayRef(taps).take_front(r));
  OpFoldResult features = taps[r], channels = l.floorDiv(loc, taps[r + 1], l.num(groups));
  extents.push_back(channels);
  extents.push_back(l.mul(loc, features, l.num(groups)));
  Type element = getElementTypeOrSelf(filter.getType());
  Value perGroup = l.index(loc, features), inGroup = l.index(loc, channels);
  SmallVector<Value> lasts;
  for (int64_t i = 0; i < r; ++i)
    lasts.push_back(l.index(loc, l.sub(loc, taps[i], l.num(1))));
  return l.pointwise(loc, {}, {}, extents, element, [&](OpBuilder &b, Location loc, ValueRange) -> Value {
    SmallVector<Value> position;
    for (int64_t i = 0; i < r; ++i)
      position.push_back(arith::SubIOp::create(b, loc, lasts[i], linalg::IndexOp::create(b, loc, i)));
    Value c = linalg::IndexOp::create(b, loc, r), f = linalg::IndexOp::create(b, loc, r + 1);
    if (groups == 1) {
      position.append({f, c});
    } else {
      Value group = arith::DivUIOp::create(b, loc, f, perGroup);
      position.push_back(arith::RemUIOp::create(b, loc, f, perGroup));
      position.push_back(arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, group, inGroup), c));
    }
    return tensor::ExtractOp::create(b, loc, filter, position);
  });
}

/// Zeros between the elements: in[n, d, c] at [n, before + d * s, c] of a tensor of the extents.
static Value spread(Lowering &l, Location loc, Value input, ArrayRef<int64_t> strides, ArrayRef<OpFoldResult> before,
                    ArrayRef<OpFoldResult> spatial) {
  Extents in = l.shape(loc, input), extents{in[0]};
  extents.append(spatial.begin(), spatial.end());
  extents.push_back(in.back());
  Type element = getElementTypeOrSelf(input.getType());
  SmallVector<Value> counts, starts;
  for (size_t i = 0; i < strides.size(); ++i) {
    counts.push_back(l.index(loc, in[1 + i]));
    starts.push_back(l.index(loc, before[i]));
  }
  TypedAttr zero = zeroAttr(l.b, element);
  return l.pointwise(loc, {}, {}, extents, element, [&](OpBuilder &b, Location loc, ValueRange) -> Value {
    auto number = [&](int64_t v) -> Value { return arith::ConstantIndexOp::create(b, loc, v); };
    SmallVector<Value> position{linalg::IndexOp::create(b, loc, 0)};
    Value hit;
    for (auto [i, stride] : llvm::enumerate(strides)) {
      Value at = arith::SubIOp::create(b, loc, linalg::IndexOp::create(b, loc, 1 + i), starts[i]);
      Value source = arith::FloorDivSIOp::create(b, loc, at, number(stride));
      Value back = arith::MulIOp::create(b, loc, source, number(stride));
      Value exact = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, back, at);
      // Below 0 wraps to a large unsigned number.
      Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, source, counts[i]);
      exact = arith::AndIOp::create(b, loc, exact, inside);
      hit = hit ? arith::AndIOp::create(b, loc, hit, exact).getResult() : exact;
      position.push_back(clampIndex(b, loc, source, counts[i]));
    }
    position.push_back(linalg::IndexOp::create(b, loc, strides.size() + 1));
    Value value = tensor::ExtractOp::create(b, loc, input, position);
    return arith::SelectOp::create(b, loc, hit, value, arith::ConstantOp::create(b, loc, zero));
  });
}

static LogicalResult convertConvTranspose(Lowering &l, ConvTransposeOp op) {
  Location loc = op.getLoc();
  int64_t r = op.getStrides().size(), rank = r + 2;
  bool last = op.getChannelsLast();
  Type element = l.type(op.getResult()).getElementType();
  Value input = l.get(op.getInput()), filter = l.get(op.getFilter());
  if (!last) {
    input = l.transpose(loc, input, toChannelsLast(rank));
    filter = l.transpose(loc, filter, filterToLast(rank, 1, 0));
  }
  auto filterType = cast<RankedTensorType>(filter.getType());
  bool plain = op.getGroups() == 1;
  for (int64_t i = 0; i < r; ++i) {
    plain &= filterType.getDimSize(i) == op.getStrides()[i] && op.getDilations()[i] == 1 && op.getPads()[i] == 0 &&
             op.getPads()[r + i] == 0 && op.getOutputPadding()[i] == 0;
  }
  Value result;
  if (plain) {
    result = emitUpsampling(l, loc, input, filter, element);
  } else {
    // A convolution of stride 1: the window of the result's first place starts dilation * (k - 1) - before places
    // before the input.
    Extents in = l.shape(loc, input), taps = l.shape(loc, filter), before, spatial;
    Conv conv;
    for (int64_t i = 0; i < r; ++i) {
      OpFoldResult reach = l.mul(loc, l.num(op.getDilations()[i]), l.sub(loc, taps[i], l.num(1)));
      before.push_back(l.sub(loc, reach, l.num(op.getPads()[i])));
      OpFoldResult last = l.mul(loc, l.num(op.getStrides()[i]), l.sub(loc, in[1 + i], l.num(1)));
      OpFoldResult more = l.num(op.getOutputPadding()[i] + 1 - op.getPads()[i] - op.getPads()[r + i]);
      OpFoldResult out = l.add(loc, l.add(loc, last, reach), more);
      conv.outSpatial.push_back(out);
      spatial.push_back(l.max(loc, l.add(loc, out, reach), l.num(0))); // (a filter without taps reaches back)
    }
    // A place between the elements reads its neighbour.
    for (int64_t i = 0; i < r; ++i)
      l.scope.requireAtLeast(l.dims(op.getInput())[last ? i + 1 : i + 2], 1,
                             "expected an input with elements, got extent 0 in spatial dimension " + Twine(i));
    l.assertRequirements(loc);
    conv.input = spread(l, loc, input, op.getStrides(), before, spatial);
    conv.filter = flipFilter(l, loc, filter, r, op.getGroups());
    conv.groups = op.getGroups();
    conv.strides.assign(r, 1);
    conv.dilations.assign(op.getDilations().begin(), op.getDilations().end());
    conv.element = element;
    result = emitConv(l, loc, conv);
  }
  result = finish(l, loc, result, op.getBias() ? l.get(op.getBias()) : Value(), element);
  if (!last)
    result = l.transpose(loc, result, toChannelsFirst(rank));
  l.set(op.getResult(), result);
  return success();
}

void addConvolutions(Table &table) {
  table.add(convertConv);
  table.add(convertConvTranspose);
}

} // namespace mlir::aic::lowering
