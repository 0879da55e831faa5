// What values a field accepts and how it writes them.
#include "models/settings/field.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <type_traits>

#include "core/base/error.h"
#include "core/base/text.h"

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
template <class T>
std::string shortest(T value, bool toml) {
  char buffer[32];
  char* end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  if constexpr (std::is_floating_point_v<T>)  // 1048576, not 1.048576e+06
    if (std::abs(value) < T(1e15) && value == std::floor(value))
      end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed).ptr;
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
      result += str_cat('\\', c);
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr const char* digits = "0123456789abcdef";
      result += str_cat("\\u00", digits[byte >> 4], digits[byte & 15]);
    } else {
      result += c;
    }
  }
  result += '"';
  return result;
}

/// The parts between commas; behind a backslash a comma is a letter, as is a backslash.
Words split(const std::string& list) {
  Words parts;
  if (list.empty()) return parts;
  parts.emplace_back();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const bool letter =
        list[i] == '\\' && i + 1 < list.size() && (list[i + 1] == ',' || list[i + 1] == '\\');
    if (list[i] == ',' && !letter)
      parts.emplace_back();
    else
      parts.back() += list[letter ? ++i : i];
  }
  if (parts.back().empty()) parts.pop_back();  // a comma at the end
  return parts;
}

/// A word of a list, so that split() gives it back.
std::string escaped(const std::string& word) {
  std::string result;
  for (const char c : word) {
    if (c == ',' || c == '\\') result += '\\';
    result += c;
  }
  return result;
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

template <class... Ts>
struct Overload : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overload(Ts...) -> Overload<Ts...>;  // which clang 14 does not find by itself

}  // namespace

std::string to_text(const FieldValue& value) {
  const auto number = [](double v) { return shortest(v, false); };
  return std::visit(
      Overload{[](const FieldText& v) { return v.text; },
               [](bool v) { return std::string(v ? "true" : "false"); },
               [](std::int64_t v) { return str_cat(v); }, [&](double v) { return number(v); },
               [](const std::string& v) { return v; },
               [&](const Numbers& v) { return joined(v, ",", number); },
               [](const Words& v) { return joined(v, ",", escaped); }},
      value);
}

Field::Field(std::string name, Target target, std::string group, std::string help)
    : name_(std::move(name)),
      target_(std::move(target)),
      group_(std::move(group)),
      help_(std::move(help)) {}

Field& Field::at_least(double low) {
  low_ = low;
  return *this;
}
Field& Field::above(double low) {
  low_ = low;
  low_open_ = true;
  return *this;
}
Field& Field::at_most(double high) {
  high_ = high;
  return *this;
}
Field& Field::below(double high) {
  high_ = high;
  high_open_ = true;
  return *this;
}
Field& Field::one_of(Words choices) {
  choices_ = std::move(choices);
  return *this;
}
Field& Field::alias(std::string name) {
  aliases_.push_back(std::move(name));
  return *this;
}
Field& Field::formerly(std::string name) {
  former_names_.push_back(std::move(name));
  return *this;
}
Field& Field::formerly(std::string value, std::string now) {
  retired_.emplace_back(std::move(value), std::move(now));
  return *this;
}
Field& Field::before(std::int64_t format, FieldValue value) {
  former_values_.emplace_back(format, std::move(value));
  return *this;
}
Field& Field::opens(std::int64_t value) {
  opening_values_.push_back(value);
  return *this;
}
Field& Field::explained(std::string help) {
  help_ = std::move(help);
  return *this;
}
Field& Field::placeholder(std::string word) {
  placeholder_ = std::move(word);
  return *this;
}
Field& Field::command_line_only() {
  in_files_ = false;
  return *this;
}
Field& Field::needed() {
  needed_ = true;
  help_ += " (needed)";
  return *this;
}
Field& Field::resumable() {
  resumable_ = true;
  return *this;
}
Field& Field::derived() {
  derived_ = true;
  return *this;
}

bool Field::holds_numbers() const {
  return std::holds_alternative<Numbers*>(target_) || std::holds_alternative<Integers*>(target_);
}
bool Field::is_list() const { return holds_numbers() || std::holds_alternative<Words*>(target_); }

std::string Field::expectation() const {
  if (is_flag()) return "true or false";
  if (!choices_.empty()) return str_cat("one of: ", joined(choices_, ", ", itself));
  std::string kind = std::visit(
      Overload{[](std::int64_t*) { return "a whole number"; }, [](std::string*) { return "text"; },
               [](Integers*) { return "whole numbers with commas between"; },
               [](Numbers*) { return "numbers with commas between"; },
               [](Words*) { return "words with commas between"; },
               [](const auto&) { return "a number"; }},
      target_);
  if (std::isfinite(low_))
    kind += str_cat(low_open_ ? ", above " : ", at least ", shortest(low_, false));
  if (std::isfinite(high_))
    kind += str_cat(high_open_ ? ", below " : ", at most ", shortest(high_, false));
  return kind;
}

std::string Field::value_word() const {
  if (is_flag()) return "";
  if (!placeholder_.empty()) return placeholder_;
  if (!choices_.empty()) return joined(choices_, "|", itself);
  return std::visit(
      Overload{[](std::int64_t*) { return "N"; }, [](std::string*) { return "TEXT"; },
               [](Integers*) { return "N,N,..."; }, [](Numbers*) { return "X,X,..."; },
               [](Words*) { return "NAME,..."; }, [](const auto&) { return "X"; }},
      target_);
}

void Field::refuse(std::string_view place, std::string_view came) const {
  std::string hint;
  for (const auto& [value, advice] : retired_)
    if (value == came) throw UsageError(str_cat(place, ": '", value, "' is now ", advice));
  const std::string near = choices_.empty() ? "" : nearest_name(came, choices_);
  if (!near.empty()) hint = str_cat("; did you mean '", near, "'?");
  throw UsageError(str_cat(place, ": expected ", expectation(), ", not '", came, "'", hint));
}

void Field::check_number(std::string_view place, double value) const {
  const bool low = low_open_ ? value > low_ : value >= low_;
  const bool high = high_open_ ? value < high_ : value <= high_;
  if (!low || !high || !std::isfinite(value)) refuse(place, shortest(value, false));
}

void Field::set_flag(std::string_view place, bool value) {
  const auto target = std::get_if<bool*>(&target_);
  if (!target) refuse(place, value ? "true" : "false");
  **target = value;
}

void Field::set_whole(std::string_view place, std::int64_t value) {
  if (const auto target = std::get_if<std::int64_t*>(&target_)) {
    check_number(place, static_cast<double>(value));
    **target = value;
  } else if (is_flag() || is_choice() || (!is_list() && !choices_.empty())) {
    refuse(place, str_cat(value));
  } else {
    set_number(place, static_cast<double>(value));
  }
}

void Field::set_number(std::string_view place, double value) {
  if (holds_numbers()) return set_numbers(place, Numbers{value});
  if (const auto target = std::get_if<double*>(&target_)) {
    check_number(place, value);
    **target = value;
  } else if (const auto single = std::get_if<float*>(&target_)) {
    check_number(place, value);
    // The nearest float may lie on a limit that is not to be reached: 0.99999999 is 1.
    const auto nearest = static_cast<float>(value);
    if (!std::isfinite(nearest) || (low_open_ && nearest <= static_cast<float>(low_)) ||
        (high_open_ && nearest >= static_cast<float>(high_)))
      refuse(place, shortest(value, false));
    **single = nearest;
  } else {
    refuse(place, shortest(value, true));
  }
}

void Field::set_word(std::string_view place, const std::string& value) {
  if (std::holds_alternative<Words*>(target_)) return set_words(place, Words{value});
  const auto chosen = std::ranges::find(choices_, value);
  const bool known = choices_.empty() || chosen != choices_.end();
  if (const auto target = std::get_if<std::string*>(&target_); target && known)
    **target = value;
  else if (const auto choice = std::get_if<Choice>(&target_); choice && known)
    choice->set(static_cast<std::size_t>(chosen - choices_.begin()));
  else
    refuse(place, target || choice ? value : str_cat("the text ", value));
}

void Field::set_numbers(std::string_view place, const Numbers& values) {
  for (const double number : values) check_number(place, number);
  if (const auto target = std::get_if<Numbers*>(&target_)) {
    **target = values;
  } else if (const auto whole = std::get_if<Integers*>(&target_)) {
    Integers integers;
    for (const double number : values) {
      if (number != std::trunc(number) || std::abs(number) > 1e15)
        refuse(place, shortest(number, false));
      integers.push_back(static_cast<std::int64_t>(number));
    }
    **whole = integers;
  } else {
    refuse(place, "a list");
  }
}

void Field::set_words(std::string_view place, const Words& values) {
  if (holds_numbers() && values.empty()) return set_numbers(place, {});
  const auto target = std::get_if<Words*>(&target_);
  if (!target) refuse(place, "a list");
  for (const std::string& word : values)
    if (!choices_.empty() && std::ranges::find(choices_, word) == choices_.end())
      refuse(place, word);
  **target = values;
}

void Field::set_text(std::string_view place, const std::string& value) {
  const auto number = [&](const std::string& digits) {
    double result = 0;
    if (!parse_number(digits, result)) refuse(place, value);
    return result;
  };
  std::visit(Overload{[&](bool*) {
                        if (value != "true" && value != "false") refuse(place, value);
                        set_flag(place, value == "true");
                      },
                      [&](std::int64_t*) {
                        std::int64_t whole = 0;
                        if (!parse_number(value, whole)) refuse(place, value);
                        set_whole(place, whole);
                      },
                      [&](std::string*) { set_word(place, value); },
                      [&](const Choice&) { set_word(place, value); },
                      [&](Words*) { set_words(place, split(value)); },
                      [&]<class T>(T*) {
                        if (!holds_numbers()) return set_number(place, number(value));
                        Numbers numbers;
                        for (const std::string& part : split(value))
                          numbers.push_back(number(part));
                        set_numbers(place, numbers);
                      }},
             target_);
}

void Field::set(std::string_view place, const FieldValue& value) {
  std::visit(
      Overload{[&](const FieldText& v) { set_text(place, v.text); },
               [&](bool v) { set_flag(place, v); }, [&](std::int64_t v) { set_whole(place, v); },
               [&](double v) { set_number(place, v); },
               [&](const std::string& v) { set_word(place, v); },
               [&](const Numbers& v) { set_numbers(place, v); },
               [&](const Words& v) { set_words(place, v); }},
      value);
}

void Field::change_words(const std::function<std::string(const std::string&)>& change) {
  if (const auto word = std::get_if<std::string*>(&target_)) **word = change(**word);
  if (const auto words = std::get_if<Words*>(&target_))
    for (std::string& each : **words) each = change(each);
}

std::string Field::to_text() const {
  const auto number = [](auto value) { return shortest(value, false); };
  return std::visit(
      Overload{[](const bool* v) { return std::string(*v ? "true" : "false"); },
               [](const std::int64_t* v) { return str_cat(*v); },
               [](const std::string* v) { return *v; },
               [](const Integers* v) { return joined(*v, ",", [](auto n) { return str_cat(n); }); },
               [&](const Numbers* v) { return joined(*v, ",", number); },
               [](const Words* v) { return joined(*v, ",", escaped); },
               [&](const Choice& v) { return choices_.at(v.get()); },
               [&](const auto* v) { return number(*v); }},
      target_);
}

std::string Field::to_toml() const {
  const auto number = [](auto value) { return shortest(value, true); };
  return std::visit(
      Overload{[](const std::string* v) { return quoted(*v); },
               [&](const Numbers* v) { return str_cat("[", joined(*v, ", ", number), "]"); },
               [](const Words* v) { return str_cat("[", joined(*v, ", ", quoted), "]"); },
               [](const Integers* v) {
                 return str_cat("[", joined(*v, ", ", [](auto n) { return str_cat(n); }), "]");
               },
               [&](const Choice&) { return quoted(to_text()); },
               [&](const double* v) { return number(*v); },
               [&](const float* v) { return number(*v); }, [&](const auto*) { return to_text(); }},
      target_);
}

std::string Field::value_text() const {
  if (is_flag()) return to_text() == "true" ? "on" : "";
  return to_text();
}

}  // namespace abax
