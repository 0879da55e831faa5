// Command lines through CLI11, and help pages.
#include "tools/options/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/version.h"

namespace abax {
namespace {

constexpr std::size_t columns = 96;      // of the help
constexpr std::size_t help_column = 30;  // where explanations start

/// Appends `words`, broken into lines that start at `indent`, after a line that has `used` columns.
void append_wrapped(std::string& out, const std::string& words, std::size_t indent,
                    std::size_t used) {
  std::istringstream in(words);
  for (std::string word; in >> word;) {
    if (used > indent && used + 1 + word.size() > columns) {
      out += "\n";
      used = 0;
    }
    const std::size_t gap = used < indent ? indent - used : (used > indent ? 1 : 0);
    out += std::string(gap, ' ') + word;
    used += gap + word.size();
  }
  out += "\n";
}

/// "-h, --help", "--steps N".
std::string usage_of(const Field& field) {
  std::string usage;
  for (const std::string& alias : field.aliases())
    if (alias.size() == 1) usage = str_cat("-", alias, ", ");
  const std::string value = field.value_word();
  return str_cat(usage, "--", field.name(), value.empty() ? "" : " ", value);
}

[[noreturn]] void refuse_unknown(const std::string& argument, const std::vector<Field>& known) {
  if (!argument.starts_with('-')) throw UsageError(str_cat("unexpected argument '", argument, "'"));
  std::string name = argument.substr(std::min(argument.size(), argument.find_first_not_of('-')));
  name = name.substr(0, name.find('='));
  Words names;
  for (const Field& field : known) {
    names.push_back(field.name());
    if (!field.is_derived() &&
        std::ranges::find(field.former_names(), name) != field.former_names().end())
      throw UsageError(str_cat("--", name, " is now --", field.name()));
  }
  const std::string near = nearest_name(name, names);
  throw UsageError(
      str_cat("unknown option '", argument, "'",
              near.empty() ? std::string() : str_cat("; did you mean '--", near, "'?")));
}

/// What CLI11 says of an option without its value begins with "--name:".
void refuse_missing(std::string_view said, const std::vector<Field>& known) {
  const std::string_view option = said.substr(0, said.find(':'));
  for (const Field& field : known)
    if (option == str_cat("--", field.name()) && !field.is_flag())
      throw UsageError(str_cat(option, " takes a value: ", option, " ", field.value_word()));
}

/// "with residual: --a, --b" for each choice of the field that leads to further fields.
std::string openings(const Field& field, const std::vector<KnownField>& known) {
  std::vector<std::pair<std::string, std::string>> lists;  // choice -> options
  for (const KnownField& other : known) {
    if (other.route.size() != 1 || other.route[0].first != field.name() || other.field.is_derived())
      continue;
    const auto& value = other.route[0].second;
    const auto found = std::ranges::find(lists, value, [](const auto& list) { return list.first; });
    const std::string option = str_cat("--", other.field.name());
    if (found == lists.end())
      lists.emplace_back(value, option);
    else
      found->second += ", " + option;
  }
  std::string result;
  for (const auto& [value, options] : lists)
    result += str_cat("; ",
                      field.is_flag()           ? "then"
                      : field.choices().empty() ? "from " + value + " on"
                                                : "with " + value,
                      " also ", options);
  return result;
}

}  // namespace

void fields(Fields& f, Questions& s) {
  f.group("Help");
  f("help", s.help, "print this page, and stop").alias("h").command_line_only();
  f("version", s.version, "print the version, and stop").command_line_only();
}

std::vector<GivenValue> read_arguments(int argc, const char* const* argv,
                                       const std::vector<Field>& known) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<std::vector<std::string>> texts(known.size());
  for (std::size_t i = 0; i < known.size(); ++i) {
    const Field& field = known[i];
    std::string spelling = str_cat("--", field.name());
    for (const std::string& alias : field.aliases())
      spelling += (alias.size() == 1 ? ",-" : ",--") + alias;
    if (field.is_flag()) {
      if (field.in_files()) spelling += str_cat(",!--no-", field.name());
      app.add_flag(spelling, texts[i]);  // "true" or "false" each time
    } else {
      // One value each time; a repeated list adds up, of others the last one counts.
      app.add_option(spelling, texts[i])
          ->expected(1)
          ->type_size(1)
          ->allow_extra_args(false)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_name() == "ArgumentMismatch") refuse_missing(error.what(), known);
    throw UsageError(str_cat(error.what()));
  }
  for (const std::string& extra : app.remaining()) refuse_unknown(extra, known);
  std::vector<GivenValue> values;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const std::string place = str_cat("--", known[i].name());
    if (texts[i].empty()) continue;
    std::string joined = texts[i].back();
    if (known[i].is_list()) {
      joined = texts[i].front();
      for (std::size_t k = 1; k < texts[i].size(); ++k) joined += "," + texts[i][k];
    }
    // As of a shell's variable that is not set: not the same as not asking.
    if (const std::string word = known[i].value_word();
        joined.empty() && (word.starts_with("FILE") || word.starts_with("FOLDER")))
      throw UsageError(str_cat(place, ": expected ", word, ", not an empty name"));
    values.push_back({known[i].name(), FieldText{joined}, place});
  }
  return values;
}

void check_needed(const Fields& fields, const std::vector<GivenValue>& values) {
  Words missing;
  for (const Field& field : fields.all())
    if (field.is_needed() &&
        std::ranges::find(values, field.name(), &GivenValue::name) == values.end())
      missing.push_back(str_cat("--", field.name(), " ", field.value_word()));
  std::string list;
  for (std::size_t i = 0; i < missing.size(); ++i)
    list += str_cat(i == 0 ? "" : i + 1 < missing.size() ? ", " : " and ", missing[i]);
  if (!list.empty()) throw UsageError("give " + list);
}

std::string help_page(const std::string& tool, const std::string& purpose, const Fields& fields,
                      const std::vector<KnownField>& known, const std::string& epilogue) {
  std::string result;
  append_wrapped(result, tool + ": " + purpose, 0, 0);
  result += str_cat("\nusage: ", tool, " [options]\n");
  Words titles;
  for (const Field& field : fields.all())
    if (!field.is_derived() && std::ranges::find(titles, field.group()) == titles.end())
      titles.push_back(field.group());
  for (const std::string& title : titles) {
    result += str_cat("\n", title, "\n");
    for (const Field& field : fields.all()) {
      if (field.group() != title || field.is_derived()) continue;
      const std::string usage = str_cat("  ", usage_of(field));
      result += usage;
      std::size_t used = usage.size();
      if (used + 2 > help_column) {
        result += "\n";
        used = 0;
      }
      const std::string value = field.in_files() ? field.value_text() : "";
      append_wrapped(result,
                     str_cat(field.help(), field.name() == "model" ? "" : openings(field, known),
                             value.empty() ? std::string() : str_cat(" [", value, "]")),
                     help_column, used);
    }
  }
  if (!epilogue.empty()) result += str_cat("\n", epilogue, "\n");
  return result;
}

std::string version_line(const std::string& tool) {
  return str_cat(tool, " (abax) ", version(), "\n");
}

std::string unread_message(const GivenValue& value, const std::vector<KnownField>& known,
                           const Fields& now, const std::string& reader) {
  const auto found = std::ranges::find(
      known, value.name, [](const KnownField& k) -> const auto& { return k.field.name(); });
  std::string choices, here;
  if (found != known.end())
    for (const auto& [name, chosen] : found->route) {
      choices += str_cat(choices.empty() ? "" : " ", "--", name, " ", chosen);
      if (const Field* field = now.find(name); field && field->to_text() != reader)
        here += str_cat(" with --", name, " ", field->to_text());
    }
  std::string taken;
  const std::string group = found == known.end() ? "" : found->field.group();
  for (const Field& field : now.all())
    if (field.group() == group && !field.is_derived() && field.name() != "model")
      taken += str_cat(" --", field.name());
  return str_cat(value.place, " means nothing to ", reader, here,
                 choices.empty() ? "" : str_cat(" (it is read with ", choices, ")"),
                 taken.empty() ? "" : str_cat("; here are", taken));
}

CommandLine::CommandLine(std::string tool, std::string purpose, Declare declare,
                         std::string epilogue)
    : tool_(std::move(tool)),
      purpose_(std::move(purpose)),
      declare_(std::move(declare)),
      epilogue_(std::move(epilogue)) {}

bool CommandLine::parse(int argc, const char* const* argv, std::ostream& out) const {
  Questions questions;
  const Declare all = [&](Fields& f) {
    declare_(f);
    f.part(questions);
  };
  Fields before;
  all(before);
  const std::vector<GivenValue> values =
      read_arguments(argc, argv, {before.all().begin(), before.all().end()});
  assign(all, values);
  Fields now;
  all(now);
  if (questions.help) out << help_page(tool_, purpose_, now, {}, epilogue_);
  if (questions.version) out << version_line(tool_);
  if (questions.help || questions.version) return false;
  check_needed(now, values);
  check_together(all);
  return true;
}

}  // namespace abax
