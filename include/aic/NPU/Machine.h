//===- Machine.h - The description of one NPU ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A machine is a JSON file (docs/NPU/machine.schema.json); this is its checked form. The compiler, the assembler, the
// disassembler, the verifier and the simulator ask it for every size. Neither LLVM nor MLIR.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_NPU_MACHINE_H
#define AIC_NPU_MACHINE_H

#include "aic/NPU/ISA/ISA.h"

#include <map>
#include <optional>
#include <vector>

namespace aic::npu {

/// A local memory. Sizes and alignment in bytes; portBytes is what one access moves at most per cycle,
/// 0 for no limit.
struct MemorySpace {
  uint64_t bytes = 0;
  unsigned banks = 1, align = kGranuleBytes, portBytes = 0;
};

/// A way an engine moves data on. `issue` cycles before the first byte, `maxInflight` transfers outstanding.
struct DataPath {
  Engine engine = Engine::LD;
  std::optional<Space> source; // none: DRAM
  std::vector<std::optional<Space>> destinations;
  double bytesPerCycle = 0;
  unsigned issue = 0, maxInflight = 1;
};

/// The matrix unit's block: m x k x n products per cycle.
struct MatrixUnit {
  unsigned m = 0, n = 0, kInt8 = 0, kF16 = 0, headCycles = 0;
  unsigned k(DType type) const { return bytesOf(type) == 1 ? kInt8 : kF16; }
};

/// Cycles of a vector instruction: head + rep * ceil(len * widest element bytes / bytesPerCycle) * cost(mnemonic).
/// DWMAC and pools: head + ceil(taps * results / dwMacsPerCycle).
struct VectorUnit {
  unsigned bytesPerCycle = 0, headCycles = 0, dwMacsPerCycle = 0;
  std::map<std::string, unsigned> cost; // by mnemonic in lower case, 1 if absent
};

struct Dram {
  double bytesPerCycle = 0;
  unsigned readLatency = 0, writeLatency = 0, burst = 1, channels = 1;
};

/// A cache between DRAM and the cores. Described, not modelled yet.
struct SharedCache {
  uint64_t bytes = 0;
  unsigned line = 0, hitLatency = 0, missLatency = 0;
};

struct Machine {
  std::string name;
  unsigned cores = 1;
  unsigned vectorCores = 1; // of a core; programs use one so far
  double clockHz = 0;
  MatrixUnit mx;
  VectorUnit vx;
  std::array<MemorySpace, 5> spaces; // by Space
  std::vector<DataPath> paths;
  std::array<unsigned, 7> queueDepth{}; // by Engine; S has none
  unsigned semaphores = 0, semaphoreMax = 0, barriers = 0;
  Dram dram;
  std::optional<SharedCache> l2;
  std::string canonicalJson;        // sorted keys, no spaces; what is left out and has a default stays out
  std::array<uint8_t, 32> sha256{}; // of canonicalJson

  const MemorySpace &space(Space s) const { return spaces[static_cast<size_t>(s)]; }
  /// The path of an engine between two places (none: DRAM); null if the machine has none.
  const DataPath *path(Engine engine, std::optional<Space> from, std::optional<Space> to) const;
};

/// Parses and checks a machine's JSON. False with one reason (`'mx.M': expected a number from 1 to 256, got -4`).
bool parseMachine(std::string_view json, Machine &machine, std::string &error);
/// A shipped machine by name ("edge-256"), or the path of a JSON file.
bool loadMachine(const std::string &nameOrPath, Machine &machine, std::string &error);
/// Names of the machines built in.
std::vector<std::string> shippedMachines();

} // namespace aic::npu

#endif // AIC_NPU_MACHINE_H
