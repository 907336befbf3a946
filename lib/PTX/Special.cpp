// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The special registers: their names and types.
#include "aic/PTX/Module.h"

namespace aic::ptx {

namespace {

struct SpecialRow {
  const char *name;
  Special special;
  Type type;
};
const SpecialRow specials[] = {
    {"%tid.x", Special::TidX, Type::U32},
    {"%tid.y", Special::TidY, Type::U32},
    {"%tid.z", Special::TidZ, Type::U32},
    {"%ntid.x", Special::NtidX, Type::U32},
    {"%ntid.y", Special::NtidY, Type::U32},
    {"%ntid.z", Special::NtidZ, Type::U32},
    {"%ctaid.x", Special::CtaidX, Type::U32},
    {"%ctaid.y", Special::CtaidY, Type::U32},
    {"%ctaid.z", Special::CtaidZ, Type::U32},
    {"%nctaid.x", Special::NctaidX, Type::U32},
    {"%nctaid.y", Special::NctaidY, Type::U32},
    {"%nctaid.z", Special::NctaidZ, Type::U32},
    {"%laneid", Special::LaneId, Type::U32},
    {"%warpid", Special::WarpId, Type::U32},
    {"%nwarpid", Special::NWarpId, Type::U32},
    {"%smid", Special::SmId, Type::U32},
    {"%nsmid", Special::NSmId, Type::U32},
    {"%gridid", Special::GridId, Type::U64},
    {"%lanemask_eq", Special::LaneMaskEq, Type::U32},
    {"%lanemask_le", Special::LaneMaskLe, Type::U32},
    {"%lanemask_lt", Special::LaneMaskLt, Type::U32},
    {"%lanemask_ge", Special::LaneMaskGe, Type::U32},
    {"%lanemask_gt", Special::LaneMaskGt, Type::U32},
    {"%clusterid.x", Special::ClusterIdX, Type::U32},
    {"%clusterid.y", Special::ClusterIdY, Type::U32},
    {"%clusterid.z", Special::ClusterIdZ, Type::U32},
    {"%nclusterid.x", Special::NclusterIdX, Type::U32},
    {"%nclusterid.y", Special::NclusterIdY, Type::U32},
    {"%nclusterid.z", Special::NclusterIdZ, Type::U32},
    {"%cluster_ctaid.x", Special::ClusterCtaidX, Type::U32},
    {"%cluster_ctaid.y", Special::ClusterCtaidY, Type::U32},
    {"%cluster_ctaid.z", Special::ClusterCtaidZ, Type::U32},
    {"%cluster_nctaid.x", Special::ClusterNctaidX, Type::U32},
    {"%cluster_nctaid.y", Special::ClusterNctaidY, Type::U32},
    {"%cluster_nctaid.z", Special::ClusterNctaidZ, Type::U32},
    {"%cluster_ctarank", Special::ClusterCtarank, Type::U32},
    {"%cluster_nctarank", Special::ClusterNctarank, Type::U32},
    {"%total_smem_size", Special::TotalSharedSize, Type::U32},
    {"%dynamic_smem_size", Special::DynamicSharedSize, Type::U32},
    {"%clock", Special::Clock, Type::U32},
    {"%clock_hi", Special::ClockHi, Type::U32},
    {"%clock64", Special::Clock64, Type::U64},
    {"%globaltimer", Special::GlobalTimer, Type::U64},
    {"%globaltimer_lo", Special::GlobalTimerLo, Type::U32},
    {"%globaltimer_hi", Special::GlobalTimerHi, Type::U32},
};
} // namespace

std::optional<Special> parseSpecial(std::string_view name) {
  for (const SpecialRow &row : specials)
    if (name == row.name)
      return row.special;
  return std::nullopt;
}

std::string_view specialName(Special special) {
  for (const SpecialRow &row : specials)
    if (row.special == special)
      return row.name;
  return "";
}

Type specialType(Special special) {
  for (const SpecialRow &row : specials)
    if (row.special == special)
      return row.type;
  return Type::U32;
}

} // namespace aic::ptx
