//===- Operation.cpp - Instructions made ready for execution ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Operation.h"
#include "Numerics.h"

#include <algorithm>
#include <initializer_list>

namespace aic::npu::sim {

std::string nameOfPlace(Place place) {
  if (isSegment(place))
    return "segment " + std::to_string(place - kSpaces);
  return nameOf(static_cast<Space>(place));
}

const DataPath *pathOf(const Machine &machine, const Operation &op) {
  auto spaceOf = [&](unsigned slot) -> std::optional<Space> {
    Place place = op.operands[slot].place;
    return isSegment(place) ? std::nullopt : std::optional<Space>(static_cast<Space>(place));
  };
  switch (op.family) {
  case Family::Dma:
  case Family::Gather:
    return machine.path(op.engine, spaceOf(slot::Src), spaceOf(slot::Dst));
  case Family::Fixpipe:
    return machine.path(op.engine, spaceOf(slot::FxC), spaceOf(slot::FxDst));
  case Family::Fill: {
    // Nothing is read: the widest way into the destination, whatever its source.
    const DataPath *best = nullptr;
    for (const DataPath &path : machine.paths)
      if (path.engine == op.engine && (!best || path.bytesPerCycle > best->bytesPerCycle) &&
          std::find(path.destinations.begin(), path.destinations.end(), spaceOf(slot::Dst)) != path.destinations.end())
        best = &path;
    return best;
  }
  default:
    return nullptr;
  }
}

namespace {

bool oneOf(DType type, std::initializer_list<DType> types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}
bool isByte(DType type) { return type == DType::i8 || type == DType::u8; }
int32_t lowest(DType type) { return type == DType::i8 ? -128 : 0; }
int32_t highest(DType type) { return type == DType::i8 ? 127 : 255; }

class Decoder {
public:
  Decoder(const Program &program, const Machine &machine, Decoded &decoded)
      : program(program), machine(machine), decoded(decoded) {}

  void decode(uint32_t pc) {
    inst = &program.code[pc];
    op = &decoded.operations[pc];
    op->opcode = inst->opcode, op->engine = inst->engine, op->pc = pc;
    op->wait = inst->wait, op->signal = inst->signal, op->predicate = inst->predicate;
    op->firstRegion = static_cast<uint32_t>(decoded.regions.size());
    const OpcodeInfo *info = infoOf(static_cast<uint8_t>(inst->opcode));
    if (!info)
      return fault("unknown opcode " + std::to_string(static_cast<unsigned>(inst->opcode)));
    if (!(info->engines >> static_cast<unsigned>(inst->engine) & 1))
      return fault(std::string("not an instruction of engine ") + nameOf(inst->engine));
    if (info->later)
      return fault("designed, but not executed by this version");
    checkSemaphores();
    operands(*info);
    shape();
    op->regionCount = static_cast<uint8_t>(decoded.regions.size() - op->firstRegion);
  }

private:
  int64_t get(Field f) const { return inst->get(f); }
  int32_t num(Field f) const { return static_cast<int32_t>(inst->get(f)); }
  DType type(Field f) const { return inst->as<DType>(f); }

  void fault(const std::string &reason) {
    if (op->fault >= 0)
      return;
    op->fault = static_cast<int32_t>(decoded.faults.size());
    decoded.faults.push_back(reason);
  }
  void expect(bool holds, const char *reason) {
    if (!holds)
      fault(reason);
  }
  void expectType(Field f, std::initializer_list<DType> types) {
    if (oneOf(type(f), types))
      return;
    std::string names;
    for (DType t : types)
      names += (names.empty() ? "" : ", ") + std::string(nameOf(t));
    fault(std::string("'") + nameOf(f) + "': expected one of " + names + ", got " + nameOf(type(f)));
  }
  void expectPositive(std::initializer_list<Field> fields) {
    for (Field f : fields)
      if (get(f) < 1)
        fault(std::string("'") + nameOf(f) + "': expected at least 1, got " + std::to_string(get(f)));
  }

  void checkSemaphores() {
    auto check = [&](int id, const char *what, bool isWait) {
      if (id < 0)
        return;
      int8_t index = id < 64 ? decoded.semaphoreIndex[static_cast<size_t>(id)] : -1;
      if (index < 0)
        return fault(std::string(what) + " semaphore " + std::to_string(id) + ", which is not declared");
      const Semaphore &semaphore = program.semaphores[static_cast<size_t>(index)];
      Engine owner = isWait ? semaphore.consumer : semaphore.producer;
      if (owner != inst->engine)
        fault(std::string(what) + " semaphore " + std::to_string(id) + " on engine " + nameOf(inst->engine) +
              ", declared with " + (isWait ? "consumer " : "producer ") + nameOf(owner));
    };
    check(inst->wait, "waits for", true);
    check(inst->signal, "signals", false);
    if (inst->opcode == Opcode::SWAIT)
      expect(inst->wait >= 0, "names no semaphore to wait for");
    if (inst->opcode == Opcode::SSIG)
      expect(inst->signal >= 0, "names no semaphore to signal");
  }

  void setOperand(unsigned slot, Field field, LocalAddress address) {
    Operand &operand = op->operands[slot];
    operand.field = field, operand.ar = address.ar;
    operand.base = int64_t(address.granule) * kGranuleBytes;
    operand.place = placeOf(address.space);
    if (static_cast<unsigned>(address.space) >= kSpaces)
      operand.place = 0, fault(std::string("'") + nameOf(field) + "': no such space");
  }
  void setGlobal(unsigned slot, Field field) {
    GlobalAddress address = inst->global(field);
    Operand &operand = op->operands[slot];
    operand.field = field, operand.ar = address.ar;
    operand.base = static_cast<int64_t>(address.offset);
    operand.place = placeOfSegment(address.segment);
    if (decoded.placeBytes[operand.place] < 0)
      fault(std::string("'") + nameOf(field) + "': segment " + std::to_string(address.segment) +
            " is not in the program");
    else if (slot == slot::Dst && program.segments[address.segment].kind == SegmentKind::Const)
      fault("writes segment " + std::to_string(address.segment) + ", which is constant");
  }

  void operands(const OpcodeInfo &info) {
    static constexpr Field dma[] = {Field::src, Field::dst};
    static constexpr Field matrix[] = {Field::a, Field::b, Field::c};
    static constexpr Field fixpipe[] = {Field::c, Field::dst, Field::table, Field::lut, Field::res_src};
    static constexpr Field vector[] = {Field::dst, Field::s0, Field::s1, Field::s2};
    static constexpr Field window[] = {Field::dst, Field::src, Field::wgt, Field::table};
    const Field *slots = vector;
    size_t count = 4;
    auto use = [&](Family family, const Field *fields, size_t n) { op->family = family, slots = fields, count = n; };
    switch (op->opcode) {
    case Opcode::SWAIT:
    case Opcode::SSIG:
      op->family = Family::Token;
      return;
    case Opcode::LD:
    case Opcode::ST:
    case Opcode::CP:
      use(Family::Dma, dma, 2);
      break;
    case Opcode::FILL:
      use(Family::Fill, dma, 2);
      break;
    case Opcode::LDA:
    case Opcode::LDB:
      use(Family::Gather, dma, 2);
      break;
    case Opcode::MMA:
      use(Family::Matrix, matrix, 3);
      break;
    case Opcode::FXOUT:
      use(Family::Fixpipe, fixpipe, 5);
      break;
    case Opcode::DWMAC:
    case Opcode::POOLMAX:
    case Opcode::POOLAVG:
      use(Family::Window, window, 4);
      break;
    default:
      if (inst->engine == Engine::S)
        return;
      use(Family::Vector, vector, 4);
    }
    for (unsigned i = 0; i < info.operandCount; ++i) {
      const OperandInfo &operand = info.operands[i];
      if (!inst->uses(operand))
        continue;
      size_t slot = std::find(slots, slots + count, operand.field) - slots;
      LocalAddress address = inst->local(operand.field);
      setOperand(slot, operand.field, address);
      if (!(operand.spacesOn[static_cast<size_t>(inst->engine)] >> static_cast<unsigned>(address.space) & 1))
        fault(std::string("'") + nameOf(operand.field) + "': cannot be in " + nameOfPlace(op->operands[slot].place));
    }
    if (op->opcode == Opcode::LD)
      setGlobal(slot::Src, Field::src);
    if (op->opcode == Opcode::ST)
      setGlobal(slot::Dst, Field::dst);
    if (op->family != Family::Vector && op->family != Family::Window && op->family != Family::Matrix &&
        !(op->family == Family::Fill && op->engine == Engine::VX) && !pathOf(machine, *op))
      fault(std::string("the machine has no path of ") + nameOf(op->engine) +
            (op->family == Family::Fill
                 ? std::string()
                 : " from " + (isSegment(op->operands[0].place) ? "DRAM" : nameOfPlace(op->operands[0].place))) +
            " to " + (isSegment(op->operands[1].place) ? "DRAM" : nameOfPlace(op->operands[1].place)));
  }

  struct Dim {
    int64_t count, stride;
  };
  /// Adds a region; dimensions outermost first. One that continues the run becomes part of it.
  Region &region(unsigned slot, bool read, bool write, int64_t run, std::initializer_list<Dim> dims,
                 int64_t offset = 0) {
    Region r;
    r.operand = static_cast<uint8_t>(slot), r.read = read, r.write = write, r.run = run, r.offset = offset;
    unsigned next = kRegionDims;
    for (const Dim *dim = dims.end(); dim != dims.begin();) {
      --dim;
      if (dim->count == 1)
        continue;
      if (next == kRegionDims && dim->stride == r.run) {
        r.run *= dim->count;
        continue;
      }
      --next;
      r.count[next] = static_cast<int32_t>(dim->count), r.stride[next] = dim->stride;
    }
    // More bytes than the memory has: some would be written again and again, for as long as strides of 0 please.
    Place place = op->operands[slot].place;
    if (write && place != kNoPlace && decoded.placeBytes[place] / std::max<int64_t>(r.run, 1) < r.runs())
      fault(std::string("writes more bytes than ") + nameOfPlace(place) + " has");
    r.low = offset, r.high = offset + r.run;
    for (unsigned d = 0; d < kRegionDims; ++d) {
      int64_t span = (r.count[d] - 1) * r.stride[d];
      (span < 0 ? r.low : r.high) += span;
    }
    decoded.regions.push_back(r);
    return decoded.regions.back();
  }

  void shape() {
    switch (op->family) {
    case Family::Dma:
      return dma();
    case Family::Fill:
      return fill();
    case Family::Gather:
      return gather();
    case Family::Matrix:
      return matrix();
    case Family::Fixpipe:
      return fixpipe();
    case Family::Vector:
      return vector();
    case Family::Window:
      return window();
    default:
      return;
    }
  }

  void dma() {
    expectPositive({Field::n0, Field::n1, Field::n2, Field::n3});
    if (op->fault >= 0)
      return;
    DmaShape &s = op->dma;
    s.run = get(Field::n0) << get(Field::log2elem);
    int64_t counts[] = {get(Field::n3), get(Field::n2), get(Field::n1)};
    int64_t src[] = {get(Field::ss3), get(Field::ss2), get(Field::ss1)};
    int64_t dst[] = {get(Field::ds3), get(Field::ds2), get(Field::ds1)};
    region(slot::Src, true, false, s.run, {{counts[0], src[0]}, {counts[1], src[1]}, {counts[2], src[2]}});
    region(slot::Dst, false, true, s.run, {{counts[0], dst[0]}, {counts[1], dst[1]}, {counts[2], dst[2]}});
    // Dimensions that continue the run on both sides become part of it.
    unsigned next = 3;
    for (unsigned d = 3; d-- > 0;) {
      if (counts[d] == 1)
        continue;
      if (next == 3 && src[d] == s.run && dst[d] == s.run) {
        s.run *= counts[d];
        continue;
      }
      --next;
      s.count[next] = static_cast<int32_t>(counts[d]), s.src[next] = src[d], s.dst[next] = dst[d];
    }
    while (next-- > 0)
      s.count[next] = 1, s.src[next] = s.dst[next] = 0;
  }

  void fill() {
    expectPositive({Field::n0, Field::n1, Field::n2});
    expect(get(Field::log2elem) <= 2, "'log2elem': expected at most 2, got 3");
    FillShape &s = op->fill;
    s.element = static_cast<uint8_t>(1 << get(Field::log2elem));
    s.run = get(Field::n0) * s.element;
    s.count[0] = num(Field::n2), s.count[1] = num(Field::n1);
    s.dst[0] = get(Field::ds2), s.dst[1] = get(Field::ds1);
    s.value = static_cast<uint32_t>(get(Field::value));
    region(slot::Dst, false, true, s.run, {{s.count[0], s.dst[0]}, {s.count[1], s.dst[1]}});
  }

  void gather() {
    expectPositive({Field::h, Field::w, Field::c, Field::kh, Field::kw, Field::ow, Field::m_len, Field::k_len});
    GatherShape &s = op->gather;
    s.element = static_cast<uint8_t>(1 << get(Field::log2elem));
    s.h = num(Field::h), s.w = num(Field::w), s.c = num(Field::c), s.kh = num(Field::kh), s.kw = num(Field::kw);
    s.sh = num(Field::sh), s.sw = num(Field::sw), s.dh = num(Field::dh), s.dw = num(Field::dw);
    s.pt = num(Field::pt), s.pl = num(Field::pl), s.ow = num(Field::ow);
    s.mStart = num(Field::m_start), s.mLen = num(Field::m_len);
    s.kStart = num(Field::k_start), s.kLen = num(Field::k_len);
    s.pixel = get(Field::pix_stride) * s.element, s.row = get(Field::row_stride) * s.element;
    s.pitch = pitchOf(int64_t(s.kLen) * s.element);
    s.padding = static_cast<uint16_t>(get(Field::padv));
    s.transpose = get(Field::transpose) != 0;
    region(slot::Dst, false, true, s.pitch * s.mLen, {}).exact = false;
    if (op->fault >= 0)
      return;
    int64_t e = s.element;
    if (s.transpose) {
      expect(s.kh == 1 && s.kw == 1, "a transposed gather has a window of one pixel");
      region(slot::Src, true, false, s.mLen * e, {{s.kLen, s.row}}, s.kStart * s.row + s.mStart * e);
      return;
    }
    int64_t columns = int64_t(s.kw) * s.c;
    if (s.kStart + int64_t(s.kLen) > columns * s.kh)
      return fault("columns to " + std::to_string(s.kStart + int64_t(s.kLen)) + ", the window has " +
                   std::to_string(columns * s.kh));
    // A box around what is read: rows, pixels, channels.
    int64_t last = s.kStart + int64_t(s.kLen) - 1;
    int64_t kh0 = s.kStart / columns, kh1 = last / columns;
    int64_t kw0 = kh0 == kh1 ? s.kStart % columns / s.c : 0, kw1 = kh0 == kh1 ? last % columns / s.c : s.kw - 1;
    bool oneTap = kh0 == kh1 && kw0 == kw1;
    int64_t c0 = oneTap ? s.kStart % s.c : 0, c1 = oneTap ? last % s.c : s.c - 1;
    int64_t end = s.mStart + int64_t(s.mLen) - 1;
    int64_t oh0 = s.mStart / s.ow, oh1 = end / s.ow;
    int64_t ow0 = oh0 == oh1 ? s.mStart % s.ow : 0, ow1 = oh0 == oh1 ? end % s.ow : s.ow - 1;
    int64_t y0 = std::max<int64_t>(oh0 * s.sh - s.pt + kh0 * s.dh, 0);
    int64_t y1 = std::min<int64_t>(oh1 * s.sh - s.pt + kh1 * s.dh, s.h - 1);
    int64_t x0 = std::max<int64_t>(ow0 * s.sw - s.pl + kw0 * s.dw, 0);
    int64_t x1 = std::min<int64_t>(ow1 * s.sw - s.pl + kw1 * s.dw, s.w - 1);
    if (y0 > y1 || x0 > x1)
      return; // padding only
    Region &r = region(slot::Src, true, false, (c1 - c0 + 1) * e, {{y1 - y0 + 1, s.row}, {x1 - x0 + 1, s.pixel}},
                       y0 * s.row + x0 * s.pixel + c0 * e);
    r.exact = false;
  }

  void matrix() {
    expectPositive({Field::m, Field::n, Field::k});
    MatrixShape &s = op->matrix;
    s.m = num(Field::m), s.n = num(Field::n), s.k = num(Field::k);
    s.a = type(Field::adt), s.b = type(Field::bdt);
    s.azp = num(Field::azp), s.bzp = num(Field::bzp);
    s.accumulate = inst->as<Init>(Field::init) == Init::acc;
    expectType(Field::adt, {DType::i8, DType::u8, DType::f16, DType::bf16});
    if (isByte(s.a))
      expectType(Field::bdt, {DType::i8, DType::u8});
    else if (s.b != s.a)
      fault(std::string("'bdt': expected ") + nameOf(s.a) + ", got " + nameOf(s.b));
    if (isFloat(s.a))
      expect(s.azp == 0 && s.bzp == 0, "zero points of floats: expected 0");
    int64_t bytes = bytesOf(s.a);
    s.aPitch = s.bPitch = pitchOf(s.k * bytes), s.cPitch = pitchOf(int64_t(s.n) * 4);
    region(slot::A, true, false, s.k * bytes, {{s.m, s.aPitch}});
    region(slot::B, true, false, s.k * bytes, {{s.n, s.bPitch}});
    region(slot::C, s.accumulate, true, int64_t(s.n) * 4, {{s.m, s.cPitch}});
  }

  void epilogue(Epilogue &e, DType acc, DType out, Field outField, bool fixpipe) {
    e = Epilogue();
    e.acc = acc, e.out = out;
    e.qmode = inst->as<QMode>(Field::qmode), e.act = inst->as<Act>(Field::act);
    e.scale = inst->f32(Field::scale), e.zp = num(Field::zp);
    e.scaleMain = e.scaleRes = 1;
    if (fixpipe) {
      e.res = inst->as<Residual>(Field::res), e.resZp = num(Field::res_zp), e.outZp = num(Field::out_zp);
      e.scaleMain = inst->f32(Field::scale_main), e.scaleRes = inst->f32(Field::scale_res);
    }
    expectType(outField, {DType::i8, DType::u8, DType::i32, DType::f16, DType::bf16, DType::f32});
    bool residual = e.res != Residual::none, byteResidual = e.res == Residual::i8 || e.res == Residual::u8;
    if (isByte(out)) {
      expect(!residual || byteResidual, "the residual of an 8-bit result is i8 or u8");
      e.low = lowest(out), e.high = highest(out);
      if (e.act == Act::clip) {
        auto bound = [&](Field f) { return int32_t(int16_t(uint16_t(get(f)))); };
        e.low = std::clamp(bound(Field::lo), lowest(out), highest(out));
        e.high = std::clamp(bound(Field::hi), lowest(out), highest(out));
      }
      return;
    }
    expect(e.act != Act::lut, "a table lookup gives 8 bits");
    if (out == DType::i32) {
      expect(acc == DType::i32 && e.qmode != QMode::scalar && !residual && e.act == Act::none,
             "a result of i32 is the accumulator with its bias, without scale, residual and activation");
      return;
    }
    expect(!residual || !byteResidual, "the residual of a float result is f16 or bf16");
    auto bound = [&](Field f) {
      uint16_t bits = static_cast<uint16_t>(get(f));
      return out == DType::bf16 ? bfloatToFloat(bits) : halfToFloat(bits);
    };
    e.lowF = bound(Field::lo), e.highF = bound(Field::hi);
  }

  void fixpipe() {
    expectPositive({Field::m, Field::n});
    FixpipeShape &s = op->fixpipe;
    s.m = num(Field::m), s.n = num(Field::n);
    s.cPitch = pitchOf(int64_t(s.n) * 4);
    s.dstStride = get(Field::dst_stride), s.resStride = get(Field::res_stride);
    expectType(Field::acc, {DType::i32, DType::f32});
    epilogue(s.epilogue, type(Field::acc), type(Field::out), Field::out, true);
    region(slot::FxC, true, false, int64_t(s.n) * 4, {{s.m, s.cPitch}});
    region(slot::FxDst, false, true, int64_t(s.n) * bytesOf(s.epilogue.out), {{s.m, s.dstStride}});
    if (s.epilogue.qmode == QMode::table)
      region(slot::FxTable, true, false, int64_t(s.n) * 8, {});
    if (s.epilogue.act == Act::lut)
      region(slot::FxLut, true, false, 256, {});
    if (s.epilogue.res != Residual::none)
      region(slot::FxRes, true, false,
             int64_t(s.n) * (s.epilogue.res == Residual::i8 || s.epilogue.res == Residual::u8 ? 1 : 2),
             {{s.m, s.resStride}});
  }

  /// Whether the opcode has a second source at all.
  bool takesSecond() const {
    const OpcodeInfo &info = infoOf(op->opcode);
    return std::any_of(info.operands, info.operands + info.operandCount,
                       [](const OperandInfo &operand) { return operand.field == Field::s1; });
  }

  void vector() {
    expectPositive({Field::len, Field::rep});
    VectorShape &s = op->vector;
    s.len = num(Field::len), s.rep = num(Field::rep), s.zp = num(Field::zp);
    s.ddt = type(Field::ddt), s.s0dt = type(Field::s0dt), s.s1dt = type(Field::s1dt);
    s.round = inst->as<Round>(Field::round), s.cmp = inst->as<Compare>(Field::cmp);
    s.s1Immediate = get(Field::s1_imm) != 0;
    s.immediate = bitsAs<float>(static_cast<uint32_t>(get(Field::s1)));
    s.stride[slot::VecDst] = get(Field::dst_stride), s.stride[slot::VecS0] = get(Field::s0_stride);
    s.stride[slot::VecS1] = get(Field::s1_stride), s.stride[slot::VecS2] = get(Field::s2_stride);
    s.broadcast[slot::VecDst] = false, s.broadcast[slot::VecS0] = get(Field::s0_bcast) != 0;
    s.broadcast[slot::VecS1] = get(Field::s1_bcast) != 0, s.broadcast[slot::VecS2] = get(Field::s2_bcast) != 0;
    bool usesS1 = op->operands[slot::VecS1].place != kNoPlace, usesS2 = op->operands[slot::VecS2].place != kNoPlace;
    // An immediate is an f32 source, but a number of places or a mask where the operation is one on integers.
    bool bitwise = op->opcode >= Opcode::AND && op->opcode <= Opcode::SHR;
    bool immediate = s.s1Immediate && !usesS1 && takesSecond();
    s.integer =
        !isFloat(s.ddt) && !isFloat(s.s0dt) && !((usesS1 || usesS2) && isFloat(s.s1dt)) && (!immediate || bitwise);
    s.s1Immediate = immediate;
    bool reduces = false, one = s.broadcast[slot::VecS0];
    switch (op->opcode) {
    case Opcode::AND:
    case Opcode::OR:
    case Opcode::XOR:
    case Opcode::SHL:
    case Opcode::SHR:
      expect(s.integer, "works on integers only");
      break;
    case Opcode::DIV:
    case Opcode::EXP:
    case Opcode::LOG:
    case Opcode::RECIP:
    case Opcode::RSQRT:
    case Opcode::SQRT:
    case Opcode::TANH:
    case Opcode::ERF:
    case Opcode::SIGMOID:
      s.integer = false;
      break;
    case Opcode::CMP: // the sources decide how they compare
      s.integer = !isFloat(s.s0dt) && !(usesS1 && isFloat(s.s1dt)) && !immediate;
      break;
    case Opcode::SEL:
      s.integer = !isFloat(s.ddt) && !isFloat(s.s1dt) && !immediate;
      break;
    case Opcode::LUT:
      expectType(Field::s0dt, {DType::i8, DType::u8});
      s.integer = !isFloat(s.ddt);
      break;
    case Opcode::GATHER:
    case Opcode::SCATTER:
      expectType(Field::s1dt, {DType::i32});
      s.integer = !isFloat(s.ddt) && !isFloat(s.s0dt);
      break;
    case Opcode::COPY:
      expect(s.ddt == s.s0dt, "copies between equal types");
      break;
    case Opcode::RSUM:
    case Opcode::RMAX:
    case Opcode::RMIN:
      reduces = true;
      break;
    case Opcode::RARGMAX:
      s.integer = !isFloat(s.s0dt);
      reduces = true;
      break;
    case Opcode::BCAST:
      one = true;
      break;
    case Opcode::IOTA:
      s.integer = !isFloat(s.ddt);
      break;
    default:
      break;
    }
    s.broadcast[slot::VecS0] = one;
    auto alignStride = [&](unsigned slot, DType t) {
      if (op->operands[slot].place != kNoPlace && s.rep > 1 && s.stride[slot] % bytesOf(t))
        fault("stride of " + std::to_string(s.stride[slot]) + " bytes, not a multiple of the element's " +
              std::to_string(bytesOf(t)));
    };
    alignStride(slot::VecDst, s.ddt), alignStride(slot::VecS0, s.s0dt);
    if (op->opcode != Opcode::LUT)
      alignStride(slot::VecS1, s.s1dt), alignStride(slot::VecS2, s.s1dt);
    int64_t element = bytesOf(s.ddt);
    // The indexed side of GATHER and SCATTER is known only when it is executed.
    if (op->opcode == Opcode::TRANS)
      region(slot::VecDst, false, true, s.rep * element, {{s.len, s.stride[slot::VecDst]}});
    else if (op->opcode != Opcode::SCATTER)
      region(slot::VecDst, false, true, (reduces ? 1 : s.len) * element, {{s.rep, s.stride[slot::VecDst]}});
    if (op->operands[slot::VecS0].place != kNoPlace && op->opcode != Opcode::GATHER)
      region(slot::VecS0, true, false, (one ? 1 : s.len) * int64_t(bytesOf(s.s0dt)), {{s.rep, s.stride[slot::VecS0]}});
    if (usesS1 && op->opcode == Opcode::LUT)
      region(slot::VecS1, true, false, 256 * element, {});
    else if (usesS1)
      region(slot::VecS1, true, false, (s.broadcast[slot::VecS1] ? 1 : s.len) * int64_t(bytesOf(s.s1dt)),
             {{s.rep, s.stride[slot::VecS1]}});
    if (usesS2)
      region(slot::VecS2, true, false, (s.broadcast[slot::VecS2] ? 1 : s.len) * int64_t(bytesOf(s.s1dt)),
             {{s.rep, s.stride[slot::VecS2]}});
  }

  void window() {
    expectPositive({Field::h, Field::w, Field::c, Field::kh, Field::kw, Field::oh, Field::ow});
    WindowShape &s = op->window;
    s.h = num(Field::h), s.w = num(Field::w), s.c = num(Field::c), s.kh = num(Field::kh), s.kw = num(Field::kw);
    s.sh = num(Field::sh), s.sw = num(Field::sw), s.dh = num(Field::dh), s.dw = num(Field::dw);
    s.pt = num(Field::pt), s.pl = num(Field::pl), s.oh = num(Field::oh), s.ow = num(Field::ow);
    s.azp = num(Field::azp), s.wzp = num(Field::wzp);
    s.sdt = type(Field::sdt), s.wdt = type(Field::wdt), s.ddt = type(Field::ddt);
    s.includePad = get(Field::include_pad) != 0;
    int64_t bytes = bytesOf(s.sdt), out = bytesOf(s.ddt);
    s.pixel = get(Field::pix_stride) * bytes, s.row = get(Field::row_stride) * bytes;
    s.dstPixel = get(Field::dst_pix_stride) * out, s.dstRow = get(Field::dst_row_stride) * out;
    expectType(Field::sdt, {DType::i8, DType::u8, DType::i16, DType::f16, DType::bf16, DType::f32});
    bool depthwise = op->opcode == Opcode::DWMAC;
    if (depthwise) {
      if (isFloat(s.sdt))
        expectType(Field::wdt, {DType::f16, DType::bf16, DType::f32});
      else
        expectType(Field::wdt, {DType::i8, DType::u8, DType::i16});
    }
    if (isFloat(s.sdt))
      expect(s.azp == 0 && s.wzp == 0, "zero points of floats: expected 0");
    if (op->opcode == Opcode::POOLMAX) {
      expect(s.ddt == s.sdt && s.sdt != DType::i16, "POOLMAX: expected 'ddt' and 'sdt' equal, of 8 bits or float");
      expect(inst->as<QMode>(Field::qmode) == QMode::none, "POOLMAX does not scale");
    }
    if (op->opcode == Opcode::POOLAVG) {
      expectType(Field::ddt, {DType::i8, DType::u8, DType::f16, DType::bf16, DType::f32});
      expect(inst->as<QMode>(Field::qmode) != QMode::table, "POOLAVG has no table");
    }
    epilogue(s.epilogue, isFloat(s.sdt) ? DType::f32 : DType::i32, s.ddt, Field::ddt, false);
    expect(s.epilogue.act != Act::lut, "windows have no table lookup");
    region(slot::WinDst, false, true, s.c * out, {{s.oh, s.dstRow}, {s.ow, s.dstPixel}});
    int64_t y0 = std::max(-s.pt, 0), y1 = std::min((s.oh - 1) * s.sh - s.pt + (s.kh - 1) * s.dh, s.h - 1);
    int64_t x0 = std::max(-s.pl, 0), x1 = std::min((s.ow - 1) * s.sw - s.pl + (s.kw - 1) * s.dw, s.w - 1);
    if (y0 <= y1 && x0 <= x1) {
      Region &r = region(slot::WinSrc, true, false, s.c * bytes, {{y1 - y0 + 1, s.row}, {x1 - x0 + 1, s.pixel}},
                         y0 * s.row + x0 * s.pixel);
      r.exact = false;
    }
    if (depthwise)
      region(slot::WinWgt, true, false, int64_t(s.kh) * s.kw * s.c * bytesOf(s.wdt), {});
    if (s.epilogue.qmode == QMode::table)
      region(slot::WinTable, true, false, int64_t(s.c) * 8, {});
  }

  const Program &program;
  const Machine &machine;
  Decoded &decoded;
  const Instruction *inst = nullptr;
  Operation *op = nullptr;
};

bool matchLoops(Decoded &decoded, std::string &error) {
  std::vector<uint32_t> open;
  for (Operation &op : decoded.operations) {
    std::string at = "pc " + std::to_string(op.pc);
    if (op.opcode == Opcode::LOOP) {
      open.push_back(op.pc);
      if (open.size() > kMaxLoopDepth)
        return error = at + ": expected at most 8 nested loops", false;
    } else if (op.opcode == Opcode::ENDLOOP) {
      if (open.empty())
        return error = at + ": ENDLOOP without LOOP", false;
      op.partner = open.back();
      decoded.operations[open.back()].partner = op.pc;
      open.pop_back();
    } else if (op.opcode == Opcode::HALT && op.pc + 1 != decoded.operations.size()) {
      return error = at + ": HALT before the end of the program", false;
    }
  }
  if (!open.empty())
    return error = "pc " + std::to_string(open.back()) + ": LOOP without ENDLOOP", false;
  return true;
}

} // namespace

bool decodeProgram(const Program &program, const Machine &machine, Decoded &decoded, std::string &error) {
  decoded = Decoded();
  decoded.program = &program, decoded.machine = &machine;
  if (program.segments.size() > kMaxSegments)
    return error = "expected at most 16 segments, got " + std::to_string(program.segments.size()), false;
  decoded.placeBytes.fill(-1);
  for (unsigned i = 0; i < kSpaces; ++i)
    decoded.placeBytes[i] = static_cast<int64_t>(machine.spaces[i].bytes);
  for (size_t i = 0; i < program.segments.size(); ++i)
    decoded.placeBytes[kSpaces + i] = static_cast<int64_t>(program.segments[i].bytes);
  decoded.semaphoreIndex.fill(-1);
  for (size_t i = 0; i < program.semaphores.size(); ++i) {
    const Semaphore &semaphore = program.semaphores[i];
    if (semaphore.id >= machine.semaphores || semaphore.id >= decoded.semaphoreIndex.size())
      return error = "semaphore " + std::to_string(semaphore.id) + ": the machine has " +
                     std::to_string(machine.semaphores),
             false;
    if (decoded.semaphoreIndex[semaphore.id] >= 0)
      return error = "semaphore " + std::to_string(semaphore.id) + " is declared twice", false;
    if (semaphore.initial > machine.semaphoreMax)
      return error = "semaphore " + std::to_string(semaphore.id) + ": initial count " +
                     std::to_string(semaphore.initial) + ", the machine counts to " +
                     std::to_string(machine.semaphoreMax),
             false;
    decoded.semaphoreIndex[semaphore.id] = static_cast<int8_t>(i);
  }
  if (program.code.empty() || program.code.back().opcode != Opcode::HALT)
    return error = "expected HALT at the end of the program", false;
  decoded.operations.resize(program.code.size());
  decoded.regions.reserve(program.code.size() * 3);
  Decoder decoder(program, machine, decoded);
  for (uint32_t pc = 0; pc < program.code.size(); ++pc)
    decoder.decode(pc);
  return matchLoops(decoded, error);
}

} // namespace aic::npu::sim
