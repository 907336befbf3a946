// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FormProducts.cpp - Convolutions and matrix products ----------------===//
//
//   quantize(clamps(sum * M), 1, z)   with sum of integers       8 bits in, 8 bits out
//   sum * M                           the same, used as it is    8 bits in, f32 out
//   clamps(conv(x, w) + b)            f16 in and out, f32 accumulators
//
//===----------------------------------------------------------------------===//
#include "ConvUnit.h"
#include "FormUnits.h"
#include "aic/Eval/Elementwise.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

namespace mlir::npu {
namespace eval = ::aic::eval;

namespace {
/// A product with everything around it that the unit takes over.
struct Product {
  Operation *op = nullptr; // conv or matmul
  Value bias;              // a constant, or null
  SmallVector<Operation *> ops;
};

/// cast(conv) or conv, with a constant added.
std::optional<Product> productOf(Value value) {
  Product p;
  while (Operation *op = value.getDefiningOp()) {
    if (isa<aic::ConvOp, aic::MatmulOp>(op)) {
      p.op = op;
      p.ops.push_back(op);
      if (op->getNumOperands() > 2) {
        if (p.bias)
          return std::nullopt;
        p.bias = op->getOperand(2);
      }
      return p;
    }
    if (!op->getResult(0).hasOneUse() && !p.ops.empty())
      return std::nullopt;
    if (auto cast = dyn_cast<aic::CastOp>(op); cast && typeOf(cast.getInput()).getElementType().isInteger(32)) {
      value = cast.getInput();
    } else if (auto add = dyn_cast<aic::AddOp>(op); add && !p.bias) {
      bool right = bool(constantOf(add.getRhs()).data());
      if (!right && !constantOf(add.getLhs()).data())
        return std::nullopt;
      p.bias = right ? add.getRhs() : add.getLhs();
      value = right ? add.getLhs() : add.getRhs();
    } else {
      return std::nullopt;
    }
    p.ops.push_back(op);
  }
  return std::nullopt;
}

/// The weights as bytes of a type with a zero point, if they are integers that fit.
bool toBytes(const eval::Tensor &weights, eval::Tensor &bytes, hw::DType &type, int64_t &zero) {
  eval::Tensor wide = eval::cast(weights, eval::DType::I32);
  const int32_t *w = wide.as<int32_t>();
  int32_t low = 0, high = 0;
  for (int64_t i = 0; i != wide.size(); ++i) {
    low = std::min(low, w[i]);
    high = std::max(high, w[i]);
  }
  if (low >= -128 && high <= 127) {
    type = hw::DType::i8, zero = 0;
  } else if (high - low <= 255) {
    type = hw::DType::u8, zero = -low;
  } else {
    return false;
  }
  bytes = eval::Tensor(zero || type == hw::DType::u8 ? eval::DType::U8 : eval::DType::I8, weights.shape());
  for (int64_t i = 0; i != wide.size(); ++i)
    bytes.as<uint8_t>()[i] = uint8_t(w[i] + zero);
  return true;
}

eval::Tensor reshaped(const eval::Tensor &tensor, eval::Shape shape) {
  auto keeper = std::make_shared<eval::Tensor>(tensor);
  return eval::Tensor(tensor.type(), std::move(shape), tensor.data(), keeper);
}

/// Geometry of the conv or matmul, without element types. False if it has no form on the machine.
bool setGeometry(UnitMatch &unit, Operation *op, bool &isDynamic, std::string &reason) {
  RankedTensorType x = typeOf(op->getOperand(0)), w = typeOf(op->getOperand(1)), y = typeOf(op->getResult(0));
  isDynamic = false;
  // Products for one element of the result: all but the features of a filter, the shared extent of matrices.
  int64_t depth = isa<aic::ConvOp>(op) ? w.getNumElements() / w.getShape().back() : x.getShape().back();
  unit.set("macs", y.getNumElements() * depth);
  if (auto conv = dyn_cast<aic::ConvOp>(op)) {
    int64_t rank = x.getRank() - 2;
    if (!conv.getChannelsLast() || rank > 2) {
      reason = rank > 2 ? "a convolution over three spatial dimensions" : "a convolution whose channels are not last";
      return false;
    }
    auto at = [&](ArrayRef<int64_t> list, int64_t i) { return rank == 2 ? list[i] : i == 0 ? 1 : list[0]; };
    auto extent = [&](RankedTensorType type, int64_t i) {
      return rank == 2 ? type.getDimSize(1 + i) : i == 0 ? 1 : type.getDimSize(1);
    };
    auto filter = [&](int64_t i) { return rank == 2 ? w.getDimSize(i) : i == 0 ? 1 : w.getDimSize(0); };
    unit.set("batch", x.getDimSize(0)).set("h", extent(x, 0)).set("w", extent(x, 1)).set("c", x.getShape().back());
    unit.set("oh", extent(y, 0))
        .set("ow", extent(y, 1))
        .set("f", y.getShape().back())
        .set("kh", filter(0))
        .set("kw", filter(1));
    unit.set("sh", at(conv.getStrides(), 0))
        .set("sw", at(conv.getStrides(), 1))
        .set("dh", at(conv.getDilations(), 0))
        .set("dw", at(conv.getDilations(), 1));
    unit.set("pt", rank == 2 ? conv.getPads()[0] : 0).set("pl", rank == 2 ? conv.getPads()[1] : conv.getPads()[0]);
    unit.set("groups", int64_t(conv.getGroups()));
    return true;
  }
  if (x.getRank() < 2 || w.getRank() < 2) {
    reason = "a product with a vector";
    return false;
  }
  int64_t columns = w.getShape().back();
  isDynamic = !constantOf(op->getOperand(1)).data();
  if (!isDynamic && w.getRank() == 2) { // all batches share the right side: one product of many rows
    unit.set("w", x.getNumElements() / depth).set("ow", x.getNumElements() / depth);
  } else {
    int64_t rows = x.getShape()[x.getRank() - 2];
    unit.set("w", rows).set("ow", rows);
    isDynamic = true;
    ArrayRef<int64_t> batch = y.getShape().drop_back(2);
    SmallVector<int64_t> left, right;
    int64_t count = 1;
    for (int64_t extent : batch)
      count *= extent;
    // Element offsets of each batch's matrices, extents of 1 repeated.
    auto offsets = [&](RankedTensorType type, SmallVectorImpl<int64_t> &list) {
      ArrayRef<int64_t> own = type.getShape().drop_back(2);
      int64_t matrix = type.getShape()[type.getRank() - 1] * type.getShape()[type.getRank() - 2];
      for (int64_t i = 0; i != count; ++i) {
        int64_t rest = i, offset = 0, stride = matrix;
        for (int64_t d = int64_t(batch.size()) - 1; d >= 0; --d) {
          int64_t index = rest % batch[d], place = d - int64_t(batch.size() - own.size());
          rest /= batch[d];
          if (place < 0)
            continue;
          offset += (own[place] == 1 ? 0 : index) * stride;
          stride *= own[place];
        }
        list.push_back(offset);
      }
    };
    offsets(x, left);
    offsets(w, right);
    unit.set("lhs_offsets", left).set("rhs_offsets", right);
  }
  unit.set("c", depth).set("f", columns);
  return true;
}

/// Bias of any shape that has one number per feature, or one number for all.
bool setBias(UnitMatch &unit, Value bias, int64_t features, bool floats, std::string &reason) {
  unit.set("has_bias", bool(bias));
  if (!bias)
    return true;
  eval::Tensor tensor = eval::cast(constantOf(bias), floats ? eval::DType::F32 : eval::DType::I32);
  bool perFeature = tensor.size() == features && typeOf(bias).getShape().back() == features;
  if (tensor.size() != 1 && !perFeature) {
    reason = "a bias that is not one number for each feature";
    return false;
  }
  eval::Tensor all(tensor.type(), {features});
  for (int64_t i = 0; i != features; ++i)
    all.as<int32_t>()[i] = tensor.as<int32_t>()[tensor.size() == 1 ? 0 : i];
  unit.constant(all);
  return true;
}

/// q(clamps(a * m + r * n)) where a is a quantised product that nothing else reads: FX adds after rounding it.
struct ResidualSum {
  Requantised main; // of the product
  Value levels;     // the other operand
  float scaleMain, scaleResidual;
  int64_t zero; // of the residual
  SmallVector<Operation *> ops;

  static std::optional<ResidualSum> of(const Requantised &result) {
    auto add = result.scaled.getDefiningOp<aic::AddOp>();
    if (!add || !add->hasOneUse())
      return std::nullopt;
    for (auto [x, r] : {std::pair(add.getLhs(), add.getRhs()), std::pair(add.getRhs(), add.getLhs())}) {
      auto main = x.getDefiningOp<aic::DequantizeOp>(), other = r.getDefiningOp<aic::DequantizeOp>();
      if (!main || !other || main == other || !main->hasOneUse() || !main.getInput().hasOneUse() ||
          typeOf(x) != typeOf(add) || typeOf(r) != typeOf(add) ||
          !typeOf(other.getInput()).getElementType().isInteger(8) || main.getBlockSize() || other.getBlockSize())
        continue;
      Operation *quantize = main.getInput().getDefiningOp();
      std::optional<Requantised> inner = quantize ? Requantised::of(quantize) : std::nullopt;
      std::optional<double> scales[] = {splatOf(main.getScale()), splatOf(other.getScale())};
      std::optional<double> zeros[] = {splatOf(main.getZeroPoint()), splatOf(other.getZeroPoint())};
      if (!inner || inner->clips || inner->type != result.type || !scales[0] || !scales[1] || !zeros[0] || !zeros[1] ||
          int64_t(*zeros[0]) != inner->zero)
        continue;
      // Only what is a product is worth it.
      std::optional<Product> product = productOf(Scaled::of(inner->scaled).sum);
      if (!product || !isa<aic::ConvOp>(product->op) || !product->ops.front()->hasOneUse() ||
          !Centred::of(product->op->getOperand(0)))
        continue;
      return ResidualSum{
          *inner, other.getInput(), float(*scales[0]), float(*scales[1]), int64_t(*zeros[1]), {add, main, other}};
    }
    return std::nullopt;
  }
};

FormResult formIntegers(Operation *root, const std::optional<Requantised> &result, const hw::Machine &machine) {
  std::optional<ResidualSum> residual = result ? ResidualSum::of(*result) : std::nullopt;
  Scaled scaled = Scaled::of(residual ? residual->main.scaled : result ? result->scaled : root->getResult(0));
  if (!result && scaled.ops.empty())
    return {};
  std::optional<Product> product = productOf(scaled.sum);
  if (!product || (!product->ops.front()->hasOneUse() && product->ops.front() != root))
    return {};
  Operation *op = product->op;
  std::optional<Centred> x = Centred::of(op->getOperand(0)), w;
  if (!x)
    return {};
  UnitMatch unit(root, "conv");
  if (result)
    unit.takeAll(result->ops);
  if (residual) {
    unit.takeAll(residual->ops);
    unit.takeAll(residual->main.ops);
  }
  unit.takeAll(scaled.ops);
  unit.takeAll(product->ops);
  unit.takeAll(x->ops);
  bool isDynamic;
  std::string reason;
  if (!setGeometry(unit, op, isDynamic, reason))
    return FormResult::refuse(reason);
  int64_t features = typeOf(op->getResult(0)).getShape().back();
  unit.operand(x->levels);
  unit.set("x_type", int64_t(*toMachineType(typeOf(x->levels).getElementType()))).set("x_zero", x->zero);
  if (isDynamic) {
    w = Centred::of(op->getOperand(1));
    if (!w)
      return FormResult::refuse("a product whose right side is neither constant nor of 8 bits");
    unit.kind = "matmul";
    unit.takeAll(w->ops);
    unit.anotherOperand(w->levels); // both sides may be one value
    unit.set("w_type", int64_t(*toMachineType(typeOf(w->levels).getElementType()))).set("w_zero", w->zero);
  } else {
    eval::Tensor weights = constantOf(op->getOperand(1)), bytes;
    hw::DType type;
    int64_t zero;
    if (!weights.data())
      return FormResult::refuse("a filter that is not constant");
    if (!toBytes(weights, bytes, type, zero))
      return FormResult::refuse("weights that do not fit 8 bits");
    if (isa<aic::MatmulOp>(op))
      bytes = reshaped(bytes, {1, 1, bytes.shape()[0], bytes.shape()[1]});
    else if (bytes.shape().size() == 3)
      bytes = reshaped(bytes, {1, bytes.shape()[0], bytes.shape()[1], bytes.shape()[2]});
    unit.constant(bytes);
    unit.set("w_type", int64_t(type)).set("w_zero", zero);
  }
  eval::Tensor factors(eval::DType::F32, {features});
  for (int64_t i = 0; i != features; ++i)
    factors.as<float>()[i] = scaled.factor[scaled.factor.size() == 1 ? 0 : size_t(i)];
  unit.constant(factors);
  unit.set("has_scale", 1);
  if (!setBias(unit, product->bias, features, false, reason))
    return FormResult::refuse(reason);
  unit.set("y_type", int64_t(result ? result->type : hw::DType::f32))
      .set("y_zero", residual ? residual->main.zero
                     : result ? result->zero
                              : 0);
  if (residual) {
    unit.set("residual", 1)
        .set("residual_operand", unit.operand(residual->levels))
        .set("out_zero", result->zero)
        .set("res_zero", residual->zero);
    unit.set("res_type", int64_t(*toMachineType(typeOf(residual->levels).getElementType())));
    unit.setF32("scale_main", residual->scaleMain).setF32("scale_res", residual->scaleResidual);
  }
  if (result && result->clips)
    unit.set("clip", 1).set("lo", result->lo).set("hi", result->hi);
  UnitOp formed = unit.finish();
  if (becomeDepthwise(formed, machine))
    return {formed, ""};
  if (!hw::chooseConvTiling(convShape(formed), machine, reason)) {
    formed->setAttr("npu.misfit", StringAttr::get(formed.getContext(), reason));
  }
  return {formed, ""};
}

/// f16 products: the bias and the clamps may stand behind.
FormResult formHalves(Operation *root, const hw::Machine &machine) {
  if (!typeOf(root->getResult(0)).getElementType().isF16())
    return {};
  SmallVector<Operation *> clamps;
  Value value = root->getResult(0);
  double lo = -INFINITY, hi = INFINITY;
  while (Operation *op = value.getDefiningOp()) {
    if (op != root && !op->hasOneUse())
      break;
    if (auto relu = dyn_cast<aic::ReluOp>(op)) {
      lo = std::max(lo, 0.0), hi = std::max(hi, 0.0);
      value = relu.getInput();
    } else if (isa<aic::MaximumOp, aic::MinimumOp>(op) && (splatOf(op->getOperand(0)) || splatOf(op->getOperand(1)))) {
      std::optional<double> left = splatOf(op->getOperand(0));
      double limit = left ? *left : *splatOf(op->getOperand(1));
      // Only the outermost clamp of a kind is sure to be the bound of the whole.
      if (isa<aic::MaximumOp>(op))
        lo = std::max(lo, std::min(limit, hi));
      else
        hi = std::min(hi, std::max(limit, lo));
      value = op->getOperand(left ? 1 : 0);
    } else {
      break;
    }
    clamps.push_back(op);
  }
  std::optional<Product> product = productOf(value);
  if (!product || (product->ops.front() != root && !product->ops.front()->hasOneUse()))
    return {};
  Operation *op = product->op;
  // A product of integers may end in a cast to f16.
  if (!typeOf(op->getOperand(0)).getElementType().isF16() || !typeOf(op->getOperand(1)).getElementType().isF16())
    return {};
  UnitMatch unit(root, "conv");
  unit.takeAll(clamps);
  unit.takeAll(product->ops);
  bool isDynamic;
  std::string reason;
  if (!setGeometry(unit, op, isDynamic, reason))
    return FormResult::refuse(reason);
  int64_t features = typeOf(op->getResult(0)).getShape().back();
  unit.operand(op->getOperand(0));
  if (isDynamic) {
    unit.kind = "matmul";
    unit.anotherOperand(op->getOperand(1)); // both sides may be one value
  } else {
    eval::Tensor weights = constantOf(op->getOperand(1));
    if (!weights.data())
      return FormResult::refuse("a filter that is not constant");
    if (isa<aic::MatmulOp>(op))
      weights = reshaped(weights, {1, 1, weights.shape()[0], weights.shape()[1]});
    else if (weights.shape().size() == 3)
      weights = reshaped(weights, {1, weights.shape()[0], weights.shape()[1], weights.shape()[2]});
    unit.constant(weights);
  }
  int64_t half = int64_t(hw::DType::f16);
  unit.set("x_type", half).set("w_type", half).set("y_type", half);
  if (!setBias(unit, product->bias, features, true, reason))
    return FormResult::refuse(reason);
  if (!clamps.empty()) {
    auto bits = [](double x) {
      APFloat value(x);
      bool loses;
      value.convert(APFloat::IEEEhalf(), APFloat::rmNearestTiesToEven, &loses);
      return int64_t(value.bitcastToAPInt().getZExtValue());
    };
    unit.set("clip", 1).set("lo", bits(lo)).set("hi", bits(hi));
  }
  UnitOp formed = unit.finish();
  if (becomeDepthwise(formed, machine))
    return {formed, ""};
  if (!hw::chooseConvTiling(convShape(formed), machine, reason))
    formed->setAttr("npu.misfit", StringAttr::get(formed.getContext(), reason));
  return {formed, ""};
}
} // namespace

FormResult formProduct(Operation *root, const hw::Machine &machine) {
  std::optional<Requantised> result = Requantised::of(root);
  if (result || (isa<aic::MulOp>(root) && typeOf(root->getResult(0)).getElementType().isF32()))
    if (FormResult formed = formIntegers(root, result, machine); formed || !formed.reason.empty())
      return formed;
  if (isa<aic::ConvTransposeOp>(root))
    return FormResult::refuse("a transposed convolution");
  if (FormResult formed = formHalves(root, machine); formed || !formed.reason.empty())
    return formed;
  if (isa<aic::ConvOp>(root) && typeOf(root->getOperand(0)).getRank() > 4)
    return FormResult::refuse("a convolution over three spatial dimensions");
  if (isa<aic::MatmulOp>(root) &&
      llvm::any_of(root->getOperandTypes(), [](Type type) { return cast<RankedTensorType>(type).getRank() < 2; }))
    return FormResult::refuse("a product with a vector");
  if (isa<aic::ConvOp, aic::MatmulOp>(root))
    return FormResult::refuse(
        "a product of numbers that are neither levels of 8 bits, with one scale for each side or feature, nor f16");
  return {};
}

} // namespace mlir::npu
