// Indices out of range: refused at run time with their place, unless the input's range was
// declared.
#include "ops/lookup.h"

#include <doctest/doctest.h>

#include "core/base/text.h"
#include "ops/matmul.h"
#include "ops/shape.h"
#include "tests/ops/evaluate.h"

namespace abax {
namespace {

struct Lookup {
  Variables store{1};
  Graph graph{store};
  Tensor table_values = Tensor::of<float>({3, 2}, {1, 2, 3, 4, 5, 6});
  Tensor ids_values = Tensor::of<std::int32_t>({2, 2}, {0, 1, 2, 1});
  Value table = graph.input("table", {3, 2});

  Tensor run(Value value) {
    return evaluate(value, {{"table", &table_values}, {"ids", &ids_values}});
  }
};

}  // namespace

TEST_CASE("lookup: an index outside names its position, its value and the limit") {
  Lookup lookup;
  const Value y = embedding(lookup.graph.input("ids", {2, 2}, i32), lookup.table);
  const Tensor rows = lookup.run(y);
  CHECK(rows.as<float>()[5] == 6);
  lookup.ids_values.as<std::int32_t>()[2] = 3;
  CHECK_THROWS_WITH_AS(lookup.run(y),
                       doctest::Contains("index 3 at position [1, 0] of [2, 2] is not in [0, 3)"),
                       DataError);
  lookup.ids_values.as<std::int32_t>()[2] = -1;
  CHECK_THROWS_AS(lookup.run(y), DataError);
}

TEST_CASE("lookup: scatter_add, gather and one_hot check alike") {
  Lookup lookup;
  const Value ids = lookup.graph.input("ids", {2, 2}, i32);
  lookup.ids_values.as<std::int32_t>()[3] = 7;
  const Value updates = stack({lookup.table, lookup.table});  // [2, 3, 2]
  const Value two = slice(updates, 1, 0, 2);                  // [2, 2, 2]
  CHECK_THROWS_WITH_AS(lookup.run(scatter_add(two, ids, 7)), doctest::Contains("index 7"),
                       DataError);
  CHECK_THROWS_WITH_AS(lookup.run(gather(lookup.table, ids)), doctest::Contains("gather: index 7"),
                       DataError);
  CHECK_THROWS_WITH_AS(evaluate(one_hot(ids, 7), {{"ids", &lookup.ids_values}}),
                       doctest::Contains("one_hot: index 7"), DataError);
}

TEST_CASE("lookup: rows that do not fit into the cache, lengths beyond time") {
  Lookup lookup;
  Variables store;
  Graph graph(store);
  const Value cache = graph.input("cache", {3, 2}), rows = graph.input("rows", {2, 2});
  const Value y = write_rows(cache, rows, graph.input("position", {}, i32));
  const Tensor two = Tensor::of<float>({2, 2}, {7, 8, 9, 10});
  for (const std::int32_t position : {-1, 2, 3}) {
    const Tensor at = Tensor::of<std::int32_t>({}, {position});
    CHECK_THROWS_WITH_AS(
        evaluate(y, {{"cache", &lookup.table_values}, {"rows", &two}, {"position", &at}}),
        doctest::Contains(
            str_cat("2 rows at position ", position, " are not within [0, 3)").c_str()),
        DataError);
  }
  const Value back = reverse(cache, graph.input("lengths", {2}, i32));
  for (const std::int32_t length : {-1, 4}) {
    const Tensor lengths = Tensor::of<std::int32_t>({2}, {0, length});
    CHECK_THROWS_WITH_AS(evaluate(back, {{"cache", &lookup.table_values}, {"lengths", &lengths}}),
                         doctest::Contains("of row 1 is not in [0, 3]"), DataError);
  }
}

TEST_CASE("lookup: rows are written to carried state in place, and read there") {
  Variables store;
  Graph graph(store);
  const Value cache = graph.carried_state("cache", {{5, 3}, f32});
  const Value rows = graph.input("rows", {1, 3}), position = graph.input("position", {}, i32);
  const Value seen = write_rows(cache, rows, position);
  graph.assign(cache, seen);
  const Value weight = graph.parameter("weight", {3, 2}, init::constant(1));
  const Value y = matmul(seen, weight);  // as attention reads it: more than elementwise work
  const auto plan = compile(graph, {y});
  const std::string shown = to_text(*plan);
  INFO(shown);
  CHECK(shown.find("assign train:cache = ") != std::string::npos);
  CHECK(shown.find(" in place\n") != std::string::npos);
  CHECK(shown.find("copy") == std::string::npos);
  Workers workers(2);
  Execution execution(plan, store, workers);
  double expected = 0;
  for (std::int32_t t = 0; t < 5; ++t) {
    const auto value = static_cast<float>(t + 1);
    const Tensor row = Tensor::of<float>({1, 3}, {value, value, value});
    const Tensor at = Tensor::of<std::int32_t>({}, {t});
    execution.set("rows", row);
    execution.set("position", at);
    execution.run();
    expected += 3 * double{value};
    double sum = 0;
    for (int row = 0; row < 5; ++row) sum += execution.get(y).as<float>()[2 * row];
    CHECK(sum == expected);  // the rows of all runs so far
  }
}

TEST_CASE("lookup: where the old rows are read too, the cache is not overwritten before") {
  for (const CompileOptions& options : {CompileOptions{}, CompileOptions::plain()}) {
    Variables store;
    Graph graph(store);
    const Value cache = graph.carried_state("cache", {{2, 2}, f32});
    const Value rows = graph.input("rows", {1, 2}), position = graph.input("position", {}, i32);
    const Value seen = write_rows(cache, rows, position);
    graph.assign(cache, seen);
    const Value eye = graph.constant(Tensor::of<float>({2, 2}, {1, 0, 0, 1}));
    const Value after = matmul(seen, eye), before = matmul(cache, eye);
    Workers workers(2);
    Execution execution(compile(graph, {after, before}, options), store, workers);
    const Tensor row = Tensor::of<float>({1, 2}, {5, 6});
    execution.set("rows", row);
    for (std::int32_t t = 0; t < 2; ++t) {
      const Tensor at = Tensor::of<std::int32_t>({}, {t});
      execution.set("position", at);
      execution.run();
      const auto new_rows = execution.get(after).as<float>();
      const auto old_rows = execution.get(before).as<float>();
      CHECK(new_rows[0] == 5);
      CHECK(new_rows[3] == (t == 0 ? 0 : 6));
      CHECK(old_rows[0] == (t == 0 ? 0 : 5));
      CHECK(old_rows[3] == 0);
    }
  }
}

TEST_CASE("lookup: a declared range is enough, also through views") {
  Lookup lookup;
  const auto attributes = [&](Value ids) {
    const Value y = embedding(ids, lookup.table);
    return lookup.graph.node(y.node()).op->attributes();
  };
  const Value inside = lookup.graph.input("inside", {4}, i32, values_in(0, 3));
  CHECK(attributes(inside) == "axis=0 checked=0");
  CHECK(attributes(reshape(inside, {2, 2})) == "axis=0 checked=0");
  CHECK(attributes(slice(reshape(inside, {2, 2}), 0, 1, 2)) == "axis=0 checked=0");
  CHECK(attributes(lookup.graph.input("from -1", {4}, i32, values_in(-1, 3))) ==
        "axis=0 checked=1");
  CHECK(attributes(lookup.graph.input("too far", {4}, i32, values_in(0, 4))) == "axis=0 checked=1");
  CHECK(attributes(lookup.graph.input("open", {4}, i32)) == "axis=0 checked=1");
}

}  // namespace abax
