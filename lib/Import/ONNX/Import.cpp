// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Import/ONNX/Import.h"
#include "Graph.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

using namespace llvm;

namespace mlir::aic {

/// N, or MIN..MAX where either may be missing, and a multiple.
static bool parseBounds(StringRef text, DimBounds &bounds) {
  auto number = [](StringRef digits, int64_t &value) {
    return !digits.trim().getAsInteger(10, value) && value >= 0 && value <= onnx_import::kMaxElements;
  };
  auto [limits, multiple] = text.split(':');
  if (text.contains(':') && (!number(multiple, bounds.multiple) || bounds.multiple == 0))
    return false;
  if (!limits.contains("..")) {
    bool isNumber = number(limits, bounds.minimum);
    bounds.maximum = bounds.minimum;
    return isNumber;
  }
  auto [low, high] = limits.split("..");
  return (low.trim().empty() || number(low, bounds.minimum)) &&
         (high.trim().empty() || (number(high, bounds.maximum) && bounds.maximum >= bounds.minimum));
}

std::string parseDims(StringRef text, DimMap &dims) {
  SmallVector<StringRef> entries;
  if (!text.trim().empty())
    text.split(entries, ',');
  for (StringRef entry : entries) {
    auto [name, range] = entry.rsplit('=');
    name = name.trim();
    DimBounds bounds;
    if (name.empty() || !parseBounds(range, bounds))
      return ("expected NAME=N or NAME=MIN..MAX[:MULTIPLE] as a dim, got '" + entry + "'").str();
    bounds.minimum = int64_t(alignTo(uint64_t(bounds.minimum), uint64_t(bounds.multiple)));
    if (bounds.maximum >= 0)
      bounds.maximum = bounds.maximum / bounds.multiple * bounds.multiple;
    if (bounds.maximum >= 0 && bounds.maximum < bounds.minimum)
      return ("expected a multiple of " + Twine(bounds.multiple) + " in the range, got '" + entry + "'").str();
    if (!dims.try_emplace(name.str(), bounds).second)
      return ("expected each dim once, got '" + name + "' twice").str();
  }
  return {};
}

static OwningOpRef<ModuleOp> importModel(StringRef bytes, StringRef name, StringRef folder, MLIRContext *context,
                                         const ONNXImportOptions &options) {
  auto fail = [&](const Twine &message) {
    emitError(UnknownLoc::get(context)) << name << ": " << message;
    return OwningOpRef<ModuleOp>();
  };
  if (bytes.size() > size_t(INT_MAX))
    return fail("expected a file of at most 2 GB (weights beyond that belong in external data), got " +
                Twine(bytes.size()) + " bytes");
  if (bytes.empty())
    return fail("expected an ONNX model, got an empty file");
  ::onnx::ModelProto model;
  {
    google::protobuf::LogSilencer silence;
    google::protobuf::io::ArrayInputStream array(bytes.data(), int(bytes.size()));
    google::protobuf::io::CodedInputStream stream(&array);
    stream.SetTotalBytesLimit(INT_MAX);
    if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
      return fail("expected an ONNX model, got a truncated or different file");
  }
  return onnx_import::GraphImporter(model, name, folder, context, options).run();
}

OwningOpRef<ModuleOp> importONNXBytes(StringRef bytes, StringRef baseDir, MLIRContext *context,
                                      const ONNXImportOptions &options) {
  return importModel(bytes, options.name.empty() ? "model" : StringRef(options.name), baseDir, context, options);
}

OwningOpRef<ModuleOp> importONNXFile(StringRef path, MLIRContext *context, const ONNXImportOptions &options) {
  StringRef name = options.name.empty() ? path : StringRef(options.name);
  ErrorOr<std::unique_ptr<MemoryBuffer>> file =
      path == "-" ? MemoryBuffer::getSTDIN()
                  : MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file) {
    emitError(UnknownLoc::get(context)) << name << ": expected a readable file: " << file.getError().message();
    return {};
  }
  StringRef folder = sys::path::parent_path(path);
  return importModel((*file)->getBuffer(), name, folder.empty() ? "." : folder, context, options);
}

} // namespace mlir::aic
