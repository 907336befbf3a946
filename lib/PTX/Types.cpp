// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/PTX/Types.h"

namespace aic::ptx {

namespace {
struct TypeRow {
  Type type;
  const char *name;
  unsigned size;
};
const TypeRow rows[] = {
    {Type::None, "none", 0},     {Type::Pred, "pred", 0},     {Type::B1, "b1", 0},       {Type::B8, "b8", 1},
    {Type::B16, "b16", 2},       {Type::B32, "b32", 4},       {Type::B64, "b64", 8},     {Type::B128, "b128", 16},
    {Type::U4, "u4", 0},         {Type::S4, "s4", 0},         {Type::U8, "u8", 1},       {Type::U16, "u16", 2},
    {Type::U32, "u32", 4},       {Type::U64, "u64", 8},       {Type::S8, "s8", 1},       {Type::S16, "s16", 2},
    {Type::S32, "s32", 4},       {Type::S64, "s64", 8},       {Type::F16, "f16", 2},     {Type::F16x2, "f16x2", 4},
    {Type::BF16, "bf16", 2},     {Type::BF16x2, "bf16x2", 4}, {Type::TF32, "tf32", 4},   {Type::F32, "f32", 4},
    {Type::F64, "f64", 8},       {Type::F32x2, "f32x2", 8},   {Type::E4M3, "e4m3", 1},   {Type::E5M2, "e5m2", 1},
    {Type::E4M3x2, "e4m3x2", 2}, {Type::E5M2x2, "e5m2x2", 2}, {Type::U16x2, "u16x2", 4}, {Type::S16x2, "s16x2", 4},
};
} // namespace

std::string_view typeName(Type type) { return rows[unsigned(type)].name; }

Type parseType(std::string_view name) {
  for (const TypeRow &row : rows)
    if (row.type != Type::None && name == row.name)
      return row.type;
  return Type::None;
}

unsigned typeSize(Type type) { return rows[unsigned(type)].size; }

bool isSigned(Type type) {
  return type == Type::S8 || type == Type::S16 || type == Type::S32 || type == Type::S64 || type == Type::S4 ||
         type == Type::S16x2;
}

bool isFloat(Type type) { return type >= Type::F16 && type <= Type::E5M2x2; }

Type bitsOf(unsigned bytes) {
  switch (bytes) {
  case 1:
    return Type::B8;
  case 2:
    return Type::B16;
  case 4:
    return Type::B32;
  case 8:
    return Type::B64;
  case 16:
    return Type::B128;
  }
  return Type::None;
}

Type widened(Type type) {
  switch (type) {
  case Type::U16:
    return Type::U32;
  case Type::S16:
    return Type::S32;
  case Type::U32:
    return Type::U64;
  case Type::S32:
    return Type::S64;
  default:
    return Type::None;
  }
}

std::string_view spaceName(Space space) {
  static const char *const names[] = {"generic", "global", "shared", "local", "param", "const", "register"};
  return names[unsigned(space)];
}

std::string formatDiagnostic(std::string_view file, const Diagnostic &diagnostic) {
  std::string text(file);
  if (diagnostic.line)
    text += ":" + std::to_string(diagnostic.line);
  return text + ": " + diagnostic.message;
}

} // namespace aic::ptx
