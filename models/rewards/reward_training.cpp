// Drawing, scoring, and a batch of samples above references.
#include "models/rewards/reward_training.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "models/registry.h"
#include "models/settings/values.h"
#include "ops/elementwise.h"
#include "ops/loss.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

using Tokens = std::vector<std::int32_t>;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Column `row` of [time, rows] as far as `length`.
Tokens column(const Tensor& tensor, std::int64_t row, std::int64_t length) {
  Tokens tokens;
  for (std::int64_t t = 0; t < length; ++t)
    tokens.push_back(tensor.as<std::int32_t>()[at(t * tensor.shape()[1] + row)]);
  return tokens;
}

/// The target of a row: what stands before its end token.
Tokens reference_of(const Tensor& targets, std::int64_t row, std::int32_t end) {
  Tokens tokens = column(targets, row, targets.shape()[0]);
  tokens.erase(std::ranges::find_if(tokens, [&](auto t) { return t == end || t < 0; }),
               tokens.end());
  return tokens;
}

LearnerConfig with_build(LearnerConfig config,
                         std::function<Model(Graph& graph, const BatchShape& shape)> build) {
  if (config.build)
    throw UsageError("RewardTraining: the model is one of the registry, not LearnerConfig::build");
  config.build = std::move(build);
  return config;
}

}  // namespace

double exact_match(const DrawnSequence& drawn) {
  return std::ranges::equal(drawn.tokens, drawn.reference) ? 1 : 0;
}

/// The items of a batch that are there, and what was drawn for them.
struct RewardTraining::Drawn {
  std::vector<std::int64_t> rows;              // of the batch, one an item
  std::vector<Tokens> sources, references;     // one an item
  std::vector<Hypothesis> samples, likeliest;  // [samples * items], [items] of self-critical
};

RewardTraining::RewardTraining(Variables& store, const RewardConfig& config, Workers& workers,
                               SourceLocation where)
    : store_(store),
      config_(config),
      workers_(workers),
      translators_(config.learner.train_shapes.size()),
      learner_(called_from(where, [&] {
        check_settings(config.objective, "RewardTraining");
        if (!config.reward) throw UsageError("RewardTraining: there is no function of the reward");
        if (!config.learner.model.entry().decoder.begin)
          throw UsageError(str_cat("RewardTraining: '", config.learner.model.name(),
                                   "' makes no sequence from another"));
        return Learner(
            store,
            with_build(config.learner,
                       [this](Graph& g, const BatchShape& shape) { return build(g, shape); }),
            workers);
      })) {}

std::int64_t RewardTraining::steps_of(const BatchShape& shape) const {
  const ModelSettings& model = config_.learner.model;
  const auto context = model.entry().context;
  const std::int64_t most = context ? context(model) : 0;
  const std::int64_t steps = shape.target_length + config_.longer;
  return most > 0 ? std::max(shape.target_length, std::min(steps, most)) : steps;
}

Model RewardTraining::build(Graph& g, const BatchShape& shape) const {
  const ModelSettings& settings = config_.learner.model;
  if (!g.training()) return settings.entry().build(g, settings, shape);
  const RewardObjective& objective = config_.objective;
  const std::int64_t samples = objective.samples, batch = shape.batch;
  const BatchShape all{
      .batch = (samples + 1) * batch, .length = shape.length, .target_length = steps_of(shape)};
  const Model model = settings.entry().build(g, settings, all);
  Value logits = model.output;  // [steps, (samples + 1) * batch, vocabulary]
  if (config_.begin != config_.end) {
    // As when drawing: the token that begins a sequence does not come again.
    Tensor never(Shape{logits.shape()[2]});
    never.as<float>()[at(config_.begin)] = -std::numeric_limits<float>::infinity();
    logits = logits + g.constant(std::move(never));
  }
  const Value nats = sum(cross_entropy_rows(logits, g.find("targets")).loss, {0});
  const Value log_p = reshape(-nats, {samples + 1, batch});
  const Value rewards = g.input("rewards", {samples + 1, batch});  // as log_p
  const Value weights = g.input("weights", {batch});
  const auto of_samples = [&](Value x) { return slice(x, 0, 0, samples); };     // [samples, batch]
  const Value right = reshape(slice(log_p, 0, samples, samples + 1), {batch});  // of references
  Value baseline, expected;
  if (objective.name == "self-critical") baseline = g.input("greedy_rewards", {batch});
  if (objective.name == "minimum-risk")  // references are among the sequences at hand
    expected =
        expected_reward(objective, log_p, rewards, {}, g.input("distinct", {samples + 1, batch}));
  else
    expected = expected_reward(objective, of_samples(log_p), of_samples(rewards), baseline);
  const Value count = sum(weights);
  const auto over_items = [&](Value x) { return Loss{sum(x * weights), count}; };
  Model result{.output = logits,
               .loss = over_items(-(expected + static_cast<float>(objective.likelihood) * right)),
               .metrics = {{"reward", over_items(mean(of_samples(rewards), {0}))},
                           {"nats", over_items(-right)},
                           {"sample_nats", over_items(-mean(of_samples(log_p), {0}))}}};
  if (baseline) result.metrics["greedy_reward"] = over_items(baseline);
  return result;
}

Translator& RewardTraining::translator_for(int number) {
  auto& translator = translators_.at(at(number));
  if (!translator) {
    const BatchShape& shape = config_.learner.train_shapes[at(number)];
    translator =
        std::make_unique<Translator>(store_, config_.learner.model,
                                     DecodingShape{.batch = config_.objective.samples * shape.batch,
                                                   .length = shape.length,
                                                   .limit = steps_of(shape)},
                                     workers_);
  }
  return *translator;
}

double RewardTraining::reward_of(const DrawnSequence& drawn) const {
  const double reward = config_.reward(drawn);
  if (!std::isfinite(reward))
    throw DataError(str_cat("RewardTraining: a reward is a finite number, not ", reward, ", of ",
                            drawn.tokens.size(), " tokens where the reference has ",
                            drawn.reference.size()));
  return reward;
}

void RewardTraining::pack(const data::Batch& pairs, const Drawn& drawn) {
  const BatchShape& shape = config_.learner.train_shapes[at(pairs.shape)];
  const std::int64_t samples = config_.objective.samples, batch = shape.batch;
  const std::int64_t rows = (samples + 1) * batch, steps = steps_of(shape);
  const auto fresh = [&](const char* name, TensorType type) -> Tensor& {
    Tensor& tensor = packed_.prepare(name, type);
    std::fill_n(static_cast<std::byte*>(tensor.data()), tensor.bytes(), std::byte{0});
    return tensor;
  };
  const auto source = fresh("source", {{shape.length, rows}, i32}).as<std::int32_t>();
  const auto lengths = fresh("source_lengths", {{rows}, i32}).as<std::int32_t>();
  const auto tokens = fresh("tokens", {{steps, rows}, i32}).as<std::int32_t>();
  const auto targets = fresh("targets", {{steps, rows}, i32}).as<std::int32_t>();
  const auto rewards = fresh("rewards", {{samples + 1, batch}, f32}).as<float>();
  const auto distinct = fresh("distinct", {{samples + 1, batch}, f32}).as<float>();
  const auto likeliest = fresh("greedy_rewards", {{batch}, f32}).as<float>();
  const auto weights = fresh("weights", {{batch}, f32}).as<float>();
  std::ranges::fill(targets, -1);
  const auto write = [&](std::int64_t row, const Tokens& from, const Tokens& to, bool ended) {
    lengths[at(row)] = static_cast<std::int32_t>(from.size());
    for (std::size_t t = 0; t < from.size(); ++t) source[t * at(rows) + at(row)] = from[t];
    tokens[at(row)] = config_.begin;
    for (std::size_t t = 0; t < to.size(); ++t) {
      targets[t * at(rows) + at(row)] = to[t];
      if (t + 1 < at(steps)) tokens[(t + 1) * at(rows) + at(row)] = to[t];
    }
    if (ended) targets[to.size() * at(rows) + at(row)] = config_.end;
  };
  const std::size_t items = drawn.rows.size();
  for (std::size_t item = 0; item < items; ++item) {
    const std::int64_t b = drawn.rows[item];
    const Tokens &from = drawn.sources[item], &reference = drawn.references[item];
    std::set<Tokens> seen{reference};
    for (std::int64_t s = 0; s < samples; ++s) {
      const Tokens& sample = drawn.samples[at(s) * items + item].tokens;
      // At the limit the end was not drawn: it came whatever its probability.
      write(s * batch + b, from, sample, sample.size() + 1 < at(steps));
      rewards[at(s * batch + b)] = static_cast<float>(reward_of({from, reference, sample}));
      distinct[at(s * batch + b)] = seen.insert(sample).second ? 1.f : 0.f;
    }
    write(samples * batch + b, from, reference, true);
    distinct[at(samples * batch + b)] = 1;
    if (config_.objective.name == "minimum-risk")
      rewards[at(samples * batch + b)] =
          static_cast<float>(reward_of({from, reference, reference}));
    weights[at(b)] = 1;
    if (!drawn.likeliest.empty())
      likeliest[at(b)] =
          static_cast<float>(reward_of({from, reference, drawn.likeliest[item].tokens}));
  }
  packed_.shape = pairs.shape;
  packed_.position = pairs.position;
  packed_.counted = std::ssize(drawn.rows);
}

Evaluation RewardTraining::learn(const data::Batch& pairs, const Scalars& scalars) {
  if (pairs.shape < 0 || at(pairs.shape) >= translators_.size())
    throw UsageError(str_cat("RewardTraining: the shape number ", pairs.shape, " is none of the ",
                             translators_.size(), " of LearnerConfig::train_shapes"));
  Drawn drawn;
  const Tensor &source = pairs.input("source"), &targets = pairs.input("targets");
  const auto lengths = pairs.input("source_lengths").as<std::int32_t>();
  for (std::int64_t row = 0; row < std::ssize(lengths); ++row) {
    if (lengths[at(row)] == 0) continue;  // fills the batch
    drawn.rows.push_back(row);
    drawn.sources.push_back(column(source, row, lengths[at(row)]));
    drawn.references.push_back(reference_of(targets, row, config_.end));
  }
  Translator& translator = translator_for(pairs.shape);
  const BeamConfig search{
      .beam = 1, .limit = translator.shape().limit - 1, .begin = config_.begin, .end = config_.end};
  std::vector<Tokens> repeated;
  for (std::int64_t s = 0; s < config_.objective.samples; ++s)
    repeated.insert(repeated.end(), drawn.sources.begin(), drawn.sources.end());
  Sampler sampler(SamplingConfig{});
  Random random(stream_key(config_.seed, "rewards", "samples"),
                static_cast<std::uint64_t>(pairs.position));
  drawn.samples = translator.sample(repeated, search, sampler, random);
  if (config_.objective.name == "self-critical")
    for (auto& found : translator.translate(drawn.sources, search))
      drawn.likeliest.push_back(std::move(found.front()));
  pack(pairs, drawn);
  return learner_.learn(packed_, scalars);
}

}  // namespace abax
