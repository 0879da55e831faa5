// Sentences given a label or a source: the prior's measure, padding, gradients, the bound, writing
// step by step, and that the condition counts.
#include "models/conditional_vae.h"

#include <doctest/doctest.h>

#include <cmath>

#include "models/latents/gaussian.h"
#include "models/training/optimiser.h"
#include "tests/models/check_gradients.h"
#include "tests/models/sentence_batch.h"

namespace abax {
namespace {

using test::run;
using test::SentenceBatch;

constexpr int vocabulary = 9;

ConditionalVae by_label(const char* blocks = "lstm", std::int64_t classes = 2) {
  return {.text = {.vocabulary = vocabulary,
                   .encoder = test::small_blocks(blocks),
                   .decoder = {test::small_blocks(blocks, 2)}},
          .condition = LabelCondition{classes},
          .latent = {.latents = 3},
          .width = 5};
}

ConditionalVae by_source(const char* blocks = "lstm", const char* pooling = "last") {
  ConditionalVae c = by_label(blocks);
  c.condition = SourceCondition{vocabulary};
  c.text.pooling = pooling;
  return c;
}

std::vector<ConditionalVae> kinds() {
  return {by_label(), by_label("gru", 0), by_label("transformer"), by_source(),
          by_source("transformer", "mean")};
}

BatchShape shape_of(const ConditionalVae& c, const SentenceBatch& s) {
  if (std::holds_alternative<SourceCondition>(c.condition))
    return {.batch = s.batch(), .length = s.time(), .target_length = s.time()};
  return s.shape();
}

void create(Variables& store, const ConditionalVae& c, double deviation = 0.3) {
  Graph g(store, Mode::train, "create");
  conditional_vae(g, c, {.batch = 1, .length = 1, .target_length = 1});
  test::shake(store, deviation);
}

test::Inputs inputs_of(const SentenceBatch& s, const Tensor& kl_weight) {
  test::Inputs inputs = s.inputs();
  inputs.emplace_back("kl_weight", &kl_weight);
  return inputs;
}

std::vector<float> log_likelihoods(Variables& store, const ConditionalVae& c,
                                   const SentenceBatch& s, const Tensor& codes) {
  Graph g(store, Mode::evaluate, "given codes");
  test::Inputs inputs = s.inputs();
  inputs.emplace_back("codes", &codes);
  const Value given = g.input("codes", codes.shape());
  return run(conditional_vae_autoencoder().log_likelihood(g, {"conditional_vae", c}, shape_of(c, s),
                                                          given),
             inputs);
}

Tensor some_codes(std::int64_t batch) {
  Tensor codes({batch, 3});
  for (std::size_t i = 0; i < static_cast<std::size_t>(codes.size()); ++i)
    codes.as<float>()[i] = 0.7f * static_cast<float>(i % 5) - 1;
  return codes;
}

}  // namespace

TEST_CASE("conditional VAE: parameters are under encoder/, condition/, prior/ and decoder/") {
  const auto has = [](const ConditionalVae& c, std::string_view name) {
    Variables store(1);
    create(store, c);
    return store.find(name) >= 0;
  };
  for (const char* name :
       {"encoder/embedding", "encoder/hidden/weight", "encoder/mean/weight",
        "encoder/log_variance/bias", "prior/hidden/weight", "prior/mean/weight",
        "prior/log_variance/bias", "condition/embedding", "decoder/latent/vector/weight",
        "decoder/latent/start1/bias", "decoder/output/weight"}) {
    CHECK_MESSAGE(has(by_label(), name), name);
    CHECK_MESSAGE(has(by_source(), name), name);
  }
  CHECK(has(by_source(), "condition/lstm0/input_weight"));
  CHECK(has(by_source(), "decoder/attention/query/weight"));
  CHECK(has(by_source("transformer"), "decoder/block1/cross/key/weight"));
  CHECK_FALSE(has(by_label(), "decoder/attention/query/weight"));
  Variables store(1);
  create(store, by_label());
  CHECK(store.at("condition/embedding").value().shape() == Shape{3, 8});
}

TEST_CASE("conditional VAE: the KL is that between posterior and prior, whatever measures z") {
  const ConditionalVae c = by_source();
  Variables store(1);
  create(store, c);
  const SentenceBatch s(5, {5, 3}, vocabulary);
  const ModelSettings settings("conditional_vae", c);
  Graph g(store, Mode::evaluate);
  const GaussianPosterior q = conditional_vae_autoencoder().posterior(g, settings, shape_of(c, s));
  const auto means = run(q.mean, s.inputs()), log_variances = run(q.log_variance, s.inputs());
  Graph h(store, Mode::evaluate);
  const Model model = conditional_vae(h, c, shape_of(c, s));
  const double kl = double{run(model.metrics.at("kl").sum, s.inputs())[0]};
  // Any prior N(m, d^2): z = m + d codes, of which q is N(m + d mean, d^2 variance).
  for (const auto& [m, d] : {std::pair{0., 1.}, std::pair{-2., 3.}}) {
    double total = 0;
    for (std::size_t i = 0; i < means.size(); ++i) {
      const double mean = m + d * means[i], variance = d * d * std::exp(double{log_variances[i]});
      total +=
          0.5 * (std::log(d * d / variance) + (variance + (mean - m) * (mean - m)) / (d * d) - 1);
    }
    CHECK(kl == doctest::Approx(total).epsilon(1e-4));
  }
}

TEST_CASE("conditional VAE: a sentence's log weight is the same alone and among others") {
  for (const ConditionalVae& c : kinds()) {
    Variables store(1);
    create(store, c);
    const auto weights = [&](const SentenceBatch& s) {
      // The same noise: it is keyed by the graph's label.
      Graph g(store, Mode::evaluate, "padding");
      store.runs("padding") = 0;
      return run(
          conditional_vae_autoencoder().log_weight(g, {"conditional_vae", c}, shape_of(c, s)),
          s.inputs());
    };
    const auto alone = weights({4, {4}, vocabulary}), among = weights({7, {4, 2, 0}, vocabulary});
    CHECK(alone[0] == doctest::Approx(among[0]).epsilon(1e-5));
    CHECK(std::isfinite(among[2]));
  }
}

TEST_CASE("conditional VAE: rows that only fill a batch weigh nothing; the loss is -ELBO") {
  const Tensor weight = Tensor::of<float>(Shape{}, {1.f});
  for (const ConditionalVae& c : kinds()) {
    Variables store(1);
    create(store, c);
    Graph g(store, Mode::evaluate, "filled");
    const SentenceBatch s(5, {5, 2, 0}, vocabulary);
    const Model model = conditional_vae(g, c, shape_of(c, s));
    Workers workers(1);
    const Loss elbo = model.metrics.at("elbo"), tokens = model.metrics.at("tokens");
    Execution all(compile(g, {model.loss.sum, model.loss.count, elbo.sum, tokens.sum}), store,
                  workers);
    test::run(all, inputs_of(s, weight));
    CHECK(all.scalar(model.loss.count) == 2);
    CHECK(all.scalar(tokens.sum) == 7);
    CHECK(all.scalar(model.loss.sum) == doctest::Approx(-double{all.scalar(elbo.sum)}));
  }
}

TEST_CASE("conditional VAE: gradients") {
  const Tensor weight = Tensor::of<float>(Shape{}, {0.7f});
  std::vector<ConditionalVae> all = kinds();
  all.push_back(by_label());  // against collapse
  all.back().latent.posterior_scale = 0.5;
  all.back().latent.charge.of = KlCharge::Of::aggregate;
  for (const ConditionalVae& c : all) {
    Variables store(3);
    create(store, c);
    Graph g(store, Mode::train, "train");
    const SentenceBatch s(4, {4, 2, 3}, vocabulary);
    const Model model = conditional_vae(g, c, shape_of(c, s));
    test::check_gradients(model.loss, inputs_of(s, weight));
  }
}

TEST_CASE("conditional VAE: a log weight is log p(x|codes) + log p(codes) - log q(codes|x)") {
  for (const ConditionalVae& c : {by_label(), by_source()}) {
    Variables store(2);
    create(store, c);
    const SentenceBatch s(4, {4, 3}, vocabulary);
    const ModelSettings settings("conditional_vae", c);
    const Autoencoder parts = conditional_vae_autoencoder();
    Graph g(store, Mode::evaluate, "weigh"), h(store, Mode::evaluate, "posterior");
    const Value log_weight = parts.log_weight(g, settings, shape_of(c, s));
    const GaussianPosterior q = parts.posterior(h, settings, shape_of(c, s));
    Workers workers(1);
    Execution weigh(compile(g, {log_weight, g.find("noise")}), store, workers);
    run(weigh, s.inputs());
    const auto noise = weigh.get(g.find("noise")).as<float>();
    const auto mean = run(q.mean, s.inputs()), log_variance = run(q.log_variance, s.inputs());
    Tensor codes({2, 3});
    double ratio[2] = {0, 0};
    for (std::size_t i = 0; i < 6; ++i) {
      const double deviation = std::exp(0.5 * double{log_variance[i]});
      const double code = double{mean[i]} + deviation * double{noise[i]};
      codes.as<float>()[i] = static_cast<float>(code);
      ratio[i / 3] +=
          0.5 * (double{noise[i]} * double{noise[i]} - code * code) + std::log(deviation);
    }
    const auto expected = log_likelihoods(store, c, s, codes);
    for (std::size_t row = 0; row < 2; ++row) {
      CHECK(std::abs(ratio[row]) > 0.1);
      CHECK(double{weigh.get(log_weight).as<float>()[row]} ==
            doctest::Approx(double{expected[row]} + ratio[row]).epsilon(1e-4));
    }
  }
}

TEST_CASE("conditional VAE: the mean log weight is below the log of the mean weight") {
  const ConditionalVae c = by_label();
  Variables store(2);
  create(store, c, 0.2);
  const SentenceBatch s(4, {4, 3}, vocabulary);
  // The log-likelihood with codes of the prior, by many of them.
  const std::int64_t samples = 10000;
  Graph prior(store, Mode::evaluate, "prior");
  const Value codes =
      conditional_vae_autoencoder().sample(prior, {"conditional_vae", c}, s.batch());
  Graph given(store, Mode::evaluate, "given");
  const Value log_likelihood = conditional_vae_autoencoder().log_likelihood(
      given, {"conditional_vae", c}, s.shape(), given.input("codes", codes.shape()));
  Graph g(store, Mode::evaluate, "many");
  const Value log_weight =
      conditional_vae_autoencoder().log_weight(g, {"conditional_vae", c}, s.shape());
  Workers workers(1);
  Execution draw(compile(prior, {codes}), store, workers);
  Execution likely(compile(given, {log_likelihood}), store, workers);
  Execution weigh(compile(g, {log_weight}), store, workers);
  double by_prior[2] = {0, 0}, by_posterior[2] = {0, 0}, mean[2] = {0, 0};
  for (std::int64_t i = 0; i < samples; ++i) {
    draw.run();
    const Tensor drawn = Tensor::of<float>(codes.shape(), draw.get(codes).as<float>());
    test::Inputs inputs = s.inputs();
    inputs.emplace_back("codes", &drawn);
    run(likely, inputs);
    run(weigh, s.inputs());
    for (std::size_t row = 0; row < 2; ++row) {
      const double w = double{weigh.get(log_weight).as<float>()[row]};
      by_prior[row] += std::exp(double{likely.get(log_likelihood).as<float>()[row]}) / samples;
      by_posterior[row] += std::exp(w) / samples;
      mean[row] += w / samples;
    }
  }
  for (std::size_t row = 0; row < 2; ++row) {
    CHECK(std::log(by_prior[row]) == doctest::Approx(std::log(by_posterior[row])).epsilon(0.03));
    CHECK(mean[row] < std::log(by_posterior[row]) - 0.05);
  }
}

TEST_CASE("conditional VAE: written step by step, a sentence is as likely as read at once") {
  for (const ConditionalVae& c : kinds())
    for (const std::int64_t beam : {1, 2}) {
      CAPTURE(beam);
      Variables store(4);
      create(store, c);
      const SentenceBatch s(5, {5, 4}, vocabulary);
      const Tensor codes = some_codes(2);
      const auto expected = log_likelihoods(store, c, s, codes);
      const auto written =
          test::written_step_by_step(store, {"conditional_vae", c}, s, codes, vocabulary, beam);
      for (std::size_t row = 0; row < 2; ++row)
        CHECK(written[row] == doctest::Approx(double{expected[row]}).epsilon(1e-4));
    }
}

TEST_CASE("conditional VAE: the condition counts, in what is written and in the posterior") {
  for (const ConditionalVae& c : {by_label(), by_source()}) {
    Variables store(4);
    create(store, c);
    const ModelSettings settings("conditional_vae", c);
    const Tensor codes = some_codes(2);
    std::vector<std::vector<float>> likely, means;
    for (const std::int32_t condition : {-1, 0, 1}) {  // no label is one of its own
      SentenceBatch s(5, {5, 4}, vocabulary);
      s.labels.as<std::int32_t>()[0] = condition;
      s.source.as<std::int32_t>()[2] += condition;
      likely.push_back(log_likelihoods(store, c, s, codes));
      Graph g(store, Mode::evaluate, "codes");
      means.push_back(
          run(conditional_vae_autoencoder().encode(g, settings, shape_of(c, s)), s.inputs()));
    }
    for (const auto& [a, b] : {std::pair{0, 1}, std::pair{0, 2}, std::pair{1, 2}}) {
      const auto &one = likely[static_cast<std::size_t>(a)],
                 &other = likely[static_cast<std::size_t>(b)];
      CHECK(std::abs(one[0] - other[0]) > 1e-3);
      CHECK(one[1] == other[1]);
      const auto &mean = means[static_cast<std::size_t>(a)],
                 &other_mean = means[static_cast<std::size_t>(b)];
      CHECK(std::abs(mean[0] - other_mean[0]) > 1e-3);
      CHECK(mean[3] == other_mean[3]);
    }
  }
}

TEST_CASE("conditional VAE: it learns what a label says, and keeps it out of the codes") {
  // The label says which of two words comes, over and over.
  const ConditionalVae c = by_label("gru");
  Variables store(2);
  SentenceBatch s(4, {4, 4, 3, 4, 0}, vocabulary,
                  [](std::int64_t b, std::int64_t) { return static_cast<std::int32_t>(b % 2); });
  for (std::size_t b = 0; b < 5; ++b) s.labels.as<std::int32_t>()[b] = static_cast<int>(b % 2);
  Graph train(store), check(store, Mode::evaluate);
  const Model learnt = conditional_vae(train, c, s.shape());
  const Model checked = conditional_vae(check, c, s.shape());
  Workers workers(1);
  const Tensor weight = Tensor::of<float>(Shape{}, {1.f});
  Execution step(compile(train, {learnt.loss.sum, optimise({}, gradients_of(learnt.loss))}), store,
                 workers);
  step.set("learning_rate", 0.01f);
  for (int i = 0; i < 400; ++i) run(step, inputs_of(s, weight));
  const Loss elbo = checked.metrics.at("elbo"), kl = checked.metrics.at("kl");
  Execution evaluation(compile(check, {elbo.sum, kl.sum}), store, workers);
  run(evaluation, s.inputs());
  // One of four has another length, log 4 - 3/4 log 3 = 0.56 nats a sentence; without labels, log 2
  // more.
  CHECK(evaluation.scalar(elbo.sum) / 4 > -0.7);
  CHECK(evaluation.scalar(kl.sum) / 4 < 0.3);
}

TEST_CASE("conditional VAE: settings that do not fit together are refused") {
  ConditionalVae c = by_source();
  c.text.encoder.width = 6;
  Fields f;
  fields(f, c);
  REQUIRE_FALSE(f.complaints().empty());
  CHECK(f.complaints().front().find("6 and 8") != std::string::npos);
  CHECK(f.find("source-vocabulary-size") != nullptr);
  ConditionalVae labels = by_label();
  labels.text.encoder.width = 6;
  Fields others;
  fields(others, labels);
  CHECK(others.complaints().empty());
  CHECK(others.find("classes") != nullptr);
}

}  // namespace abax
