//===- File.cpp - Files in memory -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "aic/NPU/Container/Layout.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aic::npu {

MappedFile::~MappedFile() {
  if (data)
    munmap(const_cast<char *>(data), size);
}

bool MappedFile::open(const std::string &path, std::string &error) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status = {};
  if (file < 0 || fstat(file, &status) != 0) {
    error = path + ": " + std::strerror(errno);
    if (file >= 0)
      close(file);
    return false;
  }
  if (!S_ISREG(status.st_mode)) {
    error = path + ": expected a regular file";
    close(file);
    return false;
  }
  if (data)
    munmap(const_cast<char *>(data), size);
  data = nullptr;
  size = static_cast<size_t>(status.st_size);
  void *mapped = size ? mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0) : nullptr;
  bool isMapped = mapped != MAP_FAILED;
  if (isMapped)
    data = static_cast<const char *>(mapped);
  else
    error = path + ": " + std::strerror(errno), size = 0;
  close(file);
  return isMapped;
}

bool loadNpub(const std::string &path, MappedFile &file, Npub &npub, std::string &error, const ReadOptions &options) {
  Diagnosis diagnosis;
  if (!file.open(path, error))
    return false;
  if (readNpub(file.bytes(), npub, diagnosis, options))
    return true;
  error = path + ": " + diagnosis.text;
  return false;
}

} // namespace aic::npu
