// Executions used wrongly: each way is refused with what to do, or works.
#include <doctest/doctest.h>

#include <atomic>
#include <limits>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "core/base/error.h"
#include "core/plan/execution.h"
#include "tests/plan/test_ops.h"

namespace abax::test {
namespace {

using Floats = std::vector<float>;

/// y = 2 x on one thread.
struct Doubling {
  Variables store;
  Graph g{store};
  Value x = g.input("x", {3}), y = affine(x, 2, 0);
  std::shared_ptr<const Plan> plan = compile(g, {y});
  Workers workers{1};
  const Tensor input = Tensor::of<float>({3}, {1, 2, 3});
};

/// Runs an op's kernel until `gate` is opened.
class Waiting final : public Op {
 public:
  Waiting(std::atomic<bool>* entered, std::atomic<bool>* gate) : entered_(entered), gate_(gate) {}
  std::string_view name() const override { return "waiting"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override { return {in[0]}; }
  Kernel compile(const Signature&) const override {
    return {[entered = entered_, gate = gate_](const Call& call) {
      *entered = true;
      while (!*gate) std::this_thread::yield();
      call.out<float>(0)[0] = call.in<float>(0)[0];
    }};
  }

 private:
  std::atomic<bool>* entered_;
  std::atomic<bool>* gate_;
};

/// Calls `other` while `run` is inside a kernel of Waiting's.
template <class F>
void beside(Execution& run, std::atomic<bool>& entered, std::atomic<bool>& gate, F&& other) {
  entered = gate = false;
  std::thread thread([&] { run.run(); });
  while (!entered) std::this_thread::yield();
  other();
  gate = true;
  thread.join();
}

}  // namespace

TEST_CASE("misuse: what is not known is refused with the caller's line") {
  Doubling d;
  Execution run(d.plan, d.store, d.workers);
  const char* const here = "tests/plan/misuse_test.cpp:";
  const char* const early = "'affine' is not known before the first run";
  CHECK_THROWS_WITH_AS(run.get(d.y), doctest::Contains(early), UsageError);
  CHECK_THROWS_WITH_AS(run.get("affine"), doctest::Contains(here), UsageError);
  CHECK_THROWS_WITH_AS(run.scalar(d.y), doctest::Contains(here), UsageError);
  CHECK_THROWS_WITH_AS(run.get("afine"), doctest::Contains(here), UsageError);
  CHECK_THROWS_WITH_AS(run.get(d.x), doctest::Contains("whose outputs are 'affine'"), UsageError);
  CHECK_THROWS_WITH_AS(run.get(Value()), doctest::Contains("is empty"), UsageError);
  CHECK_THROWS_WITH_AS(run.set("x", TensorView{nullptr, {{3}, f32}}),
                       doctest::Contains("is given no memory"), UsageError);
  run.set(d.x, d.input);
  run.run();
  CHECK_THROWS_WITH_AS(run.scalar(d.y), doctest::Contains(here), UsageError);
  CHECK(values(run.get(d.y)) == Floats{2, 4, 6});
}

TEST_CASE("misuse: a value of a graph that is gone is no output, and is not followed") {
  Doubling d;
  Execution run(d.plan, d.store, d.workers);
  Value stranger;
  {
    Graph other(d.store);
    stranger = other.constant(1.f);
  }
  CHECK_THROWS_WITH_AS(run.get(stranger), doctest::Contains("of another graph"), UsageError);
  CHECK_THROWS_WITH_AS(run.set(stranger, 1), doctest::Contains("of another graph"), UsageError);
}

TEST_CASE("misuse: compile() names the output that is wrong, and the caller's line") {
  Doubling d;
  Graph other(d.store);
  const Value strange = other.input("x", {3});
  Value gone;
  {
    Graph brief(d.store);
    gone = brief.input("x", {3});
  }
  const auto refused = [&](const Value& wrong, const char* why) {
    const auto attempt = [&] { (void)compile(d.g, {d.y, wrong}); };
    CHECK_THROWS_WITH_AS(attempt(), doctest::Contains(why), UsageError);
    CHECK_THROWS_WITH_AS(attempt(), doctest::Contains("at tests/plan/misuse_test.cpp:"),
                         UsageError);
  };
  refused(Value(), "compile: output 1 is empty");
  refused(strange, "compile: output 1 is of another graph");
  refused(gone, "compile: output 1 is of a graph that is gone");
}

TEST_CASE("misuse: a graph whose store is gone is not compiled") {
  auto store = std::make_unique<Variables>();
  Graph g(*store);
  const Value y = affine(g.input("x", {3}), 2, 0);
  store.reset();
  const auto attempt = [&] { (void)compile(g, {y}); };
  CHECK_THROWS_WITH_AS(attempt(), doctest::Contains("the store of the graph 'train' is gone"),
                       UsageError);
  CHECK_THROWS_WITH_AS(attempt(), doctest::Contains("misuse_test.cpp:"), UsageError);
}

TEST_CASE("misuse: what a kernel says of its data names the node and the plan") {
  Variables store;
  Graph g(store, Mode::evaluate, "one");
  const Value x = g.input("x", {1});
  const auto scope = g.scope("decoder");
  const auto plan = compile(g, {positive(x)});
  Workers workers(1);
  Execution run(plan, store, workers);
  const Tensor bad = Tensor::of<float>({1}, {-1});
  run.set("x", bad);
  for (const bool profiling : {false, true}) {
    run.set_profiling(profiling);
    CHECK_THROWS_WITH_AS(run.run(), doctest::Contains("\n  in decoder/positive, of the plan 'one'"),
                         DataError);
  }
}

TEST_CASE("execution: inputs are set by their values, too") {
  Variables store;
  Graph g(store), other(store);
  const Value x = g.input("x", {2}), n = g.input("n", {}, i32), b = g.input("b", {}, u8),
              rate = g.input("rate", {}), unused = g.input("unused", {});
  const Value y = scaled(x, 3), strange = other.input("x", {2});
  Workers workers(1);
  Execution run(compile(g, {y, n, b, rate}), store, workers);
  const Tensor input = Tensor::of<float>({2}, {1, 2});
  run.set(x, input);
  run.set(n, 16777217);
  run.set(b, 255);
  run.set(rate, 0.5f);
  run.run();
  CHECK(values(run.get(y)) == Floats{3, 6});
  CHECK(run.get(n).as<std::int32_t>()[0] == 16777217);
  CHECK(run.get(b).as<std::uint8_t>()[0] == 255);
  CHECK(run.scalar(rate) == 0.5f);
  for (const double wrong : {0.5, 2147483648., -2147483649.})
    CHECK_THROWS_WITH_AS(run.set(n, wrong), doctest::Contains("'n' is i32[], which cannot hold"),
                         UsageError);
  for (const double wrong : {1e300, -1e300})
    CHECK_THROWS_WITH_AS(run.set(rate, wrong), doctest::Contains("is f32[], which cannot hold"),
                         UsageError);
  run.set(rate, std::numeric_limits<double>::infinity());
  CHECK_THROWS_AS(run.set("b", 256), UsageError);
  CHECK_THROWS_AS(run.set("b", -1), UsageError);
  CHECK_THROWS_WITH_AS(run.set(y, input), doctest::Contains("no input that the plan reads"),
                       UsageError);
  CHECK_THROWS_WITH_AS(run.set(unused, 1), doctest::Contains("its inputs are 'x', 'n'"),
                       UsageError);
  CHECK_THROWS_WITH_AS(run.set(strange, input), doctest::Contains("of another graph"), UsageError);
  CHECK_THROWS_WITH_AS(run.set(Value(), input), doctest::Contains("is empty"), UsageError);
  CHECK_THROWS_WITH_AS(run.set(x, 1), doctest::Contains("'x' is f32[2], not f32[]"), UsageError);
}

TEST_CASE("execution: the mean of a loss, 0 where nothing counts") {
  Variables store;
  Graph g(store);
  const Value sum = g.input("sum", {}), count = g.input("count", {});
  Workers workers(1);
  Execution run(compile(g, {sum, count}), store, workers);
  run.set(sum, 1);
  run.set(count, 3);
  run.run();
  CHECK(run.mean({sum, count}) == 1. / 3);
  run.set(count, 0);
  run.run();
  CHECK(run.mean({sum, count}) == 0);
  Execution alone(compile(g, {sum}), store, workers);
  alone.set(sum, 1);
  alone.run();
  CHECK_THROWS_WITH_AS(alone.mean({sum, count}), doctest::Contains("give it to compile() too"),
                       UsageError);
}

TEST_CASE("misuse: an execution that was moved from") {
  Doubling d;
  Execution run(d.plan, d.store, d.workers);
  run.set("x", d.input);
  Execution moved = std::move(run);
  const auto refused = [](auto&& f) {
    CHECK_THROWS_WITH_AS(f(), doctest::Contains("was moved from"), UsageError);
  };
  refused([&] { run.reads("x"); });
  refused([&] { run.set("x", d.input); });
  refused([&] { run.set(d.x, 1); });
  refused([&] { run.run(); });
  refused([&] { run.get(d.y); });
  refused([&] { run.get("affine"); });
  refused([&] { run.scalar(d.y); });
  refused([&] { run.plan(); });
  refused([&] { run.set_profiling(true); });
  refused([&] { run.profile(); });
  moved.run();
  CHECK(values(moved.get(d.y)) == Floats{2, 4, 6});
}

TEST_CASE("misuse: no plan") {
  Doubling d;
  CHECK_THROWS_WITH_AS(Execution(nullptr, d.store, d.workers), doctest::Contains("needs a plan"),
                       UsageError);
  CHECK_THROWS_WITH_AS(Execution(nullptr, d.store, d.workers),
                       doctest::Contains("at tests/plan/misuse_test.cpp:"), UsageError);
}

TEST_CASE("misuse: a store without the plan's variables, or with others of their names") {
  Variables store;
  Graph g(store);
  const Value w = g.parameter("w", {3}, init::zeros());
  const auto plan = compile(g, {w});
  Workers workers(1);
  Variables other;
  CHECK_THROWS_WITH_AS(Execution(plan, other, workers),
                       doctest::Contains("the store has no variable 'w'"), UsageError);
  CHECK_THROWS_WITH_AS(Execution(plan, other, workers),
                       doctest::Contains("at tests/plan/misuse_test.cpp:"), UsageError);
  other.create("w", {{4}, f32}, Role::trainable, init::zeros());
  CHECK_THROWS_WITH_AS(Execution(plan, other, workers), doctest::Contains("is f32[3]"), UsageError);
  CHECK_THROWS_WITH_AS(Execution(plan, other, workers),
                       doctest::Contains("at tests/plan/misuse_test.cpp:"), UsageError);
}

TEST_CASE("misuse: workers or store that are gone before the execution") {
  Doubling d;
  std::optional<Workers> workers(std::in_place, 2);
  std::optional<Variables> store(std::in_place);
  Execution without_workers(d.plan, d.store, *workers), without_store(d.plan, *store, d.workers);
  for (Execution* run : {&without_workers, &without_store}) {
    run->set("x", d.input);
    run->run();
  }
  workers.reset();
  store.reset();
  CHECK_THROWS_WITH_AS(without_workers.run(), doctest::Contains("the Workers of this execution"),
                       UsageError);
  CHECK_THROWS_WITH_AS(without_store.run(), doctest::Contains("the store of this execution"),
                       UsageError);
}

TEST_CASE("misuse: a level that the machine lacks") {
  Doubling d;
  CompileOptions options;
  options.level = static_cast<Level>(level_count);
  CHECK_THROWS_WITH_AS(compile(d.g, {d.y}, options),
                       doctest::Contains("which this machine lacks; its best is"), UsageError);
}

TEST_CASE("misuse: one execution, workspace or carried state in two runs at once") {
  std::atomic<bool> entered, gate;
  Variables store;
  Graph g(store, Mode::evaluate, "stream"), h(store, Mode::evaluate, "stream");
  const auto build = [&](Graph& graph) {
    const Value state = graph.carried_state("h", {{1}, f32});
    const Value next =
        graph.add_one(std::make_shared<Waiting>(&entered, &gate), {shifted(state, 1)}, {});
    graph.assign(state, next);
    return compile(graph, {next});
  };
  const auto plan = build(g), other_plan = build(h);
  Graph stateless(store);
  const Value x = stateless.add_one(std::make_shared<Waiting>(&entered, &gate),
                                    {stateless.constant(Tensor(Shape{1}))}, {});
  const auto stateless_plan = compile(stateless, {x});
  Workers workers(1), more(1);
  const auto workspace = make_workspace();
  Execution run(plan, store, workers, workspace),
      same_space(stateless_plan, store, more, workspace), same_state(other_plan, store, more),
      apart(stateless_plan, store, more);
  beside(run, entered, gate, [&] {
    CHECK_THROWS_WITH_AS(run.run(), doctest::Contains("runs already, in another thread"),
                         UsageError);
    CHECK_THROWS_WITH_AS(same_space.run(), doctest::Contains("need a workspace each"), UsageError);
    CHECK_THROWS_WITH_AS(same_state.run(),
                         doctest::Contains("'stream:h' is written by another run"), UsageError);
    CHECK(entered);
  });
  CHECK(store.at("stream:h").value().as<float>()[0] == 1);
  gate = true;
  for (Execution* later : {&run, &same_space, &same_state, &apart}) CHECK_NOTHROW(later->run());
  CHECK(store.at("stream:h").value().as<float>()[0] == 3);
}

TEST_CASE("misuse: results that another execution in the same workspace has overwritten") {
  Doubling d;
  const auto workspace = make_workspace();
  Execution a(d.plan, d.store, d.workers, workspace), b(d.plan, d.store, d.workers, workspace);
  for (Execution* run : {&a, &b}) {
    run->set("x", d.input);
    run->run();
  }
  CHECK_THROWS_WITH_AS(a.get(d.y), doctest::Contains("'affine' is gone: another execution has run"),
                       UsageError);
  CHECK(values(b.get(d.y)) == Floats{2, 4, 6});
}

TEST_CASE("misuse: a variable that the plan assigns is no input of it") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {3}), w = g.saved_state("w", {{3}, f32}, init::constant(1));
  g.assign(w, plus(w, x));
  Workers workers(1);
  Execution run(compile(g, {}), store, workers);
  CHECK_THROWS_WITH_AS(run.set("x", store.at("w").value()),
                       doctest::Contains("is given the variable 'w', which the run assigns"),
                       UsageError);
}

TEST_CASE("execution: caches may be written before a step that throws, other variables not") {
  // A state whose update is allowed early, as that of write_rows, and one whose is not.
  class Early final : public Op {
   public:
    std::string_view name() const override { return "early"; }
    std::vector<TensorType> infer(std::span<const TensorType> in) const override { return {in[0]}; }
    bool may_overwrite(int, int) const override { return true; }
    bool may_commit_early(int) const override { return true; }
    Kernel compile(const Signature&) const override {
      return {[](const Call& call) { call.out<float>(0)[0] = 7; }};
    }
  };
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {1});
  const Value cache = g.carried_state("cache", {{1}, f32}), h = g.carried_state("h", {{1}, f32});
  const Value written = g.add_one(std::make_shared<Early>(), {cache}, {});
  g.assign(cache, written);
  const Value h1 = shifted(h, 1);
  g.assign(h, h1);
  Workers workers(1);
  Execution run(compile(g, {positive(plus(plus(x, written), h1)), written}), store, workers);
  const Tensor bad = Tensor::of<float>({1}, {-100}), good = Tensor::of<float>({1}, {1});
  run.set("x", bad);
  CHECK_THROWS_AS(run.run(), DataError);
  CHECK(store.at("train:cache").value().as<float>()[0] == 7);
  CHECK(store.at("train:h").value().as<float>()[0] == 0);
  CHECK_THROWS_AS(run.get("positive"), UsageError);  // of a run that threw
  run.set("x", good);
  run.run();
  CHECK(store.at("train:h").value().as<float>()[0] == 1);
  CHECK(run.scalar(written) == 7);
  run.set("x", bad);
  CHECK_THROWS_AS(run.run(), DataError);
  CHECK_THROWS_AS(run.get(written), UsageError);  // though the variable's memory holds it
}

}  // namespace abax::test
