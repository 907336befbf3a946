//===- Picture.cpp - Address against time -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "aic/NPU/Sim/Timeline.h"

#include <algorithm>
#include <cstdio>

using namespace aic::npu;

namespace {

constexpr double kWidth = 1200, kHeight = 200, kLeft = 90, kTop = 30, kGap = 40;
constexpr size_t kMaxBoxes = 100'000; // of the whole picture

std::string digits(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f", value);
  return text;
}

std::string escaped(const std::string &text) {
  std::string result;
  for (char c : text) {
    switch (c) {
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '&':
      result += "&amp;";
      break;
    case '"':
      result += "&quot;";
      break;
    default:
      result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return result;
}

/// Neighbouring operations get colours far apart.
std::string colour(uint32_t op) {
  unsigned hue = op == ~0u ? 0 : (op * 137u + 200u) % 360;
  return op == ~0u ? "#999999" : "hsl(" + std::to_string(hue) + ",60%,60%)";
}

std::string label(double x, double y, const std::string &text, const char *anchor) {
  return "<text x=\"" + digits(x) + "\" y=\"" + digits(y) + "\" text-anchor=\"" + anchor + "\">" + escaped(text) +
         "</text>\n";
}

} // namespace

std::string aic::npu::formatPicture(const Timeline &trace, const Program &program, const Machine &machine) {
  const double height = kTop + kSpaces * (kHeight + kGap);
  std::string text = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + digits(kLeft + kWidth + 20) +
                     "\" height=\"" + digits(height) + "\" font-family=\"sans-serif\" font-size=\"11\">\n" +
                     "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  text += label(kLeft, 16, program.name + " on " + machine.name + ": bytes in use against cycles", "start");
  const double cycles = static_cast<double>(std::max<uint64_t>(trace.cycles, 1));
  size_t left = 0;
  for (unsigned s = 0; s < kSpaces; ++s) {
    const MemorySpace &space = machine.spaces[s];
    const double top = kTop + s * (kHeight + kGap), bytes = static_cast<double>(std::max<uint64_t>(space.bytes, 1));
    text += "<rect x=\"" + digits(kLeft) + "\" y=\"" + digits(top) + "\" width=\"" + digits(kWidth) + "\" height=\"" +
            digits(kHeight) + "\" fill=\"#f4f4f4\" stroke=\"#888888\"/>\n";
    text += label(kLeft - 6, top + 10, nameOf(static_cast<Space>(s)), "end");
    text += label(kLeft - 6, top + kHeight, "0", "end");
    text += label(kLeft - 6, top + 24, std::to_string(space.bytes), "end");
    size_t boxes = 0;
    for (const Timeline::Life &life : trace.lives) {
      if (static_cast<unsigned>(life.space) != s)
        continue;
      if (++boxes > kMaxBoxes / kSpaces) {
        ++left;
        continue;
      }
      double x = kLeft + kWidth * static_cast<double>(life.begin) / cycles;
      double width = std::max(kWidth * static_cast<double>(life.end - life.begin) / cycles, 0.2);
      double h = std::max(kHeight * static_cast<double>(life.high - life.low) / bytes, 0.3);
      double y = top + kHeight - kHeight * static_cast<double>(life.high) / bytes;
      std::string title = "pc " + std::to_string(life.pc);
      if (life.op < program.debugOps.size())
        title += " " + program.debugOps[life.op].node;
      title += ", bytes " + std::to_string(life.low) + " to " + std::to_string(life.high) + ", cycles " +
               std::to_string(life.begin) + " to " + std::to_string(life.end);
      text += "<rect x=\"" + digits(x) + "\" y=\"" + digits(y) + "\" width=\"" + digits(width) + "\" height=\"" +
              digits(h) + "\" fill=\"" + colour(life.op) + "\" fill-opacity=\"0.8\"><title>" + escaped(title) +
              "</title></rect>\n";
    }
    for (unsigned tick = 0; tick <= 4; ++tick)
      text += label(kLeft + kWidth * tick / 4, top + kHeight + 14,
                    std::to_string(static_cast<uint64_t>(cycles * tick / 4)), "middle");
  }
  if (left)
    text += label(kLeft + kWidth, 16, std::to_string(left) + " more boxes are not drawn", "end");
  return text + "</svg>\n";
}
