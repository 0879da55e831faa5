// The CPU quota of this process's control groups (Linux cgroups v1 and v2), which oneTBB does not
// know.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/function_ref.h"

namespace abax {

/// The content of a file, or nothing where it cannot be read.
using ReadFile = FunctionRef<std::optional<std::string>(const std::string& path)>;

/// The CPUs that one group's files allow, nothing where it sets no limit. v2: the text of cpu.max,
/// "150000 100000" or "max 100000".
std::optional<double> quota_of_v2(std::string_view cpu_max);
/// v1: the texts of cpu.cfs_quota_us (-1 for none) and cpu.cfs_period_us.
std::optional<double> quota_of_v1(std::string_view quota, std::string_view period);

/// The least quota of the group of this process and all groups around it, given the texts of
/// /proc/self/cgroup and /proc/self/mountinfo. Nothing where no limit is set or visible.
std::optional<double> cgroup_cpus(std::string_view cgroups, std::string_view mounts, ReadFile read);

}  // namespace abax
