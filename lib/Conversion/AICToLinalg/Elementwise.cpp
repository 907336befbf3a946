// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Elementwise.cpp - Elementwise operations, casts, quantisation ------===//
#include "Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::aic::lowering {

static LogicalResult convertElementwise(Lowering &l, Operation *op) {
  Value result = op->getResult(0);
  bool isUnsigned = l.isUnsigned(op->getOperand(0));
  bool failedScalar = false;
  Value value =
      l.elementwise(op->getLoc(), op->getOperands(), result, [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Type element = l.type(result).getElementType();
        SmallVector<Value> wide(args);
        if (!isa<SelectOp>(op))
          for (Value &arg : wide)
            arg = widen(b, loc, arg);
        Value scalar = emitScalar(b, loc, op, wide, isUnsigned);
        if (!scalar) {
          failedScalar = true;
          return scalarConstant(b, loc, element, 0);
        }
        return toFloat(b, loc, scalar, element);
      });
  if (failedScalar)
    return op->emitOpError("has no scalar form");
  l.set(result, value);
  return success();
}

static LogicalResult convertCast(Lowering &l, CastOp op) {
  bool fromUnsigned = l.isUnsigned(op.getInput()), toUnsigned = l.isUnsigned(op.getResult());
  Type to = l.type(op.getResult()).getElementType();
  if (to == l.type(op.getInput()).getElementType()) {
    l.set(op.getResult(), l.get(op.getInput()));
    return success();
  }
  l.set(op.getResult(),
        l.elementwise(op.getLoc(), op->getOperands(), op.getResult(), [&](OpBuilder &b, Location loc, ValueRange args) {
          return castScalar(b, loc, args[0], fromUnsigned, to, toUnsigned);
        }));
  return success();
}

//===-- Quantisation ------------------------------------------------------===//

/// Calls `body` with the input, scale and zero point of each element.
static Value withScales(Lowering &l, Operation *op, Value input, Value scale, Value zeroPoint, int64_t axis,
                        int64_t blockSize, ScalarBody body) {
  Location loc = op->getLoc();
  Type element = l.type(op->getResult(0)).getElementType();
  int64_t rank = l.dims(input).size();
  if (axis < 0)
    axis += rank;
  Extents extents = l.extents(loc, input);
  bool blocked = blockSize > 0;
  SmallVector<Value> ins{l.get(input)};
  SmallVector<AffineMap> maps{l.identity(rank)};
  SmallVector<TypedAttr> splats;
  SmallVector<Value> guards; // the extent, where run time tells whether there is one number for the whole tensor
  for (Value parameter : {scale, zeroPoint}) {
    guards.push_back(nullptr);
    DenseElementsAttr attr = l.constant(parameter);
    int64_t own = l.dims(parameter).size();
    bool single = llvm::all_of(l.dims(parameter), [](AffineExpr e) { return constantDim(e) == 1; });
    if (attr && attr.isSplat()) {
      TypedAttr splat = attr.getSplatValue<TypedAttr>();
      if (auto integer = dyn_cast<IntegerAttr>(splat))
        splat = IntegerAttr::get(signless(integer.getType()), integer.getValue());
      splats.push_back(splat);
      continue;
    }
    splats.push_back(nullptr);
    if (blocked)
      continue;
    Value value = l.get(parameter);
    if (own == 1 && !constantDim(l.dims(parameter)[0]) && l.dims(parameter)[0] != l.dims(input)[axis]) {
      guards.back() = l.index(loc, l.extent(loc, parameter, 0));
      continue;
    }
    if (single && own > 0) {
      value = l.dropUnits(loc, value, llvm::BitVector(own, true));
      own = 0;
    }
    ins.push_back(value);
    maps.push_back(own == 0 ? l.map(rank, ArrayRef<AffineExpr>()) : l.map(rank, ArrayRef<int64_t>{axis}));
  }
  return l.pointwise(loc, ins, maps, extents, element, [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
    SmallVector<Value> scalars{args[0]};
    size_t next = 1;
    for (auto [i, parameter] : llvm::enumerate(SmallVector<Value>{scale, zeroPoint})) {
      if (splats[i]) {
        scalars.push_back(arith::ConstantOp::create(b, loc, splats[i]));
      } else if (guards[i]) {
        Value at = clampIndex(b, loc, linalg::IndexOp::create(b, loc, axis), guards[i]);
        scalars.push_back(tensor::ExtractOp::create(b, loc, l.get(parameter), at));
      } else if (!blocked) {
        scalars.push_back(args[next++]);
      } else {
        SmallVector<Value> position;
        for (int64_t d = 0; d < rank; ++d) {
          position.push_back(linalg::IndexOp::create(b, loc, d));
          if (d == axis)
            position.back() =
                arith::DivUIOp::create(b, loc, position.back(), arith::ConstantIndexOp::create(b, loc, blockSize));
        }
        scalars.push_back(tensor::ExtractOp::create(b, loc, l.get(parameter), position));
      }
    }
    return body(b, loc, scalars);
  });
}

static LogicalResult convertQuantize(Lowering &l, QuantizeOp op) {
  bool fromUnsigned = l.isUnsigned(op.getInput()), toUnsigned = l.isUnsigned(op.getResult());
  Type to = l.type(op.getResult()).getElementType();
  unsigned width = to.getIntOrFloatBitWidth();
  // The range of a wide result is not exact in f32.
  Type compute = width > 16 ? Type(l.b.getF64Type()) : Type(l.b.getF32Type());
  double low = toUnsigned ? 0 : -std::ldexp(1.0, width - 1);
  double high = std::ldexp(1.0, toUnsigned ? width : width - 1) - 1;
  if (width == 64)
    return op.emitOpError("expected a result of at most 32 bits, got ") << op.getResult().getType();
  Value result = withScales(
      l, op, op.getInput(), op.getScale(), op.getZeroPoint(), op.getAxis(), op.getBlockSize(),
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value x = args[0];
        Type real = b.getF32Type();
        if (x.getType().isF64() || args[1].getType().isF64())
          real = b.getF64Type();
        x = castScalar(b, loc, x, fromUnsigned, real, false);
        Value scaled = arith::DivFOp::create(b, loc, x, toFloat(b, loc, args[1], real));
        Type wide = real.isF64() ? real : compute;
        scaled = toFloat(b, loc, math::RoundEvenOp::create(b, loc, scaled), wide);
        Value shifted = arith::AddFOp::create(b, loc, scaled, castScalar(b, loc, args[2], toUnsigned, wide, false));
        Value clamped = arith::MaximumFOp::create(b, loc, shifted, scalarConstant(b, loc, wide, low));
        clamped = arith::MinimumFOp::create(b, loc, clamped, scalarConstant(b, loc, wide, high));
        // Through i32 where that holds the range: one instruction on every target.
        Type step = width < 32 ? b.getI32Type() : to;
        Value number = width < 32 || !toUnsigned ? arith::FPToSIOp::create(b, loc, step, clamped).getResult()
                                                 : arith::FPToUIOp::create(b, loc, step, clamped).getResult();
        return step == to ? number : arith::TruncIOp::create(b, loc, to, number).getResult();
      });
  l.set(op.getResult(), result);
  return success();
}

static LogicalResult convertDequantize(Lowering &l, DequantizeOp op) {
  bool isUnsigned = l.isUnsigned(op.getInput());
  Type to = l.type(op.getResult()).getElementType();
  Value result = withScales(l, op, op.getInput(), op.getScale(), op.getZeroPoint(), op.getAxis(), op.getBlockSize(),
                            [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                              Type wide =
                                  args[0].getType().getIntOrFloatBitWidth() < 32 ? b.getI32Type() : b.getI64Type();
                              Value x = castScalar(b, loc, args[0], isUnsigned, wide, false);
                              Value zero = castScalar(b, loc, args[2], isUnsigned, wide, false);
                              Value difference = arith::SubIOp::create(b, loc, x, zero);
                              Type real = computeType(to);
                              Value number = arith::SIToFPOp::create(b, loc, real, difference);
                              return toFloat(b, loc, mulScalar(b, loc, number, toFloat(b, loc, args[1], real)), to);
                            });
  l.set(op.getResult(), result);
  return success();
}

static LogicalResult convertBitcast(Lowering &l, BitcastOp op) {
  Type to = l.type(op.getResult()).getElementType();
  l.set(op.getResult(), l.elementwise(op.getLoc(), op.getInput(), op.getResult(),
                                      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                                        if (args[0].getType() == to)
                                          return args[0];
                                        return arith::BitcastOp::create(b, loc, to, args[0]);
                                      }));
  return success();
}

void addElementwise(Table &table) {
  table.addAll<AbsOp, NegOp, SignOp, ReluOp, ExpOp, LogOp, SqrtOp, RsqrtOp, ErfOp, SigmoidOp, TanhOp, SinOp, CosOp,
               TanOp, AsinOp, AcosOp, AtanOp, SinhOp, CoshOp, AsinhOp, AcoshOp, AtanhOp, FloorOp, CeilOp, RoundOp,
               NotOp, BitwiseNotOp, IsNanOp, IsInfOp>(convertElementwise);
  table.addAll<AddOp, SubOp, MulOp, DivOp, RemOp, ModOp, PowOp, MaximumOp, MinimumOp, AndOp, OrOp, XorOp, ShiftLeftOp,
               ShiftRightOp, CompareOp, SelectOp>(convertElementwise);
  table.add(convertBitcast);
  table.add(convertCast);
  table.add(convertQuantize);
  table.add(convertDequantize);
}

} // namespace mlir::aic::lowering
