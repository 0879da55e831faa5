// Reads CPU quotas: /proc/self/cgroup names the groups, /proc/self/mountinfo says where they are
// mounted.
#include "core/base/cgroup.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace abax {
namespace {

std::optional<double> number(std::string_view digits) {
  while (!digits.empty() && (digits.back() == '\n' || digits.back() == ' '))
    digits.remove_suffix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return static_cast<double>(value);
}

std::optional<double> ratio(std::optional<double> quota, std::optional<double> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return *quota / *period;
}

std::vector<std::string_view> split(std::string_view whole, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= whole.size();) {
    const std::size_t end = std::min(whole.find(separator, begin), whole.size());
    parts.push_back(whole.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool lists(std::string_view comma_separated, std::string_view wanted) {
  return std::ranges::count(split(comma_separated, ','), wanted) != 0;
}

// Where the hierarchy that holds CPU quotas is mounted, and which of its groups is the mount's
// root.
struct Mount {
  std::string point, root;
};

// A line: "36 35 98:0 /root /point rw,options [tags...] - type source super,options" (proc(5)).
std::optional<Mount> find_mount(std::string_view mounts, bool v2) {
  for (const std::string_view line : split(mounts, '\n')) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto left = split(line.substr(0, dash), ' ');
    const auto right = split(line.substr(dash + 3), ' ');
    if (left.size() < 5 || right.size() < 3) continue;
    const bool found = v2 ? right[0] == "cgroup2" : right[0] == "cgroup" && lists(right[2], "cpu");
    if (found) return Mount{std::string(left[4]), std::string(left[3])};
  }
  return std::nullopt;
}

// A line: "4:cpu,cpuacct:/path", in v2 "0::/path".
std::optional<std::string> find_group(std::string_view cgroups, bool v2) {
  for (const std::string_view line : split(cgroups, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    if (v2 ? controllers.empty() : lists(controllers, "cpu"))
      return std::string(line.substr(second + 1));
  }
  return std::nullopt;
}

std::optional<double> read_group(const std::string& folder, bool v2, ReadFile read) {
  if (v2) {
    const auto cpu_max = read(folder + "/cpu.max");
    return cpu_max ? quota_of_v2(*cpu_max) : std::nullopt;
  }
  const auto quota = read(folder + "/cpu.cfs_quota_us");
  const auto period = read(folder + "/cpu.cfs_period_us");
  return quota && period ? quota_of_v1(*quota, *period) : std::nullopt;
}

}  // namespace

std::optional<double> quota_of_v2(std::string_view cpu_max) {
  const std::size_t space = cpu_max.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  return ratio(number(cpu_max.substr(0, space)), number(cpu_max.substr(space + 1)));
}

std::optional<double> quota_of_v1(std::string_view quota, std::string_view period) {
  return ratio(number(quota), number(period));
}

std::optional<double> cgroup_cpus(std::string_view cgroups, std::string_view mounts,
                                  ReadFile read) {
  std::optional<double> least;
  for (const bool v2 : {true, false}) {
    const auto mount = find_mount(mounts, v2);
    auto group = find_group(cgroups, v2);
    if (!mount || !group) continue;
    // In a container the mount's root often is the group itself; groups above it are out of sight.
    if (mount->root != "/" && group->starts_with(mount->root)) group->erase(0, mount->root.size());
    std::string path = *group == "/" ? "" : *group;
    while (true) {
      if (const auto quota = read_group(mount->point + path, v2, read))
        least = std::min(least.value_or(*quota), *quota);
      if (path.empty()) break;
      path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    }
  }
  return least;
}

}  // namespace abax
