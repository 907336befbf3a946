// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names and texts of results, and functions by name.
#include "State.h"
#include <cstring>
#include <dlfcn.h>

using namespace aic;
using namespace aic::fakecuda;

namespace {

struct ResultText {
  CUresult code;
  const char *name, *text;
};

const ResultText texts[] = {
    {result::Success, "CUDA_SUCCESS", "no error"},
    {result::InvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {result::OutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {result::NotInitialized, "CUDA_ERROR_NOT_INITIALIZED", "cuInit has not been called"},
    {result::Deinitialized, "CUDA_ERROR_DEINITIALIZED", "the driver is shutting down"},
    {result::NoDevice, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device"},
    {result::InvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {result::InvalidImage, "CUDA_ERROR_INVALID_IMAGE", "invalid device image"},
    {result::InvalidContext, "CUDA_ERROR_INVALID_CONTEXT", "no context is current, or it is invalid"},
    {result::NoBinaryForGpu, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no code for this device in the image"},
    {result::InvalidPtx, "CUDA_ERROR_INVALID_PTX", "the PTX could not be compiled"},
    {result::UnsupportedPtxVersion, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the PTX's .version is not supported"},
    {result::InvalidHandle, "CUDA_ERROR_INVALID_HANDLE", "invalid handle"},
    {result::NotFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {result::NotReady, "CUDA_ERROR_NOT_READY", "not ready"},
    {result::LaunchOutOfResources, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources for a launch"},
    {result::PrimaryContextActive, "CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE", "the primary context is active"},
    {result::ContextIsDestroyed, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "the context was destroyed"},
    {result::LaunchFailed, "CUDA_ERROR_LAUNCH_FAILED", "a kernel failed the executor's checks"},
    {result::NotPermitted, "CUDA_ERROR_NOT_PERMITTED", "operation not permitted"},
    {result::NotSupported, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {result::CaptureUnsupported, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "not permitted while a stream is captured"},
    {result::CaptureInvalidated, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "the capture failed because of an earlier error"},
    {result::CaptureMerge, "CUDA_ERROR_STREAM_CAPTURE_MERGE", "two captures would be merged"},
    {result::CaptureUnmatched, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED", "the capture did not begin on this stream"},
    {result::CaptureUnjoined, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "a forked stream was not joined"},
    {result::CaptureIsolation, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION", "a captured stream depends on uncaptured work"},
    {result::CaptureImplicit, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT", "the default stream was used during a capture"},
    {result::CapturedEvent, "CUDA_ERROR_CAPTURED_EVENT", "the event was recorded in a captured stream"},
    {result::CaptureWrongThread, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD", "the capture began on another thread"},
    {result::Unknown, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

const ResultText *find(CUresult code) {
  for (const ResultText &entry : texts)
    if (entry.code == code)
      return &entry;
  return nullptr;
}

} // namespace

AIC_CUDA cuGetErrorName(CUresult code, const char **name) {
  const ResultText *entry = find(code);
  if (!name)
    return result::InvalidValue;
  *name = entry ? entry->name : nullptr;
  return entry ? result::Success : result::InvalidValue;
}

AIC_CUDA cuGetErrorString(CUresult code, const char **text) {
  const ResultText *entry = find(code);
  if (!text)
    return result::InvalidValue;
  *text = entry ? entry->text : nullptr;
  return entry ? result::Success : result::InvalidValue;
}

/// By the name without a version: the newest version that there is.
AIC_CUDA cuGetProcAddress_v2(const char *symbol, void **function, int, uint64_t, int *status) {
  if (!symbol || !function)
    return result::InvalidValue;
  *function = nullptr;
  if (status)
    *status = 1; // not found
  Dl_info self;
  if (strncmp(symbol, "cu", 2) || !dladdr(reinterpret_cast<void *>(&cuGetProcAddress_v2), &self))
    return result::NotFound;
  void *library = dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  if (!library)
    return result::NotFound;
  for (const char *version : {"_v2", ""})
    if (!*function) {
      void *found = dlsym(library, (std::string(symbol) + version).c_str());
      Dl_info where;
      if (found && dladdr(found, &where) && where.dli_fbase == self.dli_fbase)
        *function = found;
    }
  dlclose(library);
  if (status)
    *status = *function ? 0 : 1;
  return *function ? result::Success : result::NotFound;
}

AIC_CUDA cuGetProcAddress(const char *symbol, void **function, int version, uint64_t flags) {
  return cuGetProcAddress_v2(symbol, function, version, flags, nullptr);
}
