// The prior over codes: it learns the codes of each label, and draws them again.
#include "models/code_prior.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "models/training/optimiser.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

constexpr std::int64_t positions = 4, labels = 3;

CodePrior config() {
  return code_prior_for({.blocks = {.width = 16, .layers = 1, .heads = 2}}, {positions, 5}, labels);
}

/// Every code of an image of label l is l, save for the last, which is 4 or, without a label, 3.
Tensor tokens_of(const CodePrior& c, bool targets) {
  Tensor tokens({positions, labels + 1}, i32);
  const auto at = [&](std::int64_t t, std::int64_t b) -> std::int32_t& {
    return tokens.as<std::int32_t>()[static_cast<std::size_t>(t * (labels + 1) + b)];
  };
  const auto code = [](std::int64_t t, std::int64_t label) {
    return static_cast<std::int32_t>(t + 1 < positions ? std::max<std::int64_t>(label, 0)
                                     : label < 0       ? 3
                                                       : 4);
  };
  for (std::int64_t b = 0; b <= labels; ++b)
    for (std::int64_t t = 0; t < positions; ++t)
      at(t, b) = targets ? code(t, b - 1) : t == 0 ? label_token(c, b - 1) : code(t - 1, b - 1);
  return tokens;
}

TEST_CASE("code_prior: learns the codes of each label and draws them") {
  const CodePrior c = config();
  CHECK(c.kinds == 5);
  CHECK(c.labels == labels);
  CHECK(c.blocks.context == positions);
  Variables store(3);
  Workers workers(2);
  Graph g(store, Mode::train);
  const Model model = code_prior(g, c, {.batch = labels + 1, .length = positions});
  CHECK(model.output.shape() == Shape{positions, labels + 1, 5});
  CHECK(store.at("embedding").value().shape() == Shape{9, 16});
  optimise({}, gradients_of(model.loss));
  Execution step(compile(g, {model.loss.sum}), store, workers);
  const Tensor tokens = tokens_of(c, false), targets = tokens_of(c, true);
  step.set("learning_rate", 0.005f);
  for (int i = 0; i < 400; ++i) test::run(step, {{"tokens", &tokens}, {"targets", &targets}});
  CHECK(step.scalar(model.loss.sum) < 0.1);

  const std::vector<std::int64_t> asked{2, -1, 0, 1, 2};
  const Tensor drawn = draw_codes(store, c, asked, {.temperature = 0}, 1, workers);
  CHECK(drawn.shape() == Shape{5, positions});
  const auto codes = drawn.as<std::int32_t>();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    CAPTURE(i);
    CHECK(codes[i * positions] == std::max<std::int64_t>(asked[i], 0));
    CHECK(codes[i * positions + positions - 1] == (asked[i] < 0 ? 3 : 4));
  }
}

TEST_CASE("code_prior: an image's draws do not depend on the others") {
  const CodePrior c = config();
  Variables store(3);
  Workers workers(1);
  {
    Graph g(store, Mode::train);
    code_prior(g, c, {.batch = 1, .length = positions});
  }
  const std::vector<std::int64_t> one{1}, many{1, 0, 2};
  const Tensor alone = draw_codes(store, c, one, {}, 7, workers);
  const Tensor first = draw_codes(store, c, many, {}, 7, workers);
  for (std::size_t t = 0; t < positions; ++t)
    CHECK(alone.as<std::int32_t>()[t] == first.as<std::int32_t>()[t]);
  CHECK(std::ranges::none_of(store.names(),
                             [](const std::string& name) { return name.starts_with("draw"); }));
  CHECK(draw_codes(store, c, {}, {}, 7, workers).shape() == Shape{0, positions});
}

TEST_CASE("code_prior: labels and latents that it cannot have are refused") {
  CHECK_THROWS_AS(label_token(config(), 3), UsageError);
  CHECK_THROWS_AS(label_token(config(), -2), UsageError);
  CHECK_THROWS_AS(code_prior_for({}, {20, 0}, 0), UsageError);
}

}  // namespace
}  // namespace abax
