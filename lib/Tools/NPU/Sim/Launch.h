//===- Launch.h - Tensors into and out of a program's segments ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_LIB_TOOLS_NPU_SIM_LAUNCH_H
#define AIC_LIB_TOOLS_NPU_SIM_LAUNCH_H

#include "aic/NPU/Sim/Simulator.h"
#include "aic/Tools/TensorFile.h"

#include <string_view>

namespace aic::npu::tools {

/// The memory of one launch. Functions return an error text, empty when all went well.
class Launch {
public:
  /// `constants`: the bytes of the CONST segments, as Npub::constants.
  Launch(const Program &program, const std::vector<std::string_view> &constants);

  /// "NAME=FILE.npy", or a .npz file that holds tensors by their names.
  std::string readInput(const std::string &argument);
  /// Random bytes, small numbers as floats, for the inputs that have no tensor yet.
  void randomize(unsigned seed);
  /// Names the inputs that have no tensor.
  std::string expectInputs() const;
  const std::vector<SegmentBinding> &bindings() const { return bound; }
  std::string formatOutputs(std::string &npz) const;

private:
  std::string set(const ::aic::tools::NamedTensor &tensor);

  const Program &program;
  std::vector<std::vector<uint8_t>> memory;
  std::vector<SegmentBinding> bound;
  std::vector<bool> given; // by io entry
};

} // namespace aic::npu::tools

#endif // AIC_LIB_TOOLS_NPU_SIM_LAUNCH_H
