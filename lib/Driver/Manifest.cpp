// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Manifest.cpp - What a library says of itself -----------------------===//
#include "Internal.h"
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Runtime/aic_model.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::aic {
namespace {

void writeAttr(llvm::json::OStream &json, Attribute attr) {
  if (auto text = dyn_cast<StringAttr>(attr)) {
    std::string fixed = llvm::json::fixUTF8(text.getValue());
    json.value(fixed);
  } else if (auto number = dyn_cast<IntegerAttr>(attr)) {
    json.value(number.getInt());
  } else if (auto list = dyn_cast<ArrayAttr>(attr)) {
    json.array([&] {
      for (Attribute item : list)
        writeAttr(json, item);
    });
  } else if (auto entries = dyn_cast<DictionaryAttr>(attr)) {
    json.object([&] {
      for (NamedAttribute entry : entries) {
        json.attributeBegin(entry.getName().getValue());
        writeAttr(json, entry.getValue());
        json.attributeEnd();
      }
    });
  } else {
    json.value(nullptr);
  }
}

/// Ports with `null` for a dim without a name.
void writePorts(llvm::json::OStream &json, StringRef key, ArrayAttr ports) {
  json.attributeArray(key, [&] {
    for (auto port : ports.getAsRange<DictionaryAttr>())
      json.object([&] {
        json.attributeBegin("name");
        writeAttr(json, port.get("name"));
        json.attributeEnd();
        json.attributeBegin("dtype");
        writeAttr(json, port.get("dtype"));
        json.attributeEnd();
        json.attributeArray("dims", [&] {
          for (Attribute dim : port.getAs<ArrayAttr>("dims")) {
            auto name = dyn_cast<StringAttr>(dim);
            if (name && name.empty())
              json.value(nullptr);
            else
              writeAttr(json, dim);
          }
        });
        if (Attribute bounds = port.get("bounds")) {
          json.attributeBegin("bounds");
          writeAttr(json, bounds);
          json.attributeEnd();
        }
      });
  });
}

std::string manifestText(ModuleOp module, const CompileOptions &options) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::json::OStream json(os);
  auto host = module->getAttrOfType<DictionaryAttr>(kHostInterfaceAttr);
  auto weights = module->getAttrOfType<ArrayAttr>(kHostWeightsAttr);
  int64_t weightBytes = 0;
  for (auto weight : weights.getAsRange<DictionaryAttr>())
    weightBytes += weight.getAs<IntegerAttr>("bytes").getInt();
  json.object([&] {
    json.attribute("abi", AIC_MODEL_ABI_VERSION);
    json.attribute("compiler", "aic " AIC_VERSION);
    if (auto name = module->getAttrOfType<StringAttr>(kModelNameAttr))
      json.attribute("name", options.name.empty() ? name.getValue() : StringRef(options.name));
    if (auto hash = module->getAttrOfType<StringAttr>(kModelHashAttr))
      json.attribute("model_hash", hash.getValue());
    if (auto target = module->getAttrOfType<TargetAttr>(TargetAttr::attributeName))
      json.attributeObject("target", [&] {
        for (const auto &[key, text] : lookupTarget(target.getBackend())->describeTarget(module, target))
          json.attribute(key, text);
      });
    json.attribute("threads", options.threads);
    json.attribute("weight_bytes", weightBytes);
    writePorts(json, "inputs", host.getAs<ArrayAttr>("inputs"));
    writePorts(json, "outputs", host.getAs<ArrayAttr>("outputs"));
    json.attributeBegin("launches");
    writeAttr(json, host.get("launches"));
    json.attributeEnd();
  });
  return text;
}
} // namespace

void addManifest(ModuleOp module, const CompileOptions &options) {
  std::string text = manifestText(module, options);
  OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
  Location loc = module.getLoc();
  auto define = [&](StringRef name, Type type, Attribute value) {
    auto global = LLVM::GlobalOp::create(b, loc, type, true, LLVM::Linkage::External, name, value);
    global.setVisibility_(LLVM::Visibility::Hidden);
    return global;
  };
  define("aic_host_manifest_size", b.getI64Type(), b.getI64IntegerAttr(text.size()));
  define("aic_host_manifest", LLVM::LLVMArrayType::get(b.getI8Type(), text.size()), b.getStringAttr(text))
      .setSection(".aic.manifest");
}

} // namespace mlir::aic
