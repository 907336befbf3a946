// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ProgramReport.cpp - aic-translate --report --target=npu ------------===//
#include "ProgramReport.h"
#include "aic/Dialect/AIC/IR/NodeNames.h"
#include "aic/Dialect/NPU/IR/NPUOps.h"
#include "aic/NPU/Machine.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace mlir::npu {

namespace {
int64_t bytesOf(ValueRange values) {
  int64_t bytes = 0;
  for (Value value : values) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.hasStaticShape())
      bytes += type.getNumElements() * std::max(8u, type.getElementTypeBitWidth()) / 8;
  }
  return bytes;
}

json::Array namesOf(Operation *op) {
  json::Array names;
  for (StringRef name : aic::getNodeNames(op))
    names.push_back(name);
  return names;
}

std::string machineOf(ModuleOp module, StringRef program) {
  auto func = module.lookupSymbol<func::FuncOp>(program);
  return func->getAttrOfType<MachineAttr>("npu.machine").load().name;
}

json::Object describe(ModuleOp module) {
  json::Array programs, host;
  for (auto func : module.getOps<func::FuncOp>()) {
    if (func.isExternal())
      continue;
    if (!func->hasAttr("npu.machine")) {
      for (Operation &op : func.getBody().front()) {
        if (isa<func::CallOp, arith::ConstantOp>(op) || op.hasTrait<OpTrait::IsTerminator>())
          continue;
        auto reason = op.getAttrOfType<StringAttr>("npu.reason");
        host.push_back(json::Object{{"operation", op.getName().getStringRef()},
                                    {"nodes", namesOf(&op)},
                                    {"reason", reason ? reason.getValue() : "host code"}});
      }
      continue;
    }
    json::Array units;
    int64_t total = 0;
    for (auto unit : func.getBody().front().getOps<UnitOp>()) {
      auto macs = unit.getParams().getAs<IntegerAttr>("macs");
      total += macs ? macs.getInt() : 0;
      units.push_back(json::Object{{"kind", unit.getKind()},
                                   {"nodes", namesOf(unit)},
                                   {"macs", macs ? macs.getInt() : 0},
                                   {"bytes", bytesOf(unit.getInputs()) + bytesOf(unit.getOutputs())}});
    }
    programs.push_back(json::Object{{"program", func.getName()}, {"macs", total}, {"units", std::move(units)}});
  }
  return json::Object{{"programs", std::move(programs)}, {"host", std::move(host)}};
}

std::string joined(const json::Array &names) {
  std::string text;
  for (const json::Value &name : names)
    text += (text.empty() ? "" : ", ") + name.getAsString()->str();
  return text;
}
} // namespace

std::string reportPrograms(ModuleOp module, bool json) {
  json::Object report = describe(module);
  std::string text;
  raw_string_ostream os(text);
  if (json) {
    os << formatv("{0:2}", json::Value(std::move(report))) << "\n";
    return text;
  }
  for (const json::Value &value : *report.getArray("programs")) {
    const json::Object &program = *value.getAsObject();
    os << formatv("{0} on {1}: {2} units, {3:f1} M multiply-accumulates\n", *program.getString("program"),
                  machineOf(module, *program.getString("program")), program.getArray("units")->size(),
                  double(*program.getInteger("macs")) * 1e-6);
    os << "  kind              M MACs        KiB  nodes\n";
    for (const json::Value &entry : *program.getArray("units")) {
      const json::Object &unit = *entry.getAsObject();
      os << format("  %-14s %9.3f %10.1f  ", unit.getString("kind")->str().c_str(),
                   double(*unit.getInteger("macs")) * 1e-6, double(*unit.getInteger("bytes")) / 1024)
         << joined(*unit.getArray("nodes")) << "\n";
    }
  }
  const json::Array &host = *report.getArray("host");
  os << host.size() << " operations stay on the host\n";
  for (const json::Value &value : host) {
    const json::Object &op = *value.getAsObject();
    os << "  " << *op.getString("operation") << " (" << joined(*op.getArray("nodes"))
       << "): " << *op.getString("reason") << "\n";
  }
  return text;
}

} // namespace mlir::npu
