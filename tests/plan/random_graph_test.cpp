// Random graphs, with gradients and updates: whichever passes are on and however many threads there
// are, the same bits come out; and each pass does what it is for.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "core/base/random.h"
#include "core/base/text.h"
#include "core/graph/gradients.h"
#include "core/graph/sum.h"
#include "core/plan/plan.h"
#include "tests/plan/memory_check.h"
#include "tests/plan/test_ops.h"

namespace abax::test {
namespace {

/// A graph that depends on `seed` alone, over the store of the same seed. From `large_seeds` on its
/// values are large enough for steps to run side by side.
constexpr std::uint64_t large_seeds = 1000;

class RandomGraph {
 public:
  explicit RandomGraph(std::uint64_t seed)
      : store(seed), graph(store), random_(stream_key(seed, "test", "graph")) {
    std::vector<Shape> shapes = {{6, 10}, {10}, {6, 1}, {60}, {3, 1000}, {}};
    if (seed >= large_seeds) shapes = {{130, 1000}, {130, 1}, {1000}, {130, 1000}, {}, {1, 1000}};
    for (const Shape& shape : shapes) {
      const std::size_t i = inputs.size();
      pool_.push_back(graph.parameter(str_cat("w", i), shape, init::uniform(-1, 1)));
      parameters_.push_back(pool_.back());
      pool_.push_back(graph.input(str_cat("x", i), shape));
      inputs.push_back(Tensor(shape));
      for (float& v : inputs.back().as<float>()) v = static_cast<float>(random_.uniform()) - 0.5f;
    }
    states_.push_back(graph.saved_state("s", {{6, 10}, f32}, init::constant(0.5f)));
    states_.push_back(graph.carried_state("c", {{60}, f32}));
    pool_.insert(pool_.end(), states_.begin(), states_.end());
    for (int i = 0; i < (seed < large_seeds ? 40 : 20); ++i) grow();
    finish();
  }

  Variables store;
  Graph graph;
  std::vector<Tensor> inputs;
  std::vector<Value> outputs;

 private:
  std::size_t below(std::size_t n) {
    return static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(n)));
  }
  /// Newer values more often, so that long chains grow.
  Value any() {
    const std::size_t n = pool_.size();
    return below(2) ? pool_[n - 1 - below(std::min<std::size_t>(n, 6))] : pool_[below(n)];
  }
  static bool broadcasts(Value a, Value b) {
    try {
      return broadcast(a.shape(), b.shape()).size() <= 130000;
    } catch (const ShapeError&) {
      return false;
    }
  }
  Value partner(Value a) {
    for (int attempt = 0; attempt < 20; ++attempt)
      if (const Value b = any(); broadcasts(a, b)) return b;
    return a;
  }

  void grow() {
    const Value x = any();
    switch (below(14)) {
      case 0:
      case 1:
        return keep(plus(x, partner(x)));
      case 2:
      case 3:
        return keep(times(x, partner(x)));
      case 4:
        return keep(scaled(x, 0.75f));
      case 5: {
        const Value y = partner(x);
        return keep(select(less(x, y), scaled(x, 0.5f), y));
      }
      case 6:
        return keep(affine(x, 0.5f, 0.25f));
      case 7: {
        const auto pair = two(x);
        keep(pair[0]);
        return keep(scaled(pair[1], 0.5f));
      }
      case 8:
      case 9:
        return keep(mix(x, below(2) ? parameters_[below(6)] : any()));
      case 10:
        return keep(window(x, {x.type().size()}, 0));
      case 11: {
        if (x.shape().rank() == 0) return;
        const std::int64_t rows = x.shape()[0], row = x.type().size() / rows;
        const std::int64_t first = random_.below(rows);
        return keep(window(x, x.shape().with(0, rows - first), first * row));
      }
      case 12:
        return keep(shifted(x, 0.125f, 1 + static_cast<std::int64_t>(below(100))));
      default:
        return keep(below(3) ? sum_to(x, {}) : noise(graph, {6, 10}));
    }
  }
  /// Bounded, so that no infinity makes everything equal.
  void keep(Value x) { pool_.push_back(below(4) ? x : times(x, graph.constant(0.5f))); }

  void finish() {
    std::vector<Value> sums;
    for (int i = 0; i < 4; ++i) sums.push_back(total(any()));
    const Value loss = add_n(sums);
    const std::vector<Value> slopes = gradients(loss, parameters_);
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const Value w = parameters_[i];
      if (below(4)) graph.assign(w, plus(w, scaled(slopes[i], -0.01f)));
      if (below(2)) outputs.push_back(slopes[i]);
    }
    for (const Value& state : states_) {
      std::vector<Value> fitting;
      for (const Value& value : pool_)
        if (value.type() == state.type()) fitting.push_back(value);
      graph.assign(state, below(2) ? scaled(plus(state, fitting[below(fitting.size())]), 0.5f)
                                   : fitting[below(fitting.size())]);
    }
    outputs.push_back(loss);
    for (int i = 0; i < 3; ++i) outputs.push_back(any());
    outputs.push_back(pool_[below(pool_.size())]);
  }

  Random random_;
  std::vector<Value> pool_, parameters_, states_;
};

std::string bytes_of(const TensorView& tensor) {
  return {static_cast<const char*>(tensor.data), tensor.type.bytes()};
}

/// How many steps ran beside the one before, in all plans so far.
int side_by_side = 0;

/// All outputs of three runs, and the variables after them.
std::string results(std::uint64_t seed, const CompileOptions& options, int threads) {
  RandomGraph random(seed);
  const auto plan = compile(random.graph, random.outputs, options);
  CHECK(check_memory(*plan) == "");
  for (std::size_t s = 1; s < plan->times.size(); ++s)
    side_by_side += plan->times[s] == plan->times[s - 1];
  Workers workers(threads);
  Execution execution(plan, random.store, workers);
  for (std::size_t i = 0; i < random.inputs.size(); ++i) {
    const std::string name = str_cat("x", i);
    if (to_text(*plan).find("input '" + name + "'") != std::string::npos)
      execution.set(name, random.inputs[i]);
  }
  std::string all;
  for (int run = 0; run < 3; ++run) {
    execution.run();
    for (const Value& output : random.outputs) all += bytes_of(execution.get(output));
  }
  for (int v = 0; v < random.store.count(); ++v) all += bytes_of(random.store[v].value().view());
  return all;
}

using Pass = bool CompileOptions::*;
constexpr std::pair<const char*, Pass> passes[] = {{"merge", &CompileOptions::merge},
                                                   {"views", &CompileOptions::views},
                                                   {"fuse", &CompileOptions::fuse},
                                                   {"epilogues", &CompileOptions::epilogues},
                                                   {"pack", &CompileOptions::pack},
                                                   {"reuse", &CompileOptions::reuse},
                                                   {"concurrent", &CompileOptions::concurrent}};

constexpr std::uint64_t seeds = 60;

}  // namespace

TEST_CASE("random graphs: all passes on and off agree bitwise, at any number of threads") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    const std::string expected = results(seed, CompileOptions::plain(), 1);
    for (const int threads : {2, 4, 8}) {
      CAPTURE(threads);
      CHECK((results(seed, {}, threads) == expected));
      CHECK((results(seed, CompileOptions::plain(), threads) == expected));
    }
  }
}

TEST_CASE("random graphs: large steps side by side agree bitwise with one after another") {
  side_by_side = 0;
  for (std::uint64_t seed = large_seeds; seed < large_seeds + 4; ++seed) {
    CAPTURE(seed);
    const std::string expected = results(seed, CompileOptions::plain(), 1);
    for (const int threads : {2, 4}) CHECK((results(seed, {}, threads) == expected));
    CHECK((results(seed, only(&CompileOptions::concurrent), 2) == expected));
  }
  CHECK(side_by_side > 10);
}

TEST_CASE("random graphs: each pass alone, and all but one, agree bitwise with none") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    const std::string expected = results(seed, CompileOptions::plain(), 1);
    CHECK((results(seed, {}, 1) == expected));
    for (const auto& pass : passes) {
      CAPTURE(pass.first);
      CHECK((results(seed, only(pass.second), 1) == expected));
      CompileOptions all_but;
      all_but.*pass.second = false;
      CHECK((results(seed, all_but, 1) == expected));
    }
  }
}

TEST_CASE("random graphs: passes save steps, work and memory") {
  const auto sum = [](const CompileOptions& options, auto measure) {
    double result = 0;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      RandomGraph random(seed);
      result += static_cast<double>(measure(*compile(random.graph, random.outputs, options)));
    }
    return result;
  };
  const CompileOptions none = CompileOptions::plain();
  const double steps = sum(none, step_count), bytes = sum(none, memory_bytes);
  for (const Pass pass : {&CompileOptions::merge, &CompileOptions::views, &CompileOptions::fuse,
                          &CompileOptions::epilogues})
    CHECK(sum(only(pass), step_count) < 0.99 * steps);
  for (const Pass pass : {&CompileOptions::views, &CompileOptions::fuse, &CompileOptions::epilogues,
                          &CompileOptions::reuse})
    CHECK(sum(only(pass), memory_bytes) < 0.99 * bytes);
  CHECK(sum({}, step_count) < 0.6 * steps);
  CHECK(sum({}, memory_bytes) < 0.5 * bytes);
}

}  // namespace abax::test
