// Autoencoders of sentences: their parts fit together, the bound is one, padding weighs nothing,
// and what is written step by step is what is read at once.
#include "models/text_vae.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "models/metrics/importance_bound.h"
#include "models/registry.h"
#include "tests/models/check_gradients.h"
#include "tests/models/run_model.h"
#include "tests/models/sentence_batch.h"

namespace abax {
namespace {

using test::run;
using test::SentenceBatch;

constexpr int vocabulary = 7;

TextVae gaussian(const char* encoder = "lstm", const char* decoder = "lstm",
                 const char* pooling = "last") {
  return {.text = {.vocabulary = vocabulary,
                   .encoder = test::small_blocks(encoder),
                   .decoder = {test::small_blocks(decoder, 2)},
                   .pooling = pooling},
          .latent = GaussianLatent{.latents = 3}};
}

TextVae categorical(const char* estimator, std::int64_t samples = 1) {
  TextVae c = gaussian();
  c.latent =
      CategoricalLatent{.latents = 2, .categories = 3, .estimator = estimator, .samples = samples};
  return c;
}

/// One of each kind.
std::vector<TextVae> kinds() {
  TextVae both_ways = gaussian("gru", "gru", "max"),
          shared = gaussian("transformer", "transformer");
  both_ways.text.encoder.bidirectional = true;
  both_ways.text.tied = true;
  shared.text.shared_embeddings = true;
  TextVae conditional = categorical("gumbel");
  std::get<CategoricalLatent>(conditional.latent).prior = "autoregressive";
  std::get<CategoricalLatent>(conditional.latent).posterior = "autoregressive";
  return {gaussian(), both_ways, shared, gaussian("lstm", "transformer", "mean"), conditional};
}

SentenceBatch sentences(std::int64_t time, const std::vector<std::int32_t>& lengths) {
  return {time, lengths, vocabulary};
}

void create(Variables& store, const TextVae& c) {
  Graph g(store, Mode::train, "create");
  text_vae(g, c, {.batch = 1, .length = 1});
  test::shake(store);
}

std::vector<float> log_likelihoods(Variables& store, const TextVae& c, const SentenceBatch& s,
                                   const Tensor& codes) {
  Graph g(store, Mode::evaluate, "given codes");
  const Value given = g.input("codes", codes.shape(), codes.dtype());
  test::Inputs inputs = s.inputs();
  inputs.emplace_back("codes", &codes);
  const ModelSettings settings("text_vae", c);
  return run(text_vae_autoencoder().log_likelihood(g, settings, s.shape(), given), inputs);
}

Tensor some_codes(const TextVae& c, std::int64_t batch) {
  const CodeShape shape = text_vae_autoencoder().shape(ModelSettings("text_vae", c));
  Tensor codes({batch, shape.positions}, shape.kinds > 0 ? i32 : f32);
  for (std::size_t i = 0; i < static_cast<std::size_t>(batch * shape.positions); ++i) {
    if (shape.kinds > 0)
      codes.as<std::int32_t>()[i] = static_cast<std::int32_t>(i * i % 3);
    else
      codes.as<float>()[i] = 0.7f * static_cast<float>(i % 5) - 1;
  }
  return codes;
}

}  // namespace

TEST_CASE("text VAE: parameters are under encoder/ and decoder/") {
  const auto has = [](const TextVae& c, std::string_view name) {
    Variables store(1);
    create(store, c);
    return store.find(name) >= 0;
  };
  for (const char* name :
       {"encoder/embedding", "encoder/lstm0/input_weight", "encoder/mean/weight",
        "encoder/log_variance/bias", "decoder/embedding", "decoder/latent/vector/weight",
        "decoder/latent/start1/bias", "decoder/lstm1/recurrent_weight", "decoder/output/weight"})
    CHECK_MESSAGE(has(gaussian(), name), name);
  CHECK(has(kinds()[2], "embedding"));
  CHECK_FALSE(has(kinds()[2], "decoder/embedding"));
  CHECK_FALSE(has(kinds()[2], "decoder/latent/start0/weight"));
  CHECK_FALSE(has(kinds()[2], "decoder/block0/cross/query/weight"));
  CHECK(has(kinds()[4], "encoder/conditional/embedding"));
}

TEST_CASE("text VAE: without latents it is a language model that reads no sentence but its own") {
  TextVae c = gaussian();
  c.latent = GaussianLatent{.latents = 0};
  Variables store(1);
  create(store, c);
  for (const std::string& name : store.names()) CHECK_MESSAGE(name.starts_with("decoder/"), name);
  const SentenceBatch s = sentences(5, {5, 3, 1});
  Graph g(store, Mode::evaluate);
  const Model model = text_vae(g, c, s.shape());
  CHECK(run(model.metrics.at("kl").sum, s.inputs()).front() == 0);
  const double loss = run(model.loss.sum, s.inputs()).front();
  double sum = 0;
  for (const float nats : log_likelihoods(store, c, s, Tensor({3, 0}))) sum -= nats;
  CHECK(loss == doctest::Approx(sum));
}

TEST_CASE("text VAE: a sentence's log weight is the same alone and among others and padding") {
  for (const TextVae& c : kinds()) {
    Variables store(1);
    create(store, c);
    const ModelSettings settings("text_vae", c);
    const auto weights = [&](const SentenceBatch& s) {
      // The same noise: it is keyed by the graph's label.
      Graph g(store, Mode::evaluate, "padding");
      store.runs("padding") = 0;
      return run(text_vae_autoencoder().log_weight(g, settings, s.shape()), s.inputs());
    };
    const auto alone = weights(sentences(4, {4})), among = weights(sentences(7, {4, 2, 0}));
    CHECK(alone[0] == doctest::Approx(among[0]).epsilon(1e-5));
    CHECK(std::isfinite(among[2]));
  }
}

TEST_CASE("text VAE: rows that only fill a batch weigh nothing") {
  for (TextVae c : {gaussian(), categorical("rloo", 2), categorical("exact")}) {
    Variables store(1);
    create(store, c);
    Graph g(store, Mode::evaluate, "filled");
    const Model model = text_vae(g, c, {.batch = 3, .length = 5});
    const SentenceBatch full = sentences(5, {5, 2, 0});
    CHECK(run(model.loss.count, full.inputs()).front() == 2);
    CHECK(run(model.metrics.at("tokens").sum, full.inputs()).front() == 7);
    Workers workers(1);
    const Value elbo = model.metrics.at("elbo").sum;
    Execution execution(compile(g, {model.loss.sum, elbo}), store, workers);
    run(execution, full.inputs());
    CHECK(execution.scalar(model.loss.sum) == doctest::Approx(-execution.scalar(elbo)));
  }
}

TEST_CASE("text VAE: gradients") {
  std::vector<TextVae> all = kinds();
  all.push_back(categorical("exact"));
  all.push_back(gaussian());
  all.back().latent = GaussianLatent{.latents = 0};
  all[0].text.word_dropout = 0.3f;
  all[0].text.encoder.layers = 2;
  for (const TextVae& c : all) {
    if (const auto* latent = std::get_if<CategoricalLatent>(&c.latent);
        latent && latent->posterior == "autoregressive")
      continue;  // its relaxed samples are checked with the latents
    Variables store(3);
    create(store, c);
    Graph g(store, Mode::train, "train");
    const Model model = text_vae(g, c, {.batch = 2, .length = 4});
    const SentenceBatch s = sentences(4, {4, 2});
    const Tensor weight = Tensor::of<float>(Shape{}, {0.7f});
    test::Inputs inputs = s.inputs();
    inputs.emplace_back("kl_weight", &weight);
    test::check_gradients(model.loss, inputs);
  }
}

TEST_CASE("text VAE: what is charged for the KL is of the sentences that count") {
  using Of = KlCharge::Of;
  TextVae codes = categorical("nvil"), scaled = gaussian();
  std::get<CategoricalLatent>(codes.latent).charge.of = Of::aggregate;
  std::get<GaussianLatent>(scaled.latent).posterior_scale = 0.7;
  std::vector<TextVae> all{codes, scaled};
  for (const KlCharge& charge : {KlCharge{.free_bits = 0.3}, KlCharge{.of = Of::aggregate}}) {
    all.push_back(gaussian());
    std::get<GaussianLatent>(all.back().latent).charge = charge;
  }
  for (const TextVae& c : all) {
    Variables store(3);
    create(store, c);
    const Tensor weight = Tensor::of<float>(Shape{}, {0.7f});
    const auto loss = [&](const SentenceBatch& s, bool check) {
      store.runs("train") = 0;
      Graph g(store);
      const Model model = text_vae(g, c, s.shape());
      test::Inputs inputs = s.inputs();
      inputs.emplace_back("kl_weight", &weight);
      if (check) test::check_gradients(model.loss, inputs);
      store.runs("train") = 0;
      return run(model.loss.sum, inputs).front();
    };
    const auto full = loss(sentences(4, {4, 2}), !(&c == &all.front()));
    CHECK(full == doctest::Approx(loss(sentences(4, {4, 2, 0, 0}), false)).epsilon(1e-5));
  }
}

TEST_CASE("text VAE: the bounds of categorical latents come up to the sum over all codes") {
  const TextVae c = categorical("gumbel");
  Variables store(2);
  create(store, c);
  const ModelSettings settings("text_vae", c);
  const SentenceBatch s = sentences(4, {4, 3});
  double log_p[2] = {0, 0};
  for (std::size_t row = 0; row < 2; ++row) {
    double sum = 0;
    for (std::int32_t code = 0; code < 9; ++code) {
      const Tensor codes =
          Tensor::of<std::int32_t>({2, 2}, {code / 3, code % 3, code / 3, code % 3});
      sum += std::exp(double{log_likelihoods(store, c, s, codes)[row]}) / 9;
    }
    log_p[row] = std::log(sum);
  }
  Graph g(store, Mode::evaluate, "many");
  const Value log_weight = text_vae_autoencoder().log_weight(g, settings, s.shape());
  Workers workers(1);
  Execution execution(compile(g, {log_weight}), store, workers);
  double sum[2] = {0, 0}, mean[2] = {0, 0};
  const int samples = 4000;
  for (int i = 0; i < samples; ++i) {
    run(execution, s.inputs());
    for (std::size_t row = 0; row < 2; ++row) {
      const double w = execution.get(log_weight).as<float>()[row];
      sum[row] += std::exp(w) / samples;
      mean[row] += w / samples;
    }
  }
  for (std::size_t row = 0; row < 2; ++row) {
    CHECK(std::log(sum[row]) == doctest::Approx(log_p[row]).epsilon(0.02));
    CHECK(mean[row] < log_p[row]);
  }
}

TEST_CASE("text VAE: written step by step, a sentence is as likely as read at once") {
  for (const TextVae& c : kinds())
    for (const std::int64_t beam : {1, 2}) {
      CAPTURE(beam);
      Variables store(4);
      create(store, c);
      const ModelSettings settings("text_vae", c);
      const SentenceBatch s = sentences(5, {5, 4});
      const Tensor codes = some_codes(c, 2);
      const auto expected = log_likelihoods(store, c, s, codes);
      const auto total = test::written_step_by_step(store, settings, s, codes, vocabulary, beam);
      for (std::size_t row = 0; row < 2; ++row)
        CHECK(total[row] == doctest::Approx(double{expected[row]}).epsilon(1e-4));
    }
}

TEST_CASE("text VAE: latents are of the kind that was chosen") {
  const auto shape = [](const TextVae& c) {
    return text_vae_autoencoder().shape(ModelSettings("text_vae", c));
  };
  CHECK(shape(gaussian()).kinds == 0);
  CHECK(shape(gaussian()).positions == 3);
  CHECK(shape(categorical("gumbel")).kinds == 3);
  TextVae unequal = gaussian();
  unequal.text.shared_embeddings = true;
  unequal.text.encoder.width = 6;
  Fields f;
  fields(f, unequal);
  REQUIRE_FALSE(f.complaints().empty());
  CHECK(f.complaints().front().find("6 and 8") != std::string::npos);
}

}  // namespace abax
