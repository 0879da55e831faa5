// One field of a settings struct: its name, what it may hold, what it means.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace abax {

using Integers = std::vector<std::int64_t>;
using Numbers = std::vector<double>;
using Words = std::vector<std::string>;

/// A value as a command line or a checkpoint writes it: its field says of which type it is. In a
/// list commas stand between; behind a backslash they (and backslashes) are letters.
struct FieldText {
  std::string text;
};
/// What a field can be set to. The others come typed, from a configuration file.
using FieldValue = std::variant<FieldText, bool, std::int64_t, double, std::string, Numbers, Words>;

/// As FieldText has it.
std::string to_text(const FieldValue& value);

/// What the constructor binds keeps its default until a value is set. The struct must outlive the
/// field and stay where it is.
class Field {
 public:
  /// Which alternative of a std::variant a struct holds.
  struct Choice {
    std::function<std::size_t()> get;
    std::function<void(std::size_t)> set;
  };
  /// Where a value goes. Its type decides what is accepted.
  using Target = std::variant<bool*, std::int64_t*, float*, double*, std::string*, Integers*,
                              Numbers*, Words*, Choice>;

  Field(std::string name, Target target, std::string group, std::string help);

  /// Limits of a number, or of each number of a list.
  Field& at_least(double low);
  Field& above(double low);
  Field& at_most(double high);
  Field& below(double high);
  /// The words that are accepted; of a Choice one for each alternative, in order.
  Field& one_of(Words choices);
  /// Another spelling on the command line ("optimizer"), or one letter ("o").
  Field& alias(std::string name);
  /// What it was called before: who still says so is told the new name; in checkpoints of format 1
  /// the key of a derived value.
  Field& formerly(std::string name);
  /// What a value that there was before is called now: "--quantiser nearest --stages 4".
  Field& formerly(std::string value, std::string now);
  /// What a checkpoint of an older format than this means where it does not have the key.
  Field& before(std::int64_t format, FieldValue value);
  /// With this value of a number, fields are read that are not read by default.
  Field& opens(std::int64_t value);
  /// Another explanation.
  Field& explained(std::string help);
  /// What stands for the value in the help: "FILE".
  Field& placeholder(std::string word);
  /// For what asks a question or names this run alone: not in configuration files or checkpoints.
  Field& command_line_only();
  /// The tool does nothing without a value; the help says so.
  Field& needed();
  /// It may differ when a run goes on.
  Field& resumable();
  /// Follows from the data: a checkpoint keeps it, and nobody is asked for it.
  Field& derived();

  const std::string& name() const { return name_; }
  const Words& aliases() const { return aliases_; }
  const Words& former_names() const { return former_names_; }
  const std::string& group() const { return group_; }
  const std::string& help() const { return help_; }
  const Words& choices() const { return choices_; }
  const std::vector<std::pair<std::int64_t, FieldValue>>& former_values() const {
    return former_values_;
  }
  const std::vector<std::int64_t>& opening_values() const { return opening_values_; }
  bool in_files() const { return in_files_ && !derived_; }
  bool is_flag() const { return std::holds_alternative<bool*>(target_); }
  bool is_list() const;
  bool holds_numbers() const;
  /// Whether other fields depend on which struct this one chooses.
  bool is_choice() const { return std::holds_alternative<Choice>(target_); }
  bool is_needed() const { return needed_; }
  bool is_resumable() const { return resumable_; }
  bool is_derived() const { return derived_; }

  /// `place` starts the message ("--steps"). Throws UsageError on what is no such value, outside
  /// the limits, or none of the choices; the struct is then as it was.
  void set(std::string_view place, const FieldValue& value);

  /// Gives each word of a text or a list of words another one; nothing to all other fields.
  void change_words(const std::function<std::string(const std::string&)>& change);

  /// As set() takes it as FieldText: 20, 0.5, true, words, 90,5.
  std::string to_text() const;
  /// As TOML, which is JSON too: 20, 0.5, true, "words", [90.0, 5.0].
  std::string to_toml() const;
  /// "a whole number, at least 1", "one of: bytes, characters".
  std::string expectation() const;
  /// "N", "FILE", "bytes|characters", "" for a flag.
  std::string value_word() const;
  /// The bound value, for people: "" where there is none to show.
  std::string value_text() const;

 private:
  void set_text(std::string_view place, const std::string& text);
  void set_flag(std::string_view place, bool value);
  void set_whole(std::string_view place, std::int64_t value);
  void set_number(std::string_view place, double value);
  void set_word(std::string_view place, const std::string& value);
  void set_numbers(std::string_view place, const Numbers& values);
  void set_words(std::string_view place, const Words& values);
  void check_number(std::string_view place, double value) const;
  [[noreturn]] void refuse(std::string_view place, std::string_view came) const;

  std::string name_;
  Target target_;
  std::string group_;
  std::string help_;
  std::string placeholder_;
  Words aliases_, former_names_, choices_;
  std::vector<std::pair<std::string, std::string>> retired_;
  std::vector<std::pair<std::int64_t, FieldValue>> former_values_;
  std::vector<std::int64_t> opening_values_;
  double low_ = -std::numeric_limits<double>::infinity();
  double high_ = std::numeric_limits<double>::infinity();
  bool low_open_ = false, high_open_ = false;
  bool in_files_ = true;
  bool needed_ = false, resumable_ = false, derived_ = false;
};

}  // namespace abax
