// Training on rewards: gradients against exact ones, and that rewards rise.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <numeric>

#include "core/base/error.h"
#include "core/graph/gradients.h"
#include "models/conditional_vae.h"
#include "models/generation/translator.h"
#include "models/registry.h"
#include "models/rewards/reward_objective.h"
#include "models/rewards/reward_training.h"
#include "models/seq2seq.h"
#include "models/text_vae.h"
#include "models/text_vqvae.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/normalise.h"
#include "ops/reduce.h"
#include "tests/graph/refusal.h"
#include "tests/models/run_model.h"
#include "tests/models/sentence_batch.h"

namespace abax {
namespace {

using doctest::Approx;
using test::refusal;
using Tokens = std::vector<std::int32_t>;

// Four sequences that can be drawn, how likely they are and what they are worth.
constexpr std::size_t sequences = 4;
using Logits = std::array<double, sequences>;
constexpr Logits theta{0.4, -0.7, 1.2, 0.1}, worth{0.9, -0.3, 0.2, 0.5};

Logits probabilities(const Logits& logits) {
  Logits result;
  double total = 0;
  for (const double x : logits) total += std::exp(x);
  for (std::size_t i = 0; i < sequences; ++i) result[i] = std::exp(logits[i]) / total;
  return result;
}

/// The gradient at theta by central differences.
std::vector<double> slopes(const std::function<double(const Logits&)>& objective) {
  std::vector<double> result;
  for (std::size_t i = 0; i < sequences; ++i) {
    Logits high = theta, low = theta;
    high[i] += 1e-5, low[i] -= 1e-5;
    result.push_back((objective(high) - objective(low)) / 2e-5);
  }
  return result;
}

struct Estimate {
  double value = 0;
  std::vector<float> gradient;
};

/// The sum over columns of weights * expected_reward of the sequences `drawn` [samples, columns].
Estimate estimate(const RewardObjective& objective, const std::vector<Tokens>& drawn,
                  const std::vector<float>& weights, const std::vector<float>& baseline = {},
                  const std::vector<std::vector<float>>& distinct = {}) {
  const auto columns = static_cast<std::int64_t>(weights.size());
  const Shape shape{std::ssize(drawn), columns};
  Variables store(1);
  Graph g(store);
  const Value logits = g.parameter("theta", {4}, {[](Tensor& t, Random&) {
                                     for (std::size_t i = 0; i < sequences; ++i)
                                       t.as<float>()[i] = static_cast<float>(theta[i]);
                                   }});
  Tensor index(shape, i32), rewards(shape), once(shape);
  std::size_t at = 0;
  for (std::size_t s = 0; s < drawn.size(); ++s)
    for (std::size_t c = 0; c < weights.size(); ++c, ++at) {
      index.as<std::int32_t>()[at] = drawn[s][c];
      rewards.as<float>()[at] = static_cast<float>(worth[static_cast<std::size_t>(drawn[s][c])]);
      once.as<float>()[at] = distinct.empty() ? 1.f : distinct[s][c];
    }
  const Value log_p = gather(log_softmax(logits), g.constant(std::move(index)));
  const Value base =
      baseline.empty() ? Value{} : g.constant(Tensor::of<float>({columns}, std::span(baseline)));
  const Value expected = expected_reward(objective, log_p, g.constant(std::move(rewards)), base,
                                         g.constant(std::move(once)));
  const Value total = sum(expected * g.constant(Tensor::of<float>({columns}, std::span(weights))));
  return {test::run(total, {})[0], test::run(gradients(total, {logits})[0], {})};
}

void check_close(const std::vector<float>& found, const std::vector<double>& wanted) {
  REQUIRE(found.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    CHECK(found[i] == Approx(wanted[i]).epsilon(1e-3).scale(0.1));
}

double expected_worth(const Logits& logits) {
  const Logits p = probabilities(logits);
  double sum = 0;
  for (std::size_t i = 0; i < sequences; ++i) sum += p[i] * worth[i];
  return sum;
}

}  // namespace

TEST_CASE("rewards: the score function by either baseline has the exact gradient in the mean") {
  const Logits p = probabilities(theta);
  // All pairs that can be drawn, by their probability.
  std::vector<Tokens> pairs(2);
  std::vector<float> weights;
  for (std::int32_t i = 0; i < 4; ++i)
    for (std::int32_t j = 0; j < 4; ++j) {
      pairs[0].push_back(i);
      pairs[1].push_back(j);
      weights.push_back(
          static_cast<float>(p[static_cast<std::size_t>(i)] * p[static_cast<std::size_t>(j)]));
    }
  const std::vector<double> exact = slopes(expected_worth);
  const Estimate others = estimate({.estimator = "leave-one-out", .samples = 2}, pairs, weights);
  CHECK(others.value == Approx(expected_worth(theta)).epsilon(1e-5));
  check_close(others.gradient, exact);
  // With the reward of the likeliest sequence, the third one.
  const std::vector<float> of_likeliest(16, static_cast<float>(worth[2]));
  const Estimate critical =
      estimate({.estimator = "self-critical", .samples = 2}, pairs, weights, of_likeliest);
  CHECK(critical.value == Approx(expected_worth(theta)).epsilon(1e-5));
  check_close(critical.gradient, exact);
  // A pair by itself: (r - baseline) grad log p, the mean of the two.
  const Estimate one =
      estimate({.estimator = "self-critical", .samples = 2}, {{0}, {1}}, {1}, {0.2f});
  check_close(one.gradient, slopes([&](const Logits& logits) {
                const Logits q = probabilities(logits);
                return ((worth[0] - 0.2) * std::log(q[0]) + (worth[1] - 0.2) * std::log(q[1])) / 2;
              }));
}

TEST_CASE("rewards: the risk is over the sequences at hand, each of them once") {
  const RewardObjective objective{.estimator = "minimum-risk", .samples = 4, .sharpness = 0.7};
  // Sequences 0, 2, 0, 3: the second 0 does not count.
  const auto risk = [](const Logits& logits) {
    const Logits p = probabilities(logits);
    double sum = 0, total = 0;
    for (const std::size_t i : {0, 2, 3}) {
      sum += std::pow(p[i], 0.7) * worth[i];
      total += std::pow(p[i], 0.7);
    }
    return sum / total;
  };
  const Estimate found = estimate(objective, {{0}, {2}, {0}, {3}}, {1}, {}, {{1}, {1}, {0}, {1}});
  CHECK(found.value == Approx(risk(theta)).epsilon(1e-5));
  check_close(found.gradient, slopes(risk));
}

TEST_CASE("rewards: objectives that make no sense are refused") {
  Variables store(1);
  Graph g(store);
  const Value log_p = g.input("log_p", {1, 3}), rewards = g.input("rewards", {1, 3});
  const auto message = [&](const RewardObjective& objective) {
    return refusal([&] { expected_reward(objective, log_p, rewards); });
  };
  CHECK(message({.estimator = "leave-one-out", .samples = 1}).find("needs two at least") !=
        std::string::npos);
  CHECK(message({.estimator = "reinforce"}).find("leave-one-out") != std::string::npos);
  CHECK(message({.estimator = "minimum-risk", .samples = 1, .sharpness = -1}).find("sharpness") !=
        std::string::npos);
  CHECK(message({.estimator = "self-critical", .samples = 1}).find("baseline") !=
        std::string::npos);
  CHECK(message({.estimator = "minimum-risk", .samples = 1}).find("distinct") != std::string::npos);
  CHECK(message({.samples = 2}).find("two samples or more") != std::string::npos);
  CHECK_THROWS_AS(expected_reward({.samples = 2}, log_p, g.input("others", {2, 3})), ShapeError);
}

namespace {

// Sources of one token (0, 1 or 2) and an end, 3. The target of each is the same token twice. It
// begins with 3 and ends with 4.
constexpr std::int32_t begin_token = 3, end_token = 4;

ModelSettings settings() {
  return {"seq2seq", Seq2Seq{.source_vocabulary = 4,
                             .vocabulary = 5,
                             .blocks = {.kind = "gru", .width = 16, .layers = 1}}};
}

/// `items` pairs, the last two rows being there to fill the batch.
struct Pairs {
  std::int64_t items = 12;
  std::vector<BatchShape> shapes() const {
    return {{.batch = items + 2, .length = 3, .target_length = 3}};
  }
  data::Batch make(std::int64_t position) const {
    const std::int64_t rows = items + 2;
    data::Batch batch;
    batch.position = position;
    const auto source = batch.prepare("source", {{3, rows}, i32}).as<std::int32_t>();
    const auto lengths = batch.prepare("source_lengths", {{rows}, i32}).as<std::int32_t>();
    const auto tokens = batch.prepare("tokens", {{3, rows}, i32}).as<std::int32_t>();
    const auto targets = batch.prepare("targets", {{3, rows}, i32}).as<std::int32_t>();
    std::ranges::fill(targets, -1);
    for (std::int64_t row = 0; row < items; ++row) {
      const auto token = static_cast<std::int32_t>(row % 3);
      const auto put = [&](auto to, const Tokens& values) {
        for (std::size_t t = 0; t < values.size(); ++t)
          to[t * static_cast<std::size_t>(rows) + static_cast<std::size_t>(row)] = values[t];
      };
      put(source, {token, 3});
      put(tokens, {begin_token, token, token});
      put(targets, {token, token, end_token});
      lengths[static_cast<std::size_t>(row)] = 2;
    }
    return batch;
  }
};

RewardConfig config_of(const RewardObjective& objective) {
  return {.learner = {.model = settings(), .train_shapes = Pairs{}.shapes()},
          .objective = objective,
          .begin = begin_token,
          .end = end_token,
          .longer = 2,
          .seed = 5};
}

/// How many of the first places are right, so that there is something to learn from at first.
double right_places(const DrawnSequence& drawn) {
  double right = drawn.tokens.size() == drawn.reference.size() ? 1 : 0;
  for (std::size_t i = 0; i < std::min(drawn.tokens.size(), drawn.reference.size()); ++i)
    right += drawn.tokens[i] == drawn.reference[i] ? 1 : 0;
  return right / 3;
}

}  // namespace

TEST_CASE("reward training: rewards rise by each objective") {
  for (const RewardObjective& objective :
       {RewardObjective{.estimator = "leave-one-out", .samples = 4, .likelihood = 0},
        RewardObjective{.estimator = "self-critical", .samples = 4, .likelihood = 0},
        RewardObjective{
            .estimator = "minimum-risk", .samples = 6, .sharpness = 0.5, .likelihood = 0}}) {
    CAPTURE(objective.estimator);
    Variables store(3);
    Workers workers(2);
    RewardConfig config = config_of(objective);
    config.reward = right_places;
    RewardTraining training(store, config, workers);
    double first = 0, last = 0;
    for (std::int64_t step = 0; step < 120; ++step) {
      const Evaluation result = training.learn(Pairs{}.make(step), {{"learning_rate", 0.02f}});
      const Tally& reward = result.metrics.at("reward");
      CHECK(reward.count == 12);
      CHECK(result.loss.mean() ==
            Approx(-reward.mean()).epsilon(objective.estimator == "minimum-risk" ? 1 : 1e-5));
      (step < 5 ? first : last) += step < 5 || step >= 115 ? reward.mean() / 5 : 0;
    }
    MESSAGE(objective.estimator, ": ", first, " to ", last);
    CHECK(first < 0.5);
    CHECK(last > 0.9);
  }
}

TEST_CASE("reward training: without a reward the references are learnt, by their likelihood") {
  Variables store(3);
  Workers workers(1);
  RewardConfig config = config_of({.samples = 2, .likelihood = 1});
  config.learner.check_shapes = Pairs{}.shapes();
  config.reward = [](const DrawnSequence&) { return 0.; };
  RewardTraining training(store, config, workers);
  Evaluation result;
  for (std::int64_t step = 0; step < 100; ++step)
    result = training.learn(Pairs{}.make(step), {{"learning_rate", 0.02f}});
  CHECK(result.metrics.at("nats").mean() < 0.2);
  CHECK(result.loss.mean() == Approx(result.metrics.at("nats").mean()));
  Translator translator(store, settings(), {.batch = 3, .length = 3, .limit = 4}, workers);
  const std::vector<Tokens> sources{{0, 3}, {1, 3}, {2, 3}};
  const auto found = translator.translate(
      sources, {.beam = 1, .limit = 3, .begin = begin_token, .end = end_token});
  for (std::int32_t token = 0; token < 3; ++token)
    CHECK(found[static_cast<std::size_t>(token)][0].tokens == Tokens{token, token});
}

TEST_CASE("reward training: the plan's probabilities are those that samples were drawn by") {
  Variables store(4);
  Workers workers(1);
  // One token begins and ends, so that nothing is kept from being drawn; and the limit is far.
  RewardConfig config = config_of({.samples = 3});
  config.begin = config.end = end_token;
  config.longer = 40;
  std::vector<Tokens> scored;
  config.reward = [&](const DrawnSequence& drawn) {
    scored.emplace_back(drawn.tokens.begin(), drawn.tokens.end());
    CHECK(drawn.source.size() == 2);
    CHECK(drawn.reference.size() == 2);
    CHECK(drawn.source[0] == drawn.reference[0]);
    return 1.;
  };
  RewardTraining training(store, config, workers);
  test::shake(store, 0.5);
  const data::Batch batch = Pairs{}.make(7);
  const Evaluation result = training.learn(batch, {{"learning_rate", 0.f}});
  // The same draws again.
  Translator translator(store, settings(), {.batch = 42, .length = 3, .limit = 43}, workers);
  std::vector<Tokens> sources;
  for (std::int32_t i = 0; i < 36; ++i) sources.push_back({i % 3, 3});
  Sampler sampler(SamplingConfig{});
  Random random(stream_key(5, "rewards", "samples"), 7);
  const auto drawn = translator.sample(
      sources, {.beam = 1, .limit = 42, .begin = end_token, .end = end_token}, sampler, random);
  double nats = 0;
  std::size_t longest = 0;
  std::vector<Tokens> again;
  for (const Hypothesis& one : drawn) {
    nats -= one.log_probability;
    longest = std::max(longest, one.tokens.size());
    again.push_back(one.tokens);
  }
  std::ranges::sort(scored), std::ranges::sort(again);
  CHECK(scored == again);
  REQUIRE(longest < 42);
  CHECK(longest > 3);
  CHECK(result.metrics.at("sample_nats").mean() == Approx(nats / 36).epsilon(1e-4));
}

TEST_CASE("reward training: neither the token that begins nor an end at the limit was drawn") {
  Variables store(4);
  Workers workers(1);
  RewardConfig config = config_of({.samples = 10});
  std::vector<std::size_t> lengths;
  config.reward = [&](const DrawnSequence& drawn) {
    CHECK(std::ranges::count(drawn.tokens, begin_token) == 0);
    lengths.push_back(drawn.tokens.size());
    return 1.;
  };
  RewardTraining training(store, config, workers);
  for (int i = 0; i < store.count(); ++i)  // all tokens are equally likely
    if (store[i].role == Role::trainable) std::ranges::fill(store[i].write().as<float>(), 0.f);
  const Evaluation result = training.learn(Pairs{}.make(0), {{"learning_rate", 0.f}});
  REQUIRE(lengths.size() == 120);
  // Four tokens can be drawn, one of which ends; after four others nothing is drawn.
  double draws = 0;
  for (const std::size_t length : lengths)
    draws += static_cast<double>(std::min<std::size_t>(length + 1, 4));
  CHECK(std::ranges::count(lengths, 4) > 20);
  CHECK(std::ranges::count(lengths, 0) > 20);
  CHECK(result.metrics.at("sample_nats").mean() == Approx(draws / 120 * std::log(4)));
  CHECK(result.metrics.at("nats").mean() == Approx(3 * std::log(4)));
}

TEST_CASE("reward training: the risk is over what was drawn and the reference, each once") {
  Variables store(4);
  Workers workers(1);
  // Sharpness 0: the mean over the different sequences.
  RewardConfig config =
      config_of({.estimator = "minimum-risk", .samples = 10, .sharpness = 0, .likelihood = 0});
  std::vector<std::map<Tokens, double>> items;  // rewards of an item's sequences
  std::size_t calls = 0;
  config.reward = [&](const DrawnSequence& drawn) {
    if (calls++ % 11 == 0) items.emplace_back();
    const Tokens tokens(drawn.tokens.begin(), drawn.tokens.end());
    if (calls % 11 == 0) CHECK(std::ranges::equal(tokens, drawn.reference));
    return items.back()[tokens] = static_cast<double>(tokens.size()) + right_places(drawn);
  };
  RewardTraining training(store, config, workers);
  const Evaluation result = training.learn(Pairs{}.make(0), {{"learning_rate", 0.f}});
  REQUIRE(items.size() == 12);
  double expected = 0;
  std::size_t different = 0;
  for (const auto& item : items) {
    different += item.size();
    for (const auto& [tokens, reward] : item)
      expected += reward / static_cast<double>(item.size()) / 12;
  }
  CHECK(different < 120);  // some were drawn twice
  CHECK(result.loss.mean() == Approx(-expected));
}

TEST_CASE("reward training: what samples are held against, and by which factors they count") {
  // All rewards of an item are equal but for those of empty sequences.
  const auto of_length = [](const DrawnSequence& drawn) { return drawn.tokens.empty() ? 0. : 1.; };
  for (const std::string estimator : {"leave-one-out", "self-critical", "minimum-risk"}) {
    CAPTURE(estimator);
    Variables store(4);
    Workers workers(1);
    RewardConfig config = config_of({.estimator = estimator, .samples = 6, .sharpness = 0});
    std::vector<std::vector<double>> items;  // rewards by item, in the order of the calls
    std::vector<std::int64_t> rows;
    config.reward = [&](const DrawnSequence& drawn) {
      CHECK(drawn.position == 9);
      if (rows.empty() || rows.back() != drawn.row) items.emplace_back(), rows.push_back(drawn.row);
      items.back().push_back(of_length(drawn));
      return items.back().back();
    };
    RewardTraining training(store, config, workers);
    const Evaluation result = training.learn(Pairs{}.make(9), {{"learning_rate", 0.f}});
    REQUIRE(rows.size() == 12);
    for (std::size_t i = 0; i < rows.size(); ++i) CHECK(rows[i] == static_cast<std::int64_t>(i));
    double reward = 0, greedy = 0, squares = 0;
    for (const auto& all : items) {
      const double mean = std::accumulate(all.begin(), all.begin() + 6, 0.) / 6;
      reward += mean / 12;
      if (all.size() > 6) greedy += all[6] / 12;
      for (std::size_t s = 0; s < 6; ++s) {
        const double others = (6 * mean - all[s]) / 5;
        const bool critical = estimator == "self-critical";
        squares += std::pow((all[s] - (critical ? all[6] : others)) / 6, 2) / 12;
      }
    }
    CHECK(reward > 0.1);
    CHECK(reward < 0.9);
    CHECK(result.metrics.at("reward").mean() == Approx(reward));
    const double baseline = result.metrics.at("baseline").mean();
    const double variance = result.metrics.at("estimator_variance").mean();
    if (estimator == "leave-one-out") {
      CHECK(baseline == Approx(reward));
      CHECK(variance == Approx(squares));
    } else if (estimator == "self-critical") {
      CHECK(baseline == Approx(greedy));
      CHECK(variance == Approx(squares));
    } else {
      CHECK(baseline > reward);  // the reference counts too, and what was drawn twice but once
      CHECK(variance == 0);      // by sharpness 0 the probabilities are no matter
    }
  }
}

namespace {

// Sentences of one word (0, 1 or 2) twice; the word is the label's, or nothing tells it but codes.
constexpr std::int32_t sentence_vocabulary = 5;

data::Batch sentence_items(std::int64_t position) {
  const std::vector<std::int32_t> lengths{3, 3, 3, 3, 3, 3, 0};
  const test::SentenceBatch sentences(
      4, lengths, sentence_vocabulary,
      [](std::int64_t b, std::int64_t) { return static_cast<std::int32_t>(b % 3); });
  data::Batch batch;
  batch.position = position;
  for (const auto& [name, tensor] : sentences.inputs())
    if (!name.starts_with("source")) batch.inputs.emplace_back(name, tensor->clone());
  return batch;
}

ModelSettings sentence_model(std::string_view name) {
  const TextModality text{.vocabulary = sentence_vocabulary,
                          .encoder = test::small_blocks("gru"),
                          .decoder = {test::small_blocks("gru")}};
  if (name == "conditional_vae")
    return {
        "conditional_vae",
        ConditionalVae{
            .text = text, .condition = LabelCondition{2}, .latent = {.latents = 3}, .width = 8}};
  if (name == "text_vqvae") return {"text_vqvae", TextVqvae{.text = text}};
  TextVae vae{.text = text, .latent = GaussianLatent{.latents = 4}};
  if (name == "categorical") vae.latent = CategoricalLatent{.latents = 6, .categories = 8};
  return {"text_vae", vae};
}

}  // namespace

TEST_CASE("reward training: of an autoencoder the decoder learns, from the likeliest codes") {
  for (const std::string name : {"gaussian", "categorical", "text_vqvae", "conditional_vae"}) {
    CAPTURE(name);
    Variables store(3);
    Workers workers(2);
    RewardConfig config{
        .learner = {.model = sentence_model(name), .train_shapes = {{.batch = 7, .length = 4}}},
        .objective = {.samples = 8, .likelihood = 0},
        .begin = sentence_vocabulary - 2,
        .end = sentence_vocabulary - 1,
        .reward = right_places,
        .longer = 2};
    RewardTraining training(store, config, workers);
    if (name != "conditional_vae") test::shake(store, 0.5);  // codes differ
    std::map<std::string, std::vector<float>> before;
    const auto values = [&](const std::string& variable) {
      const auto all = store[store.find(variable)].value().as<float>();
      return std::vector<float>(all.begin(), all.end());
    };
    for (int i = 0; i < store.count(); ++i)
      if (store[i].role == Role::trainable) before[store[i].name] = values(store[i].name);
    double first = 0, last = 0;
    for (std::int64_t step = 0; step < 800; ++step) {
      const Evaluation result = training.learn(sentence_items(step), {{"learning_rate", 0.005f}});
      const Tally& reward = result.metrics.at("reward");
      CHECK(reward.count == 6);
      (step < 5 ? first : last) += step < 5 || step >= 795 ? reward.mean() / 5 : 0;
    }
    MESSAGE(name, ": ", first, " to ", last);
    CHECK(first < 0.3);
    CHECK(last > 0.7);  // one sentence for all of them has 0.56
    bool moved = false;
    for (const auto& [variable, value] : before) {
      if (variable.starts_with("encoder/")) CHECK(values(variable) == value);
      if (variable.starts_with("decoder/")) moved = moved || values(variable) != value;
    }
    CHECK(moved);
  }
}

TEST_CASE("reward training: the same bits for any number of threads") {
  std::vector<std::unique_ptr<Variables>> stores;
  for (const int threads : {1, 4}) {
    Workers workers(threads);
    auto& store = stores.emplace_back(std::make_unique<Variables>(3));
    RewardConfig config = config_of({.estimator = "self-critical", .samples = 3});
    config.reward = right_places;
    RewardTraining training(*store, config, workers);
    for (std::int64_t step = 0; step < 5; ++step)
      training.learn(Pairs{}.make(step), {{"learning_rate", 0.02f}});
  }
  REQUIRE(stores[0]->names() == stores[1]->names());
  for (int i = 0; i < stores[0]->count(); ++i) {
    const Tensor &a = (*stores[0])[i].value(), &b = (*stores[1])[i].value();
    CAPTURE((*stores[0])[i].name);
    CHECK(std::memcmp(a.data(), b.data(), a.bytes()) == 0);
  }
}

TEST_CASE("reward training: misuse is told") {
  Variables store(1);
  Workers workers(1);
  const auto message = [&](const RewardConfig& config) {
    return refusal([&] { RewardTraining(store, config, workers); });
  };
  RewardConfig config = config_of({});
  config.reward = {};
  CHECK(message(config).find("no function of the reward") != std::string::npos);
  config = config_of({.samples = 0});
  CHECK(message(config).find("samples") != std::string::npos);
  config = config_of({});
  config.rewards = [](std::span<const DrawnSequence>) { return std::vector<double>{1}; };
  CHECK_THROWS_WITH_AS(
      RewardTraining(store, config, workers).learn(Pairs{}.make(0), {{"learning_rate", 0.1f}}),
      doctest::Contains("1 rewards came for 60 sequences"), UsageError);
  config = config_of({});
  config.learner.model = ModelSettings("lstm_lm");
  CHECK(message(config).find("'lstm_lm' writes no sequences") != std::string::npos);
  CHECK(message(config).find("rewards_test.cpp") != std::string::npos);
  config = config_of({});
  config.reward = [](const DrawnSequence&) { return std::numeric_limits<double>::quiet_NaN(); };
  RewardTraining training(store, config, workers);
  CHECK_THROWS_WITH_AS(training.learn(Pairs{}.make(0), {{"learning_rate", 0.1f}}),
                       doctest::Contains("a reward is a finite number, not nan"), DataError);
  data::Batch other = Pairs{}.make(0);
  other.shape = 1;
  CHECK_THROWS_WITH_AS(training.learn(other, {}), doctest::Contains("shape number 1"), UsageError);
  CHECK(exact_match({{}, Tokens{1, 2}, Tokens{1, 2}}) == 1);
  CHECK(exact_match({{}, Tokens{1, 2}, Tokens{1}}) == 0);
}

}  // namespace abax
