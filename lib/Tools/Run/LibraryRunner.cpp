// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Runtime/Model.h"
#include "aic/Tools/Runner.h"

namespace mlir::aic::tools {

std::string RunnerPort::describe() const {
  std::string text = std::string(::aic::eval::name(type)) + "[";
  for (size_t d = 0; d < dims.size(); ++d) {
    text += d ? ", " : "";
    if (dims[d] >= 0)
      text += std::to_string(dims[d]);
    else
      text += d < symbols.size() && !symbols[d].empty() ? symbols[d] : "?";
  }
  return text + "]";
}

namespace {

class LibraryRunner final : public Runner {
public:
  explicit LibraryRunner(std::unique_ptr<::aic::Model> loaded) : model(std::move(loaded)) {
    for (const ::aic::Port &port : model->inputs())
      inputPorts.push_back({port.name, port.type, port.dims, port.symbols});
    for (const ::aic::Port &port : model->outputs())
      outputPorts.push_back({port.name, port.type, port.dims, port.symbols});
  }

  std::string manifest() const override { return model->manifest(); }
  std::string device() const override { return model->device(); }
  std::string deviceName() const override { return model->deviceName(); }

  std::string run(const std::vector<::aic::eval::View> &inputs, std::vector<::aic::eval::Tensor> &outputs,
                  std::vector<KernelTime> *profile) override {
    std::vector<::aic::KernelTiming> timings;
    ::aic::RunOptions options;
    options.profile = profile ? &timings : nullptr;
    std::string error = model->run(inputs, outputs, options);
    for (const ::aic::KernelTiming &timing : timings)
      profile->push_back({timing.launch, timing.endNs - timing.beginNs});
    return error;
  }

private:
  std::unique_ptr<::aic::Model> model;
};

/// Knows what the manifest says; the library is not loaded.
class ManifestRunner final : public Runner {
public:
  explicit ManifestRunner(std::string manifest) : text(std::move(manifest)) {}

  /// False on text that is no manifest.
  bool parse() {
    for (auto [key, ports] : {std::pair("inputs", &inputPorts), std::pair("outputs", &outputPorts)}) {
      std::vector<::aic::Port> found;
      if (!::aic::parsePorts(text, key, found))
        return false;
      for (const ::aic::Port &port : found)
        ports->push_back({port.name, port.type, port.dims, port.symbols});
    }
    return true;
  }

  std::string manifest() const override { return text; }
  std::string run(const std::vector<::aic::eval::View> &, std::vector<::aic::eval::Tensor> &,
                  std::vector<KernelTime> *) override {
    return "expected a loaded library";
  }

private:
  std::string text;
};

} // namespace

std::unique_ptr<Runner> describeLibrary(const std::string &path, std::string &error) {
  std::string text = ::aic::Model::readManifest(path, error);
  if (!error.empty())
    return nullptr;
  auto runner = std::make_unique<ManifestRunner>(std::move(text));
  if (runner->parse())
    return runner;
  error = "'" + path + "': expected a manifest that lists inputs and outputs";
  return nullptr;
}

std::unique_ptr<Runner> loadLibrary(const std::string &path, int threads, std::string &error) {
  std::unique_ptr<::aic::Model> model = ::aic::Model::load(path, threads, error);
  return model ? std::make_unique<LibraryRunner>(std::move(model)) : nullptr;
}

} // namespace mlir::aic::tools
