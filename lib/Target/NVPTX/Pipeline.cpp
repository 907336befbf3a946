// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Conversion/DialectsToLLVM/DialectsToLLVM.h"
#include "aic/Target/NVPTX/Passes.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

namespace mlir::aic {

void buildKernelToNVVMPipeline(OpPassManager &pm) {
  pm.addPass(createGPUPrepareDevicePass());
  pm.addPass(createConvertVectorToSCFPass(VectorTransferToSCFOptions().enableFullUnroll().setTargetRank(1)));
  pm.addPass(createGPULowerMathPass());
  addMemRefExpansion(pm);
  addConversionsToLLVM(pm, /*withLibm=*/false);
  pm.addPass(createGPUFinishEntriesPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createGPUVerifyNVVMPass());
}

void registerNVPTXPipelines() {
  PassPipelineRegistration<>("aic-kernel-to-nvvm",
                             "Lower the device functions of one kernel's module to NVVM and check the result",
                             buildKernelToNVVMPipeline);
}

} // namespace mlir::aic
