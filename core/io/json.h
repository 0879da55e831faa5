// JSON values: what headers, checkpoints, metrics and vocabularies are written in.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace abax {

/// A value of RFC 8259. Objects keep their order; equal keys are refused, not merged.
///
///     Json line = Json::Object{{"step", 100}, {"loss", 1.25}};
///     std::string written = to_text(line);                 // {"step":100,"loss":1.25}
///     double loss = parse_json(written).at("loss").number();
class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;  // null
  Json(std::same_as<bool> auto value) : value_(value) {}
  Json(std::signed_integral auto value) : value_(std::int64_t{value}) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Json(T value) : value_(std::uint64_t{value}) {}
  Json(double value) : value_(value) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  /// What the value holds. Each throws DataError, saying what was expected and what came.
  bool boolean() const;
  /// A whole number without fraction or exponent, in the range of the type.
  std::int64_t integer() const;
  std::uint64_t natural() const;
  /// Any number.
  double number() const;
  const std::string& string() const;
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  const Array& array() const;
  const Object& object() const;

  /// The member of that key, or null where there is none. Throws DataError where this is no object.
  const Json* find(std::string_view key) const;
  /// The same; throws DataError where there is none.
  const Json& at(std::string_view key) const;

 private:
  friend std::string to_text(const Json& json);
  using Value = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string,
                             Array, Object>;
  Value value_ = nullptr;
};

/// Without line breaks. Floats in the shortest form that reads back the same; infinite ones and
/// NaN, which JSON lacks, become null. Throws DataError on a string that is not UTF-8.
std::string to_text(const Json& json);

/// Reads one value and nothing after it but white space. Throws DataError with the byte and the
/// reason: broken syntax, invalid UTF-8, equal keys in an object, nesting beyond 64 levels.
Json parse_json(std::string_view text);

}  // namespace abax
