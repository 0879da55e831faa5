// Label tokens, and codes drawn position by position.
#include "models/code_prior.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/plan/execution.h"
#include "models/transformer_lm.h"

namespace abax {

ModelConfig code_prior_config(ModelConfig config, const CodeShape& codes, std::int64_t labels) {
  if (codes.kinds == 0)
    throw UsageError(
        "a prior over codes needs codes: the latents of this autoencoder are real numbers, whose "
        "prior is a normal distribution");
  config.vocabulary = codes.kinds;
  config.classes = labels;
  config.source_vocabulary = codes.kinds + 1 + labels;
  config.context = codes.positions;
  return config;
}

std::int32_t label_token(const ModelConfig& config, std::int64_t label) {
  if (label < -1 || label >= config.classes)
    throw UsageError(text("there is no label ", label, ": this prior knows ", config.classes));
  return static_cast<std::int32_t>(config.vocabulary + 1 + label);
}

Model code_prior(Graph& g, const ModelConfig& c, const BatchShape& shape) {
  return transformer_language_model(g, c, shape);
}

Tensor draw_codes(const Variables& store, const ModelConfig& c,
                  std::span<const std::int64_t> labels, const SamplingConfig& sampling,
                  std::uint64_t seed, Workers& workers) {
  const auto images = static_cast<std::int64_t>(labels.size());
  Tensor codes({images, c.context}, i32);
  if (images == 0) return codes;
  const std::unique_ptr<Variables> copy = copy_of_parameters(store);
  Graph graph(*copy, Mode::evaluate, "draw");
  const Value logits = transformer_language_step(graph, c, images);  // [1, images, kinds]
  Execution execution(compile(graph, {logits}), *copy, workers);
  Tensor tokens({1, images}, i32);
  std::vector<Random> randoms;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    tokens.as<std::int32_t>()[i] = label_token(c, labels[i]);
    randoms.emplace_back(stream_key(seed, "draw codes", std::to_string(i)));
  }
  Sampler sampler(sampling);
  const auto kinds = static_cast<std::size_t>(c.vocabulary);
  for (std::int64_t position = 0; position < c.context; ++position) {
    execution.set("tokens", tokens);
    execution.set("keep", position == 0 ? 0.f : 1.f);
    execution.run();
    const auto all = execution.get(logits).as<float>();
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const std::int32_t code = sampler.draw(all.subspan(i * kinds, kinds), randoms[i]);
      tokens.as<std::int32_t>()[i] = code;
      codes.as<std::int32_t>()[i * static_cast<std::size_t>(c.context) +
                               static_cast<std::size_t>(position)] = code;
    }
  }
  return codes;
}

}  // namespace abax
