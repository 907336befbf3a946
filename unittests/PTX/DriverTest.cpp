// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Modules, launches, memory of the driver on the executor.
#include "DriverTest.h"
#include <cstring>
#include <ctime>
#include <numeric>
#include <thread>
#include <vector>

using namespace driver;

namespace {

TEST_F(Driver, DescribesItsDevice) {
  int count = 0, version = 0, major = 0, value = 0;
  EXPECT_EQ(call("cuDeviceGetCount", &count), 0);
  EXPECT_EQ(count, 1);
  EXPECT_EQ(call("cuDriverGetVersion", &version), 0);
  EXPECT_GE(version, 12000);
  char name[64] = {};
  EXPECT_EQ(call("cuDeviceGetName", name, 64, 0), 0);
  EXPECT_NE(strstr(name, "PTX executor"), nullptr);
  Setting sm("AIC_FAKECUDA_SM", "86");
  EXPECT_EQ(call("cuDeviceGetAttribute", &major, 75, 0), 0);
  EXPECT_EQ(call("cuDeviceGetAttribute", &value, 76, 0), 0);
  EXPECT_EQ(major * 10 + value, 86);
  EXPECT_EQ(call("cuDeviceGetAttribute", &value, 97, 0), 0);
  EXPECT_EQ(value, 99 * 1024);
  EXPECT_EQ(call("cuDeviceGetAttribute", &value, 75, 1), 101);
}

TEST_F(Driver, TakesParametersInBothForms) {
  void *kernel = function(module(addKernel), "add");
  const unsigned n = 1000;
  std::vector<uint32_t> data(n);
  std::iota(data.begin(), data.end(), 5u);
  Pointer x = allocate(n * 4), y = allocate(n * 4);
  ASSERT_EQ(call("cuMemcpyHtoD_v2", x, data.data(), size_t(n * 4)), 0);
  uint8_t c = 7;
  uint16_t count = n;
  void *params[] = {&x, &c, &count, &y};
  EXPECT_EQ(launch(kernel, 4, 256, params), 0) << lastError();
  EXPECT_EQ(call("cuCtxSynchronize"), 0);
  std::vector<uint32_t> got(n);
  EXPECT_EQ(call("cuMemcpyDtoH_v2", got.data(), y, size_t(n * 4)), 0);
  for (unsigned i = 0; i < n; ++i)
    ASSERT_EQ(got[i], data[i] + 7);
  struct {
    Pointer x;
    uint8_t c;
    uint16_t n;
    Pointer y;
  } block = {x, 9, n, y};
  size_t bytes = sizeof block;
  void *extra[] = {reinterpret_cast<void *>(1), &block, reinterpret_cast<void *>(2), &bytes, nullptr};
  auto launchBlock = [&] {
    return call("cuLaunchKernel", kernel, 4u, 1u, 1u, 256u, 1u, 1u, 0u, static_cast<void *>(nullptr),
                static_cast<void **>(nullptr), extra);
  };
  EXPECT_EQ(launchBlock(), 0) << lastError();
  EXPECT_EQ(call("cuMemcpyDtoH_v2", got.data(), y, size_t(n * 4)), 0);
  EXPECT_EQ(got[999], data[999] + 9);
  bytes = 16;
  EXPECT_EQ(launchBlock(), 1);
  EXPECT_EQ(launch(kernel, 4, 256, nullptr), 1);
}

TEST_F(Driver, RefusesLaunchesBeyondTheLimits) {
  void *kernel = function(module(addKernel), "add");
  Pointer x = allocate(64);
  uint8_t c = 0;
  uint16_t n = 0;
  void *params[] = {&x, &c, &n, &x};
  EXPECT_EQ(launch(kernel, 1, 256, params), 0) << lastError();
  EXPECT_EQ(launch(kernel, 1, 257, params), 1); // .maxntid
  EXPECT_NE(lastError().find("at most 256 threads"), std::string::npos) << lastError();
  EXPECT_EQ(launch(kernel, 0, 256, params), 1);
  EXPECT_EQ(launch(kernel, 1, 256, params, nullptr, 48 * 1024), 0);
  EXPECT_EQ(launch(kernel, 1, 256, params, nullptr, 48 * 1024 + 1), 1);
  EXPECT_EQ(call("cuFuncSetAttribute", kernel, 8, 64 * 1024), 0);
  EXPECT_EQ(launch(kernel, 1, 256, params, nullptr, 64 * 1024), 0);
  EXPECT_EQ(launch(kernel, 1, 256, params, nullptr, 64 * 1024 + 1), 1);
  EXPECT_EQ(call("cuFuncSetAttribute", kernel, 8, 400 * 1024), 1);
  EXPECT_EQ(call("cuLaunchKernel", kernel, 1u, 70000u, 1u, 32u, 1u, 1u, 0u, static_cast<void *>(nullptr), &params[0],
                 static_cast<void **>(nullptr)),
            1);
  EXPECT_EQ(launch(reinterpret_cast<void *>(uintptr_t(0x1234)), 1, 1, params), 400);
  std::string text = addKernel;
  text.replace(text.find(".maxntid 256, 1, 1"), 18, ".reqntid 32, 1, 1");
  kernel = function(module(text), "add");
  EXPECT_EQ(launch(kernel, 1, 32, params), 0) << lastError();
  EXPECT_EQ(launch(kernel, 1, 64, params), 1);
}

TEST_F(Driver, FindingsFailTheLaunch) {
  void *kernel = function(module(addKernel), "add");
  Pointer x = allocate(256), y = allocate(256);
  std::vector<uint32_t> data(64, 1);
  ASSERT_EQ(call("cuMemcpyHtoD_v2", x, data.data(), size_t(256)), 0);
  uint8_t c = 1;
  uint16_t n = 65;
  void *params[] = {&x, &c, &n, &y};
  EXPECT_EQ(launch(kernel, 1, 256, params), 719);
  EXPECT_NE(lastError().find("past the end of"), std::string::npos) << lastError();
  EXPECT_NE(lastError().find("ld.global.u32"), std::string::npos) << lastError();
  EXPECT_NE(lastError().find("256 bytes behind parameter 'x'"), std::string::npos) << lastError();
  n = 64;
  EXPECT_EQ(launch(kernel, 1, 256, params), 0) << "one failure does not spoil what follows";
  Pointer odd = x + 2;
  void *misaligned[] = {&odd, &c, &n, &y};
  EXPECT_EQ(launch(kernel, 1, 256, misaligned), 719);
  EXPECT_NE(lastError().find(".align 4"), std::string::npos) << lastError();
  {
    Setting late("AIC_FAKECUDA_LATE", "1");
    EXPECT_EQ(launch(kernel, 1, 256, misaligned), 0);
    EXPECT_EQ(call("cuCtxSynchronize"), 719);
    EXPECT_EQ(call("cuCtxSynchronize"), 0);
  }
}

TEST_F(Driver, KnowsWhatWasWritten) {
  void *kernel = function(module(addKernel), "add");
  Pointer x = allocate(256), y = allocate(256);
  std::vector<uint32_t> data(64, 1);
  ASSERT_EQ(call("cuMemcpyHtoD_v2", x, data.data(), size_t(128)), 0);
  uint8_t c = 1;
  uint16_t n = 64;
  void *params[] = {&x, &c, &n, &y};
  EXPECT_EQ(launch(kernel, 1, 256, params), 719);
  EXPECT_NE(lastError().find("which nothing has written"), std::string::npos) << lastError();
  n = 32;
  Pointer z = allocate(256), w = allocate(256);
  params[3] = &z;
  EXPECT_EQ(launch(kernel, 1, 256, params), 0) << lastError();
  EXPECT_EQ(call("cuMemcpyDtoH_v2", data.data(), z, size_t(128)), 0);
  EXPECT_EQ(call("cuMemcpyDtoH_v2", data.data(), z, size_t(132)), 719);
  EXPECT_NE(lastError().find("byte 128 of them was never written"), std::string::npos) << lastError();
  ASSERT_EQ(call("cuMemcpyDtoD_v2", w + 4, z, size_t(252)), 0);
  EXPECT_EQ(call("cuMemcpyDtoH_v2", data.data(), w + 4, size_t(128)), 0);
  EXPECT_EQ(call("cuMemcpyDtoH_v2", data.data(), w, size_t(128)), 719);
  EXPECT_EQ(call("cuMemcpyDtoH_v2", data.data(), w + 100, size_t(64)), 719);
  EXPECT_EQ(call("cuMemsetD8_v2", w, 1, size_t(256)), 0);
  EXPECT_EQ(call("cuMemcpyDtoH_v2", data.data(), w, size_t(256)), 0);
  EXPECT_EQ(data[63], 0x01010101u);
  Setting fast("AIC_FAKECUDA_CHECK", "fast");
  Pointer any = allocate(64);
  EXPECT_EQ(call("cuMemcpyDtoH_v2", data.data(), any, size_t(64)), 0);
}

TEST_F(Driver, RefusesWhatDamagesMemory) {
  Pointer x = allocate(100);
  std::vector<char> host(200);
  EXPECT_EQ(call("cuMemcpyHtoD_v2", x, host.data(), size_t(100)), 0);
  EXPECT_EQ(call("cuMemcpyHtoD_v2", x, host.data(), size_t(101)), 1);
  EXPECT_NE(lastError().find("past the end"), std::string::npos) << lastError();
  EXPECT_EQ(call("cuMemcpyDtoH_v2", host.data(), x + 50, size_t(51)), 1);
  EXPECT_EQ(call("cuMemcpyHtoD_v2", Pointer(uintptr_t(host.data())), host.data(), size_t(1)), 1);
  EXPECT_EQ(call("cuMemsetD32_v2", x, 1u, size_t(26)), 1);
  EXPECT_EQ(call("cuMemFree_v2", x + 1), 1);
  EXPECT_EQ(call("cuMemFree_v2", x), 0);
  EXPECT_EQ(call("cuMemFree_v2", x), 1);
  EXPECT_NE(lastError().find("freed"), std::string::npos) << lastError();
  EXPECT_EQ(call("cuMemcpyHtoD_v2", x, host.data(), size_t(1)), 1);
  EXPECT_NE(lastError().find("freed"), std::string::npos) << lastError();
  EXPECT_EQ(call("cuMemFree_v2", Pointer(0)), 0);
}

TEST_F(Driver, RunsOutOfMemory) {
  Setting memory("AIC_FAKECUDA_MEMORY", "1000000");
  size_t available = 0, total = 0;
  EXPECT_EQ(call("cuMemGetInfo_v2", &available, &total), 0);
  EXPECT_EQ(total, 1000000u);
  Pointer x = 0, y = 0;
  EXPECT_EQ(call("cuMemAlloc_v2", &x, size_t(600000)), 0);
  EXPECT_EQ(call("cuMemAlloc_v2", &y, size_t(600000)), 2);
  EXPECT_EQ(call("cuMemFree_v2", x), 0);
  EXPECT_EQ(call("cuMemAllocAsync", &y, size_t(600000), static_cast<void *>(nullptr)), 0);
  EXPECT_EQ(call("cuMemFreeAsync", y, static_cast<void *>(nullptr)), 0);
  Setting fail("AIC_FAKECUDA_FAIL", "cuMemAlloc_v2=2@2");
  EXPECT_EQ(call("cuMemAlloc_v2", &x, size_t(60)), 0);
  EXPECT_EQ(call("cuMemAlloc_v2", &y, size_t(60)), 2);
  EXPECT_EQ(call("cuMemAlloc_v2", &y, size_t(60)), 0);
}

TEST_F(Driver, ModulesSayWhyTheyDoNotLoad) {
  std::string text = addKernel;
  char log[512];
  auto load = [&](const std::string &ptx) {
    void *loaded = nullptr;
    int options[] = {5, 6};
    void *values[] = {log, reinterpret_cast<void *>(uintptr_t(sizeof log))};
    memset(log, 0x55, sizeof log);
    int code = call("cuModuleLoadDataEx", &loaded, ptx.c_str(), 2u, &options[0], &values[0]);
    size_t filled = reinterpret_cast<uintptr_t>(values[1]);
    EXPECT_LE(filled, sizeof log);
    if (filled) {
      EXPECT_EQ(strlen(log) + 1, filled);
    }
    return code;
  };
  EXPECT_EQ(load(text), 0) << log;
  std::string bad = text;
  bad.replace(bad.find("setp.ge"), 7, "setq.ge");
  EXPECT_EQ(load(bad), 218);
  EXPECT_NE(strstr(log, ":11: "), nullptr) << log;
  EXPECT_NE(strstr(log, "setq"), nullptr) << log;
  EXPECT_EQ(load("\x7f"
                 "ELF"),
            209);
  EXPECT_EQ(load(""), 218);
  auto target = [&](const char *name) {
    std::string other = text;
    other.replace(other.find("7.0"), 3, "8.7");
    return load(other.replace(other.find("sm_80"), 5, name));
  };
  EXPECT_EQ(target("sm_90a"), 0) << log; // any chip as long as none is claimed
  Setting sm("AIC_FAKECUDA_SM", "90");
  EXPECT_EQ(target("sm_90a"), 0) << log;
  EXPECT_EQ(target("sm_89"), 0) << log;
  EXPECT_EQ(target("sm_120"), 218);
  EXPECT_NE(strstr(log, "sm_120"), nullptr) << log;
  EXPECT_NE(strstr(log, "sm_90"), nullptr) << log;
  Setting newer("AIC_FAKECUDA_SM", "100");
  EXPECT_EQ(target("sm_90a"), 218);
  EXPECT_EQ(target("sm_90"), 0) << log;
}

TEST_F(Driver, StaleHandlesAreRefused) {
  void *loaded = module(addKernel);
  void *kernel = function(loaded, "add");
  void *none = nullptr;
  EXPECT_EQ(call("cuModuleGetFunction", &none, loaded, "sub"), 500);
  EXPECT_EQ(call("cuModuleUnload", loaded), 0);
  EXPECT_EQ(call("cuModuleUnload", loaded), 400);
  EXPECT_EQ(launch(kernel, 1, 1, nullptr), 400);
  EXPECT_EQ(call("cuCtxSetCurrent", static_cast<void *>(nullptr)), 0);
  Pointer x;
  EXPECT_EQ(call("cuMemAlloc_v2", &x, size_t(1)), 201);
  EXPECT_EQ(call("cuCtxSetCurrent", context), 0);
}

TEST_F(Driver, ContextsNest) {
  void *other = nullptr, *top = nullptr;
  EXPECT_EQ(call("cuCtxCreate_v2", &other, 0u, 0), 0);
  EXPECT_EQ(call("cuCtxGetCurrent", &top), 0);
  EXPECT_EQ(top, other);
  Pointer x = allocate(64);
  EXPECT_EQ(call("cuCtxDestroy_v2", other), 0);
  EXPECT_EQ(call("cuCtxGetCurrent", &top), 0);
  EXPECT_EQ(top, context);
  EXPECT_EQ(call("cuMemFree_v2", x), 1) << "a context takes its memory with it";
  EXPECT_EQ(call("cuCtxPushCurrent_v2", other), 201);
  EXPECT_EQ(call("cuCtxPushCurrent_v2", context), 0);
  EXPECT_EQ(call("cuCtxPopCurrent_v2", &top), 0);
  EXPECT_EQ(top, context);
}

TEST_F(Driver, FindsFunctionsByName) {
  void *found = nullptr, *none = nullptr;
  int status = -1;
  EXPECT_EQ(call("cuGetProcAddress_v2", "cuMemAlloc", &found, 12000, uint64_t(0), &status), 0);
  EXPECT_EQ(found, dlsym(library(), "cuMemAlloc_v2"));
  EXPECT_EQ(status, 0);
  EXPECT_EQ(call("cuGetProcAddress_v2", "cuNoSuchFunction", &none, 12000, uint64_t(0), &status), 500);
  EXPECT_EQ(none, nullptr);
  const char *name = nullptr, *text = nullptr;
  EXPECT_EQ(call("cuGetErrorName", 719, &name), 0);
  EXPECT_STREQ(name, "CUDA_ERROR_LAUNCH_FAILED");
  EXPECT_EQ(call("cuGetErrorString", 719, &text), 0);
  EXPECT_EQ(call("cuGetErrorName", 12345, &name), 1);
}

TEST_F(Driver, LaunchesAreCheap) {
  // A model is a few hundred launches of small kernels; half a millisecond each would double the time of its tests.
  void *kernel = function(module(addKernel), "add");
  Pointer x = allocate(256), y = allocate(256);
  EXPECT_EQ(call("cuMemsetD32_v2", x, 1u, size_t(64)), 0);
  uint8_t c = 1;
  uint16_t n = 64;
  void *params[] = {&x, &c, &n, &y};
  clock_t start = clock();
  for (unsigned i = 0; i < 1000; ++i)
    ASSERT_EQ(launch(kernel, 1, 64, params), 0);
  EXPECT_LT(double(clock() - start) / CLOCKS_PER_SEC, 0.5);
}

TEST_F(Driver, ThreadsMayCallAtOnce) {
  void *kernel = function(module(addKernel), "add");
  std::vector<std::thread> threads;
  int bad[4] = {};
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      bad[t] |= call("cuCtxSetCurrent", context);
      for (unsigned round = 0; round < 20; ++round) {
        void *stream = nullptr;
        Pointer x = 0, y = 0;
        std::vector<uint32_t> data(64, t * 100 + round), got(64);
        bad[t] |= call("cuStreamCreate", &stream, 1u);
        bad[t] |= call("cuMemAlloc_v2", &x, size_t(256)) | call("cuMemAlloc_v2", &y, size_t(256));
        bad[t] |= call("cuMemcpyHtoDAsync_v2", x, data.data(), size_t(256), stream);
        uint8_t c = uint8_t(round);
        uint16_t n = 64;
        void *params[] = {&x, &c, &n, &y};
        bad[t] |= launch(kernel, 1, 64, params, stream);
        bad[t] |= call("cuMemcpyDtoHAsync_v2", got.data(), y, size_t(256), stream);
        bad[t] |= call("cuStreamSynchronize", stream);
        for (uint32_t value : got)
          bad[t] |= value != t * 100 + 2 * round;
        bad[t] |= call("cuMemFree_v2", x) | call("cuMemFree_v2", y) | call("cuStreamDestroy_v2", stream);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  for (int b : bad)
    EXPECT_EQ(b, 0);
}

} // namespace
