// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_INITALL_H
#define AIC_INITALL_H

namespace mlir {
class DialectRegistry;
namespace aic {
void registerAllDialects(DialectRegistry &registry);
void registerAllPasses();
} // namespace aic
} // namespace mlir

#endif // AIC_INITALL_H
