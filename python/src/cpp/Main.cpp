// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Main.cpp - The Python module _aic ----------------------------------===//
#include "Bindings.h"
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

/// The linker's hash of this module's content, in hexadecimal: it names the build of the compiler.
static std::string buildId() {
  Dl_info self;
  if (!dladdr(reinterpret_cast<void *>(&buildId), &self))
    return "";
  struct Search {
    void *base;
    std::string id;
  } search{self.dli_fbase, ""};
  auto visit = [](dl_phdr_info *info, size_t, void *data) {
    auto &search = *static_cast<Search *>(data);
    if (reinterpret_cast<void *>(info->dlpi_addr) != search.base)
      return 0;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
      const ElfW(Phdr) &header = info->dlpi_phdr[i];
      if (header.p_type != PT_NOTE)
        continue;
      const char *p = reinterpret_cast<const char *>(info->dlpi_addr + header.p_vaddr), *end = p + header.p_memsz;
      while (p + sizeof(ElfW(Nhdr)) <= end) {
        auto note = reinterpret_cast<const ElfW(Nhdr) *>(p);
        const char *name = p + sizeof *note, *value = name + ((note->n_namesz + 3) & ~3u);
        if (note->n_type == NT_GNU_BUILD_ID) {
          for (unsigned k = 0; k < note->n_descsz; ++k) {
            static const char digits[] = "0123456789abcdef";
            auto byte = static_cast<unsigned char>(value[k]);
            search.id += {digits[byte >> 4], digits[byte & 15]};
          }
          return 1;
        }
        p = value + ((note->n_descsz + 3) & ~3u);
      }
    }
    return 1;
  };
  dl_iterate_phdr(visit, &search);
  return search.id;
}

PYBIND11_MODULE(_aic, m) {
  m.doc() = "The compiler and the runtime of AIC; the package aic is its face";
  m.def("version", [] { return AIC_VERSION; });
  m.def("build_id", &buildId, "Names the build of the compiler: a hash of its code");
  aic::python::bindLibrary(m);
  aic::python::bindCompiler(m);
  aic::python::bindMetadata(m);
}
