// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- OutputFiles.cpp - Files that appear whole or not at all ------------===//
#include "Internal.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

#include <unistd.h>

namespace mlir::aic {

OutputFile::~OutputFile() {
  if (temporary.empty())
    return;
  llvm::sys::fs::remove(temporary);
  llvm::sys::DontRemoveFileOnSignal(temporary);
}

std::error_code OutputFile::create(StringRef path) {
  output = path.str();
  if (llvm::sys::fs::is_directory(path))
    return std::make_error_code(std::errc::is_a_directory);
  // Renaming onto a device would take its name from it.
  if (llvm::sys::fs::exists(path) && !llvm::sys::fs::is_regular_file(path))
    return std::make_error_code(std::errc::operation_not_supported);
  SmallString<128> model(path);
  model += ".%%%%%%%%.tmp";
  SmallString<128> made;
  int fd;
  if (std::error_code error = llvm::sys::fs::createUniqueFile(model, fd, made))
    return error;
  close(fd);
  temporary = made.str().str();
  llvm::sys::RemoveFileOnSignal(temporary);
  return {};
}

std::error_code OutputFile::keep() {
  if (std::error_code error = llvm::sys::fs::rename(temporary, output))
    return error;
  llvm::sys::DontRemoveFileOnSignal(temporary);
  temporary.clear();
  return {};
}

std::error_code OutputFile::makeExecutable() {
  namespace fs = llvm::sys::fs;
  llvm::ErrorOr<fs::perms> mode = fs::getPermissions(temporary);
  if (!mode)
    return mode.getError();
  // Whoever may read it may run it, as with any library.
  unsigned readers = unsigned(*mode) & unsigned(fs::all_read);
  return fs::setPermissions(temporary, *mode | fs::perms(readers >> 2));
}

} // namespace mlir::aic
