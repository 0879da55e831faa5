// The configuration of a model as the values of a checkpoint.
#include "models/model_config.h"

#include <charconv>
#include <type_traits>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

/// Every field with its name, for reading and for writing.
template <class Config, class Visit>
void visit_fields(Config& c, const Visit& visit) {
  visit("vocabulary", c.vocabulary);
  visit("source_vocabulary", c.source_vocabulary);
  visit("classes", c.classes);
  visit("blocks", c.blocks);
  visit("width", c.width);
  visit("layers", c.layers);
  visit("decoder_layers", c.decoder_layers);
  visit("heads", c.heads);
  visit("feed_forward", c.feed_forward);
  visit("dropout", c.dropout);
  visit("label_smoothing", c.label_smoothing);
  visit("tied", c.tied);
  visit("shared_embeddings", c.shared_embeddings);
  visit("positions", c.positions);
  visit("context", c.context);
  visit("memory", c.memory);
  visit("bidirectional", c.bidirectional);
  visit("pooling", c.pooling);
}

template <class T>
T number(const std::string& key, const std::string& digits) {
  T result{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
  if (error != std::errc{} || end != digits.data() + digits.size())
    throw CheckpointError(text("'", key, "' of a model is a number, not '", digits, "'"));
  return result;
}

std::string written(const std::string& value) { return value; }
std::string written(bool value) { return value ? "1" : "0"; }
std::string written(std::int64_t value) { return std::to_string(value); }
/// The shortest text that reads back as the same float.
std::string written(float value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

}  // namespace

std::map<std::string, std::string> to_values(const ModelConfig& config) {
  std::map<std::string, std::string> values;
  visit_fields(config, [&](const char* key, const auto& field) { values[key] = written(field); });
  return values;
}

ModelConfig model_config(const std::map<std::string, std::string>& values) {
  ModelConfig config;
  visit_fields(config, [&]<class T>(const std::string& key, T& field) {
    const auto found = values.find(key);
    if (found == values.end())
      throw CheckpointError(text("the checkpoint does not say '", key, "' of its model"));
    if constexpr (std::is_same_v<T, std::string>)
      field = found->second;
    else if constexpr (std::is_same_v<T, bool>)
      field = number<int>(key, found->second) != 0;
    else
      field = number<T>(key, found->second);
  });
  return config;
}

}  // namespace abax
