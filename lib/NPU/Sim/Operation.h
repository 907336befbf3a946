//===- Operation.h - Instructions made ready for execution --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program is taken apart once: fields become plain structs, operands get their memory, the bytes that an instruction
// touches become regions relative to its operands, and what can be found wrong without running is found. What is left
// for every execution is a handful of address sums. Both the sequential and the timed run work on these.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_LIB_NPU_SIM_OPERATION_H
#define AIC_LIB_NPU_SIM_OPERATION_H

#include "aic/NPU/Machine.h"
#include "aic/NPU/Program.h"

#include <string>
#include <vector>

namespace aic::npu::sim {

/// A memory by number: the local spaces, then the segments.
using Place = uint8_t;
constexpr Place kNoPlace = 0xff;
constexpr unsigned kPlaces = kSpaces + kMaxSegments;
inline Place placeOf(Space space) { return static_cast<Place>(space); }
inline Place placeOfSegment(unsigned segment) { return static_cast<Place>(kSpaces + segment); }
inline bool isSegment(Place place) { return place >= kSpaces; }
std::string nameOfPlace(Place place);

enum class Family : uint8_t { Scalar, Token, Dma, Fill, Gather, Matrix, Fixpipe, Vector, Window };

constexpr unsigned kOperands = 5, kRegionDims = 3;
/// The slots of the operands of each family.
namespace slot {
enum : uint8_t {
  Src = 0,
  Dst = 1, // Dma, Fill (Dst only), Gather
  A = 0,
  B = 1,
  C = 2, // Matrix
  FxC = 0,
  FxDst = 1,
  FxTable = 2,
  FxLut = 3,
  FxRes = 4, // Fixpipe
  VecDst = 0,
  VecS0 = 1,
  VecS1 = 2,
  VecS2 = 3, // Vector
  WinDst = 0,
  WinSrc = 1,
  WinWgt = 2,
  WinTable = 3 // Window
};
} // namespace slot

struct Operand {
  int64_t base = 0;
  Place place = kNoPlace; // kNoPlace: not in use
  uint8_t ar = 0;
  Field field = Field::src;
};

/// The bytes operand + offset + sum(i_d * stride_d) + [0, run) with 0 <= i_d < count_d, outermost dimension first.
struct Region {
  int64_t offset = 0, run = 0;
  int64_t low = 0, high = 0; // bounds, relative to the operand
  std::array<int64_t, kRegionDims> stride{};
  std::array<int32_t, kRegionDims> count{{1, 1, 1}};
  uint8_t operand = 0;
  bool read = false, write = false;
  bool exact = true; // false: may hold bytes that are not touched
  int64_t runs() const { return int64_t(count[0]) * count[1] * count[2]; }
};

/// Dimensions outermost first; runs of `run` bytes.
struct DmaShape {
  int64_t run;
  int64_t src[3], dst[3];
  int32_t count[3];
};
struct FillShape {
  int64_t run;
  int64_t dst[2];
  int32_t count[2];
  uint32_t value;
  uint8_t element;
};
struct GatherShape {
  int64_t pixel, row, pitch; // bytes
  int32_t h, w, c, kh, kw, sh, sw, dh, dw, pt, pl, ow, mStart, mLen, kStart, kLen;
  uint16_t padding;
  uint8_t element;
  bool transpose;
};
struct MatrixShape {
  int64_t aPitch, bPitch, cPitch;
  int32_t m, n, k, azp, bzp;
  DType a, b;
  bool accumulate;
};
/// Steps 1 to 5 of FXOUT.
struct Epilogue {
  DType acc, out;
  QMode qmode;
  Act act;
  Residual res;
  float scale, scaleMain, scaleRes;
  int32_t zp, resZp, outZp;
  int32_t low, high; // bounds of an 8-bit result after clip
  float lowF, highF; // bounds of a float result, if act is clip
};
struct FixpipeShape {
  Epilogue epilogue;
  int64_t cPitch, dstStride, resStride;
  int32_t m, n;
};
struct VectorShape {
  int64_t stride[4]; // by slot
  int32_t len, rep, zp;
  float immediate;
  DType ddt, s0dt, s1dt;
  Round round;
  Compare cmp;
  bool s1Immediate, broadcast[4]; // by slot
  bool integer;                   // computes in i32
};
struct WindowShape {
  Epilogue epilogue;
  int64_t pixel, row, dstPixel, dstRow; // bytes
  int32_t h, w, c, kh, kw, sh, sw, dh, dw, pt, pl, oh, ow, azp, wzp;
  DType sdt, wdt, ddt;
  bool includePad;
};

struct Operation {
  Opcode opcode = Opcode::NOP;
  Engine engine = Engine::S;
  Family family = Family::Scalar;
  int8_t wait = -1, signal = -1, predicate = -1;
  uint8_t regionCount = 0;
  uint32_t pc = 0, firstRegion = 0;
  int32_t fault = -1;   // why it cannot be executed: index into Decoded::faults
  uint32_t partner = 0; // LOOP: pc of its ENDLOOP, and back
  std::array<Operand, kOperands> operands;
  union {
    DmaShape dma;
    FillShape fill;
    GatherShape gather;
    MatrixShape matrix;
    FixpipeShape fixpipe;
    VectorShape vector;
    WindowShape window;
  };
  Operation() : dma() {}
};

/// A whole program taken apart.
struct Decoded {
  const Program *program = nullptr;
  const Machine *machine = nullptr;
  std::vector<Operation> operations; // one per instruction
  std::vector<Region> regions;
  std::vector<std::string> faults;
  std::array<int64_t, kPlaces> placeBytes{}; // -1: no such memory
  std::array<int8_t, 64> semaphoreIndex{};   // into Program::semaphores, -1 for undeclared

  const Region *regionsOf(const Operation &op) const { return regions.data() + op.firstRegion; }
};

/// False, with the reason, for a program that cannot even start: loops that do not nest, no HALT at the end, semaphores
/// declared twice or beyond the machine's, more segments than there are numbers.
bool decodeProgram(const Program &program, const Machine &machine, Decoded &decoded, std::string &error);

/// Alignment that the address of an operand in a local space must have.
inline unsigned requiredAlignment(const Machine &machine, Place place) {
  return machine.spaces[place].align ? machine.spaces[place].align : 1;
}

inline int64_t roundUp(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }
inline int64_t pitchOf(int64_t bytes) { return roundUp(bytes, kGranuleBytes); }
inline bool isFloat(DType type) { return type >= DType::f16; }

/// The path that an instruction moves data on, null if it takes none or the machine has none.
const DataPath *pathOf(const Machine &machine, const Operation &op);

} // namespace aic::npu::sim

#endif // AIC_LIB_NPU_SIM_OPERATION_H
