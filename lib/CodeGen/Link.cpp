// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Link.cpp - ELF link in process -------------------------------------===//
//
// Objects travel as files in memory. All of them are members of one archive: a model of thousands of kernels must not
// need thousands of descriptors.
//
//===----------------------------------------------------------------------===//
#include "aic/CodeGen/CodeGen.h"
#include "lld/Common/Driver.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

LLD_HAS_DRIVER(elf)

extern "C" {
extern const char aic_blob_runtime[], aic_blob_runtime_end[], aic_blob_runtime_tsan[], aic_blob_runtime_tsan_end[];
extern const char aic_blob_stub_c[], aic_blob_stub_c_end[], aic_blob_stub_m[], aic_blob_stub_m_end[];
extern const char aic_blob_header[], aic_blob_header_end[];
}

namespace mlir::aic {
namespace {
/// Names of functions in aic_model.h after "aic_model_".
const char *const exported[] = {"abi_version", "manifest", "create", "destroy", "query", "arena_size", "run"};

/// A file in memory that the linker opens by name.
class MemoryFile {
public:
  explicit MemoryFile(StringRef bytes) : fd(memfd_create("aic", MFD_CLOEXEC)) {
    if (fd < 0)
      return;
    llvm::raw_fd_ostream os(fd, /*shouldClose=*/false);
    os << bytes;
    os.flush();
    valid = !os.has_error();
    os.clear_error();
  }
  ~MemoryFile() {
    if (fd >= 0)
      close(fd);
  }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;
  bool isValid() const { return valid; }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd); }

private:
  int fd;
  bool valid = false;
};

std::unique_ptr<llvm::MemoryBuffer> makeArchive(ArrayRef<SmallVector<char, 0>> objects, std::string &errors) {
  std::vector<llvm::NewArchiveMember> members;
  std::vector<std::string> names;
  for (size_t i = 0; i < objects.size(); ++i)
    names.push_back(std::to_string(i) + ".o");
  for (auto [object, name] : llvm::zip_equal(objects, names))
    members.emplace_back(llvm::MemoryBufferRef(StringRef(object.data(), object.size()), name));
  auto archive = llvm::writeArchiveToBuffer(members, llvm::SymtabWritingMode::NoSymtab, llvm::object::Archive::K_GNU,
                                            /*Deterministic=*/true, /*Thin=*/false);
  if (archive)
    return std::move(*archive);
  errors = llvm::toString(archive.takeError());
  return nullptr;
}
} // namespace

StringRef modelHeaderText() { return StringRef(aic_blob_header, aic_blob_header_end - aic_blob_header); }

LogicalResult linkLibrary(ArrayRef<SmallVector<char, 0>> objects, int weightsFile, const LinkOptions &options,
                          std::string &errors) {
  std::unique_ptr<llvm::MemoryBuffer> archive = makeArchive(objects, errors);
  if (!archive)
    return failure();
  bool tsan = options.sanitize == Sanitizer::Thread;
  StringRef runtime = tsan ? StringRef(aic_blob_runtime_tsan, aic_blob_runtime_tsan_end - aic_blob_runtime_tsan)
                           : StringRef(aic_blob_runtime, aic_blob_runtime_end - aic_blob_runtime);
  MemoryFile objectFile(archive->getBuffer()), runtimeFile(runtime),
      stubC(StringRef(aic_blob_stub_c, aic_blob_stub_c_end - aic_blob_stub_c)),
      stubM(StringRef(aic_blob_stub_m, aic_blob_stub_m_end - aic_blob_stub_m));
  if (!objectFile.isValid() || !runtimeFile.isValid() || !stubC.isValid() || !stubM.isValid()) {
    errors = "cannot keep objects in memory";
    return failure();
  }
  std::vector<std::string> args = {
      "ld.lld",          "-shared",     "-o",          options.output, "--gc-sections", "-z",
      "noexecstack",     "-z",          "relro",       "-z",           "now",           "--hash-style=gnu",
      "--build-id=none", "--threads=1", "--strip-all", "-O0",          "-Bsymbolic"};
  if (!options.prefix.empty())
    for (const char *name : exported)
      args.push_back("--defsym=" + options.prefix + "_" + name + "=aic_model_" + name);
  args.insert(args.end(), {"--whole-archive", objectFile.path(), runtimeFile.path(), "--no-whole-archive",
                           "/proc/self/fd/" + std::to_string(weightsFile), stubC.path(), stubM.path()});
  auto pointers = llvm::map_to_vector(args, [](const std::string &s) { return s.c_str(); });
  llvm::raw_string_ostream os(errors);
  static std::mutex oneAtATime; // the linker keeps its state in globals
  std::lock_guard<std::mutex> lock(oneAtATime);
  lld::Result result = lld::lldMain(pointers, os, os, {{lld::Gnu, &lld::elf::link}});
  return success(result.retCode == 0);
}

} // namespace mlir::aic
