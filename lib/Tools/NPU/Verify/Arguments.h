// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_TOOLS_NPU_VERIFY_ARGUMENTS_H
#define AIC_LIB_TOOLS_NPU_VERIFY_ARGUMENTS_H

#include <cstdint>
#include <string>
#include <vector>

namespace aic::npu::tools {

/// "3,-1" of an option; nothing for an empty text.
bool parseIntegers(const std::string &option, const std::string &text, std::vector<int64_t> &values,
                   std::string &error);

} // namespace aic::npu::tools

#endif // AIC_LIB_TOOLS_NPU_VERIFY_ARGUMENTS_H
