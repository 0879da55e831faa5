// JSON values over nlohmann's parser: the only file that names it.
#include "core/io/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

constexpr std::size_t max_depth = 64;

std::string quoted(const std::string& value) {
  try {
    return nlohmann::json(value).dump();
  } catch (const nlohmann::json::exception&) {
    throw DataError("a string is not valid UTF-8 and cannot be written as JSON");
  }
}

std::string shortened(const Json& json) {
  std::string result = to_text(json);
  if (result.size() > 40) result = result.substr(0, 37) + "...";
  return result;
}

/// The first key that occurs twice.
std::optional<std::string> repeated_key(const Json::Object& object) {
  std::vector<std::string_view> keys;
  keys.reserve(object.size());
  for (const auto& [key, value] : object) keys.push_back(key);
  std::ranges::sort(keys);
  const auto twice = std::ranges::adjacent_find(keys);
  if (twice == keys.end()) return std::nullopt;
  return std::string(*twice);
}

/// Builds the value from the parser's events. (nlohmann's own document silently keeps the last of
/// two equal keys.) Containers that are still open lie on a stack.
class Builder {
 public:
  bool null() { return add(Json()); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) { return add(value); }
  bool number_unsigned(std::uint64_t value) { return add(value); }
  bool number_float(double value, const std::string&) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(std::vector<std::uint8_t>&) { return false; }  // JSON text has none
  bool start_object(std::size_t) { return open(); }
  bool start_array(std::size_t) { return open(); }
  bool key(std::string& key) {
    open_.back().keys.push_back(std::move(key));
    return true;
  }
  bool end_array() {
    Json::Array values = std::move(open_.back().values);
    open_.pop_back();
    return add(std::move(values));
  }
  bool end_object() {
    Container& top = open_.back();
    Json::Object object;
    object.reserve(top.keys.size());
    for (std::size_t i = 0; i < top.keys.size(); ++i)
      object.emplace_back(std::move(top.keys[i]), std::move(top.values[i]));
    open_.pop_back();
    if (const auto key = repeated_key(object)) {
      error_ = str_cat("the key ", quoted(*key), " occurs twice in an object");
      return false;
    }
    return add(std::move(object));
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& e) {
    // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error ...".
    const std::string_view what = e.what();
    const std::size_t reason = what.find(": ");
    error_ =
        str_cat("at byte ", position, ": ", reason == what.npos ? what : what.substr(reason + 2));
    return false;
  }

  Json take() { return std::move(result_); }
  const std::string& error() const { return error_; }

 private:
  struct Container {
    std::vector<std::string> keys;  // of an object
    std::vector<Json> values;
  };

  bool open() {
    if (open_.size() == max_depth) {
      error_ = str_cat("nested more than ", max_depth, " levels deep");
      return false;
    }
    open_.emplace_back();
    return true;
  }
  bool add(Json value) {
    if (open_.empty())
      result_ = std::move(value);
    else
      open_.back().values.push_back(std::move(value));
    return true;
  }

  std::vector<Container> open_;
  Json result_;
  std::string error_;
};

std::string number_text(double value) {
  if (!std::isfinite(value)) return "null";
  char digits[32];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  std::string result(digits, end);
  // Keeps it a float for readers that tell 1 from 1.0.
  if (result.find_first_of(".e") == result.npos) result += ".0";
  return result;
}

}  // namespace

bool Json::boolean() const {
  if (const auto* value = std::get_if<bool>(&value_)) return *value;
  throw DataError(str_cat("expected true or false, found ", shortened(*this)));
}

std::int64_t Json::integer() const {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return *value;
  if (const auto* value = std::get_if<std::uint64_t>(&value_); value && *value <= most)
    return static_cast<std::int64_t>(*value);
  throw DataError(str_cat("expected a whole number below 2^63, found ", shortened(*this)));
}

std::uint64_t Json::natural() const {
  if (const auto* value = std::get_if<std::uint64_t>(&value_)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&value_); value && *value >= 0)
    return static_cast<std::uint64_t>(*value);
  throw DataError(str_cat("expected a whole number of at least 0, found ", shortened(*this)));
}

double Json::number() const {
  if (const auto* value = std::get_if<double>(&value_)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<std::uint64_t>(&value_)) return static_cast<double>(*value);
  throw DataError(str_cat("expected a number, found ", shortened(*this)));
}

const std::string& Json::string() const {
  if (const auto* value = std::get_if<std::string>(&value_)) return *value;
  throw DataError(str_cat("expected a string, found ", shortened(*this)));
}

const Json::Array& Json::array() const {
  if (const auto* value = std::get_if<Array>(&value_)) return *value;
  throw DataError(str_cat("expected an array, found ", shortened(*this)));
}

const Json::Object& Json::object() const {
  if (const auto* value = std::get_if<Object>(&value_)) return *value;
  throw DataError(str_cat("expected an object, found ", shortened(*this)));
}

const Json* Json::find(std::string_view key) const {
  for (const auto& [name, value] : object())
    if (name == key) return &value;
  return nullptr;
}

const Json& Json::at(std::string_view key) const {
  if (const Json* value = find(key)) return *value;
  throw DataError(str_cat("expected the key ", quoted(std::string(key)), " in ", shortened(*this)));
}

std::string to_text(const Json& json) {
  struct Writer {
    std::string operator()(std::nullptr_t) const { return "null"; }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(std::uint64_t value) const { return std::to_string(value); }
    std::string operator()(double value) const { return number_text(value); }
    std::string operator()(const std::string& value) const { return quoted(value); }
    std::string operator()(const Json::Array& array) const {
      std::string result = "[";
      for (const Json& value : array) {
        if (result.size() > 1) result += ',';
        result += to_text(value);
      }
      return result + "]";
    }
    std::string operator()(const Json::Object& object) const {
      std::string result = "{";
      for (const auto& [key, value] : object) {
        if (result.size() > 1) result += ',';
        result += quoted(key) + ":" + to_text(value);
      }
      return result + "}";
    }
  };
  return std::visit(Writer{}, json.value_);
}

Json parse_json(std::string_view text_to_parse) {
  // The parser takes a zero byte for the end and would ignore what follows.
  if (const std::size_t zero = text_to_parse.find('\0'); zero != text_to_parse.npos)
    throw DataError(str_cat("invalid JSON at byte ", zero, ": a zero byte"));
  Builder builder;
  if (!nlohmann::json::sax_parse(text_to_parse, &builder))
    throw DataError("invalid JSON " + builder.error());
  return builder.take();
}

}  // namespace abax
