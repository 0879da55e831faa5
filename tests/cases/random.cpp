// Cases of ops/random.h: without references, since the numbers are random; see
// tests/ops/random_test.cpp.
#include "ops/random.h"

#include "core/base/text.h"
#include "tests/cases/families.h"

namespace abax::cases {

Family random_family() {
  Family family{.name = "random", .cases = {}, .bad = {}};
  // The argument only says which graph to build in.
  const auto add = [&](std::string name, auto build) {
    for (const Shape& shape : {Shape{}, Shape{0, 3}, Shape{7, 9}, Shape{301, 333}})
      family.cases.push_back({.name = str_cat(name, "/", shape),
                              .arguments = {{{}}},
                              .build =
                                  [=](auto x) {
                                    return std::vector{x[0], build(x[0].graph(), shape)};
                                  },
                              .reference = {},
                              .gradient = false});
  };
  add("random_uniform", [](Graph& g, Shape shape) { return random_uniform(g, shape, -2, 3); });
  add("random_open_uniform", [](Graph& g, Shape shape) { return random_open_uniform(g, shape); });
  add("random_normal", [](Graph& g, Shape shape) { return random_normal(g, shape); });
  add("random_gumbel", [](Graph& g, Shape shape) { return random_gumbel(g, shape); });
  add("random_bernoulli", [](Graph& g, Shape shape) { return random_bernoulli(g, shape, 0.3f); });
  family.bad.push_back({"random_uniform/empty range",
                        {{{}}},
                        [](auto x) { random_uniform(x[0].graph(), {3}, 2, 2); },
                        {"random_uniform", "low < high", "2"}});
  family.bad.push_back({"random_bernoulli/not a probability",
                        {{{}}},
                        [](auto x) { random_bernoulli(x[0].graph(), {3}, 1.5f); },
                        {"random_bernoulli", "[0, 1]", "1.5"}});
  return family;
}

}  // namespace abax::cases
