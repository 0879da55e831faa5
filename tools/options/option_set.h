// The options of a tool, declared once: they make its help, command line, configuration file and
// checks.
//
//     OptionSet options("train", "Trains a model.");
//     options.group("Training");
//     options.add("steps", steps, "steps to train for").at_least(1);
//     if (!options.parse(argc, argv, std::cout)) return 0;    // --help and its like were answered
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/io/json.h"

namespace abax {

using Numbers = std::vector<double>;
using Words = std::vector<std::string>;

/// One option. What the constructor binds keeps its default until a value is given.
class Option {
 public:
  /// Where a value goes. Its type decides what is accepted; a bool needs no value ("--tied",
  /// "--no-tied").
  using Target = std::variant<bool*, std::int64_t*, double*, std::string*, Numbers*, Words*>;

  Option(std::string name, Target target, std::string group, std::string help);

  /// Limits of a number, or of each number of a list.
  Option& at_least(double low);
  Option& above(double low);
  Option& at_most(double high);
  Option& below(double high);
  /// The words that are accepted.
  Option& one_of(Words choices);
  /// Another spelling ("optimizer"), or one letter ("o"). Configuration files know the name alone.
  Option& alias(std::string name);
  /// What stands for the value in the help: "FILE".
  Option& placeholder(std::string word);
  /// For what asks a question or names this run alone: not in configuration files.
  Option& command_line_only();
  /// The tool does nothing without a value; the help says so.
  Option& needed();

  const std::string& name() const { return name_; }
  const Words& aliases() const { return aliases_; }
  const std::string& group() const { return group_; }
  const std::string& help() const { return help_; }
  bool in_files() const { return in_files_; }
  bool is_flag() const { return std::holds_alternative<bool*>(target_); }
  bool is_list() const;
  bool holds_numbers() const { return std::holds_alternative<Numbers*>(target_); }
  bool given() const { return given_; }
  bool is_needed() const { return needed_; }

  /// Each takes a value from the command line or a file; `place` starts the message ("--steps").
  /// Throws UsageError on what is no such value, outside the limits, or none of the choices.
  void set_text(std::string_view place, const std::string& text);
  void set(std::string_view place, bool value);
  void set(std::string_view place, std::int64_t value);
  void set(std::string_view place, double value);
  void set(std::string_view place, const std::string& value);
  void set(std::string_view place, const Numbers& value);
  void set(std::string_view place, const Words& value);

  /// The value as TOML, which is JSON too: 20, 0.5, true, "words", [90.0, 5.0].
  std::string to_toml() const;
  /// "a whole number, at least 1", "one of: bytes, characters".
  std::string expectation() const;
  /// "N", "FILE", "bytes|characters", "" for a flag.
  std::string value_word() const;
  /// The bound value, for people: "" where there is none to show.
  std::string value_text() const;

 private:
  void check_number(std::string_view place, double value) const;
  void check_word(std::string_view place, const std::string& value) const;
  [[noreturn]] void refuse(std::string_view place, std::string_view came) const;

  std::string name_;
  Target target_;
  std::string group_;
  std::string help_;
  std::string placeholder_;
  Words aliases_;
  Words choices_;
  double low_ = -std::numeric_limits<double>::infinity();
  double high_ = std::numeric_limits<double>::infinity();
  bool low_open_ = false;
  bool high_open_ = false;
  bool in_files_ = true;
  bool needed_ = false;
  bool given_ = false;
};

class OptionSet {
 public:
  OptionSet(std::string tool, std::string purpose);

  /// What is added from here on stands under this title in the help and in dumped files.
  void group(std::string title);
  /// `value` holds the default and must outlive the set.
  Option& add(std::string name, Option::Target value, std::string help);
  /// Adds --config FILE and --dump-config, in the current group.
  void add_configuration();
  /// What the help ends with, such as examples.
  void epilogue(std::string text);

  /// Reads the file of --config, then the command line, which overrides it. False where the
  /// question was answered on `out` instead: --help, --version, --dump-config. Throws UsageError,
  /// naming the option and the nearest known one, or those that are needed and not given.
  bool parse(int argc, const char* const* argv, std::ostream& out);
  /// Reads values from the text of a configuration file; `name` is for messages.
  void read_toml(std::string_view content, const std::string& name);
  /// All values as a configuration file that reads back the same.
  std::string to_toml() const;
  /// The same as an object, for metrics.
  Json to_json() const;
  /// The help, grouped, within 96 columns.
  std::string help() const;

  /// The option of that name. Throws UsageError, saying the nearest.
  Option& at(std::string_view name);

 private:
  void read_config_file();
  void check_needed() const;
  Words names() const;

  std::string tool_;
  std::string purpose_;
  std::string epilogue_;
  std::string group_ = "Options";
  std::vector<Option> options_;
  std::string config_;
  bool help_ = false;
  bool version_ = false;
  bool dump_config_ = false;
};

}  // namespace abax
