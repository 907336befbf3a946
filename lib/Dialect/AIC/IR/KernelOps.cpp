// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes and operations of the kernel level: the machine, how a kernel is tiled, packed constants.
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;
using namespace mlir::aic;

//===-- Attributes ----------------------------------------------------------===//

static int64_t numberIn(DictionaryAttr entries, StringRef name, int64_t otherwise) {
  auto entry = entries.getAs<IntegerAttr>(name);
  return entry ? entry.getInt() : otherwise;
}

int64_t TargetAttr::getNumber(StringRef name, int64_t otherwise) const { return numberIn(getModel(), name, otherwise); }

LogicalResult TargetAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef backend, StringRef chip,
                                 StringRef features, DictionaryAttr model) {
  if (backend.empty()) // target_c1
    return emitError() << "expected the name of a target backend, got an empty string";
  if (chip.empty()) // target_c1
    return emitError() << "expected the name of a chip for target '" << backend << "', got an empty string";
  for (NamedAttribute entry : model) { // target_c2
    auto number = dyn_cast<IntegerAttr>(entry.getValue());
    if (!number || !number.getType().isInteger(64) || number.getInt() <= 0)
      return emitError() << "expected a positive i64 for '" << entry.getName().getValue()
                         << "' in the machine model, got " << entry.getValue();
  }
  return success();
}

int64_t LoweringConfigAttr::getNumber(StringRef name, int64_t otherwise) const {
  return numberIn(getParameters(), name, otherwise);
}

ArrayRef<int64_t> LoweringConfigAttr::getList(StringRef name) const {
  auto list = getParameters().getAs<DenseI64ArrayAttr>(name);
  return list ? list.asArrayRef() : ArrayRef<int64_t>();
}

LogicalResult LoweringConfigAttr::verify(function_ref<InFlightDiagnostic()> emitError, KernelClass kernelClass,
                                         DictionaryAttr parameters) {
  for (NamedAttribute entry : parameters) { // lowering_config_c1
    auto number = dyn_cast<IntegerAttr>(entry.getValue());
    auto list = dyn_cast<DenseI64ArrayAttr>(entry.getValue());
    bool valid = number ? number.getType().isInteger(64) && number.getInt() >= 0
                        : list && llvm::all_of(list.asArrayRef(), [](int64_t n) { return n >= 0; });
    if (!valid)
      return emitError() << "expected an i64 or a list of i64 that is not negative for '" << entry.getName().getValue()
                         << "' in the lowering config, got " << entry.getValue();
  }
  int64_t panel = numberIn(parameters, "panel", 0), lanes = numberIn(parameters, "lanes", 0);
  int64_t columns = numberIn(parameters, "columns", 0);
  if (panel && lanes && columns && panel != lanes * columns) // lowering_config_c2
    return emitError() << "expected a panel of lanes * columns = " << lanes * columns << ", got " << panel;
  return success();
}

//===-- Packed constants ----------------------------------------------------===//

SmallVector<int64_t> PackOp::packedShape(ArrayRef<int64_t> logical, int64_t panel, int64_t group) {
  SmallVector<int64_t> shape = {int64_t(llvm::divideCeil(logical.back(), panel))};
  llvm::append_range(shape, logical.drop_back());
  if (group > 1)
    shape.back() = llvm::divideCeil(shape.back(), group);
  shape.push_back(panel);
  if (group > 1)
    shape.push_back(group);
  return shape;
}

static int64_t panelOf(RankedTensorType packed, int64_t group) { return packed.getShape().drop_back(group > 1).back(); }

/// Checks that `packed` is what packing gives a tensor with the extents `logical`.
static LogicalResult verifyPacked(Operation *op, ArrayRef<int64_t> logical, RankedTensorType packed, int64_t group) {
  if (logical.size() < 2) // pack_c1
    return op->emitOpError() << "expected a logical tensor of rank 2 or more, got rank " << logical.size();
  if (group < 1) // pack_c3
    return op->emitOpError() << "expected a positive group, got " << group;
  int64_t rank = logical.size() + (group > 1 ? 2 : 1);
  if (packed.getRank() != rank)
    return op->emitOpError() << "expected a packed tensor of rank " << rank << ", got " << packed;
  int64_t panel = panelOf(packed, group);
  if (panel < 1)
    return op->emitOpError() << "expected a positive panel, got " << packed;
  SmallVector<int64_t> expected = PackOp::packedShape(logical, panel, group);
  if (packed.getShape() != ArrayRef<int64_t>(expected)) // pack_c4
    return op->emitOpError() << "expected the packed type " << packed.clone(expected) << ", got " << packed;
  return success();
}

int64_t PackOp::getPanel() { return panelOf(cast<RankedTensorType>(getType()), int64_t(getGroup())); }

LogicalResult PackOp::verify() {
  auto input = dyn_cast<RankedTensorType>(getInput().getType());
  auto result = dyn_cast<RankedTensorType>(getType());
  if (!input || !result)
    return emitOpError("expected ranked tensors");
  ArrayRef<int64_t> permutation = getPermutation();
  if (!permutation.empty() &&
      (int64_t(permutation.size()) != input.getRank() || !isPermutationVector(permutation))) // pack_c2
    return emitOpError() << "expected a permutation of " << input.getRank() << " dimensions, got [" << permutation
                         << "]";
  SmallVector<int64_t> logical(input.getShape());
  for (auto [to, from] : llvm::enumerate(permutation))
    logical[to] = input.getDimSize(from);
  return verifyPacked(*this, logical, result, getGroup());
}

void PackOp::pack(ArrayRef<char> input, MutableArrayRef<char> output) {
  auto type = cast<RankedTensorType>(getInput().getType());
  int64_t rank = type.getRank(), bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8), group = getGroup();
  // Extents and byte strides of the logical dimensions in the input.
  SmallVector<int64_t> strides(rank), extents(rank), permuted(rank);
  int64_t stride = bytes;
  for (int64_t d = rank - 1; d >= 0; --d) {
    strides[d] = stride;
    stride *= type.getDimSize(d);
  }
  for (int64_t d = 0; d < rank; ++d) {
    int64_t from = getPermutation().empty() ? d : getPermutation()[d];
    extents[d] = type.getDimSize(from);
    permuted[d] = strides[from];
  }
  std::memset(output.data(), 0, output.size());
  int64_t columns = extents[rank - 1], panel = getPanel(), depth = extents[rank - 2];
  int64_t groups = llvm::divideCeil(depth, group), outer = 1;
  for (int64_t d = 0; d < rank - 2; ++d)
    outer *= extents[d];
  char *out = output.data();
  for (int64_t first = 0; first < columns; first += panel)
    for (int64_t o = 0; o < outer; ++o) {
      const char *source = input.data() + first * permuted[rank - 1];
      for (int64_t d = rank - 3, rest = o; d >= 0; --d) {
        source += rest % extents[d] * permuted[d];
        rest /= extents[d];
      }
      for (int64_t g = 0; g < groups; ++g)
        for (int64_t n = 0; n < panel; ++n)
          for (int64_t i = 0; i < group; ++i, out += bytes)
            if (g * group + i < depth && first + n < columns)
              std::memcpy(out, source + (g * group + i) * permuted[rank - 2] + n * permuted[rank - 1], bytes);
    }
}

int64_t UnpackOp::getPanel() { return panelOf(cast<RankedTensorType>(getInput().getType()), getGroup()); }

LogicalResult UnpackOp::verify() {
  auto input = dyn_cast<RankedTensorType>(getInput().getType());
  auto result = dyn_cast<RankedTensorType>(getType());
  if (!input || !result)
    return emitOpError("expected ranked tensors");
  return verifyPacked(*this, result.getShape(), input, getGroup());
}
