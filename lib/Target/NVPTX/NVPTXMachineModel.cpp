// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Target/NVPTX/NVPTXMachineModel.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::aic {
namespace {

struct NamedChip {
  StringLiteral name;
  NVPTXMachineModel model;
};

constexpr int64_t kKiB = 1 << 10, kMiB = 1 << 20, kRegisters = 64 << 10;

// Capacities are those of the compute capability; counts, caches and rates those of the part in the comment.
constexpr NamedChip namedChips[] = {
    // A100, 40 GB
    {"sm_80",
     {80, 70, 108, 48 * kKiB, 163 * kKiB, 164 * kKiB, 255, kRegisters, 1024, 2048, 32, 40 * kMiB, 1555, 1410, 64}},
    // RTX A6000
    {"sm_86",
     {86, 71, 84, 48 * kKiB, 99 * kKiB, 100 * kKiB, 255, kRegisters, 1024, 1536, 16, 6 * kMiB, 768, 1800, 128}},
    // L40S
    {"sm_89",
     {89, 78, 142, 48 * kKiB, 99 * kKiB, 100 * kKiB, 255, kRegisters, 1024, 1536, 24, 96 * kMiB, 864, 2520, 128}},
    // H100 SXM
    {"sm_90a",
     {90, 78, 132, 48 * kKiB, 227 * kKiB, 228 * kKiB, 255, kRegisters, 1024, 2048, 32, 50 * kMiB, 3350, 1830, 128}},
    // RTX 5090
    {"sm_120",
     {120, 87, 170, 48 * kKiB, 99 * kKiB, 100 * kKiB, 255, kRegisters, 1024, 1536, 24, 96 * kMiB, 1792, 2407, 128}},
};

struct Entry {
  StringLiteral name;
  int64_t NVPTXMachineModel::*field;
};

constexpr Entry entries[] = {
    {"sm", &NVPTXMachineModel::sm},
    {"ptx", &NVPTXMachineModel::ptx},
    {"multiprocessors", &NVPTXMachineModel::multiprocessors},
    {"shared_per_block", &NVPTXMachineModel::sharedPerBlock},
    {"shared_opt_in", &NVPTXMachineModel::sharedOptIn},
    {"shared_per_multiprocessor", &NVPTXMachineModel::sharedPerMultiprocessor},
    {"registers_per_thread", &NVPTXMachineModel::registersPerThread},
    {"registers_per_multiprocessor", &NVPTXMachineModel::registersPerMultiprocessor},
    {"threads_per_block", &NVPTXMachineModel::threadsPerBlock},
    {"threads_per_multiprocessor", &NVPTXMachineModel::threadsPerMultiprocessor},
    {"blocks_per_multiprocessor", &NVPTXMachineModel::blocksPerMultiprocessor},
    {"l2", &NVPTXMachineModel::l2},
    {"bandwidth", &NVPTXMachineModel::bandwidth},
    {"clock", &NVPTXMachineModel::clock},
    {"fma_per_clock", &NVPTXMachineModel::fmaPerClock},
};

const NamedChip *findChip(StringRef name) {
  for (const NamedChip &chip : namedChips)
    if (chip.name == name)
      return &chip;
  return nullptr;
}

} // namespace

NVPTXMachineModel NVPTXMachineModel::read(TargetAttr target) {
  NVPTXMachineModel model;
  for (const Entry &entry : entries)
    model.*entry.field = target.getNumber(entry.name, model.*entry.field);
  return model;
}

NVPTXMachineModel NVPTXMachineModel::around(Operation *op) {
  for (; op; op = op->getParentOp())
    if (auto target = op->getAttrOfType<TargetAttr>(TargetAttr::attributeName))
      return read(target);
  return {};
}

LogicalResult NVPTXMachineModel::verify(TargetAttr target, function_ref<InFlightDiagnostic()> emitError) {
  const NamedChip *chip = findChip(target.getChip());
  if (!chip)
    return emitError() << "expected an NVIDIA chip out of [" << llvm::join(getNVPTXChips(), ", ") << "], got '"
                       << target.getChip() << "'";
  if (!target.getFeatures().empty())
    return emitError() << "expected no features of an NVIDIA target, got '" << target.getFeatures() << "'";
  for (const Entry &entry : entries)
    if (!target.getModel().get(entry.name))
      return emitError() << "expected '" << entry.name << "' in the machine model of an NVIDIA target, got "
                         << target.getModel();
  auto isKnown = [](StringRef name) {
    // `threads` is the number of workers of host code, which any target may have.
    return name == "threads" || llvm::any_of(entries, [&](const Entry &entry) { return entry.name == name; });
  };
  for (NamedAttribute entry : target.getModel())
    if (!isKnown(entry.getName().getValue()))
      return emitError() << "expected an entry of the machine model of an NVIDIA target, got '"
                         << entry.getName().getValue() << "'";
  NVPTXMachineModel model = read(target);
  if (model.sm != chip->model.sm)
    return emitError() << "expected sm = " << chip->model.sm << " for '" << chip->name << "', got " << model.sm;
  if (model.ptx < chip->model.ptx)
    return emitError() << "expected ptx of at least " << chip->model.ptx << " for '" << chip->name << "', got "
                       << model.ptx;
  // What the hardware cannot exceed; smaller numbers are for tests.
  const std::pair<StringLiteral, int64_t NVPTXMachineModel::*> caps[] = {
      {"shared_per_block", &NVPTXMachineModel::sharedPerBlock},
      {"shared_opt_in", &NVPTXMachineModel::sharedOptIn},
      {"registers_per_thread", &NVPTXMachineModel::registersPerThread},
      {"threads_per_block", &NVPTXMachineModel::threadsPerBlock}};
  for (auto [name, field] : caps)
    if (model.*field > chip->model.*field)
      return emitError() << "expected " << name << " of at most " << chip->model.*field << " for '" << chip->name
                         << "', got " << model.*field;
  return success();
}

DictionaryAttr NVPTXMachineModel::toAttribute(MLIRContext *context) const {
  Builder b(context);
  SmallVector<NamedAttribute> attributes;
  for (const Entry &entry : entries)
    attributes.push_back(b.getNamedAttr(entry.name, b.getI64IntegerAttr(this->*entry.field)));
  return b.getDictionaryAttr(attributes);
}

SmallVector<StringRef> getNVPTXChips() {
  SmallVector<StringRef> names;
  for (const NamedChip &chip : namedChips)
    names.push_back(chip.name);
  return names;
}

TargetAttr getNVPTXTarget(MLIRContext *context, StringRef chip) {
  const NamedChip *named = findChip(chip == "host" ? StringRef(namedChips[0].name) : chip);
  return named ? TargetAttr::get(context, "nvidia", named->name, "", named->model.toAttribute(context)) : TargetAttr();
}

} // namespace mlir::aic
