//===- MutationReport.cpp - Detection rates as table and JSON -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "aic/NPU/Verify/Mutation.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

namespace aic::npu {

MutationReport::Kind MutationReport::total() const {
  Kind sum;
  for (const Kind &kind : kinds) {
    sum.possible += kind.possible;
    sum.tried += kind.tried;
    sum.verifier += kind.verifier;
    sum.withoutBalance += kind.withoutBalance;
    sum.dynamic += kind.dynamic;
    sum.any += kind.any;
    sum.flagged += kind.flagged;
  }
  return sum;
}

size_t MutationReport::equivalents(MutationKind kind) const {
  return std::count_if(undetected.begin(), undetected.end(),
                       [&](const Undetected &one) { return one.mutation.kind == kind && !one.balanceOnly; });
}

static const char *nameOf(MutationReport::Equivalence equivalence) {
  static const char *const names[] = {"fewer-tokens", "implied", "unshared"};
  return names[static_cast<size_t>(equivalence)];
}

std::string MutationReport::table() const {
  char line[160];
  std::snprintf(line, sizeof line, "%-14s %8s %8s %9s %11s %9s %8s %11s\n", "mutation", "possible", "tried", "verifier",
                "no-balance", "detector", "flagged", "equivalent");
  std::string text = line;
  auto row = [&](const char *name, const Kind &kind, size_t equivalent) {
    std::snprintf(line, sizeof line, "%-14s %8zu %8zu %9zu %11zu %9zu %8zu %11zu\n", name, kind.possible, kind.tried,
                  kind.verifier, kind.withoutBalance, kind.dynamic, kind.flagged, equivalent);
    text += line;
  };
  size_t equivalent = 0;
  for (unsigned k = 0; k < kMutationKinds; ++k) {
    size_t count = equivalents(static_cast<MutationKind>(k));
    equivalent += count;
    row(nameOf(static_cast<MutationKind>(k)), kinds[k], count);
  }
  row("all", total(), equivalent);
  // Equivalents of one semaphore for one reason are one line.
  std::map<std::string, std::pair<size_t, const Undetected *>> groups;
  for (const Undetected &one : undetected) {
    auto &group = groups[std::string(one.balanceOnly ? "balance only" : "equivalent") + ", " +
                         nameOf(one.mutation.kind) + " of " + one.semaphore + ": " + one.reason];
    ++group.first;
    if (!group.second)
      group.second = &one;
  }
  for (const auto &[reason, group] : groups)
    text += reason + "\n  " + std::to_string(group.first) + " like " + group.second->text + "\n";
  for (const std::string &one : missedByVerifier)
    text += "missed by the verifier: " + one + "\n";
  return text;
}

std::string MutationReport::json() const {
  using Json = nlohmann::ordered_json;
  auto row = [](const Kind &kind) {
    return Json{{"possible", kind.possible}, {"tried", kind.tried},
                {"verifier", kind.verifier}, {"verifier_without_balance", kind.withoutBalance},
                {"detector", kind.dynamic},  {"without_balance", kind.any},
                {"flagged", kind.flagged}};
  };
  Json json{{"program", program},
            {"kinds", Json::object()},
            {"total", row(total())},
            {"undetected", Json::array()},
            {"missed_by_verifier", missedByVerifier}};
  for (unsigned k = 0; k < kMutationKinds; ++k)
    json["kinds"][nameOf(static_cast<MutationKind>(k))] = row(kinds[k]);
  for (const Undetected &one : undetected)
    json["undetected"].push_back({{"kind", nameOf(one.mutation.kind)},
                                  {"semaphore", one.semaphore},
                                  {"mutation", one.text},
                                  {"equivalence", nameOf(one.equivalence)},
                                  {"reason", one.reason},
                                  {"flagged_by_balance", one.balanceOnly}});
  return json.dump(2) + "\n";
}

} // namespace aic::npu
