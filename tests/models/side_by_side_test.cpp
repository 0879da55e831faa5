// Generators, translators and coders on one store: interleaved, in threads, and what the store
// keeps of them.
#include <doctest/doctest.h>

#include <functional>
#include <thread>

#include "core/base/error.h"
#include "models/gaussian_vae.h"
#include "models/generation/coder.h"
#include "models/generation/generator.h"
#include "models/generation/translator.h"
#include "models/lstm_lm.h"
#include "models/registry.h"
#include "models/seq2seq.h"
#include "models/transformer_lm.h"
#include "tests/models/image_batch.h"

namespace abax {
namespace {

using Floats = std::vector<float>;

const std::vector<ModelSettings>& language_models() {
  static const std::vector<ModelSettings> all{
      {"lstm_lm", LstmLm{.vocabulary = 11, .width = 6, .layers = 2}},
      {"transformer_lm",
       TransformerLm{.vocabulary = 11,
                     .blocks = {.width = 8, .layers = 2, .heads = 2, .context = 5}}},
      {"transformer_lm",
       TransformerLm{.vocabulary = 11,
                     .blocks = {.width = 8, .heads = 2, .positions = "rotary", .context = 4},
                     .memory = 3}}};
  return all;
}

/// The parameters of a model, and one variable of each other kind.
void create(Variables& store, const ModelSettings& settings) {
  Graph graph(store, Mode::train);
  settings.entry().build(graph, settings, {.batch = 1, .length = 4, .target_length = 4});
  test::shake(store, 0.3);
  store.create("optimiser/step", {Shape{}}, Role::saved, init::constant(3));
  store.runs("train") = 3;
}

std::int32_t token(int stream, int t) { return (3 * t + 5 * stream + t * t) % 11; }

/// Twelve steps of a stream.
void take(Generator& generator, int stream, int t, Floats& logits) {
  const auto next = generator.next(token(stream, t));
  logits.insert(logits.end(), next.begin(), next.end());
}
Floats alone(Variables& store, const ModelSettings& settings, int stream) {
  Workers workers(1);
  Generator generator(store, settings, workers);
  Floats logits;
  for (int t = 0; t < 12; ++t) take(generator, stream, t, logits);
  return logits;
}

/// What a checkpoint would keep.
std::vector<std::string> kept(const Variables& store) {
  std::vector<std::string> result = store.names();
  for (const auto& [label, runs] : store.all_runs())
    result.push_back(label + " " + std::to_string(runs));
  return result;
}

void in_threads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("generators: interleaved on one store each goes on as it would alone") {
  for (const ModelSettings& settings : language_models()) {
    Variables store(3);
    create(store, settings);
    const auto before = kept(store);
    Workers workers(1);
    Generator a(store, settings, workers), b(store, settings, workers);
    Floats of_a, of_b;
    int steps_of_b = 0;
    for (int t = 0; t < 12; ++t) {
      take(a, 0, t, of_a);
      if (t % 3 != 1) take(b, 1, steps_of_b++, of_b);
    }
    const Floats whole = alone(store, settings, 1);
    CHECK(of_a == alone(store, settings, 0));
    CHECK(of_b == Floats(whole.begin(), whole.begin() + std::ssize(of_b)));
    CHECK(of_a != of_b);
    CHECK(kept(store) == before);
  }
}

TEST_CASE("generators: four threads give what one gives") {
  for (const ModelSettings& settings : language_models()) {
    Variables store(3);
    create(store, settings);
    std::vector<Floats> expected, found(4);
    for (int i = 0; i < 4; ++i) expected.push_back(alone(store, settings, i));
    in_threads(4, [&](int i) {
      for (int repeat = 0; repeat < 5; ++repeat)
        found[static_cast<std::size_t>(i)] = alone(store, settings, i);
    });
    CHECK(found == expected);
  }
}

TEST_CASE("generators: what training changes counts at the next token") {
  const ModelSettings& settings = language_models().front();
  Variables store(3);
  create(store, settings);
  Workers workers(1);
  Generator generator(store, settings, workers);
  Floats before, after;
  take(generator, 0, 0, before);
  test::shake(store, 0.3);
  generator.reset();
  take(generator, 0, 0, after);
  CHECK(before != after);
  Generator anew(store, settings, workers);
  Floats expected;
  take(anew, 0, 0, expected);
  CHECK(after == expected);
}

TEST_CASE("translators: interleaved and in threads, the store keeps nothing of them") {
  const ModelSettings settings(
      "seq2seq", Seq2Seq{.source_vocabulary = 9,
                         .vocabulary = 7,
                         .blocks = {.width = 8, .layers = 1, .heads = 2, .context = 8}});
  Variables store(4);
  create(store, settings);
  const auto before = kept(store);
  const std::vector<std::vector<std::int32_t>> sources{{3, 5, 2}, {4, 4, 8, 1, 2}, {7, 2}};
  const BeamConfig search{.beam = 3, .limit = 6, .begin = 1, .end = 2};
  const auto translate = [&](std::int64_t batch) {
    Workers workers(1);
    Translator one(store, settings, {.batch = batch, .length = 5, .beam = 3, .limit = 7}, workers);
    Floats scores;
    for (const auto& found : one.translate(sources, search))
      for (const Hypothesis& h : found) {
        scores.push_back(static_cast<float>(h.score));
        scores.insert(scores.end(), h.tokens.begin(), h.tokens.end());
      }
    return scores;
  };
  const Floats expected = translate(2);
  std::vector<Floats> found(4);
  in_threads(4, [&](int i) { found[static_cast<std::size_t>(i)] = translate(2); });
  for (const Floats& each : found) CHECK(each == expected);
  CHECK(kept(store) == before);
}

TEST_CASE("coders: draws are each coder's own, the store keeps nothing of them") {
  const ModelSettings settings("gaussian_vae",
                               GaussianVae{.image = {.network = {.size = test::NumberedImages::size,
                                                                 .kind = DenseNetwork{{8}}}},
                                           .latent = {.latents = 5}});
  Variables store(1);
  create(store, settings);
  const auto before = kept(store);
  const data::Batch images = test::NumberedImages(4, 4).make(0);
  const auto drawn = [](const Tensor& codes) {
    const auto values = codes.as<float>();
    return Floats(values.begin(), values.end());
  };
  Workers workers(1);
  Coder a(store, settings, workers, {.batch = 4}), b(store, settings, workers, {.batch = 4});
  const Floats first = drawn(a.sample(4)), of_b = drawn(b.sample(4)), second = drawn(a.sample(4));
  CHECK(first == of_b);
  CHECK(first != second);
  Coder other(store, settings, workers, {.batch = 4});
  CHECK(drawn(other.sample(4)) == first);
  CHECK(drawn(b.sample(4)) == second);  // a new coder does not begin another's draws anew
  const Floats posterior = drawn(a.sample_posterior(images.inputs));
  std::vector<Floats> found(4);
  in_threads(4, [&](int i) {
    Workers own(1);
    Coder coder(store, settings, own, {.batch = 4});
    found[static_cast<std::size_t>(i)] = drawn(coder.sample_posterior(images.inputs));
  });
  for (const Floats& each : found) CHECK(each == posterior);
  CHECK(kept(store) == before);
}

}  // namespace abax
