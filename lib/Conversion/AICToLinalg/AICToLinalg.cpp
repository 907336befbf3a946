// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- AICToLinalg.cpp - The pass and what is not an operation's own ------===//
//
// A function is written anew beside the old one, operation by operation in
// order: the old IR stays intact, so symbolic dims can be asked of it all the
// time. Shape arithmetic whose elements are expressions of extents becomes a
// generic that writes those numbers; where only shapes used it, it is dead and
// removed with everything else that is.
//
//===----------------------------------------------------------------------===//
#include "aic/Conversion/AICToLinalg/AICToLinalg.h"
#include "Lowering.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"

namespace mlir::aic {
#define GEN_PASS_DEF_CONVERTAICTOLINALGPASS
#include "aic/Conversion/AICToLinalg/AICToLinalg.h.inc"

using namespace lowering;

namespace {

/// The signless form of a declared type.
Type signlessType(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return RankedTensorType::get(tensor.getShape(), signless(tensor.getElementType()));
  return signless(type);
}

TypedAttr signlessAttr(TypedAttr attr) {
  Type type = signlessType(attr.getType());
  if (type == attr.getType())
    return attr;
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (auto dense = dyn_cast<DenseElementsAttr>(attr))
    return DenseElementsAttr::getFromRawBuffer(tensor, dense.getRawData());
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    return DenseResourceElementsAttr::get(tensor, resource.getRawHandle());
  if (auto number = dyn_cast<IntegerAttr>(attr))
    return IntegerAttr::get(type, number.getValue());
  return nullptr;
}

class FunctionConverter {
public:
  FunctionConverter(func::FuncOp source, const Table &table) : source(source), table(table), l(source.getContext()) {}

  LogicalResult run();

private:
  func::FuncOp createTarget();
  void nameDims(Block &entry);
  LogicalResult convertBlock(Block &from);
  LogicalResult convertOp(Operation &op);
  LogicalResult convertGraphOp(Operation &op);
  void declare(Dims &dims, Value value);
  LogicalResult convertPlainOp(Operation &op);
  /// Writes an integer tensor from the expressions of its elements; false if one is not known.
  bool writeElements(Location loc, Value old);
  void keep(Operation &op);
  /// An integer tensor with the sign bit flipped: unsigned order as signed order, and back.
  Value flipSign(Location loc, Value value);

  func::FuncOp source;
  const Table &table;
  Lowering l;
};

} // namespace

//===-- Functions ---------------------------------------------------------===//

func::FuncOp FunctionConverter::createTarget() {
  FunctionType type = source.getFunctionType();
  auto convert = [](Type t) { return signlessType(t); };
  auto target = func::FuncOp::create(l.b, source.getLoc(), source.getName(),
                                     l.b.getFunctionType(llvm::map_to_vector(type.getInputs(), convert),
                                                         llvm::map_to_vector(type.getResults(), convert)));
  StringRef typeName = source.getFunctionTypeAttrName();
  for (NamedAttribute attr : source->getAttrs())
    if (attr.getName() != typeName)
      target->setAttr(attr.getName(), attr.getValue());
  StringAttr elementType = l.b.getStringAttr("aic.element_type");
  for (auto [i, input] : llvm::enumerate(type.getInputs()))
    if (getElementTypeOrSelf(input).isUnsignedInteger())
      target.setArgAttr(i, elementType, TypeAttr::get(getElementTypeOrSelf(input)));
  for (auto [i, result] : llvm::enumerate(type.getResults()))
    if (getElementTypeOrSelf(result).isUnsignedInteger())
      target.setResultAttr(i, elementType, TypeAttr::get(getElementTypeOrSelf(result)));
  return target;
}

/// Extents of one name are one symbol; that they are equal is checked at run time.
void FunctionConverter::nameDims(Block &entry) {
  struct Named {
    AffineExpr symbol;
    BlockArgument arg;
    int64_t dim;
  };
  llvm::StringMap<Named> names;
  for (BlockArgument arg : entry.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(arg.getType());
    auto attr = source.getArgAttrOfType<ArrayAttr>(arg.getArgNumber(), "aic.dims");
    if (!type || !attr || static_cast<int64_t>(attr.size()) != type.getRank())
      continue;
    Dims dims = l.dims(arg);
    for (auto [i, name] : llvm::enumerate(attr)) {
      auto string = dyn_cast<StringAttr>(name);
      if (!string || string.empty() || !type.isDynamicDim(i))
        continue;
      auto [it, isNew] = names.try_emplace(string.getValue(), Named{dims[i], arg, static_cast<int64_t>(i)});
      if (isNew)
        continue;
      dims[i] = it->second.symbol;
      Location loc = arg.getLoc();
      Value here = tensor::DimOp::create(l.b, loc, l.get(arg), i);
      Value first = tensor::DimOp::create(l.b, loc, l.get(it->second.arg), it->second.dim);
      Value equal = arith::CmpIOp::create(l.b, loc, arith::CmpIPredicate::eq, here, first);
      cf::AssertOp::create(l.b, loc, equal,
                           ("expected equal extents named '" + string.getValue() + "', got dimension " + Twine(i) +
                            " of argument " + Twine(arg.getArgNumber()) + " unlike dimension " + Twine(it->second.dim) +
                            " of argument " + Twine(it->second.arg.getArgNumber()))
                               .str());
    }
    l.scope.setDims(arg, dims);
  }
}

static void removeDeadCode(Operation *root) {
  SmallVector<Operation *> ops;
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op != root)
      ops.push_back(op);
    return isa<linalg::LinalgOp>(op) ? WalkResult::skip() : WalkResult::advance(); // bodies go with their operation
  });
  for (Operation *op : llvm::reverse(ops)) // what is inside comes before what it is inside of
    if (isOpTriviallyDead(op))
      op->erase();
}

LogicalResult FunctionConverter::run() {
  l.b.setInsertionPoint(source);
  func::FuncOp target = createTarget();
  Block *entry = target.addEntryBlock();
  l.b.setInsertionPointToStart(entry);
  for (auto [from, to] : llvm::zip_equal(source.getArguments(), entry->getArguments()))
    l.set(from, to);
  nameDims(source.getBody().front());
  if (!source.getBody().hasOneBlock())
    return source.emitError("expected structured control flow, got several blocks");
  if (failed(convertBlock(source.getBody().front())))
    return failure();
  source.erase();
  IRRewriter rewriter(target.getContext());
  removeDeadCode(target);
  DominanceInfo dominance(target);
  eliminateCommonSubExpressions(rewriter, dominance, target);
  removeDeadCode(target);
  return success();
}

LogicalResult FunctionConverter::convertBlock(Block &from) {
  for (Operation &op : from)
    if (failed(convertOp(op)))
      return failure();
  return success();
}

//===-- Operations --------------------------------------------------------===//

LogicalResult FunctionConverter::convertOp(Operation &op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    TypedAttr attr = signlessAttr(constant.getValue());
    if (!attr)
      return op.emitError("expected a dense constant, got ") << constant.getValue();
    l.set(constant, arith::ConstantOp::create(l.b, op.getLoc(), attr));
    return success();
  }
  if (isa<GraphOpInterface>(op))
    return convertGraphOp(op);
  if (isa<arith::ArithDialect, func::FuncDialect, math::MathDialect, scf::SCFDialect, tensor::TensorDialect>(
          op.getDialect()))
    return convertPlainOp(op);
  return op.emitError("expected a graph operation, got '") << op.getName() << "'";
}

/// The numbers that the type declares: what else was inferred has to equal them.
void FunctionConverter::declare(Dims &dims, Value value) {
  for (auto [d, dim, declared] : llvm::enumerate(dims, cast<RankedTensorType>(value.getType()).getShape())) {
    if (ShapedType::isDynamic(declared) || constantDim(dim) == declared)
      continue;
    AffineExpr number = l.scope.constant(declared);
    if (l.number(value.getLoc(), dim)) {
      l.scope.requireEqual(dim, number,
                           "expected extent " + Twine(declared) + " in dimension " + Twine(d) + ", got another one");
    } else { // a new unknown: it is this number
      for (Requirement &requirement : l.open)
        for (Comparison &c : requirement.anyOf) {
          c.lhs = simplifyDim(c.lhs.replace(dim, number));
          c.rhs = simplifyDim(c.rhs.replace(dim, number));
        }
    }
    dim = number;
  }
}

LogicalResult FunctionConverter::convertGraphOp(Operation &op) {
  SmallVector<Dims> inferred;
  if (failed(cast<GraphOpInterface>(op).inferShapes(l.scope, inferred)))
    return failure();
  for (auto [result, dims] : llvm::zip_equal(op.getResults(), inferred)) {
    declare(dims, result);
    l.scope.setDims(result, dims);
  }
  l.assertRequirements(op.getLoc());
  if (op.getNumResults() == 1 && writeElements(op.getLoc(), op.getResult(0)))
    return success();
  if (const Table::Converter *converter = table.find(&op)) {
    if (failed((*converter)(l, &op)))
      return failure();
  } else if (isa<ScanOp, TopKOp, ScatterElementsOp, ScatterNDOp, NonZeroOp>(op)) {
    keep(op);
  } else {
    return op.emitOpError("cannot be converted to linalg");
  }
  l.assertRequirements(op.getLoc());
  if (!l.open.empty())
    return op.emitOpError("expected extents that are known at run time for the check '") << l.open.front().text << "'";
  // Elements that only run time tells become roots of the expressions that use them.
  if (op.getNumResults() == 1)
    if (std::optional<Dims> elements = l.scope.elements(op.getResult(0)))
      for (size_t i = 0; i < elements->size(); ++i)
        if (!l.number(op.getLoc(), (*elements)[i]))
          l.element(op.getLoc(), op.getResult(0), i);
  return success();
}

LogicalResult FunctionConverter::convertPlainOp(Operation &op) {
  SmallVector<Value> operands;
  for (Value operand : op.getOperands())
    operands.push_back(l.cast(op.getLoc(), l.get(operand), signlessType(operand.getType())));
  OperationState state(op.getLoc(), op.getName());
  state.addOperands(operands);
  state.addTypes(llvm::map_to_vector(op.getResultTypes(), signlessType));
  state.addAttributes(op.getAttrs());
  for (unsigned i = 0; i < op.getNumRegions(); ++i)
    state.addRegion();
  Operation *created = l.b.create(state);
  for (auto [from, to] : llvm::zip_equal(op.getRegions(), created->getRegions())) {
    if (from.empty())
      continue;
    if (!from.hasOneBlock())
      return op.emitError("expected structured control flow, got several blocks");
    OpBuilder::InsertionGuard guard(l.b);
    Block *block = l.b.createBlock(&to);
    l.enterRegion();
    for (BlockArgument arg : from.getArguments())
      l.set(arg, block->addArgument(signlessType(arg.getType()), arg.getLoc()));
    l.b.setInsertionPointToEnd(block);
    LogicalResult converted = convertBlock(from.front());
    l.leaveRegion();
    if (failed(converted))
      return failure();
  }
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    if (isa<RankedTensorType>(cast.getType()) && isa<RankedTensorType>(cast.getSource().getType())) {
      Dims dims = l.dims(cast.getSource());
      declare(dims, cast);
      l.scope.setDims(cast, dims);
      l.assertRequirements(op.getLoc());
    }
  for (auto [from, to] : llvm::zip_equal(op.getResults(), created->getResults()))
    l.set(from, to);
  return success();
}

//===-- Shape arithmetic --------------------------------------------------===//

bool FunctionConverter::writeElements(Location loc, Value old) {
  Type element = l.type(old).getElementType();
  if (!isa<IntegerType>(element))
    return false;
  std::optional<Dims> elements = l.scope.elements(old);
  if (!elements || elements->empty())
    return false;
  SmallVector<OpFoldResult> numbers;
  for (AffineExpr expr : *elements) {
    std::optional<OpFoldResult> number = l.number(loc, expr);
    if (!number)
      return false;
    numbers.push_back(*number);
  }
  RankedTensorType type = l.type(old);
  if (llvm::all_of(numbers, [](OpFoldResult n) { return isa<Attribute>(n); })) {
    SmallVector<APInt> values = llvm::map_to_vector(numbers, [&](OpFoldResult n) {
      return cast<IntegerAttr>(cast<Attribute>(n)).getValue().sextOrTrunc(element.getIntOrFloatBitWidth());
    });
    l.set(old, arith::ConstantOp::create(l.b, loc, DenseElementsAttr::get(type, values)));
    return true;
  }
  SmallVector<Value> values = llvm::map_to_vector(numbers, [&](OpFoldResult n) { return l.index(loc, n); });
  Extents extents = llvm::map_to_vector(type.getShape(), [&](int64_t e) { return l.num(e); });
  // The position in row-major order chooses the number.
  Value result = l.pointwise(loc, {}, {}, extents, element, [&](OpBuilder &b, Location loc, ValueRange) -> Value {
    Value position;
    for (auto [i, extent] : llvm::enumerate(type.getShape())) {
      Value d = linalg::IndexOp::create(b, loc, i);
      if (!position) {
        position = d;
        continue;
      }
      Value scaled = arith::MulIOp::create(b, loc, position, arith::ConstantIndexOp::create(b, loc, extent));
      position = arith::AddIOp::create(b, loc, scaled, d);
    }
    Value chosen = values.back();
    for (int64_t i = static_cast<int64_t>(values.size()) - 2; i >= 0; --i) {
      Value isHere =
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, position, arith::ConstantIndexOp::create(b, loc, i));
      chosen = arith::SelectOp::create(b, loc, isHere, values[i], chosen);
    }
    Value wide = arith::IndexCastOp::create(b, loc, b.getI64Type(), chosen);
    return castScalar(b, loc, wide, false, element, false);
  });
  l.set(old, result);
  return true;
}

//===-- Operations that stay ----------------------------------------------===//

Value FunctionConverter::flipSign(Location loc, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return l.pointwise(loc, value, l.identity(type.getRank()), l.shape(loc, value), type.getElementType(),
                     [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                       unsigned width = args[0].getType().getIntOrFloatBitWidth();
                       Value bit = arith::ConstantOp::create(
                           b, loc, b.getIntegerAttr(args[0].getType(), APInt::getSignMask(width)));
                       return arith::XOrIOp::create(b, loc, args[0], bit);
                     });
}

void FunctionConverter::keep(Operation &op) {
  Location loc = op.getLoc();
  auto isExtreme = [](ScatterKind kind) { return kind == ScatterKind::max || kind == ScatterKind::min; };
  bool ordered = isa<TopKOp>(op);
  if (auto scatter = dyn_cast<ScatterElementsOp>(op))
    ordered = isExtreme(scatter.getKind());
  if (auto scatter = dyn_cast<ScatterNDOp>(op))
    ordered = isExtreme(scatter.getKind());
  OperationState state(loc, op.getName());
  for (Value operand : op.getOperands())
    state.operands.push_back(ordered && l.isUnsigned(operand) ? flipSign(loc, l.get(operand)) : l.get(operand));
  for (Value result : op.getResults())
    state.types.push_back(l.type(result));
  state.addAttributes(op.getAttrs());
  Operation *created = l.b.create(state);
  for (auto [from, to] : llvm::zip_equal(op.getResults(), created->getResults()))
    l.set(from, ordered && l.isUnsigned(from) ? flipSign(loc, to) : to);
}

//===-- Pass --------------------------------------------------------------===//

namespace {
struct ConvertAICToLinalgPass : impl::ConvertAICToLinalgPassBase<ConvertAICToLinalgPass> {
  LogicalResult initialize(MLIRContext *) override {
    addElementwise(table);
    addContractions(table);
    addConvolutions(table);
    addPools(table);
    addResize(table);
    addReductions(table);
    addNormalizations(table);
    addMovement(table);
    addIndexed(table);
    return success();
  }

  void runOnOperation() override {
    for (auto func : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (!func.isExternal() && failed(FunctionConverter(func, table).run()))
        return signalPassFailure();
  }

  Table table;
};
} // namespace

} // namespace mlir::aic
