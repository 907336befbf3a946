// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/CodeGen/Passes.h"
#include "aic/Conversion/DialectsToLLVM/DialectsToLLVM.h"
#include "mlir/Conversion/MathToFuncs/MathToFuncs.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace mlir::aic {

void buildKernelToLLVMPipeline(OpPassManager &pm) {
  pm.addPass(createFlattenKernelsPass());
  pm.addPass(createConvertVectorToSCFPass(VectorTransferToSCFOptions().enableFullUnroll().setTargetRank(1)));
  pm.addPass(createLowerKernelMathPass());
  pm.addPass(createConvertMathToFuncs()); // powers of integers
  addMemRefExpansion(pm);
  pm.addPass(createLoopInvariantCodeMotionPass());
  addConversionsToLLVM(pm, /*withLibm=*/true);
  pm.addPass(createAddKernelEntriesPass());
}

} // namespace mlir::aic
