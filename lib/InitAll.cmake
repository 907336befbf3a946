# Registration of every dialect, pass and pipeline: the one library that knows them all.
add_aic_library(AICInitAll InitAll.cpp
  AIC_LIBS AICDialect AICTransforms AICToLinalg AICHostToLLVM AICCodeGen AICPipelines AICKernelToVector AICKernelToNVVM AICTarget AICNVPTX AICToNPU NPUDialect NPUTransforms AICTargetNPU
  MLIR_LIBS MLIRIR MLIRAffineDialect MLIRArithDialect MLIRBufferizationDialect MLIRControlFlowDialect MLIRFuncDialect MLIRGPUDialect MLIRNVVMDialect
    MLIRLinalgDialect MLIRLLVMDialect MLIRMathDialect MLIRMemRefDialect MLIRSCFDialect MLIRTensorDialect MLIRUBDialect
    MLIRVectorDialect)
