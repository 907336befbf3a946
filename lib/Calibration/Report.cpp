// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Calibration/Calibrate.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::aic {

double CalibrationReport::macs() const {
  double sum = 0;
  for (const LayerReport &layer : layers)
    sum += layer.macs;
  return sum;
}

double CalibrationReport::halfShare() const {
  double sum = 0;
  for (const LayerReport &layer : layers)
    sum += layer.half ? layer.macs : 0;
  return sum > 0 ? sum / macs() : 0;
}

static llvm::json::Value decibels(std::optional<double> value) {
  return value ? llvm::json::Value(std::round(*value * 100) / 100) : llvm::json::Value(nullptr);
}

std::string CalibrationReport::json() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::json::OStream out(stream, 2);
  out.object([&] {
    out.attribute("samples", int64_t(samples));
    out.attribute("percentile", percentile);
    out.attribute("macs", macs());
    out.attribute("fp16_share", halfShare());
    out.attributeObject("outputs", [&] {
      for (const auto &[name, snr] : outputs)
        out.attribute(name, decibels(snr));
    });
    out.attributeArray("layers", [&] {
      for (const LayerReport &layer : layers)
        out.object([&] {
          out.attribute("name", layer.name);
          out.attribute("kind", layer.kind);
          out.attribute("type", layer.half ? "fp16" : "int8");
          out.attribute("macs", layer.macs);
          if (!layer.half) {
            out.attribute("scale", double(layer.scale));
            out.attribute("zero_point", layer.zero);
          }
          out.attribute("snr_alone_db", decibels(layer.alone));
          out.attribute("snr_db", decibels(layer.model));
        });
    });
    out.attributeObject("ranges", [&] {
      for (const auto &entry : ranges)
        out.attributeArray(entry.first, [&] {
          out.value(entry.second.first);
          out.value(entry.second.second);
        });
    });
  });
  stream << "\n";
  return text;
}

std::string CalibrationReport::text() const {
  std::string result;
  llvm::raw_string_ostream out(result);
  auto snr = [](std::optional<double> value) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    if (value)
      stream << llvm::format("%.1f", *value);
    else
      stream << "exact";
    return text;
  };
  size_t width = 5;
  for (const LayerReport &layer : layers)
    width = std::max(width, std::min<size_t>(layer.name.size(), 48));
  out << llvm::left_justify("layer", width) << "  kind            type      MMACs  alone dB  model dB\n";
  for (const LayerReport &layer : layers)
    out << llvm::left_justify(layer.name, width) << "  " << llvm::left_justify(layer.kind, 14) << "  "
        << (layer.half ? "fp16" : "int8") << llvm::format("  %9.3f", layer.macs / 1e6) << "  "
        << llvm::right_justify(snr(layer.alone), 8) << "  " << llvm::right_justify(snr(layer.model), 8) << "\n";
  for (const auto &[name, value] : outputs)
    out << "output '" << name << "': " << snr(value) << " dB\n";
  out << llvm::format("%zu samples, %zu layers, %.3f MMACs, %.1f %% of them in fp16\n", samples, layers.size(),
                      macs() / 1e6, 100 * halfShare());
  return result;
}

} // namespace mlir::aic
