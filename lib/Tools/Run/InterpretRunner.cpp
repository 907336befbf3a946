// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "aic/Interpreter/Interpreter.h"
#include "aic/Tools/Runner.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::aic::tools {

/// An argument or result by its type and what the attributes say of it.
static std::string makePort(Type type, DictionaryAttr attributes, const Twine &otherwise, RunnerPort &port) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  std::optional<::aic::eval::DType> dtype = tensor ? toDType(tensor.getElementType()) : std::nullopt;
  std::string text;
  llvm::raw_string_ostream(text) << type;
  if (!dtype)
    return "expected a function on ranked tensors, got " + text;
  auto name = attributes ? attributes.getAs<StringAttr>("aic.name") : StringAttr();
  port.name = name ? name.str() : otherwise.str();
  port.type = *dtype;
  for (int64_t extent : tensor.getShape())
    port.dims.push_back(ShapedType::isDynamic(extent) ? -1 : extent);
  port.symbols.resize(port.dims.size());
  auto symbols = attributes ? attributes.getAs<ArrayAttr>("aic.dims") : ArrayAttr();
  if (symbols && symbols.size() == port.dims.size())
    for (auto [symbol, attribute] : llvm::zip(port.symbols, symbols))
      if (auto text = dyn_cast<StringAttr>(attribute))
        symbol = text.str();
  return "";
}

namespace {

class InterpretRunner final : public Runner {
public:
  std::string initialize(func::FuncOp function) {
    main = function;
    std::string error;
    for (unsigned i = 0, n = function.getNumArguments(); error.empty() && i < n; ++i)
      error = makePort(function.getArgumentTypes()[i], function.getArgAttrDict(i), "arg" + Twine(i),
                       inputPorts.emplace_back());
    for (unsigned i = 0, n = function.getNumResults(); error.empty() && i < n; ++i)
      error = makePort(function.getResultTypes()[i], function.getResultAttrDict(i), "result" + Twine(i),
                       outputPorts.emplace_back());
    return error;
  }

  std::string run(const std::vector<::aic::eval::View> &inputs, std::vector<::aic::eval::Tensor> &outputs,
                  std::vector<KernelTime> *) override {
    FailureOr<std::vector<::aic::eval::Tensor>> results = aic::interpret(main, inputs);
    if (failed(results))
      return kReported.str();
    outputs = std::move(*results);
    return "";
  }

private:
  func::FuncOp main;
};

} // namespace

std::unique_ptr<Runner> loadInterpreter(ModuleOp module, std::string &error) {
  func::FuncOp function = module.lookupSymbol<func::FuncOp>("main");
  for (func::FuncOp other : module.getOps<func::FuncOp>())
    if (!function && other.isPublic())
      function = other;
  if (!function || function.isExternal()) {
    error = "expected a function @main with a body";
    return nullptr;
  }
  auto runner = std::make_unique<InterpretRunner>();
  error = runner->initialize(function);
  return error.empty() ? std::move(runner) : nullptr;
}

} // namespace mlir::aic::tools
