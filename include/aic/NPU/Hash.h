//===- Hash.h - Checksums of machines and containers --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SHA-256 (FIPS 180-4) and CRC-32C (Castagnoli, reflected). Neither LLVM nor MLIR.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_NPU_HASH_H
#define AIC_NPU_HASH_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aic::npu {

class Sha256 {
public:
  void update(const void *data, size_t size);
  std::array<uint8_t, 32> finish();

private:
  void block(const uint8_t *bytes);
  std::array<uint32_t, 8> state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> pending{};
  uint64_t total = 0;
};

std::array<uint8_t, 32> sha256(std::string_view bytes);
/// In lower-case hexadecimal.
std::string hex(const uint8_t *bytes, size_t size);

/// Of `data`, or of what `seed` is the checksum of, followed by `data`.
uint32_t crc32c(const void *data, size_t size, uint32_t seed = 0);

} // namespace aic::npu

#endif // AIC_NPU_HASH_H
