// Label tokens, and codes drawn position by position.
#include "models/code_prior.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/plan/execution.h"
#include "models/layers/prediction.h"
#include "models/transformer_lm.h"

namespace abax {

namespace {

TransformerLm language_of(const CodePrior& s) {
  return {.vocabulary = s.kinds,
          .blocks = s.blocks,
          .label_smoothing = s.label_smoothing,
          .read_vocabulary = s.kinds + 1 + s.labels};
}

}  // namespace

void fields(Fields& f, CodePrior& s) {
  vocabulary_field(f, s.kinds);
  classes_field(f, s.labels);
  f.part(s.blocks);
  label_smoothing_field(f, s.label_smoothing);
}

CodePrior code_prior_for(CodePrior settings, const CodeShape& codes, std::int64_t labels) {
  if (codes.kinds == 0)
    throw UsageError(
        "a prior over codes needs codes: the latents of this autoencoder are real numbers, whose "
        "prior is a normal distribution");
  settings.kinds = codes.kinds;
  settings.labels = labels;
  settings.blocks.context = codes.positions;
  return settings;
}

std::int32_t label_token(const CodePrior& s, std::int64_t label) {
  if (label < -1 || label >= s.labels)
    throw UsageError(str_cat("there is no label ", label, ": this prior knows ", s.labels));
  return static_cast<std::int32_t>(s.kinds + 1 + label);
}

Model code_prior(Graph& g, const CodePrior& s, const BatchShape& shape) {
  return transformer_language_model(g, language_of(s), shape);
}

Value code_prior_step(Graph& g, const CodePrior& s, std::int64_t batch) {
  return transformer_language_step(g, language_of(s), batch);
}

Tensor draw_codes(Variables& store, const CodePrior& s, std::span<const std::int64_t> labels,
                  const SamplingConfig& sampling, std::uint64_t seed, Workers& workers) {
  const auto images = static_cast<std::int64_t>(labels.size());
  Tensor codes({images, s.blocks.context}, i32);
  if (images == 0) return codes;
  const std::unique_ptr<Variables> own = sharing_parameters(store);
  Graph graph(*own, Mode::evaluate, "draw");
  const Value logits = code_prior_step(graph, s, images);  // [1, images, kinds]
  Execution execution(compile(graph, {logits}), *own, workers);
  Tensor tokens({1, images}, i32);
  std::vector<Random> randoms;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    tokens.as<std::int32_t>()[i] = label_token(s, labels[i]);
    randoms.emplace_back(stream_key(seed, "draw codes", std::to_string(i)));
  }
  Sampler sampler(sampling);
  const auto kinds = static_cast<std::size_t>(s.kinds);
  for (std::int64_t position = 0; position < s.blocks.context; ++position) {
    execution.set("tokens", tokens);
    execution.set("keep", position == 0 ? 0.f : 1.f);
    execution.run();
    const auto all = execution.get(logits).as<float>();
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const std::int32_t code = sampler.draw(all.subspan(i * kinds, kinds), randoms[i]);
      tokens.as<std::int32_t>()[i] = code;
      codes.as<std::int32_t>()[i * static_cast<std::size_t>(s.blocks.context) +
                               static_cast<std::size_t>(position)] = code;
    }
  }
  return codes;
}

}  // namespace abax
