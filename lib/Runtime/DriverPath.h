// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DriverPath.h - Where models find the drivers of devices ------------===//
#ifndef AIC_LIB_RUNTIME_DRIVERPATH_H
#define AIC_LIB_RUNTIME_DRIVERPATH_H

#include <string>

namespace aic {
/// Sets AIC_LIBNPU to the driver that lies with this program or module, unless it is set.
void exposeNpuDriver();
/// Leaves NVIDIA's own driver to models if there is one with a device. If there is none, sets AIC_LIBCUDA to the PTX
/// executor that lies with this program or module. Does nothing where AIC_LIBCUDA is set. Returns which of them models
/// use now: "driver" or "executor".
std::string exposeCudaDriver();
/// "NVIDIA H100 (libcuda.so.1)": the device and the driver that models use now; "" without one.
std::string describeCudaDevice(int number);
} // namespace aic

#endif // AIC_LIB_RUNTIME_DRIVERPATH_H
