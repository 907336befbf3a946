//===- Report.h - What a timed run measured -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_NPU_SIM_REPORT_H
#define AIC_NPU_SIM_REPORT_H

#include "aic/NPU/Machine.h"

#include <string>
#include <vector>

namespace aic::npu {

/// Why the matrix unit stood still: the engine at the end of the chain of waits; Sync: that engine passed a SWAIT or
/// SSIG; Dispatch: instructions had not been handed out yet; Other: none of these (the last completions).
enum class StallCause : uint8_t { LD, MV, FX, VX, ST, Sync, Dispatch, Other };
constexpr unsigned kStallCauses = 8;
const char *nameOf(StallCause cause);

/// Counts of one operation, or of all. Every cycle of a run belongs to one operation: the one that the matrix unit
/// works for, or else the one that the engine it waits for works for.
struct OpCounts {
  std::string name, type; // ONNX node and operator; "(none)" for instructions of no operation
  uint64_t cycles = 0, instructions = 0;
  uint64_t usefulMacs = 0;                     // by DEBUG_OPS, else what MMA and DWMAC did
  uint64_t matrixMacs = 0;                     // m * n * k of all MMAs
  double idealCycles = 0;                      // the useful MACs at the matrix unit's peak for their type
  std::array<uint64_t, kEngines> busy{};       // cycles with an instruction in execution
  std::array<uint64_t, kStallCauses> stalls{}; // of MX; busy[MX] + their sum == cycles
  uint64_t dramRead = 0, dramWritten = 0;      // bytes asked for
  uint64_t dramTraffic = 0;                    // with runs rounded to whole bursts
  uint64_t predictedCycles = 0;                // PERFHINT, 0 if there is none
};

struct Report {
  std::string program, machine;
  double clockHz = 0, dramBytesPerCycle = 0;
  uint64_t macsPerCycle = 0; // of the matrix unit on 8-bit data
  OpCounts total;
  std::vector<OpCounts> ops; // in the order of their ids; those without a cycle and instruction are left out
  /// Sum over operations of max(busiest engine, DRAM): no fill, no drain, no synchronisation (count A).
  uint64_t analyticCycles = 0;
};

/// Fraction of the peak that the useful MACs are.
double utilisation(const OpCounts &op);
/// Useful MACs by what the matrix unit could have done while it was busy.
double shapeEfficiency(const OpCounts &op);
/// MACs per byte of DRAM traffic.
double arithmeticIntensity(const OpCounts &op);
/// The most that the roofline allows at this intensity, as a fraction of the peak.
double rooflineBound(const Report &report, const OpCounts &op);
/// Cycles beyond the ideal ones.
double lostCycles(const OpCounts &op);

std::string formatText(const Report &report);
std::string formatCsv(const Report &report);
std::string formatJson(const Report &report);

} // namespace aic::npu

#endif // AIC_NPU_SIM_REPORT_H
