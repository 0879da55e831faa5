// Shapes: sizes, broadcasting and their errors.
#include "core/base/shape.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {

TEST_CASE("shape: sizes of 0 and 1, rank 0") {
  CHECK(Shape{}.size() == 1);
  CHECK(Shape{0, 3}.size() == 0);
  CHECK(Shape{2, 1, 3}.size() == 6);
  CHECK(str_cat(Shape{32, 512}) == "[32, 512]");
  CHECK(Shape{2, 3}.at(-1) == 3);
  CHECK(Shape{2, 3, 4}.without(1) == Shape{2, 4});
  CHECK(Shape{2, 4}.inserted(-1, 3) == Shape{2, 4, 3});
}

TEST_CASE("shape: broadcasting aligns the last axes") {
  CHECK(broadcast({4, 1, 3}, {5, 1}) == Shape{4, 5, 3});
  CHECK(broadcast({}, {2}) == Shape{2});
  CHECK(broadcast({0}, {1}) == Shape{0});
}

TEST_CASE("shape: errors name both shapes") {
  CHECK_THROWS_WITH_AS(broadcast({2, 3}, {4}),
                       "shapes do not broadcast: [2, 3] and [4] (3 is not 4 and neither is 1)",
                       ShapeError);
  CHECK_THROWS_AS(Shape({-1}), ShapeError);
  CHECK_THROWS_AS(Shape({1 << 30, 1 << 30, 1 << 30}), ShapeError);
  CHECK_THROWS_AS((Shape{2, 3}.at(2)), ShapeError);
}

TEST_CASE("shape: sizes that are none name the line that wrote them") {
  const auto refused = [](const Shape&) {};
  CHECK_THROWS_WITH_AS(refused({2, -3}),
                       doctest::Contains("a size is at least 0: [2, -3]\n  at tests/base/shape_te"),
                       ShapeError);
  CHECK_THROWS_WITH_AS(refused({1 << 30, 1 << 30}), doctest::Contains("shape_test.cpp:"),
                       ShapeError);
}

TEST_CASE("shape: an axis that is none is refused") {
  CHECK(Shape{2, 3}[1] == 3);
  CHECK_THROWS_WITH_AS((Shape{2, 3}[2]), "there is no axis 2 in [2, 3]", ShapeError);
  CHECK_THROWS_WITH_AS((Shape{2, 3}[-1]),
                       "there is no axis -1 in [2, 3]; at(axis) counts from the back", ShapeError);
  CHECK_THROWS_AS((Shape{}[0]), ShapeError);
}

}  // namespace abax
