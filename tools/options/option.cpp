// One option of a tool: what values it accepts and how it writes them.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/base/error.h"
#include "core/base/text.h"
#include "tools/options/option_set.h"

namespace abax {
namespace {

/// The whole of `text` as a number, or false.
template <class T>
bool parse_number(std::string_view text, T& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// The shortest form that reads back the same. TOML tells 1 (whole) and 1.0 apart.
std::string shortest(double value, bool toml) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  std::string written(buffer, end);
  if (toml && std::isfinite(value) && written.find_first_of(".e") == std::string::npos)
    written += ".0";
  return written;
}

std::string quoted(const std::string& value) {
  std::string result = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += text('\\', c);
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr const char* digits = "0123456789abcdef";
      result += text("\\u00", digits[byte >> 4], digits[byte & 15]);
    } else {
      result += c;
    }
  }
  result += '"';
  return result;
}

Words split(const std::string& list) {
  Words parts;
  if (list.empty()) return parts;
  std::istringstream in(list);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

template <class List, class Write>
std::string joined(const List& list, std::string_view between, Write write) {
  std::string result;
  for (const auto& element : list) {
    if (&element != &list.front()) result += between;
    result += write(element);
  }
  return result;
}

std::string itself(const std::string& word) { return word; }

}  // namespace

Option::Option(std::string name, Target target, std::string group, std::string help)
    : name_(std::move(name)), target_(target), group_(std::move(group)), help_(std::move(help)) {}

Option& Option::at_least(double low) {
  low_ = low;
  return *this;
}
Option& Option::above(double low) {
  low_ = low;
  low_open_ = true;
  return *this;
}
Option& Option::at_most(double high) {
  high_ = high;
  return *this;
}
Option& Option::below(double high) {
  high_ = high;
  high_open_ = true;
  return *this;
}
Option& Option::one_of(Words choices) {
  choices_ = std::move(choices);
  return *this;
}
Option& Option::alias(std::string name) {
  aliases_.push_back(std::move(name));
  return *this;
}
Option& Option::placeholder(std::string word) {
  placeholder_ = std::move(word);
  return *this;
}
Option& Option::command_line_only() {
  in_files_ = false;
  return *this;
}
Option& Option::needed() {
  needed_ = true;
  help_ += " (needed)";
  return *this;
}

bool Option::is_list() const { return holds_numbers() || std::holds_alternative<Words*>(target_); }

std::string Option::expectation() const {
  if (is_flag()) return "true or false";
  if (!choices_.empty()) return text("one of: ", joined(choices_, ", ", itself));
  std::string kind = "a number";
  if (std::holds_alternative<std::int64_t*>(target_)) kind = "a whole number";
  if (std::holds_alternative<std::string*>(target_)) kind = "text";
  if (holds_numbers()) kind = "numbers with commas between";
  if (std::holds_alternative<Words*>(target_)) kind = "words with commas between";
  if (std::isfinite(low_)) kind += text(low_open_ ? ", above " : ", at least ", low_);
  if (std::isfinite(high_)) kind += text(high_open_ ? ", below " : ", at most ", high_);
  return kind;
}

std::string Option::value_word() const {
  if (is_flag()) return "";
  if (!placeholder_.empty()) return placeholder_;
  if (!choices_.empty()) return joined(choices_, "|", itself);
  if (std::holds_alternative<std::int64_t*>(target_)) return "N";
  if (std::holds_alternative<std::string*>(target_)) return "TEXT";
  if (holds_numbers()) return "X,X,...";
  return std::holds_alternative<Words*>(target_) ? "NAME,..." : "X";
}

void Option::refuse(std::string_view place, std::string_view came) const {
  std::string hint;
  const std::string near = choices_.empty() ? "" : nearest_name(came, choices_);
  if (!near.empty()) hint = text("; did you mean '", near, "'?");
  throw UsageError(text(place, ": expected ", expectation(), ", not '", came, "'", hint));
}

void Option::check_number(std::string_view place, double value) const {
  const bool low = low_open_ ? value > low_ : value >= low_;
  const bool high = high_open_ ? value < high_ : value <= high_;
  if (!low || !high || !std::isfinite(value)) refuse(place, shortest(value, false));
}

void Option::check_word(std::string_view place, const std::string& value) const {
  if (!choices_.empty() && std::ranges::find(choices_, value) == choices_.end())
    refuse(place, value);
}

void Option::set(std::string_view place, bool value) {
  const auto target = std::get_if<bool*>(&target_);
  if (!target) refuse(place, value ? "true" : "false");
  **target = value;
  given_ = true;
}

void Option::set(std::string_view place, std::int64_t value) {
  if (const auto target = std::get_if<std::int64_t*>(&target_)) {
    check_number(place, static_cast<double>(value));
    **target = value;
    given_ = true;
  } else if (std::holds_alternative<double*>(target_) || holds_numbers()) {
    set(place, static_cast<double>(value));
  } else {
    refuse(place, text(value));
  }
}

void Option::set(std::string_view place, double value) {
  if (holds_numbers()) return set(place, Numbers{value});
  const auto target = std::get_if<double*>(&target_);
  if (!target) refuse(place, shortest(value, true));
  check_number(place, value);
  **target = value;
  given_ = true;
}

void Option::set(std::string_view place, const std::string& value) {
  if (std::holds_alternative<Words*>(target_)) return set(place, Words{value});
  const auto target = std::get_if<std::string*>(&target_);
  if (!target) refuse(place, text("the text ", value));
  check_word(place, value);
  **target = value;
  given_ = true;
}

void Option::set(std::string_view place, const Numbers& value) {
  const auto target = std::get_if<Numbers*>(&target_);
  if (!target) refuse(place, "a list");
  for (const double number : value) check_number(place, number);
  **target = value;
  given_ = true;
}

void Option::set(std::string_view place, const Words& value) {
  const auto target = std::get_if<Words*>(&target_);
  if (!target) refuse(place, "a list");
  for (const std::string& word : value) check_word(place, word);
  **target = value;
  given_ = true;
}

void Option::set_text(std::string_view place, const std::string& value) {
  std::int64_t whole = 0;
  double number = 0;
  if (std::holds_alternative<std::int64_t*>(target_)) {
    if (!parse_number(value, whole)) refuse(place, value);
    set(place, whole);
  } else if (std::holds_alternative<double*>(target_)) {
    if (!parse_number(value, number)) refuse(place, value);
    set(place, number);
  } else if (holds_numbers()) {
    Numbers numbers;
    for (const std::string& part : split(value)) {
      if (!parse_number(part, number)) refuse(place, value);
      numbers.push_back(number);
    }
    set(place, numbers);
  } else if (std::holds_alternative<Words*>(target_)) {
    set(place, split(value));
  } else if (std::holds_alternative<bool*>(target_)) {
    if (value != "true" && value != "false") refuse(place, value);
    set(place, value == "true");
  } else {
    set(place, value);
  }
}

std::string Option::to_toml() const {
  const auto number = [](double value) { return shortest(value, true); };
  if (const auto flag = std::get_if<bool*>(&target_)) return **flag ? "true" : "false";
  if (const auto whole = std::get_if<std::int64_t*>(&target_)) return text(**whole);
  if (const auto real = std::get_if<double*>(&target_)) return number(**real);
  if (const auto word = std::get_if<std::string*>(&target_)) return quoted(**word);
  if (const auto numbers = std::get_if<Numbers*>(&target_))
    return text("[", joined(**numbers, ", ", number), "]");
  return text("[", joined(*std::get<Words*>(target_), ", ", quoted), "]");
}

std::string Option::value_text() const {
  const auto number = [](double value) { return shortest(value, false); };
  if (const auto flag = std::get_if<bool*>(&target_)) return **flag ? "on" : "";
  if (const auto real = std::get_if<double*>(&target_)) return number(**real);
  if (const auto word = std::get_if<std::string*>(&target_)) return **word;
  if (const auto numbers = std::get_if<Numbers*>(&target_)) return joined(**numbers, ",", number);
  if (const auto words = std::get_if<Words*>(&target_)) return joined(**words, ",", itself);
  return to_toml();
}

}  // namespace abax
