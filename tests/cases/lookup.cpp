// Cases of ops/lookup.h.
#include "ops/lookup.h"

#include "core/base/text.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

using At = std::vector<std::int64_t>;

/// The shape with `count` axes from `axis` on replaced by those of `by`.
Shape replaced(const Shape& shape, int axis, int count, const Shape& by) {
  std::vector<std::int64_t> sizes(shape.begin(), shape.begin() + axis);
  sizes.insert(sizes.end(), by.begin(), by.end());
  sizes.insert(sizes.end(), shape.begin() + axis + count, shape.end());
  return Shape(std::span<const std::int64_t>(sizes));
}

/// x[first..][index[..]][rest..].
Reference taken(const Reference& x, const Reference& index, int axis = 0) {
  const auto count = index.shape.rank();
  return generate(replaced(x.shape, axis, 1, index.shape), [&](const At& at) {
    const auto first = at.begin() + axis;
    At from(at.begin(), first);
    from.push_back(static_cast<std::int64_t>(element(index, At(first, first + count))));
    from.insert(from.end(), first + count, at.end());
    return element(x, from);
  });
}

Reference added(const Reference& updates, const Reference& index, std::int64_t rows, int axis) {
  Reference result{replaced(updates.shape, axis, index.shape.rank(), Shape{rows}), {}};
  result.values.resize(static_cast<std::size_t>(result.shape.size()));
  const auto width = static_cast<std::size_t>(result.shape.size(axis + 1, result.shape.rank()));
  const auto tables = static_cast<std::size_t>(result.shape.size(0, axis));
  std::size_t update = 0;
  for (std::size_t table = 0; table < tables; ++table)
    for (const double to : index.values)
      for (std::size_t j = 0; j < width; ++j)
        result.values[(table * static_cast<std::size_t>(rows) + static_cast<std::size_t>(to)) *
                          width +
                      j] += updates.values[update++];
  return result;
}

Argument indices(Shape shape, std::int64_t limit) {
  return {shape, i32, 0, static_cast<double>(limit)};
}

}  // namespace

Family lookup_family() {
  Family family{.name = "lookup", .cases = {}, .bad = {}};
  auto& cases = family.cases;
  const auto add_embedding = [&](Shape ids, std::int64_t rows, std::int64_t width) {
    cases.push_back(
        {.name = str_cat("embedding/", ids, " of ", Shape{rows, width}),
         .arguments = {indices(ids, rows), {{rows, width}}},
         .build = [](auto x) { return std::vector{embedding(x[0], x[1])}; },
         .reference = [](std::span<const Reference> x) { return std::vector{taken(x[1], x[0])}; }});
  };
  add_embedding({5, 3}, 11, 7);
  add_embedding({}, 3, 4);
  add_embedding({0, 2}, 3, 4);
  add_embedding({9}, 1, 1);
  add_embedding({35, 20}, 301, 130);  // cut by columns
  add_embedding({3000}, 40, 33);      // cut by rows
  const auto add_gather = [&](Shape x, Shape index, int axis = 0, DType dtype = f32) {
    const int from_front = axis < 0 ? axis + x.rank() : axis;
    cases.push_back({.name = str_cat("gather/", dtype, x, " at ", index, " along ", axis),
                     .arguments = {{x, dtype, -5, 5}, indices(index, x.at(axis))},
                     .build = [=](auto x) { return std::vector{gather(x[0], x[1], axis)}; },
                     .reference =
                         [=](std::span<const Reference> x) {
                           return std::vector{taken(x[0], x[1], from_front)};
                         },
                     .gradient = dtype == f32 && x.size() < 20000});  // the reference is slow
  };
  add_gather({7}, {3});
  add_gather({7, 2, 3}, {4, 5});
  add_gather({7, 0}, {4});
  add_gather({7, 3}, {4}, 0, i32);
  add_gather({50, 11, 30}, {200});
  add_gather({4, 7, 3}, {5}, 1);
  add_gather({4, 7, 3}, {2, 3}, 1);
  add_gather({4, 7, 3}, {}, 1);
  add_gather({4, 7, 3}, {9}, -1);
  add_gather({4, 7, 3}, {2}, 2, i32);
  add_gather({0, 7, 3}, {2}, 1);
  add_gather({4, 7, 3}, {0}, 1);
  add_gather({65, 9, 130}, {12}, 1);
  add_gather({300, 5}, {33}, 1);
  const auto add_scatter = [&](Shape updates, Shape index, std::int64_t rows, int axis = 0) {
    const int from_front = axis < 0 ? axis + updates.rank() - index.rank() + 1 : axis;
    cases.push_back(
        {.name = str_cat("scatter_add/", updates, " at ", index, " into ", rows, " along ", axis),
         .arguments = {{updates}, indices(index, rows)},
         .build = [=](auto x) { return std::vector{scatter_add(x[0], x[1], rows, axis)}; },
         .reference =
             [=](std::span<const Reference> x) {
               return std::vector{added(x[0], x[1], rows, from_front)};
             },
         .tolerance = 1e-5});
  };
  add_scatter({6, 5}, {6}, 3);
  add_scatter({2, 3, 5, 2}, {2, 3}, 9);
  add_scatter({6}, {6}, 4);
  add_scatter({0, 5}, {0}, 3);
  add_scatter({0, 5}, {0}, 0);
  add_scatter({900, 200}, {900}, 7);
  add_scatter({5000, 17}, {5000}, 100);
  add_scatter({3, 300, 130}, {300}, 40, 1);   // cut by columns
  add_scatter({3, 2000, 33}, {2000}, 40, 1);  // cut by rows
  add_scatter({3000, 33, 2}, {33}, 5, 1);     // cut by tables
  add_scatter({2, 6, 5}, {6}, 3, 1);
  add_scatter({2, 6, 5, 3}, {6, 5}, 4, 1);
  add_scatter({2, 6, 5}, {6, 5}, 4, -1);
  add_scatter({2, 0, 5}, {0}, 3, 1);
  for (const Shape& shape : {Shape{}, Shape{3, 4}, Shape{0}, Shape{801}})
    cases.push_back({.name = str_cat("one_hot/", shape),
                     .arguments = {indices(shape, 57)},
                     .build = [](auto x) { return std::vector{one_hot(x[0], 57)}; },
                     .reference =
                         [](std::span<const Reference> x) {
                           return std::vector{
                               generate(x[0].shape.inserted(-1, 57), [&](const At& at) {
                                 return element(x[0], At(at.begin(), at.end() - 1)) ==
                                        static_cast<double>(at.back());
                               })};
                         }});

  const auto add_write = [&](Shape cache, Shape rows, std::vector<double> positions) {
    for (const double position : positions)
      cases.push_back(
          {.name = str_cat("write_rows/", rows, " of ", cache, " at ", position),
           .arguments = {{cache}, {rows}, {.shape = {}, .dtype = i32, .values = {position}}},
           .build = [](auto x) { return std::vector{write_rows(x[0], x[1], x[2])}; },
           .reference =
               [](std::span<const Reference> x) {
                 return std::vector{generate(x[0].shape, [&](At at) {
                   const std::int64_t row = at[0] - static_cast<std::int64_t>(x[2].values[0]);
                   if (row < 0 || row >= x[1].shape[0]) return element(x[0], at);
                   at[0] = row;
                   return element(x[1], at);
                 })};
               }});
  };
  add_write({7, 2, 3}, {2, 2, 3}, {0, 3, 5});
  add_write({7}, {1}, {6});
  add_write({3, 5}, {3, 5}, {0});
  add_write({3, 5}, {0, 5}, {0, 3});
  add_write({3, 0}, {2, 0}, {1});
  const auto add_reverse = [&](Shape x, DType dtype, bool with_lengths) {
    std::vector<Argument> arguments = {{x, dtype, -5, 5}};
    if (with_lengths) arguments.push_back({{x[1]}, i32, 0, static_cast<double>(x[0]) + 1});
    cases.push_back({.name = str_cat("reverse/", dtype, x, with_lengths ? " with lengths" : ""),
                     .arguments = arguments,
                     .build =
                         [=](auto x) {
                           return std::vector{with_lengths ? reverse(x[0], x[1]) : reverse(x[0])};
                         },
                     .reference =
                         [=](std::span<const Reference> x) {
                           return std::vector{generate(x[0].shape, [&](At at) {
                             const auto length =
                                 with_lengths ? static_cast<std::int64_t>(
                                                    x[1].values[static_cast<std::size_t>(at[1])])
                                              : x[0].shape[0];
                             if (at[0] < length) at[0] = length - 1 - at[0];
                             return element(x[0], at);
                           })};
                         },
                     .gradient = dtype == f32});
  };
  for (const bool with_lengths : {false, true}) {
    add_reverse({5, 3, 4}, f32, with_lengths);
    add_reverse({6, 4}, i32, with_lengths);
    add_reverse({1, 2, 3}, f32, with_lengths);
    add_reverse({0, 2, 3}, f32, with_lengths);
    add_reverse({4, 0, 3}, f32, with_lengths);
    add_reverse({40, 21, 65}, f32, with_lengths);
  }

  const auto bad = [&](std::string name, std::vector<Argument> arguments, auto build,
                       std::vector<std::string> words) {
    family.bad.push_back({name, arguments, build, std::move(words)});
  };
  bad("embedding/ids of floats", {{{3}}, {{4, 2}}}, [](auto x) { embedding(x[0], x[1]); },
      {"embedding", "i32", "f32[3]"});
  bad("embedding/no table", {{{3}, i32}, {{4, 2, 2}}}, [](auto x) { embedding(x[0], x[1]); },
      {"embedding", "f32[n, width]", "f32[4, 2, 2]"});
  bad("gather/of a scalar", {{{}}, {{3}, i32}}, [](auto x) { gather(x[0], x[1]); },
      {"gather", "f32[]", "i32[3]"});
  bad("gather/no such axis", {{{5, 2}}, {{3}, i32}}, [](auto x) { gather(x[0], x[1], 2); },
      {"gather", "axis 2", "f32[5, 2]"});
  bad("scatter_add/no such axis", {{{5, 2}}, {{2}, i32}},
      [](auto x) { scatter_add(x[0], x[1], 5, 2); }, {"scatter_add", "axis 2", "f32[5, 2]"});
  bad("scatter_add/shapes differ", {{{3, 2}}, {{4}, i32}},
      [](auto x) { scatter_add(x[0], x[1], 5); }, {"scatter_add", "f32[3, 2]", "i32[4]"});
  const auto write = [](auto x) { write_rows(x[0], x[1], x[2]); };
  bad("write_rows/more than fit", {{{4, 2}}, {{5, 2}}, {{}, i32}}, write,
      {"write_rows", "f32[4, 2]", "f32[5, 2]", "i32[]"});
  bad("write_rows/other width", {{{4, 2}}, {{1, 3}}, {{}, i32}}, write,
      {"write_rows", "f32[4, 2]", "f32[1, 3]"});
  bad("write_rows/positions", {{{4, 2}}, {{1, 2}}, {{1}, i32}}, write, {"write_rows", "i32[1]"});
  bad("reverse/of a vector", {{{4}}}, [](auto x) { reverse(x[0]); }, {"reverse", "f32[4]"});
  bad("reverse/other batch", {{{4, 3, 2}}, {{2}, i32}}, [](auto x) { reverse(x[0], x[1]); },
      {"reverse", "f32[4, 3, 2]", "i32[2]"});
  bad("one_hot/of floats", {{{3}}}, [](auto x) { one_hot(x[0], 5); }, {"one_hot", "f32[3]"});
  return family;
}

}  // namespace abax::cases
