// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Streams, events, captured graphs, tensor maps and settings of the driver on the executor.
#include "DriverTest.h"
#include "aic/PTX/TensorMap.h"
#include <cstring>
#include <fstream>
#include <vector>

using namespace driver;

namespace {

/// A captured stream, its kernel and two buffers of 64 words.
class Captures : public Driver {
protected:
  void SetUp() override {
    Driver::SetUp();
    kernel = function(module(addKernel), "add");
    ASSERT_EQ(call("cuStreamCreate", &stream, 1u), 0);
    ASSERT_EQ(call("cuStreamCreate", &other, 1u), 0);
    ASSERT_EQ(call("cuEventCreate", &event, 0u), 0);
    ASSERT_EQ(call("cuEventCreate", &event2, 0u), 0);
    x = allocate(256);
    y = allocate(256);
    ASSERT_EQ(call("cuMemsetD32_v2", x, 10u, size_t(64)), 0);
    ASSERT_EQ(call("cuMemsetD32_v2", y, 0u, size_t(64)), 0);
  }
  int add(Pointer from, Pointer to, void *on, uint8_t c = 1) {
    uint16_t n = 64;
    void *params[] = {&from, &c, &n, &to};
    return launch(kernel, 1, 64, params, on);
  }
  uint32_t first(Pointer address) {
    uint32_t value = 0;
    EXPECT_EQ(call("cuMemcpyDtoH_v2", &value, address, size_t(4)), 0) << lastError();
    return value;
  }
  void *kernel = nullptr, *stream = nullptr, *other = nullptr, *event = nullptr, *event2 = nullptr;
  Pointer x = 0, y = 0;
};

TEST_F(Captures, RecordAndReplay) {
  void *graph = nullptr, *executable = nullptr;
  int status = -1;
  ASSERT_EQ(call("cuStreamBeginCapture_v2", stream, 0), 0);
  EXPECT_EQ(call("cuStreamIsCapturing", stream, &status), 0);
  EXPECT_EQ(status, 1);
  EXPECT_EQ(add(x, y, stream), 0);
  EXPECT_EQ(call("cuEventRecord", event, stream), 0);
  EXPECT_EQ(call("cuStreamWaitEvent", other, event, 0u), 0); // forks
  EXPECT_EQ(add(y, y, other, 2), 0);
  EXPECT_EQ(call("cuEventRecord", event2, other), 0);
  EXPECT_EQ(call("cuStreamWaitEvent", stream, event2, 0u), 0); // joins
  EXPECT_EQ(call("cuMemcpyDtoDAsync_v2", x, y, size_t(256), stream), 0);
  EXPECT_EQ(call("cuEventQuery", event), 907);
  EXPECT_EQ(call("cuStreamEndCapture", stream, &graph), 0);
  EXPECT_EQ(first(y), 0u) << "nothing runs while it is captured";
  size_t nodes = 0;
  EXPECT_EQ(call("cuGraphGetNodes", graph, static_cast<void *>(nullptr), &nodes), 0);
  EXPECT_EQ(nodes, 3u);
  EXPECT_EQ(call("cuGraphInstantiateWithFlags", &executable, graph, 0ull), 0);
  EXPECT_EQ(call("cuGraphDestroy", graph), 0);
  for (unsigned round = 1; round <= 3; ++round) {
    EXPECT_EQ(call("cuGraphLaunch", executable, stream), 0);
    EXPECT_EQ(call("cuStreamSynchronize", stream), 0);
    EXPECT_EQ(first(x), 10 + 3 * round);
  }
  EXPECT_EQ(call("cuGraphExecDestroy", executable), 0);
  EXPECT_EQ(call("cuGraphLaunch", executable, stream), 1);
}

TEST_F(Captures, MemoryOfAGraphIsItsOwn) {
  void *graph = nullptr, *executable = nullptr;
  Pointer scratch = 0;
  ASSERT_EQ(call("cuStreamBeginCapture_v2", stream, 2), 0);
  EXPECT_EQ(call("cuMemAllocAsync", &scratch, size_t(256), stream), 0);
  EXPECT_EQ(add(x, scratch, stream), 0);
  EXPECT_EQ(add(scratch, y, stream), 0);
  EXPECT_EQ(call("cuMemFreeAsync", scratch, stream), 0);
  EXPECT_EQ(call("cuStreamEndCapture", stream, &graph), 0);
  EXPECT_EQ(call("cuGraphInstantiate_v2", &executable, graph, static_cast<void *>(nullptr),
                 static_cast<char *>(nullptr), size_t(0)),
            0);
  EXPECT_EQ(call("cuGraphDestroy", graph), 0);
  EXPECT_EQ(call("cuGraphLaunch", executable, stream), 0) << lastError();
  EXPECT_EQ(first(y), 12u);
  EXPECT_EQ(call("cuGraphExecDestroy", executable), 0);
  EXPECT_EQ(call("cuMemFree_v2", scratch), 1);
}

TEST_F(Captures, WhatACaptureForbids) {
  void *graph = nullptr;
  Pointer address;
  ASSERT_EQ(call("cuStreamBeginCapture_v2", stream, 0), 0);
  EXPECT_EQ(call("cuMemAlloc_v2", &address, size_t(64)), 900);
  EXPECT_EQ(add(x, y, stream), 901);
  EXPECT_EQ(call("cuStreamEndCapture", stream, &graph), 901);
  EXPECT_EQ(add(x, y, stream), 0) << "the stream is usable again";
  ASSERT_EQ(call("cuStreamBeginCapture_v2", stream, 2), 0);
  EXPECT_EQ(call("cuStreamSynchronize", stream), 900);
  EXPECT_EQ(call("cuStreamEndCapture", stream, &graph), 901);
  ASSERT_EQ(call("cuStreamBeginCapture_v2", stream, 2), 0);
  EXPECT_EQ(call("cuEventRecord", event, stream), 0);
  EXPECT_EQ(call("cuStreamWaitEvent", other, event, 0u), 0);
  EXPECT_EQ(add(x, y, other), 0);
  EXPECT_EQ(call("cuStreamEndCapture", other, &graph), 903);
  EXPECT_EQ(call("cuStreamEndCapture", stream, &graph), 904);
  ASSERT_EQ(call("cuStreamBeginCapture_v2", stream, 2), 0);
  EXPECT_EQ(add(x, y, nullptr), 906);
  EXPECT_EQ(call("cuStreamEndCapture", stream, &graph), 901);
  EXPECT_EQ(call("cuStreamEndCapture", stream, &graph), 800);
  EXPECT_EQ(call("cuStreamBeginCapture_v2", static_cast<void *>(nullptr), 0), 900);
}

TEST_F(Captures, EventsMeasure) {
  float ms = -1;
  EXPECT_EQ(call("cuEventElapsedTime", &ms, event, event2), 400) << "not recorded yet";
  EXPECT_EQ(call("cuEventRecord", event, stream), 0);
  EXPECT_EQ(add(x, y, stream), 0);
  EXPECT_EQ(call("cuEventRecord", event2, stream), 0);
  EXPECT_EQ(call("cuEventSynchronize", event2), 0);
  EXPECT_EQ(call("cuEventElapsedTime", &ms, event, event2), 0);
  EXPECT_GT(ms, 0);
  EXPECT_EQ(call("cuStreamDestroy_v2", other), 0);
  EXPECT_EQ(call("cuStreamSynchronize", other), 400);
}

TEST_F(Captures, SettingsOfTheEnvironment) {
  std::string file = ::testing::TempDir() + "aic-fakecuda-counters.json";
  remove(file.c_str());
  {
    Setting counters("AIC_FAKECUDA_COUNTERS", file.c_str());
    Setting seed("AIC_FAKECUDA_SEED", "3");
    EXPECT_EQ(add(x, y, stream), 0);
    EXPECT_EQ(add(x, y, stream), 0);
  }
  std::ifstream in(file);
  std::string line;
  unsigned lines = 0;
  while (std::getline(in, line)) {
    ++lines;
    EXPECT_EQ(line.front(), '{');
    EXPECT_EQ(line.back() == ' ' ? line[line.size() - 2] : line.back(), '}');
    EXPECT_NE(line.find("\"kernel\": \"add\""), std::string::npos);
    EXPECT_NE(line.find("\"grid\": [1, 1, 1]"), std::string::npos);
  }
  EXPECT_EQ(lines, 2u);
  remove(file.c_str());
  // Two threads that write one word: only the check of global memory sees it.
  std::string text = addKernel;
  text.replace(text.find("st.global.u32 [%y], %v;"), 23,
               "st.global.u32 [%y], %v; ld.param.u64 %y, [y]; "
               "mov.u32 %v, 1; st.global.u32 [%y], %v;");
  kernel = function(module(text), "add");
  EXPECT_EQ(add(x, y, stream), 719);
  EXPECT_NE(lastError().find("race"), std::string::npos) << lastError();
  Setting check("AIC_FAKECUDA_CHECK", "fast");
  EXPECT_EQ(add(x, y, stream), 0) << lastError();
}

TEST_F(Captures, SweepsSynchronisations) {
  kernel = function(module(R"(.version 7.0
.target sm_80
.address_size 64
.entry turn(.param .u64 x, .param .u64 y) {
.shared .align 4 .b8 s[256]; .reg .b64 %x, %y; .reg .b32 %t, %v, %a;
ld.param.u64 %x, [x]; ld.param.u64 %y, [y]; mov.u32 %t, %tid.x;
mad.wide.u32 %x, %t, 4, %x; mad.wide.u32 %y, %t, 4, %y; ld.global.u32 %v, [%x];
mov.u32 %a, s; mad.lo.u32 %a, %t, 4, %a; st.shared.u32 [%a], %v;
bar.sync 0;
mov.u32 %a, s+252; mad.lo.u32 %a, %t, -4, %a; ld.shared.u32 %v, [%a];
bar.sync 0;
st.global.u32 [%y], %v;
}
)"),
                    "turn");
  std::vector<uint32_t> data(64);
  for (uint32_t i = 0; i < 64; ++i)
    data[i] = i * 3;
  EXPECT_EQ(call("cuMemcpyHtoD_v2", x, data.data(), size_t(256)), 0);
  std::string file = ::testing::TempDir() + "aic-fakecuda-mutants.json";
  remove(file.c_str());
  Setting mutate("AIC_FAKECUDA_MUTATE", file.c_str());
  void *params[] = {&x, &y};
  EXPECT_EQ(launch(kernel, 1, 64, params, stream), 0) << lastError();
  EXPECT_EQ(first(y), 189u) << "memory is as the unbroken kernel leaves it";
  std::ifstream in(file);
  std::string one, two, three;
  std::getline(in, one);
  std::getline(in, two);
  EXPECT_NE(one.find("\"found\": \"uninitialised at line 10\""), std::string::npos) << one;
  EXPECT_NE(one.find("\"kernel\": \"turn\""), std::string::npos) << one;
  EXPECT_NE(two.find("\"found\": \"\", "), std::string::npos) << two << ": the second barrier is redundant";
  EXPECT_NE(two.find("\"line\": 11, \"opcode\": \"bar.sync\""), std::string::npos) << two;
  EXPECT_FALSE(std::getline(in, three)) << three;
  remove(file.c_str());
}

TEST_F(Captures, TensorMaps) {
  alignas(64) aic::ptx::TensorMap map;
  uint64_t extents[2] = {320, 256}, strides[1] = {640};
  uint32_t box[2] = {64, 128}, steps[2] = {1, 1};
  auto encode = [&](uint64_t address, int swizzle) {
    return call("cuTensorMapEncodeTiled", &map, 6, uint32_t(2), address, &extents[0], &strides[0], &box[0], &steps[0],
                0, swizzle, 0, 0);
  };
  EXPECT_EQ(encode(x, 3), 0) << lastError();
  EXPECT_EQ(map.base, x);
  EXPECT_EQ(map.rank, 2);
  EXPECT_EQ(map.dims[1], 256u);
  EXPECT_EQ(map.box[0], 64u);
  EXPECT_EQ(map.strides[0], 640u);
  EXPECT_EQ(map.elementSize, 2);
  EXPECT_EQ(encode(x + 8, 3), 1) << "addresses of tensors are multiples of 16";
  box[0] = 128;
  EXPECT_EQ(encode(x, 3), 1) << "a row of a swizzled box has at most 128 bytes";
  box[0] = 300;
  EXPECT_EQ(encode(x, 0), 1);
}

} // namespace
