//===- Numerics.cpp - Arithmetic of the NPU, bit by bit -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Numerics.h"

#include <cfenv>

using namespace aic::npu::sim;

static_assert(sizeof(std::fenv_t) <= 64);

FloatEnvironment::FloatEnvironment() {
  std::fegetenv(reinterpret_cast<std::fenv_t *>(saved));
  std::fesetenv(FE_DFL_ENV);
}

FloatEnvironment::~FloatEnvironment() { std::fesetenv(reinterpret_cast<std::fenv_t *>(saved)); }
