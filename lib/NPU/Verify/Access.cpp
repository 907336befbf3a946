//===- Access.cpp - Which bytes an instruction touches ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Written from the descriptions in npu_isa.td. A test enumerates the bytes of random instructions from the same text.
//
//===----------------------------------------------------------------------===//

#include "aic/NPU/Verify/Access.h"

#include <algorithm>
#include <numeric>

namespace aic::npu {

std::string Memory::str() const {
  return isSegment() ? "segment " + std::to_string(segment()) : std::string(nameOf(space()));
}

bool conflict(const Access &a, const Access &b) {
  return (a.write || b.write) && a.memory == b.memory && commonByte(a.box, b.box) >= 0;
}

namespace {

/// first, first + step, ..., up to last; empty if first > last.
struct Progression {
  int64_t first = 0, last = 0, step = 1;
  int64_t count() const { return first > last ? 0 : step > 0 ? (last - first) / step + 1 : 1; }
};

/// The coordinates out * outStep + tap * tapStep - pad that lie in [0, limit), for ranges of out and of tap.
Progression windowCoordinates(int64_t firstOut, int64_t lastOut, int64_t outStep, int64_t firstTap, int64_t lastTap,
                              int64_t tapStep, int64_t pad, int64_t limit) {
  Progression result{firstOut * outStep + firstTap * tapStep - pad, lastOut * outStep + lastTap * tapStep - pad, 0};
  if (firstOut != lastOut)
    result.step = outStep;
  if (firstTap != lastTap)
    result.step = std::gcd(result.step, tapStep);
  if (result.first < 0 && result.step > 0)
    result.first += (-result.first + result.step - 1) / result.step * result.step;
  if (result.first < 0 && result.step == 0)
    result.last = result.first - 1;
  result.last = std::min(result.last, limit - 1);
  return result;
}

class Collector {
public:
  Collector(const Instruction &inst, const AddressRegisters &registers, const Machine &machine,
            std::vector<Access> &result, unsigned unknown)
      : inst(inst), registers(registers), machine(machine), result(result), unknown(unknown) {}

  void collect() {
    for (unsigned i = 0; i < info.operandCount; ++i) {
      const OperandInfo &operand = info.operands[i];
      if (!inst.uses(operand))
        continue;
      LocalAddress address = inst.local(operand.field);
      if (static_cast<unsigned>(address.space) >= kSpaces)
        continue; // not encodable
      // An MMA that starts at zero does not read its accumulators.
      bool reads =
          operand.reads && !(operand.writes && inst.has(Field::init) && inst.as<Init>(Field::init) == Init::zero);
      begin(Memory::space(address.space), operand.field, address.ar,
            int64_t(address.granule) * kGranuleBytes + registers[address.ar], reads, operand.writes);
      if (!whole)
        region();
    }
    if (inst.opcode == Opcode::LD || inst.opcode == Opcode::ST) {
      bool load = inst.opcode == Opcode::LD;
      Field globalField = load ? Field::src : Field::dst;
      GlobalAddress address = inst.global(globalField);
      begin(Memory::segment(address.segment), globalField, address.ar,
            static_cast<int64_t>(address.offset) + registers[address.ar], load, !load);
      if (!whole)
        dma(load);
    }
  }

private:
  int64_t get(Field f) const { return inst.get(f); }
  DType type(Field f) const { return inst.as<DType>(f); }

  void begin(Memory where, Field f, unsigned ar, int64_t address, bool isRead, bool isWritten) {
    memory = where, field = f, base = address, reads = isRead, writes = isWritten;
    whole = (unknown >> ar) & 1;
    if (whole)
      everything();
  }

  void add(const ByteBox &box) {
    if (box.empty())
      return;
    if (reads)
      result.push_back({memory, false, field, box});
    if (writes)
      result.push_back({memory, true, field, box});
  }
  void contiguous(int64_t bytes) { add(ByteBox(base, bytes)); }
  void everything() {
    add(ByteBox(0, memory.isSegment() ? int64_t(1) << 40 : static_cast<int64_t>(machine.space(memory.space()).bytes)));
  }

  static int64_t padded(int64_t bytes) { return (bytes + kGranuleBytes - 1) / kGranuleBytes * kGranuleBytes; }

  void region() {
    switch (inst.opcode) {
    case Opcode::LD:
    case Opcode::ST:
    case Opcode::CP:
      return dma(field == Field::src);
    case Opcode::FILL:
      return add(ByteBox(base, get(Field::n0) << get(Field::log2elem),
                         {{get(Field::n1), get(Field::ds1)}, {get(Field::n2), get(Field::ds2)}}));
    case Opcode::LDA:
    case Opcode::LDB:
      if (field == Field::dst)
        return contiguous(get(Field::m_len) * padded(get(Field::k_len) << get(Field::log2elem)));
      return gather();
    case Opcode::MMA:
    case Opcode::MMAS:
      if (field == Field::c)
        return contiguous(get(Field::m) * padded(get(Field::n) * 4));
      return contiguous(field == Field::a ? get(Field::m) * padded(get(Field::k) * bytesOf(type(Field::adt)))
                                          : get(Field::n) * padded(get(Field::k) * bytesOf(type(Field::bdt))));
    case Opcode::FXOUT:
      return fxout();
    case Opcode::DWMAC:
    case Opcode::POOLMAX:
    case Opcode::POOLAVG:
      return window();
    default:
      return vector();
    }
  }

  void dma(bool source) {
    Field s1 = source ? Field::ss1 : Field::ds1, s2 = source ? Field::ss2 : Field::ds2,
          s3 = source ? Field::ss3 : Field::ds3;
    add(ByteBox(base, get(Field::n0) << get(Field::log2elem),
                {{get(Field::n1), get(s1)}, {get(Field::n2), get(s2)}, {get(Field::n3), get(s3)}}));
  }

  void gather() {
    int64_t element = int64_t(1) << get(Field::log2elem), rowStride = get(Field::row_stride) * element;
    int64_t mStart = get(Field::m_start), mLen = get(Field::m_len), kStart = get(Field::k_start),
            kLen = get(Field::k_len);
    if (mLen == 0 || kLen == 0)
      return;
    if (get(Field::transpose))
      return add(ByteBox(base + kStart * rowStride + mStart * element, mLen * element, {{kLen, rowStride}}));
    int64_t width = get(Field::ow), channels = get(Field::c), columns = get(Field::kw);
    if (width == 0 || channels == 0 || columns == 0)
      return everything(); // not executable
    // The columns of the tile: taps (kh, kw) and channels.
    int64_t firstTap = kStart / channels, lastTap = (kStart + kLen - 1) / channels;
    int64_t firstChannel = firstTap == lastTap ? kStart % channels : 0;
    int64_t run = (firstTap == lastTap ? kLen : channels) * element;
    int64_t firstKh = firstTap / columns, lastKh = lastTap / columns;
    int64_t firstKw = firstKh == lastKh ? firstTap % columns : 0,
            lastKw = firstKh == lastKh ? lastTap % columns : columns - 1;
    // The rows of the tile: a part of a row of pixels, whole rows, a part of a row.
    auto pixels = [&](int64_t firstRow, int64_t lastRow, int64_t firstPixel, int64_t lastPixel) {
      Progression y = windowCoordinates(firstRow, lastRow, get(Field::sh), firstKh, lastKh, get(Field::dh),
                                        get(Field::pt), get(Field::h));
      Progression x = windowCoordinates(firstPixel, lastPixel, get(Field::sw), firstKw, lastKw, get(Field::dw),
                                        get(Field::pl), get(Field::w));
      int64_t pixelStride = get(Field::pix_stride) * element;
      add(ByteBox(base + y.first * rowStride + x.first * pixelStride + firstChannel * element, run,
                  {{y.count(), y.step * rowStride}, {x.count(), x.step * pixelStride}}));
    };
    int64_t firstRow = mStart / width, lastRow = (mStart + mLen - 1) / width;
    int64_t firstPixel = mStart % width, lastPixel = (mStart + mLen - 1) % width;
    if (firstRow == lastRow)
      return pixels(firstRow, lastRow, firstPixel, lastPixel);
    if (firstPixel > 0)
      pixels(firstRow, firstRow, firstPixel, width - 1), ++firstRow;
    if (lastPixel < width - 1)
      pixels(lastRow, lastRow, 0, lastPixel), --lastRow;
    if (firstRow <= lastRow)
      pixels(firstRow, lastRow, 0, width - 1);
  }

  void fxout() {
    int64_t m = get(Field::m), n = get(Field::n);
    if (field == Field::c)
      return contiguous(m * padded(n * 4));
    if (field == Field::table)
      return contiguous(n * 8);
    if (field == Field::lut)
      return contiguous(256);
    if (field == Field::res_src) {
      Residual res = inst.as<Residual>(Field::res);
      return add(
          ByteBox(base, n * (res == Residual::i8 || res == Residual::u8 ? 1 : 2), {{m, get(Field::res_stride)}}));
    }
    add(ByteBox(base, n * bytesOf(type(Field::out)), {{m, get(Field::dst_stride)}}));
  }

  void window() {
    int64_t c = get(Field::c), kh = get(Field::kh), kw = get(Field::kw), oh = get(Field::oh), ow = get(Field::ow);
    if (field == Field::wgt)
      return contiguous(kh * kw * c * bytesOf(type(Field::wdt)));
    if (field == Field::table)
      return contiguous(c * 8);
    if (field == Field::dst) {
      int64_t element = bytesOf(type(Field::ddt));
      return add(ByteBox(base, c * element,
                         {{oh, get(Field::dst_row_stride) * element}, {ow, get(Field::dst_pix_stride) * element}}));
    }
    int64_t element = bytesOf(type(Field::sdt));
    Progression y =
        windowCoordinates(0, oh - 1, get(Field::sh), 0, kh - 1, get(Field::dh), get(Field::pt), get(Field::h));
    Progression x =
        windowCoordinates(0, ow - 1, get(Field::sw), 0, kw - 1, get(Field::dw), get(Field::pl), get(Field::w));
    int64_t rowStride = get(Field::row_stride) * element, pixelStride = get(Field::pix_stride) * element;
    add(ByteBox(base + y.first * rowStride + x.first * pixelStride, c * element,
                {{y.count(), y.step * rowStride}, {x.count(), x.step * pixelStride}}));
  }

  void vector() {
    int64_t len = get(Field::len), rep = get(Field::rep);
    Opcode op = inst.opcode;
    if (field == Field::dst) {
      int64_t element = bytesOf(type(Field::ddt)), stride = get(Field::dst_stride);
      if (op == Opcode::SCATTER)
        return everything();
      if (op == Opcode::TRANS)
        return add(ByteBox(base, rep * element, {{len, stride}}));
      bool reduces = op == Opcode::RSUM || op == Opcode::RMAX || op == Opcode::RMIN || op == Opcode::RARGMAX;
      return add(ByteBox(base, (reduces ? 1 : len) * element, {{rep, stride}}));
    }
    if (field == Field::s0) {
      if (op == Opcode::GATHER)
        return everything();
      bool one = get(Field::s0_bcast) || op == Opcode::BCAST;
      return add(ByteBox(base, (one ? 1 : len) * bytesOf(type(Field::s0dt)), {{rep, get(Field::s0_stride)}}));
    }
    bool second = field == Field::s1;
    if (second && op == Opcode::LUT)
      return contiguous(256 * bytesOf(type(Field::ddt)));
    bool indices = op == Opcode::GATHER || op == Opcode::SCATTER;
    int64_t element = indices ? 4 : bytesOf(type(Field::s1dt));
    bool one = get(second ? Field::s1_bcast : Field::s2_bcast);
    add(ByteBox(base, (one ? 1 : len) * element, {{rep, get(second ? Field::s1_stride : Field::s2_stride)}}));
  }

  const Instruction &inst;
  const OpcodeInfo &info = infoOf(inst.opcode);
  const AddressRegisters &registers;
  const Machine &machine;
  std::vector<Access> &result;
  unsigned unknown;

  // The operand at hand.
  Memory memory = Memory::space(Space::L1);
  Field field = Field::dst;
  int64_t base = 0;
  bool reads = false, writes = false, whole = false;
};

} // namespace

void accesses(const Instruction &inst, const AddressRegisters &registers, const Machine &machine,
              std::vector<Access> &result, unsigned unknown) {
  Collector(inst, registers, machine, result, unknown).collect();
}

} // namespace aic::npu
