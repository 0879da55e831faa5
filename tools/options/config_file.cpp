// Reads the options of a tool from TOML: the one file that names toml++.
#include <toml++/toml.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "tools/options/option_set.h"

namespace abax {
namespace {

std::string_view kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

/// Sets a list from an array of numbers or one of words.
void set_list(Option& option, const std::string& place, const toml::array& array) {
  Numbers numbers;
  Words words;
  for (const toml::node& element : array) {
    if (const auto number = element.value<double>(); number && element.is_number())
      numbers.push_back(*number);
    else if (const auto word = element.as_string())
      words.push_back(word->get());
    else
      throw UsageError(
          text(place, ": expected ", option.expectation(), ", not ", kind_of(element)));
  }
  if (!numbers.empty() && !words.empty())
    throw UsageError(text(place, ": expected ", option.expectation(), ", not numbers and words"));
  if (words.empty() && (!numbers.empty() || option.holds_numbers()))
    option.set(place, numbers);
  else
    option.set(place, words);
}

}  // namespace

void OptionSet::read_toml(std::string_view content, const std::string& name) {
  toml::table table;
  try {
    table = toml::parse(content, name);
  } catch (const toml::parse_error& error) {
    throw UsageError(text(name, ":", error.source().begin.line, ": ", error.description()));
  }
  for (const auto& [key, node] : table) {
    const std::string place = text(name, ":", node.source().begin.line, ": '", key.str(), "'");
    Words known;
    for (const Option& option : options_)
      if (option.in_files()) known.push_back(option.name());
    const std::string_view name_here = key.str();
    const auto option = std::find_if(options_.begin(), options_.end(), [=](const Option& o) {
      return o.in_files() && o.name() == name_here;
    });
    if (option == options_.end()) {
      const std::string near = nearest_name(key.str(), known);
      throw UsageError(text(place, " is no key of a configuration file",
                            near.empty() ? std::string() : text("; did you mean '", near, "'?")));
    }
    if (const auto flag = node.as_boolean())
      option->set(place, flag->get());
    else if (const auto whole = node.as_integer())
      option->set(place, whole->get());
    else if (const auto real = node.as_floating_point())
      option->set(place, real->get());
    else if (const auto word = node.as_string())
      option->set(place, word->get());
    else if (const auto array = node.as_array())
      set_list(*option, place, *array);
    else
      throw UsageError(text(place, ": expected ", option->expectation(), ", not ", kind_of(node)));
  }
}

}  // namespace abax
