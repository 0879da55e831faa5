// Reverse mode on the graph: which nodes it makes, and what it refuses. Values are tested with the
// ops.
#include "core/graph/gradients.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/graph/elementwise_op.h"
#include "core/graph/sum.h"
#include "tests/graph/refusal.h"
#include "tests/graph/test_ops.h"

namespace abax {

TEST_CASE("gradients: live under the scope 'gradient' of their node") {
  Variables store;
  Graph g(store);
  const Value w = g.parameter("w", {}, init::constant(2));
  Value loss;
  {
    const auto scope = g.scope("layer", 0);
    loss = test::product(w, g.input("x", {}));
  }
  const Value gradient = gradients(loss, {w}).front();
  CHECK(g.node(gradient.node()).name == "gradient/layer0/product");
  CHECK(gradient.type() == w.type());
}

TEST_CASE("gradients: several contributions are summed, a single one is taken as it is") {
  Variables store;
  Graph g(store);
  const Value w = g.parameter("w", {}, init::constant(2));
  const Value square = test::product(w, w);
  const auto before = g.nodes().size();
  gradients(square, {w});
  // The constant one, two products, one addition.
  CHECK(g.nodes().size() == before + 4);
}

TEST_CASE("gradients: an op without a gradient is named, unless nothing needs it") {
  Variables store;
  Graph g(store);
  const Value w = g.parameter("w", {}, init::constant(2));
  const Value x = g.input("x", {});
  const std::string message =
      test::refusal([&] { gradients(test::product(test::opaque(w), x), {w}); });
  CHECK(message.find("op 'opaque' has no gradient") != std::string::npos);
  CHECK(message.find("gradients_test.cpp:") != std::string::npos);
  CHECK_NOTHROW(gradients(test::product(w, test::opaque(x)), {w}));
  CHECK_NOTHROW(gradients(test::product(w, stop_gradient(test::opaque(w))), {w}));
}

TEST_CASE("gradients: of what the loss does not depend on are zeros") {
  Variables store;
  Graph g(store);
  const Value w = g.parameter("w", {}, init::constant(2));
  const Value other = g.parameter("other", {2, 3}, init::zeros());
  const auto both = gradients(test::product(w, w), {w, other});
  CHECK(both[1].type() == other.type());
}

TEST_CASE("gradients: of an empty value or one of another graph are refused, with the place") {
  Variables store;
  Graph g(store), other(store, Mode::evaluate);
  const Value w = g.parameter("w", {}, init::constant(2));
  const Value loss = test::product(w, w);
  const Value stranger = other.parameter("w", {}, init::zeros());
  CHECK_THROWS_WITH_AS(gradients(loss, {w, Value{}}),
                       doctest::Contains("gradients: value 1 of those asked for is empty"),
                       UsageError);
  CHECK_THROWS_WITH_AS(
      gradients(loss, {stranger}),
      doctest::Contains("gradients: value 0 of those asked for is of another graph"), UsageError);
  CHECK_THROWS_WITH_AS(gradients(loss, {Value{}}), doctest::Contains("gradients_test.cpp:"),
                       UsageError);
}

TEST_CASE("gradients: what computes a value asked for needs no gradient itself") {
  Variables store;
  Graph g(store);
  const Value h = test::opaque(g.input("x", {}));
  const Value w = g.parameter("w", {}, init::constant(2));
  const auto both = gradients(test::product(h, w), {h, w});
  CHECK(both[0].type() == h.type());
  // But where a further value lies before it, its gradient is asked for.
  const Value v = test::opaque(w);
  CHECK_THROWS_AS(gradients(test::product(v, v), {v, w}), UsageError);
}

TEST_CASE("gradients: an op whose vjp gives what does not fit is named, with its place") {
  using Given = std::vector<Value> (*)(const Vjp&);
  class Wrong : public test::Opaque {
   public:
    explicit Wrong(Given given) : given_(given) {}
    std::vector<Value> vjp(const Vjp& vjp) const override { return given_(vjp); }

   private:
    Given given_;
  };
  const auto message = [](const std::shared_ptr<const Op>& op) -> std::string {
    Variables store;
    Graph g(store);
    const Value w = g.parameter("w", {}, init::constant(2));
    const Value y = g.add_one(op, {w}, SourceLocation::current());
    return test::refusal([&] { gradients(test::product(y, y), {w}); });
  };
  const auto with = [&](Given given) { return message(std::make_shared<Wrong>(given)); };
  const auto holds = [](const std::string& text, const char* words) {
    return text.find(words) != std::string::npos && text.find("gradients_test.cpp:") != text.npos;
  };
  CHECK(holds(with([](const Vjp&) { return std::vector<Value>{}; }),
              "'opaque': vjp gave 0 gradients for 1 inputs"));
  CHECK(holds(with([](const Vjp& v) { return std::vector(2, v.gradients[0]); }),
              "vjp gave 2 gradients for 1 inputs"));
  CHECK(holds(with([](const Vjp& v) { return std::vector{broadcast_to(v.gradients[0], {3})}; }),
              "vjp gave f32[3] for an input f32[]"));
  CHECK(holds(with([](const Vjp&) {
                static Variables store;
                static Graph other(store);
                return std::vector{other.constant(1.f)};
              }),
              "gradient 0 of vjp is of another graph"));
  static const TileOp identity{.name = "identity", .arity = 1, .functions = {[](auto...) {}}};
  CHECK(holds(
      message(std::make_shared<ElementwiseOp>(identity,
                                              [](const Vjp& v, const ElementwiseOp::Constants&) {
                                                return std::vector(5, v.gradients[0]);
                                              })),
      "'identity': vjp gave 5 gradients for 1 inputs"));
}

TEST_CASE("gradients: a loss is one f32 element") {
  Variables store;
  Graph g(store);
  const Value w = g.parameter("w", {2}, init::constant(2));
  CHECK_THROWS_AS(gradients(w, {w}), UsageError);
}

}  // namespace abax
