// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/Transforms/Flops.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::aic {

static double extent(int64_t dim) { return ShapedType::isDynamic(dim) ? 1 : static_cast<double>(dim); }

static double elements(Value value) {
  auto type = dyn_cast<ShapedType>(value.getType());
  double count = 1;
  for (int64_t dim : type &&type.hasRank() ? type.getShape() : ArrayRef<int64_t>())
    count *= extent(dim);
  return count;
}

static double product(ArrayRef<int64_t> values) {
  double result = 1;
  for (int64_t value : values)
    result *= extent(value);
  return result;
}

/// Multiply-adds: elements of the result times the steps of each reduction.
static double countContraction(Value result, double steps) { return 2 * elements(result) * steps; }

static double countMatmul(MatmulOp op) {
  return countContraction(op.getResult(), extent(cast<ShapedType>(op.getLhs().getType()).getShape().back()));
}

static double countConv(ConvOp op) {
  double filters =
      extent(cast<ShapedType>(op.getFilter().getType())
                 .getDimSize(op.getChannelsLast() ? cast<ShapedType>(op.getFilter().getType()).getRank() - 1 : 0));
  return countContraction(op.getResult(), elements(op.getFilter()) / std::max(filters, 1.0));
}

/// Every letter of the equation is a loop.
static double countEinsum(EinsumOp op) {
  llvm::SmallDenseMap<char, double> extents;
  SmallVector<StringRef> terms;
  op.getEquation().split("->").first.split(terms, ',');
  for (auto [term, input] : llvm::zip(terms, op.getInputs()))
    for (auto [letter, dim] : llvm::zip(term, cast<ShapedType>(input.getType()).getShape()))
      extents[letter] = extent(dim);
  double count = op.getInputs().size();
  for (auto [letter, size] : extents)
    count *= size;
  return count;
}

/// Arithmetic in a body, once per iteration.
static double countBody(Block &body, bool withIntegers) {
  double count = 0;
  for (Operation &op : body)
    if (StringRef dialect = op.getName().getDialectNamespace(); dialect == "arith" || dialect == "math")
      if (op.getNumResults() > 0 && !isa<arith::ConstantOp>(op)) {
        bool isInteger = withIntegers && isa<arith::AddIOp, arith::MulIOp, arith::SubIOp>(op);
        if (isInteger || getElementTypeOrSelf(op.getResult(0)).isFloat())
          count += op.getName().getStringRef() == "math.fma" ? 2 : 1;
      }
  return count;
}

double countFlops(Operation *op) {
  return TypeSwitch<Operation *, double>(op)
      .Case<MatmulOp>(countMatmul)
      .Case<ConvOp>(countConv)
      .Case<ConvTransposeOp>([](ConvTransposeOp conv) {
        Value filter = conv.getFilter();
        auto channels = cast<ShapedType>(filter.getType()).getShape();
        double inputChannels = extent(conv.getChannelsLast() ? channels.back() : channels.front());
        return 2 * elements(conv.getInput()) * elements(filter) / std::max(inputChannels, 1.0);
      })
      .Case<EinsumOp>(countEinsum)
      .Case<ReduceOp, ArgReduceOp, ScanOp>([](Operation *reduce) { return elements(reduce->getOperand(0)); })
      .Case<SoftmaxOp, LogSoftmaxOp>([](Operation *softmax) { return 4 * elements(softmax->getResult(0)); })
      .Case<LayerNormOp, RMSNormOp, BatchNormOp>([](Operation *norm) { return 6 * elements(norm->getResult(0)); })
      .Case<MaxPoolOp, AvgPoolOp>([](auto pool) { return elements(pool.getResult()) * product(pool.getKernel()); })
      .Case<linalg::GenericOp>([](linalg::GenericOp generic) {
        return product(generic.getStaticLoopRanges()) *
               countBody(*generic.getBody(), generic.getNumReductionLoops() > 0);
      })
      .Case<ReshapeOp, BroadcastOp, TransposeOp, ConcatOp, SliceOp, PadOp, TileOp, RangeOp, GatherOp, GatherElementsOp,
            GatherNDOp, NonZeroOp, ShapeOfOp>([](Operation *) { return 0.0; })
      .Default([](Operation *other) {
        // Elementwise: one for each element of the result.
        bool isGraphOp = isa_and_nonnull<AICDialect>(other->getDialect()) && other->getNumResults() > 0;
        return isGraphOp ? elements(other->getResult(0)) : 0.0;
      });
}

double countFlopsWithin(Operation *op) {
  double sum = 0;
  op->walk([&](Operation *inner) { sum += countFlops(inner); });
  return sum;
}

} // namespace mlir::aic
