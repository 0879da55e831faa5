// Names, flags and the sealed description of checkpoints.
#include "core/io/checkpoint_format.h"

#include <array>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"

namespace abax::checkpoint_format {
namespace {

constexpr std::array<std::string_view, 3> role_names = {"trainable", "saved",
                                                        "carried"};  // by Role
constexpr std::string_view frozen_flag = ", frozen";
constexpr std::string_view no_decay_flag = ", no decay";

std::uint64_t hash_of(const Json& members) { return summary_of(to_text(members)).hash; }

/// Takes `part` off the front of `rest`, if it is there.
bool take(std::string_view& rest, std::string_view part) {
  if (!rest.starts_with(part)) return false;
  rest.remove_prefix(part.size());
  return true;
}

}  // namespace

std::filesystem::path old_path(const std::filesystem::path& path) {
  return path.string() + ".replaced";
}

bool is_plain(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\0", 2)) == name.npos;
}

std::string flags_of(const Variable& variable) {
  return str_cat(role_names[static_cast<std::size_t>(variable.role)],
                 variable.frozen ? frozen_flag : "", variable.decay ? "" : no_decay_flag);
}

Flags parse_flags(const std::string& flags) {
  std::string_view rest = flags;
  for (std::size_t i = 0; i < role_names.size(); ++i) {
    if (!take(rest, role_names[i])) continue;
    Flags result;
    result.role = static_cast<Role>(i);
    result.frozen = take(rest, frozen_flag);
    result.decay = !take(rest, no_decay_flag);
    if (rest.empty()) return result;
    break;
  }
  throw DataError(
      str_cat("expected a role (trainable, saved, carried) and flags, found '", flags, "'"));
}

std::string sealed(Json::Object members) {
  members.emplace_back("hash", hash_of(members));
  std::string result;
  for (const auto& [key, value] : members)
    result += (result.empty() ? "{" : ",\n ") + to_text(Json(key)) + ": " + to_text(value);
  return result + "}\n";
}

Json unsealed(const std::string& written) {
  const Json json = parse_json(written);
  Json::Object members = json.object();
  if (members.empty() || members.back().first != "hash")
    throw DataError("expected the key \"hash\" at the end");
  members.pop_back();
  if (json.at("hash").natural() != hash_of(members))
    throw DataError("its hash does not match: it was damaged or edited");
  return members;
}

}  // namespace abax::checkpoint_format
