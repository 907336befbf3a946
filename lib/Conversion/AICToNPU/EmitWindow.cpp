// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- EmitWindow.cpp - Depthwise convolutions and pools in VB ------------===//
//
// Blocks go from DRAM to VB and back; two of each where they fit, so transfers run while the vector unit works. A block
// brings the rows and pixels that its windows reach beyond it (the halo) again.
//
//===----------------------------------------------------------------------===//
#include "WindowUnit.h"

namespace mlir::npu {

namespace {
class Emitter {
public:
  Emitter(ProgramBuilder &p, UnitOp unit, const hw::WindowTiling &tiling)
      : p(p), unit(unit), s(windowGeometry(unit, p.machine)), t(tiling), kind(WindowKind(param(unit, "op"))),
        inputs(p.slots(Space::VB, t.inputBytes, t.slots, "input")),
        outputs(p.slots(Space::VB, t.outputBytes, t.slots, "output")) {}

  void run();

private:
  std::vector<char> pack(int64_t channel, int64_t channels);
  void block(int64_t image, int64_t row, int64_t rows, int64_t pixel, int64_t pixels, int64_t channel, int64_t channels,
             Value weights);

  ProgramBuilder &p;
  UnitOp unit;
  hw::WindowGeometry s;
  hw::WindowTiling t;
  WindowKind kind;
  std::vector<Value> inputs, outputs;
  unsigned turn = 0;
};

void forEach(int64_t extent, int64_t step, function_ref<void(int64_t, int64_t)> f) {
  for (int64_t i = 0; i < extent; i += step)
    f(i, std::min(step, extent - i));
}
} // namespace

/// Weights [kh, kw, channels], then the channels' records {scale, bias}.
std::vector<char> Emitter::pack(int64_t channel, int64_t channels) {
  std::vector<char> bytes(size_t(s.weightsAndTableOf(channels)));
  ::aic::eval::Tensor filter = constantOf(unit.getInputs()[1]);
  const char *from = static_cast<const char *>(filter.data());
  for (int64_t k = 0; k != s.taps(); ++k)
    std::memcpy(&bytes[size_t(k * channels * s.weightBytes)], from + (k * s.c + channel) * s.weightBytes,
                size_t(channels * s.weightBytes));
  if (!s.hasTable)
    return bytes;
  std::vector<char> records = columnRecords(unit, channel, channels);
  llvm::copy(records, bytes.begin() + s.weightsOf(channels));
  return bytes;
}

void Emitter::block(int64_t image, int64_t row, int64_t rows, int64_t pixel, int64_t pixels, int64_t channel,
                    int64_t channels, Value weights) {
  Value input = inputs[turn % inputs.size()], output = outputs[turn % outputs.size()];
  ++turn;
  int64_t top, bottom, left, right, e = s.inBytes, o = s.outBytes;
  s.inputRows(row, row + rows, top, bottom);
  s.inputPixels(pixel, pixel + pixels, left, right);
  int64_t h = bottom - top, w = right - left;
  int32_t tile[] = {int32_t(image), int32_t(row), int32_t(pixel), int32_t(channel)};
  Place from = p.placeOf(unit.getInputs()[0]), to = p.placeOf(unit.getOutputs()[0]);
  from.offset += (((image * s.h + top) * s.w + left) * s.c + channel) * e;
  to.offset += (((image * s.oh + row) * s.ow + pixel) * s.c + channel) * o;
  p.load(from, input, 0, {{h, s.w * s.c * e, w * channels * e}, {w, s.c * e, channels * e}, {channels, e, e}}, e, tile);

  InstructionSpec spec(kind == Depthwise ? Opcode::DWMAC : kind == Maximum ? Opcode::POOLMAX : Opcode::POOLAVG);
  spec.set(Field::dst, output)
      .set(Field::src, input)
      .set(Field::sdt, param(unit, "x_type"))
      .set(Field::ddt, param(unit, "y_type"));
  spec.set(Field::h, h)
      .set(Field::w, w)
      .set(Field::c, channels)
      .set(Field::pix_stride, channels)
      .set(Field::row_stride, w * channels);
  spec.set(Field::kh, s.kh)
      .set(Field::kw, s.kw)
      .set(Field::sh, s.sh)
      .set(Field::sw, s.sw)
      .set(Field::dh, s.dh)
      .set(Field::dw, s.dw);
  spec.set(Field::pt, s.pt - row * s.sh + top).set(Field::pl, s.pl - pixel * s.sw + left);
  spec.set(Field::oh, rows)
      .set(Field::ow, pixels)
      .set(Field::dst_pix_stride, channels)
      .set(Field::dst_row_stride, pixels * channels);
  if (kind != Maximum)
    spec.set(Field::azp, param(unit, "x_zero")).set(Field::zp, param(unit, "y_zero"));
  if (kind == Depthwise) {
    spec.set(Field::wgt, weights).set(Field::wdt, param(unit, "w_type")).set(Field::wzp, param(unit, "w_zero"));
    if (s.hasTable)
      spec.set(Field::qmode, int64_t(hw::QMode::table)).set(Field::table, weights, s.weightsOf(channels));
  } else if (kind == Average) {
    if (param(unit, "has_scale"))
      spec.set(Field::qmode, int64_t(hw::QMode::scalar)).setF32(Field::scale, paramF32(unit, "scale", 1));
    spec.set(Field::include_pad, param(unit, "include_pad"));
  }
  if (param(unit, "clip"))
    spec.set(Field::act, int64_t(hw::Act::clip))
        .set(Field::lo, param(unit, "lo") & 0xffff)
        .set(Field::hi, param(unit, "hi") & 0xffff);
  p.emit(spec.tile(tile));
  p.store(output, 0, to,
          {{rows, pixels * channels * o, s.ow * s.c * o}, {pixels, channels * o, s.c * o}, {channels, o, o}}, o, tile);
}

void Emitter::run() {
  std::vector<Value> weights;
  if (kind == Depthwise)
    weights = p.slots(Space::VB, t.weightBytes, t.channels == s.c ? 1 : t.slots, "weights");
  unsigned chunk = 0;
  forEach(s.c, t.channels, [&](int64_t channel, int64_t channels) {
    Value own;
    if (kind == Depthwise) {
      own = weights[chunk++ % weights.size()];
      std::vector<char> bytes = pack(channel, channels);
      p.load(p.constant(bytes), own, int64_t(bytes.size()));
    }
    for (int64_t image = 0; image != s.batch; ++image)
      forEach(s.oh, t.rows, [&](int64_t row, int64_t rows) {
        forEach(s.ow, t.pixels,
                [&](int64_t pixel, int64_t pixels) { block(image, row, rows, pixel, pixels, channel, channels, own); });
      });
  });
}

LogicalResult emitWindow(ProgramBuilder &p, UnitOp unit, std::string &reason) {
  std::optional<hw::WindowTiling> tiling = hw::chooseWindowTiling(windowGeometry(unit, p.machine), p.machine, reason);
  if (!tiling)
    return failure();
  Emitter(p, unit, *tiling).run();
  return success();
}

} // namespace mlir::npu
