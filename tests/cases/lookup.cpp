// Cases of ops/lookup.h.
#include "ops/lookup.h"

#include "core/base/text.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

using At = std::vector<std::int64_t>;

Shape joined(const Shape& a, const Shape& b, int skip) {
  std::vector<std::int64_t> sizes(a.begin(), a.end());
  sizes.insert(sizes.end(), b.begin() + skip, b.end());
  return Shape(std::span<const std::int64_t>(sizes));
}

/// x[index[..]][..].
Reference taken(const Reference& x, const Reference& index) {
  const auto leading = index.shape.rank();
  return generate(joined(index.shape, x.shape, 1), [&](const At& at) {
    At from = {static_cast<std::int64_t>(element(index, At(at.begin(), at.begin() + leading)))};
    from.insert(from.end(), at.begin() + leading, at.end());
    return element(x, from);
  });
}

Reference added(const Reference& updates, const Reference& index, std::int64_t rows) {
  Reference result{joined(Shape{rows}, updates.shape, index.shape.rank()), {}};
  result.values.resize(static_cast<std::size_t>(result.shape.size()));
  const auto width = static_cast<std::size_t>(result.shape.size(1, result.shape.rank()));
  for (std::size_t i = 0; i < index.values.size(); ++i)
    for (std::size_t j = 0; j < width; ++j)
      result.values[static_cast<std::size_t>(index.values[i]) * width + j] +=
          updates.values[i * width + j];
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
        {.name = text("embedding/", ids, " of ", Shape{rows, width}),
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
  const auto add_gather = [&](Shape x, Shape index, DType dtype = f32) {
    cases.push_back(
        {.name = text("gather/", dtype, x, " at ", index),
         .arguments = {{x, dtype, -5, 5}, indices(index, x[0])},
         .build = [](auto x) { return std::vector{gather(x[0], x[1])}; },
         .reference = [](std::span<const Reference> x) { return std::vector{taken(x[0], x[1])}; },
         .gradient = dtype == f32});
  };
  add_gather({7}, {3});
  add_gather({7, 2, 3}, {4, 5});
  add_gather({7, 0}, {4});
  add_gather({7, 3}, {4}, i32);
  add_gather({50, 11, 30}, {200});
  const auto add_scatter = [&](Shape updates, Shape index, std::int64_t rows) {
    cases.push_back(
        {.name = text("scatter_add/", updates, " at ", index, " into ", rows),
         .arguments = {{updates}, indices(index, rows)},
         .build = [=](auto x) { return std::vector{scatter_add(x[0], x[1], rows)}; },
         .reference =
             [=](std::span<const Reference> x) { return std::vector{added(x[0], x[1], rows)}; },
         .tolerance = 1e-5});
  };
  add_scatter({6, 5}, {6}, 3);
  add_scatter({2, 3, 5, 2}, {2, 3}, 9);
  add_scatter({6}, {6}, 4);
  add_scatter({0, 5}, {0}, 3);
  add_scatter({0, 5}, {0}, 0);
  add_scatter({900, 200}, {900}, 7);
  add_scatter({5000, 17}, {5000}, 100);
  for (const Shape& shape : {Shape{}, Shape{3, 4}, Shape{0}, Shape{801}})
    cases.push_back({.name = text("one_hot/", shape),
                     .arguments = {indices(shape, 57)},
                     .build = [](auto x) { return std::vector{one_hot(x[0], 57)}; },
                     .reference =
                         [](std::span<const Reference> x) {
                           return std::vector{
                               generate(joined(x[0].shape, {57}, 0), [&](const At& at) {
                                 return element(x[0], At(at.begin(), at.end() - 1)) ==
                                        static_cast<double>(at.back());
                               })};
                         }});

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
  bad("scatter_add/shapes differ", {{{3, 2}}, {{4}, i32}},
      [](auto x) { scatter_add(x[0], x[1], 5); }, {"scatter_add", "f32[3, 2]", "i32[4]"});
  bad("one_hot/of floats", {{{3}}}, [](auto x) { one_hot(x[0], 5); }, {"one_hot", "f32[3]"});
  return family;
}

}  // namespace abax::cases
