# Registration of every dialect, pass and pipeline: the one library that knows them all.
add_aic_library(AICInitAll InitAll.cpp
  AIC_LIBS AICDialect AICTransforms AICToLinalg AICHostToLLVM AICCodeGen AICPipelines AICKernelToVector AICTarget AICToNPU NPUDialect NPUTransforms AICTargetNPU
  MLIR_LIBS MLIRIR MLIRAffineDialect MLIRArithDialect MLIRBufferizationDialect MLIRControlFlowDialect MLIRFuncDialect
    MLIRLinalgDialect MLIRLLVMDialect MLIRMathDialect MLIRMemRefDialect MLIRSCFDialect MLIRTensorDialect MLIRUBDialect
    MLIRVectorDialect)
