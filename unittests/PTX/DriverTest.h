// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libaicfakecuda.so as a program sees it: loaded by name, called through pointers, no header of ours.
#ifndef AIC_UNITTESTS_PTX_DRIVERTEST_H
#define AIC_UNITTESTS_PTX_DRIVERTEST_H

#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

namespace driver {

using Pointer = uint64_t;

inline void *library() {
  static void *const handle = [] {
    char self[4096];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    std::string path(self, size > 0 ? size_t(size) : 0);
    path = path.substr(0, path.rfind('/')) + "/../lib/libaicfakecuda.so";
    void *loaded = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!loaded)
      fprintf(stderr, "%s\n", dlerror());
    return loaded;
  }();
  return handle;
}

template <class... T> int call(const char *name, T... values) {
  void *function = library() ? dlsym(library(), name) : nullptr;
  if (!function) {
    ADD_FAILURE() << "no function " << name;
    return -1;
  }
  return reinterpret_cast<int (*)(T...)>(function)(values...);
}

inline std::string lastError() {
  void *function = dlsym(library(), "aic_fakecuda_last_error");
  return function ? reinterpret_cast<const char *(*)()>(function)() : "no aic_fakecuda_last_error";
}

/// A variable of the environment for as long as it lives.
class Setting {
public:
  Setting(const char *name, const char *value) : name(name) { setenv(name, value, 1); }
  ~Setting() { unsetenv(name); }

private:
  const char *name;
};

/// A test with the primary context current.
class Driver : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_NE(library(), nullptr);
    ASSERT_EQ(call("cuInit", 0u), 0);
    ASSERT_EQ(call("cuDevicePrimaryCtxRetain", &context, 0), 0);
    ASSERT_EQ(call("cuCtxSetCurrent", context), 0);
  }
  void TearDown() override {
    EXPECT_EQ(call("cuDevicePrimaryCtxRelease_v2", 0), 0);
    EXPECT_EQ(call("cuCtxSetCurrent", static_cast<void *>(nullptr)), 0);
  }
  void *module(const std::string &text) {
    void *loaded = nullptr;
    EXPECT_EQ(call("cuModuleLoadData", &loaded, text.c_str()), 0) << lastError();
    return loaded;
  }
  void *function(void *from, const char *name) {
    void *found = nullptr;
    EXPECT_EQ(call("cuModuleGetFunction", &found, from, name), 0);
    return found;
  }
  Pointer allocate(size_t bytes) {
    Pointer address = 0;
    EXPECT_EQ(call("cuMemAlloc_v2", &address, bytes), 0);
    return address;
  }
  int launch(void *kernel, unsigned grid, unsigned block, void **params, void *stream = nullptr, unsigned shared = 0) {
    return call("cuLaunchKernel", kernel, grid, 1u, 1u, block, 1u, 1u, shared, stream, params,
                static_cast<void **>(nullptr));
  }
  void *context = nullptr;
};

/// y[i] = x[i] + c, for n elements; c has one byte, n two: their places in the parameter block need padding.
inline const char *const addKernel = R"(.version 7.0
.target sm_80
.address_size 64
.entry add(.param .u64 .ptr .global .align 4 x, .param .u8 c, .param .u16 n, .param .u64 .ptr .global .align 4 y)
  .maxntid 256, 1, 1
{
.reg .b64 %x, %y; .reg .b32 %i, %c, %v, %n, %b; .reg .b16 %h; .reg .pred %p;
ld.param.u64 %x, [x]; ld.param.u64 %y, [y]; ld.param.u8 %h, [c]; cvt.u32.u16 %c, %h;
ld.param.u16 %h, [n]; cvt.u32.u16 %n, %h;
mov.u32 %i, %ctaid.x; mov.u32 %b, %ntid.x; mul.lo.u32 %i, %i, %b; mov.u32 %b, %tid.x; add.u32 %i, %i, %b;
setp.ge.u32 %p, %i, %n;
@%p ret;
mad.wide.u32 %x, %i, 4, %x; mad.wide.u32 %y, %i, 4, %y;
ld.global.u32 %v, [%x]; add.u32 %v, %v, %c; st.global.u32 [%y], %v;
ret;
}
)";

} // namespace driver

#endif // AIC_UNITTESTS_PTX_DRIVERTEST_H
