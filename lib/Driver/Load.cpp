// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Load.cpp - Model files to modules of the graph level ---------------===//
#include "Internal.h"
#include "aic/Import/ONNX/Import.h"
#include "aic/InitAll.h"
#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/xxhash.h"

#include <limits>
#include <mutex>

namespace mlir::aic {

static LogicalResult parseDim(StringRef text, DimBinding &dim, std::string &error) {
  auto [name, value] = text.rsplit('=');
  StringRef range = value;
  dim.name = name.trim().str();
  auto number = [](StringRef digits, int64_t &result) {
    return !digits.trim().getAsInteger(10, result) && result >= 0;
  };
  bool valid = !dim.name.empty();
  if (auto [span, multiple] = range.split(':'); !multiple.empty() || range.contains(':')) {
    valid &= number(multiple, dim.multiple) && dim.multiple > 0;
    range = span;
  }
  if (range.contains("..")) {
    auto [low, high] = range.split("..");
    valid &= low.empty() || number(low, dim.minimum);
    valid &= high.empty() || (number(high, dim.maximum) && dim.maximum >= dim.minimum);
  } else {
    valid &= number(range, dim.minimum);
    dim.maximum = dim.minimum;
  }
  if (!valid)
    error = "expected NAME=N or NAME=MIN..MAX[:MULTIPLE] as a dim, got '" + text.str() + "'";
  return success(valid);
}

LogicalResult parseDims(StringRef text, std::vector<DimBinding> &dims, std::string &error) {
  for (StringRef part : llvm::split(text, ',')) {
    if (part.trim().empty())
      continue;
    DimBinding dim;
    if (failed(parseDim(part.trim(), dim, error)))
      return failure();
    if (llvm::any_of(dims, [&](const DimBinding &other) { return other.name == dim.name; })) {
      error = "expected each dim once, got '" + dim.name + "' twice";
      return failure();
    }
    dims.push_back(std::move(dim));
  }
  return success();
}

void registerCompilerDialects(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  static std::once_flag once; // pipelines look passes up by name
  std::call_once(once, registerAllPasses);
}

//===-- Dims ----------------------------------------------------------------===//

static const DimBinding *findBinding(ArrayRef<DimBinding> dims, StringRef symbol, StringRef place) {
  for (const DimBinding &dim : dims)
    if ((!symbol.empty() && dim.name == symbol) || dim.name == place)
      return &dim;
  return nullptr;
}

LogicalResult bindDims(ModuleOp module, ArrayRef<DimBinding> dims) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || dims.empty())
    return success();
  Builder b(module.getContext());
  SmallVector<Type> types(main.getArgumentTypes());
  for (auto [i, argType] : llvm::enumerate(types)) {
    auto type = dyn_cast<RankedTensorType>(argType);
    if (!type)
      continue;
    auto name = main.getArgAttrOfType<StringAttr>(i, "aic.name");
    auto labels = main.getArgAttrOfType<ArrayAttr>(i, "aic.dims");
    SmallVector<int64_t> shape(type.getShape());
    SmallVector<Attribute> bounds(shape.size(), b.getI64ArrayAttr({0, -1, 1}));
    bool bounded = false;
    for (auto [d, extent] : llvm::enumerate(shape)) {
      auto label = labels && d < labels.size() ? dyn_cast<StringAttr>(labels[d]) : StringAttr();
      std::string place = (name ? name.str() : "input" + std::to_string(i)) + ":" + std::to_string(d);
      const DimBinding *dim = findBinding(dims, label ? label.getValue() : "", place);
      if (!dim || !ShapedType::isDynamic(extent))
        continue;
      if (dim->minimum == dim->maximum) {
        extent = dim->minimum;
      } else {
        bounds[d] = b.getI64ArrayAttr({dim->minimum, dim->maximum, dim->multiple});
        bounded = true;
      }
    }
    if (bounded)
      main.setArgAttr(i, "aic.bounds", b.getArrayAttr(bounds));
    types[i] = type.clone(shape);
    main.getArgument(i).setType(types[i]);
  }
  main.setFunctionType(b.getFunctionType(types, main.getResultTypes()));
  return success();
}

//===-- Extra outputs -------------------------------------------------------===//

/// The argument or the value that the model calls `name`, or the first result of the node of that name.
static Value findValue(func::FuncOp main, StringRef name) {
  for (BlockArgument argument : main.getArguments())
    if (auto known = main.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "aic.name"))
      if (known.getValue() == name)
        return argument;
  Value byNode;
  for (Operation &op : main.front().without_terminator()) {
    auto loc = dyn_cast<NameLoc>(op.getLoc());
    if (!loc || !op.getNumResults())
      continue;
    auto value = dyn_cast<NameLoc>(loc.getChildLoc());
    if (value && value.getName() == name)
      return op.getResult(0);
    if (loc.getName() == name)
      byNode = op.getResult(0);
  }
  return byNode;
}

static LogicalResult addOutputs(ModuleOp module, ArrayRef<std::string> names) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || names.empty())
    return success();
  Builder b(module.getContext());
  Operation *done = main.front().getTerminator();
  for (const std::string &name : names) {
    bool isOutput = false;
    for (unsigned i = 0; i < main.getNumResults(); ++i)
      isOutput |= main.getResultAttr(i, "aic.name") == b.getStringAttr(name);
    if (isOutput)
      continue;
    Value value = findValue(main, name);
    if (!value || !isa<RankedTensorType>(value.getType()))
      return module.emitError("expected the name of a value or a node of the model, got '") << name << "'";
    unsigned number = main.getNumResults();
    done->insertOperands(number, value);
    if (failed(main.insertResult(number, value.getType(),
                                 b.getDictionaryAttr(b.getNamedAttr("aic.name", b.getStringAttr(name))))))
      return failure();
  }
  return success();
}

//===-- Files ---------------------------------------------------------------===//

static bool isModule(StringRef bytes, StringRef name) {
  if (bytes.starts_with("ML\xefR"))
    return true;
  return llvm::sys::path::extension(name) == ".mlir" || llvm::sys::path::extension(name) == ".mlirbc";
}

/// A C identifier from the model's file.
static std::string identifier(StringRef path) {
  std::string name;
  for (char c : llvm::sys::path::stem(path))
    name += llvm::isAlnum(c) ? c : '_';
  return name.empty() || llvm::isDigit(name[0]) ? "model_" + name : name;
}

static OwningOpRef<ModuleOp> loadBuffer(MLIRContext &context, std::shared_ptr<llvm::MemoryBuffer> buffer,
                                        StringRef name, StringRef path, StringRef folder,
                                        const CompileOptions &options) {
  OwningOpRef<ModuleOp> module;
  StringRef bytes = buffer->getBuffer();
  if (isModule(bytes, name)) {
    auto sources = std::make_shared<llvm::SourceMgr>();
    // The buffer lives as long as the attributes that point into it.
    sources->AddNewSourceBuffer(llvm::MemoryBuffer::getMemBuffer(*buffer, bytes.starts_with("ML\xefR") == false),
                                llvm::SMLoc());
    module = parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
    if (module && failed(bindDims(*module, options.dims)))
      return nullptr;
  } else {
    ONNXImportOptions import;
    import.name = name.str();
    import.extraOutputs = options.extraOutputs;
    for (const DimBinding &dim : options.dims)
      import.dims[dim.name] = {dim.minimum, dim.maximum < 0 ? std::numeric_limits<int64_t>::max() : dim.maximum,
                               dim.multiple};
    module = path.empty() ? importONNXBytes(bytes, folder, &context, import) : importONNXFile(path, &context, import);
  }
  if (!module || failed(addOutputs(*module, options.extraOutputs)))
    return nullptr;
  Builder b(&context);
  llvm::XXH128_hash_t hash = llvm::xxh3_128bits(ArrayRef<uint8_t>(bytes.bytes_begin(), bytes.size()));
  (*module)->setAttr(kModelHashAttr,
                     b.getStringAttr(llvm::utohexstr(hash.high64, true, 16) + llvm::utohexstr(hash.low64, true, 16)));
  (*module)->setAttr(kModelNameAttr, b.getStringAttr(identifier(name)));
  return module;
}

OwningOpRef<ModuleOp> loadModel(MLIRContext &context, StringRef path, const CompileOptions &options) {
  auto file = path == "-" ? llvm::MemoryBuffer::getSTDIN()
                          : llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file) {
    emitError(UnknownLoc::get(&context)) << "cannot read '" << path << "': " << file.getError().message();
    return nullptr;
  }
  std::shared_ptr<llvm::MemoryBuffer> buffer = std::move(*file);
  if (path != "-" && !isModule(buffer->getBuffer(), path))
    return loadBuffer(context, buffer, path, path, "", options);
  if (isModule(buffer->getBuffer(), path) && !buffer->getBuffer().starts_with("ML\xefR")) {
    // Text is parsed up to a terminator.
    buffer = llvm::MemoryBuffer::getMemBufferCopy(buffer->getBuffer(), path);
  }
  OwningOpRef<ModuleOp> module = loadBuffer(context, buffer, path, "", llvm::sys::path::parent_path(path), options);
  return module;
}

OwningOpRef<ModuleOp> loadModelBytes(MLIRContext &context, StringRef bytes, StringRef name, StringRef folder,
                                     const CompileOptions &options) {
  std::shared_ptr<llvm::MemoryBuffer> buffer = llvm::MemoryBuffer::getMemBuffer(bytes, name, false);
  return loadBuffer(context, buffer, name, "", folder, options);
}

} // namespace mlir::aic
