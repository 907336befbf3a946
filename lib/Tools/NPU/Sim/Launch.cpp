//===- Launch.cpp - Tensors into and out of a program's segments --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Launch.h"

#include <cstring>
#include <random>

using namespace aic::npu;
using namespace aic::npu::tools;
using Element = ::aic::eval::DType;

namespace {

/// The tensor type of an io entry's "i8", "u8", ..., false if there is none.
bool tensorType(const std::string &name, Element &type) {
  static const std::pair<const char *, Element> types[] = {
      {"i1", Element::I1},   {"i8", Element::I8},   {"i16", Element::I16},   {"i32", Element::I32},
      {"i64", Element::I64}, {"u8", Element::U8},   {"u16", Element::U16},   {"u32", Element::U32},
      {"u64", Element::U64}, {"f16", Element::F16}, {"bf16", Element::BF16}, {"f32", Element::F32},
      {"f64", Element::F64}};
  for (auto [text, value] : types)
    if (name == text)
      return type = value, true;
  return false;
}

std::string shapeText(const std::vector<int64_t> &dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i)
    text += (i ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

std::string inputNames(const Program &program) {
  std::string names;
  for (const IOTensor &io : program.io)
    if (!io.isOutput)
      names += (names.empty() ? "'" : ", '") + io.name + "'";
  return names.empty() ? "none" : names;
}

} // namespace

Launch::Launch(const Program &program, const std::vector<std::string_view> &constants)
    : program(program), given(program.io.size()) {
  for (size_t i = 0; i < program.segments.size(); ++i) {
    const Segment &segment = program.segments[i];
    memory.emplace_back();
    if (segment.kind == SegmentKind::Const) {
      // Read where it lies; a view that ends early is filled with zeros.
      std::string_view view = i < constants.size() ? constants[i] : std::string_view();
      if (view.size() == segment.bytes) {
        bound.push_back({reinterpret_cast<uint8_t *>(const_cast<char *>(view.data())), view.size()});
        continue;
      }
      memory.back().assign(view.begin(), view.end());
    }
    memory.back().resize(static_cast<size_t>(segment.bytes));
    bound.push_back({memory.back().data(), memory.back().size()});
  }
}

std::string Launch::readInput(const std::string &argument) {
  size_t equal = argument.find('=');
  std::string path = equal == std::string::npos ? argument : argument.substr(equal + 1), bytes;
  std::string error = ::aic::tools::readFile(path, bytes);
  if (!error.empty())
    return error;
  if (equal == std::string::npos) {
    ::aic::tools::NamedTensors tensors;
    error = ::aic::tools::parseNpz(bytes, tensors);
    for (size_t i = 0; error.empty() && i < tensors.size(); ++i)
      error = set(tensors[i]);
  } else {
    ::aic::tools::NamedTensor tensor;
    tensor.first = argument.substr(0, equal);
    error = ::aic::tools::parseNpy(bytes, tensor.second);
    if (error.empty())
      error = set(tensor);
  }
  return error.empty() ? "" : path + ": " + error;
}

std::string Launch::set(const ::aic::tools::NamedTensor &tensor) {
  for (size_t i = 0; i < program.io.size(); ++i) {
    const IOTensor &io = program.io[i];
    if (io.isOutput || io.name != tensor.first)
      continue;
    Element type;
    if (!tensorType(io.dtype, type) || type != tensor.second.type() || io.dims != tensor.second.shape() ||
        tensor.second.bytes() != io.bytes)
      return "'" + io.name + "': expected " + io.dtype + shapeText(io.dims) + ", got " +
             ::aic::eval::name(tensor.second.type()) + shapeText(tensor.second.shape());
    if (given[i])
      return "'" + io.name + "': expected one tensor, got another";
    std::memcpy(bound[io.segment].data + io.offset, tensor.second.data(), tensor.second.bytes());
    given[i] = true;
    return "";
  }
  return "expected an input of the program (" + inputNames(program) + "), got '" + tensor.first + "'";
}

void Launch::randomize(unsigned seed) {
  std::mt19937 random(seed);
  for (size_t i = 0; i < program.io.size(); ++i) {
    const IOTensor &io = program.io[i];
    if (io.isOutput || given[i])
      continue;
    uint8_t *to = bound[io.segment].data + io.offset;
    std::uniform_real_distribution<float> number(-1, 1);
    for (uint64_t at = 0; at < io.bytes;) {
      if (io.dtype == "f32" && at + 4 <= io.bytes) {
        float value = number(random);
        std::memcpy(to + at, &value, 4);
        at += 4;
      } else if ((io.dtype == "f16" || io.dtype == "bf16") && at + 2 <= io.bytes) {
        // Sign, an exponent a little below 1, any mantissa.
        uint32_t bits = random();
        uint16_t value = static_cast<uint16_t>(io.dtype == "f16" ? (bits & 0x83ff) | 0x3400 | (bits >> 6 & 0x400)
                                                                 : (bits & 0x807f) | 0x3e80 | (bits >> 9 & 0x80));
        std::memcpy(to + at, &value, 2);
        at += 2;
      } else {
        to[at++] = static_cast<uint8_t>(random());
      }
    }
    given[i] = true;
  }
}

std::string Launch::expectInputs() const {
  std::string missing;
  for (size_t i = 0; i < program.io.size(); ++i)
    if (!program.io[i].isOutput && !given[i])
      missing += (missing.empty() ? "'" : ", '") + program.io[i].name + "'";
  return missing.empty() ? "" : "expected --input or --random for every input, got none for " + missing;
}

std::string Launch::formatOutputs(std::string &npz) const {
  ::aic::tools::NamedTensors tensors;
  for (const IOTensor &io : program.io) {
    if (!io.isOutput)
      continue;
    Element type = Element::U8;
    ::aic::eval::Shape shape = io.dims;
    if (!tensorType(io.dtype, type) ||
        static_cast<uint64_t>(::aic::eval::numElements(shape)) * ::aic::eval::byteSize(type) != io.bytes)
      type = Element::U8, shape = {static_cast<int64_t>(io.bytes)}; // as it lies in memory
    ::aic::eval::Tensor tensor(type, shape);
    std::memcpy(tensor.data(), bound[io.segment].data + io.offset, static_cast<size_t>(io.bytes));
    tensors.emplace_back(io.name, std::move(tensor));
  }
  return ::aic::tools::formatNpz(tensors, npz);
}
