// The configuration of a model as the values of a checkpoint.
#include "models/model_config.h"

#include <algorithm>
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
  visit("image_height", c.image_height);
  visit("image_width", c.image_width);
  visit("image_channels", c.image_channels);
  visit("pixel_variance", c.pixel_variance);
  visit("network", c.network);
  visit("hidden", c.hidden);
  visit("channels", c.channels);
  visit("downsamplings", c.downsamplings);
  visit("residual_layers", c.residual_layers);
  visit("residual_channels", c.residual_channels);
  visit("likelihood", c.likelihood);
  visit("latents", c.latents);
  visit("categories", c.categories);
  visit("estimator", c.estimator);
  visit("samples", c.samples);
  visit("prior", c.prior);
  visit("posterior", c.posterior);
  visit("pixels", c.pixels);
  visit("quantiser", c.quantiser);
  visit("codes", c.codes);
  visit("code_width", c.code_width);
  visit("groups", c.groups);
  visit("stages", c.stages);
  visit("levels", c.levels);
  visit("commitment", c.commitment);
  visit("codebook_decay", c.codebook_decay);
  visit("cosine", c.cosine);
  visit("codebook_start", c.codebook_start);
  visit("restart_below", c.restart_below);
  visit("quantiser_dropout", c.quantiser_dropout);
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
/// "512,256".
std::string written(const std::vector<std::int64_t>& values) {
  std::string result;
  for (const std::int64_t value : values) {
    if (!result.empty()) result += ',';
    result += std::to_string(value);
  }
  return result;
}

std::vector<std::int64_t> numbers(const std::string& key, const std::string& list) {
  std::vector<std::int64_t> result;
  for (std::size_t start = 0; start < list.size();) {
    const std::size_t end = std::min(list.find(',', start), list.size());
    result.push_back(number<std::int64_t>(key, list.substr(start, end - start)));
    start = end + 1;
  }
  return result;
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
    else if constexpr (std::is_same_v<T, std::vector<std::int64_t>>)
      field = numbers(key, found->second);
    else
      field = number<T>(key, found->second);
  });
  return config;
}

}  // namespace abax
