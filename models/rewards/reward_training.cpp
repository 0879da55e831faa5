// Drawing, scoring, and a batch of samples above references.
#include "models/rewards/reward_training.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/gradients.h"
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

/// Which axis of what sequences are written from is that of the items.
int items_axis(std::string_view name) { return name == "codes" ? 0 : -1; }

/// Item which[i] of `from` becomes item i of the batch's input of that name; -1: zeros.
void put_items(const NamedTensor& from, std::span<const std::int64_t> which, data::Batch& batch) {
  const Shape& shape = from.tensor.type.shape;
  const int axis = shape.axis(items_axis(from.name));
  Tensor& to =
      batch.prepare(from.name, {shape.with(axis, std::ssize(which)), from.tensor.type.dtype});
  std::size_t outer = 1, inner = size_of(to.dtype());
  for (int i = 0; i < axis; ++i) outer *= at(shape[i]);
  for (int i = axis + 1; i < shape.rank(); ++i) inner *= at(shape[i]);
  const auto* read = static_cast<const std::byte*>(from.tensor.data);
  auto* write = static_cast<std::byte*>(to.data());
  for (std::size_t o = 0; o < outer; ++o, read += at(shape[axis]) * inner)
    for (const std::int64_t item : which) {
      if (item < 0)
        std::memset(write, 0, inner);
      else
        std::memcpy(write, read + at(item) * inner, inner);
      write += inner;
    }
}

bool writes_codes(const ModelSettings& model) {
  return model.entry().autoencoder.log_likelihood != nullptr;
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

bool takes_rewards(const ModelSettings& model) { return model.entry().decoder.begin != nullptr; }

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
      decoders_(config.learner.train_shapes.size()),
      learner_(called_from(where, [&] {
        check_settings(config.objective, "RewardTraining");
        if (!config.reward && !config.rewards)
          throw UsageError("RewardTraining: there is no function of the reward");
        if (!takes_rewards(config.learner.model))
          throw UsageError(str_cat("RewardTraining: '", config.learner.model.name(),
                                   "' writes no sequences that could be rewarded"));
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
  const std::int64_t length = shape.target_length > 0 ? shape.target_length : shape.length;
  const std::int64_t steps = length + config_.longer;
  return most > 0 ? std::max(length, std::min(steps, most)) : steps;
}

BatchShape RewardTraining::rows_of(const BatchShape& shape, std::int64_t rows) const {
  const std::int64_t steps = steps_of(shape);
  if (shape.target_length == 0) return {.batch = rows, .length = steps};
  return {.batch = rows, .length = shape.length, .target_length = steps};
}

/// Of all rows, [rows].
Value RewardTraining::log_probabilities(Graph& g, const BatchShape& rows) const {
  const ModelSettings& settings = config_.learner.model;
  const ModelEntry& entry = settings.entry();
  if (writes_codes(settings)) {
    // The encoder is no part of this graph; its parameters must be there.
    Graph whole(store_, Mode::train, "whole");
    entry.build(whole, settings,
                {.batch = 1, .length = 1, .target_length = rows.target_length > 0});
    const CodeShape each = entry.autoencoder.shape(settings);
    const Value codes = g.input("codes", {rows.batch, each.positions}, each.kinds > 0 ? i32 : f32,
                                each.kinds > 0 ? values_in(0, each.kinds) : Range{});
    return entry.autoencoder.log_likelihood(g, settings, rows, codes);
  }
  Value logits = entry.build(g, settings, rows).output;  // [steps, rows, vocabulary]
  if (config_.begin != config_.end) {
    // As when drawing: the token that begins a sequence does not come again.
    Tensor never(Shape{logits.shape()[2]});
    never.as<float>()[at(config_.begin)] = -std::numeric_limits<float>::infinity();
    logits = logits + g.constant(std::move(never));
  }
  return -sum(cross_entropy_rows(logits, g.find("targets")).loss, {0});
}

Model RewardTraining::build(Graph& g, const BatchShape& shape) const {
  const ModelSettings& settings = config_.learner.model;
  if (!g.training()) return settings.entry().build(g, settings, shape);
  const RewardObjective& objective = config_.objective;
  const std::int64_t samples = objective.samples, batch = shape.batch;
  const Value log_p =
      reshape(log_probabilities(g, rows_of(shape, (samples + 1) * batch)), {samples + 1, batch});
  const Value rewards = g.input("rewards", {samples + 1, batch});  // as log_p
  const Value weights = g.input("item_weights", {batch});
  const auto of_samples = [&](Value x) { return slice(x, 0, 0, samples); };     // [samples, batch]
  const Value right = reshape(slice(log_p, 0, samples, samples + 1), {batch});  // of references
  const Value reward = mean(of_samples(rewards), {0});
  Value expected, baseline = reward;
  if (objective.estimator == "minimum-risk") {  // references are among the sequences at hand
    expected =
        expected_reward(objective, log_p, rewards, {}, g.input("distinct", {samples + 1, batch}));
    baseline = expected;
  } else {
    Value likeliest;
    if (objective.estimator == "self-critical")
      baseline = likeliest = g.input("greedy_rewards", {batch});
    expected = expected_reward(objective, of_samples(log_p), of_samples(rewards), likeliest);
  }
  const Value factors = gradients(sum(expected), {log_p})[0];  // of grad log p
  const Value count = sum(weights);
  const auto over_items = [&](Value x) { return Loss{sum(x * weights), count}; };
  return {.output = log_p,
          .loss = over_items(-(expected + static_cast<float>(objective.likelihood) * right)),
          .metrics = {{"reward", over_items(reward)},
                      {"baseline", over_items(baseline)},
                      {"estimator_variance", over_items(sum(square(factors), {0}))},
                      {"nats", over_items(-right)},
                      {"sample_nats", over_items(-mean(of_samples(log_p), {0}))}}};
}

SequenceDecoder& RewardTraining::decoder_for(int number) {
  auto& decoder = decoders_.at(at(number));
  if (!decoder) {
    const BatchShape& shape = config_.learner.train_shapes[at(number)];
    decoder = std::make_unique<SequenceDecoder>(
        store_, config_.learner.model,
        DecodingShape{.batch = config_.objective.samples * shape.batch,
                      .length = shape.target_length > 0 ? shape.length : 0,
                      .limit = steps_of(shape)},
        workers_);
  }
  return *decoder;
}

std::vector<double> RewardTraining::rewards_of(std::span<const DrawnSequence> drawn) const {
  std::vector<double> rewards;
  if (config_.rewards)
    rewards = config_.rewards(drawn);
  else
    std::ranges::transform(drawn, std::back_inserter(rewards), config_.reward);
  if (rewards.size() != drawn.size())
    throw UsageError(str_cat("RewardTraining: ", rewards.size(), " rewards came for ", drawn.size(),
                             " sequences"));
  for (std::size_t i = 0; i < drawn.size(); ++i)
    if (!std::isfinite(rewards[i]))
      throw DataError(str_cat("RewardTraining: a reward is a finite number, not ", rewards[i],
                              ", of ", drawn[i].tokens.size(), " tokens where the reference has ",
                              drawn[i].reference.size()));
  return rewards;
}

std::vector<NamedTensor> RewardTraining::conditions(const data::Batch& items) {
  std::vector<NamedTensor> result;
  for (const auto& [name, tensor] : items.inputs)
    if (name == "source" || name == "source_lengths" || name == "labels")
      result.emplace_back(name, tensor);
  if (!writes_codes(config_.learner.model)) return result;
  if (!coder_) coder_ = std::make_unique<Coder>(store_, config_.learner.model, workers_);
  codes_ = coder_->encode(items.inputs, config_.learner.train_shapes[at(items.shape)]);
  result.emplace_back("codes", codes_);
  return result;
}

void RewardTraining::draw(const data::Batch& items, std::span<const NamedTensor> conditions,
                          Drawn& drawn) {
  SequenceDecoder& decoder = decoder_for(items.shape);
  const BeamConfig search{
      .beam = 1, .limit = decoder.shape().limit - 1, .begin = config_.begin, .end = config_.end};
  const auto give = [&](std::int64_t times) {
    std::vector<std::int64_t> which;
    for (std::int64_t i = 0; i < times; ++i)
      which.insert(which.end(), drawn.rows.begin(), drawn.rows.end());
    which.resize(at(decoder.shape().batch), -1);
    for (const NamedTensor& condition : conditions) put_items(condition, which, given_);
    return named_tensors(given_.inputs);
  };
  const std::int64_t samples = config_.objective.samples, count = std::ssize(drawn.rows);
  Sampler sampler(SamplingConfig{});
  Random random(stream_key(config_.seed, "rewards", "samples"),
                static_cast<std::uint64_t>(items.position));
  drawn.samples = decoder.sample(give(samples), samples * count, search, sampler, random);
  if (config_.objective.estimator != "self-critical") return;
  for (auto& found : decoder.search(give(1), count, search))
    drawn.likeliest.push_back(std::move(found.front()));
}

void RewardTraining::pack(const data::Batch& items, std::span<const NamedTensor> conditions,
                          const Drawn& drawn) {
  const BatchShape& shape = config_.learner.train_shapes[at(items.shape)];
  const std::int64_t samples = config_.objective.samples, batch = shape.batch;
  const std::int64_t rows = (samples + 1) * batch, steps = steps_of(shape);
  const auto fresh = [&](const char* name, TensorType type) -> Tensor& {
    Tensor& tensor = packed_.prepare(name, type);
    std::fill_n(static_cast<std::byte*>(tensor.data()), tensor.bytes(), std::byte{0});
    return tensor;
  };
  const auto tokens = fresh("tokens", {{steps, rows}, i32}).as<std::int32_t>();
  const auto targets = fresh("targets", {{steps, rows}, i32}).as<std::int32_t>();
  const auto rewards = fresh("rewards", {{samples + 1, batch}, f32}).as<float>();
  const auto distinct = fresh("distinct", {{samples + 1, batch}, f32}).as<float>();
  const auto likeliest = fresh("greedy_rewards", {{batch}, f32}).as<float>();
  const auto weights = fresh("item_weights", {{batch}, f32}).as<float>();
  std::ranges::fill(targets, -1);
  std::vector<std::int64_t> which(at(rows), -1);  // items of the rows
  const auto write = [&](std::int64_t row, std::int64_t item, const Tokens& to, bool ended) {
    which[at(row)] = item;
    tokens[at(row)] = config_.begin;
    for (std::size_t t = 0; t < to.size(); ++t) {
      targets[t * at(rows) + at(row)] = to[t];
      if (t + 1 < at(steps)) tokens[(t + 1) * at(rows) + at(row)] = to[t];
    }
    if (ended) targets[to.size() * at(rows) + at(row)] = config_.end;
  };
  std::vector<DrawnSequence> judged;
  std::vector<float*> places;  // of their rewards
  const std::size_t count = drawn.rows.size();
  for (std::size_t item = 0; item < count; ++item) {
    const std::int64_t b = drawn.rows[item];
    const Tokens& reference = drawn.references[item];
    const auto judge = [&](const Tokens& sequence, float& place) {
      judged.push_back({.source = drawn.sources[item],
                        .reference = reference,
                        .tokens = sequence,
                        .position = items.position,
                        .row = b});
      places.push_back(&place);
    };
    std::set<Tokens> seen{reference};
    for (std::int64_t s = 0; s < samples; ++s) {
      const Tokens& sample = drawn.samples[at(s) * count + item].tokens;
      // At the limit the end was not drawn: it came whatever its probability.
      write(s * batch + b, b, sample, sample.size() + 1 < at(steps));
      judge(sample, rewards[at(s * batch + b)]);
      distinct[at(s * batch + b)] = seen.insert(sample).second ? 1.f : 0.f;
    }
    write(samples * batch + b, b, reference, true);
    distinct[at(samples * batch + b)] = 1;
    if (config_.objective.estimator == "minimum-risk")
      judge(reference, rewards[at(samples * batch + b)]);
    weights[at(b)] = 1;
    if (!drawn.likeliest.empty()) judge(drawn.likeliest[item].tokens, likeliest[at(b)]);
  }
  const std::vector<double> found = rewards_of(judged);
  for (std::size_t i = 0; i < found.size(); ++i) *places[i] = static_cast<float>(found[i]);
  for (const NamedTensor& condition : conditions) put_items(condition, which, packed_);
  packed_.shape = items.shape;
  packed_.position = items.position;
  packed_.counted = std::ssize(drawn.rows);
}

Evaluation RewardTraining::learn(const data::Batch& items, const Scalars& scalars) {
  if (items.shape < 0 || at(items.shape) >= decoders_.size())
    throw UsageError(str_cat("RewardTraining: the shape number ", items.shape, " is none of the ",
                             decoders_.size(), " of LearnerConfig::train_shapes"));
  Drawn drawn;
  const std::vector<NamedTensor> written_from = conditions(items);
  const Tensor& targets = items.input("targets");
  const bool has_source = config_.learner.train_shapes[at(items.shape)].target_length > 0;
  for (std::int64_t row = 0; row < targets.shape()[1]; ++row) {
    if (targets.as<std::int32_t>()[at(row)] < 0) continue;  // fills the batch
    drawn.rows.push_back(row);
    drawn.references.push_back(reference_of(targets, row, config_.end));
    drawn.sources.emplace_back();
    if (!has_source) continue;
    const auto lengths = items.input("source_lengths").as<std::int32_t>();
    drawn.sources.back() = column(items.input("source"), row, lengths[at(row)]);
  }
  draw(items, written_from, drawn);
  pack(items, written_from, drawn);
  return learner_.learn(packed_, scalars);
}

}  // namespace abax
