// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_DIALECT_AIC_TRANSFORMS_QUANTIZEWEIGHTS_H
#define AIC_LIB_DIALECT_AIC_TRANSFORMS_QUANTIZEWEIGHTS_H

#include "aic/Eval/Tensor.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

namespace mlir::aic {

/// Constant operands of a product in integers.
struct QuantizedWeights {
  ::aic::eval::Tensor levels;    ///< i8 in [-127, 127]
  ::aic::eval::Tensor scale;     ///< f32 [features]
  int64_t axis = 0;              ///< of the features
  ::aic::eval::Tensor bias;      ///< i32, empty without one
  ::aic::eval::Tensor biasScale; ///< the input's scale times `scale`
  int64_t biasAxis = 0;
};

/// Quantises operand `operand` (a constant) of a convolution or matmul whose other operand has the given scale.
FailureOr<QuantizedWeights> quantizeWeights(Operation *op, unsigned operand, float inputScale, ElementsAttr bias);

} // namespace mlir::aic

#endif // AIC_LIB_DIALECT_AIC_TRANSFORMS_QUANTIZEWEIGHTS_H
