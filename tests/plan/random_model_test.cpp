// Random models of the library's ops, trained for three steps: the same bits whichever passes are
// on and however many threads there are.
#include <doctest/doctest.h>

#include "core/base/random.h"
#include "core/base/text.h"
#include "core/graph/gradients.h"
#include "core/plan/execution.h"
#include "core/plan/plan.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/matmul.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "tests/plan/memory_check.h"

namespace abax::test {
namespace {

/// All values are matrices, [rows, columns] with odd sizes, in bounds that no activation leaves
/// far.
class RandomModel {
 public:
  explicit RandomModel(std::uint64_t seed)
      : store(seed),
        graph(store),
        random_(stream_key(seed, "test", "model")),
        ids(Shape{rows_[1]}, i32) {
    for (std::int32_t& id : ids.as<std::int32_t>()) id = static_cast<std::int32_t>(below(50));
    const Value tokens = graph.input("tokens", ids.shape(), i32, values_in(0, 50));
    pool_.push_back(embedding(tokens, parameter({50, 33})));
    pool_.push_back(parameter({1, 20}));
    pool_.push_back(parameter({rows_[0], 20}));
    for (int layer = 0; layer < 14; ++layer) {
      const auto scope = graph.scope("layer", layer);
      pool_.push_back(grow());
    }
    Value loss = graph.constant(0.f);
    for (std::size_t i = pool_.size() - 3; i < pool_.size(); ++i)
      loss = loss + mean(square(pool_[i] + below_one()));
    outputs = {loss, pool_[below(pool_.size())]};
    const Value rate = graph.input("rate", {}, f32, values_in(0, 1));
    const std::vector<Value> slopes = gradients(loss, parameters_);
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const auto scope = graph.scope("update", static_cast<int>(i));
      const Value p = parameters_[i];
      const Value m = graph.saved_state("m", p.type(), init::zeros());
      const Value m1 = 0.9f * m + slopes[i];
      graph.assign(m, m1);
      graph.assign(p, p - rate * m1);
      if (below(3) == 0) outputs.push_back(slopes[i]);
    }
    for (int i = 0; i < 4; ++i) {
      const auto scope = graph.scope("state", i);
      const Value s = graph.saved_state("s", {{19, 19}, f32}, init::normal(0.2f));
      graph.assign(s, moved(s));
    }
  }

  Variables store;
  Graph graph;
  std::vector<Value> outputs;

 private:
  static constexpr std::int64_t rows_[] = {21, 33};

  std::size_t below(std::size_t n) {
    return static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(n)));
  }
  float below_one() { return static_cast<float>(random_.uniform()); }
  Value parameter(Shape shape) {
    parameters_.push_back(
        graph.parameter(str_cat("p", parameters_.size()), shape, init::normal(0.3f)));
    return parameters_.back();
  }
  Value any() { return pool_[pool_.size() - 1 - below(std::min<std::size_t>(pool_.size(), 5))]; }

  Value activation(Value x) {
    switch (below(6)) {
      case 0:
        return tanh(x);
      case 1:
        return sigmoid(x);
      case 2:
        return relu(x);
      case 3:
        return x * sigmoid(x);
      case 4:
        return softplus(x) * 0.5f;
      default:
        return 0.5f * x * (1 + tanh(0.8f * (x + 0.04f * x * square(x))));
    }
  }

  /// The new value of a square state, whose elements depend on others than the old ones in their
  /// places: written in place it would be wrong.
  Value moved(Value s) {
    switch (below(6)) {
      case 0:
        return matmul(s, s);
      case 1:
        return transpose(s);
      case 2:
        return tanh(matmul(s, s, {.transpose_b = true}) + s);
      case 3:
        return concat({slice(s, 0, 5, 19), slice(s, 0, 0, 5)}, 0);
      case 4:
        return s + transpose(s) * 0.5f;
      default:
        return s - logsumexp(s, {0}, Keep::axes);
    }
  }

  Value grow() {
    const Value x = any();
    const std::int64_t rows = x.shape()[0], columns = x.shape()[1];
    switch (below(10)) {
      case 0:
      case 1:
      case 2: {  // a linear layer, either way round
        const std::int64_t width = std::int64_t{17} + random_.below(20);
        const bool turned = below(2) != 0;
        const Value w = parameter(turned ? Shape{width, columns} : Shape{columns, width});
        const Value y = matmul(x, w, {.transpose_b = turned}) + parameter({width});
        return below(3) ? activation(y) : y;
      }
      case 3: {  // a residual block
        const Value w = parameter({columns, columns});
        return x + activation(matmul(x, w));
      }
      case 4:
        return activation(x * parameter({rows, 1}) + parameter({columns}));
      case 5:
        return x - logsumexp(x, {1}, Keep::axes);
      case 6: {
        const std::int64_t half = (rows + 1) / 2;
        return concat({slice(x, 0, 0, half), tanh(slice(x, 0, rows - half, rows))}, 1);
      }
      case 7:
        return reshape(transpose(x), {rows, columns});
      case 8:
        return x * cast(random_bernoulli(graph, x.shape(), 0.8f), f32) * (1 / 0.8f);
      default:
        return tanh(matmul(x, x, {.transpose_b = true}) * 0.2f);
    }
  }

  Random random_;

 public:
  Tensor ids;

 private:
  std::vector<Value> pool_, parameters_;
};

/// All outputs of three runs, and the variables after them, as bytes.
std::string results(std::uint64_t seed, const CompileOptions& options, int threads) {
  RandomModel model(seed);
  const auto plan = compile(model.graph, model.outputs, options);
  CHECK(check_memory(*plan) == "");
  Workers workers(threads);
  Execution run(plan, model.store, workers);
  const auto& inputs = plan->program.inputs;
  std::string all;
  const auto append = [&](const TensorView& tensor) {
    all.append(static_cast<const char*>(tensor.data), tensor.type.bytes());
  };
  for (int i = 0; i < 3; ++i) {
    for (const auto& input : inputs)
      input.name == "rate" ? run.set("rate", 0.1f) : run.set(input.name, model.ids);
    run.run();
    for (const Value& output : model.outputs) append(run.get(output));
  }
  for (int v = 0; v < model.store.count(); ++v) append(model.store[v].value().view());
  return all;
}

constexpr bool CompileOptions::*passes[] = {&CompileOptions::merge,     &CompileOptions::views,
                                            &CompileOptions::fuse,      &CompileOptions::epilogues,
                                            &CompileOptions::pack,      &CompileOptions::reuse,
                                            &CompileOptions::concurrent};
constexpr std::uint64_t seeds = 12;

}  // namespace

TEST_CASE("random models: passes and threads change no bit") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    const std::string expected = results(seed, CompileOptions::plain(), 1);
    for (const int threads : {1, 2, 4, 8}) {
      CAPTURE(threads);
      CHECK((results(seed, {}, threads) == expected));
    }
    for (std::size_t pass = 0; pass < std::size(passes); ++pass) {
      CAPTURE(pass);
      CompileOptions alone = CompileOptions::plain(), without;
      alone.*passes[pass] = true;
      without.*passes[pass] = false;
      CHECK((results(seed, alone, 1) == expected));
      CHECK((results(seed, without, 2) == expected));
    }
  }
}

TEST_CASE("random models: the passes save steps and memory") {
  double steps = 0, fewer_steps = 0, bytes = 0, fewer_bytes = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    RandomModel model(seed);
    const auto none = compile(model.graph, model.outputs, CompileOptions::plain());
    const auto all = compile(model.graph, model.outputs);
    steps += step_count(*none);
    bytes += static_cast<double>(memory_bytes(*none));
    fewer_steps += step_count(*all);
    fewer_bytes += static_cast<double>(memory_bytes(*all));
  }
  MESSAGE("steps ", steps, " -> ", fewer_steps, ", bytes ", bytes, " -> ", fewer_bytes);
  CHECK(fewer_steps < 0.6 * steps);
  CHECK(fewer_bytes < 0.4 * bytes);
}

}  // namespace abax::test
