// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DriverPath.cpp - Where models find the drivers of devices ----------===//
#include "DriverPath.h"

#include <cstdlib>
#include <dlfcn.h>
#include <unistd.h>

namespace aic {

/// Sets a variable to the library that lies with this program or module, if there is one.
static void exposeLibrary(const char *variable, const std::string &name) {
  Dl_info info{};
  if (getenv(variable) || !dladdr(reinterpret_cast<void *>(&exposeLibrary), &info) || !info.dli_fname)
    return;
  std::string folder(info.dli_fname);
  if (folder.find('/') == std::string::npos) { // a program found by PATH
    char self[4096];
    ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
    folder.assign(self, size > 0 ? size_t(size) : 0);
  }
  folder.resize(folder.rfind('/') == std::string::npos ? 0 : folder.rfind('/'));
  // Beside the Python module, then in an installation or a build folder.
  for (const char *place : {"/", "/../lib/", "/../../lib/"})
    if (std::string path = folder + place + name; access(path.c_str(), R_OK) == 0) {
      setenv(variable, path.c_str(), 0);
      return;
    }
}

void exposeNpuDriver() {
  static const bool once = [] {
    exposeLibrary("AIC_LIBNPU", "libaicnpu.so");
    return true;
  }();
  (void)once;
}

/// The part of the driver that tells of its devices.
namespace {
struct CudaDriver {
  explicit CudaDriver(const char *path) : library(dlopen(path, RTLD_NOW | RTLD_LOCAL)) {}
  template <typename Function> Function *find(const char *name) const {
    return library ? reinterpret_cast<Function *>(dlsym(library, name)) : nullptr;
  }
  /// 0 without a driver, too.
  int countDevices() const {
    auto *init = find<int(unsigned)>("cuInit");
    auto *count = find<int(int *)>("cuDeviceGetCount");
    int devices = 0;
    return init && count && init(0) == 0 && count(&devices) == 0 ? devices : 0;
  }
  void *library; // stays open: a driver does not like to go
};
} // namespace

std::string exposeCudaDriver() {
  static const bool once = [] {
    if (!getenv("AIC_LIBCUDA") && CudaDriver("libcuda.so.1").countDevices() == 0)
      exposeLibrary("AIC_LIBCUDA", "libaicfakecuda.so");
    return true;
  }();
  (void)once;
  const char *chosen = getenv("AIC_LIBCUDA");
  return chosen && std::string(chosen).find("libaicfakecuda") != std::string::npos ? "executor" : "driver";
}

std::string describeCudaDevice(int number) {
  const char *given = getenv("AIC_LIBCUDA");
  std::string path = given && *given ? given : "libcuda.so.1";
  CudaDriver driver(path.c_str());
  auto *name = driver.find<int(char *, int, int)>("cuDeviceGetName");
  char text[256] = "";
  if (number < 0 || number >= driver.countDevices() || !name || name(text, sizeof(text), number) != 0)
    return "";
  return std::string(text) + " (" + path.substr(path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1) + ")";
}

} // namespace aic
