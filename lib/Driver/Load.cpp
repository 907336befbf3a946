// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Load.cpp - Model files to modules of the graph level ---------------===//
#include "Internal.h"
#include "aic/Import/ONNX/Import.h"
#include "aic/InitAll.h"
#include "aic/Target/NVPTX/EmitPTX.h"
#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/xxhash.h"

#include <mutex>

namespace mlir::aic {

void registerCompilerDialects(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVPTXTranslations(registry);
  static std::once_flag once; // pipelines look passes up by name
  std::call_once(once, registerAllPasses);
}

//===-- Dims ----------------------------------------------------------------===//

/// What is said of one extent of one argument: where, by name or place, and what is there.
static const DimMap::value_type *findBounds(const DimMap &dims, StringRef symbol, StringRef place) {
  auto found = dims.find(place.str());
  if (found == dims.end() && !symbol.empty())
    found = dims.find(symbol.str());
  return found == dims.end() ? nullptr : &*found;
}

LogicalResult bindDims(ModuleOp module, const DimMap &dims) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (dims.empty())
    return success();
  Builder b(module.getContext());
  llvm::StringSet<> used, known;
  SmallVector<Type> types;
  if (main)
    types.assign(main.getArgumentTypes().begin(), main.getArgumentTypes().end());
  for (auto [i, argType] : llvm::enumerate(types)) {
    auto type = dyn_cast<RankedTensorType>(argType);
    if (!type)
      continue;
    auto nameAttr = main.getArgAttrOfType<StringAttr>(i, "aic.name");
    std::string name = nameAttr ? nameAttr.str() : "arg" + std::to_string(i);
    auto labels = main.getArgAttrOfType<ArrayAttr>(i, "aic.dims");
    SmallVector<int64_t> shape(type.getShape());
    SmallVector<Attribute> bounds(shape.size(), b.getI64ArrayAttr({0, -1, 1}));
    bool isBounded = false;
    for (auto [d, extent] : llvm::enumerate(shape)) {
      auto label = labels && d < labels.size() ? dyn_cast<StringAttr>(labels[d]) : StringAttr();
      if (label && !label.empty())
        known.insert(label.getValue());
      const DimMap::value_type *dim = findBounds(dims, label ? label.getValue() : "", name + ":" + std::to_string(d));
      if (!dim)
        continue;
      used.insert(dim->first);
      if (!ShapedType::isDynamic(extent)) {
        if (!dim->second.allows(extent))
          return module.emitError("input '") << name << "': expected extent " << extent << " of dimension " << d
                                             << " in --dim, got " << dim->second.minimum;
      } else if (dim->second.isFixed()) {
        extent = dim->second.minimum;
      } else {
        bounds[d] = b.getI64ArrayAttr({dim->second.minimum, dim->second.maximum, dim->second.multiple});
        isBounded = true;
      }
    }
    if (isBounded)
      main.setArgAttr(i, "aic.bounds", b.getArrayAttr(bounds));
    types[i] = type.clone(shape);
    main.getArgument(i).setType(types[i]);
  }
  for (const auto &[name, ignored] : dims)
    if (!used.contains(name)) {
      SmallVector<StringRef> names(known.keys());
      llvm::sort(names);
      return module.emitError("expected a dimension of the model in --dim, got '")
             << name << "'" << (names.empty() ? "" : "; it has ") << llvm::join(names, ", ");
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
  constexpr size_t kSectionAlign = 64; // of the bytecode's sections, which are read in place
  if (bytes.starts_with("ML\xefR") && reinterpret_cast<uintptr_t>(bytes.data()) % kSectionAlign) {
    auto copy = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(bytes.size(), name, llvm::Align(kSectionAlign));
    if (!copy) {
      emitError(UnknownLoc::get(&context)) << "expected memory for '" << name << "'";
      return nullptr;
    }
    llvm::copy(bytes, copy->getBufferStart());
    buffer = std::move(copy);
    bytes = buffer->getBuffer();
  }
  if (isModule(bytes, name)) {
    // The buffer lives as long as the attributes that point into it.
    std::shared_ptr<llvm::SourceMgr> sources(new llvm::SourceMgr,
                                             [buffer](llvm::SourceMgr *manager) { delete manager; });
    sources->AddNewSourceBuffer(llvm::MemoryBuffer::getMemBuffer(*buffer, bytes.starts_with("ML\xefR") == false),
                                llvm::SMLoc());
    module = parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
    if (!module)
      return nullptr;
    if (module->getOps<FunctionOpInterface>().empty()) {
      emitError(UnknownLoc::get(&context)) << "expected a module with a function @main, got none";
      return nullptr;
    }
    if (failed(bindDims(*module, options.dims)))
      return nullptr;
  } else {
    ONNXImportOptions import;
    import.name = name.str();
    import.extraOutputs = options.extraOutputs;
    import.dims = options.dims;
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
  return loadBuffer(context, llvm::MemoryBuffer::getMemBuffer(bytes, name, false), name, "", folder, options);
}

} // namespace mlir::aic
