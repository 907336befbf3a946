// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Model.cpp - Load and run a compiled model --------------------------===//
#include "aic/Runtime/Model.h"
#include "Json.h"

#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fstream>

namespace aic {

using eval::Tensor;
using eval::View;

struct Model::Library {
  ~Library() {
    if (handle)
      destroy(handle);
    if (so)
      dlclose(so);
  }
  void *so = nullptr;
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

static std::string lastError() {
  const char *text = dlerror();
  return text ? text : "unknown error";
}

std::unique_ptr<Model> Model::load(const std::string &path, int threads, std::string &error) {
  // The loader maps a truncated file and dies in it; the manifest is found by what stands at the file's end.
  error.clear();
  (void)readManifest(path, error);
  if (!error.empty())
    return nullptr;
  std::unique_ptr<Model> model(new Model());
  model->library = std::make_unique<Library>();
  Library &lib = *model->library;
  // A name without a slash would be searched for in the system's folders.
  std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  lib.so = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!lib.so) {
    error = "cannot load the model: " + lastError();
    return nullptr;
  }
  auto symbol = [&](const char *name) {
    void *address = dlsym(lib.so, name);
    if (!address && error.empty())
      error = "'" + path + "' is not a compiled model: it has no function '" + name + "'";
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
  options.threads = threads;
  char message[512] = "";
  if (create(&options, &lib.handle, message, sizeof(message))) {
    error = message;
    return nullptr;
  }
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

/// The contents of a section of an ELF file.
static bool readSection(std::istream &file, const char *wanted, std::string &contents) {
  Elf64_Ehdr header;
  if (!file.read(reinterpret_cast<char *>(&header), sizeof(header)) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shentsize != sizeof(Elf64_Shdr) ||
      header.e_shstrndx >= header.e_shnum)
    return false;
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  file.seekg(static_cast<std::streamoff>(header.e_shoff));
  if (!file.read(reinterpret_cast<char *>(sections.data()),
                 static_cast<std::streamsize>(sections.size() * sizeof(Elf64_Shdr))))
    return false;
  constexpr uint64_t limit = uint64_t(1) << 30;
  auto read = [&](const Elf64_Shdr &section, std::string &text) {
    if (section.sh_size > limit)
      return false;
    text.resize(section.sh_size);
    file.seekg(static_cast<std::streamoff>(section.sh_offset));
    return bool(file.read(text.data(), static_cast<std::streamsize>(text.size())));
  };
  std::string names;
  if (!read(sections[header.e_shstrndx], names))
    return false;
  for (const Elf64_Shdr &section : sections)
    if (section.sh_name < names.size() && !std::strcmp(names.c_str() + section.sh_name, wanted))
      return read(section, contents);
  return false;
}

std::string Model::readManifest(const std::string &path, std::string &error) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (!file)
    error = "cannot read '" + path + "'";
  else if (!readSection(file, ".aic.manifest", text))
    error = "'" + path + "' is not a compiled model: it has no manifest";
  return text;
}

} // namespace aic
