// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FormUnits.h - How units are gathered from graph operations ---------===//
#ifndef AIC_LIB_CONVERSION_AICTONPU_FORMUNITS_H
#define AIC_LIB_CONVERSION_AICTONPU_FORMUNITS_H

#include "ProgramBuilder.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::npu {

/// The state of a match: what the unit takes over, what it reads, what its emitter is told.
class UnitMatch {
public:
  UnitMatch(Operation *root, StringRef kind) : root(root), kind(kind), b(root) { body.insert(root); }

  /// Takes an operation into the unit (its results must have no users outside it, but for the root's).
  void take(Operation *op) { body.insert(op); }
  void takeAll(ArrayRef<Operation *> ops) { body.insert(ops.begin(), ops.end()); }
  bool has(Operation *op) const { return body.contains(op); }

  /// The number of an operand. Non-constant values that the body reads become operands by themselves, after these.
  unsigned operand(Value value);
  /// One more operand, even if it is one already.
  void anotherOperand(Value value) { operands.push_back(value); }
  /// A constant that the emitter packs.
  unsigned constant(const ::aic::eval::Tensor &tensor);

  UnitMatch &set(StringRef name, int64_t value) {
    params.set(name, b.getI64IntegerAttr(value));
    return *this;
  }
  UnitMatch &setF32(StringRef name, float value) {
    params.set(name, b.getF32FloatAttr(value));
    return *this;
  }
  UnitMatch &set(StringRef name, ArrayRef<int64_t> values) {
    params.set(name, b.getDenseI64ArrayAttr(values));
    return *this;
  }
  UnitMatch &set(StringRef name, Attribute value) {
    params.set(name, value);
    return *this;
  }
  OpBuilder &builder() { return b; }

  /// Replaces the root by the unit and erases what is dead.
  UnitOp finish();

  Operation *root;
  std::string kind;

private:
  OpBuilder b;
  llvm::SmallSetVector<Operation *, 8> body;
  SmallVector<Value> operands;
  NamedAttrList params;
};

/// What a former gives back: nothing (not its affair), a unit, or a reason why a unit it knows is not possible.
struct FormResult {
  UnitOp unit;
  std::string reason;
  explicit operator bool() const { return bool(unit); }
  static FormResult refuse(const Twine &reason) { return {UnitOp(), reason.str()}; }
};

// Each looks at one root; `machine` limits what fits.
FormResult formProduct(Operation *root, const hw::Machine &machine);
FormResult formWindow(Operation *root, const hw::Machine &machine);
/// Turns a "conv" whose groups are single channels into a "window", where the vector unit can take it.
bool becomeDepthwise(UnitOp conv, const hw::Machine &machine);
FormResult formRows(Operation *root, const hw::Machine &machine);
FormResult formMovement(Operation *root, const hw::Machine &machine);
FormResult formElementwise(Operation *root, const hw::Machine &machine);
/// Puts movements back that only meet work of the host.
void dropLoneMovements(Block &block);

//===-- Matching ---------------------------------------------------------------===//

inline RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
/// The number of a splat or one-element constant.
std::optional<double> splatOf(Value value);
/// x = dequantize(levels, 1, zero) in f32, or cast(levels) - zero in i32 or f32, of an 8-bit tensor: integers.
struct Centred {
  Value levels;
  int64_t zero = 0;
  SmallVector<Operation *> ops;
  static std::optional<Centred> of(Value value);
};
/// clamps * quantize(x, 1, zero): the end of an integer layer. From its root down to the scaled sum.
struct Requantised {
  Value scaled;
  hw::DType type = hw::DType::i8;
  int64_t zero = 0, lo = 0, hi = 0; ///< of the result, zero point included
  bool clips = false;               ///< lo..hi is narrower than the type
  SmallVector<Operation *> ops;
  static std::optional<Requantised> of(Operation *root);
};
/// value = sum * factor, factor a constant f32 of one element or one per feature (the last dim of channels-last
/// results). Factor 1 where there is no multiplication.
struct Scaled {
  Value sum;
  std::vector<float> factor;
  SmallVector<Operation *> ops;
  static Scaled of(Value value);
};

} // namespace mlir::npu

#endif // AIC_LIB_CONVERSION_AICTONPU_FORMUNITS_H
