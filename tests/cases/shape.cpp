// Cases of ops/shape.h.
#include "ops/shape.h"

#include <numeric>

#include "core/base/text.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

using At = std::vector<std::int64_t>;

void add_reshapes(std::vector<Case>& cases) {
  const auto to = [](Shape shape) {
    return [shape](std::span<const Reference> x) {
      return std::vector<Reference>{{shape, x[0].values}};
    };
  };
  cases.push_back({.name = "reshape/to a shape",
                   .arguments = {{{4, 6}}},
                   .build =
                       [](auto x) {
                         return std::vector{reshape(x[0], Shape{2, 12})};
                       },
                   .reference = to({2, 12})});
  cases.push_back({.name = "reshape/a size left open",
                   .arguments = {{{4, 6}}},
                   .build =
                       [](auto x) {
                         return std::vector{reshape(x[0], {3, -1, 2})};
                       },
                   .reference = to({3, 4, 2})});
  cases.push_back({.name = "reshape/to a scalar",
                   .arguments = {{{1, 1}, i32, 0, 9}},
                   .build = [](auto x) { return std::vector{reshape(x[0], {})}; },
                   .reference = to({})});
  cases.push_back({.name = "reshape/of nothing",
                   .arguments = {{{0, 3}}},
                   .build =
                       [](auto x) {
                         return std::vector{reshape(x[0], {5, 0, 7})};
                       },
                   .reference = to({5, 0, 7})});
}

void add_transposes(std::vector<Case>& cases) {
  const auto add = [&](Shape shape, std::vector<int> axes, DType dtype) {
    cases.push_back(
        {.name = str_cat("transpose/", dtype, shape, " to ", axes.size(), axes[0], axes.back()),
         .arguments = {{shape, dtype, dtype == f32 ? -1. : 0., dtype == f32 ? 1. : 200.}},
         .build = [axes](auto x) { return std::vector{transpose(x[0], axes)}; },
         .reference =
             [axes](std::span<const Reference> x) {
               std::vector<std::int64_t> sizes;
               for (const int axis : axes) sizes.push_back(x[0].shape.at(axis));
               const Shape shape{std::span<const std::int64_t>(sizes)};
               return std::vector{generate(shape, [&](const At& at) {
                 At from(at.size());
                 for (std::size_t i = 0; i < at.size(); ++i)
                   from[static_cast<std::size_t>(x[0].shape.axis(axes[i]))] = at[i];
                 return element(x[0], from);
               })};
             },
         .gradient = dtype == f32});
  };
  for (const DType dtype : {f32, i32, u8}) {
    add({5, 7}, {1, 0}, dtype);
    add({66, 131}, {1, 0}, dtype);
    add({3, 17, 2, 9}, {2, 0, 3, 1}, dtype);
    add({4, 5, 6}, {1, 0, 2}, dtype);        // runs stay whole
    add({4, 5, 6}, {-1, 1, -3}, dtype);      // the middle axis stays
    add({1, 5, 1, 6}, {1, 2, 3, 0}, dtype);  // only axes of size 1 move
    add({2, 0, 3}, {2, 1, 0}, dtype);
    add({7}, {0}, dtype);
  }
  add({257, 301}, {1, 0}, f32);
  add({33, 20, 65}, {2, 1, 0}, f32);
  add({2, 3, 2, 5, 3, 2}, {5, 1, 3, 0, 4, 2}, f32);
  cases.push_back({.name = "transpose/the last two",
                   .arguments = {{{3, 4, 5}}},
                   .build = [](auto x) { return std::vector{transpose(x[0])}; },
                   .reference =
                       [](std::span<const Reference> x) {
                         return std::vector{generate({3, 5, 4}, [&](const At& at) {
                           return element(x[0], {at[0], at[2], at[1]});
                         })};
                       }});
}

void add_slices(std::vector<Case>& cases) {
  const auto add = [&](Shape shape, int axis, std::int64_t start, std::int64_t stop,
                       std::int64_t step, DType dtype = f32) {
    cases.push_back(
        {.name = str_cat("slice/", dtype, shape, " axis ", axis, " ", start, ":", stop, ":", step),
         .arguments = {{shape, dtype, dtype == f32 ? -1. : 0., dtype == f32 ? 1. : 200.}},
         .build = [=](auto x) { return std::vector{slice(x[0], axis, start, stop, step)}; },
         .reference =
             [=](std::span<const Reference> x) {
               const std::int64_t size = x[0].shape.at(axis);
               const std::int64_t first = start < 0 ? start + size : start;
               std::int64_t count = 0;
               for (std::int64_t i = first; i < (stop < 0 ? stop + size : stop); i += step) ++count;
               return std::vector{generate(x[0].shape.with(axis, count), [&](At at) {
                 auto& i = at[static_cast<std::size_t>(x[0].shape.axis(axis))];
                 i = first + i * step;
                 return element(x[0], at);
               })};
             },
         .gradient = dtype == f32});
  };
  add({7, 5}, 0, 2, 6, 1);  // a view
  add({7, 5}, 1, 1, 4, 1);
  add({7, 5}, -1, -3, -1, 1);
  add({1, 6, 3}, 1, 2, 5, 1);  // a view behind an axis of size 1
  add({9, 4}, 0, 1, 9, 3);
  add({4, 9}, 1, 0, 9, 2);
  add({4, 9}, 1, 1, 8, 4);
  add({4, 9}, 0, 2, 2, 1);  // nothing
  add({0, 9}, 1, 2, 5, 1);
  add({300, 401}, 1, 3, 390, 1);
  add({300, 401}, 1, 3, 390, 7);
  add({7, 5}, 1, 1, 4, 2, i32);
  add({7, 5}, 1, 1, 4, 1, u8);
  add({7, 5}, 0, 1, 4, 1, u8);
}

/// One value after another along an axis.
Reference joined(std::span<const Reference> x, int axis) {
  std::int64_t sum = 0;
  for (const Reference& part : x) sum += part.shape[axis];
  return generate(x[0].shape.with(axis, sum), [&](At at) {
    auto& i = at[static_cast<std::size_t>(axis)];
    std::size_t part = 0;
    while (i >= x[part].shape[axis]) i -= x[part++].shape[axis];
    return element(x[part], at);
  });
}

std::vector<Reference> pieces(const Reference& x, int axis,
                              const std::vector<std::int64_t>& sizes) {
  std::vector<Reference> result;
  std::int64_t start = 0;
  for (const std::int64_t size : sizes) {
    result.push_back(generate(x.shape.with(axis, size), [&](At at) {
      at[static_cast<std::size_t>(axis)] += start;
      return element(x, at);
    }));
    start += size;
  }
  return result;
}

void add_joins(std::vector<Case>& cases) {
  const auto add_concat = [&](std::vector<Shape> shapes, int axis, DType dtype = f32) {
    std::vector<Argument> arguments;
    for (const Shape& shape : shapes) arguments.push_back({shape, dtype, 0, 100});
    cases.push_back({.name = str_cat("concat/", dtype, shapes[0], " and more along ", axis),
                     .arguments = arguments,
                     .build = [axis](auto x) { return std::vector{concat(x, axis)}; },
                     .reference =
                         [=](std::span<const Reference> x) {
                           return std::vector{joined(x, x[0].shape.axis(axis))};
                         },
                     .gradient_tolerance = 1e-3,
                     .gradient = dtype == f32});
  };
  add_concat({{2, 3}, {4, 3}, {1, 3}}, 0);
  add_concat({{3, 2}, {3, 0}, {3, 5}}, 1);
  add_concat({{3, 2, 4}, {3, 5, 4}}, -2);
  add_concat({{7}}, 0);
  add_concat({{0, 2}, {0, 3}}, 1);
  add_concat({{201, 300}, {201, 111}}, 1);
  add_concat({{3, 2}, {3, 5}}, 1, u8);
  add_concat({{3, 2}, {3, 5}}, 1, i32);
  for (const int axis : {0, 1, 2, -1, -2, -3})
    cases.push_back({.name = str_cat("stack/axis ", axis),
                     .arguments = {{{3, 4}}, {{3, 4}}},
                     .build = [axis](auto x) { return std::vector{stack(x, axis)}; },
                     .reference =
                         [axis](std::span<const Reference> x) {
                           const int at = axis < 0 ? axis + 3 : axis;  // of [3, 4] and one more
                           const std::vector<Reference> parts = {
                               {x[0].shape.inserted(at, 1), x[0].values},
                               {x[1].shape.inserted(at, 1), x[1].values}};
                           return std::vector{joined(parts, at)};
                         }});
}

void add_splits(std::vector<Case>& cases) {
  const auto add_split = [&](Shape shape, int axis, std::vector<std::int64_t> sizes) {
    cases.push_back({.name = str_cat("split/", shape, " along ", axis),
                     .arguments = {{shape}},
                     .build = [=](auto x) { return split(x[0], axis, sizes); },
                     .reference =
                         [=](std::span<const Reference> x) {
                           return pieces(x[0], x[0].shape.axis(axis), sizes);
                         }});
  };
  add_split({7, 3}, 0, {2, 0, 5});
  add_split({3, 7}, 1, {2, 4, 1});
  add_split({2, 6, 5}, -2, {1, 5});
  add_split({301, 300}, 1, {100, 200});
  const auto add_unstack = [&](Shape shape, int axis) {
    cases.push_back({.name = str_cat("unstack/", shape, " along ", axis),
                     .arguments = {{shape}},
                     .build = [=](auto x) { return unstack(x[0], axis); },
                     .reference =
                         [=](std::span<const Reference> x) {
                           const int at = x[0].shape.axis(axis);
                           const std::vector<std::int64_t> ones(
                               static_cast<std::size_t>(x[0].shape[at]), 1);
                           std::vector<Reference> result = pieces(x[0], at, ones);
                           for (Reference& piece : result) piece.shape = piece.shape.without(at);
                           return result;
                         }});
  };
  add_unstack({3, 4, 5}, 0);
  add_unstack({3, 4, 5}, 1);
  add_unstack({3, 4}, -1);
  add_unstack({1}, 0);
  cases.push_back({.name = "unstack/where only one is used",
                   .arguments = {{{3, 4}}},
                   .build = [](auto x) { return std::vector{unstack(x[0])[1]}; },
                   .reference =
                       [](std::span<const Reference> x) {
                         return std::vector{generate({4}, [&](const At& at) {
                           return element(x[0], {1, at[0]});
                         })};
                       }});
}

}  // namespace

Family shape_family() {
  Family family{.name = "shape", .cases = {}, .bad = {}};
  add_reshapes(family.cases);
  add_transposes(family.cases);
  add_slices(family.cases);
  add_joins(family.cases);
  add_splits(family.cases);
  const auto bad = [&](std::string name, std::vector<Shape> shapes, auto build,
                       std::vector<std::string> words) {
    std::vector<Argument> arguments;
    for (const Shape& shape : shapes) arguments.push_back({shape});
    family.bad.push_back({name, arguments, build, std::move(words)});
  };
  bad("reshape/another size", {{4, 6}},
      [](auto x) {
        reshape(x[0], {5, 5});
      },
      {"reshape", "[4, 6]", "[5, 5]", "24"});
  bad("reshape/open size does not divide", {{4, 6}},
      [](auto x) {
        reshape(x[0], {5, -1});
      },
      {"reshape", "[4, 6]", "[5, -1]"});
  bad("reshape/two open sizes", {{4, 6}}, [](auto x) { reshape(x[0], {-1, -1}); }, {"[-1, -1]"});
  bad("transpose/an axis twice", {{4, 6}},
      [](auto x) {
        transpose(x[0], {1, 1});
      },
      {"transpose", "[4, 6]", "1,1"});
  bad("transpose/too few axes", {{4, 6, 2}},
      [](auto x) {
        transpose(x[0], {1, 0});
      },
      {"transpose", "[4, 6, 2]"});
  bad("transpose/of a vector", {{4}}, [](auto x) { transpose(x[0]); }, {"transpose", "[4]"});
  bad("slice/beyond the end", {{4, 6}}, [](auto x) { slice(x[0], 1, 2, 7); },
      {"slice", "[4, 6]", "2", "7"});
  bad("slice/no such axis", {{4, 6}}, [](auto x) { slice(x[0], 2, 0, 1); }, {"axis 2", "[4, 6]"});
  bad("slice/step of 0", {{4, 6}}, [](auto x) { slice(x[0], 0, 0, 2, 0); }, {"steps of 0"});
  bad("concat/other sizes differ", {{4, 6}, {5, 6}}, [](auto x) { concat(x, 1); },
      {"concat", "[4, 6]", "[5, 6]"});
  bad("concat/ranks differ", {{4, 6}, {6}}, [](auto x) { concat(x, 0); },
      {"concat", "[4, 6]", "[6]"});
  bad("stack/shapes differ", {{4, 6}, {4, 5}}, [](auto x) { stack(x); }, {"[1, 4, 5]"});
  bad("stack/ranks differ", {{4, 6}, {4}}, [](auto x) { stack(x, 2); }, {"[4, 6, 1]", "[4, 1]"});
  for (const int axis : {3, -4})
    bad(str_cat("stack/axis ", axis), {{4, 6}, {4, 6}}, [=](auto x) { stack(x, axis); },
        {str_cat("axis ", axis, " ")});
  bad("split/sizes do not add up", {{4, 6}},
      [](auto x) {
        split(x[0], 1, std::vector<std::int64_t>{2, 3});
      },
      {"split", "5", "[4, 6]"});
  bad("unstack/no such axis", {{4, 6}}, [](auto x) { unstack(x[0], 2); }, {"axis 2", "[4, 6]"});
  return family;
}

}  // namespace abax::cases
