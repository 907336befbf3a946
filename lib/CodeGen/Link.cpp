// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Link.cpp - ELF link in process -------------------------------------===//
//
// Objects travel as files in memory. All of them are members of one archive: a model of thousands of kernels must not
// need thousands of descriptors. The library comes back through a pipe: a file would be mapped by the linker, and a
// full disk would then be a bus error.
//
//===----------------------------------------------------------------------===//
#include "WeightSection.h"
#include "aic/CodeGen/CodeGen.h"
#include "lld/Common/Driver.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <thread>
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
    if (fd < 0) {
      failure = std::error_code(errno, std::generic_category());
      return;
    }
    llvm::raw_fd_ostream os(fd, /*shouldClose=*/false);
    os << bytes;
    os.flush();
    failure = os.error();
    os.clear_error();
  }
  ~MemoryFile() {
    if (fd >= 0)
      close(fd);
  }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;
  std::error_code error() const { return failure; }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd); }

private:
  int fd;
  std::error_code failure;
};

/// A name that collects what is written to it.
class MemorySink {
public:
  explicit MemorySink(std::string &content) : content(content) {
    if (pipe2(ends, O_CLOEXEC) != 0)
      failure = std::error_code(errno, std::generic_category());
    else
      reader = std::thread([this] { drain(); });
  }
  ~MemorySink() { finish(); }
  MemorySink(const MemorySink &) = delete;
  MemorySink &operator=(const MemorySink &) = delete;
  std::error_code error() const { return failure; }
  std::string path() const { return "/proc/self/fd/" + std::to_string(ends[1]); }
  /// Waits for the last byte.
  void finish() {
    if (ends[1] < 0)
      return;
    close(std::exchange(ends[1], -1));
    reader.join();
    close(ends[0]);
  }

private:
  void drain() {
    char block[1 << 16];
    for (ssize_t count; (count = read(ends[0], block, sizeof(block))) > 0 || (count < 0 && errno == EINTR);)
      if (count > 0)
        content.append(block, static_cast<size_t>(count));
  }
  std::string &content;
  int ends[2] = {-1, -1};
  std::error_code failure;
  std::thread reader;
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

LogicalResult linkLibrary(ModuleOp module, ArrayRef<SmallVector<char, 0>> objects, const LinkOptions &options,
                          std::string &image, std::string &errors) {
  std::unique_ptr<llvm::MemoryBuffer> archive = makeArchive(objects, errors);
  if (!archive)
    return failure();
  bool tsan = options.sanitize == Sanitizer::Thread;
  StringRef runtime = tsan ? StringRef(aic_blob_runtime_tsan, aic_blob_runtime_tsan_end - aic_blob_runtime_tsan)
                           : StringRef(aic_blob_runtime, aic_blob_runtime_end - aic_blob_runtime);
  MemoryFile objectFile(archive->getBuffer()), runtimeFile(runtime), weights(weightObject(module)),
      stubC(StringRef(aic_blob_stub_c, aic_blob_stub_c_end - aic_blob_stub_c)),
      stubM(StringRef(aic_blob_stub_m, aic_blob_stub_m_end - aic_blob_stub_m));
  image.clear();
  MemorySink output(image);
  std::error_code unusable = output.error();
  for (const MemoryFile *file : {&objectFile, &runtimeFile, &weights, &stubC, &stubM})
    unusable = unusable ? unusable : file->error();
  if (unusable) {
    errors = "cannot keep objects in memory: " + unusable.message();
    return failure();
  }
  std::vector<std::string> args = {
      "ld.lld",          "-shared",     "-o",          output.path(), "--gc-sections", "-z",
      "noexecstack",     "-z",          "relro",       "-z",          "now",           "--hash-style=gnu",
      "--build-id=none", "--threads=1", "--strip-all", "-O0",         "-Bsymbolic"};
  if (!options.prefix.empty())
    for (const char *name : exported)
      args.push_back("--defsym=" + options.prefix + "_" + name + "=aic_model_" + name);
  args.insert(args.end(), {"--whole-archive", objectFile.path(), runtimeFile.path(), "--no-whole-archive",
                           weights.path(), stubC.path(), stubM.path()});
  auto pointers = llvm::map_to_vector(args, [](const std::string &s) { return s.c_str(); });
  llvm::raw_string_ostream os(errors);
  static std::mutex oneAtATime; // the linker keeps its state in globals
  std::lock_guard<std::mutex> lock(oneAtATime);
  lld::Result result = lld::lldMain(pointers, os, os, {{lld::Gnu, &lld::elf::link}});
  output.finish();
  return success(result.retCode == 0);
}

} // namespace mlir::aic
