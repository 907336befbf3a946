// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Resample.cpp - Resizing and sampling at coordinates ----------------===//
#include "Families.h"
#include "aic/Eval/Tensor.h"
#include <cmath>

namespace mlir::aic::onnx_import {
namespace {

//===-- Resizing ------------------------------------------------------------===//

Value floatVector(Node &n, ArrayRef<double> values) {
  ::aic::eval::Tensor tensor(::aic::eval::DType::F32, {int64_t(values.size())});
  for (size_t i = 0; i < values.size(); ++i)
    tensor.as<float>()[i] = float(values[i]);
  return n.constant(tensor);
}

//===-- By a matrix -----------------------------------------------------------//
// What aic.resize does not cover (filters whose width only run time tells, and
// coordinates of a region) is a product with a matrix of weights per dimension.

/// How far the filter of an interpolation reaches.
int64_t reachOf(ResizeMode mode) { return mode == ResizeMode::cubic ? 2 : 1; }

/// The weight of a place at distance t.
Value filterWeight(Node &n, Value t, ResizeMode mode, double a) {
  Value x = n.unary<AbsOp>(t), zero = n.scalarLike(t, 0);
  if (mode == ResizeMode::linear)
    return n.maximum(n.sub(n.scalarLike(t, 1), x), zero);
  auto horner = [&](ArrayRef<double> coefficients) {
    Value sum = n.scalarLike(x, coefficients[0]);
    for (double c : coefficients.drop_front())
      sum = n.add(n.mul(sum, x), c);
    return sum;
  };
  Value near = horner({a + 2, -(a + 3), 0, 1}), far = horner({a, -5 * a, 8 * a, -4 * a});
  far = n.select(n.compare(Predicate::lt, x, n.scalarLike(x, 2)), far, zero);
  return n.select(n.compare(Predicate::le, x, n.scalarLike(x, 1)), near, far);
}

struct MatrixOptions {
  ResizeMode mode = ResizeMode::linear;
  NearestMode nearest = NearestMode::round_prefer_floor;
  double cubic = -0.75;
  bool excludesOutside = false, antialias = false;
};

Value nearestPlace(Node &n, Value position, NearestMode mode) {
  Value half = n.scalarLike(position, 0.5);
  switch (mode) {
  case NearestMode::floor:
    return n.unary<FloorOp>(position);
  case NearestMode::ceil:
    return n.unary<CeilOp>(position);
  case NearestMode::round_prefer_floor:
    return n.unary<CeilOp>(n.sub(position, half));
  case NearestMode::round_prefer_ceil:
    break;
  }
  return n.unary<FloorOp>(n.add(position, half));
}

/// Reads dimension `axis` at positions (a vector of f64); `shrink` (f64, at most 1) widens the filter.
Value resampleAxis(Node &n, Value x, int64_t axis, Value positions, Value shrink, const MatrixOptions &options) {
  int64_t rank = n.rank(x);
  Type element = n.elem(x), i64 = n.b.getI64Type(), f64 = n.b.getF64Type();
  Extent size = n.extent(x, axis);
  Value before = n.vector(0), last = n.cast(n.toScalar(n.minus(size, Extent(1))), f64), places, weights;
  if (options.mode == ResizeMode::nearest) {
    Value place = n.minimum(n.maximum(nearestPlace(n, positions, options.nearest), n.scalar(f64, 0)), last);
    return n.gather(x, n.cast(place, i64), axis);
  }
  Type real = element.isF64() ? f64 : Type(n.b.getF32Type());
  Value wide = n.cast(x, real);
  if (!options.excludesOutside) {
    // The border goes on as far as the filter reaches.
    Value reach = n.div(n.scalar(f64, double(reachOf(options.mode))), shrink);
    before = n.reshape(n.cast(n.unary<CeilOp>(n.add(reach, n.scalar(f64, 1))), i64), ArrayRef<int64_t>{1});
    SmallVector<Extent> pads(size_t(2 * rank), Extent(0));
    pads[size_t(axis)] = pads[size_t(rank + axis)] = before;
    wide = n.pad(wide, n.toVector(pads), n.scalar(real, 0), PadMode::edge);
  }
  places = n.cast(n.sub(n.iota(n.toScalar(n.extent(wide, axis))), before), f64);
  weights = filterWeight(n, n.mul(n.sub(places, n.unsqueeze(positions, {1})), shrink), options.mode, options.cubic);
  if (options.excludesOutside || options.antialias)
    weights = n.div(weights, n.reduce(ReduceKind::sum, weights, {1}, true));
  Ints order;
  for (int64_t d = 0; d < rank; ++d)
    if (d != axis)
      order.push_back(d);
  order.push_back(axis);
  Value y = n.matmul(n.transpose(wide, order), n.transpose(n.cast(weights, real), {1, 0}));
  Ints back(size_t(rank), 0);
  for (auto [to, from] : llvm::enumerate(order))
    back[size_t(from)] = int64_t(to);
  return n.transpose(y, back);
}

/// To the element type that was resampled: integers are rounded and kept in range.
Value toSamples(Node &n, Value y, Type element) {
  if (isa<FloatType>(element) || n.elem(y) == element)
    return n.cast(y, element);
  double infinity = std::numeric_limits<double>::infinity();
  auto bound = [&](double sign) { return n.cast(n.scalar(element, sign * infinity), n.b.getF64Type()); };
  y = n.cast(n.unary<RoundOp>(y), n.b.getF64Type());
  return n.cast(n.minimum(n.maximum(y, bound(-1)), bound(1)), element);
}

/// A resize whose filter's width only run time tells.
Value antialiasedResize(Node &n, Value x, Value scales, Value sizes, ArrayRef<int64_t> axes, CoordinateMode coordinates,
                        const MatrixOptions &options) {
  Type f64 = n.b.getF64Type(), element = n.elem(x);
  auto number = [&](double v) { return n.scalar(f64, v); };
  Value half = number(0.5), one = number(1);
  for (int64_t axis : axes) {
    Extent size = n.extent(x, axis);
    Value count = n.gather(sizes, n.index(axis), 0), given = n.gather(scales, n.index(axis), 0);
    Value in = n.cast(n.toScalar(size), f64), out = n.cast(count, f64), exact = n.div(out, in);
    // A scale that is the rounded quotient of the extents means the quotient.
    Value same = n.compare(Predicate::eq, n.cast(exact, n.elem(given)), given);
    Value scale = n.select(same, exact, n.cast(given, f64)), place = n.cast(n.iota(count), f64);
    Value centred = n.sub(n.div(n.add(place, half), scale), half), position;
    switch (coordinates) {
    case CoordinateMode::half_pixel:
      position = centred;
      break;
    case CoordinateMode::pytorch_half_pixel:
      position = n.select(n.compare(Predicate::eq, out, one), number(0), centred);
      break;
    case CoordinateMode::align_corners: {
      Value span = n.mul(in, scale);
      Value isWhole = n.compare(Predicate::lt, n.unary<AbsOp>(n.sub(span, out)), number(1e-6));
      span = n.select(isWhole, out, span);
      Value isOne = n.compare(Predicate::eq, span, one);
      position = n.div(n.mul(place, n.sub(in, one)), n.select(isOne, one, n.sub(span, one)));
      position = n.select(isOne, number(0), position);
      break;
    }
    case CoordinateMode::asymmetric:
      position = n.div(place, scale);
      break;
    case CoordinateMode::half_pixel_symmetric:
      position = n.add(n.mul(n.mul(in, half), n.sub(one, n.div(out, n.mul(in, scale)))), centred);
      break;
    }
    x = resampleAxis(n, x, axis, position, n.minimum(scale, one), options);
    if (n.failed())
      return {};
  }
  return toSamples(n, x, element);
}

/// Resize to a region of the input that may reach outside of it: there is the extrapolation value.
Value cropAndResize(Node &n, Value x, Value region, Value sizes, ArrayRef<int64_t> axes, double outsideValue,
                    const MatrixOptions &options) {
  Type f64 = n.b.getF64Type(), element = n.elem(x);
  int64_t rank = n.rank(x), count = int64_t(axes.size());
  if (n.rank(region) != 1 || n.dim(region, 0) != 2 * count) {
    n.error("expected " + Twine(2 * count) + " numbers as the region");
    return {};
  }
  Value y = x, isOutside, one = n.scalar(f64, 1), half = n.scalar(f64, 0.5), zero = n.scalar(f64, 0);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    Value start = n.cast(n.gather(region, n.index(int64_t(i)), 0), f64);
    Value end = n.cast(n.gather(region, n.index(int64_t(i) + count), 0), f64);
    Value out = n.gather(sizes, n.index(axis), 0),
          last = n.cast(n.toScalar(n.minus(n.extent(x, axis), Extent(1))), f64);
    Value steps = n.cast(n.sub(out, n.index(1)), f64), place = n.cast(n.iota(out), f64);
    Value isOne = n.compare(Predicate::eq, steps, zero);
    Value step = n.div(n.mul(n.sub(end, start), last), n.select(isOne, one, steps));
    Value position = n.add(n.mul(start, last), n.mul(place, step));
    position = n.select(isOne, n.mul(n.mul(n.add(start, end), half), last), position);
    Value here = n.binary<OrOp>(n.compare(Predicate::lt, position, zero), n.compare(Predicate::gt, position, last));
    here = n.alongAxis(here, axis, rank);
    isOutside = isOutside ? n.binary<OrOp>(isOutside, here) : here;
    position = n.minimum(n.maximum(position, zero), last);
    y = resampleAxis(n, y, axis, position, one, options);
    if (n.failed())
      return {};
  }
  y = toSamples(n, y, element);
  return isOutside ? n.select(isOutside, n.scalar(element, outsideValue), y) : y;
}

struct ResizeModes {
  ResizeMode mode = ResizeMode::nearest;
  CoordinateMode coordinates = CoordinateMode::half_pixel;
  NearestMode nearest = NearestMode::round_prefer_floor;
  bool isRegion = false; ///< coordinates are those of a region
};

bool readResizeModes(Node &n, ResizeModes &modes) {
  std::string mode = n.getString("mode", "nearest");
  if (mode == "nearest")
    modes.mode = ResizeMode::nearest;
  else if (mode == "linear" || mode == "bilinear")
    modes.mode = ResizeMode::linear;
  else if (mode == "cubic")
    modes.mode = ResizeMode::cubic;
  else
    n.error("attribute 'mode': expected 'nearest', 'linear' or 'cubic', got '" + mode + "'");
  if (n.opset < 11 || n.type() == "Upsample") {
    modes.coordinates = CoordinateMode::asymmetric;
    modes.nearest = NearestMode::floor;
    return !n.failed();
  }
  std::string coordinates = n.getString("coordinate_transformation_mode", "half_pixel");
  if (std::optional<CoordinateMode> known = symbolizeCoordinateMode(coordinates))
    modes.coordinates = *known;
  else if (coordinates == "tf_crop_and_resize")
    modes.isRegion = true;
  else
    n.unsupported("coordinate_transformation_mode '" + coordinates + "'");
  std::string nearest = n.getString("nearest_mode", "round_prefer_floor");
  if (std::optional<NearestMode> known = symbolizeNearestMode(nearest))
    modes.nearest = *known;
  else
    n.error("attribute 'nearest_mode': got '" + nearest + "'");
  return !n.failed();
}

/// Puts values for some axes into a vector over all of them.
Value spread(Node &n, Value values, ArrayRef<int64_t> axes, int64_t rank, function_ref<Value(int64_t)> otherwise) {
  SmallVector<Value> parts;
  for (int64_t d = 0; d < rank; ++d) {
    auto it = llvm::find(axes, d);
    int64_t i = it - axes.begin();
    parts.push_back(it == axes.end() ? otherwise(d) : n.slice(values, 0, i, i + 1));
  }
  return n.concat(parts, 0);
}

void resizeTo(Node &n, Value x, Value scales, Value sizes, ArrayRef<int64_t> axes, const ResizeModes &modes,
              Value region = {}) {
  int64_t rank = n.rank(x);
  double cubic = n.getFloat("cubic_coeff_a", -0.75);
  bool excludes = n.getBool("exclude_outside", false), antialias = n.getBool("antialias", false);
  std::string policy = n.getString("keep_aspect_ratio_policy", "stretch");
  double outside = n.getFloat("extrapolation_value", 0);
  if (n.failed())
    return;
  Type real = n.b.getF32Type(), i64 = n.b.getI64Type();
  if (n.rank(scales ? scales : sizes) != 1 || n.dim(scales ? scales : sizes, 0) != int64_t(axes.size()))
    return n.error("expected " + Twine(axes.size()) + (scales ? " scales" : " sizes"));
  if (scales) {
    scales = n.cast(scales, real);
    std::optional<SmallVector<double>> numbers = n.floats(scales);
    if (numbers) {
      SmallVector<double> all(size_t(rank), 1.0);
      for (auto [i, axis] : llvm::enumerate(axes))
        all[size_t(axis)] = (*numbers)[i];
      SmallVector<Extent> extents;
      for (int64_t d = 0; d < rank; ++d) {
        double scale = all[size_t(d)];
        int64_t extent = n.dim(x, d);
        if (!(scale > 1e-6 && scale < 1e6))
          return n.error("expected scales between 1e-6 and 1e6, got " + Twine(std::to_string(scale)));
        if (!ShapedType::isDynamic(extent))
          extents.push_back(int64_t(std::floor(float(extent) * float(scale))));
        else if (scale == std::floor(scale))
          extents.push_back(n.times(n.extent(x, d), Extent(int64_t(scale))));
        else if (1 / scale == std::floor(1 / scale))
          extents.push_back(n.over(n.extent(x, d), Extent(int64_t(1 / scale))));
        else
          extents.push_back(n.cast(n.unary<FloorOp>(n.mul(n.cast(n.toVector(n.extent(x, d)), real), scale)), i64));
      }
      sizes = n.toVector(extents);
      scales = floatVector(n, all);
    } else {
      scales = spread(n, scales, axes, rank, [&](int64_t) { return floatVector(n, 1.0); });
      sizes = n.cast(n.unary<FloorOp>(n.mul(n.cast(n.shapeOf(x), real), scales)), i64);
    }
  } else {
    sizes = n.cast(sizes, i64);
    std::optional<Ints> numbers = n.ints(sizes);
    bool isKnown = numbers.has_value();
    for (int64_t axis : axes)
      isKnown &= !ShapedType::isDynamic(n.dim(x, axis)) && n.dim(x, axis) != 0;
    if (isKnown) {
      SmallVector<double> all(size_t(rank), 1.0);
      Ints extents;
      double chosen = policy == "not_larger" ? HUGE_VAL : 0;
      for (auto [i, axis] : llvm::enumerate(axes)) {
        double scale = float((*numbers)[i]) / float(n.dim(x, axis));
        if (scale == 0)
          scale = 1; // of an empty result, where it plays no part
        chosen = policy == "not_larger" ? std::min(chosen, scale) : std::max(chosen, scale);
        all[size_t(axis)] = scale;
      }
      SmallVector<Extent> all64;
      for (int64_t d = 0; d < rank; ++d) {
        auto it = llvm::find(axes, d);
        if (it == axes.end()) {
          all64.push_back(n.extent(x, d));
        } else if (policy == "stretch") {
          all64.push_back((*numbers)[size_t(it - axes.begin())]);
        } else {
          all[size_t(d)] = chosen;
          if (!(std::abs(double(n.dim(x, d)) * chosen) < 0x1p40))
            return n.error("expected a result of at most 2^40 elements");
          all64.push_back(int64_t(std::floor(double(n.dim(x, d)) * chosen + 0.5)));
        }
      }
      scales = floatVector(n, all);
      sizes = n.toVector(all64);
    } else {
      Value shape = n.cast(n.gather(n.shapeOf(x), n.vector(axes), 0), real);
      Value factors = n.div(n.cast(sizes, real), n.maximum(shape, n.scalar(real, 1)));
      // Without elements the scale plays no part.
      factors = n.select(n.compare(Predicate::gt, factors, n.scalar(real, 0)), factors, n.scalar(real, 1));
      if (policy != "stretch") {
        factors = n.reduce(policy == "not_larger" ? ReduceKind::min : ReduceKind::max, factors, {0}, true);
        sizes = n.cast(n.unary<FloorOp>(n.add(n.mul(shape, factors), 0.5)), i64);
        factors = n.broadcast(factors, n.vector(int64_t(axes.size())));
      }
      scales = spread(n, factors, axes, rank, [&](int64_t) { return floatVector(n, 1.0); });
      sizes = spread(n, sizes, axes, rank, [&](int64_t d) { return n.toVector(n.extent(x, d)); });
    }
  }
  MatrixOptions options{modes.mode, modes.nearest, cubic, excludes, antialias};
  if (modes.isRegion)
    return n.out(cropAndResize(n, x, region, sizes, axes, outside, options));
  if (antialias && !(n.isStatic(x) && n.floats(scales) && n.ints(sizes)))
    return n.out(antialiasedResize(n, x, scales, sizes, axes, modes.coordinates, options));
  n.out(n.make<ResizeOp>(n.elem(x), x, scales, sizes, modes.mode, modes.coordinates, modes.nearest, APFloat(cubic),
                         excludes, antialias));
}

void resize(Node &n) {
  ResizeModes modes;
  if (!readResizeModes(n, modes))
    return;
  Value x = n.in(0);
  Ints axes;
  for (int64_t d = 0; d < n.rank(x); ++d)
    axes.push_back(d);
  if (std::optional<Ints> chosen = n.getInts("axes")) {
    axes = *chosen;
    for (int64_t &axis : axes)
      axis = n.checkAxis(axis, n.rank(x), "axes");
    if (n.failed())
      return;
  }
  Value scales, sizes;
  if (n.opset < 11) {
    scales = n.in(1);
  } else {
    // Either may be an empty tensor.
    auto given = [&](unsigned i) { return n.has(i) && n.dim(n.in(i), 0) != 0; };
    if (given(2))
      scales = n.in(2);
    if (given(3))
      sizes = n.in(3);
    if (!scales == !sizes)
      return n.error("expected either scales or sizes");
  }
  if (modes.isRegion && (!n.has(1) || n.opset < 11))
    return n.error("expected operand 'roi'");
  resizeTo(n, x, scales, sizes, axes, modes, modes.isRegion ? n.in(1) : Value());
}

void upsample(Node &n) {
  ResizeModes modes;
  if (!readResizeModes(n, modes))
    return;
  Value x = n.in(0), scales;
  Ints axes;
  for (int64_t d = 0; d < n.rank(x); ++d)
    axes.push_back(d);
  if (n.opset >= 9) {
    scales = n.in(1);
  } else if (const ::onnx::AttributeProto *list = n.attribute("scales", ::onnx::AttributeProto::FLOATS)) {
    scales = floatVector(n, SmallVector<double>(list->floats().begin(), list->floats().end()));
  } else {
    return n.error("expected attribute 'scales'");
  }
  resizeTo(n, x, scales, {}, axes, modes);
}

//===-- Sampling at coordinates ---------------------------------------------===//

enum class Border { zeros, border, reflection };

/// The image [N, D..., C] at coordinates along each of its dims, both of shape [N, O...].
struct Sampler {
  Node &n;
  Value pixels; ///< [N, product of D, C]
  SmallVector<Value> sizes, lasts, lows, highs;
  Border border;

  /// A coordinate mirrored at the borders until it lies between them.
  Value reflect(Value x, size_t d) {
    Value low = lows[d], range = n.sub(highs[d], low);
    Value away = n.unary<AbsOp>(n.sub(x, low)), turns = n.unary<FloorOp>(n.div(away, range));
    Value rest = n.sub(away, n.mul(turns, range));
    Value isEven = n.compare(Predicate::eq, n.binary<ModOp>(turns, n.scalarLike(x, 2)), n.scalarLike(x, 0));
    Value inside = n.add(low, n.select(isEven, rest, n.sub(range, rest)));
    return n.select(n.compare(Predicate::eq, range, n.scalarLike(x, 0)), low, inside);
  }
  Value clamp(Value x, size_t d) { return n.minimum(n.maximum(x, n.scalarLike(x, 0)), lasts[d]); }

  /// The elements at whole places: [N, O..., C].
  Value at(ArrayRef<Value> places) {
    Value index, inside;
    for (auto [d, place] : llvm::enumerate(places)) {
      Value own = place;
      if (border == Border::reflection)
        own = reflect(own, d);
      Value kept = clamp(own, d); // also keeps what is not a number inside
      if (border == Border::zeros) {
        Value here = n.compare(Predicate::eq, kept, own);
        inside = inside ? n.binary<AndOp>(inside, here) : here;
      }
      Value i = n.cast(kept, n.b.getI64Type());
      index = index ? n.add(n.mul(index, sizes[d]), i) : i;
    }
    int64_t rank = n.rank(index);
    Value picked = n.make<GatherNDOp>(n.elem(pixels), pixels, n.unsqueeze(index, {rank}), uint64_t(1));
    return inside ? n.select(n.unsqueeze(inside, {rank}), picked, n.scalarLike(picked, 0)) : picked;
  }
};

void gridSample(Node &n) {
  Value x = n.in(0), grid = n.in(1);
  int64_t rank = n.rank(x);
  n.expectRank(x, 3, 5, "operand 0");
  n.expectRank(grid, rank, rank, "operand 1");
  std::string modeName = n.getString("mode", n.opset < 20 ? "bilinear" : "linear"),
              paddingName = n.getString("padding_mode", "zeros");
  bool alignsCorners = n.getBool("align_corners", false);
  std::optional<ResizeMode> mode = modeName == "bilinear"  ? ResizeMode::linear
                                   : modeName == "bicubic" ? ResizeMode::cubic
                                                           : symbolizeResizeMode(modeName);
  if (!mode)
    return n.error("attribute 'mode': expected 'linear', 'nearest' or 'cubic', got '" + modeName + "'");
  if (paddingName != "zeros" && paddingName != "border" && paddingName != "reflection")
    return n.error("attribute 'padding_mode': expected 'zeros', 'border' or 'reflection', got '" + paddingName + "'");
  size_t r = size_t(rank) - 2;
  int64_t coordinates = n.dim(grid, rank - 1);
  if (n.failed() || (coordinates != int64_t(r) && !ShapedType::isDynamic(coordinates)))
    return n.error("expected " + Twine(r) + " coordinates in the last dimension of operand 1");
  Type real = n.elem(x).isF64() ? n.elem(x) : Type(n.b.getF32Type());
  grid = n.cast(grid, real);
  Sampler sampler{n,
                  {},
                  {},
                  {},
                  {},
                  {},
                  paddingName == "zeros"    ? Border::zeros
                  : paddingName == "border" ? Border::border
                                            : Border::reflection};
  Ints toLast{0}, toFirst{0, rank - 1};
  for (int64_t d = 2; d < rank; ++d) {
    toLast.push_back(d);
    toFirst.push_back(d - 1);
  }
  toLast.push_back(1);
  sampler.pixels =
      n.reshape(n.transpose(x, toLast), ArrayRef<Extent>{n.extent(x, 0), n.extents(x, 2, rank), n.extent(x, 1)});
  SmallVector<Value> positions;
  auto number = [&](double v) { return n.scalar(real, v); };
  for (size_t d = 0; d < r; ++d) {
    sampler.sizes.push_back(n.toScalar(n.extent(x, int64_t(d) + 2)));
    Value size = n.cast(sampler.sizes.back(), real), last = n.sub(size, number(1));
    sampler.lasts.push_back(last);
    sampler.lows.push_back(number(alignsCorners ? 0 : -0.5));
    sampler.highs.push_back(alignsCorners ? last : n.sub(size, number(0.5)));
    // The last dimension comes first in the grid; -1 and 1 are the borders.
    Value place = n.add(n.gather(grid, n.index(int64_t(r - 1 - d)), rank - 1), number(1));
    Value position = alignsCorners ? n.mul(n.mul(place, number(0.5)), last)
                                   : n.mul(n.sub(n.mul(place, size), number(1)), number(0.5));
    if (mode == ResizeMode::nearest)
      position = n.unary<RoundOp>(position);
    if (sampler.border == Border::border) {
      Value isOutside = n.binary<OrOp>(n.compare(Predicate::lt, position, sampler.lows.back()),
                                       n.compare(Predicate::gt, position, sampler.highs.back()));
      position = n.select(isOutside, sampler.clamp(position, d), position);
    } else if (sampler.border == Border::reflection) {
      position = sampler.reflect(position, d);
    }
    positions.push_back(position);
  }
  if (mode == ResizeMode::nearest)
    return n.out(n.transpose(sampler.at(positions), toFirst));
  // The taps of each dimension and their weights; the sum over all combinations.
  int64_t reach = reachOf(*mode);
  SmallVector<SmallVector<Value>> places(r), weights(r);
  for (size_t d = 0; d < r; ++d) {
    Value base = n.unary<FloorOp>(positions[d]), rest = n.sub(positions[d], base);
    for (int64_t t = 1 - reach; t <= reach; ++t) {
      places[d].push_back(n.add(base, double(t)));
      weights[d].push_back(filterWeight(n, n.sub(number(double(t)), rest), *mode, -0.75));
    }
  }
  SmallVector<Value> at(r);
  Value total;
  auto visit = [&](auto &&visit, size_t d, Value weight) -> void {
    if (d == r) {
      Value term = n.mul(n.cast(sampler.at(at), real), n.unsqueeze(weight, {rank - 1}));
      total = total ? n.add(total, term) : term;
      return;
    }
    for (size_t t = 0; t < places[d].size() && !n.failed(); ++t) {
      at[d] = places[d][t];
      visit(visit, d + 1, weight ? n.mul(weight, weights[d][t]) : weights[d][t]);
    }
  };
  visit(visit, 0, {});
  n.out(n.transpose(toSamples(n, total, n.elem(x)), toFirst));
}

} // namespace

void addResample(HandlerTable &table) {
  table.add("GridSample", 2, 2, gridSample, 16);
  table.add("Resize", 1, 4, resize, 10);
  table.add("Upsample", 1, 2, upsample);
}

} // namespace mlir::aic::onnx_import
