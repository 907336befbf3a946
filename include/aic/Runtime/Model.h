// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Model.h - Load and run a compiled model ----------------------------===//
//
// A thin C++ face of the C interface in aic_model.h. No MLIR, no LLVM.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_RUNTIME_MODEL_H
#define AIC_RUNTIME_MODEL_H

#include "aic/Eval/Tensor.h"
#include "aic/Runtime/aic_model.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace aic {

/// One launch of one kernel; `launch` indexes the manifest's "launches".
struct KernelTiming {
  int32_t launch;
  int64_t beginNs, endNs;
};

struct LoadOptions {
  int threads = 0; ///< 0: what the model was compiled for
  int device = 0;  ///< models for a device: its number
};

struct RunOptions {
  int threads = 0;                              ///< 0: the handle's
  std::vector<KernelTiming> *profile = nullptr; ///< appended to, in order
  void *stream = nullptr;                       ///< models for a device: aic_run_options.stream
};

/// One input or output as the manifest describes it.
struct Port {
  std::string name;
  eval::DType type = eval::DType::F32;
  /// -1 where the extent is not fixed; then `symbols` may hold its name.
  eval::Shape dims;
  std::vector<std::string> symbols;
};

/// A loaded model. Running is safe from several threads at a time.
class Model {
public:
  /// Loads a model.so. Returns null and sets `error` on failure.
  static std::unique_ptr<Model> load(const std::string &path, const LoadOptions &options, std::string &error);
  static std::unique_ptr<Model> load(const std::string &path, int threads, std::string &error);
  ~Model();

  /// The JSON manifest, see docs/Runtime.md.
  const std::string &manifest() const { return manifestText; }
  /// Of a model for CUDA: "driver", or "executor" where AIC's PTX executor stands in for one; else "".
  const std::string &device() const { return deviceKind; }
  /// The name of that device, and the file that is its driver.
  const std::string &deviceName() const { return deviceText; }
  const std::vector<Port> &inputs() const { return inputPorts; }
  const std::vector<Port> &outputs() const { return outputPorts; }
  /// Extents of the outputs for these inputs, -1 where only a run knows them. Returns an error text or "".
  std::string outputShapes(const std::vector<eval::View> &inputs, std::vector<eval::Shape> &shapes) const;
  /// Outputs are allocated. Inputs are dense; their memory is only read. Returns an error text or "".
  std::string run(const std::vector<eval::View> &inputs, std::vector<eval::Tensor> &outputs,
                  const RunOptions &options = {}) const;
  /// The scratch memory a call with these inputs needs, -1 if they do not fit the model.
  int64_t arenaSize(const std::vector<eval::View> &inputs) const;

  /// Reads the manifest of a file without loading or running it; "" and `error` if there is none.
  static std::string readManifest(const std::string &path, std::string &error);

private:
  Model() = default;
  struct Library;
  std::unique_ptr<Library> library;
  std::string manifestText, deviceKind, deviceText;
  std::vector<Port> inputPorts, outputPorts;
};

/// The inputs or outputs ("inputs", "outputs") that a manifest lists; false on text that is not a manifest.
bool parsePorts(const std::string &manifest, const std::string &key, std::vector<Port> &ports);

} // namespace aic

#endif // AIC_RUNTIME_MODEL_H
