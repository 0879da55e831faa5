// TOML into values: the one file that names toml++.
#include "tools/options/config_file.h"

#include <toml++/toml.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"

namespace abax {
namespace {

/// An array of numbers or one of words.
FieldValue list_of(const toml::array& array, const std::string& place) {
  Numbers numbers;
  Words words;
  for (const toml::node& element : array) {
    if (const auto number = element.value<double>(); number && element.is_number())
      numbers.push_back(*number);
    else if (const auto word = element.as_string())
      words.push_back(word->get());
    else
      throw UsageError(str_cat(place, ": expected numbers or words in the list"));
  }
  if (!numbers.empty() && !words.empty())
    throw UsageError(str_cat(place, ": expected numbers or words in the list, not both"));
  if (!numbers.empty()) return numbers;
  return words;  // an empty list of either
}

FieldValue value_of(const toml::node& node, const std::string& place) {
  if (const auto flag = node.as_boolean()) return flag->get();
  if (const auto whole = node.as_integer()) return std::int64_t{whole->get()};
  if (const auto real = node.as_floating_point()) return real->get();
  if (const auto word = node.as_string()) return word->get();
  if (const auto array = node.as_array()) return list_of(*array, place);
  throw UsageError(str_cat(place, ": expected a value, not a date or time"));
}

void read_table(const toml::table& table, const std::string& prefix, const std::string& name,
                Origin origin, std::vector<GivenValue>& values) {
  for (const auto& [key, node] : table) {
    const std::string whole = prefix + std::string(key.str());
    const std::string place = str_cat(name, ":", node.source().begin.line, ": '", whole, "'");
    if (const auto inner = node.as_table())
      read_table(*inner, whole + "-", name, origin, values);
    else if (const auto word = node.as_string(); !word || !word->get().empty())  // "": not given
      values.push_back({whole, value_of(node, place), place, origin});
  }
}

}  // namespace

std::vector<GivenValue> read_toml(std::string_view content, const std::string& name,
                                  Origin origin) {
  toml::table table;
  try {
    table = toml::parse(content, name);
  } catch (const toml::parse_error& error) {
    throw UsageError(str_cat(name, ":", error.source().begin.line, ": ", error.description()));
  }
  std::vector<GivenValue> values;
  read_table(table, "", name, origin, values);
  return values;
}

std::vector<GivenValue> read_config_file(const std::string& path) {
  constexpr std::uint64_t most = 16 << 20;
  try {
    return read_toml(read_input(path, most), path);
  } catch (const DataError& error) {
    throw UsageError(str_cat("--config: ", error.what()));
  }
}

std::string to_toml(const Fields& fields) {
  std::string result, title;
  for (const Field& field : fields.all()) {
    if (!field.in_files()) continue;
    if (field.group() != title) {
      title = field.group();
      result += str_cat(result.empty() ? "" : "\n", "# ", title, "\n");
    }
    result += str_cat(field.name(), " = ", field.to_toml(), "\n");
  }
  return result;
}

Json to_json(const Fields& fields) {
  Json::Object members;
  for (const Field& field : fields.all())
    if (field.in_files()) members.emplace_back(field.name(), parse_json(field.to_toml()));
  return members;
}

}  // namespace abax
