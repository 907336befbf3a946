// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- EmitConvolution.cpp - Sums of products on the matrix unit ----------===//
//
// Units "conv" (constant filter) and "matmul" (two run-time operands). Blocks of input and weights are loaded into L1
// one block ahead of the work; operand tiles are gathered into A0 and B0, of which several are kept, so a tile that is
// still there is not gathered again; results leave C0 through FX into an output block in L1.
//
//===----------------------------------------------------------------------===//
#include "ConvTiling.h"
#include "ConvUnit.h"
#include "ProgramBuilder.h"

namespace mlir::npu {

namespace {
/// Buffers of one size used in turn; each remembers what it holds.
class SlotCache {
public:
  explicit SlotCache(std::vector<Value> slots) : slots(std::move(slots)), keys(this->slots.size()) {}
  /// The slot with `key`; `isNew` if its contents must be written (over the one used longest ago).
  Value get(std::array<int64_t, 4> key, bool &isNew) {
    for (size_t i = 0; i != slots.size(); ++i)
      if (keys[i].used && keys[i].key == key) {
        keys[i].used = ++clock;
        isNew = false;
        return slots[i];
      }
    size_t oldest = 0;
    for (size_t i = 1; i != slots.size(); ++i)
      if (keys[i].used < keys[oldest].used)
        oldest = i;
    keys[oldest] = {key, ++clock};
    isNew = true;
    return slots[oldest];
  }

private:
  struct Entry {
    std::array<int64_t, 4> key{};
    uint64_t used = 0;
  };
  std::vector<Value> slots;
  std::vector<Entry> keys;
  uint64_t clock = 0;
};

/// Where the operands of one group lie in DRAM.
struct Operands {
  Place input;
  int64_t pixelStride = 0, rowStride = 0, imageStride = 0; // bytes
  Place weights;
  int64_t weightStride = 0;      // bytes from a column's weights to the next column's
  bool transposeWeights = false; // [depth, columns]; weightStride is between depths
  Place table;                   // records {scale, bias} of the group's columns
  bool hasTable = false;
  Place output;
  int64_t outPixelStride = 0, outImageStride = 0; // bytes
  Place residual;
};

class Emitter {
public:
  Emitter(ProgramBuilder &p, const hw::ConvShape &shape, const hw::ConvTiling &tiling, const ConvNumbers &numbers)
      : p(p), s(shape), t(tiling), q(numbers),
        inputs(p.slots(Space::L1, hw::inputBlockBytes(s, t), t.inputSlots, "input")),
        weights(p.slots(Space::L1, hw::weightBlockBytes(s, t), t.weightSlots, "weights")),
        a(p.slots(Space::A0, t.m * hw::roundToGranule(t.k * s.inBytes), t.aSlots, "a")),
        b(p.slots(Space::B0, t.n * hw::roundToGranule(t.k * s.inBytes), t.bSlots, "b")),
        outputs(p.slots(Space::L1, hw::outputBlockBytes(s, t), t.outputSlots, "output")),
        residuals(s.residual ? p.slots(Space::L1, hw::residualBlockBytes(s, t), t.outputSlots, "residual")
                             : std::vector<Value>()),
        accumulators(p.slots(Space::C0, t.m * hw::roundToGranule(t.n * 4), t.cSlots, "c")) {}

  /// One group; `group` makes keys of slots unlike those of other groups.
  void run(const Operands &operands, int64_t group);

private:
  struct Block {
    int64_t image, row, rows, pixel, pixels, column, columns, depth, depths;
  };
  std::vector<Block> blocks() const;
  Value loadInput(const Block &block);
  Value loadWeights(const Block &block);
  void compute(const Block &block, Value input, Value weight);
  void gather(const Block &block, Value input, Value tile, int64_t m, int64_t ms, int64_t k, int64_t ks);
  void gatherWeights(const Block &block, Value weight, Value tile, int64_t n, int64_t ns, int64_t k, int64_t ks);
  int64_t outputPitch(const Block &block) const { return hw::roundToGranule(block.columns * s.outBytes); }

  ProgramBuilder &p;
  hw::ConvShape s;
  hw::ConvTiling t;
  ConvNumbers q;
  SlotCache inputs, weights, a, b;
  std::vector<Value> outputs, residuals, accumulators;
  unsigned nextOutput = 0, nextAccumulator = 0;
  Operands o;
  int64_t group = 0;
};
} // namespace

std::vector<Emitter::Block> Emitter::blocks() const {
  std::vector<Block> result;
  auto forEach = [](int64_t extent, int64_t step, auto f) {
    for (int64_t i = 0; i < extent; i += step)
      f(i, std::min(step, extent - i));
  };
  auto columns = [&](auto f) { forEach(s.f, t.columns, f); };
  auto places = [&](auto f) {
    for (int64_t image = 0; image != s.batch; ++image)
      forEach(s.oh, t.rows, [&](int64_t row, int64_t rows) {
        forEach(s.ow, t.pixels, [&](int64_t pixel, int64_t pixels) { f(image, row, rows, pixel, pixels); });
      });
  };
  auto add = [&](int64_t image, int64_t row, int64_t rows, int64_t pixel, int64_t pixels, int64_t column,
                 int64_t columns) {
    forEach(s.c, t.depth, [&](int64_t depth, int64_t depths) {
      result.push_back({image, row, rows, pixel, pixels, column, columns, depth, depths});
    });
  };
  if (t.weightsOuter)
    columns([&](int64_t c, int64_t cs) { places([&](auto... place) { add(place..., c, cs); }); });
  else
    places([&](auto... place) { columns([&](int64_t c, int64_t cs) { add(place..., c, cs); }); });
  return result;
}

Value Emitter::loadInput(const Block &k) {
  bool isNew;
  Value slot = inputs.get({group * s.batch + k.image, k.row, k.pixel, k.depth}, isNew);
  if (!isNew)
    return slot;
  int64_t e = s.inBytes;
  int64_t begin = 0, end = 1, first = k.pixel, pixels = k.pixels;
  if (!s.isMatrix()) {
    s.inputRows(k.row, k.row + k.rows, begin, end);
    first = 0;
    pixels = s.w;
  }
  Place from{o.input.segment,
             o.input.offset + k.image * o.imageStride + begin * o.rowStride + first * o.pixelStride + k.depth * e};
  p.load(from, slot, 0,
         {{end - begin, o.rowStride, pixels * k.depths * e}, {pixels, o.pixelStride, k.depths * e}, {k.depths, e, e}},
         e, {int32_t(k.row), int32_t(k.column), int32_t(k.depth), 0});
  return slot;
}

Value Emitter::loadWeights(const Block &k) {
  bool isNew;
  Value slot = weights.get({group, k.column, k.depth, 0}, isNew);
  if (!isNew)
    return slot;
  int64_t e = s.inBytes, taps = s.kh * s.kw;
  if (o.transposeWeights)
    p.load({o.weights.segment, o.weights.offset + k.depth * o.weightStride + k.column * e}, slot, 0,
           {{k.depths, o.weightStride, k.columns * e}, {k.columns, e, e}}, e);
  else
    p.load({o.weights.segment, o.weights.offset + k.column * o.weightStride + k.depth * e}, slot, 0,
           {{k.columns, o.weightStride, taps * k.depths * e}, {taps * k.depths, e, e}}, e,
           {int32_t(k.row), int32_t(k.column), int32_t(k.depth), 0});
  if (o.hasTable)
    p.load({o.table.segment, o.table.offset + k.column * 8}, slot, hw::tableOffset(s, t), {{k.columns, 8, 8}}, 8);
  return slot;
}

void Emitter::gather(const Block &k, Value input, Value tile, int64_t m, int64_t ms, int64_t d, int64_t ds) {
  InstructionSpec spec(Opcode::LDA);
  spec.set(Field::dst, tile).set(Field::src, input).set(Field::log2elem, s.inBytes == 2);
  spec.set(Field::m_start, m)
      .set(Field::m_len, ms)
      .set(Field::k_start, d)
      .set(Field::k_len, ds)
      .set(Field::kh, s.kh)
      .set(Field::kw, s.kw);
  int64_t begin = 0, end = 1, w = k.pixels, ow = k.pixels, top = 0;
  if (!s.isMatrix()) {
    s.inputRows(k.row, k.row + k.rows, begin, end);
    w = s.w;
    ow = s.ow;
    top = s.pt - k.row * s.sh + begin;
  }
  spec.set(Field::h, end - begin)
      .set(Field::w, w)
      .set(Field::c, k.depths)
      .set(Field::pix_stride, k.depths)
      .set(Field::row_stride, s.isMatrix() ? 0 : w * k.depths);
  spec.set(Field::sh, s.sh)
      .set(Field::sw, s.sw)
      .set(Field::dh, s.dh)
      .set(Field::dw, s.dw)
      .set(Field::pt, top)
      .set(Field::pl, s.isMatrix() ? 0 : s.pl);
  spec.set(Field::ow, ow).set(Field::padv, q.padValue & (s.inBytes == 1 ? 0xff : 0xffff));
  p.emit(spec.tile({int32_t(k.row), int32_t(k.column), int32_t(m), int32_t(d)}));
}

void Emitter::gatherWeights(const Block &k, Value weight, Value tile, int64_t n, int64_t ns, int64_t d, int64_t ds) {
  int64_t depth = s.kh * s.kw * k.depths;
  InstructionSpec spec(Opcode::LDB);
  spec.set(Field::dst, tile)
      .set(Field::src, weight)
      .set(Field::log2elem, s.inBytes == 2)
      .set(Field::h, 1)
      .set(Field::kh, 1)
      .set(Field::kw, 1)
      .set(Field::sh, 1)
      .set(Field::sw, 1)
      .set(Field::dh, 1)
      .set(Field::dw, 1);
  spec.set(Field::m_start, n).set(Field::m_len, ns).set(Field::k_start, d).set(Field::k_len, ds);
  if (o.transposeWeights)
    spec.set(Field::transpose, 1)
        .set(Field::w, 1)
        .set(Field::c, 1)
        .set(Field::ow, 1)
        .set(Field::pix_stride, 1)
        .set(Field::row_stride, k.columns);
  else if (depth <= 65535)
    spec.set(Field::w, k.columns).set(Field::ow, k.columns).set(Field::c, depth).set(Field::pix_stride, depth);
  else // one column is a window of kh x kw pixels of `depths` channels, columns are rows of the tensor
    spec.set(Field::h, k.columns * s.kh)
        .set(Field::w, s.kw)
        .set(Field::c, k.depths)
        .set(Field::pix_stride, k.depths)
        .set(Field::row_stride, s.kw * k.depths)
        .set(Field::kh, s.kh)
        .set(Field::kw, s.kw)
        .set(Field::sh, s.kh)
        .set(Field::ow, 1);
  p.emit(spec.tile({int32_t(k.row), int32_t(k.column), int32_t(n), int32_t(d)}));
}

void Emitter::compute(const Block &k, Value input, Value weight) {
  int64_t m = k.rows * k.pixels, depth = s.kh * s.kw * k.depths, pitch = outputPitch(k);
  bool lastDepth = k.depth + k.depths == s.c;
  Value output = outputs[nextOutput % outputs.size()];
  Value residual = residuals.empty() ? Value() : residuals[nextOutput % residuals.size()];
  int64_t residualPitch = hw::roundToGranule(k.columns);
  if (residual && k.depth == 0) { // the residual has the result's shape, and bytes as elements
    Place from{o.residual.segment,
               o.residual.offset +
                   (k.image * o.outImageStride + (k.row * s.ow + k.pixel) * o.outPixelStride) / s.outBytes + k.column};
    p.load(from, residual, 0, {{m, o.outPixelStride / s.outBytes, residualPitch}, {k.columns, 1, 1}}, 1);
  }
  for (int64_t m0 = 0; m0 < m; m0 += t.m) {
    int64_t ms = std::min(t.m, m - m0);
    for (int64_t n0 = 0; n0 < k.columns; n0 += t.n) {
      int64_t ns = std::min(t.n, k.columns - n0);
      Value c = accumulators[nextAccumulator % accumulators.size()];
      for (int64_t d0 = 0; d0 < depth; d0 += t.k) {
        int64_t ds = std::min(t.k, depth - d0);
        bool isNew;
        int64_t place = ((group * s.batch + k.image) * s.oh + k.row) * s.ow + k.pixel;
        Value left = a.get({place, m0, k.depth, d0}, isNew);
        if (isNew)
          gather(k, input, left, m0, ms, d0, ds);
        Value right = b.get({group, k.column + n0, k.depth, d0}, isNew);
        if (isNew)
          gatherWeights(k, weight, right, n0, ns, d0, ds);
        InstructionSpec mma(Opcode::MMA);
        mma.set(Field::a, left)
            .set(Field::b, right)
            .set(Field::c, c)
            .set(Field::m, ms)
            .set(Field::n, ns)
            .set(Field::k, ds);
        mma.set(Field::adt, int64_t(q.inputType))
            .set(Field::bdt, int64_t(q.weightType))
            .set(Field::azp, q.inputZero)
            .set(Field::bzp, q.weightZero);
        mma.set(Field::init, int64_t(k.depth == 0 && d0 == 0 ? hw::Init::zero : hw::Init::acc));
        p.emit(mma.tile({int32_t(k.row), int32_t(k.column + n0), int32_t(m0), int32_t(d0)}));
      }
      if (!lastDepth)
        continue;
      ++nextAccumulator;
      InstructionSpec fx(Opcode::FXOUT);
      fx.set(Field::c, c)
          .set(Field::dst, output, m0 * pitch + n0 * s.outBytes)
          .set(Field::m, ms)
          .set(Field::n, ns)
          .set(Field::dst_stride, pitch);
      fx.set(Field::acc, int64_t(q.inputType >= hw::DType::f16 ? hw::DType::f32 : hw::DType::i32))
          .set(Field::out, int64_t(q.outputType));
      if (o.hasTable)
        fx.set(Field::qmode, int64_t(hw::QMode::table)).set(Field::table, weight, hw::tableOffset(s, t) + n0 * 8);
      fx.set(Field::zp, q.outputZero);
      if (residual)
        fx.set(Field::res, int64_t(q.residualType == hw::DType::u8 ? hw::Residual::u8 : hw::Residual::i8))
            .set(Field::res_src, residual, m0 * residualPitch + n0)
            .set(Field::res_stride, residualPitch)
            .set(Field::res_zp, q.residualZero)
            .setF32(Field::scale_main, q.scaleMain)
            .setF32(Field::scale_res, q.scaleResidual)
            .set(Field::out_zp, q.sumZero);
      if (q.clip)
        fx.set(Field::act, int64_t(hw::Act::clip)).set(Field::lo, q.lo & 0xffff).set(Field::hi, q.hi & 0xffff);
      p.emit(fx.tile({int32_t(k.row), int32_t(k.column + n0), int32_t(m0), 0}));
    }
  }
  if (!lastDepth)
    return;
  ++nextOutput;
  int64_t e = s.outBytes;
  Place to{o.output.segment,
           o.output.offset + k.image * o.outImageStride + (k.row * s.ow + k.pixel) * o.outPixelStride + k.column * e};
  p.store(output, 0, to, {{m, pitch, o.outPixelStride}, {k.columns, e, e}}, e,
          {int32_t(k.row), int32_t(k.column), 0, 0});
}

void Emitter::run(const Operands &operands, int64_t number) {
  o = operands;
  group = number;
  std::vector<Block> all = blocks();
  // Loads run one block ahead where a slot is free for it.
  bool ahead = t.inputSlots > 1 || t.weightSlots > 1;
  Value input = loadInput(all.front()), weight = loadWeights(all.front());
  for (size_t i = 0; i != all.size(); ++i) {
    Value nextInput, nextWeight;
    bool last = i + 1 == all.size();
    if (!last && ahead) {
      // A single slot that must change waits until the block is computed.
      if (t.inputSlots > 1)
        nextInput = loadInput(all[i + 1]);
      if (t.weightSlots > 1)
        nextWeight = loadWeights(all[i + 1]);
    }
    compute(all[i], input, weight);
    if (!last) {
      input = nextInput ? nextInput : loadInput(all[i + 1]);
      weight = nextWeight ? nextWeight : loadWeights(all[i + 1]);
    }
  }
}

//===-- Units -----------------------------------------------------------------===//

LogicalResult emitConvolution(ProgramBuilder &p, UnitOp unit, std::string &reason) {
  hw::ConvShape s = convShape(unit);
  ConvNumbers q = convNumbers(unit);
  std::optional<hw::ConvTiling> tiling = hw::chooseConvTiling(s, p.machine, reason);
  if (!tiling)
    return failure();
  int64_t e = s.inBytes, c = s.c * s.groups, f = s.f * s.groups, depth = s.depth();
  // The filter is [kh, kw, c, f]: each column's weights become contiguous, in the order of the window.
  ::aic::eval::Tensor filter = constantOf(unit.getInputs()[1]);
  std::vector<char> packed(size_t(f * depth * e));
  const char *from = static_cast<const char *>(filter.data());
  for (int64_t k = 0; k != depth; ++k)
    for (int64_t n = 0; n != f; ++n)
      std::memcpy(&packed[size_t((n * depth + k) * e)], from + (k * f + n) * e, size_t(e));
  Place weights = p.constant(packed);
  std::vector<char> table = columnRecords(unit, 0, f);
  Place tablePlace = table.empty() ? Place() : p.constant(table);
  Place x = p.placeOf(unit.getInputs()[0]), y = p.placeOf(unit.getOutputs()[0]);
  Emitter emitter(p, s, *tiling, q);
  for (int64_t g = 0; g != s.groups; ++g) {
    Operands o;
    o.input = {x.segment, x.offset + g * s.c * e};
    o.pixelStride = c * e;
    o.rowStride = s.w * c * e;
    o.imageStride = s.h * s.w * c * e;
    o.weights = {weights.segment, weights.offset + g * s.f * depth * e};
    o.weightStride = depth * e;
    o.hasTable = !table.empty();
    o.table = {tablePlace.segment, tablePlace.offset + g * s.f * 8};
    o.output = {y.segment, y.offset + g * s.f * s.outBytes};
    o.outPixelStride = f * s.outBytes;
    o.outImageStride = s.oh * s.ow * f * s.outBytes;
    if (q.residual) {
      Place r = p.placeOf(unit.getInputs()[size_t(param(unit, "residual_operand"))]);
      o.residual = {r.segment, r.offset + g * s.f};
    }
    emitter.run(o, g);
  }
  return success();
}

LogicalResult emitMatmul(ProgramBuilder &p, UnitOp unit, std::string &reason) {
  hw::ConvShape s = convShape(unit);
  ConvNumbers q = convNumbers(unit);
  std::optional<hw::ConvTiling> tiling = hw::chooseConvTiling(s, p.machine, reason);
  if (!tiling)
    return failure();
  int64_t e = s.inBytes;
  Place x = p.placeOf(unit.getInputs()[0]), w = p.placeOf(unit.getInputs()[1]), y = p.placeOf(unit.getOutputs()[0]);
  std::vector<char> table = columnRecords(unit, 0, s.f);
  Emitter emitter(p, s, *tiling, q);
  // Batches may be broadcast: the offsets of each product's operands are listed.
  ArrayRef<int64_t> lhs = paramList(unit, "lhs_offsets"), rhs = paramList(unit, "rhs_offsets");
  Place tablePlace = table.empty() ? Place() : p.constant(table);
  for (size_t i = 0; i != lhs.size(); ++i) {
    Operands o;
    o.input = {x.segment, x.offset + lhs[i] * e};
    o.pixelStride = s.c * e;
    o.rowStride = s.w * s.c * e;
    o.transposeWeights = true;
    o.weights = {w.segment, w.offset + rhs[i] * e};
    o.weightStride = s.f * e;
    o.hasTable = !table.empty();
    o.table = tablePlace;
    o.output = {y.segment, y.offset + int64_t(i) * s.ow * s.f * s.outBytes};
    o.outPixelStride = s.f * s.outBytes;
    emitter.run(o, int64_t(i));
  }
  return success();
}

} // namespace mlir::npu
