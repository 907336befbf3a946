// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/NPU/Transforms/Export.h"
#include "aic/NPU/Container/Container.h"
#include "aic/Target/NPU/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AsmState.h"

namespace mlir::npu {
#define GEN_PASS_DEF_NPUENCODEPASS
#include "aic/Target/NPU/Passes.h.inc"

FailureOr<std::string> encodeProgram(ProgramOp op) {
  FailureOr<::aic::npu::Program> program = exportProgram(op, /*withData=*/true);
  if (failed(program))
    return failure();
  std::string bytes, error;
  if (!::aic::npu::writeNpub(*program, op.getMachine().load(), bytes, error))
    return op.emitError() << "cannot encode the program: " << error;
  return bytes;
}

ProgramOp programOf(ModuleOp module, func::CallOp call) {
  auto callee = module.lookupSymbol<func::FuncOp>(call.getCallee());
  auto name = callee ? callee->getAttrOfType<FlatSymbolRefAttr>("npu.program") : FlatSymbolRefAttr();
  return name ? module.lookupSymbol<ProgramOp>(name.getValue()) : ProgramOp();
}

bool isWholeProgram(ModuleOp module, SmallVectorImpl<Operation *> &left) {
  unsigned calls = 0;
  for (auto func : module.getOps<func::FuncOp>()) {
    if (!func.isPublic() || func.isExternal())
      continue;
    for (Operation &op : func.getBody().front()) {
      if (op.hasTrait<OpTrait::ConstantLike>() || isa<func::ReturnOp>(op))
        continue;
      if (auto call = dyn_cast<func::CallOp>(op); call && programOf(module, call)) {
        ++calls;
        continue;
      }
      left.push_back(&op);
    }
  }
  return calls == 1 && left.empty();
}

namespace {
/// The same bytes with a signless element type: what host code passes around.
RankedTensorType signless(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  auto element = dyn_cast<IntegerType>(tensor.getElementType());
  return element && !element.isSignless() ? tensor.clone(IntegerType::get(type.getContext(), element.getWidth()))
                                          : tensor;
}

struct Encode final : impl::NPUEncodePassBase<Encode> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::CallOp> calls;
    module.walk([&](func::CallOp call) {
      if (programOf(module, call))
        calls.push_back(call);
    });
    for (func::CallOp call : calls) {
      if (failed(replace(module, call, programOf(module, call))))
        return signalPassFailure();
    }
  }

private:
  LogicalResult replace(ModuleOp module, func::CallOp call, ProgramOp program) {
    FailureOr<std::string> bytes = encodeProgram(program);
    if (failed(bytes))
      return failure();
    OpBuilder b(call);
    Location loc = call.getLoc();
    auto type = RankedTensorType::get({int64_t(bytes->size())}, b.getI8Type());
    AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyInferAlign(ArrayRef<char>(bytes->data(), bytes->size()));
    auto data = DenseResourceElementsAttr::get(type, "npub", std::move(blob));
    SmallVector<Value> operands{arith::ConstantOp::create(b, loc, type, data)};
    SmallVector<Type> results;
    auto toSignless = [&](Value value) -> Value {
      RankedTensorType wanted = signless(value.getType());
      return wanted == value.getType() ? value : aic::BitcastOp::create(b, loc, wanted, value).getResult();
    };
    for (Value value : call.getOperands())
      operands.push_back(toSignless(value));
    for (Type result : call.getResultTypes()) {
      results.push_back(signless(result));
      auto tensor = cast<RankedTensorType>(results.back());
      operands.push_back(tensor::EmptyOp::create(b, loc, tensor.getShape(), tensor.getElementType()));
    }
    SmallVector<Type> arguments = llvm::map_to_vector(operands, [](Value v) { return v.getType(); });
    std::string name = call.getCallee().str();
    auto kernel = module.lookupSymbol<func::FuncOp>(name);
    kernel.setFunctionType(b.getFunctionType(arguments, results));
    kernel->removeAttr("npu.program");
    kernel->setAttr("aic.kernel", b.getUnitAttr());
    kernel->setAttr("npu.kernel", b.getUnitAttr());
    program.erase();
    auto launch = func::CallOp::create(b, loc, name, results, operands);
    for (auto [old, fresh] : llvm::zip_equal(call.getResults(), launch.getResults())) {
      Value value = fresh;
      if (value.getType() != old.getType())
        value = aic::BitcastOp::create(b, loc, old.getType(), value);
      old.replaceAllUsesWith(value);
    }
    call.erase();
    return success();
  }
};
} // namespace
} // namespace mlir::npu
