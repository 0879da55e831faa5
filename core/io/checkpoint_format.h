// The parts of a checkpoint's format that its writer and its reader share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/graph/variables.h"
#include "core/io/json.h"

namespace abax::checkpoint_format {

inline constexpr std::int64_t format = 2;  // that is written; 1 is read too
inline constexpr const char* description = "checkpoint.json";
inline constexpr const char* variables = "variables.safetensors";

/// Where a checkpoint lies while it is being replaced without an exchange.
std::filesystem::path old_path(const std::filesystem::path& path);

/// Whether a name is that of a file right in the folder.
bool is_plain(std::string_view name);

/// "trainable", "trainable, frozen, no decay", "saved", "carried".
std::string flags_of(const Variable& variable);
struct Flags {
  Role role = Role::trainable;
  bool frozen = false;
  bool decay = true;
};
/// Throws DataError on anything else.
Flags parse_flags(const std::string& flags);

/// The text of a description: a member a line, and a last one with the hash of the others.
std::string sealed(Json::Object members);
/// Reads it back. Throws DataError where the hash does not match.
Json unsealed(const std::string& text);

}  // namespace abax::checkpoint_format
