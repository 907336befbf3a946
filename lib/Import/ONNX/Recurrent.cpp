// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Families.h"

namespace mlir::aic::onnx_import {

void addRecurrent(HandlerTable &table) { (void)table; }

} // namespace mlir::aic::onnx_import
