// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_PTX_TOOL_TOOL_H
#define AIC_PTX_TOOL_TOOL_H

#include "aic/Eval/Tensor.h"
#include "aic/PTX/Executor.h"
#include "aic/PTX/TensorMap.h"
#include <optional>

namespace aic::ptx {

/// One --arg: a buffer, a buffer behind a tensor map, or a scalar.
struct Argument {
  std::string name;
  eval::DType type = eval::DType::F32;
  bool isBuffer = false, isOutput = false;
  eval::Shape shape;
  std::string source; // rand, zeros, out, @FILE; a scalar's value
  std::optional<TensorMap> map;
  eval::Tensor initial; // what the buffer holds before the launch
  uint64_t address = 0, mapAddress = 0;
  uint64_t bits = 0;        // a scalar
  std::vector<uint8_t> raw; // of type `bytes`: a struct by value
  bool isRaw = false;
};

struct Expectation {
  std::string name, file;
};

struct CommandLine {
  std::string file, kernel;
  LaunchConfig launch;
  bool gridGiven = false, blockGiven = false;
  std::vector<Argument> arguments;
  std::vector<Expectation> expect, outputs;
  Options options;
  bool trackGlobal = false;
  double absolute = 0, relative = 0;
  bool toleranceGiven = false;
  unsigned seeds = 1;
  uint64_t dataSeed = 1;
  std::string counters, mutate;
  std::vector<unsigned> redundant; // lines
  bool listKernels = false, quiet = false;
};

/// An empty text, or what is wrong. `done` is set when the text asked for was printed (--help).
std::string parseCommandLine(int argc, char **argv, CommandLine &command, bool &done);
std::string parseArgument(const std::string &text, Argument &argument);
/// Fills `initial` (files, random numbers) and a scalar's bits.
std::string prepareArgument(Argument &argument, uint64_t dataSeed);
/// Largest difference in units of the tolerance, and a text about it.
std::string compareTensors(const eval::View &got, const eval::View &want, double absolute, double relative);
std::string readTensor(const std::string &file, eval::Tensor &tensor);

} // namespace aic::ptx

#endif // AIC_PTX_TOOL_TOOL_H
