// After the first run a plan asks the system for no memory: malloc, calloc, realloc, aligned_alloc,
// posix_memalign and mmap are counted by a preloaded library (allocation_count.cpp).
#include <doctest/doctest.h>
#include <sys/mman.h>

#include <cstdlib>

#include "core/graph/gradients.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/matmul.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "tests/plan/allocations.h"
#include "tests/plan/test_ops.h"

namespace abax::test {
namespace {

/// Keeps the compiler from removing an allocation that nothing uses.
void* used(void* memory) {
  [[maybe_unused]] static void* volatile sink;
  sink = memory;
  return memory;
}

}  // namespace

TEST_CASE("allocations: each way of asking is counted") {
  const auto counts = [](auto ask) {
    const long before = allocations();
    ask();
    return allocations() > before;
  };
  CHECK(counts([] { std::free(used(std::malloc(10))); }));
  CHECK(counts([] { std::free(used(std::calloc(10, 10))); }));
  CHECK(counts([] { std::free(used(std::realloc(nullptr, 10))); }));
  CHECK(counts([] { std::free(used(std::aligned_alloc(64, 64))); }));
  CHECK(counts([] {
    void* memory = nullptr;
    CHECK(posix_memalign(&memory, 64, 64) == 0);
    std::free(used(memory));
  }));
  CHECK(counts([] { delete static_cast<int*>(used(new int)); }));
  CHECK(counts([] {
    munmap(used(mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)), 4096);
  }));
}

TEST_CASE("allocations: none after the first run") {
  for (const bool passes : {true, false}) {
    Variables store;
    Graph g(store);
    const Value x = g.input("x", {300, 200}), rate = g.input("rate", {}, f32, values_in(0, 1));
    const Value w = g.parameter("w", {300, 200}, init::uniform(-1, 1));
    const Value p = g.parameter("p", {50}, init::uniform(-1, 1));
    const Value h = times(plus(mix(shifted(x, 1, 1000), p), w), noise(g, {200}));
    const Value loss = total(plus(h, mix(affine(h, 2, 1), g.parameter("q", {50}, init::zeros()))));
    g.assign(w, plus(w, times(gradients(loss, {w})[0], rate)));
    const Value state = g.carried_state("state", {{300, 200}, f32});
    g.assign(state, plus(state, h));
    const auto plan = compile(g, {loss}, passes ? CompileOptions{} : CompileOptions::plain());
    const Tensor input(Shape{300, 200});
    for (const int threads : {1, 2}) {
      CAPTURE(passes);
      CAPTURE(threads);
      Workers workers(threads);
      Execution run(plan, store, workers);
      const auto step = [&](int i) {
        run.set("x", input);
        run.set("rate", 1.f / static_cast<float>(2 + i));
        run.run();
        static_cast<void>(run.scalar(loss));
      };
      step(0);
      const long before = allocations();
      for (int i = 0; i < 50; ++i) step(i);
      CHECK(allocations() == before);
    }
  }
}

TEST_CASE("allocations: none after the first step of training a model") {
  Variables store;
  Graph g(store);
  const Value ids = g.input("ids", {37}, i32, values_in(0, 100));
  const Value table = g.parameter("table", {100, 65}, init::normal(0.1f));
  const Value w = g.parameter("w", {65, 100}, init::glorot()),
              b = g.parameter("b", {100}, init::zeros());
  const Value keep = cast(random_bernoulli(g, {37, 65}, 0.9f), f32);
  const Value logits = matmul(tanh(embedding(ids, table)) * keep, w) + b;
  const Value loss = mean(logsumexp(logits, {1})) - mean(slice(transpose(logits), 0, 3, 50));
  const std::vector<Value> parameters = g.parameters(), slopes = gradients(loss, parameters);
  for (std::size_t i = 0; i < parameters.size(); ++i)
    g.assign(parameters[i], parameters[i] - 0.1f * slopes[i]);
  const auto plan = compile(g, {loss});
  Tensor tokens({37}, i32);
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    Workers workers(threads);
    Execution run(plan, store, workers);
    run.set("ids", tokens);
    run.run();
    const long before = allocations();
    for (int i = 0; i < 50; ++i) run.run();
    CHECK(allocations() == before);
  }
}

}  // namespace abax::test
