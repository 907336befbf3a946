// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Device memory, copies, fills. Every range is checked against the allocations: what would damage memory silently on a
// chip is an error here.
#include "State.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>

using namespace aic;
using namespace aic::fakecuda;

static std::string place(State &s, uint64_t address, size_t bytes) {
  char text[96];
  snprintf(text, sizeof text, "%zu bytes at 0x%llx: ", bytes, (unsigned long long)address);
  const ptx::Allocation *entry = s.memory.find(address);
  if (!entry)
    entry = s.memory.nearest(address);
  if (!entry)
    return std::string(text) + "there is no device memory";
  std::string name = "'" + entry->name + "' (" + std::to_string(entry->size) + " bytes)";
  uint64_t end = entry->address + entry->size;
  if (address < entry->address || address >= end) {
    uint64_t distance = address < entry->address ? entry->address - address : address - end;
    if (distance > (1u << 20))
      return std::string(text) + "no device address";
    return std::string(text) + std::to_string(distance) +
           (address < entry->address ? " bytes before " : " bytes past the end of ") + name;
  }
  if (!entry->live)
    return std::string(text) + name + " was freed";
  return std::string(text) + "from byte " + std::to_string(address - entry->address) + " past the end of " + name;
}

CUresult State::allocate(uint64_t *address, size_t bytes) {
  if (!address || !bytes)
    return result::InvalidValue;
  Settings s = settings();
  uint64_t live = memory.liveBytes();
  if (bytes > s.memory || live > s.memory - bytes)
    return result::OutOfMemory;
  uint64_t got = memory.allocate(bytes, "allocation " + std::to_string(++serial));
  if (!got)
    return result::OutOfMemory;
  if (s.check == Settings::All)
    memory.trackInitialised(got);
  allocations[got] = current();
  peakBytes = std::max(peakBytes, memory.liveBytes());
  *address = got;
  return result::Success;
}

CUresult State::release(uint64_t address) {
  if (!address)
    return result::Success;
  auto found = allocations.find(address);
  if (found == allocations.end())
    return fail(result::InvalidValue, "free of " + place(*this, address, 0));
  allocations.erase(found);
  memory.free(address);
  return result::Success;
}

CUresult State::copy(void *toHost, uint64_t to, const void *fromHost, uint64_t from, size_t bytes) {
  if (!bytes)
    return result::Success;
  uint8_t *target = static_cast<uint8_t *>(toHost);
  const uint8_t *source = static_cast<const uint8_t *>(fromHost);
  if (!source) {
    source = memory.host(from, bytes);
    if (!source)
      return fail(result::InvalidValue, "copy from " + place(*this, from, bytes));
    if (uint64_t missing = memory.firstUnwritten(from, bytes); missing != bytes && target) {
      ++findings;
      return fail(result::LaunchFailed, "copy to the host of " + std::to_string(bytes) + " bytes of '" +
                                            memory.find(from)->name + "': byte " + std::to_string(missing) +
                                            " of them was never written");
    }
  }
  if (target) {
    memmove(target, source, bytes);
    return result::Success;
  }
  target = memory.host(to, bytes);
  if (!target)
    return fail(result::InvalidValue, "copy to " + place(*this, to, bytes));
  memmove(target, source, bytes);
  if (fromHost)
    memory.markWritten(to, bytes);
  else
    memory.copyWritten(to, from, bytes);
  return result::Success;
}

template <class T> static CUresult fillMemory(State &s, CUdeviceptr address, T value, size_t count) {
  if (!count)
    return result::Success;
  if (address % sizeof(T) || count > ~size_t(0) / sizeof(T))
    return result::InvalidValue;
  size_t bytes = count * sizeof(T);
  uint8_t *target = s.memory.host(address, bytes);
  if (!target)
    return s.fail(result::InvalidValue, "fill of " + place(s, address, bytes));
  if (sizeof(T) == 1)
    memset(target, int(value), bytes);
  else
    std::fill_n(reinterpret_cast<T *>(target), count, value);
  s.memory.markWritten(address, bytes);
  return result::Success;
}

namespace {

/// A copy on a stream: synchronous ones (`wait`) are forbidden while a capture is in progress.
CUresult transfer(State &s, CUstream stream, bool wait, void *toHost, CUdeviceptr to, const void *fromHost,
                  CUdeviceptr from, size_t bytes) {
  if (wait) {
    if (CUresult code = s.forbidInCapture())
      return code;
    if (CUresult code = s.synchronize(*s.defaultStream))
      return code;
  }
  return s.submit(stream,
                  [&s, toHost, to, fromHost, from, bytes] { return s.copy(toHost, to, fromHost, from, bytes); });
}

/// One address space for host and device: what lies in device memory, live or freed, is a device address.
CUresult unified(State &s, CUstream stream, bool wait, CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  bool toDevice = s.memory.contains(to), fromDevice = s.memory.contains(from);
  return transfer(s, stream, wait, toDevice ? nullptr : reinterpret_cast<void *>(to), to,
                  fromDevice ? nullptr : reinterpret_cast<const void *>(from), from, bytes);
}

} // namespace

AIC_CUDA cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  return enter("cuMemAlloc_v2", true, [&](State &s) {
    CUresult code = s.forbidInCapture();
    return code ? code : s.allocate(address, bytes);
  });
}

AIC_CUDA cuMemFree_v2(CUdeviceptr address) {
  return enter("cuMemFree_v2", true, [&](State &s) {
    CUresult code = s.forbidInCapture();
    return code ? code : s.release(address);
  });
}

AIC_CUDA cuMemAllocAsync(CUdeviceptr *address, size_t bytes, CUstream stream) {
  return enter("cuMemAllocAsync", true, [&](State &s) {
    auto object = s.stream(stream);
    if (!object)
      return int(result::InvalidHandle);
    CUresult code = s.allocate(address, bytes);
    if (!code && object->capture)
      object->capture->graph->allocations.push_back(*address);
    return code;
  });
}

AIC_CUDA cuMemFreeAsync(CUdeviceptr address, CUstream stream) {
  return enter("cuMemFreeAsync", true, [&](State &s) {
    auto object = s.stream(stream);
    if (!object)
      return int(result::InvalidHandle);
    if (object->capture) { // the memory belongs to the graph, which frees it
      const auto &own = object->capture->graph->allocations;
      return int(std::find(own.begin(), own.end(), address) != own.end() ? result::Success : result::InvalidValue);
    }
    return s.release(address);
  });
}

AIC_CUDA cuMemGetInfo_v2(size_t *available, size_t *total) {
  return enter("cuMemGetInfo_v2", true, [&](State &s) {
    if (!available || !total)
      return result::InvalidValue;
    *total = settings().memory;
    *available = *total > s.memory.liveBytes() ? *total - s.memory.liveBytes() : 0;
    return result::Success;
  });
}

AIC_CUDA cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *bytes, CUdeviceptr address) {
  return enter("cuMemGetAddressRange_v2", true, [&](State &s) {
    const ptx::Allocation *entry = s.memory.find(address);
    if (!entry || !entry->live)
      return result::NotFound;
    if (base)
      *base = entry->address;
    if (bytes)
      *bytes = entry->size;
    return result::Success;
  });
}

AIC_CUDA cuMemHostAlloc(void **pointer, size_t bytes, unsigned) {
  return enter("cuMemHostAlloc", true, [&](State &s) {
    if (!pointer || !bytes)
      return result::InvalidValue;
    *pointer = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    if (!*pointer)
      return result::OutOfMemory;
    s.hostAllocations[*pointer] = bytes;
    return result::Success;
  });
}

AIC_CUDA cuMemAllocHost_v2(void **pointer, size_t bytes) { return cuMemHostAlloc(pointer, bytes, 0); }

AIC_CUDA cuMemFreeHost(void *pointer) {
  return enter("cuMemFreeHost", true, [&](State &s) {
    if (!s.hostAllocations.erase(pointer))
      return result::InvalidValue;
    free(pointer);
    return result::Success;
  });
}

AIC_CUDA cuMemHostRegister_v2(void *pointer, size_t bytes, unsigned) {
  return enter("cuMemHostRegister_v2", true,
               [&](State &) { return pointer && bytes ? result::Success : result::InvalidValue; });
}

AIC_CUDA cuMemHostUnregister(void *pointer) {
  return enter("cuMemHostUnregister", true, [&](State &) { return pointer ? result::Success : result::InvalidValue; });
}

AIC_CUDA cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes) {
  return enter("cuMemcpyHtoD_v2", true, [&](State &s) -> CUresult {
    return from || !bytes ? transfer(s, nullptr, true, nullptr, to, from, 0, bytes) : result::InvalidValue;
  });
}

AIC_CUDA cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes) {
  return enter("cuMemcpyDtoH_v2", true, [&](State &s) -> CUresult {
    return to || !bytes ? transfer(s, nullptr, true, to, 0, nullptr, from, bytes) : result::InvalidValue;
  });
}

AIC_CUDA cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return enter("cuMemcpyDtoD_v2", true,
               [&](State &s) { return transfer(s, nullptr, true, nullptr, to, nullptr, from, bytes); });
}

AIC_CUDA cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return enter("cuMemcpy", true, [&](State &s) { return unified(s, nullptr, true, to, from, bytes); });
}

AIC_CUDA cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream) {
  return enter("cuMemcpyHtoDAsync_v2", true, [&](State &s) -> CUresult {
    return from || !bytes ? transfer(s, stream, false, nullptr, to, from, 0, bytes) : result::InvalidValue;
  });
}

AIC_CUDA cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return enter("cuMemcpyDtoHAsync_v2", true, [&](State &s) -> CUresult {
    return to || !bytes ? transfer(s, stream, false, to, 0, nullptr, from, bytes) : result::InvalidValue;
  });
}

AIC_CUDA cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return enter("cuMemcpyDtoDAsync_v2", true,
               [&](State &s) { return transfer(s, stream, false, nullptr, to, nullptr, from, bytes); });
}

AIC_CUDA cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return enter("cuMemcpyAsync", true, [&](State &s) { return unified(s, stream, false, to, from, bytes); });
}

template <class T> static CUresult fillNow(const char *name, CUdeviceptr to, T value, size_t count) {
  return enter(name, true, [&](State &s) {
    CUresult code = s.forbidInCapture();
    return code ? code : s.submit(nullptr, [&s, to, value, count] { return fillMemory(s, to, value, count); });
  });
}

template <class T> static CUresult fillOn(const char *name, CUdeviceptr to, T value, size_t count, CUstream stream) {
  return enter(name, true, [&](State &s) {
    return s.submit(stream, [&s, to, value, count] { return fillMemory(s, to, value, count); });
  });
}

AIC_CUDA cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count) {
  return fillNow<uint8_t>("cuMemsetD8_v2", to, value, count);
}
AIC_CUDA cuMemsetD16_v2(CUdeviceptr to, unsigned short value, size_t count) {
  return fillNow<uint16_t>("cuMemsetD16_v2", to, value, count);
}
AIC_CUDA cuMemsetD32_v2(CUdeviceptr to, unsigned value, size_t count) {
  return fillNow<uint32_t>("cuMemsetD32_v2", to, value, count);
}
AIC_CUDA cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream stream) {
  return fillOn<uint8_t>("cuMemsetD8Async", to, value, count, stream);
}
AIC_CUDA cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count, CUstream stream) {
  return fillOn<uint16_t>("cuMemsetD16Async", to, value, count, stream);
}
AIC_CUDA cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, CUstream stream) {
  return fillOn<uint32_t>("cuMemsetD32Async", to, value, count, stream);
}

static CUresult pointerValue(State &s, void *data, int attribute, CUdeviceptr address) {
  const ptx::Allocation *entry = s.memory.find(address);
  auto owner = entry ? s.allocations.find(entry->address) : s.allocations.end();
  auto pinned = s.hostAllocations.upper_bound(reinterpret_cast<void *>(address));
  bool host = false;
  if (pinned != s.hostAllocations.begin()) {
    --pinned;
    host = address - reinterpret_cast<uintptr_t>(pinned->first) < pinned->second;
  }
  bool device = entry && entry->live;
  if (!device && !host)
    return result::InvalidValue;
  switch (attribute) {
  case pointerAttribute::Context:
    *static_cast<Handle *>(data) = owner != s.allocations.end() ? owner->second : s.current();
    return result::Success;
  case pointerAttribute::MemoryType:
    *static_cast<unsigned *>(data) = device ? 2 : 1;
    return result::Success;
  case pointerAttribute::DevicePointer:
    if (!device)
      return result::InvalidValue;
    *static_cast<CUdeviceptr *>(data) = address;
    return result::Success;
  case pointerAttribute::HostPointer:
    if (device)
      return result::InvalidValue;
    *static_cast<CUdeviceptr *>(data) = address;
    return result::Success;
  case pointerAttribute::IsManaged:
    *static_cast<unsigned *>(data) = 0;
    return result::Success;
  case pointerAttribute::DeviceOrdinal:
    *static_cast<int *>(data) = 0;
    return result::Success;
  case pointerAttribute::RangeStart:
    *static_cast<CUdeviceptr *>(data) = device ? entry->address : reinterpret_cast<uintptr_t>(pinned->first);
    return result::Success;
  case pointerAttribute::RangeBytes:
    *static_cast<size_t *>(data) = device ? entry->size : pinned->second;
    return result::Success;
  case pointerAttribute::Mapped:
    *static_cast<unsigned *>(data) = 1;
    return result::Success;
  default:
    return result::InvalidValue;
  }
}

AIC_CUDA cuPointerGetAttribute(void *data, int attribute, CUdeviceptr address) {
  return enter("cuPointerGetAttribute", true, [&](State &s) -> CUresult {
    return data ? pointerValue(s, data, attribute, address) : result::InvalidValue;
  });
}

AIC_CUDA cuPointerGetAttributes(unsigned count, int *attributes, void **data, CUdeviceptr address) {
  return enter("cuPointerGetAttributes", true, [&](State &s) {
    if (!count || !attributes || !data)
      return result::InvalidValue;
    for (unsigned i = 0; i < count; ++i) // unlike the single form this one takes any address
      if (data[i] && pointerValue(s, data[i], attributes[i], address)) {
        bool isWord = attributes[i] == pointerAttribute::MemoryType || attributes[i] == pointerAttribute::IsManaged ||
                      attributes[i] == pointerAttribute::Mapped || attributes[i] == pointerAttribute::DeviceOrdinal;
        memset(data[i], attributes[i] == pointerAttribute::DeviceOrdinal ? 0xff : 0, isWord ? 4 : 8);
      }
    return result::Success;
  });
}
