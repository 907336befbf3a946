// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "X86MachineModel.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Threading.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/X86TargetParser.h"

namespace mlir::aic {
namespace {

/// Features that code is chosen by, and those that a virtual machine likes to hide.
constexpr StringLiteral relevantFeatures[] = {
    "avx",      "avx2",     "fma",     "f16c",       "bmi",        "bmi2",       "avx512f",  "avx512bw", "avx512cd",
    "avx512dq", "avx512vl", "avxvnni", "avx512vnni", "avx512bf16", "avx512fp16", "amx-tile", "amx-int8", "amx-bf16"};

struct NamedChip {
  StringLiteral name, features;
  X86MachineModel model;
};

// Cache sizes of a usual part of the family; one thread, so that what is compiled does not depend on where.
constexpr NamedChip namedChips[] = {
    {"x86-64-v3", "", {8, 16, 32 << 10, 256 << 10, 8 << 20, 1}},
    {"haswell", "", {8, 16, 32 << 10, 256 << 10, 8 << 20, 1}},
    {"znver3", "", {8, 16, 32 << 10, 512 << 10, 32 << 20, 1}},
    {"x86-64-v4", "", {16, 32, 32 << 10, 1 << 20, 32 << 20, 1}},
    {"skylake-avx512", "", {16, 32, 32 << 10, 1 << 20, 24 << 20, 1}},
    {"sapphirerapids", "", {16, 32, 48 << 10, 2 << 20, 100 << 20, 1}},
};

/// "48K", "2048K", "32M" -> bytes, 0 if it is something else.
int64_t parseCacheSize(StringRef text) {
  text = text.trim();
  int64_t unit = text.consume_back("K") ? 1 << 10 : text.consume_back("M") ? 1 << 20 : 1, number;
  return text.getAsInteger(10, number) ? 0 : number * unit;
}

void readHostCaches(X86MachineModel &model) {
  for (int index = 0; index < 8; ++index) {
    std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    auto read = [&](StringRef name) {
      auto file = llvm::MemoryBuffer::getFileAsStream(folder + name.str());
      return file ? file.get()->getBuffer().trim().str() : std::string();
    };
    int64_t size = parseCacheSize(read("size"));
    std::string level = read("level"), type = read("type");
    if (size <= 0 || type == "Instruction")
      continue;
    if (level == "1")
      model.l1 = size;
    else if (level == "2")
      model.l2 = size;
    else if (level == "3")
      model.l3 = size;
  }
}

llvm::StringSet<> featuresOf(StringRef chip) {
  SmallVector<StringRef> features;
  llvm::StringSet<> set;
  if (llvm::X86::parseArchX86(chip, /*Only64Bit=*/true) == llvm::X86::CK_None)
    return set;
  llvm::X86::getFeaturesForCPU(chip, features);
  // LLVM lists what a chip adds to others: avx2 alone where that implies avx.
  llvm::StringMap<bool> all;
  for (StringRef feature : features) {
    all[feature] = true;
    llvm::X86::updateImpliedFeatures(feature, /*Enabled=*/true, all);
  }
  for (const auto &feature : all)
    if (feature.getValue())
      set.insert(feature.getKey());
  return set;
}

/// Whether any x86 CPU has it.
bool isFeature(StringRef name) {
  static const llvm::StringSet<> all = [] {
    llvm::StringSet<> set;
    SmallVector<StringRef> chips;
    llvm::X86::fillValidCPUArchList(chips, /*Only64Bit=*/true);
    for (StringRef chip : chips)
      for (const auto &feature : featuresOf(chip))
        set.insert(feature.getKey());
    return set;
  }();
  return all.contains(name);
}

TargetAttr getHost(MLIRContext *context) {
  std::string chip = llvm::sys::getHostCPUName().str();
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  llvm::StringSet<> implied = featuresOf(chip);
  SmallVector<std::string> features;
  for (StringRef feature : relevantFeatures)
    if (host.lookup(feature) || implied.contains(feature))
      features.push_back((host.lookup(feature) ? "+" : "-") + feature.str());
  X86MachineModel model;
  bool wide = host.lookup("avx512f") && host.lookup("avx512vl");
  model.lanes = wide ? 16 : host.lookup("avx") ? 8 : 4;
  model.registers = wide ? 32 : 16;
  readHostCaches(model);
  model.threads = std::max(1u, llvm::hardware_concurrency().compute_thread_count());
  return TargetAttr::get(context, "x86", chip, llvm::join(features, ","), model.toAttribute(context));
}

} // namespace

X86MachineModel X86MachineModel::read(TargetAttr target) {
  X86MachineModel model;
  model.lanes = target.getNumber("lanes", model.lanes);
  model.registers = target.getNumber("registers", model.registers);
  model.l1 = target.getNumber("l1", model.l1);
  model.l2 = target.getNumber("l2", model.l2);
  model.l3 = target.getNumber("l3", model.l3);
  model.threads = target.getNumber("threads", model.threads);
  return model;
}

LogicalResult X86MachineModel::verify(TargetAttr target, function_ref<InFlightDiagnostic()> emitError) {
  SmallVector<StringRef> features;
  target.getFeatures().split(features, ',', -1, /*KeepEmpty=*/false);
  for (StringRef entry : features)
    if (!(entry.starts_with("+") || entry.starts_with("-")) || !isFeature(entry.drop_front()))
      return emitError() << "expected +NAME or -NAME of an x86 feature, got '" << entry << "'";
  const SmallVector<StringRef> known = {"lanes", "registers", "l1", "l2", "l3", "threads"};
  for (StringRef name : known)
    if (!target.getModel().get(name))
      return emitError() << "expected '" << name << "' in the machine model of an x86 target, got "
                         << target.getModel();
  for (NamedAttribute entry : target.getModel())
    if (!llvm::is_contained(known, entry.getName().getValue()) && entry.getName() != "emulate")
      return emitError() << "expected an entry of the x86 machine model out of [" << llvm::join(known, ", ")
                         << "], got '" << entry.getName().getValue() << "'";
  int64_t lanes = target.getNumber("lanes"), registers = target.getNumber("registers");
  if (lanes != 4 && lanes != 8 && lanes != 16)
    return emitError() << "expected 4, 8 or 16 lanes, got " << lanes;
  if (registers != 16 && registers != 32)
    return emitError() << "expected 16 or 32 vector registers, got " << registers;
  if (llvm::X86::parseArchX86(target.getChip(), /*Only64Bit=*/true) == llvm::X86::CK_None)
    return emitError() << "expected a 64-bit x86 processor that LLVM knows, got '" << target.getChip() << "'";
  if (target.getNumber("emulate")) // LLVM splits vectors that the chip does not have: for tests of other widths
    return success();
  if ((lanes == 16 || registers == 32) && !hasX86Feature(target, "avx512f"))
    return emitError() << "expected a chip with avx512f for " << lanes << " lanes and " << registers
                       << " registers, got '" << target.getChip() << "'";
  if (lanes == 8 && !hasX86Feature(target, "avx"))
    return emitError() << "expected a chip with avx for 8 lanes, got '" << target.getChip() << "'";
  return success();
}

DictionaryAttr X86MachineModel::toAttribute(MLIRContext *context) const {
  Builder b(context);
  return b.getDictionaryAttr(
      {b.getNamedAttr("lanes", b.getI64IntegerAttr(lanes)), b.getNamedAttr("registers", b.getI64IntegerAttr(registers)),
       b.getNamedAttr("l1", b.getI64IntegerAttr(l1)), b.getNamedAttr("l2", b.getI64IntegerAttr(l2)),
       b.getNamedAttr("l3", b.getI64IntegerAttr(l3)), b.getNamedAttr("threads", b.getI64IntegerAttr(threads))});
}

SmallVector<StringRef> getX86Chips() {
  SmallVector<StringRef> names = {"host"};
  for (const NamedChip &chip : namedChips)
    names.push_back(chip.name);
  return names;
}

TargetAttr getX86Target(MLIRContext *context, StringRef chip) {
  if (chip == "host")
    return getHost(context);
  for (const NamedChip &named : namedChips)
    if (named.name == chip)
      return TargetAttr::get(context, "x86", chip, named.features, named.model.toAttribute(context));
  return {};
}

bool hasX86Feature(TargetAttr target, StringRef feature) {
  SmallVector<StringRef> features;
  target.getFeatures().split(features, ',', -1, /*KeepEmpty=*/false);
  for (StringRef entry : llvm::reverse(features)) // later ones win
    if (entry.drop_front() == feature)
      return entry.front() == '+';
  return featuresOf(target.getChip()).contains(feature);
}

} // namespace mlir::aic
