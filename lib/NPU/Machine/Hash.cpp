//===- Hash.cpp - SHA-256 and CRC-32C ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights are hashed when a program is written and again when it is loaded, so CRC-32C works on 8 bytes a step.
//
//===----------------------------------------------------------------------===//

#include "aic/NPU/Hash.h"

#include <algorithm>
#include <cstring>

// Sanitizers and a fuzzer's coverage make these loops ten times slower, and every file is hashed.
#ifdef __clang__
#define AIC_PLAIN_LOOP __attribute__((no_sanitize("address", "undefined", "coverage")))
#else
#define AIC_PLAIN_LOOP
#endif

namespace aic::npu {
namespace {

constexpr uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

AIC_PLAIN_LOOP inline uint32_t rotate(uint32_t value, unsigned bits) { return value >> bits | value << (32 - bits); }

struct CrcTables {
  uint32_t tables[8][256];
};

/// Table k advances a byte's contribution over k more zero bytes.
CrcTables makeCrcTables() {
  CrcTables made{};
  auto &tables = made.tables;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < 8; ++k)
    for (uint32_t byte = 0; byte < 256; ++byte)
      tables[k][byte] = tables[k - 1][byte] >> 8 ^ tables[0][tables[k - 1][byte] & 255];
  return made;
}

} // namespace

AIC_PLAIN_LOOP void Sha256::block(const uint8_t *bytes) {
  uint32_t w[64];
  for (int i = 0; i < 16; ++i)
    w[i] = uint32_t(bytes[4 * i]) << 24 | uint32_t(bytes[4 * i + 1]) << 16 | uint32_t(bytes[4 * i + 2]) << 8 |
           bytes[4 * i + 3];
  for (int i = 16; i < 64; ++i) {
    uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  uint32_t *words = state.data();
  uint32_t a = words[0], b = words[1], c = words[2], d = words[3], e = words[4], f = words[5], g = words[6],
           h = words[7];
  for (int i = 0; i < 64; ++i) {
    uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + kRound[i] + w[i];
    uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  const uint32_t added[8] = {a, b, c, d, e, f, g, h};
  for (int i = 0; i < 8; ++i)
    words[i] += added[i];
}

void Sha256::update(const void *data, size_t size) {
  const uint8_t *bytes = static_cast<const uint8_t *>(data);
  while (size) {
    size_t used = total % 64;
    if (used == 0 && size >= 64) {
      block(bytes);
      total += 64, bytes += 64, size -= 64;
      continue;
    }
    size_t count = std::min(size, 64 - used);
    std::memcpy(&pending[used], bytes, count);
    total += count, bytes += count, size -= count;
    if (total % 64 == 0)
      block(pending.data());
  }
}

std::array<uint8_t, 32> Sha256::finish() {
  uint64_t bits = total * 8;
  const uint8_t padding[64] = {0x80};
  update(padding, 1 + (119 - total % 64) % 64);
  uint8_t length[8];
  for (int i = 0; i < 8; ++i)
    length[i] = uint8_t(bits >> (56 - 8 * i));
  update(length, 8);
  std::array<uint8_t, 32> digest;
  for (int i = 0; i < 32; ++i)
    digest[i] = uint8_t(state[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

std::array<uint8_t, 32> sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes.data(), bytes.size());
  return hash.finish();
}

std::string hex(const uint8_t *bytes, size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i)
    text += {"0123456789abcdef"[bytes[i] >> 4], "0123456789abcdef"[bytes[i] & 15]};
  return text;
}

AIC_PLAIN_LOOP uint32_t crc32c(const void *data, size_t size, uint32_t seed) {
  static const CrcTables made = makeCrcTables();
  const uint32_t (*tables)[256] = made.tables;
  const uint8_t *bytes = static_cast<const uint8_t *>(data);
  uint32_t crc = ~seed;
  for (; size >= 8; size -= 8, bytes += 8) {
    uint32_t next = crc ^ (bytes[0] | uint32_t(bytes[1]) << 8 | uint32_t(bytes[2]) << 16 | uint32_t(bytes[3]) << 24);
    crc = tables[7][next & 255] ^ tables[6][next >> 8 & 255] ^ tables[5][next >> 16 & 255] ^ tables[4][next >> 24] ^
          tables[3][bytes[4]] ^ tables[2][bytes[5]] ^ tables[1][bytes[6]] ^ tables[0][bytes[7]];
  }
  for (; size; --size, ++bytes)
    crc = crc >> 8 ^ tables[0][(crc ^ *bytes) & 255];
  return ~crc;
}

} // namespace aic::npu
