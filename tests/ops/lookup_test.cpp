// Indices out of range: refused at run time with their place, unless the input's range was
// declared.
#include "ops/lookup.h"

#include <doctest/doctest.h>

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
  CHECK(lookup.run(y).as<float>()[5] == 6);
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

TEST_CASE("lookup: a declared range is enough, also through views") {
  Lookup lookup;
  const auto attributes = [&](Value ids) {
    const Value y = embedding(ids, lookup.table);
    return lookup.graph.node(y.node()).op->attributes();
  };
  const Value inside = lookup.graph.input("inside", {4}, i32, range(0, 3));
  CHECK(attributes(inside) == "axis=0 checked=0");
  CHECK(attributes(reshape(inside, {2, 2})) == "axis=0 checked=0");
  CHECK(attributes(slice(reshape(inside, {2, 2}), 0, 1, 2)) == "axis=0 checked=0");
  CHECK(attributes(lookup.graph.input("from -1", {4}, i32, range(-1, 3))) == "axis=0 checked=1");
  CHECK(attributes(lookup.graph.input("too far", {4}, i32, range(0, 4))) == "axis=0 checked=1");
  CHECK(attributes(lookup.graph.input("open", {4}, i32)) == "axis=0 checked=1");
}

}  // namespace abax
