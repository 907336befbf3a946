// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- HostInterface.h - The signature of a model -------------------------===//
#ifndef AIC_LIB_CONVERSION_HOSTTOLLVM_HOSTINTERFACE_H
#define AIC_LIB_CONVERSION_HOSTTOLLVM_HOSTINTERFACE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"
#include <string>

namespace mlir::aic {

/// The signature of @main as the runtime's tables, see lib/Runtime/aicrt.h.
class HostInterface {
public:
  /// Reads names, element types, dims and bounds of the arguments and results; emits an error if a type is not
  /// one of the C interface.
  static FailureOr<HostInterface> read(func::FuncOp main);

  /// The symbol of a `?` extent of an argument.
  unsigned symbol(unsigned argument, unsigned dim) const { return argumentSymbols[argument][dim]; }
  /// The offset of a terminated string in the table of strings.
  int64_t string(StringRef text);
  StringRef strings() const { return stringTable; }
  SmallVector<int64_t> ioTable(int64_t heapSlots, int64_t threads, StringRef features);
  /// {inputs = [...], outputs = [...]} for the manifest.
  DictionaryAttr describe(MLIRContext *context) const;

private:
  struct Symbol {
    std::string name;
    int64_t minimum = 0, maximum = -1, multiple = 1;
  };
  struct Port {
    std::string name;
    unsigned dtype = 0;
    SmallVector<int64_t> dims; // a number, or -1 - symbol (results: -1)
    SmallVector<std::string> dimNames;
  };
  static constexpr unsigned kNone = ~0u;

  LogicalResult readPort(func::FuncOp main, Type type, DictionaryAttr attrs, bool isArgument, unsigned number);
  unsigned addSymbol(StringRef name, Attribute bounds);
  DictionaryAttr describe(MLIRContext *context, const Port &port, bool isInput) const;

  std::vector<Symbol> symbols;
  llvm::StringMap<unsigned> symbolOf, stringOf;
  std::vector<Port> inputs, outputs;
  std::vector<SmallVector<unsigned>> argumentSymbols;
  std::string stringTable;
};

} // namespace mlir::aic

#endif // AIC_LIB_CONVERSION_HOSTTOLLVM_HOSTINTERFACE_H
