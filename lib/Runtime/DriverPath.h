// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_RUNTIME_DRIVERPATH_H
#define AIC_LIB_RUNTIME_DRIVERPATH_H

namespace aic {
/// Sets AIC_LIBNPU to the driver that lies with this program or module, unless it is set.
void exposeNpuDriver();
} // namespace aic

#endif // AIC_LIB_RUNTIME_DRIVERPATH_H
