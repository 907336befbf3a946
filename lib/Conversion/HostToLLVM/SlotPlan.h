// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SlotPlan.h - Which values share memory -----------------------------===//
#ifndef AIC_LIB_CONVERSION_HOSTTOLLVM_SLOTPLAN_H
#define AIC_LIB_CONVERSION_HOSTTOLLVM_SLOTPLAN_H

#include <cstdint>
#include <vector>

namespace aic {

/// A value that needs memory from the moment `begin` to the moment `end`, both included.
struct Tenant {
  int64_t begin, end;
  int64_t bytes; ///< an estimate is enough
};

/// Gives every tenant the number of a slot; tenants of one slot do not overlap in time. Best fit: the smallest free
/// slot that is large enough, or else the largest free one, which grows. Tenants are sorted by `begin`. O(n log n).
std::vector<unsigned> assignSlots(const std::vector<Tenant> &tenants);

} // namespace aic

#endif // AIC_LIB_CONVERSION_HOSTTOLLVM_SLOTPLAN_H
