// The options of a tool together: command line (through CLI11) and help.
#include "tools/options/option_set.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <ostream>

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
std::string usage_of(const Option& option) {
  std::string usage;
  for (const std::string& alias : option.aliases())
    if (alias.size() == 1) usage = text("-", alias, ", ");
  const std::string value = option.value_word();
  return text(usage, "--", option.name(), value.empty() ? "" : " ", value);
}

}  // namespace

OptionSet::OptionSet(std::string tool, std::string purpose)
    : tool_(std::move(tool)), purpose_(std::move(purpose)) {
  options_.reserve(128);  // references that add() gave stay valid
  group("Help");
  add("help", &help_, "print this page, and stop").alias("h").command_line_only();
  add("version", &version_, "print the version, and stop").command_line_only();
}

void OptionSet::group(std::string title) { group_ = std::move(title); }

void OptionSet::epilogue(std::string text) { epilogue_ = std::move(text); }

Option& OptionSet::add(std::string name, Option::Target value, std::string help) {
  if (options_.size() == options_.capacity()) throw UsageError("too many options in one set");
  return options_.emplace_back(std::move(name), value, group_, std::move(help));
}

void OptionSet::add_configuration() {
  add("config", &config_, "TOML file with these options; the command line overrides it")
      .placeholder("FILE")
      .command_line_only();
  add("dump-config", &dump_config_, "print the resulting options as such a file, and stop")
      .command_line_only();
}

Words OptionSet::names() const {
  Words result;
  for (const Option& option : options_) result.push_back(option.name());
  return result;
}

Option& OptionSet::at(std::string_view name) {
  const auto found = std::ranges::find(options_, name, &Option::name);
  if (found != options_.end()) return *found;
  const std::string near = nearest_name(name, names());
  throw UsageError(text("unknown option '", name, "'",
                        near.empty() ? std::string() : text("; did you mean '", near, "'?")));
}

void OptionSet::read_config_file() {
  std::ifstream in(config_, std::ios::binary);
  std::ostringstream content;
  if (in) content << in.rdbuf();
  if (!in || !content) throw UsageError(text("--config: cannot read '", config_, "'"));
  read_toml(content.str(), config_);
}

void OptionSet::check_needed() const {
  Words missing;
  for (const Option& option : options_)
    if (option.is_needed() && !option.given())
      missing.push_back(text("--", option.name(), " ", option.value_word()));
  std::string list;
  for (std::size_t i = 0; i < missing.size(); ++i)
    list += text(i == 0 ? "" : i + 1 < missing.size() ? ", " : " and ", missing[i]);
  if (!list.empty()) throw UsageError("give " + list);
}

bool OptionSet::parse(int argc, const char* const* argv, std::ostream& out) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<std::vector<std::string>> texts(options_.size());
  std::vector<std::int64_t> flags(options_.size(), 0);
  for (std::size_t i = 0; i < options_.size(); ++i) {
    const Option& option = options_[i];
    std::string spelling = text("--", option.name());
    for (const std::string& alias : option.aliases())
      spelling += (alias.size() == 1 ? ",-" : ",--") + alias;
    if (option.is_flag()) {
      if (option.in_files()) spelling += text(",!--no-", option.name());
      app.add_flag(spelling, flags[i]);
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
    throw UsageError(text(error.what()));
  }
  for (const std::string& extra : app.remaining()) {
    if (!extra.starts_with('-')) throw UsageError(text("unexpected argument '", extra, "'"));
    const std::string name = extra.substr(extra.find_first_not_of('-'));
    const std::string near = nearest_name(name.substr(0, name.find('=')), names());
    throw UsageError(text("unknown option '", extra, "'",
                          near.empty() ? std::string() : text("; did you mean '--", near, "'?")));
  }
  const auto index = [&](std::string_view name) {
    return std::ranges::find(options_, name, &Option::name) - options_.begin();
  };
  const auto config = static_cast<std::size_t>(index("config"));
  if (config < options_.size() && !texts[config].empty()) {
    options_[config].set_text("--config", texts[config].back());
    read_config_file();
  }
  for (std::size_t i = 0; i < options_.size(); ++i) {
    Option& option = options_[i];
    const std::string place = text("--", option.name());
    if (flags[i] != 0) option.set(place, flags[i] > 0);
    if (texts[i].empty()) continue;
    std::string joined = texts[i].back();
    if (option.is_list()) {
      joined = texts[i].front();
      for (std::size_t k = 1; k < texts[i].size(); ++k) joined += "," + texts[i][k];
    }
    option.set_text(place, joined);
  }
  if (help_)
    out << help();
  else if (version_)
    out << tool_ << " (abax) " << version() << "\n";
  else if (dump_config_)
    out << to_toml();
  if (help_ || version_ || dump_config_) return false;
  check_needed();
  return true;
}

std::string OptionSet::to_toml() const {
  std::string result, title;
  for (const Option& option : options_) {
    if (!option.in_files()) continue;
    if (option.group() != title) {
      title = option.group();
      result += text(result.empty() ? "" : "\n", "# ", title, "\n");
    }
    result += text(option.name(), " = ", option.to_toml(), "\n");
  }
  return result;
}

Json OptionSet::to_json() const {
  Json::Object members;
  for (const Option& option : options_)
    if (option.in_files()) members.emplace_back(option.name(), parse_json(option.to_toml()));
  return members;
}

std::string OptionSet::help() const {
  std::string result;
  append_wrapped(result, tool_ + ": " + purpose_, 0, 0);
  result += text("\nusage: ", tool_, " [options]\n");
  Words titles;
  for (const Option& option : options_)
    if (std::ranges::find(titles, option.group()) == titles.end()) titles.push_back(option.group());
  std::rotate(titles.begin(), titles.begin() + 1, titles.end());  // the questions last
  for (const std::string& title : titles) {
    result += text("\n", title, "\n");
    for (const Option& option : options_) {
      if (option.group() != title) continue;
      const std::string usage = text("  ", usage_of(option));
      result += usage;
      std::size_t used = usage.size();
      if (used + 2 > help_column) {
        result += "\n";
        used = 0;
      }
      const std::string value = option.in_files() ? option.value_text() : "";
      append_wrapped(result, value.empty() ? option.help() : text(option.help(), " [", value, "]"),
                     help_column, used);
    }
  }
  if (!epilogue_.empty()) result += text("\n", epilogue_, "\n");
  return result;
}

}  // namespace abax
