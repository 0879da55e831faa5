// CPU quotas out of the texts of /proc and /sys/fs/cgroup, in the forms that systems really have.
#include "core/base/cgroup.h"

#include <doctest/doctest.h>

#include <map>

namespace abax {
namespace {

using Files = std::map<std::string, std::string>;

std::optional<double> cpus(std::string_view cgroups, std::string_view mounts, const Files& files) {
  return cgroup_cpus(cgroups, mounts, [&](const std::string& path) -> std::optional<std::string> {
    const auto file = files.find(path);
    if (file == files.end()) return std::nullopt;
    return file->second;
  });
}

constexpr std::string_view v2_mount =
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    "31 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr std::string_view v1_mount =
    "30 23 0:25 / /sys/fs/cgroup/memory rw,nosuid shared:8 - cgroup cgroup rw,memory\n"
    "31 23 0:26 / /sys/fs/cgroup/cpuset rw,nosuid shared:8 - cgroup cgroup rw,cpuset\n"
    "32 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n";

}  // namespace

TEST_CASE("cgroup: the quota files") {
  CHECK(quota_of_v2("150000 100000\n") == 1.5);
  CHECK(quota_of_v2("max 100000\n") == std::nullopt);
  CHECK(quota_of_v2("") == std::nullopt);
  CHECK(quota_of_v2("100000") == std::nullopt);
  CHECK(quota_of_v2("10 0\n") == std::nullopt);
  CHECK(quota_of_v1("400000\n", "100000\n") == 4);
  CHECK(quota_of_v1("-1\n", "100000\n") == std::nullopt);
  CHECK(quota_of_v1("many", "100000") == std::nullopt);
}

TEST_CASE("cgroup: v2, the least of nested groups") {
  const std::string root = "/sys/fs/cgroup";
  CHECK(cpus("0::/a/b\n", v2_mount, {{root + "/a/b/cpu.max", "300000 100000\n"}}) == 3);
  CHECK(cpus("0::/a/b\n", v2_mount,
             {{root + "/a/b/cpu.max", "300000 100000\n"},
              {root + "/a/cpu.max", "50000 100000\n"}}) == 0.5);
  CHECK(cpus("0::/a/b\n", v2_mount,
             {{root + "/a/b/cpu.max", "max 100000\n"}, {root + "/a/cpu.max", "max 100000\n"}}) ==
        std::nullopt);
  // In a container with a namespace of its own the group is the root.
  CHECK(cpus("0::/\n", v2_mount, {{root + "/cpu.max", "200000 100000\n"}}) == 2);
}

TEST_CASE("cgroup: v1, in its own hierarchy") {
  const std::string root = "/sys/fs/cgroup/cpu,cpuacct";
  constexpr std::string_view groups = "9:memory:/m\n8:cpuset:/s\n4:cpu,cpuacct:/docker/x\n";
  CHECK(cpus(groups, v1_mount,
             {{root + "/docker/x/cpu.cfs_quota_us", "250000\n"},
              {root + "/docker/x/cpu.cfs_period_us", "100000\n"}}) == 2.5);
  CHECK(cpus(groups, v1_mount,
             {{root + "/docker/x/cpu.cfs_quota_us", "-1\n"},
              {root + "/docker/x/cpu.cfs_period_us", "100000\n"},
              {root + "/docker/cpu.cfs_quota_us", "100000\n"},
              {root + "/docker/cpu.cfs_period_us", "100000\n"}}) == 1);
  // Docker binds the group itself to the mount point.
  constexpr std::string_view bound =
      "32 23 0:27 /docker/x /sys/fs/cgroup/cpu ro,nosuid - cgroup cgroup rw,cpu\n";
  CHECK(cpus("4:cpu:/docker/x\n", bound,
             {{"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000\n"},
              {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}}) == 1.5);
}

TEST_CASE("cgroup: strange texts set no limit") {
  CHECK(cpus("", "", {}) == std::nullopt);
  CHECK(cpus("0::/a\n", "", {}) == std::nullopt);
  CHECK(cpus("nonsense\n0::", "- \n a - cgroup2\n", {}) == std::nullopt);
  CHECK(cpus("0::/a\n", v2_mount, {}) == std::nullopt);
}

}  // namespace abax
