// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DriverPath.cpp - Where models find the NPU's driver ----------------===//
#include "DriverPath.h"

#include <cstdlib>
#include <dlfcn.h>
#include <string>
#include <unistd.h>

namespace aic {

void exposeNpuDriver() {
  static const bool once = [] {
    Dl_info info{};
    if (getenv("AIC_LIBNPU") || !dladdr(reinterpret_cast<void *>(&exposeNpuDriver), &info) || !info.dli_fname)
      return true;
    std::string folder(info.dli_fname);
    if (folder.find('/') == std::string::npos) { // a program found by PATH
      char self[4096];
      ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
      folder.assign(self, size > 0 ? size_t(size) : 0);
    }
    folder.resize(folder.rfind('/') == std::string::npos ? 0 : folder.rfind('/'));
    // Beside the Python module, then in an installation or a build folder.
    for (const char *place : {"/libaicnpu.so", "/../lib/libaicnpu.so", "/../../lib/libaicnpu.so"})
      if (std::string path = folder + place; access(path.c_str(), R_OK) == 0) {
        setenv("AIC_LIBNPU", path.c_str(), 0);
        break;
      }
    return true;
  }();
  (void)once;
}

} // namespace aic
