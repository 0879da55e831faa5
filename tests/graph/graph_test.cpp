// Graph building: names, scopes, leaves, and errors that say where.
#include "core/graph/graph.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/elementwise_op.h"
#include "core/graph/gradients.h"
#include "core/graph/print.h"
#include "tests/graph/test_ops.h"

namespace abax {
namespace {

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

bool holds(const std::string& message, std::string_view words) {
  return message.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("graph: nodes get scoped, unique names and can be found by them") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {3});
  Value inner;
  {
    const auto outer = g.scope("encoder");
    const auto scope = g.scope("block", 2);
    CHECK(g.current_scope() == "encoder/block2");
    inner = test::product(x, x);
    const Value again = test::product(x, inner);
    CHECK(g.find("encoder/block2/product") == inner);
    CHECK(g.find("encoder/block2/product.1") == again);
    CHECK(g.find("encoder/block2/product.1:0") == again);
    g.name(again, "result");
  }
  CHECK(g.current_scope().empty());
  CHECK(g.find("x") == x);
  CHECK(g.find("encoder/block2/result").node() == inner.node() + 1);
  CHECK(holds(message_of([&] { (void)g.find("encoder/block2/resutl"); }),
              "did you mean 'encoder/block2/result'?"));
  CHECK(holds(message_of([&] { (void)g.find("encoder/block2/resutl"); }), "graph_test.cpp:"));
  CHECK_THROWS_AS(g.find("encoder/block2/product:1"), UsageError);
  CHECK_THROWS_AS(g.input("x", {3}), UsageError);
}

TEST_CASE("graph: a wrong shape names op, both shapes, scope and the caller's line") {
  Variables store;
  Graph g(store);
  const Value a = g.input("a", {3});
  const Value b = g.input("b", {4});
  const auto scope = g.scope("decoder");
  const int line = __LINE__ + 1;
  const std::string message = message_of([&] { test::product(a, b); });
  CHECK(holds(message, "product: types differ: f32[3] and f32[4]"));
  CHECK(holds(message, "in decoder, at "));
  CHECK(holds(message, str_cat("graph_test.cpp:", line)));
}

TEST_CASE("graph: values of two graphs do not meet") {
  Variables store;
  Graph g(store), h(store, Mode::evaluate);
  const Value a = g.input("a", {3});
  const Value b = h.input("b", {3});
  CHECK_THROWS_AS(test::product(a, b), UsageError);
}

TEST_CASE("graph: an empty value is no number, and has no type") {
  Variables store;
  Graph g(store);
  const Operand empty{Value{}};
  CHECK_FALSE(empty.is_number());
  for (const std::string& message :
       {message_of([&] { (void)empty.value(); }), message_of([&] { (void)empty.value(g); })}) {
    CHECK(holds(message, "not an empty one"));
    CHECK(holds(message, "graph_test.cpp:"));
  }
  CHECK_THROWS_AS((void)Value{}.shape(), UsageError);
  CHECK_THROWS_AS((void)Value{}.graph(), UsageError);
}

TEST_CASE(
    "graph: a value whose graph is gone is refused, also where another graph took its place") {
  Variables store;
  Value gone;
  {
    Graph g(store);
    gone = g.input("x", {2});
    CHECK(gone.alive());
  }
  const auto check_refused = [&] {
    CHECK(gone);
    CHECK_FALSE(gone.alive());
    for (const std::string& message :
         {message_of([&] { (void)gone.shape(); }), message_of([&] { (void)gone.graph(); }),
          message_of([&] { (void)Operand(gone).value(); })})
      CHECK(holds(message, "the graph of this value is gone"));
    for (const std::string& message : {message_of([&] { (void)stop_gradient(gone); }),
                                       message_of([&] { (void)gradients(gone, {gone}); })}) {
      CHECK(holds(message, "the graph of this value is gone"));
      CHECK(holds(message, "at tests/graph/graph_test.cpp:"));
    }
  };
  check_refused();
  Graph next(store);
  const Value x = next.input("x", {2});
  check_refused();
  CHECK(x.alive());
  CHECK(x != gone);
  CHECK(holds(message_of([&] { next.name(gone, "y"); }), "is of a graph that is gone"));
  CHECK(x.shape() == Shape{2});
}

TEST_CASE("graph: values find their own among many graphs that come and go") {
  Variables store;
  std::vector<std::unique_ptr<Graph>> graphs;
  std::vector<Value> values;
  for (int i = 0; i < 200; ++i) {
    graphs.push_back(std::make_unique<Graph>(store));
    values.push_back(graphs.back()->input("x", {i}));
    if (i % 3 == 0) graphs[static_cast<std::size_t>(i / 2)].reset();
  }
  for (std::size_t i = 0; i < graphs.size(); ++i) {
    CHECK(values[i].alive() == (graphs[i] != nullptr));
    if (graphs[i]) CHECK(&values[i].graph() == graphs[i].get());
  }
}

TEST_CASE("graph: one whose store is gone says so") {
  auto store = std::make_unique<Variables>();
  Graph g(*store);
  const Value w = g.parameter("w", {1}, init::zeros());
  store.reset();
  for (const std::string& message :
       {message_of([&] { g.parameter("v", {1}, init::zeros()); }),
        message_of([&] { g.carried_state("h", {{1}}); }), message_of([&] { (void)g.parameters(); }),
        message_of([&] { (void)g.variable(w); }), message_of([&] { (void)g.store(); })}) {
    CHECK(holds(message, "the store of the graph 'train' is gone"));
    CHECK(holds(message, "at tests/graph/graph_test.cpp:"));
  }
}

TEST_CASE("graph: a node or output that is none is refused") {
  Variables store;
  Graph g(store);
  g.input("x", {2});
  CHECK(holds(message_of([&] { (void)g.node(99); }), "there is no node 99 in the graph 'train'"));
  CHECK_THROWS_AS((void)g.node(-1), UsageError);
  CHECK_THROWS_AS((void)Value(&g, 0, 1).type(), UsageError);
  CHECK_THROWS_AS((void)Value(&g, 0, -1).type(), UsageError);
}

TEST_CASE("graph: an input's range that holds no number is refused") {
  Variables store;
  Graph g(store);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Range& range :
       {values_in(5, 1), values_in(2, 2), values_in(0, nan), values_in(nan, 1)}) {
    const std::string message = message_of([&] { g.input("x", {2}, f32, range); });
    CHECK(holds(message, "of the input 'x'"));
    CHECK(holds(message, "at tests/graph/graph_test.cpp:"));
  }
  CHECK(g.input("x", {2}, f32, values_in(1, 5)).shape() == Shape{2});
}

// Of two values `==` tells whether they are the same handle: no number to compute with.
static_assert(std::is_convertible_v<float, Operand> && std::is_convertible_v<int, Operand> &&
              std::is_convertible_v<std::int64_t, Operand> &&
              std::is_convertible_v<std::size_t, Operand> &&
              std::is_convertible_v<std::uint8_t, Operand> &&
              std::is_convertible_v<Value, Operand>);
static_assert(!std::is_convertible_v<bool, Operand> && !std::is_convertible_v<char, Operand> &&
              !std::is_convertible_v<const char*, Operand> &&
              !std::is_convertible_v<float*, Operand> &&
              !std::is_convertible_v<std::nullptr_t, Operand> &&
              !std::is_convertible_v<char32_t, Operand>);

TEST_CASE("graph: an integer operand is exact") {
  CHECK(Operand(std::int64_t{16777217}).integer() == 16777217);
  CHECK_FALSE(Operand(std::int64_t{1} << 31).integer());
  CHECK(Operand(16777217).integer() == 16777217);
  CHECK(Operand(-2147483648.).integer() == std::numeric_limits<std::int32_t>::min());
  CHECK_FALSE(Operand(2147483648.).integer());
  CHECK_FALSE(Operand(0.5f).integer());
  CHECK_FALSE(Operand(std::numeric_limits<double>::quiet_NaN()).integer());
  CHECK(Operand(0.1f).number() == 0.1f);
}

TEST_CASE("graph: a number beyond the range of f32 is refused with the caller's line") {
  using Limits = std::numeric_limits<float>;
  CHECK(Operand(double{Limits::max()}).number() == Limits::max());
  CHECK(Operand(std::numeric_limits<double>::infinity()).number() == Limits::infinity());
  CHECK(Operand(-Limits::infinity()).number() == -Limits::infinity());
  CHECK(std::isnan(Operand(Limits::quiet_NaN()).number()));
  for (const double beyond : {1e300, -1e300, 1.0001 * Limits::max()}) {
    const Operand operand(beyond);
    CHECK_THROWS_WITH_AS(operand.number(), doctest::Contains("is beyond the range of f32"),
                         UsageError);
    CHECK_THROWS_WITH_AS(operand.number(), doctest::Contains("at tests/graph/graph_test.cpp:"),
                         UsageError);
  }
}

TEST_CASE("graph: parameters are shared among graphs by name, and refused in another shape") {
  Variables store(7);
  Graph g(store), other(store);
  g.parameter("w", {2, 3}, init::normal(1));
  CHECK(holds(message_of([&] {
                g.parameter("w", {2, 3}, init::zeros());
              }),
              "made before in this graph"));
  CHECK(holds(message_of([&] { other.parameter("w", {3, 2}, init::zeros()); }), "f32[2, 3]"));
  CHECK(other.parameter("w", {2, 3}, init::zeros()).shape() == Shape{2, 3});
  CHECK_THROWS_AS(g.saved_state("w", {{2, 3}}, init::zeros()), UsageError);

  Graph check(store, Mode::evaluate);
  check.parameter("w", {2, 3}, init::zeros());
  CHECK(holds(message_of([&] {
                check.parameter("v", {2, 3}, init::zeros());
              }),
              "evaluation graph"));
  CHECK(store.count() == 1);
}

TEST_CASE("graph: carried state belongs to the plan's label") {
  Variables store;
  Graph g(store, Mode::train), check(store, Mode::evaluate);
  g.carried_state("h", {{2}});
  check.carried_state("h", {{3}});
  CHECK(store.find("train:h") >= 0);
  CHECK(store.at("evaluate:h").value().shape() == Shape{3});
}

TEST_CASE("graph: carried state of another batch size is refused with the remedy") {
  Variables store;
  Graph g(store), small(store), labelled(store, Mode::train, "one row");
  g.carried_state("h", {{20, 4}, f32});
  const std::string message = message_of([&] { small.carried_state("h", {{1, 4}, f32}); });
  CHECK(holds(message, "'train:h' is f32[20, 4], made by another graph of the label 'train'"));
  CHECK(holds(message, "a label of their own, Graph(store, mode, label)"));
  CHECK(holds(message, "graph_test.cpp:"));
  CHECK_NOTHROW(labelled.carried_state("h", {{1, 4}, f32}));
}

TEST_CASE("graph: an op that gives no output, or another number than it is added for") {
  class Wrong : public test::Opaque {
   public:
    explicit Wrong(std::size_t outputs) : outputs_(outputs) {}
    std::vector<TensorType> infer(std::span<const TensorType>) const override {
      return std::vector<TensorType>(outputs_);
    }

   private:
    std::size_t outputs_;
  };
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {2});
  const auto add = [&](std::size_t outputs) {
    return message_of(
        [&] { g.add_one(std::make_shared<Wrong>(outputs), {x}, SourceLocation::current()); });
  };
  CHECK(holds(add(0), "op 'opaque': infer() gave no type"));
  CHECK(holds(add(0), "graph_test.cpp:"));
  CHECK(holds(add(2), "infer() gave 2 types; add_one() is for ops with one output"));
  CHECK(add(1).empty());
  CHECK(holds(message_of([&] { g.add(nullptr, {}, SourceLocation::current()); }), "null"));
}

TEST_CASE("graph: a tile operation without functions is refused where it is used") {
  static const TileOp empty{.name = "empty", .arity = 1};
  static const TileOp many{.name = "many", .arity = 5, .functions = {[](auto...) {}}};
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {2});
  const auto use = [&](const TileOp& op) {
    return message_of(
        [&] { g.add_one(std::make_shared<ElementwiseOp>(op), {x}, SourceLocation::current()); });
  };
  CHECK(holds(use(empty), "tile operation 'empty' has no function for sse2"));
  CHECK(holds(use(empty), "graph_test.cpp:"));
  CHECK(holds(use(many), "'many' has 5 operands; it may have 0 to 4"));
}

TEST_CASE("graph: assignments are checked") {
  Variables store;
  Graph g(store);
  const Value w = g.parameter("w", {2}, init::zeros());
  const Value x = g.input("x", {2});
  CHECK_THROWS_AS(g.assign(x, w), UsageError);
  CHECK_THROWS_AS(g.assign(w, g.input("y", {3})), UsageError);
  g.assign(w, x);
  CHECK_THROWS_AS(g.assign(w, x), UsageError);
}

TEST_CASE("graph: assign, name and variable refuse what is empty or of another graph") {
  Variables store;
  Graph g(store), other(store, Mode::evaluate);
  const Value w = g.parameter("w", {2}, init::zeros());
  const Value same_number = other.parameter("w", {2}, init::zeros());
  REQUIRE(same_number.node() == w.node());
  for (const Value& wrong : {same_number, Value{}}) {
    const std::string_view what = wrong ? "is of another graph" : "is empty";
    const auto refused = [&](auto&& f) {
      const std::string message = message_of(f);
      CHECK(holds(message, what));
      CHECK(holds(message, "graph_test.cpp:"));
    };
    refused([&] { g.assign(w, wrong); });
    refused([&] { g.assign(wrong, w); });
    refused([&] { g.name(wrong, "name"); });
    refused([&] { (void)g.variable(wrong); });
  }
  CHECK(g.assignments().empty());
}

TEST_CASE("graph: frozen parameters are no parameters to update") {
  Variables store;
  Graph g(store);
  const Value a = g.parameter("body/a", {2}, init::zeros());
  const Value b = g.parameter_without_decay("head/b", {2}, init::zeros());
  CHECK(g.parameters() == std::vector<Value>{a, b});
  CHECK(store.at("body/a").decay);
  CHECK_FALSE(store.at("head/b").decay);
  CHECK(store.freeze("body/") == 1);
  CHECK(g.parameters() == std::vector<Value>{b});
}

TEST_CASE("graph: prints as text and DOT") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {3});
  const auto scope = g.scope("s");
  test::product(x, x);
  CHECK(holds(to_text(g), "%1 s/product: f32[3] = product(%0, %0)"));
  CHECK(holds(to_dot(g), "n0 -> n1"));
}

}  // namespace abax
