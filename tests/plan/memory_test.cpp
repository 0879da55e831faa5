// The memory plan: in place where operands die, one arena for lifetimes that do not overlap,
// updates in the variable's own memory.
#include <doctest/doctest.h>

#include "core/plan/plan.h"
#include "tests/plan/memory_check.h"
#include "tests/plan/test_ops.h"

namespace abax::test {
namespace {

constexpr std::size_t block = 64 * 4;  // bytes of a value of 64 elements

std::size_t arena(const Graph& g, std::initializer_list<Value> outputs) {
  const auto plan = compile(g, outputs, only(&CompileOptions::reuse));
  CHECK(check_memory(*plan) == "");
  return plan->memory.arena_bytes;
}

bool in_place(const Plan& plan, std::string_view variable) {
  for (const Program::Commit& commit : plan.program.commits)
    if (plan.program.variables[static_cast<std::size_t>(commit.variable)].name == variable)
      return commit.in_place;
  return false;
}

}  // namespace

TEST_CASE("memory: a chain of in-place steps takes one value's memory") {
  Variables store;
  Graph g(store);
  Value y = g.input("x", {64});
  for (int i = 0; i < 10; ++i) y = shifted(y, 1);
  CHECK(arena(g, {y}) == block);
}

TEST_CASE("memory: inputs, constants, fetched values and values read later are not overwritten") {
  Variables store;
  Graph g(store);
  const Value x = g.parameter("x", {64}, init::constant(1));
  const Value a = affine(x, 1, 0), b = shifted(a, 1), c = shifted(b, 1);
  CHECK(arena(g, {c}) == block);
  CHECK(arena(g, {c, a}) == 2 * block);
  CHECK(arena(g, {plus(c, a)}) == 2 * block);
  CHECK(evaluate(g, {a, b, c}, {}) == evaluate(g, {a, b, c}, CompileOptions::plain()));
}

TEST_CASE("memory: lifetimes that do not overlap share the arena") {
  Variables store;
  Graph g(store);
  Value y = g.parameter("x", {64}, init::constant(1));
  for (int i = 0; i < 10; ++i) y = affine(y, 1, 1);  // never in place
  CHECK(arena(g, {y}) == 2 * block);
  CHECK(compile(g, {y}, CompileOptions::plain())->memory.arena_bytes == 10 * block);
}

TEST_CASE("memory: a value that a piece of is read later stays") {
  Variables store;
  Graph g(store);
  CompileOptions options = only(&CompileOptions::reuse);
  options.views = true;
  const Value a = affine(g.parameter("x", {64}, init::uniform(-1, 1)), 1, 0);
  const Value piece = window(a, {32}, 32);
  const Value b = shifted(a, 1);
  const Value y = times(total(b), affine(piece, 2, 1));
  CHECK(check_memory(*compile(g, {y}, options)) == "");
  CHECK(evaluate(g, {y}, options) == evaluate(g, {y}, CompileOptions::plain()));
}

TEST_CASE("memory: a broadcast operand of the same number of bytes is not overwritten") {
  Variables store;
  Graph g(store);
  const Value one = affine(g.constant(Tensor::of<float>({1}, {2})), 1, 0);  // f32[1]: 4 bytes
  const Value flags =
      less(g.constant(Tensor::of<float>({4}, {1, 2, 3, 4})), one);  // u8[4]: 4 bytes
  const auto plan = compile(g, {flags}, only(&CompileOptions::reuse));
  CHECK(plan->memory.arena_bytes == 128);
}

TEST_CASE("memory: updates happen in the variable itself, after its last reader") {
  Variables store;
  Graph g(store);
  const Value w = g.parameter("w", {64}, init::constant(1)),
              m = g.saved_state("m", {{64}, f32}, init::zeros());
  const Value slope = affine(w, 2, 0);
  const Value m1 = plus(scaled(m, 0.5f), slope);
  g.assign(m, m1);
  g.assign(w, plus(w, scaled(m1, -0.1f)));
  const Value late = total(times(w, w));  // built after the update, reads the old value
  const auto plan = compile(g, {late});
  CHECK(check_memory(*plan) == "");
  CHECK(in_place(*plan, "w"));
  CHECK(in_place(*plan, "m"));
  Workers workers(1);
  Execution run(plan, store, workers);
  run.run();
  CHECK(run.scalar(late) == 64);
  CHECK(store.at("m").value().as<float>()[5] == 2);
  CHECK(store.at("w").value().as<float>()[5] == 1 + 2 * -0.1f);
}

TEST_CASE("memory: an update that reads another variable's old value comes before its update") {
  Variables store;
  Graph g(store);
  const Value w = g.parameter("w", {64}, init::constant(1));
  const Value average = g.saved_state("average", {{64}, f32}, init::constant(3));
  g.assign(w, shifted(w, 1));
  g.assign(average, plus(scaled(average, 0.5f), scaled(w, 0.5f)));  // of the old w
  const auto plan = compile(g, {});
  CHECK(check_memory(*plan) == "");
  CHECK(in_place(*plan, "w"));
  CHECK(in_place(*plan, "average"));
  Workers workers(1);
  Execution run(plan, store, workers);
  run.run();
  CHECK(store.at("w").value().as<float>()[0] == 2);
  CHECK(store.at("average").value().as<float>()[0] == 2);
}

TEST_CASE("memory: an update that reads its old value other than element for element is copied") {
  Variables store;
  Graph g(store);
  const Value w = g.parameter("w", {250}, init::uniform(-1, 1));
  const std::vector<float> old = values(store.at("w").value().view());
  g.assign(w, mix(g.constant(Tensor(Shape{250})), w));  // mixed in blocks of 100
  const auto plan = compile(g, {});
  CHECK(check_memory(*plan) == "");
  CHECK_FALSE(in_place(*plan, "w"));
  Workers workers(1);
  Execution run(plan, store, workers);
  run.run();
  const std::vector<float> now = values(store.at("w").value().view());
  for (std::size_t i = 0; i < 250; ++i) CHECK(now[i] == old[i * 7 % 250] * 0.5f);
}

TEST_CASE("memory: two variables that read each other's old value: one is copied") {
  Variables store;
  Graph g(store);
  const Value a = g.saved_state("a", {{64}, f32}, init::constant(1));
  const Value b = g.saved_state("b", {{64}, f32}, init::constant(10));
  g.assign(a, plus(a, b));
  g.assign(b, times(a, b));
  const auto plan = compile(g, {});
  CHECK(check_memory(*plan) == "");
  CHECK(in_place(*plan, "a") != in_place(*plan, "b"));
  Workers workers(1);
  Execution run(plan, store, workers);
  run.run();
  run.run();
  CHECK(store.at("a").value().as<float>()[0] == 21);
  CHECK(store.at("b").value().as<float>()[0] == 110);
}

TEST_CASE("memory: elementwise work on an update, fetched, does not cost the update its place") {
  for (const CompileOptions& options : {only(&CompileOptions::reuse), CompileOptions()}) {
    Variables store;
    Graph g(store);
    const Value w = g.parameter("w", {64}, init::constant(1));
    const Value next = shifted(w, 1);
    g.assign(w, next);
    const Value fetched = scaled(next, 2);
    const auto plan = compile(g, {fetched}, options);
    CHECK(check_memory(*plan) == "");
    CHECK(in_place(*plan, "w"));
    Workers workers(1);
    Execution run(plan, store, workers);
    run.run();
    run.run();
    CHECK(run.get(fetched).as<float>()[63] == 6);
    CHECK(store.at("w").value().as<float>()[63] == 3);
  }
}

TEST_CASE("memory: one value assigned to two variables") {
  Variables store;
  Graph g(store);
  const Value a = g.saved_state("a", {{64}, f32}, init::constant(1));
  const Value b = g.saved_state("b", {{64}, f32}, init::constant(10));
  const Value next = shifted(a, 1);
  g.assign(a, next);
  g.assign(b, next);
  const auto plan = compile(g, {next});
  CHECK(check_memory(*plan) == "");
  Workers workers(1);
  Execution run(plan, store, workers);
  run.run();
  CHECK(store.at("a").value().as<float>()[0] == 2);
  CHECK(store.at("b").value().as<float>()[0] == 2);
  CHECK(run.get(next).as<float>()[0] == 2);
}

TEST_CASE("memory: the state of a stream is committed after all steps, so that a throw leaves it") {
  Variables store;
  Graph g(store);
  const Value h = g.carried_state("h", {{4}, f32});
  const Value h1 = shifted(h, 1);
  g.assign(h, h1);
  const auto plan = compile(g, {positive(affine(h1, -1, 0.5f))});
  CHECK(!in_place(*plan, "train:h"));
}

}  // namespace abax::test
