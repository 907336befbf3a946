// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RequiredFeatures.cpp - Instruction sets that a model may use -------===//
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/TargetParser/X86TargetParser.h"

#include <set>

namespace mlir::aic {

/// Instruction sets that generated code gains from. A CPU has more; a machine may lack those (tiles and cryptography in
/// virtual machines), and code must not use what nobody checked for.
static bool isUsed(StringRef feature) {
  static const StringLiteral used[] = {"sse3",
                                       "ssse3",
                                       "sse4.1",
                                       "sse4.2",
                                       "popcnt",
                                       "avx",
                                       "avx2",
                                       "fma",
                                       "f16c",
                                       "lzcnt",
                                       "bmi",
                                       "bmi2",
                                       "avx512f",
                                       "avx512cd",
                                       "avx512bw",
                                       "avx512dq",
                                       "avx512vl",
                                       "avx512vnni",
                                       "avx512vbmi",
                                       "avx512vbmi2",
                                       "avx512bitalg",
                                       "avx512bf16",
                                       "avx512vpopcntdq",
                                       "avx512ifma",
                                       "avx512fp16",
                                       "avxvnni"};
  return llvm::is_contained(used, feature);
}

SmallVector<std::string> requiredFeatures(ModuleOp module) {
  auto target = module->getAttrOfType<TargetAttr>(TargetAttr::attributeName);
  if (!target || target.getBackend() != "x86")
    return {};
  SmallVector<StringRef> list;
  llvm::X86::getFeaturesForCPU(target.getChip(), list);
  std::set<StringRef> features;
  for (StringRef feature : list)
    if (isUsed(feature))
      features.insert(feature);
  for (StringRef change : llvm::split(target.getFeatures(), ',')) {
    if (change.starts_with("+"))
      features.insert(change.drop_front());
    else if (change.starts_with("-"))
      features.erase(change.drop_front());
  }
  SmallVector<std::string> result;
  for (StringRef feature : features)
    result.push_back(feature.str());
  return result;
}

} // namespace mlir::aic
