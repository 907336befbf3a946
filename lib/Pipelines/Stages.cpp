// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Stages.cpp - What each target goes through, by name ----------------===//
#include "Stages.h"

namespace mlir::aic {

static constexpr PipelineStage x86Stages[] = {{"graph", buildGraphPipeline},
                                              {"loops", buildLoopsPipeline},
                                              {"kernels", buildX86KernelsPipeline},
                                              {"tiles", buildX86TilesPipeline},
                                              {"code", buildX86CodePipeline}};

// What the NPU leaves is x86's.
static constexpr PipelineStage npuStages[] = {{"graph", buildGraphPipeline},     {"units", buildNPUUnitsPipeline},
                                              {"npu", buildNPUProgramsPipeline}, {"npub", buildNPUEncodePipeline},
                                              {"loops", buildLoopsPipeline},     {"kernels", buildX86KernelsPipeline},
                                              {"tiles", buildX86TilesPipeline},  {"code", buildX86CodePipeline}};

static constexpr PipelineStage nvidiaStages[] = {{"graph", buildGraphPipeline},      {"loops", buildLoopsPipeline},
                                                 {"kernels", buildKernelsPipeline},  {"tiles", buildNVPTXTilesPipeline},
                                                 {"nvvm", buildNVPTXDevicePipeline}, {"ptx", buildNVPTXTextPipeline},
                                                 {"code", buildNVPTXCodePipeline}};

ArrayRef<PipelineStage> getStages(const TargetBackend &backend) {
  static constexpr std::pair<StringLiteral, ArrayRef<PipelineStage>> targets[] = {
      {"x86", x86Stages}, {"npu", npuStages}, {"nvidia", nvidiaStages}};
  for (const auto &[name, stages] : targets)
    if (name == backend.getName())
      return stages;
  return {};
}

ArrayRef<PipelineStage> getStages(const TargetBackend &backend, StringRef after, StringRef last) {
  ArrayRef<PipelineStage> all = getStages(backend);
  auto indexOf = [&](StringRef name) {
    return llvm::find_if(all, [&](auto &s) { return s.name == name; }) - all.begin();
  };
  size_t begin = after.empty() ? 0 : indexOf(after) + 1, end = indexOf(last) + 1;
  return begin < end && end <= all.size() ? all.slice(begin, end - begin) : ArrayRef<PipelineStage>();
}

void buildStages(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options, StringRef after,
                 StringRef last) {
  for (const PipelineStage &stage : getStages(backend, after, last))
    stage.build(pm, backend, options);
}

/// The option that names the chip of a backend.
template <typename Options> static auto &chipOption(Options &options, const TargetBackend &backend) {
  StringRef name = backend.getChipOption();
  return name == "cpu" ? options.cpu : name == "machine" ? options.machine : options.arch;
}

StringRef TargetPipelineOptions::getChip(const TargetBackend &backend) const {
  return chipOption(*this, backend).getValue();
}

void TargetPipelineOptions::setChip(const TargetBackend &backend, StringRef chip) {
  chipOption(*this, backend) = chip.str();
}

static void addPipeline(StringRef name, StringRef description, StringRef target, StringRef after, StringRef last) {
  const TargetBackend *backend = lookupTarget(target);
  PassPipelineRegistration<TargetPipelineOptions>(name, description,
                                                  [=](OpPassManager &pm, const TargetPipelineOptions &options) {
                                                    buildStages(pm, *backend, options, after, last);
                                                  });
}

void registerPipelines() {
  addPipeline("aic-graph-pipeline", "Graph level to its final form: shapes, constants, layouts", "x86", "", "graph");
  addPipeline("aic-to-loops", "Graph level to the loops level", "x86", "", "loops");
  addPipeline("aic-to-kernels", "Graph level to the kernels level", "x86", "", "kernels");
  addPipeline("aic-to-tiles", "Graph level to the tiles level", "x86", "", "tiles");
  addPipeline("aic-tiles-to-x86", "Tiles level to the LLVM dialect: host code and one module per kernel", "x86",
              "tiles", "code");
  addPipeline("aic-to-x86", "Graph level to the LLVM dialect: host code and one module per kernel", "x86", "", "code");
  addPipeline("aic-to-npu-units", "Graph level to units, with what one program does in one function", "npu", "",
              "units");
  addPipeline("aic-to-npu",
              "Graph level to proven programs of the npu dialect, and host code around them at graph level", "npu", "",
              "npu");
  addPipeline("aic-to-nvptx", "Graph level to the nvvm level: entries of a GPU, a module for each kernel", "nvidia", "",
              "nvvm");
}

} // namespace mlir::aic
