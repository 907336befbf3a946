// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Model.cpp - Load and run a compiled model --------------------------===//
#include "aic/Runtime/Model.h"
#include "DriverPath.h"
#include "Json.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace aic {

using eval::Tensor;
using eval::View;

namespace {

/// The loader knows libraries by every name that they were loaded by and by the file behind it: after a file was
/// replaced, its path gives the old library. A name made of an open descriptor belongs to one file, and is never used
/// again.
class LoadedFile {
public:
  ~LoadedFile();
  std::string open(const std::string &path);
  /// Maps the library, whose manifest the caller has read. Not two times.
  std::string load(const std::string &path, const std::string &manifest);
  void *symbol(const char *name) const { return dlsym(so, name); }
  int descriptor() const { return fd; }

private:
  using File = std::pair<dev_t, ino_t>;
  /// The loader maps a file once for all that load it; this is what it was then.
  struct Contents {
    int64_t size;
    std::string manifest;
    int users;
  };
  /// Descriptors are used again, while the loader keeps all names of a library that others still use. What makes the
  /// name new are the bits of a counter, as separators of the path.
  std::string newName() const {
    static uint64_t count = 0;
    std::string name = "/proc/self/fd";
    for (uint64_t bits = ++count; bits; bits >>= 1)
      name += bits & 1 ? "/." : "/";
    return name + "/" + std::to_string(fd);
  }
  static std::mutex &mutex() {
    static std::mutex lock;
    return lock;
  }
  static std::map<File, Contents> &loaded() {
    static std::map<File, Contents> files;
    return files;
  }

  int fd = -1;
  void *so = nullptr;
  File file;
};

std::string LoadedFile::open(const std::string &path) {
  fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info;
  if (fd < 0 || fstat(fd, &info) != 0)
    return "cannot read '" + path + "': " + std::strerror(errno);
  if (!S_ISREG(info.st_mode))
    return "cannot read '" + path + "': " + std::strerror(S_ISDIR(info.st_mode) ? EISDIR : EINVAL);
  return "";
}

std::string LoadedFile::load(const std::string &path, const std::string &manifest) {
  std::lock_guard<std::mutex> guard(mutex());
  struct stat info;
  if (fstat(fd, &info) != 0)
    return "cannot read '" + path + "': " + std::strerror(errno);
  file = {info.st_dev, info.st_ino};
  auto known = loaded().find(file);
  if (known != loaded().end() && (known->second.size != info.st_size || known->second.manifest != manifest))
    return "'" + path +
           "': expected the library that this process has loaded from the file, got another one that was " +
           "written over it: rename a new file to this name instead";
  so = dlopen(newName().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!so) {
    const char *text = dlerror();
    std::string reason = text ? text : "unknown error";
    for (auto [symbol, kind] : {std::pair("__asan_", "address"), std::pair("__tsan_", "thread")})
      if (reason.find(symbol) != std::string::npos)
        reason = std::string("it was compiled with --sanitize=") + kind +
                 ", which takes a program built with -fsanitize=" + kind;
    return "cannot load '" + path + "': " + reason;
  }
  ++loaded().try_emplace(file, Contents{info.st_size, manifest, 0}).first->second.users;
  return "";
}

LoadedFile::~LoadedFile() {
  std::lock_guard<std::mutex> guard(mutex());
  if (so) {
    dlclose(so);
    auto known = loaded().find(file);
    if (--known->second.users == 0)
      loaded().erase(known);
  }
  if (fd >= 0)
    close(fd);
}

} // namespace

struct Model::Library {
  ~Library() {
    if (handle)
      destroy(handle);
  }
  LoadedFile file;
  aic_model *handle = nullptr;
  decltype(&aic_model_destroy) destroy = nullptr;
  decltype(&aic_model_query) query = nullptr;
  decltype(&aic_model_run) run = nullptr;
};

bool parsePorts(const std::string &manifest, const std::string &key, std::vector<Port> &ports) {
  std::optional<Json> root = Json::parse(manifest);
  const Json *list = root ? root->find(key) : nullptr;
  if (!list || !list->isArray())
    return false;
  for (const Json &entry : list->items()) {
    const Json *name = entry.find("name"), *type = entry.find("dtype"), *dims = entry.find("dims");
    if (!name || !type || !dims || !dims->isArray())
      return false;
    Port port;
    port.name = name->text();
    bool found = false;
    for (int t = 0; t <= static_cast<int>(eval::DType::F64); ++t)
      if (type->text() == eval::name(static_cast<eval::DType>(t))) {
        port.type = static_cast<eval::DType>(t);
        found = true;
      }
    if (!found)
      return false;
    for (const Json &dim : dims->items()) {
      port.dims.push_back(dim.isNumber() ? dim.integer() : -1);
      port.symbols.push_back(dim.isString() ? dim.text() : "");
    }
    ports.push_back(std::move(port));
  }
  return true;
}

static bool readAt(int fd, uint64_t offset, void *to, size_t bytes) {
  for (auto *at = static_cast<char *>(to); bytes > 0;) {
    ssize_t count = pread(fd, at, bytes, static_cast<off_t>(offset));
    if (count <= 0)
      return false;
    at += count, offset += static_cast<uint64_t>(count), bytes -= static_cast<size_t>(count);
  }
  return true;
}

/// The contents of a section of an ELF file.
static bool readSection(int fd, const char *wanted, std::string &contents) {
  Elf64_Ehdr header;
  if (!readAt(fd, 0, &header, sizeof(header)) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shentsize != sizeof(Elf64_Shdr) ||
      header.e_shstrndx >= header.e_shnum)
    return false;
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  if (!readAt(fd, header.e_shoff, sections.data(), sections.size() * sizeof(Elf64_Shdr)))
    return false;
  constexpr uint64_t limit = uint64_t(1) << 30;
  auto read = [&](const Elf64_Shdr &section, std::string &text) {
    struct stat info;
    if (section.sh_size > limit || fstat(fd, &info) != 0 || section.sh_size > static_cast<uint64_t>(info.st_size))
      return false;
    text.resize(section.sh_size);
    return readAt(fd, section.sh_offset, text.data(), text.size());
  };
  std::string names;
  if (!read(sections[header.e_shstrndx], names))
    return false;
  for (const Elf64_Shdr &section : sections)
    if (section.sh_name < names.size() && !std::strcmp(names.c_str() + section.sh_name, wanted))
      return read(section, contents);
  return false;
}

static std::string notOurs(const std::string &path) {
  return "'" + path + "': expected a library that aic-compile wrote, got a truncated or different file";
}

/// The driver that a model's manifest asks for: "cuda", or "" for one that needs none to be chosen.
static std::string driverOf(const std::string &manifest) {
  std::optional<Json> root = Json::parse(manifest);
  const Json *target = root ? root->find("target") : nullptr;
  const Json *driver = target ? target->find("driver") : nullptr;
  return driver ? driver->text() : "";
}

std::unique_ptr<Model> Model::load(const std::string &path, int threads, std::string &error) {
  LoadOptions options;
  options.threads = threads;
  return load(path, options, error);
}

std::unique_ptr<Model> Model::load(const std::string &path, const LoadOptions &wanted, std::string &error) {
  exposeNpuDriver();
  std::unique_ptr<Model> model(new Model());
  model->library = std::make_unique<Library>();
  Library &lib = *model->library;
  error = lib.file.open(path);
  // The loader maps a truncated file and dies in it; the manifest is found by what stands at the file's end.
  if (error.empty() && !readSection(lib.file.descriptor(), ".aic.manifest", model->manifestText))
    error = notOurs(path);
  if (error.empty() && driverOf(model->manifestText) == "cuda")
    model->deviceKind = exposeCudaDriver();
  if (error.empty())
    error = lib.file.load(path, model->manifestText);
  if (!error.empty())
    return nullptr;
  auto symbol = [&](const char *name) {
    void *address = lib.file.symbol(name);
    if (!address && error.empty())
      error = "'" + path + "': expected a library that aic-compile wrote, got one without '" + name + "'";
    return address;
  };
  auto version = reinterpret_cast<decltype(&aic_model_abi_version)>(symbol("aic_model_abi_version"));
  auto manifest = reinterpret_cast<decltype(&aic_model_manifest)>(symbol("aic_model_manifest"));
  auto create = reinterpret_cast<decltype(&aic_model_create)>(symbol("aic_model_create"));
  lib.destroy = reinterpret_cast<decltype(&aic_model_destroy)>(symbol("aic_model_destroy"));
  lib.query = reinterpret_cast<decltype(&aic_model_query)>(symbol("aic_model_query"));
  lib.run = reinterpret_cast<decltype(&aic_model_run)>(symbol("aic_model_run"));
  if (!error.empty())
    return nullptr;
  if (version() != AIC_MODEL_ABI_VERSION) {
    error = "'" + path + "': expected interface version " + std::to_string(AIC_MODEL_ABI_VERSION) + ", got " +
            std::to_string(version());
    return nullptr;
  }
  size_t bytes;
  const char *text = manifest(&bytes);
  model->manifestText.assign(text, bytes);
  if (!parsePorts(model->manifestText, "inputs", model->inputPorts) ||
      !parsePorts(model->manifestText, "outputs", model->outputPorts)) {
    error = "'" + path + "': expected a manifest that lists inputs and outputs";
    return nullptr;
  }
  aic_create_options options = {};
  options.struct_size = sizeof(options);
  options.threads = wanted.threads;
  options.device = wanted.device;
  char message[2048] = "";
  if (create(&options, &lib.handle, message, sizeof(message))) {
    error = message;
    return nullptr;
  }
  if (!model->deviceKind.empty())
    model->deviceText = describeCudaDevice(wanted.device);
  return model;
}

Model::~Model() = default;

/// The C form of the inputs; `dims` keeps what it points to.
static std::vector<aic_tensor> describe(const std::vector<View> &views) {
  std::vector<aic_tensor> tensors;
  for (const View &view : views) {
    aic_tensor t = {};
    t.data = view.data;
    t.dims = const_cast<int64_t *>(view.shape.data());
    t.rank = static_cast<int32_t>(view.rank());
    t.dtype = static_cast<int32_t>(view.type);
    tensors.push_back(t);
  }
  return tensors;
}

std::string Model::outputShapes(const std::vector<View> &inputs, std::vector<eval::Shape> &shapes) const {
  std::vector<aic_tensor> in = describe(inputs), out(outputPorts.size());
  shapes.clear();
  for (const Port &port : outputPorts)
    shapes.emplace_back(port.dims.size());
  for (size_t i = 0; i < out.size(); ++i)
    out[i].dims = shapes[i].data();
  char message[512] = "";
  if (library->query(library->handle, in.data(), in.size(), out.data(), out.size(), nullptr, message, sizeof(message)))
    return message;
  return "";
}

int64_t Model::arenaSize(const std::vector<View> &inputs) const {
  std::vector<aic_tensor> in = describe(inputs);
  int64_t bytes;
  if (library->query(library->handle, in.data(), in.size(), nullptr, 0, &bytes, nullptr, 0))
    return -1;
  return bytes;
}

namespace {
/// What the callbacks of one call work on.
struct CallState {
  const std::vector<Port> &ports;
  std::vector<Tensor> &outputs;
  std::vector<KernelTiming> *profile;

  static void *allocate(void *user, int32_t output, int64_t, const int64_t *dims, int32_t rank) {
    auto *state = static_cast<CallState *>(user);
    try {
      state->outputs[output] = Tensor(state->ports[output].type, eval::Shape(dims, dims + rank));
    } catch (const std::bad_alloc &) {
      return nullptr;
    }
    return state->outputs[output].data();
  }
  static void record(void *user, int32_t launch, int64_t begin, int64_t end) {
    static_cast<CallState *>(user)->profile->push_back({launch, begin, end});
  }
};
} // namespace

std::string Model::run(const std::vector<View> &inputs, std::vector<Tensor> &outputs, const RunOptions &options) const {
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].isDense())
      return "input " + std::to_string(i) + ": expected a dense row-major tensor";
  std::vector<aic_tensor> in = describe(inputs), out(outputPorts.size());
  outputs.assign(outputPorts.size(), Tensor());
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].rank = static_cast<int32_t>(outputPorts[i].dims.size());
    out[i].dtype = static_cast<int32_t>(outputPorts[i].type);
  }
  CallState state{outputPorts, outputs, options.profile};
  char message[1024] = "";
  aic_run_options c = {};
  c.struct_size = sizeof(c);
  c.threads = options.threads;
  c.stream = options.stream;
  c.user = &state;
  c.allocate = CallState::allocate;
  c.profile = options.profile ? CallState::record : nullptr;
  c.error = message;
  c.error_bytes = sizeof(message);
  if (library->run(library->handle, in.data(), in.size(), out.data(), out.size(), &c)) {
    outputs.clear();
    return message[0] ? message : "the model failed";
  }
  return "";
}

std::string Model::readManifest(const std::string &path, std::string &error) {
  LoadedFile file;
  std::string text;
  error = file.open(path);
  if (error.empty() && !readSection(file.descriptor(), ".aic.manifest", text))
    error = notOurs(path);
  return text;
}

} // namespace aic
