//===- MutationReport.cpp - Detection rates as table and JSON -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "aic/NPU/Verify/Mutation.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

namespace aic::npu {

MutationReport::Kind &MutationReport::Kind::operator+=(const Kind &other) {
  possible += other.possible;
  tried += other.tried;
  verifier += other.verifier;
  withoutBalance += other.withoutBalance;
  dynamic += other.dynamic;
  any += other.any;
  flagged += other.flagged;
  equivalent += other.equivalent;
  equivalentWithoutBalance += other.equivalentWithoutBalance;
  return *this;
}

MutationReport::Kind MutationReport::total() const {
  Kind sum;
  for (const Kind &kind : kinds)
    sum += kind;
  return sum;
}

MutationReport sumOf(const std::vector<MutationReport> &reports) {
  MutationReport sum;
  sum.program = std::to_string(reports.size()) + " programs";
  for (const MutationReport &report : reports)
    for (unsigned k = 0; k < kMutationKinds; ++k)
      sum.kinds[k] += report.kinds[k];
  return sum;
}

static const char *nameOf(MutationReport::Equivalence equivalence) {
  static const char *const names[] = {"fewer-tokens", "implied", "unshared"};
  return names[static_cast<size_t>(equivalence)];
}

std::string MutationReport::table() const {
  char line[200];
  std::snprintf(line, sizeof line, "%-14s %8s %8s %9s %9s %8s %11s %8s | %-26s\n", "mutation", "possible", "tried",
                "verifier", "detector", "flagged", "equivalent", "percent", "without the balance check");
  std::string text = line;
  std::snprintf(line, sizeof line, "%-14s %8s %8s %9s %9s %8s %11s %8s | %8s %11s %8s\n", "", "", "", "", "", "", "",
                "", "flagged", "equivalent", "percent");
  text += line;
  auto row = [&](const char *name, const Kind &kind) {
    std::snprintf(line, sizeof line, "%-14s %8zu %8zu %9zu %9zu %8zu %11zu %8.2f | %8zu %11zu %8.2f\n", name,
                  kind.possible, kind.tried, kind.verifier, kind.dynamic, kind.flagged, kind.equivalent, kind.rate(),
                  kind.any, kind.equivalentWithoutBalance, kind.rateWithoutBalance());
    text += line;
  };
  for (unsigned k = 0; k < kMutationKinds; ++k)
    row(nameOf(static_cast<MutationKind>(k)), kinds[k]);
  row("all", total());
  // Equivalents of one semaphore for one reason are one line.
  std::map<std::string, std::pair<size_t, const Undetected *>> groups;
  for (const Undetected &one : undetected) {
    auto &group = groups[std::string(one.equivalence == Equivalence::Unshared ? "undetected"
                                     : one.balanceOnly                        ? "balance only"
                                                                              : "equivalent") +
                         ", " + nameOf(one.mutation.kind) + " of " + one.semaphore + ": " + one.reason];
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
    return Json{{"possible", kind.possible},
                {"tried", kind.tried},
                {"verifier", kind.verifier},
                {"detector", kind.dynamic},
                {"flagged", kind.flagged},
                {"equivalent", kind.equivalent},
                {"percent", kind.rate()},
                {"without_balance",
                 {{"verifier", kind.withoutBalance},
                  {"flagged", kind.any},
                  {"equivalent", kind.equivalentWithoutBalance},
                  {"percent", kind.rateWithoutBalance()}}}};
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
