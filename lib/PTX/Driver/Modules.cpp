// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Modules and functions. A library (cuLibrary*) is a module, a kernel (cuKernel*) a function: their handles are the
// same here.
#include "State.h"
#include <algorithm>
#include <cstring>

using namespace aic;
using namespace aic::fakecuda;

namespace {

/// The buffer that a caller gave for the JIT's messages; its size is set to what was written.
void writeLog(const std::string &text, unsigned count, const int *options, void **values) {
  char *buffer = nullptr;
  size_t size = 0;
  void **filled = nullptr;
  for (unsigned i = 0; i < count; ++i) {
    if (options[i] == jit::ErrorLog)
      buffer = static_cast<char *>(values[i]);
    if (options[i] == jit::ErrorLogBytes)
      size = size_t(uint32_t(reinterpret_cast<uintptr_t>(values[i]))), filled = &values[i];
    if (options[i] == jit::InfoLogBytes)
      values[i] = nullptr;
  }
  if (!buffer || !size)
    return;
  size_t length = std::min(text.size(), size - 1);
  memcpy(buffer, text.data(), length);
  buffer[length] = 0;
  *filled = reinterpret_cast<void *>(uintptr_t(text.empty() ? 0 : length + 1));
}

/// Empty if the device can run code made for the program's target.
std::string targetProblem(const ptx::Program &program) {
  Settings s = settings();
  if (s.anyTarget)
    return "";
  const std::string &target = program.target();
  std::string device = "; the device is an sm_" + std::to_string(s.sm);
  char suffix = target.empty() ? 0 : target.back();
  if (program.sm() > s.sm)
    return ".target " + target + " is above what the device offers" + device;
  if (suffix == 'a' && program.sm() != s.sm)
    return ".target " + target + " runs on sm_" + std::to_string(program.sm()) + " only" + device;
  if (suffix == 'f' && program.sm() / 10 != s.sm / 10)
    return ".target " + target + " runs on its own family only" + device;
  return "";
}

CUresult load(State &s, Handle *handle, const void *image, unsigned count, const int *options, void **values) {
  if (!handle || !image || (count && (!options || !values)))
    return result::InvalidValue;
  auto refuse = [&](CUresult code, const std::string &text) {
    writeLog(text, count, options, values);
    s.lastError = text;
    return code;
  };
  unsigned char first[4];
  memcpy(first, image, 1);
  if (first[0] == 0x7f || first[0] == 0x50 || first[0] == 0xb1 || first[0] == 0x46)
    return refuse(result::NoBinaryForGpu, "expected PTX text, got a binary: the executor runs no machine code");
  const char *text = static_cast<const char *>(image);
  auto module = std::make_shared<Module>();
  module->context = s.current();
  std::vector<ptx::Diagnostic> messages;
  std::string name = "module " + std::to_string(++s.serial);
  module->program = ptx::Program::load(text, name, s.memory, messages);
  if (!module->program) {
    std::string log;
    CUresult code = result::InvalidPtx;
    for (const ptx::Diagnostic &message : messages) {
      log += (log.empty() ? "" : "\n") + ptx::formatDiagnostic(name, message);
      if (message.message.rfind("unknown .version", 0) == 0)
        code = result::UnsupportedPtxVersion;
    }
    return refuse(code, log);
  }
  std::string problem = targetProblem(*module->program);
  if (problem.empty() && s.memory.liveBytes() > settings().memory) {
    module->program->unload(s.memory);
    return refuse(result::OutOfMemory, "the variables of the module need more memory than there is");
  }
  if (!problem.empty()) {
    module->program->unload(s.memory);
    return refuse(result::InvalidPtx, name + ": " + problem);
  }
  writeLog("", count, options, values);
  s.peakBytes = std::max(s.peakBytes, s.memory.liveBytes());
  *handle = s.modules.add(std::move(module));
  return result::Success;
}

CUresult unload(State &s, const void *handle) {
  Module *module = s.modules.get(handle);
  if (!module)
    return result::InvalidHandle;
  for (auto &function : module->functions)
    s.functions.erase(reinterpret_cast<void *>(function.second));
  module->program->unload(s.memory);
  s.modules.erase(handle);
  return result::Success;
}

CUresult findFunction(State &s, Handle *handle, const void *from, const char *name) {
  auto module = s.modules.share(from);
  if (!module)
    return result::InvalidHandle;
  if (!handle || !name)
    return result::InvalidValue;
  const ptx::Kernel *kernel = module->program->kernel(name);
  if (!kernel) {
    s.lastError = std::string("no kernel '") + name + "' in " + module->program->name();
    return result::NotFound;
  }
  auto found = module->functions.find(name);
  if (found == module->functions.end()) {
    auto function = std::make_shared<Function>();
    function->module = module;
    function->kernel = kernel;
    found = module->functions.emplace(name, s.functions.add(std::move(function))).first;
  }
  *handle = found->second;
  return result::Success;
}

CUresult setAttribute(State &s, const void *handle, int attribute, int value) {
  Function *function = s.functions.get(handle);
  if (!function)
    return result::InvalidHandle;
  int staticShared = int(function->kernel->staticShared);
  switch (attribute) {
  case functionAttribute::MaxDynamicShared: {
    int cap = int(ptx::limitsOf(settings().sm).sharedOptIn);
    if (value < 0 || value > cap - staticShared)
      return s.fail(result::InvalidValue, "'" + function->kernel->name + "': expected at most " +
                                              std::to_string(cap - staticShared) +
                                              " bytes of dynamic shared memory, got " + std::to_string(value));
    function->dynamicShared = value;
    return result::Success;
  }
  case functionAttribute::Carveout:
    return value >= -1 && value <= 100 ? result::Success : result::InvalidValue;
  default:
    return result::InvalidValue;
  }
}

CUresult getAttribute(State &s, int *value, int attribute, const void *handle) {
  Function *function = s.functions.get(handle);
  if (!function)
    return result::InvalidHandle;
  if (!value || attribute < 0 || attribute >= functionAttribute::Count)
    return result::InvalidValue;
  const ptx::Kernel &kernel = *function->kernel;
  const ptx::Program &program = *function->module->program;
  switch (attribute) {
  case functionAttribute::MaxThreads:
    *value = kernel.requiredThreads.x ? int(kernel.requiredThreads.count())
             : kernel.maxThreads.x    ? int(kernel.maxThreads.count())
                                      : 1024;
    break;
  case functionAttribute::SharedBytes:
    *value = int(kernel.staticShared);
    break;
  case functionAttribute::LocalBytes:
    *value = int(kernel.localBytes);
    break;
  case functionAttribute::Registers:
    *value = kernel.maxRegisters ? int(kernel.maxRegisters) : 32;
    break;
  case functionAttribute::PtxVersion:
    *value = int(program.isa().first * 10 + program.isa().second);
    break;
  case functionAttribute::BinaryVersion:
    *value = int(settings().sm);
    break;
  case functionAttribute::MaxDynamicShared:
    *value = function->dynamicShared >= 0 ? function->dynamicShared
                                          : int(ptx::limitsOf(settings().sm).sharedDefault) - int(kernel.staticShared);
    break;
  case functionAttribute::Carveout:
    *value = -1;
    break;
  default:
    *value = 0;
  }
  return result::Success;
}

CUresult findGlobal(State &s, CUdeviceptr *address, size_t *bytes, const void *handle, const char *name) {
  Module *module = s.modules.get(handle);
  if (!module)
    return result::InvalidHandle;
  if (!name)
    return result::InvalidValue;
  auto found = module->program->global(name);
  if (!found.first)
    return result::NotFound;
  if (address)
    *address = found.first;
  if (bytes)
    *bytes = found.second;
  return result::Success;
}

template <class H> Handle *slot(H *handle) { return reinterpret_cast<Handle *>(handle); }

} // namespace

AIC_CUDA cuModuleLoadData(CUmodule *module, const void *image) {
  return enter("cuModuleLoadData", true, [&](State &s) { return load(s, slot(module), image, 0, nullptr, nullptr); });
}

AIC_CUDA cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned count, int *options, void **values) {
  return enter("cuModuleLoadDataEx", true,
               [&](State &s) { return load(s, slot(module), image, count, options, values); });
}

AIC_CUDA cuModuleUnload(CUmodule module) {
  return enter("cuModuleUnload", true, [&](State &s) { return unload(s, module); });
}

AIC_CUDA cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  return enter("cuModuleGetFunction", true, [&](State &s) { return findFunction(s, slot(function), module, name); });
}

AIC_CUDA cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes, CUmodule module, const char *name) {
  return enter("cuModuleGetGlobal_v2", true, [&](State &s) { return findGlobal(s, address, bytes, module, name); });
}

AIC_CUDA cuModuleGetFunctionCount(unsigned *count, CUmodule module) {
  return enter("cuModuleGetFunctionCount", true, [&](State &s) {
    Module *object = s.modules.get(module);
    if (!object)
      return result::InvalidHandle;
    if (!count)
      return result::InvalidValue;
    *count = unsigned(object->program->kernels().size());
    return result::Success;
  });
}

AIC_CUDA cuLibraryLoadData(CUmodule *library, const void *code, int *jitOptions, void **jitValues, unsigned jitCount,
                           int *, void **, unsigned) {
  return enter("cuLibraryLoadData", true,
               [&](State &s) { return load(s, slot(library), code, jitCount, jitOptions, jitValues); });
}

AIC_CUDA cuLibraryUnload(CUmodule library) {
  return enter("cuLibraryUnload", true, [&](State &s) { return unload(s, library); });
}

AIC_CUDA cuLibraryGetKernel(CUfunction *kernel, CUmodule library, const char *name) {
  return enter("cuLibraryGetKernel", true, [&](State &s) { return findFunction(s, slot(kernel), library, name); });
}

AIC_CUDA cuLibraryGetModule(CUmodule *module, CUmodule library) {
  return enter("cuLibraryGetModule", true, [&](State &s) {
    if (!s.modules.get(library))
      return result::InvalidHandle;
    if (!module)
      return result::InvalidValue;
    *module = library;
    return result::Success;
  });
}

AIC_CUDA cuLibraryGetGlobal(CUdeviceptr *address, size_t *bytes, CUmodule library, const char *name) {
  return enter("cuLibraryGetGlobal", true, [&](State &s) { return findGlobal(s, address, bytes, library, name); });
}

AIC_CUDA cuKernelGetFunction(CUfunction *function, CUfunction kernel) {
  return enter("cuKernelGetFunction", true, [&](State &s) {
    if (!s.functions.get(kernel))
      return result::InvalidHandle;
    if (!function)
      return result::InvalidValue;
    *function = kernel;
    return result::Success;
  });
}

AIC_CUDA cuKernelSetAttribute(int attribute, int value, CUfunction kernel, CUdevice device) {
  return enter("cuKernelSetAttribute", true, [&](State &s) -> CUresult {
    return device ? result::InvalidDevice : setAttribute(s, kernel, attribute, value);
  });
}

AIC_CUDA cuKernelGetAttribute(int *value, int attribute, CUfunction kernel, CUdevice device) {
  return enter("cuKernelGetAttribute", true, [&](State &s) -> CUresult {
    return device ? result::InvalidDevice : getAttribute(s, value, attribute, kernel);
  });
}

AIC_CUDA cuFuncSetAttribute(CUfunction function, int attribute, int value) {
  return enter("cuFuncSetAttribute", true, [&](State &s) { return setAttribute(s, function, attribute, value); });
}

AIC_CUDA cuFuncGetAttribute(int *value, int attribute, CUfunction function) {
  return enter("cuFuncGetAttribute", true, [&](State &s) { return getAttribute(s, value, attribute, function); });
}

AIC_CUDA cuFuncSetCacheConfig(CUfunction function, int) {
  return enter("cuFuncSetCacheConfig", true,
               [&](State &s) { return s.functions.get(function) ? result::Success : result::InvalidHandle; });
}

AIC_CUDA cuFuncGetModule(CUmodule *module, CUfunction function) {
  return enter("cuFuncGetModule", true, [&](State &s) {
    Function *object = s.functions.get(function);
    if (!object)
      return result::InvalidHandle;
    for (auto &entry : s.modules.objects)
      if (module && entry.second == object->module) {
        *module = asHandle<CUmodule>(entry.first);
        return result::Success;
      }
    return result::InvalidValue;
  });
}

AIC_CUDA cuFuncGetName(const char **name, CUfunction function) {
  return enter("cuFuncGetName", true, [&](State &s) {
    Function *object = s.functions.get(function);
    if (!object)
      return result::InvalidHandle;
    if (!name)
      return result::InvalidValue;
    *name = object->kernel->name.c_str();
    return result::Success;
  });
}

AIC_CUDA cuFuncGetParamInfo(CUfunction function, size_t index, size_t *offset, size_t *bytes) {
  return enter("cuFuncGetParamInfo", true, [&](State &s) {
    Function *object = s.functions.get(function);
    if (!object)
      return result::InvalidHandle;
    if (!offset || index >= object->kernel->params.size())
      return result::InvalidValue;
    *offset = object->kernel->params[index].offset;
    if (bytes)
      *bytes = object->kernel->params[index].size;
    return result::Success;
  });
}
