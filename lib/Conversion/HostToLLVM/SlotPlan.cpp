// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SlotPlan.h"

#include <algorithm>
#include <queue>
#include <set>

std::vector<unsigned> aic::assignSlots(const std::vector<Tenant> &tenants) {
  using Entry = std::pair<int64_t, unsigned>;
  std::vector<unsigned> result;
  std::vector<int64_t> sizes;                                                   // of the slots
  std::set<Entry> free;                                                         // by size
  std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> occupied; // by end
  for (const Tenant &tenant : tenants) {
    for (; !occupied.empty() && occupied.top().first < tenant.begin; occupied.pop())
      free.insert({sizes[occupied.top().second], occupied.top().second});
    auto fit = free.lower_bound({tenant.bytes, 0});
    if (fit == free.end() && !free.empty())
      fit = std::prev(fit);
    unsigned slot = sizes.size();
    if (fit != free.end()) {
      slot = fit->second;
      free.erase(fit);
    } else {
      sizes.push_back(0);
    }
    sizes[slot] = std::max(sizes[slot], tenant.bytes);
    occupied.push({std::max(tenant.begin, tenant.end), slot});
    result.push_back(slot);
  }
  return result;
}
