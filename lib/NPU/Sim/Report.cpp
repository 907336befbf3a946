//===- Report.cpp - What a timed run measured ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "aic/NPU/Sim/Report.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace aic::npu;

const char *aic::npu::nameOf(StallCause cause) {
  static const char *const names[kStallCauses] = {"LD", "MV", "FX", "VX", "ST", "sync", "dispatch", "other"};
  return names[static_cast<size_t>(cause)];
}

namespace {
constexpr size_t kMX = static_cast<size_t>(Engine::MX);
double ratio(double a, double b) { return b > 0 ? a / b : 0; }

/// Ideal cycles of the MACs that the matrix unit did: those of DWMAC are the vector unit's.
double matrixIdeal(const OpCounts &op) {
  return op.usefulMacs ? op.idealCycles * std::min(1.0, ratio(double(op.matrixMacs), double(op.usefulMacs))) : 0;
}
} // namespace

double aic::npu::utilisation(const OpCounts &op) { return ratio(op.idealCycles, static_cast<double>(op.cycles)); }
double aic::npu::shapeEfficiency(const OpCounts &op) {
  return ratio(matrixIdeal(op), static_cast<double>(op.busy[kMX]));
}
double aic::npu::arithmeticIntensity(const OpCounts &op) {
  return ratio(static_cast<double>(op.usefulMacs), static_cast<double>(op.dramTraffic));
}
double aic::npu::rooflineBound(const Report &report, const OpCounts &op) {
  if (op.idealCycles <= 0)
    return 0;
  return std::min(1.0, ratio(op.idealCycles, static_cast<double>(op.dramTraffic) / report.dramBytesPerCycle));
}
double aic::npu::lostCycles(const OpCounts &op) { return static_cast<double>(op.cycles) - op.idealCycles; }

namespace {

std::string format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
std::string format(const char *pattern, ...) {
  va_list list;
  va_start(list, pattern);
  va_list again;
  va_copy(again, list);
  int size = std::vsnprintf(nullptr, 0, pattern, list);
  std::string text(static_cast<size_t>(std::max(size, 0)) + 1, '\0');
  std::vsnprintf(text.data(), text.size(), pattern, again);
  va_end(list);
  va_end(again);
  text.pop_back();
  return text;
}

double percent(double a, double b) { return 100 * ratio(a, b); }
double dramPercent(const Report &report, const OpCounts &op) {
  return percent(static_cast<double>(op.dramTraffic), static_cast<double>(op.cycles) * report.dramBytesPerCycle);
}
/// Predicted against simulated; 0 without a prediction.
double predictionError(const OpCounts &op) {
  return op.predictedCycles ? percent(static_cast<double>(op.predictedCycles) - static_cast<double>(op.cycles),
                                      static_cast<double>(op.cycles))
                            : 0;
}

std::string line(const Report &report, const OpCounts &op) {
  std::string name = op.type.empty() ? op.name : op.type + " " + op.name;
  if (name.size() > 34)
    name = name.substr(0, 31) + "...";
  std::string text = format("%-34s %11llu %6.1f %6.1f %6.1f %6.1f %9.1f %8.1f", name.c_str(),
                            static_cast<unsigned long long>(op.cycles), 100 * utilisation(op),
                            percent(double(op.busy[kMX]), double(op.cycles)), 100 * rooflineBound(report, op),
                            dramPercent(report, op), double(op.dramTraffic) / 1024, arithmeticIntensity(op));
  return text + (op.predictedCycles ? format(" %+8.1f\n", predictionError(op)) : "        -\n");
}

constexpr Engine kShown[] = {Engine::LD, Engine::ST, Engine::MV, Engine::MX, Engine::FX, Engine::VX};

} // namespace

std::string aic::npu::formatText(const Report &report) {
  const OpCounts &total = report.total;
  double cycles = static_cast<double>(total.cycles);
  std::string text = format("program '%s' on %s: %llu cycles, %.3f ms at %.0f MHz\n", report.program.c_str(),
                            report.machine.c_str(), static_cast<unsigned long long>(total.cycles),
                            report.clockHz > 0 ? cycles / report.clockHz * 1e3 : 0, report.clockHz * 1e-6);
  text += format("useful MACs %llu, utilisation %.1f %% (roofline %.1f %%, shape %.1f %%), instructions %llu\n",
                 static_cast<unsigned long long>(total.usefulMacs), 100 * utilisation(total),
                 100 * rooflineBound(report, total), 100 * shapeEfficiency(total),
                 static_cast<unsigned long long>(total.instructions));
  text += format("DRAM: %.1f KiB read, %.1f KiB written, %.1f KiB in bursts, %.1f %% of peak; analytic (count A) %llu "
                 "cycles\n\n",
                 double(total.dramRead) / 1024, double(total.dramWritten) / 1024, double(total.dramTraffic) / 1024,
                 dramPercent(report, total), static_cast<unsigned long long>(report.analyticCycles));
  text += "engine    busy cycles      %\n";
  for (Engine engine : kShown)
    text += format("%-6s %14llu %6.1f\n", nameOf(engine),
                   static_cast<unsigned long long>(total.busy[static_cast<size_t>(engine)]),
                   percent(double(total.busy[static_cast<size_t>(engine)]), cycles));
  text += "\nMX stands still for\n";
  for (unsigned i = 0; i < kStallCauses; ++i)
    text += format("%-8s %12llu %6.1f\n", nameOf(static_cast<StallCause>(i)),
                   static_cast<unsigned long long>(total.stalls[i]), percent(double(total.stalls[i]), cycles));
  const char *header = "                                        cycles  util%    MX%  roof%  DRAM%       KiB  MAC/B  "
                       "predict%\n";
  text += "\noperation" + std::string(header + 9);
  for (const OpCounts &op : report.ops)
    text += line(report, op);
  text += line(report, total);
  std::vector<const OpCounts *> lost;
  for (const OpCounts &op : report.ops)
    lost.push_back(&op);
  std::sort(lost.begin(), lost.end(), [](const OpCounts *a, const OpCounts *b) {
    return lostCycles(*a) != lostCycles(*b) ? lostCycles(*a) > lostCycles(*b) : a < b;
  });
  if (lost.size() > 10)
    lost.resize(10);
  text += "\nmost cycles lost\n";
  for (const OpCounts *op : lost) {
    size_t worst = static_cast<size_t>(std::max_element(op->stalls.begin(), op->stalls.end()) - op->stalls.begin());
    text += format("%12.0f %5.1f %%  %s (most stalls: %s)\n", lostCycles(*op), percent(lostCycles(*op), cycles),
                   op->name.c_str(), op->stalls[worst] ? nameOf(static_cast<StallCause>(worst)) : "none");
  }
  return text;
}

std::string aic::npu::formatCsv(const Report &report) {
  std::string text = "op,type,cycles,instructions,useful_macs,matrix_macs,ideal_cycles,utilisation,shape_efficiency,"
                     "roofline,lost_cycles";
  for (Engine engine : kShown)
    text += std::string(",busy_") + nameOf(engine);
  for (unsigned i = 0; i < kStallCauses; ++i)
    text += std::string(",stall_") + nameOf(static_cast<StallCause>(i));
  text += ",dram_read,dram_written,dram_traffic,dram_share,macs_per_byte,predicted_cycles\n";
  auto quoted = [](const std::string &name) {
    if (name.find_first_of(",\"\n") == std::string::npos)
      return name;
    std::string result = "\"";
    for (char c : name)
      result += c == '"' ? std::string("\"\"") : std::string(1, c);
    return result + "\"";
  };
  auto row = [&](const OpCounts &op) {
    text += quoted(op.name) + "," + quoted(op.type);
    for (uint64_t value : {op.cycles, op.instructions, op.usefulMacs, op.matrixMacs})
      text += "," + std::to_string(value);
    text += format(",%.1f,%.6f,%.6f,%.6f,%.1f", op.idealCycles, utilisation(op), shapeEfficiency(op),
                   rooflineBound(report, op), lostCycles(op));
    for (Engine engine : kShown)
      text += "," + std::to_string(op.busy[static_cast<size_t>(engine)]);
    for (uint64_t stall : op.stalls)
      text += "," + std::to_string(stall);
    for (uint64_t value : {op.dramRead, op.dramWritten, op.dramTraffic})
      text += "," + std::to_string(value);
    text += format(",%.6f,%.4f,%llu\n", dramPercent(report, op) / 100, arithmeticIntensity(op),
                   static_cast<unsigned long long>(op.predictedCycles));
  };
  for (const OpCounts &op : report.ops)
    row(op);
  row(report.total);
  return text;
}

std::string aic::npu::formatJson(const Report &report) {
  using nlohmann::ordered_json;
  auto counts = [&](const OpCounts &op) {
    ordered_json object;
    object["name"] = op.name, object["type"] = op.type;
    object["cycles"] = op.cycles, object["instructions"] = op.instructions;
    object["useful_macs"] = op.usefulMacs, object["matrix_macs"] = op.matrixMacs;
    object["ideal_cycles"] = op.idealCycles, object["utilisation"] = utilisation(op);
    object["shape_efficiency"] = shapeEfficiency(op), object["roofline"] = rooflineBound(report, op);
    object["lost_cycles"] = lostCycles(op);
    for (Engine engine : kShown)
      object["busy"][nameOf(engine)] = op.busy[static_cast<size_t>(engine)];
    for (unsigned i = 0; i < kStallCauses; ++i)
      object["mx_stalls"][nameOf(static_cast<StallCause>(i))] = op.stalls[i];
    object["dram"] = {{"read", op.dramRead},
                      {"written", op.dramWritten},
                      {"traffic", op.dramTraffic},
                      {"share_of_peak", dramPercent(report, op) / 100}};
    object["macs_per_byte"] = arithmeticIntensity(op);
    object["predicted_cycles"] = op.predictedCycles;
    return object;
  };
  ordered_json root;
  root["program"] = report.program, root["machine"] = report.machine;
  root["clock_hz"] = report.clockHz, root["macs_per_cycle"] = report.macsPerCycle;
  root["dram_bytes_per_cycle"] = report.dramBytesPerCycle;
  root["analytic_cycles"] = report.analyticCycles;
  root["total"] = counts(report.total);
  root["ops"] = ordered_json::array();
  for (const OpCounts &op : report.ops)
    root["ops"].push_back(counts(op));
  return root.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}
