// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_PTX_DRIVER_LAUNCHES_H
#define AIC_PTX_DRIVER_LAUNCHES_H

#include "State.h"

namespace aic::fakecuda {

struct Launch {
  std::shared_ptr<Function> function;
  ptx::LaunchConfig config;
  std::vector<uint8_t> params;
};

/// Launches, then breaks the kernel's synchronisations one after the other and appends what showed each to a file;
/// memory is left as the unbroken kernel leaves it.
ptx::LaunchResult runSwept(State &s, const Launch &launch, const ptx::Options &options, const std::string &fileName);

} // namespace aic::fakecuda

#endif // AIC_PTX_DRIVER_LAUNCHES_H
