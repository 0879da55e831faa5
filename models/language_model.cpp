// The configuration of a language model as the values of a checkpoint.
#include "models/language_model.h"

#include <charconv>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

template <class T>
T number(const std::map<std::string, std::string>& values, const std::string& key) {
  const auto found = values.find(key);
  if (found == values.end())
    throw CheckpointError(text("the checkpoint does not say '", key, "' of its language model"));
  const std::string& digits = found->second;
  T result{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
  if (error != std::errc{} || end != digits.data() + digits.size())
    throw CheckpointError(text("'", key, "' of a language model is a number, not '", digits, "'"));
  return result;
}

/// The shortest text that reads back as the same float.
std::string shortest(float value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

}  // namespace

std::map<std::string, std::string> to_values(const LanguageModelConfig& c) {
  return {{"vocabulary", std::to_string(c.vocabulary)},
          {"width", std::to_string(c.width)},
          {"layers", std::to_string(c.layers)},
          {"dropout", shortest(c.dropout)},
          {"tied", c.tied ? "1" : "0"}};
}

LanguageModelConfig language_model_config(const std::map<std::string, std::string>& values) {
  return {.vocabulary = number<std::int64_t>(values, "vocabulary"),
          .width = number<std::int64_t>(values, "width"),
          .layers = number<std::int64_t>(values, "layers"),
          .dropout = number<float>(values, "dropout"),
          .tied = number<int>(values, "tied") != 0};
}

}  // namespace abax
