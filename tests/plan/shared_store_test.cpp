// One model's parameters under several plans at once: stores that share them, and threads that
// build, compile and run on one store.
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "core/plan/execution.h"
#include "tests/plan/test_ops.h"

namespace abax::test {
namespace {

using Floats = std::vector<float>;

/// A sum over its runs, times the parameter: sum <- sum + x, gives sum * w.
class Stream {
 public:
  explicit Stream(Variables& store) : graph_(store, Mode::evaluate, "stream") {
    const Value sum = graph_.carried_state("sum", {{2}, f32});
    const Value next = plus(sum, graph_.input("x", {2}));
    graph_.assign(sum, next);
    result_ = times(next, graph_.parameter("w", {2}, init::zeros()));
    run_ = std::make_unique<Execution>(compile(graph_, {result_}), store, workers_);
  }

  Floats next(float x) {
    x_.as<float>()[0] = x;
    x_.as<float>()[1] = -x;
    run_->set("x", x_);
    run_->run();
    return values(run_->get(result_));
  }

 private:
  Graph graph_;
  Workers workers_{1};
  Tensor x_{Shape{2}};
  Value result_;
  std::unique_ptr<Execution> run_;
};

void fill_parameter(Variables& store) {
  store.create("w", {{2}, f32}, Role::trainable, init::constant(2));
}

}  // namespace

TEST_CASE("shared store: two streams on one model's parameters keep apart, in turns") {
  Variables store;
  fill_parameter(store);
  const auto a_store = sharing_parameters(store), b_store = sharing_parameters(store);
  Stream a(*a_store), b(*b_store);
  CHECK(a.next(1) == Floats{2, -2});
  CHECK(b.next(10) == Floats{20, -20});
  CHECK(a.next(2) == Floats{6, -6});
  CHECK(b.next(20) == Floats{60, -60});
  store.at("w").write().as<float>()[1] = 3;  // seen by both
  CHECK(a.next(0) == Floats{6, -9});
  CHECK(b.next(0) == Floats{60, -90});
  CHECK(store.count() == 1);
}

TEST_CASE("shared store: streams in several threads, made there too") {
  Variables store;
  fill_parameter(store);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 1; t <= 4; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round < 20; ++round) {
        const auto own = sharing_parameters(store);
        Stream stream(*own);
        for (int i = 1; i <= 10; ++i) {
          const float sum = static_cast<float>(t * i);
          if (stream.next(static_cast<float>(t)) != Floats{2 * sum, -2 * sum}) ++wrong;
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("shared store: threads build, compile and run graphs of their own on one store") {
  for (int round = 0; round < 10; ++round) {
    Variables store(3);
    std::atomic<int> arrived = 0;
    std::vector<Floats> results(4);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < results.size(); ++t)
      threads.emplace_back([&, t] {
        ++arrived;
        while (arrived < 4) std::this_thread::yield();
        Graph g(store, Mode::train, "train" + std::to_string(t));
        Value x = noise(g, {3});
        for (int i = 0; i < 20; ++i) {
          const auto scope = g.scope("layer", i);
          x = plus(times(x, g.parameter("w", {3}, init::normal(1))),
                   g.parameter_without_decay("b", {3}, init::normal(1)));
        }
        Workers workers(1);
        Execution run(compile(g, {x}), store, workers);
        run.run();
        results[t] = values(run.get(x));
      });
    for (std::thread& thread : threads) thread.join();
    REQUIRE(store.count() == 40);
    REQUIRE(store.all_runs().size() == 4);
    for (const auto& [label, runs] : store.all_runs()) REQUIRE(runs == 1);
    for (int i = 0; i < store.count(); ++i)
      REQUIRE(store[i].decay == store[i].name.ends_with("/w"));
  }
}

}  // namespace abax::test
