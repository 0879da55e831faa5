// Packed copies of variables: made once a version, shared between readers, right after every
// change.
#include <doctest/doctest.h>

#include "core/base/text.h"
#include "core/plan/plan.h"
#include "tests/plan/test_ops.h"

namespace abax::test {
namespace {

/// Doubles: how a Sum has its packed operand.
class Doubled final : public Op {
 public:
  std::string_view name() const override { return "doubled"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  Kernel compile(const Signature& s) const override {
    return {[n = s.outputs[0].size()](const Call& call) {
      for (std::int64_t i = 0; i < n; ++i) call.out<float>(0)[i] = 2 * call.in<float>(0)[i];
    }};
  }
};

/// a + b, which may have either of them packed, but not both.
class Sum final : public Op {
 public:
  explicit Sum(int packed = -1) : packed_(packed) {}
  std::string_view name() const override { return "sum of operands"; }
  std::string attributes() const override { return str_cat(packed_); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  Kernel compile(const Signature& s) const override {
    return {[n = s.outputs[0].size(), packed = packed_](const Call& call) {
      for (std::int64_t i = 0; i < n; ++i)
        call.out<float>(0)[i] = call.in<float>(0)[i] * (packed == 0 ? 0.5f : 1) +
                                call.in<float>(1)[i] * (packed == 1 ? 0.5f : 1);
    }};
  }
  std::optional<Packing> packing(int input, std::span<const TensorType>) const override {
    if (packed_ >= 0) return std::nullopt;
    return Packing{std::make_shared<Doubled>(), std::make_shared<Sum>(input)};
  }

 private:
  int packed_;
};

}  // namespace

TEST_CASE("pack: once, until the variable's version changes") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {3});
  const Value w = g.parameter("w", {2}, init::constant(4));
  const Value y = mix(x, w);
  const auto plan = compile(g, {y});
  CHECK(plan->packs.size() == 1);
  CHECK(compile(g, {y}, CompileOptions::plain())->packs.empty());
  Workers workers(1);
  Execution run(plan, store, workers);
  const Tensor input = Tensor::of<float>({3}, {1, 2, 3});
  run.set("x", input);
  packings = 0;
  for (int i = 0; i < 3; ++i) run.run();
  CHECK(packings == 1);
  CHECK(values(run.get(y)) == std::vector<float>{3, 4, 5});
  store.at("w").write().as<float>()[0] = 10;
  run.run();
  CHECK(packings == 2);
  CHECK(values(run.get(y)) == std::vector<float>{6, 4, 8});
}

TEST_CASE("pack: two readers share a copy; values that are computed are not packed") {
  Variables store;
  Graph g(store);
  const Value x = g.parameter("x", {3}, init::constant(1)),
              w = g.parameter("w", {2}, init::constant(4));
  const Value y = plus(mix(x, w), mix(scaled(x, 2), w));
  CHECK(compile(g, {y})->packs.size() == 1);
  CHECK(compile(g, {mix(x, scaled(w, 2))})->packs.empty());
  CHECK(compile(g, {mix(x, g.constant(1.f))})->packs.empty());
}

TEST_CASE("pack: of a step that reads two variables one is packed") {
  Variables store;
  Graph g(store);
  const Value a = g.parameter("a", {3}, init::constant(1)),
              b = g.parameter("b", {3}, init::constant(4));
  const Value y = g.add_one(std::make_shared<Sum>(), {a, b}, SourceLocation::current());
  const auto plan = compile(g, {y});
  CHECK(plan->packs.size() == 1);
  Workers workers(1);
  Execution run(plan, store, workers);
  run.run();
  CHECK(values(run.get(y)) == std::vector<float>(3, 5));
}

TEST_CASE("pack: a variable that every run assigns is packed where two steps read it") {
  Variables store;
  Graph g(store);
  const Value x = g.parameter("x", {3}, init::constant(1)),
              w = g.parameter("w", {2}, init::constant(4));
  g.assign(w, scaled(w, 0.5f));
  const Value once = mix(x, w), twice = plus(once, mix(scaled(x, 3), w));
  CHECK(compile(g, {once})->packs.empty());
  const auto plan = compile(g, {twice});
  CHECK(plan->packs.size() == 1);
  Workers workers(1);
  Execution run(plan, store, workers);
  for (const float expected : {8.f, 6.f, 5.f}) {  // 1 + 3 + w, with w halved after each run
    run.run();
    CHECK(values(run.get(twice)) == std::vector<float>(3, expected));
  }
}

TEST_CASE("pack: another plan's assignment is seen") {
  Variables store;
  Graph train(store, Mode::train), check(store, Mode::evaluate);
  const Value w = train.parameter("w", {1}, init::constant(4));
  train.assign(w, scaled(w, 2));
  const Value y = mix(check.constant(1.f), check.parameter("w", {1}, init::zeros()));
  Workers workers(1);
  Execution update(compile(train, {}), store, workers),
      evaluate(compile(check, {y}), store, workers);
  evaluate.run();
  CHECK(evaluate.scalar(y) == 3);
  update.run();
  evaluate.run();
  CHECK(evaluate.scalar(y) == 5);
}

namespace {

/// What packs, and what reads packed: x times `factor`, under names that say nothing of it.
template <int factor>
class Packs : public Op {
 public:
  std::string_view name() const override { return "packs"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override { return {in[0]}; }
  Kernel compile(const Signature&) const override {
    return {[](const Call& call) { call.out<float>(0)[0] = call.in<float>(0)[0] * factor; }};
  }
};
template <int factor>
class Reads final : public Packs<1> {
 public:
  std::string_view name() const override { return factor == 2 ? "doubles" : "triples"; }
  std::optional<Packing> packing(int, std::span<const TensorType>) const override {
    return Packing{std::make_shared<Packs<factor>>(), std::make_shared<Packs<1>>()};
  }
};

}  // namespace

TEST_CASE("pack: two ops' formats of one name are two") {
  Variables store;
  Graph g(store);
  const Value w = g.parameter("w", {1}, init::constant(5));
  const Value a = g.add_one(std::make_shared<Reads<2>>(), {w}, {});
  const Value b = g.add_one(std::make_shared<Reads<3>>(), {w}, {});
  const auto result = evaluate(g, {a, b}, only(&CompileOptions::pack));
  CHECK(result[0] == std::vector<float>{10});
  CHECK(result[1] == std::vector<float>{15});
}

}  // namespace abax::test
