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

std::string parseDims(StringRef text, DimMap &dims) {
  SmallVector<StringRef> entries;
  text.split(entries, ',', -1, /*KeepEmpty=*/false);
  for (StringRef entry : entries) {
    auto [name, range] = entry.rsplit('=');
    name = name.trim();
    range = range.trim();
    DimBounds bounds;
    auto [limits, multiple] = range.split(':');
    bool isWrong =
        name.empty() || limits.empty() || (range.contains(':') && multiple.getAsInteger(10, bounds.multiple));
    if (size_t dots = limits.find(".."); dots != StringRef::npos)
      isWrong |= limits.take_front(dots).getAsInteger(10, bounds.minimum) ||
                 limits.drop_front(dots + 2).getAsInteger(10, bounds.maximum);
    else if (limits.getAsInteger(10, bounds.minimum))
      isWrong = true;
    else
      bounds.maximum = bounds.minimum;
    if (isWrong || bounds.minimum < 0 || bounds.maximum < bounds.minimum || bounds.multiple < 1 ||
        bounds.maximum > onnx_import::kMaxElements)
      return ("expected NAME=NUMBER or NAME=MIN..MAX[:MULTIPLE], got '" + entry + "'").str();
    bounds.minimum = int64_t(alignTo(uint64_t(bounds.minimum), uint64_t(bounds.multiple)));
    bounds.maximum = bounds.maximum / bounds.multiple * bounds.multiple;
    if (bounds.maximum < bounds.minimum)
      return ("expected a multiple of " + Twine(bounds.multiple) + " in the range, got '" + entry + "'").str();
    dims[name.str()] = bounds;
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
