// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Runner.h - A model that can be called, compiled or interpreted -----===//
#ifndef AIC_TOOLS_RUNNER_H
#define AIC_TOOLS_RUNNER_H

#include "aic/Eval/Tensor.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/StringRef.h"
#include <memory>
#include <string>
#include <vector>

namespace mlir {
class ModuleOp;
namespace aic::tools {

/// An input or output; an extent of -1 is not fixed, and may have a name.
struct RunnerPort {
  std::string name;
  ::aic::eval::DType type;
  ::aic::eval::Shape dims;
  std::vector<std::string> symbols;
  /// `f32[N, 3, 640, ?]`.
  std::string describe() const;
};

/// One kernel's share of a run.
struct KernelTime {
  int64_t launch;
  int64_t nanoseconds;
};

/// The text of an error that a diagnostic has already told.
constexpr llvm::StringLiteral kReported = "reported";

class Runner {
public:
  virtual ~Runner() = default;
  const std::vector<RunnerPort> &inputs() const { return inputPorts; }
  const std::vector<RunnerPort> &outputs() const { return outputPorts; }
  /// The manifest of a compiled model, else empty.
  virtual std::string manifest() const { return ""; }
  /// What a model for a device runs on, "driver" or "executor"; else empty.
  virtual std::string device() const { return ""; }
  /// The name of the device and of its driver's file.
  virtual std::string deviceName() const { return ""; }
  /// Returns an error text, empty when all went well.
  virtual std::string run(const std::vector<::aic::eval::View> &inputs, std::vector<::aic::eval::Tensor> &outputs,
                          std::vector<KernelTime> *profile) = 0;

protected:
  std::vector<RunnerPort> inputPorts, outputPorts;
};

/// A library that aic-compile wrote.
std::unique_ptr<Runner> loadLibrary(const std::string &path, int threads, std::string &error);
/// What a library says of itself, read from the file: a runner that cannot run.
std::unique_ptr<Runner> describeLibrary(const std::string &path, std::string &error);
/// The reference interpreter on a module of the graph level, which must outlive the runner.
std::unique_ptr<Runner> loadInterpreter(ModuleOp module, std::string &error);

} // namespace aic::tools
} // namespace mlir

#endif // AIC_TOOLS_RUNNER_H
