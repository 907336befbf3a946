// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- HostDevice.cpp - Models whose tensors are on a device --------------===//
//
// The host only computes extents and puts launches and copies into a stream. What it needs of a tensor it reads into
// its own memory first, which waits for the device: small tensors are read as a whole, once.
//
//===----------------------------------------------------------------------===//
#include "HostPlan.h"
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "mlir/Dialect/Affine/Utils.h"

namespace mlir::aic {

/// Tensors of more bytes are read element by element.
constexpr int64_t kWholeBytes = 512;
constexpr StringLiteral kLaunches = "nvidia.launches", kText = "aic_host_ptx", kTextSize = "aic_host_ptx_size",
                        kDeviceTable = "aic_host_cuda";

/// The model is one for a device if its target is or a kernel says how it is launched; then all have to.
LogicalResult HostPlan::checkDevice() {
  auto target = module->getAttrOfType<TargetAttr>(TargetAttr::attributeName);
  onDevice = target && target.getBackend() == "nvidia";
  auto isLaunched = [&](func::CallOp call) {
    func::FuncOp declaration = kernels.lookup(call.getCallee());
    return declaration && declaration->hasAttr(kLaunches);
  };
  main.walk([&](func::CallOp call) { onDevice |= isLaunched(call); });
  if (!onDevice)
    return success();
  WalkResult result = main.walk([&](func::CallOp call) -> WalkResult {
    if (isLaunched(call))
      return success();
    return call.emitError("expected '") << kLaunches << "' on kernel '" << call.getCallee() << "' of a model for CUDA";
  });
  return failure(result.wasInterrupted());
}

/// Room for what tensor.from_elements writes and for one element that is read.
void HostPlan::emitScratch(Emission &e) {
  int64_t size = 8;
  main.walk([&](tensor::FromElementsOp op) {
    size = std::max(size, op.getType().getNumElements() * elementBytes(op.getType().getElementType()));
  });
  e.scratch = LLVM::AllocaOp::create(e.b, loc, ptr, e.b.getI8Type(), constant(e, size), 16);
}

/// Where the host can load the element number `offset` (null: 0) of a tensor from.
/// Its memory begins at `base`.
FailureOr<Value> HostPlan::readable(Emission &e, Value tensor, Value base, Value offset, Type stored) {
  auto element = [&](Value start) -> Value {
    return offset ? LLVM::GEPOp::create(e.b, loc, ptr, stored, start, ValueRange{offset}).getResult() : start;
  };
  if (!onDevice)
    return element(base);
  Value r = root(tensor);
  if (Value known = e.read.lookup(r))
    return element(known);
  if (isa_and_nonnull<arith::ConstantOp, PackOp>(r.getDefiningOp())) { // the host has constants, too
    FailureOr<int64_t> offset = weight(r);
    if (failed(offset))
      return failure();
    return element(at(e, call(e, kWeightsFunction, ptr, {}), constant(e, *offset)));
  }
  auto type = tensorType(r);
  int64_t size = type.hasStaticShape() ? type.getNumElements() * elementBytes(type.getElementType()) : 0;
  if (size <= 0 || size > kWholeBytes) {
    call(e, "aicrt_cuda_read", none(),
         {e.call, e.scratch, element(base), constant(e, elementBytes(type.getElementType()))});
    return e.scratch;
  }
  Value buffer;
  {
    OpBuilder::InsertionGuard guard(e.b); // once per call: a loop would let the stack grow
    e.b.setInsertionPointAfter(e.scratch.getDefiningOp());
    buffer = LLVM::AllocaOp::create(e.b, loc, ptr, e.b.getI8Type(), constant(e, size), 16);
  }
  call(e, "aicrt_cuda_read", none(), {e.call, buffer, base, constant(e, size)});
  e.read[r] = buffer;
  return element(buffer);
}

/// The number of a function in the table.
FailureOr<int64_t> HostPlan::deviceFunction(func::FuncOp declaration, DictionaryAttr launch) {
  auto name = launch.getAs<StringAttr>("function");
  auto block = launch.getAs<DenseI64ArrayAttr>("block");
  auto shared = launch.getAs<IntegerAttr>("shared");
  if (!name || !block || block.size() != 3 || llvm::any_of(block.asArrayRef(), [](int64_t b) { return b <= 0; }))
    return declaration.emitError("expected {function = \"name\", grid = affine_map, block = array<i64: x, y, z>} in '")
           << kLaunches << "', got " << launch;
  SmallVector<int64_t> row{io.string(name)};
  llvm::append_range(row, block.asArrayRef());
  row.push_back(shared ? shared.getInt() : 0);
  auto known = llvm::find(deviceFunctions, row);
  if (known != deviceFunctions.end())
    return known - deviceFunctions.begin();
  deviceFunctions.push_back(row);
  return int64_t(deviceFunctions.size()) - 1;
}

/// The buffers and extents are stored already.
LogicalResult HostPlan::emitLaunches(Emission &e, func::CallOp op, func::FuncOp declaration, int64_t buffers,
                                     ArrayRef<Value> extents, NamedAttrList &entry) {
  auto list = declaration->getAttrOfType<ArrayAttr>(kLaunches);
  if (!list || !llvm::all_of(list, llvm::IsaPred<DictionaryAttr>))
    return declaration.emitError("expected a list of dictionaries as '") << kLaunches << "'";
  MLIRContext *context = module.getContext();
  // Extents that are numbers make a grid of numbers. The map's dims come first, then its symbols, which may be
  // multiplied.
  SmallVector<AffineExpr> inputs;
  for (auto [i, extent] : llvm::enumerate(extents)) {
    std::optional<int64_t> known = getConstantIntValue(extent);
    inputs.push_back(known ? getAffineConstantExpr(*known, context) : getAffineSymbolExpr(i, context));
  }
  SmallVector<Attribute> functions;
  for (auto launch : list.getAsRange<DictionaryAttr>()) {
    FailureOr<int64_t> number = deviceFunction(declaration, launch);
    if (failed(number))
      return failure();
    auto grid = launch.getAs<AffineMapAttr>("grid");
    if (!grid || grid.getValue().getNumResults() != 3 || grid.getValue().getNumInputs() != extents.size())
      return declaration.emitError("expected a grid of 3 extents by the kernel's ")
             << extents.size() << " index parameters in '" << kLaunches << "', got " << launch.get("grid");
    SmallVector<Value> operands{e.call,
                                constant(e, *number),
                                e.buffers,
                                constant(e, buffers),
                                e.extents,
                                constant(e, int64_t(extents.size())),
                                constant(e, int64_t(launches.size()))};
    SmallVector<Attribute> numbers;
    unsigned numDims = grid.getValue().getNumDims();
    for (AffineExpr expr : grid.getValue().getResults()) {
      expr = expr.replaceDimsAndSymbols(ArrayRef(inputs).take_front(numDims), ArrayRef(inputs).drop_front(numDims));
      expr = simplifyAffineExpr(expr, 0, extents.size());
      if (auto known = dyn_cast<AffineConstantExpr>(expr)) {
        operands.push_back(constant(e, known.getValue()));
        numbers.push_back(e.b.getI64IntegerAttr(known.getValue()));
        continue;
      }
      Value extent = affine::expandAffineExpr(e.b, loc, expr, {}, extents);
      if (!extent)
        return declaration.emitError("expected a grid that the host can compute, got ") << grid;
      operands.push_back(toI64(e, extent));
    }
    call(e, "aicrt_cuda_launch", none(), operands);
    NamedAttrList function;
    function.set("name", launch.get("function"));
    SmallVector<Attribute> block;
    for (int64_t b : launch.getAs<DenseI64ArrayAttr>("block").asArrayRef())
      block.push_back(e.b.getI64IntegerAttr(b));
    function.set("block", e.b.getArrayAttr(block));
    if (numbers.size() == 3)
      function.set("grid", e.b.getArrayAttr(numbers));
    functions.push_back(function.getDictionary(context));
  }
  entry.set("functions", e.b.getArrayAttr(functions));
  return success();
}

void HostPlan::defineDeviceGlobals(function_ref<void(StringRef, Type, Attribute)> define) {
  int64_t weightEnd = 0;
  if (!weightList.empty()) {
    auto last = cast<DictionaryAttr>(weightList.back());
    weightEnd = last.getAs<IntegerAttr>("offset").getInt() + last.getAs<IntegerAttr>("bytes").getInt();
  }
  SmallVector<int64_t> table{int64_t(deviceFunctions.size()), weightEnd};
  for (ArrayRef<int64_t> row : deviceFunctions)
    llvm::append_range(table, row);
  define(kDeviceTable, LLVM::LLVMArrayType::get(i64, table.size()),
         DenseElementsAttr::get(RankedTensorType::get({int64_t(table.size())}, i64), ArrayRef<int64_t>(table)));
  auto text = module->getAttrOfType<StringAttr>(kDeviceTextAttr);
  defineDeviceText(module, text ? text.getValue() : "");
  declare(kWeightsFunction, ptr, {}); // for the runtime, which gives them to the device
  builder.setInsertionPointToStart(module.getBody());
  auto hooks = LLVM::GlobalOp::create(builder, loc, LLVM::LLVMArrayType::get(ptr, 4), /*isConstant=*/true,
                                      LLVM::Linkage::External, kDeviceHooks, Attribute());
  hooks.setVisibility_(LLVM::Visibility::Hidden);
}

void defineDeviceText(ModuleOp module, StringRef text) {
  OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
  std::string terminated = text.str() + '\0';
  auto define = [&](StringRef name, Type type, Attribute value) {
    if (auto old = module.lookupSymbol<LLVM::GlobalOp>(name))
      old.erase();
    auto global =
        LLVM::GlobalOp::create(b, module.getLoc(), type, /*isConstant=*/true, LLVM::Linkage::External, name, value);
    global.setVisibility_(LLVM::Visibility::Hidden);
  };
  define(kText, LLVM::LLVMArrayType::get(b.getI8Type(), terminated.size()), b.getStringAttr(terminated));
  define(kTextSize, b.getI64Type(), b.getI64IntegerAttr(int64_t(text.size())));
}

} // namespace mlir::aic
