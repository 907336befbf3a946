//===- Access.h - Which bytes an instruction touches --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dependence analysis that the compiler's sync insertion and the sync verifier share: the byte regions that an
// instruction reads and writes, as strided boxes whose overlap is decided exactly.
//
// A region never misses a byte. It may hold more than the instruction touches: the padding of a tile's rows; the
// channels between the first and the last of a gather's columns when they cross window taps; all of VB for the
// indexed side of GATHER and SCATTER.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_NPU_VERIFY_ACCESS_H
#define AIC_NPU_VERIFY_ACCESS_H

#include "aic/NPU/Machine.h"

#include <initializer_list>
#include <string>

namespace aic::npu {

/// The values of the address registers when an instruction is dispatched.
using AddressRegisters = std::array<int64_t, kAddressRegisters>;

/// A local space, or a segment of DRAM. Segments do not overlap each other.
class Memory {
public:
  static constexpr unsigned kCount = kSpaces + kMaxSegments;
  static Memory space(Space space) { return Memory(static_cast<uint8_t>(space)); }
  static Memory segment(unsigned number) { return Memory(static_cast<uint8_t>(kSpaces + number)); }
  bool isSegment() const { return code >= kSpaces; }
  Space space() const { return static_cast<Space>(code); }
  unsigned segment() const { return code - kSpaces; }
  /// From 0 to kCount - 1.
  unsigned index() const { return code; }
  bool operator==(Memory other) const { return code == other.code; }
  bool operator!=(Memory other) const { return code != other.code; }
  /// "L1", "segment 2".
  std::string str() const;

private:
  explicit Memory(uint8_t code) : code(code) {}
  uint8_t code;
};

/// The bytes base + sum(i_d * stride_d) + [0, run) for 0 <= i_d < count_d.
/// Canonical: strides are positive and fall from dimension to dimension, counts are at least 2, a dimension that
/// continues the run without a gap has become part of it.
struct ByteBox {
  static constexpr unsigned kMaxRank = 3;
  struct Dim {
    int64_t count = 1, stride = 0;
  };
  int64_t base = 0, run = 0; // run 0: empty
  uint8_t rank = 0;
  std::array<Dim, kMaxRank> dims{};

  ByteBox() = default;
  ByteBox(int64_t base, int64_t run) : base(base), run(run) {}
  /// Dimensions in any order, of any stride; at most kMaxRank of a count other than 1.
  ByteBox(int64_t base, int64_t run, std::initializer_list<Dim> dims);

  bool empty() const { return run <= 0; }
  int64_t begin() const { return base; }
  int64_t end() const; // behind the last byte
  /// Whether every byte of `other` is surely in this box (may say no to a box that is).
  bool covers(const ByteBox &other) const;
  /// "[64, 96)", or with strides "[64, 72) + 4 * 128 + 2 * 1024".
  std::string str() const;
};

/// The address of a byte that both boxes hold, or -1 (boxes begin at 0 or later). Exact; where the search would take
/// more than 100,000 steps (boxes of many different strides) it gives the first byte of the common bounding interval
/// instead.
int64_t commonByte(const ByteBox &a, const ByteBox &b);

/// One operand's region.
struct Access {
  Memory memory = Memory::space(Space::L1);
  bool write = false;
  Field field = Field::dst;
  ByteBox box;
};

/// Two accesses of which one writes and which share a byte.
bool conflict(const Access &a, const Access &b);

/// Appends what an instruction touches, one access for each box; nothing for instructions of S, SWAIT and SSIG. The
/// caller leaves out what a false predicate switches off. Every bit of `unknown` names an address register whose value
/// is not known: operands that use it take all of their memory (segments: 2^40 bytes).
void accesses(const Instruction &inst, const AddressRegisters &registers, const Machine &machine,
              std::vector<Access> &result, unsigned unknown = 0);

} // namespace aic::npu

#endif // AIC_NPU_VERIFY_ACCESS_H
