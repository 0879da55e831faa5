// A loop of training: its steps against single ones, where it stops, and what it refuses.
#include "models/training/fit.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "models/gaussian_vae.h"
#include "models/layers/layers.h"
#include "models/registry.h"
#include "models/training/export.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "tests/models/image_batch.h"

namespace abax {
namespace {

using test::NumberedImages;

const NumberedImages images(10, 4);

ModelSettings settings() {
  return {
      "gaussian_vae",
      GaussianVae{.image = {.network = {.size = NumberedImages::size, .kind = DenseNetwork{{8}}}},
                  .latent = {.latents = 3}}};
}

LearnerConfig config_of(bool accumulate, double average) {
  LearnerConfig config{.model = settings(), .train_shapes = images.shapes()};
  config.optimiser.average = average;
  config.accumulate = accumulate;
  return config;
}

struct Run {
  Variables store{1};
  Workers workers{1};
  Learner learner;
  explicit Run(bool accumulate = false, double average = 0)
      : learner(store, config_of(accumulate, average), workers) {}
};

Scalars scalars(std::int64_t step) {
  return {{"learning_rate", 0.01f / static_cast<float>(step + 1)}, {"kl_weight", 0.5f}};
}

bool equal(const Variables& a, const Variables& b) {
  if (a.names() != b.names()) return false;
  for (int i = 0; i < a.count(); ++i)
    if (std::memcmp(a[i].value().data(), b[i].value().data(), a[i].value().bytes()) != 0)
      return false;
  return a.all_runs() == b.all_runs();
}

}  // namespace

TEST_CASE("fit: its steps are those of a loop by hand, in one piece or in two") {
  Run by_hand, whole, pieces;
  for (std::int64_t step = 0; step < 7; ++step)
    by_hand.learner.learn(images.make(step), scalars(step));
  std::vector<std::int64_t> told;
  std::vector<double> losses;
  const auto tell = [&](const FitProgress& at) {
    told.push_back(at.step);
    losses.push_back(at.batch.loss.mean());
    CHECK(at.steps == 7);
    CHECK(at.gradient_norm > 0);
    return true;
  };
  CHECK(fit(whole.learner, images, {.steps = 7, .schedule = scalars, .on_step = tell}) == 7);
  CHECK(told == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7});
  CHECK(losses.back() < losses.front());
  CHECK(equal(whole.store, by_hand.store));
  // Stopped after the third step, and gone on.
  const auto third = [](const FitProgress& at) { return at.step < 3; };
  const auto steps =
      fit(pieces.learner, images, {.steps = 7, .schedule = scalars, .on_step = third});
  CHECK(steps == 3);
  CHECK_FALSE(equal(pieces.store, by_hand.store));
  CHECK(fit(pieces.learner, images, {.steps = 7, .first = steps, .schedule = scalars}) == 7);
  CHECK(equal(pieces.store, by_hand.store));
}

TEST_CASE("fit: a stop token ends it after the step that is being made") {
  Run run;
  std::stop_source stop;
  const auto ask = [&](const FitProgress& at) {
    if (at.step == 2) stop.request_stop();
    return true;
  };
  const auto schedule = [](std::int64_t) { return Scalars{{"kl_weight", 1.f}}; };
  const FitOptions options{
      .steps = 100, .schedule = schedule, .on_step = ask, .stop = stop.get_token()};
  CHECK(fit(run.learner, images, options) == 2);
  CHECK(run.store.runs("train") == 2);
  CHECK(fit(run.learner, images, options) == 0);
}

TEST_CASE("fit: several batches a step are summed before each update") {
  Run by_hand(true), run(true);
  for (std::int64_t step = 0; step < 3; ++step) {
    for (std::int64_t i = 0; i < 2; ++i)
      by_hand.learner.learn(images.make(2 * step + i), scalars(step));
    by_hand.learner.apply(scalars(step));
  }
  double counted = 0;
  const auto count = [&](const FitProgress& at) { return counted += at.batch.loss.count, true; };
  CHECK(fit(run.learner, images,
            {.steps = 3, .batches_a_step = 2, .schedule = scalars, .on_step = count}) == 3);
  CHECK(counted == 20);  // two passes of ten images
  CHECK(equal(run.store, by_hand.store));
}

TEST_CASE("fit: misuse is refused before anything is learnt") {
  Run run;
  CHECK_THROWS_AS(fit(run.learner, images, {.steps = -1}), UsageError);
  CHECK_THROWS_AS(fit(run.learner, images, {.steps = 3, .first = 4}), UsageError);
  CHECK_THROWS_AS(fit(run.learner, images, {.steps = 3, .first = -1}), UsageError);
  CHECK_THROWS_AS(fit(run.learner, images, {.steps = 3, .batches_a_step = 0}), UsageError);
  CHECK_THROWS_AS(fit(run.learner, images, {.steps = 3, .batches_a_step = 2}), UsageError);
  CHECK_THROWS_AS(run.learner.apply({}), UsageError);
  data::Batch odd = images.make(0);
  odd.shape = 1;
  CHECK_THROWS_AS(run.learner.learn(odd, scalars(0)), UsageError);
  CHECK(run.store.runs("train") == 0);
}

TEST_CASE("learner: an inner step moves the encoder alone, as its own optimiser says") {
  for (const bool accumulate : {false, true}) {
    Variables store(1), other(1);
    Workers workers(1);
    LearnerConfig config = config_of(accumulate, 0.5);
    config.inner = "encoder/";
    Learner learner(store, config, workers);
    config.inner = "";
    config.frozen = {"decoder/"};
    config.accumulate = false;
    config.optimiser.average = 0;
    Learner alone(other, config, workers);
    const auto same = [&](const std::string& name) {
      const Tensor &a = store.at(name).value(), &b = other.at(name).value();
      return std::memcmp(a.data(), b.data(), a.bytes()) == 0;
    };
    for (std::int64_t step = 0; step < 3; ++step) {
      const Evaluation inner = learner.learn_inner(images.make(step), scalars(step));
      const Evaluation expected = alone.learn(images.make(step), scalars(step));
      CHECK(inner.loss.sum == expected.loss.sum);
    }
    CHECK(learner.gradient_norm() == 0);
    CHECK(store.at("optimiser/step").value().as<float>()[0] == 0);
    for (const std::string& name : other.names())
      if (other.at(name).role == Role::trainable) CHECK(same(name));
    // Whole updates go on from there.
    learner.learn(images.make(3), scalars(3));
    if (accumulate) learner.apply(scalars(3));
    CHECK(learner.gradient_norm() > 0);
    CHECK_FALSE(same("encoder/mean/weight"));
    CHECK_FALSE(same("decoder/dense0/weight"));
  }
  Run plain;
  CHECK_THROWS_WITH_AS(plain.learner.learn_inner(images.make(0), scalars(0)),
                       doctest::Contains("LearnerConfig::inner"), UsageError);
  Variables store;
  Workers workers(1);
  LearnerConfig wrong = config_of(false, 0);
  wrong.inner = "encodr/";
  CHECK_THROWS_WITH_AS(Learner(store, wrong, workers), doctest::Contains("encodr/"), UsageError);
}

TEST_CASE("export: parameters or their averages, and nothing of training") {
  Run run(false, 0.5);
  const auto untrained = export_for_inference(run.store);
  CHECK(untrained->at("encoder/mean/weight").value().as<float>()[0] ==
        run.store.at("encoder/mean/weight").value().as<float>()[0]);
  fit(run.learner, images, {.steps = 5, .schedule = scalars});
  run.store.create("statistic", {Shape{}}, Role::saved, init::constant(4));
  run.store.create("train:h", {Shape{}}, Role::carried, init::constant(4));
  const auto exported = export_for_inference(run.store);
  int parameters = 0;
  for (int i = 0; i < run.store.count(); ++i) {
    const Variable& from = run.store[i];
    if (from.role != Role::trainable) continue;
    ++parameters;
    const Variable& average = run.store.at("average/" + from.name);
    const Variable& to = exported->at(from.name);
    CHECK(to.decay == from.decay);
    CHECK(std::memcmp(to.value().data(), average.value().data(), to.value().bytes()) == 0);
    if (from.name == "encoder/mean/weight")
      CHECK(std::memcmp(to.value().data(), from.value().data(), to.value().bytes()) != 0);
  }
  CHECK(exported->count() == parameters + 1);
  CHECK(exported->at("statistic").value().as<float>()[0] == 4);
  CHECK(exported->all_runs().empty());
  CHECK(exported->seed() == 1);
  // What it is for: the evaluation graph finds all it reads.
  Graph g(*exported, Mode::evaluate);
  CHECK_NOTHROW(settings().entry().build(g, settings(), {.batch = 3}));
}

namespace {

/// A line through points, y = 3 x + 1, as a model of one's own.
Model line(Graph& g, const BatchShape& shape) {
  const Value x = g.input("x", {shape.batch, 1}), y = g.input("y", {shape.batch, 1});
  const Value guess = linear(x, 1, "line");
  const Value count = g.constant(static_cast<float>(shape.batch));
  const Value error = sum(square(guess - y));
  return {.output = guess, .loss = {error, count}, .metrics = {{"squares", {error, count}}}};
}

class Points : public data::BatchSource {
 public:
  const std::vector<BatchShape>& shapes() const override { return shapes_; }
  std::int64_t batches() const override { return 3; }
  void fill(std::int64_t position, data::Batch& batch) const override {
    const auto x = batch.prepare("x", {{4, 1}, f32}).as<float>();
    const auto y = batch.prepare("y", {{4, 1}, f32}).as<float>();
    batch.position = position;
    batch.counted = 4;
    for (std::size_t i = 0; i < 4; ++i) {
      x[i] = static_cast<float>(position % 3) / 3 + static_cast<float>(i) / 4 - 1;
      y[i] = 3 * x[i] + 1;
    }
  }

 private:
  std::vector<BatchShape> shapes_{{.batch = 4}};
};

}  // namespace

TEST_CASE("learner: a model of one's own is trained and evaluated without an entry") {
  const Points points;
  Variables store(1);
  Workers workers(1);
  Learner learner(store,
                  {.build = line, .train_shapes = points.shapes(), .check_shapes = points.shapes()},
                  workers);
  CHECK(learner.parameters() == 2);
  CHECK(learner.scalars() == std::vector<std::string>{"learning_rate"});
  const double before = learner.evaluate(points).loss.mean();
  fit(learner, points, {.steps = 300, .learning_rate = 0.05f});
  const Evaluation after = learner.evaluate(points);
  CHECK(after.loss.count == 12);
  CHECK(after.loss.mean() < 1e-3 * before);
  CHECK(after.metrics.at("squares").mean() == after.loss.mean());
  CHECK(store.at("line/weight").value().as<float>()[0] == doctest::Approx(3).epsilon(0.02));
}

TEST_CASE("learner: shapes that it has no plan for are refused with what to do") {
  Run run;
  CHECK_NOTHROW(run.learner.learning());
  CHECK_THROWS_WITH_AS(run.learner.learning(5), doctest::Contains("shape number 5"), UsageError);
  CHECK_THROWS_AS(run.learner.learning(-1), UsageError);
  CHECK_THROWS_WITH_AS(run.learner.evaluate(images), doctest::Contains("check_shapes"), UsageError);
  LearnerConfig config = config_of(false, 0);
  config.frozen = {"nothing"};
  CHECK_THROWS_WITH_AS(Learner(run.store, config, run.workers),
                       doctest::Contains("LearnerConfig::frozen"), UsageError);
}

TEST_CASE("fit: rates out of range and schedules that nothing reads are refused") {
  Run run;
  for (const float rate : {-0.1f, NAN, INFINITY}) {
    CHECK_THROWS_WITH_AS(fit(run.learner, images, {.steps = 1, .learning_rate = rate}),
                         doctest::Contains("learning rate of step 0"), UsageError);
    const auto schedule = [&](std::int64_t) { return Scalars{{"learning_rate", rate}}; };
    CHECK_THROWS_AS(fit(run.learner, images, {.steps = 1, .schedule = schedule}), UsageError);
  }
  const auto misspelt = [](std::int64_t) { return Scalars{{"learning_rat", 0.1f}}; };
  CHECK_THROWS_WITH_AS(fit(run.learner, images, {.steps = 1, .schedule = misspelt}),
                       doctest::Contains("did you mean 'learning_rate'?"), UsageError);
  CHECK(run.learner.scalars() == std::vector<std::string>{"kl_weight", "learning_rate"});
  CHECK(run.store.runs("train") == 0);
}

}  // namespace abax
