//===- Program.h - A decoded NPU program --------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the container stores and the assembler, the simulator, the verifier and the compiler exchange: one core's
// instructions with everything needed to run and to explain them.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_NPU_PROGRAM_H
#define AIC_NPU_PROGRAM_H

#include "aic/NPU/ISA/ISA.h"

#include <map>
#include <vector>

namespace aic::npu {

/// A counting semaphore: signals come from one engine, waits from one engine.
struct Semaphore {
  unsigned id = 0;
  std::string name; // may be empty
  Engine producer = Engine::LD, consumer = Engine::MV;
  unsigned initial = 0;
};

enum class SegmentKind : uint8_t { Const, Input, Output, Scratch, State, Persist };

/// A region of DRAM, bound to an address at launch. Const segments have their bytes in the file.
struct Segment {
  SegmentKind kind = SegmentKind::Scratch;
  std::string name;
  uint64_t bytes = 0;
  uint64_t align = 64;
  std::vector<uint8_t> data; // Const: `bytes` bytes
};

/// Where a weight lies: for reports, and so that two programs can be compared weight by weight.
struct ConstLocation {
  std::string name, packing; // packing: "row-major", or how the compiler reordered it
  unsigned segment = 0;
  uint64_t offset = 0, bytes = 0;
};

/// An extent that a launch argument gives.
struct OpenDim {
  unsigned dim = 0, argument = 0;
  int64_t min = 0, max = 0; // IOTensor::dims holds max
};

/// A tensor that the host passes or receives.
struct IOTensor {
  std::string name;          // the model's value name
  bool isOutput = false;
  std::string dtype;         // "i8", "f16", ... as nameOf(DType), or "i64", "i1", ...
  std::vector<int64_t> dims; // row-major
  std::string layout;        // order of the dims in memory: "row-major", "NHWC", ...
  float scale = 0;           // 0: not quantised
  int32_t zeroPoint = 0;
  unsigned segment = 0;
  uint64_t offset = 0, bytes = 0;
  int32_t quantAxis = -1;        // dimension that scales would differ along
  int32_t aliasOf = -1;          // output: the io entry of the input whose bytes it replaces (a KV cache)
  std::vector<OpenDim> openDims; // by ascending dim
};

/// An operation of the model that instructions belong to.
struct DebugOp {
  std::string node, opType, location; // ONNX node name and operator, MLIR location
  uint64_t macs = 0, bytes = 0;       // useful multiply-accumulates, DRAM bytes
  uint64_t predictedCycles = 0;       // PERFHINT
  int32_t parent = -1;                // the fusion group's entry, an earlier one
};

/// Which operation and tile an instruction works for. One per instruction, or none at all.
struct DebugLine {
  uint32_t op = 0;
  int32_t tile[4] = {0, 0, 0, 0};
};

struct Program {
  std::string name = "main";
  std::vector<Instruction> code;
  std::vector<Semaphore> semaphores;
  std::vector<Segment> segments;
  std::vector<IOTensor> io;
  std::vector<DebugOp> debugOps;
  std::vector<DebugLine> debugLines; // empty or one per instruction
  unsigned argumentCount = 0;
  std::vector<ConstLocation> constants;
  std::map<std::string, std::string> buildInfo; // tool, version, options; no times and no paths
};

} // namespace aic::npu

#endif // AIC_NPU_PROGRAM_H
