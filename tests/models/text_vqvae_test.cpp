// VQ-VAEs of sentences: their loss from its parts, what padding must not touch, codes that are
// drawn as they came, what is written step by step, and that they learn.
#include "models/text_vqvae.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "models/training/optimiser.h"
#include "tests/models/check_gradients.h"
#include "tests/models/quantiser_bench.h"
#include "tests/models/sentence_batch.h"

namespace abax {
namespace {

using test::run;
using test::SentenceBatch;

constexpr int vocabulary = 9;

Nearest kind() {
  return {.codes = 7,
          .commitment = 0.4f,
          .codebook_decay = 0.9f,
          .codebook_start = "random",
          .restart_below = 0.3f};
}

TextVqvae small(const Quantiser& quantiser = {.kind = kind(), .code_width = 3},
                const char* encoder = "lstm", const char* decoder = "lstm") {
  return {.text = {.vocabulary = vocabulary,
                   .encoder = test::small_blocks(encoder),
                   .decoder = {test::small_blocks(decoder, 2)}},
          .resampler = {.kind = LearnedQueries{2}, .latents = 3},
          .quantiser = quantiser};
}

struct Config {
  const char* name;
  TextVqvae settings;
};
/// Of every quantiser and resampler.
std::vector<Config> all_configs() {
  Nearest cosine = kind(), learnt = kind();
  cosine.cosine = true;
  learnt.codebook_decay = learnt.restart_below = 0;
  TextVqvae pooled = small(), tied = small({.kind = Finite{{3, 4}}}, "gru", "gru");
  pooled.resampler.kind = StridedPooling{"max"};
  pooled.text.encoder.bidirectional = true;
  tied.resampler.kind = StridedPooling{};
  tied.text.tied = tied.text.shared_embeddings = true;
  return {
      {"nearest", small()},
      {"nearest, pooled", pooled},
      {"cosine", small({.kind = cosine, .code_width = 3}, "transformer", "transformer")},
      {"with a codebook loss", small({.kind = learnt, .code_width = 3})},
      {"residual", small({.kind = kind(), .code_width = 3, .stages = 2}, "lstm", "transformer")},
      {"finite, tied", tied},
      {"grouped residual FSQ", small({.kind = Finite{{3, 4}}, .stages = 2, .groups = 2})}};
}

void create(Variables& store, const TextVqvae& c, double deviation = 0.5) {
  Graph g(store, Mode::train, "create");
  text_vqvae(g, c, {.batch = 1, .length = 1});
  test::shake(store, deviation);
  test::set(store, "prior/counts", [](std::size_t) { return 0.f; });
  // Codebooks that move by their averages begin where these are.
  Workers workers(1);
  prepare_text_vqvae(store, c, {}, workers);
}

std::vector<double> all_of(const Variables& store) {
  std::vector<double> result;
  for (int i = 0; i < store.count(); ++i)
    for (const double x : test::as_doubles(store[i].value())) result.push_back(x);
  return result;
}

/// Steps of training on one store, and evaluations of all that a model gives.
struct Trainer {
  Variables& store;
  Graph train, check;
  Model learnt, checked;
  Workers workers{2};
  Execution learning, checking;

  Trainer(Variables& variables, const TextVqvae& c, const BatchShape& shape)
      : store(variables),
        train(store),
        check(store, Mode::evaluate),
        learnt(text_vqvae(train, c, shape)),
        checked(text_vqvae(check, c, shape)),
        learning(compile(train, {learnt.loss.sum, learnt.loss.count,
                                 optimise({}, gradients_of(learnt.loss))}),
                 store, workers),
        checking(compile(check, outputs()), store, workers) {
    learning.set("learning_rate", 0.01f);
  }
  std::vector<Value> outputs() {
    std::vector<Value> result{checked.loss.sum, checked.loss.count};
    for (const auto& [name, statistic] : checked.statistics) result.push_back(statistic);
    for (const auto& [name, metric] : checked.metrics)
      result.insert(result.end(), {metric.sum, metric.count});
    return result;
  }
  float learn(const SentenceBatch& batch) {
    run(learning, batch.inputs());
    return learning.scalar(learnt.loss.sum) / learning.scalar(learnt.loss.count);
  }
  std::vector<double> evaluate(const SentenceBatch& batch) {
    run(checking, batch.inputs());
    std::vector<double> result;
    for (const Value& value : outputs())
      for (const double x : test::as_doubles(checking.get(value))) result.push_back(x);
    return result;
  }
  double metric(const char* name) {
    const Loss& metric = checked.metrics.at(name);
    return double{checking.scalar(metric.sum)} / double{checking.scalar(metric.count)};
  }
};

Tensor codes_of(Variables& store, const TextVqvae& c, const SentenceBatch& s) {
  Graph g(store, Mode::evaluate, "codes");
  const Value codes = text_vqvae_autoencoder().encode(g, {"text_vqvae", c}, s.shape());
  Workers workers(1);
  Execution execution(compile(g, {codes}), store, workers);
  run(execution, s.inputs());
  return Tensor::of<std::int32_t>(codes.shape(), execution.get(codes).as<std::int32_t>());
}

std::vector<float> log_likelihoods(Variables& store, const TextVqvae& c, const SentenceBatch& s,
                                   const Tensor& codes) {
  Graph g(store, Mode::evaluate, "given codes");
  test::Inputs inputs = s.inputs();
  inputs.emplace_back("codes", &codes);
  const Value given = g.input("codes", codes.shape(), i32);
  return run(text_vqvae_autoencoder().log_likelihood(g, {"text_vqvae", c}, s.shape(), given),
             inputs);
}

}  // namespace

TEST_CASE("text VQ-VAE: parameters are under encoder/ and decoder/") {
  Variables store(1);
  create(store, small());
  for (const char* name :
       {"encoder/embedding", "encoder/lstm0/input_weight", "encoder/queries/query",
        "encoder/queries/key/weight", "encoder/code_norm/scale", "encoder/code/weight", "codebook",
        "codebook/counts", "prior/counts", "decoder/embedding", "decoder/codes/weight",
        "decoder/codes/position", "decoder/latent/start1/bias", "decoder/attention/query/weight",
        "decoder/output/weight"})
    CHECK_MESSAGE(store.find(name) >= 0, name);
  CHECK(store.find("decoder/latent/vector/weight") < 0);
  CHECK(store.at("decoder/codes/position").value().shape() == Shape{3, 1, 8});
  CHECK(store.at("prior/counts").value().shape() == Shape{3, 7});
  CHECK(store.at("prior/counts").frozen);
}

TEST_CASE("text VQ-VAE: the loss is the nats of a sentence and its places' commitment") {
  for (const Config& config : all_configs()) {
    CAPTURE(config.name);
    const TextVqvae& c = config.settings;
    Variables store(1);
    create(store, c);
    const SentenceBatch s(5, {5, 3, 0}, vocabulary);
    Graph g(store, Mode::evaluate);
    const Model model = text_vqvae(g, c, s.shape());
    const auto value = [&](Value v) { return double{run(v, s.inputs())[0]}; };
    const auto metric = [&](const char* name) { return value(model.metrics.at(name).sum); };
    CHECK(value(model.loss.count) == 2);
    CHECK(metric("tokens") == 8);
    CHECK(value(model.metrics.at("accuracy").count) == 8);
    const auto* nearest = std::get_if<Nearest>(&c.quantiser.kind);
    const double weight = nearest ? 0.4 + (nearest->codebook_decay == 0 ? 1 : 0) : 0;
    CHECK(value(model.loss.sum) ==
          doctest::Approx(metric("reconstruction") + 3 * weight * metric("commitment")));
    if (nearest) CHECK(metric("commitment") > 0.01);
    // With the codes found, the log-likelihood is the reconstruction's.
    const auto found = log_likelihoods(store, c, s, codes_of(store, c, s));
    CHECK(-double{found[0]} - double{found[1]} ==
          doctest::Approx(metric("reconstruction")).epsilon(1e-5));
  }
}

TEST_CASE("text VQ-VAE: padding and rows that only fill a batch change nothing") {
  for (const Config& config : all_configs()) {
    CAPTURE(config.name);
    const TextVqvae& c = config.settings;
    // Codes of a sentence alone and among others.
    Variables store(1);
    create(store, c);
    const SentenceBatch alone(4, {4}, vocabulary), among(7, {4, 2, 0}, vocabulary);
    const Tensor one = codes_of(store, c, alone), many = codes_of(store, c, among);
    for (std::size_t i = 0; i < static_cast<std::size_t>(one.size()); ++i)
      CHECK(one.as<std::int32_t>()[i] == many.as<std::int32_t>()[i]);
    const Tensor same = Tensor::of<std::int32_t>(many.shape(), many.as<std::int32_t>());
    CHECK(log_likelihoods(store, c, alone, one)[0] ==
          doctest::Approx(log_likelihoods(store, c, among, same)[0]).epsilon(1e-5));
    // What stands in a row without weight moves no variable and shows in no result.
    std::vector<double> results[2], variables[2];
    for (const int other : {0, 1}) {
      Variables trained(1);
      Trainer trainer(trained, c, among.shape());
      SentenceBatch batch(7, {4, 2, 0}, vocabulary);
      if (other) {
        batch.lengths.as<std::int32_t>()[2] = 3;
        for (std::size_t t = 0; t < 7; ++t) batch.tokens.as<std::int32_t>()[t * 3 + 2] = 5;
      }
      for (int step = 0; step < 3; ++step) trainer.learn(batch);
      variables[other] = all_of(trained);
      results[other] = trainer.evaluate(batch);
    }
    CHECK(variables[0] == variables[1]);
    CHECK(results[0] == results[1]);
  }
}

TEST_CASE("text VQ-VAE: gradients") {
  // With finite scalars the way through the codes is no slope; all behind it is.
  for (const char* name : {"decoder", "tied"}) {
    CAPTURE(name);
    const bool tied = std::string(name) == "tied";
    TextVqvae c = small({.kind = Finite{{3, 4}}}, "lstm", tied ? "lstm" : "transformer");
    c.text.tied = tied;
    Variables store(3);
    create(store, c);
    store.freeze("encoder/");
    Graph g(store, Mode::train, "train");
    const SentenceBatch s(4, {4, 2}, vocabulary);
    const Model model = text_vqvae(g, c, s.shape());
    test::check_gradients(model.loss, s.inputs());
  }
  // Straight through: what reaches the code layer is what reaches its codes' vectors.
  Variables store(3);
  create(store, small());
  Graph g(store, Mode::train, "train");
  const SentenceBatch s(4, {4, 2}, vocabulary);
  const Model model = text_vqvae(g, small(), s.shape());
  const Gradients gradients = gradients_of(model.loss);
  for (std::size_t p = 0; p < gradients.sums.size(); ++p) {
    const std::string& name = g.variable(gradients.parameters[p]).name;
    if (!name.starts_with("encoder/")) continue;
    CAPTURE(name);
    double most = 0;
    for (const float x : run(gradients.sums[p], s.inputs()))
      most = std::max(most, std::abs(double{x}));
    CHECK(most > 1e-6);
  }
}

TEST_CASE("text VQ-VAE: written step by step, a sentence is as likely as read at once") {
  for (const Config& config : all_configs())
    for (const std::int64_t beam : {1, 2}) {
      CAPTURE(config.name);
      CAPTURE(beam);
      const TextVqvae& c = config.settings;
      Variables store(4);
      create(store, c);
      const SentenceBatch s(5, {5, 4}, vocabulary);
      const CodeShape shape = text_vqvae_autoencoder().shape({"text_vqvae", c});
      Tensor codes({2, shape.positions}, i32);
      for (std::size_t i = 0; i < static_cast<std::size_t>(codes.size()); ++i)
        codes.as<std::int32_t>()[i] = static_cast<std::int32_t>((5 * i + i * i) % 7);
      codes.as<std::int32_t>()[0] = 3;
      const auto expected = log_likelihoods(store, c, s, codes);
      const auto written =
          test::written_step_by_step(store, {"text_vqvae", c}, s, codes, vocabulary, beam);
      for (std::size_t row = 0; row < 2; ++row)
        CHECK(written[row] == doctest::Approx(double{expected[row]}).epsilon(1e-4));
      // Other codes, another sentence's likelihood: also where two codes change places.
      std::swap(codes.as<std::int32_t>()[0], codes.as<std::int32_t>()[shape.positions - 1]);
      CHECK(std::abs(log_likelihoods(store, c, s, codes)[0] - expected[0]) > 1e-4);
    }
}

TEST_CASE("text VQ-VAE: evaluations count the codes of each place, of sentences that weigh") {
  for (const Config& config : all_configs()) {
    CAPTURE(config.name);
    const TextVqvae& c = config.settings;
    Variables store(1);
    create(store, c);
    const SentenceBatch s(6, {6, 0, 3, 2}, vocabulary);
    Graph g(store, Mode::evaluate);
    const Model model = text_vqvae(g, c, s.shape());
    const CodeShape shape = text_vqvae_autoencoder().shape({"text_vqvae", c});
    CHECK(g.find("codes").shape() == Shape{4, shape.positions});
    std::vector<float> expected(static_cast<std::size_t>(shape.positions * shape.kinds));
    const Tensor codes = codes_of(store, c, s);
    for (std::int64_t i = 0; i < codes.size(); ++i)
      if (i / shape.positions != 1)
        ++expected.at(
            static_cast<std::size_t>(i % shape.positions * shape.kinds +
                                     codes.as<std::int32_t>()[static_cast<std::size_t>(i)]));
    CHECK(run(model.statistics.at("posterior"), s.inputs()) == expected);
  }
}

TEST_CASE("text VQ-VAE: codes are drawn as often as they came in training, at each place") {
  const TextVqvae c = small();
  const ModelSettings settings("text_vqvae", c);
  Variables store(2);
  create(store, c);
  const auto drawn = [&](const char* label) {
    const std::unique_ptr<Variables> other = sharing_parameters(store);  // as a coder does
    Graph g(*other, Mode::evaluate, label);
    const Value codes = text_vqvae_autoencoder().sample(g, settings, 4000);
    CHECK(codes.type() == TensorType{{4000, 3}, i32});
    Workers workers(1);
    Execution execution(compile(g, {codes}), *other, workers);
    execution.run();
    std::vector<double> shares(3 * 7);
    std::size_t i = 0;
    for (const std::int32_t code : execution.get(codes).as<std::int32_t>())
      shares.at(i++ % 3 * 7 + static_cast<std::size_t>(code)) += 1 / 4000.;
    return shares;
  };
  // Before training: all alike.
  for (const double share : drawn("before")) CHECK(share == doctest::Approx(1 / 7.).epsilon(0.2));
  // What a training graph counts, of sentences that weigh.
  Graph train(store, Mode::train);
  const Model model = text_vqvae(train, c, {.batch = 4, .length = 6});
  Workers workers(1);
  Execution step(compile(train, {model.loss.sum}), store, workers);
  const SentenceBatch s(6, {6, 0, 3, 2}, vocabulary);
  const Tensor codes = codes_of(store, c, s);
  run(step, s.inputs());
  std::vector<double> expected(3 * 7);
  for (std::size_t i = 0; i < 12; ++i)
    if (i / 3 != 1)
      expected.at(i % 3 * 7 + static_cast<std::size_t>(codes.as<std::int32_t>()[i])) += 1 / 3.;
  const auto counts = test::as_doubles(store.at("prior/counts").value());
  for (std::size_t i = 0; i < counts.size(); ++i)
    CHECK(counts[i] == doctest::Approx(3 * 0.001 * expected[i]));
  const auto shares = drawn("after");
  for (std::size_t i = 0; i < shares.size(); ++i)
    CHECK(std::abs(shares[i] - expected[i]) < (expected[i] == 0 ? 1e-9 : 0.05));
}

TEST_CASE("text VQ-VAE: codebooks start from data of several lengths") {
  TextVqvae c = small();
  std::get<Nearest>(c.quantiser.kind).codebook_start = "data";
  std::get<Nearest>(c.quantiser.kind).codes = 6;
  Variables store(3);
  create(store, c);
  std::vector<std::vector<std::pair<std::string, Tensor>>> inputs;
  std::vector<BatchInputs> batches;
  for (const std::int64_t time : {5, 7}) {
    const SentenceBatch s(time, {4, 2, 0, 3, 5}, vocabulary);
    inputs.emplace_back();
    for (const auto& [name, tensor] : s.inputs()) inputs.back().emplace_back(name, tensor->clone());
  }
  for (const auto& each : inputs) batches.emplace_back(each);
  const SentenceBatch s(5, {4, 2, 0, 3, 5}, vocabulary);
  Graph g(store, Mode::evaluate);
  const Value commitment = text_vqvae(g, c, s.shape()).metrics.at("commitment").sum;
  const float before = run(commitment, s.inputs())[0];
  Workers workers(1);
  prepare_text_vqvae(store, c, batches, workers);
  CHECK(run(commitment, s.inputs())[0] < 0.3f * before);
}

TEST_CASE("text VQ-VAE: finite scalars begin with codes of all kinds") {
  TextVqvae c = small({.kind = Finite{{4, 4}}});
  c.resampler.latents = 1;
  c.text.encoder.width = 64;  // so wide that sentences begin as near to each other as they do
  Random random(3);
  const SentenceBatch s(6, std::vector<std::int32_t>(50, 6), vocabulary, [&](auto, auto) {
    return static_cast<std::int32_t>(random.below(vocabulary - 2));
  });
  Variables store(2);
  Graph g(store, Mode::train);
  text_vqvae(g, c, s.shape());
  Workers workers(1);
  Execution execution(compile(g, {g.find("codes")}), store, workers);
  run(execution, s.inputs());
  const auto codes = execution.get(g.find("codes")).as<std::int32_t>();
  CHECK(std::set<std::int32_t>(codes.begin(), codes.end()).size() > 8);
}

TEST_CASE("text VQ-VAE: it learns sentences by heart; an evaluation changes nothing") {
  for (const Config& config : all_configs()) {
    CAPTURE(config.name);
    TextVqvae c = config.settings;
    Variables store(2);
    // Words that nothing foretells, but the sentence's own codes.
    const SentenceBatch s(4, {4, 4, 4, 3, 4, 0}, vocabulary, [](std::int64_t b, std::int64_t t) {
      return static_cast<std::int32_t>((b * b + 3 * b * t + 2 * t + b) % 7);
    });
    Trainer trainer(store, c, s.shape());
    for (int step = 0; step < 600; ++step) trainer.learn(s);
    const auto before = all_of(store);
    trainer.evaluate(s);
    CHECK(all_of(store) == before);
    // Without codes nothing tells which of the five it is.
    CHECK(trainer.metric("reconstruction") < std::log(5));
    CHECK(trainer.metric("accuracy") > 0.9);
  }
}

TEST_CASE("text VQ-VAE: settings that do not fit together are refused") {
  const auto complaint = [](const TextVqvae& given) {
    TextVqvae c = given;
    Fields f;
    fields(f, c);
    const bool pooling = std::holds_alternative<StridedPooling>(c.resampler.kind);
    CHECK((f.find("pooling") != nullptr) == pooling);
    CHECK((f.find("query-heads") != nullptr) != pooling);
    return f.complaints().empty() ? std::string() : f.complaints().front();
  };
  for (const Config& config : all_configs()) CHECK(complaint(config.settings).empty());
  TextVqvae heads = small();
  heads.resampler.kind = LearnedQueries{3};
  CHECK(complaint(heads).find("3 do not divide 8") != std::string::npos);
}

}  // namespace abax
