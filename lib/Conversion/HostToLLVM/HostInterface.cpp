// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "HostInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Location.h"
#include <optional>

namespace mlir::aic {

/// The number of an element type in aic_model.h.
static std::optional<unsigned> dtypeOf(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return 0;
    case 8:
      return isUnsigned ? 5 : 1;
    case 16:
      return isUnsigned ? 6 : 2;
    case 32:
      return isUnsigned ? 7 : 3;
    case 64:
      return isUnsigned ? 8 : 4;
    default:
      return std::nullopt;
    }
  }
  if (type.isF16())
    return 9;
  if (type.isBF16())
    return 10;
  if (type.isF32())
    return 11;
  if (type.isF64())
    return 12;
  return std::nullopt;
}

static StringRef dtypeName(unsigned dtype) {
  static const StringLiteral names[] = {"i1",   "i8",   "i16", "i32",  "i64", "ui8", "ui16",
                                        "ui32", "ui64", "f16", "bf16", "f32", "f64"};
  return names[dtype];
}

unsigned HostInterface::addSymbol(StringRef name, Attribute bounds) {
  unsigned number = symbols.size();
  if (name.empty()) {
    symbols.emplace_back();
  } else {
    auto [it, isNew] = symbolOf.try_emplace(name, number);
    number = it->second;
    if (isNew)
      symbols.emplace_back().name = name.str();
  }
  SmallVector<int64_t, 3> limits;
  if (auto list = dyn_cast_or_null<ArrayAttr>(bounds))
    for (Attribute limit : list)
      if (auto value = dyn_cast<IntegerAttr>(limit))
        limits.push_back(value.getInt());
  if (auto list = dyn_cast_or_null<DenseI64ArrayAttr>(bounds))
    limits.assign(list.asArrayRef().begin(), list.asArrayRef().end());
  Symbol &symbol = symbols[number];
  if (limits.size() > 0)
    symbol.minimum = std::max(symbol.minimum, limits[0]);
  if (limits.size() > 1 && limits[1] >= 0)
    symbol.maximum = symbol.maximum < 0 ? limits[1] : std::min(symbol.maximum, limits[1]);
  if (limits.size() > 2 && limits[2] > 1)
    symbol.multiple = limits[2];
  return number;
}

LogicalResult HostInterface::readPort(func::FuncOp main, Type type, DictionaryAttr attrs, bool isArgument,
                                      unsigned number) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  Port port;
  std::string fallback = (isArgument ? "input" : "output") + std::to_string(number);
  auto name = attrs ? attrs.getAs<StringAttr>("aic.name") : StringAttr();
  port.name = name ? name.str() : fallback;
  Type element = tensor ? tensor.getElementType() : type;
  if (auto original = attrs ? attrs.getAs<TypeAttr>("aic.element_type") : TypeAttr())
    element = original.getValue();
  std::optional<unsigned> dtype = dtypeOf(element);
  if (!tensor || !dtype)
    return main.emitError() << "expected a ranked tensor of a type of the C interface for '" << port.name << "', got "
                            << type;
  port.dtype = *dtype;
  auto names = attrs ? attrs.getAs<ArrayAttr>("aic.dims") : ArrayAttr();
  auto bounds = attrs ? attrs.getAs<ArrayAttr>("aic.bounds") : ArrayAttr();
  SmallVector<unsigned> ofDims;
  for (auto [d, extent] : llvm::enumerate(tensor.getShape())) {
    StringRef dimName;
    if (names && d < names.size())
      if (auto text = dyn_cast<StringAttr>(names[d]))
        dimName = text.getValue();
    bool isDynamic = ShapedType::isDynamic(extent);
    unsigned symbol = kNone;
    if (isDynamic && isArgument)
      symbol = addSymbol(dimName, bounds && d < bounds.size() ? bounds[d] : Attribute());
    port.dims.push_back(!isDynamic ? extent : isArgument ? -1 - int64_t(symbol) : -1);
    port.dimNames.push_back(isDynamic ? dimName.str() : "");
    ofDims.push_back(symbol);
  }
  if (isArgument)
    argumentSymbols.push_back(std::move(ofDims));
  (isArgument ? inputs : outputs).push_back(std::move(port));
  return success();
}

FailureOr<HostInterface> HostInterface::read(func::FuncOp main) {
  HostInterface result;
  for (auto [i, type] : llvm::enumerate(main.getArgumentTypes()))
    if (failed(result.readPort(main, type, main.getArgAttrDict(i), true, i)))
      return failure();
  for (auto [i, type] : llvm::enumerate(main.getResultTypes()))
    if (failed(result.readPort(main, type, main.getResultAttrDict(i), false, i)))
      return failure();
  return result;
}

int64_t HostInterface::string(StringRef text) {
  auto [it, isNew] = stringOf.try_emplace(text, stringTable.size());
  if (isNew) {
    stringTable += text;
    stringTable += '\0';
  }
  return it->second;
}

SmallVector<int64_t> HostInterface::ioTable(int64_t heapSlots, int64_t threads, StringRef features) {
  SmallVector<int64_t> table = {
      int64_t(inputs.size()), int64_t(outputs.size()), int64_t(symbols.size()), heapSlots, threads, string(features)};
  for (const Symbol &s : symbols)
    table.append({string(s.name), s.minimum, s.maximum, s.multiple});
  for (const std::vector<Port> *ports : {&inputs, &outputs})
    for (const Port &port : *ports) {
      table.append({int64_t(port.dtype), int64_t(port.dims.size()), string(port.name)});
      llvm::append_range(table, port.dims);
    }
  return table;
}

DictionaryAttr HostInterface::describe(MLIRContext *context, const Port &port, bool isInput) const {
  Builder b(context);
  SmallVector<Attribute> dims, bounds;
  bool bounded = false;
  for (auto [extent, name] : llvm::zip_equal(port.dims, port.dimNames)) {
    dims.push_back(extent >= 0 ? Attribute(b.getI64IntegerAttr(extent)) : Attribute(b.getStringAttr(name)));
    Symbol symbol;
    if (extent < 0 && isInput)
      symbol = symbols[-1 - extent];
    bounded |= symbol.minimum > 0 || symbol.maximum >= 0 || symbol.multiple > 1;
    bounds.push_back(b.getI64ArrayAttr({symbol.minimum, symbol.maximum, symbol.multiple}));
  }
  NamedAttrList entries;
  entries.set("name", b.getStringAttr(port.name));
  entries.set("dtype", b.getStringAttr(dtypeName(port.dtype)));
  entries.set("dims", b.getArrayAttr(dims));
  if (bounded)
    entries.set("bounds", b.getArrayAttr(bounds));
  return entries.getDictionary(context);
}

DictionaryAttr HostInterface::describe(MLIRContext *context) const {
  Builder b(context);
  NamedAttrList entries;
  for (bool isInput : {true, false}) {
    SmallVector<Attribute> list;
    for (const Port &port : isInput ? inputs : outputs)
      list.push_back(describe(context, port, isInput));
    entries.set(isInput ? "inputs" : "outputs", b.getArrayAttr(list));
  }
  return entries.getDictionary(context);
}

} // namespace mlir::aic
