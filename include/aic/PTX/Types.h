// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scalar types, state spaces and small value types that every part of the PTX executor shares.
#ifndef AIC_PTX_TYPES_H
#define AIC_PTX_TYPES_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aic::ptx {

/// Fundamental types in PTX's spelling (`.u32` is U32), and the packed and alternate formats that instructions name.
enum class Type : uint8_t {
  None,
  Pred,
  B1,
  B8,
  B16,
  B32,
  B64,
  B128,
  U4,
  S4,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  F16x2,
  BF16,
  BF16x2,
  TF32,
  F32,
  F64,
  F32x2,
  E4M3,
  E5M2,
  E4M3x2,
  E5M2x2,
  U16x2,
  S16x2,
};

std::string_view typeName(Type type);
/// None if `name` (without the dot) is no type.
Type parseType(std::string_view name);
/// Bytes a value takes in a register or in memory; 0 for Pred, None and types below a byte.
unsigned typeSize(Type type);
bool isSigned(Type type);
bool isFloat(Type type);
/// The b-type of the same size.
Type bitsOf(unsigned bytes);
/// Twice as wide: what mul.wide gives.
Type widened(Type type);

enum class Space : uint8_t { Generic, Global, Shared, Local, Param, Const, Reg };
std::string_view spaceName(Space space);

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t(x) * y * z; }
  bool operator==(const Dim3 &other) const { return x == other.x && y == other.y && z == other.z; }
};

/// One message about a PTX file; `line` is 0 where the message is about the whole file.
struct Diagnostic {
  unsigned line = 0;
  std::string message;
};
/// `file:line: message`.
std::string formatDiagnostic(std::string_view file, const Diagnostic &diagnostic);

} // namespace aic::ptx

#endif // AIC_PTX_TYPES_H
