// Values for fields: from a command line, files, presets and checkpoints, into settings and back.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/settings/fields.h"

namespace abax {

/// Where a value came from, the weakest first.
enum class Origin : std::uint8_t { standard, preset, file, command_line };

/// A value for the field of that name.
struct GivenValue {
  std::string name;
  FieldValue value;
  std::string place;  // what messages start with: "--steps", "a.toml:3: 'steps'"
  Origin origin = Origin::command_line;
};

/// Of several values of one name the one of the strongest origin, of equal ones the last.
std::vector<GivenValue> strongest(std::vector<GivenValue> values);

/// Sets the fields of these names, choices first, until nothing more is read. Returns those that
/// nothing reads under the choices that were made. Throws UsageError on values that their fields
/// refuse; what was set before stays set.
std::vector<GivenValue> assign(const Declare& declare, std::vector<GivenValue> values);

/// Throws UsageError with the first check across fields that does not hold.
void check_together(const Declare& declare);

/// For settings that a program filled. Throws UsageError, which begins with `what`, on the first
/// value that its field refuses or check that does not hold. Values are written anew where they
/// stand: take a copy.
void check_values(const Declare& declare, std::string_view what);
/// The same of one struct.
template <class Settings>
void check_settings(Settings settings, std::string_view what) {
  check_values([&settings](Fields& f) { f.part(settings); }, what);
}

/// Choices that lead to a field: ("quantiser", "nearest").
using Route = std::vector<std::pair<std::string, std::string>>;
/// A field that is read under some choices, and the fewest of these; none where it is read anyway.
struct KnownField {
  Field field;  // its value is not to be looked at
  Route route;
};
/// All fields that settings can come to have. `declare` declares the fields of a copy of settings,
/// which `restore` makes anew; a field that is read as they are comes before others.
std::vector<KnownField> known_fields(const Declare& declare, const std::function<void()>& restore);

/// The values of all fields that a checkpoint keeps, by name, as text.
std::map<std::string, std::string> to_values(const Declare& declare);

/// Settings from the values of a checkpoint of that format. A field without a value takes what that
/// format meant by none, else its default. Throws CheckpointError on values that are refused or
/// that nothing reads (except those of format 1, which wrote more than a model read).
void from_values(const Declare& declare, const std::map<std::string, std::string>& values,
                 std::int64_t format);

}  // namespace abax
